"""The definition of an index as a TOML file: its tree, and the steps from data to scores.

Belongs here: the shape of the file and the errors a wrong one gives. Does not belong here: which
methods a step knows and what they do; that is `index` and the modules it ties together. This is
the one module of the engine that reads a file.

The tree is written flat, one `[[node]]` a node with the code of its `parent`::

    [[node]]
    code = "LPI"
    parent = "Physical"
    weight = 1
    direction = 1

or nested, `[[pillar]]` within `[[pillar]]` to any depth, with their `[[pillar.indicator]]`; there
the index itself is the table `[index]`, or is called "index". The steps follow, each a table, or
the name of a method alone where it needs no more; those left out take the defaults of `Index`::

    [impute]
    method = "group_mean"
    groups = "region"

    [aggregate]            # or one value for all levels: aggregate = "arithmetic"
    2 = "geometric"
    3 = { method = "power", p = 0.5 }

    [minimum_weight]       # likewise
    2 = 0.66
    3 = 0.5
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from indices.composite.data import listed
from indices.composite.errors import CompositeError
from indices.composite.tree import Tree

Definition = Mapping[str, Any]

STEPS = (
    "denominate",
    "screen",
    "impute",
    "treat",
    "normalise",
    "weigh",
    "aggregate",
    "minimum_weight",
    "minimum_available",
    "rank",
)
TREE = ("node", "index", "pillar")
ABOUT = ("name", "version", "description")
NODE = ("code", "name", "weight", "direction", "unit", "denominator", "lo", "hi", "target", "level")
GROUP = ("code", "name", "weight", "unit", "level")
RANK = ("decimals",)
DEFAULTS = {"code": None, "parent": None, "weight": 1.0, "direction": 1}


def tree_and_steps(source: str | os.PathLike[str] | Definition) -> tuple[Tree, dict[str, Any]]:
    """Read and check a definition.

    Parameters
    ----------
    source : path or mapping
        A TOML file, or what one says.

    Returns
    -------
    tree : Tree
    steps : dict
        The keyword arguments of `Index`.

    Raises
    ------
    CompositeError
        If the file is not TOML, a key is not known (the message lists those that are), an entry
        has the wrong shape, or the tree contradicts itself (see `Tree.from_frame`).
    """
    raw = source if isinstance(source, Mapping) else _parsed(Path(source))
    _known(raw, (*ABOUT, *TREE, *STEPS), "the definition")
    steps = {step: raw[step] for step in STEPS if step in raw and step != "rank"}
    if "rank" in raw:
        rank = _table(raw["rank"], "rank")
        _known(rank, RANK, "rank")
        steps.update(rank)
    return _tree(raw), steps


def _parsed(path: Path) -> Definition:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CompositeError(f"{path.name} is not TOML: {error}") from None


def _known(table: Definition, known: tuple[str, ...], where: str) -> None:
    strange = [key for key in table if key not in known]
    if strange:
        raise CompositeError(
            f"{where}: {listed(strange)} not known; there are {listed(known, len(known))}"
        )


def _table(value: object, where: str) -> Definition:
    if not isinstance(value, Mapping):
        raise CompositeError(f"{where} is {value!r}, expected a table")
    return value


def _tables(value: object, where: str) -> list[Definition]:
    if not isinstance(value, list | tuple):
        raise CompositeError(f"{where} is {value!r}, expected a list of tables")
    return [_table(entry, where) for entry in value]


def _tree(raw: Definition) -> Tree:
    if ("node" in raw) == ("pillar" in raw):
        raise CompositeError(
            "a definition has either [[node]] entries or nested [[pillar]] entries; this one has "
            + ("both" if "node" in raw else "neither")
        )
    if "node" in raw:
        if "index" in raw:
            raise CompositeError(
                "among [[node]] entries the index is the one without a parent, not a table [index]"
            )
        nodes = _tables(raw["node"], "node")
        for number, node in enumerate(nodes, start=1):
            where = f"node {node.get('code', f'number {number}')}"
            _known(node, (*NODE, "parent", "type"), where)
        return Tree.from_frame(pd.DataFrame([{**DEFAULTS, **node} for node in nodes]))
    root = _table(raw.get("index", {}), "index")
    _known(root, GROUP, "index")
    code = str(root.get("code", "index"))
    rows: list[dict[str, Any]] = [{**root, "code": code, "type": "aggregate"}]
    _add_pillars(rows, raw["pillar"], code)
    return Tree.from_frame(pd.DataFrame([{**DEFAULTS, **row} for row in rows]))


def _add_pillars(rows: list[dict[str, Any]], pillars: object, parent: str) -> None:
    for pillar in _tables(pillars, f"pillar of {parent}"):
        code = str(pillar.get("code", ""))
        where = f"pillar {code or '(no code)'} of {parent}"
        _known(pillar, (*GROUP, "pillar", "indicator"), where)
        own = {key: value for key, value in pillar.items() if key in GROUP}
        rows.append({**own, "parent": parent, "type": "aggregate"})
        _add_pillars(rows, pillar.get("pillar", []), code)
        for indicator in _tables(pillar.get("indicator", []), f"indicator of {code}"):
            _known(indicator, NODE, f"indicator {indicator.get('code', '(no code)')} of {code}")
            rows.append({**indicator, "parent": code, "type": "indicator"})
