"""Arms transfers: shares and volume over a trailing window of years."""

from __future__ import annotations

import numpy as np
import pandas as pd

from indices.cube import Array, Axes, swap, trailing_sum


def arms_indicators(
    transfers: pd.DataFrame,
    totals: pd.DataFrame,
    axes: Axes,
    first_covered: int,
    last_covered: int,
    *windows: int,
) -> list[dict[str, Array]]:
    """Compute the three arms indicators for every directed pair, over some windows.

    Parameters
    ----------
    transfers : DataFrame
        ``core_arms__yearly_dyads``. A pair without a row in a covered year had no transfer.
    totals : DataFrame
        ``core_arms__yearly_totals``: with all the world, so that shares are of everything.
    axes : Axes
    first_covered, last_covered : int
        Years the register covers. A window that reaches outside is missing, not zero.
    *windows : int
        Years summed.

    Returns
    -------
    list of dict of str to cube
        For each window: ``arms_import_share`` (%): j's share of what i received;
        ``arms_export_share`` (%): j's share of what i supplied; ``arms_volume`` (million TIV): both
        directions. A state without any transfer has shares of zero.
    """
    start = min(axes.years[0], first_covered)
    long_axes = Axes(tuple(range(start, axes.years[-1] + 1)), axes.states)
    years = np.array(long_axes.years)
    covered = (years >= first_covered) & (years <= last_covered)

    def known(array: Array) -> Array:
        array[~covered] = np.nan
        return array

    yearly = known(
        long_axes.cube(transfers, "supplier_iso3", "recipient_iso3", "tiv_millions", 0.0)
    )
    exports = known(long_axes.panel(totals, "iso3", "exports_tiv_millions", 0.0))
    imports = known(long_axes.panel(totals, "iso3", "imports_tiv_millions", 0.0))
    return [
        _over_window(*(trailing_sum(a, w)[-len(axes.years) :] for a in (yearly, exports, imports)))
        for w in windows
    ]


def _over_window(sent: Array, exports: Array, imports: Array) -> dict[str, Array]:
    def share(part: Array, whole: Array) -> Array:
        whole = whole[:, :, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(whole == 0, 0.0 * part, 100 * part / whole)

    return {
        "arms_import_share": share(swap(sent), imports),
        "arms_export_share": share(sent, exports),
        "arms_volume": sent + swap(sent),
    }


def estimated_share(transfers: pd.DataFrame, axes: Axes, window: int) -> Array:
    """Share of a pair's arms in deliveries marked as estimates, over a window: cube, 0 to 1.

    Zero where nothing was moved.
    """

    def moved(column: str) -> Array:
        yearly = axes.cube(transfers, "supplier_iso3", "recipient_iso3", column, 0.0)
        sent = trailing_sum(yearly, window)
        return np.nan_to_num(sent + swap(sent))

    whole = moved("tiv_millions")
    part = moved("estimated_tiv_millions")
    return np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0)
