"""From a source's spelling of a state to one identity: reading and applying a map `names.csv`.

Each source keeps a `names.csv` beside its parser: ``name,iso3,kind,start_date,end_date,note``.
`kind` is one of `KINDS`; only a 'state' (or 'territory') has an `iso3`. Dates bound the rows in
time where one spelling meant two states ('CHINA' before 25 October 1971); empty dates are open,
the start is inclusive, the end exclusive. A name that maps to nothing is an error, and so is a map
row that a complete vintage never uses: neither is passed over in silence.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.sources.reading import SourceError

# A note that starts so marks a spelling of other vintages than the one at hand.
OTHER_VINTAGES = "other vintages"
KINDS = ("state", "territory", "aggregate", "organisation", "armed_group", "unknown")


@cache
def load_map(folder: Path, file: str = "names.csv") -> pd.DataFrame:
    """Read a source's map of names, checked: kinds known, ISO codes well formed, no overlap."""
    path = folder / file
    names = pd.read_csv(path, dtype="str", keep_default_na=False)
    expected = ["name", "iso3", "kind", "start_date", "end_date", "note"]
    if list(names.columns) != expected:
        raise SourceError(
            folder.name,
            path,
            line=1,
            found=str(list(names.columns)),
            expected=str(expected),
            todo="give the map these columns",
        )
    for at, (iso3, kind) in enumerate(zip(names["iso3"], names["kind"], strict=True)):
        has_code = len(iso3) == 3 and iso3.isupper()
        if kind not in KINDS or has_code != (kind in ("state", "territory")):
            kinds = f"a kind of {KINDS}, and an ISO code exactly for a state or a territory"
            raise _wrong(path, at, str(tuple(names.iloc[at])), kinds)
    for column, open_end in (("start_date", "1000-01-01"), ("end_date", "3000-01-01")):
        days = [day or open_end for day in names[column].tolist()]
        for at, day in enumerate(days):
            if not _is_day(day):
                raise _wrong(path, at, f"{column} {day!r}", "a day as in 1971-10-25, or nothing")
        names[column] = np.array(days, dtype="datetime64[us]")
    ordered = names.sort_values(["name", "start_date"])
    overlap = (ordered["name"] == ordered["name"].shift()) & (
        ordered["start_date"] < ordered["end_date"].shift()
    )
    if overlap.any():
        at = int(overlap[overlap].index[0])
        raise SourceError(
            folder.name,
            path,
            line=at + 2,
            found=f"{names['name'][at]!r} mapped twice for one time",
            expected="one row for each name and time",
            todo="bound the rows by dates",
        )
    return names


def _wrong(path: Path, row: int, found: str, expected: str) -> SourceError:
    """What is said of a row of a map, counted from 0."""
    return SourceError(
        path.parent.name, path, line=row + 2, found=found, expected=expected, todo="correct the row"
    )


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def map_names(
    source: str,
    file: Path | str,
    names: pd.Series,
    mapping: pd.DataFrame,
    when: pd.Series | None = None,
    *,
    complete: bool = False,
) -> pd.DataFrame:
    """Map a column of source spellings to states.

    Parameters
    ----------
    source, file
        Named in errors.
    names : Series
        The spellings, one per row: text, or categories of text.
    mapping : DataFrame
        What `load_map` returned.
    when : Series of datetime, optional
        The day of each row, for spellings bounded in time. For yearly data give 1 July.
    complete : bool
        True for a whole vintage: then map rows that nothing used are an error too.

    Returns
    -------
    DataFrame
        Columns `iso3` (empty where the name is no state) and `kind`, index of `names`.

    Raises
    ------
    SourceError
        Names every spelling without a row, with the first row it stands in.
    """
    rows_of: dict[str, list[int]] = {}
    for row, name in enumerate(mapping["name"].tolist()):
        rows_of.setdefault(name, []).append(row)
    # A long column repeats few spellings: each is looked up once.
    is_text = isinstance(names.dtype, pd.CategoricalDtype)
    code, spellings = pd.factorize(names if is_text else names.astype("str"))
    meant = [rows_of.get(name, []) for name in spellings.tolist()]
    if when is None:
        twice = [name for name, rows in zip(spellings, meant, strict=True) if len(rows) > 1]
        if twice:
            raise SourceError(
                source,
                file,
                found=f"names bounded in time {twice} without a date",
                expected="a date for each row",
                todo="call map_names with `when`",
            )
    found = np.full(len(names), -1)
    for k in range(max((len(rows) for rows in meant), default=0)):
        # The last place is that of a missing name, which factorize gives the code -1.
        asked = np.array([rows[k] if k < len(rows) else -1 for rows in meant] + [-1])[code]
        hit = asked >= 0
        if when is not None:
            day = when.to_numpy()
            hit &= mapping["start_date"].to_numpy()[asked] <= day
            hit &= mapping["end_date"].to_numpy()[asked] > day
        found[hit] = asked[hit]
    unmapped = found < 0
    if unmapped.any():
        rows = names.reset_index(drop=True)[unmapped].drop_duplicates()
        shown = ", ".join(f"{name!r} (row {row + 1})" for row, name in rows.head(20).items())
        raise SourceError(
            source,
            file,
            found=f"{len(rows)} names that map to no state: {shown}",
            expected="a row for each name in names.csv",
            todo=f"add them to pipelines/sources/{source}/names.csv with the ISO code, or with the "
            "kind of thing they are",
        )
    if complete:
        expected = mapping[~mapping["note"].str.startswith(OTHER_VINTAGES)]
        unused = expected.index.difference(mapping.index[np.unique(found)])
        if len(unused):
            raise SourceError(
                source,
                file,
                found=f"no use of the mapped names {mapping['name'][unused].tolist()}",
                expected="every row of names.csv used by a complete vintage",
                todo="remove the rows, or check that the file is whole",
            )
    picked = {column: mapping[column].array.take(found) for column in ("iso3", "kind")}
    return pd.DataFrame(picked, index=names.index, copy=False)
