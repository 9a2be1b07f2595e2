"""Trade under one identity of states: reports side by side, one best flow, totals."""

from __future__ import annotations

import numpy as np
import pandas as pd

from indices.cube import Array, Axes
from indices.definition import Definition
from indices.pillars.trade import FLOW, best_reports, unrecorded_oil, yearly_flows
from pipelines.core.geo import SOURCES, cow_to_iso3, mid_year
from pipelines.sources.names import load_map, map_names

THOUSAND = 1e3
MILLION = 1e6
# The current vintage of a reporter's own statistics first, then what was compiled for flows that
# have none, both ends' reports reconciled by others, and the closed historical set last.
PREFERENCE = ("imf", "russia_trade", "baci", "cow_trade")
# States that were one until the end of 1991: COW's zeros among them in 1992 and 1993 are gaps in
# their first statistics, not trade of nothing.
EX_SOVIET = (
    "ARM",
    "AZE",
    "BLR",
    "EST",
    "GEO",
    "KAZ",
    "KGZ",
    "LTU",
    "LVA",
    "MDA",
    "RUS",
    "TJK",
    "TKM",
    "UKR",
    "UZB",
)
# UNCTAD's code of the world.
WORLD = "0000"
_VALUES = ["value_usd", "value_lo_usd", "value_hi_usd"]


def _cow(flows: pd.DataFrame) -> pd.DataFrame:
    """COW's two flows of a pair, each an import of one from the other, as reports."""
    when = mid_year(flows["year"])
    first = cow_to_iso3(flows["ccode1"], when, "geo", "raw_cow_trade__flows")
    second = cow_to_iso3(flows["ccode2"], when, "geo", "raw_cow_trade__flows")
    frames = [
        pd.DataFrame(
            {
                "exporter_iso3": exporter,
                "importer_iso3": importer,
                "year": flows["year"],
                "reporter": importer,
                "value_usd": flows[column] * MILLION,
            }
        )
        for exporter, importer, column in (
            (second, first, "flow1_usd_millions"),
            (first, second, "flow2_usd_millions"),
        )
    ]
    both = pd.concat(frames, ignore_index=True).assign(source="cow_trade", valuation="CIF")
    unborn = (
        (both["value_usd"] == 0)
        & both["year"].isin([1992, 1993])
        & both["exporter_iso3"].isin(EX_SOVIET)
        & both["importer_iso3"].isin(EX_SOVIET)
    )
    return _one_state(both[both["value_usd"].notna() & ~unborn])


def _imf(imts: pd.DataFrame) -> pd.DataFrame:
    """IMTS reports; a blank cell of a reporter that reported the year is a recorded nothing."""
    names, when = load_map(SOURCES / "imf"), mid_year(imts["year"])
    mapped = map_names("imf", "raw_imf__imts", imts["counterpart"], names, when)
    own = map_names("imf", "raw_imf__imts", imts["reporter"], names, when)
    group = [imts["reporter"], imts["indicator"], imts["year"]]
    reported = imts["value_usd_millions"].notna().groupby(group).transform("any")
    kept = imts[(mapped["kind"] == "state") & (own["kind"] == "state") & reported]
    partner, reporter = mapped.loc[kept.index, "iso3"], own.loc[kept.index, "iso3"]
    is_import = kept["indicator"] == "MG_CIF_USD"
    frame = pd.DataFrame(
        {
            "exporter_iso3": partner.where(is_import, reporter),
            "importer_iso3": reporter.where(is_import, partner),
            "year": kept["year"],
            "reporter": reporter,
            "value_usd": kept["value_usd_millions"].fillna(0.0) * MILLION,
            "source": "imf",
            "valuation": np.where(is_import, "CIF", "FOB"),
        }
    )
    return _one_state(frame)


def _baci(flows: pd.DataFrame) -> pd.DataFrame:
    """BACI's flows, each reconciled from both ends' reports and filed under the importer.

    It has no zeros: an absent flow may be one not reported, so it is missing.
    """
    names = load_map(SOURCES / "baci")
    exporter, importer = (
        map_names("baci", "raw_baci__flows", flows[end].astype("str"), names)
        for end in ("exporter_code", "importer_code")
    )
    frame = pd.DataFrame(
        {
            "exporter_iso3": exporter["iso3"],
            "importer_iso3": importer["iso3"],
            "year": flows["year"],
            "reporter": importer["iso3"],
            "value_usd": flows["value_usd_thousands"] * THOUSAND,
            "source": "baci",
            "valuation": "FOB",
        }
    )
    return _one_state(frame[(exporter["kind"] == "state") & (importer["kind"] == "state")])


def _one_state(reports: pd.DataFrame) -> pd.DataFrame:
    """Add predecessor and successor under one code in one year (both Serbias, both Yemens)."""
    key = [c for c in reports.columns if c != "value_usd"]
    twice = reports.duplicated(key, keep=False)
    added = reports[twice].groupby(key, as_index=False, sort=True)["value_usd"].sum()
    return pd.concat([reports[~twice], added], ignore_index=True)


def _russia(reports: pd.DataFrame) -> pd.DataFrame:
    """The compiled reports that give a direction, each under its own source."""
    kept = reports[reports["flow"].isin(["export", "import"]) & ~reports["is_partial_year"]]
    is_import = kept["flow"] == "import"
    return pd.DataFrame(
        {
            "exporter_iso3": kept["partner_iso3"].where(is_import, kept["reporter_iso3"]),
            "importer_iso3": kept["reporter_iso3"].where(is_import, kept["partner_iso3"]),
            "year": kept["year"],
            "reporter": kept["reporter_iso3"],
            "value_usd": kept["value_usd"],
            "source": "russia_trade: " + kept["source"],
            "valuation": np.where(is_import, "CIF", "FOB"),
        }
    )


def _exists(frame: pd.DataFrame, axes: Axes, exists: Array) -> pd.Series:
    """Whether both ends of each row were states on the axes in its year."""
    t = axes.year_index(frame["year"])
    i = axes.state_index(frame["exporter_iso3"])
    j = axes.state_index(frame["importer_iso3"])
    inside = (t >= 0) & (i >= 0) & (j >= 0) & (i != j)
    return pd.Series(inside & exists[t, i] & exists[t, j], index=frame.index)


def reported_flows(
    cow: pd.DataFrame,
    imts: pd.DataFrame,
    russia: pd.DataFrame,
    baci: pd.DataFrame,
    axes: Axes,
    exists: Array,
) -> pd.DataFrame:
    """Every report of a flow between two states of the axes, alternatives side by side."""
    both = pd.concat([_imf(imts), _russia(russia), _baci(baci), _cow(cow)], ignore_index=True)
    return both[_exists(both, axes, exists)].reset_index(drop=True)


def _stack(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Put frames under each other, text as categories: 150,000 rows name some sixty states."""
    text = [c for c in frames[0] if not pd.api.types.is_numeric_dtype(frames[0][c])]
    labels = {c: sorted(set().union(*(_labels(f[c]) for f in frames))) for c in text}
    return pd.concat(
        [f.astype({c: pd.CategoricalDtype(labels[c]) for c in text}) for f in frames],
        ignore_index=True,
    )


def _labels(text: pd.Series) -> pd.Index:
    """What a column of text may hold."""
    is_listed = isinstance(text.dtype, pd.CategoricalDtype)
    return text.array.categories if is_listed else pd.Index(text.dropna().unique())


def best_flows(
    reported: pd.DataFrame, settled: pd.DataFrame, definition: Definition
) -> pd.DataFrame:
    """One report for every flow.

    Parameters
    ----------
    reported : DataFrame
        ``core_trade__reported_flows``.
    settled : DataFrame
        Russia's competing figures, reconciled.
    definition : Definition
    """
    single = reported[reported["source"].isin(PREFERENCE)]
    single = single.assign(value_lo_usd=single["value_usd"], value_hi_usd=single["value_usd"])
    # A reconciled figure stands for the importer's side, whoever reported the parts.
    settled = settled.assign(reporter=settled["importer_iso3"], source="russia_trade")
    columns = [
        "exporter_iso3",
        "importer_iso3",
        "year",
        "reporter",
        "source",
        "valuation",
        *_VALUES,
    ]
    both = _stack([single[columns], settled[columns]])
    chosen = best_reports(both, PREFERENCE, definition.rules["cif_to_fob"])
    how = settled.set_index(FLOW)["method"]
    from_russia = (chosen["source"] == "russia_trade").to_numpy()
    keys = pd.MultiIndex.from_frame(chosen.loc[from_russia, FLOW].astype(how.index.dtypes))
    method = chosen["method"].to_numpy(dtype=object)
    method[from_russia] = how.reindex(keys).to_numpy()
    method[(chosen["source"] == "baci").to_numpy()] = "reconciled"
    return chosen.assign(method=method)


def oil_adjustment(
    estimates: pd.DataFrame, recorded: pd.DataFrame, prices: pd.DataFrame
) -> pd.DataFrame:
    """Iranian crude that reached China without standing in China's customs, by year."""
    return unrecorded_oil(estimates, recorded, prices).assign(
        exporter_iso3="IRN", importer_iso3="CHN"
    )


def flows(
    chosen: pd.DataFrame, oil: pd.DataFrame, axes: Axes, exists: Array, definition: Definition
) -> pd.DataFrame:
    """The best estimate of every flow, short gaps bridged, unrecorded oil added."""
    return yearly_flows(
        chosen,
        oil,
        axes,
        exists,
        int(definition.rules["bridge_years"]),
        int(definition.rules["carry_years"]),
        definition.rules["minor_direction_share"],
        int(definition.rules["minor_direction_years"]),
    )


def yearly_totals(totals: pd.DataFrame, years: tuple[int, ...]) -> pd.DataFrame:
    """Trade of every state, and of the world as WLD, with the whole world."""
    known = totals[totals["value_usd_millions"].notna() & totals["year"].isin(years)]
    mapped = map_names(
        "unctad_trade",
        "raw_unctad__merchandise_totals",
        known["unctad_code"],
        load_map(SOURCES / "unctad_trade"),
        mid_year(known["year"]),
    )
    iso3 = mapped["iso3"].where(known["unctad_code"] != WORLD, "WLD")
    kept = known.assign(iso3=iso3, usd=known["value_usd_millions"] * MILLION)[
        (mapped["kind"] == "state") | (iso3 == "WLD")
    ]
    wide = kept.pivot(index=["iso3", "year"], columns="flow", values="usd")
    estimated = (
        kept["footnote"]
        .fillna("")
        .str.contains("Estimated")
        .groupby([kept["iso3"], kept["year"]])
        .any()
    )
    return pd.DataFrame(
        {
            "exports_usd": wide["exports"],
            "imports_usd": wide["imports"],
            "is_estimate": estimated.reindex(wide.index),
        }
    ).reset_index()
