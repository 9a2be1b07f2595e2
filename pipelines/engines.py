"""A build whose steps run in other processes: on this machine, or wherever a Celery worker is.

Belongs here: what the executors are told, the job as another process makes it again, and the
instance that all of them report to. Does not belong here: what a step does; publishing, which is
left to the process that holds the right to build.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import warnings
from pathlib import Path
from typing import Any

import dagster as dg

from indices.definition import load_definition
from pipelines.assets.factory import ParquetTables
from pipelines.core.geo import PANEL
from pipelines.definitions import build_defs
from pipelines.instance import InstanceError, configure, opened
from pipelines.runs import BuildFailed, Executor, quiet
from pipelines.settings import Settings, built_at, code_version

# Address of the Redis through which steps go to Celery's workers and their answers come back.
BROKER = "ALLIANCE_DEPTH_BROKER"
# What only the process that holds the lock may do.
PUBLISHING = "warehouse"
# How long workers may take to say that they are there.
ANSWER_SECONDS = 5

quiet()
# At import: a worker computes with the commit that it was started with, not with a later one.
COMMIT = code_version()


def surroundings() -> str:
    """What the figures of a build depend on besides its settings and its inputs, as JSON.

    A worker on a machine of its own has its own checkout and its own variables.
    """
    panel = os.environ.get(PANEL)
    return json.dumps(
        {
            "commit": COMMIT,
            "time of the build": str(built_at()),
            "definition and questions": load_definition().sha256,
            "panel": hashlib.sha256(Path(panel).read_bytes()).hexdigest() if panel else "",
        }
    )


def job(executor: str, expected: str, **settings: Any) -> dg.JobDefinition:
    """Make the job again in the process of a step.

    Parameters
    ----------
    executor : str
        One of `Executor`, but not the first.
    expected : str
        The `surroundings` of whoever started the build.
    **settings
        Fields of `pipelines.settings.Settings`.

    Raises
    ------
    BuildFailed
        If this process would compute something else than was asked for.
    """
    found = json.loads(surroundings())
    differ = [
        f"{name} ({found[name]!r}, not {wanted!r})"
        for name, wanted in json.loads(expected).items()
        if found[name] != wanted
    ]
    if differ:
        raise BuildFailed(
            f"a worker differs from what started the build in: {'; '.join(differ)}; start it again "
            "with the same commit and the same variables"
        )
    return build_defs(executor=_definition(executor), **settings).resolve_job_def("build")


def _definition(executor: str) -> dg.ExecutorDefinition:
    if executor == Executor.MULTIPROCESS:
        return dg.multiprocess_executor
    try:
        from dagster_celery import celery_executor
    except ImportError:
        raise BuildFailed(
            "dagster-celery is not installed; it comes with: pip install 'alliance-depth[celery]'"
        ) from None
    return celery_executor


def run(executor: str, settings: Settings) -> list[dg.DagsterEvent]:
    """Make every table in other processes; the caller holds the right to build.

    Returns
    -------
    list of DagsterEvent
        What happened.

    Raises
    ------
    BuildFailed
        If nothing could be started.
    """
    paths = {name: str(Path(getattr(settings, name)).absolute()) for name in ("link", "starter")}
    told = {"executor": str(executor), "expected": surroundings()}
    remade = dg.build_reconstructable_job(
        __name__,
        job.__name__,
        reconstructable_kwargs=settings.model_dump() | paths | told,
    )
    keys = remade.get_definition().asset_layer.executable_asset_keys
    with tempfile.TemporaryDirectory(prefix="alliance-depth-") as home:
        try:
            configure(Path(home), "CRITICAL")
            with opened(Path(home)) as instance, warnings.catch_warnings():
                # dagster-celery registers its one task anew for every step.
                warnings.filterwarnings("ignore", "Task name 'execute_plan' is already registered")
                return dg.execute_job(
                    remade,
                    instance,
                    asset_selection=[k for k in keys if k != dg.AssetKey(PUBLISHING)],
                    run_config=_configuration(executor),
                ).all_events
        except InstanceError as error:
            raise BuildFailed(str(error)) from None


def publish(settings: Settings) -> None:
    """Publish the warehouse that the tables make; the caller holds the right to build."""
    ParquetTables(link=settings.link).publish(settings.keep)


def _configuration(executor: str) -> dict[str, Any]:
    """What is written under ``execution: config:``; elsewhere Dagster would take no notice."""
    if executor == Executor.MULTIPROCESS:
        # The libraries are imported once; every step is a fork of the process that did.
        told: dict[str, Any] = {"start_method": {"forkserver": {"preload_modules": [__name__]}}}
    else:
        told = {"broker": _broker(), "backend": _broker()}
        _require_workers()
    return {
        "execution": {"config": told},
        "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
    }


def _broker() -> str:
    address = os.environ.get(BROKER)
    if not address:
        raise BuildFailed(f"{BROKER} is not set; name a Redis: redis://host:6379/0")
    return address


def _require_workers() -> None:
    """Refuse to wait for nobody: a step that no worker takes would be waited for without end."""
    from kombu.exceptions import OperationalError

    from pipelines.workers import app

    try:
        answers = app.control.ping(timeout=ANSWER_SECONDS)
    except OperationalError as error:
        raise BuildFailed(f"the broker that {BROKER} names does not answer: {error}") from None
    if not answers:
        raise BuildFailed(
            f"no worker answers at the broker that {BROKER} names; start one with: "
            "celery -A pipelines.workers worker"
        )
