"""One best figure for each of Russia's trade flows and years, out of alternative reports.

Belongs here: the order of preference, the division of turnovers, the range. Does not belong here:
reading the file (`parse`), or joining the figures with other sources' (the core layer).
"""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from pipelines.sources.names import load_map, map_names
from pipelines.sources.reading import SourceError

_SOURCE = "russia_trade"
LAST_YEAR = 2024
CIF_OVER_FOB = 1.06
# How far the truth may lie from a figure that stands alone, as a share of it. B: nine in ten of
# the single years in Russia's own reports of 2015 to 2020 lie within 20 % of the mean of two
# neighbouring years. C: where the compiler quotes a second press figure for a turnover it differs
# by 4 to 24 %, mostly less than 20. D: a judgement, wider than C. A has no width of its own: its
# range is that of the official alternatives.
HALF_WIDTH = {"A": 0.0, "B": 0.2, "C": 0.2, "D": 0.3}
COLUMNS = [
    "exporter_iso3",
    "importer_iso3",
    "year",
    "value_usd",
    "value_lo_usd",
    "value_hi_usd",
    "valuation",
    "grade",
    "n_reports",
    "method",
    "report_id",
]
# Within a grade: what the importer counted, then BACI, which weighs both reports, then the
# exporter, who often does not know where oil ends up.
_METHODS = ["importer_report", "reconciled", "exporter_report"]


class Conflict(NamedTuple):
    """Years of one flow whose figures contradict each other, so that they share one range.

    The range of each year in `into` is widened to hold the ranges of the years in `years`.
    """

    exporter_iso3: str
    importer_iso3: str
    into: tuple[int, ...]
    years: tuple[int, ...]
    reason: str


CONFLICTS = (
    Conflict(
        "RUS",
        "SAU",
        (2022, 2023, 2024),
        (2022, 2023, 2024),
        "5.6 bn as the mean of 2023 and 2024 against a turnover of 1.75 bn in 2022 and 3.6 bn in "
        "January to November 2025: no source says which is right",
    ),
    Conflict(
        "RUS",
        "ARM",
        (2024,),
        (2023,),
        "Armenia's imports of 2024 (9.2 bn) hold Russian gold that was sold on; without it they "
        "may be as in 2023 (4.4 bn)",
    ),
)


def reconcile(reports: pd.DataFrame, last_year: int = LAST_YEAR) -> pd.DataFrame:
    """Choose one figure for each exporter, importer and year, with a range.

    The best grade wins; within a grade a calendar year before a fiscal year, then the importer's
    report, BACI, the exporter's report, then the newer vintage (WITS carries older ones). Press
    turnovers serve where a flow has no report of its own: the other flow's report is taken off
    (`turnover_residual`), or, where neither flow is reported, the turnover is divided in the
    proportion of the nearest year with official or mean figures of both (`turnover_split`). A
    part-year turnover is first raised to twelve months. No two alternatives are ever added.

    The range holds, beside `HALF_WIDTH` of the figure, the alternatives for the same flow and
    year: for an A figure the other A figures, for any other all of them, turnovers divided as
    above included; for a divided turnover the proportions of all years with both flows. The two
    years of a two-year mean share one range, and so do the years of a known conflict.

    Parameters
    ----------
    reports : DataFrame
        Table ``raw_russia_trade__reports``.
    last_year : int
        Later years are left out; 2025 is only partly reported.

    Returns
    -------
    DataFrame
        The columns `COLUMNS`: value and range are in the `valuation` stated (FOB or CIF), `grade`
        is the worst of the figures used, `n_reports` counts the alternatives, `method` is
        importer_report, exporter_report, reconciled, turnover_residual or turnover_split, and
        `report_id` is the report the figure comes from. A flow and year without any report has
        no row, which means unknown, not zero. Reports on groups of states (GCC) are not used.

    Raises
    ------
    SourceError
        If a partner is not in ``names.csv``, or a turnover cannot be divided for want of a year
        with both flows.
    """
    usable = reports[_is_about_states(reports) & (reports["year"] <= last_year)]
    if usable.empty:
        numbers = ("value_usd", "value_lo_usd", "value_hi_usd")
        kinds = {"year": "int64", "n_reports": "int64", **dict.fromkeys(numbers, "float64")}
        return pd.DataFrame({c: pd.Series(dtype=kinds.get(c, "str")) for c in COLUMNS})
    direct = _direct(usable)
    best = direct.drop_duplicates(["exporter", "importer", "year"]).set_index(
        ["exporter", "importer", "year"]
    )
    divided = _divide(usable[usable["flow"] == "turnover"], best)
    out = pd.concat([_with_range(direct, divided), _only_divided(divided, best)])
    out = out.sort_values(["exporter_iso3", "importer_iso3", "year"], ignore_index=True)
    return _share_ranges(out, usable)[COLUMNS]


def _is_about_states(reports: pd.DataFrame) -> pd.Series:
    names = load_map(Path(__file__).parent)
    partner = map_names(_SOURCE, "raw_russia_trade__reports", reports["partner_iso3"], names)
    reporter = map_names(_SOURCE, "raw_russia_trade__reports", reports["reporter_iso3"], names)
    return (partner["kind"] == "state") & (reporter["kind"] == "state")


def _direct(reports: pd.DataFrame) -> pd.DataFrame:
    """Reports of one direction, best first within each flow and year, as twelve months."""
    one = reports[reports["flow"] != "turnover"]
    is_import = one["flow"] == "import"
    method = pd.Series("exporter_report", index=one.index)
    method = method.mask(one["quality"].str.contains("reconciled"), "reconciled")
    method = method.mask(is_import, "importer_report")
    frame = pd.DataFrame(
        {
            "exporter": one["partner_iso3"].where(is_import, one["reporter_iso3"]),
            "importer": one["reporter_iso3"].where(is_import, one["partner_iso3"]),
            "year": one["year"],
            "value": one["value_usd"] * 12 / one["months_covered"],
            "valuation": is_import.map({True: "CIF", False: "FOB"}),
            "grade": one["quality_grade"],
            "method": method,
            "report_id": one["report_id"],
            "is_fiscal": one["is_fiscal_year"],
            "place": method.map(_METHODS.index),
            "is_old_vintage": one["source"].str.startswith("WITS"),
        }
    )
    order = ["exporter", "importer", "year", "grade", "is_fiscal", "place", "is_old_vintage"]
    return frame.sort_values([*order, "report_id"], ignore_index=True)


def _in_valuation(value: pd.Series, has: pd.Series, wanted: pd.Series) -> pd.Series:
    """Restate values FOB or CIF."""
    fob = value.where(has == "FOB", value / CIF_OVER_FOB)
    return fob.where(wanted == "FOB", fob * CIF_OVER_FOB)


def _restated(value: float, has: str, wanted: str) -> float:
    """Restate one value as `_in_valuation` does."""
    fob = value if has == "FOB" else value / CIF_OVER_FOB
    return fob if wanted == "FOB" else fob * CIF_OVER_FOB


def _proportions(best: pd.DataFrame) -> pd.DataFrame:
    """Russia's exports over turnover, by partner and year, where both flows are A or B.

    Both flows are taken free on board, so that the proportion does not depend on who reports.
    """
    good = best[best["grade"] <= "B"].reset_index()
    fob = good["value"].where(good["valuation"] == "FOB", good["value"] / CIF_OVER_FOB)
    is_export = good["exporter"] == "RUS"
    partner = good["importer"].where(is_export, good["exporter"])
    sides = pd.DataFrame(
        {
            "partner": partner,
            "year": good["year"],
            "exports": fob.where(is_export),
            "imports": fob.where(~is_export),
        }
    )
    both = sides.groupby(["partner", "year"])[["exports", "imports"]].max().dropna()
    share = both["exports"] / (both["exports"] + both["imports"])
    return share.rename("share").reset_index()


def _divide(turnovers: pd.DataFrame, best: pd.DataFrame) -> pd.DataFrame:
    """Divide each turnover in two: one row per turnover and direction, with a range."""
    shares: dict[str, dict[int, float]] = {}
    proportions = _proportions(best)
    for partner, year, share in zip(*(proportions[c] for c in proportions), strict=True):
        shares.setdefault(partner, {})[year] = share
    reported = best[["value", "valuation", "grade"]].to_dict("index")
    rows = []
    for t in turnovers.to_dict("records"):
        reporter, year, grade = t["reporter_iso3"], t["year"], t["quality_grade"]
        partner = t["partner_iso3"] if reporter == "RUS" else reporter
        if partner not in shares:
            raise SourceError(
                _SOURCE,
                "raw_russia_trade__reports",
                found=f"turnover {t['report_id']} and no year with both flows of RUS and {partner}",
                expected="a year in which both flows have an A or B figure, to divide it by",
                todo="add such figures to the compiled file, or leave the turnover out",
            )
        known = shares[partner]
        nearest = min((abs(y - year), y) for y in known)[1]
        total = t["value_usd"] * 12 / t["months_covered"]
        width = HALF_WIDTH[grade]
        for exporter, importer in (("RUS", partner), (partner, "RUS")):
            # What the reporter sells stands free on board in a turnover, what it buys CIF.
            valuation = "FOB" if exporter == reporter else "CIF"
            parts = {y: _part(s, exporter, reporter) for y, s in known.items()}
            value = split = total * parts[nearest]
            lo = total * (1 - width) * min(parts.values())
            hi = total * (1 + width) * max(parts.values())
            method, worst = "turnover_split", grade
            rest = _residual(total, reported.get((importer, exporter, year)), valuation)
            if rest is not None:
                value, other_grade = rest
                lo = max(0.0, min(lo, value - width * total))
                hi = max(hi, value + width * total)
                method, worst = "turnover_residual", max(grade, other_grade)
            figures = (value, lo, hi, valuation, worst, method, t["report_id"], split)
            rows.append((exporter, importer, year, *figures))
    columns = ["exporter", "importer", "year", "value", "lo", "hi", "valuation", "grade"]
    divided = pd.DataFrame(rows, columns=[*columns, "method", "report_id", "split"])
    return divided.sort_values(
        ["exporter", "importer", "year", "grade", "report_id"], ignore_index=True
    )


def _part(russian_share: float, exporter: str, reporter: str) -> float:
    """Part of a turnover that `exporter` sold, from Russia's share with both flows FOB.

    The reporter counts its own sales FOB and its purchases CIF, so the latter weigh 6 % more.
    """
    sold = russian_share if exporter == "RUS" else 1 - russian_share
    own = sold if exporter == reporter else sold * CIF_OVER_FOB
    other = (1 - sold) * (CIF_OVER_FOB if exporter == reporter else 1)
    return own / (own + other)


def _residual(
    total: float, other: dict[Hashable, Any] | None, valuation: str
) -> tuple[float, str] | None:
    """Turnover less the flow the other way, and the grade of that flow's report.

    None where the other flow has no report, or is larger than the turnover. In a turnover the
    other flow stands in the valuation that this one does not have.
    """
    if other is None:
        return None
    fob = other["value"] if other["valuation"] == "FOB" else other["value"] / CIF_OVER_FOB
    rest = total - (fob if valuation == "CIF" else fob * CIF_OVER_FOB)
    return (rest, other["grade"]) if rest > 0 else None


def _with_range(direct: pd.DataFrame, divided: pd.DataFrame) -> pd.DataFrame:
    """Flows with a report of their own: the best, and the range over its alternatives."""
    key = ["exporter", "importer", "year"]
    alternatives = pd.concat(
        [
            direct[[*key, "value", "valuation", "grade"]],
            divided[[*key, "valuation", "grade"]].assign(value=divided["split"]),
        ]
    )
    first = direct.drop_duplicates(key)
    both = first.merge(alternatives, on=key, suffixes=("", "_other"))
    both["restated"] = _in_valuation(
        both["value_other"], both["valuation_other"], both["valuation"]
    )
    n_reports = both.groupby(key).size()
    both = both[(both["grade"] != "A") | (both["grade_other"] == "A")]
    spread = both.groupby(key)["restated"].agg(["min", "max"])
    out = first.set_index(key)
    width = out["grade"].map(HALF_WIDTH)
    out["value_lo_usd"] = spread["min"].clip(upper=out["value"] * (1 - width))
    out["value_hi_usd"] = spread["max"].clip(lower=out["value"] * (1 + width))
    return _named(out.assign(n_reports=n_reports).reset_index())


def _only_divided(divided: pd.DataFrame, best: pd.DataFrame) -> pd.DataFrame:
    """Flows known from turnovers alone."""
    key = ["exporter", "importer", "year"]
    alone = divided[~pd.MultiIndex.from_frame(divided[key]).isin(best.index)]
    wanted = alone.groupby(key)["valuation"].transform("first")
    ends = alone.assign(
        value_lo_usd=_in_valuation(alone["lo"], alone["valuation"], wanted),
        value_hi_usd=_in_valuation(alone["hi"], alone["valuation"], wanted),
    )
    spread = ends.groupby(key).agg(
        value_lo_usd=("value_lo_usd", "min"),
        value_hi_usd=("value_hi_usd", "max"),
        n_reports=("report_id", "size"),
    )
    chosen = alone.drop_duplicates(key).set_index(key)
    return _named(chosen.join(spread).reset_index())


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    names = {"exporter": "exporter_iso3", "importer": "importer_iso3", "value": "value_usd"}
    return frame.rename(columns=names)[COLUMNS]


def _share_ranges(out: pd.DataFrame, reports: pd.DataFrame) -> pd.DataFrame:
    """Give the two years of a two-year mean, and the years of a known conflict, one range."""
    at = {k: i for i, k in enumerate(out[COLUMNS[:3]].itertuples(index=False, name=None))}
    means = set(reports.loc[reports["quality"].str.contains("two_year_average"), "report_id"])
    is_mean = out["report_id"].isin(means)
    own = out[["value_lo_usd", "value_hi_usd"]]
    spread = out[is_mean].groupby(["exporter_iso3", "importer_iso3", "value_usd"])
    lo = own["value_lo_usd"].where(~is_mean, spread["value_lo_usd"].transform("min"))
    hi = own["value_hi_usd"].where(~is_mean, spread["value_hi_usd"].transform("max"))
    ranges = list(zip(lo, hi, out["valuation"], strict=True))
    wider = {"value_lo_usd": lo.tolist(), "value_hi_usd": hi.tolist()}
    for c in CONFLICTS:
        flow = (c.exporter_iso3, c.importer_iso3)
        pool = [ranges[at[*flow, y]] for y in c.years if (*flow, y) in at]
        for i in (at[*flow, y] for y in c.into if (*flow, y) in at):
            wanted = ranges[i][2]
            for place, (end, extreme) in enumerate(zip(wider, (min, max), strict=True)):
                others = [_restated(other[place], other[2], wanted) for other in pool]
                wider[end][i] = extreme([wider[end][i], *others])
    return out.assign(**wider)
