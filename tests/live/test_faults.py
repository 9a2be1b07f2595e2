"""Every upstream in every kind of trouble: the last good vintage stays in use, and it is said why.

For each module in `upstreams`, a good vintage is fetched from a local server that answers in the
upstream's form; then the same server fails in one way, and the refresh runs again.
"""

from __future__ import annotations

import importlib
import io
import shutil
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import upstreams
from pytest_httpserver import HTTPServer
from serving import Handler, Upstream, plain, whole
from upstreams import Reply
from werkzeug import Request, Response

from pipelines.live.refresh import Outcome, connected, parsed, refresh
from pipelines.live.store import RawStore, Vintage

DAY = datetime(2026, 1, 5, 12, tzinfo=UTC)
MODULES = sorted(
    p.stem for p in Path(upstreams.__file__).parent.glob("*.py") if p.stem != "__init__"
)
Lead = Callable[..., None]


def module(source: str) -> ModuleType:
    return importlib.import_module(f"upstreams.{source}")


@cache
def good(source: str) -> tuple[Reply, ...]:
    """What the upstream answers when all is well; made once, for a zip has times in it."""
    return tuple(module(source).replies(lambda data: whole(source, data)))


@cache
def is_zip(source: str) -> bool:
    return good(source)[module(source).PIECE].body.startswith(b"PK")


@dataclass
class World:
    """A source with a good vintage, and the local upstream that it came from."""

    source: str
    upstream: Upstream
    store: RawStore
    before: Vintage
    lead: Lead
    values: dict[str, float]

    @property
    def piece(self) -> int:
        return int(module(self.source).PIECE)

    def spoil(self, handler: Handler) -> None:
        """Answer the request for figures otherwise."""
        self.upstream.handlers[self.piece] = handler

    def swap(self, body: bytes, media_type: str | None = None) -> None:
        """Answer the request for figures with another body."""
        replies = list(good(self.source))
        old = replies[self.piece]
        replies[self.piece] = replace(
            old, body=body, media_type=old.media_type if media_type is None else media_type
        )
        self.upstream.replies = replies

    def refresh(self, url: str = "") -> Outcome:
        self.lead(url or self.upstream.url, self.source, **self.values)
        summary = refresh([self.source], self.store, DAY + timedelta(days=1))
        return summary.of(self.source)


@pytest.fixture(scope="module")
def vintages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Stores with one good vintage each, by source; filled by the first test of a source."""
    return {"": tmp_path_factory.mktemp("vintages")}


@pytest.fixture(params=MODULES)
def world(
    request: pytest.FixtureRequest,
    upstream: Upstream,
    led: Lead,
    vintages: dict[str, Path],
    tmp_path: Path,
) -> World:
    source = request.param
    upstream.replies = good(source)
    if source not in vintages:
        store = RawStore(vintages[""] / source)
        led(upstream.url, source)
        first = refresh([source], store, DAY).of(source)
        assert first.status == "new", first.message
        assert upstream.strangers == []
        vintages[source] = store.root
    upstream.asked.clear()
    shutil.copytree(vintages[source], tmp_path / "raw")
    store = RawStore(tmp_path / "raw")
    before = store.current(source)
    assert before is not None
    return World(source, upstream, store, before, led, {})


def stays(world: World, outcome: Outcome, *words: str) -> None:
    """The good vintage is in use and readable; the message says what happened and what to do."""
    assert outcome.status in ("failed", "quarantined"), outcome
    missing = [w for w in words if w not in outcome.message]
    assert missing == [], outcome.message
    assert outcome.message.endswith(f"\nThe last good vintage, {world.before.id}, stays in use."), (
        outcome.message
    )
    assert "To mend it: " in outcome.message
    assert outcome.vintage == world.before.id
    assert world.store.current(world.source) == world.before
    assert set(parsed(world.store, world.before)) == set(world.before.rows)
    if outcome.status == "quarantined":
        assert list((world.store.root / "quarantine" / world.source).glob("*/report.json"))


def recovers(world: World, outcome: Outcome) -> None:
    """The same bytes came in the end."""
    assert outcome.status == "unchanged", outcome.message
    assert world.store.current(world.source) == world.before
    assert world.store.checked_at(world.source).startswith("2026-01-06")


def once(response: Response) -> tuple[Handler, list[Request]]:
    """Answer so the first time only; and all requests."""
    asked: list[Request] = []

    def handler(request: Request, reply: Reply) -> Response:
        asked.append(request)
        return response if len(asked) == 1 else plain(reply)

    return handler, asked


def test_unavailable_then_recovered(world: World) -> None:
    handler, asked = once(Response("busy", 503))
    world.spoil(handler)
    recovers(world, world.refresh())
    assert len(asked) == 2


def test_asked_to_wait(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pause is written down instead of waited for; `test_web` waits it out."""
    pauses: list[tuple[float, int]] = []
    handler, asked = once(Response("slowly", 429, headers={"Retry-After": "37"}))
    monkeypatch.setattr("pipelines.live.web.sleep", lambda s: pauses.append((s, len(asked))))
    world.spoil(handler)
    recovers(world, world.refresh())
    assert pauses == [(37, 1)]
    assert len(asked) == 2


def test_unavailable_for_long(world: World) -> None:
    world.spoil(lambda *_: Response("busy", 503))
    stays(world, world.refresh(), "HTTP 503", "2 tries", world.upstream.url)


def test_changed_column(world: World) -> None:
    old, new = module(world.source).COLUMN
    edited = module(world.source).replies(lambda data: whole(world.source, data).replace(old, new))
    assert edited[world.piece].body != good(world.source)[world.piece].body
    world.upstream.replies = edited
    stays(world, world.refresh(), "column")


def test_cut_short_on_the_way(world: World) -> None:
    def cut(_: Request, reply: Reply) -> Response:
        response = Response(reply.body[: len(reply.body) // 2], content_type=reply.media_type)
        response.headers["Content-Length"] = str(len(reply.body))
        return response

    world.spoil(cut)
    size = len(good(world.source)[world.piece].body)
    stays(world, world.refresh(), "cut short", f"of {size:,}")


def test_cut_short_at_the_upstream(world: World) -> None:
    """The file itself is half: its announced length is right, only what is in it shows it."""
    body = good(world.source)[world.piece].body
    world.swap(body[: len(body) // 2 + 5])
    stays(world, world.refresh())


def test_a_page_instead_of_the_file(world: World) -> None:
    world.swap(b"<!DOCTYPE html><html><title>Just a moment...</title></html>", "text/html")
    stays(world, world.refresh(), "an HTML page", f"alliance-depth source add {world.source} FILE")


def test_a_page_that_says_it_is_the_file(world: World) -> None:
    world.swap(b"\n<html><body>Error 500</body></html>")
    stays(world, world.refresh(), "an HTML page", f"alliance-depth source add {world.source} FILE")


def test_nothing_at_all(world: World) -> None:
    world.swap(b"")
    stays(world, world.refresh(), "an empty reply")


@pytest.mark.parametrize("world", ["imf"], indirect=True)
def test_a_message_without_an_observation(world: World) -> None:
    """The IMF answers a code that it does not know with 200 and a message of no figure."""
    world.swap(module("imf").message({}))
    stays(world, world.refresh(), "HTTP 200 and no observation", "alliance-depth source add imf")


def repacked(source: str, change: Callable[[dict[str, bytes]], dict[str, bytes]]) -> bytes:
    """The good zip with other members."""
    body = io.BytesIO(good(source)[module(source).PIECE].body)
    with zipfile.ZipFile(body) as archive:
        members = {i.filename: archive.read(i) for i in archive.infolist()}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in change(members).items():
            archive.writestr(name, data)
    return packed.getvalue()


ZIPS = [source for source in MODULES if is_zip(source)]


@pytest.mark.parametrize("world", ZIPS, indirect=True)
def test_an_entry_outside_its_folder(world: World) -> None:
    world.swap(repacked(world.source, lambda members: members | {"../../evil.csv": b"a,b\n"}))
    stays(world, world.refresh(), "evil.csv", "points outside its folder")
    assert not list(world.store.root.parent.rglob("evil.csv"))


@pytest.mark.parametrize("world", ZIPS, indirect=True)
def test_a_decompression_bomb(world: World) -> None:
    def swell(members: dict[str, bytes]) -> dict[str, bytes]:
        return {n: d + b"0" * 8_000_000 if d else d for n, d in members.items()}

    bomb = repacked(world.source, swell)
    assert len(bomb) < 400_000
    world.swap(bomb)
    stays(world, world.refresh(), "a decompression bomb")


@pytest.fixture
def patience() -> Iterator[threading.Event]:
    """Set when a hanging server may go home."""
    event = threading.Event()
    yield event
    event.set()


def test_a_hang(world: World, patience: threading.Event) -> None:
    def hang(_: Request, reply: Reply) -> Response:
        patience.wait(60)
        return plain(reply)

    world.spoil(hang)
    world.values["read_seconds"] = 0.25
    start = time.monotonic()
    stays(world, world.refresh(), "time-out", f"alliance-depth refresh {world.source}")
    assert time.monotonic() - start < 30


def test_a_redirect_to_another_host(world: World) -> None:
    elsewhere = world.upstream.url.replace("localhost", "127.0.0.1") + "/elsewhere"
    world.spoil(lambda *_: Response("", 302, headers={"Location": elsewhere}))
    stays(world, world.refresh(), "another host, 127.0.0.1")
    assert [r.path for r in world.upstream.asked if r.path == "/elsewhere"] == []


def test_a_certificate_that_does_not_hold(world: World, guarded_server: HTTPServer) -> None:
    guarded = Upstream(guarded_server, good(world.source))
    stays(world, world.refresh(guarded.url), "a certificate that does not hold")
    assert guarded.asked == []


def test_another_machine_turned_away(world: World) -> None:
    world.spoil(lambda *_: Response("Forbidden", 403))
    stays(
        world,
        world.refresh(),
        "turns programs away",
        f"alliance-depth source add {world.source} FILE",
    )


def test_every_connector_that_fetches_has_a_local_upstream() -> None:
    """The one source for which no address is known can only be added by hand."""
    assert set(connected()) - set(MODULES) <= {"investment_treaties"}


def test_the_local_server_knows_who_asks_for_what(world: World) -> None:
    """A request nobody wrote down is a fault of the connector, and no reply is left unused."""
    answered: list[Any] = []
    for index in range(len(world.upstream.replies)):
        world.upstream.handlers[index] = lambda _, r: (answered.append(r), plain(r))[1]
    recovers(world, world.refresh())
    assert {id(r) for r in answered} == {id(r) for r in world.upstream.replies}
