"""From core tables to output tables: the whole index in four functions.

Belongs here: laying core tables out as indicator cubes, and the results out as tables. Does not
belong here: formulas (`indices.pillars`, `indices.depth`, `indices.gap`).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from indices.composite.sensitivity import sobol
from indices.composite.uncertainty import interval
from indices.cube import Array, Axes, bridge_and_carry, labelled, row_order, swap, trailing_sum
from indices.definition import Definition, Question
from indices.depth import (
    CARRIED,
    DEPTH_STATUS,
    MISSING,
    OBSERVED,
    STATUS,
    Depth,
    Indicators,
    compute_depth,
    mutual,
    same_status,
)
from indices.draws import FACTORS, Draws, saltelli
from indices.gap import bloc_mean, gap_points, gap_table
from indices.intervals import MEASURES, Evidence, by_year, cut
from indices.pillars.arms import arms_indicators, estimated_share
from indices.pillars.trade import FLOW, trade_error, trade_indicators
from indices.pillars.treaties import presence
from indices.pillars.voting import Ballots, ballots, last_full_year
from indices.years import KeptYears, year_key

Frames = dict[str, pd.DataFrame]
# Resamplings behind the interval of a Sobol share.
SOBOL_RESAMPLINGS = 200


@dataclass(frozen=True)
class Index:
    """The computed index, and what its tables need of the way there."""

    data: Indicators
    depth: Depth
    sizes: dict[str, Array]


def since(data: Indicators, first_year: int) -> Indicators:
    """Drop the years before `first_year`, which only fill trailing windows."""
    cut = max(first_year - data.axes.years[0], 0)
    axes = Axes(data.axes.years[cut:], data.axes.states)
    return Indicators(
        axes,
        data.exists[cut:],
        {k: v[cut:] for k, v in data.values.items()},
        {k: v[cut:] for k, v in data.status.items()},
        {k: v[cut:] for k, v in data.applies.items()},
    )


def with_values(data: Indicators, made: dict[str, Array]) -> Indicators:
    """Put other values in place of some, of the same or more years before; their status stays."""
    values = {
        k: np.where(data.exists, made[k][-len(v) :], np.nan) if k in made else v
        for k, v in data.values.items()
    }
    return replace(data, values=values)


def pairs(axes: Axes, exists: Array) -> Array:
    """Directed pairs of two different states that both existed: bool cube."""
    return exists[:, :, None] & exists[:, None, :] & ~np.eye(len(axes.states), dtype=bool)


def indicators(
    core: Frames, axes: Axes, exists: Array, definition: Definition, *, trade: str = "value_usd"
) -> Indicators:
    """Compute every indicator.

    Parameters
    ----------
    core : dict of str to DataFrame
        The core tables by name.
    axes : Axes
    exists : bool array, shape (years, states)
    definition : Definition
    trade : str
        ``value_usd``, or ``recorded_usd`` for what customs show.
    """
    rules = definition.rules
    both = pairs(axes, exists)
    goods = goods_indicators(core, axes, definition, trade)
    goods_status = dict.fromkeys(("trade_share", "trade_intensity"), goods.pop("status"))
    goods_status["trade_dependence"] = goods.pop("dependence_status")
    (arms,) = _arms(core, axes, int(rules["arms_window_years"]))
    votes = core["core_un__yearly_dyads"]
    enough = votes[
        (votes["n_joint"] >= rules["minimum_joint_votes"])
        & (votes["year"] <= last_full_year(core["core_un__roll_calls"]))
    ]
    values = {
        **goods,
        **arms,
        **treaty_indicators(core, axes),
        "vote_kappa": axes.cube(enough, "from_iso3", "to_iso3", "kappa"),
    }
    values = {k: np.where(both, v, np.nan) for k, v in values.items()}
    status = {
        k: np.where(np.isnan(v), MISSING, OBSERVED).astype(np.int8) for k, v in values.items()
    }
    for name in goods:
        status[name] = np.where(np.isnan(values[name]), MISSING, goods_status[name]).astype(np.int8)
    ties = core["core_treaties__yearly_dyads"]
    carried = axes.cube(ties, "from_iso3", "to_iso3", "is_carried") == 1
    for name, cube in (
        ("security_commitment", carried),
        ("joint_igos", np.array(axes.years)[:, None, None] > 2014),
        ("economic_agreements", np.array(axes.years)[:, None, None] > 2019),
    ):
        known = status[name] == OBSERVED
        status[name] = np.where(known & cube, CARRIED, status[name]).astype(np.int8)
    of_principals = {i.name for i in definition.indicators if i.applies == "principals"}
    applies = dict.fromkeys(of_principals, _has_principal(axes, definition))
    return Indicators(axes, both, values, status, applies)


def treaty_indicators(core: Frames, axes: Axes) -> dict[str, Array]:
    """Lay out the indicators that ``core_treaties__yearly_dyads`` holds."""
    dyads = core["core_treaties__yearly_dyads"]
    columns = ("security_commitment", "partnership_tier", "economic_agreements", "joint_igos")
    *made, troops = axes.cubes(dyads, "from_iso3", "to_iso3", (*columns, "troops_hosted"))
    return dict(zip(columns, made, strict=True)) | {"defence_presence": presence(troops)}


def goods_indicators(
    core: Frames, axes: Axes, definition: Definition, value: str = "value_usd"
) -> dict[str, Array]:
    """Compute the indicators of trade, and their status: see `trade_indicators`."""
    rules = definition.rules
    return trade_indicators(
        core["core_trade__yearly_flows"],
        core["core_trade__yearly_totals"],
        core["core_geo__yearly_economy"],
        axes,
        value=value,
        window=int(rules["trade_window_years"]),
        bridge=int(rules["bridge_years"]),
        carry=int(rules["carry_years"]),
        cif_to_fob=rules["cif_to_fob"],
    )


def _arms(core: Frames, axes: Axes, *windows: int) -> list[dict[str, Array]]:
    transfers = core["core_arms__yearly_dyads"]
    return arms_indicators(
        transfers,
        core["core_arms__yearly_totals"],
        axes,
        int(transfers["year"].min()),
        int(transfers["year"].max()),
        *windows,
    )


def _has_principal(axes: Axes, definition: Definition) -> Array:
    """Pairs with one of the questions' principals: some sources speak of nobody else."""
    chief = np.isin(axes.states, [p for q in definition.questions for p in q.principals])
    return np.broadcast_to(chief[:, None] | chief[None, :], axes.shape)


def sizes(core: Frames, axes: Axes, definition: Definition) -> dict[str, Array]:
    """What each state's shares are shares of, shape (years, states); for pooling a bloc."""
    totals, arms = core["core_trade__yearly_totals"], core["core_arms__yearly_totals"]
    window = int(definition.rules["arms_window_years"])
    gdp = axes.panel(core["core_geo__yearly_economy"], "iso3", "gdp_usd")
    return {
        "trade": axes.panel(totals, "iso3", "exports_usd")
        + axes.panel(totals, "iso3", "imports_usd"),
        "arms_imports": trailing_sum(axes.panel(arms, "iso3", "imports_tiv_millions", 0.0), window),
        "arms_exports": trailing_sum(axes.panel(arms, "iso3", "exports_tiv_millions", 0.0), window),
        "gdp": bridge_and_carry(
            gdp, int(definition.rules["bridge_years"]), int(definition.rules["carry_years"])
        )[0],
    }


def compute(core: Frames, axes: Axes, exists: Array, definition: Definition) -> Index:
    """Compute the index from the core tables, from the definition's first year on."""
    data = since(indicators(core, axes, exists, definition), definition.first_year)
    sized = {k: v[-len(data.axes.years) :] for k, v in sizes(core, axes, definition).items()}
    return Index(data, compute_depth(data, definition), sized)


def indicator_table(index: Index, definition: Definition) -> pd.DataFrame:
    """Lay ``out_indicators__yearly_dyads`` out: every indicator that applies to a pair."""
    axes, data = index.data.axes, index.data
    names = sorted(i.name for i in definition.indicators)
    pillar = {i.name: i.pillar for i in definition.indicators}
    pillars = sorted(set(pillar.values()))
    of_pillar = np.array([pillars.index(pillar[n]) for n in names])
    applies = {n: np.broadcast_to(data.applies.get(n, np.array(True)), axes.shape) for n in names}
    rows = Rows(axes, data.exists, names, applies)
    return pd.DataFrame(
        rows.keys
        | {
            "indicator": labelled(rows.name, names),
            "pillar": labelled(of_pillar[rows.name], pillars),
            "value": rows.lay(data.values),
            "score": rows.lay(index.depth.scores),
            "status": labelled(rows.lay(data.status), STATUS),
        },
        copy=False,
    )


class Rows:
    """Rows of a long table: first state, second state, year, and one for each name that applies."""

    def __init__(
        self, axes: Axes, exists: Array, names: list[str], applies: dict[str, Array] | None = None
    ) -> None:
        self._names = names
        self._cells = row_order(exists)
        i, j, t = np.nonzero(self._cells)
        count = len(names)
        self._kept = None
        if applies is not None:
            kept = np.stack([row_order(applies[n])[self._cells] for n in names], axis=1)
            self._kept = None if kept.all() else kept

        def each(codes: Array) -> Array:
            # Codes of one byte or two: there are millions of them.
            small = codes.astype(np.min_scalar_type(-max(int(codes.max(initial=1)), 1)))
            return self._pick(np.repeat(small, count).reshape(-1, count))

        self.name = self._pick(np.tile(np.arange(count, dtype=np.int8), (len(i), 1)))
        self.keys = {
            "from_iso3": labelled(each(i), axes.states),
            "to_iso3": labelled(each(j), axes.states),
            "year": np.asarray(axes.years, dtype=np.int64)[each(t)],
        }

    def _pick(self, table: Array) -> Array:
        return table.reshape(-1) if self._kept is None else table[self._kept]

    def lay(self, cubes: dict[str, Array]) -> Array:
        """Lay one cube for each name out as a column."""
        return self._pick(np.stack([row_order(cubes[n])[self._cells] for n in self._names], axis=1))


def pillar_table(index: Index) -> pd.DataFrame:
    """Lay ``out_pillars__yearly_dyads`` out."""
    axes = index.data.axes
    names = sorted(index.depth.pillars)
    rows = Rows(axes, index.data.exists, names)
    covered = {n: np.broadcast_to(index.depth.pillar_coverage[n], axes.shape) for n in names}
    return pd.DataFrame(
        rows.keys
        | {
            "pillar": labelled(rows.name, names),
            "score": rows.lay(index.depth.pillars),
            "coverage": rows.lay(covered),
        },
        copy=False,
    )


def evidence(core: Frames, axes: Axes, data: Indicators, definition: Definition) -> Evidence:
    """Gather what the core tables say of their own errors.

    Parameters
    ----------
    core : dict of str to DataFrame
    axes : Axes
        May start before the index does.
    data : Indicators
        From the first year of the index on.
    definition : Definition
    """
    first = len(axes.years) - len(data.axes.years)
    oil_lo, oil_hi = (
        _oil_shift(core, axes, data, definition, f"adjustment_{end}_usd") for end in ("lo", "hi")
    )
    return Evidence(
        arms=_windowed_arms(core, axes, first, definition),
        trade_sd=trade_error(
            core["core_trade__yearly_flows"],
            axes,
            reported=definition.uncertainty["trade_log_sd"],
            carried=definition.uncertainty["carried_log_sd"],
            cif_to_fob=definition.rules["cif_to_fob"],
        )[first:],
        arms_sd=definition.uncertainty["arms_estimate_log_sd"]
        * estimated_share(
            core["core_arms__yearly_dyads"], axes, int(definition.rules["arms_window_years"])
        )[first:],
        oil_lo=oil_lo,
        oil_hi=oil_hi,
        votes=_ballots(core, data.axes),
    )


def _windowed_arms(
    core: Frames, axes: Axes, first: int, definition: Definition
) -> dict[str, Array]:
    """The arms indicators over every window; one not yet full takes the longest that is."""
    over = _arms(core, axes, *definition.arms_windows)
    out = {k: np.stack([made[k][first:] for made in over]) for k in over[0]}
    for cubes in out.values():
        for shorter, longer in itertools.pairwise(cubes):
            np.copyto(longer, shorter, where=np.isnan(longer))
    return out


def _oil_shift(
    core: Frames, axes: Axes, data: Indicators, definition: Definition, end: str
) -> Array:
    """Logarithm of trade with one end of the range of unrecorded oil over the best estimate."""
    out = np.zeros(data.axes.shape)
    flows = core["core_trade__yearly_flows"]
    moved = flows["recorded_usd"] + flows[end]
    states = _adjusted_states(flows, axes)
    if not states:
        return out
    at = np.array([axes.states.index(s) for s in states])
    small = Axes(axes.years, states)
    named = flows["exporter_iso3"].isin(states) & flows["importer_iso3"].isin(states)
    changed = core | {"core_trade__yearly_flows": flows.assign(value_usd=moved)[named]}
    share = goods_indicators(changed, small, definition, "value_usd")["trade_share"][-len(out) :]
    best = data.values["trade_share"][:, at[:, None], at]
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.log(share / best)
    out[:, at[:, None], at] = np.where(np.isfinite(shift), shift, 0)
    return out


def _adjusted_states(flows: pd.DataFrame, axes: Axes) -> tuple[str, ...]:
    """States of the axes with a flow that holds something customs did not record."""
    adjusted = flows[flows["value_usd"] > flows["recorded_usd"]]
    named = {str(s) for end in FLOW[:2] for s in adjusted[end].unique()}
    return tuple(s for s in axes.states if s in named)


_RANKS = ["from_iso3", "to_iso3", "year", "rank", "rank_lo90", "rank_hi90", "n_ranked"]


def depth_tables(
    index: Index,
    errors: Evidence,
    definition: Definition,
    draws: Draws,
    kept: KeptYears | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lay ``out_depth__yearly_dyads`` and ``out_ranks__yearly_dyads`` out, from the same draws.

    Parameters
    ----------
    index : Index
    errors : Evidence
    definition : Definition
    draws : Draws
        As many as the definition says.
    kept : KeptYears, optional
        Years drawn before, by the same code; those that are not among them are drawn and added.
    """
    from indices.kernels import neighbours  # imported where draws are made: see `by_year`

    axes, depth = index.data.axes, index.depth
    chiefs = sorted({p for q in definition.questions for p in q.principals} & set(axes.states))
    full = depth.measure("depth")

    def keep(t: int, cells: Array, drawn: dict[str, Array]) -> tuple[int, Array]:
        values = drawn["depth"]
        ranks = np.full((2, len(cells)), np.nan)
        first = cells // len(axes.states)
        for chief in chiefs:
            rows = np.flatnonzero(first == axes.states.index(chief))
            rows = rows[~np.isnan(full[t].reshape(-1)[cells[rows]])]
            ranks[:, rows] = interval(ranks_from_top(values[rows]), neighbours=neighbours)
        return t, np.concatenate([np.stack(interval(values, neighbours=neighbours)), ranks])

    has_depth = ~np.isnan(depth.depth)
    made: dict[int, Array] = {}
    keys: dict[int, str] = {}
    if kept is not None:
        for t in np.flatnonzero(has_depth.any(axis=(1, 2))).tolist():
            keys[t] = year_key(index.data, errors, definition, t)
            before = kept.get(keys[t])
            if before is not None:
                made[t] = before
    new = depth.depth.copy()
    new[list(made)] = np.nan
    for t, drawn in by_year(
        keep, index.data, replace(depth, depth=new), errors, draws, definition, ("depth",)
    ):
        made[t] = drawn
        if kept is not None:
            kept.put(keys[t], drawn)
    lo, hi = np.full(axes.shape, np.nan), np.full(axes.shape, np.nan)
    ranked = []
    for t, year in sorted(made.items()):
        cells = np.flatnonzero(has_depth[t])
        lo[t].reshape(-1)[cells], hi[t].reshape(-1)[cells] = year[:2]
        rows = ~np.isnan(year[2])
        i, j = np.divmod(cells[rows], len(axes.states))
        nominal = np.full(axes.shape[1:], np.nan)
        for chief in np.unique(i):
            mine = j[i == chief]
            nominal[chief, mine] = ranks_from_top(full[t, chief, mine][:, None])[:, 0]
        count = np.bincount(i, minlength=len(axes.states))[i]
        when = np.full(len(i), axes.years[t])
        ranked.append((i, j, when, nominal[i, j], year[2, rows], year[3, rows], count))
    columns = (np.concatenate(c) for c in zip(*ranked, strict=True))
    ranks_table = pd.DataFrame(dict(zip(_RANKS, columns, strict=True)), copy=False)
    for end in ("from_iso3", "to_iso3"):
        ranks_table[end] = labelled(ranks_table[end].to_numpy(), axes.states)
    return _depth_table(index, lo, hi), ranks_table


def ranks_from_top(values: Array) -> Array:
    """Rank of each row in every column, 1 the greatest, equals sharing the better rank.

    Parameters
    ----------
    values : array, shape (ties, draws)
        Without gaps.
    """
    # Counted in bytes, many times faster than in fractions; a state has less than 256 ties.
    above = np.zeros(values.shape, np.uint8)
    for other in values:
        above += (other > values).view(np.uint8)
    return above + np.float32(1)


def _ballots(core: Frames, axes: Axes) -> Ballots:
    """Lay the Assembly's votes out by calendar year over the states of the axes."""
    calls = core["core_un__roll_calls"]
    assembly = calls[calls["body"] == "GA"]
    assembly = assembly.assign(year=assembly["date"].dt.year)
    made = ballots(core["core_un__votes"], assembly, "year")
    codes = np.full((len(made.codes), len(axes.states)), -1, dtype=np.int8)
    place = {s: k for k, s in enumerate(made.states)}
    for k, state in enumerate(axes.states):
        if state in place:
            codes[:, k] = made.codes[:, place[state]]
    return Ballots(codes, made.contested, made.period, axes.states)


def _depth_table(index: Index, lo: Array, hi: Array) -> pd.DataFrame:
    depth, data = index.depth, index.data
    comparable = same_status(depth)
    known = ~np.isnan(depth.depth)
    frame = data.axes.long(
        data.exists,
        {
            "depth": depth.depth,
            "depth_lo90": lo,
            "depth_hi90": hi,
            "depth_status": np.where(known, np.where(depth.is_full, 0, 1), -1),
            "costly_depth": depth.costly,
            "declared_depth": depth.declared,
            "mutual_depth": mutual(comparable),
            "perception_gap": comparable - swap(comparable),
            "perception_gap_directional": depth.directional - swap(depth.directional),
            "coverage": depth.coverage,
        },
        ("from_iso3", "to_iso3"),
    )
    frame["depth_status"] = labelled(frame["depth_status"].to_numpy(), DEPTH_STATUS)
    return frame


def gap_tables(
    index: Index, errors: Evidence, definition: Definition, draws: Draws
) -> pd.DataFrame:
    """The gap of every question, on the small axes of the states that questions name."""
    axes = index.data.axes
    named = {s for q in definition.questions for s in (q.focal, *q.bloc_members, *q.principals)}
    absent = {q.name: {q.focal, *q.principals} - set(axes.states) for q in definition.questions}
    if any(absent.values()):
        raise ValueError(
            f"questions name states that this build does not cover: {absent}; correct the "
            "question in definition.toml or widen the panel"
        )
    asked = sorted(named & set(axes.states))
    at = np.array([axes.states.index(s) for s in asked])
    data = cut(index.data, at)
    depth = compute_depth(data, definition)
    # Only the ties asked about are drawn, from both ends.
    wanted = np.zeros(data.axes.shape, dtype=bool)
    for q in definition.questions:
        wanted |= _asked(data.axes, q) | swap(_asked(data.axes, q))
    few = replace(depth, depth=np.where(wanted, depth.depth, np.nan))
    drawn = question_draws(data, few, errors.cut(at), draws, definition)
    sized = {k: v[:, at] for k, v in index.sizes.items()}
    frames = [gap_table(q, data, depth, definition, sized, drawn) for q in definition.questions]
    return pd.concat(frames, ignore_index=True)


def _asked(axes: Axes, question: Question) -> Array:
    """Ties of the question's principals with the focal state and the bloc: bool cube."""
    chiefs = np.isin(axes.states, question.principals)
    others = np.isin(axes.states, (question.focal, *question.bloc_members))
    return np.broadcast_to(chiefs[:, None] & others, axes.shape)


def question_draws(
    data: Indicators, depth: Depth, errors: Evidence, draws: Draws, definition: Definition
) -> dict[str, Array]:
    """Draws of every measure on the axes of `data`: float32, shape (years, states, states, draws).

    Only full depths are there: partial ones are never subtracted.
    """
    shape = (*data.axes.shape, len(draws))
    out = {m: np.full(shape, np.nan, np.float32) for m in MEASURES}

    def keep(t: int, cells: Array, drawn: dict[str, Array]) -> None:
        for measure, values in drawn.items():
            out[measure][t].reshape(-1, len(draws))[cells] = values

    for _ in by_year(keep, data, depth, errors, draws, definition):
        pass
    out["depth"][~depth.is_full] = np.nan
    return out


_SENSITIVITY = [
    "question",
    "principal_iso3",
    "year",
    "factor",
    "first_order",
    "first_order_lo90",
    "first_order_hi90",
    "total_order",
    "total_order_lo90",
    "total_order_hi90",
    "sd",
]


def sensitivity_table(index: Index, errors: Evidence, definition: Definition) -> pd.DataFrame:
    """Lay ``out_sensitivity__yearly_gap`` out: what the spread of the gap comes from.

    Sobol shares of every factor in the variance of the gap of depth seen from the principal.
    """
    n = int(definition.uncertainty["sobol_draws"])
    draws = Draws(definition, 2 * n, stream=1, index=saltelli(n))
    # Without a single gap the table is empty, but has its columns.
    frames = [pd.DataFrame(columns=_SENSITIVITY)]
    for q in definition.questions:
        members = [m for m in q.bloc_members if m in index.data.axes.states]
        asked = sorted({q.focal, *q.principals, *members})
        data = cut(index.data, np.array([index.data.axes.states.index(s) for s in asked]))
        place = {s: k for k, s in enumerate(asked)}
        depth = compute_depth(data, definition)
        # Only the ties asked about are drawn, and only full ones.
        wanted = _asked(data.axes, q) & depth.is_full
        few = replace(depth, depth=np.where(wanted, depth.depth, np.nan))
        gaps = dict(_gap_draws(q, members, place, data, few, errors, draws, definition))
        if not gaps:
            continue
        shares = sobol(
            pd.DataFrame(gaps),
            n,
            len(FACTORS),
            factors=FACTORS,
            bootstrap=SOBOL_RESAMPLINGS,
            seed=int(definition.uncertainty["seed"]),
            centre=True,
        )
        target = pd.DataFrame(shares["target"].tolist(), columns=["principal_iso3", "year"])
        frames.append(
            target.assign(
                question=q.name,
                factor=shares["factor"],
                first_order=shares["first"],
                first_order_lo90=shares["first_lo"],
                first_order_hi90=shares["first_hi"],
                total_order=shares["total"],
                total_order_lo90=shares["total_lo"],
                total_order_hi90=shares["total_hi"],
                sd=np.sqrt(shares["variance"]),
            )
        )
    return pd.concat(frames[1:] or frames, ignore_index=True)


def _gap_draws(
    question: Question,
    members: list[str],
    place: dict[str, int],
    data: Indicators,
    depth: Depth,
    errors: Evidence,
    draws: Draws,
    definition: Definition,
) -> Iterator[tuple[tuple[str, int], Array]]:
    """Draws of the gap for each principal and year that has one."""
    axes = data.axes
    at = np.array([errors.votes.states.index(s) for s in axes.states])

    def keep(t: int, cells: Array, drawn: dict[str, Array]) -> list[tuple[tuple[str, int], Array]]:
        flat = np.full((len(axes.states) ** 2, len(draws)), np.nan, np.float32)
        flat[cells] = drawn["depth"]
        ties = flat.reshape(len(axes.states), len(axes.states), -1)
        found = []
        for p in question.principals:
            mine = ties[place[p]]
            mean, count = bloc_mean(mine[None, [place[m] for m in members]])
            gap = mean[0] - mine[place[question.focal]]
            if not np.isnan(gap).any() and count.any():
                found.append(((p, axes.years[t]), gap))
        return found

    for found in by_year(keep, data, depth, errors.cut(at), draws, definition, ("depth",)):
        yield from found


def beside_table(
    core: Frames, axes: Axes, data: Indicators, definition: Definition
) -> pd.DataFrame:
    """Lay ``out_beside__yearly_dyads`` out: trade share and depth from recorded trade alone.

    Only for pairs whose trade holds something that is not recorded: for all others the headline
    rests on recorded trade already, since no total is adjusted.

    Parameters
    ----------
    core : dict of str to DataFrame
    axes : Axes
        May start before the index does.
    data : Indicators
        From the first year of the index on.
    definition : Definition
    """
    flows = core["core_trade__yearly_flows"]
    adjusted = flows[flows["value_usd"] > flows["recorded_usd"]]
    states = _adjusted_states(flows, axes)
    if not states:
        return pd.DataFrame(columns=["from_iso3", "to_iso3", "year", "measure", "value"])
    small = Axes(axes.years, states)
    goods = goods_indicators(core, small, definition, "recorded_usd")
    at = np.array([axes.states.index(s) for s in states])
    data = with_values(cut(data, at), goods)
    recorded = compute_depth(data, definition)
    concerned = small.cube(adjusted, FLOW[0], FLOW[1], "value_usd", 0.0).any(axis=0)
    concerned |= concerned.T
    frames = []
    for measure, cube in (
        ("depth_recorded", recorded.depth),
        ("trade_share_recorded", data.values["trade_share"]),
    ):
        where = data.exists & ~np.isnan(cube) & concerned
        frame = data.axes.long(where, {"value": cube}, ("from_iso3", "to_iso3"))
        frames.append(frame.assign(measure=measure))
    return pd.concat(frames, ignore_index=True)


def points(
    core: Frames, axes: Axes, exists: Array, definition: Definition
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Depth and gap without their intervals: what is needed to say why they moved.

    Returns
    -------
    depth : DataFrame
        ``from_iso3``, ``to_iso3``, ``year``, ``depth``, ``depth_status``, for every pair and year.
    gap : DataFrame
        See `indices.gap.gap_points`.
    """
    index = compute(core, axes, exists, definition)
    known = ~np.isnan(index.depth.depth)
    depth = index.data.axes.long(
        index.data.exists,
        {
            "depth": index.depth.depth,
            "depth_status": np.where(known, np.where(index.depth.is_full, 0, 1), -1),
        },
        ("from_iso3", "to_iso3"),
    )
    depth["depth_status"] = labelled(depth["depth_status"].to_numpy(), DEPTH_STATUS)
    return depth, gap_points(index.data, index.depth, definition.questions)


def output_tables(
    core: Frames,
    axes: Axes,
    exists: Array,
    definition: Definition,
    kept: KeptYears | None = None,
) -> Iterator[pd.DataFrame]:
    """Compute every output table, in the order of the asset that publishes them.

    One after the other; the draws are made meanwhile, by other threads. `axes` may
    start before the index does, so that trailing windows are full from its first year. `kept` is
    what `depth_tables` takes.
    """
    index = compute(core, axes, exists, definition)
    draws = Draws(definition, int(definition.uncertainty["draws"]))
    with ThreadPoolExecutor(2) as beside:
        gathered = beside.submit(evidence, core, axes, index.data, definition)
        drawn = beside.submit(
            lambda: depth_tables(index, gathered.result(), definition, draws, kept)
        )
        yield indicator_table(index, definition)
        yield pillar_table(index)
        errors = gathered.result()
        # The draws of a few pairs do not fill a processor: two tables at a time.
        gaps = beside.submit(gap_tables, index, errors, definition, draws)
        shares = beside.submit(sensitivity_table, index, errors, definition)
        yield from drawn.result()
        yield gaps.result()
        yield shares.result()
    yield beside_table(core, axes, index.data, definition)
