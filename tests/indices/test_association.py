"""Rank association and agreement, against other implementations and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from indices.cube import Array
from indices.validity.association import (
    Outcome,
    interval,
    multiplicities,
    tau_b,
    weighted_kappa,
)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def tied(rng: np.random.Generator, n: int) -> tuple[Array, Array]:
    """A predictor with some ties and an outcome with many that leans on it."""
    x = rng.normal(size=n).round(1)
    return x, np.clip(np.round(x + rng.normal(size=n)), -2, 2)


@pytest.mark.parametrize("n", [2, 7, 60])
def test_tau_is_that_of_scipy_on_tied_data(rng: np.random.Generator, n: int) -> None:
    for _ in range(20):
        x, y = tied(rng, n)
        expected = stats.kendalltau(x, y).statistic
        np.testing.assert_allclose(tau_b(x, y, np.ones((1, n))), [expected], atol=1e-12)


def test_weights_stand_for_repeated_rows(rng: np.random.Generator) -> None:
    x, y = tied(rng, 30)
    weights = rng.integers(0, 4, (10, 30))
    repeated = [stats.kendalltau(np.repeat(x, w), np.repeat(y, w)).statistic for w in weights]
    np.testing.assert_allclose(tau_b(x, y, weights), repeated, atol=1e-12)


def test_every_statistic_of_a_drawn_sample_is_that_of_its_rows(rng: np.random.Generator) -> None:
    n = 40
    x, y = tied(rng, n)
    strata, clusters = rng.integers(0, 3, n), np.arange(n) // 2
    drawn = multiplicities(20, 6, rng)
    outcome = Outcome(y, strata, clusters, drawn, 1.0)
    found, brief = outcome.against(x), outcome.against(x, only_tau=True)
    assert (brief.tau_b == found.tau_b).all()
    assert brief.auc is brief.within_tau_b is None
    assert found.within_tau_b is not None
    assert found.auc is not None
    for k, row in enumerate(drawn):
        at = np.repeat(np.arange(n), row[clusters])
        i, j = (g.ravel() for g in np.meshgrid(at, at))
        up = y[i] > y[j]
        wins = (x[i] > x[j]) + (x[i] == x[j]) / 2
        assert found.tau_b[k] == pytest.approx(stats.kendalltau(x[at], y[at]).statistic)
        assert found.concordance[k] == pytest.approx(wins[up].mean())
        arms = (y[i] >= 1) & (y[j] < 1)
        assert found.auc[k] == pytest.approx(wins[arms].mean())
        same = strata[i] == strata[j]
        dx, dy = np.sign(x[i] - x[j])[same], np.sign(y[i] - y[j])[same]
        expected = (dx * dy).sum() / np.sqrt(abs(dx).sum() * abs(dy).sum())
        assert found.within_tau_b[k] == pytest.approx(expected)


def test_strata_may_turn_the_order_round() -> None:
    # Between the two strata x and y rise together, within each they do not.
    x, y = np.array([1.0, 2, 11, 12]), np.array([2.0, 1, 12, 11])
    drawn = multiplicities(4, 0, np.random.default_rng(0))
    found = Outcome(y, np.array([0, 0, 1, 1]), np.arange(4), drawn, 5).against(x)
    assert (found.tau_b[0], found.within_tau_b[0], found.auc[0]) == (pytest.approx(1 / 3), -1, 1)


def test_without_a_pair_that_differs_there_is_no_statistic() -> None:
    x, y = np.array([1.0, 2, 3]), np.ones(3)
    found = Outcome(y, np.zeros(3), np.arange(3), np.ones((1, 3), dtype=int), 5).against(x)
    assert np.isnan(
        [found.tau_b[0], found.within_tau_b[0], found.concordance[0], found.auc[0]]
    ).all()
    assert np.isnan(interval(found.tau_b)).all()


def test_bootstrap_draws_as_many_clusters_as_there_are(rng: np.random.Generator) -> None:
    drawn = multiplicities(7, 4000, rng)
    assert (drawn[0] == 1).all()
    assert (drawn.sum(axis=1) == 7).all()
    # A cluster is absent from a sample with probability (6/7)^7.
    assert (drawn[1:] == 0).mean() == pytest.approx((6 / 7) ** 7, abs=0.01)


def test_interval_leaves_five_per_cent_on_each_side() -> None:
    assert interval(np.append(np.arange(101.0), np.nan)) == (5, 95)
    values = np.random.default_rng(0).normal(size=37)
    assert interval(values) == pytest.approx(np.percentile(values, [5, 95]))


# Cross-table of two codings of ten rows on three codes:
#        0  1  2
#   0    3  1  0
#   1    0  2  1
#   2    1  0  2
FIRST = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 2])
SECOND = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2, 0])


@pytest.mark.parametrize(
    ("power", "expected"),
    [
        # Disagreement seen: 1 + 1 + 2 = 4 of 10. By chance, margins 4 3 3 and 4 3 3:
        # (1 * (12 + 12 + 9 + 9) + 2 * (12 + 12)) / 100 = 0.90.
        (1, 1 - 0.4 / 0.90),
        # 1 + 1 + 4 = 6 of 10; (1 * 42 + 4 * 24) / 100 = 1.38.
        (2, 1 - 0.6 / 1.38),
    ],
)
def test_kappa_by_hand(power: int, expected: float) -> None:
    kappa = weighted_kappa(FIRST, SECOND, 3, power, np.ones((1, 10)))
    assert kappa[0] == pytest.approx(expected)


def test_kappa_of_repeated_rows_and_at_its_ends(rng: np.random.Generator) -> None:
    times = rng.integers(0, 4, (5, 10))
    alone = [
        weighted_kappa(np.repeat(FIRST, t), np.repeat(SECOND, t), 3, 1, np.ones((1, t.sum())))[0]
        for t in times
    ]
    np.testing.assert_allclose(weighted_kappa(FIRST, SECOND, 3, 1, times), alone)
    assert weighted_kappa(FIRST, FIRST, 3, 2, np.ones((1, 10)))[0] == 1
    assert np.isnan(weighted_kappa(FIRST * 0, FIRST * 0, 3, 1, np.ones((1, 10)))[0])
