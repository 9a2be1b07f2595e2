"""COW's list of states over HTTP: as the producer writes it, and the lists beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from serving import Upstream
from upstreams import geo as local_geo
from zips import zipped

import schemas
from pipelines.live.web import Address, Web
from pipelines.sources.geo.fetch import PIECE, fetch, read, recognise
from pipelines.sources.geo.parse import parse_cow_states
from pipelines.sources.reading import SourceError

Local = Callable[..., Address]
TABLE = "raw_geo__cow_states"


def written(folder: Path, data: bytes) -> Path:
    """A file whose name says nothing."""
    path = folder / "download"
    path.write_bytes(data)
    return path


def test_the_list_becomes_the_raw_table(upstream: Upstream, local: Local, tmp_path: Path) -> None:
    upstream.replies = local_geo.replies()
    with Web(local("geo")) as web:
        (piece,) = fetch(web, tmp_path / "into")
    assert piece.url == upstream.url + upstream.replies[0].path
    assert (piece.name, piece.version, piece.media_type) == (PIECE, "2016", "text/csv")
    assert recognise(piece.path) == PIECE
    tables = read({PIECE: piece.path})
    assert set(tables) == {TABLE}
    states = schemas.validate(tables[TABLE], schemas.table(TABLE))
    assert states["ccode"].tolist() == [2, 40, 40, 630, 990]
    assert states["start_date"].iloc[-1] == pd.Timestamp(1976, 12, 15)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_last_line_may_be_ended_too(end: bytes, tmp_path: Path) -> None:
    plain = read({PIECE: written(tmp_path, local_geo.TABLE)})[TABLE]
    ended = b"\xef\xbb\xbf" + local_geo.TABLE.replace(b"\n", end) + end
    pd.testing.assert_frame_equal(read({PIECE: written(tmp_path, ended)})[TABLE], plain)


@pytest.mark.parametrize("lost", [1, 2, 6, 20])
def test_a_last_row_cut_short_is_found(lost: int, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        read({PIECE: written(tmp_path, local_geo.TABLE[:-lost])})
    assert caught.value.line == 6


LATER = local_geo.TABLE.replace(b"2016", b"2024")


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (LATER, "a later version of COW's list of states"),
        (zipped({"States2024/statelist2024.csv": LATER}), "a later version of COW's list"),
        (b"stateabb,ccode,styear,stmonth,stday,endyear,endmonth,endday,version\n", "COW's list of"),
        (b"stateabb,ccode,year,version\nUSA,2,1816,2016\n", "COW's state-years"),
        (b"gwcode,stateabb,statename,startdate,enddate\n", "Gleditsch and Ward's list of states"),
        (b"name,code\n", "the columns name, code"),
        (b"<!DOCTYPE html><html>", "an HTML page"),
    ],
)
def test_another_file_says_what_it_is(data: bytes, found: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        recognise(written(tmp_path, data))
    assert f"found {found}" in str(caught.value)
    assert "expected COW's list of states of 2016 (states2016.csv)" in str(caught.value)


@pytest.mark.realdata
def test_the_real_list_in_the_producers_form_reads_the_same(
    shared_data: Path, tmp_path: Path
) -> None:
    bundled = shared_data / "geo" / "cow_states.csv"
    text = bundled.read_text(encoding="utf-8").replace(".0,", ",").replace(".0\n", "\n")
    path = written(tmp_path, text.rstrip("\n").encode())
    assert recognise(path) == PIECE
    pd.testing.assert_frame_equal(read({PIECE: path})[TABLE], parse_cow_states(bundled))
