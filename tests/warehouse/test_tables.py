"""Parquet files between steps: the same table gives the same bytes, a bad one gives no file."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from factories import tiny_frame
from pandas.testing import assert_frame_equal

from schemas import REGISTRY, Table
from schemas.frames import SchemaError
from warehouse.tables import read, write

VOTES = REGISTRY["core_un__votes"]
FLOWS = REGISTRY["core_trade__yearly_flows"]


@pytest.mark.parametrize("table", [VOTES, FLOWS, REGISTRY["core_un__roll_calls"]])
def test_row_order_leaves_no_trace_in_the_bytes(table: Table, tmp_path: Path) -> None:
    frame = tiny_frame(table, 5)
    write(frame, table, tmp_path / "a.parquet")
    write(frame.sample(frac=1, random_state=1), table, tmp_path / "b.parquet")
    write(frame[frame.columns[::-1]], table, tmp_path / "c.parquet")
    first = (tmp_path / "a.parquet").read_bytes()
    assert first == (tmp_path / "b.parquet").read_bytes() == (tmp_path / "c.parquet").read_bytes()


def test_how_categories_are_listed_leaves_no_trace_in_the_bytes(tmp_path: Path) -> None:
    frame = tiny_frame(VOTES, 4)
    write(frame, VOTES, tmp_path / "text.parquet")
    listed = pd.CategoricalDtype(["X", "unused", "A", "N", "Y"])
    write(frame.astype({"vote": listed}), VOTES, tmp_path / "category.parquet")
    again = read(tmp_path / "category.parquet", VOTES)
    write(again, VOTES, tmp_path / "again.parquet")
    files = [(tmp_path / f"{n}.parquet").read_bytes() for n in ("text", "category", "again")]
    assert files[0] == files[1] == files[2]


def test_a_file_describes_itself(tmp_path: Path) -> None:
    write(tiny_frame(FLOWS), FLOWS, tmp_path / "t.parquet")
    schema = pq.read_schema(tmp_path / "t.parquet")
    assert schema.metadata[b"table"] == b"core_trade__yearly_flows"
    assert schema.metadata[b"description"] == FLOWS.description.encode()
    for f in FLOWS.fields:
        written = schema.field(f.name)
        assert written.metadata[b"description"] == f.description.encode()
        assert written.metadata[b"unit"] == f.unit.encode()
        assert written.nullable == f.nullable


@pytest.mark.parametrize("table", [VOTES, FLOWS, REGISTRY["raw_un__ga_roll_calls"]])
def test_a_table_is_read_in_the_form_it_was_written(table: Table, tmp_path: Path) -> None:
    written = write(tiny_frame(table, 5).iloc[::-1], table, tmp_path / "t.parquet")
    assert_frame_equal(read(tmp_path / "t.parquet", table), written)


def test_a_large_number_beside_a_gap_is_kept_to_the_last_digit(tmp_path: Path) -> None:
    large = 2**53 + 1  # the first whole number a double cannot hold
    states = REGISTRY["core_geo__states"]
    frame = tiny_frame(states, 2).assign(cow_code=pd.array([large, None], dtype="Int64"))
    write(frame, states, tmp_path / "t.parquet")
    assert read(tmp_path / "t.parquet", states)["cow_code"].tolist() == [large, pd.NA]


def test_a_file_cut_short_is_named(tmp_path: Path) -> None:
    path = tmp_path / "core_un__votes.parquet"
    write(tiny_frame(VOTES), VOTES, path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(pa.ArrowInvalid, match=r"core_un__votes\.parquet: "):
        read(path, VOTES)


def test_a_refused_table_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "core_un__votes.parquet"
    write(tiny_frame(VOTES), VOTES, path)
    before = path.read_bytes()
    with pytest.raises(SchemaError, match=r"core_un__votes.*\n.*vote: one of"):
        write(tiny_frame(VOTES).assign(vote="maybe"), VOTES, path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_refused_table_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(SchemaError):
        write(tiny_frame(VOTES).drop(columns="vote"), VOTES, tmp_path / "new" / "t.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_dead_writer_leaves_the_old_file_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.parquet"
    write(tiny_frame(VOTES, 2), VOTES, path)
    before = path.read_bytes()

    def half(_: object, where: Path, **__: object) -> None:
        Path(where).write_bytes(b"PAR1")
        raise KeyboardInterrupt

    monkeypatch.setattr(pq, "write_table", half)
    with pytest.raises(KeyboardInterrupt):
        write(tiny_frame(VOTES, 4), VOTES, path)
    monkeypatch.undo()
    assert path.read_bytes() == before
    write(tiny_frame(VOTES, 4), VOTES, path)
    assert len(read(path, VOTES)) == 4
    assert [p.name for p in tmp_path.iterdir()] == ["t.parquet"]
