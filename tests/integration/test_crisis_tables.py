"""The tests of crises and events on the real build, joined once more in SQL."""

from __future__ import annotations

import duckdb
import pytest
from scipy import stats

Con = duckdb.DuckDBPyConnection

JOINED = """
SELECT r.crisis_id, r.target_iso3, r.partner_iso3, r.{field}, d.{value}
FROM out_crises__responses r
JOIN raw_curated__crises c USING (crisis_id, target_iso3, partner_iso3)
LEFT JOIN {table} d ON d.year = year(c.start_date) - 1
  AND d.from_iso3 = c.{near} AND d.to_iso3 = c.{far} {more}
WHERE r.{field} IS DISTINCT FROM d.{value}
"""
FROM_PARTNER = {"near": "partner_iso3", "far": "target_iso3"}
FROM_TARGET = {"near": "target_iso3", "far": "partner_iso3"}


@pytest.mark.parametrize(
    ("field", "table", "value", "more", "ends"),
    [
        ("depth", "out_depth__yearly_dyads", "depth", "", FROM_PARTNER),
        ("depth_status", "out_depth__yearly_dyads", "depth_status", "", FROM_PARTNER),
        ("costly_depth", "out_depth__yearly_dyads", "costly_depth", "", FROM_PARTNER),
        ("declared_depth", "out_depth__yearly_dyads", "declared_depth", "", FROM_PARTNER),
        ("depth_from_target", "out_depth__yearly_dyads", "depth", "", FROM_TARGET),
        *(
            (
                f"{p}_score",
                "out_pillars__yearly_dyads",
                "score",
                f"AND pillar = '{p}'",
                FROM_PARTNER,
            )
            for p in ("treaties", "trade", "arms")
        ),
        *(
            (f, "out_indicators__yearly_dyads", "value", f"AND indicator = '{i}'", FROM_PARTNER)
            for i, f in (
                ("security_commitment", "security_commitment"),
                ("trade_share", "trade_share_pct"),
                ("vote_kappa", "vote_kappa"),
            )
        ),
    ],
)
def test_predictors_are_of_the_year_before(
    con: Con, field: str, table: str, value: str, more: str, ends: dict[str, str]
) -> None:
    query = JOINED.format(field=field, table=table, value=value, more=more, **ends)
    assert con.execute(query).fetchall() == []
    known = f"SELECT count({field}), count(*) FROM out_crises__responses"
    found, rows = con.execute(known).fetchone() or (0, 0)
    assert rows == 127
    assert found > 90


def test_the_rest_of_the_index_is_the_mean_of_three_pillars(con: Con) -> None:
    differ = con.execute("""
        SELECT r.crisis_id, r.depth_without_treaties, m.rest
        FROM out_crises__responses r LEFT JOIN (
          SELECT from_iso3, to_iso3, year, avg(score) AS rest FROM out_pillars__yearly_dyads
          WHERE pillar <> 'treaties' GROUP BY ALL HAVING count(score) = 3
        ) m ON m.from_iso3 = r.partner_iso3 AND m.to_iso3 = r.target_iso3
          AND m.year = r.predictor_year
        WHERE (r.depth_without_treaties IS NULL) <> (m.rest IS NULL)
          OR abs(r.depth_without_treaties - m.rest) > 1e-9
    """).fetchall()
    assert differ == []


@pytest.mark.parametrize("predictor", ["depth", "trade_share_pct", "security_commitment"])
def test_the_headline_is_scipys_tau_of_the_listed_rows(con: Con, predictor: str) -> None:
    rows = con.execute(
        f"SELECT {predictor}, response FROM out_crises__responses WHERE depth_status = 'full' "
        f"AND {predictor} IS NOT NULL"
    ).fetchall()
    found = con.execute(
        "SELECT n_rows, tau_b, tau_b_lo90, tau_b_hi90 FROM out_crises__association "
        "WHERE variant = 'headline' AND predictor = ?",
        [predictor],
    ).fetchone()
    assert found is not None
    n, tau, lo, hi = found
    assert n == len(rows)
    assert tau == pytest.approx(stats.kendalltau(*zip(*rows, strict=True)).statistic)
    assert lo < tau < hi


def test_iran_is_in_the_calibration_with_what_came(con: Con) -> None:
    rows = con.execute("""
        SELECT k.predictor, k.sample, sum(k.predicted), sum(k.observed * s.step),
               any_value(r.response // 2)
        FROM out_crises__calibration k
        JOIN (VALUES ('words', 0), ('diplomacy', 1), ('arms', 2), ('force', 3)) s(outcome, step)
          USING (outcome)
        JOIN out_crises__responses r ON r.crisis_id = '2025-june' AND r.target_iso3 = 'IRN'
          AND 'iran_' || lower(r.partner_iso3) = k.sample
        GROUP BY ALL ORDER BY ALL
    """).fetchall()
    assert [(a, b) for a, b, *_ in rows] == [
        (view, f"iran_{p}") for view in ("depth", "depth_from_target") for p in ("chn", "rus")
    ]
    for *_, total, came, step in rows:
        assert total == pytest.approx(1, abs=1e-6)
        assert came == step


def test_no_tie_has_two_rows_for_an_event_and_windows_are_means_of_depth(con: Con) -> None:
    differ = con.execute("""
        SELECT e.event, e.principal_iso3, e.partner_iso3, e.year, e.view
        FROM out_events__effects e
        JOIN out_depth__yearly_dyads d ON d.depth_status = 'full' AND (
            e.view = 'principal' AND d.from_iso3 = e.principal_iso3 AND d.to_iso3 = e.partner_iso3
            OR e.view = 'partner' AND d.to_iso3 = e.principal_iso3 AND d.from_iso3 = e.partner_iso3)
        WHERE e.measure = 'depth' AND e.status = 'measured'
        GROUP BY ALL
        HAVING abs(avg(d.depth) FILTER (d.year BETWEEN e.year - 3 AND e.year - 1)
                   - any_value(e.mean_before)) > 1e-9
            OR abs(avg(d.depth) FILTER (d.year BETWEEN e.year + 1 AND e.year + 3)
                   - any_value(e.mean_after)) > 1e-9
    """).fetchall()
    assert differ == []
    counts = dict(
        con.execute("SELECT status, count(*) FROM out_events__effects GROUP BY status").fetchall()
    )
    assert counts["measured"] > 60
    assert counts["not_measurable_yet"] >= 6


def test_the_control_of_an_event_is_the_mean_of_quiet_ties(con: Con) -> None:
    found = con.execute("""
        WITH asked AS (
          SELECT * FROM out_events__effects WHERE event = 'agreement' AND principal_iso3 = 'CHN'
            AND year = 2016 AND view = 'principal' AND measure = 'depth'
        ), busy AS (
          SELECT DISTINCT e.partner_iso3 FROM out_events__effects e, asked a
          WHERE e.principal_iso3 = 'CHN' AND e.year BETWEEN a.year - 3 AND a.year + 3
        ), change AS (
          SELECT d.to_iso3,
                 avg(depth) FILTER (year BETWEEN 2017 AND 2019)
                 - avg(depth) FILTER (year BETWEEN 2013 AND 2015) AS value
          FROM out_depth__yearly_dyads d JOIN core_geo__states s ON s.iso3 = d.to_iso3
          WHERE from_iso3 = 'CHN' AND depth_status = 'full' AND s.is_panel AND year <> 2016
            AND year BETWEEN 2013 AND 2019 AND to_iso3 NOT IN (SELECT partner_iso3 FROM busy)
          GROUP BY ALL HAVING count(depth) = 6
        )
        SELECT (SELECT control_change FROM asked), avg(value), count(*) FROM change
    """).fetchone()
    assert found is not None
    control, expected, n = found
    assert n > 20
    assert control == pytest.approx(expected)
