"""Connector of DESTA: the list of treaties, at the address that the page of downloads gives.

Does not belong here: what is in the list (`parse`), or the web.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pandas as pd

from pipelines.live.connector import Piece
from pipelines.sources.desta.parse import LIST_COLUMNS, parse_treaties
from pipelines.sources.packed import Kind, require_header
from pipelines.sources.reading import SourceError

if TYPE_CHECKING:
    from pipelines.live.web import Web

SOURCE = "desta"
# Every version has an address of its own that cannot be foretold, so the page is asked first.
PAGE = "downloads/"
PIECE = "treaties"
_LINK = re.compile(r"/desta_list_of_treaties_(\d+)_(\d+)\.csv$")
_WANTED = "DESTA's list of treaties as CSV (desta_list_of_treaties_02_03.csv), one row a treaty"
_OTHERS = (
    Kind("DESTA's withdrawals by pair", "", ("country1", "country2", "withdrawal")),
    Kind("DESTA's file of pairs of states", "", ("country1", "country2", "iso1", "iso2")),
    Kind("DESTA's indices of depth", "", ("number", "depth_index")),
    Kind("DESTA's coding of contents, without members", "", ("number", "base_treaty")),
)


def fetch(web: Web, into: Path) -> list[Piece]:
    """Download the newest list that the page links to; its version stands in the file's name."""
    newest, link = _listed(web, into)
    url = urljoin(f"{web.address.url}/{PAGE}", link)
    path = web.download(url, into / url.rpartition("/")[2])
    return [Piece(PIECE, path, url, newest, "text/csv")]


def version(web: Web) -> str:
    """Ask the page for the version of its newest list; errors as `fetch`."""
    with TemporaryDirectory(prefix="alliance-depth-") as folder:
        return _listed(web, Path(folder))[0]


def _listed(web: Web, into: Path) -> tuple[str, str]:
    """Version of the newest list that the page links to, and the link."""
    page = web.download(PAGE, into / "downloads.html", media_types=("text/html",))
    links = _Links()
    links.feed(page.read_bytes().decode("utf-8", "replace"))
    page.unlink()
    listed = {tuple(map(int, m.groups())): m.string for m in map(_LINK.search, links.found) if m}
    if not listed:
        raise SourceError(
            SOURCE,
            f"{web.address.url}/{PAGE}",
            found=f"no link to a list of treaties among {len(links.found)} links",
            expected="a link that ends in desta_list_of_treaties_<version>.csv",
            todo=f"open {web.address.page} in a browser, save the list of treaties as CSV, and "
            f"run: alliance-depth source add {SOURCE} FILE",
        )
    newest = max(listed)
    return ".".join(f"{part:02}" for part in newest), listed[newest]


def recognise(path: Path) -> str:
    """Name of the piece; `SourceError` says what else it is and which file is wanted."""
    require_header(SOURCE, path, LIST_COLUMNS, _OTHERS, _WANTED)
    return PIECE


def read(pieces: Mapping[str, Path]) -> dict[str, pd.DataFrame]:
    """Table ``raw_desta__members``; errors as its parser's."""
    return {"raw_desta__members": parse_treaties(pieces[PIECE])}


class _Links(HTMLParser):
    """Targets of a page's links."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found += [value for name, value in attrs if name == "href" and value]
