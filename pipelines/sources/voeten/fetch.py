"""Connector of Voeten's ideal points at Harvard's Dataverse.

Belongs here: which file of the data set holds the newest ideal points, and in which form the
Dataverse gives it. Does not belong here: what stands in it (`parse.py`).

Only the ideal points are fetched: no score rests on Voeten's votes (they serve to reconcile ours,
and left the data set after version 33), nor on the 140 MB of agreement scores.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.live.connector import Piece
from pipelines.sources.reading import SourceError
from pipelines.sources.voeten.parse import SOURCE, ideal_point_columns, parse_ideal_points

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.live.web import Web

DOI = "doi:10.7910/DVN/LEJUQZ"
PIECE = "ideal_points"
_LISTING = "api/datasets/:persistentId/"
_WANTED = re.compile(r"ideal[ _-]?point.*\.(csv|tab|dta)$", re.IGNORECASE)
_OTHER = re.compile(r"codebook|dyad|agreement|distance", re.IGNORECASE)


def fetch(web: Web, into: Path) -> list[Piece]:
    """Download the newest file of ideal points of the newest version of the data set.

    Parameters
    ----------
    web : Web
        To the Dataverse, which sends the caller on to its storage.
    into : Path
        Folder for the file.

    Returns
    -------
    list of Piece
        'ideal_points', with the version of the data set.

    Raises
    ------
    SourceError
        If the data set was withdrawn, lists no such file, restricts it, or its checksum fails.
    """
    version = _listed(web)
    entry = _newest(version, web)
    file = entry["dataFile"]
    original = str(file.get("originalFileName", ""))
    # What the Dataverse turned into a .tab of its own is asked for as it was deposited: the
    # checksum of the listing is of that. A Stata file serves us only as the .tab.
    turned = bool(original) and not original.lower().endswith(".dta")
    md5, sha256 = _checksums(file) if turned or not original else ("", "")
    url = f"{web.address.url}/api/access/datafile/{file['id']}"
    if turned:
        url += "?format=original"
    path = web.download(url, into / f"{PIECE}.csv", md5=md5, sha256=sha256)
    ideal_point_columns(path)
    return [Piece(PIECE, path, url, _number(version), "text/csv")]


def version(web: Web) -> str:
    """Ask for the number of the newest version of the data set; errors as `fetch`."""
    return _number(_listed(web))


def _listed(web: Web) -> dict[str, Any]:
    return _version(web.json(_LISTING, params={"persistentId": DOI}), web)


def _number(version: Mapping[str, Any]) -> str:
    return f"{version.get('versionNumber')}.{version.get('versionMinorNumber')}"


def _refused(web: Web, found: str, expected: str) -> SourceError:
    return SourceError(
        SOURCE,
        f"{web.address.url}/{_LISTING}?persistentId={DOI}",
        found=found,
        expected=expected,
        todo=web.address.by_hand,
    )


def _version(answer: Any, web: Web) -> dict[str, Any]:
    """Return the newest version of the data set, which must be a published one."""
    data = answer.get("data") if isinstance(answer, dict) else None
    version = data.get("latestVersion") if isinstance(data, dict) else None
    if not isinstance(version, dict):
        message = answer.get("message") if isinstance(answer, dict) else None
        raise _refused(web, f"the answer {str(message or answer)[:200]!r}", "a listing of files")
    state = version.get("versionState")
    if state != "RELEASED":
        note = version.get("deaccessionNote") or version.get("versionNote") or ""
        raise _refused(
            web, f"a version that is {state} {note}".rstrip(), "a version that is RELEASED"
        )
    return version


def _newest(version: Mapping[str, Any], web: Web) -> dict[str, Any]:
    """Return the entry of the newest file of ideal points, which must be open."""
    entries = [e for e in version.get("files", []) if isinstance(e.get("dataFile"), dict)]
    wanted = [e for e in entries if _WANTED.search(_name(e)) and not _OTHER.search(_name(e))]
    if not wanted:
        raise _refused(
            web, f"the files {[_name(e) for e in entries]}", "one such as Idealpointestimates*.csv"
        )

    def age(entry: Mapping[str, Any]) -> tuple[str, int]:
        file = entry["dataFile"]
        return str(file.get("publicationDate") or file.get("creationDate") or ""), int(file["id"])

    newest: dict[str, Any] = max(wanted, key=age)
    if newest.get("restricted") or newest["dataFile"].get("restricted"):
        raise _refused(web, f"the file {_name(newest)}, which is restricted", "an open file")
    return newest


def _name(entry: Mapping[str, Any]) -> str:
    """Name of a file as it was deposited."""
    file = entry["dataFile"]
    return str(file.get("originalFileName") or entry.get("label") or file.get("filename") or "")


def _checksums(file: Mapping[str, Any]) -> tuple[str, str]:
    """MD5 and SHA-256 that the listing gives of a file as deposited; empty where it has none."""
    stated = file.get("checksum") or {"type": "MD5", "value": file.get("md5", "")}
    sums = {str(stated.get("type", "")).upper(): str(stated.get("value", ""))}
    return sums.get("MD5", ""), sums.get("SHA-256", "")


def recognise(path: Path) -> str:
    """Say which piece a file is: always 'ideal_points'.

    Raises
    ------
    SourceError
        If it is not a file of ideal points.
    """
    ideal_point_columns(path)
    return PIECE


def read(pieces: Mapping[str, Path]) -> dict[str, pd.DataFrame]:
    """Parse the ideal points.

    Parameters
    ----------
    pieces : mapping of str to Path
        'ideal_points'.

    Returns
    -------
    dict of str to DataFrame
        ``raw_voeten__ideal_points``.

    Raises
    ------
    SourceError
        As `parse_ideal_points`.
    """
    return {"raw_voeten__ideal_points": parse_ideal_points(pieces[PIECE])}
