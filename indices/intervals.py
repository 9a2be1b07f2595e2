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
from indices.definition import Definition
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
    shape = (len(cells), len(weights.pillars))
    total = np.zeros(shape, np.float32)
    present: Array = np.zeros((1, shape[1]), np.float32)
    for k, p in enumerate(definition.pillars):
        columns = [n for n, i in enumerate(p.indicators) if i.kind in _KINDS[measure]]
        if not columns:
            continue
        if p.name == "voting":
            score = vote_scores
        else:
            score = _draw_pillar(t, cells, p.name, columns, data, depth, weights, definition)
        weight = weights.pillars[:, k]
        known = ~np.isnan(depth.pillars[p.name][t].reshape(-1)[cells])
        if measure != "depth" or known.all():
            present = present + weight
            total += score * weight
        else:
            present = present + known[:, None] * weight
            # An unknown pillar weighs nothing, but nothing times NaN would still be NaN.
            total += np.where(known[:, None], score, np.float32(0)) * weight
    total /= present
    draws = total
    headline = {"depth": depth.depth, "costly": depth.costly, "declared": depth.declared}
    draws[np.isnan(headline[measure][t].reshape(-1)[cells])] = np.nan
    return draws


def _draw_pillar(
    t: int,
    cells: Array,
    pillar: str,
    columns: list[int],
    data: Indicators,
    depth: Depth,
    weights: WeightDraws,
    definition: Definition,
) -> Array:
    p = next(q for q in definition.pillars if q.name == pillar)
    scores = np.stack(
        [depth.scores[p.indicators[n].name][t].reshape(-1)[cells] for n in columns], axis=1
    )
    for c, n in enumerate(columns):
        mask = data.applies.get(p.indicators[n].name)
        if mask is not None:
            scores[~mask[t].reshape(-1)[cells], c] = np.nan
    known = ~np.isnan(scores)
    scores = np.where(known, scores, 0).astype(np.float32)
    drawn = weights.indicators[pillar][:, columns]
    total = np.zeros((len(cells), len(drawn)), np.float32)
    present: Array = np.zeros((1, len(drawn)), np.float32)
    # Added one by one, not as a matrix product: whose sums differ from processor to processor.
    for c in range(len(columns)):
        total += scores[:, c, None] * drawn[:, c]
        if known[:, c].all():
            present = present + drawn[:, c]
        elif known[:, c].any():
            present = present + known[:, c, None] * drawn[:, c]
    with np.errstate(divide="ignore", invalid="ignore"):
        total /= present
    return total
