"""A build that is killed: the old one stays, and the next build clears up."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from builds import Built, assert_whole, build, leftovers, share, start

from pipelines.settings import Settings


def kill(link: Path, after: float) -> None:
    """Start a build and kill it after so many seconds, unless it has ended by then."""
    with start("build", "--warehouse", link) as process:
        time.sleep(after)
        process.kill()
        process.communicate()


def series(built: Built, folder: Path, kills: int, seed: int) -> None:
    """Kill builds at moments spread over a whole one; after each, and at the end, look."""
    link = share(built, folder)
    old = link.resolve()
    random_ = random.Random(seed)
    for k in range(kills):
        # One moment in each part of the run, the last parts being those that publish.
        kill(link, built.seconds * (k + random_.random()) / kills)
        now = assert_whole(link)
        assert now == old or now.stat().st_mtime_ns > old.stat().st_mtime_ns
        old = now
    build(link)
    new = assert_whole(link)
    assert new != old
    assert leftovers(link) == []
    assert len(list(new.parent.glob("*.duckdb"))) <= Settings().keep


@pytest.mark.integration
def test_three_kills(built: Built, tmp_path: Path) -> None:
    series(built, tmp_path, kills=3, seed=7)


@pytest.mark.soak
def test_fifty_kills(built: Built, tmp_path: Path) -> None:
    series(built, tmp_path, kills=50, seed=11)
