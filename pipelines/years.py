"""Drawn years as files beside the warehouse: a year that has not changed is not drawn again.

Belongs here: where the years are, which program they were drawn by, and which may go. Does not
belong here: what a year is made of (`indices.years`).
"""

from __future__ import annotations

import hashlib
import zipfile
from functools import cache
from pathlib import Path

import numpy as np

import indices
from indices.cube import Array


@cache
def _program() -> str:
    """Hash of the code that draws; other code may draw other figures from the same inputs."""
    told = hashlib.blake2b(np.__version__.encode(), digest_size=8)
    for path in sorted(Path(indices.__file__).parent.rglob("*.py")):
        told.update(path.read_bytes())
    return told.hexdigest()


class YearFiles:
    """Years in a folder; see `indices.years.KeptYears`.

    Parameters
    ----------
    folder : Path
        Made if it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._asked: set[Path] = set()

    def _path(self, key: str) -> Path:
        path = self._folder / f"{_program()}-{key}.npz"
        self._asked.add(path)
        return path

    def get(self, key: str) -> Array | None:
        """Return a year; None also where its file is damaged, which its checksum shows."""
        try:
            with self._path(key).open("rb") as handle, np.load(handle) as file:
                return np.asarray(file["year"])
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None

    def put(self, key: str, year: Array) -> None:
        """Keep a year, whole or not at all."""
        path = self._path(key)
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        with partial.open("wb") as file:
            np.savez(file, year=year)
        partial.replace(path)

    def tidy(self) -> None:
        """Remove the years that nobody asked for: of other inputs, or of another program."""
        for path in self._folder.glob("*"):
            if path not in self._asked:
                path.unlink()
