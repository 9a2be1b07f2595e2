"""A small warehouse of few states and years, cut out of a build, to be released fast."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from schemas.generate import comment_sql, create_table_sql
from warehouse.publish import STORAGE_VERSION, Location, published_tables
from warehouse.views import VIEWS, create_view_sql

STATES = ("IRN", "SAU", "ARE", "QAT", "KWT", "BHR", "OMN", "CHN", "RUS", "USA", "PRK")
FIRST_YEAR = 2012
# Core and output tables are cut to these; of the sources' own some rows will do.
CUT = ("core_", "out_")
RAW_ROWS = 2_000


def _place(folder: Path) -> tuple[Location, Path]:
    location = Location(folder / "warehouse" / "alliance_depth.duckdb")
    location.builds.mkdir(parents=True)
    location.link.symlink_to("builds/small.duckdb")
    return location, location.builds / "small.duckdb"


def changed(small: Location, folder: Path, change: str) -> Location:
    """Copy a small warehouse, and run some statements on its tables."""
    location, target = _place(folder)
    shutil.copyfile(small.link.resolve(), target)
    with duckdb.connect(str(target)) as con:
        con.execute(change)
    return location


def cut(source: Path, folder: Path) -> Location:
    """Cut a build down into a warehouse of its own.

    Parameters
    ----------
    source : Path
        A build, or a link to one.
    folder : Path
        Gets the link, named as always, and the build.
    """
    location, target = _place(folder)
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{source}' AS whole (READ_ONLY)")
        con.execute(f"ATTACH '{target}' AS small (STORAGE_VERSION '{STORAGE_VERSION}')")
        con.execute("USE small")
        # Hundreds of comments: by themselves each would be flushed to disk.
        con.execute("BEGIN")
        for table in published_tables():
            con.execute(create_table_sql(table))
            rules = ["true"]
            if table.name.startswith(CUT):
                rules += [f"year >= {FIRST_YEAR}"] if "year" in table.columns else []
                ends = [c for c in table.key if c.endswith("_iso3") or c == "iso3"]
                rules += [f"{e} IN {STATES}" for e in ends]
            limit = f"LIMIT {RAW_ROWS}" if table.layer == "raw" else ""
            con.execute(
                f"INSERT INTO {table.name} SELECT * FROM whole.main.{table.name} "
                f"WHERE {' AND '.join(rules)} ORDER BY {', '.join(table.key)} {limit}"
            )
            con.execute(";".join(comment_sql(table)))
        for view in VIEWS:
            con.execute(";".join(create_view_sql(view)))
        con.execute("COMMIT")
        con.execute("CHECKPOINT")
    return location
