"""The command `site`. Does not belong here: any work (`warehouse.site`)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from pipelines.console import console, errors, fail


def site(
    into: Annotated[Path, typer.Argument(help="Folder to write: new, or a site to replace.")],
    releases: Annotated[Path | None, typer.Option("--in", help="Folder of the releases.")] = None,
    warehouse: Annotated[Path | None, typer.Option(help="The link readers open.")] = None,
) -> None:
    """Write documentation, report and downloads into one folder that any host can serve."""
    from warehouse.answers import NoWarehouse
    from warehouse.publish import LINK, Location
    from warehouse.releases.layout import ReleaseError
    from warehouse.report.data import NothingToReport
    from warehouse.site.text import SiteError
    from warehouse.site.write import write

    location = Location((warehouse or LINK).absolute())
    try:
        with errors.status("") as status:
            offered = write(
                into,
                releases or location.releases,
                location.link,
                progress=lambda step: status.update(escape(step)),
            )
    except (NoWarehouse, NothingToReport, ReleaseError, SiteError) as error:
        fail(str(error))
    names = ", ".join(r.name for r in offered) or "none"
    console.print(f"{into}, releases: {names}", highlight=False, soft_wrap=True, markup=False)
