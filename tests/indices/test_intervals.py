"""Draws: reproducible, paired, and centred on the headline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from worlds import mini_definition, random_world

from indices import intervals
from indices.composite.exact import exact_sums
from indices.composite.uncertainty import interval
from indices.cube import Array, Axes
from indices.definition import Definition
from indices.depth import OBSERVED, Depth, Indicators, compute_depth
from indices.draws import FACTORS, Draws
from indices.intervals import MEASURES, Evidence, by_year, cut, mix_means
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


def certain(data: Indicators, votes: Ballots, windows: int = 1, **cubes: Array) -> Evidence:
    """Evidence of data without errors, but for the cubes given."""
    none = np.zeros(data.axes.shape)
    arms = ("arms_import_share", "arms_export_share", "arms_volume")
    return Evidence(
        arms={k: np.stack([data.values[k]] * windows) for k in arms if k in data.values},
        votes=votes,
        **(dict.fromkeys(("trade_sd", "arms_sd", "oil_lo", "oil_hi"), none) | cubes),
    )


def silent(votes: Ballots) -> Ballots:
    """No roll call in any year: nothing to resample, kappa stays as it is."""
    return replace(votes, period=votes.period - 100)


def drawn(
    definition: Definition,
    data: Indicators,
    evidence: Evidence,
    draws: Draws | None = None,
    measures: tuple[str, ...] = MEASURES,
) -> Drawn:
    draws = draws or Draws(definition, int(definition.uncertainty["draws"]))
    depth = compute_depth(data, definition)

    def keep(t: int, cells: Array, values: dict[str, Array]) -> tuple[int, Array, dict[str, Array]]:
        return t, cells, values

    return list(by_year(keep, data, depth, evidence, draws, definition, measures))


def run(definition: Definition, missing: float = 0.0) -> tuple[Drawn, Depth]:
    data, votes = voted(missing)
    return drawn(definition, data, certain(data, votes)), compute_depth(data, definition)


SPREADS = {"goalpost_spread": 0.25, "ladder_spread": 0.49, "aggregation_spread": 1.0}


def test_the_same_seed_draws_the_same_and_another_seed_does_not() -> None:
    first, again, other = (run(mini_definition(seed=s, **SPREADS))[0] for s in (1, 1, 2))
    for a, b, c in zip(first, again, other, strict=True):
        for measure in MEASURES:
            np.testing.assert_array_equal(a[2][measure], b[2][measure])
            assert not np.array_equal(a[2][measure], c[2][measure])


@pytest.mark.parametrize("missing", [0.0, 0.2])
@pytest.mark.parametrize("spreads", [{}, {"goalpost_spread": 0.25, "ladder_spread": 0.49}])
def test_the_headline_lies_near_the_centre_of_its_interval(
    missing: float, spreads: dict[str, float]
) -> None:
    made, depth = run(mini_definition(draws=1000, **spreads), missing)
    headline = {"depth": depth.depth, "costly": depth.costly, "declared": depth.declared}
    for t, cells, draws in made:
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
            assert np.median(np.abs(nominal[typical] - middle) / half) <= 0.2
            # The middle of 1,000 draws has a standard error of some 0.04 of the half width.
            assert np.all(np.abs(nominal[typical] - middle) <= (0.5 if spreads else 0.2) * half)


def test_drawn_weights_are_the_nominal_ones_on_average() -> None:
    definition = mini_definition()
    pillars, indicators = Draws(definition, 4000).weights
    assert pillars.sum(axis=0) == pytest.approx(1, abs=1e-5)
    nominal = [p.weight for p in definition.pillars]
    assert pillars.mean(axis=1) == pytest.approx(nominal, abs=0.005)
    for p in definition.pillars:
        mean = indicators[p.name].mean(axis=1)
        assert mean == pytest.approx([i.weight for i in p.indicators], abs=0.006)


def test_drawn_goalposts_spread_around_the_nominal_ones_but_those_of_a_ladder_stand() -> None:
    definition = mini_definition(goalpost_spread=0.25)
    for i in definition.indicators:
        lo, hi = Draws(definition, 4000).goalposts[i.name]
        assert (lo == i.lo).all()  # all zero here: a share of nothing
        if i.is_scale:
            assert (hi == i.hi).all()
        else:
            assert np.median(hi) == pytest.approx(i.hi, rel=0.02)
            assert i.hi / 1.25 <= hi.min() < i.hi / 1.24
            assert 1.24 * i.hi < hi.max() <= 1.25 * i.hi


def test_steps_of_a_ladder_move_but_keep_their_order_and_ends() -> None:
    definition = mini_definition(ladder_spread=0.49)
    nominal, steps = Draws(definition, 4000).ladders["security_commitment"]
    assert nominal.tolist() == [0, 20, 45, 100]
    assert (np.diff(steps, axis=0) > 0).all()
    assert (steps[0] == 0).all()
    assert (steps[-1] == 100).all()
    # From 20 half way down to 0, or half way up to 45.
    assert steps[1].min() == pytest.approx(20 - 0.49 * 20, abs=0.1)
    assert steps[1].max() == pytest.approx(20 + 0.49 * 25, abs=0.1)


def test_pair_errors_belong_to_the_pair_whoever_else_is_there() -> None:
    draws = Draws(mini_definition(), 50)
    both = draws.pair_errors("trade_data", ["AAABBB", "AAACCC"])
    np.testing.assert_array_equal(draws.pair_errors("trade_data", ["AAACCC"])[0], both[1])
    assert not np.array_equal(both[0], both[1])
    assert not np.array_equal(draws.pair_errors("arms_data", ["AAABBB"])[0], both[0])


def test_a_factor_can_be_taken_from_elsewhere_alone() -> None:
    definition = mini_definition(windows=(1, 2, 3), **SPREADS)
    plain, first = Draws(definition, 6), np.arange(6)
    for factor in FACTORS:
        index = dict.fromkeys(FACTORS, first) | {factor: first[::-1]}
        mixed = Draws(definition, 6, index=index)
        for name, values in (
            ("weights", lambda d: d.weights[0]),
            ("goalposts", lambda d: np.stack(d.goalposts["trade_share"])),
            ("ladder", lambda d: d.ladders["security_commitment"][1]),
            ("aggregation", lambda d: d.mixing),
            ("arms_window", lambda d: d.window),
            ("oil_data", lambda d: d.oil),
            ("trade_data", lambda d: d.pair_errors("trade_data", ["AAABBB"])),
            ("arms_data", lambda d: d.pair_errors("arms_data", ["AAABBB"])),
            ("votes", lambda d: d.place("votes", d.roll_calls(2000, 9))),
        ):
            expected = values(plain)
            expected = expected[..., ::-1] if name == factor else expected
            np.testing.assert_array_equal(values(mixed), expected)


def test_every_draw_of_roll_calls_is_as_many_as_there_were() -> None:
    times = Draws(mini_definition(), 4000).roll_calls(2000, 9) + 1
    assert times.shape == (9, 4000)
    assert (times.sum(axis=0) == 9).all()
    # Binomial: 9 tries with a chance of 1 in 9; any two calls are picked against each other.
    assert times.mean(axis=1) == pytest.approx(1, abs=0.06)
    assert times.var(axis=1) == pytest.approx(8 / 9, abs=0.1)
    assert np.corrcoef(times)[0, 1:] == pytest.approx(-1 / 8, abs=0.06)
    other = Draws(mini_definition(), 4000).roll_calls(2001, 9) + 1
    assert abs(np.corrcoef(times[0], other[0])[0, 1]) < 0.06


def by_hand(
    data: Indicators,
    definition: Definition,
    draws: Draws,
    cell: tuple[int, int, int],
    kinds: set[str],
    d: int,
) -> float:
    """Depth of one cell under one draw, in plain loops; the data without error."""
    posts, ladders = draws.goalposts, draws.ladders
    pillar_weights, weights = draws.weights
    depth = compute_depth(data, definition)
    parts: list[tuple[float, float]] = []
    for k, p in enumerate(definition.pillars):
        if len(kinds) == 2 and np.isnan(depth.pillars[p.name][cell]):
            continue  # depth leaves a missing pillar out, though parts of it are known
        inside = []
        for n, i in enumerate(p.indicators):
            value = data.values[i.name][cell]
            if i.kind not in kinds or np.isnan(value):
                continue
            if not data.applies.get(i.name, data.exists)[cell]:
                continue
            if i.name in ladders:
                nominal, steps = ladders[i.name]
                score = 100 * steps[nominal.tolist().index(value), d] / i.hi
            else:
                lo, hi = (post[d] for post in posts[i.name])
                score = min(max(100 * (value - lo) / (hi - lo), 0), 100)
            if i.cap_score is not None and data.values["trade_share"][cell] < i.cap_below_share:
                score = min(score, i.cap_score)
            inside.append((score, weights[p.name][n, d]))
        if inside:
            score = sum(s * w for s, w in inside) / sum(w for _, w in inside)
            parts.append((score, pillar_weights[k, d]))
    total = sum(w for _, w in parts)
    mean = sum(s * w for s, w in parts) / total
    half = (sum(s**0.5 * w for s, w in parts) / total) ** 2
    two = (sum(s**2 * w for s, w in parts) / total) ** 0.5
    way = draws.mixing[d]
    return mean + (way * (two - mean) if way > 0 else -way * (half - mean))


@pytest.mark.parametrize(
    ("measure", "kinds"),
    [("depth", {"costly", "declared"}), ("costly", {"costly"}), ("declared", {"declared"})],
)
def test_each_draw_is_the_index_under_its_judgements(measure: str, kinds: set[str]) -> None:
    definition = mini_definition(draws=5, **SPREADS)
    data, votes = voted(missing=0.2)
    draws = Draws(definition, 5)
    checked = 0
    for t, cells, values in drawn(definition, data, certain(data, silent(votes)), draws):
        for row, flat in enumerate(cells):
            cell = (t, *divmod(int(flat), len(AXES.states)))
            for d in range(5) if not np.isnan(values[measure][row, 0]) else ():
                expected = by_hand(data, definition, draws, cell, kinds, d)
                assert values[measure][row, d] == pytest.approx(expected, rel=1e-4, abs=1e-4)
                checked += 1
    assert checked > 50


def test_the_way_from_the_mean_goes_to_either_power_mean() -> None:
    low, mean, high = (np.full(3, x) for x in (1.0, 2.0, 4.0))
    assert mix_means(np.array([-1, 0, 1]), low, mean, high).tolist() == [1, 2, 4]
    assert mix_means(np.array([-0.5, 0.25, 0.5]), low, mean, high).tolist() == [1.5, 2.5, 3]


def cell_draws(made: Drawn, t: int, i: int, j: int, measure: str = "depth") -> Array:
    _, cells, values = made[t]
    return values[measure][list(cells).index(i * len(AXES.states) + j)]


def fixed_world() -> tuple[Indicators, Ballots]:
    """All inside their goalposts, so that a shift shows in full."""
    data, votes = voted()
    shares = {"trade_share": 10.0, "trade_intensity": 5.0, "arms_import_share": 25.0}
    for name, value in (shares | {"arms_volume": 50.0}).items():
        data.values[name] = np.where(data.exists, value, NAN)
    return data, silent(votes)


def test_errors_of_the_data_move_the_score_by_their_share_of_it() -> None:
    # Weights fixed, goalposts linear: to first order a score moves by its share of the value.
    definition = mini_definition(draws=4000, concentration=1e9)
    data, votes = fixed_world()
    sd = np.full(AXES.shape, 0.1)
    nominal = compute_depth(data, definition).depth
    trade = drawn(definition, data, certain(data, votes, trade_sd=sd))
    arms = drawn(definition, data, certain(data, votes, arms_sd=sd))
    errors = Draws(definition, 4000)
    for made, factor, moved in (
        # 10 % of a score of 50, in a pillar that weighs 0.4; of 50 in one that weighs 0.2.
        (trade, "trade_data", 0.4 * 50 * 0.1),
        (arms, "arms_data", 0.2 * 50 * 0.1),
    ):
        z = errors.pair_errors(factor, ["AAABBB"])[0]
        for i, j in ((0, 1), (1, 0)):  # the error is that of the pair, from whichever end
            found = cell_draws(made, 0, i, j) - nominal[0, i, j]
            assert found == pytest.approx(moved * z, abs=0.02)


def test_unrecorded_oil_moves_the_score_within_its_range() -> None:
    definition = mini_definition(draws=4000, concentration=1e9)
    data, votes = fixed_world()
    lo, hi = np.zeros(AXES.shape), np.zeros(AXES.shape)
    lo[0, 0, 1], hi[0, 0, 1] = -0.2, 0.1
    nominal = compute_depth(data, definition).depth
    made = drawn(definition, data, certain(data, votes, oil_lo=lo, oil_hi=hi))
    moved = cell_draws(made, 0, 0, 1) - nominal[0, 0, 1]
    oil = Draws(definition, 4000).oil
    assert moved == pytest.approx(0.4 * 50 * np.where(oil < 0, 0.2 * oil, 0.1 * oil), abs=0.02)
    still = cell_draws(made, 0, 1, 0) - nominal[0, 1, 0]
    assert still == pytest.approx(0, abs=0.02)


def test_each_draw_takes_the_arms_of_its_window() -> None:
    definition = mini_definition(draws=200, concentration=1e9, windows=(5, 10))
    data, votes = fixed_world()
    evidence = certain(data, votes, windows=2)
    evidence.arms["arms_import_share"][0] *= 0.5  # over five years half of what it is over ten
    made = cell_draws(drawn(definition, data, evidence), 0, 0, 1)
    short = Draws(definition, 200).window == 0
    assert 60 < short.sum() < 140
    nominal = compute_depth(data, definition).depth[0, 0, 1]
    # A score of 50 halved, half of a pillar that weighs 0.2.
    assert made == pytest.approx(np.where(short, nominal - 0.2 * 0.5 * 25, nominal), abs=0.02)


@pytest.mark.parametrize("calls", [1, 2, 71, 331])
def test_sums_over_roll_calls_round_nothing_in_whatever_order(calls: int) -> None:
    rng = np.random.default_rng(calls)
    effect = rng.standard_normal((40, calls)) * 10.0 ** rng.integers(-8, 3, (40, 1))
    effect[3] = 0
    times = Draws(mini_definition(), 400).roll_calls(2000, calls)
    sums = exact_sums(effect, times, 2 * calls)
    spread = np.abs(effect).max(axis=1, keepdims=True) * np.sqrt(calls)
    assert (np.abs(sums - effect @ times.astype(float)) <= 5e-4 * spread).all()
    order = rng.permutation(calls)
    for few in (slice(0, 1), slice(5, 12), np.arange(39, -1, -3)):
        other = exact_sums(effect[few][:, order], times[order], 2 * calls)
        np.testing.assert_array_equal(other, sums[few])


def test_votes_alone_spread_as_a_bootstrap_of_the_roll_calls() -> None:
    # Weights hardly move: what is left is kappa, which is all of voting, 20 of 100 of depth.
    definition = mini_definition(draws=2000, concentration=1e9)
    data, votes = voted()
    i, j = 3, 4
    spread = cell_draws(drawn(definition, data, certain(data, votes)), 0, i, j).std()
    cast = votes.codes[votes.period == AXES.years[0]][:, [i, j]]
    rng, resampled = np.random.default_rng(9), []
    for _ in range(2000):
        again = cast[rng.integers(0, len(cast), len(cast))]
        made = Ballots(again, np.ones(len(cast), dtype=bool), np.zeros(len(cast)), ("a", "b"))
        resampled.append(agreement_by_period(made)[1]["kappa"][0, 0, 1])
    assert spread == pytest.approx(0.2 * 100 * np.std(resampled), rel=0.1)


def test_every_pair_has_the_same_draw_of_judgements() -> None:
    data, votes = voted()
    # Two pairs with the same values and fixed votes must move together, draw by draw.
    for cube in data.values.values():
        cube[:, 3, 4] = cube[:, 2, 4]
    made = drawn(mini_definition(**SPREADS), data, certain(data, silent(votes)))
    for t in range(len(made)):
        np.testing.assert_array_equal(cell_draws(made, t, 2, 4), cell_draws(made, t, 3, 4))


def test_a_pair_is_drawn_alike_on_fewer_states_and_for_one_measure() -> None:
    definition = mini_definition(**SPREADS)
    data, votes = voted(missing=0.2)
    sd = np.full(AXES.shape, 0.1)
    evidence = certain(data, votes, trade_sd=sd, arms_sd=sd)
    at = np.array([0, 3, 4])
    whole = drawn(definition, data, evidence, measures=("depth",))
    small = drawn(definition, cut(data, at), evidence.cut(at))
    compared = 0
    for (_, cells, all_values), (_, few, values) in zip(whole, small, strict=True):
        for row, flat in enumerate(few):
            i, j = divmod(int(flat), len(at))
            other = list(cells).index(at[i] * len(AXES.states) + at[j])
            np.testing.assert_array_equal(values["depth"][row], all_values["depth"][other])
            compared += 1
    assert compared >= 4


def test_a_value_off_its_ladder_is_refused() -> None:
    data, votes = voted()
    data.values["security_commitment"][0, 0, 1] = 33
    with pytest.raises(ValueError, match=r"security_commitment: 33\.0 is no step of its ladder"):
        drawn(mini_definition(), data, certain(data, votes))


def test_ballots_of_other_states_are_refused() -> None:
    data, votes = voted()
    wrong = certain(data, replace(votes, states=AXES.states[::-1]))
    with pytest.raises(ValueError, match="states of the axes"):
        drawn(mini_definition(), data, wrong)


@pytest.mark.parametrize("chunk", [1, 1 << 30])
def test_draws_do_not_depend_on_how_many_stand_together(
    chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition = mini_definition(draws=7)
    together, _ = run(definition, missing=0.2)
    monkeypatch.setattr(intervals, "_CHUNK", chunk)
    apart, _ = run(definition, missing=0.2)
    assert [t for t, *_ in apart] == [t for t, *_ in together] == [0, 1]
    for (_, cells, values), (_, other_cells, others) in zip(together, apart, strict=True):
        np.testing.assert_array_equal(cells, other_cells)
        for measure in MEASURES:
            np.testing.assert_array_equal(values[measure], others[measure])
