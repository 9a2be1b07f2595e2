"""What several commands share: where they print, how they fail, and how a build shows its progress.

Does not belong here: any command.
"""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import typer
from rich.console import Console
from rich.markup import escape

console = Console()
errors = Console(stderr=True)


def fail(message: str) -> NoReturn:
    """Say what went wrong, and end with exit code 1."""
    errors.print(f"[red]error:[/red] {escape(message)}", highlight=False, soft_wrap=True)
    raise typer.Exit(1)


def run_build(link: Path, release: str, mode: str, executor: str = "") -> None:
    """Build and publish the warehouse, with a progress bar; ends the command if it fails."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from pipelines.runs import BuildFailed
    from pipelines.runs import build as run
    from pipelines.sources.reading import SourceError
    from warehouse.publish import BuildError, published_tables

    columns = (
        TextColumn("{task.description:<38}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    try:
        with Progress(
            *columns, console=errors, transient=True, disable=not errors.is_terminal
        ) as p:
            task = p.add_task("loading", total=len(published_tables()))
            run(
                lambda name: p.update(task, advance=1, description=name),
                link=str(link),
                release=release,
                mode=mode,
                executor=executor,
            )
    except (BuildFailed, BuildError, SourceError) as error:
        fail(f"{error}\nNothing was published; the previous warehouse stays in use.")
