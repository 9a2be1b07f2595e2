"""Known errors of the upstreams, put right where they are parsed: a small file for each source.

``pipelines/sources/<source>/corrections.csv`` has a row for each error:

table, locator
    The raw table, and the rows in it as ``column=value`` pairs joined by ``; ``.
column, wrong
    The column that is wrong and the value that stands there; empty for none.
action, right
    ``set`` puts the right value (empty for none); ``drop`` leaves the rows out.
reason, source, reported
    What is wrong, the page that shows it, and where it was reported to the upstream.
vintages
    ``all``, or ``bundled`` for an error that only the bundled figures' older vintage still has.

Every correction is guarded: when the upstream has mended an error, or the rows are gone, reading
stops with the line to delete. A correction that no longer fits is never carried along.

Does not belong here: what a source means by its figures (its parser), or judgements about ties
(`curated`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

import schemas
from pipelines.sources.reading import SourceError
from schemas.model import Field

HERE = Path(__file__).parent
COLUMNS = (
    "table", "locator", "column", "wrong", "action", "right",
    "reason", "source", "reported", "vintages",
)  # fmt: skip
Frames = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Correction:
    """One row of a ``corrections.csv``; the fields are explained in this module's docstring."""

    file: Path
    line: int
    table: str
    locator: Mapping[str, str]
    column: str
    wrong: str
    action: str
    right: str
    vintages: str

    def fault(self, found: str, expected: str, todo: str) -> SourceError:
        """An error at this row of the file."""
        return SourceError(
            self.file.parent.name,
            self.file,
            line=self.line,
            found=found,
            expected=expected,
            todo=todo,
        )


def load(source: str, folder: Path = HERE) -> list[Correction]:
    """Read a source's corrections; none where it has no file.

    Raises
    ------
    SourceError
        If the file has other columns, or a row names no table and columns of the source, has no
        reason or no address of a source, or another action.
    """
    path = folder / source / "corrections.csv"
    if not path.is_file():
        return []
    rows = pd.read_csv(path, dtype="str", keep_default_na=False)
    if tuple(rows.columns) != COLUMNS:
        raise SourceError(
            source,
            path,
            line=1,
            found=str(list(rows.columns)),
            expected=str(list(COLUMNS)),
            todo="give the file these columns",
        )
    cells = rows.astype("object").to_numpy().tolist()
    return [
        _correction(source, path, at + 2, dict(zip(COLUMNS, row, strict=True)))
        for at, row in enumerate(cells)
    ]


def _correction(source: str, path: Path, line: int, row: Mapping[str, str]) -> Correction:
    pairs = [pair.partition("=") for pair in row["locator"].split("; ")]
    made = Correction(
        path,
        line,
        row["table"],
        {name.strip(): value for name, _, value in pairs},
        row["column"],
        row["wrong"],
        row["action"],
        row["right"],
        row["vintages"],
    )
    definition = schemas.REGISTRY.get(made.table)
    todo = "correct the row; the columns are explained in pipelines/sources/corrections.py"
    if definition is None or definition.sources != (source,):
        raise made.fault(f"the table {made.table!r}", f"a raw table of {source}", todo)
    unknown = [c for c in (*made.locator, made.column) if c not in definition.columns]
    if unknown or not all(sep for _, sep, _ in pairs):
        raise made.fault(
            f"the locator {row['locator']!r} and column {made.column!r}",
            f"column=value pairs joined by '; ', and columns of {definition.columns}",
            todo,
        )
    if made.action not in ("set", "drop") or (made.action == "drop" and made.right):
        raise made.fault(
            f"the action {made.action!r} with {made.right!r}", "set, or drop without a value", todo
        )
    if made.action == "set" and made.wrong == made.right:
        raise made.fault(f"{made.right!r} as wrong and right", "two values", todo)
    if made.vintages not in ("all", "bundled"):
        raise made.fault(f"the vintages {made.vintages!r}", "all or bundled", todo)
    if not row["reason"] or not row["source"].startswith(("http://", "https://")):
        raise made.fault(
            f"the reason {row['reason']!r} and source {row['source']!r}",
            "a reason, and the address of the page that shows it",
            todo,
        )
    return made


def correct(source: str, frames: Frames, *, bundled: bool = False, folder: Path = HERE) -> Frames:
    """Apply a source's corrections to its complete raw tables.

    Parameters
    ----------
    source : str
        Name of the source.
    frames : dict of str to DataFrame
        Conformed raw tables by name; others than the source's pass through.
    bundled : bool
        Whether these are the figures that are bundled as the starter.
    folder : Path
        Holds the sources' folders.

    Returns
    -------
    dict of str to DataFrame
        The tables, those corrected anew in their key's order.

    Raises
    ------
    SourceError
        If the rows of a correction are not there or no longer hold the wrong value: the message
        says which line to delete.
    """
    out = dict(frames)
    for known in load(source, folder):
        if known.vintages == "bundled" and not bundled:
            continue
        if known.table not in out:
            raise _stale(known, f"no table {known.table} in what was read")
        out[known.table] = _apply(known, out[known.table])
    return out


def _apply(known: Correction, frame: pd.DataFrame) -> pd.DataFrame:
    definition = schemas.table(known.table)
    there = pd.Series(True, index=frame.index)
    for name, text in known.locator.items():
        there &= _equals(frame[name], definition[name], text, known)
    where = ", ".join(f"{name} = {text!r}" for name, text in known.locator.items())
    if not there.any():
        raise _stale(known, f"no row of {known.table} with {where}")
    wrong = _equals(frame[known.column], definition[known.column], known.wrong, known)
    if not wrong[there].all():
        now = frame.loc[there & ~wrong, known.column].iloc[0]
        shown = "none" if pd.isna(now) else repr(str(now))
        raise _stale(known, f"{known.column} = {shown} at {where}")
    if known.action == "drop":
        return frame[~there].reset_index(drop=True)
    value = _value(definition[known.column], known.right, known)
    changed = frame[known.column].mask(there, value)
    return schemas.conform(frame.assign(**{known.column: changed}), definition)


def _stale(known: Correction, found: str) -> SourceError:
    return known.fault(
        f"{found}: the upstream has mended or changed what this line corrects",
        f"{known.column} = {known.wrong or 'none'!r}, the known error",
        f"look at the row in the new file; if it is right now, delete line {known.line} of "
        f"{known.file.parent.name}/{known.file.name}, then run again",
    )


def _equals(column: pd.Series, field: Field, text: str, known: Correction) -> pd.Series:
    """Where a column holds a value as the file writes it; an empty text is a missing value."""
    if text == "":
        return column.isna()
    return (column == _value(field, text, known)).fillna(False).astype(bool)


def _value(field: Field, text: str, known: Correction) -> object:
    """A value of a field from its text."""
    if text == "":
        return None
    try:
        if field.type == "int":
            return int(text)
        if field.type == "float":
            return float(text)
        if field.type == "bool":
            return {"true": True, "false": False}[text]
        return pd.Timestamp(text) if field.type == "date" else text
    except (ValueError, KeyError):
        raise known.fault(
            f"the value {text!r} for {field.name}", f"a value of type {field.type}", "correct it"
        ) from None
