"""ATOP 5.1's zip of CSV files: the real names and headers, CRLF, and few rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from zips import zipped

from upstreams import Reply

FIXTURES = Path(__file__).parents[2] / "sources" / "fixtures"
FOLDER = "ATOP 5.1 (.csv)/"
COLUMN = (b"nonagg", b"non_aggression")
PIECE = 0
STATE_YEARS = (
    b"state,year,atopally,defense,offense,neutral,nonagg,consul,number,transyr,atopid1,version\r\n"
    b"2,1908,1,0,0,0,0,1,1,1,1455,5.1\r\n"
)
PAIRS = (
    b"dyad,mem1,mem2,year,atopally,defense,offense,neutral,nonagg,consul,version\r\n"
    b"2740,2,740,1960,1,1,0,0,1,1,5.1\r\n"
)


def members() -> dict[str, bytes]:
    """The CSV files by name, as the producer writes them."""
    crlf = {
        name: (FIXTURES / f"atop_{name}.csv").read_text().replace("\n", "\r\n").encode()
        for name in ("agreements", "members")
    }
    return {
        "atop5_1a.csv": crlf["agreements"],
        "atop5_1dy.csv": PAIRS,
        "atop5_1m.csv": crlf["members"],
        "atop5_1sy.csv": STATE_YEARS,
    }


def replies(edit: Callable[[bytes], bytes] = lambda data: data) -> list[Reply]:
    """The one zip, with the shadow that a Mac packs beside a file."""
    files = {FOLDER: b""} | {FOLDER + name: edit(data) for name, data in members().items()}
    body = zipped(files | {f"__MACOSX/{FOLDER}._atop5_1m.csv": b"\0\5\x16\7"})
    path = "/uploads/6/9/1/3/69134503/atop_5.1__.csv_.zip"
    return [Reply(path, body, "application/zip")]
