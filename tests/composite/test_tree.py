from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from upstream import FOLDER, upstream

from indices.composite.definition import tree_and_steps
from indices.composite.errors import CompositeError
from indices.composite.tree import Tree, aggregate_tree, by_level, node_scores

NAN = float("nan")


def tree(*rows: tuple[Any, ...], columns: str = "code parent weight direction") -> Tree:
    return Tree.from_frame(pd.DataFrame(list(rows), columns=columns.split()))


def ragged() -> Tree:
    """I = (A = (a1 3, a2 1) 2, b 1, C = (D = (d 5)) 1); b is an indicator right below the index."""
    return tree(
        ("a1", "A", 3, 1),
        ("a2", "A", 1, -1),
        ("b", "I", 1, 1),
        ("d", "D", 5, 1),
        ("A", "I", 2, 1),
        ("D", "C", 1, 1),
        ("C", "I", 1, 1),
        ("I", None, None, None),
    )


def test_levels_children_and_order_are_found() -> None:
    t = ragged()
    assert t.root == "I"
    assert t.levels == (1, 2, 3, 4)
    assert t.indicators == ("a1", "a2", "b", "d")
    assert dict(t.groups) == {"A": ("a1", "a2"), "D": ("d",), "C": ("D",), "I": ("b", "A", "C")}
    assert t.at_level(2) == ("A", "D")
    assert t.children("C") == ("D",)
    assert t.children("b") == ()
    assert t.indicators_of("C") == ("d",)
    assert t.indicators_of("I") == ("b", "a1", "a2", "d")
    assert t.parent_of["I"] is None
    np.testing.assert_array_equal(t.direction, [1, -1, 1, 1])
    assert t.nodes["name"].to_dict() == {c: c for c in t.level_of}


def test_effective_weights_by_hand() -> None:
    expected = {
        "a1": 0.5 * 0.75,
        "a2": 0.5 * 0.25,
        "b": 0.25,
        "d": 0.25,
        "A": 0.5,
        "D": 0.25,
        "C": 0.25,
        "I": 1.0,
    }
    assert ragged().effective_weights().to_dict() == expected


def test_effective_weights_are_those_of_coinr() -> None:
    theirs = upstream("effective_weights", "iCode")["EffWeight"]
    meta = pd.read_csv(FOLDER / "ASEM_iMeta.csv")
    t = Tree.from_frame(meta)
    ours = t.effective_weights()
    np.testing.assert_allclose(ours[theirs.index], theirs, rtol=1e-12)
    assert len(ours) == len(theirs)
    assert t.nodes["denominator"].dropna().to_dict()["Goods"] == "GDP"
    assert t.nodes["target"]["LPI"] == 4.11803135
    given = t.with_weights(upstream("weights_original", "iCode")["Weight"])
    np.testing.assert_array_equal(given.nodes["weight"], t.nodes["weight"])


def test_our_own_further_columns_are_kept_and_levels_may_be_given() -> None:
    t = tree(("x", "I", 1, "s"), ("I", "", 2, NAN), columns="code parent level source")
    assert t.nodes["source"]["x"] == "s"
    deep = tree(("x", "P", 1), ("P", "I", 2), ("I", None, 5), columns="code parent level")
    assert deep.levels == (1, 2, 5)
    lopsided = tree(("x", "P"), ("P", "I"), ("y", "I"), ("I", None), columns="code parent")
    assert lopsided.level_of == {"x": 1, "P": 2, "y": 1, "I": 3}


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([("A", "B"), ("B", "C"), ("C", "A"), ("x", "A")], "cycle.*A -> B -> C -> A"),
        ([("A", "A")], "cycle.*A -> A"),
        ([("A", "X"), ("B", None)], "A: parent 'X' is not a node"),
        ([("A", None), ("B", None)], "A, B have no parent, expected one root"),
        ([("A", None)], "A is a group without indicators"),
        ([("A", "I"), ("A", "I"), ("I", None)], "code A stands more than once"),
        ([(None, "I"), ("I", None)], "row 0 .* has no code"),
        ([("", "I"), ("I", None)], "row 0 .* has no code"),
    ],
)
def test_what_is_not_one_tree_is_refused(rows: list[tuple[Any, Any]], says: str) -> None:
    with pytest.raises(CompositeError, match=says):
        tree(*rows, columns="code parent")


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("weight", -1, "x: weight is -1.0"),
        ("weight", NAN, "x: weight is nan"),
        ("weight", float("inf"), "x: weight is inf"),
        ("weight", "much", "x: weight is 'much', expected a number"),
        ("direction", 0, r"x: direction is 0.0, expected \+1 or -1"),
        ("direction", NAN, "x: direction is nan"),
        ("level", 2, "x of level 2 is a group without indicators"),
        ("level", 0.5, "x: level is 0.5"),
        ("level", NAN, "x: level is nan"),
        ("type", "Aggregate", "x is a group without indicators"),
        ("type", "Pillar", "x: type is 'Pillar'"),
    ],
)
def test_a_wrong_entry_is_refused_by_name(column: str, value: Any, says: str) -> None:
    frame = pd.DataFrame({"code": ["x", "y", "I"], "parent": ["I", "I", None]})
    usual = {"weight": 1, "direction": 1, "level": [1, 1, 2]}
    usual["type"] = ["Indicator", "Indicator", "Aggregate"]
    frame[column] = pd.Series(usual[column], index=frame.index, dtype=object)
    frame.loc[0, column] = value
    with pytest.raises(CompositeError, match=says):
        Tree.from_frame(frame)


@pytest.mark.parametrize(
    ("rows", "columns", "says"),
    [
        ([("x", "P", 1), ("P", "I", 1), ("I", None, 3)], "code parent level", "parent P of level"),
        ([("x", "P", 1), ("P", "I", -1), ("I", None, 1)], "code parent direction", "P: direction"),
        ([("x", "I", 0), ("y", "I", 0), ("I", None, 1)], "code parent weight", "weights of I sum"),
        ([("x", "I", "Indicator"), ("I", None, "Indicator")], "code parent type", "has children"),
        ([("x", 1)], "code weight", "no column parent"),
        ([("x", "I", "J")], "code parent Parent", "two columns parent"),
    ],
)
def test_a_contradiction_is_refused(rows: list[Any], columns: str, says: str) -> None:
    with pytest.raises(CompositeError, match=says):
        tree(*rows, columns=columns)


def test_no_nodes_are_no_tree() -> None:
    with pytest.raises(CompositeError, match="no nodes"):
        Tree.from_frame(pd.DataFrame({"code": [], "parent": []}))


def test_weights_are_replaced_by_code() -> None:
    changed = ragged().with_weights({"a1": 1})
    assert changed.weight_of["a1"] == 1
    assert ragged().weight_of["a1"] == 3
    with pytest.raises(CompositeError, match="zz not in the tree, which has a1, a2"):
        ragged().with_weights({"zz": 1})
    with pytest.raises(CompositeError, match="weights of D sum"):
        ragged().with_weights({"d": 0})
    with pytest.raises(CompositeError, match="a1: weight is 'x'"):
        ragged().with_weights({"a1": "x"})  # type: ignore[dict-item]


def test_a_group_goes_with_the_last_of_its_children() -> None:
    assert ragged().without("a1").weight_of["a1"] == 0
    gone = ragged().without("d")
    assert {c for c, w in gone.weight_of.items() if w == 0} == {"C"}
    assert gone.effective_weights()["d"] == 0
    assert {c for c, w in ragged().without("a1", "a2").weight_of.items() if w == 0} == {"a1", "A"}
    with pytest.raises(CompositeError, match="nothing is left of I"):
        ragged().without("A", "b", "C")


def test_aggregation_by_hand_with_what_is_missing() -> None:
    x = np.array([[8.0, 4.0, 2.0, 6.0], [NAN, 4.0, 2.0, NAN], [NAN] * 4])
    scores = node_scores(x, ragged())
    assert list(scores) == ["a1", "a2", "b", "d", "A", "D", "C", "I"]
    np.testing.assert_array_equal(scores["A"], [7, 4, NAN])
    np.testing.assert_array_equal(scores["C"], [6, NAN, NAN])
    # (2 * 7 + 2 + 6) / 4; then C is missing: (2 * 4 + 2) / 3
    np.testing.assert_allclose(scores["I"], [5.5, 10 / 3, NAN], rtol=1e-15)


def test_a_threshold_and_a_method_of_each_level() -> None:
    x = np.array([[8.0, 4.0, 2.0, 6.0], [NAN, 4.0, 2.0, 6.0]])
    scores = node_scores(
        x,
        ragged(),
        methods={2: "arithmetic", 3: "geometric", 4: {"method": "power", "p": 2}},
        minimum={2: 0.5},
    )
    # a2 alone is a quarter of A, too little.
    np.testing.assert_array_equal(scores["A"], [7, NAN])
    by_hand = [((2 * 49 + 4 + 36) / 4) ** 0.5, ((4 + 36) / 2) ** 0.5]
    np.testing.assert_allclose(scores["I"], by_hand, rtol=1e-14)


def test_many_runs_at_once_are_each_run_alone() -> None:
    t, rng = ragged(), np.random.default_rng(1)
    x = np.where(rng.random((5, 7, 4)) < 0.2, NAN, rng.random((5, 7, 4)))
    weights = {level: rng.random((5, len(t.at_level(level)))) for level in (1, 2, 3)}
    methods = {2: "geometric", 3: "arithmetic", 4: "harmonic"}
    batch = aggregate_tree(x, t, weights, methods, 0.3)
    for run in range(5):
        own = {c: weights[at][run][k] for at in weights for k, c in enumerate(t.at_level(at))}
        alone = aggregate_tree(x[run], t.with_weights(own), None, methods, 0.3)
        np.testing.assert_allclose(batch[run], alone, rtol=1e-14)
    shared = aggregate_tree(x[0], t, {1: weights[1]})
    assert shared.shape == (5, 7)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ({"x": np.ones((3, 2))}, "2 columns of scores, expected the 4 indicators"),
        ({"x": np.full((3, 4), np.inf)}, "indicator a1: infinite"),
        ({"methods": "median"}, "'median' is not known; there are arithmetic"),
        ({"methods": {2: "arithmetic"}}, "names no value for level 3"),
        ({"methods": {9: "arithmetic"}}, "level 9; the tree has groups at level 2, 3, 4"),
        ({"methods": {"p": 2}}, "expected the name of a method"),
        ({"methods": "geometric", "x": np.zeros((3, 4))}, "A: scores of zero.*unit 0, a1"),
        ({"weights": {1: np.ones(3)}}, r"level 1 have the shape \(3,\), expected \(..., 4\)"),
        ({"weights": {7: np.ones(3)}}, "weights for level 7"),
        ({"weights": {1: np.array([1, -1, 1, 1])}}, "a2: weight is -1"),
        ({"weights": {1: np.array([[1, 1, 1, 1], [0, 0, 1, 1]])}}, "weights of A sum to nothing"),
        ({"minimum": 2}, "minimum_weight is 2.0"),
    ],
)
def test_wrong_arguments_of_the_aggregation_are_refused(kind: dict[str, Any], says: str) -> None:
    with pytest.raises(CompositeError, match=says):
        aggregate_tree(kind.pop("x", np.ones((3, 4))), ragged(), **kind)


def test_a_value_a_level_may_come_from_a_file() -> None:
    assert by_level({"2": 0.5}, [2, 3], "share", 0.0) == {2: 0.5, 3: 0.0}
    assert by_level(0.5, [2, 3], "share") == {2: 0.5, 3: 0.5}


NESTED = """
name = "of pillars"

[index]
code = "I"

[[pillar]]
code = "A"
weight = 2
[[pillar.indicator]]
code = "a1"
weight = 3
[[pillar.indicator]]
code = "a2"
direction = -1

[[pillar]]
code = "C"
[[pillar.pillar]]
code = "D"
[[pillar.pillar.indicator]]
code = "d"

[rank]
decimals = 1
"""


def test_pillars_may_be_nested(tmp_path: Path) -> None:
    path = tmp_path / "index.toml"
    path.write_text(NESTED)
    t, steps = tree_and_steps(path)
    assert steps == {"decimals": 1}
    assert t.effective_weights()["a1"] == pytest.approx(0.5)
    assert t.parent_of == {"I": None, "A": "I", "a1": "A", "a2": "A", "C": "I", "D": "C", "d": "D"}
    assert t.nodes["direction"]["a2"] == -1


NODES = [{"code": "x", "parent": "I"}, {"code": "I"}]


@pytest.mark.parametrize(
    ("definition", "says"),
    [
        ({"node": NODES, "agregate": "x"}, "agregate not known; there are name, version, .*rank"),
        ({"node": [{"code": "x", "wieght": 1}]}, "node x: wieght not known; there are code"),
        ({"node": NODES, "pillar": []}, "this one has both"),
        ({}, "this one has neither"),
        ({"node": NODES, "index": {}}, r"not a table \[index\]"),
        ({"node": 5}, "expected a list of tables"),
        ({"node": [5]}, "expected a table"),
        ({"node": NODES, "rank": {"places": 1}}, "places not known; there are decimals"),
        ({"node": [{"parent": "I"}, {"code": "I"}]}, "row 0 of the table of nodes has no code"),
        ({"pillar": [{"code": "A"}]}, "A is a group without indicators"),
        ({"pillar": [{"code": "A", "indicators": []}]}, "pillar A of index: indicators not known"),
        (
            {"pillar": [{"code": "A", "indicator": [{"code": "a", "low": 1}]}]},
            "indicator a of A: low not known",
        ),
    ],
)
def test_a_wrong_definition_is_refused(definition: dict[str, Any], says: str) -> None:
    with pytest.raises(CompositeError, match=says):
        tree_and_steps(definition)


def test_what_is_not_toml_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "index.toml"
    path.write_text("a = ")
    with pytest.raises(CompositeError, match=r"index.toml is not TOML"):
        tree_and_steps(path)
