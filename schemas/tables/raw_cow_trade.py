"""Tables parsed from the Correlates of War trade data; no derived figure belongs here."""

from __future__ import annotations

from dataclasses import replace

from schemas.fields import YEAR
from schemas.model import Field, Table

_CODE = Field("ccode1", "int", "Correlates of War number of the pair's first state, the smaller.")
_FLOW = Field(
    "flow1_usd_millions",
    "float",
    "Imports of ccode1 from ccode2 at current prices; the bundled file holds whole millions, so 0 "
    "may be a trade below half a million; null where the source has no figure.",
    unit="million US dollars",
    nullable=True,
    minimum=0,
)

TABLES = [
    Table(
        "raw_cow_trade__flows",
        "One row per pair of states and year, each pair once, with the imports of each from the "
        "other.",
        ("ccode1", "ccode2", "year"),
        (
            _CODE,
            replace(
                _CODE,
                name="ccode2",
                description="Correlates of War number of the pair's second state, the larger.",
            ),
            YEAR,
            _FLOW,
            replace(
                _FLOW,
                name="flow2_usd_millions",
                description=_FLOW.description.replace(
                    "Imports of ccode1 from ccode2", "Imports of ccode2 from ccode1"
                ),
            ),
        ),
        sources=("cow_trade",),
        caveats=("partial_coverage",),
    )
]
