"""Commitments, presence, labels, agreements and memberships, year by year.

Belongs here: from dated rows to cubes, the ladder, suspension while parties fight. Does not belong
here: what a source calls a thing; rows come with ISO codes and dates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from indices.cube import Array, Axes, swap

FLAGS = (
    "has_defense",
    "has_offense",
    "has_neutrality",
    "has_nonaggression",
    "has_consultation",
)
# Obligations that bind nobody in particular once many are party to them.
_SMALL_GROUP_ONLY = ("neutrality", "consultation", "nonaggression")


def commitment_kind(flags: pd.DataFrame, is_dormant: Array) -> Array:
    """Name the highest rung an instrument with these obligations reaches.

    Parameters
    ----------
    flags : DataFrame
        The boolean columns `FLAGS`.
    is_dormant : bool array
        Whether the instrument is a dormant pan-regional pact.

    Returns
    -------
    array of str
        A key of the ladder. A promise to join an attack counts as one to defend: every such
        treaty in ATOP means fighting beside the partner.
    """
    fights = (flags["has_defense"] | flags["has_offense"]).to_numpy()
    return np.select(
        [
            fights & ~is_dormant,
            fights & is_dormant,
            flags["has_neutrality"].to_numpy(),
            flags["has_consultation"].to_numpy(),
            flags["has_nonaggression"].to_numpy(),
        ],
        ["defence_pact", "dormant_pact", "neutrality", "consultation", "nonaggression"],
        default="none",
    )


def cells(
    rows: pd.DataFrame, first: str, second: str, axes: Axes, *, at_year_end: bool = False
) -> tuple[Array, Array, Array, Array]:
    """Repeat each dated row over its years: positions t, i, j and the row's number.

    A row counts in every year it touches; with `at_year_end` only in those whose 31 December lies
    inside it.
    """
    start = rows["start_date"].dt.year.to_numpy()
    end = rows["end_date"].dt.year.fillna(axes.years[-1]).to_numpy(dtype=np.int64)
    if at_year_end:
        whole = rows["end_date"].isna() | (
            (rows["end_date"].dt.month == 12) & (rows["end_date"].dt.day == 31)
        )
        end = end - ~whole.to_numpy()
    start = np.maximum(start, axes.years[0])
    end = np.minimum(end, axes.years[-1])
    i, j = axes.state_index(rows[first]), axes.state_index(rows[second])
    length = np.where((i >= 0) & (j >= 0), np.maximum(end - start + 1, 0), 0)
    number = np.repeat(np.arange(len(rows)), length)
    offset = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    return start[number] + offset - axes.years[0], i[number], j[number], number


@dataclass(frozen=True)
class Obligations:
    """The strongest obligation of every directed pair and year.

    All attributes are cubes. `kind` indexes `kinds`; `commitment` is the ladder's rung after
    suspension; `row` is the number of the strongest commitment in the frame given, -1 for none.
    """

    kinds: tuple[str, ...]
    kind: Array
    commitment: Array
    flags: dict[str, Array]
    is_suspended: Array
    row: Array


def obligations(
    commitments: pd.DataFrame,
    hostilities: pd.DataFrame,
    ladder: dict[str, float],
    small_group: int,
    axes: Axes,
) -> Obligations:
    """Find the strongest obligation in force on any day of each year.

    Parameters
    ----------
    commitments : DataFrame
        ``core_treaties__commitments``.
    hostilities : DataFrame
        ``a_iso3``, ``b_iso3``, ``start_date``, ``end_date``: while two states fight each other
        nothing either owes the other counts, for every year the fighting touches.
    ladder : dict of str to float
        Kind to rung, 0 to 100.
    small_group : int
        Neutrality, consultation and non-aggression count only up to so many parties.
    axes : Axes
    """
    t, i, j, number = cells(commitments, "from_iso3", "to_iso3", axes)
    flags = {}
    for name in FLAGS:
        flags[name] = np.zeros(axes.shape, dtype=bool)
        has = commitments[name].to_numpy(dtype=bool)[number]
        flags[name][t[has], i[has], j[has]] = True
    diluted = commitments["kind"].isin(_SMALL_GROUP_ONLY) & (commitments["n_parties"] > small_group)
    kinds = tuple(sorted(ladder, key=ladder.__getitem__))
    place = {k: n for n, k in enumerate(kinds)}
    rank = commitments["kind"].where(~diluted, "none").map(place).to_numpy(dtype=np.int64)[number]
    kind = np.full(axes.shape, place["none"])
    row = np.full(axes.shape, -1)
    # Weakest first, so that the strongest is written last; ties go to the later row.
    order = np.lexsort((number, rank))
    kind[t[order], i[order], j[order]] = rank[order]
    row[t[order], i[order], j[order]] = number[order]
    fought = np.zeros(axes.shape, dtype=bool)
    t, i, j, _ = cells(hostilities, "a_iso3", "b_iso3", axes)
    fought[t, i, j] = True
    fought |= swap(fought)
    rung = np.array([ladder[k] for k in kinds])
    return Obligations(kinds, kind, np.where(fought, 0.0, rung[kind]), flags, fought, row)


def tier_cube(tiers: pd.DataFrame, steps: dict[str, float], axes: Axes) -> Array:
    """Lay declared tiers out: the tier at the end of the year, the same from both ends.

    Parameters
    ----------
    tiers : DataFrame
        ``principal_iso3``, ``partner_iso3``, ``level``, ``start_date``, ``end_date``.
    steps : dict of str to float
        Level to value, 0 to 1.

    Returns
    -------
    cube
        NaN where no row speaks of the pair and year: absence of a source is not a 'none'.
    """
    ordered = tiers.sort_values("start_date", kind="stable", ignore_index=True)
    t, i, j, number = cells(ordered, "principal_iso3", "partner_iso3", axes, at_year_end=True)
    out = np.full(axes.shape, np.nan)
    out[t, i, j] = ordered["level"].map(steps).to_numpy(dtype=float)[number]
    other = swap(out)
    # Two principals may each declare on the other; the higher label is the declared one.
    return np.fmax(out, other)


def agreement_counts(agreements: pd.DataFrame, axes: Axes) -> Array:
    """Count agreements in force between two states in each year.

    Parameters
    ----------
    agreements : DataFrame
        One row for each agreement and unordered pair: ``a_iso3``, ``b_iso3``, ``start_date``,
        ``end_date``.
    """
    t, i, j, _ = cells(agreements, "a_iso3", "b_iso3", axes)
    out = np.zeros(axes.shape)
    np.add.at(out, (t, i, j), 1)
    return out + swap(out)


def joint_memberships(
    memberships: pd.DataFrame, coverage: Array, world_mean: Array, axes: Axes
) -> tuple[Array, Array]:
    """Share full memberships in intergovernmental organisations, pair by pair.

    Parameters
    ----------
    memberships : DataFrame
        ``iso3``, ``year``, ``igo``: full members only.
    coverage : bool array, shape (years, states)
        Where the source speaks of a state.
    world_mean : array, shape (years,)
        Mean of the share over all ordered pairs of the world's states.
    axes : Axes

    Returns
    -------
    share : cube
        |full of i and of j| / |full of i|, less the world mean; NaN without coverage or members.
    joint : cube
        |full of i and of j|.
    """
    igos = pd.Categorical(memberships["igo"])
    t, i = axes.year_index(memberships["year"]), axes.state_index(memberships["iso3"])
    keep = (t >= 0) & (i >= 0)
    full = np.zeros((*axes.shape[:2], len(igos.categories)), dtype=np.float32)
    full[t[keep], i[keep], igos.codes[keep]] = 1
    joint = (full @ full.transpose(0, 2, 1)).astype(float)
    own = full.sum(axis=2, dtype=float)
    known = coverage[:, :, None] & coverage[:, None, :] & (own[:, :, None] > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = joint / own[:, :, None] - world_mean[:, None, None]
    return np.where(known, share, np.nan), np.where(known, joint, np.nan)


def presence(troops: Array) -> Array:
    """Add personnel of either state in the other; missing only where neither is known."""
    other = swap(troops)
    total = np.nan_to_num(troops) + np.nan_to_num(other)
    return np.where(np.isnan(troops) & np.isnan(other), np.nan, total)
