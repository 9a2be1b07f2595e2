"""Strict reading: what passes unchanged, and what each error says of the place."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from pipelines.sources.reading import (
    SourceError,
    read_delimited,
    read_parquet,
    read_text,
    require_columns,
    require_file,
    require_unique,
    to_integer,
    to_number,
)

BOM = b"\xef\xbb\xbf"
FILE = Path("upstream.csv")


def written(folder: Path, data: bytes) -> Path:
    path = folder / "upstream.csv"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("place", "says"),
    [({"line": 3}, "some: f.csv, line 3: found a"), ({"row": 2}, "some: f.csv, row 2: found a"),
     ({}, "some: f.csv: found a")],
)  # fmt: skip
def test_an_error_says_where_what_and_what_to_do(place: dict[str, int], says: str) -> None:
    error = SourceError("some", "f.csv", found="a", expected="b", todo="do c", **place)
    assert str(error) == f"{says}; expected b. To mend it: do c"
    assert (error.source, error.file) == ("some", "f.csv")
    assert {"line": error.line, "row": error.row} == {"line": None, "row": None} | place


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (None, "no such file"),
        (b"", "an empty file"),
        (b" \r\n\t\n", "an empty file"),
        (BOM, "an empty file"),
        (b"<!DOCTYPE html><p>Are you a robot?", "an HTML page"),
        (b"\n <HTML lang=en>", "an HTML page"),
        (BOM + b"<!doctype HTML>", "an HTML page"),
    ],
)
@pytest.mark.parametrize(
    "read",
    [
        lambda path: require_file("some", path),
        lambda path: read_text("some", path),
        lambda path: read_text("some", path, "iso-8859-1"),
        lambda path: read_delimited("some", path, ["a"]),
        lambda path: read_parquet("some", path, ["a"]),
    ],
    ids=["require_file", "read_text", "latin-1", "read_delimited", "read_parquet"],
)
def test_what_is_no_data_is_refused_by_every_reader(
    read: object, data: bytes | None, found: str, tmp_path: Path
) -> None:
    path = tmp_path / "gone.csv" if data is None else written(tmp_path, data)
    with pytest.raises(SourceError, match=f"{path.name}: found {found}; expected "):
        read(path)  # type: ignore[operator]


def test_require_file_returns_how_the_file_begins(tmp_path: Path) -> None:
    assert require_file("some", written(tmp_path, b"PAR1" + bytes(5000))) == b"PAR1" + bytes(4092)


@pytest.mark.parametrize(
    ("data", "encoding", "text"),
    [
        ("Türkiye\n".encode(), "utf-8-sig", "Türkiye\n"),
        (BOM + "Türkiye\n".encode(), "utf-8-sig", "Türkiye\n"),
        ("Türkiye\n".encode("latin-1"), "iso-8859-1", "Türkiye\n"),
        (b"a\r\nb\r\n", "utf-8-sig", "a\r\nb\r\n"),
    ],
)
def test_text_comes_as_it_is(data: bytes, encoding: str, text: str, tmp_path: Path) -> None:
    assert read_text("some", written(tmp_path, data), encoding) == text


@pytest.mark.parametrize("mark", [b"", BOM], ids=["plain", "with a mark"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("line", [1, 2, 4])
def test_a_byte_of_another_encoding_is_named_with_its_line(
    line: int, end: bytes, mark: bytes, tmp_path: Path
) -> None:
    lines = [b"abc", b"abc", "abcü".encode(), b"abc"]
    lines[line - 1] = b"ab\xfc"
    with pytest.raises(SourceError, match="found byte 0xfc; expected text in utf-8") as caught:
        read_text("some", written(tmp_path, mark + end.join(lines)))
    assert caught.value.line == line


def test_every_missing_column_is_named() -> None:
    require_columns("some", FILE, ["b", "a", 3], ["a", "3"])
    with pytest.raises(SourceError, match=r"line 1: found columns \['a'\].*columns \['b', 'c'\]"):
        require_columns("some", FILE, ["a"], ["b", "a", "c"])
    with pytest.raises(SourceError, match=r"csv: found columns"):
        require_columns("some", FILE, ["a"], ["b"], line=None)


@pytest.mark.parametrize(
    ("first_line", "place"),
    [(None, "row 3"), (2, "line 4"), (13, "line 15"), ([2, 5, 6, 7], "line 6")],
    ids=["rows", "lines", "after a preamble", "records over lines"],
)
def test_errors_of_rows_say_the_place_as_the_file_counts(
    first_line: int | list[int] | None, place: str
) -> None:
    frame = pd.DataFrame({"key": ["1", "2", "1", "1"], "value": ["1", "", "x", "y"]})
    with pytest.raises(SourceError, match=rf"{place}: found {{'key': '1'}} a second.*2 such rows"):
        require_unique("some", FILE, frame, ["key"], first_line)
    for read in (to_number, to_integer):
        text = frame["value"].where(frame.index != 1, "0")
        with pytest.raises(SourceError, match=f"{place}: found value = 'x'; expected a number"):
            read("some", FILE, text, "value", first_line)
    with pytest.raises(SourceError, match=f"{place}: found value = '1.5'; expected a whole number"):
        to_integer("some", FILE, pd.Series(["1", "2.0", "1.5"]), "value", first_line)


def test_a_key_of_several_columns_is_unique_together() -> None:
    frame = pd.DataFrame({"a": [1, 1, 2], "b": [1, 2, 1]})
    require_unique("some", FILE, frame, ["a", "b"])
    with pytest.raises(SourceError, match="row 2"):
        require_unique("some", FILE, frame, ["a"])


def test_a_blank_number_is_missing_and_a_zero_is_zero() -> None:
    numbers = to_number("some", FILE, pd.Series(["0", " 2.5 ", "", "-1e3", None]), "value")
    assert numbers.dtype == "float64"
    assert numbers.isna().tolist() == [False, False, True, False, True]
    assert numbers.dropna().tolist() == [0, 2.5, -1000]
    marks = to_number("some", FILE, pd.Series(["NA", "1"]), "value", 2, ("NA",))
    assert marks.isna().tolist() == [True, False]
    assert to_number("some", FILE, pd.Series([1, 2]), "value").dtype == "float64"


@pytest.mark.parametrize("value", ["NA", "1,5", "1 000", "-", "."])
def test_what_is_neither_number_nor_blank_is_refused(value: str) -> None:
    with pytest.raises(SourceError, match="row 2: found value = "):
        to_number("some", FILE, pd.Series(["1", value]), "value")


def test_whole_numbers_may_be_missing_only_where_a_blank_is_allowed() -> None:
    text = pd.Series(["2.0", "3", ""])
    assert to_integer("some", FILE, text[:2], "value").dtype == "int64"
    nullable = to_integer("some", FILE, text, "value", blank=("",))
    assert nullable.dtype == "Int64"
    assert nullable.tolist()[:2] == [2, 3]
    assert nullable.isna().tolist() == [False, False, True]
    with pytest.raises(SourceError, match="row 3: found value = ''"):
        to_integer("some", FILE, text, "value")
    with pytest.raises(SourceError, match="line 3: found value = nan; expected a whole number"):
        to_integer("some", FILE, pd.Series([1, None]), "value", 2)


def test_cells_come_as_they_are_spelled(tmp_path: Path) -> None:
    path = written(tmp_path, BOM + b'"a",b,c\r\n001,NA,"x, ""y"""\r\n, null,1e5\r\n')
    frame = read_delimited("some", path, ["a", "b"])
    assert frame.to_dict("list") == {"a": ["001", ""], "b": ["NA", " null"], "c": ['x, "y"', "1e5"]}
    assert list(read_delimited("some", path, ["c", "a"], only_expected=True)) == ["c", "a"]


def test_another_separator_and_encoding(tmp_path: Path) -> None:
    path = written(tmp_path, "a;b\n1,5;é\n".encode("latin-1"))
    frame = read_delimited("some", path, ["a"], encoding="latin-1", sep=";")
    assert frame.to_dict("list") == {"a": ["1,5"], "b": ["é"]}


@pytest.mark.parametrize(
    ("data", "line", "found"),
    [
        (b"a,c\n1,2\n", 1, "found columns"),
        (b"a,b,a\n1,2,3\n", 1, "expected each column name once"),
        (b"a,b\n1,2\n3,4", 3, "a last line that is not ended"),
        (b"a,b\n", 1, "a header and no rows"),
        (b"a,b\n1,2\n\n3,4\n", 3, "a blank line"),
        (b"a,b\r\n1,2\r\n\r\n", 3, "a blank line"),
        (b'a,b\n1,2\n"3,4\n5,6\n', 3, "a quote that is not closed"),
        (b"a,b\n1,2\n3\n5,6\n", 3, "Expected 2 columns, got 1"),
        (b"a,b\n1,2\n3,4,5\n", 3, "Expected 2 columns, got 3"),
        (b"a,b\n1,\xff\n", 2, "byte 0xff"),
    ],
)
def test_nothing_is_mended_in_silence(data: bytes, line: int, found: str, tmp_path: Path) -> None:
    path = written(tmp_path, data)
    with pytest.raises(SourceError, match=found) as caught:
        read_delimited("some", path, ["a", "b"])
    assert (caught.value.line, caught.value.file) == (line, str(path))


def test_an_upstream_may_leave_its_last_line_open(tmp_path: Path) -> None:
    path = written(tmp_path, b"a,b\n1,2\n3,4")
    assert len(read_delimited("some", path, ["a"], may_end_open=True)) == 2


def test_a_parquet_file_is_whole_and_has_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "upstream.parquet"
    frame = pd.DataFrame({"a": [1, 2], "b": ["NA", None]})
    frame.to_parquet(path)
    pd.testing.assert_frame_equal(read_parquet("some", path, ["a"]), frame)
    with pytest.raises(SourceError, match=r"parquet: found columns .*also the columns \['c'\]"):
        read_parquet("some", path, ["a", "c"])
    for cut in (path.read_bytes()[:-9], b"a,b\n1,2\n"):
        path.write_bytes(cut)
        with pytest.raises(SourceError, match="expected a whole Parquet file"):
            read_parquet("some", path, ["a"])
