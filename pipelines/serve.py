"""`alliance-depth serve`: Dagster's webserver and daemon as children of one process.

Belongs here: starting, watching and stopping them, their folder and their logs. Does not belong
here: what they run (`schedules`).
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from time import monotonic
from typing import IO, TYPE_CHECKING, Annotated

import typer

from pipelines.console import console, fail
from pipelines.instance import InstanceError, configure, opened

if TYPE_CHECKING:
    from pipelines.operation import Keep

# Exit codes, beside 0 for a stop that was asked for and 1 for what could not start.
CHILD_ENDED = 4
# A child that is asked to stop and does not is killed after so many seconds.
GRACE_SECONDS = 20
START_SECONDS = 120
# The parts talk over sockets in their temporary folder, whose whole path may have 107 characters.
LONGEST_PATH = 80
TIDY_SECONDS = 3600
LOOPBACK = ("127.0.0.1", "::1", "localhost")
MODULE = "pipelines.live_definitions"


@dataclass(frozen=True)
class Place:
    """Folders of a served warehouse.

    Parameters
    ----------
    link : Path
        The link readers open.
    """

    link: Path

    @property
    def home(self) -> Path:
        """Dagster's folder: its configuration and its databases."""
        return self.link.parent / ".dagster"

    @property
    def logs(self) -> Path:
        """Folder of the children's logs."""
        return self.home / "logs"

    @property
    def temporary(self) -> Path:
        """Temporary files of the children, so that what a killed one leaves can be removed."""
        return self.home / "temporary"


def serve(
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of the web page.")] = 3000,
    warehouse: Annotated[Path | None, typer.Option(help="The link readers open.")] = None,
) -> None:
    """Refresh the warehouse on schedule, with a web page to watch it; runs until it is stopped.

    Exit code 0: stopped by SIGTERM or SIGINT. 1: could not start. 4: a part ended by itself; start
    again.
    """
    from pipelines.operation import OperationError, operation
    from warehouse.locks import hold
    from warehouse.publish import LINK

    place = Place((warehouse or LINK).absolute())
    # From the first moment: whoever stops this while it starts is to find no child left.
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        keep = operation().keep
        _require_webserver()
        _require_definitions()
        busy = BlockingIOError(f"{place.home} is served already; stop that one first")
        with hold(place.home, busy):
            _require_port(host, port)
            _prepare(place)
            ended = _run(place, host, port, keep, stop)
    except (OperationError, InstanceError, OSError, ImportError) as error:
        fail(str(error))
    if ended:
        console.print(f"{ended}; its log is in {place.logs}", highlight=False, soft_wrap=True)
        raise typer.Exit(CHILD_ENDED)


def _require_webserver() -> None:
    try:
        import dagster_webserver  # noqa: F401
    except ImportError:
        raise ImportError(
            "dagster-webserver is not installed; it comes with: pip install 'alliance-depth[serve]'"
        ) from None


def _require_definitions() -> None:
    """Load here what the children will load: their errors would only be in their logs."""
    import dagster as dg

    from pipelines.live_definitions import defs

    dg.Definitions.validate_loadable(defs)


def _require_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise OSError(
                f"cannot listen at {host}, port {port} ({error.strerror}); name another with --port"
            ) from None


def _prepare(place: Place) -> None:
    """Make the folders, and clear away what an earlier process that was killed left."""
    place.logs.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(place.temporary, ignore_errors=True)
    place.temporary.mkdir()
    configure(place.home)
    _end_orphans(place.home)


def _end_orphans(home: Path) -> None:
    """Call runs failed whose process went with an earlier `serve`: they would block the queue.

    The daemon then starts them anew.
    """
    import dagster as dg

    with opened(home) as instance:
        under_way = [
            dg.DagsterRunStatus.STARTING,
            dg.DagsterRunStatus.STARTED,
            dg.DagsterRunStatus.CANCELING,
        ]
        for run in instance.get_runs(dg.RunsFilter(statuses=under_way)):
            instance.report_run_failed(run, "the process that served it has ended")


def _run(place: Place, host: str, port: int, keep: Keep, stop: threading.Event) -> str:
    """Run both until one ends (returns which) or a stop is asked for (returns '')."""
    environment = os.environ | {
        "DAGSTER_HOME": str(place.home),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "GX_ANALYTICS_ENABLED": "false",
        "PYTHONUNBUFFERED": "1",
        "ALLIANCE_DEPTH_WAREHOUSE": str(place.link),
    }
    if len(str(place.temporary)) <= LONGEST_PATH:
        environment["TMPDIR"] = str(place.temporary)
    commands = {
        "webserver": ["dagster_webserver", "-h", host, "-p", str(port), "-m", MODULE],
        "daemon": ["dagster._daemon", "run", "-m", MODULE],
    }
    children: dict[str, subprocess.Popen[bytes]] = {}
    readers: list[threading.Thread] = []
    try:
        for name, words in commands.items():
            children[name] = subprocess.Popen(
                [sys.executable, "-m", *words],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                # A group of its own: a terminal's ^C reaches only this process, which then asks
                # each child to end, and whatever a child leaves behind can be ended.
                start_new_session=True,
            )
            output = children[name].stdout
            assert output is not None
            readers.append(_keep_log(output, place.logs / f"{name}.log", keep))
        ended = _watch(children, place, host, port, stop)
    finally:
        _stop(children)
        for reader in readers:
            reader.join(5)
    return ended


def _watch(
    children: dict[str, subprocess.Popen[bytes]],
    place: Place,
    host: str,
    port: int,
    stop: threading.Event,
) -> str:
    from pipelines.retention import tidy_temporary

    told = False
    tidied = monotonic()
    deadline = monotonic() + START_SECONDS
    while not stop.wait(0.2):
        for name, child in children.items():
            if child.poll() is not None:
                return f"the {name} ended with exit code {child.returncode}"
        if not told and _answers(host, port):
            told = True
            console.print(f"Serving at http://{host}:{port}", highlight=False, soft_wrap=True)
            if host not in LOOPBACK:
                console.print(
                    "Anyone who reaches this address may start and stop runs: it asks no password.",
                    soft_wrap=True,
                )
            sys.stdout.flush()
        if monotonic() - tidied > TIDY_SECONDS:
            tidied = monotonic()
            with suppress(OSError):
                tidy_temporary(place.temporary, datetime.now(UTC))
        if not told and monotonic() > deadline:
            return f"the webserver did not answer within {START_SECONDS} s"
    return ""


def _answers(host: str, port: int) -> bool:
    with suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False


def _stop(children: dict[str, subprocess.Popen[bytes]]) -> None:
    """Ask all to end, and end the group of each that does not, with what it left behind."""
    for child in children.values():
        with suppress(ProcessLookupError):
            child.send_signal(signal.SIGINT)
    deadline = monotonic() + GRACE_SECONDS
    for child in children.values():
        with suppress(subprocess.TimeoutExpired):
            child.wait(max(0.0, deadline - monotonic()))
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


class _Log(RotatingFileHandler):
    """A log that goes on without the lines that a full disk has no room for."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Lose the line: the child whose output nobody read any more would stop."""


def _keep_log(output: IO[bytes], path: Path, keep: Keep) -> threading.Thread:
    """Write a child's output into files that rotate by size, from a thread."""
    handler = _Log(path, maxBytes=int(keep.log_mb * 1e6), backupCount=keep.logs, delay=True)
    handler.setFormatter(logging.Formatter("%(message)s"))

    def copy() -> None:
        with output:
            for line in output:
                text = line.decode("utf-8", "replace").rstrip("\n")
                handler.emit(logging.LogRecord("", 0, "", 0, text, None, None))
        handler.close()

    thread = threading.Thread(target=copy, daemon=True)
    thread.start()
    return thread
