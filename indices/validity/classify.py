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
    positive_weights : float32 array, shape (units, k)
        How often what positives are drawn by is in each of k resamples; whole numbers.
    negative_weights : float32 array, shape (units, k)
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
    if not positive.shape[1]:
        missing = np.full((len(positive), positive_weights.shape[1]), np.nan)
        return missing, missing
    adders = _adders(positive, negative)
    parts = [
        _block(
            adders,
            positive_weights[positive_units, start : start + BLOCK],
            negative_weights[negative_units, start : start + BLOCK],
        )
        for start in range(0, positive_weights.shape[1], BLOCK)
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
    below = (first_above @ theirs).reshape((levels + 1, *shape[1:]))[:levels]
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
    """Return the matrices that add weights up by level, the place of each positive's score.

    Rows are levels from low to high, within each the scores; columns are units. Equal positives
    have the first of their places. The first matrix adds up the positives of a level; the second
    the negatives below it but not below the level before, and in a last row those above all; the
    third the negatives level with it.
    """
    scores, levels = positive.shape
    at = np.empty((levels, scores), dtype=np.int32)
    first = np.empty((negative.shape[1], scores), dtype=np.int32)
    above = np.empty_like(first)
    for s, ordered in enumerate(np.sort(positive, axis=1)):
        at[:, s] = np.searchsorted(ordered, positive[s])
        first[:, s] = np.searchsorted(ordered, negative[s])
        above[:, s] = np.searchsorted(ordered, negative[s], "right")
    number = np.arange(scores, dtype=np.int32)
    equal = above > first
    return (
        _adder(at * scores + number, levels * scores),
        _adder(above * scores + number, (levels + 1) * scores),
        _adder((first * scores + number)[equal], levels * scores, equal.sum(axis=1)),
    )


def _adder(rows: Array, size: int, per_unit: Array | None = None) -> csc_array:
    """Return a matrix of ones: for each unit, a column, the rows it is added to."""
    from scipy.sparse import csc_array

    if per_unit is None:
        per_unit = np.full(len(rows), rows.shape[1])
    ends = np.zeros(len(per_unit) + 1, dtype=np.int32)
    np.cumsum(per_unit, out=ends[1:])
    ones = np.ones(rows.size, dtype=np.float32)
    return csc_array((ones, rows.ravel(), ends), shape=(size, len(per_unit)))
