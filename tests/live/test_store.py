"""The raw store: bytes once, vintages in order, and whatever happens the last good one in use."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import time
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import writer
from processes import process

from pipelines.live.connector import Piece
from pipelines.live.store import RawStore, Vintage
from pipelines.sources.catalogue import sources
from pipelines.sources.reading import SourceError

DAY = datetime(2026, 1, 5, 12, 30, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> RawStore:
    return RawStore(tmp_path / "raw")


def pieces(folder: Path, **contents: bytes) -> list[Piece]:
    """Files of a vintage."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, data in contents.items():
        path = folder / f"{name}.csv"
        path.write_bytes(data)
        made.append(Piece(name, path, f"https://un.org/{name}", "v1", "text/csv"))
    return made


def keep(store: RawStore, days: int, **contents: bytes) -> Vintage:
    """Keep a vintage of the UN, some days after the first."""
    folder = store.root.parent / "down"
    return store.keep(
        "un", pieces(folder, **contents), {"raw_un__ga_votes": days}, DAY + timedelta(days)
    )


def objects(store: RawStore) -> list[Path]:
    return sorted(p for p in (store.root / "objects").rglob("*") if p.is_file())


def test_bytes_lie_under_their_hash_and_cannot_be_written_to(store: RawStore) -> None:
    kept = keep(store, 0, ga=b"a,b\n", sc=b"c\n")
    digest = hashlib.sha256(b"a,b\n").hexdigest()
    path = store.root / "objects" / digest[:2] / digest
    assert path.read_bytes() == b"a,b\n"
    assert [oct(p.stat().st_mode & 0o777) for p in objects(store)] == ["0o444", "0o444"]
    with store.files(kept) as files:
        assert {n: (p.name, p.read_bytes()) for n, p in files.items()} == {
            "ga": ("ga.csv", b"a,b\n"),
            "sc": ("sc.csv", b"c\n"),
        }


def test_the_sidecar_says_what_it_is_and_the_lock_what_is_in_use(store: RawStore) -> None:
    kept = keep(store, 0, ga=b"a\n", sc=b"c\n")
    side = tomllib.loads((store.root / "sources" / "un" / f"{kept.id}.toml").read_text())
    known = sources()["un"]
    assert [side[k] for k in ("title", "producer", "licence", "citation", "url")] == [
        known.title, known.producer, known.licence, known.citation, known.url
    ]  # fmt: skip
    assert (side["version"], side["retrieved_at"]) == ("v1", "2026-01-05T12:30:00Z")
    assert side["pieces"][1] == {
        "name": "sc",
        "file": "sc.csv",
        "media_type": "text/csv",
        "size": 2,
        "version": "v1",
        "url": "https://un.org/sc",
    }
    lock = json.loads((store.root / "lock.json").read_text())["sources"]["un"]
    assert lock["current"] == kept.id
    assert lock["vintages"][kept.id]["pieces"]["ga"] == hashlib.sha256(b"a\n").hexdigest()
    assert lock["vintages"][kept.id]["rows"] == {"raw_un__ga_votes": 0}


def test_the_hash_of_a_vintage_is_what_sha256sum_gives(store: RawStore, tmp_path: Path) -> None:
    one = keep(store, 0, ga=b"a\n")
    assert one.sha256 == hashlib.sha256(b"a\n").hexdigest()
    assert one.id == f"2026-01-05-{one.sha256[:12]}"
    several = keep(store, 1, sc=b"c\n", ga=b"a\n")
    for name, data in (("ga", b"a\n"), ("sc", b"c\n")):
        (tmp_path / name).write_bytes(data)
    sums = subprocess.run(
        ["sha256sum", "ga", "sc"], cwd=tmp_path, capture_output=True, check=True
    ).stdout
    assert several.sha256 == hashlib.sha256(sums).hexdigest()


def test_the_same_bytes_twice_add_nothing(store: RawStore) -> None:
    first = keep(store, 0, ga=b"a\n")
    before = sorted(p for p in store.root.rglob("*"))
    again = keep(store, 9, ga=b"a\n")
    assert again == first
    assert sorted(p for p in store.root.rglob("*")) == before
    assert store.checked_at("un") == "2026-01-14T12:30:00Z"


def test_a_shared_piece_is_kept_once(store: RawStore) -> None:
    keep(store, 0, ga=b"a\n", sc=b"c\n")
    new = keep(store, 1, ga=b"b\n", sc=b"c\n")
    assert len(objects(store)) == 3
    assert store.current("un") == new
    assert [v.rows["raw_un__ga_votes"] for v in store.vintages("un")] == [0, 1]


def test_the_store_depends_on_nothing_but_what_is_kept(tmp_path: Path) -> None:
    locks = []
    for order in (("ga", "sc"), ("sc", "ga")):
        store = RawStore(tmp_path / order[0] / "raw")
        keep(store, 0, **{name: name.encode() for name in order})
        locks.append((store.root / "lock.json").read_bytes())
    assert locks[0] == locks[1]


def test_what_was_rolled_back_does_not_come_back_by_itself(store: RawStore) -> None:
    first, second, third = (keep(store, k, ga=bytes([k])) for k in range(3))
    assert store.rollback("un") == second
    assert store.rolled_back("un") == [third.id]
    assert keep(store, 3, ga=bytes([2])) == third
    assert store.current("un") == second
    assert store.rollback("un") == first
    assert keep(store, 4, ga=bytes([1])) == second
    assert store.current("un") == first
    fourth = keep(store, 5, ga=b"new")
    assert store.current("un") == fourth
    keep(store, 6, ga=bytes([2]))
    assert store.current("un") == fourth
    assert store.rollback("un", first.id) == first
    assert store.rollback("un", "latest") == fourth
    assert store.rolled_back("un") == []
    assert keep(store, 7, ga=bytes([2])) == third
    assert store.current("un") == third


@pytest.mark.parametrize("to", [None, "2026-01-05-nothing", "latest"])
def test_a_rollback_to_nowhere_is_named(to: str | None, store: RawStore) -> None:
    with pytest.raises(SourceError, match="source show voeten"):
        store.rollback("voeten", to)
    only = keep(store, 0, ga=b"a\n")
    if to != "latest":
        with pytest.raises(SourceError, match=only.id):
            store.rollback("un", to)
    assert store.current("un") == only


def test_quarantine_keeps_bytes_and_reasons_apart(store: RawStore, tmp_path: Path) -> None:
    good = keep(store, 0, ga=b"a\n")
    bad = pieces(tmp_path / "bad", ga=b"half", sc=b"none")
    for day in (1, 2):
        folder = store.quarantine("un", bad, {"faults": ["too few"]}, DAY + timedelta(day))
    report = json.loads((folder / "report.json").read_text())
    assert report["faults"] == ["too few"]
    assert report["found_at"] == "2026-01-07T12:30:00Z"
    assert sorted(p.name for p in folder.iterdir()) == ["ga-ga.csv", "report.json", "sc-sc.csv"]
    assert len(list((store.root / "quarantine" / "un").iterdir())) == 1
    assert store.vintages("un") == [good]


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_a_damaged_object_is_never_read_and_mended_by_the_same_bytes(
    damage: str, store: RawStore
) -> None:
    kept = keep(store, 0, ga=b"abc")
    (path,) = objects(store)
    path.chmod(0o644)
    path.write_bytes(b"abd") if damage == "changed" else path.unlink()
    with pytest.raises(SourceError, match="source rollback un"), store.files(kept):
        pass
    keep(store, 1, ga=b"abc")
    with store.files(kept) as files:
        assert files["ga"].read_bytes() == b"abc"


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"sources": {"un"'])
def test_a_lock_changed_by_hand_is_named(text: str, store: RawStore) -> None:
    keep(store, 0, ga=b"a")
    (store.root / "lock.json").write_text(text)
    with pytest.raises(SourceError, match=r"lock\.json"):
        store.current("un")


def test_two_refreshes_do_not_collide(store: RawStore) -> None:
    with store.exclusive(), store.exclusive(), process(writer.refresh, store.root) as (_, says):
        assert "another refresh that is running" in says.recv()
    with process(writer.refresh, store.root) as (_, says):
        assert says.recv() == "held"


def test_records_of_one_second_stand_side_by_side_in_their_order(store: RawStore) -> None:
    for n in range(3):
        store.record(DAY, str(n))
    store.record(DAY - timedelta(seconds=1), "before")
    store.record(DAY + timedelta(seconds=1), "after")
    store.record(DAY, "a tick", "ticks")
    read = [p.read_text() for p in sorted((store.root / "runs").iterdir())]
    assert read == ["before\n", "0\n", "1\n", "2\n", "after\n"]
    (tick,) = (store.root / "ticks").iterdir()
    assert tick.name == "20260105T123000Z.json"


def test_a_kill_leaves_the_last_good_vintage(store: RawStore, tmp_path: Path) -> None:
    moments = random.Random(5)
    first = 0
    for _ in range(4):
        with process(writer.keep_on, store.root, tmp_path, first) as (_, says):
            # However slow the machine, each writer has kept something when it is killed.
            assert says.recv() == "kept one"
            time.sleep(moments.uniform(0.02, 0.15))
        current = store.current("un")
        assert current is not None
        assert store.vintages("un")[-1] == current
        with store.files(current) as files:
            for name, path in files.items():
                assert path.read_bytes() == f"{current.rows['n']} {name} ".encode() * 50_000
        assert current.rows["n"] >= first
        first = current.rows["n"] + 1
    kept = keep(store, 400, ga=b"after", sc=b"the kills")
    assert store.current("un") == kept
