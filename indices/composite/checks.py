"""What every function of the engine refuses before it computes.

Belongs here: the checks that several modules share, so that they refuse the same things in the
same words. Does not belong here: what only one method cannot do; that module says so itself.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from indices.composite.errors import CompositeError

Array = np.ndarray
Method = Callable[..., Array]

SHOWN = 3


def positions(found: Array, axes: tuple[str, ...] = ("unit", "indicator")) -> str:
    """Name the first few cells of a mask by the axes it ends with; those before are batches."""
    axes = axes[-found.ndim :]
    cells = np.argwhere(found)
    named = []
    for cell in cells[:SHOWN]:
        batch, own = cell[: -len(axes)], cell[-len(axes) :]
        words = [f"{axis} {i}" for axis, i in zip(axes, own, strict=True)]
        if len(batch):
            words.insert(0, f"batch {', '.join(map(str, batch))}")
        named.append(", ".join(words))
    more = "" if len(cells) <= SHOWN else f"; and {len(cells) - SHOWN} more"
    return "; ".join(named) + more


def columns(found: Array) -> str:
    """Name the first few indicators of a mask (..., 1, k), one row for all units."""
    return positions(found[..., 0, :], ("indicator",))


def finite(x: npt.ArrayLike) -> Array:
    """Return x (..., indicators) as floats; NaN is missing, an infinite value is refused.

    Raises
    ------
    CompositeError
        If x has no cells, or an infinite one.
    """
    values = np.asarray(x, dtype=float)
    if values.ndim == 0 or values.size == 0:
        raise CompositeError(f"an array of shape {values.shape}, expected units and indicators")
    if np.isinf(values).any():
        raise CompositeError(
            f"infinite values ({positions(np.isinf(values))}); expected finite numbers or NaN: "
            "find the division by zero or the log of zero they come from, or set them missing"
        )
    return values


def weighing(weights: npt.ArrayLike, indicators: int) -> Array:
    """Return weights (..., indicators) as floats that add to one over the last axis.

    Raises
    ------
    CompositeError
        If there is not one weight for each indicator, one is missing, infinite or negative, or
        they sum to nothing.
    """
    given = np.asarray(weights, dtype=float)
    if given.ndim == 0 or given.shape[-1] != indicators:
        raise CompositeError(f"weights of shape {given.shape} for {indicators} indicators")
    refused = ~np.isfinite(given) | (given < 0)
    if refused.any():
        cell = tuple(np.argwhere(refused)[0])
        raise CompositeError(
            f"the weight of indicator {cell[-1]} is {given[cell]}; expected a number of at least 0"
        )
    # The largest first, so that a sum of very large or very small weights is still a number.
    largest = given.max(axis=-1, keepdims=True)
    if (largest == 0).any():
        raise CompositeError("the weights sum to nothing; at least one has to be above 0")
    shares: Array = given / largest
    total = np.zeros(shares.shape[:-1])
    for k in range(indicators):
        total += shares[..., k]
    return shares / total[..., None]


def share(value: float, name: str) -> float:
    """Return a share from 0 to 1, or refuse it."""
    if not 0 <= value <= 1:
        raise CompositeError(f"{name} is {value}; expected a share from 0 to 1")
    return value


def method(
    methods: Mapping[str, Method], name: str, parameters: Mapping[str, Any], given: int = 1
) -> Method:
    """Find a method by name and check that it takes these parameters.

    Parameters
    ----------
    methods : mapping
        Name to function, as the `METHODS` of a module.
    name : str
    parameters : mapping
        By name, as a definition file writes them.
    given : int
        How many of the function's first parameters the caller fills itself.

    Raises
    ------
    CompositeError
        With a list of what there is, if the name or a parameter is not known or one is missing.
    """
    if name not in methods:
        raise CompositeError(f"method {name!r} is not known; there are {', '.join(methods)}")
    takes = dict(list(inspect.signature(methods[name]).parameters.items())[given:])
    unknown = [p for p in parameters if p not in takes]
    absent = [n for n, p in takes.items() if p.default is p.empty and n not in parameters]
    if unknown or absent:
        problem = f"does not know {unknown[0]!r}" if unknown else f"needs {absent[0]!r}"
        raise CompositeError(
            f"method {name!r} {problem}; its parameters: {', '.join(takes) or 'none'}"
        )
    return methods[name]
