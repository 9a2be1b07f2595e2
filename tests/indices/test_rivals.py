"""Ties with a partner's rivals, by hand, against plain loops, and in properties."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from indices.cube import Array, Axes
from indices.definition import Question
from indices.rivals import (
    CHANGE_YEARS,
    beside,
    rival_dyads,
    rival_ties,
    rival_ties_table,
    rivalry_kinds,
    spells,
)

NAN = float("nan")
STATES = ("AAA", "BBB", "CCC", "DDD")
A, B, C, D = range(4)
AXES = Axes(tuple(range(2000, 2000 + CHANGE_YEARS + 2)), STATES)
EXIST = np.ones(AXES.shape[:2], dtype=bool)
LAST = len(AXES.years) - 1
QUESTION = Question("q", "", "BBB", "bloc", ("DDD",), ("AAA",))


def rivalries(*rows: tuple) -> pd.DataFrame:
    made = pd.DataFrame(rows, columns=["state_a", "state_b", "start_year", "end_year", "kind"])
    return made.astype({"start_year": "int64", "end_year": "Int64"})


def fights(*rows: tuple) -> pd.DataFrame:
    made = pd.DataFrame(rows, columns=["a_iso3", "b_iso3", "start_date", "end_date", "kind"])
    return made.assign(
        start_date=pd.to_datetime(made["start_date"]), end_date=pd.to_datetime(made["end_date"])
    )


def frame(depth: Array, axes: Axes = AXES) -> pd.DataFrame:
    """Rows of the depth table with a full depth."""
    cubes = {"depth": depth, "depth_lo90": depth - 1, "depth_hi90": depth + 2}
    cubes |= {"costly_depth": depth / 2, "declared_depth": depth / 4}
    return axes.long(~np.isnan(depth), cubes, ("from_iso3", "to_iso3"))


def dyads(depth: Array, kinds: Array, axes: Axes) -> pd.DataFrame:
    """The table of pairs, with the intervals of `frame`."""
    return rival_dyads(depth, depth - 1, depth + 2, kinds, axes)


def random_depth(seed: int, axes: Axes = AXES, missing: float = 0.3) -> Array:
    rng = np.random.default_rng(seed)
    n = len(axes.states)
    # Drawn per year, so that a longer world begins the same.
    cube = np.stack([rng.integers(0, 9, (n, n)).astype(float) for _ in axes.years])
    cube[np.stack([rng.random((n, n)) < missing for _ in axes.years])] = NAN
    cube[:, range(n), range(n)] = NAN
    return cube


def random_rivals(seed: int, axes: Axes = AXES) -> Array:
    n = len(axes.states)
    found = np.triu(np.random.default_rng(seed).random((n, n)) < 0.4, 1)
    return np.broadcast_to(found | found.T, axes.shape)


def test_spells_end_on_their_last_day_and_only_wars_count_among_fights() -> None:
    listed = spells(
        rivalries(
            ("AAA", "BBB", 2001, 2003, "positional"), ("AAA", "CCC", 1990, None, "strategic")
        ),
        fights(
            ("AAA", "BBB", "2003-12-31", "2004-01-01", "war"),
            ("BBB", "CCC", "2002-01-01", "2002-02-01", "clash"),
            ("CCC", "DDD", "2010-03-01", None, "war"),
            ("AAA", "ZZZ", "2001-01-01", None, "war"),
            ("BBB", "DDD", "1990-01-01", "1991-01-01", "war"),
        ),
    )
    kinds = rivalry_kinds(list(listed), AXES, EXIST)
    assert kinds[:6, A, B].tolist() == [0, 1, 1, 3, 3, 0]  # a war outranks the rivalry beside it
    assert (kinds[:, A, C] == 2).all()
    assert (kinds[:, C, D] > 0).sum() == AXES.years[-1] - 2010 + 1
    assert not kinds[:, B, [C, D]].any()
    assert (kinds == kinds.transpose(0, 2, 1)).all()


def test_a_state_that_is_no_more_has_no_rivals() -> None:
    exists = EXIST.copy()
    exists[3:, B] = False
    kinds = rivalry_kinds([("AAA", "BBB", 2000, 9999, "war")], AXES, exists)
    assert (kinds[:, A, B] > 0).tolist() == [True] * 3 + [False] * (LAST - 2)


def test_the_order_in_which_a_rivalry_is_written_is_no_matter() -> None:
    there, back = (
        rivalry_kinds([(a, b, 2001, 2005, "strategic")], AXES, EXIST)
        for a, b in (("AAA", "DDD"), ("DDD", "AAA"))
    )
    assert there.any()
    assert (there == back).all()


def test_deepest_mean_ratio_and_change_by_hand() -> None:
    # Rivals of B are C and D. A's ties: 20 with B, 30 with C, 10 with D; ten years before 24, 12
    # and not known.
    depth = np.full(AXES.shape, NAN)
    depth[LAST, A, [B, C, D]] = 20, 30, 10
    depth[LAST - CHANGE_YEARS, A, [B, C]] = 24, 12
    listed = [("BBB", "CCC", 2000, 9999, "war"), ("BBB", "DDD", 2011, 9999, "positional")]
    table = dyads(depth, rivalry_kinds(listed, AXES, EXIST), AXES)
    row = table.set_index(["from_iso3", "to_iso3", "year"]).loc[("AAA", "BBB", 2011)]
    assert (row["n_rivals"], row["n_known"], row["is_rival"]) == (2, 2, False)
    assert (row["depth"], row["depth_change"]) == (20, -4)
    assert (row["rival_depth"], row["deepest_rival_iso3"]) == (30, "CCC")
    assert (row["rival_depth_lo90"], row["rival_depth_hi90"]) == (29, 32)
    assert row["mean_rival_depth"] == 20
    # D was no rival then, and its tie was not known: only C's change can be taken.
    assert row["mean_rival_depth_change"] == 18
    assert (row["rival_lead"], row["rival_ratio"]) == (10, 1.5)


def test_a_state_without_rivals_has_none_at_risk_and_no_row() -> None:
    depth = np.full(AXES.shape, 7.0)
    rival = rivalry_kinds([("BBB", "CCC", 2000, 9999, "war")], AXES, EXIST) > 0
    found = rival_ties(depth, rival)
    assert (found.count[:, B, A] == 0).all()
    assert np.isnan(found.deepest[:, :, [A, D]]).all()
    assert np.isnan(found.mean[:, :, [A, D]]).all()
    assert (found.who[:, :, [A, D]] == -1).all()
    table = dyads(depth, np.where(rival, 3, 0), AXES)
    assert set(table["to_iso3"]) == {"BBB", "CCC"}
    nobody = rival_ties(depth, np.zeros_like(rival))
    assert np.isnan(nobody.deepest).all()
    assert not nobody.count.any()


def test_a_rival_of_the_partner_is_not_its_own_rival_tie() -> None:
    depth = np.full(AXES.shape, 7.0)
    depth[:, range(4), range(4)] = NAN
    listed = [("AAA", "BBB", 2000, 9999, "strategic")]
    table = dyads(depth, rivalry_kinds(listed, AXES, EXIST), AXES)
    row = table.set_index(["from_iso3", "to_iso3", "year"]).loc[("AAA", "BBB", 2000)]
    assert (row["is_rival"], row["n_rivals"], row["n_known"]) == (True, 0, 0)
    assert np.isnan(row["rival_depth"])


@pytest.mark.parametrize(("tie", "ratio"), [(0, NAN), (0.9, NAN), (1, 9)])
def test_no_ratio_to_a_tie_of_next_to_nothing(tie: float, ratio: float) -> None:
    depth = np.full(AXES.shape, float(tie))
    depth[:, A, C] = 9
    listed = [("BBB", "CCC", 2000, 9999, "strategic")]
    table = dyads(depth, rivalry_kinds(listed, AXES, EXIST), AXES)
    row = table.set_index(["from_iso3", "to_iso3", "year"]).loc[("AAA", "BBB", 2000)]
    assert row["rival_lead"] == 9 - tie
    assert row["rival_ratio"] == pytest.approx(ratio, nan_ok=True)


@pytest.mark.parametrize("seed", range(4))
def test_the_same_by_plain_loops(seed: int) -> None:
    axes = Axes(AXES.years, ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF"))
    depth, rival = random_depth(seed, axes), random_rivals(seed, axes)
    found = rival_ties(depth, rival)
    for t, i, j in np.ndindex(axes.shape):
        rivals = [r for r in range(6) if rival[t, j, r] and r != i]
        ties = {r: depth[t, i, r] for r in rivals if not np.isnan(depth[t, i, r])}
        assert (found.count[t, i, j], found.known[t, i, j]) == (len(rivals), len(ties))
        if not ties:
            assert np.isnan([found.deepest[t, i, j], found.mean[t, i, j]]).all()
            assert found.who[t, i, j] == -1
            continue
        assert found.deepest[t, i, j] == max(ties.values())
        assert found.who[t, i, j] == min(r for r in ties if ties[r] == max(ties.values()))
        assert found.mean[t, i, j] == pytest.approx(sum(ties.values()) / len(ties))


def test_other_names_move_rows_and_nothing_else() -> None:
    order = np.array([2, 0, 3, 1])
    depth = random_depth(5) + np.arange(16).reshape(4, 4) / 100  # no two equal
    rival = random_rivals(5)
    found = rival_ties(depth, rival)
    moved = rival_ties(depth[:, order][:, :, order], rival[:, order][:, :, order])
    for name in ("deepest", "mean", "mean_change", "count", "known"):
        expected = getattr(found, name)[:, order][:, :, order]
        np.testing.assert_allclose(getattr(moved, name), expected)
    who = found.who[:, order][:, :, order]
    assert (np.where(moved.who < 0, -1, order[moved.who]) == who).all()


def test_a_further_year_changes_nothing_before_it() -> None:
    longer = Axes((*AXES.years, AXES.years[-1] + 1), STATES)
    listed = [("AAA", "BBB", 2002, 9999, "war"), ("BBB", "CCC", 2012, 9999, "war")]
    tables = []
    for axes in (AXES, longer):
        kinds = rivalry_kinds(listed, axes, np.ones(axes.shape[:2], dtype=bool))
        depth = random_depth(3, axes, missing=0.0)
        full = frame(depth, axes)
        tables += [
            t[t["year"] <= AXES.years[-1]].reset_index(drop=True)
            for t in (
                dyads(depth, kinds, axes),
                rival_ties_table([QUESTION], full, kinds, listed, axes),
            )
        ]
    pd.testing.assert_frame_equal(tables[0], tables[2])
    key = ["other_iso3", "year"]
    pd.testing.assert_frame_equal(
        tables[1].sort_values(key, ignore_index=True), tables[3].sort_values(key, ignore_index=True)
    )


def test_ties_stand_beside_the_focal_one_before_and_after_a_rivalry() -> None:
    listed = [("BBB", "CCC", 2003, 2005, "positional"), ("AAA", "CCC", 2000, 2001, "war")]
    assert beside(QUESTION, listed) == ["CCC", "DDD"]
    depth = np.full(AXES.shape, NAN)
    depth[:, A, B] = 10
    depth[:, A, C] = np.arange(len(AXES.years))
    depth[:4, A, D] = 3
    table = rival_ties_table(
        [QUESTION], frame(depth), rivalry_kinds(listed, AXES, EXIST), listed, AXES
    )
    c = table[table["other_iso3"] == "CCC"].set_index("year")
    assert c["is_rival"].sum() == 3
    assert c["rivalry"].dropna().to_dict() == dict.fromkeys((2003, 2004, 2005), "positional")
    assert c.loc[2004, ["depth", "focal_depth", "lead", "costly_lead"]].tolist() == [4, 10, -6, -3]
    assert c["depth_change"].dropna().to_dict() == {2010: 10, 2011: 10}
    d = table[table["other_iso3"] == "DDD"]
    assert d["is_bloc"].all()
    assert list(d["year"]) == [2000, 2001, 2002, 2003]  # no row where the tie is not known
