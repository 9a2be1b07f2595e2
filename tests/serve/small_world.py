"""A build of one source's tables: the real locks, files, link and store, and no figures beside."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection

import pandas as pd
import pytest

from pipelines.assets import publish as assets
from pipelines.live.refresh import parsed
from pipelines.live.store import RawStore
from pipelines.operation import Operation, operation
from pipelines.tick import tick
from schemas import REGISTRY, conform
from warehouse import publish
from warehouse.publish import Location
from warehouse.tables import save

TROOPS = "raw_us_troops__country_years"
TABLES = (TROOPS, "meta_release", "meta_sources", "meta_tables")


@contextmanager
def few_tables() -> Iterator[None]:
    """Let a warehouse consist of `TABLES`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publish, "published_tables", lambda: [REGISTRY[t] for t in TABLES])
        patch.setattr(publish, "VIEWS", ())
        patch.setattr(assets, "RAW_TABLES", [TROOPS])
        yield


def build(location: Location, keep: int) -> None:
    """Build and publish the tables of the vintage in use."""
    store = RawStore(location.raw)
    vintage = store.current("us_troops")
    assert vintage is not None
    folder = location.tables
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{TROOPS}.parquet").write_bytes(parsed(store, vintage)[TROOPS].read_bytes())
    now = pd.Timestamp.now("UTC")
    release = {
        "release": "local",
        "built_at": now.tz_localize(None),
        "code_version": "",
        "method_version": "1",
        "definition_sha256": "0" * 64,
        "mode": "live",
    }
    made = {
        "meta_release": pd.DataFrame([release]),
        "meta_sources": assets.source_rows(folder, store.root),
    }
    for name, frame in made.items():
        save(conform(frame, REGISTRY[name]), REGISTRY[name], folder / f"{name}.parquet")
    publish.publish(folder, now.strftime("%Y%m%dT%H%M%S%fZ"), location, keep)


def settings() -> Operation:
    """The settings of the machine that runs the test."""
    return operation()


def refresh(there: Connection, location: Location, limit: int) -> None:
    """Refresh once, and say what came of it; with a limit, no file may be larger."""
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    with few_tables():
        done = tick(["us_troops"], location, datetime.now(UTC), settings(), build)
    there.send(f"{done.outcome} {done.message}")
