"""Tables parsed from the hand-compiled estimates of Iran's crude oil sold to China."""

from __future__ import annotations

from dataclasses import replace

from schemas.fields import NOTE, YEAR
from schemas.model import Field, Table

_LOW = Field(
    "kbd_low",
    "float",
    "Crude shipped from Iran to China, lowest of the quoted yearly estimates.",
    unit="thousand barrels a day",
    minimum=0,
)

TABLES = [
    Table(
        "raw_iran_oil__estimates",
        "One row per year: the range of quoted estimates of Iranian crude that reached China, "
        "recorded by customs or not.",
        ("year",),
        (
            YEAR,
            _LOW,
            replace(
                _LOW,
                name="kbd_high",
                description=_LOW.description.replace("lowest", "highest"),
            ),
            Field("source", "string", "Where the two figures stand, as the compiler wrote it."),
            NOTE,
            Field(
                "is_low_confidence",
                "bool",
                "Whether the compiler marks the year LOW CONFIDENCE in the note.",
            ),
        ),
        sources=("iran_oil",),
        caveats=("compiled_by_hand", "estimated_upstream"),
    )
]
