"""Connector of the IMF's IMTS: the SDMX service for all reporters, or the portal's export by hand.

Belongs here: what is asked of the service, in which blocks, and which file is which piece. Does not
belong here: what stands in a reply (`service`) or in the export (`parse`), or the web.

The service can answer with structure-specific SDMX-ML 2.1 or with SDMX-CSV. The XML is taken: the
CSV repeats publisher, citation and dates in each row, which makes it four times as long. sdmx1 is
not used for the requests, since the bytes are kept as they came, nor to read them, since it takes
twenty times as long (see `service`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

import schemas
from pipelines.live.connector import Piece
from pipelines.sources.imf.parse import parse_imts_portal
from pipelines.sources.imf.service import (
    check_world,
    has_observations,
    parse_codes,
    parse_replies,
)
from pipelines.sources.names import load_map
from pipelines.sources.packed import Kind, refuse_table, require_header
from pipelines.sources.reading import SourceError, require_file

if TYPE_CHECKING:
    from pipelines.live.web import Web

SOURCE = "imf"
TABLE = "raw_imf__imts"
FLOW = "IMF.STA,IMTS"
CODES = "codelist/IMF.STA/CL_IMTS_COUNTRY"
ACCEPT = "application/vnd.sdmx.structurespecificdata+xml;version=2.1"
FIRST_YEAR = 1948
# All partners and years of one reporter are some megabytes.
BLOCK = 5
_WANTED = "a CSV export of IMTS from the IMF's data portal (exports FOB and imports CIF, yearly)"
_OTHERS = (
    Kind("SDMX-CSV of the service", "", ("dataflow", "counterpart_country", "obs_value")),
    Kind("another export of the portal", "", ("series_code",)),
)


def fetch(web: Web, into: Path) -> list[Piece]:
    """Ask for the list of economies, then for the flows of all of them, a few at a time.

    Parameters
    ----------
    web : Web
        To the service.
    into : Path
        Folder for the files.

    Returns
    -------
    list of Piece
        'countries', and 'imts_<first>_<last>' for each block of reporters.

    Raises
    ------
    SourceError
        If a reply holds no observation: the service answers a wrong code with an empty message and
        HTTP 200; and as `Web.download`.
    """
    path = web.download(CODES, into / "countries.xml")
    pieces = [Piece("countries", path, f"{web.address.url}/{CODES}", "", "application/xml")]
    names = load_map(Path(__file__).parent)
    economies = set(names.loc[names["kind"].isin(["state", "territory"]), "name"])
    reporters = sorted(economies & set(parse_codes(path)))
    if not reporters:
        raise _empty(f"{web.address.url}/{CODES}", "no economy of names.csv", web)
    blocks = [reporters[at : at + BLOCK] for at in range(0, len(reporters), BLOCK)]
    return pieces + [_fetch(web, into, block) for block in blocks]


def _fetch(web: Web, into: Path, reporters: list[str]) -> Piece:
    key = f"{'+'.join(reporters)}.MG_CIF_USD+XG_FOB_USD..A"
    name = f"imts_{reporters[0]}_{reporters[-1]}"
    url = f"data/{FLOW}/{key}"
    path = web.download(
        url,
        into / f"{name}.xml",
        params={"startPeriod": str(FIRST_YEAR)},
        headers={"Accept": ACCEPT},
    )
    full = f"{web.address.url}/{url}?startPeriod={FIRST_YEAR}"
    if not has_observations(path):
        raise _empty(full, f"HTTP 200 and no observation of {', '.join(reporters)}", web)
    return Piece(name, path, full, _updated(path), "application/xml")


def _updated(path: Path) -> str:
    """Day on which the IMF last updated the flow, as the message's head says; empty if not."""
    with path.open("rb") as stream:
        found = re.search(rb'UPDATE_DATE="(\d{4}-\d\d-\d\d)', stream.read(16_384))
    return found[1].decode() if found else ""


def _empty(url: str, found: str, web: Web) -> SourceError:
    return SourceError(
        SOURCE,
        url,
        found=found,
        expected="yearly flows of goods",
        todo="see whether the service has changed its codes (dataflow IMF.STA,IMTS); "
        f"or {web.address.by_hand}",
    )


def recognise(path: Path) -> str:
    """Name of the piece, for the portal's export; `SourceError` says what else it is."""
    start = require_file(SOURCE, path, _WANTED).lstrip(b"\xef\xbb\xbf \r\n")
    if start.startswith(b"<"):
        raise SourceError(
            SOURCE,
            path,
            found="an XML message of the service",
            expected=_WANTED,
            todo="export the figures as CSV, or run: alliance-depth refresh imf",
        )
    if b"SERIES_CODE" not in start:
        raise refuse_table(SOURCE, path, _OTHERS, _WANTED)
    require_header(SOURCE, path, {"series_code", "counterpart_country"}, _OTHERS, _WANTED)
    return "portal"


def read(pieces: Mapping[str, Path]) -> dict[str, pd.DataFrame]:
    """Table ``raw_imf__imts``; a portal's export stands in place of its reporters' replies."""
    replies = [path for name, path in sorted(pieces.items()) if name.startswith("imts_")]
    frames = []
    if "portal" in pieces:
        frames.append(parse_imts_portal(pieces["portal"]))
        check_world(frames[0], pieces["portal"])
    if replies:
        flows = parse_replies(replies, parse_codes(pieces["countries"]))
        given = set(frames[0]["reporter"]) if frames else set()
        frames.append(flows[~flows["reporter"].isin(given)])
    both = frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)
    return {TABLE: schemas.conform(both, schemas.table(TABLE))}
