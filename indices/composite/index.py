"""An index: a tree and the steps from a panel of data to scores and ranks.

Belongs here: the order of the steps, what each takes from the tree and the panel, and what may be
asked of a result. Does not belong here: the formula of any step, which is in the module of its
name, or the reading of a definition file (`definition`).

The steps are, in this order: denominate, screen, impute, treat, normalise, weigh, aggregate. What
a step hands on is kept, so that a question of the kind "what if" is answered from the first step
that it changes.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from indices.composite import aggregate as formulas
from indices.composite import checks
from indices.composite import data as raw_data
from indices.composite import normalise as scales
from indices.composite import treat as treatments
from indices.composite import weigh as weighing
from indices.composite.data import listed
from indices.composite.definition import Definition, tree_and_steps
from indices.composite.errors import CompositeError
from indices.composite.rank import ranks
from indices.composite.tree import Method, Tree, by_level, named_method, naming, node_scores

Array = np.ndarray

STEPS = ("denominate", "screen", "impute", "treat", "normalise", "weigh", "aggregate")
# Fields of `Index` that no step of their own belongs to, and the step they take effect in.
TAKES_EFFECT = {
    "tree": "weigh",
    "minimum_weight": "aggregate",
    "minimum_available": "aggregate",
    "decimals": "aggregate",
}
# Columns of the tree that a normalisation reads where it is not given the parameter itself.
FROM_TREE = {"goalposts": ("lo", "hi"), "distance_to_target": ("target",)}
# Imputation from other units says nothing about a unit of which nothing is known.
FROM_OTHERS = ("mean", "median", "group_mean", "group_median", "constant")


@dataclass(frozen=True, eq=False)
class Index:
    """A composite indicator, ready to be fitted to a panel.

    A step is given as the name of its method, or as a mapping with the name under `method` and
    its parameters beside it, as in a definition file.

    Attributes
    ----------
    tree : Tree
        Indicators and groups; see `Tree.from_frame`.
    denominate : bool or mapping
        Whether indicators are divided by the denominators that the tree names for them; a mapping
        gives parameters of `data.denominate` (`scale`).
    screen : mapping, optional
        Parameters of `data.screen` (`minimum`, `keep`, `drop`, `zeros`); without, all units stay.
        Units are screened by what is observed, and those dropped are not imputed from; with
        `count_imputed` they are screened after imputation, as in COINr's example of ASEM.
    impute : str or mapping, optional
        See `data.impute`; `groups` is the name of a column of the panel. A unit (in a panel: in a
        period) of which nothing at all is known is never imputed from others: its score is
        missing.
    treat : str, mapping or Treatment, optional
        Parameters of `treat.Treatment`; `indicators` maps an indicator to its own, `by_time`
        (false) treats each period by itself, as COINr does a panel. As a definition file has no
        None, `fallback` may be "none".
    normalise : str or mapping, optional
        Method of `normalise.METHODS`, applied to values times their direction, and its
        parameters. `by_time` (false) normalises each period by itself, `indicators` maps an
        indicator to its own method. A parameter is one number, on the scale of the turned values,
        or a mapping of indicator to number; such goalposts and targets, and those in the tree's
        columns lo, hi and target, are in the indicator's own unit and direction. `reference` of
        `distance_to_reference` is a unit. None leaves the turned values as they are.
    weigh : str or mapping
        "given" (those of the tree), "equal", or a method of `weigh` at a `level`: "pca" or
        "optimised"; a mapping of codes to weights replaces those of the tree.
    aggregate : str, mapping, or mapping of level to either
        Method of `aggregate.METHODS`. A level is that of the nodes made, so 2 and above.
    minimum_weight : float or mapping of level to float
        Share of a group's weight that must be present for it to have a score.
    minimum_available : float or mapping of level to float
        Share of a group's children, counted and not weighed, that must be present (COINr's
        `dat_thresh`).
    decimals : int, optional
        Scores are rounded so before they are ranked; they always are to 12 significant digits.

    Raises
    ------
    CompositeError
        If a method, parameter, indicator or level is not known. The message lists what is.
    """

    tree: Tree
    denominate: bool | Mapping[str, Any] = True
    screen: Mapping[str, Any] | None = None
    impute: Method | None = None
    treat: Method | treatments.Treatment | None = None
    normalise: Method | None = "minmax"
    weigh: Method | Mapping[str, float] = "given"
    aggregate: Method | Mapping[int, Method] = "arithmetic"
    minimum_weight: float | Mapping[int, float] = 0.0
    minimum_available: float | Mapping[int, float] = 0.0
    decimals: int | None = None

    def __post_init__(self) -> None:
        _check_steps(self)

    @classmethod
    def from_definition(cls, source: str | os.PathLike[str] | Definition) -> Index:
        """Make an index from a definition file (TOML) or a mapping that says the same.

        See `indices.composite.definition` for the format.

        Raises
        ------
        CompositeError
            If the definition is wrong; the message names the entry and lists what is known.
        """
        tree, steps = tree_and_steps(source)
        return cls(tree, **steps)

    def fit(self, panel: pd.DataFrame, unit: str = "unit", time: str | None = None) -> Result:
        """Compute the index.

        Parameters
        ----------
        panel : DataFrame
            One row a unit, or a unit in a period. It has the indicators of the tree as numeric
            columns (missing: NaN), the denominators and the grouping column that the steps need,
            and may have others, which are not looked at.
        unit : str
            Its column (or index level) of units.
        time : str, optional
            Its column (or index level) of periods.

        Returns
        -------
        Result

        Raises
        ------
        CompositeError
            If a column is missing or not numeric, a value is infinite, a unit (in a period)
            stands twice, or a step refuses the data, for instance an indicator without variance.
        """
        indicators, context = _panel(panel, self.tree, unit, time)
        return _fitted(self, indicators, context, None, STEPS[0])


@dataclass(frozen=True, eq=False)
class Result:
    """Scores of an index, and what led to them.

    Frames are indexed by unit, or by (unit, time).

    Attributes
    ----------
    index : Index
    tree : Tree
        With the weights that were used.
    context : DataFrame
        The panel as it was given, with denominators and grouping columns.
    data : dict of str to DataFrame
        Indicators after each step: raw, denominated, screened, imputed, treated, normalised.
    screened : DataFrame
        Report of `data.screen`: which units stayed, and why not.
    flags : DataFrame or None
        See `imputed`.
    treated : DataFrame
        Report of `treat.treat`: what was done to each indicator, or (period, indicator) if treated
        by time; no rows if nothing was asked.
    scores : DataFrame
        Of every node: normalised indicators first, the index last. A node of which too little is
        known has a missing score.
    """

    index: Index
    tree: Tree
    context: pd.DataFrame
    data: Mapping[str, pd.DataFrame]
    screened: pd.DataFrame
    flags: pd.DataFrame | None
    treated: pd.DataFrame
    scores: pd.DataFrame

    @property
    def normalised(self) -> pd.DataFrame:
        """Normalised indicators."""
        return self.data["normalised"]

    @cached_property
    def imputed(self) -> pd.DataFrame:
        """Say of every cell how it came: empty observed, a method imputed, or "missing"."""
        if self.flags is not None:
            return self.flags
        known = self.data["imputed"].notna()
        blank = pd.DataFrame("", index=known.index, columns=known.columns, dtype="str")
        return blank.where(known, raw_data.MISSING)

    @cached_property
    def ranks(self) -> pd.DataFrame:
        """Ranks of every node's scores, 1 the highest, ties the smallest; within each period."""
        return _frame_like(self.scores, self._ranked(self.scores.to_numpy().T).T)

    @cached_property
    def unscored(self) -> pd.Index:
        """Units (in periods) that were screened in but have no score of the index."""
        return self.scores.index[self.scores[self.tree.root].isna()]

    @cached_property
    def weights(self) -> pd.DataFrame:
        """Weights used: level, parent, weight as given, share of its group, effective weight."""
        nodes = self.tree.nodes
        sums = nodes["weight"].groupby(nodes["parent"]).transform("sum")
        return pd.DataFrame(
            {
                "level": nodes["level"],
                "parent": nodes["parent"],
                "weight": nodes["weight"],
                "share": (nodes["weight"] / sums).mask(nodes["parent"].isna(), 1.0),
                "effective": self.tree.effective_weights(),
            }
        )

    @cached_property
    def coverage(self) -> pd.DataFrame:
        """Share of every node's weight that was observed, neither missing nor imputed; 0 to 1."""
        seen = self.data["denominated"].loc[self.scores.index].notna()
        covered = {c: seen[c].to_numpy(dtype=float) for c in self.tree.indicators}
        for group, children in self.tree.groups.items():
            total = sum(self.tree.weight_of[c] for c in children)
            covered[group] = np.zeros(len(seen))
            for child in children:
                covered[group] += covered[child] * (self.tree.weight_of[child] / total)
        return pd.DataFrame(covered, index=self.scores.index)[list(self.scores.columns)]

    def table(self) -> pd.DataFrame:
        """Return a sheet of results: rank, the index, then its pillars down to the indicators.

        Sorted by rank (in a panel: within each period, the first one first); units without a
        score come last.
        """
        tree = self.tree
        from_top = [c for level in reversed(tree.levels) for c in tree.at_level(level)]
        sheet = self.scores[from_top].copy()
        sheet.insert(0, "rank", self.ranks[tree.root])
        keys = ["rank"]
        if isinstance(sheet.index, pd.MultiIndex):
            keys = [str(sheet.index.names[-1]), "rank"]
        return sheet.sort_values(keys, kind="stable")

    def with_(
        self,
        *,
        weights: str | Mapping[str, Any] | None = None,
        without: str | Collection[str] = (),
        **steps: Any,
    ) -> Result:
        """Ask what if: other weights, nodes left out, or other steps.

        Only what follows the first changed step is computed again.

        Parameters
        ----------
        weights : str or mapping, optional
            A method of the step `weigh`, or a mapping of codes to weights that replaces those
            used here and leaves the others.
        without : str or collection of str
            Nodes whose weight becomes 0, after `weights`; see `Tree.without`.
        **steps
            Any of the fields of `Index`, with the value it takes there: `treat`, `normalise`,
            `aggregate`, `minimum_weight`, ...

        Returns
        -------
        Result

        Raises
        ------
        CompositeError
            If a step, node, method or parameter is not known, or a step refuses the data.
        """
        known = [f.name for f in fields(Index) if f.name not in ("tree", "weigh")]
        strange = [s for s in steps if s not in known]
        if strange:
            raise CompositeError(
                f"{listed(strange)} not known; there are weights, without, {listed(known, 20)}"
            )
        changed = dict(steps)
        if weights is not None:
            if isinstance(weights, str) or "method" in weights:
                changed["weigh"] = weights
            else:
                changed.update(tree=self.tree.with_weights(weights), weigh="given")
        gone = (without,) if isinstance(without, str) else tuple(without)
        if gone:
            if changed.get("weigh", "given") != "given":
                raise CompositeError(
                    "weights by a method and `without` at once; ask for the weights first, then "
                    "call with_(without=...) on that result"
                )
            changed.update(tree=changed.get("tree", self.tree).without(*gone), weigh="given")
        if not changed:
            return self
        first = min((TAKES_EFFECT.get(name, name) for name in changed), key=STEPS.index)
        index = replace(self.index, **changed)
        return _fitted(index, self.data["raw"], self.context, self, first)

    def remove_each(self, level: int) -> Removals:
        """Leave out the nodes of one level, one at a time (COINr `remove_elements`).

        Parameters
        ----------
        level : int
            1 for indicators.

        Returns
        -------
        Removals

        Raises
        ------
        CompositeError
            If no node has that level, or nothing is left of the index without one of them.
        """
        codes = self.tree.at_level(level)
        sets = [self.tree.weight_of, *(self.tree.weights_without(code) for code in codes)]
        weights = {
            at: np.array([[given[c] for c in self.tree.at_level(at)] for given in sets])
            for at in self.tree.levels
        }
        runs = node_scores(
            self.normalised.to_numpy(),
            self.tree,
            weights,
            self.index.aggregate,
            self.index.minimum_weight,
            self.index.minimum_available,
        )[self.tree.root]
        columns = pd.Index(["nominal", *codes], name="removed")
        scores = pd.DataFrame(runs.T, index=self.scores.index, columns=columns)
        ranked = _frame_like(scores, self._ranked(runs).T)
        difference = ranked.sub(ranked["nominal"], axis=0).abs().mean()
        return Removals(difference.rename("mean_abs_rank_difference"), ranked, scores)

    def compare(self, other: Result, node: str | None = None) -> pd.DataFrame:
        """Set this result beside another, by default in their indices.

        Parameters
        ----------
        other : Result
        node : str, optional
            A node that both trees have.

        Returns
        -------
        DataFrame
            Of the units of either: `score`, `rank`, `score_other`, `rank_other`,
            `score_difference` and `rank_difference` (other less this: a negative rank difference
            is a rise). Sorted by rank.

        Raises
        ------
        CompositeError
            If a tree does not have the node.
        """
        columns: dict[str, pd.Series] = {}
        for suffix, result in (("", self), ("_other", other)):
            code = result.tree.root if node is None else node
            result.tree.known(code)
            columns["score" + suffix] = result.scores[code]
            columns["rank" + suffix] = result.ranks[code]
        beside = pd.DataFrame(columns)
        for what in ("score", "rank"):
            beside[f"{what}_difference"] = beside[f"{what}_other"] - beside[what]
        return beside.sort_values("rank", kind="stable")

    def _ranked(self, scores: Array) -> Array:
        """Rank scores (..., units) within each period."""
        by = raw_data.periods_of(self.scores.index)
        return ranks(scores, by=by, decimals=self.index.decimals)


@dataclass(frozen=True, eq=False)
class Removals:
    """What each node is to the index: its scores and ranks without it.

    Attributes
    ----------
    difference : Series
        Mean absolute difference of ranks from the nominal ones, over units that have both; by the
        node removed, "nominal" (0) first.
    ranks, scores : DataFrame
        Units x ("nominal", then every node removed).
    """

    difference: pd.Series
    ranks: pd.DataFrame
    scores: pd.DataFrame


def _frame_like(frame: pd.DataFrame, values: Array) -> pd.DataFrame:
    return pd.DataFrame(values, index=frame.index, columns=frame.columns)


def _check_steps(index: Index) -> None:
    """Refuse steps that name what is not there, before any data are looked at."""
    if not isinstance(index.tree, Tree):
        raise CompositeError(
            f"the tree is a {type(index.tree).__name__}, expected a Tree; make one by "
            "Tree.from_frame, or the whole index by Index.from_definition"
        )
    functions: dict[str, Any] = {"denominate": raw_data.denominate, "screen": raw_data.screen}
    for step in functions:
        given = getattr(index, step)
        if given is None or (step == "denominate" and isinstance(given, bool)):
            continue
        if not isinstance(given, Mapping):
            raise CompositeError(f"{step} is {given!r}, expected a table of parameters")
        own = ("count_imputed",) if step == "screen" else ()
        plain = {k: v for k, v in given.items() if k not in own}
        checks.method(functions, step, plain, given={"denominate": 3, "screen": 1}[step])
    if index.impute is not None:
        method, parameters = named_method(index.impute, "impute")
        if method not in raw_data.METHODS:
            raise CompositeError(
                f"imputation {method!r} is not known; there are {listed(raw_data.METHODS, 20)}"
            )
        functions[method] = raw_data.impute
        checks.method(functions, method, parameters, given=2)
    _treatments(index)
    if index.normalise is not None:
        for method, parameters in _normalisations(index).values():
            from_tree = {k: None for k in FROM_TREE.get(method, ()) if k in index.tree.nodes}
            checks.method(scales.METHODS, method, {**from_tree, **parameters})
    _check_weigh(index)
    groups = [level for level in index.tree.levels if level > 1]
    for level, method in by_level(index.aggregate, groups, "aggregate").items():
        name, parameters = named_method(method, f"the aggregation of level {level}")
        if "minimum_weight" in parameters:
            raise CompositeError(
                "minimum_weight is not a parameter of a method but a step of its own: one share, "
                "or one a level"
            )
        checks.method(formulas.METHODS, name, parameters, given=2)
    for name in ("minimum_weight", "minimum_available"):
        for share in by_level(getattr(index, name), groups, name, 0.0).values():
            if isinstance(share, bool) or not isinstance(share, int | float):
                raise CompositeError(f"{name} is {share!r}, expected a share from 0 to 1")
            checks.share(share, name)
    if index.decimals is not None:
        checks.whole(index.decimals, "decimals", -308)


def _check_weigh(index: Index) -> None:
    """Refuse a way of weighing that is not known, or codes that are not in the tree."""
    given = index.weigh
    if isinstance(given, Mapping) and "method" not in given:
        index.tree.with_weights(given)
        return
    method, parameters = named_method(given, "weigh")
    known: dict[str, tuple[str, ...]] = {
        "given": (),
        "equal": (),
        "pca": ("level",),
        "optimised": ("level", "target"),
    }
    if method not in known:
        raise CompositeError(
            f"weights {method!r} not known; there are {', '.join(known)}, or a table of codes and "
            "weights"
        )
    strange = [p for p in parameters if p not in known[method]]
    if strange:
        raise CompositeError(
            f"weights {method!r} do not know {listed(strange)}; their parameters: "
            f"{', '.join(known[method]) or 'none'}"
        )
    level = parameters.get("level", 1)
    if index.tree.at_level(level) == (index.tree.root,):
        raise CompositeError(f"level {level} is that of the index itself, which has no weight")


def _panel(
    panel: pd.DataFrame, tree: Tree, unit: str, time: str | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Take the indicators and the rest of a panel, indexed by unit or (unit, time)."""
    keys = [unit] if time is None else [unit, time]
    if not isinstance(panel, pd.DataFrame):
        raise CompositeError(f"the panel is a {type(panel).__name__}, expected a DataFrame")
    frame = panel
    if [k for k in keys if k not in panel.columns and k in panel.index.names]:
        frame = panel.reset_index()
    missing = [c for c in (*keys, *tree.indicators) if c not in frame.columns]
    lost = set(missing) & set(keys)
    if missing:
        raise CompositeError(
            f"the panel has no column {listed(missing, 20)}; it has {listed(frame.columns, 60)}"
            + (". Say by `unit` and `time` which columns or index levels they are" if lost else "")
        )
    if frame.empty:
        raise CompositeError("the panel has no rows")
    twice = [c for c in (*keys, *tree.indicators) if list(frame.columns).count(c) > 1]
    if twice:
        raise CompositeError(f"the panel has more than one column {listed(twice)}")
    for key in keys:
        if frame[key].isna().any():
            row = int(np.argmax(frame[key].isna().to_numpy()))
            raise CompositeError(f"row {row} of the panel has no {key}")
    index = pd.MultiIndex.from_frame(frame[keys]) if time else pd.Index(frame[unit], name=unit)
    if index.has_duplicates:
        again = index[index.duplicated()].unique()
        remedy = "drop or merge its rows" if time else "name the column of periods as `time`"
        raise CompositeError(f"{listed(again)} stands more than once in the panel; {remedy}")
    indicators = pd.DataFrame(
        {code: _numeric(frame[code], code, index) for code in tree.indicators}, index=index
    )
    return indicators, frame.set_axis(index, axis=0)


def _numeric(column: pd.Series, code: str, index: pd.Index) -> Array:
    """Take an indicator's values, refusing what is not a number (the infinite: `data` does)."""
    if column.dtype == object or isinstance(column.dtype, pd.CategoricalDtype | pd.StringDtype):
        words = column.notna() & ~column.map(lambda v: isinstance(v, int | float | np.number))
        if words.any():
            row = int(np.argmax(words.to_numpy(dtype=bool)))
            raise CompositeError(
                f"{code} of {listed([index[row]])} is {column.iloc[row]!r}, expected a number or "
                "missing; convert the column (pandas.to_numeric)"
            )
        column = column.astype(object)
    elif not pd.api.types.is_numeric_dtype(column.dtype) or column.dtype.kind == "c":
        raise CompositeError(f"{code} is of type {column.dtype}, expected numbers")
    return column.to_numpy(dtype=float, na_value=np.nan)


def _fitted(
    index: Index,
    indicators: pd.DataFrame,
    context: pd.DataFrame,
    before: Result | None,
    first: str,
) -> Result:
    """Run the steps from the first that changed, taking those before it from another result."""
    data: dict[str, pd.DataFrame] = {"raw": indicators}

    def again(step: str) -> Result | None:
        """Return the result whose outcome of a step still stands."""
        return before if STEPS.index(step) < STEPS.index(first) else None

    kept = again("denominate")
    data["denominated"] = kept.data["denominated"] if kept else _denominated(index, data, context)
    kept = again("impute")
    if kept:
        data["screened"], screened = kept.data["screened"], kept.screened
        data["imputed"], flags = kept.data["imputed"], kept.flags
    elif _screens_imputed(index):
        data["imputed"], flags = _imputed(index, data["denominated"], context)
        data["screened"], screened = _screened(index, data["imputed"])
    else:
        data["screened"], screened = _screened(index, data["denominated"])
        data["imputed"], flags = _imputed(index, data["screened"], context)
    ready = data["screened"] if _screens_imputed(index) else data["imputed"]
    kept = again("treat")
    if kept:
        data["treated"], treated = kept.data["treated"], kept.treated
    else:
        data["treated"], treated = _treated(index, ready)
    kept = again("normalise")
    if kept:
        data["normalised"] = kept.data["normalised"]
    else:
        before_it = data["treated"]
        values = normalised_array(index, before_it.to_numpy(), before_it.index)
        data["normalised"] = _frame_like(before_it, values)
    kept = again("weigh")
    tree = kept.tree if kept else _weighed(index, data["normalised"])
    scores = _scores(index, tree, data["normalised"])
    return Result(index, tree, context, data, screened, flags, treated, scores)


def _denominated(
    index: Index, data: Mapping[str, pd.DataFrame], context: pd.DataFrame
) -> pd.DataFrame:
    named = index.tree.nodes.loc[list(index.tree.indicators), "denominator"].dropna()
    by = {str(c): str(d) for c, d in named.items() if str(d).strip()}
    if index.denominate is False or not by:
        return data["raw"]
    lost = {d: c for c, d in by.items() if d not in context}
    if lost:
        column, indicator = next(iter(lost.items()))
        raise CompositeError(
            f"the panel has no column {column}, the denominator of {indicator}; add it, or set "
            "denominate to false"
        )
    sizes = context[list(dict.fromkeys(by.values()))]
    more = index.denominate if isinstance(index.denominate, Mapping) else {}
    return raw_data.denominate(data["raw"], sizes, by, **more)


def _screens_imputed(index: Index) -> bool:
    return bool(index.screen and index.screen.get("count_imputed"))


def _screened(index: Index, data: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    given = {k: v for k, v in (index.screen or {}).items() if k != "count_imputed"}
    with checks.naming_parameters("screen", given):
        return raw_data.screen(data, **{"minimum": 0.0, **given})


def _imputed(
    index: Index, data: pd.DataFrame, context: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    if index.impute is None:
        return data, None
    method, parameters = named_method(index.impute, "impute")
    column = parameters.get("groups")
    if column is not None:
        if column not in context:
            raise CompositeError(
                f"the panel has no column {column}, by which to group for imputation; it has "
                f"{listed(context.columns, 60)}"
            )
        parameters["groups"] = context[column]
    with checks.naming_parameters(f"imputation {method!r}", parameters):
        filled, flags = raw_data.impute(data, method, **parameters)
    unknown = data.isna().all(axis=1)
    if method in FROM_OTHERS and unknown.any():
        filled = filled.mask(unknown)
        flags = flags.mask(unknown, raw_data.MISSING)
    return filled, flags


def _treated(index: Index, data: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    spec = _treatments(index)
    if spec is None:
        return data, pd.DataFrame()
    if _by_time(index.treat):
        return treatments.treat(data, spec, by_time=True)
    with naming("unit", data.index):
        return treatments.treat(data, spec)


def treated_array(index: Index, x: Array, rows: pd.Index) -> Array:
    """Apply an index's treatment, without a report, to arrays (..., rows, indicators)."""
    spec = _treatments(index)
    if spec is None:
        return x
    codes = index.tree.indicators
    each = [spec[code] for code in codes] if isinstance(spec, Mapping) else spec
    by = raw_data.panel_codes(rows, "treatment by time")[1] if _by_time(index.treat) else None
    with naming("indicator", codes):
        return treatments.treat_array(x, each, by=by)


def _by_time(given: object) -> bool:
    return isinstance(given, Mapping) and bool(given.get("by_time"))


def _treatments(index: Index) -> dict[str, treatments.Treatment] | treatments.Treatment | None:
    if index.treat is None or isinstance(index.treat, treatments.Treatment):
        return index.treat
    given = _as_table(index.treat)
    single: Mapping[str, Method] = given.pop("indicators", {})
    given.pop("by_time", None)
    common = _treatment(given, "treat")
    if not single:
        return common
    index.tree.known(*single)
    own = {code: _treatment(_as_table(one), f"treat {code}") for code, one in single.items()}
    return {code: own.get(code, common) for code in index.tree.indicators}


def _as_table(given: Method) -> dict[str, Any]:
    return {"method": given} if isinstance(given, str) else dict(given)


def _treatment(given: Mapping[str, Any], what: str) -> treatments.Treatment:
    known = [f.name for f in fields(treatments.Treatment)]
    strange = [p for p in given if p not in known]
    if strange:
        raise CompositeError(
            f"{what}: {listed(strange)} not known; there are "
            f"{listed([*known, 'indicators', 'by_time'], 20)}"
        )
    more = {"fallback": None} if given.get("fallback") == "none" else {}
    with checks.naming_parameters(what, given):
        return treatments.Treatment(**{**given, **more})


def _normalisations(index: Index) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return the normalisation of each indicator that has its own, and under "" that of others."""
    assert index.normalise is not None
    method, parameters = named_method(index.normalise, "normalise")
    single = parameters.pop("indicators", {})
    parameters.pop("by_time", None)
    index.tree.known(*single)
    found = {"": (method, parameters)}
    found.update({code: named_method(one, f"normalise {code}") for code, one in single.items()})
    return found


def normalised_array(index: Index, x: Array, rows: pd.Index) -> Array:
    """Apply an index's normalisation to arrays (..., rows, indicators)."""
    codes = index.tree.indicators
    turned = scales.orient(x, index.tree.direction)
    if index.normalise is None:
        return turned
    by = None
    if _by_time(index.normalise):
        by = raw_data.periods_of(rows)
        if by is None:
            raise CompositeError("normalising by time needs a panel fitted with `time`")
    out = np.empty(turned.shape)
    methods = _normalisations(index)
    common = methods.pop("")
    rest = [c for c in codes if c not in methods]
    tasks = [(rest, common)] if rest else []
    tasks += [([code], method) for code, method in methods.items()]
    for columns, (method, parameters) in tasks:
        at = [codes.index(c) for c in columns]
        with (
            naming("unit", rows if by is None else ()),
            naming("indicator", columns),
            checks.naming_parameters(f"method {method!r}", parameters),
        ):
            ready = _scale(index.tree, columns, method, parameters, rows, by)
            out[..., at] = scales.normalise(turned[..., at], method, by=by, **ready)
    return out


def _scale(
    tree: Tree,
    columns: list[str],
    method: str,
    parameters: Mapping[str, Any],
    index: pd.Index,
    by: Array | None,
) -> dict[str, Any]:
    """Turn a normalisation's parameters into numbers and arrays on the turned scale."""
    ready = dict(parameters)
    for name in FROM_TREE.get(method, ()):
        if name not in ready and name in tree.nodes:
            ready[name] = tree.nodes.loc[columns, name].to_dict()
    single = [name for name, value in ready.items() if isinstance(value, Mapping)]
    for name in single:
        ready[name] = _of_each(ready[name], columns, name)
    direction = tree.nodes.loc[columns, "direction"].to_numpy(dtype=float)
    if method in ("goalposts", "scaled", "around_reference") and {"lo", "hi"} & set(single):
        low = np.broadcast_to(np.asarray(ready.get("lo", 0.0), dtype=float), len(columns))
        high = np.broadcast_to(np.asarray(ready.get("hi", 100.0), dtype=float), len(columns))
        for k in np.flatnonzero(~(low < high)):
            raise CompositeError(
                f"{columns[k]}: goalposts {low[k]} and {high[k]}, expected the lower one first "
                "(the direction says which of them is the better)"
            )
        ready["lo"], ready["hi"] = scales.orient_goalposts(low, high, direction)
    for name in ("target", "reference"):
        if name in single:
            ready[name] = scales.orient(ready[name], direction)
    if method == "distance_to_reference" and "reference" in ready:
        ready["reference"] = _rows_of(ready["reference"], index, by)
    return ready


def _of_each(given: Mapping[str, Any], columns: list[str], what: str) -> Array:
    lacking = [c for c in columns if c not in given or pd.isna(given[c])]
    if lacking:
        raise CompositeError(f"no {what} for {listed(lacking, 20)}, expected one an indicator")
    return np.array([float(given[c]) for c in columns])


def _rows_of(reference: Any, index: pd.Index, by: Array | None) -> Any:
    """Find the row of a reference unit, or one for each period."""
    label = tuple(reference) if isinstance(reference, list) else reference
    if by is not None:
        rows = np.flatnonzero(index.get_level_values(0) == label)
        if len(rows) < by.max() + 1:
            raise CompositeError(f"reference {label} is not in the panel in every period")
        return rows[np.argsort(by[rows])]
    if isinstance(index, pd.MultiIndex) and not isinstance(label, tuple):
        raise CompositeError(
            f"reference is {label}; with periods pooled it is a unit in one of them: [unit, period]"
        )
    if label not in index:
        raise CompositeError(f"reference {listed([label])} is not a unit of the panel")
    wanted = pd.Index([label], tupleize_cols=isinstance(index, pd.MultiIndex))
    return int(index.get_indexer(wanted)[0])


def _weighed(index: Index, normalised: pd.DataFrame) -> Tree:
    """Return the tree with the weights that the step `weigh` gives it."""
    tree = index.tree
    if isinstance(index.weigh, Mapping) and "method" not in index.weigh:
        return tree.with_weights(index.weigh)
    method, parameters = named_method(index.weigh, "weigh")
    if method == "given":
        return tree
    if method == "equal":
        return tree.with_weights(dict.fromkeys(tree.level_of, 1.0))
    level = parameters.get("level", 1)
    codes = tree.at_level(level)
    inside = {
        group: [c for c in children if c in codes]
        for group, children in tree.groups.items()
        if set(children) & set(codes)
    }
    mixed = [group for group, children in inside.items() if len(children) < len(tree.groups[group])]
    if mixed:
        raise CompositeError(
            f"{listed(mixed)} has children of level {level} and of others; weights by {method} are "
            "for groups of one level"
        )
    elements = _scores(index, tree, normalised)[list(codes)]
    if method == "pca":
        return tree.with_weights(weighing.pca_weights(elements, inside))
    above = {
        group: children
        for group, children in reversed(tree.groups.items())
        if tree.level_of[group] > level
    }
    upper = {c: tree.weight_of[c] for g in above for c in above[g] if tree.level_of[c] > level}
    higher = [at for at in tree.levels if at > level]
    means = by_level(index.aggregate, tree.levels[1:], "aggregate")
    if any(named_method(means[at], "aggregate")[0] != "arithmetic" for at in higher):
        raise CompositeError(
            f"weights are optimised for arithmetic means; level {listed(higher)} has others"
        )
    found = weighing.optimised_weights(
        elements, parameters.get("target", "equal"), groups=above, weights=upper
    )
    if not found.reached:
        raise CompositeError(
            "no weights give the influence asked for; the nearest give "
            + ", ".join(f"{c} {share:.3f}" for c, share in found.share.items())
            + ": ask weigh.optimised_weights for them, or for other shares"
        )
    return tree.with_weights(found.weights)


def _scores(index: Index, tree: Tree, normalised: pd.DataFrame) -> pd.DataFrame:
    with naming("unit", normalised.index):
        scores = node_scores(
            normalised.to_numpy(),
            tree,
            methods=index.aggregate,
            minimum=index.minimum_weight,
            available=index.minimum_available,
        )
    return pd.DataFrame(scores, index=normalised.index)
