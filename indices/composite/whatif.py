"""How much would the weights have to change before two units, or a unit and a bloc, swap places?

Belongs here: the smallest change of weights that brings a difference of composite scores to zero or
beyond, exactly. Does not belong here: what a given change of weights does (`Index`), or how often
drawn weights turn an order (`uncertainty`).

A weighted arithmetic mean is linear in its weights, so a difference of two units' scores is c . w
with c the difference of their indicator scores, and the set of weights that turn it round is a
polytope: one half-space, one box and one sum (or one sum per group). The nearest point of it is a
small linear programme (L1, Linf) or quadratic programme (L2) with a structure that a sort and a
search along one parameter solve exactly, which is quicker and more accurate than a general solver
and gives the same weights on every machine.

Three questions, one function (`smallest_flip`):

- only pillar weights may move: scores of the pillars, weights of the pillars;
- only the indicators inside their pillars may move: scores of the indicators, effective weights,
  and `within` naming the groups whose totals stay;
- both may move: scores of the indicators and effective weights without `within`. Every set of
  effective weights is one of pillar weights and weights inside pillars, so nothing is lost.

The composite has to be a weighted arithmetic mean at the levels whose weights move; below them it
may be anything. For a weighted geometric mean, give the logarithms of the scores: the order of two
units' geometric means is that of their mean logarithms (the mean of a bloc's is not).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from indices.composite import checks
from indices.composite.coherence import grouped
from indices.composite.data import matrix, quoted
from indices.composite.errors import CompositeError
from indices.composite.weigh import Weights, given

Array = np.ndarray
Groups = Mapping[str, Sequence[str]]

NORMS = ("l1", "l2", "linf")
SAME = 1e-12
"""Two scores that differ by less, relative to their size, are one score."""
FARTHEST = 2.0**60
ROUNDING = 4 * float(np.finfo(float).eps)


@dataclass(frozen=True)
class Flip:
    """The nearest weights that turn a difference round, or word that there are none.

    Parameters
    ----------
    ahead, behind : str
        The two sides, as they stand with the nominal weights.
    nominal : Series
        Weights as given, adding to one.
    before : float
        Score of the side ahead less that of the side behind, with the nominal weights.
    feasible : bool
        Whether any weights within the bounds turn it round.
    explanation : str
        The result in a sentence; where nothing turns it round, why.
    weights : Series or None
        The nearest such weights, adding to one. None, like the rest, where there are none.
    distance : float or None
        From the nominal weights, in the norm asked for.
    total_variation : float or None
        Weight that changes hands: half the sum of absolute changes, 0 to 1.
    after : float or None
        The difference with these weights: -margin, or `before` where that is already beyond it.
    """

    ahead: str
    behind: str
    nominal: pd.Series
    before: float
    feasible: bool
    explanation: str
    weights: pd.Series | None = None
    distance: float | None = None
    total_variation: float | None = None
    after: float | None = None


def smallest_flip(
    scores: pd.DataFrame,
    weights: Weights,
    first: Hashable | list[Hashable],
    second: Hashable | list[Hashable],
    *,
    norm: str = "l1",
    margin: float = 0.0,
    lower: float | Weights = 0.0,
    upper: float | Weights = 1.0,
    within: Groups | None = None,
) -> Flip:
    """Find the smallest change of weights that turns the order of two units, or of two blocs.

    Parameters
    ----------
    scores : DataFrame
        Normalised scores, units (rows) by indicators or pillars (columns); NaN is missing.
    weights : mapping or Series
        Nominal weight of each column, rescaled to add to one. Effective weights where columns are
        indicators of a tree.
    first, second : label of a row, or list of labels
        The two sides. A list is a bloc, which counts with the mean of its members' scores. The
        order does not matter: the side that is behind is brought forward. (In a tie, the first is
        taken to be ahead.)
    norm : "l1", "l2" or "linf"
        What is small: the sum of absolute changes, the root of the sum of their squares, or the
        largest of them. Under "l1" and "linf" other weights may be as near. Those given change
        few columns ("l1"), or every column that helps by as much as the one that changes the
        most ("linf").
    margin : float
        How far ahead the side behind has to come, in units of the score; 0 asks for a tie.
    lower, upper : float or mapping
        Bounds of the weights, as shares of the whole: of all, or by column, those not named being
        free. The nominal weights have to be within them.
    within : mapping of str to columns, optional
        Groups (pillars) whose totals stay what they are, so that weights move inside them only.
        Every column is in one of them.

    Returns
    -------
    Flip
        ``feasible`` is False where no weights do it: when every column favours the same side, or
        the bounds are too narrow.

    Raises
    ------
    CompositeError
        If a side is not there or both are the same, a score is infinite, weights or bounds are not
        what they should be, or the units do not miss the same columns.

    Notes
    -----
    A column that every unit on both sides misses decides nothing between them, and its weight stays
    where it is; the others are renormalised (within its group first, where `within` is given). If
    only some miss it, each unit's score is a mean of other columns, the difference is a ratio of
    weights and no longer linear, and the smallest change is not a convex problem: that is refused,
    not approximated. Leave that column out, impute it, or compare pillar scores.
    """
    x = matrix(scores)
    codes = [str(c) for c in scores.columns]
    if norm not in NORMS:
        raise CompositeError(f"norm {norm!r} is not known; there are {quoted(NORMS)}")
    if not 0 <= checks.numbers(margin, "margin").item() < np.inf:
        raise CompositeError(f"margin {margin}; expected a finite number of at least 0")
    nominal = given(weights, codes)
    w = nominal.to_numpy()
    low, high = _bounds(lower, "lower", codes), _bounds(upper, "upper", codes)
    groups = _group_positions(scores, within)
    sides = [_rows(scores.index, side) for side in (first, second)]
    if sorted(sides[0]) == sorted(sides[1]):
        raise CompositeError(f"{_named(first)} on both sides; expected two different ones")
    known = _known(x, scores.index, codes, sides[0] + sides[1])
    share = _renormalised(w, known, groups)
    if share is None:
        raise CompositeError(
            f"{_named(first)} and {_named(second)} have no column with any weight; "
            "there is nothing to compare"
        )
    contrast, before = _difference(x, sides, w, known, share)
    ahead, behind = _named(first), _named(second)
    if before < 0:
        ahead, behind, contrast, before = behind, ahead, -contrast, -before
    # What neither side has, they cannot be brought nearer by.
    low, high = np.where(known, low, w), np.where(known, high, w)
    if before == 0 and margin == 0:
        found: Array | None = w
        _inside(w, low, high, codes)
    else:
        found = _nearest(contrast, w, -margin, norm, low, high, groups, codes)
    if found is None:
        least = float((contrast * _extreme(contrast, w, low, high, groups)).sum())
        why = _why_not(contrast[known], margin, ahead, behind, least)
        return Flip(ahead, behind, nominal, before, feasible=False, explanation=why)
    change = found - w
    distance = _length(change, norm)
    variation = float(np.abs(change).sum()) / 2
    outcome = f"level with {ahead}" if margin == 0 else f"{margin:g} ahead of {ahead}"
    return Flip(
        ahead=ahead,
        behind=behind,
        nominal=nominal,
        before=before,
        feasible=True,
        explanation=f"{variation:.4g} of the weight changing hands brings {behind} {outcome}",
        weights=pd.Series(found, index=nominal.index, name="weight"),
        distance=distance,
        total_variation=variation,
        after=float((contrast * found).sum()) if change.any() else before,
    )


def nearest_weights(
    contrast: Array,
    weights: Array,
    *,
    limit: float = 0.0,
    norm: str = "l1",
    lower: float | Array = 0.0,
    upper: float | Array = 1.0,
    groups: Array | None = None,
) -> Array | None:
    """Find the weights nearest to given ones at which a linear contrast is at most a limit.

    For contrasts that are not of two rows, such as a difference of differences; for those see
    `smallest_flip`.

    Parameters
    ----------
    contrast : array, shape (k,)
        What each unit of weight adds to the difference. Finite.
    weights : array, shape (k,)
        Non-negative, not all zero; rescaled to add to one.
    limit : float
        The difference to come down to.
    norm : "l1", "l2" or "linf"
        See `smallest_flip`.
    lower, upper : float or array, shape (k,)
        Bounds; the rescaled weights have to be within them.
    groups : int array, shape (k,), optional
        Label of each weight's group; a group's total stays. By default all are one group.

    Returns
    -------
    array, shape (k,), or None
        Adding to one; the weights themselves where the contrast is within the limit already. None
        where no weights within the bounds reach it.

    Raises
    ------
    CompositeError
        If shapes differ, a number is not finite, or bounds or weights are not what they should be.
    """
    if norm not in NORMS:
        raise CompositeError(f"norm {norm!r} is not known; there are {quoted(NORMS)}")
    c = checks.numbers(contrast, "the contrast is")
    if c.ndim != 1 or not c.size:
        raise CompositeError(f"contrast of shape {c.shape}; expected one number per weight")
    k = len(c)
    labels = np.zeros(k, dtype=int) if groups is None else np.asarray(groups)
    if pd.isna(labels).any():
        raise CompositeError("a missing group; expected one for each weight")
    if np.shape(weights) != (k,) or labels.shape != (k,):
        raise CompositeError(
            f"{k} numbers in the contrast, weights of shape {np.shape(weights)}, "
            f"groups of shape {labels.shape}; expected one of each per indicator"
        )
    if not (np.isfinite(c).all() and np.isfinite(limit)):
        raise CompositeError("the contrast and its limit have to be finite; found NaN or infinity")
    names = [str(i) for i in range(k)]
    w = given(
        dict(zip(names, checks.numbers(weights, "weights are"), strict=True)), names
    ).to_numpy()
    low, high = _bounds(lower, "lower", names), _bounds(upper, "upper", names)
    positions = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    return _nearest(c, w, float(limit), norm, low, high, positions, names)


def _nearest(
    c: Array,
    w: Array,
    limit: float,
    norm: str,
    low: Array,
    high: Array,
    groups: list[Array],
    names: list[str],
) -> Array | None:
    """Nearest weights, after the checks that need all of the problem."""
    _inside(w, low, high, names)
    low, high = np.minimum(low, w), np.maximum(high, w)
    # Of size one, so that tolerances have a meaning and large scores cannot overflow.
    scale = max(float(np.abs(c).max()), abs(limit))
    if scale == 0 or (c * w).sum() <= limit:
        return w.copy()
    c, limit = c / scale, limit / scale
    least = float((c * _extreme(c, w, low, high, groups)).sum())
    if least > limit + ROUNDING * len(c):
        return None
    # Where the limit is the least there is, rounding must not put it out of reach.
    limit = max(limit, least)
    found = {"l1": _nearest_l1, "l2": _nearest_l2, "linf": _nearest_linf}[norm](
        c, w, limit, low, high, groups
    )
    return np.clip(found, low, high)


def _nearest_l1(
    c: Array, w: Array, limit: float, low: Array, high: Array, groups: list[Array]
) -> Array:
    """Linear programme: move weight from the dearest to the cheapest until the limit is reached.

    A unit of weight moved inside a group gains the difference of two contrasts. Taking from the
    largest that has any left and giving to the smallest that has room, in the group where that
    gains most, every step is the best there is, and gains only fall: no other way is shorter.
    """
    v = w.copy()
    orders = [group[np.argsort(c[group], kind="stable")] for group in groups]
    takers = [0] * len(groups)
    givers = [len(group) - 1 for group in groups]
    need = float((c * w).sum()) - limit
    while need > 0:
        best, where = 0.0, -1
        for g, order in enumerate(orders):
            while takers[g] < givers[g] and v[order[takers[g]]] >= high[order[takers[g]]]:
                takers[g] += 1
            while takers[g] < givers[g] and v[order[givers[g]]] <= low[order[givers[g]]]:
                givers[g] -= 1
            gain = c[order[givers[g]]] - c[order[takers[g]]]
            if gain > best:
                best, where = float(gain), g
        if where < 0:
            break
        to, of = orders[where][takers[where]], orders[where][givers[where]]
        room, left = high[to] - v[to], v[of] - low[of]
        step = need / best
        if step < min(room, left):
            v[to] += step
            v[of] -= step
            break
        need -= best * min(room, left)
        # Bounds are met exactly, so that every round ends the use of one weight.
        if room <= left:
            v[to], v[of] = high[to], (low[of] if room == left else v[of] - room)
        else:
            v[to], v[of] = v[to] + left, low[of]
    return v


def _nearest_l2(
    c: Array, w: Array, limit: float, low: Array, high: Array, groups: list[Array]
) -> Array:
    """Quadratic programme: project w - theta c on the box and sums, for the least theta that does.

    The projection moves along straight pieces as theta grows, each with its own set of weights that
    are free of their bounds. The search ends on the piece that crosses the limit; there the two
    multipliers (of the sum and of the contrast) solve linear equations.
    """

    def at(theta: float) -> Array:
        v = np.empty_like(w)
        for group in groups:
            # The group's mean contrast moves all of it alike, which its sum undoes.
            y = w[group] - theta * (c[group] - c[group].mean())
            v[group] = _projected(y, low[group], high[group], w[group].sum())
        return v

    theta = _crossing(lambda t: float((c * at(t)).sum()), limit + ROUNDING * len(c))
    return _on_piece(c, w, at(theta), limit, low, high, groups)


def _on_piece(
    c: Array, w: Array, v: Array, limit: float, low: Array, high: Array, groups: list[Array]
) -> Array:
    """Solve for the free weights, those that are not at a bound in `v`; `v` itself if none is."""
    free = (v > low) & (v < high)
    base, slope = np.where(free, 0.0, v), np.zeros_like(w)
    for group in groups:
        inner = group[free[group]]
        if len(inner):
            outer = group[~free[group]]
            left = w[group].sum() - v[outer].sum()
            base[inner] = w[inner] + (left - w[inner].sum()) / len(inner)
            slope[inner] = c[inner].mean() - c[inner]
    fall = float((slope * slope).sum())
    if fall == 0:
        return v
    return base + ((c * base).sum() - limit) / fall * slope


def _nearest_linf(
    c: Array, w: Array, limit: float, low: Array, high: Array, groups: list[Array]
) -> Array:
    """Linear programme: the least t at which weights within t of the nominal ones reach the limit.

    For one t the best weights are known: inside the smaller box, as much as fits on the smallest
    contrasts. What they reach is a convex broken line in t.
    """

    def at(t: float) -> Array:
        return _extreme(c, w, np.maximum(low, w - t), np.minimum(high, w + t), groups)

    return at(_crossing(lambda t: float((c * at(t)).sum()), limit + ROUNDING * len(c)))


def _crossing(value: Callable[[float], float], limit: float) -> float:
    """Least parameter, to the last digit, from which a falling function is at most a limit."""
    below, reached = 0.0, 1.0
    while value(reached) > limit and reached < FARTHEST:
        below, reached = reached, 2 * reached
    while below < (middle := (below + reached) / 2) < reached:
        if value(middle) > limit:
            below = middle
        else:
            reached = middle
    return reached


def _projected(y: Array, low: Array, high: Array, total: float) -> Array:
    """Nearest point to y in a box whose coordinates add to a total (Euclidean)."""
    # y less a constant, clipped: its sum falls in straight pieces between these breakpoints.
    breaks = np.sort(np.concatenate([y - high, y - low]))
    sums = np.clip(y - breaks[:, None], low, high).sum(axis=1)
    i = int(np.clip(np.searchsorted(-sums, -total), 1, len(breaks) - 1))
    fall = sums[i - 1] - sums[i]
    part = (sums[i - 1] - total) / fall if fall > 0 else 0.0
    return np.clip(y - (breaks[i - 1] + part * (breaks[i] - breaks[i - 1])), low, high)


def _extreme(c: Array, w: Array, low: Array, high: Array, groups: list[Array]) -> Array:
    """Weights in a box, with the groups' totals of w, whose contrast is least: cheapest first."""
    v = low.copy()
    for group in groups:
        order = group[np.argsort(c[group], kind="stable")]
        room = high[order] - low[order]
        left = w[group].sum() - low[group].sum()
        v[order] += np.clip(left - (np.cumsum(room) - room), 0.0, room)
    return v


def _length(change: Array, norm: str) -> float:
    size = np.abs(change)
    if norm == "l1":
        return float(size.sum())
    return float(np.sqrt((size * size).sum()) if norm == "l2" else size.max())


def _bounds(bound: float | Array | Weights, kind: str, codes: list[str]) -> Array:
    """One bound per weight; columns that a mapping does not name are not bounded."""
    free = 0.0 if kind == "lower" else 1.0
    if isinstance(bound, Mapping | pd.Series):
        given_bounds = checks.numbers([v for _, v in bound.items()], f"{kind} bounds are")
        named = dict(zip(map(str, bound.keys()), given_bounds.tolist(), strict=True))
        unknown = [c for c in named if c not in codes]
        if unknown:
            raise CompositeError(
                f"{kind} bounds for {quoted(unknown)}, which there is not; "
                f"there are {quoted(codes)}"
            )
        values = np.array([named.get(c, free) for c in codes])
    else:
        values = checks.numbers(bound, f"{kind} bounds are")
        if values.shape not in ((), (len(codes),)):
            raise CompositeError(
                f"{kind} bounds of shape {values.shape}; expected one, or one for each of "
                f"{len(codes)} weights"
            )
        values = np.broadcast_to(values, len(codes))
    wrong = [f"{c!r} ({v})" for c, v in zip(codes, values, strict=True) if not 0 <= v <= 1]
    if wrong:
        raise CompositeError(
            f"{kind} bound of {', '.join(wrong)}; expected shares of the whole weight, 0 to 1"
        )
    return values


def _inside(w: Array, low: Array, high: Array, names: list[str]) -> None:
    """Refuse nominal weights outside their bounds: to them there is no nearest."""
    outside = [
        f"{n!r} ({v:.6g}, bounds {a:.6g} to {b:.6g})"
        for n, v, a, b in zip(names, w, low, high, strict=True)
        if not a - SAME <= v <= b + SAME
    ]
    if outside:
        raise CompositeError(
            f"nominal weight of {', '.join(outside)} is out of its bounds; "
            "rescaled to add to one, weights have to be within them"
        )


def _group_positions(scores: pd.DataFrame, within: Groups | None) -> list[Array]:
    """Positions of each group's columns; all columns in one group where there is none."""
    members = grouped(scores, within)
    often = pd.Series([c for columns in members.values() for c in columns]).value_counts()
    wrong = [c for c in scores.columns if often.get(c, 0) != 1]
    if wrong:
        raise CompositeError(
            f"{quoted(wrong)} in no group or in several; expected every column in exactly one"
        )
    return [scores.columns.get_indexer(pd.Index(columns)) for columns in members.values()]


def _rows(index: pd.Index, side: Hashable | list[Hashable]) -> list[int]:
    """Positions of a unit, or of a bloc's members."""
    if index.has_duplicates:
        twice = index[index.duplicated()].unique()
        raise CompositeError(f"{quoted(twice)} on more than one row; expected one row per unit")
    labels = side if isinstance(side, list) else [side]
    if not all(isinstance(label, Hashable) for label in labels):
        raise CompositeError(f"a side is {side!r}; expected the label of a row, or a list of them")
    if not labels:
        raise CompositeError("an empty bloc; expected at least one unit on each side")
    if len(set(labels)) < len(labels):
        raise CompositeError(f"{_named(side)}: a unit comes more than once; expected each once")
    rows = []
    for label in labels:
        row = index.get_loc(label) if label in index else None
        if not isinstance(row, int):
            raise CompositeError(
                f"no row {label!r}; expected a label of the index, one row each"
                + (f", a tuple of {list(index.names)}" if index.nlevels > 1 else "")
            )
        rows.append(row)
    return rows


def _known(x: Array, index: pd.Index, codes: list[str], rows: list[int]) -> Array:
    """Which columns the compared units have, all of them the same."""
    known = ~np.isnan(x[rows])
    mixed = np.flatnonzero(known.any(axis=0) & ~known.all(axis=0))
    if len(mixed):
        found = "; ".join(
            f"{codes[j]!r} missing for "
            + quoted([index[r] for r, has in zip(rows, known[:, j], strict=True) if not has])
            for j in mixed
        )
        raise CompositeError(
            f"{found}, but not for the units compared with. Their scores are then means of "
            "different columns, whose difference is not linear in the weights. Leave these columns "
            "out, impute them, or compare scores of pillars"
        )
    return known.all(axis=0)


def _difference(
    x: Array, sides: list[list[int]], w: Array, known: Array, share: Array
) -> tuple[Array, float]:
    """Contrast of the first side to the second, and what it comes to; rounding is no difference."""
    one, two = (x[rows].mean(axis=0) for rows in sides)
    size = np.where(known, np.maximum(np.abs(one), np.abs(two)), 0.0)
    contrast = np.where(known, one - two, 0.0)
    contrast = np.where(np.abs(contrast) <= SAME * size, 0.0, contrast) * share
    before = float((contrast * w).sum())
    tie = abs(before) <= SAME * float((size * share * w).sum())
    return contrast, 0.0 if tie else before


def _renormalised(w: Array, known: Array, groups: list[Array]) -> Array | None:
    """Return what a unit of each weight counts for, once the weights of the missing are shared out.

    None if no known column has any weight.
    """
    factor, whole = np.zeros_like(w), 0.0
    for group in groups:
        total, present = w[group].sum(), w[group][known[group]].sum()
        if present > 0:
            factor[group] = np.where(known[group], total / present, 0.0)
            whole += total
    return factor / whole if whole > 0 else None


def _why_not(contrast: Array, margin: float, ahead: str, behind: str, least: float) -> str:
    """Say what stands in the way."""
    if not contrast.any():
        return f"{ahead} and {behind} score the same in every column; no weights part them"
    if (contrast > 0).all():
        return f"{ahead} is ahead of {behind} in every column; no weights turn that round"
    return (
        f"{ahead} less {behind} cannot be brought below {least:.6g} by weights within the bounds; "
        f"{-margin:g} is needed"
    )


def _named(side: Hashable | list[Hashable]) -> str:
    return f"the mean of {', '.join(map(str, side))}" if isinstance(side, list) else str(side)
