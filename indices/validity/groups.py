"""Known groups: does depth without treaties tell defence pacts, and rivals, from other pairs?

Belongs here: who is an ally and who a rival in a year, which pairs are compared, what is drawn
together, and the tables of results. Does not belong here: the statistics (`classify`), or anything
the index is tuned on. What is tested was fixed beforehand in docs/VALIDITY_PLAN.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from indices.composite.uncertainty import DECIMALS as ROUNDED
from indices.composite.uncertainty import interval
from indices.cube import Array, Axes, swap
from indices.pillars.treaties import cells
from indices.validity.classify import classify, counts, placements
from schemas import table

HEADLINE = "without_treaties"
PILLARS = ("trade", "arms", "voting")
SCORES = (
    HEADLINE,
    *PILLARS,
    "trade_share",
    "vote_agreement",
    "ideal_point_distance",
    "arms_volume",
)
GREAT_POWERS = ("CHN", "FRA", "GBR", "RUS", "USA")
ARAB_LEAGUE = "ATOP 3205"
# Who should stand high, and who low.
POLES = ("allies_others", "allies_rivals", "rivals_others")

# The window is the last so many years in which at least this share of all pairs has a score: after
# a source of trade ends, what is left is those pairs that a question is about, not a sample.
WINDOW_YEARS = 10
COVERED = 0.5
# Bootstrap samples in a single year, in the window, and in the window for the rival poles. The end
# of an interval is good to a sixth, a twentieth and a tenth of a standard error: in the window the
# lead over a baseline is judged by its sign, and some come near zero. As many everywhere would cost
# the build seconds.
YEARLY_SAMPLES = 200
WINDOW_SAMPLES = 2000
RIVAL_SAMPLES = 500
RELABELLINGS = 500
# Percentiles over fewer pacts say nothing.
FEWEST_CLUSTERS = 5
# Draws are good to two digits; more would only show the rounding of the processor.
DECIMALS = 6
# Of the seed, so that no other draw of the package is repeated.
_STREAM = 7
NONE = -1
WITHOUT_LEAGUE = "pairs_without_arab_league"
# The source knows pacts by number; these are those of many states.
NAMES = {
    "ATOP 3075": "Rio Treaty",
    "ATOP 3130": "Western European Union",
    "ATOP 3150": "Charter of the Organization of American States",
    "ATOP 3180": "North Atlantic Treaty",
    ARAB_LEAGUE: "Joint Defence Treaty of the Arab League",
    "ATOP 3260": "Manila Pact (SEATO)",
    "ATOP 4175": "Treaty on European Union",
    "ATOP 4220": "Collective Security Treaty (CSTO)",
    "ATOP 4400": "Charter of the Commonwealth of Independent States",
    "ATOP 4965": "Joint Defence Agreement of the Gulf Cooperation Council",
    "ATOP 5055": "Common Defence Pact of the African Union",
}

_KEY = ["first_year", "last_year", "sample", "pole", "predictor"]
_ABOUT = [
    "n_years",
    "n_positive",
    "n_negative",
    "n_clusters",
    "n_negative_pairs",
    "n_positive_unscored",
    "coverage",
    "prevalence",
]
_PACT = [
    *["first_year", "last_year", "pact", "name", "members", "n_pairs", "n_pair_years", "predictor"],
    *["auc", "auc_others"],
]
_PLACEBO = [
    *["first_year", "last_year", "pole", "predictor", "n_years", "auc", "placebo_mean"],
    *["placebo_lo90", "placebo_hi90", "share_reaching", "n_relabellings"],
]


@dataclass(frozen=True)
class Groups:
    """Scores of directed pairs, and what the two states are to each other.

    Parameters
    ----------
    axes : Axes
    exists : bool cube
        Pairs of two different states that both existed.
    scores : dict of str to cube
        `SCORES` by name; NaN is missing, higher is closer.
    pacts : tuple of str
        Names of pacts, which `pact` counts through.
    pact : int cube
        The pact a pair belongs to, the same from both ends; `NONE` without one.
    rival : bool cube
        At war or in rivalry, the same from both ends.
    """

    axes: Axes
    exists: Array
    scores: dict[str, Array]
    pacts: tuple[str, ...]
    pact: Array
    rival: Array


@dataclass(frozen=True)
class Sample:
    """The pairs that are compared with each other.

    Parameters
    ----------
    name : str
    exists : bool array, shape (years, pairs)
    scores : array, shape (`SCORES`, years, pairs)
    pact, rival : arrays, shape (years, pairs)
        As in `Groups`.
    pair : int array, shape (pairs,)
        Number of the pair; both directions have one.
    """

    name: str
    exists: Array
    scores: Array
    pact: Array
    rival: Array
    pair: Array

    @cached_property
    def known(self) -> Array:
        """Scores that exist in each year, for any pair: bool array, shape (years, `SCORES`)."""
        return (~np.isnan(self.scores)).any(axis=2).T

    @cached_property
    def complete(self) -> Array:
        """Pairs with all scores that exist in the year: bool array, shape (years, pairs)."""
        missing = np.isnan(self.scores) & self.known.T[:, :, None]
        return self.exists & ~missing.any(axis=0)


@dataclass(frozen=True)
class Comparison:
    """One year of a sample, divided in two.

    Parameters
    ----------
    year : int
        Position on the axis of years.
    scores : list of int
        Positions in `SCORES` of those that exist in the year.
    positive, negative : int arrays
        Positions of pairs for which all of these are known.
    unscored : int
        Positives for which one is missing.
    coverage : float
        Share of the sample's pairs for which all are known.
    """

    year: int
    scores: list[int]
    positive: Array
    negative: Array
    unscored: int
    coverage: float


def pact_cube(commitments: pd.DataFrame, axes: Axes) -> tuple[tuple[str, ...], Array]:
    """Find the defence pact of every pair and year.

    Parameters
    ----------
    commitments : DataFrame
        ``core_treaties__commitments``. A pact binds a pair in every year it touches, and if one
        owes the other defence, whichever.
    axes : Axes

    Returns
    -------
    names : tuple of str
        Instruments, fewest parties first.
    cube of int
        The pair's instrument with most parties (of equals the first by name), or `NONE`.
    """
    held = commitments[commitments["has_defense"]]
    sizes = held.groupby("instrument", observed=True)["n_parties"].max()
    # The largest is written last and stays; reversed names, so that of equals the first does.
    order = sizes.sort_index(ascending=False).sort_values(kind="stable").index
    names = tuple(str(n) for n in order)
    t, i, j, row = cells(held, "from_iso3", "to_iso3", axes)
    number = order.get_indexer(pd.Index(held["instrument"]))[row]
    out = np.full(axes.shape, NONE)
    np.maximum.at(out, (t, i, j), number)
    return names, np.maximum(out, swap(out))


def rival_cube(rivalries: pd.DataFrame, hostilities: pd.DataFrame, axes: Axes) -> Array:
    """Find the pairs in rivalry or at war in each year: bool cube.

    Parameters
    ----------
    rivalries : DataFrame
        ``raw_curated__rivalries``; first and last year count.
    hostilities : DataFrame
        ``raw_curated__hostilities``; wars only, in every year they touch. A clash or an occupation
        makes a rival where the list of rivalries says so.
    axes : Axes
    """
    out = np.zeros(axes.shape, dtype=bool)
    first, last = rivalries["start_year"], rivalries["end_year"].fillna(axes.years[-1])
    i, j = axes.state_index(rivalries["state_a"]), axes.state_index(rivalries["state_b"])
    for a, b, start, end in zip(i, j, first - axes.years[0], last - axes.years[0], strict=True):
        if min(a, b) >= 0 and end >= 0:
            out[max(start, 0) : end + 1, a, b] = True
    t, i, j, _ = cells(hostilities[hostilities["kind"] == "war"], "a_iso3", "b_iso3", axes)
    out[t, i, j] = True
    return out | swap(out)


def score_cubes(
    pillars: pd.DataFrame, indicators: pd.DataFrame, votes: pd.DataFrame, axes: Axes
) -> dict[str, Array]:
    """Lay the scores that are compared out, all of them higher for closer pairs.

    Parameters
    ----------
    pillars, indicators : DataFrame
        ``out_pillars__yearly_dyads``, ``out_indicators__yearly_dyads``.
    votes : DataFrame
        ``core_un__yearly_dyads``.
    axes : Axes
    """

    def of(frame: pd.DataFrame, column: str, name: str, value: str) -> Array:
        labels = frame[column].astype("category").cat
        if name not in labels.categories:
            return np.full(axes.shape, np.nan)
        rows = np.flatnonzero(labels.codes == labels.categories.get_loc(name))
        chosen = frame[["from_iso3", "to_iso3", "year", value]].iloc[rows]
        return axes.cube(chosen, "from_iso3", "to_iso3", value)

    out = {p: of(pillars, "pillar", p, "score") for p in PILLARS}
    for name in ("trade_share", "arms_volume"):
        out[name] = of(indicators, "indicator", name, "value")
    columns = ("agreement", "ideal_point_distance")
    out["vote_agreement"], distance = axes.cubes(votes, "from_iso3", "to_iso3", columns)
    out["ideal_point_distance"] = -distance
    out[HEADLINE] = np.mean([out[p] for p in PILLARS], axis=0)
    # What sums have left in the last digits makes no order.
    return {name: np.round(out[name], 9) for name in SCORES}


def samples(groups: Groups) -> list[Sample]:
    """All pairs; those without the Arab League's; the views of the great powers."""
    size = len(groups.axes.states)
    i, j = np.triu_indices(size, 1)
    mutual = {k: (v + swap(v)) / 2 for k, v in groups.scores.items()}
    pairs = _sample("pairs", groups, mutual, i, j)
    league = groups.pacts.index(ARAB_LEAGUE) if ARAB_LEAGUE in groups.pacts else NONE - 1
    kept = pairs.pact != league
    without = replace(pairs, name=WITHOUT_LEAGUE, exists=pairs.exists & kept)
    powers = [groups.axes.states.index(p) for p in GREAT_POWERS if p in groups.axes.states]
    i, j = np.repeat(np.array(powers, dtype=int), size), np.tile(np.arange(size), len(powers))
    views = _sample("great_powers", groups, groups.scores, i[i != j], j[i != j])
    return [pairs, without, views]


def _sample(name: str, groups: Groups, scores: dict[str, Array], i: Array, j: Array) -> Sample:
    low, high = np.minimum(i, j), np.maximum(i, j)
    _, pair = np.unique(low * len(groups.axes.states) + high, return_inverse=True)
    return Sample(
        name,
        groups.exists[:, i, j],
        np.stack([scores[s][:, i, j] for s in SCORES]),
        groups.pact[:, i, j],
        groups.rival[:, i, j],
        pair,
    )


def compare(sample: Sample, pole: str, t: int) -> Comparison | None:
    """Divide a year's pairs; None in a year without scores of depth."""
    if not sample.known[t, 0]:
        return None
    exists, complete = sample.exists[t], sample.complete[t]
    ally, rival = sample.pact[t] >= 0, sample.rival[t]
    high, low = {
        "allies_others": (ally, ~ally),
        "allies_rivals": (ally, rival & ~ally),
        "rivals_others": (rival, ~rival),
    }[pole]
    return Comparison(
        t,
        np.flatnonzero(sample.known[t]).tolist(),
        np.flatnonzero(high & complete),
        np.flatnonzero(low & complete),
        int((high & exists & ~complete).sum()),
        float(complete.sum() / max(exists.sum(), 1)),
    )


def comparisons(sample: Sample, pole: str, years: Iterable[int]) -> list[Comparison]:
    """Divide the pairs of each year that has some on both sides."""
    found = (compare(sample, pole, t) for t in years)
    return [c for c in found if c and len(c.positive) and len(c.negative)]


def window_years(sample: Sample) -> list[int]:
    """Return the positions of the years of the window."""
    whole = [compare(sample, POLES[0], t) for t in range(len(sample.exists))]
    return [c.year for c in whole if c and c.coverage >= COVERED][-WINDOW_YEARS:]


def drawn_by(sample: Sample, pole: str) -> Array:
    """Return what positives are drawn by: their pact, or the pair where they are rivals."""
    if pole.startswith("allies"):
        return sample.pact
    return np.broadcast_to(sample.pair, sample.pact.shape)


def resampled(
    sample: Sample, pole: str, years: Sequence[Comparison], pair: Array, stream: Sequence[int]
) -> tuple[Array, Array]:
    """Compute both statistics for the years given, as they are and in bootstrap samples.

    Pacts are drawn, with all their pairs and years, and negative pairs, with all their years: one
    draw for all years and scores, so that means and differences keep their correlation.

    Parameters
    ----------
    sample : Sample
    pole : str
    years : sequence of Comparison
    pair : array, shape (pairs, 1 + samples)
        How often each pair is in each bootstrap sample, from `counts`.
    stream : sequence of int
        Seed of the draws of pacts.

    Returns
    -------
    auc, average_precision : arrays, shape (years, `SCORES`, 1 + samples)
        The first on the last axis is the data's own. NaN for a score that does not exist in the
        year, and for a sample without a positive or a negative of the year.
    """
    cluster = drawn_by(sample, pole)
    met = np.unique(np.concatenate([cluster[c.year, c.positive] for c in years] or [[]]))
    pact = counts(len(met), pair.shape[1] - 1, np.random.default_rng(stream))
    shape = (len(years), len(SCORES), pair.shape[1])
    auc, precision = np.full(shape, np.nan), np.full(shape, np.nan)
    for n, c in enumerate(years):
        scores = sample.scores[c.scores, c.year]
        auc[n, c.scores], precision[n, c.scores] = classify(
            scores[:, c.positive],
            scores[:, c.negative],
            pact,
            pair,
            np.searchsorted(met, cluster[c.year, c.positive]),
            sample.pair[c.negative],
        )
    return auc, precision


def known_groups(
    axes: Axes, chosen: Sequence[Sample], window: Sequence[int], seed: int
) -> pd.DataFrame:
    """Lay ``out_validity__known_groups`` out: each year, and the mean over the window.

    Parameters
    ----------
    axes : Axes
    chosen : sequence of Sample
        What `samples` returned.
    window : sequence of int
        What `window_years` returned.
    seed : int
        Of all draws.
    """
    rows: list[tuple[Any, ...]] = []
    figures = []
    pair: dict[tuple[int, int], Array] = {}
    for (number, sample), pole in product(enumerate(chosen), POLES):
        if sample.name == WITHOUT_LEAGUE and pole == "rivals_others":
            continue  # no pact is on the side of the positives
        stream = [seed, _STREAM, number, POLES.index(pole)]
        years = comparisons(sample, pole, range(len(sample.exists)))
        inside = [c for c in years if c.year in window]
        outside = [c for c in years if c.year not in window]
        if number or pole != POLES[0]:  # what is for all pairs is enough to see baselines drift
            outside = [replace(c, scores=[0]) for c in outside]
        size = int(sample.pair.max(initial=-1)) + 1
        window_samples = RIVAL_SAMPLES if pole != POLES[0] else WINDOW_SAMPLES
        for some, draws in ((outside, YEARLY_SAMPLES), (inside, window_samples)):
            if (size, draws) not in pair:  # the same pairs are drawn whatever they are asked
                pair[size, draws] = counts(
                    size, draws, np.random.default_rng([seed, _STREAM, size])
                )
            auc, precision = resampled(sample, pole, some, pair[size, draws], stream)
            cells = np.stack([auc, auc[:, :1] - auc, precision], axis=2)
            spans = [[n] for n in range(len(some))]
            if some is inside and len(inside) > 1:
                spans.append(list(range(len(inside))))
            made = list(_spans(axes, sample, pole, some, spans, cells))
            if made:
                rows += [row for about, _ in made for row in about]
                values = np.concatenate([v for _, v in made])
                figures.append((values[:, :, 0], *ends(values[:, :, 1:])))
    frame = pd.DataFrame(rows, columns=[*_KEY, *_ABOUT, "n_samples"])
    few = frame[["n_clusters", "n_negative_pairs"]].min(axis=1).to_numpy() < FEWEST_CLUSTERS
    itself = (frame["predictor"] == HEADLINE).to_numpy()
    for n, end in enumerate(("", "_lo90", "_hi90")):
        found = np.concatenate([f[n] for f in figures] or [np.empty((0, 3))])
        for m, name in enumerate(("auc", "auc_lead", "average_precision")):
            hidden = (few & bool(end)) | (itself & (name == "auc_lead"))
            frame[name + end] = np.where(hidden, np.nan, np.round(found[:, m], DECIMALS))
    return frame


def _spans(
    axes: Axes,
    sample: Sample,
    pole: str,
    years: Sequence[Comparison],
    spans: Sequence[list[int]],
    cells: Array,
) -> Iterator[tuple[list[tuple[Any, ...]], Array]]:
    """Rows of a sample and pole, and their figures: means over the years that have the score."""
    for span in spans:
        first, last = (axes.years[years[n].year] for n in (span[0], span[-1]))
        for held, scores in _held(years, span):
            about = (*_about(sample, pole, [years[n] for n in held]), cells.shape[-1] - 1)
            rows = [(first, last, sample.name, pole, SCORES[s], *about) for s in scores]
            chosen = cells[np.ix_(held, scores)]
            yield rows, chosen.mean(axis=0) if len(held) > 1 else chosen[0]


def _held(years: Sequence[Comparison], span: list[int]) -> list[tuple[list[int], list[int]]]:
    """Scores that exist in the same years of a span, and these years."""
    if len(span) == 1:
        return [(span, years[span[0]].scores)]
    found: dict[tuple[int, ...], list[int]] = {}
    for s in sorted({s for n in span for s in years[n].scores}):
        found.setdefault(tuple(n for n in span if s in years[n].scores), []).append(s)
    return [(list(held), scores) for held, scores in found.items()]


def _about(sample: Sample, pole: str, years: Sequence[Comparison]) -> tuple[float, ...]:
    """Count what a figure rests on."""
    cluster = drawn_by(sample, pole)
    positive, negative = (sum(len(getattr(c, k)) for c in years) for k in ("positive", "negative"))
    return (
        len(years),
        positive,
        negative,
        _distinct([cluster[c.year, c.positive] for c in years]),
        _distinct([sample.pair[c.negative] for c in years]),
        sum(c.unscored for c in years),
        round(float(np.mean([c.coverage for c in years])), DECIMALS),
        round(positive / (positive + negative), DECIMALS),
    )


def _distinct(numbers: Sequence[Array]) -> int:
    """Count the different ones of some numbers from 0 on."""
    return int((np.bincount(np.concatenate(numbers)) > 0).sum())


def ends(draws: Array) -> tuple[Array, Array]:
    """Return the ends of the 90 % interval over the last axis, linearly interpolated.

    A draw without a figure, since it holds no pact of the year, is left out. Rounded as intervals
    of draws are everywhere (`indices.composite.uncertainty.interval`).
    """
    ordered = np.sort(draws, axis=-1)  # missing ones come last
    last = np.maximum((~np.isnan(ordered)).sum(axis=-1) - 1, 0)

    def quantile(q: float) -> Array:
        below = (q * last).astype(int)
        near = np.stack([below, np.minimum(below + 1, last)], axis=-1)
        low, high = np.moveaxis(np.take_along_axis(ordered, near, axis=-1), -1, 0)
        return np.round(low + (q * last - below) * (high - low), ROUNDED)

    return quantile(0.05), quantile(0.95)


def by_pact(groups: Groups, pairs: Sample, window: Sequence[int]) -> pd.DataFrame:
    """Lay ``out_validity__pacts`` out: how far the pairs of each pact stand above the others.

    Parameters
    ----------
    groups : Groups
    pairs : Sample
        All pairs.
    window : sequence of int
    """
    years = comparisons(pairs, POLES[0], range(len(pairs.exists)))
    inside = [c for c in years if c.year in window]
    rows = [r for span in (years, inside) if span for r in _pacts(groups, pairs, span)]
    frame = pd.DataFrame(rows, columns=_PACT)
    return frame.drop_duplicates(table("out_validity__pacts").key, ignore_index=True)


def _pacts(groups: Groups, pairs: Sample, years: Sequence[Comparison]) -> list[tuple[Any, ...]]:
    """Rows of all pacts over some years: means over pairs and years of each score's placement."""
    above, pact, pair = [], [], []
    for c in years:
        scores = pairs.scores[c.scores, c.year]
        found = np.full((len(SCORES), len(c.positive)), np.nan)
        found[c.scores] = placements(scores[:, c.positive], scores[:, c.negative])
        above.append(found)
        pact.append(pairs.pact[c.year, c.positive])
        pair.append(c.positive)
    placed = np.concatenate(above, axis=1)
    number, who = np.concatenate(pact), np.concatenate(pair)
    first, second = np.triu_indices(len(groups.axes.states), 1)
    rows = []
    for k in np.unique(number):
        own = number == k
        bound = np.unique(who[own])
        members = sorted({groups.axes.states[i] for i in (*first[bound], *second[bound])})
        about = (
            groups.axes.years[years[0].year],
            groups.axes.years[years[-1].year],
            groups.pacts[k],
            NAMES.get(groups.pacts[k]),
            " ".join(members),
            len(bound),
            int(own.sum()),
        )
        for score, values in zip(SCORES, placed, strict=True):
            auc, others = (_mean(values[some]) for some in (own, ~own))
            if not np.isnan(auc):
                rows.append((*about, score, auc, others))
    return rows


def _mean(values: Array) -> float:
    known = values[~np.isnan(values)]
    return round(float(known.mean()), DECIMALS) if len(known) else np.nan


def placebo(groups: Groups, pairs: Sample, window: Sequence[int], seed: int) -> pd.DataFrame:
    """Lay ``out_validity__placebo`` out: the areas that states relabelled at random would give.

    A relabelling gives every state another's pacts (or rivals) and leaves the scores where they
    are, so the pattern of pacts stays whole; it is the quadratic assignment procedure (Hubert and
    Schultz 1976; Krackhardt 1988). It is one relabelling for all years of the window, but that
    states which did not exist in a year are passed over.

    Parameters
    ----------
    groups : Groups
    pairs : Sample
        All pairs.
    window : sequence of int
    seed : int
    """
    states = len(groups.axes.states)
    keys = np.random.default_rng([seed, _STREAM]).random((RELABELLINGS, states))
    # The first is the data itself: nobody moves.
    keys = np.concatenate([np.linspace(0, 1, states)[None], keys])

    @cache  # the same states are there in most years
    def becomes(*there: int) -> Array:
        out = np.tile(np.arange(states), (len(keys), 1))
        out[:, there] = np.array(there)[np.argsort(keys[:, there], axis=1)]
        return out

    rows = []
    for pole in ("allies_others", "rivals_others"):
        years = comparisons(pairs, pole, window)
        if not years:
            continue
        named = [becomes(*np.flatnonzero(groups.exists[c.year].any(axis=1))) for c in years]
        areas = np.stack(
            [_relabelled(groups, pairs, pole, *each) for each in zip(years, named, strict=True)]
        )
        for s, score in enumerate(SCORES):
            held = [n for n, c in enumerate(years) if s in c.scores]
            if not held:
                continue
            auc, *drawn = areas[held, :, s].mean(axis=0)
            drawn = np.array(drawn)[~np.isnan(drawn)]
            if not len(drawn):  # none leaves a pact among pairs that have scores
                continue
            low, high = interval(drawn)
            reached = drawn >= auc if pole == "allies_others" else drawn <= auc
            rows.append(
                (
                    groups.axes.years[years[0].year],
                    groups.axes.years[years[-1].year],
                    pole,
                    score,
                    len(held),
                    round(float(auc), DECIMALS),
                    round(float(drawn.mean()), DECIMALS),
                    float(low),
                    float(high),
                    float(reached.mean()),
                    len(drawn),
                )
            )
    return pd.DataFrame(rows, columns=_PLACEBO)


def _relabelled(groups: Groups, pairs: Sample, pole: str, c: Comparison, becomes: Array) -> Array:
    """Areas of one year under relabellings: array, shape (relabellings, `SCORES`).

    `becomes` says which state each becomes, shape (relabellings, states). The area follows from the
    sum of the positives' ranks among all pairs, which are the same in every relabelling (Mann and
    Whitney 1947).
    """
    size = len(groups.axes.states)
    first, second = np.triu_indices(size, 1)
    complete = np.concatenate([c.positive, c.negative])
    scores = pairs.scores[c.scores, c.year][:, complete]
    ranks = np.zeros((1 + len(c.scores), size, size), dtype=np.float32)
    # Where a pair has no score a relabelled pact falls out of the comparison: the last layer counts
    # those that stay.
    ranks[:-1, first[complete], second[complete]] = placements(scores, scores) * len(complete) + 0.5
    ranks[-1, first[complete], second[complete]] = 1
    ranks += ranks.transpose(0, 2, 1)
    bound = (pairs.pact[c.year] >= 0) if pole == "allies_others" else pairs.rival[c.year]
    bound = np.flatnonzero(bound & pairs.exists[c.year])
    at = becomes[:, first[bound]] * size + becomes[:, second[bound]]
    # Halves of whole numbers, exact in any order.
    *summed, stay = (layer.reshape(-1)[at].sum(axis=1).astype(float) for layer in ranks)
    out = np.full((len(becomes), len(SCORES)), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        for s, ranked in zip(c.scores, summed, strict=True):
            out[:, s] = (ranked - stay * (stay + 1) / 2) / (stay * (len(complete) - stay))
    return out
