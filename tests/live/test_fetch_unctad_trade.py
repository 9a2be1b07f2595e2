"""UNCTAD's totals from a local bulk download: the archive, its CSV, and what is neither."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from serving import Upstream
from upstreams import unctad_trade

import schemas
from pipelines.live.web import Address, Web
from pipelines.sources.reading import SourceError
from pipelines.sources.unctad_trade.fetch import PIECE, fetch, read, recognise
from pipelines.sources.unctad_trade.parse import parse_merchandise_totals

Local = Callable[..., Address]
TABLE = schemas.table("raw_unctad__merchandise_totals")


def written(folder: Path, data: bytes, name: str = "US_TradeMerchTotal.7z") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def totals(path: Path) -> pd.DataFrame:
    return read({PIECE: path})["raw_unctad__merchandise_totals"]


def test_a_refresh_gives_the_totals(upstream: Upstream, local: Local, tmp_path: Path) -> None:
    upstream.replies = unctad_trade.replies()
    with Web(local("unctad_trade")) as web:
        (piece,) = fetch(web, tmp_path)
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", piece.version)
    frame = schemas.validate(totals(piece.path), TABLE)
    key = ["unctad_code", "year", "flow"]
    values = frame.set_index(key)["value_usd_millions"]
    assert values[("158", 2022, "exports")] == 477777.5
    assert values[("798", 2023, "exports")] == 0
    assert pd.isna(values[("810", 2022, "exports")])
    notes = frame.set_index(key)["footnote"]
    assert notes[("364", 2022, "imports")] == "Estimated"
    assert pd.isna(notes[("158", 2022, "exports")])
    assert frame["unctad_iso3"].isna().all()
    assert recognise(piece.path) == PIECE


def test_the_csv_alone_is_taken(tmp_path: Path) -> None:
    alone = written(tmp_path, unctad_trade.TEXT, "US_TradeMerchTotal.csv")
    assert recognise(alone) == PIECE
    packed = written(tmp_path, unctad_trade.archive())
    pd.testing.assert_frame_equal(totals(alone), totals(packed))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"Economy Label", b"Economy Name", r"line 1: .*also the columns \['Economy Label'\]"),
        (b"US$ at", b"Euro at", r"also the columns \['US\$ at current prices in millions'"),
        (b"477777.5", b"n/a", "line 6: found US. at current prices in millions = 'n/a'"),
        (b'"01","Imports",58700', b'"03","Balance",58700', "line 4: found flow = 'balance'"),
        (b'"798"', b'"0000"', "line 10: found .* a second time"),
        (b",0,,\n", b",0,,", "a last line that is not ended"),
    ],
    ids=["column", "currency", "no number", "flow", "twice", "cut"],
)
def test_a_bad_row_is_named_by_member_and_line(
    old: bytes, new: bytes, message: str, tmp_path: Path
) -> None:
    assert old in unctad_trade.TEXT
    data = unctad_trade.archive(unctad_trade.TEXT.replace(old, new))
    place = r"US_TradeMerchTotal\.7z!US_TradeMerchTotal\.csv"
    with pytest.raises(SourceError, match=f"{place}.*{message}"):
        totals(written(tmp_path, data))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda d: d[:-20], "cut short or damaged"),
        (lambda d: d[:60] + bytes([d[60] ^ 255]) + d[61:], "cut short or damaged"),
        (lambda _: unctad_trade.archive(b"x", "x/US_TradeMerchTotal.csv"), "the files x/US_Trade"),
        (lambda _: unctad_trade.archive(b"x", "US_TradeServTotal.csv"), "another table of UNCTAD"),
        (lambda _: unctad_trade.archive(bytes(4_000_000)), "decompression bomb"),
        (lambda _: b"<!DOCTYPE html><html>Just a moment", "an HTML page"),
        (lambda _: b"Economy;Year;Value\n", "expected UNCTADstat's bulk download"),
        (lambda _: b"PK\x03\x04", "expected UNCTADstat's bulk download"),
    ],
    ids=["cut", "damaged", "in a folder", "another", "bomb", "html", "csv", "zip"],
)
def test_another_file_is_refused(
    spoil: Callable[[bytes], bytes], message: str, tmp_path: Path
) -> None:
    path = written(tmp_path, spoil(unctad_trade.archive()))
    with pytest.raises(SourceError, match=message):
        totals(path) if recognise(path) == PIECE else None


@pytest.mark.realdata
def test_all_real_totals_in_this_form_are_the_same(shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "trade" / "unctad_merch_totals_1948_2024.parquet"
    real = pd.read_parquet(path)
    columns = [c.strip('"') for c in unctad_trade.HEADER.split(",")]
    rows = pd.DataFrame(
        {
            "Year": real["year"],
            "Economy": real["unctad_code"],
            "Economy Label": real["economy"],
            "Flow Label": real["flow"].str.capitalize(),
            columns[5]: real["value_usd_mn"],
            columns[6]: real["footnote"],
        }
    ).reindex(columns=columns)
    packed = written(tmp_path, unctad_trade.archive(rows.to_csv(index=False).encode()))
    expected = parse_merchandise_totals(path).drop(columns="unctad_iso3")
    pd.testing.assert_frame_equal(totals(packed).drop(columns="unctad_iso3"), expected)
