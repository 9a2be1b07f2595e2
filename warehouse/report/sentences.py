"""Figures put into words: every sentence of the report that holds a number.

Belongs here: wording that is right for any sign, size and state. Does not belong here: markup.
"""

from __future__ import annotations

from collections.abc import Sequence

from warehouse.report.data import Facts, Row

MEASURE = {
    "depth": "on the whole index",
    "costly": "in what is paid for",
    "declared": "in what is said",
}
# What is smaller is shown as 0.0 and called no difference.
SMALL = 0.05
# A number and its sign stay on one line.
NINETY = "90\u00a0%"


def the(state: str) -> str:
    """A state's name as it stands inside a sentence."""
    plural = state.startswith("United ") or state.endswith(("lands", "ines", "mas"))
    return f"the {state}" if plural else state


def capital(text: str) -> str:
    """A text with its first letter raised."""
    return text[:1].upper() + text[1:]


def whose(name: str) -> str:
    """The possessive of a name."""
    return f"{name}'" if name.endswith("s") else f"{name}'s"


def signed(value: float) -> str:
    """One decimal and a sign: a true minus, no sign for what rounds to zero."""
    return "0.0" if abs(value) < SMALL else f"{value:+.1f}".replace("-", "−")


def points(value: float) -> str:
    """A size in points, in the right number."""
    size = f"{abs(value):.1f}"
    return f"{size} point" if size == "1.0" else f"{size} points"


def listed(items: Sequence[str]) -> str:
    """Items with commas and a last 'and'."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def is_sure(row: Row) -> bool:
    """Whether the 90 % interval of a gap leaves zero out."""
    lo, hi = row["gap_lo90"], row["gap_hi90"]
    return lo is not None and hi is not None and lo * hi > 0


def deeper(facts: Facts, gap: float) -> tuple[str, str]:
    """The deeper and the shallower side of a gap, inside a sentence."""
    sides = (facts.bloc, the(facts.names[facts.question.focal]))
    return sides if gap > 0 else (sides[1], sides[0])


def finding(facts: Facts, principal: str, view: str, measure: str) -> str:
    """One gap of the report's year in a sentence."""
    name = the(facts.names[principal])
    focal = the(facts.names[facts.question.focal])
    row = facts.gap(principal, view, measure, facts.year)
    if row is None:
        return (
            f"{capital(name)}: too little is known {MEASURE[measure]} to compare {focal} and "
            f"{facts.bloc} in {facts.year}."
        )
    tie, for_ = {
        "principal": (f"{whose(name)} tie", "with"),
        "partner": (f"the tie to {name}", "for"),
        "mutual": (f"the tie with {name}, taken from both ends,", "for"),
    }[view]
    between = ""
    if row["gap_lo90"] is not None:
        between = f"{NINETY} interval {signed(row['gap_lo90'])} to {signed(row['gap_hi90'])}"
    if abs(row["gap"]) < SMALL:
        end = f" ({between})" if between else ""
        body = f"is as deep {for_} {focal} as {for_} {facts.bloc}{end}"
    else:
        more, less = deeper(facts, row["gap"])
        body = f"is deeper {for_} {more} than {for_} {less} by {points(row['gap'])}"
        if between and is_sure(row):
            body += f" ({between})"
        elif between:
            body += f", but not surely: the {between} holds zero"
    return f"In {facts.year} {tie} {body}.{averages(facts, row)}"


def averages(facts: Facts, row: Row) -> str:
    """The other averages of the bloc where their gaps differ in sign; else nothing."""
    if not row["has_sign_conflict"]:
        return ""
    best = facts.names.get(row["best_iso3"], row["best_iso3"])
    others = (
        ("weighted by trade", row["gap_trade_weighted"]),
        ("pooled into one", row["gap_pooled"]),
        (f"by the deepest of them, {the(best) if best else 'not named'}", row["gap_best"]),
    )
    parts = [f"{way} {signed(v)}" for way, v in others if v is not None]
    return f" The average matters: with {facts.bloc} {'; '.join(parts)}."


def hangs_on_a_choice(facts: Facts, row: Row) -> bool:
    """Whether another average of the bloc or another way of making the index turns a gap's sign."""
    key = (row["principal_iso3"], row["measure"])
    return row["has_sign_conflict"] or any(
        v["variant_gap"] is not None and v["variant_gap"] * row["gap"] < 0
        for v in facts.variants
        if (v["principal_iso3"], v["measure"]) == key
    )


def headline(facts: Facts) -> str:
    """The first sentence of the page: to which side each principal is tied more deeply."""
    focal = the(facts.names[facts.question.focal])
    firm: dict[str, list[str]] = {focal: [], facts.bloc: []}
    leaning: dict[str, list[str]] = {focal: [], facts.bloc: []}
    open_: list[str] = []
    for principal in facts.question.principals:
        row = facts.gap(principal, "principal", "depth", facts.year)
        name = the(facts.names[principal])
        if row is None or abs(row["gap"]) < SMALL or not is_sure(row):
            open_.append(name)
        elif hangs_on_a_choice(facts, row):
            leaning[deeper(facts, row["gap"])[0]].append(name)
        else:
            firm[deeper(facts, row["gap"])[0]].append(name)
    parts = [
        f"{listed(names)} {'is' if len(names) == 1 else 'are'} tied more deeply to {side}"
        for side, names in firm.items()
        if names
    ]
    parts += [
        f"{listed(names)} {'leans' if len(names) == 1 else 'lean'} towards {side}, but that hangs "
        "on how depth is measured"
        for side, names in leaning.items()
        if names
    ]
    if open_:
        parts.append(f"for {listed(open_)} the figures do not decide")
    return f"In {facts.year} {'; '.join(parts)}."


def short(facts: Facts, row: Row | None) -> str:
    """A gap in a few words."""
    if row is None:
        return "not known"
    if abs(row["gap"]) < SMALL:
        return "no difference"
    words = f"deeper with {deeper(facts, row['gap'])[0]}"
    return words if is_sure(row) else f"{words}, not surely"


def change(facts: Facts, principal: str, view: str, measure: str, years: int = 10) -> str:
    """How a gap moved over the last years; empty where either year is not known."""
    now = facts.gap(principal, view, measure, facts.year)
    then = facts.gap(principal, view, measure, facts.year - years)
    if now is None or then is None:
        return ""
    moved = now["gap"] - then["gap"]
    since = f"Since {facts.year - years} the gap"
    if abs(moved) < SMALL:
        return f"{since} has not moved."
    return f"{since} has moved {points(moved)} towards {deeper(facts, moved)[0]}."


def both_ends(facts: Facts, principal: str) -> str:
    """The tie with the focal state, from its two ends, in the last year both are known."""
    focal, name = the(facts.names[facts.question.focal]), the(facts.names[principal])
    rows = [r for r in facts.ends if r["principal_iso3"] == principal]
    if not rows:
        return f"{capital(name)}: the two ends of the tie with {focal} are not both known."
    row = rows[-1]
    lead = row["from_focal"] - row["from_principal"]
    if abs(lead) < SMALL:
        return f"In {row['year']} the tie weighs as much for {focal} as for {name}."
    more, less = (focal, name) if lead > 0 else (name, focal)
    high, low = sorted((row["from_focal"], row["from_principal"]), reverse=True)
    return (
        f"In {row['year']} the tie between {focal} and {name} weighs more for {more} ({high:.1f}) "
        f"than for {less} ({low:.1f})."
    )


def strongest(facts: Facts, principal: str) -> str:
    """The pillar that favours each side most, by the mean of the bloc less the focal state."""
    name, focal = the(facts.names[principal]), the(facts.names[facts.question.focal])
    found = contrasts(facts, principal)
    if not found:
        return f"{capital(name)}: the pillars of {facts.year} are not known on both sides."
    for_bloc = max(found, key=lambda p: found[p])
    for_focal = min(found, key=lambda p: found[p])
    parts = []
    if found[for_bloc] >= SMALL:
        parts.append(f"towards {facts.bloc} in {for_bloc} (by {points(found[for_bloc])})")
    if found[for_focal] <= -SMALL:
        parts.append(f"towards {focal} in {for_focal} (by {points(found[for_focal])})")
    if not parts:
        return f"{capital(name)}: no pillar separates the two sides in {facts.year}."
    return f"{capital(whose(name))} ties lean most {' and most '.join(parts)}."


def contrasts(facts: Facts, principal: str) -> dict[str, float]:
    """Each pillar's mean over the bloc's members known, less the focal state's, in points."""
    by: dict[str, dict[str, float]] = {}
    for r in facts.pillars:
        if (r["from_iso3"], r["year"]) == (principal, facts.year):
            by.setdefault(r["pillar"], {})[r["to_iso3"]] = r["score"]
    out = {}
    for pillar, scores in by.items():
        others = [v for s, v in scores.items() if s != facts.question.focal]
        if facts.question.focal in scores and others:
            out[pillar] = sum(others) / len(others) - scores[facts.question.focal]
    return out


def talk_and_substance(facts: Facts, principal: str) -> str:
    """Declared and costly depth of a principal's ties with both sides."""
    name, focal = the(facts.names[principal]), the(facts.names[facts.question.focal])
    said = facts.gap(principal, "principal", "declared", facts.year)
    paid = facts.gap(principal, "principal", "costly", facts.year)
    if said is None or paid is None:
        return f"{capital(name)}: what is said and what is paid for are not both known."
    lead = said["focal_depth"] - paid["focal_depth"]
    figures = f"({said['focal_depth']:.1f}) {{}} in what is paid for ({paid['focal_depth']:.1f})"
    if abs(lead) < SMALL:
        body = f"is as deep in what is said {figures.format('as')}"
    else:
        body = (
            f"is {'deeper' if lead > 0 else 'shallower'} in what is said {figures.format('than')}"
        )
    return (
        f"{capital(whose(name))} tie with {focal} {body}; with {facts.bloc} it is "
        f"{said['bloc_depth']:.1f} and {paid['bloc_depth']:.1f} on average."
    )


def arms_delivered(facts: Facts, principal: str, window: int) -> str:
    """What came in the window's years to the focal state and to a bloc member on average."""
    last = max((r["year"] for r in facts.arms), default=facts.year)
    name, focal = the(facts.names[principal]), the(facts.names[facts.question.focal])
    mine, theirs = (arms_sum(facts, principal, side, last, window) for side in (True, False))
    span = f"{last - window + 1} to {last}"
    if not mine and not theirs:
        return f"{capital(name)} delivered nothing to either side in {span}."
    return (
        f"In {span} {name} delivered {amount(mine)} to {focal} and, on average, "
        f"{amount(theirs)} to each of {facts.bloc}."
    )


def amount(tiv: float) -> str:
    """A volume of arms in words."""
    return f"{tiv:,.0f} million TIV" if tiv >= 0.5 else "nothing" if not tiv else "next to nothing"


def arms_sum(facts: Facts, principal: str, to_focal: bool, year: int, window: int) -> float:
    """Deliveries of the window's years that end in `year`, million TIV, mean over a bloc."""
    states = [facts.question.focal] if to_focal else list(facts.question.bloc_members)
    total = sum(
        r["tiv_millions"]
        for r in facts.arms
        if r["supplier_iso3"] == principal
        and r["recipient_iso3"] in states
        and year - window < r["year"] <= year
    )
    return float(total) / len(states)


def never_came(facts: Facts) -> str:
    """What the register says of orders without a delivery."""
    n = len(facts.orders)
    if not n:
        return (
            "Of arms that were ordered and never came this warehouse can say nothing: every order "
            "it holds has a delivery. That is missing data, not proof that all that was ordered "
            "came."
        )
    focal = sum(r["recipient_iso3"] == facts.question.focal for r in facts.orders)
    name = the(facts.names[facts.question.focal])
    return (
        f"The register holds {n} {'order' if n == 1 else 'orders'} without any delivery, {focal} "
        f"of {'it' if n == 1 else 'them'} by {name}; some may yet come."
    )


def difference(gap: float) -> str:
    """A gap with its sign, in words where there is none."""
    return "no difference" if abs(gap) < SMALL else signed(gap)


def depends(facts: Facts, principal: str, measure: str, labels: dict[str, str]) -> str:
    """In how many variants a gap keeps its sign, and which turn it."""
    name = capital(the(facts.names[principal]))
    rows = [
        r
        for r in facts.variants
        if (r["principal_iso3"], r["measure"]) == (principal, measure)
        and r["variant_gap"] is not None
        and r["gap"] is not None
    ]
    if not rows:
        return f"{name}, {MEASURE[measure]}: no other way of making the index can be tried."
    turned = [r for r in rows if r["variant_gap"] * r["gap"] <= 0]
    n = len(rows)
    ways = "way" if n == 1 else "ways"
    if not turned:
        return (
            f"{name}, {MEASURE[measure]}: the sign holds in {'the' if n == 1 else 'all'} {n} other "
            f"{ways} of making the index."
        )
    names = listed(
        [
            f"{labels.get(r['variant'], r['variant'])} ({difference(r['variant_gap'])})"
            for r in turned
        ]
    )
    return (
        f"{name}, {MEASURE[measure]}: the sign holds in {n - len(turned)} of {n} other {ways} of "
        f"making the index; not so: {names}."
    )


def largest_doubt(facts: Facts, principal: str, words: dict[str, str]) -> str:
    """The uncertain factor without which the interval would shrink most."""
    name = capital(the(facts.names[principal]))
    rows = [r for r in facts.factors if r["principal_iso3"] == principal]
    if not rows:
        return f"{name}: what the interval comes from is not known for {facts.year}."
    top = max(rows, key=lambda r: r["total_order"])
    return (
        f"{name}: the largest source of doubt is "
        f"{words.get(top['factor'], top['factor'].replace('_', ' '))} "
        f"({100 * top['total_order']:.0f}\u00a0% of the variance)."
    )
