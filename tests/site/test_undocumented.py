"""What can be set from outside is on the settings page, and what documents name exists."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.settings import Settings
from schemas import REGISTRY
from warehouse.views import VIEWS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "SETTINGS.md").read_text(encoding="utf-8")
VARIABLES, FIELDS = PAGE.split("## Settings of a run")
NAMED = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)


TEXTS = [
    path.read_text(encoding="utf-8")
    for room in ("indices", "pipelines", "schemas", "warehouse")
    for path in sorted((ROOT / room).rglob("*.py"))
]
CONSTANT = re.compile(r'^([A-Z_]+) = "(\w+)"$', re.MULTILINE)
EVERYWHERE = dict(CONSTANT.findall("\n".join(TEXTS)))


def variables(text: str) -> Iterator[str]:
    """Environment variables that a module reads or sets, by name or by a constant."""
    known = EVERYWHERE | dict(CONSTANT.findall(text))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            of, key = ast.unparse(node.func), node.args[0]
        elif isinstance(node, ast.Subscript):
            of, key = ast.unparse(node.value), node.slice
        else:
            continue
        if of in ("os.environ", "os.getenv", "os.environ.get", "os.environ.setdefault"):
            yield str(key.value if isinstance(key, ast.Constant) else known[ast.unparse(key)])


def test_every_environment_variable_is_documented_and_no_other() -> None:
    used = {v for text in TEXTS if re.search("environ|getenv", text) for v in variables(text)}
    assert used == set(NAMED.findall(VARIABLES))


def test_every_setting_of_a_run_is_documented_with_its_default() -> None:
    assert set(NAMED.findall(FIELDS)) == set(Settings.model_fields)
    for name, field in Settings.model_fields.items():
        row = next(line for line in FIELDS.splitlines() if line.startswith(f"| `{name}` |"))
        default = str(field.default).removeprefix(f"{ROOT}/")
        assert default in row, f"{name}: the page does not say {default}"


PAGES = sorted((ROOT / "docs").rglob("*.md"))


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_table_and_view_a_page_names_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    named = set(re.findall(r"\b(?:raw|core|out|meta)_[a-z_]+__[a-z_]+", text))
    named |= set(re.findall(r"\bFROM ([a-z]\w+)\b(?!\()", text))
    known = set(REGISTRY) | {v.name for v in VIEWS} | {"duckdb_columns"}
    assert named <= known, named - known
