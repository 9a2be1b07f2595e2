"""A year is drawn again when, and only when, something that it is made of has changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from test_assemble import AXES, DEFINITION
from worlds import random_core

from indices import assemble
from indices.cube import Array, Axes
from indices.depth import Indicators
from indices.draws import Draws
from indices.intervals import Evidence
from indices.years import year_key
from pipelines import years
from pipelines.years import YearFiles

YEAR = 2000  # of 1998 to 2001
AT = YEAR - 1998
DRAWS = Draws(DEFINITION, 40)


class Kept(dict[str, Array]):
    """Years in memory."""

    def put(self, key: str, year: Array) -> None:
        assert key not in self
        self[key] = year


@pytest.fixture(scope="module")
def core() -> assemble.Frames:
    return random_core(AXES, seed=2)


def made(core: assemble.Frames, last: int = AXES.years[-1]) -> tuple[assemble.Index, Evidence]:
    """The index up to a year, and the errors of its data."""
    axes = Axes(tuple(y for y in AXES.years if y <= last), AXES.states)
    exists = np.ones(axes.shape[:2], dtype=bool)
    index = assemble.compute(core, axes, exists, DEFINITION)
    return index, assemble.evidence(core, axes, index.data, DEFINITION)


def test_one_new_year_is_drawn_alone_and_gives_the_same_bytes(core: assemble.Frames) -> None:
    kept = Kept()
    assemble.depth_tables(*made(core, 2000), DEFINITION, DRAWS, kept)
    assert len(kept) == 3
    whole = made(core)
    new = Kept(kept)
    tables = assemble.depth_tables(*whole, DEFINITION, DRAWS, new)
    assert len(new) == 4
    for found, wanted in zip(tables, assemble.depth_tables(*whole, DEFINITION, DRAWS), strict=True):
        pd.testing.assert_frame_equal(found, wanted, check_exact=True)
    assert len(tables[1]) > 0
    assemble.depth_tables(*whole, DEFINITION, DRAWS, replaced := Kept(new))
    assert replaced.keys() == new.keys()


def changes(data: Indicators, errors: Evidence, t: int) -> Iterator[tuple[str, object, object]]:
    """The same with one thing of a year changed, one after the other."""

    def other(cube: Array, *before: slice) -> Array:
        cube = np.broadcast_to(cube, (*cube.shape[: len(before)], *data.axes.shape)).copy()
        cell = cube[*before, t, 0, 1]
        cube[*before, t, 0, 1] = ~cell if cube.dtype == bool else np.nan_to_num(cell) + 1
        return cube

    # What is not read by a draw: the axes are the same for all years.
    for field in {f.name for f in fields(data)} - {"axes", "status"}:
        now = getattr(data, field)
        if isinstance(now, dict):
            for name in now:
                cubes = now | {name: other(now[name])}
                yield f"{field} {name}", replace(data, **{field: cubes}), errors
        else:
            yield field, replace(data, **{field: other(now)}), errors
    for field in {f.name for f in fields(errors)} - {"votes"}:
        now = getattr(errors, field)
        if isinstance(now, dict):
            for name in now:
                cubes = now | {name: other(now[name], slice(None))}
                yield f"{field} {name}", data, replace(errors, **{field: cubes})
        else:
            yield field, data, replace(errors, **{field: other(now)})
    votes = errors.votes
    codes = votes.codes.copy()
    codes[np.flatnonzero(votes.period == data.axes.years[t])[0], 0] += 1
    yield "votes", data, replace(errors, votes=replace(votes, codes=codes))


def test_the_key_holds_everything_a_year_is_made_of_and_nothing_of_other_years(
    core: assemble.Frames,
) -> None:
    index, errors = made(core)
    key = year_key(index.data, errors, DEFINITION, AT)
    seen = {key}
    for what, data, evidence in changes(index.data, errors, AT):
        seen.add(found := year_key(data, evidence, DEFINITION, AT))
        assert found != key, what
    assert len(seen) > 20
    for what, data, evidence in changes(index.data, errors, AT - 1):
        assert year_key(data, evidence, DEFINITION, AT) == key, what
    other = replace(DEFINITION, sha256="0" * 64)
    assert year_key(index.data, errors, other, AT) != key


def test_files_give_back_what_was_put_and_nothing_that_is_damaged_or_of_other_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    year = np.array([[1 / 3, np.nan]] * 4)
    files = YearFiles(tmp_path / "years")
    assert files.get("one") is None
    files.put("one", year)
    files.put("two", year)
    np.testing.assert_array_equal(YearFiles(tmp_path / "years").get("one"), year)
    (path,) = (tmp_path / "years").glob("*-one.npz")
    whole = path.read_bytes()
    for damaged in (whole[:-40], whole[:150] + b"\x00" + whole[151:], b""):
        path.write_bytes(damaged)
        assert files.get("one") is None
    path.write_bytes(whole)
    later = YearFiles(tmp_path / "years")
    assert later.get("one") is not None
    later.tidy()
    assert list((tmp_path / "years").iterdir()) == [path]
    monkeypatch.setattr(years, "_program", lambda: "another")
    assert later.get("one") is None
