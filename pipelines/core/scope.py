"""Which states and years a build covers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from indices.cube import Array, Axes
from pipelines.core.geo import existence

# Trailing means and windows of the first index year reach back before it.
FIRST_YEAR = 1946


def state_years(
    codes: pd.DataFrame, states: pd.DataFrame, *, panel_only: bool, last_year: int
) -> pd.DataFrame:
    """Every state and year the build covers: states that existed on 1 July of the year."""
    chosen = states[states["is_panel"]] if panel_only else states
    years = tuple(range(FIRST_YEAR, last_year + 1))
    iso3 = tuple(sorted(chosen["iso3"]))
    t, i = np.nonzero(existence(codes, years, iso3))
    return pd.DataFrame(
        {
            "iso3": pd.Categorical.from_codes(i, list(iso3)).astype("str"),
            "year": np.asarray(years)[t],
        }
    )


def axes_of(rows: pd.DataFrame, first_year: int = FIRST_YEAR) -> tuple[Axes, Array]:
    """Axes over the states and years of a build, and where each state existed."""
    kept = rows[rows["year"] >= first_year]
    axes = Axes(
        tuple(range(int(kept["year"].min()), int(kept["year"].max()) + 1)),
        tuple(sorted(kept["iso3"].astype("str").unique())),
    )
    exists = np.zeros(axes.shape[:2], dtype=bool)
    exists[axes.year_index(kept["year"]), axes.state_index(kept["iso3"])] = True
    return axes, exists


def last_year_of_totals(totals: pd.DataFrame) -> int:
    """Last year of the series of trade totals."""
    return int(totals.loc[totals["value_usd_millions"].notna(), "year"].max())
