"""From scores to composites: means of every kind that know what is missing.

Belongs here: aggregating the last axis of scores, by a method's name (`METHODS`). Does not belong
here: going up a tree level by level (`index`), outranking matrices (`outrank`), weights (`weigh`).

Scores have the shape (..., k). Weights have the shape (k,), or one that broadcasts against the
scores: (runs, 1, k) for a set of weights in each run over scores (runs, units, k). They need not
add to one. A missing score (NaN) takes no part: the weights of the others are rescaled. Where the
share of the weight that is known falls below `minimum_weight`, the composite is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from indices.composite import checks
from indices.composite.errors import CompositeError
from indices.composite.normalise import around_reference
from indices.composite.outrank import ROUNDING, copeland, outranking

Array = np.ndarray

POSITIVE = "normalise to positive scores first (minmax from 1 to 100), or use another mean"


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
    total, present = (np.zeros(scores.shape[1:]) for _ in range(2))
    for k, weight in enumerate(weights):
        total += weight * np.where(known[k], scores[k], 0.0)
        present += weight * known[k]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / present
    if minimum_weight <= 0:
        return mean
    parts = weights if applies is None else (w * applies[k] for k, w in enumerate(weights))
    possible = sum(parts)
    return np.where(present >= minimum_weight * possible - ROUNDING, mean, np.nan)


def _sum(x: Array, weights: Array, term: Callable[[Array], Array]) -> tuple[Array, Array]:
    """Sum of weight times term over the known scores, and the weight known, shapes (...).

    Indicator by indicator: a BLAS product, or a sum along the last axis, would depend on the
    processor in its last digits, and composites are ranked.
    """
    shape = np.broadcast_shapes(x.shape[:-1], weights.shape[:-1])
    total, present = np.zeros(shape), np.zeros(shape)
    missing = np.isnan(x)
    complete = not missing.any()
    for k in range(x.shape[-1]):
        weight, value = weights[..., k], term(x[..., k])
        if complete:
            total += weight * value
            present += weight
        else:
            known = ~missing[..., k]
            total += weight * np.where(known, value, 0.0)
            present += weight * known
    return total, present


def _enough(value: Array, present: Array, minimum_weight: float) -> Array:
    """The value where enough weight is known; of none it is 0 / 0 and so missing already."""
    return np.where(present >= minimum_weight - ROUNDING, value, np.nan)


def _checked(
    x: npt.ArrayLike, weights: npt.ArrayLike, minimum_weight: float
) -> tuple[Array, Array]:
    scores = checks.finite(x)
    shares = checks.weighing(weights, scores.shape[-1])
    checks.share(minimum_weight, "minimum_weight")
    try:
        np.broadcast_shapes(scores.shape, shares.shape)
    except ValueError:
        raise CompositeError(
            f"weights of shape {shares.shape} do not go with scores of shape {scores.shape}; "
            "expected (k,), or (runs, 1, k) for scores (runs, units, k)"
        ) from None
    return scores, shares


def _inside(scores: Array, wrong: Array, weights: Array, found: str) -> Array:
    """Scores inside a mean's domain: others are refused, or made harmless if without weight."""
    if not wrong.any():
        return scores
    taking_part = wrong & (weights > 0)
    if taking_part.any():
        raise CompositeError(f"{found} ({checks.positions(taking_part)}); {POSITIVE}")
    return np.where(wrong, 1.0, scores)


def _mean(
    x: npt.ArrayLike,
    weights: npt.ArrayLike,
    minimum_weight: float,
    of_positive: str,
    term: Callable[[Array], Array],
    mean: Callable[[Array, Array], Array],
) -> Array:
    """Mean of the sum of terms and the weight known; named where scores have to be positive."""
    scores, shares = _checked(x, weights, minimum_weight)
    if of_positive:
        found = f"scores of zero or below in a {of_positive} mean"
        scores = _inside(scores, scores <= 0, shares, found)
    total, present = _sum(scores, shares, term)
    with np.errstate(invalid="ignore", divide="ignore"):
        return _enough(mean(total, present), present, minimum_weight)


def arithmetic(x: npt.ArrayLike, weights: npt.ArrayLike, minimum_weight: float = 0.0) -> Array:
    """Weighted arithmetic mean: sum(w x) / sum(w). COINr a_amean.

    Fully compensatory: a low score in one indicator is made up by a high one in another.

    Parameters
    ----------
    x : array, shape (..., k)
    weights : array, shape (k,) or broadcastable to x
    minimum_weight : float
        Share of the weight that must be known; below it the mean is missing.

    Returns
    -------
    array, shape (...)
    """
    return _mean(x, weights, minimum_weight, "", lambda value: value, np.divide)


def geometric(x: npt.ArrayLike, weights: npt.ArrayLike, minimum_weight: float = 0.0) -> Array:
    """Weighted geometric mean: exp(sum(w ln x) / sum(w)). COINr a_gmean. Parameters: `arithmetic`.

    Raises
    ------
    CompositeError
        If a score with weight is not positive. At a zero the mean would be zero whatever the
        other scores are, which is rarely meant: it comes from a scale that starts at zero.
    """
    return _mean(x, weights, minimum_weight, "geometric", np.log, lambda t, w: np.exp(t / w))


def harmonic(x: npt.ArrayLike, weights: npt.ArrayLike, minimum_weight: float = 0.0) -> Array:
    """Weighted harmonic mean: sum(w) / sum(w / x). COINr a_hmean. Parameters: `arithmetic`.

    Raises
    ------
    CompositeError
        If a score with weight is not positive, as for `geometric`.
    """
    return _mean(x, weights, minimum_weight, "harmonic", np.reciprocal, lambda t, w: w / t)


def power_mean(
    x: npt.ArrayLike, weights: npt.ArrayLike, p: npt.ArrayLike, minimum_weight: float = 0.0
) -> Array:
    """Weighted power mean: (sum(w x^p) / sum(w))^(1/p), the geometric mean at p = 0.

    The smaller p, the less a low score can be made up: 1 is arithmetic, 0 geometric, -1 harmonic.
    COINr a_genmean; Compind ci_generalized_mean.

    Parameters
    ----------
    x : array, shape (..., k)
    weights : array, shape (k,) or broadcastable to x
    p : float, or array that broadcasts against (...)
        Finite.
    minimum_weight : float
        Share of the weight that must be known; below it the mean is missing.

    Returns
    -------
    array, shape (...)

    Raises
    ------
    CompositeError
        If a score with weight is negative and p is not 1, or zero and p is zero or below.
    """
    power = np.asarray(p, dtype=float)
    if not np.isfinite(power).all():
        raise CompositeError(f"a power of {p!r}; expected a finite number")
    # Times the logarithm of a score it would fall below the smallest double of full precision.
    power = np.where(np.abs(power) < 1e-200, 0.0, power)
    if power.ndim == 0 and float(power) in _NAMED_POWERS:
        return _NAMED_POWERS[float(power)](x, weights, minimum_weight)
    scores, shares = _checked(x, weights, minimum_weight)
    wrong = ((scores < 0) & (power != 1)[..., None]) | ((scores == 0) & (power <= 0)[..., None])
    safe = _inside(scores, wrong, shares, f"scores too low for a mean of power {p!r}")
    general = _general_power(np.abs(safe), shares, np.where(np.isin(power, (0, 1)), 2.0, power))
    total, present = _sum(safe, shares, lambda value: value)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(power == 1, total / present, general)
        if (power == 0).any():
            # Scores of zero are here only where the power is another one.
            logs, _ = _sum(np.where(safe <= 0, 1.0, safe), shares, np.log)
            mean = np.where(power == 0, np.exp(logs / present), mean)
    return _enough(mean, present, minimum_weight)


def _general_power(x: Array, weights: Array, p: Array) -> Array:
    """Power mean of scores of at least 0, p not 0, by logarithms.

    Powers are taken of ratios to the score that has the largest, so that none overflows; and
    expm1 and log1p keep the digits that 1 - 1 would lose near p = 0.
    """
    part = ~np.isnan(x) & (weights > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        exponents = p[..., None] * np.log(np.where(part, x, np.nan))
        # A zero has the exponent -inf, and where every score is zero so has the largest.
        largest = np.fmax.reduce(exponents, axis=-1)
        anchor = np.where(np.isinf(largest), 0.0, largest)
        ratios = np.where(part, np.expm1(exponents - anchor[..., None]), np.nan)
        total, present = _sum(ratios, weights, lambda value: value)
        return np.exp((anchor + np.log1p(np.maximum(total / present, -1.0))) / p)


_NAMED_POWERS: dict[float, checks.Method] = {1.0: arithmetic, 0.0: geometric, -1.0: harmonic}


def mazziotta_pareto(
    z: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    penalty: int = -1,
    ddof: int = 0,
    minimum_weight: float = 0.0,
) -> Array:
    """Mazziotta-Pareto index: the mean, less (or plus) a penalty for unbalanced scores.

    M -/+ S cv, where cv = S / M and S is the standard deviation of a unit's scores. De Muro,
    Mazziotta and Pareto (2011), Social Indicators Research 104; Compind ci_mpi.

    Parameters
    ----------
    z : array, shape (..., k)
        Scores on a positive scale: standardised to mean 100 and sd 10 (`normalise.zscore`), or
        `normalise.around_reference` for the adjusted index.
    weights : array, shape (k,) or broadcastable to z, optional
        Of the mean and of the variance; equal if not given, as the authors have it.
    penalty : int
        -1 for an index where larger is better (ci_mpi "POS"), +1 where it is worse ("NEG"). What
        ci_ampi calls "POS" has changed between its releases.
    ddof : int
        0: S over the number of indicators, as in the papers and in Compind's ci_ampi; 1: over
        one less, as in Compind's ci_mpi (with weights that add to one, over 1 - sum(w^2)).
    minimum_weight : float
        Share of the weight that must be known; below it the index is missing.

    Returns
    -------
    array, shape (...)
        With ddof 1 also missing where one indicator is known, whose spread is not.

    Raises
    ------
    CompositeError
        If a mean is not positive, so that its coefficient of variation means nothing.
    """
    if penalty not in (-1, 1):
        raise CompositeError(f"penalty is {penalty}; expected -1 (downwards) or 1 (upwards)")
    if ddof not in (0, 1):
        raise CompositeError(f"ddof is {ddof}; expected 0 (over k) or 1 (over k - 1)")
    k = np.shape(z)[-1] if np.ndim(z) else 0
    scores, shares = _checked(z, np.ones(k) if weights is None else weights, minimum_weight)
    mean = arithmetic(scores, shares, minimum_weight)
    if (mean <= 0).any():
        axes = ("unit",)
        raise CompositeError(
            f"a mean of zero or below ({checks.positions(np.atleast_1d(mean <= 0), axes)}); a "
            "coefficient of variation needs a positive scale: standardise to mean 100 and sd 10"
        )
    squares, present = _sum((scores - mean[..., None]) ** 2, shares, lambda value: value)
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = squares / present
        if ddof:
            ones = np.where(np.isnan(scores), np.nan, shares)
            concentration = _sum(ones, shares, lambda value: value)[0] / present**2
            alone = 1 - concentration <= ROUNDING
            variance = variance / np.where(alone, np.nan, 1 - concentration)
        return mean + penalty * variance / mean


def adjusted_mazziotta_pareto(
    x: npt.ArrayLike,
    reference: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    lo: npt.ArrayLike | None = None,
    hi: npt.ArrayLike | None = None,
    penalty: int = -1,
    minimum_weight: float = 0.0,
) -> Array:
    """Adjusted Mazziotta-Pareto index of oriented raw values, comparable over time.

    `normalise.around_reference`, then `mazziotta_pareto`. Mazziotta and Pareto (2016), Social
    Indicators Research 127; Compind ci_ampi.

    Parameters
    ----------
    x : array, shape (..., units, k)
        Rows of all years pooled, turned by `normalise.orient`.
    reference : array, shape (k,)
        Values that score 100, turned likewise; often `x[year == base].mean(axis=0)`.
    weights, penalty, minimum_weight
        See `mazziotta_pareto`.
    lo, hi : array, shape (k,), optional
        Smallest and largest value over all years; those of x where not given.

    Returns
    -------
    array, shape (..., units)
    """
    scores = around_reference(x, reference, lo, hi)
    return mazziotta_pareto(scores, weights, penalty, minimum_weight=minimum_weight)


def copeland_scores(x: npt.ArrayLike, weights: npt.ArrayLike, minimum_weight: float = 0.0) -> Array:
    """Copeland score of each unit among the others (`outrank.copeland`). COINr a_copeland.

    Parameters
    ----------
    x : array, shape (..., units, k)
    weights : array, shape (k,), or (..., 1, k): the same for all units that are compared
    minimum_weight : float
        Share of the weight that must be known; a unit below it is compared with nobody.

    Returns
    -------
    array, shape (..., units)
    """
    scores, shares = _checked(x, weights, minimum_weight)
    if scores.ndim < 2 or (shares.ndim > 1 and shares.shape[-2] != 1):
        raise CompositeError(
            f"scores of shape {scores.shape} and weights of shape {shares.shape}; a Copeland score "
            "compares units: expected (..., units, k), and the same weights for all units"
        )
    _, present = _sum(scores, shares, lambda value: value)
    known = np.where((present < minimum_weight - ROUNDING)[..., None], np.nan, scores)
    return copeland(outranking(known, shares[..., 0, :] if shares.ndim > 1 else shares))


METHODS: dict[str, checks.Method] = {
    "arithmetic": arithmetic,
    "geometric": geometric,
    "harmonic": harmonic,
    "power": power_mean,
    "mazziotta_pareto": mazziotta_pareto,
    "copeland": copeland_scores,
}


def aggregate(
    x: npt.ArrayLike,
    weights: npt.ArrayLike,
    method: str,
    minimum_weight: float = 0.0,
    **parameters: Any,
) -> Array:
    """Aggregate scores over their last axis by a method's name.

    Parameters
    ----------
    x : array, shape (..., k)
    weights : array, shape (k,) or broadcastable to x
    method : str
        One of `METHODS`.
    minimum_weight : float
        Share of the weight that must be known; below it the composite is missing.
    **parameters
        Of the method: p of "power", penalty and ddof of "mazziotta_pareto".

    Returns
    -------
    array, shape (...)

    Raises
    ------
    CompositeError
        If the method or a parameter is not known, or the method refuses the scores.
    """
    function = checks.method(METHODS, method, parameters, given=2)
    with checks.naming_parameters(f"method {method!r}", parameters):
        return function(x, weights, minimum_weight=minimum_weight, **parameters)
