"""A proportional-odds model of an ordinal outcome on one predictor, and how well it foretells.

Belongs here: the fit, its probabilities, the ranked probability score, leaving clusters out. Does
not belong here: any outcome or predictor of this project (`crises`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from indices.cube import Array

RIDGE = 0.01
"""Penalty on the square of the slope over one standard deviation of the predictor, halved.

It moves a slope of 1 by less than a thousandth in a hundred rows, and keeps it finite where the
predictor parts the steps without a remainder."""
_MOST_STEPS = 60
_CONVERGED = 1e-9


@dataclass(frozen=True)
class Fits:
    """Some fits of the model: ``P(step <= k) = logistic(threshold[k] - slope * x)`` [1]_.

    Parameters
    ----------
    thresholds : array, shape (fits, steps - 1)
        Ascending. NaN for a fit that has no row in one of the steps, or in which the predictor
        does not vary.
    slopes : array, shape (fits,)
        Positive where a higher predictor goes with a higher step.

    References
    ----------
    .. [1] McCullagh, P. 1980. Regression models for ordinal data. Journal of the Royal Statistical
       Society B 42 (2).
    """

    thresholds: Array
    slopes: Array

    def probabilities(self, x: Array) -> Array:
        """Probability of every step.

        Parameters
        ----------
        x : array
            Broadcast against the fits: shape (fits,) for one value each, (rows, 1) for all.

        Returns
        -------
        array, shape (..., fits, steps)
        """
        latent = self.slopes * x
        below, _ = _logistic(self.thresholds - latent[..., None])
        edge = np.ones((*below.shape[:-1], 1))
        return np.diff(np.concatenate([0 * edge, below, edge], axis=-1), axis=-1)


def _logistic(z: Array) -> tuple[Array, Array]:
    """The logistic function of `z` and of `-z`, each without overflow or cancellation."""
    e = np.exp(-np.abs(z))
    large, small = 1 / (1 + e), e / (1 + e)
    return np.where(z >= 0, large, small), np.where(z >= 0, small, large)


def fit(x: Array, steps: Array, count: int, weights: Array, ridge: float = RIDGE) -> Fits:
    """Fit the model by Newton's method, for many weightings of the same rows at once.

    Parameters
    ----------
    x : array, shape (rows,)
        Predictor, without NaN.
    steps : int array, shape (rows,)
        Outcomes from 0 to `count` - 1.
    count : int
        Number of steps, two or more.
    weights : array, shape (fits, rows)
        How often each row counts in each fit, not negative.
    ridge : float
        See `RIDGE`.

    Returns
    -------
    Fits

    Raises
    ------
    RuntimeError
        If a fit does not converge.

    Notes
    -----
    The logarithm of the likelihood is concave where the thresholds ascend, so that a Newton step,
    halved until the likelihood does not fall, ends at its one maximum.
    """
    weights = np.asarray(weights, float)
    middle, spread = (x.mean(), x.std()) if len(x) else (0.0, 0.0)
    at = np.eye(count)[steps] if len(x) else np.zeros((0, count))
    totals = weights @ at
    usable = (totals > 0).all(axis=1) & (spread > 0)
    out = Fits(np.full((len(weights), count - 1), np.nan), np.full(len(weights), np.nan))
    if not usable.any():
        return out
    model = _Likelihood((x - middle) / spread, steps, count, weights[usable], ridge)
    share = np.cumsum(totals[usable], axis=1)[:, :-1] / totals[usable].sum(axis=1, keepdims=True)
    start = np.concatenate([np.log(share / (1 - share)), np.zeros((len(share), 1))], axis=1)
    found = model.maximum(start)
    slope = found[:, -1] / spread
    out.slopes[usable] = slope
    out.thresholds[usable] = found[:, :-1] + (slope * middle)[:, None]
    return out


class _Likelihood:
    """Penalised log-likelihood of some fits; parameters are the thresholds, then the slope."""

    def __init__(self, z: Array, steps: Array, count: int, weights: Array, ridge: float) -> None:
        self._weights = weights
        self._penalty = np.zeros(count)
        self._penalty[-1] = ridge
        # A row lies between two thresholds, the upper and the lower; the outermost have none.
        rows = np.arange(len(z))
        self._designs = []
        for edge in (steps, steps - 1):
            design = np.zeros((len(z), count))
            inside = (edge >= 0) & (edge < count - 1)
            design[rows[inside], edge[inside]] = 1
            design[inside, -1] = -z[inside]
            self._designs.append(design)
        self._top, self._bottom = steps == count - 1, steps == 0
        upper, lower = self._designs
        self._outer = [
            np.einsum("ri,rj->rij", a, b).reshape(len(z), -1)
            for a, b in ((upper, upper), (lower, lower), (upper, lower))
        ]

    def _edges(self, p: Array) -> tuple[Array, ...]:
        """Share below and above the upper and the lower edge of each row's step, and between."""
        upper, above = _logistic(p @ self._designs[0].T)
        lower, rest = _logistic(p @ self._designs[1].T)
        upper[:, self._top], above[:, self._top] = 1, 0
        lower[:, self._bottom], rest[:, self._bottom] = 0, 1
        # From the nearer end: the difference of two numbers close to one has no digits left.
        between = np.where(lower > 0.5, rest - above, upper - lower)
        # A row that is not in a fit may have no share there.
        return upper, above, lower, rest, np.where(self._weights > 0, between, 1)

    def value(self, p: Array, between: Array) -> Array:
        """Penalised log-likelihood of each fit; minus infinity where thresholds do not ascend."""
        good = (between > 0).all(axis=1) & (np.diff(p[:, :-1], axis=1) > 0).all(axis=1)
        logs = np.log(np.where(between > 0, between, 1))
        total = (self._weights * logs).sum(axis=1) - (p**2 @ self._penalty) / 2
        return np.where(good, total, -np.inf)

    def derivatives(self, p: Array, edges: tuple[Array, ...]) -> tuple[Array, Array]:
        """Gradient and Hessian of each fit."""
        upper, above, lower, rest, between = edges
        a, b = upper * above / between, lower * rest / between
        curve = a * (above - upper), b * (rest - lower)
        w, (upper_design, lower_design) = self._weights, self._designs
        gradient = (w * a) @ upper_design - (w * b) @ lower_design - p * self._penalty
        cross = (w * a * b) @ self._outer[2]
        n = len(self._penalty)
        cross = cross.reshape(-1, n, n)
        hessian = (w * (curve[0] - a * a)) @ self._outer[0] - (w * (curve[1] + b * b)) @ (
            self._outer[1]
        )
        hessian = hessian.reshape(-1, n, n) + cross + cross.transpose(0, 2, 1)
        return gradient, hessian - np.diag(self._penalty)

    def maximum(self, p: Array) -> Array:
        """Climb from `p` to the maximum of every fit."""
        edges = self._edges(p)
        value = self.value(p, edges[-1])
        for _ in range(_MOST_STEPS):
            gradient, hessian = self.derivatives(p, edges)
            step = -np.linalg.solve(hessian, gradient[..., None])[..., 0]
            if (np.abs(step) < _CONVERGED * (1 + np.abs(p))).all():
                return p
            length = np.ones(len(p))
            while True:
                tried = p + length[:, None] * step
                edges = self._edges(tried)
                reached = self.value(tried, edges[-1])
                falls = (reached < value - 1e-9 * np.abs(value)) & (length > 1e-12)
                if not falls.any():
                    break
                length[falls] /= 2
            p, value = tried, reached
        raise RuntimeError(
            f"the proportional-odds model did not converge in {_MOST_STEPS} Newton steps"
        )


def ranked_probability_score(probabilities: Array, steps: Array) -> Array:
    """Score a forecast of ordered steps: 0 is certainty of what came, 1 of the other end [1]_.

    Parameters
    ----------
    probabilities : array, shape (rows, steps)
    steps : int array, shape (rows,)
        What came.

    Returns
    -------
    array, shape (rows,)
        Mean squared difference of the cumulated forecast and outcome over the inner edges.

    References
    ----------
    .. [1] Epstein, E. S. 1969. A scoring system for probability forecasts of ranked categories.
       Journal of Applied Meteorology 8 (6).
    """
    count = probabilities.shape[1]
    below = np.cumsum(probabilities, axis=1)[:, :-1]
    came = steps[:, None] <= np.arange(count - 1)
    return ((below - came) ** 2).mean(axis=1)


def leave_out(x: Array, steps: Array, count: int, clusters: Array) -> tuple[Array, Array]:
    """Foretell every row from the rows of all other clusters.

    Parameters
    ----------
    x, steps, count
        See `fit`.
    clusters : int array, shape (rows,)
        From 0 on, every number in use.

    Returns
    -------
    model, reference : array, shape (rows, steps)
        Probabilities by the model, and the plain shares of the steps, both without the row's own
        cluster.
    """
    others = (clusters[None, :] != np.arange(clusters.max() + 1)[:, None]).astype(float)
    fits = fit(x, steps, count, others)
    own = Fits(fits.thresholds[clusters], fits.slopes[clusters])
    totals = others @ np.eye(count)[steps]
    return own.probabilities(x), (totals / totals.sum(axis=1, keepdims=True))[clusters]
