"""Running the job in this process: what `alliance-depth build` does.

Does not belong here: what the assets are, or how the outcome is shown.
"""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from warehouse.publish import exclusive

if TYPE_CHECKING:
    import dagster as dg


def quiet() -> None:
    """Switch off Dagster's telemetry, Great Expectations' analytics, and their noise."""
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    logging.getLogger("dagster").setLevel(logging.CRITICAL)


class BuildFailed(RuntimeError):
    """The job stopped; the message says in which table and why."""


@contextmanager
def _ephemeral() -> Iterator[object]:
    import dagster as dg

    # Quiet console loggers, nothing kept on disk: the persistent instance is for serving.
    with dg.DagsterInstance.ephemeral() as instance:
        # Nobody asks this log: what happened is handed over at the end. To keep it in its database
        # in memory takes a tenth of a build.
        events: Any = instance.event_log_storage
        nothing = dg.EventRecordsResult([], cursor="", has_more=False)
        events.store_event = lambda _: None
        events.get_asset_records = lambda *_: []
        events.fetch_observations = events.fetch_materializations = lambda *_, **__: nothing
        yield instance


@contextmanager
def _uncollected() -> Iterator[None]:
    """Let nobody look for cycles: tables are in none, and a library's objects are many to look at.

    Else that takes a twelfth of the main thread's time, and saves a fiftieth of the memory.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@_uncollected()
def build(progress: Callable[[str], None] | None = None, **settings: Any) -> None:
    """Materialise every asset, in one process on an instance that leaves nothing behind.

    Parameters
    ----------
    progress : callable, optional
        Called with the name of each table as it is made.
    **settings
        Fields of `pipelines.settings.Settings`.

    Raises
    ------
    BuildFailed
        Nothing was published then; the previous warehouse stays in use.
    BuildError, SourceError
        Another build, or in live mode a refresh, is running.
    """
    quiet()
    from pipelines.assets.factory import LISTENERS
    from pipelines.definitions import build_defs
    from pipelines.live.store import RawStore
    from pipelines.settings import Settings

    chosen = Settings(**settings)
    location = chosen.location
    # Or the vintages could change between the tables and what is said of them.
    unchanging = RawStore(location.raw).exclusive() if chosen.mode == "live" else nullcontext()
    if progress:
        LISTENERS.append(progress)
    try:
        with exclusive(location), unchanging, _ephemeral() as instance:
            done = (
                build_defs(behind=True, **settings)
                .resolve_job_def("build")
                .execute_in_process(
                    instance=instance,
                    raise_on_error=False,
                    run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                )
            )
    finally:
        LISTENERS.clear()
    faults = [_explain(event) for event in done.all_events if event.is_step_failure]
    if faults:
        raise BuildFailed("\n".join(faults))


def _explain(event: dg.DagsterEvent) -> str:
    """The step, and what it said; the innermost error where it said nothing itself."""
    failure = event.step_failure_data
    data = failure.user_failure_data
    if data is not None and data.description:
        return f"{event.step_key}: {data.description}"
    error = failure.error
    while error is not None and error.cause is not None:
        error = error.cause
    return f"{event.step_key}: {error.message.strip() if error else 'no reason given'}"
