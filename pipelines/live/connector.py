"""What a connector is: the parts every `pipelines/sources/<source>/fetch.py` has.

A connector is a module with

``fetch(web, into)``
    Ask the upstream for its newest figures, write each file into the folder `into`, and return the
    pieces. Raises `SourceError` with the page to open and the command to run where a program is
    turned away.
``recognise(path)``
    Name of the piece that a file downloaded by hand is; raises `SourceError` if it is none.
``read(pieces)``
    Parse the pieces (name to file) into complete raw tables by name.
``version(web)``
    Only where one small reply tells it: the version that the pieces of `fetch` would have, as
    `Vintage.version` joins them.
``BY_HAND = True``
    Only where no program may ask: a refresh of all sources then passes the upstream by.

Does not belong here: the web, the store, or any upstream.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.live.web import Web


@dataclass(frozen=True)
class Piece:
    """One file of an upstream's vintage.

    Parameters
    ----------
    name : str
        What it is for its source, the same in every vintage: 'ga_votes', 'register_2000_2025'.
    path : Path
        Where its bytes are.
    url : str
        Where they came from; empty for a file added by hand.
    version : str
        The producer's own version or date of it; empty where there is none.
    media_type : str
        For instance 'text/csv' or 'application/zip'.
    """

    name: str
    path: Path
    url: str = ""
    version: str = ""
    media_type: str = "application/octet-stream"


class Connector(Protocol):
    """The functions of a `fetch.py`."""

    def fetch(self, web: Web, into: Path) -> list[Piece]:
        """Download the newest vintage into a folder."""

    def recognise(self, path: Path) -> str:
        """Name of the piece a file is."""

    def read(self, pieces: Mapping[str, Path]) -> dict[str, pd.DataFrame]:
        """Parse a vintage into raw tables."""
