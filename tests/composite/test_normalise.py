"""Normalisation by every method: by hand, at the edges, and against COINr and Compind."""

from __future__ import annotations

from math import fsum
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from indices.composite import normalise as scales
from indices.composite.errors import CompositeError
from indices.composite.normalise import METHODS, normalise, orient

REFERENCE = Path(__file__).parent / "reference"
NAN = float("nan")
INF = float("inf")


def figures(name: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / f"{name}.csv", index_col=0).astype(float)


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype=float)[:, None]


@pytest.fixture(scope="module")
def treated() -> pd.DataFrame:
    """ASEM's treated indicators, turned by their direction."""
    data = figures("A05_Treated")
    meta = pd.read_csv(REFERENCE / "ASEM_iMeta.csv").set_index("iCode")
    turned = orient(data.to_numpy(), meta.loc[data.columns, "Direction"].to_numpy())
    return pd.DataFrame(turned, index=data.index, columns=data.columns)


@pytest.mark.parametrize(
    ("name", "method", "parameters"),
    [
        ("A06_Normalised", "minmax", {}),
        ("norm_minmax_1_100", "minmax", {"lo": 1, "hi": 100}),
        ("norm_zscore_0_1", "zscore", {}),
        ("norm_dist2max", "distance_to_max", {}),
        ("norm_scaled_0_100", "scaled", {}),
        ("norm_goalposts_0_10_1", "goalposts", {"lo": 0, "hi": 10}),
        ("norm_fracmax", "fraction_of_max", {"only_positive": False}),
    ],
)
def test_scores_are_those_of_coinr(
    treated: pd.DataFrame, name: str, method: str, parameters: dict[str, Any]
) -> None:
    expected = figures(name)
    # Where COINr divides by a largest value of zero, it has infinity and we have missing.
    expected = expected.replace([INF, -INF], NAN)
    got = normalise(treated[expected.columns].to_numpy(), method, **parameters)
    np.testing.assert_allclose(got, expected.to_numpy(), rtol=1e-12, atol=0)


@pytest.mark.parametrize(
    ("name", "method", "step"),
    [("norm_rank", "rank", 1), ("norm_borda", "borda", 1), ("norm_prank", "percentile", 1 / 50)],
)
def test_ranks_are_those_of_coinr_but_where_it_parts_equal_values(
    treated: pd.DataFrame, name: str, method: str, step: float
) -> None:
    apart = np.abs(normalise(treated.to_numpy(), method) - figures(name).to_numpy())
    assert (apart > 1e-12).sum() == 3
    assert apart.max() == pytest.approx(step)


def test_z_scores_of_mean_100_and_sd_10_are_compinds() -> None:
    raw = pd.read_csv(REFERENCE / "EU_NUTS1.csv")[["roads", "trains"]].to_numpy(float)
    expected = pd.read_csv(REFERENCE / "nuts1_norm_method1.csv").to_numpy(float)
    got = normalise(orient(raw, [-1, 1]), "zscore", mean=100, sd=10)
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=0)


def test_compinds_goalposts_are_the_means_of_the_base_year() -> None:
    panel = pd.read_csv(REFERENCE / "eu2020_panel_long.csv")
    expected = pd.read_csv(REFERENCE / "eu2020_ampi_goalposts_ref2008_mean.csv")
    codes = list(expected.columns)
    base = panel.loc[panel["year"] == 2008, codes].to_numpy(float).mean(axis=0)
    np.testing.assert_allclose(base, expected.to_numpy()[0], rtol=1e-12)
    scores = normalise(panel[codes].to_numpy(float), "around_reference", reference=base)
    assert scores[(panel["year"] == 2008).to_numpy()].mean(axis=0) == pytest.approx(100)


ROOT2 = 2**0.5


@pytest.mark.parametrize(
    ("method", "parameters", "values", "scores"),
    [
        ("minmax", {}, [2, 4, NAN, 10], [0, 25, NAN, 100]),
        ("minmax", {"lo": 1, "hi": 5}, [2, 4, 10], [1, 2, 5]),
        ("minmax", {"lo": -1, "hi": 0}, [-10, 10, 0], [-1, 0, -0.5]),
        ("zscore", {}, [1, 3], [-1 / ROOT2, 1 / ROOT2]),
        ("zscore", {"ddof": 0}, [1, NAN, 3], [-1, NAN, 1]),
        ("zscore", {"mean": 100, "sd": 10}, [1, 2, 3], [90, 100, 110]),
        ("rank", {}, [5, 3, NAN, 5, 9], [2, 1, NAN, 2, 4]),
        ("rank", {}, [5.1, 5.1000000000000005, 0], [2, 2, 1]),
        ("rank", {}, [7, 7], [1, 1]),
        ("rank", {}, [7], [1]),
        ("borda", {}, [5, 3, 5, 9], [1, 0, 1, 3]),
        ("percentile", {}, [5, 3, NAN, 5, 9], [1 / 3, 0, NAN, 1 / 3, 1]),
        ("percentile", {}, [7, 7], [0, 0]),
        ("distance_to_max", {}, [-1, 0, 3, NAN], [0, 0.25, 1, NAN]),
        ("distance_to_reference", {"reference": 1}, [0, 4, 6, NAN], [0, 1, 1.5, NAN]),
        ("distance_to_reference", {"reference": 1, "cap": True}, [0, 4, 6, 1], [0, 1, 1, 0.25]),
        ("distance_to_target", {"target": 8}, [2, 5, 11], [0, 0.5, 1.5]),
        ("distance_to_target", {"target": [8], "cap": True}, [2, 5, 11], [0, 0.5, 1]),
        ("fraction_of_max", {}, [-4, 2, 8, NAN], [-0.5, 0.25, 1, NAN]),
        ("fraction_of_max", {"only_positive": False}, [-4, -2], [2, 1]),
        ("fraction_of_max", {"only_positive": False}, [-4, 0], [NAN, NAN]),
        ("scaled", {}, [-3, 7], [-3, 7]),
        ("scaled", {"lo": 1, "hi": 7, "factor": 10}, [1, 4, 10], [0, 5, 15]),
        ("goalposts", {"lo": 20, "hi": 85}, [10, 20, 52.5, 90, NAN], [0, 0, 0.5, 1, NAN]),
        ("goalposts", {"lo": [0], "hi": [4], "a": [100]}, [1, 9], [25, 100]),
        ("goalposts", {"lo": 0, "hi": 4, "truncate": False}, [-4, 9], [-1, 2.25]),
        ("goalposts", {"lo": 0, "hi": 4}, [1], [0.25]),
        ("around_reference", {"reference": 4}, [2, 4, 8], [80, 100, 140]),
        ("around_reference", {"reference": 4, "lo": 0, "hi": 12}, [4, 10], [100, 130]),
    ],
)
def test_scores_by_hand(
    method: str, parameters: dict[str, Any], values: list[float], scores: list[float]
) -> None:
    got = normalise(column(*values), method, **parameters)
    np.testing.assert_allclose(got[:, 0], scores, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("method", "parameters", "values", "message"),
    [
        ("minmax", {}, [3, 3, NAN], r"no variance \(indicator 0\): every known value is 3"),
        ("minmax", {}, [3], "no variance"),
        ("minmax", {}, [5.1, 5.1000000000000005], "no variance"),
        ("minmax", {}, [0, 0], "no variance"),
        ("minmax", {"lo": 5, "hi": 1}, [1, 2], "ends of the scale are 5.0 and 1.0"),
        ("minmax", {"lo": 1, "hi": 1}, [1, 2], "lower one first"),
        ("minmax", {"hi": INF}, [1, 2], "finite"),
        ("minmax", {}, [-1.7e308, 1.7e308], "too large"),
        ("zscore", {}, [3, 3], "no variance"),
        ("zscore", {"sd": 0}, [1, 2], "sd above 0"),
        ("zscore", {"ddof": 2}, [1, 2], "ddof is 2"),
        ("percentile", {}, [3, NAN], r"one known value \(indicator 0\)"),
        ("distance_to_max", {}, [3, 3], "no variance"),
        ("distance_to_reference", {"reference": 0}, [1, 2], "has itself the smallest"),
        ("distance_to_reference", {"reference": 2}, [1, 2], "no reference unit 2"),
        ("distance_to_reference", {"reference": -1}, [1, 2], "no reference unit -1"),
        ("distance_to_reference", {"reference": 0.5}, [1, 2], "expected the position"),
        ("distance_to_reference", {"reference": 0}, [NAN, 2, 1], "unit 0 has no value"),
        ("distance_to_target", {"target": 1}, [1, 2], "not above the smallest value 1"),
        ("distance_to_target", {"target": 0}, [1, 2], "target of 0"),
        ("distance_to_target", {"target": NAN}, [1, 2], "missing or infinite target"),
        ("fraction_of_max", {}, [-3, -1], r"largest value of -1 \(indicator 0\)"),
        ("fraction_of_max", {}, [-3, 0], "largest value of 0"),
        ("scaled", {"lo": 100, "hi": 0}, [1, 2], "lower one first"),
        ("goalposts", {"lo": [4], "hi": [1]}, [1, 2], "goalposts of indicator 0 are 4.0 and 1.0"),
        ("goalposts", {"lo": NAN, "hi": 1}, [1, 2], "goalposts are nan and 1.0"),
        ("goalposts", {"lo": 0, "hi": 1, "a": 0}, [1, 2], "above 0"),
        ("around_reference", {"reference": NAN}, [1, 2], "missing reference"),
        ("around_reference", {"reference": 1, "lo": 0}, [1, 2], "both lo and hi"),
        ("around_reference", {"reference": 1, "lo": 2, "hi": 0}, [1, 2], "lower one first"),
        ("around_reference", {"reference": 1}, [2, 2], "no variance"),
        ("minmax", {}, [1, INF], r"infinite values \(unit 1, indicator 0\)"),
        ("rank", {}, [1, -INF], "infinite values"),
        ("minmax", {}, [NAN, NAN], r"no values at all \(indicator 0\)"),
        ("min_max", {}, [1, 2], "'min_max' is not known; there are minmax, zscore"),
        ("minmax", {"low": 1}, [1, 2], "does not know 'low'; its parameters: lo, hi"),
        ("distance_to_max", {"low": 1}, [1, 2], "its parameters: none"),
        ("goalposts", {"lo": 1}, [1, 2], "needs 'hi'"),
    ],
)
def test_what_makes_no_score_is_refused(
    method: str, parameters: dict[str, Any], values: list[float], message: str
) -> None:
    with pytest.raises(CompositeError, match=message):
        normalise(column(*values), method, **parameters)


@pytest.mark.parametrize(
    ("method", "ties", "scores"),
    [
        ("rank", "average", [1, 3, NAN, 3, 3, 5]),
        ("borda", "max", [0, 3, NAN, 3, 3, 4]),
        ("percentile", "average", [0, 0.5, NAN, 0.5, 0.5, 1]),
    ],
)
def test_equal_values_share_the_place_asked_for(method: str, ties: str, scores: list) -> None:
    x = column(-1, 4, NAN, 4, 4, 9)
    np.testing.assert_array_equal(normalise(x, method, ties=ties)[:, 0], scores)


@pytest.mark.parametrize("shape", [(3,), (), (0, 2)])
def test_what_is_no_panel_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(CompositeError, match="shape"):
        normalise(np.ones(shape), "rank")


@pytest.mark.parametrize("method", sorted(METHODS))
def test_what_is_missing_stays_missing_and_moves_nobody(method: str) -> None:
    parameters: dict[str, Any] = {
        "goalposts": {"lo": 0, "hi": 9},
        "distance_to_reference": {"reference": 2},
        "distance_to_target": {"target": 8},
        "around_reference": {"reference": 3},
    }.get(method, {})
    full = np.array([[1.0, 5], [4, 2], [6, 9]])
    gap = np.vstack([full, [NAN, NAN]])
    got = normalise(gap, method, **parameters)
    np.testing.assert_array_equal(got[:3], normalise(full, method, **parameters))
    assert np.isnan(got[3]).all()


@pytest.mark.parametrize("method", ["minmax", "zscore", "rank", "percentile", "distance_to_max"])
def test_batches_are_normalised_each_on_its_own(method: str) -> None:
    stack = np.random.default_rng(3).normal(size=(4, 6, 3))
    got = normalise(stack, method)
    assert got.shape == stack.shape
    for i, one in enumerate(stack):
        np.testing.assert_array_equal(got[i], normalise(one, method))


def test_a_flat_indicator_is_named_with_its_batch() -> None:
    stack = np.random.default_rng(3).normal(size=(4, 6, 3))
    stack[2, :, 1] = 7
    with pytest.raises(CompositeError, match=r"batch 2, indicator 1"):
        normalise(stack, "minmax")


PANEL = np.array([[1.0, 0], [3, 4], [10, 5], [30, 9]])
YEARS = [2001, 2001, 2000, 2000]


def test_periods_are_normalised_each_on_its_own() -> None:
    got = normalise(PANEL, "minmax", by=YEARS)
    np.testing.assert_array_equal(got, [[0, 0], [100, 100], [0, 0], [100, 100]])
    pooled = normalise(PANEL, "minmax")
    assert pooled[1, 0] == pytest.approx(200 / 29)


def test_an_indicator_not_yet_measured_in_a_period_stays_missing_in_it() -> None:
    late = PANEL.copy()
    late[2:, 1] = NAN
    got = normalise(late, "zscore", by=YEARS)
    assert np.isnan(got[2:, 1]).all()
    assert not np.isnan(got[:2]).any()


def test_no_variance_in_a_period_is_refused_with_its_name() -> None:
    flat = PANEL.copy()
    flat[2:, 1] = 6
    with pytest.raises(CompositeError, match=r"in period 2000: no variance \(indicator 1\)"):
        normalise(flat, "minmax", by=YEARS)
    assert not np.isnan(normalise(flat, "rank", by=YEARS)).any()


def test_each_period_has_its_reference_row() -> None:
    got = normalise(PANEL, "distance_to_reference", by=YEARS, reference=[3, 1])
    np.testing.assert_array_equal(got, [[0, 0], [1, 1], [0, 0], [1, 1]])


@pytest.mark.parametrize(
    ("by", "reference", "message"),
    [
        ([2000, 2001], 1, "periods of shape"),
        (YEARS, 1, "in each of 2 periods"),
        (YEARS, [3, 1, 0], "in each of 2 periods"),
        (YEARS, [1, 3], "row 1 is not in period 2000"),
    ],
)
def test_wrong_periods_are_refused(by: list[int], reference: Any, message: str) -> None:
    with pytest.raises(CompositeError, match=message):
        normalise(PANEL, "distance_to_reference", by=by, reference=reference)


def test_orienting_turns_the_sign_and_leaves_no_negative_zero() -> None:
    got = orient([[1, 0, NAN], [2, 3, 4]], [1, -1, -1])
    np.testing.assert_array_equal(got, [[1, 0, NAN], [2, -3, -4]])
    assert not np.signbit(got[0, 1])


@pytest.mark.parametrize("direction", [[1], [1, 0], [1, 2], [1, NAN], 1])
def test_a_direction_is_one_or_minus_one(direction: Any) -> None:
    with pytest.raises(CompositeError, match="direction"):
        orient([[1, 2]], direction)


def test_goalposts_turn_with_their_indicator() -> None:
    lo, hi = scales.orient_goalposts([0, 10], [100, 30], [1, -1])
    np.testing.assert_array_equal([lo, hi], [[0, -30], [100, -10]])
    got = normalise(orient([[50, 10], [80, 25]], [1, -1]), "goalposts", lo=lo, hi=hi)
    np.testing.assert_allclose(got, [[0.5, 1], [0.8, 0.25]])


def test_a_reversed_target_is_measured_from_the_worst_value() -> None:
    """COINr: (max - x) / (max - target) for an indicator where less is better."""
    got = normalise(orient(column(10, 6, 2), [-1]), "distance_to_target", target=orient([4], [-1]))
    np.testing.assert_allclose(got[:, 0], [0, 4 / 6, 8 / 6])


def test_without_variance_says_which() -> None:
    x = np.array([[1.0, 2, NAN, 0], [1, 3, NAN, 0]])
    np.testing.assert_array_equal(scales.without_variance(x), [True, False, False, True])


def test_the_mean_of_a_long_panel_does_not_drift() -> None:
    values = np.repeat([0, 1, 1 / 3, 0.1], [1, 1, 30_000, 10_000])
    z = normalise(np.column_stack([values, values]), "zscore")
    assert abs(fsum(z[:, 0]) / len(z)) < 1e-14
    np.testing.assert_array_equal(normalise(values[:, None], "zscore"), z[:, :1])


tame = st.floats(-1e6, 1e6).map(lambda v: round(v, 3))
PANELS = arrays(float, st.tuples(st.integers(2, 12), st.integers(1, 3)), elements=tame)


def varied(x: np.ndarray) -> np.ndarray:
    """The panel with a first row that gives every indicator a range."""
    return np.vstack([x, x.max(axis=0) + 1])


@given(PANELS, st.floats(0.1, 50), st.floats(-1e3, 1e3))
def test_linear_scales_do_not_depend_on_the_unit_of_measure(
    x: np.ndarray, factor: float, shift: float
) -> None:
    panel = varied(x)
    for method in ("minmax", "zscore", "distance_to_max"):
        before, after = normalise(panel, method), normalise(factor * panel + shift, method)
        np.testing.assert_allclose(before, after, rtol=1e-6, atol=1e-6)


@given(PANELS)
def test_scores_keep_the_order_and_have_the_stated_moments(x: np.ndarray) -> None:
    panel = varied(x)
    scores = normalise(panel, "minmax", lo=1, hi=100)
    np.testing.assert_allclose(scores.min(axis=0), 1)
    np.testing.assert_allclose(scores.max(axis=0), 100)
    order = np.argsort(panel, axis=0, kind="stable")
    assert (np.diff(np.take_along_axis(scores, order, 0), axis=0) >= 0).all()
    z = normalise(panel, "zscore", mean=100, sd=10)
    np.testing.assert_allclose(z.mean(axis=0), 100, rtol=1e-9)
    np.testing.assert_allclose(z.std(axis=0, ddof=1), 10, rtol=1e-9)
