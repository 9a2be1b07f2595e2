"""Connector of troopdata: the series by country and year, from its repository.

Does not belong here: what is in the series (`parse`), or the web.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from pipelines.live.connector import Piece
from pipelines.sources.packed import Kind, require_header
from pipelines.sources.us_troops.parse import parse_troops

if TYPE_CHECKING:
    from pipelines.live.web import Web

SOURCE = "us_troops"
FILE = "meflynn/troopdata/master/data-raw/troopdata-rebuild-country-year.csv"
PIECE = "country_years"
_WANTED = "troopdata's series by country and year (data-raw/troopdata-rebuild-country-year.csv)"
_COLUMNS = {"countryname", "year", "ccode", "troops_ad"}
_OTHERS = (
    Kind("troopdata's series by quarter", "", ("countryname", "quarter", "troops_ad")),
    Kind("troopdata's raw reports", "", ("quarter", "source")),
    Kind("troopdata's list of bases", "", ("countryname", "basename")),
    Kind("troopdata's older series (without troops_ad)", "", ("ccode", "year", "troops")),
)


def fetch(web: Web, into: Path) -> list[Piece]:
    """Download the series as it stands in the repository, which gives the file no version."""
    path = web.download(FILE, into / Path(FILE).name)
    return [Piece(PIECE, path, f"{web.address.url}/{FILE}", "", "text/csv")]


def recognise(path: Path) -> str:
    """Name of the piece; `SourceError` says what else it is and which file is wanted."""
    require_header(SOURCE, path, _COLUMNS, _OTHERS, _WANTED, without=("quarter",))
    return PIECE


def read(pieces: Mapping[str, Path]) -> dict[str, pd.DataFrame]:
    """Table ``raw_us_troops__country_years``; errors as its parser's."""
    return {"raw_us_troops__country_years": parse_troops(pieces[PIECE])}
