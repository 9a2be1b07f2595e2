"""The output layer beside the index: rivals, breadth, the strait, arms. Nothing here is scored."""

from __future__ import annotations

from dataclasses import replace

from schemas.fields import (
    EXPORTER,
    FROM,
    IMPORTER,
    ISO3,
    RECIPIENT,
    SUPPLIER,
    TO,
    YEAR,
    optional,
    state,
)
from schemas.model import Field, Table
from schemas.tables.out import _ALL, _QUESTION, _gap, _points

_INDEX = ("imputed", "carried", "partial_coverage", "judgement", "compiled_by_hand")
_TRADE = ("cow_trade", "imf", "russia_trade", "baci", "unctad_trade", "iran_oil", "curated")
_CRUDE = ("curated", "iran_oil")
_STRAIT = ("compiled_by_hand", "estimated_upstream", "partial_coverage", "judgement")
_ARMS = ("sipri", "curated")
_ARMS_CAVEATS = ("partial_coverage", "revised_upstream", "compiled_by_hand", "non_commercial")


def _states(name: str, description: str) -> Field:
    return Field(name, "int", description, unit="states", minimum=0)


def _usd(name: str, description: str) -> Field:
    return Field(name, "float", description, unit="US dollars", minimum=0)


def _pct(name: str, description: str, *, nullable: bool = False) -> Field:
    return Field(name, "float", description, unit="%", minimum=0, nullable=nullable)


def _kbd(name: str, description: str, *, nullable: bool = False) -> Field:
    return Field(
        name, "float", description, unit="thousand barrels a day", minimum=0, nullable=nullable
    )


def _years(name: str, description: str, *, nullable: bool = True) -> Field:
    return Field(
        name,
        "float",
        description,
        unit="years",
        minimum=0,
        nullable=nullable,
        redistribution="aggregate",
    )


def _calendar(name: str, description: str) -> Field:
    return replace(YEAR, name=name, description=description, nullable=True)


def _items(name: str, description: str) -> Field:
    return Field(name, "float", description, unit="items", minimum=0, redistribution="aggregate")


def _generation(name: str, description: str) -> Field:
    return Field(name, "float", description, unit="generation", nullable=True, minimum=1, maximum=6)


_DEEP = " Powers whose tie is not known do not count: n_powers less n_known more are possible."
_BREADTH_KEYS = (
    Field(
        "powers",
        "string",
        "principals: those of the first question (China, Russia, the United States). "
        "permanent_five: those, Britain and France.",
        allowed=("principals", "permanent_five"),
    ),
    Field(
        "measure",
        "string",
        "depth: full depths. without_trade: mean of the other three pillars, which exists for "
        "Britain and France after 2016 too and compares with nothing but itself.",
        allowed=("depth", "without_trade"),
    ),
    Field(
        "view",
        "string",
        "power: seen from the powers. state: seen from the state, and its thresholds from the "
        "powers' allies.",
        allowed=("power", "state"),
    ),
)
_CATEGORY = Field("category", "string", "Kind of arm.", allowed=("combat_aircraft", "air_defence"))

TABLES = [
    Table(
        "out_rivals__yearly_dyads",
        "What a state would put at risk by standing with another: the depth of its ties with the "
        "other's rivals. Only pairs in which `to` has a listed rival in the year (rivalries "
        "compiled by hand, and wars) and anything is known of `from`'s ties; so not every pair has "
        "its other order. The list is not complete: the deepest rival tie is a lower bound, the "
        "mean may move either way.",
        ("from_iso3", "to_iso3", "year"),
        (
            FROM,
            TO,
            YEAR,
            Field("is_rival", "bool", "Whether the two are rivals or at war themselves."),
            _states("n_rivals", "Listed rivals of `to` other than `from`, on any day of the year."),
            _states("n_known", "Those of them with which `from` has a full depth."),
            _points("depth", "Depth of the tie of `from` with `to` itself, where full."),
            _gap("depth_change", "That less the same of ten years before."),
            _points("rival_depth", "Depth of the deepest tie of `from` with a rival of `to`."),
            _points("rival_depth_lo90", "Lower end of the 90 % interval of that tie's depth."),
            _points("rival_depth_hi90", "Upper end of the 90 % interval of that tie's depth."),
            optional(state("deepest_rival_iso3", "The rival that tie leads to.")),
            _points("mean_rival_depth", "Mean depth of the known ties with rivals of `to`."),
            _gap(
                "mean_rival_depth_change",
                "Mean change over ten years of the ties with the rivals of this year, whether "
                "they were rivals then or not.",
            ),
            _gap("rival_lead", "rival_depth less depth: above 0 the rival's tie is deeper."),
            Field(
                "rival_ratio",
                "float",
                "rival_depth over depth; null where depth is below 1 point or not known. Large for "
                "shallow ties, where rival_lead says more.",
                unit="ratio",
                nullable=True,
                minimum=0,
            ),
        ),
        _ALL,
        _INDEX,
    ),
    Table(
        "out_rivals__yearly_ties",
        "A principal's ties with the focal state's rivals and with the bloc, beside its tie with "
        "the focal state. One row for every state that the lists ever call a rival of the focal "
        "state, and every member of the bloc, in every year in which the tie has a full depth.",
        ("question", "principal_iso3", "other_iso3", "year"),
        (
            _QUESTION,
            state("principal_iso3", "The great power whose view is taken."),
            state("other_iso3", "State at the other end of the tie."),
            YEAR,
            state("focal_iso3", "The focal state."),
            Field(
                "rivalry",
                "string",
                "What the other state and the focal one were to each other on any day of the "
                "year; null where the lists have nothing.",
                nullable=True,
                allowed=("positional", "strategic", "war"),
            ),
            Field("is_rival", "bool", "Whether rivalry says anything."),
            Field("is_bloc", "bool", "Whether the other state is of the question's bloc."),
            _points("depth", "Depth of the principal's tie with the other state."),
            _points("depth_lo90", "Lower end of the 90 % interval of depth."),
            _points("depth_hi90", "Upper end of the 90 % interval of depth."),
            _gap("depth_change", "Depth less that of ten years before."),
            _points("costly_depth", "The same tie in what is paid for."),
            _points("declared_depth", "The same tie in what is said."),
            _points("focal_depth", "Depth of the principal's tie with the focal state."),
            _points("focal_costly_depth", "That tie in what is paid for."),
            _points("focal_declared_depth", "That tie in what is said."),
            _gap("lead", "depth less focal_depth."),
            _gap("costly_lead", "costly_depth less focal_costly_depth."),
        ),
        _ALL,
        _INDEX,
    ),
    Table(
        "out_breadth__state_years",
        "How many great powers a state is deeply tied to, and how evenly. Deep is a tie as deep as "
        "the power's with its known allies (out_breadth__yearly_thresholds).",
        ("iso3", "year", "powers", "measure", "view"),
        (
            ISO3,
            YEAR,
            *_BREADTH_KEYS,
            _states("n_powers", "Powers in the set, without the state itself."),
            _states("n_known", "Those of them with which the tie is known."),
            *(
                replace(
                    _states(name, what + _DEEP + " Null where a known tie has no threshold."),
                    nullable=True,
                )
                for name, what in (
                    (
                        "n_deep_median",
                        "Powers with a tie as deep as the median of the power's own known allies.",
                    ),
                    ("n_deep_quartile", "The same with their first quartile."),
                    (
                        "n_deep_pooled_median",
                        "The same with the median of the allies of all powers of the set together.",
                    ),
                    (
                        "n_deep_pooled_quartile",
                        "The same with the first quartile of all powers' allies together.",
                    ),
                )
            ),
            _points("mean_depth", "Mean depth over the powers; null unless all are known."),
            _points("deepest_depth", "Depth of the deepest known tie."),
            state("deepest_iso3", "The power it is with."),
            Field(
                "entropy",
                "float",
                "Shannon entropy of the powers' shares in the sum of depths; null unless all are "
                "known. It says how even ties are, not how deep.",
                unit="nats",
                nullable=True,
                minimum=0,
            ),
            Field(
                "effective_powers",
                "float",
                "exp(entropy): the number of equal ties that would be as even.",
                unit="powers",
                nullable=True,
                minimum=1,
            ),
        ),
        _ALL,
        _INDEX,
    ),
    Table(
        "out_breadth__yearly_thresholds",
        "How deep each power's ties with its known allies are: the partners in the panel with a "
        "defence pact in force, at least one way.",
        ("power_iso3", "year", "powers", "measure", "view"),
        (
            state("power_iso3", "The power."),
            YEAR,
            *_BREADTH_KEYS,
            _states("n_allies", "Allies with a known depth."),
            _points(
                "median_depth",
                "Median over them; null without any, and then the pooled one stands in.",
            ),
            _points("quartile_depth", "First quartile over them; null without any."),
            _states("n_pooled_allies", "Ties of all powers of the set with their known allies."),
            _points("pooled_median_depth", "Median over those."),
            _points("pooled_quartile_depth", "First quartile over those."),
        ),
        _ALL,
        _INDEX,
    ),
    Table(
        "out_hormuz__yearly_importers",
        "What a state buys from the states behind the Strait of Hormuz. Reported flows only: one "
        "that is not reported, bridged or carried is left out, and the sums are lower bounds.",
        ("importer_iso3", "year"),
        (
            IMPORTER,
            YEAR,
            _states("n_behind", "States behind the strait, without the importer itself."),
            _states("n_known", "Those of them from which a flow is reported."),
            _usd("behind_usd", "Imports from them with freight, unrecorded oil included."),
            _usd("recorded_behind_usd", "The same without the unrecorded oil."),
            _usd("imports_usd", "All imports, with freight."),
            _pct("import_share_pct", "behind_usd of imports_usd."),
            _pct("import_share_lo_pct", "The same with the lowest estimate of unrecorded oil."),
            _pct("import_share_hi_pct", "The same with the highest."),
            _pct("recorded_import_share_pct", "recorded_behind_usd of imports_usd."),
        ),
        _TRADE,
        _STRAIT,
    ),
    Table(
        "out_hormuz__yearly_exporters",
        "What the states of the Gulf sell to each principal: reported flows only. Oman's terminals "
        "lie outside the strait.",
        ("exporter_iso3", "importer_iso3", "year"),
        (
            EXPORTER,
            IMPORTER,
            YEAR,
            _usd("sold_usd", "Exports to the importer, free on board, unrecorded oil included."),
            _usd("recorded_sold_usd", "The same without the unrecorded oil."),
            _usd("exports_usd", "All exports, free on board."),
            _pct("export_share_pct", "sold_usd of exports_usd."),
            _pct("export_share_lo_pct", "The same with the lowest estimate of unrecorded oil."),
            _pct("export_share_hi_pct", "The same with the highest."),
            _pct("recorded_export_share_pct", "recorded_sold_usd of exports_usd."),
        ),
        _TRADE,
        _STRAIT,
    ),
    Table(
        "out_hormuz__yearly_crude_shares",
        "The part of China's crude imports that passes the Strait of Hormuz, of the suppliers "
        "known: a lower bound while missing_suppliers names any.",
        ("year",),
        (
            YEAR,
            _states("n_behind", "States behind the strait."),
            _states("n_known", "Those of them with a figure."),
            Field(
                "missing_suppliers",
                "string",
                "States behind the strait without a figure; null if none.",
                nullable=True,
            ),
            _kbd("china_total_kbd", "All of China's crude imports in the year.", nullable=True),
            _kbd("listed_kbd", "Recorded crude of all suppliers with a figure."),
            _kbd("unrecorded_lo_kbd", "Crude beyond that, lowest estimate; Iran's only."),
            _kbd("unrecorded_mid_kbd", "Middle of the estimates."),
            _kbd("unrecorded_hi_kbd", "Highest estimate."),
            _kbd("passing_lo_kbd", "Through the strait, at least."),
            _kbd("passing_mid_kbd", "Through the strait, best figure."),
            _kbd("passing_hi_kbd", "Through the strait, at most."),
            _pct(
                "share_lo_pct",
                "passing_lo_kbd of the total, with the unrecorded crude on top of the total; null "
                "without a total.",
                nullable=True,
            ),
            _pct("share_mid_pct", "passing_mid_kbd of the total.", nullable=True),
            _pct("share_hi_pct", "passing_hi_kbd of the total.", nullable=True),
        ),
        _CRUDE,
        _STRAIT,
    ),
    Table(
        "out_arms__yearly_waits",
        "Years from order to delivery, over ten years of deliveries, for the arms of the "
        "question's principals to its states. Renewed contracts count from their renewal.",
        ("supplier_iso3", "recipient_iso3", "year"),
        (
            SUPPLIER,
            RECIPIENT,
            YEAR,
            replace(
                _states("n_orders", "Orders whose first delivery lies in the ten years."),
                unit="orders",
                redistribution="aggregate",
            ),
            _years("mean_wait", "Mean years from these orders to their first delivery."),
            _years("median_wait", "Median of the same."),
            _years("longest_wait", "Longest of the same."),
            _years("mean_volume_wait", "Mean years to each delivery, weighted by its volume."),
            replace(
                _states(
                    "n_undelivered",
                    "Orders of the ten years of which nothing was delivered to this day; null "
                    "where the register at hand holds deliveries only.",
                ),
                unit="orders",
                nullable=True,
                redistribution="aggregate",
            ),
        ),
        ("sipri",),
        ("partial_coverage", "estimated_upstream", "revised_upstream", "non_commercial"),
        # A mean of one or two orders is as good as the rows themselves, which may not be passed on.
        withheld_rows="coalesce(n_orders, 0) < 3",
    ),
    Table(
        "out_arms__yearly_classes",
        "The newest combat aircraft and the farthest air defence delivered so far to each of the "
        "question's states, by the suppliers of the register (in the starter China, Russia and the "
        "United States) and of the types that have a class: a lower bound.",
        ("recipient_iso3", "category", "year"),
        (
            RECIPIENT,
            _CATEGORY,
            YEAR,
            _generation(
                "newest_generation",
                "Newest generation delivered so far; null before any, and for air defence.",
            ),
            Field(
                "longest_reach",
                "string",
                "Farthest reach delivered so far; null before any, and for aircraft.",
                nullable=True,
                allowed=("short", "medium", "long"),
            ),
            optional(replace(SUPPLIER, description="Who delivered that class first.")),
            _calendar("since_year", "First year with a delivery of that class."),
            _calendar("latest_year", "Last year so far with a delivery of any class."),
            _items("items_delivered", "Items delivered so far."),
            _items("items_in_window", "Items delivered in the last ten years."),
        ),
        _ARMS,
        _ARMS_CAVEATS,
    ),
    Table(
        "out_arms__sought",
        "What was sought or ordered and did not come, or came late, held against the register.",
        ("recipient_iso3", "designation", "year"),
        (
            RECIPIENT,
            Field("designation", "string", "What was sought."),
            replace(YEAR, description="Year of the order, the refusal or the offer."),
            _CATEGORY,
            SUPPLIER,
            Field(
                "outcome",
                "string",
                "What came of it by the compiled list.",
                allowed=("refused", "declined", "ordered", "delivered_late"),
            ),
            Field(
                "is_delivered",
                "bool",
                "Whether the register has a delivery of it since, to its last year.",
            ),
            replace(
                _calendar("register_year", "First year of such a delivery."),
                redistribution="none",
            ),
            replace(YEAR, name="last_register_year", description="Last year of the register."),
            replace(
                _years(
                    "years_waited",
                    "From the order to that delivery, or to the register's last year without one; "
                    "null where nothing was to come.",
                ),
                redistribution="none",
            ),
            _generation(
                "generation_before",
                "Newest combat aircraft the recipient had been delivered by then; null for air "
                "defence.",
            ),
        ),
        _ARMS,
        _ARMS_CAVEATS,
    ),
]
