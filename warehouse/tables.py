"""One Parquet file per table: the form in which tables pass between steps and into the warehouse.

One function writes every Parquet file of the project, so that equal tables give equal bytes.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from schemas import Table, conform, validate
from schemas.generate import arrow_schema

_NULLABLE = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}


def to_arrow(frame: pd.DataFrame, table: Table) -> pa.Table:
    """Turn a conformed frame into Arrow, strings dictionary-encoded so that they stay small.

    The field metadata (descriptions, units) and nullability come from the registry.
    """
    schema = arrow_schema(table)
    columns = []
    for f in schema:
        array = pa.Array.from_pandas(frame[f.name])
        if pa.types.is_dictionary(array.type):
            array = pa.DictionaryArray.from_arrays(
                array.indices.cast(pa.int32()), array.dictionary.cast(f.type)
            )
        elif pa.types.is_string(f.type):
            array = array.cast(f.type).dictionary_encode()
        elif array.type != f.type:
            array = array.cast(f.type)
        columns.append(array)
    fields = [
        pa.field(f.name, c.type, f.nullable, f.metadata)
        for f, c in zip(schema, columns, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=pa.schema(fields, metadata=schema.metadata))


def write(frame: pd.DataFrame, table: Table, path: Path) -> pd.DataFrame:
    """Conform, validate and write one table; return the frame as written.

    Raises
    ------
    SchemaError
        If the frame does not hold what the registry promises; then nothing is written.
    """
    frame = validate(conform(frame, table), table)
    save(frame, table, path)
    return frame


def save(frame: pd.DataFrame, table: Table, path: Path) -> None:
    """Write a frame that is conformed and validated already, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    pq.write_table(
        to_arrow(frame, table).combine_chunks(),
        partial,
        compression="zstd",
        store_schema=True,
        # Measurements hardly repeat: a dictionary of them is work thrown away.
        use_dictionary=[f.name for f in table.fields if f.type != "float"],
        version="2.6",
    )
    partial.replace(path)


def read(path: Path, table: Table) -> pd.DataFrame:
    """Read one table, in the form `write` returned it."""
    return conform(held(path), table)


def held(path: Path) -> pd.DataFrame:
    """Read one table as the file holds it, for whoever conforms it."""
    try:
        # Not read_table: it imports all that reads folders of files, on disk or anywhere else.
        with pq.ParquetFile(path) as file:
            arrow = file.read()
    except pa.ArrowInvalid as error:
        raise pa.ArrowInvalid(f"{path}: {error}") from None
    # Without the mapper a column with a gap comes as float64, exact only up to 2**53.
    return arrow.to_pandas(date_as_object=False, types_mapper=_NULLABLE.get)
