"""The core tables as they would be without one source.

Belongs here: which core tables each source enters, and their making without its rows. Does not
belong here: what the index makes of them (`indices.robustness`). Sources that are the whole of a
pillar have no place here: leaving them out is leaving out the pillar.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from indices.assemble import pairs
from indices.cube import Array, Axes, row_order
from indices.definition import Definition
from indices.pillars.treaties import agreement_counts, joint_memberships, obligations, tier_cube
from pipelines.core import trade, treaties
from pipelines.core.geo import GEO
from pipelines.sources.names import load_map
from pipelines.sources.russia_trade.reconcile import reconcile

Frames = dict[str, pd.DataFrame]
TRADE = ("baci", "cow_trade", "imf", "russia_trade")
TREATIES = ("atop", "cow_igo", "curated", "desta", "investment_treaties", "us_troops")


def without(
    sources: Iterable[str], tables: Frames, axes: Axes, exists: Array, definition: Definition
) -> dict[str, Frames]:
    """Make the core tables that change when each of some sources is left out.

    Parameters
    ----------
    sources : iterable of str
    tables : dict of str to DataFrame
        The raw and core tables that trade and treaties are made from.
    axes : Axes
        States and years wanted; few states are enough and much faster.
    exists : bool array, shape (years, states)
    definition : Definition

    Returns
    -------
    dict of str to dict of str to DataFrame
        Source to core tables by name, right in the columns that the index is made of. What only
        the source knew is missing in them; an obligation that only it recorded counts as none,
        since the other list of treaties covers every pair.

    Raises
    ------
    ValueError
        If a source enters no core table of this kind.
    """
    flows = _flows_without(tables, axes, exists, definition)
    ties = _treaties_without(tables, axes, exists, definition)
    out = {}
    for source in sources:
        if source == "worldbank":
            out[source] = {"core_geo__yearly_economy": tables["core_geo__yearly_economy"].iloc[:0]}
        elif source in TRADE:
            out[source] = {"core_trade__yearly_flows": flows(source)}
        elif source in TREATIES:
            out[source] = {"core_treaties__yearly_dyads": ties(source)}
        else:
            known = ("worldbank", *TRADE, *TREATIES)
            raise ValueError(
                f"a variant of definition.toml leaves out {source!r}, expected one of {known}; "
                "a source that is the whole of a pillar is left out with the pillar"
            )
    return out


def _flows_without(
    tables: Frames, axes: Axes, exists: Array, definition: Definition
) -> Callable[[str], pd.DataFrame]:
    reported = axes.between(tables["core_trade__reported_flows"], "exporter_iso3", "importer_iso3")
    russia = tables["raw_russia_trade__reports"]
    oil = trade.oil_adjustment(
        tables["raw_iran_oil__estimates"],
        tables["raw_curated__crude_recorded"],
        tables["raw_curated__crude_prices"],
    )

    # What is reported of other states' trade says nothing of theirs.
    settled = reconcile(axes.between(russia, "reporter_iso3", "partner_iso3"))

    def make(source: str) -> pd.DataFrame:
        chosen = trade.best_flows(
            reported[reported["source"] != source],
            settled.iloc[:0] if source == "russia_trade" else settled,
            definition,
        )
        return trade.flows(chosen, oil, axes, exists, definition)

    return make


def _treaties_without(
    tables: Frames, axes: Axes, exists: Array, definition: Definition
) -> Callable[[str], pd.DataFrame]:
    first = definition.first_year - axes.years[0]
    axes, exists = Axes(axes.years[first:], axes.states), exists[first:]
    whole = axes.between(tables["core_treaties__yearly_dyads"], "from_iso3", "to_iso3")
    rows = row_order(pairs(axes, exists))
    names = load_map(GEO)
    # What the states were known by at any time: rows of others need not be mapped.
    numbers = pd.to_numeric(names.loc[names["iso3"].isin(axes.states), "name"])

    def left(name: str, owner: str, source: str) -> pd.DataFrame:
        frame = tables[name].iloc[:0] if source == owner else tables[name]
        return frame[frame["ccode"].isin(numbers)] if "ccode" in frame else frame

    # Each bears the name of the column that it makes.
    def security_commitment(source: str) -> Array:
        held = axes.between(tables["core_treaties__commitments"], "from_iso3", "to_iso3")
        return obligations(
            held[held["source"] != source].reset_index(drop=True),
            tables["core_treaties__hostilities"],
            definition.ladder,
            int(definition.rules["small_group_parties"]),
            axes,
        ).commitment

    def partnership_tier(source: str) -> Array:
        return tier_cube(left("raw_curated__tiers", "curated", source), definition.tiers, axes)

    def economic_agreements(source: str) -> Array:
        in_force = axes.between(tables["core_treaties__agreements"], "a_iso3", "b_iso3")
        return agreement_counts(in_force[in_force["source"] != source], axes)

    def joint_igos(source: str) -> Array:
        members = treaties.full_memberships(
            treaties.recorded_memberships(left("raw_cow_igo__memberships", "cow_igo", source)),
            left("raw_curated__memberships", "curated", source),
            axes.years[-1],
        )
        coverage = treaties.igo_coverage(left("raw_cow_igo__coverage", "cow_igo", source), axes)
        world = treaties.igo_world_mean(tables["raw_cow_igo__world"], axes)
        return joint_memberships(members, coverage, world, axes)[0]

    def troops_hosted(source: str) -> Array:
        return treaties.troops_hosted(
            left("raw_us_troops__country_years", "us_troops", source),
            left("raw_curated__posture", "curated", source),
            axes,
        )

    enters = {
        "atop": [security_commitment],
        "cow_igo": [joint_igos],
        "curated": [security_commitment, partnership_tier, joint_igos, troops_hosted],
        "desta": [economic_agreements],
        "investment_treaties": [economic_agreements],
        "us_troops": [troops_hosted],
    }

    def make(source: str) -> pd.DataFrame:
        changed = {column.__name__: column(source) for column in enters[source]}
        return whole.assign(**{name: row_order(cube)[rows] for name, cube in changed.items()})

    return make


def few(axes: Axes, exists: Array, definition: Definition) -> tuple[Axes, Array]:
    """Axes of the states that questions name."""
    named = {s for q in definition.questions for s in (q.focal, *q.bloc_members, *q.principals)}
    states = tuple(s for s in axes.states if s in named)
    return Axes(axes.years, states), exists[:, np.isin(axes.states, states)]
