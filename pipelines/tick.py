"""One scheduled refresh from end to end: fetch, build if anything is new, release, tidy, tell.

Whatever goes wrong in one step is written into the summary, and what readers see stays as it was.

Does not belong here: when this happens (`schedules`), or how any of the steps is done.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Literal

from pipelines import runs
from pipelines.live.refresh import RunSummary, is_published, refresh
from pipelines.live.store import RawStore, stamp
from pipelines.notify import notify
from pipelines.operation import Operation
from pipelines.retention import tidy
from pipelines.sources.reading import SourceError
from warehouse.publish import BuildError, Location, exclusive

# Seconds between looks at a lock that another process holds.
POLL_SECONDS = 0.5
Build = Callable[[Location, int], None]


@dataclass
class Tick:
    """How one scheduled refresh went.

    Parameters
    ----------
    started_at, ended_at : str
        UTC.
    outcome : str
        'published' (readers see a new build), 'unchanged', or 'failed' (something that should have
        been done could not be; readers see what they saw before).
    message : str
        Why it failed.
    build : str
        File that readers see.
    release : str
        Name of the release that was cut; empty where none was.
    unreleased : str
        Why none was cut, where one should have been.
    remarks : list of str
        What else went wrong: somebody could not be told, something could not be removed.
    refreshed : RunSummary or None
        What was found at each source; None where no refresh could start.
    """

    started_at: str
    ended_at: str = ""
    outcome: Literal["published", "unchanged", "failed"] = "unchanged"
    message: str = ""
    build: str = ""
    release: str = ""
    unreleased: str = ""
    remarks: list[str] = field(default_factory=list)
    refreshed: RunSummary | None = None

    def to_json(self) -> str:
        """The summary as JSON: the fields above, and `sources` in place of `refreshed`."""
        found = {k: v for k, v in asdict(self).items() if k != "refreshed"}
        sources = json.loads(self.refreshed.to_json())["sources"] if self.refreshed else []
        return json.dumps({**found, "sources": sources}, indent=1, ensure_ascii=False)


def build_live(location: Location, keep: int) -> None:
    """Build and publish the warehouse of the vintages in use."""
    runs.build(link=str(location.link), release="local", mode="live", keep=keep)


def tick(
    sources: Sequence[str],
    location: Location,
    when: datetime,
    settings: Operation,
    build: Build = build_live,
) -> Tick:
    """Refresh sources, and do everything that follows from what was found.

    Parameters
    ----------
    sources : sequence of str
        Their names; none means all that a program may ask.
    location : Location
        Whose warehouse.
    when : datetime
        Now, with a time zone.
    settings : Operation
        How long to wait for others, whether releases are cut, what stays, and whom to tell.
    build : callable
        Builds and publishes.

    Returns
    -------
    Tick
        Also written to ``ticks/<time>.json`` in the raw store. Never raises for anything that can
        happen to a disk, an upstream, a build, the gate or whoever is told.
    """
    done = Tick(stamp(when))
    seconds = settings.patience.minutes * 60
    store = RawStore(location.raw)
    try:
        with ExitStack() as held:
            # Downloads may take an hour: meanwhile others may build from what is bundled.
            _enter(held, store.exclusive, SourceError, seconds)
            done.refreshed = refresh(sources, store, when)
        with ExitStack() as held:
            # In the order of a build's own locks, so that two never wait for each other.
            _enter(held, lambda: exclusive(location), BuildError, seconds)
            _enter(held, store.exclusive, SourceError, seconds)
            _build_if_new(done, location, store, settings, build)
            with suppress(OSError):
                done.build = location.link.resolve(strict=True).name
            if _release_due(location).exists():
                _release(done, location, when)
            done.remarks += _attempt(
                "removing old files", lambda: tidy(location, settings.keep, when)
            )
    except Exception as error:
        _fail(done, error)
    done.ended_at = stamp(datetime.now(UTC))
    if done.outcome != "unchanged" or not settings.notify.only_changes or _has_news(done):
        done.remarks += notify(done.to_json(), settings.notify)
    done.remarks += _attempt(
        "writing the summary down", lambda: store.record(when, done.to_json(), "ticks")
    )
    return done


def _build_if_new(
    done: Tick, location: Location, store: RawStore, settings: Operation, build: Build
) -> None:
    again = done.refreshed is not None and any(o.read_again for o in done.refreshed.outcomes)
    if not store.names():
        done.outcome = "failed"
        done.message = "no source gave anything, and no earlier vintage is here"
        return
    if not again and is_published(store, location.link):
        return
    if settings.cut_releases:
        # Outlives this process: a release is still due where it is killed before it is cut.
        _release_due(location).touch()
    try:
        build(location, settings.keep.builds)
    except Exception as error:
        _fail(done, error)
        with suppress(OSError):
            _release_due(location).unlink(missing_ok=True)
        return
    done.outcome = "published"


def _release(done: Tick, location: Location, when: datetime) -> None:
    """Cut a release with the next free name; what stops it is told, and not tried again."""
    from pipelines.release import check, recomputes
    from warehouse.releases.layout import ReleaseError
    from warehouse.releases.write import write_release

    runs.quiet()
    name = next_name(location.releases, when)
    try:
        done.release = write_release(location, location.releases, name, check, recomputes).name
    except ReleaseError as error:
        done.unreleased = str(error)
    except Exception as error:
        done.unreleased = _explain(error)
    _release_due(location).unlink(missing_ok=True)


def next_name(folder: Path, when: datetime) -> str:
    """Next free name of a release, ``YYYY.MM.N``; never before one that is there.

    Parameters
    ----------
    folder : Path
        Holds the releases.
    when : datetime
        Gives year and month.
    """
    from warehouse.releases.layout import NAME, parse_name

    found = folder.iterdir() if folder.is_dir() else []
    taken = [parse_name(p.name) for p in found if NAME.fullmatch(p.name)]
    now = when.astimezone(UTC)
    year, month, number = max([(now.year, now.month, 0), *taken])
    return f"{year}.{month:02}.{number + 1}"


def _release_due(location: Location) -> Path:
    return location.raw / "release_due"


def _enter(held: ExitStack, hold: Callable[[], Any], busy: type[Exception], seconds: float) -> None:
    """Take a lock, waiting for whoever has it."""
    end = monotonic() + seconds
    while True:
        try:
            held.enter_context(hold())
            return
        except busy:
            if monotonic() >= end:
                raise
        sleep(POLL_SECONDS)


def _has_news(done: Tick) -> bool:
    return done.refreshed is not None and any(
        o.status != "unchanged" for o in done.refreshed.outcomes
    )


def _fail(done: Tick, error: Exception) -> None:
    done.outcome, done.message = "failed", _explain(error)


def _explain(error: Exception) -> str:
    """What an error says; of one that nobody foresaw, also where it came from."""
    if isinstance(error, BuildError | SourceError | runs.BuildFailed):
        return str(error)
    where = "".join(traceback.format_tb(error.__traceback__, limit=-3))
    return f"{type(error).__name__}: {error}\n{where}"


def _attempt(what: str, work: Callable[[], object]) -> list[str]:
    try:
        work()
    except Exception as error:
        return [f"{what}: {_explain(error)}"]
    return []
