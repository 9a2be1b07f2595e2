"""The tables of known groups and coherence against facts that SQL finds in other tables."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

Con = duckdb.DuckDBPyConnection

# Pairs of the panel in a year, the mean of both directions of each pillar, and whether one owes the
# other defence by the table that the treaty pillar is made from.
PAIRS = """
WITH views AS (
  SELECT least(from_iso3, to_iso3) a, greatest(from_iso3, to_iso3) b, pillar, avg(score) AS score
  FROM out_pillars__yearly_dyads WHERE year = $year AND pillar <> 'treaties'
  GROUP BY ALL HAVING count(score) = 2
), pairs AS (
  SELECT a, b, avg(score) AS without_treaties FROM views GROUP BY ALL HAVING count(*) = 3
), bound AS (
  SELECT least(from_iso3, to_iso3) a, greatest(from_iso3, to_iso3) b, bool_or(has_defense) AS ally
  FROM core_treaties__yearly_dyads WHERE year = $year GROUP BY ALL
), scored AS (SELECT * FROM pairs JOIN bound USING (a, b))
"""


def row(con: Con, sql: str, **values: object) -> tuple[Any, ...]:
    (found,) = con.execute(sql, values or None).fetchall()
    return found


@pytest.mark.parametrize("year", [1975, 2012, 2022])
def test_the_area_is_the_share_of_comparisons_won(con: Con, year: int) -> None:
    positive, negative, auc = row(
        con,
        PAIRS + "SELECT count(*) FILTER (ally), count(*) FILTER (NOT ally), (SELECT avg("
        "CASE WHEN round(p.without_treaties, 9) > round(n.without_treaties, 9) THEN 1.0 "
        "WHEN round(p.without_treaties, 9) = round(n.without_treaties, 9) THEN 0.5 ELSE 0 END) "
        "FROM scored p, scored n WHERE p.ally AND NOT n.ally) FROM scored",
        year=year,
    )
    found = row(
        con,
        "SELECT n_positive, n_negative, auc, auc_lo90 < auc_hi90 FROM out_validity__known_groups "
        "WHERE first_year = $year AND last_year = $year AND sample = 'pairs' "
        "AND pole = 'allies_others' AND predictor = 'without_treaties'",
        year=year,
    )
    assert found == (positive, negative, pytest.approx(auc, abs=1e-5), True)


def test_average_precision_of_2012(con: Con) -> None:
    (precision,) = row(
        con,
        PAIRS + "SELECT avg(right_ones / chosen) FROM (SELECT p.a, p.b, "
        "count(*) FILTER (o.ally) AS right_ones, count(*) AS chosen FROM scored p, scored o "
        "WHERE p.ally AND round(o.without_treaties, 9) >= round(p.without_treaties, 9) "
        "GROUP BY ALL)",
        year=2012,
    )
    (found,) = row(
        con,
        "SELECT average_precision FROM out_validity__known_groups WHERE first_year = 2012 "
        "AND last_year = 2012 AND sample = 'pairs' AND pole = 'allies_others' "
        "AND predictor = 'without_treaties'",
    )
    assert found == pytest.approx(precision, abs=1e-5)


def test_what_is_left_out_without_the_arab_league(con: Con) -> None:
    # In 2012 Syria's membership was suspended; 14 members of the panel are 91 pairs.
    (league,) = row(
        con,
        "SELECT count(DISTINCT least(from_iso3, to_iso3) || greatest(from_iso3, to_iso3)) "
        "FROM core_treaties__commitments WHERE instrument = 'ATOP 3205' AND has_defense "
        "AND start_date <= '2012-12-31' AND coalesce(end_date, '9999-01-01') >= '2012-01-01'",
    )
    with_it, without = con.execute(
        "SELECT n_positive, n_clusters, n_negative FROM out_validity__known_groups "
        "WHERE first_year = 2012 AND last_year = 2012 AND pole = 'allies_others' "
        "AND predictor = 'without_treaties' AND sample LIKE 'pairs%' ORDER BY sample"
    ).fetchall()
    assert with_it[0] - without[0] == league == 91
    assert with_it[1:] == (without[1] + 1, without[2])


def test_window_and_placebo_go_together(con: Con) -> None:
    rows = con.execute(
        "SELECT p.auc, k.auc, placebo_mean, share_reaching FROM out_validity__placebo p "
        "JOIN out_validity__known_groups k USING (first_year, last_year, pole, predictor) "
        "WHERE k.sample = 'pairs'"
    ).fetchall()
    assert len(rows) == 16
    for placebo_auc, auc, mean, share in rows:
        assert placebo_auc == pytest.approx(auc, abs=1e-5)
        assert mean == pytest.approx(0.5, abs=0.02)
        assert 0 <= share <= 1


def test_every_pact_with_a_scored_pair_is_listed(con: Con) -> None:
    first, last = row(con, "SELECT DISTINCT first_year, last_year FROM out_validity__placebo")
    members, pairs = row(
        con,
        "SELECT members, n_pairs FROM out_validity__pacts WHERE name = 'North Atlantic Treaty' "
        "AND first_year = $first AND last_year = $last AND predictor = 'arms'",
        first=first,
        last=last,
    )
    assert {"USA", "GBR", "FRA", "DEU", "ITA", "CAN", "TUR", "POL"} == set(members.split())
    assert pairs == 8 * 7 // 2


def test_coherence_is_that_of_the_published_scores(con: Con) -> None:
    first, last = row(con, "SELECT DISTINCT first_year, last_year FROM out_validity__coherence")
    expected = row(
        con,
        "SELECT corr(a.score, b.score), count(*), corr(a.score, d.depth) "
        "FROM out_indicators__yearly_dyads a "
        "JOIN out_indicators__yearly_dyads b USING (from_iso3, to_iso3, year) "
        "JOIN out_depth__yearly_dyads d USING (from_iso3, to_iso3, year) "
        "WHERE a.indicator = 'trade_share' AND b.indicator = 'trade_dependence' "
        "AND depth_status = 'full' AND year IN ($first, $last) AND b.score IS NOT NULL",
        first=first,
        last=last,
    )
    found = row(
        con,
        "SELECT correlation, n_ties FROM out_validity__correlations "
        "WHERE first = 'trade_share' AND second = 'trade_dependence'",
    )
    assert found == (pytest.approx(expected[0], abs=1e-5), expected[1])
    by_level = con.execute(
        "SELECT level, sum(weight), sum(weight_observed), sum(variance_share) "
        "FROM out_validity__coherence GROUP BY level"
    ).fetchall()
    assert len(by_level) == 3
    for _, *sums in by_level:
        assert sums == pytest.approx([1, 1, 1], abs=1e-4)
