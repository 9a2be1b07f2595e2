"""COW dyadic trade: each trap of the file, in both of its forms, and the real file."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import schemas
from pipelines.sources.cow_trade.parse import parse_dyadic_trade
from pipelines.sources.names import load_map, map_names
from pipelines.sources.reading import SourceError

FIXTURE = Path(__file__).parent / "fixtures" / "cow_trade.csv"
TABLE = schemas.table("raw_cow_trade__flows")


def as_parquet(rows: list[tuple], folder: Path) -> Path:
    """Write rows in the bundled file's layout: floats, NA for missing, smoothed flows beside."""
    frame = pd.DataFrame(rows, columns=["ccode1", "ccode2", "year", "flow1", "flow2"])
    frame = frame.astype({"flow1": "float64", "flow2": "float64"})
    path = folder / "cow_dyadic_trade_v4.parquet"
    frame.assign(smoothflow1=-1.0, smoothflow2=-1.0).to_parquet(path)
    return path


def flows(frame: pd.DataFrame, *key: int) -> list[float]:
    row = frame.set_index(["ccode1", "ccode2", "year"]).loc[key]
    return row.to_list()


def test_direction_is_kept_and_the_smoothed_flow_ignored() -> None:
    frame = schemas.validate(parse_dyadic_trade(FIXTURE), TABLE)
    # The United States bought 478 from Iran and sold it 23; smoothing makes 692 of the 23.
    assert flows(frame, 2, 630, 1980) == [478, 23]


def test_zero_stays_zero_and_minus_nine_is_missing() -> None:
    frame = parse_dyadic_trade(FIXTURE)
    assert flows(frame, 2, 700, 1980) == [0, 12.5]
    missing, known = flows(frame, 365, 630, 1950)
    assert pd.isna(missing)
    assert known == 3


def test_both_orders_of_a_pair_become_one_row(tmp_path: Path) -> None:
    nan = float("nan")
    rows = [
        (630, 2, 1980, 23, 478),
        (2, 630, 1980, 478, 23),
        (630, 2, 1981, nan, 0),
        (2, 630, 1981, 0, nan),
        (700, 630, 1980, 5, 6),
    ]
    frame = parse_dyadic_trade(as_parquet(rows, tmp_path))
    expected = pd.DataFrame(
        [(2, 630, 1980, 478.0, 23.0), (2, 630, 1981, 0.0, nan), (630, 700, 1980, 6.0, 5.0)],
        columns=TABLE.columns,
    )
    pd.testing.assert_frame_equal(frame, expected)


@pytest.mark.parametrize(
    ("row", "found", "expected"),
    [
        ((630, 2, 1980, 23, 999), "in the other order", "flow1 of one order to be flow2"),
        ((630, 2, 1980, float("nan"), 478), "in the other order", "flow1 of one order"),
        ((2, 630, 1980, 478, 23), "a second row of its pair and year", "one row for each"),
        ((2, 2, 1980, 1, 1), "paired with itself", "two different states"),
    ],
    ids=["contradiction", "missing against a value", "same row twice", "own pair"],
)
def test_a_bad_pair_is_refused_with_its_row(
    row: tuple, found: str, expected: str, tmp_path: Path
) -> None:
    path = as_parquet([(2, 630, 1980, 478, 23), (2, 630, 1981, 1, 2), row], tmp_path)
    with pytest.raises(SourceError, match=rf"row 3: found .*{found}.*expected {expected}"):
        parse_dyadic_trade(path)


@pytest.mark.realdata
def test_real_file(shared_data: Path) -> None:
    path = shared_data / "trade" / "cow_dyadic_trade_v4.parquet"
    frame = schemas.validate(parse_dyadic_trade(path), TABLE)
    raw = pd.read_parquet(path)
    assert len(frame) == len(raw) / 2 == 673_654
    assert (frame["year"].min(), frame["year"].max()) == (1870, 2014)
    # Every figure and every gap of the file is still there, half of each.
    values = frame[["flow1_usd_millions", "flow2_usd_millions"]]
    assert values.sum().sum() == raw["flow1"].sum()
    assert values.isna().sum().sum() == raw["flow1"].isna().sum()
    assert flows(frame, 2, 630, 1980) == [478, 23]
    assert values.dropna().mod(1).eq(0).all().all(), "the bundled file holds whole millions"


@pytest.mark.realdata
def test_every_state_of_the_real_file_is_mapped(shared_data: Path) -> None:
    frame = parse_dyadic_trade(shared_data / "trade" / "cow_dyadic_trade_v4.parquet")
    ends = pd.concat(
        [frame[[c, "year"]].set_axis(["ccode", "year"], axis=1) for c in ("ccode1", "ccode2")]
    ).drop_duplicates()
    geo = Path(schemas.__file__).parents[1] / "pipelines" / "sources" / "geo"
    when = pd.to_datetime(ends["year"].astype("str") + "-07-01")
    mapped = map_names("geo", "cow trade", ends["ccode"].astype("str"), load_map(geo), when)
    assert set(mapped["kind"]) <= {"state", "territory"}
