"""Maps of names: what they may hold, and what becomes of a name that is not in them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from pipelines.core.geo import SOURCES
from pipelines.sources.names import KINDS, load_map, map_names
from pipelines.sources.reading import SourceError

HEADER = "name,iso3,kind,start_date,end_date,note\n"
CHINA = "CHINA,TWN,state,,1971-10-25,\nCHINA,CHN,state,1971-10-25,,\n"
GOOD = HEADER + CHINA + "IRAN,IRN,state,,,\nRebels*,,armed_group,,,\nAruba,ABW,territory,,,\n"


def written(folder: Path, text: str) -> Path:
    """Write a map; each test has a folder of its own, for maps are read once."""
    (folder / "names.csv").write_text(text, encoding="utf-8")
    return folder


def mapped(
    names: list[str], mapping: pd.DataFrame, day: str | None = None, **options: bool
) -> pd.DataFrame:
    when = None if day is None else pd.Series(pd.to_datetime([day] * len(names)))
    return map_names("some", "file.csv", pd.Series(names, dtype="str"), mapping, when, **options)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace("note", "remark"), "line 1: found .*'remark'"),
        (HEADER + "World,,region,,,\n", "line 2: .*'region'.*expected a kind of"),
        (HEADER + "IRAN,IRN,state,,,\nIRAQ,,state,,,\n", "line 3: .*'IRAQ'.*an ISO code exactly"),
        (HEADER + "IRAN,irn,state,,,\n", "line 2: .*'irn'"),
        (HEADER + "IRAN,IRNN,state,,,\n", "line 2: .*'IRNN'"),
        (HEADER + "World,WLD,aggregate,,,\n", "line 2: .*'WLD'"),
        (
            GOOD.replace(",1971-10-25,\n", ",1971-13-25,\n"),
            "line 2: .*end_date '1971-13-25'.*a day",
        ),
        (GOOD.replace("1971-10-25,,", "1971-10,,"), "line 3: .*start_date '1971-10'.*a day as in"),
        (HEADER + "IRAN,IRN,state,,,\nIRAN,IRN,state,,,\n", "'IRAN' mapped twice for one time"),
        (GOOD.replace("CHN,state,1971-10-25", "CHN,state,1971-10-24"), "'CHINA' mapped twice"),
        (GOOD.replace(",TWN,state,,1971-10-25", ",TWN,state,,"), "line 3: .*'CHINA' mapped twice"),
    ],
)
def test_a_map_that_is_wrong_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=message) as caught:
        load_map(written(tmp_path, text))
    assert "names.csv" in str(caught.value)


def test_only_states_and_territories_have_a_code(tmp_path: Path) -> None:
    got = mapped(
        ["Aruba", "Rebels*", "IRAN", "IRAN"], load_map(written(tmp_path, GOOD)), "2000-01-01"
    )
    assert got["iso3"].tolist() == ["ABW", "", "IRN", "IRN"]
    assert got["kind"].tolist() == ["territory", "armed_group", "state", "state"]


@pytest.mark.parametrize(
    ("day", "iso3"),
    [("1900-01-01", "TWN"), ("1971-10-24", "TWN"), ("1971-10-25", "CHN"), ("2500-01-01", "CHN")],
)
def test_the_start_of_a_bound_belongs_to_it_and_the_end_does_not(
    day: str, iso3: str, tmp_path: Path
) -> None:
    assert mapped(["CHINA"], load_map(written(tmp_path, GOOD)), day)["iso3"].tolist() == [iso3]


def test_rows_keep_their_labels(tmp_path: Path) -> None:
    names = pd.Series(["IRAN", "Aruba"], index=[7, 3])
    got = map_names("some", "file.csv", names, load_map(written(tmp_path, GOOD)))
    assert got["iso3"].to_dict() == {7: "IRN", 3: "ABW"}


def test_categories_are_mapped_as_text_is(tmp_path: Path) -> None:
    mapping = load_map(written(tmp_path, GOOD))
    names = ["Aruba", "IRAN", "Aruba", "CHINA"]
    days = pd.Series(pd.to_datetime(["2000-01-01"] * 3 + ["1950-01-01"]))
    labels = pd.Series(pd.Categorical(names, categories=["unused", *sorted(set(names))]))
    text, coded = (
        map_names("some", "file.csv", column, mapping, days)
        for column in (pd.Series(names, dtype="str"), labels)
    )
    assert coded["iso3"].tolist() == ["ABW", "IRN", "ABW", "TWN"]
    pd.testing.assert_frame_equal(coded, text)


@pytest.mark.parametrize(
    ("names", "days", "message"),
    [
        (["IRAN", None], ["1950-01-01", "1950-01-01"], r"nan \(row 2\)"),
        (["Aruba", "IRAN"], ["2000-01-01", None], r"'IRAN' \(row 2\)"),
    ],
)
def test_a_row_without_a_name_or_a_day_is_named(
    names: list[str | None], days: list[str | None], message: str, tmp_path: Path
) -> None:
    when = pd.Series(pd.to_datetime(days))
    mapping = load_map(written(tmp_path, GOOD))
    with pytest.raises(SourceError, match=message):
        map_names("some", "file.csv", pd.Series(names, dtype="str"), mapping, when)


def test_a_bounded_name_needs_a_date(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"bounded in time \['CHINA'\] without a date"):
        mapped(["IRAN", "CHINA"], load_map(written(tmp_path, GOOD)))


@pytest.mark.parametrize("day", ["2000-01-01", None])
def test_a_name_without_a_row_is_named_with_its_first_place(
    day: str | None, tmp_path: Path
) -> None:
    with pytest.raises(SourceError) as caught:
        mapped(["IRAN", "PERSIA", "PERSIA", "iran"], load_map(written(tmp_path, GOOD)), day)
    message = str(caught.value)
    assert (
        "file.csv: found 2 names that map to no state: 'PERSIA' (row 2), 'iran' (row 4)" in message
    )
    assert "pipelines/sources/some/names.csv" in message


def test_a_name_outside_its_bounds_is_named(tmp_path: Path) -> None:
    text = HEADER + "USSR,RUS,state,,1991-12-26,\n"
    with pytest.raises(SourceError, match=r"'USSR' \(row 1\)"):
        mapped(["USSR"], load_map(written(tmp_path, text)), "1992-01-01")


def test_a_complete_vintage_uses_every_row_but_those_of_other_vintages(tmp_path: Path) -> None:
    text = HEADER + "IRAN,IRN,state,,,\nTurkey,TUR,state,,,\nTurkiye,TUR,state,,,{}\n"
    mapping = load_map(written(tmp_path, text.format("")))
    assert len(mapped(["IRAN", "Turkey"], mapping)) == 2  # an excerpt may leave rows unused
    with pytest.raises(SourceError, match=r"no use of the mapped names \['Turkiye'\]"):
        mapped(["IRAN", "Turkey"], mapping, complete=True)
    (tmp_path / "later").mkdir()
    noted = load_map(written(tmp_path / "later", text.format("other vintages: since 2022")))
    assert len(mapped(["IRAN", "Turkey"], noted, complete=True)) == 2


def test_a_bound_that_nothing_falls_into_is_unused(tmp_path: Path) -> None:
    mapping = load_map(written(tmp_path, HEADER + CHINA))
    with pytest.raises(SourceError, match=r"no use of the mapped names \['CHINA'\]"):
        mapped(["CHINA"], mapping, "2000-01-01", complete=True)


MAPS = sorted(SOURCES.glob("*/names.csv"))


@pytest.mark.parametrize("path", MAPS, ids=lambda p: p.parent.name)
def test_every_map_of_the_package_is_sound_and_its_codes_are_known_states(path: Path) -> None:
    names = load_map(path.parent)
    assert set(names["kind"]) <= set(KINDS)
    states = set(names.loc[names["kind"] == "state", "iso3"])
    assert states <= set(load_map(SOURCES / "geo")["iso3"])
