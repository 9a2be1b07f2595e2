"""A build that is killed: the old one stays, and the next build clears up.

That next one is made in other surroundings (time zone, language, hash seed, threads, processor,
folder): the same figures give the same bytes.
"""

from __future__ import annotations

import random
import time
from contextlib import suppress
from pathlib import Path

import pytest
from builds import (
    ELSEWHERE,
    Built,
    assert_same_bytes,
    assert_whole,
    build,
    build_aside,
    leftovers,
    share,
)
from processes import process

from pipelines.settings import Settings
from warehouse.publish import published_tables


def progress(link: Path, size: int, since: float) -> float:
    """How far a build is, 0 to 1: its tables, then the size of its file."""
    with suppress(FileNotFoundError):  # renamed while we look
        tables = (link.parent / "run" / "tables").glob("*.parquet")
        written = sum(p.stat().st_mtime >= since for p in tables)
        files = [p.stat() for p in (link.parent / "builds").glob(".*.duckdb*")]
        loaded = sum(f.st_size for f in files if f.st_mtime >= since)
        return (written / (len(published_tables()) - 1) + min(loaded / size, 1)) / 2
    return 0.0


def kill(link: Path, at: float) -> None:
    """Start a build and kill it when it is so far, unless it has ended by then."""
    size, since = link.resolve().stat().st_size, time.time()
    with process(build_aside, link) as (building, says):
        assert says.recv() == "begun"
        while building.is_alive() and progress(link, size, since) < at:
            time.sleep(0.02)


def series(built: Built, folder: Path, kills: int, seed: int) -> None:
    """Kill builds at moments spread over a whole one; after each, and at the end, look."""
    link = share(built, folder)
    old = link.resolve()
    moments = random.Random(seed)
    for k in range(kills):
        kill(link, (k + moments.random()) / kills)
        now = assert_whole(link)
        assert now == old or now.stat().st_mtime_ns > old.stat().st_mtime_ns
        old = now
    for year in (folder / "run" / "years").glob("*.npz"):
        year.unlink()  # or it would not be drawn in the other surroundings
    made = build(link, cwd=folder, env=ELSEWHERE)
    new = assert_whole(link)
    assert new != old
    assert leftovers(link) == []
    assert len(list(new.parent.glob("*.duckdb"))) <= Settings().keep
    assert_same_bytes(built, made)


def test_three_kills_and_a_build_elsewhere(built: Built, tmp_path: Path) -> None:
    series(built, tmp_path, kills=3, seed=7)


@pytest.mark.soak
def test_fifty_kills_and_a_build_elsewhere(built: Built, tmp_path: Path) -> None:
    series(built, tmp_path, kills=50, seed=11)
