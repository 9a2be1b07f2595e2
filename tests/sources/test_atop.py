"""ATOP: ends that are zero, missing days, phases, one-sided promises, and the real files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import schemas
from pipelines.sources.atop.obligations import FLAGS, directed_obligations
from pipelines.sources.atop.parse import parse_agreements, parse_members
from pipelines.sources.names import load_map, map_names
from pipelines.sources.reading import SourceError

FIXTURES = Path(__file__).parent / "fixtures"
GEO = Path(schemas.__file__).parents[1] / "pipelines" / "sources" / "geo"
MEMBERS = "raw_atop__members"
AGREEMENTS = "raw_atop__agreements"


@pytest.fixture(scope="module")
def members() -> pd.DataFrame:
    """Return the parsed fixture."""
    return schemas.validate(parse_members(FIXTURES / "atop_members.csv"), schemas.table(MEMBERS))


@pytest.fixture(scope="module")
def owed(members: pd.DataFrame) -> pd.DataFrame:
    """Return what the fixture's members owe each other."""
    return directed_obligations(members)


def spells(owed: pd.DataFrame, atopid: int, sender: int, receiver: int) -> pd.DataFrame:
    """Return what one state owes another under one agreement."""
    pair = (owed["from_ccode"] == sender) & (owed["to_ccode"] == receiver)
    return owed[pair & (owed["atopid"] == atopid)]


def row(members: pd.DataFrame, atopid: int, member: int, phase: int = 0) -> pd.DataFrame:
    """Return the rows of one member in one phase."""
    return members[
        (members["atopid"] == atopid) & (members["member"] == member) & (members["phase"] == phase)
    ]


def test_zero_is_in_force_and_not_a_year(members: pd.DataFrame) -> None:
    japan = row(members, 3375, 740).iloc[0]
    assert japan["is_in_effect"]
    assert japan[["exit_year", "exit_month", "exit_day"]].isna().all()


def test_a_day_not_coded_is_missing(members: pd.DataFrame) -> None:
    assert row(members, 1115, 200)["entry_day"].isna().all()
    assert row(members, 3045, 345)["exit_day"].isna().all()


def test_a_member_may_come_back_in_one_phase(members: pd.DataFrame) -> None:
    assert row(members, 3015, 651)["entry_year"].to_list() == [1945, 1989]


def test_an_agreement_counts_all_its_members() -> None:
    agreements = schemas.validate(
        parse_agreements(FIXTURES / "atop_agreements.csv"), schemas.table(AGREEMENTS)
    ).set_index("atopid")
    # Shanghai: five founders of 1996, Uzbekistan in 2001, India and Pakistan in 2017.
    assert agreements["n_members"].to_dict() == {3375: 2, 3405: 4, 4810: 8}
    assert agreements.loc[[4810], "end_year"].isna().all()
    assert agreements.loc[3405, "end_year"] == 1974


def test_a_one_sided_promise_stays_one_sided(owed: pd.DataFrame) -> None:
    assert spells(owed, 3375, 2, 740)["has_defense"].all()
    assert not spells(owed, 3375, 740, 2)["has_defense"].any()
    assert spells(owed, 3375, 740, 2)["has_consultation"].all()


def test_a_promise_to_one_partner_is_not_owed_to_the_others(owed: pd.DataFrame) -> None:
    cyprus, guarantors = 352, (200, 350, 640)
    for guarantor in guarantors:
        assert spells(owed, 3405, guarantor, cyprus)["has_defense"].all()
        assert not spells(owed, 3405, cyprus, guarantor)["has_defense"].any()
        for other in set(guarantors) - {guarantor}:
            assert not spells(owed, 3405, guarantor, other)["has_defense"].any()
            assert spells(owed, 3405, guarantor, other)["has_consultation"].all()


def test_phases_of_two_successors_are_not_mixed(owed: pd.DataFrame) -> None:
    # Cambodia's treaty with Czechoslovakia went on with each successor in a phase of its own.
    treaty = owed[owed["atopid"] == 3424]
    pairs = list(zip(treaty["from_ccode"], treaty["to_ccode"], strict=True))
    assert pairs == [(315, 811), (316, 811), (317, 811), (811, 315), (811, 316), (811, 317)]


def test_each_phase_has_its_own_obligations(owed: pd.DataFrame) -> None:
    phases = spells(owed, 4810, 365, 710)
    assert phases["start_date"].dt.year.to_list() == [1996, 2001]
    assert phases["end_date"].dt.year.fillna(0).to_list() == [2001, 0]
    assert phases["has_consultation"].to_list() == [False, True]
    # Uzbekistan (704) entered in the second phase.
    assert spells(owed, 4810, 365, 704)["start_date"].dt.year.to_list() == [2001]


def test_members_that_never_met_are_no_pair(owed: pd.DataFrame) -> None:
    # Egypt left the Arab League in 1979, came back in 1989; Syria was there from 1945 to 2011.
    met = spells(owed, 3015, 651, 652)
    assert met["start_date"].dt.year.to_list() == [1945, 1989]
    assert met["end_date"].dt.year.to_list() == [1979, 2011]


def test_leaving_on_the_day_another_enters_is_not_meeting(members: pd.DataFrame) -> None:
    pair = row(members, 3375, 2), row(members, 3375, 740)
    left = pair[0].assign(exit_year=1990, exit_month=10, exit_day=3)
    entered = pair[1].assign(entry_year=1990, entry_month=10, entry_day=3)
    assert directed_obligations(pd.concat([left, entered])).empty


def test_a_missing_day_is_the_first_of_the_start_and_the_last_of_the_end(
    owed: pd.DataFrame,
) -> None:
    assert spells(owed, 1115, 200, 365)["start_date"].iloc[0] == pd.Timestamp("1844-06-01")
    assert spells(owed, 3045, 315, 345)["end_date"].iloc[0] == pd.Timestamp("1949-09-30")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"1960,1,19,0,0,0,1", b"1960,1,19,0,0,0,0", "0 exactly where ineffect says in force"),
        (b"1960,1,19,0,0,0,1", b"1960,1,19,1970,1,19,1", "0 exactly where ineffect says in force"),
        (b"1960,1,19,", b"1960,2,30,", "a date"),
        (b"1974,7,15,", b"1974,13,15,", "a date"),
        (b"1974,7,15,", b"1959,7,15,", "an end no earlier than the start"),
        (b"1960,1,19,0,0,0,1,1", b"1960,1,19,0,0,0,1,9", "bilat of 0 or 1"),
    ],
)
def test_what_is_none_of_atops_codes_is_named(
    old: bytes, new: bytes, expected: str, tmp_path: Path
) -> None:
    data = (FIXTURES / "atop_members.csv").read_bytes()
    path = tmp_path / "atop5_1m.csv"
    path.write_bytes(data.replace(old, new, 1))
    with pytest.raises(SourceError, match=f"expected .*{expected}") as error:
        parse_members(path)
    assert error.value.line == data[: data.index(old)].count(b"\n") + 1


def test_an_agreement_of_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "atop5_1a.csv"
    path.write_bytes((FIXTURES / "atop_agreements.csv").read_bytes().replace(b"2,740,", b"2,,", 1))
    with pytest.raises(SourceError, match="at least two members") as error:
        parse_agreements(path)
    assert error.value.line == 2


@pytest.fixture(scope="module")
def real(shared_data: Path) -> pd.DataFrame:
    """Return the real member file."""
    return schemas.validate(
        parse_members(shared_data / "treaties" / "atop5_1m.csv"), schemas.table(MEMBERS)
    )


@pytest.fixture(scope="module")
def real_owed(real: pd.DataFrame) -> pd.DataFrame:
    """Return who owes what to whom in the real file."""
    return directed_obligations(real)


def between(owed: pd.DataFrame, sender: int, receiver: int, flag: str) -> pd.DataFrame:
    """Return the spells in which one state owes another the obligation."""
    pair = (owed["from_ccode"] == sender) & (owed["to_ccode"] == receiver)
    return owed[pair & owed[flag]]


@pytest.mark.realdata
def test_the_real_files_are_whole(real: pd.DataFrame, shared_data: Path) -> None:
    agreements = parse_agreements(shared_data / "treaties" / "atop5_1a.csv")
    schemas.validate(agreements, schemas.table(AGREEMENTS))
    assert (len(agreements), len(real)) == (789, 2510)
    listed = real.groupby("atopid")["member"].nunique()
    assert agreements.set_index("atopid")["n_members"].equals(listed.rename("n_members"))


@pytest.mark.realdata
def test_every_member_code_is_a_known_state(real: pd.DataFrame) -> None:
    entered = pd.to_datetime(
        real[["entry_year", "entry_month"]].set_axis(["year", "month"], axis=1).assign(day=1)
    )
    mapped = map_names("geo", "atop", real["member"].astype("str"), load_map(GEO), entered)
    assert real.loc[mapped["iso3"] == "", "member"].to_list() == [8152]
    china = mapped.loc[(real["member"] == 710) & (real["entry_year"] >= 1942), "iso3"]
    assert china[real["entry_year"] < 1949].unique().tolist() == ["TWN"]
    assert china[real["entry_year"] >= 1950].unique().tolist() == ["CHN"]


@pytest.mark.realdata
def test_great_powers_and_the_gulf(real_owed: pd.DataFrame) -> None:
    usa, china, iran, russia, north_korea, japan = 2, 710, 630, 365, 731, 740
    to_iran = between(real_owed, russia, iran, "has_defense")
    assert to_iran["end_date"].max() == pd.Timestamp("1946-03-02")
    to_korea = between(real_owed, china, north_korea, "has_defense")
    assert to_korea["start_date"].to_list() == [pd.Timestamp("1961-07-11")]
    assert to_korea["end_date"].isna().all()
    for gulf in (670, 690, 692, 694, 696, 698):
        owed = between(real_owed, usa, gulf, "has_defense")
        assert owed.empty or owed["end_date"].max() < pd.Timestamp("1946-01-01")
    assert between(real_owed, usa, japan, "has_defense")["start_date"].dt.year.to_list() == [
        1951,
        1960,
    ]
    after_war = between(real_owed, japan, usa, "has_defense")["start_date"].dt.year
    assert not (after_war >= 1945).any()


@pytest.mark.realdata
def test_one_row_for_each_pair_and_start(real_owed: pd.DataFrame) -> None:
    key = ["atopid", "from_ccode", "to_ccode", "start_date"]
    assert not real_owed.duplicated(key).any()
    assert not (real_owed["from_ccode"] == real_owed["to_ccode"]).any()
    assert not (real_owed["start_date"] >= real_owed["end_date"]).any()


@pytest.mark.realdata
def test_obligations_add_up_to_atops_own_state_years(
    real_owed: pd.DataFrame, shared_data: Path
) -> None:
    """ATOP's state-year file is the same obligations, added up by ATOP."""
    flags = list(FLAGS.values())
    first = real_owed["start_date"].dt.year
    last = real_owed["end_date"].dt.year.fillna(2018).astype("int64")
    spread = real_owed.loc[real_owed.index.repeat(last - first + 1), ["from_ccode", *flags]]
    spread["year"] = first.loc[spread.index] + spread.groupby(level=0).cumcount()
    mine = spread.groupby(["from_ccode", "year"])[flags].any().astype("int64")
    theirs = pd.read_csv(
        shared_data / "treaties" / "atop5_1sy.csv",
        usecols=["state", "year", *FLAGS],
        index_col=["state", "year"],
    )[list(FLAGS)].astype("int64")
    since_1906 = [f.loc[f.index.get_level_values(1) > 1905] for f in (mine, theirs)]
    assert len(since_1906[0]) > 9_000
    assert since_1906[0].to_numpy().tolist() == since_1906[1].to_numpy().tolist()
    assert since_1906[0].index.to_list() == since_1906[1].index.to_list()
    # Before, ATOP differs from itself: its state-years leave out code 8152, which no list of
    # states has, and lack an obligation its member file gives in six state-years.
    both, only_mine = mine.index.intersection(theirs.index), mine.index.difference(theirs.index)
    assert set(only_mine) == {(8152, y) for y in range(1874, 1884)}
    assert theirs.index.difference(mine.index).empty
    differs = (mine.loc[both].to_numpy() != theirs.loc[both].to_numpy()).any(axis=1)
    assert set(both[differs]) == {
        (140, 1857),
        (90, 1888),
        (91, 1888),
        (92, 1888),
        (94, 1888),
        (740, 1905),
    }
