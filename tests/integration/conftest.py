"""The one build of the starter that all tests here look at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import builds
import duckdb
import pytest

from warehouse.answers import connect


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> builds.Built:
    """The starter, built once; not to be changed."""
    return builds.build(tmp_path_factory.mktemp("starter") / "alliance_depth.duckdb")


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
def releases(link: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two small releases, the second with other figures; not to be changed."""
    from small import cut
    from test_releases import CHANGE, release

    folder = tmp_path_factory.mktemp("offered")
    made = release(cut(link.resolve(), folder / "first"), "2026.11.1", folder / "releases")
    return release(cut(link.resolve(), folder / "second", CHANGE), "2026.12.1", made.parent).parent
