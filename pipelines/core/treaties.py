"""Commitments, labels, agreements, memberships and posture under one identity of states."""

from __future__ import annotations

import numpy as np
import pandas as pd

from indices.assemble import pairs
from indices.carried import ATOP_LAST_YEAR, IGO_CODES, IGO_LAST_YEAR
from indices.cube import Array, Axes
from indices.definition import Definition
from indices.pillars.treaties import (
    FLAGS,
    agreement_counts,
    commitment_kind,
    joint_memberships,
    obligations,
    tier_cube,
)
from pipelines.core.geo import SOURCES, cow_to_iso3, mid_year
from pipelines.sources.atop.obligations import directed_obligations
from pipelines.sources.desta.parse import agreement_dyads, agreements_in_force
from pipelines.sources.names import load_map, map_names

# Open ends while dated rows are cut.
EARLIEST, LATEST = pd.Timestamp(1700, 1, 1), pd.Timestamp(2999, 12, 31)
DAY = pd.Timedelta(days=1)
ATOP_URL = "http://www.atopdata.org/data.html"
TROOPS_SENDER = "USA"


def atop_commitments(
    members: pd.DataFrame, agreements: pd.DataFrame, dormant: pd.DataFrame, ends: pd.DataFrame
) -> pd.DataFrame:
    """ATOP's obligations between states, cut where a sourced end came after ATOP's last year."""
    rows = directed_obligations(members).merge(
        agreements[["atopid", "n_members"]], on="atopid", how="left"
    )
    for end in ("from", "to"):
        rows[f"{end}_iso3"] = cow_to_iso3(
            rows[f"{end}_ccode"], rows["start_date"], "geo", "raw_atop__members"
        )
    rows = rows[(rows["from_iso3"] != "") & (rows["to_iso3"] != "")].reset_index(drop=True)
    rows["end_date"] = _sourced_end(rows, ends)
    rows, is_dormant = _cut_at_dormancy(rows, dormant)
    kind = commitment_kind(rows, is_dormant)
    phase = rows.groupby(["atopid", "from_iso3", "to_iso3"]).cumcount() + 1
    return pd.DataFrame(
        {
            "commitment_id": "atop-"
            + rows["atopid"].astype("str")
            + "-"
            + rows["from_iso3"]
            + "-"
            + rows["to_iso3"]
            + "-"
            + phase.astype("str"),
            "from_iso3": rows["from_iso3"],
            "to_iso3": rows["to_iso3"],
            "instrument": "ATOP " + rows["atopid"].astype("str"),
            "kind": kind,
            "start_date": rows["start_date"],
            "end_date": rows["end_date"],
            **{f: rows[f] for f in FLAGS},
            "n_parties": rows["n_members"].clip(lower=2),
            "confidence": "high",
            "source_url": ATOP_URL,
            "source": "atop",
        }
    )


def _cut_at_dormancy(rows: pd.DataFrame, dormant: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Cut obligations where their pact falls dormant or wakes; say which parts are dormant."""
    live = rows[~rows["atopid"].isin(dormant["atopid"])].assign(is_dormant=False)
    parts = [live]
    for pact in dormant.itertuples(index=False):
        of_pact = rows[rows["atopid"] == pact.atopid]
        first = EARLIEST if pd.isna(pact.dormant_from) else pd.Timestamp(pact.dormant_from, 1, 1)
        last = LATEST if pd.isna(pact.dormant_to) else pd.Timestamp(pact.dormant_to, 12, 31)
        parts += [
            _between(of_pact, EARLIEST, first - DAY).assign(is_dormant=False),
            _between(of_pact, first, last).assign(is_dormant=True),
            _between(of_pact, last + DAY, LATEST).assign(is_dormant=False),
        ]
    cut = pd.concat(parts, ignore_index=True).sort_values(
        ["atopid", "from_iso3", "to_iso3", "start_date"], ignore_index=True
    )
    return cut, cut.pop("is_dormant").to_numpy(dtype=bool)


def _between(rows: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """The part of each dated row that lies in a period; an open end stays open in an open one."""
    start = rows["start_date"].clip(lower=first)
    end = rows["end_date"].fillna(LATEST).clip(upper=last)
    part = rows.assign(start_date=start, end_date=end.mask(end >= LATEST))
    return part[start <= end]


def _sourced_end(rows: pd.DataFrame, ends: pd.DataFrame) -> pd.Series:
    """End of each obligation: ATOP's, or the earliest sourced end of the whole or of a member."""
    end = rows["end_date"].copy()
    for row in ends[ends["end_date"].notna()].itertuples(index=False):
        hit = rows["atopid"] == row.atopid
        if not pd.isna(row.iso3):
            hit &= (rows["from_iso3"] == row.iso3) | (rows["to_iso3"] == row.iso3)
        earlier = hit & (end.isna() | (end > row.end_date)) & (rows["start_date"] <= row.end_date)
        end = end.mask(earlier, row.end_date)
    return end


def curated_commitments(table: pd.DataFrame) -> pd.DataFrame:
    """Curated commitments, a mutual one from both ends.

    Sourced denials bind nobody, and what is not known to be in force (no start) does not count.
    """
    held = table[(table["kind"] != "none") & table["start_date"].notna()]
    back = held[held["is_mutual"]].rename(columns={"from_iso3": "to_iso3", "to_iso3": "from_iso3"})
    both = pd.concat(
        [
            held.assign(commitment_id="curated-" + held["commitment_id"]),
            back.assign(commitment_id="curated-" + back["commitment_id"] + "-back"),
        ],
        ignore_index=True,
    )
    columns = [
        "commitment_id",
        "from_iso3",
        "to_iso3",
        "instrument",
        "kind",
        "start_date",
        "end_date",
        *FLAGS,
        "confidence",
        "source_url",
    ]
    return both[columns].assign(n_parties=2, source="curated")


def commitments(atop: pd.DataFrame, curated: pd.DataFrame, states: pd.DataFrame) -> pd.DataFrame:
    """All commitments between two states the build covers.

    Members outside it are needed to read an agreement, but the pairs of those are not complete.
    """
    return covered(pd.concat([atop, curated], ignore_index=True), states, "from_iso3", "to_iso3")


def covered(rows: pd.DataFrame, states: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    """Rows between two states of ``core_geo__state_years``."""
    known = states["iso3"].unique()
    return rows[rows[first].isin(known) & rows[second].isin(known)]


def investment_agreements(treaties: pd.DataFrame) -> pd.DataFrame:
    """Investment treaties in force, one row for each unordered pair."""
    names = load_map(SOURCES / "investment_treaties")
    in_force = treaties[treaties["in_force_date"].notna()]
    ends = {
        side: map_names(
            "investment_treaties",
            "raw_unctad__investment_treaties",
            in_force[f"party_{n}"],
            names,
            in_force["in_force_date"],
        )["iso3"]
        for n, side in ((1, "a_iso3"), (2, "b_iso3"))
    }
    bilateral = pd.DataFrame(
        {
            **ends,
            "title": in_force["short_title"],
            "start_date": in_force["in_force_date"],
            "end_date": in_force["terminated_date"],
            "source": "investment_treaties",
            "treaty": "bit",
        }
    )
    return bilateral[(bilateral["a_iso3"] != "") & (bilateral["b_iso3"] != "")]


def trade_agreements(desta: pd.DataFrame) -> pd.DataFrame:
    """Trade agreements in force, one row for each unordered pair."""
    pairs = agreement_dyads(agreements_in_force(desta))
    start = pd.to_datetime(pairs["start_year"].astype("Int64").astype("str") + "-01-01")
    last = pairs["end_year"].astype("Int64") - 1
    base = desta["number"] == desta["base_treaty"].astype("str")
    # The base treaty's own name; in an extract that lacks it, that of its first text.
    titles = (
        desta.assign(is_other=~base)
        .sort_values(["base_treaty", "is_other", "number"], kind="stable")
        .drop_duplicates("base_treaty")
        .set_index("base_treaty")["name"]
    )
    trade = pd.DataFrame(
        {
            "title": pairs["base_treaty"].map(titles),
            "start_date": start,
            "end_date": pd.to_datetime((last.astype("str") + "-12-31").where(last.notna())),
            "source": "desta",
            "treaty": "desta-" + pairs["base_treaty"].astype("str"),
        }
    )
    for side in ("a", "b"):
        trade[f"{side}_iso3"] = map_names(
            "desta",
            "raw_desta__members",
            pairs[f"{side}_iso_numeric"].astype("str"),
            load_map(SOURCES / "desta"),
            start,
        )["iso3"]
    return trade[(trade["a_iso3"] != "") & (trade["b_iso3"] != "")]


def agreements(unctad: pd.DataFrame, desta: pd.DataFrame) -> pd.DataFrame:
    """Lay ``core_treaties__agreements`` out, for states outside the build too."""
    both = pd.concat([investment_agreements(unctad), trade_agreements(desta)], ignore_index=True)
    swapped = both["a_iso3"] > both["b_iso3"]
    first, second = both["a_iso3"].copy(), both["b_iso3"].copy()
    both["a_iso3"], both["b_iso3"] = first.mask(swapped, second), second.mask(swapped, first)
    key = ["treaty", "a_iso3", "b_iso3"]
    both = both.sort_values([*key, "start_date", "title"], kind="stable", ignore_index=True)
    spell = (both.groupby(key).cumcount() + 1).astype("str")
    treaty = both.pop("treaty")
    both.insert(
        0, "agreement_id", treaty + "-" + both["a_iso3"] + "-" + both["b_iso3"] + "-" + spell
    )
    return both


def recorded_memberships(igo: pd.DataFrame) -> pd.DataFrame:
    """Full memberships by year that the IGO data has."""
    full = igo[igo["status"] == "full"]
    iso3 = cow_to_iso3(full["ccode"], mid_year(full["year"]), "geo", "raw_cow_igo__memberships")
    known = pd.DataFrame({"iso3": iso3, "year": full["year"], "igo": full["igo"]})
    return known[known["iso3"] != ""].drop_duplicates()


def full_memberships(known: pd.DataFrame, curated: pd.DataFrame, last_year: int) -> pd.DataFrame:
    """Full memberships by year: the IGO data, carried with sourced accessions and exits.

    A membership of the data's last year stands until a curated row ends it; a curated accession
    adds one. Organisations without a charter (BRICS, G20) are no intergovernmental organisations.

    Parameters
    ----------
    known : DataFrame
        What `recorded_memberships` returned.
    curated : DataFrame
        ``raw_curated__memberships``.
    last_year : int
    """
    later = curated[curated["group_id"].isin(IGO_CODES) & (curated["status"] == "member")]
    later = later.assign(igo=later["group_id"].map(IGO_CODES))
    years = np.arange(IGO_LAST_YEAR + 1, last_year + 1)
    # A row counts in the years on whose 31 December it holds; no date lies beyond them all.
    first, end = later["start_date"].dt.year, later["end_date"]
    last = end.dt.year - ~((end.dt.month == 12) & (end.dt.day == 31))
    start, stop = (v.fillna(LATEST.year).to_numpy()[:, None] for v in (first, last))
    row, held = np.nonzero((start <= years) & (years <= stop))
    carried = known.loc[known["year"] == IGO_LAST_YEAR, ["iso3", "igo"]]
    ends = later.assign(last=stop).groupby(["iso3", "igo"])["last"].min()
    until = carried.merge(ends.reset_index(), how="left")["last"].fillna(LATEST.year).to_numpy()
    kept_row, kept = np.nonzero(years <= until[:, None])
    since = [
        carried.iloc[kept_row].assign(year=years[kept]),
        later.iloc[row][["iso3", "igo"]].assign(year=years[held]),
    ]
    return pd.concat([known, pd.concat(since).drop_duplicates()], ignore_index=True)


def troops_hosted(series: pd.DataFrame, posture: pd.DataFrame, axes: Axes) -> Array:
    """Personnel of one state in another with its consent, cube from sender to host.

    The American series counts persons, not posture: the sourced posture table replaces it for
    every host and year it speaks of; presence without consent counts as none.
    """
    out = np.full(axes.shape, np.nan)
    mapped = map_names(
        "us_troops",
        "raw_us_troops__country_years",
        series["country_name"],
        load_map(SOURCES / "us_troops"),
        mid_year(series["year"]),
    )
    rows = series.assign(host=mapped["iso3"], sender=TROOPS_SENDER)
    rows = rows[(rows["host"] != "") & rows["troops_persons"].notna()]
    rows = rows.groupby(["sender", "host", "year"], as_index=False)["troops_persons"].sum()
    out = axes.cube(rows, "sender", "host", "troops_persons")
    first = posture["start_year"].clip(lower=axes.years[0])
    last = posture["end_year"].fillna(axes.years[-1]).clip(upper=axes.years[-1])
    length = (last - first + 1).clip(lower=0).astype("int64").to_numpy()
    number = np.repeat(np.arange(len(posture)), length)
    offset = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    spread = pd.DataFrame(
        {
            "sender": posture["sender_iso3"].to_numpy()[number],
            "host": posture["host_iso3"].to_numpy()[number],
            "year": first.to_numpy(dtype=np.int64)[number] + offset,
            "persons": np.where(posture["has_consent"], posture["personnel"], 0.0)[number],
        }
    )
    sourced = axes.cube(spread, "sender", "host", "persons")
    return np.where(np.isnan(sourced), out, sourced)


def yearly_dyads(
    held: pd.DataFrame,
    hostilities: pd.DataFrame,
    tiers: pd.DataFrame,
    in_force: pd.DataFrame,
    memberships: pd.DataFrame,
    coverage: pd.DataFrame,
    world: pd.DataFrame,
    troops: Array,
    axes: Axes,
    exists: Array,
    definition: Definition,
) -> pd.DataFrame:
    """Everything that binds two states in a year, one row for each ordered pair."""
    owed = obligations(
        held, hostilities, definition.ladder, int(definition.rules["small_group_parties"]), axes
    )
    curated = np.append((held["source"] == "curated").to_numpy(), False)[owed.row]
    years = np.array(axes.years)
    share, joint = joint_memberships(
        memberships, igo_coverage(coverage, axes), igo_world_mean(world, axes), axes
    )
    where = pairs(axes, exists)
    frame = axes.long(
        where,
        {
            "strongest_kind": owed.kind,
            "security_commitment": owed.commitment,
            **owed.flags,
            "is_suspended": owed.is_suspended,
            "is_carried": (years > ATOP_LAST_YEAR)[:, None, None] & ~curated,
            "partnership_tier": tier_cube(tiers, definition.tiers, axes),
            "economic_agreements": agreement_counts(in_force, axes).astype(np.int64),
            "joint_igos": share,
            "n_joint_igos": joint,
            "troops_hosted": troops,
        },
        ("from_iso3", "to_iso3"),
    )
    frame["strongest_kind"] = pd.Categorical.from_codes(frame["strongest_kind"], owed.kinds)
    return frame


def igo_coverage(coverage: pd.DataFrame, axes: Axes) -> Array:
    """State-years the IGO data speaks of, its last year carried."""
    iso3 = cow_to_iso3(
        coverage["ccode"], mid_year(coverage["year"]), "geo", "raw_cow_igo__coverage"
    )
    rows = coverage.assign(iso3=iso3, one=1.0)[iso3 != ""]
    known = axes.panel(rows, "iso3", "one", 0.0) > 0
    last = IGO_LAST_YEAR - axes.years[0]
    known[last + 1 :] = known[last]
    return known


def igo_world_mean(world: pd.DataFrame, axes: Axes) -> Array:
    """Mean share of joint memberships in the world, its last year carried."""
    by_year = world.set_index("year")["mean_shared_share"].reindex(list(axes.years))
    return by_year.ffill().to_numpy(dtype=float)


def hostilities(table: pd.DataFrame) -> pd.DataFrame:
    """Wars and clashes between two states, the earlier code first."""
    columns = [
        "a_iso3",
        "b_iso3",
        "start_date",
        "end_date",
        "name",
        "confidence",
        "source_url",
        "note",
    ]
    return table[columns]
