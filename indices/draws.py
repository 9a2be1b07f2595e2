"""What is uncertain in the index, and draws of it.

Belongs here: one generator for each factor, so that a draw of one never depends on how many of
another were made, on the panel's other states, or on threads. Does not belong here: how a draw
changes a score (`indices.intervals`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np

from indices.composite.uncertainty import dirichlet_weights
from indices.cube import Array
from indices.definition import Definition

# Judgements of the method, then errors of the data. Their order fixes the random numbers.
FACTORS = (
    "weights",
    "goalposts",
    "ladder",
    "aggregation",
    "arms_window",
    "trade_data",
    "oil_data",
    "arms_data",
    "votes",
)


def saltelli(n: int) -> dict[str, Array]:
    """Which of 2 n draws of each factor stand where in a Sobol analysis, as `Draws` takes it.

    Samples A and B of n, then for each factor A with that factor from B: the order of
    `indices.composite.sensitivity`. Source: Saltelli and others (2010), Computer Physics
    Communications 181.
    """
    a, b = np.arange(n), np.arange(n, 2 * n)
    return {
        factor: np.concatenate([a, b, *(b if other == factor else a for other in FACTORS)])
        for factor in FACTORS
    }


class Draws:
    """Draws of every uncertain factor, the last axis of every array.

    Parameters
    ----------
    definition : Definition
    n : int
        How many.
    stream : int
        Draws of another stream are independent of these.
    index : mapping of str to int array, shape (draws,), optional
        For each factor which of its `n` draws stand where; without it they stand in order. All of
        one length. This is how a design of Saltelli mixes two samples factor by factor.
    """

    def __init__(
        self,
        definition: Definition,
        n: int,
        stream: int = 0,
        index: Mapping[str, Array] | None = None,
    ) -> None:
        self._definition = definition
        self._n = n
        self._stream = stream
        self._index = index or {}
        self._calls: dict[tuple[int, int], Array] = {}

    def __len__(self) -> int:
        return len(next(iter(self._index.values()))) if self._index else self._n

    def _rng(self, factor: str, *more: int) -> np.random.Generator:
        seed = int(self._definition.uncertainty["seed"])
        return np.random.default_rng([seed, self._stream, FACTORS.index(factor), *more])

    def place(self, factor: str, drawn: Array) -> Array:
        """Put what stands for the `n` draws of a factor, last axis, where the index wants them."""
        return drawn if not self._index else drawn[..., self._index[factor]]

    @cached_property
    def weights(self) -> tuple[Array, dict[str, Array]]:
        """Drawn weights: of the pillars, shape (pillars, draws), and of the indicators in each."""
        u, rng = self._definition.uncertainty, self._rng("weights")

        def draw(nominal: list[float]) -> Array:
            drawn = dirichlet_weights(np.array(nominal), u["weight_concentration"], self._n, rng)
            return self.place("weights", np.ascontiguousarray(drawn.T, dtype=np.float32))

        pillars = self._definition.pillars
        return draw([p.weight for p in pillars]), {
            p.name: draw([i.weight for i in p.indicators]) for p in pillars
        }

    @cached_property
    def goalposts(self) -> dict[str, tuple[Array, Array]]:
        """Lower and upper goalpost of every indicator, in its unit, each shape (draws,)."""
        spread, rng = self._definition.uncertainty["goalpost_spread"], self._rng("goalposts")
        out = {}
        for i in self._definition.indicators:
            # As far down as up by ratio, so that a score moves as far either way.
            both = (1 + spread) ** rng.uniform(-1, 1, (2, self._n))
            if i.is_scale:  # its ends are the first and the last step, not a choice
                both[:] = 1
            lo, hi = self.place("goalposts", both)
            out[i.name] = (i.lo * lo, i.hi * hi)
        return out

    def _steps(self, nominal: Array, rng: np.random.Generator) -> Array:
        """Move each step, but the two ends, by up to a share of the way to its neighbours."""
        spread = self._definition.uncertainty["ladder_spread"]
        gap = np.diff(nominal, prepend=nominal[0], append=nominal[-1])[:, None] * spread
        moved = rng.uniform(-1, 1, (len(nominal), self._n))
        moved[[0, -1]] = 0
        drawn = nominal[:, None] + np.where(moved < 0, moved * gap[:-1], moved * gap[1:])
        return self.place("ladder", drawn.astype(np.float32))

    @cached_property
    def ladders(self) -> dict[str, tuple[Array, Array]]:
        """For each indicator on a ladder its steps' nominal values and their draws, in order.

        Steps move by less than half the way to the next, so that their order stays.
        """
        rng = self._rng("ladder")
        ladders = {
            "security_commitment": self._definition.ladder,
            "partnership_tier": self._definition.tiers,
        }
        out = {}
        for name, ladder in ladders.items():
            nominal = np.unique(list(ladder.values()))
            out[name] = (nominal, self._steps(nominal, rng))
        return out

    @cached_property
    def mixing(self) -> Array:
        """How far from the arithmetic mean, -1 to 1: see `indices.intervals.mix_means`."""
        spread = self._definition.uncertainty["aggregation_spread"]
        drawn = spread * self._rng("aggregation").uniform(-1, 1, self._n)
        return self.place("aggregation", drawn).astype(np.float32)

    @cached_property
    def window(self) -> Array:
        """Position in the arms windows of the definition, shape (draws,)."""
        count = len(self._definition.arms_windows)
        return self.place("arms_window", self._rng("arms_window").integers(0, count, self._n))

    @cached_property
    def oil(self) -> Array:
        """Where in the range of unrecorded oil, -1 lowest to 1 highest estimate; triangular."""
        drawn = self._rng("oil_data").triangular(-1, 0, 1, self._n)
        return self.place("oil_data", drawn).astype(np.float32)

    def pair_errors(self, factor: str, pairs: Sequence[str]) -> Array:
        """Standard normal errors of pairs, the same in all years: float32, shape (pairs, draws).

        Parameters
        ----------
        factor : str
            ``trade_data`` or ``arms_data``.
        pairs : sequence of str
            Both codes, in the order of the alphabet: an error is that of the pair, whoever looks.
        """
        out = np.empty((len(pairs), len(self)), np.float32)
        for k, pair in enumerate(pairs):
            rng = self._rng(factor, int.from_bytes(pair.encode()))
            out[k] = self.place(factor, rng.standard_normal(self._n, dtype=np.float32))
        return out

    def roll_calls(self, year: int, count: int) -> Array:
        """How much more often than once each roll call of a year is drawn.

        A bootstrap: as many roll calls as there were, each with the same chance every time.

        Returns
        -------
        float32 array, shape (roll calls, n)
            In the order drawn, so that each stands once: what is made of them is for `place`.
            Kept, since several tables ask for the same years.
        """
        if (year, count) not in self._calls:
            picked = self._rng("votes", year).integers(0, count, (self._n, count), dtype=np.int32)
            picked += count * np.arange(self._n, dtype=np.int32)[:, None]
            times = np.bincount(picked.reshape(-1), minlength=self._n * count)
            times = times.reshape(self._n, count).T
            self._calls[year, count] = times.astype(np.float32, order="C") - 1
        return self._calls[year, count]
