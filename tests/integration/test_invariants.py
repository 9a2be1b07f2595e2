"""What holds in every build: the tables of the contract, their bounds, comments and descriptions.

The names and columns are those of DESIGN.md, written out here once more on purpose.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from builds import ROOT, Built

from pipelines.sources.catalogue import sources
from schemas import REGISTRY
from warehouse.publish import published_tables
from warehouse.views import VIEWS

Con = duckdb.DuckDBPyConnection

DESIGN = {
    "core_geo__states": "iso3 name cow_code start_date end_date is_panel",
    "core_geo__groups": "group_id iso3 start_date end_date",
    "core_un__roll_calls": "roll_call_id body date session session_label resolution title yes no "
    "abstain absent",
    "core_un__votes": "roll_call_id iso3 vote",
    "core_un__session_dyads": "from_iso3 to_iso3 session n_joint agreement identical_share s_score "
    "kappa pi",
    "core_un__yearly_dyads": "from_iso3 to_iso3 year n_joint agreement identical_share s_score "
    "kappa pi ideal_point_distance",
    "core_arms__deliveries": "delivery_id supplier_iso3 recipient_iso3 order_year delivery_year "
    "designation category number_delivered tiv_millions status is_local_production is_estimate",
    "core_arms__yearly_dyads": "supplier_iso3 recipient_iso3 year tiv_millions",
    "core_trade__reported_flows": "exporter_iso3 importer_iso3 year reporter source value_usd "
    "valuation",
    "core_trade__yearly_flows": "exporter_iso3 importer_iso3 year value_usd method mirror_ratio "
    "adjustment_usd",
    "core_treaties__commitments": "commitment_id from_iso3 to_iso3 instrument kind start_date "
    "end_date has_defense has_offense has_neutrality has_nonaggression has_consultation source_url",
    "core_treaties__yearly_dyads": "from_iso3 to_iso3 year partnership_tier economic_agreements "
    "joint_igos troops_hosted",
    "out_indicators__yearly_dyads": "from_iso3 to_iso3 year indicator pillar value score status",
    "out_pillars__yearly_dyads": "from_iso3 to_iso3 year pillar score coverage",
    "out_depth__yearly_dyads": "from_iso3 to_iso3 year depth depth_lo90 depth_hi90 depth_status "
    "costly_depth declared_depth mutual_depth perception_gap perception_gap_directional coverage",
    "out_gap__yearly": "question principal_iso3 view measure year focal_iso3 bloc focal_depth "
    "bloc_depth gap gap_lo90 gap_hi90 p_bloc_deeper gap_trade_weighted gap_pooled gap_best "
    "best_iso3",
    "iran_and_gulf": "principal_iso3 view measure year iran_depth gulf_depth gap gap_lo90 gap_hi90 "
    "p_gulf_deeper",
    "meta_release": "release built_at code_version method_version definition_sha256 mode",
    "meta_sources": "source title vintage retrieved_at url licence citation sha256 rows",
    "meta_fields": "table_name field type unit description",
}
DYADS = sorted(n for n in DESIGN if n.endswith("_dyads"))


def columns(con: Con) -> dict[str, dict[str, str]]:
    """Type of each column of each table and view of the file."""
    found: dict[str, dict[str, str]] = {}
    for name, column, kind in con.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal"
    ).fetchall():
        found.setdefault(name, {})[column] = kind
    return found


def count(con: Con, source: str) -> int:
    """Rows of a table with its clauses."""
    (rows,) = con.execute(f"SELECT count(*) FROM {source}").fetchone() or (0,)
    return int(rows)


# Tables.


def test_the_contract_is_kept(con: Con) -> None:
    found = columns(con)
    for name, expected in DESIGN.items():
        assert set(expected.split()) <= set(found[name]), name


def test_the_file_holds_the_registry_and_the_views_and_nothing_else(con: Con) -> None:
    expected = {t.name: t.columns for t in published_tables()}
    expected |= {v.name: list(v.columns) for v in VIEWS}
    assert {name: list(found) for name, found in columns(con).items()} == expected


@pytest.mark.parametrize("table", [t.name for t in published_tables()])
def test_keys_are_unique_and_what_must_be_there_is(con: Con, table: str) -> None:
    (definition,) = (t for t in published_tables() if t.name == table)
    rows = count(con, table)
    is_filled = definition.layer != "raw" or any(
        sources()[s].is_bundled for s in definition.sources
    )
    assert (rows > 0) == is_filled
    key = ", ".join(definition.key)
    assert count(con, f"(SELECT DISTINCT {key} FROM {table})") == rows
    # All bounds of the registry, which the build itself checks before, and NOT NULL.
    broken = [
        f"NOT coalesce({rule}, {'true' if f.nullable else 'false'})"
        for f in definition.fields
        for rule in (
            f"{f.name} IS NOT NULL" if not f.nullable else "",
            f"{f.name} >= {f.minimum}" if f.minimum is not None else "",
            f"{f.name} <= {f.maximum}" if f.maximum is not None else "",
            f"NOT isnan({f.name}) AND NOT isinf({f.name})" if f.type == "float" else "",
        )
        if rule
    ]
    assert count(con, f"{table} WHERE {' OR '.join(broken)}") == 0


@pytest.mark.parametrize("table", DYADS)
def test_both_orders_of_a_pair_are_there(con: Con, table: str) -> None:
    a, b, *rest = REGISTRY[table].key
    same = "".join(f" AND other.{c} = {table}.{c}" for c in rest)
    other = f"SELECT 1 FROM {table} AS other WHERE other.{a} = {table}.{b} AND other.{b} = "
    assert count(con, f"{table} WHERE {a} = {b}") == 0
    assert count(con, f"{table} WHERE NOT EXISTS ({other}{table}.{a}{same})") == 0


# Values.


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("out_indicators__yearly_dyads", "score"),
        ("out_pillars__yearly_dyads", "score"),
        *(
            ("out_depth__yearly_dyads", c)
            for c in [
                "depth",
                "depth_lo90",
                "depth_hi90",
                "costly_depth",
                "declared_depth",
                "mutual_depth",
            ]
        ),
        *(("out_gap__yearly", c) for c in ("focal_depth", "bloc_depth")),
    ],
)
def test_scores_span_nought_to_a_hundred(con: Con, table: str, column: str) -> None:
    low, high, known = con.execute(
        f"SELECT min({column}), max({column}), count({column}) FROM {table}"
    ).fetchone() or (None, None, 0)
    assert known > 400
    assert 0 <= low < 40 < high <= 100


def test_the_gap_is_what_it_says(con: Con) -> None:
    rows = "out_gap__yearly"
    assert count(con, f"{rows} WHERE abs(gap - (bloc_depth - focal_depth)) > 1e-9") == 0
    assert count(con, f"{rows} WHERE gap_best < gap - 1e-9") == 0
    assert count(con, f"{rows} WHERE gap_lo90 > gap_hi90 OR (gap_lo90 IS NULL) <> "
                 "(p_bloc_deeper IS NULL)") == 0  # fmt: skip
    known = count(con, f"{rows} WHERE gap_lo90 IS NOT NULL")
    assert known > 1_000
    assert count(con, f"{rows} WHERE gap BETWEEN gap_lo90 AND gap_hi90") >= 0.99 * known
    assert count(con, "iran_and_gulf") == count(con, f"{rows} WHERE question = 'iran_gulf'")


def test_depth_is_full_only_with_all_four_pillars(con: Con) -> None:
    pillars = """(SELECT from_iso3, to_iso3, year, count(score) AS n
                  FROM out_pillars__yearly_dyads GROUP BY ALL)"""
    both = f"out_depth__yearly_dyads JOIN {pillars} USING (from_iso3, to_iso3, year)"
    expected = "CASE n WHEN 4 THEN 'full' WHEN 3 THEN 'partial' END"
    assert count(con, f"{both} WHERE depth_status IS DISTINCT FROM {expected}") == 0
    assert count(con, f"{both} WHERE (depth IS NULL) <> (depth_status IS NULL)") == 0
    assert {s for (s,) in con.execute(
        "SELECT DISTINCT depth_status FROM out_depth__yearly_dyads").fetchall()
    } == {"full", "partial", None}  # fmt: skip


def test_mutual_depth_and_perception_gap_join_the_two_ends(con: Con) -> None:
    both = """out_depth__yearly_dyads a JOIN out_depth__yearly_dyads b
              ON a.from_iso3 = b.to_iso3 AND a.to_iso3 = b.from_iso3 AND a.year = b.year"""
    compared = f"{both} WHERE a.depth_status = b.depth_status"
    assert count(con, compared) > 50_000
    assert count(con, f"{compared} AND NOT (abs(a.perception_gap - (a.depth - b.depth)) < 1e-9 "
                 "AND abs(a.mutual_depth - sqrt(a.depth * b.depth)) < 1e-9)") == 0  # fmt: skip


# What the file says of itself.


def test_one_release_and_every_source_with_rows_and_hash(con: Con) -> None:
    assert count(con, "meta_release") == 1
    (built_at, mode) = con.execute("SELECT built_at, mode FROM meta_release").fetchone() or ("", "")
    assert (str(built_at)[:10], mode) == ("2023-11-14", "starter")  # 1,700,000,000 seconds
    rows = con.execute("SELECT source, rows, sha256 FROM meta_sources").fetchall()
    named = {s for t in published_tables() for s in t.sources if sources()[s].is_bundled}
    assert {source for source, *_ in rows} == named
    assert all(n > 0 and len(sha) == 64 for _, n, sha in rows)
    assert len({sha for *_, sha in rows}) == len(rows)
    assert sum(n for _, n, _ in rows) == sum(
        count(con, t.name) for t in published_tables() if t.layer == "raw"
    )


def test_every_column_is_described_in_the_file(con: Con) -> None:
    listed = con.execute("SELECT table_name, field, description FROM meta_fields").fetchall()
    found = {(t, c) for t, cs in columns(con).items() for c in cs}
    assert {(t, c) for t, c, _ in listed} == found
    assert len(listed) == len(found)
    assert all(len(text) > 3 for *_, text in listed)
    for what in ("tables", "views", "columns"):
        assert count(con, f"duckdb_{what}() WHERE NOT internal AND coalesce(comment, '') = ''") == 0


def test_the_file_opens_while_another_process_reads_it(link: Path) -> None:
    code = (
        f"import duckdb; con = duckdb.connect({str(link)!r}, read_only=True); "
        "print(con.execute('SELECT count(*) FROM meta_release').fetchone()[0], flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        try:
            assert other.stdout
            assert other.stdout.readline() == "1\n"
            with duckdb.connect(str(link), read_only=True) as con:
                assert count(con, "meta_release") == 1
        finally:
            other.kill()


def test_tables_and_file_hold_the_same_rows(con: Con, built: Built) -> None:
    for table in published_tables():
        if table.name != "meta_tables":
            rows = pq.read_metadata(built.tables / f"{table.name}.parquet").num_rows
            assert count(con, table.name) == rows, table.name
    assert ROOT not in built.link.parents
