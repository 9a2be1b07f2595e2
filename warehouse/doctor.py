"""What state an installation is in: versions, build, sources, files, and how to mend what is wrong.

Belongs here: looking, and saying what was found. Does not belong here: mending anything. The day
and what is installed are given from outside, so that the same state gives the same findings.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from indices.definition import QUESTIONS, DefinitionError, load_definition
from warehouse.location import Location

if TYPE_CHECKING:
    import duckdb

OK, NOTE, DEGRADED, BROKEN = "ok", "note", "degraded", "broken"
LEVELS = (OK, NOTE, DEGRADED, BROKEN)
# For a supervisor: healthy, stale or degraded, broken.
EXIT_CODES = {OK: 0, NOTE: 0, DEGRADED: 1, BROKEN: 2}
OLDEST_PYTHON = (3, 11)
# The yearly sources of a year come out in the course of the next one.
YEARS_BEHIND = 2
STALE_DAYS = 400
# A build writes its file and, beside it, its tables, and the one before stays.
ROOM_IN_BUILDS = 3
_STARTER_LINE = re.compile(r"^\| (raw_\w+) \| ([\d,]+) \|", re.MULTILINE)


@dataclass(frozen=True)
class Finding:
    """Something seen.

    Parameters
    ----------
    level : str
        'ok'; 'note', which is no fault; 'degraded', which works but should be mended; 'broken'.
    area : str
        One word: python, packages, link, build, method, sources, starter, disk, lock, files.
    found : str
    mend : str
        What to do; empty where nothing is wrong.
    """

    level: str
    area: str
    found: str
    mend: str = ""


@dataclass(frozen=True)
class Vintage:
    """A source as the build has it.

    Parameters
    ----------
    source, vintage : str
    retrieved_at : date or None
        None where the day is not known, as of most bundled figures.
    rows : int
    """

    source: str
    vintage: str
    retrieved_at: date | None
    rows: int


def exit_code(findings: list[Finding]) -> int:
    """0 healthy, 1 stale or degraded, 2 broken."""
    return max((EXIT_CODES[f.level] for f in findings), default=0)


def examine(
    location: Location,
    starter: Path,
    today: date,
    python: tuple[int, ...],
    packages: Mapping[str, tuple[str, str | None, bool]],
    stale_days: Mapping[str, int] | None = None,
) -> tuple[list[Finding], list[Vintage]]:
    """Look at everything.

    Parameters
    ----------
    location : Location
    starter : Path
        Folder of the bundled figures.
    today : date
    python : tuple of int
        Version of Python.
    packages : mapping
        Package to what is wanted, the version installed (None: not installed), and whether that is
        what is wanted.
    stale_days : mapping of str to int, optional
        Source to the days after which its figures are called stale; 400 for others.

    Returns
    -------
    findings : list of Finding
    vintages : list of Vintage
        Of the build; empty where it cannot be read.
    """
    findings = [_python(python), *_packages(packages)]
    vintages: list[Vintage] = []
    linked = _link(location)
    findings.append(linked)
    if linked.level != BROKEN:
        opened, vintages = _build(location, today, stale_days or {})
        findings += opened
    findings += [*_starter(starter), *_leftovers(location), _lock(location), _disk(location)]
    return findings, vintages


def _python(version: tuple[int, ...]) -> Finding:
    shown = ".".join(map(str, version))
    if version[:2] < OLDEST_PYTHON:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        return Finding(
            BROKEN,
            "python",
            f"Python {shown}, expected {wanted} or later",
            f"install Python {wanted} or later and make the environment again: make environment",
        )
    return Finding(OK, "python", f"Python {shown}")


def _packages(packages: Mapping[str, tuple[str, str | None, bool]]) -> Iterator[Finding]:
    mend = "make the environment again: make environment"
    for name, (wanted, version, fits) in sorted(packages.items()):
        if version is None:
            yield Finding(BROKEN, "packages", f"{name} is not installed, expected {wanted}", mend)
        elif not fits:
            yield Finding(DEGRADED, "packages", f"{name} {version}, expected {wanted}", mend)
    known = [f"{n} {v}" for n, (_, v, fits) in sorted(packages.items()) if v and fits]
    if known:
        yield Finding(OK, "packages", ", ".join(known))


def _others(location: Location) -> list[Path]:
    """Builds beside the one linked, the newest first."""
    linked = location.link.resolve()
    found = [p for p in location.builds.glob("[!.]*.duckdb") if p.resolve() != linked]
    return sorted(found, key=lambda p: p.name, reverse=True)


def _rebuild(location: Location) -> str:
    others = _others(location)
    back = (
        f"; or go back to an earlier build: ln -sfn builds/{others[0].name} {location.link}"
        if others
        else ""
    )
    return f"build it: make build{back}"


def _link(location: Location) -> Finding:
    link = location.link
    if link.is_symlink() and not link.exists():
        found = f"{link} leads to {os.readlink(link)}, which is not there"
        return Finding(BROKEN, "link", found, _rebuild(location))
    if not link.exists():
        return Finding(BROKEN, "link", f"{link} is not there", _rebuild(location))
    if not link.is_symlink():
        return Finding(
            DEGRADED,
            "link",
            f"{link} is a file of its own, expected a link to a build",
            "move it away before the next build, which will not write over it",
        )
    return Finding(OK, "link", f"{link} leads to {os.readlink(link)}")


def _build(
    location: Location, today: date, stale_days: Mapping[str, int]
) -> tuple[list[Finding], list[Vintage]]:
    import duckdb

    try:
        with duckdb.connect(str(location.link), read_only=True) as con:
            return _opened(con, today, stale_days)
    except (duckdb.Error, OSError, IndexError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        found = f"{location.link.resolve()} cannot be read as a warehouse: {first}"
        return [Finding(BROKEN, "build", found, _rebuild(location))], []


def _opened(
    con: duckdb.DuckDBPyConnection, today: date, stale_days: Mapping[str, int]
) -> tuple[list[Finding], list[Vintage]]:
    findings = []
    release, built, code, method, sha256, mode = con.execute(
        "SELECT release, built_at, code_version, method_version, definition_sha256, mode "
        "FROM meta_release"
    ).fetchall()[0]
    wanted = con.execute("SELECT table_name, rows FROM meta_tables").fetchall()
    counts = " UNION ALL ".join(
        f"SELECT '{t}' AS table_name, count(*) AS n FROM \"{t}\""
        for t, n in wanted
        if n is not None
    )
    found = dict(con.execute(counts).fetchall())
    wrong = [
        f"{t} ({found[t]:,} of {n:,} rows)" for t, n in wanted if n not in (None, found.get(t))
    ]
    if wrong:
        findings.append(
            Finding(
                BROKEN,
                "build",
                f"rows are missing or too many: {', '.join(wrong)}",
                "build it again: make build",
            )
        )
    last = con.execute(
        "SELECT max(year) FROM out_depth__yearly_dyads WHERE depth_status = 'full'"
    ).fetchall()[0][0]
    about = (
        f"release {release} of {built} ({mode}, commit {(code or 'unknown')[:12]}), "
        f"{len(wanted)} tables and views, figures to {last}"
    )
    findings.append(Finding(OK, "build", about))
    if last is None or last < today.year - YEARS_BEHIND:
        findings.append(
            Finding(
                DEGRADED,
                "build",
                f"stale: the last year with full depths is {last}, expected "
                f"{today.year - YEARS_BEHIND} or later",
                "fetch newer figures: alliance-depth refresh; or update the project",
            )
        )
    findings.append(_method(method, sha256))
    vintages = [
        Vintage(*row)
        for row in con.execute(
            "SELECT source, vintage, retrieved_at, rows FROM meta_sources ORDER BY source"
        ).fetchall()
    ]
    findings += _freshness(vintages, today, stale_days)
    return findings, vintages


def _method(version: str, sha256: str) -> Finding:
    try:
        own = load_definition()
    except DefinitionError as error:
        return Finding(
            BROKEN, "method", f"indices/definition.toml: {error}", "correct it, or restore it"
        )
    if own.sha256 != sha256:
        return Finding(
            DEGRADED,
            "method",
            f"the build was made with another definition (method {version}) than the one "
            f"installed (method {own.version})",
            f"build it again: make build; or set {QUESTIONS} as it was then",
        )
    return Finding(OK, "method", f"method {version}, the one installed")


def _freshness(
    vintages: list[Vintage], today: date, stale_days: Mapping[str, int]
) -> Iterator[Finding]:
    late = {}
    for v in vintages:
        limit = stale_days.get(v.source, STALE_DAYS)
        age = None if v.retrieved_at is None else (today - v.retrieved_at).days
        if age is not None and age > limit:
            late[v.source] = f"{v.source} ({age} days old, limit {limit})"
    if late:
        # What a person compiled has no upstream to be fetched from.
        fetched = [name for name in late if name in stale_days]
        mend = [f"fetch them: alliance-depth refresh {' '.join(fetched)}"] if fetched else []
        if len(fetched) < len(late):
            mend.append("update the project for what is compiled by hand")
        found = f"stale: {', '.join(late.values())}"
        yield Finding(DEGRADED, "sources", found, "; ".join(mend))
    dated = sum(v.retrieved_at is not None for v in vintages)
    yield Finding(OK, "sources", f"{len(vintages)} sources, the day of retrieval known of {dated}")


def _starter(folder: Path) -> Iterator[Finding]:
    """The bundled figures beside their own list, by the number of rows each file says it has."""
    import duckdb

    mend = "restore warehouse/starter from the project: git checkout -- warehouse/starter"
    listed = folder / "SOURCES.md"
    if not listed.is_file():
        yield Finding(BROKEN, "starter", f"{listed} is not there: no bundled figures", mend)
        return
    tables = _STARTER_LINE.findall(listed.read_text(encoding="utf-8"))
    faults = []
    for name, rows in tables:
        path = folder / f"{name}.parquet"
        if not path.is_file():
            faults.append(f"{name} is missing")
            continue
        try:
            n = duckdb.execute("SELECT num_rows FROM parquet_file_metadata(?)", [str(path)])
            count = n.fetchall()[0][0]
        except (duckdb.Error, IndexError):
            faults.append(f"{name} cannot be read")
            continue
        if count != int(rows.replace(",", "")):
            faults.append(f"{name} has {count:,} rows, listed are {rows}")
    if faults or not tables:
        yield Finding(BROKEN, "starter", "; ".join(faults) or f"{listed} lists no table", mend)
    else:
        yield Finding(OK, "starter", f"all {len(tables)} bundled tables are there")


def _leftovers(location: Location) -> Iterator[Finding]:
    logs = [*location.link.parent.glob("*.wal"), *location.builds.glob("*.wal")]
    for log in sorted(logs):
        yield Finding(
            DEGRADED,
            "files",
            f"{log} is the log of a writer that died; no build is ever written to",
            f"remove it when nobody has the file open: rm {log}",
        )
    if not _is_locked(location):
        for orphan in sorted(location.builds.glob(".*.duckdb")):
            yield Finding(
                NOTE,
                "files",
                f"{orphan} was left by a build that died",
                "nothing to do: the next build removes it",
            )


def _is_locked(location: Location) -> bool:
    lock = location.builds / ".lock"
    if not lock.exists():
        return False
    with lock.open("rb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _lock(location: Location) -> Finding:
    if _is_locked(location):
        return Finding(NOTE, "lock", "a build is running", "nothing to do: readers go on")
    return Finding(OK, "lock", "no build is running")


def _disk(location: Location) -> Finding:
    folder = next(p for p in (location.builds, *location.builds.parents) if p.is_dir())
    free = shutil.disk_usage(folder).free
    sizes = [p.stat().st_size for p in location.builds.glob("[!.]*.duckdb")]
    one = max(sizes, default=100_000_000)
    shown = f"{free / 1e9:,.1f} GB free in {folder}, a build has {one / 1e6:,.0f} MB"
    mend = f"make room, at least {ROOM_IN_BUILDS * one / 1e6:,.0f} MB"
    if not os.access(folder, os.W_OK):
        return Finding(
            DEGRADED, "disk", f"{folder} cannot be written", "only reading works; change its owner"
        )
    if free < one:
        return Finding(BROKEN, "disk", shown, mend)
    if free < ROOM_IN_BUILDS * one:
        return Finding(DEGRADED, "disk", shown, mend)
    return Finding(OK, "disk", shown)
