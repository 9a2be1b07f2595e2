"""Connector of the SIPRI Arms Transfers Database's trade register.

Belongs here: what is asked of the service, decade by decade, and which years a file covers. Does
not belong here: what stands in a register (`parse.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.live.connector import Piece
from pipelines.sources.reading import SourceError
from pipelines.sources.sipri.parse import SOURCE, combine, covered_range, parse_file, summarise

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.live.web import Web

FIRST_YEAR = 1950
# A decade a call. The service takes 10 to 30 s for a call, so single years would take half an
# hour, and the whole register in one call (98,000 rows, 10 MB behind one time-out) would start
# anew after any fault; a decade is at most some 11,000 rows, and eight calls make the register.
YEARS_A_CALL = 10


def fetch(web: Web, into: Path) -> list[Piece]:
    """Ask for the register of all states, from 1950 to the newest year.

    Parameters
    ----------
    web : Web
        To the service.
    into : Path
        Folder for the replies.

    Returns
    -------
    list of Piece
        One for each decade ('register_1950_1959', ...); the version is the day of generation.

    Raises
    ------
    SourceError
        If a reply is not the register of the years asked for.
    """
    last = _last_year(web)
    return [
        _fetch(web, into, start, min(start + YEARS_A_CALL - 1, last))
        for start in range(FIRST_YEAR, last + 1, YEARS_A_CALL)
    ]


def question(first: int, last: int) -> dict[str, Any]:
    """Body of the request for the deliveries of some years, between all states.

    `exportOption` makes the reply one row for each delivery year; without it, one for each deal.
    """

    def field(name: str, condition: str = "", low: int | str = "", high: int | str = "") -> Any:
        return {
            "field": name,
            "oldField": "",
            "condition": condition,
            "value1": low,
            "value2": high,
            "listData": [],
        }

    return {
        "filters": [
            field("Delivery year", "contains", first, last),
            field("Order year", "contains", 0, last),
            field("opendeals"),
            field("exportOption"),
        ],
        "logic": "AND",
    }


def _last_year(web: Web) -> int:
    url = "trades/getMaxYear"
    answer = web.json(url)
    year = int(answer) if str(answer).isdecimal() else 0
    if not FIRST_YEAR <= year < 2200:
        raise SourceError(
            SOURCE,
            f"{web.address.url}/{url}",
            found=f"the answer {answer!r}",
            expected="the newest year with deliveries, such as 2025",
            todo=web.address.by_hand,
        )
    return year


def _fetch(web: Web, into: Path, first: int, last: int) -> Piece:
    name = f"register_{first}_{first + YEARS_A_CALL - 1}"
    url = f"{web.address.url}/trades/trade-register-csv/"
    path = web.download(url, into / f"{name}.json", method="POST", json=question(first, last))
    day, *years = covered_range(path)
    if years != [first, last]:
        raise SourceError(
            SOURCE,
            url,
            found=f"the register of {years[0]} to {years[1]}",
            expected=f"that of {first} to {last}, as asked for",
            todo="the service understood the request differently: compare it with the one that "
            f"the register's page sends; or {web.address.by_hand}",
        )
    return Piece(name, path, url, f"{day:%Y-%m-%d}", "application/json")


def recognise(path: Path) -> str:
    """Say which piece a register is, by the years in its preamble.

    Parameters
    ----------
    path : Path
        A register saved from the page as CSV, or a recorded reply of the service.

    Returns
    -------
    str
        'register_2020_2029' for a decade, the present one to its newest year; else the years.

    Raises
    ------
    SourceError
        If it is no register by delivery year of all states.
    """
    day, first, last = covered_range(path)
    end = first - first % YEARS_A_CALL + YEARS_A_CALL - 1
    # Generated in the year after its last one: nothing newer was there to ask for.
    to_the_newest = last < end and day.year <= last + 1
    if first % YEARS_A_CALL == 0 and to_the_newest:
        last = end
    return f"register_{first}_{last}"


def read(pieces: Mapping[str, Path]) -> dict[str, pd.DataFrame]:
    """Parse the registers and join them: each year from the newest that covers it.

    Parameters
    ----------
    pieces : mapping of str to Path
        Registers of some years each; together without a gap.

    Returns
    -------
    dict of str to DataFrame
        ``raw_sipri__deliveries``, ``raw_sipri__dyad_years`` and ``raw_sipri__state_years``.

    Raises
    ------
    SourceError
        If a file is no register, a year is covered by none, or two registers of one day differ
        in a year that both cover.
    """
    register = combine([parse_file(pieces[name]) for name in sorted(pieces)])
    return {"raw_sipri__deliveries": register} | summarise(register)
