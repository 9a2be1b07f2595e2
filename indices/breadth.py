"""How many great powers a state is deeply tied to, and how evenly.

Belongs here: what "deeply" means (as deep as a power's known allies), the count, and the entropy of
the depths. Does not belong here: depth itself (`indices.depth`), or who the powers are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from indices.cube import Array, Axes, labelled, swap
from indices.definition import Definition
from indices.depth import combine

VIEWS = ("power", "state")
# Thresholds by name: the quantile of the depths of known allies.
LEVELS = {"median": 0.5, "quartile": 0.25}


def known_quantile(values: Array, q: float) -> Array:
    """Quantile of the known values along the last axis, linear between two; NaN without any."""
    ordered = np.sort(values, axis=-1)  # NaN last
    n = (~np.isnan(values)).sum(axis=-1)
    at = q * np.maximum(n - 1, 0)
    low = np.floor(at).astype(int)
    high = np.minimum(low + 1, np.maximum(n - 1, 0))
    below, above = (np.take_along_axis(ordered, k[..., None], -1)[..., 0] for k in (low, high))
    return below + (at - low) * (above - below)


def entropy(depths: Array) -> Array:
    """Shannon entropy (natural logarithm) of the shares of the last axis in their sum.

    NaN where a depth is missing or all are zero: fewer powers have a lower maximum, so that an
    entropy over some of them compares with nothing.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        share = depths / depths.sum(axis=-1, keepdims=True)
        terms = np.where(share > 0, share * np.log(share), np.where(np.isnan(share), np.nan, 0.0))
    return -terms.sum(axis=-1) + 0.0  # no negative zero


def _ties(cube: Array, view: str, at: list[int]) -> Array:
    """Ties of every state with the powers: shape (years, states, powers)."""
    return (swap(cube) if view == "power" else cube)[:, :, at]


def thresholds(ties: Array, allied: Array) -> dict[str, Array]:
    """How deep the ties with known allies are.

    Parameters
    ----------
    ties : array, shape (years, states, powers)
        Depth in one view, NaN where not known.
    allied : bool array of the same shape
        Defence pacts in force.

    Returns
    -------
    dict of str to array
        ``n``: allies with a known depth, by year and power; ``median``, ``quartile``: of their
        depths, shape (years, powers); ``pooled_n``, ``pooled_median``, ``pooled_quartile``: the
        same over the allies of all the powers together, shape (years,).
    """
    among = np.where(allied, ties, np.nan)
    together = among.reshape(len(among), -1)
    own = among.transpose(0, 2, 1)
    out = {"n": (~np.isnan(own)).sum(axis=-1), "pooled_n": (~np.isnan(together)).sum(axis=-1)}
    for name, q in LEVELS.items():
        out[name] = known_quantile(own, q)
        out[f"pooled_{name}"] = known_quantile(together, q)
    return out


def breadth_tables(
    depth: Array,
    pact: Array,
    exists: Array,
    axes: Axes,
    powers: Sequence[str],
    labels: dict[str, str],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lay ``out_breadth__state_years`` and ``out_breadth__yearly_thresholds`` out.

    Parameters
    ----------
    depth : cube
        Comparable depths, NaN elsewhere and on the diagonal.
    pact : bool cube
        Defence pacts in force, the same from both ends.
    exists : bool array, shape (years, states)
    axes : Axes
    powers : sequence of str
        Those of them that are on the axes are used.
    labels : dict of str to str
        Constant columns of both tables, which say which powers and which depth these are.

    Returns
    -------
    tuple of DataFrame
        Rows of the first where at least one tie with a power is known; of the second where
        at least one ally of any power is.
    """
    at = [axes.states.index(p) for p in powers if p in axes.states]
    made = [_view(depth, pact, exists, axes, at, view, labels) for view in VIEWS]
    rows, limits = zip(*made, strict=True)
    return pd.concat(rows, ignore_index=True), pd.concat(limits, ignore_index=True)


def _view(
    depth: Array,
    pact: Array,
    exists: Array,
    axes: Axes,
    at: list[int],
    view: str,
    labels: dict[str, str],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both tables in one view."""
    ties = _ties(depth, view, at)
    known = ~np.isnan(ties)
    limits = thresholds(ties, pact[:, :, at])
    other = np.array(at) != np.arange(len(axes.states))[:, None]  # a power is none to itself
    n_powers = (exists[:, at][:, None, :] & other).sum(axis=2)
    n_known = known.sum(axis=2)

    def count(limit: Array) -> Array:
        deep = (ties >= limit[:, None, :]).sum(axis=2)
        unknown = (known & np.isnan(limit)[:, None, :]).any(axis=2)
        return np.where(unknown, np.nan, deep)

    columns: dict[str, Array] = {}
    for name in LEVELS:
        pooled = limits[f"pooled_{name}"][:, None]
        own = np.where(limits["n"] > 0, limits[name], pooled)
        columns[f"n_deep_{name}"] = count(own)
        columns[f"n_deep_pooled_{name}"] = count(np.broadcast_to(pooled, own.shape))
    is_whole = (n_known == n_powers) & (n_known > 0)
    comparable = np.where(other, ties, 0.0)
    h = np.where(is_whole, entropy(comparable), np.nan)
    columns |= {
        "n_powers": n_powers,
        "n_known": n_known,
        "mean_depth": np.where(is_whole, np.nansum(ties, axis=2) / np.maximum(n_powers, 1), np.nan),
        "deepest_depth": np.where(known, ties, -np.inf).max(axis=2),
        "entropy": h,
        "effective_powers": np.exp(h),
    }
    best = np.array(at)[np.where(known, ties, -np.inf).argmax(axis=2)]
    years = np.array(axes.years)
    t, i = np.nonzero(n_known)
    rows = pd.DataFrame(
        {"iso3": labelled(i, axes.states), "year": years[t], "view": view}
        | labels
        | {name: column[t, i] for name, column in columns.items()}
        | {"deepest_iso3": labelled(best[t, i], axes.states)}
    )
    t, p = np.nonzero((limits["pooled_n"] > 0)[:, None] & exists[:, at])
    table = pd.DataFrame(
        {"year": years[t], "view": view, "power_iso3": labelled(np.array(at)[p], axes.states)}
        | labels
        | {
            "n_allies": limits["n"][t, p],
            "median_depth": limits["median"][t, p],
            "quartile_depth": limits["quartile"][t, p],
            "n_pooled_allies": limits["pooled_n"][t],
            "pooled_median_depth": limits["pooled_median"][t],
            "pooled_quartile_depth": limits["pooled_quartile"][t],
        }
    )
    return rows, table


def without_pillar(
    pillars: pd.DataFrame, left_out: str, axes: Axes, definition: Definition
) -> Array:
    """Depth over the other pillars of ``out_pillars__yearly_dyads``, NaN unless all are known."""
    names = tuple(p.name for p in definition.pillars if p.name != left_out)
    cubes = {
        n: axes.cube(pillars[pillars["pillar"] == n], "from_iso3", "to_iso3", "score")
        for n in names
    }
    return combine(cubes, definition, names, len(names))


def pacts(treaties: pd.DataFrame, axes: Axes) -> Array:
    """Pairs with a defence pact in force, at least one way and not suspended: bool cube."""
    owed = treaties[treaties["has_defense"] & ~treaties["is_suspended"]]
    one_way = axes.cube(owed, "from_iso3", "to_iso3", "has_defense", 0.0) > 0
    return one_way | swap(one_way)
