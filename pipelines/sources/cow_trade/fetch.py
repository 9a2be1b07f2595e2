"""Connector of COW's trade data: one zip, of which the dyadic file is read.

Does not belong here: what is in that file (`parse`), the web, or unpacking.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from pipelines.live.connector import Piece
from pipelines.sources.cow_trade.parse import parse_dyadic_trade
from pipelines.sources.packed import Kind, is_zip, members, pick_members, require_header

if TYPE_CHECKING:
    from pipelines.live.web import Web

SOURCE = "cow_trade"
# In 'COW_Trade_4.0/', beside the national file and the codebook.
FILE = "wp-content/uploads/COW_Trade_4.0.zip"
PIECE = "dyadic"
_WANTED = "COW's dyadic trade file, version 4.0 or later (COW_Trade_4.0.zip)"
_MEMBERS = {"dyadic file": r"Dyadic_COW_[4-9][\d.]*\.csv"}
# The smoothed flows came with version 4.0.
_COLUMNS = {"ccode1", "ccode2", "year", "flow1", "flow2", "smoothflow1"}
_OLD = "an older version of COW's trade data"
_OTHERS = (
    Kind(_OLD, r"(dyadic|national)_trade_[23][\d.]*\.csv", ("ccode1", "ccode2", "flow1")),
    Kind(
        "COW's national totals (monadic) and no pairs",
        r"National_COW_[\d.]+\.csv",
        ("ccode", "imports", "exports"),
    ),
)


def fetch(web: Web, into: Path) -> list[Piece]:
    """Download the zip of the version known here; its version stands in the member's name."""
    path = web.download(FILE, into / Path(FILE).name)
    version = re.findall(r"_(\d[\d.]*)\.csv", _pick(path), re.IGNORECASE)[0]
    return [Piece(PIECE, path, f"{web.address.url}/{FILE}", version, "application/zip")]


def recognise(path: Path) -> str:
    """Name of the piece, for the zip or the CSV in it; `SourceError` says which is wanted."""
    if is_zip(SOURCE, path, _WANTED):
        _pick(path)
        return PIECE
    require_header(SOURCE, path, _COLUMNS, _OTHERS, _WANTED)
    return PIECE


def read(pieces: Mapping[str, Path]) -> dict[str, pd.DataFrame]:
    """Table ``raw_cow_trade__flows``; errors as its parser's."""
    path = pieces[PIECE]
    if not is_zip(SOURCE, path, _WANTED):
        return {"raw_cow_trade__flows": parse_dyadic_trade(path)}
    member = _pick(path)
    with members(SOURCE, path, [member]) as files:
        return {"raw_cow_trade__flows": parse_dyadic_trade(files[member])}


def _pick(path: Path) -> str:
    return pick_members(SOURCE, path, _MEMBERS, _OTHERS, _WANTED)["dyadic file"]
