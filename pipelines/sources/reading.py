"""What every parser needs: opening a file strictly, and saying precisely what is wrong with it.

Belongs here: checks that hold for any upstream (encoding, header, columns, keys, numbers) and the
error they raise. Does not belong here: knowledge of a particular upstream.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd


class SourceError(ValueError):
    """An upstream file is not what its parser was written for.

    Parameters
    ----------
    source : str
        Name of the source, for instance ``sipri``.
    file : Path or str
        The file that was read.
    found, expected : str
        What stands there, and what should.
    todo : str
        What the reader of the message can do about it.
    line : int, optional
        1-based line of a text file.
    row : int, optional
        1-based data row where lines have no meaning (Parquet, RData, spreadsheets).
    """

    def __init__(
        self,
        source: str,
        file: Path | str,
        *,
        found: str,
        expected: str,
        todo: str,
        line: int | None = None,
        row: int | None = None,
    ) -> None:
        place = f", line {line}" if line is not None else f", row {row}" if row is not None else ""
        self.source, self.file, self.line, self.row = source, str(file), line, row
        super().__init__(
            f"{source}: {file}{place}: found {found}; expected {expected}. To mend it: {todo}"
        )


def require_file(source: str, path: Path, expected: str = "the upstream's file") -> bytes:
    """Return how a file begins (4,096 bytes) that is there, not empty and no HTML page.

    Raises
    ------
    SourceError
        If it is not; `expected` says in the message what should be there.
    """
    if not path.is_file():
        raise SourceError(
            source,
            path,
            found="no such file",
            expected=expected,
            todo="check the folder given with --from, or fetch the file",
        )
    with path.open("rb") as handle:
        start = handle.read(4096)
    text = start.removeprefix(codecs.BOM_UTF8).lstrip()
    if not text:
        raise SourceError(
            source, path, found="an empty file", expected=expected, todo="fetch the file again"
        )
    if text[:15].lower().startswith((b"<!doctype html", b"<html")):
        raise SourceError(
            source,
            path,
            found="an HTML page",
            expected=expected,
            todo="the upstream answered with a web page (often an error or a robot check); "
            "open its address in a browser and save the file itself",
        )
    return start


def read_text(source: str, path: Path, encoding: str = "utf-8-sig") -> str:
    """Read a whole text file in exactly one encoding.

    Raises
    ------
    SourceError
        If the file is missing, empty, an HTML page, or not in that encoding.
    """
    refetch = f"fetch the file again and keep its original encoding ({encoding})"
    require_file(source, path)
    data = path.read_bytes()
    if encoding == "utf-8-sig":
        # Taken off here because Python counts the position of a bad byte from after the mark.
        data, encoding = data.removeprefix(codecs.BOM_UTF8), "utf-8"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SourceError(
            source,
            path,
            line=line,
            found=f"byte 0x{data[error.start]:02x}",
            expected=f"text in {encoding}",
            todo=refetch,
        ) from None


def require_columns(
    source: str,
    path: Path,
    columns: Iterable[object],
    expected: Sequence[str],
    line: int | None = 1,
) -> None:
    """Raise a `SourceError` naming every expected column that is not there."""
    have = [str(c) for c in columns]
    missing = [c for c in expected if c not in have]
    if missing:
        raise SourceError(
            source,
            path,
            line=line,
            found=f"columns {have[:30]}",
            expected=f"also the columns {missing}",
            todo="check that this is the right file of this source; if the upstream renamed a "
            "column, teach the parser its new name",
        )


def _place(at: int, lines: int | Sequence[int] | None) -> dict[str, int]:
    """Say where row `at` of a frame stands, as arguments of `SourceError`.

    `lines` is the text line of the frame's row 0, or of each row where records span lines; without
    it rows are counted from 1.
    """
    if lines is None:
        return {"row": at + 1}
    return {"line": lines + at if isinstance(lines, int) else lines[at]}


def require_unique(
    source: str,
    path: Path,
    frame: pd.DataFrame,
    key: Sequence[str],
    first_line: int | Sequence[int] | None = None,
) -> None:
    """Raise a `SourceError` naming the first row whose key stands twice.

    `first_line` is the text line of the frame's row 0, or of each row; without it rows are counted
    from 1.
    """
    twice = frame.duplicated(list(key), keep="first")
    if not twice.any():
        return
    at = int(twice.to_numpy().argmax())
    value = frame[list(key)].iloc[at].to_dict()
    raise SourceError(
        source,
        path,
        **_place(at, first_line),
        found=f"{value} a second time ({int(twice.sum())} such rows)",
        expected=f"one row for each {list(key)}",
        todo="compare the rows; if the upstream is wrong, add a correction for it",
    )


def to_number(
    source: str,
    path: Path,
    text: pd.Series,
    column: str,
    first_line: int | Sequence[int] | None = None,
    blank: Sequence[str] = ("",),
) -> pd.Series:
    """Read a column as float64: the `blank` spellings become NaN, other text is an error.

    `first_line` as in `require_unique`.
    """
    if pd.api.types.is_numeric_dtype(text.dtype):
        return text.astype("float64")
    stripped = text.astype("str").str.strip()
    numbers = pd.to_numeric(stripped.where(~stripped.isin(list(blank))), errors="coerce")
    wrong = numbers.isna() & text.notna() & ~stripped.isin(list(blank))
    if wrong.any():
        at = int(wrong.to_numpy().argmax())
        raise SourceError(
            source,
            path,
            **_place(at, first_line),
            found=f"{column} = {text.iloc[at]!r}",
            expected="a number",
            todo="look at the line; a shifted line or a new spelling of 'missing' needs the "
            "parser's help",
        )
    return numbers.astype("float64")


def read_delimited(
    source: str,
    path: Path,
    expected: Sequence[str],
    *,
    encoding: str = "utf-8-sig",
    sep: str = ",",
    only_expected: bool = False,
    may_end_open: bool = False,
) -> pd.DataFrame:
    """Read a delimited file with a one-line header, every cell as text, and nothing mended.

    A row with too few or too many cells, a blank line and a last line that is not ended (the mark
    of a file cut short) are errors. Cells that spell 'NA' stay what they are. Row 0 is line 2.

    Parameters
    ----------
    source, path
        Named in errors.
    expected : sequence of str
        Columns that must be there; others may be.
    encoding, sep
        Of the file.
    only_expected : bool
        Return the expected columns and leave the others unread (for wide or long files).
    may_end_open : bool
        True for an upstream that itself writes no line end after the last row.

    Raises
    ------
    SourceError
        If the file is not such a table.
    """
    import pyarrow as pa
    from pyarrow import csv

    text = read_text(source, path, encoding)
    refetch = "compare the file's size with the upstream's and fetch it again"
    header_line = text.partition("\n")[0].strip("\r")
    header = [cell.strip().strip('"') for cell in header_line.split(sep)]
    require_columns(source, path, header, expected)
    if len(set(header)) != len(header):
        raise SourceError(
            source,
            path,
            line=1,
            found=f"columns {header[:30]}",
            expected="each column name once",
            todo="check that this is the upstream's own file",
        )
    if not (may_end_open or text.endswith("\n")):
        raise SourceError(
            source,
            path,
            line=text.count("\n") + 1,
            found="a last line that is not ended",
            expected="a line end after the last row",
            todo=f"the file seems cut short; {refetch}",
        )
    lines = [line.rstrip("\r") for line in text.removesuffix("\n").split("\n")]
    if len(lines) == 1:
        raise SourceError(
            source,
            path,
            line=1,
            found="a header and no rows",
            expected="rows of data",
            todo="check what was asked of the upstream: some answer a wrong code with nothing",
        )
    if not all(lines):
        raise SourceError(
            source,
            path,
            line=lines.index("") + 1,
            found="a blank line",
            expected="a row of data",
            todo=refetch,
        )
    open_quote = next((i for i, line in enumerate(lines) if line.count('"') % 2), None)
    if open_quote is not None:
        # The reader would close it at the end of the file and take all after it for one cell.
        raise SourceError(
            source,
            path,
            line=open_quote + 1,
            found="a quote that is not closed",
            expected="quotes in pairs",
            todo=f"look at the line; if it is cut, {refetch}",
        )
    columns = list(expected) if only_expected else header
    try:
        table = csv.read_csv(
            pa.BufferReader(text.encode("utf-8")),
            read_options=csv.ReadOptions(use_threads=False),
            parse_options=csv.ParseOptions(delimiter=sep),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()),
                include_columns=columns,
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        row = re.search(r"Row #(\d+): (.*)", str(error))
        raise SourceError(
            source,
            path,
            line=int(row.group(1)) if row else None,
            found=row.group(2) if row else str(error),
            expected=f"{len(header)} cells in each row",
            todo=f"look at the line; if it is cut, {refetch}",
        ) from None
    return pd.DataFrame({c: table.column(c).to_pandas().astype("str") for c in columns})


def read_parquet(source: str, path: Path, expected: Sequence[str]) -> pd.DataFrame:
    """Read a Parquet file that must hold the `expected` columns.

    Raises
    ------
    SourceError
        If the file is missing, empty, cut short, not Parquet, or lacks a column.
    """
    import pyarrow as pa
    from pyarrow import parquet

    require_file(source, path, "a whole Parquet file")
    try:
        names = parquet.read_schema(path).names
    except pa.ArrowInvalid as error:
        raise SourceError(
            source,
            path,
            found=str(error).split(".")[0],
            expected="a whole Parquet file",
            todo="the file is cut short or is something else; fetch it again",
        ) from None
    require_columns(source, path, names, expected, line=None)
    return pd.read_parquet(path)


def to_integer(
    source: str,
    path: Path,
    text: pd.Series,
    column: str,
    first_line: int | Sequence[int] | None = None,
    blank: Sequence[str] = (),
) -> pd.Series:
    """Read a column of whole numbers (``2``, ``2.0``), `first_line` as in `require_unique`.

    int64, and every row must hold one; with spellings of `blank`, which are missing, Int64.
    """
    numbers = to_number(source, path, text, column, first_line, blank)
    wrong = (numbers.isna() & (not blank)) | (numbers.notna() & (numbers % 1 != 0))
    if wrong.any():
        at = int(wrong.to_numpy().argmax())
        raise SourceError(
            source,
            path,
            **_place(at, first_line),
            found=f"{column} = {text.astype('object').iloc[at]!r}",
            expected="a whole number",
            todo="look at the line; the columns may have shifted",
        )
    return numbers.astype("Int64" if blank else "int64")
