"""Descriptive statistics of indicators: what to look at before anything is treated or scored.

Belongs here: one row of figures and flags per indicator. Does not belong here: relations between
indicators (`coherence`), and doing something about what the flags say (`treat`, `data`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from indices.composite.data import indicator_values
from indices.composite.errors import CompositeError
from indices.composite.rank import significant
from indices.composite.treat import UNTESTED, excess_kurtosis, power_of_two, skewness

Array = np.ndarray

OK, LOW, OUTLIERS = "ok", "low", "outliers"


def _mean_sd(values: Array, number: Array) -> tuple[Array, Array]:
    """Mean and standard deviation (over n - 1) of known values (units, indicators)."""
    known = ~np.isnan(values)
    scale = power_of_two(values.T)
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled = values * scale
        mean = np.where(known, scaled, 0.0).sum(axis=0) / number
        distance = np.where(known, scaled - mean, 0.0)
        # A second pass takes out the rounding of the mean, as R's `mean` does.
        rest = distance.sum(axis=0) / number
        distance = np.where(known, distance - rest, 0.0)
        variance = (distance * distance).sum(axis=0) / (number - 1)
    return (mean + rest) / scale, np.sqrt(np.where(number > 1, variance, np.nan)) / scale


def _median(ordered: Array, number: Array) -> Array:
    """Median of columns sorted with the missing values last."""
    column = np.arange(ordered.shape[1])
    low = ordered[np.maximum(number - 1, 0) // 2, column]
    high = ordered[np.minimum(number // 2, len(ordered) - 1), column]
    return low / 2 + high / 2


def _distinct(ordered: Array) -> tuple[Array, Array]:
    """Number of different known values per sorted column, and of the most frequent one."""
    known = ~np.isnan(ordered)
    new = known.copy()
    new[1:] &= ordered[1:] != ordered[:-1]
    row = np.arange(len(ordered))[:, None]
    start = np.maximum.accumulate(np.where(new, row, 0), axis=0)
    return new.sum(axis=0), np.where(known, row - start + 1, 0).max(axis=0, initial=0)


def describe(
    data: pd.DataFrame,
    *,
    max_skew: float = 2.0,
    max_kurtosis: float = 3.5,
    min_available: float = 0.65,
    min_non_zero: float = 0.5,
    min_unique: float = 0.5,
) -> pd.DataFrame:
    """Describe each indicator by figures and flags.

    Parameters
    ----------
    data : DataFrame
        Units by indicators.
    max_skew, max_kurtosis : float
        An indicator has outliers if its absolute skewness and its excess kurtosis are both above.
    min_available, min_non_zero, min_unique : float
        Shares of all units below which an indicator is flagged, from 0 to 1.

    Returns
    -------
    DataFrame
        One row per indicator:

        - `min`, `max`, `mean`, `median`, `sd` (over n - 1), `skew`, `kurtosis` (both
          bias-corrected, see `treat`); NaN where there are too few values;
        - `available`, `non_zero`, `unique`, `same`: counts of known values, of those not zero,
          of different ones and of the most frequent one;
        - `share_available` of all units; `share_non_zero`, `share_unique`, `share_same` of known
          values (NaN if there are none);
        - `flag_available`, `flag_non_zero`, `flag_unique`: `ok` or `low`, by the count's share of
          all units, as COINr has it; `flag_outliers`: `ok`, `outliers` or `untested`.

    Raises
    ------
    CompositeError
        If a value is infinite, an indicator is not numeric, or a threshold is not a share.

    Notes
    -----
    Source: COINr's `get_stats`. Values equal to 12 significant digits count as the same.
    """
    for name, share in (
        ("min_available", min_available),
        ("min_non_zero", min_non_zero),
        ("min_unique", min_unique),
    ):
        if not 0 <= share <= 1:
            raise CompositeError(f"{name} is {share}, expected a share from 0 to 1")
    values = indicator_values(data)
    units = len(values)
    ordered = np.sort(values, axis=0)
    available = np.count_nonzero(~np.isnan(values), axis=0)
    non_zero = np.count_nonzero((values != 0) & ~np.isnan(values), axis=0)
    unique, same = _distinct(significant(ordered))
    mean, sd = _mean_sd(values, available)
    skew, kurtosis = skewness(values), excess_kurtosis(values)
    some = np.where(available > 0, available, np.nan)

    def flag(count: Array, least: float) -> pd.api.extensions.ExtensionArray:
        # Room for the rounding of a share such as 0.65 of 20 units.
        low = count < least * units - 1e-9
        return pd.array(np.where(low, LOW, OK).tolist(), dtype="str")

    outlying = (np.abs(skew) > max_skew) & (kurtosis > max_kurtosis)
    outliers = np.select([np.isnan(kurtosis), outlying], [UNTESTED, OUTLIERS], default=OK)
    return pd.DataFrame(
        {
            "min": np.fmin.reduce(values, axis=0),
            "max": np.fmax.reduce(values, axis=0),
            "mean": mean,
            "median": _median(ordered, available),
            "sd": sd,
            "skew": skew,
            "kurtosis": kurtosis,
            "available": available,
            "non_zero": non_zero,
            "unique": unique,
            "same": same,
            "share_available": available / units,
            "share_non_zero": non_zero / some,
            "share_unique": unique / some,
            "share_same": same / some,
            "flag_available": flag(available, min_available),
            "flag_non_zero": flag(non_zero, min_non_zero),
            "flag_unique": flag(unique, min_unique),
            "flag_outliers": pd.array(outliers.tolist(), dtype="str"),
        },
        index=data.columns,
    )
