"""An upstream on this machine, and a warehouse of a few tables built by the real code."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

sys.path.insert(0, str(Path(__file__).parents[1] / "live"))
from serving import Upstream
from small_world import build, few_tables, settings
from upstreams import Reply, us_troops

from pipelines.live.web import OVERRIDES
from pipelines.operation import Operation
from pipelines.tick import Tick, tick
from warehouse.publish import Location

DAY = datetime(2026, 1, 5, 12, tzinfo=UTC)


def troops(persons: int, years: int = 20) -> Reply:
    """The series of one country, the same figure in every year."""
    head = us_troops.TABLE.splitlines()[0].decode()
    rows = [
        f"Albania,{year},339,ALB,Europe & Central Asia,{persons}"
        for year in range(1990, 1990 + years)
    ]
    return replace(us_troops.replies()[0], body="\n".join([head, *rows, ""]).encode())


@dataclass
class World:
    """A warehouse, its upstream, and a clock that a tick moves on by a day."""

    location: Location
    upstream: Upstream
    settings: Operation
    now: datetime = DAY

    def tick(self, **changes: object) -> Tick:
        """Refresh once; `changes` are fields of the settings."""
        self.now += timedelta(days=1)
        with few_tables():
            return tick(
                ["us_troops"], self.location, self.now, replace(self.settings, **changes), build
            )

    def says(self, persons: int, years: int = 20) -> None:
        """Let the upstream have these figures."""
        self.upstream.handlers.clear()
        self.upstream.replies = [troops(persons, years)]


@pytest.fixture(scope="session")
def make_httpserver() -> Iterator[HTTPServer]:
    """A thread for each request: some answers hang."""
    with HTTPServer(threaded=True) as server:
        yield server


@pytest.fixture
def world(tmp_path: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> World:
    """A folder without a warehouse, and an upstream whose first vintage says 1."""
    upstream = Upstream(httpserver)
    quick = "tries = 1\nbackoff_seconds = 0.01\nread_seconds = 1\nconnect_seconds = 5\n"
    path = tmp_path / "upstreams.toml"
    path.write_text(f'[us_troops]\nurl = "{upstream.url}"\n{quick}')
    monkeypatch.setenv(OVERRIDES, str(path))
    own = replace(settings(), patience=replace(settings().patience, minutes=0))
    made = World(Location(tmp_path / "here" / "alliance_depth.duckdb"), upstream, own)
    made.says(1)
    return made
