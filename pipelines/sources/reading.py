"""What every parser needs: opening a file strictly, and saying precisely what is wrong with it.

Belongs here: checks that hold for any upstream (encoding, header, columns, keys, numbers) and the
error they raise. Does not belong here: knowledge of a particular upstream.
"""

from __future__ import annotations

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


def read_text(source: str, path: Path, encoding: str = "utf-8-sig") -> str:
    """Read a whole text file in exactly one encoding.

    Raises
    ------
    SourceError
        If the file is missing, empty, an HTML page, or not in that encoding.
    """
    refetch = f"fetch the file again and keep its original encoding ({encoding})"
    if not path.is_file():
        raise SourceError(
            source, path, found="no such file", expected="the upstream's file",
            todo="check the folder given with --from, or fetch the file",
        )
    data = path.read_bytes()
    if not data.strip():
        raise SourceError(source, path, found="an empty file", expected="data", todo=refetch)
    if data.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        raise SourceError(
            source, path, found="an HTML page", expected="the data file",
            todo="the upstream answered with a web page (often an error or a robot check); "
            "open its address in a browser and save the file itself",
        )
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SourceError(
            source, path, line=line, found=f"byte 0x{data[error.start]:02x}",
            expected=f"text in {encoding}", todo=refetch,
        ) from None


def require_columns(
    source: str, path: Path, columns: Iterable[object], expected: Sequence[str], line: int | None = 1
) -> None:
    """Raise a `SourceError` naming every expected column that is not there."""
    have = [str(c) for c in columns]
    missing = [c for c in expected if c not in have]
    if missing:
        raise SourceError(
            source, path, line=line,
            found=f"columns {have[:30]}", expected=f"also the columns {missing}",
            todo="check that this is the right file of this source; if the upstream renamed a "
            "column, teach the parser its new name",
        )


def require_unique(
    source: str, path: Path, frame: pd.DataFrame, key: Sequence[str], first_line: int | None = None
) -> None:
    """Raise a `SourceError` naming the first row whose key stands twice.

    `first_line` is the text line of the frame's row 0; without it rows are counted from 1.
    """
    twice = frame.duplicated(list(key), keep="first")
    if not twice.any():
        return
    at = int(twice.to_numpy().argmax())
    value = frame.iloc[at][list(key)].to_dict()
    where = {"row": at + 1} if first_line is None else {"line": first_line + at}
    raise SourceError(
        source, path, **where, found=f"{value} a second time ({int(twice.sum())} such rows)",
        expected=f"one row for each {list(key)}",
        todo="compare the rows; if the upstream is wrong, add a correction for it",
    )


def to_number(
    source: str, path: Path, text: pd.Series, column: str, first_line: int | None = None,
    blank: Sequence[str] = ("",),
) -> pd.Series:
    """Read a column of text as float64; the `blank` spellings become NaN, anything else is an error."""
    stripped = text.astype("str").str.strip()
    numbers = pd.to_numeric(stripped.where(~stripped.isin(list(blank))), errors="coerce")
    wrong = numbers.isna() & text.notna() & ~stripped.isin(list(blank))
    if wrong.any():
        at = int(wrong.to_numpy().argmax())
        where = {"row": at + 1} if first_line is None else {"line": first_line + at}
        raise SourceError(
            source, path, **where, found=f"{column} = {text.iloc[at]!r}", expected="a number",
            todo="look at the line; a shifted line or a new spelling of 'missing' needs the parser's help",
        )
    return numbers.astype("float64")
