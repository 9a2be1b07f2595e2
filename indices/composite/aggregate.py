"""From scores to composites: weighted means that know what is missing."""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def weighted_mean(
    scores: Array, weights: Array, minimum_weight: float, applies: Array | None = None
) -> Array:
    """Average scores over their first axis, weights renormalised over what is known.

    Parameters
    ----------
    scores : array, shape (k, ...)
        NaN is missing.
    weights : array, shape (k,)
        Positive.
    minimum_weight : float
        Share of the applicable weight that must be known; below it the mean is NaN.
    applies : bool array, broadcastable to `scores`, optional
        Where an indicator applies at all. What does not apply counts as neither known nor missing.

    Returns
    -------
    array, shape (...)
    """
    known = ~np.isnan(scores)
    total, present, possible = (np.zeros(scores.shape[1:]) for _ in range(3))
    for k, weight in enumerate(weights):
        total += weight * np.where(known[k], scores[k], 0.0)
        present += weight * known[k]
        possible += weight if applies is None else weight * applies[k]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / present
    # Comparing sums of weights needs room for their rounding.
    return np.where(present >= minimum_weight * possible - 1e-12, mean, np.nan)
