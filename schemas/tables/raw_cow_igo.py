"""Tables parsed from the Correlates of War intergovernmental-organisation memberships.

The world mean is the one derived table: it needs all states of a year and so cannot be computed
from a panel's rows.
"""

from __future__ import annotations

from dataclasses import replace

from schemas.fields import YEAR
from schemas.model import Field, Table

_SOURCES = ("cow_igo",)
_CODE = Field("ccode", "int", "Correlates of War number of the state.")
_IGO = Field("igo", "string", "Source's abbreviation of the organisation, in lower case.")

TABLES = [
    Table(
        "raw_cow_igo__memberships",
        "One row per state, year and organisation the state belonged to in some way; no row for a "
        "covered state-year outside raw_cow_igo__gaps means no tie, or no such organisation yet.",
        ("ccode", "year", "igo"),
        (
            _CODE,
            YEAR,
            _IGO,
            Field(
                "status",
                "string",
                "Kind of tie; the source codes the observers of the Shanghai Cooperation "
                "Organisation as no tie at all.",
                allowed=("full", "associate", "observer"),
            ),
        ),
        sources=_SOURCES,
        caveats=("partial_coverage",),
    ),
    Table(
        "raw_cow_igo__gaps",
        "One row per unbroken spell of years in which the source has no data (-9) on a state in an "
        "organisation; almost always an organisation-year that is blank for all states.",
        ("ccode", "igo", "first_year"),
        (
            _CODE,
            _IGO,
            replace(YEAR, name="first_year", description="First calendar year without data."),
            replace(YEAR, name="last_year", description="Last calendar year without data."),
        ),
        sources=_SOURCES,
    ),
    Table(
        "raw_cow_igo__coverage",
        "One row per state and year that the source codes.",
        ("ccode", "year"),
        (
            _CODE,
            YEAR,
            Field("state_abb", "string", "Source's abbreviation of the state, in lower case."),
        ),
        sources=_SOURCES,
    ),
    Table(
        "raw_cow_igo__world",
        "One row per year: the mean over all ordered pairs of states of the share of the first "
        "state's full memberships that the second shares.",
        ("year",),
        (
            YEAR,
            Field(
                "mean_shared_share",
                "float",
                "Mean share; pairs whose first state is full member of nothing are left out; null "
                "in a year in which no state is a full member of anything.",
                unit="share",
                nullable=True,
                minimum=0,
                maximum=1,
            ),
            Field("n_states", "int", "States the source codes that year.", "states", minimum=1),
        ),
        sources=_SOURCES,
    ),
]
