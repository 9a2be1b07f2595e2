"""Parser of the library's exports, as CSV, gzipped CSV or Parquet.

Belongs here: the layout of the two exports and their traps. Does not belong here: which state a
name means (`names.csv`, applied later), or any measure of agreement.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

import schemas
from pipelines.sources.reading import SourceError, require_columns, require_unique

SOURCE = "un"
VOTES = ("Y", "N", "A", "X")
# The two exports name the same thing differently.
ALIASES = {"description": "title", "agenda": "agenda_title"}
_TEXT = ["session", "resolution", "meeting", "title", "agenda_title"]
_TOTALS = ["total_yes", "total_no", "total_abstentions", "total_non_voting", "total_ms"]
_COLUMNS = ["undl_id", "ms_code", "ms_name", "ms_vote", "date", "resolution", "meeting", *_TOTALS]
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


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
    numbers = {
        label: _regular_session(label) for label in session.dropna().unique() if label.strip()
    }
    return session.map(numbers).astype("Int64")


def _regular_session(label: str) -> int | None:
    text = label.strip().upper()
    if text.isdigit():
        return int(text)
    if not re.fullmatch("[IVXLC]+", text):
        return None
    values = [_ROMAN[c] for c in text]
    following = [*values[1:], 0]
    return sum(-v if v < after else v for v, after in zip(values, following, strict=True))


def _load(path: Path) -> pd.DataFrame:
    """Read the export as text columns, undl_id and the totals still unchecked."""
    import duckdb

    if not path.is_file() or path.stat().st_size == 0:
        raise SourceError(
            SOURCE, path, found="no data", expected="the library's export",
            todo="download it again from the record's page",
        )  # fmt: skip
    with path.open("rb") as handle:
        start = handle.read(512).lstrip().lower()
    if start.startswith((b"<!doctype", b"<html")):
        raise SourceError(
            SOURCE, path, found="an HTML page", expected="the library's export",
            todo="the library turns programs away: open the record's page in a browser, save the "
            "file itself and give that",
        )  # fmt: skip
    # repr would not do: DuckDB doubles quotes inside a literal.
    name = "'" + str(path).replace("'", "''") + "'"
    reader = (
        f"read_parquet({name})"
        if start.startswith(b"par1")
        else f"read_csv({name}, header = true, all_varchar = true, delim = ',', quote = '\"', "
        "escape = '\"', strict_mode = true, null_padding = false)"
    )
    con = duckdb.connect()
    try:
        relation = con.sql(f"SELECT * FROM {reader}")
        require_columns(SOURCE, path, relation.columns, [])
        names = {c: ALIASES.get(c.lower(), c.lower()) for c in relation.columns}
        require_columns(SOURCE, path, names.values(), _COLUMNS)
        wanted = [c for c, n in names.items() if n in {*_COLUMNS, *_TEXT}]
        selected = ", ".join(f'"{c}" AS "{names[c]}"' for c in wanted)
        return con.sql(f"SELECT {selected} FROM {reader}").df()
    except duckdb.Error as error:
        raise SourceError(
            SOURCE, path, found=str(error).splitlines()[0],
            expected="a whole CSV or Parquet file in UTF-8",
            todo="download the file again; if it is whole, look at the place named",
        ) from None  # fmt: skip
    finally:
        con.close()


def _whole(path: Path, frame: pd.DataFrame, column: str) -> pd.Series:
    numbers = pd.to_numeric(frame[column], errors="coerce")
    wrong = numbers.isna() & frame[column].notna()
    if wrong.any():
        at = int(wrong.to_numpy().argmax())
        raise SourceError(
            SOURCE, path, row=at + 1, found=f"{column} = {frame[column].iloc[at]!r}",
            expected="a whole number", todo="look at the row; a shifted line breaks every column",
        )  # fmt: skip
    return numbers.astype("Int64")


def _votes(path: Path, frame: pd.DataFrame) -> pd.Series:
    """One of Y, N, A, X: case does not matter, and a blank is a member that did not vote."""
    raw = frame["ms_vote"].fillna("")
    codes = {v: v.strip().upper() or "X" for v in raw.unique()}
    unknown = sorted(v for v, code in codes.items() if code not in VOTES)
    if unknown:
        at = int(raw.isin(unknown).to_numpy().argmax())
        raise SourceError(
            SOURCE, path, row=at + 1, found=f"the vote {unknown[0]!r}",
            expected=f"one of {VOTES} or a blank",
            todo="look at the row; a new code needs a meaning before it can be counted",
        )  # fmt: skip
    return raw.map(codes)


def _dates(path: Path, frame: pd.DataFrame) -> pd.Series:
    unique = pd.Series(frame["date"].unique())
    parsed = pd.to_datetime(unique, format="ISO8601", errors="coerce")
    if parsed.isna().any():
        wrong = unique[parsed.isna()].iloc[0]
        same = frame["date"].isna() if pd.isna(wrong) else frame["date"] == wrong
        raise SourceError(
            SOURCE, path, row=int(same.to_numpy().argmax()) + 1, found=f"the date {wrong!r}",
            expected="a date such as 2024-12-19", todo="look at the row; fetch the file again",
        )  # fmt: skip
    return frame["date"].map(dict(zip(unique, parsed, strict=True))).astype("datetime64[s]")


def _check_totals(path: Path, calls: pd.DataFrame, votes: pd.DataFrame) -> None:
    """Compare the totals of a record with its rows, where all members are there."""
    counted = pd.crosstab(votes["undl_id"], votes["ms_vote"]).reindex(
        columns=list(VOTES), fill_value=0
    )
    stated = calls.set_index("undl_id")
    counted = counted.reindex(stated.index, fill_value=0)
    whole = counted.sum(axis=1) == stated["total_ms"].fillna(-1)
    for vote, total in zip(VOTES, _TOTALS, strict=False):
        column = {"Y": "total_yes", "N": "total_no", "A": "total_abstentions"}.get(
            vote, "total_non_voting"
        )
        differs = whole & (counted[vote] != stated[column].fillna(0))
        if differs.any():
            record = differs.index[differs][0]
            raise SourceError(
                SOURCE, path, row=int((votes["undl_id"] == record).to_numpy().argmax()) + 1,
                found=f"record {record} with {counted[vote][record]} votes {vote} in its rows",
                expected=f"{stated[column][record]}, the record's own {column}",
                todo="compare the record on its page; if the library is wrong, add a correction",
            )  # fmt: skip
        del total


def _parse(path: Path, body: str) -> dict[str, pd.DataFrame]:
    frame = _load(path)
    frame["undl_id"] = _whole(path, frame, "undl_id")
    frame["ms_vote"] = _votes(path, frame)
    frame["date"] = _dates(path, frame)
    for column in _TOTALS:
        frame[column] = _whole(path, frame, column)
    for column in _TEXT:
        if column not in frame:
            frame[column] = None
        text = frame[column].astype("str").str.strip()
        frame[column] = text.where(text.notna() & (text != ""))
    require_unique(SOURCE, path, frame, ["undl_id", "ms_name"])
    _refuse_two_spellings(path, frame)
    calls = frame.drop_duplicates("undl_id")[["undl_id", "date", *_TEXT, *_TOTALS]]
    votes = frame[["undl_id", "ms_code", "ms_name", "ms_vote"]]
    _check_totals(path, calls, votes)
    if body == "sc":
        # The library holds a second record of one resolution; a later step leaves it out.
        calls = calls.sort_values("undl_id")
        calls = calls.assign(
            is_duplicate=calls["resolution"].notna() & calls.duplicated("resolution")
        )
    names = {f"raw_un__{body}_roll_calls": calls, f"raw_un__{body}_votes": votes}
    return {n: schemas.conform(f, schemas.table(n)) for n, f in names.items()}


def _refuse_two_spellings(path: Path, frame: pd.DataFrame) -> None:
    """Two names under one code in one record would count a state twice."""
    code = frame["ms_code"].notna()
    twice = frame[code & frame.duplicated(["undl_id", "ms_code"], keep=False)]
    if len(twice):
        row = twice.iloc[0]
        spelled = twice.loc[
            (twice["undl_id"] == row["undl_id"]) & (twice["ms_code"] == row["ms_code"]), "ms_name"
        ]
        raise SourceError(
            SOURCE, path, row=int(twice.index[0]) + 1,
            found=f"record {row['undl_id']} with {spelled.tolist()} under the code "
            f"{row['ms_code']!r}",
            expected="one row for each state", todo="look at the record; add a correction",
        )  # fmt: skip


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


def counts(votes: pd.DataFrame) -> np.ndarray:
    """Votes of each code, in the order of `VOTES`."""
    return votes["ms_vote"].value_counts().reindex(list(VOTES), fill_value=0).to_numpy()
