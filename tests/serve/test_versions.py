"""Versions that upstreams tell in one small reply are those of the vintages that come of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from upstreams import desta, un, voeten, worldbank

from pipelines.live.refresh import refresh
from pipelines.live.store import RawStore
from pipelines.live.web import OVERRIDES
from pipelines.versions import look

UPSTREAMS = {"desta": desta, "un": un, "voeten": voeten, "worldbank": worldbank}


@pytest.fixture
def store(world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RawStore:
    quick = "tries = 1\nbackoff_seconds = 0.01\nread_seconds = 5\n"
    path = tmp_path / "upstreams.toml"
    path.write_text("".join(f'[{s}]\nurl = "{world.upstream.url}"\n{quick}' for s in UPSTREAMS))
    monkeypatch.setenv(OVERRIDES, str(path))
    world.upstream.replies = [r for u in UPSTREAMS.values() for r in u.replies()]
    # A page of one row has the same head.
    world.upstream.replies += [
        replace(r, query={"format": "json", "per_page": "1", "page": "1"})
        for r in worldbank.replies()
        if r.query and r.query.get("page") == "1"
    ]
    return RawStore(world.location.raw)


def test_what_is_in_use_is_not_new(world: Any, store: RawStore) -> None:
    before, faults = look(store)
    assert (sorted(before), faults) == (sorted(UPSTREAMS), [])
    done = refresh(list(UPSTREAMS), store, world.now)
    kept = {o.source for o in done.outcomes if o.status == "new"}
    assert {"desta", "un", "voeten"} <= kept
    assert {s: store.current(s).version for s in kept} == {s: before[s] for s in kept}
    after, faults = look(store)
    assert (set(after), faults) == (set(UPSTREAMS) - kept, [])


def test_a_new_version_is_seen_and_an_upstream_that_fails_hides_no_other(
    world: Any, store: RawStore
) -> None:
    refresh(["desta", "voeten"], store, world.now)
    listing = next(r for r in world.upstream.replies if b"versionNumber" in r.body)
    answer = json.loads(listing.body)
    answer["data"]["latestVersion"]["versionNumber"] = 999
    newer = json.dumps(answer).encode()
    world.upstream.replies = [
        replace(listing, body=newer) if r is listing else r
        for r in world.upstream.replies
        if "api/v1/file" not in r.path
    ]
    new, faults = look(store)
    assert new["voeten"].startswith("999.")
    assert "desta" not in new
    assert [f.startswith("un:") for f in faults] == [True]
