"""What partners did in crises, set against the depth of the tie in the year before.

Belongs here: the joining of crises and predictors, the variants of the test as
docs/VALIDITY_PLAN.md fixes them, and the tables of results. Does not belong here: the statistics
(`association`, `ordinal`), or the coding of crises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from indices.cube import Array, positions
from indices.validity import association, ordinal
from indices.validity.association import interval
from schemas import table

Frame = pd.DataFrame
Values = TypeVar("Values", Array, pd.Series)
Draw = Callable[[int], Array]
"""Bootstrap samples of so many crises, see `association.multiplicities`."""
SAMPLES = 2000
ARMS = 4
"""Response from which on the partner gave arms or more."""
STEPS = ("words", "diplomacy", "arms", "force")
"""Two rungs of the response each: none and words, diplomacy and money, and so on."""
UNSIGNED = ("trade", "arms", "voting")
"""Pillars that hold nothing signed; the order in which `without_treaties` takes them."""
PILLARS = {"treaties": "treaties_score", "trade": "trade_score", "arms": "arms_score"}
INDICATORS = {
    "security_commitment": "security_commitment",
    "trade_share": "trade_share_pct",
    "vote_kappa": "vote_kappa",
}
PREDICTORS = (
    "depth",
    "depth_from_target",
    "depth_without_treaties",
    "costly_depth",
    "declared_depth",
    *PILLARS.values(),
    *INDICATORS.values(),
)
VIEWS = ("depth", "depth_from_target")
IRAN = ("2025-june", "IRN")
IRAN_YEAR = 2025
GROUPS = 4
_DIGITS = 9
"""Digits kept of a model: the last ones differ between processors."""


def without_treaties(trade: Values, arms: Values, voting: Values) -> Values:
    """Mean of the trade, arms and voting pillars, where all three are known.

    Parameters
    ----------
    trade, arms, voting : array or Series
        Scores.

    Returns
    -------
    array or Series
        NaN where one of the three is missing.
    """
    return (trade + arms + voting) / 3


def _found(asked: Frame, frame: Frame) -> Frame:
    """Rows of a dyad table that are asked for, with the index of who asks."""
    sides = [(c, tuple(asked[c].unique())) for c in ("from_iso3", "to_iso3")]
    for column, states in sorted(sides, key=lambda side: len(side[1])):  # leaves fewer rows
        at = positions(frame[column], states)
        frame = frame[at >= 0].assign(**{column: at[at >= 0]})
        asked = asked.assign(**{column: positions(asked[column], states)})
    return asked.reset_index(names="row").merge(frame, on=list(asked)).set_index("row")


def _wide(asked: Frame, frame: Frame, label: str, value: str) -> Frame:
    """The same of a long table: a row for each that asks, a column for each label."""
    found = _found(asked, frame[[*asked, label, value]])
    found[label] = found[label].astype("str")
    return found.pivot(columns=label, values=value).reindex(asked.index)


def year_before(rows: Frame, depth: Frame, pillars: Frame, indicators: Frame) -> Frame:
    """Add what the index and the baselines said in the year before.

    Parameters
    ----------
    rows : DataFrame
        Holds partner_iso3, target_iso3 and predictor_year.
    depth, pillars, indicators : DataFrame
        ``out_depth__yearly_dyads``, ``out_pillars__yearly_dyads``,
        ``out_indicators__yearly_dyads``.

    Returns
    -------
    DataFrame
        With `PREDICTORS`, depth_status and target_depth_status; missing where the index has none.
        All but depth_from_target are from the partner.
    """
    asked = pd.DataFrame(
        {
            "from_iso3": rows["partner_iso3"].astype("str"),
            "to_iso3": rows["target_iso3"].astype("str"),
            "year": rows["predictor_year"],
        }
    )
    back = asked.rename(columns={"from_iso3": "to_iso3", "to_iso3": "from_iso3"})
    seen = _found(back, depth)[["depth", "depth_status"]]
    scores = _wide(asked, pillars, "pillar", "score")
    parts: list[Frame | pd.Series] = [
        _found(asked, depth)[["depth", "costly_depth", "declared_depth", "depth_status"]],
        seen.set_axis(["depth_from_target", "target_depth_status"], axis=1),
        without_treaties(*(scores[p] for p in UNSIGNED)).rename("depth_without_treaties"),
        scores[list(PILLARS)].rename(columns=PILLARS),
        _wide(asked, indicators, "indicator", "value")[list(INDICATORS)].rename(columns=INDICATORS),
    ]
    return rows.join(parts)


def crisis_rows(crises: Frame, left_out: Frame) -> Frame:
    """List the coded rows, and after them those left out for want of a page.

    Parameters
    ----------
    crises, left_out : DataFrame
        ``raw_curated__crises`` and ``raw_curated__crises_left_out``.

    Returns
    -------
    DataFrame
        is_coded tells them apart. A row left out has response 0, and belongs to the coded crisis
        with its number in International Crisis Behavior, if there is one.
    """
    coded = crises.assign(is_coded=True, start_year=crises["start_date"].dt.year)
    more = left_out[left_out["reason"] == "no_source"]
    numbered = crises.dropna(subset="icb_crisno").drop_duplicates("icb_crisno")
    known = dict(zip(numbered["icb_crisno"].astype(int), numbered["crisis_id"], strict=True))
    more = pd.DataFrame(
        {
            "crisis_id": [known.get(int(n), f"icb-{n}") for n in more["icb_crisno"]],
            "target_iso3": more["target_iso3"].astype("str"),
            "partner_iso3": more["partner_iso3"].astype("str"),
            "start_year": more["year"],
            "response": 0,
            "is_coded": False,
        }
    )
    rows = pd.concat([coded, more], ignore_index=True)
    return rows.assign(predictor_year=rows["start_year"] - 1)


def pools(rows: Frame) -> dict[str, Frame]:
    """Rows with a depth that may be tested: of full depths, of all, and with those left out.

    Parameters
    ----------
    rows : DataFrame
        See `year_before`.

    Returns
    -------
    dict of str to DataFrame
        'full': the coded rows with a full depth, which are the headline's. 'left_out': those left
        out for want of a page as well. 'partial': coded rows with any depth. In the first two a
        depth from the target that is not full counts as missing.
    """
    seen = rows["depth_from_target"].where(rows["target_depth_status"] == "full")
    full = rows.assign(depth_from_target=seen)[rows["depth_status"] == "full"]
    return {
        "full": full[full["is_coded"]],
        "left_out": full,
        "partial": rows[rows["is_coded"] & rows["depth"].notna()],
    }


def _is(rows: Frame, **values: str) -> pd.Series:
    return pd.Series(
        np.logical_and.reduce([rows[c].astype("str") == v for c, v in values.items()]), rows.index
    )


VARIANTS: dict[str, tuple[str, Callable[[Frame], Frame]]] = {
    "headline": ("full", lambda r: r),
    "coding_1": ("full", lambda r: r.assign(response=r["coding_1"])),
    "coding_2": (
        "full",
        lambda r: r.assign(response=r["coding_2"])[r["coding_2"].notna()],
    ),
    "high_confidence": ("full", lambda r: r[r["confidence"] == "high"]),
    "mediation_as_words": (
        "full",
        lambda r: r.assign(response=r["response"].where(r["response"] != 2, 1)),
    ),
    "without_usa_gulf_2026": (
        "full",
        lambda r: r[~_is(r, crisis_id="2026-gulf", partner_iso3="USA")],
    ),
    "without_pakistan_may_2025": (
        "full",
        lambda r: r[~_is(r, crisis_id="2025-may", target_iso3="PAK", partner_iso3="CHN")],
    ),
    "without_successor_named": (
        "full",
        lambda r: r[~r["partner_basis"].isin(["successor", "named"])],
    ),
    "no_source_as_0": ("left_out", lambda r: r),
    "with_partial": ("partial", lambda r: r),
    "china": ("full", lambda r: r[r["partner_iso3"] == "CHN"]),
    "russia": ("full", lambda r: r[r["partner_iso3"] == "RUS"]),
    "united_states": ("full", lambda r: r[r["partner_iso3"] == "USA"]),
    "before_1992": ("full", lambda r: r[r["start_year"] < 1992]),
    "from_1992": ("full", lambda r: r[r["start_year"] >= 1992]),
    "without_israel": ("full", lambda r: r[r["target_iso3"] != "ISR"]),
}
"""Pool of each variant (see `pools`), and what is done to it."""


def side(lo: float, hi: float, words: tuple[str, str] = ("for", "against")) -> str | None:
    """Which side of 0 an interval lies on: the first word above, the second below, else open."""
    if np.isnan(lo):
        return None
    return words[0] if lo > 0 else words[1] if hi < 0 else "open"


def _span(name: str, values: Array | None) -> dict[str, float]:
    """A statistic of the sample itself (the first entry), and its interval by the others."""
    if values is None:
        return dict.fromkeys([name, f"{name}_lo90", f"{name}_hi90"], np.nan)
    lo, hi = interval(values[1:])
    return {name: float(values[0]), f"{name}_lo90": lo, f"{name}_hi90": hi}


class _Sample:
    """The rows of one variant and its resamples, which all predictors share."""

    def __init__(self, rows: Frame, draw: Callable[[int], Array]) -> None:
        self.rows = rows
        self.y = rows["response"].to_numpy(dtype=float)
        self.x = dict(zip(PREDICTORS, rows[list(PREDICTORS)].to_numpy(dtype=float).T, strict=True))
        self.known = {name: ~np.isnan(x) for name, x in self.x.items()}
        self.clusters, self.names = pd.factorize(rows["crisis_id"].astype("str"), sort=True)
        self.drawn = draw(len(self.names))
        self._strata = pd.factorize(rows["partner_iso3"].astype("str"))[0]
        self._outcomes: dict[bytes, association.Outcome] = {}

    def against(self, name: str, at: Array, *, only_tau: bool = False) -> association.Association:
        """A predictor, on some rows, against the response."""
        key = at.tobytes()
        if key not in self._outcomes:
            self._outcomes[key] = association.Outcome(
                self.y[at], self._strata[at], self.clusters[at], self.drawn, ARMS
            )
        return self._outcomes[key].against(self.x[name][at], only_tau=only_tau)


def draws(seed: int, samples: int) -> Draw:
    """Return what draws bootstrap samples of so many crises: the same ones whoever asks."""

    @cache
    def draw(crises: int) -> Array:
        return association.multiplicities(crises, samples, np.random.default_rng(seed))

    return draw


def _compared(out: dict[str, Any], name: str) -> dict[str, Any]:
    """Add what the interval of a difference to depth says; nothing for depth itself."""
    if out["predictor"] == "depth":
        return out | _span(name, None) | {"depth_is": None}
    return out | {"depth_is": side(out[f"{name}_lo90"], out[f"{name}_hi90"], ("better", "worse"))}


def association_rows(rows: Frame, draw: Draw) -> Iterator[dict[str, Any]]:
    """Set every predictor against the response, in every variant.

    Parameters
    ----------
    rows : DataFrame
        See `year_before`.
    draw : callable
        Of the bootstrap: the samples of a variant are the same for all its predictors.

    Yields
    ------
    dict
        Rows of ``out_crises__association``.
    """
    of_pool = pools(rows)
    for variant, (pool, change) in VARIANTS.items():
        chosen = change(of_pool[pool])
        if chosen.empty:
            continue
        sample = _Sample(chosen, draw)
        depth = sample.against("depth", sample.known["depth"])
        for name in PREDICTORS:
            at = sample.known[name]
            if not at.any():
                continue
            brief = name != "depth" and variant != "headline"
            found = depth if name == "depth" else sample.against(name, at, only_tau=brief)
            same = depth if at.all() else sample.against("depth", at, only_tau=True)
            out: dict[str, Any] = {
                "variant": variant,
                "predictor": name,
                "n_rows": int(at.sum()),
                "n_crises": len(np.unique(sample.clusters[at])),
                "n_arms_or_more": int((sample.y[at] >= ARMS).sum()),
                **_span("tau_b", found.tau_b),
                **_span("within_tau_b", found.within_tau_b),
                **_span("concordance", found.concordance),
                **_span("auc", found.auc),
                "depth_tau_b": float(same.tau_b[0]),
                **_span("tau_b_difference", same.tau_b - found.tau_b),
            }
            out["verdict"] = side(out["tau_b_lo90"], out["tau_b_hi90"])
            out["within_verdict"] = side(out["within_tau_b_lo90"], out["within_tau_b_hi90"])
            yield _compared(out, "tau_b_difference")


class Forecasts:
    """The headline's rows foretold without their own crisis, by each predictor.

    Parameters
    ----------
    rows : DataFrame
        See `year_before`.
    draw : callable
        See `association_rows`; intervals are of the scores, without fitting again.
    """

    def __init__(self, rows: Frame, draw: Draw) -> None:
        sample = _Sample(pools(rows)["full"], draw)
        self.rows, self.known, self._x = sample.rows, sample.known, sample.x
        self._clusters, self._names, self._drawn = sample.clusters, sample.names, sample.drawn
        self._steps = self.rows["response"].to_numpy(dtype=int) // 2
        self._made: dict[tuple[str, bytes], tuple[Array, Array, Array]] = {}

    def of(self, name: str, at: Array) -> tuple[Array, Array, Array]:
        """Probabilities of the steps, and scores of the model and of the reference, on some rows.

        NaN on all other rows.
        """
        key = name, at.tobytes()
        if key not in self._made:
            x, steps = self._x[name][at], self._steps[at]
            clusters = np.unique(self._clusters[at], return_inverse=True)[1]
            model, reference = ordinal.leave_out(x, steps, len(STEPS), clusters)
            out = np.full((len(at), len(STEPS)), np.nan)
            out[at] = np.round(model, _DIGITS)
            scores = np.full((2, len(at)), np.nan)
            for score, probabilities in zip(scores, (out[at], reference), strict=True):
                score[at] = ordinal.ranked_probability_score(probabilities, steps)
            self._made[key] = out, scores[0], scores[1]
        return self._made[key]

    def _sums(self, scores: Array) -> Array:
        """Sum of scores under every resample of crises."""
        totals = np.bincount(self._clusters, np.nan_to_num(scores), len(self._names))
        return (self._drawn * totals).sum(axis=1)

    def skills(self) -> Iterator[dict[str, Any]]:
        """Rows of ``out_crises__prediction``."""
        for name in PREDICTORS:
            at = self.known[name]
            if len(np.unique(self._clusters[at])) < 2:
                continue
            _, score, reference = self.of(name, at)
            _, depth_score, _ = self.of("depth", at)
            plain = self._sums(reference)
            with np.errstate(invalid="ignore", divide="ignore"):
                skill, depth_skill = (1 - self._sums(s) / plain for s in (score, depth_score))
            out: dict[str, Any] = {
                "predictor": name,
                "n_rows": int(at.sum()),
                "n_crises": len(np.unique(self._clusters[at])),
                "rps": float(score[at].mean()),
                "rps_reference": float(reference[at].mean()),
                **_span("skill", skill),
                "depth_skill": float(depth_skill[0]),
                **_span("skill_difference", depth_skill - skill),
            }
            out["verdict"] = side(out["skill_lo90"], out["skill_hi90"])
            out = _compared(out, "skill_difference")
            yield {k: round(v, _DIGITS) if isinstance(v, float) else v for k, v in out.items()}

    def left_out(self) -> Frame:
        """``out_crises__leave_one_out``: what each crisis does to the headline."""
        x, y = self._x["depth"], self.rows["response"].to_numpy(dtype=float)
        count = len(self._names)
        without = (self._clusters[None, :] != np.arange(count)[:, None]).astype(float)
        tau = association.tau_b(x, y, np.vstack([np.ones((1, len(y))), without]))
        _, score, reference = self.of("depth", self.known["depth"])
        n = np.bincount(self._clusters)
        titles = self.rows.drop_duplicates("crisis_id").set_index("crisis_id")["name"]
        return pd.DataFrame(
            {
                "crisis_id": self._names,
                "name": titles.loc[self._names].to_numpy(),
                "n_rows": n,
                "tau_b": tau[0],
                "tau_b_without": tau[1:],
                "rps": np.round(np.bincount(self._clusters, score) / n, _DIGITS),
                "rps_reference": np.round(np.bincount(self._clusters, reference) / n, _DIGITS),
            }
        )

    def groups(self) -> Iterator[dict[str, Any]]:
        """Forecasts in groups of equal size, for ``out_crises__calibration``.

        A forecast that leaves a row out leans away from what came of it. Where the predictor says
        little, to sort by the forecast is to sort by that, so the rows are also sorted by the
        predictor.
        """
        came = self._steps >= STEPS.index("arms")
        for name in VIEWS:
            at = self.known[name]
            probabilities, _, _ = self.of(name, at)
            p = np.round(probabilities[:, STEPS.index("arms") :].sum(axis=1), _DIGITS)
            for kind, order in (("group", p), ("quarter", self._x[name])):
                rows = np.argsort(order, kind="stable")[: at.sum()]  # NaN is last
                for number, members in enumerate(np.array_split(rows, GROUPS), 1):
                    yield {
                        "predictor": name,
                        "sample": f"{kind}_{number}",
                        "outcome": "arms_or_more",
                        "n_rows": len(members),
                        "predictor_value": float(self._x[name][members].mean()),
                        "predicted": round(float(p[members].mean()), _DIGITS),
                        **_span("observed", self._share(members, came)),
                    }

    def _share(self, members: Array, came: Array) -> Array:
        """Share of some rows in which something came, under every resample of crises."""
        count = len(self._names)
        inside, with_it = (
            (self._drawn * np.bincount(self._clusters[rows], minlength=count)).sum(axis=1)
            for rows in (members, members[came[members]])
        )
        return np.divide(with_it, inside, out=np.full(len(inside), np.nan), where=inside > 0)

    def iran(self) -> Iterator[dict[str, Any]]:
        """Iran in June 2025 from the crises before 2025, for ``out_crises__calibration``."""
        asked = _is(self.rows, crisis_id=IRAN[0], target_iso3=IRAN[1]).to_numpy()
        earlier = (self.rows["start_year"] < IRAN_YEAR).to_numpy()
        for name in VIEWS:
            x, at = self._x[name], earlier & self.known[name]
            weights = self._drawn[:, self._clusters[at]]
            fits = ordinal.fit(x[at], self._steps[at], len(STEPS), weights)
            for row in np.flatnonzero(asked & self.known[name]):
                p = np.round(fits.probabilities(x[row]), _DIGITS)
                tail = np.round(p[:, STEPS.index("arms") :].sum(axis=1, keepdims=True), _DIGITS)
                for k, outcome in enumerate((*STEPS, "arms_or_more")):
                    chances = np.hstack([p, tail])[:, k]
                    came = self._steps[row]
                    happened = came >= STEPS.index("arms") if k == len(STEPS) else came == k
                    yield {
                        "predictor": name,
                        "sample": f"iran_{self.rows['partner_iso3'].iloc[row]}".lower(),
                        "outcome": outcome,
                        "n_rows": int(at.sum()),
                        "predictor_value": float(x[row]),
                        **_span("predicted", chances),
                        "observed": float(happened),
                    }


def codings(crises: Frame, draw: Draw) -> tuple[Frame, Frame]:
    """How well the two codings of the responses agree, and their cross-table.

    Parameters
    ----------
    crises : DataFrame
        ``raw_curated__crises``; rows coded once are left aside.
    draw : callable
        Of the bootstrap of crises.

    Returns
    -------
    tuple of DataFrame
        ``out_crises__coding`` and ``out_crises__coding_counts``.
    """
    both = crises.dropna(subset="coding_2")
    first, second = (both[c].to_numpy(dtype=int) for c in ("coding_1", "coding_2"))
    clusters, names = pd.factorize(both["crisis_id"].astype("str"), sort=True)
    times = draw(len(names))[:, clusters]
    rungs = 2 * len(STEPS)
    apart = np.abs(first - second)
    shares = {n: times @ (apart <= k) / times.sum(axis=1) for k, n in enumerate(AGREEMENTS[2:])}
    kappas = {
        name: association.weighted_kappa(first, second, rungs, power, times)
        for power, name in enumerate(AGREEMENTS[:2], 1)
    }
    measures = pd.DataFrame(
        {"measure": n, "n_rows": len(both), "n_crises": len(names), **_span("value", v)}
        for n, v in (kappas | shares).items()
    )
    counts = both.groupby(["coding_1", "coding_2"]).size().reset_index(name="n_rows")
    return measures, counts


# Crises of a sample that say anything: a build of a few states holds fewer.
FEWEST = 10
AGREEMENTS = ("kappa_linear", "kappa_quadratic", "identical", "within_one")


def crisis_tables(
    crises: Frame,
    left_out: Frame,
    depth: Frame,
    pillars: Frame,
    indicators: Frame,
    seed: int,
    samples: int = SAMPLES,
) -> Iterator[Frame]:
    """Run the whole test of crises.

    Parameters
    ----------
    crises, left_out : DataFrame
        ``raw_curated__crises``, ``raw_curated__crises_left_out``.
    depth, pillars, indicators : DataFrame
        The index, see `year_before`.
    seed, samples : int
        Of the bootstrap of crises.

    Yields
    ------
    DataFrame
        ``out_crises__responses``, ``__association``, ``__prediction``, ``__leave_one_out``,
        ``__calibration``, ``__coding`` and ``__coding_counts``. With fewer than `FEWEST` crises
        that have a full depth nothing is tested: no forecasts, and no rows of results.
    """
    draw = draws(seed, samples)
    rows = year_before(crisis_rows(crises, left_out), depth, pillars, indicators)
    if pools(rows)["full"]["crisis_id"].nunique() < FEWEST:
        yield _responses(rows, None)
        for name in ("association", "prediction", "leave_one_out", "calibration"):
            yield pd.DataFrame(columns=table(f"out_crises__{name}").columns)
        yield from codings(crises, draw)
        return
    with ThreadPoolExecutor(1) as beside:
        # Mostly products of matrices, which leave the interpreter to the forecasts.
        associated = beside.submit(lambda: pd.DataFrame(association_rows(rows, draw)))
        forecasts = Forecasts(rows, draw)
        responses = _responses(rows, forecasts)
        foretold = (
            pd.DataFrame(forecasts.skills()),
            forecasts.left_out(),
            pd.DataFrame([*forecasts.iran(), *forecasts.groups()]),
            *codings(crises, draw),
        )
        yield responses
        yield associated.result()
    yield from foretold


def _responses(rows: Frame, forecasts: Forecasts | None) -> Frame:
    """``out_crises__responses``: the coded rows with what was known before and what came."""
    names = [f"p_{step}" for step in STEPS]
    foretold = pd.DataFrame(columns=names, dtype=float)
    if forecasts:
        probabilities, _, _ = forecasts.of("depth", forecasts.known["depth"])
        foretold = pd.DataFrame(probabilities, forecasts.rows.index, names)
    coded = rows[rows["is_coded"]].join(foretold)
    kept = [
        "crisis_id",
        "target_iso3",
        "partner_iso3",
        "name",
        "start_date",
        "predictor_year",
        "depth_status",
        "target_depth_status",
        *PREDICTORS,
        "coding_1",
        "coding_2",
        "response",
        "response_code",
        "response_note",
        *names,
        "partner_basis",
        "confidence",
        "source_url",
    ]
    return coded[kept].astype({"target_iso3": "str", "partner_iso3": "str"})
