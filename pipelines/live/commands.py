"""The commands of live mode: `alliance-depth refresh` and `alliance-depth source ...`.

Does not belong here: any work; each command delegates, and imports what it needs only when it runs.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from pipelines.console import console, errors, fail, run_build

if TYPE_CHECKING:
    from pipelines.live.refresh import Outcome, Progress, RunSummary
    from pipelines.live.store import RawStore

# Exit code of a refresh in which a source failed while the warehouse is fine.
SOME_FAILED = 3
source_app = typer.Typer(no_args_is_help=True, help="The upstreams' files kept on this machine.")

Warehouse = Annotated[Path | None, typer.Option(help="The link readers open.")]
NoBuild = Annotated[bool, typer.Option("--no-build", help="Leave the warehouse as it is.")]
AcceptDrift = Annotated[
    bool, typer.Option("--accept-drift", help="Take files whose size has changed unusually.")
]
Source = Annotated[str, typer.Argument(help="Name of the source, as `source list` shows it.")]


def refresh(
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="[SOURCE]...", help="By default all.")
    ] = None,
    no_build: NoBuild = False,
    output: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
    accept_drift: AcceptDrift = False,
    warehouse: Warehouse = None,
) -> None:
    """Fetch the upstreams' newest figures, and build the warehouse of them when any are new.

    Exit code 0: all went well. 3: a source failed, its last good figures stay in use. 1: nothing
    could be had or built.
    """
    from pipelines.live.refresh import refresh as run
    from pipelines.sources.reading import SourceError

    if output not in ("table", "json"):
        fail(f"--format {output}: expected table or json")
    link, store = _place(warehouse)
    try:
        with _bars() as progress:
            done = run(
                sources or [],
                store,
                datetime.now(UTC),
                accept_drift=accept_drift,
                progress=progress,
            )
    except SourceError as error:
        fail(f"{error}\nEverything is as it was.")
    if output == "json":
        typer.echo(done.to_json())
    else:
        report(done)
    if not store.names():
        fail("no source gave anything, and no earlier vintage is here; the warehouse is as it was")
    if not no_build:
        _build_if_new(link, store, again=any(o.read_again for o in done.outcomes))
    if not all(o.is_good for o in done.outcomes):
        raise typer.Exit(SOME_FAILED)


@source_app.command("list")
def list_(warehouse: Warehouse = None) -> None:
    """Show which vintage of each source is in use."""
    from pipelines.live.refresh import connected

    _, store = _place(warehouse)
    table = _table("Sources")
    for name in ("source", "in use", "checked", "vintages", "rows"):
        right = name in ("vintages", "rows")
        table.add_column(name, justify="right" if right else "left", no_wrap=True)
    for source in connected():
        with _explained():
            current, count = store.current(source), len(store.vintages(source))
            put_aside, checked = store.rolled_back(source), store.checked_at(source)
        if current is None:
            table.add_row(source, _unfetched(source), "", "0", "")
            continue
        used = current.id + (" (held)" if put_aside else "")
        rows = f"{sum(current.rows.values()):,}"
        table.add_row(source, used, checked[:10], str(count), rows)
    console.print(table)


@source_app.command()
def show(source: Source, warehouse: Warehouse = None) -> None:
    """Show a source's vintages, files and addresses, and what was set aside."""
    from pipelines.live.refresh import connector
    from pipelines.live.web import address
    from pipelines.sources.catalogue import sources

    _, store = _place(warehouse)
    with _explained():
        connector(source)
        place, current = address(source), store.current(source)
        vintages, put_aside = store.vintages(source), store.rolled_back(source)
    known = sources()[source]
    for label, text in (
        ("title", known.title),
        ("producer", known.producer),
        ("licence", known.licence),
        ("asked at", place.url),
        ("by hand", place.page),
    ):
        console.print(f"{label:<9} {escape(text)}", highlight=False, soft_wrap=True)
    for vintage in reversed(vintages):
        mark = "in use" if current and vintage.id == current.id else ""
        mark = "rolled back" if vintage.id in put_aside else mark
        # Lines, not a table: hashes and addresses stay whole, to be copied.
        lines = [f"\n[bold]{vintage.id}[/bold]  {mark}".rstrip()]
        lines += [f"  {name}: {rows:,} rows" for name, rows in sorted(vintage.rows.items())]
        for p in vintage.pieces:
            version = f", version {p.version}" if p.version else ""
            where = p.url or f"by hand: {p.file}"
            lines += [
                f"  [bold]{escape(p.name)}[/bold]{escape(version)}, {p.size:,} bytes",
                f"    sha256  {p.sha256}",
                f"    from    {escape(where)}",
            ]
        console.print("\n".join(lines), highlight=False, soft_wrap=True)
    if current is None:
        console.print(f"No vintage yet; in use: {_unfetched(source)}.")
    aside = store.root / "quarantine" / source
    for folder in sorted(aside.iterdir()) if aside.is_dir() else []:
        console.print(
            f"set aside: {folder / 'report.json'}", highlight=False, soft_wrap=True, markup=False
        )


@source_app.command()
def rollback(
    source: Source,
    to: Annotated[
        str | None, typer.Option(help="Id of a vintage, or latest; by default the one before.")
    ] = None,
    no_build: NoBuild = False,
    warehouse: Warehouse = None,
) -> None:
    """Use an earlier vintage; it stays until the upstream has a new one."""
    from pipelines.live.refresh import connector

    link, store = _place(warehouse)
    with _explained():
        connector(source)
        chosen = store.rollback(source, to)
    console.print(f"{source}: {chosen.id} is in use.", highlight=False)
    if not no_build:
        _build_if_new(link, store)


@source_app.command("add")
def add_(
    source: Source,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Saved by hand.", exists=True, dir_okay=False),
    ],
    no_build: NoBuild = False,
    accept_drift: AcceptDrift = False,
    warehouse: Warehouse = None,
) -> None:
    """Take files that were downloaded by hand, checked as those of a refresh."""
    from pipelines.live.refresh import RunSummary, add
    from pipelines.live.store import stamp

    link, store = _place(warehouse)
    now = datetime.now(UTC)
    with _explained():
        outcome = add(source, files, store, now, accept_drift=accept_drift)
    report(RunSummary(stamp(now), (outcome,)))
    if not outcome.is_good:
        raise typer.Exit(1)
    if not no_build:
        _build_if_new(link, store)


def report(done: RunSummary) -> None:
    """Print how a refresh went: a row for each source, then what needs doing."""
    colours = {"new": "green", "failed": "red", "quarantined": "red", "stale": "yellow"}
    table = _table(f"Refresh of {done.started_at}")
    for name in ("source", "outcome", "in use", "obtained", "rows"):
        table.add_column(name, justify="right" if name == "rows" else "left", no_wrap=True)
    for o in done.outcomes:
        rows = f"{sum(o.rows.values()):,}" if o.rows else ""
        colour = colours.get(o.status, "default")
        used = o.vintage or _unfetched(o.source)
        table.add_row(o.source, f"[{colour}]{o.status}", used, o.retrieved_at[:10], rows)
    console.print(table)
    for o in done.outcomes:
        for text in _remarks(o):
            console.print(f"\n{escape(text)}", highlight=False, soft_wrap=True)


def _table(title: str) -> Table:
    """A table that fits 80 columns."""
    return Table(title=title, title_justify="left", box=None, pad_edge=False)


def _unfetched(source: str) -> str:
    """What is in use of a source without a vintage."""
    from pipelines.sources.catalogue import sources

    return "bundled figures" if sources()[source].is_bundled else "nothing yet"


def _remarks(outcome: Outcome) -> Iterator[str]:
    if outcome.message:
        yield outcome.message
    yield from (f"warning: {w}" for w in outcome.warnings)


def _place(warehouse: Path | None) -> tuple[Path, RawStore]:
    from pipelines.live.store import RawStore
    from warehouse.publish import LINK, Location

    link = (warehouse or LINK).absolute()
    return link, RawStore(Location(link).raw)


def _build_if_new(link: Path, store: RawStore, again: bool = False) -> None:
    """Build unless the warehouse was built of what is in use; `again` builds in any case."""
    from pipelines.live.refresh import is_published

    if not again and is_published(store, link):
        errors.print("The warehouse holds these figures already.", highlight=False)
        return
    run_build(link, "local", "live")
    errors.print(f"Built {link}", highlight=False, soft_wrap=True, markup=False)


@contextmanager
def _explained() -> Iterator[None]:
    """End the command with the message of an error of a source."""
    from pipelines.sources.reading import SourceError

    try:
        yield
    except SourceError as error:
        fail(str(error))


@contextmanager
def _bars() -> Iterator[Progress]:
    """A progress bar for each source that downloads, on a terminal."""
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        TaskID,
        TextColumn,
        TimeElapsedColumn,
        TransferSpeedColumn,
    )
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description:<40}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeElapsedColumn(),
    )
    tasks: dict[str, TaskID] = {}
    adding = threading.Lock()
    with Bars(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bars:

        def progress(source: str, label: str, done: int, total: int | None) -> None:
            with adding:
                if source not in tasks:
                    tasks[source] = bars.add_task(source, total=None)
            text = f"{source} {label}"[:40]
            bars.update(tasks[source], description=text, completed=done, total=total)

        yield progress
