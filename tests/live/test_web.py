"""The way out to the web, against real servers: what is asked, awaited, refused and explained."""

from __future__ import annotations

import gzip
import hashlib
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
import trustme
from pytest_httpserver import HTTPServer
from serving import Upstream
from upstreams import Reply
from werkzeug import Request, Response

from pipelines.live.web import Address, Web, address
from pipelines.sources.reading import SourceError

Local = Callable[..., Address]
BODY = b"atopid,member\n" + b"1005,200\n" * 5000
CSV = Reply("/a.csv", BODY, "text/csv")


def fails(web: Web, target: Path, *words: str, url: str = "a.csv", **kwargs: object) -> str:
    """The message of a download that fails, in which every word stands; nothing is left."""
    with pytest.raises(SourceError) as caught:
        web.download(url, target, **kwargs)
    message = str(caught.value)
    assert [w for w in words if w not in message] == []
    assert not target.exists()
    return message


def test_a_download_is_whole_and_says_who_asks(
    upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    upstream.replies = [CSV]
    seen: list[tuple[str, int, int | None]] = []
    web = Web(local(), lambda *s: seen.append(s))
    path = web.download(
        "a.csv",
        tmp_path / "in" / "a.csv",
        md5=hashlib.md5(BODY).hexdigest(),
        sha256=hashlib.sha256(BODY).hexdigest().upper(),
        media_types=("text/csv",),
    )
    assert path.read_bytes() == BODY
    assert [p.name for p in path.parent.iterdir()] == ["a.csv"]
    assert seen[-1] == ("a.csv", len(BODY), len(BODY))
    assert upstream.asked[0].headers["User-Agent"].startswith("alliance-depth/0.1.0 (")


def test_method_body_query_and_headers_are_sent(
    upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    upstream.replies = [
        Reply("/ask", b"yes", "text/plain", "POST", query={"a": "b c"}, json={"filters": [1]})
    ]
    path = Web(local()).download(
        "/ask",
        tmp_path / "x",
        method="POST",
        json={"filters": [1]},
        params={"a": "b c"},
        headers={"X-Form": "csv"},
    )
    assert path.read_bytes() == b"yes"
    assert upstream.asked[0].headers["X-Form"] == "csv"


def test_json_is_parsed_and_a_page_or_half_an_object_is_not(
    upstream: Upstream, local: Local
) -> None:
    upstream.replies = [
        Reply("/good", b'{"maxYear": 2025}', "application/json"),
        Reply("/half", b'{"maxYear": ', "application/json"),
        Reply("/page", b"<!DOCTYPE html><title>Robot?</title>", "application/json"),
    ]
    web = Web(local())
    assert web.json("good") == {"maxYear": 2025}
    with pytest.raises(SourceError, match="an answer in JSON"):
        web.json("half")
    with pytest.raises(SourceError, match="HTML page"):
        web.json("page")


def answers(*given: Response | tuple[int, dict[str, str]]) -> Callable[[Request, Reply], Response]:
    """Answer one after the other, then as written down."""
    todo = list(given)

    def answer(_: Request, reply: Reply) -> Response:
        if not todo:
            return Response(reply.body, content_type=reply.media_type)
        now = todo.pop(0)
        return Response("no", now[0], headers=now[1]) if isinstance(now, tuple) else now

    return answer


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_error_is_tried_again(
    status: int, upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    upstream.replies = [CSV]
    upstream.handlers[0] = answers((status, {}), (status, {}))
    assert Web(local()).download("a.csv", tmp_path / "a").read_bytes() == BODY
    assert len(upstream.asked) == 3


def test_tries_end(upstream: Upstream, local: Local, tmp_path: Path) -> None:
    upstream.replies = [CSV]
    upstream.handlers[0] = answers(*[(503, {})] * 9)
    message = fails(Web(local(tries=2)), tmp_path / "a", "HTTP 503", "2 tries", upstream.url)
    assert "alliance-depth refresh atop" in message
    assert len(upstream.asked) == 2


def test_retry_after_is_waited_out(upstream: Upstream, local: Local, tmp_path: Path) -> None:
    upstream.replies = [CSV]
    upstream.handlers[0] = answers((429, {"Retry-After": "1"}))
    start = time.monotonic()
    Web(local()).download("a.csv", tmp_path / "a")
    assert time.monotonic() - start >= 1


def test_retry_after_may_be_a_date(
    upstream: Upstream, local: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("pipelines.live.web.sleep", pauses.append)
    moment = datetime.now(UTC) + timedelta(seconds=100)
    upstream.replies = [CSV]
    upstream.handlers[0] = answers((429, {"Retry-After": format_datetime(moment, usegmt=True)}))
    Web(local()).download("a.csv", tmp_path / "a")
    (pause,) = pauses
    assert 50 < pause <= 100


def test_a_longer_pause_than_the_longest_is_not_shortened(
    upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    upstream.replies = [CSV]
    upstream.handlers[0] = answers((429, {"Retry-After": "3600"}))
    fails(Web(local()), tmp_path / "a", "HTTP 429", "3600 s", "at most 120 s")
    assert len(upstream.asked) == 1


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "turns programs away"),
        (403, "turns programs away"),
        (404, "nothing is there"),
        (400, "HTTP 400"),
        (204, "HTTP 204"),
    ],
)
def test_a_refusal_says_which_page_to_open_and_what_to_run(
    status: int, words: str, upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    upstream.replies = [CSV]
    upstream.handlers[0] = answers(*[(status, {})] * 5)
    page = address("atop").page
    command = "alliance-depth source add atop FILE"
    fails(Web(local()), tmp_path / "a", words, page, command)
    assert len(upstream.asked) == 1


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply("/a.csv", b"<html>Are you a robot?</html>", "text/csv"), "an HTML page"),
        (Reply("/a.csv", b"\n <!doctype HTML>", "text/csv"), "an HTML page"),
        (Reply("/a.csv", b"a,b\n", "text/html; charset=utf-8"), "an HTML page"),
        (Reply("/a.csv", b"PK\x03\x04", "application/zip"), "type application/zip"),
        (Reply("/a.csv", b"", "text/csv"), "an empty reply"),
    ],
)
def test_what_is_not_the_file_is_refused(
    reply: Reply, words: str, upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    upstream.replies = [reply]
    command = "alliance-depth source add atop FILE"
    fails(Web(local()), tmp_path / "a", words, command, media_types=("text/csv",))
    assert list(tmp_path.iterdir()) == []


def test_a_page_is_taken_where_a_page_is_wanted(
    upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    upstream.replies = [Reply("/list", b"<html>1.zip</html>", "text/html")]
    path = Web(local()).download("list", tmp_path / "a", media_types=("text/html",))
    assert path.read_bytes() == b"<html>1.zip</html>"


@pytest.mark.parametrize("announced", [True, False])
def test_a_reply_is_not_larger_than_allowed(
    announced: bool, upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    sent: list[bytes] = []

    def endless() -> Iterator[bytes]:
        for _ in range(1000):
            sent.append(BODY)
            yield BODY

    upstream.replies = [CSV]
    upstream.handlers[0] = lambda *_: Response(BODY * 100 if announced else endless())
    fails(Web(local(max_mb=1)), tmp_path / "a", "too large", "at most 1 MB", "max_mb")
    assert len(sent) < 900
    assert list(tmp_path.iterdir()) == []


def cut(reply: Reply, at: int, **headers: str) -> Response:
    """A reply that announces all its bytes and ends after some."""
    made = Response(reply.body[:at], content_type=reply.media_type, headers=headers)
    made.headers["Content-Length"] = str(len(reply.body))
    return made


def test_a_reply_cut_short_is_never_used(upstream: Upstream, local: Local, tmp_path: Path) -> None:
    upstream.replies = [CSV]
    upstream.handlers[0] = lambda _, r: cut(r, 1000)
    fails(Web(local()), tmp_path / "a", "cut short after 1,000 bytes of 45,014", "3 tries")
    assert list(tmp_path.iterdir()) == []


def ranges(reply: Reply, first_cut: int, **version: str) -> Callable[[Request, Reply], Response]:
    """Cut the first answer; then give the rest to who asks for it in the server's own version."""
    asked: list[str] = []

    def answer(request: Request, _: Reply) -> Response:
        asked.append(request.headers.get("Range", ""))
        if len(asked) == 1:
            return cut(reply, first_cut, **version)
        if asked[-1] and request.headers["If-Range"] in version.values():
            start = int(asked[-1].removeprefix("bytes=").removesuffix("-"))
            rest = Response(reply.body[start:], 206, headers=version)
            rest.headers["Content-Range"] = f"bytes {start}-{len(BODY) - 1}/{len(BODY)}"
            return rest
        return Response(reply.body, headers=version)

    return answer


@pytest.mark.parametrize(
    "version",
    [
        {"ETag": '"v1"'},
        {"Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT"},
        {"ETag": 'W/"v1"'},
        {},
    ],
)
def test_what_arrived_is_continued_only_where_the_version_is_sure(
    version: dict[str, str], upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    upstream.replies = [CSV]
    upstream.handlers[0] = ranges(CSV, 20_000, **version)
    path = Web(local()).download("a.csv", tmp_path / "a")
    assert path.read_bytes() == BODY
    sure = bool(version) and not version.get("ETag", "").startswith("W/")
    assert upstream.asked[1].headers.get("Range") == ("bytes=20000-" if sure else None)
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_later_run_continues_where_an_earlier_one_broke_off(
    upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    upstream.replies = [CSV]
    upstream.handlers[0] = ranges(CSV, 20_000, ETag='"v1"')
    fails(Web(local(tries=1)), tmp_path / "a", "cut short")
    assert (tmp_path / "a.part").stat().st_size == 20_000
    assert Web(local()).download("a.csv", tmp_path / "a").read_bytes() == BODY
    assert upstream.asked[1].headers["Range"] == "bytes=20000-"


def test_a_file_that_changed_meanwhile_starts_anew(
    upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    upstream.replies = [CSV]
    newer = b"atopid,member\n9,9\n"
    upstream.handlers[0] = answers(
        cut(CSV, 20_000, ETag='"v1"'), Response(newer, headers={"ETag": '"v2"'})
    )
    assert Web(local()).download("a.csv", tmp_path / "a").read_bytes() == newer


def test_the_rest_of_another_request_is_not_continued(
    upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    upstream.replies = [CSV, Reply("/b.csv", b"b" * 30_000, "text/csv")]
    upstream.handlers[0] = lambda _, r: cut(r, 20_000, ETag='"v1"')
    fails(Web(local(tries=1)), tmp_path / "a", "cut short")
    path = Web(local()).download("b.csv", tmp_path / "a")
    assert path.read_bytes() == b"b" * 30_000
    assert "Range" not in upstream.asked[1].headers


@pytest.mark.parametrize("answer", [416, 206])
def test_a_wrong_part_starts_anew(
    answer: int, upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    upstream.replies = [CSV]
    upstream.handlers[0] = answers(
        cut(CSV, 20_000, ETag='"v1"'),
        Response(BODY[:9], answer, headers={"Content-Range": f"bytes 0-8/{len(BODY)}"}),
    )
    assert Web(local()).download("a.csv", tmp_path / "a").read_bytes() == BODY


def test_an_encoded_reply_is_decoded_and_measured_as_sent(
    upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    packed = gzip.compress(BODY)
    headers = {"Content-Encoding": "gzip", "ETag": '"v1"'}
    upstream.replies = [CSV]
    upstream.handlers[0] = lambda *_: Response(packed, headers=headers)
    assert Web(local()).download("a.csv", tmp_path / "a").read_bytes() == BODY
    short = Reply("/a.csv", packed, "text/csv")
    upstream.handlers[0] = lambda *_: cut(short, len(packed) // 2, **headers)
    fails(Web(local()), tmp_path / "b", "cut short")
    bomb = gzip.compress(b"0" * 50_000_000)
    upstream.handlers[0] = lambda *_: Response(bomb, headers=headers)
    fails(Web(local(max_mb=5)), tmp_path / "c", "too large")


def test_a_wrong_checksum_is_refused(upstream: Upstream, local: Local, tmp_path: Path) -> None:
    upstream.replies = [CSV]
    fails(Web(local()), tmp_path / "a", "md5", "as the upstream states", md5="0" * 32)
    fails(Web(local()), tmp_path / "a", "sha256", sha256="0" * 64)
    assert list(tmp_path.iterdir()) == []


def test_a_hang_ends(upstream: Upstream, local: Local, tmp_path: Path) -> None:
    release = threading.Event()

    def hang(_: Request, reply: Reply) -> Response:
        release.wait(60)
        return Response(reply.body)

    upstream.replies = [CSV]
    upstream.handlers[0] = hang
    start = time.monotonic()
    fails(Web(local(read_seconds=0.2, tries=2)), tmp_path / "a", "no reply within 0.2 s")
    release.set()
    assert time.monotonic() - start < 30


def test_drips_are_no_progress(upstream: Upstream, local: Local, tmp_path: Path) -> None:
    release = threading.Event()

    def drip() -> Iterator[bytes]:
        for _ in range(1200):
            if release.wait(0.05):
                return
            yield b"a"

    upstream.replies = [CSV]
    upstream.handlers[0] = lambda *_: Response(drip())
    start = time.monotonic()
    fails(Web(local(read_seconds=0.3, tries=2)), tmp_path / "a", "slower than", "time-out")
    release.set()
    assert time.monotonic() - start < 30


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 20"])
def test_a_head_in_drips_ends(head: bytes, local: Local, tmp_path: Path) -> None:
    release = threading.Event()

    def answer(listener: socket.socket) -> None:
        listener.settimeout(5)
        with listener.accept()[0] as connection:
            connection.recv(65536)
            connection.sendall(head)
            for _ in range(1200):
                if release.wait(0.05):
                    return
                try:
                    connection.sendall(b"0")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, args=[listener])
        thread.start()
        slow = local(url=f"http://127.0.0.1:{listener.getsockname()[1]}", read_seconds=0.3, tries=1)
        start = time.monotonic()
        fails(Web(slow), tmp_path / "a", "no reply within 0.3 s")
        assert time.monotonic() - start < 30
        release.set()
        thread.join()


def test_nobody_there(local: Local, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    fails(Web(local(url=f"http://127.0.0.1:{port}")), tmp_path / "a", "a connection that broke")


def test_a_name_that_leads_nowhere(local: Local, tmp_path: Path) -> None:
    nowhere = local(url="http://upstream.invalid", tries=1)
    fails(Web(nowhere), tmp_path / "a", "no address for the host upstream.invalid (DNS)")


def redirect(to: str, status: int = 302) -> Callable[[Request, Reply], Response]:
    return lambda *_: Response("", status, headers={"Location": to})


def test_redirects_stay_with_the_hosts_of_the_address(
    upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    upstream.replies = [Reply("/old", b"", ""), CSV]
    upstream.handlers[0] = redirect("/a.csv", 307)
    assert Web(local()).download("old", tmp_path / "a").read_bytes() == BODY
    elsewhere = upstream.url.replace("localhost", "127.0.0.1")
    upstream.handlers[0] = redirect(f"{elsewhere}/a.csv")
    fails(Web(local()), tmp_path / "b", "another host, 127.0.0.1", "add the host", url="old")
    allowed = local(hosts=("127.0.0.1",))
    assert Web(allowed).download("old", tmp_path / "b").read_bytes() == BODY
    fails(Web(local()), tmp_path / "c", "another host", url=f"{elsewhere}/a.csv")


def test_redirects_end(upstream: Upstream, local: Local, tmp_path: Path) -> None:
    upstream.replies = [CSV]
    upstream.handlers[0] = redirect("/a.csv")
    fails(Web(local()), tmp_path / "a", "more than 5 redirects")


@pytest.mark.parametrize(("status", "method"), [(303, "GET"), (302, "GET"), (307, "POST")])
def test_a_redirected_post_keeps_its_body_only_where_it_should(
    status: int, method: str, upstream: Upstream, local: Local, tmp_path: Path
) -> None:
    upstream.replies = [Reply("/ask", b"", "", "POST"), Reply("/got", b"yes", "", method)]
    upstream.handlers[0] = redirect("/got", status)
    Web(local()).download("ask", tmp_path / "a", method="POST", json={"a": 1})
    assert upstream.asked[1].get_data() == (b'{"a": 1}' if method == "POST" else b"")


def test_a_certificate_of_nobody_we_trust_is_refused_at_once(
    guarded_server: HTTPServer, local: Local, tmp_path: Path
) -> None:
    guarded = Upstream(guarded_server, [CSV])
    fails(
        Web(local(url=guarded.url)),
        tmp_path / "a",
        "a certificate that does not hold",
        "certificate verify failed",
        "never switch the check off",
    )
    assert guarded.asked == []


def test_https_is_never_left(
    guarded_server: HTTPServer,
    authority: trustme.CA,
    upstream: Upstream,
    local: Local,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    guarded = Upstream(guarded_server, [CSV, Reply("/old", b"", "")])
    with authority.cert_pem.tempfile() as bundle:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
        web = Web(local(url=guarded.url))
        assert web.download("a.csv", tmp_path / "a").read_bytes() == BODY
        guarded.handlers[1] = redirect(f"{upstream.url}/a.csv")
        fails(web, tmp_path / "b", "https to stay https", url="old")
    assert upstream.asked == []


def overridden(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "own.toml").write_text(text)
    monkeypatch.setenv("ALLIANCE_DEPTH_UPSTREAMS", str(folder / "own.toml"))


def test_addresses_are_completed_and_can_be_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert address("baci").max_mb == 4000
    assert address("voeten").hosts == ("dvn-cloud.s3.amazonaws.com",)
    overridden(
        '[defaults]\ntries = 2\nmax_mb = 7\n[un]\nurl = "http://localhost:1/"\nread_seconds = 1\n',
        tmp_path,
        monkeypatch,
    )
    un, baci = address("un"), address("baci")
    assert (un.url, un.read_seconds, un.tries) == ("http://localhost:1", 1, 2)
    assert (address("atop").max_mb, un.max_mb) == (7, 800)
    assert un.page.startswith("https://digitallibrary.un.org/record/4060887")
    assert (baci.tries, baci.max_mb) == (2, 4000)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[sirpi]\ntries = 1\n", "[sirpi]"),
        ("[un]\nurll = 'x'\n", "'urll'"),
        ("[un]\ntries = '3'\n", "tries = '3'"),
        ("[un]\ntries = true\n", "tries = True"),
        ("[un]\nread_seconds = 0\n", "read_seconds = 0"),
        ("[un]\nhosts = 'a'\n", "hosts = 'a'"),
        ("tries = 3\n", "'tries'"),
        ("[un\n", "own.toml"),
    ],
)
def test_a_wrong_override_is_named(
    text: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    overridden(text, tmp_path, monkeypatch)
    with pytest.raises(SourceError, match=re.escape(words)):
        address("un")


def test_an_unknown_source_is_named() -> None:
    with pytest.raises(SourceError, match=r"\[sirpi\]"):
        address("sirpi")
