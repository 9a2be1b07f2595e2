"""Connector of ATOP: one zip of CSV files, of which the agreements and the members are read.

Does not belong here: what is in those files (`parse`), the web, or unpacking.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from pipelines.live.connector import Piece
from pipelines.sources.atop.parse import parse_agreements, parse_members
from pipelines.sources.packed import Kind, is_zip, members, pick_members, refuse_table

if TYPE_CHECKING:
    from pipelines.live.web import Web

SOURCE = "atop"
# In 'ATOP 5.1 (.csv)/', among the yearly files.
FILE = "uploads/6/9/1/3/69134503/atop_5.1__.csv_.zip"
PIECE = "csv_zip"
_WANTED = "ATOP's zip of all its CSV files, with atop5_1a.csv and atop5_1m.csv in it"
_MEMBERS = {"agreement file": r"atop\d+_\d+a\.csv", "member file": r"atop\d+_\d+m\.csv"}
_OTHERS = (
    Kind("ATOP's Stata files", r"atop.*\.dta"),
    Kind("ATOP's state-year file", r"atop\d+_\d+sy\.csv", ("state", "year", "atopally")),
    Kind("ATOP's file of pairs by year", r"atop\d+_\d+d(y|dyr)\.csv", ("year", "atopally")),
    Kind("ATOP's member file without its agreement file", "", ("atopid", "member", "phase")),
    Kind("ATOP's agreement file without its member file", "", ("atopid", "begyr", "mem1")),
)


def fetch(web: Web, into: Path) -> list[Piece]:
    """Download the zip of the version known here; its version stands in the members' names."""
    path = web.download(FILE, into / Path(FILE).name)
    member = Path(_pick(path)["member file"]).name
    version = ".".join(re.findall(r"\d+", member))
    return [Piece(PIECE, path, f"{web.address.url}/{FILE}", version, "application/zip")]


def recognise(path: Path) -> str:
    """Name of the piece; `SourceError` says what else it is and which file is wanted."""
    if not is_zip(SOURCE, path, _WANTED):
        raise refuse_table(SOURCE, path, _OTHERS, _WANTED)
    _pick(path)
    return PIECE


def read(pieces: Mapping[str, Path]) -> dict[str, pd.DataFrame]:
    """Tables ``raw_atop__members`` and ``raw_atop__agreements``; errors as their parsers'."""
    chosen = _pick(pieces[PIECE])
    with members(SOURCE, pieces[PIECE], chosen.values()) as files:
        return {
            "raw_atop__members": parse_members(files[chosen["member file"]]),
            "raw_atop__agreements": parse_agreements(files[chosen["agreement file"]]),
        }


def _pick(path: Path) -> dict[str, str]:
    return pick_members(SOURCE, path, _MEMBERS, _OTHERS, _WANTED)
