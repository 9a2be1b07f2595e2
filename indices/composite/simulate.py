"""The runs of an uncertainty analysis: what each factor is in each run, and the scores that gives.

Belongs here: tables of runs, the weights of every run, and the scores of a block of units in all
runs. Does not belong here: what a factor is (`factors`), the arithmetic of a block (`batch`), and
what is made of the scores (`uncertainty`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd

from indices.composite import checks
from indices.composite.batch import aggregate_runs, exponent
from indices.composite.data import listed
from indices.composite.errors import CompositeError
from indices.composite.factors import (
    Alternatives,
    DirichletWeights,
    Factor,
    InputErrors,
    NoisyWeights,
    Removal,
    WeightSets,
    uniforms,
)
from indices.composite.index import Index, Result, normalised_array, treated_array
from indices.composite.sensitivity import design as sobol_design
from indices.composite.sensitivity import stack
from indices.composite.tree import Tree, by_level, named_method, naming

Array = np.ndarray

CELLS = 1 << 16  # units x runs aggregated at once: half a megabyte an array, which a cache holds
# Streams of random numbers under one seed: the design's, and one for each factor by its name.
_DESIGN, _FACTOR = 0, 1


@dataclass(frozen=True, eq=False)
class Plan:
    """Which realisation of each factor each run uses.

    Attributes
    ----------
    factors : tuple of Factor
    table : int array, shape (runs, factors)
        Position among the labels of a choice, or the number of a random draw.
    base_points : int or None
        Of a Sobol design.
    seed : int
    """

    factors: tuple[Factor, ...]
    table: Array
    base_points: int | None
    seed: int

    def __len__(self) -> int:
        """Return the number of runs."""
        return len(self.table)

    def column(self, factor: Factor) -> Array:
        """Return the realisations of one factor, shape (runs,)."""
        return self.table[:, self.factors.index(factor)]

    def stream(self, factor: Factor) -> np.random.SeedSequence:
        """Return the seed of a factor's random numbers."""
        return _stream(self.seed, factor)

    @cached_property
    def labels(self) -> pd.DataFrame:
        """The table in words: runs x factors; runs count from 1, and so do random draws."""
        return pd.DataFrame(
            {
                factor.name: _labels(factor).take(column)
                if isinstance(factor, Alternatives | WeightSets | Removal)
                else column + 1
                for factor, column in zip(self.factors, self.table.T, strict=True)
            },
            index=pd.RangeIndex(1, len(self.table) + 1, name="run"),
        )

    def name(self, run: int) -> str:
        """Name a run and what its factors are, for a message."""
        row = self.labels.iloc[run]
        return f"run {run + 1} ({', '.join(f'{factor} {value}' for factor, value in row.items())})"


def plan(
    factors: Sequence[Factor],
    seed: int,
    draws: int | None = None,
    base_points: int | None = None,
    design: pd.DataFrame | None = None,
) -> Plan:
    """Lay out the runs; see `uncertainty.analyse`.

    Raises
    ------
    CompositeError
        If there is no factor, factors share a name or a step, not exactly one kind of runs is
        asked for, or a given design does not fit the factors.
    """
    _check(factors)
    checks.whole(seed, "seed", 0)
    if sum(kind is not None for kind in (draws, base_points, design)) != 1:
        raise CompositeError("give exactly one of draws, base_points and design")
    chosen = tuple(factors)
    if design is not None:
        table = _given(chosen, design)
        return Plan(chosen, table, _sobol_base(chosen, table), seed)
    if base_points is not None:
        stream = np.random.SeedSequence(seed, spawn_key=(_DESIGN,))
        sample = sobol_design([f.name for f in chosen], base_points, np.random.default_rng(stream))
        columns = [
            (sample.points[:, i] * len(_labels(f))).astype(int)
            if isinstance(f, Alternatives | WeightSets | Removal)
            else sample.base[:, i]
            for i, f in enumerate(chosen)
        ]
        return Plan(chosen, np.stack(columns, axis=1), base_points, seed)
    draws = checks.whole(draws, "draws", 1)
    columns = [
        np.random.default_rng(_stream(seed, f)).integers(len(_labels(f)), size=draws)
        if isinstance(f, Alternatives | WeightSets | Removal)
        else np.arange(draws)
        for f in chosen
    ]
    return Plan(chosen, np.stack(columns, axis=1), None, seed)


def _stream(seed: int, factor: Factor) -> np.random.SeedSequence:
    return np.random.SeedSequence(seed, spawn_key=(_FACTOR, *factor.name.encode()))


def _labels(factor: Alternatives | WeightSets | Removal) -> pd.Index:
    return pd.Index(factor.labels, tupleize_cols=False)


def _check(factors: Sequence[Factor]) -> None:
    """Refuse factors that contradict each other."""
    if not isinstance(factors, Sequence) or not factors:
        raise CompositeError("an uncertainty analysis needs a list of at least one factor")
    strange = [type(f).__name__ for f in factors if not isinstance(f, Factor)]
    if strange:
        raise CompositeError(f"{listed(strange)} is no factor; see indices.composite.factors")
    for what, used in (
        ("factors have the name", [f.name for f in factors]),
        ("factors choose the step", [f.step for f in factors if isinstance(f, Alternatives)]),
        ("factors are", [type(f).__name__ for f in factors if isinstance(f, InputErrors)]),
    ):
        twice = {name for name in used if used.count(name) > 1}
        if twice:
            raise CompositeError(f"two {what} {listed(sorted(twice))}; give each its own, or one")


def _given(factors: tuple[Factor, ...], design: pd.DataFrame) -> Array:
    """Turn a given table of labels into positions."""
    names = [f.name for f in factors]
    strange = [c for c in design.columns if c not in names]
    if strange or design.empty:
        raise CompositeError(
            f"the design has {len(design)} runs and the columns {listed(design.columns)}, "
            f"expected at least one run and the factors {listed(names)}"
        )
    columns = []
    for factor in factors:
        if not isinstance(factor, Alternatives | WeightSets | Removal):
            if factor.name in design:
                raise CompositeError(
                    f"{factor.name} is drawn at random: a design cannot say its value, leave the "
                    "column out"
                )
            columns.append(np.arange(len(design)))
            continue
        if factor.name not in design:
            raise CompositeError(f"the design has no column for the factor {factor.name}")
        at = _labels(factor).get_indexer(pd.Index(design[factor.name], tupleize_cols=False))
        if (at < 0).any():
            value = design[factor.name].iloc[int((at < 0).argmax())]
            raise CompositeError(
                f"the design says {value!r} for {factor.name} in run {int((at < 0).argmax()) + 1}; "
                f"there are {listed(factor.labels)}"
            )
        columns.append(at)
    return np.stack(columns, axis=1)


def _sobol_base(factors: tuple[Factor, ...], table: Array) -> int | None:
    """Return the number of base points if a given table is stacked A, B, AB1 .. ABd."""
    n, rest = divmod(len(table), len(factors) + 2)
    drawn = [f for f in factors if not isinstance(f, Alternatives | WeightSets | Removal)]
    if rest or n < 2 or drawn:
        return None
    return n if np.array_equal(table, stack(table[:n], table[n : 2 * n])) else None


def run_weights(plan: Plan, tree: Tree) -> dict[str, Array]:
    """Return the weight of every node in every run: code -> array (1,) or (runs,).

    Raises
    ------
    CompositeError
        If two factors set the weight of one node, or in some run the weights of a group that
        counts sum to nothing.
    """
    weights = {code: np.array([weight]) for code, weight in tree.weight_of.items()}
    set_by: dict[str, str] = {}
    for factor in plan.factors:
        if isinstance(factor, WeightSets):
            drawn = factor.weights(tree)
        elif isinstance(factor, DirichletWeights | NoisyWeights):
            rng = np.random.default_rng(plan.stream(factor))
            drawn = factor.draw(tree, int(plan.column(factor).max()) + 1, rng)
        else:
            continue
        for code, values in drawn.items():
            if code in set_by:
                raise CompositeError(
                    f"both {set_by[code]} and {factor.name} set the weight of {code}; "
                    "let them have different levels"
                )
            set_by[code] = factor.name
            weights[code] = _short(values[plan.column(factor)])
    for factor in plan.factors:
        if isinstance(factor, Removal):
            for position, gone in enumerate(factor.removed(tree)):
                if gone is not None:
                    stays = (plan.column(factor) != position).astype(float)
                    weights[gone] = _short(weights[gone] * stays)
    _check_weights(plan, tree, weights)
    return weights


def _short(values: Array) -> Array:
    """Keep one value where all runs share it."""
    return values[:1] if (values == values[0]).all() else values


def _check_weights(plan: Plan, tree: Tree, weights: Mapping[str, Array]) -> None:
    counts = {tree.root: np.ones(1, dtype=bool)}
    for group, children in reversed(tree.groups.items()):
        total = sum((weights[c] for c in children), np.zeros(1))
        wrong = np.broadcast_to(counts[group] & ~(total > 0), len(plan))
        if wrong.any():
            raise CompositeError(
                f"{plan.name(int(wrong.argmax()))}: the weights of {group} "
                f"(of {listed(children)}) sum to nothing"
            )
        for child in children:
            counts[child] = counts[group] & (weights[child] > 0)


@dataclass(frozen=True, eq=False)
class _Task:
    """Runs that share their choices of method."""

    runs: Array
    imputed: pd.DataFrame
    index: Index
    methods: dict[int, tuple[str, dict[str, Any]]]
    data: tuple[int, int, int]  # options of imputation, treatment, normalisation; -1 nominal


class Model:
    """An index as a function of its runs.

    Data are imputed, treated and normalised once for each combination of those choices, and all
    runs of a combination are aggregated together. With input errors every draw has its own data.

    Attributes
    ----------
    by_unit : bool
        Whether units can be worked off in blocks: no step of a run looks at other units.
    """

    def __init__(self, result: Result, plan: Plan) -> None:
        self.plan = plan
        self.tree = result.tree
        self.units = len(result.scores)
        self.weights = run_weights(plan, self.tree)
        self.errors = next((f for f in plan.factors if isinstance(f, InputErrors)), None)
        if self.errors is not None:
            _check_models(self.errors, self.tree)
        levels = [level for level in self.tree.levels if level > 1]
        self.minimum = by_level(result.index.minimum_weight, levels, "minimum weight", 0.0)
        self.available = by_level(result.index.minimum_available, levels, "minimum available", 0.0)
        self.tasks = list(_tasks(result, plan, levels))
        methods = [method for task in self.tasks for method in task.methods.values()]
        self.by_unit = self.errors is None and all(exponent(*m) is not None for m in methods)
        self._treated: dict[tuple[int, int], Array] = {}
        self._normalised: dict[tuple[int, int, int], Array] = {}

    def scores(self, rows: Array, threads: int = 1, runs: slice = slice(None)) -> Array:
        """Return the scores of some units in all runs or some, shape (units, runs).

        Parameters
        ----------
        rows : int array
            All of them, in order, unless `by_unit`.
        threads : int
            Bits of the result do not depend on it.
        runs : slice
            Without a step.

        Raises
        ------
        CompositeError
            If a run fails; the message names it and its factors.
        """
        first, end, _ = runs.indices(len(self.plan))
        out = np.empty((len(rows), end - first))
        tasks = [
            replace(task, runs=task.runs[(task.runs >= first) & (task.runs < end)])
            for task in self.tasks
        ]
        jobs = [
            job for task in tasks if len(task.runs) for job in self._jobs(task, rows, out, first)
        ]
        if threads > 1:
            with ThreadPoolExecutor(threads) as pool:
                # Each job fills its own part of the result: their order changes nothing.
                list(pool.map(lambda job: job(), jobs))
        else:
            for job in jobs:
                job()
        return out

    def _jobs(
        self, task: _Task, rows: Array, out: Array, first: int
    ) -> Iterator[Callable[[], None]]:
        """Cut a task so that what is worked on at once stays in the cache."""
        if self.by_unit:
            try:
                x = self._data(task)
            except CompositeError as error:
                raise CompositeError(f"{self.plan.name(int(task.runs[0]))}: {error}") from None
            step = max(1, CELLS // len(task.runs))
            for start in range(0, len(rows), step):
                yield partial(self._fill, task, rows[start : start + step], x, out, start, first)
        else:
            step = max(1, CELLS // (self.units * len(self.tree.indicators)))
            for start in range(0, len(task.runs), step):
                part = replace(task, runs=task.runs[start : start + step])
                yield partial(self._fill, part, rows, None, out, 0, first)

    def _fill(
        self, task: _Task, rows: Array, x: Array | None, out: Array, row: int, run: int
    ) -> None:
        """Compute a task for some units and put it where it belongs; out starts at that run."""
        try:
            block = self._block(task, rows, x)
        except CompositeError as error:
            raise self._located(task, rows, x, error) from None
        runs: Array | slice = task.runs - run
        if len(task.runs) == task.runs[-1] - task.runs[0] + 1:  # much faster as a slice
            runs = slice(task.runs[0] - run, task.runs[-1] - run + 1)
        out[row : row + len(rows), runs] = block

    def _block(self, task: _Task, rows: Array, x: Array | None) -> Array:
        if x is None:
            x = self._data(task)
        leaves = [np.ascontiguousarray(x[..., rows, k].T) for k in range(x.shape[-1])]
        if x.ndim == 2:
            leaves = [leaf[:, None] for leaf in leaves]
        weights = {c: w if len(w) == 1 else w[task.runs] for c, w in self.weights.items()}
        with naming("unit", list(task.imputed.index[rows])):
            return aggregate_runs(
                leaves, self.tree, weights, task.methods, self.minimum, self.available
            )

    def _located(
        self, task: _Task, rows: Array, x: Array | None, error: CompositeError
    ) -> CompositeError:
        """Find which run failed, one at a time."""
        for run in task.runs:
            try:
                self._block(replace(task, runs=np.array([run])), rows, x)
            except CompositeError as own:
                return CompositeError(f"{self.plan.name(int(run))}: {own}")
        return error

    def _data(self, task: _Task) -> Array:
        """Return normalised data: (units, indicators), with input errors (runs, units, ..)."""
        imputed, treatment, _ = task.data
        if self.errors is not None:
            x = self._with_errors(task)
            rows = task.imputed.index
            return normalised_array(task.index, treated_array(task.index, x, rows), rows)
        if (imputed, treatment) not in self._treated:
            x = task.imputed.to_numpy(dtype=float)
            self._treated[imputed, treatment] = treated_array(task.index, x, task.imputed.index)
        if task.data not in self._normalised:
            x = self._treated[imputed, treatment]
            self._normalised[task.data] = normalised_array(task.index, x, task.imputed.index)
        return self._normalised[task.data]

    def _with_errors(self, task: _Task) -> Array:
        """Draw the data of some runs, shape (runs, units, indicators)."""
        assert self.errors is not None  # for the type checker: asked before
        models = self.errors.models
        draws = self.plan.column(self.errors)[task.runs]
        u = uniforms(self.plan.stream(self.errors), draws, len(models) * self.units)
        u = u.reshape(len(draws), len(models), self.units)
        x = np.repeat(task.imputed.to_numpy(dtype=float)[None], len(draws), axis=0)
        for m, (code, model) in enumerate(models.items()):
            drawn = np.asarray(model(task.imputed[code], u[:, m]), dtype=float)
            k = task.imputed.columns.get_loc(code)
            known = ~np.isnan(x[0, :, k])
            if drawn.shape != x.shape[:2] or not np.isfinite(drawn[:, known]).all():
                raise CompositeError(
                    f"the input error of {code} gives values of shape {drawn.shape}, expected "
                    f"finite ones of shape {x.shape[:2]}, (draws, units)"
                )
            x[:, known, k] = drawn[:, known]
        return x


def _tasks(result: Result, plan: Plan, levels: Sequence[int]) -> Iterator[_Task]:
    """Group the runs by their choices of method."""
    choices = [f for f in plan.factors if isinstance(f, Alternatives)]
    table = np.stack([plan.column(f) for f in choices], 1) if choices else np.zeros((len(plan), 0))
    combinations, of_run = np.unique(table.astype(int), axis=0, return_inverse=True)
    imputed: dict[int, pd.DataFrame] = {}
    for number, combination in enumerate(combinations):
        runs = np.flatnonzero(of_run.ravel() == number)
        at = {f.step: int(c) for f, c in zip(choices, combination, strict=True)}
        chosen = {f.step: f.options[f.labels[at[f.step]]] for f in choices}
        key = (at.get("impute", -1), at.get("treat", -1), at.get("normalise", -1))
        try:
            if key[0] not in imputed:
                imputed[key[0]] = _imputed(result, chosen)
            index = replace(result.index, **chosen)
            methods = {
                level: named_method(method, f"the aggregation of level {level}")
                for level, method in by_level(index.aggregate, levels, "aggregate").items()
            }
        except CompositeError as error:
            raise CompositeError(f"{plan.name(int(runs[0]))}: {error}") from None
        yield _Task(runs, imputed[key[0]], index, methods, key)


def _imputed(result: Result, chosen: Mapping[str, Any]) -> pd.DataFrame:
    """Return the data to be treated, for the units of the nominal run."""
    units = result.scores.index
    if "impute" not in chosen:
        return result.data["imputed"].loc[units]
    other = result.with_(impute=chosen["impute"])
    if not other.scores.index.equals(units):
        raise CompositeError("with this imputation other units pass the screening than nominally")
    return other.data["imputed"].loc[units]


def _check_models(errors: InputErrors, tree: Tree) -> None:
    strange = [code for code in errors.models if code not in tree.indicators]
    if strange:
        raise CompositeError(
            f"{errors.name} has error models for {listed(strange)}; the indicators are "
            f"{listed(tree.indicators, 80)}"
        )
