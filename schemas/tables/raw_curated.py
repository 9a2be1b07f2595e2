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
]
