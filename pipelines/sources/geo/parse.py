"""Parsers of the two lists of states.

Does not belong here: which ISO code a number carries; that is `names.csv`.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import schemas
from pipelines.sources.reading import SourceError, read_delimited, require_unique, to_integer

SOURCE = "geo"
_FIRST_LINE = 2


def _whole(path: Path, raw: pd.DataFrame, column: str) -> pd.Series:
    return to_integer(SOURCE, path, raw[column], column, _FIRST_LINE)


def _dates(path: Path, raw: pd.DataFrame, columns: list[str]) -> pd.Series:
    """Read the dates in one column, or in three of year, month and day; all must be dates."""
    if len(columns) == 1:
        dates = pd.to_datetime(raw[columns[0]], format="%Y-%m-%d", errors="coerce")
    else:
        parts = zip(("year", "month", "day"), columns, strict=True)
        dates = pd.to_datetime(
            pd.DataFrame({part: _whole(path, raw, c) for part, c in parts}), errors="coerce"
        )
    if dates.isna().any():
        at = int(dates.isna().to_numpy().argmax())
        raise SourceError(
            SOURCE,
            path,
            line=at + _FIRST_LINE,
            found=str(raw.loc[at, columns].to_dict()),
            expected="a date",
            todo="look at the line; fetch the file again if it is damaged",
        )
    return dates


def parse_cow_states(path: Path) -> pd.DataFrame:
    """Read COW's state system membership list (``states2016.csv``).

    Parameters
    ----------
    path : Path
        Comma-separated, one row per spell of a state.

    Returns
    -------
    DataFrame
        ``raw_geo__cow_states``.

    Raises
    ------
    SourceError
        If the file is not that list, names a spell twice, holds a date that is none, or rows of
        two versions, which is also how a last row that was cut short shows.
    """
    columns = [
        "stateabb", "ccode", "statenme", "styear", "stmonth", "stday", "endyear", "endmonth",
        "endday", "version",
    ]  # fmt: skip
    # The producer ends the list without a line end.
    raw = read_delimited(SOURCE, path, columns, may_end_open=True)
    frame = pd.DataFrame(
        {
            "ccode": _whole(path, raw, "ccode"),
            "start_date": _dates(path, raw, ["styear", "stmonth", "stday"]),
            "end_date": _dates(path, raw, ["endyear", "endmonth", "endday"]),
            "state_abb": raw["stateabb"],
            "state_name": raw["statenme"],
            "version": _whole(path, raw, "version"),
        }
    )
    require_unique(SOURCE, path, frame, ["ccode", "start_date"], _FIRST_LINE)
    other = frame["version"] != frame["version"].iloc[0]
    if other.any():
        at = int(other.to_numpy().argmax())
        raise SourceError(
            SOURCE,
            path,
            line=at + _FIRST_LINE,
            found=f"version {frame['version'].iloc[at]} after {frame['version'].iloc[0]}",
            expected="one version in all rows",
            todo="the row is cut short, or two lists are mixed: fetch the file again",
        )
    return schemas.conform(frame, schemas.table("raw_geo__cow_states"))


def parse_gw_states(path: Path) -> pd.DataFrame:
    """Read Gleditsch and Ward's list of independent states.

    Returns
    -------
    DataFrame
        ``raw_geo__gw_states``.

    Raises
    ------
    SourceError
        As `parse_cow_states`.
    """
    columns = ["gwcode", "stateabb", "statename", "startdate", "enddate"]
    raw = read_delimited(SOURCE, path, columns)
    frame = pd.DataFrame(
        {
            "gwcode": _whole(path, raw, "gwcode"),
            "start_date": _dates(path, raw, ["startdate"]),
            "end_date": _dates(path, raw, ["enddate"]),
            "state_abb": raw["stateabb"],
            "state_name": raw["statename"],
        }
    )
    require_unique(SOURCE, path, frame, ["gwcode", "start_date"], _FIRST_LINE)
    return schemas.conform(frame, schemas.table("raw_geo__gw_states"))
