"""Zips, and the tables in them, as the upstreams pack them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

import pandas as pd
import pyarrow as pa
from pyarrow import csv

DAY = (2021, 6, 1, 0, 0, 0)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip of files by name; names that end in `/` are folders. The same bytes every time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, DAY), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def as_csv(frame: pd.DataFrame) -> bytes:
    """A large table without quotes, in lines that end as on Windows."""
    buffer = io.BytesIO()
    options = csv.WriteOptions(quoting_style="none")
    csv.write_csv(pa.Table.from_pandas(frame, preserve_index=False), buffer, options)
    return buffer.getvalue().replace(b"\n", b"\r\n")
