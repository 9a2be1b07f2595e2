"""Putting the site's folder together.

Belongs here: what lies where, and that the folder is whole or as it was. Does not belong here:
what a page says.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from warehouse.publish import LINK
from warehouse.releases.documents import PROJECT
from warehouse.releases.layout import SUMS, VOLATILE, files_below, releases
from warehouse.report.page import write as write_report
from warehouse.site import downloads
from warehouse.site.pages import HOME, document_page, frame, redirect
from warehouse.site.text import SiteError, crawl, page_path, render

REPOSITORY = Path(__file__).resolve().parents[2]
MARK = "releases.json"


def write(
    into: Path,
    folder: Path,
    link: Path = LINK,
    root: Path = REPOSITORY,
    progress: Callable[[str], None] = lambda _: None,
) -> list[downloads.Release]:
    """Write the site into a folder; a site that is there is replaced when the new one is whole.

    Parameters
    ----------
    into : Path
        The folder to serve.
    folder : Path
        Where the releases are; it may hold none.
    link : Path
        The warehouse the report is made from.
    root : Path
        The repository, for its documents.
    progress : callable
        Called with what is being done.

    Returns
    -------
    list of Release
        The releases the site offers, oldest first.

    Raises
    ------
    SiteError
        If `into` holds something else, or a document links a file that is not there.
    ReleaseError
        If a release is damaged.
    NoWarehouse, NothingToReport
        If there is nothing to report.
    """
    into = into.absolute()
    if into.exists() and not (into / MARK).is_file() and (not into.is_dir() or any(into.iterdir())):
        raise SiteError(f"{into} is there and is no site; name a folder that is new, or a site")
    staging, old = (into.with_name(f".{into.name}.{what}") for what in ("partial", "old"))
    for left in (staging, old):
        shutil.rmtree(left, ignore_errors=True)  # of a run that was killed
    staging.mkdir(parents=True)
    try:
        offered = _fill(staging, folder, link, root, progress)
        if into.exists():
            into.rename(old)
        staging.rename(into)
    finally:
        for left in (staging, old):
            shutil.rmtree(left, ignore_errors=True)
    return offered


def _fill(
    site: Path, folder: Path, link: Path, root: Path, progress: Callable[[str], None]
) -> list[downloads.Release]:
    def put(path: str, text: str) -> None:
        target = site / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    progress("documentation")
    docs = sorted(p.relative_to(root).as_posix() for p in (root / "docs").rglob("*.md"))
    documents, files = crawl(root, [HOME, "CHANGELOG.md", *docs])
    for document in documents:
        put(page_path(document.path), document_page(document, documents))
    for file in files:
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / file, site / file)
    shutil.copyfile(Path(__file__).with_name("style.css"), site / "style.css")

    progress("report")
    report = write_report(link, out=site / "report.html")
    report.write_text(_at_home(report.read_text(encoding="utf-8")), encoding="utf-8")

    offered = []
    for release in releases(folder):
        progress(f"release {release.name}")
        offered.append(downloads.read(release))
        _copy(release, site / "releases" / release.name)
    for told in offered:
        title, sections, body = render(told.changes)
        page = f"changes/{told.name}.html"
        put(page, frame(page, title, body, documents, sections))
    put("download.html", frame("download.html", "Download", downloads.page(offered), documents))
    put(MARK, downloads.releases_json(offered))
    if offered:
        latest = offered[-1]
        put("latest.json", downloads.latest_json(latest))
        where = f"../download.html#{latest.name}"
        put("latest/index.html", redirect(where, f"The latest release is {latest.name}"))
    return offered


def _at_home(report: str) -> str:
    """The report with a way back, and with documents where they are pages."""
    name = f">{PROJECT}</p>"
    text = report.replace(name, f'><a href="index.html">{PROJECT}</a></p>', 1)
    return re.sub(r'(?<=href=")(docs/\w+)\.md(?=")', r"\1.html", text)


def _copy(release: Path, target: Path) -> None:
    """Put a release into the site, its lists of sums last; as links where the disk is the same."""
    names = [f for f in files_below(release) if f not in (SUMS, VOLATILE)]
    for name in [*names, VOLATILE, SUMS]:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(release / name, target / name)
        except OSError:
            shutil.copyfile(release / name, target / name)
