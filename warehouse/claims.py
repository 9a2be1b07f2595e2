"""What is claimed of Iran's ties with China and Russia, held against the tables one by one.

Belongs here: the claims, the figures each is held against, and the words around them. Does not
belong here: any figure or verdict, both of which come from the warehouse (`page` is rebuilt and
compared by a test).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb

from warehouse.answers import connect
from warehouse.publish import LINK
from warehouse.reading import Reader, Row, figure, span
from warehouse.report.sentences import capital, listed, signed

QUESTION = "iran_gulf"
CRISIS = "2025-june"
POWERS = ("CHN", "RUS")
# Since when the two ends of a tie are compared, and from when change is told.
SINCE = 2005
FROM_YEAR = 2014

Holds = Literal["yes", "no", "open", "not measurable"]


@dataclass(frozen=True)
class Finding:
    """One figure that bears on a claim.

    Parameters
    ----------
    text : str
        The sentence with the figure.
    holds : {'yes', 'no', 'open', 'not measurable'}
        Whether it is as the claim has it; open where its interval leaves both possible.
    """

    text: str
    holds: Holds


@dataclass(frozen=True)
class Claim:
    """A claim, and what the tables say to it.

    Parameters
    ----------
    title : str
    findings : tuple of Finding
    limits : str
        What the figures cannot say.
    tables : tuple of str
        Where they come from.
    """

    title: str
    findings: tuple[Finding, ...]
    limits: str
    tables: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """Supported if every figure is as claimed, partly if some are; without any, not supported.

        Where no figure decides, the claim is not measurable here.
        """
        said = [f.holds for f in self.findings]
        if all(h == "yes" for h in said):
            return "supported"
        if "yes" in said:
            return "partly"
        return "not supported" if "no" in said else "not measurable here"


def _yes(condition: bool) -> Holds:
    return "yes" if condition else "no"


def _above(lo: float | None, value: float | None, hi: float | None) -> Holds:
    """Whether a figure is above zero, by its interval."""
    if value is None:
        return "not measurable"
    if lo is None or hi is None:
        return _yes(value > 0)
    return "yes" if lo > 0 else "no" if hi < 0 else "open"


def _count(n: int, one: str, more: str = "") -> str:
    return f"{n or 'no'} {one if n == 1 else more or one + 's'}"


def _between(lo: float, hi: float) -> str:
    return f"{signed(lo)} to {signed(hi)}"


def no_alliance(t: Reader) -> Iterator[Finding]:
    """No reciprocal alliance."""
    day = t.one("SELECT min(start_date) FROM out_crises__responses WHERE crisis_id = ?", CRISIS)
    for power in POWERS:
        pacts = t.rows(
            """
            SELECT DISTINCT to_iso3 FROM core_treaties__commitments
            WHERE from_iso3 = ? AND has_defense AND kind <> 'dormant_pact' AND start_date <= ?
              AND (end_date IS NULL OR end_date >= ?) ORDER BY 1
            """,
            power,
            day,
            day,
        )
        whom = [r["to_iso3"] for r in pacts]
        yield Finding(
            f"When Iran was struck, {t.name(power)} had a duty to defend "
            f"{_count(len(whom), 'state')} of the panel ({listed([t.name(w) for w in whom])}); "
            f"Iran was {'one of them' if 'IRN' in whom else 'not among them'}.",
            _yes("IRN" not in whom),
        )
    (row,) = t.rows(
        """
        SELECT count(DISTINCT from_iso3) FILTER (to_iso3 = 'IRN') AS to_iran,
               count(DISTINCT to_iso3) FILTER (from_iso3 = 'IRN') AS by_iran
        FROM core_treaties__commitments
        WHERE has_defense AND start_date <= ? AND (end_date IS NULL OR end_date >= ?)
        """,
        day,
        day,
    )
    yield Finding(
        f"{capital(_count(row['to_iran'], 'state'))} of the panel had a duty to defend Iran, and "
        f"Iran had one to {_count(row['by_iran'], 'state')}.",
        _yes(row["to_iran"] == 0 and row["by_iran"] == 0),
    )


def no_clause(t: Reader) -> Iterator[Finding]:
    """No mutual-defence clause."""
    for power in POWERS:
        rows = t.rows(
            """
            SELECT instrument, kind, start_date,
                   has_defense, has_neutrality, has_nonaggression, has_consultation
            FROM core_treaties__commitments
            WHERE from_iso3 = ? AND to_iso3 = 'IRN' AND start_date >= '1946-03-03'
            ORDER BY start_date
            """,
            power,
        )
        told = [
            f"{_instrument(r)} ({r['start_date'].year}: {listed(_clauses(r)) or 'no such clause'})"
            for r in rows
        ]
        yield Finding(
            f"{capital(t.name(power))} and Iran, since the war-time treaty of 1942 ended: "
            f"{'; '.join(told)}. With a defence clause: "
            f"{_count(sum(r['has_defense'] for r in rows), 'instrument')}.",
            _yes(not any(r["has_defense"] for r in rows)),
        )


def _instrument(row: Row) -> str:
    return str(row["instrument"])


def _clauses(row: Row) -> list[str]:
    words = {
        "has_defense": "defence",
        "has_neutrality": "neutrality",
        "has_nonaggression": "non-aggression",
        "has_consultation": "consultation",
    }
    return [word for flag, word in words.items() if row[flag]]


def overstated(t: Reader) -> Iterator[Finding]:
    """The view from Tehran overstates the tie."""
    for power in POWERS:
        row = t.row(
            """
            SELECT max_by(perception_gap, year) AS gap, max_by(depth, year) AS depth,
                   count(*) FILTER (perception_gap > 0) AS n, count(perception_gap) AS years
            FROM out_depth__yearly_dyads
            WHERE from_iso3 = 'IRN' AND to_iso3 = ? AND year BETWEEN ? AND ?
              AND perception_gap IS NOT NULL
            """,
            power,
            SINCE,
            t.year,
        )
        yield Finding(
            f"{t.year}, seen from Iran the tie with {t.name(power)} is {row['depth']:.1f} deep, "
            f"seen from {t.name(power)} {row['depth'] - row['gap']:.1f}: a difference of "
            f"{signed(row['gap'])}. It was above zero in {row['n']} of {row['years']} years since "
            f"{SINCE}.",
            _yes(row["gap"] > 0 and row["n"] > row["years"] / 2),
        )
        trade = t.rows(
            """
            SELECT from_iso3, value FROM out_indicators__yearly_dyads
            WHERE indicator = 'trade_share' AND year = ?
              AND (from_iso3, to_iso3) IN (('IRN', ?), (?, 'IRN'))
            """,
            t.year,
            power,
            power,
        )
        share = {r["from_iso3"]: r["value"] for r in trade}
        yield Finding(
            f"{capital(t.name(power))} has {share['IRN']:.1f} % of Iran's trade in goods, Iran "
            f"{share[power]:.2f} % of that of {t.name(power)} (mean of three years).",
            _yes(share["IRN"] > share[power]),
        )
    row = t.row(
        "SELECT tau_b, tau_b_lo90, tau_b_hi90, depth_tau_b, tau_b_difference_lo90, "
        "tau_b_difference, tau_b_difference_hi90 FROM out_crises__association "
        "WHERE variant = 'headline' AND predictor = ?",
        "depth_from_target",
    )
    yield Finding(
        f"In past crises the partner's view went with what the partner did by a tau-b of "
        f"{figure(row['depth_tau_b'])}, the target's view by {figure(row['tau_b'])}; difference "
        f"{span(row, 'tau_b_difference', '+.2f')}.",
        _above(row["tau_b_difference_lo90"], row["tau_b_difference"], row["tau_b_difference_hi90"]),
    )


def arms_that_did_not_come(t: Reader) -> Iterator[Finding]:
    """Iran failed to obtain the S-400 and the Su-35."""
    said = {
        "refused": "reported as refused",
        "declined": "offered, and declined by Iran",
        "ordered": "ordered",
        "delivered_late": "ordered, held back and delivered in the end",
    }
    for r in t.rows(
        "SELECT * FROM out_arms__sought WHERE recipient_iso3 = ? ORDER BY year, designation", "IRN"
    ):
        came = (
            f"the register has a delivery in {r['register_year']}"
            if r["is_delivered"]
            else f"no delivery in the register to {r['last_register_year']}"
        )
        # What Iran did not want it did not fail to get.
        yield Finding(
            f"{r['designation']}, {r['year']}: {said[r['outcome']]}; {came}.",
            _yes(r["outcome"] != "declined" and not r["is_delivered"]),
        )
    newest = {
        r["recipient_iso3"]: r
        for r in t.rows(
            """
            SELECT recipient_iso3, newest_generation, latest_year FROM out_arms__yearly_classes
            WHERE category = 'combat_aircraft'
              AND year = (SELECT max(year) FROM out_arms__yearly_classes)
            """
        )
    }
    gulf = {k: r["newest_generation"] for k, r in newest.items() if k != "IRN"}
    best = max(v for v in gulf.values() if v is not None)
    yield Finding(
        f"Iran's last combat aircraft from China, Russia or the United States came in "
        f"{newest['IRN']['latest_year']}, of generation {newest['IRN']['newest_generation']:g} at "
        f"most; {listed([t.name(k) for k, v in sorted(gulf.items()) if v == best])} have {best:g} "
        "from these three (European aircraft are not in the register at hand).",
        _yes(best > newest["IRN"]["newest_generation"]),
    )


def hormuz(t: Reader) -> Iterator[Finding]:
    """China is restrained by the Strait of Hormuz."""
    row = t.row(
        """
        SELECT i.year, import_share_pct, import_share_lo_pct, import_share_hi_pct,
               100 * e.sold_usd / i.imports_usd AS iran_pct
        FROM out_hormuz__yearly_importers i
        JOIN out_hormuz__yearly_exporters e USING (importer_iso3, year)
        WHERE importer_iso3 = 'CHN' AND exporter_iso3 = 'IRN' AND n_known > 0
        ORDER BY year DESC LIMIT 1
        """
    )
    others = row["import_share_lo_pct"] - row["iran_pct"]
    yield Finding(
        f"States behind the strait supplied {row['import_share_pct']:.1f} % of China's imports in "
        f"{row['year']} ({row['import_share_lo_pct']:.1f} to {row['import_share_hi_pct']:.1f} by "
        f"the estimates of unrecorded oil), Iran {row['iran_pct']:.1f} % of them all.",
        _yes(others > row["iran_pct"]),
    )
    crude = t.row(
        """
        SELECT * FROM out_hormuz__yearly_crude_shares WHERE share_mid_pct IS NOT NULL
        ORDER BY n_known DESC, year DESC LIMIT 1
        """
    )
    yield Finding(
        f"Of China's crude of {crude['year']} at least {crude['share_lo_pct']:.0f} %, best figure "
        f"{crude['share_mid_pct']:.0f} %, passed the strait ({crude['n_known']} of "
        f"{crude['n_behind']} suppliers behind it are known).",
        _yes(crude["share_lo_pct"] > 10),
    )
    sold = t.rows(
        """
        SELECT exporter_iso3, export_share_pct, sold_usd FROM out_hormuz__yearly_exporters
        WHERE importer_iso3 = 'CHN' AND year = ? ORDER BY export_share_pct DESC
        """,
        t.year,
    )
    by = {r["exporter_iso3"]: r for r in sold}
    ahead = [t.name(r["exporter_iso3"]) for r in sold[: list(by).index("IRN")]]
    yield Finding(
        f"Closing it would hurt the seller too: {by['IRN']['export_share_pct']:.0f} % of Iran's "
        f"exports of {t.year} went to China (with the unrecorded oil); of the Gulf's sellers "
        f"{listed(ahead) or 'none'} depend{'s' if len(ahead) == 1 else ''} on it more.",
        _yes(len(ahead) < len(sold) / 2),
    )
    yield Finding(
        "Whether exposure is what held China back is a question of motive; no table has it.",
        "not measurable",
    )


def corridors(t: Reader) -> Iterator[Finding]:
    """Iran stands low in China's and Russia's trade and corridors."""
    for power in POWERS:
        now, then = (
            t.row(
                """
                WITH shares AS (
                    SELECT to_iso3, value, rank() OVER (ORDER BY value DESC) AS place,
                           count(*) OVER () AS n
                    FROM out_indicators__yearly_dyads
                    WHERE indicator = 'trade_share' AND from_iso3 = ? AND year = ?
                      AND value IS NOT NULL
                )
                SELECT value, place, n,
                       (SELECT count(*) FROM shares JOIN core_geo__groups g ON g.iso3 = to_iso3
                        WHERE g.group_id = 'gulf' AND shares.value > own.value) AS ahead
                FROM shares own WHERE to_iso3 = 'IRN'
                """,
                power,
                year,
            )
            for year in (t.year, FROM_YEAR)
        )
        yield Finding(
            f"Iran's share of the trade of {t.name(power)} was {then['value']:.2f} % in "
            f"{FROM_YEAR} (place {then['place']} of {then['n']}) and {now['value']:.2f} % in "
            f"{t.year} (place {now['place']} of {now['n']}); {_count(now['ahead'], 'Gulf state')} "
            f"{'has' if now['ahead'] == 1 else 'have'} more.",
            _yes(now["place"] > now["n"] / 4),
        )
    rows = t.rows(
        """
        SELECT event, principal_iso3, year, effect, p, status FROM out_events__effects
        WHERE partner_iso3 = ? AND view = 'principal' AND measure = 'depth_without_treaties'
          AND event IN ('north_south', 'belt_and_road', 'sco', 'brics') ORDER BY year, event
        """,
        "IRN",
    )
    said = {
        "north_south": "the North-South corridor",
        "belt_and_road": "the Belt and Road",
        "sco": "the Shanghai Organisation",
        "brics": "BRICS",
    }
    for r in rows:
        what = f"{said[r['event']]} ({r['year']}), seen from {t.name(r['principal_iso3'])}"
        if r["status"] != "measured" or r["p"] is None:
            yield Finding(
                f"Whether {what}, deepened the tie cannot be measured yet.", "not measurable"
            )
        else:
            yield Finding(
                f"After {what}, the tie moved by {signed(r['effect'])} points against others "
                f"(without the treaty pillar); {r['p']:.0%} of the pair's other years did as well.",
                _yes(r["effect"] <= 0 or r["p"] > 0.1),
            )


def gulf_strong(t: Reader) -> Iterator[Finding]:
    """The Gulf states have strong ties with China and Russia."""
    words = {"depth": "on the whole index", "costly": "in what is paid for"}
    for power in POWERS:
        for measure, said in words.items():
            now, then = (
                t.row(
                    """
                    SELECT bloc_depth, focal_depth, gap, gap_lo90, gap_hi90 FROM out_gap__yearly
                    WHERE question = ? AND principal_iso3 = ? AND view = 'principal'
                      AND measure = ? AND year = ?
                    """,
                    QUESTION,
                    power,
                    measure,
                    year,
                )
                for year in (t.year, FROM_YEAR)
            )
            yield Finding(
                f"{capital(t.name(power))}, {said}: the Gulf mean is {now['bloc_depth']:.1f}, Iran "
                f"{now['focal_depth']:.1f}; gap {signed(now['gap'])} "
                f"({_between(now['gap_lo90'], now['gap_hi90'])}), {signed(then['gap'])} in "
                f"{FROM_YEAR}.",
                _above(now["gap_lo90"], now["gap"], now["gap_hi90"]),
            )


def rivals(t: Reader) -> Iterator[Finding]:
    """Israel and the West weigh more in Chinese and Russian calculation than Iran."""
    for power in POWERS:
        for other in ("USA", "ISR"):
            row = t.row(
                """
                SELECT depth, depth_lo90, depth_hi90, focal_depth, costly_depth, focal_costly_depth
                FROM out_rivals__yearly_ties
                WHERE question = ? AND principal_iso3 = ? AND other_iso3 = ? AND year = ?
                """,
                QUESTION,
                power,
                other,
                t.year,
            )
            lead = row["costly_depth"] - row["focal_costly_depth"]
            yield Finding(
                f"{capital(t.name(power))} with {t.name(other)}: {row['depth']:.1f} "
                f"({row['depth_lo90']:.1f} to {row['depth_hi90']:.1f}) on the whole index, "
                f"{row['costly_depth']:.1f} in what is paid for; with Iran "
                f"{row['focal_depth']:.1f} and {row['focal_costly_depth']:.1f}.",
                _yes(lead > 0),
            )
        row = t.row(
            """
            SELECT n_rivals, n_known, rival_depth, rival_depth_lo90, rival_depth_hi90,
                   deepest_rival_iso3, depth, rival_ratio
            FROM out_rivals__yearly_dyads WHERE from_iso3 = ? AND to_iso3 = 'IRN' AND year = ?
            """,
            power,
            t.year,
        )
        yield Finding(
            f"Its deepest tie with a rival of Iran ({row['n_known']} of {row['n_rivals']} known) "
            f"is that with {t.name(row['deepest_rival_iso3'])}, {row['rival_depth']:.1f} "
            f"({row['rival_depth_lo90']:.1f} to {row['rival_depth_hi90']:.1f}): "
            f"{row['rival_ratio']:.2f} times that with Iran.",
            "yes"
            if row["rival_depth_lo90"] > row["depth"]
            else "no"
            if row["rival_depth_hi90"] < row["depth"]
            else "open",
        )


def breadth(t: Reader) -> Iterator[Finding]:
    """The Gulf states are tied to several powers, Iran stays outside alliances."""
    rows = t.rows(
        """
        SELECT iso3, n_deep_median, n_deep_quartile, mean_depth, effective_powers
        FROM out_breadth__state_years
        WHERE powers = 'principals' AND measure = 'depth' AND view = 'power' AND year = ?
          AND iso3 IN (SELECT iso3 FROM core_geo__groups WHERE group_id = 'gulf' UNION SELECT 'IRN')
        ORDER BY iso3
        """,
        t.year,
    )
    iran = next(r for r in rows if r["iso3"] == "IRN")
    gulf = [r for r in rows if r["iso3"] != "IRN"]
    known = [r for r in gulf if r["effective_powers"] is not None]
    spread = listed([f"{t.name(r['iso3'])} {r['effective_powers']:.1f}" for r in known])
    yield Finding(
        f"Ties with China, Russia and the United States spread as evenly as over "
        f"{iran['effective_powers']:.1f} powers for Iran; over {spread}.",
        _yes(all(r["effective_powers"] > iran["effective_powers"] for r in known)),
    )
    for column, words in (
        ("n_deep_median", "the median of"),
        ("n_deep_quartile", "the lowest quarter of"),
    ):
        deep = [r for r in gulf if r[column]]
        yield Finding(
            f"As deep as {words} a power's ties with its known allies: Iran with "
            f"{_count(iran[column], 'power')}; Gulf states with two powers or more: "
            f"{_count(sum((r[column] or 0) > 1 for r in gulf), 'state')}, with one: "
            f"{_count(sum(r[column] == 1 for r in deep), 'state')}.",
            _yes(any((r[column] or 0) > iran[column] for r in gulf)),
        )
    mean = [r["mean_depth"] for r in gulf if r["mean_depth"] is not None]
    yield Finding(
        f"How deep these ties are on average is another matter: Iran {iran['mean_depth']:.1f}, the "
        f"Gulf states {min(mean):.1f} to {max(mean):.1f}.",
        _yes(sum(mean) / len(mean) > iran["mean_depth"]),
    )


def no_more_than_words(t: Reader) -> Iterator[Finding]:
    """In June 2025 China and Russia gave Iran no more than words, and it could be foreseen."""
    for power in POWERS:
        row = t.row(
            "FROM out_crises__responses "
            "WHERE crisis_id = ? AND target_iso3 = 'IRN' AND partner_iso3 = ?",
            CRISIS,
            power,
        )
        yield Finding(
            f"{capital(t.name(power))}: rung {row['response']} of 7, {row['response_code']}. "
            f"{row['response_note']}",
            _yes(row["response"] <= 1),
        )
        yield Finding(
            f"Money, arms, support or force from {t.name(power)}: "
            f"{'none is recorded' if row['response'] < 3 else 'recorded'}.",
            _yes(row["response"] < 3),
        )
        seen = {
            r["predictor"]: r
            for r in t.rows(
                "SELECT * FROM out_crises__calibration WHERE sample = ? "
                "AND outcome = 'arms_or_more'",
                f"iran_{power.lower()}",
            )
        }
        own, other = seen["depth"], seen["depth_from_target"]
        yield Finding(
            f"From the crises before 2025 the depth of {t.name(power)}'s tie gave arms or more a "
            f"probability of {own['predicted']:.0%} ({own['predicted_lo90']:.0%} to "
            f"{own['predicted_hi90']:.0%}); the view from Tehran gave {other['predicted']:.0%}.",
            "yes"
            if own["predicted_hi90"] < 0.5
            else "no"
            if own["predicted_lo90"] > 0.5
            else "open",
        )
    row = t.row("FROM out_crises__prediction WHERE predictor = 'depth'")
    yield Finding(
        f"Over all crises, forecasts by depth had a skill of {span(row, 'skill')} over the plain "
        "shares of responses (0 is none): that so little came was the likeliest outcome for any "
        "partner, not one that depth singles out.",
        _above(row["skill_lo90"], row["skill"], row["skill_hi90"]),
    )


CLAIMS: tuple[tuple[str, Callable[[Reader], Iterator[Finding]], str, tuple[str, ...]], ...] = (
    (
        "Iran has no reciprocal alliance",
        no_alliance,
        "Treaties are those of ATOP to 2018 and of the project's own list after it; secret ones "
        "are in neither. A treaty is a promise, not a deed.",
        ("core_treaties__commitments",),
    ),
    (
        "No treaty with China or Russia has a mutual-defence clause",
        no_clause,
        "Numbers of ATOP stand for the treaties in it. For the youngest instruments the clauses "
        "follow published texts or reports of them.",
        ("core_treaties__commitments",),
    ),
    (
        "The view from Tehran overstates the tie",
        overstated,
        "Votes, obligations and memberships are nearly the same from both ends; what differs is "
        "trade and arms.",
        ("out_depth__yearly_dyads", "out_indicators__yearly_dyads", "out_crises__association"),
    ),
    (
        "Iran failed to obtain what it sought from Russia, the S-400 and the Su-35 above all",
        arms_that_did_not_come,
        "That Russia refused the S-400 rests on unnamed officials and was denied in Moscow; in "
        "2016 it was Iran that did not want it. The register records deliveries, not requests.",
        ("out_arms__sought", "out_arms__yearly_classes"),
    ),
    (
        "China is restrained by the Strait of Hormuz",
        hormuz,
        "Crude is known for few suppliers and years, and the shares that pass the strait are those "
        "of about 2024.",
        (
            "out_hormuz__yearly_importers",
            "out_hormuz__yearly_exporters",
            "out_hormuz__yearly_crude_shares",
        ),
    ),
    (
        "Iran stands low in the trade and corridors of China and Russia",
        corridors,
        "Low is the lower three quarters of the states of the panel with a known share. Transit "
        "through a corridor is not in any table, only the trade of the two ends.",
        ("out_indicators__yearly_dyads", "out_events__effects"),
    ),
    (
        "The Gulf states' ties with China and Russia are the stronger ones",
        gulf_strong,
        "Russia's ties with Qatar and Bahrain have no sourced trade in the last years; its Gulf "
        "mean is over the others.",
        ("out_gap__yearly",),
    ),
    (
        "Israel and the West weigh more with China and Russia than Iran does",
        rivals,
        "A tie is as claimed where it is deeper in what is paid for. The list of rivals is not "
        "complete. Europe's weight is not in these figures.",
        ("out_rivals__yearly_ties", "out_rivals__yearly_dyads"),
    ),
    (
        "The Gulf states are tied to several powers, Iran is outside alliances",
        breadth,
        "Evenness says nothing of depth, and the thresholds are those of formal allies, which the "
        "Gulf states are not.",
        ("out_breadth__state_years",),
    ),
    (
        "In June 2025 China and Russia gave words, and it could be foreseen",
        no_more_than_words,
        "Two outcomes judge no probability; docs/VALIDITY.md has the test over all crises.",
        ("out_crises__responses", "out_crises__calibration"),
    ),
)


def claims(con: duckdb.DuckDBPyConnection) -> list[Claim]:
    """Hold every claim against the tables of a warehouse."""
    tables = Reader(con)
    return [
        Claim(title, tuple(find(tables)), limits, names) for title, find, limits, names in CLAIMS
    ]


_MARK = {"yes": "as claimed", "no": "not so", "open": "open", "not measurable": "not measurable"}


def page(link: Path = LINK) -> str:
    """Write the page of claims in Markdown.

    Raises
    ------
    NoWarehouse
        If none has been built.
    """
    with connect(link) as con:
        found = claims(con)
        method = Reader(con).method
    lines = [
        "# The claims on Iran and its partners, one by one",
        "",
        f"Written by `alliance-depth claims` from the tables named under each claim, method "
        f"{method}; do not edit. Every figure and every verdict is computed. A claim is "
        "*supported* where all its figures are as claimed, *partly* where some are, *not "
        "supported* where none is, and *not measurable here* where none decides. Depth runs from "
        "0, no tie, to 100; intervals are 90 %. A figure is open where its interval leaves both "
        "possible.",
        "",
        "| claim | verdict | as claimed | not so | open or not measurable |",
        "|---|---|---:|---:|---:|",
    ]
    for c in found:
        said = [f.holds for f in c.findings]
        yes, no = said.count("yes"), said.count("no")
        lines.append(f"| {c.title} | **{c.verdict}** | {yes} | {no} | {len(said) - yes - no} |")
    for c in found:
        lines += ["", f"## {c.title}: {c.verdict}", ""]
        lines += [f"- {f.text} *{capital(_MARK[f.holds])}.*" for f in c.findings]
        lines += ["", f"{c.limits} From {listed([f'`{n}`' for n in c.tables])}."]
    return "\n".join(lines) + "\n"
