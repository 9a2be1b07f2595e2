"""COW's IGO memberships over HTTP: the zip, the CSV in it, and the files beside it."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from serving import Upstream
from upstreams import cow_igo as local_igo
from zips import as_csv, zipped

import schemas
from pipelines.live.web import Address, Web
from pipelines.sources.cow_igo.fetch import PIECE, fetch, read, recognise
from pipelines.sources.cow_igo.parse import parse_state_year
from pipelines.sources.reading import SourceError

Local = Callable[..., Address]


def written(folder: Path, data: bytes) -> Path:
    """A file whose name says nothing."""
    path = folder / "download"
    path.write_bytes(data)
    return path


def test_the_zip_becomes_the_raw_tables(upstream: Upstream, local: Local, tmp_path: Path) -> None:
    upstream.replies = local_igo.replies()
    with Web(local("cow_igo")) as web:
        (piece,) = fetch(web, tmp_path / "into")
    assert piece.url == upstream.url + upstream.replies[0].path
    assert (piece.name, piece.version, piece.media_type) == (PIECE, "3", "application/zip")
    assert recognise(piece.path) == PIECE
    tables = read({PIECE: piece.path})
    parsed = parse_state_year(local_igo.FIXTURES / "cow_igo.csv")
    assert set(tables) == set(parsed)
    for name, frame in tables.items():
        schemas.validate(frame, schemas.table(name))
        pd.testing.assert_frame_equal(frame, parsed[name])


def test_the_csv_alone_is_the_same_piece(tmp_path: Path) -> None:
    path = written(tmp_path, b"\xef\xbb\xbf" + local_igo.table())
    assert recognise(path) == PIECE
    parsed = parse_state_year(local_igo.FIXTURES / "cow_igo.csv")
    for name, frame in read({PIECE: path}).items():
        pd.testing.assert_frame_equal(frame, parsed[name])


OLD = b"ccode,year,state,UN,WHO\r\n2,2004,USA,1,1\r\n2,2005,USA,1,1\r\n"


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (zipped({"IGO_stateunit_v2.3.csv": OLD}), "COW's IGO memberships in version 2.3"),
        (OLD, "years to 2005, as in COW's IGO memberships in version 2.3"),
        (zipped({local_igo.MEMBER: OLD}), "years to 2005, as in COW's IGO memberships in"),
        (zipped({"igo_year_formatv3.csv": b""}), "COW's file of organisations by year"),
        (b"ioname\torgname\tyear\tlongorgname\nUN\tUN\t1945\tx\n", "COW's file of organisations"),
        (zipped({"dyadic_formatv3.csv": b""}), "COW's file of pairs of states"),
        (b"dyadid,ccode1,country1,ccode2,year,UN\n2020,2,usa,20,1945,1\n", "COW's file of pairs"),
        (zipped({"igo_year_format_3.dta": b""}), "COW's Stata files"),
        (b"ccode,statenme\n2,USA\n", "the columns ccode, statenme"),
        (b"PK\3\4 cut", "a zip that is cut short or damaged"),
    ],
)
def test_another_file_says_what_it_is(data: bytes, found: str, tmp_path: Path) -> None:
    path = written(tmp_path, data)
    # A zip is known by its names only; its years show when it is read.
    with pytest.raises(SourceError) as caught:
        read({recognise(path): path})
    message = str(caught.value)
    assert f"found {found}" in message
    assert "expected COW's IGO memberships by state and year, version 3" in message


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        (b"2,2004,usa,-9", b"2,2004,usa,9", 3, "expected one of the codes -9, -1, 0, 1, 2, 3"),
        (b"2,2004,usa,-9", b"2,2003,usa,-9", 3, "a second time"),
        (b"2,2004,usa,-9,", b"2,2004,usa,", 3, "expected 7 cells in each row"),
        (b",rvn,-1,-1,0,2\r\n", b",rvn,-1,-1,0", 9, "cut short"),
        (b"ccode", b"code", 1, r"also the columns \['ccode'\]"),
    ],
)
def test_an_error_names_its_line_in_the_zip(
    old: bytes, new: bytes, line: int, message: str, tmp_path: Path
) -> None:
    assert old in local_igo.table()
    data = local_igo.replies(lambda table: table.replace(old, new, 1))[0].body
    path = written(tmp_path, data)
    with pytest.raises(SourceError, match=message) as caught:
        read({PIECE: path})
    assert caught.value.file == f"{path}!{local_igo.MEMBER}"
    assert caught.value.line == line


@pytest.mark.realdata
def test_the_real_memberships_in_the_upstreams_form_read_the_same(
    shared_data: Path, tmp_path: Path
) -> None:
    bundled = shared_data / "treaties" / "cow_igo_state_year_v3.parquet"
    wide = pd.read_parquet(bundled)
    numbers = wide.columns.drop("state")
    wide[numbers] = wide[numbers].astype("int64")
    wide.columns = [c if c in ("ccode", "year", "state") else c.upper() for c in wide.columns]
    path = tmp_path / "state_year_formatv3.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(local_igo.MEMBER, as_csv(wide))
    assert recognise(path) == PIECE
    expected = parse_state_year(bundled)
    for name, frame in read({PIECE: path}).items():
        pd.testing.assert_frame_equal(frame, expected[name])
