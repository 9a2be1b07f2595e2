"""Tables out of a warehouse: Parquet, CSV and DuckDB files that may leave the machine.

Belongs here: which tables, fields and rows a release holds, and their three forms. Does not belong
here: documents about them, or where they go.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from schemas import REGISTRY, Table
from schemas.generate import arrow_schema, comment_sql, create_table_sql
from warehouse.publish import STORAGE_VERSION
from warehouse.views import VIEWS, View, create_view_sql

# Rows of a Parquet row group and of a step of writing: a number of DuckDB's vectors.
ROWS = 1 << 20
# pyarrow's own zlib: the same bytes wherever requirements.lock is kept. Level 4 takes half the time
# of the usual 6 and 2 % more space.
_LEVEL = 4
# A gzip file may have several members, each compressed by itself; each holds this much text.
_TEXT = 1 << 25
_UNNAMED_HEADER = 10
# What DuckDB may hold at once; beyond it, it sorts on disk.
_MEMORY = "1GB"


@dataclass(frozen=True)
class Made:
    """A table of a release: its form there, and its number of rows."""

    table: Table
    rows: int


def released_tables(con: duckdb.DuckDBPyConnection) -> list[Table]:
    """Tables of the open warehouse that a release holds, as it holds them, by name."""
    there = {name for (name,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    kept = [t.released for _, t in sorted(REGISTRY.items()) if t.name in there]
    return [t for t in kept if t is not None]


def withheld(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """What of the core, out and meta tables does not leave, and why, by table."""
    kept = {t.name: t for t in released_tables(con)}
    found = {}
    for name, table in sorted(REGISTRY.items()):
        if table.layer == "raw" or not table.in_warehouse:
            continue
        if name not in kept:
            found[name] = "the whole table: its rows are the source's own (redistribution: none)"
        elif lost := sorted(set(table.columns) - set(kept[name].columns)):
            found[name] = f"the fields {', '.join(lost)} (redistribution: none)"
        if table.withheld_rows:
            found[name] = (
                f"the rows for which {table.withheld_rows} holds: their source does not allow them "
                "to be passed on"
            )
    return found


def released_views(tables: list[Table]) -> list[View]:
    """Views whose tables are all in the release."""
    absent = set(REGISTRY) - {t.name for t in tables}
    return [v for v in VIEWS if not absent & set(re.findall(r"\w+", v.query))]


def query(table: Table, release: str, tables: list[Table], rows: dict[str, int]) -> str:
    """The SELECT that gives a table's rows as a release holds them, in the order of its key.

    Parameters
    ----------
    table : Table
        One of `tables`.
    release : str
        Name of the release, which stands in ``meta_release``.
    tables : list of Table
        All of the release: ``meta_tables`` and ``meta_fields`` speak of those alone.
    rows : dict of str to int
        Rows of the other tables, for ``meta_tables``.
    """
    columns = ", ".join(f'"{c}"' for c in table.columns)
    where = f"NOT ({table.withheld_rows})" if table.withheld_rows else "true"
    views = [v.name for v in released_views(tables)]
    if table.name == "meta_release":
        columns = columns.replace('"release"', f"'{release}' AS release")
    elif table.name == "meta_fields":
        kept = [(t.name, c) for t in tables for c in t.columns]
        where = f"table_name IN {_listed(views)} OR (table_name, field) IN {_listed(kept)}"
    elif table.name == "meta_tables":
        counted = {t.name: rows.get(t.name, len(tables) + len(views)) for t in tables}
        columns = columns.replace('"rows"', f"map {counted}[table_name] AS rows")
        where = f"table_name IN {_listed([*counted, *views])}"
    order = ", ".join(f'"{k}"' for k in table.key)
    return f'SELECT {columns} FROM "{table.name}" WHERE {where} ORDER BY {order}'


def _listed(values: Sequence[object]) -> str:
    return f"({', '.join(repr(v) for v in values)})"


def write_parquet(
    con: duckdb.DuckDBPyConnection, sql: str, table: Table, path: Path, release: str = ""
) -> int:
    """Write the rows of a query as Parquet; return their number.

    The same rows give the same bytes: one thread writes them, in groups of `ROWS`. The file's
    metadata name the table and, where there is one, the release.
    """
    schema = arrow_schema(table)
    if release:
        schema = schema.with_metadata((schema.metadata or {}) | {b"release": release.encode()})
    texts = [f.name for f in table.fields if f.type != "float"]
    with pq.ParquetWriter(
        path, schema, compression="zstd", compression_level=9, use_dictionary=texts, version="2.6"
    ) as writer:
        rows = 0
        for group in _groups(con.sql(sql).to_arrow_reader(ROWS)):
            # Groups first, then types: DuckDB's own are those of the registry but for nullability.
            writer.write_table(group.cast(schema).combine_chunks(), row_group_size=ROWS)
            rows += len(group)
        if not rows:
            writer.write_table(schema.empty_table())
    return rows


def _groups(batches: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """Tables of exactly `ROWS` rows, and a last one: how DuckDB cuts its batches does not show."""
    held: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        held.append(batch)
        count += len(batch)
        while count >= ROWS:
            whole = pa.Table.from_batches(held)
            yield whole.slice(0, ROWS)
            held = whole.slice(ROWS).to_batches()
            count -= ROWS
    if count:
        yield pa.Table.from_batches(held)


def write_csv(
    con: duckdb.DuckDBPyConnection, source: Path, table: Table, release: str, path: Path
) -> None:
    """Write a table's Parquet file as CSV (RFC 4180, UTF-8, gzip).

    Numbers have as many digits as it takes to read back the same number; a missing value is an
    empty field. The name inside the gzip file has the release in it.

    Raises
    ------
    ValueError
        If a text holds a line break: line ends could not be told from it by simple readers.
    """
    plain = path.with_suffix(".plain")
    con.execute(
        f"COPY (SELECT * FROM read_parquet('{_quoted(source)}')) TO '{_quoted(plain)}' "
        "(FORMAT csv, HEADER, DELIMITER ',', QUOTE '\"', ESCAPE '\"', NULLSTR '')"
    )
    lines = 0
    with path.open("wb") as file, plain.open("rb") as text:
        file.write(_header(f"{table.name}-{release}.csv"))
        name_follows = True
        codec = pa.Codec("gzip", compression_level=_LEVEL)  # not for two threads at once
        while chunk := text.read(_TEXT):
            lines += chunk.count(b"\n") + chunk.count(b"\r")
            member = codec.compress(chunk.replace(b"\n", b"\r\n"), asbytes=True)
            file.write(member[_UNNAMED_HEADER:] if name_follows else member)
            name_follows = False
    plain.unlink()
    rows = pq.read_metadata(source).num_rows
    if lines != rows + 1:
        path.unlink()
        raise ValueError(
            f"{table.name}: {lines} lines for {rows} rows and a header; a text holds a line break, "
            "which the source's parser should have replaced by a space"
        )


def _header(name: str) -> bytes:
    """Header of a gzip member with a file name: deflate, no time, system unknown."""
    return struct.pack("<2sBBIBB", b"\x1f\x8b", 8, 8, 0, 0, 255) + name.encode("latin-1") + b"\0"


def bound(con: duckdb.DuckDBPyConnection, scratch: Path) -> None:
    """Keep a connection's memory small, so that a world of states fits a small machine."""
    con.execute(f"SET memory_limit = '{_MEMORY}'")
    con.execute(f"SET temp_directory = '{_quoted(scratch)}'")


def write_database(folder: Path, made: list[Made], path: Path) -> None:
    """Write the DuckDB file from the Parquet files, with comments and views."""
    with duckdb.connect() as con:
        bound(con, path.parent / ".database.scratch")
        con.execute(f"ATTACH '{_quoted(path)}' AS made (STORAGE_VERSION '{STORAGE_VERSION}')")
        con.execute("USE made")
        con.execute("SET force_compression = 'dictionary'")
        for table in (m.table for m in made):
            con.execute(create_table_sql(table))
            con.execute(
                f'INSERT INTO "{table.name}" SELECT * FROM '
                f"read_parquet('{_quoted(folder / f'{table.name}.parquet')}')"
            )
            con.execute(";".join(comment_sql(table)))
        for view in released_views([m.table for m in made]):
            for statement in create_view_sql(view):
                con.execute(statement)
        con.execute("CHECKPOINT")
        con.execute("USE memory")
        con.execute("DETACH made")


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
