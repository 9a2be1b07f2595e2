"""The published variants, made again in SQL from the published parts."""

from __future__ import annotations

import builds
import duckdb
import numpy as np
import pandas as pd
import pytest

from indices.definition import load_definition
from pipelines.core import scope, trade, treaties
from pipelines.core.without import TRADE, TREATIES, few, without
from pipelines.sources.russia_trade.reconcile import reconcile
from schemas import table
from warehouse.tables import read

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
    for name in ("out_robustness__yearly_gap", "out_robustness__yearly_dyads"):
        found = con.execute(f"SELECT DISTINCT variant FROM {name}").fetchall()
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


@pytest.fixture(scope="module")
def tables(built: builds.Built) -> dict[str, pd.DataFrame]:
    names = (
        *("core_geo__state_years", "core_geo__yearly_economy", "core_trade__reported_flows"),
        *("core_treaties__commitments", "core_treaties__hostilities", "core_treaties__agreements"),
        *("core_treaties__yearly_dyads", "raw_russia_trade__reports", "raw_iran_oil__estimates"),
        *("raw_curated__crude_recorded", "raw_curated__crude_prices", "raw_curated__tiers"),
        *("raw_curated__memberships", "raw_curated__posture", "raw_cow_igo__memberships"),
        *("raw_cow_igo__coverage", "raw_cow_igo__world", "raw_us_troops__country_years"),
    )
    return {name: read(built.tables / f"{name}.parquet", table(name)) for name in names}


@pytest.mark.parametrize("source", TREATIES)
def test_ties_without_a_source_are_those_of_tables_without_its_rows(
    tables: dict[str, pd.DataFrame], source: str
) -> None:
    """Only some columns are made anew; here all of them are, of all states."""

    def left(name: str) -> pd.DataFrame:
        frame = tables[name]
        if "source" in frame:
            return frame[frame["source"] != source].reset_index(drop=True)
        return frame.iloc[:0] if name.startswith(f"raw_{source}__") else frame

    whole, there = scope.axes_of(tables["core_geo__state_years"])
    made = without([source], tables, *few(whole, there, DEFINITION), DEFINITION)
    got = made[source]["core_treaties__yearly_dyads"]
    axes, exists = scope.axes_of(tables["core_geo__state_years"], DEFINITION.first_year)
    expected = treaties.yearly_dyads(
        left("core_treaties__commitments"),
        tables["core_treaties__hostilities"],
        left("raw_curated__tiers"),
        left("core_treaties__agreements"),
        treaties.full_memberships(
            treaties.recorded_memberships(left("raw_cow_igo__memberships")),
            left("raw_curated__memberships"),
            axes.years[-1],
        ),
        left("raw_cow_igo__coverage"),
        tables["raw_cow_igo__world"],
        treaties.troops_hosted(
            left("raw_us_troops__country_years"), left("raw_curated__posture"), axes
        ),
        axes,
        exists,
        DEFINITION,
    )
    key = ["from_iso3", "to_iso3", "year"]
    both = got.merge(expected, on=key, suffixes=("", "_anew"))
    published = got.merge(tables["core_treaties__yearly_dyads"], on=key, suffixes=("", "_with"))
    assert len(both) == len(published) == len(got) > 1000
    changed = False
    for name in (
        *("security_commitment", "partnership_tier", "economic_agreements"),
        *("joint_igos", "troops_hosted"),
    ):
        one, other = (both[c].to_numpy(dtype=float) for c in (name, f"{name}_anew"))
        np.testing.assert_array_equal(one, other, err_msg=name)
        before = published[f"{name}_with"].to_numpy(dtype=float)
        changed |= not np.array_equal(published[name].to_numpy(dtype=float), before, equal_nan=True)
    assert changed


@pytest.mark.parametrize("source", TRADE)
def test_flows_without_a_source_are_those_of_reports_without_its_rows(
    tables: dict[str, pd.DataFrame], source: str
) -> None:
    axes, exists = scope.axes_of(tables["core_geo__state_years"])
    made = without([source], tables, *few(axes, exists, DEFINITION), DEFINITION)
    got = made[source]["core_trade__yearly_flows"]
    reported, russia = tables["core_trade__reported_flows"], tables["raw_russia_trade__reports"]
    chosen = trade.best_flows(
        reported[reported["source"] != source],
        reconcile(russia.iloc[:0] if source == "russia_trade" else russia),
        DEFINITION,
    )
    oil = trade.oil_adjustment(
        tables["raw_iran_oil__estimates"],
        tables["raw_curated__crude_recorded"],
        tables["raw_curated__crude_prices"],
    )
    expected = trade.flows(chosen, oil, axes, exists, DEFINITION)
    key = ["exporter_iso3", "importer_iso3", "year"]
    both = got.merge(expected, on=key, suffixes=("", "_anew"))
    assert len(both) == len(got) > 500
    for name in got.columns.difference(key):
        one, other = both[name], both[f"{name}_anew"]
        if not pd.api.types.is_numeric_dtype(one):
            one, other = one.astype("str"), other.astype("str")
        pd.testing.assert_series_equal(one, other, check_names=False, check_exact=True)
