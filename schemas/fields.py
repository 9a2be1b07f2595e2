"""Fields that stand in many tables, defined once: equal quantities keep one name and meaning.

Does not belong here: a field that only one table has.
"""

from __future__ import annotations

from dataclasses import replace

from schemas.model import Field

ISO3_PATTERN = "[A-Z]{3}"


def state(name: str, description: str, *, nullable: bool = False) -> Field:
    """Return a field that holds a state's ISO 3166-1 alpha-3 code."""
    return Field(name, "string", description, pattern=ISO3_PATTERN, nullable=nullable)


def optional(f: Field) -> Field:
    """Return the same field, allowed to be missing."""
    return replace(f, nullable=True)


ISO3 = state("iso3", "State, ISO 3166-1 alpha-3 (a documented code for states that are gone).")
FROM = state("from_iso3", "State whose view is taken: how much of its own external weight it is.")
TO = state("to_iso3", "Partner, the state the tie leads to.")
SUPPLIER = state("supplier_iso3", "State that supplies the arms.")
RECIPIENT = state("recipient_iso3", "State that receives the arms.")
EXPORTER = state("exporter_iso3", "State the goods come from.")
IMPORTER = state("importer_iso3", "State the goods go to.")
YEAR = Field("year", "int", "Calendar year.", minimum=1800, maximum=2100)
START = Field("start_date", "date", "First day.")
END = Field("end_date", "date", "Last day; null while it goes on.", nullable=True)
CONFIDENCE = Field(
    "confidence",
    "string",
    "How well the row's source supports it.",
    allowed=("high", "medium", "low"),
)
SOURCE_URL = Field("source_url", "string", "Address of the page the row rests on.", nullable=True)
NOTE = Field("note", "string", "Remark on the row.", nullable=True)
TIV = Field(
    "tiv_millions",
    "float",
    "Volume of major conventional arms delivered; 0 where the register covers the year and "
    "records none.",
    unit="million SIPRI trend-indicator values",
    minimum=0,
    redistribution="aggregate",
)
N_JOINT = Field(
    "n_joint",
    "int",
    "Recorded votes in which both states voted yes, no or abstained.",
    unit="roll calls",
    minimum=0,
)
AGREEMENT_FIELDS = (
    N_JOINT,
    Field(
        "n_contested",
        "int",
        "Those of n_joint that were not unanimous among the states present; `agreement`, "
        "`identical_share` and `s_score` are computed over them.",
        unit="roll calls",
        minimum=0,
    ),
    Field(
        "agreement",
        "float",
        "Voeten's agreement: 1 minus the mean distance between the two votes (yes 1, abstain 2, "
        "no 3) over 2, roll calls unanimous among those present dropped; null without one.",
        unit="share",
        nullable=True,
        minimum=0,
        maximum=1,
    ),
    Field(
        "identical_share",
        "float",
        "Share of n_contested in which both voted the same: the agreement that Voeten publishes "
        "beside his ideal points (USAgree and the like); null without one.",
        unit="share",
        nullable=True,
        minimum=0,
        maximum=1,
    ),
    Field(
        "s_score",
        "float",
        "Signorino and Ritter's S, 2 x agreement - 1 on the same votes.",
        nullable=True,
        minimum=-1,
        maximum=1,
    ),
    Field(
        "kappa",
        "float",
        "Cohen's weighted kappa over n_joint, linear weights, chance from each state's own "
        "margins; null where the margins leave no room for disagreement.",
        nullable=True,
        maximum=1,
    ),
    Field(
        "pi",
        "float",
        "Scott's pi over n_joint, nominal, chance from the pooled margins; null where the pooled "
        "margins leave no room for disagreement.",
        nullable=True,
        maximum=1,
    ),
)
SCORE = Field(
    "score",
    "float",
    "Score on the fixed goalposts, 0 no tie to 100.",
    unit="points",
    nullable=True,
    minimum=0,
    maximum=100,
)
COVERAGE = Field(
    "coverage",
    "float",
    "Share of the applicable weight whose indicator was observed, not carried, imputed or missing.",
    unit="share",
    minimum=0,
    maximum=1,
)
