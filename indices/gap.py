"""The question: are a principal's ties with a bloc deeper than with the focal state?

Belongs here: the four ways of making one of a bloc, and the gap between it and the focal state.
Does not belong here: depth itself (`indices.depth`).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np
import pandas as pd

from indices.composite.uncertainty import interval
from indices.cube import Array, Axes, swap
from indices.definition import Definition, Question
from indices.depth import Depth, Indicators, compute_depth, mutual
from indices.intervals import MEASURES

VIEWS = ("principal", "partner", "mutual")


def ties(cube: Array, axes: Axes, principal: str, partners: list[str], view: str) -> Array:
    """Pick a principal's ties with some partners, in one view: shape (years, partners)."""
    p = axes.states.index(principal)
    at = [axes.states.index(s) for s in partners]
    out_of, into = cube[:, p, at], cube[:, at, p]
    return {"principal": out_of, "partner": into, "mutual": np.sqrt(out_of * into)}[view]


def bloc_mean(values: Array) -> tuple[Array, Array]:
    """Mean over the bloc's members that have a value, and how many have."""
    count = (~np.isnan(values)).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(count > 0, np.nansum(values, axis=1) / count, np.nan), count


def weighted_bloc(values: Array, weights: Array) -> Array:
    """Mean weighted by each member's size; members without a value or a size are left out."""
    usable = ~np.isnan(values) & ~np.isnan(weights)
    size = np.where(usable, weights, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (np.where(usable, values, 0.0) * size).sum(axis=1) / size.sum(axis=1)


# What each share of a state is a share of: a key of the sizes that `pool` takes.
_WHOLE = {
    "trade_share": "trade",
    "trade_dependence": "gdp",
    "arms_import_share": "arms_imports",
    "arms_export_share": "arms_exports",
}


def _known_sum(parts: Array) -> Array:
    """Sum over the bloc's members that have a value; NaN where none has."""
    return np.where(np.isnan(parts).all(axis=1), np.nan, np.nansum(parts, axis=1))


def _share_of_sum(shares: Array, wholes: Array) -> Array:
    """The bloc's share: its members' shares weighted by what they are shares of."""
    known = ~np.isnan(shares)
    total = np.where(known, wholes, 0.0).sum(axis=1)
    # Nobody of the bloc moved any arms: a share of nothing is zero, as for a single state.
    nothing = known.any(axis=1) & (total == 0)
    return np.where(nothing, 0.0, weighted_bloc(shares, wholes))


def pool(data: Indicators, members: list[str], sizes: dict[str, Array]) -> Indicators:
    """Make one state of a bloc.

    Parameters
    ----------
    data : Indicators
    members : list of str
        States of the bloc.
    sizes : dict of str to array, shape (years, states)
        ``trade``, ``arms_imports`` (windowed), ``arms_exports`` and ``gdp``: what the bloc's own
        shares are shares of.

    Returns
    -------
    Indicators
        The same, with the bloc in the place of its first member: what others hold of it is added
        up (shares, dependence, volume); its own shares are means weighted by the members' sizes,
        which is the share of the sum; intensity is rebuilt from share and size; obligations,
        labels and votes are plain means. The bloc exists as soon as one of its members does.
    """
    at = [data.axes.states.index(m) for m in members]
    head = at[0]
    values = {k: v.copy() for k, v in data.values.items()}
    for name, cube in data.values.items():
        # Both with the members on the second axis: what they hold, and what is held of them.
        own, of_them = cube[:, at, :], swap(cube)[:, at, :]
        if name in _WHOLE:
            wholes = sizes[_WHOLE[name]][:, at, None]
            values[name][:, head, :] = _share_of_sum(own, wholes)
            values[name][:, :, head] = _known_sum(of_them)
        elif name == "arms_volume":
            values[name][:, head, :] = _known_sum(own)
            values[name][:, :, head] = _known_sum(of_them)
        elif name != "trade_intensity":
            values[name][:, head, :] = bloc_mean(own)[0]
            values[name][:, :, head] = bloc_mean(of_them)[0]
    own_factor, factor_of_them = _intensity_factors(data, at, sizes["trade"])
    for cells, factor in ((np.s_[:, head, :], own_factor), (np.s_[:, :, head], factor_of_them)):
        share = values["trade_share"][cells]
        # Without any trade there is nothing to take the factor from, and nothing to multiply.
        values["trade_intensity"][cells] = np.where(share == 0, 0.0, share * factor)
    exists = data.exists.copy()
    exists[:, head, :] = data.exists[:, at, :].any(axis=1)
    exists[:, :, head] = data.exists[:, :, at].any(axis=2)
    exists[:, head, head] = False
    return replace(data, exists=exists, values=values)


def _intensity_factors(data: Indicators, at: list[int], trade: Array) -> tuple[Array, Array]:
    """What the bloc's trade shares are multiplied by to become intensities.

    For two states the factor is (W - T_i) / (100 T_j), with T a state's trade and W the world's;
    it follows from their own share and intensity. The bloc's has the bloc's T in their place.

    Returns
    -------
    own, of_them : array, shape (years, states)
        For the bloc's own shares and for the shares that others hold of it.
    """
    share, intensity = data.values["trade_share"], data.values["trade_intensity"]
    factor = np.divide(intensity, share, out=np.full_like(share, np.nan), where=share > 0)

    def size_of_known(shares: Array) -> Array:
        return np.where(np.isnan(shares), 0.0, np.nan_to_num(trade[:, at, None]))

    size = size_of_known(share[:, at, :])
    with np.errstate(invalid="ignore", divide="ignore"):
        others = size.sum(axis=1, keepdims=True) - size
        own = bloc_mean(factor[:, at, :] - others / (100 * trade[:, None, :]))[0]
        size = size_of_known(swap(share)[:, at, :])
        of_them = bloc_mean(swap(factor)[:, at, :] * trade[:, at, None])[0] / size.sum(axis=1)
    return own, of_them


def gap_table(
    question: Question,
    data: Indicators,
    depth: Depth,
    definition: Definition,
    sizes: dict[str, Array],
    draws: dict[str, Array],
) -> pd.DataFrame:
    """Compute the gap for every principal, view, measure and year.

    Parameters
    ----------
    question : Question
    data, depth, definition
    sizes : dict
        See `pool`; ``trade`` also weights the trade-weighted mean.
    draws : dict of str to array, shape (years, states, states, draws)
        Draws of each measure, at least for the pairs of the question.

    Returns
    -------
    DataFrame
        The columns of ``out_gap__yearly``; years without a full focal tie have no row.
    """
    axes = data.axes
    members = [m for m in question.bloc_members if m in axes.states]
    pooled = compute_depth(pool(data, members, sizes), definition)
    trade = sizes["trade"][:, [axes.states.index(m) for m in members]]
    frames = []
    for principal in question.principals:
        for view in VIEWS:
            for measure in MEASURES:
                cube = depth.measure(measure)

                pick = partial(ties, axes=axes, principal=principal, view=view)
                focal = pick(cube, partners=[question.focal])[:, 0]
                bloc = pick(cube, partners=members)
                mean, count = bloc_mean(bloc)
                one = pick(pooled.measure(measure), partners=members[:1])[:, 0]
                best = np.where(np.isnan(bloc), -np.inf, bloc)
                deepest = best.max(axis=1)
                lo, hi, p_deeper = _gap_interval(
                    pick(draws[measure], partners=[question.focal])[:, 0],
                    pick(draws[measure], partners=members),
                )
                gaps = {
                    "gap": mean - focal,
                    "gap_trade_weighted": weighted_bloc(bloc, trade) - focal,
                    "gap_pooled": one - focal,
                    "gap_best": np.where(count > 0, deepest, np.nan) - focal,
                }
                signs = np.sign(np.stack(list(gaps.values())))
                frame = pd.DataFrame(
                    {
                        "question": question.name,
                        "principal_iso3": principal,
                        "view": view,
                        "measure": measure,
                        "year": axes.years,
                        "focal_iso3": question.focal,
                        "bloc": question.bloc,
                        "bloc_n": count,
                        "focal_depth": focal,
                        "bloc_depth": mean,
                        "gap_lo90": lo,
                        "gap_hi90": hi,
                        "p_bloc_deeper": p_deeper,
                        "best_iso3": np.where(
                            count > 0, np.array(members)[best.argmax(axis=1)], None
                        ),
                        "has_sign_conflict": np.nanmax(signs, axis=0, initial=-1)
                        - np.nanmin(signs, axis=0, initial=1)
                        > 1,
                        **gaps,
                    }
                )
                frames.append(frame[~np.isnan(focal) & (count > 0)])
    return pd.concat(frames, ignore_index=True)


def gap_points(data: Indicators, depth: Depth, questions: tuple[Question, ...]) -> pd.DataFrame:
    """The headline gap of every question without its interval.

    Returns
    -------
    DataFrame
        ``question``, ``principal_iso3``, ``view``, ``measure``, ``year`` and ``gap`` (points), for
        the rows that ``out_gap__yearly`` has.
    """
    frames = []
    for question in questions:
        members = [m for m in question.bloc_members if m in data.axes.states]
        for principal, view, measure in product(question.principals, VIEWS, MEASURES):
            cube = depth.measure(measure)
            focal = ties(cube, data.axes, principal, [question.focal], view)[:, 0]
            mean, count = bloc_mean(ties(cube, data.axes, principal, members, view))
            frame = pd.DataFrame(
                {
                    "question": question.name,
                    "principal_iso3": principal,
                    "view": view,
                    "measure": measure,
                    "year": data.axes.years,
                    "gap": mean - focal,
                }
            )
            frames.append(frame[~np.isnan(focal) & (count > 0)])
    return pd.concat(frames, ignore_index=True)


def _gap_interval(focal: Array, bloc: Array) -> tuple[Array, Array, Array]:
    """Interval of the mean gap and the share of draws above zero, draw by draw."""
    gap = bloc_mean(bloc)[0] - focal
    lo, hi = interval(gap)
    with np.errstate(invalid="ignore"):
        deeper = np.where(np.isnan(lo), np.nan, (gap > 0).mean(axis=-1))
    return lo, hi, deeper


__all__ = [
    "VIEWS",
    "bloc_mean",
    "gap_points",
    "gap_table",
    "mutual",
    "pool",
    "swap",
    "ties",
    "weighted_bloc",
]
