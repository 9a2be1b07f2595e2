"""Outranking: who is ahead of whom in how much of the weight.

Belongs here: the outranking matrix, Copeland scores, dominance. Does not belong here: ranks of
scores (`rank`) and other ways to aggregate (`aggregate`).

Only the order of values counts, so nothing has to be normalised and a low value is never made up
by a high one (non-compensatory). Munda and Nardo, in the OECD/JRC Handbook (2008), step 6.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import overload

import numpy as np
import numpy.typing as npt
import pandas as pd

from indices.composite import checks
from indices.composite.data import matrix as frame_values
from indices.composite.data import quoted
from indices.composite.errors import CompositeError
from indices.composite.rank import significant

Array = np.ndarray

# Pairs compared at a time: a few arrays of this many numbers stay in the processor's cache.
BLOCK = 1 << 17
# Sums of weights have this much rounding: half of the weight is half whatever order it is added in.
ROUNDING = 1e-12


Weights = Mapping[str, float] | pd.Series


@overload
def outranking(x: pd.DataFrame, weights: Weights | npt.ArrayLike) -> pd.DataFrame: ...
@overload
def outranking(x: npt.ArrayLike, weights: npt.ArrayLike) -> Array: ...
def outranking(
    x: pd.DataFrame | npt.ArrayLike, weights: Weights | npt.ArrayLike
) -> pd.DataFrame | Array:
    """Share of the weight in which one unit is ahead of another, half where they are equal.

    o_ij = sum of w where x_i > x_j, plus half the sum where x_i = x_j. COINr outrankMatrix.

    Parameters
    ----------
    x : DataFrame, or array of shape (..., units, k)
        Oriented: larger is better. Values are equal when they are in 12 significant digits.
    weights : array, shape (k,) or (..., k); of a frame also Series or mapping by column

    Returns
    -------
    DataFrame, units x units, of a frame; else array, shape (..., units, units)
        o_ij + o_ji = 1. The diagonal is 0. A pair is compared in the indicators that both have,
        their weights rescaled; it is missing where they share none with weight, and so is the
        whole row and column, diagonal included, of a unit without values.

    Raises
    ------
    CompositeError
        If a value is infinite or the weights are refused.

    Notes
    -----
    COINr leaves out what a unit misses without rescaling, and gives its weight to whichever of two
    units stands lower in the table; without missing values the two agree.
    """
    if isinstance(x, pd.DataFrame):
        shares = _in_order(weights, x.columns)
        made = outranking(frame_values(x), shares)
        return pd.DataFrame(made, index=x.index, columns=x.index)
    values = checks.finite(x)
    if values.ndim < 2:
        raise CompositeError(f"values of shape {values.shape}, expected (..., units, indicators)")
    shares = checks.weighing(np.asarray(weights), values.shape[-1])
    values = significant(values)
    units, k = values.shape[-2:]
    batch = np.broadcast_shapes(values.shape[:-2], shares.shape[:-1])
    missing = np.isnan(values)
    complete = not missing.any()
    matrix = np.empty((*batch, units, units))
    step = max(1, BLOCK // (units * max(1, int(np.prod(batch)))))
    for start in range(0, units, step):
        rows = slice(start, start + step)
        ahead = np.zeros((*batch, len(range(units)[rows]), units))
        shared = np.zeros(ahead.shape)
        for j in range(k):
            weight = shares[..., j][..., None, None]
            mine, theirs = values[..., rows, None, j], values[..., None, :, j]
            # Whole numbers of halves first: one product by the weight rounds once.
            ahead += weight * (0.5 * (mine > theirs) + 0.5 * (mine >= theirs))
            if not complete:
                shared += weight * ~(missing[..., rows, None, j] | missing[..., None, :, j])
        if complete:
            matrix[..., rows, :] = ahead
        else:
            with np.errstate(invalid="ignore"):
                matrix[..., rows, :] = ahead / np.where(shared > 0, shared, np.nan)
    known = (~missing & (shares > 0)[..., None, :]).any(axis=-1)
    own = np.arange(units)
    matrix[..., own, own] = np.where(known, 0.0, np.nan)
    return matrix


def _in_order(weights: Weights | npt.ArrayLike, columns: pd.Index) -> npt.ArrayLike:
    """Weights in the order of the columns that they name, or as they are."""
    if not isinstance(weights, Mapping | pd.Series):
        return weights
    if set(weights.keys()) != set(columns):
        raise CompositeError(
            f"weights for {quoted(weights.keys())}, expected one for each of {quoted(columns)}"
        )
    return [weights[column] for column in columns]


def _compared(matrix: npt.ArrayLike) -> tuple[Array, Array]:
    """The matrix, and where it compares two different units."""
    values = np.asarray(matrix, dtype=float)
    if values.ndim < 2 or values.shape[-1] != values.shape[-2]:
        raise CompositeError(
            f"a matrix of shape {values.shape}, expected one row and column a unit"
        )
    if ((values < -ROUNDING) | (values > 1 + ROUNDING)).any():
        raise CompositeError("an outranking matrix with shares outside 0 to 1; see `outranking`")
    return values, ~np.isnan(values) & ~np.eye(values.shape[-1], dtype=bool)


@overload
def copeland(matrix: pd.DataFrame) -> pd.Series: ...
@overload
def copeland(matrix: npt.ArrayLike) -> Array: ...
def copeland(matrix: pd.DataFrame | npt.ArrayLike) -> pd.Series | Array:
    """Copeland score: how many units one is ahead of, less how many are ahead of it.

    Row sums of sign(o_ij - 0.5). COINr a_copeland.

    Parameters
    ----------
    matrix : DataFrame, or array of shape (..., units, units)
        From `outranking`.

    Returns
    -------
    Series by unit, of a frame; else array, shape (..., units)
        A pair that could not be compared counts as even. Missing for a unit that could be compared
        with no other; 0 for a unit that is the only one.
    """
    if isinstance(matrix, pd.DataFrame):
        return pd.Series(copeland(matrix.to_numpy()), index=matrix.index, name="copeland")
    values, pairs = _compared(matrix)
    ahead = (pairs & (values > 0.5 + ROUNDING)).sum(axis=-1)
    behind = (pairs & (values < 0.5 - ROUNDING)).sum(axis=-1)
    known = pairs.any(axis=-1)
    if values.shape[-1] == 1:
        known = ~np.isnan(values[..., 0])
    return np.where(known, 1.0 * ahead - behind, np.nan)


def dominance(matrix: npt.ArrayLike) -> tuple[Array, Array]:
    """How many pairs have one unit ahead in every indicator, and their share of all pairs.

    Such pairs keep their order whatever the weights are. COINr outrankMatrix (nDominant,
    fracDominant).

    Parameters
    ----------
    matrix : array, shape (..., units, units)
        From `outranking`.

    Returns
    -------
    count, share : int and float arrays, shape (...)
        Of the pairs that could be compared; the share is missing where there is none.
    """
    values, pairs = _compared(matrix)
    count = (pairs & (values > 1 - ROUNDING)).sum(axis=(-2, -1))
    compared = pairs.sum(axis=(-2, -1)) / 2
    return count, count / np.where(compared > 0, compared, np.nan)
