"""How the benchmarks show their figures: a table, or JSON for a machine."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent


def parser(description: str | None, runs: int) -> argparse.ArgumentParser:
    """Return a parser with what every benchmark takes."""
    made = argparse.ArgumentParser(description=(description or "").split("\n")[0])
    made.add_argument("--runs", type=int, default=runs, metavar="N", help=f"default {runs}")
    made.add_argument("--format", choices=("table", "json"), default="table")
    return made


def show(rows: list[dict[str, object]], notes: dict[str, object], form: str) -> None:
    """Print rows of equal keys, and what holds for all of them."""
    if form == "json":
        print(json.dumps({"rows": rows, **notes}, indent=2))
        return
    table = Table(box=None, pad_edge=False)
    for name in rows[0]:
        table.add_column(name, justify="left" if isinstance(rows[0][name], str) else "right")
    for row in rows:
        table.add_row(*(f"{v:.2f}" if isinstance(v, float) else str(v) for v in row.values()))
    console = Console(highlight=False)
    console.print(table)
    for name, value in notes.items():
        console.print(f"{name}: {value}", soft_wrap=True)
