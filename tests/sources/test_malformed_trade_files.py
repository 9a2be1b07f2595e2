"""What every trade parser does with a file that is cut, empty, someone else's or damaged.

One table of parsers and one of damages; what only one source can get wrong is in its own module.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest

from pipelines.sources.cow_igo.parse import parse_state_year
from pipelines.sources.cow_trade.parse import parse_dyadic_trade
from pipelines.sources.imf.parse import parse_imts_portal
from pipelines.sources.iran_oil.parse import parse_crude_estimates
from pipelines.sources.reading import SourceError
from pipelines.sources.russia_trade.parse import parse_bilateral
from pipelines.sources.unctad_trade.parse import parse_merchandise_totals
from pipelines.sources.worldbank.parse import parse_indicator

FIXTURES = Path(__file__).parent / "fixtures"


class Text(NamedTuple):
    """A parser of text files, its fixture, and a column it cannot do without."""

    parse: Callable[[Path], object]
    fixture: str
    column: str
    number: tuple[str, str]  # a number of the fixture's line 2, and its column


TEXTS = [
    Text(parse_dyadic_trade, "cow_trade.csv", "flow1", ("1979", "year")),
    Text(parse_state_year, "cow_igo.csv", "state", ("2003", "year")),
    Text(parse_imts_portal, "imf_imts.csv", "COUNTERPART_COUNTRY", ("30.5", "2003")),
    Text(
        partial(parse_indicator, table="raw_worldbank__gdp"),
        "worldbank_gdp.csv",
        "Country Code",
        ("3833640097.5", "Value"),
    ),
    Text(parse_bilateral, "russia_bilateral.csv", "quality", ("755873461", "value_usd")),
    Text(parse_crude_estimates, "iran_crude.csv", "kbd_high", ("692", "kbd_low")),
]
texts = pytest.mark.parametrize("case", TEXTS, ids=[t.fixture for t in TEXTS])


def lines_of(case: Text) -> list[bytes]:
    """Return the fixture's lines without their ends."""
    return (FIXTURES / case.fixture).read_bytes().replace(b"\r", b"").rstrip(b"\n").split(b"\n")


def refusal(case: Text, data: bytes, folder: Path) -> str:
    path = folder / case.fixture
    path.write_bytes(data)
    with pytest.raises(SourceError) as caught:
        case.parse(path)
    message = str(caught.value)
    assert str(path) in message, "the message names the file"
    assert "; expected " in message
    assert "To mend it: " in message
    return message


def join(lines: list[bytes]) -> bytes:
    return b"\n".join(lines) + b"\n"


@texts
@pytest.mark.parametrize(
    ("data", "found"),
    [(b"", "an empty file"), (b" \n", "an empty file"), (b"<!DOCTYPE html><p>No", "an HTML page")],
    ids=["empty", "white", "html"],
)
def test_no_data_at_all(case: Text, data: bytes, found: str, tmp_path: Path) -> None:
    assert f"found {found};" in refusal(case, data, tmp_path)


@texts
def test_no_file(case: Text, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="found no such file"):
        case.parse(tmp_path / "gone.csv")


@texts
def test_a_header_alone(case: Text, tmp_path: Path) -> None:
    message = refusal(case, join(lines_of(case)[:1]), tmp_path)
    assert "line 1: found a header and no rows" in message


@texts
def test_a_column_renamed_upstream(case: Text, tmp_path: Path) -> None:
    header, *rows = lines_of(case)
    renamed = header.replace(case.column.encode(), b"renamed", 1)
    message = refusal(case, join([renamed, *rows]), tmp_path)
    assert f"also the columns ['{case.column}']" in message


@texts
def test_a_column_twice(case: Text, tmp_path: Path) -> None:
    lines = [line + b"," + line.split(b",")[-1] for line in lines_of(case)]
    assert "line 1: found columns" in refusal(case, join(lines), tmp_path)


@texts
def test_a_row_cut_short(case: Text, tmp_path: Path) -> None:
    lines = lines_of(case)
    lines[-1] = lines[-1].rpartition(b",")[0]
    message = refusal(case, join(lines), tmp_path)
    # The last fixture is cut within quotes, which a reader would close at the end of the file.
    quoted = case.fixture == "iran_crude.csv"
    found = "a quote that is not closed" if quoted else "Expected"
    assert f"line {len(lines)}: found {found}" in message


@texts
def test_a_row_too_long(case: Text, tmp_path: Path) -> None:
    lines = lines_of(case)
    lines[1] += b",1"
    assert "line 2: found Expected" in refusal(case, join(lines), tmp_path)


@pytest.mark.parametrize(
    "case",
    [t for t in TEXTS if t.fixture != "worldbank_gdp.csv"],  # which itself ends without one
    ids=lambda t: t.fixture,
)
def test_a_last_line_without_its_end(case: Text, tmp_path: Path) -> None:
    lines = lines_of(case)
    message = refusal(case, join(lines).rstrip(b"\n"), tmp_path)
    assert f"line {len(lines)}: found a last line that is not ended" in message


@texts
def test_a_blank_line(case: Text, tmp_path: Path) -> None:
    lines = lines_of(case)
    message = refusal(case, join([*lines[:2], b"", *lines[2:]]), tmp_path)
    assert "line 3: found a blank line" in message


@texts
def test_another_encoding(case: Text, tmp_path: Path) -> None:
    lines = lines_of(case)
    lines[1] = lines[1].replace(b",", b"\xfc,", 1)
    message = refusal(case, join(lines), tmp_path)
    assert "line 2: found byte 0xfc; expected text in utf-8" in message


@texts
def test_a_number_that_is_none(case: Text, tmp_path: Path) -> None:
    number, column = case.number
    lines = lines_of(case)
    lines[1] = lines[1].replace(number.encode(), b"n/a", 1)
    assert f"line 2: found {column} = 'n/a'" in refusal(case, join(lines), tmp_path)


@texts
def test_a_key_twice(case: Text, tmp_path: Path) -> None:
    lines = lines_of(case)
    message = refusal(case, join([*lines, lines[1]]), tmp_path)
    assert f"line {len(lines) + 1}: found " in message
    assert "a second" in message


PARQUET = [
    (parse_dyadic_trade, ["ccode1", "ccode2", "year", "flow1", "flow2"]),
    (parse_state_year, ["ccode", "year", "state"]),
    (
        parse_merchandise_totals,
        ["iso3", "unctad_code", "economy", "year", "flow", "value_usd_mn", "footnote"],
    ),
]
parquets = pytest.mark.parametrize(
    ("parse", "columns"), PARQUET, ids=[p.__name__ for p, _ in PARQUET]
)


def parquet_file(folder: Path, columns: list[str]) -> Path:
    path = folder / "file.parquet"
    pd.DataFrame({c: [1, 2] for c in columns}).to_parquet(path)
    return path


@parquets
@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "an empty file"),
        (None, "Parquet magic bytes not found"),
        (b"<html>no</html>", "expected a whole Parquet file"),
        (b"iso3,year\n", "expected a whole Parquet file"),
    ],
    ids=["empty", "cut", "html", "csv"],
)
def test_not_a_whole_parquet_file(
    parse: Callable, columns: list[str], data: bytes | None, found: str, tmp_path: Path
) -> None:
    path = parquet_file(tmp_path, columns)
    path.write_bytes(path.read_bytes()[:-8] if data is None else data)
    with pytest.raises(SourceError, match=found) as caught:
        parse(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("parse", [p for p, _ in PARQUET])
def test_no_parquet_file(parse: Callable, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="found no such file"):
        parse(tmp_path / "gone.parquet")


@parquets
def test_a_parquet_column_missing(parse: Callable, columns: list[str], tmp_path: Path) -> None:
    path = parquet_file(tmp_path, columns[:-1])
    with pytest.raises(SourceError, match=rf"also the columns \['{columns[-1]}'\]"):
        parse(path)


@parquets
def test_a_year_without_a_value(parse: Callable, columns: list[str], tmp_path: Path) -> None:
    path = tmp_path / "file.parquet"
    rows = {c: [1, 2] for c in columns} | {"year": [2000, None], "un": [1, 1], "ccode2": [3, 4]}
    pd.DataFrame(rows).to_parquet(path)
    with pytest.raises(SourceError, match="row 2: found year = nan; expected a whole number"):
        parse(path)
