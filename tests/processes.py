"""Processes that a test starts, talks to and kills.

Belongs here: starting them, forked from one that has the libraries loaded, which takes some
milliseconds where a new Python takes a second or two. Does not belong here: what they do; those are
functions of modules that import nothing else, or every process would load a test module first. Only
`hold` is here, which several ask for.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from warehouse.publish import Location, exclusive

_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(
    ["pytest", "warehouse.publish", "warehouse.releases.write", "pipelines.tick",
     "pipelines.assets.publish"]
)  # fmt: skip


def _run(
    environment: dict[str, str], work: Callable[..., None], there: Connection, given: tuple
) -> None:
    # That of the test: what forks has the one in which the first of all tests started it.
    os.environ.clear()
    os.environ.update(environment)
    work(there, *given)


@contextmanager
def process(work: Callable[..., None], *given: object) -> Iterator[tuple[BaseProcess, Connection]]:
    """Run a function in a process of its own; killed at the end.

    Parameters
    ----------
    work : callable
        Called with its end of a pipe, and then `given`.
    *given : object
        What can be pickled.

    Yields
    ------
    BaseProcess, Connection
        The process, and the other end of the pipe.
    """
    here, there = _FORKING.Pipe()
    with here, there:
        made = _FORKING.Process(target=_run, args=(dict(os.environ), work, there, given))
        made.start()
        there.close()  # or its end would not be seen here
        try:
            yield made, here
        finally:
            made.kill()
            made.join()
            made.close()


def hold(there: Connection, place: Location) -> None:
    """Hold the right to build until told, or killed."""
    with exclusive(place):
        there.send("held")
        there.recv()
