"""The alliance-depth index: indicators to pillars to depth, the gap, and their intervals.

Belongs here: how the parts of the definition are put together. Does not belong here: how an
indicator's value comes about (`indices.pillars`), or any number (`definition.toml`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from indices.composite.aggregate import weighted_mean
from indices.composite.normalise import goalposts
from indices.cube import Array, Axes, swap
from indices.definition import Definition, Indicator, Pillar

OBSERVED, IMPUTED, CARRIED, MISSING = range(4)
STATUS = ("observed", "imputed", "carried", "missing")
DEPTH_STATUS = ("full", "partial")


@dataclass(frozen=True)
class Indicators:
    """Everything the index is made from, on one set of axes.

    Parameters
    ----------
    axes : Axes
    exists : bool cube
        Pairs of two different states that both existed in the year; nothing else has a row.
    values : dict of str to cube
        Indicator name to value; NaN is missing.
    status : dict of str to int8 cube
        Indicator name to 0 observed, 1 imputed, 2 carried, 3 missing.
    applies : dict of str to bool cube
        For indicators that do not apply to all pairs.
    """

    axes: Axes
    exists: Array
    values: dict[str, Array]
    status: dict[str, Array]
    applies: dict[str, Array]


def indicator_scores(values: dict[str, Array], definition: Definition) -> dict[str, Array]:
    """Score every indicator on its goalposts, with the cap for small states.

    Parameters
    ----------
    values : dict of str to array
        All of one shape.
    definition : Definition

    Returns
    -------
    dict of str to array
        0 to 100; NaN where the value is missing.
    """
    out = {}
    for i in definition.indicators:
        score = goalposts(values[i.name], i.transform, i.lo, i.hi)
        if i.cap_below_share is not None and i.cap_score is not None:
            small = values["trade_share"] < i.cap_below_share
            score = np.where(small, np.minimum(score, i.cap_score), score)
        out[i.name] = score
    return out


def pillar_score(
    pillar: Pillar,
    scores: dict[str, Array],
    definition: Definition,
    applies: dict[str, Array],
    only: tuple[Indicator, ...] | None = None,
) -> Array:
    """Average a pillar's scores, or those of some of its indicators.

    Missing below half the weight that applies; a pillar with a required indicator is scored
    whenever that is known.
    """
    chosen = pillar.indicators if only is None else only
    stack = np.stack([scores[i.name] for i in chosen])
    mask = None
    if any(i.name in applies for i in chosen):
        mask = np.stack(
            [np.broadcast_to(applies.get(i.name, np.array(True)), stack[0].shape) for i in chosen]
        )
        stack = np.where(mask, stack, np.nan)
    required = [scores[i.name] for i in chosen if i.name == pillar.required]
    minimum = 0.0 if pillar.required else definition.rules["minimum_pillar_weight"]
    mean = weighted_mean(stack, np.array([i.weight for i in chosen]), minimum, mask)
    if pillar.required and required:
        mean = np.where(np.isnan(required[0]), np.nan, mean)
    return mean


def coverage(pillar: Pillar, status: dict[str, Array], applies: dict[str, Array]) -> Array:
    """Return the share of a pillar's applicable weight that is observed."""
    seen = sum(
        i.weight * ((status[i.name] == OBSERVED) & applies.get(i.name, np.array(True)))
        for i in pillar.indicators
    )
    possible = sum(i.weight * applies.get(i.name, np.array(1.0)) for i in pillar.indicators)
    return np.asarray(seen) / possible


def combine(
    pillars: dict[str, Array], definition: Definition, names: tuple[str, ...], needed: int
) -> Array:
    """Average pillars; NaN where fewer than `needed` of them are known."""
    stack = np.stack([pillars[n] for n in names])
    weights = np.array([p.weight for p in definition.pillars if p.name in names])
    mean = weighted_mean(stack, weights, 0.0)
    return np.where((~np.isnan(stack)).sum(axis=0) >= needed, mean, np.nan)


@dataclass(frozen=True)
class Depth:
    """The index and its parts, all cubes; see ``out_depth__yearly_dyads`` for meanings."""

    scores: dict[str, Array]
    pillars: dict[str, Array]
    pillar_coverage: dict[str, Array]
    depth: Array
    is_full: Array
    costly: Array
    declared: Array
    directional: Array
    coverage: Array

    def measure(self, name: str) -> Array:
        """The cube of one measure: 'depth', 'costly' or 'declared'; depth only where full."""
        if name == "depth":
            return np.where(self.is_full, self.depth, np.nan)
        return {"costly": self.costly, "declared": self.declared}[name]


def sub_index(
    scores: dict[str, Array],
    definition: Definition,
    applies: dict[str, Array],
    chosen: dict[str, tuple[Indicator, ...]],
) -> Array:
    """The same index over some of the indicators; NaN unless every pillar that has any is known."""
    parts = {
        p.name: pillar_score(p, scores, definition, applies, chosen[p.name])
        for p in definition.pillars
        if chosen[p.name]
    }
    return combine(parts, definition, tuple(parts), len(parts))


def choose(
    definition: Definition, wanted: Callable[[Indicator], bool]
) -> dict[str, tuple[Indicator, ...]]:
    """Pick the wanted indicators, pillar by pillar."""
    return {p.name: tuple(filter(wanted, p.indicators)) for p in definition.pillars}


def compute_depth(data: Indicators, definition: Definition) -> Depth:
    """Compute scores, pillars, depth and its two halves for every directed pair and year."""
    scores = indicator_scores(data.values, definition)
    scores = {k: np.where(data.exists, v, np.nan) for k, v in scores.items()}
    pillars = {
        p.name: pillar_score(p, scores, definition, data.applies) for p in definition.pillars
    }
    names = tuple(pillars)
    known = sum(~np.isnan(v) for v in pillars.values())
    depth = combine(pillars, definition, names, int(definition.rules["partial_pillars"]))
    seen = {p.name: coverage(p, data.status, data.applies) for p in definition.pillars}
    total = sum(p.weight * seen[p.name] for p in definition.pillars)

    def over(wanted: Callable[[Indicator], bool]) -> Array:
        return sub_index(scores, definition, data.applies, choose(definition, wanted))

    return Depth(
        scores=scores,
        pillars=pillars,
        pillar_coverage=seen,
        depth=depth,
        is_full=np.asarray(known) >= definition.rules["full_pillars"],
        costly=over(lambda i: i.kind == "costly"),
        declared=over(lambda i: i.kind == "declared"),
        directional=over(lambda i: i.directional),
        coverage=np.asarray(total),
    )


def mutual(cube: Array) -> Array:
    """Geometric mean of both ends."""
    return np.sqrt(cube * swap(cube))


def same_status(depth: Depth) -> Array:
    """Depth where both ends rest on the same number of pillars, so that they may be compared."""
    return np.where(depth.is_full == swap(depth.is_full), depth.depth, np.nan)
