"""One score as a tree: depth, pillars, indicators, and the source rows under each.

Belongs here: the index made again for one tie and year in plain arithmetic, each part's share of
the score, and the comparison with what is published. Does not belong here: which rows an indicator
rests on (`warehouse.evidence`), or how a tree is printed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from indices.definition import Definition, Indicator, Pillar, load_definition
from warehouse.answers import CannotAnswer
from warehouse.evidence import Evidence, evidence

if TYPE_CHECKING:
    import duckdb

# Parts and score are the same to this many points; values made again from rows, to this share.
TOLERANCE = 1e-9
# Of the flat table of a tree.
COLUMNS = (
    "level",
    "pillar",
    "indicator",
    "text",
    "value",
    "unit",
    "score",
    "weight",
    "weight_used",
    "points",
    "status",
    "table",
    "key",
    "source",
    "vintage",
    "sha256",
    "url",
)
_TRANSFORMS: dict[str, Callable[[float], float]] = {
    "linear": lambda x: x,
    "log1p": math.log1p,
    "log": lambda x: math.log(x) if x > 0 else -math.inf,
}


@dataclass(frozen=True)
class Part:
    """An indicator's part in a score.

    Parameters
    ----------
    name, label, unit : str
    value : float or None
        In `unit`; None where missing.
    transform : str
    lo, hi : float
        Goalposts: values that score 0 and 100.
    score : float or None
        0 to 100.
    is_capped : bool
        Whether the score is held down, as a small state's intensity is.
    status : str
    weight : float
        Nominal share in the whole index.
    weight_used : float
        The same after the weight of what is missing has gone to the others; 0 where missing.
    points : float or None
        `weight_used` times `score`; None where there is no depth.
    evidence : Evidence
    """

    name: str
    label: str
    unit: str
    value: float | None
    transform: str
    lo: float
    hi: float
    score: float | None
    is_capped: bool
    status: str
    weight: float
    weight_used: float
    points: float | None
    evidence: Evidence


@dataclass(frozen=True)
class PillarPart:
    """A pillar's part in a score; attributes as those of `Part`."""

    name: str
    score: float | None
    coverage: float
    weight: float
    weight_used: float
    points: float | None
    indicators: list[Part]


@dataclass(frozen=True)
class Source:
    """A source as this build has it; see ``meta_sources``."""

    title: str
    vintage: str
    retrieved_at: str | None
    url: str
    sha256: str


@dataclass(frozen=True)
class Check:
    """One number made again, beside the published one."""

    what: str
    published: float | None
    again: float | None

    @property
    def holds(self) -> bool:
        """Whether both are missing, or the same at `TOLERANCE`."""
        if self.published is None or self.again is None:
            return self.published is self.again
        return abs(self.published - self.again) <= TOLERANCE * max(1, abs(self.published))


@dataclass(frozen=True)
class Explanation:
    """A score taken apart.

    Parameters
    ----------
    from_iso3, from_name, to_iso3, to_name : str
    year : int
    depth : float or None
        Made again from the parts; None with fewer pillars than a depth needs.
    depth_lo90, depth_hi90 : float or None
        Its published 90 % interval.
    depth_status : str or None
        'full' or 'partial'.
    pillars : list of PillarPart
    sources : dict of str to Source
        Those that a row of the tree names.
    release, method_version : str
    checks : list of Check
    """

    from_iso3: str
    from_name: str
    to_iso3: str
    to_name: str
    year: int
    depth: float | None
    depth_lo90: float | None
    depth_hi90: float | None
    depth_status: str | None
    pillars: list[PillarPart]
    sources: dict[str, Source]
    release: str
    method_version: str
    checks: list[Check]

    @property
    def faults(self) -> list[Check]:
        """Checks that do not hold."""
        return [c for c in self.checks if not c.holds]


def explain(con: duckdb.DuckDBPyConnection, from_iso3: str, to_iso3: str, year: int) -> Explanation:
    """Take the depth of one tie in one year apart, down to its source rows.

    Parameters
    ----------
    con : connection
        To the warehouse.
    from_iso3, to_iso3 : str
        The state whose view is taken, and its partner.
    year : int

    Returns
    -------
    Explanation
        Everything in it but the interval, the values and their status is made again here by the
        formulas of docs/METHODOLOGY.md; `Explanation.checks` sets it beside what is published.

    Raises
    ------
    CannotAnswer
        If the warehouse has no such tie in that year.
    """
    definition = load_definition()
    published = con.execute(
        "SELECT depth, depth_lo90, depth_hi90, depth_status, coverage FROM out_depth__yearly_dyads "
        "WHERE from_iso3 = ? AND to_iso3 = ? AND year = ?",
        [from_iso3, to_iso3, year],
    ).fetchone()
    if published is None:
        raise CannotAnswer(_no_tie(con, from_iso3, to_iso3, year))
    release, method = con.execute("SELECT release, method_version FROM meta_release").fetchall()[0]
    names = dict(
        con.execute(
            "SELECT iso3, name FROM core_geo__states WHERE iso3 IN (?, ?)", [from_iso3, to_iso3]
        ).fetchall()
    )
    rows = con.execute(
        "SELECT indicator, value, status, score FROM out_indicators__yearly_dyads "
        "WHERE from_iso3 = ? AND to_iso3 = ? AND year = ?",
        [from_iso3, to_iso3, year],
    ).fetchall()
    found = {name: (value, status, score) for name, value, status, score in rows}
    proof = _evidence(con, definition, from_iso3, to_iso3, year)
    pillars, depth = _tree(definition, found, proof)
    known = sum(p.score is not None for p in pillars)
    status = (
        None
        if depth is None
        else "full"
        if known >= definition.rules["full_pillars"]
        else "partial"
    )
    checks = [
        *_value_checks(found, proof),
        *(
            Check(f"score of {i.name}", found[i.name][2], i.score)
            for p in pillars
            for i in p.indicators
            if i.name in found
        ),
        *_pillar_checks(con, pillars, from_iso3, to_iso3, year),
        Check("depth", published[0], depth),
        Check("sum of the pillars' points", published[0], _total(p.points for p in pillars)),
        Check(
            "sum of the indicators' points",
            published[0],
            _total(i.points for p in pillars for i in p.indicators),
        ),
        Check("pillars that make a full depth", *_full(published[3], status)),
        Check("version of the method", *_same(method, definition.version)),
    ]
    return Explanation(
        from_iso3,
        names.get(from_iso3, from_iso3),
        to_iso3,
        names.get(to_iso3, to_iso3),
        year,
        depth,
        published[1],
        published[2],
        status,
        pillars,
        _sources(con, pillars),
        release,
        method,
        checks,
    )


def _evidence(
    con: duckdb.DuckDBPyConnection,
    definition: Definition,
    from_iso3: str,
    to_iso3: str,
    year: int,
) -> dict[str, Evidence]:
    from duckdb import BinderException, CatalogException

    try:
        return evidence(con, definition, from_iso3, to_iso3, year)
    except (CatalogException, BinderException) as error:
        raise CannotAnswer(
            f"this warehouse was built by another version, whose tables are others "
            f"({str(error).splitlines()[0]}); build it again: make build"
        ) from None


def _no_tie(con: duckdb.DuckDBPyConnection, from_iso3: str, to_iso3: str, year: int) -> str:
    if from_iso3 == to_iso3:
        return f"{from_iso3} twice: expected two different states"
    years = con.execute(
        "SELECT min(year), max(year) FROM out_depth__yearly_dyads "
        "WHERE from_iso3 = ? AND to_iso3 = ?",
        [from_iso3, to_iso3],
    ).fetchall()[0]
    if years[0] is None:
        return f"{from_iso3} and {to_iso3}: no tie between them is in this warehouse"
    return (
        f"{from_iso3} and {to_iso3} have no tie in {year}; expected a year from {years[0]} to "
        f"{years[1]} in which both were states"
    )


def _tree(
    definition: Definition,
    found: dict[str, tuple[float | None, str, float | None]],
    proof: dict[str, Evidence],
) -> tuple[list[PillarPart], float | None]:
    """Score, weigh and add up; see `indices.depth`, which does the same for all ties at once."""
    scores = {i.name: _score(i, found) for i in definition.indicators}
    means = {p.name: _pillar(p, scores, found, definition) for p in definition.pillars}
    known = {p.name: p.weight for p in definition.pillars if means[p.name] is not None}
    has_depth = len(known) >= definition.rules["partial_pillars"]
    parts = []
    for pillar in definition.pillars:
        mean = means[pillar.name]
        share = pillar.weight / sum(known.values()) if mean is not None and has_depth else 0.0
        inside = [i for i in pillar.indicators if scores[i.name][0] is not None]
        whole = sum(i.weight for i in inside)
        indicators = []
        for i in pillar.indicators:
            value, status, _ = found.get(i.name, (None, "does not apply", None))
            score, is_capped = scores[i.name]
            used = share * i.weight / whole if i in inside else 0.0
            indicators.append(
                Part(
                    i.name,
                    i.label,
                    i.unit,
                    value,
                    i.transform,
                    i.lo,
                    i.hi,
                    score,
                    is_capped,
                    status,
                    pillar.weight * i.weight,
                    used,
                    used * (score or 0.0) if has_depth else None,
                    proof.get(i.name, Evidence()),
                )
            )
        applies = [i for i in pillar.indicators if i.name in found]
        observed = sum(i.weight for i in applies if found[i.name][1] == "observed")
        parts.append(
            PillarPart(
                pillar.name,
                mean,
                observed / sum(i.weight for i in applies) if applies else 0.0,
                pillar.weight,
                share,
                share * (mean or 0.0) if has_depth else None,
                indicators,
            )
        )
    if not has_depth:
        return parts, None
    total = sum(w * (means[name] or 0.0) for name, w in known.items())
    return parts, total / sum(known.values())


def _score(
    indicator: Indicator, found: dict[str, tuple[float | None, str, float | None]]
) -> tuple[float | None, bool]:
    value = found.get(indicator.name, (None, "", None))[0]
    if value is None:
        return None, False
    f = _TRANSFORMS[indicator.transform]
    low, high = f(indicator.lo), f(indicator.hi)
    score = 100 * min(max((f(value) - low) / (high - low), 0.0), 1.0)
    share = found.get("trade_share", (None, "", None))[0]
    cap, below = indicator.cap_score, indicator.cap_below_share
    if cap is None or below is None or share is None or share >= below or score <= cap:
        return score, False
    return cap, True


def _pillar(
    pillar: Pillar,
    scores: dict[str, tuple[float | None, bool]],
    found: dict[str, tuple[float | None, str, float | None]],
    definition: Definition,
) -> float | None:
    applies = [i for i in pillar.indicators if i.name in found]
    known = [(i.weight, s) for i in applies if (s := scores[i.name][0]) is not None]
    present = sum(w for w, _ in known)
    if pillar.required:
        enough = scores[pillar.required][0] is not None
    else:
        needed = definition.rules["minimum_pillar_weight"] * sum(i.weight for i in applies)
        enough = bool(known) and present >= needed - 1e-12
    return sum(w * s for w, s in known) / present if enough else None


def _total(values: Iterator[float | None]) -> float | None:
    known = list(values)
    return None if None in known else math.fsum(v for v in known if v is not None)


def _value_checks(
    found: dict[str, tuple[float | None, str, float | None]], proof: dict[str, Evidence]
) -> Iterator[Check]:
    """Values beside those that the rows add up to, where rows give them."""
    for name, (value, _, _) in sorted(found.items()):
        again = proof[name].value if name in proof else None
        if value is not None and again is not None:
            yield Check(f"value of {name} from its rows", value, again)


def _pillar_checks(
    con: duckdb.DuckDBPyConnection,
    pillars: list[PillarPart],
    from_iso3: str,
    to_iso3: str,
    year: int,
) -> Iterator[Check]:
    rows = con.execute(
        "SELECT pillar, score, coverage FROM out_pillars__yearly_dyads "
        "WHERE from_iso3 = ? AND to_iso3 = ? AND year = ?",
        [from_iso3, to_iso3, year],
    ).fetchall()
    published = {name: (score, coverage) for name, score, coverage in rows}
    for p in pillars:
        score, coverage = published.get(p.name, (None, None))
        yield Check(f"pillar {p.name}", score, p.score)
        yield Check(f"coverage of {p.name}", coverage, p.coverage)


def _full(published: str | None, again: str | None) -> tuple[float | None, float | None]:
    code = {"full": 1.0, "partial": 0.0, None: None}
    return code[published], code[again]


def _same(published: str, again: str) -> tuple[float, float]:
    return 1.0, 1.0 if published == again else 0.0


def _sources(con: duckdb.DuckDBPyConnection, pillars: list[PillarPart]) -> dict[str, Source]:
    named = {s for p in pillars for i in p.indicators for r in i.evidence.rows for s in r.sources}
    rows = con.execute(
        "SELECT source, title, vintage, retrieved_at, url, sha256 FROM meta_sources "
        "WHERE list_contains(?, source) ORDER BY source",
        [sorted(named)],
    ).fetchall()
    return {
        name: Source(title, vintage, str(day) if day else None, url, sha256)
        for name, title, vintage, day, url, sha256 in rows
    }


def as_document(found: Explanation) -> dict[str, Any]:
    """The whole tree as nested plain values, for JSON."""
    made = asdict(found)
    made["checks"] = [asdict(c) | {"holds": c.holds} for c in found.checks]
    return made


def as_rows(found: Explanation, levels: int = 3) -> list[dict[str, Any]]:
    """The tree as a flat table, one row for each node, parents before their parts.

    Parameters
    ----------
    found : Explanation
    levels : int
        1 down to pillars, 2 to indicators, 3 to source rows.

    Returns
    -------
    list of dict
        All with the keys `COLUMNS`; only source rows have table, key, source, vintage, hash, page.
    """
    blank = dict.fromkeys(COLUMNS)
    tie = f"{found.from_iso3} to {found.to_iso3}, {found.year}"
    out: list[dict[str, Any]] = [
        blank
        | {"level": "depth", "text": tie, "score": found.depth, "points": found.depth}
        | {"status": found.depth_status}
    ]
    for p in found.pillars:
        numbers = {k: getattr(p, k) for k in ("score", "weight", "weight_used", "points")}
        out.append(blank | {"level": "pillar", "pillar": p.name} | numbers)
        for i in p.indicators if levels > 1 else []:
            names = ("value", "unit", "score", "weight", "weight_used", "points", "status")
            where = {"pillar": p.name, "indicator": i.name}
            out.append(
                blank
                | {"level": "indicator", "text": i.evidence.how}
                | where
                | {k: getattr(i, k) for k in names}
            )
            for r in i.evidence.rows if levels > 2 else []:
                sources = [found.sources[s] for s in r.sources]
                out.append(
                    blank
                    | where
                    | {
                        "level": "row",
                        "text": r.text,
                        "table": r.table,
                        "key": "; ".join(f"{k}={v}" for k, v in r.key.items()),
                        "source": ", ".join(r.sources),
                        "vintage": "; ".join(s.vintage for s in sources),
                        "sha256": ", ".join(s.sha256 for s in sources),
                        "url": r.url or ", ".join(s.url for s in sources),
                    }
                )
    return out
