"""COW's zip of IGO memberships by state and year: capitals in the header, and few organisations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from zips import zipped

from upstreams import Reply

FIXTURES = Path(__file__).parents[2] / "sources" / "fixtures"
MEMBER = "state_year_formatv3.csv"
COLUMN = (b"ccode", b"cowcode")
PIECE = 0


def table() -> bytes:
    """The CSV as the producer writes it."""
    return (FIXTURES / "cow_igo.csv").read_text().replace("\n", "\r\n").encode()


def replies(edit: Callable[[bytes], bytes] = lambda data: data) -> list[Reply]:
    """The one zip, which holds the one file and no folder."""
    body = zipped({MEMBER: edit(table())})
    return [Reply("/wp-content/uploads/state_year_formatv3.zip", body, "application/zip")]
