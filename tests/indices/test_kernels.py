"""Compiled loops against the same in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numba.core import caching

from indices.compiled import compiled
from indices.composite.uncertainty import interval
from indices.kernels import neighbours, score_lines

FLOATS = st.floats(-1e6, 1e6, width=32)
# Many equal values, so that bisection ends between equals too.
FEW = st.sampled_from([np.float32(v) for v in (-2.5, -0.0, 0.0, 1.0, 1.5, 3e38)])


@settings(deadline=None)  # the first call may compile
@given(
    values=st.one_of(FLOATS, FEW).flatmap(
        lambda first: arrays(
            np.float32,
            array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=70),
            elements=st.one_of(FLOATS, FEW),
            fill=st.just(first),
        )
    ),
    share=st.floats(0, 1),
)
def test_neighbours_are_those_of_the_sorted_row(values: np.ndarray, share: float) -> None:
    last = values.shape[1] - 1
    place = int(share * last)
    found = neighbours(values, np.array([place, last, 0]))
    ordered = np.sort(values, axis=1)
    for k, first in enumerate((place, last, 0)):
        np.testing.assert_array_equal(found[:, k], ordered[:, [first, min(first + 1, last)]])


@pytest.mark.parametrize("shape", [(40, 1000), (3, 1), (3, 2), (0, 9)])
def test_intervals_are_the_same_however_found(shape: tuple[int, int]) -> None:
    draws = np.random.default_rng(1).normal(0, 9, shape).astype(np.float32)
    draws[1:2, -1] = np.nan
    for one, other in zip(interval(draws), interval(draws, neighbours=neighbours), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_score_is_a_line_held_between_nothing_and_a_hundred() -> None:
    table = np.array([[0, 1, -1], [5, 5, 5]], dtype=np.float32)
    slope, height = np.array([10, 10, 10], np.float32), np.array([1, 2, 3], np.float32)
    score_lines(table, np.array([2, 6], np.float32), slope, height)
    # 10 (0 + 2) + 1, 10 (1 + 2) + 2, 10 (-1 + 2) + 3; all above 100.
    assert table.tolist() == [[21, 32, 13], [100, 100, 100]]
    low = np.array([[-9.0]], dtype=np.float32)
    score_lines(low, np.zeros(1, np.float32), slope[:1], height[:1])
    assert low.tolist() == [[0]]


def test_where_nothing_can_be_kept_loops_still_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])

    def total(values: np.ndarray) -> float:
        found = 0.0
        for value in values:
            found += value
        return found

    assert compiled(total)(np.array([1.0, 2.5])) == 3.5
