"""Great Expectations: the only module that knows it. Frames and checks in, verdicts out.

Belongs here: turning a `Check` into an expectation and reading its result. Does not belong here:
what is asked, or DuckDB.
"""

from __future__ import annotations

import logging
import re
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

    Parameters
    ----------
    keeps : bool
        Whether verdicts are kept for `write_docs`, which takes longer.

    Attributes
    ----------
    version : str
        Of Great Expectations.
    """

    def __init__(self, keeps: bool = False) -> None:
        self._keeps = keeps
        with _silently():
            import great_expectations as gx
            from great_expectations.data_context.types.base import ProgressBarsConfig

            self.version: str = gx.__version__
            self._context: EphemeralDataContext = gx.get_context(mode="ephemeral")
            self._context.variables.progress_bars = ProgressBarsConfig(globally=False)
            asset = self._context.data_sources.add_pandas("warehouse").add_dataframe_asset("frame")
            # One for all frames: the library writes its whole configuration down for each new one.
            self._frame = asset.add_batch_definition_whole_dataframe("whole")

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
            if self._keeps:
                judged = self._kept(suite, frame)
            else:
                batch = self._frame.get_batch({"dataframe": frame})
                judged = batch.validate(suite, result_format="BASIC")
        found = {_number(r): r for r in judged.results}
        return [_verdict(found[n]) for n in range(len(checks))]

    def _kept(self, suite: Any, frame: pd.DataFrame) -> Any:
        import great_expectations as gx

        # Its name becomes that of a file.
        suite.name = re.sub(r"\W+", "-", suite.name)[:100]
        asked = gx.ValidationDefinition(
            name=suite.name, data=self._frame, suite=self._context.suites.add(suite)
        )
        kept = self._context.validation_definitions.add(asked)
        return kept.run(batch_parameters={"dataframe": frame}, result_format="COMPLETE")

    def write_docs(self, into: Path) -> None:
        """Write the library's own pages of all verdicts into a folder."""
        place = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(into)}
        with _silently():
            self._context.add_data_docs_site(
                site_name="gate",
                site_config={
                    "class_name": "SiteBuilder",
                    "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
                    "store_backend": place,
                },
            )
            self._context.build_data_docs(site_names=["gate"])


def _expectation(check: Check, number: int) -> Any:
    import great_expectations.expectations as known

    return getattr(known, check.kind)(
        **check.arguments,
        description=f"{check.table}: {check.says}",
        meta={_INDEX: number},
    )


def _number(result: Any) -> int:
    """Which check a result is of: results need not come in the order of the expectations."""
    return int(result.expectation_config.meta[_INDEX])


def _verdict(result: Any) -> Verdict:
    trouble = result.exception_info or {}
    # By metric where several could fail, else one.
    parts = [trouble, *(v for v in trouble.values() if isinstance(v, dict))]
    messages = [p["exception_message"] for p in parts if p.get("raised_exception")]
    return Verdict(
        bool(result.success) and not messages,
        "; ".join(dict.fromkeys(map(str, messages))),
        int(result.result.get("unexpected_count") or 0),
    )
