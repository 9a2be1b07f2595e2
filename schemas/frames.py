"""Bring a DataFrame into the shape a table demands, and check it.

Belongs here: the pandas side of the registry (dtypes, order of columns and rows) and the pandera
schema generated from a table. Does not belong here: rules about one particular table; those are
properties of its fields.
"""

from __future__ import annotations

import math
import re
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from schemas.model import Field, FieldType, Table

if TYPE_CHECKING:
    import pandera.pandas as pa
    from pandas.api.extensions import ExtensionArray
    from pandera.dtypes import DataType

_INT = ("int64", "Int64")
_BOOL = ("bool", "boolean")
_STR = pd.StringDtype(na_value=np.nan)
# Rows looked at together: what stands between stays in the processor's cache.
_ROWS = 1 << 15
_KEY_RULE = "rows sorted by the key, no key twice"


class SchemaError(ValueError):
    """A frame does not hold what its table promises; the message names the rows."""


def _text(series: pd.Series, where: str) -> pd.Series:
    if isinstance(series.dtype, pd.CategoricalDtype):
        labels = series.array.categories
        odd_labels = [c for c in labels if not isinstance(c, str)] if labels.dtype != _STR else []
        if odd_labels:
            raise SchemaError(
                f"{where}: a category is {odd_labels[0]!r} ({type(odd_labels[0]).__name__}), "
                "expected text"
            )
        return series
    if not pd.api.types.is_string_dtype(series.dtype) or series.dtype == object:
        odd = series[series.notna() & ~series.map(lambda v: isinstance(v, str))]
        if len(odd):
            raise SchemaError(
                f"{where}: row {odd.index[0]} holds {odd.iloc[0]!r} "
                f"({type(odd.iloc[0]).__name__}), expected text"
            )
    return _plain(series)


def _plain(series: pd.Series) -> pd.Series:
    """Text as `str`; from categories by picking among them, not one Python object a row."""
    if not isinstance(series.dtype, pd.CategoricalDtype):
        return series if series.dtype == _STR else series.astype("str")
    labels = series.array.categories.astype("str").array
    return pd.Series(labels.take(series.array.codes, allow_fill=True), series.index)


def _categories(series: pd.Series) -> pd.Categorical[str]:
    """Text as categories, sorted and all of them used: equal columns have equal categories."""
    text = series.array
    if not isinstance(text, pd.Categorical):
        text = pd.Categorical(text)
    labels = text.categories
    # Many times faster than sorting the codes, as remove_unused_categories does.
    used = np.zeros(len(labels) + 1, dtype=bool)  # the last place is for missing, code -1
    for start in range(0, len(text), _ROWS):
        used[text.codes[start : start + _ROWS]] = True
    used = used[:-1]
    if used.all() and labels.is_monotonic_increasing:
        return text
    return text.set_categories(sorted(labels[used]))


def _exact(series: pd.Series, safe: str, plain: str | None) -> pd.Series:
    """Cast without loss: numpy would cut 1.5 to 1 and take a missing flag or "no" for a truth."""
    if plain and series.dtype == plain:
        return series
    exact = series.astype(pd.api.types.pandas_dtype(safe))
    return exact.astype(np.dtype(plain)) if plain else exact


def _cast(series: pd.Series, f: Field, where: str) -> pd.Series:
    try:
        if f.type == "string":
            return _text(series, where)
        if f.type == "int":
            return _exact(series, "Int64", None if f.nullable else "int64")
        if f.type == "float":
            return series.astype("float64")
        if f.type == "bool":
            return _exact(series, "boolean", None if f.nullable else "bool")
        # A date is a day: what a source says of the hour is dropped, as Parquet would drop it.
        return pd.to_datetime(series, format="ISO8601").astype("datetime64[s]").dt.normalize()
    except SchemaError:
        raise
    except (TypeError, ValueError, OverflowError) as error:
        raise SchemaError(f"{where}: cannot be read as {f.type}: {error}") from error


def conform(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Give a frame a table's columns, column types and row order.

    Parameters
    ----------
    frame : DataFrame
        Holds at least the table's columns, in any order; further columns are refused.
    table : Table
        The definition to follow.

    Returns
    -------
    DataFrame
        A new frame, columns in registry order, rows sorted by the key, index 0..n-1. Text is
        `str` in raw tables and categories in all others.

    Raises
    ------
    SchemaError
        If a column is missing or unknown, or a value cannot be read as the field's type.
    """
    missing = [c for c in table.columns if c not in frame.columns]
    extra = [c for c in frame.columns if c not in table.columns]
    if missing or extra:
        raise SchemaError(
            f"{table.name}: missing columns {missing}, unknown columns {extra}; "
            f"expected exactly {table.columns}"
        )
    columns = {f.name: _column(frame[f.name], f, table) for f in table.fields}
    out = pd.DataFrame(columns, index=pd.RangeIndex(len(frame)), copy=False)
    if not _is_sorted(out, table.key):
        # Not sort_values: it sorts categories in the order in which they happen to be listed.
        out = out.iloc[np.lexsort(_codes(out, table.key)[::-1])]
        out.index = pd.RangeIndex(len(frame))
    return out


def _column(series: pd.Series, f: Field, table: Table) -> ExtensionArray | np.ndarray:
    """Values of one column in the field's type."""
    cast = _cast(series, f, f"{table.name}.{f.name}")
    if f.type != "string":
        return cast.array
    # One form for one table, whoever made it: text as a parser reads it in the raw layer,
    # categories, those in use by the alphabet, in the long tables after it.
    return _plain(cast).array if table.layer == "raw" else _categories(cast)


def _codes(frame: pd.DataFrame, key: tuple[str, ...]) -> list[np.ndarray]:
    """Integer codes of each key column whose order is the order of the values."""
    codes = []
    for name in key:
        column = frame[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            code, labels = column.array.codes, column.array.categories
            if not labels.is_monotonic_increasing:
                rank = np.argsort(np.argsort(labels.to_numpy(dtype=object)))
                code = np.append(rank, -1)[code]  # missing: code -1
            codes.append(code)
        elif column.dtype.kind in "iufM" and not column.hasnans:
            codes.append(column.to_numpy())
        else:
            codes.append(pd.factorize(column, sort=True)[0])
    return codes


def _steps(frame: pd.DataFrame, key: tuple[str, ...]) -> np.ndarray:
    """Compare each row's key with the one before: 1 greater, 0 equal, -1 smaller."""
    codes = _codes(frame, key)
    if len(frame) < 2:
        return np.zeros(0, dtype=np.int8)
    whole = [c for c in codes if c.dtype.kind in "iu"]
    lows, spans = [int(c.min()) for c in whole], [int(c.max()) - int(c.min()) + 1 for c in whole]
    if len(whole) == len(codes) and math.prod(spans) < 2**62:
        # One number per row in the order of the keys: one comparison instead of one per column.
        step = np.empty(len(frame) - 1, dtype=np.int8)
        for start in range(0, len(step), _ROWS):
            rows = slice(start, start + _ROWS + 1)  # with the first of the next
            number = np.zeros(len(whole[0][rows]), dtype=np.int64)
            for code, low, span in zip(whole, lows, spans, strict=True):
                number *= span
                number += code[rows]
                number -= low
            step[start : start + _ROWS] = np.sign(np.diff(number))
        return step
    step = np.zeros(len(frame) - 1, dtype=np.int8)
    for code in reversed(codes):
        sign = (code[1:] > code[:-1]).astype(np.int8) - (code[1:] < code[:-1]).astype(np.int8)
        step = np.where(sign != 0, sign, step)
    return step


def _is_sorted(frame: pd.DataFrame, key: tuple[str, ...]) -> bool:
    return bool((_steps(frame, key) >= 0).all())


def _check(f: Field) -> list[pa.Check]:
    """One check for each field with a rule: pandera's cost is by the check, not by the row."""
    import pandera.pandas as pa

    rule = rule_of(f)
    if not rule:
        return []
    holds = _matches if f.type == "string" else _within
    # A missing value holds every rule: pandera need not copy the others.
    return [pa.Check(lambda s: holds(s, f), name=rule, error=rule, ignore_na=False)]


def rule_of(f: Field) -> str:
    """What a field's values must be, in words; empty where any value of the type will do."""
    if f.allowed:
        return f"one of {list(f.allowed)}"
    if f.pattern:
        return f"matches {f.pattern}"
    words = [
        f"at least {f.minimum}" if f.minimum is not None else "",
        f"at most {f.maximum}" if f.maximum is not None else "",
        "finite" if f.type == "float" else "",
    ]
    return ", ".join(w for w in words if w)


def _verdict(bad: np.ndarray) -> pd.Series | bool:
    """What a check returns: which rows hold, or that all do, which costs pandera much less."""
    return pd.Series(~bad) if bad.any() else True


def _within(series: pd.Series, f: Field) -> pd.Series | bool:
    """Whether each number is finite and inside the field's bounds; a missing one is."""
    values = series.to_numpy(dtype="float64", na_value=np.nan)
    with np.errstate(invalid="ignore"):
        bad = np.isinf(values)
        if f.minimum is not None:
            bad |= values < f.minimum
        if f.maximum is not None:
            bad |= values > f.maximum
    return _verdict(bad)


def _matches(series: pd.Series, f: Field) -> pd.Series | bool:
    """Whether each text is one of the allowed values and matches the pattern."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        codes, labels = series.array.codes, series.array.categories
    else:
        codes, labels = pd.factorize(series)
    form = re.compile(f.pattern)
    bad = [
        (bool(f.allowed) and label not in f.allowed)
        or (bool(f.pattern) and form.fullmatch(label) is None)
        for label in labels.tolist()
    ]
    bad.append(False)  # for missing, code -1
    return _verdict(np.array(bad)[codes]) if any(bad) else True


@cache
def _dtype(kind: FieldType, nullable: bool) -> DataType | None:
    """Dtype pandera must see; None for text, which may be `str` or a category (see `conform`)."""
    from pandera.engines.pandas_engine import Engine

    name = {
        "string": None,
        "int": _INT[nullable],
        "float": "float64",
        "bool": _BOOL[nullable],
        "date": "datetime64[s]",
    }[kind]
    return Engine.dtype(name) if name else None


@cache
def pandera_schema(table: Table) -> pa.DataFrameSchema:
    """Return the pandera schema of a table: types, bounds, codes, keys, no unknown column."""
    import pandera.pandas as pa

    def in_order(frame: pd.DataFrame) -> pd.Series | bool:
        return _verdict(np.append(False, _steps(frame, table.key) <= 0)[: len(frame)])

    return pa.DataFrameSchema(
        {
            f.name: pa.Column(_dtype(f.type, f.nullable), _check(f), nullable=f.nullable)
            for f in table.fields
        },
        checks=[pa.Check(in_order, name=_KEY_RULE, error=_KEY_RULE)],
        strict=True,
        ordered=True,
        name=table.name,
    )


def validate(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Check a conformed frame against its table.

    Returns
    -------
    DataFrame
        The same frame.

    Raises
    ------
    SchemaError
        Lists every failed rule with how many rows broke it and up to three of them.
    """
    import pandera.errors

    try:
        return pandera_schema(table).validate(frame, lazy=True, inplace=True)
    except pandera.errors.SchemaErrors as error:
        raise SchemaError(_explain(error.failure_cases, frame, table)) from None


def _explain(cases: pd.DataFrame, frame: pd.DataFrame, table: Table) -> str:
    # pandera repeats a rule about whole rows for each column.
    whole = cases["check"] == _KEY_RULE
    cases = cases.assign(column=cases["column"].mask(whole, f"key {list(table.key)}"))
    cases = cases[~(whole & cases.duplicated(["check", "index"]))]
    lines = [f"{table.name}: {len(cases)} values break its schema"]
    for (column, check), group in cases.groupby(["column", "check"], dropna=False, sort=True):
        shown = [*table.key, *([column] if column in frame and column not in table.key else [])]
        rows = [i for i in group["index"].dropna().unique()[:3] if i in frame.index]
        examples = "; ".join(str(frame.loc[i, shown].to_dict()) for i in rows)
        lines.append(
            f"  {column}: {check} broken {len(group)} times, for instance "
            f"{examples or repr(group['failure_case'].iloc[0])}"
        )
    return "\n".join(lines)
