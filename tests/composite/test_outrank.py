"""Outranking, Copeland and dominance: by hand, with gaps and ties, and against COINr."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from indices.composite import outrank
from indices.composite.errors import CompositeError
from indices.composite.outrank import copeland, dominance, outranking

REFERENCE = Path(__file__).parent / "reference"
NAN = float("nan")


@pytest.fixture(scope="module")
def asem() -> np.ndarray:
    """Outranking of 51 economies in 49 indicators with effective weights."""
    data = pd.read_csv(REFERENCE / "A06_Normalised.csv", index_col=0).astype(float)
    weights = pd.read_csv(REFERENCE / "effective_weights.csv").set_index("iCode")["EffWeight"]
    return outranking(data.to_numpy(), weights[data.columns].to_numpy())


def test_the_matrix_is_coinrs_but_where_it_parts_equal_values(asem: np.ndarray) -> None:
    expected = pd.read_csv(REFERENCE / "outrank_matrix_flat_effweights.csv", index_col=0)
    apart = ~np.isclose(asem, expected.to_numpy(float), rtol=1e-12, atol=0)
    # Two pairs of equal values, seen from both sides.
    assert apart.sum() == 4
    assert (apart == apart.T).all()


def test_copeland_and_dominance_are_coinrs(asem: np.ndarray) -> None:
    expected = pd.read_csv(REFERENCE / "copeland_flat_effweights.csv")["copeland"]
    np.testing.assert_array_equal(copeland(asem), expected)
    pairs = pd.read_csv(REFERENCE / "outrank_dominance.csv").to_numpy(float)[0]
    np.testing.assert_array_equal(dominance(asem), pairs)


X = np.array([[3.0, 1], [2, 1], [1, 5]])


def test_by_hand() -> None:
    matrix = outranking(X, [3, 1])
    expected = [[0, 0.875, 0.75], [0.125, 0, 0.75], [0.25, 0.25, 0]]
    np.testing.assert_allclose(matrix, expected, rtol=1e-15)
    np.testing.assert_array_equal(copeland(matrix), [2, 0, -2])
    assert dominance(matrix) == (0, 0)


def test_half_of_the_weight_is_even_whatever_order_it_is_added_in() -> None:
    # 0.1 + 0.2 + 0.3 in floating point is more than 0.6.
    x = np.array([[1.0, 1, 1, 0], [0, 0, 0, 1]])
    np.testing.assert_array_equal(copeland(outranking(x, [0.1, 0.2, 0.3, 0.6])), [0, 0])


def test_values_equal_in_twelve_digits_are_equal() -> None:
    matrix = outranking([[5.1], [5.1000000000000005]], [1])
    np.testing.assert_array_equal(matrix, [[0, 0.5], [0.5, 0]])


def test_pairs_are_compared_in_what_both_have() -> None:
    x = [[3, NAN, 1], [2, 9, 2], [NAN, 4, NAN], [NAN, NAN, NAN]]
    matrix = outranking(x, [2, 3, 1])
    expected = [
        [0, 2 / 3, NAN, NAN],
        [1 / 3, 0, 1, NAN],
        [NAN, 0, 0, NAN],
        [NAN, NAN, NAN, NAN],
    ]
    np.testing.assert_allclose(matrix, expected, rtol=1e-15)
    np.testing.assert_array_equal(copeland(matrix), [1, 0, -1, NAN])
    # Of two pairs compared, the second unit dominates the third.
    assert dominance(matrix) == (1, 0.5)


def test_frames_keep_their_labels() -> None:
    x = pd.DataFrame({"a": [3.0, 1.0], "b": [1.0, 2.0]}, index=["first", "second"])
    made = outranking(x, {"b": 1.0, "a": 3.0})
    pd.testing.assert_frame_equal(
        made, pd.DataFrame([[0.0, 0.75], [0.25, 0.0]], index=x.index, columns=x.index)
    )
    assert copeland(made).to_dict() == {"first": 1.0, "second": -1.0}
    with pytest.raises(CompositeError, match="expected one for each of 'a', 'b'"):
        outranking(x, pd.Series({"a": 1.0}))


def test_units_that_share_no_weight_are_not_compared() -> None:
    matrix = outranking([[1, NAN, 7], [NAN, 2, 8]], [1, 1, 0])
    np.testing.assert_array_equal(matrix, [[0, NAN], [NAN, 0]])
    np.testing.assert_array_equal(copeland(matrix), [NAN, NAN])
    count, share = dominance(matrix)
    assert count == 0
    assert np.isnan(share)


@pytest.mark.parametrize(("value", "score"), [(4.0, 0), (NAN, NAN)])
def test_a_unit_alone(value: float, score: float) -> None:
    matrix = outranking([[value]], [1])
    np.testing.assert_array_equal(matrix, [[score]])
    np.testing.assert_array_equal(copeland(matrix), [score])


def test_domination_is_counted_once_for_a_pair() -> None:
    matrix = outranking([[3, 3], [2, 2], [1, 1]], [0.3, 0.7])
    assert dominance(matrix) == (3, 1)
    assert dominance(outranking([[1, 1], [1, 2]], [1, 1])) == (0, 0)


def test_batches_and_blocks_give_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    x, weights = rng.integers(0, 4, size=(3, 9, 4)).astype(float), rng.uniform(size=(3, 4))
    x[0, 2, 1] = NAN
    whole = outranking(x, weights)
    monkeypatch.setattr(outrank, "BLOCK", 60)
    np.testing.assert_array_equal(outranking(x, weights), whole)
    for i in range(3):
        np.testing.assert_array_equal(outranking(x[i], weights[i]), whole[i])
        np.testing.assert_array_equal(copeland(whole)[i], copeland(whole[i]))
        assert dominance(whole)[1][i] == dominance(whole[i])[1]


@pytest.mark.parametrize(
    ("x", "weights", "message"),
    [
        ([[1, np.inf]], [1, 1], "infinite"),
        ([1, 2], [1, 1], "expected"),
        ([[1, 2]], [1, -1], "weight of indicator 1"),
        ([[1, 2]], [0, 0], "sum to nothing"),
        ([[1, 2]], [1, 1, 1], "for 2 indicators"),
    ],
)
def test_bad_input_is_refused(x: Any, weights: Any, message: str) -> None:
    with pytest.raises(CompositeError, match=message):
        outranking(x, weights)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [([0.1, 0.2], "row and column"), ([[0, 1]], "row and column"), ([[0, 3], [1, 0]], "outside")],
)
def test_what_is_no_outranking_matrix_is_refused(matrix: Any, message: str) -> None:
    for function in (copeland, dominance):
        with pytest.raises(CompositeError, match=message):
            function(matrix)


PANELS = arrays(
    float,
    st.tuples(st.integers(2, 8), st.just(3)),
    elements=st.one_of(st.integers(-3, 3).map(float), st.just(NAN)),
)


@given(PANELS, st.lists(st.integers(1, 5), min_size=3, max_size=3))
def test_shares_of_a_pair_add_to_one_and_only_order_counts(
    x: np.ndarray, weights: list[int]
) -> None:
    matrix = outranking(x, weights)
    both = matrix + matrix.T
    off = ~np.eye(len(x), dtype=bool)
    np.testing.assert_allclose(both[off][~np.isnan(both[off])], 1, rtol=1e-14)
    np.testing.assert_array_equal(outranking(np.exp(x), weights), matrix)
    assert np.nansum(copeland(matrix)) == 0
