"""Checks at download: what is wrong with a vintage is found, and all of it is told at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from upstreams import un as un_upstream

from pipelines.core.spelling import SPELLINGS
from pipelines.live.checks import Finding, checked
from pipelines.live.web import address
from pipelines.sources.catalogue import sources
from pipelines.sources.un.fetch import read as read_un
from schemas import REGISTRY
from warehouse.tables import read

ROOT = Path(__file__).resolve().parents[2]
STARTER = ROOT / "warehouse" / "starter"
TROOPS = "raw_us_troops__country_years"
ROWS = [("Albania", year, 339, 10.0) for year in range(1990, 2010)]


def troops(rows: list[tuple[str, int, int, float]]) -> dict[str, pd.DataFrame]:
    """The one table of the series, of these rows."""
    columns = ["country_name", "year", "ccode", "troops_persons"]
    return {TROOPS: pd.DataFrame(rows, columns=columns).astype({"ccode": "Int64"})}


def look(
    tables: dict[str, pd.DataFrame],
    source: str = "us_troops",
    before: int = 0,
    accept: bool = False,
    **values: float,
) -> list[Finding]:
    """What is found, where the vintage in use had `before` rows in the first table."""
    place = replace(address(source), **values)
    rows = {next(iter(tables)): before} if before else {}
    return checked(source, tables, {}, rows, {}, place, accept)[1]


def test_a_good_vintage_gives_no_finding() -> None:
    good, findings = checked("us_troops", troops(ROWS), {}, {}, {}, address("us_troops"))
    assert findings == []
    assert good[TROOPS]["year"].tolist() == list(range(1990, 2010))
    assert list(good[TROOPS].columns) == REGISTRY[TROOPS].columns


def test_all_faults_are_told_together() -> None:
    rows = [r for r in ROWS if r[1] not in (1995, 1996)]
    rows += [("Atlantis", 1990, 339, 5.0), ("Lemuria", 1991, 339, 5.0)]
    findings = look(troops(rows), before=100)
    text = "\n".join(f.what for f in findings)
    assert [f.level for f in findings] == ["stop"] * 3
    for words in ("'Atlantis'", "'Lemuria'", "names.csv", "no year of 1995, 1996", "-80%"):
        assert words in text
    assert "--accept-drift" in text


def test_a_value_that_no_table_may_hold_stops() -> None:
    (finding,) = look(troops([*ROWS, ("Albania", 2010, 339, -1.0)]))
    assert finding.level == "stop"
    assert "troops_persons" in finding.what
    assert "2010" in finding.what


def test_a_row_twice_stops() -> None:
    (finding,) = look(troops([*ROWS, ROWS[0]]))
    assert "no key twice" in finding.what


@pytest.mark.parametrize(
    ("before", "level"),
    [(20, ""), (22, ""), (23, ""), (24, "warn"), (17, "warn"), (33, "warn"), (34, "stop"),
     (14, "stop"), (15, "warn")],
)  # fmt: skip
def test_drift_warns_at_15_and_stops_at_40_per_cent(before: int, level: str) -> None:
    """20 rows against `before`: -13 % is nothing, -17 % and +18 % warn, -41 % and +43 % stop."""
    assert [f.level for f in look(troops(ROWS), before=before)] == ([level] if level else [])


def test_thresholds_are_those_of_the_address() -> None:
    settings = {"row_drift_warn": 0.01, "row_drift_stop": 0.05}
    assert [f.level for f in look(troops(ROWS), before=21, **settings)] == ["warn"]
    assert [f.level for f in look(troops(ROWS), before=22, **settings)] == ["stop"]


def test_accepted_drift_still_warns() -> None:
    (finding,) = look(troops(ROWS), before=100, accept=True)
    assert finding.level == "warn"
    assert "-80%" in finding.what


def test_the_size_of_a_file_drifts_too() -> None:
    place = address("us_troops")
    sizes, before = {"a": 500, "new": 9}, {"a": 1000, "old": 1}
    findings = checked("us_troops", troops(ROWS), sizes, {}, before, place)[1]
    assert [(f.level, "a has 500 bytes, -50%" in f.what) for f in findings] == [("stop", True)]


@pytest.fixture(scope="module")
def votes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    folder = tmp_path_factory.mktemp("un")
    replies = [r for r in un_upstream.replies() if r.media_type.startswith("text/csv")]
    paths = {}
    for name, reply in zip(("ga_votes", "sc_votes"), replies, strict=True):
        paths[name] = folder / f"{name}.csv"
        paths[name].write_bytes(reply.body)
    return read_un(paths)


def test_a_table_that_is_gone_or_strange_stops(votes: dict[str, pd.DataFrame]) -> None:
    assert look(votes, "un") == []
    fewer = {n: f for n, f in votes.items() if n != "raw_un__sc_roll_calls"}
    findings = look(fewer | {"raw_un__xx": votes["raw_un__ga_votes"]}, "un")
    text = "\n".join(f.what for f in findings)
    assert "no raw_un__sc_roll_calls" in text
    assert "raw_un__xx is no raw table" in text


def test_years_follow_from_dates_and_known_gaps_are_known(votes: dict[str, pd.DataFrame]) -> None:
    """The Assembly took no recorded vote in 1964; a year without one since would be a fault."""
    calls = votes["raw_un__ga_roll_calls"]
    row = calls.iloc[[0]]

    def without(year: int) -> list[str]:
        years = [y for y in range(year - 3, year + 4) if y != year]
        made = pd.concat([row.assign(undl_id=y, date=f"{y}-12-01") for y in years])
        tables = votes | {
            "raw_un__ga_roll_calls": made,
            "raw_un__ga_votes": votes["raw_un__ga_votes"].iloc[:1].assign(undl_id=year - 1),
        }
        return [f.what for f in look(tables, "un")]

    assert without(1964) == []
    (what,) = without(1994)
    assert "raw_un__ga_roll_calls: found no date of 1994 between 1991 and 1997" in what


def test_every_map_of_names_is_used_and_every_column_exists() -> None:
    for table, column in SPELLINGS:
        assert column in REGISTRY[table].columns
    folders = (ROOT / "pipelines" / "sources").glob("*/names.csv")
    mapped = {s.source for s in SPELLINGS.values()}
    # The reports on Russia's trade are mapped by their parser.
    assert {p.parent.name for p in folders} - mapped == {"russia_trade"}


@pytest.mark.parametrize(
    "source",
    sorted({s for t in REGISTRY.values() if t.layer == "raw" for s in t.sources} - {"curated"}),
)
def test_the_bundled_figures_pass(source: str) -> None:
    if not sources()[source].is_bundled:
        assert look({}, source) != []
        return
    names = [
        n for n, t in REGISTRY.items()
        if t.layer == "raw" and t.in_warehouse and t.sources == (source,)
    ]  # fmt: skip
    tables = {n: read(STARTER / f"{n}.parquet", REGISTRY[n]) for n in names}
    place = replace(address("un"), source=source)
    assert checked(source, tables, {}, {}, {}, place)[1] == []
