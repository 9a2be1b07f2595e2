"""The gate on a small world made by hand: whole it passes; damaged, each rule names the damage."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pytest
from factories import tiny_frame, values

from schemas import REGISTRY
from schemas.generate import create_table_sql, meta_fields
from warehouse.gate import (
    GateError,
    GateResult,
    Outcome,
    data_docs,
    describe,
    frames,
    report_html,
    run_gate,
)
from warehouse.gate.rules import CONSISTENCY, HISTORY, PLAUSIBILITY, Rule, history
from warehouse.publish import published_tables

Con = duckdb.DuckDBPyConnection

# The world.

STATES = ("ARE", "BHR", "CHN", "IRN", "KWT", "OMN", "PRK", "QAT", "RUS", "SAU", "USA")
GULF = ("ARE", "BHR", "KWT", "OMN", "QAT", "SAU")
GREAT = ("CHN", "RUS", "USA")
STATE_LIST = f"(SELECT unnest({list(STATES)}) AS iso3)"
YEARS = "(SELECT unnest(range(1971, 2025)) AS year)"
# Two states with nothing between them but votes.
BARE = "from_iso3 IN ('BHR', 'PRK') AND to_iso3 IN ('BHR', 'PRK')"
PAIRS = (
    f"(SELECT a.iso3 AS from_iso3, b.iso3 AS to_iso3, year FROM {STATE_LIST} a, {STATE_LIST} b, "
    f"{YEARS} WHERE a.iso3 <> b.iso3)"
)


def ends(first: str, second: str) -> str:
    """All pairs and years, the ends named otherwise."""
    return f"(SELECT from_iso3 AS {first}, to_iso3 AS {second}, year FROM {PAIRS})"


def fill(con: Con, name: str, rows: str, **columns: str) -> None:
    """Fill a table: columns by name from `rows` or as given, and some valid value in all others."""
    table = REGISTRY[name]
    con.execute(f"CREATE OR REPLACE TEMP VIEW spine AS FROM {rows}")
    there = {c for (c, *_) in con.execute("DESCRIBE spine").fetchall()}
    listed = []
    for f in table.fields:
        if f.name in columns:
            listed.append(columns[f.name])
        elif f.name in there:
            listed.append(f'"{f.name}"')
        else:
            plain = values(f, 1)[0] if not f.nullable else None
            listed.append("NULL" if plain is None else f"'{plain}'")
    con.execute(f'INSERT INTO "{name}" SELECT {", ".join(listed)} FROM spine')


def make_world(path: Path) -> None:
    """Write a warehouse in which everything the gate asks holds."""
    with duckdb.connect(str(path)) as con:
        for table in published_tables():
            con.execute(create_table_sql(table))
            if table.layer == "raw" or table.name == "meta_release":
                frame = tiny_frame(table, 1)  # noqa: F841 (DuckDB reads it by name)
                con.execute(f'INSERT INTO "{table.name}" SELECT * FROM frame')
        fill_core(con)
        fill_out(con)
        listed = sorted({s for t in REGISTRY.values() for s in t.sources})
        fill(con, "meta_sources", f"(SELECT unnest({listed}) AS source, 1 AS rows)")
        fields = meta_fields(published_tables())  # noqa: F841
        con.execute("INSERT INTO meta_fields SELECT * FROM fields")
        count_tables(con)


def count_tables(con: Con) -> None:
    """State in ``meta_tables`` what is there."""
    names = [t.name for t in published_tables()]
    con.execute("DELETE FROM meta_tables")
    for name in names:
        rows = f"(SELECT count(*) FROM {name})" if name != "meta_tables" else str(len(names))
        con.execute(f"INSERT INTO meta_tables SELECT '{name}', 'text', 'text', NULL, NULL, {rows}")


def fill_core(con: Con) -> None:
    """States, votes, arms, trade and treaties."""
    lived = "DATE '1900-01-01'"
    fill(con, "core_geo__states", STATE_LIST, start_date=lived)
    coded = f"(SELECT iso3, row_number() OVER () AS cow_code FROM {STATE_LIST})"
    fill(con, "core_geo__codes", coded, start_date=lived)
    fill(con, "core_geo__groups", STATE_LIST, start_date=lived)
    every = f"(FROM {STATE_LIST} CROSS JOIN {YEARS})"
    fill(con, "core_geo__state_years", every)
    fill(con, "core_geo__yearly_economy", every)
    fill(con, "core_un__roll_calls", "(SELECT 'GA-1' AS roll_call_id)", yes="11")
    fill(con, "core_un__votes", f"(SELECT 'GA-1' AS roll_call_id, iso3 FROM {STATE_LIST})")
    agree = {"n_joint": "50", "kappa": "0.3", "pi": "0.2"}
    session = f"(SELECT * EXCLUDE (year), year - 1945 AS session FROM {PAIRS})"
    fill(con, "core_un__session_dyads", session, **agree)
    fill(con, "core_un__yearly_dyads", PAIRS, **agree)
    russian = "supplier_iso3 = 'RUS' AND recipient_iso3 = 'IRN'"
    arms = ends("supplier_iso3", "recipient_iso3")
    fill(con, "core_arms__yearly_dyads", arms, tiv_millions=f"if({russian}, 98, 0.2)")
    sums = """(
        WITH d AS (FROM core_arms__yearly_dyads)
        SELECT o.iso3, o.year, exports_tiv_millions, imports_tiv_millions FROM
        (SELECT supplier_iso3 AS iso3, year, sum(tiv_millions) AS exports_tiv_millions
         FROM d GROUP BY ALL) o JOIN
        (SELECT recipient_iso3 AS iso3, year, sum(tiv_millions) AS imports_tiv_millions
         FROM d GROUP BY ALL) i USING (iso3, year))"""
    fill(con, "core_arms__yearly_totals", sums)
    halves = f"""(
        SELECT 'RUS' AS supplier_iso3, 'IRN' AS recipient_iso3, year AS delivery_year,
               year || '-' || half AS delivery_id, 49 AS tiv_millions
        FROM {YEARS}, (SELECT unnest([1, 2]) AS half))"""
    fill(con, "core_arms__deliveries", halves)
    trade = ends("exporter_iso3", "importer_iso3")
    fill(con, "core_trade__reported_flows", trade, reporter="exporter_iso3")
    same = dict.fromkeys(("value_usd", "recorded_usd", "value_lo_usd", "value_hi_usd"), "1e9")
    fill(con, "core_trade__yearly_flows", trade, **same)
    world = f"(FROM (FROM {STATE_LIST} UNION ALL SELECT 'WLD') CROSS JOIN {YEARS})"
    fill(con, "core_trade__yearly_totals", world, exports_usd="95e9", imports_usd="100e9")
    korea = "to_iso3 = 'PRK' AND (from_iso3 = 'CHN' OR from_iso3 = 'RUS' AND year >= 2024)"
    fill(con, "core_treaties__yearly_dyads", PAIRS, has_defense=korea, is_suspended="false")
    pair = "(SELECT 'CHN' AS from_iso3, 'PRK' AS to_iso3, 'IRN' AS a_iso3, 'SAU' AS b_iso3)"
    fill(con, "core_treaties__commitments", pair)
    fill(con, "core_treaties__hostilities", pair)
    fill(con, "core_treaties__agreements", pair)


def fill_out(con: Con) -> None:
    """Indicators of every strength, and what follows from them."""
    indicators = f"""(
        SELECT *, if({BARE} AND pillar <> 'voting', 0,
                     15.0 + hash(from_iso3 || to_iso3 || indicator) % 30) AS score
        FROM {PAIRS}, (VALUES ('trade_share', 'trade'), ('arms_volume', 'arms'),
                              ('security_commitment', 'treaties'),
                              ('economic_agreements', 'treaties'), ('vote_kappa', 'voting'))
                       AS kinds(indicator, pillar))"""
    fill(con, "out_indicators__yearly_dyads", indicators, value="score", status="'observed'")
    tie = "from_iso3, to_iso3, year"
    pillars = f"SELECT {tie}, pillar, avg(score) AS score FROM out_indicators__yearly_dyads"
    fill(con, "out_pillars__yearly_dyads", f"({pillars} GROUP BY ALL)")
    means = f"""(
        WITH m AS (SELECT {tie}, if({BARE}, 5, avg(score)) AS depth FROM out_pillars__yearly_dyads
                   GROUP BY {tie})
        SELECT a.*, sqrt(a.depth * b.depth) AS mutual_depth, a.depth - b.depth AS perception_gap
        FROM m a JOIN m b ON b.from_iso3 = a.to_iso3 AND b.to_iso3 = a.from_iso3
                         AND b.year = a.year)"""
    fill(con, "out_depth__yearly_dyads", means, depth_status="'full'",
         depth_lo90="depth - 5", depth_hi90="depth + 5")  # fmt: skip
    ranked = f"""(
        SELECT {tie}, rank() OVER (PARTITION BY from_iso3, year ORDER BY depth DESC) AS rank
        FROM out_depth__yearly_dyads WHERE from_iso3 IN {GREAT})"""
    fill(con, "out_ranks__yearly_dyads", ranked, rank_lo90="rank", rank_hi90="rank", n_ranked="10")
    gaps = f"""(
        WITH g AS (
            SELECT from_iso3 AS principal_iso3, year,
                   any_value(depth) FILTER (to_iso3 = 'IRN') AS focal_depth,
                   avg(depth) FILTER (to_iso3 IN {GULF}) AS bloc_depth,
                   max(depth) FILTER (to_iso3 IN {GULF}) AS best
            FROM out_depth__yearly_dyads WHERE from_iso3 IN {GREAT} GROUP BY ALL)
        SELECT *, bloc_depth - focal_depth AS gap, best - focal_depth AS gap_best,
               'iran_gulf' AS question, 'IRN' AS focal_iso3,
               unnest(['principal', 'partner']) AS view FROM g)"""
    fill(con, "out_gap__yearly", gaps, gap_lo90="gap - 5", gap_hi90="gap + 5",
         p_bloc_deeper="CASE WHEN gap > 5 THEN 1 WHEN gap < -5 THEN 0 ELSE 0.5 END")  # fmt: skip
    great = f"(SELECT unnest({list(GREAT)}) AS principal_iso3)"
    fill(con, "out_sensitivity__yearly_gap", great)
    fill(con, "out_robustness__yearly_gap", great)
    both = f"(SELECT DISTINCT from_iso3, to_iso3 FROM {PAIRS})"
    fill(con, "out_robustness__yearly_dyads", both)
    fill(con, "out_beside__yearly_dyads", both)
    # Of what stands beside the index nothing is asked but that it is there and names its states.
    for name, table in sorted(REGISTRY.items()):
        if table.layer == "out" and not con.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchall():
            codes = [f"'IRN' AS {c}" for c in table.columns if c.endswith("iso3")]
            fill(con, name, f"(SELECT {', '.join(codes or ['2024 AS year'])})")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse that passes."""
    path = tmp_path_factory.mktemp("world") / "whole.duckdb"
    make_world(path)
    return path


@pytest.fixture(scope="module")
def released(whole: Path) -> Path:
    """The release made of it before."""
    folder = whole.parent / "2026.10.1"
    (folder / "parquet").mkdir(parents=True)
    with duckdb.connect(str(whole), read_only=True) as con:
        for table in published_tables():
            if table.released:
                where = f"WHERE NOT ({table.withheld_rows})" if table.withheld_rows else ""
                con.execute(
                    f"COPY (FROM {table.name} {where}) TO '{folder}/parquet/{table.name}.parquet'"
                )
    return folder


@pytest.fixture(scope="module")
def passed(whole: Path, released: Path) -> GateResult:
    """What the gate says of the whole world."""
    return run_gate(whole, released)


# Damage: the rule it breaks, the statement, and what the rule must name. Damage to many rows spares
# the ties of ARE, whose code comes first in every sample.

ARE = "from_iso3 = 'ARE' AND to_iso3 = 'BHR'"
TIE = {"from_iso3": "ARE", "to_iso3": "BHR"}
IRAN = "principal_iso3 = 'CHN' AND view = 'principal'"
DAMAGE: list[tuple[str, str, str, dict[str, Any]]] = [
    (
        "core_geo__state_years",
        "A state counts in a year",
        "INSERT INTO core_geo__state_years VALUES ('PRK', 1899)",
        {"iso3": "PRK", "year": 1899},
    ),
    (
        "core_un__session_dyads",
        "Votes of two states",
        f"UPDATE core_un__session_dyads SET kappa = 0.9 WHERE {ARE} AND session = 40",
        {**TIE, "session": 40, "field": "kappa", "one_way": 0.9, "other_way": 0.3},
    ),
    (
        "core_un__yearly_dyads",
        "Votes of two states",
        f"UPDATE core_un__yearly_dyads SET pi = NULL WHERE {ARE} AND year = 1980",
        {**TIE, "year": 1980, "field": "pi", "one_way": None, "other_way": 0.2},
    ),
    (
        "core_treaties__yearly_dyads",
        "War and economic agreements",
        f"UPDATE core_treaties__yearly_dyads SET is_suspended = true WHERE {ARE} AND year = 1980",
        {**TIE, "year": 1980, "field": "is_suspended", "one_way": 1, "other_way": 0},
    ),
    (
        "core_un__votes",
        "No more votes of a kind",
        "UPDATE core_un__roll_calls SET yes = 5",
        {"roll_call_id": "GA-1", "yes": 5},
    ),
    (
        "core_arms__yearly_dyads",
        "A state's arms exports",
        "UPDATE core_arms__yearly_totals SET exports_tiv_millions = 7 "
        "WHERE iso3 = 'RUS' AND year = 1980",
        {"iso3": "RUS", "year": 1980, "published": 7},
    ),
    (
        "core_arms__yearly_dyads",
        "A state's arms imports",
        "DELETE FROM core_arms__yearly_totals WHERE iso3 = 'IRN' AND year = 1981",
        {"iso3": "IRN", "year": 1981, "published": None},
    ),
    (
        "core_arms__yearly_dyads",
        "Where the register lists",
        "UPDATE core_arms__deliveries SET tiv_millions = 48 WHERE delivery_id = '1982-1'",
        {"supplier_iso3": "RUS", "recipient_iso3": "IRN", "year": 1982, "sum_of_deliveries": 97},
    ),
    (
        "core_arms__yearly_dyads",
        "What is estimated",
        "UPDATE core_arms__yearly_dyads SET estimated_tiv_millions = 5 WHERE "
        "supplier_iso3 = 'ARE' AND recipient_iso3 = 'BHR' AND year = 1980",
        {"supplier_iso3": "ARE", "recipient_iso3": "BHR", "year": 1980},
    ),
    (
        "core_trade__yearly_flows",
        "A flow is the recorded",
        "UPDATE core_trade__yearly_flows SET value_usd = 2e9 WHERE "
        "exporter_iso3 = 'ARE' AND importer_iso3 = 'BHR' AND year = 1980",
        {"exporter_iso3": "ARE", "importer_iso3": "BHR", "year": 1980, "value_usd": 2_000_000_000},
    ),
    (
        "out_indicators__yearly_dyads",
        "A score is there exactly",
        f"UPDATE out_indicators__yearly_dyads SET status = 'missing' WHERE {ARE} AND year = 1980 "
        "AND indicator = 'trade_share'",
        {**TIE, "year": 1980, "indicator": "trade_share", "status": "missing"},
    ),
    (
        "out_pillars__yearly_dyads",
        "A pillar lies between",
        f"UPDATE out_pillars__yearly_dyads SET score = 99 WHERE {ARE} AND year = 1981 "
        "AND pillar = 'voting'",
        {**TIE, "year": 1981, "pillar": "voting", "score": 99},
    ),
    (
        "out_depth__yearly_dyads",
        "Depth lies between its pillars",
        f"UPDATE out_depth__yearly_dyads SET depth_status = 'partial' WHERE {ARE} AND year = 1982",
        {**TIE, "year": 1982, "depth_status": "partial", "known": 4},
    ),
    (
        "out_depth__yearly_dyads",
        "Depth lies inside its 90 % interval",
        f"UPDATE out_depth__yearly_dyads SET depth_lo90 = 99 WHERE {ARE} AND year = 1983",
        {**TIE, "year": 1983, "depth_lo90": 99},
    ),
    (
        "out_depth__yearly_dyads",
        "Mutual depth and perception gap",
        f"UPDATE out_depth__yearly_dyads SET mutual_depth = 99 WHERE {ARE} AND year = 1984",
        {**TIE, "year": 1984, "mutual_depth": 99},
    ),
    (
        "out_depth__yearly_dyads",
        "Iran and the six Gulf states",
        "DELETE FROM out_depth__yearly_dyads "
        "WHERE from_iso3 = 'CHN' AND to_iso3 = 'ARE' AND year = 1985",
        {"from_iso3": "CHN", "to_iso3": "ARE", "year": 1985},
    ),
    (
        "out_gap__yearly",
        "The gap is the bloc's",
        f"UPDATE out_gap__yearly SET gap = gap + 1 WHERE {IRAN} AND year = 1980",
        {"principal_iso3": "CHN", "view": "principal", "year": 1980},
    ),
    (
        "out_gap__yearly",
        "The gap lies inside",
        f"UPDATE out_gap__yearly SET gap_lo90 = 99 WHERE {IRAN} AND year = 1981",
        {"principal_iso3": "CHN", "view": "principal", "year": 1981, "gap_lo90": 99},
    ),
    (
        "out_gap__yearly",
        "The share of draws",
        "UPDATE out_gap__yearly SET p_bloc_deeper = if(gap_lo90 > 0, 0.9, if(gap_hi90 < 0, 0.1, "
        f"NULL)) WHERE {IRAN} AND year = 1972",
        {"principal_iso3": "CHN", "view": "principal", "year": 1972},
    ),
    (
        "out_gap__yearly",
        "The focal state's depth",
        f"UPDATE out_gap__yearly SET focal_depth = 1 WHERE {IRAN} AND year = 1973",
        {"principal_iso3": "CHN", "focal_iso3": "IRN", "year": 1973, "focal_depth": 1},
    ),
    (
        "out_ranks__yearly_dyads",
        "A rank lies inside",
        "UPDATE out_ranks__yearly_dyads SET rank = 99 "
        "WHERE from_iso3 = 'CHN' AND to_iso3 = 'IRN' AND year = 1980",
        {"from_iso3": "CHN", "to_iso3": "IRN", "year": 1980, "rank": 99},
    ),
    (
        "core_treaties__yearly_dyads",
        "Russia owes Iran no defence",
        "UPDATE core_treaties__yearly_dyads SET has_defense = true "
        "WHERE from_iso3 = 'RUS' AND to_iso3 = 'IRN' AND year = 1999",
        {"from_iso3": "RUS", "to_iso3": "IRN", "year": 1999},
    ),
    (
        "core_treaties__yearly_dyads",
        "China owes North Korea",
        "UPDATE core_treaties__yearly_dyads SET has_defense = false "
        "WHERE from_iso3 = 'CHN' AND to_iso3 = 'PRK' AND year = 1999",
        {"from_iso3": "CHN", "to_iso3": "PRK", "year": 1999},
    ),
    (
        "core_treaties__yearly_dyads",
        "Russia owes North Korea",
        "UPDATE core_treaties__yearly_dyads SET has_defense = true "
        "WHERE from_iso3 = 'RUS' AND to_iso3 = 'PRK' AND year = 2023",
        {"from_iso3": "RUS", "to_iso3": "PRK", "year": 2023},
    ),
    (
        "out_depth__yearly_dyads",
        "Pairs without trade",
        f"UPDATE out_depth__yearly_dyads SET depth = 20 WHERE {BARE}",
        {"ties": 108, "value": 20},
    ),
    (
        "out_depth__yearly_dyads",
        "The mean depth of a year",
        "UPDATE out_depth__yearly_dyads SET depth = 99 WHERE year = 2011",
        {"year": 2011, "value": 99},
    ),
    (
        "out_depth__yearly_dyads",
        "The median width",
        "UPDATE out_depth__yearly_dyads SET depth_lo90 = depth_hi90 WHERE year = 2012",
        {"year": 2012, "value": 0},
    ),
    (
        "out_pillars__yearly_dyads",
        "No pillar's mean score",
        "UPDATE out_pillars__yearly_dyads SET score = 100 "
        "WHERE pillar = 'arms' AND from_iso3 <> 'ARE'",
        {"pillar": "arms"},
    ),
    (
        "out_indicators__yearly_dyads",
        "No indicator's mean score",
        "UPDATE out_indicators__yearly_dyads SET score = 100 "
        "WHERE indicator = 'vote_kappa' AND from_iso3 <> 'ARE'",
        {"indicator": "vote_kappa"},
    ),
    (
        "core_trade__yearly_flows",
        "Iran's share of China's",
        "UPDATE core_trade__yearly_flows SET recorded_usd = 1 "
        "WHERE 'CHN' IN (exporter_iso3, importer_iso3) AND year = 2001",
        {"year": 2001},
    ),
    (
        "core_arms__yearly_dyads",
        "Russia's share of Iran's",
        "UPDATE core_arms__yearly_totals SET imports_tiv_millions = 1000 "
        "WHERE iso3 = 'IRN' AND year BETWEEN 2015 AND 2024",
        {"value": 9.8},
    ),
    (
        "core_trade__yearly_totals",
        "World exports over",
        "UPDATE core_trade__yearly_totals SET imports_usd = 50e9 "
        "WHERE iso3 = 'WLD' AND year = 2005",
        {"year": 2005, "value": 1.9},
    ),
    (
        "core_un__yearly_dyads",
        "The mean agreement",
        "UPDATE core_un__yearly_dyads SET kappa = 0.7 WHERE year = 2013",
        {"year": 2013, "value": 0.7},
    ),
    (
        "out_depth__yearly_dyads",
        "No state loses",
        "UPDATE out_depth__yearly_dyads SET depth_status = NULL "
        "WHERE from_iso3 = 'OMN' AND year = 1990",
        {"from_iso3": "OMN", "year": 1990, "full_ties_before": 10},
    ),
    (
        "out_depth__yearly_dyads",
        "No fewer full depths",
        "",  # by what is above: 10 of Oman, one partial, one gone; and one order of a pair
        {"full_before": 5940, "full_now": 5940 - 13},
    ),
    (
        "out_depth__yearly_dyads",
        "No depth moves",
        f"UPDATE out_depth__yearly_dyads SET depth = depth + 11 WHERE {ARE} AND year = 1986",
        {**TIE, "year": 1986, "move": 11},
    ),
    (
        "out_gap__yearly",
        "No gap moves",
        f"UPDATE out_gap__yearly SET gap = gap - 12 WHERE {IRAN} AND year = 1987",
        {"principal_iso3": "CHN", "view": "principal", "year": 1987, "move": -12},
    ),
    (
        "out_depth__yearly_dyads",
        "With the same method",
        "UPDATE out_depth__yearly_dyads SET depth = depth + 30 "
        f"WHERE from_iso3 IN ('PRK', 'OMN', 'QAT') AND year <> 2011 AND NOT ({BARE})",
        {},
    ),
    (
        "core_un__votes",
        "At least 98%",
        "DELETE FROM core_un__votes WHERE iso3 = 'ARE'",
        {"rows_before": 11, "rows_now": 10},
    ),
    # What follows from the registry.
    (
        "out_robustness__yearly_gap",
        "variant_gap is finite",
        "UPDATE out_robustness__yearly_gap SET variant_gap = 'nan' WHERE principal_iso3 = 'RUS'",
        {"principal_iso3": "RUS", "variant_gap": "inf"},
    ),
    (
        "core_geo__yearly_economy",
        "gdp_usd is at least 0",
        "UPDATE core_geo__yearly_economy SET gdp_usd = -1 WHERE iso3 = 'KWT' AND year = 1990",
        {"iso3": "KWT", "year": 1990, "gdp_usd": -1},
    ),
    (
        "core_un__votes",
        "vote is one of",
        "UPDATE core_un__votes SET vote = 'y' WHERE iso3 = 'SAU'",
        {"iso3": "SAU", "vote": "y"},
    ),
    (
        "core_geo__groups",
        "iso3 matches",
        "UPDATE core_geo__groups SET iso3 = 'USA ' WHERE iso3 = 'USA'",
        {"iso3": "USA "},
    ),
    (
        "core_geo__states",
        "No key twice",
        "INSERT INTO core_geo__states FROM core_geo__states WHERE iso3 = 'QAT'",
        {"iso3": "QAT", "rows": 2},
    ),
    (
        "core_geo__state_years",
        "No key twice",
        "INSERT INTO core_geo__state_years VALUES ('QAT', 1980)",
        {"iso3": "QAT", "year": 1980, "rows": 2},
    ),
    (
        "core_geo__states",
        "name is never missing",
        "ALTER TABLE core_geo__states ALTER name DROP NOT NULL; "
        "UPDATE core_geo__states SET name = NULL WHERE iso3 = 'SAU'",
        {"iso3": "SAU", "name": None},
    ),
    (
        "core_treaties__hostilities",
        "The columns are those",
        "ALTER TABLE core_treaties__hostilities DROP note",
        {},
    ),
    (
        "meta_fields",
        "Every column has the type",
        "ALTER TABLE core_un__roll_calls ALTER absent TYPE INTEGER",
        {"table_name": "core_un__roll_calls", "field": "absent", "type": "INTEGER"},
    ),
    (
        "meta_tables",
        "Every table of the registry",
        "DROP TABLE core_geo__codes",
        {"table_name": "core_geo__codes", "rows": None},
    ),
    (
        "meta_tables",
        "Tables hold rows",
        "DELETE FROM meta_fields",
        {"table_name": "meta_fields", "rows": 0},
    ),
    (
        "meta_tables",
        "The rows that meta_tables states",
        "UPDATE meta_tables SET rows = 7 WHERE table_name = 'core_geo__groups'",
        {"table_name": "core_geo__groups", "rows": 11, "rows_stated": 7},
    ),
]
WRITTEN = (*CONSISTENCY, *PLAUSIBILITY, *HISTORY)


def damage_of_family(rule: Rule) -> tuple[str, str, str, dict[str, Any]] | None:
    """Damage for a rule that many tables have: one order of a pair less, a code of no state."""
    table = REGISTRY[rule.table]
    when = "WHERE year IN (1800, 2000)" if "year" in table.columns else ""
    if rule.says.startswith("Both orders"):
        a, b = (c for c in table.key if c.endswith("_iso3"))
        statement = (
            f"DELETE FROM {rule.table} WHERE rowid = (SELECT max(rowid) FROM {rule.table} "
            f"WHERE {a} = 'USA' AND {b} = 'RUS')"
        )
        return rule.table, rule.says, statement, {a: "RUS", b: "USA"}
    if rule.says.startswith("Every code of a state") and rule.table != "core_geo__codes":
        code = next(f.name for f in table.fields if f.pattern == "[A-Z]{3}")
        statement = (
            f"UPDATE {rule.table} SET {code} = 'QQQ' "
            f"WHERE rowid = (SELECT min(rowid) FROM {rule.table} {when})"
        )
        return rule.table, rule.says, statement, {"field": code, "code": "QQQ", "rows": 1}
    return None


ALL_DAMAGE = [*DAMAGE, *(d for rule in WRITTEN if (d := damage_of_family(rule)))]


@pytest.fixture(scope="module")
def damaged(whole: Path) -> Path:
    """The world with everything wrong at once, each in a place of its own."""
    path = whole.with_name("damaged.duckdb")
    path.write_bytes(whole.read_bytes())
    with duckdb.connect(str(path)) as con:
        for _, _, statement, _ in sorted(ALL_DAMAGE, key=lambda d: "DROP" in d[2]):
            con.execute(statement)
    return path


@pytest.fixture(scope="module")
def stopped(damaged: Path, released: Path) -> GateResult:
    """What the gate says of the damaged world."""
    return run_gate(damaged, released)


# A whole world.


def test_a_good_warehouse_passes(passed: GateResult) -> None:
    assert describe(replace(passed, outcomes=passed.failed)).startswith("The gate is passed: 0 of")
    assert passed.passed
    assert {o.suite for o in passed.outcomes} == {
        "catalogue", "registry", "consistency", "plausibility", "history",
    }  # fmt: skip


def test_every_table_and_field_is_asked_about(passed: GateResult) -> None:
    asked = {(o.table, o.expectation.split()[0]) for o in passed.of("registry")}
    for table in published_tables():
        if table.layer != "raw":
            assert (table.name, "No") in asked  # key twice
            for f in table.fields:
                has_rule = not f.nullable or f.type == "float" or f.allowed or f.pattern
                assert not has_rule or (table.name, f.name) in asked


def test_a_report_knows_neither_place_nor_time(passed: GateResult, whole: Path) -> None:
    for text in (passed.to_json(), report_html(passed, "2026.11.1"), describe(passed)):
        assert str(whole.parent) not in text
        assert not re.search(r"\d\d:\d\d", text)


@pytest.mark.soak
def test_equal_warehouses_give_equal_reports(
    passed: GateResult, whole: Path, released: Path, tmp_path: Path
) -> None:
    other = tmp_path / "another name.duckdb"
    other.write_bytes(whole.read_bytes())
    again = run_gate(other, released)
    assert again.to_json() == passed.to_json()
    assert report_html(again, "2026.11.1") == report_html(passed, "2026.11.1")


# A damaged one.


def outcome(result: GateResult, table: str, says: str) -> Outcome:
    """The one outcome of a table whose words start so."""
    (found,) = (o for o in result.outcomes if o.table == table and o.expectation.startswith(says))
    return found


@pytest.mark.parametrize(
    ("table", "says", "_statement", "row"),
    ALL_DAMAGE,
    ids=[f"{table}: {says[:30]}" for table, says, *_ in ALL_DAMAGE],
)
def test_damage_is_found_and_named(
    stopped: GateResult, table: str, says: str, _statement: str, row: dict[str, Any]
) -> None:
    found = outcome(stopped, table, says)
    assert not found.is_passed
    assert found.kind.startswith("Expect"), "judged, not merely impossible to ask"
    if row:
        named = [{k: r.get(k, "no such column") for k in row} for r in found.sample]
        assert row in named
        assert found.failing_rows >= len(found.sample) > 0


def test_every_written_rule_was_broken(stopped: GateResult) -> None:
    bad = {(o.table, o.expectation) for o in stopped.failed}
    assert [r for r in WRITTEN if (r.table, r.says) not in bad] == []


def test_what_cannot_be_asked_is_not_passed(stopped: GateResult) -> None:
    found = outcome(stopped, "core_geo__codes", "Every code of a state")
    assert not found.is_passed
    assert found.kind == "not evaluated"
    assert "core_geo__codes does not exist" in found.observed


def test_columns_found_and_expected_are_told(stopped: GateResult) -> None:
    found = outcome(stopped, "core_treaties__hostilities", "The columns are those")
    assert found.expected == found.observed + ", note"


def test_all_rows_at_fault_are_counted(stopped: GateResult) -> None:
    found = outcome(stopped, "out_depth__yearly_dyads", "Depth lies inside its 90 %")
    in_2012 = len(STATES) * (len(STATES) - 1)
    assert found.failing_rows > in_2012 - 3, "all of that year, but for a pair lost"
    assert len(found.sample) == frames.SAMPLE


def test_figures_that_are_not_there_do_not_pass(whole: Path) -> None:
    (rule,) = (r for r in PLAUSIBILITY if r.says.startswith("Russia's share"))
    with opened(whole) as con:
        assert len(frames.figures(con, rule.query)) == 1
        nowhere = rule.query.replace("'RUS'", "'XXX'")
        assert frames.figures(
            con, nowhere
        ).empty  # then the expectation of one figure or more fails


# The last release.


@contextmanager
def opened(path: Path, previous: Path | None = None) -> Iterator[Con]:
    """A world, as the gate opens it."""
    with frames.opened(path, previous) as con:
        yield con


def test_a_first_release_has_nothing_to_compare_with(whole: Path) -> None:
    with opened(whole) as con:
        assert frames.before(con) == set()


@pytest.mark.parametrize(
    "cause",
    [
        "UPDATE meta_sources SET sha256 = repeat('e', 64) WHERE source = 'un'",
        "DELETE FROM meta_sources WHERE source = 'un'",
        "UPDATE meta_release SET definition_sha256 = repeat('e', 64)",
    ],
)
def test_a_new_source_or_method_may_move_depths(
    damaged: Path, released: Path, tmp_path: Path, cause: str
) -> None:
    path = tmp_path / "moved.duckdb"
    path.write_bytes(damaged.read_bytes())
    rules = [r for r in HISTORY if " moves by more than " in r.says]
    assert len(rules) == 2
    with opened(path, released) as con:
        assert all(frames.at_fault(con, r.query)[0] for r in rules)
    with duckdb.connect(str(path)) as con:
        con.execute(cause)
    with opened(path, released) as con:
        assert not any(frames.at_fault(con, r.query)[0] for r in rules)


def test_only_a_new_method_may_move_many(damaged: Path, released: Path, tmp_path: Path) -> None:
    (rule,) = (r for r in HISTORY if r.says.startswith("With the same method"))
    path = tmp_path / "moved.duckdb"
    path.write_bytes(damaged.read_bytes())
    with opened(path, released) as con:
        assert frames.figures(con, rule.query)["value"].iloc[0] > 0.1
    with duckdb.connect(str(path)) as con:
        con.execute("UPDATE meta_release SET definition_sha256 = repeat('e', 64)")
    with opened(path, released) as con:
        assert frames.figures(con, rule.query)["value"].iloc[0] == 0


def test_rows_that_may_not_leave_are_not_missed(
    whole: Path, released: Path, tmp_path: Path
) -> None:
    path = tmp_path / "more.duckdb"
    path.write_bytes(whole.read_bytes())
    (rule,) = (r for r in history({"core_trade__reported_flows"}) if "rows" in r.says[:40])
    with duckdb.connect(str(path)) as con:
        con.execute(
            "INSERT INTO core_trade__reported_flows SELECT * REPLACE ('WITS' AS source) "
            "FROM core_trade__reported_flows"
        )
    with opened(path, released) as con:
        figure = frames.figures(con, rule.query).iloc[0]
    assert figure["rows_now"] == figure["rows_before"] == 5940


def test_a_directory_that_is_no_release_is_refused(whole: Path, tmp_path: Path) -> None:
    with pytest.raises(GateError, match="expected the directory of a release"):
        run_gate(whole, tmp_path)
    with pytest.raises(GateError, match="make build"):
        run_gate(tmp_path / "none.duckdb", None)


# Witnesses.


def test_witnesses_are_few_and_stand_for_all(tmp_path: Path) -> None:
    table = REGISTRY["core_geo__yearly_economy"]
    with duckdb.connect(str(tmp_path / "x.duckdb")) as con:
        con.execute(create_table_sql(table).replace("NOT NULL", ""))
        con.execute(
            f"INSERT INTO {table.name} SELECT 'IRN', 1900 + i % 100, i, 5 FROM range(100000) r(i); "
            f"UPDATE {table.name} SET gdp_usd = -1 WHERE gdp_usd = 77777; "
            f"UPDATE {table.name} SET population_persons = 'nan' WHERE gdp_usd = 55555; "
            f"UPDATE {table.name} SET iso3 = 'x' WHERE gdp_usd = 33333; "
            f"UPDATE {table.name} SET year = NULL WHERE gdp_usd = 11111"
        )
    with opened(tmp_path / "x.duckdb") as con:
        found = frames.witnesses(con, table, table.columns)
    assert len(found) < 30
    assert found["gdp_usd"].min() == -1
    assert found["gdp_usd"].max() == 99_999
    assert found["population_persons"].max() == float("inf")
    assert set(found["iso3"]) == {"IRN", "x"}
    assert found["year"].isna().sum() == 1
    assert found.duplicated(list(table.key)).any()


# Words.


def test_the_report_for_programs(stopped: GateResult, passed: GateResult) -> None:
    made = json.loads(stopped.to_json())
    assert made["passed"] is False
    assert json.loads(passed.to_json())["passed"] is True
    assert len(made["outcomes"]) == sum(s["expectations"] for s in made["suites"].values())
    assert sum(s["failed"] for s in made["suites"].values()) == len(stopped.failed)


def test_the_terminal_is_told_the_rows(stopped: GateResult) -> None:
    text = describe(stopped)
    assert "from_iso3 ARE, to_iso3 BHR, year 1984" in text
    assert re.search(r"^    and [0-9,]+ more$", text, re.MULTILINE)
    assert text.splitlines()[-1].startswith("The gate is closed")


class Page(HTMLParser):
    """Reads a page and notes what must be right of it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        assert self.open == [], "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_stands_alone_and_can_be_read_by_all(stopped: GateResult) -> None:
    text = report_html(stopped, "2026.11.1")
    page = Page(text)
    tags = [t for t, _ in page.tags]
    assert not {"script", "link", "img", "iframe"} & set(tags)
    assert "url(" not in text
    assert "@import" not in text
    assert dict(page.tags)["html"] == {"lang": "en"}
    assert tags.count("title") == tags.count("h1") == tags.count("main") == 1
    assert all(a.get("scope") in ("col", "row") for t, a in page.tags if t == "th")
    assert tags.count("table") == tags.count("caption")
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids)) == len(stopped.failed)


def test_the_page_shows_failures_first_and_all_of_them(
    stopped: GateResult, passed: GateResult
) -> None:
    text = report_html(stopped, "2026.11.1")
    assert text.index("What is not met") < text.index("By suite") < text.index("Every expectation")
    assert text.count('class="failure"') == len(stopped.failed)
    assert text.count("<tr>") > len(stopped.outcomes)
    good = report_html(passed, "2026.11.1")
    assert "What is not met" not in good
    assert "Passed: all" in good


def test_what_a_warehouse_holds_cannot_break_the_page(stopped: GateResult) -> None:
    bad = replace(stopped.failed[0], observed="<b>&", sample=({"<i>": "<script>"},))
    text = report_html(replace(stopped, outcomes=(bad,), mode="<mode>"), "<name>")
    Page(text)
    for raw in ("<b>", "<i>", "<script>", "<mode>", "<name>"):
        assert raw not in text


@pytest.mark.soak
def test_data_docs_are_whole_and_labelled(damaged: Path, released: Path, tmp_path: Path) -> None:
    first = data_docs(damaged, released, tmp_path / "docs")
    assert "Great Expectations" in first.read_text()
    assert "network" in (first.parent / "README.txt").read_text()
    pages = [p.read_text() for p in (first.parent / "validations").rglob("*.html")]
    questions = len(list((first.parent / "expectations").rglob("*.html")))
    assert len(pages) == questions > 100
    assert any("Failed" in p for p in pages)
