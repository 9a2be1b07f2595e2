"""The raw store: the upstreams' bytes by their SHA-256, and which of them are in use.

::

    raw/objects/aa/<sha256>             bytes, read-only, never changed
    raw/sources/<source>/<vintage>.toml what a vintage is: title, licence, where its pieces are from
    raw/lock.json                       generated: the current vintage of each source, hashes, rows
    raw/quarantine/<source>/<hash>/     a vintage that failed its checks, with a report

An object is written before the sidecar that names it, and both before the lock that makes the
vintage current, each whole or not at all: a process that dies anywhere leaves the last good
vintage in use.

Does not belong here: downloading, parsing, or deciding whether a vintage is good.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import shutil
import threading
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pipelines.live.connector import Piece
from pipelines.sources.catalogue import sources
from pipelines.sources.reading import SourceError
from warehouse.locks import hold

LATEST = "latest"
_CHUNK = 1 << 20
# What the sidecar says of a piece beside its name.
_PIECE = ("file", "media_type", "size", "version", "url")


def stamp(when: datetime) -> str:
    """A moment as it is written everywhere in the store: UTC, to the second."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class StoredPiece:
    """One file of a kept vintage.

    Parameters
    ----------
    name, url, version, media_type : str
        As `Piece`.
    file : str
        Name the file had.
    size : int
        Bytes.
    sha256 : str
        Of its bytes; the name of its object.
    """

    name: str
    file: str
    sha256: str
    size: int
    url: str
    version: str
    media_type: str


@dataclass(frozen=True)
class Vintage:
    """What one source answered at one time.

    Parameters
    ----------
    source : str
        Name of the source.
    id : str
        Day it was obtained and the start of `sha256`.
    retrieved_at : str
        Moment it was obtained, UTC.
    pieces : tuple of StoredPiece
        Its files, by name.
    rows : mapping
        Rows of each raw table parsed from it.
    """

    source: str
    id: str
    retrieved_at: str
    pieces: tuple[StoredPiece, ...]
    rows: Mapping[str, int]

    @property
    def sha256(self) -> str:
        """Hash of the bytes; see `content_hash`."""
        return content_hash({p.name: p.sha256 for p in self.pieces})

    @property
    def version(self) -> str:
        """The producer's own version of the pieces, where they have one."""
        return ", ".join(dict.fromkeys(p.version for p in self.pieces if p.version))

    @property
    def day(self) -> str:
        """Day it was obtained."""
        return self.retrieved_at[:10]


def file_hash(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def content_hash(pieces: Mapping[str, str]) -> str:
    """Hash of a vintage's bytes: of its one file, or of the sorted lines 'hash  name' of several.

    The lines are those of ``sha256sum`` over files with the pieces' names.
    """
    if len(pieces) == 1:
        return next(iter(pieces.values()))
    lines = "".join(f"{pieces[name]}  {name}\n" for name in sorted(pieces))
    return hashlib.sha256(lines.encode()).hexdigest()


class RawStore:
    """The raw store of one installation.

    Parameters
    ----------
    root : Path
        Its folder, `Location.raw`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        # One reader-then-writer of the lock at a time among the threads of a refresh.
        self._mutex = threading.RLock()

    @property
    def incoming(self) -> Path:
        """Folder of downloads under way; what broke off stays, to be continued."""
        return self.root / "incoming"

    def exclusive(self) -> contextlib.AbstractContextManager[None]:
        """Hold the right to change the store; the system releases it when the process ends.

        Raises
        ------
        SourceError
            If another process is changing it.
        """
        busy = SourceError(
            "refresh",
            self.root,
            found="another refresh that is running",
            expected="one at a time",
            todo="wait for it to end, then start again",
        )
        return hold(self.root, busy)

    def names(self) -> list[str]:
        """Sources with a vintage."""
        return sorted(s for s, entry in self._lock().items() if entry["vintages"])

    def current(self, source: str) -> Vintage | None:
        """The vintage in use; None where there is none yet."""
        entry = self._lock().get(source)
        return self._vintage(source, entry, entry["current"]) if entry else None

    def vintages(self, source: str) -> list[Vintage]:
        """All vintages, from the oldest to the newest."""
        entry = self._lock().get(source)
        return [self._vintage(source, entry, v) for v in _in_order(entry)] if entry else []

    def rolled_back(self, source: str) -> list[str]:
        """Vintages that a rollback has put aside."""
        entry = self._lock().get(source)
        return list(entry["rolled_back"]) if entry else []

    def checked_at(self, source: str) -> str:
        """Moment the upstream was last found to have what is in use; empty without a vintage."""
        entry = self._lock().get(source)
        return str(entry["checked_at"]) if entry else ""

    def find(self, source: str, hashes: Mapping[str, str]) -> Vintage | None:
        """The vintage that consists of these bytes (piece to SHA-256), if there is one."""
        wanted = content_hash(hashes)
        return next((v for v in self.vintages(source) if v.sha256 == wanted), None)

    def keep(
        self, source: str, pieces: Sequence[Piece], rows: Mapping[str, int], when: datetime
    ) -> Vintage:
        """Keep a good vintage and make it current; the same bytes twice add nothing.

        Bytes of a vintage that was rolled back do not become current again by this.

        Parameters
        ----------
        source : str
            Name of the source.
        pieces : sequence of Piece
            Its files; they are copied.
        rows : mapping
            Rows of each raw table.
        when : datetime
            Now.

        Returns
        -------
        Vintage
            The one with these bytes.
        """
        hashes = {p.name: file_hash(p.path) for p in pieces}
        if len(hashes) != len(pieces):
            raise ValueError(f"{source}: two pieces of one name: {[p.name for p in pieces]}")
        with self.exclusive(), self._mutex:
            lock = self._lock()
            entry = lock.setdefault(
                source, {"checked_at": "", "current": "", "rolled_back": [], "vintages": {}}
            )
            known = self.find(source, hashes)
            for piece in pieces:  # also of a known one: a damaged object is mended
                self._put(piece.path, hashes[piece.name])
            if known is None:
                vintage_id = f"{stamp(when)[:10]}-{content_hash(hashes)[:12]}"
                self._write(self._sidecar(source, vintage_id), _describe(source, pieces, when))
                entry["vintages"][vintage_id] = {
                    "number": 1 + max((v["number"] for v in entry["vintages"].values()), default=0),
                    "pieces": hashes,
                    "retrieved_at": stamp(when),
                    "rows": dict(rows),
                }
            else:
                vintage_id = known.id
            if vintage_id not in entry["rolled_back"]:
                entry["current"] = vintage_id
            entry["checked_at"] = stamp(when)
            self._save(lock)
            return self._vintage(source, entry, vintage_id)

    def note_checked(self, source: str, when: datetime) -> None:
        """Write down that the upstream was found to have what is here."""
        with self.exclusive(), self._mutex:
            lock = self._lock()
            lock[source]["checked_at"] = stamp(when)
            self._save(lock)

    def note_rows(self, vintage: Vintage, rows: Mapping[str, int]) -> None:
        """Write down the rows of a vintage that a changed parser has read again."""
        with self.exclusive(), self._mutex:
            lock = self._lock()
            lock[vintage.source]["vintages"][vintage.id]["rows"] = dict(rows)
            self._save(lock)

    def rollback(self, source: str, to: str | None = None) -> Vintage:
        """Use an earlier vintage; later ones do not come back at the next refresh.

        Parameters
        ----------
        source : str
            Name of the source.
        to : str, optional
            Id of a vintage, or 'latest' to use the newest again; by default the one before.

        Raises
        ------
        SourceError
            If there is no such vintage.
        """
        with self.exclusive(), self._mutex:
            lock = self._lock()
            entry = lock.get(source) or {"vintages": {}, "current": ""}
            order = _in_order(entry)
            if to == LATEST and order:
                chosen = order[-1]
            elif to is not None:
                chosen = to
            else:
                at = order.index(entry["current"]) if order else 0
                chosen = order[at - 1] if at else ""
            if chosen not in order:
                raise SourceError(
                    source,
                    self.root,
                    found=f"the vintages {order or 'none'}, {entry['current'] or 'none'} in use",
                    expected=f"a vintage {chosen}" if chosen else "one before that in use",
                    todo=f"see them with: alliance-depth source show {source}",
                )
            entry["current"] = chosen
            entry["rolled_back"] = order[order.index(chosen) + 1 :]
            self._save(lock)
            return self._vintage(source, entry, chosen)

    def forget(self, source: str, ids: Collection[str]) -> None:
        """Drop vintages of a source; never the one in use, nor one that was rolled back."""
        with self.exclusive(), self._mutex:
            lock = self._lock()
            entry = lock[source]
            spared = {entry["current"], *entry["rolled_back"]}
            for vintage_id in set(ids) - spared:
                del entry["vintages"][vintage_id]
            self._save(lock)

    def sweep(self) -> list[Path]:
        """Remove what no vintage names: bytes, sidecars, and files of writers that died.

        Returns
        -------
        list of Path
            What was removed.
        """
        with self.exclusive(), self._mutex:
            lock = self._lock()
            named = {self.root / "lock.json"}
            for source, entry in lock.items():
                for vintage_id, kept in entry["vintages"].items():
                    named.add(self._sidecar(source, vintage_id))
                    named.update(self._object(sha256) for sha256 in kept["pieces"].values())
            found = [*self.root.glob("objects/*/*"), *self.root.glob("sources/*/*.toml")]
            # A writer holds this lock, so what is half-written here is of one that died.
            dead = {*self.root.glob(".*.next"), *self.root.glob("*/.*.next")}
            dead |= {*self.root.glob("*/*/.*.next")}
            gone = sorted({p for p in found if p not in named} | dead)
            for path in gone:
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()
            return gone

    def quarantine(
        self, source: str, pieces: Sequence[Piece], report: Mapping[str, Any], when: datetime
    ) -> Path:
        """Set a vintage aside that must not be used, with the report that says why.

        Returns
        -------
        Path
            Folder with the files and ``report.json``.
        """
        hashes = {p.name: file_hash(p.path) for p in pieces}
        folder = self.root / "quarantine" / source / content_hash(hashes)[:12]
        found = {"source": source, "found_at": stamp(when), "pieces": hashes, **report}
        with self.exclusive(), self._mutex:
            if not folder.is_dir():
                waiting = folder.with_name(f".{folder.name}.next")
                shutil.rmtree(waiting, ignore_errors=True)
                waiting.mkdir(parents=True)
                for piece in pieces:
                    shutil.copyfile(piece.path, waiting / f"{piece.name}-{piece.path.name}")
                waiting.rename(folder)
            self._write(folder / "report.json", json.dumps(found, indent=1, ensure_ascii=False))
        return folder

    def record(self, when: datetime, summary: str, kind: str = "runs") -> Path:
        """Write down how something went; returns the file, which nothing else was written to.

        Parameters
        ----------
        when : datetime
            When it began: to the second its name, with a number where that is taken.
        summary : str
        kind : str
            Folder of the store: ``runs`` for refreshes, ``ticks`` for scheduled ones.
        """
        name = stamp(when).replace(":", "").replace("-", "")
        # The underscore, unlike a hyphen, comes after the full stop: names sort by time.
        names = itertools.chain([name], (f"{name}_{n}" for n in itertools.count(2)))
        paths = (self.root / kind / f"{n}.json" for n in names)
        return next(p for p in paths if self._write(p, summary + "\n", anew=True))

    @contextlib.contextmanager
    def files(self, vintage: Vintage) -> Iterator[dict[str, Path]]:
        """Files of a vintage under the names they had, for as long as they are read.

        Raises
        ------
        SourceError
            If an object is gone or no longer what its name says.
        """
        with TemporaryDirectory(prefix="alliance-depth-") as folder:
            paths = {}
            for piece in vintage.pieces:
                kept = self._object(piece.sha256).absolute()
                if not kept.is_file() or file_hash(kept) != piece.sha256:
                    raise SourceError(
                        vintage.source,
                        kept,
                        found="a damaged file" if kept.is_file() else "no such file",
                        expected=f"{piece.file} of the vintage {vintage.id}",
                        todo="restore it from a copy, or go back with: alliance-depth source "
                        f"rollback {vintage.source}; the file may be had again from {piece.url}",
                    )
                paths[piece.name] = Path(folder, piece.name, piece.file)
                paths[piece.name].parent.mkdir()
                paths[piece.name].symlink_to(kept)
            yield paths

    def _object(self, sha256: str) -> Path:
        return self.root / "objects" / sha256[:2] / sha256

    def _sidecar(self, source: str, vintage_id: str) -> Path:
        return self.root / "sources" / source / f"{vintage_id}.toml"

    def _put(self, path: Path, sha256: str) -> None:
        target = self._object(sha256)
        if target.is_file() and file_hash(target) == sha256:
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        waiting = target.with_name(f".{sha256}.next")
        waiting.unlink(missing_ok=True)
        with path.open("rb") as source, waiting.open("wb") as sink:
            shutil.copyfileobj(source, sink, _CHUNK)
            _flush(sink.fileno())
        waiting.chmod(0o444)
        waiting.replace(target)
        _flush_folder(target.parent)

    def _write(self, path: Path, text: str, *, anew: bool = False) -> bool:
        """Replace a small file, whole or not at all; with `anew` only where there is none."""
        path.parent.mkdir(parents=True, exist_ok=True)
        waiting = path.with_name(f".{path.name}.next")
        try:
            sink = waiting.open("x" if anew else "w", encoding="utf-8")
        except FileExistsError:
            return False  # another process is writing it, or was killed there
        with sink:
            # Only now: nobody else can put a file there as long as this one waits.
            if anew and path.exists():
                waiting.unlink()
                return False
            sink.write(text)
            sink.flush()
            _flush(sink.fileno())
        waiting.replace(path)
        _flush_folder(path.parent)
        return True

    def _lock(self) -> dict[str, Any]:
        path = self.root / "lock.json"
        try:
            text = path.read_text()
        except FileNotFoundError:
            return {}
        try:
            found: dict[str, Any] = json.loads(text)["sources"]
        except (ValueError, KeyError, TypeError) as error:
            raise SourceError(
                "refresh",
                path,
                found=f"a file that was changed by hand ({error})",
                expected="the lock as this program writes it",
                todo="restore it from a copy; the sidecars in sources/ say what each vintage is",
            ) from None
        return found

    def _save(self, lock: dict[str, Any]) -> None:
        self._write(
            self.root / "lock.json", json.dumps({"sources": lock}, indent=1, sort_keys=True) + "\n"
        )

    def _vintage(self, source: str, entry: Mapping[str, Any], vintage_id: str) -> Vintage:
        kept = entry["vintages"][vintage_id]
        path = self._sidecar(source, vintage_id)
        try:
            pieces = {p["name"]: p for p in tomllib.loads(path.read_text())["pieces"]}
            stored = tuple(
                StoredPiece(
                    name=name,
                    sha256=sha256,
                    **{
                        k: pieces[name][k] for k in ("file", "size", "url", "version", "media_type")
                    },
                )
                for name, sha256 in sorted(kept["pieces"].items())
            )
        except (OSError, tomllib.TOMLDecodeError, KeyError) as error:
            raise SourceError(
                source,
                path,
                found=f"no readable description ({error})",
                expected=f"the sidecar of the vintage {vintage_id}",
                todo="restore it from a copy, or correct what was changed in it",
            ) from None
        return Vintage(source, vintage_id, kept["retrieved_at"], stored, kept["rows"])


def _in_order(entry: Mapping[str, Any]) -> list[str]:
    """Vintages from the oldest to the newest; by number, for clocks are set back."""
    vintages = entry["vintages"]
    return sorted(vintages, key=lambda v: int(vintages[v]["number"]))


def _flush(handle: int) -> None:
    os.fsync(handle)


def _flush_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _toml(value: str | int) -> str:
    """A value of TOML; its strings are those of JSON."""
    return json.dumps(value).replace("\x7f", "\\u007f")


def _describe(source: str, pieces: Sequence[Piece], when: datetime) -> str:
    """Sidecar of a vintage."""
    known = sources()[source]
    versions = dict.fromkeys(p.version for p in pieces if p.version)
    head = {
        "source": source,
        "title": known.title,
        "producer": known.producer,
        "version": ", ".join(versions),
        "citation": known.citation,
        "licence": known.licence,
        "url": known.url,
        "retrieved_at": stamp(when),
    }
    lines = [f"{key} = {_toml(value)}" for key, value in head.items()]
    for piece in sorted(pieces, key=lambda p: p.name):
        entries: dict[str, str | int] = {
            "name": piece.name,
            "file": piece.path.name,
            "media_type": piece.media_type,
            "size": piece.path.stat().st_size,
            "version": piece.version,
            "url": piece.url,
        }
        lines += ["", "[[pieces]]", *(f"{key} = {_toml(value)}" for key, value in entries.items())]
    return "\n".join(lines) + "\n"
