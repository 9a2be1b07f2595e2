"""Raw tables of the SIPRI Arms Transfers Database."""

from __future__ import annotations

from schemas.model import Field, FieldType, Redistribution, Table

_TIV = "million SIPRI trend-indicator values"
_CAVEATS = ("estimated_upstream", "revised_upstream", "non_commercial")


def _row(
    name: str,
    type_: FieldType,
    description: str,
    unit: str = "",
    *,
    nullable: bool = False,
    minimum: float | None = None,
) -> Field:
    return Field(name, type_, description, unit, nullable, minimum, redistribution="none")


def _tiv(name: str, description: str, redistribution: Redistribution) -> Field:
    return Field(name, "float", description, unit=_TIV, minimum=0, redistribution=redistribution)


_GENERATED = Field("generated_on", "date", "Day SIPRI generated the file the figure comes from.")

TABLES = [
    Table(
        "raw_sipri__deliveries",
        "One row per order number and delivery year in the trade register. In the starter only "
        "orders between Iran or a Gulf state and a principal.",
        ("delivery_id",),
        (
            _row("delivery_id", "string", "Order number and delivery year, or none."),
            _row("register_id", "int", "SIPRI's number of the order."),
            _row("supplier", "string", "Supplier as SIPRI spells it."),
            _row("recipient", "string", "Recipient as SIPRI spells it."),
            _row("designation", "string", "Type of weapon.", nullable=True),
            _row("description", "string", "What it is.", nullable=True),
            _row("category", "string", "Armament category.", nullable=True),
            _row("order_year", "int", "Year of the order; null if not known.", nullable=True),
            _row("is_order_year_estimate", "bool", "Whether that year is an estimate; null where "
                 "SIPRI says nothing.", nullable=True),
            _row("number_delivered", "float", "Items delivered in the year; null if not known.",
                 "items", nullable=True, minimum=0),
            _row("is_number_estimate", "bool", "Whether that number is an estimate; null where "
                 "SIPRI says nothing.", nullable=True),
            _row("delivery_year", "int", "Year of delivery; null for an order not delivered.",
                 nullable=True),
            _row("is_delivery_year_estimate", "bool", "Whether that year is an estimate; null "
                 "where SIPRI says nothing.", nullable=True),
            _row("status", "string", "New, second hand, or second hand but modernized.",
                 nullable=True),
            _row("sipri_estimate", "float", "TIV of one new item.", _TIV, nullable=True, minimum=0),
            _row("tiv_deal_unit", "float", "TIV of one item of the deal.", _TIV, nullable=True,
                 minimum=0),
            _row("tiv_millions", "float", "Volume delivered in the year; null where SIPRI gives "
                 "none.", _TIV, nullable=True, minimum=0),
            _row("is_local_production", "bool", "Whether made by the recipient under licence; null "
                 "where SIPRI says nothing.", nullable=True),
            _GENERATED,
            Field("covered_from", "int", "First delivery year of the file the row comes from."),
            Field("covered_to", "int", "Last delivery year that file has deliveries of."),
        ),
        ("sipri",),
        _CAVEATS,
    ),
    Table(
        "raw_sipri__dyad_years",
        "Deliveries added up by supplier, recipient and delivery year, from the whole register.",
        ("supplier", "recipient", "delivery_year"),
        (
            Field("supplier", "string", "Supplier as SIPRI spells it."),
            Field("recipient", "string", "Recipient as SIPRI spells it."),
            Field("delivery_year", "int", "Year of delivery."),
            _tiv("tiv_millions", "Volume delivered.", "aggregate"),
            _tiv("estimated_tiv_millions", "Part of it in deliveries whose number or year SIPRI "
                 "marks as an estimate.", "aggregate"),
            _GENERATED,
        ),
        ("sipri",),
        _CAVEATS,
    ),
    Table(
        "raw_sipri__state_years",
        "A name's deliveries with all the world by year, from the whole register.",
        ("name", "year"),
        (
            Field("name", "string", "State, organisation or group as SIPRI spells it."),
            Field("year", "int", "Year of delivery."),
            _tiv("exports_tiv_millions", "Volume supplied to all recipients.", "aggregate"),
            _tiv("imports_tiv_millions", "Volume received from all suppliers.", "aggregate"),
        ),
        ("sipri",),
        _CAVEATS,
    ),
    Table(
        "raw_sipri__tiv_tables",
        "Published yearly totals; parsed to reconcile the register with them, not published.",
        ("direction", "name", "year"),
        (
            Field("direction", "string", "Which table.", allowed=("imports", "exports")),
            Field("name", "string", "State, organisation or group as SIPRI spells it."),
            Field("year", "int", "Year of delivery."),
            _tiv("tiv_millions", "Published total, rounded to a million.", "none"),
            Field("is_below_half", "bool", "Whether the table has 0: more than none, below half."),
        ),
        ("sipri",),
        _CAVEATS,
        in_warehouse=False,
    ),
]  # fmt: skip
