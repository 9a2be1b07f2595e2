"""Rivals, breadth, Hormuz and arms, made again in SQL from the tables they rest on."""

from __future__ import annotations

import duckdb
import pytest

Con = duckdb.DuckDBPyConnection

_RIVALS = """
    WITH spells AS (
        SELECT state_a AS a, state_b AS b, start_year AS y0, coalesce(end_year, 9999) AS y1
        FROM raw_curated__rivalries
        UNION ALL
        SELECT a_iso3, b_iso3, year(start_date), coalesce(year(end_date), 9999)
        FROM raw_curated__hostilities WHERE kind = 'war'),
    ends AS (FROM spells UNION ALL SELECT b, a, y0, y1 FROM spells),
    rivals AS (
        SELECT DISTINCT a AS to_iso3, b AS rival, s.year
        FROM ends JOIN core_geo__state_years s ON s.iso3 = a AND s.year BETWEEN y0 AND y1
        JOIN core_geo__state_years o ON o.iso3 = b AND o.year = s.year),
    full_ties AS (
        SELECT from_iso3, to_iso3, year, depth FROM out_depth__yearly_dyads
        WHERE depth_status = 'full')
"""


def rows_of(con: Con, sql: str) -> list[tuple]:
    """All rows of a query."""
    return con.execute(sql).fetchall()


def test_rival_ties_are_those_of_the_lists(con: Con) -> None:
    ((rows, different),) = rows_of(
        con,
        f"""{_RIVALS},
        expected AS (
            SELECT d.from_iso3, r.to_iso3, r.year, count(*) AS n, max(depth) AS deepest,
                   avg(depth) AS mean, first(r.rival ORDER BY depth DESC, r.rival) AS who
            FROM rivals r JOIN full_ties d ON d.to_iso3 = r.rival AND d.year = r.year
            WHERE d.from_iso3 <> r.to_iso3 GROUP BY ALL)
        SELECT count(*), count(*) FILTER (
            o.rival_depth IS NULL OR abs(o.rival_depth - e.deepest) > 1e-9
            OR abs(o.mean_rival_depth - e.mean) > 1e-9 OR o.n_known <> e.n
            OR o.deepest_rival_iso3 <> e.who)
        FROM expected e LEFT JOIN out_rivals__yearly_dyads o USING (from_iso3, to_iso3, year)
        """,
    )
    assert rows > 10_000
    assert different == 0
    ((extra,),) = rows_of(
        con,
        f"{_RIVALS} SELECT count(*) FROM out_rivals__yearly_dyads "
        "WHERE (to_iso3, year) NOT IN (SELECT (to_iso3, year) FROM rivals)",
    )
    assert extra == 0


def test_irans_rivals_and_what_stands_beside_them(con: Con) -> None:
    found = rows_of(
        con,
        "SELECT other_iso3 FROM out_rivals__yearly_ties "
        "WHERE principal_iso3 = 'CHN' AND year = 2020 AND is_rival ORDER BY ALL",
    )
    assert [s for (s,) in found] == ["ARE", "BHR", "ISR", "SAU", "USA"]
    ((different,),) = rows_of(
        con,
        """
        SELECT count(*) FILTER (
            abs(t.lead - (a.depth - f.depth)) > 1e-9
            OR abs(t.costly_lead - (a.costly_depth - f.costly_depth)) > 1e-9
            OR (t.lead IS NULL) <> (f.depth IS NULL))
        FROM out_rivals__yearly_ties t
        JOIN out_depth__yearly_dyads a
          ON (a.from_iso3, a.to_iso3, a.year) = (t.principal_iso3, t.other_iso3, t.year)
        LEFT JOIN out_depth__yearly_dyads f
          ON (f.from_iso3, f.to_iso3, f.year) = (t.principal_iso3, t.focal_iso3, t.year)
         AND f.depth_status = 'full'
        """,
    )
    assert different == 0


@pytest.mark.parametrize("view", ["power", "state"])
def test_breadth_counts_ties_as_deep_as_known_allies(con: Con, view: str) -> None:
    power, other = ("from_iso3", "to_iso3") if view == "power" else ("to_iso3", "from_iso3")
    ((rows, different),) = rows_of(
        con,
        f"""
        WITH pact AS (
            SELECT from_iso3, to_iso3, year FROM core_treaties__yearly_dyads
            WHERE has_defense AND NOT is_suspended),
        allied AS (FROM pact UNION SELECT to_iso3, from_iso3, year FROM pact),
        ties AS (
            SELECT {power} AS power, {other} AS iso3, year, depth FROM out_depth__yearly_dyads
            WHERE depth_status = 'full' AND {power} IN ('CHN', 'RUS', 'USA')),
        known AS (
            SELECT t.* FROM ties t JOIN allied a
            ON (a.from_iso3, a.to_iso3, a.year) = (t.power, t.iso3, t.year)),
        own AS (
            SELECT power, year, median(depth) AS m, quantile_cont(depth, 0.25) AS q
            FROM known GROUP BY ALL),
        pooled AS (
            SELECT year, median(depth) AS m, quantile_cont(depth, 0.25) AS q
            FROM known GROUP BY ALL),
        expected AS (
            SELECT t.iso3, t.year, count(*) AS n, max(depth) AS deepest,
                   count(*) FILTER (depth >= coalesce(o.m, p.m) - 1e-9) AS median,
                   count(*) FILTER (depth >= coalesce(o.q, p.q) - 1e-9) AS quartile,
                   count(*) FILTER (depth >= p.q - 1e-9) AS pooled_quartile,
                   sum(depth) AS total, -sum(if(depth > 0, depth * ln(depth), 0)) AS weighed
            FROM ties t JOIN pooled p USING (year) LEFT JOIN own o USING (power, year)
            GROUP BY ALL)
        SELECT count(*), count(*) FILTER (
            b.n_known <> e.n OR abs(b.deepest_depth - e.deepest) > 1e-9
            OR b.n_deep_median <> e.median OR b.n_deep_quartile <> e.quartile
            OR b.n_deep_pooled_quartile <> e.pooled_quartile
            OR b.n_known = b.n_powers AND e.total > 0
               AND abs(b.entropy - (e.weighed / e.total + ln(e.total))) > 1e-9)
        FROM expected e JOIN out_breadth__state_years b USING (iso3, year)
        WHERE b.view = '{view}' AND b.powers = 'principals'
        """,
    )
    assert rows > 1_000
    assert different == 0


def test_shares_of_china_through_the_strait(con: Con) -> None:
    ((rows, different),) = rows_of(
        con,
        """
        WITH e AS (
            SELECT f.year, 106 * sum(f.value_usd) / any_value(t.imports_usd) AS share,
                   106 * sum(f.recorded_usd) / any_value(t.imports_usd) AS recorded
            FROM core_trade__yearly_flows f
            JOIN core_trade__yearly_totals t ON t.iso3 = 'CHN' AND t.year = f.year
            WHERE f.importer_iso3 = 'CHN' AND f.method NOT IN ('bridged', 'carried')
              AND f.exporter_iso3 IN ('ARE', 'BHR', 'IRN', 'IRQ', 'KWT', 'QAT', 'SAU')
            GROUP BY f.year)
        SELECT count(*), count(*) FILTER (
            abs(share - import_share_pct) > 1e-9
            OR abs(recorded - recorded_import_share_pct) > 1e-9)
        FROM e JOIN out_hormuz__yearly_importers h ON h.importer_iso3 = 'CHN' AND h.year = e.year
        """,
    )
    assert rows > 40
    assert different == 0


def test_iran_has_had_no_combat_aircraft_in_ten_years_and_the_s_300_came_late(con: Con) -> None:
    assert rows_of(
        con,
        "SELECT items_in_window FROM out_arms__yearly_classes WHERE recipient_iso3 = 'IRN' "
        "AND category = 'combat_aircraft' AND year = 2024",
    ) == [(0,)]
    # The sourced years: ordered in 2007, there in 2016; no Su-35 and no S-400.
    assert rows_of(
        con, "SELECT system, year, years_waited FROM out_arms__sought WHERE is_delivered"
    ) == [("S-300", 2007, 9)]


def test_items_of_a_class_are_those_of_the_register(con: Con) -> None:
    ((rows, different),) = rows_of(
        con,
        """
        SELECT count(*), count(*) FILTER (c.items_delivered <> (
            SELECT coalesce(sum(number_delivered), 0) FROM core_arms__deliveries d
            JOIN raw_curated__arms_classes k USING (designation)
            WHERE k.category = c.category AND d.recipient_iso3 = c.recipient_iso3
              AND d.delivery_year <= c.year))
        FROM out_arms__yearly_classes c
        """,
    )
    assert rows == 7 * 2 * (2024 - 1950 + 1)
    assert different == 0
