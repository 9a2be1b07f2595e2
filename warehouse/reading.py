"""Rows and single figures of a warehouse, as a generated page needs them, and how they are set.

Does not belong here: what a page asks for, or sentences.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

from warehouse.report.sentences import the

Row = dict[str, Any]


def figure(value: float | None, form: str = ".2f") -> str:
    """A figure with a true minus; words where it is missing."""
    return "not known" if value is None else f"{value:{form}}".replace("-", "−")


def span(row: Row, name: str, form: str = ".2f") -> str:
    """A figure of a row and, where it has one, its 90 % interval."""
    lo, hi = row[f"{name}_lo90"], row[f"{name}_hi90"]
    value = figure(row[name], form)
    return value if lo is None else f"{value} ({figure(lo, form)} to {figure(hi, form)})"


def grid(head: Sequence[str], rows: Sequence[Sequence[str]], text: int = 1) -> str:
    """A table in Markdown; all but the first `text` columns are figures."""
    rule = ["---"] * text + ["---:"] * (len(head) - text)
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *rows))


class Reader:
    """A warehouse that a page is written from.

    Parameters
    ----------
    con : connection
        To the warehouse.
    question : str
        The question of definition.toml whose last year counts.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, question: str = "iran_gulf") -> None:
        self.con = con
        self.question = question
        self.year = int(
            self.one("SELECT max(year) FROM out_gap__yearly WHERE question = ?", question)
        )
        self.method = str(self.one("SELECT method_version FROM meta_release"))
        self._names: dict[str, str] = dict(
            con.execute("SELECT iso3, name FROM core_geo__states").fetchall()
        )

    def rows(self, statement: str, *values: Any) -> list[Row]:
        """Run a query; a row is a dict."""
        asked = self.con.execute(statement, list(values))
        names = [d[0] for d in asked.description or []]
        return [dict(zip(names, row, strict=True)) for row in asked.fetchall()]

    def row(self, statement: str, *values: Any) -> Row:
        """Return the one row of a query.

        Raises
        ------
        LookupError
            If there is none, or more than one: a sentence would not say which.
        """
        found = self.rows(statement, *values)
        if len(found) != 1:
            raise LookupError(f"expected one row, found {len(found)}: {statement} {values}")
        return found[0]

    def one(self, statement: str, *values: Any) -> Any:
        """Return the one value of a query."""
        return next(iter(self.row(statement, *values).values()))

    def name(self, iso3: str) -> str:
        """A state's name as it stands inside a sentence."""
        return the(self._names[iso3])
