"""Paired Monte Carlo: the same draw of weights and inputs for every unit, so differences keep it.

Belongs here: running an index many times over its uncertain factors and turning the runs into
intervals of scores, ranks and differences, and into Sobol shares. Does not belong here: what a
factor is (`factors`), how runs become scores (`simulate`), the estimators of shares
(`sensitivity`); nor which inputs of the alliance-depth index are uncertain,
which is `indices.intervals`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from indices.composite import checks
from indices.composite.data import listed, periods_of
from indices.composite.errors import CompositeError
from indices.composite.factors import Factor, dirichlet_weights
from indices.composite.rank import CELLS
from indices.composite.rank import ranks as ranked
from indices.composite.sensitivity import SAME, sobol
from indices.composite.simulate import Model, plan

if TYPE_CHECKING:
    from indices.composite.index import Result

__all__ = ["Contrast", "UncertaintyResult", "analyse", "dirichlet_weights", "interval"]

Array = np.ndarray
DECIMALS = 4
BLOCK = 1 << 23  # units x runs held at once where nothing is ranked: 64 MB
HELD = 1 << 26  # units x runs above which the scores of a period are computed twice: 512 MB


def _neighbours(draws: Array, places: Array) -> Array:
    ordered = np.sort(draws, axis=-1)
    after = np.minimum(places + 1, draws.shape[-1] - 1)
    return ordered[..., np.stack([places, after], axis=-1)]


def interval(
    draws: Array, level: float = 0.9, neighbours: Callable[[Array, Array], Array] = _neighbours
) -> tuple[Array, Array]:
    """Return the ends of the central interval over the last axis, linearly interpolated.

    Rounded to `DECIMALS`.

    A unit with a missing draw has a missing interval.

    Parameters
    ----------
    draws : array, shape (..., draws)
    level : float
    neighbours : callable
        Finds the values at some places of the order, and after each: of shape (..., places, 2).
        By default it sorts; `indices.kernels.neighbours` need not.
    """
    tail = (1 - checks.level(level)) / 2
    missing = np.isnan(draws).any(axis=-1)
    positions = [q * (draws.shape[-1] - 1) for q in (tail, 1 - tail)]
    found = neighbours(draws, np.array([int(p) for p in positions]))
    # Other draws move an end by far more; more digits would only show the processor's rounding.
    low, high = (
        np.round(_between(found[..., k, :], p).astype(float), DECIMALS)
        for k, p in enumerate(positions)
    )
    return np.where(missing, np.nan, low), np.where(missing, np.nan, high)


def _between(ends: Array, position: float) -> Array:
    """Interpolate between the values at a place and after it."""
    return ends[..., 0] + (position - int(position)) * (ends[..., 1] - ends[..., 0])


def _quantile(ordered: Array, q: float) -> Array:
    """Interpolate a quantile of values in order along the last axis, in double precision."""
    last = ordered.shape[-1] - 1
    position = q * last
    low = int(position)
    return _between(ordered[..., [low, min(low + 1, last)]].astype(float), position)


@dataclass(frozen=True)
class Contrast:
    """A difference: the mean score of some units minus that of others.

    Attributes
    ----------
    plus, minus : sequence of labels
        Of units, as in the index of the scores; (unit, time) in a panel. Without `minus` it is the
        mean score of `plus`. A contrast of a unit without a score is missing.
    """

    plus: Sequence[Hashable]
    minus: Sequence[Hashable] = ()

    def coefficients(self) -> dict[Hashable, float]:
        """Return what each unit counts."""
        if isinstance(self.plus, str) or isinstance(self.minus, str) or not len(self.plus):
            raise CompositeError(f"{self} needs lists of units, with at least one in `plus`")
        of: dict[Hashable, float] = {}
        for units, sign in ((self.plus, 1.0), (self.minus, -1.0)):
            for unit in units:
                of[unit] = of.get(unit, 0.0) + sign / len(units)
        return of


Target = Contrast | pd.Series | Mapping[Hashable, float] | Callable[[pd.DataFrame], Any]


@dataclass(frozen=True, eq=False)
class UncertaintyResult:
    """What an uncertainty analysis found.

    Attributes
    ----------
    runs : DataFrame, runs x factors
        What each factor was in each run: the label of a choice, the number of a random draw.
    scores, ranks : DataFrame, by unit
        Columns nominal, mean, median, sd, and the ends of the central interval, named by its level
        (lo90, hi90). A unit without a score in some run has only a nominal one. Ranks count from
        the largest score; in a panel within each period. `ranks` is None where not asked for.
    contrasts : DataFrame, by contrast
        The same, and share_above_zero: the share of runs in which the contrast is positive.
    score_draws, rank_draws : DataFrame, runs x units, or None where not kept
    contrast_draws : DataFrame, runs x contrasts
    rank_shift : Series, by run, or None
        Mean absolute difference between the ranks of a run and the nominal ones, over units with
        both: what COINr's sensitivity analysis decomposes.
    base_points : int or None
        Of the Sobol design.
    """

    runs: pd.DataFrame
    scores: pd.DataFrame
    ranks: pd.DataFrame | None
    contrasts: pd.DataFrame
    score_draws: pd.DataFrame | None
    rank_draws: pd.DataFrame | None
    contrast_draws: pd.DataFrame
    rank_shift: pd.Series | None
    base_points: int | None

    def sobol(
        self,
        of: str = "contrasts",
        *,
        bootstrap: int = 0,
        seed: int | np.random.Generator | None = None,
        level: float = 0.9,
        centre: bool = True,
    ) -> pd.DataFrame:
        """Split the variance of the outputs among the factors.

        Parameters
        ----------
        of : str
            "contrasts", "scores", "ranks" or "rank_shift".
        bootstrap, seed, level, centre
            See `sensitivity.sobol`; `centre=False` gives COINr's figures.

        Returns
        -------
        DataFrame
            As `sensitivity.sobol`, one row for each target and factor.

        Raises
        ------
        CompositeError
            If the runs are not a Sobol design or the draws were not kept.
        """
        if self.base_points is None:
            raise CompositeError(
                "these runs are not a Sobol design; analyse with base_points, or with a design "
                "stacked A, B, AB1 .. ABd"
            )
        outputs: dict[str, pd.DataFrame | pd.Series | None] = {
            "contrasts": self.contrast_draws,
            "scores": self.score_draws,
            "ranks": self.rank_draws,
            "rank_shift": self.rank_shift,
        }
        if of not in outputs:
            raise CompositeError(f"shares of {of!r} are not known; there are {listed(outputs)}")
        y = outputs[of]
        if y is None or not y.size:
            raise CompositeError(f"there are no {of} in this analysis; ask for them and keep them")
        return sobol(
            y,
            self.base_points,
            self.runs.shape[1],
            factors=list(self.runs.columns),
            bootstrap=bootstrap,
            seed=seed,
            level=level,
            centre=centre,
        )


def analyse(
    result: Result,
    factors: Sequence[Factor],
    *,
    seed: int,
    draws: int | None = None,
    base_points: int | None = None,
    design: pd.DataFrame | None = None,
    contrasts: Mapping[str, Target] | None = None,
    ranks: bool = True,
    keep: bool = True,
    level: float = 0.9,
    threads: int = 1,
) -> UncertaintyResult:
    """Run an index over its uncertain factors.

    Every run uses the same draw of weights and methods for all units, so that the spread of a
    difference is that of the difference, not of two scores (OECD/JRC Handbook 2008, step 7;
    Saisana, Saltelli and Tarantola 2005).

    Parameters
    ----------
    result : Result
        A fitted index: the nominal run, and the data of all others. Nominal weights are those it
        used (`result.tree`), also where a method found them.
    factors : sequence of Factor
        See `indices.composite.factors`. Their names differ; two factors may not set the same
        step, or the weight of the same node.
    seed : int
        Each factor draws from a stream of its own, found from the seed and its name: its draws
        change neither with the other factors, nor with threads or memory.
    draws, base_points, design
        Which runs, exactly one of them: that many independent Monte Carlo runs; a Sobol design
        with that many base points (`sensitivity.design`: base_points x (factors + 2) runs); or a
        given table, one row a run, with the labels of each choice in a column of its name. Random
        draws not in the table are fresh in every run.
    contrasts : mapping of name to target, optional
        `Contrast`; coefficients by unit, as a Series or mapping; or a function of the scores,
        DataFrame (runs x units), that returns one number for each run.
    ranks : bool
        Whether to rank.
    keep : bool
        Whether to keep the scores (and ranks) of every run, which takes 8 bytes each. Without,
        a panel is worked off period by period, or by blocks of units where nothing is ranked, and
        only the summaries stay; the scores of a period too large to hold are computed twice.
        Input errors need all units of all runs at once in any case.
    level : float
        Of the intervals.
    threads : int
        Bits of the result do not depend on it.

    Returns
    -------
    UncertaintyResult

    Raises
    ------
    CompositeError
        If factors contradict each other, a unit of a contrast does not exist, a label of a given
        design is not known, or a run fails (the message names it and its factors).
    """
    checks.level(level)
    checks.whole(threads, "threads", 1)
    runs = plan(factors, seed, draws, base_points, design)
    model = Model(result, runs)
    units = result.scores.index
    nominal = result.scores[result.tree.root].to_numpy(dtype=float)
    asked = {name: _target(name, one, units) for name, one in (contrasts or {}).items()}
    if not keep and any(callable(one) for one in asked.values()):
        raise CompositeError("a contrast that is a function needs the draws: keep=True")
    periods = periods_of(units)
    in_order = partial(ranked, axis=0, decimals=result.index.decimals)
    whole = keep or not model.by_unit
    blocks = list(_blocks(None if whole else periods, len(units), len(runs), whole or ranks))
    named = _Named(asked, len(units), len(runs))
    # Whole blocks side by side if there are several, else the parts of the one.
    inside = threads if len(blocks) == 1 else 1

    def work(rows: Array) -> dict[str, Any]:
        held: Array | None = None
        if whole or not ranks or len(rows) * len(runs) <= HELD:
            held = model.scores(rows, inside)
            named.take(rows, held)

        def of_units(part: slice) -> Array:
            return model.scores(rows[part], inside) if held is None else held[part]

        out: dict[str, Any] = {"rows": rows, "score_draws": held if keep else None}
        if ranks:
            by = None if periods is None else periods[rows]
            nominal_places = in_order(nominal[rows, None], by=by)
            # Ranks of up to 16 million units are whole in single precision.
            places = np.empty((len(rows), len(runs)), dtype=float if keep else np.float32)
            total, count = np.empty(len(runs)), np.empty(len(runs), dtype=int)
            step = max(1, (CELLS if held is not None else BLOCK) // len(rows))
            for start in range(0, len(runs), step):
                part = slice(start, start + step)
                if held is None:
                    scores = model.scores(rows, inside, part)
                    named.take(rows, scores, part)
                else:
                    scores = held[:, part]
                drawn = places[:, part] = in_order(scores, by=by)
                moved = np.abs(drawn - nominal_places)
                # Ranks are whole numbers, so that their sums are exact in any order.
                total[part] = np.nansum(moved, axis=0)
                count[part] = (~np.isnan(moved)).sum(axis=0)
            out["moved"] = total, count
            out["ranks"] = _summary(places.__getitem__, nominal_places[:, 0], len(runs), level)
            out["rank_draws"] = places if keep else None
        out["scores"] = _summary(of_units, nominal[rows], len(runs), level)
        return out

    if threads > 1 and len(blocks) > 1:
        with ThreadPoolExecutor(threads) as pool:
            parts = list(pool.map(work, blocks))
    else:
        parts = [work(rows) for rows in blocks]
    at = np.argsort(np.concatenate([part["rows"] for part in parts]))

    def summary(what: str) -> pd.DataFrame:
        return pd.concat([part[what] for part in parts]).iloc[at].set_axis(units)

    def kept(what: str) -> pd.DataFrame:
        # Where draws are kept there is one part, with all units in order.
        return pd.DataFrame(parts[0][what].T, index=runs.labels.index, columns=units)

    score_draws = kept("score_draws") if keep else None
    contrast_draws, contrast_summary = named.frames(
        score_draws, result.scores[result.tree.root], runs.labels.index, level
    )
    return UncertaintyResult(
        runs=runs.labels,
        scores=summary("scores"),
        ranks=summary("ranks") if ranks else None,
        contrasts=contrast_summary,
        score_draws=score_draws,
        rank_draws=kept("rank_draws") if keep and ranks else None,
        contrast_draws=contrast_draws,
        rank_shift=_rank_shift(parts, runs.labels.index) if ranks else None,
        base_points=runs.base_points,
    )


def _summary(
    draws: Callable[[slice], Array], nominal: Array, runs: int, level: float
) -> pd.DataFrame:
    """Summarise draws (rows, runs), asked for some rows at a time.

    A row with a missing draw has its nominal value only.
    """
    tail = (1 - level) / 2
    low, high = (f"{end}{100 * level:g}" for end in ("lo", "hi"))
    table = {name: np.empty(len(nominal)) for name in ("mean", "median", "sd", low, high)}
    step = max(1, CELLS // runs)
    for start in range(0, len(nominal), step):
        part = slice(start, start + step)
        of_part = draws(part)
        ordered = np.sort(of_part, axis=-1)
        mean = of_part.sum(axis=-1, dtype=float) / runs
        squares = ((of_part - mean[:, None]) ** 2).sum(axis=-1)
        table["mean"][part] = mean
        table["sd"][part] = np.sqrt(squares / (runs - 1)) if runs > 1 else np.nan
        for name, q in (("median", 0.5), (low, tail), (high, 1 - tail)):
            table[name][part] = _quantile(ordered, q)
        # The missing are sorted to the end.
        missing = np.isnan(ordered[:, -1])
        for values in table.values():
            values[part][missing] = np.nan
    return pd.DataFrame({"nominal": nominal, **table})


def _blocks(periods: Array | None, units: int, runs: int, together: bool) -> Iterator[Array]:
    """Cut units into blocks that are worked off one after the other, or by period."""
    if not together:
        step = max(1, BLOCK // runs)
        yield from np.split(np.arange(units), range(step, units, step))
    elif periods is None:
        yield np.arange(units)
    else:
        order = np.argsort(periods, kind="stable")
        yield from np.split(order, np.flatnonzero(np.diff(periods[order])) + 1)


def _target(name: str, target: Target, units: pd.Index) -> Array | Callable[[pd.DataFrame], Any]:
    """Return the coefficient of every unit, or the function."""
    if isinstance(target, Contrast):
        of = target.coefficients()
    elif isinstance(target, pd.Series | Mapping):
        of = dict(target.items())
    elif callable(target):
        return target
    else:
        raise CompositeError(
            f"contrast {name!r} is {target!r}, expected a Contrast, coefficients by unit, or a "
            "function of the scores"
        )
    at = units.get_indexer(pd.Index(list(of), tupleize_cols=isinstance(units, pd.MultiIndex)))
    strangers = [unit for unit, row in zip(of, at, strict=True) if row < 0]
    if strangers:
        raise CompositeError(
            f"contrast {name!r} names {listed(strangers)}, not among the units scored: "
            f"{listed(units)}"
        )
    coefficients = np.zeros(len(units))
    coefficients[at] = checks.numbers(list(of.values()), f"coefficients of contrast {name!r} are")
    if not np.isfinite(coefficients).all() or not coefficients.any():
        raise CompositeError(
            f"the coefficients of contrast {name!r} are missing, infinite or all 0"
        )
    return coefficients


class _Named:
    """The contrasts asked for, gathered from blocks of units."""

    def __init__(
        self, asked: Mapping[str, Array | Callable[[pd.DataFrame], Any]], units: int, runs: int
    ) -> None:
        self.asked = asked
        wanted = np.zeros(units, dtype=bool)
        for one in asked.values():
            if not callable(one):
                wanted |= one != 0
        self.rows = np.flatnonzero(wanted)
        self.scores = np.empty((len(self.rows), runs))

    def take(self, rows: Array, scores: Array, runs: slice = slice(None)) -> None:
        """Keep what the contrasts need of a block."""
        inside = np.isin(rows, self.rows)
        self.scores[np.searchsorted(self.rows, rows[inside]), runs] = scores[inside]

    def frames(
        self, draws: pd.DataFrame | None, nominal: pd.Series, runs: pd.Index, level: float
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the draws, runs x contrasts, and their summary."""
        values = np.empty((len(self.asked), len(runs)))
        nominal_values = np.empty(len(self.asked))
        for i, (name, one) in enumerate(self.asked.items()):
            if callable(one):
                assert draws is not None  # for the type checker: refused before
                values[i] = _called(name, one, draws)
                nominal_values[i] = _called(name, one, nominal.to_frame().T)[0]
            else:
                used = one[self.rows] != 0
                values[i] = _weighted(one[self.rows][used], self.scores[used])
                at = self.rows[used]
                nominal_values[i] = _weighted(one[at], nominal.to_numpy(dtype=float)[at, None])[0]
        names = pd.Index(list(self.asked), name="contrast", dtype="str")
        summary = _summary(values.__getitem__, nominal_values, len(runs), level)
        share = (values > 0).sum(axis=-1) / len(runs)
        summary["share_above_zero"] = np.where(np.isnan(values).any(axis=-1), np.nan, share)
        return pd.DataFrame(values.T, index=runs, columns=names), summary.set_axis(names)


def _weighted(coefficients: Array, scores: Array) -> Array:
    """Sum coefficient times score over units; what is only the rounding of nothing is 0."""
    total, size = np.zeros(scores.shape[1:]), np.zeros(scores.shape[1:])
    for c, score in zip(coefficients, scores, strict=True):
        total += c * score
        size += np.abs(c * score)
    return np.where(np.abs(total) <= SAME * size, 0.0, total)


def _called(name: str, function: Callable[[pd.DataFrame], Any], scores: pd.DataFrame) -> Array:
    found = np.asarray(function(scores), dtype=float)
    if found.shape != (len(scores),) or np.isinf(found).any():
        raise CompositeError(
            f"contrast {name!r} gives values of shape {found.shape}, expected one finite number "
            f"for each of the {len(scores)} runs"
        )
    return found


def _rank_shift(parts: list[dict[str, Any]], runs: pd.Index) -> pd.Series:
    """Mean absolute shift of ranks from nominal, missing where no unit has both."""
    total, count = (sum(part["moved"][i] for part in parts) for i in (0, 1))
    mean = np.full(len(runs), np.nan)
    np.divide(total, count, out=mean, where=np.asarray(count) > 0)
    return pd.Series(mean, index=runs, name="rank_shift")
