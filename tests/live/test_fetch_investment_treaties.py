"""UNCTAD's investment treaties: a program gets the way for a person, whose zip is then read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from serving import Upstream
from zips import zipped

from pipelines.live.web import Address, Web
from pipelines.sources.investment_treaties.fetch import PIECE, fetch, read, recognise
from pipelines.sources.investment_treaties.parse import parse_zip
from pipelines.sources.reading import SourceError

Local = Callable[..., Address]
REAL = "unctad_bits_2020_01.zip"


def test_a_program_asks_nothing_and_says_what_a_person_does(
    upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    address = local("investment_treaties")
    with Web(address) as web, pytest.raises(SourceError) as caught:
        fetch(web, tmp_path)
    assert upstream.asked == []
    assert f"open {address.page} in a browser, save the workbook of each" in str(caught.value)
    assert "alliance-depth source add investment_treaties FILE" in str(caught.value)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (zipped({"[Content_Types].xml": b"", "xl/workbook.xml": b""}), "an Excel workbook"),
        (zipped({"readme.txt": b""}), "a zip with the files readme.txt"),
        (zipped({"__MACOSX/._a.xlsx": b""}), "a zip with no files"),
        (zipped({"a.xlsx": b""})[:-30], "a zip that is cut short or damaged"),
        (b"Short title,Parties\n", "the columns Short title, Parties"),
        (b"<html><body>Just a moment...</body></html>", "an HTML page"),
    ],
)
def test_another_file_says_what_it_is(data: bytes, found: str, tmp_path: Path) -> None:
    path = tmp_path / "download"
    path.write_bytes(data)
    with pytest.raises(SourceError) as caught:
        recognise(path)
    assert f"found {found}" in str(caught.value)
    assert "expected one zip of the navigator's workbooks (.xlsx)" in str(caught.value)


@pytest.mark.realdata
def test_the_real_zip_is_recognised_and_read(shared_data: Path) -> None:
    path = shared_data / "treaties" / REAL
    assert recognise(path) == PIECE
    tables = read({PIECE: path})
    assert set(tables) == {"raw_unctad__investment_treaties"}
    pd.testing.assert_frame_equal(tables["raw_unctad__investment_treaties"], parse_zip(path))
