"""Connector of COW's IGO memberships: one zip with the state-year file.

Does not belong here: what is in that file (`parse`), the web, or unpacking.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from pipelines.live.connector import Piece
from pipelines.sources.cow_igo.parse import parse_state_year
from pipelines.sources.packed import Kind, is_zip, members, pick_members, require_header
from pipelines.sources.reading import SourceError

if TYPE_CHECKING:
    from pipelines.live.web import Web

SOURCE = "cow_igo"
FILE = "wp-content/uploads/state_year_formatv3.zip"
PIECE = "state_year"
_WANTED = "COW's IGO memberships by state and year, version 3 (state_year_formatv3.zip)"
_MEMBERS = {"state-year file": r"state_year_formatv\d[\d.]*\.csv"}
_COLUMNS = {"ccode", "year", "state"}
# Version 2.3 has the same columns for fewer organisations and ends nine years earlier.
_OLD_LAST_YEAR = 2005
_OLD = "COW's IGO memberships in version 2.3, which ends in 2005"
_OTHERS = (
    Kind(_OLD, r"IGO_(state|dyad)?unit_v2\.3\.csv|igounit_v2\.3\.csv"),
    Kind(
        "COW's file of organisations by year",
        r"igo_year_formatv?\d[\d.]*\.csv",
        ("ioname", "orgname", "year"),
    ),
    Kind(
        "COW's file of pairs of states",
        r"dyadic_formatv?\d[\d.]*\.csv",
        ("ccode1", "ccode2", "year"),
    ),
    Kind("COW's Stata files", r".*\.dta"),
)


def fetch(web: Web, into: Path) -> list[Piece]:
    """Download the zip of the version known here; its version stands in the member's name."""
    path = web.download(FILE, into / Path(FILE).name)
    version = re.findall(r"v(\d[\d.]*)\.csv", _pick(path))[0]
    return [Piece(PIECE, path, f"{web.address.url}/{FILE}", version, "application/zip")]


def recognise(path: Path) -> str:
    """Name of the piece, for the zip or the CSV in it; `SourceError` says which is wanted."""
    if is_zip(SOURCE, path, _WANTED):
        _pick(path)
        return PIECE
    require_header(SOURCE, path, _COLUMNS, _OTHERS, _WANTED)
    read({PIECE: path})
    return PIECE


def read(pieces: Mapping[str, Path]) -> dict[str, pd.DataFrame]:
    """Tables of `parse_state_year`, with its errors."""
    path = pieces[PIECE]
    if not is_zip(SOURCE, path, _WANTED):
        return _new(path, parse_state_year(path))
    member = _pick(path)
    with members(SOURCE, path, [member]) as files:
        return _new(path, parse_state_year(files[member]))


def _pick(path: Path) -> str:
    return pick_members(SOURCE, path, _MEMBERS, _OTHERS, _WANTED)["state-year file"]


def _new(path: Path, tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    last = int(tables["raw_cow_igo__coverage"]["year"].max())
    if last <= _OLD_LAST_YEAR:
        raise SourceError(
            SOURCE,
            path,
            found=f"years to {last}, as in {_OLD}",
            expected=_WANTED,
            todo="take the file of version 3 from the same page",
        )
    return tables
