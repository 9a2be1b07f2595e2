"""Servers on this machine that stand for the upstreams."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme
from pytest_httpserver import HTTPServer
from serving import Upstream

from pipelines.live.web import Address, address


@pytest.fixture(scope="session")
def make_httpserver() -> Iterator[HTTPServer]:
    """The server of pytest-httpserver, with a thread for each request: some answers hang."""
    with HTTPServer(threaded=True) as server:
        yield server


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A certificate authority that nobody trusts by himself."""
    return trustme.CA()


@pytest.fixture(scope="session")
def guarded_server(authority: trustme.CA) -> Iterator[HTTPServer]:
    """A server that speaks https, with a certificate of `authority`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with HTTPServer(host="localhost", threaded=True, ssl_context=context) as server:
        yield server


@pytest.fixture
def upstream(httpserver: HTTPServer) -> Iterator[Upstream]:
    """The local upstream; every request must be one that it knows."""
    made = Upstream(httpserver)
    yield made
    assert made.strangers == []


@pytest.fixture
def local(upstream: Upstream) -> Callable[..., Address]:
    """The address of a source, led to the local upstream, with short patience."""

    def make(source: str = "atop", **values: Any) -> Address:
        quick = {"tries": 3, "backoff_seconds": 0.01, "read_seconds": 5, "connect_seconds": 5}
        return replace(address(source), **{"url": upstream.url, **quick, **values})

    return make


@pytest.fixture
def led(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lead sources to a server on this machine, as an operator would: by a file of addresses."""

    def lead(url: str, *sources: str, **values: float) -> None:
        quick = {"tries": 2, "backoff_seconds": 0.01, "read_seconds": 10, **values}
        lines = [f"{key} = {value}" for key, value in quick.items()]
        text = ["[defaults]", *lines]
        for source in sources:
            text += [f"[{source}]", f'url = "{url}"', *lines]
        path = tmp_path / "upstreams.toml"
        path.write_text("\n".join(text) + "\n")
        monkeypatch.setenv("ALLIANCE_DEPTH_UPSTREAMS", str(path))

    return lead
