"""What may be uncertain in a composite indicator: the factors of an uncertainty analysis.

Belongs here: one frozen class for each kind of factor, what its realisations are and how they are
drawn. Does not belong here: running the index on them (`indices.composite.uncertainty`).

| factor | realisations |
|---|---|
| `Alternatives` | specifications of one step: imputation, treatment, normalisation, aggregation |
| `DirichletWeights` | weights drawn around the nominal ones, group by group |
| `NoisyWeights` | nominal weights times 1 plus uniform noise (COINr `get_noisy_weights`) |
| `WeightSets` | weights given, one set a realisation |
| `Removal` | an indicator or a group left out |
| `InputErrors` | every value of an indicator moved by a random error |

A factor with `count` realisations is a choice, each equally likely; one without is a bundle of
random numbers, drawn afresh for every run of a Monte Carlo and for every base point of a design.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from indices.composite import checks
from indices.composite.data import listed
from indices.composite.errors import CompositeError
from indices.composite.tree import Tree

Array = np.ndarray
STEPS = ("impute", "treat", "normalise", "aggregate")


@dataclass(frozen=True, eq=False)
class Alternatives:
    """A choice of method: one step of the index, specified in several ways.

    Attributes
    ----------
    step : str
        One of `STEPS`.
    options : mapping of label to specification
        What `Result.with_` takes for that step; the labels are what a table of runs shows. The
        parameters belong to the specification: z-scores that are to be aggregated geometrically
        need a mean far enough above zero, such as ``{"method": "zscore", "mean": 10, "sd": 2}``.
    name : str
        Of the factor; the step's without.
    """

    step: str
    options: Mapping[Hashable, Any]
    name: str = ""

    def __post_init__(self) -> None:
        if self.step not in STEPS:
            raise CompositeError(f"step {self.step!r} is not known; there are {listed(STEPS)}")
        if not isinstance(self.options, Mapping) or not self.options:
            raise CompositeError(f"the choice of {self.step} has no options; give them by label")
        object.__setattr__(self, "name", self.name or self.step)

    @property
    def labels(self) -> tuple[Hashable, ...]:
        """Labels of the options."""
        return tuple(self.options)


@dataclass(frozen=True, eq=False)
class DirichletWeights:
    """Weights drawn from Dirichlet distributions around the nominal ones, group by group.

    A weight w (a share of its group) has the mean w and the standard deviation
    sqrt(w (1 - w) / (concentration + 1)). A weight of 0 stays 0.

    Attributes
    ----------
    concentration : float
        Sum of the Dirichlet parameters of each group; above 0. The larger, the nearer to nominal.
    levels : tuple of int, optional
        Levels whose nodes' weights are uncertain; all without.
    name : str
    """

    concentration: float
    levels: tuple[int, ...] | None = None
    name: str = "weights"

    def __post_init__(self) -> None:
        if (
            not 0
            < checks.numbers(self.concentration, f"the concentration of {self.name} is")
            < np.inf
        ):
            raise CompositeError(
                f"the concentration of {self.name} is {self.concentration}, expected above 0"
            )

    def draw(self, tree: Tree, count: int, rng: np.random.Generator) -> dict[str, Array]:
        """Draw weights: code -> array (count,), adding to what the nominal ones add to."""
        drawn: dict[str, Array] = {}
        for children in _groups_at(tree, self.levels):
            nominal = np.array([tree.weight_of[c] for c in children])
            some, total = nominal > 0, nominal.sum()
            out = np.zeros((count, len(children)))
            if total > 0:
                shares = dirichlet_weights(nominal[some] / total, self.concentration, count, rng)
                out[:, some] = total * shares
            drawn.update(zip(children, out.T, strict=True))
        return drawn


@dataclass(frozen=True, eq=False)
class NoisyWeights:
    """Nominal weights w times 1 + u, u uniform from -noise to +noise (COINr `get_noisy_weights`).

    Attributes
    ----------
    noise : float or mapping of level to float
        From 0 to 1; a mapping names the levels whose weights are uncertain.
    name : str
    """

    noise: float | Mapping[int, float]
    name: str = "weights"

    def __post_init__(self) -> None:
        given = self.noise.values() if isinstance(self.noise, Mapping) else [self.noise]
        bad = [n for n in given if not 0 <= checks.numbers(n, f"the noise of {self.name} is") <= 1]
        if bad:
            raise CompositeError(f"the noise of {self.name} is {bad[0]}, expected from 0 to 1")

    def draw(self, tree: Tree, count: int, rng: np.random.Generator) -> dict[str, Array]:
        """Draw weights: code -> array (count,)."""
        levels = tuple(self.noise) if isinstance(self.noise, Mapping) else None
        drawn = {}
        for children in _groups_at(tree, levels):
            for code in children:
                noise = (
                    self.noise[tree.level_of[code]]
                    if isinstance(self.noise, Mapping)
                    else self.noise
                )
                drawn[code] = tree.weight_of[code] * (1 + rng.uniform(-noise, noise, count))
        return drawn


@dataclass(frozen=True, eq=False)
class WeightSets:
    """Sets of weights given from outside, each equally likely.

    Attributes
    ----------
    sets : mapping of label to (mapping of code to weight)
        All sets name the same codes; other nodes keep their nominal weight. Weights need not add
        to one.
    name : str
    """

    sets: Mapping[Hashable, Mapping[str, float]]
    name: str = "weights"

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        label: str = "weight_set",
        code: str = "iCode",
        weight: str = "Weight",
        name: str = "weights",
    ) -> WeightSets:
        """Read sets from a long table, one row for each set and node."""
        missing = [c for c in (label, code, weight) if c not in frame]
        if missing:
            raise CompositeError(f"the weight sets have no column {listed(missing)}")
        twice = frame.duplicated([label, code])
        if twice.any():
            row = frame[twice].iloc[0]
            raise CompositeError(f"weight set {row[label]} names {row[code]} twice")
        wide = frame.pivot(index=label, columns=code, values=weight)
        codes = wide.columns.astype(str)
        sets = dict(zip(wide.index, wide.to_numpy(), strict=True))
        return cls(
            {at: dict(zip(codes, weights, strict=True)) for at, weights in sets.items()}, name
        )

    def __post_init__(self) -> None:
        if not self.sets:
            raise CompositeError(f"{self.name} has no weight sets; give at least one")
        codes = set(next(iter(self.sets.values())))
        for label, weights in self.sets.items():
            if set(weights) != codes:
                raise CompositeError(
                    f"weight set {label} of {self.name} does not name the same nodes as the first: "
                    f"{listed(sorted(set(weights) ^ codes))}"
                )
            sizes = checks.numbers(list(weights.values()), f"weights of set {label} are")
            bad = [c for c, w in zip(weights, sizes, strict=True) if not 0 <= w < np.inf]
            if bad:
                raise CompositeError(
                    f"weight set {label} of {self.name}: the weight of {bad[0]} is "
                    f"{weights[bad[0]]}, expected a number of 0 or above"
                )

    @property
    def labels(self) -> tuple[Hashable, ...]:
        """Labels of the sets."""
        return tuple(self.sets)

    def weights(self, tree: Tree) -> dict[str, Array]:
        """Return the weights: code -> array (sets,)."""
        table = pd.DataFrame(list(self.sets.values()))
        tree.known(*table.columns)
        return {str(code): table[code].to_numpy(dtype=float) for code in table}


@dataclass(frozen=True, eq=False)
class Removal:
    """One node left out at a time: its weight is 0 and its group does without it.

    Attributes
    ----------
    codes : sequence of str
        Indicators or groups.
    keep : bool
        Whether leaving nothing out is one more alternative (labelled ``none``).
    name : str
    """

    codes: Sequence[str]
    keep: bool = True
    name: str = "removal"

    def __post_init__(self) -> None:
        if isinstance(self.codes, str) or not self.codes or len(set(self.codes)) < len(self.codes):
            raise CompositeError(
                f"{self.name} needs a list of different codes, it was given {self.codes!r}"
            )

    @property
    def labels(self) -> tuple[Hashable, ...]:
        """Code left out by each alternative."""
        return (*(("none",) if self.keep else ()), *self.codes)

    def removed(self, tree: Tree) -> list[str | None]:
        """Return the node that loses its weight, for each alternative.

        Raises
        ------
        CompositeError
            If a code is not in the tree, or nothing would be left without it.
        """
        out: list[str | None] = [None] if self.keep else []
        for code in self.codes:
            after = tree.without(code).weight_of
            # A group left without children goes with the last of them.
            gone = [c for c, w in tree.weight_of.items() if w > 0 and after[c] == 0]
            out.append(gone[-1] if gone else code)
        return out


@dataclass(frozen=True, eq=False)
class Normal:
    """Error with a normal distribution around the value.

    Attributes
    ----------
    sd : float, or Series by unit
        In the indicator's unit; with `relative`, as a share of the value.
    relative : bool
    """

    sd: float | pd.Series
    relative: bool = False

    def __call__(self, x: pd.Series, u: Array) -> Array:
        """Return the values at probabilities `u` of the error."""
        values, sd = x.to_numpy(), _of_unit(self.sd, x, "sd")
        return values + (sd * np.abs(values) if self.relative else sd) * _normal_quantile(u)


@dataclass(frozen=True, eq=False)
class LogNormal:
    """The value times exp(error), error normal with mean 0: the value is the median.

    Attributes
    ----------
    sd : float, or Series by unit
        Of the logarithm; 0.1 is about 10 %.
    """

    sd: float | pd.Series

    def __call__(self, x: pd.Series, u: Array) -> Array:
        """Return the values at probabilities `u` of the error."""
        return x.to_numpy() * np.exp(_of_unit(self.sd, x, "sd") * _normal_quantile(u))


@dataclass(frozen=True, eq=False)
class Uniform:
    """Error equally likely anywhere between two bounds.

    Attributes
    ----------
    lo, hi : float, or Series by unit
        Added to the value, in the indicator's unit; with `relative`, as shares of the value. For
        known bounds of the value itself give Series of bound minus value.
    relative : bool
    """

    lo: float | pd.Series
    hi: float | pd.Series
    relative: bool = False

    def __call__(self, x: pd.Series, u: Array) -> Array:
        """Return the values at probabilities `u` of the error."""
        lo, hi = _of_unit(self.lo, x, "lo"), _of_unit(self.hi, x, "hi")
        if (lo > hi).any():
            raise CompositeError(f"uniform errors from {lo[lo > hi][0]} to {hi[lo > hi][0]}")
        values = x.to_numpy()
        return values + (np.abs(values) if self.relative else 1.0) * (lo + (hi - lo) * u)


ErrorModel = Normal | LogNormal | Uniform | Callable[[pd.Series, Array], Array]


@dataclass(frozen=True, eq=False)
class InputErrors:
    """Errors of the data, drawn independently for every unit (and period) of an indicator.

    They are added to the data as they stand after imputation, before treatment: imputed values
    get the error too, missing ones stay missing.

    Attributes
    ----------
    models : mapping of indicator to model
        `Normal`, `LogNormal`, `Uniform`, or a function of x, a Series (units,), and u, an array
        (draws, units) of independent uniform numbers between 0 and 1, that returns the values
        drawn, (draws, units): for a distribution other than these, its quantile function.
    name : str
    """

    models: Mapping[str, ErrorModel]
    name: str = "input"

    def __post_init__(self) -> None:
        if not self.models:
            raise CompositeError(f"{self.name} names no indicator; give at least one error model")


Factor = Alternatives | DirichletWeights | NoisyWeights | WeightSets | Removal | InputErrors


def dirichlet_weights(
    weights: Array, concentration: float, draws: int, rng: np.random.Generator
) -> Array:
    """Draw weights around the nominal ones.

    Parameters
    ----------
    weights : array, shape (k,)
        Nominal weights, adding to one; their mean over draws is the same.
    concentration : float
        Sum of the Dirichlet parameters: the larger, the closer to nominal. A weight w has the
        standard deviation sqrt(w (1 - w) / (concentration + 1)).
    draws : int
    rng : Generator

    Returns
    -------
    array, shape (draws, k)

    Raises
    ------
    CompositeError
        If weights are negative, missing or sum to nothing, or the concentration is not above 0.
    """
    nominal = checks.numbers(weights, "weights are")
    if not (0 < concentration < np.inf) or (nominal < 0).any() or not 0 < nominal.sum() < np.inf:
        raise CompositeError(
            f"weights {nominal} and concentration {concentration}; expected weights of at least 0 "
            "that do not sum to nothing, and a concentration above 0"
        )
    if len(weights) == 1:
        return np.ones((draws, 1))
    return rng.dirichlet(concentration * nominal, size=draws)


def uniforms(key: np.random.SeedSequence, rows: Array, width: int) -> Array:
    """Return some rows of an endless table of uniform numbers in (0, 1).

    Any row can be had without those before it, so what a run draws depends neither on how runs
    are grouped nor on how they are chunked.

    Parameters
    ----------
    key : SeedSequence
    rows : int array, shape (m,)
    width : int
        Numbers in a row.

    Returns
    -------
    array, shape (m, width)
    """
    out = np.empty((len(rows), width))
    # Rows that follow each other are drawn at once: in a Monte Carlo all of them.
    starts = np.flatnonzero(np.diff(rows, prepend=rows[:1] - 2) != 1)
    for start, stop in zip(starts, [*starts[1:], len(rows)], strict=True):
        stream = np.random.PCG64(key)
        stream.advance(int(rows[start]) * width)
        out[start:stop] = np.random.Generator(stream).random((stop - start, width))
    return np.maximum(out, 2.0**-54)  # never 0, where a normal error would be infinite


def _groups_at(tree: Tree, levels: Sequence[int] | None) -> list[list[str]]:
    """Return the children at some levels, group by group."""
    strange = [] if levels is None else [level for level in levels if level not in tree.levels]
    if strange:
        raise CompositeError(
            f"no node has level {listed(strange)}; there are {listed(tree.levels)}"
        )
    by_group = (
        [c for c in children if levels is None or tree.level_of[c] in levels]
        for children in tree.groups.values()
    )
    return [children for children in by_group if children]


def _of_unit(value: float | pd.Series, x: pd.Series, what: str) -> Array:
    """Spread a parameter over units."""
    if isinstance(value, pd.Series):
        if not x.index.isin(value.index).all():
            unit = x.index[~x.index.isin(value.index)][0]
            raise CompositeError(f"the {what} of the error of {x.name} has no value for {unit}")
        value_of = value.reindex(x.index).to_numpy(dtype=float)
    else:
        value_of = np.full(len(x), checks.numbers(value, f"the {what} of the error of {x.name} is"))
    if not np.isfinite(value_of).all() or (what == "sd" and (value_of < 0).any()):
        raise CompositeError(f"the {what} of the error of {x.name} is negative or no number")
    return value_of


def _normal_quantile(u: Array) -> Array:
    from scipy.special import ndtri

    return ndtri(u)
