"""The Strait of Hormuz: who buys from the states behind it, and who sells through it.

Belongs here: shares of imports and exports, and of China's crude, with what is known and what is
not. Does not belong here: the flows themselves, the estimate of unrecorded oil, or what part of a
state's crude passes the strait, which are inputs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from indices.cube import Array, Axes, labelled, positions

# Lowest, best and highest figure.
RANGE = ("lo", "mid", "hi")
_FLOWS = {
    "value": "value_usd",
    "recorded": "recorded_usd",
    "lo": "adjustment_lo_usd",
    "hi": "adjustment_hi_usd",
}


def behind(exports: pd.DataFrame) -> list[str]:
    """States some of whose crude passes the strait, of ``raw_curated__hormuz_exports``."""
    return sorted(exports.loc[exports["share_hi"] > 0, "iso3"])


def _between(
    flows: pd.DataFrame, axes: Axes, exporters: Sequence[str], importers: Sequence[str]
) -> dict[str, Array]:
    """Flows by year, exporter and importer; NaN where none is reported.

    Bridged and carried flows stay out: the total goes its own way in these years, and a share of
    the one in the other would move with it. ``lo`` and
    ``hi`` are the flow with the lowest and the highest estimate of unrecorded oil.
    """
    flows = flows[~flows["method"].isin(("bridged", "carried"))]
    t = axes.year_index(flows["year"])
    i, j = (
        positions(flows["exporter_iso3"], exporters),
        positions(flows["importer_iso3"], importers),
    )
    keep = (t >= 0) & (i >= 0) & (j >= 0)
    out = {}
    for name, column in _FLOWS.items():
        out[name] = np.full((len(axes.years), len(exporters), len(importers)), np.nan)
        out[name][t[keep], i[keep], j[keep]] = flows[column].to_numpy(dtype=float)[keep]
    return out | {k: out["recorded"] + out[k] for k in ("lo", "hi")}


def importers(
    flows: pd.DataFrame,
    totals: pd.DataFrame,
    exports: pd.DataFrame,
    axes: Axes,
    exists: Array,
    cif_to_fob: float,
) -> pd.DataFrame:
    """Lay ``out_hormuz__yearly_importers`` out: what a state buys from behind the strait.

    Parameters
    ----------
    flows : DataFrame
        ``core_trade__yearly_flows``, free on board.
    totals : DataFrame
        ``core_trade__yearly_totals``; imports with freight.
    exports : DataFrame
        ``raw_curated__hormuz_exports``.
    axes : Axes
    exists : bool array, shape (years, states)
    cif_to_fob : float
        What freight adds: flows are multiplied by it, as in the index.

    Returns
    -------
    DataFrame
        Rows where at least one flow is reported and the total known. Flows that are not reported
        are left out of the sums, which are then lower bounds: ``n_known`` of ``n_behind``.
    """
    states = behind(exports)
    flow = _between(flows, axes, states, axes.states)
    at = np.array([axes.states.index(s) for s in states])
    other = at[:, None] != np.arange(len(axes.states))
    n_behind = (exists[:, at][:, :, None] & other).sum(axis=1)
    n_known = (~np.isnan(flow["value"])).sum(axis=1)
    total = axes.panel(totals, "iso3", "imports_usd")
    summed = {k: cif_to_fob * np.nansum(v, axis=1) for k, v in flow.items()}
    with np.errstate(divide="ignore", invalid="ignore"):
        share = {k: 100 * v / total for k, v in summed.items()}
    t, j = np.nonzero((n_known > 0) & (total > 0))
    return pd.DataFrame(
        {
            "importer_iso3": labelled(j, axes.states),
            "year": np.array(axes.years)[t],
            "n_behind": n_behind[t, j],
            "n_known": n_known[t, j],
            "behind_usd": summed["value"][t, j],
            "recorded_behind_usd": summed["recorded"][t, j],
            "imports_usd": total[t, j],
            "import_share_pct": share["value"][t, j],
            "recorded_import_share_pct": share["recorded"][t, j],
            "import_share_lo_pct": share["lo"][t, j],
            "import_share_hi_pct": share["hi"][t, j],
        }
    )


def exporters(
    flows: pd.DataFrame,
    totals: pd.DataFrame,
    sellers: Sequence[str],
    buyers: Sequence[str],
    axes: Axes,
) -> pd.DataFrame:
    """Lay ``out_hormuz__yearly_exporters`` out: what a state of the Gulf sells to a power.

    Parameters
    ----------
    flows, totals, axes
        See `importers`; exports are free on board in both.
    sellers, buyers : sequence of str

    Returns
    -------
    DataFrame
        Rows where the flow is reported and the seller's total known. A share may exceed 100 where
        the two come from sources that disagree, above all with the estimates of unrecorded oil.
    """
    flow = _between(flows, axes, sellers, buyers)
    total = axes.panel(totals, "iso3", "exports_usd")
    total = total[:, [axes.states.index(s) for s in sellers]]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = {k: 100 * v / total[:, :, None] for k, v in flow.items()}
    t, i, j = np.nonzero(~np.isnan(flow["value"]) & (total > 0)[:, :, None])
    return pd.DataFrame(
        {
            "exporter_iso3": labelled(i, sellers),
            "importer_iso3": labelled(j, buyers),
            "year": np.array(axes.years)[t],
            "sold_usd": flow["value"][t, i, j],
            "recorded_sold_usd": flow["recorded"][t, i, j],
            "exports_usd": total[t, i],
            "export_share_pct": share["value"][t, i, j],
            "recorded_export_share_pct": share["recorded"][t, i, j],
            "export_share_lo_pct": share["lo"][t, i, j],
            "export_share_hi_pct": share["hi"][t, i, j],
        }
    )


def crude_by_supplier(
    recorded: pd.DataFrame,
    estimates: pd.DataFrame,
    customs: pd.DataFrame,
    exports: pd.DataFrame,
    focal: str,
) -> pd.DataFrame:
    """China's crude by supplier, recorded and not, and what of it passes the strait.

    Parameters
    ----------
    recorded : DataFrame
        ``raw_curated__china_crude_imports``: some years and suppliers only.
    estimates : DataFrame
        ``raw_iran_oil__estimates``: all of the focal state's crude, recorded or not.
    customs : DataFrame
        ``raw_curated__crude_recorded``: the recorded part of it.
    exports : DataFrame
        ``raw_curated__hormuz_exports``: the shares that pass, of about 2024, for all years.
    focal : str
        The state whose crude is estimated.

    Returns
    -------
    DataFrame
        A row for each year of `recorded` and each supplier whose crude is known. Of a supplier
        that has no row in `exports` nothing passes.
    """
    years = sorted(recorded["year"].unique())
    listed = recorded.loc[recorded["supplier_iso3"] != focal, ["year", "supplier_iso3", "kbd"]]
    estimated = estimates.merge(customs[["year", "kbd"]], on="year").assign(supplier_iso3=focal)
    estimated = estimated[estimated["year"].isin(years)]
    middle = (estimated["kbd_low"] + estimated["kbd_high"]) / 2
    for end, whole in zip(
        RANGE, (estimated["kbd_low"], middle, estimated["kbd_high"]), strict=True
    ):
        estimated[f"unrecorded_{end}_kbd"] = (whole - estimated["kbd"]).clip(lower=0)
    made = pd.concat([listed, estimated], ignore_index=True)
    made = made.merge(exports, "left", left_on="supplier_iso3", right_on="iso3")
    passing = {"lo": "share_lo", "mid": "share", "hi": "share_hi"}
    out = made[["year", "supplier_iso3"]].assign(
        recorded_kbd=made["kbd"], is_behind=made["share_hi"].fillna(0) > 0
    )
    for end in RANGE:
        unrecorded = made[f"unrecorded_{end}_kbd"].fillna(0)  # nobody estimates that of others
        out[f"unrecorded_{end}_kbd"] = unrecorded
        out[f"passing_{end}_kbd"] = (made["kbd"] + unrecorded) * made[passing[end]].fillna(0)
    return out


def crude_shares(
    by_supplier: pd.DataFrame, recorded: pd.DataFrame, exports: pd.DataFrame
) -> pd.DataFrame:
    """Lay ``out_hormuz__yearly_crude_shares`` out: the part of China's crude that passes.

    Only what is known is summed, so that the shares are of the suppliers known and bound the
    whole from below: ``missing_suppliers`` names the states behind the strait without a figure.

    The customs' total is taken to hold the unrecorded oil under other names, as in the index; at
    the lower end it is taken not to, and comes on top of the total.
    """
    sums = [f"{part}_{end}_kbd" for part in ("unrecorded", "passing") for end in RANGE]
    grouped = by_supplier.groupby("year", sort=True)
    out = grouped[sums].sum()
    total = recorded.groupby("year")["china_total_kbd"].max().reindex(out.index)
    states = behind(exports)
    known = by_supplier[by_supplier["is_behind"]].groupby("year")["supplier_iso3"].agg(set)
    missing = [[s for s in states if s not in known.get(y, set())] for y in out.index]
    whole = {"lo": total + out["unrecorded_lo_kbd"], "mid": total, "hi": total}
    return out.assign(
        china_total_kbd=total,
        listed_kbd=grouped["recorded_kbd"].sum(),
        n_behind=len(states),
        n_known=[len(states) - len(m) for m in missing],
        missing_suppliers=pd.Series(map(" ".join, missing), out.index).replace("", None),
        **{f"share_{end}_pct": 100 * out[f"passing_{end}_kbd"] / whole[end] for end in RANGE},
    ).reset_index()
