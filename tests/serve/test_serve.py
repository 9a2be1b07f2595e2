"""Webserver and daemon as real processes: start, stop, a part that dies, and a day of faults."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import psutil
import pytest
import requests
from reading import seen
from small_world import build, few_tables
from upstreams import us_troops
from werkzeug import Response

from pipelines import schedules
from pipelines.definitions import build_defs
from pipelines.instance import opened
from pipelines.operation import OVERRIDES
from pipelines.serve import CHILD_ENDED
from pipelines.tick import tick

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(link: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """`alliance-depth serve`, ready; whatever is left of it ends with the block."""
    here = Path(__file__).parent
    words = [sys.executable, str(here / "small_serve.py"), "serve", "--port", str(port)]
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{here}"}
    with subprocess.Popen(
        [*words, "--warehouse", str(link)], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == f"Serving at http://127.0.0.1:{port}\n"
            yield process
        finally:
            for left in family(process):
                left.kill()
            process.kill()


def family(process: subprocess.Popen[str]) -> list[psutil.Process]:
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


@pytest.mark.parametrize(
    ("ends", "code"),
    [("asked", 0), pytest.param("daemon", CHILD_ENDED, marks=pytest.mark.soak)],
)
def test_serve_answers_on_loopback_and_leaves_no_process(ends: str, code: int, world: Any) -> None:
    link, port = world.location.link, free_port()
    with serving(link, port) as process:
        reply = requests.get(f"http://127.0.0.1:{port}/server_info", timeout=30)
        assert reply.json()["dagster_version"] == dg.__version__
        listening = [
            c.laddr.ip
            for p in family(process)
            for c in p.net_connections(kind="inet")
            if c.status == psutil.CONN_LISTEN
        ]
        assert set(listening) == {"127.0.0.1"}
        parts = family(process)
        (daemon,) = [p for p in parts if "dagster._daemon" in p.cmdline()]
        (process if ends == "asked" else daemon).send_signal(
            signal.SIGTERM if ends == "asked" else signal.SIGKILL
        )
        assert process.wait(60) == code
        _, alive = psutil.wait_procs(parts, timeout=30)
        assert alive == []
    assert (link.parent / ".dagster" / "logs" / "daemon.log").stat().st_size > 0


def executed(world: Any, monkeypatch: pytest.MonkeyPatch, instance: dg.DagsterInstance) -> Any:
    """Ask one upstream by Dagster's own job."""
    monkeypatch.setattr(schedules, "tick", lambda *given: tick(*given, build))
    defs = schedules.served(build_defs(mode="live", link=str(world.location.link)), world.settings)
    with few_tables():
        return defs.resolve_job_def("refresh_any").execute_in_process(
            instance=instance,
            asset_selection=[schedules.upstream_key("us_troops")],
            raise_on_error=False,
        )


def test_dagster_is_told_of_upstreams_checks_and_tables(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream = schedules.upstream_key("us_troops")
    with dg.DagsterInstance.ephemeral() as instance:
        done = executed(world, monkeypatch, instance)
        assert done.success
        made = {e.asset_key.to_user_string() for e in done.get_asset_materialization_events()}
        assert made == {
            "upstream/us_troops", "raw_us_troops__country_years", "meta_release", "meta_sources",
            "warehouse",
        }  # fmt: skip
        good = instance.get_latest_materialization_event(upstream)
        world.upstream.handlers[0] = lambda *_: Response("", 503)
        failed = executed(world, monkeypatch, instance)
        # The run went as it should; the upstream did not, and is as old as it was.
        assert failed.success
        checks = failed.get_asset_check_evaluations()
        assert [(c.asset_key, c.passed) for c in checks] == [(upstream, False)]
        assert "HTTP 503" in str(checks[0].description)
        assert failed.get_asset_materialization_events() == []
        assert instance.get_latest_materialization_event(upstream) == good


def test_every_source_has_one_schedule_and_raw_tables_come_after_their_upstream() -> None:
    repository = schedules.served(build_defs(mode="live")).get_repository_def()
    graph = repository.asset_graph
    asked = {k for k in graph.materializable_asset_keys if k.path[0] == schedules.PREFIX}
    by_schedule = [
        key
        for s in repository.schedule_defs
        if s.name != "versions_schedule"
        for key in repository.get_job(s.job_name).asset_layer.executable_asset_keys
    ]
    assert sorted(by_schedule) == sorted(asked)
    assert graph.get(dg.AssetKey("raw_un__ga_votes")).parent_keys == {schedules.upstream_key("un")}
    built = repository.get_job("build").asset_layer.executable_asset_keys
    assert not built & asked


def every_minute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask the one upstream every minute: cron knows no less. The others do not run."""
    own = tmp_path / "operation.toml"
    own.write_text(
        '[groups.treaties]\ncron = "* * * * *"\nsources = ["us_troops"]\n'
        '[groups.arms]\nsources = ["sipri", "atop", "cow_igo", "desta", "geo"]\n'
    )
    monkeypatch.setenv(OVERRIDES, str(own))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.mark.soak
def test_a_worker_that_is_killed_starts_anew(
    world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    every_minute(tmp_path, monkeypatch)
    link = world.location.link
    with serving(link, free_port()) as process:

        def until(what: str, found: Callable[[], Any]) -> Any:
            for _ in range(900):
                if got := found():
                    return got
                assert process.poll() is None
                time.sleep(1)
            pytest.fail(f"no {what} within a quarter of an hour")

        asked = threading.Event()

        def hang(*_: object) -> Response:
            asked.set()
            time.sleep(5)
            return Response("", 503)

        world.upstream.handlers[0] = hang
        until("request", asked.is_set)
        (worker,) = [p for p in family(process) if "--multiprocessing-fork" in p.cmdline()]
        world.says(2)
        worker.kill()
        with opened(link.parent / ".dagster") as instance:
            retries = dg.RunsFilter(
                tags={"dagster/retry_number": "1"}, statuses=[dg.DagsterRunStatus.SUCCESS]
            )
            (retry,) = until("retry", lambda: instance.get_runs(retries, limit=1))
            killed = instance.get_run_by_id(retry.parent_run_id)
            assert killed is not None
            assert killed.status == dg.DagsterRunStatus.FAILURE
        assert seen(link) == 2


@pytest.mark.soak
def test_the_daemon_through_a_day_of_faults(
    world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, stop = world.location.link, tmp_path / "stop"
    every_minute(tmp_path, monkeypatch)
    column, other = us_troops.COLUMN

    def settled(after: float) -> dict[str, Any]:
        """The first refresh that began after a moment and has ended."""
        for _ in range(600):
            for path in sorted((world.location.raw / "ticks").glob("2*.json")):
                said: dict[str, Any] = json.loads(path.read_text())
                began = time.strptime(said["started_at"], "%Y-%m-%dT%H:%M:%SZ")
                if began >= time.gmtime(after):
                    return said
            time.sleep(1)
        pytest.fail("no refresh ended within ten minutes")

    def step(status: str, outcome: str, figure: int) -> None:
        said = settled(time.time() + 1)
        assert [s["status"] for s in said["sources"]] == [status]
        assert said["outcome"] == outcome
        assert said["build"] == link.resolve().name
        assert seen(link) == figure

    with serving(link, free_port()) as process:
        step("new", "published", 1)
        readers = [
            subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("reading.py")), str(link),
                 str(stop), hold],
                stdout=subprocess.PIPE, text=True,
            )
            for hold in ("0", "0", "5", "60")
        ]  # fmt: skip
        world.says(2)
        step("new", "published", 2)
        world.upstream.handlers[0] = lambda *_: Response("", 503)
        step("failed", "unchanged", 2)
        world.says(3)
        step("new", "published", 3)
        spoilt = world.upstream.replies[0].body.replace(column, other)
        world.upstream.handlers[0] = lambda *_: Response(spoilt, content_type="text/plain")
        step("quarantined", "unchanged", 3)
        world.upstream.handlers[0] = lambda *_: Response(b"\x00" * 999, content_type="text/plain")
        step("quarantined", "unchanged", 3)
        world.upstream.handlers[0] = lambda *_: time.sleep(2) or Response("")
        step("failed", "unchanged", 3)
        stop.touch()
        for reader in readers:
            said, _ = reader.communicate(timeout=120)
            assert reader.returncode == 0
            figures = json.loads(said)
            assert figures == sorted(figures)
            assert set(figures) <= {1, 2, 3}
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
