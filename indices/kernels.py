"""The inner loops of the draws, compiled: one tie at a time, so that nothing leaves the cache.

Belongs here: arithmetic over draws, on arrays that lie ready. Does not belong here: what the
figures mean and how they are laid out, which is `indices.sheet`.

Single precision throughout, each operation by itself and in the order written: no sum is
re-ordered and no product is fused with a sum, so that every processor gives the same bits. The
compiled code is kept beside the byte-code; without it the first call compiles for some seconds.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from indices.compiled import compiled
from indices.cube import Array

# How the score of an indicator comes about.
PLAIN, TRADE, ARMS, TABLE = range(4)
_ZERO, _FULL = np.float32(0), np.float32(100)


class Scores(NamedTuple):
    """What the scores of some ties are made of. All floats are float32; NaN only where not used.

    Parameters
    ----------
    kind : int array, shape (indicators,)
        `PLAIN`, `TRADE`, `ARMS` or `TABLE`.
    at : array, shape (indicators, ties, windows)
        Transformed values; but for `ARMS` all in the first window.
    slope, height : array, shape (indicators, draws)
        The score is slope * value + height, held between 0 and 100.
    sd : array, shape (indicators, ties)
        What a standard normal error of the pair moves the transformed value by.
    cap : array, shape (indicators, ties)
        Highest score that `TRADE` can have; infinite where there is no cap.
    oil_low, oil_high : array, shape (indicators, ties)
        What the lowest and the highest estimate of unrecorded oil moves the transformed value by.
    towards_low, towards_high : array, shape (draws,)
        How far to go towards either.
    window : int array, shape (draws,)
    pair : int array, shape (ties,)
        Row in the errors.
    trade_error, arms_error : array, shape (pairs, draws)
    table : array, shape (rows, draws)
        Scores of `TABLE`.
    row : int array, shape (indicators, ties)
        Row in the table.
    """

    kind: Array
    at: Array
    slope: Array
    height: Array
    sd: Array
    cap: Array
    oil_low: Array
    oil_high: Array
    towards_low: Array
    towards_high: Array
    window: Array
    pair: Array
    trade_error: Array
    arms_error: Array
    table: Array
    row: Array


class Parts(NamedTuple):
    """Which pillars count for ties of one pattern, and what counts in them.

    Parameters
    ----------
    pillar : float32 array, shape (parts, draws)
        Weights of the pillars.
    start : int array, shape (parts + 1,)
        Where the indicators of each part begin; the last is their number.
    indicator : int array, shape (inside,)
        Positions in `Scores`.
    weight : float32 array, shape (inside, draws)
        Weights inside the pillar.
    """

    pillar: Array
    start: Array
    indicator: Array
    weight: Array


@compiled
def _line(out: Array, slope: Array, height: Array) -> None:
    """Turn transformed values into scores, in place."""
    for d in range(len(out)):
        value = out[d] * slope[d] + height[d]
        value = _ZERO if value < _ZERO else value
        out[d] = _FULL if value > _FULL else value


@compiled
def score_lines(table: Array, at: Array, slope: Array, height: Array) -> None:
    """Turn errors around the value of each row into scores, in place.

    Parameters
    ----------
    table : float32 array, shape (rows, draws)
    at : float32 array, shape (rows,)
    slope, height : float32 array, shape (draws,)
    """
    for r in range(len(at)):
        row, value = table[r], at[r]
        for d in range(len(row)):
            row[d] += value
        _line(row, slope, height)


@compiled
def _score(scores: Scores, k: int, tie: int, out: Array) -> None:
    """Score one indicator of one tie in every draw."""
    kind = scores.kind[k]
    if kind == TABLE:
        row = scores.table[scores.row[k, tie]]
        for d in range(len(out)):
            out[d] = row[d]
        return
    at = scores.at[k, tie]
    if kind == PLAIN:
        for d in range(len(out)):
            out[d] = at[0]
    elif kind == TRADE:
        error, sd = scores.trade_error[scores.pair[tie]], scores.sd[k, tie]
        for d in range(len(out)):
            out[d] = error[d] * sd + at[0]
        low, high = scores.oil_low[k, tie], scores.oil_high[k, tie]
        if low != _ZERO or high != _ZERO:
            for d in range(len(out)):
                out[d] += scores.towards_low[d] * low + scores.towards_high[d] * high
    else:
        error, sd = scores.arms_error[scores.pair[tie]], scores.sd[k, tie]
        for d in range(len(out)):
            out[d] = error[d] * sd + at[scores.window[d]]
    _line(out, scores.slope[k], scores.height[k])
    if kind == TRADE:
        cap = scores.cap[k, tie]
        if cap < _FULL:
            for d in range(len(out)):
                out[d] = min(out[d], cap)


@compiled
def draw_depth(
    scores: Scores,
    parts: Parts,
    towards_low: Array,
    towards_high: Array,
    ties: Array,
    out: Array,
) -> None:
    """Draw the index of ties that all have the same pattern.

    Parameters
    ----------
    scores : Scores
    parts : Parts
    towards_low, towards_high : float32 array, shape (draws,)
        How far from the arithmetic mean towards the power mean of 1/2 and towards that of 2: see
        `indices.intervals.mix_means`.
    ties : int array, shape (some,)
        Positions in `scores` and in `out`.
    out : float32 array, shape (ties, draws)
        Rows of `ties` are written.
    """
    draws = out.shape[1]
    score, pillar = np.empty(draws, np.float32), np.empty(draws, np.float32)
    root, square = np.empty(draws, np.float32), np.empty(draws, np.float32)
    for tie in ties:
        mean = out[tie]
        mean[:] = _ZERO
        root[:] = _ZERO
        square[:] = _ZERO
        for p in range(len(parts.pillar)):
            for m in range(parts.start[p], parts.start[p + 1]):
                own = parts.weight[m]
                if m == parts.start[p]:
                    _score(scores, parts.indicator[m], tie, pillar)
                    for d in range(draws):
                        pillar[d] *= own[d]
                else:
                    _score(scores, parts.indicator[m], tie, score)
                    for d in range(draws):
                        pillar[d] += score[d] * own[d]
            weight = parts.pillar[p]
            for d in range(draws):
                root[d] += np.sqrt(pillar[d]) * weight[d]
                part = pillar[d] * weight[d]
                mean[d] += part
                square[d] += part * pillar[d]
        for d in range(draws):
            low = root[d] * root[d] - mean[d]
            high = np.sqrt(square[d]) - mean[d]
            mean[d] = mean[d] + low * towards_low[d] + high * towards_high[d]


@compiled
def _key(bits: Any) -> Any:
    """Turn a float32, read as an integer, into one that is in order as the floats are, or back."""
    return bits ^ np.int32(0x7FFFFFFF) if bits < 0 else bits


@compiled
def neighbours(values: Array, places: Array) -> Array:
    """Find the values at some places of the order of each row, and at the place after each.

    Cheaper than sorting: a bisection between the least and the greatest, each step of which counts
    a whole row, until a single value lies between.

    Parameters
    ----------
    values : float32 array, shape (rows, draws)
        Without NaN.
    places : int array, shape (places,)
        From zero for the least.

    Returns
    -------
    float32 array, shape (rows, places, 2)
        The greatest twice where nothing comes after it.
    """
    draws = values.shape[1]
    keys = np.empty(draws, np.int32)
    out = np.empty((len(values), len(places), 2), np.int32)
    for r in range(len(values)):
        bits = values[r].view(np.int32)
        least, greatest = _key(bits[0]), _key(bits[0])
        for d in range(draws):
            keys[d] = _key(bits[d])
            least, greatest = min(least, keys[d]), max(greatest, keys[d])
        for p in range(len(places)):
            place = places[p]
            # From `low` to `high` lie the keys at the places from `below` to before `through`.
            low, high = least, greatest
            below, through = np.int32(0), np.int32(draws)
            while low < high and through - below > 1:
                middle = np.int32((np.int64(low) + high) >> 1)
                count = np.int32(0)
                for d in range(draws):
                    count += np.int32(keys[d] <= middle)
                if count > place:
                    high, through = middle, count
                else:
                    low, below = np.int32(middle + 1), count
            # One key lies between, or equal ones: the greatest up to there. After them comes the
            # least of the others.
            one, two = least, greatest
            for d in range(draws):
                one = max(one, keys[d] if keys[d] <= high else least)
                two = min(two, keys[d] if keys[d] > high else greatest)
            if place + 1 < through:
                two = one
            out[r, p, 0], out[r, p, 1] = _key(one), _key(two)
    return out.view(np.float32)
