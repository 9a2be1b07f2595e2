"""docs/CLI.md names every command and every option, and every example on it is one that parses."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from pipelines.cli import app

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "CLI.md").read_text(encoding="utf-8")
SHARED = PAGE.split("## What all answers share")[1].split("\n## ")[0]


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every command with its full name."""
    for name, command in sorted(group.commands.items()):
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


COMMANDS = dict(commands(typer.main.get_command(app)))


def section(name: str) -> str:
    """What the page says of a command."""
    parts = PAGE.split(f"\n## {name}\n")
    assert len(parts) == 2, f"docs/CLI.md has no section, or two, of {name}"
    return parts[1].split("\n## ")[0]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_on_the_page(name: str) -> None:
    text = section(name)
    options = [o for p in COMMANDS[name].params for o in p.opts if o.startswith("--")]
    assert [o for o in options if not re.search(rf"`[^`]*{o}\b[^`]*`", text)] == []


def test_the_page_names_nothing_that_is_gone() -> None:
    sections = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    assert set(sections) - {"What all answers share"} == set(COMMANDS)
    for name in COMMANDS:
        known = {o for p in COMMANDS[name].params for o in p.opts}
        named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", section(name)))
        assert named <= known, f"{name}: {named - known}"


@pytest.mark.parametrize(
    "line", [line for line in PAGE.splitlines() if re.match("alliance-depth [a-z]", line)]
)
def test_every_example_parses(line: str) -> None:
    words = shlex.split(line)[1:]
    command = COMMANDS[words[0]]
    # The first line of a block says what the arguments are: their names stand for years, too.
    given = ["2024" if w == "YEAR" else w for w in words[1:]]
    context = command.make_context(words[0], given)
    assert context.params


def test_what_answers_share_is_in_every_answer() -> None:
    shared = set(re.findall(r"^- `(--[a-z]+)", SHARED, re.MULTILINE))
    assert shared == {"--format", "--output", "--warehouse"}
    for name in ("explain", "compare", "rank", "whatif", "query", "doctor"):
        assert shared <= {o for p in COMMANDS[name].params for o in p.opts}
        assert f"`{name}`" in SHARED
