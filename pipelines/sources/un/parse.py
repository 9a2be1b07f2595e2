"""Parser of the library's exports, as CSV, gzipped CSV or Parquet.

Belongs here: the layout of the two exports and their traps. Does not belong here: which state a
name means (`names.csv`, applied later), or any measure of agreement.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import schemas
from pipelines.sources.reading import SourceError, require_columns, require_file, require_unique

SOURCE = "un"
# Each vote with the total that counts it.
VOTES = {
    "Y": "total_yes",
    "N": "total_no",
    "A": "total_abstentions",
    "X": "total_non_voting",
}
# The two exports name the same thing differently.
ALIASES = {"description": "title", "agenda": "agenda_title"}
# What only one of the exports has, or neither in the rebuilt file.
_OPTIONAL = ["session", "title", "agenda_title"]
_TEXTS = ["session", "resolution", "meeting", "title", "agenda_title"]
_TOTALS = [*VOTES.values(), "total_ms"]
_VOTE = ["undl_id", "ms_code", "ms_name", "ms_vote"]
_CALL = ["date", *_TEXTS, *_TOTALS]
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50}
_REFETCH = "download the export again from the record's page"
# In the place of a total that a record leaves blank, until it is counted.
_UNSTATED = -1
# Records whose totals differ from their rows are the library's slips below this share of all, and
# a damaged file above it.
_SLIPS = 0.01
_log = logging.getLogger(__name__)


def session_number(session: pd.Series) -> pd.Series:
    """Number of a regular session.

    Parameters
    ----------
    session : Series of str
        As the library spells it: roman to the thirtieth, arabic after; 'S-' and 'ES-' mark special
        and emergency special sessions.

    Returns
    -------
    Series of Int64
        Missing for special and emergency sessions and where none is given.
    """
    numbers = {label: _regular_session(label) for label in session.dropna().unique()}
    return session.map(numbers).astype("Int64")


def _regular_session(label: str) -> int | None:
    text = label.strip().upper()
    if text.isdigit():
        return int(text)
    if not re.fullmatch("[IVXL]+", text):
        return None
    values = [_ROMAN[c] for c in text]
    following = [*values[1:], 0]
    return sum(-v if v < after else v for v, after in zip(values, following, strict=True))


@contextmanager
def _arrow_errors(path: Path) -> Iterator[None]:
    """Turn what the reader says of a broken file into an error that names the row."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError) as error:
        at = re.search(r"Row #(\d+): (.*)", str(error))  # counted with the header
        raise SourceError(
            SOURCE, path, row=int(at[1]) - 1 if at else None,
            found=at[2] if at else str(error).splitlines()[0],
            expected="a whole CSV or Parquet file in UTF-8",
            todo=f"{_REFETCH}; if it is whole, look at the place named",
        ) from None  # fmt: skip


def _csv(path: Path, start: bytes, columns: Sequence[str] | None = None) -> Any:
    """Open a CSV for streaming, gzipped or not by its bytes (a stored file has no extension)."""
    import pyarrow as pa
    from pyarrow import csv

    gzipped = start.startswith(b"\x1f\x8b")
    stream = pa.input_stream(str(path), compression="gzip" if gzipped else None)
    # Or errors do not say the row.
    one_thread = csv.ReadOptions(use_threads=False)
    layout = csv.ParseOptions(newlines_in_values=True)
    if columns is None:
        return csv.open_csv(stream, one_thread, layout)
    texts = dict.fromkeys(columns, pa.dictionary(pa.int32(), pa.string()))
    wanted = csv.ConvertOptions(column_types=texts, include_columns=list(columns))
    return csv.read_csv(stream, one_thread, layout, wanted)


def _columns(path: Path) -> tuple[bytes, dict[str, str]]:
    """Return how a file begins, and its columns that serve with our names for them."""
    from pyarrow import parquet

    start = require_file(SOURCE, path, "the library's export")
    is_parquet = start.startswith(b"PAR1")
    with _arrow_errors(path):
        theirs = parquet.read_schema(path).names if is_parquet else _csv(path, start).schema.names
    ours = [ALIASES.get(c.lower(), c.lower()) for c in theirs]
    needed = [c for c in (*_VOTE, *_CALL) if c not in _OPTIONAL]
    require_columns(SOURCE, path, ours, needed, None if is_parquet else 1)
    named = zip(theirs, ours, strict=True)
    return start, {c: n for c, n in named if n in {*_VOTE, *_CALL}}


def body_of(path: Path) -> str:
    """Say which of the two exports a file is, by the symbols at its beginning.

    Parameters
    ----------
    path : Path
        CSV, gzipped CSV or Parquet.

    Returns
    -------
    str
        'ga' for the General Assembly, 'sc' for the Security Council.

    Raises
    ------
    SourceError
        If it is neither.
    """
    from pyarrow import parquet

    start, names = _columns(path)
    symbols = [c for c, ours in names.items() if ours in ("resolution", "meeting")]
    with _arrow_errors(path):
        if start.startswith(b"PAR1"):
            batches = parquet.ParquetFile(path).iter_batches(1000, columns=symbols)
        else:
            batches = iter(_csv(path, start))
        first = next(batches, None)
    rows = pd.DataFrame() if first is None else first.select(symbols).to_pandas().astype("str")
    for prefix, body in (("A/", "ga"), ("S/", "sc")):
        named = rows.apply(lambda column, p=prefix: column.str.startswith(p, na=False))
        # Most rows, for a symbol may be blank.
        if len(rows) and named.any(axis=1).mean() > 0.5:
            return body
    raise SourceError(
        SOURCE, path, found="no symbols of resolutions or meetings that start with A/ or S/",
        expected="the library's export of General Assembly or Security Council votes",
        todo=_REFETCH,
    )  # fmt: skip


def _load(path: Path) -> pd.DataFrame:
    """Read the columns that serve under our names; texts as categories, for their few values."""
    from pyarrow import parquet

    start, names = _columns(path)
    with _arrow_errors(path):
        if start.startswith(b"PAR1"):
            table = parquet.read_table(path, columns=list(names), read_dictionary=list(names))
        else:
            table = _csv(path, start, list(names))
    frame = table.to_pandas().rename(columns=names)
    if frame.empty:
        raise SourceError(
            SOURCE, path, found="a header and no rows", expected="votes", todo=_REFETCH
        )
    return frame.reindex(columns=[*_VOTE, *_CALL])


def _read(
    path: Path,
    column: pd.Series,
    read: Callable[[pd.Series], pd.Series],
    expected: str | None = None,
) -> pd.Series:
    """Read a column by its distinct values.

    `read` turns values into what they mean, missing where they mean nothing; that is an error that
    names the row, unless nothing is `expected`.
    """
    codes, distinct = pd.factorize(column, use_na_sentinel=False)
    values = read(pd.Series(distinct))
    wrong = values.isna().to_numpy()[codes]
    if expected is not None and wrong.any():
        at = int(wrong.argmax())
        raise SourceError(
            SOURCE, path, row=int(column.index[at]) + 1,
            found=f"{column.name} = {column.astype('object').iloc[at]!r}", expected=expected,
            todo="look at the row; a shifted line breaks every column, and a new spelling needs a "
            "meaning before it can be counted",
        )  # fmt: skip
    return values.iloc[codes].set_axis(column.index)


def _whole(values: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(values.astype("str"), errors="coerce")
    return numbers.where(numbers % 1 == 0).astype("Int64")


def _total(values: pd.Series) -> pd.Series:
    """Read totals, which the export writes as '106' or '106.0'; a blank is `_UNSTATED`."""
    text = values.astype("str").str.strip().fillna("")
    numbers = _whole(text)
    return numbers.where(numbers >= 0).where(text != "", _UNSTATED)


def _date(values: pd.Series) -> pd.Series:
    return pd.to_datetime(values.astype("str"), format="ISO8601", errors="coerce")


def _text(values: pd.Series) -> pd.Series:
    text = values.astype("str").str.strip()
    return text.where(text != "")


def _vote(values: pd.Series) -> pd.Series:
    """Case does not matter, and a blank is a member that did not vote."""
    text = values.astype("str").str.strip().str.upper().fillna("").replace("", "X")
    return text.where(text.isin(list(VOTES)))


def _call_rows(path: Path, frame: pd.DataFrame) -> tuple[np.ndarray, pd.DataFrame]:
    """Number the records in the order of the file, and take the first row of each.

    What belongs to a record must be the same in all of its rows.
    """
    record, _ = pd.factorize(frame["undl_id"])
    first = np.unique(record, return_index=True)[1]
    for column in _CALL:
        codes, _ = pd.factorize(frame[column])
        differs = codes != codes[first][record]
        if differs.any():
            at = int(differs.argmax())
            before = int(first[record[at]])
            values = frame[column].astype("object")
            raise SourceError(
                SOURCE, path, row=at + 1, found=f"{column} = {values.iloc[at]!r}",
                expected=f"{values.iloc[before]!r}, as in the record's first row {before + 1}",
                todo="look at the row; a shifted line breaks every column",
            )  # fmt: skip
    return record, frame.iloc[first]


def _totals(path: Path, record: np.ndarray, votes: pd.DataFrame, calls: pd.DataFrame) -> np.ndarray:
    """Return the totals of each record, those it does not state counted, and check them.

    An excerpt of states may have fewer rows than a record states, never more. Where a record has
    a row for each of its members its votes can be counted: blank totals are, and those of a
    resolution adopted without a vote, which are all zero though its rows say Y. A few records
    that contradict their rows are kept as they stand, and named in the log.
    """
    vote = pd.Categorical(votes["ms_vote"], list(VOTES)).codes
    counted = np.bincount(record * len(VOTES) + vote, minlength=len(calls) * len(VOTES))
    counted = counted.reshape(len(calls), len(VOTES))
    rows = counted.sum(axis=1)
    made = calls[_TOTALS].to_numpy()
    stated, members = made[:, :-1], made[:, -1]
    known = members != _UNSTATED
    whole = known & (rows == members)
    if known.any() and whole[known].mean() > 0.5:
        if not whole[-1] and known[-1]:
            raise SourceError(
                SOURCE, path, row=len(votes),
                found=f"the last record, {calls['undl_id'].iloc[-1]}, with {rows[-1]} rows",
                expected=f"{members[-1]} rows, its total_ms: the records before it are whole",
                todo=f"the file is cut short; {_REFETCH}",
            )  # fmt: skip
        whole |= ~known
    blank = (made == _UNSTATED) & ~whole[:, None]
    if blank.any():
        at, which = (int(k[0]) for k in np.nonzero(blank))
        raise SourceError(
            SOURCE, path, row=int(calls.index[at]) + 1,
            found=f"{_TOTALS[which]} = ''",
            expected="a whole number, for the file has not the rows of all members to count",
            todo="give the whole export, not an excerpt",
        )  # fmt: skip
    without_vote = whole & (stated == 0).all(axis=1)
    stated = np.where((stated == _UNSTATED) | without_vote[:, None], counted, stated)
    differs = (counted > stated) | (whole[:, None] & (counted != stated))
    wrong = differs.any(axis=1)
    if wrong.mean() > _SLIPS:
        at, which = (int(k[0]) for k in np.nonzero(differs))
        raise SourceError(
            SOURCE, path, row=int(calls.index[at]) + 1,
            found=f"record {calls['undl_id'].iloc[at]} with {counted[at, which]} votes "
            f"{list(VOTES)[which]} in its rows ({wrong.sum()} of {len(calls)} records contradict "
            "themselves)",
            expected=f"{stated[at, which]}, the record's own {_TOTALS[which]}",
            todo="compare the record on its page; if the library is wrong, add a correction",
        )  # fmt: skip
    if wrong.any():
        _log.warning(
            "un: %s: %d of %d records state other totals than their rows; kept as they stand: %s",
            path, wrong.sum(), len(calls), calls.loc[wrong, "undl_id"].tolist(),
        )  # fmt: skip
    return np.column_stack([stated, np.where(known, members, rows)])


def _refuse_two_spellings(path: Path, frame: pd.DataFrame) -> None:
    """Two names under one code in one record would count a state twice."""
    twice = frame.duplicated(["undl_id", "ms_code"]) & ~frame["ms_code"].isin(["", None])
    if twice.any():
        at = int(twice.to_numpy().argmax())
        row = frame.iloc[at]
        same = (frame["undl_id"] == row["undl_id"]) & (frame["ms_code"] == row["ms_code"])
        raise SourceError(
            SOURCE, path, row=at + 1,
            found=f"record {row['undl_id']} with {frame.loc[same, 'ms_name'].tolist()} under the "
            f"code {row['ms_code']!r}",
            expected="one row for each state", todo="look at the record; add a correction",
        )  # fmt: skip


def _parse(path: Path, body: str) -> dict[str, pd.DataFrame]:
    frame = _load(path)
    number = "a whole number"
    frame["undl_id"] = _read(path, frame["undl_id"], _whole, number).astype("int64")
    record, rows = _call_rows(path, frame)
    calls = rows[["undl_id"]].assign(
        date=_read(path, rows["date"], _date, "a date such as 2024-12-19"),
        **{c: _read(path, rows[c], _text) for c in _TEXTS},
        **{c: _read(path, rows[c], _total, number).astype("int64") for c in _TOTALS},
    )
    votes = frame[["undl_id"]].assign(
        ms_code=_read(path, frame["ms_code"], _text),
        ms_name=_read(path, frame["ms_name"], _text, "the name of a member"),
        ms_vote=_read(path, frame["ms_vote"], _vote, f"one of {list(VOTES)} or a blank"),
    )
    # The frame's categories tell rows apart faster than texts do.
    require_unique(SOURCE, path, frame, ["undl_id", "ms_name"])
    _refuse_two_spellings(path, frame)
    calls[_TOTALS] = _totals(path, record, votes, calls)
    calls = calls.sort_values("undl_id")
    if body == "sc":
        # The library holds a second record of one resolution; a later step leaves it out.
        calls["is_duplicate"] = calls["resolution"].notna() & calls.duplicated("resolution")
    names = {f"raw_un__{body}_roll_calls": calls, f"raw_un__{body}_votes": votes}
    return {n: schemas.conform(f, schemas.table(n)) for n, f in names.items()}


def parse_ga(path: Path) -> dict[str, pd.DataFrame]:
    """Read the export of General Assembly votes.

    Parameters
    ----------
    path : Path
        CSV, gzipped CSV or Parquet with the library's 20 columns, a row per member and record.

    Returns
    -------
    dict of str to DataFrame
        ``raw_un__ga_roll_calls`` and ``raw_un__ga_votes``.

    Raises
    ------
    SourceError
        If the file is not that export, holds a vote or date that is none, counts a state twice,
        or states totals that its own rows contradict.
    """
    return _parse(path, "ga")


def parse_sc(path: Path) -> dict[str, pd.DataFrame]:
    """Read the export of Security Council votes; as `parse_ga`.

    Returns
    -------
    dict of str to DataFrame
        ``raw_un__sc_roll_calls``, with `is_duplicate` for a second record of one resolution, and
        ``raw_un__sc_votes``.
    """
    return _parse(path, "sc")
