"""Goalposts, weighted means, intervals."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from indices.composite.aggregate import weighted_mean
from indices.composite.normalise import goalposts, transform
from indices.composite.uncertainty import dirichlet_weights, interval

NAN = float("nan")


@pytest.mark.parametrize(
    ("kind", "lo", "hi", "value", "score"),
    [
        ("linear", -0.2, 0.4, 0.1, 50),
        ("log1p", 0, 20, 1, 100 * log(2) / log(21)),
        ("log", 0.1, 10, 1, 50),
        ("log", 10, 5000, 0, 0),  # ln 0 is below every goalpost
        ("log", 10, 5000, 10, 0),
        ("log", 10, 5000, 5000, 100),
        ("log", 10, 5000, 9e9, 100),
        ("linear", 0, 0.9, -0.3, 0),
        ("linear", 0, 0.9, NAN, NAN),
        ("log", 10, 5000, NAN, NAN),
    ],
)
def test_goalposts_by_hand(kind: str, lo: float, hi: float, value: float, score: float) -> None:
    got = goalposts(np.array([value]), kind, lo, hi)
    assert got[0] == pytest.approx(score, nan_ok=True, abs=1e-12)


def test_an_unknown_transform_is_refused() -> None:
    with pytest.raises(ValueError, match="'sqrt'"):
        transform(np.ones(1), "sqrt")


@pytest.mark.parametrize(
    ("scores", "minimum", "applies", "mean"),
    [
        ([10, 20, 40], 0.5, None, 5 + 6 + 8),
        ([NAN, 20, 40], 0.5, None, (6 + 8) / 0.5),  # exactly half the weight is enough
        ([NAN, NAN, 40], 0.5, None, NAN),
        ([NAN, NAN, 40], 0.0, None, 40),
        ([NAN, NAN, NAN], 0.0, None, NAN),
        # Without the first, half of the other 0.5 is 0.25: the second alone has 0.3, the third 0.2.
        ([NAN, 20, NAN], 0.5, [False, True, True], 20),
        ([NAN, NAN, 40], 0.5, [False, True, True], NAN),
    ],
)
def test_weighted_mean_of_what_is_known(
    scores: list[float], minimum: float, applies: list[bool] | None, mean: float
) -> None:
    mask = None if applies is None else np.array(applies).reshape(3, 1)
    weights = np.array([0.5, 0.3, 0.2])
    got = weighted_mean(np.array(scores, dtype=float).reshape(3, 1), weights, minimum, mask)
    assert got[0] == pytest.approx(mean, nan_ok=True)


def test_drawn_weights_have_the_nominal_mean_and_the_stated_spread() -> None:
    nominal = np.array([0.5, 0.35, 0.15])
    drawn = dirichlet_weights(nominal, 50, 20_000, np.random.default_rng(1))
    spread = np.sqrt(nominal * (1 - nominal) / 51)
    assert np.allclose(drawn.sum(axis=1), 1)
    assert np.all(np.abs(drawn.mean(axis=0) - nominal) < 4 * spread / np.sqrt(20_000))
    assert drawn.std(axis=0) == pytest.approx(spread, rel=0.03)
    assert (dirichlet_weights(np.ones(1), 50, 3, np.random.default_rng(1)) == 1).all()


@pytest.mark.parametrize("draws", [1, 7, 200])
def test_interval_ends_are_numpys_quantiles(draws: int) -> None:
    values = np.random.default_rng(2).normal(size=(4, draws))
    exact = np.quantile(values, [0.05, 0.95], axis=-1)
    np.testing.assert_array_equal(interval(values), np.round(exact, 4))


def test_one_missing_draw_is_a_missing_interval() -> None:
    draws = np.ones((2, 40))
    draws[1, 7] = NAN
    lo, hi = interval(draws)
    assert np.isnan([lo[1], hi[1]]).all()
    assert not np.isnan([lo[0], hi[0]]).any()
