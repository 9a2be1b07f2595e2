"""UNCTAD's investment treaties: by hand only, since the navigator has no address for a program.

The navigator shows a table for each economy and saves it as a workbook at the press of a button;
no file of all treaties, no address of a workbook and no service for programs is known. A vintage
is a zip of such workbooks, one for each economy, made by a person.

Does not belong here: what is in the workbooks (`parse`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from pipelines.live.connector import Piece
from pipelines.sources.investment_treaties.parse import parse_zip
from pipelines.sources.packed import is_zip, member_names, refuse_members, refuse_table
from pipelines.sources.reading import SourceError

if TYPE_CHECKING:
    from pipelines.live.web import Web

SOURCE = "investment_treaties"
PIECE = "workbooks"
BY_HAND = True
_WANTED = "one zip of the navigator's workbooks (.xlsx), one for each economy"


def fetch(web: Web, into: Path) -> list[Piece]:  # noqa: ARG001 (a connector's signature)
    """Raise `SourceError` with the page to open and the command to run."""
    page = web.address.page
    raise SourceError(
        SOURCE,
        page,
        found="no address that a program may use",
        expected=_WANTED,
        todo=f"open {page} in a browser, save the workbook of each economy, put them into one "
        f"zip, and run: alliance-depth source add {SOURCE} FILE",
    )


def recognise(path: Path) -> str:
    """Name of the piece; `SourceError` says what else it is and which file is wanted."""
    if not is_zip(SOURCE, path, _WANTED):
        raise refuse_table(SOURCE, path, (), _WANTED)
    names = member_names(SOURCE, path, _WANTED)
    if not any(name.lower().endswith(".xlsx") for name in names):
        raise refuse_members(SOURCE, path, names, (), _WANTED)
    return PIECE


def read(pieces: Mapping[str, Path]) -> dict[str, pd.DataFrame]:
    """Table ``raw_unctad__investment_treaties``; errors as its parser's."""
    return {"raw_unctad__investment_treaties": parse_zip(pieces[PIECE])}
