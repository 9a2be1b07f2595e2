"""The index from the real core tables: the same, swapped, cut short and with rows missing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from builds import Built

from indices import assemble
from indices.assemble import Frames
from indices.definition import load_definition
from pipelines.core import scope
from schemas import REGISTRY, conform
from warehouse.tables import read

DEFINITION = load_definition()
ENDS = ["from_iso3", "to_iso3"]
YEAR = 2014
# What one row of evidence feeds, and the row.
REMOVED = {
    "core_trade__yearly_flows": ("exporter_iso3", "importer_iso3", "IRN", "CHN"),
    "core_un__yearly_dyads": ("from_iso3", "to_iso3", "SAU", "RUS"),
    "core_treaties__yearly_dyads": ("from_iso3", "to_iso3", "CHN", "PAK"),
    "core_geo__yearly_economy": ("iso3", "iso3", "IND", "IND"),
}


@pytest.fixture(scope="module")
def core(built: Built) -> Frames:
    """Every core table of the build."""
    names = [n for n, t in REGISTRY.items() if t.layer == "core"]
    return {n: read(built.tables / f"{n}.parquet", REGISTRY[n]) for n in names}


def published(built: Built, name: str) -> pd.DataFrame:
    """An output table of the build."""
    return read(built.tables / f"{name}.parquet", REGISTRY[name])


def compute(core: Frames) -> assemble.Index:
    """Compute the index over the states and years of the core tables."""
    return assemble.compute(core, *scope.axes_of(core["core_geo__state_years"]), DEFINITION)


def long(index: assemble.Index) -> pd.DataFrame:
    """Scores of all indicators and pillars, and depth, by pair, year and what is scored."""
    names = {
        **index.depth.scores,
        **{f"pillar {k}": v for k, v in index.depth.pillars.items()},
        "depth": index.depth.depth,
    }
    axes = index.data.axes
    frame = axes.long(index.data.exists, names, tuple(ENDS))
    return frame.astype(dict.fromkeys(ENDS, "str")).set_index([*ENDS, "year"]).sort_index()


@pytest.fixture(scope="module")
def index(core: Frames) -> assemble.Index:
    return compute(core)


@pytest.fixture(scope="module")
def scores(index: assemble.Index) -> pd.DataFrame:
    return long(index)


def test_the_same_tables_give_the_published_numbers(built: Built, index: assemble.Index) -> None:
    axes = index.data.axes
    indicators = published(built, "out_indicators__yearly_dyads")
    for name, rows in indicators.groupby("indicator", observed=True):
        kept = index.data.exists & index.data.applies.get(name, np.array(True))
        expected = np.where(kept, index.depth.scores[name], np.nan)
        np.testing.assert_array_equal(axes.cube(rows, *ENDS, "score"), expected)
    depth = published(built, "out_depth__yearly_dyads")
    np.testing.assert_array_equal(axes.cube(depth, *ENDS, "depth"), index.depth.depth)


@pytest.mark.parametrize(("one", "other"), [("IRN", "BRA")])
def test_swapping_two_states_swaps_their_scores(
    core: Frames, scores: pd.DataFrame, one: str, other: str
) -> None:
    swap = {one: other, other: one}

    def swapped(frame: pd.DataFrame) -> pd.DataFrame:
        codes = [c for c in frame.columns if c.endswith("iso3")]
        return frame.assign(**{c: frame[c].astype("str").replace(swap) for c in codes})

    found = long(compute({name: swapped(frame) for name, frame in core.items()}))
    back = found.reset_index().replace(dict.fromkeys(ENDS, swap))
    back = back.set_index([*ENDS, "year"]).sort_index()
    assert not found.loc[one].equals(back.loc[one])  # the two are no twins
    pd.testing.assert_frame_equal(back, scores, check_exact=True)


def test_a_later_year_changes_no_earlier_score(built: Built, core: Frames) -> None:
    last, first = 2012, 2009

    def cut(frame: pd.DataFrame) -> pd.DataFrame:
        if "roll_call_id" in frame and "date" not in frame:
            calls = core["core_un__roll_calls"]
            kept = calls.loc[calls["date"].dt.year <= last, "roll_call_id"]
            return frame[frame["roll_call_id"].isin(kept)]
        when = frame["year"] if "year" in frame else frame["date"].dt.year
        return frame[when <= last]

    dated = {n: f for n, f in core.items() if {"year", "roll_call_id"} & set(f)}
    short = {n: cut(f) for n, f in dated.items()}
    axes, exists = scope.axes_of(short["core_geo__state_years"])
    assert axes.years[-1] == last
    # The draws of each year stand alone: four years of them are enough.
    made = assemble.output_tables(short, axes, exists, replace(DEFINITION, first_year=first))
    dyads = ("indicators", "pillars", "depth", "ranks")
    names = (*(f"{d}__yearly_dyads" for d in dyads), "gap__yearly")
    for name, frame in zip(names, made, strict=False):
        table = REGISTRY[f"out_{name}"]
        now = published(built, table.name)
        now = conform(now[now["year"].between(first, last)], table)
        assert len(now) > 100
        pd.testing.assert_frame_equal(conform(frame, table), now, check_exact=True)


@pytest.fixture(scope="module")
def holed(core: Frames) -> assemble.Index:
    """The index without one row of each of several core tables."""
    made = dict(core)
    for name, (a, b, i, j) in REMOVED.items():
        frame = core[name]
        gone = (frame[a] == i) & (frame[b] == j) & (frame["year"] == YEAR)
        assert gone.sum() == 1, name
        made[name] = frame[~gone]
    return compute(made)


@pytest.mark.parametrize(
    ("i", "j", "indicator", "expected"),
    [
        # With one of two flows unknown, so is the trade of the two, from either end.
        ("CHN", "IRN", "trade_share", "missing"),
        ("IRN", "CHN", "trade_share", "missing"),
        ("SAU", "RUS", "vote_kappa", "missing"),
        ("CHN", "PAK", "security_commitment", "missing"),
        # A gap of one year in a state's output is bridged, and says so.
        ("IND", "CHN", "trade_dependence", "changed"),
    ],
)
def test_a_row_removed_shows_as_missing_or_changed_never_as_zero(
    index: assemble.Index, holed: assemble.Index, i: str, j: str, indicator: str, expected: str
) -> None:
    axes = index.data.axes
    cell = axes.years.index(YEAR), axes.states.index(i), axes.states.index(j)
    before, after = (x.data.values[indicator][cell] for x in (index, holed))
    assert before > 0
    assert np.isnan(after) if expected == "missing" else (after > 0 and after != before)
    if expected == "missing":
        assert np.isnan(holed.depth.scores[indicator][cell])
        pillar = next(x.pillar for x in DEFINITION.indicators if x.name == indicator)
        assert np.isnan(holed.depth.pillars[pillar][cell])
        assert index.depth.is_full[cell]
        assert not holed.depth.is_full[cell]


def test_a_row_removed_touches_nobody_else(scores: pd.DataFrame, holed: assemble.Index) -> None:
    after = long(holed)
    differs = ~((after == scores) | (after.isna() & scores.isna())).all(axis=1)
    touched = after.index[differs]
    states = {"IRN", "CHN", "SAU", "RUS", "PAK", "IND"}
    assert {i for i, _, _ in touched} <= states
    # Trailing windows of three years; an arms window is not among what was removed.
    assert {y for *_, y in touched} <= set(range(YEAR, YEAR + 3))
