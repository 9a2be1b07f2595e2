"""IMTS portal export: units, blanks, counterparts that are no countries, and the sum check."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import schemas
from pipelines.sources.imf.parse import parse_imts_portal, world_residual
from pipelines.sources.names import load_map, map_names
from pipelines.sources.reading import SourceError

FIXTURE = Path(__file__).parent / "fixtures" / "imf_imts.csv"
NAMES = Path(schemas.__file__).parents[1] / "pipelines" / "sources" / "imf"
TABLE = schemas.table("raw_imf__imts")


def changed(folder: Path, old: str, new: str) -> Path:
    text = FIXTURE.read_text(encoding="utf-8")
    assert old in text
    path = folder / "imts.csv"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def value(frame: pd.DataFrame, counterpart: str, year: int) -> float:
    row = frame[(frame["counterpart"] == counterpart) & (frame["year"] == year)]
    return row["value_usd_millions"].item()


def test_one_row_for_each_series_and_year() -> None:
    frame = schemas.validate(parse_imts_portal(FIXTURE), TABLE)
    assert len(frame) == 7 * 2
    assert set(frame["reporter"]) == {"CHN"}
    assert set(frame["indicator"]) == {"MG_CIF_USD"}
    assert value(frame, "IRN", 2003) == 30.5
    names = frame.set_index("counterpart")["counterpart_name"]
    assert names["IRN"].iloc[0] == "Iran, Islamic Republic of"


def test_a_blank_is_missing_and_a_zero_is_zero() -> None:
    frame = parse_imts_portal(FIXTURE)
    assert pd.isna(value(frame, "KOS", 2003))
    assert value(frame, "KOS", 2004) == 0


def test_groups_are_left_out_of_the_sum_and_unallocated_trade_is_not() -> None:
    residual = world_residual(parse_imts_portal(FIXTURE)).set_index("year")
    # 2003: 30.5 + 60.5 + 9 of 100; 2004: 40 + 0 + 50 + 8 of 100. The groups would add 91 and 90.
    assert residual["sum_usd_millions"].to_dict() == {2003: 100, 2004: 98}
    assert np.allclose(residual["residual_share"], [0, 0.02])


def test_an_unknown_counterpart_is_named(tmp_path: Path) -> None:
    frame = parse_imts_portal(changed(tmp_path, "USD.KOS.A", "USD.QQQ.A"))
    with pytest.raises(SourceError, match=r"names that map to no state: 'QQQ'.*imf/names.csv"):
        world_residual(frame)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("CHN.MG_CIF_USD.USA.A", "CHN.TBG_USD.USA.A", "line 4: found series 'CHN.TBG_USD.USA.A'"),
        ("CHN.MG_CIF_USD.USA.A", "CHN.MG_CIF_USD.USA.M", "line 4: found series .* the yearly"),
        ('"100","100"', '"100","2587040000000"', "line 8: .*expected millions of US dollars"),
        ('"2003","2004"', '"2003-Q1","2003-Q2"', r"also the columns \['a year such as 2024'\]"),
    ],
    ids=["another indicator", "monthly", "dollars", "quarters"],
)
def test_another_export_is_refused(old: str, new: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=message):
        parse_imts_portal(changed(tmp_path, old, new))


@pytest.fixture(scope="module")
def real(shared_data: Path) -> pd.DataFrame:
    return parse_imts_portal(shared_data / "trade" / "imf_imts_portal_CHN_USA_2001_2024.csv")


@pytest.mark.realdata
def test_real_file_keeps_every_cell(real: pd.DataFrame, shared_data: Path) -> None:
    path = shared_data / "trade" / "imf_imts_portal_CHN_USA_2001_2024.csv"
    text = path.read_text(encoding="utf-8-sig")
    schemas.validate(real, TABLE)
    assert len(real) == (text.count("\n") - 1) * 24
    # Blank cells are empty quotes in this file; no other cell of it is blank.
    assert real["value_usd_millions"].isna().sum() == text.count('""')
    line = next(x for x in text.splitlines() if '"CHN.MG_CIF_USD.SAU.A"' in x)
    last = float(re.findall(r'"([^"]*)"', line)[-1])
    sau = real[(real["reporter"] == "CHN") & (real["counterpart"] == "SAU")]
    found = sau[(sau["indicator"] == "MG_CIF_USD") & (sau["year"] == 2024)]
    assert found["value_usd_millions"].item() == last


@pytest.mark.realdata
def test_real_parts_add_up_to_the_world_within_one_percent(real: pd.DataFrame) -> None:
    residual = world_residual(real)
    assert len(residual) == 2 * 2 * 24
    assert residual["residual_share"].abs().max() < 0.01
    # The naive sum counts China's exports of a year about four times (SOURCES.md).
    exports = real[(real["reporter"] == "CHN") & (real["indicator"] == "XG_FOB_USD")]
    of_2024 = exports[exports["year"] == 2024].set_index("counterpart")["value_usd_millions"]
    assert 3.5 < of_2024.sum() / of_2024["G001"] < 5


@pytest.mark.realdata
def test_every_code_of_the_real_file_is_mapped_and_every_map_row_used(real: pd.DataFrame) -> None:
    when = pd.to_datetime(real["year"].astype("str") + "-07-01")
    mapped = map_names("imf", "imts", real["counterpart"], load_map(NAMES), when, complete=True)
    value_of = pd.concat([real, mapped], axis=1).dropna(subset="value_usd_millions")
    states = value_of[value_of["iso3"] != ""]
    assert not states.duplicated(["reporter", "indicator", "iso3", "year"]).any()
    assert {"XKX", "PSE", "TWN", "SRB"} <= set(states["iso3"])
