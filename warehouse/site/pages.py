"""The frame around every page: head, menu and foot.

Belongs here: which page stands where in the menu, and the template. Does not belong here: what a
page says.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from string import Template

from warehouse.releases.documents import PROJECT
from warehouse.site.text import Document, page_path, relative

HOME = "README.md"
# A document of docs/ that is named nowhere here comes into the last group.
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Start", (HOME, "docs/TUTORIAL.md", "docs/FAQ.md", "docs/LIMITS.md")),
    ("How to", ("docs/howto/",)),
    (
        "Findings and method",
        (
            "docs/CONCLUSIONS.md",
            "docs/METHODOLOGY.md",
            "docs/VALIDITY.md",
            "docs/VALIDITY_PLAN.md",
            "docs/ALLY_DILEMMA.md",
        ),
    ),
    (
        "Reference",
        (
            "docs/DATA_DICTIONARY.md",
            "docs/CLI.md",
            "docs/SETTINGS.md",
            "docs/CURATED.md",
            "docs/ENGINE.md",
            "docs/REPORT.md",
        ),
    ),
    ("Running it", ("docs/OPERATIONS.md", "docs/SCALE.md", "docs/SOURCES_LIVE.md", "docs/GATE.md")),
    ("Releases", ("docs/RELEASES.md", "CHANGELOG.md")),
)

_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light">
<title>$title</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${up}style.css">
</head>
<body>
<a class="skip" href="#main">Skip to the text</a>
<header><a class="brand" href="${up}index.html">$project</a>
<nav aria-label="Site"><ul>
<li><a href="${up}report.html">Report</a></li>
<li><a href="${up}download.html"$at_download>Download</a></li>
<li><a href="${up}docs/TUTORIAL.html">Tutorial</a></li>
<li class="narrow"><a href="#menu">All pages</a></li>
</ul></nav></header>
<div class="columns">
<main id="main" tabindex="-1">
$body
</main>
<nav id="menu" aria-label="All pages">
$menu
</nav>
</div>
</body>
</html>
""")


def menu(documents: Sequence[Document]) -> list[tuple[str, list[Document]]]:
    """Documents by group of the menu, every one once; groups without any are left out."""
    rest = {d.path: d for d in documents}
    made = []
    for name, paths in GROUPS:
        chosen = []
        for wanted in paths:
            inside = sorted(p for p in rest if p == wanted or _in_folder(p, wanted))
            chosen += [rest.pop(p) for p in inside]
        made.append((name, chosen))
    made.append(("More", sorted(rest.values(), key=lambda d: d.path)))
    return [(name, chosen) for name, chosen in made if chosen]


def _in_folder(path: str, wanted: str) -> bool:
    return wanted.endswith("/") and path.startswith(wanted)


def frame(
    page: str,
    title: str,
    body: str,
    documents: Sequence[Document],
    sections: Sequence[tuple[str, str]] = (),
) -> str:
    """A whole page.

    Parameters
    ----------
    page : str
        Its path on the site.
    title, body : str
        Body is HTML.
    documents : sequence of Document
        All pages of the menu.
    sections : sequence of (str, str)
        Anchors and headings of this page, listed below it in the menu.
    """
    e = html.escape
    lines = []
    for group, chosen in menu(documents):
        lines += [f"<h2>{e(group)}</h2>", "<ul>"]
        for d in chosen:
            here = page_path(d.path) == page
            label = "Overview" if d.path == HOME else d.title
            current = ' aria-current="page"' if here else ""
            lines += [f'<li><a href="{relative(page_path(d.path), page)}"{current}>{e(label)}</a>']
            if here and sections:
                inside = "".join(f'<li><a href="#{a}">{e(text)}</a></li>' for a, text in sections)
                lines += [f"<ul>{inside}</ul>"]
            lines += ["</li>"]
        lines += ["</ul>"]
    return _PAGE.substitute(
        title=e(title if title == PROJECT else f"{title} · {PROJECT}"),
        project=PROJECT,
        up="../" * page.count("/"),
        at_download=' aria-current="page"' if page == "download.html" else "",
        body=body,
        menu="\n".join(lines),
    )


def document_page(document: Document, documents: Sequence[Document]) -> str:
    """The page of a document."""
    page = page_path(document.path)
    return frame(page, document.title, document.body, documents, document.sections)


def redirect(target: str, words: str) -> str:
    """A small page that leads to another."""
    e = html.escape
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<title>{e(words)}</title><meta http-equiv="refresh" content="0; url={e(target)}"></head>'
        f'<body><p><a href="{e(target)}">{e(words)}</a></p></body></html>\n'
    )
