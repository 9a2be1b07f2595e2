"""Where weights come from: given, equal, from principal components, or optimised; and what they do.

Belongs here: making and checking weights, and effective weights. Does not belong here: aggregating
with them (`aggregate`), drawing uncertain ones (`uncertainty`), the smallest change of weights that
turns a result (`whatif`), or weights that differ between units (`benefit`).

Weights are series by code. They count within a group (the children of one parent), so only their
proportions matter there; what these functions return adds to one within each group. `groups` maps
each parent's code to its children's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from indices.composite.aggregate import weighted_mean
from indices.composite.coherence import (
    ALL,
    SAME,
    grouped,
    pca_loadings,
    pca_variance,
    pearson,
)
from indices.composite.data import matrix, quoted
from indices.composite.errors import CompositeError

Array = np.ndarray
Groups = Mapping[str, Sequence[str]]
Weights = Mapping[str, float] | pd.Series

TIED = 1e-9
"""Eigenvalues this near, relative to the first, leave their components undetermined."""
NOTHING = 1e-9
"""Weights, of one, that a search means as zero."""
REACHED = 1e-6
"""How near its target a share of influence counts as reached."""


def equal(codes: Iterable[str]) -> pd.Series:
    """Weigh everything the same.

    Parameters
    ----------
    codes : codes of one group

    Returns
    -------
    Series
        1/k each.

    Raises
    ------
    CompositeError
        If there is no code, or one comes twice.
    """
    codes = [str(c) for c in codes]
    return given(dict.fromkeys(codes, 1.0), codes)


def given(weights: Weights, codes: Iterable[str]) -> pd.Series:
    """Check weights and let them add to one.

    Parameters
    ----------
    weights : mapping or Series
        Code to weight; non-negative, not all zero.
    codes : codes of one group
        What there is to weigh, each exactly once in `weights`.

    Returns
    -------
    Series
        In the order of `codes`, adding to one.

    Raises
    ------
    CompositeError
        Naming the codes without weight, weights without code, or the weights that are missing,
        negative, infinite or sum to nothing.
    """
    codes = [str(c) for c in codes]
    if len(set(codes)) < len(codes):
        raise CompositeError(f"a code comes more than once in {quoted(codes)}")
    values = _by_code(weights)
    lacking = [c for c in codes if c not in values]
    unknown = [c for c in values if c not in codes]
    if lacking or unknown:
        found = []
        if lacking:
            found.append(f"no weight for {quoted(lacking)}")
        if unknown:
            found.append(f"weights for {quoted(unknown)}, which there is not")
        raise CompositeError(f"{'; '.join(found)}. Expected one weight for each of {quoted(codes)}")
    bad = [f"{c!r} ({values[c]})" for c in codes if not 0 <= values[c] < np.inf]
    if bad:
        raise CompositeError(
            f"weight of {', '.join(bad)}; expected finite numbers that are not negative. "
            "An indicator that counts the other way needs a direction of -1, not a negative weight"
        )
    w = np.array([values[c] for c in codes])
    if not w.any():
        raise CompositeError(
            f"the weights of {quoted(codes) or 'nothing'} sum to nothing; "
            "give at least one of them a positive weight"
        )
    w = w / w.max()
    return pd.Series(w / w.sum(), index=pd.Index(codes), name="weight")


def effective(weights: Weights, groups: Groups) -> pd.Series:
    """Weight of every node in the index itself: its share of its group times its parent's.

    Parameters
    ----------
    weights : mapping or Series
        Code of every node but the root to its weight within its group; the root's, if there is
        one, has no meaning.
    groups : mapping of str to codes
        Parent to children, for a tree of any depth.

    Returns
    -------
    Series
        From the root (1) down. The leaves add to one, and so does every level where all branches
        are of one depth.

    Raises
    ------
    CompositeError
        If `groups` is not one tree, or the weights of a group do not fit (see `given`).

    Notes
    -----
    COINr documentation, `get_eff_weights`.
    """
    groups = _by_text(groups)
    root = _root(groups)
    values = _by_code(weights)
    nodes = {child for children in groups.values() for child in children}
    unknown = [c for c in values if c not in nodes and c != root]
    if unknown:
        raise CompositeError(f"weights for {quoted(unknown)}, which the tree does not have")
    out = {root: 1.0}
    level = [root]
    while level:
        for parent in level:
            within = _within(parent, groups[parent], values)
            out.update({str(c): out[parent] * w for c, w in within.items()})
        level = [c for parent in level for c in groups[parent] if c in groups]
    return pd.Series(out, dtype=float, name="effective_weight")


def pca_weights(data: pd.DataFrame, groups: Groups | None = None) -> pd.Series:
    """Weigh by the first principal component's loadings on the standardised columns of a group.

    Parameters
    ----------
    data : DataFrame
        Normalised, so that every column points the same way; units that miss a column of a group
        are left out of that group's analysis.
    groups : mapping of str to codes, optional
        Without it all columns are one group. A group of one gets the weight 1.

    Returns
    -------
    Series
        Loadings, their sign such that their sum is positive, adding to one within each group.

    Raises
    ------
    CompositeError
        If loadings of a group differ in sign: a weight would be negative. If the first component
        is not unique, as with indicators that are not correlated at all. If a column does not
        vary or too few units are complete (see `coherence.pca_variance`).

    Notes
    -----
    COINr documentation, `get_PCA`; OECD/JRC Handbook (2008), chapter 6, takes squared loadings of
    several factors instead. The first component is the mean with the most variance, so it favours
    indicators that repeat one another.
    """
    members = grouped(data, groups)
    _apart(members)
    parts = []
    for group, columns in members.items():
        if len(columns) == 1:
            parts.append(equal(columns))
            continue
        _unique(data, group, columns)
        table = pca_loadings(data, {group: columns})
        first = table[table["component"] == "PC1"].set_index("indicator")["loading"]
        against = first[first < -SAME]
        if len(against):
            raise CompositeError(
                f"group {group!r}: the first principal component loads on "
                + ", ".join(f"{c!r} ({v:.3f})" for c, v in against.items())
                + " against the others, so weights from it would be negative. Check the direction "
                "of these indicators, move them to another group, or weigh the group otherwise"
            )
        parts.append(given(first.clip(lower=0.0), columns))
    return pd.concat(parts)


@dataclass(frozen=True)
class OptimisedWeights:
    """Weights sought for an influence, and the influence they have.

    Parameters
    ----------
    weights : Series
        By element, adding to one within each group.
    influence : Series
        Pearson's correlation of each element's scores with the index these weights make.
    share : Series
        Influence over the sum of its absolute values.
    target : Series
        The shares that were asked for.
    reached : bool
        Whether every share is its target, to within 1e-6. Where not, no weights that are
        non-negative bring it about and these are the nearest found: read `share`.
    converged : bool
        Whether the search ended at a minimum rather than at its limit of steps.
    """

    weights: pd.Series
    influence: pd.Series
    share: pd.Series
    target: pd.Series
    reached: bool
    converged: bool


def optimised_weights(
    scores: pd.DataFrame,
    target: str | Weights = "equal",
    *,
    groups: Groups | None = None,
    weights: Weights | None = None,
) -> OptimisedWeights:
    """Find the weights at one level with which its elements influence the index as wanted.

    Equal weights are not equal importance: an element that correlates with the others, or varies
    more, decides more of the index. The sum of squares between the elements' shares of influence
    and the target is minimised over non-negative weights.

    Parameters
    ----------
    scores : DataFrame
        Scores of the elements (the pillars, say), one column each; NaN is missing and its weight
        goes to what is present in its group.
    target : "equal" or mapping
        Element to wanted influence, positive, in proportion.
    groups : mapping of str to codes, optional
        The tree above the elements, from the root down to them; what is below them is not looked
        at. Without it the index is their weighted mean.
    weights : mapping or Series, optional
        Of the nodes between the root and the elements, which stay (others are not looked at); by
        default equal.

    Returns
    -------
    OptimisedWeights

    Raises
    ------
    CompositeError
        If an element does not vary or has fewer than three scores, a target is not positive, or
        `groups` is not one tree that leads to the columns.

    Notes
    -----
    COINr documentation, `get_opt_weights` (optype "balance"), after Becker, Saisana, Paruolo and
    Vandecasteele (2017), Ecological Indicators 80. The index is a weighted arithmetic mean at every
    level. Influence by correlation is linear; reversing the score of an element is not seen.
    Solved by nonlinear least squares (SciPy, trust region), from equal weights, so the same data
    give the same weights.
    """
    from scipy.optimize import least_squares

    x = matrix(scores)
    codes = [str(c) for c in scores.columns]
    tree = _above({ALL: codes} if groups is None else _by_text(groups), codes)
    root = next(iter(tree))
    upper = _upper(tree, weights)
    silent = [c for c, r in zip(codes, pearson(x, x), strict=True) if np.isnan(r)]
    if silent:
        raise CompositeError(
            f"no influence of {quoted(silent)} on anything: no variance, or fewer than three "
            "scores; leave out"
        )
    wanted = _wanted(target, codes)
    place = {c: i for i, c in enumerate(codes)}
    families = [[place[c] for c in children if c in place] for children in tree.values()]
    families = [f for f in families if f]

    def influence(w: Array) -> Array:
        every = upper | dict(zip(codes, w, strict=True))
        return pearson(x, _mean_of(root, tree, every, x, place))

    def residuals(w: Array) -> Array:
        r = influence(w)
        # Without their size, weights are not determined: each group's is held to one.
        size = [w[f].sum() - 1.0 for f in families]
        return np.array([*(r / np.abs(r).sum() - wanted), *size])

    start = np.empty(len(codes))
    for family in families:
        start[family] = 1 / len(family)
    if np.isnan(residuals(start)).any():
        raise CompositeError(
            "the index that equal weights make does not vary: its elements cancel each other, "
            "so nothing correlates with it; check their directions"
        )
    # The search stays inside its bounds, so no group is ever left without weight.
    small = 1e-15
    found = least_squares(
        residuals, start, bounds=(0.0, np.inf), xtol=small, ftol=small, gtol=small
    )
    # From inside its bounds the search comes near zero without ever being there.
    w = np.where(found.x > NOTHING, found.x, 0.0)
    for family in families:
        w[family] /= w[family].sum()
    r = influence(w)
    share = r / np.abs(r).sum()

    def series(values: Array, name: str) -> pd.Series:
        return pd.Series(values, index=pd.Index(codes), name=name)

    return OptimisedWeights(
        weights=series(w, "weight"),
        influence=series(r, "influence"),
        share=series(share, "share"),
        target=series(wanted, "target"),
        reached=bool(np.abs(share - wanted).max() <= REACHED),
        converged=bool(found.success),
    )


def _by_code(weights: Weights) -> dict[str, float]:
    """Weights as a dictionary; a series could hold a code twice."""
    if not isinstance(weights, pd.Series | Mapping):
        raise CompositeError(f"weights are {weights!r}; expected a mapping or Series by code")
    if isinstance(weights, pd.Series) and weights.index.has_duplicates:
        twice = weights.index[weights.index.duplicated()]
        raise CompositeError(f"more than one weight for {quoted(twice)}; expected one each")
    try:
        return {str(code): float(w) for code, w in weights.items()}
    except (TypeError, ValueError):
        raise CompositeError(f"weights must be numbers; found {dict(weights.items())}") from None


def _by_text(groups: Groups) -> dict[str, list[str]]:
    """Codes as text, as weights have them."""
    return {str(parent): [str(c) for c in children] for parent, children in groups.items()}


def _apart(members: Mapping[str, Sequence[str]]) -> None:
    """Refuse a code in two groups: it would have two weights."""
    seen: dict[str, str] = {}
    for group, columns in members.items():
        for c in columns:
            if c in seen:
                raise CompositeError(f"{c!r} is in two groups, {seen[c]!r} and {group!r}")
            seen[c] = group


def _root(groups: Groups) -> str:
    """Return the one code without parent, or say what makes the groups no tree."""
    _apart(groups)
    empty = [p for p, children in groups.items() if not len(children)]
    if empty:
        raise CompositeError(f"groups {quoted(empty)} are empty; expected children in each")
    children = {c for members in groups.values() for c in members}
    roots = [p for p in groups if p not in children]
    if len(roots) != 1:
        raise CompositeError(
            f"expected one root, a parent that is nobody's child; found {quoted(roots) or 'none'}"
        )
    reached, level = set(roots), roots
    while level:
        level = [c for p in level for c in groups[p] if c in groups]
        reached.update(level)
    circle = [p for p in groups if p not in reached]
    if circle:
        raise CompositeError(f"{quoted(circle)} go round in a circle and never meet {roots[0]!r}")
    return roots[0]


def _above(groups: Groups, codes: list[str]) -> dict[str, list[str]]:
    """Return the part of a tree from the root, its first entry, down to the elements."""
    above: dict[str, list[str]] = {}
    level = [_root(groups)]
    while level:
        above.update({p: list(groups[p]) for p in level})
        level = [c for p in level for c in groups[p] if c in groups and c not in codes]
    ends = {c for children in above.values() for c in children} - set(above)
    if ends != set(codes):
        wrong = sorted(ends.symmetric_difference(codes))
        raise CompositeError(
            f"the elements that the tree leads to and the columns of the scores differ in "
            f"{quoted(wrong)}; expected one column for each node of one level"
        )
    for parent, children in above.items():
        if 0 < sum(c in above for c in children) < len(children):
            raise CompositeError(
                f"group {parent!r} holds both elements and groups of them; weights are optimised "
                "for one level at a time"
            )
    return above


def _upper(above: Groups, weights: Weights | None) -> dict[str, float]:
    """Weights of the groups between the root and the elements, each adding to one."""
    out: dict[str, float] = {}
    values = None if weights is None else _by_code(weights)
    for parent, children in above.items():
        if children[0] not in above:
            continue
        own = equal(children) if values is None else _within(parent, children, values)
        out.update({str(c): w for c, w in own.items()})
    return out


def _within(parent: str, children: Sequence[str], values: Mapping[str, float]) -> pd.Series:
    """Weights of one group's children, or what is wrong with them, by the group's name."""
    try:
        return given({c: values[c] for c in children if c in values}, children)
    except CompositeError as error:
        raise CompositeError(f"group {parent!r}: {error}") from None


def _wanted(target: str | Weights, codes: list[str]) -> Array:
    """Shares of influence asked for."""
    if isinstance(target, str):
        if target != "equal":
            raise CompositeError(f"target {target!r} is not known; give 'equal' or shares by code")
        return equal(codes).to_numpy()
    shares = given(target, codes)
    if not shares.all():
        none = shares.index[shares == 0]
        raise CompositeError(
            f"no influence asked for {quoted(none)}; expected positive shares. To silence an "
            "element, leave it out"
        )
    return shares.to_numpy()


def _mean_of(
    node: str, tree: Groups, weights: Mapping[str, float], x: Array, place: Mapping[str, int]
) -> Array:
    """Weighted mean of everything below a node, weights renormalised over what is present."""
    if node in place:
        return x[:, place[node]]
    parts = np.stack([_mean_of(c, tree, weights, x, place) for c in tree[node]])
    return weighted_mean(parts, np.array([weights[c] for c in tree[node]]), 0.0)


def _unique(data: pd.DataFrame, group: str, columns: list[str]) -> None:
    """Refuse a first component that shares its variance with the second: any mix would do."""
    first, second, *_ = pca_variance(data, {group: columns})["eigenvalue"]
    if first - second <= TIED * first:
        raise CompositeError(
            f"group {group!r}: the first two principal components explain the same variance, so "
            "weights from the first are arbitrary; weigh the group otherwise"
        )
