"""How well scores tell two groups apart: area under the curve and average precision.

Belongs here: the two figures, for many scores and resamples at once, and what is drawn for these.
Does not belong here: who is in which group, or what is resampled together
(`indices.validity.groups`).
"""

from __future__ import annotations

import numpy as np

from indices.compiled import compiled
from indices.cube import Array

# Resamples worked at once, so that their cells stay in the processor's cache.
BLOCK = 1024
_ONE = np.float32(1)


def counts(units: int, samples: int, rng: np.random.Generator) -> Array:
    """Draw bootstrap samples: how often each unit is in each of them.

    Parameters
    ----------
    units : int
        Units to draw from; each sample holds as many, with replacement.
    samples : int
    rng : Generator

    Returns
    -------
    uint8 array, shape (units, 1 + samples)
        The first column is the sample as it is: every unit once. No unit comes 256 times: of so
        many units that it could, each comes once on average.
    """
    out = np.ones((units, 1 + samples), dtype=np.uint8)
    if units and samples:
        drawn = rng.integers(0, units, (samples, units))
        drawn += np.arange(samples)[:, None] * units
        found = np.bincount(drawn.ravel(), minlength=samples * units)
        out[:, 1:] = found.astype(np.uint8).reshape(samples, units).T
    return out


def placements(positive: Array, negative: Array) -> Array:
    """Share of the negatives that score below each positive, equal scores counted half.

    Parameters
    ----------
    positive : array, shape (s, p)
        One row a score.
    negative : array, shape (s, n)

    Returns
    -------
    array, shape (s, p)
        Its mean over positives is the area under the curve. NaN without negatives.
    """
    out = np.full(positive.shape, np.nan)
    if negative.shape[1]:
        # Ordered values are found in order: many times as fast.
        order = np.argsort(positive, axis=1)
        for s, ordered in enumerate(np.sort(negative, axis=1)):
            values = positive[s, order[s]]
            sides = [np.searchsorted(ordered, values, side) for side in ("left", "right")]
            out[s, order[s]] = (sides[0] + sides[1]) / (2 * len(ordered))
    return out


def classify(
    positive: Array,
    negative: Array,
    positive_weights: Array,
    negative_weights: Array,
    positive_units: Array,
    negative_units: Array,
) -> tuple[Array, Array]:
    """Area under the curve and average precision of some scores, for many sets of weights.

    Each score is sorted once; a resample is a column of weights.

    Parameters
    ----------
    positive : array, shape (s, p)
        Scores of those who should stand high, one row a score.
    negative : array, shape (s, n)
        Scores of the others. No score may be missing.
    positive_weights : uint8 array, shape (units, k)
        How often what positives are drawn by is in each of k resamples.
    negative_weights : uint8 array, shape (units, k)
    positive_units : int array, shape (p,)
        Row of its weights for each positive: those that share one are drawn together.
    negative_units : int array, shape (n,)

    Returns
    -------
    auc : array, shape (s, k)
        Probability that a positive scores higher than a negative, equal scores counted half: the
        Mann-Whitney statistic over the number of comparisons.
    average_precision : array, shape (s, k)
        Mean, over positives, of the share of positives among all who score as high or higher.
        Equal scores stand or fall together, so the order of rows has no importance.

    Notes
    -----
    Hanley and McNeil (1982), Radiology 143, for the area; average precision is the sum over
    thresholds of precision times the gain in recall. NaN where one side weighs nothing.
    """
    scores = np.concatenate([positive, negative], axis=1)
    order = np.argsort(scores, axis=1)
    auc, precision = np.empty((2, len(scores), positive_weights.shape[1]))
    _walk(
        np.take_along_axis(scores, order, axis=1),
        order,
        positive_weights,
        negative_weights,
        positive_units,
        negative_units,
        auc,
        precision,
    )
    return auc, precision


@compiled
def _walk(
    scores: Array,
    order: Array,
    ours: Array,
    theirs: Array,
    our_units: Array,
    their_units: Array,
    auc: Array,
    precision: Array,
) -> None:
    """Fill both figures in, walking up each score with the resamples of a block side by side.

    Whole numbers below 2**24 are exact in single precision, which takes half the time: all sums
    are of such but the last, of precisions.

    Parameters
    ----------
    scores, order : array, shape (s, p + n)
        Ascending, and where each stood; the first p are the positives.
    ours, theirs, our_units, their_units
        Weights and units of `classify`.
    auc, precision : array, shape (s, k)
    """
    draws, positives = ours.shape[1], len(our_units)
    for start in range(0, draws, BLOCK):
        stop = min(start + BLOCK, draws)
        total, lost = _sum(ours, our_units, start, stop), _sum(theirs, their_units, start, stop)
        won, level, losses, gained = np.empty((4, stop - start), np.float32)
        for s in range(len(scores)):
            # Those who do not stand lower, of both sides; twice the comparisons not won.
            higher, left = total.copy(), lost.copy()
            losses[:], gained[:] = 0, 0
            end = 0
            while end < scores.shape[1]:
                at, has_won = end, False
                while end < scores.shape[1] and scores[s, end] == scores[s, at]:
                    has_won = has_won or order[s, end] < positives
                    end += 1
                if not has_won:
                    for row in order[s, at:end]:
                        _subtract(left, theirs, their_units[row - positives], start)
                    continue
                won[:], level[:] = 0, 0
                for row in order[s, at:end]:
                    if row < positives:
                        _add(won, ours, our_units[row], start)
                    else:
                        _add(level, theirs, their_units[row - positives], start)
                for d in range(stop - start):
                    gained[d] += higher[d] * won[d] / max(left[d] + higher[d], _ONE)
                for d in range(stop - start):
                    losses[d] += won[d] * (left[d] + left[d] - level[d])
                for d in range(stop - start):
                    higher[d] -= won[d]
                for d in range(stop - start):
                    left[d] -= level[d]
            for d in range(stop - start):
                if total[d] > 0 and lost[d] > 0:
                    whole = 2 * np.float64(total[d]) * lost[d]
                    auc[s, start + d] = (whole - losses[d]) / whole
                    precision[s, start + d] = gained[d] / np.float64(total[d])
                else:
                    auc[s, start + d] = precision[s, start + d] = np.nan


@compiled
def _sum(weights: Array, units: Array, start: int, stop: int) -> Array:
    out = np.zeros(stop - start, np.float32)
    for unit in units:
        _add(out, weights, unit, start)
    return out


@compiled
def _add(out: Array, weights: Array, unit: int, start: int) -> None:
    """Add a stretch of a unit's weights; a slice would take as long as the sum."""
    for d in range(np.uint64(len(out))):
        out[d] += weights[unit, np.uint64(start) + d]


@compiled
def _subtract(out: Array, weights: Array, unit: int, start: int) -> None:
    for d in range(np.uint64(len(out))):
        out[d] -= weights[unit, np.uint64(start) + d]
