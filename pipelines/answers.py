"""The commands that answer from the warehouse: explain, compare, rank, whatif, query, doctor.

Belongs here: reading arguments, and laying answers out in 80 columns. Does not belong here: any
answer (`warehouse`); each command imports what it needs only when it runs, so that all start fast.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.console import console, errors, fail
from pipelines.output import (
    Format,
    FormatOption,
    OutputOption,
    copy_parquet,
    text_stream,
    write,
    write_csv,
    write_json,
)

if TYPE_CHECKING:
    import duckdb

    from warehouse.compare import Comparison, Ranked
    from warehouse.doctor import Finding, Vintage
    from warehouse.explain import Explanation, Part
    from warehouse.names import Party
    from warehouse.whatif import WhatIf

WarehouseOption = Annotated[
    Path | None, typer.Option(help="The link readers open, where it is not the project's own.")
]
YearOption = Annotated[int | None, typer.Option(help="By default the last year with full depths.")]


class View(StrEnum):
    """From where a tie is seen; those of `warehouse.compare`."""

    PRINCIPAL = "principal"
    PARTNER = "partner"
    MUTUAL = "mutual"


class Measure(StrEnum):
    """Which index; those of `warehouse.compare`."""

    DEPTH = "depth"
    COSTLY = "costly"
    DECLARED = "declared"


class Mean(StrEnum):
    """How pillars are averaged; those of `warehouse.whatif`."""

    ARITHMETIC = "arithmetic"
    GEOMETRIC = "geometric"


@contextmanager
def _opened(warehouse: Path | None) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, and one way out for whatever cannot be answered: exit code 1."""
    import duckdb

    from warehouse.answers import CannotAnswer, NoWarehouse, connect
    from warehouse.location import LINK

    try:
        with connect(warehouse or LINK) as con:
            yield con
    except (NoWarehouse, CannotAnswer, duckdb.Error) as error:
        fail(str(error))


def _last_year(con: duckdb.DuckDBPyConnection) -> int:
    found = con.execute(
        "SELECT max(year) FROM out_depth__yearly_dyads WHERE depth_status = 'full'"
    ).fetchall()[0][0]
    if found is None:
        fail("no tie in this warehouse has all four pillars in any year")
    return int(found)


def _say(text: str = "", start: str = "", further: str | None = None) -> None:
    """Print plain text, wrapped with a hanging indent."""
    width = max(console.width, 40)
    hang = start if further is None else further
    lines = textwrap.wrap(
        text, width, initial_indent=start, subsequent_indent=hang, break_on_hyphens=False
    )
    _line("\n".join(lines))


def _line(text: str) -> None:
    """Print plain text as it is."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _table(*heads: str, left: tuple[str, ...] = ()) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for head in heads:
        table.add_column(head, justify="left" if head in left else "right", no_wrap=True)
    return table


def _number(value: float | None, digits: int = 1, sign: str = "") -> str:
    return "" if value is None else f"{value:{sign}.{digits}f}"


def _value(value: float | None) -> str:
    """A value of any size, in four digits or whole."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _range(lo: float | None, hi: float | None, digits: int = 1, sign: str = "") -> str:
    return "" if lo is None or hi is None else f"{lo:{sign}.{digits}f} to {hi:{sign}.{digits}f}"


# ---------------------------------------------------------------------------------- explain


def explain(
    from_state: Annotated[
        str, typer.Argument(metavar="FROM", help="State whose view is taken: name or ISO code.")
    ],
    to_state: Annotated[str, typer.Argument(metavar="TO", help="Its partner.")],
    year: Annotated[int, typer.Argument(help="Calendar year.")],
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Make every number again and compare it with what is published."
        ),
    ] = False,
    levels: Annotated[
        int,
        typer.Option(
            "--depth", min=1, max=3, help="1 down to pillars, 2 to indicators, 3 to source rows."
        ),
    ] = 3,
    rows: Annotated[
        int, typer.Option(min=0, help="Source rows shown of each indicator in a table; 0 for all.")
    ] = 6,
    output: FormatOption = Format.TABLE,
    target: OutputOption = None,
    warehouse: WarehouseOption = None,
) -> None:
    """Take one score apart: pillars, indicators, and the source rows under each.

    The points of the parts add up to the score.

    For instance: alliance-depth explain china iran 2024

    Exit code 0: answered; 1: no answer, or --check found a difference.
    """
    from warehouse.explain import COLUMNS, as_document, as_rows
    from warehouse.explain import explain as ask
    from warehouse.names import state

    with _opened(warehouse) as con:
        found = ask(con, state(con, from_state).code, state(con, to_state).code, year)
    if output is Format.TABLE:
        _show_tree(found, levels)
        if levels > 2:
            _show_evidence(found, rows)
    else:
        numbers = ("value", "score", "weight", "weight_used", "points")
        kinds = {c: float if c in numbers else str for c in COLUMNS}
        write(as_rows(found, levels), kinds, output, target, as_document(found))
    if check:
        _show_checks(found, to=console if output is Format.TABLE else errors)
    elif found.faults:
        errors.print(
            f"{len(found.faults)} numbers differ from what is published; --check names them",
            highlight=False,
        )
    if check and found.faults:
        raise typer.Exit(1)


def _show_tree(found: Explanation, levels: int) -> None:
    from rich.markup import escape

    about = f"{found.from_name}'s tie with {found.to_name}, {found.year}: "
    if found.depth is None:
        about += "no depth, fewer than three pillars are known"
    else:
        about += f"depth {found.depth:.1f} of 100"
        if found.depth_lo90 is not None:
            about += f", 90 % interval {_range(found.depth_lo90, found.depth_hi90)}"
        if found.depth_status == "partial":
            about += ", partial (three pillars): not to be compared with full ones"
    _say(about)
    console.print()
    table = _table("", "value", "unit", "score", "weight", "used", "points", left=("", "unit"))
    for p in found.pillars:
        table.add_row(
            f"[bold]{escape(p.name)}[/bold]",
            "",
            "",
            _number(p.score) or "missing",
            f"{p.weight:.3f}",
            f"{p.weight_used:.3f}",
            _number(p.points, 2),
            style=None if p.score is not None else "dim",
        )
        for i in p.indicators if levels > 1 else []:
            table.add_row(
                f"  {i.name}",
                _value(i.value),
                "" if i.value is None else i.unit,
                i.status if i.score is None else _number(i.score) + ("*" if i.is_capped else ""),
                f"{i.weight:.3f}",
                f"{i.weight_used:.3f}",
                _number(i.points, 2),
                style=None if i.score is not None else "dim",
            )
    if found.depth is not None:
        table.add_row(
            "depth",
            "",
            "",
            _number(found.depth),
            "1.000",
            "1.000",
            _number(found.depth, 2),
            style="bold",
        )
    console.print(table, highlight=False)
    console.print()
    _say(
        "points = used weight times score; they add up to the depth. used: the weight after that "
        "of what is missing or does not apply has gone to the others."
        + (
            " *: held down while the partner has a small share of trade."
            if any(i.is_capped for p in found.pillars for i in p.indicators)
            else ""
        )
    )


def _show_evidence(found: Explanation, limit: int) -> None:
    for p in found.pillars:
        for i in p.indicators:
            if i.status == "does not apply":
                continue
            console.print()
            _say(_headline(i), "", "  ")
            if i.evidence.how:
                _say(i.evidence.how, "  = ", "    ")
            if i.evidence.see:
                _say(f"the rows under {' and '.join(i.evidence.see)}", "  - ", "    ")
            shown = i.evidence.rows[: limit or None]
            for r in shown:
                source = ", ".join(r.sources) or "filled in"
                _say(f"{r.text} [{source}]", "  - ", "    ")
                if r.url:  # whole, so that a terminal can open it
                    _line("    " + r.url)
            left = len(i.evidence.rows) - len(shown)
            if left:
                _say(f"and {left} more; --rows 0 shows all", "  - ", "    ")
    console.print()
    _say("Sources (vintage, and the first digits of the SHA-256 of its figures in this build):")
    for name, s in found.sources.items():
        day = f", retrieved {s.retrieved_at}" if s.retrieved_at else ""
        _say(f"{name} {s.sha256[:12]}: {s.title}; {s.vintage}{day}", "  ", "    ")
    _say(f"Release {found.release}, method {found.method_version}.")


def _headline(i: Part) -> str:
    if i.value is None:
        return f"{i.name}: missing"
    score = "no score" if i.score is None else f"scores {i.score:.1f}"
    value = f"{_value(i.value)} {i.unit}"
    scale = "" if i.transform == "linear" else f" on a {i.transform} scale"
    return f"{i.name}: {value} ({i.status}) {score}: 0 at {i.lo:g}, 100 at {i.hi:g}{scale}" + (
        ", held down" if i.is_capped else ""
    )


def _show_checks(found: Explanation, to: Any) -> None:
    from rich.markup import escape

    to.print()
    for c in found.faults:
        to.print(
            f"[red]differs[/red] {escape(c.what)}: published {c.published}, made again {c.again}",
            highlight=False,
            soft_wrap=True,
        )
    held = len(found.checks) - len(found.faults)
    to.print(
        f"check: {held} of {len(found.checks)} numbers made again are those published, to 1e-9.",
        highlight=False,
        soft_wrap=True,
    )


# ------------------------------------------------------------------------ compare and rank


def compare(
    first: Annotated[str, typer.Argument(help="A state or a group, for instance iran.")],
    second: Annotated[str, typer.Argument(help="Another one, for instance gulf.")],
    principal: Annotated[
        list[str] | None,
        typer.Option(help="State at the other end. May stand twice; by default all principals."),
    ] = None,
    since: Annotated[int, typer.Option(help="First year.")] = 2000,
    until: Annotated[int | None, typer.Option(help="Last year; by default all there are.")] = None,
    view: Annotated[
        View, typer.Option(help="Seen from the principal, from its partners, or from both.")
    ] = View.PRINCIPAL,
    measure: Annotated[
        Measure, typer.Option(help="The whole index, what is paid for, or what is said.")
    ] = Measure.DEPTH,
    output: FormatOption = Format.TABLE,
    target: OutputOption = None,
    warehouse: WarehouseOption = None,
) -> None:
    """Set the ties of two states or groups side by side, year by year.

    Names, ISO codes and groups are understood; the gap is the second less the first.

    For instance: alliance-depth compare iran gulf --principal CHN

    Exit code 0: answered; 1: no answer.
    """
    from warehouse.compare import Comparison, principals_of
    from warehouse.compare import compare as ask
    from warehouse.names import party, state

    with _opened(warehouse) as con:
        one, two = party(con, first), party(con, second)
        asked = principal or principals_of(con)
        chiefs = list(dict.fromkeys(state(con, p).code for p in asked))
        found = ask(con, one, two, chiefs, since, until, view, measure)
        names = {p: state(con, p).label for p in chiefs}
    if output is Format.TABLE:
        _show_comparison(found, one, two, names, view, measure)
        return
    given = {"first_party": one.code, "second_party": two.code, "view": view, "measure": measure}
    kinds = dict.fromkeys(given, str) | _kinds(Comparison)
    write([given | asdict(c) for c in found], kinds, output, target)


def _kinds(shape: Any) -> dict[str, type]:
    """Columns of a dataclass of plain values."""
    known = {"str": str, "int": int, "float": float, "bool": bool}
    return {f.name: known[str(f.type).partition(" ")[0]] for f in fields(shape)}


def _show_comparison(
    found: list[Comparison],
    one: Party,
    two: Party,
    names: dict[str, str],
    view: str,
    measure: str,
) -> None:
    whose = {
        "principal": "seen from the principal",
        "partner": "seen towards the principal",
        "mutual": "geometric mean of both ends",
    }[view]
    what = "depth" if measure == "depth" else f"{measure} depth"
    _say(f"{what.capitalize()} of the tie with each principal, {whose} (0 no tie, 100).")
    console.print()
    short = [p.label if len(p.label) < 13 else p.code for p in (one, two)]
    counts = [f"n {s}" for p, s in zip((one, two), short, strict=True) if p.is_group]
    has_interval = any(c.gap_lo90 is not None for c in found)
    heads = ["tie of", "year", short[0], short[1], *counts, "gap"]
    heads += ["90 % interval"] if has_interval else []
    table = _table(*heads, "deeper", left=("tie of", "deeper"))
    last = None
    for c in found:
        if last not in (None, c.principal_iso3):
            table.add_row()
        row = [names[c.principal_iso3] if c.principal_iso3 != last else "", str(c.year)]
        row += [_number(c.first) or "-", _number(c.second) or "-"]
        row += [str(n) for p, n in ((one, c.first_n), (two, c.second_n)) if p.is_group]
        row.append(_number(c.gap, sign="+"))
        row += [_range(c.gap_lo90, c.gap_hi90, sign="+")] if has_interval else []
        deeper = "" if c.gap is None else short[c.gap > 0] if c.gap else "equal"
        lo, hi = c.gap_lo90, c.gap_hi90
        unsure = lo is not None and hi is not None and lo <= 0 <= hi
        table.add_row(*row, deeper + ("?" if unsure and deeper else ""))
        last = c.principal_iso3
    console.print(table, highlight=False)
    console.print()
    notes = [f"gap: {short[1]} less {short[0]}, points."]
    notes += (
        ["-: not known (a pillar is missing)."]
        if any(None in (c.first, c.second) for c in found)
        else []
    )
    if counts:
        notes.append("A group is the mean of its members whose depth is known (n).")
    if has_interval:
        notes.append("?: the interval holds zero.")
    else:
        notes.append(
            "No interval: only the questions that the build answers have one; the errors of "
            "two ties are not independent, so theirs cannot be put together here."
        )
    _say(" ".join(notes))


def rank(
    principal: Annotated[
        str, typer.Argument(metavar="STATE", help="State whose ties are ranked, for instance CHN.")
    ],
    year: YearOption = None,
    top: Annotated[
        int | None, typer.Option(min=1, help="Ties shown; by default 20 in a table, else all.")
    ] = None,
    output: FormatOption = Format.TABLE,
    target: OutputOption = None,
    warehouse: WarehouseOption = None,
) -> None:
    """Rank a state's ties, the deepest first, and say how sure each rank is.

    Only ties with all four pillars are ranked.

    For instance: alliance-depth rank CHN --year 2024

    Exit code 0: answered; 1: no answer.
    """
    from warehouse.compare import Ranked
    from warehouse.compare import rank as ask
    from warehouse.names import state

    with _opened(warehouse) as con:
        who = state(con, principal)
        when = year or _last_year(con)
        found = ask(con, who.code, when)
    if output is Format.TABLE:
        _show_ranks(found, who.label, when, top or 20)
        return
    given = {"from_iso3": who.code, "year": when}
    kinds = {"from_iso3": str, "year": int} | _kinds(Ranked)
    write([given | asdict(r) for r in found[:top]], kinds, output, target)


def _show_ranks(found: list[Ranked], who: str, year: int, top: int) -> None:
    _say(f"Whose tie with {who} is deepest, seen from {who}, {year} ({len(found)} full ties).")
    console.print()
    has_interval = any(r.rank_lo90 is not None for r in found)
    heads = ["rank", "rank interval"] if has_interval else ["rank"]
    table = _table(*heads, "partner", "depth", "depth interval", left=("partner",))
    for r in found[:top]:
        row = [str(r.rank)]
        row += [_range(r.rank_lo90, r.rank_hi90, 0)] if has_interval else []
        depth_ends = _range(r.depth_lo90, r.depth_hi90)
        table.add_row(*row, f"{r.name} ({r.iso3})", f"{r.depth:.1f}", depth_ends)
    console.print(table, highlight=False)
    console.print()
    _say("Intervals hold 90 % of the draws; rank 1 is the deepest.")
    if len(found) > top:
        _say(f"{len(found) - top} more: --top {len(found)}")
    if not has_interval:
        _say(
            f"{who} is no principal of a question of this build: the intervals of its ranks are "
            "not made, those of depth are."
        )


# ------------------------------------------------------------------------ whatif and query


def whatif(
    principal: Annotated[
        str, typer.Argument(help="China, Russia or the United States: its own view is taken.")
    ],
    question: Annotated[
        str | None,
        typer.Option(help="Name of a question; by default the first that asks of the principal."),
    ] = None,
    year: YearOption = None,
    weight: Annotated[
        list[str] | None,
        typer.Option(
            help="Weight of a pillar: arms=0.4. May stand twice; the other pillars share the rest."
        ),
    ] = None,
    aggregate: Annotated[
        Mean, typer.Option("--aggregate", "--mean", help="Mean of the pillars.")
    ] = Mean.ARITHMETIC,
    output: FormatOption = Format.TABLE,
    target: OutputOption = None,
    warehouse: WarehouseOption = None,
) -> None:
    """Compare Iran and the Gulf under other weights; say which would turn the gap.

    Made from the published pillars, without a build.

    For instance: alliance-depth whatif CHN --weight arms=0.4

    Exit code 0: answered; 1: no answer.
    """
    from warehouse.names import state
    from warehouse.whatif import whatif as ask

    try:
        pairs = [w.partition("=") for w in weight or []]
        weights = {name: float(value) for name, _, value in pairs}
    except ValueError:
        fail(f"--weight {' '.join(weight or [])}: expected for instance arms=0.4")
    with _opened(warehouse) as con:
        who = state(con, principal)
        when = year or _last_year(con)
        found = ask(con, who.code, when, weights, aggregate, question)
    if output is Format.TABLE:
        _show_whatif(found, who.label, when, aggregate)
        return
    kinds = {"what": str, "name": str, "published": float, "asked": float, "flip": float}
    given = {"principal_iso3": who.code, "year": when, "aggregate": aggregate}
    write(_whatif_rows(found), kinds, output, target, given | asdict(found))


def _whatif_rows(found: WhatIf) -> list[dict[str, Any]]:
    """Ties, the gap and weights, published and as asked; for weights also where the gap is zero."""
    blank = {"published": None, "asked": None, "flip": None}
    rows: list[dict[str, Any]] = [
        {"what": "tie", "name": s} | blank | {"published": found.before[s], "asked": found.after[s]}
        for s in found.states
    ]
    rows.append(
        {"what": "gap", "name": "gap"}
        | blank
        | {"published": found.gap_before, "asked": found.gap_after}
    )
    for p in found.pillars:
        flip = None if found.flip is None else found.flip[p]
        rows.append(
            {"what": "weight", "name": p}
            | blank
            | {"published": found.published[p], "asked": found.weights[p], "flip": flip}
        )
    return rows


def _show_whatif(found: WhatIf, who: str, year: int, aggregate: str) -> None:
    _say(f"{who}, {year}: depth of its ties, as published and as asked ({aggregate} mean).")
    console.print()
    ties = _table("tie with", "published", "as asked", "change", left=("tie with",))
    for s in found.states:
        then, now = found.before[s], found.after[s]
        ties.add_row(s, f"{then:.1f}", f"{now:.1f}", f"{now - then:+.1f}")
    then, now = found.gap_before, found.gap_after
    ties.add_row("gap", f"{then:+.1f}", f"{now:+.1f}", f"{now - then:+.1f}", style="bold")
    console.print(ties, highlight=False)
    console.print()
    pillars = _table("weights", *found.pillars, left=("weights",))
    pillars.add_row("published", *(f"{w:.3f}" for w in found.published.values()))
    pillars.add_row("as asked", *(f"{w:.3f}" for w in found.weights.values()))
    if found.flip:
        pillars.add_row("gap zero at", *(f"{w:.3f}" for w in found.flip.values()))
    console.print(pillars, highlight=False)
    console.print()
    _say(
        f"gap: mean of the {len(found.states) - 1} others less {found.states[0]}. "
        + (
            "gap zero at: the weights nearest to those asked for at which the arithmetic gap is "
            "zero, so that the order turns."
            if found.flip
            else "No weights turn the sign of the arithmetic gap."
        )
    )


def query(
    sql: Annotated[str, typer.Argument(help="One SELECT over the warehouse.")],
    output: FormatOption = Format.TABLE,
    target: OutputOption = None,
    warehouse: WarehouseOption = None,
) -> None:
    """Run one query on the warehouse.

    docs/DATA_DICTIONARY.md describes every table and column.

    For instance: alliance-depth query "SELECT * FROM latest_depth"

    Exit code 0: answered; 1: no answer.
    """
    with _opened(warehouse) as con, _working("querying"):
        if output is Format.PARQUET:
            _query_to_parquet(con, sql, target)
            return
        result = con.execute(sql)
        names = [d[0] for d in result.description or []]
        rows = result.fetchall() if names else []
    if output is Format.TABLE:
        _show_rows(names, rows)
    elif output is Format.CSV:
        with text_stream(target) as stream:
            write_csv(stream, names, rows)
    else:
        with text_stream(target) as stream:
            write_json(stream, [dict(zip(names, map(_json, r), strict=True)) for r in rows])


def _json(value: object) -> object:
    """What JSON has no number for is missing there."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


@contextmanager
def _working(what: str) -> Iterator[None]:
    """Show that something goes on, on a terminal."""
    if not errors.is_terminal:
        yield
        return
    with errors.status(what):
        yield


def _query_to_parquet(con: duckdb.DuckDBPyConnection, sql: str, target: Path | None) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        made = Path(folder) / "answer.parquet"
        inner = sql.strip().rstrip(";")
        con.execute(f"COPY ({inner}\n) TO '{made}' (FORMAT parquet)")
        copy_parquet(made, target)


def _show_rows(names: list[str], rows: list[tuple[Any, ...]]) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table()
    for at, name in enumerate(names):
        numeric = any(isinstance(r[at], int | float) for r in rows)
        table.add_column(escape(name), justify="right" if numeric else "left")
    for row in rows:
        table.add_row(*(_cell(v) for v in row))
    console.print(table)


def _cell(value: object) -> str:
    from rich.markup import escape

    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else escape(str(value))


# ---------------------------------------------------------------------------------- doctor


def doctor(
    output: FormatOption = Format.TABLE,
    target: OutputOption = None,
    warehouse: WarehouseOption = None,
) -> None:
    """Say what is installed and in use, what is stale or broken, and how to mend it.

    Exit code for a supervisor: 0 healthy; 1 stale or degraded; 2 broken.

    Degraded works, but should be mended; broken cannot be read or not be built again.
    """
    import sys
    from datetime import date

    from warehouse.doctor import Finding, examine, exit_code
    from warehouse.location import LINK, ROOT, Location

    location = Location((warehouse or LINK).absolute())
    found, vintages = examine(
        location,
        ROOT / "starter",
        date.today(),
        tuple(sys.version_info[:3]),
        _packages(),
        _stale_days(),
    )
    code = exit_code(found)
    if output is Format.TABLE:
        _show_findings(found, vintages, code)
    else:
        blank = dict.fromkeys(("vintage", "retrieved_at", "rows"))
        rows = [{"kind": "finding"} | asdict(f) | blank for f in found]
        no_finding = dict.fromkeys(f.name for f in fields(Finding))
        for v in vintages:
            day = None if v.retrieved_at is None else v.retrieved_at.isoformat()
            rows.append(
                {"kind": "source"}
                | no_finding
                | {"area": v.source, "vintage": v.vintage, "retrieved_at": day, "rows": v.rows}
            )
        kinds = {"kind": str} | _kinds(Finding) | {"vintage": str, "retrieved_at": str, "rows": int}
        document = {
            "exit_code": code,
            "findings": [asdict(f) for f in found],
            "sources": [asdict(v) for v in vintages],
        }
        write(rows, kinds, output, target, document)
    raise typer.Exit(code)


def _packages() -> dict[str, tuple[str, str | None, bool]]:
    """What the project asks for, beside what is installed."""
    from importlib import metadata

    from packaging.requirements import Requirement

    out: dict[str, tuple[str, str | None, bool]] = {}
    try:
        asked = metadata.requires("alliance-depth") or []
    except metadata.PackageNotFoundError:
        return {"alliance-depth": ("the package itself", None, False)}
    for text in asked:
        wanted = Requirement(text)
        if wanted.marker is not None:  # an extra: not needed to work
            continue
        try:
            version = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            out[wanted.name] = (str(wanted.specifier), None, False)
            continue
        fits = wanted.specifier.contains(version, prereleases=True)
        out[wanted.name] = (str(wanted.specifier), version, fits)
    return out


def _stale_days() -> dict[str, int]:
    import tomllib

    path = Path(__file__).with_name("live") / "upstreams.toml"
    places = tomllib.loads(path.read_text(encoding="utf-8"))
    default = places.pop("defaults")["stale_days"]
    return {name: int(place.get("stale_days", default)) for name, place in places.items()}


def _show_findings(found: list[Finding], vintages: list[Vintage], code: int) -> None:
    from rich.markup import escape

    colours = {"ok": "green", "note": "cyan", "degraded": "yellow", "broken": "red"}
    width = max(console.width, 60)
    for f in found:
        lines = textwrap.wrap(f.found, width - 20, break_on_hyphens=False) or [""]
        colour = colours[f.level]
        console.print(
            f"[{colour}]{f.level:<9}[/{colour}] {f.area:<9} {escape(lines[0])}",
            highlight=False,
            soft_wrap=True,
        )
        for line in lines[1:]:
            console.print(" " * 20 + escape(line), highlight=False, soft_wrap=True)
        if f.mend:
            _say(f"{f.mend}", " " * 20 + "-> ", " " * 23)
    if vintages:
        console.print()
        table = _table("source", "rows", "retrieved", "vintage", left=("source", "vintage"))
        for v in vintages:
            day = "" if v.retrieved_at is None else v.retrieved_at.isoformat()
            room = max(console.width - 45, 20)
            text = v.vintage if len(v.vintage) <= room else v.vintage[: room - 1] + "\u2026"
            table.add_row(v.source, f"{v.rows:,}", day, escape(text))
        console.print(table, highlight=False)
    console.print()
    console.print(("healthy", "stale or degraded", "broken")[code], style="bold")


COMMANDS = (explain, compare, rank, whatif, query, doctor)
