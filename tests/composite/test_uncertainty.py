"""Uncertainty of an index: every factor against the index computed anew, and by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from indices.composite import simulate, uncertainty
from indices.composite.batch import aggregate_runs
from indices.composite.errors import CompositeError
from indices.composite.factors import (
    Alternatives,
    DirichletWeights,
    Factor,
    InputErrors,
    LogNormal,
    NoisyWeights,
    Normal,
    Removal,
    Uniform,
    WeightSets,
    dirichlet_weights,
    uniforms,
)
from indices.composite.index import Index, Result
from indices.composite.tree import Tree, aggregate_tree
from indices.composite.uncertainty import Contrast, UncertaintyResult, analyse, interval

REFERENCE = Path(__file__).parent / "reference"
NAN = float("nan")
TREE = Tree.from_frame(
    pd.DataFrame(
        {
            "code": ["a", "b", "c", "d", "g", "h", "top"],
            "parent": ["g", "g", "h", "h", "top", "top", None],
            "weight": [1, 3, 1, 1, 2, 3, 1],
        }
    )
)
# "twin" is the same as "north"; "bare" has gaps.
DATA = pd.DataFrame(
    {
        "unit": ["north", "twin", "south", "east", "west", "bare"],
        "a": [1.0, 1.0, 4.0, 2.0, 9.0, 3.0],
        "b": [5.0, 5.0, 1.0, 3.0, 2.0, NAN],
        "c": [2.0, 2.0, 8.0, 4.0, 1.0, 7.0],
        "d": [1.0, 1.0, 2.0, 5.0, 6.0, NAN],
    }
)
# Raw values as they are, so that scores can be computed by hand.
PLAIN = Index(TREE, normalise=None).fit(DATA)
RESULT = Index(TREE, normalise={"method": "minmax", "lo": 1, "hi": 100}).fit(DATA)
METHODS = Alternatives("aggregate", {"mean": "arithmetic", "product": "geometric"}, name="agg")
SCALES = Alternatives(
    "normalise",
    {"range": {"method": "minmax", "lo": 1, "hi": 100}, "z": {"method": "zscore", "mean": 10}},
)
SETS = WeightSets({"even": {"g": 1, "h": 1}, "tilted": {"g": 1, "h": 9}}, name="sets")
WEIGHTS = DirichletWeights(20)
NORMAL = InputErrors({"a": Normal(0.5), "c": LogNormal(0.2)})


@pytest.fixture(scope="module")
def asem() -> Result:
    data, meta = (pd.read_csv(REFERENCE / f"ASEM_{name}.csv") for name in ("iData", "iMeta"))
    impute = {"method": "group_mean", "groups": "EurAsia_group"}
    return Index(Tree.from_frame(meta), impute=impute, treat={}).fit(data, unit="uCode")


def draws(found: UncertaintyResult) -> pd.DataFrame:
    assert found.score_draws is not None
    return found.score_draws


def anew(result: Result, factors: Sequence[Factor], labels: pd.Series) -> Result:
    """Compute one run by changing the index itself."""
    changed: dict[str, Any] = {}
    for factor in factors:
        label = labels[factor.name]
        if isinstance(factor, Alternatives):
            changed[factor.step] = factor.options[label]
        elif isinstance(factor, WeightSets):
            changed["weights"] = factor.sets[label]
        elif isinstance(factor, Removal) and label != "none":
            changed["without"] = label
    return result.with_(**changed)


def assert_as_anew(result: Result, factors: Sequence[Factor], found: UncertaintyResult) -> None:
    assert found.rank_draws is not None
    for run in found.runs.drop_duplicates().index:
        other = anew(result, factors, found.runs.loc[run])
        top = other.tree.root
        np.testing.assert_allclose(draws(found).loc[run], other.scores[top], rtol=1e-12)
        np.testing.assert_array_equal(found.rank_draws.loc[run], other.ranks[top])


def test_asem_design_of_coinr(asem: Result) -> None:
    design = pd.read_csv(REFERENCE / "sa_asem_design_N100_d4.csv").drop(columns="run")
    sets = pd.read_csv(REFERENCE / "sa_asem_noisy_weights.csv")
    factors = (
        Alternatives("treat", {n: {"max_winsorised": n} for n in range(1, 6)}, name="winmax"),
        Alternatives(
            "normalise",
            {
                "n_minmax": {"method": "minmax", "lo": 1, "hi": 100},
                "n_zscore": {"method": "zscore", "mean": 10, "sd": 2},
            },
            name="norm",
        ),
        WeightSets.from_frame(sets, name="weight_set"),
        Alternatives("aggregate", {"a_amean": "arithmetic", "a_gmean": "geometric"}, name="agg"),
    )
    found = analyse(asem, factors, seed=0, design=design)
    assert found.base_points == 100
    assert found.rank_draws is not None
    np.testing.assert_array_equal(found.runs.to_numpy(), design.to_numpy())
    for run in (1, 58, 199, 311, 444, 600):
        other = anew(asem, factors, found.runs.loc[run])
        np.testing.assert_allclose(draws(found).loc[run], other.scores["Index"], rtol=1e-12)
        np.testing.assert_array_equal(found.rank_draws.loc[run], other.ranks["Index"])
    shift = (found.rank_draws - asem.ranks["Index"]).abs().mean(axis=1)
    np.testing.assert_allclose(found.rank_shift, shift, rtol=1e-14)
    shares = found.sobol("rank_shift", centre=False).set_index("factor")
    assert shares["total"].idxmax() == "agg"


@pytest.mark.parametrize(
    "factors",
    [
        [METHODS, SCALES],
        [SETS, METHODS],
        [Removal(["a", "d", "h"])],
        [Removal(["c"], keep=False), METHODS],
        [Alternatives("impute", {"no": None, "mean": "mean", "median": "median"})],
        [Alternatives("treat", {"log": "log", "none": "none"}), SCALES],
        [
            Alternatives(
                "aggregate",
                {
                    "p": {"method": "power", "p": 3},
                    "steep": {"method": "power", "p": -40},
                    "mixed": {2: "harmonic", 3: "arithmetic"},
                },
            )
        ],
        [Alternatives("aggregate", {"mpi": {"method": "mazziotta_pareto"}, "mean": "arithmetic"})],
        [Alternatives("aggregate", {"copeland": {3: "copeland", 2: "arithmetic"}})],
        [Alternatives("normalise", {"by": {"method": "minmax", "indicators": {"a": "zscore"}}})],
    ],
    ids=lambda factors: "-".join(f.name for f in factors),
)
def test_a_choice_is_the_index_changed(factors: list[Factor]) -> None:
    found = analyse(RESULT, factors, seed=3, draws=24)
    assert_as_anew(RESULT, factors, found)


def test_a_group_goes_with_its_only_child() -> None:
    nodes = TREE.nodes.reset_index()[["code", "parent", "weight"]]
    more = pd.DataFrame({"code": ["e", "k"], "parent": ["k", "top"], "weight": [1.0, 4.0]})
    tree = Tree.from_frame(pd.concat([nodes, more]))
    result = Index(tree, normalise=None).fit(DATA.assign(e=DATA["a"] ** 2))
    removal = Removal(["e", "c"])
    assert_as_anew(result, [removal], analyse(result, [removal], seed=3, draws=12))


def test_weights_by_hand() -> None:
    found = analyse(PLAIN, [WEIGHTS], seed=1, draws=400)
    stream = np.random.SeedSequence(1, spawn_key=(1, *b"weights"))
    drawn = WEIGHTS.draw(TREE, 400, np.random.default_rng(stream))
    x = DATA.set_index("unit")
    g = (drawn["a"] * x.loc["west", "a"] + drawn["b"] * x.loc["west", "b"]) / 4
    h = (drawn["c"] * x.loc["west", "c"] + drawn["d"] * x.loc["west", "d"]) / 2
    np.testing.assert_allclose(draws(found)["west"], (drawn["g"] * g + drawn["h"] * h) / 5)
    # Of "bare" only a and c are known: they are their groups.
    bare = (drawn["g"] * 3 + drawn["h"] * 7) / 5
    np.testing.assert_allclose(draws(found)["bare"], bare)
    assert found.scores.loc["bare", "sd"] == pytest.approx(np.std(bare, ddof=1))
    assert found.scores.loc["bare", "nominal"] == pytest.approx((2 * 3 + 3 * 7) / 5)


def test_dirichlet_weights_have_their_mean_and_spread() -> None:
    tree = TREE.with_weights({"d": 0.0})
    drawn = DirichletWeights(30).draw(tree, 40_000, np.random.default_rng(5))
    share = drawn["g"] / 5
    assert share.mean() == pytest.approx(0.4, abs=0.002)
    assert share.std() == pytest.approx(np.sqrt(0.4 * 0.6 / 31), rel=0.02)
    np.testing.assert_allclose(drawn["g"] + drawn["h"], 5)
    assert (drawn["d"] == 0).all()
    assert (drawn["c"] == 1).all()  # alone in its group
    assert set(DirichletWeights(30, levels=(2,)).draw(tree, 3, np.random.default_rng(5))) == {
        "g",
        "h",
    }
    np.testing.assert_array_equal(
        dirichlet_weights(np.ones(1), 5, 3, np.random.default_rng(0)), np.ones((3, 1))
    )


def test_noisy_weights_stay_within_their_noise() -> None:
    drawn = NoisyWeights({2: 0.25}).draw(TREE, 5000, np.random.default_rng(5))
    assert set(drawn) == {"g", "h"}
    for code, nominal in (("g", 2), ("h", 3)):
        assert drawn[code].min() == pytest.approx(0.75 * nominal, rel=0.01)
        assert drawn[code].max() == pytest.approx(1.25 * nominal, rel=0.01)
        assert drawn[code].mean() == pytest.approx(nominal, rel=0.01)
    assert set(NoisyWeights(0.1).draw(TREE, 1, np.random.default_rng(5))) == set("abcdgh")


def test_differences_are_paired() -> None:
    found = analyse(
        RESULT,
        [WEIGHTS, METHODS, SCALES],
        seed=2,
        draws=200,
        contrasts={
            "twins": Contrast(["north"], ["twin"]),
            "bloc": Contrast(["south"], ["east", "west"]),
            "same": {"south": 1.0, "east": -0.5, "west": -0.5},
            "rounding": pd.Series({"north": 0.1 + 0.2, "twin": -0.3}),
            "function": lambda s: s["south"] - (s["east"] + s["west"]) / 2,
        },
    )
    assert (found.contrasts.loc[["twins", "rounding"]] == 0).all(axis=None)
    by_hand = draws(found)["south"] - draws(found)[["east", "west"]].mean(axis=1)
    for name in ("bloc", "same", "function"):
        np.testing.assert_allclose(found.contrast_draws[name], by_hand, rtol=1e-12)
        assert found.contrasts.loc[name, "share_above_zero"] == (by_hand > 0).mean()
        assert found.contrasts.loc[name, "lo90"] == pytest.approx(by_hand.quantile(0.05))
        assert found.contrasts.loc[name, "hi90"] == pytest.approx(by_hand.quantile(0.95))
    apart = found.scores.loc[["south", "east"], "sd"]
    assert found.contrasts.loc["bloc", "sd"] < apart.sum()


PANEL = pd.concat(
    [DATA.assign(year=year, a=DATA["a"] * factor) for year, factor in ((2001, 1), (2000, 2.5))]
)


@pytest.mark.parametrize("held", [0, 1 << 20])
@pytest.mark.parametrize("errors", [False, True])
def test_memory_and_threads_change_no_bit(
    errors: bool, held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = Index(TREE, normalise={"method": "minmax", "lo": 1, "hi": 100}).fit(PANEL, time="year")
    factors: list[Factor] = [WEIGHTS, METHODS, SCALES, *([NORMAL] if errors else [])]

    def run(**how: Any) -> UncertaintyResult:
        unit = ("west", 2000)
        gap = {"gap": Contrast([unit], [("south", 2000), ("east", 2001)])}
        return analyse(result, factors, seed=4, base_points=8, contrasts=gap, **how)

    whole = run()
    monkeypatch.setattr(simulate, "CELLS", 100)
    monkeypatch.setattr(uncertainty, "BLOCK", 60)
    monkeypatch.setattr(uncertainty, "CELLS", 100)
    monkeypatch.setattr(uncertainty, "HELD", held)
    for how in ({}, {"threads": 2}, {"keep": False}, {"keep": False, "threads": 2}):
        other = run(**how)
        assert (other.score_draws is None) == (not how.get("keep", True))
        for table in ("scores", "ranks", "contrasts", "contrast_draws", "runs"):
            pd.testing.assert_frame_equal(
                getattr(other, table), getattr(whole, table), check_exact=True
            )
        pd.testing.assert_series_equal(other.rank_shift, whole.rank_shift, check_exact=True)
    without = run(keep=False, ranks=False)
    assert without.ranks is None
    assert without.rank_shift is None
    pd.testing.assert_frame_equal(without.scores, whole.scores, check_exact=True)


def test_ranks_of_a_panel_are_within_periods() -> None:
    result = Index(TREE, normalise=None).fit(PANEL, time="year")
    found = analyse(result, [SETS], seed=1, draws=5)
    assert found.ranks is not None
    pd.testing.assert_series_equal(
        found.ranks["nominal"], result.ranks["top"], check_names=False, check_dtype=False
    )
    assert_as_anew(result, [SETS], found)


def test_draws_are_treated_by_period_and_ranked_in_decimals_as_the_index_is() -> None:
    # In the second year 40 is far out, in both together it is not alone.
    panel = PANEL.assign(a=[1.0, 1, 4, 2, 9, 3, 2, 2, 4, 2, 40, 3])
    by_time = {"method": "winsorise", "max_winsorised": 1, "by_time": True}
    result = Index(TREE, treat=by_time, decimals=-1).fit(panel, time="year")
    found = analyse(result, [Alternatives("aggregate", {"mean": "arithmetic"})], seed=1, draws=2)
    np.testing.assert_allclose(found.scores["mean"], result.scores["top"], rtol=1e-14)
    assert found.ranks is not None
    for column in ("nominal", "mean"):
        np.testing.assert_array_equal(found.ranks[column], result.ranks["top"])


def test_draws_depend_on_the_seed_and_on_nothing_else() -> None:
    alone = draws(analyse(PLAIN, [WEIGHTS], seed=1, draws=30))
    pd.testing.assert_frame_equal(draws(analyse(PLAIN, [WEIGHTS], seed=1, draws=30)), alone)
    # One more factor, and another order, leave the draws of a factor as they were.
    still = Alternatives("aggregate", {"only": "arithmetic"})
    for factors in ([WEIGHTS, still], [still, WEIGHTS]):
        pd.testing.assert_frame_equal(draws(analyse(PLAIN, factors, seed=1, draws=30)), alone)
    assert not draws(analyse(PLAIN, [WEIGHTS], seed=2, draws=30)).equals(alone)


def test_input_errors_by_hand() -> None:
    errors = InputErrors(
        {
            "a": Normal(0.1, relative=True),
            "b": Uniform(-1, pd.Series(2.0, index=DATA["unit"])),
            "c": LogNormal(0.3),
            "d": lambda x, u: x.to_numpy() + (u > 0.5),
        }
    )
    found = analyse(PLAIN, [errors], seed=9, draws=50)
    stream = np.random.SeedSequence(9, spawn_key=(1, *b"input"))
    u = np.random.default_rng(np.random.PCG64(stream)).random((50, 4, 6))
    west = DATA.set_index("unit").loc["west"]
    at = 4
    a = west["a"] * (1 + 0.1 * ndtri(u[:, 0, at]))
    b = west["b"] - 1 + 3 * u[:, 1, at]
    c = west["c"] * np.exp(0.3 * ndtri(u[:, 2, at]))
    d = west["d"] + (u[:, 3, at] > 0.5)
    expected = (2 * (a + 3 * b) / 4 + 3 * (c + d) / 2) / 5
    np.testing.assert_allclose(draws(found)["west"], expected)
    # Errors move values; a gap stays one.
    bare = (2 * (3 * (1 + 0.1 * ndtri(u[:, 0, 5]))) + 3 * 7 * np.exp(0.3 * ndtri(u[:, 2, 5]))) / 5
    np.testing.assert_allclose(draws(found)["bare"], bare)


def test_no_error_is_the_nominal_index() -> None:
    errors = InputErrors({"a": Normal(0), "c": Uniform(0, 0, relative=True)})
    found = analyse(RESULT, [errors, METHODS], seed=9, draws=4)
    assert_as_anew(RESULT, [METHODS], found)


def test_rows_of_random_numbers_can_be_had_alone() -> None:
    key = np.random.SeedSequence(3)
    table = uniforms(key, np.arange(9), 5)
    rows = np.array([2, 3, 3, 8, 0, 1])
    np.testing.assert_array_equal(uniforms(key, rows, 5), table[rows])


def test_sobol_shares_of_an_analysis() -> None:
    only = Alternatives("aggregate", {"only": "arithmetic"}, name="fixed")
    found = analyse(
        PLAIN,
        [WEIGHTS, only, NORMAL],
        seed=1,
        base_points=512,
        contrasts={"twins": Contrast(["north"], ["twin"]), "gap": Contrast(["south"], ["east"])},
    )
    assert len(found.runs) == 512 * 5
    shares = found.sobol(bootstrap=100, seed=1).set_index(["target", "factor"])
    gap = shares.loc["gap"]
    # Additive but for products of weights and errors; a factor with one option explains nothing.
    assert gap.loc["fixed", ["first", "total"]].to_list() == [0, 0]
    assert gap["first"].sum() == pytest.approx(1, abs=0.1)
    assert (gap.loc[["weights", "input"], "total"] > 0.05).all()
    assert list(found.sobol("scores")["target"].unique()) == list(DATA["unit"])
    assert len(found.sobol("rank_shift")) == 3

    alone = analyse(PLAIN, [SETS], seed=1, base_points=8).sobol("scores").set_index("target")
    assert alone.loc["west", ["total"]].item() == pytest.approx(1, rel=0.6)


def test_a_constant_contrast_has_no_shares() -> None:
    twins = {"twins": Contrast(["north"], ["twin"])}
    found = analyse(PLAIN, [WEIGHTS, METHODS], seed=1, base_points=8, contrasts=twins)
    table = found.sobol()
    assert (table["variance"] == 0).all()
    assert table[["first", "total"]].isna().all(axis=None)


def test_a_unit_without_a_score_has_no_interval() -> None:
    index = Index(TREE, normalise=None, minimum_weight={2: 0.5, 3: 1.0})
    result = index.fit(DATA)
    # "bare" knows a quarter of g: nominally no score, but one where b is left out.
    found = analyse(
        result,
        [Removal(["b"])],
        seed=1,
        draws=20,
        contrasts={"gap": Contrast(["north"], ["bare"])},
    )
    assert 0 < draws(found)["bare"].isna().sum() < 20
    assert found.scores.loc["bare"].isna().all()
    assert found.contrasts.loc["gap"].isna().all()
    assert found.scores.drop("bare").notna().all(axis=None)
    assert_as_anew(result, [Removal(["b"])], found)


def test_one_draw_has_no_spread() -> None:
    found = analyse(PLAIN, [WEIGHTS], seed=1, draws=1)
    assert found.scores["sd"].isna().all()
    np.testing.assert_array_equal(found.scores["lo90"], found.scores["hi90"])


@pytest.mark.parametrize(
    ("factors", "how", "message"),
    [
        ([], {"draws": 5}, "at least one factor"),
        ([WEIGHTS], {}, "exactly one of draws"),
        ([WEIGHTS], {"draws": 5, "base_points": 5}, "exactly one of draws"),
        ([WEIGHTS], {"draws": 0}, "at least 1"),
        ([WEIGHTS], {"draws": 2.5}, "draws is 2.5"),
        ([WEIGHTS], {"draws": 5, "level": 1}, "level of an interval is 1; expected one between"),
        ([WEIGHTS], {"draws": 5, "threads": 0}, "threads is 0"),
        ([WEIGHTS], {"draws": 5, "seed": -1}, "seed is -1"),
        (WEIGHTS, {"draws": 5}, "needs a list of at least one factor"),
        (["weights"], {"draws": 5}, "str is no factor"),
        ([SETS], {"draws": 5, "contrasts": {"x": {"north": "y"}}}, "contrast 'x' are .*numbers"),
        ([METHODS, METHODS], {"draws": 5}, "have the name agg"),
        ([METHODS, Alternatives("aggregate", {1: "harmonic"})], {"draws": 5}, "the step aggregate"),
        ([NORMAL, InputErrors({"b": Normal(1)}, name="more")], {"draws": 5}, "two factors are"),
        ([SETS, WEIGHTS], {"draws": 5}, "both sets and weights set the weight of g"),
        ([DirichletWeights(5, levels=(7,))], {"draws": 5}, "no node has level 7"),
        ([WeightSets({"x": {"nobody": 1.0}})], {"draws": 5}, "nobody"),
        ([WeightSets({"x": {"c": 0, "d": 0}})], {"draws": 5}, r"run 1 \(weights x\).* h .*nothing"),
        ([Removal(["nobody"])], {"draws": 5}, "nobody"),
        ([Removal(["top"])], {"draws": 5}, "nothing is left"),
        ([InputErrors({"nobody": Normal(1)})], {"draws": 5}, "models for nobody"),
        ([InputErrors({"a": Normal(-1)})], {"draws": 5}, "run 1 .* sd of the error of a is neg"),
        (
            [InputErrors({"a": Normal(pd.Series({"north": 1.0}))})],
            {"draws": 5},
            "sd of the error of a has no value for twin",
        ),
        ([InputErrors({"a": Uniform(1, 0)})], {"draws": 5}, "from 1.0 to 0.0"),
        ([InputErrors({"a": lambda _, u: 1 / (u * 0)})], {"draws": 5}, "expected finite|divide"),
        ([Alternatives("treat", {"x": {"wrong": 1}})], {"draws": 5}, "wrong"),
        (
            [Alternatives("aggregate", {"x": "wrong"})],
            {"draws": 5},
            r"run 1 \(aggregate x\).*wrong",
        ),
        ([METHODS], {"design": pd.DataFrame({"agg": ["other"]})}, "'other' for agg in run 1"),
        ([METHODS], {"design": pd.DataFrame({"norm": ["mean"]})}, "columns norm"),
        ([METHODS, SETS], {"design": pd.DataFrame({"agg": ["mean"]})}, "no column for .* sets"),
        ([WEIGHTS], {"design": pd.DataFrame({"weights": [1]})}, "drawn at random"),
        ([SETS], {"draws": 5, "contrasts": {"x": Contrast(["nobody"])}}, "names nobody"),
        ([SETS], {"draws": 5, "contrasts": {"x": Contrast("north")}}, "lists of units"),
        ([SETS], {"draws": 5, "contrasts": {"x": {"north": 0.0}}}, "all 0"),
        ([SETS], {"draws": 5, "contrasts": {"x": 3}}, "expected a Contrast"),
        ([SETS], {"draws": 5, "contrasts": {"x": lambda s: s}}, "one finite number"),
        ([SETS], {"draws": 5, "keep": False, "contrasts": {"x": len}}, "keep=True"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_what_cannot_be_run_is_refused(
    factors: list[Factor], how: dict[str, Any], message: str
) -> None:
    with pytest.raises(CompositeError, match=message):
        analyse(PLAIN, factors, **{"seed": 1} | how)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Alternatives("wrong", {"x": 1}), "'wrong' is not known"),
        (lambda: Alternatives("treat", {}), "no options"),
        (lambda: Alternatives("treat", ["none"]), "no options"),
        (lambda: DirichletWeights(0), "expected above 0"),
        (lambda: DirichletWeights("x"), "is 'x'; expected numbers"),
        (lambda: NoisyWeights("x"), "is 'x'; expected numbers"),
        (lambda: dirichlet_weights(np.zeros(2), 5, 2, np.random.default_rng(1)), "to nothing"),
        (lambda: dirichlet_weights(np.ones(2), -5, 2, np.random.default_rng(1)), "concentration"),
        (lambda: NoisyWeights(1.5), "from 0 to 1"),
        (lambda: WeightSets({}), "no weight sets"),
        (lambda: WeightSets({1: {"g": 1}, 2: {"h": 1}}), "same nodes"),
        (lambda: WeightSets({1: {"g": -1}}), "is -1"),
        (lambda: Removal([]), "different codes"),
        (lambda: Removal("ab"), "different codes"),
        (lambda: InputErrors({}), "names no indicator"),
        (lambda: WeightSets.from_frame(pd.DataFrame({"iCode": ["g"]})), "no column weight_set"),
        (
            lambda: WeightSets.from_frame(
                pd.DataFrame({"weight_set": [1, 1], "iCode": ["g", "g"], "Weight": [1, 2]})
            ),
            "names g twice",
        ),
    ],
)
def test_factors_without_sense_are_refused(make: Any, message: str) -> None:
    with pytest.raises(CompositeError, match=message):
        make()


def test_a_run_that_fails_is_named_with_its_factors() -> None:
    scales = Alternatives("normalise", {"fine": {"method": "minmax", "lo": 1}, "zero": "minmax"})
    design = pd.DataFrame(
        {"normalise": ["zero", "fine", "zero"], "agg": ["mean"] * 2 + ["product"]}
    )
    message = r"run 3 \(normalise zero, agg product\): g \(of a, b\): north has a score of 0"
    with pytest.raises(CompositeError, match=message):
        analyse(RESULT, [scales, METHODS], seed=1, design=design)


def test_shares_need_a_design_and_draws() -> None:
    drawn = analyse(PLAIN, [SETS], seed=1, draws=6)
    with pytest.raises(CompositeError, match="not a Sobol design"):
        drawn.sobol("scores")
    given_runs = pd.DataFrame({"sets": ["even", "tilted", "even", "even", "tilted", "tilted"]})
    assert analyse(PLAIN, [SETS], seed=1, design=given_runs).base_points is None
    given_runs.loc[4:, "sets"] = ["even", "even"]
    assert analyse(PLAIN, [SETS], seed=1, design=given_runs).base_points == 2
    found = analyse(PLAIN, [SETS], seed=1, base_points=4, keep=False)
    for of, message in (("scores", "keep them"), ("contrasts", "no contrasts"), ("x", "known")):
        with pytest.raises(CompositeError, match=message):
            found.sobol(of)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    runs=st.integers(1, 4),
    p=st.sampled_from([1.0, 0.0, -1.0, 2.0, 0.5]),
    minimum=st.sampled_from([0.0, 0.4, 1.0]),
    available=st.sampled_from([0.0, 0.6]),
)
def test_fast_aggregation_is_the_general_one(
    seed: int, runs: int, p: float, minimum: float, available: float
) -> None:
    rng = np.random.default_rng(seed)
    x = rng.uniform(1, 100, (5, 4))
    x[rng.random((5, 4)) < 0.3] = NAN
    weights = {
        code: rng.uniform(0.1, 1, runs if rng.random() < 0.5 else 1) for code in TREE.level_of
    }
    weights["a"] = weights["a"] * (rng.random() < 0.5)
    fast = aggregate_runs(
        [x[:, k, None] for k in range(4)],
        TREE,
        weights,
        {2: ("power", {"p": p}), 3: ("arithmetic", {})},
        {2: minimum, 3: 0.0},
        {2: available, 3: available},
    )
    by_level = {
        level: np.stack([np.broadcast_to(weights[c], runs) for c in TREE.at_level(level)], -1)
        for level in TREE.levels
    }
    general = aggregate_tree(
        x[None],
        TREE,
        by_level,
        {2: {"method": "power", "p": p}, 3: "arithmetic"},
        {2: minimum, 3: 0.0},
        available,
    )
    np.testing.assert_allclose(np.broadcast_to(fast, (5, runs)), general.T, rtol=1e-12)


def test_interval_is_interpolated_and_rounded() -> None:
    low, high = interval(np.array([[4.0, 0.0, 3.0, 1.0, 2.0], [1.0, NAN, 2.0, 3.0, 4.0]]), 0.8)
    np.testing.assert_array_equal(low, [0.4, NAN])
    np.testing.assert_array_equal(high, [3.6, NAN])
