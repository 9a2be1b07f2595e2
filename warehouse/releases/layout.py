"""What a release directory looks like: its name, its files, and the sums that seal it.

Belongs here: names and paths, and writing and reading the lists of sums. Does not belong here:
what is in any other file.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from pathlib import Path

from warehouse.locks import hold

NAME = re.compile(r"(?P<year>20\d{2})\.(?P<month>0[1-9]|1[0-2])\.(?P<number>[1-9]\d*)")
DATABASE = "alliance_depth.duckdb"
DATAPACKAGE = "datapackage.json"
INPUTS = "inputs.json"
CHANGES = "changes.json"
# Files whose bytes follow from the inputs and the code alone, and files that may differ in bytes
# though not in content (DuckDB lays out a file as its threads finish).
SUMS, VOLATILE = "SHA256SUMS", "SHA256SUMS.volatile"
_CHUNK = 1 << 20
_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")


class ReleaseError(RuntimeError):
    """A release could not be made, read or copied; the message says why and what to do."""


def parse_name(name: str) -> tuple[int, int, int]:
    """Split a release's name, ``YYYY.MM.N``, into numbers that sort.

    Raises
    ------
    ReleaseError
        If it is no such name.
    """
    found = NAME.fullmatch(name)
    if not found:
        raise ReleaseError(
            f"{name!r} is no name of a release; expected YYYY.MM.N: year, month and a number that "
            "starts at 1, for instance 2026.11.1"
        )
    return int(found["year"]), int(found["month"]), int(found["number"])


def releases(folder: Path) -> list[Path]:
    """Finished releases in a folder, oldest first."""
    found = folder.iterdir() if folder.is_dir() else []
    return sorted((p for p in found if is_release(p)), key=lambda p: parse_name(p.name))


def is_release(path: Path) -> bool:
    """Whether a directory is a finished release: a release's name, and its list of sums."""
    return bool(NAME.fullmatch(path.name)) and (path / SUMS).is_file()


def before(folder: Path, name: str) -> Path | None:
    """The newest release of a folder that is older than one of this name."""
    older = [p for p in releases(folder) if parse_name(p.name) < parse_name(name)]
    return older[-1] if older else None


def exclusive(folder: Path) -> contextlib.AbstractContextManager[None]:
    """Hold the right to write releases into a folder; the system drops it with the process.

    Raises
    ------
    ReleaseError
        If another process holds it.
    """
    busy = ReleaseError(
        f"another release is being made in {folder}; wait for it to end, then start again"
    )
    return hold(folder, busy)


def file_hash(path: Path) -> str:
    """SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def files_below(folder: Path) -> list[str]:
    """All files of a directory, as paths inside it, sorted."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def seal(folder: Path, release: str, volatile: list[str]) -> None:
    """Write both lists of sums, of all files there are.

    Each can be checked with ``sha256sum -c``, which passes lines with ``#`` by; the last such line
    is the hash of all lines above it, so that damage to a list shows too.

    Parameters
    ----------
    folder : Path
    release : str
    volatile : list of str
        Files whose bytes may differ between equal releases.
    """
    everything = [f for f in files_below(folder) if f not in (SUMS, VOLATILE)]
    _write_sums(folder / VOLATILE, release, sorted(volatile))
    _write_sums(folder / SUMS, release, [f for f in everything if f not in volatile])


def _write_sums(path: Path, release: str, names: list[str]) -> None:
    lines = [f"# Alliance Depth {release}"]
    lines += [f"{file_hash(path.parent / name)}  {name}" for name in names]
    text = "\n".join(lines) + "\n"
    path.write_text(text + f"# {hashlib.sha256(text.encode()).hexdigest()}\n")


def read_sums(path: Path) -> tuple[str, dict[str, str]]:
    """Read a list of sums.

    Returns
    -------
    release : str
    sums : dict of str to str
        File to SHA-256.

    Raises
    ------
    ReleaseError
        If the list is missing, damaged, or names a file outside the release.
    """
    try:
        text = path.read_bytes().decode("ascii")
    except FileNotFoundError:
        raise ReleaseError(f"{path.name}: not there; a release has one") from None
    except UnicodeDecodeError:
        raise ReleaseError(f"{path.name}: damaged, it holds bytes that are no text") from None
    body, mark, last = text.removesuffix("\n").rpartition("\n")
    body += "\n"
    if not mark or last != f"# {hashlib.sha256(body.encode()).hexdigest()}" or text[-1:] != "\n":
        raise ReleaseError(f"{path.name}: damaged, its last line is not the hash of those above")
    first, *lines = body.splitlines()
    sums = {}
    for line in lines:
        found = _LINE.fullmatch(line)
        if not found or ".." in found[2].split("/") or found[2].startswith("/"):
            raise ReleaseError(f"{path.name}: {line!r}, expected a hash and a file of the release")
        sums[found[2]] = found[1]
    return first.removeprefix("# Alliance Depth "), sums


def sync(path: Path) -> None:
    """Wait until a file or directory is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
