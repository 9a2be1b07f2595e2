"""Tables compiled by hand, each row with its source; the CSV files stand in the package.

A field that is not in the CSV is derived when it is read: the `_text` of a date is the date as
compiled, `start_precision` how much of it is known.
"""

from __future__ import annotations

from dataclasses import replace

from schemas.fields import CONFIDENCE, END, NOTE, SOURCE_URL, START, YEAR, optional, state
from schemas.model import Field, Table

_SOURCES = ("curated",)
_CAVEATS = ("compiled_by_hand", "partial_coverage")
_URL = r"https?://\S+"
_ROW = (
    CONFIDENCE,
    replace(SOURCE_URL, nullable=False, pattern=_URL),
    NOTE,
)
_START = replace(START, description="First day of what is written.")
_START_TEXT = Field("start_text", "string", "Start as compiled: a year, a month or a day.")
_PRECISION = Field(
    "start_precision",
    "string",
    "How much of the start is known.",
    allowed=("year", "month", "day"),
)
_END = replace(
    END,
    description="Last day of what is written, or the day on which the next row of the same history "
    "begins; null while it goes on.",
)
_END_TEXT = Field("end_text", "string", "End as compiled; null while it goes on.", nullable=True)
_ENDS = (_END, _END_TEXT)
_SPELL = (_START, _START_TEXT, _PRECISION, *_ENDS)
_ATOPID = Field("atopid", "int", "ATOP's number of the agreement.")


def _flag(name: str, what: str) -> Field:
    return Field(name, "bool", f"Whether {what}.")


def _persons(name: str, description: str) -> Field:
    return Field(name, "float", description, unit="persons", minimum=0)


def _barrel(name: str, description: str, *, nullable: bool = True) -> Field:
    return Field(
        name, "float", description, unit="US dollars per barrel", nullable=nullable, minimum=0
    )


def _kbd(name: str, description: str, *, nullable: bool = False) -> Field:
    return Field(
        name, "float", description, unit="thousand barrels a day", nullable=nullable, minimum=0
    )


def _share(name: str, description: str) -> Field:
    return Field(name, "float", description, unit="share", minimum=0, maximum=1)


def _coding(number: int, *, nullable: bool) -> tuple[Field, Field]:
    which = ("first", "second")[number - 1]
    none = "; null while it is not coded" if nullable else ""
    return (
        Field(
            f"coding_{number}",
            "int",
            f"Response by the {which} coding{none}.",
            unit="rungs of 0 to 7",
            nullable=nullable,
            minimum=0,
            maximum=7,
        ),
        Field(
            f"source_url_{number}",
            "string",
            f"Page the {which} coding rests on{none}.",
            nullable=nullable,
            pattern=_URL,
        ),
    )


RESPONSES = ("none", "words", "diplomacy", "money", "arms", "support", "force", "war")
_ARMS_CATEGORY = Field(
    "category",
    "string",
    "Kind of arm.",
    allowed=("combat_aircraft", "air_defence"),
)

TABLES = [
    Table(
        "raw_curated__tiers",
        "One row per label that a principal and a partner declared for their tie, and period.",
        ("principal_iso3", "partner_iso3", "start_date"),
        (
            state("principal_iso3", "Principal: China, Russia or the United States."),
            state("partner_iso3", "State the tier is declared with."),
            Field(
                "level",
                "string",
                "Rung of the label on a fixed ladder; 'none' is a sourced absence.",
                allowed=("none", "partnership", "strategic", "comprehensive_strategic", "highest"),
            ),
            Field("label", "string", "Label as declared, in English."),
            *_SPELL,
            *_ROW,
        ),
        sources=_SOURCES,
        caveats=_CAVEATS,
    ),
    Table(
        "raw_curated__commitments",
        "One row per pair of states and instrument that ATOP does not hold: treaties since 2018, "
        "guarantees, designations, agreements without a defence clause, sourced denials.",
        ("commitment_id",),
        (
            Field("commitment_id", "string", "Identifier of the row.", pattern="[a-z0-9-]+"),
            state("from_iso3", "State that owes; the earlier code of a mutual commitment."),
            state("to_iso3", "State that is owed."),
            _flag("is_mutual", "both owe it"),
            Field("instrument", "string", "The treaty, agreement or declaration."),
            Field(
                "kind",
                "string",
                "What it is; 'none' is a sourced statement that there is no obligation.",
                allowed=(
                    "defence_pact",
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
            Field(
                "signed_date",
                "date",
                "First day of the signature as written; null if unknown.",
                nullable=True,
            ),
            Field("signed_text", "string", "Signature as compiled.", nullable=True),
            replace(
                optional(_START),
                description="First day in force of what is written; null if not known to be in "
                "force.",
            ),
            optional(_START_TEXT),
            optional(_PRECISION),
            *_ENDS,
            _flag("has_defense", "the partner is to be defended when attacked"),
            _flag("has_offense", "the partner is to be joined in an attack"),
            _flag("has_neutrality", "neutrality is promised when the partner fights"),
            _flag("has_nonaggression", "it is promised not to attack the partner"),
            _flag("has_consultation", "consultation is promised in a crisis"),
            *_ROW,
        ),
        sources=_SOURCES,
        caveats=_CAVEATS,
    ),
    Table(
        "raw_curated__dormant_pacts",
        "One row per ATOP defence pact that is pan-regional and dormant.",
        ("atopid",),
        (
            _ATOPID,
            Field("name", "string", "Name of the pact."),
            *(
                replace(YEAR, name=n, description=d, nullable=True)
                for n, d in (
                    ("dormant_from", "First year dormant; null if from its beginning."),
                    ("dormant_to", "Last year dormant; null if to its end."),
                )
            ),
            Field("reason", "string", "Why it counts as dormant."),
            *_ROW,
        ),
        sources=_SOURCES,
        caveats=(*_CAVEATS, "judgement"),
    ),
    Table(
        "raw_curated__treaty_ends",
        "One row per ATOP agreement, or member of one, that ended after ATOP's coding or otherwise "
        "than ATOP codes it.",
        ("atopid", "member_scope"),
        (
            _ATOPID,
            state("iso3", "Member that left; null for the whole agreement.", nullable=True),
            Field("member_scope", "string", "The member, or ALL for the whole agreement."),
            replace(_END, description="Last day in force; null if suspended without an end."),
            _END_TEXT,
            Field("reason", "string", "What ended it."),
            *_ROW,
        ),
        sources=_SOURCES,
        caveats=_CAVEATS,
    ),
    Table(
        "raw_curated__hostilities",
        "One row per war or armed clash between two states.",
        ("a_iso3", "b_iso3", "start_date", "name"),
        (
            state("a_iso3", "One party, the earlier code."),
            state("b_iso3", "The other party."),
            *_SPELL,
            Field("name", "string", "Name of the war or clash."),
            Field("kind", "string", "What it was.", allowed=("war", "clash", "occupation")),
            *_ROW,
        ),
        sources=_SOURCES,
        caveats=_CAVEATS,
    ),
    Table(
        "raw_curated__posture",
        "One row per sender, host and period of roughly constant strength of forces stationed.",
        ("sender_iso3", "host_iso3", "start_year"),
        (
            state("sender_iso3", "State whose forces they are."),
            state("host_iso3", "State in which they stand."),
            replace(YEAR, name="start_year", description="First calendar year."),
            replace(
                YEAR,
                name="end_year",
                description="Last calendar year; null while it goes on.",
                nullable=True,
            ),
            _persons("personnel_lo", "Lowest figure of the sources."),
            _persons("personnel", "Best figure; 0 is a sourced absence."),
            _persons("personnel_hi", "Highest figure of the sources."),
            _flag("has_consent", "the host's recognised government agreed"),
            Field(
                "kind",
                "string",
                "What they are; 'none' is a sourced absence.",
                allowed=("base", "deployment", "occupation", "none"),
            ),
            *_ROW,
        ),
        sources=_SOURCES,
        caveats=_CAVEATS,
    ),
    Table(
        "raw_curated__memberships",
        "One row per group, state and spell of one standing in it.",
        ("group_id", "iso3", "start_date"),
        (
            Field("group_id", "string", "Group, for instance brics.", pattern="[a-z0-9_]+"),
            state("iso3", "State that has the standing."),
            Field(
                "status",
                "string",
                "Standing of the state in the group.",
                allowed=(
                    "member",
                    "observer",
                    "dialogue_partner",
                    "associate",
                    "partner",
                    "suspended",
                    "invited",
                ),
            ),
            *_SPELL,
            *_ROW,
        ),
        sources=_SOURCES,
        caveats=_CAVEATS,
    ),
    Table(
        "raw_curated__crude_prices",
        "One row per year: price of Brent and the discount at which Iranian crude went to China.",
        ("year",),
        (
            YEAR,
            _barrel("brent_usd_per_barrel", "Mean spot price of Brent.", nullable=False),
            _barrel("discount_lo_usd", "Lowest discount reported; null if none was found."),
            _barrel("discount_usd", "Best figure of the discount; null if none was found."),
            _barrel("discount_hi_usd", "Highest discount reported; null if none was found."),
            *_ROW[:2],
            Field(
                "discount_source_url",
                "string",
                "Page the discount rests on; null without one.",
                nullable=True,
                pattern=_URL,
            ),
            NOTE,
        ),
        sources=_SOURCES,
        caveats=_CAVEATS,
    ),
    Table(
        "raw_curated__crude_recorded",
        "One row per year: crude that China's customs recorded as Iranian.",
        ("year",),
        (YEAR, _kbd("kbd", "Crude recorded; 0 is a recorded zero."), *_ROW),
        sources=_SOURCES,
        caveats=_CAVEATS,
    ),
    Table(
        "raw_curated__relabelled_flows",
        "One row per year and state under whose name Iranian crude may reach China.",
        ("via_iso3", "year"),
        (
            YEAR,
            state("via_iso3", "State that China's customs name as the origin."),
            _kbd("china_crude_imports_kbd", "China's recorded crude imports from it."),
            _kbd(
                "production_or_normal_kbd",
                "Plausible most that is its own; null if no figure was found.",
                nullable=True,
            ),
            *_ROW,
        ),
        sources=_SOURCES,
        caveats=_CAVEATS,
    ),
    Table(
        "raw_curated__crises",
        "One row per crisis, state attacked or coerced in it, and partner: what the partner did, "
        "on an ordinal scale, coded twice.",
        ("crisis_id", "target_iso3", "partner_iso3"),
        (
            Field(
                "crisis_id",
                "string",
                "Identifier of the crisis: its first year and a word.",
                pattern="[a-z0-9-]+",
            ),
            Field("name", "string", "Name of the crisis."),
            replace(_START, description="First day of the crisis for this state."),
            replace(_START_TEXT, description="Start as compiled: a month or a day."),
            _PRECISION,
            replace(_END, description="Last day of what is written; null while it goes on."),
            _END_TEXT,
            state("target_iso3", "State that was attacked or coerced."),
            Field(
                "adversary",
                "string",
                "Who attacked or coerced: ISO codes of states, or names of others, parted by "
                "semicolons.",
            ),
            state("partner_iso3", "Partner whose response is coded."),
            Field(
                "partner_basis",
                "string",
                "What made it a partner in the year before: a treaty with a defence or "
                "consultation clause, a large share of the arms of five years, a declared label; "
                "'successor' is the patron of a government that came by revolution, 'named' a row "
                "that is in by name.",
                allowed=(
                    "treaty",
                    "treaty;arms",
                    "treaty;label",
                    "treaty;arms;label",
                    "arms",
                    "arms;label",
                    "label",
                    "successor",
                    "named",
                ),
            ),
            Field(
                "icb_crisno",
                "int",
                "Number of the crisis in International Crisis Behavior; null if it is not there.",
                nullable=True,
                minimum=1,
            ),
            *_coding(1, nullable=False),
            *_coding(2, nullable=True),
            Field(
                "response",
                "int",
                "Response of the partner: the only coding, or the lower of the two.",
                unit="rungs of 0 to 7",
                minimum=0,
                maximum=7,
            ),
            Field(
                "response_code",
                "string",
                "The rung by name.",
                allowed=RESPONSES,
            ),
            Field("response_note", "string", "What the partner did, in one sentence."),
            *_ROW,
        ),
        sources=_SOURCES,
        caveats=(*_CAVEATS, "judgement"),
    ),
    Table(
        "raw_curated__crises_left_out",
        "One row per crisis, target and partner that the rule of choice finds in International "
        "Crisis Behavior and that raw_curated__crises leaves out.",
        ("icb_crisno", "target_iso3", "partner_iso3"),
        (
            Field(
                "icb_crisno",
                "int",
                "Number of the crisis in International Crisis Behavior.",
                minimum=1,
            ),
            state("target_iso3", "State that was in the crisis."),
            state("partner_iso3", "Partner by the rule."),
            Field("name", "string", "Name of the crisis in International Crisis Behavior."),
            YEAR,
            Field(
                "reason",
                "string",
                "Why the row was left out.",
                allowed=(
                    "moved_first",
                    "joined_coalition",
                    "later_round",
                    "government_changed",
                    "not_attacked",
                    "no_source",
                ),
            ),
            *_ROW,
        ),
        sources=_SOURCES,
        caveats=(*_CAVEATS, "judgement"),
    ),
    Table(
        "raw_curated__rivalries",
        "One row per pair of states and spell of rivalry since 1950; wars themselves stand in "
        "raw_curated__hostilities.",
        ("state_a", "state_b", "start_year"),
        (
            state("state_a", "One of the two; the earlier code."),
            state("state_b", "The other."),
            Field("start_year", "int", "First year."),
            Field(
                "end_year",
                "int",
                "Last year; null while it goes on.",
                nullable=True,
            ),
            Field(
                "kind",
                "string",
                "'strategic' if each is a military threat or an enemy to the other, 'positional' "
                "if they contend for territory or rank below that.",
                allowed=("strategic", "positional"),
            ),
            Field(
                "basis",
                "string",
                "'named' if a page names the contest, 'crises' if it follows from three or more "
                "crises of the two with no gap above ten years.",
                allowed=("named", "crises"),
            ),
            *_ROW,
        ),
        sources=_SOURCES,
        caveats=(*_CAVEATS, "judgement"),
    ),
    Table(
        "raw_curated__events",
        "One row per dated event in the ties of states: agreements, relations broken and restored, "
        "corridors joined. Groups joined stand in raw_curated__memberships.",
        ("event_id",),
        (
            Field("event_id", "string", "Identifier of the event.", pattern="[a-z0-9-]+"),
            state("from_iso3", "One party, or the state that joined."),
            optional(state("to_iso3", "The other party; null for what many states share.")),
            Field("event_date", "date", "First day of what is written."),
            Field("event_text", "string", "Date as compiled: a year, a month or a day."),
            Field(
                "kind",
                "string",
                "What it is.",
                allowed=("agreement", "corridor", "relations"),
            ),
            Field("name", "string", "What happened."),
            *_ROW,
        ),
        sources=_SOURCES,
        caveats=_CAVEATS,
    ),
    Table(
        "raw_curated__arms_classes",
        "One row per designation in the arms register that Iran or a Gulf state received, combat "
        "aircraft or air defence, with its class.",
        ("designation",),
        (
            Field("designation", "string", "Designation as raw_sipri__deliveries has it."),
            _ARMS_CATEGORY,
            Field(
                "generation",
                "float",
                "Generation of a combat aircraft, 4.5 for the late fourth; null for air defence.",
                unit="generation",
                nullable=True,
                minimum=1,
                maximum=6,
            ),
            Field(
                "reach",
                "string",
                "Reach of an air-defence system; null for aircraft.",
                nullable=True,
                allowed=("short", "medium", "long"),
            ),
            *_ROW,
        ),
        sources=_SOURCES,
        caveats=_CAVEATS,
    ),
    Table(
        "raw_curated__arms_not_delivered",
        "One row per major arm that Iran sought or ordered and did not get, or got late.",
        ("designation", "year"),
        (
            Field("designation", "string", "What was sought."),
            _ARMS_CATEGORY,
            state("supplier_iso3", "State that was to supply it."),
            state("recipient_iso3", "State that sought it."),
            replace(YEAR, description="Year of the order, the refusal or the offer."),
            Field(
                "outcome",
                "string",
                "What came of it; 'declined' is an offer the recipient turned down.",
                allowed=("refused", "declined", "ordered", "delivered_late"),
            ),
            *_ROW,
        ),
        sources=_SOURCES,
        caveats=_CAVEATS,
    ),
    Table(
        "raw_curated__hormuz_exports",
        "One row per Gulf state: share of its crude exports that passes the Strait of Hormuz, "
        "about 2024.",
        ("iso3",),
        (
            state("iso3", "State that exports."),
            _share("share_lo", "Lowest plausible share, what would have to pass if it tried."),
            _share("share", "Best figure."),
            _share("share_hi", "Highest plausible share."),
            Field(
                "flow_share_percent",
                "float",
                "Part of all crude that passes the strait which is this state's; null if no "
                "figure was found.",
                unit="percent",
                nullable=True,
                minimum=0,
                maximum=100,
            ),
            Field(
                "flow_source_url",
                "string",
                "Page of the part of the flow; null without one.",
                nullable=True,
                pattern=_URL,
            ),
            *_ROW,
        ),
        sources=_SOURCES,
        caveats=(*_CAVEATS, "judgement"),
    ),
    Table(
        "raw_curated__china_crude_imports",
        "One row per year and supplier: crude that China's customs recorded; some years only.",
        ("year", "supplier_iso3"),
        (
            YEAR,
            state("supplier_iso3", "State that the customs name as the origin."),
            Field(
                "million_tonnes",
                "float",
                "Crude as the page gives it; null where it gives barrels.",
                unit="million tonnes",
                nullable=True,
                minimum=0,
            ),
            _kbd("kbd", "The same in barrels, at 7.33 barrels a tonne where the page has tonnes."),
            _kbd("china_total_kbd", "All of China's crude imports in the year.", nullable=True),
            *_ROW,
        ),
        sources=_SOURCES,
        caveats=_CAVEATS,
    ),
]
