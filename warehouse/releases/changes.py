"""The changes of a release in words and for programs.

Belongs here: ``CHANGES.md``, ``changes.json`` and the tables of moves, from a `Diff`. Does not
belong here: finding out what changed.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from warehouse.releases.diff import Diff, TableDiff

MOST = 15


def first(release: str) -> str:
    """``CHANGES.md`` of a release that has none before it."""
    return (
        f"# Changes in {release}\n\nThe first release: there is none before it to compare with.\n"
    )


def markdown(diff: Diff) -> str:
    """Write what changed, and why, for people."""
    s = diff.sources
    lines = [f"# Changes from {s.release[0]} to {s.release[1]}", ""]
    if diff.is_same:
        return "\n".join([*lines, f"All {len(diff.tables)} tables hold the same.", ""])
    lines += ["## What could have changed figures", ""]
    lines += [f"- {line}" for line in s.lines()] or [
        "- Nothing: the same sources, method and code."
    ]
    lines += ["", "## Gap and depth", "", diff.how, ""]
    lines += _gap(diff) + _depth(diff)
    lines += ["## Tables", "", "| table | rows | added | removed | changed | columns |"]
    lines += ["|---|---:|---:|---:|---:|---|"]
    differing = [t for t in diff.tables if not t.is_same]
    lines += [_row(t) for t in differing]
    same = len(diff.tables) - len(differing)
    lines += ["", f"The other {same} tables hold the same."]
    return "\n".join(lines) + "\n"


def _row(t: TableDiff) -> str:
    if t.only:
        return f"| {t.table} | {t.rows_before or t.rows_after:,} | | | | only {t.only} |"
    columns = [f"{c} ({n:,})" for c, n in sorted(t.columns.items(), key=lambda kv: -kv[1])]
    columns += [f"{c} (new)" for c in t.columns_new] + [f"{c} (gone)" for c in t.columns_gone]
    return (
        f"| {t.table} | {t.rows_before:,} → {t.rows_after:,} | {t.added:,} | {t.removed:,} "
        f"| {t.changed:,} | {', '.join(columns)} |"
    )


def _gap(diff: Diff) -> list[str]:
    seen = diff.gap[(diff.gap["view"] == "principal")]
    if seen.empty:
        return ["No gap seen from a great power has moved.", ""]
    last = seen.loc[seen["year"] == seen["year"].max()]
    shown = pd.concat([last, _largest(seen.drop(last.index), MOST)])
    return [
        f"{len(diff.gap):,} gaps moved. Those of the last year with a move, then the largest "
        "others, seen from the great power; the columns after the move say how much of it is "
        "whose:",
        "",
        *_table(
            shown,
            ["question", "principal_iso3", "measure", "year", "before", "after", "move"],
            [f"by_{c}" for c in diff.causes],
        ),
    ]


def _depth(diff: Diff) -> list[str]:
    if diff.depth.empty:
        return ["No depth has moved.", ""]
    gone = diff.depth["after"].isna() & diff.depth["before"].notna()
    came = diff.depth["before"].isna() & diff.depth["after"].notna()
    moved = diff.depth["move"].abs().gt(0)
    lines = [
        f"{int(moved.sum()):,} depths moved, {int(came.sum()):,} appeared and "
        f"{int(gone.sum()):,} vanished; {int(diff.depth['rank_move'].fillna(0).ne(0).sum()):,} "
        "ties have another rank. All are in changes/depth.csv.gz and changes/gap.csv.gz.",
        "",
    ]
    if diff.causes and moved.any():
        lines += ["| cause | ties it moved | mean of its moves, points | largest |"]
        lines += ["|---|---:|---:|---:|"]
        for cause in diff.causes:
            part = diff.depth[f"by_{cause}"].abs()
            some = part[part > 1e-9]
            if len(some):
                lines += [f"| {cause} | {len(some):,} | {some.mean():.3f} | {some.max():.3f} |"]
            else:
                lines += [f"| {cause} | 0 | | |"]
        lines += [""]
    columns = ["from_iso3", "to_iso3", "year", "before", "after", "move"]
    columns += ["rank_before", "rank_after"]
    lines += ["The largest moves:", ""]
    lines += _table(_largest(diff.depth, MOST), columns, [f"by_{c}" for c in diff.causes])
    return lines


def _largest(frame: pd.DataFrame, count: int) -> pd.DataFrame:
    order = frame["move"].abs().sort_values(ascending=False, kind="stable", na_position="last")
    return frame.loc[order.index[:count]]


def _table(frame: pd.DataFrame, columns: list[str], parts: list[str]) -> list[str]:
    heads = [c.removesuffix("_iso3").replace("_", " ") for c in columns]
    heads += [p.removeprefix("by_") for p in parts]
    out = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for row in frame[[*columns, *parts]].itertuples(index=False):
        cells = [_cell(name, v) for name, v in zip([*columns, *parts], row, strict=True)]
        out.append("| " + " | ".join(cells) + " |")
    return [*out, ""]


def _cell(name: str, value: Any) -> str:
    if pd.isna(value):
        return ""
    if name.startswith("rank_"):
        return f"{value:.0f}"
    if name == "move" or name.startswith("by_"):
        return f"{value:+.3f}"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def to_json(diff: Diff) -> str:
    """The same for programs; the moves themselves are in ``changes/``."""
    s = diff.sources
    moved = diff.depth["move"].abs()
    made = {
        "before": s.release[0],
        "after": s.release[1],
        "is_same": diff.is_same,
        "method": {"before": s.method[0], "after": s.method[1],
                   "definition_differs": s.definition[0] != s.definition[1]},
        "code": {"before": s.code[0], "after": s.code[1]},
        "sources": {n: {"before": a, "after": b} for n, (a, b) in s.vintages.items()},
        "how": diff.how,
        "causes": diff.causes,
        "depth": {
            "moved": int(moved.gt(0).sum()),
            "appeared": int((diff.depth["before"].isna() & diff.depth["after"].notna()).sum()),
            "vanished": int((diff.depth["after"].isna() & diff.depth["before"].notna()).sum()),
            "largest_move": float(moved.max()) if moved.notna().any() else 0.0,
            "by_cause": {c: _sums(diff.depth[f"by_{c}"]) for c in diff.causes},
        },
        "gap": {"moved": len(diff.gap), "by_cause": {c: _sums(diff.gap[f"by_{c}"])
                                                     for c in diff.causes}},
        "tables": [asdict(t) for t in diff.tables if not t.is_same],
        "tables_same": [t.table for t in diff.tables if t.is_same],
    }  # fmt: skip
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def _sums(parts: pd.Series) -> dict[str, float]:
    size = parts.abs()
    return {
        "rows": int(size.gt(1e-9).sum()),
        "mean_size": float(size[size > 1e-9].mean()) if size.gt(1e-9).any() else 0.0,
        "largest_size": float(size.max()) if size.notna().any() else 0.0,
    }


def write_moves(diff: Diff, folder: Path) -> None:
    """Write all moves as CSV (gzip) into a folder."""
    folder.mkdir()
    for name, frame in (("depth", diff.depth), ("gap", diff.gap)):
        # A time inside would differ from run to run.
        how: Any = {"method": "gzip", "mtime": 0, "compresslevel": 6}
        frame.to_csv(folder / f"{name}.csv.gz", index=False, compression=how, lineterminator="\r\n")
