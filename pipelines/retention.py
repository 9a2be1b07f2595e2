"""What is removed so that a year without anyone watching does not fill the disk.

Belongs here: vintages, quarantine, records and leftovers beside the warehouse, and the runs of a
Dagster instance. Does not belong here: old builds, which go when a new one is published
(`warehouse.publish`); releases and their inputs, which stay for ever.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.live.store import RawStore, stamp
from pipelines.operation import Keep
from warehouse.publish import Location, exclusive, remove_old

if TYPE_CHECKING:
    import dagster as dg

# A download that broke off is worth continuing for so long; a temporary file lives no longer.
PARTIAL_DAYS, TEMPORARY_DAYS = 30, 2


def tidy(location: Location, keep: Keep, when: datetime) -> list[Path]:
    """Remove what is beyond its count or age beside a warehouse.

    Parameters
    ----------
    location : Location
        Whose.
    keep : Keep
        How much stays.
    when : datetime
        Now, with a time zone.

    Returns
    -------
    list of Path
        What was removed.

    Raises
    ------
    BuildError, SourceError
        If a build or a refresh is running.
    """
    store = RawStore(location.raw)
    gone: list[Path] = []
    with exclusive(location), store.exclusive():
        for source in store.names():
            store.forget(source, _old_vintages(store, source, keep, when))
        gone += store.sweep()
        for folder in sorted((store.root / "quarantine").glob("*")):
            aside = [p for p in folder.iterdir() if p.is_dir()]
            gone += _beyond(aside, keep.quarantine, keep.quarantine_days, when)
        for name in ("runs", "ticks"):
            records = list((store.root / name).glob("*.json"))
            gone += _beyond(records, keep.records, keep.record_days, when)
        gone += _beyond(list(store.incoming.glob("*/*")), None, PARTIAL_DAYS, when)
        # Years that a parser reduced once; what goes is made again where it is asked for.
        reduced = list((store.root / "parsed").glob("*/parts/*"))
        gone += _beyond(reduced, None, keep.vintage_days, when)
        gone += remove_old(location, keep.builds)
        for log in location.builds.glob("*.wal"):  # of a writer that died; its build is never read
            if not log.name.startswith("."):
                log.unlink()
                gone.append(log)
    return gone


def _old_vintages(store: RawStore, source: str, keep: Keep, when: datetime) -> list[str]:
    """Vintages of a source that may go, but for those the store spares itself."""
    kept = store.vintages(source)
    current = store.current(source)
    at = next(i for i, v in enumerate(kept) if current and v.id == current.id)
    spared = {v.id for v in kept[max(at - 1, 0) : at + 1]}
    oldest = stamp(when - timedelta(days=keep.vintage_days))
    newest = {v.id for v in kept[-keep.vintages :] if v.retrieved_at >= oldest}
    return [v.id for v in kept if v.id not in spared | newest]


def _beyond(paths: Iterable[Path], count: int | None, days: float, when: datetime) -> list[Path]:
    """Remove all but the newest so many, and of those what is older than so many days."""
    order = sorted(paths, key=lambda p: (p.stat().st_mtime_ns, p.name), reverse=True)
    oldest = (when - timedelta(days=days)).timestamp()
    young = [p for p in order[:count] if p.stat().st_mtime >= oldest]
    gone = [p for p in order if p not in young]
    for path in gone:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    return gone


def tidy_temporary(folder: Path, when: datetime) -> list[Path]:
    """Remove temporary files of refreshes that were killed; Dagster's sockets lie beside them."""
    return _beyond(folder.glob("alliance-depth-*"), None, TEMPORARY_DAYS, when)


def tidy_runs(instance: dg.DagsterInstance, keep: Keep, when: datetime) -> list[str]:
    """Remove finished runs beyond their count or age, with their events and logs.

    Returns
    -------
    list of str
        Their ids.
    """
    import dagster as dg
    from dagster._core.storage.dagster_run import FINISHED_STATUSES, RunsFilter

    oldest = when - timedelta(days=keep.run_days)
    records = instance.get_run_records(RunsFilter(statuses=list(FINISHED_STATUSES)))
    gone = [
        r.dagster_run.run_id
        for at, r in enumerate(records)  # newest first
        if at >= keep.runs or r.create_timestamp < oldest
    ]
    for run_id in gone:
        with suppress(dg.DagsterError):
            instance.delete_run(run_id)
        instance.compute_log_manager.delete_logs(prefix=[run_id])
    return gone
