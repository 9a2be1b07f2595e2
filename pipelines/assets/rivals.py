"""Output tables beside the index: rivals, breadth, the Strait of Hormuz, arms that did not come."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from indices import breadth, hormuz, rivals, undelivered
from indices.definition import Definition
from pipelines.assets.factory import table_assets
from pipelines.core import scope

Frame = pd.DataFrame
# The permanent members of the Security Council.
FIVE = ("CHN", "FRA", "GBR", "RUS", "USA")


@table_assets(
    "out_rivals__yearly_dyads",
    "out_rivals__yearly_ties",
    "out_breadth__state_years",
    "out_breadth__yearly_thresholds",
)
def depth_among_others(
    out_depth__yearly_dyads: Frame,
    out_pillars__yearly_dyads: Frame,
    core_geo__state_years: Frame,
    core_treaties__yearly_dyads: Frame,
    raw_curated__rivalries: Frame,
    raw_curated__hostilities: Frame,
    definition: Definition,
) -> Iterator[Frame]:
    axes, exists = scope.axes_of(core_geo__state_years)
    # Partial depths compare with nothing.
    full = out_depth__yearly_dyads[out_depth__yearly_dyads["depth_status"] == "full"]
    measures = ("depth", "depth_lo90", "depth_hi90")
    depth, low, high = axes.cubes(full, "from_iso3", "to_iso3", measures)
    listed = list(rivals.spells(raw_curated__rivalries, raw_curated__hostilities))
    kinds = rivals.rivalry_kinds(listed, axes, exists)
    yield rivals.rival_dyads(depth, low, high, kinds, axes)
    yield rivals.rival_ties_table(definition.questions, full, kinds, listed, axes)
    rest = breadth.without_pillar(out_pillars__yearly_dyads, "trade", axes, definition)
    pact = breadth.pacts(core_treaties__yearly_dyads, axes)
    made = [
        breadth.breadth_tables(
            cube, pact, exists, axes, powers, {"powers": name, "measure": measure}
        )
        for name, powers, measure, cube in (
            ("principals", definition.questions[0].principals, "depth", depth),
            ("permanent_five", FIVE, "depth", depth),
            ("permanent_five", FIVE, "without_trade", rest),
        )
    ]
    for tables in zip(*made, strict=True):
        yield pd.concat(tables, ignore_index=True)


@table_assets(
    "out_hormuz__yearly_importers",
    "out_hormuz__yearly_exporters",
    "out_hormuz__yearly_crude_shares",
)
def strait(
    core_geo__state_years: Frame,
    core_trade__yearly_flows: Frame,
    core_trade__yearly_totals: Frame,
    raw_curated__hormuz_exports: Frame,
    raw_curated__china_crude_imports: Frame,
    raw_curated__crude_recorded: Frame,
    raw_iran_oil__estimates: Frame,
    definition: Definition,
) -> tuple[Frame, Frame, Frame]:
    axes, exists = scope.axes_of(core_geo__state_years)
    crude = hormuz.crude_by_supplier(
        raw_curated__china_crude_imports,
        raw_iran_oil__estimates,
        raw_curated__crude_recorded,
        raw_curated__hormuz_exports,
        "IRN",
    )
    return (
        hormuz.importers(
            core_trade__yearly_flows,
            core_trade__yearly_totals,
            raw_curated__hormuz_exports,
            axes,
            exists,
            definition.rules["cif_to_fob"],
        ),
        hormuz.exporters(
            core_trade__yearly_flows,
            core_trade__yearly_totals,
            sorted(raw_curated__hormuz_exports["iso3"]),
            definition.questions[0].principals,
            axes,
        ),
        hormuz.crude_shares(crude, raw_curated__china_crude_imports, raw_curated__hormuz_exports),
    )


@table_assets("out_arms__yearly_waits", "out_arms__yearly_classes", "out_arms__sought")
def arms_that_came(
    core_arms__deliveries: Frame,
    raw_curated__arms_classes: Frame,
    raw_curated__arms_not_delivered: Frame,
    definition: Definition,
) -> tuple[Frame, Frame, Frame]:
    question = definition.questions[0]
    recipients = (question.focal, *question.bloc_members)
    window = int(definition.rules["arms_window_years"])
    rows = undelivered.register(core_arms__deliveries)
    classed = undelivered.classified(rows, raw_curated__arms_classes)
    years = range(definition.first_year, int(rows["delivery_year"].max()) + 1)
    return (
        undelivered.waiting_times(rows, question.principals, recipients, window),
        undelivered.best_delivered(classed, recipients, years, window),
        undelivered.sought(raw_curated__arms_not_delivered, rows, classed),
    )


BESIDE = [depth_among_others, strait, arms_that_came]
