"""Build one DuckDB file from Parquet tables, and swap it in for the one that readers see.

A warehouse is never changed in place. Every build is a file of its own, `builds/<id>.duckdb`, made
read-only when it is whole; `alliance_depth.duckdb` is a symbolic link that moves to it in one
rename. A build that dies leaves the link where it was, and a writer that dies in a build leaves
its write-ahead log beside that build, where no later build will ever read it.

Does not belong here: what is in the tables, or in which order they are made.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pandas as pd

from schemas import REGISTRY, Table
from schemas.generate import comment_sql, create_table_sql
from warehouse.location import LINK as LINK
from warehouse.location import Location
from warehouse.locks import hold
from warehouse.views import VIEWS, create_view_sql

# Readable by DuckDB 1.x, which the default of 2.x is not.
STORAGE_VERSION = "v1.0.0"


class BuildError(RuntimeError):
    """Tables could not be brought into the file; the message names every one of them."""


def exclusive(location: Location) -> contextlib.AbstractContextManager[None]:
    """Hold the right to build; released by the system when the process ends, however it ends.

    Raises
    ------
    BuildError
        If another process is building.
    """
    busy = BuildError(
        f"another build is running on {location.link.parent}; wait for it to end, then start again"
    )
    return hold(location.builds, busy)


def published_tables() -> list[Table]:
    """Tables that stand in the warehouse, by name."""
    return [t for _, t in sorted(REGISTRY.items()) if t.in_warehouse]


def _quote(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


class BuildFile:
    """One DuckDB file in the making; tables may be loaded as they become ready, from any thread.

    Parameters
    ----------
    target : Path
        The file to make.

    Raises
    ------
    BuildError
        If the file exists.
    """

    def __init__(self, target: Path) -> None:
        if target.exists():
            raise BuildError(f"{target} exists already; a build is never written twice")
        self.target = target
        self._loaded: dict[str, int | Exception] = {}
        self._con = duckdb.connect(config={"preserve_insertion_order": True})
        # Nothing is published before its last checkpoint: a log would only be waited for.
        self._con.execute(
            f"ATTACH {_quote(target)} AS made (STORAGE_VERSION '{STORAGE_VERSION}', "
            "RECOVERY_MODE 'no_wal_writes')"
        )
        self._con.execute("USE made")
        # Text here repeats a few values over millions of rows: looking for the best compression of
        # each takes most of the load. What is no text falls back to the automatic choice.
        self._con.execute("SET force_compression = 'dictionary'")

    def load(self, table: Table, folder: Path) -> None:
        """Load ``<table>.parquet``; what goes wrong is told by `finish`, with all the rest."""
        source = folder / f"{table.name}.parquet"
        columns = ", ".join(f'"{c}"' for c in table.columns)
        with self._con.cursor() as own:
            own.execute("USE made")
            try:
                if not source.is_file():
                    raise FileNotFoundError(f"{source.name} was not made")
                # In one go: by itself each comment would be flushed to disk.
                own.execute(";".join(["BEGIN", create_table_sql(table), *comment_sql(table)]))
                # It says how many rows it wrote.
                found = own.execute(
                    f'INSERT INTO "{table.name}" SELECT {columns} '
                    f"FROM read_parquet({_quote(source)})"
                ).fetchone()
                own.execute("COMMIT")
                self._loaded[table.name] = int(found[0]) if found else 0
            except (duckdb.Error, OSError) as error:
                self._loaded[table.name] = error

    def finish(self, folder: Path) -> pd.DataFrame:
        """Load the tables not loaded yet, add comments, views and ``meta_tables``, and close.

        Returns
        -------
        DataFrame
            ``table_name``, ``rows``.

        Raises
        ------
        BuildError
            Names every table that could not be loaded and why; the file is removed.
        """
        try:
            counts = self._finish(folder)
        except BaseException:
            self.discard()
            raise
        self._con.close()
        return counts

    def _finish(self, folder: Path) -> pd.DataFrame:
        con = self._con
        wanted = [t for t in published_tables() if t.name != "meta_tables"]
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda t: self.load(t, folder), self._remaining(wanted)))
        loaded = {t.name: self._loaded[t.name] for t in wanted}
        faults = [f"  {n}: {found}" for n, found in loaded.items() if not isinstance(found, int)]
        if faults:
            raise BuildError(f"{len(faults)} tables could not be loaded:\n" + "\n".join(faults))
        counts = pd.DataFrame({"table_name": list(loaded), "rows": list(loaded.values())})
        # Hundreds of small statements: by themselves each would be flushed to disk.
        con.execute("BEGIN")
        _write_meta_tables(con, counts)
        con.execute(";".join(comment_sql(REGISTRY["meta_tables"])))
        for view in VIEWS:
            for statement in create_view_sql(view):
                con.execute(statement)
        if "meta_fields" in loaded:
            # Only DuckDB knows the types that a view's columns come out with.
            con.execute(
                "UPDATE meta_fields SET type = data_type FROM duckdb_columns() c WHERE "
                "c.table_name = meta_fields.table_name AND c.column_name = field AND type = ''"
            )
        con.execute("COMMIT")
        con.execute("CHECKPOINT")
        return counts

    def _remaining(self, wanted: list[Table]) -> list[Table]:
        return [t for t in wanted if t.name not in self._loaded]

    def discard(self) -> None:
        """Close, and remove the file."""
        self._con.close()
        for leftover in (self.target, self.target.with_name(self.target.name + ".wal")):
            leftover.unlink(missing_ok=True)


def _write_meta_tables(con: duckdb.DuckDBPyConnection, counts: pd.DataFrame) -> None:
    table = REGISTRY["meta_tables"]
    by_name = dict(zip(counts["table_name"], counts["rows"], strict=True))
    con.execute(create_table_sql(table))
    listed = [
        (
            t.name,
            t.description,
            ", ".join(t.key),
            ", ".join(t.sources),
            ", ".join(t.caveats),
            by_name.get(t.name, len(published_tables()) + len(VIEWS)),
        )
        for t in published_tables()
    ] + [(v.name, v.description, None, None, None, None) for v in VIEWS]
    con.executemany('INSERT INTO "meta_tables" VALUES (?, ?, ?, ?, ?, ?)', sorted(listed))


def begin(location: Location) -> BuildFile:
    """Start a build's file, out of readers' sight; the caller holds the right to build.

    Raises
    ------
    BuildError
        If something stands where the link should.
    """
    _refuse_file(location.link)
    for orphan in location.builds.glob(".*.duckdb*"):
        orphan.unlink()  # of a build that died; we hold the lock, so nobody writes to it
    return BuildFile(location.builds / ".next.duckdb")


def publish(
    folder: Path,
    build_id: str,
    location: Location,
    keep: int = 3,
    begun: BuildFile | None = None,
) -> Path:
    """Build the file and move the link to it.

    Parameters
    ----------
    folder : Path
        Holds ``<table>.parquet`` for every published table but ``meta_tables``, which is made
        here from what was loaded.
    build_id : str
        Name of the build; a build of that name must not exist.
    location : Location
    keep : int
        How many builds stay, the published one included. Older ones are removed when nobody has
        them open.
    begun : BuildFile, optional
        What `begin` started, when it holds some of the tables already.

    Returns
    -------
    Path
        The finished build.
    """
    with exclusive(location):
        file = begun or begin(location)
        target = location.builds / f"{build_id}.duckdb"
        if target.exists():
            file.discard()
            raise BuildError(f"{target} exists already; a build is never written twice")
        file.finish(folder)
        _sync(file.target)
        file.target.chmod(0o444)
        file.target.rename(target)
        _swap(location.link, target)
        _sync(location.builds)
        _sync(location.link.parent)
        remove_old(location, keep)
        return target


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _refuse_file(link: Path) -> None:
    if link.exists() and not link.is_symlink():
        raise BuildError(f"{link} is a file of its own, expected a link to a build; move it away")


def _swap(link: Path, target: Path) -> None:
    """Point the link at the target in one rename."""
    _refuse_file(link)
    waiting = link.with_name(f".{link.name}.next")
    waiting.unlink(missing_ok=True)
    waiting.symlink_to(target.relative_to(link.parent))
    waiting.replace(link)


def is_open(path: Path) -> bool:
    """Whether any process holds the file open, by DuckDB's own lock on it."""
    mode = path.stat().st_mode
    path.chmod(mode | 0o200)
    try:
        with path.open("r+b") as handle:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        path.chmod(mode)
    return False


def remove_old(location: Location, keep: int) -> list[Path]:
    """Remove all but the newest builds, sparing the published one and those still open."""
    current = location.link.resolve()
    builds = sorted(location.builds.glob("*.duckdb"), key=lambda p: p.stat().st_mtime_ns)
    removed = []
    for build in builds[:-keep] if keep else builds:
        if build == current or is_open(build):
            continue
        build.unlink()
        build.with_name(build.name + ".wal").unlink(missing_ok=True)
        removed.append(build)
    return removed
