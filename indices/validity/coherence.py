"""Do the parts of the index belong together, and does each carry what it weighs?

Belongs here: correlations, alpha, components and weights of the alliance-depth index, laid out by
the nodes of its tree. Does not belong here: the statistics (`indices.composite.coherence`), or what
follows from them: the definition is changed by hand, with the figures before and after.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from indices.composite.coherence import (
    collinearity,
    correlations,
    cronbach,
    flag_correlations,
    pca_variance,
    pearson,
)
from indices.composite.errors import CompositeError
from indices.composite.weigh import effective
from indices.cube import Array, Axes
from indices.definition import Definition
from schemas import table

# Trade is a mean of three years and arms are of ten: years nearer to each other repeat each other.
EVERY = 5
# Variance inflation is over pairs that have all indicators; those known for fewer would leave only
# the pairs of a few states.
KNOWN = 0.5
INDEX = "depth"
DECIMALS = 6


@dataclass(frozen=True)
class Parts:
    """What depth is made of, pair by pair.

    Parameters
    ----------
    scores : DataFrame
        Scores of indicators, pillars and ``depth`` (columns) of all ties with a full depth.
    shares : dict of str to array
        Weight of each indicator in the depth of each tie, what is missing shared out; they add up
        to 1.
    points : dict of str to array
        Points of depth from each indicator; they add up to the depth.
    """

    scores: pd.DataFrame
    shares: dict[str, Array]
    points: dict[str, Array]


def parts_of(
    indicators: pd.DataFrame,
    depth: pd.DataFrame,
    definition: Definition,
    axes: Axes,
    years: Sequence[int],
) -> Parts:
    """Take depth apart into what its indicators bring.

    Parameters
    ----------
    indicators : DataFrame
        ``out_indicators__yearly_dyads``.
    depth : DataFrame
        ``out_depth__yearly_dyads``: ties with a full depth are used.
    definition : Definition
    axes : Axes
        Its states are those whose ties are used.
    years : sequence of int
    """
    within = Axes(tuple(range(min(years), max(years) + 1)), axes.states)
    full = depth[(depth["depth_status"] == "full") & depth["year"].isin(years)]
    made = within.cube(full, "from_iso3", "to_iso3", "depth")
    where = ~np.isnan(made)
    rows = indicators[indicators["year"].isin(years)]
    name = rows["indicator"].astype("category").cat
    scores = {
        i.name: within.cube(
            rows[(name.codes == name.categories.get_loc(i.name)).to_numpy()],
            "from_iso3",
            "to_iso3",
            "score",
        )[where]
        for i in definition.indicators
    }
    total = sum(p.weight for p in definition.pillars)
    shares, brought = {}, {}
    for pillar in definition.pillars:
        known = {i.name: i.weight * ~np.isnan(scores[i.name]) for i in pillar.indicators}
        whole = np.sum(list(known.values()), axis=0)
        for i in pillar.indicators:
            shares[i.name] = pillar.weight / total * known[i.name] / whole
            brought[i.name] = shares[i.name] * np.nan_to_num(scores[i.name])
        whole = np.sum([brought[i.name] for i in pillar.indicators], axis=0)
        scores[pillar.name] = whole * total / pillar.weight
    scores[INDEX] = made[where]
    return Parts(pd.DataFrame(scores), shares, brought)


def coherence_tables(
    indicators: pd.DataFrame,
    depth: pd.DataFrame,
    definition: Definition,
    axes: Axes,
    window: Sequence[int],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lay ``out_validity__coherence`` and ``out_validity__correlations`` out.

    Parameters
    ----------
    indicators : DataFrame
        ``out_indicators__yearly_dyads``.
    depth : DataFrame
        ``out_depth__yearly_dyads``: ties with a full depth are used.
    definition : Definition
    axes : Axes
        Its states are those whose ties are used.
    window : sequence of int
        Years of which every fifth is used, counted back from the last.

    Returns
    -------
    nodes, correlations : DataFrame
        One row for each node of the tree; one for each pair of indicators and of pillars.
    """
    years = sorted(window)[::-1][::EVERY][::-1]
    parts = parts_of(indicators, depth, definition, axes, years) if years else None
    if parts is None or not len(parts.scores):
        names = ("out_validity__coherence", "out_validity__correlations")
        nodes, pairs = (pd.DataFrame(columns=table(name).columns) for name in names)
        return nodes, pairs
    tree = {INDEX: [p.name for p in definition.pillars]}
    tree |= {p.name: [i.name for i in p.indicators] for p in definition.pillars}
    leaves = [i.name for i in definition.indicators]
    span = {"first_year": min(years), "last_year": max(years)}
    nodes = _nodes(parts, definition, tree)
    for more in (_repetition(parts.scores, tree[INDEX], leaves), _unity(parts.scores, tree)):
        nodes = nodes.join(more, on="node")
    pairs = flag_correlations(
        correlations(parts.scores, {"indicator": leaves, "pillar": tree[INDEX]})
    ).rename(columns={"group": "level", "units": "n_ties"})
    pairs["flag"] = pairs["flag"].replace("", None)
    return nodes.round(DECIMALS).assign(**span), pairs.round(DECIMALS).assign(**span)


def _nodes(parts: Parts, definition: Definition, tree: dict[str, list[str]]) -> pd.DataFrame:
    """What each node looks like, weighs, and brings to the index."""
    below = {INDEX: list(parts.shares), **{p: tree[p] for p in tree[INDEX]}}
    below |= {leaf: [leaf] for leaf in below[INDEX]}
    parent = {child: up for up, children in tree.items() for child in children}
    level = {INDEX: "index", **dict.fromkeys(tree[INDEX], "pillar")}
    nodes = list(below)
    values, index = parts.scores[nodes].to_numpy(), parts.scores[INDEX].to_numpy()
    known = (~np.isnan(values)).sum(axis=0)
    points = np.column_stack([_sum(parts.points, below[n]) for n in nodes])
    without = np.column_stack([_without(parts, tree, n) for n in nodes])
    off = (index - index.mean())[:, None]
    weights = {i.name: i.weight for i in definition.indicators}
    weights |= {p.name: p.weight for p in definition.pillars}
    above = parts.scores[[parent.get(n, INDEX) for n in nodes]].to_numpy()
    below_index = np.array([n != INDEX for n in nodes])
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.nansum(values, axis=0) / known
        return pd.DataFrame(
            {
                "node": nodes,
                "level": [level.get(n, "indicator") for n in nodes],
                "parent": [parent.get(n) for n in nodes],
                "n_ties": known,
                "known": known / len(values),
                "mean": mean,
                "sd": np.sqrt(np.nansum((values - mean) ** 2, axis=0) / known),
                "share_zero": (values == 0).sum(axis=0) / known,
                "share_full": (values == 100).sum(axis=0) / known,
                "weight": effective(weights, tree)[nodes].to_numpy(),
                "weight_observed": [_sum(parts.shares, below[n]).mean() for n in nodes],
                "variance_share": (points * off).sum(axis=0) / (off * off).sum(),
                "correlation_parent": np.where(below_index, pearson(values, above), np.nan),
                "correlation_index": np.where(below_index, pearson(values, index), np.nan),
                "correlation_without": pearson(without, index),
            }
        )


def _sum(of: dict[str, Array], names: Sequence[str]) -> Array:
    """Add some nodes up, tie by tie."""
    return np.sum([of[n] for n in names], axis=0)


def _without(parts: Parts, tree: dict[str, list[str]], node: str) -> Array:
    """Depth of each tie without a node: its weight goes to what is left of its group."""
    depth = parts.scores[INDEX].to_numpy()
    pillar = next((p for p in tree[INDEX] if node in (p, *tree[p])), None)
    if pillar is None:
        return np.full(len(depth), np.nan)
    weight, whole = _sum(parts.shares, tree[pillar]), _sum(parts.points, tree[pillar])
    others = [leaf for leaf in tree[pillar] if node not in (leaf, pillar)]
    with np.errstate(invalid="ignore", divide="ignore"):
        gone = (depth - whole) / (1 - weight)
        if not others:
            return gone
        left = _sum(parts.shares, others)
        return np.where(left > 0, depth - whole + _sum(parts.points, others) * weight / left, gone)


def _repetition(scores: pd.DataFrame, pillars: list[str], leaves: list[str]) -> pd.DataFrame:
    """How far a node repeats another one of its level."""
    often = [leaf for leaf in leaves if scores[leaf].notna().mean() >= KNOWN]
    try:
        found = collinearity(
            scores[[*often, *pillars]].dropna(), {"indicator": often, "pillar": pillars}
        )
    except CompositeError:  # as in `_unity`
        found = pd.DataFrame(columns=["indicator", "nearest", "correlation", "variance_inflation"])
    found = found.rename(columns={"correlation": "nearest_correlation"}).set_index("indicator")
    found["nearest"] = found["nearest"].replace("", None)
    inflation = found["variance_inflation"].replace(np.inf, np.nan)
    return found[["nearest", "nearest_correlation"]].assign(variance_inflation=inflation)


def _unity(scores: pd.DataFrame, tree: dict[str, list[str]]) -> pd.DataFrame:
    """Whether the children of a node measure one thing."""
    alpha = cronbach(scores, tree).set_index("group")["alpha"]
    rows = {}
    for node, children in tree.items():
        if len(children) < 2:
            continue
        complete = scores[children].dropna()
        try:
            first, second = pca_variance(complete, {node: children})["share"].iloc[:2]
        except CompositeError:  # nothing varies, or hardly anything is known
            first = second = np.nan
        rows[node] = (alpha[node], first, second, len(complete))
    columns = ["alpha", "first_component", "second_component", "n_complete"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)
