"""BACI from a local CEPII: the newest version, and a page that names none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from serving import Upstream
from upstreams import baci

import schemas
from pipelines.live.web import Address, Web
from pipelines.sources.baci.fetch import fetch, read, recognise
from pipelines.sources.reading import SourceError

Local = Callable[..., Address]


def test_a_refresh_gives_both_years(upstream: Upstream, local: Local, tmp_path: Path) -> None:
    upstream.replies = baci.replies()
    with Web(local("baci")) as web:
        pieces = fetch(web, tmp_path)
    assert [(p.name, p.version, p.path.name) for p in pieces] == [
        ("archive", "202601", "BACI_HS92_V202601.zip")
    ]
    assert pieces[0].url == f"{upstream.url}/BACI_HS92_V202601.zip"
    assert [p.name for p in tmp_path.iterdir()] == ["BACI_HS92_V202601.zip"]
    frame = read({p.name: p.path for p in pieces})["raw_baci__flows"]
    schemas.validate(frame, schemas.table("raw_baci__flows"))
    rows = {tuple(r[:3]): tuple(r[3:]) for r in frame.itertuples(index=False)}
    assert rows == {
        (1998, 58, 156): (120.5, 120.5, 1),
        (1998, 276, 364): (12.75, 0.0, 1),
        (1998, 364, 276): (900.0, 900.0, 1),
        (1998, 364, 842): (2.001, 0.0, 1),
        (1999, 56, 156): (81.375, 80.25, 2),
        (1999, 276, 364): (15.0, 0.0, 1),
        (1999, 364, 276): (1100.0, 1100.0, 1),
        (1999, 490, 364): (3.333, 0.0, 1),
    }
    assert recognise(pieces[0].path) == pieces[0].name


@pytest.mark.parametrize(
    ("page", "version"),
    [
        ('<a href="BACI_HS92_V202501.zip"> <a href="BACI_HS92_V202501b.zip">', "202501b"),
        ("<p>the <em>202601</em> version, not 202501</p>", "202601"),
    ],
    ids=["corrected release", "no links"],
)
def test_the_newest_version_is_taken(
    page: str, version: str, upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    listing, archive = baci.replies()
    upstream.replies = [
        replace(listing, body=f"<html>{page}</html>".encode()),
        replace(archive, path=f"/BACI_HS92_V{version}.zip"),
    ]
    with Web(local("baci")) as web:
        assert fetch(web, tmp_path)[0].version == version


def test_a_page_without_a_version_says_what_to_do(
    upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    listing, _ = baci.replies()
    upstream.replies = [replace(listing, body=b"<html>Moved, 20260124</html>")]
    with (
        Web(local("baci")) as web,
        pytest.raises(SourceError, match=r"names no version.*id=37.*source add baci FILE"),
    ):
        fetch(web, tmp_path)
