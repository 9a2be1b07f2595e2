"""Raw tables: what each source says, in its own spelling.

In starter mode a raw table is the bundled figures; the curated tables are read from their CSV
files in every mode.
"""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pandas as pd

from pipelines.assets.factory import table_assets
from pipelines.settings import Settings
from pipelines.sources.curated.load import load
from schemas import REGISTRY, table
from warehouse.tables import read

CURATED = "raw_curated__"


def _bundled(name: str) -> dg.AssetsDefinition:
    def raw(settings: Settings) -> pd.DataFrame:
        path = Path(settings.starter) / f"{name}.parquet"
        if not path.is_file():
            raise dg.Failure(
                f"{path} is not there; the checkout is incomplete: restore warehouse/starter, or "
                "make it with: alliance-depth starter build --from FOLDER"
            )
        return read(path, table(name))

    return table_assets(name)(raw)


def _curated(name: str) -> dg.AssetsDefinition:
    def raw() -> pd.DataFrame:
        return load(name.removeprefix(CURATED))

    return table_assets(name)(raw)


RAW = [
    _curated(name) if name.startswith(CURATED) else _bundled(name)
    for name, t in sorted(REGISTRY.items())
    if t.layer == "raw" and t.in_warehouse
]
