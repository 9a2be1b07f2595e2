"""Shares through the strait, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from indices.cube import Axes
from indices.hormuz import behind, crude_by_supplier, crude_shares, exporters, importers

AXES = Axes((2000, 2001), ("BUY", "GUL", "OUT", "SEA", "XXX"))
EXIST = np.ones(AXES.shape[:2], dtype=bool)
FREIGHT = 1.1
# GUL and SEA lie behind the strait, OUT has its terminals outside.
STRAIT = pd.DataFrame(
    [("GUL", 0.5, 0.8, 1.0), ("OUT", 0.0, 0.0, 0.0), ("SEA", 0.9, 1.0, 1.0)],
    columns=["iso3", "share_lo", "share", "share_hi"],
)


def flows(*rows: tuple) -> pd.DataFrame:
    """Exporter, importer, year, recorded, unrecorded at least and at most, method."""
    made = pd.DataFrame(
        rows,
        columns=["exporter_iso3", "importer_iso3", "year", "recorded_usd", "lo", "hi", "method"],
    )
    return made.assign(
        value_usd=made["recorded_usd"] + (made["lo"] + made["hi"]) / 2,
        adjustment_lo_usd=made["lo"],
        adjustment_hi_usd=made["hi"],
    )


FLOWS = flows(
    ("GUL", "BUY", 2000, 100.0, 0, 0, "importer_report"),
    ("SEA", "BUY", 2000, 20.0, 10, 30, "importer_report"),
    ("OUT", "BUY", 2000, 500.0, 0, 0, "importer_report"),
    ("GUL", "BUY", 2001, 100.0, 0, 0, "carried"),
    ("SEA", "BUY", 2001, 50.0, 0, 0, "exporter_report"),
    ("SEA", "GUL", 2000, 10.0, 0, 0, "importer_report"),
    ("GUL", "XXX", 2001, 10.0, 0, 0, "bridged"),
)
TOTALS = pd.DataFrame(
    [(s, y, 400.0, 1000.0) for s in AXES.states for y in AXES.years],
    columns=["iso3", "year", "exports_usd", "imports_usd"],
)


def test_what_never_passes_is_not_behind() -> None:
    assert behind(STRAIT) == ["GUL", "SEA"]


def test_imports_by_hand() -> None:
    rows = importers(FLOWS, TOTALS, STRAIT, AXES, EXIST, FREIGHT)
    rows = rows.set_index(["importer_iso3", "year"])
    assert len(rows) == 3  # a bridged flow alone makes no row
    buy = rows.loc[("BUY", 2000)]
    assert (buy["n_behind"], buy["n_known"]) == (2, 2)
    assert buy["behind_usd"] == pytest.approx(140 * FREIGHT)
    assert buy[["recorded_import_share_pct", "import_share_pct"]].tolist() == pytest.approx(
        [100 * 120 * FREIGHT / 1000, 100 * 140 * FREIGHT / 1000]
    )
    assert buy[["import_share_lo_pct", "import_share_hi_pct"]].tolist() == pytest.approx(
        [100 * 130 * FREIGHT / 1000, 100 * 150 * FREIGHT / 1000]
    )
    later = rows.loc[("BUY", 2001)]  # what is carried is not reported
    assert (later["n_known"], later["behind_usd"]) == (1, pytest.approx(50 * FREIGHT))
    assert rows.loc[("GUL", 2000), "n_behind"] == 1  # not behind itself


def test_a_state_that_is_not_yet_does_not_count_as_unknown() -> None:
    exists = EXIST.copy()
    exists[:, AXES.states.index("GUL")] = False
    rows = importers(FLOWS, TOTALS, STRAIT, AXES, exists, FREIGHT).set_index(
        ["importer_iso3", "year"]
    )
    assert rows.loc[("BUY", 2001), "n_behind"] == 1


def test_no_share_of_an_unknown_total() -> None:
    totals = TOTALS[TOTALS["iso3"] != "BUY"]
    rows = importers(FLOWS, totals, STRAIT, AXES, EXIST, FREIGHT)
    assert set(rows["importer_iso3"]) == {"GUL"}


def test_exports_by_hand_are_free_on_board() -> None:
    rows = exporters(FLOWS, TOTALS, ["GUL", "OUT", "SEA"], ["BUY"], AXES)
    rows = rows.set_index(["exporter_iso3", "year"])
    assert set(rows.index) == {("GUL", 2000), ("OUT", 2000), ("SEA", 2000), ("SEA", 2001)}
    sea = rows.loc[("SEA", 2000)]
    assert sea[["recorded_export_share_pct", "export_share_pct"]].tolist() == [5, 10]
    assert sea[["export_share_lo_pct", "export_share_hi_pct"]].tolist() == [7.5, 12.5]
    assert rows.loc[("OUT", 2000), "export_share_pct"] == 125


def crude() -> tuple[pd.DataFrame, pd.DataFrame]:
    recorded = pd.DataFrame(
        [
            (2001, "GUL", 100.0, 1000.0),
            (2001, "OUT", 200.0, 1000.0),
            (2001, "XXX", 300.0, 1000.0),
            (2001, "SEA", 77.0, 1000.0),  # the estimates know better
            (2000, "XXX", 300.0, np.nan),
        ],
        columns=["year", "supplier_iso3", "kbd", "china_total_kbd"],
    )
    estimates = pd.DataFrame({"year": [1999, 2001], "kbd_low": [1, 40], "kbd_high": [1, 60]})
    customs = pd.DataFrame({"year": [1999, 2001], "kbd": [0.0, 45.0]})
    by_supplier = crude_by_supplier(recorded, estimates, customs, STRAIT, "SEA")
    return by_supplier, crude_shares(by_supplier, recorded, STRAIT)


def test_crude_by_supplier_by_hand() -> None:
    rows = crude()[0].set_index(["supplier_iso3", "year"])
    assert len(rows) == 5  # one row a supplier, and none of a year without recorded crude
    sea = rows.loc[("SEA", 2001)]
    assert sea["recorded_kbd"] == 45
    # The lowest estimate lies below what customs have: nothing is unrecorded, nothing negative.
    assert sea.filter(like="unrecorded").tolist() == [0, 5, 15]
    assert sea.filter(like="passing").tolist() == pytest.approx([0.9 * 45, 50, 60])
    assert rows.loc[("GUL", 2001)].filter(like="passing").tolist() == [50, 80, 100]
    assert not rows.loc[("OUT", 2001)].filter(like="passing").any()
    assert not rows.loc[("XXX", 2001), "is_behind"]


def test_crude_shares_by_hand() -> None:
    rows = crude()[1].set_index("year")
    row = rows.loc[2001]
    assert (row["n_behind"], row["n_known"]) == (2, 2)
    assert pd.isna(row["missing_suppliers"])
    assert row["share_lo_pct"] == pytest.approx(100 * (50 + 40.5) / 1000)
    assert row["share_mid_pct"] == pytest.approx(100 * (80 + 50) / 1000)
    assert row["share_hi_pct"] == pytest.approx(100 * (100 + 60) / 1000)
    assert row["listed_kbd"] == 100 + 200 + 300 + 45


def test_unknown_suppliers_are_named_and_no_total_means_no_share() -> None:
    row = crude()[1].set_index("year").loc[2000]
    assert (row["n_known"], row["missing_suppliers"]) == (0, "GUL SEA")
    assert row.filter(like="share_").isna().all()


def test_at_the_lower_end_unrecorded_crude_comes_on_top_of_the_total() -> None:
    by_supplier, _ = crude()
    by_supplier["unrecorded_lo_kbd"] = by_supplier["supplier_iso3"].eq("SEA") * 250.0
    recorded = pd.DataFrame({"year": [2001], "china_total_kbd": [1000.0]})
    row = crude_shares(by_supplier, recorded, STRAIT).set_index("year").loc[2001]
    assert row["share_lo_pct"] == pytest.approx(100 * (50 + 40.5) / 1250)
    assert row["share_mid_pct"] == pytest.approx(13)
