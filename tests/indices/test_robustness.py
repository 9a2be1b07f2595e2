"""Variants of the index: each changes the one thing it says, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from worlds import mini_definition, random_core, random_world

from indices import assemble
from indices.cube import Array, Axes
from indices.definition import Variant, load_definition
from indices.depth import compute_depth
from indices.robustness import (
    flipped,
    geometric_mean,
    measures_of,
    percentile_scores,
    relabelled,
    robustness_tables,
    z_scores,
)

AXES = Axes(tuple(range(1986, 2002)), ("CHN", "IRN", "OMN", "RUS", "SAU"))
REAL = load_definition()
(ASKED,) = REAL.questions
DEFINITION = replace(REAL, first_year=1998, questions=(replace(ASKED, principals=("CHN", "RUS")),))
EXISTS = np.ones(AXES.shape[:2], dtype=bool)


def test_percentiles_count_what_lies_below_and_half_of_the_equals() -> None:
    pool = np.sort(np.array([3.0, 1, 1, 7, 2]))
    values = np.array([0.0, 1, 2, 3, 7, 9, np.nan])
    expected = [stats.percentileofscore(pool, v, "mean") for v in values[:-1]]
    np.testing.assert_allclose(percentile_scores(values, pool)[:-1], expected)
    assert np.isnan(percentile_scores(values, pool)[-1])
    assert np.isnan(percentile_scores(values, pool[:0])).all()


def test_z_scores_are_those_of_the_pool() -> None:
    pool = np.array([0.0, 0, 10, 30])
    np.testing.assert_allclose(z_scores(pool, pool), stats.zscore(pool, ddof=1))
    assert np.isnan(z_scores(pool, np.full(4, 2.5))).all()


def test_the_geometric_mean_is_weighted_and_zero_with_any_zero() -> None:
    stack = np.array([[4.0, 4, 0], [9.0, 9, 9], [1.0, np.nan, 5]])
    weights = np.array([0.5, 0.3, 0.2])
    got = geometric_mean(stack, weights)
    np.testing.assert_allclose(got[[0, 2]], [4**0.5 * 9**0.3, 0])
    assert np.isnan(got[1])


def test_a_sign_turns_only_between_two_known_signs() -> None:
    got = flipped(np.array([1.0, -1, 0, np.nan, 2]), np.array([2.0, 2, 2, 2, np.nan]))
    assert list(got[:2]) == [False, True]
    assert got[2:].isna().all()


def test_without_a_variant_the_measures_are_the_published_ones() -> None:
    axes = Axes((2000, 2001), ("AAA", "BBB", "FFF", "PPP"))
    data, definition = random_world(axes, seed=4), mini_definition()
    depth = compute_depth(data, definition)
    got = measures_of(depth.scores, data, definition, None)
    for measure, cube in got.items():
        np.testing.assert_allclose(cube, depth.measure(measure), rtol=1e-12)
    assert np.isfinite(got["depth"]).any()


def test_leaving_a_pillar_out_is_the_mean_of_the_others() -> None:
    axes = Axes((2000, 2001), ("AAA", "BBB", "FFF", "PPP"))
    data, definition = random_world(axes, seed=5), mini_definition()
    depth = compute_depth(data, definition)
    for pillar in ("trade", "voting"):
        variant = Variant("v", "", without_pillar=pillar)
        got = measures_of(depth.scores, data, definition, variant)["depth"]
        left = {p.name: p.weight for p in definition.pillars if p.name != pillar}
        expected = sum(w * depth.pillars[p] for p, w in left.items()) / sum(left.values())
        np.testing.assert_allclose(got, expected, rtol=1e-12)
        # A tie that lacks only the pillar left out has a value here.
        assert (np.isfinite(got) & np.isnan(depth.pillars[pillar])).any()


def flows() -> pd.DataFrame:
    columns = ["exporter_iso3", "importer_iso3", "year", "recorded_usd", "adjustment_usd"]
    rows = [
        ("IRN", "CHN", 2020, 10.0, 60.0),
        ("OMN", "CHN", 2020, 100.0, 0.0),
        ("MYS", "CHN", 2020, 50.0, 0.0),
        ("SAU", "CHN", 2020, 500.0, 0.0),
        ("OMN", "CHN", 2019, 90.0, 0.0),
        ("OMN", "RUS", 2020, 7.0, 0.0),
    ]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(value_usd=frame["recorded_usd"] + frame["adjustment_usd"])


def test_relabelled_oil_comes_off_the_lenders_in_proportion() -> None:
    got = relabelled(flows(), ["OMN", "MYS"])["value_usd"]
    assert list(got) == [70, 60, 30, 500, 90, 7]
    # No flow falls below nothing.
    more = flows()
    more.loc[0, "adjustment_usd"] = 400
    assert list(relabelled(more, ["OMN", "MYS"])["value_usd"][1:3]) == [0, 0]


@pytest.fixture(scope="module")
def core() -> assemble.Frames:
    return random_core(AXES, seed=9)


@pytest.fixture(scope="module")
def index(core: assemble.Frames) -> assemble.Index:
    return assemble.compute(core, AXES, EXISTS, DEFINITION)


def tables(
    core: assemble.Frames, index: assemble.Index, *variants: Variant, **without: assemble.Frames
) -> tuple[pd.DataFrame, pd.DataFrame]:
    pool = assemble.indicator_table(index, DEFINITION)
    definition = replace(DEFINITION, variants=variants)
    return robustness_tables(core, AXES, EXISTS, pool, without, definition)


def test_a_variant_that_changes_nothing_gives_the_headline(
    core: assemble.Frames, index: assemble.Index
) -> None:
    same = Variant("same", "", without_source="nobody")
    dyads, gaps = tables(core, index, same, nobody={})
    assert len(gaps)
    np.testing.assert_array_equal(gaps["variant_gap"], gaps["gap"])
    assert not gaps["is_sign_flipped"].any()
    np.testing.assert_array_equal(dyads["variant_depth"], dyads["depth"])
    depth = index.depth.measure("depth")

    def published(a: str, b: str) -> Array:
        return depth[:, AXES.states.index(a), AXES.states.index(b)]

    for first, second, focal in (("CHN", "OMN", ("CHN", "IRN")), ("SAU", "RUS", ("IRN", "RUS"))):
        rows = dyads[(dyads["from_iso3"] == first) & (dyads["to_iso3"] == second)]
        at = rows["year"].to_numpy() - index.data.axes.years[0]
        expected = published(first, second) - published(*focal)
        np.testing.assert_allclose(rows["variant_lead"], expected[at], rtol=1e-12)
        np.testing.assert_array_equal(rows["variant_lead"], rows["lead"])
    focal = dyads[(dyads["from_iso3"] == "IRN") | (dyads["to_iso3"] == "IRN")]
    assert focal["variant_lead"].isna().all()


def test_variants_act_on_the_states_asked_about(
    core: assemble.Frames, index: assemble.Index
) -> None:
    kinds = (
        Variant("recorded", "", trade="recorded_usd"),
        Variant("no_labels", "", without_source="curated"),
        Variant("geometric", "", aggregate="geometric"),
        Variant("z", "", normalise="z_score"),
    )
    ties = core["core_treaties__yearly_dyads"].assign(partnership_tier=np.nan)
    dyads, gaps = tables(core, index, *kinds, curated={"core_treaties__yearly_dyads": ties})
    alone = core["core_trade__yearly_flows"].assign(value_usd=lambda f: f["recorded_usd"])
    for name, changed in (
        ("recorded", {"core_trade__yearly_flows": alone}),
        ("no_labels", {"core_treaties__yearly_dyads": ties}),
    ):
        other = assemble.compute(core | changed, AXES, EXISTS, DEFINITION)
        rows = dyads[dyads["variant"] == name]
        got = index.data.axes.cube(rows, "from_iso3", "to_iso3", "variant_depth")
        expected = other.depth.measure("depth")
        known = ~np.isnan(got)
        np.testing.assert_allclose(got[known], expected[known], rtol=1e-12)
        assert known.any()
        assert not np.allclose(rows["variant_depth"], rows["depth"])
    pillars = np.stack(list(index.depth.pillars.values()))
    rows = dyads[dyads["variant"] == "geometric"]
    got = index.data.axes.cube(rows, "from_iso3", "to_iso3", "variant_depth")
    expected = np.exp(np.log(np.where(pillars > 0, pillars, np.nan)).mean(axis=0))
    known = ~np.isnan(got) & (pillars > 0).all(axis=0)
    np.testing.assert_allclose(got[known], expected[known], rtol=1e-12)
    assert known.any()
    # Z-scores have no mutual mean; every other variant has one.
    mutual = gaps[gaps["view"] == "mutual"]
    assert mutual.loc[mutual["variant"] == "z", "variant_gap"].isna().all()
    assert mutual.loc[mutual["variant"] == "recorded", "variant_gap"].notna().all()


def test_percentiles_owe_nothing_to_goalposts(core: assemble.Frames, index: assemble.Index) -> None:
    variant = Variant("p", "", normalise="percentile")
    pool = assemble.indicator_table(index, DEFINITION)
    moved = replace(
        DEFINITION,
        variants=(variant,),
        pillars=tuple(
            replace(p, indicators=tuple(replace(i, hi=3 * i.hi) for i in p.indicators))
            for p in DEFINITION.pillars
        ),
    )
    first, _ = tables(core, index, variant)
    second, _ = robustness_tables(core, AXES, EXISTS, pool, {}, moved)
    np.testing.assert_array_equal(first["variant_depth"], second["variant_depth"])
    assert (first["depth"] != second["depth"]).any()
