"""World Bank indicators: codes that read as missing, groups, empty years, both real files."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

import schemas
from pipelines.sources.names import load_map, map_names
from pipelines.sources.reading import SourceError
from pipelines.sources.worldbank.parse import IndicatorTable, parse_indicator

FIXTURE = Path(__file__).parent / "fixtures" / "worldbank_gdp.csv"
NAMES = Path(schemas.__file__).parents[1] / "pipelines" / "sources" / "worldbank"
GDP: IndicatorTable = "raw_worldbank__gdp"
POPULATION: IndicatorTable = "raw_worldbank__population"
FILES = {GDP: "worldbank_gdp_current_usd.csv", POPULATION: "worldbank_population.csv"}


def test_an_empty_year_is_missing_and_zero_is_zero() -> None:
    frame = schemas.validate(parse_indicator(FIXTURE, GDP), schemas.table(GDP))
    value = frame.set_index(["country_code", "year"])["gdp_usd"]
    assert value[("NAM", 2000)] == 3833640097.5
    assert pd.isna(value[("NAM", 2001)])
    assert value[("WLD", 2000)] == 0


def test_the_table_names_the_value() -> None:
    frame = parse_indicator(FIXTURE, POPULATION)
    assert frame.columns[-1] == "population_persons"


def test_na_is_a_name_and_not_a_missing_value(tmp_path: Path) -> None:
    path = tmp_path / "gdp.csv"
    path.write_text("Country Name,Country Code,Year,Value\nNA,NAM,2000,1\n")
    assert parse_indicator(path, GDP)["country_name"].to_list() == ["NA"]


def test_two_letter_codes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "gdp.csv"
    path.write_text("Country Name,Country Code,Year,Value\nNamibia,NAM,2000,1\nNamibia,NA,2001,1\n")
    with pytest.raises(SourceError, match="line 3: found Country Code = 'NA'; expected a code of"):
        parse_indicator(path, GDP)


@pytest.mark.realdata
@pytest.mark.parametrize("table", [GDP, POPULATION])
def test_real_file_row_by_row(table: IndicatorTable, shared_data: Path) -> None:
    path = shared_data / "trade" / FILES[table]
    with path.open(newline="", encoding="utf-8") as file:
        expected = sorted((r[1], int(r[2]), float(r[3])) for r in list(csv.reader(file))[1:])
    frame = schemas.validate(parse_indicator(path, table), schemas.table(table))
    found = frame.drop(columns="country_name").itertuples(index=False, name=None)
    assert list(found) == expected


@pytest.mark.realdata
def test_both_real_files_use_the_whole_map(shared_data: Path) -> None:
    codes = pd.concat(
        [parse_indicator(shared_data / "trade" / f, t)["country_code"] for t, f in FILES.items()],
        ignore_index=True,
    )
    mapped = map_names("worldbank", "both", codes, load_map(NAMES), complete=True)
    iso3 = mapped["iso3"][mapped["kind"].isin(["state", "territory"])]
    # A country's own code is its ISO code here; groups have none.
    assert (iso3 == codes[iso3.index]).all()
    assert {"WLD", "ARB", "EUU", "CHI"}.isdisjoint(iso3)
    assert {"XKX", "PSE", "NAM", "PRK"} <= set(iso3)
