"""Depth taken apart: what its indicators bring adds up, and weights are what they do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from worlds import mini_definition

from indices.cube import Axes
from indices.validity.coherence import coherence_tables, parts_of
from schemas import conform, table, validate

DEFINITION = mini_definition()
STATES = tuple("ABCDEFGH")
AXES = Axes(tuple(range(2000, 2010)), STATES)
WEIGHTS = {p.name: {i.name: i.weight for i in p.indicators} for p in DEFINITION.pillars}


def tables(seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores by chance, some missing, and depth as the definition makes it."""
    rng = np.random.default_rng(seed)
    indicators, depth = [], []
    total = sum(p.weight for p in DEFINITION.pillars)
    for i in STATES:
        for j in STATES:
            for year in AXES.years if i != j else ():
                scores = {x.name: rng.uniform(0, 100) for x in DEFINITION.indicators}
                for name in ("trade_intensity", "partnership_tier"):
                    if rng.uniform() < 0.4:
                        scores[name] = np.nan
                value = 0.0
                for p in DEFINITION.pillars:
                    known = {n: w for n, w in WEIGHTS[p.name].items() if scores[n] == scores[n]}
                    own = sum(w * scores[n] for n, w in known.items()) / sum(known.values())
                    value += p.weight / total * own
                key = {"from_iso3": i, "to_iso3": j, "year": year}
                indicators += [{**key, "indicator": n, "score": s} for n, s in scores.items()]
                status = "full" if rng.uniform() < 0.9 else "partial"
                depth.append({**key, "depth": value, "depth_status": status})
    return pd.DataFrame(indicators), pd.DataFrame(depth)


INDICATORS, DEPTH = tables()


def made() -> tuple[pd.DataFrame, pd.DataFrame]:
    found = coherence_tables(INDICATORS, DEPTH, DEFINITION, AXES, AXES.years)
    nodes, pairs = (
        validate(conform(f, table(n)), table(n))
        for f, n in zip(
            found, ("out_validity__coherence", "out_validity__correlations"), strict=True
        )
    )
    return nodes.set_index("node"), pairs


def wide() -> pd.DataFrame:
    """The same ties as an analyst would lay them out: full, 2004 and 2009."""
    key = ["from_iso3", "to_iso3", "year"]
    full = DEPTH[(DEPTH["depth_status"] == "full") & DEPTH["year"].isin([2004, 2009])]
    scores = INDICATORS.pivot_table(index=key, columns="indicator", values="score")
    return full.set_index(key)[["depth"]].join(scores)


@pytest.mark.parametrize("times", [1, 2])
def test_points_add_up_to_depth_and_shares_to_one(times: int) -> None:
    pillars = tuple(replace(p, weight=times * p.weight) for p in DEFINITION.pillars)
    definition = replace(DEFINITION, pillars=pillars)
    parts = parts_of(INDICATORS, DEPTH, definition, AXES, [2004, 2009])
    assert len(parts.scores) == len(wide())
    whole = np.sum(list(parts.points.values()), axis=0)
    np.testing.assert_allclose(whole, parts.scores["depth"], atol=1e-12)
    np.testing.assert_allclose(np.sum(list(parts.shares.values()), axis=0), 1, atol=1e-12)


def test_effective_weights_add_up_at_each_level() -> None:
    nodes, _ = made()
    by_level = nodes.groupby("level", observed=True)
    for column in ("weight", "weight_observed", "variance_share"):
        assert by_level[column].sum().to_numpy() == pytest.approx(1, abs=1e-5)
    # What is missing for two ties in five weighs less than the definition says.
    assert nodes.loc["partnership_tier", "known"] == pytest.approx(0.6, abs=0.15)
    gained = nodes["weight_observed"] - nodes["weight"]
    assert gained["partnership_tier"] < -0.01 < 0.01 < gained["security_commitment"]


def test_statistics_of_a_node_are_those_of_its_scores() -> None:
    nodes, pairs = made()
    data = wide()
    for name in ("trade_share", "trade_intensity", "vote_kappa"):
        row, scores = nodes.loc[name], data[name]
        assert row["n_ties"] == scores.notna().sum()
        assert row["mean"] == pytest.approx(scores.mean(), abs=1e-5)
        assert row["sd"] == pytest.approx(scores.std(ddof=0), abs=1e-5)
        assert row["correlation_index"] == pytest.approx(scores.corr(data["depth"]), abs=1e-5)
    pair = pairs[(pairs["first"] == "trade_share") & (pairs["second"] == "trade_intensity")]
    expected = data["trade_share"].corr(data["trade_intensity"])
    assert pair["correlation"].tolist() == pytest.approx([expected], abs=1e-5)
    assert pair["n_ties"].tolist() == [data["trade_intensity"].notna().sum()]
    # The pillar of one indicator is that indicator.
    assert nodes.loc["vote_kappa", "correlation_parent"] == 1


def test_depth_without_a_node_gives_its_weight_to_the_rest() -> None:
    nodes, _ = made()
    data = wide()

    def depth(left_out: str) -> pd.Series:
        value, total = (pd.Series(0.0, index=data.index) for _ in range(2))
        for p in DEFINITION.pillars:
            names = [n for n in WEIGHTS[p.name] if left_out not in (n, p.name)]
            weights = pd.Series({n: WEIGHTS[p.name][n] for n in names}, dtype=float)
            known = (data[names].notna() * weights).sum(axis=1)
            own = (data[names] * weights).sum(axis=1) / known
            value += p.weight * own.where(known > 0, 0)
            total += p.weight * (known > 0)
        return value / total

    # Some ties have no trade pillar at all without the share of trade.
    for node in ("trade_share", "partnership_tier", "arms", "vote_kappa", "voting"):
        expected = depth(node).corr(data["depth"])
        assert nodes.loc[node, "correlation_without"] == pytest.approx(expected, abs=1e-5)
    assert np.isnan(nodes.loc["depth", "correlation_without"])


def test_an_indicator_that_repeats_another_is_found() -> None:
    same = INDICATORS[INDICATORS["indicator"] == "arms_import_share"]
    twin = same.assign(indicator="arms_volume", score=same["score"] * 0.5 + 3)
    again = pd.concat([INDICATORS[INDICATORS["indicator"] != "arms_volume"], twin])
    nodes, pairs = coherence_tables(again, DEPTH, DEFINITION, AXES, AXES.years)
    of = nodes.set_index("node").loc["arms_volume"]
    assert of["nearest"] == "arms_import_share"
    assert of["nearest_correlation"] == pytest.approx(1)
    flagged = pairs[pairs["flag"] == "collinear"]
    assert set(zip(flagged["first"], flagged["second"], strict=True)) == {
        ("arms_import_share", "arms_volume")
    }


def test_no_ties_no_rows() -> None:
    partial = DEPTH.assign(depth_status="partial")
    for depth, window in ((partial, AXES.years), (DEPTH, ())):
        found = coherence_tables(INDICATORS, depth, DEFINITION, AXES, window)
        for frame, name in zip(
            found, ("out_validity__coherence", "out_validity__correlations"), strict=True
        ):
            assert not len(conform(frame, table(name)))
