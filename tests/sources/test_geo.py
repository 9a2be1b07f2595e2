"""Lists of states: numbers as floats, spells, codes that stand for two states in turn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import schemas
from pipelines.core.geo import GEO, PANEL, codes, cow_to_iso3, panel, states
from pipelines.sources.atop.parse import parse_members
from pipelines.sources.geo.parse import parse_cow_states, parse_gw_states
from pipelines.sources.names import load_map, map_names
from pipelines.sources.reading import SourceError

COW = """\
stateabb,ccode,statenme,styear,stmonth,stday,endyear,endmonth,endday,version
USA,2.0,United States of America,1816.0,1.0,1.0,2016.0,12.0,31.0,2016.0
CUB,40.0,Cuba,1909.0,1.0,23.0,2016.0,12.0,31.0,2016.0
CUB,40.0,Cuba,1902.0,5.0,20.0,1906.0,9.0,25.0,2016.0
YUG,345.0,Yugoslavia,1944.0,10.0,20.0,2016.0,12.0,31.0,2016.0
"""
GW = """\
gwcode,stateabb,statename,startdate,enddate
2.0,USA,United States of America,1816-01-01,2017-12-31
40.0,CUB,Cuba,1902-05-20,2017-12-31
"""
Parse = Callable[[Path], pd.DataFrame]


def written(folder: Path, text: str) -> Path:
    path = folder / "states.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_numbers_written_as_floats_become_codes_and_days(tmp_path: Path) -> None:
    frame = parse_cow_states(written(tmp_path, COW))
    schemas.validate(frame, schemas.table("raw_geo__cow_states"))
    assert frame["ccode"].tolist() == [2, 40, 40, 345]
    assert frame.loc[1].to_dict() == {
        "ccode": 40,
        "start_date": pd.Timestamp(1902, 5, 20),
        "end_date": pd.Timestamp(1906, 9, 25),
        "state_abb": "CUB",
        "state_name": "Cuba",
        "version": 2016,
    }
    gw = schemas.validate(
        parse_gw_states(written(tmp_path, GW)), schemas.table("raw_geo__gw_states")
    )
    assert gw["gwcode"].tolist() == [2, 40]
    assert gw["start_date"].tolist() == [pd.Timestamp(1816, 1, 1), pd.Timestamp(1902, 5, 20)]


def test_a_spell_goes_on_after_the_list_was_closed_and_is_cut_where_the_state_changes(
    tmp_path: Path,
) -> None:
    spells = codes(parse_cow_states(written(tmp_path, COW))).sort_values(["iso3", "start_date"])
    ends = spells["end_date"].dt.strftime("%Y-%m-%d").fillna("goes on")
    assert list(zip(spells["iso3"], ends, strict=True)) == [
        ("CUB", "1906-09-25"),
        ("CUB", "goes on"),
        # What the number means from 27 April 1992 on, and until the day before.
        ("SRB", "goes on"),
        ("USA", "goes on"),
        ("YUG", "1992-04-26"),
    ]
    assert spells.loc[spells["iso3"] == "SRB", "start_date"].item() == pd.Timestamp(1992, 4, 27)


@pytest.mark.parametrize(
    ("parse", "text", "old", "new", "message"),
    [
        (
            parse_cow_states,
            COW,
            "1902.0,5.0,20",
            "1902.0,2.0,30",
            "line 4: found .*'stday': '30.0'",
        ),
        (parse_cow_states, COW, "1906.0,9.0", "1906.0,x", "line 4: found endmonth = 'x'"),
        (parse_cow_states, COW, "40.0,Cuba,1902", ",Cuba,1902", "line 4: found ccode = ''"),
        (parse_cow_states, COW, "40.0,Cuba,1902", "40.5,Cuba,1902", "line 4: .* a whole number"),
        (parse_cow_states, COW, "1902.0,5.0,20", "1909.0,1.0,23", "line 4: found .* a second time"),
        (parse_cow_states, COW, "stday", "day", r"line 1: .* also the columns \['stday'\]"),
        (parse_cow_states, COW, ",12.0,31.0,2016.0\nCUB", "\nCUB", "line 2: .*10 cells"),
        (parse_gw_states, GW, "1902-05-20", "20.05.1902", "line 3: .*expected a date"),
        (parse_gw_states, GW, "1902-05-20", "", "line 3: .*expected a date"),
        (
            parse_gw_states,
            GW,
            "40.0,CUB,Cuba,1902-05-20",
            "2.0,USA,U,1816-01-01",
            "line 3: .*expected one row",
        ),
        (parse_gw_states, GW, GW, COW, r"also the columns \['gwcode', 'statename'"),
    ],
)
def test_a_damaged_list_is_refused(
    parse: Parse, text: str, old: str, new: str, message: str, tmp_path: Path
) -> None:
    assert old in text
    path = written(tmp_path, text.replace(old, new))
    with pytest.raises(SourceError, match=message) as caught:
        parse(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("ccode", "day", "iso3"),
    [
        (260, "1989-07-01", "DEU"),
        (255, "1939-07-01", "DEU"),
        (265, "1989-07-01", "DDR"),
        (678, "1989-07-01", "YEM"),
        (679, "1991-07-01", "YEM"),
        (680, "1989-07-01", "YMD"),
        (315, "1990-07-01", "CSK"),
        (345, "1992-04-26", "YUG"),
        (345, "1992-04-27", "SRB"),
        (365, "1980-07-01", "RUS"),
        (347, "2010-07-01", "XKX"),
        (511, "1963-12-20", "EAZ"),
        (713, "2000-07-01", "TWN"),
        (710, "1943-07-01", "TWN"),
        (710, "1949-10-01", "CHN"),
        (817, "1970-07-01", "RVN"),
        (816, "1970-07-01", "VNM"),
    ],
)
def test_continuity_of_states(ccode: int, day: str, iso3: str) -> None:
    mapped = cow_to_iso3(pd.Series([ccode]), pd.Series(pd.to_datetime([day])), "geo", "test")
    assert mapped.tolist() == [iso3]


@pytest.fixture(scope="module")
def cow_states(shared_data: Path) -> pd.DataFrame:
    return parse_cow_states(shared_data / "geo" / "cow_states.csv")


@pytest.mark.realdata
def test_real_lists_keep_every_line(cow_states: pd.DataFrame, shared_data: Path) -> None:
    assert len(cow_states) == 243
    schemas.validate(cow_states, schemas.table("raw_geo__cow_states"))
    gw = parse_gw_states(shared_data / "geo" / "gw_states.csv")
    schemas.validate(gw, schemas.table("raw_geo__gw_states"))
    for frame, name in ((cow_states, "cow_states.csv"), (gw, "gw_states.csv")):
        lines = (shared_data / "geo" / name).read_text(encoding="utf-8").splitlines()
        assert len(frame) == len(lines) - 1


@pytest.mark.realdata
def test_every_code_is_mapped_and_every_map_row_used(
    cow_states: pd.DataFrame, shared_data: Path
) -> None:
    members = parse_members(shared_data / "treaties" / "atop5_1m.csv")
    asked = pd.concat(
        [
            cow_states[["ccode", "start_date"]].set_axis(["ccode", "when"], axis=1),
            cow_states[["ccode", "end_date"]].set_axis(["ccode", "when"], axis=1),
            # One number of ATOP is on no list of states.
            pd.DataFrame({"ccode": members["member"], "when": pd.Timestamp(1900, 1, 1)}),
        ],
        ignore_index=True,
    )
    names = asked["ccode"].astype("str")
    mapped = map_names("geo", "cow_states", names, load_map(GEO), asked["when"], complete=True)
    iso3 = mapped["iso3"][: len(cow_states)]
    assert iso3.str.fullmatch("[A-Z]{3}").all()
    # Each state one code: numbers that share one follow or belong to one another.
    pairs = pd.DataFrame({"iso3": iso3, "ccode": cow_states["ccode"]})
    numbers = pairs.groupby("iso3")["ccode"].agg(set)
    assert {code: n for code, n in numbers.items() if len(n) > 1} == {
        "DEU": {255, 260},
        "YEM": {678, 679},
        "TWN": {710, 713},
    }


@pytest.mark.realdata
def test_a_panel_may_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cow_states: pd.DataFrame
) -> None:
    path = tmp_path / "panel.csv"
    path.write_text("iso3,name\nIND,India\nNPL,Nepal\n")
    monkeypatch.setenv(PANEL, str(path))
    made = states(cow_states, codes(cow_states))
    assert made.loc[made["is_panel"], "iso3"].tolist() == ["IND", "NPL"]
    for text, words in (
        ("iso3,name\nXXX,Nowhere\n", r"no states: \['XXX'\]"),
        ("iso3\nIND\n", r"columns \['iso3'\]"),
        ("iso3,name\nIND,a\nIND,b\n", r"states twice: \['IND'\]"),
    ):
        path.write_text(text)
        with pytest.raises(SourceError, match=words):
            states(cow_states, codes(cow_states))
    path.unlink()
    with pytest.raises(SourceError, match=r"panel\.csv"):
        panel()
