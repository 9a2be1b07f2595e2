"""Output tables: the whole index and its variants in one step, from one set of draws."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from indices import assemble
from indices.definition import Definition
from indices.robustness import robustness_tables
from pipelines.assets.factory import table_assets
from pipelines.core import scope, without
from pipelines.settings import Settings
from pipelines.years import YearFiles

Frame = pd.DataFrame


@table_assets(
    "out_indicators__yearly_dyads",
    "out_pillars__yearly_dyads",
    "out_robustness__yearly_dyads",
    "out_robustness__yearly_gap",
    "out_depth__yearly_dyads",
    "out_ranks__yearly_dyads",
    "out_gap__yearly",
    "out_sensitivity__yearly_gap",
    "out_beside__yearly_dyads",
)
def alliance_depth(
    core_geo__state_years: Frame,
    core_geo__yearly_economy: Frame,
    core_un__roll_calls: Frame,
    core_un__votes: Frame,
    core_un__yearly_dyads: Frame,
    core_arms__yearly_dyads: Frame,
    core_arms__yearly_totals: Frame,
    core_trade__reported_flows: Frame,
    core_trade__yearly_flows: Frame,
    core_trade__yearly_totals: Frame,
    core_treaties__commitments: Frame,
    core_treaties__hostilities: Frame,
    core_treaties__agreements: Frame,
    core_treaties__yearly_dyads: Frame,
    raw_russia_trade__reports: Frame,
    raw_iran_oil__estimates: Frame,
    raw_curated__crude_recorded: Frame,
    raw_curated__crude_prices: Frame,
    raw_curated__tiers: Frame,
    raw_curated__memberships: Frame,
    raw_curated__posture: Frame,
    raw_cow_igo__memberships: Frame,
    raw_cow_igo__coverage: Frame,
    raw_cow_igo__world: Frame,
    raw_us_troops__country_years: Frame,
    settings: Settings,
    definition: Definition,
) -> Iterator[Frame]:
    tables = {name: frame for name, frame in locals().items() if name.startswith(("core_", "raw_"))}
    axes, exists = scope.axes_of(core_geo__state_years)
    kept = YearFiles(settings.location.years)
    made = assemble.output_tables(tables, axes, exists, definition, kept)
    indicators, pillars = next(made), next(made)
    yield indicators
    yield pillars
    # Before the draws, which fill every processor: many small steps on one processor, while the
    # other has the long tables to write and load.
    some = without.few(axes, exists, definition)
    sources = [v.without_source for v in definition.variants if v.without_source]
    left_out = without.without(sources, tables, *some, definition)
    yield from robustness_tables(tables, *some, indicators, left_out, definition)
    del indicators, pillars, left_out  # large, and done with
    yield from made
    kept.tidy()


OUTPUTS = [alliance_depth]
