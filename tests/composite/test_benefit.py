"""Benefit of the doubt: against Compind, by hand, by brute force, and what no weights fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from indices.composite import benefit
from indices.composite.benefit import benefit_of_the_doubt
from indices.composite.errors import CompositeError

REFERENCE = Path(__file__).parent / "reference"
NAN = float("nan")


def test_scores_with_shares_from_5_to_30_percent_are_compinds() -> None:
    data = pd.read_csv(REFERENCE / "BLI_2017.csv", index_col=0).to_numpy(float)
    expected = pd.read_csv(REFERENCE / "bli2017_bod_restricted.csv")["bod_share_5_30"]
    got = benefit_of_the_doubt(data, 0.05, 0.3)
    np.testing.assert_allclose(got.score, expected, rtol=1e-12)
    np.testing.assert_allclose((got.weights * data).sum(axis=1), got.score, rtol=1e-12)
    np.testing.assert_allclose(got.shares.sum(axis=1), 1, rtol=1e-12)
    assert got.shares.min() >= 0.05
    assert got.shares.max() <= 0.3
    # Nobody exceeds 1 on anybody's weights.
    assert (data @ got.weights.T).max() <= 1 + 1e-12


def test_without_bounds_by_hand() -> None:
    """(2, 2) lies inside the line from (4, 1) to (1, 4): 3/5 of the point (2.5, 2.5), so 4/5."""
    got = benefit_of_the_doubt([[4, 1], [1, 4], [2, 2], [0, 3]])
    np.testing.assert_allclose(got.score, [1, 1, 0.8, 0.75])
    np.testing.assert_allclose(got.weights[2:], [[0.2, 0.2], [0, 0.25]])
    np.testing.assert_allclose(got.shares[2:], [[0.5, 0.5], [0, 1]])


def test_frames_keep_their_labels() -> None:
    x = pd.DataFrame({"a": [2.0, 1.0], "b": [1.0, 1.0]}, index=["first", "second"])
    found = benefit_of_the_doubt(x, 0.1, 0.9)
    # Second is best off with as little as it may have of a: 1 / (0.1 x 2 / 1 + 0.9 x 1 / 1).
    assert found.score.to_dict() == pytest.approx({"first": 1.0, "second": 1 / 1.1})
    assert (found.weights * x).sum(axis=1).to_dict() == pytest.approx(found.score.to_dict())
    assert found.shares.loc["second"].to_dict() == pytest.approx({"a": 0.1, "b": 0.9})
    with pytest.raises(CompositeError, match=r"negative values \(second, b\)"):
        benefit_of_the_doubt(x.replace({"b": {1.0: -1.0}}).assign(a=2.0).iloc[[1]])


def test_bounds_for_each_indicator_hold() -> None:
    """Shares fixed at 3/4 and 1/4: the best peer of (2, 2) is at (3/4) 4/2 + (1/4) 1/2 = 13/8."""
    got = benefit_of_the_doubt([[4, 1], [1, 4], [2, 2]], [0.75, 0], [1, 0.25])
    assert got.score[2] == pytest.approx(8 / 13)
    np.testing.assert_allclose(got.shares[2], [0.75, 0.25])


def test_the_unit_of_measure_does_not_matter() -> None:
    x = np.random.default_rng(4).uniform(1, 9, size=(12, 4))
    factors = np.array([1, 1e-6, 1e6, 7])
    np.testing.assert_allclose(
        benefit_of_the_doubt(x * factors, 0.1, 0.5).score,
        benefit_of_the_doubt(x, 0.1, 0.5).score,
        rtol=1e-9,
    )


def test_who_is_absent_or_has_nothing() -> None:
    got = benefit_of_the_doubt([[4, 2], [NAN, NAN], [0, 0], [2, 1]])
    np.testing.assert_allclose(got.score, [1, NAN, 0, 0.5])
    assert np.isnan(got.weights[1:3]).all()
    assert np.isnan(got.shares[1:3]).all()
    np.testing.assert_allclose(benefit_of_the_doubt([[7, 7]]).score, [1])
    assert np.isnan(benefit_of_the_doubt([[NAN, NAN]]).score).all()


@pytest.mark.parametrize(
    ("x", "lower", "upper", "message"),
    [
        ([[1, 2], [-1, 2]], 0, 1, r"negative values \(unit 1, indicator 0\)"),
        ([[1, 2], [1, NAN]], 0, 1, r"missing values \(unit 1, indicator 1\)"),
        ([[1, np.inf]], 0, 1, "infinite"),
        ([1, 2], 0, 1, "expected"),
        ([[1, 2], [0, 2]], 0.1, 1, r"values of zero \(unit 1, indicator 0\)"),
        ([[1, 2], [0, 2]], 0, 0.6, "unit 1 is above zero in 1 indicators"),
        ([[1, 2]], 0.6, 1, "lower bounds that add to 1.2"),
        ([[1, 2]], 0, 0.4, "upper bounds that add to 0.8"),
        ([[1, 2]], [0, 0.5], [1, 0.4], "share of indicator 1"),
        ([[1, 2]], -0.1, 1, "expected shares from 0"),
        ([[1, 2]], 0, 1.1, "expected shares from 0"),
        ([[1, 2]], NAN, 1, "expected shares from 0"),
        ([[1, 2]], [0, 0, 0], 1, "for 2 indicators"),
    ],
)
def test_what_no_weights_fit_is_refused(x: Any, lower: Any, upper: Any, message: str) -> None:
    with pytest.raises(CompositeError, match=message):
        benefit_of_the_doubt(x, lower, upper)


def test_dominated_peers_hold_nobody_down(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(6).integers(1, 6, size=(30, 3)).astype(float)
    got = benefit_of_the_doubt(x, 0.1, 0.6).score
    monkeypatch.setattr(benefit, "BLOCK", 40)
    np.testing.assert_array_equal(benefit_of_the_doubt(x, 0.1, 0.6).score, got)
    monkeypatch.setattr(benefit, "_undominated", lambda values: values)
    np.testing.assert_allclose(benefit_of_the_doubt(x, 0.1, 0.6).score, got, rtol=1e-12)


GRID = np.array([(a, b, 20 - a - b) for a in range(21) for b in range(21 - a)]) / 20


@settings(max_examples=25)
@given(arrays(float, (5, 3), elements=st.floats(0.1, 10)))
def test_no_other_shares_within_the_bounds_do_better(x: np.ndarray) -> None:
    got = benefit_of_the_doubt(x, 0.1, 0.6)
    allowed = GRID[((GRID >= 0.1 - 1e-12) & (GRID <= 0.6 + 1e-12)).all(axis=1)]
    # One over the best peer's sum, for each unit and each point of the grid.
    sums = (allowed[None, :, None, :] * (x[None] / x[:, None])[:, None]).sum(axis=-1)
    assert (got.score >= 1 / sums.max(axis=-1).min(axis=-1) - 1e-9).all()
    assert (got.score <= 1 + 1e-12).all()
    assert ((x[None] * got.weights[:, None]).sum(axis=-1) <= 1 + 1e-9).all()
