"""Weights: given, equal, effective, from components, optimised."""

from __future__ import annotations

from math import inf, nan
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indices.composite import weigh
from indices.composite.errors import CompositeError

REFERENCE = Path(__file__).parent / "reference"


def reference(name: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / f"{name}.csv")


@pytest.fixture(scope="module")
def asem() -> dict[str, list[str]]:
    """Children of every ASEM node."""
    meta = reference("ASEM_iMeta").dropna(subset=["Level"])
    return meta.groupby("Parent")["iCode"].apply(list).to_dict()


TREE = {"index": ["p", "q"], "p": ["a", "b"], "q": ["c"]}
WEIGHTS = {"p": 3, "q": 1, "a": 1, "b": 4, "c": 7}


def test_equal_weights() -> None:
    pd.testing.assert_series_equal(
        weigh.equal(["a", "b", "c", "d"]), pd.Series(0.25, index=list("abcd"), name="weight")
    )


@pytest.mark.parametrize("kind", [dict, pd.Series])
def test_given_weights_come_in_order_and_add_to_one(kind) -> None:
    found = weigh.given(kind({"b": 6.0, "a": 2.0, "c": 0.0}), ["a", "b", "c"])
    assert list(found.index) == ["a", "b", "c"]
    np.testing.assert_array_equal(found, [0.25, 0.75, 0])


def test_given_weights_of_any_size() -> None:
    np.testing.assert_array_equal(weigh.given({"a": 1e308, "b": 1e308}, ["a", "b"]), [0.5, 0.5])
    np.testing.assert_array_equal(weigh.given({"a": 5e-324, "b": 0}, ["a", "b"]), [1, 0])


@pytest.mark.parametrize(
    ("weights", "codes", "message"),
    [
        ({"a": 1}, ["a", "b"], "no weight for 'b'"),
        ({"a": 1, "b": 1, "z": 1}, ["a", "b"], "weights for 'z', which there is not"),
        ({"a": 1, "b": -0.5}, ["a", "b"], r"weight of 'b' \(-0.5\)"),
        ({"a": 1, "b": nan}, ["a", "b"], r"weight of 'b' \(nan\)"),
        ({"a": inf, "b": 1}, ["a", "b"], r"weight of 'a' \(inf\)"),
        ({"a": 0, "b": 0}, ["a", "b"], "weights of 'a', 'b' sum to nothing"),
        ({}, [], "nothing"),
        ({"a": 1}, ["a", "a"], "more than once"),
        ({"a": "much"}, ["a"], "must be numbers"),
        ([1, 1], ["a", "b"], r"weights are \[1, 1\]; expected a mapping"),
        (pd.Series([1, 2], index=["a", "a"]), ["a"], "more than one weight for 'a'"),
    ],
)
def test_weights_that_are_refused(weights, codes, message) -> None:
    with pytest.raises(CompositeError, match=message):
        weigh.given(weights, codes)


def test_effective_weights_by_hand() -> None:
    found = weigh.effective(WEIGHTS, TREE)
    expected = {"index": 1, "p": 0.75, "q": 0.25, "a": 0.15, "b": 0.6, "c": 0.25}
    assert found.to_dict() == pytest.approx(expected, rel=1e-15)
    assert list(found.index) == list(expected)


def test_effective_weights_as_coinr(asem: dict[str, list[str]]) -> None:
    original = reference("weights_original").set_index("iCode")["Weight"]
    expected = reference("effective_weights").set_index("iCode")["EffWeight"]
    found = weigh.effective(original, asem)
    assert set(found.index) == set(expected.index)
    np.testing.assert_allclose(found[expected.index], expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("weights", "groups", "message"),
    [
        (WEIGHTS, TREE | {"other": ["x"]}, "found 'index', 'other'"),
        (WEIGHTS, {"p": ["q"], "q": ["p"]}, "one root, .* found none"),
        (WEIGHTS, TREE | {"x": ["y"], "y": ["x"]}, "'x', 'y' go round in a circle"),
        (WEIGHTS, TREE | {"q": ["c", "a"]}, "'a' is in two groups, 'p' and 'q'"),
        (WEIGHTS, TREE | {"q": []}, "'q' are empty"),
        (WEIGHTS | {"z": 1}, TREE, "'z', which the tree does not have"),
        (WEIGHTS | {"a": 0, "b": 0}, TREE, "group 'p': the weights of 'a', 'b' sum to nothing"),
        ({"p": 1, "q": 1, "a": 1, "b": 1}, TREE, "group 'q': no weight for 'c'"),
    ],
)
def test_effective_weights_need_one_tree(weights, groups, message) -> None:
    with pytest.raises(CompositeError, match=message):
        weigh.effective(weights, groups)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0.01, 100), min_size=5, max_size=5), st.floats(0.001, 1000))
def test_effective_weights_add_to_one_at_the_leaves(sizes: list[float], scale: float) -> None:
    weights = dict(zip(WEIGHTS, sizes, strict=True))
    found = weigh.effective(weights, TREE)
    assert found[["a", "b", "c"]].sum() == pytest.approx(1, rel=1e-12)
    assert found["a"] + found["b"] == pytest.approx(found["p"], rel=1e-12)
    rescaled = weights | {c: weights[c] * scale for c in TREE["p"]}
    np.testing.assert_allclose(weigh.effective(rescaled, TREE), found, rtol=1e-12)


def test_component_weights_as_coinr(asem: dict[str, list[str]]) -> None:
    data = reference("A06_Normalised").set_index("uCode")
    loadings = reference("pca_weights_level1").set_index("iCode")["Weight"]
    alike = ["Physical", "ConEcFin", "Political", "P2P", "Social"]
    found = weigh.pca_weights(data, {pillar: asem[pillar] for pillar in alike})
    for pillar in alike:
        theirs = loadings[asem[pillar]]
        np.testing.assert_allclose(found[asem[pillar]], theirs / theirs.sum(), rtol=1e-12)
    with pytest.raises(CompositeError, match=r"'Environ': .*'Forest' \(-0\.235\).*negative"):
        weigh.pca_weights(data, {"Environ": asem["Environ"]})


def test_component_weights_of_two_and_of_one() -> None:
    data = pd.DataFrame({"a": [1.0, 2, 3, 4], "b": [10.0, 30, 20, 40], "c": [1.0, 1, 1, 1]})
    found = weigh.pca_weights(data, {"g": ["a", "b"], "alone": ["c"]})
    np.testing.assert_allclose(found[["a", "b", "c"]], [0.5, 0.5, 1], rtol=1e-13)
    assert (weigh.pca_weights(-data[["a", "b"]]) > 0).all()  # the sign is free, the weights are not


@pytest.mark.parametrize(
    ("columns", "groups", "message"),
    [
        ({"a": [1, 2, 3, 4], "b": [-1, -3, -2, -4]}, None, r"'a' \(-0\.707\)|'b' \(-0\.707\)"),
        ({"a": [1, 1, -1, -1], "b": [1, -1, 1, -1]}, None, "arbitrary"),  # r = 0
        ({"a": [1, 2, 3], "b": [1, 1, 1]}, None, "'b' does not vary"),
        ({"a": [1, 2, 3], "b": [1, 3, 2]}, {"g": ["a", "b"], "h": ["b"]}, "'b' is in two groups"),
    ],
)
def test_component_weights_that_are_refused(columns, groups, message) -> None:
    with pytest.raises(CompositeError, match=message):
        weigh.pca_weights(pd.DataFrame(columns, dtype=float), groups)


def uncorrelated(*sizes: float) -> pd.DataFrame:
    """Columns without any correlation, of given standard deviations (times a constant)."""
    signs = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], dtype=float)
    columns = {c: signs[:, i] * size for i, (c, size) in enumerate(zip("abc", sizes, strict=False))}
    return pd.DataFrame(columns)


@pytest.mark.parametrize(
    ("target", "weights"),
    [
        # the influence of an uncorrelated element is in proportion to weight times deviation
        ("equal", [4 / 7, 2 / 7, 1 / 7]),
        ({"a": 1, "b": 2, "c": 1}, [1 / 2.25, 1 / 2.25, 0.25 / 2.25]),
    ],
)
def test_optimised_weights_of_uncorrelated_elements(target, weights) -> None:
    found = weigh.optimised_weights(uncorrelated(1, 2, 4), target)
    np.testing.assert_allclose(found.weights, weights, rtol=1e-8)
    np.testing.assert_allclose(found.share, found.target, atol=1e-10)
    assert found.reached
    assert found.converged
    if target == "equal":
        np.testing.assert_allclose(found.influence, 1 / np.sqrt(3), rtol=1e-8)


def test_optimised_weights_of_the_asem_sub_indices(asem: dict[str, list[str]]) -> None:
    """Two elements: equal correlations mean weights in inverse proportion to deviations."""
    scores = reference("A07_Aggregated").set_index("uCode")
    found = weigh.optimised_weights(scores[["Conn", "Sust"]], groups=asem)
    deviation = scores[["Conn", "Sust"]].std()
    expected = (1 / deviation) / (1 / deviation).sum()
    np.testing.assert_allclose(found.weights, expected, rtol=1e-7)
    assert found.reached
    index = (scores[["Conn", "Sust"]] * found.weights).sum(axis=1)
    for element in ("Conn", "Sust"):
        assert found.influence[element] == pytest.approx(scores[element].corr(index), rel=1e-10)


def test_optimised_weights_under_a_tree(asem: dict[str, list[str]]) -> None:
    """Equal influence of eight pillars is out of reach; the nearest comes back, and says so."""
    scores = reference("A07_Aggregated").set_index("uCode")
    pillars = asem["Conn"] + asem["Sust"]
    upper = {"Conn": 2.0, "Sust": 1.0, "Physical": 99.0}
    found = weigh.optimised_weights(scores[pillars], groups=asem, weights=upper)
    assert not found.reached
    assert found.converged
    for top in ("Conn", "Sust"):
        assert found.weights[asem[top]].sum() == pytest.approx(1, rel=1e-12)

    def miss(weights: pd.Series) -> float:
        parts = [
            share * (scores[asem[top]] * weights[asem[top]] / weights[asem[top]].sum()).sum(axis=1)
            for top, share in (("Conn", 2 / 3), ("Sust", 1 / 3))
        ]
        r = scores[pillars].corrwith(parts[0] + parts[1])
        return float(((r / r.abs().sum() - 1 / 8) ** 2).sum())

    best = miss(found.weights)
    rng = np.random.default_rng(5)
    for _ in range(50):
        other = (found.weights + rng.normal(scale=0.02, size=8)).clip(lower=0)
        assert miss(other) >= best - 1e-9


def test_optimised_weights_share_out_what_is_missing() -> None:
    scores = uncorrelated(1, 2, 4)
    scores = pd.concat([scores, scores * 1.5], ignore_index=True)
    scores.loc[7, "b"] = nan
    found = weigh.optimised_weights(scores)
    known = scores.notna()
    index = (scores.fillna(0) * found.weights).sum(axis=1) / (known * found.weights).sum(axis=1)
    np.testing.assert_allclose(found.influence, scores.corrwith(index), rtol=1e-9)
    assert found.reached


def test_codes_may_be_numbers() -> None:
    found = weigh.effective({1: 1, 2: 3}, {"top": [1, 2]})
    assert found.to_dict() == {"top": 1, "1": 0.25, "2": 0.75}
    scores = uncorrelated(1, 2, 4).set_axis([0, 1, 2], axis=1)
    within = weigh.optimised_weights(scores, groups={"top": [0, 1, 2]}).weights
    np.testing.assert_array_equal(within, weigh.optimised_weights(scores).weights)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target": "same"}, "target 'same' is not known"),
        ({"target": None}, "weights are None; expected a mapping"),
        ({"target": {"a": 1, "b": 1}}, "no weight for 'c'"),
        ({"scores": uncorrelated(1, 2, 4) * 1e301}, "a of 0 is .*expected a number"),
        ({"target": {"a": 1, "b": 1, "c": 0}}, "no influence asked for 'c'"),
        ({"groups": {"i": ["a", "b"]}}, "differ in 'c'"),
        ({"groups": {"i": ["a", "b", "c", "d"]}}, "differ in 'd'"),
        ({"groups": {"i": ["p", "c"], "p": ["a", "b"]}}, "'i' holds both"),
        (
            {"groups": {"i": ["p", "q"], "p": ["a", "b"], "q": ["c"]}, "weights": {"p": 1}},
            "group 'i': no weight for 'q'",
        ),
        ({"scores": uncorrelated(1, 0, 1)}, "no influence of 'b'"),
        ({"scores": uncorrelated(1, 1, 1).iloc[:2]}, "no influence of 'a', 'b', 'c'"),
        ({"scores": uncorrelated(1, 1, 1).iloc[[0, 1, 1]].replace(-1, inf)}, "infinite"),
        ({"scores": pd.DataFrame({"a": [1.0, 2, 3], "b": [-1.0, -2, -3]})}, "cancel each other"),
    ],
)
def test_influences_that_cannot_be_sought(arguments, message) -> None:
    with pytest.raises(CompositeError, match=message):
        weigh.optimised_weights(**({"scores": uncorrelated(1, 2, 4)} | arguments))
