"""Answers drawn from the warehouse: opening it for reading, and the summary of a build.

Starts fast: imports DuckDB and nothing heavier until it is needed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from warehouse.location import LINK

if TYPE_CHECKING:
    import duckdb


class CannotAnswer(ValueError):
    """What was asked is not in the warehouse or makes no sense; the message says what is."""


class NoWarehouse(FileNotFoundError):
    """There is no warehouse to read; the message says how to make one."""


def connect(path: Path = LINK) -> duckdb.DuckDBPyConnection:
    """Open the warehouse for reading.

    Raises
    ------
    NoWarehouse
        If none has been built.
    """
    import duckdb

    if not path.exists():
        raise NoWarehouse(f"{path} is not there; build it with: make build")
    return duckdb.connect(str(path), read_only=True)


def headline_years(con: duckdb.DuckDBPyConnection) -> list[int]:
    """The years of the summary: four fixed ones and the last full one."""
    last = con.execute("SELECT max(year) FROM out_gap__yearly").fetchone()
    return sorted({2000, 2010, 2014, 2020, int(last[0])}) if last and last[0] else []


def headline(con: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    """The gap on the headline measure, seen from each principal.

    Returns
    -------
    list of tuple
        principal, year, Iran's depth, Gulf mean, gap, its interval, Gulf states with a full
        depth, the gap by the deepest of them and its code, and whether the four gaps differ in
        sign.
    """
    return con.execute(
        """
        SELECT s.name, g.year, g.iran_depth, g.gulf_depth, g.gap, g.gap_lo90, g.gap_hi90,
               g.gulf_n, g.gap_best, g.best_iso3, g.has_sign_conflict
        FROM iran_and_gulf g
        JOIN core_geo__states s ON s.iso3 = g.principal_iso3
        WHERE g.view = 'principal' AND g.measure = 'depth' AND list_contains(?, g.year)
        ORDER BY s.name, g.year
        """,
        [headline_years(con)],
    ).fetchall()
