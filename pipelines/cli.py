"""The `alliance-depth` command.

Belongs here: reading arguments, showing progress and results. Does not belong here: any work; each
command delegates, and imports what it needs only when it runs.
"""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from pipelines.answers import COMMANDS
from pipelines.console import console, errors, run_build
from pipelines.console import fail as _fail
from pipelines.live.commands import refresh, source_app
from pipelines.release import diff, release, verify
from pipelines.runs import EXECUTOR, Executor
from pipelines.serve import serve
from pipelines.site import site

app = typer.Typer(
    no_args_is_help=True,
    help="How deep one state's tie to another is, from both ends: build and query the warehouse.",
)
starter_app = typer.Typer(no_args_is_help=True, help="The bundled figures.")
app.add_typer(starter_app, name="starter")
app.command()(refresh)
app.command()(site)
app.add_typer(source_app, name="source")
for command in COMMANDS:
    app.command(rich_help_panel="Ask the warehouse")(command)
for command in (release, diff, verify, serve):
    app.command()(command)


@app.command()
def build(
    warehouse: Annotated[Path | None, typer.Option(help="The link readers open.")] = None,
    release: Annotated[str, typer.Option(help="Name written into the file.")] = "local",
    executor: Annotated[
        Executor, typer.Option(envvar=EXECUTOR, help="Where the steps run; see docs/SCALE.md.")
    ] = Executor.IN_PROCESS,
) -> None:
    """Build the warehouse from the bundled figures and publish it."""
    from warehouse.location import LINK

    link = (warehouse or LINK).absolute()
    run_build(link, release, "starter", executor)
    show_summary(link)


def _direction(gap: float, lo: float, hi: float, conflict: bool) -> str:
    side = "Gulf" if gap > 0 else "Iran"
    certain = side if lo > 0 or hi < 0 else f"{side}?"
    return certain + ("*" if conflict else "")


def show_summary(link: Path) -> None:
    """Print the headline of a warehouse, within 80 columns."""
    from warehouse.answers import connect, headline

    with connect(link) as con:
        rows = headline(con)
        method, release = con.execute("SELECT method_version, release FROM meta_release").fetchone()
    console.print(
        "\nDepth of each great power's ties, seen from the great power (0 no tie, 100):\n"
        "Iran's tie against the mean of the Gulf states' ties.\n",
        highlight=False,
    )
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    right = ("year", "Iran", "Gulf", "gap", "90 % interval", "states", "best")
    for name in (
        "tie of",
        "year",
        "Iran",
        "Gulf",
        "gap",
        "90 % interval",
        "deeper",
        "states",
        "best",
    ):
        table.add_column(name, justify="right" if name in right else "left", no_wrap=True)
    last = None
    for who, year, iran, gulf, gap, lo, hi, n, best, best_iso3, conflict in rows:
        if last not in (None, who):
            table.add_row()
        table.add_row(
            who if who != last else "",
            str(year),
            f"{iran:.1f}",
            f"{gulf:.1f}",
            f"{gap:+.1f}",
            f"{lo:+.1f} to {hi:+.1f}",
            _direction(gap, lo, hi, conflict),
            str(n),
            f"{best:+.1f} {best_iso3}",
        )
        last = who
    console.print(table, highlight=False)
    console.print(
        "\ngap: Gulf minus Iran. deeper: whose tie; ? where the interval holds zero, *\n"
        "where the mean, trade-weighted, pooled and best-of-six gaps differ in sign.\n"
        "states: Gulf states with all four pillars known. best: gap with the deepest tie.",
        highlight=False,
        soft_wrap=True,
    )
    console.print(f"\nRelease {release}, method {method}. The DuckDB file:", highlight=False)
    console.print(f"  {link}", soft_wrap=True, highlight=False)
    console.print("A query to try:", highlight=False)
    console.print(
        '  .venv/bin/alliance-depth query "SELECT year, iran_depth, gulf_depth, gap FROM '
        "iran_and_gulf\n    WHERE principal_iso3 = 'CHN' AND view = 'principal' AND measure = "
        "'depth'\n    ORDER BY year DESC LIMIT 5\"",
        soft_wrap=True,
        highlight=False,
    )


@app.command()
def summary(
    warehouse: Annotated[Path | None, typer.Option(help="The link readers open.")] = None,
) -> None:
    """Print the headline of the warehouse."""
    from warehouse.answers import NoWarehouse
    from warehouse.location import LINK

    try:
        show_summary(warehouse or LINK)
    except NoWarehouse as error:
        _fail(str(error))


@app.command()
def chart(
    target: Annotated[Path, typer.Argument(help="The SVG file to write.")],
    of: Annotated[str, typer.Option(help="headline, or crises: depth against responses.")] = (
        "headline"
    ),
    warehouse: Annotated[Path | None, typer.Option(help="The link readers open.")] = None,
) -> None:
    """Draw a chart of the documents from the warehouse."""
    from warehouse.answers import NoWarehouse
    from warehouse.chart import CHARTS
    from warehouse.location import LINK

    if of not in CHARTS:
        _fail(f"no chart of {of!r}; expected one of {', '.join(CHARTS)}")
    try:
        CHARTS[of](warehouse or LINK, target)
    except NoWarehouse as error:
        _fail(str(error))


def _page(module: str, target: Path, warehouse: Path | None) -> None:
    """Write a page that a module makes of the warehouse."""
    from warehouse.answers import NoWarehouse
    from warehouse.location import LINK

    try:
        text = import_module(module).page(warehouse or LINK)
    except NoWarehouse as error:
        _fail(str(error))
    target.write_text(text, encoding="utf-8")


_Target = Annotated[Path, typer.Argument(help="The Markdown file to write.")]
_Link = Annotated[Path | None, typer.Option(help="The link readers open.")]


@app.command()
def conclusions(target: _Target, warehouse: _Link = None) -> None:
    """Write the page that says which conclusions hold under every variant of the index."""
    _page("warehouse.conclusions", target, warehouse)


@app.command()
def validity(target: _Target, warehouse: _Link = None) -> None:
    """Write the page that says whether the index measures alliance depth."""
    _page("warehouse.validity", target, warehouse)


@app.command()
def claims(target: _Target, warehouse: _Link = None) -> None:
    """Write the page that holds the claims on Iran and its partners against the tables."""
    _page("warehouse.claims", target, warehouse)


@app.command()
def report(
    question: Annotated[
        str | None, typer.Option(help="A question of definition.toml; the first by default.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The HTML file to write.")] = Path("report.html"),
    charts: Annotated[
        Path | None, typer.Option(help="Folder for every chart as SVG and PNG.")
    ] = None,
    warehouse: Annotated[Path | None, typer.Option(help="The link readers open.")] = None,
) -> None:
    """Write the report: one HTML file with charts, tables and weights to try."""
    from warehouse.answers import NoWarehouse
    from warehouse.location import LINK
    from warehouse.report.data import NothingToReport
    from warehouse.report.page import UnknownQuestion, write

    try:
        written = write(warehouse or LINK, question, out, charts)
    except (NoWarehouse, NothingToReport, UnknownQuestion) as error:
        _fail(str(error))
    console.print(str(written), soft_wrap=True, highlight=False)


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


def main() -> None:
    """Run the command that the process was started with."""
    is_build = sys.argv[1:2] == ["build"]
    # What libraries import stays: looking it through for cycles is a fifth of importing Dagster.
    gc.set_threshold(100_000, 20, 100)
    if is_build:
        gc.disable()  # see `runs.build`; here also for what comes after it
    try:
        app()
    except SystemExit as end:
        if end.code == 0 and is_build:
            # All is published and synced. To take half a million objects apart one by one before
            # the system takes their memory back lasts a second.
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)
        raise


if __name__ == "__main__":
    main()
