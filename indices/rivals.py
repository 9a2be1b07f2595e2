"""What a state would put at risk by standing with another: its ties with the other's rivals.

Belongs here: which states are rivals in a year, the depth of ties with them, and the ties of a
question's principals beside their tie with the focal state. Does not belong here: depth itself
(`indices.depth`), or the list of rivalries, which is compiled by hand and not complete.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from indices.cube import Array, Axes, labelled
from indices.definition import Question

# Years over which a change is taken.
CHANGE_YEARS = 10
# A ratio to a tie of less than a point is a ratio to nothing.
LEAST = 1.0
# What two states are to each other, weakest first; the codes are 1, 2 and 3, and 0 is no rivalry.
KINDS = ("positional", "strategic", "war")
MEASURES = ("depth", "costly_depth", "declared_depth")


@dataclass(frozen=True)
class RivalTies:
    """Depth of i's ties with the rivals of j, all cubes; NaN where no such tie is known.

    Parameters
    ----------
    deepest : cube
        The deepest tie.
    who : int cube
        Position of that rival on the axis of states, the first of equals; -1 where there is none.
    mean : cube
        Mean of the known ties.
    mean_change : cube
        Mean change over ten years of the ties with the rivals of this year: the set is held fixed,
        so that a rivalry that begins or ends moves nothing.
    count, known : int cubes
        Rivals of j other than i, and those with whom i's tie is known.
    """

    deepest: Array
    who: Array
    mean: Array
    mean_change: Array
    count: Array
    known: Array


def spells(rivalries: pd.DataFrame, hostilities: pd.DataFrame) -> Iterator[tuple]:
    """List rivalries and wars as first state, second state, first year, last year, kind.

    From ``raw_curated__rivalries`` and ``raw_curated__hostilities``. Only wars count among the
    hostilities: a single clash makes no rivals of two states, and those who are anyway stand in
    the list of rivalries. A spell that goes on ends in year 9999.
    """
    yield from zip(
        rivalries["state_a"],
        rivalries["state_b"],
        rivalries["start_year"],
        rivalries["end_year"].fillna(9999),
        rivalries["kind"],
        strict=True,
    )
    wars = hostilities[hostilities["kind"] == "war"]
    yield from zip(
        wars["a_iso3"],
        wars["b_iso3"],
        wars["start_date"].dt.year,
        wars["end_date"].dt.year.fillna(9999),
        wars["kind"],
        strict=True,
    )


def rivalry_kinds(listed: Iterable[tuple], axes: Axes, exists: Array) -> Array:
    """Strongest rivalry of two states on any day of the year.

    Parameters
    ----------
    listed : iterable of tuple
        See `spells`.
    axes : Axes
    exists : bool array, shape (years, states)

    Returns
    -------
    int8 cube
        Code of `KINDS`, the same from both ends; 0 where the lists have nothing, which is not proof
        of peace.
    """
    out = np.zeros(axes.shape, dtype=np.int8)
    at = {s: n for n, s in enumerate(axes.states)}
    start = axes.years[0]
    for a, b, first, last, kind in listed:
        if a in at and b in at and last >= start:
            span = out[max(int(first) - start, 0) : int(last) - start + 1]
            for i, j in ((at[a], at[b]), (at[b], at[a])):
                np.maximum(span[:, i, j], 1 + KINDS.index(kind), out=span[:, i, j])
    return np.where(exists[:, :, None] & exists[:, None, :], out, 0).astype(np.int8)


def changes(cube: Array) -> Array:
    """Value less that of ten years before; NaN where either is missing."""
    out = np.full_like(cube, np.nan)
    out[CHANGE_YEARS:] = cube[CHANGE_YEARS:] - cube[:-CHANGE_YEARS]
    return out


def rival_ties(depth: Array, rival: Array) -> RivalTies:
    """Gather i's ties with the rivals of j.

    Parameters
    ----------
    depth : cube
        Depth of comparable ties (full ones), NaN elsewhere and on the diagonal.
    rival : bool cube
        Rivals, the same from both ends.

    Returns
    -------
    RivalTies
        If i is itself a rival of j, it is not among the rivals: it has no tie with itself.
    """
    t, j, r = np.nonzero(rival)
    count = np.broadcast_to(rival.sum(axis=2)[:, None, :], rival.shape) - rival
    nothing = np.full(depth.shape, np.nan)
    empty = np.zeros(depth.shape, dtype=int)
    if not len(t):
        return RivalTies(nothing, empty - 1, nothing, nothing, count, empty)
    # Rows are rivals of one j in one year, columns the states i that look at them; the rows of one
    # j follow each other, so that all of it is one reduction.
    new = np.append(True, (np.diff(t) != 0) | (np.diff(j) != 0))
    starts = np.flatnonzero(new)
    group = np.cumsum(new) - 1

    def cube(rows: Array, rest: float) -> Array:
        out = np.full(depth.shape, rest)
        out[t[starts], :, j[starts]] = rows
        return out

    def mean(values: Array) -> tuple[Array, Array]:
        n = np.add.reduceat(~np.isnan(values), starts, axis=0, dtype=int)
        total = np.add.reduceat(np.nan_to_num(values), starts, axis=0)
        return np.where(n > 0, total / np.maximum(n, 1), np.nan), n

    ties = depth[t, :, r]
    means, known = mean(ties)
    most = np.maximum.reduceat(np.where(np.isnan(ties), -np.inf, ties), starts, axis=0)
    none = len(depth[0])
    first = np.where(ties == most[group], r[:, None], none)
    who = np.minimum.reduceat(first, starts, axis=0)
    return RivalTies(
        deepest=cube(np.where(known > 0, most, np.nan), np.nan),
        who=cube(np.where(known > 0, who, -1), -1).astype(int),
        mean=cube(means, np.nan),
        mean_change=cube(mean(changes(depth)[t, :, r])[0], np.nan),
        count=count,
        known=cube(known, 0).astype(int),
    )


def _of_rival(cube: Array, who: Array) -> Array:
    """Value of i's tie with the state named for (i, j): ``cube[t, i, who[t, i, j]]``."""
    return np.where(who < 0, np.nan, np.take_along_axis(cube, np.maximum(who, 0), axis=2))


def rival_dyads(depth: Array, low: Array, high: Array, kinds: Array, axes: Axes) -> pd.DataFrame:
    """Lay ``out_rivals__yearly_dyads`` out.

    Parameters
    ----------
    depth, low, high : cube
        Full depths and the ends of their intervals, NaN elsewhere.
    kinds : int8 cube
        See `rivalry_kinds`.
    axes : Axes

    Returns
    -------
    DataFrame
        Pairs in which `to` has a rival in the year, and the depth of `from` with `to` or with one
        of the rivals is known. A pair whose only rivalry is its own has ``n_rivals`` 0.
    """
    rival = kinds > 0
    found = rival_ties(depth, rival)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(depth >= LEAST, found.deepest / depth, np.nan)
    has_rival = np.broadcast_to(rival.sum(axis=2)[:, None, :] > 0, axes.shape)
    where = has_rival & (~np.isnan(depth) | (found.known > 0))
    table = axes.long(
        where,
        {
            "is_rival": rival,
            "n_rivals": found.count,
            "n_known": found.known,
            "depth": depth,
            "depth_change": changes(depth),
            "rival_depth": found.deepest,
            "rival_depth_lo90": _of_rival(low, found.who),
            "rival_depth_hi90": _of_rival(high, found.who),
            "who": found.who,
            "mean_rival_depth": found.mean,
            "mean_rival_depth_change": found.mean_change,
            "rival_lead": found.deepest - depth,
            "rival_ratio": ratio,
        },
        ("from_iso3", "to_iso3"),
    )
    table["deepest_rival_iso3"] = labelled(table.pop("who").to_numpy(), axes.states)
    return table


def beside(question: Question, listed: Sequence[tuple]) -> list[str]:
    """List the states whose ties stand beside the focal state's: its rivals and the bloc.

    A rival of any year of the lists counts in all, so that a tie can be followed through the
    beginning and the end of a rivalry.
    """
    pairs = {(a, b) for a, b, *_ in listed}
    rivals = {b if a == question.focal else a for a, b in pairs if question.focal in (a, b)}
    return sorted(rivals | set(question.bloc_members))


def rival_ties_table(
    questions: Sequence[Question],
    full: pd.DataFrame,
    kinds: Array,
    listed: Sequence[tuple],
    axes: Axes,
) -> pd.DataFrame:
    """Lay ``out_rivals__yearly_ties`` out: principals' ties with the focal state's rivals.

    Parameters
    ----------
    questions : sequence of Question
    full : DataFrame
        Rows of ``out_depth__yearly_dyads`` with a full depth.
    kinds, axes
        See `rival_dyads`.
    listed : sequence of tuple
        See `spells`.
    """
    frames = [_beside_focal(q, full, kinds, beside(q, listed), axes) for q in questions]
    return pd.concat(frames, ignore_index=True)


def _beside_focal(
    question: Question, full: pd.DataFrame, kinds: Array, others: list[str], axes: Axes
) -> pd.DataFrame:
    """One question's rows of `rival_ties_table`."""
    ends = [question.focal, *(s for s in others if s in axes.states)]
    chosen = full[full["from_iso3"].isin(question.principals) & full["to_iso3"].isin(ends)]
    at = np.ix_(*([axes.states.index(s) for s in side] for side in (question.principals, ends)))
    # By year, principal and other end; the first of the ends is the focal state.
    columns = (*MEASURES, "depth_lo90", "depth_hi90")
    cubes = axes.cubes(chosen, "from_iso3", "to_iso3", columns)
    values = {c: v[:, at[0], at[1]] for c, v in zip(columns, cubes, strict=True)}
    t, p, j = np.nonzero(~np.isnan(values["depth"][:, :, 1:]))
    rows = {c: v[:, :, 1:][t, p, j] for c, v in values.items()}
    focal = {f"focal_{m}": values[m][t, p, 0] for m in MEASURES}
    code = kinds[:, at[1][0, 0], at[1][0, 1:]][t, j].astype(int)
    return pd.DataFrame(
        {
            "question": question.name,
            "principal_iso3": labelled(p, question.principals),
            "other_iso3": labelled(j, ends[1:]),
            "year": np.array(axes.years)[t],
            "focal_iso3": question.focal,
            "rivalry": labelled(code - 1, KINDS),
            "is_rival": code > 0,
            "is_bloc": np.isin(ends[1:], question.bloc_members)[j],
            **rows,
            "depth_change": changes(values["depth"])[:, :, 1:][t, p, j],
            **focal,
            "lead": rows["depth"] - focal["focal_depth"],
            "costly_lead": rows["costly_depth"] - focal["focal_costly_depth"],
        }
    )
