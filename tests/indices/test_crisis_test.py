"""The test of crises on a world made so that the outcome is known."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from indices.validity import crises as c
from indices.validity.association import interval
from schemas import REGISTRY, conform, validate
from schemas.tables import out_crises
from schemas.tables.raw_curated import RESPONSES

Frame = pd.DataFrame
# Crises, those left out, depth, pillars, indicators.
World = tuple[Frame, Frame, Frame, Frame, Frame]
PARTNERS, TARGETS = ("CHN", "RUS", "USA"), ("IRN", "ISR", "PAK", "SAU", "SYR")
YEARS = range(1980, 2025)
SAMPLES = 200
DRAW = c.draws(7, SAMPLES)
NAMES = (
    "out_crises__responses",
    "out_crises__association",
    "out_crises__prediction",
    "out_crises__leave_one_out",
    "out_crises__calibration",
    "out_crises__coding",
    "out_crises__coding_counts",
)


def dyads(rng: np.random.Generator) -> tuple[Frame, Frame, Frame]:
    """Depth, pillars and indicators of all pairs, drawn apart from each other."""
    pairs = [p for a, b in ((PARTNERS, TARGETS), (TARGETS, PARTNERS)) for p in product(a, b)]
    keys = pd.DataFrame(
        [(a, b, y) for a, b in pairs for y in YEARS], columns=["from_iso3", "to_iso3", "year"]
    ).astype({"from_iso3": "category", "to_iso3": "category"})
    n = len(keys)
    depth = keys.assign(
        depth=rng.uniform(0, 100, n),
        costly_depth=rng.uniform(0, 100, n),
        declared_depth=rng.uniform(0, 100, n),
        depth_status=pd.Categorical(rng.choice(["full", "partial"], n, p=[0.9, 0.1])),
    )
    pillars = pd.concat(
        [
            keys.assign(pillar=p, score=rng.uniform(0, 100, n))
            for p in ("trade", "arms", "treaties", "voting")
        ],
        ignore_index=True,
    )
    indicators = pd.concat(
        [
            keys.assign(indicator=i, value=rng.uniform(0, 1, n))
            for i in (*c.INDICATORS, "arms_volume")
        ],
        ignore_index=True,
    )
    return depth, pillars, indicators


def response_to(depth: Frame, target: str, partner: str, year: int) -> int:
    """A response that follows the partner's depth of the year before."""
    row = depth[
        (depth["from_iso3"] == partner) & (depth["to_iso3"] == target) & (depth["year"] == year - 1)
    ]
    return int(row["depth"].iloc[0] // 12.5)


@pytest.fixture(scope="module")
def world() -> World:
    rng = np.random.default_rng(11)
    depth, pillars, indicators = dyads(rng)
    rows = []
    for k, year in enumerate(range(1985, 2026)):
        for target in rng.choice(TARGETS, 2, replace=False):
            rows += [
                (f"{year}-made", year, str(target), str(partner), k + 1)
                for partner in rng.choice(PARTNERS, 2, replace=False)
            ]
    rows += [("2025-june", 2025, "IRN", p, None) for p in ("CHN", "RUS")]
    crises = pd.DataFrame(
        rows, columns=["crisis_id", "year", "target_iso3", "partner_iso3", "icb_crisno"]
    ).drop_duplicates(["crisis_id", "target_iso3", "partner_iso3"])
    response = [
        response_to(depth, t, p, y)
        for t, p, y in zip(
            crises["target_iso3"], crises["partner_iso3"], crises["year"], strict=True
        )
    ]
    crises = crises.assign(
        name="A crisis made up",
        start_date=pd.to_datetime(crises["year"].astype(str) + "-06-01"),
        coding_1=response,
        coding_2=pd.array([None, *response[1:]], dtype="Int64"),
        response=response,
        response_code=[RESPONSES[r] for r in response],
        response_note="What was done.",
        partner_basis="arms",
        confidence="high",
        source_url="https://example.org",
    ).drop(columns="year")
    left_out = pd.DataFrame(
        {
            "icb_crisno": [3, 900, 901],
            "target_iso3": ["SYR", "SYR", "SYR"],
            "partner_iso3": ["RUS", "RUS", "RUS"],
            "year": [1987, 2001, 2002],
            "reason": ["no_source", "no_source", "moved_first"],
        }
    )
    return crises, left_out, depth, pillars, indicators


@pytest.fixture(scope="module")
def tables(world: World) -> dict[str, Frame]:
    made = c.crisis_tables(*world, seed=7, samples=SAMPLES)
    return dict(zip(NAMES, made, strict=True))


def chosen(variant: str, rows: Frame) -> Frame:
    """Rows of a variant."""
    pool, change = c.VARIANTS[variant]
    return change(c.pools(rows)[pool])


@pytest.mark.parametrize("name", NAMES)
def test_the_tables_hold_what_the_registry_promises(tables: dict[str, Frame], name: str) -> None:
    assert len(validate(conform(tables[name], REGISTRY[name]), REGISTRY[name]))


def test_code_lists_of_the_registry_are_those_of_the_test() -> None:
    assert tuple(c.VARIANTS) == out_crises.VARIANTS
    assert out_crises.PREDICTORS == c.PREDICTORS
    assert out_crises.STEPS == c.STEPS


def test_an_outcome_that_follows_depth_speaks_for_it(tables: dict[str, Frame]) -> None:
    found = tables["out_crises__association"].set_index(["variant", "predictor"])
    headline = found.loc["headline"]
    # Eight rungs of depth: all pairs that differ in the response are in order.
    assert headline.loc["depth", "concordance"] == 1
    assert headline.loc["depth", "auc"] == 1
    assert headline.loc["depth", "verdict"] == "for"
    assert headline.loc["depth", "within_verdict"] == "for"
    assert headline["depth_is"].isna().tolist() == [True] + [False] * 10
    assert (headline["depth_is"].iloc[1:] == "better").all()
    assert headline.loc["depth_from_target", "verdict"] == "open"


def test_an_outcome_turned_round_speaks_against_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(c, "VARIANTS", {"headline": c.VARIANTS["headline"]})
    crises, *rest = world
    turned = crises.assign(response=7 - crises["response"])
    rows = c.year_before(c.crisis_rows(turned, rest[0]), *rest[1:])
    found = pd.DataFrame(c.association_rows(rows, DRAW)).set_index(["variant", "predictor"])
    assert found.loc[("headline", "depth"), "verdict"] == "against"
    assert found.loc[("headline", "trade_share_pct"), "depth_is"] == "worse"


def test_only_rows_with_a_full_depth_are_tested(world: World, tables: dict[str, Frame]) -> None:
    crises = world[0]
    status = tables["out_crises__responses"]["depth_status"].astype("str")
    assert len(status) == len(crises)
    assert 0 < (status != "full").sum() < len(status)
    found = tables["out_crises__association"].set_index(["variant", "predictor"])["n_rows"]
    assert found["headline", "depth"] == (status == "full").sum()
    assert found["with_partial", "depth"] == len(crises)
    assert found["coding_2", "depth"] in (
        found["headline", "depth"],
        found["headline", "depth"] - 1,
    )
    parts = found["before_1992", "depth"] + found["from_1992", "depth"]
    assert parts == found["headline", "depth"]
    thirds = [found[v, "depth"] for v in ("china", "russia", "united_states")]
    assert sum(thirds) == found["headline", "depth"]
    # From the target depth is partial for some of the rows that are full from the partner.
    assert found["headline", "depth_from_target"] < found["headline", "depth"]
    known = tables["out_crises__responses"]["p_words"].notna()
    assert (known == (status == "full")).all()


def test_rows_left_out_count_as_nothing_in_their_variant(world: World) -> None:
    crises, left_out, *index = world
    rows = c.crisis_rows(crises, left_out)
    more = rows[~rows["is_coded"]]
    assert more["crisis_id"].tolist() == ["1987-made", "icb-900"]
    assert more["predictor_year"].tolist() == [1986, 2000]
    assert more["response"].tolist() == [0, 0]
    rows = c.year_before(rows, *index).assign(depth_status="full")
    assert len(chosen("no_source_as_0", rows)) == len(chosen("headline", rows)) + 2


@pytest.mark.parametrize(
    ("variant", "change", "gone"),
    [
        ("high_confidence", {"confidence": "low"}, True),
        (
            "without_usa_gulf_2026",
            {"crisis_id": "2026-gulf", "partner_iso3": "USA", "target_iso3": "SAU"},
            True,
        ),
        (
            "without_usa_gulf_2026",
            {"crisis_id": "2026-gulf", "partner_iso3": "CHN", "target_iso3": "SAU"},
            False,
        ),
        (
            "without_pakistan_may_2025",
            {"crisis_id": "2025-may", "partner_iso3": "CHN", "target_iso3": "PAK"},
            True,
        ),
        (
            "without_pakistan_may_2025",
            {"crisis_id": "2025-may", "partner_iso3": "USA", "target_iso3": "PAK"},
            False,
        ),
        ("without_successor_named", {"partner_basis": "successor"}, True),
        ("without_successor_named", {"partner_basis": "named"}, True),
        ("without_israel", {"target_iso3": "ISR"}, True),
        ("without_israel", {"target_iso3": "SYR"}, False),
        ("coding_2", {"coding_2": None}, True),
        ("coding_1", {"coding_2": None}, False),
    ],
)
def test_a_variant_leaves_out_what_it_says(
    variant: str, change: dict[str, object], gone: bool
) -> None:
    rows = pd.DataFrame(
        {
            "crisis_id": ["2000-x", "2000-y"],
            "target_iso3": "IRN",
            "partner_iso3": "RUS",
            "confidence": "high",
            "partner_basis": "arms",
            "start_year": 2000,
            "coding_1": [5, 6],
            "coding_2": pd.array([3, 4], dtype="Int64"),
            "response": [3, 4],
            "is_coded": True,
            "depth": 50.0,
            "depth_status": "full",
            "depth_from_target": 50.0,
            "target_depth_status": "full",
        }
    )
    assert len(chosen(variant, rows)) == 2
    for column, value in change.items():
        rows.loc[0, column] = value
    assert len(chosen(variant, rows)) == (1 if gone else 2)


def test_other_codings_and_mediation_change_the_response_only(world: World) -> None:
    crises, left_out, *index = world
    rows = c.year_before(c.crisis_rows(crises, left_out), *index)
    rows = rows.assign(coding_1=rows["response"] + 1, coding_2=rows["response"] - 1)
    plain = chosen("headline", rows)["response"]
    assert (chosen("coding_1", rows)["response"] == plain + 1).all()
    assert (chosen("coding_2", rows)["response"] == plain - 1).all()
    mediated = chosen("mediation_as_words", rows)["response"]
    assert set(plain[mediated != plain]) == {2}
    assert set(mediated[mediated != plain]) == {1}


def test_foretelling_knows_depth_from_noise(tables: dict[str, Frame]) -> None:
    skills = tables["out_crises__prediction"].set_index("predictor")
    assert skills.loc["depth", "skill"] > 0.5
    assert skills.loc["depth", "verdict"] == "for"
    assert skills.loc["trade_share_pct", "skill"] < 0.1
    assert skills.loc["trade_share_pct", "depth_is"] == "better"
    assert (skills["n_rows"] <= skills.loc["depth", "n_rows"]).all()
    # From the rows to the whole, by the definition of the skill.
    by_crisis = tables["out_crises__leave_one_out"]
    scores = [
        np.average(by_crisis[k], weights=by_crisis["n_rows"]) for k in ("rps", "rps_reference")
    ]
    assert skills.loc["depth", "skill"] == pytest.approx(1 - scores[0] / scores[1], abs=1e-6)


def test_leaving_a_crisis_out_is_computing_without_its_rows(
    world: World, tables: dict[str, Frame]
) -> None:
    one = tables["out_crises__leave_one_out"].iloc[5]
    crises, left_out, *index = world
    fewer = crises[crises["crisis_id"] != one["crisis_id"]]
    rows = c.year_before(c.crisis_rows(fewer, left_out), *index)
    found = next(iter(c.association_rows(rows, c.draws(7, 2))))
    assert found["tau_b"] == pytest.approx(one["tau_b_without"])
    whole = tables["out_crises__association"]["tau_b"].iloc[0]
    assert one["tau_b"] == pytest.approx(whole)


@pytest.mark.parametrize(("kind", "by"), [("group", "predicted"), ("quarter", "predictor_value")])
def test_groups_are_of_equal_size_and_in_order(
    tables: dict[str, Frame], kind: str, by: str
) -> None:
    rows = tables["out_crises__calibration"]
    groups = rows[(rows["predictor"] == "depth") & rows["sample"].str.startswith(kind)]
    tested = tables["out_crises__responses"]["p_words"].notna().sum()
    assert groups["n_rows"].sum() == tested
    assert groups["n_rows"].max() - groups["n_rows"].min() <= 1
    assert groups[by].is_monotonic_increasing
    assert (groups["observed"].iloc[0], groups["observed"].iloc[-1]) == (0, 1)
    assert (groups["observed"] >= groups["observed_lo90"]).all()
    arms = (tables["out_crises__responses"].dropna(subset="p_words")["response"] >= 4).sum()
    assert (groups["observed"] * groups["n_rows"]).sum() == pytest.approx(arms)


def test_iran_is_foretold_from_earlier_crises_alone(world: World) -> None:
    crises, left_out, *index = world
    changed = crises.assign(
        response=crises["response"].where(crises["start_date"].dt.year < 2025, 0)
    )
    both = []
    for coded in (crises, changed):
        rows = c.year_before(c.crisis_rows(coded, left_out), *index)
        rows["depth_status"] = rows["target_depth_status"] = "full"
        both.append(pd.DataFrame(c.Forecasts(rows, DRAW).iran()))
    pd.testing.assert_series_equal(both[0]["predicted"], both[1]["predicted"])
    found = both[0].set_index(["predictor", "sample", "outcome"])
    for case in (("depth", "iran_chn"), ("depth_from_target", "iran_rus")):
        steps = found.loc[case].loc[list(c.STEPS)]
        assert steps["predicted"].sum() == pytest.approx(1)
        assert steps["observed"].sum() == 1
        upper = steps["predicted"].iloc[2:].sum()
        assert found.loc[(*case, "arms_or_more"), "predicted"] == pytest.approx(upper)


def test_agreement_of_codings(world: World, tables: dict[str, Frame]) -> None:
    crises = world[0]
    found = tables["out_crises__coding"].set_index("measure")
    assert (found["value"] == 1).all()
    assert (found["n_rows"] == len(crises) - 1).all()
    assert tables["out_crises__coding_counts"]["n_rows"].sum() == len(crises) - 1
    apart = crises.assign(coding_1=(crises["coding_1"] + 1).clip(upper=7))
    measures, _ = c.codings(apart, DRAW)
    measures = measures.set_index("measure")
    was_seven = (crises["coding_2"] == 7).mean()
    assert measures.loc["identical", "value"] == pytest.approx(was_seven, abs=0.01)
    assert measures.loc["within_one", "value"] == 1
    assert measures.loc["kappa_linear", "value"] < measures.loc["kappa_quadratic", "value"]


@pytest.mark.parametrize(
    ("ends", "said"),
    [((0.1, 0.2), "for"), ((-0.2, -0.1), "against"), ((-0.1, 0.1), "open"), ((0, 0.1), "open")],
)
def test_verdicts_follow_the_interval(ends: tuple[float, float], said: str) -> None:
    assert c.side(*ends) == said
    assert c.side(*interval(np.array([np.nan]))) is None


def test_with_few_crises_nothing_is_tested(world: World) -> None:
    crises, left_out, *index = world
    few = crises[crises["crisis_id"] == "1990-made"]
    made = c.crisis_tables(few, left_out, *index, seed=7, samples=SAMPLES)
    tables = {
        n: validate(conform(f, REGISTRY[n]), REGISTRY[n]) for n, f in zip(NAMES, made, strict=True)
    }
    responses = tables["out_crises__responses"]
    assert len(responses) == len(few)
    assert responses["depth"].notna().any()
    assert responses["p_words"].isna().all()
    for name in ("association", "prediction", "leave_one_out", "calibration"):
        assert tables[f"out_crises__{name}"].empty
