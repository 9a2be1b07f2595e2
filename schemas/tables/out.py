"""The output layer: indicators, pillars, depth and the gap, and what is published beside them."""

from __future__ import annotations

from schemas.fields import COVERAGE, FROM, SCORE, TO, YEAR, optional, state
from schemas.model import Field, Table

_PILLAR = Field(
    "pillar", "string", "Pillar of the index.", allowed=("trade", "arms", "treaties", "voting")
)
_ALL = (
    "un",
    "sipri",
    "cow_trade",
    "imf",
    "russia_trade",
    "baci",
    "iran_oil",
    "unctad_trade",
    "worldbank",
    "atop",
    "cow_igo",
    "desta",
    "investment_treaties",
    "us_troops",
    "curated",
)


def _points(name: str, description: str, low: float | None = 0) -> Field:
    return Field(name, "float", description, unit="points", nullable=True, minimum=low, maximum=100)


def _share(name: str, description: str) -> Field:
    return Field(
        name,
        "float",
        description + " An estimate from a sample: it may lie a little outside 0 to 1.",
        unit="share",
        nullable=True,
    )


def _rank(name: str, description: str) -> Field:
    return Field(name, "float", description, unit="rank", minimum=1)


def _gap(name: str, description: str) -> Field:
    return Field(
        name, "float", description, unit="points", nullable=True, minimum=-100, maximum=100
    )


def _free(name: str, description: str) -> Field:
    return Field(name, "float", description, unit="points or the variant's own", nullable=True)


_QUESTION = Field("question", "string", "Question of definition.toml, for instance iran_gulf.")
_VARIANT = Field("variant", "string", "What is done otherwise, as definition.toml names it.")

TABLES = [
    Table(
        "out_indicators__yearly_dyads",
        "One row per indicator, directed pair and year, from which the index is made.",
        ("from_iso3", "to_iso3", "year", "indicator"),
        (
            FROM,
            TO,
            YEAR,
            Field("indicator", "string", "Indicator, as indices/definition.toml names it."),
            _PILLAR,
            Field(
                "value",
                "float",
                "Value in the indicator's own unit (definition.toml).",
                nullable=True,
            ),
            SCORE,
            Field(
                "status",
                "string",
                "Observed; carried past the source's last year; imputed inside a gap; missing.",
                allowed=("observed", "carried", "imputed", "missing"),
            ),
        ),
        _ALL,
        ("imputed", "carried", "partial_coverage"),
    ),
    Table(
        "out_pillars__yearly_dyads",
        "One row per pillar, directed pair and year.",
        ("from_iso3", "to_iso3", "year", "pillar"),
        (FROM, TO, YEAR, _PILLAR, SCORE, COVERAGE),
        _ALL,
        ("imputed", "carried", "partial_coverage"),
    ),
    Table(
        "out_depth__yearly_dyads",
        "The alliance-depth index: how deep the tie of one state to another is, seen from the "
        "first.",
        ("from_iso3", "to_iso3", "year"),
        (
            FROM,
            TO,
            YEAR,
            _points("depth", "Alliance depth, 0 no tie to 100."),
            _points("depth_lo90", "Lower end of the 90 % interval of depth."),
            _points("depth_hi90", "Upper end of the 90 % interval of depth."),
            Field(
                "depth_status",
                "string",
                "full: all four pillars. partial: three, never to be ranked with or subtracted "
                "from a full one. null: fewer, no depth.",
                nullable=True,
                allowed=("full", "partial"),
            ),
            _points(
                "costly_depth",
                "The index over what a state pays for: trade, arms, "
                "obligations, presence; null unless its three pillars are "
                "known.",
            ),
            _points(
                "declared_depth",
                "The index over what a state says: votes, labels, "
                "memberships; null unless its two pillars are known.",
            ),
            _points("mutual_depth", "Geometric mean of the depth from both ends."),
            _gap("perception_gap", "Depth minus the depth seen from the other end."),
            _gap(
                "perception_gap_directional",
                "The same over the indicators that differ by direction (shares and dependence).",
            ),
            COVERAGE,
        ),
        _ALL,
        ("imputed", "carried", "partial_coverage", "judgement"),
    ),
    Table(
        "out_ranks__yearly_dyads",
        "Where each tie of a question's principal ranks among its ties with the panel's states, "
        "those with a full depth only.",
        ("from_iso3", "to_iso3", "year"),
        (
            FROM,
            TO,
            YEAR,
            _rank("rank", "Rank of the depth, 1 the deepest; equals share the better rank."),
            _rank("rank_lo90", "Lower (better) end of the 90 % interval of the rank."),
            _rank("rank_hi90", "Upper (worse) end of the 90 % interval of the rank."),
            Field("n_ranked", "int", "Ties ranked in the year.", unit="ties", minimum=1),
        ),
        _ALL,
        ("imputed", "carried", "partial_coverage", "judgement"),
    ),
    Table(
        "out_gap__yearly",
        "How much deeper a principal's ties with a bloc are than with the focal state.",
        ("question", "principal_iso3", "view", "measure", "year"),
        (
            Field("question", "string", "Question of definition.toml, for instance iran_gulf."),
            state("principal_iso3", "The great power at the other end of the ties."),
            Field(
                "view",
                "string",
                "principal: seen from the principal. partner: seen from the focal state and the "
                "bloc. mutual: geometric mean of both.",
                allowed=("principal", "partner", "mutual"),
            ),
            Field("measure", "string", "Which index.", allowed=("depth", "costly", "declared")),
            YEAR,
            state("focal_iso3", "The focal state."),
            Field("bloc", "string", "Group of the bloc in core_geo__groups."),
            Field(
                "bloc_n",
                "int",
                "Members of the bloc with a full depth in the year.",
                unit="states",
                minimum=0,
            ),
            _points("focal_depth", "Depth of the focal state's tie."),
            _points("bloc_depth", "Mean depth of the bloc's ties."),
            _gap("gap", "Bloc minus focal state: positive where the bloc's ties are deeper."),
            _gap("gap_lo90", "Lower end of the gap's 90 % interval."),
            _gap("gap_hi90", "Upper end of the gap's 90 % interval."),
            Field(
                "p_bloc_deeper",
                "float",
                "Share of draws in which the bloc's ties are deeper.",
                unit="share",
                nullable=True,
                minimum=0,
                maximum=1,
            ),
            _gap("gap_trade_weighted", "The gap with the bloc as a mean weighted by total trade."),
            _gap("gap_pooled", "The gap with the bloc as one unit, its flows added up."),
            _gap("gap_best", "The gap with the bloc's deepest tie."),
            optional(state("best_iso3", "Member of the bloc with the deepest tie.")),
            Field(
                "has_sign_conflict",
                "bool",
                "Whether gap, gap_trade_weighted, gap_pooled and gap_best differ in sign.",
            ),
        ),
        _ALL,
        ("judgement",),
    ),
    Table(
        "out_sensitivity__yearly_gap",
        "What the spread of the gap comes from: Sobol shares of each uncertain factor, for the gap "
        "of depth seen from the principal.",
        ("question", "principal_iso3", "year", "factor"),
        (
            Field("question", "string", "Question of definition.toml, for instance iran_gulf."),
            state("principal_iso3", "The great power at the other end of the ties."),
            YEAR,
            Field(
                "factor",
                "string",
                "What is uncertain; docs/METHODOLOGY.md describes each.",
                allowed=(
                    "weights",
                    "goalposts",
                    "ladder",
                    "aggregation",
                    "arms_window",
                    "trade_data",
                    "oil_data",
                    "arms_data",
                    "votes",
                ),
            ),
            _share("first_order", "Share of the variance that the factor explains alone."),
            _share("first_order_lo90", "Lower end of its 90 % bootstrap interval."),
            _share("first_order_hi90", "Upper end of its 90 % bootstrap interval."),
            _share("total_order", "Share that is lost when the factor is fixed, interactions too."),
            _share("total_order_lo90", "Lower end of its 90 % bootstrap interval."),
            _share("total_order_hi90", "Upper end of its 90 % bootstrap interval."),
            Field(
                "sd",
                "float",
                "Standard deviation of the gap over the draws.",
                unit="points",
                minimum=0,
            ),
        ),
        _ALL,
        ("judgement",),
    ),
    Table(
        "out_robustness__yearly_dyads",
        "The ties of a question made in other ways: one row per variant, question, directed pair "
        "and year. Variants are listed in indices/definition.toml; those that change the unit "
        "(percentile, z_score) compare with nothing but themselves.",
        ("question", "from_iso3", "to_iso3", "year", "variant"),
        (
            _QUESTION,
            FROM,
            TO,
            YEAR,
            _VARIANT,
            _free(
                "variant_depth", "Depth under the variant; null where a pillar it has is missing."
            ),
            _free("variant_costly_depth", "What is paid for, under the variant."),
            _free("variant_declared_depth", "What is said, under the variant."),
            _free("variant_lead", "Depth less that of the focal state's tie at the same end."),
            _points("depth", "Depth as published, for full ties."),
            _gap("lead", "Lead over the focal state's tie as published."),
            Field(
                "is_lead_flipped",
                "bool",
                "Whether the lead's sign differs from the published one.",
                nullable=True,
            ),
        ),
        _ALL,
        ("judgement",),
    ),
    Table(
        "out_robustness__yearly_gap",
        "The gap made in other ways, one row per variant, beside the published one.",
        ("question", "principal_iso3", "view", "measure", "year", "variant"),
        (
            _QUESTION,
            state("principal_iso3", "The great power at the other end of the ties."),
            Field(
                "view",
                "string",
                "Whose eyes: the principal's, the partners', or both (z-scores have no such mean).",
                allowed=("principal", "partner", "mutual"),
            ),
            Field(
                "measure", "string", "What is compared.", allowed=("depth", "costly", "declared")
            ),
            YEAR,
            _VARIANT,
            _free("variant_focal_depth", "The focal state's tie under the variant."),
            _free("variant_bloc_depth", "Mean of the bloc's ties under the variant."),
            Field(
                "variant_bloc_n",
                "int",
                "Members of the bloc with a value under the variant.",
                minimum=0,
            ),
            _free(
                "variant_gap", "Bloc minus focal under the variant; null where it cannot be made."
            ),
            _gap("gap", "The published gap."),
            Field(
                "is_sign_flipped",
                "bool",
                "Whether the gap's sign differs from the published one.",
                nullable=True,
            ),
        ),
        _ALL,
        ("judgement",),
    ),
    Table(
        "out_beside__yearly_dyads",
        "Published beside the index, never scored: what recorded trade alone gives, for the pairs "
        "whose trade holds unrecorded oil. All other pairs rest on recorded trade already.",
        ("from_iso3", "to_iso3", "year", "measure"),
        (
            FROM,
            TO,
            YEAR,
            Field(
                "measure",
                "string",
                "trade_share_recorded (customs only), or depth_recorded (the index with recorded "
                "trade only).",
            ),
            Field("value", "float", "Value, per cent or points."),
        ),
        _ALL,
    ),
]
