"""The notebook makes the published headline."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from builds import ROOT

pytest.importorskip("marimo", reason="marimo is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")


def run(link: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    (place / "warehouse").mkdir()
    (place / "warehouse" / "alliance_depth.duckdb").symlink_to(link.resolve())
    monkeypatch.chdir(place)
    path = ROOT / "docs" / "examples" / "headline.py"
    spec = importlib.util.spec_from_file_location("headline_notebook", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return dict(module.app.run()[1])


def test_the_notebook_makes_every_published_gap(
    link: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = run(link, tmp_path, monkeypatch)
    names["con"].close()
    compared = names["compared"]
    assert set(compared["principal"]) == {"CHN", "RUS", "USA"}
    assert compared["gap"].notna().all()
    assert compared["published"].notna().all()
    assert names["difference"] < 1e-9
