"""The core tables as they would be without one source.

Belongs here: which core tables each source enters, and their making without its rows. Does not
belong here: what the index makes of them (`indices.robustness`). Sources that are the whole of a
pillar have no place here: leaving them out is leaving out the pillar.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

import numpy as np
import pandas as pd

from indices.cube import Array, Axes
from indices.definition import Definition
from pipelines.core import trade, treaties
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
        Source to core tables by name. What only the source knew is missing in them; an obligation
        that only it recorded counts as none, since the other list of treaties covers every pair.

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
    reported = _between(
        tables["core_trade__reported_flows"], "exporter_iso3", "importer_iso3", axes
    )
    russia = tables["raw_russia_trade__reports"]
    oil = trade.oil_adjustment(
        tables["raw_iran_oil__estimates"],
        tables["raw_curated__crude_recorded"],
        tables["raw_curated__crude_prices"],
    )

    settled = reconcile(russia)

    def make(source: str) -> pd.DataFrame:
        chosen = trade.best_flows(
            reported[reported["source"] != source],
            reconcile(russia.iloc[:0]) if source == "russia_trade" else settled,
            definition,
        )
        return trade.flows(chosen, oil, axes, exists, definition)

    return make


def _treaties_without(
    tables: Frames, axes: Axes, exists: Array, definition: Definition
) -> Callable[[str], pd.DataFrame]:
    first = definition.first_year - axes.years[0]
    axes, exists = Axes(axes.years[first:], axes.states), exists[first:]
    held = _between(tables["core_treaties__commitments"], "from_iso3", "to_iso3", axes)
    in_force = tables["core_treaties__agreements"]

    def rows(name: str, owner: str, source: str) -> pd.DataFrame:
        return tables[name].iloc[:0] if source == owner else tables[name]

    # What most sources leave as it is, is made once.
    @cache
    def recorded(source: str) -> pd.DataFrame:
        made = treaties.recorded_memberships(rows("raw_cow_igo__memberships", "cow_igo", source))
        return made[made["iso3"].isin(axes.states)]

    @cache
    def memberships(source: str) -> pd.DataFrame:
        return treaties.full_memberships(
            recorded("cow_igo" if source == "cow_igo" else ""),
            rows("raw_curated__memberships", "curated", source),
            axes.years[-1],
        )

    @cache
    def troops(source: str) -> Array:
        return treaties.troops_hosted(
            rows("raw_us_troops__country_years", "us_troops", source),
            rows("raw_curated__posture", "curated", source),
            axes,
        )

    def make(source: str) -> pd.DataFrame:
        def if_of(*owners: str) -> str:
            return source if source in owners else ""

        return treaties.yearly_dyads(
            held[held["source"] != source].reset_index(drop=True),
            tables["core_treaties__hostilities"],
            rows("raw_curated__tiers", "curated", source),
            in_force[in_force["source"] != source],
            memberships(if_of("cow_igo", "curated")),
            rows("raw_cow_igo__coverage", "cow_igo", source),
            tables["raw_cow_igo__world"],
            troops(if_of("us_troops", "curated")),
            axes,
            exists,
            definition,
        )

    return make


def _between(frame: pd.DataFrame, first: str, second: str, axes: Axes) -> pd.DataFrame:
    return frame[frame[first].isin(axes.states) & frame[second].isin(axes.states)]


def few(axes: Axes, exists: Array, definition: Definition) -> tuple[Axes, Array]:
    """Axes of the states that questions name."""
    named = {s for q in definition.questions for s in (q.focal, *q.bloc_members, *q.principals)}
    states = tuple(s for s in axes.states if s in named)
    return Axes(axes.years, states), exists[:, np.isin(axes.states, states)]
