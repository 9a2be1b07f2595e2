"""Read a release with other programs than the one that wrote it; every table must count the same.

Run by an environment of its own: DuckDB 1.1, pandas and polars. Base R is called where it is.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl


def main(folder: Path) -> None:
    """Count every table in every form."""
    package = json.loads((folder / "datapackage.json").read_text())
    expected = {r["title"]: r["rows"] for r in package["resources"] if r["format"] == "csv"}
    assert duckdb.__version__.startswith("1.1."), duckdb.__version__
    con = duckdb.connect(str(folder / "alliance_depth.duckdb"), read_only=True)
    for name, rows in expected.items():
        csv, parquet = folder / f"csv/{name}.csv.gz", folder / f"parquet/{name}.parquet"
        found = {
            "DuckDB": con.sql(f'SELECT count(*) FROM "{name}"').fetchone()[0],
            "DuckDB, Parquet": duckdb.sql(f"SELECT count(*) FROM '{parquet}'").fetchone()[0],
            "pandas": len(pd.read_csv(csv, low_memory=False)),
            "pandas, Parquet": len(pd.read_parquet(parquet)),
            "polars": pl.read_csv(csv, infer_schema=False).height,
            "polars, Parquet": pl.read_parquet(parquet).height,
        }
        wrong = {k: n for k, n in found.items() if n != rows}
        assert not wrong, f"{name}: expected {rows} rows, found {wrong}"
    assert con.sql("SELECT count(*) FROM iran_and_gulf").fetchone()[0] > 0
    clients = [f"{m.__name__} {m.__version__}" for m in (duckdb, pd, pl)]
    if shutil.which("Rscript"):
        lines = [f"stopifnot(nrow(read.csv('{folder}/csv/{n}.csv.gz')) == {r})" for n, r in
                 expected.items()]  # fmt: skip
        subprocess.run(["Rscript", "-e", "; ".join(lines)], check=True)
        clients.append("base R")
    print(f"{', '.join(clients)}: all {len(expected)} tables count the same")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
