"""Denominators, screening and imputation: by hand, at the edges, and as COINr has them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from upstream import relative_error, upstream

from indices.composite.data import METHODS, denominate, impute, indicator_values, screen
from indices.composite.errors import CompositeError

NAN = float("nan")
INF = float("inf")


def frame(rows: list[list[float]], units: str = "ABCDEFGH", names: str = "xyz") -> pd.DataFrame:
    return pd.DataFrame(rows, index=list(units[: len(rows)]), columns=list(names[: len(rows[0])]))


def panel(cells: dict[tuple[str, object], list[float]]) -> pd.DataFrame:
    index = pd.MultiIndex.from_tuples(list(cells), names=["unit", "time"])
    width = len(next(iter(cells.values())))
    return pd.DataFrame(list(cells.values()), index=index, columns=list("xyz"[:width]))


def asem() -> tuple[pd.DataFrame, pd.DataFrame, dict[str, str]]:
    """Raw ASEM data, its indicators, and the denominator of those that have one."""
    raw = upstream("ASEM_iData", "uCode")
    meta = upstream("ASEM_iMeta", "iCode").query("Type == 'Indicator'")
    return raw, raw[list(meta.index)], meta["Denominator"].dropna().to_dict()


# Tables


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (pd.DataFrame(), "0 rows and 0 columns"),
        (pd.DataFrame(index=["A"]), "1 rows and 0 columns"),
        (frame([[1], [2]], "AA"), "row A of the data is there more than once"),
        (frame([[1, 2]], "A", "xx"), "column x of the data is there more than once"),
        (frame([[1, INF]]), "y of A is infinite"),
        (frame([[-INF, 2], [1, 2]]), "x of A is infinite .1 such"),
        (pd.DataFrame({"x": [1.0], "name": ["Austria"]}), "column name of the data is not numeric"),
        (panel({("A", 1): [INF]}), r"x of \(A, 1\) is infinite"),
    ],
)
def test_a_table_that_would_mislead_is_refused(data: pd.DataFrame, says: str) -> None:
    with pytest.raises(CompositeError, match=says):
        indicator_values(data)


def test_values_are_a_copy_and_nullable_numbers_become_missing() -> None:
    data = pd.DataFrame({"x": pd.array([1, None], dtype="Int64"), "y": [True, False]})
    values = indicator_values(data)
    np.testing.assert_array_equal(values, [[1, 1], [NAN, 0]])
    values[0, 0] = 9
    assert data["x"].iloc[0] == 1


# Denominators


def test_denominators_are_matched_by_unit_and_scaled() -> None:
    data = frame([[6, 1], [8, 2], [NAN, 3]])
    sizes = pd.DataFrame({"people": [4.0, 3.0, 0.0, -1.0]}, index=list("BACZ"))
    made = denominate(data, sizes, {"x": "people"}, scale={"x": 10.0})
    pd.testing.assert_frame_equal(made, frame([[20.0, 1.0], [20.0, 2.0], [NAN, 3.0]]))
    pd.testing.assert_frame_equal(denominate(data, sizes, {}), data.astype(float))
    assert data.loc["A", "x"] == 6


def test_a_missing_denominator_makes_the_quotient_missing() -> None:
    made = denominate(frame([[6], [8]]), frame([[NAN], [2]], names="n"), {"x": "n"}, 2)
    np.testing.assert_array_equal(made, [[NAN], [8]])


@pytest.mark.parametrize(
    ("size", "by", "scale", "says"),
    [
        ([1, 0], {"x": "n"}, 1, "denominator n of x is zero for B"),
        ([-1, 2], {"x": "n"}, 1, "denominator n of x is negative for A"),
        ([1, INF], {"x": "n"}, 1, "n of B is infinite"),
        ([1e-320, 1], {"x": "n"}, 1, "x divided by n is too large a number for A"),
        ([1], {"x": "n"}, 1, "no row for B"),
        ([1, 2], {"q": "n"}, 1, "denominated indicator q is not in the data: x"),
        ([1, 2], {"x": "q"}, 1, "denominator q is not in the denominators: n"),
        ([1, 2], {"x": "n"}, 0, "scale of x is 0"),
        ([1, 2], {"x": "n"}, INF, "scale of x is inf"),
        ([1, 2], {"x": "n"}, {"x": NAN}, "scale of x is nan"),
        ([1, 2], {"x": "n"}, {"q": 1}, "scaled indicator q is not"),
    ],
)
def test_bad_denominators_are_refused(size: list, by: dict, scale: float, says: str) -> None:
    with pytest.raises(CompositeError, match=says):
        denominate(frame([[6], [8]]), frame([[s] for s in size], names="n"), by, scale)


def test_denominators_of_other_kinds_of_units_are_refused() -> None:
    sizes = panel({("A", 1): [1]}).rename(columns={"x": "n"})
    with pytest.raises(CompositeError, match="no row for A"):
        denominate(frame([[6]]), sizes, {"x": "n"})


def test_denominators_as_coinr() -> None:
    raw, data, by = asem()
    assert relative_error(denominate(data, raw, by), upstream("A02_Denominated", "uCode")) < 1e-12


# Screening

SPARSE = frame([[1, 2, 3], [1, NAN, 0], [NAN, NAN, 0], [NAN] * 3, [0, 0, 5]])


@pytest.mark.parametrize(
    ("minimum", "rules", "units"),
    [
        (0, {}, "ABCDE"),
        (1, {}, "AE"),
        (2 / 3, {}, "ABE"),
        (0.67, {}, "AE"),
        # B is at a half and stays, C at a whole; D knows nothing and is not judged.
        (0, {"zeros": 0.5}, "ABD"),
        (0, {"zeros": 2 / 3}, "ABDE"),
        (1, {"keep": ["D"], "drop": ["A"]}, "DE"),
    ],
)
def test_screening_keeps_units_at_the_threshold(minimum: float, rules: dict, units: str) -> None:
    screened, report = screen(SPARSE, minimum, **rules)
    pd.testing.assert_frame_equal(screened, SPARSE.loc[list(units)])
    assert list(report.index[report["kept"]]) == list(units)


def test_screening_report_says_why() -> None:
    _, report = screen(SPARSE, 0.5, zeros=0.4, keep=["C"], drop=["A"])
    assert report["reason"].tolist() == [
        "dropped by hand",
        "many zeros",
        "kept by hand",
        "few data",
        "many zeros",
    ]
    assert report["available"].tolist() == [3, 2, 1, 0, 3]
    np.testing.assert_allclose(report["share"], [1, 2 / 3, 1 / 3, 0, 1])
    np.testing.assert_allclose(report["zero_share"], [0, 0.5, 1, NAN, 2 / 3])
    both = screen(frame([[1, 1], [NAN, 0]]), 1, zeros=0)[1]
    assert both["reason"].tolist() == ["", "few data and many zeros"]


def test_screening_a_panel_names_units_or_their_years() -> None:
    data = panel({(u, t): [1.0, NAN] for u in "AB" for t in (1, 2)})
    kept = screen(data, 1, keep=["A", ("B", 2)], drop=())[0]
    assert list(kept.index) == [("A", 1), ("A", 2), ("B", 2)]
    dyads = pd.concat({"P": data, "Q": data})
    assert len(screen(dyads, 1, keep=[("P", "A"), ("Q", "B", 1)])[0]) == 3


@pytest.mark.parametrize(
    ("data", "minimum", "rules", "says"),
    [
        (SPARSE, 1.1, {}, "minimum is 1.1"),
        (SPARSE, NAN, {}, "minimum is nan"),
        (SPARSE, 0, {"zeros": -1}, "zeros is -1"),
        (SPARSE, 0, {"keep": ["Q"]}, "keep names Q"),
        (SPARSE, 0, {"drop": [("A", 1)]}, r"drop names \(A, 1\)"),
        (SPARSE, 0, {"drop": ["A"], "keep": ["A"]}, "A is to be kept and to be dropped"),
        (SPARSE.loc[["C", "D"]], 1, {"zeros": 0.1}, "no unit has at least 100% of 3 indicators"),
    ],
)
def test_bad_screening_is_refused(
    data: pd.DataFrame, minimum: float, rules: dict, says: str
) -> None:
    with pytest.raises(CompositeError, match=says):
        screen(data, minimum, **rules)


def test_screening_as_coinr() -> None:
    data = upstream("A03_Imputed", "uCode")
    screened, _ = screen(data, 0.9)
    pd.testing.assert_frame_equal(screened, upstream("A04_Screened", "uCode").astype(float))


# Imputation

GAPS = frame([[1, 10], [NAN, 20], [3, NAN], [8, NAN]])
GROUPS = pd.Series({"A": "g", "B": "g", "C": "h", "D": "h", "Z": "h"})


@pytest.mark.parametrize(
    ("method", "options", "filled", "flags"),
    [
        ("mean", {}, [4, 15, 15], ["mean"] * 3),
        ("median", {}, [3, 15, 15], ["median"] * 3),
        ("group_mean", {"groups": GROUPS}, [1, NAN, NAN], ["group_mean", "missing", "missing"]),
        ("group_median", {"groups": GROUPS}, [1, NAN, NAN], ["group_median"] + ["missing"] * 2),
        ("constant", {"constant": 0}, [0, 0, 0], ["constant"] * 3),
    ],
)
def test_imputation_by_hand(method: str, options: dict, filled: list, flags: list) -> None:
    made, marks = impute(GAPS, method, **options)
    wanted = GAPS.copy()
    wanted.loc["B", "x"], wanted.loc[["C", "D"], "y"] = filled[0], filled[1:]
    pd.testing.assert_frame_equal(made, wanted)
    assert [marks.loc["B", "x"], *marks.loc[["C", "D"], "y"]] == flags
    assert (marks.to_numpy() != "").sum() == 3
    assert (marks.dtypes == "str").all()


def test_even_medians_lie_halfway_and_groups_may_be_missing() -> None:
    data = frame([[1], [2], [4], [NAN], [NAN]])
    groups = pd.Series(["g", "g", "g", "g", None], index=data.index)
    assert impute(data, "median")[0]["x"].tolist()[3:] == [2, 2]
    made, flags = impute(data.drop("B"), "group_median", groups=groups)
    assert made.loc["D", "x"] == 2.5
    assert (flags.loc["E", "x"], np.isnan(made.loc["E", "x"])) == ("missing", True)
    nobody = pd.Series([None] * 5, index=data.index, dtype="str")
    assert (impute(data, "group_mean", groups=nobody)[1].loc[["D", "E"], "x"] == "missing").all()


def test_means_of_large_close_numbers_keep_their_digits() -> None:
    # Plain sums of thirty such numbers lose the last digits.
    data = pd.DataFrame({"x": [*(9e15 + 2 * i for i in range(31)), NAN]})
    assert impute(data, "mean")[0]["x"].iloc[-1] == 9e15 + 30


def test_what_nobody_knows_stays_missing() -> None:
    data = frame([[NAN, 1], [NAN, NAN]])
    for method in ("mean", "median"):
        made, flags = impute(data, method)
        assert flags.to_numpy().tolist() == [["missing", ""], ["missing", method]]
        assert made["x"].isna().all()


def test_panel_means_are_of_the_same_time_unless_pooled() -> None:
    data = panel({("A", 1): [1], ("B", 1): [NAN], ("A", 2): [5], ("B", 2): [NAN], ("A", 3): [NAN]})
    assert impute(data, "mean")[0]["x"].tolist()[:4] == [1, 1, 5, 5]
    assert impute(data, "mean")[1].loc[("A", 3), "x"] == "missing"
    assert impute(data, "median", by_time=False)[0]["x"].tolist() == [1, 3, 5, 3, 3]
    groups = pd.Series({"A": "g", "B": "h"})
    assert (impute(data, "group_mean", groups=groups)[1]["x"] == "missing").sum() == 3
    together = pd.Series("g", index=data.index)
    assert impute(data, "group_mean", groups=together)[0]["x"].tolist()[:4] == [1, 1, 5, 5]


SERIES = panel(
    {
        # Out of order on purpose; B comes between A's years.
        ("A", 2003): [NAN, 7],
        ("B", 2002): [NAN, NAN],
        ("A", 2000): [NAN, 1],
        ("A", 2001): [10, NAN],
        ("B", 2001): [50, 5],
        ("A", 2006): [40, NAN],
    }
)


@pytest.mark.parametrize(
    ("method", "options", "filled"),
    [
        ("carry_forward", {}, {("A", 2003, "x"): 10, ("B", 2002, "x"): 50, ("B", 2002, "y"): 5,
                               ("A", 2001, "y"): 1, ("A", 2006, "y"): 7}),
        # 2003 is the panel's second period after 2001, 2006 the first after 2003.
        ("carry_forward", {"max_periods": 1}, {("B", 2002, "x"): 50, ("B", 2002, "y"): 5,
                                               ("A", 2001, "y"): 1, ("A", 2006, "y"): 7}),
        # 10 + 2/5 (40 - 10), and 1 + 1/3 (7 - 1); the ends get nothing.
        ("linear", {}, {("A", 2003, "x"): 22, ("A", 2001, "y"): 3}),
        # The nearest known value beyond the ends; B knows x and y in 2001 only.
        ("linear", {"extend": True}, {("A", 2000, "x"): 10, ("A", 2003, "x"): 22,
                                      ("A", 2001, "y"): 3, ("A", 2006, "y"): 7,
                                      ("B", 2002, "x"): 50, ("B", 2002, "y"): 5}),
        ("carry_forward", {"extend": True, "max_periods": 1},
         {("A", 2000, "x"): 10, ("B", 2002, "x"): 50, ("B", 2002, "y"): 5,
          ("A", 2001, "y"): 1, ("A", 2006, "y"): 7}),
    ],
)  # fmt: skip
def test_imputation_in_time_by_hand(method: str, options: dict, filled: dict) -> None:
    made, flags = impute(SERIES, method, **options)
    wanted = SERIES.copy()
    for (unit, time, indicator), value in filled.items():
        wanted.loc[(unit, time), indicator] = value
        assert flags.loc[(unit, time), indicator] == method
    pd.testing.assert_frame_equal(made, wanted)
    assert (flags == "missing").to_numpy().sum() == wanted.isna().to_numpy().sum()


@pytest.mark.parametrize(
    "times",
    [
        pd.to_datetime(["2001-01-01", "2001-01-02", "2001-01-05"]),
        pd.PeriodIndex(["2001-01", "2001-02", "2001-05"], freq="M"),
        pd.Index([0.5, 0.75, 1.5]),
    ],
)
def test_lines_in_time_go_by_its_distances(times: pd.Index) -> None:
    index = pd.MultiIndex.from_arrays([["A"] * 3, times])
    made, _ = impute(pd.DataFrame({"x": [4, NAN, 8]}, index=index), "linear")
    assert made["x"].iloc[1] == 5


@pytest.mark.parametrize(
    ("data", "method", "options", "says"),
    [
        (GAPS, "hotdeck", {}, "'hotdeck' is not known; there are mean, median"),
        (GAPS, "group_mean", {}, "needs groups"),
        (GAPS, "mean", {"groups": GROUPS}, "'mean' does not use groups"),
        (GAPS, "mean", {"constant": 1}, "does not use constant"),
        (GAPS, "constant", {}, "needs a number, found None"),
        (GAPS, "constant", {"constant": INF}, "needs a number, found inf"),
        (GAPS, "linear", {"max_periods": 2}, "does not use max_periods"),
        (GAPS, "mean", {"extend": True}, "does not use extend"),
        (GAPS, "constant", {"constant": 1, "by_time": False}, "does not use by_time"),
        (SERIES, "carry_forward", {"max_periods": 0}, "max_periods is 0"),
        (GAPS, "carry_forward", {}, "'carry_forward' needs time"),
        (panel({("A", "late"): [1], ("A", "early"): [NAN]}), "linear", {}, "numbers or dates"),
        (panel({("A", 1): [1], ("A", NAN): [NAN]}), "linear", {}, "missing time"),
        (GAPS, "group_mean", {"groups": GROUPS.drop("B")}, "no entry for B"),
        (GAPS, "group_mean", {"groups": pd.concat([GROUPS, GROUPS])}, "more than once"),
        (frame([[INF]]), "mean", {}, "infinite"),
    ],
)
def test_bad_imputation_is_refused(
    data: pd.DataFrame, method: str, options: dict, says: str
) -> None:
    with pytest.raises(CompositeError, match=says):
        impute(data, method, **options)


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_known_values_never_change_and_every_filled_cell_is_flagged(draw: st.DataObject) -> None:
    rows, wide = draw.draw(st.integers(1, 12)), draw.draw(st.integers(1, 3))
    cell = st.sampled_from([NAN, NAN, 0.0, 1.0, -2.5, 4.0, 1e6])
    values = np.array(draw.draw(st.lists(cell, min_size=rows * wide, max_size=rows * wide)))
    index = pd.MultiIndex.from_tuples([(i % 3, i // 3) for i in range(rows)])
    order = draw.draw(st.permutations(range(rows)))
    data = pd.DataFrame(values.reshape(rows, wide), index=index).iloc[order]
    groups = pd.Series({0: "g", 1: "g", 2: None})
    for method in METHODS:
        options = {"constant": 1.0} if method == "constant" else {}
        if method.startswith("group"):
            options = {"groups": groups}
        made, flags = impute(data, method, **options)
        assert made[data.notna()].equals(data[data.notna()])
        assert ((flags == "") == data.notna()).all(axis=None)
        assert ((flags == "missing") == made.isna()).all(axis=None)
        assert made.min(axis=None) >= min(data.min(axis=None), 1.0) or data.isna().all(axis=None)


def test_group_means_as_coinr() -> None:
    raw, data, by = asem()
    made, flags = impute(denominate(data, raw, by), "group_mean", groups=raw["EurAsia_group"])
    assert relative_error(made, upstream("A03_Imputed", "uCode")) < 1e-12
    missing = upstream("A02_Denominated", "uCode").isna().to_numpy().sum()
    assert (flags == "group_mean").to_numpy().sum() == missing == 65


def test_carrying_forward_as_coinr() -> None:
    gaps, wanted = (
        upstream(name, "uCode", "Time") for name in ("panel_with_gaps", "impute_panel_latest")
    )
    made, flags = impute(gaps, "carry_forward")
    pd.testing.assert_frame_equal(made, wanted.astype(float))
    filled = gaps.isna() & wanted.notna()
    assert filled.to_numpy().sum() > 10
    assert ((flags == "carry_forward") == filled).all(axis=None)
