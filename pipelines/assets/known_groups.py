"""Tests of the index against known groups, and its coherence: tables made from its own outputs."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pandas as pd

from indices.assemble import pairs
from indices.definition import Definition
from pipelines.assets.factory import table_assets
from pipelines.core import scope

Frame = pd.DataFrame


@table_assets(
    "out_validity__known_groups",
    "out_validity__pacts",
    "out_validity__placebo",
    "out_validity__coherence",
    "out_validity__correlations",
)
def known_groups(
    out_indicators__yearly_dyads: Frame,
    out_pillars__yearly_dyads: Frame,
    out_depth__yearly_dyads: Frame,
    core_un__yearly_dyads: Frame,
    core_treaties__commitments: Frame,
    raw_curated__hostilities: Frame,
    raw_curated__rivalries: Frame,
    core_geo__states: Frame,
    core_geo__state_years: Frame,
    definition: Definition,
) -> Iterator[Frame]:
    # Compiled loops (`classify`): loading the assets is spared their import.
    from indices.validity import coherence, groups

    panel = core_geo__states.loc[core_geo__states["is_panel"], "iso3"]
    covered = core_geo__state_years[core_geo__state_years["iso3"].isin(panel)]
    axes, exists = scope.axes_of(covered, definition.first_year)
    names, pact = groups.pact_cube(core_treaties__commitments, axes)
    known = groups.Groups(
        axes,
        pairs(axes, exists),
        groups.score_cubes(
            out_pillars__yearly_dyads, out_indicators__yearly_dyads, core_un__yearly_dyads, axes
        ),
        names,
        pact,
        groups.rival_cube(raw_curated__rivalries, raw_curated__hostilities, axes),
    )
    chosen = groups.samples(known)
    window = groups.window_years(chosen[0])
    seed = int(definition.uncertainty["seed"])
    with ThreadPoolExecutor(1) as beside:
        # Most of it leaves the interpreter to the other tests.
        tested = beside.submit(groups.known_groups, axes, chosen, window, seed)
        pacts = groups.by_pact(known, chosen[0], window)
        placebo = groups.placebo(known, chosen[0], window, seed)
        coherent = coherence.coherence_tables(
            out_indicators__yearly_dyads,
            out_depth__yearly_dyads,
            definition,
            axes,
            [axes.years[t] for t in window],
        )
        yield tested.result()
    yield from (pacts, placebo, *coherent)


KNOWN_GROUPS = [known_groups]
