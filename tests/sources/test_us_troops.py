"""United States personnel: two spellings of one state, Vietnam's code, and the real series."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import schemas
from pipelines.sources.names import load_map, map_names
from pipelines.sources.reading import SourceError
from pipelines.sources.us_troops.parse import parse_troops

FIXTURE = Path(__file__).parent / "fixtures" / "us_troops.csv"
NAMES = Path(schemas.__file__).parents[1] / "pipelines" / "sources" / "us_troops"
TABLE = "raw_us_troops__country_years"
REAL = "us_troops_country_year.csv"


@pytest.fixture(scope="module")
def troops() -> pd.DataFrame:
    """Return the parsed fixture."""
    return schemas.validate(parse_troops(FIXTURE), schemas.table(TABLE))


def states(troops: pd.DataFrame, *, complete: bool = False) -> pd.DataFrame:
    """Map the names, each in its year."""
    july = pd.to_datetime(troops["year"].astype("str") + "-07-01")
    names = load_map(NAMES)
    return map_names("us_troops", REAL, troops["country_name"], names, july, complete=complete)


def test_zero_is_zero(troops: pd.DataFrame) -> None:
    persons = troops.set_index(["country_name", "year"])["troops_persons"]
    assert persons["Aden", 1951] == 0
    assert persons["Guam", 1950] == 17127


@pytest.mark.parametrize("blank", ["", "NA"])
def test_a_blank_is_missing(blank: str, tmp_path: Path) -> None:
    path = tmp_path / REAL
    path.write_text(f"countryname,year,ccode,iso3c,troops_ad\nAden,1951,{blank},,{blank}\n")
    assert parse_troops(path)[["ccode", "troops_persons"]].isna().all(axis=None)


def test_a_negative_count_is_refused(tmp_path: Path) -> None:
    path = tmp_path / REAL
    path.write_text("countryname,year,ccode,iso3c,troops_ad\nAden,1951,1,,5\nAden,1952,1,,-9\n")
    with pytest.raises(SourceError, match="0 or more persons") as error:
        parse_troops(path)
    assert error.value.line == 3


def test_troops_in_vietnam_stood_in_the_south(troops: pd.DataFrame) -> None:
    hosts = states(troops)["iso3"]
    vietnam = troops["country_name"] == "Vietnam"
    assert set(troops.loc[vietnam, "ccode"]) == {816, 817}
    assert set(hosts[vietnam]) == {"RVN"}


def test_two_spellings_of_one_state_add_up(troops: pd.DataFrame) -> None:
    hosts = states(troops)["iso3"]
    assert set(hosts[troops["country_name"].isin(["Czechia", "Czech Republic"])]) == {"CZE"}
    total = troops.groupby([hosts, "year"])["troops_persons"].sum()
    assert total["CZE", 2013] == 17
    assert total["YEM", 1964] == 2


def test_an_unknown_name_is_named(troops: pd.DataFrame) -> None:
    renamed = troops.assign(country_name=troops["country_name"].replace("Guam", "Atlantis"))
    with pytest.raises(SourceError, match=r"map to no state: 'Atlantis' \(row \d+\)"):
        states(renamed)


@pytest.fixture(scope="module")
def real(shared_data: Path) -> pd.DataFrame:
    """Return the real series."""
    return schemas.validate(parse_troops(shared_data / "treaties" / REAL), schemas.table(TABLE))


@pytest.mark.realdata
def test_the_real_series_is_whole(real: pd.DataFrame, shared_data: Path) -> None:
    lines = (shared_data / "treaties" / REAL).read_text(encoding="utf-8").splitlines()[1:]
    assert len(real) == len(lines) == 13_135
    assert real["troops_persons"].sum() == sum(int(line.rsplit(",", 1)[1]) for line in lines)
    assert (real["year"].min(), real["year"].max()) == (1950, 2024)


@pytest.mark.realdata
def test_every_name_maps_and_every_map_row_is_used(real: pd.DataFrame) -> None:
    mapped = states(real, complete=True)
    named = real.assign(iso3=mapped["iso3"])[mapped["kind"] == "state"]
    # No state-year has two spellings that both count somebody, so adding up is safe.
    counted = named[named["troops_persons"] > 0]
    assert not counted.duplicated(["iso3", "year"]).any()
    south = named[(named["iso3"] == "RVN") & (named["year"] == 1968)]
    assert south["troops_persons"].to_list() == [537377]
