"""Harvard's Dataverse: which file is asked for in which form, its checksum, its layouts."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from serving import Upstream
from upstreams import Reply, voeten
from werkzeug import Response

import schemas
from pipelines.live.web import Address, Web
from pipelines.sources.reading import SourceError
from pipelines.sources.voeten import fetch
from pipelines.sources.voeten.parse import parse_ideal_points

Local = Callable[..., Address]
POINTS = schemas.table("raw_voeten__ideal_points")
NAME = "IdealpointestimatesFP_2026FP.csv"


def fails(web: Web, into: Path, *words: str) -> None:
    """A fetch that must fail, with a message that names the page, the command and every word."""
    with pytest.raises(SourceError) as caught:
        fetch.fetch(web, into)
    message = str(caught.value)
    wanted = ("https://doi.org/10.7910/DVN/LEJUQZ", "alliance-depth source add voeten FILE", *words)
    assert [w for w in wanted if w not in message] == []
    assert list(into.iterdir()) == []


def given(
    files: list[dict[str, Any]], body: bytes, number: int, query: dict[str, str]
) -> list[Reply]:
    """A data set of these files, of which one can be downloaded."""
    path = f"/api/access/datafile/{number}"
    return [
        voeten.dataset(voeten.listing(files)),
        Reply(path, body, "text/csv", query=query),
    ]


def test_the_newest_ideal_points_are_fetched_and_read(
    upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    upstream.replies = voeten.replies()
    (piece,) = fetch.fetch(Web(local("voeten")), tmp_path)
    assert (piece.name, piece.version) == ("ideal_points", "39.0")
    assert piece.url == f"{upstream.url}/api/access/datafile/14098429"
    assert piece.path.read_bytes() == voeten.points()
    (name, frame), *others = fetch.read({piece.name: piece.path}).items()
    assert (name, others) == (POINTS.name, [])
    schemas.validate(frame, POINTS)
    assert len(frame) == len(voeten.STATES) * len(voeten.YEARS)
    points = frame.set_index(["ccode", "session"])["ideal_point"]
    # A calendar year stands under the session that begins in it: 2015 is the seventieth.
    assert points[630, 70] == -1.7
    assert points[630, 80] == -1.57
    assert points.isna().sum() == 1
    assert points.isna()[698, 71]
    assert frame.filter(like="_agree").isna().all(axis=None)


def test_storage_elsewhere_is_followed_if_it_is_known(
    upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    replies = voeten.replies()
    stored = Reply("/dvn-cloud/10.7910/14098429", replies[1].body, "text/csv")
    upstream.replies = [*replies, stored]
    elsewhere = upstream.url.replace("localhost", "127.0.0.1") + stored.path
    upstream.handlers[1] = lambda *_: Response(b"", 303, headers={"Location": elsewhere})
    web = Web(local("voeten", hosts=("127.0.0.1",)))
    assert fetch.fetch(web, tmp_path)[0].path.read_bytes() == replies[1].body
    (tmp_path / "ideal_points.csv").unlink()
    fails(Web(local("voeten", hosts=())), tmp_path, "another host, 127.0.0.1")


def test_a_file_that_the_dataverse_turned_into_a_tab_is_asked_for_as_deposited(
    upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    data = voeten.points()
    entry = voeten.turned(13642025, "Idealpointestimates1946-2025.csv", data, "2026-04-03")
    assert entry["label"].endswith(".tab")
    upstream.replies = given([entry], data, 13642025, {"format": "original"})
    (piece,) = fetch.fetch(Web(local("voeten")), tmp_path)
    assert piece.url.endswith("/13642025?format=original")
    assert piece.path.read_bytes() == data


def tab(data: bytes) -> bytes:
    """What the Dataverse makes of a CSV: tabs, bare names, and blanks for what is missing."""
    head, *lines = data.decode().splitlines()
    names = head.replace('""', '"V1"').replace('"', "").replace(",", "\t")
    return "\n".join([names, *(x.replace(",", "\t").replace("NA", "") for x in lines), ""]).encode()


def test_a_stata_file_is_asked_for_as_the_tab(
    upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    # As of July 2025: small letters, both series, and no checksum for the .tab in the listing.
    data = tab(voeten.points().replace(b"FP", b"fp").replace(b"IdealPoint", b"idealpoint"))
    entry = voeten.turned(11500000, "IdealpointsJuly2025.dta", b"stata", "2025-07-28")
    upstream.replies = given([entry], data, 11500000, {})
    (piece,) = fetch.fetch(Web(local("voeten")), tmp_path)
    frame = fetch.read({piece.name: piece.path})[POINTS.name]
    whole = tmp_path / "whole.csv"
    whole.write_bytes(voeten.points())
    assert frame.equals(parse_ideal_points(whole))


def test_of_two_series_that_of_all_votes_is_read(tmp_path: Path) -> None:
    path = tmp_path / "points.tab"
    path.write_text(
        "ccode\tyear\tidealpointfp\tnvotesfp\tidealpointall\tnvotesall\tidealpointlegacy\n"
        "630\t2024\t-1.5\t70\t-1.25\t90\t-1\n"
    )
    row = parse_ideal_points(path).iloc[0]
    assert row[["session", "n_votes", "ideal_point"]].tolist() == [79, 90, -1.25]


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"versionState": "DEACCESSIONED", "deaccessionNote": "moved"}, "DEACCESSIONED moved"),
        ({"versionState": "DRAFT"}, "a version that is DRAFT"),
        ({}, "the files []"),
    ],
)
def test_a_version_without_the_file_is_named(
    more: dict[str, Any], found: str, upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    upstream.replies = [voeten.dataset(voeten.listing([], **more))]
    fails(Web(local("voeten")), tmp_path, found)


def test_a_restricted_file_is_named(upstream: Upstream, local: Local, tmp_path: Path) -> None:
    entry = voeten.file(14098429, NAME, voeten.points(), "2026-07-30") | {"restricted": True}
    upstream.replies = [voeten.dataset(voeten.listing([entry]))]
    fails(Web(local("voeten")), tmp_path, f"the file {NAME}, which is restricted")


def test_the_dataverses_own_message_is_passed_on(
    upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    message = "Dataset with Persistent ID doi:10.7910/DVN/LEJUQZ not found."
    body = json.dumps({"status": "ERROR", "message": message}).encode()
    upstream.replies = [voeten.dataset(body)]
    fails(Web(local("voeten")), tmp_path, message)


@pytest.mark.parametrize("kind", ["MD5", "SHA-256"])
def test_a_file_with_another_checksum_is_never_used(
    kind: str, upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    entry = voeten.file(14098429, NAME, b"deposited", "2026-07-30")
    entry["dataFile"]["checksum"] = {"type": kind, "value": "0123456789abcdef"}
    upstream.replies = given([entry], voeten.points(), 14098429, {})
    fails(Web(local("voeten")), tmp_path, "0123456789abcdef, as the upstream states")


def test_a_renamed_column_is_named(upstream: Upstream, local: Local, tmp_path: Path) -> None:
    upstream.replies = voeten.replies(lambda data: data.replace(*voeten.COLUMN))
    with pytest.raises(SourceError, match=r"expected also the columns \['IdealPointFP'\]"):
        fetch.fetch(Web(local("voeten")), tmp_path)


def test_a_file_saved_by_hand_is_recognised_in_either_form(tmp_path: Path) -> None:
    for data in (voeten.points(), tab(voeten.points())):
        path = tmp_path / "download"
        path.write_bytes(data)
        assert fetch.recognise(path) == "ideal_points"
    path.write_bytes(b"rcid,ccode,vote\n3,2,1\n")
    with pytest.raises(SourceError, match="IdealPointAll"):
        fetch.recognise(path)


@pytest.mark.realdata
def test_the_real_file_goes_the_same_way(
    upstream: Upstream, local: Local, tmp_path: Path, shared_data: Path
) -> None:
    real = shared_data / "un" / "voeten_IdealpointestimatesAll_Jun2024.csv"
    data = real.read_bytes()
    entry = voeten.turned(10295878, "IdealpointestimatesAll_Jun2024.csv", data, "2024-06-24")
    replies = given([entry], data, 10295878, {"format": "original"})
    upstream.replies = [replies[0], replace(replies[1], media_type="text/csv; charset=UTF-8")]
    (piece,) = fetch.fetch(Web(local("voeten")), tmp_path)
    frame = schemas.validate(fetch.read({piece.name: piece.path})[POINTS.name], POINTS)
    assert len(frame) == data.count(b"\n") - 1
    assert fetch.recognise(real) == "ideal_points"
    # The last line of the file, by its text.
    cells = data.decode().splitlines()[-1].split(",")
    last = frame.set_index(["ccode", "session"]).loc[int(cells[1]), int(cells[2])]
    assert (last["n_votes"], last["ideal_point"]) == (int(cells[3]), float(cells[4]))
    assert last["usa_agree"] == float(cells[14])
