"""Who owes what to whom under an ATOP agreement, and when.

Belongs here: pairing the members of an agreement. Does not belong here: mapping codes to states,
the ladder of obligations, dormant pacts, or any treaty that ATOP does not code.
"""

from __future__ import annotations

import pandas as pd

FLAGS = {
    "defense": "has_defense",
    "offense": "has_offense",
    "neutral": "has_neutrality",
    "nonagg": "has_nonaggression",
    "consul": "has_consultation",
}


def directed_obligations(members: pd.DataFrame) -> pd.DataFrame:
    """Pair the members of each agreement and say what the first owes the second.

    Two members meet where their rows share a phase and overlap in time by more than the day on
    which one leaves and the other enters. What `from` owes are the obligations of its own row, so a
    one-sided promise stays one-sided. ATOP does not name the partner a promise is made to; it only
    says (`obvary`) that a member's obligations differ by partner. Where they do, and a member that
    was there when the promise was made does not bear the obligation, it is owed to those who do
    not bear it: the guarantors of Cyprus in 1960 owe Cyprus, not each other. Give all members of
    an agreement, or that rule cannot see whom the promise was for.

    Parameters
    ----------
    members : DataFrame
        Table ``raw_atop__members``.

    Returns
    -------
    DataFrame
        ``atopid``, ``from_ccode``, ``to_ccode``, ``start_date``, ``end_date`` (the day ATOP codes
        the end; null if in force when coding ended) and the five flags; sorted by the first four,
        which are unique. Rows without any of the obligations are kept: they are treaties too. A
        start whose day is not coded is the first of the month, an end the last.
    """
    rows = pd.DataFrame(
        {
            "atopid": members["atopid"],
            "phase": members["phase"],
            "ccode": members["member"],
            "varies": members["obvary"] == 1,
            "entry": _date(members, "entry", last=False),
            "exit": _date(members, "exit", last=True),
            **{new: members[old] == 1 for old, new in FLAGS.items()},
        }
    )
    rows["row"] = range(len(rows))
    pairs = rows.merge(rows, on=["atopid", "phase"], suffixes=("", "_to"))
    start = pairs["entry"].where(pairs["entry"] >= pairs["entry_to"], pairs["entry_to"])
    first_exit = pairs[["exit", "exit_to"]].min(axis=1)
    met = (pairs["ccode"] != pairs["ccode_to"]) & ~(start >= first_exit)
    asked = met & (pairs["entry_to"] <= pairs["entry"])
    out = pd.DataFrame(
        {
            "atopid": pairs["atopid"],
            "from_ccode": pairs["ccode"],
            "to_ccode": pairs["ccode_to"],
            "start_date": start.astype("datetime64[s]"),
            "end_date": first_exit.astype("datetime64[s]"),
        }
    )
    for flag in FLAGS.values():
        protects = (asked & ~pairs[f"{flag}_to"]).groupby(pairs["row"]).transform("any")
        elsewhere = pairs["varies"] & protects & pairs[f"{flag}_to"]
        out[flag] = pairs[flag] & ~elsewhere
    order = ["atopid", "from_ccode", "to_ccode", "start_date"]
    return out[met].sort_values(order, kind="stable").reset_index(drop=True)


def _date(members: pd.DataFrame, end: str, *, last: bool) -> pd.Series:
    """Date of an entry or exit; a day that is not coded is the month's first or last."""
    parts = pd.DataFrame({p: members[f"{end}_{p}"] for p in ("year", "month", "day")})
    known = parts["year"].notna()
    day = pd.to_datetime(parts[known].fillna({"day": 1}).astype("int64"))
    if last:
        day = day.where(parts["day"][known].notna(), day + pd.offsets.MonthEnd(0))
    return day.reindex(members.index)
