"""The proportional-odds model: its likelihood, known cases, and what it foretells."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, special

from indices.cube import Array
from indices.validity import ordinal

SLOPE, THRESHOLDS = 1.3, np.array([-1.0, 0.2, 1.5])


def simulated(n: int, seed: int = 3) -> tuple[Array, Array]:
    """Draw from the model, on a predictor far from mean 0 and deviation 1."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    steps = np.digitize(SLOPE * x + rng.logistic(size=n), THRESHOLDS)
    return 40 + 10 * x, steps


def log_likelihood(p: Array, x: Array, steps: Array, weights: Array, ridge: float) -> float:
    """The definition, on the predictor as it is; thresholds, then the slope."""
    z = (x - x.mean()) / x.std()
    edges = np.concatenate([[-np.inf], p[:-1], [np.inf]])
    upper, lower = (special.expit(edges[steps + k] - p[-1] * z) for k in (1, 0))
    return float((weights * np.log(upper - lower)).sum() - ridge * p[-1] ** 2 / 2)


def standardised(fits: ordinal.Fits, x: Array) -> Array:
    """Parameters of the first fit on the standardised predictor."""
    slope = fits.slopes[0]
    return np.append(fits.thresholds[0] - slope * x.mean(), slope * x.std())


def test_the_likelihood_is_flat_at_the_solution() -> None:
    x, steps = simulated(120)
    weights = np.random.default_rng(1).integers(0, 3, (4, 120))
    for w in weights:
        p = standardised(ordinal.fit(x, steps, 4, w[None]), x)
        slope = optimize.approx_fprime(p, log_likelihood, 1e-6, x, steps, w, ordinal.RIDGE)
        assert np.abs(slope).max() < 1e-3
        moved = [log_likelihood(p + d, x, steps, w, ordinal.RIDGE) for d in 0.01 * np.eye(4)]
        assert max(moved) < log_likelihood(p, x, steps, w, ordinal.RIDGE)


def test_many_fits_at_once_are_the_fits_one_by_one() -> None:
    x, steps = simulated(80)
    weights = np.random.default_rng(2).integers(0, 3, (5, 80))
    together = ordinal.fit(x, steps, 4, weights)
    for k, w in enumerate(weights):
        alone = ordinal.fit(x, steps, 4, w[None])
        np.testing.assert_allclose(alone.slopes[0], together.slopes[k])
        np.testing.assert_allclose(alone.thresholds[0], together.thresholds[k])


def test_known_coefficients_are_recovered() -> None:
    x, steps = simulated(40_000)
    found = ordinal.fit(x, steps, 4, np.ones((1, len(x))))
    # Standard errors are about 0.012 and 0.02.
    assert found.slopes[0] * 10 == pytest.approx(SLOPE, abs=0.06)
    np.testing.assert_allclose(found.thresholds[0] - found.slopes[0] * 40, THRESHOLDS, atol=0.08)


def test_two_steps_are_a_logistic_regression() -> None:
    x, steps = simulated(150)
    steps = np.minimum(steps, 1)
    z = (x - x.mean()) / x.std()

    def loss(p: Array) -> float:
        eta = p[0] + p[1] * z
        return float(np.sum(np.logaddexp(0, eta) - steps * eta))

    plain = optimize.minimize(loss, np.zeros(2), tol=1e-12).x
    found = ordinal.fit(x, steps, 2, np.ones((1, 150)), ridge=0)
    p = found.probabilities(x[:, None])[:, 0, 1]
    np.testing.assert_allclose(p, special.expit(plain[0] + plain[1] * z), atol=1e-5)


def test_the_ridge_keeps_a_separated_slope_finite_and_hardly_moves_another() -> None:
    x = np.arange(20.0)
    apart = ordinal.fit(x, x.astype(int) // 10, 2, np.ones((1, 20)))
    assert np.isfinite(apart.slopes[0])
    assert apart.probabilities(np.array([4.0, 15.0])[:, None])[:, 0, 1] == pytest.approx(
        [0, 1], abs=0.01
    )
    x, steps = simulated(100)
    with_it, without = (
        ordinal.fit(x, steps, 4, np.ones((1, 100)), ridge=r).slopes[0] for r in (ordinal.RIDGE, 0)
    )
    assert with_it == pytest.approx(without, rel=1e-3)
    assert with_it != without


def test_a_fit_that_lacks_a_step_has_no_figures_and_spares_the_others() -> None:
    x, steps = simulated(60)
    weights = np.vstack([steps != 2, np.ones(60)])
    found = ordinal.fit(x, steps, 4, weights)
    assert np.isnan(found.slopes).tolist() == [True, False]
    assert np.isnan(found.probabilities(np.array([40.0, 40.0]))[0]).all()
    assert np.isnan(ordinal.fit(np.ones(60), steps, 4, weights).slopes).all()


def test_probabilities_add_up_and_rise_with_the_predictor() -> None:
    fits = ordinal.Fits(THRESHOLDS[None], np.array([SLOPE]))
    p = fits.probabilities(np.array([-1.0, 0, 500])[:, None])[:, 0]
    np.testing.assert_allclose(p.sum(axis=1), 1)
    np.testing.assert_allclose(p[1, 0], 1 / (1 + np.e))
    np.testing.assert_allclose(p[2], [0, 0, 0, 1], atol=1e-12)


def test_ranked_probability_score_by_hand() -> None:
    forecast = np.array([[0.5, 0.3, 0.2], [0, 0, 1], [0, 0, 1]])
    # Below the edges: 0.5 and 0.8 against 0 and 1; then certainty, right and as wrong as can be.
    score = ordinal.ranked_probability_score(forecast, np.array([1, 2, 0]))
    np.testing.assert_allclose(score, [(0.25 + 0.04) / 2, 0, 1])


def test_what_is_left_out_does_not_foretell_itself() -> None:
    x, steps = simulated(60)
    clusters = np.arange(60) // 2
    model, reference = ordinal.leave_out(x, steps, 4, clusters)
    others = clusters != 7
    alone = ordinal.fit(x[others], steps[others], 4, np.ones((1, 58)))
    # The ridge is of the deviation of all rows, which moves the fit by less than this.
    np.testing.assert_allclose(model[14], alone.probabilities(x[14])[0], atol=1e-4)
    np.testing.assert_allclose(reference[14], np.bincount(steps[others], minlength=4) / 58)
