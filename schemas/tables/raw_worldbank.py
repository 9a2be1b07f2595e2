"""Tables parsed from the World Bank's World Development Indicators."""

from __future__ import annotations

from schemas.fields import YEAR
from schemas.model import Field, Table

_COUNTRY = (
    Field(
        "country_code",
        "string",
        "Source's three-letter code, of a country or of a group.",
        pattern="[A-Z]{3}",
    ),
    Field("country_name", "string", "Source's name of the country or group."),
    YEAR,
)


def _indicator(name: str, description: str, value: Field) -> Table:
    return Table(
        name,
        description,
        ("country_code", "year"),
        (*_COUNTRY, value),
        sources=("worldbank",),
        caveats=("revised_upstream",),
    )


TABLES = [
    _indicator(
        "raw_worldbank__gdp",
        "One row per country or group and year: gross domestic product (NY.GDP.MKTP.CD).",
        Field(
            "gdp_usd",
            "float",
            "Gross domestic product at current prices; null where the source has no figure.",
            unit="US dollars",
            nullable=True,
            minimum=0,
        ),
    ),
    _indicator(
        "raw_worldbank__population",
        "One row per country or group and year: midyear population (SP.POP.TOTL).",
        Field(
            "population_persons",
            "float",
            "Population; null where the source has no figure.",
            unit="persons",
            nullable=True,
            minimum=0,
        ),
    ),
]
