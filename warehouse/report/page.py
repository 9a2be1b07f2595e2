"""The report as one HTML file, and its charts as SVG and PNG files.

Belongs here: markup. Does not belong here: wording of figures (`sentences`), drawing (`charts`), or
anything that would be fetched when the page is opened.
"""

from __future__ import annotations

import csv
import io
import json
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import quote

from indices.definition import Definition, Question, load_definition
from warehouse.answers import connect
from warehouse.publish import LINK
from warehouse.report import sentences as say
from warehouse.report.charts import MEASURE_TITLES, VIEW_TITLES, Chart, all_charts
from warehouse.report.data import MEASURES, VIEWS, Facts, read
from warehouse.report.shapes import sheet, svg, write_png, write_svg

HERE = Path(__file__).resolve().parent


class UnknownQuestion(ValueError):
    """The definition has no such question; the message names those it has."""


def write(
    link: Path = LINK,
    question: str | None = None,
    out: Path | None = None,
    charts: Path | None = None,
) -> Path:
    """Write the report of a question.

    Parameters
    ----------
    link : Path
        The warehouse.
    question : str, optional
        Name of a question of the definition, the first where none is given.
    out : Path, optional
        The HTML file, `report.html` where none is given.
    charts : Path, optional
        Folder for an SVG and a PNG file of every chart; none is written without it.

    Returns
    -------
    Path
        The HTML file.

    Raises
    ------
    NoWarehouse, NothingToReport, UnknownQuestion
    """
    definition = load_definition()
    with connect(link) as con:
        facts = read(con, asked(definition, question))
    drawn = all_charts(facts, definition)
    target = out or Path("report.html")
    target.write_text(html(facts, definition, drawn), encoding="utf-8")
    if charts:
        charts.mkdir(parents=True, exist_ok=True)
        for chart in drawn:
            whole = sheet(chart.title, source_line(facts, chart), chart.panels)
            write_svg(whole, charts / f"{chart.name}.svg")
            write_png(whole, charts / f"{chart.name}.png")
    return target


def asked(definition: Definition, name: str | None) -> Question:
    """The question of a name, the first where none is given."""
    for question in definition.questions:
        if name in (None, question.name):
            return question
    raise UnknownQuestion(f"{name}: expected one of {[q.name for q in definition.questions]}")


def html(facts: Facts, definition: Definition, charts: list[Chart]) -> str:
    """The page; the same facts give the same text."""
    by_name = {c.name: c for c in charts}
    focal = say.the(facts.names[facts.question.focal])
    parts = {
        "title": escape(facts.question.label),
        "year": str(facts.year),
        "focal": escape(focal),
        "Focal": escape(say.capital(focal)),
        "bloc": escape(facts.bloc),
        "Bloc": escape(say.capital(facts.bloc)),
        "principals": escape(
            say.listed([say.the(facts.names[p]) for p in facts.question.principals])
        ),
        "headline": escape(say.headline(facts)),
        "pillar_names": escape(say.listed([p.name for p in definition.pillars])),
        "weights": escape(
            say.listed([f"{p.name} {100 * p.weight:.0f}\u00a0%" for p in definition.pillars])
        ),
        "findings": "".join(_finding(facts, p) for p in facts.question.principals),
        "choice": _choice(),
        "gaps": "".join(
            _figure(
                facts,
                by_name[f"gap_{view}_{measure}"],
                f'data-view="{view}" data-measure="{measure}"'
                + ("" if (view, measure) == (VIEWS[0], MEASURES[0]) else " hidden"),
            )
            for view in VIEWS
            for measure in MEASURES
        ),
        "never_came": escape(say.never_came(facts)),
        "orders": _orders(facts),
        "explorer": _explorer(facts, definition),
        "sources": "".join(
            f'<tr><th scope="row"><a href="{escape(str(r["url"]))}">{escape(r["title"])}</a></th>'
            f"<td>{escape(str(r['vintage']))}</td><td>{escape(str(r['licence']))}</td></tr>"
            for r in facts.sources
        ),
        "release": escape(str(facts.release["release"])),
        "method": escape(str(facts.release["method_version"])),
        "built": escape(str(facts.release["built_at"])[:10]),
        "code": escape(str(facts.release["code_version"])[:12]),
        "definition": escape(str(facts.release["definition_sha256"])[:12]),
        "style": (HERE / "style.css").read_text(encoding="utf-8"),
        "script": (HERE / "app.js").read_text(encoding="utf-8"),
        "data": _json(facts, definition),
    }
    for name in ("pillars", "both_ends", "paid_and_said", "arms", "variants", "doubt"):
        parts[name] = _figure(facts, by_name[name])
    return Template((HERE / "page.html").read_text(encoding="utf-8")).substitute(parts)


def source_line(facts: Facts, chart: Chart) -> str:
    """Where the figures of a chart come from."""
    titles = [r["title"] for r in facts.sources if r["source"] in chart.upstream]
    upstream = f"; {'; '.join(titles)}" if titles else ""
    return (
        f"Source: Alliance Depth, {chart.table}, release {facts.release['release']}, method "
        f"{facts.release['method_version']}{upstream}."
    )


def _finding(facts: Facts, principal: str) -> str:
    row = facts.gap(principal, "principal", "depth", facts.year)
    side = "none" if row is None else "bloc" if row["gap"] > 0 else "focal"
    number = "–" if row is None else say.signed(row["gap"])
    others = "".join(
        f"<dt>{escape(say.capital(MEASURE_TITLES[m]))}</dt>"
        f"<dd>{escape(say.short(facts, facts.gap(principal, 'principal', m, facts.year)))}</dd>"
        for m in ("costly", "declared")
    )
    return (
        f'<li class="card {side}"><h3>{escape(facts.names[principal])}</h3>'
        f'<p class="number">{number}<span> points</span></p>'
        f"<p>{escape(say.finding(facts, principal, 'principal', 'depth'))}</p>"
        f"<dl>{others}</dl></li>"
    )


def _choice() -> str:
    def radios(name: str, legend: str, titles: dict[str, str]) -> str:
        return f"<fieldset><legend>{legend}</legend>" + "".join(
            f'<label><input type="radio" name="{name}" value="{key}"'
            f"{' checked' if k == 0 else ''}> {escape(say.capital(title))}</label>"
            for k, (key, title) in enumerate(titles.items())
        ) + "</fieldset>"  # fmt: skip

    return radios("measure", "Measure", MEASURE_TITLES) + radios("view", "View", VIEW_TITLES)


def _cell(value: object) -> str:
    if value is None:
        return '<td class="n">–</td>'
    if isinstance(value, float):
        return f'<td class="n">{value:.2f}</td>'.replace("-", "−")
    number = ' class="n"' if isinstance(value, int) else ""
    return f"<td{number}>{escape(str(value))}</td>"


def _table(caption: str, columns: list[str], rows: list[tuple[object, ...]]) -> str:
    head = "".join(f'<th scope="col">{escape(c)}</th>' for c in columns)
    body = "".join(
        f'<tr><th scope="row">{escape(str(r[0]))}</th>{"".join(map(_cell, r[1:]))}</tr>'
        for r in rows
    )
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(caption)}">'
        f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def as_csv(columns: list[str], rows: list[tuple[object, ...]]) -> str:
    """Rows as CSV with all their digits; what is missing is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def _figure(facts: Facts, chart: Chart, attributes: str = "") -> str:
    data = quote(as_csv(chart.columns, chart.rows), safe=",.:;()/ ").replace(" ", "%20")
    said = "".join(f"<li>{escape(s)}</li>" for s in chart.sentences if s)
    return (
        f'<figure id="{chart.name}" {attributes}><figcaption><h3>{escape(chart.title)}</h3>'
        f'<ul class="says">{said}</ul></figcaption>'
        f'<div class="panels">{"".join(svg(p) for p in chart.panels)}</div>'
        f'<p class="source">{escape(source_line(facts, chart))} '
        f'<a download="{chart.name}.csv" href="data:text/csv;charset=utf-8,{data}">'
        f'Download the data (CSV)<span class="unseen">: {escape(chart.title)}</span></a></p>'
        f"<details><summary>The table behind this chart"
        f'<span class="unseen">: {escape(chart.title)}</span></summary>'
        f"{_table(chart.title, chart.columns, chart.rows)}</details></figure>"
    )


def _orders(facts: Facts) -> str:
    if not facts.orders:
        return ""
    columns = ["supplier_iso3", "recipient_iso3", "order_year", "designation", "category"]
    return _table(
        "Orders without a delivery", columns, [tuple(r[c] for c in columns) for r in facts.orders]
    )


def full_ties(facts: Facts, pillars: list[str]) -> dict[str, dict[str, dict[str, list[float]]]]:
    """Pillar scores by principal, year and state, of the ties `whatif` compares.

    A tie counts with all pillars known; a year counts with the focal state and one of the bloc.
    """
    known: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    for r in facts.pillars:
        year = known.setdefault(r["from_iso3"], {}).setdefault(str(r["year"]), {})
        year.setdefault(r["to_iso3"], {})[r["pillar"]] = r["score"]
    out: dict[str, dict[str, dict[str, list[float]]]] = {}
    for principal in facts.question.principals:
        out[principal] = {}
        for when, ties in sorted(known.get(principal, {}).items()):
            full = {
                s: [round(ties[s][p], 9) for p in pillars]
                for s in facts.states
                if s in ties and all(p in ties[s] for p in pillars)
            }
            if facts.question.focal in full and len(full) > 1:
                out[principal][when] = full
    return out


def _json(facts: Facts, definition: Definition) -> str:
    pillars = [p.name for p in definition.pillars]
    content = {
        "focal": facts.question.focal,
        "focalName": say.the(facts.names[facts.question.focal]),
        "bloc": facts.bloc,
        "names": facts.names,
        "owners": {
            p: say.capital(say.whose(say.the(facts.names[p]))) for p in facts.question.principals
        },
        "pillars": pillars,
        "weights": [p.weight for p in definition.pillars],
        "ties": full_ties(facts, pillars),
    }
    # A closing tag inside the data would end the script element.
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")


def _explorer(facts: Facts, definition: Definition) -> str:
    options = "".join(
        f'<option value="{p}">{escape(facts.names[p])}</option>' for p in facts.question.principals
    )
    total = sum(p.weight for p in definition.pillars)
    sliders = "".join(
        f'<div class="slider"><label for="w-{p.name}">{escape(say.capital(p.name))}</label>'
        f'<input type="range" id="w-{p.name}" data-pillar="{p.name}" min="0" max="100" step="1" '
        f'value="{100 * p.weight / total:.0f}">'
        f'<output for="w-{p.name}" id="o-{p.name}">{100 * p.weight / total:.0f} %</output></div>'
        for p in definition.pillars
    )
    return (
        '<form id="explorer"><div class="pick">'
        f'<div><label for="principal">Ties of</label> <select id="principal">{options}</select>'
        '</div><div><label for="year">in</label> <select id="year"></select></div></div>'
        f"<fieldset><legend>Weight of each pillar</legend>{sliders}</fieldset>"
        '<p><button type="button" id="reset">Back to the published weights</button></p></form>'
    )
