"""Releases: what they hold, that they are whole or not there, verified, compared and published."""

from __future__ import annotations

import functools
import gzip
import hashlib
import http.server
import json
import os
import random
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest
from builds import ROOT
from processes import process
from releasing import release, release_aside, unexplained
from small import changed
from typer.testing import CliRunner

from pipelines.cli import app
from schemas import REGISTRY
from warehouse.publish import Location
from warehouse.releases import changes, copy
from warehouse.releases.diff import compare
from warehouse.releases.layout import (
    DATABASE,
    SUMS,
    VOLATILE,
    ReleaseError,
    files_below,
    read_sums,
    releases,
    seal,
)
from warehouse.releases.verify import verify
from warehouse.releases.write import Checked, GateFailed, write_release

NAME = "2026.11.1"


def stop(location: Location, folder: Path) -> None:
    """Have the gate stop a release; look what it left."""

    def stopped(*_: object) -> Checked:
        return Checked(False, '{"passed": false}\n', "<p>row IRN 2024</p>\n", "row IRN 2024")

    with pytest.raises(GateFailed, match="row IRN 2024"):
        write_release(location, folder, NAME, stopped, unexplained)
    assert releases(folder) == []
    left = {p.name for p in folder.iterdir()}
    assert left == {"rejected", ".lock"}


@pytest.fixture
def small(offered: tuple[Location, Path]) -> Location:
    return offered[0]


@pytest.fixture
def pair(offered: tuple[Location, Path]) -> tuple[Path, Path]:
    """A release, and one after it in which China's depth with Iran of 2024 is 2 points more."""
    return offered[1] / NAME, offered[1] / "2026.12.1"


@pytest.fixture
def made(pair: tuple[Path, Path]) -> Path:
    """A release; not to be changed."""
    return pair[0]


@pytest.fixture
def own(made: Path, tmp_path: Path) -> Path:
    """A copy of the release, to be damaged."""
    target = tmp_path / made.name
    shutil.copytree(made, target)
    for name in files_below(target):
        (target / name).chmod(0o644)
    return target


# What it holds.


def test_every_table_is_there_in_three_forms_and_says_whose_it_is(
    made: Path, small: Location
) -> None:
    expected = {
        n for n, t in REGISTRY.items()
        if t.layer != "raw" and t.in_warehouse and n != "core_arms__deliveries"
    }  # fmt: skip
    with duckdb.connect(str(made / DATABASE), read_only=True) as con:
        counts = {
            name: con.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]
            for (name,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        }
        assert con.execute("SELECT release FROM meta_release").fetchall() == [(NAME,)]
        listed = dict(con.execute("SELECT table_name, rows FROM meta_tables").fetchall())
        assert {n: r for n, r in listed.items() if r is not None} == counts
        assert con.execute("SELECT count(*) FROM iran_and_gulf").fetchall()[0][0] > 0
        for what in ("tables", "columns", "views"):
            text = f"duckdb_{what}() WHERE NOT internal AND coalesce(comment, '') = ''"
            assert con.execute(f"SELECT count(*) FROM {text}").fetchall() == [(0,)]
    assert counts.keys() == expected
    with duckdb.connect(str(small.link), read_only=True) as con:
        cut = {"core_trade__reported_flows", "out_arms__yearly_waits", "meta_tables", "meta_fields"}
        for name in sorted(expected - cut):
            assert con.execute(f"SELECT count(*) FROM {name}").fetchall() == [(counts[name],)]
    for name, rows in counts.items():
        file = pq.ParquetFile(made / "parquet" / f"{name}.parquet")
        assert file.metadata.num_rows == rows
        metadata = file.schema_arrow.metadata or {}
        assert (metadata[b"release"], metadata[b"table"]) == (NAME.encode(), name.encode())
        assert all((f.metadata or {}).get(b"description") for f in file.schema_arrow)
        packed = (made / "csv" / f"{name}.csv.gz").read_bytes()
        assert packed[3] == 8  # a name follows the header
        assert packed[10:].startswith(f"{name}-{NAME}.csv".encode() + b"\0")
        text = gzip.decompress(packed)
        assert text.count(b"\r\n") == text.count(b"\n") == rows + 1


def test_figures_in_csv_are_those_of_parquet_to_the_last_digit(made: Path) -> None:
    for name in ("out_depth__yearly_dyads", "out_gap__yearly", "core_un__roll_calls"):
        parquet = pd.read_parquet(made / "parquet" / f"{name}.parquet")
        csv = pd.read_csv(
            made / "csv" / f"{name}.csv.gz",
            keep_default_na=False,
            na_values=[""],
            dtype={c: "str" for c in parquet.columns if parquet[c].dtype == "str"},
        )
        key = list(REGISTRY[name].key)
        assert parquet[key].apply(tuple, axis=1).is_monotonic_increasing
        for column in csv:
            assert (csv[column].isna() == parquet[column].isna()).all()
            same = csv[column].astype("str") == parquet[column].astype("str")
            assert (same | csv[column].isna()).all(), (name, column)


def test_what_may_not_leave_has_not_left(made: Path) -> None:
    """By what the files hold, not by the registry alone."""
    with duckdb.connect(str(made / DATABASE), read_only=True) as con:
        columns = {c for (c,) in con.execute("SELECT column_name FROM duckdb_columns()").fetchall()}
        fields = dict(con.execute(
            "SELECT table_name || '.' || field, redistribution FROM meta_fields"
        ).fetchall())  # fmt: skip
        reports = con.execute("SELECT source FROM core_trade__reported_flows").fetchall()
    assert not {"designation", "tiv_deal_unit", "register_id", "number_delivered"} & columns
    assert "none" not in fields.values()
    assert "core_trade__reported_flows.value_usd" in fields
    assert reports
    assert not [s for (s,) in reports if "Comtrade" in s or "WITS" in s]
    text = gzip.decompress((made / "csv" / "core_trade__reported_flows.csv.gz").read_bytes())
    assert b"Comtrade (" not in text
    assert "core_arms__deliveries" in (made / "TERMS.md").read_text()
    assert not [f for f in files_below(made) if "deliveries" in f or "raw_" in f]


def test_documents_name_the_release_and_every_source(made: Path, small: Location) -> None:
    package = json.loads((made / "datapackage.json").read_text())
    assert package["version"] == NAME
    with duckdb.connect(str(small.link), read_only=True) as con:
        sources = con.execute("SELECT title, licence, citation FROM meta_sources").fetchall()
    assert len(package["sources"]) == len(sources)
    terms = (made / "TERMS.md").read_text()
    for words in sources:
        assert all(w in terms for w in words)
    for name in files_below(made):
        if name.endswith((".md", ".cff", ".html", "datapackage.json")) and name != "GATE.html":
            assert NAME in (made / name).read_text(), name
    codebook = (made / "CODEBOOK.md").read_text() + (made / "CODEBOOK.html").read_text()
    for resource in package["resources"]:
        if resource["format"] == "csv":
            fields = resource["schema"]["fields"]
            assert all(f["description"] and codebook.count(f["name"]) > 1 for f in fields)


# The same inputs, the same bytes.


RELEASE = """
import sys
from pathlib import Path
from releasing import release
from warehouse.publish import Location
link, folder, name = sys.argv[1:]
print("begun", flush=True)
release(Location(Path(link)), name, Path(folder))
"""


@pytest.fixture(scope="module")
def elsewhere(
    offered: tuple[Location, Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, float]:
    """The same release made in other surroundings, and how many seconds it took."""
    folder = tmp_path_factory.mktemp("elsewhere")
    env = {
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(Path(__file__).parent)]),
        "TZ": "Asia/Tehran",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "77",
        "OMP_NUM_THREADS": "1",
        "SOURCE_DATE_EPOCH": "1",
    }
    with subprocess.Popen(
        [sys.executable, "-c", RELEASE, str(offered[0].link), str(folder), NAME],
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as made:
        assert made.stdout
        assert made.stdout.readline() == "begun\n"
        started = time.monotonic()
        _, errors = made.communicate(timeout=120)
    assert made.returncode == 0, errors
    return folder / NAME, time.monotonic() - started


def test_surroundings_do_not_show(made: Path, elsewhere: tuple[Path, float]) -> None:
    assert (elsewhere[0] / SUMS).read_text() == (made / SUMS).read_text()
    assert list(read_sums(made / VOLATILE)[1]) == [DATABASE]


# Never twice, never half.


def test_a_name_is_used_once_and_names_go_forward(made: Path, small: Location) -> None:
    inodes = {f: (made / f).stat().st_ino for f in files_below(made)}
    with pytest.raises(ReleaseError, match="never written twice"):
        release(small, NAME, made.parent)
    with pytest.raises(ReleaseError, match="newer by its name"):
        release(small, "2026.10.7", made.parent)
    for wrong in ("2026.13.1", "2026.11", "2026.11.0", "v2026.11.1", "../2026.11.1"):
        with pytest.raises(ReleaseError, match="no name of a release"):
            release(small, wrong, made.parent)
    assert {f: (made / f).stat().st_ino for f in files_below(made)} == inodes
    assert not os.access(made / SUMS, os.W_OK) or os.geteuid() == 0
    assert (made / SUMS).stat().st_mode & 0o222 == 0


def test_a_warehouse_of_another_definition_is_not_released(small: Location, tmp_path: Path) -> None:
    location = changed(small, tmp_path, "UPDATE meta_release SET definition_sha256 = 'x'")
    with pytest.raises(ReleaseError, match=r"another definition\.toml"):
        release(location, NAME)
    assert releases(location.releases) == []


def test_the_gate_stops_a_release_and_leaves_its_report(made: Path) -> None:
    """The release of that name, made later, is none the worse for it."""
    rejected = made.parent / "rejected" / NAME
    assert (rejected / "GATE.html").read_text() == "<p>row IRN 2024</p>\n"
    assert {p.name for p in rejected.iterdir()} == {"GATE.html", "gate.json"}
    assert made.is_dir()  # what was rejected is no release


def killed_at_times(small: Location, folder: Path, times: list[float]) -> int:
    """Kill the making of a release after each of these times; return how many were finished."""
    finished = 0
    for k, wait in enumerate(times, start=1):
        name = f"2026.12.{k}"
        with process(release_aside, small, name, folder) as (_, says):
            assert says.recv() == "begun"
            time.sleep(wait)
        if (folder / name).exists():
            assert verify(str(folder / name)).is_good, name
            finished += 1
    return finished


def test_a_killed_release_leaves_nothing_that_looks_like_one(
    small: Location, elsewhere: tuple[Path, float], tmp_path: Path
) -> None:
    killed_at_times(small, tmp_path, [elsewhere[1] * share for share in (0.2, 0.6, 0.95)])
    assert release(small, "2026.12.9", tmp_path).is_dir()
    names = {p.name for p in tmp_path.iterdir()}
    assert not [n for n in names if n.endswith(".partial")]


@pytest.mark.soak
def test_fifty_killed_releases(
    small: Location, elsewhere: tuple[Path, float], tmp_path: Path
) -> None:
    dice = random.Random(20261128)
    times = [dice.uniform(0.0, 1.1) * elsewhere[1] for _ in range(50)]
    finished = killed_at_times(small, tmp_path, times)
    assert finished < 50
    assert release(small, "2027.01.1", tmp_path).is_dir()


# Verified.


def test_a_whole_release_is_whole(made: Path) -> None:
    found = verify(str(made))
    assert found.faults == ()
    assert (found.release, found.tables) == (NAME, len(list((made / "csv").iterdir())))


def flips(folder: Path, count: int, seed: int) -> None:
    """Flip single bytes anywhere; each must be found and its file named."""
    dice = random.Random(seed)
    names = files_below(folder)
    sizes = [(folder / n).stat().st_size for n in names]
    for k in range(count):
        # Half over the bytes, half over the files, or the small ones would never be hit.
        (name,) = dice.choices(names, sizes) if k % 2 else [dice.choice(names)]
        path = folder / name
        place, bit = dice.randrange(path.stat().st_size), 1 << dice.randrange(8)
        with path.open("r+b") as file:
            file.seek(place)
            byte = file.read(1)[0]
            file.seek(place)
            file.write(bytes([byte ^ bit]))
        found = verify(str(folder))
        assert any(f.startswith(f"{name}:") for f in found.faults), (name, place, found.faults)
        with path.open("r+b") as file:
            file.seek(place)
            file.write(bytes([byte]))
    assert verify(str(folder)).is_good


def test_a_flipped_bit_is_found_and_named(own: Path) -> None:
    flips(own, 25, 1)


@pytest.mark.soak
def test_two_hundred_flipped_bits(own: Path) -> None:
    flips(own, 200, 2)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("extra", "csv/mine.csv: not part of the release"),
        ("missing", "CODEBOOK.md: not there"),
        ("no list", f"{SUMS}: not there"),
        ("outside", f"{SUMS}: '.*', expected a hash and a file of the release"),
    ],
)
def test_what_is_wrong_is_named(own: Path, damage: str, words: str) -> None:
    if damage == "extra":
        (own / "csv" / "mine.csv").write_text("a\r\n")
    elif damage == "missing":
        (own / "CODEBOOK.md").unlink()
    elif damage == "no list":
        (own / SUMS).unlink()
    elif damage == "outside":
        text = (own / SUMS).read_text().replace("  CHANGES.md", "  ../CHANGES.md")
        body = text.rsplit("\n", 2)[0] + "\n"
        (own / SUMS).write_text(body + f"# {hashlib.sha256(body.encode()).hexdigest()}\n")
    found = verify(str(own))
    assert any(re.match(words, fault) for fault in found.faults), found.faults


def test_what_somebody_edited_is_named_though_the_sums_fit(own: Path) -> None:
    """Each fault by itself, in tables of their own; and nothing else."""
    short, renamed = (
        own / "parquet" / f"{n}.parquet" for n in ("core_geo__groups", "out_rivals__yearly_ties")
    )
    rows = pq.read_table(short)
    pq.write_table(rows.slice(1), short)
    columns = pq.read_table(renamed)
    pq.write_table(columns.rename_columns(["q", *columns.column_names[1:]]), renamed)
    csv = own / "csv" / "out_breadth__state_years.csv.gz"
    lines = gzip.decompress(csv.read_bytes()).split(b"\r\n")
    csv.write_bytes(gzip.compress(b"\r\n".join([*lines[:-2], b""])))
    headed = own / "csv" / "out_pillars__yearly_dyads.csv.gz"
    text = gzip.decompress(headed.read_bytes())
    headed.write_bytes(gzip.compress(text.replace(b",", b";", 1)))
    with duckdb.connect(str(own / DATABASE)) as con:
        con.execute(
            "UPDATE out_gap__yearly SET gap = gap + 1e-12 WHERE question = 'iran_gulf' AND "
            "principal_iso3 = 'CHN' AND view = 'principal' AND measure = 'depth' AND year=2020"
        )
        con.execute("DELETE FROM out_depth__yearly_dyads WHERE from_iso3 = 'CHN' AND year = 2020")
    package = own / "datapackage.json"
    made = json.loads(
        package.read_text().replace('"version": "2026.11.1"', '"version": "2026.11.2"')
    )
    seal(own, NAME, [DATABASE])
    sums = read_sums(own / SUMS)[1]
    for resource in made["resources"]:
        resource["hash"] = f"sha256:{sums[resource['path']]}"
    package.write_text(json.dumps(made))
    seal(own, NAME, [DATABASE])
    expected = [
        "datapackage.json: of release 2026.11.2, expected 2026.11.1",
        f"parquet/core_geo__groups.parquet: {len(rows) - 1} rows, expected {len(rows)}",
        f"csv/out_breadth__state_years.csv.gz: {len(lines) - 3} rows, expected {len(lines) - 2}",
        "csv/out_pillars__yearly_dyads.csv.gz: columns",
        "parquet/out_rivals__yearly_ties.parquet: columns",
        "parquet/out_rivals__yearly_ties.parquet: of release (none), expected 2026.11.1",
        f"{DATABASE}: 1 rows of core_geo__groups differ from its Parquet file",
        f"{DATABASE}: 10 rows of out_depth__yearly_dyads differ from its Parquet file",
        f"{DATABASE}: 2 rows of out_gap__yearly differ from its Parquet file",
    ]
    faults = verify(str(own)).faults
    for words in expected:
        assert any(f.startswith(words) for f in faults), (words, faults)
    assert len(faults) == len(expected), faults


# Published.


def bytes_below(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in files_below(folder)}


def test_a_release_is_copied_once_with_its_sums_last(made: Path, tmp_path: Path) -> None:
    order: list[str] = []
    where = copy.publish(made, str(tmp_path / "site"), order.append)
    assert order[-2:] == [VOLATILE, SUMS]
    assert bytes_below(Path(where)) == bytes_below(made)
    with pytest.raises(ReleaseError, match="never written twice"):
        copy.publish(made, str(tmp_path / "site"))

    class Cut(Exception):
        pass

    def cut_off(name: str) -> None:
        if name == VOLATILE:
            raise Cut

    with pytest.raises(Cut):
        copy.publish(made, str(tmp_path / "other"), cut_off)
    assert releases(tmp_path / "other") == []
    other = copy.publish(made, str(tmp_path / "other"))  # goes on where it was cut
    assert bytes_below(Path(other)) == bytes_below(made)


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """A bucket on a local server that speaks S3."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    before = dict(os.environ)
    os.environ.update(
        AWS_ENDPOINT=f"http://{host}:{port}",
        AWS_ALLOW_HTTP="true",
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
        AWS_REGION="us-east-1",
    )
    import requests

    requests.put(f"http://{host}:{port}/figures", timeout=10).raise_for_status()
    yield "s3://figures/alliance-depth"
    server.stop()
    os.environ.clear()
    os.environ.update(before)


def test_a_release_goes_to_object_storage_and_back(made: Path, bucket: str) -> None:
    where = copy.publish(made, bucket)
    assert where == f"{bucket}/{NAME}"
    found = verify(where)
    assert (found.faults, found.release) == ((), NAME)
    with pytest.raises(ReleaseError, match="never written twice"):
        copy.publish(made, bucket)
    with pytest.raises(ReleaseError, match="cannot be had"):
        verify(f"{bucket}/2026.11.2")


def test_another_engine_reads_it_from_there_and_finds_the_same(made: Path, bucket: str) -> None:
    pl = pytest.importorskip("polars", reason="polars is not installed: pip install polars")
    place = f"{bucket}/polars"
    copy.publish(made, place)

    def there(table: str) -> Any:
        return pl.scan_parquet(f"{place}/{NAME}/parquet/{table}.parquet")

    depth = there("out_depth__yearly_dyads").filter(pl.col("depth_status") == "full")
    deepest = (
        depth.group_by("from_iso3", "year")
        .agg(pl.col("depth").max(), pl.col("to_iso3").sort_by("depth").last(), pl.len().alias("n"))
        .sort("from_iso3", "year")
        .collect()
        .rows()
    )
    with duckdb.connect(str(made / DATABASE), read_only=True) as con:
        wanted = con.execute(
            "SELECT from_iso3, year, max(depth), max_by(to_iso3, depth), count(*) "
            "FROM out_depth__yearly_dyads WHERE depth_status = 'full' GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        published = con.execute(
            "SELECT principal_iso3, year, gap FROM iran_and_gulf "
            "WHERE view = 'principal' AND measure = 'depth' AND gap IS NOT NULL ORDER BY ALL"
        ).fetchall()
    assert deepest == wanted
    assert len(deepest) > 50
    # The gap made again from the depths: the mean of the Gulf states' ties less Iran's.
    gulf = there("core_geo__groups").filter(pl.col("group_id") == "gulf").select("iso3").unique()
    ties = depth.select("from_iso3", "to_iso3", "year", "depth")
    bloc = (
        ties.join(gulf, left_on="to_iso3", right_on="iso3")
        .group_by("from_iso3", "year")
        .agg(pl.col("depth").mean().alias("bloc"))
    )
    gap = (
        ties.filter(pl.col("to_iso3") == "IRN")
        .join(bloc, on=["from_iso3", "year"])
        .filter(pl.col("from_iso3").is_in(["CHN", "RUS", "USA"]))
        .select("from_iso3", "year", pl.col("bloc") - pl.col("depth"))
        .sort("from_iso3", "year")
        .collect()
        .rows()
    )
    assert [g[:2] for g in gap] == [p[:2] for p in published]
    assert [g[2] for g in gap] == pytest.approx([p[2] for p in published], rel=1e-12)


def test_a_release_is_verified_by_its_address(made: Path) -> None:
    handler = functools.partial(_Quiet, directory=str(made.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found = verify(f"http://127.0.0.1:{server.server_port}/{NAME}/")
        assert (found.faults, found.release) == ((), NAME)
        with pytest.raises(ReleaseError, match="cannot be had"):
            verify(f"http://127.0.0.1:{server.server_port}/2026.11.2")
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


def test_nothing_to_verify_is_said(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="not there"):
        verify(str(tmp_path / "nowhere"))
    assert not verify(str(tmp_path)).is_good


# Compared.


CHANGE = """
    UPDATE out_depth__yearly_dyads SET depth = depth + 2
        WHERE from_iso3 = 'CHN' AND to_iso3 = 'IRN' AND year = 2024;
    UPDATE out_gap__yearly SET gap = gap - 2
        WHERE principal_iso3 = 'CHN' AND measure = 'depth' AND view = 'principal' AND year = 2024;
    DELETE FROM core_un__yearly_dyads WHERE from_iso3 = 'CHN' AND to_iso3 = 'IRN' AND year = 2023;
    UPDATE meta_sources SET sha256 = repeat('0', 64), vintage = 'newer' WHERE source = 'un';
"""


class Known:
    """Makes depth and gap again: the UN gives 3 of the 2 points, the method takes 1 away."""

    causes = ("un", "method")

    def __init__(self, before: Path) -> None:
        self._before = before / "parquet"

    def __call__(self, chosen: frozenset[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
        depth = pd.read_parquet(self._before / "out_depth__yearly_dyads.parquet")
        gap = pd.read_parquet(self._before / "out_gap__yearly.parquet")
        move = 3 * ("un" in chosen) - ("method" in chosen)
        tie = (depth["from_iso3"] == "CHN") & (depth["to_iso3"] == "IRN") & (depth["year"] == 2024)
        depth.loc[tie, "depth"] += move
        asked = (
            (gap["principal_iso3"] == "CHN") & (gap["measure"] == "depth")
            & (gap["view"] == "principal") & (gap["year"] == 2024)
        )  # fmt: skip
        gap.loc[asked, "gap"] -= move
        return (
            depth[["from_iso3", "to_iso3", "year", "depth", "depth_status"]],
            gap[["question", "principal_iso3", "view", "measure", "year", "gap"]],
        )


def test_rows_and_moves_are_counted_and_divided(pair: tuple[Path, Path]) -> None:
    found = compare(*pair, Known(pair[0]))
    by_table = {t.table: t for t in found.tables}
    depth = by_table["out_depth__yearly_dyads"]
    assert (depth.added, depth.removed, depth.changed, depth.columns) == (0, 0, 1, {"depth": 1})
    votes = by_table["core_un__yearly_dyads"]
    assert (votes.added, votes.removed, votes.changed) == (0, 1, 0)
    assert votes.examples == [
        {"from_iso3": "CHN", "to_iso3": "IRN", "year": "2023", "kind": "removed"}
    ]
    assert by_table["out_pillars__yearly_dyads"].is_same
    assert found.sources.vintages["un"][1] == "newer"
    moved = found.depth[found.depth["move"].abs() > 0]
    assert moved[["from_iso3", "to_iso3", "year"]].values.tolist() == [["CHN", "IRN", 2024]]
    (row,) = moved.to_dict("records")
    assert (row["by_un"], row["by_method"]) == pytest.approx((3, -1), abs=1e-12)
    assert row["move"] == pytest.approx(2, abs=1e-12)
    assert row["by_code"] == pytest.approx(0, abs=1e-12)
    parts = [f"by_{c}" for c in found.causes]
    gap = found.gap[found.gap["question"] == "iran_gulf"]
    assert gap[parts].sum(axis=1).to_numpy() == pytest.approx(gap["move"].to_numpy(), abs=1e-9)
    assert gap["move"].tolist() == pytest.approx([-2])
    rank_parts = [f"rank_by_{c}" for c in found.causes]
    known = found.depth["rank_move"].notna()
    assert found.depth.loc[known, rank_parts].sum(axis=1).to_numpy() == pytest.approx(
        found.depth.loc[known, "rank_move"].to_numpy(), abs=1e-9
    )
    text = changes.markdown(found)
    assert "| CHN | IRN | 2024 |" in text
    assert "- source un: " in text
    largest = json.loads(changes.to_json(found))["depth"]["by_cause"]["un"]["largest_size"]
    assert largest == pytest.approx(3, abs=1e-12)


def test_a_release_says_what_changed_since_the_last(pair: tuple[Path, Path]) -> None:
    _, later = pair
    told = json.loads((later / "changes.json").read_text())
    assert (told["before"], told["after"], told["is_same"]) == (NAME, "2026.12.1", False)
    assert told["how"] == "Moves are not divided among causes: the tables were cut."
    moves = pd.read_csv(later / "changes" / "depth.csv.gz")
    assert moves.loc[moves["move"].abs() > 0, "move"].tolist() == pytest.approx([2])
    assert verify(str(later)).is_good


def test_exit_codes_of_the_diff(pair: tuple[Path, Path], tmp_path: Path) -> None:
    one, two = map(str, pair)
    same = CliRunner().invoke(app, ["diff", one, one])
    assert (same.exit_code, "hold the same" in same.stdout) == (0, True)
    link = str(tmp_path / "warehouse" / "alliance_depth.duckdb")
    other = CliRunner().invoke(app, ["diff", one, two, "--format", "json", "--warehouse", link])
    assert other.exit_code == 1, other.stderr
    told = json.loads(other.stdout)
    assert told["sources"]["un"]["after"] == "newer"
    assert "not divided" in told["how"]
    # Once in a process of its own, as the shell has it.
    wrong = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "diff", one, str(tmp_path / "nothing")],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert wrong.returncode == 2
    assert "neither a release" in wrong.stderr
