"""One refresh after the other: what readers see, what the summary says, and what stays on disk."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import duckdb
import pytest
from processes import hold, process
from reading import seen
from small_world import refresh
from upstreams import us_troops
from werkzeug import Request, Response

from pipelines.live.store import RawStore
from pipelines.notify import notify
from pipelines.operation import OVERRIDES, Again, Notify, OperationError, operation
from pipelines.retention import tidy
from pipelines.tick import next_name
from pipelines.versions import due_again


def in_use(world: Any) -> str:
    with duckdb.connect(str(world.location.link), read_only=True) as con:
        ((sha256,),) = con.execute("SELECT sha256 FROM meta_sources").fetchall()
    return str(sha256)


def test_each_fault_leaves_readers_what_they_had_and_is_told(world: Any) -> None:
    assert world.tick().outcome == "published"
    assert seen(world.location.link) == 1
    same = world.tick()
    assert (same.outcome, same.build) == ("unchanged", world.location.link.resolve().name)
    world.says(2)
    assert world.tick().outcome == "published"
    good = RawStore(world.location.raw).current("us_troops")
    assert good is not None

    column, other = us_troops.COLUMN
    spoilt = world.upstream.replies[0].body.replace(column, other)
    answers = {
        "failed": Response("", 503),
        "quarantined": Response(spoilt, 200, content_type="text/plain"),
    }
    for status, answer in answers.items():
        world.upstream.handlers[0] = lambda *_, answer=answer: answer
        done = world.tick()
        (outcome,) = done.refreshed.outcomes
        assert (done.outcome, outcome.status, outcome.vintage) == ("unchanged", status, good.id)
        assert (seen(world.location.link), in_use(world)) == (2, good.sha256)

    def hang(_: Request, __: object) -> Response:
        time.sleep(2)
        return Response("", 200)

    world.upstream.handlers[0] = hang
    (outcome,) = world.tick().refreshed.outcomes
    assert outcome.status == "failed"
    assert "time-out" in outcome.message
    world.says(3)
    assert world.tick().outcome == "published"
    assert seen(world.location.link) == 3
    records = sorted((world.location.raw / "ticks").glob("*.json"))
    assert [json.loads(r.read_text())["outcome"] for r in records] == [
        "published", "unchanged", "published", "unchanged", "unchanged", "unchanged", "published",
    ]  # fmt: skip


def test_a_build_that_fails_is_told_and_tried_again_though_nothing_is_new(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.tick()
    world.says(2)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("warehouse.publish._sync", full)
        done = world.tick()
    assert done.outcome == "failed"
    assert "No space left on device" in done.message
    assert seen(world.location.link) == 1
    assert world.tick().outcome == "published"
    assert seen(world.location.link) == 2
    assert list(world.location.builds.glob(".*.duckdb*")) == []


def test_a_file_size_limit_leaves_the_old_and_the_next_completes(world: Any) -> None:
    world.tick()
    world.says(2)
    with process(refresh, world.location, 8192) as (_, says):
        assert says.recv().startswith("failed")
    assert seen(world.location.link) == 1
    assert world.tick().outcome == "published"
    assert seen(world.location.link) == 2


def test_who_comes_second_waits_and_says_so_when_his_time_is_up(world: Any) -> None:
    world.tick()
    world.says(2)
    with process(hold, world.location) as (_, holder):
        assert holder.recv() == "held"
        late = world.tick()
        assert late.outcome == "failed"
        assert "another build is running" in late.message
        # What was fetched is kept, and is news for the next.
        assert [o.status for o in late.refreshed.outcomes] == ["new"]
        threading.Timer(0.3, holder.send, ["go"]).start()
        assert (
            world.tick(patience=replace(world.settings.patience, minutes=1)).outcome == "published"
        )
    assert seen(world.location.link) == 2


def test_others_may_build_while_it_downloads(world: Any) -> None:
    said = []

    def answer(_: Request, reply: Any) -> Response:
        with process(hold, world.location) as (_, holder):
            said.append(holder.recv() if holder.poll(30) else "nothing")
        return Response(reply.body, 200, content_type=reply.media_type)

    world.upstream.handlers[0] = answer
    assert world.tick().outcome == "published"
    assert set(said) == {"held"}


def kills(world: Any, times: int) -> None:
    """Kill a refresh at so many moments, spread evenly over its work."""
    assert world.tick().outcome == "published"
    began = threading.Event()

    def answer(_: object, reply: Any) -> Response:
        began.set()
        return Response(reply.body, 200, content_type=reply.media_type)

    # From the upstream's answer on, measured once: what comes before is only Python starting.
    world.says(2)
    world.upstream.handlers[0] = answer
    with process(refresh, world.location, 0) as (_, says):
        assert began.wait(60)
        start = time.monotonic()
        assert says.recv().startswith("published")
        whole = time.monotonic() - start
    old = 2
    for n in range(times):
        new = 3 + n
        world.says(new)
        began.clear()
        world.upstream.handlers[0] = answer
        with process(refresh, world.location, 0):
            assert began.wait(60)
            time.sleep(whole * n / times)
        assert seen(world.location.link) in (old, new)
        world.says(new)
        done = world.tick()
        assert done.outcome in ("published", "unchanged")
        assert done.remarks == []
        assert seen(world.location.link) == new
        old = new
    assert leftovers(world) == []


def leftovers(world: Any) -> list[Path]:
    """Files that belong to nothing."""
    here = world.location.link.parent
    named = {p for v in RawStore(world.location.raw).vintages("us_troops") for p in v.pieces}
    objects = (here / "raw" / "objects").glob("*/*")
    half = [p for p in here.rglob(".*") if p.name != ".lock"]
    wals = list(here.rglob("*.wal"))
    return [*half, *wals, *(o for o in objects if o.name not in {p.sha256 for p in named})]


def test_a_refresh_that_is_killed_leaves_the_old_or_the_new(world: Any) -> None:
    kills(world, 3)


@pytest.mark.soak
def test_a_refresh_that_is_killed_fifty_times(world: Any) -> None:
    kills(world, 50)


def test_a_writer_that_died_in_the_file_is_no_matter(world: Any) -> None:
    world.tick()
    live = world.location.link.resolve()
    log = live.with_name(live.name + ".wal")
    log.write_bytes(b"half a transaction")
    assert world.tick().outcome == "unchanged"
    assert not log.exists()
    world.says(2)
    world.tick()
    assert seen(world.location.link) == 2


def bounded(world: Any, times: int) -> None:
    keep = replace(
        world.settings.keep, builds=2, vintages=3, quarantine=2, records=5, vintage_days=10_000
    )
    sizes = []
    column, other = us_troops.COLUMN
    for n in range(times):
        world.says(n + 1)
        if n % 4 == 3:
            bad = world.upstream.replies[0].body.replace(column, other)
            world.upstream.handlers[0] = lambda *_, bad=bad: Response(
                bad, content_type="text/plain"
            )
        done = world.tick(keep=keep)
        assert done.remarks == []
        files = [p for p in world.location.link.parent.rglob("*") if p.is_file()]
        sizes.append((len(files), sum(p.lstat().st_size for p in files)))
    settled = sizes[times // 2 :]
    assert max(c for c, _ in settled) <= max(c for c, _ in sizes[: times // 2])
    assert len(list(world.location.builds.glob("*.duckdb"))) == 2
    assert len(RawStore(world.location.raw).vintages("us_troops")) == 3
    assert len(list((world.location.raw / "quarantine" / "us_troops").iterdir())) == 2
    # The records of before, and that of the last.
    assert len(list((world.location.raw / "ticks").iterdir())) == 5 + 1
    assert leftovers(world) == []


def test_disk_use_is_bounded(world: Any) -> None:
    bounded(world, 24)


def test_reduced_years_go_with_the_vintages_they_are_of(world: Any) -> None:
    parts = world.location.raw / "parsed" / "baci" / "parts"
    parts.mkdir(parents=True)
    days = world.settings.keep.vintage_days
    for name, age in (("new", days - 1), ("old", days + 1)):
        (parts / f"{name}.parquet").touch()
        moment = (world.now - timedelta(days=age)).timestamp()
        os.utime(parts / f"{name}.parquet", (moment, moment))
    assert [p.name for p in tidy(world.location, world.settings.keep, world.now)] == ["old.parquet"]
    assert [p.name for p in parts.iterdir()] == ["new.parquet"]


@pytest.mark.soak
def test_disk_use_is_bounded_after_two_hundred(world: Any) -> None:
    bounded(world, 200)


def test_what_was_rolled_back_stays_however_old(world: Any) -> None:
    store = RawStore(world.location.raw)
    for n in range(1, 6):
        world.says(n)
        world.tick()
    ids = [v.id for v in store.vintages("us_troops")]
    store.rollback("us_troops", ids[2])
    keep = replace(world.settings.keep, vintages=1)
    world.tick(keep=keep)
    # In use and the one before it, and the two that must not come back.
    assert [v.id for v in store.vintages("us_troops")] == ids[1:]
    assert seen(world.location.link) == 3


@contextmanager
def listener(status: int, got: list[bytes]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/secret"
        finally:
            server.shutdown()
            thread.join()


def test_command_and_webhook_get_the_summary(world: Any, tmp_path: Path) -> None:
    got: list[bytes] = []
    heard = tmp_path / "heard.json"
    with listener(200, got) as url:
        told = Notify(("tee", str(heard)), url, 10, False)
        assert world.tick(notify=told).remarks == []
    for said in (json.loads(heard.read_text()), json.loads(got[0])):
        assert said["outcome"] == "published"
        assert [(s["source"], s["status"]) for s in said["sources"]] == [("us_troops", "new")]
    heard.unlink()
    world.tick(notify=Notify(("tee", str(heard)), "", 10, True))
    assert not heard.exists()


def test_nobody_who_is_told_can_fail_a_refresh(world: Any) -> None:
    with listener(500, []) as url:
        done = world.tick(notify=Notify(("false",), url, 10, False))
    assert done.outcome == "published"
    assert ["exit code 1" in done.remarks[0], "HTTP 500" in done.remarks[1]] == [True, True]
    assert "secret" not in done.remarks[1]
    (slow,) = notify("{}", Notify(("sleep", "60"), "", 0.2, False))
    assert "longer than 0.2 s" in slow
    (missing,) = notify("{}", Notify(("no-such-command",), "", 5, False))
    assert "could not be run" in missing


def test_failed_sources_are_asked_again_with_growing_pauses(world: Any) -> None:
    store, again = RawStore(world.location.raw), Again(hours=6, most=2)
    world.tick()
    assert due_again(store, world.now, again) == {}
    world.upstream.handlers[0] = lambda *_: Response("", 503)
    world.tick()
    due = [due_again(store, world.now + timedelta(hours=h), again) for h in (5, 6)]
    assert [list(d) for d in due] == [[], ["us_troops"]]
    world.tick()
    due = [due_again(store, world.now + timedelta(hours=h), again) for h in (11, 12)]
    assert [list(d) for d in due] == [[], ["us_troops"]]
    world.tick()  # the third in a row: it waits for its time
    assert due_again(store, world.now + timedelta(days=9), again) == {}


def test_releases_are_named_after_those_that_are_there(world: Any, tmp_path: Path) -> None:
    assert next_name(tmp_path / "none", world.now) == "2026.01.1"
    for name in ("2025.12.4", "2026.01.2", "2026.01.10", "rejected"):
        (tmp_path / "r" / name).mkdir(parents=True)
    assert next_name(tmp_path / "r", world.now) == "2026.01.11"
    (tmp_path / "r" / "2026.03.1").mkdir()
    assert next_name(tmp_path / "r", world.now) == "2026.03.2"


def test_a_release_is_cut_where_it_is_switched_on_and_the_gate_can_stop_it(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from warehouse.releases.write import GateFailed

    names: list[str] = []

    def write(_: object, folder: Path, name: str, *__: object) -> Path:
        names.append(name)
        if len(names) == 2:
            raise GateFailed("an expectation failed")
        (folder / name).mkdir(parents=True)
        return folder / name

    monkeypatch.setattr("warehouse.releases.write.write_release", write)
    assert world.tick().release == ""
    world.says(2)
    assert world.tick(cut_releases=True).release == "2026.01.1"
    assert world.tick(cut_releases=True).release == ""  # nothing changed
    world.says(3)
    stopped = world.tick(cut_releases=True)
    assert (stopped.outcome, stopped.release) == ("published", "")
    assert "an expectation failed" in stopped.unreleased
    assert seen(world.location.link) == 3
    assert names == ["2026.01.1", "2026.01.2"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[release]\ncut = 1", "release.cut = 1"),
        ("[keep]\nbuild = 1", "the key keep.build"),
        ("[keep]\nbuilds = true", "keep.builds = True"),
        ("[keep", "Expected"),
    ],
)
def test_settings_that_cannot_be_used_are_named(
    text: str, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "operation.toml"
    path.write_text(text)
    monkeypatch.setenv(OVERRIDES, str(path))
    with pytest.raises(OperationError) as error:
        operation()
    assert str(path) in str(error.value)
    assert found in str(error.value)


def test_one_value_is_replaced_and_the_rest_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = operation()
    path = tmp_path / "operation.toml"
    path.write_text("[groups.arms]\ncron = '* * * * *'\n")
    monkeypatch.setenv(OVERRIDES, str(path))
    after = operation()
    assert [g.cron for g in after.groups if g.name == "arms"] == ["* * * * *"]
    assert replace(after, groups=before.groups) == before
