"""Sobol sensitivity analysis: which uncertain choice moves the result, and how much.

Belongs here: the sample over the unit cube, the estimators of first- and total-order shares and
their bootstrap. Does not belong here: what the factors of a composite indicator are and how a run
is computed (`indices.composite.uncertainty`).

A design of n base points over d factors has n (d + 2) runs, stacked A, B, AB1 .. ABd: A and B are
two independent samples, ABi is A with column i taken from B (Saltelli et al. 2010).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from indices.composite import checks
from indices.composite.errors import CompositeError
from indices.composite.exact import exact_sums

Array = np.ndarray

# Scores are good to 12 significant digits; a spread below that is rounding, not variance.
SAME = 1e-12
_BLOCK = 1 << 21  # values held at once by the bootstrap: 16 MB


@dataclass(frozen=True)
class Design:
    """A Sobol design.

    Attributes
    ----------
    factors : tuple of str
    n : int
        Base points.
    points : array, shape (n (d + 2), d)
        In [0, 1); rows are A, then B, then AB1 .. ABd.
    base : int array, shape (n (d + 2), d)
        Which base point a value comes from: 0 .. n - 1 are rows of A, n .. 2 n - 1 rows of B. A
        factor that is itself a bundle of random numbers (weights, input errors) takes its
        realisation from here.
    """

    factors: tuple[str, ...]
    n: int
    points: Array
    base: Array

    def __len__(self) -> int:
        """Return the number of runs."""
        return len(self.points)


def design(factors: Sequence[str] | int, n: int, seed: int | np.random.Generator) -> Design:
    """Draw a Sobol design from a scrambled Sobol sequence.

    Parameters
    ----------
    factors : sequence of str, or int
        Their names, or how many (then named x1, x2 ..).
    n : int
        Base points. A power of two keeps the sequence balanced; any other number takes the first
        n points of the next power of two, which is unbiased, only a little less even.
    seed : int or Generator

    Returns
    -------
    Design

    Raises
    ------
    CompositeError
        Without factors, with a repeated name, or with n < 2 (no variance).

    References
    ----------
    Saltelli et al. (2010), Computer Physics Communications 181, 259-270; Owen (1998).
    """
    if isinstance(factors, int):
        factors = [f"x{i + 1}" for i in range(factors)]
    names = tuple(factors)
    if not names or len(set(names)) != len(names):
        raise CompositeError(f"a design needs factors of different names; it was given {names}")
    if checks.whole(n, "base points", 0) < 2:
        raise CompositeError(f"a design needs at least 2 base points to have a variance, not {n}")
    from scipy.stats import qmc

    d = len(names)
    sampler = qmc.Sobol(2 * d, scramble=True, rng=np.random.default_rng(seed))
    both = sampler.random_base2(int(n - 1).bit_length())[:n]
    a, b = both[:, :d], both[:, d:]
    row = np.repeat(np.arange(n)[:, None], d, axis=1)
    return Design(names, n, stack(a, b), stack(row, row + n))


def stack(a: Array, b: Array) -> Array:
    """Stack two samples (n, d) as A, B, AB1 .. ABd: shape (n (d + 2), d)."""
    n, d = a.shape
    out = np.concatenate([a, b] + [a] * d)
    for i in range(d):
        out[(2 + i) * n : (3 + i) * n, i] = b[:, i]
    return out


def sobol(
    y: Array | pd.Series | pd.DataFrame,
    n: int,
    d: int,
    *,
    factors: Sequence[str] | None = None,
    bootstrap: int = 0,
    seed: int | np.random.Generator | None = None,
    level: float = 0.9,
    centre: bool = False,
) -> pd.DataFrame:
    """Estimate the Sobol shares of each factor in the variance of the output.

    With V the variance (n - 1) of the outputs of A and B together: first order is
    mean(yB (yABi - yA)) / V (Saltelli 2010), total order sum((yA - yABi)^2) / (2 n V) (Jansen).

    Parameters
    ----------
    y : array, shape (n (d + 2),) or (n (d + 2), targets); Series or DataFrame
        Outputs of the runs, in the order A, B, AB1 .. ABd. A target that is NaN in every run
        (a unit without a score) has NaN shares.
    n, d : int
        Base points and factors.
    factors : sequence of str, optional
        Names; x1, x2 .. without.
    bootstrap : int
        Resamplings of the base points, 0 for none (the interval columns are then NaN).
    seed : int or Generator
        Needed for a bootstrap.
    level : float
        Of the interval between bootstrap percentiles.
    centre : bool
        Take the mean of A and B off the output first. The shares estimated are the same, but the
        first-order ones are much less noisy where the mean is large beside the spread (scores
        around 50 with a spread of 3). Off by default: then the figures are those of COINr.

    Returns
    -------
    DataFrame
        Columns factor, first, first_lo, first_hi, total, total_lo, total_hi, variance; before them
        target where y has two dimensions. A constant output has variance 0 and NaN shares.

    Raises
    ------
    CompositeError
        If the runs are not n (d + 2), an output is infinite or missing in only some of the runs,
        or a bootstrap has no seed.
    """
    checks.level(level)
    checks.whole(bootstrap, "bootstrap", 0)
    values = checks.numbers(y, "outputs are")
    targets: list[Any] | None = list(y.columns) if isinstance(y, pd.DataFrame) else None
    if values.ndim == 2 and targets is None:
        targets = list(range(values.shape[1]))
    names = list(factors) if factors is not None else [f"x{i + 1}" for i in range(d)]
    if n < 2 or d < 1 or len(values) != n * (d + 2) or len(names) != d:
        raise CompositeError(
            f"{n} base points of {d} factors are {n * (d + 2)} runs and {d} names; "
            f"there are {len(values)} runs and {len(names)} names"
        )
    columns = values.reshape(len(values), -1)
    _check(columns, targets)
    both = columns[: 2 * n]
    middle = both.mean(axis=0)
    variance = ((both - middle) ** 2).sum(axis=0) / (2 * n - 1)
    variance = np.where(variance <= (SAME * np.abs(both).max(axis=0)) ** 2, 0.0, variance)
    good = variance > 0
    y_a, y_b, y_ab = (part[..., good] for part in _parts(columns, n, d))
    shift = middle[good] if centre else 0.0
    terms = {"first": (y_b - shift) * (y_ab - y_a), "total": (y_a - y_ab) ** 2 / 2}
    resampled = _bootstrap(terms, both[:, good] - middle[good], bootstrap, seed, level)

    def column(of_good: Array) -> Array:
        out = np.full((d, columns.shape[1]), np.nan)
        out[:, good] = of_good
        return out.T.ravel()

    table: dict[str, object] = {}
    if targets is not None:
        table["target"] = [t for t in targets for _ in range(d)]
    table["factor"] = names * columns.shape[1]
    for order, of_runs in terms.items():
        table[order] = column(of_runs.sum(axis=1) / (n * variance[good]))
        table[f"{order}_lo"], table[f"{order}_hi"] = map(column, resampled[order])
    table["variance"] = np.repeat(variance, d)
    return pd.DataFrame(table)


def _parts(columns: Array, n: int, d: int) -> tuple[Array, Array, Array]:
    """Unstack the outputs of A and B, each (n, targets), and of the ABi, (d, n, targets)."""
    return columns[:n], columns[n : 2 * n], columns[2 * n :].reshape(d, n, -1)


def _check(columns: Array, targets: list[Any] | None) -> None:
    """Refuse outputs from which no share can be estimated."""
    if np.isinf(columns).any():
        run, at = np.argwhere(np.isinf(columns))[0]
        what = "" if targets is None else f" of target {targets[at]!r}"
        raise CompositeError(f"the output{what} of run {run + 1} is infinite; it must be finite")
    missing = np.isnan(columns)
    some = missing.any(axis=0) & ~missing.all(axis=0)
    if some.any():
        at = int(some.argmax())
        what = "the output" if targets is None else f"target {targets[at]!r}"
        raise CompositeError(
            f"{what} is missing in {missing[:, at].sum()} of {len(columns)} runs, the first is run "
            f"{int(missing[:, at].argmax()) + 1}; shares need a value in every run"
        )


def _bootstrap(
    terms: dict[str, Array],
    centred: Array,
    times: int,
    seed: int | np.random.Generator | None,
    level: float,
) -> dict[str, Array]:
    """Return the ends of the intervals of each order, shape (2, d, targets).

    Base points are resampled whole, so that a run keeps its partners, and the variance is that of
    the resample; a resample without variance has no shares and is left out.
    """
    d, n, targets = terms["first"].shape
    ends = {order: np.full((2, d, targets), np.nan) for order in terms}
    if not times:
        return ends
    if seed is None:
        raise CompositeError("a bootstrap needs a seed or a Generator")
    drawn = np.random.default_rng(seed).integers(n, size=(times, n))
    drawn += n * np.arange(times)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=times * n).reshape(times, n).T.astype(float)

    def sums(of_runs: Array) -> Array:
        return exact_sums(of_runs.T, counts, n).T

    step = max(1, _BLOCK // (times * d))
    for start in range(0, targets, step):
        at = slice(start, start + step)
        a, b = centred[:n, at], centred[n:, at]
        squares = sums(a**2 + b**2) - sums(a + b) ** 2 / (2 * n)
        variance = squares / (2 * n - 1)
        variance[variance <= 0] = np.nan
        for order, of_runs in terms.items():
            shares = np.stack([sums(t[:, at]) for t in of_runs]) / (n * variance)
            ends[order][:, :, at] = _central(shares, level)
    return ends


def _central(shares: Array, level: float) -> Array:
    """Ends of the central interval over axis 1, NaN left out: (d, times, targets) -> (2, d, ..)."""
    ordered = np.sort(shares, axis=1)
    last = (~np.isnan(shares)).sum(axis=1, keepdims=True) - 1
    ends = []
    for q in ((1 - level) / 2, (1 + level) / 2):
        position = q * np.maximum(last, 0)
        low = position.astype(int)
        below, above = (
            np.take_along_axis(ordered, i, axis=1)[:, 0] for i in (low, np.minimum(low + 1, last))
        )
        ends.append(below + (position - low)[:, 0] * (above - below))
    return np.stack(ends)
