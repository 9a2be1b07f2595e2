"""Parser of COW's dyadic trade file.

Belongs here: reading the file in either form. Does not belong here: mapping codes to states, or
choosing between COW and another source.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

import schemas
from pipelines.sources.reading import (
    SourceError,
    read_delimited,
    read_parquet,
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
    one_order = _one_order(pd.DataFrame(values), path, first_line)
    return schemas.conform(one_order.rename(columns=_FLOWS), schemas.table("raw_cow_trade__flows"))


def _one_order(frame: pd.DataFrame, path: Path, first_line: int | None) -> pd.DataFrame:
    """Put the smaller code first, and drop the mirror image of a row that is there already."""

    def refuse(at: int, found: str, expected: str) -> SourceError:
        row = frame.iloc[at].to_dict()
        return SourceError(
            _SOURCE,
            path,
            **({"row": at + 1} if first_line is None else {"line": first_line + at}),
            found=f"{row}, {found}",
            expected=expected,
            todo="compare the rows with the upstream's own file; if the upstream is wrong, add a "
            "correction for it",
        )

    first, second = frame["ccode1"].to_numpy(), frame["ccode2"].to_numpy()
    if (first == second).any():
        at = int((first == second).argmax())
        raise refuse(at, "a state paired with itself", "two different states")
    swapped = first > second
    flow1, flow2 = frame["flow1"].to_numpy(), frame["flow2"].to_numpy()
    turned = pd.DataFrame(
        {
            "ccode1": np.where(swapped, second, first),
            "ccode2": np.where(swapped, first, second),
            "year": frame["year"].to_numpy(),
            "flow1": np.where(swapped, flow2, flow1),
            "flow2": np.where(swapped, flow1, flow2),
        }
    )
    # One whole number per pair and year, sorted: equal neighbours are the two orders of a pair.
    pair = (turned["ccode1"] * 10**5 + turned["ccode2"]).to_numpy() * 10**5 + turned["year"]
    order = np.lexsort((swapped, pair))
    again = np.append(False, np.diff(pair.to_numpy()[order]) == 0)
    twice = again & np.append(False, swapped[order][1:] == swapped[order][:-1])
    if twice.any():
        raise refuse(
            int(order[twice.argmax()]),
            f"a second row of its pair and year ({int(twice.sum())} such rows)",
            "one row for each ccode1, ccode2 and year",
        )
    ordered = turned.iloc[order]
    flows = ordered[["flow1", "flow2"]].to_numpy()
    equal = (flows[1:] == flows[:-1]) | (np.isnan(flows[1:]) & np.isnan(flows[:-1]))
    against = again & np.append(False, ~equal.all(axis=1))
    if against.any():
        raise refuse(
            int(order[against.argmax()]),
            f"against the row of the same pair in the other order ({int(against.sum())} such)",
            "flow1 of one order to be flow2 of the other",
        )
    return ordered[~again]
