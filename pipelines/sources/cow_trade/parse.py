"""Parser of COW's dyadic trade file.

Belongs here: reading the file in either form. Does not belong here: mapping codes to states, or
choosing between COW and another source.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import schemas
from pipelines.sources.reading import (
    SourceError,
    read_delimited,
    read_parquet,
    require_unique,
    to_integer,
    to_number,
)

_SOURCE = "cow_trade"
_KEY = ["ccode1", "ccode2", "year"]
_FLOWS = {"flow1": "flow1_usd_millions", "flow2": "flow2_usd_millions"}
_MISSING = -9


def parse_dyadic_trade(path: Path) -> pd.DataFrame:
    """Read the dyadic file, as bundled (Parquet) or as the upstream gives it (CSV).

    Each pair and year comes out once, the smaller code first, so that both forms give the same
    rows: the imports of `ccode1` are `flow1_usd_millions`, those of `ccode2` are
    `flow2_usd_millions`. A pair that stands in both orders must say the same in both.

    Parameters
    ----------
    path : Path
        ``cow_dyadic_trade_v4.parquet`` or ``Dyadic_COW_4.0.csv``.

    Returns
    -------
    DataFrame
        Table ``raw_cow_trade__flows``.

    Raises
    ------
    SourceError
        If the file is not such a table, a value is no number, or a pair contradicts itself.
    """
    columns = [*_KEY, *_FLOWS]
    if path.suffix == ".parquet":
        table, first_line = read_parquet(_SOURCE, path, columns)[columns], None
    else:
        table, first_line = read_delimited(_SOURCE, path, columns, only_expected=True), 2
    values = {c: to_integer(_SOURCE, path, table[c], c, first_line) for c in _KEY}
    for column in _FLOWS:
        flow = to_number(_SOURCE, path, table[column], column, first_line, blank=("", "NA"))
        values[column] = flow.where(flow != _MISSING)
    frame = pd.DataFrame(values)
    one_order = _one_order(frame, path, first_line)
    return schemas.conform(one_order.rename(columns=_FLOWS), schemas.table("raw_cow_trade__flows"))


def _one_order(frame: pd.DataFrame, path: Path, first_line: int | None) -> pd.DataFrame:
    """Put the smaller code first and drop the mirror image of a row that is there already."""
    require_unique(_SOURCE, path, frame, _KEY, first_line)
    own = (frame["ccode1"] == frame["ccode2"]).to_numpy()
    if own.any():
        at = int(own.argmax())
        raise SourceError(
            _SOURCE,
            path,
            **_place(at, first_line),
            found=f"state {frame['ccode1'].iloc[at]} paired with itself",
            expected="two different states",
            todo="look at the row; if the upstream is wrong, add a correction for it",
        )
    swapped = frame["ccode1"] > frame["ccode2"]
    turned = frame[swapped].rename(
        columns={"ccode1": "ccode2", "ccode2": "ccode1", "flow1": "flow2", "flow2": "flow1"}
    )
    both = pd.concat([frame[~swapped], turned[frame.columns]])
    both = both.drop_duplicates()
    twice = both.duplicated(_KEY).to_numpy()
    if twice.any():
        at = int(both.index[twice][0])
        raise SourceError(
            _SOURCE,
            path,
            **_place(at, first_line),
            found=f"{frame.loc[at].to_dict()}, which contradicts the row of the same pair in the "
            f"other order ({int(twice.sum())} such pairs)",
            expected="flow1 of one order to be flow2 of the other",
            todo="compare the two rows with the upstream's own file",
        )
    return both


def _place(at: int, first_line: int | None) -> dict[str, int]:
    return {"row": at + 1} if first_line is None else {"line": first_line + at}
