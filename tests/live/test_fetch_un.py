"""The UN Digital Library: which files are asked for, what turns programs away, real exports."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from serving import Upstream
from upstreams import Reply, un
from werkzeug import Request, Response

import schemas
from pipelines.live.connector import Piece
from pipelines.live.web import Address, Web
from pipelines.sources.reading import SourceError
from pipelines.sources.un import fetch

Local = Callable[..., Address]
BY_HAND = (
    "https://digitallibrary.un.org/record/4060887",
    "alliance-depth source add un FILE",
)


def paths(pieces: list[Piece]) -> dict[str, Path]:
    return {piece.name: piece.path for piece in pieces}


def fails(web: Web, into: Path, *words: str) -> None:
    """A fetch that must fail, with a message that names the page, the command and every word."""
    with pytest.raises(SourceError) as caught:
        fetch.fetch(web, into)
    message = str(caught.value)
    assert [w for w in (*BY_HAND, *words) if w not in message] == []


def test_the_newest_exports_are_fetched_and_read(
    upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    upstream.replies = un.replies()
    pieces = fetch.fetch(Web(local("un")), tmp_path)
    assert [(p.name, p.version, p.url) for p in pieces] == [
        ("ga_votes", "2026-02-06", f"{upstream.url}/record/4060887/files/{un.GA}.csv"),
        ("sc_votes", "2026-02-06", f"{upstream.url}/record/4055387/files/{un.SC}.csv"),
    ]
    assert [p.path.read_bytes() for p in pieces] == [un.assembly(), un.council()]
    frames = fetch.read(paths(pieces))
    for name, frame in frames.items():
        schemas.validate(frame, schemas.table(name))
    calls = frames["raw_un__ga_roll_calls"]
    assert (len(calls), set(calls["total_ms"])) == (33, {14})
    votes = frames["raw_un__ga_votes"].merge(calls[["undl_id", "resolution"]])
    cast = votes[votes["resolution"] == "A/RES/80/22"].set_index("ms_code")["ms_vote"]
    assert cast[["USA", "IRN", "TUR", "OMN"]].to_dict() == {
        "USA": "N", "IRN": "A", "TUR": "X", "OMN": "Y",
    }  # fmt: skip
    # The Council's last resolution was adopted without a vote: the library writes Y for each
    # member and zero for the totals.
    last = frames["raw_un__sc_roll_calls"].iloc[-1]
    assert (last["total_yes"], last["total_ms"]) == (7, 7)
    assert last["title"].startswith("Security Council resolution 2280 (2025)")


@pytest.mark.parametrize(
    ("files", "wanted", "version"),
    [
        (["2025_9_19_ga_voting.csv", "2025_10_2_ga_voting.csv"], 1, "2025-10-02"),
        (["2025_09_19_ga_voting.csv", "2025_9_20_ga_voting.csv"], 1, "2025-09-20"),
        (["2026_02_06_ga_voting.csv", "2025_12_31_ga_voting.csv"], 0, "2026-02-06"),
        (["2025_03_31_ga_voting.csv", "2025_03_31_ga_voting_corr1.csv"], 1, "2025-03-31"),
        (["2026_08_17_unms_names.csv", "2025_7_23_ga_voting.csv"], 1, "2025-07-23"),
        (["2026_02_06_ga_voting_md.md", "2025_7_23_ga_voting.csv"], 1, "2025-07-23"),
    ],
)
def test_the_date_in_its_name_says_which_file_is_newest(
    files: list[str], wanted: int, version: str, local: Local
) -> None:
    listing = json.loads(un.listing("4060887", files))
    assert fetch.newest(listing, "ga", Web(local("un"))) == (files[wanted], version)


@pytest.mark.parametrize(
    "answer",
    [
        Response(b"", 202, headers={"x-amzn-waf-action": "challenge"}),
        Response(b"<html>Forbidden</html>", 403, content_type="text/html"),
        Response(b"<!DOCTYPE html><title>Just a moment...</title>", 200, content_type="text/html"),
        Response(b"<!DOCTYPE html><title>Human?</title>", 405, content_type="text/html"),
        Response(b"", 200, content_type="text/csv"),
    ],
    ids=["empty 202", "403", "page", "405", "nothing"],
)
@pytest.mark.parametrize("index", [0, 1, 3])
def test_a_robot_check_says_which_page_to_open_and_what_to_run(
    index: int, answer: Response, upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    upstream.replies = un.replies()

    def challenge(_: Request, __: Reply) -> Response:
        return Response(answer.get_data(), answer.status_code, headers=answer.headers)

    upstream.handlers[index] = challenge
    fails(Web(local("un")), tmp_path)


def test_the_library_may_send_on_to_another_path(
    upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    # It serves its files from /nanna/record/... now.
    replies = un.replies()
    served = [replace(r, path="/nanna" + r.path) for r in replies]
    upstream.replies = [*replies, *served]
    for index in (1, 3):
        upstream.handlers[index] = lambda _, r: Response(
            b"", 302, headers={"Location": "/nanna" + r.path}
        )
    pieces = fetch.fetch(Web(local("un")), tmp_path)
    assert pieces[0].path.read_bytes() == un.assembly()


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b'{"error": "no such record"}', "no such record"),
        (b"[]", "the answer '[]'"),
        (un.listing("4060887", ["readme.txt"]), "the files ['readme.txt']"),
        (un.listing("4060887", [f"{un.SC}.csv"]), "2026_02_06_ga_voting.csv"),
    ],
    ids=["object", "empty", "no export", "other body"],
)
def test_a_listing_without_the_export_is_named(
    body: bytes, word: str, upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    upstream.replies = [replace(un.replies()[0], body=body)]
    fails(Web(local("un")), tmp_path, word)


def test_the_other_bodys_export_under_the_name_is_refused(
    upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    upstream.replies = un.replies()
    upstream.replies[1] = replace(upstream.replies[1], body=un.council())
    fails(Web(local("un")), tmp_path, "found the SC export; expected the GA export")


def test_a_renamed_column_is_named(upstream: Upstream, local: Local, tmp_path: Path) -> None:
    upstream.replies = un.replies(lambda data: data.replace(*un.COLUMN))
    with pytest.raises(SourceError, match=r"expected also the columns \['ms_vote'\]"):
        fetch.fetch(Web(local("un")), tmp_path)


def test_a_file_saved_by_hand_is_recognised_by_what_stands_in_it(tmp_path: Path) -> None:
    for name, data in (("download", un.assembly()), ("votes (1)", gzip.compress(un.assembly()))):
        path = tmp_path / name
        path.write_bytes(data)
        assert fetch.recognise(path) == "ga_votes"
    path.write_bytes(un.council())
    assert fetch.recognise(path) == "sc_votes"
    path.write_bytes(b"SIPRI AT Database ID,Supplier\n1,Iran\n")
    with pytest.raises(SourceError, match="undl_id"):
        fetch.recognise(path)


def test_one_export_is_not_a_vintage(tmp_path: Path) -> None:
    path = tmp_path / "ga.csv"
    path.write_bytes(un.assembly())
    with pytest.raises(
        SourceError, match=r"only \['ga_votes'\]; expected also sc_votes.* GA_FILE SC_FILE"
    ):
        fetch.read({"ga_votes": path})


@pytest.mark.realdata
@pytest.mark.parametrize("body", ["ga", "sc"])
def test_real_exports_are_recognised_and_the_csv_equals_the_parquet_file(
    body: str, shared_data: Path
) -> None:
    folder = shared_data / "un"
    excerpt = folder / f"undl_{body}_voting_25_states_2018_202510.csv.gz"
    whole = folder / f"undl_{body}_voting_1946_202510.parquet"
    assert {fetch.recognise(excerpt), fetch.recognise(whole)} == {f"{body}_votes"}
    other = {"ga": "sc", "sc": "ga"}[body]
    rest = folder / f"undl_{other}_voting_25_states_2018_202510.csv.gz"
    parsed = fetch.read({f"{body}_votes": excerpt, f"{other}_votes": rest})
    # Against the file itself, not against what our parser makes of it.
    raw = pd.read_parquet(whole, columns=["undl_id", "ms_code", "ms_vote", "date"])
    got = parsed[f"raw_un__{body}_votes"]
    raw = raw[(raw["date"] >= "2018-01-01") & raw["ms_code"].isin(got["ms_code"].unique())]
    keys = ["undl_id", "ms_code"]
    want = raw.set_index(keys)["ms_vote"].str.upper().replace("", "X").sort_index()
    have = got.set_index(keys)["ms_vote"].astype("str").sort_index()
    assert len(have) > 1000
    pd.testing.assert_series_equal(have, want.astype("str"))
