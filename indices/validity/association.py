"""How two orders go together, with intervals: rank association, agreement of codings, resamples.

Belongs here: statistics of pairs of rows and of cross-tables, for many weighted resamples at once.
Does not belong here: what is set against what (`crises`), or a model of it (`ordinal`).

A statistic over pairs of rows is a quadratic form in the weights of the rows. Where whole clusters
are drawn, it is one in their multiplicities: 2,000 resamples are one product of matrices. Pairs
that are tied need none: they are counted by the rows that are equal. All terms are whole numbers
far below 2**24, so that single precision is exact.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from indices.cube import Array

LEVEL = 90
"""Level of every interval of the tests, in per cent."""


@dataclass(frozen=True)
class Association:
    """Statistics of one predictor and one outcome, an entry for each resample.

    NaN where a resample leaves a statistic without a pair to be computed from. The last two are
    None where they were not asked for.

    Parameters
    ----------
    tau_b : array, shape (resamples,)
        Kendall's tau-b, -1 to 1.
    concordance : array, shape (resamples,)
        Probability that of two rows with different outcomes the one with the higher outcome has
        the higher predictor, ties in the predictor counted half.
    within_tau_b : array, shape (resamples,)
        tau-b over pairs of rows of one stratum, pooled over strata.
    auc : array, shape (resamples,)
        Area under the curve for outcomes at or above the threshold against those below.
    """

    tau_b: Array
    concordance: Array
    within_tau_b: Array | None = None
    auc: Array | None = None


def multiplicities(clusters: int, samples: int, rng: np.random.Generator) -> Array:
    """Draw clusters with replacement: how often each is in each bootstrap sample.

    Parameters
    ----------
    clusters, samples : int
    rng : Generator

    Returns
    -------
    int array, shape (samples + 1, clusters)
        The first row is all ones: the sample itself.
    """
    drawn = rng.multinomial(clusters, np.full(clusters, 1 / clusters), samples)
    return np.vstack([np.ones((1, clusters), drawn.dtype), drawn])


def signs(values: Array) -> Array:
    """Sign of the difference of every pair of rows, shape (rows, rows)."""
    return np.sign(values[:, None] - values[None, :])


def pair_sums(products: Array, weights: Array) -> Array:
    """Sum symmetrical matrices over ordered pairs of rows, under many weights.

    Parameters
    ----------
    products : array, shape (matrices, rows, rows)
    weights : array, shape (resamples, rows)

    Returns
    -------
    array, shape (matrices, resamples)
    """
    count, n, _ = products.shape
    wide = np.asarray(weights, np.float32) @ np.concatenate(products, axis=1, dtype=np.float32)
    return np.einsum(
        "smn,sn->ms", wide.reshape(len(weights), count, n), np.asarray(weights, np.float32)
    ).astype(float)


def by_cluster(products: Array, clusters: Array, count: int) -> Array:
    """Add up the rows and columns of matrices by the cluster they belong to.

    Parameters
    ----------
    products : array, shape (matrices, rows, rows)
    clusters : int array, shape (rows,)
    count : int
        Number of clusters.
    """
    member = (clusters[:, None] == np.arange(count)).astype(np.float32)
    return member.T @ np.asarray(products, np.float32) @ member


def tau_b(x: Array, y: Array, weights: Array) -> Array:
    """Kendall's tau-b for many weightings of the same rows [1]_.

    Parameters
    ----------
    x, y : array, shape (rows,)
        Without NaN.
    weights : array, shape (resamples, rows)
        How often each row counts; a row is tied with its own copies.

    Returns
    -------
    array, shape (resamples,)
        NaN where all rows of a resample are tied in one of the two.

    References
    ----------
    .. [1] Kendall, M. G. 1945. The treatment of ties in ranking problems. Biometrika 33 (3).
    """
    sx, sy = signs(x), signs(y)
    whole, in_x, in_y = pair_sums(np.stack([sx * sy, np.abs(sx), np.abs(sy)]), weights)
    return _ratio(whole, np.sqrt(in_x * in_y))


def _ratio(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0)


class Outcome:
    """An ordinal outcome and resamples of clusters, for predictors to be set against.

    Parameters
    ----------
    y : array, shape (rows,)
        Outcome, without NaN.
    strata : array, shape (rows,)
        Pairs of equal strata make the statistic within strata.
    clusters : int array, shape (rows,)
        Columns of `drawn`; a cluster may have no row here.
    drawn : int array, shape (resamples, clusters)
        See `multiplicities`.
    threshold : float
        Outcomes from here on are the positive class of the area under the curve.
    """

    def __init__(
        self, y: Array, strata: Array, clusters: Array, drawn: Array, threshold: float
    ) -> None:
        self._clusters, self._drawn = clusters, drawn.astype(np.float32)
        self._squared = self._drawn**2
        self._y, z = signs(y), y >= threshold
        self._z = signs(z.astype(float))
        self._strata = np.unique(strata, return_inverse=True)[1]
        self._same = strata[:, None] == strata[None, :]
        self._pairs = self._tied(np.zeros(len(y), np.int64))
        self._pairs_within = self._tied(self._strata)
        self._of_y, self._of_y_within = self._untied(y), self._untied_within(y)
        self._of_z = self._untied(z)

    def _sums(self, products: list[Array]) -> Array:
        count = self._drawn.shape[1]
        return pair_sums(by_cluster(np.stack(products), self._clusters, count), self._drawn)

    def _tied(self, group: Array) -> Array:
        """Ordered pairs of rows of one group, a row with itself and its copies among them."""
        count = self._drawn.shape[1]
        shared = np.bincount(group)[group] > 1
        alone = np.bincount(self._clusters[~shared], minlength=count).astype(np.float32)
        names, column = np.unique(group[shared], return_inverse=True)
        cell = self._clusters[shared] * len(names) + column
        members = np.bincount(cell, minlength=count * len(names)).reshape(count, len(names))
        sizes = self._drawn @ members.astype(np.float32)
        return self._squared @ alone + np.einsum("sg,sg->s", sizes, sizes)

    def _untied(self, x: Array) -> Array:
        return (self._pairs - self._tied(np.unique(x, return_inverse=True)[1])).astype(float)

    def _untied_within(self, x: Array) -> Array:
        values, code = np.unique(x, return_inverse=True)
        tied = self._tied(self._strata * len(values) + code)
        return (self._pairs_within - tied).astype(float)

    def against(self, x: Array, *, only_tau: bool = False) -> Association:
        """Set a predictor against the outcome in every resample.

        Parameters
        ----------
        x : array, shape (rows,)
            Without NaN.
        only_tau : bool
            Leave out what costs most: within strata, and the area under the curve.
        """
        sx = signs(x)
        agreement = sx * self._y
        more = [] if only_tau else [agreement * self._same, sx * self._z]
        whole, *rest = self._sums([agreement, *more])
        found = Association(
            tau_b=_ratio(whole, np.sqrt(self._untied(x) * self._of_y)),
            concordance=0.5 + _ratio(whole, self._of_y) / 2,
        )
        if only_tau:
            return found
        within, in_z = rest
        return replace(
            found,
            within_tau_b=_ratio(within, np.sqrt(self._untied_within(x) * self._of_y_within)),
            auc=0.5 + _ratio(in_z, self._of_z) / 2,
        )


def weighted_kappa(first: Array, second: Array, categories: int, power: int, times: Array) -> Array:
    """Cohen's weighted kappa of two codings of the same rows, for many weightings of them [1]_.

    Parameters
    ----------
    first, second : int array, shape (rows,)
        Codes from 0 to `categories` - 1.
    categories : int
    power : int
        A disagreement weighs the difference of the codes to this power: 1 linear, 2 quadratic.
    times : array, shape (resamples, rows)
        How often each row counts.

    Returns
    -------
    array, shape (resamples,)
        1 where all agree, 0 as by chance; NaN where the margins leave no room for disagreement.

    References
    ----------
    .. [1] Cohen, J. 1968. Weighted kappa. Psychological Bulletin 70 (4).
    """
    codes = np.arange(categories)
    distance = np.abs(codes[:, None] - codes[None, :]).astype(float) ** power
    total = times.sum(axis=1)
    observed = times @ distance[first, second]
    one, two = (times @ (c[:, None] == codes).astype(float) for c in (first, second))
    expected = np.einsum("sa,ab,sb->s", one, distance, two)
    return 1 - _ratio(observed * total, expected)


def interval(resampled: Array) -> tuple[float, float]:
    """Percentile interval of the resamples, those without the statistic left aside.

    Parameters
    ----------
    resampled : array, shape (resamples,)

    Returns
    -------
    tuple of float
        Lower and upper end at `LEVEL`; NaN where no resample has the statistic.
    """
    known = np.sort(resampled[~np.isnan(resampled)])
    if not len(known):
        return np.nan, np.nan
    # Linear between order statistics, as numpy.percentile, which takes many times as long.
    place = np.arange(len(known))
    tail = (100 - LEVEL) / 200
    lo, hi = np.interp([tail * place[-1], (1 - tail) * place[-1]], place, known)
    return float(lo), float(hi)
