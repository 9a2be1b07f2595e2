"""The core layer: one identity for every state, one unit, one key; nothing imputed silently."""

from __future__ import annotations

from dataclasses import replace

from schemas.fields import (
    AGREEMENT_FIELDS,
    CONFIDENCE,
    END,
    EXPORTER,
    FROM,
    IMPORTER,
    ISO3,
    NOTE,
    RECIPIENT,
    SOURCE_URL,
    START,
    SUPPLIER,
    TIV,
    TO,
    YEAR,
    optional,
    state,
)
from schemas.model import Field, Table

_UN = ("un",)
_ROLL_CALL_ID = Field(
    "roll_call_id", "string", "Body and UN Digital Library record number, for instance GA-1627950."
)
_FLAG_TEXT = {
    "has_defense": "to defend the partner when attacked",
    "has_offense": "to join the partner in an attack",
    "has_neutrality": "to stay neutral when the partner fights",
    "has_nonaggression": "not to attack the partner",
    "has_consultation": "to consult with the partner in a crisis",
}
_FLAGS = tuple(Field(n, "bool", f"Whether `from` undertakes {t}.") for n, t in _FLAG_TEXT.items())


METHODS = (
    "importer_report",
    "exporter_report",
    "reconciled",
    "turnover_residual",
    "turnover_split",
    "bridged",
    "carried",
)


def _count(name: str, what: str) -> Field:
    return Field(name, "int", f"States recorded as {what}.", unit="states", minimum=0)


def _usd(name: str, description: str, *, nullable: bool = False) -> Field:
    return Field(name, "float", description, unit="US dollars", minimum=0, nullable=nullable)


TABLES = [
    Table(
        "core_geo__states",
        "One row per state of the state system since 1816, with its dates.",
        ("iso3",),
        (
            ISO3,
            Field("name", "string", "Common English name."),
            Field("cow_code", "int", "Latest Correlates of War number.", nullable=True),
            Field("start_date", "date", "First day in the state system.", nullable=True),
            Field("end_date", "date", "Last day; null for a state that exists.", nullable=True),
            Field("is_panel", "bool", "Whether the state belongs to the package's panel."),
        ),
        ("geo",),
        ("successor_state",),
    ),
    Table(
        "core_geo__codes",
        "One row per spell of a state under one Correlates of War number: the crosswalk, and the "
        "years in which a state existed.",
        ("cow_code", "start_date"),
        (
            Field("cow_code", "int", "Correlates of War number."),
            Field("start_date", "date", "First day of the spell."),
            END,
            ISO3,
        ),
        ("geo",),
        ("successor_state",),
    ),
    Table(
        "core_geo__state_years",
        "The states and years this build covers: a state counts in a year if it existed on 1 July.",
        ("iso3", "year"),
        (ISO3, YEAR),
        ("geo",),
    ),
    Table(
        "core_geo__groups",
        "One row per spell of a state in a group: the question's groups, and clubs by accession.",
        ("group_id", "iso3", "start_date"),
        (
            Field("group_id", "string", "Group, for instance gulf, principals, gcc, sco, brics."),
            ISO3,
            START,
            END,
            SOURCE_URL,
        ),
        ("curated",),
        ("compiled_by_hand",),
    ),
    Table(
        "core_un__roll_calls",
        "One row per recorded vote of the General Assembly or the Security Council.",
        ("roll_call_id",),
        (
            _ROLL_CALL_ID,
            Field("body", "string", "General Assembly or Security Council.", allowed=("GA", "SC")),
            Field("date", "date", "Day of the vote."),
            Field(
                "session",
                "int",
                "Number of the regular Assembly session; null for special and emergency sessions "
                "and for the Council.",
                nullable=True,
                minimum=1,
            ),
            Field("session_label", "string", "Session as the library spells it.", nullable=True),
            Field("resolution", "string", "Symbol of the resolution.", nullable=True),
            Field("title", "string", "Title of the resolution.", nullable=True),
            _count("yes", "voting yes"),
            _count("no", "voting no"),
            _count("abstain", "abstaining"),
            _count("absent", "members that did not vote"),
            Field(
                "is_middle_east",
                "bool",
                "Whether title or agenda item names the Middle East, Palestine, Israel or one of "
                "its states.",
            ),
        ),
        _UN,
    ),
    Table(
        "core_un__votes",
        "One row per member state and recorded vote.",
        ("roll_call_id", "iso3"),
        (
            _ROLL_CALL_ID,
            ISO3,
            Field(
                "vote",
                "string",
                "Y yes, N no, A abstained, X a member that did not vote. A state that was no "
                "member has no row.",
                allowed=("Y", "N", "A", "X"),
            ),
        ),
        _UN,
        ("successor_state",),
    ),
    Table(
        "core_un__session_dyads",
        "How alike two states voted in one regular session of the General Assembly.",
        ("from_iso3", "to_iso3", "session"),
        (
            FROM,
            TO,
            Field("session", "int", "Number of the regular session.", minimum=1),
            *AGREEMENT_FIELDS,
        ),
        _UN,
    ),
    Table(
        "core_un__yearly_dyads",
        "How alike two states voted in the General Assembly in one calendar year, special and "
        "emergency sessions included.",
        ("from_iso3", "to_iso3", "year"),
        (
            FROM,
            TO,
            YEAR,
            *AGREEMENT_FIELDS,
            Field(
                "ideal_point_distance",
                "float",
                "Distance between the two published ideal points of the session that began in the "
                "year; ends with session 78.",
                nullable=True,
                minimum=0,
            ),
            Field(
                "middle_east_agreement",
                "float",
                "`agreement` over the contested roll calls on the Middle East alone.",
                unit="share",
                nullable=True,
                minimum=0,
                maximum=1,
            ),
            Field(
                "council_agreement",
                "float",
                "`agreement` over the Security Council's contested votes in which both took part.",
                unit="share",
                nullable=True,
                minimum=0,
                maximum=1,
            ),
        ),
        ("un", "voeten"),
        ("partial_coverage",),
    ),
    Table(
        "core_arms__deliveries",
        "One row per order and delivery year in SIPRI's register; an order without a delivery has "
        "no delivery year. In the starter only Iran and the six Gulf states with the three "
        "principals.",
        ("delivery_id",),
        (
            Field(
                "delivery_id",
                "string",
                "SIPRI's order number and the delivery year (none for an order not delivered).",
                redistribution="none",
            ),
            optional(SUPPLIER),
            optional(RECIPIENT),
            Field("order_year", "int", "Year of the order.", nullable=True, redistribution="none"),
            Field(
                "delivery_year",
                "int",
                "Year of delivery; null for an order not delivered.",
                nullable=True,
                redistribution="none",
            ),
            Field("designation", "string", "Type of weapon.", redistribution="none"),
            Field("category", "string", "Armament category.", redistribution="none"),
            Field(
                "number_delivered",
                "float",
                "Items delivered in the year.",
                unit="items",
                nullable=True,
                minimum=0,
                redistribution="none",
            ),
            Field(
                "tiv_millions",
                "float",
                "Volume delivered in the year.",
                unit="million SIPRI trend-indicator values",
                minimum=0,
                redistribution="none",
            ),
            Field(
                "status",
                "string",
                "New, second hand, or second hand but modernised.",
                nullable=True,
                redistribution="none",
            ),
            Field(
                "is_local_production",
                "bool",
                "Whether made under licence by the recipient; null where SIPRI says nothing.",
                nullable=True,
                redistribution="none",
            ),
            Field(
                "is_estimate",
                "bool",
                "Whether number or year of the delivery is an estimate.",
                redistribution="none",
            ),
        ),
        ("sipri",),
        ("estimated_upstream", "revised_upstream", "non_commercial"),
    ),
    Table(
        "core_arms__yearly_dyads",
        "Arms delivered from one state to another in a year; every pair of states that existed, "
        "so that a zero is a recorded zero.",
        ("supplier_iso3", "recipient_iso3", "year"),
        (
            SUPPLIER,
            RECIPIENT,
            YEAR,
            TIV,
            replace(
                TIV,
                name="estimated_tiv_millions",
                description="Part of it in deliveries whose number or year is an estimate.",
            ),
        ),
        ("sipri",),
        ("estimated_upstream", "revised_upstream", "successor_state", "non_commercial"),
    ),
    Table(
        "core_arms__yearly_totals",
        "A state's arms exports and imports with the whole world in a year.",
        ("iso3", "year"),
        (
            ISO3,
            YEAR,
            Field(
                "exports_tiv_millions",
                "float",
                "Volume delivered to all recipients.",
                unit="million SIPRI trend-indicator values",
                minimum=0,
                redistribution="aggregate",
            ),
            Field(
                "imports_tiv_millions",
                "float",
                "Volume received from all suppliers.",
                unit="million SIPRI trend-indicator values",
                minimum=0,
                redistribution="aggregate",
            ),
        ),
        ("sipri",),
        ("estimated_upstream", "revised_upstream", "non_commercial"),
    ),
    Table(
        "core_trade__reported_flows",
        "One row per report of a flow of goods: alternatives for one flow stand side by side and "
        "are never added.",
        ("exporter_iso3", "importer_iso3", "year", "reporter", "source"),
        (
            EXPORTER,
            IMPORTER,
            YEAR,
            state(
                "reporter",
                "State whose statistics hold the report; the importer where a source has "
                "reconciled both ends' reports.",
            ),
            Field("source", "string", "Source, with the compiler's own source behind a colon."),
            _usd("value_usd", "Value as reported."),
            Field(
                "valuation",
                "string",
                "Free on board, or with cost, insurance and freight.",
                allowed=("FOB", "CIF"),
            ),
        ),
        ("cow_trade", "imf", "russia_trade", "baci"),
        ("revised_upstream",),
        # UN Comtrade's rows may not be passed on, and WITS shows Comtrade's.
        withheld_rows="regexp_matches(source, 'Comtrade|WITS')",
    ),
    Table(
        "core_trade__yearly_flows",
        "The best estimate of goods moved from one state to another in a year, free on board.",
        ("exporter_iso3", "importer_iso3", "year"),
        (
            EXPORTER,
            IMPORTER,
            YEAR,
            _usd("value_usd", "Best estimate, free on board, unrecorded oil included."),
            _usd("recorded_usd", "The same without the unrecorded oil: what customs show."),
            _usd("adjustment_usd", "Unrecorded oil in value_usd: middle of its range."),
            _usd("adjustment_lo_usd", "Unrecorded oil, lower end."),
            _usd("adjustment_hi_usd", "Unrecorded oil, upper end."),
            _usd(
                "value_lo_usd", "Lower end of the recorded figure's range over alternative reports."
            ),
            _usd("value_hi_usd", "Upper end of the recorded figure's range."),
            Field(
                "method",
                "string",
                "Where the recorded figure comes from: importer_report, exporter_report, "
                "reconciled, bridged (log-linear inside a gap of at most six years) or carried "
                "(at most two years past the last observation).",
                allowed=METHODS,
            ),
            Field(
                "source",
                "string",
                "Source of the figure; null where bridged or carried.",
                nullable=True,
            ),
            Field(
                "mirror_ratio",
                "float",
                "Importer's report over exporter's, both free on board, where both report.",
                nullable=True,
                minimum=0,
            ),
        ),
        ("cow_trade", "imf", "russia_trade", "baci", "iran_oil", "curated"),
        ("imputed", "carried", "revised_upstream"),
    ),
    Table(
        "core_trade__yearly_totals",
        "A state's goods trade with the whole world in a year, one series for all years.",
        ("iso3", "year"),
        (
            Field("iso3", "string", "State; WLD is the world.", pattern="[A-Z]{3}"),
            YEAR,
            _usd("exports_usd", "Exports, free on board.", nullable=True),
            _usd("imports_usd", "Imports, with cost, insurance and freight.", nullable=True),
            Field("is_estimate", "bool", "Whether the source marks one of the two as an estimate."),
        ),
        ("unctad_trade",),
        ("estimated_upstream", "successor_state"),
    ),
    Table(
        "core_geo__yearly_economy",
        "A state's output and people in a year.",
        ("iso3", "year"),
        (
            ISO3,
            YEAR,
            _usd("gdp_usd", "Gross domestic product at current prices.", nullable=True),
            Field(
                "population_persons",
                "float",
                "Mid-year population.",
                unit="persons",
                nullable=True,
                minimum=0,
            ),
        ),
        ("worldbank",),
        ("revised_upstream",),
    ),
    Table(
        "core_treaties__commitments",
        "One row per directed commitment: what one state owes another under one instrument and "
        "phase.",
        ("commitment_id",),
        (
            Field("commitment_id", "string", "Identifier, stable between builds."),
            FROM,
            TO,
            Field("instrument", "string", "The treaty, agreement or declaration."),
            Field(
                "kind",
                "string",
                "Rung of the ladder the commitment stands on.",
                allowed=(
                    "defence_pact",
                    "dormant_pact",
                    "unilateral_guarantee",
                    "cooperation_treaty",
                    "designation",
                    "soft_instrument",
                    "neutrality",
                    "consultation",
                    "nonaggression",
                    "none",
                ),
            ),
            Field("start_date", "date", "First day in force."),
            Field(
                "end_date",
                "date",
                "Last day in force; null while in force or as far as the source reaches.",
                nullable=True,
            ),
            *_FLAGS,
            Field(
                "n_parties",
                "int",
                "Parties of the instrument while the commitment holds.",
                unit="states",
                minimum=2,
            ),
            CONFIDENCE,
            SOURCE_URL,
            Field("source", "string", "atop or curated.", allowed=("atop", "curated")),
        ),
        ("atop", "curated"),
        ("carried", "compiled_by_hand"),
    ),
    Table(
        "core_treaties__agreements",
        "One row per investment treaty or trade agreement between two states of the build and "
        "spell in force.",
        ("agreement_id",),
        (
            Field("agreement_id", "string", "Identifier: source, treaty, pair, number of spell."),
            state("a_iso3", "One party (the earlier code by alphabet)."),
            state("b_iso3", "The other party."),
            Field("title", "string", "Short title, as the source spells it."),
            Field(
                "start_date", "date", "First day in force; 1 January where only a year is known."
            ),
            replace(END, description="Last day in force; null while it goes on."),
            Field(
                "source",
                "string",
                "investment_treaties (UNCTAD) or desta.",
                allowed=("desta", "investment_treaties"),
            ),
        ),
        ("investment_treaties", "desta"),
        ("successor_state",),
    ),
    Table(
        "core_treaties__yearly_dyads",
        "What binds two states by treaty, label, membership and soldiers in a year.",
        ("from_iso3", "to_iso3", "year"),
        (
            FROM,
            TO,
            YEAR,
            Field(
                "strongest_kind",
                "string",
                "Strongest obligation `from` owes `to` on any day of the year, before suspension; "
                "none where there is none.",
            ),
            Field(
                "security_commitment",
                "float",
                "Its rung on the ladder (definition.toml); 0 where none or suspended.",
                unit="points",
                minimum=0,
                maximum=100,
            ),
            *_FLAGS,
            Field("is_suspended", "bool", "Whether the two fought each other in the year."),
            Field(
                "is_carried",
                "bool",
                "Whether the obligation is carried past the last year its source codes.",
            ),
            Field(
                "partnership_tier",
                "float",
                "Officially declared tier at the end of the year, 0 none to 1; null without a "
                "source.",
                nullable=True,
                minimum=0,
                maximum=1,
            ),
            Field(
                "economic_agreements",
                "int",
                "Investment treaties and trade agreements in force.",
                unit="agreements",
                minimum=0,
            ),
            Field(
                "joint_igos",
                "float",
                "Share of `from`'s full memberships in intergovernmental organisations that `to` "
                "shares, less the world mean of the year.",
                unit="share",
                nullable=True,
            ),
            Field(
                "n_joint_igos",
                "int",
                "Organisations of which both are full members.",
                unit="organisations",
                nullable=True,
                minimum=0,
            ),
            Field(
                "troops_hosted",
                "float",
                "Personnel of `from` stationed in `to` with its consent; null without a source.",
                unit="persons",
                nullable=True,
                minimum=0,
            ),
        ),
        ("atop", "curated", "desta", "investment_treaties", "cow_igo", "us_troops"),
        ("carried", "compiled_by_hand", "judgement"),
    ),
    Table(
        "core_treaties__hostilities",
        "Wars and clashes between two states, during which obligations between them are suspended.",
        ("a_iso3", "b_iso3", "start_date"),
        (
            state("a_iso3", "One party (the earlier code by alphabet)."),
            state("b_iso3", "The other party."),
            Field("start_date", "date", "First day of fighting."),
            Field(
                "end_date", "date", "Last day of fighting; null while it goes on.", nullable=True
            ),
            Field("name", "string", "Name of the war or clash."),
            CONFIDENCE,
            SOURCE_URL,
            NOTE,
        ),
        ("curated",),
        ("compiled_by_hand",),
    ),
]
