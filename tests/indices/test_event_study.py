"""The event study on panels whose jumps are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from indices.cube import Array
from indices.validity.events import (
    Event,
    changes,
    event_effects,
    event_list,
    excess,
    near,
    placebo,
)

STATES = ["AAA", "BBB", "CCC", "DDD"]
YEARS = list(range(1990, 2021))


def values(cube: Array) -> dict[tuple[str, str, str], Array]:
    return {("CHN", "principal", "depth"): cube}


def test_windows_leave_the_year_itself_out() -> None:
    before, after = changes(np.array([[1.0, 2, 3, 100, 7, 8, 9, 10]]))
    assert (before[0, 3], after[0, 3]) == (2, 8)
    assert np.isnan(before[0, :3]).all()
    assert np.isnan(after[0, 5:]).all()
    short = changes(np.ones((1, 3)))
    assert np.isnan(short).all()


def test_a_missing_year_leaves_no_mean() -> None:
    before, after = changes(np.array([[1.0, np.nan, 3, 4, 7, 8, 9]]))
    assert np.isnan(before[0, 3])
    assert after[0, 3] == 8


def test_a_known_jump_is_found_beside_a_common_trend() -> None:
    rng = np.random.default_rng(4)
    cube = np.arange(len(YEARS)) + rng.normal(0, 0.1, (4, len(YEARS)))
    cube[1, 16:] += 10  # the year after 2005
    listed = [Event("sco", "CHN", "BBB", 2005), Event("brics", "CHN", "BBB", 2019)]
    found = event_effects(listed, values(cube), STATES, YEARS).set_index("year")
    row = found.loc[2005]
    assert row["status"] == "measured"
    assert row["effect"] == pytest.approx(10, abs=0.3)
    # After less before is four years of the trend.
    assert row["control_change"] == pytest.approx(4, abs=0.2)
    assert row["mean_after"] - row["mean_before"] == pytest.approx(14, abs=0.3)
    # Measurable: 1993 to 2017; near an event: 2002 to 2008, 2016 to 2017.
    assert row["n_placebo"] == 25 - 7 - 2
    assert row["p"] == pytest.approx(1 / 17)
    assert row["n_other_events"] == 0
    assert found.loc[2019, "status"] == "not_measurable_yet"
    assert pd.isna(found.loc[2019, "effect"])


def test_the_controls_have_no_event_of_their_own() -> None:
    cube = np.zeros((4, len(YEARS)))
    cube[0, 16:] = 30
    cube[3, 16:] = 5
    listed = [Event("sco", "CHN", "AAA", 2005), Event("sco", "CHN", "BBB", 2007)]
    found = event_effects(listed, values(cube), STATES, YEARS).set_index("partner_iso3")
    # Of AAA the controls are CCC and DDD, for BBB's own event is near.
    assert found.loc["AAA", "control_change"] == pytest.approx(2.5)
    assert found.loc["AAA", "effect"] == pytest.approx(27.5)


def test_no_tie_is_its_own_control() -> None:
    change = np.array([[1.0], [2.0], [6.0], [np.nan]])
    busy = np.array([[True], [False], [False], [False]])
    control, effect = excess(change, busy)
    assert control[:, 0].tolist() == [4, 6, 2, 4]
    assert effect[:3, 0].tolist() == [-3, -4, 4]
    assert np.isnan(effect[3, 0])
    assert np.isnan(excess(change[:1], busy[:1])[0]).all()


def test_quiet_years_are_those_with_no_event_near() -> None:
    cube = np.random.default_rng(1).normal(size=(4, len(YEARS)))
    listed = [Event("sco", "CHN", "AAA", y) for y in (1980, 1991, 2005)]
    found = event_effects(listed, values(cube), STATES, YEARS)
    assert found["status"].tolist() == ["no_depth", "no_depth", "measured"]
    # Of 1993 to 2017, the first two are near 1991 and seven near 2005.
    assert found["n_placebo"].dropna().tolist() == [25 - 2 - 7]


def test_two_events_in_one_window_are_counted() -> None:
    cube = np.zeros((4, len(YEARS)))
    listed = [Event("north_south", "CHN", "AAA", 2000), Event("agreement", "CHN", "AAA", 2001)]
    found = event_effects(listed, values(cube), STATES, YEARS)
    assert found["n_other_events"].tolist() == [1, 1]


def test_placebo_p_is_uniform_without_an_effect() -> None:
    rng = np.random.default_rng(9)
    busy = np.zeros(20, dtype=bool)
    busy[10] = True
    p = [placebo(rng.normal(size=20), busy, 10)[1] for _ in range(2000)]
    # Twenty equally likely values, 1/20 to 1.
    shares = np.bincount(np.round(np.array(p) * 20).astype(int), minlength=21)[1:] / 2000
    assert np.abs(shares - 1 / 20).max() < 0.02


def test_placebo_counts_years_as_large_and_has_no_p_without_one() -> None:
    effect = np.array([1.0, 5, 5, np.nan, 7])
    busy = np.array([False, True, False, False, False])
    assert placebo(effect, busy, 1) == (3, pytest.approx(3 / 4))
    n, p = placebo(effect, np.ones(5, dtype=bool), 1)
    assert n == 0
    assert np.isnan(p)


def test_near_counts_on_both_sides() -> None:
    assert near(np.array([[0, 0, 1, 0, 0, 0, 2]]), 1).tolist() == [[0, 1, 1, 1, 0, 2, 2]]


def frame(rows: list[tuple[str | None, ...]], columns: list[str], date: str) -> pd.DataFrame:
    made = pd.DataFrame(rows, columns=columns)
    return made.assign(**{date: pd.to_datetime(made[date])})


MEMBERS = frame(
    [
        ("sco", "CHN", "member", "2001-06-15"),
        ("sco", "RUS", "member", "2001-06-15"),
        ("sco", "IRN", "observer", "2005-01-01"),
        ("sco", "IRN", "member", "2023-07-04"),
        ("eaeu", "RUS", "member", "2015-01-01"),
        ("eaeu", "BLR", "member", "2015-01-01"),
        ("gcc", "SAU", "member", "1981-01-01"),
    ],
    ["group_id", "iso3", "status", "start_date"],
    "start_date",
)
EVENTS = frame(
    [
        ("KWT", "CHN", "2018-11-18", "corridor"),
        ("IND", None, "2000-09-12", "corridor"),
        ("RUS", None, "2000-09-12", "corridor"),
        ("CHN", "IRN", "2016-01-23", "agreement"),
        ("CHN", "IRN", "2016-11-14", "agreement"),
        ("CHN", "IRN", "2021-03-27", "agreement"),
        ("RUS", "IRN", "2001-03-12", "agreement"),
        ("RUS", "IRN", "2015-01-20", "agreement"),
        ("RUS", "IRN", "2025-01-17", "agreement"),
        ("IRN", "SAU", "2001-04-17", "agreement"),
    ],
    ["from_iso3", "to_iso3", "event_date", "kind"],
    "event_date",
)


def test_events_are_those_of_the_plan() -> None:
    assert event_list(EVENTS, MEMBERS) == [
        ("agreement", "CHN", "IRN", 2016),
        ("agreement", "CHN", "IRN", 2021),
        ("agreement", "RUS", "IRN", 2001),
        ("agreement", "RUS", "IRN", 2025),
        ("belt_and_road", "CHN", "KWT", 2018),
        ("eaeu", "RUS", "BLR", 2015),
        ("north_south", "RUS", "IND", 2000),
        ("sco", "CHN", "IRN", 2023),
        ("sco", "CHN", "RUS", 2001),
        ("sco", "RUS", "CHN", 2001),
        ("sco", "RUS", "IRN", 2023),
    ]


def test_an_agreement_that_is_not_in_the_table_is_named() -> None:
    with pytest.raises(ValueError, match=r"RUS and IRN in \[2025\]"):
        event_list(EVENTS[EVENTS["event_date"].dt.year != 2025], MEMBERS)
