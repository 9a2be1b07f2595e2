"""From the index to its output tables: nothing is lost, moved or mixed up on the way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from worlds import random_core

from indices import assemble
from indices.cube import Array, Axes
from indices.definition import load_definition
from indices.depth import STATUS
from indices.gap import gap_table
from indices.intervals import MEASURES, yearly_draws
from indices.pillars.voting import ballots

AXES = Axes(tuple(range(1986, 2002)), ("CHN", "IRN", "OMN", "RUS", "SAU", "ZZZ"))
REAL = load_definition()
(ASKED,) = REAL.questions
DEFINITION = replace(
    REAL,
    first_year=1998,
    uncertainty={**REAL.uncertainty, "draws": 40},
    questions=(replace(ASKED, principals=("CHN", "RUS")),),
)
ENDS = ("from_iso3", "to_iso3")


@pytest.fixture(scope="module")
def core() -> assemble.Frames:
    """A small world in which Oman's votes of 2001 are too few."""
    made = random_core(AXES, seed=2)
    votes = made["core_un__yearly_dyads"]
    quiet = (votes["year"] == 2001) & ((votes["from_iso3"] == "OMN") | (votes["to_iso3"] == "OMN"))
    return {**made, "core_un__yearly_dyads": votes.assign(n_joint=votes["n_joint"].mask(quiet, 3))}


@pytest.fixture(scope="module")
def exists() -> Array:
    """ZZZ, which no question names, is a state from 2000 only."""
    made = np.ones(AXES.shape[:2], dtype=bool)
    made[: AXES.years.index(2000), AXES.states.index("ZZZ")] = False
    return made


@pytest.fixture(scope="module")
def index(core: assemble.Frames, exists: Array) -> assemble.Index:
    return assemble.compute(core, AXES, exists, DEFINITION)


@pytest.fixture(scope="module")
def depth_and_gap(
    index: assemble.Index, core: assemble.Frames
) -> tuple[pd.DataFrame, pd.DataFrame]:
    return assemble.depth_and_gap_tables(index, core, DEFINITION)


def test_tables_hold_every_pair_of_existing_states(
    index: assemble.Index, depth_and_gap: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    # Five states over four years, a sixth over the last two.
    pairs = 5 * 4 * 4 + 2 * 5 * 2
    depth = depth_and_gap[0]
    assert len(depth) == pairs
    assert not depth.duplicated([*ENDS, "year"]).any()
    assert len(assemble.pillar_table(index)) == 4 * pairs
    # Tiers have no row where they do not apply: among the four that are no principals.
    tierless = 3 * 2 * 4 + 2 * 3 * 2
    assert len(assemble.indicator_table(index, DEFINITION)) == 12 * pairs - tierless


def test_tables_hold_the_cells_of_the_index(
    index: assemble.Index, depth_and_gap: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    axes, data = index.data.axes, index.data
    indicators = assemble.indicator_table(index, DEFINITION)
    for name, rows in indicators.groupby("indicator", observed=True):
        kept = data.exists & data.applies.get(name, np.array(True))
        for column, cubes in (("value", data.values), ("score", index.depth.scores)):
            got = axes.cube(rows, *ENDS, column)
            np.testing.assert_array_equal(got, np.where(kept, cubes[name], np.nan))
        codes = axes.cube(rows.assign(code=rows["status"].cat.codes), *ENDS, "code", -1)
        np.testing.assert_array_equal(codes, np.where(kept, data.status[name], -1))
    assert tuple(indicators["status"].cat.categories) == STATUS
    for name, rows in assemble.pillar_table(index).groupby("pillar", observed=True):
        np.testing.assert_array_equal(axes.cube(rows, *ENDS, "score"), index.depth.pillars[name])
    pillar = dict(zip(indicators["indicator"], indicators["pillar"], strict=True))
    assert pillar == {i.name: i.pillar for i in DEFINITION.indicators}
    # Full here at both ends or at neither, so that all depths may be compared.
    for column, cube in (
        ("perception_gap", index.depth.depth),
        ("perception_gap_directional", index.depth.directional),
    ):
        got = axes.cube(depth_and_gap[0], *ENDS, column)
        np.testing.assert_array_equal(got, cube - cube.transpose(0, 2, 1))


def test_the_gap_uses_the_draws_of_its_own_pairs(
    index: assemble.Index,
    core: assemble.Frames,
    depth_and_gap: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    axes, n = index.data.axes, len(AXES.states)
    calls = core["core_un__roll_calls"]
    votes = ballots(core["core_un__votes"], calls.assign(year=calls["date"].dt.year), "year")
    full = {m: np.full((*axes.shape, 40), np.nan, np.float32) for m in MEASURES}
    for t, cells, drawn in yearly_draws(index.data, index.depth, votes, DEFINITION):
        for measure in MEASURES:
            for row, cell in enumerate(cells):
                full[measure][t, cell // n, cell % n] = drawn[measure][row]
    full["depth"][~index.depth.is_full] = np.nan
    (question,) = DEFINITION.questions
    expected = gap_table(question, index.data, index.depth, DEFINITION, index.sizes, full)
    pd.testing.assert_frame_equal(depth_and_gap[1], expected)
    assert expected["gap_lo90"].notna().all()
    quiet = expected[(expected["year"] == 2001) & (expected["measure"] == "depth")]
    assert set(quiet["bloc_n"]) == {1}


def test_recorded_trade_stands_beside(core: assemble.Frames, exists: Array) -> None:
    beside = assemble.beside_table(core, AXES, exists, DEFINITION)
    flows = core["core_trade__yearly_flows"]
    alone = {**core, "core_trade__yearly_flows": flows.assign(value_usd=flows["recorded_usd"])}
    other = assemble.compute(alone, AXES, exists, DEFINITION)
    rows = beside[beside["measure"] == "depth_recorded"]
    got = other.data.axes.cube(rows, *ENDS, "value")
    headline = assemble.compute(core, AXES, exists, DEFINITION).depth.depth
    # Pairs that have a row are as if no oil were known; all others never held any.
    np.testing.assert_array_equal(np.where(np.isnan(got), headline, got), other.depth.depth)
    assert len(rows)
