"""Connector of UNCTADstat's merchandise totals: the bulk download, a 7z archive of one CSV.

Belongs here: where the archive is, what it may hold, and which file is which piece. Does not belong
here: what stands in the CSV (`parse`), or the web.

UNCTADstat's query service needs a key; its bulk download needs none, and is the same series as the
starter's, back to 1948. The World Bank's totals (TX.VAL.MRCH.CD.WT, TM.VAL.MRCH.CD.WT) could stand
in without a key, but lack Taiwan, the years before 1960 and the states that are gone; they are not
read, so that all denominators are of one series. pooch is not used: it checks a file against a
checksum known beforehand, and a new vintage's is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pandas as pd

from pipelines.live.archives import MOST_RATIO, RATIO_COUNTS_FROM
from pipelines.live.connector import Piece
from pipelines.live.web import MB, address
from pipelines.sources.packed import Kind, refuse_members, refuse_table, require_header
from pipelines.sources.reading import SourceError, require_file
from pipelines.sources.unctad_trade.parse import parse_bulk

if TYPE_CHECKING:
    from pipelines.live.web import Web

SOURCE = "unctad_trade"
FILE = "bulkdownload/US.TradeMerchTotal/US_TradeMerchTotal"
PIECE = "totals"
MEMBER = "US_TradeMerchTotal.csv"
_SEVEN_ZIP = b"7z\xbc\xaf\x27\x1c"
_WANTED = (
    "UNCTADstat's bulk download of US.TradeMerchTotal (US_TradeMerchTotal.7z, or the CSV in it)"
)
_COLUMNS = ("year", "economy", "economy label", "flow", "flow label")
_OTHERS = (
    Kind("another table of UNCTADstat", r"US_\w+\.csv", ("year", "economy", "economy label")),
)


def fetch(web: Web, into: Path) -> list[Piece]:
    """Download the archive; its version is the day on which UNCTAD wrote the CSV in it."""
    path = web.download(FILE, into / "US_TradeMerchTotal.7z")
    with _opened(path) as archive:
        written = _member(path, archive).creationtime
    version = written.date().isoformat() if written else ""
    url = f"{web.address.url}/{FILE}"
    return [Piece(PIECE, path, url, version, "application/x-7z-compressed")]


def recognise(path: Path) -> str:
    """Name of the piece, for the archive or the CSV in it; `SourceError` says which is wanted."""
    if _is_packed(path):
        with _opened(path) as archive:
            _member(path, archive)
        return PIECE
    require_header(SOURCE, path, _COLUMNS, _OTHERS, _WANTED)
    return PIECE


def read(pieces: Mapping[str, Path]) -> dict[str, pd.DataFrame]:
    """Table ``raw_unctad__merchandise_totals``; errors as its parser's."""
    path = pieces[PIECE]
    if not _is_packed(path):
        return {"raw_unctad__merchandise_totals": parse_bulk(path)}
    with TemporaryDirectory() as folder:
        csv = _unpacked(path, Path(folder))
        try:
            frame = parse_bulk(csv)
        except SourceError as error:
            error.file = f"{path}!{MEMBER}"
            error.args = (str(error).replace(str(csv), error.file, 1),)
            raise
    return {"raw_unctad__merchandise_totals": frame}


def _is_packed(path: Path) -> bool:
    start = require_file(SOURCE, path, _WANTED)
    if start.startswith(b"PK"):
        raise refuse_table(SOURCE, path, _OTHERS, _WANTED)
    return start.startswith(_SEVEN_ZIP)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open the archive; whatever breaks in it becomes a `SourceError`."""
    import lzma

    import py7zr

    require_file(SOURCE, path, _WANTED)
    try:
        with py7zr.SevenZipFile(path) as archive:
            yield archive
    except (py7zr.exceptions.ArchiveError, lzma.LZMAError, EOFError, OSError, ValueError) as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(
            SOURCE,
            path,
            found=f"a 7z archive that is cut short or damaged ({error})",
            expected=_WANTED,
            todo=f"run again: alliance-depth refresh {SOURCE}; or {address(SOURCE).by_hand}",
        ) from None


def _member(path: Path, archive: Any) -> Any:
    """The entry of the CSV, after a look at all entries: nothing else is unpacked."""
    entries = archive.list()
    found = [e for e in entries if e.filename == MEMBER and not (e.is_directory or e.is_symlink)]
    if len(found) != 1:
        raise refuse_members(SOURCE, path, [e.filename for e in entries], _OTHERS, _WANTED)
    size, most = found[0].uncompressed, address(SOURCE).max_unpacked_mb * MB
    if size > min(most, max(RATIO_COUNTS_FROM, MOST_RATIO * path.stat().st_size)):
        raise SourceError(
            SOURCE,
            path,
            found=f"{MEMBER} of {size / MB:,.0f} MB once unpacked",
            expected=f"at most {most / MB:g} MB, and {MOST_RATIO} times the archive's size: more "
            "is a decompression bomb",
            todo=address(SOURCE).by_hand,
        )
    return found[0]


def _unpacked(path: Path, folder: Path) -> Path:
    with _opened(path) as archive:
        _member(path, archive)
        archive.extract(folder, targets=[MEMBER])
    return folder / MEMBER
