"""Raw tables of the lists of states."""

from __future__ import annotations

from schemas.model import Field, Table

_START = Field("start_date", "date", "First day of the spell.")
_END = Field(
    "end_date",
    "date",
    "Last day of the spell, or the day the list was closed for one that goes on.",
)
_ABB = Field("state_abb", "string", "Abbreviation in the source.")
_NAME = Field("state_name", "string", "Name in the source.")

TABLES = [
    Table(
        "raw_geo__cow_states",
        "One row per spell of a state in the Correlates of War state system, 1816 to 2016.",
        ("ccode", "start_date"),
        (
            Field("ccode", "int", "Correlates of War number."),
            _START,
            _END,
            _ABB,
            _NAME,
            Field("version", "int", "Year in which the list was closed."),
        ),
        ("geo",),
    ),
    Table(
        "raw_geo__gw_states",
        "One row per spell of an independent state in Gleditsch and Ward's list; parsed to compare "
        "existence with, not published.",
        ("gwcode", "start_date"),
        (Field("gwcode", "int", "Gleditsch and Ward's number."), _START, _END, _ABB, _NAME),
        ("geo",),
        in_warehouse=False,
    ),
]
