"""What the tests of the warehouse share."""

from __future__ import annotations

from pathlib import Path

import pytest
from factories import write_all

from warehouse.publish import BuildFile


@pytest.fixture(scope="session")
def every_table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a Parquet file of three rows or fewer for every table; not to be changed."""
    return write_all(tmp_path_factory.mktemp("tables"))


@pytest.fixture(scope="session")
def every_table_built(every_table: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file built from `every_table`; alone in its folder."""
    target = tmp_path_factory.mktemp("built") / "made.duckdb"
    BuildFile(target).finish(every_table)
    return target
