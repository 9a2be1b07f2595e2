"""Parsers of the two lists of states.

Does not belong here: which ISO code a number carries; that is `names.csv`.
"""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pandas as pd

import schemas
from pipelines.sources.reading import (
    SourceError,
    read_text,
    require_columns,
    require_unique,
    to_number,
)

SOURCE = "geo"


def _read(path: Path, columns: list[str]) -> pd.DataFrame:
    text = read_text(SOURCE, path)
    frame = pd.read_csv(StringIO(text), dtype="str", keep_default_na=False)
    require_columns(SOURCE, path, frame.columns, columns)
    return frame[columns]


def _date(path: Path, parts: pd.DataFrame) -> pd.Series:
    """Join year, month and day; a day that is none is an error."""
    numbers = pd.DataFrame(
        {
            name: to_number(SOURCE, path, parts[column], column, first_line=2)
            for name, column in zip(("year", "month", "day"), parts.columns, strict=True)
        }
    )
    text = numbers["year"].map("{:04.0f}".format) + numbers["month"].map("-{:02.0f}".format)
    text = text + numbers["day"].map("-{:02.0f}".format)
    return _day(path, text)


def _day(path: Path, text: pd.Series) -> pd.Series:
    dates = pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")
    if dates.isna().any():
        at = int(dates.isna().to_numpy().argmax())
        raise SourceError(
            SOURCE,
            path,
            line=at + 2,
            found=f"the date {text.iloc[at]!r}",
            expected="year, month and day",
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
        If the file is not that list, names a spell twice, or holds a date that is none.
    """
    columns = [
        "stateabb", "ccode", "statenme", "styear", "stmonth", "stday", "endyear", "endmonth",
        "endday", "version",
    ]  # fmt: skip
    raw = _read(path, columns)
    frame = pd.DataFrame(
        {
            "ccode": to_number(SOURCE, path, raw["ccode"], "ccode", 2),
            "start_date": _date(path, raw[["styear", "stmonth", "stday"]]),
            "end_date": _date(path, raw[["endyear", "endmonth", "endday"]]),
            "state_abb": raw["stateabb"],
            "state_name": raw["statenme"],
            "version": to_number(SOURCE, path, raw["version"], "version", 2),
        }
    )
    require_unique(SOURCE, path, frame, ["ccode", "start_date"], 2)
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
    raw = _read(path, ["gwcode", "stateabb", "statename", "startdate", "enddate"])
    frame = pd.DataFrame(
        {
            "gwcode": to_number(SOURCE, path, raw["gwcode"], "gwcode", 2),
            "start_date": _day(path, raw["startdate"]),
            "end_date": _day(path, raw["enddate"]),
            "state_abb": raw["stateabb"],
            "state_name": raw["statename"],
        }
    )
    require_unique(SOURCE, path, frame, ["gwcode", "start_date"], 2)
    return schemas.conform(frame, schemas.table("raw_geo__gw_states"))
