"""Damaged bundled figures: the build names them, publishes nothing, and leaves the old one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from builds import ROOT, Built, assert_whole, leftovers, share

from pipelines.runs import BuildFailed, build

STARTER = ROOT / "warehouse" / "starter"


def truncate(path: Path) -> None:
    """Cut a file in the middle, as a broken copy does."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def edit(change: Callable[[pa.Table], pa.Table]) -> Callable[[Path], None]:
    """Make a damage out of a change to the table in a file."""
    return lambda path: pq.write_table(change(pq.read_table(path)), path)


def put(column: str, value: object, row: int = 0) -> Callable[[Path], None]:
    """Put a value into one row of a column."""

    def change(table: pa.Table) -> pa.Table:
        values = table[column].to_pylist()
        values[row] = value
        at = table.column_names.index(column)
        return table.set_column(at, column, pa.array(values, pa.array([value]).type))

    return edit(change)


# Table: what is done to it, and what the message must say beside the table's name.
DAMAGE: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "raw_sipri__deliveries": (truncate, ("raw_sipri__deliveries.parquet",)),
    "raw_worldbank__gdp": (
        edit(lambda t: t.drop_columns("gdp_usd")),
        ("missing columns ['gdp_usd']",),
    ),
    "raw_voeten__ideal_points": (put("usa_agree", 1.5), ("usa_agree", "1.5")),
    "raw_atop__members": (
        edit(lambda t: pa.concat_tables([t, t.slice(0, 1)])),
        ("key", str(pc.min(pq.read_table(STARTER / "raw_atop__members.parquet")["atopid"]))),
    ),
    "raw_desta__members": (Path.unlink, ("is not there", "restore")),
}
# Found only when all raw tables are there: a name that maps to no state.
UNKNOWN = put("counterpart", "ATLANTIS")


def attempt(damage: dict[str, Callable[[Path], None]], folder: Path, link: Path) -> str:
    """Build from a copy of the figures with some tables damaged; return the message."""
    starter = folder / "starter"
    shutil.copytree(STARTER, starter)
    for name, spoil in damage.items():
        spoil(starter / f"{name}.parquet")
    with pytest.raises(BuildFailed) as error:
        build(starter=str(starter), link=str(link))
    return str(error.value)


@pytest.fixture(scope="module")
def tried(built: Built, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, Path]:
    """The message of a build with all damages, the link, and the build that was there before."""
    place = tmp_path_factory.mktemp("place")
    link = share(built, place)
    before = link.resolve()
    damage = {name: spoil for name, (spoil, _) in DAMAGE.items()}
    return attempt(damage, tmp_path_factory.mktemp("figures"), link), link, before


@pytest.mark.parametrize("table", DAMAGE)
def test_a_damaged_table_is_named(table: str, tried: tuple[str, Path, Path]) -> None:
    lines = [part for part in tried[0].split("\nraw_") if part]
    about = "\n".join(part for part in lines if table.removeprefix("raw_") in part)
    assert about, tried[0]
    for words in DAMAGE[table][1]:
        assert words in about


def test_the_message_names_nothing_else(tried: tuple[str, Path, Path]) -> None:
    assert not {p.stem for p in STARTER.glob("*.parquet") if p.stem in tried[0]} - set(DAMAGE)


def test_the_old_build_answers_and_nothing_partial_stays(tried: tuple[str, Path, Path]) -> None:
    _, link, before = tried
    assert assert_whole(link) == before
    assert [p for p in before.parent.iterdir() if p.name != ".lock"] == [before]
    assert leftovers(link) == []


def test_one_damaged_table_is_enough(built: Built, tmp_path: Path) -> None:
    # The name is found out late: by then most of the other tables are made.
    place = tmp_path / "place"
    place.mkdir()
    link = share(built, place)
    before = link.resolve()
    message = attempt({"raw_imf__imts": UNKNOWN}, tmp_path, link)
    assert "raw_imf__imts" in message
    assert "ATLANTIS" in message
    assert assert_whole(link) == before
    assert leftovers(link) == []
