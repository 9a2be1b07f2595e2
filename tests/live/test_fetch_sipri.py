"""SIPRI's service: what it is asked, decade by decade, what it may answer, and what it revises."""

from __future__ import annotations

import base64
import csv
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from serving import Upstream
from upstreams import sipri

import schemas
from pipelines.live.web import Address, Web
from pipelines.sources.reading import SourceError
from pipelines.sources.sipri import fetch
from pipelines.sources.sipri.parse import parse_file, revisions

Local = Callable[..., Address]
DECADES = [f"register_{year}_{year + 9}" for year in range(1950, 2030, 10)]


def saved(folder: Path, data: bytes, name: str = "TransferRegister.csv") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def fails(web: Web, into: Path, *words: str) -> None:
    """A fetch that must fail, with a message in which every word stands."""
    with pytest.raises(SourceError) as caught:
        fetch.fetch(web, into)
    assert [w for w in words if w not in str(caught.value)] == []


def test_the_whole_register_is_fetched_by_decades_and_read(
    upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    upstream.replies = sipri.replies()
    pieces = fetch.fetch(Web(local("sipri")), tmp_path)
    assert [p.name for p in pieces] == DECADES
    assert {(p.version, p.media_type) for p in pieces} == {("2026-09-28", "application/json")}
    asked = [r.get_json() for r in upstream.asked[1:]]
    assert asked[-1]["filters"][0] == {
        "field": "Delivery year", "oldField": "", "condition": "contains", "value1": 2020,
        "value2": 2025, "listData": [],
    }  # fmt: skip
    assert all({"field": "exportOption"}.items() <= a["filters"][3].items() for a in asked)
    frames = fetch.read({p.name: p.path for p in pieces})
    for name, frame in frames.items():
        schemas.validate(frame, schemas.table(name))
    register = frames["raw_sipri__deliveries"]
    assert sorted(register["delivery_year"].unique()) == list(range(1950, 2026))
    # The register's own lines, counted without our parser.
    whole = sipri.register(1950, 2025).decode("iso-8859-1").splitlines()
    rows = [line.split(",") for line in whole if re.match(r"\d+,", line)]
    assert len(register) == len(rows)
    pairs = frames["raw_sipri__dyad_years"].set_index(["supplier", "recipient", "delivery_year"])
    want = sum(float(r[15]) for r in rows if r[1:3] == ["China", "Iran"] and r[10] == "2025")
    assert pairs.loc[("China", "Iran", 2025), "tiv_millions"] == pytest.approx(want)
    assert set(register.loc[register["recipient"] == "Bahrain", "designation"]) == {"Ambjörn"}


@pytest.mark.parametrize("body", [b"2025", b'"2025"'])
def test_the_newest_year_is_asked_first(
    body: bytes, upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    upstream.replies = sipri.replies()
    upstream.replies[0] = replace(upstream.replies[0], body=body)
    assert len(fetch.fetch(Web(local("sipri")), tmp_path)) == 8


@pytest.mark.parametrize("body", [b"null", b'{"message": "busy"}', b"25", b"2025.5"])
def test_a_newest_year_that_is_none_is_refused(
    body: bytes, upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    upstream.replies = [replace(sipri.replies()[0], body=body)]
    fails(Web(local("sipri")), tmp_path, "getMaxYear", "alliance-depth source add sipri FILE")


def test_a_register_of_other_years_than_asked_for_is_refused(
    upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    upstream.replies = sipri.replies()
    other = sipri.wrapped(sipri.register(1960, 1968))
    upstream.replies[2] = replace(upstream.replies[2], body=other)
    fails(Web(local("sipri")), tmp_path, "1960 to 1968; expected that of 1960 to 1969")


BY_DEAL = (
    "Transfers of major conventional arms from All countries  to All countries . Deals with "
    "deliveries made for the year range '1950' to '1959' \n"
    "Data generated: 28 Sep 2026 9:10:31 AM\n"
    "Recipient,Supplier,Year of order, ,Number ordered, ,Weapon designation,Weapon description,"
    "Deliveries in the Year Range, ,Year(s) of delivery,status,Comments,SIPRI TIV per unit,SIPRI "
    "TIV for total order,SIPRI TIV of delivered weapons\n"
)


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b'{"message": "Too many requests"}', "Too many requests"),
        (sipri.wrapped(BY_DEAL.encode()), "the layout by deal ('Year(s) of delivery')"),
        (
            sipri.wrapped(sipri.register(1950, 1959).replace(b"to All countries ", b"to Iran ")),
            "a register of some states",
        ),
        (sipri.wrapped(b"Error"), "no header line"),
    ],
    ids=["message", "by deal", "some states", "another text"],
)
def test_another_answer_is_named(
    body: bytes, word: str, upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    upstream.replies = sipri.replies()
    upstream.replies[1] = replace(upstream.replies[1], body=body)
    fails(Web(local("sipri")), tmp_path, word)


def test_a_renamed_column_is_named(upstream: Upstream, local: Local, tmp_path: Path) -> None:
    upstream.replies = sipri.replies(lambda data: data.replace(*sipri.COLUMN))
    pieces = fetch.fetch(Web(local("sipri")), tmp_path)
    with pytest.raises(SourceError, match=r"expected also the columns \['TIV delivery values'\]"):
        fetch.read({p.name: p.path for p in pieces})


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [
        (1950, 1959, "register_1950_1959"),
        (2020, 2025, "register_2020_2029"),
        (2020, 2024, "register_2020_2024"),
        (2000, 2001, "register_2000_2001"),
        (1995, 2025, "register_1995_2025"),
        (1990, 2025, "register_1990_2025"),
        (2022, 2025, "register_2022_2025"),
    ],
)
def test_the_years_of_a_register_name_the_piece(
    first: int, last: int, name: str, tmp_path: Path
) -> None:
    # Generated in 2026: only what goes to 2025 is the present decade.
    data = sipri.register(first, last)
    assert fetch.recognise(saved(tmp_path, data)) == name
    assert fetch.recognise(saved(tmp_path, sipri.wrapped(data), "reply.json")) == name


@pytest.mark.parametrize("data", [BY_DEAL.encode(), b"undl_id,ms_code\n", b'{"error": 1}', b""])
def test_another_file_is_not_recognised(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        fetch.recognise(saved(tmp_path, data))


def of_day(data: bytes, day: str) -> bytes:
    return data.replace(b"28 Sep 2026", day.encode())


def test_a_newer_register_saved_by_hand_goes_before_the_decades(tmp_path: Path) -> None:
    old = {
        name: saved(tmp_path, sipri.wrapped(sipri.register(year, min(year + 9, 2025))), name)
        for name, year in zip(DECADES, range(1950, 2030, 10), strict=True)
    }
    newer = of_day(sipri.register(1995, 2025), "1 Oct 2026").replace(b",MiG-29S,", b",MiG-29,")
    by_hand = saved(tmp_path, newer)
    register = fetch.read(old | {fetch.recognise(by_hand): by_hand})["raw_sipri__deliveries"]
    fighters = register[register["designation"].astype("str").str.startswith("MiG")]
    since = fighters.groupby("designation", observed=True)["delivery_year"].agg(["min", "max"])
    assert since.loc["MiG-29"].tolist() == [1995, 2025]
    assert since.loc["MiG-29S"].tolist() == [1966, 1994]


def test_registers_of_one_day_must_agree(tmp_path: Path) -> None:
    one = saved(tmp_path, sipri.register(1995, 2025), "a")
    same = saved(tmp_path, sipri.register(2020, 2025), "b")
    assert len(fetch.read({"a": one, "b": same})["raw_sipri__deliveries"]) == len(parse_file(one))
    other = saved(tmp_path, sipri.register(2020, 2025).replace(b",Qatar,", b",Kuwait,"), "c")
    with pytest.raises(SourceError, match=r"recipient '(Qatar|Kuwait)' in one register and '\w+'"):
        fetch.read({"a": one, "c": other})


def test_a_missing_decade_is_named(tmp_path: Path) -> None:
    paths = {y: saved(tmp_path, sipri.register(y, y + 9), str(y)) for y in (1990, 2010)}
    with pytest.raises(SourceError, match="no register that covers 2000 to 2009"):
        fetch.read({f"register_{y}": path for y, path in paths.items()})


ROW = "70001,Iran,Russia,{what},drone,Missiles,2022,{sure},{n},Yes,{year},No,New,0.1,0.1,{tiv},No\n"


def vintage(folder: Path, rows: str, first: int = 2020, last: int = 2025) -> pd.DataFrame:
    head = sipri.PREAMBLE.format(first=first, last=last) + sipri.HEADER
    # So that all the years are covered.
    end = "9,France,India,X,x,Ships,2000,No,1,No,2025,No,New,1,1,1,No\n"
    return parse_file(saved(folder, (head + rows + end).encode("iso-8859-1"), "vintage.csv"))


def test_revisions_are_what_differs_in_the_years_of_both(tmp_path: Path) -> None:
    same = ROW.format(what="Shahed-136", sure="Yes", n=300, year=2022, tiv="30")
    old = vintage(
        tmp_path,
        same
        + ROW.format(what="Shahed-136", sure="Yes", n=1000, year=2023, tiv="100.5")
        + ROW.format(what="Mohajer-6", sure="", n="", year=2024, tiv="")
        + ROW.format(what="Old", sure="No", n=1, year=2020, tiv="1"),
    )
    new = vintage(
        tmp_path,
        same
        + ROW.format(what="Geran-2", sure="", n=1000, year=2023, tiv="20")
        + ROW.format(what="Mohajer-6", sure="", n="40", year=2024, tiv="4")
        + ROW.format(what="New", sure="No", n=2, year=2021, tiv="2"),
        first=2021,
    )
    found = revisions(old, new)
    assert list(found.columns) == ["register_id", "delivery_year", "field", "old", "new"]
    assert found.astype("object").where(found.notna(), None).to_numpy().tolist() == [
        # The old delivery of 2020 is not listed: the new register does not cover that year.
        [70001, 2021, "delivery", None, "Iran to Russia: 2 New, TIV 2"],
        [70001, 2023, "designation", "Shahed-136", "Geran-2"],
        [70001, 2023, "is_order_year_estimate", "Yes", None],
        [70001, 2023, "tiv_millions", "100.5", "20"],
        [70001, 2024, "number_delivered", None, "40"],
        [70001, 2024, "tiv_millions", None, "4"],
    ]
    back = revisions(new, old).rename(columns={"old": "new", "new": "old"})
    assert back[found.columns].equals(found)
    assert revisions(new, new).empty


# Our names of the register's columns, as the register of 2025 spells them.
FIELDS = {
    "supplier": "Supplier",
    "recipient": "Recipient",
    "designation": "Designation",
    "description": "Description",
    "category": "Armament category",
    "order_year": "Order date",
    "is_order_year_estimate": "Order date is estimate",
    "number_delivered": "Numbers delivered",
    "is_number_estimate": "Numbers delivered is estimate",
    "is_delivery_year_estimate": "Delivery year is estimate",
    "status": "Status",
    "sipri_estimate": "SIPRI estimate",
    "tiv_deal_unit": "TIV deal unit",
    "tiv_millions": "TIV delivery values",
    "is_local_production": "Local production",
}
Rows = dict[tuple[int, int], dict[str, str]]


def raw_rows(data: bytes, years: tuple[str, ...]) -> Rows:
    """Deliveries of some years by order and year, from the text alone."""
    lines = [x.rstrip().removesuffix(";") for x in data.decode("iso-8859-1").splitlines()]
    head = next(k for k, line in enumerate(lines) if line.startswith("SIPRI AT Database ID"))
    rows = [r for r in csv.DictReader(lines[head:]) if r["Delivery year"] in years]
    made = {(int(r["SIPRI AT Database ID"]), int(r["Delivery year"])): r for r in rows}
    assert len(made) == len(rows)
    return made


@pytest.fixture
def real(shared_data: Path) -> tuple[pd.DataFrame, pd.DataFrame, Rows, Rows]:
    """The recorded reply and the register, parsed, and their rows of 2000 and 2001 as text."""
    reply = shared_data / "arms" / "sipri_api_reply_2000_2001.json"
    register = shared_data / "arms" / "sipri_trade_register_1995_2024.csv"
    inside = base64.b64decode(json.loads(reply.read_text())["bytes"])
    years = ("2000", "2001")
    return (
        parse_file(reply),
        parse_file(register),
        raw_rows(inside, years),
        raw_rows(register.read_bytes(), years),
    )


@pytest.mark.realdata
def test_the_real_reply_is_the_register_of_its_years_but_for_the_listed_revisions(
    real: tuple[pd.DataFrame, pd.DataFrame, Rows, Rows],
) -> None:
    reply, register, old, new = real
    found = revisions(reply, register)
    listed = {
        (row.register_id, row.delivery_year, row.field): (row.old, row.new)
        for row in found.itertuples(index=False)
    }
    assert len(listed) == len(found)
    # What the texts differ in, cell by cell, is exactly what is listed.
    want = {(*key, "delivery") for key in old.keys() ^ new.keys()}
    for key in old.keys() & new.keys():
        for field, column in FIELDS.items():
            before, after = old[key][column].strip(), new[key][column].strip()
            if before != after:
                want.add((*key, field))
                assert listed[(*key, field)] == (before, after)
    assert set(listed) == want
    # 12 deliveries are gone and 6 are new; of 1,402 in both, 37 have another volume.
    fields = found["field"].value_counts()
    assert (fields["delivery"], fields["tiv_millions"]) == (18, 37)
    gone = found[(found["field"] == "delivery") & found["new"].isna()]
    assert len(gone) == 12
    # The rest is equal: the old register with its revisions is the new one.
    volume = {key: row["TIV delivery values"] for key, row in old.items()}
    for (number, year, field), (_, after) in listed.items():
        if field == "delivery":
            volume.pop((number, year), None)
            if (number, year) in new:
                volume[number, year] = after.rpartition("TIV ")[2]
        elif field == "tiv_millions":
            volume[number, year] = after
    assert volume == {key: row["TIV delivery values"] for key, row in new.items()}


@pytest.mark.realdata
def test_the_real_files_are_recognised(shared_data: Path) -> None:
    arms = shared_data / "arms"
    names = {path.name: fetch.recognise(path) for path in arms.glob("sipri_trade_register_*.csv")}
    assert names == {
        "sipri_trade_register_1950_1989.csv": "register_1950_1989",
        "sipri_trade_register_1990_2023.csv": "register_1990_2023",
        "sipri_trade_register_1995_2024.csv": "register_1995_2025",
    }
    assert fetch.recognise(arms / "sipri_api_reply_2000_2001.json") == "register_2000_2001"
    with pytest.raises(SourceError):
        fetch.recognise(arms / "sipri_tiv_imports_1990_2023.csv")


@pytest.mark.realdata
def test_the_real_registers_served_by_decades_are_the_same_register(
    upstream: Upstream, local: Local, tmp_path: Path, shared_data: Path
) -> None:
    # The real lines, cut into decades by their text as the service would answer.
    parts = {}
    for years in ("1950_1989", "1990_2023"):
        data = (shared_data / "arms" / f"sipri_trade_register_{years}.csv").read_bytes()
        body = data.decode("iso-8859-1").replace("\r\n", "\n").replace("\r", " ")
        head, _, rest = body.partition("\nSIPRI AT Database ID")
        header, *lines = ("SIPRI AT Database ID" + rest).split("\n")
        # As one day's, and a row's stray line break taken out.
        head = re.sub("Data generated: .*", "Data generated: 28 Sep 2026 9:10:31 AM", head)
        rows = re.sub(r"\n(?!\d+,|$)", " ", "\n".join(lines)).split("\n")
        rows = [row for row in rows if row]
        ordered = [int(cells[10]) for cells in csv.reader(rows)]
        parts[years] = (head, header, list(zip(ordered, rows, strict=True)))
    replies = [replace(sipri.replies()[0], body=b"2023")]
    for reply, first in zip(sipri.replies()[1:], range(1950, 2030, 10), strict=True):
        years, last = ("1950_1989" if first < 1990 else "1990_2023"), min(first + 9, 2023)
        head, header, rows = parts[years]
        head = re.sub(r"'\d{4}' to '\d{4}'", f"'{first}' to '{last}'", head)
        of_decade = [row for year, row in rows if first <= year <= last]
        text = "\n".join([head, header, *of_decade, ""])
        replies.append(
            replace(reply, body=sipri.wrapped(text.encode("iso-8859-1")),
                    json=sipri.question(first, last))
        )  # fmt: skip
    upstream.replies = replies
    pieces = fetch.fetch(Web(local("sipri")), tmp_path)
    got = fetch.read({p.name: p.path for p in pieces})["raw_sipri__deliveries"]
    want = pd.concat(
        parse_file(shared_data / "arms" / f"sipri_trade_register_{years}.csv") for years in parts
    )
    kept = [c for c in want.columns if c not in ("generated_on", "covered_from", "covered_to")]
    pd.testing.assert_frame_equal(
        got[kept].sort_values("delivery_id", ignore_index=True),
        want[kept].sort_values("delivery_id", ignore_index=True),
    )
