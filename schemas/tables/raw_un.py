"""Raw tables of the UN Digital Library and of Voeten's data."""

from __future__ import annotations

from schemas.model import Field, Table

_ID = Field("undl_id", "int", "Record number in the UN Digital Library.", minimum=1)


def _text(name: str, description: str) -> Field:
    return Field(name, "string", description, nullable=True)


def _total(name: str, what: str) -> Field:
    return Field(
        name,
        "int",
        f"{what} by the record itself; counted from its rows where it states none.",
        unit="states",
        minimum=0,
    )


_CALL = (
    _ID,
    Field("date", "date", "Day of the vote."),
    _text(
        "session", "Session as the library spells it; null in the Council and where it is blank."
    ),
    _text("resolution", "Symbol of the resolution."),
    _text("meeting", "Symbol of the meeting record."),
    _text("title", "Title of the resolution, by the library."),
    _text("agenda_title", "Agenda item."),
    _total("total_yes", "Votes in favour"),
    _total("total_no", "Votes against"),
    _total("total_abstentions", "Abstentions"),
    _total("total_non_voting", "Members that did not vote"),
    _total("total_ms", "Members"),
)
_VOTE = (
    _ID,
    _text("ms_code", "Code of the member in the library's export."),
    Field("ms_name", "string", "Name of the member at the time, as the library spells it."),
    Field(
        "ms_vote",
        "string",
        "Y yes, N no, A abstained, X did not vote (also where the export has a blank).",
        allowed=("Y", "N", "A", "X"),
    ),
)


def _tables(body: str, label: str) -> list[Table]:
    extra = (Field("is_duplicate", "bool", "Whether an earlier record holds the same resolution."),)
    return [
        Table(
            f"raw_un__{body}_roll_calls",
            f"One row per record of a vote in the {label}.",
            ("undl_id",),
            _CALL + (extra if body == "sc" else ()),
            ("un",),
            ("non_commercial",),
        ),
        Table(
            f"raw_un__{body}_votes",
            f"One row per member and record of a vote in the {label}.",
            ("undl_id", "ms_name"),
            _VOTE,
            ("un",),
            ("non_commercial",),
        ),
    ]


_CCODE = Field("ccode", "int", "Correlates of War number.")


def _agree(name: str, who: str) -> Field:
    return Field(
        name,
        "float",
        f"Published agreement with {who} in the session; null where there is none.",
        unit="share",
        nullable=True,
        minimum=0,
        maximum=1,
    )


TABLES = [
    *_tables("ga", "General Assembly"),
    *_tables("sc", "Security Council"),
    Table(
        "raw_voeten__votes",
        "One row per state and recorded Assembly vote in Voeten's data; parsed to reconcile the "
        "library's votes with it, not published.",
        ("rcid", "ccode"),
        (
            Field("rcid", "int", "Number of the roll call."),
            _CCODE,
            Field("session", "int", "Session, as Voeten numbers it.", minimum=1),
            _text("date", "Date as the source has it; often wrong, so nothing is derived from it."),
            Field(
                "vote",
                "int",
                "1 yes, 2 abstain, 3 no, 8 absent, 9 not a member; the 2024 file holds 1 to 3.",
                minimum=1,
                maximum=9,
            ),
        ),
        ("voeten",),
        in_warehouse=False,
    ),
    Table(
        "raw_voeten__ideal_points",
        "One row per state and session: published ideal point (of all votes; in vintages from 2026 "
        "of votes on final passage) and agreement with six states.",
        ("ccode", "session"),
        (
            _CCODE,
            Field(
                "session",
                "int",
                "Regular session; of estimates by calendar year, that year less 1945.",
                minimum=1,
            ),
            Field("n_votes", "int", "Votes the ideal point rests on.", "roll calls", minimum=0),
            Field("ideal_point", "float", "Published ideal point: position towards the order led "
                  "by the United States.", nullable=True),
            _agree("usa_agree", "the United States"),
            _agree("russia_agree", "Russia"),
            _agree("brazil_agree", "Brazil"),
            _agree("china_agree", "China"),
            _agree("india_agree", "India"),
            _agree("israel_agree", "Israel"),
        ),
        ("voeten",),
    ),
]  # fmt: skip
