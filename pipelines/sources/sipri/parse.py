"""Parsers of the register, of the service's reply that wraps it, and of the TIV tables.

Belongs here: the layouts and their traps, and joining vintages. Does not belong here: which state
a name means (`names.csv`, applied later).
"""

from __future__ import annotations

import base64
import binascii
import csv
import json
import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

import schemas
from pipelines.sources.reading import (
    SourceError,
    read_text,
    require_columns,
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
# The service renamed a column in July 2026.
_RENAMED = {"Deliveries in the Year Range": "Numbers delivered"}
_NUMBERS = [
    "register_id", "order_year", "number_delivered", "delivery_year", "sipri_estimate",
    "tiv_deal_unit", "tiv_millions",
]  # fmt: skip
_FLAGS = [
    "is_order_year_estimate", "is_number_estimate", "is_delivery_year_estimate",
    "is_local_production",
]  # fmt: skip
_TEXT = ["designation", "description", "category", "status"]
_GENERATED = re.compile(r"Data generated:\s*(\d{1,2} \w{3,} \d{4})")
_RANGE = re.compile(r"year range\s*'(\d{4})'\s*to\s*'(\d{4})'")
_REFETCH = "ask the service for the trade register as CSV by delivery year (exportOption)"


def _records(path: Path | str, text: str) -> tuple[list[list[str]], list[int], int]:
    """Split the register into records: fields, first line of each, line of the header.

    A record starts with its number; what does not is the rest of a field with a line break in it.
    """
    lines = re.sub("\r+\n", "\n", text).replace("\r", " ").split("\n")
    head = next((k for k, line in enumerate(lines) if line.startswith("SIPRI AT Database ID")), -1)
    if head < 0:
        deal = next((k for k, x in enumerate(lines) if "Year(s) of deliver" in x and "," in x), -1)
        if deal >= 0:
            raise SourceError(
                SOURCE, path, line=deal + 1, found="the per-deal layout (Year(s) of delivery)",
                expected="the layout by delivery year, with TIV delivery values",
                todo="the per-deal layout carries no TIV by year; " + _REFETCH,
            )  # fmt: skip
        raise SourceError(
            SOURCE, path, found=f"no header line; the file begins {lines[0][:60]!r}",
            expected="a line that starts with 'SIPRI AT Database ID'", todo=_REFETCH,
        )  # fmt: skip
    joined: list[str] = []
    first: list[int] = []
    for k, line in enumerate(lines[head + 1 :], head + 2):
        line = line.rstrip().removesuffix(";")
        if not line:
            continue
        if re.match(r"\d+,", line) or not joined:
            joined.append(line)
            first.append(k)
        else:
            joined[-1] += " " + line
    header = next(csv.reader([lines[head].rstrip().removesuffix(";")]))
    columns = [_HEADER.get(c, c) for c in (_RENAMED.get(c.strip(), c.strip()) for c in header)]
    require_columns(SOURCE, Path(str(path)), columns, list(_HEADER.values()), head + 1)
    rows = list(csv.reader(joined))
    for fields, line_number in zip(rows, first, strict=False):
        if len(fields) != len(columns):
            raise SourceError(
                SOURCE, path, line=line_number, found=f"{len(fields)} fields",
                expected=f"{len(columns)}, as in the header",
                todo="look at the line: a truncated download or a broken quotation; " + _REFETCH,
            )  # fmt: skip
    return [columns, *rows], first, head + 1


def _flag(path: Path | str, column: pd.Series, first: list[int]) -> pd.Series:
    """Yes and No; a blank says nothing."""
    known = {"Yes": True, "No": False, "": pd.NA}
    unknown = ~column.isin(list(known))
    if unknown.any():
        at = int(unknown.to_numpy().argmax())
        raise SourceError(
            SOURCE, path, line=first[at], found=f"{column.name} = {column.iloc[at]!r}",
            expected="Yes, No or a blank", todo="look at the line; a shifted field breaks it",
        )  # fmt: skip
    return column.map(known).astype("boolean")


def parse_text(path: Path | str, text: str) -> pd.DataFrame:
    """Read the register from its text; see `parse_register`."""
    records, first, head = _records(path, text)
    raw = pd.DataFrame(records[1:], columns=records[0], dtype="str")
    if raw.empty:
        raise SourceError(
            SOURCE, path, line=head, found="a header without rows", expected="deliveries",
            todo=_REFETCH,
        )  # fmt: skip
    generated, covered = _GENERATED.search(text), _RANGE.search(text)
    if generated is None or covered is None:
        raise SourceError(
            SOURCE, path, line=1, found="a preamble without the day of generation and year range",
            expected="'Data generated: ...' and \"year range '....' to '....'\"",
            todo="keep the preamble: the vintage and the covered years stand there",
        )  # fmt: skip
    frame = pd.DataFrame(index=raw.index)
    for name in _NUMBERS:
        numbers = to_number(SOURCE, Path(str(path)), raw[name], name, None)
        frame[name] = numbers
    for name in _FLAGS:
        frame[name] = _flag(path, raw[name].str.strip(), first)
    for name in ("supplier", "recipient"):
        frame[name] = raw[name].str.strip()
    for name in _TEXT:
        text_column = raw[name].str.strip()
        frame[name] = text_column.where(text_column != "")
    year = frame["delivery_year"].astype("Int64").astype("str").fillna("none")
    number = frame["register_id"].astype("int64").astype("str")
    frame["delivery_id"] = number + "-" + year.where(frame["delivery_year"].notna(), "none")
    # An order without a delivery has delivered nothing.
    frame["tiv_millions"] = frame["tiv_millions"].mask(
        frame["delivery_year"].isna() & frame["tiv_millions"].isna(), 0.0
    )
    require_unique(SOURCE, Path(str(path)), frame, ["delivery_id"])
    frame["generated_on"] = pd.to_datetime(generated[1], format="mixed", dayfirst=True)
    last = frame["delivery_year"].max()
    frame["covered_from"] = int(covered[1])
    # A range may name a year whose deliveries are not in yet: covered is what has any.
    frame["covered_to"] = min(int(covered[2]), int(last)) if pd.notna(last) else int(covered[2])
    return schemas.conform(frame, schemas.table("raw_sipri__deliveries"))


def parse_register(path: Path) -> pd.DataFrame:
    """Read a trade register by delivery year.

    Parameters
    ----------
    path : Path
        CSV in ISO-8859-1 behind a preamble.

    Returns
    -------
    DataFrame
        ``raw_sipri__deliveries``, one row per order number and delivery year.

    Raises
    ------
    SourceError
        If the file is not that layout (the per-deal layout is named), is truncated, or holds a
        delivery twice.
    """
    return parse_text(path, read_text(SOURCE, path, ENCODING))


def parse_api_reply(path: Path) -> pd.DataFrame:
    """Read the service's reply: JSON whose ``bytes`` holds the register, base64-encoded.

    Raises
    ------
    SourceError
        If the reply is not that, or the register inside is not one.
    """
    text = read_text(SOURCE, path)
    try:
        data = base64.b64decode(json.loads(text)["bytes"], validate=True)
    except (json.JSONDecodeError, KeyError, TypeError, binascii.Error) as error:
        raise SourceError(
            SOURCE, path, found=f"{type(error).__name__}: {error}",
            expected='JSON such as {"bytes": "<base64>"}',
            todo="ask the service again; a message instead of bytes says what it refused",
        ) from None  # fmt: skip
    return parse_text(path, data.decode(ENCODING))


def parse_tiv_table(path: Path) -> pd.DataFrame:
    """Read a published TIV table, a row a state and a column a year.

    Returns
    -------
    DataFrame
        ``raw_sipri__tiv_tables``; a year in which a state has none has no row.

    Raises
    ------
    SourceError
        If no header line starts with Recipient or Supplier, or a value is no number.
    """
    lines = read_text(SOURCE, path, ENCODING).replace("\r\n", "\n").replace("\r", "").split("\n")
    first = {"Recipient": "imports", "Imports by": "imports", "Supplier": "exports",
             "Exports by": "exports"}  # fmt: skip
    starts = [k for k, x in enumerate(lines) if x.split(",")[0] in first]
    if not starts:
        raise SourceError(
            SOURCE, path, found=f"no header line; the file begins {lines[0][:60]!r}",
            expected=f"a line that starts with one of {list(first)} and lists years",
            todo="fetch the import/export values table as CSV",
        )  # fmt: skip
    head = starts[0]
    header = next(csv.reader([lines[head]]))
    direction = first[header[0]]
    body = [r for r in csv.reader(lines[head + 1 :]) if r and r[0] and not r[0].startswith("Total")]
    for k, row in enumerate(body):
        if len(row) < len(header):
            raise SourceError(
                SOURCE, path, line=head + 2 + k, found=f"{len(row)} fields",
                expected=f"{len(header)}", todo="fetch the table again; it is cut off",
            )  # fmt: skip
    wide = pd.DataFrame([r[: len(header)] for r in body], columns=header, dtype="str")
    years = [c for c in header if re.fullmatch(r"\d{4}", c)]
    long = wide.melt(id_vars=header[0], value_vars=years, var_name="year", value_name="tiv")
    long = long[long["tiv"].str.strip() != ""].reset_index(drop=True)
    values = to_number(SOURCE, path, long["tiv"], "TIV")
    frame = pd.DataFrame(
        {
            "direction": direction,
            "name": long[header[0]].str.strip(),
            "year": long["year"].astype("int64"),
            "tiv_millions": values,
            "is_below_half": values == 0,
        }
    )
    require_unique(SOURCE, path, frame, ["direction", "name", "year"])
    return schemas.conform(frame, schemas.table("raw_sipri__tiv_tables"))


def combine(registers: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Join vintages: each delivery year comes whole from the newest register that covers it.

    Orders not delivered come from the newest register of all.

    Parameters
    ----------
    registers : sequence of DataFrame
        ``raw_sipri__deliveries`` each.

    Returns
    -------
    DataFrame
        ``raw_sipri__deliveries``.
    """
    newest_first = sorted(registers, key=lambda r: r["generated_on"].iloc[0], reverse=True)
    taken: set[int] = set()
    parts = []
    for k, register in enumerate(newest_first):
        covered = range(
            int(register["covered_from"].iloc[0]), int(register["covered_to"].iloc[0]) + 1
        )
        fresh = set(covered) - taken
        undelivered = register["delivery_year"].isna() if k == 0 else False
        parts.append(register[register["delivery_year"].isin(fresh) | undelivered])
        taken |= fresh
    both = pd.concat(parts, ignore_index=True)
    return schemas.conform(both, schemas.table("raw_sipri__deliveries"))


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
    # Whole thousandths: a sum of them is the same in any order.
    delivered = delivered.assign(
        mil=(delivered["tiv_millions"].fillna(0.0) * 1000).round().astype("int64"),
        delivery_year=delivered["delivery_year"].astype("int64"),
    )

    def total(by: list[str]) -> pd.DataFrame:
        return delivered.groupby(by, as_index=False).agg(
            mil=("mil", "sum"), generated_on=("generated_on", "max")
        )

    pairs = total(["supplier", "recipient", "delivery_year"])
    sides = [
        total([end, "delivery_year"]).rename(columns={end: "name", "delivery_year": "year"})
        for end in ("supplier", "recipient")
    ]
    both = sides[0].merge(sides[1], on=["name", "year"], how="outer", suffixes=("_out", "_in"))
    state_years = pd.DataFrame(
        {
            "name": both["name"],
            "year": both["year"],
            "exports_tiv_millions": both["mil_out"].fillna(0) / 1000,
            "imports_tiv_millions": both["mil_in"].fillna(0) / 1000,
        }
    )
    dyad_years = pairs.assign(tiv_millions=pairs["mil"] / 1000).drop(columns="mil")
    frames = {"raw_sipri__dyad_years": dyad_years, "raw_sipri__state_years": state_years}
    return {n: schemas.conform(f, schemas.table(n)) for n, f in frames.items()}
