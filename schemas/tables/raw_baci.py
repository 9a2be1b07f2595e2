"""Tables parsed from CEPII's BACI."""

from __future__ import annotations

from dataclasses import replace

from schemas.fields import YEAR
from schemas.model import Field, Table

_CODE = Field("exporter_code", "int", "BACI's number of the country the goods come from.")
_VALUE = Field(
    "value_usd_thousands",
    "float",
    "Value of all goods at current prices, free on board, as BACI reconciles both ends' reports.",
    unit="thousand US dollars",
    minimum=0,
)

TABLES = [
    Table(
        "raw_baci__flows",
        "One row per exporter, importer and year with a recorded flow, summed over BACI's products "
        "(HS 1992). A pair without a row has no recorded product above 1,000 US dollars: its trade "
        "is nothing or not known. A state can have two numbers.",
        ("year", "exporter_code", "importer_code"),
        (
            YEAR,
            _CODE,
            replace(
                _CODE,
                name="importer_code",
                description="BACI's number of the country the goods go to.",
            ),
            _VALUE,
            replace(
                _VALUE,
                name="hs27_usd_thousands",
                description="Of it mineral fuels, chapter 27 of the Harmonized System.",
            ),
            Field(
                "n_products",
                "int",
                "Products of six digits with a recorded flow.",
                unit="products",
                minimum=1,
            ),
        ),
        sources=("baci",),
        caveats=("revised_upstream", "estimated_upstream"),
    )
]
