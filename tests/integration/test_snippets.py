"""Every command and snippet of the documentation is run here, or says that it is not.

A fenced block that cannot be run has `<!-- not run: reason -->` on the line before it. All others
are run in a folder with the warehouse in `warehouse/` and a release in `releases/`. Commands that
only read are run; those that build, fetch or release take minutes and must be labelled. In every
block, also a labelled one, the commands and options must exist.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
import typer
from builds import ROOT
from typer.testing import CliRunner

from pipelines.cli import app

DOCUMENTS = [ROOT / "README.md", ROOT / "benchmarks" / "README.md", *(ROOT / "docs").rglob("*.md")]
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LABEL = re.compile(r"<!-- not run: \S.* -->\n$")
# The README says it in words that every reader sees.
IN_WORDS = {"README.md": "(neither is run by the tests here)"}
READING = {
    "summary", "query", "whatif", "report", "chart", "conclusions", "validity", "claims", "explain",
    "compare", "rank", "doctor", "verify", "site",
}  # fmt: skip
# Languages that are no commands; doctests have a test of their own (test_engine_page).
SILENT = {"toml", "json", "csv", "text", "yaml", "bibtex"}


@dataclass(frozen=True)
class Block:
    """A fenced block."""

    document: str
    line: int
    language: str
    text: str
    is_labelled: bool

    @property
    def place(self) -> str:
        """Where it stands."""
        return f"{self.document}:{self.line}"


def blocks(path: Path) -> Iterator[Block]:
    text = path.read_text(encoding="utf-8")
    name = path.relative_to(ROOT).as_posix()
    for found in FENCE.finditer(text):
        before = text[: found.start()]
        in_words = IN_WORDS.get(name, "\0") in text and found[1] in ("sh", "r")
        yield Block(
            name,
            before.count("\n") + 1,
            found[1],
            found[2],
            bool(LABEL.search(before)) or (in_words and "alliance-depth " not in found[2]),
        )


BLOCKS = [b for path in sorted(DOCUMENTS) for b in blocks(path)]
TREE = typer.main.get_command(app)


def commands(block: Block) -> list[list[str]]:
    """Words of the `alliance-depth` commands of a block, without what stands before and after."""
    found = []
    # shlex takes the end of the line for part of a comment.
    text = re.sub(r"(^|\s)#[^\n]*", "", block.text)
    try:
        lexer = shlex.shlex(text, posix=True, punctuation_chars="\n;|&<>")
        lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t\r", True, ""
        tokens = list(lexer)
    except ValueError:
        pytest.fail(f"{block.place}: no shell would read this")
    current: list[str] = []
    for token in [*tokens, "\n"]:
        if token and set(token) <= set("\n;|&<>"):
            if current and current[0].endswith("alliance-depth"):
                found.append(current[1:])
            current = []
        else:
            current.append(token)
    return found


def resolve(words: list[str]) -> tuple[Any, str, list[str]]:
    """The command that words call, its name, and what follows."""
    command, name, rest = TREE, "", list(words)
    while rest and hasattr(command, "commands"):
        word = rest.pop(0)
        assert word in command.commands, f"no command {name} {word}".replace("  ", " ")
        command, name = command.commands[word], f"{name} {word}".strip()
    return command, name, rest


def is_synopsis(command: Any, rest: list[str]) -> bool:
    """Whether the words are placeholders, not values."""
    metavars = {(p.metavar or p.name or "").upper().strip("[].") for p in command.params}
    return any(w.startswith("[") or w in metavars | {"NAME", "DIR", "FILE"} for w in rest)


SHELL = [b for b in BLOCKS if b.language in ("sh", "") and "alliance-depth " in b.text]


@pytest.mark.parametrize("block", SHELL, ids=lambda b: b.place)
def test_commands_and_options_exist(block: Block) -> None:
    for words in commands(block):
        command, name, rest = resolve(words)
        known = {o for p in command.params for o in (*p.opts, *p.secondary_opts)} | {"--help"}
        asked = {w.strip("[]").split("=")[0] for w in rest if w.strip("[]").startswith("--")}
        if hasattr(command, "commands") and not name:
            continue  # options of alliance-depth itself
        assert asked <= known, f"{block.place}: {name} has no {asked - known}"


def test_what_is_not_run_says_so() -> None:
    silent = []
    for block in BLOCKS:
        if block.is_labelled or block.language in SILENT:
            continue
        if block.language in ("python", "sql", "r"):
            continue  # run below
        called = [resolve(words) for words in commands(block)] if block in SHELL else []
        writing = {
            name
            for command, name, rest in called
            if name not in READING and not is_synopsis(command, rest)
        }
        if block.language == "sh" and not called:
            writing = {block.text.split("\n")[0]}
        if writing:
            silent.append(f"{block.place}: {', '.join(sorted(writing))}")
    assert silent == [], "put <!-- not run: reason --> on the line before these blocks"


@pytest.fixture(scope="module")
def place(link: Path, releases: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the documentation supposes it."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / "warehouse").mkdir()
    (folder / "warehouse" / link.name).symlink_to(link.resolve())
    (folder / "pipelines").symlink_to(ROOT / "pipelines")
    (folder / "releases").symlink_to(releases)
    return folder


@pytest.mark.parametrize("block", [b for b in SHELL if not b.is_labelled], ids=lambda b: b.place)
def test_commands_answer(block: Block, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    for words in commands(block):
        command, name, rest = resolve(words)
        if name not in READING or is_synopsis(command, rest):
            continue
        if any("--warehouse" in p.opts for p in command.params):
            words = [*words, "--warehouse", "warehouse/alliance_depth.duckdb"]
        before = set(place.iterdir())
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, f"{block.place}: {' '.join(words)}\n{done.output}"
        answers = done.output.strip() or set(place.iterdir()) - before
        assert answers, f"{block.place}: {' '.join(words)} answers nothing"


PYTHON = [b for b in BLOCKS if b.language == "python" and not b.is_labelled and ">>>" not in b.text]


@pytest.mark.parametrize("document", sorted({b.document for b in PYTHON}))
def test_python_runs(document: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in PYTHON:
        if block.document == document:
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(compile(block.text, block.place, "exec"), names)
            assert "Empty DataFrame" not in printed.getvalue(), block.place
            assert not re.search(r"\b0 rows", printed.getvalue()), block.place
    for value in names.values():
        if isinstance(value, duckdb.DuckDBPyConnection):
            value.close()


@pytest.mark.parametrize(
    "block",
    [b for b in BLOCKS if b.language == "sql" and not b.is_labelled],
    ids=lambda b: b.place,
)
def test_sql_answers(block: Block, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    with duckdb.connect(str(place / "warehouse" / "alliance_depth.duckdb"), read_only=True) as con:
        assert con.execute(block.text).fetchall(), f"{block.place} answers nothing"


R = [b for b in BLOCKS if b.language == "r" and not b.is_labelled]


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="no Rscript on this machine")
@pytest.mark.parametrize("document", sorted({b.document for b in R}))
def test_r_runs(document: str, place: Path) -> None:
    text = "\n".join(b.text for b in R if b.document == document)
    done = subprocess.run(
        ["Rscript", "--vanilla", "-e", text],
        cwd=place, capture_output=True, text=True, check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "gap_lo90" in done.stdout
    assert "<0 rows>" not in done.stdout


def test_there_is_something_of_each_kind() -> None:
    assert {"sh", "python", "sql", "r"} <= {b.language for b in BLOCKS}
    assert any(commands(b) for b in SHELL)
