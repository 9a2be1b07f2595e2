"""The 600-run sensitivity analysis of the ASEM index, against the averaging it cannot do without.

Belongs here: from raw data in memory to the scores and ranks of 51 economies in every run, and the
runs' Sobol shares, in this process, imports and reading of files left out. The design is that of
COINr's example: points winsorised, normalisation, noisy weights, aggregation; COINr itself takes
56 s for it on 2 cores. The floor is one pass of 600 x 3 levels of weighted means, as products of
matrices over normalised data, all ready beforehand.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd

from benchmarks.report import ROOT, parser, show
from indices.composite.factors import Alternatives, WeightSets
from indices.composite.index import Index, Result
from indices.composite.tree import Tree
from indices.composite.uncertainty import UncertaintyResult, analyse

FOLDER = ROOT / "tests/composite/reference"
GOAL_SECONDS, COINR_SECONDS = 0.3, 56
CHOICES = (
    Alternatives("treat", {n: {"max_winsorised": n} for n in range(1, 6)}, name="winmax"),
    Alternatives(
        "normalise",
        {
            "n_minmax": {"method": "minmax", "lo": 1, "hi": 100},
            # Ten standard deviations above zero, so that a geometric mean exists.
            "n_zscore": {"method": "zscore", "mean": 10, "sd": 2},
        },
        name="norm",
    ),
    Alternatives("aggregate", {"a_amean": "arithmetic", "a_gmean": "geometric"}, name="agg"),
)


def fit(data: pd.DataFrame, meta: pd.DataFrame) -> Result:
    """Compute the nominal index."""
    impute = {"method": "group_mean", "groups": "EurAsia_group"}
    return Index(Tree.from_frame(meta), impute=impute, treat={}).fit(data, unit="uCode")


def job(
    data: pd.DataFrame, meta: pd.DataFrame, sets: pd.DataFrame, design: pd.DataFrame
) -> UncertaintyResult:
    """From raw data to scores, ranks and shares."""
    weights = WeightSets.from_frame(sets, name="weight_set")
    winmax, norm, agg = CHOICES
    found = analyse(fit(data, meta), (winmax, norm, weights, agg), seed=1, design=design)
    found.sobol("rank_shift", centre=False)
    return found


def floor(nominal: Result, runs: int) -> Callable[[], np.ndarray]:
    """Lay out everything, and return the products alone."""
    tree = nominal.tree
    below = [tree.at_level(level) for level in tree.levels]
    steps = []
    for lower, upper in itertools.pairwise(below):
        share = np.array([[tree.parent_of[c] == group for group in upper] for c in lower], float)
        steps.append(np.repeat((share / share.sum(axis=0))[None], runs, axis=0))
    x = np.repeat(nominal.normalised.to_numpy()[None], runs, axis=0)
    return lambda: x @ steps[0] @ steps[1] @ steps[2]


def clock(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock and of processor time."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def main() -> None:
    """Measure and print."""
    options = parser(__doc__, runs=15)
    options.add_argument("--from", dest="folder", type=Path, default=FOLDER, metavar="FOLDER")
    given = options.parse_args()
    data, meta, sets, design = (
        pd.read_csv(given.folder / name)
        for name in (
            "ASEM_iData.csv",
            "ASEM_iMeta.csv",
            "sa_asem_noisy_weights.csv",
            "sa_asem_design_N100_d4.csv",
        )
    )
    design = design.drop(columns="run")
    products = floor(fit(data, meta), len(design))
    works = {
        "floor: 600 x 3 levels of means": products,
        "sensitivity analysis": lambda: job(data, meta, sets, design),
    }
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for work in works.values():
        work()  # warm-up
    for _ in range(given.runs):
        for name, work in works.items():
            times[name].append(clock(work))
    rows: list[dict[str, object]] = [
        {
            "median of": name,
            "clock ms": 1000 * median(t for t, _ in taken),
            "processor ms": 1000 * median(t for _, t in taken),
        }
        for name, taken in times.items()
    ]
    base, ours = times.values()
    ratio = median(o[0] / b[0] for o, b in zip(ours, base, strict=True))
    seconds = median(t for t, _ in ours)
    notes: dict[str, object] = {
        "ratio by the clock": round(ratio, 1),
        "seconds": f"{seconds:.3f} (goal {GOAL_SECONDS})",
        "times faster than COINr": f"{COINR_SECONDS / seconds:.0f} (its {COINR_SECONDS} s)",
        "runs": given.runs,
        "load": " ".join(f"{x:.1f}" for x in os.getloadavg()),
    }
    if given.format == "json":
        notes = {"ratio": ratio, "seconds": seconds, "goal": GOAL_SECONDS, "runs": given.runs}
    show(rows, notes, given.format)


if __name__ == "__main__":
    main()
