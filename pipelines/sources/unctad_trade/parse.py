"""Parsers of UNCTADstat's merchandise totals: the compiled file, and the CSV of the bulk download.

Belongs here: reading either. Does not belong here: unpacking, or joining a predecessor's years to
its successor's, which the map of names states and a later layer does.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import schemas
from pipelines.sources.reading import (
    SourceError,
    read_delimited,
    read_parquet,
    require_columns,
    require_unique,
    to_integer,
    to_number,
)

_SOURCE = "unctad_trade"
_TEXT = {"unctad_code": "unctad_code", "iso3": "unctad_iso3", "economy": "economy", "flow": "flow"}
_FLOWS = ("exports", "imports")
_NULLABLE = ["unctad_iso3", "footnote"]
_BULK = {"Economy": "unctad_code", "Economy Label": "economy", "Flow Label": "flow"}
# The second is the name in files before 2023.
_VALUES = ("US$ at current prices in millions", "US dollars at current prices in millions")


def parse_merchandise_totals(path: Path) -> pd.DataFrame:
    """Read the file of totals.

    Parameters
    ----------
    path : Path
        Parquet file with the columns iso3, unctad_code, economy, year, flow, value_usd_mn,
        footnote.

    Returns
    -------
    DataFrame
        Table ``raw_unctad__merchandise_totals``.

    Raises
    ------
    SourceError
        If the file is not such a table, a flow is neither exports nor imports, or an economy's
        year stands twice.
    """
    raw = read_parquet(_SOURCE, path, [*_TEXT, "year", "value_usd_mn", "footnote"])
    frame = raw[[*_TEXT, "footnote"]].rename(columns=_TEXT).astype("str")
    frame[_NULLABLE] = frame[_NULLABLE].where(frame[_NULLABLE] != "")
    frame["year"] = to_integer(_SOURCE, path, raw["year"], "year")
    frame["value_usd_millions"] = to_number(_SOURCE, path, raw["value_usd_mn"], "value_usd_mn")
    _require_flows(path, frame["flow"])
    require_unique(_SOURCE, path, frame, ["unctad_code", "year", "flow"])
    return schemas.conform(frame, schemas.table("raw_unctad__merchandise_totals"))


def parse_bulk(path: Path) -> pd.DataFrame:
    """Read the CSV of the bulk download of US.TradeMerchTotal.

    Parameters
    ----------
    path : Path
        One line an economy, year and direction; footnotes in columns of their own. It has no
        letter codes.

    Returns
    -------
    DataFrame
        Table ``raw_unctad__merchandise_totals``.

    Raises
    ------
    SourceError
        As `parse_merchandise_totals`.
    """
    text = read_delimited(_SOURCE, path, [*_BULK, "Year"])
    value = next((name for name in _VALUES if name in text.columns), _VALUES[0])
    require_columns(_SOURCE, path, text.columns, [value, f"{value} Footnote"])
    first = 2
    frame = text[list(_BULK)].rename(columns=_BULK)
    frame["flow"] = frame["flow"].str.lower()
    _require_flows(path, frame["flow"], first)
    frame["year"] = to_integer(_SOURCE, path, text["Year"], "Year", first)
    frame["value_usd_millions"] = to_number(_SOURCE, path, text[value], value, first)
    note = text[f"{value} Footnote"]
    frame["footnote"] = note.where(note != "")
    frame["unctad_iso3"] = pd.Series(pd.NA, index=frame.index, dtype="str")
    require_unique(_SOURCE, path, frame, ["unctad_code", "year", "flow"], first)
    return schemas.conform(frame, schemas.table("raw_unctad__merchandise_totals"))


def _require_flows(path: Path, flows: pd.Series, first_line: int | None = None) -> None:
    other = ~flows.isin(_FLOWS).to_numpy()
    if other.any():
        at = int(other.argmax())
        raise SourceError(
            _SOURCE,
            path,
            row=at + 1 if first_line is None else None,
            line=None if first_line is None else at + first_line,
            found=f"flow = {flows.iloc[at]!r}",
            expected=f"one of {_FLOWS}",
            todo="take the file of goods (merchandise) totals by direction",
        )
