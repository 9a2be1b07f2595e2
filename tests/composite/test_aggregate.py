"""Aggregation by every mean: by hand, with gaps, at the edges, and against COINr and Compind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indices.composite.aggregate import (
    METHODS,
    adjusted_mazziotta_pareto,
    aggregate,
    arithmetic,
    mazziotta_pareto,
    power_mean,
)
from indices.composite.errors import CompositeError
from indices.composite.normalise import orient

REFERENCE = Path(__file__).parent / "reference"
NAN = float("nan")
INF = float("inf")


@pytest.mark.parametrize(
    ("name", "method", "parameters"),
    [
        ("a_amean", "arithmetic", {}),
        ("a_gmean", "geometric", {}),
        ("a_hmean", "harmonic", {}),
        ("genmean_p2", "power", {"p": 2}),
    ],
)
def test_means_up_the_tree_are_those_of_coinr(
    name: str, method: str, parameters: dict[str, Any]
) -> None:
    expected = pd.read_csv(REFERENCE / f"agg_{name}.csv", index_col=0)
    scores = pd.read_csv(REFERENCE / "norm_minmax_1_100.csv", index_col=0)
    meta = pd.read_csv(REFERENCE / "ASEM_iMeta.csv").dropna(subset=["Parent"])
    # Parents in the order of their level, so that their children have a score.
    for (_, parent), group in meta.groupby(["Level", "Parent"]):
        children = scores[list(group["iCode"])].to_numpy(float)
        scores[parent] = aggregate(children, group["Weight"].to_numpy(), method, **parameters)
    got = scores[expected.columns].to_numpy()
    np.testing.assert_allclose(got, expected.to_numpy(float), rtol=1e-12, atol=0)


def test_the_adjusted_index_over_four_years_is_compinds() -> None:
    panel = pd.read_csv(REFERENCE / "eu2020_panel_long.csv")
    goalposts = pd.read_csv(REFERENCE / "eu2020_ampi_goalposts_ref2008_mean.csv")
    expected = pd.read_csv(REFERENCE / "eu2020_ampi_penaltyPOS.csv", index_col=0)
    direction = [1, 1, -1, 1]  # fewer emissions are better
    raw = orient(panel[list(goalposts.columns)].to_numpy(float), direction)
    panel["score"] = adjusted_mazziotta_pareto(raw, orient(goalposts.to_numpy()[0], direction))
    got = panel.pivot_table(index="geo", columns="year", values="score").loc[expected.index]
    np.testing.assert_array_equal(got.round(3).to_numpy(), expected.to_numpy())


@pytest.mark.parametrize(
    ("method", "parameters", "mean"),
    [
        ("arithmetic", {}, 0.5 * 1 + 0.25 * 4 + 0.25 * 16),
        ("geometric", {}, 2 ** (0.25 * 2 + 0.25 * 4)),
        ("harmonic", {}, 1 / (0.5 + 0.25 / 4 + 0.25 / 16)),
        ("power", {"p": 2}, (0.5 + 0.25 * 16 + 0.25 * 256) ** 0.5),
        ("power", {"p": 0.5}, (0.5 + 0.25 * 2 + 0.25 * 4) ** 2),
        ("power", {"p": -2}, (0.5 + 0.25 / 16 + 0.25 / 256) ** -0.5),
        ("power", {"p": 1}, 5.5),
        ("power", {"p": 0}, 2**1.5),
        ("power", {"p": -1}, 1 / (0.5 + 0.25 / 4 + 0.25 / 16)),
    ],
)
def test_means_by_hand_with_weights_of_any_sum(
    method: str, parameters: dict[str, Any], mean: float
) -> None:
    for weights in ([2, 1, 1], [0.5, 0.25, 0.25], [2e300, 1e300, 1e300], [2e-320, 1e-320, 1e-320]):
        got = aggregate([[1, 4, 16]], weights, method, **parameters)
        np.testing.assert_allclose(got, [mean], rtol=1e-3 if max(weights) < 1e-300 else 1e-14)


@pytest.mark.parametrize("method", ["arithmetic", "geometric", "harmonic", "power"])
@pytest.mark.parametrize(
    ("scores", "minimum", "as_if"),
    [
        ([2, NAN, 8], 0.0, ([2, 8], [2, 1])),
        ([2, NAN, 8], 0.75, ([2, 8], [2, 1])),  # exactly the minimum is enough
        ([2, NAN, 8], 0.7500001, None),
        ([NAN, NAN, 8], 0.25, ([8], [1])),
        ([NAN, NAN, 8], 0.5, None),
        ([NAN, NAN, NAN], 0.0, None),
    ],
)
def test_weights_are_rescaled_over_what_is_known(
    method: str, scores: list[float], minimum: float, as_if: Any
) -> None:
    parameters = {"p": 3} if method == "power" else {}
    got = aggregate([scores], [2, 1, 1], method, minimum, **parameters)
    expected = NAN if as_if is None else aggregate(*as_if, method, **parameters)
    np.testing.assert_allclose(got, [expected], rtol=1e-14)


@pytest.mark.parametrize("method", ["arithmetic", "geometric", "harmonic", "mazziotta_pareto"])
def test_of_no_weight_there_is_no_mean(method: str) -> None:
    got = aggregate([[NAN, 5.0], [3.0, 5.0]], [1, 0], method)
    np.testing.assert_allclose(got, [NAN, 3], rtol=1e-15)


@pytest.mark.parametrize(
    ("method", "parameters", "scores"),
    [
        ("geometric", {}, [-1, 4]),
        ("geometric", {}, [0, 4]),
        ("harmonic", {}, [-1, 4]),
        ("harmonic", {}, [0, 4]),
        ("power", {"p": 2}, [-1, 4]),
        ("power", {"p": 0.5}, [-1, 4]),
        ("power", {"p": -2}, [0, 4]),
        ("power", {"p": 0}, [0, 4]),
    ],
)
def test_scores_outside_a_mean_are_refused_unless_they_weigh_nothing(
    method: str, parameters: dict[str, Any], scores: list[float]
) -> None:
    with pytest.raises(CompositeError, match=r"\(unit 1, indicator 0\); normalise to positive"):
        aggregate([[1, 1], scores], [1, 1], method, **parameters)
    assert aggregate([scores], [0, 1], method, **parameters)[0] == pytest.approx(4)


@pytest.mark.parametrize(
    ("p", "scores", "mean"),
    [
        (2, [0, 4], 8**0.5),
        (2, [0, 0], 0),
        (0.5, [0, 4], 1),
        (3, [1e-200, 1e200], 1e200 * 0.5 ** (1 / 3)),
        (-3, [1e-200, 1e200], 1e-200 * 2 ** (1 / 3)),
        (800, [2, 3], 3 * 0.5 ** (1 / 800)),
        (-800, [2, 3], 2 * 0.5 ** (-1 / 800)),
        (1e-9, [1, 4], 2 * (1 + 1e-9 * np.log(2) ** 2 / 2)),
        (1e-14, [1, 4], 2),
        (-1e-14, [1, 4], 2),
        (1, [-4, 1], -1.5),
    ],
)
def test_powers_at_the_edges(p: float, scores: list[float], mean: float) -> None:
    np.testing.assert_allclose(power_mean([scores], [1, 1], p), [mean], rtol=2e-13)


def test_powers_may_differ_between_units() -> None:
    x = np.array([[1.0, 4], [1, 4], [1, 4], [1, 4], [-1, 4], [0, 4]])
    got = power_mean(x, [1, 1], np.array([1.0, 0, -1, 2, 1, 2]))
    expected = [2.5, 2, 1.6, 8.5**0.5, 1.5, 8**0.5]
    np.testing.assert_allclose(got, expected, rtol=1e-14)
    with pytest.raises(CompositeError, match="unit 5"):
        power_mean(x, [1, 1], np.zeros(6) + [1, 1, 1, 1, 1, 0])


def test_each_run_has_its_weights() -> None:
    rng = np.random.default_rng(5)
    x, weights = rng.uniform(1, 9, size=(4, 3)), rng.uniform(size=(7, 1, 3))
    for method in ("arithmetic", "geometric", "harmonic", "mazziotta_pareto", "copeland"):
        got = aggregate(np.broadcast_to(x, (7, 4, 3)), weights, method)
        assert got.shape == (7, 4)
        np.testing.assert_allclose(got[6], aggregate(x, weights[6, 0], method), rtol=1e-14)
    by_power = power_mean(x, [1, 1, 1], np.array([[1.0], [2]]))
    np.testing.assert_allclose(by_power, [power_mean(x, [1, 1, 1], p) for p in (1, 2)], rtol=1e-14)


@pytest.mark.parametrize(
    ("penalty", "ddof", "index"),
    [(-1, 0, 100 - 100 / 100), (1, 0, 100 + 100 / 100), (-1, 1, 98), (1, 1, 102)],
)
def test_mazziotta_pareto_by_hand(penalty: int, ddof: int, index: float) -> None:
    """Scores 90 and 110: mean 100, variance 100 over two and 200 over one."""
    got = mazziotta_pareto([[90, 110], [100, 100]], penalty=penalty, ddof=ddof)
    np.testing.assert_allclose(got, [index, 100], rtol=1e-14)


def test_mazziotta_pareto_with_weights_and_gaps() -> None:
    # Mean 95, variance 75 (weights 3 and 1); over 1 - 10/16: 200.
    z = [[90, NAN, 110]]
    np.testing.assert_allclose(mazziotta_pareto(z, [3, 5, 1]), [95 - 75 / 95], rtol=1e-14)
    np.testing.assert_allclose(mazziotta_pareto(z, [3, 5, 1], ddof=1), [95 - 200 / 95], rtol=1e-14)
    np.testing.assert_array_equal(mazziotta_pareto(z, [3, 5, 1], minimum_weight=0.5), [NAN])
    # The spread of one score is nothing over one, and not known over none.
    np.testing.assert_array_equal(mazziotta_pareto([[NAN, 110]]), [110])
    np.testing.assert_array_equal(mazziotta_pareto([[NAN, 110]], ddof=1), [NAN])


def test_the_adjusted_index_by_hand() -> None:
    """Half ranges 2 and 20: the first unit scores 70 and 130 round a reference of 5 and 50."""
    x = np.array([[3.0, 70], [7, 30], [5, 50]])
    got = adjusted_mazziotta_pareto(x, [5, 50])
    np.testing.assert_allclose(got, [100 - 900 / 100, 100 - 9, 100])
    wider = adjusted_mazziotta_pareto(x, [5, 50], lo=[1, 10], hi=[9, 90], penalty=1)
    np.testing.assert_allclose(wider, [100 + 225 / 100, 100 + 2.25, 100])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [({"penalty": 0}, "penalty is 0"), ({"ddof": 2}, "ddof is 2")],
)
def test_wrong_parameters_of_mazziotta_pareto_are_refused(
    parameters: dict[str, int], message: str
) -> None:
    with pytest.raises(CompositeError, match=message):
        mazziotta_pareto([[1, 2]], **parameters)


def test_a_mean_that_is_not_positive_has_no_variation_coefficient() -> None:
    with pytest.raises(CompositeError, match=r"zero or below \(unit 1\)"):
        mazziotta_pareto([[1, 2], [-1, 1]])


def test_copeland_scores_compare_whoever_has_enough_weight() -> None:
    x = [[3, 3], [2, 4], [1, NAN]]
    np.testing.assert_array_equal(aggregate(x, [2, 1], "copeland"), [2, 0, -2])
    np.testing.assert_array_equal(aggregate(x, [2, 1], "copeland", 0.7), [1, -1, NAN])
    with pytest.raises(CompositeError, match="the same weights for all units"):
        aggregate(x, [[2, 1], [1, 2], [1, 1]], "copeland")
    with pytest.raises(CompositeError, match="compares units"):
        aggregate([1, 2], [2, 1], "copeland")


@pytest.mark.parametrize(
    ("x", "weights", "method", "more", "message"),
    [
        ([[1, INF]], [1, 1], "arithmetic", {}, r"infinite values \(unit 0, indicator 1\)"),
        ([[1, 2]], [1], "arithmetic", {}, r"weights of shape \(1,\) for 2 indicators"),
        ([[1, 2]], [[1, 1]] * 3 + [[0, 0]], "arithmetic", {}, "sum to nothing"),
        ([[1, 2]], [0, 0], "arithmetic", {}, "sum to nothing"),
        ([[1, 2]], [1, -1], "arithmetic", {}, "weight of indicator 1 is -1.0"),
        ([[1, 2]], [NAN, 1], "arithmetic", {}, "weight of indicator 0 is nan"),
        ([[1, 2]], [INF, 1], "arithmetic", {}, "weight of indicator 0 is inf"),
        ([[1, 2]] * 3, [[1, 2]] * 2, "arithmetic", {}, "do not go with"),
        ([[1, 2]], [1, 1], "arithmetic", {"minimum_weight": 50}, "minimum_weight is 50"),
        ([[1, 2]], [1, 1], "arithmetic", {"minimum_weight": NAN}, "minimum_weight is nan"),
        ([[1, 2]], [1, 1], "power", {"p": INF}, "finite number"),
        ([[1, 2]], [1, 1], "power", {"p": NAN}, "finite number"),
        ([[1, 2]], [1, 1], "power", {}, "needs 'p'"),
        ([[1, 2]], [1, 1], "median", {}, "'median' is not known; there are arithmetic"),
        ([[1, 2]], [1, 1], "geometric", {"p": 2}, "does not know 'p'"),
        ([], [], "arithmetic", {}, "shape"),
    ],
)
def test_what_cannot_be_aggregated_is_refused(
    x: Any, weights: Any, method: str, more: dict[str, Any], message: str
) -> None:
    with pytest.raises(CompositeError, match=message):
        aggregate(x, weights, method, **more)


SCORES = st.lists(st.floats(0.01, 100), min_size=3, max_size=3)
WEIGHTS = st.lists(st.floats(0.01, 10), min_size=3, max_size=3)


@given(SCORES, WEIGHTS, st.lists(st.floats(-20, 20), min_size=2, max_size=2))
def test_power_means_grow_with_the_power_between_the_extremes(
    x: list[float], weights: list[float], powers: list[float]
) -> None:
    low, high = (power_mean([x], weights, p)[0] for p in sorted(powers))
    assert min(x) * (1 - 1e-12) <= low <= high * (1 + 1e-12)
    assert high <= max(x) * (1 + 1e-12)


@given(SCORES, WEIGHTS, st.floats(0.01, 100))
def test_means_scale_with_their_scores(x: list[float], w: list[float], factor: float) -> None:
    for method in METHODS:
        parameters = {"p": 3} if method == "power" else {}
        once, scaled = (
            aggregate([[f * v for v in x]], w, method, **parameters) for f in (1, factor)
        )
        assert scaled == pytest.approx(factor * once if method != "copeland" else 0, rel=1e-9)


def test_means_do_not_depend_on_the_layout_of_memory() -> None:
    x = np.random.default_rng(1).normal(size=(50, 20))
    weights = np.arange(1, 21)
    np.testing.assert_array_equal(arithmetic(x, weights), arithmetic(np.asfortranarray(x), weights))
