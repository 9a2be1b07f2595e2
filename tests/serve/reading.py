"""What readers see, and a reader in a process of its own that never stops looking."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import duckdb

TROOPS = "raw_us_troops__country_years"


def seen(link: Path) -> int:
    """The figure that readers see."""
    with duckdb.connect(str(link), read_only=True) as con:
        return consistent(con)


def consistent(con: duckdb.DuckDBPyConnection) -> int:
    """The figure of all rows; what is said of them must be of the same build."""
    ((figures, figure, rows),) = con.execute(
        f"SELECT count(DISTINCT troops_persons), min(troops_persons), count(*) FROM {TROOPS}"
    ).fetchall()
    said = con.execute("SELECT rows FROM meta_sources WHERE source = 'us_troops'").fetchall()
    assert figures == 1, f"{figures} figures where each build has one"
    assert said == [(rows,)], f"{said} rows said, {rows} found"
    return int(figure)


def read_on(link: Path, stop: Path, hold_seconds: float) -> list[int]:
    """Query until a file appears, each connection for some seconds; the figures in order."""
    figures: list[int] = []
    while not stop.exists():
        until = time.monotonic() + hold_seconds
        with duckdb.connect(str(link.resolve()), read_only=True) as con:
            first = consistent(con)
            while time.monotonic() < until:
                assert consistent(con) == first, "two builds in one connection"
                time.sleep(0.05)
        if figures[-1:] != [first]:
            figures.append(first)
        time.sleep(0.05)
    return figures


if __name__ == "__main__":
    print(read_on(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])), flush=True)
