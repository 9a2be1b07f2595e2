"""The area under the curve and average precision against hand values, brute force and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from indices.cube import Array
from indices.validity.classify import BLOCK, classify, counts, placements


def each(positive: Array, negative: Array, ours: Array, theirs: Array) -> tuple[Array, Array]:
    """Classify with every unit drawn by itself."""
    units = (np.arange(p) for p in (positive.shape[1], negative.shape[1]))
    return classify(positive, negative, ours, theirs, *units)


def once(units: int) -> Array:
    return np.ones((units, 1), dtype=np.uint8)


def single(positive: list[float], negative: list[float]) -> tuple[float, float]:
    auc, precision = each(
        np.array([positive]), np.array([negative]), once(len(positive)), once(len(negative))
    )
    return auc.item(), precision.item()


def brute(positive: Array, negative: Array, ours: Array, theirs: Array) -> tuple[float, float]:
    """Both figures by counting every comparison and every threshold."""
    wins = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    auc = (ours[:, None] * theirs * wins).sum() / (ours.sum() * theirs.sum())
    precision = recall = 0.0
    for threshold in sorted(set(positive) | set(negative), reverse=True):
        true, false = ours[positive >= threshold].sum(), theirs[negative >= threshold].sum()
        if true:
            precision += (true / ours.sum() - recall) * true / (true + false)
            recall = true / ours.sum()
    return auc, precision


def test_by_hand() -> None:
    # 3 beats 1 and 2; 2 beats 1 and draws with 2. At 3 one of one chosen is right, at 2 two of 3.
    assert single([3, 2], [1, 2]) == pytest.approx((3.5 / 4, (1 + 2 / 3) / 2))
    assert single([2, 3], [0, 1]) == (1, 1)
    assert single([0, 1], [2, 3]) == pytest.approx((0, (1 / 3 + 2 / 4) / 2))
    # Nothing tells them apart: precision is the share of positives.
    assert single([5, 5], [5, 5, 5]) == pytest.approx((0.5, 0.4))


def test_many_weights_and_scores_by_brute_force() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        p, n = rng.integers(1, 15, 2)
        positive = rng.integers(0, 6, (3, p)).astype(float)
        negative = rng.integers(0, 6, (3, n)).astype(float)
        ours, theirs = (rng.integers(0, 3, (u, 4)).astype(np.uint8) for u in (p, n))
        auc, precision = each(positive, negative, ours, theirs)
        for s in range(3):
            for k in range(4):
                if ours[:, k].any() and theirs[:, k].any():
                    expected = brute(positive[s], negative[s], ours[:, k], theirs[:, k])
                    assert (auc[s, k], precision[s, k]) == pytest.approx(expected)
                else:
                    assert np.isnan([auc[s, k], precision[s, k]]).all()


def test_blocks_of_resamples_join() -> None:
    rng = np.random.default_rng(4)
    positive, negative = rng.normal(1, 1, (2, 12)), rng.normal(0, 1, (2, 30))
    ours, theirs = counts(12, BLOCK + 3, rng), counts(30, BLOCK + 3, rng)
    auc, precision = each(positive, negative, ours, theirs)
    assert auc.shape == precision.shape == (2, BLOCK + 4)
    for k in (0, BLOCK - 1, BLOCK, BLOCK + 3):
        expected = brute(positive[1], negative[1], ours[:, k], theirs[:, k])
        assert (auc[1, k], precision[1, k]) == pytest.approx(expected)


def test_units_that_share_weights_are_drawn_together() -> None:
    rng = np.random.default_rng(9)
    positive, negative = rng.normal(1, 1, (1, 9)), rng.normal(0, 1, (1, 20))
    ours, theirs = counts(3, 30, rng), counts(10, 30, rng)
    of_ours, of_theirs = rng.integers(0, 3, 9), rng.integers(0, 10, 20)
    found = classify(positive, negative, ours, theirs, of_ours, of_theirs)
    expected = each(positive, negative, ours[of_ours], theirs[of_theirs])
    np.testing.assert_array_equal(found, expected)


def test_scipy_has_the_same_area() -> None:
    rng = np.random.default_rng(5)
    positive, negative = rng.integers(0, 30, 40).astype(float), rng.integers(0, 25, 90) * 1.0
    expected = mannwhitneyu(positive, negative).statistic / (40 * 90)
    assert single(list(positive), list(negative))[0] == pytest.approx(expected, abs=1e-12)
    placed = placements(positive[None], negative[None])
    assert placed.mean() == pytest.approx(expected, abs=1e-12)


def test_order_of_rows_has_no_importance() -> None:
    rng = np.random.default_rng(6)
    positive, negative = rng.integers(0, 4, 20) * 1.0, rng.integers(0, 4, 50) * 1.0
    shuffled = single(list(rng.permutation(positive)), list(rng.permutation(negative)))
    assert shuffled == single(list(positive), list(negative))


def test_nobody_on_one_side() -> None:
    for p, n in ((0, 3), (3, 0), (0, 0)):
        found = each(np.zeros((2, p)), np.zeros((2, n)), once(p), once(n))
        assert np.isnan(found).all()
        assert np.shape(found) == (2, 2, 1)
    assert np.isnan(placements(np.ones((1, 2)), np.ones((1, 0)))).all()


def test_samples_hold_as_many_as_there_are() -> None:
    drawn = counts(50, 400, np.random.default_rng(7))
    assert (drawn[:, 0] == 1).all()
    assert (drawn.sum(axis=0) == 50).all()
    assert (drawn == counts(50, 400, np.random.default_rng(7))).all()
    # A unit is left out of a sample with probability (1 - 1/50)**50.
    assert (drawn[:, 1:] == 0).mean() == pytest.approx((1 - 1 / 50) ** 50, abs=0.02)
    assert counts(0, 5, np.random.default_rng(8)).shape == (0, 6)
