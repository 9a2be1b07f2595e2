"""Tables parsed from the IMF's International Merchandise Trade Statistics (IMTS)."""

from __future__ import annotations

from schemas.fields import YEAR
from schemas.model import Field, Table

TABLES = [
    Table(
        "raw_imf__imts",
        "One row per reporter, indicator, counterpart and year of the portal's export, blank cells "
        "included; counterparts hold countries, groups of countries (G, GX) and unallocated trade "
        "(TX), so a plain sum counts trade several times.",
        ("reporter", "indicator", "counterpart", "year"),
        (
            Field("reporter", "string", "Source's code of the reporting economy."),
            Field(
                "indicator",
                "string",
                "XG_FOB_USD is exports free on board, MG_CIF_USD imports with cost, insurance and "
                "freight.",
                allowed=("MG_CIF_USD", "XG_FOB_USD"),
            ),
            Field("counterpart", "string", "Source's code of the partner."),
            Field("counterpart_name", "string", "Source's name of the partner."),
            YEAR,
            Field(
                "value_usd_millions",
                "float",
                "Value of goods at current prices; null where the source records nothing.",
                unit="million US dollars",
                nullable=True,
                minimum=0,
            ),
        ),
        sources=("imf",),
        caveats=("estimated_upstream", "revised_upstream", "partial_coverage"),
    )
]
