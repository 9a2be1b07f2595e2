"""Connector of the World Bank's service, and of the CSV download of an indicator's page by hand.

Belongs here: which indicators are asked, page by page, and which file is which piece. Does not
belong here: what stands in an answer (`service`), or the web.

wbgapi is not used: it hands over parsed rows, and the answers' bytes are to be kept as they came.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pandas as pd

from pipelines.live.archives import member
from pipelines.live.connector import Piece
from pipelines.live.web import address
from pipelines.sources.packed import Kind, is_zip, member_names, refuse_members, refuse_table
from pipelines.sources.reading import SourceError
from pipelines.sources.worldbank.parse import IndicatorTable
from pipelines.sources.worldbank.service import (
    INDICATORS,
    parse_download,
    parse_pages,
    read_page,
)

if TYPE_CHECKING:
    from pipelines.live.web import Web

SOURCE = "worldbank"
PER_PAGE = 1000
# A change of form that made the service count pages without end.
_MOST_PAGES = 200
_WANTED = (
    "the CSV download of an indicator's page (API_NY.GDP.MKTP.CD_DS2_en_csv_v2_<number>.zip, or "
    "that of SP.POP.TOTL)"
)
_OTHERS = (
    Kind("an Excel file of the same page", r"API_.*\.xlsx?"),
    Kind("the World Development Indicators as a whole", r"WDI.*\.csv"),
)


def fetch(web: Web, into: Path) -> list[Piece]:
    """Ask for all pages of each indicator.

    Returns
    -------
    list of Piece
        'gdp_page_01' and so on, 'population_page_01' and so on; the version is the day on which the
        World Bank last updated the indicator.

    Raises
    ------
    SourceError
        If the service answers with a message instead of figures, and as `Web.download`.
    """
    return [piece for table in INDICATORS for piece in _fetch(web, into, table)]


def _fetch(web: Web, into: Path, table: IndicatorTable) -> list[Piece]:
    url = f"country/all/indicator/{INDICATORS[table]}"
    pieces: list[Piece] = []
    pages = 1
    while len(pieces) < pages:
        name = f"{_label(table)}_page_{len(pieces) + 1:02}"
        params = {"format": "json", "per_page": str(PER_PAGE), "page": str(len(pieces) + 1)}
        path = web.download(url, into / f"{name}.json", params=params)
        head, _ = read_page(path)
        pages = int(head["pages"])
        if not 1 <= pages <= _MOST_PAGES:
            raise SourceError(
                SOURCE,
                f"{web.address.url}/{url}",
                found=f"{pages} pages",
                expected=f"1 to {_MOST_PAGES} of {PER_PAGE} rows",
                todo=web.address.by_hand,
            )
        asked = "&".join(f"{key}={value}" for key, value in params.items())
        pieces.append(
            Piece(
                name,
                path,
                f"{web.address.url}/{url}?{asked}",
                str(head["lastupdated"]),
                "application/json",
            )
        )
    return pieces


def version(web: Web) -> str:
    """Ask for the days on which the indicators were last updated; errors as `fetch`."""
    found: dict[str, None] = {}
    for code in INDICATORS.values():
        url = f"country/all/indicator/{code}"
        params = {"format": "json", "per_page": "1", "page": "1"}
        with TemporaryDirectory(prefix="alliance-depth-") as folder:
            path = web.download(url, Path(folder, "head.json"), params=params)
            found[str(read_page(path)[0]["lastupdated"])] = None
    return ", ".join(found)


def _label(table: IndicatorTable) -> str:
    return table.removeprefix("raw_worldbank__")


def recognise(path: Path) -> str:
    """Name of the piece, 'gdp' or 'population'; `SourceError` says which file is wanted."""
    if not is_zip(SOURCE, path, _WANTED):
        raise refuse_table(SOURCE, path, _OTHERS, _WANTED)
    names = member_names(SOURCE, path, _WANTED)
    for table, code in INDICATORS.items():
        if any(re.fullmatch(_pattern(code), name) for name in names):
            return _label(table)
    raise refuse_members(SOURCE, path, names, _OTHERS, _WANTED)


def _pattern(code: str) -> str:
    return rf"API_{re.escape(code)}_DS2_\w+\.csv"


def read(pieces: Mapping[str, Path]) -> dict[str, pd.DataFrame]:
    """Tables of GDP and population; a file added by hand stands in place of the pages.

    Raises
    ------
    SourceError
        If there is neither a file nor a page of an indicator, and as the parsers.
    """
    return {table: _read(pieces, table) for table in INDICATORS}


def _read(pieces: Mapping[str, Path], table: IndicatorTable) -> pd.DataFrame:
    label = _label(table)
    if label in pieces:
        path = pieces[label]
        with member(SOURCE, path, _pattern(INDICATORS[table]), address(SOURCE)) as stream:
            return parse_download(stream.read(), f"{path}!{INDICATORS[table]}", table)
    pages = [path for name, path in sorted(pieces.items()) if name.startswith(f"{label}_page_")]
    if not pages:
        raise SourceError(
            SOURCE,
            ", ".join(sorted(pieces)) or "no piece",
            found=f"no figures of {label}",
            expected=f"the pages or the download of {INDICATORS[table]}",
            todo=f"add that of https://data.worldbank.org/indicator/{INDICATORS[table]} too, or "
            f"run: alliance-depth refresh {SOURCE}",
        )
    return parse_pages(pages, table)
