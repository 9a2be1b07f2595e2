"""What other processes do to a warehouse while a test looks: read, write, publish and die."""

from __future__ import annotations

import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path

import duckdb

from warehouse import publish as module
from warehouse.publish import BuildFile, Location, exclusive, publish

COUNT = "SELECT count(*) FROM core_un__votes"


def read(there: Connection, link: Path) -> None:
    """Open a warehouse, and count votes when told to."""
    with duckdb.connect(str(link), read_only=True) as con:
        there.send("open")
        there.recv()
        there.send(con.execute(COUNT).fetchone())


def write_and_die(there: Connection, link: Path) -> None:
    """Break the rules: write to a published warehouse, and leave the log behind."""
    con = duckdb.connect(str(link))
    con.execute("CREATE TABLE ghost AS SELECT 1 AS x")
    con.execute(
        "INSERT INTO core_un__votes SELECT * REPLACE ('Z' AS roll_call_id) FROM core_un__votes"
    )
    there.send("written")
    os.kill(os.getpid(), signal.SIGKILL)


def publish_all(there: Connection, folder: Path, build: str, place: Location) -> None:
    """Publish every table of a folder."""
    there.send("begun")
    with exclusive(place):
        publish(folder, build, place)


def publish_and_die(
    there: Connection, folder: Path, build: str, place: Location, stage: str
) -> None:
    """Publish two tables, and die after a step: ``Owner.name``, or a function of the module."""
    votes = module.REGISTRY["core_un__votes"]
    module.published_tables = lambda: [votes, module.REGISTRY["meta_tables"]]
    module.VIEWS = ()
    owner, _, name = stage.rpartition(".")
    place_of = {"": module, "Path": Path, "BuildFile": BuildFile}[owner]
    real = getattr(place_of, name)

    def dies(*words: object, **more: object) -> None:
        real(*words, **more)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(place_of, name, dies)
    publish_all(there, folder, build, place)
