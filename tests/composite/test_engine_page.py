"""The page that documents the engine: its examples run, and it names every method there is."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from indices.composite import aggregate, data, definition, factors, index, normalise, treat, whatif

PAGE = Path(__file__).parents[2] / "docs" / "ENGINE.md"


def test_the_examples_of_the_page_run_as_printed() -> None:
    found = doctest.testfile(
        str(PAGE), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE
    )
    assert found.attempted > 25
    assert found.failed == 0


@pytest.mark.parametrize(
    "names",
    [
        normalise.METHODS,
        aggregate.METHODS,
        data.METHODS,
        treat.METHODS,
        whatif.NORMS,
        definition.STEPS,
        index.STEPS,
        definition.NODE,
        factors.STEPS,
        [c.__name__ for c in factors.Factor.__args__],
    ],
    ids=" ".join,
)
def test_the_page_names_every_method(names: object) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in names if f"`{name}`" not in page and f".{name}`" not in page] == []
