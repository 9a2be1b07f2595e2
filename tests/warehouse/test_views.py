"""The views: each column described, each description a column, comments in the file itself."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from schemas import REGISTRY
from warehouse.publish import BuildFile, published_tables
from warehouse.tables import write
from warehouse.views import VIEWS, View, create_view_sql, parse_view

NAMED = [pytest.param(v, id=v.name) for v in VIEWS]


@pytest.fixture(scope="module")
def con(every_table_built: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A finished file with a few rows in every table, open for reading."""
    with duckdb.connect(str(every_table_built), read_only=True) as opened:
        yield opened


@pytest.mark.parametrize("view", NAMED)
def test_columns_and_descriptions_are_the_same_list(
    view: View, con: duckdb.DuckDBPyConnection
) -> None:
    columns = [row[0] for row in con.execute(f"DESCRIBE {view.name}").fetchall()]
    assert columns == list(view.columns)
    assert [c for c, m in view.columns.items() if len(m.split()) < 2 or not m.endswith(".")] == []
    assert len(view.description.split()) > 4


@pytest.mark.parametrize("view", NAMED)
def test_comments_stand_in_the_file(view: View, con: duckdb.DuckDBPyConnection) -> None:
    assert con.execute(
        "SELECT comment FROM duckdb_views() WHERE view_name = ?", [view.name]
    ).fetchone() == (view.description,)
    commented = con.execute(
        "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = ?", [view.name]
    ).fetchall()
    assert dict(commented) == view.columns


@pytest.mark.parametrize("view", NAMED)
def test_a_view_can_be_read_from_the_finished_file(
    view: View, con: duckdb.DuckDBPyConnection
) -> None:
    con.execute(f"SELECT * FROM {view.name}").fetchall()


def test_names_of_views_and_tables_do_not_clash() -> None:
    names = [v.name for v in VIEWS] + list(REGISTRY)
    assert len(set(names)) == len(names)
    assert "iran_and_gulf" in names


def test_every_table_and_column_of_the_file_has_a_comment(con: duckdb.DuckDBPyConnection) -> None:
    assert (
        con.execute(
            """
        SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal AND comment IS NULL
        UNION ALL
        SELECT table_name, '' FROM duckdb_tables() WHERE comment IS NULL
        """
        ).fetchall()
        == []
    )


def test_meta_tables_lists_what_is_there(con: duckdb.DuckDBPyConnection) -> None:
    listed = con.execute("SELECT table_name, rows FROM meta_tables").fetchall()
    assert {n for n, _ in listed} == {t.name for t in published_tables()} | {v.name for v in VIEWS}
    for name, rows in listed:
        if name in REGISTRY:
            assert con.execute(f"SELECT count(*) FROM {name}").fetchone() == (rows,)
        else:
            assert rows is None


def test_the_question_in_plain_names_is_the_gap_table(every_table: Path, tmp_path: Path) -> None:
    # Two rows by hand: only the one of question iran_gulf may be seen, under its plain names.
    fixed = {
        "principal_iso3": "CHN", "view": "principal", "measure": "depth", "year": 2020,
        "focal_iso3": "IRN", "bloc": "gulf", "bloc_n": 6, "focal_depth": 20.0, "bloc_depth": 27.5,
        "gap": 7.5, "gap_lo90": 5.0, "gap_hi90": 9.0, "p_bloc_deeper": 0.75,
        "gap_trade_weighted": 8.0, "gap_pooled": 6.0, "gap_best": 12.0, "best_iso3": "SAU",
        "has_sign_conflict": False,
    }  # fmt: skip
    rows = pd.DataFrame([{"question": q, **fixed} for q in ("iran_gulf", "another")])
    tables = Path(shutil.copytree(every_table, tmp_path / "tables"))
    write(rows, REGISTRY["out_gap__yearly"], tables / "out_gap__yearly.parquet")
    BuildFile(tmp_path / "made.duckdb").finish(tables)
    with duckdb.connect(str(tmp_path / "made.duckdb"), read_only=True) as con:
        made = con.execute("SELECT * FROM iran_and_gulf").fetch_df().to_dict("records")
    assert len(made) == 1
    assert {k: made[0][k] for k in ("iran_depth", "gulf_depth", "p_gulf_deeper", "gulf_n")} == {
        "iran_depth": 20.0, "gulf_depth": 27.5, "p_gulf_deeper": 0.75, "gulf_n": 6,
    }  # fmt: skip
    same = set(made[0]) & set(fixed)
    assert {k: made[0][k] for k in same} == {k: fixed[k] for k in same}


def test_parse_reads_description_columns_and_query() -> None:
    text = (
        "-- First line,\n-- second line.\n-- @a: The a: in points.\n-- @b_usd:  Money.\n"
        "SELECT 1 AS a,  -- a remark\n-- a remark on a line of its own\n2 AS b_usd;\n\n"
    )
    view = parse_view("v", text)
    assert view.description == "First line, second line."
    assert view.columns == {"a": "The a: in points.", "b_usd": "Money."}
    with duckdb.connect() as con:
        for statement in create_view_sql(view):
            con.execute(statement)
        assert con.execute("SELECT * FROM v").fetchall() == [(1, 2)]


def test_quotes_in_descriptions_are_kept() -> None:
    view = parse_view("v", "-- It's one.\n-- @a: A state's own.\nSELECT 1 AS a")
    with duckdb.connect() as con:
        for statement in create_view_sql(view):
            con.execute(statement)
        assert con.execute(
            "SELECT comment FROM duckdb_views() WHERE view_name = 'v'"
        ).fetchone() == ("It's one.",)
