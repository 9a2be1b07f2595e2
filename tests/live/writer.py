"""What other processes do to a raw store while a test looks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

from pipelines.live.connector import Piece
from pipelines.live.store import RawStore
from pipelines.sources.reading import SourceError


def refresh(there: Connection, root: Path) -> None:
    """Take the right to refresh, and say whether it was to be had."""
    try:
        with RawStore(root).exclusive():
            there.send("held")
    except SourceError as error:
        there.send(str(error))


def keep_on(there: Connection, root: Path, folder: Path, first: int) -> None:
    """Keep vintages of two pieces, numbered from `first` on; say when the first is kept."""
    store, k = RawStore(root), first
    while True:
        made = []
        for name in ("ga", "sc"):
            path = folder / name
            path.write_bytes(f"{k} {name} ".encode() * 50_000)
            made.append(Piece(name, path))
        store.keep("un", made, {"n": k}, datetime(2026, 1, 5, tzinfo=UTC) + timedelta(seconds=k))
        if k == first:
            there.send("kept one")
        k += 1
