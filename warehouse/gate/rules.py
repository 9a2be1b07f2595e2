"""The written rules: what must hold across tables, in the figures, and since the last release.

A rule is a sentence and an SQL query, and nothing else. Without a band the query returns the rows
that must not be there; with one it returns figures (column ``value``, beside what they belong to),
each of which must lie in the band. Tables of the last release are read as ``before.<table>``.

Does not belong here: what follows from the registry by itself (`checks`).
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas import REGISTRY, Table
from schemas.fields import ISO3_PATTERN

# Two figures that should be one, after arithmetic in doubles.
EQUAL = 1e-9
# SIPRI publishes hundredths, and its own tables round.
TIV_TOLERANCE = 0.5
# Ends of intervals are quantiles of single-precision draws; the headline is a double.
INTERVAL_TOLERANCE = 0.01
# Of 1,000 draws: what an end of a 90 % interval beyond 0 says, less one draw.
SURE = 0.949
# Points by which a depth or a gap may move while sources and method are the same.
MOST_MOVE = 10
# Share of all ties that may move by more than that when sources alone have changed.
MOST_MOVED = 0.1
# Share of its rows a table must keep.
ROWS_KEPT = 0.98
QUESTION_SINCE = 1971
FOCAL_AND_BLOC = ("IRN", "SAU", "ARE", "QAT", "KWT", "BHR", "OMN")
PRINCIPALS = ("CHN", "RUS", "USA")
# Names of the two ends of a tie, by which a key shows that a table holds pairs.
ENDS = (("from_iso3", "to_iso3"), ("supplier_iso3", "recipient_iso3"))
# A principal's ranking has no other order, and rivals are those of the state at the far end.
ONE_WAY = ("out_ranks__yearly_dyads", "out_rivals__yearly_dyads")
WORLD = "WLD"
# SIPRI's register names territories beside states.
WITH_TERRITORIES = ("core_arms__deliveries", "core_arms__yearly_totals")
# A rank counts whole ties; a draw of single precision may set two equal ones apart.
RANK_TOLERANCE = 1

DEPTH, GAP = "out_depth__yearly_dyads", "out_gap__yearly"
PILLARS, INDICATORS = "out_pillars__yearly_dyads", "out_indicators__yearly_dyads"
_TIE = "from_iso3, to_iso3, year"
_GAP_KEY = "question, principal_iso3, view, measure, year"


@dataclass(frozen=True)
class Rule:
    """One written rule.

    Parameters
    ----------
    suite : str
        Suite of `result.SUITES`.
    table : str
        The table it is about.
    says : str
        What must hold.
    query : str
        SQL: rows that must not be there, or figures in a column ``value``.
    band : (float or None, float or None), optional
        Lowest and highest figure, inclusive.
    quick : str
        SQL for one truth: whether it is certain without the query that no row is at fault.
    """

    suite: str
    table: str
    says: str
    query: str
    band: tuple[float | None, float | None] | None = None
    quick: str = ""


def _pairs(table: Table) -> tuple[str, ...] | None:
    """The two fields that name the ends of a tie, of a table with both orders of each pair."""
    if not table.name.endswith("_dyads") or table.name in ONE_WAY:
        return None
    return next((ends for ends in ENDS if set(ends) <= set(table.key)), None)


def both_orders() -> list[Rule]:
    """One rule for each table of pairs: the other order is there, and no state has a tie to itself.

    Raw tables are as their sources give them.
    """
    rules = []
    for name, table in sorted(REGISTRY.items()):
        ends = _pairs(table)
        if ends is None or table.layer == "raw":
            continue
        a, b = ends
        rest = [k for k in table.key if k not in ends]
        same = "".join(f" AND o.{k} = t.{k}" for k in rest)
        one, other = (f"hash({', '.join([*pair, *rest])})" for pair in ((a, b), (b, a)))
        rules.append(
            Rule(
                "consistency",
                name,
                "Both orders of each pair are there, and no state is paired with itself",
                f"SELECT {', '.join(table.key)} FROM {name} t WHERE {a} = {b} OR NOT EXISTS "
                f"(FROM {name} o WHERE o.{a} = t.{b} AND o.{b} = t.{a}{same})",
                # As many keys one way as the other: two sums over all rows, and no join of a
                # table with itself. They would hide a fault once in 2**64 tables.
                quick=f"SELECT coalesce(sum({one}) = sum({other}) AND bit_xor({one}) = "
                f"bit_xor({other}) AND NOT bool_or({a} = {b}), true) FROM {name}",
            )
        )
    return rules


def _symmetric(name: str, fields: list[str], time: str, says: str) -> Rule:
    """The fields have one value for both orders of a pair; each pair at fault is named once."""
    differ = "(one IS NULL) <> (other IS NULL) OR abs(one - other) > " + str(EQUAL)
    fields_of = ", ".join(
        f"{{field: '{f}', one: a.{f}::DOUBLE, other: b.{f}::DOUBLE}}" for f in fields
    )
    return Rule(
        "consistency",
        name,
        says,
        f"""
        WITH pairs AS (
            SELECT a.from_iso3, a.to_iso3, a.{time}, [{fields_of}] AS fields
            FROM {name} a JOIN {name} b
              ON b.from_iso3 = a.to_iso3 AND b.to_iso3 = a.from_iso3 AND b.{time} = a.{time}
            WHERE a.from_iso3 < a.to_iso3),
        seen AS (SELECT * EXCLUDE (fields), unnest(fields, recursive := true) FROM pairs)
        SELECT from_iso3, to_iso3, {time}, field, one AS one_way, other AS other_way
        FROM seen WHERE {differ}
        """,
    )


def _known_states() -> list[Rule]:
    """Every code of a state in a table is one of `core_geo__states`."""
    rules = []
    exempt = ("core_geo__states", *WITH_TERRITORIES)
    for name, table in sorted(REGISTRY.items()):
        codes = [f.name for f in table.fields if f.pattern == ISO3_PATTERN]
        if table.layer not in ("core", "out") or not codes or name in exempt:
            continue
        found = " UNION ALL ".join(
            f"SELECT '{c}' AS field, {c} AS code, count(*) AS rows FROM {name} GROUP BY {c}"
            for c in codes
        )
        rules.append(
            Rule(
                "consistency",
                name,
                "Every code of a state is in core_geo__states",
                f"SELECT field, code, rows FROM ({found}) WHERE code IS NOT NULL "
                f"AND code <> '{WORLD}' AND code NOT IN (SELECT iso3 FROM core_geo__states)",
            )
        )
    return rules


def _owed(holds: str, says: str) -> Rule:
    """A fact of who owes defence to whom: no tie with another answer."""
    return Rule(
        "plausibility",
        "core_treaties__yearly_dyads",
        says,
        f"SELECT {_TIE}, has_defense FROM core_treaties__yearly_dyads WHERE {holds}",
    )


def _tiv(end: str, total: str, what: str) -> Rule:
    return Rule(
        "consistency",
        "core_arms__yearly_dyads",
        f"A state's {what} to and from the pairs here are no more than its published total "
        f"(within {TIV_TOLERANCE} million TIV)",
        f"""
        WITH ours AS (SELECT {end} AS iso3, year, sum(tiv_millions) AS sum_of_pairs
                      FROM core_arms__yearly_dyads GROUP BY ALL)
        SELECT iso3, year, sum_of_pairs, {total} AS published
        FROM ours LEFT JOIN core_arms__yearly_totals USING (iso3, year)
        WHERE sum_of_pairs > coalesce({total}, 0) + {TIV_TOLERANCE}
        """,
    )


CONSISTENCY = (
    *both_orders(),
    *_known_states(),
    Rule(
        "consistency",
        "core_geo__state_years",
        "A state counts in a year only if it existed on 1 July",
        """
        SELECT iso3, year, start_date, end_date
        FROM core_geo__state_years LEFT JOIN core_geo__states USING (iso3)
        WHERE start_date > make_date(year, 7, 1) OR end_date < make_date(year, 7, 1)
        """,
    ),
    *(
        _symmetric(
            name,
            ["n_joint", "agreement", "identical_share", "s_score", "kappa", "pi"],
            time,
            "Votes of two states agree as much from either end: counts, agreement, S, kappa, pi",
        )
        for name, time in (("core_un__session_dyads", "session"), ("core_un__yearly_dyads", "year"))
    ),
    _symmetric(
        "core_treaties__yearly_dyads",
        ["is_suspended", "economic_agreements"],
        "year",
        "War and economic agreements are the same from either end",
    ),
    Rule(
        "consistency",
        "core_un__votes",
        "No more votes of a kind than the roll call's own count",
        """
        WITH ours AS (
            SELECT roll_call_id, count(*) FILTER (vote = 'Y') AS votes_yes,
                   count(*) FILTER (vote = 'N') AS votes_no,
                   count(*) FILTER (vote = 'A') AS votes_abstain,
                   count(*) FILTER (vote = 'X') AS votes_absent
            FROM core_un__votes GROUP BY ALL)
        SELECT roll_call_id, votes_yes, yes, votes_no, no, votes_abstain, abstain, votes_absent,
               absent
        FROM ours LEFT JOIN core_un__roll_calls r USING (roll_call_id)
        WHERE r.roll_call_id IS NULL OR votes_yes > yes OR votes_no > no
           OR votes_abstain > abstain OR votes_absent > absent
        """,
    ),
    _tiv("supplier_iso3", "exports_tiv_millions", "arms exports"),
    _tiv("recipient_iso3", "imports_tiv_millions", "arms imports"),
    Rule(
        "consistency",
        "core_arms__yearly_dyads",
        f"Where the register lists deliveries, they add up to the pair's year (within "
        f"{TIV_TOLERANCE} million TIV)",
        f"""
        WITH register AS (
            SELECT supplier_iso3, recipient_iso3, delivery_year AS year,
                   sum(tiv_millions) AS sum_of_deliveries
            FROM core_arms__deliveries WHERE delivery_year IS NOT NULL GROUP BY ALL)
        SELECT supplier_iso3, recipient_iso3, year, sum_of_deliveries, d.tiv_millions
        FROM register JOIN core_arms__yearly_dyads d USING (supplier_iso3, recipient_iso3, year)
        WHERE abs(sum_of_deliveries - d.tiv_millions) > {TIV_TOLERANCE}
        """,
    ),
    Rule(
        "consistency",
        "core_arms__yearly_dyads",
        "What is estimated is no more than the whole",
        f"SELECT supplier_iso3, recipient_iso3, year, estimated_tiv_millions, tiv_millions "
        f"FROM core_arms__yearly_dyads WHERE estimated_tiv_millions > tiv_millions + {EQUAL}",
    ),
    Rule(
        "consistency",
        "core_trade__yearly_flows",
        "A flow is the recorded figure and the unrecorded oil, each inside its range",
        """
        SELECT exporter_iso3, importer_iso3, year, value_usd, recorded_usd, adjustment_usd,
               value_lo_usd, value_hi_usd, adjustment_lo_usd, adjustment_hi_usd
        FROM core_trade__yearly_flows
        WHERE abs(value_usd - recorded_usd - adjustment_usd) > 1
           OR recorded_usd NOT BETWEEN value_lo_usd - 1 AND value_hi_usd + 1
           OR adjustment_usd NOT BETWEEN adjustment_lo_usd - 1 AND adjustment_hi_usd + 1
        """,
    ),
    Rule(
        "consistency",
        INDICATORS,
        "A score is there exactly where its value is, and its status is not missing",
        f"""
        SELECT {_TIE}, indicator, value, score, status FROM {INDICATORS}
        WHERE (score IS NULL) <> (status = 'missing') OR (score IS NULL) <> (value IS NULL)
        """,
    ),
    Rule(
        "consistency",
        PILLARS,
        "A pillar lies between the lowest and the highest of its indicators",
        f"""
        WITH ends AS (SELECT {_TIE}, pillar, min(score) AS lowest, max(score) AS highest
                      FROM {INDICATORS} GROUP BY ALL)
        SELECT {_TIE}, pillar, score, lowest, highest
        FROM {PILLARS} LEFT JOIN ends USING ({_TIE}, pillar)
        WHERE score IS NOT NULL
          AND coalesce(score NOT BETWEEN lowest - {EQUAL} AND highest + {EQUAL}, true)
        """,
    ),
    Rule(
        "consistency",
        DEPTH,
        "Depth lies between its pillars, and is full only with all of them",
        f"""
        WITH pillars AS (
            SELECT {_TIE}, min(score) AS lowest, max(score) AS highest, count(score) AS known,
                   count(*) AS pillars
            FROM {PILLARS} GROUP BY ALL)
        SELECT {_TIE}, depth, depth_status, lowest, highest, known
        FROM {DEPTH} LEFT JOIN pillars USING ({_TIE})
        WHERE (depth IS NULL) <> (depth_status IS NULL)
           OR (depth IS NOT NULL
               AND coalesce(depth NOT BETWEEN lowest - {EQUAL} AND highest + {EQUAL}
                            OR (depth_status = 'full') <> (known = pillars), true))
        """,
    ),
    Rule(
        "consistency",
        DEPTH,
        f"Depth lies inside its 90 % interval (within {INTERVAL_TOLERANCE} points)",
        f"""
        SELECT {_TIE}, depth, depth_lo90, depth_hi90 FROM {DEPTH}
        WHERE depth NOT BETWEEN depth_lo90 - {INTERVAL_TOLERANCE}
              AND depth_hi90 + {INTERVAL_TOLERANCE} OR depth_lo90 > depth_hi90
        """,
    ),
    Rule(
        "consistency",
        DEPTH,
        "Mutual depth and perception gap follow from the depth at both ends",
        f"""
        SELECT a.from_iso3, a.to_iso3, a.year, a.depth, b.depth AS depth_other_way,
               a.mutual_depth, a.perception_gap
        FROM {DEPTH} a JOIN {DEPTH} b
          ON b.from_iso3 = a.to_iso3 AND b.to_iso3 = a.from_iso3 AND b.year = a.year
        WHERE abs(a.mutual_depth - sqrt(a.depth * b.depth)) > {EQUAL}
           OR abs(a.perception_gap - (a.depth - b.depth)) > {EQUAL}
        """,
    ),
    Rule(
        "consistency",
        DEPTH,
        f"Iran and the six Gulf states have a depth with each great power, from both ends, in "
        f"each year since {QUESTION_SINCE} in which they existed",
        f"""
        WITH years AS (
            SELECT unnest(range({QUESTION_SINCE}, 1 + coalesce(max(year), {QUESTION_SINCE})))
                   AS year
            FROM core_geo__state_years),
        lived AS (
            SELECT iso3, year FROM
                (SELECT unnest({list(FOCAL_AND_BLOC + PRINCIPALS)}) AS iso3)
                LEFT JOIN core_geo__states USING (iso3) CROSS JOIN years
            WHERE coalesce(start_date, DATE '1900-01-01') <= make_date(year, 7, 1)
              AND (end_date IS NULL OR end_date >= make_date(year, 7, 1))),
        ends AS (
            SELECT a.iso3 AS a, b.iso3 AS b, year FROM lived a JOIN lived b USING (year)
            WHERE (a.iso3 IN {FOCAL_AND_BLOC} AND b.iso3 IN {PRINCIPALS})
               OR (a.iso3 IN {PRINCIPALS} AND b.iso3 IN {FOCAL_AND_BLOC}))
        SELECT a AS from_iso3, b AS to_iso3, ends.year, depth_status FROM ends
        LEFT JOIN {DEPTH} d ON d.from_iso3 = a AND d.to_iso3 = b AND d.year = ends.year
        WHERE depth IS NULL
        """,
    ),
    Rule(
        "consistency",
        GAP,
        "The gap is the bloc's depth less the focal state's, and no more than the best member's",
        f"""
        SELECT {_GAP_KEY}, bloc_depth, focal_depth, gap, gap_best FROM {GAP}
        WHERE abs(gap - (bloc_depth - focal_depth)) > {EQUAL} OR gap > gap_best + {EQUAL}
        """,
    ),
    Rule(
        "consistency",
        GAP,
        f"The gap lies inside its 90 % interval (within {INTERVAL_TOLERANCE} points)",
        f"""
        SELECT {_GAP_KEY}, gap, gap_lo90, gap_hi90 FROM {GAP}
        WHERE gap NOT BETWEEN gap_lo90 - {INTERVAL_TOLERANCE} AND gap_hi90 + {INTERVAL_TOLERANCE}
           OR gap_lo90 > gap_hi90
        """,
    ),
    Rule(
        "consistency",
        GAP,
        "The share of draws with a deeper bloc agrees with the interval's sign",
        f"""
        SELECT {_GAP_KEY}, gap_lo90, gap_hi90, p_bloc_deeper FROM {GAP}
        WHERE (gap_lo90 > 0 AND p_bloc_deeper < {SURE})
           OR (gap_hi90 < 0 AND p_bloc_deeper > 1 - {SURE})
           OR (gap_lo90 IS NULL) <> (p_bloc_deeper IS NULL)
        """,
    ),
    Rule(
        "consistency",
        GAP,
        "The focal state's depth is the full one published for the tie",
        f"""
        SELECT question, principal_iso3, focal_iso3, g.year, focal_depth, depth, depth_status
        FROM {GAP} g LEFT JOIN {DEPTH} d
          ON d.from_iso3 = principal_iso3 AND d.to_iso3 = focal_iso3 AND d.year = g.year
        WHERE view = 'principal' AND measure = 'depth'
          AND coalesce(abs(focal_depth - depth) > {EQUAL} OR depth_status <> 'full', true)
        """,
    ),
    Rule(
        "consistency",
        "out_ranks__yearly_dyads",
        "A rank lies inside its interval (within one), and no end is beyond the ties ranked",
        f"""
        SELECT {_TIE}, rank, rank_lo90, rank_hi90, n_ranked FROM out_ranks__yearly_dyads
        WHERE rank NOT BETWEEN rank_lo90 - {RANK_TOLERANCE} AND rank_hi90 + {RANK_TOLERANCE}
           OR rank_lo90 > rank_hi90 OR greatest(rank, rank_hi90) > n_ranked
        """,
    ),
)

PLAUSIBILITY = (
    _owed(
        "from_iso3 = 'RUS' AND to_iso3 = 'IRN' AND year > 1946 AND has_defense",
        "Russia owes Iran no defence in any year after 1946",
    ),
    _owed(
        "from_iso3 = 'CHN' AND to_iso3 = 'PRK' AND year > 1961 AND NOT has_defense",
        "China owes North Korea defence in every year since 1961",
    ),
    _owed(
        "from_iso3 = 'RUS' AND to_iso3 = 'PRK' AND year > 1996 AND has_defense <> (year >= 2024)",
        "Russia owes North Korea defence since 2024, and did not from 1997 to 2023",
    ),
    Rule(
        "plausibility",
        DEPTH,
        "Pairs without trade, arms, obligation or agreement have a median depth of 8 at most",
        f"""
        WITH bare AS (
            SELECT {_TIE} FROM {INDICATORS}
            WHERE indicator IN ('trade_share', 'arms_volume', 'security_commitment',
                                'economic_agreements') AND value = 0
            GROUP BY ALL HAVING count(*) = 4)
        SELECT count(*) AS ties, median(depth) AS value FROM {DEPTH} JOIN bare USING ({_TIE})
        WHERE depth_status = 'full' HAVING count(*) > 0
        """,
        (0, 8),
    ),
    Rule(
        "plausibility",
        DEPTH,
        "The mean depth of a year is that of a world of mostly weak ties",
        f"SELECT year, avg(depth) AS value FROM {DEPTH} WHERE depth IS NOT NULL GROUP BY ALL",
        (1, 40),
    ),
    Rule(
        "plausibility",
        DEPTH,
        "The median width of the 90 % intervals of a year's depths says something, not all",
        f"SELECT year, median(depth_hi90 - depth_lo90) AS value FROM {DEPTH} "
        "WHERE depth_lo90 IS NOT NULL GROUP BY ALL",
        (1, 50),
    ),
    Rule(
        "plausibility",
        PILLARS,
        "No pillar's mean score is close to nothing or to everything",
        f"SELECT pillar, avg(score) AS value FROM {PILLARS} GROUP BY ALL",
        (0.2, 60),
    ),
    Rule(
        "plausibility",
        INDICATORS,
        "No indicator's mean score is close to nothing or to everything",
        f"SELECT indicator, avg(score) AS value FROM {INDICATORS} GROUP BY ALL",
        (0.1, 80),
    ),
    Rule(
        "plausibility",
        "core_trade__yearly_flows",
        "Iran's share of China's recorded trade, per cent, 2000 to 2024",
        """
        SELECT year, 100 * sum(recorded_usd) / any_value(exports_usd + imports_usd) AS value
        FROM core_trade__yearly_flows JOIN core_trade__yearly_totals USING (year)
        WHERE iso3 = 'CHN' AND year BETWEEN 2000 AND 2024
          AND (exporter_iso3, importer_iso3) IN (('CHN', 'IRN'), ('IRN', 'CHN'))
        GROUP BY ALL
        """,
        (0.05, 3),
    ),
    Rule(
        "plausibility",
        "core_arms__yearly_dyads",
        "Russia's share of Iran's arms imports, per cent, 2015 to 2024",
        """
        SELECT 100 * sum(tiv_millions) / (
            SELECT sum(imports_tiv_millions) FROM core_arms__yearly_totals
            WHERE iso3 = 'IRN' AND year BETWEEN 2015 AND 2024) AS value
        FROM core_arms__yearly_dyads
        WHERE supplier_iso3 = 'RUS' AND recipient_iso3 = 'IRN' AND year BETWEEN 2015 AND 2024
        """,
        (90, 100),
    ),
    Rule(
        "plausibility",
        "core_trade__yearly_totals",
        "World exports over world imports: the same goods, without freight",
        f"SELECT year, exports_usd / imports_usd AS value FROM core_trade__yearly_totals "
        f"WHERE iso3 = '{WORLD}'",
        (0.85, 1.05),
    ),
    Rule(
        "plausibility",
        "core_un__yearly_dyads",
        "The mean agreement of a year's pairs beyond chance (kappa)",
        "SELECT year, avg(kappa) AS value FROM core_un__yearly_dyads WHERE n_joint >= 20 "
        "GROUP BY ALL",
        (0, 0.6),
    ),
)

_CHANGED = """
    causes AS (
        SELECT count(*) FILTER (b.sha256 IS DISTINCT FROM n.sha256) AS sources
        FROM before.meta_sources b FULL JOIN meta_sources n USING (source)),
    method AS (
        SELECT (SELECT any_value(definition_sha256) FROM before.meta_release) IS DISTINCT FROM
               (SELECT any_value(definition_sha256) FROM meta_release) AS is_other)
"""


def _unmoved(table: str, key: str, value: str) -> Rule:
    return Rule(
        "history",
        table,
        f"No {value} moves by more than {MOST_MOVE} points while sources and method stay the same",
        f"""
        WITH {_CHANGED}
        SELECT {key}, b.{value} AS before, n.{value} AS now, n.{value} - b.{value} AS move
        FROM before.{table} b JOIN {table} n USING ({key}), causes, method
        WHERE abs(n.{value} - b.{value}) > {MOST_MOVE} AND sources = 0 AND NOT is_other
        """,
    )


def _kept(name: str) -> Rule:
    table = REGISTRY[name]
    where = f"WHERE NOT ({table.withheld_rows})" if table.withheld_rows else ""
    return Rule(
        "history",
        name,
        f"At least {ROWS_KEPT:.0%} of the last release's rows",
        f"""
        SELECT rows_before, rows_now, rows_now / rows_before AS value
        FROM (SELECT count(*) AS rows_before FROM before.{name}),
             (SELECT count(*) AS rows_now FROM {name} {where})
        """,
        (ROWS_KEPT, None),
    )


def history(before: set[str]) -> list[Rule]:
    """Rules that compare with the last release.

    Parameters
    ----------
    before : set of str
        The tables it holds; those that this version no longer has are left to the changes.
    """
    return [*(_kept(n) for n in sorted(before & set(REGISTRY))), *HISTORY]


HISTORY = (
    Rule(
        "history",
        DEPTH,
        "No state loses its last full depth of a year",
        f"""
        WITH now AS (SELECT from_iso3, year FROM {DEPTH} WHERE depth_status = 'full' GROUP BY ALL)
        SELECT from_iso3, year, count(*) AS full_ties_before
        FROM before.{DEPTH} b WHERE depth_status = 'full'
          AND NOT EXISTS (FROM now WHERE now.from_iso3 = b.from_iso3 AND now.year = b.year)
        GROUP BY ALL
        """,
    ),
    Rule(
        "history",
        DEPTH,
        "No fewer full depths in all than in the last release",
        f"""
        SELECT full_before, full_now, full_now / full_before AS value
        FROM (SELECT count(*) AS full_before FROM before.{DEPTH} WHERE depth_status = 'full'),
             (SELECT count(*) AS full_now FROM {DEPTH} WHERE depth_status = 'full')
        """,
        (1, None),
    ),
    _unmoved(DEPTH, _TIE, "depth"),
    _unmoved(GAP, _GAP_KEY, "gap"),
    Rule(
        "history",
        DEPTH,
        f"With the same method, new vintages move at most {MOST_MOVED:.0%} of all depths by more "
        f"than {MOST_MOVE} points",
        f"""
        WITH {_CHANGED}
        SELECT count(*) FILTER (abs(n.depth - b.depth) > {MOST_MOVE}) AS ties_moved,
               count(*) AS ties, if(any_value(is_other), 0, ties_moved / ties) AS value
        FROM before.{DEPTH} b JOIN {DEPTH} n USING ({_TIE}), method
        """,
        (0, MOST_MOVED),
    ),
)
