"""Other weights without a rebuild, and the weights that turn a gap."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pytest
from scipy.optimize import linprog

from indices.definition import QUESTIONS
from warehouse.whatif import CannotAnswer, whatif

ROOT = Path(__file__).resolve().parents[2]
README = " ".join((ROOT / "README.md").read_text().split())


def published(con: duckdb.DuckDBPyConnection, principal: str, year: int) -> dict[str, float]:
    return dict(
        con.execute(
            "SELECT to_iso3, depth FROM out_depth__yearly_dyads "
            "WHERE from_iso3 = ? AND year = ? AND depth_status = 'full'",
            [principal, year],
        ).fetchall()
    )


@pytest.mark.parametrize(("principal", "year"), [("CHN", 2024), ("RUS", 2010), ("USA", 1990)])
def test_unchanged_it_is_what_is_published(
    con: duckdb.DuckDBPyConnection, principal: str, year: int
) -> None:
    found = whatif(con, principal, year)
    depth = published(con, principal, year)
    assert found.states[0] == "IRN"
    assert found.after == pytest.approx({s: depth[s] for s in found.states}, abs=1e-9)
    (gap,) = con.execute(
        "SELECT gap FROM iran_and_gulf WHERE principal_iso3 = ? AND year = ? "
        "AND view = 'principal' AND measure = 'depth'",
        [principal, year],
    ).fetchone() or (None,)
    assert found.gap_before == pytest.approx(gap, abs=1e-9)


def test_a_question_asked_besides_has_its_own_focal_state_and_bloc(
    con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(QUESTIONS, str(ROOT / "docs" / "examples" / "questions.toml"))
    depth = published(con, "USA", 2024)
    european = ["GBR", "FRA", "DEU", "ITA", "POL"]
    found = whatif(con, "USA", 2024, question="turkiye_nato")
    assert found.states == ["TUR", *european]
    mean = sum(depth[s] for s in european) / len(european)
    assert found.gap_before == pytest.approx(mean - depth["TUR"], abs=1e-9)
    # Without a name the first question that has the principal, here the definition's own.
    assert whatif(con, "USA", 2024).states[0] == "IRN"
    with pytest.raises(CannotAnswer, match=r"turkiye_nato, CHN: expected one of .*pakistan_india"):
        whatif(con, "CHN", 2024, question="turkiye_nato")


def test_the_weights_that_turn_the_gap_are_the_nearest(con: duckdb.DuckDBPyConnection) -> None:
    found = whatif(con, "CHN", 2024, {"voting": 0.2})
    assert found.weights["voting"] == 0.2
    assert found.flip is not None
    assert whatif(con, "CHN", 2024, found.flip).gap_after == pytest.approx(0, abs=1e-9)
    # The smallest sum of changes, as a linear programme of its own: w = start + up - down.
    start = np.array(list(found.weights.values()))
    ends = [whatif(con, "CHN", 2024, {p: 1.0}).gap_after for p in found.pillars]
    least = linprog(
        np.ones(8),
        A_eq=np.array([[1] * 4 + [-1] * 4, ends + [-e for e in ends]]),
        b_eq=[0, -float(np.dot(ends, start))],
        bounds=[(0, None)] * 4 + [(0, s) for s in start],
    )
    assert np.abs(np.array(list(found.flip.values())) - start).sum() == pytest.approx(least.fun)


def test_the_readme_names_the_weight_that_turns_china(con: duckdb.DuckDBPyConnection) -> None:
    found = whatif(con, "CHN", 2024).flip
    assert found is not None
    assert f"the voting pillar at {found['voting']:.2f} in place of 0.25" in README


def test_where_every_pillar_points_one_way_no_weights_turn_it(
    con: duckdb.DuckDBPyConnection,
) -> None:
    assert whatif(con, "RUS", 2024).flip is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"principal": "IND"}, "IND: expected one of"),
        ({"year": 1900}, "1900: full ties with nobody"),
        ({"weights": {"arm": 0.3}}, r"pillars \['arm'\]"),
        ({"weights": {"arms": 1.2}}, "add to 1.2"),
        ({"weights": {"arms": -0.1}}, "none below 0"),
        ({"weights": {"arms": float("nan")}}, "none below 0"),
        ({"weights": dict.fromkeys(("trade", "arms", "treaties", "voting"), 0.2)}, "exactly 1"),
        ({"mean": "harmonic"}, "mean 'harmonic'"),
        ({"question": "other"}, "other, CHN"),
    ],
)
def test_what_cannot_be_asked_is_said(
    con: duckdb.DuckDBPyConnection, given: dict, message: str
) -> None:
    with pytest.raises(CannotAnswer, match=message):
        whatif(con, **({"principal": "CHN", "year": 2024} | given))
