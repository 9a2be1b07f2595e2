"""Paired Monte Carlo: the same draw of weights and inputs for every unit, so differences keep it.

Belongs here: drawing weights, turning draws into intervals. Does not belong here: which inputs of
the alliance-depth index are uncertain; that is `indices.intervals`.
"""

from __future__ import annotations

import numpy as np

Array = np.ndarray
DECIMALS = 4


def dirichlet_weights(
    weights: Array, concentration: float, draws: int, rng: np.random.Generator
) -> Array:
    """Draw weights around the nominal ones.

    Parameters
    ----------
    weights : array, shape (k,)
        Nominal weights, adding to one; their mean over draws is the same.
    concentration : float
        Sum of the Dirichlet parameters: the larger, the closer to nominal. A weight w has the
        standard deviation sqrt(w (1 - w) / (concentration + 1)).
    draws : int
    rng : Generator

    Returns
    -------
    array, shape (draws, k)
    """
    if len(weights) == 1:
        return np.ones((draws, 1))
    return rng.dirichlet(concentration * np.asarray(weights), size=draws)


def interval(draws: Array, level: float = 0.9) -> tuple[Array, Array]:
    """Return the ends of the central interval over the last axis, linearly interpolated.

    Rounded to `DECIMALS`.

    A unit with a missing draw has a missing interval.
    """
    ordered = np.sort(draws, axis=-1)
    last = draws.shape[-1] - 1

    def at(q: float) -> Array:
        position = q * last
        low = int(position)
        high = min(low + 1, last)
        return ordered[..., low] + (position - low) * (ordered[..., high] - ordered[..., low])

    tail = (1 - level) / 2
    missing = np.isnan(draws).any(axis=-1)
    # Draws are good to a few hundredths; more digits would only show the processor's rounding.
    low, high = (np.round(at(q).astype(float), DECIMALS) for q in (tail, 1 - tail))
    return np.where(missing, np.nan, low), np.where(missing, np.nan, high)
