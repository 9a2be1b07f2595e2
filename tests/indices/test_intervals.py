"""Draws: reproducible, paired, and centred on the headline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from worlds import mini_definition, random_world

from indices.composite.uncertainty import interval
from indices.cube import Array, Axes
from indices.definition import Definition
from indices.depth import OBSERVED, Depth, Indicators, compute_depth
from indices.intervals import MEASURES, draw_weights, yearly_draws
from indices.pillars.voting import Ballots, agreement_by_period

NAN = float("nan")
AXES = Axes((2000, 2001), ("AAA", "BBB", "CCC", "FFF", "PPP"))
Drawn = list[tuple[int, Array, dict[str, Array]]]


def voted(missing: float = 0.0, calls: int = 80) -> tuple[Indicators, Ballots]:
    """A random world whose kappa is that of its ballots."""
    rng = np.random.default_rng(5)
    # States lean differently, so that kappas spread between the goalposts.
    lean = np.linspace(0.4, 0.9, len(AXES.states))
    mood = rng.integers(0, 3, size=(2 * calls, 1))
    own = rng.integers(0, 3, size=(2 * calls, len(AXES.states)))
    codes = np.where(rng.random(own.shape) < lean, mood, own).astype(np.int8)
    period = np.repeat(AXES.years, calls)
    votes = Ballots(codes, np.ones(len(codes), dtype=bool), period, AXES.states)
    kappa = agreement_by_period(votes)[1]["kappa"]
    data = random_world(AXES, seed=6, missing=missing)
    data.values["vote_kappa"] = np.where(data.exists, kappa, NAN)
    data.status["vote_kappa"][:] = OBSERVED
    return data, votes


def run(definition: Definition, missing: float = 0.0) -> tuple[Drawn, Depth]:
    data, votes = voted(missing)
    depth = compute_depth(data, definition)
    return list(yearly_draws(data, depth, votes, definition)), depth


def test_the_same_seed_draws_the_same_and_another_seed_does_not() -> None:
    first, again, other = (run(mini_definition(seed=s))[0] for s in (1, 1, 2))
    for a, b, c in zip(first, again, other, strict=True):
        for measure in MEASURES:
            np.testing.assert_array_equal(a[2][measure], b[2][measure])
            assert not np.array_equal(a[2][measure], c[2][measure])


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_the_headline_lies_near_the_centre_of_its_interval(missing: float) -> None:
    drawn, depth = run(mini_definition(draws=1000), missing)
    headline = {"depth": depth.depth, "costly": depth.costly, "declared": depth.declared}
    for t, cells, draws in drawn:
        # Where kappa lies on a goalpost the score can only move one way.
        votes = depth.scores["vote_kappa"][t].reshape(-1)[cells]
        inside = (votes > 20) & (votes < 80)
        for measure in MEASURES:
            nominal = headline[measure][t].reshape(-1)[cells]
            assert (np.isnan(draws[measure]) == np.isnan(nominal)[:, None]).all()
            typical = ~np.isnan(nominal) & inside
            assert typical.sum() >= 4
            lo, hi = interval(draws[measure][typical])
            middle, half = (lo + hi) / 2, (hi - lo) / 2
            assert np.all(np.abs(nominal[typical] - middle) <= 0.15 * half)


def test_drawn_weights_are_the_nominal_ones_on_average() -> None:
    definition = mini_definition(draws=4000)
    weights = draw_weights(definition)
    nominal = np.array([p.weight for p in definition.pillars])
    assert weights.pillars.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert weights.pillars.mean(axis=0) == pytest.approx(nominal, abs=0.005)
    for p in definition.pillars:
        drawn = weights.indicators[p.name].mean(axis=0)
        assert drawn == pytest.approx([i.weight for i in p.indicators], abs=0.006)


def by_hand(
    data: Indicators,
    depth: Depth,
    definition: Definition,
    cell: tuple[int, int, int],
    kinds: set[str],
) -> list[float]:
    """Depth of one cell under every draw of weights, in plain loops; votes fixed."""
    weights, out = draw_weights(definition), []
    for d in range(len(weights.pillars)):
        total = present = 0.0
        for k, p in enumerate(definition.pillars):
            if len(kinds) == 2 and np.isnan(depth.pillars[p.name][cell]):
                continue  # depth leaves a missing pillar out, though parts of it are known
            parts = [
                (depth.scores[i.name][cell], weights.indicators[p.name][d, n])
                for n, i in enumerate(p.indicators)
                if i.kind in kinds and not np.isnan(depth.scores[i.name][cell])
                if data.applies.get(i.name, data.exists)[cell]
            ]
            if parts:
                score = sum(s * w for s, w in parts) / sum(w for _, w in parts)
                total += weights.pillars[d, k] * score
                present += weights.pillars[d, k]
        out.append(total / present)
    return out


@pytest.mark.parametrize(
    ("measure", "kinds"),
    [("depth", {"costly", "declared"}), ("costly", {"costly"}), ("declared", {"declared"})],
)
def test_each_draw_is_the_index_under_its_weights(measure: str, kinds: set[str]) -> None:
    definition = mini_definition(draws=5)
    data, votes = voted(missing=0.2)
    depth = compute_depth(data, definition)
    # A year without roll calls has nothing to resample: kappa stays as it is.
    silent = replace(votes, period=votes.period - 100)
    checked = 0
    for t, cells, draws in yearly_draws(data, depth, silent, definition):
        for row, flat in enumerate(cells):
            cell = (t, *divmod(int(flat), len(AXES.states)))
            if not np.isnan(draws[measure][row, 0]):
                expected = by_hand(data, depth, definition, cell, kinds)
                assert draws[measure][row] == pytest.approx(expected, rel=1e-4, abs=1e-4)
                checked += 1
    assert checked > 10


def test_votes_alone_spread_as_a_bootstrap_of_the_roll_calls() -> None:
    # Weights hardly move: what is left is kappa, which is all of voting, 20 of 100 of depth.
    definition = mini_definition(draws=2000, concentration=1e9)
    data, votes = voted()
    depth = compute_depth(data, definition)
    i, j = 3, 4
    (t, cells, draws), _ = yearly_draws(data, depth, votes, definition)
    spread = draws["depth"][list(cells).index(i * len(AXES.states) + j)].std()
    cast = votes.codes[votes.period == AXES.years[t]][:, [i, j]]
    rng, resampled = np.random.default_rng(9), []
    for _ in range(2000):
        again = cast[rng.integers(0, len(cast), len(cast))]
        made = Ballots(again, np.ones(len(cast), dtype=bool), np.zeros(len(cast)), ("a", "b"))
        resampled.append(agreement_by_period(made)[1]["kappa"][0, 0, 1])
    assert spread == pytest.approx(0.2 * 100 * np.std(resampled), rel=0.1)


def test_every_pair_has_the_same_draw_of_weights() -> None:
    data, votes = voted()
    # Two pairs with the same values and fixed votes must move together, draw by draw.
    for cube in data.values.values():
        cube[:, 3, 4] = cube[:, 2, 4]
    definition = mini_definition()
    silent = replace(votes, period=votes.period - 100)
    for _, cells, draws in yearly_draws(data, compute_depth(data, definition), silent, definition):
        where = [list(cells).index(i * len(AXES.states) + 4) for i in (2, 3)]
        np.testing.assert_array_equal(*(draws["depth"][w] for w in where))


def test_ballots_of_other_states_are_refused() -> None:
    data, votes = voted()
    definition = mini_definition()
    wrong = replace(votes, states=AXES.states[::-1])
    with pytest.raises(ValueError, match="states of the axes"):
        list(yearly_draws(data, compute_depth(data, definition), wrong, definition))
