"""From reports to flows, from flows to share, intensity and dependence."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from indices.cube import Axes
from indices.pillars.trade import (
    best_reports,
    carry_minor_direction,
    trade_indicators,
    unrecorded_oil,
    yearly_flows,
)

NAN = float("nan")
Report = tuple[str, str, float]  # source, side that reports, value


def reports(*rows: Report) -> pd.DataFrame:
    """Reports of one flow, from AAA to BBB in 2000; the importer's with freight."""
    return pd.DataFrame(
        [
            {
                "exporter_iso3": "AAA",
                "importer_iso3": "BBB",
                "year": 2000,
                "reporter": "AAA" if side == "exporter" else "BBB",
                "source": source,
                "valuation": "FOB" if side == "exporter" else "CIF",
                "value_usd": value,
                "value_lo_usd": value / 2,
                "value_hi_usd": value * 2,
            }
            for source, side, value in rows
        ]
    )


@pytest.mark.parametrize(
    ("rows", "recorded", "method", "source", "ratio"),
    [
        # 212 with freight are 200 without; the exporter says 250.
        (
            [("new", "exporter", 250), ("new", "importer", 212)],
            200,
            "importer_report",
            "new",
            0.8,
        ),
        ([("new", "exporter", 250)], 250, "exporter_report", "new", NAN),
        # The preferred source wins even with its exporter; the ratio stays within one source.
        (
            [("old", "importer", 106), ("new", "exporter", 250)],
            250,
            "exporter_report",
            "new",
            NAN,
        ),
        (
            [("new", "importer", 212), ("old", "exporter", 250)],
            200,
            "importer_report",
            "new",
            NAN,
        ),
        ([("old", "importer", 106), ("old", "exporter", 0)], 100, "importer_report", "old", NAN),
    ],
)
def test_best_report(
    rows: list[Report], recorded: float, method: str, source: str, ratio: float
) -> None:
    (row,) = best_reports(reports(*rows), ("new", "old"), 1.06).to_dict("records")
    assert row["recorded_usd"] == pytest.approx(recorded)
    assert (row["value_lo_usd"], row["value_hi_usd"]) == pytest.approx((recorded / 2, recorded * 2))
    assert (row["method"], row["source"]) == (method, source)
    assert row["mirror_ratio"] == pytest.approx(ratio, nan_ok=True)


def test_each_flow_and_year_has_its_own_best_report() -> None:
    first = reports(("new", "importer", 106))
    frame = pd.concat(
        [
            first,
            first.assign(year=2001, value_usd=212.0),
            reports(("new", "exporter", 7)).assign(exporter_iso3="BBB", importer_iso3="AAA"),
        ]
    )
    got = best_reports(frame, ("new",), 1.06)
    assert got["recorded_usd"].tolist() == pytest.approx([100, 200, 7])
    assert got["mirror_ratio"].isna().all()


def test_a_source_without_a_rank_is_named() -> None:
    with pytest.raises(ValueError, match="gossip"):
        best_reports(reports(("gossip", "importer", 1)), ("new",), 1.06)


# 400 days of 1000 kbd would be 4e8 barrels; one kbd over 100 days is 1e5 barrels.
@pytest.mark.parametrize(
    ("low", "high", "seen", "middle", "lowest", "highest"),
    [
        # Middle volume 300 - 100 = 200 kbd at 100 - 10; low 100 kbd at 100 - 20; high 300 at 98.
        (200, 400, 100, 200 * 1e5 * 90, 100 * 1e5 * 80, 300 * 1e5 * 98),
        # Customs saw more than the trackers' middle, less than their highest.
        (200, 400, 350, 0, 0, 50 * 1e5 * 98),
        (200, 400, 500, 0, 0, 0),
    ],
)
def test_unrecorded_oil(
    low: float, high: float, seen: float, middle: float, lowest: float, highest: float
) -> None:
    prices = pd.DataFrame(
        {
            "year": [2020],
            "brent_usd_per_barrel": [100.0],
            "discount_lo_usd": [2.0],
            "discount_usd": [10.0],
            "discount_hi_usd": [20.0],
        }
    )
    estimates = pd.DataFrame({"year": [2020], "kbd_low": [low], "kbd_high": [high]})
    recorded = pd.DataFrame({"year": [2020], "kbd": [seen]})
    (row,) = unrecorded_oil(estimates, recorded, prices, barrels=100).to_dict("records")
    assert row == pytest.approx(
        {
            "year": 2020,
            "adjustment_usd": middle,
            "adjustment_lo_usd": lowest,
            "adjustment_hi_usd": highest,
        }
    )


def test_an_unknown_discount_ranges_from_none_to_the_largest() -> None:
    prices = pd.DataFrame(
        {
            "year": [2020, 2021],
            "brent_usd_per_barrel": [100.0, 50.0],
            "discount_lo_usd": [2.0, NAN],
            "discount_usd": [10.0, NAN],
            "discount_hi_usd": [20.0, NAN],
        }
    )
    estimates = pd.DataFrame({"year": [2021], "kbd_low": [1.0], "kbd_high": [1.0]})
    recorded = pd.DataFrame({"year": [2021], "kbd": [0.0]})
    (row,) = unrecorded_oil(estimates, recorded, prices, barrels=1).to_dict("records")
    worth = [row[f"adjustment_{k}usd"] for k in ("lo_", "", "hi_")]
    assert worth == pytest.approx([1000 * 30, 1000 * 40, 1000 * 50])


AXES = Axes(tuple(range(2000, 2013)), ("AAA", "BBB"))
NO_OIL = pd.DataFrame(
    columns=[
        "exporter_iso3",
        "importer_iso3",
        "year",
        "adjustment_usd",
        "adjustment_lo_usd",
        "adjustment_hi_usd",
    ]
).astype({"year": "int64"})


def flows(
    known: dict[int, float], oil: pd.DataFrame = NO_OIL, absent: tuple[int, ...] = ()
) -> dict[int, tuple[float, str]]:
    """Best estimate and method by year of a flow of which some years are recorded."""
    single = pd.concat([reports(("new", "importer", 1.06)).assign(year=y) for y in known])
    for name in ("value_usd", "value_lo_usd", "value_hi_usd"):
        single[name] = [1.06 * v for v in known.values()]
    exists = np.ones((len(AXES.years), 2), dtype=bool)
    exists[[y - 2000 for y in absent], 1] = False
    made = yearly_flows(best_reports(single, ("new",), 1.06), oil, AXES, exists, bridge=6, carry=2)
    return {
        y: (v, m) for y, v, m in zip(made["year"], made["value_usd"], made["method"], strict=True)
    }


def test_short_gaps_are_bridged_and_the_end_carried_two_years() -> None:
    got = flows({2000: 1, 2007: 128, 2010: 0})
    seen, bridge = "importer_report", "bridged"
    doubling = {2000 + k: (pytest.approx(2**k), bridge) for k in range(1, 7)}
    falling = {2008: (pytest.approx(128 * 2 / 3), bridge), 2009: (pytest.approx(128 / 3), bridge)}
    ends = {y: (pytest.approx(v), seen) for y, v in ((2000, 1), (2007, 128), (2010, 0))}
    assert got == {**doubling, **falling, **ends, 2011: (0, "carried"), 2012: (0, "carried")}


def test_a_gap_of_seven_years_stays_open() -> None:
    assert sorted(flows({2000: 1, 2008: 2})) == [2000, 2008, 2009, 2010]


@pytest.mark.parametrize(
    ("absent", "filled"),
    [
        ((2000, 2001, 2002), [2004, 2005, 2006]),
        ((2002, 2003), [2000, 2001, 2004, 2005, 2006]),
        ((2005, 2006), [2000, 2001, 2002, 2003, 2004]),
    ],
)
def test_nothing_is_filled_in_while_a_state_does_not_exist(
    absent: tuple[int, ...], filled: list[int]
) -> None:
    assert sorted(flows({2000: 1, 2004: 2}, absent=absent)) == filled


def test_oil_is_added_beside_what_was_recorded() -> None:
    oil = pd.DataFrame(
        [("AAA", "BBB", 2001, 5.0, 3.0, 8.0)],
        columns=NO_OIL.columns,
    )
    got = flows({2000: 10, 2001: 10}, oil)
    assert [got[y][0] for y in (2000, 2001, 2002)] == pytest.approx([10, 15, 10])


@pytest.mark.parametrize(
    ("other", "other_status", "filled"),
    [
        # 10 of 110 is under a tenth; it stands while the other direction is seen, three years long.
        ([100] * 6, [0, 0, 1, 0, 0, 0], [10, 10, 10, 10, NAN, NAN]),
        ([100] * 6, [0, 0, 2, 0, 3, 0], [10, 10, NAN, 10, NAN, NAN]),
        # 10 of 100 is a tenth, and not under it; nor is 10 of what is not known.
        ([90] * 6, [0] * 6, [10, NAN, NAN, NAN, NAN, NAN]),
        ([NAN, *[900] * 5], [3, *[0] * 5], [10, NAN, NAN, NAN, NAN, NAN]),
    ],
)
def test_a_minor_direction_is_carried_while_the_major_one_is_seen(
    other: list[float], other_status: list[int], filled: list[float]
) -> None:
    values, status = np.full((6, 2, 2), NAN), np.full((6, 2, 2), 3, np.int8)
    values[0, 0, 1], status[0, 0, 1] = 10, 0
    values[:, 1, 0], status[:, 1, 0] = other, other_status
    got, marks = carry_minor_direction(values, status, 0.1, 3)
    np.testing.assert_array_equal(got[:, 0, 1], filled)
    np.testing.assert_array_equal(got[:, 1, 0], other)
    assert [m == 2 for m in marks[1:, 0, 1]] == [not np.isnan(v) for v in filled[1:]]


def indicators(window: int) -> dict[str, np.ndarray]:
    """Two years of trade among AAA, BBB and the rest of a world of 1000."""
    moved = pd.DataFrame(
        [
            ("AAA", "BBB", 2000, 10.0, "importer_report"),
            ("BBB", "AAA", 2000, 20.0, "importer_report"),
            ("AAA", "BBB", 2001, 30.0, "carried"),
            ("BBB", "AAA", 2001, 0.0, "bridged"),
        ],
        columns=["exporter_iso3", "importer_iso3", "year", "value_usd", "method"],
    )
    totals = pd.DataFrame(
        [
            (s, y, x, m)
            for y in (2000, 2001)
            for s, x, m in (("AAA", 60.0, 40.0), ("BBB", 50.0, 150.0), ("WLD", 500.0, 500.0))
        ],
        columns=["iso3", "year", "exports_usd", "imports_usd"],
    )
    economy = pd.DataFrame({"iso3": ["AAA"], "year": [2000], "gdp_usd": [400.0]})
    axes = Axes((2000, 2001), ("AAA", "BBB", "CCC"))
    return trade_indicators(moved, totals, economy, axes, window=window, carry=1, cif_to_fob=1.1)


@pytest.mark.parametrize(
    ("window", "a_to_b", "b_to_a"),
    [
        # AAA sent 10 and received 20, with freight 22, of 100; BBB sent 20 and received 11 of 200.
        (1, [32, 30], [15.5, 16.5]),
        (2, [32, 31], [15.5, 16]),
    ],
)
def test_trade_share_by_hand(window: int, a_to_b: list[float], b_to_a: list[float]) -> None:
    share = indicators(window)["trade_share"]
    np.testing.assert_allclose(share[:, 0, 1], a_to_b)
    np.testing.assert_allclose(share[:, 1, 0], b_to_a)
    assert np.isnan(share[:, 2]).all()


def test_intensity_and_dependence_by_hand() -> None:
    got = indicators(1)
    # BBB is 200 of the 900 of the world without AAA; AAA 100 of the 800 without BBB.
    assert got["trade_intensity"][0, 0, 1] == pytest.approx(0.32 / (200 / 900))
    assert got["trade_intensity"][0, 1, 0] == pytest.approx(0.155 / (100 / 800))
    # Output of 2000 is carried into 2001; BBB's is not known.
    np.testing.assert_allclose(got["trade_dependence"][:, 0, 1], [100 * 32 / 400, 100 * 30 / 400])
    assert np.isnan(got["trade_dependence"][:, 1]).all()


def test_status_is_the_worse_of_both_directions() -> None:
    status = indicators(1)["status"]
    assert status[:, 0, 1].tolist() == status[:, 1, 0].tolist() == [0, 2]
    assert (status[:, 0, 2] == 3).all()
