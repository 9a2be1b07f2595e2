"""Compiled loops: how they are declared.

Belongs here: the one decorator. Does not belong here: any loop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile a function over arrays when it is first called; other threads run meanwhile.

    What was compiled is kept beside the code, in the user's cache folder, or in `NUMBA_CACHE_DIR`.
    Where nothing can be written, each process compiles again, for some seconds.
    """
    made: Any
    try:
        made = njit(cache=True, nogil=True)(function)
    except RuntimeError:  # Numba's word for: no place to keep it
        made = njit(nogil=True)(function)
    return made
