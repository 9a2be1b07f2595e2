"""Does the index measure what it says? The results of its tests as a page.

Belongs here: the words around the results. Does not belong here: any figure or verdict, all of
which come from ``out_crises__*``, ``out_validity__*`` and ``out_events__effects``, or what was to
be tested, which docs/VALIDITY_PLAN.md fixed beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from warehouse.answers import connect
from warehouse.publish import LINK
from warehouse.reading import Reader, Row, figure, grid, span
from warehouse.report.sentences import capital, listed, signed

PREDICTORS = {
    "depth": "depth, the partner's view",
    "depth_from_target": "depth, the target's view",
    "depth_without_treaties": "depth without the treaty pillar",
    "costly_depth": "costly depth",
    "declared_depth": "declared depth",
    "treaties_score": "treaty pillar alone",
    "security_commitment": "strongest obligation alone",
    "trade_score": "trade pillar alone",
    "trade_share_pct": "plain share of trade",
    "arms_score": "arms pillar alone",
    "vote_kappa": "votes alone (kappa)",
}
VARIANTS = {
    "headline": "headline",
    "coding_1": "first coding",
    "coding_2": "second coding",
    "high_confidence": "rows of high confidence",
    "mediation_as_words": "mediation counted as words",
    "without_usa_gulf_2026": "without the American rows of the Gulf in 2026",
    "without_pakistan_may_2025": "without Pakistan and China in May 2025",
    "without_successor_named": "without `successor` and `named` rows",
    "no_source_as_0": "rows without a page, as 0",
    "with_partial": "partial depths as well",
    "china": "China alone",
    "russia": "Russia alone",
    "united_states": "the United States alone",
    "before_1992": "before 1992",
    "from_1992": "from 1992",
    "without_israel": "without Israel",
}
SCORES = {
    "without_treaties": "depth without treaties",
    "trade": "trade pillar",
    "arms": "arms pillar",
    "voting": "voting pillar",
    "trade_share": "plain share of trade",
    "vote_agreement": "plain agreement of votes",
    "ideal_point_distance": "distance of ideal points, turned round",
    "arms_volume": "volume of arms",
}
SAMPLES = {
    "pairs": "all pairs",
    "pairs_without_arab_league": "without the Arab League's pact",
    "great_powers": "views of the great powers",
}
POLES = {
    "allies_others": "allies against all others",
    "allies_rivals": "allies against rivals and states at war",
    "rivals_others": "rivals and states at war against all others",
}
EVENTS = {
    "sco": "Shanghai Organisation",
    "brics": "BRICS",
    "eaeu": "Eurasian Union",
    "north_south": "North-South corridor",
    "belt_and_road": "Belt and Road",
    "agreement": "agreement",
}
STEPS = {
    "words": "nothing or words",
    "diplomacy": "diplomacy or money",
    "arms": "arms or support",
    "force": "force or war",
    "arms_or_more": "arms or more",
}
# How far the lower end of a lead near zero moved with three other seeds of 2,000 samples.
SEED_MOVES = 0.004
# An effect is told apart from the pair's other years below this.
SMALL_P = 0.1


def _verdict(value: str | None) -> str:
    return {"for": "speaks for it", "against": "speaks against it", "open": "open"}.get(
        value or "", "not known"
    )


def _side(lo: float, hi: float) -> str:
    return _verdict("for" if lo > 0 else "against" if hi < 0 else "open")


def crises(t: Reader) -> Iterator[str]:
    """The test against crises."""
    found = t.rows("FROM out_crises__association WHERE variant = 'headline'")
    by = {r["predictor"]: r for r in found}
    head = by["depth"]
    rows = t.rows("FROM out_crises__responses")
    gone = [r for r in rows if r["depth"] is None or r["depth_status"] != "full"]
    late = [r for r in gone if r["predictor_year"] > t.year]
    yield "## 1. Crises: does depth foretell what a partner does?"
    yield (
        f"{len(rows)} responses in {len({r['crisis_id'] for r in rows})} crises since "
        f"{min(r['start_date'].year for r in rows)} are coded; {head['n_rows']} in "
        f"{head['n_crises']} crises have a full depth in the year before. Of the "
        f"{len(gone)} without, {len(late)} began after the index ends ({t.year}); the others have "
        "a pillar missing or lie outside the panel: "
        f"{listed(sorted({r['crisis_id'] for r in gone if r not in late}))}."
    )
    yield (
        f"**Kendall's tau-b of depth and response is {span(head, 'tau_b')}: "
        f"{_verdict(head['verdict'])}.** Of two responses, the stronger came from the partner with "
        f"the deeper tie with a probability of {span(head, 'concordance')}. Within the responses "
        f"of one power tau-b is {span(head, 'within_tau_b')}: "
        f"{_verdict(head['within_verdict'])}. The area under the curve for arms or more is "
        f"{span(head, 'auc')} ({head['n_arms_or_more']} responses are)."
    )
    yield (
        "![Depth of the partner's tie in the year before a crisis against what the partner did, "
        "from nothing to war, by partner](images/crises.svg)"
    )
    yield grid(
        ("predictor", "tau-b", "within a power", "area, arms or more", "depth is"),
        [
            (
                words,
                span(by[name], "tau_b"),
                span(by[name], "within_tau_b"),
                span(by[name], "auc"),
                by[name]["depth_is"] or "",
            )
            for name, words in PREDICTORS.items()
        ],
    )
    sign = [PREDICTORS[n] for n, r in by.items() if r["verdict"] == "for"]
    wrong = [PREDICTORS[n] for n, r in by.items() if r["verdict"] == "against"]
    better = [PREDICTORS[n] for n, r in by.items() if r["depth_is"] == "better"]
    worse = [PREDICTORS[n] for n, r in by.items() if r["depth_is"] == "worse"]
    yield (
        f"With the expected sign beyond doubt: {listed(sign) or 'none'}. With the other: "
        f"{listed(wrong) or 'none'}. Depth is better than {listed(better) or 'none of them'} and "
        f"worse than {listed(worse) or 'none of them'}."
    )
    yield from _reading(head)
    yield "### Left out in turn, and foretold"
    out = t.rows("FROM out_crises__leave_one_out ORDER BY tau_b_without, crisis_id")
    yield (
        f"Without one crisis tau-b lies between {figure(out[0]['tau_b_without'])} (without "
        f"{out[0]['name']}) and {figure(out[-1]['tau_b_without'])} (without {out[-1]['name']}). "
        "A proportional-odds model fitted without a crisis and applied to it has this skill over "
        "the plain shares of the other crises (0 is none, 1 is perfect):"
    )
    skills = {r["predictor"]: r for r in t.rows("FROM out_crises__prediction")}
    yield grid(
        ("predictor", "skill", "it"),
        [
            (w, span(skills[n], "skill"), _verdict(skills[n]["verdict"]))
            for n, w in PREDICTORS.items()
        ],
    )
    yield "### Iran in June 2025"
    yield (
        "Foretold from the crises before 2025 by the partner's view and by the view from Tehran; "
        "what came is marked."
    )
    cells = {
        (r["sample"], r["predictor"], r["outcome"]): r
        for r in t.rows("FROM out_crises__calibration WHERE sample LIKE 'iran%'")
    }
    yield grid(
        ("partner", "view", *STEPS.values()),
        [
            (
                partner,
                view,
                *(
                    span(cells[sample, predictor, step], "predicted")
                    + (" **came**" if cells[sample, predictor, step]["observed"] else "")
                    for step in STEPS
                ),
            )
            for sample, partner in (("iran_chn", "China"), ("iran_rus", "Russia"))
            for predictor, view in (("depth", "partner's"), ("depth_from_target", "Tehran's"))
        ],
        text=2,
    )
    yield (
        "Rows in four groups, by depth and by the probability foretold without their own crisis. "
        "(Where a predictor carries nothing, leaving out a crisis with a strong response lowers "
        "its own forecast: then the groups by forecast run the wrong way.)"
    )
    groups = t.rows(
        "FROM out_crises__calibration WHERE outcome = 'arms_or_more' AND predictor = 'depth' "
        "AND sample NOT LIKE 'iran%' ORDER BY sample"
    )
    yield grid(
        ("group", "responses", "mean depth", "arms or more, foretold", "arms or more, came"),
        [
            (
                r["sample"].replace("group_", "by forecast, ").replace("quarter_", "by depth, "),
                str(r["n_rows"]),
                figure(r["predictor_value"], ".1f"),
                figure(r["predicted"]),
                span(r, "observed"),
            )
            for r in groups
        ],
    )
    yield "### Other rows and codes"
    many = {
        r["variant"]: r for r in t.rows("FROM out_crises__association WHERE predictor = 'depth'")
    }
    yield grid(
        ("variant", "responses", "tau-b", "within a power", "says"),
        [
            (
                words,
                str(many[name]["n_rows"]),
                span(many[name], "tau_b"),
                span(many[name], "within_tau_b"),
                _verdict(many[name]["verdict"]),
            )
            for name, words in VARIANTS.items()
        ],
    )
    every = t.rows("FROM out_crises__association WHERE predictor <> 'depth' ORDER BY ALL")
    against = [r for r in every if r["verdict"] == "against"]
    for_it = [r for r in every if r["verdict"] == "for"]
    told = [
        f"{PREDICTORS[r['predictor']]}, {VARIANTS[r['variant']]} ({span(r, 'tau_b')})"
        for r in for_it
    ]
    yield (
        f"Of the {len(every)} figures of the other predictors in all variants {len(for_it)} "
        f"{'speaks' if len(for_it) == 1 else 'speak'} for an association as expected"
        f"{': ' + listed(told) if told else ''}; "
        f"{len(against)} speak against it, "
        f"{sum(r['predictor'] == 'declared_depth' for r in against)} of these by declared depth. "
        "Among so many some cross by chance."
    )
    coding = {r["measure"]: r for r in t.rows("FROM out_crises__coding")}
    linear = coding["kappa_linear"]
    yield (
        f"The two codings were made apart; over {linear['n_rows']} responses weighted kappa is "
        f"{span(linear, 'value')} with linear and {span(coding['kappa_quadratic'], 'value')} "
        f"with quadratic weights; {coding['identical']['value']:.0%} have the same code, "
        f"{coding['within_one']['value']:.0%} are at most one rung apart. Codes: "
        "`out_crises__responses`; agreement in full: `out_crises__coding_counts`."
    )


def _reading(head: Row) -> Iterator[str]:
    """What the headline means, by its verdict."""
    if head["verdict"] == "for":
        yield (
            "Read it so: among states that had a partner at all, deeper ties went with stronger "
            "responses."
        )
        return
    yield (
        "Read it so: every row is a tie that a treaty, a label or arms had made a partnership "
        "already. Among such partners depth does not say who will do more. Whether partners do "
        "more than strangers, the test cannot say, since no response of a stranger was coded. "
        "Depth measures how much of a state's weight abroad rests on another; it is not a "
        "forecast of help, and this project does not offer it as one."
    )


def groups(t: Reader) -> Iterator[str]:
    """The test against known groups."""
    rows = t.rows("FROM out_validity__known_groups WHERE first_year < last_year")
    by = {(r["sample"], r["pole"], r["predictor"]): r for r in rows}
    first = rows[0]
    head = by["pairs", "allies_others", "without_treaties"]
    allied = head["n_positive"] // head["n_years"]
    yield "## 2. Known groups: does depth without treaties find allies?"
    yield (
        f"Means over {first['first_year']} to {first['last_year']}, the last ten years in which at "
        "least half of all pairs of the panel can be scored. **Depth without the treaty pillar "
        f"ranks a pair with a defence pact above one without with a probability of "
        f"{span(head, 'auc')}** ({allied} allied pairs a year in {head['n_clusters']} pacts, of "
        f"{allied + head['n_negative'] // head['n_years']}). Samples draw whole pacts, so the "
        "intervals are wide: a pact is one decision."
    )
    for pole, words in POLES.items():
        yield f"### {capital(words)}"
        samples = [s for s in SAMPLES if (s, pole, "without_treaties") in by]
        yield grid(
            (
                "score",
                *(f"{SAMPLES[s]}: area" for s in samples),
                "average precision, first sample",
            ),
            [
                (
                    w,
                    *(span(by[s, pole, name], "auc") for s in samples),
                    span(by[samples[0], pole, name], "average_precision"),
                )
                for name, w in SCORES.items()
            ],
        )
    leads = [
        (
            SAMPLES[s],
            [
                w
                for n, w in SCORES.items()
                if (by[s, "allies_others", n]["auc_lead_lo90"] or 0) > SEED_MOVES
            ],
        )
        for s in SAMPLES
    ]
    yield (
        "Depth without treaties is surely better, allies against all others (interval of the "
        f"difference above zero by more than {SEED_MOVES}, which another seed moves its end by): "
        + "; ".join(f"{sample}, than {listed(names) or 'none'}" for sample, names in leads)
        + "."
    )
    rival = by["pairs", "allies_rivals", "without_treaties"]
    vote = by["pairs", "allies_rivals", "voting"]
    low = by["pairs", "rivals_others", "without_treaties"]
    yield (
        "Rivals are where it is weakest: against rivals and states at war the area is "
        f"{span(rival, 'auc')}, votes alone give {span(vote, 'auc')}; and rivals stand below "
        f"others with an area of {span(low, 'auc')}, expected below 0.5"
        + (", which its interval does not exclude" if low["auc_hi90"] >= 0.5 else "")
        + ". Rivals trade with each other and are often neighbours."
    )
    yield "### By pact"
    pacts = t.rows(
        "FROM out_validity__pacts WHERE predictor = 'without_treaties' AND first_year = ? "
        "AND n_pairs > 1 ORDER BY n_pair_years DESC, pact",
        first["first_year"],
    )
    yield grid(
        ("pact", "pairs", "area against pairs without a pact", "all other pacts"),
        [
            (
                r["name"] or r["pact"],
                str(r["n_pairs"]),
                figure(r["auc"]),
                figure(r["auc_others"]),
            )
            for r in pacts
        ],
    )
    yield "### By year"
    years = t.rows(
        "FROM out_validity__known_groups WHERE first_year = last_year AND sample = 'pairs' "
        "AND pole = 'allies_others' AND first_year % 5 = 0 ORDER BY first_year"
    )
    at = {(r["first_year"], r["predictor"]): r for r in years}
    chosen = (
        "without_treaties",
        "trade_share",
        "vote_agreement",
        "ideal_point_distance",
        "arms_volume",
    )
    yield grid(
        ("year", "allied pairs", *(SCORES[c] for c in chosen)),
        [
            (
                str(year),
                str(at[year, "without_treaties"]["n_positive"]),
                *(span(at[year, c], "auc") if (year, c) in at else "" for c in chosen),
            )
            for year in dict.fromkeys(r["first_year"] for r in years)
        ],
    )
    yield "### Placebo"
    placebo = {(r["pole"], r["predictor"]): r for r in t.rows("FROM out_validity__placebo")}
    told = []
    for pole in ("allies_others", "rivals_others"):
        r = placebo[pole, "without_treaties"]
        told.append(
            f"{POLES[pole]}: mean {figure(r['placebo_mean'])} ({figure(r['placebo_lo90'])} to "
            f"{figure(r['placebo_hi90'])}), observed {figure(r['auc'])}, reached by "
            f"{r['share_reaching']:.1%} of {r['n_relabellings']:,}"
        )
    yield f"States relabelled at random, the pattern of pacts kept: {'; '.join(told)}."


def events(t: Reader) -> Iterator[str]:
    """The study of events."""
    rows = t.rows(
        "FROM out_events__effects WHERE view = 'principal' ORDER BY event, year, principal_iso3, "
        "partner_iso3, measure"
    )
    kept = [r for r in rows if r["measure"] == "depth_without_treaties"]
    measured = [r for r in kept if r["status"] == "measured" and r["p"] is not None]
    small = [r for r in measured if r["effect"] > 0 and r["p"] <= SMALL_P]
    yield "## 3. Clubs, corridors and agreements: did ties move after them?"
    yield (
        "Three years after less three years before, against the power's other ties; p is the "
        "share of the pair's other years that did as well. Without the treaty pillar, which clubs "
        f"move by definition. **Of {len(measured)} events that can be measured, {len(small)} "
        f"stand out with a p of {SMALL_P} or less; by chance {SMALL_P * len(measured):.0f} "
        f"would.** {sum(r['status'] == 'not_measurable_yet' for r in kept)} are too recent, "
        f"{sum(r['status'] == 'no_depth' for r in kept)} have a year without depth."
    )
    lines = []
    for event, words in EVENTS.items():
        mine = [r for r in measured if r["event"] == event]
        if mine:
            effects = sorted(r["effect"] for r in mine)
            middle = (effects[(len(effects) - 1) // 2] + effects[len(effects) // 2]) / 2
            lines.append(
                (
                    words,
                    str(len(mine)),
                    str(sum(r["event"] == event for r in kept) - len(mine)),
                    signed(middle),
                    f"{signed(effects[0])} to {signed(effects[-1])}",
                    str(sum(r in small for r in mine)),
                )
            )
    yield grid(
        ("event", "measured", "not measured", "median effect", "range", f"p ≤ {SMALL_P}"), lines
    )
    yield "Iran's, on three measures:"
    iran = [r for r in rows if r["partner_iso3"] == "IRN"]
    cells = {(r["event"], r["year"], r["principal_iso3"], r["measure"]): r for r in iran}
    keys = dict.fromkeys((r["event"], r["year"], r["principal_iso3"]) for r in iran)
    measures = ("depth", "costly_depth", "depth_without_treaties")
    yield grid(
        ("event", "with", *(m.replace("_", " ") for m in measures)),
        [
            (
                f"{EVENTS[event]}, {year}",
                t.name(power),
                *(_effect(cells.get((event, year, power, m))) for m in measures),
            )
            for event, year, power in sorted(keys, key=lambda k: (k[1], k[0], k[2]))
        ],
        text=2,
    )


def _effect(row: Row | None) -> str:
    if row is None or row["status"] == "no_depth":
        return "no depth"
    if row["status"] != "measured":
        return "not measurable yet"
    return f"{signed(row['effect'])}, p {figure(row['p'])}"


def coherence(t: Reader) -> Iterator[str]:
    """Whether the parts belong together."""
    rows = t.rows("FROM out_validity__coherence")
    node = {r["node"]: r for r in rows}
    first = rows[0]
    pillars = [r for r in rows if r["level"] == "pillar"]
    yield "## 4. Coherence"
    yield (
        f"Ties with a full depth, {first['first_year']} and {first['last_year']} "
        f"({node['depth']['n_ties']:,}). The index is formative: its pillars are parts of depth, "
        "not symptoms of one trait, and need not agree. Cronbach's alpha of the four pillars is "
        f"{figure(node['depth']['alpha'])}; their first principal component holds "
        f"{node['depth']['first_component']:.0%} of their variance. Nominal weights are equal; "
        "shares of the variance of depth are "
        + listed([f"{r['node']} {r['variance_share']:.0%}" for r in pillars])
        + "."
    )
    yield grid(
        (
            "node",
            "weight",
            "share of variance",
            "correlation with depth",
            "depth without it",
            "nearest",
            "variance inflation",
        ),
        [
            (
                ("" if r["level"] == "pillar" else "· ") + r["node"],
                figure(r["weight"], ".3f"),
                figure(r["variance_share"]),
                figure(r["correlation_index"]),
                figure(r["correlation_without"], ".3f"),
                f"{r['nearest']} {figure(r['nearest_correlation'])}" if r["nearest"] else "",
                figure(r["variance_inflation"], ".1f") if r["variance_inflation"] else "",
            )
            for pillar in pillars
            for r in (pillar, *(c for c in rows if c["parent"] == pillar["node"]))
        ],
    )
    double = t.rows(
        "FROM out_validity__correlations WHERE flag IN ('collinear', 'negative') "
        "ORDER BY level, first, second"
    )
    yield (
        "Doubles (correlation above 0.92) or opposites (below −0.4): "
        + (
            listed([f"{r['first']} and {r['second']} ({figure(r['correlation'])})" for r in double])
            or "none"
        )
        + "."
    )


def outside(t: Reader) -> Iterator[str]:
    """What a comparison with another index should show."""
    row = t.row(
        """
        WITH china AS (
            SELECT d.to_iso3, d.depth AS own, o.depth AS other
            FROM out_depth__yearly_dyads d
            JOIN out_depth__yearly_dyads o
              ON (o.from_iso3, o.to_iso3, o.year) = (d.to_iso3, d.from_iso3, d.year)
            WHERE d.from_iso3 = 'CHN' AND d.year = ? AND d.depth_status = 'full'
              AND o.depth_status = 'full'
        ), places AS (
            SELECT rank() OVER (ORDER BY own) AS a, rank() OVER (ORDER BY other) AS b FROM china
        )
        SELECT corr(a, b) AS rho, count(*) AS n FROM places
        """,
        t.year,
    )
    oil = t.row(
        """
        SELECT max(a.variant_depth) FILTER (variant = 'recorded_trade') AS recorded,
               max(d.depth) AS depth
        FROM out_robustness__yearly_dyads a
        JOIN out_depth__yearly_dyads d USING (from_iso3, to_iso3, year)
        WHERE from_iso3 = 'CHN' AND to_iso3 = 'IRN' AND year = ?
        """,
        t.year,
    )
    yield "## 5. Against another index: what to expect"
    yield (
        "Published measures of bilateral influence (trade, arms, aid, agreements and visits, "
        "weighted by the target's dependence) take the target's end of the tie. China's view here "
        f"and the partners' view of China have a rank correlation of {figure(row['rho'])} over "
        f"{row['n']} states in {t.year}. So expect a positive rank correlation of China's view "
        "with such a measure, lower than that of the partners' view, and lower without votes "
        "and treaty obligations in it. It should differ for Iran, whose oil such a measure does "
        f"not see (China's depth with Iran is {figure(oil['depth'], '.1f')} with it and "
        f"{figure(oil['recorded'], '.1f')} by recorded trade alone), for small states whose "
        "dependence on China is high while their part in China's trade is not, for North Korea, "
        "whose obligations and arms outweigh its trade, and for the United States and its allies, "
        "with whom trade is large and everything else near zero."
    )


def page(link: Path = LINK) -> str:
    """Write the page of results in Markdown.

    Raises
    ------
    NoWarehouse
        If none has been built.
    """
    with connect(link) as con:
        t = Reader(con)
        parts = [
            "# Does it measure alliance depth?",
            "Written by `alliance-depth validity` from the tables `out_crises__*`, "
            f"`out_validity__*` and `out_events__effects`, method {t.method}; do not edit. What "
            "was to be tested, how, and what would speak for or against the index was fixed in "
            "[VALIDITY_PLAN.md](VALIDITY_PLAN.md) before it was run. Results stand as they came "
            "out. Intervals are 90 %. No weight, goalpost or rung was tuned on them. The claims on "
            "Iran are in [ALLY_DILEMMA.md](ALLY_DILEMMA.md).",
            *(
                part
                for section in (glance, crises, groups, events, coherence, outside)
                for part in section(t)
            ),
        ]
    return "\n\n".join(parts) + "\n"


def glance(t: Reader) -> Iterator[str]:
    """The results in one table."""
    crisis = t.row(
        "FROM out_crises__association WHERE variant = 'headline' AND predictor = 'depth'"
    )
    skill = t.row("FROM out_crises__prediction WHERE predictor = 'depth'")
    group = t.row(
        "FROM out_validity__known_groups WHERE first_year < last_year AND sample = 'pairs' "
        "AND pole = 'allies_others' AND predictor = 'without_treaties'"
    )
    rival, power = (
        t.row(
            "FROM out_validity__known_groups WHERE first_year < last_year AND sample = ? "
            "AND pole = 'rivals_others' AND predictor = 'without_treaties'",
            sample,
        )
        for sample in ("pairs", "great_powers")
    )
    yield grid(
        ("test", "figure", "says"),
        [
            (
                "allies stand above others, without the treaty pillar (area)",
                span(group, "auc"),
                _side(group["auc_lo90"] - 0.5, group["auc_hi90"] - 0.5),
            ),
            (
                "rivals stand below others (area, expected below 0.5)",
                span(rival, "auc"),
                _side(0.5 - rival["auc_hi90"], 0.5 - rival["auc_lo90"]),
            ),
            (
                "the same in the views of the great powers",
                span(power, "auc"),
                _side(0.5 - power["auc_hi90"], 0.5 - power["auc_lo90"]),
            ),
            (
                "deeper ties, stronger responses in crises (tau-b)",
                span(crisis, "tau_b"),
                _verdict(crisis["verdict"]),
            ),
            (
                "the same within the responses of one power",
                span(crisis, "within_tau_b"),
                _verdict(crisis["within_verdict"]),
            ),
            (
                "responses foretold without their crisis (skill)",
                span(skill, "skill"),
                _verdict(skill["verdict"]),
            ),
        ],
    )
