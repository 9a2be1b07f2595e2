"""Goods trade: from competing reports to one flow, from flows to the trade indicators.

Belongs here: choosing among reports, filling short gaps, unrecorded oil, shares, intensity and
dependence. Does not belong here: names of states or files; states come as ISO codes, sources as
labels in an order of preference that the caller gives.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from indices.cube import Array, Axes, bridge_and_carry, labelled, positions, swap, trailing_mean

FLOW = ["exporter_iso3", "importer_iso3", "year"]
STATUS = np.array(["observed", "imputed", "carried", "missing"])


def best_reports(
    reports: pd.DataFrame, preference: Sequence[str], cif_to_fob: float
) -> pd.DataFrame:
    """Choose one report for every flow, and keep what the other side said.

    Parameters
    ----------
    reports : DataFrame
        ``exporter_iso3``, ``importer_iso3``, ``year``, ``reporter``, ``source``, ``value_usd``,
        ``valuation`` ('FOB' or 'CIF'), and ``value_lo_usd``, ``value_hi_usd``: the range over
        alternatives of the same source, equal to the value where there is only one. At most one
        row for each flow, source and reporter.
    preference : sequence of str
        Sources, the preferred first. Within a source the importer's report comes before the
        exporter's, because exporters often do not know the last destination (oil above all).
    cif_to_fob : float
        What a CIF value is divided by to become free on board.

    Returns
    -------
    DataFrame
        One row for each flow: ``recorded_usd``, ``value_lo_usd``, ``value_hi_usd`` free on
        board, ``method``, ``source``, and ``mirror_ratio``, the importer's report over the
        exporter's of the same source, both free on board, where both report.
    """
    rank = {source: k for k, source in enumerate(preference)}
    unknown = set(reports["source"].unique()) - set(rank)
    if unknown:
        raise ValueError(f"reports from sources without a place in the preference: {unknown}")
    states = sorted(set(reports[FLOW[0]].unique()) | set(reports[FLOW[1]].unique()))
    exporter, importer, reporter = (
        positions(reports[name], states) for name in (*FLOW[:2], "reporter")
    )
    year = reports["year"].to_numpy(dtype=np.int64)
    by_importer = reporter == importer
    place = positions(reports["source"], list(rank))
    # One number for each flow, so that sorting compares integers and not three columns of text.
    flow = (exporter * len(states) + importer) * 10_000 + year
    order = np.lexsort((~by_importer, place, flow))
    flow, place, by_importer = flow[order], place[order], by_importer[order]
    same_flow = np.append(False, flow[1:] == flow[:-1])
    scale = np.where(reports["valuation"].to_numpy() == "CIF", 1 / cif_to_fob, 1.0)
    values = {
        name: (reports[column].to_numpy() * scale)[order]
        for name, column in (
            ("recorded_usd", "value_usd"),
            ("value_lo_usd", "value_lo_usd"),
            ("value_hi_usd", "value_hi_usd"),
        )
    }
    # The exporter's report of the same source, where there is one, is the very next row.
    mirrored = np.append(
        same_flow[1:] & (place[1:] == place[:-1]) & by_importer[:-1] & ~by_importer[1:], False
    )
    following = np.append(values["recorded_usd"][1:], np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(mirrored & (following > 0), values["recorded_usd"] / following, np.nan)
    first = ~same_flow
    chosen = reports.iloc[order[first]]
    return pd.DataFrame(
        {
            **{name: chosen[name].array for name in FLOW},
            **{name: value[first] for name, value in values.items()},
            "method": np.where(by_importer[first], "importer_report", "exporter_report"),
            "source": chosen["source"].array,
            "mirror_ratio": ratio[first],
        }
    )


def unrecorded_oil(
    estimates: pd.DataFrame, recorded: pd.DataFrame, prices: pd.DataFrame, barrels: float = 365.25
) -> pd.DataFrame:
    """Value the crude that tanker trackers saw and customs did not.

    Parameters
    ----------
    estimates : DataFrame
        ``year``, ``kbd_low``, ``kbd_high``: shipments in thousand barrels a day.
    recorded : DataFrame
        ``year``, ``kbd``: crude that customs recorded.
    prices : DataFrame
        ``year``, ``brent_usd_per_barrel`` and the discount ``discount_lo_usd``, ``discount_usd``,
        ``discount_hi_usd`` below it; a missing discount counts as none known, zero to the largest
        discount of any year.
    barrels : float
        Days of a year.

    Returns
    -------
    DataFrame
        ``year``, ``adjustment_usd`` (middle of the range of volumes at the central price),
        ``adjustment_lo_usd`` (low volume, largest discount), ``adjustment_hi_usd``. Each is at
        least zero: customs may also have seen more than the trackers.
    """
    frame = estimates.merge(recorded[["year", "kbd"]], on="year", how="left").merge(
        prices, on="year", how="left"
    )
    unknown = frame.loc[frame["kbd"].isna() | frame["brent_usd_per_barrel"].isna(), "year"]
    if len(unknown):
        raise ValueError(
            f"years {unknown.tolist()} have an estimate of crude but no customs figure or no "
            "price; add rows for them, or the oil of those years would count as none"
        )
    largest = prices["discount_hi_usd"].max()
    middle = frame["discount_usd"].fillna(prices["discount_usd"].median())
    cheapest = frame["brent_usd_per_barrel"] - frame["discount_hi_usd"].fillna(largest)
    dearest = frame["brent_usd_per_barrel"] - frame["discount_lo_usd"].fillna(0.0)
    price = frame["brent_usd_per_barrel"] - middle

    def worth(kbd: pd.Series, usd: pd.Series) -> pd.Series:
        return (kbd - frame["kbd"]).clip(lower=0) * 1000 * barrels * usd

    return pd.DataFrame(
        {
            "year": frame["year"],
            "adjustment_usd": worth((frame["kbd_low"] + frame["kbd_high"]) / 2, price),
            "adjustment_lo_usd": worth(frame["kbd_low"], cheapest),
            "adjustment_hi_usd": worth(frame["kbd_high"], dearest),
        }
    )


def carry_minor_direction(
    values: Array, status: Array, share: float, years: int
) -> tuple[Array, Array]:
    """Carry a direction that hardly counts while the other one is still observed.

    Where one direction of a pair ends and was less than `share` of the pair's trade when last
    known, its last value stands for at most `years` years in which the other direction is observed
    or bridged: an error in it moves the pair's trade by less than that share, while leaving the
    pair out would lose all of it.

    Parameters
    ----------
    values : cube
        Flows, exporter by importer; NaN is missing.
    status : int8 cube
        See `indices.cube.bridge_and_carry`.
    share : float
    years : int

    Returns
    -------
    values, status : cubes
        With those cells filled and their status 2, carried.
    """
    position = np.arange(len(values)).reshape(-1, 1, 1)
    seen = status <= 1
    last = np.maximum.accumulate(np.where(seen, position, -1), axis=0)
    is_over = ~np.maximum.accumulate(seen[::-1], axis=0)[::-1]
    at = np.maximum(last, 0)
    own = np.take_along_axis(values, at, axis=0)
    other = np.take_along_axis(swap(values), at, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        is_minor = own < share * (own + other)
    recent = (last >= 0) & (position - last <= years)
    fill = np.isnan(values) & is_over & recent & is_minor & (swap(status) <= 1)
    return np.where(fill, own, values), np.where(fill, 2, status).astype(np.int8)


def yearly_flows(
    chosen: pd.DataFrame,
    oil: pd.DataFrame,
    axes: Axes,
    exists: Array,
    bridge: int,
    carry: int,
    minor_share: float = 0.0,
    minor_years: int = 0,
) -> pd.DataFrame:
    """Fill short gaps and add unrecorded oil.

    Parameters
    ----------
    chosen : DataFrame
        What `best_reports` returned.
    oil : DataFrame
        ``exporter_iso3``, ``importer_iso3``, ``year`` and the three adjustments; may be empty.
    axes : Axes
        Years and states of the result.
    exists : bool array, shape (years, states)
        Nothing is bridged or carried into a year in which one of the two was no state.
    bridge, carry : int
        See `indices.cube.bridge_and_carry`.
    minor_share, minor_years
        See `carry_minor_direction`.

    Returns
    -------
    DataFrame
        The columns of ``core_trade__yearly_flows``.
    """
    names = ("exporter_iso3", "importer_iso3")

    both = exists[:, :, None] & exists[:, None, :]
    *laid, mirror_ratio, row_of = axes.cubes(
        chosen.assign(row=np.arange(1, len(chosen) + 1)),
        *names,
        ("recorded_usd", "value_lo_usd", "value_hi_usd", "mirror_ratio", "row"),
    )
    # A range that was bridged or carried is bridged or carried with its value.
    (recorded, status), (low, _), (high, _) = (
        bridge_and_carry(np.where(both, cube, np.nan), bridge, carry) for cube in laid
    )
    recorded, status = carry_minor_direction(recorded, status, minor_share, minor_years)
    adjustments = ("adjustment_usd", "adjustment_lo_usd", "adjustment_hi_usd")
    adjust = dict(zip(adjustments, axes.cubes(oil, *names, adjustments, fill=0.0), strict=True))
    where = (status < 3) & both
    frame = axes.long(
        where,
        {
            "value_usd": recorded + adjust["adjustment_usd"],
            "recorded_usd": recorded,
            **adjust,
            "value_lo_usd": np.fmin(low, recorded),
            "value_hi_usd": np.fmax(high, recorded),
            "mirror_ratio": mirror_ratio,
            "status": status,
            "row": np.nan_to_num(row_of).astype(np.int64) - 1,
        },
        names,
    )
    filled, row = frame.pop("status").to_numpy(), frame.pop("row").to_numpy()
    for name in ("method", "source"):
        known = pd.Categorical(chosen[name])
        codes, labels = np.append(known.codes, -1)[row], list(known.categories)
        if name == "method":
            codes = np.select([filled == 1, filled == 2], [len(labels), len(labels) + 1], codes)
            labels += ["bridged", "carried"]
        frame[name] = labelled(codes, labels)
    return frame


def trade_indicators(
    flows: pd.DataFrame,
    totals: pd.DataFrame,
    economy: pd.DataFrame,
    axes: Axes,
    *,
    value: str = "value_usd",
    window: int = 3,
    bridge: int = 6,
    carry: int = 2,
    cif_to_fob: float = 1.06,
) -> dict[str, Array]:
    """Compute the three trade indicators for every directed pair.

    Parameters
    ----------
    flows : DataFrame
        ``core_trade__yearly_flows``.
    totals : DataFrame
        ``core_trade__yearly_totals``, with the world as WLD.
    economy : DataFrame
        ``core_geo__yearly_economy``.
    axes : Axes
    value : str
        Which value of `flows`: ``value_usd``, or ``recorded_usd`` for what customs show.
    window : int
        Years of the trailing mean.
    bridge, carry : int
        Years over which a state's output may be bridged and carried.
    cif_to_fob : float
        Imports are counted as the totals count them, with freight: flow times this.

    Returns
    -------
    dict of str to cube
        ``trade_share`` (%), ``trade_intensity`` (ratio), ``trade_dependence`` (%), and
        ``status``, an int8 cube: 0 observed, 1 imputed, 2 carried, 3 missing, the worse of the
        two directions of the flow; ``dependence_status`` also heeds the output.
    """
    methods = flows["method"].astype("category")
    code_of = {"bridged": 1, "carried": 2}
    codes = np.array([code_of.get(c, 0) for c in methods.cat.categories])
    graded = flows.assign(grade=codes[methods.cat.codes])
    sent, grade = axes.cubes(graded, "exporter_iso3", "importer_iso3", (value, "grade"))
    grade = np.where(np.isnan(grade), 3, grade).astype(np.int8)  # no row: missing
    status = np.maximum(grade, swap(grade))
    pair = sent + cif_to_fob * swap(sent)
    world = totals[totals["iso3"] == "WLD"]
    world_trade = np.full(len(axes.years), np.nan)
    at = axes.year_index(world["year"])
    world_trade[at[at >= 0]] = (world["exports_usd"] + world["imports_usd"]).to_numpy()[at >= 0]
    state_trade = axes.panel(totals, "iso3", "exports_usd") + axes.panel(
        totals, "iso3", "imports_usd"
    )
    gdp, gdp_status = bridge_and_carry(axes.panel(economy, "iso3", "gdp_usd"), bridge, carry)
    with np.errstate(divide="ignore", invalid="ignore"):
        yearly = pair / state_trade[:, :, None]
        # j's share of the trade of the world without i, over the same years as the numerator.
        rest = state_trade[:, None, :] / (world_trade[:, None] - state_trade)[:, :, None]
        share = trailing_mean(yearly, window)
        of_rest = trailing_mean(np.where(np.isnan(yearly), np.nan, rest), window)
        dependence = trailing_mean(pair / gdp[:, :, None], window)
        intensity = share / of_rest
    return {
        "trade_share": 100 * share,
        "trade_intensity": intensity,
        "trade_dependence": 100 * dependence,
        "status": status,
        "dependence_status": np.maximum(status, gdp_status[:, :, None]),
    }


def trade_error(
    flows: pd.DataFrame, axes: Axes, *, reported: float, carried: float, cif_to_fob: float
) -> Array:
    """Standard deviation of the logarithm of what a pair trades, both directions together.

    Parameters
    ----------
    flows : DataFrame
        ``core_trade__yearly_flows``.
    axes : Axes
    reported, carried : float
        Of a report, and of a flow bridged or carried.
    cif_to_fob : float

    Returns
    -------
    cube
        The mean over the two directions, weighted by what they move: their errors are taken to go
        together, the cautious choice. A flow whose sources give a range has at least the deviation
        that makes it a 90 % interval. `reported` where no flow is known.
    """
    low, high = flows["value_lo_usd"].to_numpy(), flows["value_hi_usd"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        ranged = np.log(high / low) / (2 * 1.645)
    filled = flows["method"].isin(("bridged", "carried")).to_numpy()
    sd = np.maximum(np.where(filled, carried, reported), np.where(np.isfinite(ranged), ranged, 0))
    spread = flows.assign(sd=sd * flows["value_usd"])

    whole, deviation = (
        sent + cif_to_fob * swap(sent)
        for sent in axes.cubes(spread, FLOW[0], FLOW[1], ("value_usd", "sd"), 0.0)
    )
    return np.divide(deviation, whole, out=np.full_like(whole, reported), where=whole > 0)
