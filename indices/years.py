"""A year that is drawn once: what its draws are made of, as a key to what came of them.

The draws of a year depend on no other year, and are most of the time a build takes. A year all of
whose inputs are as before need not be drawn again: with one new year, that one is drawn alone.

Does not belong here: where the years are kept, or which program computed them; the caller knows.
"""

from __future__ import annotations

import hashlib
from typing import Protocol

import numpy as np

from indices.cube import Array
from indices.definition import Definition
from indices.depth import Indicators
from indices.intervals import Evidence


class KeptYears(Protocol):
    """Drawn years by their keys.

    A year is an array of shape (4, pairs): both ends of the interval of depth, and both of that of
    the rank, of the pairs that have a depth, in their order on the axes.
    """

    def get(self, key: str) -> Array | None:
        """Return a year, or None where none is kept under the key."""

    def put(self, key: str, year: Array) -> None:
        """Keep a year."""


def year_key(data: Indicators, evidence: Evidence, definition: Definition, t: int) -> str:
    """Hash everything that the draws of a year are made of.

    Scores, pillars and depth are not among it: they follow from the indicators.

    Parameters
    ----------
    data : Indicators
    evidence : Evidence
        On the axes of the data.
    definition : Definition
    t : int
        Position of the year.
    """
    year = data.axes.years[t]
    told = hashlib.blake2b(digest_size=16)
    told.update(repr((definition.sha256, year, data.axes.states)).encode())

    def add(name: str, array: Array) -> None:
        told.update(repr((name, array.shape, array.dtype.str)).encode())
        told.update(np.ascontiguousarray(array).data)

    add("exists", data.exists[t])
    for name, cube in sorted(data.values.items()):
        add(name, cube[t])
    for name, cube in sorted(data.applies.items()):
        add(name, np.broadcast_to(cube, data.axes.shape)[t])
    for name, cube in sorted(evidence.arms.items()):
        add(name, cube[:, t])
    for name in ("trade_sd", "arms_sd", "oil_lo", "oil_hi"):
        add(name, getattr(evidence, name)[t])
    add("votes", evidence.votes.codes[evidence.votes.period == year])
    return told.hexdigest()
