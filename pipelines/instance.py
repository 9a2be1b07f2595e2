"""Dagster's instance: where runs and their events are kept.

Belongs here: `dagster.yaml` as it is written into an instance's folder, and opening it. Does not
belong here: what runs.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dagster as dg

# Address of a PostgreSQL database, in place of SQLite files in the folder.
POSTGRES = "ALLIANCE_DEPTH_POSTGRES"
# The driver must be named: SQLAlchemy 2.1 takes another by itself, dagster-postgres brings this.
DRIVER = "postgresql+psycopg2://"
# By the variable's name: the address holds a password, which no file needs to know.
_STORAGE = f"""
storage:
  postgres:
    postgres_url:
      env: {POSTGRES}
"""


class InstanceError(RuntimeError):
    """Dagster's instance cannot be had; the message says why."""


def configure(home: Path, log_level: str = "DEBUG") -> None:
    """Write `dagster.yaml` into the folder of an instance.

    Parameters
    ----------
    home : Path
    log_level : str
        What processes of the instance say on their standard error of their own accord.

    Raises
    ------
    InstanceError
        If PostgreSQL is asked for, and its address is none or the package for it is missing.
    """
    from pipelines.settings import PROJECT

    text = (PROJECT / "dagster.yaml").read_text(encoding="utf-8")
    if address := os.environ.get(POSTGRES):
        if not address.startswith(DRIVER):
            # Not the address itself: it holds a password.
            raise InstanceError(
                f"{POSTGRES} begins with {address.partition('://')[0]}://; expected {DRIVER}"
                "user:password@host:5432/name"
            )
        if importlib.util.find_spec("dagster_postgres") is None:
            raise InstanceError(
                f"{POSTGRES} is set, but dagster-postgres is not installed; it comes with: "
                "pip install 'alliance-depth[postgres]'"
            )
        text += _STORAGE
    text += f"\npython_logs:\n  python_log_level: {log_level}\n"
    (home / "dagster.yaml").write_text(text, encoding="utf-8")


@contextmanager
def opened(home: Path) -> Iterator[dg.DagsterInstance]:
    """Open the instance of a folder that `configure` wrote to.

    Raises
    ------
    InstanceError
        If its PostgreSQL database does not answer.
    """
    import dagster as dg

    try:
        instance = dg.DagsterInstance.from_config(str(home))
        instance.get_runs_count()
    except Exception as error:
        if not os.environ.get(POSTGRES):
            raise
        reason: BaseException = error
        while reason.__cause__ is not None:
            reason = reason.__cause__
        raise InstanceError(
            f"the database that {POSTGRES} names cannot be used: {str(reason).strip()}"
        ) from None
    with instance:
        yield instance
