"""One new year built alone, and the same bytes as a full build."""

from __future__ import annotations

from pathlib import Path

import pytest
from builds import Built, assert_same_bytes, build


@pytest.mark.soak
def test_one_new_year_built_alone_gives_the_same_bytes(built: Built, tmp_path: Path) -> None:
    link = tmp_path / "alliance_depth.duckdb"
    years = link.parent / "run" / "years"
    build(link)
    kept = {p.name: p.stat().st_mtime_ns for p in years.iterdir()}
    assert len(kept) > 50
    new = sorted(kept)[0]
    (years / new).unlink()
    other = build(link)
    drawn = {p.name for p in years.iterdir() if kept.get(p.name) != p.stat().st_mtime_ns}
    assert drawn == {new}
    assert {p.name for p in years.iterdir()} == kept.keys()
    assert_same_bytes(built, other)
