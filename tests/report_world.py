"""A made-up warehouse for the report's tests: any question, seeded figures, no build."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from indices.definition import Definition, Question

FIRST, LAST = 1979, 2024
# A bloc member whose last pillar is not known in LAST.
GAP_IN = -1

ELSEWHERE = Question(
    name="isles",
    label="Utopia against the Blessed Isles",
    focal="UTO",
    bloc="isles",
    bloc_members=("ISA", "ISB", "ISC"),
    principals=("AAA", "BBB"),
)
NAMES = {
    "UTO": "Utopia",
    "ISA": "United Isles <A>",
    "ISB": "Isle B",
    "ISC": "Isle C",
    "AAA": "United Atlantis",
    "BBB": "Brobdingnag's",
}


def frames(question: Question, definition: Definition) -> dict[str, pd.DataFrame]:
    """The tables the report reads, in their columns."""
    rng = np.random.default_rng(7)
    pillars = [p.name for p in definition.pillars]
    states = [question.focal, *question.bloc_members]
    everyone = [*question.principals, *states]
    years = range(FIRST, LAST + 1)
    ties = [
        (a, b, y)
        for p in question.principals
        for s in states
        for a, b in ((p, s), (s, p))
        for y in years
    ]
    scores = rng.uniform(0, 100, (len(ties), len(pillars)))
    hole = (question.principals[0], question.bloc_members[GAP_IN], LAST)
    depth = scores.mean(axis=1)
    gaps = [
        (question.name, p, view, m, y, question.focal, question.bloc, 3, *rng.uniform(0, 100, 2))
        for p in question.principals
        for view in ("principal", "partner", "mutual")
        for m in ("depth", "costly", "declared")
        for y in years
    ]
    gap = pd.DataFrame(
        gaps,
        columns=[
            "question", "principal_iso3", "view", "measure", "year", "focal_iso3", "bloc",
            "bloc_n", "focal_depth", "bloc_depth",
        ],
    )  # fmt: skip
    gap["gap"] = gap["bloc_depth"] - gap["focal_depth"]
    gap = gap.assign(
        gap_lo90=gap["gap"] - 5,
        gap_hi90=gap["gap"] + 5,
        p_bloc_deeper=0.5,
        gap_trade_weighted=-gap["gap"],
        gap_pooled=gap["gap"],
        gap_best=gap["gap"] + 1,
        best_iso3=question.bloc_members[0],
        has_sign_conflict=True,
    )
    latest = gap[gap["year"] == LAST]
    return {
        "out_gap__yearly": gap,
        "out_depth__yearly_dyads": pd.DataFrame(ties, columns=["from_iso3", "to_iso3", "year"])
        .assign(depth=depth, depth_lo90=depth - 3, depth_hi90=depth + 3, depth_status="full")
        .assign(costly_depth=scores[:, 0], declared_depth=scores[:, 1]),
        "out_pillars__yearly_dyads": pd.DataFrame(
            [
                (*tie, pillar, None if (tie, k) == (hole, len(pillars) - 1) else row[k])
                for tie, row in zip(ties, scores, strict=True)
                for k, pillar in enumerate(pillars)
            ],
            columns=["from_iso3", "to_iso3", "year", "pillar", "score"],
        ).astype({"score": float}),
        "core_geo__states": pd.DataFrame(
            {"iso3": everyone, "name": [NAMES.get(s, s) for s in everyone]}
        ),
        "core_arms__deliveries": pd.DataFrame(
            [
                (p, s, y, y, "thing", "Ships", 1.5)
                for p in question.principals
                for s in states
                for y in (1990, 2020)
            ],
            columns=[
                "supplier_iso3", "recipient_iso3", "order_year", "delivery_year", "designation",
                "category", "tiv_millions",
            ],
        ).astype({"delivery_year": "Int64"}),
        "out_robustness__yearly_gap": pd.DataFrame(
            [
                (r.question, r.principal_iso3, r.view, r.measure, r.year, v.name, r.gap,
                 None if k == 0 else r.gap * (-1) ** k)
                for r in latest.itertuples()
                for k, v in enumerate(definition.variants)
            ],
            columns=[
                "question", "principal_iso3", "view", "measure", "year", "variant", "gap",
                "variant_gap",
            ],
        ),
        "out_sensitivity__yearly_gap": pd.DataFrame(
            [
                (question.name, p, LAST, f, 0.2, 0.3 + k / 10, 0.1, 0.5, 4.0)
                for p in question.principals
                for k, f in enumerate(("weights", "ladder", "another_factor"))
            ],
            columns=[
                "question", "principal_iso3", "year", "factor", "first_order", "total_order",
                "total_order_lo90", "total_order_hi90", "sd",
            ],
        ),
        "meta_sources": pd.DataFrame(
            [("sipri", "Arms & <sources>", "2024", "https://example.org/a?b=1&c=2", "free")],
            columns=["source", "title", "vintage", "url", "licence"],
        ),
        "meta_release": pd.DataFrame(
            [("r1", "2024-01-01", "c" * 40, definition.version, definition.sha256, "starter")],
            columns=[
                "release", "built_at", "code_version", "method_version", "definition_sha256",
                "mode",
            ],
        ),
    }  # fmt: skip


def write(target: Path, tables: dict[str, pd.DataFrame]) -> Path:
    """Write tables into a DuckDB file."""
    with duckdb.connect(str(target)) as con:
        for name, frame in tables.items():
            con.register("frame", frame)
            con.execute(f'CREATE TABLE "{name}" AS SELECT * FROM frame')
            con.unregister("frame")
    return target
