"""Did a tie deepen after a dated event? The event against its pair's other years, and other pairs.

Belongs here: which events there are, the measure before and after, controls and placebo years. Does
not belong here: the tie's depth itself, or what the result means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from indices.cube import Array, Axes
from indices.validity.crises import UNSIGNED, without_treaties

Frame = pd.DataFrame
WINDOW = 3
"""Years before and after an event that are compared; its own year is left out."""
POWERS = ("CHN", "RUS")
CLUBS = {"sco": ("CHN", "RUS"), "brics": ("CHN", "RUS"), "eaeu": ("RUS",)}
"""Groups, and the powers with whom accession is an event."""
AGREEMENTS = {("CHN", "IRN"): (2016, 2021), ("RUS", "IRN"): (2001, 2025)}
MEASURES = ("depth", "costly_depth", "depth_without_treaties")
COLUMNS = [
    "event",
    "principal_iso3",
    "partner_iso3",
    "year",
    "view",
    "measure",
    "status",
    "mean_before",
    "mean_after",
    "control_change",
    "effect",
    "n_other_events",
    "n_placebo",
    "p",
]


class Event(NamedTuple):
    """A power, a state, and what happened between them in which year."""

    event: str
    principal: str
    partner: str
    year: int


def event_list(events: Frame, memberships: Frame) -> list[Event]:
    """List the events of the plan, sorted, none twice.

    Parameters
    ----------
    events, memberships : DataFrame
        ``raw_curated__events`` and ``raw_curated__memberships``.

    Raises
    ------
    ValueError
        If an agreement of `AGREEMENTS` is not in `events`.

    Notes
    -----
    A state accedes with its first spell as a member of a group the power belongs to by then: the
    founders of a group on the day it began.
    """
    found: set[Event] = set()
    members = memberships[memberships["status"] == "member"]
    for club, powers in CLUBS.items():
        begun = members[members["group_id"] == club].groupby("iso3", observed=True)["start_date"]
        first = {str(state): date for state, date in begun.min().items()}
        found |= {
            Event(club, power, state, date.year)
            for power in powers
            for state, date in first.items()
            if state != power and power in first and first[power] <= date
        }
    corridors = events[events["kind"] == "corridor"]
    joined = zip(
        corridors["from_iso3"],
        corridors["to_iso3"].fillna(""),
        corridors["event_date"].dt.year.tolist(),
        strict=True,
    )
    for state, other, year in joined:
        if not other and state != "RUS":  # many states share it
            found.add(Event("north_south", "RUS", state, year))
        elif other == "CHN":
            found.add(Event("belt_and_road", "CHN", state, year))
    agreed = events[events["kind"] == "agreement"]
    for (power, state), years in AGREEMENTS.items():
        there = agreed[(agreed["from_iso3"] == power) & (agreed["to_iso3"] == state)]
        missing = sorted(set(years) - set(there["event_date"].dt.year))
        if missing:
            raise ValueError(
                f"raw_curated__events has no agreement of {power} and {state} in {missing}; the "
                "event study expects one, see docs/VALIDITY_PLAN.md"
            )
        found |= {Event("agreement", power, state, year) for year in years}
    return sorted(found)


def changes(values: Array, window: int = WINDOW) -> tuple[Array, Array]:
    """Means of the years before and of the years after each year.

    Parameters
    ----------
    values : array, shape (states, years)
        NaN is missing.
    window : int

    Returns
    -------
    before, after : array, shape (states, years)
        NaN where a year of the window is missing or outside.
    """
    before, after = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
    if values.shape[1] > window:
        means = np.lib.stride_tricks.sliding_window_view(values, window, axis=1).mean(axis=2)
        before[:, window:] = means[:, :-1]
        after[:, :-window] = means[:, 1:]
    return before, after


def near(at: Array, window: int = WINDOW) -> Array:
    """Count events from `window` years before each year to `window` after.

    Parameters
    ----------
    at : int array, shape (states, years)
        Number of events.
    """
    padded = np.pad(at, ((0, 0), (window, window)))
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * window + 1, axis=1).sum(axis=2)


def excess(change: Array, busy: Array) -> tuple[Array, Array]:
    """Each pair's change less that of the pairs without an event about that year.

    Parameters
    ----------
    change : array, shape (states, years)
        After less before, NaN is missing.
    busy : bool array, shape (states, years)
        Whether the pair has an event near the year, see `near`.

    Returns
    -------
    control, effect : array, shape (states, years)
        Mean change of the other states' ties that are not busy, NaN without one; and the change
        less that.
    """
    usable = ~busy & ~np.isnan(change)
    values = np.where(usable, change, 0)
    others = usable.sum(axis=0) - usable
    total = values.sum(axis=0) - values
    control = np.divide(total, others, out=np.full(change.shape, np.nan), where=others > 0)
    return control, change - control


def placebo(effect: Array, busy: Array, year: int) -> tuple[int, float]:
    """Set the effect of a year against the quiet years of the same pair.

    Parameters
    ----------
    effect : array, shape (years,)
    busy : bool array, shape (years,)
        Years with an event near them.
    year : int
        Position of the event.

    Returns
    -------
    n, p
        Number of quiet years with an effect, and the share of years, counting the event's, whose
        effect is as large or larger; NaN without a quiet year.
    """
    quiet = effect[~busy & ~np.isnan(effect)]
    p = (1 + (quiet >= effect[year]).sum()) / (1 + len(quiet)) if len(quiet) else np.nan
    return len(quiet), float(p)


def event_effects(
    listed: Sequence[Event],
    values: Mapping[tuple[str, str, str], Array],
    states: list[str],
    years: list[int],
) -> Frame:
    """Measure every event with every measure, from both ends.

    Parameters
    ----------
    listed : sequence of Event
        Those of states that are not among `states` are left out.
    values : mapping
        Power, view ('principal' or 'partner') and measure to an array of shape (states, years).
    states : list of str
        States whose ties are compared.
    years : list of int
        Consecutive.

    Returns
    -------
    DataFrame
        ``out_events__effects``.
    """
    rows = []
    for (power, view, measure), cube in values.items():
        mine = [e for e in listed if e.principal == power and e.partner in states]
        at = [(states.index(e.partner), e.year - years[0]) for e in mine]
        # Where an event outside these years would be near, nothing can be measured.
        events = np.zeros(cube.shape, dtype=int)
        for i, t in at:
            if 0 <= t < len(years):
                events[i, t] += 1
        count = near(events)
        busy = count > 0
        before, after = changes(cube)
        control, effect = excess(after - before, busy)
        for e, (i, t) in zip(mine, at, strict=True):
            row: dict[str, Any] = {
                "event": e.event,
                "principal_iso3": power,
                "partner_iso3": e.partner,
                "year": e.year,
                "view": view,
                "measure": measure,
                "status": "no_depth",
            }
            if e.year + WINDOW > years[-1]:
                row["status"] = "not_measurable_yet"
            elif t >= 0 and not np.isnan(effect[i, t]):
                n, p = placebo(effect[i], busy[i], t)
                row |= {
                    "status": "measured",
                    "mean_before": before[i, t],
                    "mean_after": after[i, t],
                    "control_change": control[i, t],
                    "effect": effect[i, t],
                    "n_other_events": int(count[i, t]) - 1,
                    "n_placebo": n,
                    "p": p,
                }
            rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS)


def ties_of_powers(
    depth: Frame, pillars: Frame, states: list[str]
) -> tuple[dict[tuple[str, str, str], Array], list[int]]:
    """Lay the measures of the powers' ties out by state and year, from both ends.

    Parameters
    ----------
    depth, pillars : DataFrame
        ``out_depth__yearly_dyads`` and ``out_pillars__yearly_dyads``.
    states : list of str

    Returns
    -------
    values, years
        See `event_effects`. Depth is that of full ties only.
    """
    years = list(range(int(depth["year"].min()), int(depth["year"].max()) + 1))
    axes = Axes(tuple(years), tuple(sorted({*states, *POWERS})))
    depth, pillars = (
        frame[frame["from_iso3"].isin(POWERS) | frame["to_iso3"].isin(POWERS)]
        for frame in (depth, pillars)
    )

    def cube(frame: Frame, value: str) -> Array:
        return axes.cube(frame, "from_iso3", "to_iso3", value)

    cubes = {
        "depth": cube(depth[depth["depth_status"] == "full"], "depth"),
        "costly_depth": cube(depth, "costly_depth"),
        "depth_without_treaties": without_treaties(
            *(cube(pillars[pillars["pillar"] == p], "score") for p in UNSIGNED)
        ),
    }
    at = [axes.states.index(s) for s in states]
    values = {}
    for power, measure in product(POWERS, MEASURES):
        p = axes.states.index(power)
        values[power, "principal", measure] = cubes[measure][:, p, at].T
        values[power, "partner", measure] = cubes[measure][:, at, p].T
    return values, years
