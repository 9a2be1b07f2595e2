"""Benefit of the doubt: each unit is weighed as suits it best.

Belongs here: weights that differ from unit to unit, found by linear programming. Does not belong
here: weights that are the same for all (`weigh`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from indices.composite import checks
from indices.composite.data import matrix
from indices.composite.errors import CompositeError
from indices.composite.tree import naming

Array = np.ndarray

# Pairs of units compared at a time, so that memory does not grow with their square.
BLOCK = 1 << 20


class BenefitOfTheDoubt(NamedTuple):
    """Scores, and what they are made of: of a frame a Series and frames, else arrays."""

    score: pd.Series | Array
    """Shape (units,), above 0 to 1; 1 where no other unit does better on these weights."""
    weights: pd.DataFrame | Array
    """Shape (units, k); sum(weights * x) is the score."""
    shares: pd.DataFrame | Array
    """Shape (units, k); weights * x / score: the part of the score from each indicator."""


def benefit_of_the_doubt(
    x: pd.DataFrame | npt.ArrayLike, lower: npt.ArrayLike = 0.0, upper: npt.ArrayLike = 1.0
) -> BenefitOfTheDoubt:
    """Score each unit with the weights that are best for it, within bounds on their shares.

    Unit i has the largest sum(w x_i) for which no unit c has sum(w x_c) above 1 and every
    indicator contributes from `lower` to `upper` of its own score: w_j x_ij / sum(w x_i).
    Cherchye, Moesen, Rogge and Van Puyenbroeck (2007), Social Indicators Research 82; OECD/JRC
    Handbook (2008), step 6; Compind ci_bod (without bounds) and ci_bod_constr.

    Parameters
    ----------
    x : DataFrame, or array of shape (units, k)
        At least 0; larger is better. No normalisation is needed: the shares have no unit. A unit
        without any value has a missing score and is not compared.
    lower, upper : float or array, shape (k,)
        Bounds on the shares, from 0 to 1.

    Returns
    -------
    BenefitOfTheDoubt
        Scores are unique. Weights and shares need not be: several may give the same score, and
        one of them is returned. Where all values of a unit are zero, its score is 0 and its
        weights and shares are missing.

    Raises
    ------
    CompositeError
        If a value is negative, infinite, or missing where others of the unit are known; if the
        bounds cannot add to one; or if a unit has zero in an indicator that has to contribute, or
        too few indicators above zero for their upper bounds (the unit is named).
    """
    if isinstance(x, pd.DataFrame):
        with naming("unit", x.index), naming("indicator", x.columns):
            score, weights, shares = benefit_of_the_doubt(matrix(x), lower, upper)
        return BenefitOfTheDoubt(
            pd.Series(score, index=x.index, name="score"),
            pd.DataFrame(weights, index=x.index, columns=x.columns),
            pd.DataFrame(shares, index=x.index, columns=x.columns),
        )
    values = checks.finite(x)
    if values.ndim != 2:
        raise CompositeError(f"values of shape {values.shape}, expected (units, indicators)")
    if (values < 0).any():
        raise CompositeError(
            f"negative values ({checks.positions(values < 0)}); the benefit of the doubt needs "
            "values of at least 0: normalise first, for instance by minmax"
        )
    missing = np.isnan(values)
    absent = missing.all(axis=1)
    if missing[~absent].any():
        raise CompositeError(
            f"missing values ({checks.positions(missing & ~absent[:, None])}); a unit's weights "
            "can only be chosen over known indicators: impute first"
        )
    low, high = _bounds(lower, upper, values.shape[1])
    _feasible(values, low, high)
    peers = _undominated(values[~absent])
    shares = np.full(values.shape, np.nan)
    score = np.where(absent, np.nan, 0.0)
    weights = np.full(values.shape, np.nan)
    # One linear programme for each unit: they share neither objective nor constraints.
    for i in np.flatnonzero((values > 0).any(axis=1)):
        shares[i], most = _best_shares(peers, values[i], low, high)
        score[i] = 1 / most
        with np.errstate(divide="ignore", invalid="ignore"):
            weights[i] = np.where(values[i] > 0, shares[i] / values[i] / most, 0.0)
    return BenefitOfTheDoubt(score, weights, shares)


def _bounds(lower: npt.ArrayLike, upper: npt.ArrayLike, k: int) -> tuple[Array, Array]:
    try:
        low = np.broadcast_to(np.asarray(lower, dtype=float), (k,))
        high = np.broadcast_to(np.asarray(upper, dtype=float), (k,))
    except ValueError:
        raise CompositeError(
            f"bounds of shapes {np.shape(lower)} and {np.shape(upper)} for {k} indicators"
        ) from None
    ordered = (low >= 0) & (low <= high) & (high <= 1)
    if not ordered.all():
        j = int(np.argmin(ordered))
        raise CompositeError(
            f"bounds {low[j]} and {high[j]} on the share of indicator {j}; expected shares from 0 "
            "to 1, the lower first"
        )
    if low.sum() > 1 + 1e-12 or high.sum() < 1 - 1e-12:
        raise CompositeError(
            f"lower bounds that add to {low.sum():.6g} and upper bounds that add to "
            f"{high.sum():.6g}; expected at most 1 and at least 1, for shares add to one"
        )
    return low, high


def _feasible(x: Array, low: Array, high: Array) -> None:
    """Refuse units that no shares within the bounds fit, because zeros contribute nothing."""
    stuck = (x == 0) & (low > 0)
    if stuck.any():
        raise CompositeError(
            f"values of zero ({checks.positions(stuck)}) in an indicator that has to contribute "
            "at least its lower bound; lower that bound to 0, or rescale the indicator above zero"
        )
    reach = np.where(x > 0, high, 0.0).sum(axis=1)
    narrow = (x > 0).any(axis=1) & (reach < 1 - 1e-12)
    if narrow.any():
        i = int(np.argmax(narrow))
        raise CompositeError(
            f"unit {i} is above zero in {int((x[i] > 0).sum())} indicators, whose upper bounds add "
            f"to {reach[i]:.6g}; shares add to one: raise the upper bounds"
        )


def _undominated(x: Array) -> Array:
    """Units that no other matches or beats in every indicator: only they can hold a score down."""
    distinct = np.unique(x, axis=0)
    units, k = distinct.shape
    kept = np.empty(units, dtype=bool)
    step = max(1, BLOCK // max(1, units))
    for start in range(0, units, step):
        rows = distinct[start : start + step]
        beaten = np.ones((len(rows), units), dtype=bool)
        for j in range(k):
            beaten &= distinct[None, :, j] >= rows[:, None, j]
        # Each matches itself.
        kept[start : start + step] = beaten.sum(axis=1) == 1
    return distinct[kept]


def _best_shares(peers: Array, own: Array, low: Array, high: Array) -> tuple[Array, float]:
    """Shares s that make a unit's best peer, max_c sum(s_j x_cj / x_ij), as small as possible.

    With w_j = score s_j / x_ij the bounds no longer hold the score, and the largest score for
    which no peer exceeds 1 is one over that peer's sum.
    """
    from scipy.optimize import linprog

    used = own > 0
    ratios = peers[:, used] / own[used]
    units, k = ratios.shape
    found = linprog(
        np.append(np.zeros(k), 1.0),
        A_ub=np.column_stack([ratios, -np.ones(units)]),
        b_ub=np.zeros(units),
        A_eq=np.append(np.ones(k), 0.0)[None, :],
        b_eq=[1.0],
        bounds=[*zip(low[used], high[used], strict=True), (None, None)],
        method="highs",
        options={"presolve": False},  # on these small dense programmes it takes half the time
    )
    if found.status != 0:
        raise CompositeError(f"no best weights found for values {own}: {found.message}")
    chosen = np.clip(found.x[:k], low[used], high[used])
    sums = np.zeros(units)
    for j in range(k):
        sums += chosen[j] * ratios[:, j]
    shares = np.zeros(len(own))
    shares[used] = chosen
    return shares, float(sums.max())
