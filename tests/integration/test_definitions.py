"""What Dagster loads: every table of the registry, described, grouped and checked."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator

import dagster as dg
import pytest
from builds import ROOT
from dagster._core.telemetry_upload import is_running_in_test

from pipelines.definitions import build_defs
from pipelines.runs import _ephemeral, quiet
from warehouse.publish import published_tables

# Made while the file is built, of what was loaded into it.
NO_ASSET = {"meta_tables"}
TABLES = {t.name: t for t in published_tables() if t.name not in NO_ASSET}
GROUPS = {"raw": "raw", "core": "core", "out": "indices", "meta": "publish"}


@pytest.fixture(scope="module")
def specs() -> dict[str, dg.AssetSpec]:
    found = build_defs().resolve_all_asset_specs()
    return {s.key.to_user_string(): s for s in found}


def test_every_table_is_an_asset(specs: dict[str, dg.AssetSpec]) -> None:
    assert set(specs) == {*TABLES, "warehouse"}


def test_every_asset_is_described_and_in_the_group_of_its_layer(
    specs: dict[str, dg.AssetSpec],
) -> None:
    for name, spec in specs.items():
        expected = "publish" if name == "warehouse" else GROUPS[TABLES[name].layer]
        assert spec.group_name == expected, name
        assert spec.description
        if name in TABLES:
            assert spec.description == TABLES[name].description


def checks() -> Iterator[dg.AssetCheckSpec]:
    """Every check that stands with an asset."""
    for asset in build_defs().assets or []:
        assert isinstance(asset, dg.AssetsDefinition)
        yield from asset.check_specs


def test_every_table_has_one_blocking_check() -> None:
    found = [(c.asset_key.to_user_string(), c.name, c.blocking) for c in checks()]
    assert sorted(found) == sorted((name, "schema", True) for name in TABLES)


def test_the_job_takes_everything(specs: dict[str, dg.AssetSpec]) -> None:
    job = build_defs().resolve_job_def("build")
    keys = {k.to_user_string() for k in job.asset_layer.executable_asset_keys}
    assert keys == set(specs)


def test_settings_may_be_overridden() -> None:
    settings = build_defs(release="2026.1", keep=1).resources["settings"]  # type: ignore[index]
    assert (settings.release, settings.keep) == ("2026.1", 1)


def test_dg_finds_the_definitions() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["dg"]
    assert config["project"]["root_module"] == "pipelines"
    assert (ROOT / "pipelines" / "definitions.py").is_file()


def test_definitions_load_without_a_warning() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "error",
            "-c",
            "from pipelines.definitions import defs; print(defs)",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_nothing_is_told_to_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DAGSTER_DISABLE_TELEMETRY", "GX_ANALYTICS_ENABLED"):
        monkeypatch.setenv(name, "so that it is put back afterwards")
        monkeypatch.delenv(name)
    assert not is_running_in_test()  # Dagster's name for: do not send
    quiet()
    assert is_running_in_test()
    assert os.environ["GX_ANALYTICS_ENABLED"] == "false"
    with _ephemeral() as instance:
        assert isinstance(instance, dg.DagsterInstance)
        assert not instance.telemetry_enabled
