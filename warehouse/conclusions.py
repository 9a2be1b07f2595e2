"""One page of conclusions from the tables: which hold under every variant, and which do not.

Belongs here: the statements, and the words around their figures. Does not belong here: any figure,
all of which come from the warehouse, or the variants, which are data (`indices/definition.toml`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from indices.definition import load_definition
from warehouse.answers import connect
from warehouse.publish import LINK

QUESTION = "iran_gulf"
SINCE = 2010
_IN = {
    "depth": "on the whole index",
    "costly": "in what is paid for",
    "declared": "in what is said",
}


@dataclass(frozen=True)
class Conclusion:
    """A statement about the sign of one figure.

    Parameters
    ----------
    text : str
        The statement, with its figure.
    is_sure : bool
        Whether the figure's 90 % interval leaves zero out; true where it has none.
    value : float
        The published figure.
    variants : dict of str to float or None
        The same figure under each variant; None where it cannot be made.
    """

    text: str
    is_sure: bool
    value: float
    variants: dict[str, float | None]

    @property
    def against(self) -> dict[str, float]:
        """Variants in which the figure has not the sign of the published one."""
        return {
            name: v for name, v in self.variants.items() if v is not None and v * self.value <= 0
        }

    @property
    def not_made(self) -> list[str]:
        """Variants in which the figure cannot be made."""
        return [name for name, v in self.variants.items() if v is None]


def conclusions(con: duckdb.DuckDBPyConnection) -> list[Conclusion]:
    """State what the last year, the years since `SINCE` and both ends of Iran's ties show."""
    (year,) = con.execute(
        "SELECT max(year) FROM out_gap__yearly WHERE question = ?", [QUESTION]
    ).fetchone() or (None,)
    return [*_gaps(con, year), *_changes(con, year), *_perceptions(con, year)]


def _order(row: tuple[str, str]) -> tuple[str, int]:
    return row[0], list(_IN).index(row[1])


_BY_VARIANT = "map_from_entries(list(({of}.variant, {value}) ORDER BY {of}.variant))"


def _gaps(con: duckdb.DuckDBPyConnection, year: int) -> Iterable[Conclusion]:
    rows = con.execute(
        f"""
        SELECT s.name, g.measure, g.gap, g.gap_lo90, g.gap_hi90,
               {_BY_VARIANT.format(of="r", value="r.variant_gap")}
        FROM out_gap__yearly g
        JOIN out_robustness__yearly_gap r USING (question, principal_iso3, view, measure, year)
        JOIN core_geo__states s ON s.iso3 = g.principal_iso3
        WHERE question = ? AND year = ? AND view = 'principal'
        GROUP BY ALL
        """,
        [QUESTION, year],
    ).fetchall()
    for name, measure, gap, lo, hi, variants in sorted(rows, key=_order):
        side, other = ("the Gulf mean", "Iran") if gap > 0 else ("Iran", "the Gulf mean")
        yield Conclusion(
            f"{name}, {year}: {_IN[measure]} its tie is deeper with {side} than with {other} "
            f"(gap {gap:+.1f}, {lo:+.1f} to {hi:+.1f})",
            lo * hi > 0,
            gap,
            variants,
        )


def _changes(con: duckdb.DuckDBPyConnection, year: int) -> Iterable[Conclusion]:
    rows = con.execute(
        f"""
        SELECT s.name, n.measure, any_value(n.gap - t.gap),
               {_BY_VARIANT.format(of="n", value="n.variant_gap - t.variant_gap")}
        FROM out_robustness__yearly_gap n
        JOIN out_robustness__yearly_gap t USING (question, principal_iso3, view, measure, variant)
        JOIN core_geo__states s ON s.iso3 = n.principal_iso3
        WHERE question = ? AND n.year = ? AND t.year = ? AND view = 'principal'
        GROUP BY ALL
        """,
        [QUESTION, year, SINCE],
    ).fetchall()
    for name, measure, change, variants in sorted(rows, key=_order):
        side = "the Gulf" if change > 0 else "Iran"
        yield Conclusion(
            f"{name}, {SINCE} to {year}: {_IN[measure]} the gap moved towards {side} "
            f"({change:+.1f})",
            True,
            change,
            variants,
        )


def _perceptions(con: duckdb.DuckDBPyConnection, year: int) -> Iterable[Conclusion]:
    rows = con.execute(
        f"""
        SELECT s.name, any_value(a.depth - b.depth),
               {_BY_VARIANT.format(of="a", value="a.variant_depth - b.variant_depth")}
        FROM out_robustness__yearly_dyads a
        JOIN out_robustness__yearly_dyads b
          ON (a.question, a.year, a.variant, a.from_iso3, a.to_iso3)
           = (b.question, b.year, b.variant, b.to_iso3, b.from_iso3)
        JOIN core_geo__states s ON s.iso3 = a.to_iso3
        JOIN out_gap__yearly g
          ON (g.question, g.principal_iso3, g.focal_iso3, g.year)
           = (a.question, a.to_iso3, a.from_iso3, a.year)
         AND g.view = 'principal' AND g.measure = 'depth'
        WHERE a.question = ? AND a.year = ?
        GROUP BY ALL ORDER BY s.name
        """,
        [QUESTION, year],
    ).fetchall()
    for name, lead, variants in rows:
        whose, other = ("Iran", name) if lead > 0 else (name, "Iran")
        yield Conclusion(
            f"{name}, {year}: the tie is deeper in the eyes of {_the(whose)} than in those of "
            f"{_the(other)} "
            f"({abs(lead):.1f} points)",
            True,
            lead,
            variants,
        )


def page(link: Path = LINK) -> str:
    """Write the page of conclusions in Markdown.

    Raises
    ------
    NoWarehouse
        If none has been built.
    """
    with connect(link) as con:
        found = conclusions(con)
        method = con.execute("SELECT method_version FROM meta_release").fetchone()
    labels = {v.name: v.label for v in load_definition().variants}
    firm = [c for c in found if not c.against]
    moot = [c for c in found if c.against]
    lines = [
        "# What the comparison of Iran with the Gulf states rests on",
        "",
        "Written by `alliance-depth conclusions` from `out_gap__yearly` and the two "
        "`out_robustness__*` tables; do not edit.",
        f"Method {method[0] if method else ''}. Seen from the great power unless it says "
        f"otherwise; a gap is the Gulf mean minus Iran, in points, with its 90 % interval. Each "
        f"statement was made again in {len(labels)} other ways: "
        f"{'; '.join(labels.values())}.",
        "",
        f"## {len(firm)} of {len(found)} statements hold in every way in which they can be made",
        "",
    ]
    lines += [f"- {c.text}{_doubt(c)}." for c in firm]
    lines += ["", f"## {len(moot)} hang on a choice", ""]
    for c in moot:
        turned = "; ".join(
            f"{labels[n]} ({_figure(v)})" if v else f"{labels[n]} (no difference)"
            for n, v in c.against.items()
        )
        kept = len(c.variants) - len(c.against) - len(c.not_made)
        lines.append(f"- {c.text}{_doubt(c)}. Not so: {turned}. {kept} others agree.")
    missing: dict[str, set[str]] = {}
    for c in found:
        for name in c.not_made:
            missing.setdefault(name, set()).add(c.text.split(",")[0])
    lines += ["", "## What cannot be said", ""]
    lines += [
        f"- {labels[name][0].upper()}{labels[name][1:]}: statements on "
        f"{' and '.join(_the(w) for w in sorted(whom))}, for want of anything else that holds "
        "the figures."
        for name, whom in sorted(missing.items())
    ]
    return "\n".join(lines) + "\n"


def _doubt(conclusion: Conclusion) -> str:
    return "" if conclusion.is_sure else "; likely rather than certain, the interval holds zero"


def _the(state: str) -> str:
    return f"the {state}" if state.startswith("United ") else state


def _figure(value: float) -> str:
    return f"{value:+.1f}" if abs(value) >= 0.05 else f"{value:+.2f}"
