"""Sobol shares: against COINr, against models whose shares are known, and at the edges."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import sobol_indices

from indices.composite.errors import CompositeError
from indices.composite.sensitivity import design, sobol, stack

REFERENCE = Path(__file__).parent / "reference"


def linear(points: np.ndarray) -> np.ndarray:
    """1 x1 + 2 x2 + 3 x3: of the variance 1/14, 4/14 and 9/14."""
    return points @ np.array([1.0, 2.0, 3.0])


def test_ishigami_as_in_coinr() -> None:
    y = pd.read_csv(REFERENCE / "sa_ishigami_design_N512_d3.csv")["y"]
    theirs = pd.read_csv(REFERENCE / "sa_ishigami.csv")
    ours = sobol(y, 512, 3, factors=list(theirs["Variable"]))
    assert list(ours["factor"]) == ["V1", "V2", "V3"]
    for mine, other in (("first", "Si"), ("total", "STi"), ("variance", "Variance")):
        np.testing.assert_allclose(ours[mine], theirs[other], rtol=1e-12)


def test_shares_are_scipys_but_for_the_degree_of_freedom() -> None:
    # SciPy takes the variance over 2 n, this engine and COINr over 2 n - 1.
    n, d = 64, 3
    sample = design(d, n, 5)

    def ishigami(x: np.ndarray) -> np.ndarray:
        a, b, c = 2 * np.pi * x - np.pi
        return np.sin(a) + 7 * np.sin(b) ** 2 + 0.1 * c**4 * np.sin(a)

    y = ishigami(sample.points.T)
    theirs = sobol_indices(
        func={
            "f_A": y[None, :n],
            "f_B": y[None, n : 2 * n],
            "f_AB": y[2 * n :].reshape(d, 1, n),
        },
        n=n,
    )
    ours = sobol(y, n, d, centre=True)
    share = (2 * n - 1) / (2 * n)
    np.testing.assert_allclose(ours["first"], share * theirs.first_order.ravel(), rtol=1e-10)
    np.testing.assert_allclose(ours["total"], share * theirs.total_order.ravel(), rtol=1e-10)


def test_the_g_function_has_its_shares() -> None:
    a = np.array([0.0, 1.0, 4.5, 99.0])
    sample = design(len(a), 4096, 3)
    y = np.prod((np.abs(4 * sample.points - 2) + a) / (1 + a), axis=1)
    found = sobol(y, sample.n, len(a), centre=True)
    alone = 1 / (3 * (1 + a) ** 2)
    whole = np.prod(1 + alone) - 1
    np.testing.assert_allclose(found["first"], alone / whole, atol=0.01)
    total = alone * np.prod(1 + alone) / (1 + alone) / whole
    np.testing.assert_allclose(found["total"], total, atol=0.01)


def test_shares_by_hand() -> None:
    # n = 2, d = 1; outputs of A, B, AB1.
    y = np.array([1.0, 2.0, 4.0, 3.0, 4.0, 3.0])
    variance = (1.5**2 + 0.5**2 + 1.5**2 + 0.5**2) / 3  # of 1, 2, 4, 3 around 2.5
    first = (4 * (4 - 1) + 3 * (3 - 2)) / 2 / variance
    total = ((1 - 4) ** 2 + (2 - 3) ** 2) / (2 * 2 * variance)
    row = sobol(y, 2, 1).iloc[0]
    assert (row["first"], row["total"], row["variance"]) == pytest.approx((first, total, variance))
    centred = (1.5 * 3 + 0.5 * 1) / 2 / variance
    assert sobol(y, 2, 1, centre=True).iloc[0]["first"] == pytest.approx(centred)


def test_stacked_as_a_b_and_each_column_exchanged() -> None:
    a, b = np.array([[1, 2], [3, 4]]), np.array([[5, 6], [7, 8]])
    expected = [[1, 2], [3, 4], [5, 6], [7, 8], [5, 2], [7, 4], [1, 6], [3, 8]]
    np.testing.assert_array_equal(stack(a, b), expected)


def test_linear_model_has_its_shares() -> None:
    sample = design(["a", "b", "c"], 2048, 7)
    found = sobol(linear(sample.points), sample.n, 3, factors=sample.factors, centre=True)
    known = np.array([1, 4, 9]) / 14
    np.testing.assert_allclose(found["first"], known, atol=0.01)
    np.testing.assert_allclose(found["total"], known, atol=0.01)


@pytest.mark.parametrize("n", [2, 64, 100])
def test_design_has_every_run_and_says_where_values_come_from(n: int) -> None:
    sample = design(2, n, 3)
    assert sample.factors == ("x1", "x2")
    assert sample.points.shape == sample.base.shape == (len(sample), 2) == (n * 4, 2)
    assert (sample.points >= 0).all()
    assert (sample.points < 1).all()
    source = np.concatenate([sample.points[:n], sample.points[n : 2 * n]])
    for column in range(2):
        np.testing.assert_array_equal(
            source[sample.base[:, column], column], sample.points[:, column]
        )
    again = design(2, n, 3)
    np.testing.assert_array_equal(again.points, sample.points)
    assert not np.array_equal(design(2, n, 4).points, sample.points)


def test_many_targets_are_each_its_own_analysis() -> None:
    sample = design(3, 128, 1)
    y = pd.DataFrame({"up": linear(sample.points), "down": -5 * linear(sample.points[:, ::-1])})
    together = sobol(y, 128, 3, bootstrap=50, seed=2).set_index("target")
    for name in y:
        alone = sobol(y[name], 128, 3, bootstrap=50, seed=2)
        pd.testing.assert_frame_equal(
            together.loc[name].reset_index(drop=True), alone, check_exact=True
        )


def test_no_variance_and_no_score_have_no_shares() -> None:
    y = linear(design(3, 8, 1).points)
    # 5.1 and 5.1000000000000005 are the same score.
    constant = np.where(np.arange(40) % 2, 5.1, 5.1000000000000005)
    table = sobol(
        pd.DataFrame({"y": y, "same": constant, "gone": np.nan}), 8, 3, bootstrap=20, seed=1
    ).set_index("target")
    shares = [c for c in table if c not in ("factor", "variance")]
    assert table.loc["y", shares].notna().all(axis=None)
    assert table.loc[["same", "gone"], shares].isna().all(axis=None)
    assert (table.loc["same", "variance"] == 0).all()
    assert table.loc["gone", "variance"].isna().all()


def test_bootstrap_covers_the_truth_about_as_often_as_it_says() -> None:
    known = np.array([1, 4, 9]) / 14
    inside = []
    for seed in range(60):
        points = np.random.default_rng(seed).random((2, 64, 3))
        found = sobol(
            linear(stack(*points)), 64, 3, bootstrap=200, seed=seed, level=0.9, centre=True
        )
        inside += [
            (found[f"{order}_lo"] <= known) & (known <= found[f"{order}_hi"])
            for order in ("first", "total")
        ]
    assert 0.8 < np.mean(inside) < 0.97


def test_bootstrap_interval_is_that_of_resampled_points() -> None:
    n, times = 16, 40
    y = linear(design(3, n, 5).points)
    found = sobol(y, n, 3, bootstrap=times, seed=11)
    picked = np.random.default_rng(11).integers(n, size=(times, n))
    blocks = y.reshape(5, n)
    shares = [
        sobol(np.concatenate([block[rows] for block in blocks]), n, 3)["first"] for rows in picked
    ]
    expected = np.quantile(np.array(shares), [0.05, 0.95], axis=0)
    np.testing.assert_allclose(found[["first_lo", "first_hi"]].to_numpy().T, expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("y", "more", "message"),
    [
        (np.zeros(9), {}, "10 runs and 3 names; there are 9 runs"),
        (np.r_[np.inf, np.zeros(9)], {}, "run 1 is infinite"),
        (np.r_[0.0, np.nan, np.zeros(8)], {}, "missing in 1 of 10 runs, the first is run 2"),
        (np.arange(10.0), {"bootstrap": 10}, "needs a seed"),
        (np.arange(10.0), {"bootstrap": -1}, "bootstrap is -1"),
        (np.arange(10.0), {"level": 2}, "level of an interval is 2"),
        (np.array(["x"] * 10), {}, "outputs are .*expected numbers"),
        (np.arange(10.0), {"factors": ["a"]}, "10 runs and 1 names"),
    ],
)
def test_outputs_that_have_no_shares_are_refused(y: np.ndarray, more: dict, message: str) -> None:
    with pytest.raises(CompositeError, match=message):
        sobol(y, 2, 3, **more)


@pytest.mark.parametrize(
    ("factors", "n", "message"),
    [
        ([], 8, "different names"),
        (["a", "a"], 8, "different names"),
        (2, 1, "at least 2"),
        (2, 2.5, "points is 2.5"),
    ],
)
def test_designs_without_sense_are_refused(factors: list[str] | int, n: int, message: str) -> None:
    with pytest.raises(CompositeError, match=message):
        design(factors, n, 1)
