"""Tests of the index: known groups, and whether its parts belong together.

What is tested and how was fixed beforehand in docs/VALIDITY_PLAN.md.
"""

from __future__ import annotations

from schemas.model import Field, Table

_INDEX = (
    "un",
    "sipri",
    "cow_trade",
    "imf",
    "russia_trade",
    "baci",
    "iran_oil",
    "unctad_trade",
    "worldbank",
    "curated",
)
_TREATIES = ("atop", "cow_igo", "desta", "investment_treaties", "us_troops")
_FIRST = Field("first_year", "int", "First calendar year the figure is over.", minimum=1800)
_LAST = Field("last_year", "int", "Last one; the same for a single year.", maximum=2100)
_SAMPLE = Field(
    "sample",
    "string",
    "Pairs that are compared: all pairs of the panel, each with the mean of its two directions; "
    "the same without those whose pact is the Arab League's; or directed pairs as China, France, "
    "Russia, the United Kingdom and the United States see them.",
    allowed=("pairs", "pairs_without_arab_league", "great_powers"),
)
_POLE = Field(
    "pole",
    "string",
    "Who should stand high and who low: pairs with a defence pact in force against those without; "
    "the same against pairs in rivalry or at war (that have no pact) alone; pairs in rivalry or at "
    "war against all others, which should give an area below 0.5.",
    allowed=("allies_others", "allies_rivals", "rivals_others"),
)
_PREDICTOR = Field(
    "predictor",
    "string",
    "What ranks the pairs: depth without the treaty pillar (mean of the other three), one of these "
    "pillars alone, or a plain baseline: the partner's share of trade, plain agreement of votes, "
    "distance of ideal points (turned round), volume of arms. All are compared on the same pairs, "
    "those for which every score of the year is known.",
    allowed=(
        "without_treaties",
        "trade",
        "arms",
        "voting",
        "trade_share",
        "vote_agreement",
        "ideal_point_distance",
        "arms_volume",
    ),
)
_YEARS = Field(
    "n_years", "int", "Years the figure is the mean of; a baseline may end earlier.", minimum=1
)


def _share(name: str, description: str, *, nullable: bool = False) -> Field:
    return Field(name, "float", description, unit="share", nullable=nullable, minimum=0, maximum=1)


def _difference(name: str, description: str) -> Field:
    return Field(name, "float", description, unit="share", nullable=True, minimum=-1, maximum=1)


def _count(name: str, description: str, unit: str, minimum: int = 0) -> Field:
    return Field(name, "int", description, unit=unit, minimum=minimum)


def _correlation(name: str, description: str) -> Field:
    return Field(name, "float", description, nullable=True, minimum=-1, maximum=1)


def _statistic(
    name: str,
    description: str,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
) -> Field:
    return Field(name, "float", description, unit, nullable=True, minimum=minimum, maximum=maximum)


TABLES = [
    Table(
        "out_validity__known_groups",
        "How well depth without treaties, its pillars and plain baselines tell pairs with a "
        "defence pact, and rivals, from others: one row per sample, pole, predictor and year. The "
        "last ten years in which at least half of all pairs can be scored have one row more, the "
        "mean of the years' figures. Outside these ten years pillars and baselines are there for "
        "all pairs with a pact against all without.",
        ("first_year", "last_year", "sample", "pole", "predictor"),
        (
            _FIRST,
            _LAST,
            _SAMPLE,
            _POLE,
            _PREDICTOR,
            _YEARS,
            _count("n_positive", "Those who should stand high, summed over years.", "pairs", 1),
            _count("n_negative", "Those they are compared with.", "pairs", 1),
            _count(
                "n_clusters",
                "What positives are drawn by: pacts, a pair with several in that of most parties; "
                "rivals one by one.",
                "pacts or pairs",
                1,
            ),
            _count("n_negative_pairs", "Different pairs among n_negative.", "pairs", 1),
            _count(
                "n_positive_unscored",
                "Further positives that are left out because a score is missing.",
                "pairs",
            ),
            _share("coverage", "Share of the sample's pairs for which every score is known."),
            _share("prevalence", "Share of positives: the average precision of chance."),
            _share(
                "auc",
                "Area under the curve: probability that a positive scores higher than a negative, "
                "equals counted half.",
            ),
            _share(
                "auc_lo90",
                "Lower end of its 90 % bootstrap interval, pacts drawn whole and negative pairs "
                "one by one; null below five of either.",
                nullable=True,
            ),
            _share("auc_hi90", "Upper end of the interval.", nullable=True),
            _difference(
                "auc_lead",
                "Area of depth without treaties less that of this predictor, on the same pairs and "
                "years; null for itself.",
            ),
            _difference("auc_lead_lo90", "Lower end of its 90 % interval, from the same samples."),
            _difference("auc_lead_hi90", "Upper end of the interval."),
            _share(
                "average_precision",
                "Mean, over positives, of the share of positives among all that score as high or "
                "higher.",
            ),
            _share("average_precision_lo90", "Lower end of its 90 % interval.", nullable=True),
            _share("average_precision_hi90", "Upper end of the interval.", nullable=True),
            _count("n_samples", "Bootstrap samples behind the intervals.", "samples", 1),
        ),
        (*_INDEX, "voeten", "atop"),
        ("partial_coverage", "judgement"),
    ),
    Table(
        "out_validity__pacts",
        "The same by pact: how far the pairs of each defence pact stand above pairs without one. "
        "One row per pact and predictor, over all years with scores and over the ten of "
        "out_validity__known_groups.",
        ("first_year", "last_year", "pact", "predictor"),
        (
            _FIRST,
            _LAST,
            Field("pact", "string", "Instrument, as in core_treaties__commitments."),
            Field("name", "string", "Name, for pacts of many states.", nullable=True),
            Field("members", "string", "States of its scored pairs, ISO codes parted by spaces."),
            _PREDICTOR,
            _count("n_pairs", "Its pairs that have scores in some year.", "pairs", 1),
            _count("n_pair_years", "These pairs times years.", "pairs", 1),
            _share(
                "auc",
                "Probability that a pair of the pact scores higher than a pair without any pact in "
                "the same year, equals counted half; mean over pairs and years.",
            ),
            _share("auc_others", "The same for the pairs of all other pacts.", nullable=True),
        ),
        (*_INDEX, "voeten", "atop"),
        ("partial_coverage",),
    ),
    Table(
        "out_validity__placebo",
        "What the area under the curve of all pairs would be if pacts, or rivalries, stood between "
        "other states: every state takes another's at random and the pattern stays whole, over the "
        "ten years of out_validity__known_groups.",
        ("first_year", "last_year", "pole", "predictor"),
        (
            _FIRST,
            _LAST,
            Field("pole", "string", _POLE.description, allowed=("allies_others", "rivals_others")),
            _PREDICTOR,
            _YEARS,
            _share("auc", "The area observed."),
            _share("placebo_mean", "Mean of the relabellings; 0.5 if nothing is wrong."),
            _share("placebo_lo90", "Their 5th percentile."),
            _share("placebo_hi90", "Their 95th percentile."),
            _share(
                "share_reaching",
                "Share of relabellings whose area is as high as the observed (for rivals as low) "
                "or beyond.",
            ),
            _count("n_relabellings", "Relabellings drawn.", "relabellings", 1),
        ),
        (*_INDEX, "voeten", "atop"),
        ("partial_coverage",),
    ),
    Table(
        "out_validity__coherence",
        "What each node of the index (depth, pillars, indicators) looks like, weighs and brings, "
        "and whether its children belong together: ties with a full depth, every fifth year of the "
        "ten of out_validity__known_groups.",
        ("first_year", "last_year", "node"),
        (
            _FIRST,
            _LAST,
            Field("node", "string", "depth, a pillar, or an indicator, as in definition.toml."),
            Field("level", "string", "Its level.", allowed=("index", "pillar", "indicator")),
            Field("parent", "string", "Node above it; null for depth.", nullable=True),
            _count("n_ties", "Directed pairs and years for which it is known.", "ties"),
            _share("known", "Share of all ties with a full depth for which it is known."),
            _statistic("mean", "Mean score.", "points", minimum=0, maximum=100),
            _statistic("sd", "Standard deviation of the score.", "points", minimum=0),
            _share("share_zero", "Share of known scores that are 0.", nullable=True),
            _share("share_full", "Share of known scores that are 100.", nullable=True),
            _share("weight", "Weight in depth by the definition, if nothing is missing."),
            _share(
                "weight_observed",
                "Mean weight in depth once the weight of what is missing is shared out.",
                nullable=True,
            ),
            _statistic(
                "variance_share",
                "Effective weight: share of the variance of depth, the covariance of its points "
                "with depth over the variance of depth; pillars add up to 1, and indicators do.",
                "share",
            ),
            _correlation("correlation_parent", "Correlation (Pearson's) with the node above it."),
            _correlation("correlation_index", "Correlation with depth."),
            _correlation(
                "correlation_without",
                "Correlation of depth with depth made without it: near 1 where it changes nothing.",
            ),
            Field(
                "nearest",
                "string",
                "Node of its level it correlates most with, among those known for at least half "
                "of the ties; null for others.",
                nullable=True,
            ),
            _correlation(
                "nearest_correlation", "Correlation with that one; above 0.92 it repeats."
            ),
            _statistic(
                "variance_inflation",
                "1 / (1 - R2) of the node on all others of its level; above 10 it repeats them.",
                minimum=1,
            ),
            _statistic("alpha", "Cronbach's alpha of its children.", maximum=1),
            _share(
                "first_component",
                "Share of its children's variance along their first principal component.",
                nullable=True,
            ),
            _share("second_component", "Share along the second.", nullable=True),
            Field(
                "n_complete",
                "int",
                "Ties for which all its children are known: those of the components.",
                unit="ties",
                nullable=True,
                minimum=0,
            ),
        ),
        (*_INDEX, *_TREATIES),
    ),
    Table(
        "out_validity__correlations",
        "Correlation of every two indicators, and of every two pillars, over the ties and years of "
        "out_validity__coherence.",
        ("first_year", "last_year", "level", "first", "second"),
        (
            _FIRST,
            _LAST,
            Field("level", "string", "Level of both.", allowed=("pillar", "indicator")),
            Field("first", "string", "Pillar or indicator, in the order of definition.toml."),
            Field("second", "string", "The other."),
            _correlation("correlation", "Pearson's, over the ties that have both."),
            _count("n_ties", "Directed pairs and years that have both.", "ties"),
            Field(
                "flag",
                "string",
                "collinear above 0.92, weak below 0.3, negative below -0.4, undefined where one "
                "does not vary; else null.",
                nullable=True,
                allowed=("collinear", "weak", "negative", "undefined"),
            ),
        ),
        (*_INDEX, *_TREATIES),
    ),
]
