"""Tables parsed from DESTA, the Design of Trade Agreements database.

Does not belong here: agreements of mapped states (`core`).
"""

from __future__ import annotations

from dataclasses import replace

from schemas.fields import YEAR
from schemas.model import Field, Table

TABLES = [
    Table(
        "raw_desta__members",
        "One row per row of DESTA's list of treaties and member it names; several rows of the list "
        "make up one agreement.",
        ("number", "slot"),
        (
            Field("number", "string", "DESTA's number of the row, for instance 324 or 324_1."),
            Field(
                "slot",
                "int",
                "Which of the row's columns c1, c2, ... names the member; a state that belongs to "
                "both blocs of a row stands in two.",
                minimum=1,
            ),
            Field("base_treaty", "int", "Number of the treaty the row belongs to."),
            Field("name", "string", "Name of the treaty as DESTA gives it."),
            Field(
                "entry_type",
                "string",
                "What the row is; only base treaties in force are treaties in force, accessions "
                "and withdrawals change their members.",
                allowed=(
                    "base_treaty",
                    "accession",
                    "withdrawal",
                    "protocol or amendment",
                    "consolidated",
                    "negotiation",
                ),
            ),
            replace(YEAR, description="Year of signature; null for a negotiation.", nullable=True),
            replace(
                YEAR,
                name="entry_force_year",
                description="Year of entry into force; null if it never was, or is not known.",
                nullable=True,
            ),
            Field(
                "member_type",
                "int",
                "How the members stand to each other: 1 two states, 2 several, 3 a bloc and a "
                "third party, 4 two blocs, 5 accession to an agreement, 6 accession to a bloc and "
                "so to its agreement, 7 withdrawal.",
                minimum=1,
                maximum=7,
            ),
            Field(
                "member_iso_numeric",
                "int",
                "ISO 3166-1 numeric code of the member.",
                minimum=1,
                maximum=999,
            ),
            Field(
                "member_class",
                "int",
                "Role of the member in the row: in a treaty its side; in an accession 1 new, 2 old "
                "(or new, where there is no 1), 3 counterpart; in a withdrawal 1 leaves, 2 stays; "
                "null where not given.",
                nullable=True,
                minimum=0,
                maximum=3,
            ),
        ),
        sources=("desta",),
        caveats=("successor_state",),
    ),
]
