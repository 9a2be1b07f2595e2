"""Raw tables: what each source says, in its own spelling.

In starter mode a raw table is the bundled figures. In live mode it is what the current vintage of
its source holds, and the bundled figures only where nothing was fetched yet. The curated tables
are read from their CSV files in every mode.
"""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pandas as pd

from pipelines.assets.factory import table_assets
from pipelines.settings import Settings
from pipelines.sources.catalogue import sources
from pipelines.sources.curated.load import load
from pipelines.sources.reading import SourceError
from schemas import REGISTRY, table
from warehouse.tables import held

CURATED = "raw_curated__"


def _bundled(name: str, folder: Path) -> pd.DataFrame:
    path = folder / f"{name}.parquet"
    (source,) = table(name).sources
    if not path.is_file() and not sources()[source].is_bundled:
        return pd.DataFrame(columns=list(table(name).columns))
    if not path.is_file():
        raise dg.Failure(
            f"{path} is not there; the checkout is incomplete: restore warehouse/starter, or "
            "make it with: alliance-depth starter build --from FOLDER"
        )
    return held(path)


def _fetched(source: str, settings: Settings) -> dict[str, Path]:
    """Files of the tables of a source's current vintage; none in starter mode or without one."""
    if settings.mode != "live":
        return {}
    from pipelines.live.refresh import parsed
    from pipelines.live.store import RawStore

    store = RawStore(settings.location.raw)
    try:
        vintage = store.current(source)
        return parsed(store, vintage) if vintage else {}
    except SourceError as error:
        raise dg.Failure(str(error)) from None


def _of_source(source: str) -> dg.AssetsDefinition:
    """One step for each source, so that a source's tables stand or fall together."""
    names = [t.name for t in PUBLISHED if t.sources == (source,)]

    def raw(settings: Settings) -> tuple[pd.DataFrame, ...]:
        kept = _fetched(source, settings)
        return tuple(
            load(name.removeprefix(CURATED))
            if name.startswith(CURATED)
            else held(kept[name])
            if name in kept
            else _bundled(name, Path(settings.starter))
            for name in names
        )

    return table_assets(*names, step=f"source_{source}")(raw)


PUBLISHED = [t for _, t in sorted(REGISTRY.items()) if t.layer == "raw" and t.in_warehouse]
RAW = [_of_source(source) for source in sorted({s for t in PUBLISHED for s in t.sources})]
