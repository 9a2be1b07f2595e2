"""Which sources should be asked again before their time: a new version, or a fault that may pass.

Belongs here: comparing what upstreams and records say with what is in use. Does not belong here:
how an upstream tells its version (`version` of its `fetch.py`), or fetching anything.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import cast

from pipelines.live.refresh import connected, connector
from pipelines.live.store import RawStore
from pipelines.live.web import Web, address
from pipelines.operation import Again
from pipelines.sources.reading import SourceError


def tells_version(source: str) -> bool:
    """Whether one small reply of the upstream tells its version."""
    return "version" in vars(connector(source))


def _ask(source: str) -> Callable[[Web], str]:
    """The function of a connector that asks for the version; not every connector has one."""
    return cast(Callable[[Web], str], vars(connector(source))["version"])


def look(store: RawStore) -> tuple[dict[str, str], list[str]]:
    """Ask those upstreams for their versions that tell them cheaply.

    Returns
    -------
    tuple
        The versions that differ from those in use, by source, and what could not be asked.

    Raises
    ------
    SourceError
        If the addresses or the store cannot be read.
    """
    new: dict[str, str] = {}
    faults: list[str] = []
    for source in filter(tells_version, connected()):
        place = address(source)
        current = store.current(source)
        try:
            with Web(place) as web:
                found = _ask(source)(web)
        except SourceError as error:
            faults.append(str(error))
        except Exception as error:  # one upstream must not keep the others from being asked
            faults.append(f"{source}: {type(error).__name__}: {error}; {place.by_hand}")
        else:
            if current is None or found != current.version:
                new[source] = found
    return new, faults


def due_again(store: RawStore, when: datetime, again: Again) -> dict[str, str]:
    """Sources that failed and should be asked again now.

    After the first failure in a row that is `again.hours` later, after the second twice as long,
    and so on; after `again.most` attempts the source waits for its next time.

    Returns
    -------
    dict of str to str
        The moment of the last failure, by source.
    """
    failures: dict[str, list[str]] = {}
    for record in sorted((store.root / "runs").glob("*.json")):
        try:
            said = json.loads(record.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue  # removed meanwhile, or of a disk that was full
        for outcome in said["sources"]:
            if outcome["status"] == "failed":
                failures.setdefault(outcome["source"], []).append(said["started_at"])
            else:
                failures.pop(outcome["source"], None)
    return {
        source: times[-1]
        for source, times in failures.items()
        if len(times) <= again.most
        and datetime.fromisoformat(times[-1]) + timedelta(hours=again.hours * 2 ** (len(times) - 1))
        <= when
    }
