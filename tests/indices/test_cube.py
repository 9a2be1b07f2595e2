"""Laying frames out, trailing windows, bridging and carrying."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from indices.cube import Axes, bridge_and_carry, positions, swap, trailing_mean, trailing_sum

NAN = float("nan")
AXES = Axes((2000, 2001), ("AAA", "BBB", "CCC"))


@pytest.mark.parametrize(
    ("years", "states"),
    [
        ((2000, 2002), ("AAA",)),
        ((2001, 2000), ("AAA",)),
        ((2000,), ("BBB", "AAA")),
        ((2000,), ("AAA", "AAA")),
    ],
)
def test_axes_refuse_gaps_and_disorder(years: tuple[int, ...], states: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"consecutive|sorted"):
        Axes(years, states)


@pytest.mark.parametrize("dtype", ["str", "category", "object"])
def test_cube_holds_rows_on_the_axes_and_fills_the_rest(dtype: str) -> None:
    frame = pd.DataFrame(
        {
            "a": pd.Series(["AAA", "CCC", "AAA", "ZZZ"], dtype=dtype),
            "b": pd.Series(["BBB", "AAA", "BBB", "AAA"], dtype=dtype),
            "year": [2000, 2001, 1999, 2000],
            "x": [1.0, 2.0, 3.0, 4.0],
        }
    )
    cube = AXES.cube(frame, "a", "b", "x", fill=0.0)
    assert (cube[0, 0, 1], cube[1, 2, 0], cube.sum()) == (1.0, 2.0, 3.0)
    assert np.isnan(AXES.cube(frame, "a", "b", "x")).sum() == 16
    both = AXES.cubes(frame.assign(y=-frame["x"]), "a", "b", ("x", "y"), fill=0.0)
    assert np.array_equal(both, [cube, -cube])
    assert np.nansum(AXES.panel(frame, "a", "x")) == 3.0
    assert np.array_equal(swap(cube)[1], cube[1].T)


def test_cube_and_long_undo_each_other() -> None:
    cube = np.random.default_rng(1).random(AXES.shape)
    frame = AXES.long(cube > 0.4, {"x": cube}, ("a", "b"))
    assert np.array_equal(AXES.cube(frame, "a", "b", "x", 0.0), np.where(cube > 0.4, cube, 0.0))
    keys = list(zip(frame["a"], frame["b"], frame["year"], strict=True))
    assert keys == sorted(keys)


def test_a_missing_value_of_a_nullable_column_is_nan() -> None:
    frame = pd.DataFrame({"s": ["AAA", "BBB"], "year": pd.array([2000, None], dtype="Int64")})
    frame["x"] = pd.array([None, 1], dtype="Int64")
    assert np.isnan(AXES.panel(frame, "s", "x")).all()


def test_positions_of_what_is_not_there() -> None:
    values = pd.Series(["b", None, "z", "a"])
    assert positions(values, ["a", "b"]).tolist() == [1, -1, -1, 0]
    assert positions(values.astype("category"), ["a", "b"]).tolist() == [1, -1, -1, 0]
    for places in (("a", "b"), ("a", "b", "c")):  # the codes of states on an axis
        assert positions(values, places).tolist() == [1, -1, -1, 0]
        assert positions(values.astype("category"), places).tolist() == [1, -1, -1, 0]


@pytest.mark.parametrize("dtype", ["str", "category"])
def test_rows_between_states_of_the_axis(dtype: str) -> None:
    frame = pd.DataFrame(
        {
            "a": ["AAA", "AAA", "ZZZ", None, "CCC"],
            "b": ["BBB", "ZZZ", "AAA", "BBB", "AAA"],
            "year": [2000, 2000, 2000, 2000, 1900],
        }
    ).astype({"a": dtype, "b": dtype})
    assert AXES.between(frame, "a", "b").index.tolist() == [0, 4]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2, 3, 4], [NAN, NAN, 6, 9]),
        ([1, NAN, 3, 4, 5], [NAN, NAN, NAN, NAN, 12]),
        ([1, 2], [NAN, NAN]),
    ],
)
def test_trailing_sum_needs_a_full_window(values: list[float], expected: list[float]) -> None:
    np.testing.assert_array_equal(trailing_sum(np.array(values, dtype=float), 3), expected)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([3, 5, 10, 0], [3, 4, 6, 5]),
        (
            [3, NAN, 9, 6],
            [3, NAN, 6, 7.5],
        ),  # where the last is known
    ],
)
def test_trailing_mean_takes_what_is_known(values: list[float], expected: list[float]) -> None:
    np.testing.assert_allclose(trailing_mean(np.array(values, dtype=float), 3), expected)


@pytest.mark.parametrize(
    ("values", "filled", "status"),
    [
        # Log-linear: 2, 4, 8 double every year; a gap of six is the longest.
        ([1, *[NAN] * 6, 128], [2**k for k in range(8)], [0, *[1] * 6, 0]),
        ([1, *[NAN] * 7, 256], [1, *[NAN] * 7, 256], [0, *[3] * 7, 0]),
        # Linear where one end is zero.
        ([0, NAN, NAN, 9], [0, 3, 6, 9], [0, 1, 1, 0]),
        ([8, NAN, 0, NAN, 0], [8, 4, 0, 0, 0], [0, 1, 0, 1, 0]),
        # Carried two years past the end, never before the beginning.
        ([NAN, 5, NAN, NAN, NAN], [NAN, 5, 5, 5, NAN], [3, 0, 2, 2, 3]),
        ([NAN, NAN], [NAN, NAN], [3, 3]),
    ],
)
def test_gaps_are_bridged_and_ends_carried(
    values: list[float], filled: list[float], status: list[int]
) -> None:
    got, marks = bridge_and_carry(np.array(values, dtype=float).reshape(-1, 1), 6, 2)
    np.testing.assert_allclose(got[:, 0], filled)
    assert marks[:, 0].tolist() == status
