from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from indices.composite.errors import CompositeError
from indices.composite.rank import ranks, significant

NAN = float("nan")


@pytest.mark.parametrize(
    ("x", "rounded"),
    [
        (5.1000000000000005, 5.1),
        (0.1 + 0.2, 0.3),
        (999.9999999999999, 1000.0),
        (123456789012345.6, 123456789012000.0),
        (-1.2345678901251, -1.23456789013),
        (1.23456789012499, 1.23456789012),
        (0.0, 0.0),
        (math.inf, math.inf),
        (-math.inf, -math.inf),
        (1e-310, 1e-310),
        (5e-324, 5e-324),
        (1.7976931348623157e308, 1.79769313486e308),
        (9.999999999999999e307, 1e308),
    ],
)
def test_twelve_digits_are_kept_at_every_size(x: float, rounded: float) -> None:
    assert significant(np.array(x)) == rounded


def test_missing_stays_missing_and_digits_can_be_fewer() -> None:
    np.testing.assert_array_equal(
        significant(np.array([NAN, 12345.0, -0.0], dtype=float), 2), [NAN, 12000, 0]
    )


@pytest.mark.parametrize(
    ("x", "error", "rounded"),
    [(1000.0000000006, -0.001, 1000.0), (999.9999999994, 0.001, 999.999999999)],
)
def test_a_logarithm_that_rounds_across_a_power_of_ten_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, x: float, error: float, rounded: float
) -> None:
    log10 = np.log10
    monkeypatch.setattr(np, "log10", lambda size: log10(size) + error)
    assert significant(np.array([x])) == [rounded]


@pytest.mark.parametrize("digits", [0, 16])
def test_digits_a_float_does_not_hold_are_refused(digits: int) -> None:
    with pytest.raises(CompositeError, match=f"{digits} significant digits"):
        significant(np.ones(2), digits)


@given(st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False))
def test_rounding_is_that_of_the_decimal_text_and_happens_once(x: float) -> None:
    once = significant(np.array(x))
    assert once == pytest.approx(float(f"{x:.11e}"), rel=1.1e-11, abs=0)
    assert significant(once) == pytest.approx(float(once), rel=1e-15, abs=0)


@pytest.mark.parametrize(
    ("ties", "expected"),
    [
        ("min", [4, 1, 1, NAN, 3]),
        ("max", [4, 2, 2, NAN, 3]),
        ("average", [4, 1.5, 1.5, NAN, 3]),
    ],
)
def test_ties_share_a_rank_and_the_missing_have_none(ties: str, expected: list[float]) -> None:
    x = np.array([-2.0, 5.1, 5.1000000000000005, NAN, 0.0])
    np.testing.assert_array_equal(ranks(x, ties=ties), expected)


def test_ascending_ranks_start_at_the_lowest() -> None:
    np.testing.assert_array_equal(
        ranks(np.array([[3.0, 1.0, 1.0]]), descending=False, ties="max"), [[3, 2, 2]]
    )


def test_the_axis_of_units_is_chosen_and_others_are_batches() -> None:
    x = np.arange(24.0).reshape(2, 4, 3)
    np.testing.assert_array_equal(
        ranks(x, axis=-2), np.broadcast_to([[4], [3], [2], [1]], (2, 4, 3))
    )
    np.testing.assert_array_equal(ranks(x), np.broadcast_to([3, 2, 1], (2, 4, 3)))


@given(
    arrays(
        float,
        array_shapes(min_dims=2, max_dims=3, max_side=6),
        elements=st.one_of(st.integers(-3, 3).map(float), st.just(NAN)),
    )
)
def test_a_rank_is_one_more_than_the_number_of_better_units(x: np.ndarray) -> None:
    better = (x[..., None, :] > x[..., :, None]).sum(axis=-1)
    equal = (x[..., None, :] == x[..., :, None]).sum(axis=-1)
    np.testing.assert_array_equal(ranks(x), np.where(np.isnan(x), NAN, better + 1))
    np.testing.assert_array_equal(ranks(x, ties="max"), np.where(np.isnan(x), NAN, better + equal))


def test_each_period_is_ranked_by_itself_after_rounding() -> None:
    scores = np.array([[1.04, 9.0, 1.0, 7.0, NAN], [3.0, 1.0, 2.0, 4.0, 5.0]])
    by = np.array([1, 0, 1, 0, 0])
    np.testing.assert_array_equal(ranks(scores, by=by), [[1, 1, 2, 2, NAN], [1, 3, 2, 2, 1]])
    np.testing.assert_array_equal(ranks(scores, by=by, decimals=1)[0], [1, 1, 1, 2, NAN])
    with pytest.raises(CompositeError, match=r"periods of shape \(2,\) for 5 units"):
        ranks(scores, by=by[:2])


@pytest.mark.parametrize("sign", [1, -1])
def test_values_that_only_their_last_bits_part_are_in_order(sign: int) -> None:
    # Twelve digits part the first two, although they differ by less than many others need to sort.
    x = sign * np.r_[1.0000000000051, 1.0000000000049, np.linspace(2, 3, 5000)]
    expected = [5001, 5002] if sign == 1 else [2, 1]
    np.testing.assert_array_equal(ranks(x)[:2], expected)
    np.testing.assert_array_equal(ranks(x, descending=False), 5003 - ranks(x))


def test_no_units_have_no_ranks() -> None:
    assert ranks(np.empty((2, 0))).shape == (2, 0)
    assert ranks(np.array([7.0])) == 1


@pytest.mark.parametrize(
    ("x", "ties", "says"), [([math.inf, 1], "min", "infinite"), ([1, 2], "first", "min, max, ave")]
)
def test_what_cannot_be_ranked_is_refused(x: list[float], ties: str, says: str) -> None:
    with pytest.raises(CompositeError, match=says):
        ranks(np.array(x), ties=ties)
