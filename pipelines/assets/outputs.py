"""Output tables: the whole index from the core tables, in one step, from one set of draws."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from indices import assemble
from indices.definition import load_definition
from pipelines.assets.factory import table_assets
from pipelines.core import scope

Frame = pd.DataFrame


@table_assets(
    "out_indicators__yearly_dyads",
    "out_pillars__yearly_dyads",
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
    core_trade__yearly_flows: Frame,
    core_trade__yearly_totals: Frame,
    core_treaties__yearly_dyads: Frame,
) -> Iterator[Frame]:
    core = {name: frame for name, frame in locals().items() if name.startswith("core_")}
    return assemble.output_tables(core, *scope.axes_of(core_geo__state_years), load_definition())


OUTPUTS = [alliance_depth]
