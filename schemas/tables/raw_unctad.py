"""Tables parsed from UNCTADstat's merchandise trade totals."""

from __future__ import annotations

from schemas.fields import YEAR
from schemas.model import Field, Table

TABLES = [
    Table(
        "raw_unctad__merchandise_totals",
        "One row per economy or group of economies, year and direction: goods trade with the "
        "whole world.",
        ("unctad_code", "year", "flow"),
        (
            Field("unctad_code", "string", "Source's number of the economy, leading zeros kept."),
            Field(
                "unctad_iso3",
                "string",
                "Source's own letter code, not always an ISO code (SDN_2011); null for groups, for "
                "two former states, and in a vintage without letter codes.",
                nullable=True,
            ),
            Field("economy", "string", "Source's name of the economy."),
            YEAR,
            Field("flow", "string", "Direction of trade.", allowed=("exports", "imports")),
            Field(
                "value_usd_millions",
                "float",
                "Value of goods at current prices; null where the source has no figure, which is "
                "every year outside the economy's life.",
                unit="million US dollars",
                nullable=True,
                minimum=0,
            ),
            Field(
                "footnote",
                "string",
                "Source's remarks, such as Estimated or Break; null without one.",
                nullable=True,
            ),
        ),
        sources=("unctad_trade",),
        caveats=("estimated_upstream", "revised_upstream", "successor_state"),
    )
]
