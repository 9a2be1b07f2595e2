"""Obligations, tiers, agreements, memberships and presence from dated rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from indices.cube import Axes
from indices.pillars.treaties import (
    FLAGS,
    Obligations,
    agreement_counts,
    commitment_kind,
    joint_memberships,
    obligations,
    presence,
    tier_cube,
)

NAN = float("nan")
AXES = Axes(tuple(range(2000, 2006)), ("AAA", "BBB", "CCC"))
A, B, C = range(3)
LADDER = {
    "defence_pact": 100.0,
    "dormant_pact": 60.0,
    "neutrality": 35.0,
    "consultation": 20.0,
    "nonaggression": 15.0,
    "none": 0.0,
}
Row = tuple[str, str, str, str, str | None]  # from, to, kind, start, end


def dated(rows: list[tuple], columns: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=[*columns, "start_date", "end_date"])
    dates = {k: pd.to_datetime(frame[k]) for k in ("start_date", "end_date")}
    return frame.assign(**dates)


def owed(*rows: Row, fought: tuple = (), n_parties: int = 2) -> Obligations:
    flag = {
        "defence_pact": "has_defense",
        "dormant_pact": "has_defense",
        "neutrality": "has_neutrality",
        "nonaggression": "has_nonaggression",
        "consultation": "has_consultation",
    }
    held = dated(list(rows), ["from_iso3", "to_iso3", "kind"]).assign(n_parties=n_parties)
    held = held.assign(**{f: held["kind"].map(flag) == f for f in FLAGS})
    wars = dated(list(fought), ["a_iso3", "b_iso3"])
    return obligations(held, wars, LADDER, 8, AXES)


@pytest.mark.parametrize(
    ("flags", "dormant", "kind"),
    [
        ({"has_defense", "has_consultation"}, False, "defence_pact"),
        ({"has_defense", "has_neutrality"}, True, "dormant_pact"),
        ({"has_offense"}, False, "defence_pact"),
        ({"has_neutrality", "has_nonaggression"}, True, "neutrality"),
        ({"has_consultation", "has_nonaggression"}, False, "consultation"),
        ({"has_nonaggression"}, False, "nonaggression"),
        (set(), False, "none"),
    ],
)
def test_an_instrument_is_named_by_its_highest_rung(
    flags: set[str], dormant: bool, kind: str
) -> None:
    frame = pd.DataFrame({f: [f in flags] for f in FLAGS})
    assert commitment_kind(frame, np.array([dormant])).tolist() == [kind]


def test_the_strongest_obligation_counts_in_every_year_it_touches() -> None:
    got = owed(
        ("AAA", "BBB", "nonaggression", "1990-01-01", None),
        ("AAA", "BBB", "defence_pact", "2001-12-31", "2003-01-01"),
        ("AAA", "BBB", "consultation", "2003-05-01", "2004-06-01"),
    )
    assert got.commitment[:, A, B].tolist() == [15, 100, 100, 100, 20, 15]
    assert got.row[:, A, B].tolist() == [0, 1, 1, 1, 2, 0]
    assert got.flags["has_consultation"][:, A, B].tolist() == [False] * 3 + [True] * 2 + [False]
    assert [got.kinds[k] for k in got.kind[4:, A, B]] == ["consultation", "nonaggression"]


def test_a_one_sided_obligation_stays_one_sided() -> None:
    got = owed(("AAA", "BBB", "defence_pact", "2000-01-01", None))
    assert (got.commitment[:, A, B] == 100).all()
    assert not got.commitment[:, B, A].any()
    assert (got.row[:, B, A] == -1).all()


@pytest.mark.parametrize(
    ("kind", "n_parties", "rung"),
    [
        ("neutrality", 8, 35),
        ("neutrality", 9, 0),
        ("consultation", 9, 0),
        ("nonaggression", 9, 0),
        ("defence_pact", 30, 100),
        ("dormant_pact", 22, 60),
    ],
)
def test_soft_promises_of_many_parties_do_not_count(kind: str, n_parties: int, rung: float) -> None:
    got = owed(("AAA", "BBB", kind, "2000-01-01", None), n_parties=n_parties)
    assert (got.commitment[:, A, B] == rung).all()


def test_fighting_suspends_both_ends_in_the_years_it_touches() -> None:
    got = owed(
        ("AAA", "BBB", "defence_pact", "2000-01-01", None),
        ("BBB", "AAA", "nonaggression", "2000-01-01", None),
        ("AAA", "CCC", "defence_pact", "2000-01-01", None),
        fought=(("BBB", "AAA", "2001-12-31", "2002-01-01"),),
    )
    assert got.commitment[:, A, B].tolist() == [100, 0, 0, 100, 100, 100]
    assert got.commitment[:, B, A].tolist() == [15, 0, 0, 15, 15, 15]
    assert (got.commitment[:, A, C] == 100).all()
    assert got.is_suspended.sum() == 4


def test_rows_outside_the_axes_are_left_out() -> None:
    got = owed(
        ("AAA", "BBB", "defence_pact", "1980-01-01", "1999-12-31"),
        ("AAA", "BBB", "defence_pact", "2006-01-01", None),
        ("AAA", "ZZZ", "defence_pact", "2000-01-01", None),
    )
    assert not got.commitment.any()


def tiers(*rows: tuple[str, str, str, str, str | None]) -> np.ndarray:
    frame = dated(list(rows), ["principal_iso3", "partner_iso3", "level"])
    return tier_cube(frame, {"none": 0.0, "strategic": 0.5, "highest": 1.0}, AXES)


def test_a_tier_is_that_of_the_end_of_the_year() -> None:
    got = tiers(
        ("AAA", "BBB", "none", "1990-01-01", "2001-03-05"),
        # Raised on the day the lower one ended.
        ("AAA", "BBB", "strategic", "2001-03-05", "2003-12-31"),
        ("AAA", "BBB", "highest", "2003-12-31", "2005-06-30"),
    )
    expected = [0, 0.5, 0.5, 1, 1, NAN]
    np.testing.assert_array_equal(got[:, A, B], expected)
    np.testing.assert_array_equal(got[:, B, A], expected)


def test_no_row_is_missing_and_not_a_none() -> None:
    got = tiers(("AAA", "BBB", "none", "2002-01-01", None))
    assert np.isnan(got[:2, A, B]).all()
    assert (got[2:, A, B] == 0).all()
    assert np.isnan(got[:, A, C]).all()


def test_of_two_principals_labels_the_higher_is_taken() -> None:
    got = tiers(
        ("AAA", "BBB", "strategic", "2000-01-01", None),
        ("BBB", "AAA", "highest", "2003-01-01", None),
    )
    assert got[:, A, B].tolist() == got[:, B, A].tolist() == [0.5] * 3 + [1] * 3


def test_agreements_in_force_are_counted_from_both_ends() -> None:
    frame = dated(
        [
            ("AAA", "BBB", "1995-01-01", None),
            ("BBB", "AAA", "2001-06-01", "2003-02-01"),
            ("AAA", "ZZZ", "2001-06-01", None),
        ],
        ["a_iso3", "b_iso3"],
    )
    got = agreement_counts(frame, AXES)
    assert got[:, A, B].tolist() == got[:, B, A].tolist() == [1, 2, 2, 2, 1, 1]
    assert not got[:, C].any()


def test_joint_memberships_by_hand() -> None:
    frame = pd.DataFrame(
        [
            ("AAA", 2000, "one"),
            ("AAA", 2000, "two"),
            ("AAA", 2000, "three"),
            ("AAA", 2000, "four"),
            ("BBB", 2000, "one"),
            ("BBB", 2000, "five"),
            ("AAA", 2001, "one"),
            ("BBB", 2001, "one"),
        ],
        columns=["iso3", "year", "igo"],
    )
    covered = np.ones(AXES.shape[:2], dtype=bool)
    covered[1, B] = False
    share, joint = joint_memberships(frame, covered, np.full(len(AXES.years), 0.1), AXES)
    assert share[0, A, B] == pytest.approx(1 / 4 - 0.1)
    assert share[0, B, A] == pytest.approx(1 / 2 - 0.1)
    assert joint[0, A, B] == joint[0, B, A] == 1
    # CCC is covered and a member of nothing: others share nothing with it, its own is no share.
    assert share[0, A, C] == pytest.approx(-0.1)
    assert np.isnan(share[0, C, A])
    assert np.isnan(share[1, A, B])


@pytest.mark.parametrize(
    ("there", "here", "total"),
    [(1000, 20, 1020), (1000, NAN, 1000), (NAN, 20, 20), (0, NAN, 0), (NAN, NAN, NAN)],
)
def test_presence_is_missing_only_where_neither_side_is_known(
    there: float, here: float, total: float
) -> None:
    troops = np.array([[[NAN, there], [here, NAN]]])
    got = presence(troops)
    np.testing.assert_array_equal(got[0, [0, 1], [1, 0]], [total, total])
