"""World Bank figures from a local service: all pages, messages with HTTP 200, the page's zip."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pandas as pd
import pytest
from serving import Upstream
from upstreams import worldbank

import schemas
from pipelines.live.web import Address, Web
from pipelines.sources.reading import SourceError
from pipelines.sources.worldbank.fetch import fetch, read, recognise

Local = Callable[..., Address]
NOT_FOUND = [
    {
        "message": [
            {
                "id": "175",
                "key": "Invalid format",
                "value": "The indicator was not found. It may have been deleted or archived.",
            }
        ]
    }
]
DOWNLOAD = """"Data Source","World Development Indicators",

"Last Updated Date","2026-07-01",

"Country Name","Country Code","Indicator Name","Indicator Code","2022","2023","2024",
"Eritrea","ERI","GDP (current US$)","NY.GDP.MKTP.CD","","","",
"Namibia","NAM","GDP (current US$)","NY.GDP.MKTP.CD","12569352795.5","12351040354.8","",
"World","WLD","GDP (current US$)","NY.GDP.MKTP.CD","101225057000000","106171668000000","1.11E+14",
"""


@pytest.fixture
def pieces(upstream: Upstream, local: Local, tmp_path: Path) -> dict[str, Path]:
    upstream.replies = worldbank.replies()
    with Web(local("worldbank")) as web:
        found = fetch(web, tmp_path)
    assert [(p.name, p.version) for p in found] == [
        ("gdp_page_01", "2026-07-01"),
        ("gdp_page_02", "2026-07-01"),
        ("population_page_01", "2026-07-01"),
        ("population_page_02", "2026-07-01"),
    ]
    return {p.name: p.path for p in found}


def values(frame: pd.DataFrame) -> dict[tuple[str, int], float]:
    columns = ["country_code", "year", frame.columns[-1]]
    return {(code, year): value for code, year, value in frame[columns].itertuples(index=False)}


def download(folder: Path, text: str = DOWNLOAD, indicator: str = "NY.GDP.MKTP.CD") -> Path:
    """The zip of an indicator's page, with its two lists of metadata."""
    path = folder / f"API_{indicator}_DS2_en_csv_v2_130026.zip"
    with ZipFile(path, "w", ZIP_DEFLATED) as made:
        made.writestr(f"Metadata_Indicator_API_{indicator}_DS2_en_csv_v2_130026.csv", "x\n")
        made.writestr(f"API_{indicator}_DS2_en_csv_v2_130026.csv", text)
        made.writestr(f"Metadata_Country_API_{indicator}_DS2_en_csv_v2_130026.csv", "x\n")
    return path


def test_all_pages_of_both_indicators(pieces: dict[str, Path]) -> None:
    tables = read(pieces)
    for name, frame in tables.items():
        schemas.validate(frame, schemas.table(name))
    gdp = values(tables["raw_worldbank__gdp"])
    assert gdp.pop(("ERI", 2024)) is not None
    assert gdp == {
        ("IRN", 2023): 404625655204.866,
        ("IRN", 2024): 436906334278.402,
        ("NAM", 2024): 13372354795.4,
        ("WLD", 2023): 106431671069036,
        ("WLD", 2024): 111326370207286,
    }
    assert values(tables["raw_worldbank__population"])[("ERI", 2024)] == 3535603
    names = tables["raw_worldbank__gdp"].set_index("country_code")["country_name"]
    assert names["NAM"] == "Namibia"


def test_null_is_missing(pieces: dict[str, Path]) -> None:
    assert pd.isna(values(read(pieces)["raw_worldbank__gdp"])[("ERI", 2024)])


def test_a_message_with_http_200_is_told(upstream: Upstream, local: Local, tmp_path: Path) -> None:
    first, *rest = worldbank.replies()
    upstream.replies = [replace(first, body=json.dumps(NOT_FOUND).encode()), *rest]
    with (
        Web(local("worldbank")) as web,
        pytest.raises(SourceError, match="'Invalid format: The indicator was not found"),
    ):
        fetch(web, tmp_path)


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ({"total": 7}, "different updates"),
        ({"lastupdated": "2026-07-02"}, "different updates"),
        ({"page": 1}, r"the pages \[1, 1\] of NY.GDP.MKTP.CD; expected 1 to 2"),
    ],
    ids=["counts differ", "updated between", "a page twice"],
)
def test_pages_that_do_not_belong_together(
    head: dict[str, object], message: str, pieces: dict[str, Path]
) -> None:
    pieces["gdp_page_02"].write_bytes(worldbank.page("NY.GDP.MKTP.CD", 2, **head))
    with pytest.raises(SourceError, match=message):
        read(pieces)


def test_a_row_less_than_the_service_counts(pieces: dict[str, Path]) -> None:
    for name in ("gdp_page_01", "gdp_page_02"):
        data = pieces[name].read_bytes()
        pieces[name].write_bytes(data.replace(b'"total":6', b'"total":7'))
    with pytest.raises(SourceError, match=r"found 6 rows of NY\.GDP\.MKTP\.CD; expected 7"):
        read(pieces)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'"countryiso3code"', b'"iso3"', "row 1: found .*expected a row with"),
        (b'"IRN"', b'""', "row 3: found the country code ''"),
        (b'"2023"', b'"2023Q1"', "row 2: found date = '2023Q1'"),
        (b"106431671069036", b'"106431671069036"', "row 2: found value = '106431671069036'"),
        (b"NY.GDP.MKTP.CD", b"NY.GDP.MKTP.KD", r"the indicators \['NY.GDP.MKTP.KD'\]"),
        (b'"2023"', b'"2024"', "a second time"),
        (b"]]", b"]", "no whole JSON"),
        (b'"pages"', b'"count"', r"also the columns \['pages'\]"),
    ],
    ids=["column", "no code", "quarter", "text", "indicator", "year twice", "cut", "head"],
)  # fmt: skip
def test_a_page_of_another_form_is_refused(
    old: bytes, new: bytes, message: str, pieces: dict[str, Path]
) -> None:
    data = pieces["gdp_page_01"].read_bytes()
    assert old in data
    pieces["gdp_page_01"].write_bytes(data.replace(old, new, 1))
    with pytest.raises(SourceError, match=message):
        read(pieces)


def test_the_pages_own_zip_is_taken(pieces: dict[str, Path], tmp_path: Path) -> None:
    path = download(tmp_path)
    assert recognise(path) == "gdp"
    tables = read({**pieces, "gdp": path})
    gdp = values(tables["raw_worldbank__gdp"])
    assert gdp[("NAM", 2023)] == 12351040354.8
    assert pd.isna(gdp[("NAM", 2024)])
    assert len(gdp) == 9
    assert len(tables["raw_worldbank__population"]) == 3
    with pytest.raises(SourceError, match=r"no figures of population.*SP\.POP\.TOTL too"):
        read({"gdp": path})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"12351040354.8"', '".."', "line 7: found 2023 = '..'"),
        ('"NY.GDP.MKTP.CD","12', '"NY.GDP.PCAP.CD","12', r"indicators \['NY.GDP.PCAP.CD'\]"),
        ('"Country Code"', '"Code"', r"line 5: .*also the columns \['Country Code'\]"),
        ('"Country Name"', '"Country"', "also the columns"),
    ],
)
def test_a_download_of_another_form_is_refused(
    old: str, new: str, message: str, pieces: dict[str, Path], tmp_path: Path
) -> None:
    assert old in DOWNLOAD
    path = download(tmp_path, DOWNLOAD.replace(old, new))
    with pytest.raises(SourceError, match=message):
        read({**pieces, "gdp": path})


def test_another_zip_says_what_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"a zip with the files.*source add worldbank FILE"):
        recognise(download(tmp_path, indicator="NY.GDP.PCAP.CD"))
