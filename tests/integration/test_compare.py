"""Two sides compared and ties ranked: the published figures, whatever is asked for and how."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from enum import StrEnum
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from pipelines.answers import Mean, Measure, View
from pipelines.cli import app
from warehouse.answers import CannotAnswer
from warehouse.compare import MEASURES, VIEWS, compare, rank
from warehouse.names import party
from warehouse.whatif import MEANS


def run(*words: str | Path) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(app, [*map(str, words)])


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("view", VIEWS)
def test_iran_and_the_gulf_are_the_published_gap(
    con: duckdb.DuckDBPyConnection, view: str, measure: str
) -> None:
    iran, gulf = party(con, "iran"), party(con, "gulf")
    published = {
        (p, y): (focal, bloc, gap, lo, hi, n)
        for p, y, focal, bloc, gap, lo, hi, n in con.execute(
            "SELECT principal_iso3, year, focal_depth, bloc_depth, gap, gap_lo90, gap_hi90, bloc_n "
            "FROM out_gap__yearly WHERE question = 'iran_gulf' AND view = ? AND measure = ?",
            [view, measure],
        ).fetchall()
    }
    principals = ["CHN", "RUS", "USA"]
    there = compare(con, iran, gulf, principals, 1950, view=view, measure=measure)
    back = compare(con, gulf, iran, principals, 1950, view=view, measure=measure)
    assert {(c.principal_iso3, c.year) for c in there if c.gap is not None} == set(published)
    for c, d in zip(there, back, strict=True):
        assert (d.first, d.second) == (c.second, c.first)
        if c.gap is None:
            assert d.gap is None
            continue
        focal, bloc, gap, lo, hi, n = published[c.principal_iso3, c.year]
        assert (c.first, c.second, c.gap) == pytest.approx((focal, bloc, gap), abs=1e-9)
        assert (c.gap_lo90, c.gap_hi90, c.second_n) == (lo, hi, n)
        assert d.gap == pytest.approx(-gap, abs=1e-9)
        assert (d.gap_lo90, d.gap_hi90) == ((None, None) if lo is None else (-hi, -lo))


def test_a_group_is_the_mean_of_its_members_of_the_year(con: duckdb.DuckDBPyConnection) -> None:
    # Iran became a full member of the SCO in July 2023.
    found = {
        c.year: c
        for c in compare(con, party(con, "sco"), party(con, "usa"), ["CHN"], 2022, until=2023)
    }
    for year in (2022, 2023):
        members = con.execute(
            "SELECT avg(depth), count(depth), count(*) FILTER (d.to_iso3 = 'IRN') FROM "
            "core_geo__groups g JOIN out_depth__yearly_dyads d ON d.to_iso3 = g.iso3 WHERE "
            "group_id = 'sco' AND from_iso3 = 'CHN' AND year = ? AND depth_status = 'full' AND "
            "start_date <= make_date(?, 12, 31) AND (end_date IS NULL OR "
            "end_date >= make_date(?, 12, 31))",
            [year, year, year],
        ).fetchall()[0]
        assert found[year].first == pytest.approx(members[0], abs=1e-9)
        assert found[year].first_n == members[1]
        assert members[2] == (year == 2023)
        assert found[year].gap_lo90 is None


def test_ranks_are_the_published_ones(con: duckdb.DuckDBPyConnection) -> None:
    found = rank(con, "CHN", 2024)
    published = con.execute(
        "SELECT to_iso3, rank, rank_lo90, rank_hi90, n_ranked FROM out_ranks__yearly_dyads "
        "WHERE from_iso3 = 'CHN' AND year = 2024"
    ).fetchall()
    assert {(r.iso3, r.rank, r.rank_lo90, r.rank_hi90) for r in found} == {p[:4] for p in published}
    assert {p[4] for p in published} == {len(found)}
    assert [r.depth for r in found] == sorted((r.depth for r in found), reverse=True)


def test_rank_of_a_state_that_is_no_principal_says_what_is_missing(link: Path) -> None:
    done = run("rank", "iran", "--year", 2014, "--warehouse", link)
    assert done.exit_code == 0
    assert "no principal" in done.stdout
    rows = json.loads(run("rank", "iran", "--warehouse", link, "--format", "json").stdout)
    assert {r["rank_lo90"] for r in rows} == {None}
    assert [r["rank"] for r in rows] == list(range(1, len(rows) + 1))


def test_compare_in_every_format(link: Path, tmp_path: Path) -> None:
    words = ("compare", "iran", "saudi", "--principal", "CHN", "--since", 2015, "--until", 2020)
    words = (*words, "--warehouse", link)
    rows = list(csv.DictReader(io.StringIO(run(*words, "--format", "csv").stdout)))
    documents = json.loads(run(*words, "--format", "json").stdout)
    target = tmp_path / "gap.parquet"
    assert run(*words, "--format", "parquet", "--output", target).exit_code == 0
    table = pq.read_table(target)
    assert [r["year"] for r in documents] == list(range(2015, 2021))
    assert table.to_pylist() == documents
    assert [float(r["gap"]) for r in rows] == [d["gap"] for d in documents]
    # A column without any value keeps its type.
    assert str(table.schema.field("gap_lo90").type) == "double"


@pytest.mark.parametrize(
    "words",
    [
        ("compare", "iran", "gulf", "--since", "2018"),
        ("compare", "saudi arabia", "united arab emirates", "--since", "2018"),
        ("rank", "usa"),
        ("whatif", "CHN", "--weight", "arms=0.4", "--aggregate", "geometric"),
        ("doctor",),
    ],
)
def test_tables_fit_the_screen(
    link: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = run(*words, "--warehouse", link)
    assert done.exit_code == (1 if words == ("doctor",) and "degraded" in done.stdout else 0)
    lines = [line for line in done.stdout.splitlines() if str(link.parent) not in line]
    assert max(map(len, lines)) <= 80
    assert words == ("doctor",) or "\u2026" not in done.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("compare", "iran", "golf"), "did you mean gulf (group)?"),
        (("compare", "iran", "gulf", "--principal", "gulf"), "group of states"),
        (("compare", "iran", "IRN"), "two different"),
        (("compare", "iran", "gulf", "--since", "2090"), "since 2090"),
        (("rank", "CHN", "--year", "1901"), "expected a year from"),
        (("whatif", "iran"), "CHN"),
        (("whatif", "CHN", "--weight", "arms"), "arms=0.4"),
    ],
)
def test_what_cannot_be_answered(link: Path, words: tuple[str, ...], message: str) -> None:
    done = run(*words, "--warehouse", link)
    assert done.exit_code == 1
    assert message in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("words", "offered", "accepted"),
    [
        (("compare", "iran", "gulf", "--view"), View, VIEWS),
        (("compare", "iran", "gulf", "--measure"), Measure, MEASURES),
        (("whatif", "CHN", "--aggregate"), Mean, MEANS),
    ],
)
def test_choices_are_those_of_the_answer(
    link: Path, words: tuple[str, ...], offered: type[StrEnum], accepted: tuple[str, ...]
) -> None:
    assert [c.value for c in offered] == list(accepted)
    done = run(*words, "other", "--warehouse", link)
    assert done.exit_code == 2
    assert all(c in done.stderr for c in accepted)


def test_an_answer_without_a_number_is_null_in_json(link: Path) -> None:
    done = run("query", "SELECT 'nan'::DOUBLE AS x", "--format", "json", "--warehouse", link)
    assert json.loads(done.stdout, parse_constant=pytest.fail) == [{"x": None}]


def test_whatif_in_every_format(link: Path) -> None:
    words = ("whatif", "china", "--weight", "arms=0.4", "--year", 2024, "--warehouse", link)
    document = json.loads(run(*words, "--format", "json").stdout)
    rows = list(csv.DictReader(io.StringIO(run(*words, "--format", "csv").stdout)))
    asked = {r["name"]: float(r["asked"]) for r in rows if r["what"] == "weight"}
    assert asked["arms"] == 0.4
    assert asked == document["weights"]
    ties = {r["name"]: float(r["asked"]) for r in rows if r["what"] == "tie"}
    (gap,) = [float(r["asked"]) for r in rows if r["what"] == "gap"]
    others = [v for k, v in ties.items() if k != "IRN"]
    assert gap == pytest.approx(sum(others) / len(others) - ties["IRN"], abs=1e-9)
    assert document["gap_after"] == gap


def test_query_as_parquet_keeps_types(link: Path, tmp_path: Path) -> None:
    target = tmp_path / "answer.parquet"
    sql = "SELECT year, depth, DATE '2024-12-04' AS day FROM out_depth__yearly_dyads LIMIT 3; "
    done = run("query", sql, "--format", "parquet", "--output", target, "--warehouse", link)
    assert done.exit_code == 0, done.output
    table = pq.read_table(target)
    assert table.num_rows == 3
    assert [str(f.type) for f in table.schema][1:] == ["double", "date32[day]"]


def test_parquet_is_kept_off_the_screen(link: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.output._is_screen", lambda: True)
    done = run("query", "SELECT 1", "--format", "parquet", "--warehouse", link)
    assert done.exit_code == 1
    assert "--output FILE" in done.stderr


def test_an_output_that_cannot_be_written(link: Path, tmp_path: Path) -> None:
    target = tmp_path / "nowhere" / "x.csv"
    done = run("rank", "CHN", "--format", "csv", "--output", target, "--warehouse", link)
    assert done.exit_code == 1
    assert str(target) in " ".join(done.stderr.split())


PAGE = (Path(__file__).resolve().parents[2] / "docs" / "CLI.md").read_text(encoding="utf-8")
ANSWERS = (
    r"^alliance-depth (?:explain|compare|rank|whatif|query) [^A-Z\n].*|^alliance-depth .*CHN.*"
)


@pytest.mark.parametrize("line", re.findall(ANSWERS, PAGE, re.MULTILINE))
def test_every_example_of_the_page_answers(
    link: Path, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = shlex.split(line)[1:]
    done = run(*words, "--warehouse", link)
    assert done.exit_code == 0, done.output
    written = [tmp_path / w for w in words if Path(w).suffix in (".json", ".parquet")]
    assert done.stdout or all(p.stat().st_size for p in written)


def test_a_group_without_ties_is_said(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(CannotAnswer, match="no full tie"):
        compare(con, party(con, "iran"), party(con, "gulf"), ["JPN"], 2020)
