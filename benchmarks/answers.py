"""Answers from the command line, start-up included, against importing the libraries they need.

Belongs here: fresh processes, floor and answers in turn, so that a busy spell hits all alike. The
ratio of each turn is what counts; seconds are those of one machine on one day.
"""

from __future__ import annotations

import os
from statistics import median

from benchmarks.report import parser, show
from benchmarks.starter_build import run

FLOOR = ("-c", "import duckdb, typer, rich.table")
ANSWERS = {
    "explain": ("explain", "china", "iran", "2024"),
    "explain --check": ("explain", "china", "iran", "2024", "--check", "--format", "json"),
    "compare": ("compare", "iran", "gulf", "--principal", "CHN", "--since", "1990"),
    "rank": ("rank", "CHN"),
    "whatif": ("whatif", "CHN", "--weight", "arms=0.4"),
    "doctor": ("doctor",),
    "query": ("query", "SELECT 1"),
}
GOAL_SECONDS = 1.5


def main() -> None:
    """Measure and print."""
    given = parser(__doc__, runs=7).parse_args()
    jobs = {name: ("-m", "pipelines.cli", *words) for name, words in ANSWERS.items()}
    found: dict[str, list[dict[str, float]]] = {name: [] for name in ("floor: imports", *jobs)}
    for turn in range(given.runs + 1):
        for name, words in {"floor: imports": FLOOR, **jobs}.items():
            measured = run(*words)
            if turn:  # the first writes byte-code and fills the page cache
                found[name].append(measured)
    floor = found["floor: imports"]
    rows: list[dict[str, object]] = [
        {
            "median of": name,
            "clock s": median(r["clock"] for r in runs),
            "processor s": median(r["processor"] for r in runs),
            "ratio of processor time": round(
                median(r["processor"] / f["processor"] for r, f in zip(runs, floor, strict=True)), 2
            ),
        }
        for name, runs in found.items()
    ]
    notes: dict[str, object] = {
        "goal": f"explain and compare within {GOAL_SECONDS:g} s by the clock",
        "runs": given.runs,
        "load": " ".join(f"{x:.1f}" for x in os.getloadavg()),
    }
    show(rows, notes, given.format)


if __name__ == "__main__":
    main()
