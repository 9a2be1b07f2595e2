"""The one way out to the web: who asks, how long, how often, how much, and what is refused.

Does not belong here: what is asked of an upstream (its `fetch.py`), or where bytes are kept.
"""

from __future__ import annotations

import hashlib
import json as jsonlib
import os
import threading
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from socket import SHUT_RDWR
from time import monotonic, sleep
from typing import Any, BinaryIO, TypeVar
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, InvalidHeader, MaxRetryError, NameResolutionError
from urllib3.exceptions import ReadTimeoutError as StreamTimeout
from urllib3.util.retry import Retry

from pipelines.sources.reading import SourceError

T = TypeVar("T")
UPSTREAMS = Path(__file__).with_name("upstreams.toml")
OVERRIDES = "ALLIANCE_DEPTH_UPSTREAMS"
USER_AGENT = (
    f"alliance-depth/{version('alliance-depth')} (Alliance Depth, an open index of ties between "
    "states; refreshes its copy of this data set; non-commercial research)"
)
MB = 1_000_000
CHUNK = 1 << 18
# Over each span of read_seconds: a server that keeps a connection alive by drips is given up.
SLOWEST_BYTES_PER_SECOND = 1000
# A server that asks for a longer pause is not asked again in this run.
LONGEST_WAIT_SECONDS = 120
MOST_REDIRECTS = 5
AGAIN = (429, 500, 502, 503, 504)
TURNED_AWAY = (401, 403, 407, 451)
# Types that say nothing of what is in a file.
UNTYPED = ("", "application/octet-stream", "binary/octet-stream")


@dataclass(frozen=True)
class Address:
    """An entry of `upstreams.toml`, completed from its defaults; the fields are explained there."""

    source: str
    url: str
    page: str
    hosts: tuple[str, ...]
    max_mb: float
    max_unpacked_mb: float
    connect_seconds: float
    read_seconds: float
    tries: int
    backoff_seconds: float
    row_drift_warn: float
    row_drift_stop: float
    stale_days: int

    @property
    def by_hand(self) -> str:
        """What a person can do where a program gets nothing."""
        return (
            f"open {self.page} in a browser, save the file, and run: "
            f"alliance-depth source add {self.source} FILE"
        )


_NUMBERS = {f.name for f in fields(Address) if f.type in ("float", "int")}


def _fault(path: Path, found: str, expected: str) -> SourceError:
    return SourceError(
        "upstreams", path, found=found, expected=expected, todo="correct the file, then run again"
    )


def _listed(path: Path, known: set[str] | None = None) -> dict[str, dict[str, Any]]:
    """Read one file of addresses; unknown sections, keys and kinds of value are errors."""
    try:
        sections = tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _fault(path, str(error), "a readable TOML file of addresses") from None
    keys = {f.name for f in fields(Address)} - {"source"}
    for section, entries in sections.items():
        if not isinstance(entries, dict):
            raise _fault(path, f"the key {section!r} outside a section", "keys in sections")
        if known is not None and section not in known:
            raise _fault(path, f"the section [{section}]", f"one of {sorted(known)}")
        for key, value in entries.items():
            if key not in keys:
                raise _fault(path, f"the key {key!r} in [{section}]", f"one of {sorted(keys)}")
            number = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
            texts = isinstance(value, list) and all(isinstance(v, str) for v in value)
            good = number if key in _NUMBERS else texts if key == "hosts" else type(value) is str
            if not good or (key in ("tries", "stale_days") and not isinstance(value, int)):
                kind = "a positive number" if key in _NUMBERS else "text"
                raise _fault(
                    path,
                    f"{key} = {value!r} in [{section}]",
                    "a list of host names" if key == "hosts" else kind,
                )
    return sections


def addresses() -> dict[str, Address]:
    """All upstreams by source, with the values of the file named by ALLIANCE_DEPTH_UPSTREAMS.

    Raises
    ------
    SourceError
        Names an unknown source or key, or a value of the wrong kind.
    """
    ours = _listed(UPSTREAMS)
    override = os.environ.get(OVERRIDES, "")
    theirs = _listed(Path(override), set(ours)) if override else {}
    defaults = ours.pop("defaults") | theirs.pop("defaults", {})
    made = {}
    for source, entries in ours.items():
        values = defaults | entries | theirs.get(source, {})
        values["hosts"] = tuple(values["hosts"])
        values["url"] = values["url"].rstrip("/")
        made[source] = Address(source=source, **values)
    return made


def address(source: str) -> Address:
    """Where one source's upstream is; errors as `addresses`."""
    known = addresses()
    if source not in known:
        raise _fault(
            UPSTREAMS, f"no section [{source}]", f"one of {sorted(known)} as the name of a source"
        )
    return known[source]


class _Again(Exception):
    """A reply that may be better next time."""

    def __init__(self, found: str, wait: float | None = None) -> None:
        super().__init__(found)
        self.found, self.wait = found, wait


class _Patience:
    """A connection that waits for all of a reply's head together, not for each byte of it."""

    timeout: Any
    sock: Any

    def getresponse(self) -> Any:
        late = threading.Event()

        def give_up() -> None:
            late.set()
            with suppress(OSError):
                self.sock.shutdown(SHUT_RDWR)

        watch = threading.Timer(2 * self.timeout, give_up)
        watch.daemon = True
        watch.start()
        try:
            response = super().getresponse()  # type: ignore[misc]
        except Exception:
            if late.is_set():
                raise TimeoutError("the head of the reply came too slowly") from None
            raise
        finally:
            watch.cancel()
        if late.is_set():  # what was cut off looks like the end of the head
            response.close()
            raise TimeoutError("the head of the reply came too slowly")
        return response


class _PatientHTTP(_Patience, HTTPConnection):  # type: ignore[misc]
    pass


class _PatientHTTPS(_Patience, HTTPSConnection):  # type: ignore[misc]
    pass


class _PatientPool(HTTPConnectionPool):
    ConnectionCls = _PatientHTTP  # type: ignore[assignment]


class _PatientTLSPool(HTTPSConnectionPool):
    ConnectionCls = _PatientHTTPS  # type: ignore[assignment]


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PatientPool, "https": _PatientTLSPool}


class Web:
    """Requests to one upstream.

    Parameters
    ----------
    address : Address
        Where it is and what it may do.
    progress : callable, optional
        Called with (label, bytes so far, total bytes or None).
    """

    def __init__(
        self,
        address: Address,
        progress: Callable[[str, int, int | None], None] = lambda *_: None,
    ) -> None:
        self.address = address
        self.progress = progress
        self._session = requests.Session()
        self._session.headers["User-Agent"] = USER_AGENT
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _Adapter(max_retries=0))

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    def __enter__(self) -> Web:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def download(
        self,
        url: str,
        target: Path,
        *,
        method: str = "GET",
        json: Any = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        md5: str = "",
        sha256: str = "",
        media_types: tuple[str, ...] = (),
    ) -> Path:
        """Download to `target`, whole or not at all (through ``<target>.part``).

        Relative urls start at the address's url. An answer that is an HTML page, is too large, is
        shorter than announced, is empty, fails its checksum, is of a type not in `media_types`
        (where any are given; a type that says nothing passes), or comes from a host not in the
        address raises `SourceError`; 429 and 5xx are tried again as Retry-After asks. What arrived
        of a reply that broke off is continued, by a later call too, where the server names the
        version of its file (ETag or Last-Modified); otherwise it starts anew.
        """
        full = self._full(url)
        part = target.with_name(target.name + ".part")
        note = target.with_name(target.name + ".part.json")
        target.parent.mkdir(parents=True, exist_ok=True)
        asked = jsonlib.dumps([method, full, json, params and dict(params)])

        def attempt() -> None:
            have, validator = _resumable(part, note, asked)
            extra = {"Accept-Encoding": "identity", **(headers or {})}
            if have:
                extra |= {"Range": f"bytes={have}-", "If-Range": validator}
            with self._reply(method, full, json, params, extra, bool(have)) as reply:
                if reply.status_code == 416:
                    _forget(part, note)
                    raise _Again("HTTP 416 to the request for the rest of the file", 0)
                self._check_type(full, reply, media_types)
                at = _offset(reply) if reply.status_code == 206 else 0
                if at != (have if reply.status_code == 206 else 0):
                    _forget(part, note)
                    raise _Again("another part of the file than asked for", 0)
                if not at:
                    _forget(part, note)
                    _remember(note, asked, reply)
                with part.open("ab" if at else "wb") as sink:
                    self._pour(full, reply, sink, at, target.name, media_types)

        try:
            self._persist(full, attempt)
            self._check_sums(full, part, md5, sha256)
        except SourceError:
            if not note.exists():
                part.unlink(missing_ok=True)
            raise
        note.unlink(missing_ok=True)
        part.replace(target)
        return target

    def json(
        self,
        url: str,
        *,
        method: str = "GET",
        json: Any = None,
        params: Mapping[str, str] | None = None,
    ) -> Any:
        """Ask for a small JSON answer (listings, versions); same errors as `download`."""
        full = self._full(url)

        def attempt() -> bytes:
            sink = BytesIO()
            accept = {"Accept": "application/json"}
            with self._reply(method, full, json, params, accept, False) as reply:
                self._check_type(full, reply, ())
                self._pour(full, reply, sink, 0, urlsplit(full).path.rsplit("/", 1)[-1], ())
            return sink.getvalue()

        body = self._persist(full, attempt)
        try:
            return jsonlib.loads(body)
        except ValueError as error:
            start = body[:80].decode("utf-8", "replace")
            raise self._error(full, f"{start!r} ({error})", "an answer in JSON") from None

    def _full(self, url: str) -> str:
        full = url if urlsplit(url).scheme else f"{self.address.url}/{url.lstrip('/')}"
        self._check_host(self.address.url, full)
        return full

    def _check_host(self, before: str, after: str) -> None:
        """Refuse to be led to another host, or from a guarded connection to an open one."""
        home, old, new = (urlsplit(u) for u in (self.address.url, before, after))
        if new.hostname not in (home.hostname, *self.address.hosts):
            raise self._error(
                before,
                f"a redirect or link to another host, {new.hostname}",
                f"only {[home.hostname, *self.address.hosts]}",
                f"look whether the upstream has moved there; if so add the host to hosts of "
                f"[{self.address.source}] in the file named by {OVERRIDES}; or "
                f"{self.address.by_hand}",
            )
        if new.scheme not in ("http", "https") or (old.scheme, new.scheme) == ("https", "http"):
            raise self._error(
                before,
                f"a redirect or link to {after}",
                "https to stay https",
                self.address.by_hand,
            )

    def _error(self, url: str, found: str, expected: str, todo: str = "") -> SourceError:
        return SourceError(
            self.address.source,
            url,
            found=found,
            expected=expected,
            todo=todo
            or f"try again later with: alliance-depth refresh {self.address.source}; or "
            f"{self.address.by_hand}",
        )

    def _persist(self, url: str, attempt: Callable[[], T]) -> T:
        """Try as often as the address allows, with growing, uneven pauses or those asked for."""
        pause = self.address.backoff_seconds
        # urllib3 itself would not ask again for a body that broke off, and would read the whole
        # body of an error first, however long; so its policy is followed here instead.
        retry = Retry(self.address.tries - 1, backoff_factor=pause, backoff_jitter=pause)
        while True:
            try:
                return attempt()
            except _Again as again:
                found, wait = again.found, again.wait
                if wait is not None and wait > LONGEST_WAIT_SECONDS:
                    raise self._error(
                        url,
                        f"{found} and the wish to wait {wait:.0f} s",
                        f"a reply, or a pause of at most {LONGEST_WAIT_SECONDS} s",
                    ) from None
                try:
                    retry = retry.increment("GET", url)
                except MaxRetryError:
                    raise self._error(
                        url, f"{found}, at the last of {self.address.tries} tries", "a whole reply"
                    ) from None
            sleep(retry.get_backoff_time() if wait is None else wait)

    @contextmanager
    def _reply(
        self,
        method: str,
        url: str,
        json: Any,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str],
        partial: bool,
    ) -> Iterator[requests.Response]:
        """Ask, and follow redirects within the allowed hosts; a reply with an error raises."""
        for _ in range(MOST_REDIRECTS + 1):
            reply = self._ask(method, url, json, params, headers)
            try:
                if not reply.is_redirect:
                    self._check_status(url, reply, partial)
                    yield reply
                    return
                onward = urljoin(reply.url, reply.headers["Location"])
                self._check_host(reply.url, onward)
                if reply.status_code == 303 or (
                    reply.status_code in (301, 302) and method == "POST"
                ):
                    method, json = "GET", None
                url, params = onward, None
            finally:
                reply.close()
        raise self._error(url, f"more than {MOST_REDIRECTS} redirects", "a file")

    def _ask(
        self,
        method: str,
        url: str,
        json: Any,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str],
    ) -> requests.Response:
        limits = (self.address.connect_seconds, self.address.read_seconds)
        try:
            return self._session.request(
                method,
                url,
                json=json,
                params=params,
                headers=headers,
                stream=True,
                timeout=limits,
                allow_redirects=False,
            )
        except requests.exceptions.SSLError as error:
            if "CERTIFICATE" not in str(error).upper():
                raise _Again(f"a broken TLS connection ({error})") from None
            raise self._error(
                url,
                f"a certificate that does not hold ({_reason(error)})",
                "a certificate of that host, signed by a known authority, within its dates",
                "check this machine's clock and certificates, and whether something stands between "
                f"it and the upstream; never switch the check off; or {self.address.by_hand}",
            ) from None
        except requests.exceptions.ProxyError as error:
            raise _Again(f"no way through the proxy ({_reason(error)})") from None
        except requests.exceptions.ConnectTimeout:
            raise _Again(f"no connection within {limits[0]:g} s (time-out)") from None
        except requests.exceptions.Timeout:
            raise _Again(f"no reply within {limits[1]:g} s (time-out)") from None
        except requests.exceptions.ConnectionError as error:
            reason = getattr(error.args[0] if error.args else None, "reason", None)
            if isinstance(reason, NameResolutionError):
                host = urlsplit(url).hostname
                raise _Again(f"no address for the host {host} (DNS)") from None
            if "too slowly" in str(error) or "timed out" in str(error).lower():
                raise _Again(f"no reply within {limits[1]:g} s (time-out)") from None
            raise _Again(f"a connection that broke ({_reason(error)})") from None
        except requests.exceptions.RequestException as error:
            raise self._error(url, f"a request that cannot be made ({error})", "a reply") from None

    def _check_status(self, url: str, reply: requests.Response, partial: bool) -> None:
        status = reply.status_code
        if status == 200 or (partial and status in (206, 416)):
            return
        found = f"HTTP {status} {reply.reason or ''}".rstrip()
        if status in AGAIN:
            raise _Again(found, _wanted_pause(reply))
        if status in TURNED_AWAY:
            raise self._error(
                url,
                f"{found}: the upstream turns programs away",
                "the file",
                self.address.by_hand,
            )
        if status in (404, 410):
            raise self._error(
                url,
                f"{found}: nothing is there",
                "the file",
                f"the upstream may have moved it: {self.address.by_hand}; a new address goes into "
                f"the file named by {OVERRIDES}",
            )
        raise self._error(url, found, "HTTP 200", self.address.by_hand)

    def _check_type(self, url: str, reply: requests.Response, media_types: tuple[str, ...]) -> None:
        given = reply.headers.get("Content-Type", "").split(";")[0].strip().lower()
        if given in ("text/html", "application/xhtml+xml") and given not in media_types:
            raise self._page(url)
        if media_types and given not in (*media_types, *UNTYPED):
            raise self._error(
                url,
                f"a reply of type {given}",
                " or ".join(media_types),
                f"{self.address.by_hand}; if the upstream has changed its format, the source's "
                "fetch.py and parse.py must learn it",
            )

    def _page(self, url: str) -> SourceError:
        return self._error(
            url,
            "an HTML page instead of the file (often an error or a robot check)",
            "the file itself",
            self.address.by_hand,
        )

    def _pour(
        self,
        url: str,
        reply: requests.Response,
        sink: BinaryIO,
        at: int,
        label: str,
        media_types: tuple[str, ...],
    ) -> None:
        """Stream a body into `sink`: within the size, at some speed, whole."""
        most = int(self.address.max_mb * MB)
        announced = reply.headers.get("Content-Length", "")
        # The announced length is that of the encoded bytes.
        plain = not reply.headers.get("Content-Encoding")
        total = at + int(announced) if announced.isdigit() and plain else None
        done, span_start, span_done = at, monotonic(), at
        if total is not None and total > most:
            raise self._too_large(url, f"{total / MB:,.0f} MB announced")
        while True:
            try:
                chunk = reply.raw.read1(CHUNK, decode_content=True)
            except (StreamTimeout, TimeoutError):
                raise _Again(f"nothing for {self.address.read_seconds:g} s (time-out)") from None
            except (HTTPError, OSError) as error:
                raise _Again(
                    f"a reply cut short after {done:,} bytes"
                    + (f" of {total:,}" if total is not None else f" ({error})")
                ) from None
            if not chunk:
                break
            if not done and _is_page(chunk) and "text/html" not in media_types:
                raise self._page(url)
            done += len(chunk)
            if done > most:
                raise self._too_large(url, f"more than {most / MB:,.0f} MB")
            sink.write(chunk)
            self.progress(label, done, total)
            now = monotonic()
            if now - span_start >= self.address.read_seconds:
                if done - span_done < SLOWEST_BYTES_PER_SECOND * (now - span_start):
                    raise _Again(
                        f"a reply slower than {SLOWEST_BYTES_PER_SECOND} bytes a second (time-out)"
                    )
                span_start, span_done = now, done
        if total is not None and done != total:
            raise _Again(f"a reply cut short after {done:,} bytes of {total:,}")
        if not done:
            raise self._error(
                url,
                f"HTTP {reply.status_code} and an empty reply",
                "a file",
                "check what was asked of the upstream: some answer an unknown code with nothing; "
                f"or {self.address.by_hand}",
            )

    def _too_large(self, url: str, found: str) -> SourceError:
        return self._error(
            url,
            f"a reply that is too large ({found})",
            f"at most {self.address.max_mb:g} MB",
            f"if the upstream has grown, raise max_mb of [{self.address.source}] in the file named "
            f"by {OVERRIDES}",
        )

    def _check_sums(self, url: str, path: Path, md5: str, sha256: str) -> None:
        for name, wanted in (("md5", md5), ("sha256", sha256)):
            if not wanted:
                continue
            with path.open("rb") as handle:
                found = hashlib.file_digest(handle, name).hexdigest()
            if found != wanted.lower():
                _forget(path, path.with_name(path.name + ".json"))
                raise self._error(
                    url, f"a file with {name} {found}", f"{wanted}, as the upstream states"
                )


def _reason(error: Exception) -> str:
    """What an error of the connection says at its core."""
    inner = getattr(error.args[0] if error.args else None, "reason", None)
    return str(inner or error).rpartition(">: ")[2] or str(error)


def _is_page(start: bytes) -> bool:
    text = start[:1024].removeprefix(b"\xef\xbb\xbf").lstrip()[:15].lower()
    return text.startswith((b"<!doctype html", b"<html"))


def _wanted_pause(reply: requests.Response) -> float | None:
    """Seconds of Retry-After (a number or a date); None without one."""
    given = reply.headers.get("Retry-After")
    if given is None:
        return None
    try:
        return Retry().parse_retry_after(given)
    except InvalidHeader:
        return None


def _resumable(part: Path, note: Path, asked: str) -> tuple[int, str]:
    """Bytes of the same request that are here already, and the version they are of."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        known = jsonlib.loads(note.read_text())
        if known["asked"] == asked and part.stat().st_size:
            return part.stat().st_size, str(known["validator"])
    return 0, ""


def _remember(note: Path, asked: str, reply: requests.Response) -> None:
    """Write down what the coming bytes are a part of, where the server says it."""
    etag = reply.headers.get("ETag", "")
    validator = etag if etag.startswith('"') else reply.headers.get("Last-Modified", "")
    if validator and not reply.headers.get("Content-Encoding"):
        note.write_text(jsonlib.dumps({"asked": asked, "validator": validator}))


def _forget(part: Path, note: Path) -> None:
    note.unlink(missing_ok=True)
    part.unlink(missing_ok=True)


def _offset(reply: requests.Response) -> int:
    """First byte of a partial reply; -1 where it does not say."""
    given = reply.headers.get("Content-Range", "")
    start = given.removeprefix("bytes ").split("-")[0]
    return int(start) if given.startswith("bytes ") and start.isdigit() else -1
