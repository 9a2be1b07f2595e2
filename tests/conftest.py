"""Fixtures that several test modules share."""

from __future__ import annotations

import gc
import os
from pathlib import Path

# As a build has it (pipelines/__init__.py says why), before any test loads NumPy or Arrow.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
os.environ.setdefault("NPY_DISABLE_CPU_FEATURES", "X86_V4 AVX512_ICL AVX512_SPR")

import pytest

# The libraries are half a million objects that stay: looking them through for cycles again and
# again is near a tenth of all tests' processor time.
gc.set_threshold(50_000, 20, 20)

ROOT = Path(__file__).resolve().parents[1]

# What takes longest comes first, or one process would still be at it when the others have ended.
# While test_kills.py makes the build that all of integration/ waits for, there is other work.
FIRST = (
    "integration/test_kills.py",
    "warehouse/test_gate.py",
    "warehouse/test_publish.py",
    "schemas/test_frames.py",
    "serve/test_tick.py",
    "integration/test_releases.py",
    "integration/test_site.py",
    "serve/test_serve.py",
    "browser/test_report_in_browser.py",
    "integration/test_explain.py",
    "integration/test_bad_input.py",
    "integration/test_recompute.py",
    "live/test_full_refresh.py",
    "live/test_refresh.py",
)

# Whole folders and files of tests with real processes, servers, browsers or the whole gate. What
# is left is fast (`make fast`).
INTEGRATION = (
    "browser",
    "integration",
    "live",
    "serve",
    "warehouse/test_doctor.py",
    "warehouse/test_gate.py",
    "warehouse/test_publish.py",
)


def is_integration(path: Path) -> bool:
    return any(path.is_relative_to(ROOT / "tests" / name) for name in INTEGRATION)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    # To leave them out one by one would import all that they need.
    left_out = "not integration" in config.option.markexpr and is_integration(collection_path)
    return left_out or None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {ROOT / "tests" / name: place for place, name in enumerate(FIRST)}
    items.sort(key=lambda item: places.get(item.path, len(FIRST)))
    for item in items:
        if is_integration(item.path):
            item.add_marker("integration")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the upstreams' real files, which a user's clone does not have."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no ../shared/data beside this clone: the upstreams' real files are not here")
    return folder
