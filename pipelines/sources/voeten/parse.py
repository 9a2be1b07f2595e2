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


def parse_ideal_points(path: Path) -> pd.DataFrame:
    """Read the published ideal points and agreement.

    Parameters
    ----------
    path : Path
        ``IdealpointestimatesAll_*.csv``; the first column is a nameless row number, NA is missing.

    Returns
    -------
    DataFrame
        ``raw_voeten__ideal_points``.

    Raises
    ------
    SourceError
        If the file is not that one, or a state stands twice in a session.
    """
    columns = ["ccode", "session", "NVotesAll", "IdealPointAll", *_AGREE]
    frame = read_delimited(SOURCE, path, columns, only_expected=True)
    integers = {"ccode": "ccode", "session": "session", "NVotesAll": "n_votes"}
    numbers = {"IdealPointAll": "ideal_point", **_AGREE}
    made = pd.DataFrame(
        {
            **{
                ours: to_integer(SOURCE, path, frame[theirs], theirs, first_line=2)
                for theirs, ours in integers.items()
            },
            **{
                ours: to_number(SOURCE, path, frame[theirs], theirs, 2, ("", "NA"))
                for theirs, ours in numbers.items()
            },
        }
    )
    require_unique(SOURCE, path, made, ["ccode", "session"], 2)
    return schemas.conform(made, schemas.table("raw_voeten__ideal_points"))
