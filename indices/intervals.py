"""Intervals of the depth index: weights drawn around the nominal ones, roll calls resampled.

Belongs here: what is uncertain in this index, and carrying each draw from the inputs to depth for
every pair. Does not belong here: general drawing and interval code (`indices.composite`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from indices.composite.normalise import goalposts
from indices.composite.uncertainty import dirichlet_weights
from indices.cube import Array
from indices.definition import Definition, Indicator
from indices.depth import Depth, Indicators
from indices.pillars.voting import Ballots, kappa_influence

MEASURES = ("depth", "costly", "declared")


@dataclass(frozen=True)
class WeightDraws:
    """Drawn weights: of the pillars, shape (draws, pillars), and of the indicators in each."""

    pillars: Array
    indicators: dict[str, Array]


def draw_weights(definition: Definition) -> WeightDraws:
    """Draw all weights of the index from its seed."""
    u = definition.uncertainty
    draws, concentration = int(u["draws"]), u["weight_concentration"]
    rng = np.random.default_rng([int(u["seed"]), 0])

    def draw(weights: list[float]) -> Array:
        return dirichlet_weights(np.array(weights), concentration, draws, rng).astype(np.float32)

    return WeightDraws(
        pillars=draw([p.weight for p in definition.pillars]),
        indicators={p.name: draw([i.weight for i in p.indicators]) for p in definition.pillars},
    )


def _kappa_draws(
    codes: Array, kappa: Array, cells: Array, draws: int, rng: np.random.Generator
) -> Array:
    """Kappa of some cells over bootstrap samples of roll calls, to first order: (cells, draws)."""
    m, n = codes.shape
    if not m:  # a year without recorded votes: nothing to resample
        return np.repeat(kappa.reshape(-1)[cells, None], draws, axis=1)
    weights = rng.multinomial(m, np.full(m, 1 / m), size=draws) - 1.0
    # Kappa is the same from both ends of a pair: compute it once.
    i, j = np.divmod(cells, n)
    pairs, of_cell = np.unique(np.minimum(i, j) * n + np.maximum(i, j), return_inverse=True)
    effect = kappa_influence(codes, *np.divmod(pairs, n))
    return (kappa.reshape(-1)[pairs, None] + (weights @ effect).T)[of_cell]


def yearly_draws(
    data: Indicators,
    depth: Depth,
    votes: Ballots,
    definition: Definition,
    measures: tuple[str, ...] = MEASURES,
) -> Iterator[tuple[int, Array, dict[str, Array]]]:
    """Draw the index for every pair that has one, a year at a time.

    Parameters
    ----------
    data : Indicators
    depth : Depth
        Of the same data: decides which pairs and pillars are known.
    votes : Ballots
        By calendar year, over exactly the states of the axes.
    definition : Definition
    measures : tuple of str
        Which of `MEASURES` to draw. The draws of a pair do not depend on this, nor on which other
        states are on the axes.

    Yields
    ------
    t : int
        Position of the year.
    cells : int array, shape (rows,)
        Flat positions i * states + j.
    draws : dict of str to array of float32, shape (rows, draws)
        For each of `measures`; NaN where the headline is missing.
    """
    if tuple(votes.states) != data.axes.states:
        raise ValueError("the ballots must be laid out over the states of the axes")
    weights = draw_weights(definition)
    n_draws = len(weights.pillars)
    seed = int(definition.uncertainty["seed"])
    vote = next(i for i in definition.indicators if i.name == "vote_kappa")
    for t, year in enumerate(data.axes.years):
        cells = np.flatnonzero(~np.isnan(depth.depth[t]))
        if not len(cells):
            continue
        rng = np.random.default_rng([seed, year])
        cast = votes.codes[votes.period == year]
        kappa = _kappa_draws(cast, data.values["vote_kappa"][t], cells, n_draws, rng)
        vote_scores = goalposts(kappa, vote.transform, vote.lo, vote.hi).astype(np.float32)
        yield (
            t,
            cells,
            {
                m: _draw_rows(m, t, cells, data, depth, weights, vote_scores, definition)
                for m in measures
            },
        )


_KINDS = {"depth": ("costly", "declared"), "costly": ("costly",), "declared": ("declared",)}


def _draw_rows(
    measure: str,
    t: int,
    cells: Array,
    data: Indicators,
    depth: Depth,
    weights: WeightDraws,
    vote_scores: Array,
    definition: Definition,
) -> Array:
    """Draw one measure for some cells of a year: float32, shape (cells, draws).

    What an indicator weighs in a draw depends on the cell only through which indicators are known
    there. There are few such patterns, so the weights are worked out once for each.
    """
    chosen = [i for i in definition.indicators if i.kind in _KINDS[measure]]
    scores = np.stack([depth.scores[i.name][t].reshape(-1)[cells] for i in chosen], axis=1)
    known = ~np.isnan(scores)
    for c, i in enumerate(chosen):
        if i.name in data.applies:
            known[:, c] &= data.applies[i.name][t].reshape(-1)[cells]
        if measure == "depth":  # a pillar below its minimum weight counts as unknown altogether
            known[:, c] &= ~np.isnan(depth.pillars[i.pillar][t].reshape(-1)[cells])
    values = np.where(known, scores, 0).astype(np.float32)
    pattern = known @ (1 << np.arange(len(chosen)))
    out = np.zeros((len(cells), len(weights.pillars)), np.float32)
    for one in np.unique(pattern):
        rows = np.flatnonzero(pattern == one)
        total = np.zeros((len(rows), out.shape[1]), np.float32)
        effective = _effective_weights(known[rows[0]], chosen, weights, definition)
        # Added one by one, not as a matrix product: whose sums differ from processor to processor.
        for c, i in enumerate(chosen):
            if i.name == "vote_kappa" and known[rows[0], c]:
                total += vote_scores[rows] * effective[c]
            elif values[rows, c].any():
                total += values[rows, c, None] * effective[c]
        out[rows] = total
    headline = {"depth": depth.depth, "costly": depth.costly, "declared": depth.declared}
    out[np.isnan(headline[measure][t].reshape(-1)[cells])] = np.nan
    return out


def _effective_weights(
    known: Array, chosen: list[Indicator], weights: WeightDraws, definition: Definition
) -> Array:
    """Weight of each chosen indicator in the whole, renormalised: shape (indicators, draws)."""
    out = np.zeros((len(chosen), len(weights.pillars)), np.float32)
    pillar_total = np.zeros(len(weights.pillars), np.float32)
    for k, p in enumerate(definition.pillars):
        at = [c for c, i in enumerate(chosen) if i.pillar == p.name and known[c]]
        if not at:
            continue
        drawn = weights.indicators[p.name].T[[p.indicators.index(chosen[c]) for c in at]]
        out[at] = weights.pillars[:, k] * drawn / drawn.sum(axis=0)
        pillar_total += weights.pillars[:, k]
    return out / pillar_total if pillar_total.any() else out
