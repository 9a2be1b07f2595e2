"""Connector of CEPII's BACI: one zip of all years, of the newest version that its page names.

Belongs here: which version is the newest, the zip's years, and the years that are reduced already.
Does not belong here: what is in a year (`parse`), the web, or unpacking.

pooch is not used: it fetches by a checksum known beforehand, and a new version's is not; and the
zip is too large to unpack. Nothing is unpacked to disk: each year is summed as it is inflated.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urljoin
from zipfile import ZipFile

import pandas as pd

import schemas
from pipelines.live.archives import member
from pipelines.live.connector import Piece
from pipelines.live.web import address
from pipelines.sources.baci.parse import REDUCTION, SOURCE, reduce_year
from pipelines.sources.packed import Kind, is_zip, member_names, refuse_members, refuse_table
from pipelines.sources.reading import SourceError
from warehouse.tables import read as read_table
from warehouse.tables import write

if TYPE_CHECKING:
    from pipelines.live.web import Web

PIECE = "archive"
TABLE = "raw_baci__flows"
# From the host's root: the page is outside the folder of the data.
PAGE = "/CEPII/en/bdd_modele/bdd_modele_item.asp?id=37"
# HS 1992 is the longest of the revisions, from 1995.
_LINK = re.compile(r"BACI_HS92_V(\d{6}[a-z]?)\.zip")
# A month of release, as the page's text names the newest version.
_VERSION = re.compile(r"\b(20\d\d(?:0[1-9]|1[0-2])[a-z]?)\b")
_YEAR = re.compile(r"BACI_HS92_Y(\d{4})_V(\d{6}[a-z]?)\.csv", re.IGNORECASE)
_WANTED = "BACI's zip of all years in HS 1992 (BACI_HS92_V<version>.zip)"
_OTHERS = (
    Kind("BACI in another revision of the Harmonized System", r"BACI_HS\d\d_Y\d{4}_V\w+\.csv"),
    Kind("a year of BACI without the others", "", ("t", "i", "j", "k", "v", "q")),
    Kind("BACI's list of countries", "", ("country_code",)),
)
_TYPES = ("application/zip", "application/x-zip-compressed")


def fetch(web: Web, into: Path) -> list[Piece]:
    """Download the newest version in HS 1992, about 2.5 GB.

    Raises
    ------
    SourceError
        If the page names no version, or as `Web.download`.
    """
    version = _newest(web, into)
    file = f"BACI_HS92_V{version}.zip"
    path = web.download(file, into / file, media_types=_TYPES)
    return [Piece(PIECE, path, f"{web.address.url}/{file}", version, "application/zip")]


def _newest(web: Web, into: Path) -> str:
    """Newest version on the page: by its links, and where it has none by the months it names."""
    url = urljoin(web.address.url, PAGE)
    page = web.download(url, into / "page.html", media_types=("text/html",))
    text = page.read_bytes().decode("utf-8", "replace")
    page.unlink()
    versions = _LINK.findall(text) or _VERSION.findall(text)
    if not versions:
        raise SourceError(
            SOURCE,
            url,
            found="a page that names no version",
            expected="a link to BACI_HS92_V<version>.zip",
            todo=web.address.by_hand,
        )
    return max(versions)


def recognise(path: Path) -> str:
    """Name of the piece; `SourceError` says what else it is and which file is wanted."""
    _years(path)
    return PIECE


def read(pieces: Mapping[str, Path], cache: Path | None = None) -> dict[str, pd.DataFrame]:
    """Table ``raw_baci__flows`` of all years; errors as `read_years`."""
    return {TABLE: read_years(pieces[PIECE], cache)}


def read_years(
    path: Path, cache: Path | None = None, years: Iterable[int] | None = None
) -> pd.DataFrame:
    """Reduce years of the zip to totals of pairs, each that is not yet in the cache.

    Parameters
    ----------
    path : Path
        The zip.
    cache : Path, optional
        Folder of reduced years, each under its member's name and checksum: a year that changed is
        reduced alone. None keeps nothing.
    years : iterable of int, optional
        Those wanted; all by default.

    Returns
    -------
    DataFrame
        Table ``raw_baci__flows``.

    Raises
    ------
    SourceError
        If the zip is damaged, lacks a year, mixes versions or holds more than its address allows;
        or if a year is not what `reduce_year` expects.
    """
    members = _years(path)
    wanted = sorted(members if years is None else set(years))
    missing = [year for year in wanted if year not in members]
    if missing:
        raise _fault(
            path, f"no year {missing} among {min(members)} to {max(members)}", "the years asked for"
        )
    frames = [_year(path, members[year], year, cache) for year in wanted]
    return schemas.conform(pd.concat(frames, ignore_index=True), schemas.table(TABLE))


def _year(path: Path, name: str, year: int, cache: Path | None) -> pd.DataFrame:
    """One year, from the cache where its bytes are known there."""
    definition = schemas.table(TABLE)
    with ZipFile(path) as archive:
        info = archive.getinfo(name)
    stem = f"{PurePosixPath(name).stem}-{info.CRC:08x}-{info.file_size}-{REDUCTION}"
    kept = cache / f"{stem}.parquet" if cache else None
    if kept and kept.is_file():
        return read_table(kept, definition)
    pattern = re.escape(PurePosixPath(name).name)
    opened = partial(member, SOURCE, path, pattern, address(SOURCE))
    frame = reduce_year(opened, f"{path}!{name}", year)
    return write(frame, definition, kept) if kept else frame


def _years(path: Path) -> dict[int, str]:
    """Member of each year; one version, no year left out."""
    if not is_zip(SOURCE, path, _WANTED):
        raise refuse_table(SOURCE, path, _OTHERS, _WANTED)
    names = member_names(SOURCE, path, _WANTED)
    found = [m for m in map(_match, names) if m]
    if not found:
        raise refuse_members(SOURCE, path, names, _OTHERS, _WANTED)
    versions = sorted({m[2] for m in found})
    if len(versions) > 1:
        raise _fault(path, f"years of the versions {versions}", "one version, never mixed")
    years = sorted(int(m[1]) for m in found)
    if years != list(range(years[0], years[-1] + 1)):
        gaps = sorted(set(range(years[0], years[-1] + 1)) - set(years))
        raise _fault(
            path,
            f"no member of the years {gaps}" if gaps else f"a year twice among {years}",
            "each year once from the first to the last",
        )
    return {int(m[1]): m.string for m in found}


def _match(name: str) -> re.Match[str] | None:
    found = _YEAR.search(name)
    return found if found and found.end() == len(name) else None


def _fault(path: Path, found: str, expected: str) -> SourceError:
    return SourceError(SOURCE, path, found=found, expected=expected, todo=address(SOURCE).by_hand)
