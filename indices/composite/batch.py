"""Aggregation of many runs at once, where runs differ in their weights.

Belongs here: the way up the tree for a block of units and runs, as outer products of drawn weights
and fixed scores, which is many times faster than a general array of runs. Does not belong here:
what the runs are (`uncertainty`), or any method but the weighted power means: the others go
through `tree.aggregate_tree`, whose numbers these are to a rounding.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from indices.composite.aggregate import ROUNDING
from indices.composite.errors import CompositeError
from indices.composite.tree import Tree, aggregate_tree, too_few

Array = np.ndarray

# Exponent of the power mean each method is; "power" brings its own.
EXPONENTS = {"arithmetic": 1.0, "geometric": 0.0, "harmonic": -1.0}
STEEPEST = 10.0


def exponent(method: str, parameters: Mapping[str, Any]) -> float | None:
    """Return the exponent if the method is a power mean that is safe to take as it is, else None.

    A steep one would leave the range of floats; the general way keeps it inside.
    """
    if method == "power" and set(parameters) == {"p"} and np.ndim(parameters["p"]) == 0:
        p = float(parameters["p"])
        return p if abs(p) <= STEEPEST else None
    return None if parameters else EXPONENTS.get(method)


def aggregate_runs(
    leaves: list[Array],
    tree: Tree,
    weights: Mapping[str, Array],
    methods: Mapping[int, tuple[str, dict[str, Any]]],
    minimum: Mapping[int, float],
    available: Mapping[int, float],
) -> Array:
    """Aggregate to the root, for units x runs.

    Parameters
    ----------
    leaves : list of array, shape (units, 1) or (units, runs)
        Normalised indicators in the order of the tree; one column where all runs share it.
    tree : Tree
    weights : mapping of code to array, shape (1,) or (runs,)
        Of every node but the root; not negative.
    methods : mapping of level to (method, parameters)
    minimum, available : mapping of level to float
        Shares of a group's weight, and of its children, that must be present.

    Returns
    -------
    array, shape (units, 1) or (units, runs)
        Missing (NaN) where too little is present, and where nothing below weighs anything.

    Raises
    ------
    CompositeError
        If a geometric or harmonic mean meets a score that is not positive, or any other power mean
        but the arithmetic a negative one.
    """
    power = {level: exponent(*method) for level, method in methods.items()}
    if any(p is None for p in power.values()):
        return _general(leaves, tree, weights, methods, minimum, available)
    scores = dict(zip(tree.indicators, leaves, strict=True))
    for group, children in tree.groups.items():
        level = tree.level_of[group]
        p = power[level]
        assert p is not None  # for the type checker: seen to above
        try:
            scores[group] = _power_mean(
                [scores[c] for c in children], [weights[c] for c in children], p, minimum[level]
            )
        except CompositeError as error:
            raise CompositeError(f"{group} (of {', '.join(children)}): {error}") from None
        if available[level] > 0:
            below = np.stack(np.broadcast_arrays(*(scores[c] for c in children)), axis=-1)
            few = too_few(below, available[level])[..., 0]
            scores[group] = np.where(few, np.nan, scores[group])
        for child in children:
            del scores[child]  # a block should stay in the cache
    if np.isinf(scores[tree.root]).any():
        raise CompositeError("a score too large for a float; use a normalisation of usual size")
    return scores[tree.root]


def _power_mean(children: list[Array], weights: list[Array], p: float, minimum: float) -> Array:
    """Weighted power mean of (units, 1 or runs) arrays, weights renormalised over the present."""
    used = [(x, weight) for x, weight in zip(children, weights, strict=True) if weight.any()]
    if not used:
        return np.full((len(children[0]), 1), np.nan)
    shape = np.broadcast_shapes(*(part.shape for pair in used for part in pair))
    gaps = [np.isnan(x) for x, _ in used]
    possible = sum((weight for _, weight in used), np.zeros(1))
    present = _present(gaps, [weight for _, weight in used]) if any(map(np.any, gaps)) else possible
    # In place: with arrays of this size, getting memory costs as much as adding.
    total, term = np.empty(shape), np.empty(shape)
    for number, ((x, weight), gap) in enumerate(zip(used, gaps, strict=True)):
        values = _forward(x, weight, p)
        if gap.any():
            values = np.where(gap, 0.0, values)
        np.multiply(weight, values, out=term if number else total)
        if number:
            total += term
    with np.errstate(divide="ignore", invalid="ignore"):
        total /= present
    mean = _backward(total, p)
    if minimum > 0 and present is not possible:
        # Comparing sums of weights needs room for their rounding.
        mean[present < (minimum - ROUNDING) * possible] = np.nan
    return mean


def _present(gaps: list[Array], weights: list[Array]) -> Array:
    """Sum the weights of what is known."""
    if any(gap.shape[1] > 1 for gap in gaps):
        shape = np.broadcast_shapes(*(part.shape for part in (*gaps, *weights)))
        present = np.zeros(shape)
        for gap, weight in zip(gaps, weights, strict=True):
            present += weight * ~gap
        return present
    # The same units lack the same children in all runs: one sum for each pattern of gaps.
    pattern = sum(gap[:, 0].astype(int) << k for k, gap in enumerate(gaps))
    found, of_unit = np.unique(pattern, return_inverse=True)
    sums = np.zeros((len(found), max(len(weight) for weight in weights)))
    for k, weight in enumerate(weights):
        sums += weight * ((found[:, None] >> k) & 1 == 0)
    return sums[of_unit]


def _forward(x: Array, weight: Array, p: float) -> Array:
    if p == 1:
        return x
    wrong = (x < 0) if p > 0 else (x <= 0)
    if wrong.any():
        taking_part = wrong & (weight > 0)
        if taking_part.any():
            unit = int(np.flatnonzero(taking_part.any(axis=1))[0])
            raise CompositeError(
                f"unit {unit} has a score of {x[unit].min():.6g}, of which there is no power mean "
                f"with exponent {p:g}; use a normalisation whose scores are all positive, such as "
                "minmax from 1 to 100, or a zscore with a mean of 10 and an sd of 2"
            )
        x = np.where(wrong, 1.0, x)  # weighs nothing in the runs at hand
    if p == 0:
        return np.log(x)
    return 1 / x if p == -1 else x**p


def _backward(mean: Array, p: float) -> Array:
    if p == 1:
        return mean
    if p == 0:
        return np.exp(mean)
    return 1 / mean if p == -1 else mean ** (1 / p)


def _general(
    leaves: list[Array],
    tree: Tree,
    weights: Mapping[str, Array],
    methods: Mapping[int, tuple[str, dict[str, Any]]],
    minimum: Mapping[int, float],
    available: Mapping[int, float],
) -> Array:
    """Do the same for any method, through the general aggregation."""
    runs = max(a.shape[-1] for a in (*leaves, *weights.values()))
    x = np.stack([np.broadcast_to(leaf, (len(leaf), runs)).T for leaf in leaves], axis=-1)
    by_level = {
        level: np.stack(
            [np.broadcast_to(weights.get(c, np.ones(1)), runs) for c in tree.at_level(level)], -1
        )
        for level in tree.levels
    }
    named = {level: {"method": name, **more} for level, (name, more) in methods.items()}
    return aggregate_tree(x, tree, by_level, named, minimum, available).T
