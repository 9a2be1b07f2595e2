"""Everything Dagster loads: `dagster dev`, `dg dev` and the command line share this."""

from __future__ import annotations

from typing import Any

import dagster as dg

from pipelines.assets.core import CORE
from pipelines.assets.crises import CRISES
from pipelines.assets.factory import TABLES, ParquetTables
from pipelines.assets.known_groups import KNOWN_GROUPS
from pipelines.assets.outputs import OUTPUTS
from pipelines.assets.publish import PUBLISH
from pipelines.assets.raw import RAW
from pipelines.assets.rivals import BESIDE
from pipelines.settings import Settings

ASSETS = [*RAW, *CORE, *OUTPUTS, *KNOWN_GROUPS, *CRISES, *BESIDE, *PUBLISH]


def build_defs(
    *,
    behind: bool = False,
    executor: dg.ExecutorDefinition = dg.in_process_executor,
    **overrides: Any,
) -> dg.Definitions:
    """Return the definitions of this project.

    Parameters
    ----------
    behind : bool
        See `ParquetTables`.
    executor : ExecutorDefinition
        Where the steps of the job run.
    **overrides
        Fields of `pipelines.settings.Settings`, for instance ``link`` or ``mode``.
    """
    settings = Settings(**overrides)
    resources: dict[str, Any] = {
        "settings": settings,
        TABLES: ParquetTables(link=settings.link, behind=behind),
    }
    if behind:
        # No output goes through it; the one for files is slow to import.
        resources["io_manager"] = dg.mem_io_manager
    return dg.Definitions(
        assets=ASSETS,
        resources=resources,
        jobs=[
            dg.define_asset_job(
                "build",
                selection=dg.AssetSelection.all(),
                executor_def=executor,
                description="The whole way from raw tables to the published warehouse.",
            )
        ],
    )


defs = build_defs()
