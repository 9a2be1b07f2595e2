"""The engine's general index and the depth index of this package are the same arithmetic."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np

from warehouse.answers import connect

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "depth.py"

SINCE = 2016  # the last year of full ties for all, then years in which few are


def test_the_engine_makes_every_published_pillar_and_depth(link: Path) -> None:
    with connect(link) as con:
        result = runpy.run_path(str(EXAMPLE))["depth"](con, SINCE)
        published = con.sql(
            "PIVOT (SELECT from_iso3 || '-' || to_iso3 AS tie, year, pillar, score "
            f"FROM out_pillars__yearly_dyads WHERE year >= {SINCE}) ON pillar USING first(score)"
        ).df()
        full = con.sql(
            "SELECT from_iso3 || '-' || to_iso3 AS tie, year, depth FROM out_depth__yearly_dyads "
            f"WHERE depth_status = 'full' AND year >= {SINCE}"
        ).df()
    published, full = (frame.set_index(["tie", "year"]) for frame in (published, full))
    assert len(published.columns) == 4
    for pillar, theirs in published.items():
        ours = result.scores[pillar].reindex(published.index)
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12, err_msg=pillar)
    ours = result.scores["depth"].dropna()
    assert ours.index.sort_values().equals(full.index.sort_values())
    np.testing.assert_allclose(ours.reindex(full.index), full["depth"], rtol=1e-12)
