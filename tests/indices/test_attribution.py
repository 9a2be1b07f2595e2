"""Moves divided among causes, against parts computed by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from indices.attribution import MOST_IN_EVERY_ORDER, attribute

NAN = float("nan")


def from_table(table: dict[str, list[float]]) -> Callable[[frozenset[str]], np.ndarray]:
    """Figures by the causes in place, written as one letter each."""
    return lambda chosen: np.array(table["".join(sorted(chosen))])


def test_causes_that_do_not_meet_get_what_they_do_alone() -> None:
    parts = attribute(from_table({"": [1], "a": [3], "b": [0.5], "ab": [2.5]}), ["a", "b"])
    assert parts.by["a"].tolist() == [2]
    assert parts.by["b"].tolist() == [-0.5]
    assert parts.is_shapley


def test_what_two_causes_do_together_is_shared() -> None:
    # A product that goes from 1 x 1 to 3 x 5: a gives 2 first or 10 last, b 4 first or 12 last.
    parts = attribute(from_table({"": [1], "a": [3], "b": [5], "ab": [15]}), ["a", "b"])
    assert parts.by["a"].tolist() == [6]
    assert parts.by["b"].tolist() == [8]


def test_with_many_causes_the_given_order_counts() -> None:
    causes = ["a", "b", "c"]
    assert len(causes) > MOST_IN_EVERY_ORDER
    asked: list[str] = []

    def value(chosen: frozenset[str]) -> np.ndarray:
        asked.append("".join(sorted(chosen)))
        size = {"a": 2.0, "b": 3.0, "c": 7.0}
        return np.array([np.prod([size[c] for c in chosen])])

    parts = attribute(value, causes)
    assert [parts.by[c].tolist() for c in causes] == [[1], [4], [36]]  # 1, 2, 6, 42
    assert sorted(asked) == ["", "a", "ab", "abc"]
    assert not parts.is_shapley


@pytest.mark.parametrize("seed", range(5))
def test_parts_add_up_to_the_move(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = {key: rng.normal(size=50).tolist() for key in ("", "a", "b", "ab")}
    for key in ("a", "b"):  # missing on the way only
        table[key][seed] = NAN
    parts = attribute(from_table(table), ["a", "b"])
    moves = np.array(table["ab"]) - np.array(table[""])
    np.testing.assert_allclose(sum(parts.by.values()), moves, atol=1e-12)
    assert set(parts.decisive) == {""}


def test_a_figure_that_comes_or_goes_names_the_cause() -> None:
    figures = {
        "": [NAN, 1, NAN, NAN],
        "a": [NAN, NAN, 4, NAN],
        "b": [2, 1, NAN, NAN],
        "ab": [2, NAN, 4, NAN],
    }
    parts = attribute(from_table(figures), ["a", "b"])
    assert parts.decisive.tolist() == ["b", "a", "a", ""]
    assert np.isnan(parts.by["a"]).all()


def test_without_a_cause_there_are_no_parts() -> None:
    parts = attribute(from_table({"": [1, NAN]}), [])
    assert parts.by == {}
    assert parts.decisive.tolist() == ["", ""]
