"""Running the job: what `alliance-depth build` does, in this process unless it is told otherwise.

Does not belong here: what the assets are, how steps reach other processes (`engines`), or how the
outcome is shown.
"""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import dagster as dg

# Which executor builds use where nothing else is said.
EXECUTOR = "ALLIANCE_DEPTH_EXECUTOR"


class Executor(StrEnum):
    """Where the steps of a build run."""

    IN_PROCESS = "in-process"
    MULTIPROCESS = "multiprocess"
    CELERY = "celery"


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
        # Nor will anybody ask which steps this run planned: to write that down takes as long.
        runs: Any = instance

        def bare_run(job_def: dg.JobDefinition, **told: Any) -> dg.DagsterRun:
            run = dg.DagsterRun(job_def.name, run_config=told["run_config"], tags=told["tags"])
            return instance.add_run(run)

        runs.create_run_for_job = bare_run
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
def build(
    progress: Callable[[str], None] | None = None, executor: str = "", **settings: Any
) -> None:
    """Materialise every asset, on an instance that leaves nothing behind.

    Parameters
    ----------
    progress : callable, optional
        Called with the name of each table as it is made in this process.
    executor : str
        One of `Executor`; by default that of the variable `EXECUTOR`, or else this process.
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
    from pipelines.live.store import RawStore
    from pipelines.settings import Settings
    from warehouse.publish import exclusive

    where = _chosen(executor or os.environ.get(EXECUTOR, ""))
    chosen = Settings(**settings)
    location = chosen.location
    # Or the vintages could change between the tables and what is said of them.
    unchanging = RawStore(location.raw).exclusive() if chosen.mode == "live" else nullcontext()
    with exclusive(location), unchanging:
        if where is Executor.IN_PROCESS:
            events = _in_process(progress, settings)
        else:
            from pipelines import engines

            events = engines.run(where, chosen)
        faults = [_explain(e) for e in events if e.is_step_failure]
        faults = faults or [_why(e) for e in events if e.is_failure]
        if faults:
            raise BuildFailed("\n".join(faults))
        if where is not Executor.IN_PROCESS:
            engines.publish(chosen)


def _chosen(name: str) -> Executor:
    try:
        return Executor(name or Executor.IN_PROCESS)
    except ValueError:
        raise BuildFailed(
            f"no executor {name!r}; expected one of {', '.join(Executor)}, from the variable "
            f"{EXECUTOR}"
        ) from None


def _in_process(
    progress: Callable[[str], None] | None, settings: dict[str, Any]
) -> list[dg.DagsterEvent]:
    from pipelines.assets.factory import LISTENERS
    from pipelines.definitions import build_defs

    if progress:
        LISTENERS.append(progress)
    try:
        with _ephemeral() as instance:
            return (
                build_defs(behind=True, **settings)
                .resolve_job_def("build")
                .execute_in_process(
                    instance=instance,
                    raise_on_error=False,
                    run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                )
                .all_events
            )
    finally:
        LISTENERS.clear()


def _explain(event: dg.DagsterEvent) -> str:
    """The step, and what it said; the innermost error where it said nothing itself."""
    failure = event.step_failure_data
    data = failure.user_failure_data
    if data is not None and data.description:
        return f"{event.step_key}: {data.description}"
    return f"{event.step_key}: {_innermost(failure.error)}"


def _why(event: dg.DagsterEvent) -> str:
    """What ended a run of which no step failed."""
    data: Any = event.event_specific_data
    # What several workers said comes as one text, each with its stack.
    said = _innermost(getattr(data, "error", None)).partition("\n\nStack Trace")[0]
    return f"{event.message} {said}"


def _innermost(error: Any) -> str:
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.strip() if error else "no reason given"
