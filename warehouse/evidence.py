"""The source rows behind one tie, indicator by indicator, and the value that they add up to.

Belongs here: which rows of which tables make an indicator's value, said in words, and that value
made again from them in plain arithmetic. Does not belong here: scores and weights
(`warehouse.explain`). Nothing heavier than DuckDB is imported: an answer must start fast.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from indices.carried import IGO_CODES, IGO_LAST_YEAR
from indices.definition import Definition

if TYPE_CHECKING:
    import duckdb

Record = dict[str, Any]
_CLAUSES = {
    "has_defense": "defence",
    "has_offense": "offence",
    "has_neutrality": "neutrality",
    "has_nonaggression": "non-aggression",
    "has_consultation": "consultation",
}
# They bind nobody in particular once many are party to them.
_SMALL_GROUP_ONLY = ("neutrality", "consultation", "nonaggression")
_VOTES = {"Y": ("yes", 0), "A": ("abstained", 1), "N": ("no", 2)}
_RECORD = "https://digitallibrary.un.org/record/"


@dataclass(frozen=True)
class Row:
    """A row of the warehouse that something rests on.

    Parameters
    ----------
    table : str
    key : dict
        Field to value: names exactly one row of `table`.
    text : str
        What the row says, in words.
    sources : tuple of str
        Keys of ``meta_sources``; none where the row itself is bridged or carried.
    url : str or None
        The page the row rests on, where the row has one of its own.
    """

    table: str
    key: Record
    text: str
    sources: tuple[str, ...]
    url: str | None = None


@dataclass(frozen=True)
class Evidence:
    """What an indicator's value rests on.

    Parameters
    ----------
    rows : list of Row
    how : str
        The arithmetic, with its numbers.
    value : float or None
        The value made again from rows of the core tables; None where it is not.
    see : tuple of str
        Indicators whose rows it rests on too.
    """

    rows: list[Row] = field(default_factory=list)
    how: str = ""
    value: float | None = None
    see: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Tie:
    """One tie, the warehouse it stands in, and how its rows are read."""

    con: duckdb.DuckDBPyConnection
    definition: Definition
    i: str
    j: str
    year: int
    keys: dict[str, tuple[str, ...]]

    def rows(self, sql: str, *values: object) -> list[Record]:
        found = self.con.execute(sql, list(values))
        names = [d[0] for d in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def row(
        self, table: str, record: Record, text: str, sources: Iterable[str], url: str | None = None
    ) -> Row:
        key = {k: record[k] for k in self.keys[table]}
        return Row(table, key, text, tuple(sources), url)


def evidence(
    con: duckdb.DuckDBPyConnection, definition: Definition, from_iso3: str, to_iso3: str, year: int
) -> dict[str, Evidence]:
    """Gather the source rows of every indicator of one tie.

    Parameters
    ----------
    con : connection
        To the warehouse.
    definition : Definition
    from_iso3, to_iso3 : str
        The state whose view is taken, and its partner.
    year : int

    Returns
    -------
    dict of str to Evidence
        By indicator.
    """
    keys = con.execute("SELECT table_name, key FROM meta_tables WHERE key IS NOT NULL").fetchall()
    named = {name: tuple(key.split(", ")) for name, key in keys}
    tie = _Tie(con, definition, from_iso3, to_iso3, year, named)
    parts: list[Callable[[_Tie], dict[str, Evidence]]] = [
        _trade,
        _arms,
        _commitments,
        _presence,
        _tiers,
        _agreements,
        _memberships,
        _votes,
    ]
    return {name: found for part in parts for name, found in part(tie).items()}


def usd(value: float) -> str:
    """US dollars in words that fit a line."""
    for size, unit in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if abs(value) >= size:
            return f"${value / size:,.2f} {unit}"
    return f"${value:,.0f}"


def _add(*values: float | None) -> float | None:
    """The sum; None where one is missing."""
    known = [v for v in values if v is not None]
    return math.fsum(known) if len(known) == len(values) else None


def _mean(values: list[float | None]) -> float | None:
    """Mean of the known ones; None where the last, the year itself, is missing."""
    known = [v for v in values if v is not None]
    return math.fsum(known) / len(known) if values[-1] is not None else None


def _over(part: float | None, whole: float | None) -> float | None:
    """A share; None where it cannot be made."""
    return None if part is None or not whole else part / whole


def _trade(tie: _Tie) -> dict[str, Evidence]:
    rules = tie.definition.rules
    years = list(range(tie.year - int(rules["trade_window_years"]) + 1, tie.year + 1))
    ends = (tie.i, tie.j, tie.j, tie.i, years[0], years[-1])
    of_pair = (
        "WHERE ((exporter_iso3 = ? AND importer_iso3 = ?) OR (exporter_iso3 = ? AND "
        "importer_iso3 = ?)) AND year BETWEEN ? AND ? ORDER BY year DESC, exporter_iso3"
    )
    flows = tie.rows(f"SELECT * FROM core_trade__yearly_flows {of_pair}", *ends)
    reports = tie.rows(
        f"SELECT * FROM core_trade__reported_flows {of_pair}, source, reporter", *ends
    )
    totals = tie.rows(
        "SELECT * FROM core_trade__yearly_totals WHERE iso3 IN (?, ?, 'WLD') "
        "AND year BETWEEN ? AND ? ORDER BY year DESC",
        *(tie.i, tie.j, years[0], years[-1]),
    )
    economy = tie.rows(
        "SELECT * FROM core_geo__yearly_economy WHERE iso3 = ? AND year BETWEEN ? AND ? "
        "ORDER BY year DESC",
        *(tie.i, years[0], years[-1]),
    )
    sent = {(f["exporter_iso3"], f["year"]): f["value_usd"] for f in flows}
    whole = {(t["iso3"], t["year"]): _add(t["exports_usd"], t["imports_usd"]) for t in totals}
    gdp = {e["year"]: e["gdp_usd"] for e in economy}
    factor = rules["cif_to_fob"]
    pair = []
    for y in years:
        back = sent.get((tie.j, y))
        pair.append(_add(sent.get((tie.i, y)), None if back is None else factor * back))
    yearly = [_over(p, whole.get((tie.i, y))) for p, y in zip(pair, years, strict=True)]
    rest = []
    for y, known in zip(years, yearly, strict=True):
        own, world = whole.get((tie.i, y)), whole.get(("WLD", y))
        others = None if own is None or world is None else world - own
        rest.append(None if known is None else _over(whole.get((tie.j, y)), others))
    share, of_rest = _mean(yearly), _mean(rest)
    # Where the output of a year is bridged or carried, it is no row of any table.
    outputs = [gdp.get(y) for y in years]
    to_output = (
        None
        if any(v is None for v in outputs)
        else _mean([_over(p, g) for p, g in zip(pair, outputs, strict=True)])
    )
    span = f"mean of {years[0]} to {years[-1]}"

    def own_total(iso3: str) -> list[Row]:
        return [
            tie.row(
                "core_trade__yearly_totals",
                t,
                f"{t['year']} {t['iso3']} with all the world: {usd(both)}"
                + (" (estimate)" if t["is_estimate"] else ""),
                ("unctad_trade",),
            )
            for t in totals
            if t["iso3"] == iso3 and (both := _add(t["exports_usd"], t["imports_usd"])) is not None
        ]

    rows = []
    for y in reversed(years):
        of_year = [f for f in flows if f["year"] == y]
        rows += [tie.row("core_trade__yearly_flows", f, *_flow(f)) for f in of_year]
        rows += [
            tie.row("core_trade__reported_flows", r, *_report(r)) for r in reports if r["year"] == y
        ]
        rows += _oil(tie, y) if any(f["adjustment_usd"] for f in of_year) else []
    return {
        "trade_share": Evidence(
            rows + own_total(tie.i),
            f"100 * {span} of (exports + {factor:g} * imports) / all trade of {tie.i}; "
            + "; ".join(
                f"{y}: {usd(p)} of {usd(w)}"
                for y, p in zip(years, pair, strict=True)
                if p is not None and (w := whole.get((tie.i, y))) is not None
            ),
            None if share is None else 100 * share,
        ),
        "trade_intensity": Evidence(
            own_total(tie.j) + own_total("WLD"),
            f"share of {tie.j} in the trade of {tie.i} over its share in the trade of the world "
            f"without {tie.i}, both {span}",
            _over(share, of_rest),
            ("trade_share",),
        ),
        "trade_dependence": Evidence(
            [
                tie.row(
                    "core_geo__yearly_economy",
                    e,
                    f"{e['year']} output of {e['iso3']}: {usd(e['gdp_usd'])}",
                    ("worldbank",),
                )
                for e in economy
                if e["gdp_usd"] is not None
            ],
            f"100 * {span} of trade with {tie.j} / output of {tie.i}"
            + (
                "" if to_output is not None else "; the output of a year without a row is filled in"
            ),
            None if to_output is None else 100 * to_output,
            ("trade_share",),
        ),
    }


def _flow(f: Record) -> tuple[str, tuple[str, ...]]:
    text = f"{f['year']} {f['exporter_iso3']} to {f['importer_iso3']}: {usd(f['value_usd'])} "
    text += f"(best estimate, {f['method'].replace('_', ' ')})"
    if f["adjustment_usd"]:
        text += (
            f": {usd(f['recorded_usd'])} recorded and {usd(f['adjustment_usd'])} of oil that "
            f"customs do not show ({usd(f['adjustment_lo_usd'])} to {usd(f['adjustment_hi_usd'])})"
        )
    if f["mirror_ratio"] is not None:
        text += f"; importer's report / exporter's: {f['mirror_ratio']:.2f}"
    return text, (f["source"],) if f["source"] else ()


def _report(r: Record) -> tuple[str, tuple[str, ...]]:
    source, _, own = r["source"].partition(": ")
    side = "importer" if r["reporter"] == r["importer_iso3"] else "exporter"
    text = (
        f"{r['year']} {r['exporter_iso3']} to {r['importer_iso3']}: {usd(r['value_usd'])} "
        f"{r['valuation']}, reported by {r['reporter']} ({side})" + (f", {own}" if own else "")
    )
    return text, (source,)


def _oil(tie: _Tie, year: int) -> list[Row]:
    """What the oil that customs do not show was worked out from."""
    out = []
    for r in tie.rows("SELECT * FROM raw_iran_oil__estimates WHERE year = ?", year):
        text = f"{year} shipped: {r['kbd_low']:g} to {r['kbd_high']:g} thousand barrels a day"
        text += f" ({r['source']})"
        out.append(tie.row("raw_iran_oil__estimates", r, text, ("iran_oil",)))
    for r in tie.rows("SELECT * FROM raw_curated__crude_recorded WHERE year = ?", year):
        text = f"{year} by customs: {r['kbd']:g} thousand barrels a day"
        out.append(tie.row("raw_curated__crude_recorded", r, text, ("curated",), r["source_url"]))
    for r in tie.rows("SELECT * FROM raw_curated__crude_prices WHERE year = ?", year):
        text = f"{year} Brent: ${r['brent_usd_per_barrel']:g} a barrel"
        if r["discount_usd"] is not None:
            text += f", discount ${r['discount_usd']:g}"
        out.append(tie.row("raw_curated__crude_prices", r, text, ("curated",), r["source_url"]))
    return out


def _arms(tie: _Tie) -> dict[str, Evidence]:
    first = tie.year - int(tie.definition.rules["arms_window_years"]) + 1
    span = f"{first} to {tie.year}"
    yearly = tie.rows(
        "SELECT * FROM core_arms__yearly_dyads WHERE ((supplier_iso3 = ? AND recipient_iso3 = ?) "
        "OR (supplier_iso3 = ? AND recipient_iso3 = ?)) AND year BETWEEN ? AND ? "
        "ORDER BY year DESC",
        *(tie.i, tie.j, tie.j, tie.i, first, tie.year),
    )
    orders = tie.rows(
        "SELECT * FROM core_arms__deliveries WHERE ((supplier_iso3 = ? AND recipient_iso3 = ?) OR "
        "(supplier_iso3 = ? AND recipient_iso3 = ?)) AND coalesce(delivery_year, order_year) "
        "BETWEEN ? AND ? ORDER BY delivery_year DESC NULLS LAST, tiv_millions DESC, delivery_id",
        *(tie.i, tie.j, tie.j, tie.i, first, tie.year),
    )
    totals = tie.rows(
        "SELECT * FROM core_arms__yearly_totals WHERE iso3 = ? AND year BETWEEN ? AND ? "
        "ORDER BY year DESC",
        *(tie.i, first, tie.year),
    )

    def moved(supplier: str) -> float:
        return math.fsum(y["tiv_millions"] for y in yearly if y["supplier_iso3"] == supplier)

    def one(supplier: str, recipient: str, side: str) -> Evidence:
        whole = math.fsum(t[f"{side}_tiv_millions"] for t in totals)
        rows = [
            tie.row("core_arms__deliveries", o, _order(o), ("sipri",))
            for o in orders
            if o["supplier_iso3"] == supplier
        ]
        rows += [
            tie.row(
                "core_arms__yearly_dyads",
                y,
                f"{y['year']} {supplier} to {recipient}: {y['tiv_millions']:g} million TIV"
                + (
                    f", {y['estimated_tiv_millions']:g} of it estimated"
                    if y["estimated_tiv_millions"]
                    else ""
                ),
                ("sipri",),
            )
            for y in yearly
            if y["supplier_iso3"] == supplier and y["tiv_millions"]
        ]
        rows += [
            tie.row(
                "core_arms__yearly_totals",
                t,
                f"{t['year']} all arms {side} of {t['iso3']}: "
                f"{t[f'{side}_tiv_millions']:g} million TIV",
                ("sipri",),
            )
            for t in totals
            if t[f"{side}_tiv_millions"]
        ]
        part = moved(supplier)
        return Evidence(
            rows,
            f"100 * {part:,.2f} from {supplier} to {recipient} / {whole:,.2f} of all {side} of "
            f"{tie.i}, million TIV, {span}",
            100 * part / whole if whole else 0.0,
        )

    both = (moved(tie.j), moved(tie.i))
    return {
        "arms_import_share": one(tie.j, tie.i, "imports"),
        "arms_export_share": one(tie.i, tie.j, "exports"),
        "arms_volume": Evidence(
            [],
            f"{both[0]:,.2f} from {tie.j} + {both[1]:,.2f} from {tie.i}, million TIV, {span}",
            math.fsum(both),
            ("arms_import_share", "arms_export_share"),
        ),
    }


def _order(o: Record) -> str:
    what = f"{o['designation']} ({o['category'].lower()})"
    ends = f"{o['supplier_iso3']} to {o['recipient_iso3']}"
    if o["delivery_year"] is None:
        return f"{ends}: {what} ordered in {o['order_year']}, not delivered"
    number = "" if o["number_delivered"] is None else f"{o['number_delivered']:g} "
    ordered = "" if o["order_year"] is None else f", ordered in {o['order_year']}"
    return (
        f"{o['delivery_year']} {ends}: {number}{what}{ordered}, {o['tiv_millions']:g} million TIV"
        + (" (estimate)" if o["is_estimate"] else "")
    )


def _commitments(tie: _Tie) -> dict[str, Evidence]:
    ladder = tie.definition.ladder
    held = tie.rows(
        "SELECT * FROM core_treaties__commitments WHERE from_iso3 = ? AND to_iso3 = ? "
        "AND year(start_date) <= ? AND (end_date IS NULL OR year(end_date) >= ?) "
        "ORDER BY start_date",
        *(tie.i, tie.j, tie.year, tie.year),
    )
    fought = tie.rows(
        "SELECT * FROM core_treaties__hostilities WHERE a_iso3 = least(?, ?) AND "
        "b_iso3 = greatest(?, ?) AND year(start_date) <= ? AND (end_date IS NULL OR "
        "year(end_date) >= ?)",
        *(tie.i, tie.j, tie.i, tie.j, tie.year, tie.year),
    )
    limit = tie.definition.rules["small_group_parties"]

    def rung(c: Record) -> float:
        too_many = c["kind"] in _SMALL_GROUP_ONLY and c["n_parties"] > limit
        return 0.0 if too_many else ladder[c["kind"]]

    held.sort(key=rung, reverse=True)
    rows = []
    for c in held:
        clauses = ", ".join(word for flag, word in _CLAUSES.items() if c[flag]) or "no clause coded"
        end = c["end_date"] or "open"
        text = (
            f"{c['instrument']}: {c['kind'].replace('_', ' ')}, rung {rung(c):g} ({clauses}); in "
            f"force {c['start_date']} to {end}, {c['n_parties']} parties"
        )
        rows.append(tie.row("core_treaties__commitments", c, text, (c["source"],), c["source_url"]))
    for h in fought:
        text = (
            f"fighting suspends what is owed: {h['name']}, {h['start_date']} to "
            f"{h['end_date'] or 'open'}"
        )
        rows.append(tie.row("core_treaties__hostilities", h, text, ("curated",), h["source_url"]))
    value = 0.0 if fought else max(map(rung, held), default=0.0)
    how = f"strongest of {len(held)} that {tie.i} owes {tie.j}" + (
        ", suspended: the two fought" if fought else ""
    )
    return {"security_commitment": Evidence(rows, how, value)}


def _presence(tie: _Tie) -> dict[str, Evidence]:
    rows, known = [], []
    for sender, host in ((tie.i, tie.j), (tie.j, tie.i)):
        posture = tie.rows(
            "SELECT * FROM raw_curated__posture WHERE sender_iso3 = ? AND host_iso3 = ? AND "
            "start_year <= ? AND (end_year IS NULL OR end_year >= ?)",
            *(sender, host, tie.year, tie.year),
        )
        for p in posture:
            consent = "" if p["has_consent"] else ", without the host's consent: counts as none"
            text = f"{sender} in {host}: {p['personnel']:,.0f} ({p['kind']}{consent})"
            rows.append(tie.row("raw_curated__posture", p, text, ("curated",), p["source_url"]))
        if sender == "USA":
            counted = tie.rows(
                "SELECT t.* FROM raw_us_troops__country_years t JOIN core_geo__codes c ON "
                "c.cow_code = t.ccode AND make_date(t.year::INTEGER, 7, 1) BETWEEN c.start_date "
                "AND coalesce(c.end_date, DATE '9999-12-31') WHERE c.iso3 = ? AND t.year = ? AND "
                "troops_persons IS NOT NULL",
                *(host, tie.year),
            )
            for t in counted:
                text = f"{sender} in {host}: {t['troops_persons']:,.0f} persons counted"
                text += ", set aside for the sourced posture" if posture else ""
                rows.append(tie.row("raw_us_troops__country_years", t, text, ("us_troops",)))
        for d in tie.rows(
            "SELECT * FROM core_treaties__yearly_dyads WHERE from_iso3 = ? AND to_iso3 = ? AND "
            "year = ? AND troops_hosted IS NOT NULL",
            *(sender, host, tie.year),
        ):
            text = f"{sender} in {host}: {d['troops_hosted']:,.0f} persons with consent"
            rows.append(tie.row("core_treaties__yearly_dyads", d, text, ("curated", "us_troops")))
            known.append(d["troops_hosted"])
    how = " + ".join(f"{k:,.0f}" for k in known) + " persons, both directions" if known else ""
    return {"defence_presence": Evidence(rows, how, math.fsum(known) if known else None)}


def _tiers(tie: _Tie) -> dict[str, Evidence]:
    in_force = tie.rows(
        "SELECT * FROM raw_curated__tiers WHERE ((principal_iso3 = ? AND partner_iso3 = ?) OR "
        "(principal_iso3 = ? AND partner_iso3 = ?)) AND start_date <= make_date(?, 12, 31) AND "
        "(end_date IS NULL OR end_date >= make_date(?, 12, 31)) ORDER BY ALL",
        *(tie.i, tie.j, tie.j, tie.i, tie.year, tie.year),
    )
    steps = tie.definition.tiers
    declared: dict[str, float] = {}
    rows = []
    for t in sorted(in_force, key=lambda t: t["start_date"]):
        declared[t["principal_iso3"]] = steps[t["level"]]
        text = (
            f"{t['principal_iso3']} on {t['partner_iso3']}: {t['label'] or t['level']} (tier "
            f"{t['level'].replace('_', ' ')}, {steps[t['level']]:g}), since {t['start_text']}"
        )
        rows.append(tie.row("raw_curated__tiers", t, text, ("curated",), t["source_url"]))
    value = max(declared.values()) if declared else None
    return {"partnership_tier": Evidence(rows, "label in force on 31 December", value)}


def _agreements(tie: _Tie) -> dict[str, Evidence]:
    held = tie.rows(
        "SELECT * FROM core_treaties__agreements WHERE a_iso3 = least(?, ?) AND "
        "b_iso3 = greatest(?, ?) AND year(start_date) <= ? AND (end_date IS NULL OR "
        "year(end_date) >= ?) ORDER BY start_date, agreement_id",
        *(tie.i, tie.j, tie.i, tie.j, tie.year, tie.year),
    )
    rows = [
        tie.row(
            "core_treaties__agreements",
            a,
            f"{a['title']}: in force {a['start_date']} to {a['end_date'] or 'open'}",
            (a["source"],),
        )
        for a in held
    ]
    return {
        "economic_agreements": Evidence(rows, f"{len(rows) or 'none'} in force", float(len(rows)))
    }


def _memberships(tie: _Tie) -> dict[str, Evidence]:
    """Organisations both belong to: the data's, carried past its end with sourced changes."""
    coded = min(tie.year, IGO_LAST_YEAR)
    known = tie.rows(
        "SELECT c.iso3, m.* FROM raw_cow_igo__memberships m JOIN core_geo__codes c ON "
        "c.cow_code = m.ccode AND make_date(m.year::INTEGER, 7, 1) BETWEEN c.start_date AND "
        "coalesce(c.end_date, DATE '9999-12-31') WHERE m.year = ? AND c.iso3 IN (?, ?) AND "
        "m.status = 'full' ORDER BY m.igo",
        *(coded, tie.i, tie.j),
    )
    later = []
    if tie.year > IGO_LAST_YEAR:
        later = tie.rows(
            "SELECT *, start_date <= make_date(?, 12, 31) AND coalesce(end_date >= make_date(?, "
            "12, 31), true) AS is_held, coalesce(end_date < make_date(?, 12, 31), false) AS "
            "is_over FROM raw_curated__memberships WHERE iso3 IN (?, ?) AND status = 'member' "
            "ORDER BY ALL",
            *(tie.year, tie.year, tie.year, tie.i, tie.j),
        )
        later = [r for r in later if r["group_id"] in IGO_CODES]
    full = {}
    for state in (tie.i, tie.j):
        mine = [r for r in later if r["iso3"] == state]
        over = {IGO_CODES[r["group_id"]] for r in mine if r["is_over"]}
        held = {IGO_CODES[r["group_id"]] for r in mine if r["is_held"]}
        full[state] = ({r["igo"] for r in known if r["iso3"] == state} - over) | held
    joint = full[tie.i] & full[tie.j]
    world = tie.rows("SELECT * FROM raw_cow_igo__world WHERE year = ?", coded)
    rows = [
        tie.row(
            "raw_cow_igo__world",
            w,
            f"{w['year']} mean over all pairs of states: {w['mean_shared_share']:.4f}",
            ("cow_igo",),
        )
        for w in world
    ]
    rows += [
        tie.row(
            "raw_curated__memberships",
            r,
            f"{r['group_id']}: {r['iso3']} since {r['start_text']}"
            + (f" until {r['end_text']}" if r["is_over"] else ""),
            ("curated",),
            r["source_url"],
        )
        for r in later
        if r["is_over"] or IGO_CODES[r["group_id"]] in joint
    ]
    rows += [
        tie.row(
            "raw_cow_igo__memberships",
            r,
            f"{r['igo']}: {r['iso3']} a full member in {r['year']}",
            ("cow_igo",),
        )
        for r in known
        if r["igo"] in joint
    ]
    if not full[tie.i] or not world:
        return {"joint_igos": Evidence(rows)}
    mean = world[0]["mean_shared_share"]
    how = (
        f"{len(joint)} shared of the {len(full[tie.i])} full memberships of {tie.i}, less the "
        f"world's mean {mean:.4f}"
    )
    value = len(joint) / len(full[tie.i]) - mean
    return {"joint_igos": Evidence(rows, how, value)}


def _votes(tie: _Tie) -> dict[str, Evidence]:
    joint = tie.rows(
        "SELECT r.roll_call_id, r.date, r.resolution, r.title, a.vote AS vote_a, b.vote AS vote_b "
        "FROM core_un__roll_calls r JOIN core_un__votes a USING (roll_call_id) JOIN "
        "core_un__votes b USING (roll_call_id) WHERE r.body = 'GA' AND year(r.date) = ? AND "
        "a.iso3 = ? AND b.iso3 = ? AND a.vote <> 'X' AND b.vote <> 'X' ORDER BY r.date, r.title",
        *(tie.year, tie.i, tie.j),
    )
    n = len(joint)
    codes = [(_VOTES[r["vote_a"]][1], _VOTES[r["vote_b"]][1]) for r in joint]
    apart = [abs(a - b) / 2 for a, b in codes]
    margins = [[sum(code[side] == k for code in codes) for k in range(3)] for side in (0, 1)]
    by_chance = math.fsum(
        abs(a - b) / 2 * margins[0][a] * margins[1][b] for a in range(3) for b in range(3)
    )
    differing = sorted(
        ((d, r) for d, r in zip(apart, joint, strict=True) if d), key=lambda pair: -pair[0]
    )
    rows = [
        tie.row(
            "core_un__roll_calls",
            r,
            f"{r['date']} {r['resolution'] or 'no symbol'}: {tie.i} {_VOTES[r['vote_a']][0]}, "
            f"{tie.j} {_VOTES[r['vote_b']][0]}: {(r['title'] or '').split(' : resolution')[0]}",
            ("un",),
            _RECORD + r["roll_call_id"].partition("-")[2],
        )
        for _, r in differing
    ]
    opposed = sum(d == 1 for d in apart)
    how = (
        f"{n} votes of the Assembly in which both took part: {n - len(differing)} alike, "
        f"{len(differing) - opposed} half apart, {opposed} opposed"
    )
    if by_chance:
        how += (
            f"; kappa = 1 - {math.fsum(apart) / n:.4f} / {by_chance / n**2:.4f} (the distance "
            "that chance would give)"
        )
    value = 1 - math.fsum(apart) * n / by_chance if by_chance else None
    enough = n >= tie.definition.rules["minimum_joint_votes"]
    return {"vote_kappa": Evidence(rows, how, value if enough else None)}
