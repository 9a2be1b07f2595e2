"""Core tables: one identity for every state, one unit, one key."""

from __future__ import annotations

import pandas as pd

from indices.cube import Axes
from indices.definition import Definition
from indices.pillars.voting import last_full_year
from pipelines.assets.factory import table_assets
from pipelines.core import arms, geo, scope, trade, treaties, un
from pipelines.settings import Settings
from pipelines.sources.russia_trade.reconcile import reconcile

Frame = pd.DataFrame


@table_assets("core_geo__codes")
def core_geo__codes(raw_geo__cow_states: Frame) -> Frame:
    return geo.codes(raw_geo__cow_states)


@table_assets("core_geo__states")
def core_geo__states(raw_geo__cow_states: Frame, core_geo__codes: Frame) -> Frame:
    return geo.states(raw_geo__cow_states, core_geo__codes)


@table_assets("core_geo__groups")
def core_geo__groups(raw_curated__memberships: Frame, definition: Definition) -> Frame:
    return geo.groups(raw_curated__memberships, definition)


@table_assets("core_geo__yearly_economy")
def core_geo__yearly_economy(raw_worldbank__gdp: Frame, raw_worldbank__population: Frame) -> Frame:
    return geo.economy(raw_worldbank__gdp, raw_worldbank__population)


@table_assets("core_geo__state_years")
def core_geo__state_years(
    core_geo__codes: Frame,
    core_geo__states: Frame,
    core_un__roll_calls: Frame,
    raw_sipri__dyad_years: Frame,
    raw_unctad__merchandise_totals: Frame,
    settings: Settings,
) -> Frame:
    return scope.state_years(
        core_geo__codes,
        core_geo__states,
        panel_only=settings.mode == "starter" or geo.is_panel_chosen(),
        last_year=max(
            last_full_year(core_un__roll_calls),
            arms.covered_years(raw_sipri__dyad_years)[1],
            scope.last_year_of_totals(raw_unctad__merchandise_totals),
        ),
    )


@table_assets("core_un__roll_calls")
def core_un__roll_calls(raw_un__ga_roll_calls: Frame, raw_un__sc_roll_calls: Frame) -> Frame:
    return un.roll_calls(raw_un__ga_roll_calls, raw_un__sc_roll_calls)


@table_assets("core_un__votes")
def core_un__votes(
    raw_un__ga_votes: Frame, raw_un__sc_votes: Frame, core_un__roll_calls: Frame
) -> Frame:
    return un.votes(raw_un__ga_votes, raw_un__sc_votes, core_un__roll_calls)


@table_assets("core_un__session_dyads")
def core_un__session_dyads(core_un__votes: Frame, core_un__roll_calls: Frame) -> Frame:
    return un.session_dyads(core_un__votes, core_un__roll_calls)


@table_assets("core_un__yearly_dyads")
def core_un__yearly_dyads(
    core_un__votes: Frame, core_un__roll_calls: Frame, raw_voeten__ideal_points: Frame
) -> Frame:
    return un.yearly_dyads(core_un__votes, core_un__roll_calls, raw_voeten__ideal_points)


@table_assets("core_arms__deliveries")
def core_arms__deliveries(raw_sipri__deliveries: Frame) -> Frame:
    return arms.deliveries(raw_sipri__deliveries)


@table_assets("core_arms__yearly_dyads")
def core_arms__yearly_dyads(raw_sipri__dyad_years: Frame, core_geo__state_years: Frame) -> Frame:
    axes, exists = scope.axes_of(core_geo__state_years)
    return arms.yearly_dyads(raw_sipri__dyad_years, axes, exists)


@table_assets("core_arms__yearly_totals")
def core_arms__yearly_totals(raw_sipri__state_years: Frame) -> Frame:
    return arms.yearly_totals(raw_sipri__state_years)


@table_assets("core_trade__reported_flows")
def core_trade__reported_flows(
    raw_cow_trade__flows: Frame,
    raw_imf__imts: Frame,
    raw_russia_trade__reports: Frame,
    raw_baci__flows: Frame,
    core_geo__state_years: Frame,
) -> Frame:
    axes, exists = scope.axes_of(core_geo__state_years)
    return trade.reported_flows(
        raw_cow_trade__flows,
        raw_imf__imts,
        raw_russia_trade__reports,
        raw_baci__flows,
        axes,
        exists,
    )


@table_assets("core_trade__yearly_flows")
def core_trade__yearly_flows(
    core_trade__reported_flows: Frame,
    raw_russia_trade__reports: Frame,
    raw_iran_oil__estimates: Frame,
    raw_curated__crude_recorded: Frame,
    raw_curated__crude_prices: Frame,
    core_geo__state_years: Frame,
    definition: Definition,
) -> Frame:
    axes, exists = scope.axes_of(core_geo__state_years)
    chosen = trade.best_flows(
        core_trade__reported_flows, reconcile(raw_russia_trade__reports), definition
    )
    oil = trade.oil_adjustment(
        raw_iran_oil__estimates, raw_curated__crude_recorded, raw_curated__crude_prices
    )
    return trade.flows(chosen, oil, axes, exists, definition)


@table_assets("core_trade__yearly_totals")
def core_trade__yearly_totals(
    raw_unctad__merchandise_totals: Frame, core_geo__state_years: Frame
) -> Frame:
    axes: Axes = scope.axes_of(core_geo__state_years)[0]
    return trade.yearly_totals(raw_unctad__merchandise_totals, axes.years)


@table_assets("core_treaties__commitments")
def core_treaties__commitments(
    raw_atop__members: Frame,
    raw_atop__agreements: Frame,
    raw_curated__commitments: Frame,
    raw_curated__dormant_pacts: Frame,
    raw_curated__treaty_ends: Frame,
    core_geo__state_years: Frame,
) -> Frame:
    return treaties.commitments(
        treaties.atop_commitments(
            raw_atop__members,
            raw_atop__agreements,
            raw_curated__dormant_pacts,
            raw_curated__treaty_ends,
        ),
        treaties.curated_commitments(raw_curated__commitments),
        core_geo__state_years,
    )


@table_assets("core_treaties__hostilities")
def core_treaties__hostilities(raw_curated__hostilities: Frame) -> Frame:
    return treaties.hostilities(raw_curated__hostilities)


@table_assets("core_treaties__agreements")
def core_treaties__agreements(
    raw_unctad__investment_treaties: Frame,
    raw_desta__members: Frame,
    core_geo__state_years: Frame,
) -> Frame:
    made = treaties.agreements(raw_unctad__investment_treaties, raw_desta__members)
    return treaties.covered(made, core_geo__state_years, "a_iso3", "b_iso3")


@table_assets("core_treaties__yearly_dyads")
def core_treaties__yearly_dyads(
    core_treaties__commitments: Frame,
    core_treaties__hostilities: Frame,
    core_geo__state_years: Frame,
    raw_curated__tiers: Frame,
    raw_curated__memberships: Frame,
    raw_curated__posture: Frame,
    core_treaties__agreements: Frame,
    raw_cow_igo__memberships: Frame,
    raw_cow_igo__coverage: Frame,
    raw_cow_igo__world: Frame,
    raw_us_troops__country_years: Frame,
    definition: Definition,
) -> Frame:
    axes, exists = scope.axes_of(core_geo__state_years, definition.first_year)
    return treaties.yearly_dyads(
        core_treaties__commitments,
        core_treaties__hostilities,
        raw_curated__tiers,
        core_treaties__agreements,
        treaties.full_memberships(
            treaties.recorded_memberships(raw_cow_igo__memberships),
            raw_curated__memberships,
            axes.years[-1],
        ),
        raw_cow_igo__coverage,
        raw_cow_igo__world,
        treaties.troops_hosted(raw_us_troops__country_years, raw_curated__posture, axes),
        axes,
        exists,
        definition,
    )


CORE = [value for value in list(globals().values()) if hasattr(value, "node_def")]
