"""Great Expectations: the only module that knows it. Frames and checks in, verdicts out.

Belongs here: turning a `Check` into an expectation and reading its result. Does not belong here:
what is asked, or DuckDB.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from warehouse.gate.checks import Check

if TYPE_CHECKING:
    from great_expectations.data_context import EphemeralDataContext

_INDEX = "check"


@dataclass(frozen=True)
class Verdict:
    """Whether a check's expectation is met, and what Great Expectations says of it."""

    is_met: bool
    trouble: str
    unexpected: int


@contextmanager
def _silently() -> Iterator[None]:
    """Without the library's warnings, which are about its own imports, and its log."""
    log = logging.getLogger("great_expectations")
    level = log.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        log.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            log.setLevel(level)


class Judge:
    """One context of Great Expectations that lives in memory.

    Attributes
    ----------
    version : str
        Of Great Expectations.
    """

    def __init__(self) -> None:
        with _silently():
            import great_expectations as gx
            from great_expectations.data_context.types.base import ProgressBarsConfig

            self.version: str = gx.__version__
            self._context: EphemeralDataContext = gx.get_context(mode="ephemeral")
            self._context.variables.progress_bars = ProgressBarsConfig(globally=False)
            self._source = self._context.data_sources.add_pandas("warehouse")

    def verdicts(self, name: str, frame: pd.DataFrame, checks: Sequence[Check]) -> list[Verdict]:
        """Judge a frame.

        Parameters
        ----------
        name : str
            Name of the frame; used once.
        frame : DataFrame
        checks : sequence of Check

        Returns
        -------
        list of Verdict
            One for each check, in their order.
        """
        with _silently():
            import great_expectations as gx

            suite = gx.ExpectationSuite(name)
            for number, check in enumerate(checks):
                suite.add_expectation(_expectation(check, number))
            asset = self._source.add_dataframe_asset(name)
            batch = asset.add_batch_definition_whole_dataframe("all").get_batch(
                {"dataframe": frame}
            )
            judged = batch.validate(suite, result_format="BASIC")
        found = {r.expectation_config.meta[_INDEX]: r for r in judged.results}
        return [_verdict(found[n]) for n in range(len(checks))]


def _expectation(check: Check, number: int) -> Any:
    import great_expectations.expectations as known

    return getattr(known, check.kind)(
        **check.arguments,
        description=f"{check.table}: {check.says}",
        meta={_INDEX: number},
    )


def _verdict(result: Any) -> Verdict:
    trouble = result.exception_info or {}
    # By metric where several could fail, else one.
    parts = [trouble, *(v for v in trouble.values() if isinstance(v, dict))]
    messages = [p["exception_message"] for p in parts if p.get("raised_exception")]
    return Verdict(
        bool(result.success) and not messages,
        "; ".join(map(str, messages)),
        int(result.result.get("unexpected_count") or 0),
    )
