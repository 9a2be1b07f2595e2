"""troopdata over HTTP: its column of regions and its NA, and the files beside it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from serving import Upstream
from upstreams import us_troops as local_troops

import schemas
from pipelines.live.web import Address, Web
from pipelines.sources.reading import SourceError
from pipelines.sources.us_troops.fetch import PIECE, fetch, read, recognise
from pipelines.sources.us_troops.parse import parse_troops

Local = Callable[..., Address]
TABLE = "raw_us_troops__country_years"


def written(folder: Path, data: bytes) -> Path:
    """A file whose name says nothing."""
    path = folder / "download"
    path.write_bytes(data)
    return path


def test_the_series_becomes_the_raw_table(upstream: Upstream, local: Local, tmp_path: Path) -> None:
    upstream.replies = local_troops.replies()
    with Web(local("us_troops")) as web:
        (piece,) = fetch(web, tmp_path / "into")
    assert piece.url == upstream.url + upstream.replies[0].path
    assert (piece.name, piece.version, piece.media_type) == (PIECE, "", "text/csv")
    assert recognise(piece.path) == PIECE
    tables = read({PIECE: piece.path})
    assert set(tables) == {TABLE}
    series = schemas.validate(tables[TABLE], schemas.table(TABLE)).set_index("country_name")
    assert series.loc["Afghanistan", "troops_persons"] == 59054
    assert series.loc["Côte D’ivoire", "ccode"] == 437


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (
            "ccode,iso3c,countryname,year,month,quarter,source,troops_ad,army_ad",
            "troopdata's series by quarter",
        ),
        ("countryname,ccode,iso3c,basename,lat,lon,base", "troopdata's list of bases"),
        ("ccode,year,countryname,iso3c,region,troops,army", "troopdata's older series"),
        ("a,b", "the columns a, b"),
    ],
)
def test_another_file_says_what_it_is(header: str, found: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        recognise(written(tmp_path, f"{header}\n".encode()))
    assert f"found {found}" in str(caught.value)
    assert "expected troopdata's series by country and year" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "line", "message"),
    [
        (lambda d: d[:-1], 7, "cut short"),
        (lambda d: d.replace(b",59054", b",NA NA", 1), 4, "expected a number"),
        (lambda d: d.replace(b"Aden,1967", b"Aden,1951", 1), 3, "a second time"),
        (lambda d: d.replace(b",83\n", b"\n", 1), 5, "6 cells"),
        (lambda d: d.replace("Côte".encode(), b"C\xf4te", 1), 7, "expected text in utf-8"),
    ],
)
def test_an_error_names_its_line(
    change: Callable[[bytes], bytes], line: int, message: str, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match=message) as caught:
        read({PIECE: written(tmp_path, change(local_troops.TABLE))})
    assert caught.value.line == line


@pytest.mark.realdata
def test_the_real_series_in_the_upstreams_form_reads_the_same(
    shared_data: Path, tmp_path: Path
) -> None:
    bundled = shared_data / "treaties" / "us_troops_country_year.csv"
    path = tmp_path / "troopdata-rebuild-country-year.csv"
    with (
        bundled.open(encoding="utf-8", newline="") as source,
        path.open("w", encoding="utf-8", newline="") as sink,
    ):
        reader = csv.DictReader(source)
        columns = ["countryname", "year", "ccode", "iso3c", "region", "troops_ad"]
        writer = csv.DictWriter(sink, columns, lineterminator="\r\n")
        writer.writeheader()
        for row in reader:
            writer.writerow(row | {"iso3c": row["iso3c"] or "NA", "region": "North America"})
    assert recognise(path) == recognise(bundled) == PIECE
    pd.testing.assert_frame_equal(read({PIECE: path})[TABLE], parse_troops(bundled))
