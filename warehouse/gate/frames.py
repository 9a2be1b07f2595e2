"""What is judged, out of DuckDB: small frames that stand for whole tables.

A rule about one column is met by a whole table exactly when it is met by the rows that come closest
to breaking it: those with the least and the greatest number, one for each text, one without a
value, and both of a key that comes twice. These *witnesses* are real rows with their keys, a few
hundred out of millions, and are what Great Expectations judges.

Does not belong here: any rule, or any judgement.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from schemas import REGISTRY, Field, Table
from schemas.generate import DUCKDB_TYPES
from warehouse.publish import published_tables

# Enough of the rows at fault to see what is wrong; all of them are counted.
SAMPLE = 5
# What DuckDB may hold at once; beyond it, it sorts on disk.
_MEMORY = "1GB"


@contextmanager
def opened(database: Path, previous: Path | None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a warehouse for reading, the tables of an earlier release beside it as ``before``."""
    with tempfile.TemporaryDirectory() as scratch, duckdb.connect() as con:
        con.execute(f"SET memory_limit = '{_MEMORY}'; SET temp_directory = '{_quoted(scratch)}'")
        con.execute(f"ATTACH '{_quoted(database)}' AS warehouse (READ_ONLY)")
        if previous:
            con.execute("ATTACH ':memory:' AS before")
            for path in sorted((previous / "parquet").glob("*.parquet")):
                con.execute(
                    f"CREATE VIEW before.\"{path.stem}\" AS FROM read_parquet('{_quoted(path)}')"
                )
        yield cursor(con)


def cursor(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """One more connection to what `opened` opened, for another thread."""
    own = con.cursor()
    own.execute("USE warehouse")
    return own


def _quoted(path: Path | str) -> str:
    return str(path).replace("'", "''")


def columns(con: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Columns of each table, in order."""
    found: dict[str, list[str]] = {}
    for name, column in con.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'warehouse' "
        "AND NOT internal ORDER BY table_name, column_index"
    ).fetchall():
        found.setdefault(name, []).append(column)
    return found


def before(con: duckdb.DuckDBPyConnection) -> set[str]:
    """Tables of the earlier release; none without one."""
    found = con.execute(
        "SELECT view_name FROM duckdb_views() WHERE database_name = 'before' AND NOT internal"
    )
    return {name for (name,) in found.fetchall()}


def tables(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Every table the warehouse should have, with the rows it has, must have and is said to have.

    Returns
    -------
    DataFrame
        ``table_name``, ``rows`` (missing where the table is), ``least`` (0 for a table none of
        whose sources is in ``meta_sources``, else 1) and ``rows_stated``.
    """
    there = columns(con)
    stated = dict(con.execute("SELECT table_name, rows FROM meta_tables").fetchall())
    held = {s for (s,) in con.execute("SELECT source FROM meta_sources WHERE rows > 0").fetchall()}
    found = []
    for t in published_tables():
        least = int(not t.sources or bool(held & set(t.sources)))
        found.append(
            (t.name, count(con, t.name) if t.name in there else None, least, stated.get(t.name))
        )
    return pd.DataFrame(found, columns=["table_name", "rows", "least", "rows_stated"])


def count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    """Rows of a table."""
    ((rows,),) = con.execute(f'SELECT count(*) FROM "{table}"').fetchall()
    return int(rows)


def types(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Type of each column beside the one that follows from the registry."""
    found = con.execute(
        "SELECT table_name, column_name AS field, data_type AS type FROM duckdb_columns() "
        "WHERE database_name = 'warehouse' AND NOT internal ORDER BY table_name, column_index"
    ).df()
    expected = {(t.name, f.name): DUCKDB_TYPES[f.type] for t in REGISTRY.values() for f in t.fields}
    keys = list(zip(found["table_name"], found["field"], strict=True))
    found["type_expected"] = [expected.get(k) for k in keys]
    return found[found["type_expected"].notna()].reset_index(drop=True)


def witnesses(con: duckdb.DuckDBPyConnection, table: Table, there: Sequence[str]) -> pd.DataFrame:
    """The rows of a table by which rules about its columns and its key are decided.

    A value that is no number (NaN) stands as infinite: pandas would take it for a missing one.
    """
    fields = [f for f in table.fields if f.name in there]
    ends = ["min(rowid)", *(end for f in fields for end in _ends(f))]
    (found,) = con.execute(f"SELECT {', '.join(ends)} FROM {table.name}").fetchall()
    chosen = set(found)
    texts = [f.name for f in fields if f.type == "string" and (f.allowed or f.pattern)]
    queries = [f'SELECT min(rowid) FROM {table.name} GROUP BY "{name}"' for name in texts]
    if set(table.key) <= set(there) and not _is_ascending(con, table):
        key = ", ".join(f'"{k}"' for k in table.key)
        queries.append(
            f"SELECT unnest([min(rowid), max(rowid)]) FROM {table.name} GROUP BY {key} "
            f"HAVING count(*) > 1 ORDER BY 1 LIMIT {2 * SAMPLE}"
        )
    for query in queries:
        chosen |= {r for (r,) in con.execute(query).fetchall()}
    numbers = sorted(r for r in chosen if r is not None)
    floats = {f.name for f in fields if f.type == "float"}
    listed = ", ".join(
        f"""if(isnan("{c}"), 'inf'::DOUBLE, "{c}") AS "{c}\"""" if c in floats else f'"{c}"'
        for c in there
    )
    return con.execute(
        f"SELECT {listed} FROM {table.name} WHERE rowid IN "
        f"(SELECT unnest(?::BIGINT[])) ORDER BY rowid",
        [numbers],
    ).df()


def _is_ascending(con: duckdb.DuckDBPyConnection, table: Table) -> bool:
    """Whether each row's key is greater than the one before: then no key comes twice.

    Builds store their rows so; one look at neighbours spares grouping all rows.
    """
    greater = "false"
    for k in reversed(table.key):
        before = f'lag("{k}") OVER ()'
        greater = f'"{k}" > {before} OR ("{k}" = {before} AND ({greater}))'
    ((is_ascending,),) = con.execute(
        f"SELECT count(*) FILTER (is_greater) >= count(*) - 1 "
        f"FROM (SELECT {greater} AS is_greater FROM {table.name})"
    ).fetchall()
    return bool(is_ascending)


def _ends(f: Field) -> list[str]:
    """Aggregates that give the rows of a field's extremes, and one without a value."""
    found = [] if f.nullable else [f'min(rowid) FILTER ("{f.name}" IS NULL)']
    if f.type == "float" or (f.type == "int" and (f.minimum is not None or f.maximum is not None)):
        # DuckDB takes NaN for the greatest number of all.
        found += [f'arg_min(rowid, "{f.name}")', f'arg_max(rowid, "{f.name}")']
    return found


def at_fault(
    con: duckdb.DuckDBPyConnection, query: str, quick: str = ""
) -> tuple[int, pd.DataFrame]:
    """Number of rows a query returns, and the first of them in the order of their columns.

    The query is spared where the answer to `quick` is that there are none.
    """
    if quick and con.execute(quick).fetchall() == [(True,)]:
        return 0, pd.DataFrame()
    found = con.execute(
        f"SELECT *, count(*) OVER () AS _all FROM ({query}) ORDER BY ALL LIMIT {SAMPLE}"
    ).df()
    number = int(found["_all"].iloc[0]) if len(found) else 0
    return number, found.drop(columns="_all")


def figures(con: duckdb.DuckDBPyConnection, query: str) -> pd.DataFrame:
    """The figures a query returns, without those that could not be made."""
    return con.execute(f"SELECT * FROM ({query}) WHERE value IS NOT NULL ORDER BY ALL").df()


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain values; numbers to ten digits, so that the order of a sum does not show."""
    return [
        {str(name): _plain(value) for name, value in row.items()}
        for row in frame.to_dict("records")
    ]


def _plain(value: Any) -> Any:
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    if isinstance(value, float):
        if value != value:
            return None
        if value in (float("inf"), float("-inf")):
            return str(value)
        return int(value) if value.is_integer() and abs(value) < 1e15 else float(f"{value:.10g}")
    return value.item() if hasattr(value, "item") else value
