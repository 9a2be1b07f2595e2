"""Parsers of Voeten's votes and ideal points.

Does not belong here: measures of agreement; these files only serve to compare ours with them, and
for the published ideal points.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import schemas
from pipelines.sources.reading import (
    SourceError,
    read_delimited,
    read_parquet,
    require_columns,
    require_file,
    require_unique,
    to_integer,
    to_number,
)

SOURCE = "voeten"
CODES_2016 = (1, 2, 3, 8, 9)
CODES_2024 = (1, 2, 3)
_AGREE = {
    "USAgree": "usa_agree",
    "RUSSAgree": "russia_agree",
    "BrazilAgree": "brazil_agree",
    "ChinaAgree": "china_agree",
    "IndiaAgree": "india_agree",
    "IsraelAgree": "israel_agree",
}


def _votes(path: Path, frame: pd.DataFrame, codes: tuple[int, ...]) -> pd.DataFrame:
    """Check the codes, and keep one row of a state and roll call that stands twice.

    The June 2024 file has three doubled pairs, each with the same vote: the first row stays. Two
    different votes cannot be decided from the file, so they are an error and never a guess.
    """
    table = schemas.table("raw_voeten__votes")
    integers = {
        name: to_integer(SOURCE, path, frame[name], name)
        for name in ("rcid", "ccode", "session", "vote")
    }
    made = pd.DataFrame({**integers, "date": frame["date"].astype("str")})
    unknown = ~made["vote"].isin(codes)
    if unknown.any():
        at = int(unknown.to_numpy().argmax())
        raise SourceError(
            SOURCE,
            path,
            row=at + 1,
            found=f"vote = {made['vote'].iloc[at]}",
            expected=f"one of {codes}",
            todo="a new code needs a meaning before it can be compared; check that this is the "
            "file the parser is for",
        )
    distinct = made.drop_duplicates(["rcid", "ccode", "vote"])
    contradictory = distinct[distinct.duplicated(["rcid", "ccode"])]
    if len(contradictory):
        second = contradictory.iloc[0]
        raise SourceError(
            SOURCE,
            path,
            row=int(contradictory.index[0]) + 1,
            found=f"vote {second['vote']} of state {second['ccode']} in roll call "
            f"{second['rcid']}, which has another vote of that state",
            expected="one vote for each state and roll call",
            todo="look the roll call up in the UN Digital Library and add a correction",
        )
    return schemas.conform(distinct, table)


def parse_votes_rdata(path: Path) -> pd.DataFrame:
    """Read the file of sessions 1 to 70 (``UNVotesPublished.RData``).

    Parameters
    ----------
    path : Path
        RData with one data frame, a row for every state of the list and roll call.

    Returns
    -------
    DataFrame
        ``raw_voeten__votes``, codes 1, 2, 3, 8 and 9.

    Raises
    ------
    SourceError
        If the file is not that one, or holds an unknown code or two votes of one state.
    """
    import pyreadr
    from pyreadr.custom_errors import LibrdataError, PyreadrError

    if not path.is_file():
        raise SourceError(
            SOURCE,
            path,
            found="no such file",
            expected="UNVotesPublished.RData",
            todo="check the folder given with --from, or fetch the file from the Dataverse",
        )
    try:
        objects = pyreadr.read_r(str(path))
    except (LibrdataError, PyreadrError) as error:
        raise SourceError(
            SOURCE,
            path,
            found=f"an unreadable file ({error})",
            expected="a whole RData file",
            todo="the file is cut short or is something else; fetch it again",
        ) from None
    if len(objects) != 1:
        raise SourceError(
            SOURCE,
            path,
            found=f"the objects {list(objects)}",
            expected="one data frame of votes",
            todo="check that this is UNVotesPublished.RData",
        )
    (frame,) = objects.values()
    require_columns(
        SOURCE, path, frame.columns, ["rcid", "ccode", "session", "date", "vote"], line=None
    )
    return _votes(path, frame.reset_index(drop=True), CODES_2016)


def parse_votes_parquet(path: Path) -> pd.DataFrame:
    """Read the votes of June 2024, codes 1 to 3, absences dropped by the source.

    Its `year` is not read: it is wrong in session 78.

    Returns
    -------
    DataFrame
        ``raw_voeten__votes``.

    Raises
    ------
    SourceError
        As `parse_votes_rdata`.
    """
    frame = read_parquet(SOURCE, path, ["resid", "ccode", "session", "date", "vote"])
    return _votes(path, frame.rename(columns={"resid": "rcid"}), CODES_2024)


def ideal_point_columns(path: Path) -> dict[str, str]:
    """Find which layout a file of ideal points has.

    Parameters
    ----------
    path : Path
        Separated by commas (as deposited) or by tabs (as the Dataverse turns it).

    Returns
    -------
    dict of str to str
        Our name of each column to read, with the file's. The time is 'session' or 'year'.

    Raises
    ------
    SourceError
        If a column of every layout is not there.
    """
    require_file(SOURCE, path, "Voeten's file of ideal points")
    with path.open(encoding="utf-8-sig", errors="replace") as handle:
        line = handle.readline().rstrip("\r\n")
    theirs = [cell.strip().strip('"') for cell in line.split(_separator(line))]
    spelled = {name.lower(): name for name in theirs}
    time = "year" if "year" in spelled and "session" not in spelled else "session"
    # By the votes behind them, or a renamed column would be taken for another layout.
    series = "FP" if "nvotesfp" in spelled and "nvotesall" not in spelled else "All"
    columns = {
        "ccode": "ccode",
        time: time,
        "n_votes": f"NVotes{series}",
        "ideal_point": f"IdealPoint{series}",
    }
    if time == "session" or any(name.lower() in spelled for name in _AGREE):
        columns |= {ours: name for name, ours in _AGREE.items()}
    found = {ours: spelled.get(name.lower(), name) for ours, name in columns.items()}
    require_columns(SOURCE, path, theirs, list(found.values()))
    return found


def _separator(line: str) -> str:
    return "\t" if "\t" in line else ","


def parse_ideal_points(path: Path) -> pd.DataFrame:
    """Read the published ideal points and, where the file has it, agreement.

    Three layouts are known: by session with the agreement with six states (to June 2024); by
    calendar year without it, of all votes and of votes on final passage (July 2025); and by
    calendar year, of votes on final passage only (2026). Of two series that of all votes is read.
    A calendar year stands under the session that begins in it (1946: session 1).

    Parameters
    ----------
    path : Path
        ``Idealpoint*.csv`` or the Dataverse's ``.tab``; NA or a blank is missing.

    Returns
    -------
    DataFrame
        ``raw_voeten__ideal_points``; agreement is missing where the file has none.

    Raises
    ------
    SourceError
        If the file is none of these, or a state stands twice in a session.
    """
    columns = ideal_point_columns(path)
    with path.open(encoding="utf-8-sig", errors="replace") as handle:
        sep = _separator(handle.readline())
    frame = read_delimited(SOURCE, path, list(columns.values()), sep=sep, only_expected=True)
    integers = [name for name in ("ccode", "session", "year", "n_votes") if name in columns]
    made = pd.DataFrame(
        {
            ours: to_integer(SOURCE, path, frame[theirs], theirs, 2)
            if ours in integers
            else to_number(SOURCE, path, frame[theirs], theirs, 2, ("", "NA"))
            for ours, theirs in columns.items()
        }
    )
    if "year" in made:
        made["session"] = made.pop("year") - 1945
    require_unique(SOURCE, path, made, ["ccode", "session"], 2)
    made = made.reindex(columns=made.columns.union(list(_AGREE.values()), sort=False))
    return schemas.conform(made, schemas.table("raw_voeten__ideal_points"))
