"""IMTS from a local SDMX service: dollars, blanks, groups, and replies with nothing in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pandas as pd
import pytest
from serving import Upstream
from upstreams import imf

import schemas
from pipelines.core.trade import _imf
from pipelines.live.web import Address, Web
from pipelines.sources.imf.fetch import ACCEPT, fetch, read, recognise
from pipelines.sources.reading import SourceError

Local = Callable[..., Address]
TABLE = schemas.table("raw_imf__imts")
EXPORT = Path(__file__).parents[1] / "sources" / "fixtures" / "imf_imts.csv"


@pytest.fixture
def pieces(upstream: Upstream, local: Local, tmp_path: Path) -> dict[str, Path]:
    upstream.replies = imf.replies()
    with Web(local("imf")) as web:
        found = fetch(web, tmp_path)
    assert [(p.name, p.version) for p in found] == [
        ("countries", ""),
        ("imts_CHN_USA", "2026-08-05"),
        ("imts_YUG_YUG", "2026-08-05"),
    ]
    assert upstream.asked[1].headers["Accept"] == ACCEPT
    return {p.name: p.path for p in found}


def of(frame: pd.DataFrame, *key: str) -> dict[int, float]:
    columns = ["reporter", "indicator", "counterpart"]
    rows = frame[(frame[columns] == list(key)).all(axis=1)]
    return dict(zip(rows["year"], rows["value_usd_millions"], strict=True))


def test_dollars_become_millions_and_blanks_stay_blank(pieces: dict[str, Path]) -> None:
    frame = schemas.validate(read(pieces)["raw_imf__imts"], TABLE)
    assert of(frame, "CHN", "MG_CIF_USD", "SAU") == {1989: 78000, 1990: 64000, 1991: 57000}
    iran = of(frame, "CHN", "MG_CIF_USD", "IRN")
    assert (iran[1989], iran[1990], pd.isna(iran[1991])) == (6353, 4578, True)
    # No row for a year in which the reporter gives nothing of the kind.
    assert of(frame, "CHN", "XG_FOB_USD", "USA") == {1991: 100_000}
    assert of(frame, "YUG", "XG_FOB_USD", "USA") == {1990: 12_000}
    names = frame.set_index("counterpart")["counterpart_name"].to_dict()
    assert names["IRN"] == "Iran, Islamic Republic of"
    # The groups overlap; the world and what is not allocated do not.
    assert set(frame["counterpart"]) == {"CHN", "G001", "IRN", "SAU", "TX899", "USA"}


def test_the_figures_are_those_that_sdmx1_reads(pieces: dict[str, Path]) -> None:
    """The field's library reads the messages whole, and much slower (see `service`)."""
    import sdmx

    (codes,) = sdmx.read_sdmx(BytesIO(pieces["countries"].read_bytes())).codelist.values()
    assert {c.id: str(c.name) for c in codes} == imf.NAMES
    paths = [path for name, path in sorted(pieces.items()) if name.startswith("imts_")]
    messages = [sdmx.read_sdmx(BytesIO(path.read_bytes())) for path in paths]
    series = pd.concat([sdmx.to_pandas(m.data[0]) for m in messages])
    levels = ["COUNTRY", "INDICATOR", "COUNTERPART_COUNTRY", "TIME_PERIOD"]
    theirs = {
        (*key[:3], int(key[3])): value / 1e6
        for key, value in zip(series.reset_index()[levels].to_numpy(), series, strict=True)
        if key[2] != "G110"
    }
    ours = read(pieces)["raw_imf__imts"].dropna(subset="value_usd_millions")
    columns = ["reporter", "indicator", "counterpart", "year"]
    assert ours.set_index(columns)["value_usd_millions"].to_dict() == pytest.approx(theirs)


def test_a_blank_of_a_reporter_that_reports_becomes_a_recorded_nothing(
    pieces: dict[str, Path],
) -> None:
    reports = _imf(read(pieces)["raw_imf__imts"])
    flows = reports.set_index(["exporter_iso3", "importer_iso3", "year", "reporter"])["value_usd"]
    assert flows[("IRN", "CHN", 1991, "CHN")] == 0
    assert flows[("SAU", "CHN", 1991, "CHN")] == 57e9
    assert flows[("SAU", "CHN", 1991, "SAU")] == 60e9
    # Until 1991 the code is the Socialist Federal Republic's.
    assert flows[("YUG", "USA", 1990, "YUG")] == 12e9
    assert len(flows) == 3 * 3 + 1 + 2 + 1


def test_an_empty_reply_names_the_reporters(
    upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    listing, data, other = imf.replies()
    upstream.replies = [listing, replace(data, body=imf.message({})), other]
    with (
        Web(local("imf")) as web,
        pytest.raises(
            SourceError,
            match=r"HTTP 200 and no observation of CHN, IRN, RUS, SAU, USA;.*source add imf FILE",
        ),
    ):
        fetch(web, tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'"IRN" FREQUENCY="A"', b'"IRN" FREQUENCY="M"', "series CHN.MG_CIF_USD.IRN.M in USD"),
        (b'"MG_CIF_USD" COUNTER', b'"TBG_USD" COUNTER', "series CHN.TBG_USD.G001.A"),
        (b'SCALE="6"', b'UNIT="EUR"', "series CHN.MG_CIF_USD.G001.A in EUR"),
        (b'OBS_VALUE="6353000000"', b'OBS_VALUE="n/a"', "OBS_VALUE='n/a' in CHN.MG_CIF_USD.IRN"),
        (b'TIME_PERIOD="1990"', b'TIME_PERIOD="1990-Q1"', "TIME_PERIOD='1990-Q1'"),
        (b'"SAU" FREQUENCY', b'"IRN" FREQUENCY', "CHN.MG_CIF_USD.IRN.A a second time"),
        (b'TIME_PERIOD="1990"', b'TIME_PERIOD="1989"', "CHN.MG_CIF_USD.G001 with a year twice"),
        (b"COUNTERPART_COUNTRY=", b"PARTNER=", r"'PARTNER'.*also \['COUNTERPART_COUNTRY'\]"),
        (b"</message:DataSet>", b"", "a whole SDMX-ML message"),
        (b'"TX899"', b'"TX777"', r"counterparts \['TX777'\] without a name"),
        # A part that is gone, in one direction of two reporters.
        (b'"900000000000"', b'"90000000000"', r"CHN MG_CIF_USD 1990 \+73\.6 %"),
    ],
    ids=[
        "monthly", "balance", "euro", "no number", "quarter", "series twice", "year twice",
        "column", "cut",
        "unknown code", "a part lost",
    ],
)  # fmt: skip
def test_a_reply_of_another_form_is_refused(
    old: bytes, new: bytes, message: str, pieces: dict[str, Path]
) -> None:
    data = pieces["imts_CHN_USA"].read_bytes()
    assert old in data
    pieces["imts_CHN_USA"].write_bytes(data.replace(old, new, 1))
    with pytest.raises(SourceError, match=message):
        read(pieces)


def test_millions_instead_of_dollars_are_noticed(pieces: dict[str, Path]) -> None:
    for name in ("imts_CHN_USA", "imts_YUG_YUG"):
        data = pieces[name].read_bytes()
        pieces[name].write_bytes(data.replace(b'000000"', b'"'))
    with pytest.raises(SourceError, match=r"1200000 as the largest trade .*expected dollars"):
        read(pieces)


def test_the_portals_export_is_taken_for_its_reporters(
    pieces: dict[str, Path], tmp_path: Path
) -> None:
    # The fixture's second year is off by 2 %, which one file of two years does not allow.
    whole = tmp_path / "export.csv"
    text = EXPORT.read_text("utf-8")
    assert '"9","8"' in text
    whole.write_text(text.replace('"9","8"', '"9","10"'), encoding="utf-8")
    assert recognise(whole) == "portal"
    frame = read({**pieces, "portal": whole})["raw_imf__imts"]
    assert set(frame.loc[frame["reporter"] == "CHN", "year"]) == {2003, 2004}
    assert set(frame["reporter"]) == {"CHN", "SAU", "YUG"}
    alone = read({"portal": whole})["raw_imf__imts"]
    assert set(alone["reporter"]) == {"CHN"}
    with pytest.raises(SourceError, match=r"CHN MG_CIF_USD 2004 .2\.0 %"):
        read({"portal": EXPORT})


def test_other_files_are_not_recognised(pieces: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="an XML message of the service"):
        recognise(pieces["imts_CHN_USA"])
    other = tmp_path / "imts.csv"
    other.write_text("DATAFLOW,COUNTRY,COUNTERPART_COUNTRY,TIME_PERIOD,OBS_VALUE\n")
    with pytest.raises(SourceError, match="SDMX-CSV of the service"):
        recognise(other)


@pytest.mark.realdata
def test_real_export_passes_the_check_of_its_world(shared_data: Path) -> None:
    path = shared_data / "trade" / "imf_imts_portal_CHN_USA_2001_2024.csv"
    assert recognise(path) == "portal"
    assert set(read({"portal": path})["raw_imf__imts"]["reporter"]) == {"CHN", "USA"}
