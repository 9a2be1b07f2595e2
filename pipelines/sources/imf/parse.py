"""Parser of the IMTS portal's CSV export.

Belongs here: reading the export, and the check that its parts add up to its world. Does not belong
here: fetching by SDMX, CIF to FOB, mirror data.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import schemas
from pipelines.sources.names import load_map, map_names
from pipelines.sources.reading import (
    SourceError,
    read_delimited,
    require_columns,
    require_unique,
    to_number,
)

_SOURCE = "imf"
_LABELS = ["SERIES_CODE", "COUNTERPART_COUNTRY"]
_SERIES = (
    r"(?P<reporter>[A-Z0-9]+)\.(?P<indicator>XG_FOB_USD|MG_CIF_USD)\.(?P<counterpart>[A-Z0-9]+)\.A"
)
WORLD = "G001"
# A year of the whole world's trade is about 2.5e7 million dollars; a large reporter's file in
# dollars instead of millions passes this bound by far.
_LARGEST_USD_MILLIONS = 1e8


def parse_imts_portal(path: Path) -> pd.DataFrame:
    """Read a portal export: one line a series, one column a year, millions of dollars.

    Parameters
    ----------
    path : Path
        CSV file with a byte-order mark, as the portal saves it.

    Returns
    -------
    DataFrame
        Table ``raw_imf__imts``; a blank cell is a row without a value.

    Raises
    ------
    SourceError
        If the file is not such a table, a series is not a yearly one of exports FOB or imports
        CIF, or the values are too large to be millions.
    """
    wide = read_delimited(_SOURCE, path, _LABELS)
    years = [c for c in wide.columns if c.isdigit() and len(c) == 4]
    if not years:
        require_columns(_SOURCE, path, wide.columns, ["a year such as 2024"])
    require_unique(_SOURCE, path, wide, ["SERIES_CODE"], first_line=2)
    parts = wide["SERIES_CODE"].str.extract(f"^{_SERIES}$")
    wrong = parts["reporter"].isna().to_numpy()
    if wrong.any():
        at = int(wrong.argmax())
        raise SourceError(
            _SOURCE,
            path,
            line=at + 2,
            found=f"series {wide['SERIES_CODE'].iloc[at]!r}",
            expected="REPORTER.XG_FOB_USD.PARTNER.A or REPORTER.MG_CIF_USD.PARTNER.A",
            todo="export only the yearly series of exports FOB and imports CIF in US dollars",
        )
    values = pd.DataFrame({y: to_number(_SOURCE, path, wide[y], y, first_line=2) for y in years})
    large = (values > _LARGEST_USD_MILLIONS).any(axis=1).to_numpy()
    if large.any():
        at = int(large.argmax())
        raise SourceError(
            _SOURCE,
            path,
            line=at + 2,
            found=f"a value of {values.iloc[at].max():.0f}",
            expected=f"millions of US dollars, none above {_LARGEST_USD_MILLIONS:.0f}",
            todo="the file seems to be in dollars; export it with the portal's scale (millions)",
        )
    labels = parts.assign(counterpart_name=wide["COUNTERPART_COUNTRY"])
    frame = pd.concat([labels, values], axis=1).melt(
        list(labels.columns), years, "year", "value_usd_millions"
    )
    return schemas.conform(frame.astype({"year": "int64"}), schemas.table("raw_imf__imts"))


def world_residual(frame: pd.DataFrame) -> pd.DataFrame:
    """Compare the sum of a reporter's counterparts with its world total, year by year.

    The sum takes countries, territories and the TX codes, which hold trade that the reporter did
    not allocate to a country (kind `unknown` in ``names.csv``), and leaves out the overlapping
    groups G and GX (kind `aggregate`). In a sound file the two differ by less than 1 %.

    Parameters
    ----------
    frame : DataFrame
        Table ``raw_imf__imts``, with all counterparts of each reporter in it.

    Returns
    -------
    DataFrame
        reporter, indicator, year, world_usd_millions, sum_usd_millions and residual_share, which
        is (world - sum) / world. Years without a world total are left out.
    """
    kind = map_names(
        _SOURCE,
        "raw_imf__imts",
        frame["counterpart"],
        load_map(Path(__file__).parent),
        pd.to_datetime(frame["year"].astype("str") + "-07-01"),
    )["kind"]
    key = ["reporter", "indicator", "year"]
    world = frame[frame["counterpart"] == WORLD].set_index(key)["value_usd_millions"].dropna()
    parts = frame[kind != "aggregate"].groupby(key)["value_usd_millions"].sum()
    out = pd.DataFrame(
        {"world_usd_millions": world, "sum_usd_millions": parts.reindex(world.index)}
    )
    out["residual_share"] = 1 - out["sum_usd_millions"] / out["world_usd_millions"]
    return out.reset_index()
