"""Arms that came, came late or did not come: waiting times, and the best that was delivered.

Belongs here: sums and extremes of the arms register by supplier, recipient, year and class; single
deliveries may not be passed on. Does not belong here: arms as a part of depth (`indices.pillars`),
or what class a type belongs to, which is compiled by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import pandas as pd

CATEGORIES = ("combat_aircraft", "air_defence")
REACHES = ("short", "medium", "long")
PAIR = ["supplier_iso3", "recipient_iso3"]


def register(deliveries: pd.DataFrame) -> pd.DataFrame:
    """Take of ``core_arms__deliveries`` what is used here, as text and floats.

    Categories and masked integers group slowly.
    """
    text = [*PAIR, "delivery_id", "designation"]
    numbers = ["order_year", "delivery_year", "number_delivered", "tiv_millions"]
    return deliveries[[*text, *numbers]].astype(
        dict.fromkeys(text, "str") | dict.fromkeys(numbers, "float64")
    )


def _orders(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per order: pair, year of the order, year of the first delivery (NaN without)."""
    order = rows["delivery_id"].str.rsplit("-", n=1).str[0]
    grouped = rows.assign(order=order).groupby([*PAIR, "order"], as_index=False, sort=True)
    return grouped[["order_year", "delivery_year"]].min()


def _in_window(rows: pd.DataFrame, column: str, years: int, last: int) -> pd.DataFrame:
    """Repeat each row for every year in whose trailing window its own year lies."""
    known = rows[rows[column].notna()]
    spread = known.loc[known.index.repeat(years)]
    year = spread[column] + np.tile(np.arange(years), len(known))
    return spread.assign(year=year.astype(int))[year.to_numpy() <= last]


def waiting_times(
    rows: pd.DataFrame,
    suppliers: Sequence[str],
    recipients: Sequence[str],
    window: int,
) -> pd.DataFrame:
    """Lay ``out_arms__yearly_waits`` out: years from order to delivery.

    Parameters
    ----------
    rows : DataFrame
        See `register`.
    suppliers, recipients : sequence of str
    window : int
        Trailing years that are taken together.

    Returns
    -------
    DataFrame
        By pair and year, of the orders whose first delivery lies in the window: how many, and the
        mean, median and longest wait. ``mean_volume_wait`` weighs every delivery of the window,
        first or later, by its volume. ``n_undelivered``: orders placed in the window of which
        nothing was delivered to this day; missing if the register at hand holds deliveries only.
    """
    chosen = rows[rows["supplier_iso3"].isin(suppliers) & rows["recipient_iso3"].isin(recipients)]
    last = int(rows["delivery_year"].max())
    key = [*PAIR, "year"]
    orders = _orders(chosen)
    came = orders.assign(wait=orders["delivery_year"] - orders["order_year"])
    came = came[came["wait"].notna()]
    out = _in_window(came, "delivery_year", window, last).groupby(key)["wait"]
    table = out.agg(n_orders="count", mean_wait="mean", median_wait="median", longest_wait="max")
    wait = chosen["delivery_year"] - chosen["order_year"]
    moved = chosen.assign(waited=chosen["tiv_millions"] * wait)[wait.notna()]
    moved = _in_window(moved, "delivery_year", window, last)
    sums = moved.groupby(key)[["waited", "tiv_millions"]].sum()
    table["mean_volume_wait"] = sums["waited"] / sums["tiv_millions"].where(lambda v: v > 0)
    open_orders = orders[orders["delivery_year"].isna()]
    counted = _in_window(open_orders, "order_year", window, last).groupby(key).size()
    if rows["delivery_year"].isna().any():
        table = table.join(counted.rename("n_undelivered"), how="outer")
        table[["n_orders", "n_undelivered"]] = table[["n_orders", "n_undelivered"]].fillna(0)
    else:
        table["n_undelivered"] = np.nan
    return table.reset_index()


def classified(rows: pd.DataFrame, classes: pd.DataFrame) -> pd.DataFrame:
    """Deliveries whose type has a class, by year; ``rank`` is the higher the newer or farther.

    Parameters
    ----------
    rows : DataFrame
        See `register`.
    classes : DataFrame
        ``raw_curated__arms_classes``: types without a class are not seen.
    """
    reach = classes["reach"].map({r: float(n) for n, r in enumerate(REACHES)}).astype("float64")
    ranked = classes[["designation", "category", "generation", "reach"]].assign(
        rank=classes["generation"].fillna(reach)
    )
    found = rows[rows["delivery_year"].notna()].merge(ranked, on="designation")
    return found.sort_values(
        ["delivery_year", "rank", "supplier_iso3"], kind="stable", ignore_index=True
    )


def best_delivered(
    rows: pd.DataFrame,
    recipients: Sequence[str],
    years: Sequence[int],
    window: int,
) -> pd.DataFrame:
    """Lay ``out_arms__yearly_classes`` out: the newest and farthest delivered so far.

    Parameters
    ----------
    rows : DataFrame
        See `classified`.
    recipients : sequence of str
    years : sequence of int
    window : int
        Trailing years in which items are counted.

    Returns
    -------
    DataFrame
        A row for every recipient, category and year. Where nothing classified was delivered so far
        the class is missing: others than the suppliers of the register may have delivered.
    """
    span = np.array(years)
    keys, before, best, latest, items, in_window = [], [], [], [], [], []
    for key in product(recipients, CATEGORIES):
        at = np.flatnonzero((rows["recipient_iso3"] == key[0]) & (rows["category"] == key[1]))
        year, rank = (rows[c].to_numpy()[at] for c in ("delivery_year", "rank"))
        delivered = np.append(0.0, np.cumsum(rows["number_delivered"].fillna(0).to_numpy()[at]))
        # For each delivery the first one of the best class so far.
        is_first = np.append(np.inf, -np.maximum.accumulate(rank))
        is_first = is_first[1:] < is_first[:-1]
        leader = np.maximum.accumulate(np.where(is_first, np.arange(len(at)), 0))
        n, n_before = (np.searchsorted(year, span - k, side="right") for k in (0, window))
        keys += [key] * len(span)
        before.append(n == 0)
        best.append(np.append(at[leader], -1)[n - 1])
        latest.append(np.append(at, -1)[n - 1])
        items.append(delivered[n])
        in_window.append(delivered[n] - delivered[n_before])
    nothing, best_row, latest_row = map(np.concatenate, (before, best, latest))
    chosen = rows.reindex(np.where(nothing, -1, best_row)).reset_index(drop=True)
    newest = rows["delivery_year"].reindex(np.where(nothing, -1, latest_row))
    return pd.DataFrame(
        {
            "recipient_iso3": [r for r, _ in keys],
            "category": [c for _, c in keys],
            "year": np.tile(span, len(keys) // max(len(span), 1)),
            "newest_generation": chosen["generation"],
            "longest_reach": chosen["reach"],
            "supplier_iso3": chosen["supplier_iso3"],
            "since_year": chosen["delivery_year"],
            "latest_year": newest.to_numpy(),
            "items_delivered": np.concatenate(items),
            "items_in_window": np.concatenate(in_window),
        }
    )


def sought(not_delivered: pd.DataFrame, rows: pd.DataFrame, classed: pd.DataFrame) -> pd.DataFrame:
    """Lay ``out_arms__sought`` out: what was sought, what came of it, and how long it took.

    Parameters
    ----------
    not_delivered : DataFrame
        ``raw_curated__arms_not_delivered``.
    rows : DataFrame
        See `register`.
    classed : DataFrame
        See `classified`.

    Returns
    -------
    DataFrame
        ``register_year``: first delivery by that supplier to that recipient, in the year sought or
        later, of a type whose designation begins with the one sought. ``years_waited``: to that
        delivery, or to the register's last year where it has none; missing where nothing was to
        come (refused, declined). ``generation_before``: the newest that the recipient had been
        delivered by the year sought.
    """
    last = int(rows["delivery_year"].max())
    out = not_delivered[
        ["designation", "year", "category", "supplier_iso3", "recipient_iso3", "outcome"]
    ].reset_index(drop=True)
    came, had = [], []
    for want in out.itertuples():
        hit = (
            (rows["recipient_iso3"] == want.recipient_iso3)
            & (rows["supplier_iso3"] == want.supplier_iso3)
            & rows["designation"].str.startswith(str(want.designation))
            & (rows["delivery_year"] >= want.year)
        )
        came.append(rows.loc[hit, "delivery_year"].min())
        held = (
            (classed["recipient_iso3"] == want.recipient_iso3)
            & (classed["category"] == want.category)
            & (classed["delivery_year"] <= want.year)
        )
        had.append(classed.loc[held, "generation"].max())
    first = pd.Series(came, dtype="float64")
    awaited = out["outcome"].isin(("ordered", "delivered_late"))
    return out.assign(
        is_delivered=first.notna(),
        register_year=first,
        last_register_year=last,
        years_waited=(first.fillna(last) - out["year"]).where(awaited),
        generation_before=pd.Series(had, dtype="float64"),
    )
