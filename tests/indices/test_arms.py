"""Shares and volume of arms over a trailing window; a register covering 2000 to 2004."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from indices.cube import Axes
from indices.pillars.arms import arms_indicators

NAN = float("nan")
STATES = ("AAA", "BBB", "CCC")
TRANSFERS = pd.DataFrame(
    [("AAA", "BBB", 2001, 10.0), ("AAA", "CCC", 2003, 30.0), ("BBB", "AAA", 2003, 5.0)],
    columns=["supplier_iso3", "recipient_iso3", "year", "tiv_millions"],
)
# BBB also received 30 from a state that is not on the axes.
TOTALS = pd.DataFrame(
    [
        ("AAA", 2001, 10.0, 0.0),
        ("AAA", 2003, 30.0, 5.0),
        ("BBB", 2001, 0.0, 40.0),
        ("BBB", 2003, 5.0, 0.0),
        ("CCC", 2003, 0.0, 30.0),
    ],
    columns=["iso3", "year", "exports_tiv_millions", "imports_tiv_millions"],
)


def compute(first: int, last: int) -> dict[str, np.ndarray]:
    axes = Axes(tuple(range(first, last + 1)), STATES)
    return arms_indicators(TRANSFERS, TOTALS, axes, 2000, 2004, 3)[0]


@pytest.mark.parametrize(
    ("indicator", "i", "j", "by_year"),
    [
        # Windows 2000-02, 2001-03, 2002-04 are covered; 1999-2001 and 2003-05 reach outside.
        ("arms_import_share", "BBB", "AAA", [NAN, 25, 25, 0, NAN]),
        ("arms_export_share", "AAA", "BBB", [NAN, 100, 25, 0, NAN]),
        ("arms_export_share", "AAA", "CCC", [NAN, 0, 75, 100, NAN]),
        ("arms_volume", "AAA", "BBB", [NAN, 10, 15, 5, NAN]),
        ("arms_volume", "BBB", "AAA", [NAN, 10, 15, 5, NAN]),
        # CCC supplied nobody in any year: zero, not nothing over nothing.
        ("arms_export_share", "CCC", "AAA", [NAN, 0, 0, 0, NAN]),
        ("arms_import_share", "CCC", "BBB", [NAN, 0, 0, 0, NAN]),
    ],
)
def test_windows_by_hand(indicator: str, i: str, j: str, by_year: list[float]) -> None:
    got = compute(2001, 2005)[indicator][:, STATES.index(i), STATES.index(j)]
    np.testing.assert_allclose(got, by_year)


@pytest.mark.parametrize("first", [1995, 2000, 2002])
def test_the_window_reaches_back_before_the_axes(first: int) -> None:
    for name, cube in compute(first, 2004).items():
        np.testing.assert_array_equal(cube[-3:], compute(2002, 2004)[name])
