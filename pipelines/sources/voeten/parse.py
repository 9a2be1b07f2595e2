"""Parsers of Voeten's votes and ideal points.

Does not belong here: measures of agreement; these files only serve to compare ours with them, and
for the published ideal points.
"""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pandas as pd

import schemas
from pipelines.sources.reading import (
    SourceError,
    read_text,
    require_columns,
    require_unique,
    to_number,
)

SOURCE = "voeten"
_AGREE = {
    "USAgree": "usa_agree",
    "RUSSAgree": "russia_agree",
    "BrazilAgree": "brazil_agree",
    "ChinaAgree": "china_agree",
    "IndiaAgree": "india_agree",
    "IsraelAgree": "israel_agree",
}


def _settle(path: Path, frame: pd.DataFrame) -> pd.DataFrame:
    """Keep one of two equal rows for a state and roll call; two different votes become none.

    A doubled pair with different votes cannot be decided from the file. It is left out, as an
    absence would be, and never guessed.
    """
    same = frame.drop_duplicates(["rcid", "ccode", "vote"])
    unclear = same.duplicated(["rcid", "ccode"], keep=False)
    if unclear.mean() > 1e-4:
        raise SourceError(
            SOURCE, path, found=f"{int(unclear.sum())} contradictory votes",
            expected="a handful at most", todo="fetch the file again; it is not the published one",
        )  # fmt: skip
    table = schemas.table("raw_voeten__votes")
    return schemas.conform(same[~unclear][table.columns], table)


def parse_votes_rdata(path: Path) -> pd.DataFrame:
    """Read the file of sessions 1 to 70 (``UNVotesPublished.RData``).

    Returns
    -------
    DataFrame
        ``raw_voeten__votes``, codes 1, 2, 3, 8 and 9.

    Raises
    ------
    SourceError
        If the file is not that one.
    """
    import pyreadr

    if not path.is_file():
        raise SourceError(
            SOURCE, path, found="no such file", expected="UNVotesPublished.RData",
            todo="fetch it from the Dataverse",
        )  # fmt: skip
    try:
        objects = pyreadr.read_r(str(path))
    except Exception as error:  # the reader's own errors share no base class
        raise SourceError(
            SOURCE, path, found=f"{type(error).__name__}: {error}", expected="an RData file",
            todo="fetch the file again",
        ) from None  # fmt: skip
    frame = next(iter(objects.values()))
    require_columns(SOURCE, path, frame.columns, ["rcid", "ccode", "session", "vote"], None)
    named = pd.DataFrame(
        {
            "rcid": frame["rcid"],
            "ccode": frame["ccode"],
            "session": frame["session"],
            "date": frame["date"].astype("str") if "date" in frame else None,
            "vote": frame["vote"],
        }
    )
    return _settle(path, named)


def parse_votes_parquet(path: Path) -> pd.DataFrame:
    """Read the votes of June 2024, codes 1 to 3, absences dropped by the source.

    Returns
    -------
    DataFrame
        ``raw_voeten__votes``.

    Raises
    ------
    SourceError
        If the file is not that one.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        frame = pq.read_table(path).to_pandas()
    except (pa.ArrowException, OSError) as error:
        raise SourceError(
            SOURCE, path, found=str(error).splitlines()[0], expected="a Parquet file",
            todo="fetch the file again",
        ) from None  # fmt: skip
    require_columns(SOURCE, path, frame.columns, ["resid", "ccode", "session", "vote"], None)
    return _settle(path, frame.rename(columns={"resid": "rcid"}))


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
    text = read_text(SOURCE, path)
    frame = pd.read_csv(StringIO(text), dtype="str", keep_default_na=False)
    require_columns(
        SOURCE, path, frame.columns, ["ccode", "session", "NVotesAll", "IdealPointAll", *_AGREE]
    )

    def number(column: str) -> pd.Series:
        return to_number(SOURCE, path, frame[column], column, 2, ("", "NA"))

    made = pd.DataFrame(
        {
            "ccode": number("ccode"),
            "session": number("session"),
            "n_votes": number("NVotesAll"),
            "ideal_point": number("IdealPointAll"),
            **{ours: number(theirs) for theirs, ours in _AGREE.items()},
        }
    )
    require_unique(SOURCE, path, made, ["ccode", "session"], 2)
    return schemas.conform(made, schemas.table("raw_voeten__ideal_points"))
