"""What every parser of treaty and troop files does with a file that is cut, empty or damaged.

One table of parsers and one of damages; what only one source can get wrong is in its own module.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest

from pipelines.sources.atop.parse import parse_agreements, parse_members
from pipelines.sources.desta.parse import parse_treaties
from pipelines.sources.reading import SourceError
from pipelines.sources.us_troops.parse import parse_troops

FIXTURES = Path(__file__).parent / "fixtures"


class Text(NamedTuple):
    """A parser, its fixture, a column it needs, and a number of the fixture's second line."""

    parse: Callable[[Path], pd.DataFrame]
    fixture: str
    column: str
    number: str
    number_column: str


TEXTS = [
    Text(parse_members, "atop_members.csv", "obvary", "1844", "yrent"),
    Text(parse_agreements, "atop_agreements.csv", "bilat", "1960", "begyr"),
    Text(parse_treaties, "desta_treaties.csv", "entryforceyear", "250", "c4"),
    Text(parse_troops, "us_troops.csv", "troops_ad", "1951", "year"),
]
texts = pytest.mark.parametrize("case", TEXTS, ids=[t.fixture for t in TEXTS])


def refused(case: Text, data: bytes, folder: Path) -> SourceError:
    """Parse the bytes and return the error, which must name the file and what to do."""
    path = folder / case.fixture
    path.write_bytes(data)
    with pytest.raises(SourceError) as error:
        case.parse(path)
    assert str(path) in str(error.value)
    assert "To mend it: " in str(error.value)
    return error.value


def original(case: Text) -> bytes:
    """Return the fixture's bytes."""
    return (FIXTURES / case.fixture).read_bytes()


@texts
def test_a_missing_file_is_named(case: Text, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        case.parse(tmp_path / "absent.csv")


@texts
@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "an empty file"),
        (b" \n", "an empty file"),
        (b"<!DOCTYPE html><html><body>Just a moment...</body></html>", "an HTML page"),
    ],
)
def test_what_is_no_data_is_refused(case: Text, data: bytes, found: str, tmp_path: Path) -> None:
    assert f"found {found}" in str(refused(case, data, tmp_path))


@texts
def test_a_header_without_rows_is_refused(case: Text, tmp_path: Path) -> None:
    header = original(case).split(b"\n")[0] + b"\n"
    assert "a header and no rows" in str(refused(case, header, tmp_path))


@texts
def test_a_missing_column_is_named(case: Text, tmp_path: Path) -> None:
    renamed = original(case).replace(case.column.encode(), b"renamed", 1)
    error = refused(case, renamed, tmp_path)
    assert error.line == 1
    assert f"expected also the columns ['{case.column}']" in str(error)


@texts
@pytest.mark.parametrize("end", [-3, -1], ids=["in the last row", "before the last line end"])
def test_a_cut_file_is_refused(case: Text, end: int, tmp_path: Path) -> None:
    data = original(case)
    error = refused(case, data[:end], tmp_path)
    assert error.line == data.count(b"\n")
    assert "cut short" in str(error)


@texts
def test_a_row_of_another_width_is_named(case: Text, tmp_path: Path) -> None:
    lines = original(case).split(b"\n")
    lines[2] = lines[2].replace(b",", b"", 1).replace(b";", b"", 1)
    assert refused(case, b"\n".join(lines), tmp_path).line == 3


@texts
def test_a_word_for_a_number_is_named(case: Text, tmp_path: Path) -> None:
    lines = original(case).split(b"\n")
    lines[1] = lines[1].replace(case.number.encode(), b"many", 1)
    error = refused(case, b"\n".join(lines), tmp_path)
    assert error.line == 2
    assert f"{case.number_column} = 'many'; expected a number" in str(error)


@texts
def test_a_row_that_stands_twice_is_named(case: Text, tmp_path: Path) -> None:
    data = original(case)
    again = data + data.split(b"\n")[-2] + b"\n"
    error = refused(case, again, tmp_path)
    assert error.line == again.count(b"\n")
    assert "a second time" in str(error)


@pytest.mark.parametrize("case", [t for t in TEXTS if t.parse is not parse_treaties])
def test_another_encoding_is_refused(case: Text, tmp_path: Path) -> None:
    # Latin-1 can read any byte, so DESTA's file cannot be caught in this way.
    lines = original(case).split(b"\n")
    lines[1] = b"\xd4" + lines[1]
    error = refused(case, b"\n".join(lines), tmp_path)
    assert error.line == 2
    assert "byte 0xd4; expected text in utf-8" in str(error)
