"""One set of rows in every format the answers come in.

Does not belong here: what the rows say, or how a table looks on the screen.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from pipelines.console import fail


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


FormatOption = Annotated[
    Format,
    typer.Option(
        "--format", help="How the answer is written: for reading, or for another program."
    ),
]
OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output", help="File to write csv, json or parquet to; by default the standard output."
    ),
]


def plain(value: object) -> object:
    """A value JSON has no form for."""
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def write(
    rows: Sequence[Mapping[str, Any]],
    columns: Mapping[str, type],
    output: Format,
    target: Path | None,
    document: object = None,
) -> None:
    """Write rows as csv, json or parquet.

    Parameters
    ----------
    rows : sequence of mapping
        All with the keys of `columns`.
    columns : mapping of str to type
        str, int or float; a column without a value has a type too.
    output : Format
        Not a table: those are printed where they are made.
    target : Path or None
        None is the standard output.
    document : object, optional
        What JSON gets in place of the rows, where there is more to say.
    """
    if output is Format.PARQUET:
        import pyarrow as pa
        import pyarrow.parquet as pq

        types = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
        schema = pa.schema([(name, types[kind]) for name, kind in columns.items()])
        table = pa.Table.from_pylist([dict(r) for r in rows], schema=schema)
        with _bytes(target) as stream:
            pq.write_table(table, stream)
        return
    with text_stream(target) as stream:
        if output is Format.CSV:
            write_csv(stream, list(columns), ([r[c] for c in columns] for r in rows))
        else:
            write_json(stream, list(rows) if document is None else document)


def write_csv(stream: IO[str], names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a header and rows; a missing value is empty."""
    import csv

    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)


def write_json(stream: IO[str], document: object) -> None:
    """Write one JSON document and a line end."""
    import json

    json.dump(document, stream, default=plain, ensure_ascii=False)
    stream.write("\n")


class _Kept:
    """The standard output, which is not ours to close."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def __enter__(self) -> Any:
        return self.stream

    def __exit__(self, *_: object) -> None:
        self.stream.flush()


def text_stream(target: Path | None) -> Any:
    """A context of the file, or of the standard output, to write text to."""
    return _opened(target, "w") if target else _Kept(sys.stdout)


def _bytes(target: Path | None) -> Any:
    if target:
        return _opened(target, "wb")
    if _is_screen():
        fail("parquet is not for a screen; give --output FILE, or send it on with > FILE")
    return _Kept(sys.stdout.buffer)


def _is_screen() -> bool:
    return sys.stdout.isatty()


def _opened(target: Path, mode: str) -> Any:
    try:
        if mode == "wb":
            return target.open(mode)
        return target.open(mode, encoding="utf-8", newline="")
    except OSError as error:
        fail(f"{target} cannot be written: {error.strerror}")


def copy_parquet(made: Path, target: Path | None) -> None:
    """Pass a finished Parquet file on."""
    import shutil

    with made.open("rb") as source, _bytes(target) as stream:
        shutil.copyfileobj(source, stream)
