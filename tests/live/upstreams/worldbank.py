"""The World Bank's service: two pages of each indicator.

The form is that of the service's answers; a page holds a few rows instead of a thousand.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from . import Reply

COLUMN = (b'"countryiso3code"', b'"iso3"')
PIECE = 1
UPDATED = "2026-07-01"
LABELS = {
    "NY.GDP.MKTP.CD": "GDP (current US$)",
    "SP.POP.TOTL": "Population, total",
}
# country.id, country.value, countryiso3code, date, value
ROWS: dict[str, list[list[tuple[str, str, str, str, Any]]]] = {
    "NY.GDP.MKTP.CD": [
        [
            ("1W", "World", "WLD", "2024", 111326370207286),
            ("1W", "World", "WLD", "2023", 106431671069036),
            ("IR", "Iran, Islamic Rep.", "IRN", "2024", 436906334278.402),
        ],
        [
            ("IR", "Iran, Islamic Rep.", "IRN", "2023", 404625655204.866),
            ("NA", "Namibia", "NAM", "2024", 13372354795.4),
            ("ER", "Eritrea", "ERI", "2024", None),
        ],
    ],
    "SP.POP.TOTL": [
        [
            ("1W", "World", "WLD", "2024", 8142056446),
            ("IR", "Iran, Islamic Rep.", "IRN", "2024", 91567738),
        ],
        [("ER", "Eritrea", "ERI", "2024", 3535603)],
    ],
}


def page(indicator: str, number: int, **head: Any) -> bytes:
    """One answer; `head` replaces keys of its first element."""
    pages = ROWS[indicator]
    rows = [
        {
            "indicator": {"id": indicator, "value": LABELS[indicator]},
            "country": {"id": code, "value": name},
            "countryiso3code": iso3,
            "date": year,
            "value": value,
            "unit": "",
            "obs_status": "",
            "decimal": 0,
        }
        for code, name, iso3, year, value in pages[number - 1]
    ]
    first = {
        "page": number,
        "pages": len(pages),
        "per_page": 1000,
        "total": sum(map(len, pages)),
        "sourceid": "2",
        "lastupdated": UPDATED,
    }
    return json.dumps([first | head, rows], separators=(",", ":")).encode()


def replies(edit: Callable[[bytes], bytes] = lambda data: data) -> list[Reply]:
    """Both pages of GDP, both of population."""
    return [
        Reply(
            f"/country/all/indicator/{indicator}",
            edit(page(indicator, number)),
            "application/json;charset=utf-8",
            query={"format": "json", "per_page": "1000", "page": str(number)},
        )
        for indicator, pages in ROWS.items()
        for number in range(1, len(pages) + 1)
    ]
