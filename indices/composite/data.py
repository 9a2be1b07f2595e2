"""Data before any judgement of values: denominators, availability screening, imputation.

Belongs here: what turns a raw table of units and indicators into one that is comparable in size
and as complete as an honest rule can make it, with a record of every cell and unit touched. Does
not belong here: outliers and skewness (`treat`), scores (`normalise`), reading files.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping

import numpy as np
import pandas as pd

from indices.composite.errors import CompositeError

Array = np.ndarray

MISSING = "missing"
GROUPED = ("group_mean", "group_median")
IN_TIME = ("carry_forward", "linear")
CENTRAL = ("mean", "median", *GROUPED)
METHODS = (*CENTRAL, *IN_TIME, "constant")

# Counts compared with a share need room for the rounding of the share.
_ROUNDING = 1e-9
# Beyond, sums over a long panel leave the range of floats.
LARGEST = 1e300


def listed(labels: Iterable[object], most: int = 5) -> str:
    """Write labels for a message: the first few, then how many more."""
    texts = [
        "(" + ", ".join(map(str, label)) + ")" if isinstance(label, tuple) else str(label)
        for label in labels
    ]
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more


def indicator_values(data: pd.DataFrame, what: str = "data") -> Array:
    """Take a table's numbers, refusing what would become a silent wrong one later.

    Parameters
    ----------
    data : DataFrame
        Only indicator columns, one row per unit (or unit and time).
    what : str
        What the table is called in messages.

    Returns
    -------
    float array, shape (units, indicators)
        A copy; NaN is missing.

    Raises
    ------
    CompositeError
        If the table is empty, an indicator or a unit is there twice, an indicator is not numeric,
        or a value is infinite.
    """
    if isinstance(data, pd.DataFrame) and data.empty:
        raise CompositeError(
            f"the {what} has {data.shape[0]} rows and {data.shape[1]} columns, "
            "expected at least one of each"
        )
    values = matrix(data, what)
    _once(data.index, "row", what)
    return values


def quoted(names: Iterable[object]) -> str:
    """Write all names for a message, as Python would."""
    return ", ".join(map(repr, names))


def matrix(data: pd.DataFrame, what: str = "data") -> Array:
    """Return a copy of a table's values as floats, or say which column cannot be read as such.

    Raises
    ------
    CompositeError
        If it is no table, a column's name comes twice, is not numeric, or holds values that are
        infinite or beyond 1e300, whose sums would be.
    """
    if not isinstance(data, pd.DataFrame):
        raise CompositeError(f"the {what} is a {type(data).__name__}, expected a DataFrame")
    _once(data.columns, "column", what)
    text = [name for name, kind in data.dtypes.items() if not pd.api.types.is_numeric_dtype(kind)]
    if text:
        raise CompositeError(
            f"column {listed(text)} of the {what} is not numeric, expected indicators only; "
            "convert it or leave it out"
        )
    values = data.to_numpy(dtype=float, na_value=np.nan, copy=True)
    beyond = np.abs(values) > LARGEST
    if beyond.any():
        row, column = np.argwhere(beyond)[0]
        found = "infinite" if np.isinf(values[row, column]) else f"{values[row, column]:g}"
        raise CompositeError(
            f"{listed([data.columns[column]])} of {listed([data.index[row]])} is {found} "
            f"({beyond.sum()} such values in the {what}), expected a number or missing"
        )
    return values


def _once(labels: pd.Index, kind: str, what: str) -> None:
    if labels.has_duplicates:
        raise CompositeError(
            f"{kind} {listed(labels[labels.duplicated()].unique())} of the {what} is there more "
            "than once, expected once; drop or merge the repeated ones"
        )


def _table(values: Array, like: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(values, index=like.index, columns=like.columns)


def _unknown(names: Iterable[Hashable], known: Collection[Hashable], what: str, of: str) -> None:
    strange = [name for name in names if name not in known]
    if strange:
        raise CompositeError(f"{what} {listed(strange)} is not in the {of}: {listed(known, 60)}")


def denominate(
    data: pd.DataFrame,
    denominators: pd.DataFrame,
    by: Mapping[str, str],
    scale: float | Mapping[str, float] = 1.0,
) -> pd.DataFrame:
    """Divide indicators by the size of the unit, so that large and small units compare.

    Parameters
    ----------
    data : DataFrame
        Units by indicators.
    denominators : DataFrame
        With the units (or units and times) of `data`; it may have more of them, in any order.
    by : mapping
        Indicator to the column of `denominators` that it is divided by. Others stay as they are.
    scale : float or mapping
        Positive factor of the quotient, for all or per indicator (those unnamed: 1), for readable
        units such as "per thousand inhabitants".

    Returns
    -------
    DataFrame
        As `data`, in floats. Where the value or its denominator is missing, so is the quotient:
        the size of the unit is unknown, not wrong, and a missing value is seen by everything that
        follows (flags of imputation, coverage, screening).

    Raises
    ------
    CompositeError
        If a known value has a zero or negative denominator: unit and indicator are named. If a
        unit of `data` has no row in `denominators`. If `by` or `scale` names what is not there.

    Notes
    -----
    Source: OECD/JRC Handbook (2008), step 5 on scale effects; COINr's `Denominate`. A negative
    denominator is refused because it would turn the indicator's order around.
    """
    values = indicator_values(data)
    _unknown(by, data.columns, "denominated indicator", "data")
    _unknown(by.values(), denominators.columns, "denominator", "denominators")
    scales = dict(scale) if isinstance(scale, Mapping) else dict.fromkeys(by, scale)
    _unknown(scales, by, "scaled indicator", "indicators that have a denominator")
    wrong = [name for name, factor in scales.items() if not (0 < factor < np.inf)]
    if wrong:
        raise CompositeError(
            f"scale of {listed(wrong)} is {listed(scales[name] for name in wrong)}, "
            "expected a positive number"
        )
    if not by:
        return _table(values, data)
    used = denominators[list(dict.fromkeys(by.values()))]
    sizes = indicator_values(used, "denominators")
    at = used.index.get_indexer(data.index)
    absent = data.index[at < 0]
    if len(absent):
        raise CompositeError(
            f"the denominators have no row for {listed(absent)}, expected one per row of the data; "
            "add it (its values may be missing), or check that both name units alike"
        )
    sizes = sizes[at]
    for indicator, denominator in by.items():
        k = data.columns.get_loc(indicator)
        size = sizes[:, used.columns.get_loc(denominator)]
        known = ~np.isnan(values[:, k])
        for bad, found in ((size == 0, "zero"), (size < 0, "negative")):
            units = data.index[known & bad]
            if len(units):
                raise CompositeError(
                    f"the denominator {denominator} of {indicator} is {found} for "
                    f"{listed(units)}, expected a positive number; correct it, or leave the "
                    "indicator of that unit missing"
                )
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            quotient = values[:, k] / size * scales.get(indicator, 1.0)
        beyond = data.index[np.isinf(quotient)]
        if len(beyond):
            raise CompositeError(
                f"{indicator} divided by {denominator} is too large a number for "
                f"{listed(beyond)}; check the denominator's unit"
            )
        values[:, k] = quotient
    return _table(values, data)


def _units_of(index: pd.Index, labels: Collection[Hashable], what: str) -> Array:
    """Where rows belong to the labels: whole rows, or in a panel a unit at all times."""
    chosen = np.zeros(len(index), dtype=bool)
    units = index.droplevel(-1) if isinstance(index, pd.MultiIndex) else index
    for label in labels:
        width = len(label) if isinstance(label, tuple) else 1
        rows = index if width == index.nlevels else units
        here = rows.isin([label]) if width == rows.nlevels else np.zeros(len(index), dtype=bool)
        if not here.any():
            raise CompositeError(f"{what} names {listed([label])}, which is not a unit of the data")
        chosen |= here
    return chosen


def screen(
    data: pd.DataFrame,
    minimum: float,
    *,
    keep: Collection[Hashable] = (),
    drop: Collection[Hashable] = (),
    zeros: float | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Keep the units with enough data.

    Parameters
    ----------
    data : DataFrame
        Units by indicators.
    minimum : float
        Least share of indicators that must be known, from 0 to 1; a unit just at it stays.
    keep, drop : collection of units
        Decided by hand, whatever the data say. In a panel a unit, or one (unit, time).
    zeros : float, optional
        Largest share of zeros among a unit's known values, from 0 to 1; a unit just at it stays.
        A unit that knows nothing has no such share and is not judged by it.

    Returns
    -------
    screened : DataFrame
        The rows that stay, in their order.
    report : DataFrame
        Per unit of `data`: `available` (count), `share` (of indicators known), `zero_share` (of
        known values; missing if none), `kept`, `reason` (why it was dropped or kept by hand, else
        empty).

    Raises
    ------
    CompositeError
        If a share is not one, a unit is unknown or both kept and dropped, or no unit is left.

    Notes
    -----
    Source: OECD/JRC Handbook (2008), step 3; COINr's `Screen` (its `nonzero_thresh` is 1 minus
    `zeros`).
    """
    values = indicator_values(data)
    for name, share in (("minimum", minimum), ("zeros", zeros)):
        if share is not None and not 0 <= share <= 1:
            raise CompositeError(f"{name} is {share}, expected a share from 0 to 1")
    for name, units in (("keep", keep), ("drop", drop)):
        if isinstance(units, str):
            raise CompositeError(f"{name} is {units!r}, expected a list of units")
    kept_by_hand = _units_of(data.index, keep, "keep")
    dropped_by_hand = _units_of(data.index, drop, "drop")
    both = data.index[kept_by_hand & dropped_by_hand]
    if len(both):
        raise CompositeError(f"{listed(both)} is to be kept and to be dropped; choose one")
    indicators = values.shape[1]
    available = (~np.isnan(values)).sum(axis=1)
    zero = (values == 0).sum(axis=1)
    few = available < minimum * indicators - _ROUNDING
    many_zeros = (
        np.zeros(len(data), dtype=bool) if zeros is None else zero > zeros * available + _ROUNDING
    )
    kept = (~few & ~many_zeros & ~dropped_by_hand) | kept_by_hand
    reason = np.select(
        [kept_by_hand, dropped_by_hand, few & many_zeros, few, many_zeros],
        ["kept by hand", "dropped by hand", "few data and many zeros", "few data", "many zeros"],
        default="",
    )
    if not kept.any():
        raise CompositeError(
            f"no unit has at least {minimum:.0%} of {indicators} indicators"
            + ("" if zeros is None else f" and at most {zeros:.0%} zeros")
            + "; lower the threshold or name units to keep"
        )
    report = pd.DataFrame(
        {
            "available": available,
            "share": available / indicators,
            "zero_share": np.where(available > 0, zero / np.maximum(available, 1), np.nan),
            "kept": kept,
            "reason": reason.astype(object),
        },
        index=data.index,
    ).astype({"reason": "str"})
    return _table(values, data).loc[kept], report


def panel_codes(index: pd.Index, what: str) -> tuple[Array, Array, pd.Index]:
    """Number a panel's units and its periods in time order; the last level is time.

    Parameters
    ----------
    index : MultiIndex
        The levels before the last make the unit.
    what : str
        What needs it, for messages.

    Returns
    -------
    unit, time : int arrays, shape (rows,)
    periods : Index
        The distinct times, sorted.

    Raises
    ------
    CompositeError
        If the index has one level, or a missing time.
    """
    if not isinstance(index, pd.MultiIndex):
        raise CompositeError(
            f"{what} needs time: expected a MultiIndex (unit, time), "
            f"found a plain index named {index.name!r}"
        )
    times = index.get_level_values(-1)
    if times.hasnans:
        raise CompositeError("the index has a missing time, expected one in every row")
    time, periods = pd.factorize(times, sort=True)
    unit, _ = pd.factorize(index.droplevel(-1))
    return unit, time, pd.Index(periods, name=times.name)


def parts(codes: Array) -> list[Array]:
    """Positions of each distinct code, in the order of the codes."""
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)


def periods_of(index: pd.Index) -> Array | None:
    """Number the period of every row in time order; None where there is no time."""
    if not isinstance(index, pd.MultiIndex):
        return None
    return pd.factorize(index.get_level_values(-1), sort=True)[0]


def _group_codes(index: pd.Index, groups: pd.Series) -> Array:
    """Number the group of every row; -1 where it has none."""
    if groups.index.has_duplicates:
        raise CompositeError("groups names a unit more than once, expected one group each")
    rows: pd.Index = index
    if isinstance(index, pd.MultiIndex) and groups.index.nlevels == index.nlevels - 1:
        rows = index.droplevel(-1)
    at = groups.index.get_indexer(rows)
    lost = rows[at < 0].unique()
    if len(lost):
        raise CompositeError(
            f"groups has no entry for {listed(lost)}, expected every unit of the data; "
            "a unit without a group gets a missing one"
        )
    return pd.factorize(groups)[0][at]


def _group_means(x: Array, group: Array, count: int) -> Array:
    """Mean of known values per group: shape (count,); NaN where a group knows nothing."""
    known = ~np.isnan(x)
    where, here = group[known], x[known]
    number = np.bincount(where, minlength=count)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(where, weights=here, minlength=count) / number
        # A second pass takes out the rounding of the first.
        rest = np.bincount(where, weights=here - mean[where], minlength=count) / number
    return mean + rest


def _group_medians(x: Array, group: Array, count: int) -> Array:
    """Median of known values per group: shape (count,); NaN where a group knows nothing."""
    known = ~np.isnan(x)
    where, here = group[known], x[known]
    ordered = here[np.lexsort((here, where))]
    number = np.bincount(where, minlength=count)
    start = np.cumsum(number) - number
    found = np.full(count, np.nan)
    some = number > 0
    low = ordered[(start + (number - 1) // 2)[some]]
    high = ordered[(start + number // 2)[some]]
    found[some] = low / 2 + high / 2
    return found


def _central(values: Array, method: str, group: Array) -> Array:
    """Fill with the mean or median of the group; a row with group -1 is left as it is."""
    of = _group_means if method.endswith("mean") else _group_medians
    inside = group >= 0
    count = int(group.max(initial=-1)) + 1
    if not inside.any():
        return values
    filled = values.copy()
    for k in range(values.shape[1]):
        centre = of(values[inside, k], group[inside], count)
        filled[inside, k] = np.where(
            np.isnan(values[inside, k]), centre[group[inside]], values[inside, k]
        )
    return filled


def _neighbours(known: Array, unit: Array) -> tuple[Array, Array]:
    """Row of the last known value at or before each cell, and of the next, within the unit.

    Rows are sorted by unit and time; -1 and the number of rows stand for none.
    """
    rows = np.arange(len(unit))[:, None]
    before = np.maximum.accumulate(np.where(known, rows, -1), axis=0)
    after = np.minimum.accumulate(np.where(known, rows, len(unit))[::-1], axis=0)[::-1]
    first = np.searchsorted(unit, unit, side="left")[:, None]
    last = np.searchsorted(unit, unit, side="right")[:, None] - 1
    return np.where(before >= first, before, -1), np.where(after <= last, after, len(unit))


def _numeric_times(periods: pd.Index) -> Array:
    """Place periods on a line, for interpolation."""
    if isinstance(periods, pd.DatetimeIndex):
        return ((periods - periods[0]) / pd.Timedelta(1, "D")).to_numpy(dtype=float)
    if isinstance(periods, pd.PeriodIndex):
        return (periods.asi8 - periods.asi8[0]).astype(float)
    if not pd.api.types.is_numeric_dtype(periods.dtype):
        raise CompositeError(
            f"imputation 'linear' needs times that are numbers or dates, found {periods[0]!r}"
        )
    return periods.to_numpy(dtype=float)


def _in_time(
    values: Array, index: pd.Index, method: str, max_periods: int | None, extend: bool
) -> Array:
    unit, time, periods = panel_codes(index, f"imputation {method!r}")
    order = np.lexsort((time, unit))
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    x, unit, time = values[order], unit[order], time[order]
    known = ~np.isnan(x)
    before, after = _neighbours(known, unit)
    low, high = np.maximum(before, 0), np.minimum(after, len(unit) - 1)
    earlier, later = (np.take_along_axis(x, rows, axis=0) for rows in (low, high))
    if extend:
        # Outside its known periods a unit has one neighbour only.
        x = np.where(~known & (before < 0) & (after < len(unit)), later, x)
    if method == "carry_forward":
        usable = before >= 0
        if max_periods is not None:
            usable &= time[:, None] - time[low] <= max_periods
        return np.where(~known & usable, earlier, x)[back]
    if extend:
        x = np.where(~known & (before >= 0) & (after == len(unit)), earlier, x)
    at = _numeric_times(periods)[time]
    gap = ~known & (before >= 0) & (after < len(unit))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = (at[:, None] - at[low]) / (at[high] - at[low])
        between = earlier + share * (later - earlier)
    return np.where(gap, between, x)[back]


def impute(
    data: pd.DataFrame,
    method: str,
    *,
    groups: pd.Series | None = None,
    constant: float | None = None,
    by_time: bool = True,
    max_periods: int | None = None,
    extend: bool = False,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fill missing values by a stated rule and flag every cell that was filled.

    Parameters
    ----------
    data : DataFrame
        Units by indicators. A panel has a MultiIndex whose last level is time; its rows may be in
        any order.
    method : str
        - `mean`, `median`: of the indicator's known values;
        - `group_mean`, `group_median`: of those in the unit's group;
        - `carry_forward`: the unit's latest known value before (panels only);
        - `linear`: on the straight line in time between the unit's known values before and after
          (panels only). Outside the known years a trend is not extrapolated: the cell stays
          missing, or with `extend` has the nearest known value;
        - `constant`: one given value.
    groups : Series
        Group of each unit, for the group methods only: with the index of `data`, or in a panel
        also with units alone. A unit whose group is missing is not imputed.
    constant : float
        The value, for `constant` only.
    by_time : bool
        In a panel, means and medians are taken within each time, so that a trend does not bring
        another decade's level; False takes them over all times together.
    max_periods : int, optional
        For `carry_forward` only: how many of the panel's periods back a value may come from.
    extend : bool
        For `carry_forward` and `linear` only: whether the periods before a unit's first known
        value, and with `linear` those after its last, have the nearest known value.

    Returns
    -------
    imputed : DataFrame
        As `data`, in floats. Known values are unchanged.
    flags : DataFrame of str
        Same shape: empty where observed, the method's name where imputed, `missing` where the
        rule had nothing to offer (a group, a time or an indicator without any known value).

    Raises
    ------
    CompositeError
        If the method is not known, or what it needs is not there, or is given and not used.

    Notes
    -----
    Source: OECD/JRC Handbook (2008), step 3 (single imputation); COINr's `Impute` (which treats
    each year alone) and `impute_panel`: `carry_forward` is its "latest", with `extend` its
    "constant"; `linear` with `extend` is its "linear".
    """
    if method not in METHODS:
        raise CompositeError(f"imputation {method!r} is not known; there are {listed(METHODS, 9)}")
    for name, given, users in (
        ("groups", groups, GROUPED),
        ("constant", constant, ("constant",)),
        ("max_periods", max_periods, ("carry_forward",)),
    ):
        if given is not None and method not in users:
            raise CompositeError(f"imputation {method!r} does not use {name}; leave it out")
    if not by_time and method not in CENTRAL:
        raise CompositeError(f"imputation {method!r} does not use by_time; leave it out")
    if extend and method not in IN_TIME:
        raise CompositeError(f"imputation {method!r} does not use extend; leave it out")
    values = indicator_values(data)
    if method == "constant":
        if constant is None or not np.isfinite(constant):
            raise CompositeError(f"imputation 'constant' needs a number, found {constant}")
        filled = np.where(np.isnan(values), constant, values)
    elif method in IN_TIME:
        if max_periods is not None and max_periods < 1:
            raise CompositeError(f"max_periods is {max_periods}, expected 1 or more")
        filled = _in_time(values, data.index, method, max_periods, extend)
    else:
        group = np.zeros(len(data), dtype=int)
        if method in GROUPED:
            if groups is None:
                raise CompositeError(f"imputation {method!r} needs groups, a Series over units")
            group = _group_codes(data.index, groups)
        if isinstance(data.index, pd.MultiIndex) and by_time:
            _, time, periods = panel_codes(data.index, f"imputation {method!r}")
            group = np.where(group >= 0, group * len(periods) + time, -1)
        filled = _central(values, method, group)
    was_missing = np.isnan(values)
    flags = np.full(values.shape, "", dtype=object)
    flags[was_missing] = method
    flags[was_missing & np.isnan(filled)] = MISSING
    return _table(filled, data), _table(flags, data).astype("str")
