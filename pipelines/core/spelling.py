"""Which columns of the raw tables hold a source's spelling of a state, and how it is mapped.

Belongs here: for every such column the map that reads it and the day its rows belong to. Does not
belong here: the maps (`pipelines/sources/<source>/names.csv`), or what is done with the states.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from pipelines.core.geo import SOURCES, mid_year
from pipelines.sources.names import load_map, map_names
from pipelines.sources.reading import SourceError

Frames = Mapping[str, pd.DataFrame]
# The day of each row of a table; the other tables are there for dates that stand in them.
When = Callable[[pd.DataFrame, Frames], pd.Series]


@dataclass(frozen=True)
class Spelling:
    """A column that names states.

    Parameters
    ----------
    table, column : str
        Where the names stand.
    source : str
        Whose ``names.csv`` maps them.
    when : callable, optional
        Day of each row; None where no spelling ever meant two states.
    """

    table: str
    column: str
    source: str
    when: When | None = None

    def iso3(self, frame: pd.DataFrame, frames: Frames) -> pd.Series:
        """States of the rows of (some of) the table; empty where the name is none.

        Raises
        ------
        SourceError
            Names every spelling that maps to nothing.
        """
        mapped = map_names(
            self.source,
            f"{self.table} {self.column}",
            frame[self.column].astype("str"),
            load_map(SOURCES / self.source),
            None if self.when is None else self.when(frame, frames),
        )
        return mapped["iso3"]


def _year(column: str, blank: int | None = None) -> When:
    """1 July of the year in a column; `blank` for a row without one."""

    def when(frame: pd.DataFrame, _: Frames) -> pd.Series:
        years = frame[column]
        return mid_year(years if blank is None else years.fillna(blank))

    return when


def _vote_day(body: str) -> When:
    def when(frame: pd.DataFrame, frames: Frames) -> pd.Series:
        calls = frames[f"raw_un__{body}_roll_calls"]
        return frame["undl_id"].map(calls.set_index("undl_id")["date"])

    return when


def _session_year(frame: pd.DataFrame, _: Frames) -> pd.Series:
    return mid_year(frame["session"] + 1945)


def _delivery(frame: pd.DataFrame, _: Frames) -> pd.Series:
    return mid_year(frame["delivery_year"].fillna(frame["order_year"]))


def _signature(frame: pd.DataFrame, _: Frames) -> pd.Series:
    day = frame["signed_date"].fillna(frame["in_force_date"])
    return day.fillna(pd.Timestamp(2000, 1, 1))


SPELLINGS = {
    (s.table, s.column): s
    for s in (
        Spelling("raw_geo__cow_states", "ccode", "geo", lambda frame, _: frame["start_date"]),
        Spelling("raw_un__ga_votes", "ms_name", "un", _vote_day("ga")),
        Spelling("raw_un__sc_votes", "ms_name", "un", _vote_day("sc")),
        Spelling("raw_voeten__ideal_points", "ccode", "geo", _session_year),
        Spelling("raw_sipri__deliveries", "supplier", "sipri", _delivery),
        Spelling("raw_sipri__deliveries", "recipient", "sipri", _delivery),
        Spelling("raw_sipri__dyad_years", "supplier", "sipri", _year("delivery_year")),
        Spelling("raw_sipri__dyad_years", "recipient", "sipri", _year("delivery_year")),
        Spelling("raw_sipri__state_years", "name", "sipri", _year("year")),
        Spelling("raw_cow_trade__flows", "ccode1", "geo", _year("year")),
        Spelling("raw_cow_trade__flows", "ccode2", "geo", _year("year")),
        Spelling("raw_baci__flows", "exporter_code", "baci"),
        Spelling("raw_baci__flows", "importer_code", "baci"),
        Spelling("raw_imf__imts", "reporter", "imf", _year("year")),
        Spelling("raw_imf__imts", "counterpart", "imf", _year("year")),
        Spelling("raw_unctad__merchandise_totals", "unctad_code", "unctad_trade", _year("year")),
        Spelling("raw_worldbank__gdp", "country_code", "worldbank"),
        Spelling("raw_worldbank__population", "country_code", "worldbank"),
        Spelling("raw_atop__members", "member", "geo", _year("entry_year")),
        Spelling("raw_cow_igo__memberships", "ccode", "geo", _year("year")),
        Spelling("raw_cow_igo__coverage", "ccode", "geo", _year("year")),
        Spelling("raw_cow_igo__gaps", "ccode", "geo", _year("last_year")),
        Spelling("raw_desta__members", "member_iso_numeric", "desta", _year("year", 2000)),
        Spelling("raw_unctad__investment_treaties", "party_1", "investment_treaties", _signature),
        Spelling("raw_unctad__investment_treaties", "party_2", "investment_treaties", _signature),
        Spelling("raw_us_troops__country_years", "country_name", "us_troops", _year("year")),
    )
}


def unmapped(frames: Frames) -> list[SourceError]:
    """For each column of these tables whose names do not all map: the error that names them."""
    faults = []
    for (table, _), spelling in SPELLINGS.items():
        if table in frames:
            try:
                spelling.iso3(frames[table], frames)
            except SourceError as error:
                faults.append(error)
    return faults
