"""UN votes under one identity of states, and how alike they vote by session and year."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from indices.cube import positions
from indices.pillars.voting import agreement_dyads, ballots
from pipelines.core.geo import SOURCES, cow_to_iso3
from pipelines.sources.names import load_map, map_names
from pipelines.sources.un.parse import session_number

# Words that make a title or an agenda item one on the Middle East, in the library's spelling.
MIDDLE_EAST = (
    "middle east|palestin|israel|golan|jerusalem|gaza|lebanon|syria|iran|iraq|kuwait|yemen|"
    "persian gulf|hormuz|suez"
)


def roll_calls(ga: pd.DataFrame, sc: pd.DataFrame) -> pd.DataFrame:
    """Recorded votes of both bodies; a Council record that repeats another is left out."""
    both = pd.concat(
        [ga.assign(body="GA"), sc[~sc["is_duplicate"]].assign(body="SC")], ignore_index=True
    )
    text = both["title"].fillna("") + " " + both["agenda_title"].fillna("")
    return pd.DataFrame(
        {
            "roll_call_id": both["body"] + "-" + both["undl_id"].astype("str"),
            "body": both["body"],
            "date": both["date"],
            "session": session_number(both["session"]).where(both["body"] == "GA"),
            "session_label": both["session"],
            "resolution": both["resolution"],
            "title": both["title"],
            "yes": both["total_yes"],
            "no": both["total_no"],
            "abstain": both["total_abstentions"],
            "absent": both["total_non_voting"],
            "is_middle_east": text.str.contains(MIDDLE_EAST, case=False, regex=True),
        }
    )


def votes(ga: pd.DataFrame, sc: pd.DataFrame, calls: pd.DataFrame) -> pd.DataFrame:
    """Votes of states, the library's names mapped by the day of the vote."""
    day = calls.set_index("roll_call_id")["date"]
    frames, called = [], []
    for body, rows in (("GA", ga), ("SC", sc)):
        # Rows by the hundred thousand name some thousand roll calls: text is made once for each.
        number, numbers = pd.factorize(rows["undl_id"])
        call = body + "-" + pd.Index(numbers).astype("str")
        place = day.index.get_indexer(call)
        kept = place[number] >= 0
        number = number[kept]
        when = pd.Series(day.to_numpy()[place[number]], index=rows.index[kept])
        mapped = map_names(
            "un",
            f"raw_un__{body.lower()}_votes",
            rows.loc[kept, "ms_name"],
            load_map(SOURCES / "un"),
            when,
        )
        called.append(pd.Categorical.from_codes(number, call))
        frames.append(pd.DataFrame({"iso3": mapped["iso3"], "vote": rows.loc[kept, "ms_vote"]}))
    both = pd.concat(frames, ignore_index=True)
    return both.assign(roll_call_id=union_categoricals(called))


def session_dyads(all_votes: pd.DataFrame, calls: pd.DataFrame) -> pd.DataFrame:
    """Agreement of every ordered pair by regular session of the General Assembly."""
    return agreement_dyads(ballots(all_votes, calls[calls["body"] == "GA"], "session"), "session")


def yearly_dyads(
    all_votes: pd.DataFrame, calls: pd.DataFrame, ideal_points: pd.DataFrame
) -> pd.DataFrame:
    """Agreement by calendar year, with ideal points and two narrower sets of votes beside it."""
    calls = calls.assign(year=calls["date"].dt.year)
    assembly = calls[calls["body"] == "GA"]
    frame = agreement_dyads(ballots(all_votes, assembly, "year"), "year")
    for name, subset in (
        ("middle_east_agreement", assembly[assembly["is_middle_east"]]),
        ("council_agreement", calls[calls["body"] == "SC"]),
    ):
        narrow = agreement_dyads(ballots(all_votes, subset, "year"), "year")
        frame[name] = _look_up(frame, narrow, "agreement")
    frame["ideal_point_distance"] = _ideal_point_distance(frame, ideal_points)
    return frame


def _look_up(frame: pd.DataFrame, other: pd.DataFrame, value: str) -> np.ndarray:
    """Values of `other` at the pairs and years of `frame`; NaN where it has none."""
    states = sorted(set(frame["from_iso3"].cat.categories) | set(other["from_iso3"].cat.categories))
    years = np.union1d(frame["year"].unique(), other["year"].unique())

    def cell(f: pd.DataFrame) -> tuple[np.ndarray, ...]:
        return (
            np.searchsorted(years, f["year"].to_numpy()),
            f["from_iso3"].cat.set_categories(states).cat.codes.to_numpy(),
            f["to_iso3"].cat.set_categories(states).cat.codes.to_numpy(),
        )

    table = np.full((len(years), len(states), len(states)), np.nan)
    table[cell(other)] = other[value].to_numpy()
    return table[cell(frame)]


def _ideal_point_distance(frame: pd.DataFrame, ideal_points: pd.DataFrame) -> np.ndarray:
    """Distance of the ideal points of the session that begins in the year (session 1: 1946)."""
    year = ideal_points["session"].astype("int64") + 1945
    when = pd.to_datetime(year.astype("str") + "-12-01")
    iso3 = cow_to_iso3(ideal_points["ccode"], when, "voeten", "raw_voeten__ideal_points")
    known = iso3 != ""
    points = pd.Series(
        ideal_points.loc[known, "ideal_point"].to_numpy(),
        index=pd.MultiIndex.from_arrays([year[known], iso3[known]]),
    )
    years, states = np.unique(frame["year"]), frame["from_iso3"].cat.categories
    table = points.unstack().reindex(index=years, columns=states).to_numpy()
    t = np.searchsorted(years, frame["year"])
    ends = [table[t, positions(frame[end], tuple(states))] for end in ("from_iso3", "to_iso3")]
    return np.abs(ends[0] - ends[1])
