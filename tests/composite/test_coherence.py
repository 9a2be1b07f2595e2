"""Correlations, alpha, components, collinearity: by hand, and as COINr has them."""

from __future__ import annotations

from math import inf, nan, sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indices.composite import coherence
from indices.composite.errors import CompositeError

REFERENCE = Path(__file__).parent / "reference"
PILLARS = ("Physical", "ConEcFin", "Political", "Instit", "P2P", "Environ", "Social", "SusEcFin")


def reference(name: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / f"{name}.csv")


@pytest.fixture(scope="module")
def asem() -> dict[str, list[str]]:
    """Indicators of every ASEM group."""
    meta = reference("ASEM_iMeta").dropna(subset=["Level"])
    direct = meta.groupby("Parent")["iCode"].apply(list).to_dict()
    both = {top: [i for pillar in direct[top] for i in direct[pillar]] for top in ("Conn", "Sust")}
    return {pillar: direct[pillar] for pillar in PILLARS} | both


@pytest.fixture(scope="module")
def normalised() -> pd.DataFrame:
    return reference("A06_Normalised").set_index("uCode")


def frame(**columns: list[float]) -> pd.DataFrame:
    return pd.DataFrame(columns, dtype=float)


RISING = [1, 2, 3, 4]
CASES = [
    # deviations -1.5 -.5 .5 1.5 and -1.5 .5 -.5 1.5: 4 of 5; one of six pairs is discordant
    ("pearson", RISING, [1, 3, 2, 4], 0.8),
    ("spearman", RISING, [1, 30, 2, 400], 0.8),
    ("kendall", RISING, [1, 3, 2, 4], 2 / 3),
    # ranks 1.5 1.5 3 4 and 1 2.5 2.5 4: 3.75 of 4.5; four concordant pairs, one tie on each side
    ("spearman", [1, 1, 2, 3], [1, 2, 2, 4], 5 / 6),
    ("kendall", [1, 1, 2, 3], [1, 2, 2, 4], 0.8),
    # the third unit misses one, the last the other
    ("pearson", [1, 2, nan, 3, 4, 9], [1, 3, 7, 2, 4, nan], 0.8),
    ("spearman", [1, 2, nan, 3, 4, 9], [1, 30, 7, 2, 400, nan], 0.8),
    ("kendall", [1, 2, nan, 3, 4, 9], [1, 3, 7, 2, 4, nan], 2 / 3),
    ("pearson", RISING, [4e200, 3e200, 2e200, 1e200], -1),
    ("pearson", RISING, [2e-200, 3e-200, 4e-200, 5e-200], 1),
    # the same in twelve digits
    ("spearman", [1, 2, 3], [5.1, 5.1000000000000005, 6], sqrt(3) / 2),
    ("kendall", [1, 2, 3], [5.1, 5.1000000000000005, 6], 2 / sqrt(6)),
    *((m, RISING, [5.1, 5.1000000000000005, 5.1, 5.1], nan) for m in coherence.METHODS),
    *((m, RISING, [7, 7, 7, 7], nan) for m in coherence.METHODS),
    *((m, [1, 2, nan, nan], [1, 2, 3, 4], nan) for m in coherence.METHODS),  # two units
    *((m, [nan] * 4, RISING, nan) for m in coherence.METHODS),
    *((m, [3.0], [4.0], nan) for m in coherence.METHODS),
]


@pytest.mark.parametrize(("method", "x", "y", "r"), CASES)
def test_correlations_by_hand(method: str, x: list[float], y: list[float], r: float) -> None:
    data = frame(x=x, y=y)
    matrix = coherence.correlation_matrix(data, method=method)
    assert matrix.loc["x", "y"] == pytest.approx(r, abs=1e-14, nan_ok=True)
    assert matrix.loc["y", "x"] == pytest.approx(r, abs=1e-14, nan_ok=True)
    row = coherence.correlations(data, {"g": ["x", "y"]}, method).iloc[0]
    units = int(data.notna().all(axis=1).sum())
    assert (row["group"], row["first"], row["second"], row["units"]) == ("g", "x", "y", units)
    assert row["correlation"] == pytest.approx(r, abs=1e-14, nan_ok=True)


@pytest.mark.parametrize("method", coherence.METHODS)
def test_a_column_correlates_with_itself_at_one_unless_it_does_not_vary(method: str) -> None:
    data = frame(a=[0.1, 0.7, 0.2], b=[3, nan, 9], c=[0.1, 0.1, 0.1], d=[2, 3, nan])
    diagonal = np.diag(coherence.correlation_matrix(data, method=method))
    np.testing.assert_array_equal(diagonal, [1, nan, nan, nan])


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), slope=st.floats(0.01, 100), shift=st.floats(-100, 100))
def test_correlations_do_not_depend_on_units_of_measurement(
    seed: int, slope: float, shift: float
) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(12, 3))
    x[rng.random(x.shape) < 0.1] = nan
    data = pd.DataFrame(x, columns=list("abc"))
    before = coherence.correlation_matrix(data)
    after = coherence.correlation_matrix(data, data * slope + shift)
    np.testing.assert_allclose(after, before, atol=1e-9)
    np.testing.assert_allclose(before, data.corr(), atol=1e-12)
    np.testing.assert_allclose(coherence.correlation_matrix(data, -data), -before, atol=1e-12)


@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_pillars_with_the_index_as_coinr(method: str) -> None:
    scores = reference("A07_Aggregated").set_index("uCode")
    expected = reference(f"corr_pillar_index_{method}")
    pillars = list(expected["Var2"])
    between = coherence.correlations_between(scores[pillars], scores[["Index"]], method=method)
    assert list(between["lower"]) == pillars
    np.testing.assert_allclose(between["correlation"], expected["Correlation"], rtol=1e-12)
    assert (between["units"] == 51).all()


def test_between_levels_with_parents_only(asem: dict[str, list[str]]) -> None:
    scores = reference("A07_Aggregated").set_index("uCode")
    groups = {pillar: asem[pillar] for pillar in PILLARS}
    lower = scores[[i for members in groups.values() for i in members]]
    own = coherence.correlations_between(lower, scores[list(PILLARS)], groups)
    every = coherence.correlations_between(lower, scores[list(PILLARS)])
    assert len(own) == 49
    assert len(every) == 49 * 8
    both = own.merge(every, on=["upper", "lower"])
    assert len(both) == 49
    np.testing.assert_array_equal(both["correlation_x"], both["correlation_y"])


def test_flags_as_coinr(normalised: pd.DataFrame, asem: dict[str, list[str]]) -> None:
    groups = {pillar: asem[pillar] for pillar in PILLARS}
    flagged = coherence.flag_correlations(
        coherence.correlations(normalised, groups), collinear=0.75
    )
    high = flagged[flagged["flag"] == "collinear"]
    expected = reference("corr_flags_norm_075")
    found = {(g, frozenset(p)): r for g, *p, r in high.iloc[:, :4].itertuples(index=False)}
    assert found.keys() == {(g, frozenset(p)) for g, *p, _ in expected.itertuples(index=False)}
    assert sorted(round(r, 3) for r in found.values()) == sorted(expected["Corr"])
    # COINr's "low" threshold type takes everything below; here that has a name of its own.
    trade = flagged[(flagged["first"] == "TBTs") & (flagged["second"] == "RTAs")]
    assert trade["flag"].item() == "negative"


def test_flags_at_their_bounds() -> None:
    table = frame(correlation=[1, 0.92, 0.3, 0.2999, -0.4, -0.41, -1, nan])
    assert list(coherence.flag_correlations(table)["flag"]) == [
        "collinear", "", "", "weak", "weak", "negative", "negative", "undefined",
    ]  # fmt: skip
    with pytest.raises(CompositeError, match=r"0\.5, 0\.3, 0\.92"):
        coherence.flag_correlations(table, negative=0.5)


@pytest.mark.parametrize(
    ("columns", "alpha"),
    [
        ({"a": [1, 2, 3], "b": [1, 3, 2]}, 2 / 3),  # variances 1, covariance 1/2: 2 (1 - 2 / 3)
        # covariances 1/2, -1/2, -1: 3 / 2 (1 - 3 / 1)
        ({"a": [1, 2, 3], "b": [1, 3, 2], "c": [3, 1, 2]}, -3),
        ({"a": [1, 2, 5], "b": [1, 2, 5], "c": [1, 2, 5]}, 1),
        ({"a": [1e9, 2e9, 5e9], "b": [1e9, 2e9, 5e9]}, 1),
        ({"a": [1, 2, 3], "b": [-1, -2, -3]}, nan),
        # covariance -1/2, variances 1: 2 (1 - 2 / 1)
        ({"a": [1, 2, 3], "b": [2, 3, 1]}, -2),
        # covariance of the three units both have, 1/2; variances over four: 5/3 and over three: 1
        ({"a": [1, 2, 3, 4], "b": [1, 3, 2, nan]}, 2 * (1 - (5 / 3 + 1) / (5 / 3 + 1 + 1))),
        ({"a": [1, 2, 3]}, nan),
        ({"a": [1, 2, 3], "b": [4, 4, 4]}, nan),
        ({"a": [1, 2, nan], "b": [nan, nan, 1]}, nan),
        ({"a": [1, 2, 3], "b": [nan, nan, nan]}, nan),
    ],
)
def test_alpha_by_hand(columns: dict[str, list[float]], alpha: float) -> None:
    found = coherence.cronbach(frame(**columns))
    assert list(found["group"]) == ["all"]
    assert found["indicators"].item() == len(columns)
    assert found["alpha"].item() == pytest.approx(alpha, rel=1e-14, nan_ok=True)


@pytest.mark.parametrize("kind", ["raw", "norm"])
def test_alpha_as_coinr(kind: str, normalised: pd.DataFrame, asem: dict[str, list[str]]) -> None:
    data = normalised if kind == "norm" else reference("ASEM_iData").set_index("uCode")
    expected = reference("cronbach").set_index("group")[f"alpha_{kind}"]
    found = coherence.cronbach(data, asem).set_index("group")["alpha"]
    np.testing.assert_allclose(found[expected.index], expected, rtol=1e-12)


CROSS = {"a": [1.0, 2, 3, 4], "b": [1.0, 3, 2, 4]}  # r = 0.8


def test_components_by_hand() -> None:
    data = frame(**CROSS)
    data.loc[4] = [100, nan]  # left out: it misses one
    variance = coherence.pca_variance(data, {"g": ["a", "b"]})
    assert list(variance["component"]) == ["PC1", "PC2"]
    np.testing.assert_allclose(variance["eigenvalue"], [1.8, 0.2], rtol=1e-13)
    np.testing.assert_allclose(variance["share"], [0.9, 0.1], rtol=1e-13)
    np.testing.assert_allclose(variance["cumulative"], [0.9, 1], rtol=1e-13)
    loadings = coherence.pca_loadings(data, {"g": ["a", "b"]}).set_index(["component", "indicator"])
    np.testing.assert_allclose(loadings.loc["PC1", "loading"], [sqrt(0.5)] * 2, rtol=1e-13)
    np.testing.assert_allclose(loadings.loc["PC2", "loading"].abs(), [sqrt(0.5)] * 2, rtol=1e-13)


def test_the_sign_of_a_component_makes_its_loadings_sum_positive() -> None:
    rng = np.random.default_rng(1)
    common = rng.normal(size=40)
    data = pd.DataFrame({c: common + rng.normal(size=40) for c in "abcd"})
    for part in (data, -data):
        sums = coherence.pca_loadings(part).groupby("component")["loading"].sum()
        assert (sums > 0).all()


def test_components_as_coinr(normalised: pd.DataFrame, asem: dict[str, list[str]]) -> None:
    groups = {pillar: asem[pillar] for pillar in PILLARS}
    expected = reference("pca_variance_level1").set_index(["group", "pc"])
    found = coherence.pca_variance(normalised, groups).set_index(["group", "component"])
    found = found.loc[expected.index]
    np.testing.assert_allclose(found["eigenvalue"], expected["eig"], rtol=1e-12)
    # R rounds these two to five decimals.
    np.testing.assert_allclose(found["share"], expected["prop_var"], atol=5.0001e-6)
    np.testing.assert_allclose(found["cumulative"], expected["cum_var"], atol=5.0001e-6)


def test_loadings_as_coinr(normalised: pd.DataFrame, asem: dict[str, list[str]]) -> None:
    expected = reference("pca_weights_level1").set_index("iCode")["Weight"]
    table = coherence.pca_loadings(normalised, {pillar: asem[pillar] for pillar in PILLARS})
    first = table[table["component"] == "PC1"].set_index("indicator")["loading"]
    for pillar in PILLARS:
        theirs = expected[asem[pillar]]
        sign = np.sign((first[asem[pillar]] * theirs).sum())
        np.testing.assert_allclose(sign * first[asem[pillar]], theirs, rtol=1e-12)


@pytest.mark.parametrize(
    ("columns", "inflation", "condition"),
    [
        (CROSS, [1 / 0.36] * 2, 3),
        ({"a": [1, 2, 3]}, [1], 1),
        # b is unrelated to the two that repeat each other
        ({"a": [1, -1, 1, -1], "b": [1, 1, -1, -1], "c": [2, -2, 2, -2]}, [inf, 1, inf], inf),
        # three columns, three units: two dimensions, so each is given by the others
        ({"a": [1, 2, 4], "b": [1, 3, 2], "c": [5, 1, 1]}, [inf] * 3, inf),
        ({"a": RISING, "b": [1, 3, 2, 4], "c": [2, 5, 5, 8]}, [inf] * 3, inf),  # a + b
    ],
)
def test_collinearity_by_hand(
    columns: dict[str, list[float]], inflation: list[float], condition: float
) -> None:
    found = coherence.collinearity(frame(**columns))
    np.testing.assert_allclose(found["variance_inflation"], inflation, rtol=1e-12)
    np.testing.assert_allclose(found["condition_number"], condition, rtol=1e-12)


def test_collinearity_names_the_nearest() -> None:
    data = frame(a=[1, 2, 3, 4], b=[1, 3, 2, 4], c=[-1, -2, -3, -4.5])
    found = coherence.collinearity(data, {"g": ["a", "b", "c"], "alone": ["b"]})
    assert list(found["nearest"]) == ["c", "c", "a", ""]
    assert list(found["collinear"]) == [True, False, True, False]
    assert found["correlation"].iloc[0] == pytest.approx(-5.75 / sqrt(5 * 6.6875))
    assert np.isnan(found["correlation"].iloc[3])
    with pytest.raises(CompositeError, match="92"):
        coherence.collinearity(data, threshold=92)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_variance_inflation_is_that_of_the_regression_on_the_others(seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=(15, 4))
    found = coherence.collinearity(pd.DataFrame(x, columns=list("abcd")))
    for i in range(4):
        others = np.column_stack([np.ones(15), np.delete(x, i, axis=1)])
        residual = x[:, i] - others @ np.linalg.lstsq(others, x[:, i])[0]
        explained = 1 - residual.var() / x[:, i].var()
        assert found["variance_inflation"][i] == pytest.approx(1 / (1 - explained), rel=1e-9)


GROUPED = [
    coherence.correlations,
    coherence.cronbach,
    coherence.pca_variance,
    coherence.pca_loadings,
    coherence.collinearity,
]


@pytest.mark.parametrize("function", GROUPED)
@pytest.mark.parametrize(
    ("data", "groups", "message"),
    [
        (frame(**CROSS), {"g": ["a", "z"]}, "'g' names 'z'"),
        (frame(**CROSS), {"g": []}, "'g' is empty"),
        (frame(**CROSS), {"g": ["a", "a"]}, "more than once"),
        (frame(a=[1, 2, inf], b=[1, 2, 3]), None, "a of 2 is infinite"),
        (pd.DataFrame({"a": ["x", "y"], "b": [1, 2]}), None, "column a of the data is not numeric"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), {"g": ["a"]}, "column a of the data is ther"),
    ],
)
def test_what_is_wrong_is_named(function, data, groups, message) -> None:
    with pytest.raises(CompositeError, match=message):
        function(data, groups)


@pytest.mark.parametrize("function", GROUPED[2:])
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (frame(a=[1, 2, 3], b=[4, 4, 4]), "'b' does not vary over the 3 units"),
        (frame(a=[1, 2, 3], b=[0.1 + 0.2, 0.3, 0.3]), "'b' does not vary"),
        (frame(a=[1, 2, 3, nan], b=[4, 5, nan, 6]), "2 of 4 units have all of 'a', 'b'"),
        (frame(a=[nan] * 3, b=[4, 5, 6]), "0 of 3 units"),
    ],
)
def test_components_need_variance_and_units(function, data, message) -> None:
    with pytest.raises(CompositeError, match=message):
        function(data)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda d: coherence.correlation_matrix(d, method="phi"), "'phi' is not known; there are"),
        (lambda d: coherence.correlation_matrix(d, d.iloc[1:]), "4 and 3 rows"),
        (lambda d: coherence.correlation_matrix(d[[]]), "no columns"),
        (lambda d: coherence.correlation_matrix(d * 1.7e306), r"a of 0 is .*expected a number"),
        (lambda _: coherence.cronbach({"a": [1, 2]}), "the data is a dict, expected a DataFrame"),
        (lambda _: coherence.correlation_matrix([1, 2]), "the data is a list, expected a DataFr"),
        (lambda d: coherence.flag_correlations(d), "no column 'correlation' among 'a', 'b'"),
        (
            lambda _: coherence.flag_correlations(pd.DataFrame({"correlation": ["x"]})),
            "expected numbers",
        ),
        (
            lambda _: coherence.flag_correlations(pd.DataFrame({"correlation": [0.2, 3.0]})),
            r"a correlation is 3.0; expected -1 to 1",
        ),
        (lambda d: coherence.correlations_between(d, d[["a"]], {"b": ["a"]}), "has no 'b'"),
    ],
)
def test_pairs_that_cannot_be_made(call, message) -> None:
    with pytest.raises(CompositeError, match=message):
        call(frame(**CROSS))


def test_a_group_of_one_has_no_pairs_but_the_table_its_columns() -> None:
    table = coherence.correlations(frame(**CROSS), {"g": ["a"]})
    assert list(table) == ["group", "first", "second", "correlation", "units"]
    assert table["correlation"].dtype == float
    assert coherence.flag_correlations(table)["flag"].dtype == "str"
