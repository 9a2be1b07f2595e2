"""UNCTAD totals: states without a letter code, predecessors, zeros, and one total per state."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import schemas
from pipelines.sources.names import load_map, map_names
from pipelines.sources.reading import SourceError
from pipelines.sources.unctad_trade.parse import parse_merchandise_totals

NAMES = Path(schemas.__file__).parents[1] / "pipelines" / "sources" / "unctad_trade"
TABLE = schemas.table("raw_unctad__merchandise_totals")
COLUMNS = ["iso3", "unctad_code", "economy", "year", "flow", "value_usd_mn", "footnote"]
ROWS = [
    ("WLD", "0000", "World", 1991, "exports", 3_500_000.0, ""),
    ("AFG", "004", "Afghanistan", 1991, "exports", 188.0, "Estimated"),
    ("SUN", "810", "Union of Soviet Socialist Republics", 1991, "exports", 104_000.0, ""),
    ("SUN", "810", "Union of Soviet Socialist Republics", 1992, "exports", None, ""),
    ("RUS", "643", "Russian Federation", 1991, "exports", None, ""),
    ("RUS", "643", "Russian Federation", 1992, "exports", 42_039.0, ""),
    ("TUV", "798", "Tuvalu", 1991, "exports", 0.0, ""),
    ("", "590", "Panama, excluding Canal Zone", 1980, "exports", 361.0, ""),
    ("", "5100", "Africa", 1991, "exports", 100_000.0, ""),
    ("SDN_2011", "736", "Sudan (...2011)", 1991, "imports", 890.0, "Break"),
]


def write(folder: Path, rows: list[tuple] = ROWS, columns: list[str] = COLUMNS) -> Path:
    path = folder / "unctad_merch_totals.parquet"
    pd.DataFrame(rows, columns=columns).to_parquet(path)
    return path


def when(frame: pd.DataFrame) -> pd.Series:
    return pd.to_datetime(frame["year"].astype("str") + "-07-01")


@pytest.fixture
def parsed(tmp_path: Path) -> pd.DataFrame:
    frame = parse_merchandise_totals(write(tmp_path))
    schemas.validate(frame, TABLE)
    return frame.set_index(["unctad_code", "year"])


def test_codes_keep_their_leading_zeros(parsed: pd.DataFrame) -> None:
    assert {"004", "0000"} <= set(parsed.index.get_level_values(0))


def test_outside_its_life_an_economy_has_no_value(parsed: pd.DataFrame) -> None:
    value = parsed["value_usd_millions"]
    assert value[("810", 1991)] == 104_000
    assert value[[("810", 1992), ("643", 1991)]].isna().all()


def test_zero_stays_zero(parsed: pd.DataFrame) -> None:
    assert parsed.loc[("798", 1991), "value_usd_millions"] == 0


def test_blank_letters_and_footnotes_are_missing(parsed: pd.DataFrame) -> None:
    assert parsed["unctad_iso3"].isna().to_dict()[("590", 1980)]
    assert parsed.loc[("736", 1991), "unctad_iso3"] == "SDN_2011"
    assert parsed["footnote"].dropna().to_dict() == {
        ("004", 1991): "Estimated",
        ("736", 1991): "Break",
    }


def test_a_state_without_letters_is_mapped_and_a_group_is_none(parsed: pd.DataFrame) -> None:
    frame = parsed.reset_index()
    mapped = map_names("unctad_trade", "t", frame["unctad_code"], load_map(NAMES), when(frame))
    iso3 = dict(zip(frame["unctad_code"], mapped["iso3"], strict=True))
    assert iso3 == {
        "0000": "",
        "004": "AFG",
        "5100": "",
        "590": "PAN",
        "643": "RUS",
        "736": "SDN",
        "798": "TUV",
        "810": "RUS",
    }


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([*ROWS, ROWS[1]], r"row 11: found .*'004'.* a second time.*expected one row for each"),
        (
            [*ROWS, ("AFG", "004", "A", 1992, "services", 1.0, "")],
            "row 11: found flow = 'services'",
        ),
    ],
    ids=["twice", "another flow"],
)
def test_a_bad_row_is_refused_with_its_number(
    rows: list[tuple], message: str, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match=message):
        parse_merchandise_totals(write(tmp_path, rows))


@pytest.fixture(scope="module")
def real(shared_data: Path) -> pd.DataFrame:
    return parse_merchandise_totals(shared_data / "trade" / "unctad_merch_totals_1948_2024.parquet")


@pytest.mark.realdata
def test_real_file(real: pd.DataFrame) -> None:
    schemas.validate(real, TABLE)
    assert len(real) == 44_882
    assert (real["value_usd_millions"] == 0).sum() == 19
    assert real["footnote"].str.contains("Estimated", na=False).sum() == 1340 + 2


@pytest.mark.realdata
def test_real_file_gives_each_state_one_total_a_year(real: pd.DataFrame) -> None:
    mapped = map_names(
        "unctad_trade", "t", real["unctad_code"], load_map(NAMES), when(real), complete=True
    )
    totals = pd.concat([real, mapped], axis=1).dropna(subset="value_usd_millions")
    states = totals[totals["iso3"] != ""]
    key = ["iso3", "year", "flow"]
    assert not states.duplicated(key).any()
    # Where one spelling ends and the next begins no year is lost.
    for iso3, first, last in (
        ("RUS", 1948, 2024), ("DEU", 1948, 2024), ("YEM", 1948, 2024), ("ETH", 1948, 2024),
        ("SDN", 1948, 2024), ("PAN", 1948, 2024), ("SRB", 1992, 2024), ("YUG", 1948, 1991),
        ("YMD", 1948, 1989), ("DDR", 1948, 1989), ("CSK", 1948, 1992), ("TWN", 1948, 2024),
    ):  # fmt: skip
        exports = states[(states["iso3"] == iso3) & (states["flow"] == "exports")]["year"]
        assert sorted(exports) == list(range(first, last + 1)), iso3


@pytest.mark.realdata
def test_mapped_totals_add_up_to_the_world(real: pd.DataFrame) -> None:
    mapped = map_names("unctad_trade", "t", real["unctad_code"], load_map(NAMES), when(real))
    exports = pd.concat([real, mapped], axis=1)[lambda f: f["flow"] == "exports"]
    world = exports[exports["unctad_code"] == "0000"].set_index("year")["value_usd_millions"]
    states = exports[exports["iso3"] != ""].groupby("year")["value_usd_millions"].sum()
    # A predecessor mapped wrongly, or a group mapped as a state, would show here.
    assert (states / world - 1).abs().max() < 0.02
