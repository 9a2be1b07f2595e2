"""Tables parsed from the series of United States personnel abroad.

Does not belong here: posture, which is compiled by hand (`raw_curated`).
"""

from __future__ import annotations

from schemas.fields import YEAR
from schemas.model import Field, Table

TABLES = [
    Table(
        "raw_us_troops__country_years",
        "One row per country name and year: United States active-duty personnel counted there; "
        "persons, not posture.",
        ("country_name", "year"),
        (
            Field("country_name", "string", "Country or territory as the source spells it."),
            YEAR,
            Field(
                "ccode",
                "int",
                "Source's number: a Correlates of War number below 1000, its own above; null where "
                "not given.",
                nullable=True,
                minimum=1,
            ),
            Field(
                "troops_persons",
                "float",
                "Persons counted; null where not given. Leaves out most deployed units, holds "
                "embassy guards, and adds up several counts in some years.",
                unit="persons",
                nullable=True,
                minimum=0,
            ),
        ),
        sources=("us_troops",),
        caveats=("successor_state", "estimated_upstream"),
    ),
]
