"""COW's trade data over HTTP: the dyadic file in the zip, -9, and the files beside it."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from serving import Upstream
from upstreams import cow_trade as local_trade
from zips import as_csv, zipped

import schemas
from pipelines.live.web import Address, Web
from pipelines.sources.cow_trade.fetch import PIECE, fetch, read, recognise
from pipelines.sources.cow_trade.parse import parse_dyadic_trade
from pipelines.sources.reading import SourceError

Local = Callable[..., Address]
TABLE = "raw_cow_trade__flows"
VERSION_3 = (
    b"ccode1,ccode2,year,importer1,importer2,flow1,flow2,source1,source2,version\r\n"
    b"2,630,1979,United States of America,Iran,4249,1311,1,1,3\r\n"
)


def written(folder: Path, data: bytes) -> Path:
    """A file whose name says nothing."""
    path = folder / "download"
    path.write_bytes(data)
    return path


def test_the_zip_becomes_the_raw_table(upstream: Upstream, local: Local, tmp_path: Path) -> None:
    upstream.replies = local_trade.replies()
    with Web(local("cow_trade")) as web:
        (piece,) = fetch(web, tmp_path / "into")
    assert piece.url == upstream.url + upstream.replies[0].path
    assert (piece.name, piece.version, piece.media_type) == (PIECE, "4.0", "application/zip")
    assert recognise(piece.path) == PIECE
    tables = read({PIECE: piece.path})
    assert set(tables) == {TABLE}
    schemas.validate(tables[TABLE], schemas.table(TABLE))
    parsed = parse_dyadic_trade(local_trade.FIXTURES / "cow_trade.csv")
    pd.testing.assert_frame_equal(tables[TABLE], parsed)


def test_minus_nine_is_missing_and_zero_is_not(tmp_path: Path) -> None:
    table = read({PIECE: written(tmp_path, local_trade.replies()[0].body)})[TABLE]
    row = table.set_index(["ccode1", "ccode2", "year"])
    assert pd.isna(row.loc[(365, 630, 1950), "flow1_usd_millions"])
    assert row.loc[(2, 700, 1980), "flow1_usd_millions"] == 0


def test_the_csv_alone_is_the_same_piece(tmp_path: Path) -> None:
    path = written(tmp_path, b"\xef\xbb\xbf" + local_trade.table())
    assert recognise(path) == PIECE
    parsed = parse_dyadic_trade(local_trade.FIXTURES / "cow_trade.csv")
    pd.testing.assert_frame_equal(read({PIECE: path})[TABLE], parsed)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (
            zipped({f"{local_trade.FOLDER}National_COW_4.0.csv": local_trade.NATIONAL}),
            "COW's national totals (monadic) and no pairs",
        ),
        (local_trade.NATIONAL, "COW's national totals (monadic) and no pairs"),
        (
            zipped({"COW_Trade_3.0/dyadic_trade_3.0.csv": VERSION_3}),
            "an older version of COW's trade data",
        ),
        (VERSION_3, "an older version of COW's trade data"),
        (zipped({"x/readme.txt": b""}), "a zip with the files x/readme.txt"),
        (b"PK\3\4 cut", "a zip that is cut short or damaged"),
        (b"<html><body>Just a moment...</body></html>", "an HTML page"),
        (b"", "an empty file"),
    ],
)
def test_another_file_says_what_it_is(data: bytes, found: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        recognise(written(tmp_path, data))
    message = str(caught.value)
    assert f"found {found}" in message
    assert "expected COW's dyadic trade file, version 4.0 or later" in message


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        (b",478,23,", b",478,x,", 3, "found flow2 = 'x'; expected a number"),
        (b"365,630,1950,", b"365.5,630,1950,", 5, "expected a whole number"),
        (b",-9,1,4\r\n", b",-9,1", 5, "cut short"),
        (b"flow1,", b"flow_1,", 1, r"also the columns \['flow1'\]"),
        (b"United States of America,Iran,4249", b'"United States,Iran,4249', 2, "not closed"),
    ],
)
def test_an_error_names_its_line_in_the_zip(
    old: bytes, new: bytes, line: int, message: str, tmp_path: Path
) -> None:
    assert old in local_trade.table()
    path = written(tmp_path, local_trade.replies(lambda t: t.replace(old, new, 1))[0].body)
    with pytest.raises(SourceError, match=message) as caught:
        read({PIECE: path})
    assert caught.value.file == f"{path}!{local_trade.MEMBER}"
    assert caught.value.line == line


@pytest.mark.realdata
def test_the_real_flows_in_the_upstreams_form_read_the_same(
    shared_data: Path, tmp_path: Path
) -> None:
    """The bundled file holds both orders of a pair; the upstream one, and -9 for missing."""
    bundled = shared_data / "trade" / "cow_dyadic_trade_v4.parquet"
    both = pd.read_parquet(bundled)
    one = both[both["ccode1"] < both["ccode2"]].fillna(-9)
    one = one.assign(importer1="United States of America", importer2="Korea", version=4)
    path = tmp_path / "COW_Trade_4.0.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(local_trade.MEMBER, as_csv(one))
    assert recognise(path) == PIECE
    pd.testing.assert_frame_equal(read({PIECE: path})[TABLE], parse_dyadic_trade(bundled))
