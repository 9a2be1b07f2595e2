"""Small valid frames for any table of the registry, made from its fields alone.

Deterministic on purpose: a build for a test needs every table, and needs it the same each time.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from schemas import REGISTRY, Field, Table
from warehouse.publish import published_tables
from warehouse.tables import write

# One text for the n-th row for every pattern in the registry; n stays below 26.
PATTERNS = {
    "": "text {letter}",
    "[A-Z]{3}": "AA{letter}",
    "[0-9a-f]{64}": "{n:064x}",
    "[a-z0-9-]+": "row-{n}",
    "[a-z0-9_]+": "group_{n}",
    r"https?://\S+": "https://example.org/{n}",
    r"\d{4}-[A-Z]{3}-[A-Z]{3}-(export|import|turnover)-\d+": "2000-AAA-AAB-export-{n}",
}


def values(f: Field, n: int) -> list[Any]:
    """Up to `n` different valid values of a field, none missing; fewer where fewer exist."""
    if f.type == "string":
        if f.allowed:
            return list(f.allowed[:n])
        text = PATTERNS[f.pattern]
        return [text.format(n=i, letter=chr(ord("A") + i)) for i in range(n)]
    if f.type == "bool":
        return [True, False][:n]
    if f.type == "date":
        return [pd.Timestamp(2000, 1, 1 + i) for i in range(n)]
    low = f.minimum if f.minimum is not None else 0
    high = f.maximum if f.maximum is not None else low + n
    if f.type == "int":
        return list(range(int(low), int(min(high, low + n - 1)) + 1))
    return [low + (high - low) * i / n for i in range(n)]


def tiny_frame(table: Table, rows: int = 3) -> pd.DataFrame:
    """Return a valid frame of at most `rows` rows, keys unique and in order."""
    keys = [values(table[k], rows) for k in table.key]
    chosen = sorted(itertools.islice(itertools.product(*keys), rows))
    columns = dict(zip(table.key, map(list, zip(*chosen, strict=True)), strict=True))
    for f in table.fields:
        if f.name not in columns:
            columns[f.name] = list(itertools.islice(itertools.cycle(values(f, rows)), len(chosen)))
    return pd.DataFrame(columns)[table.columns]


def write_all(folder: Path, rows: int = 3, without: Sequence[str] = ()) -> Path:
    """Write a Parquet file for every table a build needs, but those in `without`."""
    for table in published_tables():
        if table.name != "meta_tables" and table.name not in without:
            write(tiny_frame(table, rows), REGISTRY[table.name], folder / f"{table.name}.parquet")
    return folder
