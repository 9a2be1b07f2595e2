"""From scores to ranks: what counts as the same score, and who shares a place.

Belongs here: rounding to significant digits before anything is compared, and ranks. Does not
belong here: outranking matrices (`outrank`) and rank normalisation (`normalise`).
"""

from __future__ import annotations

import numpy as np

from indices.composite.errors import CompositeError

Array = np.ndarray

DIGITS = 12
TIES = ("min", "max", "average")

_LOWEST = -323
# A table, because numpy's own powers of ten differ between processors by a last digit.
_TEN = np.array([float(f"1e{k}") for k in range(_LOWEST, 309)])


def _ten(exponent: Array) -> Array:
    return _TEN[exponent - _LOWEST]


def significant(x: Array, digits: int = DIGITS) -> Array:
    """Round to significant decimal digits.

    Scores that differ only by the rounding of a sum are the same score: 5.1 and
    5.1000000000000005 become equal here, so that they tie wherever they are ranked.

    Parameters
    ----------
    x : array
        NaN stays missing, zeros and infinities stay what they are.
    digits : int
        From 1 to 15, the digits a float holds.

    Returns
    -------
    array, shape of `x`

    Raises
    ------
    CompositeError
        If `digits` is not from 1 to 15.
    """
    if not 1 <= digits <= 15:
        raise CompositeError(f"{digits} significant digits, expected 1 to 15")
    values = np.asarray(x, dtype=float)
    plain = np.isfinite(values) & (values != 0)
    size = np.abs(np.where(plain, values, 1.0))
    # Near the smallest floats there is no power of ten to scale by: lift them first.
    tiny = size < 1e-280
    lift = np.where(tiny, 1e200, 1.0)
    size = size * lift
    magnitude = np.floor(np.log10(size)).astype(int)
    # The logarithm may round across a power of ten.
    magnitude = (
        magnitude - (size < _ten(magnitude)) + (size >= _ten(np.minimum(magnitude + 1, 308)))
    )
    magnitude = np.minimum(magnitude, 308)
    shift = digits - 1 - magnitude
    # Powers up to 1e22 are exact, so dividing by one gives the nearest float; 1e-n is not exact.
    down = np.minimum(shift, 0)
    up = np.maximum(shift, 0)
    rounded = np.rint(size / _ten(-down) * _ten(up)) * _ten(-down) / _ten(up)
    return np.where(plain, np.copysign(rounded / lift, values), values)


def ranks(
    x: Array,
    axis: int = -1,
    *,
    descending: bool = True,
    ties: str = "min",
    digits: int = DIGITS,
) -> Array:
    """Rank along one axis, every other axis being a batch of its own.

    Parameters
    ----------
    x : array
        Scores. A missing score has no rank and does not count among the others.
    axis : int
        The axis of the units: -1 for scores (..., units), -2 for (..., units, indicators).
    descending : bool
        Whether the largest score has rank 1.
    ties : str
        Rank of equal scores: "min" the smallest of their places (as in sports, and in COINr),
        "max" the largest, "average" the mean.
    digits : int
        Scores equal in this many significant digits are equal; see `significant`.

    Returns
    -------
    float array, shape of `x`
        From 1; NaN where the score is.

    Raises
    ------
    CompositeError
        If a score is infinite or `ties` is not known.
    """
    if ties not in TIES:
        raise CompositeError(f"ties {ties!r} is not known; there are {', '.join(TIES)}")
    scores = np.asarray(x, dtype=float)
    if np.isinf(scores).any():
        raise CompositeError(
            f"{int(np.isinf(scores).sum())} infinite scores to rank; find where they come from, "
            "or set them missing (NaN)"
        )
    last = np.moveaxis(significant(scores, digits), axis, -1)
    if descending:
        last = -last
    order = np.argsort(last, axis=-1, kind="stable")
    ordered = np.take_along_axis(last, order, axis=-1)
    place = np.arange(last.shape[-1])
    starts = np.ones(ordered.shape, dtype=bool)
    starts[..., 1:] = ordered[..., 1:] != ordered[..., :-1]
    first = np.maximum.accumulate(np.where(starts, place, 0), axis=-1) + 1.0
    if ties == "min":
        sought = first
    else:
        ends = np.ones(ordered.shape, dtype=bool)
        ends[..., :-1] = starts[..., 1:]
        behind = np.where(ends, place, last.shape[-1])[..., ::-1]
        final = np.minimum.accumulate(behind, axis=-1)[..., ::-1] + 1.0
        sought = final if ties == "max" else (first + final) / 2
    ranked = np.empty(last.shape)
    np.put_along_axis(ranked, order, sought, axis=-1)
    return np.moveaxis(np.where(np.isnan(last), np.nan, ranked), -1, axis)
