"""How many powers a state is deeply tied to, by hand and in properties."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from worlds import mini_definition

from indices.breadth import (
    breadth_tables,
    entropy,
    known_quantile,
    pacts,
    thresholds,
    without_pillar,
)
from indices.cube import Array, Axes, swap

NAN = float("nan")
AXES = Axes((2000, 2001), ("AAA", "BBB", "CCC", "DDD", "PPP", "QQQ"))
A, B, C, D, P, Q = range(6)
EXIST = np.ones(AXES.shape[:2], dtype=bool)
POWERS = ("PPP", "QQQ")


def cubes() -> tuple[Array, Array]:
    """P is allied with A, B and C at depths 40, 20, 10; Q has no ally; D ties 20 and 30."""
    depth, pact = np.full(AXES.shape, NAN), np.zeros(AXES.shape, dtype=bool)
    depth[:, P, [A, B, C, D]] = 40, 20, 10, 20
    depth[:, Q, [A, D]] = 5, 30
    depth[:, P, Q], depth[:, Q, P] = 1, 2
    pact[:, P, [A, B, C]] = pact[:, [A, B, C], P] = True
    return depth, pact


def table(depth: Array, pact: Array, view: str = "power", axes: Axes = AXES) -> pd.DataFrame:
    exists = np.ones(axes.shape[:2], dtype=bool)
    rows, _ = breadth_tables(depth, pact, exists, axes, POWERS, {"powers": "two"})
    return rows[rows["view"] == view].set_index(["iso3", "year"])


@pytest.mark.parametrize("q", [0.0, 0.25, 0.5, 0.9, 1.0])
def test_quantiles_are_numpys_over_the_known(q: float) -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(30, 7))
    values[rng.random(values.shape) < 0.4] = NAN
    values[0] = NAN
    expected = [np.quantile(v[~np.isnan(v)], q) if (~np.isnan(v)).any() else NAN for v in values]
    np.testing.assert_allclose(known_quantile(values, q), expected)


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_equal_ties_have_the_logarithm_of_their_number(n: int) -> None:
    assert entropy(np.full(n, 17.0)) == pytest.approx(np.log(n))
    padded = np.append(np.full(n, 17.0), 0.0)  # a tie of nothing is no tie
    assert entropy(padded) == pytest.approx(np.log(n))


def test_entropy_by_hand_and_where_it_cannot_be() -> None:
    assert entropy(np.array([3.0, 1.0])) == pytest.approx(
        -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    )
    assert entropy(np.array([30.0, 10.0])) == pytest.approx(entropy(np.array([3.0, 1.0])))
    assert np.isnan(entropy(np.array([3.0, NAN])))
    assert np.isnan(entropy(np.zeros(3)))


def test_thresholds_by_hand() -> None:
    depth, pact = cubes()
    found = thresholds(swap(depth)[:, :, [P, Q]], pact[:, :, [P, Q]])
    assert found["n"][0].tolist() == [3, 0]
    assert found["median"][0, 0] == 20
    assert found["quartile"][0, 0] == 15  # halfway from 10 to 20
    assert np.isnan(found["median"][0, 1])
    assert (found["pooled_n"][0], found["pooled_median"][0]) == (3, 20)


def test_count_by_hand_with_the_pooled_threshold_for_a_power_without_allies() -> None:
    rows = table(*cubes())
    d = rows.loc[("DDD", 2000)]
    # 20 is as deep as P's median ally; Q has none, so the pooled 20 stands in, and 30 is deeper.
    assert (d["n_powers"], d["n_known"], d["n_deep_median"]) == (2, 2, 2)
    assert (d["mean_depth"], d["deepest_depth"], d["deepest_iso3"]) == (25, 30, "QQQ")
    assert d["effective_powers"] == pytest.approx(np.exp(entropy(np.array([20.0, 30.0]))))
    assert rows.loc[("AAA", 2000), "n_deep_median"] == 1
    c = rows.loc[("CCC", 2000)]
    assert (c["n_deep_median"], c["n_deep_quartile"]) == (0, 0)


def test_an_unknown_tie_is_no_shallow_one() -> None:
    b = table(*cubes()).loc[("BBB", 2000)]
    assert (b["n_powers"], b["n_known"], b["n_deep_quartile"]) == (2, 1, 1)
    assert np.isnan([b["mean_depth"], b["entropy"], b["effective_powers"]]).all()


def test_a_power_is_none_to_itself() -> None:
    p = table(*cubes()).loc[("PPP", 2000)]
    assert (p["n_powers"], p["n_known"], p["deepest_iso3"]) == (1, 1, "QQQ")
    assert p["effective_powers"] == pytest.approx(1)


def test_own_and_pooled_thresholds_differ() -> None:
    depth, pact = cubes()
    pact[:, Q, A] = pact[:, A, Q] = True  # Q's only ally, at depth 5
    rows = table(depth, pact)
    # Pooled over 40, 20, 10 and 5 the median is 15.
    assert rows.loc[("CCC", 2000), "n_deep_pooled_median"] == 0
    assert rows.loc[("BBB", 2000), "n_deep_pooled_median"] == 1
    assert rows.loc[("AAA", 2000), "n_deep_median"] == 2
    assert rows.loc[("AAA", 2000), "n_deep_pooled_median"] == 1


def test_without_any_ally_nothing_can_be_called_deep() -> None:
    depth, pact = cubes()
    rows = table(depth, np.zeros_like(pact))
    assert len(rows)
    assert rows.filter(like="n_deep").isna().all(axis=None)
    _, limits = breadth_tables(depth, pact & False, EXIST, AXES, POWERS, {})
    assert limits.empty


def test_the_other_view_is_the_swapped_world() -> None:
    depth, pact = cubes()
    pd.testing.assert_frame_equal(
        table(depth, pact, "state").drop(columns="view"),
        table(swap(depth), pact, "power").drop(columns="view"),
    )


def test_a_further_year_changes_nothing_before_it() -> None:
    depth, pact = cubes()
    longer = Axes((*AXES.years, 2002), AXES.states)
    more = np.concatenate([depth, 3 * depth[:1]]), np.concatenate([pact, ~pact[:1]])
    rows = table(*more, axes=longer)
    pd.testing.assert_frame_equal(
        rows[rows.index.get_level_values("year") < 2002], table(depth, pact)
    )


def test_pacts_hold_both_ways_and_not_while_suspended() -> None:
    treaties = pd.DataFrame(
        [
            ("AAA", "BBB", 2000, True, False),
            ("CCC", "DDD", 2000, True, True),
            ("DDD", "CCC", 2001, False, False),
        ],
        columns=["from_iso3", "to_iso3", "year", "has_defense", "is_suspended"],
    )
    made = pacts(treaties, AXES)
    assert sorted(zip(*map(list, np.nonzero(made)), strict=True)) == [(0, A, B), (0, B, A)]


def test_depth_without_a_pillar_weighs_the_others_and_needs_them_all() -> None:
    definition = mini_definition()  # trade weighs 0.4, the others 0.2 each
    scores = {"trade": 90.0, "arms": 10.0, "treaties": 20.0, "voting": 60.0}
    rows = [("AAA", "BBB", 2000, p, v) for p, v in scores.items()]
    rows += [("AAA", "CCC", 2000, p, 50.0) for p in ("trade", "arms", "treaties")]
    frame = pd.DataFrame(rows, columns=["from_iso3", "to_iso3", "year", "pillar", "score"])
    made = without_pillar(frame, "trade", AXES, definition)
    assert made[0, A, B] == pytest.approx(30)
    assert without_pillar(frame, "arms", AXES, definition)[0, A, B] == pytest.approx(
        (0.4 * 90 + 0.2 * 20 + 0.2 * 60) / 0.8
    )
    assert np.isnan(made[0, A, C])
