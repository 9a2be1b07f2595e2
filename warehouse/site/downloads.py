"""The releases there are: for people a page, for programs `releases.json` and `latest.json`.

Everything comes from the releases' own files. Does not belong here: the making of a release.
"""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse.releases.documents import PROJECT
from warehouse.releases.layout import (
    CHANGES,
    DATABASE,
    DATAPACKAGE,
    SUMS,
    VOLATILE,
    ReleaseError,
    file_hash,
    files_below,
    read_sums,
)

QUERY = """\
import duckdb

con = duckdb.connect("alliance_depth.duckdb", read_only=True)
rows = con.sql(\"\"\"
    SELECT year, measure, iran_depth, gulf_depth, gap, gap_lo90, gap_hi90
    FROM iran_and_gulf
    WHERE principal_iso3 = 'CHN' AND view = 'principal' AND year >= 2020
    ORDER BY measure, year
\"\"\")
print(rows)
"""
# A script writes the address in which the page is read; without one the words stay.
ADDRESS = "ADDRESS-OF-THIS-SITE/"
READ = """\
import pandas as pd

gap = pd.read_csv("{address}releases/{name}/csv/out_gap__yearly.csv.gz")
china = gap.query("question == 'iran_gulf' and principal_iso3 == 'CHN' and view == 'principal'")
print(china[china["year"] == 2024][["measure", "gap", "gap_lo90", "gap_hi90"]])
"""
_SCRIPT = (
    "<script>document.querySelectorAll('.address').forEach("
    "s => { s.textContent = new URL('.', location.href).href; });</script>"
)


@dataclass(frozen=True)
class File:
    """A file of a release: path in it, bytes, SHA-256."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Release:
    """What the site says of a release.

    Parameters
    ----------
    name, date, method, mode, commit : str
        As in its data package; the date is ISO.
    files : tuple of File
        All, the lists of sums last.
    changes : str
        ``CHANGES.md``.
    why : dict
        ``changes.json``, empty for a first release.
    """

    name: str
    date: str
    method: str
    mode: str
    commit: str
    files: tuple[File, ...]
    changes: str
    why: dict[str, Any]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(f.size for f in self.files)

    @property
    def citation(self) -> str:
        """How to cite it, in words."""
        return (
            f"{PROJECT} contributors ({self.date[:4]}). {PROJECT}, release {self.name}, method "
            f"{self.method} [data set]. Commit {self.commit[:12] or 'unknown'}. CC BY 4.0."
        )

    def file(self, path: str) -> File:
        """One of its files."""
        return next(f for f in self.files if f.path == path)


def read(folder: Path) -> Release:
    """Read a release, and make sure that its files are those of its lists of sums.

    Raises
    ------
    ReleaseError
        If a file is missing, damaged or not part of it.
    """
    sums = read_sums(folder / SUMS)[1] | read_sums(folder / VOLATILE)[1]
    there = [f for f in files_below(folder) if f not in (SUMS, VOLATILE)]
    files = [
        File(path, (folder / path).stat().st_size, file_hash(folder / path))
        for path in [*there, VOLATILE, SUMS]
    ]
    wrong = set(sums) ^ set(there) | {f.path for f in files[:-2] if sums.get(f.path) != f.sha256}
    if wrong:
        raise ReleaseError(
            f"{folder} is damaged ({', '.join(sorted(wrong)[:3])}); see alliance-depth verify, and "
            "take it out of the folder or fetch it again"
        )
    package = json.loads((folder / DATAPACKAGE).read_text(encoding="utf-8"))
    why = folder / CHANGES
    return Release(
        name=package["version"],
        date=package["created"][:10],
        method=package["method_version"],
        mode=package["mode"],
        commit=package["git_commit"],
        files=tuple(files),
        changes=(folder / "CHANGES.md").read_text(encoding="utf-8"),
        why=json.loads(why.read_text(encoding="utf-8")) if why.is_file() else {},
    )


def reasons(release: Release) -> list[str]:
    """What changed since the release before it, and what from, in sentences."""
    why = release.why
    if not why:
        return ["The first release: there is none before it to compare with."]
    if why["is_same"]:
        return [f"All tables hold what they held in {why['before']}."]
    causes = [f"figures of {', '.join(sorted(why['sources']))}"] if why["sources"] else []
    if why["method"]["definition_differs"]:
        causes += [f"the method ({why['method']['before']} to {why['method']['after']})"]
    if why["code"]["before"] != why["code"]["after"]:
        causes += ["the code"]
    depth, gap = why["depth"], why["gap"]
    moved = f"Depths moved: {depth['moved']:,}, the largest by {depth['largest_move']:.2f} points"
    out = [
        f"Since {why['before']}: {_listed(causes) or 'the same sources, method and code'}.",
        f"{moved if depth['moved'] else 'No depth moved'}. Gaps moved: {gap['moved']:,}.",
    ]
    parts = [
        f"{cause} {part['rows']:,} ties, at most {part['largest_size']:.2f}"
        for cause, part in depth["by_cause"].items()
        if part["rows"]
    ]
    return out + ([f"Moves by cause: {'; '.join(parts)}."] if parts else [])


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def as_dict(release: Release) -> dict[str, Any]:
    """The same for programs; paths are relative to the site."""
    return {
        "release": release.name,
        "date": release.date,
        "method_version": release.method,
        "mode": release.mode,
        "git_commit": release.commit,
        "path": f"releases/{release.name}/",
        "bytes": release.size,
        "citation": release.citation,
        "changes": {
            "since": release.why.get("before"),
            "summary": reasons(release),
            "page": f"changes/{release.name}.html",
        },
        "files": [{"path": f.path, "bytes": f.size, "sha256": f.sha256} for f in release.files],
    }


def releases_json(found: Sequence[Release]) -> str:
    """All releases, newest first."""
    newest = [as_dict(r) for r in reversed(found)]
    return _json({"latest": found[-1].name if found else None, "releases": newest})


def latest_json(release: Release) -> str:
    """The newest release alone."""
    return _json(as_dict(release))


def _json(made: object) -> str:
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def page(found: Sequence[Release]) -> str:
    """The download page: the latest release and how to read it, then every release.

    Parameters
    ----------
    found : sequence of Release
        Oldest first.
    """
    if not found:
        return (
            "<h1>Download</h1><p>There is no release yet. "
            '<a href="docs/RELEASES.html">How one is made</a>.</p>'
        )
    latest = found[-1]
    base = f"releases/{latest.name}"
    out = [
        "<h1>Download</h1>",
        f'<p class="lead">The latest release is <a href="#{latest.name}">{latest.name}</a> of '
        f"{latest.date}, method {html.escape(latest.method)}.</p>",
        f'<p><a class="button" href="{base}/{DATABASE}" download>Download {DATABASE} '
        f"({_size(latest.file(DATABASE).size)})</a></p>",
        f'<p>All tables in one file for DuckDB 1.1 or newer. <a href="{base}/CODEBOOK.html">What '
        f'every table and field means</a>; <a href="{base}/TERMS.md">terms of every source</a>, '
        "several of them non-commercial. For programs: "
        '<a href="latest.json">latest.json</a> and <a href="releases.json">releases.json</a>.</p>',
        '<h2 id="query">Query it</h2>',
        "<p>In the folder with the downloaded file, in Python with the package "
        "<code>duckdb</code>:</p>",
        f'<pre tabindex="0"><code id="query-file">{html.escape(QUERY, quote=False)}</code></pre>',
        "<p>Or one table straight from this site, with the package <code>pandas</code>:</p>",
        f'<pre tabindex="0"><code id="query-site">{_read(latest.name)}</code></pre>',
        '<p>In <a href="docs/howto/r.html">R</a>, with '
        '<a href="docs/howto/duckdb.html">DuckDB\'s command line</a>, in '
        '<a href="docs/howto/excel.html">Excel</a>.</p>',
        '<h2 id="check">Check it</h2>',
        "<p>In the folder of a release, <code>sha256sum -c SHA256SUMS SHA256SUMS.volatile</code> "
        "checks the bytes. <code>alliance-depth verify</code> with the release's address fetches "
        "it, and compares what its three forms hold.</p>",
        '<h2 id="releases">Every release</h2>',
    ]
    for release in reversed(found):
        out += _entry(release)
    return "\n".join([*out, _SCRIPT])


def _read(name: str) -> str:
    text = html.escape(READ.format(address=ADDRESS, name=name), quote=False)
    return text.replace(ADDRESS, f'<span class="address">{ADDRESS}</span>')


def _entry(release: Release) -> list[str]:
    e, base = html.escape, f"releases/{release.name}"
    rows = "".join(
        f'<tr><th scope="row"><a href="{base}/{f.path}">{e(f.path)}</a></th>'
        f'<td class="number">{f.size:,}</td><td><code>{f.sha256}</code></td></tr>\n'
        for f in release.files
    )
    key = release.name.replace(".", "_")
    bibtex = (
        f"@misc{{alliance_depth_{key},\n  author = {{{{{PROJECT} contributors}}}},\n"
        f"  title = {{{PROJECT}, release {release.name}}},\n  year = {{{release.date[:4]}}},\n"
        f"  note = {{Data set, method {release.method}, commit {release.commit[:12]}}}\n}}\n"
    )
    sums = release.file(SUMS).sha256
    return [
        f'<section aria-labelledby="{release.name}"><h3 id="{release.name}">{release.name}</h3>',
        f"<p>{release.date} · method {e(release.method)} · {e(release.mode)} figures · "
        f"{len(release.files)} files, {_size(release.size)} · code "
        f"<code>{e(release.commit[:12])}</code></p>",
        f"<p>{e(' '.join(reasons(release)))} "
        f'<a href="changes/{release.name}.html">What changed in {release.name}, and why</a>.</p>',
        f'<p><a href="{base}/{DATABASE}">{DATABASE}</a> '
        f"({_size(release.file(DATABASE).size)}, SHA-256 "
        f"<code>{release.file(DATABASE).sha256}</code>), "
        f'<a href="{base}/CODEBOOK.html">codebook</a>, '
        f'<a href="{base}/TERMS.md">terms</a>, <a href="{base}/GATE.html">checks</a>, '
        f'<a href="{base}/{SUMS}">{SUMS}</a>, whose own SHA-256 is <code>{sums}</code></p>',
        f"<details><summary>Cite {release.name}</summary><p>{e(release.citation)} Please cite "
        f'the sources it rests on too: <a href="{base}/TERMS.md">terms</a>. For reference '
        f'managers: <a href="{base}/CITATION.cff">CITATION.cff</a>, or</p>'
        f'<pre tabindex="0"><code>{e(bibtex, quote=False)}</code></pre></details>',
        f"<details><summary>All files of {release.name}, with size and SHA-256</summary>"
        f'<div class="wide" role="group" aria-label="Files of {release.name}" tabindex="0">'
        '<table><tr><th scope="col">file</th><th scope="col" class="number">bytes</th>'
        f'<th scope="col">SHA-256</th></tr>\n{rows}</table></div></details></section>',
    ]


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= 1e5 else f"{count / 1e3:,.1f} kB"
