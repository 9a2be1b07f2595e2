"""Known errors of upstreams: put right where they stand, and only there, and only while they do."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
from upstreams import desta as upstream

from pipelines.sources.catalogue import sources
from pipelines.sources.corrections import COLUMNS, correct, load
from pipelines.sources.desta.parse import parse_treaties
from pipelines.sources.reading import SourceError
from schemas import table

TABLE = "raw_desta__members"
GOOD = {
    "table": TABLE,
    "locator": "number=419; slot=2",
    "column": "year",
    "wrong": "1986",
    "action": "set",
    "right": "1970",
    "reason": "signed in 1970",
    "source": "https://example.org/treaty",
    "reported": "not reported yet",
    "vintages": "all",
}


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """DESTA's list as it is published, with its errors."""
    path = tmp_path_factory.mktemp("desta") / "list.csv"
    path.write_bytes(upstream.table())
    return parse_treaties(path)


def write(folder: Path, *rows: dict[str, str], columns: Sequence[str] = COLUMNS) -> Path:
    """A folder of sources in which DESTA has these corrections."""
    (folder / "desta").mkdir(exist_ok=True)
    with (folder / "desta" / "corrections.csv").open("w", newline="") as sink:
        writer = csv.DictWriter(sink, columns)
        writer.writeheader()
        writer.writerows(rows)
    return folder


def apply(members: pd.DataFrame, folder: Path, *rows: dict[str, str]) -> pd.DataFrame:
    return correct("desta", {TABLE: members}, folder=write(folder, *rows))[TABLE]


def changed(before: pd.DataFrame, after: pd.DataFrame) -> list[tuple[str, int, str]]:
    """Number, slot and column of every cell that differs."""
    assert list(before.dtypes) == list(after.dtypes)
    differs = before.astype("str").fillna("") != after.astype("str").fillna("")
    return [
        (before["number"][row], int(before["slot"][row]), column)
        for column in before
        for row in before.index[differs[column]]
    ]


def test_a_value_is_set_in_the_located_row_alone(members: pd.DataFrame, tmp_path: Path) -> None:
    made = apply(members, tmp_path, GOOD)
    assert changed(members, made) == [("419", 2, "year")]
    row = made[(made["number"] == "419") & (made["slot"] == 2)]
    assert row["year"].tolist() == [1970]


def test_a_value_can_become_none_and_none_a_value(members: pd.DataFrame, tmp_path: Path) -> None:
    none = GOOD | {"locator": "number=419", "right": ""}
    gone = apply(members, tmp_path, none)
    assert gone.loc[gone["number"] == "419", "year"].isna().tolist() == [True, True]
    back = apply(gone, tmp_path, none | {"wrong": "", "right": "1986"})
    assert changed(members, back) == []


def test_a_row_is_left_out(members: pd.DataFrame, tmp_path: Path) -> None:
    made = apply(members, tmp_path, GOOD | {"action": "drop", "right": ""})
    assert len(made) == len(members) - 1
    assert made.loc[made["number"] == "419", "slot"].tolist() == [1]


def test_a_corrected_key_finds_its_place(members: pd.DataFrame, tmp_path: Path) -> None:
    moved = {"column": "slot", "wrong": "2", "right": "11"}
    made = apply(members, tmp_path, GOOD | moved)
    assert made[["number", "slot"]].apply(tuple, axis=1).is_monotonic_increasing


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"right": "1971", "wrong": "1970"}, "year = '1986' at number = '419', slot = '2'"),
        ({"wrong": ""}, "year = '1986'"),
        ({"locator": "number=419; slot=3"}, "no row of raw_desta__members with number = '419'"),
        ({"locator": "number=419", "column": "slot", "wrong": "1", "right": "3"}, "slot = '2'"),
    ],
)
def test_what_no_longer_fits_stops_and_names_the_line(
    change: dict[str, str], found: str, members: pd.DataFrame, tmp_path: Path
) -> None:
    other = GOOD | {"locator": "number=1011; slot=1", "wrong": "2019", "right": "2018"}
    with pytest.raises(SourceError) as caught:
        apply(members, tmp_path, other, GOOD | change)
    for words in (found, "line 3", "delete line 3 of desta/corrections.csv"):
        assert words in str(caught.value)


def test_a_table_that_was_not_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no table raw_desta__members"):
        correct("desta", {}, folder=write(tmp_path, GOOD))


@pytest.mark.parametrize(
    "change",
    [
        {"table": "raw_desta__memberz"},
        {"table": "raw_atop__members"},
        {"locator": "numbr=419"},
        {"locator": "number"},
        {"column": "years"},
        {"action": "add"},
        {"action": "drop"},
        {"wrong": "1970"},
        {"reason": ""},
        {"source": "a book"},
        {"right": "MCMLXX"},
        {"vintages": "some"},
    ],
)
def test_a_row_that_makes_no_sense_is_named(
    change: dict[str, str], members: pd.DataFrame, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match=r"corrections\.csv, line 2: "):
        apply(members, tmp_path, GOOD | change)


def test_other_columns_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="line 1"):
        load("desta", write(tmp_path, columns=COLUMNS[::-1]))


def test_every_file_of_corrections_can_be_read() -> None:
    assert load("atop") == []
    assert {c.locator["number"] for s in sources() for c in load(s)} == {"419", "1011"}


def test_desta_enters_into_force_after_it_is_signed(members: pd.DataFrame) -> None:
    """Both errors that are corrected are entries into force before the signature."""

    def early(frame: pd.DataFrame) -> set[str]:
        base = frame[frame["entry_type"] == "base_treaty"]
        return set(base.loc[base["entry_force_year"] < base["year"], "number"])

    assert early(members) == {"419", "1011"}
    assert early(correct("desta", {TABLE: members}, bundled=True)[TABLE]) == set()
    # Lines for the bundled vintage alone leave a refreshed list as it comes.
    assert early(correct("desta", {TABLE: members})[TABLE]) == {"419", "1011"}


@pytest.mark.realdata
def test_the_corrections_fit_the_real_files(shared_data: Path) -> None:
    real = parse_treaties(shared_data / "treaties" / "desta_list_of_treaties.csv")
    made = correct("desta", {TABLE: real}, bundled=True)[TABLE]
    assert {(number, column) for number, _, column in changed(real, made)} == {
        ("419", "year"),
        ("1011", "entry_force_year"),
    }
    assert list(made.columns) == table(TABLE).columns
