"""The site, served locally: its links hold, its releases verify, its queries answer."""

from __future__ import annotations

import functools
import hashlib
import html
import http.server
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

import duckdb
import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from warehouse.releases.layout import DATABASE, SUMS, VOLATILE, ReleaseError, files_below
from warehouse.releases.verify import verify
from warehouse.site.text import SiteError
from warehouse.site.write import REPOSITORY, write

NAMES = ["2026.11.1", "2026.12.1"]


@pytest.fixture(scope="module")
def site(link: Path, releases: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as the command makes it; not to be changed."""
    into = tmp_path_factory.mktemp("site") / "public"
    words = ["site", str(into), "--in", str(releases), "--warehouse", str(link)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert ", ".join(NAMES) in done.stdout
    return into


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    handler = functools.partial(_Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


class Links(HTMLParser):
    """Addresses and anchors of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.anchors: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value is not None:
                self.addresses.append(value)
            if name == "id" and value is not None:
                self.anchors.append(value)
            if tag == "meta" and name == "content" and value and "url=" in value:
                self.addresses.append(value.split("url=")[1])


def get(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=30) as reply:
        return bytes(reply.read())


@functools.cache
def answers(address: str) -> bool:
    """Whether something is there."""
    try:
        with urllib.request.urlopen(
            urllib.request.Request(address, method="HEAD"), timeout=30
        ) as reply:
            return bool(reply.status == 200)
    except urllib.error.HTTPError:
        return False


def test_every_link_and_anchor_holds(address: str, site: Path) -> None:
    pages = {
        address + path: Links((site / path).read_text(encoding="utf-8"))
        for path in files_below(site)
        if path.endswith(".html") and not path.startswith("releases/")
    }
    assert len(pages) > 10
    faults, met = [], set()
    for page, links in pages.items():
        assert len(links.anchors) == len(set(links.anchors)), page
        for link in links.addresses:
            target, anchor = urldefrag(urljoin(page, link))
            if not target.startswith(address):
                continue  # elsewhere, or data in the page
            met.add(target)
            inside = pages.get(target)
            if not answers(target) or (anchor and inside and unquote(anchor) not in inside.anchors):
                faults.append(f"{page.removeprefix(address)}: {link}")
    assert faults == []
    assert "index.html" in pages[f"{address}report.html"].addresses
    # From a page one comes to every other, but for the pointer that is made to be typed.
    assert {p.removeprefix(address) for p in pages.keys() - met} == {"latest/index.html"}


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    for path in [*site.glob("*.html"), *site.glob("docs/**/*.html")]:
        text = path.read_text(encoding="utf-8")
        assert not re.findall(r"""(?:src|<link[^>]+href)=["'](?:https?:)?//""", text), path
    assert "url(" not in (site / "style.css").read_text() + (site / "index.html").read_text()


def test_every_document_has_a_page_in_the_menu(site: Path) -> None:
    home = (site / "index.html").read_text(encoding="utf-8")
    menu = Links(home[home.index('<nav id="menu"') :]).addresses
    documents = [p.relative_to(REPOSITORY) for p in (REPOSITORY / "docs").rglob("*.md")]
    assert documents
    for path in documents:
        assert menu.count(path.with_suffix(".html").as_posix()) == 1, path
    assert menu[0] == "index.html"


def test_a_release_from_its_page_passes_verify(address: str) -> None:
    told = json.loads(get(address + "latest.json"))
    assert told["release"] == NAMES[1]
    found = verify(address + told["path"])
    assert (found.faults, found.release) == ((), NAMES[1])


def test_releases_json_says_what_is_there(address: str, site: Path, releases: Path) -> None:
    told = json.loads(get(address + "releases.json"))
    assert told["latest"] == NAMES[1]
    assert [r["release"] for r in told["releases"]] == NAMES[::-1]
    for entry in told["releases"]:
        source = releases / entry["release"]
        assert [f["path"] for f in entry["files"]][-2:] == [VOLATILE, SUMS]
        assert sorted(f["path"] for f in entry["files"]) == files_below(source)
        assert entry["bytes"] == sum((source / f).stat().st_size for f in files_below(source))
        package = json.loads((source / "datapackage.json").read_text())
        assert package["created"].startswith(entry["date"])
        assert package["git_commit"] == entry["git_commit"]
        for file in entry["files"]:
            data = (site / entry["path"] / file["path"]).read_bytes()
            assert (len(data), hashlib.sha256(data).hexdigest()) == (file["bytes"], file["sha256"])
    assert told["releases"][0]["changes"]["since"] == NAMES[0]
    assert "figures of un" in told["releases"][0]["changes"]["summary"][0]
    assert "Depths moved: 1, the largest by 2.00" in told["releases"][0]["changes"]["summary"][1]
    assert told["releases"][1]["changes"]["since"] is None


def test_the_page_tells_of_every_release(site: Path) -> None:
    page = (site / "download.html").read_text(encoding="utf-8")
    for entry in json.loads((site / "releases.json").read_text())["releases"]:
        assert entry["date"] in page
        assert html.escape(entry["citation"]) in page
        assert all(f["sha256"] in page for f in entry["files"])
        assert html.escape(" ".join(entry["changes"]["summary"])) in page
    changes = (site / "changes" / f"{NAMES[1]}.html").read_text(encoding="utf-8")
    assert "core_un__yearly_dyads" in changes
    pointer = (site / "latest" / "index.html").read_text()
    assert f'content="0; url=../download.html#{NAMES[1]}"' in pointer


def code(page: str, name: str) -> str:
    """The text of a block of code, as somebody copies it."""
    found = re.search(rf'<code id="{name}">(.*?)</code>', page, re.DOTALL)
    assert found is not None
    return html.unescape(re.sub(r"<[^>]+>", "", found[1]))


def run(text: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", text], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_queries_on_the_page_answer(address: str, tmp_path: Path) -> None:
    page = get(address + "download.html").decode()
    link = next(a for a in Links(page).addresses if a.endswith(DATABASE))
    (tmp_path / DATABASE).write_bytes(get(urljoin(address, link)))
    with duckdb.connect(str(tmp_path / DATABASE), read_only=True) as con:
        gap = con.execute(
            "SELECT gap FROM iran_and_gulf WHERE principal_iso3 = 'CHN' AND view = 'principal' "
            "AND measure = 'depth' AND year = 2024"
        ).fetchall()[0][0]
    assert str(gap) in run(code(page, "query-file"), tmp_path)
    text = code(page, "query-site")
    assert text.count("ADDRESS-OF-THIS-SITE/") == 1
    printed = run(text.replace("ADDRESS-OF-THIS-SITE/", address), tmp_path)
    assert re.search(rf"\bdepth\s+{gap:.3f}", printed), printed


def test_a_site_is_replaced_whole_and_nothing_else_is(
    link: Path, releases: Path, tmp_path: Path
) -> None:
    into = tmp_path / "public"
    write(into, releases, link)
    before = {f: (into / f).read_bytes() for f in files_below(into)}
    (into / "stale.html").write_text("of an earlier site")
    write(into, releases, link)
    assert {f: (into / f).read_bytes() for f in files_below(into)} == before
    assert [p.name for p in tmp_path.iterdir()] == ["public"]

    own = tmp_path / "own"
    own.mkdir()
    (own / "thesis.txt").write_text("mine")
    with pytest.raises(SiteError, match="is no site"):
        write(own, releases, link)
    assert [p.name for p in own.iterdir()] == ["thesis.txt"]


def test_a_damaged_release_is_not_offered(link: Path, releases: Path, tmp_path: Path) -> None:
    own = tmp_path / "releases" / NAMES[0]
    shutil.copytree(releases / NAMES[0], own)
    (own / "TERMS.md").chmod(0o644)
    (own / "TERMS.md").write_text("no terms at all")
    with pytest.raises(ReleaseError, match=r"damaged \(TERMS\.md\)"):
        write(tmp_path / "public", own.parent, link)
    assert [p.name for p in tmp_path.iterdir()] == ["releases"]


def test_without_a_release_the_site_says_so(link: Path, tmp_path: Path) -> None:
    assert write(tmp_path / "public", tmp_path / "nothing", link) == []
    assert "no release yet" in (tmp_path / "public" / "download.html").read_text()
    assert json.loads((tmp_path / "public" / "releases.json").read_text()) == {
        "latest": None, "releases": []
    }  # fmt: skip


def test_in_a_browser_the_pages_fit_a_phone_and_ask_nobody_else(address: str) -> None:
    from playwright import sync_api

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no chromium on this machine")
    axe = importlib.util.find_spec("axe_playwright_python")
    asked, faults = [], []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 360, "height": 740})
        page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
        page.on("request", lambda r: asked.append(r.url))
        for path in ("docs/METHODOLOGY.html", "download.html"):
            page.goto(address + path)
            page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            assert page.evaluate("document.documentElement.scrollWidth") == 360, path
            if axe is not None and axe.origin is not None:
                # The rows of a table are made alike.
                page.evaluate(
                    "document.querySelectorAll('tbody').forEach("
                    "b => [...b.rows].slice(3).forEach(r => r.remove()))"
                )
                page.add_script_tag(content=Path(axe.origin).with_name("axe.min.js").read_text())
                found = page.evaluate("axe.run()")
                faults += [
                    (path, v["id"], v["nodes"][0]["html"])
                    for v in found["violations"]
                    if v["impact"] in ("serious", "critical")
                ]
        assert page.locator("#query-site").inner_text().count(f'"{address}releases/') == 1
        browser.close()
    assert faults == []
    assert [a for a in asked if not a.startswith((address, "data:"))] == []
