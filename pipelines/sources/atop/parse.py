"""Parsers of ATOP's agreement file and member file.

Belongs here: reading the two files and checking that they are whole. Does not belong here: who
owes what to whom (`obligations`), or mapping codes to states.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

import schemas
from pipelines.sources.reading import (
    SourceError,
    read_delimited,
    require_unique,
    to_integer,
    to_number,
)

_SOURCE = "atop"
_FIRST_LINE = 2
_IN_FORCE = 0
_OBLIGATIONS = ["defense", "offense", "neutral", "nonagg", "consul"]
_FLAGS = {"ineffect": "is_in_effect", "bilat": "is_bilateral", "wartime": "is_wartime"}
_MEMBER_BEGIN = {"yrent": "entry_year", "moent": "entry_month", "dayent": "entry_day"}
_MEMBER_END = {"yrexit": "exit_year", "moexit": "exit_month", "dayexit": "exit_day"}
_BEGIN = {"begyr": "begin_year", "begmo": "begin_month", "begday": "begin_day"}
_END = {"endyr": "end_year", "endmo": "end_month", "endday": "end_day"}
_LOOK = "look at the line; a new code or a shifted row needs the parser's help"


def parse_members(path: Path) -> pd.DataFrame:
    """Read the member file, one row per member, phase and spell of membership.

    Parameters
    ----------
    path : Path
        ``atop5_1m.csv``.

    Returns
    -------
    DataFrame
        Table ``raw_atop__members``.

    Raises
    ------
    SourceError
        If the file is not such a table, a code is none of ATOP's, a date is no date or out of
        order, or a row stands twice.
    """
    whole = {"atopid": "atopid", "member": "member", "phase": "phase", "maxphase": "max_phase"}
    codes = {c: c for c in [*_OBLIGATIONS, "conditio", "asymm", "obvary"]}
    frame = _parse(path, whole, codes, _MEMBER_BEGIN, _MEMBER_END)
    require_unique(_SOURCE, path, frame, ["atopid", "member", "phase", "entry_year"], _FIRST_LINE)
    return schemas.conform(frame, schemas.table("raw_atop__members"))


def parse_agreements(path: Path) -> pd.DataFrame:
    """Read the agreement file, one row per agreement.

    Parameters
    ----------
    path : Path
        ``atop5_1a.csv``.

    Returns
    -------
    DataFrame
        Table ``raw_atop__agreements``; `n_members` counts the states that were ever members.

    Raises
    ------
    SourceError
        As `parse_members`; also if an agreement has fewer than two members.
    """
    whole = {"atopid": "atopid", "maxphase": "max_phase"}
    codes = {c: c for c in [*_OBLIGATIONS, "conditio", "asymm"]}
    frame = _parse(path, whole, codes, _BEGIN, _END, members="mem")
    require_unique(_SOURCE, path, frame, ["atopid"], _FIRST_LINE)
    return schemas.conform(frame, schemas.table("raw_atop__agreements"))


def _parse(
    path: Path,
    whole: Mapping[str, str],
    codes: Mapping[str, str],
    begin: Mapping[str, str],
    end: Mapping[str, str],
    members: str = "",
) -> pd.DataFrame:
    slots = [f"{members}{n}" for n in (1, 2)] if members else []
    table = read_delimited(_SOURCE, path, [*whole, *begin, *end, *_FLAGS, *codes, *slots])
    values = {
        new: to_integer(_SOURCE, path, table[old], old, _FIRST_LINE) for old, new in whole.items()
    }
    for old, new in {**_FLAGS, **codes}.items():
        code = to_integer(_SOURCE, path, table[old], old, _FIRST_LINE)
        _require(path, code.isin((0, 1)), table[old], f"{old} of 0 or 1")
        values[new] = code.astype(bool) if old in _FLAGS else code
    for parts in (begin, end):
        for old, new in parts.items():
            values[new] = to_number(_SOURCE, path, table[old], old, _FIRST_LINE)
    frame = pd.DataFrame(values)
    _require_dates(path, frame, list(begin.values()), list(end.values()))
    if members:
        slots = [c for c in table.columns if c.removeprefix(members).isdigit()]
        frame["n_members"] = (table[slots] != "").sum(axis=1)
        _require(path, frame["n_members"] >= 2, frame["n_members"], "at least two members")
    return frame


def _require(path: Path, good: pd.Series, values: pd.Series, expected: str) -> None:
    """Raise an error for the first row that is not `good`."""
    if good.all():
        return
    at = int((~good).to_numpy().argmax())
    raise SourceError(
        _SOURCE,
        path,
        line=_FIRST_LINE + at,
        found=f"{values.name} = {values.iloc[at]!r}",
        expected=expected,
        todo=_LOOK,
    )


def _require_dates(path: Path, frame: pd.DataFrame, begin: list[str], end: list[str]) -> None:
    """Turn the exit of what is in force to null, and check every date that is left."""
    year = frame[end[0]]
    in_force = year == _IN_FORCE
    _require(path, year.notna(), year, "a year, or 0 while in force")
    _require(
        path, in_force == frame["is_in_effect"], year, "0 exactly where ineffect says in force"
    )
    frame.loc[in_force, end] = float("nan")
    first, last = _number(frame, begin, 1), _number(frame, end, 1)
    for number in (first, last.mask(in_force, first)):
        day = pd.to_datetime(number.astype("str"), format="%Y%m%d", errors="coerce")
        _require(path, day.notna(), number, "a date")
    ordered = first <= _number(frame, end, 31)
    _require(path, ordered | in_force, last, "an end no earlier than the start")


def _number(frame: pd.DataFrame, names: list[str], blank_day: int) -> pd.Series:
    """Date as the number yyyymmdd, which compares like a date even where it is none."""
    year, month, day = (frame[name] for name in names)
    number = year * 10_000 + month * 100 + day.fillna(blank_day)
    return number.astype("Int64").rename(f"{names[0]}, month and day")
