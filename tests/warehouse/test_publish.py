"""Building and swapping the one file: readers see the old one or the new one, never half of one."""

from __future__ import annotations

import os
import random
import shutil
import signal
import stat
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import others
import pytest
from factories import tiny_frame
from processes import hold, process

from schemas import REGISTRY
from warehouse import publish as module
from warehouse.answers import NoWarehouse, connect
from warehouse.publish import BuildError, BuildFile, Location, exclusive, publish, published_tables
from warehouse.tables import write

VOTES = REGISTRY["core_un__votes"]


@pytest.fixture
def place(tmp_path: Path) -> Location:
    """An installation with no warehouse yet."""
    return Location(tmp_path / "alliance_depth.duckdb")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[int], Path]:
    """A warehouse of one table and meta_tables; call it for a folder with so many votes."""
    monkeypatch.setattr(module, "published_tables", lambda: [VOTES, REGISTRY["meta_tables"]])
    monkeypatch.setattr(module, "VIEWS", ())

    def folder(rows: int) -> Path:
        path = tmp_path / f"tables{rows}"
        write(tiny_frame(VOTES, rows), VOTES, path / "core_un__votes.parquet")
        return path

    return folder


def votes(path: Path) -> int:
    """Rows of core_un__votes as a reader sees them, after looking for tables nobody built."""
    with connect(path) as con:
        names = {row[0] for row in con.execute("SHOW TABLES").fetchall()}
        assert "ghost" not in names
        found = con.execute("SELECT count(*) FROM core_un__votes").fetchone()
    assert found
    return int(found[0])


def files(place: Location) -> set[str]:
    """Everything beside the Parquet folders, the lock left out."""
    here = {p.name for p in place.link.parent.iterdir() if not p.name.startswith("tables")}
    return here - {"builds"} | {p.name for p in place.builds.iterdir()} - {".lock"}


# One build.


def test_a_build_holds_every_table_with_its_rows(every_table_built: Path) -> None:
    assert [p.name for p in every_table_built.parent.iterdir()] == [every_table_built.name]
    with connect(every_table_built) as con:
        there = {row[0] for row in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        for table in published_tables():
            if table.name != "meta_tables":
                expected = tiny_frame(table)
                assert con.execute(f"SELECT count(*) FROM {table.name}").fetchone() == (
                    len(expected),
                )
                assert [c[0] for c in con.execute(f"DESCRIBE {table.name}").fetchall()] == (
                    table.columns
                )
    assert there == {t.name for t in published_tables()}
    assert not {"raw_voeten__votes", "raw_geo__gw_states"} & there


def test_rows_stand_in_the_order_of_the_key(every_table_built: Path) -> None:
    with connect(every_table_built) as con:
        for table in published_tables():
            rows = con.execute(f"SELECT {', '.join(table.key)} FROM {table.name}").fetchall()
            assert rows == sorted(rows), table.name


def test_the_file_is_written_for_older_clients(every_table_built: Path) -> None:
    # Main header: 8 bytes checksum, "DUCK", then the storage version as a 64-bit number. 64 is what
    # DuckDB 0.9 to 1.1 write and every later one reads; the default of 2.0 is refused by 1.4.
    head = every_table_built.read_bytes()[:20]
    assert head[8:12] == b"DUCK"
    assert int.from_bytes(head[12:20], "little") == 64


def test_every_table_that_fails_is_named_and_nothing_stays(
    every_table: Path, tmp_path: Path
) -> None:
    tables = tmp_path / "tables"
    tables.mkdir()
    gone = {"core_un__votes", "out_gap__yearly"}
    for file in every_table.iterdir():
        if file.stem not in gone:
            (tables / file.name).symlink_to(file)
    (tables / "meta_release.parquet").unlink()
    (tables / "meta_release.parquet").write_bytes(b"PAR1 not Parquet")
    with pytest.raises(BuildError, match="3 tables could not be loaded") as error:
        BuildFile(tmp_path / "b.duckdb").finish(tables)
    for name in (*gone, "meta_release"):
        assert f"\n  {name}: " in str(error.value)
    assert [p.name for p in tmp_path.iterdir()] == ["tables"]


def test_a_table_of_another_shape_is_named(small: Callable[[int], Path], place: Location) -> None:
    folder = small(2)
    source = folder / "core_un__votes.parquet"
    duckdb.sql(f"COPY (SELECT 'GA-1' AS roll_call_id, NULL AS iso3) TO '{source}'")
    with pytest.raises(BuildError, match=r"core_un__votes: .*vote"):
        BuildFile(place.link.with_name("b.duckdb")).finish(folder)


def test_a_file_that_exists_is_never_built_over(
    small: Callable[[int], Path], tmp_path: Path
) -> None:
    target = tmp_path / "b.duckdb"
    target.write_text("somebody's work")
    with pytest.raises(BuildError, match="exists already"):
        BuildFile(target).finish(small(2))
    assert target.read_text() == "somebody's work"


# Publishing.


def test_publishing_moves_the_link_to_a_read_only_build(
    small: Callable[[int], Path], place: Location
) -> None:
    target = publish(small(2), "first", place)
    assert target == place.builds / "first.duckdb"
    assert place.link.is_symlink()
    assert os.readlink(place.link) == "builds/first.duckdb"  # relative: the folder may be moved
    assert stat.S_IMODE(target.stat().st_mode) == 0o444
    assert votes(place.link) == 2
    publish(small(3), "second", place)
    assert os.readlink(place.link) == "builds/second.duckdb"
    assert votes(place.link) == 3
    assert votes(target) == 2
    assert files(place) == {"alliance_depth.duckdb", "first.duckdb", "second.duckdb"}


def test_a_reader_keeps_what_it_opened(small: Callable[[int], Path], place: Location) -> None:
    publish(small(2), "first", place, keep=1)
    with connect(place.link) as reader:
        publish(small(3), "second", place, keep=1)
        publish(small(4), "third", place, keep=1)
        assert reader.execute("SELECT count(*) FROM core_un__votes").fetchone() == (2,)
        assert len(reader.execute("SELECT * FROM core_un__votes").fetchall()) == 2
    assert votes(place.link) == 4


def test_the_link_opens_until_the_moment_it_moves(
    small: Callable[[int], Path], place: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(small(2), "first", place)
    folder, replace, seen = small(3), Path.replace, []

    def watched(self: Path, target: Path) -> Path:
        seen.append(votes(place.link))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", watched)
    publish(folder, "second", place)
    assert seen == [2]
    assert votes(place.link) == 3


def test_a_build_that_fails_leaves_the_published_one(
    small: Callable[[int], Path], place: Location, tmp_path: Path
) -> None:
    publish(small(2), "first", place)
    before = files(place)
    with pytest.raises(BuildError, match="core_un__votes"):
        publish(tmp_path / "tables_nowhere", "second", place)
    assert files(place) == before
    assert votes(place.link) == 2


def test_a_build_is_never_written_twice(small: Callable[[int], Path], place: Location) -> None:
    publish(small(2), "first", place)
    with pytest.raises(BuildError, match=r"first\.duckdb exists already"):
        publish(small(3), "first", place)
    assert votes(place.link) == 2


def test_a_file_in_the_place_of_the_link_is_refused_and_kept(
    small: Callable[[int], Path], place: Location
) -> None:
    place.link.write_text("somebody's work")
    with pytest.raises(BuildError, match="expected a link to a build; move it away"):
        publish(small(2), "first", place)
    assert place.link.read_text() == "somebody's work"
    assert files(place) == {"alliance_depth.duckdb"} if place.builds.exists() else True


def test_a_link_to_a_build_that_is_gone_is_replaced(
    small: Callable[[int], Path], place: Location
) -> None:
    publish(small(2), "first", place).unlink()
    with pytest.raises(NoWarehouse, match="make build"):
        connect(place.link)
    publish(small(3), "second", place)
    assert votes(place.link) == 3


def test_what_a_dead_build_left_is_swept_away(
    small: Callable[[int], Path], place: Location
) -> None:
    place.builds.mkdir()
    for name in (".dead.duckdb", ".dead.duckdb.wal"):
        (place.builds / name).write_text("half")
    place.link.with_name(".alliance_depth.duckdb.next").symlink_to("builds/dead.duckdb")
    publish(small(2), "first", place)
    assert files(place) == {"alliance_depth.duckdb", "first.duckdb"}


@pytest.mark.parametrize(("keep", "left"), [(1, "4"), (2, "34"), (4, "1234"), (9, "1234")])
def test_old_builds_are_kept_by_count(
    small: Callable[[int], Path], place: Location, keep: int, left: str
) -> None:
    for n in "1234":
        publish(small(2), n, place, keep)
    assert {p.stem for p in place.builds.glob("*.duckdb")} == set(left)


def test_an_old_build_stays_while_another_process_reads_it(
    small: Callable[[int], Path], place: Location
) -> None:
    first = publish(small(2), "first", place)
    with process(others.read, place.link) as (_, reader):
        assert reader.recv() == "open"
        publish(small(3), "second", place, keep=1)
        publish(small(4), "third", place, keep=1)
        assert files(place) == {"alliance_depth.duckdb", "first.duckdb", "third.duckdb"}
        assert stat.S_IMODE(first.stat().st_mode) == 0o444
        reader.send("go")
        assert reader.recv() == (2,)
    publish(small(5), "fourth", place, keep=1)
    assert files(place) == {"alliance_depth.duckdb", "fourth.duckdb"}


def test_a_second_build_is_refused_until_the_first_process_ends(place: Location) -> None:
    with process(hold, place) as (holder, says):
        assert says.recv() == "held"
        with (
            pytest.raises(BuildError, match=r"another build is running on .*; wait"),
            exclusive(place),
        ):
            pass
        holder.kill()  # no time to tidy up: the system releases the lock
        holder.join()
    # A job holds it for its whole run, and the publishing inside it takes it again.
    with exclusive(place), exclusive(place):
        pass


# A writer that breaks the rules, and dies.


def test_the_log_of_a_dead_writer_never_reaches_the_next_build(
    small: Callable[[int], Path], place: Location
) -> None:
    first = publish(small(2), "first", place)
    first.chmod(0o644)
    with process(others.write_and_die, place.link) as (writer, says):
        assert says.recv() == "written"
        writer.join()
    log = place.builds / "first.duckdb.wal"
    assert log.stat().st_size > 0, "the log lies beside its own build, not beside the link"
    assert files(place) == {"alliance_depth.duckdb", "first.duckdb", "first.duckdb.wal"}
    publish(small(3), "second", place)
    assert votes(place.link) == 3
    with connect(place.link) as con:
        assert con.execute(
            "SELECT rows FROM meta_tables WHERE table_name = 'core_un__votes'"
        ).fetchone() == (3,)
    publish(small(4), "third", place, keep=1)
    assert files(place) == {"alliance_depth.duckdb", "third.duckdb"}


# A publisher that is killed.


def mends(place: Location, three: Path, five: Path) -> None:
    """After a kill: the next build works, and what the dead one left goes."""
    with exclusive(place):
        publish(three, "after", place, keep=2)
    assert votes(place.link) == 3
    names = files(place)
    assert {"alliance_depth.duckdb", "after.duckdb"} < names
    assert len(names) == 3, f"link, two builds, nothing else: {names}"
    with exclusive(place):
        publish(five, "last", place, keep=1)
    assert votes(place.link) == 5
    assert files(place) == {"alliance_depth.duckdb", "last.duckdb"}


@pytest.mark.parametrize(
    ("stage", "rows"),
    [
        ("BuildFile.load", 3),
        ("_write_meta_tables", 3),
        ("BuildFile.finish", 3),
        ("Path.chmod", 3),
        ("Path.rename", 3),
        ("Path.symlink_to", 3),
        ("Path.replace", 5),
        ("remove_old", 5),
    ],
)
def test_a_kill_after_any_step_leaves_the_old_or_the_new(
    stage: str, rows: int, small: Callable[[int], Path], place: Location
) -> None:
    publish(small(3), "before", place)
    with process(others.publish_and_die, small(5), "killed", place, stage) as (publisher, _):
        publisher.join(30)
        assert publisher.exitcode == -signal.SIGKILL
    assert votes(place.link) == rows
    mends(place, small(3), small(5))


@pytest.mark.parametrize("seed", range(3))
def test_a_kill_at_any_moment_leaves_the_old_or_the_new(
    seed: int,
    every_table: Path,
    tmp_path: Path,
    place: Location,
    request: pytest.FixtureRequest,
) -> None:
    more = Path(shutil.copytree(every_table, tmp_path / "tables_new"))
    write(tiny_frame(VOTES, 5), VOTES, more / "core_un__votes.parquet")
    begin = time.perf_counter()
    publish(every_table, "before", place)
    took = time.perf_counter() - begin
    with process(others.publish_all, more, "killed", place) as (_, says):
        assert says.recv() == "begun"
        time.sleep(random.Random(seed).uniform(0, took))
    assert votes(place.link) in {3, 5}
    small = request.getfixturevalue("small")  # only now: what was killed held every table
    mends(place, small(3), small(5))
