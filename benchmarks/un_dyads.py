"""Agreement, S, kappa and pi of all pairs of states in every year, against the least it can cost.

Belongs here: from the library's Parquet file to the long table, all in this process. The floor is
reading the file and nine dense products a year of 0/1 matrices that are ready beforehand, one for
each pair of vote values. The stated floor reads the whole file; the strict one reads only the
columns we read. Names are not mapped: the states are the file's own codes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import duckdb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from benchmarks.report import ROOT, parser, show
from indices.pillars.voting import Ballots, agreement_dyads, ballots

FILE = ROOT.parent / "shared/data/un/undl_ga_voting_1946_202510.parquet"
TEXTS = ["ms_code", "ms_vote", "date"]
NAMES = {
    "undl_id": "roll_call_id",
    "ms_code": "iso3",
    "ms_vote": "vote",
    "total_yes": "yes",
    "total_no": "no",
    "total_abstentions": "abstain",
}
COLUMNS = [*NAMES, "date"]
GOAL = 5.0
DECADE = (2010, 2019)
# The same measures of one decade by a self-join, over pairs in one order only.
SELF_JOIN = """
WITH votes AS (
    SELECT undl_id, ms_code, year(CAST(date AS DATE)) AS y,
        CASE ms_vote WHEN 'Y' THEN 0.0 WHEN 'A' THEN 0.5 ELSE 1.0 END AS v,
        (total_yes > 0)::INT + (total_no > 0)::INT + (total_abstentions > 0)::INT > 1 AS contested
    FROM read_parquet(?) WHERE ms_vote <> 'X' AND y BETWEEN ? AND ?
), pairs AS (
    SELECT a.ms_code AS i, b.ms_code AS j, a.y, count(*) AS n, avg(abs(a.v - b.v)) AS apart,
        1 - avg(abs(a.v - b.v)) FILTER (a.contested) AS agreement, avg((a.v = b.v)::INT) AS po,
        avg((a.v = 0)::INT) AS ay, avg((a.v = 0.5)::INT) AS aa, avg((a.v = 1)::INT) AS an,
        avg((b.v = 0)::INT) AS by_, avg((b.v = 0.5)::INT) AS ba, avg((b.v = 1)::INT) AS bn
    FROM votes a JOIN votes b ON a.undl_id = b.undl_id AND a.ms_code < b.ms_code
    GROUP BY ALL
)
SELECT i, j, y, n, agreement, 2 * agreement - 1 AS s,
    1 - apart / nullif((ay + an) * ba / 2 + aa * (by_ + bn) / 2 + ay * bn + an * by_, 0) AS kappa,
    ((ay + by_) / 2) ** 2 + ((aa + ba) / 2) ** 2 + ((an + bn) / 2) ** 2 AS pe,
    (po - pe) / nullif(1 - pe, 0) AS pi
FROM pairs
"""


def read(path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Votes and roll calls from the file's raw columns."""
    table = pq.read_table(path, columns=COLUMNS, read_dictionary=TEXTS)
    votes = table.to_pandas().rename(columns=NAMES)
    calls = votes.drop_duplicates("roll_call_id")
    return votes, calls.assign(year=pd.to_datetime(calls["date"].astype("str")).dt.year)


def dyads(path: Path) -> pd.DataFrame:
    """What is measured."""
    return agreement_dyads(ballots(*read(path), "year"), "year")


def matrices(votes: Ballots) -> list[list[np.ndarray]]:
    """The 0/1 matrices of every year, one for each vote value, over all states."""
    years = np.unique(votes.period)
    return [[(votes.codes[votes.period == y] == a).astype("f4") for a in range(3)] for y in years]


def products(years: list[list[np.ndarray]]) -> None:
    """Nine products a year."""
    for chosen in years:
        for a in chosen:
            for b in chosen:
                a.T @ b


def by_self_join(path: Path) -> pd.DataFrame:
    """The pairs of one decade by DuckDB."""
    return duckdb.execute(SELF_JOIN, [str(path), *DECADE]).df()


def same_decade(ours: pd.DataFrame, peer: pd.DataFrame) -> bool:
    """Whether both hold the same pairs and the same figures."""
    key = ["from_iso3", "to_iso3", "year"]
    peer = peer.rename(columns={"i": "from_iso3", "j": "to_iso3", "y": "year"})
    first, second = ours["from_iso3"].astype("str"), ours["to_iso3"].astype("str")
    ours = ours.assign(from_iso3=first, to_iso3=second)
    ours = ours[ours["year"].between(*DECADE) & (first < second)].sort_values(key)
    peer = peer.sort_values(key)
    same = ours[key].astype("str").to_numpy() == peer[key].astype("str").to_numpy()
    return bool(same.all()) and all(
        np.allclose(ours[a], peer[b].astype(float), atol=1e-9, equal_nan=True)
        for a, b in (("agreement", "agreement"), ("s_score", "s"), ("kappa", "kappa"), ("pi", "pi"))
    )


def timed(job: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of processor time."""
    clock, processor = time.perf_counter(), time.process_time()
    job()
    return time.perf_counter() - clock, time.process_time() - processor


def main() -> None:
    """Measure and print."""
    options = parser(__doc__, runs=7)
    options.add_argument("--from", dest="file", type=Path, default=FILE, help="the Parquet file")
    given = options.parse_args()
    path = given.file
    years = matrices(ballots(*read(path), "year"))
    jobs: dict[str, Callable[[], object]] = {
        "read the whole file": lambda: pq.read_table(path),
        "read the columns needed": lambda: pq.read_table(path, columns=COLUMNS),
        "nine products a year": lambda: products(years),
        "all dyads, from the file": lambda: dyads(path),
        "DuckDB self-join, 2010-2019 only": lambda: by_self_join(path),
    }
    frame = dyads(path)
    count = len(frame)
    if not same_decade(frame, by_self_join(path)):
        raise SystemExit("the self-join gives other figures than agreement_dyads")
    del frame
    for job in jobs.values():  # the warm-up
        job()
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in jobs}
    for _ in range(given.runs):
        for name, job in jobs.items():
            taken[name].append(timed(job))
    rows: list[dict[str, object]] = [
        {
            "median of": name,
            "clock s": round(median(c for c, _ in runs), 3),
            "processor s": round(median(p for _, p in runs), 3),
        }
        for name, runs in taken.items()
    ]
    whole, needed, nine, ours, _ = (np.array(runs) for runs in taken.values())
    ratios = {
        name: [round(float(r), 2) for r in np.median(ours / floor, axis=0)]
        for name, floor in (("stated floor", whole + nine), ("strict floor", needed + nine))
    }
    notes: dict[str, object] = {
        f"ratio to the {name} (clock, processor)": f"{r[0]}, {r[1]} (goal {GOAL:g})"
        for name, r in ratios.items()
    }
    notes |= {"rows": f"{count:,} ordered pair-years", "runs": given.runs}
    notes["load"] = " ".join(f"{x:.1f}" for x in os.getloadavg())
    if given.format == "json":
        notes = {"ratios": ratios, "goal": GOAL, "pair_years": count, "runs": given.runs}
    show(rows, notes, given.format)


if __name__ == "__main__":
    main()
