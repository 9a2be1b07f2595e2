"""The tree of an index, from its indicators up to the one score, and the way up it.

Belongs here: which node belongs to which group, with what weight, and what contradicts that; the
aggregation of normalised indicators up the tree, also of many Monte-Carlo runs at once. Does not
belong here: the formula of a mean (`aggregate`), where weights come from (`weigh`), or frames of
units (`index`).

Levels count upwards: indicators are level 1, the index is the highest. A method or a missing-data
threshold "of level 3" is that by which the nodes of level 3 are made from those below them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from indices.composite import aggregate as formulas
from indices.composite.data import listed
from indices.composite.errors import CompositeError
from indices.composite.weigh import effective

Array = np.ndarray
Method = str | Mapping[str, Any]

# Columns that a step reads, beside those every tree has: goalposts and targets of indicators.
FURTHER = ("type", "target", "lo", "hi")
COLUMNS = ("code", "parent", "level", "weight", "direction", "name", "unit", "denominator")
# COINr's names for columns; the others differ only by a capital.
COINR = {"icode": "code", "iname": "name"}
NODE_TYPES = {"indicator": True, "aggregate": False}
OTHER_TYPES = ("group", "denominator", "other")


@dataclass(frozen=True, eq=False)
class Tree:
    """A checked tree of indicators, groups of any depth, and one root.

    Make it by `Tree.from_frame`; a `Tree` that exists is free of contradictions.

    Attributes
    ----------
    nodes : DataFrame
        One row a node, indexed by code, with the columns parent (missing for the root), level,
        weight (as given, relative to the other children of the parent), direction (+1 or -1),
        name, unit, denominator, and whatever further columns the frame had.
    """

    nodes: pd.DataFrame

    def __post_init__(self) -> None:
        _check_links(self.nodes)
        object.__setattr__(self, "nodes", _with_levels(self.nodes))
        _check_directions(self.nodes)
        _check_weights(self.nodes)

    @classmethod
    def from_frame(cls, meta: pd.DataFrame) -> Tree:
        """Make a tree from a table of nodes.

        Parameters
        ----------
        meta : DataFrame
            One row a node. Columns `code` and `parent` (empty for the root) are needed; `weight`
            (1), `direction` (1), `level` (found from the tree), `name` (the code), `unit`,
            `denominator` and `type` may be left out; further columns are kept. COINr's iMeta is
            accepted as it is (iCode, iName, Parent, ...); its rows of type Group, Denominator and
            Other describe no node and are passed over.

        Returns
        -------
        Tree

        Raises
        ------
        CompositeError
            If a column is missing, a code is missing or stands twice, a parent is no node, nodes
            form a cycle, there is no root or more than one, a group has no indicators, a level
            contradicts the tree, a direction is not +1 or -1, or a weight is missing, negative or
            infinite, or the weights of a group sum to nothing.
        """
        if not isinstance(meta, pd.DataFrame):
            raise CompositeError(
                f"the table of nodes is a {type(meta).__name__}, expected a DataFrame"
            )
        frame = meta.rename(columns=lambda c: _column(str(c))).reset_index(drop=True)
        twice = frame.columns[frame.columns.duplicated()]
        if len(twice):
            raise CompositeError(f"the table of nodes has two columns {listed(twice)}")
        if frame.empty:
            raise CompositeError("the tree has no nodes")
        missing = [c for c in ("code", "parent") if c not in frame]
        if missing:
            raise CompositeError(
                f"the table of nodes has no column {listed(missing)}; it has "
                f"{listed(frame.columns)}"
            )
        if "type" in frame:
            frame = _nodes_only(frame)
        blank = frame["parent"].map(lambda p: _missing(p) or str(p).strip() == "")
        frame["parent"] = frame["parent"].astype(object).where(~blank, None)
        nameless = frame["code"].map(lambda c: _missing(c) or str(c).strip() == "")
        if nameless.any():
            raise CompositeError(f"row {nameless.idxmax()} of the table of nodes has no code")
        frame["code"] = frame["code"].astype(str)
        frame["parent"] = frame["parent"].map(str, na_action="ignore").astype("str")
        frame = frame.set_index("code")
        for column, default in (("weight", 1.0), ("direction", 1.0)):
            frame[column] = _numbers(frame, column, default)
        root = frame["parent"].isna()
        # Nothing is above the root, so its weight says nothing.
        frame["weight"] = frame["weight"].mask(root & frame["weight"].isna(), 1.0)
        codes = pd.Series(frame.index, index=frame.index)
        frame["name"] = frame["name"].fillna(codes) if "name" in frame else codes
        for column in ("unit", "denominator"):
            if column not in frame:
                frame[column] = pd.Series(np.nan, index=frame.index, dtype="str")
        first = [c for c in COLUMNS[1:] if c in frame]
        return cls(frame[first + [c for c in frame.columns if c not in first]])

    @cached_property
    def parent_of(self) -> dict[str, str | None]:
        """Code of every node's parent, None for the root."""
        parents = self.nodes["parent"]
        return {str(c): None if _missing(p) else str(p) for c, p in parents.items()}

    @cached_property
    def level_of(self) -> dict[str, int]:
        """Level of every node, 1 for indicators."""
        return {str(c): int(level) for c, level in self.nodes["level"].items()}

    @cached_property
    def weight_of(self) -> dict[str, float]:
        """Weight of every node, as given."""
        return {str(c): float(w) for c, w in self.nodes["weight"].items()}

    @cached_property
    def root(self) -> str:
        """Code of the index itself."""
        return next(code for code, parent in self.parent_of.items() if parent is None)

    @cached_property
    def levels(self) -> tuple[int, ...]:
        """Levels that have nodes, from 1 upwards."""
        return tuple(sorted(set(self.level_of.values())))

    @cached_property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """Children of every group, lower levels first, so that children come before parents."""
        found: dict[str, list[str]] = {c: [] for c in self.level_of}
        for code, parent in self.parent_of.items():
            if parent is not None:
                found[parent].append(code)
        return {
            code: tuple(found[code])
            for level in self.levels
            for code in self.at_level(level)
            if found[code]
        }

    @cached_property
    def indicators(self) -> tuple[str, ...]:
        """Codes of the nodes that have no children, in the order of the table."""
        return tuple(c for c in self.level_of if c not in self.groups)

    @cached_property
    def direction(self) -> Array:
        """+1 or -1 for every indicator, in the order of `indicators`."""
        return self.nodes.loc[list(self.indicators), "direction"].to_numpy(dtype=float)

    def at_level(self, level: int) -> tuple[str, ...]:
        """Return the codes of one level, in the order of the table.

        Raises
        ------
        CompositeError
            If no node has that level.
        """
        codes = tuple(c for c, of in self.level_of.items() if of == level)
        if not codes:
            raise CompositeError(f"no node has level {level}; there are {listed(self.levels)}")
        return codes

    def children(self, code: str) -> tuple[str, ...]:
        """Return the codes right below a node, none for an indicator.

        Raises
        ------
        CompositeError
            If no node has that code.
        """
        self.known(code)
        return self.groups.get(code, ())

    def indicators_of(self, code: str) -> tuple[str, ...]:
        """Return the indicators below a node, or the node itself if it is one.

        Raises
        ------
        CompositeError
            If no node has that code.
        """
        children = self.children(code)
        if not children:
            return (code,)
        return tuple(i for child in children for i in self.indicators_of(child))

    def known(self, *codes: str) -> None:
        """Raise a CompositeError unless every code is that of a node."""
        strangers = [c for c in codes if c not in self.level_of]
        if strangers:
            raise CompositeError(
                f"{listed(strangers)} not in the tree, which has {listed(list(self.level_of), 80)}"
            )

    def effective_weights(self) -> pd.Series:
        """Return what every node weighs in the index.

        The weight within its group, rescaled to add to one there, times that of its parent (COINr
        `get_eff_weights`); 1 for the root. The indicators' add to one.
        """
        return effective(self.weight_of, self.groups).rename("effective").reindex(self.nodes.index)

    def weights_by_level(self) -> dict[int, Array]:
        """Return the weights as `aggregate_tree` takes them: level -> array (nodes of it,)."""
        return {
            level: np.array([self.weight_of[c] for c in self.at_level(level)])
            for level in self.levels
        }

    def with_weights(self, weights: Mapping[str, float] | pd.Series) -> Tree:
        """Return the same tree with other weights for the nodes named.

        Raises
        ------
        CompositeError
            If a code is not in the tree, or the weights are refused (see `from_frame`).
        """
        given = {str(code): weight for code, weight in weights.items()}
        self.known(*given)
        nodes = self.nodes.copy()
        changed = pd.Series(given, dtype=object)
        nodes["weight"] = nodes["weight"].astype(object)
        nodes.loc[changed.index, "weight"] = changed
        nodes["weight"] = _numbers(nodes, "weight", 1.0)
        return Tree(nodes)

    def without(self, *codes: str) -> Tree:
        """Return the same tree with some nodes weighing nothing.

        A group whose children would all weigh nothing has no score left, so it goes with them.

        Raises
        ------
        CompositeError
            If a code is not in the tree, or nothing would be left of the index.
        """
        return self.with_weights(self.weights_without(*codes))

    def weights_without(self, *codes: str) -> dict[str, float]:
        """Return the weights of the tree that `without` makes."""
        self.known(*codes)
        weights = dict(self.weight_of)
        for code in codes:
            gone = code
            while True:
                parent = self.parent_of[gone]
                if parent is None:
                    raise CompositeError(
                        f"without {listed(codes)} nothing is left of {self.root}; keep at least "
                        "one node with a weight"
                    )
                if sum(weights[c] for c in self.groups[parent] if c != gone) > 0:
                    break
                gone = parent
            weights[gone] = 0.0
        return weights


def _missing(value: object) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value))


def _column(name: str) -> str:
    lower = name.lower()
    plain = COINR.get(lower, lower)
    return plain if plain in (*COLUMNS, *FURTHER) else name


def _numbers(frame: pd.DataFrame, column: str, default: float) -> pd.Series:
    if column not in frame:
        return pd.Series(default, index=frame.index)
    numbers = pd.to_numeric(frame[column], errors="coerce").astype(float)
    words = frame[column].notna() & numbers.isna()
    if words.any():
        row = int(np.argmax(words.to_numpy()))
        raise CompositeError(
            f"{frame.index[row]}: {column} is {frame[column].iloc[row]!r}, expected a number"
        )
    return numbers


def _nodes_only(frame: pd.DataFrame) -> pd.DataFrame:
    kinds = frame["type"].astype(object).map(lambda t: str(t).strip().lower())
    known = (*NODE_TYPES, *OTHER_TYPES)
    strange = ~kinds.isin(known)
    if strange.any():
        row = int(np.argmax(strange.to_numpy()))
        raise CompositeError(
            f"{frame['code'].iloc[row]}: type is {frame['type'].iloc[row]!r}, "
            f"expected one of {listed(known)}"
        )
    return frame[kinds.isin(NODE_TYPES)].assign(type=kinds)


def _check_links(nodes: pd.DataFrame) -> None:
    """Refuse a table of nodes that is not one tree."""
    twice = nodes.index[nodes.index.duplicated()]
    if len(twice):
        raise CompositeError(f"code {listed(twice.unique())} stands more than once in the tree")
    parents = nodes["parent"]
    unknown = parents[parents.notna() & ~parents.isin(nodes.index)]
    if len(unknown):
        raise CompositeError(
            f"{unknown.index[0]}: parent {unknown.iloc[0]!r} is not a node of the tree; "
            "add its row or correct the name"
        )
    _check_cycles({str(c): str(p) for c, p in parents.dropna().items()})
    roots = list(nodes.index[parents.isna()])
    if len(roots) > 1:
        raise CompositeError(
            f"{listed(roots)} have no parent, expected one root; give all but the index a parent"
        )
    if len(nodes) == 1:
        raise CompositeError(f"{roots[0]} is a group without indicators: nothing is below it")


def _check_cycles(parent_of: dict[str, str]) -> None:
    safe: set[str] = set()
    for start in parent_of:
        path: dict[str, None] = {}
        code = start
        while code in parent_of and code not in safe:
            if code in path:
                round_trip = list(path)[list(path).index(code) :]
                raise CompositeError(
                    "the tree has a cycle, each of these being the parent of the one before: "
                    + " -> ".join([*round_trip, code])
                )
            path[code] = None
            code = parent_of[code]
        safe.update(path)


def _with_levels(nodes: pd.DataFrame) -> pd.DataFrame:
    """Add levels where there are none, or refuse those that contradict the tree."""
    parents = nodes["parent"].dropna()
    groups = set(parents)
    leaves = [c for c in nodes.index if c not in groups]
    if "type" in nodes:
        for code, kind in nodes["type"].items():
            if NODE_TYPES[str(kind)] and code in groups:
                raise CompositeError(f"{code} is called an indicator but has children")
            if not NODE_TYPES[str(kind)] and code not in groups:
                raise CompositeError(f"{code} is a group without indicators: nothing is below it")
    if "level" not in nodes:
        height = dict.fromkeys(nodes.index, 1)
        for leaf in leaves:
            code, level = leaf, 1
            while code in parents.index:
                code, level = parents[code], level + 1
                height[code] = max(height[code], level)
        nodes = nodes.copy()
        nodes.insert(1, "level", pd.Series(height, dtype=int))
        return nodes
    levels = _numbers(nodes, "level", np.nan)
    for code, level in levels.items():
        if not (level >= 1 and level == int(level)):
            raise CompositeError(f"{code}: level is {level}, expected a whole number from 1")
    high = levels[leaves]
    if (high > 1).any():
        code = high.idxmax()
        raise CompositeError(
            f"{code} of level {int(high.max())} is a group without indicators: nothing is below "
            "it (an indicator has level 1)"
        )
    of = {str(code): int(level) for code, level in levels.items()}
    for code, parent in parents.items():
        if not of[str(parent)] > of[str(code)]:
            raise CompositeError(
                f"{code} of level {of[str(code)]} has the parent {parent} of level "
                f"{of[str(parent)]}, expected a higher one"
            )
    return nodes.assign(level=levels.astype(int))


def _check_directions(nodes: pd.DataFrame) -> None:
    indicator = ~nodes.index.isin(nodes["parent"].dropna())
    directions = nodes["direction"]
    for code in nodes.index[indicator]:
        if directions[code] not in (1.0, -1.0):
            raise CompositeError(f"{code}: direction is {directions[code]}, expected +1 or -1")
    for code in nodes.index[~indicator]:
        if not (np.isnan(directions[code]) or directions[code] == 1.0):
            raise CompositeError(
                f"{code}: direction is {directions[code]}, but only indicators have a direction; "
                "turn those below it"
            )


def _check_weights(nodes: pd.DataFrame) -> None:
    weights = nodes["weight"]
    wrong = weights[~(np.isfinite(weights) & (weights >= 0))]
    if len(wrong):
        raise CompositeError(
            f"{wrong.index[0]}: weight is {wrong.iloc[0]}, expected a number of 0 or above"
        )
    with np.errstate(over="ignore"):
        sums = weights.groupby(nodes["parent"]).sum()
    if np.isinf(sums).any():
        raise CompositeError(f"the weights of {sums.idxmax()} are too large to be added")
    if (sums == 0).any():
        raise CompositeError(
            f"the weights of {sums.idxmin()} sum to nothing; give one of its children a weight"
        )


@contextmanager
def naming(kind: str, names: Sequence[str] | pd.Index, where: str = "") -> Iterator[None]:
    """Put names for positions in the errors of functions that know arrays only.

    Parameters
    ----------
    kind : str
        "indicator" or "unit", as the message has it before the position.
    names : sequence
        By position.
    where : str
        Put before the message.
    """

    def name(found: re.Match[str]) -> str:
        position = int(found[1])
        return listed([names[position]]) if position < len(names) else found[0]

    try:
        yield
    except CompositeError as error:
        raise CompositeError(where + re.sub(rf"\b{kind} (\d+)\b", name, str(error))) from None


def by_level(given: Any, levels: Collection[int], what: str, default: Any = None) -> dict[int, Any]:
    """Spread one value, or one a level, over levels.

    Parameters
    ----------
    given : value or Mapping
        A mapping whose keys are levels (numbers, or strings of digits as TOML has them) gives one
        value a level; anything else is the value of all.
    levels : collection of int
    what : str
        What is given, for the message.
    default : value, optional
        That of levels the mapping does not name; without it every level must be named.

    Raises
    ------
    CompositeError
        If a level is not among `levels`, or is not named and there is no default.
    """
    keys = list(given) if isinstance(given, Mapping) else []
    if not keys or not all(isinstance(k, int) or str(k).isdigit() for k in keys):
        return dict.fromkeys(levels, given)
    named = {int(level): value for level, value in given.items()}
    strange = sorted(set(named) - set(levels))
    if strange:
        raise CompositeError(
            f"{what} names level {listed(strange)}; the tree has groups at level "
            f"{listed(sorted(levels))}"
        )
    left_out = sorted(set(levels) - set(named))
    if left_out and default is None:
        raise CompositeError(f"{what} names no value for level {listed(left_out)}")
    return {level: named.get(level, default) for level in levels}


def named_method(given: Method, what: str) -> tuple[str, dict[str, Any]]:
    """Split "name" or {"method": "name", parameters...} into the name and its parameters.

    Raises
    ------
    CompositeError
        If there is no name.
    """
    if isinstance(given, str):
        return given, {}
    if not isinstance(given, Mapping) or not isinstance(given.get("method"), str):
        raise CompositeError(
            f"{what} is {given!r}, expected the name of a method, or a table with the name as "
            '`method` and its parameters, as in {"method": "power", "p": 2}'
        )
    parameters = {str(k): v for k, v in given.items() if k != "method"}
    return str(given["method"]), parameters


def node_scores(
    x: Array,
    tree: Tree,
    weights: Mapping[int, Array] | None = None,
    methods: Method | Mapping[int, Method] = "arithmetic",
    minimum: float | Mapping[int, float] = 0.0,
    available: float | Mapping[int, float] = 0.0,
) -> dict[str, Array]:
    """Aggregate normalised indicators up a tree, keeping the score of every node.

    Weights are rescaled over what is present, group by group (OECD/JRC Handbook 2008, step 6;
    COINr `Aggregate`). A node whose children present weigh less than the threshold of its level
    is missing, and counts as such further up.

    Parameters
    ----------
    x : array, shape (..., units, indicators)
        Normalised, in the order of `tree.indicators`, larger is better; NaN is missing. Leading
        axes are Monte-Carlo runs.
    tree : Tree
    weights : mapping of level to array, shape (..., nodes of that level), optional
        In the order of `tree.at_level`; leading axes as those of `x`, or to be broadcast with
        them. Levels left out, and all of them by default, weigh as in the tree.
    methods : str, mapping with `method` and parameters, or mapping of level to either
        See `aggregate.METHODS`.
    minimum : float or mapping of level to float
        Share of a group's weight that must be present.
    available : float or mapping of level to float
        Share of a group's children, whatever they weigh, that must be present (COINr
        `dat_thresh`).

    Returns
    -------
    dict of str to array, shape (..., units)
        In the order indicators, groups of level 2, and so on; the last is the root.

    Raises
    ------
    CompositeError
        If shapes do not fit the tree, a value is infinite, weights are negative or sum to nothing
        in a group, or a method, level or parameter is not known.
    """
    if x.shape[-1] != len(tree.indicators):
        raise CompositeError(
            f"{x.shape[-1]} columns of scores, expected the {len(tree.indicators)} indicators of "
            "the tree"
        )
    infinite = np.isinf(x)
    if infinite.any():
        where = int(np.flatnonzero(infinite.reshape(-1, x.shape[-1]).any(axis=0))[0])
        raise CompositeError(f"indicator {tree.indicators[where]}: infinite normalised values")
    levels = [level for level in tree.levels if level > 1]
    how = {
        level: named_method(method, f"the aggregation of level {level}")
        for level, method in by_level(methods, levels, "aggregation").items()
    }
    least = by_level(minimum, levels, "minimum weight", 0.0)
    fewest = by_level(available, levels, "minimum available", 0.0)
    weight_of = _weight_arrays(tree, weights or {})
    scores = {code: x[..., k] for k, code in enumerate(tree.indicators)}
    for group, children in tree.groups.items():
        level = tree.level_of[group]
        method, parameters = how[level]
        below = np.stack(np.broadcast_arrays(*(scores[c] for c in children)), axis=-1)
        if fewest[level] > 0:
            below = np.where(too_few(below, fewest[level]), np.nan, below)
        weight = np.stack(np.broadcast_arrays(*(weight_of[c] for c in children)), axis=-1)
        if not (weight.sum(axis=-1) > 0).all():
            raise CompositeError(
                f"the weights of {group} sum to nothing; give one of {listed(children)} a weight"
            )
        with naming("indicator", children, f"{group}: "):
            scores[group] = formulas.aggregate(
                below, weight[..., None, :], method, float(least[level]), **parameters
            )
    return scores


def too_few(children: Array, share: float) -> Array:
    """Where less than a share of the children (..., k) is known, shape (..., 1)."""
    known = np.count_nonzero(~np.isnan(children), axis=-1, keepdims=True)
    return known < share * children.shape[-1] - formulas.ROUNDING


def aggregate_tree(
    x: Array,
    tree: Tree,
    weights: Mapping[int, Array] | None = None,
    methods: Method | Mapping[int, Method] = "arithmetic",
    minimum: float | Mapping[int, float] = 0.0,
    available: float | Mapping[int, float] = 0.0,
) -> Array:
    """Aggregate normalised indicators up a tree to the score of its root.

    Parameters and errors are those of `node_scores`.

    Returns
    -------
    array, shape (..., units)
    """
    return node_scores(x, tree, weights, methods, minimum, available)[tree.root]


def _weight_arrays(tree: Tree, weights: Mapping[int, Array]) -> dict[str, Array]:
    """Return the weights of every node, shape (...,), from arrays a level."""
    strange = sorted(set(weights) - set(tree.levels))
    if strange:
        raise CompositeError(
            f"weights for level {listed(strange)}; the tree has {listed(tree.levels)}"
        )
    found: dict[str, Array] = {}
    for level, nominal in tree.weights_by_level().items():
        codes = tree.at_level(level)
        given = np.asarray(weights.get(level, nominal), dtype=float)
        if given.ndim == 0 or given.shape[-1] != len(codes):
            raise CompositeError(
                f"weights of level {level} have the shape {given.shape}, expected (..., "
                f"{len(codes)}) for {listed(codes)}"
            )
        bad = ~(np.isfinite(given) & (given >= 0))
        if bad.any():
            where = int(np.flatnonzero(bad.reshape(-1, len(codes)).any(axis=0))[0])
            raise CompositeError(
                f"{codes[where]}: weight is {given[bad].flat[0]}, expected a number of 0 or above"
            )
        found.update({code: given[..., k] for k, code in enumerate(codes)})
    return found
