"""How alike states vote: agreement, S, kappa and pi for every pair and period at once.

Everything follows from the 3 x 3 table of joint votes of a pair (yes, abstain, no), and all those
tables of a period follow from a few matrix products of 0/1 matrices. Does not belong here: which
roll calls belong to which period or body; that is the caller's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from indices.cube import Array, labelled, positions

# Distance between two votes on the scale yes 1, abstain 2, no 3, over its range.
CODES = {"Y": 0, "A": 1, "N": 2}
DISTANCE = np.abs(np.subtract.outer(np.arange(3), np.arange(3))) / 2.0
MEASURES = ("n_joint", "n_contested", "agreement", "identical_share", "s_score", "kappa", "pi")


@dataclass(frozen=True)
class Ballots:
    """Votes as a matrix.

    Parameters
    ----------
    codes : int8 array, shape (roll calls, states)
        0 yes, 1 abstain, 2 no, -1 anything else (absent, not a member).
    contested : bool array, shape (roll calls,)
        Whether the states present, all of them and not only those on the axis, differed.
    period : int array, shape (roll calls,)
        Session or year of each roll call, ascending.
    states : tuple of str
        States of the columns, ascending.
    """

    codes: Array
    contested: Array
    period: Array
    states: tuple[str, ...]


def ballots(votes: pd.DataFrame, roll_calls: pd.DataFrame, period: str) -> Ballots:
    """Lay votes out as a matrix, roll calls ordered by period.

    Parameters
    ----------
    votes : DataFrame
        ``roll_call_id``, ``iso3``, ``vote`` as in ``core_un__votes``.
    roll_calls : DataFrame
        ``roll_call_id``, ``yes``, ``no``, ``abstain`` and the column `period`; rows whose period
        is missing are left out.
    period : str
        Column of `roll_calls` that groups them.
    """
    kept = roll_calls[roll_calls[period].notna()].sort_values([period, "roll_call_id"])
    states = sorted(votes["iso3"].unique())
    row = positions(votes["roll_call_id"], kept["roll_call_id"])
    column = positions(votes["iso3"], states)
    code = positions(votes["vote"], list(CODES))
    codes = np.full((len(kept), len(states)), -1, dtype=np.int8)
    inside = row >= 0
    codes[row[inside], column[inside]] = code[inside]
    sides = (kept[["yes", "no", "abstain"]].to_numpy() > 0).sum(axis=1)
    return Ballots(codes, sides > 1, kept[period].to_numpy(dtype=np.int64), tuple(states))


def last_full_year(roll_calls: pd.DataFrame) -> int:
    """The last year whose autumn is complete: a recorded Assembly vote on or after 1 December."""
    dates = roll_calls.loc[roll_calls["body"] == "GA", "date"]
    complete = dates[dates.dt.month == 12].dt.year
    if complete.empty:
        raise ValueError("no General Assembly vote in any December: no year of votes is complete")
    return int(complete.max())


def joint_tables(codes: Array) -> Array:
    """Count joint votes.

    Parameters
    ----------
    codes : int8 array, shape (roll calls, states)
        See `Ballots`.

    Returns
    -------
    array of float64, shape (3, 3, states, states)
        ``out[a, b, i, j]``: roll calls in which i voted a and j voted b. ``out[b, a]`` is the
        transpose of ``out[a, b]``, so six products serve for nine.
    """
    chosen = [(codes == a).astype(np.float32) for a in range(3)]
    n = codes.shape[1]
    out = np.empty((3, 3, n, n), dtype=np.float64)
    for a in range(3):
        for b in range(a, 3):
            out[a, b] = chosen[a].T @ chosen[b]
            if a != b:
                out[b, a] = out[a, b].T
    return out


def agreement_measures(joint: Array, contested: Array) -> dict[str, Array]:
    """Compute every measure of agreement from joint-vote tables.

    Parameters
    ----------
    joint : array, shape (3, 3, ...)
        Tables over all roll calls.
    contested : array, shape (3, 3, ...)
        Tables over the roll calls that were not unanimous among those present.

    Returns
    -------
    dict of str to array
        Keys `MEASURES`. With P the table over its sum n, row margins p and column margins q, and
        d the distance 0, 1/2, 1 between votes: agreement = 1 - mean d over contested votes;
        identical_share the share of contested votes that are equal; S = 2 agreement - 1
        (Signorino and Ritter 1999); kappa = 1 - sum P d / sum p q' d, with linear weights
        (Cohen 1968); pi = (Po - Pe) / (1 - Pe) with Pe = sum ((p + q) / 2)^2
        (Scott 1955). NaN where a denominator is zero.
    """
    ab = [(a, b) for a in range(3) for b in range(3)]
    n = joint.sum(axis=(0, 1))
    n_contested = contested.sum(axis=(0, 1))
    row, column = joint.sum(axis=1), joint.sum(axis=0)
    same = joint[0, 0] + joint[1, 1] + joint[2, 2]
    alike = contested[0, 0] + contested[1, 1] + contested[2, 2]
    observed = sum(DISTANCE[a, b] * joint[a, b] for a, b in ab if a != b)
    expected = sum(DISTANCE[a, b] * row[a] * column[b] for a, b in ab if a != b)
    apart = sum(DISTANCE[a, b] * contested[a, b] for a, b in ab if a != b)
    pooled = sum(((row[a] + column[a]) / 2) ** 2 for a in range(3))
    with np.errstate(divide="ignore", invalid="ignore"):
        agreement = 1 - apart / n_contested
        kappa = np.where(expected > 0, 1 - observed * n / expected, np.nan)
        by_chance = pooled / n**2
        identical = alike / n_contested
        pi = np.where(n**2 - pooled > 0, (same / n - by_chance) / (1 - by_chance), np.nan)
    return {
        "n_joint": n,
        "n_contested": n_contested,
        "agreement": agreement,
        "identical_share": identical,
        "s_score": 2 * agreement - 1,
        "kappa": kappa,
        "pi": pi,
    }


def _tables_of_pairs(codes: Array, i: Array, j: Array) -> Array:
    """Joint votes of the pairs of columns i, j: (3, 3, pairs), each of the counts contiguous."""
    return joint_tables(codes).reshape(3, 3, -1).take(i * codes.shape[1] + j, axis=-1)


def _unordered_pairs(votes: Ballots) -> tuple[Array, Array, dict[str, Array]]:
    """Compute every measure once for each period and unordered pair with a joint vote.

    Every measure is symmetric, and in the early periods half of the states were no members yet.

    Returns
    -------
    periods : int array, shape (periods,)
    place : int32 array, shape (periods, states, states)
        Where the pair's values stand in the arrays of `measures`; -1 without a joint vote.
    measures : dict of str to array, shape (period-pairs,)
        See `agreement_measures`.
    """
    periods, first = np.unique(votes.period, return_index=True)
    ends = np.append(first, len(votes.period))[1:]
    n = len(votes.states)
    place = np.full((len(periods), n, n), -1, dtype=np.int32)
    parts: list[dict[str, Array]] = []
    total = 0
    for k, (a, b) in enumerate(zip(first, ends, strict=True)):
        present = np.flatnonzero((votes.codes[a:b] >= 0).any(axis=0))
        codes, contested = votes.codes[a:b, present], votes.contested[a:b]
        i, j = np.triu_indices(len(present))
        joint = _tables_of_pairs(codes, i, j)
        # Unanimous roll calls are few: take their tables away instead of counting again.
        fought = joint - _tables_of_pairs(codes[~contested], i, j) if not contested.all() else joint
        parts.append(agreement_measures(joint, fought))
        met = parts[-1]["n_joint"] > 0
        at = np.where(met, np.arange(total, total + len(i)), -1)
        place[k, present[i], present[j]] = place[k, present[j], present[i]] = at
        total += len(i)
    none = np.empty(0)  # for votes of no period at all
    return periods, place, {m: np.concatenate([none, *(p[m] for p in parts)]) for m in MEASURES}


def agreement_by_period(votes: Ballots) -> tuple[Array, dict[str, Array]]:
    """Compute every measure for every period and ordered pair.

    Returns
    -------
    periods : int array, shape (periods,)
    measures : dict of str to array, shape (periods, states, states)
        See `agreement_measures`.
    """
    periods, place, measures = _unordered_pairs(votes)
    # The last place, -1, is that of the pairs without a joint vote.
    none = {m: 0.0 if m.startswith("n_") else np.nan for m in MEASURES}
    return periods, {m: np.append(v, none[m])[place] for m, v in measures.items()}


def agreement_dyads(votes: Ballots, period: str) -> pd.DataFrame:
    """Return the measures of every ordered pair with a joint vote, one row each and period.

    Returns
    -------
    DataFrame
        ``from_iso3``, ``to_iso3``, `period` and `MEASURES`, sorted by the three.
    """
    periods, place, measures = _unordered_pairs(votes)
    # In the order of the rows; each column is then one gathering from a short array.
    ordered = np.ascontiguousarray(place.transpose(1, 2, 0))
    itself = np.arange(len(votes.states))
    ordered[itself, itself] = -1
    listed = ordered >= 0
    i, j, t = np.nonzero(listed)
    source = ordered[listed]
    frame = {
        "from_iso3": labelled(i, votes.states),
        "to_iso3": labelled(j, votes.states),
        period: periods[t],
    }
    for name in MEASURES:
        column = measures[name].astype(np.int64) if name.startswith("n_") else measures[name]
        frame[name] = column[source]
    return pd.DataFrame(frame, copy=False)


def kappa_influence(codes: Array, first: Array, second: Array) -> Array:
    """First-order effect of each roll call on the kappa of some pairs.

    Parameters
    ----------
    codes : int8 array, shape (roll calls, states)
    first, second : int array, shape (pairs,)
        Positions of the two states of each pair.

    Returns
    -------
    array, shape (roll calls, pairs)
        The influence function of the weighted kappa 1 - Do/De over the pair's joint votes, each
        divided by their number n: kappa of a reweighted sample is about kappa plus the sum of
        these over roll calls, each times its weight. Zero where one of the two did not vote, or
        where kappa has no value. The sum over roll calls is zero. Source: the delta method as in
        Efron (1982), the infinitesimal jackknife.
    """
    joint = joint_tables(codes)[:, :, first, second]
    n = joint.sum(axis=(0, 1))
    table = np.zeros((4, 4, len(first)))
    with np.errstate(divide="ignore", invalid="ignore"):
        p, q = joint.sum(axis=1) / n, joint.sum(axis=0) / n
        do = np.einsum("ab,abk->k", DISTANCE, joint) / n
        de = np.einsum("ab,ak,bk->k", DISTANCE, p, q)
        # Expected distance of a vote a of i from j's margin, and of a vote b of j from i's.
        from_j = np.einsum("ab,bk->ak", DISTANCE, q)
        from_i = np.einsum("ab,ak->bk", DISTANCE, p)
        for a in range(3):
            for b in range(3):
                effect = -(DISTANCE[a, b] - do) / de
                effect = effect + do / de**2 * (from_j[a] + from_i[b] - 2 * de)
                table[a, b] = np.where((n > 0) & (de > 0), effect / n, 0.0)
    # The code -1, no vote, picks the last and empty row of the table.
    return table[codes[:, first], codes[:, second], np.arange(len(first))]
