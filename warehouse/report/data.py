"""What the report shows, read from the warehouse for one question.

Belongs here: the queries. Does not belong here: words and drawing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from indices.definition import Question

FIRST_YEAR = 1980
MEASURES = ("depth", "costly", "declared")
VIEWS = ("principal", "partner", "mutual")

Row = dict[str, Any]


class NothingToReport(ValueError):
    """The warehouse holds no gap of the question; the message says what to do."""


@dataclass(frozen=True)
class Facts:
    """Everything the report says, as rows of the warehouse.

    Parameters
    ----------
    question : Question
    bloc : str
        The bloc in words, with its article.
    names : dict of str to str
        Name of each state of the question by ISO code.
    year : int
        Last year in which a gap of depth seen from a principal is known.
    gaps, ties, pillars, ends, arms, orders, variants, factors, sources : list of dict
        One dict per row, keyed by column.
    release : dict
        The row of `meta_release`.
    """

    question: Question
    bloc: str
    names: dict[str, str]
    year: int
    gaps: list[Row]
    ties: list[Row]
    pillars: list[Row]
    ends: list[Row]
    arms: list[Row]
    orders: list[Row]
    variants: list[Row]
    factors: list[Row]
    sources: list[Row]
    release: Row

    @property
    def states(self) -> list[str]:
        """The focal state, then the bloc's members."""
        return [self.question.focal, *self.question.bloc_members]

    def gap(self, principal: str, view: str, measure: str, year: int) -> Row | None:
        """The row of one gap, None where it is not known."""
        for row in self.gaps:
            key = (row["principal_iso3"], row["view"], row["measure"], row["year"])
            if key == (principal, view, measure, year):
                return row
        return None


def read(con: duckdb.DuckDBPyConnection, question: Question) -> Facts:
    """Read what the report shows.

    Raises
    ------
    NothingToReport
        If no gap of the question is known in any year.
    """

    def rows(sql: str, *values: object) -> list[Row]:
        result = con.execute(sql, list(values))
        names = [d[0] for d in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    principals = list(question.principals)
    states = [question.focal, *question.bloc_members]
    gaps = rows(
        "SELECT principal_iso3, view, measure, year, focal_depth, bloc_depth, gap, gap_lo90, "
        "gap_hi90, p_bloc_deeper, bloc_n, gap_trade_weighted, gap_pooled, gap_best, best_iso3, "
        "has_sign_conflict FROM out_gap__yearly WHERE question = ? AND year >= ? "
        "AND gap IS NOT NULL ORDER BY ALL",
        question.name,
        FIRST_YEAR,
    )
    known = [r["year"] for r in gaps if r["view"] == "principal" and r["measure"] == "depth"]
    if not known:
        raise NothingToReport(
            f"out_gap__yearly holds no gap of question {question.name} since {FIRST_YEAR}; "
            "build the warehouse with: make build"
        )
    year = max(known)
    names = rows(
        "SELECT iso3, name FROM core_geo__states WHERE list_contains(?, iso3) ORDER BY iso3",
        [*principals, *states],
    )
    return Facts(
        question,
        question.label.partition(" against ")[2] or question.bloc,
        {r["iso3"]: r["name"] for r in names},
        year,
        gaps,
        rows(
            "SELECT from_iso3, to_iso3, depth, depth_status, costly_depth, declared_depth "
            "FROM out_depth__yearly_dyads WHERE year = ? AND list_contains(?, from_iso3) "
            "AND list_contains(?, to_iso3) ORDER BY ALL",
            year,
            principals,
            states,
        ),
        rows(
            "SELECT from_iso3, to_iso3, year, pillar, score FROM out_pillars__yearly_dyads "
            "WHERE year >= ? AND list_contains(?, from_iso3) AND list_contains(?, to_iso3) "
            "AND score IS NOT NULL ORDER BY ALL",
            FIRST_YEAR,
            principals,
            states,
        ),
        rows(
            "SELECT a.to_iso3 AS principal_iso3, a.year, a.depth AS from_focal, "
            "a.depth_lo90 AS from_focal_lo90, a.depth_hi90 AS from_focal_hi90, "
            "b.depth AS from_principal, b.depth_lo90 AS from_principal_lo90, "
            "b.depth_hi90 AS from_principal_hi90 "
            "FROM out_depth__yearly_dyads a JOIN out_depth__yearly_dyads b "
            "ON a.from_iso3 = b.to_iso3 AND a.to_iso3 = b.from_iso3 AND a.year = b.year "
            "WHERE a.from_iso3 = ? AND list_contains(?, a.to_iso3) AND a.year >= ? "
            "AND a.depth_status = 'full' AND b.depth_status = 'full' ORDER BY ALL",
            question.focal,
            principals,
            FIRST_YEAR,
        ),
        rows(
            "SELECT supplier_iso3, recipient_iso3, delivery_year AS year, "
            "sum(tiv_millions::DECIMAL(18, 4))::DOUBLE AS tiv_millions "
            "FROM core_arms__deliveries WHERE list_contains(?, supplier_iso3) "
            "AND list_contains(?, recipient_iso3) AND delivery_year IS NOT NULL "
            "GROUP BY ALL ORDER BY ALL",
            principals,
            states,
        ),
        rows(
            "SELECT supplier_iso3, recipient_iso3, order_year, designation, category "
            "FROM core_arms__deliveries WHERE list_contains(?, supplier_iso3) "
            "AND list_contains(?, recipient_iso3) AND delivery_year IS NULL ORDER BY ALL",
            principals,
            states,
        ),
        rows(
            "SELECT principal_iso3, measure, variant, gap, variant_gap "
            "FROM out_robustness__yearly_gap WHERE question = ? AND year = ? "
            "AND view = 'principal' ORDER BY ALL",
            question.name,
            year,
        ),
        rows(
            "SELECT principal_iso3, factor, first_order, total_order, total_order_lo90, "
            "total_order_hi90, sd FROM out_sensitivity__yearly_gap "
            "WHERE question = ? AND year = ? AND total_order IS NOT NULL ORDER BY ALL",
            question.name,
            year,
        ),
        rows("SELECT source, title, vintage, url, licence FROM meta_sources ORDER BY source"),
        rows("SELECT * FROM meta_release")[0],
    )
