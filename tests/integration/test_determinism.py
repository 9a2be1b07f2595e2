"""The same figures give the same bytes, whatever surrounds the build."""

from __future__ import annotations

from pathlib import Path

import pytest
from builds import HERE, Built, build

pytestmark = pytest.mark.integration
ELSEWHERE = {
    "SOURCE_DATE_EPOCH": HERE["SOURCE_DATE_EPOCH"],
    "PYTHONHASHSEED": "4242",
    "TZ": "Asia/Kathmandu",
    "LC_ALL": "tr_TR.UTF-8",
    "LANG": "de_DE.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


def test_other_surroundings_give_the_same_bytes(built: Built, tmp_path: Path) -> None:
    other = build(tmp_path / "alliance_depth.duckdb", cwd=tmp_path, env=ELSEWHERE)
    names = sorted(p.name for p in built.tables.iterdir())
    assert names == sorted(p.name for p in other.tables.iterdir())
    assert len(names) > 50
    differ = [
        n for n in names if (built.tables / n).read_bytes() != (other.tables / n).read_bytes()
    ]
    assert differ == []


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
    differ = [
        p.name
        for p in built.tables.iterdir()
        if p.read_bytes() != (other.tables / p.name).read_bytes()
    ]
    assert differ == []
