"""Unpacking zip files that came from outside: every entry is checked before a byte is written.

Does not belong here: what is in the files of a particular upstream.
"""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BufferedReader, RawIOBase
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import IO, TypeVar

from pipelines.live.web import MB, OVERRIDES, Address
from pipelines.live.web import address as find_address
from pipelines.sources.reading import SourceError, require_file

T = TypeVar("T")
# Tables compress by 5 to 60; a bomb by about 1000.
MOST_RATIO = 250
# A small file may compress by chance as a bomb does.
RATIO_COUNTS_FROM = 2 * MB
MOST_MEMBERS = 10_000
CHUNK = 1 << 18
# What zipfile and zlib raise for a file that is cut short, damaged, locked or oddly packed.
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)


def _fault(source: str, path: Path, found: str, expected: str, todo: str = "") -> SourceError:
    return SourceError(
        source,
        path,
        found=found,
        expected=expected,
        todo=todo
        or "fetch the file again; if it stays so, ask the upstream: it may be tampered with",
    )


def _check_entry(source: str, path: Path, entry: zipfile.ZipInfo) -> PurePosixPath:
    """Refuse an entry that could be written elsewhere or is no plain file."""
    name = entry.orig_filename  # ZipInfo.filename is cut at a zero byte and has its slashes turned
    parts = PurePosixPath(name).parts
    if (
        not parts
        or "\\" in name
        or "\0" in name
        or name.startswith("/")
        or ".." in parts
        or re.match("[A-Za-z]:", name)
    ):
        raise _fault(
            source, path, f"the entry {name!r}, which points outside its folder", "plain names"
        )
    mode = entry.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _fault(source, path, f"the entry {name!r}, a link or device", "plain files")
    if entry.flag_bits & 1:
        raise _fault(
            source,
            path,
            f"the entry {name!r}, which is encrypted",
            "open files",
            "unpack it by hand, and add the files themselves",
        )
    return PurePosixPath(name)


def check_entries(source: str, path: Path, archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Entries of an open zip that are files, after a look at all of them; errors as `unzip`."""
    entries = archive.infolist()
    if len(entries) > MOST_MEMBERS:
        raise _fault(source, path, f"{len(entries):,} entries", f"at most {MOST_MEMBERS:,}")
    seen: set[str] = set()
    for entry in entries:
        # On some disks names that differ in case are one file.
        name = str(_check_entry(source, path, entry)).casefold()
        if name in seen:
            raise _fault(source, path, f"the entry {entry.filename!r} twice", "each name once")
        seen.add(name)
    return [e for e in entries if not e.is_dir()]


class _Counted(RawIOBase):
    """A member's bytes as they are inflated, counted against what the address allows.

    The count is of real bytes: what the zip's headers claim is not believed.
    """

    def __init__(
        self,
        inner: IO[bytes],
        count: Callable[[int], None],
        explain: Callable[[Exception], Exception],
    ) -> None:
        self._inner, self._count, self._explain = inner, count, explain

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._inner.read(len(buffer))
        except BROKEN as error:
            raise self._explain(error) from None
        buffer[: len(data)] = data
        self._count(len(data))
        return len(data)

    def close(self) -> None:
        self._inner.close()
        super().close()


class _Archive:
    """One zip file under its address's limits."""

    def __init__(self, source: str, path: Path, address: Address) -> None:
        self.source, self.path, self.address = source, path, address
        require_file(source, path, "a zip file")
        self.zip = self._try(lambda: zipfile.ZipFile(path))
        try:
            self.files = check_entries(source, path, self.zip)
        except BaseException:
            self.zip.close()
            raise
        self.inflated = 0

    def _broken(self, error: Exception) -> SourceError:
        return _fault(
            self.source,
            self.path,
            f"{error or type(error).__name__}",
            "a whole zip file",
            f"the file is cut short or damaged; fetch it again: {self.address.by_hand}",
        )

    def _try(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except BROKEN as error:
            raise self._broken(error) from None

    def open(self, entry: zipfile.ZipInfo) -> BufferedReader:
        """Open one entry as a stream that stops at the limits."""
        most = int(self.address.max_unpacked_mb * MB)
        own = 0

        def count(n: int) -> None:
            nonlocal own
            own += n
            self.inflated += n
            if self.inflated > most:
                raise _fault(
                    self.source,
                    self.path,
                    f"more than {most / MB:,.0f} MB once unpacked (at {entry.filename!r})",
                    f"at most {self.address.max_unpacked_mb:g} MB",
                    "if the upstream has grown, raise max_unpacked_mb of "
                    f"[{self.source}] in the file named by {OVERRIDES}",
                )
            if own > max(RATIO_COUNTS_FROM, MOST_RATIO * entry.compress_size):
                raise _fault(
                    self.source,
                    self.path,
                    f"{entry.filename!r}, which unpacks to more than {MOST_RATIO} times its size: "
                    "a decompression bomb",
                    f"at most {MOST_RATIO} times",
                )

        inner = self._try(lambda: self.zip.open(entry))
        return BufferedReader(_Counted(inner, count, self._broken), CHUNK)


def unzip(source: str, path: Path, into: Path, address: Address) -> list[Path]:
    """Unpack a zip file, whole or not at all.

    Parameters
    ----------
    source : str
        Named in errors.
    path : Path
        The zip file.
    into : Path
        Folder for its files, made if it is not there; they keep their folders inside the zip.
    address : Address
        Limits the size.

    Returns
    -------
    list of Path
        The files in the zip's order.

    Raises
    ------
    SourceError
        If the file is cut short or damaged, holds an entry that is encrypted, stands twice, is no
        plain file or points outside its folder, or unpacks to more than `address` allows. Then
        nothing that was unpacked stays.
    """
    archive = _Archive(source, path, address)
    return _extract(archive, archive.files, into)


def _extract(archive: _Archive, entries: Iterable[zipfile.ZipInfo], into: Path) -> list[Path]:
    written: list[Path] = []
    with archive.zip:
        try:
            for entry in entries:
                target = into / entry.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(entry) as stream, target.open("xb") as sink:
                    written.append(target)
                    while chunk := stream.read(CHUNK):
                        sink.write(chunk)
        except BaseException:
            for target in written:
                target.unlink(missing_ok=True)
            raise
    return written


@contextmanager
def member(source: str, path: Path, pattern: str, address: Address) -> Iterator[BufferedReader]:
    """Open the one file of a zip whose name matches, as a stream under the same checks.

    Parameters
    ----------
    source, path, address
        As `unzip`.
    pattern : str
        A regular expression for the whole last part of the name, in any case.

    Raises
    ------
    SourceError
        As `unzip`, while it is read; or if not exactly one file matches.
    """
    archive = _Archive(source, path, address)
    with archive.zip:
        names = [e.filename for e in archive.files]
        matching = [
            e
            for e in archive.files
            if re.fullmatch(pattern, PurePosixPath(e.filename).name, re.IGNORECASE)
        ]
        if len(matching) != 1:
            raise _fault(
                source,
                path,
                f"{len(matching)} files that match {pattern!r} among {names[:20]}",
                "exactly one",
                "check that this is the upstream's own file; if it has a new layout, the source's "
                "fetch.py must learn it",
            )
        with archive.open(matching[0]) as stream:
            yield stream


@contextmanager
def unpacked(source: str, path: Path, names: Iterable[str]) -> Iterator[dict[str, Path]]:
    """Unpack some files of a zip for as long as they are read, under the limits of `source`.

    Parameters
    ----------
    source, path
        As `unzip`.
    names : iterable of str
        Full names inside the zip.

    Yields
    ------
    dict of str to Path
        A temporary file for each name.

    Raises
    ------
    SourceError
        As `unzip`; or if a name is not there.
    """
    archive = _Archive(source, path, find_address(source))
    entries = {e.filename: e for e in archive.files}
    wanted = list(dict.fromkeys(names))
    missing = [n for n in wanted if n not in entries]
    if missing:
        archive.zip.close()
        raise _fault(source, path, f"the files {list(entries)[:20]}", f"also {missing}")
    with TemporaryDirectory(prefix="alliance-depth-") as folder:
        made = _extract(archive, [entries[n] for n in wanted], Path(folder))
        yield dict(zip(wanted, made, strict=True))
