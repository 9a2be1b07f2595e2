"""Running the gate: asking every check of one warehouse, and gathering what comes out.

Does not belong here: what is asked (`checks`, `rules`), or who decides (`judge`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from schemas import REGISTRY
from warehouse.gate import frames
from warehouse.gate.checks import TABLES, TYPES, Check, of_rule, of_table
from warehouse.gate.judge import Judge, Verdict
from warehouse.gate.result import SUITES, GateResult, Outcome
from warehouse.gate.rules import CONSISTENCY, PLAUSIBILITY, Rule, history

Con = duckdb.DuckDBPyConnection


class GateError(RuntimeError):
    """The gate could not be run; the message says why and what to do."""


def run_gate(
    database: Path,
    previous: Path | None,
    progress: Callable[[str], None] = lambda _: None,
) -> GateResult:
    """Check a warehouse before it is released.

    Parameters
    ----------
    database : Path
        A finished build.
    previous : Path or None
        Directory of the last release, whose tables are ``parquet/<table>.parquet``.
    progress : callable
        Called with what is being checked.

    Returns
    -------
    GateResult

    Raises
    ------
    GateError
        If the warehouse cannot be opened or says nothing of itself, or the last release has no
        tables.
    """
    return _run(database, previous, progress)[0]


def _run(
    database: Path, previous: Path | None, progress: Callable[[str], None]
) -> tuple[GateResult, Judge]:
    if not database.is_file():
        raise GateError(f"{database} is no warehouse; build it with: make build")
    try:
        with frames.opened(database, previous) as con:
            before = frames.before(con)
            if previous and not {"meta_release", "meta_sources"} <= before:
                raise GateError(
                    f"{previous} holds no parquet/meta_release.parquet and meta_sources.parquet; "
                    "expected the directory of a release"
                )
            return _asked(con, before, progress)
    except duckdb.Error as error:
        raise GateError(f"{database} cannot be checked: {error}; build it again") from None


def _asked(con: Con, before: set[str], progress: Callable[[str], None]) -> tuple[GateResult, Judge]:
    progress("starting Great Expectations")
    judge = Judge()
    there = frames.columns(con)
    tables = frames.tables(con)
    outcomes = _decide(con, judge, "tables", tables, TABLES)
    outcomes += _decide(con, judge, "types", frames.types(con), TYPES)
    for name, table in sorted(REGISTRY.items()):
        if table.layer != "raw" and name in there:
            progress(name)
            checks = of_table(table, there[name])
            outcomes += _decide(con, judge, name, frames.witnesses(con, table, there[name]), checks)
    compared = bool(before)
    for rule in [*CONSISTENCY, *PLAUSIBILITY, *(history(before) if compared else ())]:
        progress(rule.says)
        outcomes += _rule(con, judge, rule)
    order = list(SUITES)
    mode, code, method = _release(con)
    result = GateResult(
        tuple(sorted(outcomes, key=lambda o: order.index(o.suite))),
        judge.version,
        mode,
        code,
        method,
        _name(con) if compared else "",
        int(tables["rows"].notna().sum()),
        int(tables["rows"].sum()),
        () if compared else tuple(r.says for r in history(set())),
    )
    return result, judge


def _rule(con: Con, judge: Judge, rule: Rule) -> list[Outcome]:
    name = f"{rule.table}: {rule.says}"
    checks = of_rule(rule)
    try:
        if rule.band is not None:
            return _decide(con, judge, name, frames.figures(con, rule.query), checks)
        failing, sample = frames.at_fault(con, rule.query)
    except duckdb.Error as error:
        return [_not_evaluated(check, error) for check in checks]
    (verdict,) = judge.verdicts(name, pd.DataFrame(sample, columns=None), checks)
    return [_outcome(checks[0], verdict, "none", failing, sample)]


def _decide(
    con: Con, judge: Judge, name: str, frame: pd.DataFrame, checks: Sequence[Check]
) -> list[Outcome]:
    return [
        _told(con, frame, check, verdict)
        for check, verdict in zip(checks, judge.verdicts(name, frame, checks), strict=True)
    ]


def _told(con: Con, frame: pd.DataFrame, check: Check, verdict: Verdict) -> Outcome:
    """The outcome of a check of a frame; where it is not met, with the rows at fault."""
    if verdict.is_met or verdict.trouble:
        return _outcome(check, verdict, _seen(frame, check), 0, [])
    if check.offending:
        failing, sample = frames.at_fault(con, check.offending)
    else:
        rows = _at_fault(frame, check)
        failing, sample = len(rows), frames.rows_of(rows.head(frames.SAMPLE))
    return _outcome(check, verdict, _seen(frame, check), failing, sample)


def _outcome(
    check: Check, verdict: Verdict, seen: str, failing: int, sample: list[dict[str, Any]]
) -> Outcome:
    if verdict.trouble:
        observed = f"could not be judged: {verdict.trouble}"
    elif failing:
        observed = f"{failing:,} at fault"
    else:
        observed = seen
    return Outcome(
        check.suite, check.table, check.says, check.kind, verdict.is_met, observed, check.expected,
        failing, tuple(sample),
    )  # fmt: skip


def _not_evaluated(check: Check, error: duckdb.Error) -> Outcome:
    return Outcome(
        check.suite, check.table, check.says, "not evaluated", False,
        f"could not be asked: {error}", check.expected,
    )  # fmt: skip


def _seen(frame: pd.DataFrame, check: Check) -> str:
    """What the judged frame shows of a check, in words."""
    column = check.arguments.get("column")
    if check.kind == "ExpectTableColumnsToMatchOrderedList":
        return ", ".join(map(str, frame.columns))
    if check.kind == "ExpectTableRowCountToBeBetween":
        return f"{len(frame)} figures"
    if column is None or column not in frame:
        return "as expected"
    known = frame[column].dropna()
    if check.kind == "ExpectColumnValuesToBeBetween":
        ends = known.agg(["min", "max"]) if len(known) else []
        return " to ".join(f"{v:.6g}" for v in ends) or "no value"
    if check.kind in ("ExpectColumnValuesToBeInSet", "ExpectColumnValuesToMatchRegex"):
        return f"{known.nunique()} different values"
    return "as expected"


def _at_fault(frame: pd.DataFrame, check: Check) -> pd.DataFrame:
    """Rows of a frame of the catalogue that break a check."""
    if "column" in check.arguments:
        return frame[frame[check.arguments["column"]].isna()]
    a, b = frame[check.arguments["column_A"]], frame[check.arguments["column_B"]]
    if check.arguments.get("or_equal"):
        return frame[a < b]
    return frame[(a != b) & (a.notna() | b.notna())]


def _release(con: Con) -> tuple[str, str, str]:
    found = con.execute(
        "SELECT mode, coalesce(code_version, ''), method_version FROM meta_release LIMIT 1"
    ).fetchall()
    return found[0] if found else ("", "", "")


def _name(con: Con) -> str:
    ((name,),) = con.execute("SELECT release FROM before.meta_release LIMIT 1").fetchall()
    return str(name)
