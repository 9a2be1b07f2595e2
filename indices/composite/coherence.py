"""Do the indicators of a group belong together? Correlations, alpha, components, collinearity.

Belongs here: statistics that judge a framework, per group of its tree or between its levels; data
frames in, tidy data frames out. Does not belong here: what is done about it (weights are in
`weigh`), how one indicator is distributed (`stats`), or the influence of one element on the ranks
(`Index`).

Every function takes a frame of units (rows) by indicators or aggregates (columns), NaN missing, and
`groups`, a mapping from a group's code to the columns in it; without it all columns are one group
called "all". A column may be in several groups (a pillar's and its sub-index's), so one call can
serve several levels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from indices.composite import checks
from indices.composite.data import matrix, quoted
from indices.composite.errors import CompositeError
from indices.composite.rank import ranks, significant

Array = np.ndarray
Groups = Mapping[str, Sequence[str]]

METHODS = ("pearson", "spearman", "kendall")
ALL = "all"
FEWEST = 3
"""Units without which no correlation is given: two points always lie on a line."""
SAME = 1e-12
"""Values, relative to the largest, or eigenvalues, relative to the first, that count as nothing."""


def grouped(data: pd.DataFrame, groups: Groups | None) -> dict[str, list[str]]:
    """Return the columns of every group, checked.

    Raises
    ------
    CompositeError
        If there is no table, a group is empty, names a column twice, or one not in the data.
    """
    if not isinstance(data, pd.DataFrame):
        raise CompositeError(f"the data is a {type(data).__name__}, expected a DataFrame")
    if groups is None:
        groups = {ALL: list(data.columns)}
    out = {group: list(columns) for group, columns in groups.items()}
    for group, columns in out.items():
        if not columns:
            raise CompositeError(f"group {group!r} is empty; expected at least one column in it")
        unknown = [c for c in columns if c not in data.columns]
        if unknown:
            raise CompositeError(
                f"group {group!r} names {quoted(unknown)}, which the data do not have; "
                f"there are {quoted(data.columns)}"
            )
        if len(set(columns)) < len(columns):
            raise CompositeError(f"group {group!r} names a column more than once")
    return out


def correlation_matrix(
    data: pd.DataFrame, other: pd.DataFrame | None = None, method: str = "pearson"
) -> pd.DataFrame:
    """Correlate every column with every other, each pair over the units that have both.

    Parameters
    ----------
    data : DataFrame
    other : DataFrame, optional
        Columns to correlate those of `data` with (a higher level, denominators), on the same
        index. Without it, `data` with itself.
    method : str
        "pearson"; "spearman", Pearson's of the ranks within the pair's units, ties sharing their
        mean rank; "kendall", tau-b. Values are equal in rank if 12 significant digits are.

    Returns
    -------
    DataFrame, columns of `data` x columns of `other`
        -1 to 1. NaN with fewer than three units in common or where one of the two does not vary
        (in 12 digits) over these units: such a correlation does not exist.

    Raises
    ------
    CompositeError
        On an unknown method, infinite values, or two different indices.

    Notes
    -----
    Pairwise-complete observations as COINr (`get_corr`) has them.
    """
    x, y, columns = _pair(data, other, method)
    if method == "spearman" and _complete(x, y):  # the ranks are the same in every pair
        x, y = (ranks(v, axis=0, descending=False, ties="average") for v in (x, y))
        method = "pearson"
    if method == "pearson" and _complete(x, y):
        found = _pearson_complete(x, y)
    else:
        found = np.column_stack([_METHODS[method](x, y[:, j]) for j in range(y.shape[1])])
    if other is None:  # a value with itself, whatever the rounding
        np.fill_diagonal(found, np.where(np.isnan(np.diag(found)), np.nan, 1.0))
    return pd.DataFrame(found, index=data.columns, columns=columns)


def correlations(
    data: pd.DataFrame, groups: Groups | None = None, method: str = "pearson"
) -> pd.DataFrame:
    """Correlate the columns within each group.

    Parameters
    ----------
    data : DataFrame
    groups : mapping of str to codes, optional
    method : str
        See `correlation_matrix`, also for when a correlation is NaN.

    Returns
    -------
    DataFrame
        One row per pair within a group: group, first, second, correlation, units (those that have
        both). A group of one has none.
    """
    members = grouped(data, groups)
    rows = []
    for group, columns in members.items():
        part = data[columns]
        r = correlation_matrix(part, method=method).to_numpy()
        n = _common(matrix(part), matrix(part))
        rows += [
            (group, columns[i], columns[j], r[i, j], n[i, j])
            for i, j in combinations(range(len(columns)), 2)
        ]
    return _tidy(rows, group="str", first="str", second="str", correlation=float, units=int)


def correlations_between(
    lower: pd.DataFrame,
    upper: pd.DataFrame,
    groups: Groups | None = None,
    method: str = "pearson",
) -> pd.DataFrame:
    """Correlate one level with another: pillars with the index, indicators with their pillars.

    Parameters
    ----------
    lower, upper : DataFrame
        Scores of the two levels, on the same index.
    groups : mapping of str to codes, optional
        A column of `upper` to the columns of `lower` that belong to it: only these pairs are
        given. Without it, every pair. An indicator that correlates less with its own pillar than
        with another may be in the wrong one.
    method : str
        See `correlation_matrix`, also for when a correlation is NaN.

    Returns
    -------
    DataFrame
        upper, lower, correlation, units (those that have both).
    """
    r = correlation_matrix(lower, upper, method)
    n = pd.DataFrame(
        _common(matrix(lower), matrix(upper)), index=lower.columns, columns=upper.columns
    )
    if groups is None:
        members = {u: list(lower.columns) for u in upper.columns}
    else:
        members = grouped(lower, groups)
        unknown = [u for u in members if u not in upper.columns]
        if unknown:
            raise CompositeError(
                f"the upper level has no {quoted(unknown)}; there are {quoted(upper.columns)}"
            )
    rows = [
        (group, column, r.loc[column, group], n.loc[column, group])
        for group, columns in members.items()
        for column in columns
    ]
    return _tidy(rows, upper="str", lower="str", correlation=float, units=int)


def flag_correlations(
    table: pd.DataFrame, *, collinear: float = 0.92, weak: float = 0.3, negative: float = -0.4
) -> pd.DataFrame:
    """Say of each correlation what there is to look at.

    Parameters
    ----------
    table : DataFrame
        With a column ``correlation``, from `correlations` or `correlations_between`.
    collinear, weak, negative : float
        Bounds, negative < weak < collinear. By default those of the European Commission's JRC, as
        in COINr's correlation plots.

    Returns
    -------
    DataFrame
        The table with one more column, ``flag``: "collinear" above `collinear` (two counted as
        one), "negative" below `negative` (the two cancel each other in their mean), "weak" from
        there to below `weak` (they have little in common), "undefined" where there is no
        correlation, else empty.

    Raises
    ------
    CompositeError
        If the bounds are not in order from -1 to 1, or the table has no correlations.
    """
    if not -1 <= negative < weak < collinear <= 1:
        raise CompositeError(
            f"bounds {negative}, {weak}, {collinear}; expected "
            "-1 <= negative < weak < collinear <= 1"
        )
    if "correlation" not in table:
        raise CompositeError(
            f"no column 'correlation' among {quoted(table.columns)}; expected a table of "
            "`correlations` or `correlations_between`"
        )
    r = checks.numbers(table["correlation"], "correlations are")
    if (np.abs(r) > 1).any():
        raise CompositeError(f"a correlation is {r[np.abs(r) > 1][0]}; expected -1 to 1")
    flags = np.select(
        [np.isnan(r), r > collinear, r < negative, r < weak],
        ["undefined", "collinear", "negative", "weak"],
        default="",
    )
    return table.assign(flag=pd.Series(flags, index=table.index, dtype="str"))


def cronbach(data: pd.DataFrame, groups: Groups | None = None) -> pd.DataFrame:
    """Cronbach's alpha of each group: how far its indicators measure one thing.

    Parameters
    ----------
    data : DataFrame
        Pointing the same way (normalised, or times their direction); in raw units the indicator
        with the largest numbers decides.
    groups : mapping of str to codes, optional

    Returns
    -------
    DataFrame
        group, indicators (their number k), alpha = k / (k - 1) (1 - trace(C) / sum(C)), C being
        the covariances, each over the units that have both. At most 1; negative where indicators
        pull against each other. NaN for a group of one, where an indicator does not vary or two
        have fewer than two units in common, or where the variance of the sum is not positive.

    Notes
    -----
    Cronbach (1951); OECD/JRC Handbook (2008), chapter 3; pairwise covariances as COINr
    (`get_cronbach`) takes them.
    """
    rows = []
    for group, columns in grouped(data, groups).items():
        x = matrix(data[columns])
        k = len(columns)
        varies = _varies(x)
        # One scale for the whole group, so that squares of large numbers stay in range.
        x = x / _safe(np.nanmax(np.abs(x), initial=0.0))
        c = np.column_stack([_covariance(x, x[:, j]) for j in range(k)])
        total = c.sum()
        defined = k > 1 and varies.all() and total > SAME * np.trace(c)
        alpha = k / (k - 1) * (1 - np.trace(c) / total) if defined else np.nan
        rows.append((group, k, alpha))
    return _tidy(rows, group="str", indicators=int, alpha=float)


def pca_variance(data: pd.DataFrame, groups: Groups | None = None) -> pd.DataFrame:
    """Variance along the principal components of each group's standardised columns.

    Parameters
    ----------
    data : DataFrame
        Units that miss a column of the group are left out of that group's analysis.
    groups : mapping of str to codes, optional

    Returns
    -------
    DataFrame
        group, component (PC1, PC2, ...), eigenvalue (of the correlation matrix), share of the
        variance, cumulative share.

    Raises
    ------
    CompositeError
        If a column does not vary, or fewer than three units have all columns.

    Notes
    -----
    OECD/JRC Handbook (2008), chapter 4. A group that one component explains well (by a rule of
    thumb: an eigenvalue above 1 for the first only, 60 % and more) loses little by being averaged.
    """
    rows = []
    for group, columns in grouped(data, groups).items():
        eigenvalues, _ = _components(data, group, columns)
        share = eigenvalues / eigenvalues.sum()
        rows += [
            (group, f"PC{c + 1}", *of)
            for c, of in enumerate(zip(eigenvalues, share, np.cumsum(share), strict=True))
        ]
    return _tidy(
        rows, group="str", component="str", eigenvalue=float, share=float, cumulative=float
    )


def pca_loadings(data: pd.DataFrame, groups: Groups | None = None) -> pd.DataFrame:
    """Loadings of each group's principal components on its standardised columns.

    Parameters
    ----------
    data : DataFrame
        Units that miss a column of the group are left out of that group's analysis.
    groups : mapping of str to codes, optional

    Returns
    -------
    DataFrame
        group, component, indicator, loading. The squares of a component's loadings add to one. A
        component's sign is free; it is fixed so that its loadings have a positive sum.

    Raises
    ------
    CompositeError
        See `pca_variance`.
    """
    rows = []
    for group, columns in grouped(data, groups).items():
        _, loadings = _components(data, group, columns)
        rows += [
            (group, f"PC{c + 1}", column, loadings[i, c])
            for c in range(loadings.shape[1])
            for i, column in enumerate(columns)
        ]
    return _tidy(rows, group="str", component="str", indicator="str", loading=float)


def collinearity(
    data: pd.DataFrame, groups: Groups | None = None, threshold: float = 0.92
) -> pd.DataFrame:
    """How far each column repeats others of its group.

    Parameters
    ----------
    data : DataFrame
        Units that miss a column of the group are left out of that group's variance inflation and
        condition number; correlations are over the units that have both.
    groups : mapping of str to codes, optional
    threshold : float
        On |r|; 0.92 is the JRC's.

    Returns
    -------
    DataFrame
        group, indicator, nearest (the other it correlates most with, by |r|; empty in a group of
        one), correlation with that one, collinear (|r| > `threshold`), variance_inflation
        (1 / (1 - R2) of the column on all others; infinite where these give it exactly, as they
        do whenever no more units than columns are complete), condition_number of the group (square
        root of the largest over the smallest eigenvalue of its correlations; above 30 is taken for
        strong collinearity by Belsley, Kuh and Welsch 1980).

    Raises
    ------
    CompositeError
        If the threshold is not from 0 to 1, and as `pca_variance`.
    """
    if not 0 <= threshold <= 1:
        raise CompositeError(f"threshold {threshold} of |r|, expected 0 to 1")
    rows = []
    for group, columns in grouped(data, groups).items():
        eigenvalues, loadings = _components(data, group, columns)
        inflation, condition = _inflation(eigenvalues, loadings)
        r = correlation_matrix(data[columns]).to_numpy(copy=True)
        np.fill_diagonal(r, np.nan)
        # A pair without a correlation is nobody's nearest.
        size = np.where(np.isnan(r), -1.0, np.abs(r))
        for i, j in enumerate(size.argmax(axis=1)):
            nearest, close = (
                (columns[j], size[i, j] > threshold) if size[i, j] >= 0 else ("", False)
            )
            rows.append((group, columns[i], nearest, r[i, j], close, inflation[i], condition))
    return _tidy(
        rows,
        group="str",
        indicator="str",
        nearest="str",
        correlation=float,
        collinear=bool,
        variance_inflation=float,
        condition_number=float,
    )


def pearson(x: Array, y: Array) -> Array:
    """Correlate columns with one series, each over the units that have both.

    Parameters
    ----------
    x : array, shape (units, k)
    y : array, shape (units,) or (units, k)

    Returns
    -------
    array, shape (k,)
        NaN with fewer than three units in common, or where one of the two does not vary.
    """
    y = np.broadcast_to(y if y.ndim == 2 else y[:, None], x.shape)
    both = ~(np.isnan(x) | np.isnan(y))
    n = both.sum(axis=0)
    dx, dy = _centred(x, both), _centred(y, both)
    # Divided by their largest, deviations of any size can be squared.
    dx, dy = (d / _safe(np.abs(d).max(axis=0, initial=0.0)) for d in (dx, dy))
    size = np.sqrt((dx * dx).sum(axis=0) * (dy * dy).sum(axis=0))
    r = np.clip((dx * dy).sum(axis=0) / _safe(size), -1.0, 1.0)
    defined = (
        (n >= FEWEST) & _varies(np.where(both, x, np.nan)) & _varies(np.where(both, y, np.nan))
    )
    return np.where(defined, r, np.nan)


def _pearson_complete(x: Array, y: Array) -> Array:
    """Pearson's correlations of all columns with all, where nothing is missing."""
    r = np.clip(_standardised(x).T @ _standardised(y), -1.0, 1.0)
    return np.where((len(x) >= FEWEST) & _varies(x)[:, None] & _varies(y), r, np.nan)


def _spearman(x: Array, y: Array) -> Array:
    """Pearson's of the ranks that values have among the units of the pair."""
    both = ~(np.isnan(x) | np.isnan(y)[:, None])
    rx, ry = (
        ranks(np.where(both, v, np.nan), axis=0, descending=False, ties="average")
        for v in (x, y[:, None])
    )
    return pearson(rx, ry)


def _kendall(x: Array, y: Array) -> Array:
    """Tau-b: concordant less discordant pairs over the root of the untied ones on each side."""
    from scipy.stats import kendalltau

    x, y = significant(x), significant(y)
    found = np.full(x.shape[1], np.nan)
    for j in range(x.shape[1]):
        both = ~(np.isnan(x[:, j]) | np.isnan(y))
        a, b = x[both, j], y[both]
        if both.sum() >= FEWEST and np.ptp(a) and np.ptp(b):
            found[j] = kendalltau(a, b, variant="b").statistic
    return found


_METHODS = {"pearson": pearson, "spearman": _spearman, "kendall": _kendall}


def _pair(
    data: pd.DataFrame, other: pd.DataFrame | None, method: str
) -> tuple[Array, Array, pd.Index]:
    """Values of both sides, checked."""
    if method not in METHODS:
        raise CompositeError(f"correlation {method!r} is not known; there are {quoted(METHODS)}")
    x = matrix(data)
    y = x if other is None else matrix(other)
    if not (x.shape[1] and y.shape[1]):
        raise CompositeError("no columns to correlate; expected at least one on each side")
    if other is None:
        return x, y, data.columns
    if not data.index.equals(other.index):
        raise CompositeError(
            f"two different indices, of {len(data)} and {len(other)} rows; "
            "reindex one frame like the other"
        )
    return x, y, other.columns


def _complete(x: Array, y: Array) -> bool:
    return not (np.isnan(x).any() or np.isnan(y).any())


def _common(x: Array, y: Array) -> Array:
    """Units that have both, for each pair of columns."""
    seen = (~np.isnan(x)).astype(float), (~np.isnan(y)).astype(float)
    return (seen[0].T @ seen[1]).astype(int)


def _safe(size: Array | float) -> Array:
    """Divisors: 1 in place of 0."""
    return np.where(size == 0, 1.0, size)


def _centred(x: Array, known: Array) -> Array:
    """Deviations from the mean of what is known, 0 where nothing is."""
    mean = np.where(known, x, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.where(known, x - mean, 0.0)


def _standardised(x: Array) -> Array:
    """Deviations of complete columns, of length one; 0 for a column that is constant."""
    z = _centred(x, np.ones(x.shape, dtype=bool))
    # Divided by their largest, deviations of any size can be squared.
    z = z / _safe(np.abs(z).max(axis=0, initial=0.0))
    return z / _safe(np.sqrt((z * z).sum(axis=0)))


def _varies(x: Array) -> Array:
    """Whether each column's known values differ in their first twelve digits."""
    high, low = (f.reduce(x, axis=0, initial=np.nan) for f in (np.fmax, np.fmin))  # skip NaN
    return high - low > SAME * np.maximum(np.abs(high), np.abs(low))


def _covariance(x: Array, y: Array) -> Array:
    """Covariance of columns with one series over the units that have both; NaN under two."""
    both = ~(np.isnan(x) | np.isnan(y)[:, None])
    n = both.sum(axis=0)
    product = _centred(x, both) * _centred(np.broadcast_to(y[:, None], x.shape), both)
    return np.where(n > 1, product.sum(axis=0) / np.maximum(n - 1, 1), np.nan)


def _components(data: pd.DataFrame, group: str, columns: list[str]) -> tuple[Array, Array]:
    """Eigenvalues, largest first, and loadings (k, components) of a group."""
    x = matrix(data[columns])
    x = x[~np.isnan(x).any(axis=1)]
    if len(x) < FEWEST:
        raise CompositeError(
            f"group {group!r}: {len(x)} of {len(data)} units have all of {quoted(columns)}, "
            f"expected at least {FEWEST}; impute, or leave out what is missing most"
        )
    flat = [c for c, varies in zip(columns, _varies(x), strict=True) if not varies]
    if flat:
        raise CompositeError(
            f"group {group!r}: {quoted(flat)} does not vary over the {len(x)} units that have "
            "every column; leave it out"
        )
    _, singular, rows = np.linalg.svd(_standardised(x), full_matrices=False)
    loadings = rows.T
    return singular**2, loadings * np.where(loadings.sum(axis=0) < 0, -1.0, 1.0)


def _inflation(eigenvalues: Array, loadings: Array) -> tuple[Array, float]:
    """Variance inflation factors (the inverse correlations' diagonal) and the condition number."""
    k = len(loadings)
    void = eigenvalues <= SAME * eigenvalues[0]
    part = loadings**2
    finite = (part[:, ~void] / eigenvalues[~void]).sum(axis=1)
    # With fewer components than columns, the directions without any variance have no loadings here:
    # what a column's squared loadings lack to one lies in them.
    lost = 1.0 - part[:, ~void].sum(axis=1)
    inflation = np.where(lost > SAME, np.inf, finite)
    if void.any() or len(eigenvalues) < k:
        return inflation, np.inf
    return inflation, float(np.sqrt(eigenvalues[0] / eigenvalues[-1]))


def _tidy(rows: list[tuple], **kinds: Any) -> pd.DataFrame:
    """Rows to a frame whose dtypes hold without any row, too."""
    frame = pd.DataFrame(rows, columns=list(kinds))
    return frame.astype(kinds)
