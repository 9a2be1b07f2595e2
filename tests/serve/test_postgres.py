"""Dagster's instance in a real PostgreSQL instead of SQLite files."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from reading import seen
from test_serve import executed, free_port, serving

from pipelines.instance import DRIVER, POSTGRES, InstanceError, configure, opened

pytestmark = pytest.mark.soak


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """Address of a database on a server of this test's own, on a socket."""
    if importlib.util.find_spec("dagster_postgres") is None:
        pytest.skip("dagster-postgres is not installed: pip install 'alliance-depth[postgres]'")
    tools = [*Path("/usr/lib/postgresql").glob("*/bin"), Path(shutil.which("initdb") or "/").parent]
    if not (tools[0] / "initdb").is_file():
        pytest.skip("PostgreSQL's server is not here: apt-get install postgresql")
    # The server refuses to run as root, and its user has no way into the tests' own folder.
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    if user:
        shutil.chown(folder, "postgres")

    def call(tool: str, *words: str) -> None:
        command = [*user, str(tools[0] / tool), *words]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")

    data = str(folder / "data")
    call("initdb", "-D", data, "-A", "trust", "-U", "dagster")
    listen = f"-k {folder} -c listen_addresses="
    call("pg_ctl", "-D", data, "-l", str(folder / "log"), "-o", listen, "-w", "start")
    try:
        call("createdb", "-h", str(folder), "-U", "dagster", "runs")
        yield f"{DRIVER}dagster@/runs?host={folder}"
    finally:
        call("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder)


def asked(address: str, query: str) -> Any:
    """The one figure that a query gives."""
    import sqlalchemy

    engine = sqlalchemy.create_engine(address)
    with engine.connect() as con:
        figure = con.execute(sqlalchemy.text(query)).scalar_one()
    engine.dispose()
    return figure


def test_a_refresh_is_kept_in_the_database_and_served_from_there(
    database: str, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(POSTGRES, database)
    link = world.location.link
    home = link.parent / ".dagster"
    home.mkdir(parents=True)
    configure(home)
    assert database not in (home / "dagster.yaml").read_text()
    with opened(home) as instance:
        done = executed(world, monkeypatch, instance)
    assert done.success
    assert seen(link) == 1
    assert asked(database, "SELECT count(*) FROM runs WHERE status = 'SUCCESS'") == 1
    assert asked(database, "SELECT count(*) FROM event_logs") > 10
    port = free_port()
    with serving(link, port):
        page = requests.post(
            f"http://127.0.0.1:{port}/graphql",
            json={"query": "{ runsOrError { ... on Runs { results { runId } } } }"},
            timeout=60,
        )
        listed = page.json()["data"]["runsOrError"]["results"]
    assert [r["runId"] for r in listed] == [done.run_id]
    assert asked(database, "SELECT count(*) FROM daemon_heartbeats") > 0
    assert list(home.rglob("*.db")) == []


def test_a_database_that_does_not_answer_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("dagster_postgres")
    monkeypatch.setenv(POSTGRES, f"{DRIVER}me:secret@/runs?host={tmp_path}")
    configure(tmp_path)
    with (
        pytest.raises(InstanceError, match=f"{POSTGRES} names cannot be used") as refused,
        opened(tmp_path),
    ):
        pass
    assert str(tmp_path) in str(refused.value)
    assert "secret" not in str(refused.value)
