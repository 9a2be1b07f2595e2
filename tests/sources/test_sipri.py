"""SIPRI: the register's layouts and vintages, the service's reply, the TIV tables, real files."""

from __future__ import annotations

import base64
import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import schemas
from pipelines.core.geo import mid_year
from pipelines.sources.names import load_map, map_names
from pipelines.sources.reading import SourceError
from pipelines.sources.sipri.parse import (
    combine,
    parse_api_reply,
    parse_register,
    parse_tiv_table,
    summarise,
)

DELIVERIES = schemas.table("raw_sipri__deliveries")
TIV_TABLES = schemas.table("raw_sipri__tiv_tables")
NAMES = Path(schemas.__file__).parents[1] / "pipelines" / "sources" / "sipri"

PREAMBLE = """\
Transfers of major conventional arms from All countries  to All countries . Deals with deliveries \
or orders made for year range '{start}' to '{end}'
A '?' in a column indicates uncertain data. The 'Number delivered' and the 'Year(s) of deliveries' \
refer only to deliveries in the selected year(s).
SIPRI trend-indicator values (TIVs) are in millions.
Figures may not add up to stated totals due to the conventions of rounding.

Source: SIPRI Arms Transfers Database (c) SIPRI.
Data generated: {day} 3:44:54 PM
"""
HEADER = (
    "SIPRI AT Database ID,Supplier,Recipient,Designation,Description,Armament category,Order date,"
    "Order date is estimate,Numbers delivered,Numbers delivered is estimate,Delivery year,"
    "Delivery year is estimate,Status,SIPRI estimate,TIV deal unit,TIV delivery values,"
    "Local production\n"
)
ALBANIA = (
    "55238,Albania,Burkina Faso,PM-43 120mm,mortar,Artillery,2011,Yes,12,No,2011,No,Second hand,"
    "0.25,0.1,1.2,No\n"
)
IRAN_2022 = (
    "70001,Iran,Russia,Shahed-136,loitering munition,Missiles,2022,Yes,300,Yes,2022,Yes,New,"
    "0.1,0.1,30,Yes\n"
)
IRAN_2023 = IRAN_2022.replace("300,Yes,2022", "1000,Yes,2023").replace(",30,", ",100,")
ORDERED = "70002,Russia,Iran,Su-35,,Aircraft,2023,,,,,,New,65,65,,No\n"
ROWS = ALBANIA + IRAN_2022 + IRAN_2023 + ORDERED


def text(
    rows: str = ROWS,
    start: int = 1990,
    end: int = 2023,
    day: str = "13 Apr 2024",
    header: str = HEADER,
) -> str:
    """Return a register as the service writes it."""
    return PREAMBLE.format(start=start, end=end, day=day) + header + rows


def saved(folder: Path, data: str | bytes, name: str = "register.csv") -> Path:
    """Write a file, text in the register's encoding, its line ends kept."""
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode("iso-8859-1"))
    return path


def parsed(folder: Path, data: str | bytes) -> pd.DataFrame:
    """Parse and validate a register."""
    return schemas.validate(parse_register(saved(folder, data)), DELIVERIES)


def line_of(data: str, row: str) -> int:
    """Return the line of a file in which a row stands."""
    return data[: data.index(row)].count("\n") + 1


def refused(folder: Path, parse: Callable[[Path], pd.DataFrame], data: str | bytes) -> SourceError:
    """Parse and return the error, which must name the file and what to do."""
    path = saved(folder, data)
    with pytest.raises(SourceError, match="To mend it: ") as error:
        parse(path)
    assert str(path) in str(error.value)
    return error.value


def test_each_column_is_what_the_register_says(tmp_path: Path) -> None:
    row = parsed(tmp_path, text()).set_index("delivery_id").loc["70001-2023"]
    assert row.to_dict() == {
        "register_id": 70001,
        "supplier": "Iran",
        "recipient": "Russia",
        "designation": "Shahed-136",
        "description": "loitering munition",
        "category": "Missiles",
        "order_year": 2022,
        "is_order_year_estimate": True,
        "number_delivered": 1000,
        "is_number_estimate": True,
        "delivery_year": 2023,
        "is_delivery_year_estimate": True,
        "status": "New",
        "sipri_estimate": 0.1,
        "tiv_deal_unit": 0.1,
        "tiv_millions": 100,
        "is_local_production": True,
        "generated_on": pd.Timestamp("2024-04-13"),
        "covered_from": 1990,
        "covered_to": 2023,
    }


@pytest.mark.parametrize("length", [0, 3, 40])
def test_the_header_is_found_by_name(length: int, tmp_path: Path) -> None:
    more = "A line that the service added.\n" * length
    assert parsed(tmp_path, more + text()).equals(parsed(tmp_path, text()))


def test_an_order_stands_once_for_each_delivery_year(tmp_path: Path) -> None:
    keys = parsed(tmp_path, text())["delivery_id"].to_list()
    assert keys == ["55238-2011", "70001-2022", "70001-2023", "70002-none"]


def test_an_order_without_a_delivery_has_no_year_and_no_volume(tmp_path: Path) -> None:
    row = parsed(tmp_path, text()).set_index("delivery_id").loc["70002-none"]
    assert [name for name, value in row.items() if pd.isna(value)] == [
        "description",
        "is_order_year_estimate",
        "number_delivered",
        "is_number_estimate",
        "delivery_year",
        "is_delivery_year_estimate",
        "tiv_millions",
    ]


def test_a_register_saved_again_by_a_spreadsheet_is_the_same(tmp_path: Path) -> None:
    lines = text().removesuffix("\n").split("\n")
    again = ";\r\n".join(lines) + ";"
    assert parsed(tmp_path, again).equals(parsed(tmp_path, text()))


@pytest.mark.parametrize(
    "broken",
    [
        ALBANIA.replace("PM-43 120mm", "PM-43\n120mm"),
        ALBANIA.replace("PM-43 120mm", "PM-43\r120mm"),
        ALBANIA.replace("PM-43 120mm", "PM-43\r\r\n120mm"),
        ALBANIA.replace("PM-43 120mm", '"PM-43\n120mm"'),
        ALBANIA.replace("\n", "\r\n\r\n"),
    ],
    ids=["line break", "bare CR", "CR CR LF", "quoted line break", "blank line"],
)
def test_stray_line_ends_do_not_break_a_row(broken: str, tmp_path: Path) -> None:
    assert parsed(tmp_path, text(broken + IRAN_2022)).equals(
        parsed(tmp_path, text(ALBANIA + IRAN_2022))
    )


def test_a_quote_that_is_never_closed_swallows_no_row(tmp_path: Path) -> None:
    broken = ALBANIA.replace(",No\n", ',"No\n')
    assert parsed(tmp_path, text(broken + IRAN_2022)).equals(
        parsed(tmp_path, text(ALBANIA + IRAN_2022))
    )


def test_blanks_around_a_name_are_no_part_of_it(tmp_path: Path) -> None:
    padded = ALBANIA.replace("Albania", "Albania ").replace("120mm", "120mm ")
    assert parsed(tmp_path, text(padded)).equals(parsed(tmp_path, text(ALBANIA)))


def test_lines_are_counted_in_the_file_despite_line_breaks(tmp_path: Path) -> None:
    data = text(ALBANIA.replace("PM-43 120mm", "PM-43\n120mm") + IRAN_2022.replace(",30,", ",x,"))
    error = refused(tmp_path, parse_register, data)
    assert error.line == line_of(data, "70001,")
    assert "tiv_millions = 'x'; expected a number" in str(error)


def test_names_are_latin_1(tmp_path: Path) -> None:
    frame = parsed(tmp_path, text(ALBANIA.replace("PM-43", "Orlík")))
    assert frame["designation"].item() == "Orlík 120mm"


def test_a_file_saved_again_as_utf_8_is_refused(tmp_path: Path) -> None:
    data = text(IRAN_2022 + ALBANIA.replace("PM-43", "Orlík"))
    error = refused(tmp_path, parse_register, data.encode("utf-8"))
    assert error.line == line_of(data, "55238,")
    assert "text in UTF-8; expected text in iso-8859-1" in str(error)


def test_the_column_of_july_2026_has_its_new_name(tmp_path: Path) -> None:
    renamed = HEADER.replace("Numbers delivered,", "Deliveries in the Year Range,")
    assert parsed(tmp_path, text(header=renamed)).equals(parsed(tmp_path, text()))


def test_the_columns_may_stand_in_another_order(tmp_path: Path) -> None:
    rows = [line.split(",") for line in text().split("\n")]
    head = next(k for k, row in enumerate(rows) if row[0].startswith("SIPRI AT"))
    turned = [[r[0], *r[:0:-1]] if k >= head and len(r) == 17 else r for k, r in enumerate(rows)]
    data = "\n".join(",".join(row) for row in turned)
    assert data != text()
    assert parsed(tmp_path, data).equals(parsed(tmp_path, text()))


def test_a_year_in_the_range_without_any_delivery_is_not_covered(tmp_path: Path) -> None:
    # The register of February 2026 was asked for to 2025 and ends in 2024.
    frame = parsed(tmp_path, text(end=2025))
    assert set(frame["covered_to"]) == {2023}
    undelivered = parsed(tmp_path, text(ORDERED, 2023, 2024))
    assert set(undelivered["covered_to"]) == {2024}


BY_DEAL = (
    "Recipient,Supplier,Year of order,,Number ordered,,Weapon designation,Weapon description,"
    "Number delivered,,Year(s) of delivery,status,Comments,SIPRI TIV per unit,SIPRI TIV for total "
    "order,SIPRI TIV of delivered weapons\n"
    "Iran,Russia,1998,,2,,Mi-8,transport helicopter,2,,2017; 2018,New,,5,10,10\n"
)


@pytest.mark.parametrize(
    ("data", "row", "message"),
    [
        (PREAMBLE + BY_DEAL, "Recipient,", "the layout by deal ('Year(s) of delivery')"),
        (text(ALBANIA + ALBANIA), None, "delivery_id = '55238-2011'; expected one row for each"),
        (text(ORDERED + ORDERED), None, "delivery_id = '70002-none'; expected one row for each"),
        (text(IRAN_2022 + ALBANIA[:30]), "55238,", "found 4 fields; expected 17"),
        (text(IRAN_2022 + ALBANIA[:-3]), "55238,", "a last row without its last field"),
        (text(IRAN_2022 + ALBANIA[:-2]), "55238,", "is_local_production = 'N'"),
        (text(ALBANIA.replace("PM-43", '"PM-43') + IRAN_2022), "55238,", "fields; expected 17"),
        (text(ALBANIA.replace("mortar", "mortar, heavy")), "55238,", "found 18 fields"),
        (text(ALBANIA.replace("2011,No,Sec", "2011,maybe,Sec")), "55238,", "Yes, No or a blank"),
        (text(ALBANIA.replace("12,No,2011", "12,No,2011.5")), "55238,", "expected a whole number"),
        (text(ALBANIA.replace("12,No,2011", "12,No,1989")), "55238,", "expected 1990 to 2023"),
        (text(ALBANIA.replace("1.2", "-9")), "55238,", "tiv_millions = '-9'; expected a number, 0"),
        (text(ALBANIA.replace("Albania", "")), "55238,", "supplier = ''; expected a name"),
        (text(""), HEADER, "a header and no rows"),
        (text(header=HEADER.replace("TIV deal unit", "TIV")), HEADER[:9], "['TIV deal unit']"),
        (text().replace(",", ";"), HEADER[:9], "expected also the columns ['SIPRI AT"),
        (text().replace("Data generated", "Generated"), "Transfers", "the day of generation"),
        (text(day="13 Abc 2024"), "Transfers", "the day of generation"),
        (text().replace("year range", "years"), "Transfers", "the year range"),
        (text().replace("to All countries ", "to Iran "), "Transfers", "a register of some states"),
        ("a,b\n1,2\n", None, "no header line; the file begins 'a,b'"),
        (b"", None, "an empty file"),
        (b"<!DOCTYPE html><html></html>", None, "an HTML page"),
    ],
    ids=["by deal", "twice", "undelivered twice", "cut row", "cut last field", "cut last word",
         "open quote", "shifted", "flag", "half a year", "outside the range", "negative", "no name",
         "no rows", "missing column", "semicolons", "no day", "no such day", "no range",
         "some states", "another file", "empty", "HTML"],
)  # fmt: skip
def test_what_is_no_such_register_is_refused(
    data: str | bytes, row: str | None, message: str, tmp_path: Path
) -> None:
    error = refused(tmp_path, parse_register, data)
    assert message in str(error)
    if row is not None:
        assert isinstance(data, str)
        assert error.line == line_of(data, row)


def test_a_row_that_stands_twice_is_named(tmp_path: Path) -> None:
    data = text(ALBANIA + IRAN_2022 + ALBANIA)
    assert refused(tmp_path, parse_register, data).line == data.count("\n")


def reply(data: str) -> str:
    """Return the service's reply that wraps a register."""
    return json.dumps({"bytes": base64.b64encode(data.encode("iso-8859-1")).decode()})


def test_the_reply_is_the_register_it_wraps(tmp_path: Path) -> None:
    data = text(ALBANIA.replace("PM-43", "Orlík") + IRAN_2022)
    inside = parse_api_reply(saved(tmp_path, reply(data), "reply.json"))
    assert inside.equals(parsed(tmp_path, data))


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (reply(text())[:-40], 'the reply \'{"bytes"'),
        ('{"message": "Too many requests"}', 'the reply \'{"message": "Too many requests"}\''),
        ('["bytes"]', "the reply '[\"bytes\"]'"),
        ('{"bytes": "(QUJD)"}', 'the reply \'{"bytes": "(QUJD)"}\''),
        ('{"bytes": 7}', "the reply '{\"bytes\": 7}'"),
        (reply("Recipient,Supplier\n"), "no header line"),
        (b"", "an empty file"),
        (b"<html></html>", "an HTML page"),
    ],
    ids=["cut", "refusal", "list", "no base64", "no text", "another file", "empty", "HTML"],
)
def test_another_reply_is_refused(data: str | bytes, found: str, tmp_path: Path) -> None:
    assert f"found {found}" in str(refused(tmp_path, parse_api_reply, data))


TIV_PREAMBLE = """\
Volume of transfers of major arms
Figures are in millions of SIPRI trend-indicator values (TIVs).
Source: SIPRI Arms Transfers Database (c) SIPRI.
Data generated: 13 Apr 2024 3:53:58 PM

"""
TIV_HEADER = "Recipient,1990,1991,1990-1991,Percentage,Sum total years,Percentage of total\n"
INDIA = "India,2832,,2832,99.9%,2832,99.9%\n"
NATO = "NATO** ,,0 ,0 ,0.0%,0 ,0.0%\n"
TIV_TOTAL = "Total world import,2832,0 ,2832,100%,2832,\n"
TIV = TIV_PREAMBLE + TIV_HEADER + INDIA + NATO + TIV_TOTAL + "\n"


def test_below_half_is_zero_and_none_has_no_row(tmp_path: Path) -> None:
    frame = schemas.validate(parse_tiv_table(saved(tmp_path, TIV)), TIV_TABLES)
    assert frame.to_dict("records") == [
        {"direction": "imports", "name": "India", "year": 1990, "tiv_millions": 2832,
         "is_below_half": False},
        {"direction": "imports", "name": "NATO**", "year": 1991, "tiv_millions": 0,
         "is_below_half": True},
    ]  # fmt: skip


def test_the_total_says_which_table_it_is(tmp_path: Path) -> None:
    # A table of one state's exports starts with 'Recipient' as well.
    exports = TIV.replace("Recipient", "Exports by").replace("world import", "world export")
    assert set(parse_tiv_table(saved(tmp_path, exports))["direction"]) == {"exports"}


@pytest.mark.parametrize(
    ("data", "row", "message"),
    [
        (TIV.replace(TIV_TOTAL, ""), NATO, "expected the total"),
        (TIV.replace("Total world", "Total Iran"), "Total", "expected the total"),
        (TIV_PREAMBLE + TIV_HEADER, TIV_HEADER, "expected the total"),
        (TIV.replace("2832,,2832", "2832,2832"), INDIA[:5], "6 fields; expected 7"),
        (TIV.replace(",0 ,0 ", ",? ,0 "), NATO[:4], "1991 = '? '; expected a number"),
        (TIV.replace(NATO, INDIA), TIV_TOTAL, "{'name': 'India'} a second time"),
        (text(), None, "no header line"),
        (TIV.replace("India", "Türkiye").encode(), INDIA[:5], "text in UTF-8"),
        (b"", None, "an empty file"),
        (b"<html></html>", None, "an HTML page"),
    ],
    ids=["cut", "of a state", "no rows", "narrow", "word", "twice", "register", "UTF-8", "empty",
         "HTML"],
)  # fmt: skip
def test_what_is_no_such_table_is_refused(
    data: str | bytes, row: str | None, message: str, tmp_path: Path
) -> None:
    error = refused(tmp_path, parse_tiv_table, data)
    assert message in str(error)
    if "second time" in message:
        assert error.line == line_of(TIV, NATO)
    elif row is not None:
        assert error.line == line_of(TIV, row)


def vintage(folder: Path, day: str, start: int, end: int, **tiv: str) -> pd.DataFrame:
    """Return a register with one delivery of order 70001 for each year y2022='30'."""
    rows = "".join(
        IRAN_2022.replace("300,Yes,2022", f"1,Yes,{year[1:]}").replace(",30,", f",{value},")
        for year, value in tiv.items()
    )
    return parsed(folder, text(rows, start, end, day))


def volumes(register: pd.DataFrame) -> dict[object, float]:
    """Return the volume of each delivery year."""
    return register.set_index("delivery_year")["tiv_millions"].to_dict()


def test_each_year_comes_from_the_newest_vintage_that_covers_it(tmp_path: Path) -> None:
    old = vintage(tmp_path, "13 Apr 2024", 2019, 2022, y2019="1", y2020="2", y2021="3", y2022="4")
    new = vintage(tmp_path, "12 Feb 2026", 2021, 2023, y2022="40", y2023="50")
    both = schemas.validate(combine([old, new]), DELIVERIES)
    # 2021: the new vintage covers it and has nothing any more, so the old row must not come back.
    assert volumes(both) == {2019: 1, 2020: 2, 2022: 40, 2023: 50}
    assert both["generated_on"].dt.year.to_list() == [2024, 2024, 2026, 2026]
    assert combine([new, old]).equals(both)


def test_a_year_asked_for_too_early_is_left_to_another_vintage(tmp_path: Path) -> None:
    asked_to_2023 = vintage(tmp_path, "12 Feb 2026", 2021, 2023, y2021="1", y2022="2")
    older = vintage(tmp_path, "1 Feb 2026", 2021, 2023, y2021="1", y2022="2", y2023="3")
    assert volumes(combine([asked_to_2023, older])) == {2021: 1, 2022: 2, 2023: 3}


def test_open_orders_come_from_the_newest_vintage_only(tmp_path: Path) -> None:
    old = parsed(tmp_path, text(ALBANIA + ORDERED, 1990, 2011, "13 Apr 2024"))
    newest = ORDERED.replace("70002", "70003")
    new = parsed(tmp_path, text(IRAN_2022 + newest, 2012, 2022, "12 Feb 2026"))
    keys = combine([old, new])["delivery_id"].to_list()
    assert keys == ["55238-2011", "70001-2022", "70003-none"]


def test_of_one_day_the_register_that_goes_further_knows_the_open_orders(tmp_path: Path) -> None:
    early = parsed(tmp_path, text(ALBANIA + ORDERED, 2010, 2011))
    late = parsed(tmp_path, text(IRAN_2022 + ORDERED.replace("70002", "70003"), 2012, 2022))
    both = combine([early, late])
    assert both["delivery_id"].to_list() == ["55238-2011", "70001-2022", "70003-none"]
    assert combine([late, early]).equals(both)


def test_a_gap_between_vintages_is_no_year_without_transfers(tmp_path: Path) -> None:
    old = vintage(tmp_path, "13 Apr 2024", 2010, 2012, y2012="1")
    new = vintage(tmp_path, "12 Feb 2026", 2015, 2016, y2016="1")
    with pytest.raises(SourceError, match="no register that covers 2013 to 2014"):
        combine([old, new])


def test_sums_by_pair_and_by_state(tmp_path: Path) -> None:
    second = IRAN_2022.replace("70001", "70009").replace(",30,", ",0.1,")
    second = second.replace("300,Yes,2022,Yes", "300,No,2022,No")
    back = IRAN_2022.replace("70001,Iran,Russia", "70010,Russia,Iran").replace(",30,", ",0.2,")
    back = back.replace("300,Yes,2022", "300,No,2022")
    frames = summarise(parsed(tmp_path, text(ROWS + second + back)))
    for name, frame in frames.items():
        schemas.validate(frame, schemas.table(name))
    pairs = frames["raw_sipri__dyad_years"].set_index(["supplier", "recipient", "delivery_year"])
    assert pairs["tiv_millions"].to_dict() == {
        ("Albania", "Burkina Faso", 2011): 1.2,
        ("Iran", "Russia", 2022): 30.1,
        ("Iran", "Russia", 2023): 100,
        ("Russia", "Iran", 2022): 0.2,
    }
    # Of Iran's deliveries of 2022 one has neither number nor year marked; Russia's has the year.
    assert pairs["estimated_tiv_millions"].to_list() == [0, 30, 100, 0.2]
    states = frames["raw_sipri__state_years"].set_index(["name", "year"])
    assert states["exports_tiv_millions"]["Iran", 2022] == 30.1
    assert states["imports_tiv_millions"]["Iran", 2022] == 0.2
    assert states["exports_tiv_millions"]["Burkina Faso", 2011] == 0
    assert states["imports_tiv_millions"]["Burkina Faso", 2011] == 1.2


def test_a_sum_does_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    # Added as floats, 0.1 + 0.2 + 0.3 is 0.6000000000000001 and 0.3 + 0.2 + 0.1 is 0.6.
    for values in ("0.1", "0.2", "0.3"), ("0.3", "0.2", "0.1"):
        rows = [
            IRAN_2022.replace("70001", str(70001 + k)).replace(",30,", f",{value},")
            for k, value in enumerate(values)
        ]
        frames = summarise(parsed(tmp_path, text("".join(rows))))
        assert frames["raw_sipri__dyad_years"]["tiv_millions"].item() == 0.6


# 2.01 x 1000 is 2009.9999999999998 as floats.
@pytest.mark.parametrize(("value", "volume"), [("", 0), ("2.01", 2.01)])
def test_a_delivery_without_a_volume_adds_nothing(
    value: str, volume: float, tmp_path: Path
) -> None:
    frame = parsed(tmp_path, text(IRAN_2022.replace(",30,", f",{value},")))
    assert frame["tiv_millions"].isna().item() == (value == "")
    assert summarise(frame)["raw_sipri__dyad_years"]["tiv_millions"].item() == volume


KINDS = {
    "UAE": ("ARE", "state"),
    "United Arab Emirates": ("ARE", "state"),
    "Turkiye": ("TUR", "state"),
    "Turkey": ("TUR", "state"),
    "Czechia": ("CZE", "state"),
    "Viet Nam": ("VNM", "state"),
    "South Vietnam": ("RVN", "state"),
    "Soviet Union": ("RUS", "state"),
    "Russia": ("RUS", "state"),
    "East Germany (GDR)": ("DDR", "state"),
    "North Yemen": ("YEM", "state"),
    "South Yemen": ("YMD", "state"),
    "Taiwan": ("TWN", "state"),
    "Palestine": ("PSE", "territory"),
    "Houthi rebels (Yemen)*": ("", "armed_group"),
    "NATO**": ("", "organisation"),
    "unknown supplier(s)": ("", "unknown"),
}


def test_names_and_what_kind_of_thing_they_are() -> None:
    names = pd.Series(list(KINDS))
    mapped = map_names("sipri", "here", names, load_map(NAMES))
    assert dict(zip(names, mapped.itertuples(index=False, name=None), strict=True)) == KINDS


def test_stars_mark_armed_groups_and_organisations() -> None:
    names = load_map(NAMES)
    two, one = names["name"].str.endswith("**"), names["name"].str.endswith("*")
    assert set(names.loc[two, "kind"]) == {"organisation"}
    assert set(names.loc[one & ~two, "kind"]) == {"armed_group"}
    assert "organisation" not in set(names.loc[~one, "kind"])


def test_an_unknown_name_is_never_dropped(tmp_path: Path) -> None:
    frame = parsed(tmp_path, text(ALBANIA.replace("Albania", "Ruritania")))
    with pytest.raises(SourceError, match=r"map to no state: 'Ruritania' \(row 1\).*names.csv"):
        map_names("sipri", "register.csv", frame["supplier"], load_map(NAMES))


REAL_ROWS = {"1950_1989": 31_319, "1990_2023": 27_838, "1995_2024": 25_024}


@pytest.fixture(scope="module")
def real(shared_data: Path) -> dict[str, pd.DataFrame]:
    """Return the three registers by their years."""
    return {
        years: schemas.validate(
            parse_register(shared_data / "arms" / f"sipri_trade_register_{years}.csv"), DELIVERIES
        )
        for years in REAL_ROWS
    }


@pytest.fixture(scope="module")
def real_tables(shared_data: Path) -> pd.DataFrame:
    """Return both published tables."""
    return pd.concat(
        [
            schemas.validate(
                parse_tiv_table(shared_data / "arms" / f"sipri_tiv_{direction}_1990_2023.csv"),
                TIV_TABLES,
            )
            for direction in ("imports", "exports")
        ],
        ignore_index=True,
    )


@pytest.mark.realdata
def test_real_registers(real: dict[str, pd.DataFrame]) -> None:
    assert {years: len(frame) for years, frame in real.items()} == REAL_ROWS
    # The preamble of 2026 says '1995' to '2025', its last delivery is of 2024.
    for years, frame in real.items():
        assert f"{frame['covered_from'].iloc[0]}_{frame['covered_to'].iloc[0]}" == years


@pytest.mark.realdata
def test_the_real_register_adds_up_to_the_published_tables(
    real: dict[str, pd.DataFrame], real_tables: pd.DataFrame
) -> None:
    register = real["1990_2023"]
    for direction, end in (("imports", "recipient"), ("exports", "supplier")):
        table = real_tables[real_tables["direction"] == direction]
        published = table.set_index(["name", "year"])["tiv_millions"]
        summed = register.groupby([end, "delivery_year"])["tiv_millions"].sum()
        summed.index.names = ["name", "year"]
        both = pd.concat([summed, published], axis=1, keys=["summed", "published"])
        # The tables have no name that the register lacks, and the other way round.
        assert both.notna().all(axis=None)
        assert (both["summed"] - both["published"]).abs().max() <= 0.5 + 1e-9


@pytest.mark.realdata
def test_our_sums_of_the_real_register_are_those_of_its_rows(
    real: dict[str, pd.DataFrame],
) -> None:
    frames = summarise(real["1995_2024"])
    pairs = frames["raw_sipri__dyad_years"]
    chosen = pairs[(pairs["supplier"] == "Iran") & (pairs["recipient"] == "Russia")]
    # Known of the vintage of February 2026: 493 in 2020 to 2024 (217 in May 2026).
    assert chosen.loc[chosen["delivery_year"].between(2020, 2024), "tiv_millions"].sum() == 493
    total = real["1995_2024"]["tiv_millions"].sum()
    assert np.isclose(pairs["tiv_millions"].sum(), total, rtol=0, atol=1e-6)
    states = frames["raw_sipri__state_years"]
    assert np.isclose(states["exports_tiv_millions"].sum(), total, rtol=0, atol=1e-6)
    assert np.isclose(states["imports_tiv_millions"].sum(), total, rtol=0, atol=1e-6)


@pytest.mark.realdata
def test_real_vintages_join_without_a_gap(real: dict[str, pd.DataFrame]) -> None:
    both = schemas.validate(combine(list(real.values())), DELIVERIES)
    vintages = both.groupby("delivery_year")["generated_on"].agg(["min", "max"])
    assert (vintages["min"] == vintages["max"]).all()
    assert vintages.index.to_list() == list(range(1950, 2025))
    first = vintages["min"].drop_duplicates()
    assert first.dt.strftime("%Y-%m-%d").to_dict() == {
        1950: "2024-04-16",
        1990: "2024-04-13",
        1995: "2026-02-12",
    }


@pytest.mark.realdata
def test_the_real_reply_is_the_register_of_its_years(shared_data: Path) -> None:
    path = shared_data / "arms" / "sipri_api_reply_2000_2001.json"
    frame = schemas.validate(parse_api_reply(path), DELIVERIES)
    plain = base64.b64decode(json.loads(path.read_text())["bytes"]).decode("latin-1").split("\n")
    head = next(k for k, line in enumerate(plain) if line.startswith("SIPRI AT Database ID"))
    rows = list(csv.DictReader(plain[head:]))
    assert len(frame) == len(rows)
    stated = sum(round(float(row["TIV delivery values"]) * 100) for row in rows)
    assert round(frame["tiv_millions"].sum() * 100) == stated
    assert set(frame["delivery_year"]) == {2000, 2001}


@pytest.mark.realdata
def test_every_real_name_is_mapped_and_every_mapped_name_used(
    shared_data: Path, real: dict[str, pd.DataFrame], real_tables: pd.DataFrame
) -> None:
    reply = parse_api_reply(shared_data / "arms" / "sipri_api_reply_2000_2001.json")
    ends = [
        frame[[end, "delivery_year"]].set_axis(["name", "year"], axis=1)
        for frame in (*real.values(), reply)
        for end in ("supplier", "recipient")
    ]
    names = pd.concat([*ends, real_tables[["name", "year"]]]).drop_duplicates(ignore_index=True)
    when = mid_year(names["year"])
    mapped = map_names("sipri", "all", names["name"], load_map(NAMES), when, complete=True)
    known = pd.read_csv(NAMES.parent / "geo" / "names.csv", keep_default_na=False)["iso3"]
    assert set(mapped.loc[mapped["kind"] == "state", "iso3"]) <= set(known)
    # The Soviet Union ends in 1991 and Russia begins in 1992: no year has both.
    years = names.groupby("name")["year"].agg(["min", "max"])
    assert years.loc["Soviet Union", "max"] == 1991
    assert years.loc["Russia", "min"] == 1992
