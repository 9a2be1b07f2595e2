"""What the registry makes the gate ask, as data: one `Check` for each expectation.

Belongs here: checks that follow from tables and fields, and how any rule becomes a check. Does not
belong here: rules about particular tables (`rules`), Great Expectations (`judge`) or DuckDB
(`frames`).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas import Field, Table
from schemas.frames import rule_of
from warehouse.gate.rules import Rule

LARGEST = sys.float_info.max
LOWEST = -LARGEST


@dataclass(frozen=True)
class Check:
    """One expectation before it is judged.

    Parameters
    ----------
    suite, table, says, expected : str
        As in `Outcome`.
    kind : str
        Class in ``great_expectations.expectations``.
    arguments : dict
        Its arguments.
    offending : str
        SQL that returns the rows at fault out of the whole table, asked only when the expectation
        is not met; empty where the judged frame names them.
    """

    suite: str
    table: str
    says: str
    expected: str
    kind: str
    arguments: dict[str, Any] = field(default_factory=dict)
    offending: str = ""


def of_table(table: Table, there: Sequence[str]) -> list[Check]:
    """Checks of a table's columns, key and values.

    Parameters
    ----------
    table : Table
    there : sequence of str
        Columns the warehouse's table has; of others nothing more can be asked.
    """
    order = "The columns are those of the registry, in order"
    checks = [
        Check(
            "catalogue",
            table.name,
            order,
            ", ".join(table.columns),
            "ExpectTableColumnsToMatchOrderedList",
            {"column_list": table.columns},
        )
    ]
    if set(table.key) <= set(there):
        checks.append(_unique(table))
    for f in table.fields:
        if f.name in there:
            checks += _of_field(table, f)
    return checks


def of_rule(rule: Rule) -> list[Check]:
    """Checks of a written rule: no row at fault, or figures, of which each lies in the band."""
    if rule.band is None:
        return [
            Check(
                rule.suite,
                rule.table,
                rule.says,
                "no row at fault",
                "ExpectTableRowCountToEqual",
                {"value": 0},
                rule.query,
            )
        ]
    low, high = rule.band
    ends = {"min_value": low, "max_value": high}
    words = [f"at least {low}" * (low is not None), f"at most {high}" * (high is not None)]
    outside = [f"value < {low}"] * (low is not None) + [f"value > {high}"] * (high is not None)
    return [
        Check(
            rule.suite,
            rule.table,
            f"There are figures for: {rule.says}",
            "one figure or more",
            "ExpectTableRowCountToBeBetween",
            {"min_value": 1},
        ),
        Check(
            rule.suite,
            rule.table,
            rule.says,
            ", ".join(w for w in words if w),
            "ExpectColumnValuesToBeBetween",
            {"column": "value", **{k: v for k, v in ends.items() if v is not None}},
            f"SELECT * FROM ({rule.query}) WHERE {' OR '.join(outside)}",
        ),
    ]


TABLES = (
    Check(
        "catalogue",
        "meta_tables",
        "Every table of the registry is there",
        "rows to count",
        "ExpectColumnValuesToNotBeNull",
        {"column": "rows"},
    ),
    Check(
        "catalogue",
        "meta_tables",
        "Tables hold rows, unless no source of theirs is in meta_sources",
        "one row or more",
        "ExpectColumnPairValuesAToBeGreaterThanB",
        {
            "column_A": "rows",
            "column_B": "least",
            "or_equal": True,
            "ignore_row_if": "either_value_is_missing",
        },
    ),
    Check(
        "catalogue",
        "meta_tables",
        "The rows that meta_tables states are there",
        "as many rows as stated",
        "ExpectColumnPairValuesToBeEqual",
        {"column_A": "rows", "column_B": "rows_stated"},
    ),
)
TYPES = (
    Check(
        "catalogue",
        "meta_fields",
        "Every column has the type that follows from the registry",
        "the type stated",
        "ExpectColumnPairValuesToBeEqual",
        {"column_A": "type", "column_B": "type_expected"},
    ),
)


def _unique(table: Table) -> Check:
    key = ", ".join(f'"{k}"' for k in table.key)
    name = ", ".join(table.key)
    alone = len(table.key) == 1
    return Check(
        "registry",
        table.name,
        f"No key twice ({name})",
        "each key once",
        "ExpectColumnValuesToBeUnique" if alone else "ExpectCompoundColumnsToBeUnique",
        {"column": table.key[0]} if alone else {"column_list": list(table.key)},
        f"SELECT {key}, count(*) AS rows FROM {table.name} GROUP BY ALL HAVING count(*) > 1",
    )


def _of_field(table: Table, f: Field) -> list[Check]:
    value = f'"{f.name}"'
    # What is no number would look like a missing one.
    seen = f"if(isnan({value}), 'inf', {value}) AS {value}" if f.type == "float" else value
    columns = ", ".join(dict.fromkeys([*(f'"{k}"' for k in table.key), seen]))
    rows = f"SELECT {columns} FROM {table.name} WHERE "
    checks = []
    if not f.nullable:
        checks.append(
            Check(
                "registry",
                table.name,
                f"{f.name} is never missing",
                "a value in every row",
                "ExpectColumnValuesToNotBeNull",
                {"column": f.name},
                f'{rows}"{f.name}" IS NULL',
            )
        )
    rule = rule_of(f)
    if rule:
        kind, arguments, broken = _rule(f)
        says = f"{f.name} is {rule}" if not rule.startswith("matches") else f"{f.name} {rule}"
        checks.append(
            Check(
                "registry",
                table.name,
                says,
                rule,
                kind,
                {"column": f.name, **arguments},
                rows + broken,
            )
        )
    return checks


def _rule(f: Field) -> tuple[str, dict[str, Any], str]:
    """Expectation, its arguments, and the SQL condition of the rows that break it."""
    name = f'"{f.name}"'
    if f.allowed:
        listed = ", ".join(f"'{a}'" for a in f.allowed)
        return (
            "ExpectColumnValuesToBeInSet",
            {"value_set": list(f.allowed)},
            f"{name} NOT IN ({listed})",
        )
    if f.pattern:
        return (
            "ExpectColumnValuesToMatchRegex",
            {"regex": rf"\A(?:{f.pattern})\Z"},
            f"NOT regexp_full_match({name}, '{f.pattern}')",
        )
    broken = [f"isnan({name}) OR isinf({name})"] if f.type == "float" else []
    broken += [f"{name} < {f.minimum}"] if f.minimum is not None else []
    broken += [f"{name} > {f.maximum}"] if f.maximum is not None else []
    low, high = f.minimum, f.maximum
    if f.type == "float":
        low, high = LOWEST if low is None else low, LARGEST if high is None else high
    arguments = {"min_value": low, "max_value": high}
    return (
        "ExpectColumnValuesToBeBetween",
        {k: v for k, v in arguments.items() if v is not None},
        " OR ".join(broken),
    )
