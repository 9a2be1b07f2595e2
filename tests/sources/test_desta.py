"""DESTA: members in slots, rows that are no treaties, blocs, accessions, and the real list."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

import schemas
from pipelines.sources.desta.parse import agreement_dyads, agreements_in_force, parse_treaties
from pipelines.sources.names import load_map, map_names
from pipelines.sources.reading import SourceError

FIXTURE = Path(__file__).parent / "fixtures" / "desta_treaties.csv"
NAMES = Path(schemas.__file__).parents[1] / "pipelines" / "sources" / "desta"
TABLE = "raw_desta__members"
REAL = "desta_list_of_treaties.csv"
BGR, CZE, DZA, ESP, FRA, DEU, SRB, SVN = 100, 203, 12, 724, 250, 276, 688, 705
ARM, RUS, VNM = 51, 643, 704


@pytest.fixture(scope="module")
def members() -> pd.DataFrame:
    """Return the parsed fixture."""
    return schemas.validate(parse_treaties(FIXTURE), schemas.table(TABLE))


@pytest.fixture(scope="module")
def in_force(members: pd.DataFrame) -> pd.DataFrame:
    """Return who is in which agreement of the fixture."""
    return agreements_in_force(members)


@pytest.fixture(scope="module")
def dyads(in_force: pd.DataFrame) -> set[tuple[int, ...]]:
    """Return agreement and pair."""
    pairs = agreement_dyads(in_force)[["base_treaty", "a_iso_numeric", "b_iso_numeric"]]
    return set(pairs.itertuples(index=False, name=None))


def spells(in_force: pd.DataFrame, treaty: int, member: int) -> list[tuple[int, int | None]]:
    """Return the years in which a state is in an agreement."""
    rows = in_force[
        (in_force["base_treaty"] == treaty) & (in_force["member_iso_numeric"] == member)
    ]
    ends = [None if pd.isna(end) else int(end) for end in rows["end_year"]]
    return list(zip(rows["start_year"].to_list(), ends, strict=True))


def parse_changed(folder: Path, old: str, new: str, encoding: str = "latin-1") -> pd.DataFrame:
    """Parse the fixture with one thing changed."""
    text = FIXTURE.read_text(encoding="latin-1")
    assert old in text
    path = folder / REAL
    path.write_text(text.replace(old, new, 1), encoding=encoding)
    return parse_treaties(path)


def test_slots_without_a_member_give_no_row(members: pd.DataFrame) -> None:
    assert members.groupby("number").size()["419"] == 2
    assert len(members) == 10 + 3 + 4 + 8 + 5 + 7 + 10 + 10 + 2 + 12 + 12 + 5


def test_na_is_missing(members: pd.DataFrame) -> None:
    rows = members.drop_duplicates("number").set_index("number")
    assert rows.loc[["845"], "year"].isna().all()
    assert rows.loc[["899"], "entry_force_year"].isna().all()
    armenia = members[(members["number"] == "915") & (members["member_iso_numeric"] == ARM)]
    assert armenia["member_class"].isna().all()


def test_names_are_latin_1(tmp_path: Path) -> None:
    frame = parse_changed(tmp_path, '"El Salvador Panama"', '"C\xf4te d\'Ivoire Panama"')
    assert "C\xf4te d'Ivoire Panama" in set(frame["name"])


def test_a_role_without_a_member_says_nothing(members: pd.DataFrame, tmp_path: Path) -> None:
    # COMESA's row of 1993 has a role in the slot after its last member.
    blank = "222;591;" + "NA;" * 10 + "0;0;"
    changed = parse_changed(tmp_path, f"{blank}NA", f"{blank}0")
    assert changed.equals(members)


def test_a_state_in_both_blocs_stands_in_both(tmp_path: Path) -> None:
    frame = parse_changed(tmp_path, "NA;32;76;600;858;862;84;", "NA;32;76;600;84;862;84;")
    belize = frame[(frame["number"] == "845") & (frame["member_iso_numeric"] == 84)]
    assert belize["slot"].to_list() == [4, 6]
    assert belize["member_class"].to_list() == [2, 3]


def test_negotiations_and_what_never_entered_into_force_bind_nobody(
    in_force: pd.DataFrame,
) -> None:
    assert {845, 899}.isdisjoint(in_force["base_treaty"])


def test_a_negotiation_with_a_year_is_still_no_treaty(tmp_path: Path) -> None:
    frame = parse_changed(tmp_path, '"negotiation";0;NA;NA', '"negotiation";0;2000;2001')
    assert 845 not in set(agreements_in_force(frame)["base_treaty"])


def test_nothing_enters_into_force_before_it_is_signed(in_force: pd.DataFrame) -> None:
    assert spells(in_force, 419, 222) == [(1986, None)]


def test_an_accession_adds_the_new_member_only(in_force: pd.DataFrame) -> None:
    assert spells(in_force, 192, SVN) == [(1996, 2004)]
    assert spells(in_force, 192, CZE) == [(1993, 2004)]


def test_an_accession_does_not_bring_back_who_has_left(tmp_path: Path) -> None:
    # COMESA's later accessions still name Tanzania among the old members.
    later = parse_changed(tmp_path, '"accession";0;1998;1999', '"accession";0;2005;2006')
    in_force = agreements_in_force(later)
    assert spells(in_force, 192, BGR) == [(2006, 2007)]
    assert spells(in_force, 192, CZE) == [(1993, 2004)]


def test_an_accession_without_a_force_year_counts_from_its_own(in_force: pd.DataFrame) -> None:
    assert spells(in_force, 16, ESP) == [(1985, None)]


def test_a_withdrawal_ends_who_leaves_and_nobody_else(in_force: pd.DataFrame) -> None:
    assert spells(in_force, 192, BGR) == [(1999, 2007)]
    assert spells(in_force, 192, SRB) == [(2007, None)]


def test_an_amendment_is_no_second_treaty_but_brings_members(in_force: pd.DataFrame) -> None:
    # The amendment of 2006 has the number 193, under which Bulgaria's withdrawal is listed.
    assert 193 not in set(in_force["base_treaty"])
    assert spells(in_force, 192, SRB) == [(2007, None)]


def test_members_of_one_bloc_are_not_bound_by_its_agreement(
    dyads: set[tuple[int, ...]],
) -> None:
    assert (16, DZA, FRA) in dyads
    assert (16, DZA, ESP) in dyads
    assert not {(16, FRA, DEU), (16, DEU, ESP), (16, FRA, ESP)} & dyads
    assert (192, CZE, SVN) in dyads


def test_a_member_without_a_role_belongs_to_the_bloc(dyads: set[tuple[int, ...]]) -> None:
    assert (915, ARM, VNM) in dyads
    assert (915, ARM, RUS) not in dyads


def test_members_that_never_met_are_no_pair(dyads: set[tuple[int, ...]]) -> None:
    # The Czech Republic left CEFTA in 2004, Serbia came in 2007.
    assert (192, CZE, SRB) not in dyads


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param([FRA, DEU, ESP], id="a bloc without its counterpart"),
        pytest.param([DZA, FRA, ESP, ARM, RUS, VNM], id="one of each side"),
        pytest.param([SVN, BGR, SRB], id="members without the base treaty's row"),
    ],
)
def test_an_extract_of_some_states_says_the_same_of_them(
    kept: list[int], members: pd.DataFrame, in_force: pd.DataFrame
) -> None:
    part = agreements_in_force(members[members["member_iso_numeric"].isin(kept)])
    whole = agreement_dyads(in_force[in_force["member_iso_numeric"].isin(kept)])
    pd.testing.assert_frame_equal(agreement_dyads(part), whole)


@pytest.mark.parametrize(
    ("old", "new", "line", "expected"),
    [
        (';"mc12"', ';"other"', 1, "also their roles ['mc12']"),
        (";1986;1974;", ";NA;1974;", 10, "a year in every row that is no negotiation"),
        (";222;591;NA", ";NA;NA;NA", 10, "at least one member"),
        (";222;591;NA", ";222;222;NA", 10, "each member once"),
        (";12;56;276;", ";12;France;276;", 2, "a number"),
    ],
)
def test_what_is_wrong_is_named(
    old: str, new: str, line: int, expected: str, tmp_path: Path
) -> None:
    with pytest.raises(SourceError) as error:
        parse_changed(tmp_path, old, new)
    assert error.value.line == line
    assert f"expected {expected}" in str(error.value)


def test_a_new_kind_of_row_is_refused(tmp_path: Path) -> None:
    frame = parse_changed(tmp_path, '"withdrawal"', '"termination"')
    with pytest.raises(ValueError, match="entry_type"):
        schemas.validate(frame, schemas.table(TABLE))


def test_an_unknown_member_is_named(members: pd.DataFrame) -> None:
    codes = members["member_iso_numeric"].astype("str").replace("276", "280")
    with pytest.raises(SourceError, match=r"names that map to no state: '280' \(row \d+\)"):
        map_names("desta", FIXTURE, codes, load_map(NAMES), july(members))


def july(members: pd.DataFrame) -> pd.Series:
    """Return a day of each row's year; negotiations have none and count as the list's last."""
    return pd.to_datetime(members["year"].fillna(2020).astype("str") + "-07-01")


@pytest.fixture(scope="module")
def real(shared_data: Path) -> pd.DataFrame:
    """Return the real list."""
    return schemas.validate(parse_treaties(shared_data / "treaties" / REAL), schemas.table(TABLE))


@pytest.mark.realdata
def test_the_real_list_is_whole(real: pd.DataFrame, shared_data: Path) -> None:
    with (shared_data / "treaties" / REAL).open(encoding="latin-1", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    counted = {r["number"]: sum(r[f"c{n}"] != "NA" for n in range(1, 92)) for r in rows}
    assert real.groupby("number").size().to_dict() == counted
    assert (len(counted), len(real)) == (1217, 7772)
    assert real["year"].min() == 1948


@pytest.mark.realdata
def test_every_member_maps_and_every_map_row_is_used(real: pd.DataFrame) -> None:
    codes = real["member_iso_numeric"].astype("str")
    mapped = map_names("desta", REAL, codes, load_map(NAMES), july(real), complete=True)
    assert (mapped["iso3"] != "").all()


@pytest.mark.realdata
def test_the_panels_extract_says_the_same_of_the_panel(real: pd.DataFrame) -> None:
    panel = set(pd.read_csv(NAMES.parent / "geo" / "panel.csv")["iso3"])
    names = load_map(NAMES)
    kept = names.loc[names["iso3"].isin(panel), "name"].astype("int64")
    whole, part = real, real[real["member_iso_numeric"].isin(kept)]
    spells_of = [agreements_in_force(frame) for frame in (whole, part)]
    inside = spells_of[0][spells_of[0]["member_iso_numeric"].isin(kept)]
    key = list(inside.columns[:4])
    pd.testing.assert_frame_equal(inside[key].reset_index(drop=True), spells_of[1][key])
    pd.testing.assert_frame_equal(agreement_dyads(inside), agreement_dyads(spells_of[1]))


@pytest.mark.realdata
def test_agreements_of_2019(real: pd.DataFrame) -> None:
    pairs = agreement_dyads(agreements_in_force(real))
    held = pairs[(pairs["start_year"] <= 2019) & ~(pairs["end_year"] <= 2019).fillna(False)]

    def treaties(a: int, b: int) -> set[int]:
        low, high = sorted((a, b))
        hit = (held["a_iso_numeric"] == low) & (held["b_iso_numeric"] == high)
        return set(held.loc[hit, "base_treaty"])

    name = real.drop_duplicates("number").set_index("number")["name"]
    iran, china, saudi, usa, bahrain, oman, pakistan = 364, 156, 682, 840, 48, 512, 586
    assert treaties(iran, china) == treaties(iran, saudi) == treaties(usa, saudi) == set()
    assert [name[str(t)] for t in treaties(usa, bahrain)] == ["Bahrain US"]
    assert [name[str(t)] for t in treaties(usa, oman)] == ["Oman US"]
    assert [name[str(t)] for t in treaties(iran, RUS)] == ["Eurasian Economic Union (EAEU) Iran"]
    assert {name[str(t)] for t in treaties(iran, pakistan)} >= {"Iran Pakistan"}
    # France and Germany share the texts of the European Communities, not the blocs' agreements.
    assert all(name[str(t)].startswith(("EC", "European Coal")) for t in treaties(FRA, DEU))
    assert len(treaties(FRA, DEU)) == 6


@pytest.mark.realdata
def test_the_united_kingdom_left_with_its_withdrawal(real: pd.DataFrame) -> None:
    in_force = agreements_in_force(real)
    assert spells(in_force, 324, 826) == [(2009, 2020)]
    assert spells(in_force, 375, 826) == [(1960, 1973)]
    # Tanzania left COMESA; Seychelles left the SADC and came back.
    assert spells(in_force, 243, 834) == [(1994, 2004)]
    assert spells(in_force, 671, 690) == [(1997, 2004), (2015, None)]
    key = ["base_treaty", "member_iso_numeric", "start_year"]
    assert not in_force.duplicated(key).any()
