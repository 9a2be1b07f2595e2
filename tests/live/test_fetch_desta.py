"""DESTA over HTTP: the newest list on the page, in both its forms, and the files beside it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from serving import Upstream
from upstreams import Reply
from upstreams import desta as local_desta
from zips import zipped

import schemas
from pipelines.live.web import Address, Web
from pipelines.sources.desta.fetch import PIECE, fetch, read, recognise
from pipelines.sources.desta.parse import agreement_dyads, agreements_in_force, parse_treaties
from pipelines.sources.reading import SourceError

Local = Callable[..., Address]
TABLE = "raw_desta__members"
# From the list as published in version 02.03: nobody has a role in EC Ghana.
EC, GHANA, KENYA = "40,56,100", 288, 404
WITHOUT_ROLES = f"""\
"number","base_treaty","name","entry_type","year","entryforceyear","typememb",\
"c1","c2","c3","c4","mc1","mc2","mc3","mc4"
"1103",1103,"EC Kenya","base_treaty",2023,,3,{EC},{KENYA},1,1,1,0
"1113",1113,"EC Ghana","base_treaty",2016,2016,3,{EC},{GHANA},,,,
"""


def written(folder: Path, data: bytes) -> Path:
    """A file whose name says nothing."""
    path = folder / "download"
    path.write_bytes(data)
    return path


def older(folder: Path) -> pd.DataFrame:
    """The same list in the form of older versions, parsed."""
    path = folder / "desta_list_of_treaties.csv"
    path.write_bytes(local_desta.older())
    return parse_treaties(path)


def test_the_list_becomes_the_raw_table(upstream: Upstream, local: Local, tmp_path: Path) -> None:
    upstream.replies = local_desta.replies()
    with Web(local("desta")) as web:
        (piece,) = fetch(web, tmp_path / "into")
    assert piece.url == upstream.url + local_desta.LIST
    assert (piece.name, piece.version, piece.media_type) == (PIECE, "02.03", "text/csv")
    assert [p.name for p in piece.path.parent.iterdir()] == ["desta_list_of_treaties_02_03.csv"]
    assert recognise(piece.path) == PIECE
    tables = read({PIECE: piece.path})
    assert set(tables) == {TABLE}
    schemas.validate(tables[TABLE], schemas.table(TABLE))
    pd.testing.assert_frame_equal(tables[TABLE], older(tmp_path))


def test_the_newest_of_several_lists_is_taken(
    upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    newer = local_desta.LIST.replace("02_03", "02_10").replace("5e/11", "aa/bb")
    older = local_desta.LIST.replace("02_03", "02_09")
    page, table = local_desta.replies()
    links = (older, newer, *local_desta.LINKS)
    upstream.replies = [replace(page, body=local_desta.page(links)), replace(table, path=newer)]
    with Web(local("desta")) as web:
        (piece,) = fetch(web, tmp_path)
    assert (piece.version, piece.url) == ("02.10", upstream.url + newer)


def test_a_page_without_the_list_says_what_to_do(
    upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    page = local_desta.page(local_desta.LINKS[1:])
    upstream.replies = [Reply("/downloads/", page, "text/html")]
    with (
        Web(local("desta")) as web,
        pytest.raises(SourceError, match="no link to a list of treaties among 5 links") as caught,
    ):
        fetch(web, tmp_path)
    assert "open https://www.designoftradeagreements.org/downloads/" in str(caught.value)
    assert "alliance-depth source add desta FILE" in str(caught.value)


def test_a_link_to_another_host_is_not_followed(
    upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    page = local_desta.page((f"https://example.org{local_desta.LIST}",))
    upstream.replies = [Reply("/downloads/", page, "text/html")]
    with Web(local("desta")) as web, pytest.raises(SourceError, match=r"example\.org"):
        fetch(web, tmp_path)


DYADS = (
    b'"country1","country2","iso1","iso2","number","base_treaty","name","entry_type",'
    b'"consolidated","year","entryforceyear","language","typememb","regioncon","wto_listed",'
    b'"wto_name"\n"Afghanistan","India",4,356,"1",1,"Afghanistan India","base_treaty",0,2003,2003,'
    b'"English",1,"Asia",1,"India Afghanistan"\n'
)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (DYADS, "DESTA's file of pairs of states"),
        (DYADS.replace(b",", b";"), "DESTA's file of pairs of states"),
        (b"number,base_treaty,name,depth_index,depth_rasch\n", "DESTA's indices of depth"),
        (b"number,base_treaty,name,year,typedepth\n", "DESTA's coding of contents"),
        (zipped({"[Content_Types].xml": b"", "xl/workbook.xml": b""}), "an Excel workbook"),
        (b"", "an empty file"),
    ],
)
def test_another_file_says_what_it_is(data: bytes, found: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        recognise(written(tmp_path, data))
    assert f"found {found}" in str(caught.value)
    assert "expected DESTA's list of treaties as CSV" in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.replace(b"\n", b"\r\n"),
    ],
    ids=["byte order mark", "CRLF"],
)
def test_how_the_text_is_written_changes_nothing(
    change: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    path = written(tmp_path, change(local_desta.table()))
    assert recognise(path) == PIECE
    pd.testing.assert_frame_equal(read({PIECE: path})[TABLE], older(tmp_path))


def test_names_are_utf_8_in_the_form_with_commas(tmp_path: Path) -> None:
    table = local_desta.table()
    french = table.replace(b'Algeria EC"', 'Côte d’Ivoire, EC"'.encode(), 1)
    assert "Côte d’Ivoire, EC" in set(read({PIECE: written(tmp_path, french)})[TABLE]["name"])
    with pytest.raises(SourceError, match=r"line 2: .*expected text in utf-8"):
        read({PIECE: written(tmp_path, table.replace(b"Algeria", b"Alg\xe9rie", 1))})


@pytest.mark.parametrize(
    ("change", "line", "message"),
    [
        (lambda d: d[:-4], 14, "cut short"),
        (lambda d: d.replace(b"1976,1976", b",1976", 1), 2, "a year in every row"),
        (lambda d: d.replace(b"222,591,", b",,", 1), 10, "at least one member"),
        (lambda d: d.replace(b"12,56,276", b"12,56", 1), 2, "36 cells"),
    ],
)
def test_an_error_names_its_line(
    change: Callable[[bytes], bytes], line: int, message: str, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match=message) as caught:
        read({PIECE: written(tmp_path, change(local_desta.table()))})
    assert caught.value.line == line


def pairs(table: pd.DataFrame) -> set[tuple[int, int]]:
    """Pairs that an agreement in force binds."""
    dyads = agreement_dyads(agreements_in_force(table))
    return set(zip(dyads["a_iso_numeric"], dyads["b_iso_numeric"], strict=True))


def test_a_bloc_without_roles_is_known_from_another_agreement(tmp_path: Path) -> None:
    table = read({PIECE: written(tmp_path, WITHOUT_ROLES.encode())})[TABLE]
    assert pairs(table) == {(40, GHANA), (56, GHANA), (100, GHANA)}


def test_members_of_whom_nothing_is_known_are_bound_to_each_other(tmp_path: Path) -> None:
    lines = WITHOUT_ROLES.splitlines(keepends=True)
    table = read({PIECE: written(tmp_path, (lines[0] + lines[2]).encode())})[TABLE]
    assert len(pairs(table)) == 6


@pytest.mark.realdata
def test_the_real_list_in_the_form_with_commas_reads_the_same(
    shared_data: Path, tmp_path: Path
) -> None:
    bundled = shared_data / "treaties" / "desta_list_of_treaties.csv"
    path = tmp_path / "desta_list_of_treaties_02_03.csv"
    with (
        bundled.open(encoding="latin-1", newline="") as source,
        path.open("w", encoding="utf-8", newline="") as sink,
    ):
        rows = csv.writer(sink, lineterminator="\n")
        for row in csv.reader(source, delimiter=";"):
            rows.writerow("" if cell == "NA" else cell for cell in row)
    assert recognise(path) == recognise(bundled) == PIECE
    pd.testing.assert_frame_equal(read({PIECE: path})[TABLE], parse_treaties(bundled))
