"""COW IGO memberships: the codes of the wide file, its gaps, and the world mean by hand."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import schemas
from indices.carried import IGO_LAST_YEAR
from pipelines.core.treaties import full_memberships
from pipelines.sources.cow_igo.parse import parse_state_year
from pipelines.sources.names import load_map, map_names
from pipelines.sources.reading import SourceError

FIXTURE = Path(__file__).parent / "fixtures" / "cow_igo.csv"


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return parse_state_year(FIXTURE)


@pytest.fixture(scope="module")
def real(shared_data: Path) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    path = shared_data / "treaties" / "cow_igo_state_year_v3.parquet"
    return pd.read_parquet(path), parse_state_year(path)


def test_every_table_holds_its_schema(tables: dict[str, pd.DataFrame]) -> None:
    assert len(tables) == 4
    for name, frame in tables.items():
        schemas.validate(frame, schemas.table(name))


def test_only_ties_have_rows_and_each_its_status(tables: dict[str, pd.DataFrame]) -> None:
    rows = set(tables["raw_cow_igo__memberships"].itertuples(index=False, name=None))
    assert {r for r in rows if r[1] == 2004} == {
        (2, 2004, "un", "full"),
        (2, 2004, "who", "full"),
        (710, 2004, "sco", "full"),
        (710, 2004, "un", "full"),
        (710, 2004, "who", "full"),
        (750, 2004, "un", "full"),
        (750, 2004, "who", "observer"),
    }
    assert (817, 1960, "who", "associate") in rows
    # -1 (no such organisation in 2003) and 0 (coded as no tie) leave no row.
    assert not [r for r in rows if r[0] in (2, 750) and r[2] == "sco"]


def test_gaps_are_spells_of_consecutive_years(tables: dict[str, pd.DataFrame]) -> None:
    gaps = set(tables["raw_cow_igo__gaps"].itertuples(index=False, name=None))
    assert gaps == {
        (2, "amcow", 2004, 2005),
        (2, "amcow", 2007, 2007),
        (710, "amcow", 2004, 2004),
        (750, "amcow", 2004, 2004),
    }


def test_a_state_year_without_any_tie_is_still_covered(tables: dict[str, pd.DataFrame]) -> None:
    coverage = tables["raw_cow_igo__coverage"]
    assert len(coverage) == 8
    assert (817, 1960, "rvn") in set(coverage.itertuples(index=False, name=None))


@pytest.mark.parametrize(
    ("year", "n_states", "share"),
    [
        # Full members: United States {un, who}, China {sco, un, who}, India {un}. Shares of the
        # first's that the second has: 2/2, 1/2, 2/3, 1/3, 1/1, 1/1; an observer is no member.
        (2004, 3, (1 + 1 / 2 + 2 / 3 + 1 / 3 + 1 + 1) / 6),
        (2003, 1, None),  # alone: no pair
        (1960, 1, None),  # full member of nothing
    ],
)
def test_world_mean(
    tables: dict[str, pd.DataFrame], year: int, n_states: int, share: float | None
) -> None:
    row = tables["raw_cow_igo__world"].set_index("year").loc[year]
    assert row["n_states"] == n_states
    assert (
        pd.isna(row["mean_shared_share"])
        if share is None
        else np.isclose(row["mean_shared_share"], share)
    )


def test_states_in_nothing_are_no_first_state(tmp_path: Path) -> None:
    path = tmp_path / "state_year_formatv3.csv"
    path.write_text("ccode,year,state,un\n2,1950,usa,1\n200,1950,ukg,1\n740,1950,jpn,0\n")
    world = parse_state_year(path)["raw_cow_igo__world"]
    # The two members each share all with the other and nothing with Japan: 1, 0, 1, 0.
    assert world.iloc[0].to_list() == [1950, 0.5, 3]


@pytest.mark.parametrize("cell", ["4", "", "-2"])
def test_an_unknown_code_is_refused_with_its_line(cell: str, tmp_path: Path) -> None:
    path = tmp_path / "igo.csv"
    path.write_text(f"ccode,year,state,un,who\n2,1950,usa,1,1\n20,1950,can,1,{cell}\n")
    with pytest.raises(SourceError, match=rf"line 3: found who = '{cell}'; expected one of"):
        parse_state_year(path)


def test_a_list_of_states_is_not_the_state_year_file(tmp_path: Path) -> None:
    path = tmp_path / "states.csv"
    path.write_text("ccode,year,state\n2,1950,usa\n")
    with pytest.raises(SourceError, match="expected also a column for each organisation"):
        parse_state_year(path)


@pytest.mark.realdata
def test_real_file_keeps_every_cell(real: tuple[pd.DataFrame, dict[str, pd.DataFrame]]) -> None:
    raw, tables = real
    for name, frame in tables.items():
        schemas.validate(frame, schemas.table(name))
    cells = raw.drop(columns=["ccode", "year", "state"])
    assert cells.shape[1] == 534
    counts = tables["raw_cow_igo__memberships"]["status"].value_counts()
    for code, status in ((1, "full"), (2, "associate"), (3, "observer")):
        assert counts[status] == (cells == code).sum().sum()
    gaps = tables["raw_cow_igo__gaps"]
    assert (gaps["last_year"] - gaps["first_year"] + 1).sum() == (cells == -9).sum().sum()
    assert len(tables["raw_cow_igo__coverage"]) == len(raw) == 15_557


@pytest.mark.realdata
def test_every_state_of_the_real_file_is_mapped(
    real: tuple[pd.DataFrame, dict[str, pd.DataFrame]],
) -> None:
    coverage = real[1]["raw_cow_igo__coverage"]
    geo = Path(schemas.__file__).parents[1] / "pipelines" / "sources" / "geo"
    when = pd.to_datetime(coverage["year"].astype("str") + "-07-01")
    codes = coverage["ccode"].astype("str")
    assert set(map_names("geo", "cow igo", codes, load_map(geo), when)["kind"]) == {"state"}


@pytest.mark.realdata
def test_real_file_codes_sco_observers_as_nothing(
    real: tuple[pd.DataFrame, dict[str, pd.DataFrame]],
) -> None:
    rows = real[1]["raw_cow_igo__memberships"]
    sco = rows[(rows["igo"] == "sco") & (rows["year"] == 2014)]
    assert sorted(sco["ccode"]) == [365, 702, 703, 704, 705, 710]
    assert set(sco["status"]) == {"full"}


@pytest.mark.realdata
@pytest.mark.parametrize("year", [1816, 1950, 2014])
def test_real_world_mean_pair_by_pair(
    year: int, real: tuple[pd.DataFrame, dict[str, pd.DataFrame]]
) -> None:
    raw, tables = real
    of_year = raw[raw["year"] == year].drop(columns=["year", "state"]).set_index("ccode")
    clubs = [set(row.index[row == 1]) for _, row in of_year.iterrows()]
    shares = [len(a & b) / len(a) for a, b in permutations(clubs, 2) if a]
    found = tables["raw_cow_igo__world"].set_index("year").loc[year]
    assert found["n_states"] == len(clubs)
    assert np.isclose(found["mean_shared_share"], np.mean(shares), rtol=1e-12)


def test_memberships_are_carried_until_a_sourced_end_and_joined_by_accessions() -> None:
    last = IGO_LAST_YEAR
    known = pd.DataFrame(
        [
            ("AAA", last - 1, "opec"),
            ("AAA", last, "un"),
            ("AAA", last, "opec"),
            ("BBB", last, "eu"),
        ],
        columns=["iso3", "year", "igo"],
    )
    columns = ["iso3", "group_id", "status", "start_date", "end_date"]
    rows = [
        ("AAA", "opec", "member", "1960-01-01", f"{last + 2}-06-30"),  # leaves in the middle
        ("BBB", "eu", "member", "1990-01-01", f"{last + 2}-12-31"),  # still there at the end
        ("CCC", "sco", "member", f"{last + 3}-12-31", None),  # there on the last day alone
        ("CCC", "sco", "member", f"{last + 3}-12-31", None),
        ("CCC", "oic", "observer", "1990-01-01", None),
        ("CCC", "brics", "member", "1990-01-01", None),  # without a charter
        ("CCC", "gcc", "member", None, None),  # no start is known
    ]
    curated = pd.DataFrame(rows, columns=columns)
    for end in ("start_date", "end_date"):
        curated[end] = pd.to_datetime(curated[end])
    made = full_memberships(known, curated, last + 4)
    new = made[made["year"] > last]
    assert sorted(zip(new["iso3"], new["igo"], new["year"] - last, strict=True)) == [
        ("AAA", "opec", 1),
        *(("AAA", "un", n) for n in (1, 2, 3, 4)),
        ("BBB", "eu", 1),
        ("BBB", "eu", 2),
        ("CCC", "sco", 3),
        ("CCC", "sco", 4),
    ]
    pd.testing.assert_frame_equal(made[made["year"] <= last][known.columns], known)
