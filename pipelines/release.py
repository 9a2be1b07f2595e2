"""Commands of releases: `release`, `diff` and `verify`.

Belongs here: reading arguments and showing results. Does not belong here: any work
(`warehouse.releases`, `warehouse.gate`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.markup import escape
from rich.table import Table

from pipelines.console import console, errors, fail

if TYPE_CHECKING:
    from warehouse.releases.diff import Diff
    from warehouse.releases.write import Checked

Warehouse = Annotated[Path | None, typer.Option(help="The link readers open.")]
Releases = Annotated[Path | None, typer.Option("--in", help="Folder of the releases.")]
SAME, DIFFERENT, FAILED = 0, 1, 2


def release(
    name: Annotated[str, typer.Argument(help="YYYY.MM.N, for instance 2026.11.1.")],
    publish: Annotated[
        str | None, typer.Option(help="Then copy it there: a folder, or s3://bucket/folder.")
    ] = None,
    warehouse: Warehouse = None,
    releases: Releases = None,
) -> None:
    """Make the warehouse into a version that can be downloaded, cited, verified and compared.

    The gate checks it first; what changed since the last release, and why, is part of it. A name
    that exists is not made again: with --publish it is only copied.
    """
    from warehouse.releases.layout import is_release

    location, folder = _place(warehouse, releases)
    target = folder / name
    with _explained():
        if not (publish and is_release(target)):
            target = _make(name, location, folder)
        console.print(f"{target}", highlight=False, soft_wrap=True, markup=False)
        if publish:
            from warehouse.releases import copy

            with _steps() as progress:
                where = copy.publish(target, publish, progress)
            console.print(f"{where}", highlight=False, soft_wrap=True, markup=False)


def _make(name: str, location: Any, folder: Path) -> Path:
    from pipelines.runs import quiet

    quiet()
    from warehouse.releases.write import write_release

    with _steps() as progress:
        return write_release(location, folder, name, check, recomputes, progress)


def check(build: Path, previous: Path | None, name: str) -> Checked:
    """Let the gate check a build against the release before it."""
    from warehouse.gate import describe, report_html, run_gate
    from warehouse.releases.write import Checked

    result = run_gate(build, previous)
    return Checked(result.passed, result.to_json(), report_html(result, name), describe(result))


def recomputes(before: Path, after: Path, kept: Path, mode: str) -> Any:
    """Give what is needed to say why figures moved between two releases."""
    from pipelines.recompute import recompute_between

    return recompute_between(before, after, kept, mode)


def diff(
    before: Annotated[str, typer.Argument(help="A release: its name or its directory.")],
    after: Annotated[str, typer.Argument(help="A later one.")],
    output: Annotated[str, typer.Option("--format", help="table, markdown or json.")] = "table",
    into: Annotated[
        Path | None, typer.Option(help="Write all moves and the report into this new folder.")
    ] = None,
    warehouse: Warehouse = None,
    releases: Releases = None,
) -> None:
    """Show what changed between two releases, and why.

    Every move of depth and gap is divided among its causes: sources, method, code. Exit code 0:
    the same; 1: different; 2: could not be compared.
    """
    if output not in ("table", "markdown", "json"):
        _failed(f"--format {output}: expected table, markdown or json")
    from pipelines.runs import quiet

    quiet()
    from warehouse.releases import changes
    from warehouse.releases.layout import ReleaseError
    from warehouse.releases.write import difference, write_changes

    location, folder = _place(warehouse, releases)
    try:
        sides = [_find(text, folder) for text in (before, after)]
        with _steps() as progress:
            progress("comparing")
            found = difference(*sides, location.inputs, _mode(sides[1]), recomputes)
        if into:
            into.mkdir(parents=True)
            write_changes(found, into)
    except (ReleaseError, OSError) as error:
        _failed(str(error))
    if output == "table":
        _show(found)
    else:
        made = changes.markdown(found) if output == "markdown" else changes.to_json(found)
        typer.echo(made, nl=False)
    raise typer.Exit(SAME if found.is_same else DIFFERENT)


def verify(
    place: Annotated[str, typer.Argument(help="Directory or address (http, https, s3).")],
) -> None:
    """Check a release: hashes, schemas, row counts, and the DuckDB file against the Parquet files.

    Exit code 0: as it should be; 1: damaged, and what; 2: nothing to check there.
    """
    from warehouse.releases.layout import ReleaseError
    from warehouse.releases.verify import verify as check

    try:
        with _steps() as progress:
            found = check(place, progress)
    except ReleaseError as error:
        _failed(str(error))
    for fault in found.faults:
        errors.print(f"[red]fault:[/red] {escape(fault)}", highlight=False, soft_wrap=True)
    if not found.is_good:
        errors.print(f"{len(found.faults)} faults in {place}", highlight=False, markup=False)
        raise typer.Exit(1)
    console.print(
        f"Release {found.release} is whole: {found.files} files, {found.tables} tables, "
        f"{found.rows:,} rows, the same in every form.",
        highlight=False,
    )


def _place(warehouse: Path | None, releases: Path | None) -> tuple[Any, Path]:
    from warehouse.publish import LINK, Location

    location = Location((warehouse or LINK).absolute())
    return location, (releases or location.releases).absolute()


def _find(text: str, folder: Path) -> Path:
    from warehouse.releases.layout import NAME, ReleaseError

    path = folder / text if NAME.fullmatch(text) and (folder / text).is_dir() else Path(text)
    if not path.is_dir():
        raise ReleaseError(f"{text} is neither a release in {folder} nor a directory")
    return path


def _mode(release: Path) -> str:
    import duckdb

    path = str(release / "parquet" / "meta_release.parquet")
    try:
        return str(duckdb.execute("SELECT mode FROM read_parquet(?)", [path]).fetchall()[0][0])
    except duckdb.Error:
        return "starter"


def _show(found: Diff) -> None:
    """Print a diff within 80 columns: tables, then the largest moves by cause."""
    s = found.sources
    console.print(f"{s.release[0]} → {s.release[1]}", highlight=False)
    if found.is_same:
        console.print("All tables hold the same.")
        return
    for line in s.lines():
        console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
    table = Table(box=None, pad_edge=False)
    for head in ("table", "added", "removed", "changed"):
        table.add_column(head, justify="left" if head == "table" else "right")
    for t in found.tables:
        if t.only:
            table.add_row(t.table, f"only {t.only}", "", "")
        elif not t.is_same:
            table.add_row(t.table, f"{t.added:,}", f"{t.removed:,}", f"{t.changed:,}")
    console.print(table)
    console.print(f"\n{found.how}", highlight=False)
    if len(found.depth):
        order = found.depth["move"].abs().sort_values(ascending=False, kind="stable").index[:10]
        table = Table(box=None, pad_edge=False)
        parts = [f"by_{c}" for c in found.causes]
        for head in ("from", "to", "year", "before", "after", "move", *found.causes):
            table.add_column(head, justify="left" if head in ("from", "to") else "right")
        for row in found.depth.loc[order].to_dict("records"):
            figures = [row["before"], row["after"]]
            moves = [row["move"], *(row[p] for p in parts)]
            table.add_row(
                str(row["from_iso3"]),
                str(row["to_iso3"]),
                str(row["year"]),
                *("" if v != v else f"{v:.2f}" for v in figures),
                *("" if v != v else f"{v:+.2f}" for v in moves),
            )
        console.print(f"\n{len(found.depth):,} ties moved; the largest moves of depth:")
        console.print(table)


@contextmanager
def _steps() -> Iterator[Any]:
    """Show what is being done, on a terminal."""
    with errors.status("") as status:

        def progress(step: str) -> None:
            status.update(escape(step))

        yield progress


@contextmanager
def _explained() -> Iterator[None]:
    """End the command with the message of what stopped it."""
    from warehouse.answers import NoWarehouse
    from warehouse.releases.layout import ReleaseError

    try:
        yield
    except (ReleaseError, NoWarehouse) as error:
        fail(str(error))


def _failed(message: str) -> NoReturn:
    errors.print(f"[red]error:[/red] {escape(message)}", highlight=False, soft_wrap=True)
    raise typer.Exit(FAILED)
