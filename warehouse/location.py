"""Where the warehouse and what belongs to it lie.

Belongs here: paths only, so that a reader starts without what a build needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent
LINK = ROOT / "alliance_depth.duckdb"


@dataclass(frozen=True)
class Location:
    """Where the warehouse of one installation lives."""

    link: Path = LINK

    @property
    def builds(self) -> Path:
        """Folder of the finished builds."""
        return self.link.parent / "builds"

    @property
    def tables(self) -> Path:
        """Folder of the Parquet files of the run in progress."""
        return self.link.parent / "run" / "tables"

    @property
    def years(self) -> Path:
        """Folder of the years that were drawn for the last build."""
        return self.link.parent / "run" / "years"

    @property
    def raw(self) -> Path:
        """Folder of the upstreams' bytes, kept by a refresh."""
        return self.link.parent / "raw"

    @property
    def inputs(self) -> Path:
        """Folder of the sources' tables that releases were made from, by hash."""
        return self.link.parent / "inputs"

    @property
    def releases(self) -> Path:
        """Folder of the releases."""
        return self.link.parent.parent / "releases"
