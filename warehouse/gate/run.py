"""Running the gate: asking every check of one warehouse, and gathering what comes out.

Does not belong here: what is asked (`checks`, `rules`), or who decides (`judge`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from schemas import REGISTRY
from warehouse.gate import frames
from warehouse.gate.checks import TABLES, TYPES, Check, of_rule, of_table
from warehouse.gate.judge import Judge, Verdict
from warehouse.gate.result import SUITES, GateResult, Outcome
from warehouse.gate.rules import CONSISTENCY, PLAUSIBILITY, history

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
    return _run(database, previous, progress, Judge)[0]


def data_docs(database: Path, previous: Path | None, into: Path) -> Path:
    """Check a warehouse, and write Great Expectations' own pages (Data Docs) about it.

    They name the time at which they were made, and load styles and scripts from the network when
    opened; a note beside them says so. `report_html` needs neither.

    Parameters
    ----------
    database, previous : Path
        As in `run_gate`.
    into : Path
        A folder; made if it is not there.

    Returns
    -------
    Path
        The first page.

    Raises
    ------
    GateError
        As `run_gate`.
    """
    _, judge = _run(database, previous, lambda _: None, partial(Judge, keeps=True))
    into = into.absolute()  # Great Expectations takes no other
    judge.write_docs(into)
    (into / "README.txt").write_text(_NOTE)
    return into / "index.html"


_NOTE = (
    "Great Expectations' own pages about the gate. When opened they load styles and scripts from\n"
    "the network; without one they are hard to read. GATE.html of a release says the same and\n"
    "needs nothing.\n"
)


def _run(
    database: Path,
    previous: Path | None,
    progress: Callable[[str], None],
    start: Callable[[], Judge],
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
            return _asked(con, before, progress, start)
    except duckdb.Error as error:
        raise GateError(f"{database} cannot be checked: {error}; build it again") from None


@dataclass(frozen=True)
class _Question:
    """Checks of one frame, and how DuckDB makes it."""

    name: str
    checks: Sequence[Check]
    make: Callable[[Con], pd.DataFrame | tuple[int, pd.DataFrame]]


@dataclass(frozen=True)
class _Answer:
    """What is judged. `failing` counts the rows at fault where the frame is a sample of them."""

    frame: pd.DataFrame
    failing: int | None = None
    error: str = ""


def _asked(
    con: Con, before: set[str], progress: Callable[[str], None], start: Callable[[], Judge]
) -> tuple[GateResult, Judge]:
    questions = _questions(frames.columns(con), before)
    outcomes = []
    with ThreadPoolExecutor(1) as pool:
        # DuckDB goes ahead while Great Expectations is imported and judges.
        ahead = frames.cursor(con)
        answers = [pool.submit(_answer, ahead, q) for q in questions]
        try:
            progress("starting Great Expectations")
            judge = start()
            for question, answer in zip(questions, answers, strict=True):
                progress(question.name)
                outcomes += _decide(con, judge, question, answer.result())
        finally:
            pool.shutdown(cancel_futures=True)
    order = list(SUITES)
    mode, code, method = _release(con)
    counted = frames.tables(con)["rows"].dropna()
    result = GateResult(
        tuple(sorted(outcomes, key=lambda o: order.index(o.suite))),
        judge.version,
        mode,
        code,
        method,
        _name(con) if before else "",
        len(counted),
        int(counted.sum()),
        () if before else tuple(r.says for r in history(before)),
    )
    return result, judge


def _questions(there: dict[str, list[str]], before: set[str]) -> list[_Question]:
    """All that is asked of a warehouse with these tables, in order."""
    asked = [_Question("tables", TABLES, frames.tables), _Question("types", TYPES, frames.types)]
    for name, table in sorted(REGISTRY.items()):
        if table.layer != "raw" and name in there:
            make = partial(frames.witnesses, table=table, there=there[name])
            asked.append(_Question(name, of_table(table, there[name]), make))
    for rule in [*CONSISTENCY, *PLAUSIBILITY, *(history(before) if before else ())]:
        make_rule: Callable[[Con], pd.DataFrame | tuple[int, pd.DataFrame]] = (
            partial(frames.at_fault, query=rule.query, quick=rule.quick)
            if rule.band is None
            else partial(frames.figures, query=rule.query)
        )
        asked.append(_Question(f"{rule.table}: {rule.says}", of_rule(rule), make_rule))
    return asked


def _answer(con: Con, question: _Question) -> _Answer:
    try:
        made = question.make(con)
    except duckdb.Error as error:
        return _Answer(pd.DataFrame(), error=str(error))
    if isinstance(made, tuple):
        return _Answer(made[1], made[0])
    return _Answer(made)


def _decide(con: Con, judge: Judge, question: _Question, answer: _Answer) -> list[Outcome]:
    if answer.error:
        return [
            _outcome(replace(c, kind="not evaluated"), False, f"cannot be asked: {answer.error}")
            for c in question.checks
        ]
    verdicts = judge.verdicts(question.name, answer.frame, question.checks)
    return [
        _told(con, answer, check, verdict)
        for check, verdict in zip(question.checks, verdicts, strict=True)
    ]


def _told(con: Con, answer: _Answer, check: Check, verdict: Verdict) -> Outcome:
    """The outcome of a check; where it is not met, with the rows at fault."""
    if verdict.trouble:
        return _outcome(check, False, f"cannot be judged: {verdict.trouble}")
    if verdict.is_met:
        return _outcome(check, True, _seen(answer.frame, check))
    if answer.failing is not None:
        failing, rows = answer.failing, answer.frame
    elif check.offending:
        failing, rows = frames.at_fault(con, check.offending)
    else:
        rows = _at_fault(answer.frame, check)
        failing = len(rows)
    if not failing:
        return _outcome(check, False, _seen_amiss(answer.frame, check, verdict))
    sample = frames.rows_of(rows.head(frames.SAMPLE))
    return _outcome(check, False, f"{failing:,} at fault", failing, tuple(sample))


def _outcome(
    check: Check,
    is_met: bool,
    observed: str,
    failing: int = 0,
    sample: tuple[dict[str, Any], ...] = (),
) -> Outcome:
    return Outcome(
        check.suite, check.table, check.says, check.kind, is_met, observed, check.expected,
        failing, sample,
    )  # fmt: skip


def _seen(frame: pd.DataFrame, check: Check) -> str:
    """What the judged frame shows of a check, in words."""
    column = check.arguments.get("column")
    if check.kind == "ExpectTableColumnsToMatchOrderedList":
        return f"{len(frame.columns)} columns"
    if check.kind == "ExpectTableRowCountToBeBetween":
        return f"{len(frame)} figures"
    if check.kind == "ExpectTableRowCountToEqual":
        return "none"
    if column is None or column not in frame:
        return "as expected"
    known = frame[column].dropna()
    if check.kind == "ExpectColumnValuesToBeBetween":
        ends = known.agg(["min", "max"]) if len(known) else []
        return " to ".join(f"{v:.6g}" for v in ends) or "no value"
    if check.kind in ("ExpectColumnValuesToBeInSet", "ExpectColumnValuesToMatchRegex"):
        return f"{known.nunique()} different values"
    return "as expected"


def _seen_amiss(frame: pd.DataFrame, check: Check, verdict: Verdict) -> str:
    """What a frame shows of a check that is not met, where no row can be named."""
    if check.kind == "ExpectTableColumnsToMatchOrderedList":
        return ", ".join(map(str, frame.columns))
    if verdict.unexpected:
        return f"{verdict.unexpected:,} of the rows judged are at fault"
    return _seen(frame, check)


def _at_fault(frame: pd.DataFrame, check: Check) -> pd.DataFrame:
    """Rows of a frame of the catalogue that break a check."""
    if check.kind == "ExpectColumnValuesToNotBeNull":
        return frame[frame[check.arguments["column"]].isna()]
    if check.kind.startswith("ExpectColumnPair"):
        a, b = frame[check.arguments["column_A"]], frame[check.arguments["column_B"]]
        is_less = a < b
        is_other = (a != b) & (a.notna() | b.notna())
        return frame[is_less if check.arguments.get("or_equal") else is_other]
    return frame.head(0)


def _release(con: Con) -> tuple[str, str, str]:
    found = con.execute(
        "SELECT mode, coalesce(code_version, ''), method_version FROM meta_release LIMIT 1"
    ).fetchall()
    return found[0] if found else ("", "", "")


def _name(con: Con) -> str:
    ((name,),) = con.execute("SELECT release FROM before.meta_release LIMIT 1").fetchall()
    return str(name)
