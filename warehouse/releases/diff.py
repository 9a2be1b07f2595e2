"""What differs between two releases, and why depth and gap moved.

Belongs here: comparing tables row by row, and putting moves beside their causes. Does not belong
here: making the index again with one cause in place (the caller's `Recompute`), dividing a move
(`indices.attribution`), or words (`changes`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import duckdb
import numpy as np
import pandas as pd

from indices.attribution import attribute
from indices.cube import Array
from schemas import REGISTRY
from warehouse.releases.inputs import of_release
from warehouse.releases.layout import ReleaseError

DEPTH, GAP = "out_depth__yearly_dyads", "out_gap__yearly"
DEPTH_KEY = ["from_iso3", "to_iso3", "year"]
GAP_KEY = ["question", "principal_iso3", "view", "measure", "year"]
# Below this a figure has not moved: the last digits of a double.
STILL = 1e-9
CODE, METHOD = "code", "method"
EXAMPLES = 5
# Its one row names the release and the day, which differ between any two.
_NAMES_ITSELF = "meta_release"


class Recompute(Protocol):
    """Makes depth and gap again with some causes as they are after, and the others as before."""

    causes: Sequence[str]

    def __call__(self, chosen: frozenset[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Depth (`DEPTH_KEY`, ``depth``, ``depth_status``) and gap (`GAP_KEY`, ``gap``)."""


@dataclass(frozen=True)
class TableDiff:
    """One table before and after.

    Parameters
    ----------
    table : str
    only : {'', 'before', 'after'}
        Whether only one side has it.
    rows_before, rows_after, added, removed, changed : int
    columns : dict of str to int
        Rows in which the column differs, for the columns of both; only those with any.
    columns_gone, columns_new : list of str
    examples : list of dict
        Keys of some rows that were added, removed or changed, with which of them it was.
    """

    table: str
    only: str = ""
    rows_before: int = 0
    rows_after: int = 0
    added: int = 0
    removed: int = 0
    changed: int = 0
    columns: dict[str, int] = field(default_factory=dict)
    columns_gone: list[str] = field(default_factory=list)
    columns_new: list[str] = field(default_factory=list)
    examples: list[dict[str, str]] = field(default_factory=list)

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        return not (
            self.only
            or self.added
            or self.removed
            or self.changed
            or self.columns_gone
            or self.columns_new
        )


@dataclass(frozen=True)
class Sources:
    """What the two releases rest on: each pair is before and after."""

    release: tuple[str, str]
    method: tuple[str, str]
    definition: tuple[str, str]
    code: tuple[str, str]
    vintages: dict[str, tuple[str, str]]

    def lines(self) -> list[str]:
        """What differs, a line for each."""
        found = [
            f"source {name}: " + (f"{a} → {b}" if a != b else f"{a}, with other figures")
            for name, (a, b) in self.vintages.items()
        ]
        if self.definition[0] != self.definition[1]:
            found.append(f"method: {self.method[0]} → {self.method[1]} (definition.toml differs)")
        if self.code[0] != self.code[1]:
            one, two = (c[:12] or "unknown" for c in self.code)
            found.append(f"code: {one} → {two}")
        return found


@dataclass(frozen=True)
class Diff:
    """Everything that differs.

    Parameters
    ----------
    sources : Sources
    tables : list of TableDiff
        All tables of either side.
    depth, gap : DataFrame
        Rows whose figure moved: the key, ``before``, ``after``, ``move``, for depth
        ``rank_before``, ``rank_after``, ``rank_move``; then ``by_<cause>`` and, for depth,
        ``rank_by_<cause>``, which add up to the move; ``decisive`` names the cause with which a
        figure appeared or vanished.
    causes : list of str
        Names of the causes that the moves are divided among; empty where they are not.
    how : str
        How they were divided, or why not.
    """

    sources: Sources
    tables: list[TableDiff]
    depth: pd.DataFrame
    gap: pd.DataFrame
    causes: list[str]
    how: str

    @property
    def is_same(self) -> bool:
        """Whether the tables hold the same."""
        return all(t.is_same for t in self.tables)


def compare(before: Path, after: Path, recompute: Recompute | None, why_not: str = "") -> Diff:
    """Compare two releases.

    Parameters
    ----------
    before, after : Path
        Release directories; of the later one the folder ``parquet`` and ``inputs.json`` will do.
    recompute : Recompute or None
        None where the index cannot be made again; then moves are not divided.
    why_not : str
        The reason for that.

    Raises
    ------
    ReleaseError
        If a directory holds no tables.
    """
    sides = (before / "parquet", after / "parquet")
    for side in sides:
        if not (side / f"{DEPTH}.parquet").is_file():
            raise ReleaseError(f"{side.parent} is no release: {DEPTH}.parquet is not in {side}")
    with duckdb.connect() as con:
        there = [{p.stem for p in side.glob("*.parquet")} for side in sides]
        tables = [
            _table(con, name, *(side if name in t else None for side, t in zip(sides, there)))  # noqa: B905
            for name in sorted(there[0] | there[1])
            if name != _NAMES_ITSELF
        ]
        sources = _sources(con, *sides)
        depth, gap = _depth_moves(con, *sides), _gap_moves(con, *sides)
    causes: list[str] = []
    if len(depth) or len(gap):
        how = why_not
        if recompute is not None:
            causes, how = _divide(depth, gap, recompute, sources)
    else:
        how = "Depth and gap have not moved."
    return Diff(sources, tables, depth, gap, causes, how)


def changed_sources(before: Path, after: Path) -> list[str]:
    """Sources of which the two releases have different tables, by name.

    Raises
    ------
    ReleaseError
        If a release does not list its inputs.
    """
    sides = [of_release(before), of_release(after)]
    hashes = [{(i.source, i.table): i.sha256 for i in side.values() if i.rows} for side in sides]
    return sorted({key[0] for key, _ in set(hashes[0].items()) ^ set(hashes[1].items())})


def _file(side: Path, name: str) -> str:
    return "read_parquet('" + str(side / f"{name}.parquet").replace("'", "''") + "')"


def _table(
    con: duckdb.DuckDBPyConnection, name: str, before: Path | None, after: Path | None
) -> TableDiff:
    sides = [s for s in (before, after) if s]
    rows = [con.execute(f"SELECT count(*) FROM {_file(s, name)}").fetchall()[0][0] for s in sides]
    if before is None or after is None:
        where = "after" if before is None else "before"
        return TableDiff(name, where, *((0, rows[0]) if before is None else (rows[0], 0)))
    one, two = _columns(con, before, name), _columns(con, after, name)
    both = [c for c in two if c in one]
    key = [k for k in (REGISTRY[name].key if name in REGISTRY else ()) if k in both] or both
    others = [c for c in both if c not in key]
    differs = {c: f'b."{c}" IS DISTINCT FROM a."{c}"' for c in others}
    any_differs = " OR ".join(differs.values()) or "false"
    kind = (
        f"CASE WHEN NOT coalesce(b.here, false) THEN 'added' "
        f"WHEN NOT coalesce(a.here, false) THEN 'removed' WHEN {any_differs} THEN 'changed' END"
    )
    joined = (
        f"(SELECT *, true AS here FROM {_file(before, name)}) b FULL JOIN "
        f"(SELECT *, true AS here FROM {_file(after, name)}) a USING ("
        + ", ".join(f'"{k}"' for k in key)
        + ")"
    )
    changed = "coalesce(b.here, false) AND coalesce(a.here, false)"
    counts = [f"count(*) FILTER ({kind} = '{k}')" for k in ("added", "removed", "changed")]
    counts += [f"count(*) FILTER ({changed} AND {differs[c]})" for c in others]
    added, removed, altered, *of_column = con.execute(
        f"SELECT {', '.join(counts)} FROM {joined}"
    ).fetchall()[0]
    examples = []
    if added or removed or altered:
        listed = ", ".join(f'"{k}"::VARCHAR AS "{k}"' for k in key)
        found = con.execute(
            f"SELECT * FROM (SELECT {listed}, {kind} AS kind FROM {joined}) WHERE kind IS NOT NULL "
            f"ORDER BY ALL LIMIT {EXAMPLES}"
        )
        names = [d[0] for d in found.description]
        examples = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return TableDiff(
        name,
        "",
        rows[0],
        rows[1],
        added,
        removed,
        altered,
        {c: n for c, n in zip(others, of_column, strict=True) if n},
        [c for c in one if c not in two],
        [c for c in two if c not in one],
        examples,
    )


def _columns(con: duckdb.DuckDBPyConnection, side: Path, name: str) -> list[str]:
    described = con.execute(f"DESCRIBE SELECT * FROM {_file(side, name)}").fetchall()
    return [row[0] for row in described]


def _sources(con: duckdb.DuckDBPyConnection, before: Path, after: Path) -> Sources:
    heads = [
        con.execute(
            "SELECT release, method_version, definition_sha256, code_version FROM "
            + _file(side, _NAMES_ITSELF)
        ).fetchall()[0]
        for side in (before, after)
    ]
    one, two = (
        {s: (v, sha) for s, v, sha in con.execute(
            f"SELECT source, vintage, sha256 FROM {_file(side, 'meta_sources')}"
        ).fetchall()}
        for side in (before, after)
    )  # fmt: skip
    absent = ("not there", "")
    vintages = {
        s: (one.get(s, absent)[0], two.get(s, absent)[0])
        for s in sorted(one.keys() | two.keys())
        if one.get(s, absent)[1] != two.get(s, absent)[1]
    }
    release, method, definition, code = (
        (a or "", b or "") for a, b in zip(heads[0], heads[1], strict=True)
    )
    return Sources(release, method, definition, code, vintages)


def _moves(
    con: duckdb.DuckDBPyConnection, name: str, key: list[str], figures: str, sides: Sequence[Path]
) -> pd.DataFrame:
    """Join a figure of both sides on its key; rows of either."""
    parts = [f"(SELECT {figures} FROM {_file(side, name)})" for side in sides]
    return con.execute(
        f"SELECT * FROM {parts[0]} b FULL JOIN {parts[1]} a USING ({', '.join(key)}) ORDER BY ALL"
    ).df()


def _depth_moves(con: duckdb.DuckDBPyConnection, *sides: Path) -> pd.DataFrame:
    """Ties whose depth or rank moved; ranks among the full ties of the same state and year."""
    one, two = (
        con.execute(
            f"SELECT {', '.join(DEPTH_KEY)}, depth, depth_status FROM {_file(side, DEPTH)}"
        ).df()
        for side in sides
    )
    frame = one.merge(two, on=DEPTH_KEY, how="outer", suffixes=("_before", "_after"))
    frame = frame.sort_values(DEPTH_KEY, ignore_index=True)
    for end in ("before", "after"):
        frame[f"rank_{end}"] = ranks(frame, f"depth_{end}", f"depth_status_{end}")
    frame = frame.rename(columns={"depth_before": "before", "depth_after": "after"})
    frame["move"] = frame["after"] - frame["before"]
    frame["rank_move"] = frame["rank_after"] - frame["rank_before"]
    moved = _has_moved(frame["before"], frame["after"]) | _has_moved(
        frame["rank_before"], frame["rank_after"]
    )
    columns = [*DEPTH_KEY, "before", "after", "move", "rank_before", "rank_after", "rank_move"]
    return frame.loc[moved, columns].reset_index(drop=True)


def ranks(frame: pd.DataFrame, depth: str, status: str) -> pd.Series:
    """Rank of each full tie among those of the same state and year, 1 the deepest."""
    full = frame[depth].where(frame[status] == "full").round(9)
    grouped = full.groupby([frame["from_iso3"].astype("str"), frame["year"]])
    return grouped.rank(ascending=False, method="min")


def _gap_moves(con: duckdb.DuckDBPyConnection, *sides: Path) -> pd.DataFrame:
    frame = _moves(con, GAP, GAP_KEY, f"{', '.join(GAP_KEY)}, gap", sides)
    frame.columns = pd.Index([*GAP_KEY, "before", "after"])
    frame["move"] = frame["after"] - frame["before"]
    return frame[_has_moved(frame["before"], frame["after"])].reset_index(drop=True)


def _has_moved(before: pd.Series, after: pd.Series) -> pd.Series:
    return (after - before).abs().gt(STILL) | (before.isna() != after.isna())


def _divide(
    depth: pd.DataFrame, gap: pd.DataFrame, recompute: Recompute, sources: Sources
) -> tuple[list[str], str]:
    """Add the columns ``by_<cause>`` to both frames; return the causes and how it was done."""
    causes = list(recompute.causes)

    def value_of(chosen: frozenset[str]) -> Array:
        made_depth, made_gap = recompute(chosen)
        made_depth = made_depth.assign(
            rank=ranks(made_depth, "depth", "depth_status"),
        )
        picked = _aligned(made_depth, depth, DEPTH_KEY)
        return np.concatenate(
            [picked["depth"], picked["rank"], _aligned(made_gap, gap, GAP_KEY)["gap"]]
        )

    parts = attribute(value_of, causes)
    n = len(depth)
    cuts = {
        "": (depth, "by_", slice(0, n), "move"),
        "rank": (depth, "rank_by_", slice(n, 2 * n), "rank_move"),
        "gap": (gap, "by_", slice(2 * n, None), "move"),
    }
    for frame, prefix, cut, move in cuts.values():
        for cause in causes:
            frame[prefix + cause] = parts.by[cause][cut]
        known = sum((frame[prefix + c].fillna(0.0) for c in causes), pd.Series(0.0, frame.index))
        # What the causes leave is what another code made of the same figures and method.
        frame[prefix + CODE] = frame[move] - known
    depth["decisive"] = parts.decisive[:n]
    gap["decisive"] = parts.decisive[2 * n :]
    for frame in (depth, gap):
        gone = frame["move"].isna() & (frame["decisive"] == "")
        frame.loc[gone, "decisive"] = CODE
    way = (
        "by averaging over every order of the causes (Shapley values)"
        if parts.is_shapley
        else f"by putting the causes in place one after another: {', '.join(causes)}"
    )
    same = sources.code[0] == sources.code[1]
    rest = "; the rest is the code's" if not same else "; the code is the same"
    named = f"Moves are divided {way}" if causes else "No source and no method differs"
    return [*causes, CODE], f"{named}{rest}."


def _aligned(made: pd.DataFrame, rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """The made figures in the order of some rows; missing where there are none."""
    texts = {k: "str" for k in key if k != "year"}
    return rows[key].astype(texts).merge(made.astype(texts), on=key, how="left")
