"""All upstreams at once, from their replies to a published warehouse."""

from __future__ import annotations

import gzip
import importlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
import upstreams
from serving import Upstream, whole
from typer.testing import CliRunner
from upstreams import Reply

from indices.definition import load_definition
from pipelines.cli import app
from pipelines.live.store import RawStore

SOURCES = sorted(
    p.stem for p in Path(upstreams.__file__).parent.glob("*.py") if p.stem != "__init__"
)
(QUESTION,) = load_definition().questions
# COW's abbreviations of the states of the question.
STATES = ("USA", "RUS", "CHN", "IRN", "SAU", "UAE", "QAT", "KUW", "BAH", "OMA")
pytestmark = pytest.mark.realdata


def replies(source: str, shared_data: Path) -> list[Reply]:
    """What an upstream answers: votes and states from the real files, all else as written down."""

    def edit(data: bytes) -> bytes:
        if source == "geo":
            head, *rows = (shared_data / "geo/cow_states.csv").read_bytes().splitlines()
            return b"\n".join([head, *(r for r in rows if r[:3].decode() in STATES)])
        if source == "un":
            body = "sc" if b"permanent_member" in data.splitlines()[0] else "ga"
            name = f"un/undl_{body}_voting_25_states_2018_202510.csv.gz"
            return gzip.decompress((shared_data / name).read_bytes())
        return whole(source, data)

    made: list[Reply] = importlib.import_module(f"upstreams.{source}").replies(edit)
    return made


def test_a_refresh_of_every_upstream_is_a_warehouse(
    upstream: Upstream, led: Callable[..., None], tmp_path: Path, shared_data: Path
) -> None:
    # One server stands for all of them: no two are asked for the same path and query.
    upstream.replies = [reply for s in SOURCES for reply in replies(s, shared_data)]
    led(upstream.url, *SOURCES)
    link = tmp_path / "alliance_depth.duckdb"
    today = datetime.now(UTC).date().isoformat()
    done = CliRunner().invoke(app, ["refresh", "--warehouse", str(link)])
    assert done.exit_code == 0, done.output
    store = RawStore(tmp_path / "raw")
    with duckdb.connect(str(link), read_only=True) as con:
        assert con.execute("SELECT mode FROM meta_release").fetchall() == [("live",)]
        said = {
            source: (sha256, retrieved)
            for source, sha256, retrieved in con.execute(
                "SELECT source, sha256, retrieved_at::VARCHAR FROM meta_sources"
            ).fetchall()
        }
        states = {s for (s,) in con.execute("SELECT iso3 FROM core_geo__states").fetchall()}
        baci = con.execute("SELECT count(*) FROM raw_baci__flows").fetchone()
        kappa = con.execute(
            "SELECT kappa FROM core_un__yearly_dyads "
            "WHERE from_iso3 = 'CHN' AND to_iso3 = 'IRN' AND year = 2024"
        ).fetchone()
    for source in SOURCES:
        vintage = store.current(source)
        assert vintage is not None
        assert said[source] == (vintage.sha256, today), source
    assert {QUESTION.focal, *QUESTION.principals, *QUESTION.bloc_members} <= states
    assert baci is not None
    assert baci[0] > 0
    assert kappa is not None
    assert kappa[0] == pytest.approx(0.62, abs=0.01)
