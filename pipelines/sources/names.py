"""From a source's spelling of a state to one identity: reading and applying a map `names.csv`.

Each source keeps a `names.csv` beside its parser: ``name,iso3,kind,start_date,end_date,note``.
`kind` is one of `KINDS`; only a 'state' (or 'territory') has an `iso3`. Dates bound the rows in
time where one spelling meant two states ('CHINA' before 25 October 1971); empty dates are open,
the start is inclusive, the end exclusive. A name that maps to nothing is an error, and so is a map
row that a complete vintage never uses: neither is passed over in silence.
"""

from __future__ import annotations

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
            raise SourceError(
                folder.name,
                path,
                line=at + 2,
                found=str(tuple(names.iloc[at])),
                expected=f"a kind of {KINDS}, and an ISO code exactly for a state or a territory",
                todo="correct the row",
            )
    names["start_date"] = pd.to_datetime(names["start_date"].replace("", "1000-01-01"))
    names["end_date"] = pd.to_datetime(names["end_date"].replace("", "3000-01-01"))
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
    names : Series of str
        The spellings, one per row.
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
    stamp = pd.Series(pd.Timestamp("2000-01-01"), index=names.index) if when is None else when
    name_code, spellings = pd.factorize(names.astype("str"))
    day_code, days = pd.factorize(stamp.astype("datetime64[s]"))
    # A long column repeats few spellings and days: map each pair once.
    pair, row_pair = np.unique(name_code * max(len(days), 1) + day_code, return_inverse=True)
    distinct = pd.DataFrame(
        {
            "name": spellings[pair // max(len(days), 1)],
            "when": days[pair % max(len(days), 1)],
            "pair": np.arange(len(pair)),
        }
    )
    hit = distinct.merge(mapping.rename_axis("map_row").reset_index(), on="name", how="left")
    if when is None:
        inside = hit["kind"].notna()
    else:
        inside = (hit["when"] >= hit["start_date"]) & (hit["when"] < hit["end_date"])
    hit = hit[inside]
    if when is None and hit.duplicated("name").any():
        twice = hit.loc[hit.duplicated("name"), "name"].unique().tolist()
        raise SourceError(
            source,
            file,
            found=f"names bounded in time {twice} without a date",
            expected="a date for each row",
            todo="call map_names with `when`",
        )
    found = hit.set_index("pair")[["iso3", "kind"]].reindex(distinct["pair"])
    unmapped = found["kind"].isna().to_numpy()[row_pair]
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
        unused = expected.index.difference(pd.Index(hit["map_row"].unique()))
        if len(unused):
            raise SourceError(
                source,
                file,
                found=f"no use of the mapped names {mapping['name'][unused].tolist()}",
                expected="every row of names.csv used by a complete vintage",
                todo="remove the rows, or check that the file is whole",
            )
    return found.iloc[row_pair].set_index(names.index)
