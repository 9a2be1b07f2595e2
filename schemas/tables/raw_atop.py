"""Tables parsed from ATOP, Alliance Treaty Obligations and Provisions.

Does not belong here: obligations between mapped states (`core`).
"""

from __future__ import annotations

from dataclasses import replace

from schemas.fields import YEAR
from schemas.model import Field, Table

_SOURCES = ("atop",)
_ATOPID = Field("atopid", "int", "ATOP's number of the agreement.")
_MONTH = Field("month", "int", "Month.", minimum=1, maximum=12)
_DAY = Field(
    "day", "int", "Day of the month; null where not coded.", nullable=True, minimum=1, maximum=31
)
_MAX_PHASE = Field(
    "max_phase", "int", "Number of phases of the agreement; 0 if it never changed.", minimum=0
)
_FLAGS = (
    Field("is_in_effect", "bool", "Whether it was in force when coding ended in 2018."),
    Field("is_bilateral", "bool", "Whether the agreement has two members."),
    Field("is_wartime", "bool", "Whether the agreement was made for one war under way."),
)


def _date(start: str, what: str, *, ends: bool = False) -> tuple[Field, ...]:
    fields = []
    for part in (YEAR, _MONTH, _DAY):
        text = f"{part.name.capitalize()} of {what}"
        if ends:
            text += "; null while in force when coding ended"
        elif part.nullable:
            text += "; null where not coded"
        nullable = ends or part.nullable
        fields.append(
            replace(part, name=f"{start}_{part.name}", description=f"{text}.", nullable=nullable)
        )
    return tuple(fields)


def _code(name: str, description: str) -> Field:
    return Field(name, "int", description, minimum=0, maximum=1)


def _obligations(who: str) -> tuple[Field, ...]:
    return (
        _code("defense", f"1 if {who} promises to defend a partner under attack."),
        _code("offense", f"1 if {who} promises to join a partner in war beyond defence."),
        _code("neutral", f"1 if {who} promises to stay neutral in a partner's war."),
        _code("nonagg", f"1 if {who} promises not to use force against a partner."),
        _code("consul", f"1 if {who} promises to consult in a crisis."),
        _code("conditio", f"1 if an obligation of {who} holds only under stated conditions."),
        _code("asymm", "1 if the members' obligations differ."),
    )


TABLES = [
    Table(
        "raw_atop__members",
        "One row per member, phase and spell of membership of an ATOP agreement.",
        ("atopid", "member", "phase", "entry_year"),
        (
            _ATOPID,
            Field("member", "int", "Correlates of War number of the member."),
            Field("phase", "int", "Phase of the agreement; 0 if it never changed.", minimum=0),
            _MAX_PHASE,
            *_date("entry", "the entry into the phase"),
            *_date("exit", "the exit from the phase", ends=True),
            *_FLAGS,
            *_obligations("the member"),
            _code("obvary", "1 if the member's obligations differ by partner."),
        ),
        sources=_SOURCES,
    ),
    Table(
        "raw_atop__agreements",
        "One row per ATOP agreement.",
        ("atopid",),
        (
            _ATOPID,
            *_date("begin", "the start"),
            *_date("end", "the end", ends=True),
            _MAX_PHASE,
            *_FLAGS,
            *_obligations("a member"),
            Field("n_members", "int", "States that were ever members.", unit="states", minimum=2),
        ),
        sources=_SOURCES,
    ),
]
