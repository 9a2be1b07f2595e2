"""Documents of a release: data package, codebook, terms and citation.

Belongs here: text generated from the registry and from what the release's own tables say. Does not
belong here: the tables, the changes since the last release, or the gate's report.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.generate import DUCKDB_TYPES, table_markdown
from schemas.model import CAVEATS, Field
from warehouse.releases.export import Made
from warehouse.views import View

PROJECT = "Alliance Depth"
SUMMARY = (
    "How deep one state's tie to another is, every year and from both ends of the tie, from trade, "
    "arms transfers, treaties and votes in the United Nations."
)
LICENSE = {
    "name": "CC-BY-4.0",
    "path": "https://creativecommons.org/licenses/by/4.0/",
    "title": "Creative Commons Attribution 4.0, for what the project made; each source keeps its "
    "own terms (TERMS.md), several of them non-commercial",
}
_FRICTIONLESS = {
    "string": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "date": "date",
}


@dataclass(frozen=True)
class About:
    """What a release says of itself.

    Parameters
    ----------
    release : str
        Its name.
    built_at : str
        Day of the code or of SOURCE_DATE_EPOCH, ISO.
    code_version : str
        Git commit.
    method_version, definition_sha256, mode : str
        As in ``meta_release``.
    sources : sequence of dict
        Rows of ``meta_sources``.
    """

    release: str
    built_at: str
    code_version: str
    method_version: str
    definition_sha256: str
    mode: str
    sources: Sequence[dict[str, Any]]


@dataclass(frozen=True)
class FileOf:
    """A file of a table: its path in the release, bytes and SHA-256."""

    table: str
    path: str
    size: int
    sha256: str


def datapackage(about: About, made: Sequence[Made], files: Iterable[FileOf]) -> str:
    """The Frictionless data package (version 2): all tables as CSV with schemas, and as Parquet.

    The DuckDB file is not listed, since its bytes may differ between equal releases; it is in
    ``SHA256SUMS.volatile``.
    """
    by_name = {m.table.name: m for m in made}
    package = {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "alliance-depth",
        "title": PROJECT,
        "description": SUMMARY,
        "version": about.release,
        "created": f"{about.built_at}T00:00:00Z",
        "contributors": [{"title": "Alliance Depth contributors", "roles": ["creator"]}],
        "licenses": [LICENSE],
        "sources": [
            {
                "title": s["title"],
                "path": s["url"].split(" ")[0],
                "version": s["vintage"],
                "licence": s["licence"],
                "citation": s["citation"],
                "sha256": s["sha256"],
            }
            for s in about.sources
        ],
        "method_version": about.method_version,
        "definition_sha256": about.definition_sha256,
        "git_commit": about.code_version,
        "mode": about.mode,
        "resources": [_resource(by_name[f.table], f) for f in files],
    }
    return json.dumps(package, indent=1, ensure_ascii=False) + "\n"


def _resource(made: Made, file: FileOf) -> dict[str, Any]:
    table = made.table
    common = {
        "path": file.path,
        "title": table.name,
        "description": table.description,
        "bytes": file.size,
        "hash": f"sha256:{file.sha256}",
    }
    if file.path.endswith(".parquet"):
        kind = {"format": "parquet", "mediatype": "application/vnd.apache.parquet"}
        return {"name": f"{table.name}.parquet", "type": "file"} | kind | common
    return (
        {"name": table.name, "type": "table", "format": "csv", "mediatype": "text/csv"}
        | common
        | {
            "rows": made.rows,
            "encoding": "utf-8",
            "compression": "gz",
            "sources": [{"title": s} for s in table.sources],
            "caveats": list(table.caveats),
            "schema": {
                "fields": [_field(f) for f in table.fields],
                "primaryKey": list(table.key),
                "missingValues": [""],
            },
        }
    )


def _field(f: Field) -> dict[str, Any]:
    constraints: dict[str, Any] = {}
    if not f.nullable:
        constraints["required"] = True
    for name, value in (("minimum", f.minimum), ("maximum", f.maximum)):
        if value is not None:
            constraints[name] = int(value) if f.type == "int" else value
    if f.allowed:
        constraints["enum"] = list(f.allowed)
    if f.pattern:
        constraints["pattern"] = f.pattern
    made = {"name": f.name, "type": _FRICTIONLESS[f.type], "description": f.description}
    if f.unit:
        made["unit"] = f.unit
    return made | ({"constraints": constraints} if constraints else {})


def codebook_markdown(
    about: About, made: Sequence[Made], views: Sequence[View], withheld: dict[str, str]
) -> str:
    """Every table, view and field of the release in words."""
    lines = [
        f"# {PROJECT} {about.release}: codebook",
        "",
        f"{SUMMARY} Method {about.method_version}, {about.mode} figures, code {about.code_version}."
        " Generated from the registry of tables.",
        "",
        "A missing value is an empty field in CSV and null elsewhere; zero is a zero. Numbers in "
        "CSV have as many digits as it takes to read the same number back.",
        "",
        "## Caveats",
        "",
        *(f"- **{name}**: {text}" for name, text in CAVEATS.items()),
        "",
        "## What is not here",
        "",
        *(f"- `{name}`: {why}." for name, why in withheld.items()),
        "- The raw tables, which are the sources' own rows; the code makes them again.",
        "",
    ]
    for m in made:
        lines += table_markdown(m.table, f" {m.rows:,} rows.")
    lines += ["# Views of the DuckDB file", ""]
    for v in views:
        lines += [f"## {v.name}", "", v.description, "", "| field | meaning |", "|---|---|"]
        lines += [f"| {c} | {meaning} |" for c, meaning in v.columns.items()] + [""]
    return "\n".join(lines)


_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;color:#1d1d1b;background:#fff;margin:0 auto;
max-width:60rem;padding:1rem}
h1,h2{line-height:1.2}h2{border-top:1px solid #bbb;padding-top:1rem;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;
padding:.25rem .5rem;border-bottom:1px solid #ddd;overflow-wrap:anywhere}
th{border-bottom:2px solid #888}nav ul{columns:18rem;padding-left:1.2rem}
code{font-size:.9em}a{color:#1f5f8b}.wide{overflow-x:auto}
@media print{nav{display:none}}
"""


def page(title: str, body: str) -> str:
    """An HTML page of its own: no script, nothing fetched."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body>\n{body}\n</body></html>\n"
    )


def codebook_html(
    about: About, made: Sequence[Made], views: Sequence[View], withheld: dict[str, str]
) -> str:
    """The codebook as a page."""
    e = html.escape
    out = [
        f"<header><h1>{PROJECT} {about.release}: codebook</h1>",
        f"<p>{e(SUMMARY)} Method {e(about.method_version)}, {about.mode} figures, code "
        f"<code>{e(about.code_version)}</code>. Generated from the registry of tables.</p>",
        "<p>A missing value is an empty field in CSV and null elsewhere; zero is a zero.</p>",
        "</header><nav aria-label='Tables'><ul>",
        *(f'<li><a href="#{m.table.name}">{m.table.name}</a></li>' for m in made),
        *(f'<li><a href="#{v.name}">{v.name}</a> (view)</li>' for v in views),
        "</ul></nav><main><h2>What is not here</h2><ul>",
        *(f"<li><code>{e(name)}</code>: {e(why)}.</li>" for name, why in withheld.items()),
        "<li>The raw tables, which are the sources' own rows; the code makes them again.</li></ul>",
        "<h2>Caveats</h2><dl>",
        *(f"<dt><b>{name}</b></dt><dd>{e(text)}</dd>" for name, text in CAVEATS.items()),
        "</dl>",
    ]
    for m in made:
        t = m.table
        facts = [f"{m.rows:,} rows", f"key: {', '.join(t.key)}"]
        facts += [f"sources: {', '.join(t.sources)}"] if t.sources else []
        facts += [f"caveats: {', '.join(t.caveats)}"] if t.caveats else []
        cells = [
            (f.name, DUCKDB_TYPES[f.type] + (", may be null" if f.nullable else ""), f.unit,
             f.description)
            for f in t.fields
        ]  # fmt: skip
        out += [f'<h2 id="{t.name}">{t.name}</h2><p>{e(t.description)}</p>']
        out += [
            f"<p>{e('; '.join(facts))}.</p>",
            _table(("field", "type", "unit", "meaning"), cells),
        ]
    for v in views:
        out += [f'<h2 id="{v.name}">{v.name} (view)</h2><p>{e(v.description)}</p>']
        out += [_table(("field", "meaning"), list(v.columns.items()))]
    out += ["</main>"]
    return page(f"{PROJECT} {about.release}: codebook", "\n".join(out))


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """An HTML table; the first cell of a row is its head."""
    e = html.escape
    head = "".join(f'<th scope="col">{e(h)}</th>' for h in heads)
    body = "".join(
        f'<tr><th scope="row"><code>{e(first)}</code></th>'
        + "".join(f"<td>{e(c)}</td>" for c in rest)
        + "</tr>\n"
        for first, *rest in rows
    )
    return f'<div class="wide"><table><tr>{head}</tr>\n{body}</table></div>'


def terms(about: About, withheld: dict[str, str]) -> str:
    """Licence and attribution of every source the release rests on."""
    lines = [
        f"# {PROJECT} {about.release}: terms and attribution",
        "",
        "What the project made (the tables compiled by hand and the index) is under CC BY 4.0, so "
        "far as it holds rights in them. The figures of others stay under their own terms, several "
        "of them non-commercial: any use of the index, which rests on figures of the United "
        "Nations and of SIPRI, is non-commercial and credits them.",
        "",
        "Left out of this release because it may not be passed on:",
        "",
        *(f"- `{name}`: {why}." for name, why in withheld.items()),
        "",
    ]
    for s in about.sources:
        lines += [
            f"## {s['source']}",
            "",
            f"{s['title']}. {s['vintage']}"
            + (f", obtained {s['retrieved_at']}" if s["retrieved_at"] else "")
            + ".",
            "",
            f"- Terms: {s['licence']}",
            f"- Cite: {s['citation']}",
            f"- Address: {s['url']}",
            f"- SHA-256 of the figures used: {s['sha256']}",
            "",
        ]
    return "\n".join(lines)


def citation(about: About) -> str:
    """``CITATION.cff`` of the release."""
    return (
        "cff-version: 1.2.0\n"
        'message: "If you use these figures, please cite them as below, and the sources they rest '
        'on as TERMS.md lists them."\n'
        "type: dataset\n"
        f'title: "{PROJECT}"\n'
        f'abstract: "{SUMMARY}"\n'
        "authors:\n"
        '  - name: "Alliance Depth contributors"\n'
        f'version: "{about.release}"\n'
        f"date-released: {about.built_at}\n"
        "license: CC-BY-4.0\n"
        f'commit: "{about.code_version}"\n'
    )


def readme(about: About, has_diff: bool) -> str:
    """What the files of the release are, and how to check them."""
    changes = "what changed since the last release, and why" if has_diff else "first release"
    return "\n".join(
        [
            f"# {PROJECT} {about.release}",
            "",
            f"{SUMMARY} Start with the tables `out_depth__yearly_dyads` and `out_gap__yearly`.",
            "",
            "| file | what |",
            "|---|---|",
            "| alliance_depth.duckdb | all tables and views in one file, DuckDB 1.1 or newer |",
            "| parquet/, csv/ | the same tables, one file each |",
            "| CODEBOOK.html, CODEBOOK.md | what every table and field means |",
            f"| CHANGES.md, changes.json, changes/ | {changes} |",
            "| GATE.html, gate.json | what was checked before this release |",
            "| TERMS.md, CITATION.cff | terms of every source; how to cite |",
            "| definition.toml | the index as data: indicators, goalposts, weights |",
            "| datapackage.json | the same in the Frictionless form |",
            "| inputs.json | hashes of the sources' tables the index was made from |",
            "| SHA256SUMS, SHA256SUMS.volatile | hashes of the files; in the second those whose "
            "bytes may differ between equal releases |",
            "",
            "Check the files with `sha256sum -c SHA256SUMS SHA256SUMS.volatile`, or with "
            "`alliance-depth verify FOLDER`, which also compares their contents.",
            "",
        ]
    )
