"""Parser of the compiled estimates of Iran's crude to China.

Belongs here: reading the file. Does not belong here: prices, discounts, what customs recorded.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import schemas
from pipelines.sources.reading import (
    SourceError,
    read_delimited,
    require_unique,
    to_integer,
    to_number,
)

_SOURCE = "iran_oil"
_MARK = "LOW CONFIDENCE"


def parse_crude_estimates(path: Path) -> pd.DataFrame:
    """Read the yearly low and high estimates.

    Parameters
    ----------
    path : Path
        CSV file with the columns year, kbd_low, kbd_high, source, note.

    Returns
    -------
    DataFrame
        Table ``raw_iran_oil__estimates``.

    Raises
    ------
    SourceError
        If the file is not such a table, or a low estimate lies above the high one.
    """
    text = read_delimited(_SOURCE, path, ["year", "kbd_low", "kbd_high", "source", "note"])
    frame = pd.DataFrame(
        {
            "year": to_integer(_SOURCE, path, text["year"], "year", first_line=2),
            # No blank is allowed: a year is listed because both ends of its range were found.
            "kbd_low": to_number(_SOURCE, path, text["kbd_low"], "kbd_low", 2, blank=()),
            "kbd_high": to_number(_SOURCE, path, text["kbd_high"], "kbd_high", 2, blank=()),
            "source": text["source"],
            "note": text["note"].where(text["note"] != ""),
            "is_low_confidence": text["note"].str.contains(_MARK, regex=False),
        }
    )
    crossed = (frame["kbd_low"] > frame["kbd_high"]).to_numpy()
    if crossed.any():
        at = int(crossed.argmax())
        raise SourceError(
            _SOURCE,
            path,
            line=at + 2,
            found=f"kbd_low = {text['kbd_low'].iloc[at]}, kbd_high = {text['kbd_high'].iloc[at]}",
            expected="the low estimate not above the high one",
            todo="look the two figures up in the row's source and put them in order",
        )
    require_unique(_SOURCE, path, frame, ["year"], first_line=2)
    return schemas.conform(frame, schemas.table("raw_iran_oil__estimates"))
