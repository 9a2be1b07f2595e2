"""Parser of the series of United States personnel by country and year.

Belongs here: reading the file. Does not belong here: mapping names to states, or what the numbers
say about posture.
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

_SOURCE = "us_troops"
_FIRST_LINE = 2
_BLANK = ("", "NA")


def parse_troops(path: Path) -> pd.DataFrame:
    """Read the series, one row per country name and year.

    The figures count persons, not posture: see the docstring of the package before using them.

    Parameters
    ----------
    path : Path
        ``us_troops_country_year.csv``.

    Returns
    -------
    DataFrame
        Table ``raw_us_troops__country_years``.

    Raises
    ------
    SourceError
        If the file is not such a table, a value is no number or negative, or a name has a year
        twice.
    """
    table = read_delimited(_SOURCE, path, ["countryname", "year", "ccode", "troops_ad"])
    troops = to_number(_SOURCE, path, table["troops_ad"], "troops_ad", _FIRST_LINE, _BLANK)
    negative = troops < 0
    if negative.any():
        at = int(negative.to_numpy().argmax())
        raise SourceError(
            _SOURCE,
            path,
            line=_FIRST_LINE + at,
            found=f"troops_ad = {troops.iloc[at]:g}",
            expected="0 or more persons, or a blank",
            todo="look at the line; a code for 'missing' needs the parser's help",
        )
    frame = pd.DataFrame(
        {
            "country_name": table["countryname"],
            "year": to_integer(_SOURCE, path, table["year"], "year", _FIRST_LINE),
            "ccode": to_number(_SOURCE, path, table["ccode"], "ccode", _FIRST_LINE, _BLANK),
            "troops_persons": troops,
        }
    )
    require_unique(_SOURCE, path, frame, ["country_name", "year"], _FIRST_LINE)
    return schemas.conform(frame, schemas.table("raw_us_troops__country_years"))
