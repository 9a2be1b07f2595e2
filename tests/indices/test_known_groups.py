"""Who is in which group, what is drawn together, and tables of worlds whose answer is known."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from indices.cube import Array, Axes
from indices.validity import groups as g
from schemas import conform, table, validate

YEARS = tuple(range(2000, 2003))
STATES = ("AAA", "BBB", "CCC", "DDD")
DAY = pd.Timestamp


def commitments(*rows: tuple[str, str, str, str, str | None, int, bool]) -> pd.DataFrame:
    columns = [
        *["from_iso3", "to_iso3", "instrument", "start_date", "end_date"],
        *["n_parties", "has_defense"],
    ]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(
        start_date=pd.to_datetime(frame["start_date"]), end_date=pd.to_datetime(frame["end_date"])
    )


def test_a_pair_belongs_to_its_pact_of_most_parties() -> None:
    held = commitments(
        ("AAA", "BBB", "Small", "1990-01-01", None, 2, True),
        ("BBB", "AAA", "Large", "2001-12-31", "2001-12-31", 9, True),
        ("CCC", "AAA", "Equal", "1990-01-01", None, 2, True),
        ("AAA", "CCC", "Before", "1990-01-01", None, 2, True),
        ("CCC", "DDD", "Friendship", "1990-01-01", None, 30, False),
        ("CCC", "DDD", "Ended", "1990-01-01", "1999-12-31", 30, True),
        ("AAA", "XXX", "Elsewhere", "1990-01-01", None, 3, True),
    )
    names, cube = g.pact_cube(held, Axes(YEARS, STATES))

    def of(year: int, i: str, j: str) -> str | None:
        k = cube[YEARS.index(year), STATES.index(i), STATES.index(j)]
        return names[k] if k >= 0 else None

    # One way is enough, a day of the year is enough, and both ends see the same.
    assert [of(y, "AAA", "BBB") for y in YEARS] == ["Small", "Large", "Small"]
    assert [of(y, "BBB", "AAA") for y in YEARS] == ["Small", "Large", "Small"]
    assert of(2000, "AAA", "CCC") == "Before"  # of equals the first by name
    assert of(2000, "CCC", "DDD") is None


def test_rivals_are_in_rivalry_or_at_war() -> None:
    rivalries = pd.DataFrame(
        {
            "state_a": ["AAA", "AAA", "BBB", "CCC"],
            "state_b": ["BBB", "CCC", "XXX", "DDD"],
            "start_year": [1950, 2001, 1950, 1950],
            "end_year": pd.array([2000, None, None, 1999], dtype="Int64"),
        }
    )
    hostilities = pd.DataFrame(
        {
            "a_iso3": ["BBB", "BBB"],
            "b_iso3": ["DDD", "CCC"],
            "start_date": [DAY(1999, 5, 1), DAY(2000, 5, 1)],
            "end_date": [DAY(2000, 1, 2), pd.NaT],
            "kind": ["war", "clash"],
        }
    )
    found = g.rival_cube(rivalries, hostilities, Axes(YEARS, STATES))
    assert (found == found.transpose(0, 2, 1)).all()
    named = {
        (YEARS[t], STATES[i] + STATES[j])
        for t, i, j in zip(*np.nonzero(found), strict=True)
        if i < j
    }
    assert named == {
        (2000, "AAABBB"),
        (2000, "BBBDDD"),
        (2001, "AAACCC"),
        (2002, "AAACCC"),
    }


def world(
    size: int = 12, years: int = 3, pull: float = 0.0, pact_size: int = 4, seed: int = 1
) -> g.Groups:
    """States in pacts of equal size; `pull` is what a pact adds to random scores."""
    states = tuple(f"{a}{b}A" for a, b in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "X" * 26, strict=True))
    axes = Axes(tuple(range(2000, 2000 + years)), states[:size])
    rng = np.random.default_rng(seed)
    pact = np.full(axes.shape, g.NONE)
    for k in range(size // pact_size):
        own = np.arange(k * pact_size, (k + 1) * pact_size)
        pact[:, own[:, None], own] = k
    diagonal = np.eye(size, dtype=bool)
    pact[:, diagonal] = g.NONE
    noise = rng.normal(size=(len(g.SCORES), *axes.shape))
    scores = noise + noise.transpose(0, 1, 3, 2) + pull * (pact >= 0)
    names = tuple(f"Pact {k}" for k in range(size // pact_size))
    rival = np.zeros(axes.shape, dtype=bool)
    rival[:, 0, -1] = rival[:, -1, 0] = True
    return g.Groups(
        axes,
        np.broadcast_to(~diagonal, axes.shape),
        {name: np.where(diagonal, np.nan, s) for name, s in zip(g.SCORES, scores, strict=True)},
        names,
        pact,
        rival,
    )


def known(made: g.Groups, seed: int = 1) -> pd.DataFrame:
    chosen = g.samples(made)
    frame = g.known_groups(made.axes, chosen, g.window_years(chosen[0]), seed)
    definition = table("out_validity__known_groups")
    return validate(conform(frame, definition), definition)


def test_scores_that_follow_pacts_separate_wholly_and_leads_are_against_the_first() -> None:
    made = world(pull=100.0)
    flat = dict.fromkeys(g.SCORES[1:], np.zeros(made.axes.shape))
    frame = known(replace(made, scores={g.HEADLINE: made.scores[g.HEADLINE], **flat}))
    of = frame[(frame["sample"] == "pairs") & (frame["pole"] == "allies_others")]
    own, other = (of[of["predictor"] == s] for s in (g.HEADLINE, "voting"))
    assert (own["auc"] == 1).all()
    assert (own["average_precision"] == 1).all()
    assert own["auc_lead"].isna().all()
    assert (other["auc"] == 0.5).all()
    assert (other["auc_lead"] == 0.5).all()
    assert other["average_precision"].to_numpy() == pytest.approx(other["prevalence"], abs=1e-6)
    # Three pacts of four states: 18 pairs of 66; too few pacts for an interval.
    assert (own["n_positive"] == np.where(own["n_years"] == 3, 54, 18)).all()
    assert (own["n_clusters"] == 3).all()
    assert own["auc_lo90"].isna().all()


def test_the_window_is_the_mean_of_its_years() -> None:
    frame = known(world(pull=1.0))
    of = frame[(frame["sample"] == "pairs") & (frame["pole"] == "allies_others")]
    single = of[of["first_year"] == of["last_year"]].groupby("predictor", observed=True)
    whole = of[of["first_year"] < of["last_year"]].set_index("predictor")
    for column in ("auc", "average_precision"):
        expected = single[column].mean()
        assert whole.loc[expected.index, column].to_numpy() == pytest.approx(expected, abs=1e-5)


def test_a_pair_with_a_score_missing_is_in_no_comparison_but_counted() -> None:
    made = world()
    voting = made.scores["voting"].copy()
    voting[1, 0, 1] = np.nan  # an ally's view; the mean of both directions is missing
    ends_early = made.scores["ideal_point_distance"].copy()
    ends_early[2] = np.nan
    scores = made.scores | {"voting": voting, "ideal_point_distance": ends_early}
    pairs = g.samples(replace(made, scores=scores))[0]
    first, second, third = (g.compare(pairs, "allies_others", t) for t in range(3))
    assert first is not None
    assert second is not None
    assert third is not None
    assert (first.unscored, second.unscored) == (0, 1)
    assert len(second.positive) == len(first.positive) - 1
    assert second.coverage == pytest.approx(65 / 66)
    # A baseline that has ended costs no pair.
    assert len(third.scores) == len(g.SCORES) - 1
    assert len(third.positive) == len(first.positive)
    assert (third.unscored, third.coverage) == (0, 1)
    gone = {name: np.full(made.axes.shape, np.nan) for name in g.SCORES}
    assert g.compare(g.samples(replace(made, scores=gone))[0], "allies_others", 0) is None


def test_without_the_arab_league_its_pairs_are_on_neither_side() -> None:
    made = world()
    made = replace(made, pacts=(g.ARAB_LEAGUE, *made.pacts[1:]))
    pairs, without, _ = g.samples(made)
    a, b = (g.compare(s, "allies_others", 0) for s in (pairs, without))
    assert a is not None
    assert b is not None
    assert (len(a.positive), len(b.positive)) == (18, 12)
    assert len(a.negative) == len(b.negative)
    assert b.coverage == 1


def test_great_powers_are_the_viewers() -> None:
    made = world()
    named = tuple(sorted([*made.axes.states[:10], "CHN", "USA"]))
    made = replace(made, axes=Axes(made.axes.years, named))
    views = g.samples(made)[2]
    assert views.scores.shape == (len(g.SCORES), 3, 2 * 11)
    china = named.index("CHN")
    row = made.scores["arms"][0, china]
    at = g.SCORES.index("arms")
    np.testing.assert_array_equal(views.scores[at, 0, :11], row[~np.isnan(row)])
    # The pair of both powers is one pair in both directions.
    assert len(np.unique(views.pair)) == 21


def test_pacts_drawn_whole_give_a_wider_interval_than_pairs() -> None:
    made = world(size=24, years=1, pact_size=4, seed=2)
    rng = np.random.default_rng(9)
    shift = np.append(rng.normal(1, 1.5, len(made.pacts)), 0.0)[made.pact]
    made = replace(made, scores={k: v + shift for k, v in made.scores.items()})
    pairs = g.samples(made)[0]
    years = g.comparisons(pairs, "allies_others", [0])
    apart = replace(pairs, pact=np.where(pairs.pact >= 0, np.arange(pairs.pact.size), g.NONE))
    drawn = g.counts(int(pairs.pair.max()) + 1, 400, np.random.default_rng(1))
    width = {}
    for name, sample in (("pacts", pairs), ("pairs", apart)):
        auc, _ = g.resampled(sample, "allies_others", years, drawn, [1])
        low, high = g.ends(auc[0, 0, 1:])
        width[name] = high - low
        assert low < auc[0, 0, 0] < high
    assert width["pacts"] > 1.5 * width["pairs"]


def test_a_single_pact_is_in_every_sample() -> None:
    made = world(size=8, pact_size=8, years=1)
    made.pact[:, 6:] = made.pact[:, :, 6:] = g.NONE
    flat = {k: np.where(made.pact >= 0, v, -99.0) for k, v in made.scores.items()}
    pairs = g.samples(replace(made, scores=flat | {"arms": np.zeros(made.axes.shape)}))[0]
    years = g.comparisons(pairs, "allies_others", [0])
    drawn = g.counts(int(pairs.pair.max()) + 1, 50, np.random.default_rng(1))
    auc, _ = g.resampled(pairs, "allies_others", years, drawn, [1])
    assert (auc[0, g.SCORES.index("voting")] == 1).all()
    assert (auc[0, g.SCORES.index("arms")] == 0.5).all()


def test_rivals_that_are_allies_count_as_allies() -> None:
    made = world(size=12, years=1)
    made.rival[0, 0, 1] = made.rival[0, 1, 0] = True  # of one pact; 0 and 11 are of two
    pairs = g.samples(made)[0]
    found = {pole: g.compare(pairs, pole, 0) for pole in g.POLES}
    sizes = {k: (len(c.positive), len(c.negative)) for k, c in found.items() if c}
    assert sizes == {
        "allies_others": (18, 48),
        "allies_rivals": (18, 1),
        "rivals_others": (2, 64),
    }


def test_an_interval_leaves_out_draws_without_a_figure() -> None:
    draws = np.array([[3.0, np.nan, 1.0, 2.0, np.nan], [1.0, 2.0, 3.0, 4.0, 5.0]])
    low, high = g.ends(draws)
    for n, row in enumerate(draws):
        expected = np.quantile(row[~np.isnan(row)], [0.05, 0.95])
        assert [low[n], high[n]] == pytest.approx(expected)
    assert np.isnan(g.ends(np.full(4, np.nan))).all()


def placebo(made: g.Groups, seed: int = 1) -> pd.DataFrame:
    pairs = g.samples(made)[0]
    frame = g.placebo(made, pairs, g.window_years(pairs), seed)
    definition = table("out_validity__placebo")
    return validate(conform(frame, definition), definition)


def test_relabelled_states_give_a_half() -> None:
    for pull in (0.0, 2.0):
        frame = placebo(world(size=15, pact_size=5, pull=pull))
        allies = frame[frame["pole"] == "allies_others"]
        assert allies["placebo_mean"].to_numpy() == pytest.approx(0.5, abs=0.015)
        assert (allies["n_relabellings"] == g.RELABELLINGS).all()
        reaching = allies["share_reaching"]
        assert (reaching < 0.01).all() if pull else reaching.between(0.02, 0.98).any()


def test_relabelling_moves_both_ends_of_every_pact() -> None:
    made = world(size=8, years=1, pull=0.3)
    hole = made.scores["trade"].copy()
    hole[:, 2, 3] = np.nan
    pairs = g.samples(replace(made, scores=made.scores | {"trade": hole}))[0]
    frame = g.placebo(made, pairs, [0], 5).set_index(["pole", "predictor"])
    first, second = np.triu_indices(8, 1)
    # The same draw by other means: the pacts of the world are laid between the other states.
    keys = np.random.default_rng([5, 7]).random((g.RELABELLINGS, 8))
    scores = pairs.scores[g.SCORES.index("voting"), 0]
    known = ~np.isnan(pairs.scores[:, 0]).any(axis=0)
    areas = []
    for key in keys:
        becomes = np.argsort(key)
        ally = np.zeros((8, 8), dtype=bool)
        for i, j in combinations(range(8), 2):
            ally[becomes[i], becomes[j]] = ally[becomes[j], becomes[i]] = made.pact[0, i, j] >= 0
        high = ally[first, second]
        own, other = scores[high & known], scores[~high & known]
        areas.append(np.mean(own[:, None] > other))
    row = frame.loc[("allies_others", "voting")]
    assert row["placebo_mean"] == pytest.approx(np.mean(areas), abs=1e-6)
    low, high = np.quantile(areas, [0.05, 0.95])
    assert [row["placebo_lo90"], row["placebo_hi90"]] == pytest.approx([low, high], abs=1e-4)
    assert row["share_reaching"] == np.mean(np.array(areas) >= row["auc"] - 1e-9)


def test_the_placebos_own_area_is_the_one_tested() -> None:
    made = world(pull=0.5)
    holes = made.scores["arms"].copy()
    holes[:, 2, 7] = holes[:, 0, 1] = np.nan  # one pair of a pact, one of none
    made = replace(made, scores=made.scores | {"arms": holes})
    frame, tested = placebo(made), known(made)
    for row in frame.itertuples():
        same = tested[
            (tested["sample"] == "pairs")
            & (tested["pole"] == row.pole)
            & (tested["predictor"] == row.predictor)
            & (tested["first_year"] < tested["last_year"])
        ]
        assert same["auc"].tolist() == pytest.approx([row.auc], abs=1e-5)


def test_by_pact_counts_pairs_above_those_without_a_pact() -> None:
    made = world(size=8, years=1, pact_size=4)
    order = np.zeros((8, 8))
    for rank, (i, j) in enumerate(combinations(range(8), 2)):
        order[i, j] = order[j, i] = rank
    np.fill_diagonal(order, np.nan)
    made = replace(made, scores=dict.fromkeys(g.SCORES, order[None]))
    pairs = g.samples(made)[0]
    frame = g.by_pact(made, pairs, [0]).set_index(["pact", "predictor"])
    others = [order[i, j] for i in range(4) for j in range(4, 8)]

    def area(states: range) -> float:
        own: list[float] = [order[i, j] for i, j in combinations(states, 2)]
        return float(np.mean([[a > b for b in others] for a in own]))

    for name, own, rest in (("Pact 0", range(4), range(4, 8)), ("Pact 1", range(4, 8), range(4))):
        row = frame.loc[(name, "voting")]
        assert row["auc"] == pytest.approx(area(own), abs=1e-6)
        assert row["auc_others"] == pytest.approx(area(rest), abs=1e-6)
        assert row["members"].split() == [made.axes.states[i] for i in own]
        assert (row["n_pairs"], row["n_pair_years"]) == (6, 6)


def test_the_window_ends_where_most_pairs_have_no_score() -> None:
    made = world(years=14)
    scores = {k: v.copy() for k, v in made.scores.items()}
    for cube in scores.values():
        cube[-2:, 2:, 2:] = np.nan  # the ties of two states are left
    pairs = g.samples(replace(made, scores=scores))[0]
    assert g.window_years(pairs) == list(range(2, 12))


def test_draws_follow_from_the_seed() -> None:
    made = world(size=24, pull=1.0)
    pd.testing.assert_frame_equal(known(made), known(made))
    other = known(made, seed=2)
    assert (other["auc"] == known(made)["auc"]).all()
    assert not other["auc_lo90"].equals(known(made)["auc_lo90"])


def test_a_world_without_pacts_or_scores_has_tables_without_rows() -> None:
    made = world()
    empty: Array = np.full(made.axes.shape, np.nan)
    for bare in (
        replace(made, pact=np.full(made.axes.shape, g.NONE), rival=np.zeros_like(made.rival)),
        replace(made, scores=dict.fromkeys(g.SCORES, empty)),
    ):
        pairs = g.samples(bare)[0]
        assert not len(known(bare))
        assert not len(placebo(bare))
        frame = g.by_pact(bare, pairs, g.window_years(pairs))
        assert not len(conform(frame, table("out_validity__pacts")))
