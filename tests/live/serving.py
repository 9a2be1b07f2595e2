"""A local upstream: answers a list of replies, and remembers every request that none matches."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_httpserver import HTTPServer
from upstreams import Reply
from werkzeug import Request, Response

Handler = Callable[[Request, Reply], Response]


def plain(reply: Reply) -> Response:
    """The reply as it is written down."""
    return Response(
        reply.body, 200, headers=dict(reply.headers), content_type=reply.media_type or None
    )


def matches(reply: Reply, request: Request) -> bool:
    """Whether a reply is the answer to a request."""
    return (
        request.path == reply.path
        and request.method == reply.method
        and (reply.query is None or request.args.to_dict() == dict(reply.query))
        and (reply.json is None or request.get_json(silent=True) == reply.json)
    )


@dataclass
class Upstream:
    """What a server on this machine answers.

    Parameters
    ----------
    server : HTTPServer
        It.
    replies : sequence of Reply
        What it knows; the first that matches a request is the answer.
    handlers : dict
        By index of a reply: what to do instead of answering it as it is.
    strangers : list of str
        Requests that no reply matched; a test that leaves any has failed.
    asked : list of Request
        All requests, in order.
    """

    server: HTTPServer
    replies: Sequence[Reply] = ()
    handlers: dict[int, Handler] = field(default_factory=dict)
    strangers: list[str] = field(default_factory=list)
    asked: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server.clear()
        self.server.expect_request(re.compile(".*")).respond_with_handler(self._answer)

    @property
    def url(self) -> str:
        """Root of the server."""
        return self.server.url_for("").rstrip("/")

    def _answer(self, request: Request) -> Response:
        self.asked.append(request)
        for index, reply in enumerate(self.replies):
            if matches(reply, request):
                return self.handlers.get(index, lambda _, r: plain(r))(request, reply)
        body = request.get_data(as_text=True)
        self.strangers.append(f"{request.method} {request.full_path} {body[:300]}")
        return Response("no reply is written down for this request", 501)


# The row that is repeated where a small table leaves out years between its first and last.
PATTERN = {"cow_igo": 1, "cow_trade": 1, "us_troops": 4}


def whole(source: str, data: bytes) -> bytes:
    """A table without a year left out: no real one has a gap, and a gap is a fault."""
    lines = data.splitlines(keepends=True)
    if source not in PATTERN or len(lines) <= PATTERN[source]:
        return data
    at = lines[0].strip().split(b",").index(b"year")
    cells = lines[PATTERN[source]].split(b",")
    have = {int(line.split(b",")[at]) for line in lines[1:]}
    missing = sorted(set(range(min(have), max(have) + 1)) - have)
    return data + b"".join(
        b",".join([*cells[:at], str(year).encode(), *cells[at + 1 :]]) for year in missing
    )
