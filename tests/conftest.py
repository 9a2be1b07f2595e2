"""Fixtures that several test modules share."""

from __future__ import annotations

import os
from pathlib import Path

# As a build has it (pipelines/__init__.py), before any test loads NumPy: for many small products of
# matrices, threads that wait for each other take several times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the upstreams' real files, which a user's clone does not have."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no ../shared/data beside this clone: the upstreams' real files are not here")
    return folder
