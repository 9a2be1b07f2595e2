"""The index by hand on three states, and what must hold in any world."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import NAMES, mini_definition, random_core, random_world, world

from indices import assemble
from indices.cube import Array, Axes, swap
from indices.definition import load_definition
from indices.depth import CARRIED, MISSING, Depth, Indicators, compute_depth, mutual, same_status

NAN = float("nan")
DEFINITION = mini_definition()
AXES = Axes((2000,), ("AAA", "FFF", "PPP"))
# share, intensity, arms imports, volume, commitment, tier, agreements, kappa
BY_HAND = {
    ("PPP", "FFF"): (10, 4, 25, 20, 100, 0.5, 1, 0.3),
    ("FFF", "PPP"): (0.5, 9, 0, 20, 0, 0.5, 1, 0.3),
    ("FFF", "AAA"): (20, NAN, NAN, 50, 20, NAN, 4, -0.2),
    ("AAA", "FFF"): (0, 0, 0, 0, 0, NAN, 0, 0),
    ("PPP", "AAA"): (4, 2, NAN, NAN, 50, NAN, NAN, 0.9),
    ("AAA", "PPP"): (4, 2, 0, 0, NAN, 1, 4, NAN),
}


@pytest.fixture(scope="module")
def hand() -> Depth:
    values = {n: np.full(AXES.shape, NAN) for n in NAMES}
    for (a, b), row in BY_HAND.items():
        for name, value in zip(NAMES, row, strict=True):
            values[name][0, AXES.states.index(a), AXES.states.index(b)] = value
    return compute_depth(world(AXES, values), DEFINITION)


def at(cube: Array, a: str, b: str) -> float:
    return float(cube[0, AXES.states.index(a), AXES.states.index(b)])


@pytest.mark.parametrize(
    ("a", "b", "trade", "arms", "treaties", "voting", "depth"),
    [
        # 0.6*50 + 0.4*40; (50 + 20)/2; 0.4*100 + 0.3*50 + 0.3*25.
        ("PPP", "FFF", 46, 35, 62.5, 30, 0.4 * 46 + 0.2 * (35 + 62.5 + 30)),
        # Intensity of 9 stays at 50 while the share is below 1 %.
        ("FFF", "PPP", 0.6 * 2.5 + 0.4 * 50, 10, 22.5, 30, 0.4 * 21.5 + 0.2 * 62.5),
        # No intensity, no import share: what is left has at least half the weight. The tier does
        # not apply, so treaties are (0.4*20 + 0.3*100)/0.7. Kappa below zero scores zero.
        ("FFF", "AAA", 100, 50, 38 / 0.7, 0, 0.4 * 100 + 0.2 * (50 + 38 / 0.7)),
        ("AAA", "FFF", 0, 0, 0, 0, 0),
        # Three pillars: their weights are rescaled to one. The commitment alone makes treaties.
        ("PPP", "AAA", 20, NAN, 50, 90, (0.4 * 20 + 0.2 * 50 + 0.2 * 90) / 0.8),
        # Treaties need the commitment, whatever else is known; two pillars are too few.
        ("AAA", "PPP", 20, 0, NAN, NAN, NAN),
    ],
)
def test_pillars_and_depth_by_hand(
    hand: Depth,
    a: str,
    b: str,
    trade: float,
    arms: float,
    treaties: float,
    voting: float,
    depth: float,
) -> None:
    got = [at(hand.pillars[p], a, b) for p in ("trade", "arms", "treaties", "voting")]
    assert got == pytest.approx([trade, arms, treaties, voting], nan_ok=True)
    assert at(hand.depth, a, b) == pytest.approx(depth, nan_ok=True)


def test_halves_and_directional_part_by_hand(hand: Depth) -> None:
    # Costly: trade 46, arms 35, commitment alone 100. Declared: tier and agreements, and votes.
    assert at(hand.costly, "PPP", "FFF") == pytest.approx((0.4 * 46 + 0.2 * 35 + 0.2 * 100) / 0.8)
    assert at(hand.declared, "PPP", "FFF") == pytest.approx((37.5 + 30) / 2)
    assert at(hand.directional, "PPP", "FFF") == pytest.approx((0.4 * 46 + 0.2 * 50) / 0.6)
    # A half with an unknown pillar is unknown: no arms, no votes.
    assert np.isnan(at(hand.costly, "PPP", "AAA"))
    assert np.isnan(at(hand.declared, "AAA", "PPP"))


def test_status_and_coverage_by_hand(hand: Depth) -> None:
    full = {(a, b): bool(at(hand.is_full, a, b)) for a, b in BY_HAND}
    assert [k for k, v in full.items() if not v] == [("PPP", "AAA"), ("AAA", "PPP")]
    assert at(hand.coverage, "PPP", "FFF") == pytest.approx(1)
    # Trade 0.6 and arms 0.5 observed; without the tier the rest of the treaties is all there is.
    assert at(hand.coverage, "FFF", "AAA") == pytest.approx(0.4 * 0.6 + 0.2 * 0.5 + 0.4)
    assert at(hand.pillar_coverage["treaties"], "PPP", "AAA") == pytest.approx(0.4)


def test_what_is_carried_is_scored_but_not_covered() -> None:
    data = world(AXES, {"vote_kappa": np.full(AXES.shape, 0.5)})
    data.status["vote_kappa"][:] = CARRIED
    got = compute_depth(data, DEFINITION)
    assert at(got.depth, "PPP", "FFF") == pytest.approx(0.2 * 50)
    assert at(got.coverage, "PPP", "FFF") == pytest.approx(0.8)


def test_both_ends_are_compared_only_with_the_same_status(hand: Depth) -> None:
    comparable = same_status(hand)
    assert at(mutual(comparable), "PPP", "FFF") == pytest.approx(sqrt(43.9 * 21.1))
    assert at(comparable - swap(comparable), "FFF", "PPP") == pytest.approx(21.1 - 43.9)
    partial = replace(hand, is_full=hand.is_full.copy())
    partial.is_full[0, 2, 1] = False
    assert np.isnan(at(mutual(same_status(partial)), "PPP", "FFF"))
    assert np.isnan(at(partial.measure("depth"), "PPP", "FFF"))
    assert at(partial.measure("costly"), "PPP", "FFF") == at(hand.costly, "PPP", "FFF")


def reordered(data: Indicators, order: Array) -> Indicators:
    """The same world with its states in another order."""

    def turn(cubes: dict[str, Array]) -> dict[str, Array]:
        return {k: v[:, order][:, :, order] for k, v in cubes.items()}

    return replace(
        data,
        exists=data.exists[:, order][:, :, order],
        values=turn(data.values),
        status=turn(data.status),
        applies=turn(data.applies),
    )


def published(depth: Depth) -> dict[str, Array]:
    names = ("depth", "is_full", "costly", "declared", "directional", "coverage")
    return {**depth.scores, **depth.pillars, **{n: getattr(depth, n) for n in names}}


worlds = st.integers(0, 10_000).map(
    lambda seed: random_world(Axes((2000, 2001, 2002), ("AAA", "BBB", "FFF", "PPP")), seed)
)
quick = settings(derandomize=True, deadline=None, max_examples=15)


@quick
@given(worlds)
def test_swapping_two_states_swaps_their_scores_exactly(data: Indicators) -> None:
    order = np.array([2, 1, 0, 3])
    before, after = (
        published(compute_depth(d, DEFINITION)) for d in (data, reordered(data, order))
    )
    for name, cube in before.items():
        np.testing.assert_array_equal(after[name], cube[:, order][:, :, order], err_msg=name)


@quick
@given(worlds)
def test_years_do_not_touch_each_other(data: Indicators) -> None:
    whole = published(compute_depth(data, DEFINITION))
    alone = published(compute_depth(assemble.since(data, 2002), DEFINITION))
    for name, cube in whole.items():
        np.testing.assert_array_equal(alone[name], cube[2:], err_msg=name)


@quick
@given(worlds, st.sampled_from(NAMES))
def test_a_removed_input_is_missing_and_not_zero(data: Indicators, name: str) -> None:
    gone = replace(
        data,
        values={**data.values, name: np.full(data.axes.shape, NAN)},
        status={**data.status, name: np.full(data.axes.shape, MISSING, np.int8)},
    )
    before, after = compute_depth(data, DEFINITION), compute_depth(gone, DEFINITION)
    assert np.isnan(after.scores[name]).all()
    assert (after.coverage <= before.coverage + 1e-12)[data.exists].all()
    pillar = next(i.pillar for i in DEFINITION.indicators if i.name == name)
    for other in set(before.pillars) - {pillar}:
        np.testing.assert_array_equal(after.pillars[other], before.pillars[other])
    if name in ("security_commitment", "vote_kappa"):  # their pillars stand and fall with them
        assert np.isnan(after.pillars[pillar]).all()
        assert not after.is_full.any()


REAL = load_definition()
CORE_AXES = Axes(tuple(range(1986, 2003)), ("CHN", "IRN", "OMN", "RUS", "SAU"))
CORE = random_core(CORE_AXES, seed=4)


def computed(axes: Axes, core: dict[str, pd.DataFrame]) -> assemble.Index:
    """The index of a small world over the last five years of its axes."""
    exists = np.ones(axes.shape[:2], dtype=bool)
    return assemble.compute(core, axes, exists, replace(REAL, first_year=1998))


@pytest.fixture(scope="module")
def real() -> assemble.Index:
    return computed(CORE_AXES, CORE)


def test_from_core_tables_every_pair_of_two_states_has_a_full_depth(real: assemble.Index) -> None:
    off_diagonal = ~np.eye(5, dtype=bool)
    assert real.data.axes.years == tuple(range(1998, 2003))
    assert (real.depth.is_full == off_diagonal).all()
    assert (
        real.data.applies["partnership_tier"][0] == ~np.isin(range(5), [1, 2, 4])[:, None]
    ).any()
    assert not real.data.applies["partnership_tier"][0, 1, 2]


def test_adding_a_year_changes_no_earlier_score(real: assemble.Index) -> None:
    shorter = Axes(CORE_AXES.years[:-1], CORE_AXES.states)
    core = {
        k: v[(v["year"] if "year" in v else v["roll_call_id"] // 100) <= 2001]
        for k, v in CORE.items()
        if k != "core_un__roll_calls"
    }
    core["core_un__roll_calls"] = CORE["core_un__roll_calls"].query("date < '2002'")
    before, after = published(computed(shorter, core).depth), published(real.depth)
    for name, cube in before.items():
        np.testing.assert_array_equal(after[name][:-1], cube, err_msg=name)


def test_renaming_two_states_swaps_their_scores_exactly(real: assemble.Index) -> None:
    other = {"IRN": "SAU", "SAU": "IRN"}
    core = {k: v.replace(other) for k, v in CORE.items()}
    order = np.array([0, 4, 2, 3, 1])
    before, after = published(real.depth), published(computed(CORE_AXES, core).depth)
    for name, cube in before.items():
        np.testing.assert_array_equal(after[name], cube[:, order][:, :, order], err_msg=name)
