"""One right at a time: a lock on a file that the system drops when its process ends.

Does not belong here: what is locked, or what a process that may not go on is told.
"""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

# Locks this process holds: one that is held further up is not waited for.
_HELD: set[Path] = set()


@contextlib.contextmanager
def hold(folder: Path, busy: Exception) -> Iterator[None]:
    """Hold the lock of a folder, made if it is missing.

    Parameters
    ----------
    folder : Path
    busy : Exception
        Raised if another process holds it.
    """
    lock = (folder / ".lock").absolute()
    if lock in _HELD:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise busy from None
        _HELD.add(lock)
        try:
            yield
        finally:
            _HELD.remove(lock)
