"""What SIPRI's service answers: the newest year, and the register of each decade.

The register is that of July 2026: ISO-8859-1 behind a preamble, one column renamed, base64 in JSON.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from upstreams import Reply

COLUMN = (b"TIV delivery values", b"TIV delivered")
# The register of the newest years.
PIECE = 8
LAST = 2025
REGISTER = "/trades/trade-register-csv/"
PREAMBLE = """\
Transfers of major conventional arms from All countries  to All countries . Deals with deliveries \
made for the year range '{first}' to '{last}'\x20
A '?' in a column indicates uncertain data. The 'Deliveries in the Year Range' and the 'Year(s) of \
deliveries' refer only to deliveries in the selected year(s).
An empty field for 'Number ordered' indicates that data is not yet available.
SIPRI trend-indicator values (TIVs) are in millions.
An empty field for 'SIPRI TIV for total order' indicates that data (on the number ordered and/or \
the TIV per unit) is not available.
A '0' for 'SIPRI TIV of delivered weapons' indicates that the volume of deliveries is between 0 \
and 0.5 million SIPRI TIV; and an empty field indicates that no deliveries have been identified.
Figures may not add up to stated totals due to the conventions of rounding.
For the method used for the SIPRI TIV and explanations of the conventions; abbreviations and \
acronyms see <https://www.sipri.org/databases/armstransfers/sources-and-methods>.

Source: SIPRI Arms Transfers Database (c) SIPRI.
Data generated: 28 Sep 2026 9:10:31 AM
"""
HEADER = (
    "SIPRI AT Database ID,Supplier,Recipient,Designation,Description,Armament category,Order date,"
    "Order date is estimate,Deliveries in the Year Range,Numbers delivered is estimate,"
    "Delivery year,Delivery year is estimate,Status,SIPRI estimate,TIV deal unit,"
    "TIV delivery values,Local production\n"
)
# Supplier to 1991 and after, recipient, what it is, from and to which year, TIV of one.
DEALS = (
    ("Soviet Union", "Russia", "Iran", "MiG-29S,fighter aircraft,Aircraft", 1966, LAST, 20),
    ("China", "China", "Iran", "C-802,anti-ship missile,Missiles", 1982, LAST, 0.9),
    ("United States", "United States", "Iran", "F-4E,fighter aircraft,Aircraft", 1950, 1978, 12),
    ("United States", "United States", "Saudi Arabia", "F-15C,fighter aircraft,Aircraft", 1950,
     LAST, 40),
    ("United States", "United States", "United Arab Emirates",
     "MIM-104,air-defence system,Air-defence systems", 1975, LAST, 15),
    ("United States", "United States", "Qatar", "C-17A,transport aircraft,Aircraft", 1980, LAST,
     55),
    ("United Kingdom", "United Kingdom", "Oman", "Challenger-2,tank,Armoured vehicles", 1970, LAST,
     5),
    ("China", "China", "Kuwait", "PLZ-45 155mm,self-propelled gun,Artillery", 1990, LAST, 1.6),
    ("Sweden", "Sweden", "Bahrain", "Ambjörn,trainer aircraft,Aircraft", 1986, LAST, 2),
)  # fmt: skip


def register(first: int, last: int) -> bytes:
    """The register of some years, as the service writes it."""
    rows = []
    for year in range(first, last + 1):
        for k, (before, after, recipient, what, start, end, unit) in enumerate(DEALS):
            if start <= year <= end:
                supplier = before if year < 1992 else after
                number = 2 + (year + k) % 5
                rows.append(
                    f"{20000 + 100 * k + (year - 1950) // 4},{supplier},{recipient},{what},"
                    f"{year - (year - 1950) % 4},No,{number},{'Yes' if k == 1 else 'No'},{year},"
                    f"No,New,{unit},{unit},{unit * number:.10g},{'Yes' if k == 7 else 'No'}\n"
                )
    return (PREAMBLE.format(first=first, last=last) + HEADER + "".join(rows)).encode("iso-8859-1")


def wrapped(data: bytes) -> bytes:
    """The service's reply that carries a register."""
    return json.dumps({"bytes": base64.b64encode(data).decode()}).encode()


def question(first: int, last: int) -> dict[str, Any]:
    """What the service is asked for some years, word for word."""
    text = """
    {"filters": [
      {"field": "Delivery year", "oldField": "", "condition": "contains", "value1": FIRST,
       "value2": LAST, "listData": []},
      {"field": "Order year", "oldField": "", "condition": "contains", "value1": 0,
       "value2": LAST, "listData": []},
      {"field": "opendeals", "oldField": "", "condition": "", "value1": "", "value2": "",
       "listData": []},
      {"field": "exportOption", "oldField": "", "condition": "", "value1": "", "value2": "",
       "listData": []}
    ], "logic": "AND"}"""
    made: dict[str, Any] = json.loads(text.replace("FIRST", str(first)).replace("LAST", str(last)))
    return made


def replies(edit: Callable[[bytes], bytes] = lambda data: data) -> list[Reply]:
    """All answers of a fetch."""
    made = [Reply("/trades/getMaxYear", str(LAST).encode(), "application/json")]
    for first in range(1950, LAST + 1, 10):
        last = min(first + 9, LAST)
        body = wrapped(edit(register(first, last)))
        asked = question(first, last)
        made.append(Reply(REGISTER, body, "application/json", "POST", json=asked))
    return made
