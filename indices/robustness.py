"""The same comparison made in other ways: which of its signs hang on a choice.

Belongs here: the variants of `definition.toml` applied to the states of a question, and the two
tables of their results. Does not belong here: the draws (`indices.intervals`), which vary inside
one method, or what a source contributes (`pipelines.core.without`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray

from indices.assemble import (
    Frames,
    goods_indicators,
    indicators,
    since,
    treaty_indicators,
    with_values,
)
from indices.composite.aggregate import weighted_mean
from indices.cube import Array, Axes, labelled, row_order
from indices.definition import Definition, Indicator, Question, Variant
from indices.depth import Indicators, choose, indicator_scores, pillar_score
from indices.gap import VIEWS, bloc_mean, ties
from indices.intervals import MEASURES

FLOWS = "core_trade__yearly_flows"
TRADE = {FLOWS, "core_geo__yearly_economy"}
# What weighs nothing changes nothing.
WANTED: dict[str, Callable[[Indicator], bool]] = {
    "depth": lambda i: i.weight > 0,
    "costly": lambda i: i.weight > 0 and i.kind == "costly",
    "declared": lambda i: i.weight > 0 and i.kind == "declared",
}


def percentile_scores(values: Array, pool: Array) -> Array:
    """Share of a pool that lies below each value, equals counted half, in per cent.

    Parameters
    ----------
    values : array
        NaN stays NaN.
    pool : array, one axis
        Sorted, without NaN. Where it is empty nothing has a rank.
    """
    if not len(pool):
        return np.full(values.shape, np.nan)
    below = np.searchsorted(pool, values, "left") + np.searchsorted(pool, values, "right")
    return np.where(np.isnan(values), np.nan, 50.0 * below / len(pool))


def z_scores(scores: Array, pool: Array) -> Array:
    """Standard deviations of a pool (the sample's, n - 1) from its mean.

    Missing where the pool is the same everywhere, or holds less than two scores.
    """
    spread = pool.std(ddof=1) if len(pool) > 1 else 0.0
    return (scores - pool.mean()) / spread if spread > 0 else np.full(scores.shape, np.nan)


def geometric_mean(stack: Array, weights: Array) -> Array:
    """Weighted geometric mean over the first axis; zero where any part is zero."""
    share = weights / weights.sum()
    return np.prod(stack ** share.reshape(-1, *[1] * (stack.ndim - 1)), axis=0)


def rows_of(table: pd.DataFrame) -> dict[str, Array]:
    """Positions of each indicator's rows in ``out_indicators__yearly_dyads``."""
    labels = table["indicator"].astype("category").cat
    codes = labels.codes.to_numpy()
    # One counting sort, in place of a look at every row for each indicator.
    ends = np.cumsum(np.bincount(codes, minlength=len(labels.categories)))
    rows = np.split(np.argsort(codes, kind="stable"), ends[:-1])
    return dict(zip(labels.categories, rows, strict=True))


def renormalised(
    data: Indicators,
    table: pd.DataFrame,
    rows: dict[str, Array],
    how: str,
    definition: Definition,
) -> dict[str, Array]:
    """Score the indicators that weigh something against all pairs and years, not goalposts.

    Parameters
    ----------
    data : Indicators
        Of the states asked about.
    table : DataFrame
        ``out_indicators__yearly_dyads``: the pool. Percentiles are of values, so that they owe
        nothing to the goalposts; z-scores are of scores, since a logarithm has no zero.
    rows : dict of str to array
        What `rows_of` returned.
    how : str
        'percentile' or 'z_score'.
    definition : Definition
        The cap for small states holds for percentiles as it does for scores.
    """
    scores = indicator_scores(data.values, definition)
    column = table["value" if how == "percentile" else "score"].to_numpy(dtype=float)
    out = {}
    for i in filter(WANTED["depth"], definition.indicators):
        mine = column[rows[i.name]]
        pool = np.sort(mine[~np.isnan(mine)])
        if how == "z_score":
            out[i.name] = z_scores(scores[i.name], pool)
            continue
        made = percentile_scores(data.values[i.name], pool)
        if i.cap_below_share is not None and i.cap_score is not None:
            small = data.values["trade_share"] < i.cap_below_share
            made = np.where(small, np.minimum(made, i.cap_score), made)
        out[i.name] = made
    return out


def measures_of(
    scores: dict[str, Array], data: Indicators, definition: Definition, variant: Variant | None
) -> dict[str, Array]:
    """Depth and its two halves under a variant: one cube each.

    NaN unless every pillar that the variant has is known: a mean over fewer would be another
    variant's. Without a variant these are the published measures of full ties.
    """
    mean = geometric_mean if variant and variant.aggregate == "geometric" else _arithmetic
    left_out = variant.without_pillar if variant else None
    scores = {k: np.where(data.exists, v, np.nan) for k, v in scores.items()}
    out = {}
    for measure, wanted in WANTED.items():
        chosen = choose(definition, wanted)
        kept = [p for p in definition.pillars if chosen[p.name] and p.name != left_out]
        if not kept:
            out[measure] = np.full(data.axes.shape, np.nan)
            continue
        stack = np.stack(
            [pillar_score(p, scores, definition, data.applies, chosen[p.name]) for p in kept]
        )
        value = mean(stack, np.array([p.weight for p in kept]))
        out[measure] = np.where(np.isnan(stack).any(axis=0), np.nan, value)
    return out


def _arithmetic(stack: Array, weights: Array) -> Array:
    return weighted_mean(stack, weights, 0.0)


def relabelled(flows: pd.DataFrame, exporters: list[str]) -> pd.DataFrame:
    """Take unrecorded oil off what other states are recorded to have sold to its importer.

    What trackers saw and customs did not is taken to have been declared as those states' own, in
    proportion to what they are recorded to have sold in the year.

    Parameters
    ----------
    flows : DataFrame
        ``core_trade__yearly_flows``.
    exporters : list of str
        States whose label the oil may have borne.
    """
    oil = flows.groupby(["importer_iso3", "year"], observed=True)["adjustment_usd"].sum()
    lent = flows["exporter_iso3"].isin(exporters)
    key = pd.MultiIndex.from_frame(flows[["importer_iso3", "year"]])
    borne = flows["recorded_usd"].where(lent)
    total = borne.groupby([flows["importer_iso3"], flows["year"]], observed=True).transform("sum")
    taken = oil.reindex(key).to_numpy() * (borne / total).fillna(0.0).to_numpy()
    moved = (flows["value_usd"] - taken).clip(lower=0)
    return flows.assign(value_usd=moved)


def robustness_tables(
    core: Frames,
    axes: Axes,
    exists: Array,
    pool: pd.DataFrame,
    without: Mapping[str, Frames],
    definition: Definition,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make every variant and lay ``out_robustness__yearly_dyads`` and ``_gap`` out.

    Parameters
    ----------
    core : dict of str to DataFrame
        The core tables by name.
    axes, exists
        Of the states that questions name; may start before the index does.
    pool : DataFrame
        ``out_indicators__yearly_dyads``.
    without : mapping of str to dict of str to DataFrame
        For each source that a variant leaves out, the core tables of trade and treaties that
        change, as they are without it.
    definition : Definition
    """
    lenders = {s for v in definition.variants for s in v.relabelled_from or ()}
    wider = Axes(axes.years, tuple(sorted({*axes.states, *lenders})))
    core = {name: _of_states(frame, wider) for name, frame in core.items()}

    base = since(indicators(core, axes, exists, definition), definition.first_year)

    def data_of(changed: Frames) -> Indicators:
        made = {}
        if TRADE & changed.keys():
            made = goods_indicators(core | changed, axes, definition)
        if "core_treaties__yearly_dyads" in changed:
            made |= treaty_indicators(core | changed, axes)
        return with_values(base, made)

    cubes = [measures_of(indicator_scores(base.values, definition), base, definition, None)]
    flows = core[FLOWS]
    rows = rows_of(pool)
    for variant in definition.variants:
        data = base
        if variant.trade:
            data = data_of({FLOWS: flows.assign(value_usd=flows[variant.trade])})
        elif variant.relabelled_from:
            data = data_of({FLOWS: relabelled(flows, variant.relabelled_from)})
        elif variant.without_source:
            data = data_of(without[variant.without_source])
        scores = (
            renormalised(data, pool, rows, variant.normalise, definition)
            if variant.normalise
            else indicator_scores(data.values, definition)
        )
        cubes.append(measures_of(scores, data, definition, variant))
    dyads = [_dyad_rows(question, base, cubes, definition) for question in definition.questions]
    gaps = [_gap_rows(question, base, cubes, definition) for question in definition.questions]
    return pd.concat(dyads, ignore_index=True), pd.concat(gaps, ignore_index=True)


def _of_states(frame: pd.DataFrame, axes: Axes) -> pd.DataFrame:
    """Rows of a dyad table between states of the axes; other tables as they are."""
    for first, second in (
        ("from_iso3", "to_iso3"),
        ("exporter_iso3", "importer_iso3"),
        ("supplier_iso3", "recipient_iso3"),
    ):
        if first in frame:
            return axes.between(frame, first, second)
    return frame


def flipped(value: Array, headline: Array) -> ExtensionArray:
    """Whether two figures differ in sign; missing where either is missing or zero."""
    known = (np.sign(value) * np.sign(headline) != 0) & ~np.isnan(value * headline)
    out = pd.array(np.sign(value) != np.sign(headline), dtype="boolean")
    out[~known] = pd.NA
    return out


def _dyad_rows(
    question: Question, data: Indicators, cubes: list[dict[str, Array]], definition: Definition
) -> pd.DataFrame:
    """Ties between principals and the rest, in both directions, that have a headline depth.

    `cubes` holds the headline's first, then one for each variant.
    """
    states = data.axes.states
    chief = np.isin(states, question.principals)
    others = np.isin(states, (question.focal, *question.bloc_members))
    where = (chief[:, None] & others) | (others[:, None] & chief)
    where = where & ~np.isnan(cubes[0]["depth"])
    focal = states.index(question.focal)

    def lead(cube: Array) -> Array:
        # Against the focal state's tie at the same end; the focal state itself has none.
        to, of = cube[:, :, [focal]], cube[:, [focal], :]
        out = cube - np.where(chief[:, None], to, of)
        out[:, focal], out[:, :, focal] = np.nan, np.nan
        return out

    headline, *made = cubes
    columns = {"depth": headline["depth"], "lead": lead(headline["depth"])}
    rows = data.axes.long(where, columns, ("from_iso3", "to_iso3"))
    variant = np.repeat(np.arange(len(made)), len(rows))
    frame = rows.iloc[np.tile(np.arange(len(rows)), len(made))].reset_index(drop=True)
    chosen = row_order(where)
    for column, of in (
        ("variant_depth", lambda c: c["depth"]),
        ("variant_costly_depth", lambda c: c["costly"]),
        ("variant_declared_depth", lambda c: c["declared"]),
        ("variant_lead", lambda c: lead(c["depth"])),
    ):
        frame[column] = np.concatenate([row_order(of(c))[chosen] for c in made])
    return frame.assign(
        question=question.name,
        variant=labelled(variant, [v.name for v in definition.variants]),
        is_lead_flipped=flipped(frame["variant_lead"].to_numpy(), frame["lead"].to_numpy()),
    )


def _gaps(
    question: Question, axes: Axes, cubes: list[dict[str, Array]]
) -> tuple[Array, Array, Array]:
    """The focal tie, the bloc's mean and its members.

    Each of shape (cubes, principals, views, measures, years).
    """
    members = [m for m in question.bloc_members if m in axes.states]
    # All under each other, as if they were years.
    whole = np.concatenate([c[m] for c in cubes for m in MEASURES])
    made = (len(cubes), len(MEASURES), len(axes.years))
    shape = (len(cubes), len(question.principals), len(VIEWS), *made[1:])
    focal, bloc, count = np.empty(shape), np.empty(shape), np.empty(shape, dtype=np.int64)
    for p, v in np.ndindex(shape[1:3]):
        pick = partial(ties, whole, axes, question.principals[p], view=VIEWS[v])
        focal[:, p, v] = pick(partners=[question.focal])[:, 0].reshape(made)
        mean, known = bloc_mean(pick(partners=members))
        bloc[:, p, v], count[:, p, v] = mean.reshape(made), known.reshape(made)
    return focal, bloc, count


def _gap_rows(
    question: Question, data: Indicators, cubes: list[dict[str, Array]], definition: Definition
) -> pd.DataFrame:
    """The gap under each variant, for years that have a headline gap.

    `cubes` holds the headline's first, then one for each variant.
    """
    with np.errstate(invalid="ignore"):
        focal, bloc, count = _gaps(question, data.axes, cubes)
    # Z-scores lie on both sides of zero: two ends have no geometric mean.
    signed = [n for n, v in enumerate(definition.variants, 1) if v.normalise == "z_score"]
    for of_mutual in (focal, bloc):
        of_mutual[signed, :, VIEWS.index("mutual")] = np.nan
    count = np.where(np.isnan(bloc), 0, count)
    gap = bloc - focal
    variant, principal, view, measure, year = np.nonzero(
        np.broadcast_to(~np.isnan(gap[0]), gap[1:].shape)
    )
    at = (variant + 1, principal, view, measure, year)
    headline = gap[0][at[1:]]
    return pd.DataFrame(
        {
            "question": question.name,
            "principal_iso3": labelled(principal, question.principals),
            "view": labelled(view, VIEWS),
            "measure": labelled(measure, MEASURES),
            "year": np.asarray(data.axes.years)[year],
            "variant": labelled(variant, [v.name for v in definition.variants]),
            "variant_focal_depth": focal[at],
            "variant_bloc_depth": bloc[at],
            "variant_bloc_n": count[at],
            "variant_gap": gap[at],
            "gap": headline,
            "is_sign_flipped": flipped(gap[at], headline),
        }
    )
