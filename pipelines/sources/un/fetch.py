"""Connector of the UN Digital Library's two exports of votes.

Belongs here: which file of the two records is the newest, and which export a file is. Does not
belong here: what stands in it (`parse.py`), or how the web is asked (`pipelines.live.web`).

The library puts a robot check before its files (an empty 202, or 403); the error then says which
page to open and what to run, and a file saved by hand is read the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.live.connector import Piece
from pipelines.sources.reading import SourceError
from pipelines.sources.un.parse import SOURCE, body_of, parse_ga, parse_sc

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.live.web import Web

# Record of each export, under which every vintage so far is a file of its own.
RECORDS = {"ga": "4060887", "sc": "4055387"}
_LISTING = "api/v1/file"
_PARSERS = {"ga_votes": parse_ga, "sc_votes": parse_sc}


def fetch(web: Web, into: Path) -> list[Piece]:
    """Download the newest export of each body.

    Parameters
    ----------
    web : Web
        To the library.
    into : Path
        Folder for the files.

    Returns
    -------
    list of Piece
        'ga_votes' and 'sc_votes'; the version is the date in the file's name.

    Raises
    ------
    SourceError
        If the library turns the program away, lists no export, or gives another file.
    """
    return [_fetch(web, into, body) for body in RECORDS]


def version(web: Web) -> str:
    """Ask for the dates of the newest exports; errors as `fetch`."""
    return ", ".join(dict.fromkeys(_listed(web, body)[1] for body in RECORDS))


def _listed(web: Web, body: str) -> tuple[str, str]:
    return newest(web.json(_LISTING, params={"recid": RECORDS[body]}), body, web)


def _fetch(web: Web, into: Path, body: str) -> Piece:
    file, dated = _listed(web, body)
    # By the record's own address: the listing's links name the public host, whatever we were told.
    url = f"{web.address.url}/record/{RECORDS[body]}/files/{file}"
    path = web.download(url, into / f"{body}_votes.csv")
    if body_of(path) != body:
        raise SourceError(
            SOURCE,
            url,
            found=f"the {body_of(path).upper()} export",
            expected=f"the {body.upper()} export",
            todo=web.address.by_hand,
        )
    return Piece(f"{body}_votes", path, url, dated, "text/csv")


def newest(listing: Any, body: str, web: Web) -> tuple[str, str]:
    """Pick the newest export from a record's listing.

    Parameters
    ----------
    listing : object
        The library's answer: a list of objects with `name` and `format` ('.csv').
    body : str
        'ga' or 'sc'.
    web : Web
        Named in the error.

    Returns
    -------
    tuple of str
        Name of the file, and its date, ISO.

    Raises
    ------
    SourceError
        If no export is listed.
    """
    entries = [e for e in listing if isinstance(e, dict)] if isinstance(listing, list) else []
    files = [f"{e.get('name', '')}{e.get('format', '')}" for e in entries]
    # Months and days have one digit or two; a corrected file has a longer name.
    form = re.compile(rf"(\d{{4}})_(\d{{1,2}})_(\d{{1,2}})_{body}_voting\w*\.csv", re.IGNORECASE)
    dated = [
        (tuple(int(part) for part in found.groups()), len(file), file)
        for file in files
        if (found := form.fullmatch(file))
    ]
    if not dated:
        raise SourceError(
            SOURCE,
            f"{web.address.url}/{_LISTING}?recid={RECORDS[body]}",
            found=f"the files {files}" if files else f"the answer {str(listing)[:100]!r}",
            expected=f"a file such as 2026_02_06_{body}_voting.csv",
            todo=web.address.by_hand,
        )
    (year, month, day), _, file = max(dated)
    return file, f"{year}-{month:02}-{day:02}"


def recognise(path: Path) -> str:
    """Say which piece a file is: 'ga_votes' or 'sc_votes'.

    Parameters
    ----------
    path : Path
        The library's CSV, gzipped or not, or a Parquet file of its layout.

    Raises
    ------
    SourceError
        If it is neither export.
    """
    return f"{body_of(path)}_votes"


def read(pieces: Mapping[str, Path]) -> dict[str, pd.DataFrame]:
    """Parse both exports.

    Parameters
    ----------
    pieces : mapping of str to Path
        'ga_votes' and 'sc_votes'.

    Returns
    -------
    dict of str to DataFrame
        Roll calls and votes of each body.

    Raises
    ------
    SourceError
        If one is missing, or not what `parse_ga` and `parse_sc` read.
    """
    frames: dict[str, pd.DataFrame] = {}
    for name, parse in _PARSERS.items():
        if name not in pieces:
            raise SourceError(
                SOURCE,
                "the vintage",
                found=f"only {sorted(pieces)}",
                expected=f"also {name}",
                todo="give both exports at once: alliance-depth source add un GA_FILE SC_FILE",
            )
        frames |= parse(pieces[name])
    return frames
