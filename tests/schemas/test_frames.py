"""Conforming and validating frames: what is accepted, what is refused, and in which words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from factories import tiny_frame
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

import schemas.frames
from schemas import REGISTRY, Field, Table, conform, validate
from schemas.frames import SchemaError
from warehouse import tables

TABLE = Table(
    "core_test__rows",
    "A table with a field of every kind.",
    ("state", "year"),
    (
        Field("state", "string", "A state.", pattern="[A-Z]{3}"),
        Field("year", "int", "A year.", minimum=1900, maximum=2100),
        Field("code", "string", "A code.", allowed=("x", "y")),
        Field("note", "string", "A note.", nullable=True),
        Field("count", "int", "A count.", nullable=True, minimum=0),
        Field("share", "float", "A share.", nullable=True, minimum=0, maximum=1),
        Field("size", "float", "A size."),
        Field("is_old", "bool", "Whether old."),
        Field("is_new", "bool", "Whether new.", nullable=True),
        Field("day", "date", "A day.", nullable=True),
    ),
)


def good(**changes: Any) -> pd.DataFrame:
    """Three valid rows, in the order of the key; `changes` replace columns."""
    return pd.DataFrame(
        {
            "state": ["CHN", "CHN", "IRN"],
            "year": [2000, 2001, 1999],
            "code": ["x", "y", "x"],
            "note": ["a", None, "c"],
            "count": [1, None, 3],
            "share": [0.0, 1.0, None],
            "size": [1.5, -2.0, 0.0],
            "is_old": [True, False, True],
            "is_new": [True, None, False],
            "day": ["2000-01-01", None, "1815-06-18"],
        }
        | changes
    )


def check(frame: pd.DataFrame) -> pd.DataFrame:
    """Conform and validate against the test table."""
    return validate(conform(frame, TABLE), TABLE)


def test_conform_gives_registry_order_types_and_sorted_rows() -> None:
    shuffled = good().iloc[[2, 0, 1]][TABLE.columns[::-1]]
    made = conform(shuffled, TABLE)
    assert list(made.columns) == TABLE.columns
    assert list(made.index) == [0, 1, 2]
    assert made[["state", "year"]].to_numpy().tolist() == [
        ["CHN", 2000],
        ["CHN", 2001],
        ["IRN", 1999],
    ]
    assert [str(t) for t in made.dtypes] == [
        "category", "int64", "category", "category", "Int64", "float64", "float64", "bool",
        "boolean", "datetime64[s]",
    ]  # fmt: skip
    assert made["day"].isna().tolist() == [False, True, False]
    assert made["count"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize("dtype", ["str", "object", pd.CategoricalDtype(["y", "z", "x"])])
@pytest.mark.parametrize(("name", "expected"), [("core_a__b", "category"), ("raw_a__b", "str")])
def test_text_has_one_form_in_each_layer(dtype: Any, name: str, expected: str) -> None:
    table = Table(name, "A table.", ("code",), (Field("code", "string", "A code."),))
    made = conform(pd.DataFrame({"code": ["y", "x"]}, dtype=dtype), table)["code"]
    assert made.tolist() == ["x", "y"]
    assert str(made.dtype) == expected
    if expected == "category":
        assert made.cat.categories.tolist() == ["x", "y"]


def test_conform_leaves_its_input_alone() -> None:
    frame = good().iloc[[1, 0, 2]]
    before = frame.copy(deep=True)
    conform(frame, TABLE)
    assert_frame_equal(frame, before)


@pytest.mark.parametrize(
    ("frame", "missing", "unknown"),
    [
        (good().rename(columns={"note": "nte"}), ["note"], ["nte"]),
        (good().drop(columns=["note", "size"]), ["note", "size"], []),
        (good(nte=1), [], ["nte"]),
    ],
)
def test_missing_and_unknown_columns_are_named(
    frame: pd.DataFrame, missing: list[str], unknown: list[str]
) -> None:
    expected = f"core_test__rows: missing columns {missing}, unknown columns {unknown}; "
    with pytest.raises(SchemaError) as error:
        conform(frame, TABLE)
    assert str(error.value).startswith(expected)


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("note", ["a", 7, "c"], r"row 1 holds 7 \(int\), expected text"),
        ("note", ["a", b"b", "c"], r"row 1 holds b'b' \(bytes\)"),
        ("note", [1.0, 2.0, 3.0], "expected text"),
        ("code", pd.Categorical([1, 2, 1]), "expected text"),
        ("year", [2000, 2001.5, 1999], "cannot be read as int"),
        ("year", [2000, None, 1999], "cannot be read as int"),
        ("year", ["2000", "MMI", "1999"], "cannot be read as int"),
        ("count", [0.5, None, 3], "cannot be read as int"),
        ("size", ["1.5", "-", "0"], "cannot be read as float"),
        # numpy would read a missing flag as False, NaN and any text as True.
        ("is_old", [True, None, False], "cannot be read as bool"),
        ("is_old", [1.0, float("nan"), 0.0], "cannot be read as bool"),
        ("is_old", ["yes", "no", "no"], "cannot be read as bool"),
        ("is_old", [0, 1, 2], "cannot be read as bool"),
        ("day", ["2000-01-01", "2000-02-30", None], "cannot be read as date"),
        ("day", ["18 June 1815", None, None], "cannot be read as date"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(column: str, values: Any, message: str) -> None:
    with pytest.raises(SchemaError, match=message) as error:
        conform(good(**{column: values}), TABLE)
    assert str(error.value).startswith(f"core_test__rows.{column}: ")


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        ("count", [1.0, float("nan"), 3.0], [1, None, 3]),
        ("count", pd.array([2**62 + 1, None, 0], dtype="Int64"), [2**62 + 1, None, 0]),
        ("year", ["2000", "2001", "1999"], [2000, 2001, 1999]),
        ("size", [1, 2, 3], [1.0, 2.0, 3.0]),
        ("is_old", [1, 0, 1], [True, False, True]),
        ("is_new", [float("nan"), True, None], [None, True, None]),
        ("code", pd.Categorical(["x", "y", "x"]), ["x", "y", "x"]),
        (
            "day",
            pd.to_datetime(["2000-01-01 13:30", None, "1815-06-18"], format="ISO8601"),
            [pd.Timestamp("2000-01-01"), None, pd.Timestamp("1815-06-18")],
        ),
    ],
)
def test_a_value_that_can_be_read_without_loss_is(
    column: str, values: Any, expected: list[object]
) -> None:
    made = check(good(**{column: values}))[column].astype(object)
    assert made.where(made.notna(), None).tolist() == expected


def test_rows_are_sorted_by_spelling_however_categories_are_listed() -> None:
    state = pd.Categorical(["IRN", "CHN", "CHN"], categories=["USA", "IRN", "CHN"])
    made = check(good(state=state, year=[1999, 2001, 2000]))
    assert made["state"].astype("str").tolist() == ["CHN", "CHN", "IRN"]
    assert made["year"].tolist() == [2000, 2001, 1999]


@pytest.mark.parametrize("at", range(1, 7))
def test_blocks_of_rows_hide_nothing_at_their_ends(
    at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schemas.frames, "_ROWS", 2)
    years = list(range(2000, 2007))
    frame = pd.concat([good().head(1)] * 7, ignore_index=True).assign(
        year=years, state=["CHN"] * 6 + ["IRN"]
    )
    twice = frame.assign(year=years[:at] + [years[at - 1]] + years[at + 1 :], state="CHN")
    with pytest.raises(SchemaError, match=f"no key twice broken 1 times.*{years[at - 1]}"):
        check(twice)
    order = [*range(at - 1), at, at - 1, *range(at + 1, 7)]
    assert_frame_equal(check(frame.iloc[order]), check(frame))
    assert check(frame)["state"].cat.categories.tolist() == ["CHN", "IRN"]


BROKEN: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"year": [2000, 2001, 2101]}, ("year", "at least 1900, at most 2100", "'IRN'", "2101")),
    ({"year": [1899, 2001, 1999]}, ("year", "at least 1900, at most 2100", "1899")),
    ({"count": [-1, None, 3]}, ("count", "at least 0", "'CHN'", "2000", "-1")),
    ({"share": [0.0, 1.01, None]}, ("share", "at most 1, finite", "2001", "1.01")),
    ({"size": [1.5, np.inf, 0.0]}, ("size", "finite", "2001", "inf")),
    ({"size": [1.5, None, 0.0]}, ("size", "not_nullable", "2001")),
    ({"code": ["x", "z", "x"]}, ("code", "one of ['x', 'y']", "2001", "'z'")),
    ({"code": ["x", None, "x"]}, ("code", "not_nullable", "2001")),
    ({"state": ["CHN", "CHN", "IRNX"]}, ("state", "matches [A-Z]{3}", "'IRNX'")),
    ({"state": ["CHN", "CHN", "IR"]}, ("state", "matches [A-Z]{3}", "'IR'")),
    ({"state": ["CHN", None, "IRN"]}, ("state", "not_nullable")),
    ({"state": pd.Categorical([None] * 3)}, ("state", "not_nullable")),
    ({"year": [2000, 2000, 1999]}, ("key ['state', 'year']", "no key twice", "'CHN'", "2000")),
]


@pytest.mark.parametrize(("changes", "words"), BROKEN)
def test_a_broken_rule_is_refused_and_the_row_named(
    changes: dict[str, Any], words: tuple[str, ...]
) -> None:
    with pytest.raises(SchemaError) as error:
        check(good(**changes))
    message = str(error.value)
    assert message.startswith("core_test__rows: ")
    for word in words:
        assert word in message


def test_all_broken_rules_are_told_at_once_with_their_numbers() -> None:
    with pytest.raises(SchemaError) as error:
        check(good(code=["z", "z", "z"], share=[-1.0, 2.0, None]))
    lines = str(error.value).splitlines()
    assert lines[0] == "core_test__rows: 5 values break its schema"
    assert [line.split(",")[0] for line in lines[1:]] == [
        "  code: one of ['x'",
        "  share: at least 0",
    ]


def test_a_key_that_stands_twice_is_told_once() -> None:
    with pytest.raises(SchemaError) as error:
        check(good(year=[2000, 2000, 1999]))
    assert str(error.value) == (
        "core_test__rows: 1 values break its schema\n"
        "  key ['state', 'year']: rows sorted by the key, no key twice broken 1 times, for "
        "instance {'state': 'CHN', 'year': 2000}"
    )


@pytest.mark.parametrize(
    "spoil",
    [
        lambda f: f.iloc[[1, 0, 2]].reset_index(drop=True),
        lambda f: f.assign(extra=1),
        lambda f: f.drop(columns="note"),
        lambda f: f[TABLE.columns[::-1]],
        lambda f: f.astype({"year": "float64"}),
        lambda f: f.astype({"is_new": "object"}),
    ],
    ids=["unsorted", "unknown column", "missing column", "column order", "type", "object"],
)
def test_validate_refuses_a_frame_that_was_not_conformed(
    spoil: Callable[[pd.DataFrame], pd.DataFrame],
) -> None:
    with pytest.raises(SchemaError, match="core_test__rows"):
        validate(spoil(conform(good(), TABLE)), TABLE)


def test_an_empty_frame_is_valid() -> None:
    assert check(good().head(0)).shape == (0, 10)


# Property tests: any frame the fields allow, for every table of the registry.

EXAMPLES = settings(
    max_examples=2,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
TABLES = [pytest.param(t, id=t.name) for t in REGISTRY.values()]


def one(f: Field) -> st.SearchStrategy[Any]:
    """Any valid value of a field that is not missing."""
    if f.type == "string":
        if f.allowed:
            return st.sampled_from(f.allowed)
        if f.pattern:
            return st.from_regex(f.pattern, fullmatch=True)
        # Parquet and DuckDB hold UTF-8, so no lone surrogates.
        return st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
    if f.type == "int":
        low, high = f.minimum, f.maximum
        return st.integers(
            -(2**62) if low is None else int(low), 2**62 if high is None else int(high)
        )
    if f.type == "float":
        return st.floats(f.minimum, f.maximum, allow_nan=False, allow_infinity=False)
    if f.type == "bool":
        return st.booleans()
    return st.dates(min_value=pd.Timestamp("0001-01-01").date()).map(pd.Timestamp)


@st.composite
def frames(draw: st.DrawFn, table: Table) -> pd.DataFrame:
    """Two to four valid rows of a table (one where its key has but one value), in any order."""
    keys = draw(
        st.lists(
            st.tuples(*(one(table[k]) for k in table.key)), min_size=2, max_size=4, unique=True
        )
    )
    columns: dict[str, list[Any]] = dict(
        zip(table.key, map(list, zip(*keys, strict=True)), strict=True)
    )
    for f in table.fields:
        if f.name not in columns:
            value = st.none() | one(f) if f.nullable else one(f)
            columns[f.name] = draw(st.lists(value, min_size=len(keys), max_size=len(keys)))
    return pd.DataFrame({c: pd.Series(columns[c], dtype=object) for c in table.columns})


def plain(frame: pd.DataFrame, table: Table) -> list[tuple[Any, ...]]:
    """Rows as plain Python values, missing ones None."""
    columns = []
    for f in table.fields:
        values = [None if pd.isna(v) else v for v in frame[f.name].tolist()]
        if f.type == "date":
            values = [v if v is None else pd.Timestamp(v).date() for v in values]
        columns.append(values)
    return list(zip(*columns, strict=True))


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


@pytest.mark.parametrize("table", TABLES)
@EXAMPLES
@given(data=st.data())
def test_any_valid_frame_survives_parquet_and_duckdb(
    table: Table,
    data: st.DataObject,
    tmp_path_factory: pytest.TempPathFactory,
    con: duckdb.DuckDBPyConnection,
) -> None:
    frame = data.draw(frames(table))
    path: Path = tmp_path_factory.getbasetemp() / "any.parquet"
    written = tables.write(frame, table, path)
    by_key = [table.columns.index(k) for k in table.key]
    expected = sorted(plain(frame, table), key=lambda row: [row[i] for i in by_key])
    assert plain(written, table) == expected
    assert plain(tables.read(path, table), table) == expected
    assert con.execute(f"SELECT * FROM read_parquet('{path}')").fetchall() == expected


def bounds(f: Field) -> str:
    """The bounds of a number as a message has them."""
    parts = []
    if f.minimum is not None:
        parts.append(f"at least {f.minimum}")
    if f.maximum is not None:
        parts.append(f"at most {f.maximum}")
    return ", ".join(parts + ["finite"] * (f.type == "float"))


def rules(table: Table) -> dict[str, tuple[str, str, Any]]:
    """Kind of rule -> the last field that has it, the rule as a message has it, a bad value."""
    found: dict[str, tuple[str, str, Any]] = {}
    for f in table.fields:
        if not f.nullable and f.type in ("string", "float", "date"):
            found["null"] = (f.name, "not_nullable", None)
        if f.minimum is not None:
            found["low"] = (f.name, bounds(f), f.minimum - 1)
        if f.maximum is not None:
            found["high"] = (f.name, bounds(f), f.maximum + 1)
        if f.allowed:
            found["code"] = (f.name, f"one of {list(f.allowed)}", "no such code")
        if f.pattern:
            found["form"] = (f.name, f"matches {f.pattern}", "no such form!")
        if f.type == "float":
            found["finite"] = (f.name, bounds(f), np.inf)
    return found


@pytest.mark.parametrize("table", TABLES)
def test_each_kind_of_rule_is_held_in_every_table(table: Table) -> None:
    valid = tiny_frame(table, 1).astype(object)
    validate(conform(valid, table), table)
    # One valid row over and over; each rule is broken in a row of its own.
    broken = rules(table)
    spoilt = pd.concat([valid] * (len(broken) + 2), ignore_index=True)
    for row, (name, _, bad) in enumerate(broken.values()):
        spoilt.loc[row, name] = bad
    with pytest.raises(SchemaError) as error:
        validate(conform(spoilt, table), table)
    told = {line.strip().partition(" broken ")[0] for line in str(error.value).splitlines()[1:]}
    assert {f"{name}: {rule}" for name, rule, _ in broken.values()} <= told
    assert f"key {list(table.key)}: rows sorted by the key, no key twice" in told


@pytest.mark.parametrize("table", TABLES)
def test_a_missing_number_or_flag_is_refused_where_one_must_be(table: Table) -> None:
    valid = tiny_frame(table, 2).astype(object)
    for f in table.fields:
        if not f.nullable and f.type in ("int", "bool"):
            with pytest.raises(SchemaError, match=rf"{f.name}: cannot be read as {f.type}"):
                conform(valid.assign(**{f.name: None}), table)
