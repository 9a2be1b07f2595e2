"""A year of BACI, straight from the zip to totals of pairs, against the least it can cost.

Belongs here: a synthetic year of the real files' size and shape, in a temporary folder. The floor
is inflating the member to nowhere, and after it DuckDB's bare query over the same CSV, unpacked.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

import duckdb
import numpy as np

from benchmarks.report import parser, show
from pipelines.sources.baci.fetch import read_years

GOAL_RATIO, GOAL_GB = 1.5, 2.0
YEAR, VERSION = 2021, "202601"
MEMBER = f"BACI_HS92_Y{YEAR}_V{VERSION}.csv"
# Numbers of BACI's countries, and about as many products as HS 1992 has.
COUNTRIES = (
    4, 8, 12, 20, 24, 28, 31, 32, 36, 40, 44, 48, 50, 51, 52, 56, 60, 64, 68, 70, 72, 76, 84, 96,
    100, 104, 108, 112, 116, 120, 124, 132, 140, 144, 148, 152, 156, 170, 174, 178, 180, 188, 191,
    192, 196, 203, 204, 208, 212, 214, 218, 222, 226, 231, 232, 233, 242, 246, 251, 262, 266, 268,
    270, 275, 276, 288, 292, 296, 300, 304, 308, 320, 324, 328, 332, 340, 344, 348, 352, 360, 364,
    368, 372, 376, 381, 384, 388, 392, 398, 400, 404, 408, 410, 414, 417, 418, 422, 426, 428, 430,
    434, 440, 442, 446, 450, 454, 458, 462, 466, 470, 478, 480, 484, 490, 496, 498, 499, 504, 508,
    512, 516, 524, 528, 533, 540, 548, 554, 558, 562, 566, 579, 583, 586, 591, 598, 600, 604, 608,
    616, 620, 624, 626, 634, 642, 643, 646, 659, 662, 670, 678, 682, 686, 688, 690, 694, 699, 702,
    703, 704, 705, 706, 710, 716, 724, 728, 729, 740, 748, 752, 757, 760, 762, 764, 768, 776, 780,
    784, 788, 792, 795, 800, 804, 807, 818, 826, 834, 842, 854, 858, 860, 862, 882, 887, 894,
)  # fmt: skip
PRODUCTS = 5000
TYPES = (
    "{'t': 'SMALLINT', 'i': 'SMALLINT', 'j': 'SMALLINT', 'k': 'VARCHAR', 'v': 'DECIMAL(18,3)', "
    "'q': 'VARCHAR'}"
)
BARE = f"""
SELECT i, j, sum(v)::DOUBLE AS v, coalesce(sum(v) FILTER (k LIKE '27%'), 0)::DOUBLE AS fuels,
    count(*) AS n
FROM read_csv(?, header = true, auto_detect = false, delim = ',', quote = '', escape = '',
    columns = {TYPES})
GROUP BY ALL ORDER BY ALL
"""


def synthetic(folder: Path, rows: int) -> Path:
    """Write a year: few pairs trade nearly all products, most trade few; sorted as CEPII's are."""
    made = np.random.default_rng(1)
    codes = np.array(COUNTRIES)
    size = made.lognormal(0, 1.3, len(codes))
    pairs = np.outer(size, size) * made.lognormal(0, 0.8, (len(codes), len(codes)))
    np.fill_diagonal(pairs, 0)
    share = pairs / pairs.sum()
    # The cap takes rows off the largest pairs; a few rounds bring their number back.
    counts = share * rows
    for _ in range(30):
        counts = np.minimum(counts * rows / counts.sum(), 0.9 * PRODUCTS)
    counts = counts.astype(int)
    products = np.sort(made.choice(np.arange(10_111, 970_600), PRODUCTS, replace=False))
    i, j = (
        np.repeat(codes[axis].astype("i2"), counts.ravel())
        for axis in np.indices(pairs.shape).reshape(2, -1)
    )
    k = np.concatenate(
        [np.sort(made.choice(products, n, replace=False)) for n in counts.ravel() if n]
    ).astype("i4")
    v = np.exp(made.normal(2.5, 2.6, len(k))) + 0.001
    q = v * np.exp(made.normal(-1, 1.2, len(k)))
    known = made.random(len(k)) > 0.02
    table = {"i": i, "j": j, "k": k, "v": v, "q": q, "known": known}
    path = folder / MEMBER
    with duckdb.connect() as con:
        con.register("flows", table)
        con.execute(
            f"COPY (SELECT {YEAR} AS t, i, j, lpad(k::VARCHAR, 6, '0') AS k, "
            "printf('%.3f', v) AS v, if(known, printf('%.3f', q), '') AS q FROM flows) "
            f"TO '{path}' (HEADER, QUOTE '', DELIMITER ',')"
        )
    return path


def packed(path: Path) -> Path:
    """The zip of that year."""
    target = path.with_name(f"BACI_HS92_V{VERSION}.zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, path.name)
    return target


def inflate(archive: Path) -> None:
    """To nowhere."""
    with zipfile.ZipFile(archive) as opened, opened.open(MEMBER) as stream:
        while stream.read(1 << 20):
            pass


def bare(path: Path) -> np.ndarray:
    """What DuckDB says of the unpacked file."""
    with duckdb.connect() as con:
        return con.execute(BARE, [str(path)]).df().to_numpy()


def timed(job: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of processor time."""
    clock, processor = time.perf_counter(), time.process_time()
    job()
    return time.perf_counter() - clock, time.process_time() - processor


def main() -> None:
    """Measure and print."""
    options = parser(__doc__, runs=5)
    options.add_argument("--rows", type=int, default=11_000_000, metavar="N", help="of the year")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        # The peak is to be the job's, not that of making the file.
        child = os.fork()
        if not child:
            packed(synthetic(Path(folder), given.rows))
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            raise SystemExit("the synthetic year could not be made")
        path = Path(folder) / MEMBER
        archive = path.with_name(f"BACI_HS92_V{VERSION}.zip")
        ours = read_years(archive).drop(columns="year").to_numpy()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
        if sys.platform == "darwin":
            peak /= 1024
        if not np.array_equal(ours, bare(path)):
            raise SystemExit("the bare query gives other figures than read_years")
        jobs: dict[str, Callable[[], object]] = {
            "inflate the member to nowhere": lambda: inflate(archive),
            "bare query over the unpacked CSV": lambda: bare(path),
            "read_years, from the zip": lambda: read_years(archive),
        }
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in jobs}
        for _ in range(given.runs):
            for name, job in jobs.items():
                taken[name].append(timed(job))
        sizes = [f"{p.stat().st_size / 1e6:,.0f} MB" for p in (path, archive)]
    rows: list[dict[str, object]] = [
        {
            "median of": name,
            "clock s": round(median(c for c, _ in runs), 2),
            "processor s": round(median(p for _, p in runs), 2),
        }
        for name, runs in taken.items()
    ]
    inflated, queried, job_taken = (np.array(runs) for runs in taken.values())
    ratio = np.median(job_taken / (inflated + queried), axis=0)
    notes: dict[str, object] = {
        "ratio by the clock": f"{ratio[0]:.2f} (goal {GOAL_RATIO:g})",
        "ratio of processor time": f"{ratio[1]:.2f}",
        "peak memory": f"{peak:.2f} GB (goal {GOAL_GB:g})",
        "year": f"{int(ours[:, 4].sum()):,} flows, {sizes[0]} of CSV, {sizes[1]} packed",
        "pairs": f"{len(ours):,}",
        "runs": given.runs,
        "load": " ".join(f"{x:.1f}" for x in os.getloadavg()),
    }
    if given.format == "json":
        notes |= {"ratio": [round(float(r), 2) for r in ratio], "goal": GOAL_RATIO}
    show(rows, notes, given.format)


if __name__ == "__main__":
    main()
