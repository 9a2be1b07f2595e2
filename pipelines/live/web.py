"""The one way out to the web: who asks, how long, how often, how much, and what is refused.

Does not belong here: what is asked of an upstream (its `fetch.py`), or where bytes are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Address:
    """An entry of `upstreams.toml`, completed from its defaults; the fields are explained there."""

    source: str
    url: str
    page: str
    hosts: tuple[str, ...]
    max_mb: float
    max_unpacked_mb: float
    connect_seconds: float
    read_seconds: float
    tries: int
    backoff_seconds: float
    row_drift_warn: float
    row_drift_stop: float
    stale_days: int


class Web:
    """Requests to one upstream.

    Parameters
    ----------
    address : Address
        Where it is and what it may do.
    progress : callable, optional
        Called with (label, bytes so far, total bytes or None).
    """

    def __init__(
        self,
        address: Address,
        progress: Callable[[str, int, int | None], None] = lambda *_: None,
    ) -> None:
        self.address = address
        self.progress = progress

    def download(
        self,
        url: str,
        target: Path,
        *,
        method: str = "GET",
        json: Any = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        md5: str = "",
        sha256: str = "",
        media_types: tuple[str, ...] = (),
    ) -> Path:
        """Download to `target`, whole or not at all (through ``<target>.part``).

        Relative urls start at the address's url. An answer that is an HTML page, is too large, is
        shorter than announced, fails its checksum, or was redirected to a host not in the
        address raises `SourceError`; 429 and 5xx are tried again as Retry-After asks.
        """
        raise NotImplementedError

    def json(
        self,
        url: str,
        *,
        method: str = "GET",
        json: Any = None,
        params: Mapping[str, str] | None = None,
    ) -> Any:
        """Ask for a small JSON answer (listings, versions); same errors as `download`."""
        raise NotImplementedError
