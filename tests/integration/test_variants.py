"""The published variants, made again in SQL from the published parts."""

from __future__ import annotations

import duckdb
import pytest

from indices.definition import load_definition

pytestmark = pytest.mark.integration
DEFINITION = load_definition()
PILLARS = [p.name for p in DEFINITION.pillars]


def differences(con: duckdb.DuckDBPyConnection, variant: str, other: str) -> tuple[int, float]:
    """Rows compared, and the largest difference of a variant's depth from that of a query."""
    rows, worst = con.execute(
        f"""
        SELECT count(*), max(abs(r.variant_depth - o.depth))
        FROM out_robustness__yearly_dyads r
        JOIN ({other}) o USING (from_iso3, to_iso3, year)
        WHERE r.variant = ? AND r.variant_depth IS NOT NULL AND o.depth IS NOT NULL
        """,
        [variant],
    ).fetchone() or (0, 1.0)
    return rows, worst


@pytest.mark.parametrize("pillar", PILLARS)
def test_without_a_pillar_is_the_mean_of_the_others(
    con: duckdb.DuckDBPyConnection, pillar: str
) -> None:
    rows, worst = differences(
        con,
        f"without_{pillar}",
        "SELECT from_iso3, to_iso3, year, avg(score) AS depth FROM out_pillars__yearly_dyads "
        f"WHERE pillar <> '{pillar}' GROUP BY ALL HAVING count(score) = 3",
    )
    assert rows > 1000
    assert worst < 1e-9


def test_the_geometric_mean_is_that_of_the_published_pillars(
    con: duckdb.DuckDBPyConnection,
) -> None:
    rows, worst = differences(
        con,
        "geometric",
        "SELECT from_iso3, to_iso3, year, "
        "CASE WHEN min(score) = 0 THEN 0 ELSE exp(avg(ln(greatest(score, 1e-300)))) END AS depth "
        "FROM out_pillars__yearly_dyads GROUP BY ALL HAVING count(score) = 4",
    )
    assert rows > 1000
    assert worst < 1e-9


def test_recorded_trade_is_what_stands_beside(con: duckdb.DuckDBPyConnection) -> None:
    rows, worst = differences(
        con,
        "recorded_trade",
        "SELECT from_iso3, to_iso3, year, value AS depth FROM out_beside__yearly_dyads "
        "WHERE measure = 'depth_recorded'",
    )
    assert rows > 50
    assert worst < 1e-9


def test_percentiles_are_ranks_among_all_ties(con: duckdb.DuckDBPyConnection) -> None:
    """Iran's declared tie in China's eyes: votes, and three indicators of treaties."""
    share = con.execute(
        """
        WITH pool AS (
            SELECT value FROM out_indicators__yearly_dyads
            WHERE indicator = 'vote_kappa' AND value IS NOT NULL),
        mine AS (
            SELECT from_iso3, to_iso3, year, value FROM out_indicators__yearly_dyads
            WHERE indicator = 'vote_kappa'
              AND from_iso3 = 'CHN' AND to_iso3 = 'IRN' AND year = 2024)
        SELECT 100.0 * (count(*) FILTER (p.value < m.value)
                        + 0.5 * count(*) FILTER (p.value = m.value)) / count(*)
        FROM mine m, pool p
        """
    ).fetchone()
    found = con.execute(
        """
        SELECT r.variant_declared_depth FROM out_robustness__yearly_dyads r
        WHERE variant = 'percentile' AND from_iso3 = 'CHN' AND to_iso3 = 'IRN' AND year = 2024
        """
    ).fetchone()
    treaties = con.execute(
        """
        WITH ranked AS (
            SELECT *, 50.0 * (2 * rank() OVER w - 2 + count(*) OVER e)
                      / count(*) OVER (PARTITION BY indicator) AS score_
            FROM out_indicators__yearly_dyads
            WHERE value IS NOT NULL
              AND indicator IN ('partnership_tier', 'economic_agreements', 'joint_igos')
            WINDOW w AS (PARTITION BY indicator ORDER BY value),
                   e AS (PARTITION BY indicator, value))
        SELECT sum(score_ * CASE indicator WHEN 'partnership_tier' THEN 0.2 ELSE 0.1 END) / 0.4
        FROM ranked WHERE from_iso3 = 'CHN' AND to_iso3 = 'IRN' AND year = 2024
        """
    ).fetchone()
    assert share is not None
    assert treaties is not None
    assert found is not None
    assert found[0] == pytest.approx((share[0] + treaties[0]) / 2, abs=1e-9)


def test_a_source_left_out_changes_only_what_rests_on_it(con: duckdb.DuckDBPyConnection) -> None:
    changed = {
        (variant, year)
        for variant, year in con.execute(
            """
            SELECT variant, year FROM out_robustness__yearly_gap
            WHERE question = 'iran_gulf' AND principal_iso3 = 'CHN' AND view = 'principal'
              AND measure = 'depth'
              AND (variant_gap IS NULL OR abs(variant_gap - gap) > 1e-12)
            """
        ).fetchall()
    }
    years = {year for variant, year in changed if variant == "without_imf"}
    # The IMF's figures begin in 2001; trailing means and bridges reach nothing before.
    assert min(years) >= 2001
    assert not {y for v, y in changed if v == "without_russia_trade"}
    assert {y for v, y in changed if v == "without_cow_trade"}


def test_every_variant_and_gap_is_there(con: duckdb.DuckDBPyConnection) -> None:
    names = {v.name for v in DEFINITION.variants}
    for table in ("out_robustness__yearly_gap", "out_robustness__yearly_dyads"):
        found = con.execute(f"SELECT DISTINCT variant FROM {table}").fetchall()
        assert {v for (v,) in found} == names
    odd = con.execute(
        """
        SELECT count(*) FROM out_gap__yearly g
        LEFT JOIN (SELECT question, principal_iso3, view, measure, year, count(*) AS n,
                          any_value(gap) AS gap
                   FROM out_robustness__yearly_gap GROUP BY ALL) r
          USING (question, principal_iso3, view, measure, year)
        WHERE r.n IS DISTINCT FROM ? OR abs(r.gap - g.gap) > 1e-9
        """,
        [len(names)],
    ).fetchone()
    assert odd == (0,)
