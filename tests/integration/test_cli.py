"""The command: results in every format, and errors that say what to do."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from builds import ROOT
from typer.testing import CliRunner, Result

from pipelines.cli import app

SQL = "SELECT 'IRN' AS iso3, 1.5 AS depth, NULL AS gap UNION ALL SELECT 'a,b', 2, 3 ORDER BY depth"


def run(*words: str | Path) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(app, [*map(str, words)])


def test_help_lists_the_commands() -> None:
    done = run("--help")
    assert done.exit_code == 0
    for command in ("build", "summary", "query", "starter"):
        assert f" {command} " in done.stdout


def test_summary_fits_the_screen_and_cuts_no_figure(
    link: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = run("summary", "--warehouse", link)
    assert done.exit_code == 0, done.output
    for words in ("China", "Russia", "United States", "2000", "2010", "2014", "2020", "2024"):
        assert words in done.stdout
    assert str(link) in done.stdout
    assert "iran_and_gulf" in done.stdout
    assert "\u2026" not in done.stdout
    table = done.stdout.split("tie of")[1].split("gap:")[0]
    assert max(map(len, table.splitlines())) <= 80


def test_query_as_table(link: Path) -> None:
    done = run("query", SQL, "--warehouse", link)
    assert done.exit_code == 0
    assert [w for w in ("iso3", "depth", "IRN", "1.5", "a,b") if w not in done.stdout] == []


def test_query_as_csv(link: Path) -> None:
    done = run("query", SQL, "--warehouse", link, "--format", "csv")
    assert list(csv.reader(io.StringIO(done.stdout))) == [
        ["iso3", "depth", "gap"],
        ["IRN", "1.5", ""],
        ["a,b", "2.0", "3"],
    ]


def test_query_as_json(link: Path) -> None:
    sql = f"SELECT *, DATE '2024-12-04' AS day FROM ({SQL}) LIMIT 1"
    done = run("query", sql, "--warehouse", link, "--format", "json")
    assert json.loads(done.stdout) == [
        {"iso3": "IRN", "depth": 1.5, "gap": None, "day": "2024-12-04"}
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["query", "SELECT depht FROM out_depth__yearly_dyads"], "depht"),
        (["query", "SELEC 1"], "SELEC"),
        (["query", "DROP TABLE meta_release"], "read-only"),
    ],
)
def test_a_query_that_fails_says_why(link: Path, words: list[str], message: str) -> None:
    done = run(*words, "--warehouse", link)
    assert done.exit_code == 1
    assert message in done.stderr
    assert done.stdout == ""


def test_a_format_that_is_not_there_is_a_wrong_call(link: Path) -> None:
    done = run("query", "SELECT 1", "--format", "xml", "--warehouse", link)
    assert done.exit_code == 2
    assert all(f in done.stderr for f in ("table", "csv", "json", "parquet"))


@pytest.mark.parametrize("words", [["summary"], ["query", "SELECT 1"]])
def test_without_a_warehouse_it_says_how_to_make_one(words: list[str], tmp_path: Path) -> None:
    missing = tmp_path / "nothing.duckdb"
    done = run(*words, "--warehouse", missing)
    assert done.exit_code == 1
    assert "make build" in done.stderr
    assert str(missing) in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_starter_build_needs_the_upstreams_files(tmp_path: Path) -> None:
    bundled = tmp_path / "starter"
    bundled.mkdir()
    (bundled / "raw_x.parquet").write_text("as it was")
    (tmp_path / "empty").mkdir()
    own = sorted((p.name, p.stat().st_mtime_ns) for p in (ROOT / "warehouse/starter").iterdir())
    done = run("starter", "build", "--from", tmp_path / "empty", "--to", bundled)
    assert done.exit_code == 1, done.output
    assert str(tmp_path / "empty") in done.stderr
    assert "The bundled figures are as they were." in done.stderr
    assert [p.name for p in bundled.iterdir()] == ["raw_x.parquet"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["empty", "starter"]
    now = sorted((p.name, p.stat().st_mtime_ns) for p in (ROOT / "warehouse/starter").iterdir())
    assert now == own
