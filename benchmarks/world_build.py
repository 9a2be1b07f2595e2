"""The whole build for every state since 1950, and how it grows with the number of states.

Belongs here: figures for all states from the upstreams' real files, with synthetic flows after the
last year of Correlates of War trade (BACI's form; the real file cannot be had here), and fresh
processes that build of 50, 100 and all states, from nothing and then again with a single year that
was not drawn before. Seconds are those of one machine on one day.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.report import ROOT, parser
from benchmarks.starter_build import run
from indices.definition import load_definition
from pipelines.core.geo import PANEL, SOURCES
from pipelines.sources.names import load_map

FIRST_SYNTHETIC, LAST_SYNTHETIC = 1995, 2024
SEED = 20261128
JOB = """
import json, sys, time
from pathlib import Path
from pipelines.runs import build
started, last, took = time.perf_counter(), time.perf_counter(), {}
def tell(name):
    global last
    now = time.perf_counter()
    took[name], last = now - last, now
build(tell, link=sys.argv[1], starter=sys.argv[2], mode="live")
took["file, links, end"] = time.perf_counter() - last
Path(sys.argv[3]).write_text(json.dumps(took))
"""


def gravity(totals: pd.DataFrame, codes: pd.DataFrame) -> pd.DataFrame:
    """Flows in the form of BACI's that add up roughly to the real totals of exports and imports.

    Parameters
    ----------
    totals : DataFrame
        ``raw_unctad__merchandise_totals``.
    codes : DataFrame
        BACI's numbers with ``iso3``.
    """
    dice = np.random.default_rng(SEED)
    number = codes.drop_duplicates("iso3").set_index("iso3")["name"].astype(int)
    frames = []
    for year in range(FIRST_SYNTHETIC, LAST_SYNTHETIC + 1):
        rows = totals[(totals["year"] == year) & totals["unctad_iso3"].isin(number.index)]
        wide = rows.pivot_table(index="unctad_iso3", columns="flow", values="value_usd_millions")
        wide = wide.dropna()
        out_of, into = (wide[c].to_numpy() for c in ("exports", "imports"))
        flow = np.outer(out_of, into) / into.sum() * dice.lognormal(0, 1.5, (len(wide),) * 2)
        flow *= dice.random(flow.shape) < 0.8  # a fifth of the pairs do not trade
        np.fill_diagonal(flow, 0)
        i, j = np.nonzero(flow > 0.001)
        at = number.loc[wide.index].to_numpy()
        frames.append(
            pd.DataFrame(
                {
                    "year": year,
                    "exporter_code": at[i],
                    "importer_code": at[j],
                    "value_usd_thousands": 1000 * flow[i, j],
                    "hs27_usd_thousands": 100 * flow[i, j],
                    "n_products": 1,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def prepare(source: Path, folder: Path) -> None:
    """Parse the upstreams' files for all states into a folder in the starter's layout."""
    from pipelines.starter import parse_all
    from schemas import REGISTRY, table
    from warehouse.tables import write

    frames = parse_all(source, lambda name: print(f"  parsing {name}", file=sys.stderr))
    codes = load_map(SOURCES / "baci")
    codes = codes[codes["kind"] == "state"]
    frames["raw_baci__flows"] = gravity(frames["raw_unctad__merchandise_totals"], codes)
    for name, frame in frames.items():
        if REGISTRY[name].in_warehouse:
            write(frame, table(name), folder / f"{name}.parquet")


def choose(inputs: Path, count: int, path: Path) -> None:
    """Name the states of the most trade, and those of the question, as the panel; 0 for all."""
    if not count:
        os.environ.pop(PANEL, None)
        return
    asked = {s for q in load_definition().questions
             for s in (q.focal, *q.bloc_members, *q.principals)}  # fmt: skip
    totals = pd.read_parquet(inputs / "raw_unctad__merchandise_totals.parquet")
    states = pd.read_parquet(inputs / "raw_baci__flows.parquet", columns=["exporter_code"])
    codes = load_map(SOURCES / "baci")
    known = codes[(codes["kind"] == "state")
                  & codes["name"].astype(int).isin(states["exporter_code"])]["iso3"]  # fmt: skip
    last = totals[(totals["year"] == LAST_SYNTHETIC) & totals["unctad_iso3"].isin(known)]
    size = last.groupby("unctad_iso3")["value_usd_millions"].sum().drop(list(asked))
    chosen = sorted([*asked, *size.nlargest(count - len(asked)).index])
    pd.DataFrame({"iso3": chosen, "name": chosen}).to_csv(path, index=False)
    os.environ[PANEL] = str(path)


def main() -> None:
    """Measure and print."""
    options = parser(__doc__, runs=1)
    options.add_argument("--from", dest="source", type=Path, default=ROOT.parent / "shared/data")
    options.add_argument("--states", type=int, nargs="+", default=[50, 100, 0])
    options.add_argument("--inputs", type=Path, help="Folder of parsed inputs, made if missing.")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        inputs = given.inputs or Path(scratch) / "inputs"
        if not (inputs / "raw_baci__flows.parquet").is_file():
            prepare(given.source, inputs)
        for count in given.states:
            link = Path(scratch) / f"world_{count}" / "warehouse" / "alliance_depth.duckdb"
            link.parent.mkdir(parents=True)
            profile = Path(scratch) / f"profile_{count}.json"
            choose(inputs, count, Path(scratch) / "panel.csv")
            used = run("-c", JOB, str(link), str(inputs), str(profile))
            report(f"{count or 'all'} states", used, profile, link)
            made = hashes(link)
            kept = sorted((link.parent / "run" / "years").iterdir(), key=lambda p: p.stat().st_size)
            kept[-1].unlink()
            used = run("-c", JOB, str(link), str(inputs), str(profile))
            report(f"  with one new year of {len(kept)}", used, profile, link)
            if hashes(link) != made:
                raise SystemExit("one year built alone gave other bytes than a full build")


def report(what: str, used: dict[str, float], profile: Path, link: Path) -> None:
    """Print what a build took, and which tables took it."""
    took = json.loads(profile.read_text())
    print(
        f"{what}: {used['clock']:.0f} s, {used['processor']:.0f} s of processor time, "
        f"{used['gigabytes']:.2f} GB, a file of {link.stat().st_size / 1e9:.2f} GB, load "
        f"{os.getloadavg()[1]:.1f}",
        flush=True,
    )
    for name, seconds in sorted(took.items(), key=lambda kv: -kv[1])[:12]:
        print(f"    {seconds:6.1f} s  {name}", flush=True)


def hashes(link: Path) -> dict[str, str]:
    """SHA-256 of every table of a build."""
    folder = link.parent / "run" / "tables"
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


if __name__ == "__main__":
    main()
