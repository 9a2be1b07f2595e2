"""Descriptive statistics: by hand, at the edges, and as COINr has them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from upstream import relative_error, upstream

from indices.composite.errors import CompositeError
from indices.composite.stats import describe

NAN = float("nan")

COINR = {
    "Min": "min",
    "Max": "max",
    "Mean": "mean",
    "Median": "median",
    "Std": "sd",
    "Skew": "skew",
    "Kurt": "kurtosis",
    "N.Avail": "available",
    "N.NonZero": "non_zero",
    "N.Unique": "unique",
    "N.Same": "same",
    "Frc.Avail": "share_available",
    "Frc.NonZero": "share_non_zero",
    "Frc.Unique": "share_unique",
    "Frc.Same": "share_same",
    "Flag.Avail": "flag_available",
    "Flag.NonZero": "flag_non_zero",
    "Flag.Unique": "flag_unique",
    "Flag.SkewKurt": "flag_outliers",
}
WORDS = {"ok": "ok", "LOW": "low", "OUT": "outliers"}
FIGURES = [name for name in COINR.values() if not name.startswith("flag")]


def same(found: dict, wanted: dict, rel: float) -> bool:
    """Whether figures are equal within rounding and words exactly."""
    words = {name for name, value in wanted.items() if isinstance(value, str)}
    figures = {name: value for name, value in wanted.items() if name not in words}
    return {name: found[name] for name in figures} == pytest.approx(
        figures, rel=rel, abs=0, nan_ok=True
    ) and all(found[name] == wanted[name] for name in words)


def row(*values: float, **options: float) -> dict:
    return describe(pd.DataFrame({"x": values}), **options).loc["x"].to_dict()


def test_figures_by_hand() -> None:
    found = row(0, 3, NAN, 3, 10)
    wanted = {
        "min": 0,
        "max": 10,
        "mean": 4,
        "median": 3,
        "sd": (54 / 3) ** 0.5,
        # Distances -4, -1, -1, 6: sums of powers 54, 150, 1554.
        "skew": 4 * 3**0.5 / 2 * 150 / 54**1.5,
        "kurtosis": (5 * (4 * 1554 / 54**2 - 3) + 6) * 3 / 2,
        "available": 4,
        "non_zero": 3,
        "unique": 3,
        "same": 2,
        "share_available": 0.8,
        "share_non_zero": 0.75,
        "share_unique": 0.75,
        "share_same": 0.5,
        "flag_available": "ok",
        "flag_non_zero": "ok",
        "flag_unique": "ok",
        "flag_outliers": "ok",
    }
    assert found.keys() == wanted.keys()
    assert same(found, wanted, rel=1e-14)


def test_even_medians_lie_halfway() -> None:
    assert row(4, 1, NAN, 2, 10)["median"] == 3


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (
            (NAN, NAN),
            {"mean": NAN, "median": NAN, "sd": NAN, "min": NAN, "max": NAN, "available": 0}
            | {"same": 0, "unique": 0, "share_same": NAN, "share_unique": NAN}
            | {"share_available": 0, "flag_available": "low", "flag_unique": "low"}
            | {"flag_non_zero": "low", "flag_outliers": "untested"},
        ),
        ((7,), {"mean": 7, "median": 7, "sd": NAN, "skew": NAN, "flag_outliers": "untested"}),
        (
            (2, 2, 2, 2, 2),
            {"sd": 0, "skew": NAN, "kurtosis": NAN, "unique": 1, "same": 5}
            | {"flag_unique": "low", "flag_outliers": "untested"},
        ),
        # The rounding of a sum makes no new value.
        ((5.1, 5.1000000000000005, 6), {"unique": 2, "same": 2}),
        ((0.0, -0.0, 1), {"unique": 2, "same": 2, "non_zero": 1}),
        ((1e300, -1e300, 0), {"mean": 0, "median": 0, "sd": 1e300}),
        # The mean of large, close numbers keeps its digits.
        ((1e15 + 1, 1e15 + 2, 1e15 + 6), {"mean": 1e15 + 3, "sd": 7**0.5}),
        ((1e15, 1e15 + 1, 1e15 + 1), {"mean": 1e15 + 2 / 3, "sd": 3**-0.5}),
        ((*range(12), 500), {"flag_outliers": "outliers"}),
    ],
)
def test_figures_at_the_edges(values: tuple, wanted: dict) -> None:
    assert same(row(*values), wanted, rel=1e-15)


@pytest.mark.parametrize(
    ("options", "flag", "word"),
    [
        ({"min_available": 0.8}, "flag_available", "ok"),
        ({"min_available": 0.81}, "flag_available", "low"),
        # Flags are shares of all five units, though shares are of the four known values.
        ({"min_non_zero": 0.6}, "flag_non_zero", "ok"),
        ({"min_non_zero": 0.7}, "flag_non_zero", "low"),
        ({"min_unique": 0.6}, "flag_unique", "ok"),
        ({"min_unique": 0.61}, "flag_unique", "low"),
        ({"max_skew": 1.3, "max_kurtosis": 2}, "flag_outliers", "outliers"),
        ({"max_skew": 1.5, "max_kurtosis": 2}, "flag_outliers", "ok"),
        ({"max_skew": 1.3, "max_kurtosis": 3}, "flag_outliers", "ok"),
    ],
)
def test_thresholds_by_hand(options: dict, flag: str, word: str) -> None:
    # Skewness 1.31, excess kurtosis 2.48.
    assert row(0, 3, NAN, 3, 10, **options)[flag] == word


@pytest.mark.parametrize("name", ["min_available", "min_non_zero", "min_unique"])
def test_thresholds_that_are_no_shares_are_refused(name: str) -> None:
    with pytest.raises(CompositeError, match=f"{name} is 65"):
        row(1, 2, **{name: 65})


def test_infinite_values_are_refused_by_name() -> None:
    with pytest.raises(CompositeError, match="x of 1 is infinite"):
        row(1, float("inf"))


cells = st.sampled_from([NAN, -2.0, 0.0, 0.5, 3.0, 1e3])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=12))
def test_figures_agree_with_pandas(values: list[list[float]]) -> None:
    data = pd.DataFrame(values, columns=list("xyz"))
    found = describe(data)
    for name, wanted in {
        "min": data.min(),
        "max": data.max(),
        "mean": data.mean(),
        "median": data.median(),
        "sd": data.std(),
        "available": data.count(),
        "unique": data.nunique(),
        "same": data.apply(lambda x: x.value_counts().max() if x.notna().any() else 0),
        "non_zero": ((data != 0) & data.notna()).sum(),
    }.items():
        np.testing.assert_allclose(found[name], wanted, rtol=1e-12, atol=1e-12)


def test_statistics_as_coinr() -> None:
    wanted = upstream("stats_raw", "iCode").rename(columns=COINR)
    found = describe(upstream("ASEM_iData", "uCode")[list(wanted.index)])
    # COINr sees 5.1 and 5.1000000000000005 as two values; the copied data have them as one.
    two = ["unique", "share_unique"]
    assert wanted.loc["TolMin", "unique"] - found.loc["TolMin", "unique"] == 2
    wanted.loc["TolMin", two] = found.loc["TolMin", two]
    assert relative_error(found, wanted[FIGURES]) < 1e-12
    for flag in [name for name in COINR.values() if name.startswith("flag")]:
        assert found[flag].tolist() == wanted[flag].map(WORDS).tolist()
