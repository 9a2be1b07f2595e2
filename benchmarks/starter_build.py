"""The whole build from the bundled figures, against importing the libraries it stands on.

Belongs here: fresh processes, floor and build in turn, so that a busy spell hits both alike. The
ratio of each turn is what counts; seconds are those of one machine on one day.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.report import ROOT, parser, show

# Both with byte-code, also where the machine keeps none by itself.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
FLOOR = ("-c", "import dagster, pandas, pandera.pandas, duckdb")
GOAL_RATIO, GOAL_GB = 6.0, 1.5


def run(*arguments: str) -> dict[str, float]:
    """Run Python with these arguments: seconds by the clock, of processor time, and peak memory."""
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, env=ENVIRONMENT
    ) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}")
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kilobytes here
    return {
        "clock": time.perf_counter() - started,
        "processor": used.ru_utime + used.ru_stime,
        "gigabytes": used.ru_maxrss * unit / 1e9,
    }


def main() -> None:
    """Measure and print."""
    options = parser(__doc__, runs=5)
    options.add_argument(
        "--part",
        choices=("index", "first"),
        help="index: without the tables that need the finished index (its tests, what stands "
        "beside it); first: only the tables that the goal was set for, with 200 draws",
    )
    given = options.parse_args()
    start = ("benchmarks.part_of_build", given.part) if given.part else ("pipelines.cli",)
    floor, build = [], []
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / "alliance_depth.duckdb"
        job = ("-m", *start, "build", "--warehouse", str(link))
        run(*FLOOR), run(*job)  # byte-code written, files in the page cache
        for _ in range(given.runs):
            floor.append(run(*FLOOR))
            # From nothing: else the years drawn by the run before would not be drawn again.
            shutil.rmtree(link.parent / "run")
            build.append(run(*job))
    rows: list[dict[str, object]] = [
        {
            "median of": name,
            "clock s": median(r["clock"] for r in runs),
            "processor s": median(r["processor"] for r in runs),
            "peak GB": max(r["gigabytes"] for r in runs),
        }
        for name, runs in (("floor: imports", floor), ("build", build))
    ]
    ratio = {
        kind: round(median(b[kind] / f[kind] for f, b in zip(floor, build, strict=True)), 2)
        for kind in ("clock", "processor")
    }
    notes: dict[str, object] = {
        "ratio by the clock": f"{ratio['clock']} (goal {GOAL_RATIO:g})",
        "ratio of processor time": f"{ratio['processor']}",
        "peak memory": f"{rows[1]['peak GB']:.2f} GB (goal {GOAL_GB:g})",
        "runs": given.runs,
        "load": " ".join(f"{x:.1f}" for x in os.getloadavg()),
    }
    if given.format == "json":
        notes = {"ratio": ratio, "goal": {"ratio": GOAL_RATIO, "gb": GOAL_GB}, "runs": given.runs}
    show(rows, notes, given.format)


if __name__ == "__main__":
    main()
