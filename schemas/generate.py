"""What follows from the registry: Arrow schemas, DuckDB types and comments, the dictionary.

Belongs here: pure translations of `Table` and `Field`. Does not belong here: reading or writing
of any data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from schemas.model import Field, Table

if TYPE_CHECKING:
    import pyarrow as pa

DUCKDB_TYPES = {
    "string": "VARCHAR",
    "int": "BIGINT",
    "float": "DOUBLE",
    "bool": "BOOLEAN",
    "date": "DATE",
}


def arrow_schema(table: Table) -> pa.Schema:
    """Return the Arrow schema of a table, descriptions and units in the field metadata."""
    import pyarrow as pa

    types = {
        "string": pa.string(),
        "int": pa.int64(),
        "float": pa.float64(),
        "bool": pa.bool_(),
        "date": pa.date32(),
    }
    return pa.schema(
        [
            pa.field(
                f.name,
                types[f.type],
                nullable=f.nullable,
                metadata={"description": f.description, "unit": f.unit},
            )
            for f in table.fields
        ],
        metadata={"table": table.name, "description": table.description},
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _comment(f: Field) -> str:
    return f"{f.description} [{f.unit}]" if f.unit else f.description


def create_table_sql(table: Table) -> str:
    """Return the CREATE TABLE statement, NOT NULL where the registry says so."""
    columns = ", ".join(
        f'"{f.name}" {DUCKDB_TYPES[f.type]}{"" if f.nullable else " NOT NULL"}'
        for f in table.fields
    )
    return f'CREATE TABLE "{table.name}" ({columns})'


def comment_sql(table: Table) -> list[str]:
    """Return the COMMENT ON statements of a table and its columns."""
    head = f'COMMENT ON TABLE "{table.name}" IS {_literal(table.description)}'
    return [head] + [
        f'COMMENT ON COLUMN "{table.name}"."{f.name}" IS {_literal(_comment(f))}'
        for f in table.fields
    ]


def meta_fields(tables: list[Table]) -> pd.DataFrame:
    """Return the rows of ``meta_fields`` for these tables."""
    return pd.DataFrame(
        [
            {
                "table_name": t.name,
                "field": f.name,
                "type": DUCKDB_TYPES[f.type],
                "unit": f.unit,
                "description": f.description,
                "is_key": f.name in t.key,
                "is_nullable": f.nullable,
                "redistribution": f.redistribution,
            }
            for t in tables
            for f in t.fields
        ]
    )


def data_dictionary(tables: list[Table], caveats: dict[str, str]) -> str:
    """Return the data dictionary as Markdown: every table, key, caveat and field."""
    lines = ["# Data dictionary", "", "Generated from the registry (`schemas/`); do not edit.", ""]
    lines += ["## Caveats", ""]
    lines += [f"- **{name}**: {text}" for name, text in caveats.items()] + [""]
    for t in tables:
        lines += table_markdown(t)
    return "\n".join(lines)


def table_markdown(table: Table, remark: str = "") -> list[str]:
    """Return the lines that describe a table in Markdown: what it is, key, caveats, fields."""
    lines = [f"## {table.name}", "", f"{table.description}{remark}", ""]
    lines += [f"Key: {', '.join(f'`{k}`' for k in table.key)}."]
    if table.sources:
        lines += [f"Sources: {', '.join(table.sources)}."]
    if table.caveats:
        lines += [f"Caveats: {', '.join(table.caveats)}."]
    lines += ["", "| field | type | unit | meaning |", "|---|---|---|---|"]
    lines += [
        f"| {f.name} | {DUCKDB_TYPES[f.type]}{'' if not f.nullable else ', may be null'} "
        f"| {f.unit} | {f.description} |"
        for f in table.fields
    ]
    return [*lines, ""]
