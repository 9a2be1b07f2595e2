"""The last assets: what this build is, and the one DuckDB file readers see."""

import hashlib
from pathlib import Path

import dagster as dg
import pandas as pd

from indices.definition import load_definition
from pipelines.assets.factory import CHECK, TABLES, ParquetTables, checked, table_assets
from pipelines.settings import Settings, built_at, code_version
from pipelines.sources.catalogue import sources
from schemas import REGISTRY
from schemas.generate import meta_fields
from warehouse.publish import published_tables
from warehouse.views import VIEWS

RAW_TABLES = sorted(n for n, t in REGISTRY.items() if t.layer == "raw" and t.in_warehouse)
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
    required_resource_keys={TABLES},
)
def meta_sources(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    tables: ParquetTables = getattr(context.resources, TABLES)
    check = checked(source_rows(tables.location.tables), REGISTRY["meta_sources"], tables)
    if not check.passed:
        raise dg.Failure(check.metadata["found"].value)
    return dg.MaterializeResult(check_results=[check])


def source_rows(folder: Path) -> pd.DataFrame:
    """One row per source: what is known of it, and a hash over its raw tables in this build."""
    import pyarrow.parquet as pq

    rows = []
    for name, source in sources().items():
        files = [folder / f"{t}.parquet" for t in RAW_TABLES if REGISTRY[t].sources == (name,)]
        if not files:
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
                "rows": sum(pq.read_metadata(f).num_rows for f in files),
            }
        )
    return pd.DataFrame(rows)


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
