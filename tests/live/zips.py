"""Zips as the upstreams pack them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

DAY = (2021, 6, 1, 0, 0, 0)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip of files by name; names that end in `/` are folders. The same bytes every time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, DAY), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
