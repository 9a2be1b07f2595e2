"""What the doctor sees: each fault made on purpose, named, with a way to mend it."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from indices.definition import load_definition
from warehouse import doctor
from warehouse.doctor import BROKEN, DEGRADED, NOTE, OK, Finding, examine, exit_code
from warehouse.location import ROOT, Location

TODAY = date(2026, 11, 28)
PYTHON = (3, 12, 1)
PACKAGES = {"duckdb": (">=2.0", "2.0.0", True)}


@pytest.fixture
def location(every_table_built: Path, tmp_path: Path) -> Location:
    """A healthy installation: a build of today's method with figures to last year but one."""
    made = Location(tmp_path / "warehouse" / "alliance_depth.duckdb")
    made.builds.mkdir(parents=True)
    build = made.builds / "20261101T000000000000Z.duckdb"
    shutil.copyfile(every_table_built, build)
    with duckdb.connect(str(build)) as con:
        con.execute(f"UPDATE meta_release SET definition_sha256 = '{load_definition().sha256}'")
        con.execute(
            "DELETE FROM meta_release WHERE release <> (SELECT min(release) FROM meta_release)"
        )
        con.execute("UPDATE meta_tables SET rows = 1 WHERE table_name = 'meta_release'")
        con.execute(
            "UPDATE out_depth__yearly_dyads SET depth_status = 'full', year = 2024 + year - 1800"
        )
        con.execute(
            "UPDATE meta_sources SET retrieved_at = NULL, source = replace(source, ' ', '_')"
        )
    made.link.symlink_to(f"builds/{build.name}")
    return made


@pytest.fixture
def starter(tmp_path: Path) -> Path:
    """A folder of two bundled tables and their list."""
    folder = tmp_path / "starter"
    folder.mkdir()
    lines = []
    for name, n in (("raw_one__rows", 3), ("raw_two__rows", 1200)):
        target = folder / f"{name}.parquet"
        duckdb.execute(f"COPY (FROM range({n})) TO '{target}' (FORMAT parquet)")
        lines.append(f"| {name} | {n:,} | [title](https://example.org) | v1 | licence |")
    (folder / "SOURCES.md").write_text("\n".join(lines))
    return folder


def look(location: Location, starter: Path, **changed: object) -> list[Finding]:
    """What is wrong."""
    given = {"today": TODAY, "python": PYTHON, "packages": PACKAGES} | changed
    return [f for f in examine(location, starter, **given)[0] if f.level != OK]


def test_a_healthy_installation(location: Location, starter: Path) -> None:
    assert look(location, starter) == []
    found, vintages = examine(location, starter, TODAY, PYTHON, PACKAGES)
    assert exit_code(found) == 0
    assert {f.area for f in found} == {
        "python",
        "packages",
        "link",
        "build",
        "method",
        "sources",
        "starter",
        "lock",
        "disk",
    }
    assert len(vintages) == 3


def test_the_bundled_figures_are_whole(location: Location) -> None:
    assert look(location, ROOT / "starter") == []


def one(found: list[Finding], level: str, area: str) -> Finding:
    """The only thing wrong, which says how to mend it."""
    (fault,) = found
    assert (fault.level, fault.area) == (level, area)
    assert fault.mend
    return fault


def test_old_python(location: Location, starter: Path) -> None:
    fault = one(look(location, starter, python=(3, 10, 4)), BROKEN, "python")
    assert "3.10.4" in fault.found


def test_a_package_missing_or_of_another_version(location: Location, starter: Path) -> None:
    missing = {"rich": (">=15", None, False)} | PACKAGES
    assert "rich" in one(look(location, starter, packages=missing), BROKEN, "packages").found
    old = {"rich": (">=15", "13.0", False)} | PACKAGES
    fault = one(look(location, starter, packages=old), DEGRADED, "packages")
    assert ">=15" in fault.found


def test_no_link(location: Location, starter: Path) -> None:
    location.link.unlink()
    fault = one(look(location, starter), BROKEN, "link")
    assert "make build" in fault.mend
    assert "20261101T000000000000Z.duckdb" in fault.mend  # the build that is still there


def test_a_link_that_leads_nowhere(location: Location, starter: Path) -> None:
    location.link.resolve().rename(location.builds / "20261031T000000000000Z.duckdb")
    fault = one(look(location, starter), BROKEN, "link")
    assert "20261101T000000000000Z.duckdb" in fault.found
    assert "20261031T000000000000Z.duckdb" in fault.mend


def test_a_file_in_place_of_the_link(location: Location, starter: Path) -> None:
    target = location.link.resolve()
    location.link.unlink()
    shutil.copyfile(target, location.link)
    one(look(location, starter), DEGRADED, "link")


def test_a_file_that_cannot_be_read(location: Location, starter: Path) -> None:
    target = location.link.resolve()
    target.write_bytes(target.read_bytes()[:5000])
    fault = one(look(location, starter), BROKEN, "build")
    assert str(target) in fault.found


def test_a_database_that_is_no_warehouse(location: Location, starter: Path) -> None:
    target = location.link.resolve()
    target.unlink()
    duckdb.connect(str(target)).close()
    assert "meta_release" in one(look(location, starter), BROKEN, "build").found


def test_rows_that_are_missing(location: Location, starter: Path) -> None:
    with duckdb.connect(str(location.link.resolve())) as con:
        con.execute("DELETE FROM core_un__votes WHERE rowid = 0")
    assert "core_un__votes (2 of 3 rows)" in one(look(location, starter), BROKEN, "build").found


def test_another_method(location: Location, starter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = replace(load_definition(), sha256="0" * 64)
    monkeypatch.setattr(doctor, "load_definition", lambda: other)
    assert "make build" in one(look(location, starter), DEGRADED, "method").mend


def test_figures_of_long_ago(location: Location, starter: Path) -> None:
    fault = one(look(location, starter, today=date(2030, 1, 1)), DEGRADED, "build")
    assert "stale" in fault.found


def test_a_source_not_fetched_for_long(location: Location, starter: Path) -> None:
    with duckdb.connect(str(location.link.resolve())) as con:
        con.execute("UPDATE meta_sources SET retrieved_at = '2026-07-01'")
        (name, *others) = [r[0] for r in con.execute("SELECT source FROM meta_sources").fetchall()]
    # 150 days: too old for the one with a limit of its own, young enough for the others.
    fault = one(look(location, starter, stale_days={name: 120}), DEGRADED, "sources")
    assert fault.mend.endswith(f"refresh {name}")
    assert not any(o in fault.found for o in others)
    by_hand = one(look(location, starter, today=date(2027, 12, 1)), DEGRADED, "sources")
    assert "compiled by hand" in by_hand.mend
    assert "refresh" not in by_hand.mend


def test_a_folder_that_cannot_be_written(
    location: Location, starter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor.os, "access", lambda *_: False)
    assert "only reading works" in one(look(location, starter), DEGRADED, "disk").mend


def test_a_bundled_table_missing_cut_short_or_changed(location: Location, starter: Path) -> None:
    path = starter / "raw_two__rows.parquet"
    whole = path.read_bytes()
    duckdb.execute(f"COPY (FROM range(1199)) TO '{path}' (FORMAT parquet)")
    assert "1,199 rows, listed are 1,200" in one(look(location, starter), BROKEN, "starter").found
    path.write_bytes(whole[:-100])
    assert "cannot be read" in one(look(location, starter), BROKEN, "starter").found
    path.unlink()
    fault = one(look(location, starter), BROKEN, "starter")
    assert "raw_two__rows is missing" in fault.found
    (starter / "SOURCES.md").unlink()
    assert "SOURCES.md" in one(look(location, starter), BROKEN, "starter").found


def test_a_log_left_by_a_writer(location: Location, starter: Path) -> None:
    log = location.builds / "20261001T000000000000Z.duckdb.wal"
    log.write_bytes(b"")
    assert str(log) in one(look(location, starter), DEGRADED, "files").mend


@contextmanager
def building(location: Location) -> Iterator[None]:
    """Hold the lock as a build does."""
    with (location.builds / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def test_a_build_that_runs_and_one_that_died(location: Location, starter: Path) -> None:
    (location.builds / ".next.duckdb").write_bytes(b"")
    with building(location):
        assert one(look(location, starter), NOTE, "lock").found == "a build is running"
    fault = one(look(location, starter), NOTE, "files")
    assert ".next.duckdb" in fault.found
    assert exit_code([fault]) == 0


@pytest.mark.parametrize(("builds", "level"), [(0.5, BROKEN), (2.0, DEGRADED)])
def test_little_room(
    location: Location,
    starter: Path,
    monkeypatch: pytest.MonkeyPatch,
    builds: float,
    level: str,
) -> None:
    size = location.link.resolve().stat().st_size
    room = shutil._ntuple_diskusage(10**12, 0, int(builds * size))
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: room)
    one(look(location, starter), level, "disk")


@pytest.mark.parametrize(
    ("levels", "code"),
    [((OK, NOTE), 0), ((OK, DEGRADED), 1), ((DEGRADED, BROKEN, OK), 2), ((), 0)],
)
def test_exit_codes(levels: tuple[str, ...], code: int) -> None:
    assert exit_code([Finding(level, "x", "y") for level in levels]) == code
