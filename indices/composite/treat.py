"""Treatment of outliers and skewness, indicator by indicator, with a record of what was done.

Belongs here: the moments that decide, winsorising, the transformations that follow when it does
not help, and the rule that chooses between them. Does not belong here: missing values (`data`),
scores (`normalise`), descriptive tables (`stats`).

The rule is that of the OECD/JRC Handbook (2008), step 4, as COINr's `Treat` states it: an
indicator passes if its absolute skewness or its excess kurtosis is below a threshold. One that
fails is winsorised towards the side it is skewed to, one point at a time, until it passes or a
number of points is reached; if it still fails it is transformed instead, from the untreated
values. The logarithm of the Global Innovation Index (COINr's `log_GII`) is left out: it turns the
order of the units around when all values are below one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from indices.composite import checks
from indices.composite.data import indicator_values, listed, panel_codes, parts
from indices.composite.errors import CompositeError

Array = np.ndarray

# Distances from the mean below this share of it are rounding, not variance.
NO_VARIANCE = 1e-12
# Share of the range that `log_shift` keeps between the smallest value and zero.
SHIFT = 0.01
# Box-Cox parameters are searched between these: beyond, the curve has no reading left.
LAMBDA_BOUNDS = (-5.0, 5.0)

TRANSFORMATIONS = ("log", "log_shift", "log_shift_by_skew", "boxcox")
METHODS = ("auto", "none", "winsorise", *TRANSFORMATIONS)
UNTESTED = "untested"


@dataclass(frozen=True)
class Treatment:
    """How an indicator is treated.

    Attributes
    ----------
    max_winsorised : int or None
        Most points to winsorise; None sets no limit (ties may take it past the limit, because
        points at one value move together).
    max_skew, max_kurtosis : float
        An indicator passes if its absolute skewness is below the one or its excess kurtosis is
        below the other.
    fallback : str or None
        Transformation of the untreated values when winsorising does not make it pass: one of
        `TRANSFORMATIONS`, or None to keep the winsorised values and report that they fail.
    method : str
        `auto` is the rule above, `none` leaves the values alone; `winsorise` moves
        `max_winsorised` points and a transformation's name transforms, both without a test.
    boxcox_lambda : float or None
        Parameter of `boxcox`; None finds it by maximum likelihood.
    boxcox_offset : float or None
        Positive number, in the indicator's unit, that `boxcox` shifts the smallest value to first,
        as COINr's does to 1 (with `boxcox_lambda` 0 that is its `log_CT_orig`). None leaves
        positive values where they are and shifts others as `log_shift` does.
    combine : bool
        Whether `fallback` transforms the winsorised values instead of the untreated ones.
    """

    max_winsorised: int | None = 5
    max_skew: float = 2.0
    max_kurtosis: float = 3.5
    fallback: str | None = "log_shift"
    method: str = "auto"
    boxcox_lambda: float | None = None
    boxcox_offset: float | None = None
    combine: bool = False

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise CompositeError(
                f"treatment {self.method!r} is not known; there are {listed(METHODS, 9)}"
            )
        if self.fallback is not None and self.fallback not in TRANSFORMATIONS:
            raise CompositeError(
                f"fallback {self.fallback!r} is not known; "
                f"there are {listed(TRANSFORMATIONS, 9)}, or None"
            )
        if self.max_winsorised is None:
            if self.method == "winsorise":
                raise CompositeError("treatment 'winsorise' needs a number in max_winsorised")
        else:
            checks.whole(self.max_winsorised, "max_winsorised", 0)
        if not (self.max_skew > 0 and np.isfinite(self.max_kurtosis)):
            raise CompositeError(
                f"max_skew is {self.max_skew} and max_kurtosis {self.max_kurtosis}, "
                "expected a positive and a finite number"
            )
        if self.boxcox_lambda is not None and not np.isfinite(self.boxcox_lambda):
            raise CompositeError(f"boxcox_lambda is {self.boxcox_lambda}, expected a finite number")
        if self.boxcox_offset is not None:
            _check_offset(self.boxcox_offset)


def _check_offset(offset: float) -> None:
    if not 0 < offset < np.inf:
        raise CompositeError(f"the Box-Cox offset is {offset}, expected a positive number")


def _rows(x: Array, axis: int) -> Array:
    """Bring the axis of units last, contiguous, so that sums never depend on the layout."""
    values = np.asarray(x, dtype=float)
    if np.isinf(values).any():
        raise CompositeError("a value is infinite, expected numbers or missing ones")
    if values.ndim == 1:
        axis = 0
    return np.ascontiguousarray(np.moveaxis(values, axis, -1))


def power_of_two(rows: Array) -> Array:
    """Find the power of two that brings the largest known value of each row near 1.

    Multiplying by it changes no digit, so that sums of powers stay finite at no cost.
    """
    exponent = np.frexp(np.fmax.reduce(np.abs(rows), axis=-1, initial=0.0))[1]
    return np.ldexp(1.0, np.minimum(-exponent, 1000))


def _moments(rows: Array) -> tuple[Array, Array]:
    """Skewness and excess kurtosis over the last axis; see `skewness` and `excess_kurtosis`."""
    known = ~np.isnan(rows)
    n = np.count_nonzero(known, axis=-1).astype(float)
    values = np.where(known, rows, 0.0)
    # Keeps fourth powers of very large or small values finite.
    values *= power_of_two(values)[..., None]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = values.sum(axis=-1) / n
        d = np.where(known, values - mean[..., None], 0.0)
        # A second pass takes out the rounding of the mean, as R's `mean` does.
        d -= (d.sum(axis=-1) / n)[..., None]
        d *= known
        square = d * d
        m2 = square.sum(axis=-1)
        m3 = (square * d).sum(axis=-1)
        m4 = (square * square).sum(axis=-1)
        flat = np.abs(d).max(axis=-1, initial=0.0) <= NO_VARIANCE * np.abs(mean)
        m2 = np.where(flat, np.nan, m2)
        skew = n * np.sqrt(n - 1) / (n - 2) * m3 / (m2 * np.sqrt(m2))
        ratio = n * m4 / (m2 * m2)
        kurtosis = ((n + 1) * (ratio - 3) + 6) * (n - 1) / ((n - 2) * (n - 3))
    return np.where(n < 3, np.nan, skew), np.where(n < 4, np.nan, kurtosis)


def skewness(x: Array, axis: int = -2) -> Array:
    """Return the bias-corrected skewness of the known values.

    Parameters
    ----------
    x : array
        NaN is missing. By default shape (..., units, indicators); a 1-D array is one indicator.
    axis : int
        Axis of the units.

    Returns
    -------
    array
        Without `axis`. NaN with fewer than 3 known values or without variance (no value further
        from the mean than 1e-12 of it: the rounding of equal values).

    Raises
    ------
    CompositeError
        If a value is infinite.

    Notes
    -----
    G1 = g1 sqrt(n (n - 1)) / (n - 2) with g1 = m3 / m2^1.5 of the central moments. Source: Joanes
    and Gill (1998), type 2 in R's e1071, which COINr uses.
    """
    return _moments(_rows(x, axis))[0]


def excess_kurtosis(x: Array, axis: int = -2) -> Array:
    """Return the bias-corrected excess kurtosis of the known values (0 for a normal).

    Parameters
    ----------
    x : array
        NaN is missing. By default shape (..., units, indicators); a 1-D array is one indicator.
    axis : int
        Axis of the units.

    Returns
    -------
    array
        Without `axis`. NaN with fewer than 4 known values or without variance (see `skewness`).

    Raises
    ------
    CompositeError
        If a value is infinite.

    Notes
    -----
    G2 = ((n + 1) g2 + 6) (n - 1) / ((n - 2) (n - 3)) with g2 = m4 / m2^2 - 3. Source: Joanes and
    Gill (1998), type 2 in R's e1071, which COINr uses.
    """
    return _moments(_rows(x, axis))[1]


def _passes(skew: Array, kurtosis: Array, treatment: Treatment) -> Array:
    # A kurtosis that cannot be known (3 values) decides nothing: the comparison is False.
    return (np.abs(skew) < treatment.max_skew) | (kurtosis < treatment.max_kurtosis)


@dataclass
class _Winsorised:
    """Rows after winsorising: values, points moved and bound at each end, moments, passed."""

    values: Array
    low: Array
    high: Array
    low_bound: Array
    high_bound: Array
    skew: Array
    kurtosis: Array
    passed: Array


def _winsorise(
    rows: Array, skew: Array, kurtosis: Array, treatment: Treatment, tested: bool
) -> _Winsorised:
    """Winsorise rows point by point; `skew` and `kurtosis` are theirs before."""
    count = len(rows)
    done = _Winsorised(
        rows.copy(),
        np.zeros(count, dtype=int),
        np.zeros(count, dtype=int),
        np.full(count, np.nan),
        np.full(count, np.nan),
        skew.copy(),
        kurtosis.copy(),
        _passes(skew, kurtosis, treatment),
    )
    limit = rows.shape[-1] if treatment.max_winsorised is None else treatment.max_winsorised
    going = (
        np.flatnonzero(~np.isnan(skew) & ~(done.passed & tested)) if limit else np.array([], int)
    )
    while len(going):
        up = done.skew[going] >= 0
        # Seen from the skewed side, the points to move are always the largest.
        sign = np.where(up, 1.0, -1.0)
        seen = done.values[going] * sign[:, None]
        top = np.fmax.reduce(seen, axis=-1)[:, None]
        bound = np.where(seen < top, seen, -np.inf).max(axis=-1)
        moved = np.count_nonzero(seen >= top, axis=-1)
        values = np.minimum(seen, bound[:, None]) * sign[:, None]
        skew_now, kurtosis_now = _moments(values)
        # A step that would leave no variance is not taken: those rows stop where they are.
        lives = ~np.isnan(skew_now)
        at, up = going[lives], up[lives]
        done.values[at] = values[lives]
        done.skew[at], done.kurtosis[at] = skew_now[lives], kurtosis_now[lives]
        bound, moved = (bound * sign)[lives], moved[lives]
        done.high[at[up]], done.high_bound[at[up]] = moved[up], bound[up]
        done.low[at[~up]], done.low_bound[at[~up]] = moved[~up], bound[~up]
        done.passed[at] = _passes(done.skew[at], done.kurtosis[at], treatment)
        going = at[(done.low[at] + done.high[at] < limit) & ~(done.passed[at] & tested)]
    return done


def winsorise(
    x: Array, treatment: Treatment | None = None, axis: int = -2
) -> tuple[Array, Array, Array]:
    """Winsorise towards the skewed side, point by point, until the test is passed.

    Each step moves the largest value (or all units that share it) to the next largest if the
    skewness is not negative, otherwise the smallest to the next smallest.

    Parameters
    ----------
    x : array
        NaN is missing and stays so. By default shape (..., units, indicators); a 1-D array is one
        indicator.
    treatment : Treatment, optional
        Its limit and thresholds; with method `winsorise` the limit is reached without a test.
    axis : int
        Axis of the units.

    Returns
    -------
    values : array, shape of `x`
    low, high : int arrays, without `axis`
        Points moved at each end, a point moved twice counted once. An indicator that passes, has
        fewer than 3 values or no variance is not touched; nor is the last step taken that would
        leave no variance.

    Raises
    ------
    CompositeError
        If a value is infinite.

    Notes
    -----
    Source: OECD/JRC Handbook (2008), step 4; COINr's `winsorise`.
    """
    treatment = treatment or Treatment()
    rows = _rows(x, axis)
    flat = rows.reshape(-1, rows.shape[-1])
    done = _winsorise(flat, *_moments(flat), treatment, tested=treatment.method != "winsorise")
    values = done.values.reshape(rows.shape)
    back = values if np.ndim(x) == 1 else np.moveaxis(values, -1, axis)
    return back, done.low.reshape(rows.shape[:-1]), done.high.reshape(rows.shape[:-1])


def _refuse(bad: Array, what: str) -> None:
    """Raise if any value is bad, naming the first by position (units last in `bad`)."""
    if bad.any():
        *lead, unit = np.argwhere(bad)[0]
        where = f" of indicator {lead[-1]}" if lead else ""
        raise CompositeError(f"{what} at unit {unit}{where}")


def _log(rows: Array) -> Array:
    _refuse(rows <= 0, "a logarithm needs positive values, found zero or less")
    return np.log(rows)


def _extremes(rows: Array) -> tuple[Array, Array]:
    """Smallest and largest known value per row; NaN for a row that knows nothing."""
    low = np.fmin.reduce(rows, axis=-1, keepdims=True)
    return low, np.fmax.reduce(rows, axis=-1, keepdims=True)


def _log_shift(rows: Array) -> Array:
    low, high = _extremes(rows)
    _refuse((low == high) & ~np.isnan(rows), "log_shift needs variance, found equal values")
    return np.log(rows - low + SHIFT * (high - low))


def _log_shift_by_skew(rows: Array) -> Array:
    left = (_moments(rows)[0] <= 0)[..., None]
    return np.where(left, -_log_shift(-rows), _log_shift(rows))


def log(x: Array) -> Array:
    """Take natural logarithms of positive values; NaN stays missing.

    Raises
    ------
    CompositeError
        If a value is zero, negative or infinite: `log_shift` takes any values.
    """
    return _log(_rows(x, -1))


def log_shift(x: Array, axis: int = -2, *, by_skew: bool = False) -> Array:
    """Take logarithms after shifting the smallest value to one hundredth of the range.

    Parameters
    ----------
    x : array
        Any values; NaN stays missing. By default shape (..., units, indicators); a 1-D array is
        one indicator.
    axis : int
        Axis of the units.
    by_skew : bool
        True mirrors an indicator whose skewness is not positive, so that the transformation
        lessens the skewness of either side: -log(max - x + 0.01 (max - min)).

    Returns
    -------
    array, shape of `x`
        log(x - min + 0.01 (max - min)), in the order of `x`.

    Raises
    ------
    CompositeError
        If an indicator has values but no variance, or a value is infinite.

    Notes
    -----
    Source: COINr's `log_CT` and, with `by_skew`, `log_CT_plus`, after the JRC's COIN Tool.
    """
    rows = _rows(x, axis)
    made = _log_shift_by_skew(rows) if by_skew else _log_shift(rows)
    return made if np.ndim(x) == 1 else np.moveaxis(made, -1, axis)


def _power(rows: Array, lam: Array) -> Array:
    """Box-Cox of positive rows with a parameter per row; exact at and near 0."""
    logs = np.log(rows)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        return np.where(lam == 0, logs, np.expm1(lam * logs) / lam)


def _likeliest(row: Array) -> float:
    from scipy.optimize import minimize_scalar
    from scipy.stats import boxcox_llf

    known = row[~np.isnan(row)]
    found = minimize_scalar(
        lambda lam: -boxcox_llf(lam, known),
        bounds=LAMBDA_BOUNDS,
        method="bounded",
        options={"xatol": 1e-10},
    )
    return float(found.x)


def _boxcox(rows: Array, lam: float | None) -> tuple[Array, Array]:
    """Box-Cox of rows with positive values, and the parameter of each row."""
    _refuse(rows <= 0, "Box-Cox needs positive values, found zero or less")
    low, high = _extremes(rows)
    _refuse((low == high) & ~np.isnan(rows), "Box-Cox needs variance, found equal values")
    flat = rows.reshape(-1, rows.shape[-1])
    known = ~np.isnan(flat).all(axis=-1)
    if lam is None:
        # One fit per indicator: the likelihood has no closed maximum.
        lams = np.array(
            [_likeliest(row) if some else np.nan for row, some in zip(flat, known, strict=True)]
        )
    else:
        lams = np.where(known, lam, np.nan)
    made = _power(flat, lams[:, None])
    _refuse(np.isinf(made), "Box-Cox goes beyond the largest number")
    return made.reshape(rows.shape), lams.reshape(rows.shape[:-1])


def boxcox(
    x: Array, lam: float | None = None, axis: int = -2, *, offset: float | None = None
) -> Array:
    """Box-Cox transformation, its parameter given or fitted by maximum likelihood.

    Parameters
    ----------
    x : array
        Positive values, or any with `offset`; NaN stays missing. By default shape (..., units,
        indicators); a 1-D array is one indicator.
    lam : float, optional
        Parameter of all indicators; None fits one per indicator, from -5 to 5.
    axis : int
        Axis of the units.
    offset : float, optional
        Positive number that the smallest value is shifted to first: x - min + offset. COINr's
        `boxcox` has 1. The shift is in the indicator's unit.

    Returns
    -------
    array, shape of `x`
        (x^lam - 1) / lam, or log x for lam = 0.

    Raises
    ------
    CompositeError
        If a value is not positive or infinite, an indicator has no variance, or the power
        overflows.

    Notes
    -----
    Source: Box and Cox (1964); COINr's `boxcox`; fitted with SciPy.
    """
    rows = _rows(x, axis)
    if offset is not None:
        _check_offset(offset)
        rows = rows - _extremes(rows)[0] + offset
    made, _ = _boxcox(rows, lam)
    return made if np.ndim(x) == 1 else np.moveaxis(made, -1, axis)


def _boxcox_any(rows: Array, lam: float | None, offset: float | None) -> tuple[Array, Array]:
    """Box-Cox of any rows; those with zero or less are shifted as in `log_shift`, or all are."""
    low, high = _extremes(rows)
    if offset is not None:
        return _boxcox(rows - low + offset, lam)
    return _boxcox(rows + np.where(low > 0, 0.0, SHIFT * (high - low) - low), lam)


_TRANSFORM: dict[str, Callable[[Array], Array]] = {
    "log": _log,
    "log_shift": _log_shift,
    "log_shift_by_skew": _log_shift_by_skew,
}


def _transform(rows: Array, kind: str, treatment: Treatment) -> tuple[Array, Array]:
    """Transform rows; the second result is the Box-Cox parameter, NaN for other kinds."""
    if kind == "boxcox":
        return _boxcox_any(rows, treatment.boxcox_lambda, treatment.boxcox_offset)
    return _TRANSFORM[kind](rows), np.full(len(rows), np.nan)


@dataclass
class _Outcome:
    """Treated rows and what led to them; one entry per row, moments before treatment."""

    values: Array
    skew: Array
    kurtosis: Array
    winsorised: _Winsorised
    transformed: Array
    lam: Array


def _fails(row: Array, kind: str, treatment: Treatment) -> str | None:
    """Say why a transformation refuses a row, if it does."""
    try:
        _transform(row, kind, treatment)
    except CompositeError as error:
        return str(error)
    return None


def _treat_rows(rows: Array, treatment: Treatment, name: Callable[[int], str]) -> _Outcome:
    """Treat rows of units; `name` says which indicator a row is, for messages."""
    skew, kurtosis = _moments(rows)
    method = treatment.method
    moving = method in ("auto", "winsorise")
    winsorised = _winsorise(
        rows, np.where(moving, skew, np.nan), kurtosis, treatment, tested=method == "auto"
    )
    kind: str | None = None
    transformed = np.zeros(len(rows), dtype=bool)
    if method == "auto":
        kind = treatment.fallback
        transformed = ~np.isnan(skew) & ~winsorised.passed & (kind is not None)
    elif method in TRANSFORMATIONS:
        kind = method
        transformed = ~np.isnan(rows).all(axis=-1)
    values, lam = winsorised.values, np.full(len(rows), np.nan)
    if kind is not None and transformed.any():
        start = values if treatment.combine else rows
        try:
            values[transformed], lam[transformed] = _transform(start[transformed], kind, treatment)
        except CompositeError as error:
            reasons = {
                name(i): _fails(start[i], kind, treatment)
                for i in np.flatnonzero(transformed).tolist()
            }
            bad = [who for who, reason in reasons.items() if reason]
            raise CompositeError(
                f"treatment {kind!r} is impossible for {listed(bad)}: {reasons[bad[0]]}; choose "
                "another treatment for it, such as log_shift or none"
            ) from error
    return _Outcome(values, skew, kurtosis, winsorised, transformed, lam)


def treat_array(
    x: Array, treatment: Treatment | Sequence[Treatment], *, by: Array | None = None
) -> Array:
    """Treat the indicators of an array, without a report; the fast form for Monte Carlo.

    Parameters
    ----------
    x : array, shape (..., units, indicators)
        NaN is missing and stays so. Each leading index (a draw) is treated on its own.
    treatment : Treatment, or a sequence of one for each indicator
    by : int array, shape (units,), optional
        Number of the period of each row, to treat every period on its own; without it all rows
        are treated together.

    Returns
    -------
    array, shape of `x`

    Raises
    ------
    CompositeError
        If a value is infinite or a transformation is impossible, naming the indicator's position.
    """
    if np.ndim(x) < 2:
        raise CompositeError(
            f"an array of shape {np.shape(x)}, expected (..., units, indicators) to treat"
        )
    rows = _rows(x, -2)
    indicators, units = rows.shape[-2:]
    flat = rows.reshape(-1, units)
    if by is not None and np.shape(by) != (units,):
        raise CompositeError(
            f"by has shape {np.shape(by)}, expected one period per unit: ({units},)"
        )
    chosen = [treatment] * indicators if isinstance(treatment, Treatment) else list(treatment)
    if len(chosen) != indicators:
        raise CompositeError(f"{len(chosen)} treatments for {indicators} indicators")
    of_row = np.arange(len(flat)) % indicators
    done = np.empty_like(flat)
    for one in dict.fromkeys(chosen):
        same = np.flatnonzero(np.array([own == one for own in chosen])[of_row])
        for at in parts(np.zeros(units, dtype=int) if by is None else np.asarray(by)):
            cells = np.ix_(same, at)
            done[cells] = _treat_rows(flat[cells], one, partial(_positioned, of_row[same])).values
    return np.ascontiguousarray(np.moveaxis(done.reshape(rows.shape), -1, -2))


def _verdict(passed: Array, skew: Array) -> pd.arrays.BooleanArray:
    """True, False, or missing where there is nothing to test."""
    return pd.arrays.BooleanArray(passed, np.isnan(skew))


def _report(rows: Array, done: _Outcome, treatment: Treatment, names: pd.Index) -> pd.DataFrame:
    tried = done.winsorised
    skew, kurtosis = _moments(done.values)
    moved = tried.low + tried.high
    kind = treatment.fallback if treatment.method == "auto" else treatment.method
    idle = UNTESTED if treatment.method in ("auto", "winsorise") else "none"
    action = np.select(
        [done.transformed, moved > 0, np.isnan(done.skew)],
        [str(kind), "winsorise", idle],
        default="none",
    )
    kept = ~done.transformed | (treatment.combine & (moved > 0))
    return pd.DataFrame(
        {
            "available": np.count_nonzero(~np.isnan(rows), axis=-1),
            "skew_before": done.skew,
            "kurtosis_before": done.kurtosis,
            "passed_before": _verdict(_passes(done.skew, done.kurtosis, treatment), done.skew),
            "winsorised_tried": moved,
            "skew_winsorised": np.where(moved > 0, tried.skew, np.nan),
            "kurtosis_winsorised": np.where(moved > 0, tried.kurtosis, np.nan),
            "treatment": pd.array(action.tolist(), dtype="str"),
            "winsorised_low": np.where(kept, tried.low, 0),
            "winsorised_high": np.where(kept, tried.high, 0),
            "low_bound": np.where(kept, tried.low_bound, np.nan),
            "high_bound": np.where(kept, tried.high_bound, np.nan),
            "boxcox_lambda": done.lam,
            "skew_after": skew,
            "kurtosis_after": kurtosis,
            "passed": _verdict(_passes(skew, kurtosis, treatment), skew),
        },
        index=names,
    )


def _positioned(columns: Array, position: int) -> str:
    return f"indicator {columns[position]} (counted from 0)"


def _label(names: pd.Index, position: int) -> str:
    return str(names[position])


def _treat_together(
    rows: Array, chosen: list[Treatment], names: pd.Index
) -> tuple[Array, pd.DataFrame]:
    """Treat the rows (indicators, units) of one period, each by its own treatment."""
    treated = np.empty_like(rows)
    reports = []
    for treatment in dict.fromkeys(chosen):
        at = np.flatnonzero([one == treatment for one in chosen])
        done = _treat_rows(rows[at], treatment, partial(_label, names[at]))
        reports.append(_report(rows[at], done, treatment, names[at]))
        treated[at] = done.values
    return treated, pd.concat(reports).loc[names]


def treat(
    data: pd.DataFrame,
    spec: Treatment | Mapping[str, Treatment] | None = None,
    *,
    by_time: bool = False,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Treat indicators for outliers and skewness and report what was done to each.

    Parameters
    ----------
    data : DataFrame
        Units by indicators. A panel has a MultiIndex whose last level is time.
    spec : Treatment or mapping, optional
        One treatment for all, or one per indicator; indicators that a mapping does not name have
        the default `Treatment()`.
    by_time : bool
        False treats all rows together, so that a panel has one bound and one curve per indicator
        and its periods stay comparable; True treats each period of a panel on its own.

    Returns
    -------
    treated : DataFrame
        As `data`, in floats; missing values stay missing.
    report : DataFrame
        One row per indicator, with `by_time` one per (time, indicator):

        - `available`: known values;
        - `skew_before`, `kurtosis_before`, `passed_before`: the test before (missing where there
          is nothing to test: fewer than 3 values, or no variance);
        - `winsorised_tried`, `skew_winsorised`, `kurtosis_winsorised`: points moved by
          winsorising, whether or not its result was kept, and the moments it reached;
        - `treatment`: what made the returned values: `none`, `winsorise`, a transformation's
          name, or `untested`;
        - `winsorised_low`, `winsorised_high`, `low_bound`, `high_bound`: points moved in the
          returned values at each end, and the values they were moved to;
        - `boxcox_lambda`: the parameter used;
        - `skew_after`, `kurtosis_after`, `passed`: the test on the returned values. A False says
          that no allowed treatment was enough.

    Raises
    ------
    CompositeError
        If a value is infinite, a name in `spec` is not an indicator, a transformation is
        impossible (naming the indicators), or `by_time` is asked of what has no time.

    Notes
    -----
    Source: OECD/JRC Handbook (2008), step 4; COINr's `Treat` (by time for its panels).
    """
    values = indicator_values(data)
    names = data.columns
    given = spec if isinstance(spec, Mapping) else {}
    unknown = [name for name in given if name not in names]
    if unknown:
        raise CompositeError(
            f"a treatment is given for {listed(unknown)}, expected indicators of the data: "
            f"{listed(names, 60)}"
        )
    common = spec if isinstance(spec, Treatment) else Treatment()
    chosen = [given.get(name, common) for name in names]
    rows = _rows(values, -2)
    if by_time:
        _, time, periods = panel_codes(data.index, "treatment by time")
        reports = {}
        for at, period in zip(parts(time), periods, strict=True):
            rows[:, at], reports[period] = _treat_together(rows[:, at], chosen, names)
        report = pd.concat(reports, names=[periods.name, names.name])
    else:
        rows, report = _treat_together(rows, chosen, names)
    return pd.DataFrame(rows.T, index=data.index, columns=names), report
