"""Tables parsed from the hand-compiled file of Russia's bilateral trade since 2015."""

from __future__ import annotations

from schemas.fields import YEAR
from schemas.model import Field, Table

TABLES = [
    Table(
        "raw_russia_trade__reports",
        "One row per quoted figure of goods trade between Russia and a partner; several figures of "
        "one flow stand side by side and must never be added.",
        ("report_id",),
        (
            Field(
                "report_id",
                "string",
                "Year, reporter, partner, flow and a number that tells alternatives apart.",
                pattern=r"\d{4}-[A-Z]{3}-[A-Z]{3}-(export|import|turnover)-\d+",
            ),
            YEAR,
            Field("reporter_iso3", "string", "State whose statistics or officials are quoted."),
            Field("partner_iso3", "string", "The other state; GCC is the six Gulf states as one."),
            Field(
                "flow",
                "string",
                "Direction as the reporter sees it; turnover is exports and imports together.",
                allowed=("export", "import", "turnover"),
            ),
            Field(
                "value_usd",
                "float",
                "Value of goods at current prices as quoted, of the months it covers.",
                unit="US dollars",
                minimum=0,
                redistribution="none",  # some rows are UN Comtrade's, which may not be passed on
            ),
            Field("source", "string", "Where the figure stands, as the compiler wrote it."),
            Field("quality", "string", "Compiler's grade and remark, in full."),
            Field(
                "quality_grade",
                "string",
                "First letter of the remark: A official or reconciled, B two-year mean or early "
                "2025 figure, C press, D derived or part of a year.",
                allowed=("A", "B", "C", "D"),
            ),
            Field("is_partial_year", "bool", "Whether the figure covers only some months."),
            Field(
                "months_covered",
                "int",
                "Months of the year the figure covers.",
                unit="months",
                minimum=1,
                maximum=12,
            ),
            Field(
                "is_fiscal_year",
                "bool",
                "Whether the figure is of a year that starts in March or April of `year`.",
            ),
        ),
        sources=("russia_trade",),
        caveats=("compiled_by_hand", "estimated_upstream", "partial_coverage"),
    )
]
