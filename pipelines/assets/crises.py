"""Tests of the index against crises and dated events; what makes them is in `indices.validity`."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from indices.definition import Definition
from indices.validity import crises, events
from pipelines.assets.factory import table_assets

Frame = pd.DataFrame


@table_assets(
    "out_crises__responses",
    "out_crises__association",
    "out_crises__prediction",
    "out_crises__leave_one_out",
    "out_crises__calibration",
    "out_crises__coding",
    "out_crises__coding_counts",
)
def crisis_test(
    raw_curated__crises: Frame,
    raw_curated__crises_left_out: Frame,
    out_depth__yearly_dyads: Frame,
    out_pillars__yearly_dyads: Frame,
    out_indicators__yearly_dyads: Frame,
    definition: Definition,
) -> Iterator[Frame]:
    return crises.crisis_tables(
        raw_curated__crises,
        raw_curated__crises_left_out,
        out_depth__yearly_dyads,
        out_pillars__yearly_dyads,
        out_indicators__yearly_dyads,
        int(definition.uncertainty["seed"]),
    )


@table_assets("out_events__effects")
def event_study(
    raw_curated__events: Frame,
    raw_curated__memberships: Frame,
    core_geo__states: Frame,
    out_depth__yearly_dyads: Frame,
    out_pillars__yearly_dyads: Frame,
) -> Frame:
    panel = sorted(core_geo__states.loc[core_geo__states["is_panel"], "iso3"].astype("str"))
    values, years = events.ties_of_powers(out_depth__yearly_dyads, out_pillars__yearly_dyads, panel)
    listed = events.event_list(raw_curated__events, raw_curated__memberships)
    return events.event_effects(listed, values, panel, years)


CRISES = [crisis_test, event_study]
