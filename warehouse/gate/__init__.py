"""The gate: what must hold before a warehouse becomes a release, judged by Great Expectations.

`checks` says what must hold (from the registry, and the written rules of `rules`), `frames` brings
what is to be judged out of DuckDB, `judge` is the only module that knows Great Expectations, `run`
puts them together, and `result` and `page` tell of it. Nothing here changes a warehouse, and Great
Expectations is imported only when the gate runs.
"""

from warehouse.gate.page import report_html
from warehouse.gate.result import GateResult, Outcome, describe
from warehouse.gate.run import GateError, data_docs, run_gate

__all__ = [
    "GateError",
    "GateResult",
    "Outcome",
    "data_docs",
    "describe",
    "report_html",
    "run_gate",
]
