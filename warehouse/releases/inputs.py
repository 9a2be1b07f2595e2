"""The sources' tables that releases were made from, kept by hash beside the warehouse.

They never leave the machine: a release names their hashes, and the diff of two releases makes the
index again from the tables of either.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
import pandas as pd

from schemas import REGISTRY, Table
from warehouse.releases.export import write_parquet
from warehouse.releases.layout import INPUTS, ReleaseError, file_hash, sync
from warehouse.tables import read


@dataclass(frozen=True)
class Input:
    """A source's table: its name, source, hash of its Parquet file, and rows."""

    table: str
    source: str
    sha256: str
    rows: int


def keep(con: duckdb.DuckDBPyConnection, folder: Path) -> list[Input]:
    """Keep the raw tables of an open warehouse; those kept already add nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    for orphan in folder.glob("*.partial"):
        orphan.unlink()
    kept = []
    for table in _raw(con):
        partial = folder / f"{table.name}.partial"
        columns = ", ".join(f'"{c}"' for c in table.columns)
        order = ", ".join(f'"{k}"' for k in table.key)
        rows = write_parquet(
            con, f'SELECT {columns} FROM "{table.name}" ORDER BY {order}', table, partial
        )
        sha256 = file_hash(partial)
        sync(partial)
        partial.replace(folder / f"{sha256}.parquet")
        kept.append(Input(table.name, table.sources[0], sha256, rows))
    return kept


def _raw(con: duckdb.DuckDBPyConnection) -> list[Table]:
    there = {name for (name,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    return [t for n, t in sorted(REGISTRY.items()) if t.layer == "raw" and n in there]


def dump(inputs: list[Input]) -> str:
    """The list as JSON."""
    return json.dumps([asdict(i) for i in inputs], indent=1) + "\n"


def of_release(release: Path) -> dict[str, Input]:
    """Inputs of a release by table.

    Raises
    ------
    ReleaseError
        If the release does not list them.
    """
    path = release / INPUTS
    try:
        return {i["table"]: Input(**i) for i in json.loads(path.read_text())}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ReleaseError(f"{path}: {error}; expected the list of the release's inputs") from None


def load(folder: Path, wanted: Input) -> pd.DataFrame:
    """Read a kept table.

    Raises
    ------
    ReleaseError
        If it is not kept here, or its form is not that of today's registry.
    """
    path = folder / f"{wanted.sha256}.parquet"
    if not path.is_file():
        raise ReleaseError(
            f"{wanted.table} of source {wanted.source} ({wanted.sha256[:12]}) is not in {folder}; "
            "it stays on the machine where the release was made"
        )
    if wanted.table not in REGISTRY:
        raise ReleaseError(f"{wanted.table} is no table of this version any more")
    try:
        return read(path, REGISTRY[wanted.table])
    except ValueError as error:
        raise ReleaseError(f"{wanted.table} had another form then: {error}") from None
