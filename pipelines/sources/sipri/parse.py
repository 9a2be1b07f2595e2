"""Parsers of the register, of the service's reply that wraps it, and of the TIV tables.

Belongs here: the layouts and their traps, and joining vintages. Does not belong here: which state
a name means (`names.csv`, applied later).
"""

from __future__ import annotations

import base64
import csv
import json
import re
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import pandas as pd

import schemas
from pipelines.sources.reading import (
    SourceError,
    read_text,
    require_columns,
    require_file,
    require_unique,
    to_number,
)

SOURCE = "sipri"
ENCODING = "iso-8859-1"
_HEADER = {
    "SIPRI AT Database ID": "register_id",
    "Supplier": "supplier",
    "Recipient": "recipient",
    "Designation": "designation",
    "Description": "description",
    "Armament category": "category",
    "Order date": "order_year",
    "Order date is estimate": "is_order_year_estimate",
    "Numbers delivered": "number_delivered",
    "Numbers delivered is estimate": "is_number_estimate",
    "Delivery year": "delivery_year",
    "Delivery year is estimate": "is_delivery_year_estimate",
    "Status": "status",
    "SIPRI estimate": "sipri_estimate",
    "TIV deal unit": "tiv_deal_unit",
    "TIV delivery values": "tiv_millions",
    "Local production": "is_local_production",
}
# Beginnings of column names of other vintages: the service renamed one in July 2026.
_RENAMED = re.compile("^(Deliveries in the Year Range|Number delivered)")
_WHOLE = ("register_id", "order_year", "delivery_year")
_DECIMAL = ("number_delivered", "sipri_estimate", "tiv_deal_unit", "tiv_millions")
_FLAGS = (
    "is_order_year_estimate",
    "is_number_estimate",
    "is_delivery_year_estimate",
    "is_local_production",
)
_ENDS = ("supplier", "recipient")
_TEXT = ("designation", "description", "category", "status")
_WORLD = re.compile(r"from All countries\s+to All countries\s*\.")
_GENERATED = re.compile(r"Data generated:\s*(\d{1,2} [A-Z][a-z]{2} \d{4})\b")
_RANGE = re.compile(r"year range\s*'(\d{4})'\s*to\s*'(\d{4})'")
_REFETCH = "ask the service for the trade register as CSV by delivery year (exportOption)"


def _refuse_utf8(path: Path, text: str) -> None:
    """Raise if the text was saved again as UTF-8: read as ISO-8859-1 its names would be wrong."""
    if text.isascii():
        return
    try:
        text.encode(ENCODING).decode("utf-8")
    except UnicodeDecodeError:
        return
    lines = text.split("\n")
    raise SourceError(
        SOURCE,
        path,
        line=next(k for k, line in enumerate(lines, 1) if not line.isascii()),
        found="text in UTF-8",
        expected=f"text in {ENCODING}, as the service sends it",
        todo="give the file as it was downloaded, not one saved again by another program",
    )


def _split(path: Path, text: str) -> tuple[pd.DataFrame, list[int], str]:
    """Split the register into rows, the first line of each, and the preamble.

    A row starts with its number; what does not is the rest of a field with a line break in it.
    """
    lines = text.replace("\r", " ").split("\n")
    head = _header(path, lines)
    joined: list[str] = []
    first: list[int] = []
    for number, line in enumerate(lines[head + 1 :], head + 2):
        line = line.rstrip().removesuffix(";")
        if re.match(r"\d+,", line) or (line and not joined):
            joined.append(line)
            first.append(number)
        elif line:
            joined[-1] += " " + line
    if not joined:
        raise SourceError(
            SOURCE,
            path,
            line=head + 1,
            found="a header and no rows",
            expected="deliveries",
            todo="check what was asked of the service; " + _REFETCH,
        )
    spelled = next(csv.reader([lines[head].rstrip().removesuffix(";")]))
    spelled = [_RENAMED.sub("Numbers delivered", name.strip()) for name in spelled]
    require_columns(SOURCE, path, spelled, list(_HEADER), head + 1)
    # Row by row: a quote that is never closed must not swallow the rows after it.
    rows = [next(csv.reader([line])) for line in joined]
    for fields, number in zip(rows, first, strict=True):
        if len(fields) != len(spelled):
            raise SourceError(
                SOURCE,
                path,
                line=number,
                found=f"{len(fields)} fields",
                expected=f"{len(spelled)}, as in the header",
                todo="look at the line: a download cut short, or a broken quotation; " + _REFETCH,
            )
    if not text.endswith("\n") and not rows[-1][-1]:
        raise SourceError(
            SOURCE,
            path,
            line=first[-1],
            found="a last row without its last field",
            expected="a whole row",
            todo="the file seems cut short; " + _REFETCH,
        )
    frame = pd.DataFrame(rows, columns=spelled, dtype="str")
    kept = frame[list(_HEADER)].rename(columns=_HEADER)
    return kept.apply(lambda column: column.str.strip()), first, "\n".join(lines[:head])


def _header(path: Path, lines: list[str]) -> int:
    """Find the line with the names of the columns; the preamble's length is not fixed."""
    for k, line in enumerate(lines):
        if line.startswith("SIPRI AT Database ID"):
            return k
        if "Year(s) of deliver" in line and line.count(",") > 5:
            raise SourceError(
                SOURCE,
                path,
                line=k + 1,
                found="the layout by deal ('Year(s) of delivery')",
                expected="the layout by delivery year, with 'TIV delivery values'",
                todo="the layout by deal has no volume for each year; " + _REFETCH,
            )
    raise SourceError(
        SOURCE,
        path,
        found=f"no header line; the file begins {lines[0][:60]!r}",
        expected="a line that starts with 'SIPRI AT Database ID'",
        todo=_REFETCH,
    )


def _refuse(path: Path, column: pd.Series, wrong: pd.Series, first: list[int], wish: str) -> None:
    """Raise for the first wrong value of a column, if there is one."""
    if wrong.any():
        at = int(wrong.to_numpy().argmax())
        raise SourceError(
            SOURCE,
            path,
            line=first[at],
            found=f"{column.name} = {column.iloc[at]!r}",
            expected=wish,
            todo="look at the line; a shifted field breaks it; " + _REFETCH,
        )


def _number(path: Path, column: pd.Series, first: list[int], *, whole: bool) -> pd.Series:
    """Read a column of numbers; a blank is missing."""
    blank = column == ""
    numbers = pd.to_numeric(column.where(~blank), errors="coerce").astype("float64")
    wrong = (numbers.isna() & ~blank) | (numbers < 0)
    if whole:
        wrong |= numbers.notna() & (numbers % 1 != 0)
    _refuse(path, column, wrong, first, "a whole number" if whole else "a number, 0 or more")
    return numbers


def _preamble(path: Path, preamble: str) -> tuple[pd.Timestamp, int, int]:
    """Read the day of generation and the first and last year that were asked for."""
    generated, covered = _GENERATED.search(preamble), _RANGE.search(preamble)
    day = pd.to_datetime(generated[1] if generated else "", format="%d %b %Y", errors="coerce")
    if covered is None or pd.isna(day):
        raise SourceError(
            SOURCE,
            path,
            line=1,
            found="a preamble without the day of generation or the year range",
            expected="'Data generated: 13 Apr 2024 ...' and \"year range '1990' to '2023'\"",
            todo="keep the preamble: the vintage and the covered years stand there",
        )
    if not _WORLD.search(preamble):
        raise SourceError(
            SOURCE,
            path,
            line=1,
            found=f"a register of some states: {preamble.splitlines()[0][:100]!r}",
            expected="'from All countries to All countries'",
            todo="totals of a state need all its partners; ask for all suppliers and recipients",
        )
    return day, int(covered[1]), int(covered[2])


def parse_text(path: Path, text: str) -> pd.DataFrame:
    """Read the register from its text; `path` is named in errors. See `parse_register`."""
    _refuse_utf8(path, text)
    raw, first, preamble = _split(path, text)
    generated_on, first_year, last_year = _preamble(path, preamble)
    frame = pd.DataFrame(index=raw.index)
    for name in (*_WHOLE, *_DECIMAL):
        frame[name] = _number(path, raw[name], first, whole=name in _WHOLE)
    for name in _FLAGS:
        known = {"Yes": True, "No": False, "": pd.NA}
        _refuse(path, raw[name], ~raw[name].isin(list(known)), first, "Yes, No or a blank")
        frame[name] = raw[name].map(known).astype("boolean")
    for name in _ENDS:
        _refuse(path, raw[name], raw[name] == "", first, "a name")
        frame[name] = raw[name]
    for name in _TEXT:
        frame[name] = raw[name].where(raw[name] != "")
    year = frame["delivery_year"].astype("Int64")
    outside = (year.notna() & ~year.between(first_year, last_year)).fillna(False).astype("bool")
    _refuse(path, raw["delivery_year"], outside, first, f"{first_year} to {last_year}")
    order = frame["register_id"].astype("int64").astype("str")
    frame["delivery_id"] = order + "-" + year.astype("str").where(year.notna(), "none")
    again = frame["delivery_id"].duplicated()
    _refuse(path, frame["delivery_id"], again, first, "one row for each order and delivery year")
    frame["generated_on"] = generated_on
    frame["covered_from"] = first_year
    # A range may name a year that is not in yet: covered is what has any delivery in the world.
    frame["covered_to"] = last_year if year.isna().all() else min(last_year, int(year.max()))
    return schemas.conform(frame, schemas.table("raw_sipri__deliveries"))


def parse_register(path: Path) -> pd.DataFrame:
    """Read a trade register by delivery year.

    Parameters
    ----------
    path : Path
        CSV in ISO-8859-1 behind a preamble, of all suppliers and recipients.

    Returns
    -------
    DataFrame
        ``raw_sipri__deliveries``, one row per order number and delivery year; an order of which
        nothing was delivered has no year.

    Raises
    ------
    SourceError
        If the file is not that layout (the layout by deal is named), is cut short, was saved
        again in another encoding, or holds a delivery twice.
    """
    return parse_text(path, read_text(SOURCE, path, ENCODING))


def parse_api_reply(path: Path) -> pd.DataFrame:
    """Read the service's reply: JSON whose ``bytes`` holds the register, base64-encoded.

    Parameters
    ----------
    path : Path
        The body of the reply as it came.

    Returns
    -------
    DataFrame
        ``raw_sipri__deliveries``.

    Raises
    ------
    SourceError
        If the reply is not that, or the register inside is not one.
    """
    return parse_text(path, _reply_text(path))


def _reply_text(path: Path) -> str:
    text = read_text(SOURCE, path)
    try:
        data = base64.b64decode(json.loads(text)["bytes"], validate=True)
    except (ValueError, KeyError, TypeError):
        raise SourceError(
            SOURCE,
            path,
            found=f"the reply {text[:80]!r}",
            expected='JSON such as {"bytes": "<base64>"}',
            todo="ask the service again; a message instead of bytes says what it refused",
        ) from None
    return data.decode(ENCODING)


def _any_text(path: Path) -> str:
    """Text of a register, be it a CSV or the service's reply that wraps one."""
    start = require_file(SOURCE, path, "a trade register by delivery year")
    return _reply_text(path) if start.lstrip()[:1] == b"{" else read_text(SOURCE, path, ENCODING)


def parse_file(path: Path) -> pd.DataFrame:
    """Read a register, be it the CSV or the service's reply that wraps one.

    Parameters
    ----------
    path : Path
        As of `parse_register` or `parse_api_reply`.

    Returns
    -------
    DataFrame
        ``raw_sipri__deliveries``.

    Raises
    ------
    SourceError
        As theirs.
    """
    return parse_text(path, _any_text(path))


def covered_range(path: Path) -> tuple[pd.Timestamp, int, int]:
    """Read from a register's preamble when it was generated and which years were asked for.

    Parameters
    ----------
    path : Path
        As of `parse_file`.

    Returns
    -------
    tuple
        Day of generation, first and last year.

    Raises
    ------
    SourceError
        If it is no register by delivery year, or not of all states.
    """
    lines = _any_text(path).replace("\r", " ").split("\n")
    return _preamble(path, "\n".join(lines[: _header(path, lines)]))


def parse_tiv_table(path: Path) -> pd.DataFrame:
    """Read a published table of yearly totals of all the world: a row a name, a column a year.

    Parameters
    ----------
    path : Path
        CSV in ISO-8859-1 behind a preamble; its last row, the total of the world, says whether it
        is of imports or of exports.

    Returns
    -------
    DataFrame
        ``raw_sipri__tiv_tables``; a year in which a state has none has no row.

    Raises
    ------
    SourceError
        If it is not such a table, has no total (is cut short), or holds a value that is no number.
    """
    text = read_text(SOURCE, path, ENCODING)
    _refuse_utf8(path, text)
    lines = re.sub("\r+\n", "\n", text).split("\n")
    starts = ("Recipient,", "Exports by,", "Imports by,", "Supplier,")
    head = next((k for k, line in enumerate(lines) if line.startswith(starts)), None)
    if head is None:
        raise SourceError(
            SOURCE,
            path,
            found=f"no header line; the file begins {lines[0][:60]!r}",
            expected=f"a line that starts with one of {starts} and lists years",
            todo="fetch the table of import or export values of all countries as CSV",
        )
    header, *rows = csv.reader(line for line in lines[head:] if line)
    total = {"Total world import": "imports", "Total world export": "exports"}
    if not rows or rows[-1][0] not in total:
        raise SourceError(
            SOURCE,
            path,
            line=head + 1 + len(rows),
            found=f"the last row {rows[-1][:3] if rows else header[:3]}",
            expected=f"the total, one of {list(total)}",
            todo="fetch the table of all countries again; it is cut short or of some states",
        )
    for k, row in enumerate(rows, head + 2):
        if len(row) != len(header):
            raise SourceError(
                SOURCE,
                path,
                line=k,
                found=f"{len(row)} fields",
                expected=f"{len(header)}, as in the header",
                todo="look at the line; fetch the table again if it is damaged",
            )
    wide = pd.DataFrame(rows[:-1], columns=header, dtype="str")
    years = [c for c in header if re.fullmatch(r"\d{4}", c)]
    values = [to_number(SOURCE, path, wide[year], year, head + 2) for year in years]
    named = pd.concat([wide[header[0]].str.strip(), *values], axis=1)
    named.columns = ["name", *map(int, years)]
    require_unique(SOURCE, path, named, ["name"], head + 2)
    long = named.melt("name", var_name="year", value_name="tiv_millions")
    long = long[long["tiv_millions"].notna()]
    frame = long.assign(direction=total[rows[-1][0]], is_below_half=long["tiv_millions"] == 0)
    return schemas.conform(frame, schemas.table("raw_sipri__tiv_tables"))


def combine(registers: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Join vintages: each delivery year comes whole from the newest register that covers it.

    Orders not delivered come from the newest register of all: whether an order that was open in
    an older one still is, only a newer one knows.

    Parameters
    ----------
    registers : sequence of DataFrame
        ``raw_sipri__deliveries`` each, of all suppliers and recipients.

    Returns
    -------
    DataFrame
        ``raw_sipri__deliveries``.

    Raises
    ------
    SourceError
        If a year between the first and the last is covered by no register: it would look like a
        year without any transfer. If two registers of one day differ in a year that both cover:
        neither is the newer.
    """

    def age(register: pd.DataFrame) -> tuple[pd.Timestamp, int]:
        # Of one day, the register that goes further knows the orders that are open now.
        return register["generated_on"].iloc[0], register["covered_to"].iloc[0]

    newest_first = sorted(registers, key=age, reverse=True)
    _refuse_contradiction(newest_first)
    taken: set[int] = set()
    parts: list[pd.DataFrame] = []
    for register in newest_first:
        covered = range(register["covered_from"].iloc[0], register["covered_to"].iloc[0] + 1)
        fresh = set(covered) - taken
        kept = register["delivery_year"].isin(fresh)
        if not parts:
            kept |= register["delivery_year"].isna()
        parts.append(register[kept])
        taken |= fresh
    absent = sorted(set(range(min(taken), max(taken))) - taken)
    if absent:
        raise SourceError(
            SOURCE,
            "the registers together",
            found=f"no register that covers {absent[0]} to {absent[-1]}",
            expected=f"every year from {min(taken)} to {max(taken)}",
            todo="add a register of these years, or leave out what lies before them",
        )
    return schemas.conform(
        pd.concat(parts, ignore_index=True), schemas.table("raw_sipri__deliveries")
    )


def _refuse_contradiction(registers: Sequence[pd.DataFrame]) -> None:
    """Raise if two registers generated on one day differ in the years that both cover."""
    for one, other in combinations(registers, 2):
        days = {register["generated_on"].iloc[0] for register in (one, other)}
        if len(days) > 1 or not _years_of_both(one, other):
            continue
        found = revisions(one, other)
        if len(found):
            first = found.iloc[0]
            raise SourceError(
                SOURCE,
                "the registers together",
                found=f"order {first['register_id']} in {first['delivery_year']} with "
                f"{first['field']} {first['old']!r} in one register and {first['new']!r} in "
                f"another of the same day ({len(found)} such differences)",
                expected="the same deliveries in every register of one day",
                todo="SIPRI revised the data between them: fetch all years again",
            )


# Columns that tell of the file, and those that tell which delivery a row is.
_OF_THE_FILE = ("generated_on", "covered_from", "covered_to")
_OF_THE_ROW = ("delivery_id", "register_id", "delivery_year")


def revisions(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """List what one register says otherwise than another, in the years that both cover.

    Parameters
    ----------
    old, new : DataFrame
        ``raw_sipri__deliveries`` of one vintage each.

    Returns
    -------
    DataFrame
        ``register_id``, ``delivery_year``, ``field``, ``old``, ``new``, in this order: a row for
        each field of a delivery that differs, its values as text, missing where blank. A delivery
        that only one of them has stands in one row, `field` 'delivery', with what it is.
    """
    both = _years_of_both(old, new)
    sides = [r[r["delivery_year"].isin(both)].set_index("delivery_id") for r in (old, new)]
    kept = sides[0].index.intersection(sides[1].index)
    parts = []
    for side, column, other in ((sides[0], "old", "new"), (sides[1], "new", "old")):
        alone = side[~side.index.isin(kept)]
        parts.append(_listed(alone, "delivery", **{column: _described(alone), other: None}))
    was, now = (side.loc[kept] for side in sides)
    for field in was.columns.difference([*_OF_THE_FILE, *_OF_THE_ROW], sort=False):
        before, after = _as_text(was[field]), _as_text(now[field])
        differs = before.fillna("") != after.fillna("")
        parts.append(_listed(now[differs], field, old=before[differs], new=after[differs]))
    return pd.concat(parts).sort_values(
        ["register_id", "delivery_year", "field"], ignore_index=True
    )


def _years_of_both(one: pd.DataFrame, other: pd.DataFrame) -> set[int]:
    years = [set(range(r["covered_from"].min(), r["covered_to"].max() + 1)) for r in (one, other)]
    return years[0] & years[1]


def _listed(rows: pd.DataFrame, field: str, **values: pd.Series | None) -> pd.DataFrame:
    made = rows[["register_id", "delivery_year"]].astype("int64")
    made = made.assign(field=field, old=values["old"], new=values["new"])
    return made.astype(dict.fromkeys(("field", "old", "new"), "str"))


def _as_text(column: pd.Series) -> pd.Series:
    """Values as the register writes them: whole numbers without a point, Yes and No."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return column.map({True: "Yes", False: "No"}).astype("str")
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.map(lambda value: f"{value:.10g}", na_action="ignore").astype("str")
    return column.astype("str")


def _described(rows: pd.DataFrame) -> pd.Series:
    """What a delivery is, in a line."""
    number, volume = (_as_text(rows[c]).fillna("?") for c in ("number_delivered", "tiv_millions"))
    names = rows["designation"].astype("str").fillna("?")
    return (
        rows["supplier"].astype("str") + " to " + rows["recipient"].astype("str")
        + ": " + number + " " + names + ", TIV " + volume
    )  # fmt: skip


def summarise(register: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Add deliveries up by pair and year, and by state and year.

    Parameters
    ----------
    register : DataFrame
        ``raw_sipri__deliveries``, complete.

    Returns
    -------
    dict of str to DataFrame
        ``raw_sipri__dyad_years`` and ``raw_sipri__state_years``.
    """
    delivered = register[register["delivery_year"].notna()]
    # A sum of whole thousandths is the same in any order. A blank volume is none, says SIPRI.
    delivered = delivered.assign(
        thousandths=(delivered["tiv_millions"].fillna(0.0) * 1000).round().astype("int64"),
        year=delivered["delivery_year"].astype("int64"),
    )
    # A blank says nothing: only a stated estimate counts as one.
    stated = delivered["is_number_estimate"].fillna(False).astype(bool)
    stated |= delivered["is_delivery_year_estimate"].fillna(False).astype(bool)
    delivered = delivered.assign(estimated=delivered["thousandths"].where(stated, 0))
    pairs = delivered.groupby(["supplier", "recipient", "year"], as_index=False).agg(
        tiv_millions=("thousandths", "sum"),
        estimated_tiv_millions=("estimated", "sum"),
        generated_on=("generated_on", "max"),
    )
    pairs[["tiv_millions", "estimated_tiv_millions"]] /= 1000
    sides = [
        delivered.groupby([end, "year"])["thousandths"].sum().rename_axis(["name", "year"])
        for end in _ENDS
    ]
    totals = pd.concat(sides, axis=1, keys=["exports_tiv_millions", "imports_tiv_millions"])
    frames = {
        "raw_sipri__dyad_years": pairs.rename(columns={"year": "delivery_year"}),
        "raw_sipri__state_years": (totals.fillna(0) / 1000).reset_index(),
    }
    return {name: schemas.conform(f, schemas.table(name)) for name, f in frames.items()}
