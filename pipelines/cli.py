"""The `alliance-depth` command.

Belongs here: reading arguments, showing progress and results. Does not belong here: any work; each
command delegates, and imports what it needs only when it runs.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="How deep one state's tie to another is, from both ends: build and query the warehouse.",
)
starter_app = typer.Typer(no_args_is_help=True, help="The bundled figures.")
app.add_typer(starter_app, name="starter")
console = Console()
errors = Console(stderr=True)


def _fail(message: str) -> None:
    errors.print(f"[red]error:[/red] {message}", highlight=False, markup=True, soft_wrap=True)
    raise typer.Exit(1)


@app.command()
def build(
    warehouse: Annotated[Path | None, typer.Option(help="The link readers open.")] = None,
    release: Annotated[str, typer.Option(help="Name written into the file.")] = "local",
) -> None:
    """Build the warehouse from the bundled figures and publish it."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from pipelines.runs import BuildFailed
    from pipelines.runs import build as run
    from warehouse.publish import LINK, BuildError

    link = (warehouse or LINK).absolute()
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
            task = p.add_task("loading", total=None)
            run(
                lambda name: p.update(task, advance=1, description=name),
                link=str(link),
                release=release,
            )
    except (BuildFailed, BuildError) as error:
        _fail(f"{error}\nNothing was published; the previous warehouse stays in use.")
    show_summary(link)


def _gap_words(gap: float, lo: float, hi: float) -> str:
    side = "Gulf deeper" if gap > 0 else "Iran deeper"
    return side if lo > 0 or hi < 0 else f"{side}, not clearly"


def show_summary(link: Path) -> None:
    """Print the headline of a warehouse."""
    from warehouse.answers import connect, headline

    with connect(link) as con:
        rows = headline(con)
        method, release = con.execute("SELECT method_version, release FROM meta_release").fetchone()
    table = Table(
        title="Depth of a great power's ties, seen from the great power: Iran and the mean of six "
        "Gulf states (0 no tie, 100)",
        title_justify="left",
    )
    for name in (
        "principal",
        "year",
        "Iran",
        "Gulf",
        "gap",
        "90 % interval",
        "direction",
        "trade-weighted",
        "best of six",
    ):
        table.add_column(name, justify="left" if name in ("principal", "direction") else "right")
    last = None
    for who, year, iran, gulf, gap, lo, hi, _, weighted, best, best_name, conflict in rows:
        if last not in (None, who):
            table.add_section()
        words = _gap_words(gap, lo, hi) + (" (sign differs)" if conflict else "")
        table.add_row(
            who if who != last else "",
            str(year),
            f"{iran:.1f}",
            f"{gulf:.1f}",
            f"{gap:+.1f}",
            f"{lo:+.1f} to {hi:+.1f}",
            words,
            f"{weighted:+.1f}",
            f"{best:+.1f} {best_name}",
        )
        last = who
    console.print(table)
    console.print(
        "Gap: Gulf minus Iran. 'sign differs': mean, trade-weighted, pooled and best-of-six gap "
        "disagree in sign."
    )
    console.print(f"\nRelease {release}, method {method}. The DuckDB file: {link}", soft_wrap=True)
    console.print("A query to try:\n")
    console.print(
        '  .venv/bin/alliance-depth query "SELECT year, iran_depth, gulf_depth, gap FROM '
        "iran_and_gulf WHERE principal_iso3 = 'CHN' AND view = 'principal' AND measure = 'depth' "
        'ORDER BY year DESC LIMIT 5"',
        soft_wrap=True,
        highlight=False,
    )


@app.command()
def summary(
    warehouse: Annotated[Path | None, typer.Option(help="The link readers open.")] = None,
) -> None:
    """Print the headline of the warehouse."""
    from warehouse.answers import NoWarehouse
    from warehouse.publish import LINK

    try:
        show_summary(warehouse or LINK)
    except NoWarehouse as error:
        _fail(str(error))


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="One SELECT over the warehouse.")],
    output: Annotated[str, typer.Option("--format", help="table, csv or json.")] = "table",
    warehouse: Annotated[Path | None, typer.Option(help="The link readers open.")] = None,
) -> None:
    """Run one query on the warehouse."""
    import duckdb

    from warehouse.answers import NoWarehouse, connect
    from warehouse.publish import LINK

    if output not in ("table", "csv", "json"):
        _fail(f"--format {output}: expected table, csv or json")
    try:
        with connect(warehouse or LINK) as con:
            result = con.execute(sql)
            names = [d[0] for d in result.description]
            rows = result.fetchall()
    except NoWarehouse as error:
        _fail(str(error))
    except duckdb.Error as error:
        _fail(str(error))
    if output == "table":
        table = Table()
        for name in names:
            table.add_column(name)
        for row in rows:
            table.add_row(
                *("" if v is None else f"{v:.4g}" if isinstance(v, float) else str(v) for v in row)
            )
        console.print(table)
    elif output == "csv":
        import csv

        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)
    else:
        import json

        json.dump([dict(zip(names, r, strict=True)) for r in rows], sys.stdout, default=str)
        sys.stdout.write("\n")


@starter_app.command("build")
def starter_build(
    source: Annotated[Path, typer.Option("--from", help="Folder of the upstreams' files.")],
    to: Annotated[Path | None, typer.Option(help="Where the figures go.")] = None,
) -> None:
    """Parse the upstreams' files and bundle the panel's figures."""
    from pipelines.sources.reading import SourceError
    from pipelines.starter import STARTER
    from pipelines.starter import build as run
    from schemas.frames import SchemaError

    try:
        sizes = run(source, to or STARTER, lambda name: errors.print(f"  {name}"))
    except (SourceError, SchemaError) as error:
        _fail(f"{error}\nThe bundled figures are as they were.")
    table = Table(title="Bundled figures")
    for name in ("table", "rows", "kB"):
        table.add_column(name, justify="left" if name == "table" else "right")
    for name, rows, size in sizes:
        table.add_row(name, f"{rows:,}", f"{size / 1000:,.0f}")
    table.add_section()
    table.add_row(
        "all", f"{sum(r for _, r, _ in sizes):,}", f"{sum(s for *_, s in sizes) / 1000:,.0f}"
    )
    console.print(table)


if __name__ == "__main__":
    app()
