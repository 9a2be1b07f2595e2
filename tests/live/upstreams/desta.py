"""DESTA's page of downloads, and the list of treaties as version 02.03 is published."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from upstreams import Reply

FIXTURES = Path(__file__).parents[2] / "sources" / "fixtures"
FILES = "/media/filer_public"
LIST = f"{FILES}/5e/11/5e11943b-8871-4e8b-bcb2-8188aa83969c/desta_list_of_treaties_02_03.csv"
LINKS = (
    LIST,
    LIST.replace(".csv", ".xlsx"),
    f"{FILES}/6a/45/6a454835-eef1-44c4-8af2-5557a9552167/desta_list_of_treaties_02_03_dyads.csv",
    f"{FILES}/38/c6/38c6e92f-a513-443e-8907-77b570fd2973/desta_dyadic_withdrawal_02_03.csv",
    f"{FILES}/0c/64/0c64ec71-5728-409f-91d8-64c324bf4400/desta_indices_version_02_03.csv",
)
COLUMN = (b'"base_treaty"', b'"treaty"')
PIECE = 1

# The row of which pipelines/sources/desta/corrections.csv knows an error and the fixture has none.
WRONG = (
    '"1011";1011;"Bosnia and Herzegovina Turkey";"base_treaty";0;2019;2003;NA;1;'
    '"Intercontinental";1;"Turkey Bosnia and Herzegovina";70;792'
)


def page(links: tuple[str, ...] = LINKS) -> bytes:
    """The page of downloads."""
    items = "".join(f'<li><a href="{link}" target="_blank">Download</a></li>\n' for link in links)
    start = "<!DOCTYPE html>\n<html><head><title>DESTA | Downloads</title></head><body>\n"
    return f'{start}<a href="/">Home</a><ul>\n{items}</ul></body></html>\n'.encode()


def older() -> bytes:
    """The list as older versions have it: semicolons, latin-1, NA for what is missing."""
    wrong = WRONG + ";NA" * 10 + ";0;0" + ";NA" * 10 + "\n"
    return (FIXTURES / "desta_treaties.csv").read_bytes() + wrong.encode("latin-1")


def table() -> bytes:
    """The list as it is published: commas, UTF-8, blanks for what is missing."""
    lines = older().decode("latin-1").splitlines()
    rows = [",".join("" if cell == "NA" else cell for cell in row.split(";")) for row in lines]
    return "".join(f"{row}\n" for row in rows).encode()


def replies(edit: Callable[[bytes], bytes] = lambda data: data) -> list[Reply]:
    """The page, and the list to which it links."""
    return [
        Reply("/downloads/", page(), "text/html; charset=utf-8"),
        Reply(LIST, edit(table()), "text/csv"),
    ]
