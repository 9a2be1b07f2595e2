"""What every function of the engine refuses before it computes.

Belongs here: the checks that several modules share, so that they refuse the same things in the
same words. Does not belong here: what only one method cannot do; that module says so itself.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
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


def numbers(x: object, what: str) -> Array:
    """Return x as floats, or say that it is not made of numbers."""
    try:
        return np.asarray(x, dtype=float)
    except (TypeError, ValueError):
        raise CompositeError(f"{what} {x!r:.80}; expected numbers") from None


def finite(x: npt.ArrayLike) -> Array:
    """Return x (..., indicators) as floats; NaN is missing, an infinite value is refused.

    Raises
    ------
    CompositeError
        If x has no cells, or one that is infinite or no number.
    """
    values = numbers(x, "values")
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
    given = numbers(weights, "weights")
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


@contextmanager
def naming_parameters(what: str, parameters: Mapping[str, Any]) -> Iterator[None]:
    """Name a method and its parameters where one of them has a wrong type or shape."""
    try:
        yield
    except CompositeError:
        raise
    except (TypeError, ValueError) as error:
        raise CompositeError(
            f"{what} cannot take {dict(parameters)}: {error}; give each parameter the type and "
            "shape that its documentation says"
        ) from error


def whole(value: object, name: str, least: int) -> int:
    """Return a whole number, or refuse it."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise CompositeError(f"{name} is {value!r}; expected a whole number of at least {least}")
    return int(value)


def level(value: float) -> float:
    """Return the level of an interval, between 0 and 1, or refuse it."""
    if not 0 < numbers(value, "the level of an interval is").item() < 1:
        raise CompositeError(f"the level of an interval is {value}; expected one between 0 and 1")
    return value


def share(value: float, name: str) -> float:
    """Return a share from 0 to 1, or refuse it."""
    if not 0 <= numbers(value, f"{name} is").item() <= 1:
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
