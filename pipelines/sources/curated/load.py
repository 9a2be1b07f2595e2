"""Reading the tables compiled by hand, strictly: every fault of a file is reported at once.

Belongs here: what a row of these files must be, beyond what the registry's field says. Does not
belong here: the figures themselves (the CSV files beside this module), or what follows from them.
"""

from __future__ import annotations

import csv
import io
import re
from calendar import monthrange
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import schemas
from pipelines.sources.names import load_map
from pipelines.sources.reading import SourceError, read_text
from schemas.fields import ISO3_PATTERN
from schemas.model import Field, Table
from schemas.tables.raw_curated import RESPONSES

HERE = Path(__file__).parent
_SOURCE = "curated"
_FILES = {"tiers": ("tiers_china.csv", "tiers_russia.csv", "tiers_united_states.csv")}
_PARTIAL_DATE = r"\d{4}(-\d{2}(-\d{2})?)?"
_PRECISION = {4: "year", 7: "month", 10: "day"}
_DERIVED = ("_text", "_precision", "_scope")
_BOOL = {"true": True, "false": False}
_STR = pd.StringDtype(na_value=np.nan)

Rule = tuple[str, Callable[[pd.DataFrame], pd.Series]]


def load(name: str, folder: Path = HERE) -> pd.DataFrame:
    """Read one curated table.

    Parameters
    ----------
    name : str
        Of the table without ``raw_curated__``, for instance ``tiers``, which is read from three
        files.
    folder : Path
        Where the CSV files are.

    Returns
    -------
    DataFrame
        Table ``raw_curated__<name>``. Beside each date stands its text as compiled.

    Raises
    ------
    SourceError
        For the first file with faults; the message lists all of them with their lines.
    """
    table = schemas.table(f"raw_curated__{name}")
    files = _FILES.get(name, (f"{name}.csv",))
    frames = [_read(name, table, folder / file) for file in files]
    return schemas.conform(pd.concat(frames, ignore_index=True), table)


@dataclass(frozen=True)
class _Column:
    """One column of a file as text, with the line each row starts on.

    Files have some hundred rows: a list, cell by cell, is many times faster than a frame.
    """

    name: str
    lines: list[int]
    cells: list[str]


class _Faults:
    """Collects what is wrong with a file, by line."""

    def __init__(self, path: Path, table: str) -> None:
        self.path, self.table = path, table
        self.found: list[tuple[int, str]] = []

    def add(self, lines: Sequence[int], wrong: pd.Series | Sequence[bool], text: str) -> None:
        """Note `text` for each row where `wrong` holds."""
        if isinstance(wrong, pd.Series) and wrong.dtype != bool:
            wrong = wrong.fillna(False)
        for at in np.flatnonzero(np.asarray(wrong, dtype=bool)):
            self.found.append((int(lines[at]), text))

    def add_cells(self, column: _Column, wrong: Sequence[bool], text: str) -> None:
        """Note `text` with what stands there for each cell where `wrong` holds."""
        for at in np.flatnonzero(np.asarray(wrong, dtype=bool)):
            said = f"{column.name} = {column.cells[at]!r}: {text}"
            self.found.append((column.lines[at], said))

    def raise_if_any(self) -> None:
        if self.found:
            self.found.sort()
            shown = "\n".join(f"  line {line}: {text}" for line, text in self.found)
            raise SourceError(
                _SOURCE,
                self.path,
                line=self.found[0][0],
                found=f"{len(self.found)} fault{'s'[: len(self.found) > 1]}:\n{shown}\n",
                expected="none",
                todo=f"correct the rows; {self.table} in schemas/tables/raw_curated.py says what "
                "they may hold",
            )


def _read(name: str, table: Table, path: Path) -> pd.DataFrame:
    fields = [f for f in table.fields if not f.name.endswith(_DERIVED)]
    faults = _Faults(path, table.name)
    lines, columns = _columns(path, [f.name for f in fields], faults)
    values: dict[str, Any] = {"line": np.array(lines, dtype="int64")}
    for field, column in zip(fields, columns, strict=True):
        _check_text(column, field, faults)
        values[field.name] = _values(column, field, faults)
        if field.type == "date":
            values[field.name.replace("_date", "_text")] = _text(column)
        if field.name == "start_date" and "start_precision" in table.columns:
            values["start_precision"] = pd.array(
                [_PRECISION.get(len(c)) for c in column.cells], dtype=_STR
            )
    typed = pd.DataFrame(values, copy=False)
    # Rules about values that could not be read would only repeat the first fault.
    faults.raise_if_any()
    if "member_scope" in table.columns:
        typed["member_scope"] = typed["iso3"].fillna("ALL")
    if name in _HISTORIES:
        _meet(typed, _HISTORIES[name])
    for message, broken in (*_COMMON, *_RULES.get(name, ())):
        faults.add(lines, broken(typed), message)
    for what, key in (("key", list(table.key)), ("history", _HISTORIES.get(name, []))):
        _check_rows(typed, what, key, faults)
    faults.raise_if_any()
    return typed.drop(columns="line")


def _columns(path: Path, header: list[str], faults: _Faults) -> tuple[list[int], list[_Column]]:
    """Line that each row starts on, and the columns; rows of another width are faults."""
    reader = csv.reader(io.StringIO(read_text(_SOURCE, path), newline=""), strict=True)
    lines: list[int] = []
    rows: list[list[str]] = []
    line = 1
    try:
        found = next(reader)
        if found != header:
            raise SourceError(
                _SOURCE,
                path,
                line=1,
                found=f"the columns {found}",
                expected=f"exactly {header}",
                todo="give the file the header of its table in schemas/tables/raw_curated.py",
            )
        line = reader.line_num + 1
        for row in reader:
            if len(row) == len(header):
                lines.append(line)
                rows.append(row)
            else:
                faults.found.append((line, f"{len(row)} cells, expected {len(header)}"))
            line = reader.line_num + 1
    except csv.Error as error:
        raise SourceError(
            _SOURCE,
            path,
            line=line,
            found=str(error),
            expected="cells quoted as CSV",
            todo="look at the quotes of that row; the file may be cut short",
        ) from None
    if not rows and not faults.found:
        faults.found.append((1, "a header and no rows"))
    return lines, [_Column(name, lines, [row[k] for row in rows]) for k, name in enumerate(header)]


@cache
def _known_states() -> frozenset[str]:
    geo = HERE.parent / "geo"
    panel = pd.read_csv(geo / "panel.csv", dtype="str", keep_default_na=False)
    return frozenset(load_map(geo)["iso3"]) | frozenset(panel["iso3"]) - {""}


def _check_text(column: _Column, field: Field, faults: _Faults) -> None:
    """Faults that show in the cell itself."""

    def fault(wrong: Callable[[str], bool], message: str) -> None:
        faults.add_cells(column, [c != "" and wrong(c) for c in column.cells], message)

    fault(lambda c: c != c.strip(), "spaces around the value")
    if not field.nullable:
        faults.add(column.lines, [c == "" for c in column.cells], f"{field.name} is blank")
    if field.allowed:
        fault(lambda c: c not in field.allowed, f"expected one of {', '.join(field.allowed)}")
    if field.pattern == ISO3_PATTERN:
        states = _known_states()
        fault(lambda c: c not in states, "expected the ISO code of a state in geo/names.csv")
    elif field.pattern:
        form = re.compile(field.pattern)
        fault(lambda c: not form.fullmatch(c), f"expected the form {field.pattern}")


def _text(column: _Column) -> Any:
    """Cells as text; a blank one is missing."""
    return pd.array([c or None for c in column.cells], dtype=_STR)


def _values(column: _Column, field: Field, faults: _Faults) -> Any:
    """Cells of one column as values of the field's type; what cannot be read is a fault."""
    if field.type == "string":
        return _text(column)
    if field.type == "date":
        days = [_day(c, last=field.name == "end_date") for c in column.cells]
        value, expected = np.array(days, dtype="datetime64[s]"), "a date YYYY[-MM[-DD]]"
    elif field.type == "bool":
        found = [_BOOL.get(c, np.nan) for c in column.cells]
        value, expected = np.array(found, dtype=object), "true or false"
    else:
        cells = np.array([c or None for c in column.cells], dtype=object)
        value, expected = pd.to_numeric(cells, errors="coerce").astype(float), "a number"
        if field.type == "int":
            value, expected = np.where(value % 1 == 0, value, np.nan), "a whole number"
        if field.minimum is not None:
            faults.add_cells(column, value < field.minimum, f"expected at least {field.minimum:g}")
        if field.maximum is not None:
            faults.add_cells(column, value > field.maximum, f"expected at most {field.maximum:g}")
    unread = pd.isna(value) & np.array([c != "" for c in column.cells], dtype=bool)
    faults.add_cells(column, unread, f"expected {expected}")
    return value


def _day(cell: str, *, last: bool) -> date | None:
    """First day of what is written, or the last; None if that is no date."""
    if not re.fullmatch(_PARTIAL_DATE, cell):
        return None
    year, month, day = (*(int(part) for part in cell.split("-")), None, None)[:3]
    try:
        if day is None and last:
            month = month or 12
            day = monthrange(year, month)[1]
        return date(year, month or 1, day or 1)
    except ValueError:
        return None


def _meet(frame: pd.DataFrame, pair: list[str]) -> None:
    """Join the rows of a history where one ends in the year or month the next begins in."""
    if "start_text" not in frame:
        return
    order = frame.sort_values([*pair, "start_date"], kind="stable")
    rows = order.groupby(pair)
    following = rows[["start_date", "start_text"]].shift(-1)
    both = list(
        zip(order["end_text"].fillna("-"), following["start_text"].fillna("+"), strict=True)
    )
    ends_in = pd.Series([start.startswith(end) for end, start in both], index=order.index)
    begins_in = pd.Series([end.startswith(start) for end, start in both], index=order.index)
    later = order["end_date"].where(begins_in & ~ends_in).groupby([order[c] for c in pair]).shift()
    frame["end_date"] = order["end_date"].mask(ends_in, following["start_date"])
    frame["start_date"] = order["start_date"].mask(later.notna(), later)


def _check_rows(frame: pd.DataFrame, what: str, key: list[str], faults: _Faults) -> None:
    """Faults between rows: a key that stands twice, spells of one history that overlap."""
    if not key:
        return
    if what == "key":
        if not frame.duplicated(key).any():
            return
        first = frame.groupby(key)["line"].transform("min")
        message = f"the same {', '.join(key)} as in line "
        again = frame["line"] > first
    else:
        order = frame.sort_values([*key, _start(frame)], kind="stable")
        before = order.groupby(key)
        end = before[_end(frame)].shift()
        is_open = before["line"].shift().notna() & end.isna()
        reached = order[_start(frame)] < end
        if _end(frame) == "end_year":
            reached = order[_start(frame)] <= end
        again = (is_open | reached).reindex(frame.index)
        first = before["line"].shift().reindex(frame.index)
        message = f"begins before the row of the same {', '.join(key)} ends in line "
    for line, other in zip(frame["line"][again], first[again], strict=True):
        faults.found.append((int(line), f"{message}{int(other)}"))


def _start(frame: pd.DataFrame) -> str:
    return "start_date" if "start_date" in frame else "start_year"


def _end(frame: pd.DataFrame) -> str:
    return "end_date" if "end_date" in frame else "end_year"


def _unordered(*columns: str) -> Callable[[pd.DataFrame], pd.Series]:
    """Rule that is broken where a value is greater than one named after it."""

    def broken(frame: pd.DataFrame) -> pd.Series:
        wrong = pd.Series(False, index=frame.index)
        if set(columns) <= set(frame.columns):
            for low, high in pairwise(columns):
                wrong |= (frame[low] > frame[high]).fillna(False).astype(bool)
        return wrong

    return broken


def _same(a: str, b: str) -> Rule:
    return f"{a} and {b} are one state", lambda f: f[a] == f[b]


def _code_of_another(frame: pd.DataFrame) -> pd.Series:
    return frame["response"].map(dict(enumerate(RESPONSES))) != frame["response_code"]


def _any_flag(frame: pd.DataFrame) -> pd.Series:
    return frame.filter(like="has_").astype(bool).any(axis=1)


_HISTORIES = {
    "tiers": ["principal_iso3", "partner_iso3"],
    "memberships": ["group_id", "iso3"],
    "posture": ["sender_iso3", "host_iso3"],
    "rivalries": ["state_a", "state_b"],
}
_COMMON: tuple[Rule, ...] = (
    ("ends before it starts", _unordered("start_date", "end_date")),
    ("ends before it starts", _unordered("start_year", "end_year")),
)
_CODINGS = ["coding_1", "coding_2"]
_DISCOUNTS = ["discount_lo_usd", "discount_usd", "discount_hi_usd"]
_RULES: dict[str, tuple[Rule, ...]] = {
    "tiers": (_same("principal_iso3", "partner_iso3"),),
    "commitments": (
        _same("from_iso3", "to_iso3"),
        (
            "a mutual commitment is written once, the earlier code first",
            lambda f: f["is_mutual"].astype(bool) & (f["from_iso3"] > f["to_iso3"]),
        ),
        (
            "a designation, and a sourced 'none', carry no obligation",
            lambda f: f["kind"].isin(["designation", "none"]) & _any_flag(f),
        ),
        (
            "a defence pact or a guarantee carries has_defense",
            lambda f: (
                f["kind"].isin(["defence_pact", "unilateral_guarantee"])
                & ~f["has_defense"].astype(bool)
            ),
        ),
        (
            "a guarantee is one-sided",
            lambda f: (f["kind"] == "unilateral_guarantee") & f["is_mutual"].astype(bool),
        ),
        ("signed after it ended", _unordered("signed_date", "end_date")),
    ),
    "dormant_pacts": (("ends before it starts", _unordered("dormant_from", "dormant_to")),),
    "hostilities": (
        _same("a_iso3", "b_iso3"),
        ("the earlier code comes first", lambda f: f["a_iso3"] > f["b_iso3"]),
    ),
    "posture": (
        _same("sender_iso3", "host_iso3"),
        (
            "expected personnel_lo <= personnel <= personnel_hi",
            _unordered("personnel_lo", "personnel", "personnel_hi"),
        ),
        (
            "kind 'none' is for 0 persons, and 0 persons for 'none'",
            lambda f: (f["kind"] == "none") != (f["personnel"] == 0),
        ),
    ),
    "crude_prices": (
        ("expected low <= best <= high discount", _unordered(*_DISCOUNTS)),
        (
            "a discount has three figures and a source, or none of them",
            lambda f: f[[*_DISCOUNTS, "discount_source_url"]].isna().sum(axis=1).isin([1, 2, 3]),
        ),
    ),
    "crises": (
        _same("target_iso3", "partner_iso3"),
        ("the code is not the name of the response", _code_of_another),
        (
            "the response lies outside the codings",
            lambda f: (
                (f["response"] < f[_CODINGS].min(axis=1))
                | (f["response"] > f[_CODINGS].max(axis=1))
            ),
        ),
        (
            "a second coding has a source, and only then",
            lambda f: f["coding_2"].isna() != f["source_url_2"].isna(),
        ),
        (
            "codings that differ need a note",
            lambda f: f["coding_2"].notna() & (f["coding_1"] != f["coding_2"]) & f["note"].isna(),
        ),
    ),
    "crises_left_out": (_same("target_iso3", "partner_iso3"),),
    "rivalries": (
        _same("state_a", "state_b"),
        ("the earlier code comes first", lambda f: f["state_a"] > f["state_b"]),
    ),
    "events": (_same("from_iso3", "to_iso3"),),
    "arms_classes": (
        (
            "an aircraft has a generation, air defence a reach",
            lambda f: (
                (f["generation"].isna() == (f["category"] == "combat_aircraft"))
                | (f["reach"].isna() == (f["category"] == "air_defence"))
            ),
        ),
    ),
    "arms_not_delivered": (_same("supplier_iso3", "recipient_iso3"),),
    "hormuz_exports": (
        (
            "expected share_lo <= share <= share_hi",
            _unordered("share_lo", "share", "share_hi"),
        ),
        (
            "a part of the flow has a source, and only then",
            lambda f: f["flow_share_percent"].isna() != f["flow_source_url"].isna(),
        ),
    ),
    "china_crude_imports": (("more than China imported", _unordered("kbd", "china_total_kbd")),),
}
