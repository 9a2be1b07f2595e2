"""Make the bundled figures: parse the upstreams' files, keep what concerns the panel.

Belongs here: which file feeds which raw table, and what of it the starter keeps. Does not belong
here: parsing. Everything after the raw tables runs the same in starter and live mode.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection
from pathlib import Path

import pandas as pd

from pipelines.core import geo
from pipelines.core.spelling import SPELLINGS
from pipelines.core.trade import WORLD
from pipelines.settings import PROJECT
from pipelines.sources.atop import parse as atop
from pipelines.sources.catalogue import sources
from pipelines.sources.corrections import correct
from pipelines.sources.cow_igo import parse as cow_igo
from pipelines.sources.cow_trade import parse as cow_trade
from pipelines.sources.desta import parse as desta
from pipelines.sources.geo import parse as geo_parse
from pipelines.sources.imf import parse as imf
from pipelines.sources.investment_treaties import parse as investment_treaties
from pipelines.sources.iran_oil import parse as iran_oil
from pipelines.sources.russia_trade import parse as russia_trade
from pipelines.sources.sipri import parse as sipri
from pipelines.sources.un import parse as un
from pipelines.sources.unctad_trade import parse as unctad_trade
from pipelines.sources.us_troops import parse as us_troops
from pipelines.sources.voeten import parse as voeten
from pipelines.sources.worldbank import parse as worldbank
from schemas import REGISTRY, table
from warehouse.tables import write

STARTER = PROJECT / "warehouse" / "starter"
# Trailing windows of the first index year reach a few years back.
FIRST_YEAR = 1946
Frames = dict[str, pd.DataFrame]
# SIPRI's terms allow a fraction of the published data set: single deliveries only for the question.
ARMS_FOCUS = ("IRN", "SAU", "ARE", "QAT", "KWT", "BHR", "OMN")
ARMS_PARTNERS = ("CHN", "RUS", "USA")


def parse_all(folder: Path, progress: Callable[[str], None] = lambda _: None) -> Frames:
    """Parse every upstream file the index needs.

    Parameters
    ----------
    folder : Path
        Holds the upstreams' files in subfolders ``un``, ``arms``, ``trade``, ``treaties``, ``geo``.
    progress : callable
        Called with the name of each source.

    Returns
    -------
    dict of str to DataFrame
        Raw tables by name, complete: all states, all years, known errors corrected.

    Raises
    ------
    SourceError
        If a file is missing or not what its parser was written for.
    """
    frames: Frames = {}
    progress("geo")
    frames["raw_geo__cow_states"] = geo_parse.parse_cow_states(folder / "geo/cow_states.csv")
    progress("un")
    frames |= un.parse_ga(folder / "un/undl_ga_voting_1946_202510.parquet")
    frames |= un.parse_sc(folder / "un/undl_sc_voting_1946_202510.parquet")
    frames["raw_voeten__ideal_points"] = voeten.parse_ideal_points(
        folder / "un/voeten_IdealpointestimatesAll_Jun2024.csv"
    )
    progress("sipri")
    register = sipri.combine(
        [
            sipri.parse_register(folder / f"arms/sipri_trade_register_{years}.csv")
            for years in ("1950_1989", "1990_2023", "1995_2024")
        ]
    )
    frames["raw_sipri__deliveries"] = register
    frames |= sipri.summarise(register)
    progress("trade")
    frames["raw_cow_trade__flows"] = cow_trade.parse_dyadic_trade(
        folder / "trade/cow_dyadic_trade_v4.parquet"
    )
    frames["raw_imf__imts"] = imf.parse_imts_portal(
        folder / "trade/imf_imts_portal_CHN_USA_2001_2024.csv"
    )
    frames["raw_unctad__merchandise_totals"] = unctad_trade.parse_merchandise_totals(
        folder / "trade/unctad_merch_totals_1948_2024.parquet"
    )
    for name, file in (("gdp", "gdp_current_usd"), ("population", "population")):
        frames[f"raw_worldbank__{name}"] = worldbank.parse_indicator(
            folder / f"trade/worldbank_{file}.csv", f"raw_worldbank__{name}"
        )
    frames["raw_russia_trade__reports"] = russia_trade.parse_bilateral(
        folder / "trade/russia_bilateral_2015_2024.csv"
    )
    frames["raw_iran_oil__estimates"] = iran_oil.parse_crude_estimates(
        folder / "trade/iran_crude_to_china_estimates.csv"
    )
    progress("treaties")
    frames["raw_atop__members"] = atop.parse_members(folder / "treaties/atop5_1m.csv")
    frames["raw_atop__agreements"] = atop.parse_agreements(folder / "treaties/atop5_1a.csv")
    frames |= cow_igo.parse_state_year(folder / "treaties/cow_igo_state_year_v3.parquet")
    frames["raw_desta__members"] = desta.parse_treaties(
        folder / "treaties/desta_list_of_treaties.csv"
    )
    frames["raw_unctad__investment_treaties"] = investment_treaties.parse_zip(
        folder / "treaties/unctad_bits_2020_01.zip"
    )
    frames["raw_us_troops__country_years"] = us_troops.parse_troops(
        folder / "treaties/us_troops_country_year.csv"
    )
    for source in sorted({s for name in frames for s in REGISTRY[name].sources}):
        frames = correct(source, frames, bundled=True)
    return frames


def keep_panel(frames: Frames) -> Frames:
    """Keep the rows that concern the panel's states; every name must map to something."""
    panel = set(geo.panel()["iso3"])

    def member(
        table: str,
        column: str,
        rows: pd.DataFrame | None = None,
        wanted: Collection[str] = panel,
    ) -> pd.Series:
        """Whether the state that a column names is wanted, for each row (of some rows)."""
        chosen = frames[table] if rows is None else rows
        return SPELLINGS[table, column].iso3(chosen, frames).isin(wanted)

    out = dict(frames)
    for name in (
        "raw_sipri__state_years",
        "raw_desta__members",
        "raw_us_troops__country_years",
        "raw_un__ga_votes",
        "raw_un__sc_votes",
        "raw_voeten__ideal_points",
        "raw_worldbank__gdp",
        "raw_worldbank__population",
        "raw_sipri__dyad_years",
        "raw_unctad__investment_treaties",
    ):
        ends = [column for table, column in SPELLINGS if table == name]
        out[name] = frames[name][pd.concat([member(name, e) for e in ends], axis=1).all(axis=1)]
    out["raw_sipri__deliveries"] = _keep_deliveries(frames, member)
    out |= _keep_trade(frames, member)
    out |= _keep_treaties(frames, member)
    return {name: out[name] for name in sorted(out) if REGISTRY[name].in_warehouse}


def _keep_deliveries(frames: Frames, member: Callable[..., pd.Series]) -> pd.DataFrame:
    name = "raw_sipri__deliveries"
    focus = {
        (end, who): member(name, end, wanted=who)
        for end in ("supplier", "recipient")
        for who in (ARMS_FOCUS, ARMS_PARTNERS)
    }
    asked = (focus["supplier", ARMS_FOCUS] & focus["recipient", ARMS_PARTNERS]) | (
        focus["supplier", ARMS_PARTNERS] & focus["recipient", ARMS_FOCUS]
    )
    return frames[name][asked]


def _keep_trade(frames: Frames, member: Callable[..., pd.Series]) -> Frames:
    cow = frames["raw_cow_trade__flows"]
    cow = cow[cow["year"] >= FIRST_YEAR]
    imts = frames["raw_imf__imts"]
    totals = frames["raw_unctad__merchandise_totals"]
    return {
        "raw_cow_trade__flows": cow[
            member("raw_cow_trade__flows", "ccode1", cow)
            & member("raw_cow_trade__flows", "ccode2", cow)
        ],
        "raw_imf__imts": imts[
            member("raw_imf__imts", "counterpart") | (imts["counterpart"] == "G001")
        ],
        "raw_unctad__merchandise_totals": totals[
            totals["value_usd_millions"].notna()
            & (
                member("raw_unctad__merchandise_totals", "unctad_code")
                | (totals["unctad_code"] == WORLD)
            )
        ],
    }


def _keep_treaties(frames: Frames, member: Callable[..., pd.Series]) -> Frames:
    members = frames["raw_atop__members"]
    inside = members[member("raw_atop__members", "member")]
    # An agreement with one member of the panel binds no pair of it.
    several = inside.groupby("atopid")["member"].nunique()
    atopids = several[several > 1].index
    agreements = frames["raw_atop__agreements"]
    kept: Frames = {
        # All members of those: to whom a promise is made depends on who else is party.
        "raw_atop__members": members[members["atopid"].isin(atopids)],
        "raw_atop__agreements": agreements[agreements["atopid"].isin(atopids)],
    }
    for name in ("raw_cow_igo__memberships", "raw_cow_igo__coverage", "raw_cow_igo__gaps"):
        year = "last_year" if name.endswith("gaps") else "year"
        igo = frames[name][frames[name][year] >= FIRST_YEAR]
        kept[name] = igo[member(name, "ccode", igo)]
    return kept


def build(
    folder: Path, target: Path = STARTER, progress: Callable[[str], None] = lambda _: None
) -> list[tuple[str, int, int]]:
    """Parse, keep the panel, and replace the bundled figures.

    The old figures stay until the new ones are whole.

    Returns
    -------
    list of tuple
        Table, rows, bytes.
    """
    frames = keep_panel(parse_all(folder, progress))
    fresh = target.with_name(target.name + ".next")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    written = []
    for name, frame in frames.items():
        path = fresh / f"{name}.parquet"
        write(frame, table(name), path)
        written.append((name, len(frame), path.stat().st_size))
    (fresh / "SOURCES.md").write_text(describe(written))
    (fresh / "__init__.py").unlink(missing_ok=True)
    old = target.with_name(target.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return written


def describe(written: list[tuple[str, int, int]]) -> str:
    """Write SOURCES.md of the bundled figures: vintage, licence and citation of each table."""
    lines = [
        "# Where the bundled figures come from",
        "",
        "Made by `alliance-depth starter build`; do not edit. Each table holds facts and figures "
        "for the panel of 57 states in this project's own layout; no upstream file is copied.",
        "",
        "| table | rows | source | vintage | licence |",
        "|---|---:|---|---|---|",
    ]
    used = []
    for name, rows, _ in written:
        (source,) = REGISTRY[name].sources
        used.append(source)
        known = sources()[source]
        lines.append(
            f"| {name} | {rows:,} | [{known.title}]({known.url}) | {known.vintage} "
            f"| {known.licence} |"
        )
    lines += ["", "## Citations", ""]
    for source in sorted(set(used)):
        known = sources()[source]
        lines.append(f"- **{source}**: {known.citation}" + (f" {known.note}" if known.note else ""))
    return "\n".join(lines) + "\n"
