"""The charts of the report: each a row of panels, the table behind them and the words under them.

Belongs here: scales, layout and colours. Does not belong here: how shapes are drawn (`shapes`) or
worded (`sentences`).
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from indices.definition import Definition
from warehouse.report import sentences as say
from warehouse.report.data import FIRST_YEAR, MEASURES, VIEWS, Facts, Row
from warehouse.report.shapes import Area, Dot, Line, Panel, Shape, Text, rectangle

# Vermilion and blue stay apart in every common colour blindness, and in grey.
FOCAL, BLOC, INK, SOFT, GRID, FAINT = (
    "#b5432a",
    "#1f5f8b",
    "#1b2430",
    "#56606d",
    "#dfe3e8",
    "#c3cad2",
)
WIDTH = 344.0
MEASURE_TITLES = {
    "depth": "the whole index",
    "costly": "what is paid for",
    "declared": "what is said",
}
VIEW_TITLES = {
    "principal": "seen from the great power",
    "partner": "seen from the partners",
    "mutual": "both ends together",
}
FACTORS = {
    "aggregation": "the mean of the pillars",
    "arms_data": "the arms data",
    "arms_window": "the years of arms",
    "goalposts": "the goalposts",
    "ladder": "the ladder of treaties",
    "oil_data": "unrecorded oil",
    "trade_data": "the trade data",
    "votes": "the choice of votes",
    "weights": "the weights",
}


@dataclass(frozen=True)
class Chart:
    """A chart, the table behind it and what it shows.

    Parameters
    ----------
    name : str
        Of its files and its place in the page.
    title : str
    sentences : list of str
        What it shows, one for each panel or more.
    table : str
        Table of the warehouse that holds the figures.
    panels : list of Panel
    columns : list of str
    rows : list of tuple
        The data drawn, unrounded.
    upstream : list of str
        Sources named in the source line beside the warehouse itself.
    """

    name: str
    title: str
    sentences: list[str]
    table: str
    panels: list[Panel]
    columns: list[str]
    rows: list[tuple[object, ...]]
    upstream: tuple[str, ...] = ()


def short(name: str) -> str:
    """A name that fits in a margin: the initials of a long one of several words."""
    words = name.split()
    if len(name) <= 12 or len(words) < 2:
        return name
    return "".join(w[0] for w in words if w[0].isupper())


def margin(labels: Sequence[str]) -> float:
    """Room for the longest label to the right of a line, pixels."""
    return 14 + 7.4 * max(map(len, labels), default=0)


def nice_step(span: float, parts: int = 4) -> float:
    """The step of 1, 2 or 5 times a power of ten that cuts a span into about `parts`."""
    raw = max(span, 1e-9) / parts
    size = 10 ** math.floor(math.log10(raw))
    return float(next(m * size for m in (1, 2, 5, 10) if m * size >= raw - 1e-12))


def limits(values: Sequence[float], least: float = 10) -> tuple[float, float, float]:
    """Ends of an axis on whole steps that hold zero and all values, and the step."""
    lo, hi = min([0.0, *values]), max([0.0, *values])
    step = nice_step(max(hi - lo, least))
    return math.floor(lo / step) * step, max(math.ceil(hi / step) * step, step), step


def segments(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows cut where a year is missing."""
    out: list[list[Row]] = []
    for row in rows:
        if out and row["year"] == out[-1][-1]["year"] + 1:
            out[-1].append(row)
        else:
            out.append([row])
    return out


@dataclass(frozen=True)
class _Frame:
    """A panel over the years, with room on the right for labels on the lines."""

    first: int
    last: int
    lo: float
    hi: float
    step: float
    left: float = 38
    right: float = 58
    top: float = 30
    bottom: float = 24
    height: float = 232

    def x(self, year: float) -> float:
        width = WIDTH - self.left - self.right
        return self.left + width * (year - self.first) / max(self.last - self.first, 1)

    def y(self, value: float) -> float:
        height = self.height - self.top - self.bottom
        return self.top + height * (self.hi - value) / (self.hi - self.lo)

    def axes(self, title: str, number: Callable[[float], str]) -> list[Shape]:
        shapes: list[Shape] = [Text(0, 14, title, INK, 14, is_bold=True)]
        for k in range(round((self.hi - self.lo) / self.step) + 1):
            value = self.lo + k * self.step
            y = self.y(value)
            ends = [(self.left, y), (WIDTH - self.right, y)]
            zero = abs(value) < self.step / 1e6
            shapes.append(Line(ends, SOFT if zero else GRID, 1.2 if zero else 1))
            shapes.append(Text(self.left - 6, y + 4, number(value), SOFT, 11, "end"))
        every = 10 if self.last - self.first > 20 else 5
        shapes.extend(
            Text(self.x(year), self.height - 6, str(year), SOFT, 11, "middle")
            for year in range(self.first + -self.first % every, self.last + 1, every)
        )
        return shapes

    def line(self, rows: Sequence[Row], key: str, color: str) -> list[Shape]:
        shapes: list[Shape] = []
        for part in segments(rows):
            shown = [(self.x(r["year"]), self.y(r[key])) for r in part]
            if len(shown) == 1:
                shapes.append(Dot(*shown[0], color, 1.5))
            else:
                shapes.append(Line(shown, color, 2.2))
        return shapes

    def band(self, rows: Sequence[Row], lo: str, hi: str, color: str) -> list[Shape]:
        shapes: list[Shape] = []
        for part in segments([r for r in rows if r[lo] is not None and r[hi] is not None]):
            if len(part) > 1:
                up = [(self.x(r["year"]), self.y(r[hi])) for r in part]
                down = [(self.x(r["year"]), self.y(r[lo])) for r in reversed(part)]
                shapes.append(Area([*up, *down], color, 0.2))
        return shapes


def _plain(value: float) -> str:
    return f"{value:,.0f}".replace("-", "−")


def _signed(value: float) -> str:
    return f"{value:+,.0f}".replace("-", "−") if value else "0"


def _apart(ys: list[float], least: float = 14) -> list[float]:
    """Two label heights pushed apart where they would meet."""
    if len(ys) == 2 and abs(ys[0] - ys[1]) < least:
        middle, way = sum(ys) / 2, 1 if ys[0] >= ys[1] else -1
        return [middle + way * least / 2, middle - way * least / 2]
    return ys


def gap_chart(facts: Facts, view: str, measure: str) -> Chart:
    """The gap over time with its interval, one panel for each principal."""
    chosen = [r for r in facts.gaps if (r["view"], r["measure"]) == (view, measure)]
    ends = ("gap", "gap_lo90", "gap_hi90")
    lo, hi, step = limits([r[k] for r in chosen for k in ends if r[k] is not None])
    if lo == 0:
        lo = -step
    focal = short(facts.names[facts.question.focal])
    bloc = facts.bloc.removeprefix("the ").split()[0]
    panels = []
    for principal in facts.question.principals:
        rows = [r for r in chosen if r["principal_iso3"] == principal]
        frame = _Frame(FIRST_YEAR, facts.year, lo, hi, step)
        shapes = frame.axes(facts.names[principal], _signed)
        # Which side is which stands at both ends of the scale, whatever the line does.
        shapes.append(Text(frame.left + 4, frame.top + 12, f"↑ {bloc} deeper", BLOC, 11.5))
        low = frame.height - frame.bottom - 6
        shapes.append(Text(frame.left + 4, low, f"↓ {focal} deeper", FOCAL, 11.5))
        shapes += frame.band(rows, "gap_lo90", "gap_hi90", "#5b6675")
        shapes += frame.line(rows, "gap", INK)
        if rows:
            last = rows[-1]
            color = BLOC if last["gap"] > 0 else FOCAL
            x, y = frame.x(last["year"]), frame.y(last["gap"])
            shapes.append(Dot(x, y, color, 3.5))
            shapes.append(Text(x + 9, y + 4, say.signed(last["gap"]), color, 14, is_bold=True))
        key = (facts, principal, view, measure)
        alt = f"{say.finding(*key)} {say.change(*key)}".strip()
        panels.append(Panel(facts.names[principal], alt, WIDTH, frame.height, shapes))
    columns = [
        "principal_iso3", "year", "focal_depth", "bloc_depth", *ends, "p_bloc_deeper", "bloc_n",
        "gap_trade_weighted", "gap_pooled", "gap_best", "best_iso3",
    ]  # fmt: skip
    return Chart(
        f"gap_{view}_{measure}",
        f"The gap over time: {MEASURE_TITLES[measure]}, {VIEW_TITLES[view]}",
        [p.alt for p in panels],
        "out_gap__yearly",
        panels,
        columns,
        [tuple(r[c] for c in columns) for r in chosen],
    )


def profile_chart(facts: Facts, pillars: Sequence[str]) -> Chart:
    """The four pillars of each tie as a table of bars, one panel for each principal."""
    scores = {
        (r["from_iso3"], r["to_iso3"], r["pillar"]): r["score"]
        for r in facts.pillars
        if r["year"] == facts.year
    }
    left, top, high = 92.0, 46.0, 27.0
    cell = (WIDTH - left) / len(pillars)
    panels = []
    for principal in facts.question.principals:
        shapes: list[Shape] = [Text(0, 14, facts.names[principal], INK, 14, is_bold=True)]
        for k, pillar in enumerate(pillars):
            shapes.append(Text(left + k * cell, 36, pillar, SOFT, 11.5))
        for i, state in enumerate(facts.states):
            mine = state == facts.question.focal
            color = FOCAL if mine else BLOC
            y = top + i * high
            shapes.append(Text(0, y + 13, short(facts.names[state]), color, 12, is_bold=mine))
            for k, pillar in enumerate(pillars):
                score = scores.get((principal, state, pillar))
                x, full = left + k * cell, cell - 30
                shapes.append(Area(rectangle(x, y + 3, full, 11), "#eef0f3"))
                if score is not None:
                    shapes.append(Area(rectangle(x, y + 3, full * score / 100, 11), color))
                text = "–" if score is None else f"{score:.0f}"
                shapes.append(Text(x + full + 4, y + 13, text, INK, 11))
        alt = say.strongest(facts, principal)
        height = top + high * len(facts.states)
        panels.append(Panel(facts.names[principal], alt, WIDTH, height, shapes))
    rows: list[tuple[object, ...]] = [
        (p, s, facts.year, *(scores.get((p, s, pillar)) for pillar in pillars))
        for p in facts.question.principals
        for s in facts.states
    ]
    return Chart(
        "pillars",
        f"What each tie is made of, {facts.year}",
        [p.alt for p in panels],
        "out_pillars__yearly_dyads",
        panels,
        ["principal_iso3", "partner_iso3", "year", *pillars],
        rows,
    )


def ends_chart(facts: Facts) -> Chart:
    """The tie with the focal state from its two ends, one panel for each principal."""
    focal = facts.names[facts.question.focal]
    highest = [r[k] for r in facts.ends for k in ("from_focal_hi90", "from_principal_hi90")]
    depths = [r[k] for r in facts.ends for k in ("from_focal", "from_principal")]
    lo, hi, step = limits([v for v in [*highest, *depths] if v is not None])
    panels = []
    for principal in facts.question.principals:
        name = facts.names[principal]
        rows = [r for r in facts.ends if r["principal_iso3"] == principal]
        sides = (("from_focal", FOCAL, short(focal)), ("from_principal", INK, short(name)))
        right = margin([f"{who} 00" for *_, who in sides])
        frame = _Frame(FIRST_YEAR, facts.year, lo, hi, step, left=30, right=right)
        shapes = frame.axes(f"{focal} and {say.the(name)}", _plain)
        for key, color, _ in sides:
            shapes += frame.band(rows, f"{key}_lo90", f"{key}_hi90", color)
        for key, color, _ in sides:
            shapes += frame.line(rows, key, color)
        if rows:
            x = frame.x(rows[-1]["year"]) + 6
            heights = _apart([frame.y(rows[-1][key]) for key, *_ in sides])
            for (key, color, who), y in zip(sides, heights, strict=True):
                label = f"{who} {rows[-1][key]:.0f}"
                shapes.append(Text(x, y + 4, label, color, 12, is_bold=True))
        alt = say.both_ends(facts, principal)
        panels.append(Panel(name, alt, WIDTH, frame.height, shapes))
    columns = [
        "principal_iso3", "year", "from_focal", "from_focal_lo90", "from_focal_hi90",
        "from_principal", "from_principal_lo90", "from_principal_hi90",
    ]  # fmt: skip
    return Chart(
        "both_ends",
        f"One tie, two lenses: {whose_lens(facts)}",
        [p.alt for p in panels],
        "out_depth__yearly_dyads",
        panels,
        columns,
        [tuple(r[c] for c in columns) for r in facts.ends],
    )


def whose_lens(facts: Facts) -> str:
    """The two ends of the focal state's ties in a title."""
    others = [say.the(facts.names[p]) for p in facts.question.principals]
    return f"{say.whose(facts.names[facts.question.focal])} view and that of {say.listed(others)}"


def talk_chart(facts: Facts) -> Chart:
    """Declared against costly depth of each tie, one panel for each principal."""
    depth = {(r["from_iso3"], r["to_iso3"]): r for r in facts.ties}
    both = [r[k] for r in facts.ties for k in ("costly_depth", "declared_depth")]
    _, hi, step = limits([v for v in both if v is not None])
    left, top, high = 92.0, 52.0, 25.0

    def x(value: float) -> float:
        return left + (WIDTH - left - 14) * value / hi

    panels = []
    bottom = top + high * len(facts.states)
    for principal in facts.question.principals:
        shapes: list[Shape] = [Text(0, 14, facts.names[principal], INK, 14, is_bold=True)]
        shapes += [Dot(left + 6, 30, INK, 4), Text(left + 15, 34, "paid for", SOFT, 11.5)]
        shapes += [Dot(left + 82, 30, INK, 4, True), Text(left + 91, 34, "said", SOFT, 11.5)]
        for k in range(round(hi / step) + 1):
            ends = [(x(k * step), top - 6), (x(k * step), bottom - 6)]
            shapes.append(Line(ends, GRID))
            shapes.append(Text(x(k * step), bottom + 10, _plain(k * step), SOFT, 11, "middle"))
        for i, state in enumerate(facts.states):
            mine = state == facts.question.focal
            color = FOCAL if mine else BLOC
            y = top + i * high + 6
            shapes.append(Text(0, y + 4, short(facts.names[state]), color, 12, is_bold=mine))
            row = depth.get((principal, state), {})
            paid, said = row.get("costly_depth"), row.get("declared_depth")
            if paid is not None and said is not None:
                shapes.append(Line([(x(paid), y), (x(said), y)], color, 2))
            if paid is not None:
                shapes.append(Dot(x(paid), y, color, 4.5))
            if said is not None:
                shapes.append(Dot(x(said), y, color, 4.5, True))
        alt = say.talk_and_substance(facts, principal)
        panels.append(Panel(facts.names[principal], alt, WIDTH, bottom + 18, shapes))
    columns = ["from_iso3", "to_iso3", "costly_depth", "declared_depth", "depth", "depth_status"]
    return Chart(
        "paid_and_said",
        f"What is paid for and what is said, {facts.year}",
        [p.alt for p in panels],
        "out_depth__yearly_dyads",
        panels,
        columns,
        [tuple(r[c] for c in columns) for r in facts.ties],
    )


def arms_chart(facts: Facts, window: int) -> Chart:
    """Arms delivered in a trailing window, to the focal state and to a bloc member on average."""
    last = max((r["year"] for r in facts.arms), default=facts.year)
    bloc = facts.bloc.removeprefix("the ").split()[0]
    panels = []
    rows: list[tuple[object, ...]] = []
    for principal in facts.question.principals:
        series: list[Row] = [
            {
                "year": year,
                "focal": say.arms_sum(facts, principal, True, year, window),
                "bloc": say.arms_sum(facts, principal, False, year, window),
            }
            for year in range(FIRST_YEAR, last + 1)
        ]
        rows += [(principal, r["year"], r["focal"], r["bloc"]) for r in series]
        values = [r[k] for r in series for k in ("focal", "bloc")]
        sides = (
            ("focal", FOCAL, short(facts.names[facts.question.focal])),
            ("bloc", BLOC, f"{bloc} mean"),
        )
        right = margin([who for *_, who in sides])
        frame = _Frame(FIRST_YEAR, last, *limits(values), left=44, right=right)
        shapes = frame.axes(f"From {say.the(facts.names[principal])}", _plain)
        for key, color, _ in sides:
            shapes += frame.line(series, key, color)
        heights = _apart([frame.y(series[-1][key]) for key, *_ in sides])
        for (_, color, who), y in zip(sides, heights, strict=True):
            shapes.append(Text(frame.x(last) + 6, y + 4, who, color, 12, is_bold=True))
        alt = say.arms_delivered(facts, principal, window)
        panels.append(Panel(facts.names[principal], alt, WIDTH, frame.height, shapes))
    return Chart(
        "arms",
        f"Arms that came: deliveries of the last {window} years, million TIV",
        [p.alt for p in panels],
        "core_arms__deliveries",
        panels,
        ["supplier_iso3", "year", "to_focal_tiv_millions", "to_bloc_mean_tiv_millions"],
        rows,
        ("sipri",),
    )


def variants_chart(facts: Facts, labels: dict[str, str]) -> Chart:
    """The gap of the whole index under each variant, one panel for each principal."""
    chosen = [r for r in facts.variants if r["measure"] == "depth"]
    names = [v for v in labels if any(r["variant"] == v for r in chosen)]
    values = [r[k] for r in chosen for k in ("gap", "variant_gap") if r[k] is not None]
    lo, hi, step = limits(values)
    left, top, high = 178.0, 34.0, 17.0
    words = {n: textwrap.wrap(labels[n], 30) for n in names}
    heights = [high if len(words[n]) < 2 else 13.0 * len(words[n]) + 5 for n in names]
    bottom = top + sum(heights)

    def x(value: float) -> float:
        return left + 10 + (WIDTH - left - 30) * (value - lo) / (hi - lo)

    panels = []
    for principal in facts.question.principals:
        rows = {r["variant"]: r for r in chosen if r["principal_iso3"] == principal}
        shapes: list[Shape] = [Text(0, 14, facts.names[principal], INK, 14, is_bold=True)]
        for k in range(round((hi - lo) / step) + 1):
            value = lo + k * step
            zero = abs(value) < step / 1e6
            ends = [(x(value), top - 8), (x(value), bottom)]
            shapes.append(Line(ends, SOFT if zero else GRID, 1.2 if zero else 1))
            shapes.append(Text(x(value), bottom + 14, _signed(value), SOFT, 11, "middle"))
        published = next((r["gap"] for r in rows.values() if r["gap"] is not None), None)
        if published is not None:
            ends = [(x(published), top - 8), (x(published), bottom)]
            shapes.append(Line(ends, INK, 1.2, 3))
        for i, name in enumerate(names):
            y = top + sum(heights[:i]) + heights[i] / 2 - 5
            made = rows.get(name, {}).get("variant_gap")
            for k, part in enumerate(words[name]):
                line = y + 4 + 13 * (k - (len(words[name]) - 1) / 2)
                shapes.append(Text(0, line, part, SOFT if made is None else INK, 11))
            if made is None:
                shapes.append(Area(rectangle(left + 6, y - 7, 84, 14), "#ffffff"))
                shapes.append(Text(left + 8, y + 4, "cannot be made", SOFT, 10.5))
                continue
            turned = published is not None and made * published <= 0
            color = SOFT if not made else BLOC if made > 0 else FOCAL
            shapes.append(Dot(x(made), y, color, 4, turned))
        alt = say.depends(facts, principal, "depth", labels)
        panels.append(Panel(facts.names[principal], alt, WIDTH, bottom + 20, shapes))
    return Chart(
        "variants",
        f"The gap of {facts.year} made in other ways",
        [
            say.depends(facts, principal, measure, labels)
            for principal in facts.question.principals
            for measure in MEASURES
        ],
        "out_robustness__yearly_gap",
        panels,
        ["principal_iso3", "measure", "variant", "gap", "variant_gap"],
        [
            (r["principal_iso3"], r["measure"], r["variant"], r["gap"], r["variant_gap"])
            for r in facts.variants
        ],
    )


def doubt_chart(facts: Facts) -> Chart:
    """Total-order Sobol shares of the gap's variance, one panel for each principal."""
    names = sorted({r["factor"] for r in facts.factors})
    left, top, high = 146.0, 28.0, 22.0
    most = max([1.0, *(r["total_order"] for r in facts.factors)])
    panels = []
    for principal in facts.question.principals:
        share = {
            r["factor"]: r["total_order"] for r in facts.factors if r["principal_iso3"] == principal
        }
        shapes: list[Shape] = [Text(0, 14, facts.names[principal], INK, 14, is_bold=True)]
        for i, name in enumerate(sorted(names, key=lambda n: -share.get(n, 0.0))):
            y = top + i * high
            shapes.append(Text(0, y + 12, FACTORS.get(name, name.replace("_", " ")), INK, 11.5))
            if name in share:
                wide = (WIDTH - left - 48) * max(share[name], 0) / most
                shapes.append(Area(rectangle(left, y + 2, wide, 12), "#5b6675"))
                text = f"{100 * share[name]:.0f} %".replace("-0", "0").replace("-", "−")
                shapes.append(Text(left + wide + 5, y + 12, text, INK, 11))
        alt = say.largest_doubt(facts, principal, FACTORS)
        height = top + high * max(len(names), 1)
        panels.append(Panel(facts.names[principal], alt, WIDTH, height, shapes))
    columns = [
        "principal_iso3", "factor", "first_order", "total_order", "total_order_lo90",
        "total_order_hi90", "sd",
    ]  # fmt: skip
    return Chart(
        "doubt",
        f"Where the interval of {facts.year} comes from",
        [p.alt for p in panels],
        "out_sensitivity__yearly_gap",
        panels,
        columns,
        [tuple(r[c] for c in columns) for r in facts.factors],
    )


def all_charts(facts: Facts, definition: Definition) -> list[Chart]:
    """Every chart of the report, in its order."""
    pillars = [p.name for p in definition.pillars]
    labels = {v.name: v.label for v in definition.variants}
    return [
        *(gap_chart(facts, view, measure) for view in VIEWS for measure in MEASURES),
        profile_chart(facts, pillars),
        ends_chart(facts),
        talk_chart(facts),
        arms_chart(facts, int(definition.rules["arms_window_years"])),
        variants_chart(facts, labels),
        doubt_chart(facts),
    ]
