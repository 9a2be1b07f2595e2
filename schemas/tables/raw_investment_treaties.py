"""Tables parsed from UNCTAD's list of investment treaties.

Does not belong here: UNCTAD's trade totals (`raw_unctad`), or treaties of mapped states (`core`).
"""

from __future__ import annotations

from schemas.model import Field, Table


def _party(name: str, which: str) -> Field:
    return Field(name, "string", f"The {which} party by alphabet, as UNCTAD spells it.")


TABLES = [
    Table(
        "raw_unctad__investment_treaties",
        "One row per bilateral investment treaty known to UNCTAD.",
        ("short_title", "party_1", "party_2"),
        (
            Field("short_title", "string", "Short title with the year of signature."),
            _party("party_1", "first"),
            _party("party_2", "second"),
            Field(
                "type",
                "string",
                "Kind of treaty.",
                allowed=("Bilateral Investment Treaties", "Treaties with Investment Provisions"),
            ),
            Field(
                "status",
                "string",
                "State of the treaty when the list was made; signed is not in force.",
                allowed=("In force", "Signed", "Terminated", "In negotiation"),
            ),
            Field(
                "signed_date", "date", "Day of signature; null if not signed yet.", nullable=True
            ),
            Field(
                "in_force_date",
                "date",
                "Day of entry into force; null if it never entered into force.",
                nullable=True,
            ),
            Field(
                "terminated_date",
                "date",
                "Day of termination; null if it was not terminated.",
                nullable=True,
            ),
            Field(
                "termination_type",
                "string",
                "How it was terminated; null if it was not.",
                nullable=True,
                allowed=(
                    "Unilaterally denounced",
                    "Replaced by new treaty",
                    "Terminated by consent",
                    "Expired",
                ),
            ),
        ),
        sources=("investment_treaties",),
        caveats=("successor_state",),
    ),
]
