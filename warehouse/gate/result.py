"""What the gate found: one outcome for each expectation, for programs and for the terminal.

Does not belong here: the page (`page`), or how anything was found.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

# The order in which suites are run and shown.
SUITES = {
    "catalogue": "Tables, columns and types are those of the registry, and hold rows",
    "registry": "Keys and values of each table are as the registry says",
    "consistency": "Tables agree with each other and with published totals",
    "plausibility": "Figures lie where the world's do",
    "history": "Nothing is lost or moved since the last release without a cause",
}


@dataclass(frozen=True)
class Outcome:
    """One expectation and whether it is met.

    Parameters
    ----------
    suite : str
        One of `SUITES`.
    table : str
        The table it is about.
    expectation : str
        What must hold, in words; with `table`, unique.
    kind : str
        The expectation of Great Expectations that decided, or ``not evaluated``.
    is_passed : bool
    observed, expected : str
        What was found and what would have done.
    failing_rows : int
        Rows (or figures, for a rule about figures) that do not meet it.
    sample : tuple of dict
        The first few of them, in the order of their keys: key and the value at fault.
    """

    suite: str
    table: str
    expectation: str
    kind: str
    is_passed: bool
    observed: str
    expected: str
    failing_rows: int = 0
    sample: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class GateResult:
    """All outcomes of one warehouse.

    Parameters
    ----------
    outcomes : tuple of Outcome
        By suite, then in the order in which they were asked.
    gx_version : str
        Version of Great Expectations.
    mode, code_version, method_version : str
        From the warehouse's ``meta_release``; empty where that table has no row.
    previous : str
        Name of the release it was compared with; empty for none.
    tables, rows : int
        What was checked.
    not_asked : tuple of str
        Expectations left out for want of an earlier release.
    """

    outcomes: tuple[Outcome, ...]
    gx_version: str
    mode: str
    code_version: str
    method_version: str
    previous: str
    tables: int
    rows: int
    not_asked: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """Outcomes of the expectations that are not met."""
        return tuple(o for o in self.outcomes if not o.is_passed)

    @property
    def passed(self) -> bool:
        """Whether every expectation is met."""
        return not self.failed

    def of(self, suite: str) -> tuple[Outcome, ...]:
        """Outcomes of one suite."""
        return tuple(o for o in self.outcomes if o.suite == suite)

    def to_json(self) -> str:
        """The same for programs; equal results give equal bytes."""
        made = {
            "passed": self.passed,
            "great_expectations": self.gx_version,
            "mode": self.mode,
            "code_version": self.code_version,
            "method_version": self.method_version,
            "previous": self.previous or None,
            "tables": self.tables,
            "rows": self.rows,
            "suites": {
                s: {"expectations": len(self.of(s)), "failed": sum(not o.is_passed for o in found)}
                for s in SUITES
                if (found := self.of(s))
            },
            "not_asked": list(self.not_asked),
            "outcomes": [asdict(o) for o in self.outcomes],
        }
        return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def row_in_words(row: dict[str, Any]) -> str:
    """A row of a sample as one line."""
    return ", ".join(f"{name} {shown(value)}" for name, value in row.items())


def shown(value: Any) -> str:
    """A value as a reader should see it."""
    if value is None:
        return "missing"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)


def describe(result: GateResult) -> str:
    """Tell of a result on the terminal: the failed expectations with their rows, then counts."""
    lines = [line for o in result.failed for line in _failure(o)]
    for suite in SUITES:
        found = result.of(suite)
        bad = sum(not o.is_passed for o in found)
        if found:
            lines += [f"{suite}: {len(found)} asked, {f'{bad} not met' if bad else 'all met'}"]
    if result.not_asked:
        lines += [f"history: not asked, there is no earlier release ({len(result.not_asked)})"]
    verdict = "The gate is passed" if result.passed else "The gate is closed"
    lines += [
        f"{verdict}: {len(result.outcomes) - len(result.failed)} of {len(result.outcomes)} "
        f"expectations met over {result.tables} tables and {result.rows:,} rows."
    ]
    return "\n".join(lines)


def _failure(o: Outcome) -> Sequence[str]:
    lines = [
        f"FAILED {o.table}: {o.expectation}",
        f"  expected: {o.expected}",
        f"  found: {o.observed}",
        *(f"    {row_in_words(row)}" for row in o.sample),
    ]
    left = o.failing_rows - len(o.sample)
    return [*lines, f"    and {left:,} more"] if o.sample and left > 0 else lines
