"""The gate's report as one page: nothing fetched, no script, readable on a phone and on paper.

Does not belong here: what was found (`result`).
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from warehouse.gate.result import SUITES, GateResult, shown

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;color:#1d1d1b;background:#fff;margin:0 auto;
max-width:64rem;padding:1rem}
h1,h2,h3{line-height:1.25;overflow-wrap:anywhere}h1{margin-top:.5rem}
h2{border-top:1px solid #bbb;padding-top:1rem}h3{margin-bottom:.25rem}
.verdict{border-left:.5rem solid;padding:.5rem 1rem;font-size:1.15rem;font-weight:600}
.met{color:#17582b}.not{color:#9c1218}
td.met,td.not{font-weight:600;white-space:nowrap}
.failure{border-left:.25rem solid #9c1218;padding-left:1rem;margin:1.5rem 0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:.5rem 0}
dt{color:#4d4d4a}dd{margin:0;overflow-wrap:anywhere}
.wide{overflow-x:auto}.wide:focus-visible,summary:focus-visible{outline:3px solid #1f5f8b}
table{border-collapse:collapse;min-width:100%}
th,td{text-align:left;vertical-align:top;padding:.25rem .6rem;border-bottom:1px solid #ddd}
caption{text-align:left;color:#4d4d4a;padding-bottom:.25rem}
thead th{border-bottom:2px solid #777}tbody th{font-weight:400}
.number{text-align:right;font-variant-numeric:tabular-nums}
.all td{min-width:6rem}.all td:nth-child(2){min-width:18rem}
.all td:last-child{font-size:.85em;overflow-wrap:anywhere}
code{font-size:.9em;overflow-wrap:anywhere}
summary{cursor:pointer;font-weight:600;padding:.5rem 0}
@media(max-width:40rem){dl{grid-template-columns:1fr}dd{margin-bottom:.4rem}}
@media print{body{max-width:none;font-size:10pt;padding:0}.wide{overflow:visible}
.failure,tr{break-inside:avoid}details::details-content{content-visibility:visible}
table{font-size:8pt}.all td,.all td:nth-child(2){min-width:0}
.all th,.all td{overflow-wrap:anywhere}}
"""


def report_html(result: GateResult, release: str, lead: str = "Alliance Depth") -> str:
    """Make the report of a result.

    Parameters
    ----------
    result : GateResult
    release : str
        Name of the release that was checked, or of the build.
    lead : str
        What the release is of.

    Returns
    -------
    str
        A page of HTML: the verdict, the failed expectations with their rows, counts by suite, and
        every expectation. Equal results give equal text.
    """
    title = f"{lead} {release}: the gate's report"
    parts = [
        f"<header><h1>{_e(title)}</h1>",
        _verdict(result, release),
        _facts(result),
        "</header><main>",
        *_failures(result),
        *_suites(result),
        *_all(result),
        "</main>",
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{_e(title)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


_e = html.escape


def _verdict(result: GateResult, release: str) -> str:
    asked, bad = len(result.outcomes), len(result.failed)
    if result.passed:
        return f'<p class="verdict met">Passed: all {asked} expectations are met.</p>'
    are = "expectation is" if bad == 1 else "expectations are"
    return (
        f'<p class="verdict not">Stopped: {bad} of {asked} {are} not met, so {_e(release)} '
        "was not released.</p>"
    )


def _facts(result: GateResult) -> str:
    facts = {
        "Checked": f"{result.tables} tables, {result.rows:,} rows, {result.mode} figures",
        "Compared with": result.previous or "nothing: no release is older",
        "Code": result.code_version or "outside a checkout",
        "Method": result.method_version,
        "Judged by": f"Great Expectations {result.gx_version}",
    }
    return "<dl>" + "".join(f"<dt>{k}</dt><dd>{_e(v)}</dd>" for k, v in facts.items()) + "</dl>"


def _failures(result: GateResult) -> Iterable[str]:
    if result.passed:
        return
    yield "<h2>What is not met</h2>"
    for number, o in enumerate(result.failed, 1):
        yield (
            f'<section class="failure" aria-labelledby="failure-{number}">'
            f'<h3 id="failure-{number}"><code>{_e(o.table)}</code>: {_e(o.expectation)}</h3>'
            f"<dl><dt>Expected</dt><dd>{_e(o.expected)}</dd>"
            f"<dt>Found</dt><dd>{_e(o.observed)}</dd></dl>"
        )
        if o.sample:
            left = o.failing_rows - len(o.sample)
            caption = f"Rows at fault, the first {len(o.sample)} of {o.failing_rows:,}"
            yield _table(
                caption if left > 0 else "Rows at fault",
                list(o.sample[0]),
                [[shown(v) for v in row.values()] for row in o.sample],
                numbers={n for n, v in o.sample[0].items() if isinstance(v, int | float)},
            )
        yield "</section>"


def _suites(result: GateResult) -> Iterable[str]:
    yield "<h2>By suite</h2>"
    rows = []
    for suite, meaning in SUITES.items():
        found = result.of(suite)
        bad = sum(not o.is_passed for o in found)
        rows.append([suite, meaning, f"{len(found)}", f"{len(found) - bad}", f"{bad}"])
    heads = ["suite", "what must hold", "asked", "met", "not met"]
    yield _table("Expectations by suite", heads, rows, numbers=set(heads[2:]))
    if result.not_asked:
        yield (
            "<p>Not asked, because there is no older release to compare with:</p><ul>"
            + "".join(f"<li>{_e(says)}</li>" for says in result.not_asked)
            + "</ul>"
        )


def _all(result: GateResult) -> Iterable[str]:
    yield "<h2>Every expectation</h2>"
    for suite in SUITES:
        found = result.of(suite)
        if not found:
            continue
        rows = [
            [o.table, o.expectation, "met" if o.is_passed else "not met", o.observed, o.kind]
            for o in found
        ]
        heads = ["table", "expectation", "verdict", "found", "judged by"]
        yield (
            f"<details><summary>{suite}: {len(found)}</summary>"
            + _table(f"Suite {suite}", heads, rows, kind="all")
            + "</details>"
        )


def _table(
    caption: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    numbers: set[str] | frozenset[str] = frozenset(),
    kind: str = "",
) -> str:
    """A table that scrolls by itself where it is too wide; the first cell of a row is its head."""

    def cell(head: str, text: str, is_first: bool) -> str:
        marks = ["number"] * (head in numbers)
        if head == "verdict":
            marks.append("met" if text == "met" else "not")
        mark = f' class="{" ".join(marks)}"' if marks else ""
        return (
            f'<th scope="row"{mark}>{_e(text)}</th>' if is_first else f"<td{mark}>{_e(text)}</td>"
        )

    head = "".join(
        f'<th scope="col"{" class=number" * (h in numbers)}>{_e(h.replace("_", " "))}</th>'
        for h in heads
    )
    lines = [
        "".join(cell(h, t, n == 0) for n, (h, t) in enumerate(zip(heads, row, strict=True)))
        for row in rows
    ]
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    mark = f' class="{kind}"' if kind else ""
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{_e(caption)}"><table{mark}>'
        f"<caption>{_e(caption)}</caption><thead><tr>{head}</tr></thead>\n"
        f"<tbody>{body}</tbody></table></div>"
    )
