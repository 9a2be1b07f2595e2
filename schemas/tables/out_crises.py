"""Tests of the index against crises and dated events, as docs/VALIDITY_PLAN.md fixes them."""

from __future__ import annotations

from dataclasses import replace

from schemas.fields import SOURCE_URL, YEAR, optional, state
from schemas.model import Field, Table
from schemas.tables import out, raw_curated

# The tests rest on all that the index rests on, and on the curated crises, which it holds too.
_SOURCES = next(t for t in out.TABLES if t.name == "out_depth__yearly_dyads").sources
_CRISES = next(t for t in raw_curated.TABLES if t.name == "raw_curated__crises")
_DEPTH = next(t for t in out.TABLES if t.name == "out_depth__yearly_dyads")
_CAVEATS = ("compiled_by_hand", "partial_coverage", "judgement")
VARIANTS = (
    "headline",
    "coding_1",
    "coding_2",
    "high_confidence",
    "mediation_as_words",
    "without_usa_gulf_2026",
    "without_pakistan_may_2025",
    "without_successor_named",
    "no_source_as_0",
    "with_partial",
    "china",
    "russia",
    "united_states",
    "before_1992",
    "from_1992",
    "without_israel",
)
PREDICTORS = (
    "depth",
    "depth_from_target",
    "depth_without_treaties",
    "costly_depth",
    "declared_depth",
    "treaties_score",
    "trade_score",
    "arms_score",
    "security_commitment",
    "trade_share_pct",
    "vote_kappa",
)
STEPS = ("words", "diplomacy", "arms", "force")
_MEANING = {
    "words": "nothing or words (0 to 1)",
    "diplomacy": "diplomacy or money (2 to 3)",
    "arms": "arms or support (4 to 5)",
    "force": "force or war (6 to 7)",
}
_PREDICTOR = Field(
    "predictor",
    "string",
    "What is set against the response, of the year before: a field of out_crises__responses.",
    allowed=PREDICTORS,
)

_REFERENCE = Field(
    "rps_reference",
    "float",
    "The same for the shares of the steps in the other crises.",
    minimum=0,
    maximum=1,
)


def _points(name: str, description: str) -> Field:
    return Field(name, "float", description, "points", nullable=True, minimum=0, maximum=100)


def _count(name: str, description: str, unit: str = "rows", *, nullable: bool = False) -> Field:
    return Field(name, "int", description, unit, nullable=nullable, minimum=0)


def _chance(name: str, description: str, *, nullable: bool = True) -> Field:
    return Field(name, "float", description, "probability", nullable=nullable, minimum=0, maximum=1)


def _span(name: str, description: str, low: float, high: float, unit: str = "") -> list[Field]:
    """A statistic and the ends of its interval."""
    return [
        Field(n, "float", d, unit, nullable=True, minimum=low, maximum=high)
        for n, d in (
            (name, description),
            (f"{name}_lo90", f"Lower end of the 90 % interval of {name}, crises resampled."),
            (f"{name}_hi90", f"Upper end of the 90 % interval of {name}, crises resampled."),
        )
    ]


def _verdict(name: str, of: str) -> Field:
    return Field(
        name,
        "string",
        f"Where the interval of {of} lies: for (above 0), against (below 0), open.",
        nullable=True,
        allowed=("for", "against", "open"),
    )


def _depth_is(of: str) -> Field:
    return Field(
        "depth_is",
        "string",
        f"Where the interval of {of} lies: depth is better (above 0), worse (below 0), or open.",
        nullable=True,
        allowed=("better", "worse", "open"),
    )


TABLES = [
    Table(
        "out_crises__responses",
        "One row per crisis, state attacked or coerced in it, and partner: what the index and the "
        "baselines said in the year before, and what the partner did.",
        ("crisis_id", "target_iso3", "partner_iso3"),
        (
            _CRISES["crisis_id"],
            _CRISES["target_iso3"],
            _CRISES["partner_iso3"],
            _CRISES["name"],
            _CRISES["start_date"],
            replace(
                YEAR,
                name="predictor_year",
                description="Calendar year before the crisis, of which the predictors are.",
            ),
            replace(
                _DEPTH["depth_status"],
                description="Status of depth. Only rows with a full one are in the headline; null: "
                "the index has no such depth.",
            ),
            replace(
                _DEPTH["depth_status"],
                name="target_depth_status",
                description="Status of depth_from_target.",
            ),
            _points("depth", "Depth from the partner to the target: the predictor of the test."),
            _points("depth_from_target", "Depth from the target to the partner."),
            _points(
                "depth_without_treaties",
                "Mean of the trade, arms and voting pillars from the partner; null unless all "
                "three are known.",
            ),
            _points("costly_depth", "The index over what the partner pays for."),
            _points("declared_depth", "The index over what the partner says."),
            _points("treaties_score", "Treaty pillar from the partner."),
            _points("trade_score", "Trade pillar from the partner."),
            _points("arms_score", "Arms pillar from the partner."),
            Field(
                "security_commitment",
                "float",
                "Rung of the strongest obligation of the partner, by the index's ladder.",
                "points",
                nullable=True,
            ),
            Field(
                "trade_share_pct",
                "float",
                "The target's share of the partner's trade, trailing mean.",
                "%",
                nullable=True,
            ),
            Field(
                "vote_kappa",
                "float",
                "Chance-corrected agreement of the votes of both.",
                nullable=True,
            ),
            _CRISES["coding_1"],
            _CRISES["coding_2"],
            _CRISES["response"],
            _CRISES["response_code"],
            _CRISES["response_note"],
            *(
                _chance(
                    f"p_{step}",
                    f"Probability of {_MEANING[step]}, by depth, foretold from all other crises; "
                    "null outside the headline.",
                )
                for step in STEPS
            ),
            _CRISES["partner_basis"],
            _CRISES["confidence"],
            replace(SOURCE_URL, nullable=False),
        ),
        _SOURCES,
        _CAVEATS,
    ),
    Table(
        "out_crises__association",
        "One row per variant of the test of crises and predictor: whether stronger responses go "
        "with higher predictors, and whether depth is better than the others.",
        ("variant", "predictor"),
        (
            Field(
                "variant",
                "string",
                "Which rows and codes; docs/VALIDITY_PLAN.md describes each.",
                allowed=VARIANTS,
            ),
            _PREDICTOR,
            _count("n_rows", "Rows with the predictor and depth."),
            _count("n_crises", "Crises among them.", "crises"),
            _count("n_arms_or_more", "Rows among them with a response of 4 or higher."),
            *_span("tau_b", "Kendall's tau-b of predictor and response.", -1, 1),
            *_span(
                "within_tau_b",
                "tau-b over pairs of rows that share their partner; for depth in all variants, for "
                "others in the headline.",
                -1,
                1,
            ),
            *_span(
                "concordance",
                "Of two rows with different responses, the probability that the stronger has the "
                "higher predictor, ties counted half.",
                0,
                1,
                "probability",
            ),
            *_span(
                "auc",
                "Area under the curve for arms or more (4 or higher) against less; for depth in "
                "all variants, for others in the headline.",
                0,
                1,
                "share",
            ),
            Field(
                "depth_tau_b",
                "float",
                "tau-b of depth on the same rows.",
                nullable=True,
                minimum=-1,
                maximum=1,
            ),
            *_span(
                "tau_b_difference",
                "tau-b of depth less that of the predictor, on the same rows and resamples; null "
                "for depth itself.",
                -2,
                2,
            ),
            _verdict("verdict", "tau_b"),
            _verdict("within_verdict", "within_tau_b"),
            _depth_is("tau_b_difference"),
        ),
        _SOURCES,
        _CAVEATS,
    ),
    Table(
        "out_crises__prediction",
        "One row per predictor: how well a proportional-odds model of the response in four steps, "
        "fitted without a crisis, foretells it. Headline rows.",
        ("predictor",),
        (
            _PREDICTOR,
            _count("n_rows", "Rows with the predictor and depth."),
            _count("n_crises", "Crises among them.", "crises"),
            Field(
                "rps",
                "float",
                "Mean ranked probability score of the model, 0 the best to 1.",
                nullable=True,
                minimum=0,
                maximum=1,
            ),
            _REFERENCE,
            *(
                replace(f, minimum=None)
                for f in _span("skill", "One minus rps over rps_reference; 0 is no skill.", -1, 1)
            ),
            Field(
                "depth_skill",
                "float",
                "Skill of depth on the same rows.",
                nullable=True,
                maximum=1,
            ),
            *(
                replace(f, minimum=None, maximum=None)
                for f in _span(
                    "skill_difference",
                    "Skill of depth less that of the predictor; null for depth itself.",
                    -1,
                    1,
                )
            ),
            _verdict("verdict", "skill"),
            _depth_is("skill_difference"),
        ),
        _SOURCES,
        _CAVEATS,
    ),
    Table(
        "out_crises__leave_one_out",
        "One row per crisis of the headline: what leaving it out does to the association, and how "
        "it was foretold without it.",
        ("crisis_id",),
        (
            _CRISES["crisis_id"],
            _CRISES["name"],
            _count("n_rows", "Rows of the crisis."),
            Field("tau_b", "float", "tau-b of depth and response with all crises.", nullable=True),
            Field(
                "tau_b_without",
                "float",
                "The same without this crisis.",
                nullable=True,
                minimum=-1,
                maximum=1,
            ),
            Field(
                "rps",
                "float",
                "Mean ranked probability score of its rows, by depth.",
                nullable=True,
                minimum=0,
                maximum=1,
            ),
            _REFERENCE,
        ),
        _SOURCES,
        _CAVEATS,
    ),
    Table(
        "out_crises__calibration",
        "One row per view, sample and outcome: probabilities foretold beside what came. Iran in "
        "June 2025 is foretold from the crises before 2025, all others each without its own "
        "crisis. Groups by the forecast say nothing where forecasts hardly differ: each then leans "
        "away from what came. Quarters by the predictor have no such bias.",
        ("predictor", "sample", "outcome"),
        (
            replace(_PREDICTOR, description="The view: depth from the partner, or the target."),
            Field(
                "sample",
                "string",
                "Iran and the partner; a group of equal size by the probability of arms or more, 1 "
                "the lowest; a quarter of the rows by the predictor itself, 1 the shallowest.",
                allowed=(
                    "iran_chn",
                    "iran_rus",
                    *(f"{kind}_{n}" for kind in ("group", "quarter") for n in range(1, 5)),
                ),
            ),
            Field(
                "outcome",
                "string",
                "Step of the response, or the upper two together.",
                allowed=(*STEPS, "arms_or_more"),
            ),
            _count("n_rows", "Rows of the group; for Iran, rows the model was fitted on."),
            _points("predictor_value", "Depth; of a group or quarter its mean."),
            *_span(
                "predicted",
                "Probability foretold; of a group or quarter its mean, which has no interval.",
                0,
                1,
                "probability",
            ),
            *_span(
                "observed",
                "Share of the rows with the outcome; for Iran 1 if it came, else 0, which has no "
                "interval.",
                0,
                1,
                "share",
            ),
        ),
        _SOURCES,
        _CAVEATS,
    ),
    Table(
        "out_crises__coding",
        "One row per measure of how well the two codings of the responses agree, over all rows "
        "coded twice.",
        ("measure",),
        (
            Field(
                "measure",
                "string",
                "Cohen's kappa with linear or quadratic weights; share of rows with the same code; "
                "share at most one rung apart.",
                allowed=("kappa_linear", "kappa_quadratic", "identical", "within_one"),
            ),
            _count("n_rows", "Rows coded twice."),
            _count("n_crises", "Crises among them.", "crises"),
            *_span("value", "Value of the measure, 1 where all agree.", -1, 1),
        ),
        ("curated",),
        ("compiled_by_hand", "judgement"),
    ),
    Table(
        "out_crises__coding_counts",
        "One row per pair of codes that the two codings gave: the cross-table of their agreement.",
        ("coding_1", "coding_2"),
        (
            _CRISES["coding_1"],
            replace(_CRISES["coding_2"], nullable=False),
            _count("n_rows", "Rows with both codes."),
        ),
        ("curated",),
        ("compiled_by_hand", "judgement"),
    ),
    Table(
        "out_events__effects",
        "One row per event between a power and a state, view and measure: whether the tie deepened "
        "more than others, and more than in the pair's other years.",
        ("event", "principal_iso3", "partner_iso3", "year", "view", "measure"),
        (
            Field(
                "event",
                "string",
                "Accession to a club (sco, brics, eaeu) or corridor (north_south), memorandum on "
                "the Belt and Road, agreement.",
                allowed=("sco", "brics", "eaeu", "north_south", "belt_and_road", "agreement"),
            ),
            state("principal_iso3", "The power: China or Russia."),
            state("partner_iso3", "The state that joined or agreed."),
            replace(YEAR, description="Year of the event."),
            Field(
                "view",
                "string",
                "principal: seen from the power. partner: seen from the state.",
                allowed=("principal", "partner"),
            ),
            Field(
                "measure",
                "string",
                "What is compared; clubs move the treaty pillar by definition.",
                allowed=("depth", "costly_depth", "depth_without_treaties"),
            ),
            Field(
                "status",
                "string",
                "not_measurable_yet: fewer than three years after it. no_depth: a year of the "
                "window has no value.",
                allowed=("measured", "not_measurable_yet", "no_depth"),
            ),
            _points("mean_before", "Mean of the three years before."),
            _points("mean_after", "Mean of the three years after."),
            *(
                Field(n, "float", d, "points", nullable=True, minimum=low, maximum=-low)
                for n, d, low in (
                    (
                        "control_change",
                        "Mean change, after less before, of the power's ties without an event "
                        "from three years before to three after.",
                        -100,
                    ),
                    ("effect", "Change of the tie less control_change.", -200),
                )
            ),
            optional(_count("n_other_events", "Other events of the pair in the window.", "events")),
            optional(_count("n_placebo", "Years of the pair whose window has no event.", "years")),
            _chance(
                "p",
                "Share of these years, counting the event's, whose effect is as large or larger; "
                "null without one.",
            ),
        ),
        _SOURCES,
        _CAVEATS,
    ),
]
