"""Connector of COW's list of states.

Does not belong here: what is in the list (`parse`), the ISO codes, or the web.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from pipelines.live.connector import Piece
from pipelines.sources.geo.parse import parse_cow_states
from pipelines.sources.packed import Kind, require_header
from pipelines.sources.reading import SourceError

if TYPE_CHECKING:
    from pipelines.live.web import Web

SOURCE = "geo"
FILE = "wp-content/uploads/states2016.csv"
PIECE = "cow_states"
VERSION = 2016
_WANTED = "COW's list of states of 2016 (states2016.csv)"
_COLUMNS = {"stateabb", "ccode", "statenme", "styear", "endyear", "version"}
_LATER = "a later version of COW's list of states, to which names.csv has not been fitted"
_OTHERS = (
    Kind(_LATER, r"(statelist|states)20(1[7-9]|[2-9]\d)\.csv"),
    Kind("COW's list of major powers", r"majors\d+\.csv", ("stateabb", "styear", "endyear")),
    Kind("COW's state-years", r"system\d+\.csv", ("stateabb", "ccode", "year")),
    Kind("Gleditsch and Ward's list of states", "", ("gwcode", "startdate")),
)


def fetch(web: Web, into: Path) -> list[Piece]:
    """Download the list of 2016; its version stands in its name."""
    path = web.download(FILE, into / Path(FILE).name)
    version = re.findall(r"\d{4}", path.name)[0]
    return [Piece(PIECE, path, f"{web.address.url}/{FILE}", version, "text/csv")]


def recognise(path: Path) -> str:
    """Name of the piece; `SourceError` says what else it is and which file is wanted."""
    require_header(SOURCE, path, _COLUMNS, _OTHERS, _WANTED)
    read({PIECE: path})
    return PIECE


def read(pieces: Mapping[str, Path]) -> dict[str, pd.DataFrame]:
    """Table ``raw_geo__cow_states``; errors as its parser's, and for another version."""
    states = parse_cow_states(pieces[PIECE])
    version = int(states["version"].max())
    if version != VERSION:
        raise SourceError(
            SOURCE,
            pieces[PIECE],
            found=f"{_LATER} ({version})" if version > VERSION else f"version {version}",
            expected=_WANTED,
            todo="take the list of 2016 from the same page, or fit names.csv to the new one",
        )
    return {"raw_geo__cow_states": states}
