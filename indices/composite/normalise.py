"""From values to scores."""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def transform(values: Array, kind: str) -> Array:
    """Apply an indicator's transform: 'linear' x, 'log1p' ln(1 + x), 'log' ln x (0 becomes -inf).

    Raises
    ------
    ValueError
        If the transform is not known.
    """
    if kind == "linear":
        return values
    if kind == "log1p":
        return np.log1p(values)
    if kind == "log":
        with np.errstate(divide="ignore"):
            return np.log(values)
    raise ValueError(f"transform {kind!r} is not known; there are linear, log1p and log")


def goalposts(values: Array, kind: str, lo: float, hi: float) -> Array:
    """Score values on fixed goalposts.

    Parameters
    ----------
    values : array
        In the indicator's unit; NaN is missing and stays so.
    kind : str
        See `transform`; the goalposts are in the untransformed unit.
    lo, hi : float
        Values that score 0 and 100.

    Returns
    -------
    array
        100 * clip((f(x) - f(lo)) / (f(hi) - f(lo)), 0, 1).
    """
    low, high = transform(np.array([lo, hi], dtype=float), kind)
    return 100 * np.clip((transform(values, kind) - low) / (high - low), 0, 1)
