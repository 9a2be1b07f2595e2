"""The index under draws of everything that is uncertain, for every pair and year, and fast.

Belongs here: what the data say of their own errors, and drawing some years at a time, so that the
whole panel needs little memory. Does not belong here: what is uncertain and how it is drawn
(`indices.draws`), how a draw goes from the inputs to depth (`indices.sheet`), the headline itself
(`indices.depth`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from indices.cube import Array, Axes
from indices.definition import Definition
from indices.depth import Depth, Indicators
from indices.draws import Draws
from indices.pillars.voting import Ballots

MEASURES = ("depth", "costly", "declared")
# Draws of the years taken together, where one year has not more: 16 MB in each thread.
_CHUNK = 1 << 22
T = TypeVar("T")


@dataclass(frozen=True)
class Evidence:
    """What the data say of their own errors, on the axes of the indicators.

    Parameters
    ----------
    arms : dict of str to array, shape (windows, years, states, states)
        The arms indicators over each window of the definition.
    trade_sd, arms_sd : cube
        Standard deviation of the logarithm of a pair's trade and of its arms transfers.
    oil_lo, oil_hi : cube
        Logarithm of the pair's trade with the lowest and with the highest estimate of unrecorded
        oil, over the best one; zero where there is none.
    votes : Ballots
        By calendar year, over exactly the states of the axes.
    """

    arms: dict[str, Array]
    trade_sd: Array
    arms_sd: Array
    oil_lo: Array
    oil_hi: Array
    votes: Ballots

    def cut(self, at: Array) -> Evidence:
        """Keep some states, by position."""
        rows, columns = at[:, None], at[None, :]
        return Evidence(
            arms={k: v[:, :, rows, columns] for k, v in self.arms.items()},
            trade_sd=self.trade_sd[:, rows, columns],
            arms_sd=self.arms_sd[:, rows, columns],
            oil_lo=self.oil_lo[:, rows, columns],
            oil_hi=self.oil_hi[:, rows, columns],
            votes=replace(
                self.votes,
                codes=self.votes.codes[:, at],
                states=tuple(self.votes.states[k] for k in at),
            ),
        )


def cut(data: Indicators, at: Array) -> Indicators:
    """Keep some states of the indicators, by position."""
    shape, rows, columns = data.axes.shape, at[:, None], at[None, :]

    def keep(cubes: dict[str, Array]) -> dict[str, Array]:
        return {k: np.broadcast_to(v, shape)[:, rows, columns] for k, v in cubes.items()}

    return Indicators(
        Axes(data.axes.years, tuple(data.axes.states[k] for k in at)),
        data.exists[:, rows, columns],
        keep(data.values),
        keep(data.status),
        keep(data.applies),
    )


def mix_means(mixing: Array, low: Array, mean: Array, high: Array) -> Array:
    """Go from the arithmetic mean towards the power mean of 1/2, or towards that of 2.

    Below zero `mixing` is the way towards `low`, where weak pillars hold a tie back; above it
    towards `high`, where strong ones carry it. Power means fall with their power, so that zero, the
    headline, is the median of the draws.
    """
    return mean + np.maximum(-mixing, 0) * (low - mean) + np.maximum(mixing, 0) * (high - mean)


def by_year(
    use: Callable[[int, Array, dict[str, Array]], T],
    data: Indicators,
    depth: Depth,
    evidence: Evidence,
    draws: Draws,
    definition: Definition,
    measures: tuple[str, ...] = MEASURES,
) -> Iterator[T]:
    """Draw the index for every pair that has one, and give each year to a function.

    Parameters
    ----------
    use : callable
        Called with the position of the year, the flat positions i * states + j of its pairs, and
        for each measure their draws: float32, shape (pairs, draws), NaN where the headline is
        missing. Runs in several threads at once.
    data : Indicators
    depth : Depth
        Of the same data: decides which pairs and pillars are known.
    evidence : Evidence
    draws : Draws
    definition : Definition
    measures : tuple of str
        Which of `MEASURES`. The draws of a pair do not depend on this, nor on which other states
        are on the axes, nor on the number of threads.

    Yields
    ------
    object
        What `use` returned, in the order of the years; years without a pair are left out.
    """
    # Compiled loops: a fifth of a second to import, which whoever draws nothing is spared.
    from indices.sheet import Sheet

    if tuple(evidence.votes.states) != data.axes.states:
        raise ValueError("the ballots must be laid out over the states of the axes")
    states = np.array(data.axes.states)
    n = len(states)
    first, second = np.divmod(np.arange(n * n), n)
    pair = np.char.add(states[np.minimum(first, second)], states[np.maximum(first, second)])
    names, of_cell = np.unique(pair, return_inverse=True)
    errors = {f: draws.pair_errors(f, names.tolist()) for f in ("trade_data", "arms_data")}
    sheet = Sheet(data, depth, evidence, draws, definition, errors, of_cell)

    def some(years: list[int]) -> list[T]:
        return [use(*drawn) for drawn in sheet.draw(years, measures)]

    with ThreadPoolExecutor(min(4, len(os.sched_getaffinity(0)))) as pool:
        for done in pool.map(some, _chunks(depth.depth, len(draws))):
            yield from done


def _chunks(depth: Array, draws: int) -> Iterator[list[int]]:
    """Years with a pair, so many together as have `_CHUNK` draws.

    Pairs of several years stand in one block, so that there are fewer and larger ones.
    """
    chunk: list[int] = []
    held = 0
    for t, count in enumerate((~np.isnan(depth)).sum(axis=(1, 2)).tolist()):
        if chunk and held + count * draws > _CHUNK:
            yield chunk
            chunk, held = [], 0
        if count:
            chunk.append(t)
            held += count * draws
    if chunk:
        yield chunk
