"""Parser of a World Bank indicator in long form.

Belongs here: reading one indicator's file. Does not belong here: which of several GDP series to
use, or the states Taiwan and North Korea, which the source lacks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pandas as pd

import schemas
from pipelines.sources.reading import (
    SourceError,
    read_delimited,
    require_unique,
    to_integer,
    to_number,
)

_SOURCE = "worldbank"
_COLUMNS = ["Country Name", "Country Code", "Year", "Value"]

IndicatorTable = Literal["raw_worldbank__gdp", "raw_worldbank__population"]


def parse_indicator(path: Path, table: IndicatorTable) -> pd.DataFrame:
    """Read one indicator: a line a country and year.

    Parameters
    ----------
    path : Path
        CSV file with the columns Country Name, Country Code, Year, Value.
    table : {'raw_worldbank__gdp', 'raw_worldbank__population'}
        The table the file is for; its last field takes the value.

    Returns
    -------
    DataFrame
        That table.

    Raises
    ------
    SourceError
        If the file is not such a table, or a code is not of three letters.
    """
    # The GDP file ends without a line end, so a cut within its last number cannot be told.
    text = read_delimited(_SOURCE, path, _COLUMNS, may_end_open=True)
    odd = ~text["Country Code"].str.fullmatch("[A-Z]{3}").to_numpy(dtype=bool)
    if odd.any():
        at = int(odd.argmax())
        raise SourceError(
            _SOURCE,
            path,
            line=at + 2,
            found=f"Country Code = {text['Country Code'].iloc[at]!r}",
            expected="a code of three capital letters",
            todo="take the file with ISO 3166-1 alpha-3 codes (countryiso3code of the service)",
        )
    definition = schemas.table(table)
    frame = pd.DataFrame(
        {
            "country_code": text["Country Code"],
            "country_name": text["Country Name"],
            "year": to_integer(_SOURCE, path, text["Year"], "Year", first_line=2),
            definition.columns[-1]: to_number(_SOURCE, path, text["Value"], "Value", first_line=2),
        }
    )
    require_unique(_SOURCE, path, frame, ["country_code", "year"], first_line=2)
    return schemas.conform(frame, definition)
