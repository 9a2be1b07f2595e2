from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from upstream import FOLDER, relative_error, upstream

import indices.composite
from indices.composite.errors import CompositeError
from indices.composite.index import STEPS, Index, Result
from indices.composite.treat import Treatment
from indices.composite.tree import Tree

ROOT = Path(__file__).resolve().parents[2]
NAN = float("nan")


@pytest.fixture(scope="module")
def asem() -> Result:
    """The ASEM index, as the example computes it."""
    path = ROOT / "docs" / "examples" / "asem.py"
    spec = importlib.util.spec_from_file_location("asem_example", path)
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    return example.asem(FOLDER / "ASEM_iData.csv", FOLDER / "ASEM_iMeta.csv")


@pytest.mark.parametrize(
    ("step", "file"),
    [
        ("denominated", "A02_Denominated"),
        ("imputed", "A03_Imputed"),
        ("screened", "A04_Screened"),
        ("treated", "A05_Treated"),
        ("normalised", "A06_Normalised"),
    ],
)
def test_every_step_of_asem_is_that_of_coinr(asem: Result, step: str, file: str) -> None:
    theirs = upstream(file, "uCode")
    assert relative_error(asem.data[step], theirs) < 1e-12
    assert asem.data[step].shape == theirs.shape


def test_scores_of_asem_are_those_of_coinr(asem: Result) -> None:
    theirs = upstream("A07_Aggregated", "uCode")
    assert relative_error(asem.scores, theirs) < 1e-12
    assert asem.scores.shape == theirs.shape


def test_the_table_of_asem_is_that_of_coinr(asem: Result) -> None:
    theirs = upstream("A08_results_scores", "uCode")
    ours = asem.table()
    assert list(ours.index) == list(theirs.index)
    assert list(ours["rank"]) == list(theirs["Rank"])
    # COINr rounds this sheet to so many decimals.
    scores = theirs.drop(columns="Rank")
    np.testing.assert_allclose(ours[scores.columns], scores, rtol=0, atol=2e-12)
    assert list(ours.columns[:4]) == ["rank", "Index", "Conn", "Sust"]


def test_ranks_of_asem_are_those_of_coinr(asem: Result) -> None:
    theirs = upstream("A09_results_ranks", "uCode")
    ours = asem.ranks.loc[theirs.index, theirs.columns]
    # COINr separates two of Greece's ties by their rounding; see the reference's README.
    assert int((ours != theirs).to_numpy().sum()) == 1
    assert (ours.loc["GRC", "TolMin"], theirs.loc["GRC", "TolMin"]) == (24, 26)


@pytest.mark.parametrize(
    ("method", "file"),
    [
        ("arithmetic", "agg_a_amean"),
        ("geometric", "agg_a_gmean"),
        ("harmonic", "agg_a_hmean"),
        ({"method": "power", "p": 2}, "agg_genmean_p2"),
    ],
)
def test_one_mean_at_all_levels_is_that_of_coinr(asem: Result, method: Any, file: str) -> None:
    changed = asem.with_(normalise={"method": "minmax", "lo": 1, "hi": 100}, aggregate=method)
    assert relative_error(changed.scores, upstream(file, "uCode")) < 1e-12


def test_leaving_out_each_pillar_is_that_of_coinr(asem: Result) -> None:
    removals = asem.remove_each(2)
    difference = upstream("remove_level2", "removed")["mean_abs_rank_diff"]
    ours = removals.difference.rename({"nominal": "Nominal"})
    np.testing.assert_allclose(ours[difference.index], difference, rtol=1e-12)
    for frame, file in ((removals.scores, "scores"), (removals.ranks, "ranks")):
        theirs = upstream(f"remove_level2_{file}", "uCode")
        assert relative_error(frame.rename(columns={"nominal": "Nominal"}), theirs) < 1e-12
    np.testing.assert_allclose(
        removals.scores["P2P"], asem.with_(without="P2P").scores["Index"], rtol=1e-14
    )


def test_leaving_out_keeps_the_methods_and_thresholds(asem: Result) -> None:
    result = asem.with_(
        normalise={"method": "minmax", "lo": 1}, aggregate="harmonic", minimum_weight=0.9
    )
    for level, code in ((1, "LPI"), (3, "Sust")):
        np.testing.assert_allclose(
            result.remove_each(level).scores[code],
            result.with_(without=code).scores["Index"],
            rtol=1e-14,
        )


def test_an_influence_out_of_reach_is_refused_with_the_nearest(asem: Result) -> None:
    with pytest.raises(CompositeError, match=r"the nearest give Physical 0.\d+, ConEcFin"):
        asem.with_(weights={"method": "optimised", "level": 2})


def test_copeland_of_asem_without_pillars_is_that_of_coinr(asem: Result) -> None:
    effective = asem.weights["effective"]
    meta = pd.DataFrame({"code": asem.tree.indicators, "parent": "Index"})
    meta["weight"] = list(effective[list(asem.tree.indicators)])
    meta.loc[len(meta)] = ["Index", None, 1.0]
    flat = Index(Tree.from_frame(meta), aggregate="copeland")
    theirs = upstream("copeland_flat_effweights", "uCode")
    ours = flat.fit(asem.normalised, unit="uCode").scores["Index"]
    np.testing.assert_array_equal(ours[theirs.index], theirs.iloc[:, 0])


def test_the_panel_of_asem_pooled_over_years_is_that_of_coinr() -> None:
    meta = pd.read_csv(FOLDER / "ASEM_iMeta.csv")
    panel = pd.read_csv(FOLDER / "ASEM_iData_p_sust.csv")
    kept = meta[(meta["iCode"].isin(panel.columns)) | (meta["Parent"] == "Sust")]
    kept = pd.concat([kept, meta[meta["iCode"] == "Sust"].assign(Parent=None)])
    index = Index(
        Tree.from_frame(kept[kept["Type"].isin(["Indicator", "Aggregate"])]),
        denominate=False,
        screen={"minimum": 0, "drop": ["BGD", "BRN", "KHM", "LAO", "MMR"]},
        treat={"by_time": True},
    )
    result = index.fit(panel, unit="uCode", time="Time")
    theirs = upstream("panel_global_aggregated", "uCode", "Time")
    assert relative_error(result.scores, theirs[["Sust"]]) < 1e-12
    normalised = upstream("panel_global_normalised", "uCode", "Time")
    # Palma of Malaysia in 2022 is almost the smallest: of the copy's 15 digits, few are left after
    # taking that away, and exact fractions of the copied values differ as much.
    np.testing.assert_allclose(
        result.normalised.loc[normalised.index, normalised.columns],
        normalised,
        rtol=1e-12,
        atol=2e-13,
    )
    year = result.scores.xs(2020, level="Time")["Sust"]
    expected = year.rank(ascending=False)
    pd.testing.assert_series_equal(result.ranks.xs(2020, level="Time")["Sust"], expected)
    table = result.table()
    assert list(table.index.get_level_values("Time")) == sorted(panel["Time"].unique().repeat(46))
    assert table.loc[table.index.get_level_values("Time") == 2018, "rank"].is_monotonic_increasing


META = pd.DataFrame(
    {
        "code": ["a", "b", "c", "P", "Q", "I"],
        "parent": ["P", "P", "Q", "I", "I", None],
        "weight": [3.0, 1.0, 1.0, 1.0, 1.0, 1.0],
        "direction": [1, 1, -1, 1, 1, 1],
    }
)
TREE = Tree.from_frame(META)


def panel(**columns: Any) -> pd.DataFrame:
    """Four units; a is 0, 1, 2, 4 and b and c are as good."""
    values: dict[str, Any] = {
        "unit": ["w", "x", "y", "z"],
        "a": [0.0, 1.0, 2.0, 4.0],
        "b": [0.0, 10.0, 5.0, 2.5],
        "c": [8.0, 6.0, 4.0, 0.0],
    }
    return pd.DataFrame(values | columns)


def years(**columns: Any) -> pd.DataFrame:
    """Two units in two years; all indicators go up by 10 in the second."""
    values: dict[str, Any] = {
        "unit": ["u", "v", "u", "v"],
        "year": [1, 1, 2, 2],
        "a": [0.0, 10.0, 10.0, 20.0],
        "b": [0.0, 10.0, 10.0, 20.0],
        "c": [20.0, 10.0, 10.0, 0.0],
    }
    return pd.DataFrame(values | columns)


def test_an_index_by_hand() -> None:
    result = Index(TREE).fit(panel())
    np.testing.assert_array_equal(result.normalised["a"], [0, 25, 50, 100])
    np.testing.assert_array_equal(result.normalised["c"], [0, 25, 50, 100])
    # P = (3 a + b) / 4 with b 0, 100, 50, 25; I = (P + c) / 2.
    np.testing.assert_array_equal(result.scores["P"], [0, 43.75, 50, 81.25])
    np.testing.assert_array_equal(result.scores["I"], [0, 34.375, 50, 90.625])
    np.testing.assert_array_equal(result.ranks["I"], [4, 3, 2, 1])
    np.testing.assert_array_equal(result.ranks["b"], [4, 1, 2, 3])
    assert list(result.scores) == ["a", "b", "c", "P", "Q", "I"]
    assert result.scores.index.name == "unit"
    assert list(result.unscored) == []
    assert result.weights.loc["a"].to_dict() == {
        "level": 1,
        "parent": "P",
        "weight": 3.0,
        "share": 0.75,
        "effective": 0.375,
    }
    assert (result.imputed == "").all().all()
    assert result.treated.empty
    assert result.screened["kept"].all()


def test_what_is_missing_is_told() -> None:
    data = panel(a=[0.0, NAN, 2.0, 4.0], b=[0.0, 10.0, 5.0, NAN], c=[8.0, NAN, 4.0, 0.0])
    data.loc[4] = ["void", NAN, NAN, NAN]
    result = Index(TREE, impute="mean", minimum_weight={3: 1.0}).fit(data)
    assert list(result.unscored) == ["void"]
    assert result.scores.loc["void"].isna().all()
    assert result.ranks["I"].isna().to_dict() == dict.fromkeys("wxyz", False) | {"void": True}
    assert list(result.imputed.loc["x"]) == ["mean", "", "mean"]
    assert list(result.imputed.loc["void"]) == ["missing"] * 3
    assert result.data["imputed"].loc["x", "a"] == 2
    # Of P a weighs three quarters; nothing imputed counts as covered.
    assert result.coverage.loc["x"].to_dict() == {
        "a": 0,
        "b": 1,
        "c": 0,
        "P": 0.25,
        "Q": 0,
        "I": 0.125,
    }
    alone = Index(TREE, minimum_weight={3: 1.0}).fit(data)
    assert list(alone.unscored) == ["x", "void"]
    assert list(alone.imputed.loc["x"]) == ["missing", "", "missing"]
    assert list(alone.table().index[-2:]) == ["x", "void"]
    assert alone.scores.loc["x", "P"] == 100


def test_children_are_counted_or_weighed() -> None:
    # Of P, a weighs three quarters; x lacks it, z lacks b.
    data = panel(a=[0.0, NAN, 2.0, 4.0], b=[0.0, 10.0, 5.0, NAN], c=[8.0, 6.0, NAN, 0.0])
    weighed = Index(TREE, minimum_weight={2: 0.5}).fit(data)
    assert list(weighed.scores.index[weighed.scores["P"].isna()]) == ["x"]
    counted = weighed.with_(minimum_weight=0.0, minimum_available={2: 0.5, 3: 0.6})
    assert counted.scores["P"].notna().all()
    assert list(counted.unscored) == ["y"]
    all_of_p = counted.with_(minimum_available={2: 1.0})
    assert list(all_of_p.scores.index[all_of_p.scores["P"].isna()]) == ["x", "z"]
    removed = counted.remove_each(2).scores
    assert removed["P"].isna().to_dict() == dict.fromkeys("wxz", False) | {"y": True}
    # A unit with too little known is compared with nobody.
    order = all_of_p.with_(aggregate={2: "copeland", 3: "arithmetic"})
    np.testing.assert_array_equal(order.scores["P"], [-1, NAN, 1, NAN])


def test_a_year_of_which_nothing_is_known_is_carried_forward_but_not_averaged() -> None:
    data = years()
    data.loc[2, ["a", "b", "c"]] = NAN
    carried = Index(TREE, impute="carry_forward").fit(data, time="year")
    assert carried.scores["I"].notna().all()
    averaged = Index(TREE, impute="mean").fit(data, time="year")
    assert list(averaged.unscored) == [("u", 2)]


def test_units_are_screened_before_or_after_imputation() -> None:
    data = panel(a=[0.0, NAN, 2.0, 4.0], b=[0.0, NAN, 5.0, 9.0], c=[8.0, 100.0, 4.0, 0.0])
    first = Index(TREE, screen={"minimum": 0.5}, impute="mean").fit(data)
    assert list(first.scores.index) == ["w", "y", "z"]
    assert first.screened.loc["x", "reason"] == "few data"
    after = Index(TREE, screen={"minimum": 0.5, "count_imputed": True}, impute="mean").fit(data)
    assert list(after.scores.index) == list("wxyz")
    assert after.scores.loc["x", "a"] == 50
    data.loc[1, "c"] = NAN
    void = Index(TREE, screen={"minimum": 0.5, "count_imputed": True}, impute="mean").fit(data)
    assert list(void.scores.index) == ["w", "y", "z"]
    kept = first.with_(screen={"minimum": 0.5, "keep": ["x"]})
    assert list(kept.scores.index) == list("wxyz")


def test_periods_are_pooled_or_apart() -> None:
    pooled = Index(TREE).fit(years(), time="year")
    np.testing.assert_array_equal(pooled.scores["I"], [0, 50, 50, 100])
    np.testing.assert_array_equal(pooled.ranks["I"], [2, 1, 2, 1])
    assert pooled.scores.index.names == ["unit", "year"]
    apart = pooled.with_(normalise={"method": "minmax", "by_time": True})
    np.testing.assert_array_equal(apart.scores["I"], [0, 100, 0, 100])
    means = years(a=[0.0, NAN, 10.0, 20.0])
    assert Index(TREE, impute="mean").fit(means, time="year").data["imputed"]["a"].iloc[1] == 0
    over_all = Index(TREE, impute={"method": "mean", "by_time": False}).fit(means, time="year")
    assert over_all.data["imputed"]["a"].iloc[1] == 10


def test_denominators_and_groups_come_from_the_panel() -> None:
    tree = Tree.from_frame(META.assign(denominator=["size", None, " ", None, None, None]))
    data = panel(size=[1.0, 2.0, 4.0, 1.0], area=["n", "n", "s", "s"])
    assert list(Index(tree).fit(data).data["denominated"]["a"]) == [0, 0.5, 0.5, 4]
    assert list(Index(tree, denominate=False).fit(data).data["denominated"]["a"]) == [0, 1, 2, 4]
    scaled = Index(tree, denominate={"scale": 10}).fit(data)
    assert list(scaled.data["denominated"]["a"]) == [0, 5, 5, 40]
    data.loc[1, "b"] = NAN
    grouped = Index(tree, impute={"method": "group_mean", "groups": "area"}).fit(data)
    assert grouped.data["imputed"].loc["x", "b"] == 0


@pytest.mark.parametrize(
    ("normalise", "c"),
    [
        (None, [-8, -6, -4, 0]),
        ("rank", [1, 2, 3, 4]),
        ({"method": "goalposts", "lo": -8, "hi": 2, "a": 10}, [0, 2, 4, 8]),
        # By indicator: in its own unit, whatever its direction.
        (
            {"method": "goalposts", "lo": dict.fromkeys("abc", 2), "hi": dict.fromkeys("abc", 6)},
            [0, 0, 0.5, 1],
        ),
        ({"method": "distance_to_reference", "reference": "y"}, [0, 0.5, 1, 2]),
        ({"method": "distance_to_target", "target": dict.fromkeys("abc", 4)}, [0, 0.5, 1, 2]),
        ({"method": "minmax", "indicators": {"c": "borda"}}, [0, 1, 2, 3]),
        ({"method": "minmax", "lo": {"a": 0, "b": 0, "c": 60}}, [60, 70, 80, 100]),
    ],
)
def test_normalisations_turn_an_indicator_by_its_direction(normalise: Any, c: list[float]) -> None:
    result = Index(TREE, normalise=normalise).fit(panel(), unit="unit")
    np.testing.assert_array_equal(result.normalised["c"], c)


def test_goalposts_and_targets_may_stand_in_the_tree() -> None:
    posts = META.assign(lo=[0.0, 0, 0, NAN, NAN, NAN], hi=[4.0, 10, 16, NAN, NAN, NAN])
    result = Index(Tree.from_frame(posts), normalise="goalposts").fit(panel())
    np.testing.assert_array_equal(result.normalised["c"], [0.5, 0.625, 0.75, 1])
    targets = Tree.from_frame(META.assign(Target=[8.0, 10, 2, NAN, NAN, NAN]))
    near = Index(targets, normalise="distance_to_target").fit(panel())
    np.testing.assert_array_equal(near.normalised["a"], [0, 0.125, 0.25, 0.5])
    leaves = [{"code": c, "target": t} for c, t in (("a", 8), ("b", 20), ("c", 16))]
    written = {"pillar": [{"code": "P", "indicator": leaves}], "normalise": "distance_to_target"}
    read = Index.from_definition(written).fit(panel())
    np.testing.assert_array_equal(read.normalised["a"], [0, 0.125, 0.25, 0.5])


def test_a_reference_unit_of_a_panel_is_found_in_every_period() -> None:
    data = years()
    data = pd.concat([data, data.assign(unit=["r"] * 4).iloc[[1, 3]]])
    by_time = {"method": "distance_to_reference", "reference": "r", "by_time": True}
    result = Index(TREE, normalise=by_time).fit(data, time="year")
    np.testing.assert_array_equal(result.scores["I"], [0, 1, 0, 1, 1, 1])
    one = {"method": "distance_to_reference", "reference": ["v", 1]}
    pooled = Index(TREE, normalise=one).fit(years(), time="year")
    np.testing.assert_array_equal(pooled.scores["I"], [0, 1, 1, 2])


def test_treatment_may_differ_by_indicator() -> None:
    data = pd.concat([panel(unit=list(u)) for u in ("wxyz", "WXYZ")])
    data["a"] = [1.0, 2, 3, 4, 5, 6, 7, 1000]
    everywhere = Index(TREE, treat=Treatment(max_winsorised=1)).fit(data)
    assert everywhere.data["treated"].loc["Z", "a"] == 7
    spec = {"max_winsorised": 1, "indicators": {"a": "log", "b": {"method": "none"}}}
    single = Index(TREE, treat=spec).fit(data)
    assert single.data["treated"].loc["Z", "a"] == np.log(1000)
    assert single.treated.loc["a", "treatment"] == "log"
    kept = Index(TREE, treat={"max_winsorised": 0, "fallback": "none"}).fit(data)
    assert not kept.treated.loc["a", "passed"]


@pytest.mark.parametrize(
    ("weigh", "weights"),
    [
        ("given", {"a": 0.375, "b": 0.125, "c": 0.5}),
        ("equal", {"a": 0.25, "b": 0.25, "c": 0.5}),
        ({"b": 5, "Q": 3}, {"a": 0.25 * 3 / 8, "b": 0.25 * 5 / 8, "c": 0.75}),
        # Two positively correlated indicators have equal loadings.
        ({"method": "pca"}, {"a": 0.25, "b": 0.25, "c": 0.5}),
    ],
)
def test_ways_of_weighing(weigh: Any, weights: dict[str, float]) -> None:
    data = panel(b=[0.0, 10.0, 2.0, 12.5]) if weigh == {"method": "pca"} else panel()
    result = Index(TREE, weigh=weigh).fit(data)
    effective = result.weights["effective"]
    assert effective[list("abc")].to_dict() == pytest.approx(weights, rel=1e-12)
    by_hand = sum(result.normalised[code] * weight for code, weight in weights.items())
    np.testing.assert_allclose(result.scores["I"], by_hand, rtol=1e-12)


def test_weights_optimised_for_equal_influence() -> None:
    rng = np.random.default_rng(3)
    data = pd.DataFrame(rng.normal(size=(60, 3)), columns=list("abc"))
    data = data.assign(unit=range(60), a=data["a"] + data["b"])
    result = Index(TREE, weigh={"method": "optimised", "level": 2}).fit(data)
    influence = result.scores[["P", "Q"]].corrwith(result.scores["I"])
    assert influence["P"] == pytest.approx(influence["Q"], abs=1e-6)
    with pytest.raises(CompositeError, match="for arithmetic means; level 3 has others"):
        result.with_(
            aggregate={2: "arithmetic", 3: "geometric"}, normalise={"method": "minmax", "lo": 1}
        )


@pytest.mark.parametrize(
    ("change", "first"),
    [
        ({"denominate": False}, "denominate"),
        ({"screen": {"minimum": 0.1}}, "screen"),
        ({"impute": "median"}, "impute"),
        ({"treat": {"max_winsorised": 1}}, "treat"),
        ({"normalise": "zscore"}, "normalise"),
        ({"weights": {"P": 3}}, "weigh"),
        ({"weights": "equal"}, "weigh"),
        ({"without": "b"}, "weigh"),
        ({"aggregate": {"method": "power", "p": 2}}, "aggregate"),
        ({"minimum_weight": 0.9}, "aggregate"),
        ({"decimals": 0}, "aggregate"),
    ],
)
def test_what_if_computes_again_from_the_first_changed_step(
    change: dict[str, Any], first: str
) -> None:
    tree = Tree.from_frame(META.assign(denominator=["size", None, None, None, None, None]))
    data = panel(b=[0.0, 10.0, NAN, 2.5], size=[1.0, 2.0, 1.0, 1.0])
    result = Index(tree, impute="mean").fit(data)
    changed = result.with_(**change)
    names = ["denominated", "screened", "imputed", "treated", "normalised"]
    # Screening and imputation wait for each other, so both are done again.
    since = STEPS.index("screen") if first == "impute" else STEPS.index(first)
    for at, name in enumerate(names):
        assert (changed.data[name] is result.data[name]) == (at < since), name
    anew = changed.index.fit(data)
    pd.testing.assert_frame_equal(changed.scores, anew.scores)
    pd.testing.assert_frame_equal(changed.ranks, anew.ranks)


def test_what_if_builds_on_the_weights_in_use() -> None:
    result = Index(TREE, weigh="equal").fit(panel())
    assert result.with_(without="Q").weights["effective"]["a"] == 0.5
    assert result.with_(weights={"Q": 3}).weights["effective"]["a"] == 0.125
    assert result.with_(weights={"Q": 3}, without="b").weights["effective"]["a"] == 0.25
    assert result.with_(without=["a", "c"]).scores["I"].tolist() == [0, 100, 50, 25]
    assert result.with_() is result
    with pytest.raises(CompositeError, match=r"call with_\(without=...\) on that result"):
        result.with_(weights="equal", without="b")
    with pytest.raises(CompositeError, match="nomalise not known; there are weights, without, den"):
        result.with_(nomalise="rank")


def test_leaving_out_a_lone_indicator_leaves_out_its_pillar() -> None:
    removals = Index(TREE).fit(panel()).remove_each(1)
    assert list(removals.scores) == ["nominal", "a", "b", "c"]
    np.testing.assert_array_equal(removals.scores["c"], [0, 43.75, 50, 81.25])
    # Without a: b 0, 100, 50, 25 and c 0, 25, 50, 100 give 0, 62.5, 50, 62.5.
    np.testing.assert_array_equal(removals.ranks["a"], [4, 1, 3, 1])
    assert removals.difference.to_dict() == {"nominal": 0, "a": 0.75, "b": 0, "c": 0}


def test_results_are_compared_unit_by_unit() -> None:
    result = Index(TREE).fit(panel())
    beside = result.compare(result.with_(without="a"))
    assert list(beside.index) == ["z", "y", "x", "w"]
    assert beside.loc["x"].to_dict() == {
        "score": 34.375,
        "rank": 3,
        "score_other": 62.5,
        "rank_other": 1,
        "score_difference": 28.125,
        "rank_difference": -2,
    }
    assert result.compare(result, "P")["score"]["x"] == 43.75
    with pytest.raises(CompositeError, match="R not in the tree"):
        result.compare(result, "R")


def test_scores_that_round_to_the_same_share_a_rank() -> None:
    data = panel(a=[0.0, 1.0, 1.001, 4.0], b=[0.0, 1.0, 1.001, 4.0], c=[4.0, 3.0, 2.999, 0.0])
    result = Index(TREE, decimals=0).fit(data)
    assert list(result.ranks["I"]) == [4, 2, 2, 1]
    assert list(result.with_(decimals=2).ranks["I"]) == [4, 3, 2, 1]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (panel().drop(columns=["a", "c"]), "no column a, c; it has unit, b"),
        (panel().rename(columns={"unit": "country"}), "no column unit"),
        (panel().iloc[:0], "no rows"),
        (panel(unit=["w", "x", "x", "z"]), "x stands more than once.*name the column of periods"),
        (panel(unit=["w", None, "y", "z"]), "row 1 of the panel has no unit"),
        (panel(b=[0, np.inf, 1, 2]), "b of x is infinite"),
        (panel(b=["0", "1", "2", "3"]), "b of w is '0', expected a number"),
        (panel(b=[0.0, "n/a", 2, 3]), "b of x is 'n/a', expected a number"),
        (panel(b=pd.to_datetime(["2000"] * 4)), "b is of type datetime64"),
        (panel(b=[1j, 2j, 3j, 4j]), "b is of type complex128"),
        (panel(b=pd.Categorical([1, 2, 3, "x"])), "b of z is 'x'"),
        (panel(b=[7.0] * 4), "no variance.*b.*every known value is 7"),
        (panel(b=[NAN] * 4), "no values at all.*b"),
        (panel(b=[1.0, NAN, NAN, NAN]), "no variance.*b"),
        (pd.concat([panel(), panel()[["b"]]], axis=1), "more than one column b"),
    ],
)
def test_bad_data_are_refused_by_name(data: pd.DataFrame, says: str) -> None:
    with pytest.raises(CompositeError, match=says):
        Index(TREE).fit(data)


def test_what_is_no_tree_is_refused() -> None:
    with pytest.raises(CompositeError, match="the tree is a dict, expected a Tree"):
        Index({"a": 1})


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(CompositeError, match="the panel is a dict, expected a DataFrame"):
        Index(TREE).fit({"a": [1]})
    with pytest.raises(CompositeError, match="table of nodes is a dict, expected a DataFrame"):
        Tree.from_frame({"code": ["a"]})


def test_a_unit_twice_in_a_period_is_refused() -> None:
    with pytest.raises(CompositeError, match=r"\(u, 1\) stands more than once"):
        Index(TREE).fit(years(year=[1, 1, 1, 2]), time="year")


@pytest.mark.parametrize(
    "data",
    [
        panel(a=[0, 1, 2, 4]),
        panel(a=pd.array([0, 1, 2, 4], dtype="Int64")),
        panel(a=np.array([0, 1, 2, 4], dtype=object)),
        panel(a=pd.Categorical([0, 1, 2, 4])),
        panel(a=np.array([0, 1, 2, 4], dtype="float32")),
        panel().set_index("unit"),
    ],
)
def test_numbers_of_any_type_are_numbers(data: pd.DataFrame) -> None:
    assert Index(TREE).fit(data).scores["I"].tolist() == [0, 34.375, 50, 90.625]


def test_missing_numbers_of_any_type_are_missing() -> None:
    for missing in (pd.array([0, None, 2, 4], dtype="Int64"), np.array([0, None, 2, 4], object)):
        assert np.isnan(Index(TREE).fit(panel(a=missing)).data["raw"].loc["x", "a"])
    yes = panel(a=pd.array([True, False, None, True], dtype="boolean"))
    assert list(Index(TREE).fit(yes).data["raw"]["a"].iloc[:2]) == [1, 0]


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ({"denominate": {"factor": 2}}, "'denominate' does not know 'factor'"),
        ({"screen": {"keep": ["w"]}}, "'screen' needs 'minimum'"),
        ({"screen": 0.9}, "screen is 0.9, expected a table"),
        ({"impute": "mode"}, "'mode' is not known; there are mean, median"),
        ({"impute": {"method": "mean", "group": "x"}}, "'mean' does not know 'group'"),
        ({"impute": {"groups": "x"}}, "impute is .*, expected the name of a method"),
        ({"treat": "trim"}, "'trim' is not known; there are auto"),
        ({"treat": {"winmax": 5}}, "treat: winmax not known; there are max_winsorised"),
        ({"treat": {"indicators": {"zz": "log"}}}, "zz not in the tree"),
        ({"normalise": "softmax"}, "'softmax' is not known; there are minmax"),
        ({"normalise": {"method": "minmax", "top": 1}}, "'minmax' does not know 'top'"),
        ({"normalise": "goalposts"}, "'goalposts' needs 'lo'"),
        ({"normalise": {"method": "minmax", "indicators": {"zz": "rank"}}}, "zz not in the tree"),
        ({"weigh": "budget"}, "weights 'budget' not known; there are given, equal, pca, optimised"),
        ({"weigh": {"method": "pca", "rank": 1}}, "do not know rank; their parameters: level"),
        ({"weigh": {"method": "pca", "level": 3}}, "level 3 is that of the index itself"),
        ({"weigh": {"method": "pca", "level": 9}}, "no node has level 9"),
        ({"weigh": {"zz": 1}}, "zz not in the tree"),
        ({"aggregate": "median"}, "'median' is not known; there are arithmetic"),
        ({"aggregate": {2: "arithmetic"}}, "names no value for level 3"),
        ({"aggregate": {"method": "power"}}, "'power' needs 'p'"),
        ({"aggregate": {"method": "arithmetic", "minimum_weight": 1}}, "a step of its own"),
        ({"minimum_weight": {5: 0.5}}, "minimum_weight names level 5"),
        ({"minimum_weight": 1.5}, "minimum_weight is 1.5"),
        ({"minimum_available": 2}, "minimum_available is 2"),
        ({"minimum_weight": "half"}, "minimum_weight is 'half'"),
        ({"decimals": 0.5}, "decimals is 0.5"),
        ({"minimum_weight": NAN}, "minimum_weight is nan"),
        ({"treat": {"max_winsorised": 2.5}}, "max_winsorised is 2.5; expected a whole number"),
        ({"treat": {"max_skew": "much"}}, "treat cannot take {'max_skew': 'much'}"),
    ],
)
def test_a_wrong_step_is_refused_before_any_data(steps: dict[str, Any], says: str) -> None:
    with pytest.raises(CompositeError, match=says):
        Index(TREE, **steps)


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ({"impute": {"method": "group_mean", "groups": "zz"}}, "no column zz, by which to group"),
        ({"normalise": {"method": "minmax", "by_time": True}}, "needs a panel fitted with `time`"),
        ({"normalise": {"method": "distance_to_reference", "reference": "q"}}, "q is not a unit"),
        (
            {"normalise": {"method": "distance_to_reference", "reference": "w"}},
            "reference w has itself the smallest value .a; b; c.",
        ),
        ({"treat": "log"}, "'log' is impossible for a, b, c: .* zero or less at w;"),
        ({"normalise": {"method": "minmax", "lo": {"a": 1}}}, "no lo for b, c"),
        ({"normalise": {"method": "goalposts", "lo": 9, "hi": 1}}, "goalposts are 9.0 and 1.0"),
        (
            {"normalise": {"method": "goalposts", "lo": {"a": 0, "b": 0, "c": 8}, "hi": 4}},
            "c: goalposts 8.0 and 4.0, expected the lower one first",
        ),
        ({"normalise": {"method": "minmax", "hi": "top"}}, "'minmax' cannot take .*'hi': 'top'"),
        ({"normalise": {"method": "scaled", "lo": [1, 2]}}, r"'scaled' cannot take .*\[1, 2\]"),
        ({"aggregate": {"method": "power", "p": "x"}}, "'power' cannot take {'p': 'x'}"),
        ({"impute": {"method": "constant", "constant": "x"}}, "'constant' cannot take"),
        ({"screen": {"minimum": "x"}}, "screen cannot take {'minimum': 'x'}"),
        ({"screen": {"minimum": 0, "keep": "w"}}, "keep is 'w', expected a list of units"),
        ({"aggregate": "geometric"}, "P: scores of zero or below .*w, a"),
        ({"aggregate": "mazziotta_pareto", "normalise": "zscore"}, "P: a mean of zero .*w"),
    ],
)
def test_a_step_that_refuses_the_data_says_who(steps: dict[str, Any], says: str) -> None:
    with pytest.raises(CompositeError, match=says):
        Index(TREE, **steps).fit(panel())


def test_a_denominator_that_is_not_there_is_refused() -> None:
    tree = Tree.from_frame(META.assign(denominator=["size", None, None, None, None, None]))
    with pytest.raises(CompositeError, match="no column size, the denominator of a"):
        Index(tree).fit(panel())
    with pytest.raises(CompositeError, match="denominator size of a is zero for x"):
        Index(tree).fit(panel(size=[1, 0, 1, 1]))


def test_a_reference_of_a_pooled_panel_is_a_unit_in_a_period() -> None:
    pooled = {"method": "distance_to_reference", "reference": "u"}
    with pytest.raises(CompositeError, match="a unit in one of them"):
        Index(TREE, normalise=pooled).fit(years(), time="year")
    data = years().iloc[[0, 1, 3]]
    with pytest.raises(CompositeError, match="u is not in the panel in every period"):
        Index(TREE, normalise=pooled | {"by_time": True}).fit(data, time="year")


def test_pca_is_for_groups_of_one_level() -> None:
    mixed = Tree.from_frame(
        META.assign(parent=["P", "P", "I", "I", "I", None])[:4].pipe(
            lambda m: pd.concat([m, META[META["code"] == "I"]])
        )
    )
    with pytest.raises(CompositeError, match="I has children of level 1 and of others"):
        Index(mixed, weigh={"method": "pca"}).fit(panel())


DEFINITION = """
[[node]]
code = "a"
parent = "P"
weight = 3
lo = 0
hi = 4
[[node]]
code = "b"
parent = "P"
lo = 0
hi = 10
[[node]]
code = "c"
parent = "Q"
direction = -1
lo = 0
hi = 16
[[node]]
code = "P"
parent = "I"
[[node]]
code = "Q"
parent = "I"
[[node]]
code = "I"

[screen]
minimum = 0.5
[impute]
method = "median"
[treat]
max_winsorised = 1
fallback = "none"
[treat.indicators.c]
method = "none"
[normalise]
method = "goalposts"
a = 100
[aggregate]
2 = "arithmetic"
3 = { method = "power", p = 2 }
[minimum_weight]
2 = 0.5
[rank]
decimals = 3
"""


def test_a_definition_file_is_an_index(tmp_path: Path) -> None:
    path = tmp_path / "index.toml"
    path.write_text(DEFINITION)
    index = Index.from_definition(path)
    assert index.decimals == 3
    scores = index.fit(panel()).scores
    np.testing.assert_array_equal(scores["c"], [50, 62.5, 75, 100])
    p, q = 0.75 * 25 + 0.25 * 100, 62.5
    assert scores.loc["x", "I"] == pytest.approx(((p**2 + q**2) / 2) ** 0.5, rel=1e-14)
    with pytest.raises(CompositeError, match="'box' is not known"):
        Index.from_definition(
            {"node": [{"code": "x", "parent": "I"}, {"code": "I"}], "treat": "box"}
        )


def test_the_names_of_the_engine_are_found_when_used() -> None:
    assert {
        name: getattr(indices.composite, name) is not None for name in indices.composite.__all__
    }
    assert indices.composite.Index is Index
    with pytest.raises(AttributeError, match="no attribute 'Indexes'"):
        indices.composite.Indexes  # noqa: B018
    code = "import sys, indices.composite.index; print('scipy' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
