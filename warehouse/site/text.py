"""Markdown documents of the repository as HTML, with links that hold on the site.

A page lies on the site where its document lies in the repository, so that a relative link stays
as it is but for its ending. Does not belong here: the frame around a page.
"""

from __future__ import annotations

import html
import posixpath
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markdown_it.token import Token

NOT_RUN = re.compile(r"<!-- not run: (.+?) -->")
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)


class SiteError(RuntimeError):
    """The site could not be made; the message says why and what to do."""


@dataclass(frozen=True)
class Document:
    """A Markdown document, rendered.

    Parameters
    ----------
    path : str
        Where it lies in the repository.
    title : str
        Its first heading.
    sections : tuple of (str, str)
        Anchor and text of its second-level headings.
    body : str
        HTML.
    targets : tuple of str
        Files of the repository that it links or shows.
    """

    path: str
    title: str
    sections: tuple[tuple[str, str], ...]
    body: str
    targets: tuple[str, ...]


def page_path(path: str) -> str:
    """Where a file of the repository lies on the site: `README.md` is the page of its folder."""
    folder, name = posixpath.split(path)
    if name == "README.md":
        return posixpath.join(folder, "index.html")
    return f"{path.removesuffix('.md')}.html" if path.endswith(".md") else path


def relative(target: str, page: str) -> str:
    """The link from one page of the site to another file of it."""
    return posixpath.relpath(target, posixpath.dirname(page) or ".")


def slug(text: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def crawl(root: Path, starts: Sequence[str]) -> tuple[list[Document], list[str]]:
    """Render documents, and every document that one of them links.

    Parameters
    ----------
    root : Path
        The repository.
    starts : sequence of str
        Paths of the first documents.

    Returns
    -------
    documents : list of Document
        In the order they were met.
    files : list of str
        Other files of the repository that are linked or shown, sorted.

    Raises
    ------
    SiteError
        If a document links a file that is not there.
    """
    found: dict[str, Document] = {}
    files: set[str] = set()
    todo = list(starts)
    while todo:
        path = todo.pop(0)
        if path in found:
            continue
        found[path] = document(root, path)
        for target in found[path].targets:
            if target.endswith(".md"):
                todo.append(target)
            else:
                files.add(target)
    return list(found.values()), sorted(files)


def document(root: Path, path: str) -> Document:
    """Render one document; errors as `crawl`."""
    targets: list[str] = []

    def link(address: str) -> str:
        if _ELSEWHERE.match(address) or address.startswith("#"):
            return address
        file, _, anchor = address.partition("#")
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), file))
        if target.startswith("..") or not (root / target).is_file():
            raise SiteError(f"{path} links {address}, which is no file of the repository")
        targets.append(target)
        made = relative(page_path(target), page_path(path))
        return f"{made}#{anchor}" if anchor else made

    title, sections, body = render((root / path).read_text(encoding="utf-8"), link)
    return Document(path, title or path, tuple(sections), body, tuple(targets))


def render(
    text: str, link: Callable[[str], str] = lambda address: address
) -> tuple[str, list[tuple[str, str]], str]:
    """Turn Markdown into HTML.

    Parameters
    ----------
    text : str
        CommonMark with tables.
    link : callable
        Gives the address to write for one that the text has.

    Returns
    -------
    title : str
        Text of the first heading, empty without one.
    sections : list of (str, str)
        Anchor and text of second-level headings.
    body : str
    """
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable("table")
    parser.add_render_rule("fence", _code)
    parser.add_render_rule("code_block", _code)
    parser.add_render_rule("html_block", _html_block)
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    tokens = parser.parse(text)
    title, words, sections, used = "", "", [], dict[str, int]()
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            words = _plain(tokens[at + 1])
            anchor = slug(words)
            count = used[anchor] = used.get(anchor, -1) + 1
            anchor += f"-{count}" if count else ""
            token.attrSet("id", anchor)
            title = title or words
            if token.tag == "h2":
                sections.append((anchor, words))
        elif token.type == "table_open":
            token.attrSet("aria-label", words)
        elif token.type == "th_open":
            token.attrSet("scope", "col")
        for child in token.children or []:
            for name in ("href", "src"):
                if address := child.attrGet(name):
                    child.attrSet(name, link(str(address)))
    return title, sections, parser.renderer.render(tokens, parser.options, {})


def _plain(inline: Token) -> str:
    return "".join(c.content for c in inline.children or [] if c.type in ("text", "code_inline"))


# A box that scrolls sideways must be reached by the keyboard, and have a name.
def _code(_: Any, tokens: Sequence[Token], at: int, *__: Any) -> str:
    return f'<pre tabindex="0"><code>{html.escape(tokens[at].content, quote=False)}</code></pre>\n'


def _table_open(_: Any, tokens: Sequence[Token], at: int, *__: Any) -> str:
    label = html.escape(str(tokens[at].attrGet("aria-label") or "Table"))
    return f'<div class="wide" role="group" aria-label="{label}" tabindex="0"><table>\n'


def _html_block(_: Any, tokens: Sequence[Token], at: int, *__: Any) -> str:
    """Tell readers what the tests do not run; other comments are for the authors."""
    found = NOT_RUN.match(tokens[at].content)
    if found:
        return f'<p class="note">Not run by the tests: {html.escape(found[1])}.</p>\n'
    return "" if tokens[at].content.startswith("<!--") else tokens[at].content
