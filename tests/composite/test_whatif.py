"""The smallest change of weights that turns an order: by hand, and against every other change."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from itertools import product
from math import inf, nan, sqrt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from indices.composite.errors import CompositeError
from indices.composite.whatif import NORMS, nearest_weights, smallest_flip

Array = np.ndarray
TWO = pd.DataFrame({"x": [60.0, 50.0], "y": [40.0, 55.0]}, index=["A", "B"])
HALVES = {"x": 1, "y": 1}


def length(change: Array, norm: str) -> float:
    order = {"l1": 1, "l2": 2, "linf": inf}[norm]
    return float(np.linalg.norm(change, order))


@pytest.mark.parametrize(
    ("margin", "moved"),
    [(0, 0.1), (5, 0.3)],  # each unit of weight moved from y to x gains A 25; it lacks 2.5
)
@pytest.mark.parametrize(("norm", "times"), [("l1", 2), ("l2", sqrt(2)), ("linf", 1)])
@pytest.mark.parametrize("sides", [("A", "B"), ("B", "A")])
def test_two_units_by_hand(margin, moved, norm, times, sides) -> None:
    flip = smallest_flip(TWO, HALVES, *sides, norm=norm, margin=margin)
    assert (flip.ahead, flip.behind, flip.feasible) == ("B", "A", True)
    assert flip.before == pytest.approx(2.5)
    assert flip.after == pytest.approx(-margin, abs=1e-12)
    np.testing.assert_allclose(flip.nominal, [0.5, 0.5])
    assert list(flip.weights.index) == ["x", "y"]
    np.testing.assert_allclose(flip.weights, [0.5 + moved, 0.5 - moved], rtol=1e-12)
    assert flip.distance == pytest.approx(times * moved, rel=1e-12)
    assert flip.total_variation == pytest.approx(moved, rel=1e-12)
    assert "of the weight changing hands brings A" in flip.explanation
    with pytest.raises(FrozenInstanceError):
        flip.distance = 0


@pytest.mark.parametrize(
    ("norm", "weights", "distance"),
    [
        ("l1", [0.175, 0.3, 0.525], 0.65),  # 1.3 lacking, 4 gained by each moved from 3 to -1
        # along the contrast less its mean, (7, -2, -5) / 3: 0.15 of it
        ("l2", [0.15, 0.4, 0.45], sqrt(0.195)),
        ("linf", [0.175, 0.3, 0.525], 0.325),
    ],
)
def test_three_weights_by_hand(norm: str, weights: list[float], distance: float) -> None:
    start = np.array([0.5, 0.3, 0.2])
    found = nearest_weights(np.array([3.0, 0, -1]), start, norm=norm)
    np.testing.assert_allclose(found, weights, rtol=1e-12)
    assert length(found - start, norm) == pytest.approx(distance)


@pytest.mark.parametrize("norm", NORMS)
def test_weights_within_the_limit_stay(norm: str) -> None:
    start = np.array([0.1, 0.2, 0.7])
    found = nearest_weights(np.array([3.0, 0, -1]), start * 9, norm=norm)
    np.testing.assert_allclose(found, start, rtol=1e-15)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize(
    ("contrast", "limit", "found"),
    [
        ([0.0, 1.0, 2.0], 0.0, [1, 0, 0]),  # the only weights there are
        ([0.0, 1.0, 2.0], -0.1, None),
        ([1.0, 1.0, 1.0], 1.0, [0.2, 0.3, 0.5]),
        ([1.0, 1.0, 1.0], 0.5, None),
        ([0.0, 0.0, 0.0], -1.0, None),
        ([2e300, 0.0, 0.0], 0.0, "first 0"),
    ],
)
def test_the_edge_of_what_can_be_reached(norm, contrast, limit, found) -> None:
    start = np.array([0.2, 0.3, 0.5])
    got = nearest_weights(np.array(contrast), start, limit=limit, norm=norm)
    if found is None:
        assert got is None
    elif found == "first 0":
        assert got[0] == pytest.approx(0, abs=1e-12)
        assert got.sum() == pytest.approx(1)
    else:
        np.testing.assert_allclose(got, found, atol=1e-12)


def test_bounds_and_group_totals_by_hand() -> None:
    contrast, start = np.array([4.0, 2, 1, -2]), np.full(4, 0.25)  # comes to 1.25
    free = nearest_weights(contrast, start)
    np.testing.assert_allclose(free, [0.25 - 1.25 / 6, 0.25, 0.25, 0.25 + 1.25 / 6])
    # 6 gained by each from 4 to -2, of which 0.1 may go; then 4 from 2
    bounded = nearest_weights(contrast, start, lower=np.array([0.15, 0, 0, 0]))
    np.testing.assert_allclose(bounded, [0.15, 0.25 - 0.65 / 4, 0.25, 0.35 + 0.65 / 4])
    # inside the pillars: 3 from the third to the fourth, all of it, then 2 from the first
    within = nearest_weights(contrast, start, groups=np.array([0, 0, 1, 1]))
    np.testing.assert_allclose(within, [0, 0.5, 0, 0.5], atol=1e-12)
    assert nearest_weights(contrast, start, lower=0.1, upper=0.5) is not None
    assert nearest_weights(contrast, start, lower=0.1, upper=0.4) is None  # 0.6 - 0.8 + 0.4 > 0
    assert nearest_weights(contrast, start, lower=0.2) is None  # 0.2 (4 + 2 + 1) - 0.4 * 2 > 0


GRID = np.array([(i, j, 40 - i - j) for i, j in product(range(41), repeat=2) if i + j <= 40]) / 40
# Differences of scores; below 1e-100 the grid's own products would lose their digits.
contrasts = st.one_of(
    st.floats(-10, 10).map(lambda v: v if abs(v) > 1e-100 else 0.0), st.integers(-3, 3).map(float)
)


@settings(max_examples=120, deadline=None)
@given(
    contrast=st.lists(contrasts, min_size=3, max_size=3).map(np.array),
    start=st.integers(0, len(GRID) - 1).map(lambda i: GRID[i]),
    margin=st.sampled_from([0.0, 0.5]),
    norm=st.sampled_from(NORMS),
    bounds=st.sampled_from([(0.0, 1.0), (0.1, 0.7)]),
)
@example(np.array([1.0, 1.0, -1.0]), np.array([0.5, 0.5, 0.0]), 0.0, "l2", (0.0, 1.0))
def test_no_other_weights_are_nearer(contrast, start, margin, norm, bounds) -> None:
    low, high = bounds
    assume((start >= low).all() and (start <= high).all())
    found = nearest_weights(contrast, start, limit=-margin, norm=norm, lower=low, upper=high)
    others = GRID[(np.clip(GRID, low, high) == GRID).all(axis=1)]
    others = others[others @ contrast <= -margin]
    if found is None:
        assert not len(others)
        return
    scale = np.abs(contrast).max()
    assert found.sum() == pytest.approx(1, abs=1e-13)
    assert (found >= low - 1e-15).all()  # rescaling to one may round a weight on its bound
    assert (found <= high + 1e-15).all()
    assert found @ contrast <= -margin + 1e-12 * max(1, scale)
    if start @ contrast > -margin:  # no further than needed: on the boundary
        assert found @ contrast == pytest.approx(-margin, abs=1e-12 * max(1, scale))
    best = length(found - start, norm)
    assert all(length(other - start, norm) >= best - 1e-12 for other in others)


def random_problem(seed: int) -> dict[str, Any]:
    """Contrast, weights, limit, bounds and groups of up to nine indicators, often degenerate."""
    rng = np.random.default_rng(seed)
    k = int(rng.integers(2, 10))
    contrast = rng.normal(size=k) if rng.random() < 0.5 else rng.integers(-3, 5, k).astype(float)
    weights = rng.dirichlet(np.ones(k)) if rng.random() < 0.5 else np.full(k, 1 / k)
    return {
        "contrast": contrast,
        "weights": weights,
        "limit": float(rng.choice([0, -0.1, -1, contrast.min()])),
        "lower": weights * rng.random(k) * (rng.random() < 0.5),
        "upper": weights + (1 - weights) * (rng.random(k) if rng.random() < 0.5 else 1),
        "groups": rng.integers(0, 3, k) if rng.random() < 0.5 else np.zeros(k, dtype=int),
    }


def constraints(problem: dict[str, Any], extra: int = 0) -> dict[str, Any]:
    """The polytope of weights that reach the limit, as a linear solver takes it."""
    pad = np.zeros(extra)
    totals = [(problem["groups"] == g).astype(float) for g in np.unique(problem["groups"])]
    return {
        "A_ub": [np.r_[problem["contrast"], pad]],
        "b_ub": [problem["limit"]],
        "A_eq": [np.r_[t, pad] for t in totals],
        "b_eq": [t @ problem["weights"] for t in totals],
        "bounds": [*zip(problem["lower"], problem["upper"], strict=True)] + [(0, None)] * extra,
    }


@pytest.mark.parametrize("norm", ["l1", "linf"])
def test_as_near_as_a_linear_solver_finds(norm: str) -> None:
    feasible = 0
    for seed in range(60):
        problem = random_problem(seed)
        w, k = problem["weights"], len(problem["weights"])
        extra = k if norm == "l1" else 1
        system = constraints(problem, extra)
        bound = np.eye(k) if norm == "l1" else np.ones((k, 1))
        for sign in (1, -1):  # the extra variables are at least the changes
            system["A_ub"] += list(np.hstack([sign * np.eye(k), -bound]))
            system["b_ub"] += list(sign * w)
        solved = linprog(np.r_[np.zeros(k), np.ones(extra)], **system)
        found = nearest_weights(**problem, norm=norm)
        assert (found is None) == (solved.status == 2), seed
        if found is not None:
            feasible += 1
            assert length(found - w, norm) == pytest.approx(solved.fun, abs=1e-9), seed
    assert feasible > 20


def test_the_euclidean_change_is_a_projection() -> None:
    """The step from the found to the nominal weights makes no acute angle with any way back in."""
    feasible = 0
    for seed in range(100):
        problem = random_problem(seed)
        found = nearest_weights(**problem, norm="l2")
        if found is None or problem["contrast"] @ problem["weights"] <= problem["limit"]:
            continue
        feasible += 1
        step = found - problem["weights"]
        problem["limit"] += 1e-12
        solved = linprog(step, **constraints(problem))
        assert step @ found - solved.fun <= 1e-9, seed
    assert feasible > 30


@pytest.mark.parametrize("gap", [1e-3, 1e-7, 1e-11])
def test_contrasts_that_differ_by_very_little(gap: float) -> None:
    start = np.array([0.3, 0.2, 0.2, 0.1, 0.2])
    for contrast, limit in (
        ([1, 1 + gap, 1 + 2 * gap, -gap / 3, 3], gap),
        ([0, gap, 2 * gap, -gap / 3, 3 * gap], gap / 9),
    ):
        c = np.array(contrast)
        for norm in NORMS:
            found = nearest_weights(c, start, limit=limit, norm=norm)
            assert found.sum() == pytest.approx(1, abs=1e-14)
            assert found @ c == pytest.approx(limit, abs=1e-13 * c.max())


SCORES = pd.DataFrame(
    {"x": [60.0, 50, 52, nan], "m": [nan, nan, nan, 1], "y": [40.0, 55, 53, 80]},
    index=["A", "B", "C", "D"],
)


def test_what_both_sides_miss_keeps_its_weight() -> None:
    flip = smallest_flip(SCORES, {"x": 2, "m": 1, "y": 2}, "A", "B")
    assert flip.before == pytest.approx(2.5)
    np.testing.assert_allclose(flip.weights, [0.48, 0.2, 0.32], rtol=1e-12)
    score = SCORES[["x", "y"]].mul(flip.weights[["x", "y"]]).sum(axis=1) / 0.8
    assert score["A"] == pytest.approx(score["B"], rel=1e-12)


def test_the_mean_of_a_bloc() -> None:
    flip = smallest_flip(SCORES[["x", "y"]], HALVES, ["B", "C"], "A")  # means 51 and 54: 52.5
    assert (flip.ahead, flip.behind) == ("the mean of B, C", "A")
    assert flip.before == pytest.approx(2.5)
    # 23 gained by each moved
    assert flip.total_variation == pytest.approx(2.5 / 23)


def test_inside_pillars_the_missing_is_shared_out_inside_its_pillar() -> None:
    scores = pd.DataFrame(
        {"a1": [10.0, 0], "a2": [nan, nan], "b1": [4.0, 0], "b2": [0.0, 16]}, index=["A", "B"]
    )
    weights = dict.fromkeys(scores, 0.25)
    flip = smallest_flip(scores, weights, "A", "B", within={"a": ["a1", "a2"], "b": ["b1", "b2"]})
    # 5 from the first pillar, -3 from the second, where each moved gains 20
    assert flip.before == pytest.approx(2)
    np.testing.assert_allclose(flip.weights, [0.25, 0.25, 0.15, 0.35], rtol=1e-12)
    assert flip.after == pytest.approx(0, abs=1e-12)


def test_a_pillar_that_both_sides_miss() -> None:
    scores = pd.DataFrame({"a": [nan, nan], "b": [4.0, 0], "c": [0.0, 2]}, index=["A", "B"])
    weights = {"a": 2, "b": 1, "c": 1}
    flip = smallest_flip(scores, weights, "A", "B", within={"p": ["a"], "q": ["b", "c"]})
    assert flip.before == pytest.approx(1)
    np.testing.assert_allclose(flip.weights, [1 / 2, 1 / 6, 1 / 3], rtol=1e-12)


def test_pillar_weights_and_the_two_levels_together() -> None:
    """Moving both levels is never further than moving one, and effective weights reproduce it."""
    indicators = pd.DataFrame(
        {"a1": [9.0, 1], "a2": [3.0, 4], "b1": [2.0, 6], "b2": [8.0, 5]}, index=["A", "B"]
    )
    groups = {"a": ["a1", "a2"], "b": ["b1", "b2"]}
    weights = dict.fromkeys(indicators, 0.25)
    pillars = pd.DataFrame({p: indicators[c].mean(axis=1) for p, c in groups.items()})
    top = smallest_flip(pillars, {"a": 1, "b": 1}, "A", "B")
    inner = smallest_flip(indicators, weights, "A", "B", within=groups)
    both = smallest_flip(indicators, weights, "A", "B")
    # pillars 3.5 and -0.5 apart: 1.5 lacking, 4 gained; inside 9 and 7; across, 8 to -4: 12
    assert top.total_variation == pytest.approx(1.5 / 4)
    assert inner.total_variation == pytest.approx(1.5 / 9)
    assert both.total_variation == pytest.approx(1.5 / 12)
    assert inner.weights[["a1", "a2"]].sum() == pytest.approx(0.5, rel=1e-12)
    means = (indicators * both.weights).sum(axis=1)
    assert means["A"] == pytest.approx(means["B"], rel=1e-12)


def test_rows_of_a_panel() -> None:
    index = pd.MultiIndex.from_product([["A", "B"], [2000, 2001]], names=["unit", "time"])
    panel = pd.DataFrame({"x": [60.0, 0, 50, 0], "y": [40.0, 0, 55, 0]}, index=index)
    flip = smallest_flip(panel, HALVES, ("A", 2000), [("B", 2000)])
    assert flip.total_variation == pytest.approx(0.1)
    assert flip.behind == "('A', 2000)"
    with pytest.raises(CompositeError, match=r"no row 'A'.*tuple of"):
        smallest_flip(panel, HALVES, "A", ("B", 2000))


@pytest.mark.parametrize(
    ("scores", "arguments", "why"),
    [
        ([[5.0, 6], [4, 3]], {}, "A is ahead of B in every column"),
        ([[4.0, 3], [5, 6]], {}, "B is ahead of A in every column"),
        ([[5.0, 6], [4, 6]], {"margin": 1}, "cannot be brought below 0 .*; -1 is needed"),
        ([[5.0, 1], [4, 6]], {"upper": 0.6, "margin": 3.5}, "cannot be brought below"),
        ([[5.0, 6], [5, 6]], {"margin": 1}, "the same in every column"),
        ([[5.0, 1], [4, 6]], {"within": {"p": ["x"], "q": ["y"]}}, "cannot be brought below 2"),
    ],
)
@pytest.mark.parametrize("norm", NORMS)
def test_what_no_weights_turn_has_no_numbers(scores, arguments, why, norm) -> None:
    data = pd.DataFrame(scores, index=["A", "B"], columns=["x", "y"])
    flip = smallest_flip(data, HALVES, "A", "B", norm=norm, **arguments)
    assert not flip.feasible
    assert flip.weights is flip.distance is flip.total_variation is flip.after is None
    assert pd.Series(flip.explanation).str.contains(why).all(), flip.explanation


@pytest.mark.parametrize("norm", NORMS)
def test_a_tie_needs_no_change(norm: str) -> None:
    tied = pd.DataFrame({"x": [0.1, 0.3], "y": [0.5, 0.3]}, index=["A", "B"])
    flip = smallest_flip(tied, HALVES, "A", "B", norm=norm)
    assert (flip.ahead, flip.before, flip.distance, flip.after) == ("A", 0, 0, 0)
    np.testing.assert_array_equal(flip.weights, [0.5, 0.5])
    # a difference of rounding only is no order that could be turned
    rounding = pd.DataFrame({"x": [5.1, 5.1000000000000005], "y": [7.0, 7]}, index=["A", "B"])
    assert smallest_flip(rounding, HALVES, "A", "B", norm=norm).distance == 0
    assert not smallest_flip(rounding, HALVES, "A", "B", norm=norm, margin=1e-3).feasible


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"norm": "l3"}, "norm 'l3' is not known; there are 'l1'"),
        ({"margin": -1}, "margin -1"),
        ({"margin": nan}, "margin nan"),
        ({"margin": "far"}, "margin 'far'; expected numbers"),
        ({"lower": {"x": "low"}}, r"lower bounds are \['low'\]; expected numbers"),
        ({"upper": "high"}, "upper bounds are 'high'; expected numbers"),
        ({"second": {"B"}}, "a side is {'B'}; expected the label of a row, or a list"),
        ({"weights": [1, 1]}, "expected a mapping"),
        ({"weights": {"x": 1}}, "no weight for 'y'"),
        ({"weights": {"x": -1, "y": 2}}, r"'x' \(-1\.0\)"),
        ({"weights": {"x": 0, "y": 0}}, "sum to nothing"),
        ({"first": "Z"}, "no row 'Z'"),
        ({"first": "B"}, "B on both sides"),
        ({"first": []}, "an empty bloc"),
        ({"first": ["A", "A"]}, "more than once"),
        ({"lower": 0.6}, r"'x' \(0\.5, bounds 0\.6 to 1\), 'y'"),
        ({"upper": {"x": 0.4}}, r"'x' \(0\.5, bounds 0 to 0\.4\) is out"),
        ({"upper": {"z": 0.4}}, "upper bounds for 'z'"),
        ({"upper": 100}, r"upper bound of 'x' \(100"),
        ({"lower": {"x": nan}}, r"lower bound of 'x' \(nan"),
        ({"lower": np.zeros(3)}, r"shape \(3,\)"),
        ({"within": {"p": ["x"]}}, "'y' in no group or in several"),
        ({"within": {"p": ["x", "y"], "q": ["y"]}}, "'y' in no group or in several"),
        ({"scores": TWO.replace(60, inf)}, "x of A is infinite"),
        ({"scores": TWO.replace(60, nan)}, "'x' missing for 'A', but not for"),
        ({"scores": TWO * nan}, "no column with any weight"),
        ({"scores": TWO.assign(x=nan), "weights": {"x": 1, "y": 0}}, "no column with any weight"),
        ({"scores": pd.concat([TWO, TWO])}, "'A', 'B' on more than one row"),
    ],
)
def test_questions_that_are_refused(arguments, message) -> None:
    asked = {"scores": TWO, "weights": HALVES, "first": "A", "second": "B"} | arguments
    with pytest.raises(CompositeError, match=message):
        smallest_flip(**asked)


@pytest.mark.parametrize(
    ("contrast", "arguments", "message"),
    [
        ([1, nan], {}, "finite"),
        ([1, 2], {"limit": -inf}, "finite"),
        ([], {}, "one number per weight"),
        ([[1, 2]], {}, "one number per weight"),
        ([1, 2, 3], {}, r"weights of shape \(2,\)"),
        ([1, 2], {"groups": np.zeros(3)}, r"groups of shape \(3,\)"),
        ([1, 2], {"groups": [0, nan]}, "a missing group"),
        ([1, 2], {"norm": "max"}, "'max' is not known"),
    ],
)
def test_contrasts_that_are_refused(contrast, arguments, message) -> None:
    with pytest.raises(CompositeError, match=message):
        nearest_weights(np.array(contrast, dtype=float), np.array([0.5, 0.5]), **arguments)
