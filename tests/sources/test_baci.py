"""BACI's zip: faults named by member and line, one year reduced alone, no country lost."""

from __future__ import annotations

import csv
import struct
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pandas as pd
import pytest

import schemas
from indices.cube import Axes
from indices.definition import load_definition
from pipelines.core import trade
from pipelines.sources.baci import fetch
from pipelines.sources.baci.fetch import read_years, recognise
from pipelines.sources.names import load_map
from pipelines.sources.reading import SourceError
from pipelines.sources.russia_trade.reconcile import reconcile

NAMES = Path(schemas.__file__).parents[1] / "pipelines" / "sources" / "baci"
TABLE = schemas.table("raw_baci__flows")
HEADER = "t,i,j,k,v,q\n"
ROWS = """2020,56,156,270900,80.250,0.700
2020,58,156,270900,0.333,NA
2020,156,364,010121,1.125,0.5
2020,156,364,270112,1.001,
2020,156,364,9999AA,2.002,0.5
"""


def pack(folder: Path, text: str, year: int = 2020, name: str = "") -> Path:
    """A zip of one year."""
    path = folder / "BACI_HS92_V202601.zip"
    with ZipFile(path, "w", ZIP_DEFLATED) as made:
        made.writestr(name or f"BACI_HS92_Y{year}_V202601.csv", text)
        made.writestr("Readme.txt", "BACI")
    return path


def many(rows: int, seed: int = 1) -> str:
    """A year of several blocks of the reader, sorted."""
    made = np.random.default_rng(seed)
    values = made.integers(1, 10**9, rows)
    products = 10_000 + np.arange(rows) % 900_000
    lines = (
        f"2020,{4 if n < 900_000 else 8},156,{k:06d},{v // 1000}.{v % 1000:03d},1.000\n"
        for n, (k, v) in enumerate(zip(products, values, strict=True))
    )
    return HEADER + "".join(lines)


def test_values_are_summed_exactly_and_fuels_apart(tmp_path: Path) -> None:
    frame = schemas.validate(read_years(pack(tmp_path, HEADER + ROWS)), TABLE)
    rows = {tuple(r[1:3]): tuple(r[3:]) for r in frame.itertuples(index=False)}
    assert rows == {
        (56, 156): (80.25, 80.25, 1),
        (58, 156): (0.333, 0.333, 1),
        (156, 364): (4.128, 1.001, 3),
    }


def test_padded_cells_and_a_mark_at_the_start_are_read(tmp_path: Path) -> None:
    text = "\ufefft,i,j,k,v,q\n2020,4,12,010121,           1.235,          NA\n"
    assert read_years(pack(tmp_path, text))["value_usd_thousands"].to_list() == [1.235]


def test_a_long_year_is_summed_as_decimals_are(tmp_path: Path) -> None:
    text = many(150_000)
    frame = read_years(pack(tmp_path, text))
    expected = sum(Decimal(line.split(",")[4]) for line in text.splitlines()[1:])
    assert frame["value_usd_thousands"].to_list() == [float(expected)]
    assert frame["n_products"].to_list() == [150_000]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("t,i,j,k,v,q", "t,i,j,k,value,q", r"line 1: found columns .*'value'.*the columns \['v'\]"),
        ("1.125", "n/a", "line 4: found v: .*'n/a'"),
        ("1.125", "", "line 4: found v: "),
        ("1.125", "-1.125", "line 4: found v = -1.125"),
        ("1.125,0.5", "1.125", "line 4: found Expected 6 columns, got 5"),
        ("2020,156,364,010121", "2020,1x6,364,010121", "line 4: found i: .*'1x6'"),
        ("2020,156,364,010121", "2019,156,364,010121", "line 4: found the year t = 2019; expected"),
        ("010121", "10121", "line 4: found k = '10121'"),
        ("0.333,NA\n", "0.333,NA\n\n", "line 4: found t: .*invalid value ''"),
        (
            "2020,156,364,270112",
            "2020,156,364,010121",
            "line 5: found i = 156, j = 364, k = 010121 a second time",
        ),
        ("2.002,0.5\n", "2.002,0.5", "line 6: found a last line that is not ended"),
    ],
    ids=[
        "another header", "no number", "blank", "negative", "a cell too few", "no code",
        "another year", "lost zero", "blank line", "twice", "cut",
    ],
)  # fmt: skip
def test_a_bad_row_is_named_by_member_and_line(
    old: str, new: str, message: str, tmp_path: Path
) -> None:
    text = HEADER + ROWS
    assert old in text
    place = r"BACI_HS92_V202601\.zip!BACI_HS92_Y2020_V202601\.csv"
    with pytest.raises(SourceError, match=rf"(?s){place}.*{message}"):
        read_years(pack(tmp_path, text.replace(old, new, 1)))


def test_a_fault_in_a_later_block_has_its_line(tmp_path: Path) -> None:
    lines = many(150_000).splitlines(keepends=True)
    wide = [*lines[:140_000], lines[140_000].replace(",1.000", ",1.000,"), *lines[140_001:]]
    with pytest.raises(SourceError, match="line 140001: found Expected 6 columns, got 7"):
        read_years(pack(tmp_path, "".join(wide)))
    # Out of order and far apart, so that only a count of all flows finds it.
    with pytest.raises(SourceError, match=r"line 150002: found i = 4, .* a second time"):
        read_years(pack(tmp_path, "".join([*lines, lines[10]])))


def test_the_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    rows = ROWS.splitlines(keepends=True)
    first = read_years(pack(tmp_path, HEADER + ROWS))
    pd.testing.assert_frame_equal(
        first, read_years(pack(tmp_path, HEADER + "".join(reversed(rows))))
    )


def test_a_year_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="line 1: found a header and no rows"):
        read_years(pack(tmp_path, HEADER))


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def flip(data: bytes) -> bytes:
    """Spoil the checksum that the directory gives for the first member."""
    at = data.index(b"PK\x01\x02") + 16
    return data[:at] + bytes(4) + data[at + 4 :]


def shorten(data: bytes) -> bytes:
    """Take the last bytes off the first member's packed bytes, as a broken transfer does."""
    name = struct.unpack("<H", data[26:28])[0]
    packed = struct.unpack("<I", data[18:22])[0]
    at = 30 + name + packed
    return data[: at - 40] + bytes(40) + data[at:]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (cut, "cut short or damaged"),
        (flip, "Bad CRC-32 for file 'BACI_HS92_Y2020_V202601.csv'"),
        (shorten, "BACI_HS92_Y2020_V202601.csv"),
        (lambda _: b"<!DOCTYPE html><html>Access denied", "an HTML page"),
    ],
    ids=["truncated zip", "checksum", "damaged member", "html"],
)
def test_a_damaged_zip_is_refused(
    spoil: Callable[[bytes], bytes], message: str, tmp_path: Path
) -> None:
    path = pack(tmp_path, many(20_000))
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(SourceError, match=message):
        read_years(path)


def test_versions_are_not_mixed_and_years_are_continuous(tmp_path: Path) -> None:
    path = pack(tmp_path, HEADER + ROWS)
    with ZipFile(path, "a") as archive:
        archive.writestr("BACI_HS92_Y2021_V202501.csv", HEADER)
    with pytest.raises(SourceError, match=r"years of the versions \['202501', '202601'\]"):
        read_years(path)
    path = pack(tmp_path, HEADER + ROWS)
    with ZipFile(path, "a") as archive:
        archive.writestr("BACI_HS92_Y2022_V202601.csv", HEADER)
    with pytest.raises(SourceError, match=r"no member of the years \[2021\]"):
        read_years(path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("BACI_HS17_Y2020_V202601.csv", "BACI in another revision of the Harmonized System"),
        ("trade.csv", "a zip with the files trade.csv, Readme.txt"),
    ],
)
def test_another_zip_is_not_recognised(name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=rf"{message}.*source add baci FILE"):
        recognise(pack(tmp_path, HEADER + ROWS, name=name))


def test_a_single_year_is_not_recognised(tmp_path: Path) -> None:
    path = tmp_path / "BACI_HS92_Y2020_V202601.csv"
    path.write_text(HEADER + ROWS)
    with pytest.raises(SourceError, match="a year of BACI without the others"):
        recognise(path)


def test_one_changed_year_is_reduced_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    reduced: list[int] = []
    reduce = fetch.reduce_year
    monkeypatch.setattr(
        fetch,
        "reduce_year",
        lambda o, place, year: (reduced.append(year), reduce(o, place, year))[1],
    )

    def archive(value: str) -> Path:
        path = tmp_path / "BACI_HS92_V202601.zip"
        with ZipFile(path, "w", ZIP_DEFLATED) as made:
            for year in (2020, 2021, 2022):
                rows = ROWS.replace("2020,", f"{year},")
                if year == 2021:
                    rows = rows.replace("80.250", value)
                made.writestr(f"BACI_HS92_Y{year}_V202601.csv", HEADER + rows)
        return path

    first = read_years(archive("80.250"), cache)
    assert reduced == [2020, 2021, 2022]
    again = read_years(archive("80.250"), cache)
    assert reduced == [2020, 2021, 2022]
    pd.testing.assert_frame_equal(first, again)
    changed = read_years(archive("99.500"), cache)
    assert reduced == [2020, 2021, 2022, 2021]
    assert changed["value_usd_thousands"].sum() - first["value_usd_thousands"].sum() == 19.25
    one = read_years(archive("99.500"), cache, [2021])
    pd.testing.assert_frame_equal(one, changed[changed["year"] == 2021].reset_index(drop=True))
    with pytest.raises(SourceError, match=r"no year \[1994\] among 2020 to 2022"):
        read_years(archive("99.500"), cache, [1994])


def test_a_year_that_fails_is_not_kept(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    for _ in range(2):
        with pytest.raises(SourceError, match=r"v = -1\.125"):
            read_years(pack(tmp_path, HEADER + ROWS.replace("1.125", "-1.125")), cache)


AXES = Axes((2010, 2011), ("BEL", "CHN", "DEU", "IRN", "SDN", "TWN", "USA"))
EXISTS = np.ones((2, 7), dtype=bool)


def empty(table: str) -> pd.DataFrame:
    definition = schemas.table(table)
    return schemas.conform(pd.DataFrame(columns=list(definition.columns)), definition)


def reported(
    baci: pd.DataFrame, cow: pd.DataFrame | None = None, imts: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Reports of BACI's flows, and of others'."""
    return trade.reported_flows(
        empty("raw_cow_trade__flows") if cow is None else cow,
        empty("raw_imf__imts") if imts is None else imts,
        empty("raw_russia_trade__reports"),
        baci,
        AXES,
        EXISTS,
    )


def year(folder: Path, rows: str) -> pd.DataFrame:
    """Raw table of a year 2010 with these rows."""
    return read_years(pack(folder, HEADER + rows, 2010))


def test_states_with_two_numbers_are_not_lost(tmp_path: Path) -> None:
    rows = [
        f"2010,{code},364,270900,{value}.000,1.000\n"
        for value, code in enumerate((56, 58, 276, 280, 490, 729, 736, 842), start=1)
    ]
    # Within one state, and with what is none.
    rows += ["2010,276,280,010121,9.000,1.000\n", "2010,697,364,010121,9.000,1.000\n"]
    flows = reported(year(tmp_path, "".join(rows)))
    assert dict(zip(flows["exporter_iso3"], flows["value_usd"], strict=True)) == {
        "BEL": 3000,
        "DEU": 7000,
        "TWN": 5000,
        "SDN": 13000,
        "USA": 8000,
    }
    assert set(flows["importer_iso3"]) == set(flows["reporter"]) == {"IRN"}
    assert set(flows["valuation"]) == {"FOB"}


def test_between_the_imf_and_the_historical_set(tmp_path: Path) -> None:
    baci = year(tmp_path, "2010,156,276,010121,10.000,1\n2010,156,364,010121,20.000,1\n")
    cow = pd.DataFrame(
        {
            "ccode1": [255, 630],
            "ccode2": [710, 710],
            "year": [2010, 2011],
            "flow1_usd_millions": [53.0, 106.0],
            "flow2_usd_millions": [np.nan, np.nan],
        }
    )
    imts = pd.DataFrame(
        {
            "reporter": ["CHN"],
            "indicator": ["XG_FOB_USD"],
            "counterpart": ["IRN"],
            "counterpart_name": ["Iran"],
            "year": [2010],
            "value_usd_millions": [30.0],
        }
    )
    flows = reported(baci, cow, imts)
    assert len(flows) == 5
    chosen = trade.best_flows(
        flows, reconcile(empty("raw_russia_trade__reports")), load_definition()
    )
    columns = ["importer_iso3", "year", "recorded_usd", "source", "method"]
    chosen = chosen.round({"recorded_usd": 3})
    assert sorted(chosen[columns].itertuples(index=False, name=None)) == [
        ("DEU", 2010, 10_000.0, "baci", "reconciled"),
        ("IRN", 2010, 30e6, "imf", "exporter_report"),
        ("IRN", 2011, 100e6, "cow_trade", "importer_report"),
    ]


def test_without_baci_nothing_changes_and_an_absent_flow_is_no_zero(tmp_path: Path) -> None:
    assert len(reported(empty("raw_baci__flows"))) == 0
    flows = reported(year(tmp_path, "2010,156,276,010121,10.000,1\n"))
    assert flows[["exporter_iso3", "importer_iso3"]].to_numpy().tolist() == [["CHN", "DEU"]]


@pytest.mark.realdata
def test_every_code_of_the_real_list_is_mapped_to_its_letters(shared_data: Path) -> None:
    text = (shared_data / "trade" / "baci_country_codes_V202201.csv").read_text("utf-8-sig")
    rows = list(csv.DictReader(text.splitlines()))
    names = load_map(NAMES).set_index("name")
    assert sorted(names.index) == sorted(r["country_code"] for r in rows)
    other = {
        r["country_code"]: (r["iso_3digit_alpha"], iso3)
        for r in rows
        if (iso3 := str(names["iso3"][r["country_code"]])) != r["iso_3digit_alpha"]
    }
    # By what the number covers, not by its letters: no letters, and two states that are gone.
    assert other == {
        "490": ("N/A", "TWN"),
        "697": ("N/A", ""),
        "849": ("N/A", ""),
        "810": ("SUN", "RUS"),
        "891": ("SCG", "SRB"),
    }
