"""How well scores tell two groups apart: area under the curve and average precision.

Belongs here: the two figures, for many scores and resamples at once, and what is drawn for these.
Does not belong here: who is in which group, or what is resampled together
(`indices.validity.groups`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indices.cube import Array

if TYPE_CHECKING:
    from scipy.sparse import csc_array

# Resamples worked at once, so that their cells stay in the processor's cache.
BLOCK = 256


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
    float32 array, shape (units, 1 + samples)
        The first column is the sample as it is: every unit once. All are whole numbers, so that
        sums of them are exact in any order.
    """
    out = np.ones((units, 1 + samples), dtype=np.float32)
    if units and samples:
        drawn = rng.integers(0, units, (samples, units))
        drawn += np.arange(samples)[:, None] * units
        found = np.bincount(drawn.ravel(), minlength=samples * units)
        out[:, 1:] = found.reshape(samples, units).T
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
    for s, ordered in enumerate(np.sort(negative, axis=1)):
        if len(ordered):
            sides = [np.searchsorted(ordered, positive[s], side) for side in ("left", "right")]
            out[s] = (sides[0] + sides[1]) / (2 * len(ordered))
    return out


def classify(
    positive: Array, negative: Array, positive_weights: Array, negative_weights: Array
) -> tuple[Array, Array]:
    """Area under the curve and average precision of some scores, for many sets of weights.

    Each score is sorted once; a resample is a column of weights.

    Parameters
    ----------
    positive : array, shape (s, p)
        Scores of those who should stand high, one row a score.
    negative : array, shape (s, n)
        Scores of the others. No score may be missing.
    positive_weights : float32 array, shape (p, k)
        How often each positive counts in each of k resamples; whole numbers.
    negative_weights : float32 array, shape (n, k)

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
    if not positive.shape[1]:
        missing = np.full((len(positive), positive_weights.shape[1]), np.nan)
        return missing, missing
    adders = _adders(positive, negative)
    starts = range(0, positive_weights.shape[1], BLOCK)
    parts = [
        _block(
            adders,
            np.ascontiguousarray(positive_weights[:, start : start + BLOCK]),
            np.ascontiguousarray(negative_weights[:, start : start + BLOCK]),
        )
        for start in starts
    ]
    auc, precision = (np.concatenate(p, axis=1) for p in zip(*parts, strict=True))
    return auc, precision


def _block(adders: tuple[csc_array, ...], ours: Array, theirs: Array) -> tuple[Array, Array]:
    """Both figures for one block of resamples.

    Whole numbers below 2**24 are exact in single precision, which takes half the time: all sums
    are of such but the last, of precisions.
    """
    at_level, first_above, level_with = adders
    levels = len(ours)
    shape = (levels, -1, ours.shape[1])
    won = (at_level @ ours).reshape(shape)
    below = (first_above @ theirs).reshape(shape)
    for level in range(1, levels):
        below[level] += below[level - 1]
    cells = 2 * below
    if level_with.nnz:
        cells += (level_with @ theirs).reshape(shape)
    cells *= won
    wins = cells.sum(axis=0)
    higher = cells
    higher[:] = won
    for level in range(levels - 2, -1, -1):
        higher[level] += higher[level + 1]
    chosen = np.subtract(theirs.sum(axis=0), below, out=below)
    chosen += higher
    gained = higher
    gained *= won
    gained /= np.maximum(chosen, 1, out=chosen)
    total, lost = ours.sum(axis=0, dtype=float), theirs.sum(axis=0, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        auc = wins / (2 * total * lost)
        return auc, np.where(lost > 0, gained.sum(axis=0) / total, np.nan)


def _adders(positive: Array, negative: Array) -> tuple[csc_array, ...]:
    """Return the matrices that add weights up by level, the distinct scores of the positives.

    Rows are levels from low to high, within each the scores; columns are units. The first adds up
    the positives of a level; the second the negatives that lie below it but not below the level
    before; the third the negatives level with it.
    """
    levels = positive.shape[1]
    at = np.empty(positive.shape, dtype=np.int64)
    above = np.empty(negative.shape, dtype=np.int64)
    equal = np.empty(negative.shape, dtype=bool)
    for s in range(len(positive)):
        values, at[s] = np.unique(positive[s], return_inverse=True)
        left = np.searchsorted(values, negative[s])
        equal[s] = values[np.minimum(left, len(values) - 1)] == negative[s]
        # Levels that equal scores leave free stand at the end and weigh nothing.
        above[s] = left + equal[s]
    return (
        _adder(at, np.ones(at.shape, dtype=bool), levels),
        _adder(above, above < levels, levels),
        _adder(above - 1, equal, levels),
    )


def _adder(at: Array, kept: Array, levels: int) -> csc_array:
    """Return a matrix that adds units up in the level each has in each score, if any."""
    from scipy.sparse import csc_array

    scores, units = at.shape
    rows = (at * scores + np.arange(scores)[:, None]).T[kept.T]
    ends = np.concatenate([[0], np.cumsum(kept.sum(axis=0))])
    ones = np.ones(len(rows), dtype=np.float32)
    return csc_array((ones, rows, ends), shape=(levels * scores, units))
