"""What is known of each upstream: title, producer, terms, citation; one `source.toml` each.

Does not belong here: any figure of a source.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Source:
    """An upstream source.

    Parameters
    ----------
    name : str
        Folder of the source, the name used everywhere.
    title, producer, url, licence, citation : str
        As the producer gives them.
    vintage : str
        Version or date of the figures bundled as the starter.
    retrieved_at : str
        Day those were obtained, ISO; empty if not known.
    note : str
        What a user of the figures must know.
    is_bundled : bool
        False for a source whose tables only a refresh fills; in the starter they are empty.
    """

    name: str
    title: str
    producer: str
    url: str
    licence: str
    citation: str
    vintage: str
    retrieved_at: str = ""
    note: str = ""
    is_bundled: bool = True


@cache
def sources() -> dict[str, Source]:
    """All sources by name."""
    found = {}
    for path in sorted(HERE.glob("*/source.toml")):
        found[path.parent.name] = Source(path.parent.name, **tomllib.loads(path.read_text()))
    return found
