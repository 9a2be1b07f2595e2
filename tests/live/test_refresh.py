"""A refresh from end to end: local upstreams, the store, what is said, and what the build reads."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from serving import Upstream
from typer.testing import CliRunner, Result
from upstreams import Reply, atop, desta, sipri, un, us_troops, voeten
from werkzeug import Request, Response

from pipelines.assets.factory import TABLES, ParquetTables
from pipelines.assets.publish import RAW_TABLES, source_rows
from pipelines.assets.raw import RAW
from pipelines.cli import app
from pipelines.live.refresh import add, connected, is_published, parsed, refresh
from pipelines.live.store import RawStore
from pipelines.settings import Settings
from pipelines.sources.corrections import COLUMNS, correct
from pipelines.sources.reading import SourceError
from schemas import table
from warehouse.tables import read

DAY = datetime(2026, 1, 5, 12, tzinfo=UTC)
NEXT = DAY + timedelta(days=1)
TROOPS = "raw_us_troops__country_years"
Lead = Callable[..., None]


def troops(first: int = 1990, last: int = 2009, persons: int = 83) -> Reply:
    """The series of one country in some years."""
    head = us_troops.TABLE.splitlines()[0].decode()
    rows = [f"Albania,{y},339,ALB,Europe & Central Asia,{persons}" for y in range(first, last + 1)]
    return replace(us_troops.replies()[0], body="\n".join([head, *rows, ""]).encode())


@pytest.fixture
def store(tmp_path: Path) -> RawStore:
    """The store of a warehouse in a folder of its own."""
    return RawStore(tmp_path / "here" / "raw")


@pytest.fixture
def link(store: RawStore) -> Path:
    return store.root.parent / "alliance_depth.duckdb"


def test_sources_are_fetched_read_checked_and_kept(
    upstream: Upstream, led: Lead, store: RawStore
) -> None:
    upstream.replies = [troops(), *atop.replies(), *desta.replies()]
    led(upstream.url, "us_troops", "atop", "desta")
    seen: set[str] = set()
    done = refresh(
        ["us_troops", "desta", "atop", "atop"],
        store,
        DAY,
        progress=lambda source, *_: seen.add(source),
    )
    assert [(o.source, o.status) for o in done.outcomes] == [
        ("atop", "new"),
        ("desta", "new"),
        ("us_troops", "new"),
    ]
    assert seen == {"atop", "desta", "us_troops"}
    assert done.of("us_troops").rows == {TROOPS: 20}
    vintage = store.current("us_troops")
    assert vintage is not None
    assert [p.url for p in vintage.pieces] == [upstream.url + upstream.replies[0].path]
    files = parsed(store, vintage)
    kept = read(files[TROOPS], table(TROOPS))
    assert kept["troops_persons"].tolist() == [83.0] * 20
    assert list(store.incoming.iterdir()) == []
    (run,) = (store.root / "runs").iterdir()
    assert run.name == "20260105T120000Z.json"
    said = json.loads(run.read_text())
    assert said["counts"] == {"new": 3, "unchanged": 0, "stale": 0, "failed": 0, "quarantined": 0}
    assert said["sources"][2]["vintage"] == vintage.id


@pytest.mark.parametrize(("vintages", "year"), [("all", 1970), ("bundled", 1986)])
def test_corrections_reach_the_tables(
    vintages: str,
    year: int,
    upstream: Upstream,
    led: Lead,
    store: RawStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "desta").mkdir()
    (tmp_path / "desta" / "corrections.csv").write_text(
        f"{','.join(COLUMNS)}\nraw_desta__members,number=419,year,1986,set,1970,"
        f"signed in 1970,https://example.org,not reported yet,{vintages}\n"
    )
    monkeypatch.setitem(correct.__kwdefaults__, "folder", tmp_path)
    upstream.replies = desta.replies()
    led(upstream.url, "desta")
    refresh(["desta"], store, DAY)
    vintage = store.current("desta")
    assert vintage is not None
    rows = read(parsed(store, vintage)["raw_desta__members"], table("raw_desta__members"))
    assert set(rows.loc[rows["number"] == "419", "year"]) == {year}


def test_nothing_new_changes_nothing(upstream: Upstream, led: Lead, store: RawStore) -> None:
    upstream.replies = [troops()]
    led(upstream.url, "us_troops")
    refresh(["us_troops"], store, DAY)

    def state() -> dict[str, int]:
        kept = [p for p in store.root.rglob("*") if p.is_file() and "runs" not in p.parts]
        return {str(p): p.stat().st_mtime_ns for p in kept if p.name not in ("lock.json", ".lock")}

    before = state()
    outcome = refresh(["us_troops"], store, NEXT).of("us_troops")
    assert outcome.status == "unchanged"
    assert outcome.retrieved_at == "2026-01-05T12:00:00Z"
    assert not outcome.read_again
    assert state() == before
    assert store.checked_at("us_troops") == "2026-01-06T12:00:00Z"


def test_the_same_figures_in_other_bytes_are_not_new(
    upstream: Upstream, led: Lead, store: RawStore
) -> None:
    upstream.replies = sipri.replies()
    led(upstream.url, "sipri")
    first = refresh(["sipri"], store, DAY).of("sipri")
    # The service writes the moment into every reply.
    later = sipri.replies(lambda csv: csv.replace(b"28 Sep 2026", b"29 Sep 2026"))
    assert [r.body for r in later] != [r.body for r in upstream.replies]
    upstream.replies = later
    second = refresh(["sipri"], store, NEXT).of("sipri")
    assert (second.status, second.vintage) == ("unchanged", first.vintage)
    assert store.checked_at("sipri").startswith("2026-01-06")
    assert len(store.vintages("sipri")) == 1


def test_new_figures_become_a_vintage_beside_the_old(
    upstream: Upstream, led: Lead, store: RawStore
) -> None:
    upstream.replies = [troops()]
    led(upstream.url, "us_troops")
    refresh(["us_troops"], store, DAY)
    upstream.replies = [troops(last=2013)]
    outcome = refresh(["us_troops"], store, NEXT).of("us_troops")
    assert outcome.status == "new"
    assert outcome.rows == {TROOPS: 24}
    rows, size = outcome.warnings
    assert rows.startswith(f"us_troops: {TROOPS} has 24 rows, +20% against the 20 in use")
    assert f"country_years has {len(troops(last=2013).body):,} bytes" in size
    assert [v.rows[TROOPS] for v in store.vintages("us_troops")] == [20, 24]


def test_a_source_that_fails_takes_no_other_down(
    upstream: Upstream, led: Lead, store: RawStore
) -> None:
    upstream.replies = [troops(), *voeten.replies()]
    listing = json.loads(upstream.replies[1].body)
    for entry in listing["data"]["latestVersion"]["files"]:
        del entry["dataFile"]["id"]
    upstream.replies[1] = replace(upstream.replies[1], body=json.dumps(listing).encode())
    led(upstream.url, "us_troops", "voeten")
    done = refresh(["us_troops", "voeten"], store, DAY)
    assert done.of("us_troops").status == "new"
    failed = done.of("voeten")
    assert failed.status == "failed"
    assert "an error nobody foresaw (KeyError: 'id')" in failed.message
    assert "alliance-depth source add voeten FILE" in failed.message
    assert "There is no good vintage of voeten yet" in failed.message
    assert store.names() == ["us_troops"]


def test_an_unusual_size_is_set_aside_until_it_is_accepted(
    upstream: Upstream, led: Lead, store: RawStore
) -> None:
    upstream.replies = [troops()]
    led(upstream.url, "us_troops")
    first = refresh(["us_troops"], store, DAY).of("us_troops")
    upstream.replies = [troops(last=1999)]
    outcome = refresh(["us_troops"], store, NEXT).of("us_troops")
    assert outcome.status == "quarantined"
    assert outcome.vintage == first.vintage
    assert "has 10 rows, -50% against the 20 in use" in outcome.message
    assert "alliance-depth refresh us_troops --accept-drift" in outcome.message
    (report,) = (store.root / "quarantine" / "us_troops").glob("*/report.json")
    assert str(report.parent) in outcome.message
    assert [f["level"] for f in json.loads(report.read_text())["faults"]] == ["stop", "stop"]
    accepted = refresh(["us_troops"], store, NEXT, accept_drift=True).of("us_troops")
    assert (accepted.status, accepted.rows) == ("new", {TROOPS: 10})
    assert len(accepted.warnings) == 2


def test_what_is_old_is_called_stale(upstream: Upstream, led: Lead, store: RawStore) -> None:
    upstream.replies = [troops()]
    led(upstream.url, "us_troops", stale_days=30)
    refresh(["us_troops"], store, DAY)
    on_time = refresh(["us_troops"], store, DAY + timedelta(days=30)).of("us_troops")
    assert on_time.status == "unchanged"
    late = refresh(["us_troops"], store, DAY + timedelta(days=31)).of("us_troops")
    assert late.status == "stale"
    assert "nothing new for 31 days" in late.message
    upstream.replies = [replace(troops(), body=b"")]
    failed = refresh(["us_troops"], store, DAY + timedelta(days=40)).of("us_troops")
    assert failed.status == "failed"
    assert "nothing new for 40 days" in failed.warnings[0]


def test_a_rolled_back_vintage_is_held_back_until_the_upstream_has_another(
    upstream: Upstream, led: Lead, store: RawStore
) -> None:
    led(upstream.url, "us_troops")
    ids = []
    for last in (2008, 2009):
        upstream.replies = [troops(last=last)]
        ids.append(refresh(["us_troops"], store, DAY).of("us_troops").vintage)
    store.rollback("us_troops", ids[0])
    held = refresh(["us_troops"], store, NEXT).of("us_troops")
    assert (held.status, held.vintage) == ("unchanged", ids[0])
    assert "alliance-depth source rollback us_troops --to latest" in held.warnings[0]
    upstream.replies = [troops(last=2010)]
    assert refresh(["us_troops"], store, NEXT).of("us_troops").status == "new"
    # The upstream takes its last version back: what it has is used.
    upstream.replies = [troops(last=2008)]
    back = refresh(["us_troops"], store, NEXT).of("us_troops")
    assert (back.status, back.vintage) == ("new", ids[0])


def test_kept_bytes_are_read_again_where_nothing_parsed_them(
    upstream: Upstream, led: Lead, store: RawStore
) -> None:
    upstream.replies = [troops()]
    led(upstream.url, "us_troops")
    refresh(["us_troops"], store, DAY)
    vintage = store.current("us_troops")
    assert vintage is not None
    before = parsed(store, vintage)[TROOPS].read_bytes()
    shutil.rmtree(store.root / "parsed")
    assert refresh(["us_troops"], store, NEXT).of("us_troops").read_again
    assert parsed(store, vintage)[TROOPS].read_bytes() == before


def test_a_download_that_broke_off_is_continued_by_the_next_refresh(
    upstream: Upstream, led: Lead, store: RawStore
) -> None:
    reply = troops(1900, 2009)
    upstream.replies = [reply]

    def answer(request: Request, _: Reply) -> Response:
        start = request.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-")
        rest = reply.body[int(start) :]
        given = rest if int(start) else rest[:2000]
        response = Response(given, 206 if int(start) else 200, headers={"ETag": '"v1"'})
        response.headers["Content-Length"] = str(len(rest))
        if int(start):
            size = len(reply.body)
            response.headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
        return response

    upstream.handlers[0] = answer
    led(upstream.url, "us_troops", tries=1)
    assert refresh(["us_troops"], store, DAY).of("us_troops").status == "failed"
    done = refresh(["us_troops"], store, NEXT).of("us_troops")
    assert (done.status, done.rows) == ("new", {TROOPS: 110})
    assert [r.headers.get("Range") for r in upstream.asked] == [None, "bytes=2000-"]


@pytest.mark.parametrize("names", [["sirpi"], ["curated"]])
def test_a_name_of_no_source_is_refused_before_anything_is_asked(
    names: list[str], upstream: Upstream, led: Lead, store: RawStore
) -> None:
    led(upstream.url, "us_troops")
    with pytest.raises(SourceError, match=r"one of \['atop'"):
        refresh(["us_troops", *names], store, DAY)
    assert upstream.asked == []
    assert not store.root.exists()


def files(folder: Path, **bodies: bytes) -> list[Path]:
    folder.mkdir(exist_ok=True)
    for name, body in bodies.items():
        (folder / f"{name}.csv").write_bytes(body)
    return [folder / f"{name}.csv" for name in bodies]


@pytest.fixture
def exports() -> dict[str, bytes]:
    """The library's two exports."""
    csvs = [r.body for r in un.replies() if r.media_type.startswith("text/csv")]
    return dict(zip(("ga", "sc"), csvs, strict=True))


def test_files_added_by_hand_are_a_vintage(
    exports: dict[str, bytes], store: RawStore, tmp_path: Path
) -> None:
    both = files(tmp_path / "saved", **exports)
    outcome = add("un", both, store, DAY)
    assert outcome.status == "new"
    vintage = store.current("un")
    assert vintage is not None
    assert [(p.name, p.file, p.url) for p in vintage.pieces] == [
        ("ga_votes", "ga.csv", ""),
        ("sc_votes", "sc.csv", ""),
    ]
    assert all(p.is_file() for p in both)
    assert add("un", both[:1], store, NEXT).status == "unchanged"


def test_a_file_added_by_hand_joins_the_other_pieces_in_use(
    exports: dict[str, bytes], upstream: Upstream, led: Lead, store: RawStore, tmp_path: Path
) -> None:
    upstream.replies = un.replies()
    led(upstream.url, "un")
    refresh(["un"], store, DAY)
    fewer = b"".join(exports["sc"].splitlines(keepends=True)[:-21])
    (path,) = files(tmp_path / "saved", council=fewer)
    outcome = add("un", [path], store, NEXT, accept_drift=True)
    assert outcome.status == "new", outcome.message
    vintage = store.current("un")
    assert vintage is not None
    by_name = {p.name: p for p in vintage.pieces}
    assert by_name["sc_votes"].file == "council.csv"
    assert by_name["ga_votes"].url.startswith(upstream.url)
    assert by_name["ga_votes"].version == "2026-02-06"


def test_a_file_that_is_not_enough_or_not_right_says_so(
    exports: dict[str, bytes], store: RawStore, tmp_path: Path
) -> None:
    saved = tmp_path / "saved"
    (assembly,) = files(saved, ga=exports["ga"])
    alone = add("un", [assembly], store, DAY)
    assert alone.status == "quarantined"
    assert "alliance-depth source add un " in alone.message
    (copy,) = files(saved, copy=exports["ga"])
    with pytest.raises(SourceError, match="a second file that is ga_votes"):
        add("un", [assembly, copy], store, DAY)
    (other,) = files(saved, other=b"a,b\n1,2\n")
    with pytest.raises(SourceError, match=r"other\.csv"):
        add("un", [other], store, DAY)
    assert store.names() == []


def test_the_build_reads_what_is_in_use_and_the_bundled_rest(
    upstream: Upstream, led: Lead, store: RawStore, link: Path
) -> None:
    upstream.replies = [troops()]
    led(upstream.url, "us_troops")
    refresh(["us_troops"], store, DAY)
    steps = [a for a in RAW if a.op.name in ("source_us_troops", "source_desta", "source_baci")]
    resources = {
        "settings": Settings(link=str(link), mode="live"),
        TABLES: ParquetTables(link=str(link)),
    }
    with dg.DagsterInstance.ephemeral() as instance:
        assert dg.materialize(steps, instance=instance, resources=resources).success
    made = link.parent / "run" / "tables"
    assert len(read(made / f"{TROOPS}.parquet", table(TROOPS))) == 20
    bundled = Path(Settings().starter) / "raw_desta__members.parquet"
    assert (made / bundled.name).read_bytes() == bundled.read_bytes()
    assert len(read(made / "raw_baci__flows.parquet", table("raw_baci__flows"))) == 0

    vintage = store.current("us_troops")
    assert vintage is not None
    for name in RAW_TABLES:  # as the other steps would have made them
        if not (made / f"{name}.parquet").exists():
            starter = Path(Settings().starter) / f"{name}.parquet"
            shutil.copy(starter if starter.exists() else bundled, made / f"{name}.parquet")
    rows = source_rows(made, store.root).set_index("source")
    live = rows.loc["us_troops"]
    assert (live["vintage"], live["retrieved_at"]) == (vintage.id, "2026-01-05")
    assert live["url"] == upstream.url + upstream.replies[0].path
    assert live["sha256"] == vintage.sha256
    assert live["rows"] == 20
    starter = source_rows(made).set_index("source")
    assert rows.drop("us_troops").equals(starter.drop("us_troops"))
    assert starter.loc["us_troops", "sha256"] != vintage.sha256


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [*map(str, words)])


def test_the_command_says_how_it_went(
    upstream: Upstream, led: Lead, link: Path, store: RawStore
) -> None:
    upstream.replies = [troops(), *atop.replies()]
    led(upstream.url, "us_troops", "atop")
    words = ("refresh", "us_troops", "atop", "--no-build", "--warehouse", link)
    first = run(*words)
    assert first.exit_code == 0, first.output
    assert "us_troops  new" in first.stdout
    upstream.handlers[0] = lambda *_: Response("<html>no</html>", content_type="text/html")
    second = run(*words)
    assert second.exit_code == 3
    assert "us_troops  failed" in second.stdout
    assert "atop       unchanged" in second.stdout
    assert "an HTML page" in second.stdout
    assert "alliance-depth source add us_troops FILE" in second.stdout
    said = run(*words, "--format", "json")
    assert said.exit_code == 3
    assert json.loads(said.stdout)["counts"]["failed"] == 1
    assert not link.exists()
    assert not is_published(store, link)


def test_the_command_fails_where_nothing_can_be_had(
    upstream: Upstream, led: Lead, link: Path
) -> None:
    upstream.replies = [troops()]
    upstream.handlers[0] = lambda *_: Response("no", 403)
    led(upstream.url, "us_troops")
    done = run("refresh", "us_troops", "--warehouse", link)
    assert done.exit_code == 1
    assert "no source gave anything" in done.stderr
    assert run("refresh", "sirpi", "--warehouse", link).exit_code == 1
    odd = run("refresh", "us_troops", "--format", "xml", "--warehouse", link)
    assert (odd.exit_code, "expected table or json" in odd.stderr) == (1, True)


def test_a_wrong_file_of_addresses_is_named_in_full(
    link: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own.toml"
    own.write_text("[un]\nurll = 'x'\n")
    monkeypatch.setenv("ALLIANCE_DEPTH_UPSTREAMS", str(own))
    done = run("refresh", "un", "--warehouse", link)
    assert done.exit_code == 1
    assert "'urll' in [un]" in done.stderr
    assert "Everything is as it was." in done.stderr


def test_sources_are_listed_shown_rolled_back_and_added(
    upstream: Upstream, led: Lead, store: RawStore, link: Path, tmp_path: Path
) -> None:
    led(upstream.url, "us_troops")
    for last in (2008, 2009):
        upstream.replies = [troops(last=last)]
        refresh(["us_troops"], store, DAY)
    old, new = store.vintages("us_troops")
    where = ("--warehouse", link)
    listed = run("source", "list", *where).stdout
    assert new.id in listed
    assert [s for s in connected() if s not in listed] == []
    shown = run("source", "show", "us_troops", *where).stdout
    for words in (old.id, f"{new.id}  in use", "20 rows"):
        assert words in shown
    for piece in (*old.pieces, *new.pieces):  # whole, to be copied
        assert f" {piece.sha256}\n" in shown
        assert f" {piece.url}\n" in shown
    back = run("source", "rollback", "us_troops", "--no-build", *where)
    assert (back.exit_code, store.current("us_troops")) == (0, old)
    assert "(held)" in run("source", "list", *where).stdout
    assert run("source", "rollback", "us_troops", "--no-build", *where).exit_code == 1
    run("source", "rollback", "us_troops", "--to", "latest", "--no-build", *where)
    assert store.current("us_troops") == new
    (path,) = files(tmp_path / "saved", troops=troops(last=2010).body)
    added = run("source", "add", "us_troops", path, "--no-build", *where)
    assert added.exit_code == 0, added.output
    vintage = store.current("us_troops")
    assert vintage is not None
    assert vintage.rows == {TROOPS: 21}
    (half,) = files(tmp_path / "saved", troops=troops(last=1995).body)
    refused = run("source", "add", "us_troops", half, "--no-build", *where)
    assert refused.exit_code == 1
    assert "--accept-drift" in refused.stdout
    assert run("source", "show", "sirpi", *where).exit_code == 1
    unknown = run("source", "rollback", "sirpi", *where)
    assert (unknown.exit_code, "no connector of 'sirpi'" in unknown.stderr) == (1, True)
    absent = run("source", "add", "us_troops", tmp_path / "absent.csv", *where)
    assert absent.exit_code == 2
    assert store.current("us_troops") == vintage
    assert "report.json" in run("source", "show", "us_troops", *where).stdout.replace("\n", "")


REAL = {
    "un": ["un/undl_ga_voting_1946_202510.parquet", "un/undl_sc_voting_1946_202510.parquet"],
    "voeten": ["un/voeten_IdealpointestimatesAll_Jun2024.csv"],
    "sipri": [
        "arms/sipri_trade_register_1950_1989.csv",
        "arms/sipri_trade_register_1990_2023.csv",
        "arms/sipri_trade_register_1995_2024.csv",
    ],
    "geo": ["geo/cow_states.csv"],
    "desta": ["treaties/desta_list_of_treaties.csv"],
    "us_troops": ["treaties/us_troops_country_year.csv"],
    "investment_treaties": ["treaties/unctad_bits_2020_01.zip"],
}


@pytest.mark.realdata
@pytest.mark.parametrize("source", sorted(REAL))
def test_the_upstreams_real_files_pass_every_check(
    source: str, store: RawStore, shared_data: Path
) -> None:
    paths = [shared_data / name for name in REAL[source]]
    outcome = add(source, paths, store, DAY)
    assert (outcome.status, outcome.warnings) == ("new", ()), outcome.message
    vintage = store.current(source)
    assert vintage is not None
    by_file = {p.file: p.sha256 for p in vintage.pieces}
    assert by_file == {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in paths}


@pytest.mark.soak
def test_a_refresh_builds_a_live_warehouse_and_the_next_one_knows_it(
    upstream: Upstream, led: Lead, link: Path, store: RawStore
) -> None:
    """All states are computed, which takes minutes and gigabytes."""
    upstream.replies = [us_troops.replies()[0]]
    rows = parse_rows(Path(Settings().starter))
    upstream.replies = [replace(upstream.replies[0], body=rows)]
    led(upstream.url, "us_troops")
    words = ("refresh", "us_troops", "--warehouse", link)
    done = run(*words)
    assert done.exit_code == 0, done.output
    with duckdb.connect(str(link), read_only=True) as con:
        assert con.execute("SELECT mode FROM meta_release").fetchall() == [("live",)]
        (found,) = con.execute(
            "SELECT sha256 FROM meta_sources WHERE source = 'us_troops'"
        ).fetchone() or ("",)
    vintage = store.current("us_troops")
    assert vintage is not None
    assert found == vintage.sha256
    assert is_published(store, link)
    build = link.resolve()
    assert "holds these figures already" in run(*words).stderr
    assert link.resolve() == build


def parse_rows(starter: Path) -> bytes:
    """The bundled series, as the upstream writes it."""
    frame = read(starter / f"{TROOPS}.parquet", table(TROOPS))
    lines = [
        f"{r.country_name},{r.year},{'NA' if r.ccode is None else r.ccode},XXX,Region,"
        f"{int(r.troops_persons)}"
        for r in frame.itertuples()
        if r.troops_persons == r.troops_persons
    ]
    head = us_troops.TABLE.splitlines()[0].decode()
    return "\n".join([head, *lines, ""]).replace("<NA>", "NA").encode()
