"""The meta layer: which build this is, what it rests on, and what every column means."""

from __future__ import annotations

from schemas.model import Field, Table

TABLES = [
    Table(
        "meta_release",
        "One row: what this file is.",
        ("release",),
        (
            Field("release", "string", "Name of the release or local build."),
            Field("built_at", "date", "SOURCE_DATE_EPOCH, or the time of the commit built from."),
            Field("code_version", "string", "Git commit; empty outside a checkout.", nullable=True),
            Field("method_version", "string", "Version of indices/definition.toml."),
            Field(
                "definition_sha256",
                "string",
                "SHA-256 of indices/definition.toml.",
                pattern="[0-9a-f]{64}",
            ),
            Field(
                "mode",
                "string",
                "Bundled starter figures, or upstreams fetched live.",
                allowed=("starter", "live"),
            ),
        ),
    ),
    Table(
        "meta_sources",
        "One row per upstream source this build rests on.",
        ("source",),
        (
            Field("source", "string", "Short name, used in meta_fields and in error messages."),
            Field("title", "string", "Title of the data set."),
            Field("vintage", "string", "Version or date of the figures."),
            Field("retrieved_at", "date", "Day the upstream file was obtained.", nullable=True),
            Field("url", "string", "Address of the data set."),
            Field("licence", "string", "Terms under which the figures may be used."),
            Field("citation", "string", "How to cite the source."),
            Field(
                "sha256",
                "string",
                "SHA-256 over the source's raw tables in this build; of a vintage fetched live, "
                "over its bytes.",
                pattern="[0-9a-f]{64}",
            ),
            Field(
                "rows",
                "int",
                "Rows of the source's raw tables in this build.",
                unit="rows",
                minimum=0,
            ),
        ),
    ),
    Table(
        "meta_fields",
        "One row per column of every table and view.",
        ("table_name", "field"),
        (
            Field("table_name", "string", "Table or view."),
            Field("field", "string", "Column of that table or view."),
            Field("type", "string", "Type of the column in DuckDB."),
            Field(
                "unit",
                "string",
                "Unit of measurement; empty for names, codes and flags.",
                nullable=True,
            ),
            Field("description", "string", "What one value means."),
            Field("is_key", "bool", "Whether the column belongs to the table's key."),
            Field("is_nullable", "bool", "Whether a value may be missing."),
            Field(
                "redistribution",
                "string",
                "What of the column may leave the machine.",
                allowed=("full", "aggregate", "none"),
            ),
        ),
    ),
    Table(
        "meta_tables",
        "One row per table and view of this file.",
        ("table_name",),
        (
            Field("table_name", "string", "Table or view."),
            Field("description", "string", "What one row is."),
            Field("key", "string", "Columns that identify a row, joined by commas.", nullable=True),
            Field("sources", "string", "Sources it rests on, joined by commas.", nullable=True),
            Field(
                "caveats",
                "string",
                "Caveats, joined by commas (docs/DATA_DICTIONARY.md).",
                nullable=True,
            ),
            Field("rows", "int", "Rows; null for a view.", unit="rows", nullable=True, minimum=0),
        ),
    ),
]
