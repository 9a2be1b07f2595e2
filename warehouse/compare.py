"""Ties set side by side: two states or groups seen from a principal, and a state's ties ranked.

Belongs here: questions that published rows of depth answer. Does not belong here: the spelling of
names (`warehouse.names`), or other weights (`warehouse.whatif`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from warehouse.answers import CannotAnswer
from warehouse.names import Party

if TYPE_CHECKING:
    import duckdb

VIEWS = ("principal", "partner", "mutual")
MEASURES = ("depth", "costly", "declared")
_COLUMNS = {
    # A partial depth is never subtracted from a full one.
    "depth": "CASE WHEN depth_status = 'full' THEN depth END",
    "costly": "costly_depth",
    "declared": "declared_depth",
}


@dataclass(frozen=True)
class Comparison:
    """Two parties' ties with a principal in one year.

    Parameters
    ----------
    principal_iso3 : str
    year : int
    first, second : float or None
        Depth of the tie, points; of a group the mean over its members whose depth is known.
    first_n, second_n : int
        Members with a known depth.
    gap : float or None
        Second less first: positive where the second's tie is deeper.
    gap_lo90, gap_hi90 : float or None
        90 % interval of the gap; known for the questions of the build only.
    """

    principal_iso3: str
    year: int
    first: float | None
    first_n: int
    second: float | None
    second_n: int
    gap: float | None
    gap_lo90: float | None
    gap_hi90: float | None


@dataclass(frozen=True)
class Ranked:
    """One tie among a state's ties.

    Parameters
    ----------
    rank : int
        1 the deepest; equals share the better rank.
    rank_lo90, rank_hi90 : float or None
        90 % interval of the rank; made for the principals of its questions only.
    iso3, name : str
        The partner.
    depth, depth_lo90, depth_hi90 : float
        Points.
    """

    rank: int
    rank_lo90: float | None
    rank_hi90: float | None
    iso3: str
    name: str
    depth: float
    depth_lo90: float
    depth_hi90: float


def compare(
    con: duckdb.DuckDBPyConnection,
    first: Party,
    second: Party,
    principals: list[str],
    since: int,
    until: int | None = None,
    view: str = "principal",
    measure: str = "depth",
) -> list[Comparison]:
    """Set the ties of two parties with some states side by side, year by year.

    Parameters
    ----------
    con : connection
        To the warehouse.
    first, second : Party
        States or groups; a group's members are those of 31 December of each year.
    principals : list of str
        ISO codes of the states at the other end.
    since, until : int
        Years, both included.
    view : str
        'principal' (from the principal), 'partner' (towards it), 'mutual' (geometric mean).
    measure : str
        'depth' (full ones only), 'costly' or 'declared'.

    Returns
    -------
    list of Comparison
        By principal and year; years in which neither is known are left out.

    Raises
    ------
    CannotAnswer
        If a view or measure is unknown, both parties are the same, or there is nothing to compare.
    """
    for what, value, known in (("view", view, VIEWS), ("measure", measure, MEASURES)):
        if value not in known:
            raise CannotAnswer(f"{what} {value!r}: expected one of {', '.join(known)}")
    if first == second:
        raise CannotAnswer(f"{first.label} twice: expected two different states or groups")
    out = []
    for principal in principals:
        sides = [_by_year(con, p, principal, view, measure) for p in (first, second)]
        intervals = _intervals(con, first, second, principal, view, measure)
        for year in sorted(set(sides[0]) | set(sides[1])):
            if not since <= year <= (until or year):
                continue
            (a, n), (b, m) = (side.get(year, (None, 0)) for side in sides)
            gap = None if a is None or b is None else b - a
            ends = intervals(year) if gap is not None else (None, None)
            out.append(Comparison(principal, year, a, n, b, m, gap, *ends))
    if not out:
        raise CannotAnswer(
            f"no {'full ' if measure == 'depth' else ''}tie of {' or '.join(principals)} with "
            f"{first.label} or {second.label} since {since}"
        )
    return out


def _by_year(
    con: duckdb.DuckDBPyConnection, party: Party, principal: str, view: str, measure: str
) -> dict[int, tuple[float, int]]:
    """Mean depth and number of ties by year."""
    if party.is_group:
        members = (
            "(SELECT DISTINCT iso3, y AS year FROM core_geo__groups, range(1946, 2100) r(y) WHERE "
            "group_id = ? AND make_date(y::INTEGER, 12, 31) BETWEEN start_date AND "
            "coalesce(end_date, DATE '9999-12-31'))"
        )
    else:
        members = "(SELECT ? AS iso3, y AS year FROM range(1946, 2100) r(y))"
    value = _COLUMNS[measure]
    rows = con.execute(
        f"""
        WITH seen AS (
            SELECT to_iso3 AS iso3, year, {value} AS value FROM out_depth__yearly_dyads
            WHERE from_iso3 = ?
        ), back AS (
            SELECT from_iso3 AS iso3, year, {value} AS value FROM out_depth__yearly_dyads
            WHERE to_iso3 = ?
        )
        SELECT year, seen.value, back.value FROM {members} AS member
        JOIN seen USING (iso3, year) JOIN back USING (iso3, year)
        ORDER BY year, iso3
        """,
        [principal, principal, party.code],
    ).fetchall()
    found: dict[int, list[float]] = {}
    for year, seen, back in rows:
        value_of = {"principal": seen, "partner": back, "mutual": _geometric(seen, back)}[view]
        if value_of is not None:
            found.setdefault(year, []).append(value_of)
    return {year: (math.fsum(v) / len(v), len(v)) for year, v in found.items()}


def _geometric(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else math.sqrt(a * b)


def _intervals(
    con: duckdb.DuckDBPyConnection,
    first: Party,
    second: Party,
    principal: str,
    view: str,
    measure: str,
) -> Callable[[int], tuple[float | None, float | None]]:
    """The published interval of a year's gap, where this is one of the questions."""
    for sign, focal, bloc in ((1, first, second), (-1, second, first)):
        if focal.is_group or not bloc.is_group:
            continue
        rows = con.execute(
            "SELECT year, gap_lo90, gap_hi90 FROM out_gap__yearly WHERE focal_iso3 = ? AND "
            "bloc = ? AND principal_iso3 = ? AND view = ? AND measure = ?",
            [focal.code, bloc.code, principal, view, measure],
        ).fetchall()
        ends = {year: (lo, hi) if sign > 0 or lo is None else (-hi, -lo) for year, lo, hi in rows}
        if ends:
            return lambda year: ends.get(year, (None, None))
    return lambda _: (None, None)


def principals_of(con: duckdb.DuckDBPyConnection) -> list[str]:
    """ISO codes of the states that the build's questions look from."""
    rows = con.execute("SELECT DISTINCT principal_iso3 FROM out_gap__yearly ORDER BY 1").fetchall()
    return [iso3 for (iso3,) in rows]


def rank(con: duckdb.DuckDBPyConnection, iso3: str, year: int) -> list[Ranked]:
    """Rank a state's full ties of one year, the deepest first.

    Parameters
    ----------
    con : connection
        To the warehouse.
    iso3 : str
        The state whose view is taken.
    year : int

    Raises
    ------
    CannotAnswer
        If it has no full tie in the year; the message says which years there are.
    """
    rows = con.execute(
        """
        SELECT rank() OVER (ORDER BY d.depth DESC), r.rank_lo90, r.rank_hi90, d.to_iso3, s.name,
               d.depth, d.depth_lo90, d.depth_hi90
        FROM out_depth__yearly_dyads d
        JOIN core_geo__states s ON s.iso3 = d.to_iso3
        LEFT JOIN out_ranks__yearly_dyads r USING (from_iso3, to_iso3, year)
        WHERE d.from_iso3 = ? AND d.year = ? AND d.depth_status = 'full'
        ORDER BY d.depth DESC, d.to_iso3
        """,
        [iso3, year],
    ).fetchall()
    if not rows:
        years = con.execute(
            "SELECT min(year), max(year) FROM out_depth__yearly_dyads "
            "WHERE from_iso3 = ? AND depth_status = 'full'",
            [iso3],
        ).fetchall()[0]
        there = f"expected a year from {years[0]} to {years[1]}" if years[0] else "nor in any year"
        raise CannotAnswer(f"{iso3} has no tie with all four pillars in {year}; {there}")
    return [Ranked(*row) for row in rows]
