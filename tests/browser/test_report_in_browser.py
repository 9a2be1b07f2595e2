"""The report in a real Chromium, opened from disk with no network.

Needs Debian's `chromium` and the packages playwright and axe-playwright-python; skipped, with the
reason, where one is missing.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import report_world
from playwright import sync_api

from indices.definition import load_definition
from warehouse.answers import connect
from warehouse.report.page import write
from warehouse.whatif import whatif

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
DEFINITION = load_definition()
QUESTION = DEFINITION.questions[0]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("world") / "world.duckdb"
    return report_world.write(target, report_world.frames(QUESTION, DEFINITION))


@pytest.fixture(scope="module")
def report(warehouse: Path) -> Path:
    return write(warehouse, out=warehouse.parent / "report.html")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Any, report: Path) -> Iterator[Any]:
    """The report on a desktop; it fails the test on an error in the console or a request."""
    context = browser.new_context(viewport={"width": 1200, "height": 900}, offline=True)
    opened = context.new_page()
    faults: list[str] = []
    asked: list[str] = []
    opened.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
    opened.on("pageerror", lambda e: faults.append(str(e)))
    opened.on("request", lambda r: asked.append(r.url))
    opened.goto(report.as_uri())
    yield opened
    assert faults == []
    assert asked == [report.as_uri()]
    context.close()


def figures(page: Any) -> dict[str, float]:
    """The numbers of the explorer's last column but one, unrounded, by state; the gap as ''."""
    return dict(
        page.eval_on_selector_all(
            "#result tbody tr",
            "rows => rows.map(r => [r.dataset.state || '', Number(r.cells[2].dataset.value)])",
        )
    )


def slide(page: Any, weights: dict[str, int]) -> None:
    for pillar, weight in weights.items():
        page.locator(f"#w-{pillar}").fill(str(weight))


@pytest.mark.parametrize("weights", [(40, 10, 30, 20), (0, 0, 100, 0), (25, 25, 25, 25)])
def test_the_sliders_give_what_whatif_gives(
    page: Any, warehouse: Path, weights: tuple[int, ...]
) -> None:
    asked = dict(zip([p.name for p in DEFINITION.pillars], weights, strict=True))
    slide(page, asked)
    with connect(warehouse) as con:
        for principal in QUESTION.principals:
            page.locator("#principal").select_option(principal)
            for year in (report_world.LAST, 1990):
                page.locator("#year").select_option(str(year))
                shares = {p: w / 100 for p, w in asked.items()}
                found = whatif(con, principal, year, shares)
                expected = {**found.after, "": found.gap_after}
                assert figures(page) == pytest.approx(expected, abs=1e-6)
    verdict = page.locator("#verdict").inner_text()
    bloc_first = verdict.index("the Gulf states") < verdict.index(QUESTION.focal)
    assert bloc_first == (found.gap_after > 0)


def test_no_weight_at_all_is_said_and_the_button_brings_the_published_back(page: Any) -> None:
    slide(page, {p.name: 0 for p in DEFINITION.pillars})
    assert "some weight" in page.locator("#verdict").inner_text()
    assert figures(page) == {}
    page.locator("#reset").click()
    changes = page.eval_on_selector_all(
        "#result tbody td:last-child", "cells => cells.map(c => Number(c.dataset.value))"
    )
    assert changes == pytest.approx([0.0] * len(changes), abs=1e-9)
    assert len(changes) > 2


def test_a_slider_moves_by_the_keyboard(page: Any) -> None:
    pillar = DEFINITION.pillars[0].name
    before = figures(page)
    page.locator(f"#w-{pillar}").focus()
    page.keyboard.press("End")
    assert page.locator(f"#w-{pillar}").input_value() == "100"
    assert figures(page) != before


def test_the_choice_shows_one_gap_chart(page: Any) -> None:
    page.locator("input[name=measure][value=costly]").check()
    page.locator("input[name=view][value=partner]").check()
    shown = page.eval_on_selector_all(
        "figure[data-view]", "all => all.filter(f => f.offsetParent).map(f => f.id)"
    )
    assert shown == ["gap_partner_costly"]


def test_the_data_of_a_chart_can_be_saved(page: Any) -> None:
    with page.expect_download() as saved:
        page.locator("#pillars a[download]").click()
    assert saved.value.suggested_filename == "pillars.csv"
    text = Path(saved.value.path()).read_text(encoding="utf-8")
    assert text.startswith("principal_iso3,partner_iso3,year,")


@pytest.mark.parametrize("width", [1200, 360])
def test_axe_finds_no_fault_with_everything_open(page: Any, width: int) -> None:
    spec = importlib.util.find_spec("axe_playwright_python")
    assert spec
    assert spec.origin
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    # The gap charts and the rows of a table are made alike: axe looks at one chart and three
    # rows, for it takes a minute over fifty thousand cells.
    page.evaluate(
        "document.querySelectorAll('tbody').forEach("
        "b => [...b.rows].slice(3).forEach(r => r.remove()))"
    )
    page.add_script_tag(content=Path(spec.origin).with_name("axe.min.js").read_text("utf-8"))
    found = page.evaluate("axe.run()")
    assert found["passes"], "axe looked at something"
    assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == []


def test_a_phone_has_no_sideways_scroll_even_with_everything_open(page: Any) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.evaluate("document.querySelectorAll('figure').forEach(f => f.hidden = false)")
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_no_words_leave_their_picture(page: Any) -> None:
    page.evaluate("document.querySelectorAll('figure').forEach(f => f.hidden = false)")
    outside = page.evaluate(
        """[...document.querySelectorAll('svg text')].filter(t => {
             const a = t.getBoundingClientRect(), b = t.ownerSVGElement.getBoundingClientRect();
             return a.left < b.left - 1 || a.right > b.right + 1 || a.bottom > b.bottom + 2;
           }).map(t => t.closest('figure').id + ': ' + t.textContent)"""
    )
    assert outside == []


def test_the_page_weighs_less_than_four_megabytes(report: Path) -> None:
    assert report.stat().st_size < 4e6


def test_without_javascript_everything_but_the_weights_is_there(browser: Any, report: Path) -> None:
    context = browser.new_context(java_script_enabled=False, offline=True)
    opened = context.new_page()
    opened.goto(report.as_uri())
    assert opened.locator("figure:not([hidden]) svg").count() >= 7 * len(QUESTION.principals)
    assert "JavaScript" in opened.locator("noscript").inner_text()
    context.close()
