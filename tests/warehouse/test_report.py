"""The report: its words for any sign, its charts, and a page that stands alone."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import duckdb
import pytest
import report_world
from typer.testing import CliRunner

from indices.definition import load_definition
from pipelines.cli import app
from warehouse.report import sentences as say
from warehouse.report.charts import all_charts, limits, segments
from warehouse.report.data import Facts, NothingToReport, read
from warehouse.report.page import UnknownQuestion, asked, full_ties, html
from warehouse.report.shapes import sheet, write_png, write_svg
from warehouse.whatif import whatif

DEFINITION = load_definition()
QUESTION = report_world.ELSEWHERE


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    target = tmp_path_factory.mktemp("world") / "world.duckdb"
    report_world.write(target, report_world.frames(QUESTION, DEFINITION))
    with duckdb.connect(str(target), read_only=True) as con:
        return read(con, QUESTION)


@pytest.fixture(scope="module")
def page(facts: Facts) -> str:
    return html(facts, DEFINITION, all_charts(facts, DEFINITION))


class Reader(HTMLParser):
    """Elements of a page with their attributes, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def with_gap(facts: Facts, gap: float, lo: float | None, hi: float | None) -> Facts:
    """The facts with one gap alone."""
    row = facts.gap("BBB", "principal", "depth", facts.year)
    assert row is not None
    changed = {**row, "gap": gap, "gap_lo90": lo, "gap_hi90": hi, "has_sign_conflict": False}
    return replace(facts, gaps=[{**changed, "view": v} for v in ("principal", "partner", "mutual")])


@pytest.mark.parametrize("view", ["principal", "partner", "mutual"])
@pytest.mark.parametrize(("gap", "first"), [(4.0, "the Blessed Isles"), (-4.0, "Utopia")])
def test_a_finding_names_the_deeper_side_first(
    facts: Facts, view: str, gap: float, first: str
) -> None:
    text = say.finding(with_gap(facts, gap, gap - 1, gap + 1), "BBB", view, "depth")
    deeper, shallower = re.split(r" than ", text.partition("is deeper ")[2])
    assert first in deeper
    assert first not in shallower
    assert "4.0 points" in text
    assert "not surely" not in text


def test_a_finding_owns_up_to_doubt_and_to_nothing(facts: Facts) -> None:
    doubtful = say.finding(with_gap(facts, 1.0, -2, 3), "BBB", "principal", "depth")
    assert "not surely" in doubtful
    assert "by 1.0 point," in doubtful
    assert "as deep with" in say.finding(with_gap(facts, -0.01, -2, 3), "BBB", "principal", "depth")
    assert "interval" not in say.finding(
        with_gap(facts, 1.0, None, None), "BBB", "principal", "depth"
    )
    nothing = say.finding(replace(facts, gaps=[]), "BBB", "principal", "depth")
    assert "too little is known" in nothing


def test_the_headline_is_no_firmer_than_the_figures(facts: Facts) -> None:
    one = replace(facts, question=replace(QUESTION, principals=("BBB",)), variants=[])
    assert "tied more deeply to Utopia" in say.headline(with_gap(one, -4, -5, -3))
    assert "do not decide" in say.headline(with_gap(one, -4, -5, 3))
    turned = {"principal_iso3": "BBB", "measure": "depth", "variant_gap": 1.0}
    moot = with_gap(replace(one, variants=[turned]), -4, -5, -3)
    assert "leans towards Utopia, but that hangs on" in say.headline(moot)


@pytest.mark.parametrize(
    ("value", "text"), [(0.04, "0.0"), (-0.04, "0.0"), (-1.26, "−1.3"), (2, "+2.0")]
)
def test_a_signed_figure(value: float, text: str) -> None:
    assert say.signed(value) == text


@pytest.mark.parametrize(
    ("name", "inside", "possessive"),
    [
        ("United States", "the United States", "United States'"),
        ("Qatar", "Qatar", "Qatar's"),
        ("Philippines", "the Philippines", "Philippines'"),
    ],
)
def test_names_inside_sentences(name: str, inside: str, possessive: str) -> None:
    assert say.the(name) == inside
    assert say.whose(name) == possessive


def test_averages_that_disagree_are_said_in_the_same_line(facts: Facts) -> None:
    text = say.finding(facts, "AAA", "principal", "depth")
    row = facts.gap("AAA", "principal", "depth", facts.year)
    assert row is not None
    assert f"weighted by trade {say.signed(row['gap_trade_weighted'])}" in text


def test_orders_that_never_came_are_counted_and_their_absence_is_no_finding(facts: Facts) -> None:
    assert "missing data" in say.never_came(facts)
    order = {
        "supplier_iso3": "AAA",
        "recipient_iso3": "UTO",
        "order_year": 1990,
        "designation": "frigate",
        "category": "Ships",
    }
    held = replace(facts, orders=[order])
    assert "holds 1 order without any delivery" in say.never_came(held)
    assert "frigate" in html(held, DEFINITION, all_charts(held, DEFINITION))


def test_every_sentence_reads_well_whatever_is_missing(facts: Facts) -> None:
    empty = replace(
        facts, gaps=facts.gaps[:1], ties=[], pillars=[], ends=[], arms=[], variants=[], factors=[]
    )
    for some in (facts, empty):
        for chart in all_charts(some, DEFINITION):
            for text in [*chart.sentences, *(p.alt for p in chart.panels)]:
                assert text
                assert text[0].isupper()
                assert text.endswith(".")
                assert not re.search(r"None|nan\b|-\d|  |\.\.|\bthe the\b", text), text


def test_the_page_of_another_question_names_only_its_own_states(page: str) -> None:
    assert "Utopia" in page
    assert "the Blessed Isles" in page
    labels = "".join(v.label for v in DEFINITION.variants)
    for word in re.findall(r"Iran|Gulf|China|Tehran", page):
        assert word in labels


def test_every_chart_has_words_a_table_alternative_text_and_its_data(
    facts: Facts, page: str
) -> None:
    charts = all_charts(facts, DEFINITION)
    figures = re.findall(r"<figure.*?</figure>", page, re.S)
    assert len(figures) == len(charts) > 12
    by_name = {c.name: c for c in charts}
    for figure in figures:
        elements = Reader(figure).found
        chart = by_name[str(elements[0][1]["id"])]
        pictures = [a for tag, a in elements if tag == "svg"]
        assert len(pictures) == len(QUESTION.principals)
        assert all(a["role"] == "img" and len(a["aria-label"] or "") > 20 for a in pictures)
        assert [t for t, _ in elements].count("table") == 1
        assert [t for t, _ in elements].count("tr") == len(chart.rows) + 1
        link = next(a["href"] for t, a in elements if t == "a")
        text = unquote(str(link).partition(",")[2])
        head, *rows = csv.reader(io.StringIO(text))
        assert head == chart.columns
        assert rows == [["" if v is None else str(v) for v in r] for r in chart.rows]
        assert "Source: " in figure


def test_the_page_fetches_nothing_and_is_well_labelled(page: str) -> None:
    elements = Reader(page).found
    assert not [t for t, _ in elements if t in ("link", "img", "iframe", "object", "video")]
    assert not [a for _, a in elements if "src" in a]
    assert "@import" not in page
    assert "url(" not in page
    ids = [a["id"] for _, a in elements if "id" in a]
    assert len(ids) == len(set(ids))
    targets = [str(a["href"])[1:] for t, a in elements if t == "a" and str(a["href"])[0] == "#"]
    assert set(targets) <= set(ids)
    assert dict(elements)["html"]["lang"] == "en"
    controls = {a["id"] for t, a in elements if t in ("select", "input") and "id" in a}
    assert controls <= {a.get("for") for t, a in elements if t == "label"}


def test_what_stands_in_the_tables_is_escaped(page: str) -> None:
    assert "Arms &amp; &lt;sources&gt;" in page
    assert "<sources>" not in page
    assert "Isles &lt;A&gt;" in page


def test_the_same_facts_give_the_same_page_and_pictures(
    facts: Facts, page: str, tmp_path: Path
) -> None:
    charts = all_charts(facts, DEFINITION)
    assert html(facts, DEFINITION, charts) == page
    whole = sheet(charts[0].title, "Source", charts[0].panels)
    made = []
    for k in range(2):
        write_svg(whole, tmp_path / f"{k}.svg")
        write_png(whole, tmp_path / f"{k}.png")
        made.append([(tmp_path / f"{k}.{s}").read_bytes() for s in ("svg", "png")])
    assert made[0] == made[1]
    root = ElementTree.fromstring(made[0][0])
    assert root.attrib["aria-label"]
    # Width and height stand big-endian in the header of a PNG; two pixels to each of the panel's.
    width = int.from_bytes(made[0][1][16:20], "big")
    assert width == pytest.approx(2 * whole.width, abs=2)


def test_the_explorer_holds_the_ties_that_whatif_compares(tmp_path: Path) -> None:
    question = DEFINITION.questions[0]
    target = tmp_path / "world.duckdb"
    report_world.write(target, report_world.frames(question, DEFINITION))
    pillars = [p.name for p in DEFINITION.pillars]
    with duckdb.connect(str(target), read_only=True) as con:
        ties = full_ties(read(con, question), pillars)
        for principal in question.principals:
            found = whatif(con, principal, report_world.LAST)
            held = ties[principal][str(report_world.LAST)]
            assert list(held) == found.states
            for state, scores in held.items():
                weighted = sum(
                    p.weight * s for p, s in zip(DEFINITION.pillars, scores, strict=True)
                )
                assert weighted == pytest.approx(found.before[state], abs=1e-6)
    left_out = question.bloc_members[report_world.GAP_IN]
    assert left_out not in ties[question.principals[0]][str(report_world.LAST)]


def test_the_data_of_the_page_cannot_end_its_script(facts: Facts) -> None:
    names = {**facts.names, "UTO": "</script><b>"}
    hostile = replace(facts, names=names)
    text = html(hostile, DEFINITION, all_charts(hostile, DEFINITION))
    data = text.partition('id="data">')[2].partition("</script>")[0]
    assert json.loads(data)["names"] == names


def test_an_axis_holds_zero_and_every_value() -> None:
    for values in ([], [3.0], [-31.2, 4.0], [5840.0, 0.0], [-0.2, -0.1]):
        lo, hi, step = limits(values)
        assert lo <= min([0.0, *values])
        assert hi >= max([0.0, *values])
        assert (hi - lo) / step == pytest.approx(round((hi - lo) / step))
        assert 1 <= (hi - lo) / step <= 7


def test_a_line_is_cut_where_a_year_is_missing() -> None:
    parts = segments([{"year": y} for y in (1990, 1991, 1993)])
    assert [[r["year"] for r in p] for p in parts] == [[1990, 1991], [1993]]


def test_an_unknown_question_and_an_empty_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownQuestion, match=DEFINITION.questions[0].name):
        asked(DEFINITION, "nothing")
    tables = report_world.frames(QUESTION, DEFINITION)
    tables["out_gap__yearly"] = tables["out_gap__yearly"].head(0)
    report_world.write(tmp_path / "w.duckdb", tables)
    with duckdb.connect(str(tmp_path / "w.duckdb")) as con, pytest.raises(NothingToReport):
        read(con, QUESTION)


def test_the_command_writes_the_page_and_says_where(tmp_path: Path) -> None:
    tables = report_world.frames(DEFINITION.questions[0], DEFINITION)
    link = report_world.write(tmp_path / "w.duckdb", tables)
    out = tmp_path / "page.html"
    words = ["report", "--warehouse", str(link), "--out", str(out)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "page.html" in done.output
    assert out.read_text(encoding="utf-8").startswith("<!doctype html>")
    refused = CliRunner().invoke(app, [*words, "--question", "nothing"])
    assert refused.exit_code != 0
