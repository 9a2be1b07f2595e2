"""What a fresh vintage must be before it is used: checked whole, and all its faults told together.

Belongs here: the checks that hold for every source. Does not belong here: the layout of an
upstream's file, which its parser checks, or what happens to a vintage that fails.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from pipelines.core.spelling import unmapped
from pipelines.live.web import Address
from schemas import REGISTRY, conform, validate
from schemas.frames import SchemaError
from schemas.model import Table

# Columns that give a row its year; in a key (or a roll call's date) every year of a span is held.
YEARS = ("year", "delivery_year", "session")
# The Assembly took no recorded vote in 1964, in what was to be its nineteenth session.
KNOWN_GAPS = {
    ("raw_un__ga_roll_calls", "date"): {1964},
    ("raw_voeten__ideal_points", "session"): {19},
}


@dataclass(frozen=True)
class Finding:
    """Something about a vintage.

    Parameters
    ----------
    level : {'warn', 'stop'}
        Whether it may be used all the same.
    what : str
        What was found, where, what was expected and what to do.
    """

    level: Literal["warn", "stop"]
    what: str


def checked(
    source: str,
    tables: Mapping[str, pd.DataFrame],
    sizes: Mapping[str, int],
    before_rows: Mapping[str, int],
    before_sizes: Mapping[str, int],
    address: Address,
    accept_drift: bool = False,
) -> tuple[dict[str, pd.DataFrame], list[Finding]]:
    """Check a vintage's tables.

    Parameters
    ----------
    source : str
        Name of the source.
    tables : mapping of str to DataFrame
        Its raw tables, parsed and corrected.
    sizes : mapping
        Bytes of each piece.
    before_rows, before_sizes : mapping
        Rows of each table and bytes of each piece of the vintage in use; empty for the first.
    address : Address
        Holds the thresholds of drift.
    accept_drift : bool
        Only warn where a table or piece has changed its size too much.

    Returns
    -------
    tuple
        The tables, conformed to the registry (those that can be), and everything found.
    """
    findings: list[Finding] = []
    good: dict[str, pd.DataFrame] = {}
    for name in sorted(tables):
        definition = REGISTRY.get(name)
        if definition is None or definition.sources != (source,):
            findings.append(Finding("stop", f"{source}: {name} is no raw table of this source"))
            continue
        try:
            good[name] = validate(conform(tables[name], definition), definition)
        except SchemaError as error:
            findings.append(Finding("stop", str(error)))
    if len(good) == len(tables):  # a day of a vote may stand in another table
        findings += [Finding("stop", str(error)) for error in unmapped(good)]
    findings += [f for name, frame in good.items() for f in _years(REGISTRY[name], frame)]
    rows = {name: len(frame) for name, frame in tables.items()}
    findings += [
        Finding("stop", f"{source}: found no {name}; expected all raw tables of this source")
        for name, definition in sorted(REGISTRY.items())
        if definition.layer == "raw"
        and definition.sources == (source,)
        and definition.in_warehouse
        and name not in rows
    ]
    for unit, now, before in (("rows", rows, before_rows), ("bytes", sizes, before_sizes)):
        findings += [
            found
            for name in now
            if before.get(name)
            for found in _drift(source, name, unit, now[name], before[name], address, accept_drift)
        ]
    return good, findings


def _years(table: Table, frame: pd.DataFrame) -> list[Finding]:
    """A year that is left out between the first and the last is a hole in the file."""
    found = []
    for column in (*YEARS, "date"):
        if column not in table.columns:
            continue
        if table[column].type == "date":
            years = frame[column].dropna().dt.year
        elif column in table.key:
            years = frame[column]
        else:
            continue
        have = {int(y) for y in years.unique()}
        if not have:
            continue
        known = KNOWN_GAPS.get((table.name, column), set())
        gaps = sorted(set(range(min(have), max(have) + 1)) - have - known)
        if gaps:
            found.append(
                Finding(
                    "stop",
                    f"{table.name}: found no {column} of "
                    f"{', '.join(map(str, gaps[:20]))} between {min(have)} and {max(have)}; "
                    "expected none left out. To mend it: see whether the upstream's file is whole; "
                    "if it is right, add the gap to KNOWN_GAPS in pipelines/live/checks.py",
                )
            )
    return found


def _drift(
    source: str,
    name: str,
    unit: str,
    now: int,
    before: int,
    address: Address,
    accept: bool,
) -> list[Finding]:
    share = now / before - 1
    if abs(share) < address.row_drift_warn:
        return []
    stops = abs(share) >= address.row_drift_stop and not accept
    limit = address.row_drift_stop if stops else address.row_drift_warn
    what = (
        f"{source}: {name} has {now:,} {unit}, {share:+.0%} against the {before:,} in use; "
        f"expected a change below {limit:.0%}"
    )
    if stops:
        what += (
            ". To mend it: look at the file; if the change is right, run: alliance-depth refresh "
            f"{source} --accept-drift (for a file added by hand: source add with --accept-drift)"
        )
    return [Finding("stop" if stops else "warn", what)]
