"""A score taken apart: its parts add up, its rows exist, and a wrong number is found."""

from __future__ import annotations

import csv
import io
import json
import math
import random
import shutil
from collections import defaultdict
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from pipelines.cli import app
from warehouse.answers import CannotAnswer, connect
from warehouse.explain import Explanation, explain


def run(*words: str | Path) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(app, [*map(str, words)])


def some_ties(con: duckdb.DuckDBPyConnection, n: int) -> list[tuple[str, str, int]]:
    """Pairs and years by chance, those without a depth included; the same each time."""
    rows = con.execute(
        "SELECT from_iso3, to_iso3, year FROM out_depth__yearly_dyads ORDER BY ALL"
    ).fetchall()
    # Most pairs of the panel have little in common: the question's own are drawn as well.
    asked = [r for r in rows if {r[0], r[1]} & {"IRN", "SAU"} and {r[0], r[1]} & {"CHN", "RUS"}]
    draw = random.Random(20261128)
    return draw.sample(rows, n - n // 4) + draw.sample(asked, n // 4)


def assert_rows_exist(con: duckdb.DuckDBPyConnection, found: list[Explanation]) -> int:
    """Every row that a tree names is a row of its table; returns how many were named."""
    named = defaultdict(set)
    for tree in found:
        for r in (r for p in tree.pillars for i in p.indicators for r in i.evidence.rows):
            named[r.table, tuple(r.key)].add(tuple(r.key.values()))
            assert set(r.sources) <= set(tree.sources)
    for (table, fields), keys in named.items():
        wanted = pd.DataFrame([*keys], columns=fields, dtype=object)  # noqa: F841 (DuckDB reads it)
        same = " AND ".join(f"wanted.{f} IS NOT DISTINCT FROM rows.{f}" for f in fields)
        lost = con.execute(f"FROM wanted ANTI JOIN {table} AS rows ON {same} LIMIT 3").fetchall()
        assert not lost, (table, lost)
    return sum(map(len, named.values()))


def assert_holds(con: duckdb.DuckDBPyConnection, n: int) -> None:
    found = [explain(con, *tie) for tie in some_ties(con, n)]
    for tree in found:
        assert not tree.faults, (tree.from_iso3, tree.to_iso3, tree.year, tree.faults)
        published = con.execute(
            "SELECT depth FROM out_depth__yearly_dyads WHERE from_iso3 = ? AND to_iso3 = ? AND "
            "year = ?",
            [tree.from_iso3, tree.to_iso3, tree.year],
        ).fetchall()[0][0]
        parts = [i.points for p in tree.pillars for i in p.indicators]
        if published is None:
            assert set(parts) == {None}
        else:
            assert math.fsum(parts) == pytest.approx(published, abs=1e-9)
            assert math.fsum(p.weight_used for p in tree.pillars) == pytest.approx(1, abs=1e-12)
    assert any(t.depth is None for t in found)
    assert {t.depth_status for t in found} == {"full", "partial", None}
    assert assert_rows_exist(con, found) > 20 * n


def test_parts_add_up_and_rows_exist_for_random_ties(con: duckdb.DuckDBPyConnection) -> None:
    assert_holds(con, 32)


@pytest.mark.parametrize(
    "rare",
    [
        # An obligation suspended by fighting.
        "SELECT from_iso3, to_iso3, year FROM core_treaties__yearly_dyads WHERE is_suspended AND "
        "strongest_kind NOT IN ('none', 'soft_instrument')",
        # A member that has left an organisation since the data on them ended.
        "SELECT iso3, 'CHN', year(end_date) + 1 FROM raw_curated__memberships WHERE group_id IN "
        "('opec', 'csto', 'eu', 'gcc', 'asean') AND status = 'member' AND end_date < '2022-01-01' "
        "AND end_date > '2014-12-31'",
        # Oil that customs do not show, seen from its seller.
        "SELECT exporter_iso3, importer_iso3, year FROM core_trade__yearly_flows WHERE "
        "adjustment_usd > 0",
        # Presence from both ends.
        "SELECT a.from_iso3, a.to_iso3, a.year FROM core_treaties__yearly_dyads a JOIN "
        "core_treaties__yearly_dyads b ON a.from_iso3 = b.to_iso3 AND a.to_iso3 = b.from_iso3 AND "
        "a.year = b.year WHERE b.troops_hosted > 0 AND a.troops_hosted IS NOT NULL",
    ],
    ids=["suspended", "left", "oil", "presence"],
)
def test_rare_cases_hold(con: duckdb.DuckDBPyConnection, rare: str) -> None:
    ties = con.execute(f"{rare} ORDER BY ALL LIMIT 2").fetchall()
    assert ties
    found = [explain(con, *tie) for tie in ties]
    assert [t.faults for t in found] == [[]] * len(found)
    assert_rows_exist(con, found)


@pytest.mark.soak
def test_parts_add_up_and_rows_exist_for_200_random_ties(con: duckdb.DuckDBPyConnection) -> None:
    assert_holds(con, 200)


def test_nearly_all_values_are_made_again_from_rows(con: duckdb.DuckDBPyConnection) -> None:
    tree = explain(con, "RUS", "IRN", 2022)
    again = {c.what.split()[2] for c in tree.checks if c.what.startswith("value of")}
    # All the output of 2020 to 2022 is in the tables; nothing is bridged.
    assert again == {i.name for p in tree.pillars for i in p.indicators}


def test_agreements_listed_are_those_counted(con: duckdb.DuckDBPyConnection) -> None:
    wrong, right = con.execute(
        """
        WITH listed AS (
            SELECT a_iso3, b_iso3, y AS year, count(*) AS n FROM core_treaties__agreements,
                range(1950, 2030) r(y)
            WHERE y BETWEEN year(start_date) AND coalesce(year(end_date), 9999) GROUP BY ALL
        )
        SELECT count(*) FILTER (economic_agreements <> coalesce(n, 0)), count(n)
        FROM core_treaties__yearly_dyads d LEFT JOIN listed l ON l.year = d.year AND
            a_iso3 = least(from_iso3, to_iso3) AND b_iso3 = greatest(from_iso3, to_iso3)
        """
    ).fetchall()[0]
    assert wrong == 0
    assert right > 10_000


def test_roll_calls_shown_are_those_in_which_the_two_differed(
    con: duckdb.DuckDBPyConnection,
) -> None:
    tree = explain(con, "CHN", "IRN", 2024)
    shown = [
        r.key["roll_call_id"]
        for p in tree.pillars
        for i in p.indicators
        if i.name == "vote_kappa"
        for r in i.evidence.rows
    ]
    differed = con.execute(
        "PIVOT (SELECT v.* FROM core_un__votes v JOIN core_un__roll_calls r USING (roll_call_id) "
        "WHERE body = 'GA' AND date BETWEEN '2024-01-01' AND '2024-12-31' AND iso3 IN ('CHN', "
        "'IRN')) ON iso3 USING first(vote)"
    ).fetchall()
    expected = {k for k, a, b in differed if "X" not in (a, b) and None not in (a, b) and a != b}
    assert set(shown) == expected
    assert len(shown) == len(expected)


def test_what_is_missing_gives_its_weight_away(con: duckdb.DuckDBPyConnection) -> None:
    tie = con.execute(
        "SELECT from_iso3, to_iso3, year FROM out_depth__yearly_dyads WHERE depth_status = "
        "'partial' ORDER BY ALL LIMIT 1"
    ).fetchall()[0]
    tree = explain(con, *tie)
    (missing,) = [p for p in tree.pillars if p.score is None]
    assert missing.weight_used == 0
    assert missing.points == 0
    assert [p.weight_used for p in tree.pillars if p.score is not None] == [
        pytest.approx(1 / 3)
    ] * 3


@pytest.fixture(scope="module")
def wrong(link: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the build with one number changed for each of some ties."""
    change = """
        UPDATE out_pillars__yearly_dyads SET score = score + 1e-6
        WHERE from_iso3 = 'CHN' AND to_iso3 = 'IRN' AND year = 2024 AND pillar = 'voting';
        UPDATE out_indicators__yearly_dyads SET value = value * (1 + 1e-6)
        WHERE from_iso3 = 'RUS' AND to_iso3 = 'IRN' AND year = 2024 AND indicator = 'trade_share';
        UPDATE core_arms__yearly_dyads SET tiv_millions = tiv_millions + 1
        WHERE supplier_iso3 = 'USA' AND recipient_iso3 = 'SAU' AND year = 2020;
        UPDATE out_depth__yearly_dyads SET depth = depth + 1e-6
        WHERE from_iso3 = 'IRN' AND to_iso3 = 'RUS' AND year = 2024;
        INSERT INTO core_arms__deliveries SELECT * REPLACE ('none' AS delivery_id, NULL AS
        delivery_year, 2022 AS order_year, 'Su-35' AS designation, 0 AS tiv_millions) FROM
        core_arms__deliveries WHERE supplier_iso3 = 'RUS' AND recipient_iso3 = 'IRN' LIMIT 1;
    """
    copy = tmp_path_factory.mktemp("wrong") / "wrong.duckdb"
    shutil.copyfile(link.resolve(), copy)
    with duckdb.connect(str(copy)) as con:
        con.execute(change)
    return copy


@pytest.mark.parametrize(
    ("tie", "expected"),
    [
        (("CHN", "IRN"), {"pillar voting"}),
        (("RUS", "IRN"), {"value of trade_share from its rows", "score of trade_share"}),
        (
            ("SAU", "USA"),
            {"value of arms_import_share from its rows", "value of arms_volume from its rows"},
        ),
        (
            ("IRN", "RUS"),
            {"depth", "sum of the pillars' points", "sum of the indicators' points"},
        ),
        (("CHN", "SAU"), set()),
    ],
)
def test_check_finds_a_wrong_number(wrong: Path, tie: tuple[str, str], expected: set[str]) -> None:
    with connect(wrong) as con:
        found = {c.what for c in explain(con, *tie, 2024).faults}
    assert expected <= found
    # A changed value moves what is made from it, and nothing else.
    assert bool(found) == bool(expected)
    done = run("explain", *tie, "2024", "--check", "--warehouse", wrong, "--depth", "1")
    assert done.exit_code == (1 if expected else 0)
    assert all(what in " ".join(done.stdout.split()) for what in expected)


def test_a_build_of_another_version_is_said(wrong: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.duckdb"
    shutil.copyfile(wrong, old)
    with duckdb.connect(str(old)) as con:
        con.execute("DROP TABLE core_treaties__agreements")
    done = run("explain", "IRN", "RUS", "2023", "--warehouse", old)
    assert done.exit_code == 1
    assert "make build" in done.stderr


def test_an_order_that_never_came_is_shown(wrong: Path) -> None:
    done = run("explain", "IRN", "RUS", "2023", "--rows", "0", "--warehouse", wrong)
    assert "ordered in 2022, not delivered" in " ".join(done.stdout.split())


def test_without_check_a_wrong_number_is_still_told(wrong: Path) -> None:
    done = run("explain", "CHN", "IRN", "2024", "--format", "json", "--warehouse", wrong)
    assert done.exit_code == 0
    assert "differ from what is published" in done.stderr
    assert [c["what"] for c in json.loads(done.stdout)["checks"] if not c["holds"]] == [
        "pillar voting"
    ]


def test_formats_say_the_same(link: Path, tmp_path: Path) -> None:
    words = ("explain", "china", "Iran", "2020", "--warehouse", link)
    done = run(*words, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    tree = json.loads(run(*words, "--format", "json").stdout)
    target = tmp_path / "tree.parquet"
    assert run(*words, "--format", "parquet", "--output", target).exit_code == 0
    table = pq.read_table(target).to_pylist()
    assert len(table) == len(rows)
    depth = tree["depth"]
    for level in ("pillar", "indicator"):
        points = [float(r["points"]) for r in rows if r["level"] == level]
        assert math.fsum(points) == pytest.approx(depth, abs=1e-9)
        assert math.fsum(r["points"] for r in table if r["level"] == level) == pytest.approx(depth)
    leaves = [r for r in rows if r["level"] == "row"]
    assert leaves
    assert all(r["table"] and r["key"] and r["text"] for r in leaves)
    # Every row but those filled in has its source, vintage and hash.
    assert all((r["source"] == "") == (r["sha256"] == "") for r in leaves)
    assert {r["sha256"] for r in leaves if r["source"] == "un"} == {tree["sources"]["un"]["sha256"]}


def test_depth_stops_the_tree(link: Path) -> None:
    words = ("explain", "CHN", "IRN", "2020", "--warehouse", link, "--format", "csv", "--depth")
    levels = [
        {r["level"] for r in csv.DictReader(io.StringIO(run(*words, n).stdout))} for n in "123"
    ]
    assert levels == [
        {"depth", "pillar"},
        {"depth", "pillar", "indicator"},
        {"depth", "pillar", "indicator", "row"},
    ]


def test_the_table_fits_the_screen(link: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = run("explain", "russia", "iran", "2024", "--check", "--warehouse", link)
    assert done.exit_code == 0, done.output
    words = [line for line in done.stdout.splitlines() if "://" not in line]
    assert max(map(len, words)) <= 80
    assert "\u2026" not in done.stdout
    for expected in ("security_commitment", "Shahed-136", "A/RES/", "numbers made again"):
        assert expected in done.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("iraan", "china", "2020"), "did you mean Iran (IRN)"),
        (("gulf", "china", "2020"), "group of states"),
        (("norway", "china", "2020"), "outside this build"),
        (("united", "china", "2020"), "say which"),
        (("iran", "china", "1949"), "from 1950 to"),
        (("iran", "IRN", "2020"), "two different states"),
    ],
)
def test_what_cannot_be_explained(link: Path, words: tuple[str, ...], message: str) -> None:
    done = run("explain", *words, "--warehouse", link)
    assert done.exit_code == 1
    assert message in done.stderr
    assert done.stdout == ""


def test_a_definition_of_another_method_is_a_fault(
    con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from indices.definition import load_definition

    other = replace(load_definition(), version="0.9")
    monkeypatch.setattr("warehouse.explain.load_definition", lambda: other)
    assert [c.what for c in explain(con, "CHN", "IRN", 2024).faults] == ["version of the method"]


def test_an_unknown_tie_is_refused(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(CannotAnswer, match="no tie between them"):
        explain(con, "CHN", "XXX", 2020)
