"""Small worlds the index is tried on: a definition with round numbers, indicators, core tables."""

from __future__ import annotations

import numpy as np
import pandas as pd

from indices.cube import Array, Axes
from indices.definition import Definition, Indicator, Pillar, Question
from indices.depth import MISSING, OBSERVED, Indicators
from indices.pillars.voting import agreement_dyads, ballots

Frames = dict[str, pd.DataFrame]

# indicator: pillar, lo, hi, weight, kind, directional; all linear
_INDICATORS = {
    "trade_share": ("trade", 0, 20, 0.6, "costly", True),
    "trade_intensity": ("trade", 0, 10, 0.4, "costly", True),
    "arms_import_share": ("arms", 0, 50, 0.5, "costly", True),
    "arms_volume": ("arms", 0, 100, 0.5, "costly", False),
    "security_commitment": ("treaties", 0, 100, 0.4, "costly", False),
    "partnership_tier": ("treaties", 0, 1, 0.3, "declared", False),
    "economic_agreements": ("treaties", 0, 4, 0.3, "declared", False),
    "vote_kappa": ("voting", 0, 1, 1.0, "declared", False),
}
_STEPS = {"security_commitment": (0, 20, 45, 100), "partnership_tier": (0, 0.4, 1)}
_MORE = {
    "security_commitment": {"is_scale": True},
    "trade_intensity": {"cap_below_share": 1.0, "cap_score": 50.0},
    "partnership_tier": {"applies": "principals", "is_scale": True},
}
NAMES = tuple(_INDICATORS)


# What the definition says of uncertainty, all but the weights and the votes switched off.
CERTAIN = {
    "goalpost_spread": 0.0,
    "ladder_spread": 0.0,
    "aggregation_spread": 0.0,
    "trade_log_sd": 0.0,
    "carried_log_sd": 0.0,
    "arms_estimate_log_sd": 0.0,
}


def mini_definition(
    seed: int = 1,
    draws: int = 400,
    concentration: float = 50,
    windows: tuple[int, ...] = (1,),
    **spreads: float,
) -> Definition:
    """An index of eight indicators with linear goalposts and pillars of unequal weight.

    Only weights and votes are uncertain, and what `spreads` names.
    """
    made = [
        Indicator(name, pillar, "", "", "linear", lo, hi, *rest, **_MORE.get(name, {}))
        for name, (pillar, lo, hi, *rest) in _INDICATORS.items()
    ]
    pillars = {"trade": 0.4, "arms": 0.2, "treaties": 0.2, "voting": 0.2}
    return Definition(
        version="test",
        first_year=2000,
        pillars=tuple(
            Pillar(
                name,
                weight,
                tuple(i for i in made if i.pillar == name),
                "security_commitment" if name == "treaties" else None,
            )
            for name, weight in pillars.items()
        ),
        ladder={"none": 0.0, "talks": 20.0, "treaty": 45.0, "pact": 100.0},
        tiers={"none": 0.0, "partnership": 0.4, "highest": 1.0},
        rules={"minimum_pillar_weight": 0.5, "full_pillars": 4, "partial_pillars": 3},
        uncertainty={"seed": seed, "draws": draws, "weight_concentration": concentration}
        | CERTAIN
        | spreads,
        arms_windows=windows,
        questions=(Question("focal_bloc", "", "FFF", "bloc", ("AAA", "BBB"), ("PPP",)),),
        variants=(),
        sha256="",
    )


def world(axes: Axes, values: dict[str, Array]) -> Indicators:
    """Indicators from cubes of values; an indicator not given is zero everywhere.

    PPP is the only principal.
    """
    pairs = ~np.eye(len(axes.states), dtype=bool)
    exists = np.broadcast_to(pairs, axes.shape)
    chief = np.isin(axes.states, ["PPP"])
    cubes = {
        n: np.where(exists, values.get(n, np.zeros(axes.shape)), np.nan).astype(float)
        for n in NAMES
    }
    status = {n: np.where(np.isnan(v), MISSING, OBSERVED).astype(np.int8) for n, v in cubes.items()}
    applies = np.broadcast_to(chief[:, None] | chief[None, :], axes.shape)
    return Indicators(axes, exists, cubes, status, {"partnership_tier": applies})


def random_world(axes: Axes, seed: int, missing: float = 0.2) -> Indicators:
    """Values over and around the goalposts, some zero, some missing."""
    rng = np.random.default_rng(seed)
    values = {}
    for name, (_, lo, hi, *_) in _INDICATORS.items():
        cube = rng.uniform(lo - 0.2 * hi, 1.2 * hi, axes.shape)
        if name in _STEPS:
            cube = rng.choice(_STEPS[name], axes.shape).astype(float)
        cube[rng.random(axes.shape) < 0.2] = 0
        cube[rng.random(axes.shape) < missing] = np.nan
        values[name] = cube
    return world(axes, values)


def random_core(axes: Axes, seed: int) -> Frames:
    """Core tables of a small world, for the functions that start from them."""
    rng = np.random.default_rng(seed)
    # Every value is drawn per year, in order of years, so that a longer world begins the same.
    states, pairs = list(axes.states), [(a, b) for a in axes.states for b in axes.states if a != b]
    frames: dict[str, list[tuple]] = {k: [] for k in _CORE}
    for year in axes.years:
        for a, b in pairs:
            value, recorded = rng.lognormal(3, 2, 2)
            frames["core_trade__yearly_flows"].append(
                (a, b, year, value, recorded, 0.0, 0.0, recorded, recorded, "importer_report")
            )
            if rng.random() < 0.2:
                moved = rng.uniform(1, 400)
                frames["core_arms__yearly_dyads"].append((a, b, year, moved, moved / 2))
            frames["core_treaties__yearly_dyads"].append(
                (a, b, year, rng.choice([0, 35, 100]), 0.0, rng.choice([0, 900, np.nan]), 0.5, 2, 0)
            )
        for s in (*states, "WLD"):
            scale = 20 if s == "WLD" else 1
            frames["core_trade__yearly_totals"].append(
                (s, year, *(scale * rng.uniform(1e3, 3e3, 2)))
            )
            frames["core_arms__yearly_totals"].append((s, year, *rng.uniform(400, 4000, 2)))
            frames["core_geo__yearly_economy"].append((s, year, rng.uniform(3e3, 9e3)))
        for call in range(year * 100, year * 100 + 25):
            cast = rng.choice(list("YYYAANNX"), len(states))
            count = [int((cast == v).sum()) for v in "YNA"]
            frames["core_un__roll_calls"].append((call, "GA", pd.Timestamp(year, 12, 1), *count))
            frames["core_un__votes"] += list(zip([call] * len(states), states, cast, strict=True))
    made = {k: pd.DataFrame(rows, columns=_CORE[k]) for k, rows in frames.items()}
    calls = made["core_un__roll_calls"]
    laid = ballots(made["core_un__votes"], calls.assign(year=calls["date"].dt.year), "year")
    made["core_un__yearly_dyads"] = agreement_dyads(laid, "year")
    return made


_CORE = {
    "core_trade__yearly_flows": [
        "exporter_iso3",
        "importer_iso3",
        "year",
        "value_usd",
        "recorded_usd",
        "adjustment_lo_usd",
        "adjustment_hi_usd",
        "value_lo_usd",
        "value_hi_usd",
        "method",
    ],
    "core_trade__yearly_totals": ["iso3", "year", "exports_usd", "imports_usd"],
    "core_geo__yearly_economy": ["iso3", "year", "gdp_usd"],
    "core_arms__yearly_dyads": [
        "supplier_iso3",
        "recipient_iso3",
        "year",
        "tiv_millions",
        "estimated_tiv_millions",
    ],
    "core_arms__yearly_totals": ["iso3", "year", "exports_tiv_millions", "imports_tiv_millions"],
    "core_treaties__yearly_dyads": [
        "from_iso3",
        "to_iso3",
        "year",
        "security_commitment",
        "partnership_tier",
        "troops_hosted",
        "joint_igos",
        "economic_agreements",
        "is_carried",
    ],
    "core_un__roll_calls": ["roll_call_id", "body", "date", "yes", "no", "abstain"],
    "core_un__votes": ["roll_call_id", "iso3", "vote"],
}
