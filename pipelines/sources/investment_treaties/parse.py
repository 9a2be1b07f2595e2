"""Parser of the zip of UNCTAD's workbooks of investment treaties.

Belongs here: reading the workbooks straight from the zip and joining them. Does not belong here:
mapping parties to states, or which treaties are in force in a year.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

import pandas as pd

import schemas
from pipelines.sources.reading import SourceError, require_columns, require_unique

_SOURCE = "investment_treaties"
_COLUMNS = {
    "Short title": "short_title",
    "Parties": "parties",
    "Type of agreement": "type",
    "Status": "status",
    "Date of signature": "signed_date",
    "Date of entry into force": "in_force_date",
    "Date of termination": "terminated_date",
    "Type of termination": "termination_type",
}
_DATES = ["signed_date", "in_force_date", "terminated_date"]
_KEY = ["short_title", "party_1", "party_2"]
_EPOCH = pd.Timestamp("1899-12-30")
_SERIALS = (10_000, 80_000)
_NAMESPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_SHEET = "xl/worksheets/sheet1.xml"
_STRINGS = "xl/sharedStrings.xml"
# A workbook of the source is 4 to 20 KB; its largest part unpacks to a few hundred.
_LARGEST_PART = 20_000_000
_REFETCH = "fetch the zip again, or make it anew from the workbooks of the upstream"


def parse_zip(path: Path) -> pd.DataFrame:
    """Read every workbook of the zip and keep each treaty once.

    Parameters
    ----------
    path : Path
        ``unctad_bits_2020_01.zip``.

    Returns
    -------
    DataFrame
        Table ``raw_unctad__investment_treaties``.

    Raises
    ------
    SourceError
        If the file is no zip or not whole, leads outside its folder, a workbook has another
        layout, a date is no date, a treaty has not two parties, is missing from the workbook of one
        of them, or is described in two ways.
    """
    table = pd.concat(_workbooks(path), ignore_index=True)
    if table.empty:
        raise _error(path, "workbooks without a treaty", "treaties", _REFETCH)
    for column in _DATES:
        table[column] = _date(path, table, column)
    parties = _parties(path, table)
    treaties = table.drop(columns=["parties"]).assign(
        party_1=parties.min(axis=1),
        party_2=parties.max(axis=1),
        termination_type=table["termination_type"].mask(table["termination_type"] == ""),
    )
    times = treaties.groupby(_KEY)["file"].transform("nunique")
    if (times < 2).any():
        alone = treaties[times < 2].iloc[0]
        raise _error(
            path,
            f"{alone['short_title']!r} only in the workbook {alone['file']}",
            "each treaty in the workbooks of both parties",
            f"a workbook is missing; {_REFETCH}",
        )
    once = treaties.drop(columns=["file", "row"]).drop_duplicates(ignore_index=True)
    require_unique(_SOURCE, path, once, _KEY)
    return schemas.conform(once, schemas.table("raw_unctad__investment_treaties"))


def _error(
    path: Path, found: str, expected: str, todo: str, member: str = "", row: int | None = None
) -> SourceError:
    file = f"{path}!{member}" if member else path
    return SourceError(_SOURCE, file, found=found, expected=expected, todo=todo, row=row)


def _workbooks(path: Path) -> Iterator[pd.DataFrame]:
    """Yield the treaties of each workbook, with the workbook's name and row."""
    if not path.is_file():
        raise _error(path, "no such file", "the upstream's zip", "check the folder given")
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(archive.namelist())
            outside = [n for n in names if ".." in PurePosixPath(n).parts or n.startswith("/")]
            if outside:
                raise _error(path, f"the entry {outside[0]!r}", "names inside the zip", _REFETCH)
            # A Mac packs a shadow beside each file.
            books = [
                n for n in names if n.lower().endswith(".xlsx") and not n.startswith("__MACOSX/")
            ]
            if not books:
                raise _error(path, f"{names[:5]}", "workbooks (.xlsx)", _REFETCH)
            for name in books:
                with archive.open(name) as stream:
                    yield _workbook(path, name, stream)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise _error(path, str(error), "a whole zip of workbooks", _REFETCH) from None


def _workbook(path: Path, name: str, stream: IO[bytes]) -> pd.DataFrame:
    try:
        with zipfile.ZipFile(stream) as book:
            strings = [
                "".join(t.text or "" for t in item.iter(f"{_NAMESPACE}t"))
                for item in _xml(path, name, book, _STRINGS)
            ]
            rows = [
                _cells(r, strings) for r in _xml(path, name, book, _SHEET).iter(f"{_NAMESPACE}row")
            ]
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ET.ParseError, IndexError) as error:
        raise _error(path, str(error), "a whole workbook", _REFETCH, name) from None
    header = rows[0] if rows else {}
    require_columns(_SOURCE, Path(f"{path}!{name}"), header.values(), list(_COLUMNS), line=None)
    letters = {_COLUMNS[title]: letter for letter, title in header.items() if title in _COLUMNS}
    values = {c: [row.get(letter, "") for row in rows[1:]] for c, letter in letters.items()}
    frame = pd.DataFrame(values, dtype="str")
    return frame.assign(file=name, row=range(2, len(rows) + 1))


def _xml(path: Path, name: str, book: zipfile.ZipFile, part: str) -> ET.Element:
    if book.getinfo(part).file_size > _LARGEST_PART:
        raise _error(path, f"{part} larger than 20 MB", "a list of treaties", _REFETCH, name)
    text = book.read(part)
    if b"<!DOCTYPE" in text:
        raise _error(path, f"a DOCTYPE in {part}", "plain workbook XML", _REFETCH, name)
    return ET.fromstring(text)


def _cells(row: ET.Element, strings: list[str]) -> dict[str, str]:
    """Text of each cell by the letters of its column."""
    found = {}
    for cell in row:
        value = cell.find(f"{_NAMESPACE}v")
        letters = re.match("[A-Z]+", cell.get("r", ""))
        if letters and value is not None and value.text:
            is_shared = cell.get("t") == "s"
            found[letters.group()] = strings[int(value.text)] if is_shared else value.text
    return found


def _date(path: Path, table: pd.DataFrame, column: str) -> pd.Series:
    """Dates from Excel serial numbers; a blank is null."""
    text = table[column].str.strip()
    serial = pd.to_numeric(text.where(text != ""), errors="coerce")
    good = serial.between(*_SERIALS) & (serial % 1 == 0)
    wrong = (text != "") & ~good
    if wrong.any():
        row = table[wrong].iloc[0]
        raise _error(
            path,
            f"{column} = {row[column]!r}",
            "an Excel date (a serial number)",
            "look at the cell; a date kept as text needs the parser's help",
            row["file"],
            row["row"],
        )
    return _EPOCH + pd.to_timedelta(serial, unit="D")


def _parties(path: Path, table: pd.DataFrame) -> pd.DataFrame:
    names = table["parties"].str.strip().str.removesuffix(";")
    wrong = names.str.count(";") != 1
    if wrong.any():
        row = table[wrong].iloc[0]
        raise _error(
            path,
            f"the parties {row['parties']!r}",
            "two parties, each followed by ';'",
            "a treaty of more parties needs a layout of its own; teach the parser or leave such "
            "treaties out of the export",
            row["file"],
            row["row"],
        )
    both = names.str.split(";", expand=True)
    return pd.DataFrame({n: both[n].str.strip() for n in (0, 1)})
