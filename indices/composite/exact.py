"""Sums over resamples that are the same on every processor.

Belongs here: the one matrix product whose result is published. Does not belong here: how resamples
are drawn.
"""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def exact_sums(values: Array, times: Array, most: int) -> Array:
    """Sum values over resamples, without rounding any sum.

    Values are first rounded to integers so small that no sum of them rounds. A matrix product of
    floats depends on the processor, on the number of threads, and in its last digit on what other
    rows it has.

    Parameters
    ----------
    values : array, shape (rows, n)
    times : float array, shape (n, resamples)
        How often each value counts: whole numbers, of either sign.
    most : int
        No resample's numbers add up to more than this, signs apart.

    Returns
    -------
    array, shape (rows, resamples)
        Of the type of `times`; each value is rounded by `most` times the type's precision of the
        row's largest, at most.
    """
    bits = np.finfo(times.dtype).nmant - most.bit_length()
    largest = np.abs(values).max(axis=1, keepdims=True)
    unit = np.ldexp(np.where(largest > 0, largest, 1.0), -bits)
    return (np.rint(values / unit).astype(times.dtype) @ times) * unit.astype(times.dtype)
