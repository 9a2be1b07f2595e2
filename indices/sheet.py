"""One draw after the other from the inputs to depth, laid out for the compiled loops.

Belongs here: what the scores of a tie are made of, in arrays that need nothing but arithmetic. Does
not belong here: that arithmetic (`indices.kernels`), which ties are drawn together and what becomes
of their draws (`indices.intervals`).

Everything is added and multiplied element by element, roots are square roots, and the one product
of matrices is of whole numbers (`exact_sums`): operations that give the same bits on every
processor.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from indices.composite.exact import exact_sums
from indices.composite.normalise import transform
from indices.cube import Array
from indices.definition import Definition, Indicator
from indices.depth import Depth, Indicators
from indices.draws import Draws
from indices.intervals import Evidence
from indices.kernels import ARMS, PLAIN, TABLE, TRADE, Parts, Scores, draw_depth, score_lines
from indices.pillars.voting import kappa_influence

_KINDS = {"depth": ("costly", "declared"), "costly": ("costly",), "declared": ("declared",)}
_TRADE = ("trade_share", "trade_intensity", "trade_dependence")
_ARMS = ("arms_import_share", "arms_export_share", "arms_volume")


@dataclass(frozen=True)
class _Column:
    """One indicator for some ties, in the terms of `kernels.Scores`; what is absent is not used."""

    kind: int
    active: Array
    at: Array | None = None
    sd: Array | None = None
    cap: Array | None = None
    oil: tuple[Array, Array] | None = None
    row: Array | None = None


class Sheet:
    """The draws of every year, laid out so that a block needs nothing but arithmetic.

    A tie is a pair in a year: `ties` are flat positions (t * states + i) * states + j in a cube.
    """

    def __init__(
        self,
        data: Indicators,
        depth: Depth,
        evidence: Evidence,
        draws: Draws,
        definition: Definition,
        errors: dict[str, Array],
        of_cell: Array,
    ) -> None:
        self._data, self._depth, self._evidence = data, depth, evidence
        self._draws, self._definition = draws, definition
        self._errors, self._of_cell = errors, of_cell
        self._lines = {i.name: self._line(i) for i in definition.indicators}
        windows = len(definition.arms_windows)
        self._windows = {k: v.reshape(windows, -1) for k, v in evidence.arms.items()}
        self._place = {i.name: k for k, i in enumerate(definition.indicators)}
        # Weights by pattern: see `_measure`. Threads may make the same one twice, alike.
        self._known_parts: dict[tuple[str, int], Parts] = {}
        # Made here, before threads ask for them.
        self._pillar_weights, self._indicator_weights = draws.weights
        self._ladders = draws.ladders
        self._window, self._oil, mixing = draws.window, draws.oil, draws.mixing
        self._towards_low, self._towards_high = np.maximum(-mixing, 0), np.maximum(mixing, 0)

    def _line(self, i: Indicator) -> tuple[Array, Array]:
        """Slope and height of the score over the transformed value, each shape (draws,)."""
        low, high = (transform(post, i.transform) for post in self._draws.goalposts[i.name])
        slope = 100 / (high - low)
        return slope.astype(np.float32), (-slope * low).astype(np.float32)

    def draw(
        self, years: list[int], measures: tuple[str, ...]
    ) -> Iterator[tuple[int, Array, dict[str, Array]]]:
        """Draw some years together: yield each with the positions of its pairs and their draws."""
        ties = np.flatnonzero(~np.isnan(self._depth.depth[years[0] : years[-1] + 1]))
        ties += years[0] * len(self._of_cell)
        columns, scores = self._scores(ties)
        drawn = {m: self._measure(m, ties, columns, scores) for m in measures}
        t, cells = np.divmod(ties, len(self._of_cell))
        edges = np.searchsorted(t, [*years, years[-1] + 1])
        for year, (start, end) in zip(years, itertools.pairwise(edges), strict=True):
            yield year, cells[start:end], {m: v[start:end] for m, v in drawn.items()}

    def _flat(self, cube: Array, ties: Array) -> Array:
        return np.broadcast_to(cube, self._data.axes.shape).reshape(-1)[ties]

    def _scores(self, ties: Array) -> tuple[dict[str, _Column], Scores]:
        """Lay out what the scores of some ties are made of."""
        tables: list[Array] = []
        columns = {i.name: self._column(i, ties, tables) for i in self._definition.indicators}
        count, lines = len(columns), self._lines.values()
        windows = len(self._definition.arms_windows)
        at = np.zeros((count, len(ties), windows), np.float32)
        sd, oil_low, oil_high = np.zeros((3, count, len(ties)), np.float32)
        cap = np.full((count, len(ties)), np.inf, np.float32)
        row = np.zeros((count, len(ties)), np.int64)
        for k, c in enumerate(columns.values()):
            if c.at is not None:
                at[k] = c.at if c.at.ndim == 2 else c.at[:, None]
            if c.sd is not None:
                sd[k] = c.sd
            if c.cap is not None:
                cap[k] = c.cap
            if c.oil is not None:
                oil_low[k], oil_high[k] = c.oil
            if c.row is not None:
                row[k] = c.row
        oil = self._oil
        return columns, Scores(
            kind=np.array([c.kind for c in columns.values()]),
            at=at,
            slope=np.stack([slope for slope, _ in lines]),
            height=np.stack([height for _, height in lines]),
            sd=sd,
            cap=cap,
            oil_low=oil_low,
            oil_high=oil_high,
            towards_low=np.maximum(-oil, 0),
            towards_high=np.maximum(oil, 0),
            window=self._window,
            pair=self._of_cell[ties % len(self._of_cell)],
            trade_error=self._errors["trade_data"],
            arms_error=self._errors["arms_data"],
            table=np.concatenate(tables or [np.empty((0, len(self._draws)), np.float32)]),
            row=row,
        )

    def _column(self, i: Indicator, ties: Array, tables: list[Array]) -> _Column:
        """Lay one indicator out; scores drawn beforehand are added to `tables`."""
        values = self._flat(self._data.values[i.name], ties)
        if i.name == "vote_kappa" or i.name in self._ladders:
            before = sum(len(t) for t in tables)
            table, row, active = (
                self._ladder(i, values) if i.name in self._ladders else self._votes(i, ties, values)
            )
            tables.append(table)
            return _Column(TABLE, active, row=before + row)
        with np.errstate(invalid="ignore"):
            at = transform(values, i.transform).astype(np.float32)
        # How far a small change of the value's logarithm moves the transformed value.
        bend = {"linear": values, "log1p": values / (1 + values), "log": np.ones_like(values)}[
            i.transform
        ].astype(np.float32)
        if i.name in _TRADE:
            return self._trade(i, ties, at, bend)
        if i.name in _ARMS:
            return self._arms(i, ties, bend)
        return _Column(PLAIN, self._reaches(at, i), at)

    def _reaches(self, at: Array, i: Indicator) -> Array:
        """Pairs that can score above nothing in any draw."""
        slope, height = self._lines[i.name]
        with np.errstate(divide="ignore", invalid="ignore"):
            lowest = float(np.min(-height / slope))
        return at > lowest

    def _votes(self, i: Indicator, ties: Array, kappa: Array) -> tuple[Array, Array, Array]:
        """Kappa over bootstrap samples of each year's roll calls, to first order."""
        slope, height = self._lines[i.name]
        votes, n = self._evidence.votes, len(self._data.axes.states)
        t, cells = np.divmod(ties, n * n)
        first, second = np.divmod(cells, n)
        of_pair = (t * n + np.minimum(first, second)) * n + np.maximum(first, second)
        pairs, one, of_row = np.unique(of_pair, return_index=True, return_inverse=True)
        # Kappa is the same from both ends of a pair: its score is worked out once.
        if not np.array_equal(kappa[one][of_row], kappa, equal_nan=True):
            pairs, one = of_pair, np.arange(len(ties))
            of_row = one
        at = kappa[one].astype(np.float32)
        t, cells = np.divmod(pairs, n * n)
        scores = np.zeros((len(pairs), len(self._draws)), np.float32)
        for k in np.unique(t):
            year = self._data.axes.years[k]
            codes = votes.codes[votes.period == year]
            mine = slice(*np.searchsorted(t, [k, k + 1]))
            if len(codes):  # without recorded votes there is nothing to resample
                effect = kappa_influence(codes, *np.divmod(cells[mine], n)).T
                # Those below zero add up to less than the roll calls, those above to as much.
                times = self._draws.roll_calls(year, len(codes))
                moved = exact_sums(effect, times, 2 * len(codes))
                scores[mine] = self._draws.place("votes", moved)
        score_lines(scores, at, slope, height)
        return scores, of_row, np.ones(len(ties), dtype=bool)

    def _ladder(self, i: Indicator, values: Array) -> tuple[Array, Array, Array]:
        nominal, drawn = self._ladders[i.name]
        step = np.searchsorted(nominal, np.nan_to_num(values))
        off = ~np.isnan(values) & (nominal[np.minimum(step, len(nominal) - 1)] != values)
        if off.any():
            raise ValueError(
                f"{i.name}: {values[off][0]} is no step of its ladder {nominal.tolist()}; "
                "correct the table, or the ladder in definition.toml"
            )
        scores = (100 * (drawn - i.lo) / (i.hi - i.lo)).astype(np.float32)
        return scores, step, step > 0

    def _trade(self, i: Indicator, ties: Array, at: Array, bend: Array) -> _Column:
        sd, *oil = (
            (bend * self._flat(cube, ties)).astype(np.float32)
            for cube in (self._evidence.trade_sd, self._evidence.oil_lo, self._evidence.oil_hi)
        )
        cap = np.full(len(ties), np.inf, np.float32)
        if i.cap_below_share is not None and i.cap_score is not None:
            share = self._flat(self._data.values["trade_share"], ties)
            cap[share < i.cap_below_share] = i.cap_score
        return _Column(TRADE, np.isfinite(at), at, sd, cap, (oil[0], oil[1]))

    def _arms(self, i: Indicator, ties: Array, bend: Array) -> _Column:
        windows = self._windows[i.name]
        with np.errstate(invalid="ignore"):
            at = transform(windows[:, ties].T, i.transform).astype(np.float32)
        sd = (bend * self._flat(self._evidence.arms_sd, ties)).astype(np.float32)
        active = self._reaches(np.nanmax(at, axis=1, initial=-np.inf), i)
        return _Column(ARMS, active, at, sd)

    def _measure(
        self, measure: str, ties: Array, columns: Mapping[str, _Column], scores: Scores
    ) -> Array:
        """Draw one measure: float32, shape (pairs, draws).

        What an indicator weighs depends on the pair only through which indicators are known there.
        There are few such patterns, so the weights are worked out once for each, and the pairs of
        one pattern stand together; so do those for which an indicator can be nothing but zero.
        """
        definition = self._definition
        chosen = [i for i in definition.indicators if i.kind in _KINDS[measure]]
        known = np.stack([~np.isnan(self._flat(self._depth.scores[i.name], ties)) for i in chosen])
        for c, i in enumerate(chosen):
            if i.name in self._data.applies:
                known[c] &= self._flat(self._data.applies[i.name], ties)
            if measure == "depth":  # a pillar below its minimum counts as unknown altogether
                known[c] &= ~np.isnan(self._flat(self._depth.pillars[i.pillar], ties))
        active = np.stack([columns[i.name].active for i in chosen]) & known
        bits = 1 << np.arange(len(chosen))
        out = np.empty((len(ties), len(self._draws)), np.float32)
        headline = {
            "depth": self._depth.depth,
            "costly": self._depth.costly,
            "declared": self._depth.declared,
        }[measure]
        wanted = ~np.isnan(self._flat(headline, ties))
        out[~wanted] = np.nan
        pattern = (bits @ known) << len(chosen) | (bits @ active)
        order = np.argsort(np.where(wanted, pattern, -1), kind="stable")[(~wanted).sum() :]
        edges = np.flatnonzero(np.diff(pattern[order], prepend=-1, append=-1)).tolist()
        for start, end in itertools.pairwise(edges):
            one = order[start]
            key = measure, int(pattern[one])
            if key not in self._known_parts:
                self._known_parts[key] = self._parts(chosen, known[:, one], active[:, one])
            draw_depth(
                scores,
                self._known_parts[key],
                self._towards_low,
                self._towards_high,
                order[start:end],
                out,
            )
        return out

    def _parts(self, chosen: list[Indicator], known: Array, active: Array) -> Parts:
        """Weight of each known pillar and of what counts in it, renormalised over what is known."""
        none = np.empty((0, len(self._draws)), np.float32)
        pillars, weights, indicators, start = [none], [none], [], [0]
        total = np.zeros(len(self._draws), np.float32)
        for k, p in enumerate(self._definition.pillars):
            at = [c for c, i in enumerate(chosen) if i.pillar == p.name and known[c]]
            if not at:
                continue
            drawn = self._indicator_weights[p.name]
            mine = {c: drawn[p.indicators.index(chosen[c])] for c in at}
            whole = sum(mine.values())
            total = total + self._pillar_weights[k]
            counted = [c for c in at if active[c]]
            if counted:
                pillars.append(self._pillar_weights[k][None])
                weights += [(mine[c] / whole)[None] for c in counted]
                indicators += [self._place[chosen[c].name] for c in counted]
                start.append(len(indicators))
        return Parts(
            pillar=np.concatenate(pillars) / total,
            start=np.array(start),
            indicator=np.array(indicators, dtype=np.int64),
            weight=np.concatenate(weights),
        )
