"""Markdown as pages: links, anchors, labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from warehouse.site.pages import menu
from warehouse.site.text import SiteError, crawl, document, page_path, render


def write(root: Path, **texts: str) -> Path:
    for name, text in texts.items():
        path = root / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_links_lead_to_pages_and_are_followed(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        README_md="# Top\n[a](docs/A.md#b-c) ![p](docs/p.svg) [w](https://example.org/x.md)",
        docs__A_md="# A\n## B, `c`\n[up](../README.md) [here](#b-c)",
        docs__p_svg="<svg/>",
    )
    documents, files = crawl(root, ["README.md"])
    assert [d.path for d in documents] == ["README.md", "docs/A.md"]
    assert files == ["docs/p.svg"]
    assert 'href="docs/A.html#b-c"' in documents[0].body
    assert 'src="docs/p.svg"' in documents[0].body
    assert 'href="https://example.org/x.md"' in documents[0].body
    assert 'href="../index.html"' in documents[1].body
    assert documents[1].sections == (("b-c", "B, c"),)
    assert '<h2 id="b-c">' in documents[1].body


@pytest.mark.parametrize("link", ["B.md", "../../secret.md", "sub/"])
def test_a_link_to_what_is_not_there_is_named(tmp_path: Path, link: str) -> None:
    write(tmp_path, docs__A_md=f"# A\n[b]({link})")
    (tmp_path / "docs" / "sub").mkdir()
    with pytest.raises(SiteError, match=r"docs/A\.md links .* no file"):
        document(tmp_path, "docs/A.md")


def test_two_headings_of_one_name_have_two_anchors() -> None:
    _, sections, _ = render("# T\n## Same\n## Same\n")
    assert [a for a, _ in sections] == ["same", "same-1"]


def test_code_and_tables_are_escaped_and_can_be_scrolled_by_keyboard() -> None:
    _, _, body = render("```sh\na < b\n```\n\n| x |\n|---|\n| 1 |\n")
    assert '<pre tabindex="0"><code>a &lt; b\n</code></pre>' in body
    assert 'tabindex="0"><table>' in body
    assert '<th scope="col">x</th>' in body


def test_a_label_is_told_and_a_comment_is_not() -> None:
    _, _, body = render("<!-- not run: needs R -->\n```r\n1\n```\n\n<!-- for us -->\n")
    assert "Not run by the tests: needs R." in body
    assert "for us" not in body


def test_the_menu_has_every_document_once_and_the_unknown_last(tmp_path: Path) -> None:
    write(tmp_path, README_md="# R", docs__Z_md="# Z", docs__FAQ_md="# F", docs__howto__a_md="# H")
    documents, _ = crawl(tmp_path, ["docs/Z.md", "docs/FAQ.md", "docs/howto/a.md", "README.md"])
    made = {name: [d.path for d in chosen] for name, chosen in menu(documents)}
    assert made == {
        "Start": ["README.md", "docs/FAQ.md"],
        "How to": ["docs/howto/a.md"],
        "More": ["docs/Z.md"],
    }


def test_where_pages_lie() -> None:
    assert page_path("README.md") == "index.html"
    assert page_path("benchmarks/README.md") == "benchmarks/index.html"
    assert page_path("docs/A.md") == "docs/A.html"
    assert page_path("LICENSE") == "LICENSE"
