"""Skewness, winsorising and transformations: by hand, at the edges, and as COINr has them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from upstream import relative_error, upstream

from indices.composite.errors import CompositeError
from indices.composite.treat import (
    METHODS,
    TRANSFORMATIONS,
    Treatment,
    boxcox,
    excess_kurtosis,
    log,
    log_shift,
    skewness,
    treat,
    treat_array,
    winsorise,
)

NAN = float("nan")
INF = float("inf")
# Two high values: the default rule is met when one is winsorised, the strict one when both are.
STRICT = Treatment(max_skew=1.0, max_kurtosis=1.0)
HIGH = np.array([*range(1, 11), 30, 100], dtype=float)
MOMENTS = (skewness, excess_kurtosis)

indicator = st.lists(
    st.sampled_from([-90.0, -3.0, 0.0, 1.0, 2.0, 2.5, 4.0, 7.0, 100.0, 1000.0, NAN]),
    min_size=1,
    max_size=30,
).map(np.array)


# Moments


def test_moments_by_hand() -> None:
    # Distances from the mean 4 are -3, -2, -1, 6: sums of powers 50, 180, 1394.
    x = np.array([1.0, 2, 3, 10])
    assert skewness(x) == pytest.approx(4 * 3**0.5 / 2 * 180 / 50**1.5, rel=1e-15)
    assert excess_kurtosis(x) == pytest.approx((5 * (4 * 1394 / 2500 - 3) + 6) * 3 / 2, rel=1e-15)


@pytest.mark.parametrize(
    ("x", "skew", "kurtosis"),
    [
        ([], NAN, NAN),
        ([NAN, NAN], NAN, NAN),
        ([1, 2], NAN, NAN),
        ([1, NAN, 2, 3], 0, NAN),
        ([0, 0, 3], 3**0.5, NAN),
        ([5, 5, 5, 5, 5], NAN, NAN),
        ([0, 0, 0, 0], NAN, NAN),
        # The rounding of equal values is no variance.
        ([0.3, 0.1 + 0.2, 0.3, 0.3, 0.3], NAN, NAN),
        # Nor may size matter: fourth powers of these are no numbers.
        ([1e200, 2e200, 3e200, 10e200], 1.7636326148, 3.228),
        ([1e-200, 2e-200, 3e-200, 10e-200], 1.7636326148, 3.228),
    ],
)
def test_moments_at_the_edges(x: list[float], skew: float, kurtosis: float) -> None:
    found = [moment(np.array(x, dtype=float)) for moment in MOMENTS]
    np.testing.assert_allclose(found, [skew, kurtosis], rtol=1e-9, atol=1e-15)


def test_moments_of_values_far_from_zero_keep_their_digits() -> None:
    near = np.array([0.0, 1, 1, 2, 3, 9, 20] * 9)
    for moment in MOMENTS:
        assert moment(near + 1e11) == pytest.approx(float(moment(near)), rel=1e-13)


def test_moments_take_batches_along_any_axis() -> None:
    x = np.random.default_rng(1).gamma(1.0, size=(2, 3, 20, 4))
    x[0, 0, :5, 0] = NAN
    for moment in MOMENTS:
        found = moment(x)
        assert found.shape == (2, 3, 4)
        assert found[1, 2, 3] == moment(x[1, 2, :, 3])
        assert found[0, 0, 0] == pytest.approx(float(moment(x[0, 0, 5:, 0])), rel=1e-13)
        np.testing.assert_array_equal(moment(np.moveaxis(x, 2, 0), axis=0), found)
        with pytest.raises(CompositeError, match="infinite"):
            moment(np.array([1, INF]))


@settings(max_examples=60, deadline=None)
@given(indicator)
def test_moments_agree_with_scipy(x: np.ndarray) -> None:
    known = x[~np.isnan(x)]
    if len(np.unique(known)) > 1 and len(known) > 3:
        assert skewness(x) == pytest.approx(scipy_stats.skew(known, bias=False), abs=1e-9)
        theirs = scipy_stats.kurtosis(known, bias=False)
        assert excess_kurtosis(x) == pytest.approx(theirs, abs=1e-9)


# Winsorising


def oracle(x: np.ndarray, treatment: Treatment, forced: bool) -> tuple[np.ndarray, int, int]:
    """Winsorise as the definition reads, one indicator, with SciPy's moments."""
    x, low, high = x.copy(), 0, 0
    limit = len(x) if treatment.max_winsorised is None else treatment.max_winsorised

    def moments(values: np.ndarray) -> tuple[float, float]:
        known = values[~np.isnan(values)]
        if len(known) < 3 or len(set(known)) == 1:
            return NAN, NAN
        kurtosis = scipy_stats.kurtosis(known, bias=False) if len(known) > 3 else NAN
        return scipy_stats.skew(known, bias=False), kurtosis

    while low + high < limit:
        skew, kurtosis = moments(x)
        passes = abs(skew) < treatment.max_skew or kurtosis < treatment.max_kurtosis
        if np.isnan(skew) or (passes and not forced):
            break
        end, rest = (np.nanmax, np.fmax.reduce) if skew >= 0 else (np.nanmin, np.fmin.reduce)
        extreme = x == end(x)
        moved = np.where(extreme, rest(x[~extreme & ~np.isnan(x)]), x)
        if np.isnan(moments(moved)[0]):
            break
        x = moved
        if skew >= 0:
            high = int(extreme.sum())
        else:
            low = int(extreme.sum())
    return x, low, high


@settings(max_examples=150, deadline=None)
@given(indicator, st.sampled_from([0, 1, 3, 5, None]), st.booleans())
def test_winsorising_follows_its_definition(x: np.ndarray, limit: int | None, forced: bool) -> None:
    forced = forced and limit is not None
    rule = Treatment(limit, 1.1, 0.5, method="winsorise" if forced else "auto")
    # A skewness of zero but for rounding has no side that two programs must agree on.
    if forced and len(x) - np.isnan(x).sum() > 2 and abs(np.nan_to_num(skewness(x))) < 1e-9:
        return
    values, low, high = winsorise(x, rule)
    wanted, wanted_low, wanted_high = oracle(x, rule, forced)
    np.testing.assert_array_equal(values, wanted)
    assert (low, high) == (wanted_low, wanted_high)


@pytest.mark.parametrize(
    ("x", "rule", "values", "moved"),
    [
        (HIGH, Treatment(), np.minimum(HIGH, 30), (0, 1)),
        (HIGH, STRICT, np.minimum(HIGH, 10), (0, 2)),
        (-HIGH, STRICT, np.maximum(-HIGH, -10), (2, 0)),
        (HIGH, replace(STRICT, max_winsorised=1), np.minimum(HIGH, 30), (0, 1)),
        (HIGH, replace(STRICT, max_winsorised=0), HIGH, (0, 0)),
        # Without a test: two from above, then the skewness has turned, and two from below.
        (HIGH, Treatment(4, method="winsorise"), np.clip(HIGH, 3, 10), (2, 2)),
        # Ties move together, past the limit.
        ([*range(20), 190, 190], Treatment(1), [*range(20), 19, 19], (0, 2)),
        # First the high end, then the low.
        ([*range(30), 200, -150], Treatment(max_skew=0.6), [*range(30), 29, 0], (1, 1)),
        # A step would leave no variance: it is not taken.
        ([0] * 9 + [1], Treatment(), [0] * 9 + [1], (0, 0)),
        ([0] * 20 + [NAN, 7, 9], Treatment(None), [0] * 20 + [NAN, 7, 7], (0, 1)),
        ([NAN, 1, 2], STRICT, [NAN, 1, 2], (0, 0)),
    ],
)
def test_winsorising_by_hand(x: list, rule: Treatment, values: list, moved: tuple) -> None:
    found, low, high = winsorise(np.array(x, dtype=float), rule)
    np.testing.assert_array_equal(found, values)
    assert (int(low), int(high)) == moved


def test_winsorising_takes_batches_along_any_axis() -> None:
    x = np.stack([HIGH, -HIGH, np.arange(12.0)], axis=-1)[None]
    values, low, high = winsorise(x, STRICT)
    assert (low.tolist(), high.tolist()) == ([[0, 2, 0]], [[2, 0, 0]])
    np.testing.assert_array_equal(values[0, :, 1], -values[0, :, 0])
    np.testing.assert_array_equal(winsorise(x[0].T, STRICT, axis=1)[0], values[0].T)
    assert x[0, 11, 0] == 100


# Transformations


def test_transformations_by_hand() -> None:
    np.testing.assert_allclose(log(np.array([1, np.e, NAN])), [0, 1, NAN])
    shifted = log_shift(np.array([5.0, NAN, 15.0, 10.0]))
    np.testing.assert_allclose(shifted, np.log([0.1, NAN, 10.1, 5.1]), rtol=1e-15)
    x = np.array([1.0, 2.0, 4.0, NAN])
    np.testing.assert_allclose(boxcox(x, 2), [0, 1.5, 7.5, NAN])
    np.testing.assert_allclose(boxcox(x, 0), np.log(x))
    np.testing.assert_allclose(boxcox(x, 1e-13), np.log(x))
    np.testing.assert_allclose(boxcox(x - 5, 0.5, offset=1.0), 2 * (x**0.5 - 1))


def test_shifted_log_by_skew_mirrors_the_left_side() -> None:
    both = np.stack([HIGH, 7 - HIGH], axis=-1)
    made = log_shift(both, by_skew=True)
    np.testing.assert_allclose(made[:, 0], log_shift(HIGH), rtol=1e-15)
    np.testing.assert_allclose(made[:, 1], -made[:, 0], rtol=1e-13)
    assert abs(skewness(made)[1]) < abs(skewness(both)[1])


def test_transformations_keep_the_order_and_the_layout() -> None:
    x = np.random.default_rng(2).lognormal(size=(2, 15, 3))
    x[:, 3, :] = NAN
    for made in (log(x), log_shift(x), log_shift(x, by_skew=True), boxcox(x), boxcox(x, -1.0)):
        assert made.shape == x.shape
        np.testing.assert_array_equal(np.argsort(made, axis=1), np.argsort(x, axis=1))
    np.testing.assert_array_equal(log_shift(x[0].T, axis=1), log_shift(x[0]).T)
    np.testing.assert_array_equal(boxcox(x[0].T, axis=1), boxcox(x[0]).T)


@pytest.mark.parametrize("seed", [3, 4])
def test_likeliest_boxcox_agrees_with_scipy(seed: int) -> None:
    x = np.random.default_rng(seed).gamma(2.0, size=40)
    wanted, _ = scipy_stats.boxcox(x)
    np.testing.assert_allclose(boxcox(np.append(x, NAN))[:-1], wanted, rtol=1e-5)


def test_unknown_indicators_stay_unknown() -> None:
    x = np.full((4, 1), NAN)
    for made in (log(x), log_shift(x), boxcox(x), boxcox(x, 0.5), winsorise(x)[0]):
        assert np.isnan(made).all()
    np.testing.assert_array_equal(treat_array(x, Treatment()), x)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: log(np.array([[1.0, 1.0], [2.0, 0.0]])), "zero or less at unit 1 of indicator 1"),
        (lambda: log(np.array([1.0, -2.0])), "at unit 1"),
        (lambda: log(np.array([1.0, INF])), "infinite"),
        (lambda: log_shift(np.array([2.0, 2.0, NAN])), "needs variance"),
        (lambda: boxcox(np.array([0.0, 2.0])), "positive values"),
        (lambda: boxcox(np.array([2.0, 2.0])), "needs variance"),
        (lambda: boxcox(np.array([2.0, 1e300]), 3.0), "beyond the largest number"),
        (lambda: boxcox(np.array([2.0, 3.0]), offset=0.0), "offset is 0"),
        (lambda: winsorise(np.array([2.0, INF])), "infinite"),
        (lambda: treat_array(np.array([2.0, 1.0]), Treatment()), r"shape \(2,\)"),
        (lambda: treat_array(np.ones((3, 2)), Treatment(), by=np.zeros(2)), r"by has shape \(2,\)"),
        (lambda: treat_array(np.array([[2.0], [INF]]), Treatment()), "infinite"),
        (
            lambda: treat_array(np.array([[[3.0, 2], [1, -1]]] * 2), Treatment(method="log")),
            "impossible for indicator 1 .counted from 0.",
        ),
    ],
)
def test_impossible_treatment_is_refused(call: object, says: str) -> None:
    with pytest.raises(CompositeError, match=says):
        call()


# The rule


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"method": "cap"}, "'cap' is not known; there are auto"),
        ({"fallback": "sqrt"}, "'sqrt' is not known; there are log"),
        ({"max_winsorised": -1}, "max_winsorised is -1"),
        ({"max_winsorised": None, "method": "winsorise"}, "needs a number"),
        ({"max_skew": 0}, "max_skew is 0"),
        ({"max_skew": NAN}, "max_skew is nan"),
        ({"max_kurtosis": INF}, "max_kurtosis inf"),
        ({"boxcox_lambda": NAN}, "boxcox_lambda is nan"),
    ],
)
def test_bad_rules_are_refused(options: dict, says: str) -> None:
    with pytest.raises(CompositeError, match=says):
        Treatment(**options)


def columns(**indicators: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(indicators).set_axis([f"u{i}" for i in range(len(HIGH))])


@pytest.mark.parametrize(
    ("rule", "treatment", "values", "passed"),
    [
        (Treatment(), "winsorise", np.minimum(HIGH, 30), True),
        (STRICT, "winsorise", np.minimum(HIGH, 10), True),
        (
            replace(STRICT, max_winsorised=1, fallback=None),
            "winsorise",
            np.minimum(HIGH, 30),
            False,
        ),
        (Treatment(0, fallback=None), "none", HIGH, False),
        (Treatment(method="none"), "none", HIGH, False),
        (Treatment(4, method="winsorise"), "winsorise", np.clip(HIGH, 3, 10), True),
        (Treatment(0), "log_shift", np.log(HIGH - 1 + 0.99), True),
        (Treatment(0, fallback="log"), "log", np.log(HIGH), True),
        # From the untreated values, not from the winsorised ones.
        (replace(STRICT, max_winsorised=1, fallback="log"), "log", np.log(HIGH), True),
        (Treatment(method="log"), "log", np.log(HIGH), True),
        (Treatment(method="log_shift"), "log_shift", np.log(HIGH - 1 + 0.99), True),
        (Treatment(method="boxcox", boxcox_lambda=-1.0), "boxcox", 1 - 1 / HIGH, False),
    ],
)
def test_treatments_by_hand(
    rule: Treatment, treatment: str, values: np.ndarray, passed: bool
) -> None:
    treated, report = treat(columns(x=HIGH), rule)
    np.testing.assert_allclose(treated["x"], values, rtol=1e-15)
    row = report.loc["x"]
    assert (row["treatment"], row["passed"]) == (treatment, passed)
    assert row["skew_after"] == pytest.approx(scipy_stats.skew(values, bias=False))
    assert row["kurtosis_after"] == pytest.approx(scipy_stats.kurtosis(values, bias=False))
    np.testing.assert_array_equal(treat_array(HIGH[:, None], rule), treated)


def test_the_report_tells_what_was_tried_and_what_was_done() -> None:
    flat = np.full(12, 3.0)
    few = np.array([1.0, 2.0] + [NAN] * 10)
    data = columns(high=HIGH, low=-HIGH, plain=np.arange(12.0), flat=flat, few=few)
    treated, report = treat(
        data, {"low": replace(STRICT, max_winsorised=1), "plain": Treatment(method="log_shift")}
    )
    assert report.index.equals(data.columns)
    assert report["treatment"].tolist() == [
        "winsorise",
        "log_shift",
        "log_shift",
        "untested",
        "untested",
    ]
    assert report["available"].tolist() == [12, 12, 12, 12, 2]
    assert report["winsorised_tried"].tolist() == [1, 1, 0, 0, 0]
    assert report["winsorised_high"].tolist() == [1, 0, 0, 0, 0]
    # Tried at the low end and replaced by the logarithm: nothing of it is in the values.
    assert report["winsorised_low"].tolist() == [0] * 5
    np.testing.assert_array_equal(report["high_bound"], [30, NAN, NAN, NAN, NAN])
    assert report["low_bound"].isna().all()
    assert report["passed_before"].tolist()[:3] == [False, False, True]
    assert report["passed_before"].isna().tolist() == [False] * 3 + [True] * 2
    assert report["passed"].isna().tolist() == [False] * 3 + [True] * 2
    once = scipy_stats.skew(-np.minimum(HIGH, 30), bias=False)
    assert report.loc["low", "skew_winsorised"] == pytest.approx(once)
    pd.testing.assert_frame_equal(treated[["flat", "few"]], data[["flat", "few"]])
    assert data["high"].max() == 100


def test_boxcox_as_fallback_shifts_to_the_offset_asked_for() -> None:
    data = pd.DataFrame({"x": HIGH, "y": HIGH - 50})
    rule = Treatment(0, fallback="boxcox", boxcox_lambda=0.5, boxcox_offset=1.0)
    treated, _ = treat(data, rule)
    wanted = 2 * (np.sqrt(HIGH - HIGH.min() + 1) - 1)
    np.testing.assert_allclose(treated["x"], wanted, rtol=1e-12)
    np.testing.assert_allclose(treated["y"], wanted, rtol=1e-12)
    with pytest.raises(CompositeError, match="offset is -1"):
        Treatment(boxcox_offset=-1)


def test_the_fallback_may_follow_winsorising() -> None:
    data = pd.DataFrame({"x": HIGH})
    rule = replace(STRICT, max_winsorised=1, fallback="log", combine=True)
    treated, report = treat(data, rule)
    np.testing.assert_allclose(treated["x"], np.log(np.minimum(HIGH, 30)), rtol=1e-15)
    assert report.loc["x", ["treatment", "winsorised_high"]].tolist() == ["log", 1]
    assert report.loc["x", "high_bound"] == 30


def test_boxcox_as_fallback_shifts_only_what_is_not_positive() -> None:
    data = columns(positive=HIGH, negative=HIGH - 50)
    treated, report = treat(data, Treatment(0, fallback="boxcox"))
    likeliest = scipy_stats.boxcox_normmax(HIGH, method="mle")
    assert report.loc["positive", "boxcox_lambda"] == pytest.approx(likeliest, rel=1e-5)
    np.testing.assert_allclose(treated["positive"], scipy_stats.boxcox(HIGH)[0], rtol=1e-5)
    shifted = scipy_stats.boxcox(HIGH - 1 + 0.99)[0]
    np.testing.assert_allclose(treated["negative"], shifted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"q": Treatment()}, "given for q, expected indicators of the data: x, y"),
        (Treatment(0, fallback="log"), "'log' is impossible for y: a logarithm needs"),
        (
            Treatment(method="log_shift"),
            "'log_shift' is impossible for z: log_shift needs variance",
        ),
    ],
)
def test_impossible_specifications_name_the_indicator(spec: object, says: str) -> None:
    data = columns(x=HIGH, y=HIGH - 1, z=np.full(12, 20.0))
    with pytest.raises(CompositeError, match=says):
        treat(data, spec)
    with pytest.raises(CompositeError, match="x of u1 is infinite"):
        treat(data.replace(2.0, INF))


def test_periods_are_treated_together_or_alone() -> None:
    index = pd.MultiIndex.from_product([range(12), [2001, 2000]], names=["unit", "time"])
    data = pd.DataFrame({"x": np.stack([HIGH, -HIGH], axis=1).ravel()}, index=index)
    alone, report = treat(data, STRICT, by_time=True)
    assert report.index.names == ["time", None]
    assert report.index.tolist() == [(2000, "x"), (2001, "x")]
    assert report["winsorised_low"].tolist() == [2, 0]
    for year, sign in ((2001, 1), (2000, -1)):
        wanted = sign * np.minimum(HIGH, 10)
        np.testing.assert_array_equal(alone.xs(year, level="time")["x"], wanted)
    by = index.codes[1]
    np.testing.assert_array_equal(treat_array(data.to_numpy(), STRICT, by=by), alone)
    together, report = treat(data)
    assert report.index.tolist() == ["x"]
    pd.testing.assert_frame_equal(together, treat(data.reset_index(drop=True))[0].set_index(index))
    with pytest.raises(CompositeError, match="treatment by time needs time"):
        treat(columns(x=HIGH), by_time=True)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(indicator, min_size=2, max_size=3),
    st.sampled_from([m for m in METHODS if m not in ("log", "boxcox", "log_shift")]),
    st.sampled_from([*TRANSFORMATIONS[1:], None]),
)
def test_draws_are_treated_one_by_one_and_order_is_kept(
    draws: list[np.ndarray], method: str, fallback: str | None
) -> None:
    units = min(map(len, draws))
    rule = Treatment(2, 1.2, 0.5, fallback, "auto" if method in TRANSFORMATIONS else method, 0.5)
    x = np.stack([draw[:units, None] for draw in draws])
    together = treat_array(x, rule)
    for draw, made in zip(x, together, strict=True):
        np.testing.assert_array_equal(made, treat_array(draw, rule))
        order = np.argsort(draw[:, 0], kind="stable")
        known = made[order, 0][~np.isnan(draw[order, 0])]
        assert (np.diff(known) >= 0).all()
        np.testing.assert_array_equal(np.isnan(made), np.isnan(draw))


# COINr

BEFORE = {"skew_before": "check_SkewKurt0.Skew", "kurtosis_before": "check_SkewKurt0.Kurt"}
AFTER = {"skew_winsorised": "check_SkewKurt1.Skew", "kurtosis_winsorised": "check_SkewKurt1.Kurt"}


def test_treatment_as_coinr() -> None:
    treated, report = treat(upstream("A04_Screened", "uCode"))
    pd.testing.assert_frame_equal(
        treated, upstream("A05_Treated", "uCode").astype(float), check_exact=True
    )
    details = upstream("A05_treat_details", "iCode")
    theirs = {**BEFORE, **AFTER}
    figures = details[list(theirs.values())].set_axis(list(theirs), axis=1)
    assert relative_error(report, figures) < 1e-12
    assert report["winsorised_tried"].tolist() == details["winsorise.nwin"].fillna(0).tolist()
    assert report["passed_before"].tolist() == details["check_SkewKurt0.Pass"].tolist()
    assert report["passed"].all()


def test_moments_as_coinr() -> None:
    data = upstream("A04_Screened", "uCode")
    ours = pd.DataFrame(
        {"skew": skewness(data.to_numpy()), "kurt": excess_kurtosis(data.to_numpy())},
        index=data.columns,
    )
    assert relative_error(ours, upstream("skew_kurt_screened", "iCode")) < 1e-12


def test_a_panel_as_coinr_treats_it_year_by_year() -> None:
    wanted = upstream("panel_treated", "uCode", "Time")
    raw = upstream("ASEM_iData_p", "uCode", "Time").loc[wanted.index, wanted.columns]
    assert relative_error(treat(raw, by_time=True)[0], wanted) == 0


def test_every_limit_is_a_stop_on_the_same_way() -> None:
    data = upstream("A04_Screened", "uCode")
    tried = [
        treat(data, replace(Treatment(), max_winsorised=most))[1]["winsorised_tried"]
        for most in range(6)
    ]
    for most, (fewer, more) in enumerate(pairwise(tried)):
        stopped = fewer >= most
        assert (more[~stopped] == fewer[~stopped]).all()
        assert (more >= fewer).all()
