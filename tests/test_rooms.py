"""The rooms: imports go one way, and the light ones stay light."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("schemas", "indices", "warehouse", "pipelines")
MAY_IMPORT = {
    "schemas": set(),
    "indices": {"schemas"},
    "warehouse": {"schemas", "indices"},
    "pipelines": {"schemas", "indices", "warehouse"},
}
MODULES = [
    pytest.param(path, id=str(path.relative_to(ROOT)))
    for room in ROOMS
    for path in sorted((ROOT / room).rglob("*.py"))
]


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@functools.cache
def imported(path: Path, *, only_at_start: bool = False) -> frozenset[str]:
    """First names of what a module imports; on request only what runs when it is imported."""
    found: set[str] = set()
    todo: list[ast.AST] = [parsed(path)]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Import):
            found |= {a.name.split(".")[0] for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports name their room in full"
            found.add(str(node.module).split(".")[0])
        inside_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for_types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        if only_at_start and (inside_function or for_types):
            continue
        # Imports are statements, and no expression holds one.
        todo.extend(n for n in ast.iter_child_nodes(node) if not isinstance(n, ast.expr))
    return frozenset(found)


@pytest.mark.parametrize("path", MODULES)
def test_arrows_between_rooms_point_one_way(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    assert imported(path) & set(ROOMS) - {room} <= MAY_IMPORT[room]


@pytest.mark.parametrize("path", MODULES)
def test_only_pipelines_knows_dagster_and_nobody_loads_the_gate_early(path: Path) -> None:
    if path.relative_to(ROOT).parts[0] != "pipelines":
        assert not {"dagster", "dagster_webserver", "dagster_pandera"} & imported(path)
    assert "great_expectations" not in imported(path, only_at_start=True)
    assert "pandera" not in imported(path, only_at_start=True)


def reads(path: Path) -> list[str]:
    """Calls in a module that would reach for a file, the network or a database."""
    reaching = {"open", "connect", "urlopen", "urlretrieve", "load", "loadtxt", "genfromtxt"}
    found = []
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call):
            called = node.func
            name = getattr(called, "attr", getattr(called, "id", ""))
            if name in reaching or name.startswith(("read_", "write_", "to_csv", "to_parquet")):
                found.append(f"{node.lineno}: {name}")
    return found


def test_indices_read_no_file_but_their_definition() -> None:
    outside = {"duckdb", "sqlite3", "requests", "urllib", "http", "socket", "pyarrow", "subprocess"}
    for path in sorted((ROOT / "indices").rglob("*.py")):
        assert not outside & imported(path), path
        if path.name != "definition.py":
            assert reads(path) == [], path
    assert reads(ROOT / "indices" / "definition.py"), "the check itself sees the one file it reads"


@pytest.mark.integration
@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("schemas", "dagster duckdb great_expectations pandera matplotlib"),
        ("indices.assemble", "dagster duckdb great_expectations pandera matplotlib numba"),
        ("warehouse.answers", "dagster great_expectations pandera matplotlib pandas numpy"),
        ("warehouse.explain", "dagster great_expectations pandera matplotlib pandas numpy"),
        ("warehouse.compare", "dagster great_expectations pandera matplotlib pandas numpy"),
        ("warehouse.doctor", "dagster great_expectations pandera matplotlib pandas numpy"),
        ("pipelines.cli", "dagster duckdb great_expectations pandera matplotlib pandas numpy"),
        ("warehouse.publish", "dagster great_expectations pandera matplotlib"),
        ("warehouse.whatif", "dagster great_expectations pandera matplotlib numba"),
        ("pipelines.definitions", "great_expectations matplotlib numba"),
    ],
)
def test_starting_stays_light(module: str, heavy: str) -> None:
    code = f"import sys, {module}; print(*[h for h in {heavy.split()!r} if h in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
