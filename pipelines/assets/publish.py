"""The last assets: what this build is, and the one DuckDB file readers see."""

import hashlib
from pathlib import Path

import dagster as dg
import pandas as pd

from indices.definition import load_definition
from pipelines.assets.factory import CHECK, TABLES, ParquetTables, checked, table_assets
from pipelines.live.store import RawStore, Vintage
from pipelines.settings import Settings, built_at, code_version
from pipelines.sources.catalogue import sources
from schemas import REGISTRY
from schemas.generate import meta_fields
from warehouse.publish import published_tables
from warehouse.views import VIEWS

RAW_TABLES = sorted(n for n, t in REGISTRY.items() if t.layer == "raw" and t.in_warehouse)
# A source of many requests has its addresses in the sidecar of its vintage.
MOST_URLS = 4
OTHERS = sorted(t.name for t in published_tables() if t.name != "meta_tables")


@table_assets("meta_release")
def meta_release(settings: Settings) -> pd.DataFrame:
    definition = load_definition()
    return pd.DataFrame(
        [
            {
                "release": settings.release,
                "built_at": built_at(),
                "code_version": code_version(),
                "method_version": definition.version,
                "definition_sha256": definition.sha256,
                "mode": settings.mode,
            }
        ]
    )


@table_assets("meta_fields")
def meta_fields_() -> pd.DataFrame:
    views = [
        {
            "table_name": v.name,
            "field": c,
            "type": "",
            "unit": "",
            "description": d,
            "is_key": False,
            "is_nullable": True,
            "redistribution": "full",
        }
        for v in VIEWS
        for c, d in v.columns.items()
    ]
    return pd.concat([meta_fields(published_tables()), pd.DataFrame(views)], ignore_index=True)


@dg.multi_asset(
    name="meta_sources",
    specs=[
        dg.AssetSpec(
            "meta_sources",
            deps=RAW_TABLES,
            description=REGISTRY["meta_sources"].description,
            group_name="publish",
            kinds={"parquet"},
        )
    ],
    check_specs=[dg.AssetCheckSpec(CHECK, asset="meta_sources", blocking=True)],
    # Last: it waits for files that are written behind the other steps.
    op_tags={"dagster/priority": "-1"},
    required_resource_keys={TABLES, "settings"},
)
def meta_sources(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    tables: ParquetTables = getattr(context.resources, TABLES)
    live = context.resources.settings.mode == "live"
    rows = source_rows(tables.written(), tables.location.raw if live else None)
    check = checked(rows, REGISTRY["meta_sources"], tables)
    if not check.passed:
        raise dg.Failure(check.metadata["found"].value)
    return dg.MaterializeResult(check_results=[check])


def source_rows(folder: Path, raw: Path | None = None) -> pd.DataFrame:
    """One row per source that this build has rows of: what is known of it, and a hash of those.

    Parameters
    ----------
    folder : Path
        Holds the raw tables of this build.
    raw : Path, optional
        The raw store, in live mode: there a source with a vintage is described by that.
    """
    import pyarrow.parquet as pq

    rows = []
    for name, source in sources().items():
        files = [folder / f"{t}.parquet" for t in RAW_TABLES if REGISTRY[t].sources == (name,)]
        held = sum(pq.read_metadata(f).num_rows for f in files)
        if not held:
            continue
        digest = hashlib.sha256()
        for file in files:
            digest.update(file.read_bytes())
        rows.append(
            {
                "source": name,
                "title": source.title,
                "vintage": source.vintage,
                "retrieved_at": source.retrieved_at or None,
                "url": source.url,
                "licence": source.licence,
                "citation": source.citation,
                "sha256": digest.hexdigest(),
                "rows": held,
            }
            | (_vintage(vintage) if (vintage := raw and RawStore(raw).current(name)) else {})
        )
    return pd.DataFrame(rows)


def _vintage(vintage: Vintage) -> dict[str, str]:
    """What a vintage says of itself, in place of what is known of the bundled figures."""
    urls = list(dict.fromkeys(p.url for p in vintage.pieces if p.url))
    more = f" and {len(urls) - MOST_URLS} more" if len(urls) > MOST_URLS else ""
    return {
        "vintage": f"{vintage.version} ({vintage.id})" if vintage.version else vintage.id,
        "retrieved_at": vintage.day,
        "sha256": vintage.sha256,
    } | ({"url": " ".join(urls[:MOST_URLS]) + more} if urls else {})


@dg.asset(
    name="warehouse",
    group_name="publish",
    description="The DuckDB file readers see: built whole, then swapped in by moving a link.",
    deps=OTHERS,
    required_resource_keys={TABLES, "settings"},
    kinds={"duckdb"},
)
def warehouse_(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    tables: ParquetTables = getattr(context.resources, TABLES)
    target = tables.publish(context.resources.settings.keep)
    return dg.MaterializeResult(
        metadata={"file": str(target), "bytes": target.stat().st_size, "tables": len(OTHERS) + 1}
    )


PUBLISH = [meta_release, meta_fields_, meta_sources, warehouse_]
