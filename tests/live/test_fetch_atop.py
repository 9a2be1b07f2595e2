"""ATOP over HTTP: its zip with folders and other files in it, and what is not that zip."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import pytest
from serving import Upstream
from upstreams import atop as local_atop
from zips import zipped

import schemas
from pipelines.live.web import Address, Web
from pipelines.sources.atop.fetch import PIECE, fetch, read, recognise
from pipelines.sources.atop.parse import parse_agreements, parse_members
from pipelines.sources.reading import SourceError

Local = Callable[..., Address]
FOLDER = local_atop.FOLDER
MEMBERS = f"{FOLDER}atop5_1m.csv"


def written(folder: Path, files: Mapping[str, bytes]) -> Path:
    """A zip of the files, named like nothing in particular."""
    path = folder / "download"
    path.write_bytes(zipped(files))
    return path


def whole() -> dict[str, bytes]:
    """The files of the real zip, by their full names."""
    return {FOLDER + name: data for name, data in local_atop.members().items()}


def test_the_zip_becomes_the_raw_tables(upstream: Upstream, local: Local, tmp_path: Path) -> None:
    upstream.replies = local_atop.replies()
    with Web(local("atop")) as web:
        (piece,) = fetch(web, tmp_path / "into")
    assert piece.url == upstream.url + upstream.replies[0].path
    assert (piece.name, piece.version, piece.media_type) == (PIECE, "5.1", "application/zip")
    assert recognise(piece.path) == PIECE
    tables = read({PIECE: piece.path})
    fixtures = local_atop.FIXTURES
    assert set(tables) == {"raw_atop__members", "raw_atop__agreements"}
    for name, parsed in (
        ("raw_atop__members", parse_members(fixtures / "atop_members.csv")),
        ("raw_atop__agreements", parse_agreements(fixtures / "atop_agreements.csv")),
    ):
        schemas.validate(tables[name], schemas.table(name))
        pd.testing.assert_frame_equal(tables[name], parsed)


def test_a_later_version_says_its_number(upstream: Upstream, local: Local, tmp_path: Path) -> None:
    later = {n.replace("5_1", "6_0"): d for n, d in local_atop.members().items()}
    reply = local_atop.replies()[0]
    upstream.replies = [type(reply)(reply.path, zipped(later), reply.media_type)]
    with Web(local("atop")) as web:
        assert fetch(web, tmp_path)[0].version == "6.0"


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["atop5_1sy.csv"], "found ATOP's state-year file"),
        (["atop5_1dy.csv"], "found ATOP's file of pairs by year"),
        (["atop5_1m.csv"], "found a zip without the agreement file"),
        (["atop5_1a.csv", "atop5_1sy.csv"], "found a zip without the member file"),
        ([], "found a zip with no files"),
    ],
)
def test_a_zip_of_other_files_says_what_it_is(names: list[str], found: str, tmp_path: Path) -> None:
    path = written(tmp_path, {FOLDER + n: local_atop.members()[n] for n in names})
    with pytest.raises(SourceError) as caught:
        recognise(path)
    message = str(caught.value)
    assert found in message
    assert "expected ATOP's zip of all its CSV files" in message
    assert "open http://www.atopdata.org/data.html in a browser" in message
    assert "alliance-depth source add atop FILE" in message


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("atop5_1sy.csv", "ATOP's state-year file"),
        ("atop5_1dy.csv", "ATOP's file of pairs by year"),
        ("atop5_1m.csv", "ATOP's member file without its agreement file"),
        ("atop5_1a.csv", "ATOP's agreement file without its member file"),
    ],
)
def test_a_table_alone_says_what_it_is(name: str, found: str, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(local_atop.members()[name])
    with pytest.raises(SourceError, match=f"found {found}.*expected ATOP's zip"):
        recognise(path)


def test_stata_files_and_workbooks_say_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="found ATOP's Stata files"):
        recognise(written(tmp_path, {"ATOP 5.1 (.dta)/atop5_1m.dta": b"stata"}))
    with pytest.raises(SourceError, match="found an Excel workbook"):
        recognise(written(tmp_path, {"[Content_Types].xml": b"", "xl/workbook.xml": b""}))


def test_two_member_files_are_not_chosen_from(tmp_path: Path) -> None:
    path = written(tmp_path, {**whole(), "old/atop5_0m.csv": b""})
    with pytest.raises(SourceError, match=r"more than one file of a kind: .*5_1m.*5_0m"):
        recognise(path)


@pytest.mark.parametrize("cut", [40, 1200])
def test_a_zip_cut_short_is_refused(cut: int, tmp_path: Path) -> None:
    path = written(tmp_path, whole())
    path.write_bytes(path.read_bytes()[:-cut])
    for function in (recognise, lambda p: read({PIECE: p})):
        with pytest.raises(SourceError, match="cut short or damaged"):
            function(path)


def test_damage_inside_the_zip_is_found_when_it_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, whole())
    data = bytearray(path.read_bytes())
    at = data.index(MEMBERS.encode()) + len(MEMBERS) + 200
    data[at : at + 20] = bytes(20)
    path.write_bytes(data)
    with pytest.raises(SourceError, match="cut short or damaged"):
        read({PIECE: path})


@pytest.mark.parametrize(
    ("change", "line", "message"),
    [
        (lambda d: d[:-30], 25, "cut short"),
        (lambda d: d.replace(b"obvary", b"varies", 1), 1, r"also the columns \['obvary'\]"),
        (lambda d: d.split(b"\r\n")[0] + b"\r\n", 1, "a header and no rows"),
        (lambda d: d.replace(b"\r\n", b"\r"), 1, "each column name once"),
    ],
    ids=["cut", "column", "no rows", "old Mac line ends"],
)
def test_an_error_in_a_member_names_its_place_in_the_zip(
    change: Callable[[bytes], bytes], line: int, message: str, tmp_path: Path
) -> None:
    files = whole()
    path = written(tmp_path, files | {MEMBERS: change(files[MEMBERS])})
    with pytest.raises(SourceError, match=message) as caught:
        read({PIECE: path})
    assert caught.value.file == f"{path}!{MEMBERS}"
    assert f"atop: {path}!{MEMBERS}, line" in str(caught.value)
    assert caught.value.line == line
    assert len(str(caught.value)) < 1500


def test_a_byte_order_mark_is_no_part_of_a_column(tmp_path: Path) -> None:
    marked = {name: b"\xef\xbb\xbf" + data for name, data in whole().items()}
    path = written(tmp_path, marked)
    assert read({PIECE: path})["raw_atop__members"].equals(
        read({PIECE: written(tmp_path, whole())})["raw_atop__members"]
    )


@pytest.mark.realdata
def test_the_real_files_in_a_zip_read_the_same(shared_data: Path, tmp_path: Path) -> None:
    treaties = shared_data / "treaties"
    names = ["atop5_1a.csv", "atop5_1m.csv", "atop5_1sy.csv"]
    path = written(tmp_path, {FOLDER + n: (treaties / n).read_bytes() for n in names})
    assert recognise(path) == PIECE
    tables = read({PIECE: path})
    assert tables["raw_atop__members"].equals(parse_members(treaties / "atop5_1m.csv"))
    assert tables["raw_atop__agreements"].equals(parse_agreements(treaties / "atop5_1a.csv"))
    with pytest.raises(SourceError, match="ATOP's state-year file"):
        recognise(treaties / "atop5_1sy.csv")
