"""UNCTADstat: the bulk download of merchandise totals, a 7z archive of one CSV.

Columns are those of the download; few economies and years. The values are UNCTAD's of 2023.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import py7zr

from . import Reply

COLUMN = (b"Economy Label", b"Economy Name")
PIECE = 0
MEMBER = "US_TradeMerchTotal.csv"
_VALUE = "US$ at current prices in millions"
_SHARE = "Percentage of total world"
_MARKS = ("", " Footnote", " Missing value")
HEADER = ",".join(
    f'"{name}"'
    for name in (
        "Year",
        "Economy",
        "Economy Label",
        "Flow",
        "Flow Label",
        *(f"{measure}{mark}" for measure in (_VALUE, _SHARE) for mark in _MARKS),
    )
)
ROWS = """"2022","0000","World","01","Imports",25713441,"Estimated",,100,,
"2022","0000","World","02","Exports",24930158,"Estimated",,100,,
"2022","364","Iran (Islamic Republic of)","01","Imports",58700,"Estimated",,0.23,,
"2022","364","Iran (Islamic Republic of)","02","Exports",80900,"Estimated",,0.32,,
"2022","158","China, Taiwan Province of","02","Exports",477777.5,,,1.92,,
"2022","810","Union of Soviet Socialist Republics (...1991)","02","Exports",,,"Not applicable",,,"Not applicable"
"2023","0000","World","01","Imports",24234441,"Estimated",,100,,
"2023","0000","World","02","Exports",23779158,"Estimated",,100,,
"2023","798","Tuvalu","02","Exports",0,,,0,,
"""  # noqa: E501
TEXT = f"\ufeff{HEADER}\n{ROWS}".encode()


def archive(data: bytes = TEXT, name: str = MEMBER) -> bytes:
    """The archive of one file."""
    packed = BytesIO()
    with py7zr.SevenZipFile(packed, "w", filters=[{"id": py7zr.FILTER_LZMA2}]) as made:
        made.writestr(data, name)
    return packed.getvalue()


def replies(edit: Callable[[bytes], bytes] = lambda data: data) -> list[Reply]:
    """The archive."""
    return [
        Reply(
            "/bulkdownload/US.TradeMerchTotal/US_TradeMerchTotal",
            archive(edit(TEXT)),
            "application/octet-stream",
        )
    ]
