"""Putting a release together: out of sight until it is whole, never twice under one name.

Belongs here: the order of the steps, and what is done when one fails. Does not belong here: what
any file holds.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import duckdb

from indices.definition import DEFINITION, QUESTIONS, definition_text
from schemas import Table
from warehouse.answers import connect
from warehouse.publish import Location
from warehouse.releases import changes, documents, inputs
from warehouse.releases.diff import Diff, Recompute, compare
from warehouse.releases.documents import About, FileOf
from warehouse.releases.export import (
    Made,
    bound,
    query,
    released_tables,
    released_views,
    withheld,
    write_csv,
    write_database,
    write_parquet,
)
from warehouse.releases.layout import (
    CHANGES,
    DATABASE,
    DATAPACKAGE,
    INPUTS,
    ReleaseError,
    before,
    exclusive,
    file_hash,
    files_below,
    parse_name,
    seal,
    sync,
)

# (release before, this one, folder of kept inputs, mode) -> how to make the index again.
Recomputes = Callable[[Path, Path, Path, str], Recompute]
_LAST = "meta_tables"  # says how many rows the others have


@dataclass(frozen=True)
class Checked:
    """What the gate says of a warehouse.

    Parameters
    ----------
    passed : bool
    as_json, as_html, as_text : str
        Its report for programs, as a page, and for the terminal.
    """

    passed: bool
    as_json: str
    as_html: str
    as_text: str


# (the build, the release before it, the name of this one)
Gate = Callable[[Path, Path | None, str], Checked]


class GateFailed(ReleaseError):
    """The gate stopped a release; the message names expectations and rows."""


def write_release(
    location: Location,
    folder: Path,
    name: str,
    gate: Gate,
    recomputes: Recomputes,
    progress: Callable[[str], None] = lambda _: None,
) -> Path:
    """Make the warehouse that readers see into a release.

    Parameters
    ----------
    location : Location
        Whose warehouse.
    folder : Path
        Where releases are.
    name : str
        ``YYYY.MM.N``; newer than every release there.
    gate : callable
        Checks a warehouse against the release before it.
    recomputes : callable
        Gives what is needed to say why figures moved; may raise `ReleaseError` where it cannot.
    progress : callable
        Called with what is being done.

    Returns
    -------
    Path
        The release's directory, whole and read-only.

    Raises
    ------
    GateFailed
        If an expectation fails; its report is in ``rejected/<name>`` in the folder.
    ReleaseError
        If the name is wrong or taken, or the warehouse was built with another definition.
    NoWarehouse
        If there is no warehouse.
    """
    parse_name(name)
    with exclusive(folder):
        _refuse(folder, name)
        previous = before(folder, name)
        for orphan in folder.glob(".*.partial"):
            shutil.rmtree(orphan)  # of a release that was killed; we hold the lock
        staging = folder / f".{name}.partial"
        staging.mkdir()
        try:
            with connect(location.link) as con:
                bound(con, staging / ".scratch")
                # The link may move on while this runs; what was opened stays.
                build = location.link.resolve()
                _fill(con, build, staging, location, name, previous, gate, recomputes, progress)
        except GateFailed:
            _set_aside(staging, folder / "rejected" / name)
            raise
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise
        for scratch in staging.glob(".*"):
            shutil.rmtree(scratch)
        seal(staging, name, [DATABASE])
        _finish(staging, folder / name)
    return folder / name


def _refuse(folder: Path, name: str) -> None:
    if (folder / name).exists():
        raise ReleaseError(f"{folder / name} exists; a release is never written twice: take the "
                           "next number")  # fmt: skip
    newer = [p.name for p in folder.iterdir() if p.is_dir() and _is_newer(p.name, name)]
    if newer:
        raise ReleaseError(
            f"{name} would come after {max(newer, key=parse_name)}, which is newer by its name; "
            "take a later name, or changes would run backwards"
        )


def _is_newer(one: str, other: str) -> bool:
    try:
        return parse_name(one) > parse_name(other)
    except ReleaseError:
        return False


def _fill(
    con: duckdb.DuckDBPyConnection,
    build: Path,
    staging: Path,
    location: Location,
    name: str,
    previous: Path | None,
    gate: Gate,
    recomputes: Recomputes,
    progress: Callable[[str], None],
) -> None:
    about = _about(con, name)
    definition = definition_text()
    if hashlib.sha256(definition).hexdigest() != about.definition_sha256:
        raise ReleaseError(
            f"the warehouse was built with another {DEFINITION.name} (or {QUESTIONS}) than the one "
            "here; build it again, then release"
        )
    (staging / "definition.toml").write_bytes(definition)
    progress("tables as Parquet")
    tables = released_tables(con)
    made = _parquet(con, staging / "parquet", tables, name)
    progress("inputs")
    (staging / INPUTS).write_text(inputs.dump(inputs.keep(con, location.inputs)))
    with ThreadPoolExecutor(2) as pool:
        forms = _other_forms(pool, staging, made, name)
        try:
            progress("gate")
            checked = gate(build, previous, name)
            (staging / "gate.json").write_text(checked.as_json)
            (staging / "GATE.html").write_text(checked.as_html)
            if not checked.passed:
                raise GateFailed(
                    f"{checked.as_text}\nThe gate stopped the release; nothing was released. Its "
                    f"report is {staging.parent / 'rejected' / name / 'GATE.html'}."
                )
            progress("changes since the last release")
            has_diff = _changes(staging, previous, location.inputs, about, recomputes)
            progress("tables as CSV and DuckDB")
            for form in forms:
                form.result()
        finally:
            pool.shutdown(cancel_futures=True)
    _write_documents(con, staging, about, made, has_diff)


def _about(con: duckdb.DuckDBPyConnection, name: str) -> About:
    head = con.execute(
        "SELECT strftime(built_at, '%Y-%m-%d'), coalesce(code_version, ''), method_version, "
        "definition_sha256, mode FROM meta_release"
    ).fetchall()[0]
    found = con.execute(
        "SELECT source, title, vintage, strftime(retrieved_at, '%Y-%m-%d') AS retrieved_at, url, "
        "licence, citation, sha256 FROM meta_sources ORDER BY source"
    )
    columns = [d[0] for d in found.description]
    rows = [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
    built_at, code, method, definition, mode = head
    return About(name, built_at, code, method, definition, mode, rows)


def _parquet(
    con: duckdb.DuckDBPyConnection, folder: Path, tables: Sequence[Table], name: str
) -> list[Made]:
    folder.mkdir()
    rows: dict[str, int] = {}
    for table in sorted(tables, key=lambda t: t.name == _LAST):
        rows[table.name] = write_parquet(
            con,
            query(table, name, list(tables), rows),
            table,
            folder / f"{table.name}.parquet",
            name,
        )
    return [Made(t, rows[t.name]) for t in tables]


def _other_forms(
    pool: ThreadPoolExecutor, staging: Path, made: list[Made], name: str
) -> list[Future[None]]:
    """Start making CSV files and the DuckDB file, the largest first."""
    (staging / "csv").mkdir()
    texts = duckdb.connect(config={"threads": 1})  # each of the pool's threads brings its own
    bound(texts, staging / ".csv.scratch")

    def csv(table: Table) -> None:
        with texts.cursor() as own:
            source = staging / "parquet" / f"{table.name}.parquet"
            write_csv(own, source, table, name, staging / "csv" / f"{table.name}.csv.gz")

    ordered = [m.table for m in sorted(made, key=lambda m: -m.rows * len(m.table.fields))]
    database = pool.submit(write_database, staging / "parquet", made, staging / DATABASE)
    return [database, *(pool.submit(csv, table) for table in ordered)]


def _set_aside(staging: Path, rejected: Path) -> None:
    """Keep the gate's report of a release that was stopped, and nothing else of it."""
    shutil.rmtree(rejected, ignore_errors=True)
    rejected.mkdir(parents=True)
    for report in ("gate.json", "GATE.html"):
        (staging / report).replace(rejected / report)
    shutil.rmtree(staging)


def _changes(
    staging: Path, previous: Path | None, kept: Path, about: About, recomputes: Recomputes
) -> bool:
    if previous is None:
        (staging / "CHANGES.md").write_text(changes.first(about.release))
        return False
    write_changes(difference(previous, staging, kept, about.mode, recomputes), staging)
    return True


def difference(earlier: Path, later: Path, kept: Path, mode: str, recomputes: Recomputes) -> Diff:
    """Compare two releases; where the moves cannot be divided among causes, say why not."""
    try:
        return compare(earlier, later, recomputes(earlier, later, kept, mode))
    except ReleaseError as error:
        return compare(earlier, later, None, f"Moves are not divided among causes: {error}.")


def write_changes(diff: Diff, folder: Path) -> None:
    """Write ``CHANGES.md``, ``changes.json`` and ``changes/`` into a folder."""
    (folder / "CHANGES.md").write_text(changes.markdown(diff))
    (folder / CHANGES).write_text(changes.to_json(diff))
    changes.write_moves(diff, folder / "changes")


def _write_documents(
    con: duckdb.DuckDBPyConnection, staging: Path, about: About, made: list[Made], has_diff: bool
) -> None:
    views, absent = released_views([m.table for m in made]), withheld(con)
    files = [
        FileOf(m.table.name, path, (staging / path).stat().st_size, file_hash(staging / path))
        for m in made
        for path in (f"csv/{m.table.name}.csv.gz", f"parquet/{m.table.name}.parquet")
    ]
    texts = {
        DATAPACKAGE: documents.datapackage(about, made, files),
        "CODEBOOK.md": documents.codebook_markdown(about, made, views, absent),
        "CODEBOOK.html": documents.codebook_html(about, made, views, absent),
        "TERMS.md": documents.terms(about, absent),
        "CITATION.cff": documents.citation(about),
        "README.md": documents.readme(about, has_diff),
    }
    for path, text in texts.items():
        (staging / path).write_text(text)


def _finish(staging: Path, target: Path) -> None:
    """Make the release read-only and whole on the disk, then give it its name."""
    for name in files_below(staging):
        path = staging / name
        path.chmod(0o444)
        sync(path)
    for folder in [staging, *(p for p in staging.rglob("*") if p.is_dir())]:
        sync(folder)
    staging.rename(target)
    sync(target.parent)
