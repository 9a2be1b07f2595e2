"""SIPRI's register under one identity of states: deliveries, pair-years, totals."""

from __future__ import annotations

import pandas as pd

from indices.assemble import pairs
from indices.cube import Array, Axes, swap
from pipelines.core.geo import SOURCES, mid_year
from pipelines.sources.names import load_map, map_names

VOLUMES = ("tiv_millions", "estimated_tiv_millions")


def _iso3(names: pd.Series, years: pd.Series, table: str) -> pd.Series:
    """States of SIPRI's names in given years; empty for organisations and armed groups."""
    return map_names("sipri", table, names, load_map(SOURCES / "sipri"), mid_year(years))["iso3"]


def deliveries(register: pd.DataFrame) -> pd.DataFrame:
    """Deliveries and undelivered orders; an end that is no state has no code."""
    year = register["delivery_year"].fillna(register["order_year"]).astype("int64")
    ends = {
        f"{end}_iso3": _iso3(register[end], year, "raw_sipri__deliveries").replace("", None)
        for end in ("supplier", "recipient")
    }
    return pd.DataFrame(
        {
            "delivery_id": register["delivery_id"],
            **ends,
            "order_year": register["order_year"],
            "delivery_year": register["delivery_year"],
            "designation": register["designation"],
            "category": register["category"],
            "number_delivered": register["number_delivered"],
            "tiv_millions": register["tiv_millions"].fillna(0.0),
            "status": register["status"],
            "is_local_production": register["is_local_production"],
            # A blank says nothing: only a stated estimate counts as one.
            "is_estimate": register["is_number_estimate"].fillna(False)
            | register["is_delivery_year_estimate"].fillna(False),
        }
    )


def yearly_dyads(dyad_years: pd.DataFrame, axes: Axes, exists: Array) -> pd.DataFrame:
    """Transfers of every pair of existing states in every covered year, zeros included."""
    ends = {
        end: _iso3(dyad_years[end], dyad_years["delivery_year"], "raw_sipri__dyad_years")
        for end in ("supplier", "recipient")
    }
    rows = pd.DataFrame(
        {
            "supplier": ends["supplier"],
            "recipient": ends["recipient"],
            "year": dyad_years["delivery_year"],
            **{v: dyad_years[v] for v in VOLUMES},
        }
    )
    # Predecessors under one code (North and united Yemen) add up; ordered, so always alike.
    rows = (
        rows[(rows["supplier"] != "") & (rows["recipient"] != "")]
        .groupby(["supplier", "recipient", "year"], sort=True, as_index=False)[list(VOLUMES)]
        .sum()
    )
    laid = axes.cubes(rows, "supplier", "recipient", VOLUMES, 0.0)
    volumes = dict(zip(VOLUMES, laid, strict=True))
    sent = volumes["tiv_millions"]
    first, last = covered_years(dyad_years)
    where = pairs(axes, exists)
    years = pd.Series(axes.years).between(first, last).to_numpy()
    # A delivery stands even in a year in which one end was not yet, or no more, a state.
    delivered = sent > 0
    where = (where | delivered | swap(delivered)) & years[:, None, None]
    return axes.long(where, volumes, ("supplier_iso3", "recipient_iso3"))


def yearly_totals(state_years: pd.DataFrame) -> pd.DataFrame:
    """A state's exports and imports with all the world."""
    iso3 = _iso3(state_years["name"], state_years["year"], "raw_sipri__state_years")
    return (
        state_years.assign(iso3=iso3)[iso3 != ""]
        .groupby(["iso3", "year"], sort=True, as_index=False)[
            ["exports_tiv_millions", "imports_tiv_millions"]
        ]
        .sum()
    )


def covered_years(dyad_years: pd.DataFrame) -> tuple[int, int]:
    """First and last delivery year of the register."""
    return int(dyad_years["delivery_year"].min()), int(dyad_years["delivery_year"].max())
