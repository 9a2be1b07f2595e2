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
from indices.draws import Draws
from indices.gap import gap_table
from indices.intervals import MEASURES, Evidence, by_year
from indices.pillars.arms import estimated_share
from indices.pillars.trade import trade_error

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
def errors(index: assemble.Index, core: assemble.Frames) -> Evidence:
    return assemble.evidence(core, AXES, index.data, DEFINITION)


@pytest.fixture(scope="module")
def tables(index: assemble.Index, errors: Evidence) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Depth and ranks."""
    return assemble.depth_tables(index, errors, DEFINITION, Draws(DEFINITION, 40))


def test_tables_hold_every_pair_of_existing_states(
    index: assemble.Index, tables: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    # Five states over four years, a sixth over the last two.
    pairs = 5 * 4 * 4 + 2 * 5 * 2
    depth = tables[0]
    assert len(depth) == pairs
    assert not depth.duplicated([*ENDS, "year"]).any()
    assert len(assemble.pillar_table(index)) == 4 * pairs
    # Tiers have no row where they do not apply: among the four that are no principals.
    tierless = 3 * 2 * 4 + 2 * 3 * 2
    assert len(assemble.indicator_table(index, DEFINITION)) == 12 * pairs - tierless


def test_tables_hold_the_cells_of_the_index(
    index: assemble.Index, tables: tuple[pd.DataFrame, pd.DataFrame]
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
        got = axes.cube(tables[0], *ENDS, column)
        np.testing.assert_array_equal(got, cube - cube.transpose(0, 2, 1))


def whole_draws(index: assemble.Index, errors: Evidence) -> dict[str, Array]:
    """All draws of all pairs, from the axes of the whole index."""
    axes = index.data.axes
    full = {m: np.full((*axes.shape, 40), np.nan, np.float32) for m in MEASURES}

    def keep(t: int, cells: Array, drawn: dict[str, Array]) -> None:
        for measure in MEASURES:
            for row, cell in enumerate(cells):
                full[measure][t, cell // len(AXES.states), cell % len(AXES.states)] = drawn[
                    measure
                ][row]

    list(
        by_year(keep, index.data, index.depth, errors, Draws(DEFINITION, 40), DEFINITION, MEASURES)
    )
    full["depth"][~index.depth.is_full] = np.nan
    return full


def test_the_gap_uses_the_draws_of_its_own_pairs(index: assemble.Index, errors: Evidence) -> None:
    full = whole_draws(index, errors)
    (question,) = DEFINITION.questions
    expected = gap_table(question, index.data, index.depth, DEFINITION, index.sizes, full)
    made = assemble.gap_tables(index, errors, DEFINITION, Draws(DEFINITION, 40))
    pd.testing.assert_frame_equal(made, expected)
    assert expected["gap_lo90"].notna().all()
    quiet = expected[(expected["year"] == 2001) & (expected["measure"] == "depth")]
    assert set(quiet["bloc_n"]) == {1}


def test_ranks_are_among_a_principals_full_ties_and_hold_the_draws(
    index: assemble.Index, errors: Evidence, tables: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    ranks, states = tables[1], index.data.axes.states
    assert set(ranks["from_iso3"]) == {"CHN", "RUS"}
    draws = whole_draws(index, errors)["depth"]
    headline = index.depth.measure("depth")
    for row in ranks.itertuples():
        t, i = index.data.axes.years.index(row.year), states.index(row.from_iso3)
        j = states.index(row.to_iso3)
        ties = headline[t, i][~np.isnan(headline[t, i])]
        assert row.n_ranked == len(ties)
        assert row.rank == 1 + (ties > headline[t, i, j]).sum()
        others = draws[t, i][~np.isnan(headline[t, i])]
        each = 1 + (others > draws[t, i, j]).sum(axis=0)
        lo, hi = np.quantile(each, [0.05, 0.95])
        assert (row.rank_lo90, row.rank_hi90) == pytest.approx((lo, hi))
    assert len(ranks) == (~np.isnan(headline[:, [0, 3]])).sum()


def test_the_spread_of_the_gap_is_shared_out_among_what_is_uncertain(
    index: assemble.Index, core: assemble.Frames
) -> None:
    """With one factor alone uncertain, all of the spread is its own."""
    still = {k: 0.0 for k in DEFINITION.uncertainty if k.endswith(("_spread", "_sd"))}
    alone = {
        "goalposts": {"goalpost_spread": 0.25},
        "aggregation": {"aggregation_spread": 1.0},
        "trade_data": {"trade_log_sd": 0.2, "carried_log_sd": 0.2},
    }
    calls = core["core_un__roll_calls"].assign(body="SC")  # none of the Assembly's to resample
    flows = core["core_trade__yearly_flows"]
    known = flows["value_usd"] - flows["recorded_usd"]  # no range of unrecorded oil
    quiet = core | {
        "core_un__roll_calls": calls,
        "core_trade__yearly_flows": flows.assign(adjustment_lo_usd=known, adjustment_hi_usd=known),
    }
    for factor, spread in alone.items():
        uncertainty = DEFINITION.uncertainty | still | spread
        uncertainty |= {"sobol_draws": 128, "weight_concentration": 1e9}
        definition = replace(DEFINITION, arms_windows=(10,), uncertainty=uncertainty)
        errors = assemble.evidence(quiet, AXES, index.data, definition)
        made = assemble.sensitivity_table(index, errors, definition)
        assert set(made["principal_iso3"]) == {"CHN", "RUS"}
        assert set(made["year"]) == {1998, 1999, 2000, 2001}
        assert (made["sd"] > 0).all()
        shares = made.set_index("factor")[["first_order", "total_order"]]
        assert shares.loc[factor].to_numpy() == pytest.approx(1, abs=0.35)
        assert shares.drop(factor).abs().to_numpy().max() < 0.02


def test_evidence_is_what_the_tables_say_of_their_errors(core: assemble.Frames) -> None:
    flows = core["core_trade__yearly_flows"]
    made = trade_error(flows, AXES, reported=0.2, carried=0.4, cif_to_fob=1.0)
    np.testing.assert_allclose(made, 0.2)
    one = (flows["exporter_iso3"] == "CHN") & (flows["importer_iso3"] == "IRN")
    one &= flows["year"] == 2000
    there, back = (
        flows.loc[one, "value_usd"].item(),
        flows.loc[
            (flows["exporter_iso3"] == "IRN")
            & (flows["importer_iso3"] == "CHN")
            & (flows["year"] == 2000),
            "value_usd",
        ].item(),
    )
    t = AXES.years.index(2000)
    for change, sd in (
        ({"method": "carried"}, 0.4),
        # A range of e times and back as a 90 % interval: 2 over 2 x 1.645.
        ({"value_lo_usd": 1 / np.e, "value_hi_usd": np.e}, 2 / (2 * 1.645)),
        ({"value_lo_usd": 1.0, "value_hi_usd": 1.01}, 0.2),
    ):
        changed = flows.assign(**{k: flows[k].mask(one, v) for k, v in change.items()})
        found = trade_error(changed, AXES, reported=0.2, carried=0.4, cif_to_fob=1.0)
        expected = (sd * there + 0.2 * back) / (there + back)
        assert found[t, 0, 1] == pytest.approx(expected)
        assert found[t, 1, 0] == pytest.approx(expected)
        assert (~np.isclose(found, made)).sum() <= 2
    share = estimated_share(core["core_arms__yearly_dyads"], AXES, 10)
    assert set(np.round(share, 9).flat) == {0, 0.5}  # half of every delivery, or none at all


def test_recorded_trade_stands_beside(core: assemble.Frames, exists: Array) -> None:
    index = assemble.compute(core, AXES, exists, DEFINITION)
    beside = assemble.beside_table(core, AXES, index.data, DEFINITION)
    flows = core["core_trade__yearly_flows"]
    alone = {**core, "core_trade__yearly_flows": flows.assign(value_usd=flows["recorded_usd"])}
    other = assemble.compute(alone, AXES, exists, DEFINITION)
    rows = beside[beside["measure"] == "depth_recorded"]
    got = other.data.axes.cube(rows, *ENDS, "value")
    headline = index.depth.depth
    # Pairs that have a row are as if no oil were known; all others never held any.
    np.testing.assert_array_equal(np.where(np.isnan(got), headline, got), other.depth.depth)
    assert len(rows)
