"""Refreshing sources: fetch side by side, read, check, and keep what is good.

A source that fails in any way leaves its last good vintage in use and says so; it never takes
another source down with it.

Does not belong here: what one upstream is like (its `fetch.py`), what makes a vintage good
(`checks`), where it is kept (`store`), or building the warehouse.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import json
import mimetypes
import shutil
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, cast, get_args

import pandas as pd

from pipelines.live.checks import Finding, checked
from pipelines.live.connector import Connector, Piece
from pipelines.live.store import RawStore, Vintage, file_hash, stamp
from pipelines.live.web import Address, Web, address
from pipelines.sources.corrections import correct
from pipelines.sources.reading import SourceError
from schemas import REGISTRY
from warehouse.tables import save

SOURCES = Path(__file__).resolve().parents[1] / "sources"
Status = Literal["new", "unchanged", "stale", "failed", "quarantined"]
# Called with (source, label, bytes so far, total bytes or None).
Progress = Callable[[str, str, int, int | None], None]
# Tables parsed by earlier parsers that stay: a build may be reading them.
KEPT_PARSED = 3
# Columns in which an upstream dates its own answer.
SAID_WHEN = ("generated_on",)
# Parsing takes memory by the gigabyte, and no time that another parser could use.
_PARSING = threading.Lock()


@dataclass(frozen=True)
class Outcome:
    """What a refresh found at one source.

    Parameters
    ----------
    source : str
        Name of the source.
    status : str
        'new' vintage, 'unchanged', 'stale' (unchanged, and older than its address allows),
        'failed' (nothing was had) or 'quarantined' (something was had that must not be used).
    vintage : str
        Id of the vintage in use; empty where there is none.
    retrieved_at : str
        Moment that one was obtained.
    message : str
        What happened, and what to do; empty where nothing needs doing.
    warnings : tuple of str
        What should be looked at all the same.
    rows : mapping
        Rows of each table in use.
    read_again : bool
        Whether the kept bytes were read anew because their parser has changed.
    """

    source: str
    status: Status
    vintage: str = ""
    retrieved_at: str = ""
    message: str = ""
    warnings: tuple[str, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    read_again: bool = False

    @property
    def is_good(self) -> bool:
        """Whether the upstream gave what it should."""
        return self.status in ("new", "unchanged", "stale")


@dataclass(frozen=True)
class RunSummary:
    """Outcomes of one refresh.

    Parameters
    ----------
    started_at : str
        When it began, UTC.
    outcomes : tuple of Outcome
        One for each source, by name.
    """

    started_at: str
    outcomes: tuple[Outcome, ...]

    def of(self, source: str) -> Outcome:
        """Outcome of one source."""
        return next(o for o in self.outcomes if o.source == source)

    def to_json(self) -> str:
        """The summary as JSON."""
        counts = {s: sum(o.status == s for o in self.outcomes) for s in get_args(Status)}
        outcomes = [asdict(o) for o in self.outcomes]
        return json.dumps(
            {"started_at": self.started_at, "counts": counts, "sources": outcomes},
            indent=1,
            ensure_ascii=False,
        )


class _Rejected(Exception):
    """A vintage that must not be used."""

    def __init__(self, findings: Sequence[Finding], trace: str = "") -> None:
        super().__init__("\n".join(f.what for f in findings if f.level == "stop"))
        self.findings, self.trace = findings, trace


class _Stopped(Exception):
    """The refresh was interrupted."""


def connected() -> list[str]:
    """Sources that have a connector."""
    return sorted(p.parent.name for p in SOURCES.glob("*/fetch.py"))


def connector(source: str) -> Connector:
    """The connector of a source.

    Raises
    ------
    SourceError
        If there is none.
    """
    if source not in connected():
        raise SourceError(
            source,
            SOURCES,
            found=f"no connector of {source!r}",
            expected=f"one of {connected()}",
            todo="name one of them",
        )
    return cast(Connector, importlib.import_module(f"pipelines.sources.{source}.fetch"))


def _by_hand(source: str) -> bool:
    """Whether only a person may have the source's files."""
    return getattr(connector(source), "BY_HAND", False)


def _place(source: str) -> Address:
    """The address of a source that has a connector."""
    connector(source)
    return address(source)


def refresh(
    sources: Sequence[str],
    store: RawStore,
    when: datetime,
    *,
    accept_drift: bool = False,
    progress: Progress = lambda *_: None,
) -> RunSummary:
    """Fetch sources side by side, and keep the vintages that are good.

    Parameters
    ----------
    sources : sequence of str
        Their names; none means all that a program may ask.
    store : RawStore
        Where vintages are kept.
    when : datetime
        Now, with a time zone.
    accept_drift : bool
        Take a vintage whose size has changed more than its address allows.
    progress : callable
        Called with (source, file, bytes so far, total bytes or None), from any thread.

    Returns
    -------
    RunSummary
        Also written to ``runs/<time>.json`` in the store.

    Raises
    ------
    SourceError
        If a name is not that of a source, the addresses cannot be read, or another refresh runs.
    """
    names = sorted(set(sources)) or [s for s in connected() if not _by_hand(s)]
    places = {name: _place(name) for name in names}
    stop = threading.Event()

    def tell(source: str, label: str, done: int, total: int | None) -> None:
        if stop.is_set():
            raise _Stopped
        progress(source, label, done, total)

    def one(source: str) -> Outcome:
        return _refresh_one(source, store, when, places[source], accept_drift, tell)

    with store.exclusive(), ThreadPoolExecutor(len(names)) as pool:
        running = [pool.submit(one, name) for name in names]
        try:
            outcomes = tuple(r.result() for r in running)
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        summary = RunSummary(stamp(when), outcomes)
        store.record(when, summary.to_json())
    return summary


def add(
    source: str,
    files: Sequence[Path],
    store: RawStore,
    when: datetime,
    *,
    accept_drift: bool = False,
) -> Outcome:
    """Take files that a person downloaded as a vintage; pieces not given stay as they are in use.

    Returns
    -------
    Outcome
        As of a refresh.

    Raises
    ------
    SourceError
        If a file is no piece of the source, or two are the same one.
    """
    parts, place = connector(source), _place(source)
    given: dict[str, Piece] = {}
    for path in files:
        name = parts.recognise(path)
        if name in given:
            raise SourceError(
                source,
                path,
                found=f"a second file that is {name}, beside {given[name].path}",
                expected="one",
                todo="leave one out",
            )
        media_type = mimetypes.guess_type(path.name)[0] or Piece.media_type
        given[name] = Piece(name, path, media_type=media_type)
    with store.exclusive():
        before = store.current(source)
        if before is None:
            return _take(source, list(given.values()), store, when, place, accept_drift)
        with store.files(before) as kept:
            others = [
                Piece(p.name, kept[p.name], p.url, p.version, p.media_type)
                for p in before.pieces
                if p.name not in given
            ]
            return _take(source, [*given.values(), *others], store, when, place, accept_drift)


def is_published(store: RawStore, link: Path) -> bool:
    """Whether the warehouse behind a link was built live of exactly the vintages in use."""
    from warehouse.answers import NoWarehouse, connect

    try:
        with connect(link) as con:
            ((mode,),) = con.execute("SELECT mode FROM meta_release").fetchall()
            built = dict(con.execute("SELECT source, sha256 FROM meta_sources").fetchall())
    except NoWarehouse:
        return False
    used = {source: store.current(source) for source in store.names()}
    return mode == "live" and all(v and built.get(s) == v.sha256 for s, v in used.items())


def parsed(store: RawStore, vintage: Vintage) -> dict[str, Path]:
    """Parquet files of a kept vintage's tables, read again if its parser has changed since.

    Raises
    ------
    SourceError
        If the kept bytes cannot be read, or no longer pass the checks.
    """
    folder = _parsed_folder(store, vintage.source, _hashes(vintage))
    if not folder.is_dir():
        with store.files(vintage) as files, _PARSING:
            pieces = [Piece(p.name, files[p.name]) for p in vintage.pieces]
            try:
                tables, _ = _read(vintage.source, pieces, store, None, None, True)
            except _Rejected as error:
                raise SourceError(
                    vintage.source,
                    f"the vintage {vintage.id}",
                    found=f"faults that its parser did not find before: {error}",
                    expected="a vintage that can be read",
                    todo="mend the parser, or go back with: alliance-depth source rollback "
                    f"{vintage.source}",
                ) from None
            _save_parsed(folder, tables)
    return {path.stem: path for path in sorted(folder.glob("*.parquet"))}


def _refresh_one(
    source: str,
    store: RawStore,
    when: datetime,
    place: Address,
    accept_drift: bool,
    progress: Progress,
) -> Outcome:
    into = store.incoming / source
    try:
        _clear(into)
        with Web(place, lambda label, done, total: progress(source, label, done, total)) as web:
            pieces = connector(source).fetch(web, into)
        outcome = _take(source, pieces, store, when, place, accept_drift)
    except _Stopped:
        raise
    except SourceError as error:
        return _unsuccessful("failed", source, store, when, place, str(error))
    except Exception as error:  # one source's fault must not take the others down
        found = (
            f"{source}: an error nobody foresaw ({type(error).__name__}: {error}); the upstream "
            f"may have changed its answers. {place.by_hand[0].upper()}{place.by_hand[1:]}; and "
            f"report this:\n{traceback.format_exc(limit=-4)}"
        )
        return _unsuccessful("failed", source, store, when, place, found)
    shutil.rmtree(into, ignore_errors=True)
    return outcome


def _clear(into: Path) -> None:
    """Leave of an earlier attempt only what can be continued."""
    into.mkdir(parents=True, exist_ok=True)
    for path in into.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif not path.name.endswith((".part", ".part.json")):
            path.unlink()


def _take(
    source: str,
    pieces: Sequence[Piece],
    store: RawStore,
    when: datetime,
    place: Address,
    accept_drift: bool,
) -> Outcome:
    """Read, check and keep a vintage, or set it aside."""
    hashes = {p.name: file_hash(p.path) for p in pieces}
    before, known = store.current(source), store.find(source, hashes)
    if known and (known == before or known.id in store.rolled_back(source)):
        store.keep(source, pieces, known.rows, when)
        return _unchanged(source, store, when, place, known)
    warnings: list[str] = []
    folder = _parsed_folder(store, source, hashes)
    with _PARSING:
        try:
            tables, findings = _read(source, pieces, store, before, place, accept_drift)
        except _Rejected as error:
            report: dict[str, Any] = {"faults": [asdict(f) for f in error.findings]}
            if error.trace:
                report["trace"] = error.trace
            aside = store.quarantine(source, pieces, report, when)
            message = f"{error}\nThe files and a report are in {aside}."
            return _unsuccessful("quarantined", source, store, when, place, message)
        warnings = [f.what for f in findings]
        _save_parsed(folder, tables)
    # Some upstreams write the time into every answer: the same figures in other bytes are not new.
    held = [v for v in store.vintages(source) if v == before or v.id in store.rolled_back(source)]
    for vintage in held:
        if _same_figures(folder, _parsed_folder(store, source, _hashes(vintage))):
            shutil.rmtree(folder)
            store.note_checked(source, when)
            return _unchanged(source, store, when, place, vintage)
    kept = store.keep(source, pieces, {n: len(t) for n, t in tables.items()}, when)
    return Outcome(
        source, "new", kept.id, kept.retrieved_at, warnings=tuple(warnings), rows=kept.rows
    )


def _same_figures(one: Path, other: Path) -> bool:
    """Whether two folders of parsed tables say the same, but for when it was said."""
    from pyarrow import parquet

    if one == other or not other.is_dir():
        return False
    first, second = ({p.name: parquet.read_table(p) for p in f.iterdir()} for f in (one, other))
    return first.keys() == second.keys() and all(
        first[name].select(kept).equals(second[name].select(kept))
        for name in first
        for kept in [[c for c in first[name].column_names if c not in SAID_WHEN]]
    )


def _read(
    source: str,
    pieces: Sequence[Piece],
    store: RawStore,
    before: Vintage | None,
    place: Address | None,
    accept_drift: bool,
) -> tuple[dict[str, pd.DataFrame], list[Finding]]:
    """Parse, correct and check; without a place nothing is compared with what was before."""
    parts = connector(source)
    paths = {p.name: p.path for p in pieces}
    # A parser of many large members may keep what it made of each.
    cache: dict[str, Any] = {}
    if "cache" in inspect.signature(parts.read).parameters:
        cache["cache"] = store.root / "parsed" / source / "parts"
    try:
        tables = correct(source, parts.read(paths, **cache))
    except SourceError as error:
        raise _Rejected([Finding("stop", str(error))]) from None
    except Exception as error:  # a parser that meets what nobody foresaw
        what = (
            f"{source}: an error nobody foresaw while reading ({type(error).__name__}: {error}); "
            "the upstream may have changed its file: compare it with the one in use, and teach "
            f"pipelines/sources/{source}/parse.py"
        )
        raise _Rejected([Finding("stop", what)], traceback.format_exc()) from None
    sizes = {p.name: p.path.stat().st_size for p in pieces}
    good, findings = checked(
        source,
        tables,
        sizes,
        before.rows if before else {},
        {p.name: p.size for p in before.pieces} if before else {},
        place or address(source),
        accept_drift,
    )
    if any(f.level == "stop" for f in findings):
        raise _Rejected(findings)
    return good, findings


def _unchanged(
    source: str, store: RawStore, when: datetime, place: Address, known: Vintage
) -> Outcome:
    """The upstream has nothing new; what is in use must be readable by today's parser."""
    current = store.current(source)
    assert current is not None
    warnings: tuple[str, ...] = ()
    if known.id != current.id:
        warnings = (
            f"{source}: the upstream has the vintage {known.id}, which was rolled back; "
            f"{current.id} stays in use until the upstream has another, or you run: "
            f"alliance-depth source rollback {source} --to latest",
        )
    folder = _parsed_folder(store, source, _hashes(current))
    read_again = not folder.is_dir()
    try:
        parsed(store, current)
    except SourceError as error:
        return _unsuccessful("failed", source, store, when, place, str(error))
    age = _age(current, when)
    stale = age > place.stale_days
    return Outcome(
        source,
        "stale" if stale else "unchanged",
        current.id,
        current.retrieved_at,
        _stale(current, age, place) if stale else "",
        warnings,
        current.rows,
        read_again,
    )


def _hashes(vintage: Vintage) -> dict[str, str]:
    return {p.name: p.sha256 for p in vintage.pieces}


def _age(vintage: Vintage, when: datetime) -> int:
    """Days since a vintage was obtained."""
    return int((pd.Timestamp(stamp(when)) - pd.Timestamp(vintage.retrieved_at)).days)


def _stale(vintage: Vintage, age: int, place: Address) -> str:
    return (
        f"{vintage.source}: nothing new for {age} days, expected something every "
        f"{place.stale_days}. To mend it: see on {place.page} whether the upstream has moved or "
        f"ended; a file from there is taken by: alliance-depth source add {vintage.source} FILE"
    )


def _unsuccessful(
    status: Status, source: str, store: RawStore, when: datetime, place: Address, message: str
) -> Outcome:
    """Say what happened, and what stays in use."""
    current = store.current(source)
    if current is None:
        rest = f"{message}\nThere is no good vintage of {source} yet; what was in use stays so."
        return Outcome(source, status, message=rest)
    rest = f"{message}\nThe last good vintage, {current.id}, stays in use."
    age = _age(current, when)
    warnings = (_stale(current, age, place),) if age > place.stale_days else ()
    return Outcome(source, status, current.id, current.retrieved_at, rest, warnings, current.rows)


def _parsed_folder(store: RawStore, source: str, hashes: Mapping[str, str]) -> Path:
    """Folder of a vintage's tables as today's parser reads them."""
    digest = hashlib.sha256(json.dumps(dict(hashes), sort_keys=True).encode())
    shared = sorted(SOURCES.glob("*.py"))
    own = sorted(p for p in (SOURCES / source).glob("*") if p.suffix in (".py", ".csv"))
    for path in (*shared, *own):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    tables = [t for _, t in sorted(REGISTRY.items()) if t.sources == (source,)]
    digest.update(repr(tables).encode())
    return store.root / "parsed" / source / digest.hexdigest()[:16]


def _save_parsed(folder: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write tables as Parquet, whole or not at all; those of long past parsers go."""
    if folder.is_dir():
        return
    waiting = folder.with_name(f".{folder.name}.next")
    shutil.rmtree(waiting, ignore_errors=True)
    waiting.mkdir(parents=True)
    for name, frame in tables.items():
        save(frame, REGISTRY[name], waiting / f"{name}.parquet")
    waiting.rename(folder)
    others = [p for p in folder.parent.iterdir() if p.is_dir() and len(p.name) == 16]
    for old in sorted(others, key=lambda p: p.stat().st_mtime_ns)[:-KEPT_PARSED]:
        with suppress(OSError):
            shutil.rmtree(old)
