"""COW's zip of trade data 4.0: the dyadic and the national file, -9 for missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from zips import zipped

from upstreams import Reply

FIXTURES = Path(__file__).parents[2] / "sources" / "fixtures"
FOLDER = "COW_Trade_4.0/"
MEMBER = f"{FOLDER}Dyadic_COW_4.0.csv"
NATIONAL = (
    b"ccode,statename,stateabb,year,imports,exports,alt_imports,alt_exports,source1,source2,"
    b"version\r\n2,United States of America,USA,1980,256984,220786,-9,-9,1,1,4\r\n"
)
COLUMN = (b"ccode", b"cowcode")
PIECE = 0


def table() -> bytes:
    """The dyadic CSV as the producer writes it."""
    return (FIXTURES / "cow_trade.csv").read_text().replace("\n", "\r\n").encode()


def replies(edit: Callable[[bytes], bytes] = lambda data: data) -> list[Reply]:
    """The one zip."""
    body = zipped(
        {
            FOLDER: b"",
            f"{FOLDER}COW_Trade_4.0_Codebook.pdf": b"%PDF-1.5\n",
            MEMBER: edit(table()),
            f"{FOLDER}National_COW_4.0.csv": edit(NATIONAL),
        }
    )
    return [Reply("/wp-content/uploads/COW_Trade_4.0.zip", body, "application/zip")]
