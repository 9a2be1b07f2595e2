"""The four ways of making one of a bloc, by hand and from pooled raw flows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from worlds import mini_definition, random_world, world

from indices.cube import Array, Axes
from indices.depth import compute_depth
from indices.gap import bloc_mean, gap_table, pool, ties, weighted_bloc
from indices.intervals import MEASURES
from indices.pillars.arms import arms_indicators
from indices.pillars.trade import trade_indicators

NAN = float("nan")
DEFINITION = mini_definition()
(QUESTION,) = DEFINITION.questions
AXES = Axes((2000,), ("AAA", "BBB", "FFF", "PPP"))
A, B, F, P = range(4)
SIZES = {
    k: np.array([[3.0, 1.0, 2.0, 9.0]]) for k in ("trade", "arms_imports", "arms_exports", "gdp")
}


def table(
    kappa: dict[tuple[int, int], float], draws: Array | None = None, view: str = "principal"
) -> pd.DataFrame:
    """Gaps in a world where nothing but votes differs: depth is 0.2 * 100 * kappa."""
    cube = np.zeros(AXES.shape)
    for (i, j), value in kappa.items():
        cube[0, i, j] = value
    data = world(AXES, {"vote_kappa": cube})
    drawn = np.zeros((*AXES.shape, 2)) if draws is None else draws
    made = gap_table(
        QUESTION,
        data,
        compute_depth(data, DEFINITION),
        DEFINITION,
        SIZES,
        dict.fromkeys(MEASURES, drawn),
    )
    assert set(made["measure"]) == set(MEASURES)
    return made[made["view"] == view].set_index("measure")


def test_mean_weighted_pooled_and_best_by_hand() -> None:
    row = table({(P, F): 0.5, (P, A): 0.8, (P, B): 0.1}).loc["depth"]
    # Depths 10 for the focal state, 16 and 2 for the bloc; AAA trades three times as much as BBB;
    # the pooled bloc votes with the members' mean.
    assert (row["focal_depth"], row["bloc_depth"], row["bloc_n"]) == pytest.approx((10, 9, 2))
    assert row["gap"] == pytest.approx(-1)
    assert row["gap_trade_weighted"] == pytest.approx((3 * 16 + 2) / 4 - 10)
    assert row["gap_pooled"] == pytest.approx(-1)
    assert (row["gap_best"], row["best_iso3"]) == (pytest.approx(6), "AAA")
    assert row["has_sign_conflict"]


@pytest.mark.parametrize(
    ("focal", "conflict"),
    [(0.9, False), (0.8, False), (0.5, True), (0.1, False), (0.05, False)],
)
def test_a_sign_conflict_needs_both_signs(focal: float, conflict: bool) -> None:
    row = table({(P, F): focal, (P, A): 0.8, (P, B): 0.1}).loc["depth"]
    assert row["has_sign_conflict"] == conflict


def test_views_look_from_either_end_and_from_both() -> None:
    kappa = {(P, F): 0.5, (F, P): 0.2, (P, A): 0.8, (A, P): 0.2, (P, B): 0.0, (B, P): 0.6}
    assert table(kappa, view="partner").loc["depth", "gap"] == pytest.approx(8 - 4)
    # sqrt(10 * 4) for the focal state; sqrt(16 * 4) = 8 and 0 for the bloc.
    assert table(kappa, view="mutual").loc["depth", "gap"] == pytest.approx(4 - np.sqrt(40))


def test_members_without_a_tie_are_left_out_and_a_lost_focal_tie_has_no_row() -> None:
    row = table({(P, F): 0.5, (P, A): 0.8, (P, B): NAN}).loc["depth"]
    assert (row["bloc_depth"], row["bloc_n"], row["best_iso3"]) == (pytest.approx(16), 1, "AAA")
    assert "depth" not in table({(P, F): NAN, (P, A): 0.8}).index
    assert "depth" not in table({(P, F): 0.5, (P, A): NAN, (P, B): NAN}).index


def test_the_interval_is_that_of_the_gap_draw_by_draw() -> None:
    draws = np.zeros((*AXES.shape, 4))
    draws[0, P, F] = [1, 2, 3, 4]
    draws[0, P, A] = [2, 2, 2, 2]
    draws[0, P, B] = [4, 4, 6, 0]
    row = table({(P, F): 0.5}, draws).loc["depth"]
    gaps = [2, 1, 1, -3]
    assert row["p_bloc_deeper"] == 0.75
    assert [row["gap_lo90"], row["gap_hi90"]] == pytest.approx(np.quantile(gaps, [0.05, 0.95]))


def test_bloc_means_of_nothing_are_missing() -> None:
    values = np.array([[NAN, NAN], [NAN, 4.0]])
    np.testing.assert_array_equal(bloc_mean(values)[0], [NAN, 4])
    assert bloc_mean(values)[1].tolist() == [0, 1]
    np.testing.assert_array_equal(weighted_bloc(values, np.array([[1, 1], [5, NAN]])), [NAN, NAN])


def test_ties_pick_the_right_end() -> None:
    cube = np.arange(16.0).reshape(AXES.shape)
    assert ties(cube, AXES, "PPP", ["AAA", "BBB"], "principal").tolist() == [[12, 13]]
    assert ties(cube, AXES, "PPP", ["AAA", "BBB"], "partner").tolist() == [[3, 7]]


# Flows of one year in raw units. PPP and BBB trade nothing with each other.
STATES = ("AAA", "BBB", "FFF", "PPP")
RAW = {
    ("AAA", "PPP"): 40.0,
    ("PPP", "AAA"): 10.0,
    ("BBB", "PPP"): 0.0,
    ("PPP", "BBB"): 0.0,
    ("FFF", "PPP"): 5.0,
    ("PPP", "FFF"): 7.0,
    ("AAA", "FFF"): 3.0,
    ("FFF", "AAA"): 6.0,
    ("BBB", "FFF"): 8.0,
    ("FFF", "BBB"): 1.0,
    ("AAA", "BBB"): 9.0,
    ("BBB", "AAA"): 2.0,
}
EXPORTS = {"AAA": 100.0, "BBB": 60.0, "FFF": 50.0, "PPP": 400.0, "WLD": 2000.0}
IMPORTS = {"AAA": 80.0, "BBB": 90.0, "FFF": 70.0, "PPP": 300.0, "WLD": 2100.0}
GDP = {"AAA": 500.0, "BBB": 300.0, "FFF": 400.0, "PPP": 5000.0}


def from_raw(states: tuple[str, ...], rename: dict[str, str]) -> dict[str, Array]:
    """Trade and arms indicators of the raw world, its states renamed and then added up."""

    def by_pair(first: str, second: str, value: str) -> pd.DataFrame:
        rows = [(rename.get(a, a), rename.get(b, b), 2000, v) for (a, b), v in RAW.items()]
        frame = pd.DataFrame(rows, columns=[first, second, "year", value])
        frame = frame[frame[first] != frame[second]]
        return frame.groupby([first, second, "year"], as_index=False).sum()

    def by_state(**columns: dict[str, float]) -> pd.DataFrame:
        frame = pd.DataFrame(columns).rename_axis("iso3").rename(index=rename)
        return frame.groupby("iso3").sum().reset_index().assign(year=2000)

    axes = Axes((2000,), states)
    goods = trade_indicators(
        by_pair("exporter_iso3", "importer_iso3", "value_usd").assign(method="importer_report"),
        by_state(exports_usd=EXPORTS, imports_usd=IMPORTS),
        by_state(gdp_usd=GDP),
        axes,
        window=1,
    )
    goods.pop("status")
    totals = by_state(exports_tiv_millions=EXPORTS, imports_tiv_millions=IMPORTS)
    moved = by_pair("supplier_iso3", "recipient_iso3", "tiv_millions")
    return {**goods, **arms_indicators(moved, totals, axes, 2000, 2000, 1)[0]}


RAW_SIZES = {
    "trade": np.array([[EXPORTS[s] + IMPORTS[s] for s in STATES]]),
    "gdp": np.array([[GDP[s] for s in STATES]]),
    "arms_imports": np.array([[IMPORTS[s] for s in STATES]]),
    "arms_exports": np.array([[EXPORTS[s] for s in STATES]]),
}


@pytest.mark.parametrize("other", ["PPP", "FFF"])
def test_pooling_shares_is_taking_shares_of_the_sum(other: str) -> None:
    single = from_raw(STATES, {})
    data = replace(world(AXES, {}), values=single)
    pooled = pool(data, ["AAA", "BBB"], RAW_SIZES).values
    small = ("BLO", "FFF", "PPP")
    summed = from_raw(small, {"AAA": "BLO", "BBB": "BLO"})
    i, k = STATES.index(other), small.index(other)
    for name in summed:
        for got, expected in (
            (pooled[name][0, A, i], summed[name][0, 0, k]),
            (pooled[name][0, i, A], summed[name][0, k, 0]),
        ):
            assert got == pytest.approx(expected, rel=1e-12), name
        np.testing.assert_array_equal(pooled[name][:, F, P], single[name][:, F, P])


def test_a_bloc_without_any_trade_or_arms_has_zeros_and_not_gaps() -> None:
    none = {k: np.zeros_like(v) for k, v in SIZES.items()} | {"trade": SIZES["trade"]}
    pooled = pool(world(AXES, {}), ["AAA", "BBB"], none).values
    for cube in pooled.values():
        assert cube[0, A, P] == cube[0, P, A] == 0


def test_a_bloc_of_one_is_that_state() -> None:
    data = random_world(Axes((2000, 2001), AXES.states), seed=8)
    sizes = {k: np.repeat(v, 2, axis=0) for k, v in SIZES.items()}
    # Intensity follows from a share; where one is missing or zero so is the other.
    data.values["trade_share"] = np.abs(data.values["trade_share"])
    data.values["trade_intensity"] = 3 * data.values["trade_share"]
    pooled = pool(data, ["AAA"], sizes).values
    for name, cube in data.values.items():
        np.testing.assert_allclose(pooled[name], cube, err_msg=name)


def test_a_member_that_did_not_exist_leaves_the_bloc_to_the_others() -> None:
    data = world(AXES, {"vote_kappa": np.full(AXES.shape, 0.5)})
    exists = data.exists.copy()
    exists[:, A] = exists[:, :, A] = False
    young = replace(
        data,
        exists=exists,
        values={k: np.where(exists, v, NAN) for k, v in data.values.items()},
    )
    pooled = compute_depth(pool(young, ["AAA", "BBB"], SIZES), DEFINITION)
    assert pooled.depth[0, P, A] == pooled.depth[0, A, P] == pytest.approx(10)
