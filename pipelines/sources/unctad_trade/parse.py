"""Parser of UNCTADstat's merchandise totals.

Belongs here: reading the file. Does not belong here: joining a predecessor's years to its
successor's, which the map of names states and a later layer does.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import schemas
from pipelines.sources.reading import (
    SourceError,
    read_parquet,
    require_unique,
    to_integer,
    to_number,
)

_SOURCE = "unctad_trade"
_TEXT = {"unctad_code": "unctad_code", "iso3": "unctad_iso3", "economy": "economy", "flow": "flow"}
_FLOWS = ("exports", "imports")
_NULLABLE = ["unctad_iso3", "footnote"]


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
    other = ~frame["flow"].isin(_FLOWS).to_numpy()
    if other.any():
        at = int(other.argmax())
        raise SourceError(
            _SOURCE,
            path,
            row=at + 1,
            found=f"flow = {frame['flow'].iloc[at]!r}",
            expected=f"one of {_FLOWS}",
            todo="take the file of goods (merchandise) totals by direction",
        )
    require_unique(_SOURCE, path, frame, ["unctad_code", "year", "flow"])
    return schemas.conform(frame, schemas.table("raw_unctad__merchandise_totals"))
