"""The one build of the starter that all tests here look at."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import builds
import duckdb
import pytest
from filelock import FileLock

from warehouse.answers import connect
from warehouse.publish import Location


@contextmanager
def once(factory: pytest.TempPathFactory, name: str) -> Iterator[tuple[Path, bool]]:
    """Give a folder that all processes of a test run share, and whether it was made by another."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with FileLock(f"{folder}.lock"):
        done = folder / "done"
        yield folder, done.exists()
        done.touch()


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> builds.Built:
    """The starter, built once; not to be changed."""
    with once(tmp_path_factory, "starter") as (folder, is_there):
        link = folder / "warehouse" / "alliance_depth.duckdb"
        return builds.Built(link) if is_there else builds.build(link)


@pytest.fixture(scope="session")
def link(built: builds.Built) -> Path:
    """The link to the build."""
    return built.link


@pytest.fixture(scope="module")
def con(link: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The build, opened as a reader opens it."""
    with connect(link) as opened:
        yield opened


@pytest.fixture(scope="session")
def offered(link: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Location, Path]:
    """A small warehouse, and a folder of two releases; not to be changed.

    The first release is of that warehouse, after the gate had stopped one of the same name; the
    second is of one with other figures.
    """
    from releasing import release
    from small import changed, cut
    from test_releases import CHANGE, NAME, stop

    with once(tmp_path_factory, "offered") as (folder, is_there):
        into = folder / "releases"
        first = Location(folder / "first" / "warehouse" / "alliance_depth.duckdb")
        if not is_there:
            cut(link.resolve(), folder / "first")
            stop(first, into)
            release(first, NAME, into)
            release(changed(first, folder / "second", CHANGE), "2026.12.1", into)
        return first, into


@pytest.fixture(scope="session")
def releases(offered: tuple[Location, Path]) -> Path:
    """The folder of the two releases."""
    return offered[1]
