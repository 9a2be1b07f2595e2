"""From scores to ranks: what counts as the same score, and who shares a place.

Belongs here: rounding to significant digits before anything is compared, and ranks. Does not
belong here: outranking matrices (`outrank`) and rank normalisation (`normalise`).
"""

from __future__ import annotations

import numpy as np

from indices.composite import checks
from indices.composite.errors import CompositeError

Array = np.ndarray

DIGITS = 12
TIES = ("min", "max", "average")

CELLS = 1 << 16  # scores ranked at once: half a megabyte an array, which a cache holds

_LOWEST = -323
# A table, because numpy's own powers of ten differ between processors by a last digit.
_TEN = np.array([float(f"1e{k}") for k in range(_LOWEST, 309)])


def _ten(exponent: Array) -> Array:
    return _TEN[exponent - _LOWEST]


def _check_digits(digits: int) -> None:
    if digits not in range(1, 16):
        raise CompositeError(f"{digits} significant digits, expected 1 to 15")


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
    _check_digits(digits)
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
    by: Array | None = None,
    decimals: int | None = None,
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
    by : int array, shape (units,), optional
        Period of each unit: ranked within each. Without it all units are ranked together.
    decimals : int, optional
        Scores are rounded so first.

    Returns
    -------
    float array, shape of `x`
        From 1; NaN where the score is.

    Raises
    ------
    CompositeError
        If a score is infinite, or `ties` or the number of digits is not known.
    """
    if ties not in TIES:
        raise CompositeError(f"ties {ties!r} is not known; there are {', '.join(TIES)}")
    _check_digits(digits)
    scores = checks.numbers(x, "scores are")
    last = np.moveaxis(scores, axis, -1)
    if np.isinf(last).any():
        raise CompositeError(
            f"{int(np.isinf(last).sum())} infinite scores to rank; find where they come from, "
            "or set them missing (NaN)"
        )
    ranked = np.empty(last.shape)
    units = last.shape[-1]
    if not ranked.size:
        return np.moveaxis(ranked, -1, axis)
    if by is None:
        parts: list[Array | slice] = [slice(None)]
    else:
        if np.shape(by) != (units,):
            raise CompositeError(f"periods of shape {np.shape(by)} for {units} units")
        parts = [np.flatnonzero(by == period) for period in np.unique(by)]
    # One way of the axes for all: rows of units, in blocks that a cache holds.
    rows, out = last.reshape(-1, units), ranked.reshape(-1, units)
    step = max(1, CELLS // units)
    for start in range(0, len(rows), step):
        block = slice(start, start + step)
        few = rows[block] if decimals is None else np.round(rows[block], decimals)
        signed = -few if descending else few
        for part in parts:
            out[block, part] = _places(np.ascontiguousarray(signed[:, part]), ties, digits)
    return np.moveaxis(ranked, -1, axis)


def _places(rows: Array, ties: str, digits: int) -> Array:
    """Places of the values in each row, the lowest first."""
    units = rows.shape[1]
    order, ordered = _sorted(rows)
    below, above = ordered[:, :-1], ordered[:, 1:]
    # Rounding keeps the order, so that only neighbours can be equal, and only if they are near.
    with np.errstate(over="ignore"):
        near = above - below <= 2 * 10.0 ** (1 - digits) * np.maximum(np.abs(below), np.abs(above))
    place = np.arange(1.0, units + 1)
    sought = np.broadcast_to(place, rows.shape)
    if near.any():
        starts = np.ones(rows.shape, dtype=bool)
        starts[:, 1:][near] = significant(below[near], digits) != significant(above[near], digits)
        first = np.maximum.accumulate(np.where(starts, place, 1.0), axis=1)
        ends = np.ones(rows.shape, dtype=bool)
        ends[:, :-1] = starts[:, 1:]
        behind = np.where(ends, place, float(units))[:, ::-1]
        final = np.minimum.accumulate(behind, axis=1)[:, ::-1]
        sought = {"min": first, "max": final, "average": (first + final) / 2}[ties]
    places = np.empty(rows.shape)
    places.ravel()[order.ravel()] = sought.ravel()
    places[np.isnan(rows)] = np.nan
    return places


def _sorted(rows: Array) -> tuple[Array, Array]:
    """Sort each row, the missing last: positions in the whole block, and the values there.

    Numbers are sorted three times faster than their positions: a position takes the place of the
    last bits of its number. Rows whose order needs those bits are sorted the slow way.
    """
    units = rows.shape[1]
    bits = int(units - 1).bit_length()
    keys = rows.view(np.int64)
    keys = keys ^ ((keys >> 63) & np.iinfo(np.int64).max)  # negative numbers in their order
    keys[np.isnan(rows)] = np.iinfo(np.int64).max
    keys = ((keys >> bits) << bits) | np.arange(units)
    keys.sort(axis=1)
    order = (keys & ((1 << bits) - 1)) + units * np.arange(len(rows))[:, None]
    ordered = rows.ravel().take(order)
    wrong = np.flatnonzero((ordered[:, 1:] < ordered[:, :-1]).any(axis=1))
    if len(wrong):
        order[wrong] = np.argsort(rows[wrong], axis=1) + units * wrong[:, None]
        ordered[wrong] = rows.ravel().take(order[wrong])
    return order, ordered
