"""Agreement, S, kappa and pi against hand-made tables and a plain-Python count."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indices.pillars.voting import (
    MEASURES,
    agreement_by_period,
    agreement_dyads,
    ballots,
    kappa_influence,
    last_full_year,
)

SCALE = {"Y": 0.0, "A": 0.5, "N": 1.0}


def sheet(votes: dict[str, str], sessions: list[int | None] | None = None) -> tuple:
    """Votes and roll calls from one string for each state: 'YNAX', '.' is no member."""
    calls = range(len(next(iter(votes.values()))))
    rows = [(k, s, cast[k]) for s, cast in votes.items() for k in calls if cast[k] != "."]
    counts = {
        side: [sum(v[k] == letter for v in votes.values()) for k in calls]
        for side, letter in (("yes", "Y"), ("no", "N"), ("abstain", "A"))
    }
    session = pd.Series(sessions or [1] * len(calls), dtype="Int64")
    return (
        pd.DataFrame(rows, columns=["roll_call_id", "iso3", "vote"]),
        pd.DataFrame({"roll_call_id": list(calls), "session": session, **counts}),
    )


def row(frame: pd.DataFrame, a: str, b: str) -> pd.Series:
    return frame[(frame["from_iso3"] == a) & (frame["to_iso3"] == b)].iloc[0]


def counted(a: str, b: str, contested: list[bool]) -> dict[str, float]:
    """Every measure of one pair, vote by vote."""
    pairs = [
        (x, y, c) for x, y, c in zip(a, b, contested, strict=True) if x in SCALE and y in SCALE
    ]
    n, fought = len(pairs), [(x, y) for x, y, c in pairs if c]
    apart = [abs(SCALE[x] - SCALE[y]) for x, y, _ in pairs]
    margin_a = {v: sum(x == v for x, _, _ in pairs) / n for v in SCALE}
    margin_b = {v: sum(y == v for _, y, _ in pairs) / n for v in SCALE}
    chance = sum(margin_a[v] * margin_b[w] * abs(SCALE[v] - SCALE[w]) for v in SCALE for w in SCALE)
    same = sum(x == y for x, y, _ in pairs) / n
    alike = [x == y for x, y in fought]
    by_luck = sum(((margin_a[v] + margin_b[v]) / 2) ** 2 for v in SCALE)
    agreement = (
        1 - sum(abs(SCALE[x] - SCALE[y]) for x, y in fought) / len(fought) if fought else math.nan
    )
    return {
        "n_joint": n,
        "n_contested": len(fought),
        "agreement": agreement,
        "identical_share": sum(alike) / len(alike) if alike else math.nan,
        "s_score": 2 * agreement - 1,
        "kappa": 1 - sum(apart) / n / chance if chance > 1e-12 else math.nan,
        "pi": (same - by_luck) / (1 - by_luck) if by_luck < 1 - 1e-12 else math.nan,
    }


def test_five_votes_by_hand() -> None:
    frame = agreement_dyads(ballots(*sheet({"AAA": "YYANY", "BBB": "YNANA"}), "session"), "session")
    # Distances 0, 1, 0, 0, 1/2. Margins Y A N: 3 1 1 and 1 2 2, so the expected distance is
    # (3*2/2 + 3*2 + 1*1/2 + 1*2/2 + 1*1 + 1*2/2) / 25 = 12.5 / 25 and kappa = 1 - 0.3 / 0.5.
    # Margins of both together 4 3 3 of 10: Pe = 0.34, pi = (0.6 - 0.34) / 0.66. Calls 3 and 4 and
    # the first had but one side among the two: agreement and identical share rest on two votes.
    expected = {
        "n_joint": 5,
        "n_contested": 2,
        "agreement": 1 - 1.5 / 2,
        "identical_share": 0.0,
        "s_score": 2 * 0.25 - 1,
        "kappa": 0.4,
        "pi": 0.26 / 0.66,
    }
    assert row(frame, "AAA", "BBB")[list(expected)].to_dict() == pytest.approx(expected)


def test_agreement_drops_calls_unanimous_among_all_present() -> None:
    # A third state makes all but the last call contested; the last moves nothing but kappa's n.
    votes = {"AAA": "YYANYY", "BBB": "YNANAY", "CCC": "NYYYYY"}
    pair = row(agreement_dyads(ballots(*sheet(votes), "session"), "session"), "AAA", "BBB")
    assert (pair["n_joint"], pair["n_contested"]) == (6, 5)
    assert pair["agreement"] == pytest.approx(1 - 1.5 / 5)
    assert pair["identical_share"] == pytest.approx(3 / 5)


@pytest.mark.parametrize(
    ("a", "b", "kappa", "pi"),
    [
        ("YYY", "YYY", math.nan, math.nan),  # neither varies: chance alone explains all
        ("YYYY", "YYNN", 0.0, -1 / 3),  # one varies: Do = De; pi (1/2 - 5/8) / (3/8)
        ("YNYN", "NYNY", -1.0, -1.0),  # always opposed, even margins
        ("YNAY", "YNAY", 1.0, 1.0),
    ],
)
def test_kappa_and_pi_at_the_edges(a: str, b: str, kappa: float, pi: float) -> None:
    votes = sheet({"AAA": a, "BBB": b})
    pair = row(agreement_dyads(ballots(*votes, "session"), "session"), "AAA", "BBB")
    assert pair["kappa"] == pytest.approx(kappa, nan_ok=True)
    assert pair["pi"] == pytest.approx(pi, nan_ok=True)


def test_absence_and_non_membership_are_no_joint_vote() -> None:
    votes = sheet({"AAA": "YXN.", "BBB": "YYX.", "CCC": "XX.Y", "DDD": "NNNN"})
    frame = agreement_dyads(ballots(*votes, "session"), "session")
    assert row(frame, "AAA", "BBB")["n_joint"] == 1
    listed = set(zip(frame["from_iso3"], frame["to_iso3"], strict=True))
    assert ("AAA", "CCC") not in listed
    assert ("CCC", "DDD") in listed


def test_periods_are_kept_apart_and_calls_without_one_left_out() -> None:
    votes, calls = sheet({"AAA": "YNYY", "BBB": "YYAN"}, sessions=[2, 1, 2, None])
    laid = ballots(votes, calls, "session")
    assert laid.period.tolist() == [1, 2, 2]
    assert laid.codes[:, 0].tolist() == [2, 0, 0]  # call 1, then 0 and 2
    frame = agreement_dyads(laid, "session").set_index(["from_iso3", "to_iso3", "session"])
    assert frame.loc[("AAA", "BBB"), "n_joint"].tolist() == [1, 2]
    assert frame.loc[("AAA", "BBB"), "agreement"].tolist() == [0.0, 0.5]


def test_a_year_is_full_once_the_assembly_has_voted_in_december() -> None:
    days = ["2022-12-30", "2023-12-01", "2024-11-30", "2024-12-31"]
    calls = pd.DataFrame({"body": ["GA", "GA", "GA", "SC"], "date": pd.to_datetime(days)})
    assert last_full_year(calls) == 2023


votes_of_four = st.lists(
    st.tuples(*[st.sampled_from("YYANX.")] * 4).map("".join), min_size=1, max_size=12
)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(votes_of_four)
def test_all_pairs_at_once_as_counted_one_by_one(cast: list[str]) -> None:
    states = ["AAA", "BBB", "CCC", "DDD"]
    votes = {s: "".join(call[k] for call in cast) for k, s in enumerate(states)}
    contested = [len(set(call) & set(SCALE)) > 1 for call in cast]
    laid = ballots(*sheet(votes), "session")
    _, measures = agreement_by_period(laid)
    for i, a in enumerate(laid.states):
        for j, b in enumerate(laid.states):
            got = {m: measures[m][0, i, j] for m in MEASURES}
            if got["n_joint"]:
                assert got == pytest.approx(counted(votes[a], votes[b], contested), nan_ok=True)
            # Looked at from the other end nothing changes: every measure is symmetric.
            assert got == pytest.approx({m: measures[m][0, j, i] for m in MEASURES}, nan_ok=True)


def weighted_kappa(a: np.ndarray, b: np.ndarray, weights: np.ndarray) -> float:
    joint = (a >= 0) & (b >= 0)
    x, y, w = a[joint], b[joint], weights[joint] / weights[joint].sum()
    p, q = (np.array([w[v == k].sum() for k in range(3)]) for v in (x, y))
    chance = sum(p[k] * q[m] * abs(k - m) for k in range(3) for m in range(3))
    return 1 - float((w * np.abs(x - y)).sum()) / chance


def test_influence_is_the_derivative_of_kappa_by_a_calls_weight() -> None:
    codes = np.random.default_rng(3).integers(-1, 3, size=(30, 3)).astype(np.int8)
    pairs, step = ((0, 1), (1, 0), (0, 2), (2, 1)), 1e-5
    got = kappa_influence(codes, *np.array(pairs).T)
    for r in range(len(codes)):
        up, down = np.ones(len(codes)), np.ones(len(codes))
        up[r], down[r] = 1 + step, 1 - step
        for k, (i, j) in enumerate(pairs):
            ends = codes[:, i].astype(int), codes[:, j].astype(int)
            slope = (weighted_kappa(*ends, up) - weighted_kappa(*ends, down)) / (2 * step)
            assert got[r, k] == pytest.approx(slope, abs=1e-6)
    assert np.allclose(got.sum(axis=0), 0, atol=1e-6)


def test_influence_is_zero_without_a_kappa_or_a_vote() -> None:
    # The first two never differ from yes; the third is absent in the second call.
    codes = np.array([[0, 0, 2], [0, 0, -1], [0, 0, 0], [0, 0, 1]], dtype=np.int8)
    got = kappa_influence(codes, np.array([0, 0, 1]), np.array([1, 2, 2]))
    assert not got[:, 0].any()
    assert not got[1].any()
