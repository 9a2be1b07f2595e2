"""Why figures moved: each move divided among its causes.

Belongs here: the division. Does not belong here: what the causes are, or how the figures come out
with some of them in place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from indices.cube import Array

# Up to this many causes every order is gone through: the figures are made 2**n times.
MOST_IN_EVERY_ORDER = 2


@dataclass(frozen=True)
class Parts:
    """What each cause did.

    Parameters
    ----------
    by : dict of str to array
        Cause to its part of each move; the parts of a move add up to it. NaN where the figure is
        missing before or after.
    decisive : array of str
        Cause with which a figure appeared or vanished; empty where it did neither.
    is_shapley : bool
        Whether the parts are Shapley values; otherwise the causes were put in place once, in order.
    """

    by: dict[str, Array]
    decisive: Array
    is_shapley: bool


def attribute(value_of: Callable[[frozenset[str]], Array], causes: Sequence[str]) -> Parts:
    """Divide the moves of some figures among causes.

    Each cause gets what the figures move when it is put in place after others, averaged over the
    orders: over all of them the Shapley value [1]_. With more than `MOST_IN_EVERY_ORDER` causes
    only the given order is gone through, since each subset of causes is a computation of its own.

    Parameters
    ----------
    value_of : callable
        The figures with a set of causes in place, shape (figures,); NaN is missing. The empty set
        gives them before, all causes after.
    causes : sequence of str

    References
    ----------
    .. [1] Shapley, L. S. 1953. A value for n-person games. Contributions to the Theory of Games II.
    """
    is_shapley = len(causes) <= MOST_IN_EVERY_ORDER
    orders = list(permutations(causes)) if is_shapley else [tuple(causes)]
    made: dict[frozenset[str], Array] = {}

    def value(chosen: frozenset[str]) -> Array:
        if chosen not in made:
            made[chosen] = np.asarray(value_of(chosen), dtype=float)
        return made[chosen]

    first, last = value(frozenset()), value(frozenset(causes))
    parts = {cause: np.zeros(first.shape) for cause in causes}
    decisive = np.full(first.shape, "", dtype=object)
    ends_known = ~np.isnan(first) & ~np.isnan(last)
    for order in orders:
        here = first
        for k, cause in enumerate(order):
            there = value(frozenset(order[: k + 1]))
            # A figure that is missing on the way only keeps its last value until it is back.
            step = np.where(np.isnan(there), here, there)
            parts[cause] += np.where(ends_known, step - here, 0.0)
            turned = (np.isnan(here) & ~np.isnan(there)) | (~np.isnan(here) & np.isnan(there))
            decisive = np.where(~ends_known & turned & (decisive == ""), cause, decisive)
            here = np.where(ends_known, step, there)
    for cause in causes:
        parts[cause] = np.where(ends_known, parts[cause] / len(orders), np.nan)
    decisive = np.where(np.isnan(first) == np.isnan(last), "", decisive)
    return Parts(parts, decisive, is_shapley)
