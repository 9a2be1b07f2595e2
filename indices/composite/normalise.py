"""From values to scores.

Belongs here: direction, goalposts, and every normalisation by name (`METHODS`), over a whole panel
or within each period. Does not belong here: skewness and outliers (`treat`), the order of scores
(`rank`), and which method an index uses (its definition).

Values have the shape (..., units, indicators), leading axes being batches of a Monte Carlo that
are each normalised on their own. NaN is missing, stays missing and counts in no statistic.
Larger is better: turn indicators with `orient` first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from indices.composite import checks
from indices.composite.errors import CompositeError
from indices.composite.rank import ranks

Array = np.ndarray

# A range below this share of the values is the rounding of a constant; scores are compared in the
# same twelve digits (`rank.significant`).
SAME = 1e-12


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


def orient(x: npt.ArrayLike, direction: npt.ArrayLike) -> Array:
    """Turn indicators so that larger is better: x times its direction.

    Parameters
    ----------
    x : array, shape (..., k)
        Values, or targets and reference values, which have to be turned with their indicator.
    direction : array, shape (k,)
        +1 where larger is better, -1 where it is worse.

    Raises
    ------
    CompositeError
        If there is not one direction of +1 or -1 for each indicator.
    """
    values = checks.finite(x)
    signs = np.asarray(direction, dtype=float)
    if signs.shape != values.shape[-1:]:
        raise CompositeError(
            f"directions of shape {signs.shape} for {values.shape[-1]} indicators; "
            "expected one each"
        )
    if not np.isin(signs, (-1, 1)).all():
        k = int(np.argmin(np.isin(signs, (-1, 1))))
        raise CompositeError(f"the direction of indicator {k} is {signs[k]}; expected 1 or -1")
    # Adding zero turns -0.0 into 0.0.
    return values * signs + 0.0


def orient_goalposts(
    lo: npt.ArrayLike, hi: npt.ArrayLike, direction: npt.ArrayLike
) -> tuple[Array, Array]:
    """Goalposts, stated as the lower and upper in the indicator's unit, for oriented values.

    Where the direction is -1 they change places as they change sign, so that the lower goalpost
    scores best. Shapes as in `orient`.
    """
    low, high = (np.atleast_1d(np.asarray(p, dtype=float)) for p in (lo, hi))
    low, high = np.broadcast_arrays(low, high, np.asarray(direction))[:2]
    turned = np.asarray(direction) == -1
    low, high = np.where(turned, high, low), np.where(turned, low, high)
    return orient(low, direction), orient(high, direction)


def without_variance(x: npt.ArrayLike) -> Array:
    """Say which indicators have one value only, up to rounding; one without values is not such.

    Parameters
    ----------
    x : array, shape (..., units, k)

    Returns
    -------
    bool array, shape (..., k)
    """
    low, high = _ends(np.asarray(x, dtype=float))
    return np.asarray(_same(low, high)[..., 0, :])


def _ends(x: Array) -> tuple[Array, Array]:
    """Smallest and largest known values, shape (..., 1, k); NaN where there is none."""
    return np.fmin.reduce(x, axis=-2, keepdims=True), np.fmax.reduce(x, axis=-2, keepdims=True)


def _same(low: Array, high: Array) -> Array:
    with np.errstate(over="ignore"):
        return high - low <= SAME * np.maximum(np.abs(low), np.abs(high))


def _range(x: Array) -> tuple[Array, Array, Array]:
    """Smallest value, largest and their difference, refusing what has no range to scale by."""
    low, high = _ends(x)
    flat = _same(low, high)
    if flat.any():
        cell = tuple(np.argwhere(flat)[0])
        raise CompositeError(
            f"no variance ({checks.columns(flat)}): every known value is "
            f"{low[cell]:.12g}; expected two different values: drop the indicator, or normalise by "
            "rank or by goalposts"
        )
    with np.errstate(over="ignore"):
        extent = high - low
    if np.isinf(extent).any():
        raise CompositeError("a range too large for floating point; use a larger unit")
    return low, high, extent


def _panel(x: npt.ArrayLike) -> Array:
    values = checks.finite(x)
    if values.ndim < 2:
        raise CompositeError(f"values of shape {values.shape}, expected (..., units, indicators)")
    return values


def _bounds(lo: npt.ArrayLike, hi: npt.ArrayLike, what: str) -> tuple[Array, Array]:
    """Lower and upper bounds as arrays, refused where missing, infinite or reversed."""
    low, high = np.broadcast_arrays(np.asarray(lo, dtype=float), np.asarray(hi, dtype=float))
    if not (np.isfinite(low) & np.isfinite(high) & (low < high)).all():
        wrong = np.atleast_1d(~(np.isfinite(low) & np.isfinite(high) & (low < high)))
        k = int(np.argmax(wrong.reshape(-1, wrong.shape[-1]).any(axis=0)))
        one = f" of indicator {k}" if low.ndim else ""
        first = tuple(np.argwhere(wrong)[0])
        raise CompositeError(
            f"{what}{one} are {np.atleast_1d(low)[first]} and {np.atleast_1d(high)[first]}; "
            "expected finite numbers, the lower one first"
        )
    return low, high


def minmax(x: npt.ArrayLike, lo: npt.ArrayLike = 0.0, hi: npt.ArrayLike = 100.0) -> Array:
    """Rescale so that the smallest value scores `lo` and the largest `hi`.

    lo + (hi - lo) (x - min) / (max - min): OECD/JRC Handbook (2008), step 5; COINr n_minmax.

    Parameters
    ----------
    x : array, shape (..., units, k)
    lo, hi : float or array, shape (k,)

    Raises
    ------
    CompositeError
        If an indicator has no variance or `lo` is not below `hi`.
    """
    values = _panel(x)
    bottom, top = _bounds(lo, hi, "the ends of the scale")
    low, _, extent = _range(values)
    return bottom + (values - low) / extent * (top - bottom)


def zscore(
    x: npt.ArrayLike, mean: npt.ArrayLike = 0.0, sd: npt.ArrayLike = 1.0, ddof: int = 1
) -> Array:
    """Standardise to a mean and a standard deviation.

    mean + sd (x - M) / S: OECD/JRC Handbook (2008), step 5; COINr n_zscore. With mean 100 and
    sd 10 it is the scale of the Mazziotta-Pareto index and method 1 of Compind's normalise_ci.

    Parameters
    ----------
    x : array, shape (..., units, k)
    mean, sd : float or array, shape (k,)
        Of the scores.
    ddof : int
        1: S over n - 1, as in COINr and Compind; 0: over n, as in De Muro, Mazziotta and Pareto
        (2011).

    Raises
    ------
    CompositeError
        If an indicator has no variance, or `sd` is not above 0.
    """
    values = _panel(x)
    centre, spread = np.asarray(mean, dtype=float), np.asarray(sd, dtype=float)
    if not (np.isfinite(centre).all() and np.isfinite(spread).all() and (spread > 0).all()):
        raise CompositeError(f"mean {mean!r} and sd {sd!r}; expected finite numbers and sd above 0")
    if ddof not in (0, 1):
        raise CompositeError(f"ddof is {ddof}; expected 1 (over n - 1) or 0 (over n)")
    low, _, extent = _range(values)
    # Positions within the range lie from 0 to 1: their squares neither overflow nor vanish.
    within = (values - low) / extent
    known = ~np.isnan(within)
    number = known.sum(axis=-2, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        deviation = within - _sum(np.where(known, within, 0.0)) / number
        squares = np.where(known, deviation, 0.0) ** 2
        return centre + spread * (deviation / np.sqrt(_sum(squares) / (number - ddof)))


def _sum(x: Array) -> Array:
    """Sum over units, shape (..., 1, k), each indicator as if it were alone.

    Laid out so that numpy adds pairwise: row by row, the sum of a long panel drifts by more than
    scores are compared in.
    """
    return np.ascontiguousarray(np.swapaxes(x, -1, -2)).sum(axis=-1)[..., None, :]


def rank(x: npt.ArrayLike, ties: str = "min") -> Array:
    """Rank of the value, 1 the lowest; equal values share the smallest place.

    Values are equal when they are in 12 significant digits. An indicator without variance is not
    refused: all its values share rank 1. COINr n_rank; Compind's method 3 has ties "average".

    Parameters
    ----------
    x : array, shape (..., units, k)
    ties : str
        Place of equal values: "min" the smallest of theirs, "max" the largest, "average" the mean.
    """
    return ranks(_panel(x), axis=-2, descending=False, ties=ties)


def borda(x: npt.ArrayLike, ties: str = "min") -> Array:
    """Borda score: how many values are lower, that is `rank` less 1. COINr n_borda."""
    return rank(x, ties) - 1


def percentile(x: npt.ArrayLike, ties: str = "min") -> Array:
    """Percentile rank: the share of the other values that are lower, from 0 to 1.

    (`rank` - 1) / (n - 1), n counting known values. COINr n_prank. With ties "average", half of
    those that are equal count as lower.

    Raises
    ------
    CompositeError
        If an indicator has one known value, which has no others.
    """
    values = _panel(x)
    others = (~np.isnan(values)).sum(axis=-2, keepdims=True) - 1
    if (others == 0).any():
        raise CompositeError(
            f"one known value ({checks.columns(others == 0)}); a percentile rank needs two: drop "
            "the indicator, or normalise by goalposts"
        )
    return borda(values, ties) / np.maximum(others, 1)


def distance_to_max(x: npt.ArrayLike) -> Array:
    """1 less the distance to the largest value as a share of the range: from 0 to 1.

    1 - (max - x) / (max - min), which is `minmax` from 0 to 1 but for rounding. COINr n_dist2max.

    Raises
    ------
    CompositeError
        If an indicator has no variance.
    """
    values = _panel(x)
    _, high, extent = _range(values)
    return 1 - (high - values) / extent


def distance_to_target(x: npt.ArrayLike, target: npt.ArrayLike, cap: bool = False) -> Array:
    """How far a value has come from the smallest one to a target: 0 at the smallest, 1 at it.

    (x - min) / (target - min): OECD/JRC Handbook (2008), step 5; COINr n_dist2targ.

    Parameters
    ----------
    x : array, shape (..., units, k)
    target : float or array, shape (k,), or (..., 1, k) for one of each batch
        Oriented as x is.
    cap : bool
        Whether what lies beyond the target scores 1 and not more.

    Raises
    ------
    CompositeError
        If a target is missing or not above the smallest value.
    """
    values = _panel(x)
    low, _ = _ends(values)
    goal = np.asarray(target, dtype=float)
    if not np.isfinite(goal).all():
        raise CompositeError("a missing or infinite target; expected one number for each indicator")
    goal = np.broadcast_to(goal, low.shape)
    reached = _same(low, goal)
    if reached.any():
        cell = tuple(np.argwhere(reached)[0])
        raise CompositeError(
            f"a target of {goal[cell]:.12g} that is not above the smallest value {low[cell]:.12g} "
            f"({checks.columns(reached)}); there is no distance to "
            "measure: choose a higher target, turned as the indicator is"
        )
    scores = (values - low) / (goal - low)
    return np.minimum(scores, 1.0) if cap else scores


def distance_to_reference(x: npt.ArrayLike, reference: npt.ArrayLike, cap: bool = False) -> Array:
    """How far a value has come from the smallest one to that of a reference unit, which scores 1.

    1 - (ref - x) / (ref - min). OECD/JRC Handbook (2008), step 5; COINr n_dist2ref.

    Parameters
    ----------
    x : array, shape (..., units, k)
    reference : int
        Position of the reference unit. With periods (`normalise` with `by`), an array of one
        position for each period in increasing order, each the row of that unit in that period.
    cap : bool
        Whether what lies beyond the reference scores 1 and not more.

    Raises
    ------
    CompositeError
        If there is no such unit, it has a missing value, or it is itself the smallest.
    """
    values = _panel(x)
    position = np.asarray(reference)
    if position.ndim or not np.issubdtype(position.dtype, np.integer):
        raise CompositeError(f"reference is {reference!r}; expected the position of one unit")
    if not 0 <= position < values.shape[-2]:
        raise CompositeError(
            f"there is no reference unit {position}; positions are 0 to {values.shape[-2] - 1}"
        )
    goal = values[..., int(position), :][..., None, :]
    # Where nobody has a value, the reference needs none.
    missing = np.isnan(goal) & ~np.isnan(values).all(axis=-2, keepdims=True)
    if missing.any():
        k = int(np.argwhere(missing)[0][-1])
        raise CompositeError(
            f"reference unit {position} has no value of indicator {k}; impute it or choose another"
        )
    low, _ = _ends(values)
    if _same(low, goal).any():
        raise CompositeError(
            f"reference unit {position} has itself the smallest value "
            f"({checks.columns(_same(low, goal))}); there is no distance to measure: choose another"
        )
    scores = 1 - (goal - values) / (goal - low)
    return np.minimum(scores, 1.0) if cap else scores


def fraction_of_max(x: npt.ArrayLike, only_positive: bool = True) -> Array:
    """Return each value as a fraction of the largest one.

    x / max. COINr n_fracmax.

    Parameters
    ----------
    x : array, shape (..., units, k)
    only_positive : bool
        Whether a largest value of zero or below is refused, because the fraction then means
        nothing and turns the order round. COINr divides in any case; False does so too, and
        leaves an indicator whose largest value is zero missing where COINr has infinity.

    Raises
    ------
    CompositeError
        If a largest value is not positive (see `only_positive`).
    """
    values = _panel(x)
    _, high = _ends(values)
    if only_positive and (high <= 0).any():
        cell = tuple(np.argwhere(high <= 0)[0])
        raise CompositeError(
            f"a largest value of {high[cell]:.12g} "
            f"({checks.columns(high <= 0)}); a fraction of it means "
            "nothing: use distance_to_max, or turn the indicator another way than by its sign"
        )
    return values / np.where(high == 0, np.nan, high)


def scaled(
    x: npt.ArrayLike,
    lo: npt.ArrayLike = 0.0,
    hi: npt.ArrayLike = 100.0,
    factor: npt.ArrayLike = 100.0,
) -> Array:
    """Scale linearly by given ends, whatever the values are.

    factor (x - lo) / (hi - lo), not truncated. COINr n_scaled.

    Parameters
    ----------
    x : array, shape (..., units, k)
    lo, hi, factor : float or array, shape (k,)
        Values that score 0 and `factor`, and that score.

    Raises
    ------
    CompositeError
        If `lo` is not below `hi`.
    """
    return goalposts_linear(x, lo, hi, factor, truncate=False)


def goalposts_linear(
    x: npt.ArrayLike,
    lo: npt.ArrayLike,
    hi: npt.ArrayLike,
    a: npt.ArrayLike = 1.0,
    truncate: bool = True,
) -> Array:
    """Score on fixed goalposts, which make scores comparable over time and between releases.

    a (x - lo) / (hi - lo). COINr n_goalposts; UNDP's human development index.

    Parameters
    ----------
    x : array, shape (..., units, k)
    lo, hi : float or array, shape (k,)
        Values that score 0 and `a`. For oriented values see `orient_goalposts`.
    a : float or array, shape (k,)
        The score at the upper goalpost.
    truncate : bool
        Whether what lies outside scores as its goalpost does.

    Raises
    ------
    CompositeError
        If goalposts are missing or reversed, or `a` is not above 0.
    """
    values = _panel(x)
    low, high = _bounds(lo, hi, "the goalposts")
    top = np.asarray(a, dtype=float)
    if not (np.isfinite(top) & (top > 0)).all():
        raise CompositeError(f"the upper goalpost scores {a!r}; expected a number above 0")
    within = (values - low) / (high - low)
    return top * (np.clip(within, 0.0, 1.0) if truncate else within)


def around_reference(
    x: npt.ArrayLike,
    reference: npt.ArrayLike,
    lo: npt.ArrayLike | None = None,
    hi: npt.ArrayLike | None = None,
) -> Array:
    """Score on goalposts that lie evenly round a reference, which scores 100.

    100 + 60 (x - reference) / (hi - lo): the goalposts reference -/+ (hi - lo) / 2 score 70 and
    130. Mazziotta and Pareto (2016), Social Indicators Research 127; Compind ci_ampi.

    Parameters
    ----------
    x : array, shape (..., units, k)
        Oriented.
    reference : float or array, shape (k,)
        For instance the mean over units in a base year; oriented as x is.
    lo, hi : float or array, shape (k,), optional
        The smallest and largest value over all units and years. Those of x where not given.

    Raises
    ------
    CompositeError
        If a reference is missing, the ends are reversed, or an indicator has no variance.
    """
    values = _panel(x)
    centre = np.asarray(reference, dtype=float)
    if not np.isfinite(centre).all():
        raise CompositeError("a missing reference value; expected one number for each indicator")
    if (lo is None) != (hi is None):
        raise CompositeError("one end of the range; expected both lo and hi, or neither")
    if lo is None or hi is None:
        _, _, extent = _range(values)
    else:
        low, high = _bounds(lo, hi, "the ends of the range")
        extent = high - low
    return 100 + 60 * ((values - centre) / extent)


METHODS: dict[str, checks.Method] = {
    "minmax": minmax,
    "zscore": zscore,
    "rank": rank,
    "borda": borda,
    "percentile": percentile,
    "distance_to_max": distance_to_max,
    "distance_to_reference": distance_to_reference,
    "distance_to_target": distance_to_target,
    "fraction_of_max": fraction_of_max,
    "scaled": scaled,
    "goalposts": goalposts_linear,
    "around_reference": around_reference,
}


def normalise(
    x: npt.ArrayLike, method: str, *, by: npt.ArrayLike | None = None, **parameters: Any
) -> Array:
    """Normalise a panel by a method's name.

    Parameters
    ----------
    x : array, shape (..., units, k)
        Rows are units, or units in periods. NaN is missing. Larger is better (`orient`).
    method : str
        One of `METHODS`.
    by : array, shape (units,), optional
        The period of each row: normalised within each period. Without it all rows are pooled,
        which keeps scores of different periods comparable.
    **parameters
        Of the method.

    Returns
    -------
    array, shape of x
        NaN where x is. An indicator that has no values in one period stays missing in it.

    Raises
    ------
    CompositeError
        If the method or a parameter is not known, an indicator has no values at all, or the
        method refuses it (its position, and the period, are named).
    """
    values = _panel(x)
    named = checks.method(METHODS, method, parameters)

    def function(values: Array, **parameters: Any) -> Array:
        with checks.naming_parameters(f"method {method!r}", parameters):
            return named(values, **parameters)

    empty = np.isnan(values).all(axis=tuple(range(values.ndim - 1)))
    if empty.any():
        raise CompositeError(
            f"no values at all ({checks.columns(empty[None, :])}); drop the indicator, or check "
            "that it was joined under the right name"
        )
    if by is None:
        return function(values, **parameters)
    labels = np.asarray(by)
    if labels.shape != values.shape[-2:-1]:
        raise CompositeError(f"periods of shape {labels.shape} for {values.shape[-2]} rows")
    periods = np.unique(labels)
    scores = np.empty(values.shape)
    for number, period in enumerate(periods):
        rows = np.flatnonzero(labels == period)
        own = dict(parameters)
        if method == "distance_to_reference":
            own["reference"] = _row_in_period(parameters["reference"], rows, number, periods)
        try:
            scores[..., rows, :] = function(values[..., rows, :], **own)
        except CompositeError as error:
            raise CompositeError(f"in period {period}: {error}") from error
    return scores


def _row_in_period(reference: npt.ArrayLike, rows: Array, number: int, periods: Array) -> int:
    """Position among the rows of one period of its reference row."""
    given = np.asarray(reference)
    if given.shape != periods.shape:
        raise CompositeError(
            f"reference is {reference!r}; expected the row of the reference unit in each of "
            f"{len(periods)} periods"
        )
    found = np.flatnonzero(rows == given[number])
    if not len(found):
        raise CompositeError(f"reference row {given[number]} is not in period {periods[number]}")
    return int(found[0])
