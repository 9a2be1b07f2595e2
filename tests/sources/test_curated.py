"""The tables compiled by hand: partial dates, histories, every fault at once, and the tables."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import schemas
from pipelines.sources.curated.load import HERE, load
from pipelines.sources.reading import SourceError

PREFIX = "raw_curated__"
NAMES = [t.removeprefix(PREFIX) for t in schemas.REGISTRY if t.startswith(PREFIX)]
URL = "https://example.org/a"
HEADERS = {
    "tiers": "principal_iso3,partner_iso3,level,label,start_date,end_date,"
    "confidence,source_url,note",
    "commitments": "commitment_id,from_iso3,to_iso3,is_mutual,instrument,kind,signed_date,"
    "start_date,end_date,has_defense,has_offense,has_neutrality,has_nonaggression,"
    "has_consultation,confidence,source_url,note",
    "dormant_pacts": "atopid,name,dormant_from,dormant_to,reason,confidence,source_url,note",
    "treaty_ends": "atopid,iso3,end_date,reason,confidence,source_url,note",
    "hostilities": "a_iso3,b_iso3,start_date,end_date,name,kind,confidence,source_url,note",
    "posture": "sender_iso3,host_iso3,start_year,end_year,personnel_lo,personnel,personnel_hi,"
    "has_consent,kind,confidence,source_url,note",
    "memberships": "group_id,iso3,status,start_date,end_date,confidence,source_url,note",
    "crude_prices": "year,brent_usd_per_barrel,discount_lo_usd,discount_usd,discount_hi_usd,"
    "confidence,source_url,discount_source_url,note",
    "crude_recorded": "year,kbd,confidence,source_url,note",
    "relabelled_flows": "year,via_iso3,china_crude_imports_kbd,production_or_normal_kbd,"
    "confidence,source_url,note",
    "crises": "crisis_id,name,start_date,end_date,target_iso3,adversary,partner_iso3,"
    "partner_basis,icb_crisno,coding_1,source_url_1,coding_2,source_url_2,response,response_code,"
    "response_note,confidence,source_url,note",
    "crises_left_out": "icb_crisno,target_iso3,partner_iso3,name,year,reason,"
    "confidence,source_url,note",
    "rivalries": "state_a,state_b,start_year,end_year,kind,basis,confidence,source_url,note",
    "events": "event_id,from_iso3,to_iso3,event_date,kind,name,confidence,source_url,note",
    "arms_classes": "designation,category,generation,reach,confidence,source_url,note",
    "arms_not_delivered": "designation,category,supplier_iso3,recipient_iso3,year,outcome,"
    "confidence,source_url,note",
    "hormuz_exports": "iso3,share_lo,share,share_hi,flow_share_percent,flow_source_url,"
    "confidence,source_url,note",
    "china_crude_imports": "year,supplier_iso3,million_tonnes,kbd,china_total_kbd,"
    "confidence,source_url,note",
}
TIER = f"CHN,IRN,strategic,label,2016-01-23,,high,{URL},"
COMMITMENT = f"prk-rus,PRK,RUS,true,T,defence_pact,,2024,,true,false,false,false,true,high,{URL},"
POSTURE = f"USA,QAT,2003,,5000,8000,10000,true,base,high,{URL},"
WAR = f"IRN,IRQ,1980-09-22,1988-08-20,War,war,high,{URL},"
MEMBER = f"brics,IRN,member,2024-01-01,,high,{URL},"
CRISIS = (
    f"2020-a,A,2020-01-03,2020-02,IRN,USA,CHN,arms;label,,2,{URL},4,{URL},3,money,Lent,high,{URL},"
    "why"
)
RIVALS = f"IRN,ISR,1979,2001,strategic,named,high,{URL},"
LEFT = f"242,PAK,CHN,Bangladesh,1971,no_source,medium,{URL},"
EVENT = f"a-1,CHN,IRN,2016-01-23,agreement,Partnership,high,{URL},"
PLANE = f"Su-24,combat_aircraft,3,,high,{URL},"
UNDELIVERED = f"S-400,air_defence,RUS,IRN,2019,refused,high,{URL},"
STRAIT = f"IRQ,0.9,0.94,0.97,22.8,{URL},high,{URL},"
CHINA = f"2023,RUS,107,2149,11300,high,{URL},"
PRICE = f"2022,100.9,8,11,13,medium,{URL},{URL},"


def write(folder: Path, name: str, *rows: str, header: str = "") -> Path:
    """Write a curated file; the labels of China stand for all three files of labels."""
    text = "\n".join([header or HEADERS[name], *rows, ""])
    if name != "tiers":
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        return folder / f"{name}.csv"
    for principal, code in (("russia", "RUS"), ("united_states", "USA")):
        row = f"{code},IRN,none,none,2016,,high,{URL},"
        (folder / f"tiers_{principal}.csv").write_text(f"{HEADERS[name]}\n{row}\n")
    (folder / "tiers_china.csv").write_text(text, encoding="utf-8")
    return folder / "tiers_china.csv"


def read(folder: Path, name: str, *rows: str) -> pd.DataFrame:
    """Write, load and validate."""
    write(folder, name, *rows)
    return schemas.validate(load(name, folder), schemas.table(PREFIX + name))


def refused(folder: Path, name: str, *rows: str, header: str = "") -> SourceError:
    """Return the error, which must name the file."""
    path = write(folder, name, *rows, header=header)
    with pytest.raises(SourceError) as error:
        load(name, folder)
    assert str(path) in str(error.value)
    return error.value


@pytest.mark.parametrize("name", NAMES)
def test_the_table_as_it_stands_is_without_fault(name: str) -> None:
    frame = schemas.validate(load(name), schemas.table(PREFIX + name))
    assert len(frame) > 0


def test_the_layouts_are_the_ones_agreed_on() -> None:
    assert set(HEADERS) == set(NAMES)
    for name, header in HEADERS.items():
        fields = schemas.table(PREFIX + name).columns
        derived = [c for c in fields if c.endswith(("_text", "_precision", "_scope"))]
        assert [c for c in fields if c not in derived] == header.split(",")


def test_a_crisis_may_wait_for_its_second_coding_and_go_on(tmp_path: Path) -> None:
    row = CRISIS.replace(f",4,{URL},3,money", ",,,2,diplomacy").replace("2020-02", "")
    frame = read(tmp_path, "crises", row)
    columns = ["coding_2", "source_url_2", "end_date", "end_text", "icb_crisno"]
    assert frame[columns].isna().all(axis=None)


def test_codings_that_agree_need_no_note(tmp_path: Path) -> None:
    row = CRISIS.replace(f",4,{URL},3,money", f",2,{URL},2,diplomacy").replace("why", "")
    assert read(tmp_path, "crises", row)["note"].isna().all()


def test_a_crisis_is_either_coded_or_left_out() -> None:
    coded, left = load("crises"), load("crises_left_out")
    key = ["icb_crisno", "target_iso3", "partner_iso3"]
    both = coded.dropna(subset="icb_crisno").astype({"icb_crisno": "int64"}).merge(left, on=key)
    assert both.empty
    assert coded["crisis_id"].nunique() >= 60


def test_the_states_of_the_crises_are_in_the_panel_but_for_one_that_is_named() -> None:
    panel = set(pd.read_csv(HERE.parent / "geo" / "panel.csv")["iso3"])
    crises = load("crises")
    assert set(crises["partner_iso3"]) <= panel
    assert set(crises["target_iso3"]) - panel == {"GEO"}


def test_a_date_of_an_event_keeps_its_text(tmp_path: Path) -> None:
    row = read(tmp_path, "events", EVENT.replace("CHN,IRN,2016-01-23", "CHN,,2016-01")).iloc[0]
    assert (row["event_date"], row["event_text"]) == (pd.Timestamp("2016-01-01"), "2016-01")


@pytest.mark.parametrize(
    ("start", "end", "first", "last", "precision"),
    [
        ("2008", "2009", "2008-01-01", "2009-12-31", "year"),
        ("2008-07", "2012-02", "2008-07-01", "2012-02-29", "month"),
        ("2008-07-31", "2009-12-01", "2008-07-31", "2009-12-01", "day"),
        ("1999-12-31", "1999", "1999-12-31", "1999-12-31", "day"),
    ],
)
def test_a_start_is_the_first_day_written_and_an_end_the_last(
    start: str, end: str, first: str, last: str, precision: str, tmp_path: Path
) -> None:
    war = WAR.replace("1980-09-22", start).replace("1988-08-20", end)
    row = read(tmp_path, "hostilities", war).iloc[0]
    assert (row["start_date"], row["end_date"]) == (pd.Timestamp(first), pd.Timestamp(last))
    assert (row["start_text"], row["end_text"]) == (start, end)
    assert row["start_precision"] == precision


def test_a_blank_is_missing_and_a_zero_is_zero(tmp_path: Path) -> None:
    frame = read(
        tmp_path, "crude_prices", f"2017,54,0,0,0,low,{URL},{URL},", f"2019,64,,,,high,{URL},,"
    )
    assert frame["discount_usd"].isna().to_list() == [False, True]
    assert frame.loc[0, "discount_usd"] == 0
    assert frame["note"].isna().all()


def test_the_three_files_of_labels_are_one_table(tmp_path: Path) -> None:
    assert read(tmp_path, "tiers", TIER)["principal_iso3"].to_list() == ["CHN", "RUS", "USA"]


def test_a_treaty_signed_but_not_in_force_has_no_start(tmp_path: Path) -> None:
    row = COMMITMENT.replace(",,2024,", ",2024-06-19,,")
    frame = read(tmp_path, "commitments", row)
    assert frame.loc[0, "signed_date"] == pd.Timestamp("2024-06-19")
    assert frame[["start_date", "start_text", "start_precision"]].isna().all(axis=None)


def test_an_end_of_the_whole_agreement_names_no_state(tmp_path: Path) -> None:
    frame = read(
        tmp_path,
        "treaty_ends",
        f"4875,,2019-04-01,Not prolonged,high,{URL},",
        f"4175,GBR,2020-01-31,Left,high,{URL},",
    )
    assert frame["member_scope"].to_list() == ["GBR", "ALL"]
    assert frame["iso3"].isna().to_list() == [False, True]


@pytest.mark.parametrize(
    ("end", "start", "boundary"),
    [
        ("2016-01-23", "2016-01-23", "2016-01-23"),
        ("2016", "2016", "2016-01-01"),
        ("2016", "2016-05-04", "2016-05-04"),
        ("2016-05", "2016-05-04", "2016-05-04"),
        ("2016-05-04", "2016", "2016-05-04"),
    ],
)
def test_rows_that_share_a_year_or_month_meet_at_the_more_precise_date(
    end: str, start: str, boundary: str, tmp_path: Path
) -> None:
    earlier = TIER.replace("2016-01-23,", f"2010,{end}")
    frame = read(tmp_path, "tiers", earlier, TIER.replace("2016-01-23", start))
    china = frame[frame["principal_iso3"] == "CHN"]
    assert china["end_date"].iloc[0] == china["start_date"].iloc[1] == pd.Timestamp(boundary)
    assert china["end_text"].iloc[0] == end


@pytest.mark.parametrize(
    ("name", "earlier", "later"),
    [
        ("tiers", TIER.replace(",,high", ",2020,high"), TIER.replace("2016-01-23", "2019-06")),
        ("tiers", TIER, TIER.replace("2016-01-23", "2020")),
        ("memberships", MEMBER, MEMBER.replace("member,2024", "suspended,2025")),
        ("posture", POSTURE.replace("2003,,", "2003,2010,"), POSTURE.replace("2003", "2010")),
        ("posture", POSTURE, POSTURE.replace("2003", "2010")),
        ("rivalries", RIVALS, RIVALS.replace("1979,2001", "2001,")),
    ],
)
def test_rows_of_one_history_may_not_overlap(
    name: str, earlier: str, later: str, tmp_path: Path
) -> None:
    error = refused(tmp_path, name, later, earlier)
    assert error.line == 2
    assert "begins before the row of the same" in str(error)
    assert "ends in line 3" in str(error)


@pytest.mark.parametrize(
    ("name", "row", "old", "new", "fault"),
    [
        ("tiers", TIER, URL, "", "source_url is blank"),
        ("tiers", TIER, URL, "www.example.org", "source_url = 'www.example.org': expected the"),
        ("tiers", TIER, ",high,", ",certain,", "confidence = 'certain': expected one of high, "),
        ("tiers", TIER, "strategic", "ally", "level = 'ally': expected one of none, partnership"),
        ("tiers", TIER, "IRN", "IRA", "partner_iso3 = 'IRA': expected the ISO code of a state"),
        ("tiers", TIER, "IRN", "CHN", "principal_iso3 and partner_iso3 are one state"),
        ("tiers", TIER, "label", " label", "label = ' label': spaces around the value"),
        ("tiers", TIER, "2016-01-23", "23.1.2016", "start_date = '23.1.2016': expected a date"),
        ("tiers", TIER, "2016-01-23", "2016-02-30", "start_date = '2016-02-30': expected a date"),
        ("tiers", TIER, "2016-01-23", "", "start_date is blank"),
        ("tiers", TIER, "2016-01-23,", "2016-01-23,2015", "ends before it starts"),
        ("tiers", TIER, f"{URL},", f"{URL},a,b", "10 cells, expected 9"),
        ("commitments", COMMITMENT, "PRK,RUS", "RUS,PRK", "the earlier code first"),
        (
            "commitments",
            COMMITMENT,
            ",true,T",
            ",yes,T",
            "is_mutual = 'yes': expected true or false",
        ),
        ("commitments", COMMITMENT, "defence_pact", "designation", "carry no obligation"),
        ("commitments", COMMITMENT, "2024,,true", "2024,,false", "carries has_defense"),
        ("commitments", COMMITMENT, "defence_pact", "unilateral_guarantee", "one-sided"),
        ("commitments", COMMITMENT, ",,2024,,", ",2024,2020,2021,", "signed after it ended"),
        ("dormant_pacts", f"3075,Rio,1990,1982,r,low,{URL},", "", "", "ends before it starts"),
        ("hostilities", WAR, "IRN,IRQ", "IRQ,IRN", "the earlier code comes first"),
        ("posture", POSTURE, "5000,", "9000,", "expected personnel_lo <= personnel <="),
        ("posture", POSTURE, "5000,8000", "-1,8000", "personnel_lo = '-1': expected at least 0"),
        ("posture", POSTURE, "base", "none", "kind 'none' is for 0 persons"),
        ("posture", POSTURE, "2003,", "2003.5,", "start_year = '2003.5': expected a whole number"),
        ("posture", POSTURE, "2003,,", "2003,2001,", "ends before it starts"),
        ("memberships", MEMBER, "brics", "BRICS", "group_id = 'BRICS': expected the form"),
        ("crude_prices", PRICE, ",8,11", ",12,11", "expected low <= best <= high discount"),
        ("crude_prices", PRICE, f"{URL},{URL}", f"{URL},", "three figures and a source, or none"),
        ("crises", CRISIS, "CHN,arms", "IRN,arms", "target_iso3 and partner_iso3 are one state"),
        ("crises", CRISIS, ",arms;label,", ",label;arms,", "partner_basis = 'label;arms'"),
        ("crises", CRISIS, ",3,money", ",3,arms", "the code is not the name of the response"),
        ("crises", CRISIS, ",3,money", ",5,support", "the response lies outside the codings"),
        ("crises", CRISIS, ",3,money", ",1,words", "the response lies outside the codings"),
        ("crises", CRISIS, f",4,{URL}", ",4,", "a second coding has a source, and only then"),
        ("crises", CRISIS, f",4,{URL}", f",,{URL}", "a second coding has a source, and only then"),
        ("crises", CRISIS, "why", "", "codings that differ need a note"),
        ("crises", CRISIS, ",4,", ",8,", "coding_2 = '8': expected at most 7"),
        ("crises_left_out", LEFT, "no_source", "dull", "reason = 'dull': expected one of"),
        ("crises_left_out", LEFT, "CHN", "PAK", "target_iso3 and partner_iso3 are one state"),
        ("rivalries", RIVALS, "IRN,ISR", "ISR,IRN", "the earlier code comes first"),
        ("rivalries", RIVALS, "IRN,ISR", "ISR,ISR", "state_a and state_b are one state"),
        ("rivalries", RIVALS, "1979,2001", "1979,1978", "ends before it starts"),
        ("rivalries", RIVALS, "strategic", "war", "kind = 'war': expected one of strategic"),
        ("events", EVENT, "2016-01-23", "soon", "event_date = 'soon': expected a date"),
        ("events", EVENT, "CHN,IRN", "IRN,IRN", "from_iso3 and to_iso3 are one state"),
        ("arms_classes", PLANE, ",3,", ",,", "an aircraft has a generation, air defence a reach"),
        ("arms_classes", PLANE, "combat_aircraft,3", "air_defence,", "air defence a reach"),
        ("arms_not_delivered", UNDELIVERED, "RUS", "IRN", "recipient_iso3 are one state"),
        ("hormuz_exports", STRAIT, "0.94", "0.98", "expected share_lo <= share <= share_hi"),
        ("hormuz_exports", STRAIT, "22.8", "", "a part of the flow has a source, and only then"),
        ("china_crude_imports", CHINA, "2149", "12000", "more than China imported"),
        ("crude_recorded", f"2019,many,high,{URL},", "", "", "kbd = 'many': expected a number"),
    ],
)
def test_a_fault_is_named_with_its_line(
    name: str, row: str, old: str, new: str, fault: str, tmp_path: Path
) -> None:
    assert old in row
    error = refused(tmp_path, name, row.replace(old, new, 1))
    assert error.line == 2
    assert fault in str(error)


def test_all_faults_of_a_file_are_in_one_error(tmp_path: Path) -> None:
    error = refused(
        tmp_path,
        "memberships",
        MEMBER.replace("IRN", "XYZ"),
        MEMBER,
        'sco,IRN,member,2023-07-04,,high,ftp://example.org,"a note\nin two lines"',
        MEMBER.replace("high", "sure").replace("2024-01-01", "soon"),
    )
    assert "found 4 faults" in str(error)
    found = [line for line in str(error).splitlines() if line.startswith("  line ")]
    assert [line.split(":")[0].strip() for line in found] == [
        "line 2",
        "line 4",
        "line 6",
        "line 6",
    ]


def test_a_key_that_stands_twice_is_named(tmp_path: Path) -> None:
    error = refused(tmp_path, "hostilities", WAR, WAR)
    assert error.line == 3
    assert "the same a_iso3, b_iso3, start_date, name as in line 2" in str(error)


@pytest.mark.parametrize("header", ["", "iso3,group_id,status", "group,iso3"])
def test_another_header_is_refused(header: str, tmp_path: Path) -> None:
    other = header or HEADERS["memberships"].replace("note", "remark")
    error = refused(tmp_path, "memberships", MEMBER, header=other)
    assert error.line == 1
    assert "expected exactly ['group_id', 'iso3'" in str(error)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "an empty file"),
        (b"<html><body>Sign in</body></html>", "an HTML page"),
        (HEADERS["memberships"].encode() + b"\n", "a header and no rows"),
        (HEADERS["memberships"].encode() + b"\nbrics,T\xfcrkiye\n", "byte 0xfc"),
        (HEADERS["memberships"].encode() + b'\nbrics,"IRN', "unexpected end of data"),
    ],
)
def test_what_is_no_table_is_refused(data: bytes, found: str, tmp_path: Path) -> None:
    (tmp_path / "memberships.csv").write_bytes(data)
    with pytest.raises(SourceError, match=found):
        load("memberships", tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"memberships\.csv: found no such file"):
        load("memberships", tmp_path)
