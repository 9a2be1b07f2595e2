"""The index made again from kept inputs is the published one, and moves go to their causes."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

from indices.attribution import attribute
from indices.definition import DEFINITION, parse_definition
from pipelines.recompute import Recompute, recompute_between
from schemas import REGISTRY
from warehouse.releases import inputs
from warehouse.releases.inputs import Input
from warehouse.releases.layout import ReleaseError, file_hash
from warehouse.tables import write

KEY = ["from_iso3", "to_iso3", "year"]


@pytest.fixture(scope="module")
def kept(
    con: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Input]]:
    folder = tmp_path_factory.mktemp("inputs")
    return folder, {i.table: i for i in inputs.keep(con, folder)}


def altered(kept: tuple[Path, dict[str, Input]], table: str, change: str) -> Input:
    """Keep a changed table, by an expression for a column of some rows: `column = value WHERE`."""
    folder, listed = kept
    column, rest = change.split(" = ", 1)
    value, where = rest.split(" WHERE ")
    path = folder / f"{listed[table].sha256}.parquet"
    with duckdb.connect() as own:
        frame = own.execute(
            f"SELECT * REPLACE (CASE WHEN {where} THEN {value} ELSE {column} END AS {column}) "
            f"FROM read_parquet('{path}')"
        ).df()
    target = folder / "altered.parquet"
    write(frame, REGISTRY[table], target)
    sha256 = file_hash(target)
    shutil.move(target, folder / f"{sha256}.parquet")
    return replace(listed[table], sha256=sha256)


def test_inputs_are_kept_once_and_read_back(
    con: duckdb.DuckDBPyConnection, kept: tuple[Path, dict[str, Input]]
) -> None:
    folder, listed = kept
    before = {p.name: p.stat().st_mtime_ns for p in folder.iterdir()}
    assert {i.sha256 for i in inputs.keep(con, folder)} == {i.sha256 for i in listed.values()}
    assert before.keys() == {p.name for p in folder.iterdir()}
    for i in listed.values():
        assert pq.read_metadata(folder / f"{i.sha256}.parquet").num_rows == i.rows
    assert {i.source for i in listed.values()} == {
        s for t in REGISTRY.values() if t.layer == "raw" and t.in_warehouse for s in t.sources
    }
    absent = replace(listed["raw_sipri__dyad_years"], sha256="0" * 64)
    with pytest.raises(ReleaseError, match=r"raw_sipri__dyad_years of source sipri .* is not in"):
        inputs.load(folder, absent)


def test_depth_and_gap_made_again_are_those_published(
    con: duckdb.DuckDBPyConnection, kept: tuple[Path, dict[str, Input]]
) -> None:
    """And a change of two sources and the method moves what it should, and adds up."""
    folder, before = kept
    arms, trade = "raw_sipri__dyad_years", "raw_imf__imts"
    after = before | {
        arms: altered(
            kept, arms,
            "tiv_millions = tiv_millions * 3 WHERE supplier = 'Russia' AND recipient = 'Iran' "
            "AND delivery_year >= 2020",
        ),
        trade: altered(
            kept, trade,
            "value_usd_millions = value_usd_millions * 2 WHERE counterpart = 'IRN' AND year = 2024",
        ),
    }  # fmt: skip
    old = parse_definition(DEFINITION.read_bytes())
    text = DEFINITION.read_text().replace("hi = 50000", "hi = 40000")
    new = parse_definition(text.encode())
    assert old.sha256 != new.sha256
    again = Recompute(["imf", "sipri"], (before, after), (old, new), folder, "starter")

    depth, gap = again(frozenset())
    published = con.execute(
        f"SELECT {', '.join(KEY)}, depth, depth_status FROM out_depth__yearly_dyads"
    ).df()
    same = depth.merge(published, on=KEY, validate="1:1", suffixes=("", "_published"))
    assert len(same) == len(depth) == len(published)
    np.testing.assert_allclose(same["depth"], same["depth_published"], rtol=0, atol=1e-9)
    statuses = [same[c].astype("str").fillna("") for c in same if c.startswith("depth_status")]
    assert (statuses[0] == statuses[1]).all()
    names = ["question", "principal_iso3", "view", "measure", "year"]
    published = con.execute(f"SELECT {', '.join(names)}, gap FROM out_gap__yearly").df()
    same_gap = gap.merge(published, on=names, validate="1:1", suffixes=("", "_published"))
    assert len(same_gap) == len(gap) == len(published)
    np.testing.assert_allclose(same_gap["gap"], same_gap["gap_published"], rtol=0, atol=1e-9)

    parts = attribute(lambda chosen: again(chosen)[0]["depth"].to_numpy(), again.causes)
    moved = depth.assign(**parts.by)
    by = {c: moved.loc[moved[c].abs() > 1e-9] for c in again.causes}
    assert {"IRN"} <= set(by["imf"]["from_iso3"].astype("str"))
    assert set(by["imf"]["year"]) == {2024}
    touched = by["sipri"][["from_iso3", "to_iso3"]].astype("str")
    assert ((touched == "IRN") | (touched == "RUS")).any(axis=1).all()
    assert by["sipri"]["year"].min() == 2020

    third = Recompute(["method"], (before, before), (old, new), folder, "starter")
    method = attribute(lambda chosen: third(chosen)[0]["depth"].to_numpy(), third.causes)
    changed = moved.loc[np.abs(method.by["method"]) > 1e-9, ["from_iso3", "to_iso3"]]
    assert (changed.astype("str") == "USA").any(axis=1).any()


def test_what_cannot_be_made_again_is_said(
    kept: tuple[Path, dict[str, Input]], tmp_path: Path
) -> None:
    folder, listed = kept
    for name in ("before", "after"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "inputs.json").write_text(inputs.dump(list(listed.values())))
        shutil.copy(DEFINITION, tmp_path / name / "definition.toml")
    sides = (tmp_path / "before", tmp_path / "after")
    assert recompute_between(*sides, folder, "starter").causes == []
    with pytest.raises(ReleaseError, match="is not in"):
        recompute_between(*sides, tmp_path, "starter")
    (sides[0] / "definition.toml").write_text("version = 3\n")
    with pytest.raises(ReleaseError, match="the method of before cannot be read"):
        recompute_between(*sides, folder, "starter")
    (sides[0] / "inputs.json").write_text("{")
    with pytest.raises(ReleaseError, match=r"inputs\.json"):
        recompute_between(*sides, folder, "starter")
