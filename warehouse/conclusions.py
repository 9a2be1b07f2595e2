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
_IN = {"depth": "whole index", "costly": "costly ties", "declared": "declared ties"}


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
    cell : tuple of (str, str, str), optional
        Where the table at the head of the page has it: great power, column, words.
    """

    text: str
    is_sure: bool
    value: float
    variants: dict[str, float | None]
    cell: tuple[str, str, str] | None = None

    @property
    def turned(self) -> dict[str, float]:
        """Variants in which the figure has the other sign."""
        return {n: v for n, v in self.variants.items() if v is not None and v * self.value < 0}

    @property
    def undecided(self) -> list[str]:
        """Variants in which the figure is zero."""
        return [name for name, v in self.variants.items() if v == 0]

    @property
    def not_made(self) -> list[str]:
        """Variants in which the figure cannot be made."""
        return [name for name, v in self.variants.items() if v is None]


def conclusions(con: duckdb.DuckDBPyConnection) -> list[Conclusion]:
    """State what the last year, the years since `SINCE` and both ends of Iran's ties show."""
    year = _year(con)
    return [*_gaps(con, year), *_changes(con, year), *_perceptions(con, year)]


def _year(con: duckdb.DuckDBPyConnection) -> int:
    (year,) = con.execute(
        "SELECT max(year) FROM out_gap__yearly WHERE question = ?", [QUESTION]
    ).fetchone() or (None,)
    return int(year)


def _order(row: tuple[str, str]) -> tuple[str, int]:
    return row[0], list(_IN).index(row[1])


_BY_VARIANT = "map_from_entries(list(({of}.variant, {value}) ORDER BY {of}.variant))"


def _gaps(con: duckdb.DuckDBPyConnection, year: int) -> Iterable[Conclusion]:
    rows = con.execute(
        f"""
        SELECT s.name, g.measure, g.gap, g.gap_lo90, g.gap_hi90,
               g.gap_trade_weighted, g.gap_pooled, g.gap_best, best.name,
               {_BY_VARIANT.format(of="r", value="r.variant_gap")}
        FROM out_gap__yearly g
        JOIN out_robustness__yearly_gap r USING (question, principal_iso3, view, measure, year)
        JOIN core_geo__states s ON s.iso3 = g.principal_iso3
        LEFT JOIN core_geo__states best ON best.iso3 = g.best_iso3
        WHERE question = ? AND year = ? AND view = 'principal'
        GROUP BY ALL
        """,
        [QUESTION, year],
    ).fetchall()
    for name, measure, gap, lo, hi, weighted, pooled, best, whose, variants in sorted(
        rows, key=_order
    ):
        others = {
            "the Gulf mean weighted by trade": weighted,
            "the Gulf states as one": pooled,
            f"the best of them, {whose}": best,
        }
        against = [f"{who} ({g:+.1f})" for who, g in others.items() if g and g * gap < 0]
        side, other = ("the Gulf mean", "Iran") if gap > 0 else ("Iran", "the Gulf mean")
        yield Conclusion(
            f"{name}, {year}, {_IN[measure]}: deeper with {side} than with {other} "
            f"(gap {gap:+.1f}, {lo:+.1f} to {hi:+.1f})"
            + (f"; the sign turns with {' and '.join(against)}" if against else ""),
            lo * hi > 0,
            gap,
            variants,
            (name, measure, f"{'Gulf' if gap > 0 else 'Iran'} by {abs(gap):.1f}"),
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
            f"{name}, {SINCE} to {year}, {_IN[measure]}: the gap moved towards {side} "
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
        year = _year(con)
        found = conclusions(con)
        method = con.execute("SELECT method_version FROM meta_release").fetchone()
    labels = {v.name: v.label for v in load_definition().variants}
    firm = [c for c in found if not c.turned and not c.undecided]
    mute = [c for c in found if not c.turned and c.undecided]
    moot = [c for c in found if c.turned]
    lines = [
        "# Which conclusions on Iran and the Gulf states hold",
        "",
        f"Written by `alliance-depth conclusions` from `out_gap__yearly` and the two "
        f"`out_robustness__*` tables, method {method[0] if method else ''}; do not edit. Every "
        f"figure was made again in {len(labels)} other ways, listed at the end. A gap is the "
        "mean over the Gulf states minus Iran, in points of a scale of 100, in the eyes of the "
        "great power, with its 90 % interval. Costly ties are what a state pays for (trade, arms, "
        "obligations, presence), declared ties what it says (votes, labels, memberships); the "
        "whole index has both. Changes over time and the two ends of a tie have no interval here.",
        "",
        *_glance(found, year),
        "",
        f"## {len(firm)} of {len(found)} statements hold in every way in which they can be made",
        "",
        *(f"- {c.text}{_doubt(c)}." for c in firm),
        "",
        f"## {len(mute)} are never turned round, but some ways see no difference",
        "",
        "There both sides have the same score, mostly none: a geometric mean is zero where one of "
        "its pillars is.",
        "",
        *(f"- {c.text}{_doubt(c)}. {_against(c, labels)}" for c in mute),
        "",
        f"## {len(moot)} hang on a choice",
        "",
        *(f"- {c.text}{_doubt(c)}. {_against(c, labels)}" for c in moot),
        "",
    ]
    missing: dict[str, set[str]] = {}
    for c in found:
        for name in c.not_made:
            missing.setdefault(name, set()).add(c.text.split(",")[0])
    lines += ["## What cannot be said", ""]
    lines += [
        f"- {_capital(labels[name])}: some statements on {' and '.join(map(_the, sorted(whom)))}; "
        "no other source here has the figures."
        for name, whom in sorted(missing.items())
    ]
    lines += ["", "## The other ways", "", f"{_capital('; '.join(labels.values()))}."]
    return "\n".join(lines) + "\n"


def _glance(found: list[Conclusion], year: int) -> list[str]:
    """Table of the last year: a row a great power, a column a measure."""
    cells = {c.cell[:2]: (c, c.cell[2]) for c in found if c.cell}
    lines = [
        f"| {year}, deeper with | {' | '.join(_IN.values())} |",
        "|---" * (1 + len(_IN)) + "|",
    ]
    for name in dict.fromkeys(name for name, _ in cells):
        row = []
        for measure in _IN:
            if (name, measure) not in cells:
                row.append("not known")
                continue
            c, words = cells[name, measure]
            held = (
                "turns in some" if c.turned else "never turned" if c.undecided else "holds in all"
            )
            row.append(f"{words}; {held}{'' if c.is_sure else '; interval holds zero'}")
        lines.append(f"| {name} | {' | '.join(row)} |")
    return lines


def _against(conclusion: Conclusion, labels: dict[str, str]) -> str:
    """Name the ways that say otherwise or nothing, and count those that agree."""
    c = conclusion
    agree = len(c.variants) - len(c.turned) - len(c.undecided) - len(c.not_made)
    said = []
    if c.turned:
        turned = "; ".join(f"{labels[n]} ({_figure(v)})" for n, v in c.turned.items())
        said.append(f"Not so: {turned}.")
    if c.undecided:
        said.append(f"No difference: {'; '.join(labels[n] for n in c.undecided)}.")
    return " ".join([*said, f"{agree} of {len(c.variants) - len(c.not_made)} agree."])


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _doubt(conclusion: Conclusion) -> str:
    return "" if conclusion.is_sure else "; likely rather than certain, the interval holds zero"


def _the(state: str) -> str:
    return f"the {state}" if state.startswith("United ") else state


def _figure(value: float) -> str:
    return f"{value:+.1f}" if abs(value) >= 0.05 else f"{value:+.2f}"
