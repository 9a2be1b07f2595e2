"""Parser of the compiled file of Russia's bilateral trade.

Belongs here: reading the file and its remarks. Does not belong here: choosing between alternative
figures (`reconcile`).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import schemas
from pipelines.sources.reading import (
    SourceError,
    read_delimited,
    require_unique,
    to_integer,
    to_number,
)

_SOURCE = "russia_trade"
_KEY = ["year", "reporter_iso3", "partner_iso3", "flow", "source"]
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_ONLY = rf"\b({'|'.join(_MONTHS)})-({'|'.join(_MONTHS)}) ONLY"
_FISCAL = r"\bFY ?\d{4}|Iranian year"
_CENTRE = "RUS"


def parse_bilateral(path: Path) -> pd.DataFrame:
    """Read the compiled reports, every alternative in a row of its own.

    Parameters
    ----------
    path : Path
        CSV file with the columns year, reporter_iso3, partner_iso3, flow, value_usd, source,
        quality.

    Returns
    -------
    DataFrame
        Table ``raw_russia_trade__reports``.

    Raises
    ------
    SourceError
        If the file is not such a table, a row is not about Russia, has no grade, an unknown flow,
        or covers a part of a year without saying which.
    """
    text = read_delimited(_SOURCE, path, [*_KEY, "value_usd", "quality"])
    frame = text[[*_KEY[1:], "quality"]].copy()
    frame["year"] = to_integer(_SOURCE, path, text["year"], "year", first_line=2)
    frame["value_usd"] = to_number(
        _SOURCE, path, text["value_usd"], "value_usd", first_line=2, blank=()
    )
    frame["quality_grade"] = frame["quality"].str.extract(r"^([ABCD])_", expand=False)
    span = frame["source"].str.extract(_ONLY)
    first, last = (span[i].map({m: n for n, m in enumerate(_MONTHS)}) for i in (0, 1))
    frame["is_partial_year"] = frame["quality"].str.startswith("D_partial_year") | first.notna()
    months = (last - first + 1).where(frame["is_partial_year"], 12)
    frame["is_fiscal_year"] = frame["quality"].str.contains("fiscal_year") | frame[
        "source"
    ].str.contains(_FISCAL)
    _require(
        path,
        frame["quality_grade"].notna(),
        frame["quality"],
        "quality",
        "a remark that starts with A_, B_, C_ or D_",
    )
    _require(
        path,
        frame["flow"].isin(["export", "import", "turnover"]),
        frame["flow"],
        "flow",
        "export, import or turnover",
    )
    _require(
        path,
        (frame["reporter_iso3"] == _CENTRE) ^ (frame["partner_iso3"] == _CENTRE),
        frame["reporter_iso3"] + " with " + frame["partner_iso3"],
        "the pair",
        f"{_CENTRE} as one of the two, and only one",
    )
    _require(
        path,
        months > 0,
        frame["source"],
        "source",
        "the months that a part-year figure covers, as JAN-SEP ONLY",
    )
    require_unique(_SOURCE, path, frame, _KEY, first_line=2)
    frame["months_covered"] = months.astype("int64")
    # A number by rank of the source keeps the identifier when the file's rows are reordered.
    number = frame.groupby(_KEY[:4])["source"].rank().astype("int64").astype("str")
    pair = frame["reporter_iso3"] + "-" + frame["partner_iso3"]
    frame["report_id"] = (
        frame["year"].astype("str") + "-" + pair + "-" + frame["flow"] + "-" + number
    )
    return schemas.conform(frame, schemas.table("raw_russia_trade__reports"))


def _require(path: Path, good: pd.Series, shown: pd.Series, what: str, expected: str) -> None:
    if good.all():
        return
    at = int((~good.to_numpy(dtype=bool)).argmax())
    raise SourceError(
        _SOURCE,
        path,
        line=at + 2,
        found=f"{what} {shown.iloc[at]!r}",
        expected=expected,
        todo="correct the row of the compiled file",
    )
