"""Draws of the whole index: the starter panel as built, or a synthetic world, against a floor.

Floor: for the same number of pairs and draws one product of 13 scores with drawn weights and one
sort of each row, in blocks. The job does that and draws goalposts, ladders, windows, errors and
means besides. Belongs here: the measurement, and the synthetic world it needs.
"""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

import numpy as np

from benchmarks.report import parser, show
from indices import assemble
from indices.composite.uncertainty import interval
from indices.cube import Array, Axes
from indices.definition import Definition, load_definition
from indices.depth import OBSERVED, Depth, Indicators, compute_depth
from indices.draws import Draws
from indices.intervals import Evidence, by_year
from indices.kernels import neighbours
from indices.pillars.voting import Ballots
from pipelines.core import scope
from schemas import table
from warehouse.publish import Location
from warehouse.tables import read

CORE = (
    "core_geo__yearly_economy",
    "core_un__roll_calls",
    "core_un__votes",
    "core_un__yearly_dyads",
    "core_arms__yearly_dyads",
    "core_arms__yearly_totals",
    "core_trade__yearly_flows",
    "core_trade__yearly_totals",
    "core_treaties__yearly_dyads",
)
World = tuple[Indicators, Evidence]


def starter(folder: Path, definition: Definition) -> World:
    """The bundled panel, from the tables of the last build."""
    core = {n: read(folder / f"{n}.parquet", table(n)) for n in (*CORE, "core_geo__state_years")}
    axes, exists = scope.axes_of(core.pop("core_geo__state_years"))
    data = assemble.compute(core, axes, exists, definition).data
    return data, assemble.evidence(core, axes, data, definition)


def synthetic(states: int, years: int, definition: Definition) -> World:
    """A world of random ties: most pairs trade, few move arms, promise or host anything."""
    rng = np.random.default_rng(1)
    axes = Axes(tuple(range(1950, 1950 + years)), tuple(f"S{k:03d}" for k in range(states)))
    exists = np.broadcast_to(~np.eye(states, dtype=bool), axes.shape)
    ladder = np.unique(list(definition.ladder.values()))
    tiers = np.unique(list(definition.tiers.values()))
    rare = rng.random(axes.shape, dtype=np.float32) < 0.1

    def cube(draw: Array, seldom: bool = False) -> Array:
        return np.where(exists, np.where(rare | (not seldom), draw, 0), np.nan)

    values = {
        "security_commitment": cube(rng.choice(ladder, axes.shape), seldom=True),
        "partnership_tier": cube(rng.choice(tiers, axes.shape)),
    }
    for i in definition.indicators:
        if i.name not in values:
            draw = rng.uniform(i.lo, 1.2 * i.hi, axes.shape)
            values[i.name] = cube(draw, i.name.startswith(("arms", "defence")))
    status = {k: np.full(axes.shape, OBSERVED, np.int8) for k in values}
    chief = np.arange(states) < 3
    applies = {"partnership_tier": np.broadcast_to(chief[:, None] | chief, axes.shape)}
    calls = 80
    votes = Ballots(
        rng.integers(0, 3, (years * calls, states)).astype(np.int8),
        np.ones(years * calls, dtype=bool),
        np.repeat(axes.years, calls),
        axes.states,
    )
    even = np.broadcast_to(0.16, axes.shape)
    none = np.broadcast_to(0.0, axes.shape)
    windows = len(definition.arms_windows)
    arms = {
        k: np.broadcast_to(v, (windows, *axes.shape))
        for k, v in values.items()
        if k.startswith("arms")
    }
    return (
        Indicators(axes, exists, values, status, applies),
        Evidence(arms, even, even, none, none, votes),
    )


def job(world: World, depth: Depth, draws: int, definition: Definition) -> int:
    """Draw depth for all pairs and years and reduce it to intervals; return the pairs drawn."""
    data, evidence = world

    def keep(_t: int, cells: Array, drawn: dict[str, Array]) -> int:
        interval(drawn["depth"], neighbours=neighbours)
        return len(cells)

    return sum(
        by_year(keep, data, depth, evidence, Draws(definition, draws), definition, ("depth",))
    )


def floor(rows: int, draws: int, indicators: int = 13) -> None:
    """One product and one sort."""
    rng = np.random.default_rng(0)
    weights = rng.random((indicators, draws), dtype=np.float32)
    scores = rng.random((rows, indicators), dtype=np.float32)
    for start in range(0, rows, 1024):
        np.sort(scores[start : start + 1024] @ weights, axis=1)


def main() -> None:
    """Measure and print."""
    options = parser(__doc__, runs=3)
    options.add_argument("--states", type=int, default=0, help="of a synthetic world; 0: starter")
    options.add_argument("--years", type=int, default=75, help="of a synthetic world")
    options.add_argument("--draws", type=int, default=1000)
    options.add_argument(
        "--tables", type=Path, default=Location().tables, help="of the last build (make build)"
    )
    given = options.parse_args()
    definition = load_definition()
    if given.states:
        world = synthetic(given.states, given.years, definition)
    else:
        if not given.tables.is_dir():
            options.error(f"there is no folder {given.tables}; run make build, or give --tables")
        world = starter(given.tables, definition)
    depth = compute_depth(world[0], definition)
    rows = int((~np.isnan(depth.depth)).sum())
    spent: dict[str, list[tuple[float, float]]] = {"floor": [], "draws": []}
    for _ in range(given.runs):
        for name, run in (
            ("floor", lambda: floor(rows, given.draws)),
            ("draws", lambda: job(world, depth, given.draws, definition)),
        ):
            clock, processor = time.perf_counter(), time.process_time()
            run()
            spent[name].append((time.perf_counter() - clock, time.process_time() - processor))
    middle = {k: np.median(np.array(v), axis=0) for k, v in spent.items()}
    show(
        [
            {"median of": k, "clock s": float(v[0]), "processor s": float(v[1])}
            for k, v in middle.items()
        ],
        {
            "pairs and years": f"{rows:,} x {given.draws:,} draws",
            "ratio by the clock": f"{middle['draws'][0] / middle['floor'][0]:.1f}",
            "peak memory": f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB",
            "load": " ".join(f"{x:.1f}" for x in os.getloadavg()),
        },
        given.format,
    )


if __name__ == "__main__":
    main()
