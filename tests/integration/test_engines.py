"""Steps of a build in other processes: the same bytes, or a refusal that says why."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from builds import HERE, ROOT, Built, assert_same_bytes, start

from pipelines import engines, runs
from pipelines.instance import POSTGRES

START_SECONDS = 60


def build(link: Path, executor: str, **variables: str) -> Built:
    """Build the starter on an executor; it says nothing that nobody asked for."""
    words = ("build", "--executor", executor, "--warehouse", link)
    with start(*words, env={**HERE, **variables}) as process:
        _, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors
    assert errors == ""
    assert link.is_file()
    return Built(link)


@pytest.mark.soak
def test_processes_give_the_same_bytes(built: Built, tmp_path: Path) -> None:
    assert_same_bytes(built, build(tmp_path / "alliance_depth.duckdb", "multiprocess"))


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[str]:
    """Address of a Redis of this test's own."""
    if not all(importlib.util.find_spec(package) for package in ("dagster_celery", "redis")):
        pytest.skip("dagster-celery is not installed: pip install 'alliance-depth[celery]'")
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not here: apt-get install redis-server")
    socket = tmp_path / "redis"
    words = ["redis-server", "--port", "0", "--unixsocket", str(socket), "--save", ""]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, cwd=tmp_path) as server:
        wait_for(socket.exists)
        yield f"redis+socket://{socket}"
        server.terminate()


def wait_for(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + START_SECONDS
    while not happened():
        assert time.monotonic() < end, "it did not start"
        time.sleep(0.2)


@pytest.mark.soak
def test_two_celery_workers_give_the_same_bytes(built: Built, broker: str, tmp_path: Path) -> None:
    logs = [tmp_path / f"{name}.log" for name in ("one", "two")]
    with ExitStack() as ending:
        for log in logs:
            words = ["celery", "-A", "pipelines.workers", "worker", "--concurrency", "1"]
            worker = subprocess.Popen(
                [sys.executable, "-m", *words, "--hostname", f"{log.stem}@here", "-l", "INFO"],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT), **HERE, engines.BROKER: broker},
                stderr=ending.enter_context(log.open("w")),
                stdout=subprocess.DEVNULL,
            )
            ending.callback(worker.wait, 30)
            ending.callback(worker.terminate)
        for log in logs:
            wait_for(lambda log=log: " ready." in log.read_text())
        made = build(tmp_path / "alliance_depth.duckdb", "celery", **{engines.BROKER: broker})
    assert_same_bytes(built, made)
    assert all(re.search(r"Task execute_plan\S+ succeeded", log.read_text()) for log in logs)


@pytest.mark.soak
def test_nobody_is_waited_for_who_is_not_there(
    broker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for address, said in ((broker, "no worker answers"), (f"{broker}_not", "does not answer")):
        monkeypatch.setenv(engines.BROKER, address)
        monkeypatch.delitem(sys.modules, "pipelines.workers", raising=False)
        with pytest.raises(runs.BuildFailed, match=said):
            runs.build(executor="celery", link=str(tmp_path / "alliance_depth.duckdb"))


def test_a_process_that_would_compute_something_else_refuses() -> None:
    mine = json.loads(engines.surroundings())
    other = json.dumps(mine | {"definition and questions": "0" * 64})
    with pytest.raises(runs.BuildFailed, match=r"in: definition and questions \([^;]*; start it"):
        engines.job("multiprocess", other)
    assert engines.job("multiprocess", engines.surroundings()).name == "build"


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = str(tmp_path / "alliance_depth.duckdb")
    with pytest.raises(runs.BuildFailed, match="expected one of in-process, multiprocess, celery"):
        runs.build(executor="spark", link=link)
    monkeypatch.setitem(sys.modules, "dagster_celery", None)
    with pytest.raises(runs.BuildFailed, match=r"pip install 'alliance-depth\[celery\]'"):
        runs.build(executor="celery", link=link)
    monkeypatch.setenv(POSTGRES, "postgresql://me:secret@here/runs")
    with pytest.raises(runs.BuildFailed, match="expected postgresql\\+psycopg2://") as refused:
        runs.build(executor="multiprocess", link=link)
    assert "secret" not in str(refused.value)
