"""States, their codes and spells, groups, output and population."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd

from indices.definition import Definition
from pipelines.sources.names import load_map, map_names
from pipelines.sources.reading import SourceError

SOURCES = Path(__file__).resolve().parents[1] / "sources"
GEO = SOURCES / "geo"


# Variable that names another list of states, in the form of panel.csv.
PANEL = "ALLIANCE_DEPTH_PANEL"


def panel() -> pd.DataFrame:
    """The states of the panel: ``iso3``, ``name``; of the file named by `PANEL` if there is one.

    Raises
    ------
    SourceError
        If the file cannot be read, has other columns, or a state twice.
    """
    path = Path(os.environ.get(PANEL) or GEO / "panel.csv")
    try:
        states = pd.read_csv(path, dtype="str", keep_default_na=False)
    except (OSError, ValueError) as error:
        raise _panel_fault(path, str(error)) from None
    if not {"iso3", "name"} <= set(states.columns) or states["iso3"].duplicated().any():
        twice = states["iso3"][states["iso3"].duplicated()].tolist() if "iso3" in states else []
        found = f"columns {list(states.columns)}" + (f", states twice: {twice}" if twice else "")
        raise _panel_fault(path, found)
    return states


def _panel_fault(path: Path, found: str) -> SourceError:
    return SourceError(
        "geo",
        path,
        found=found,
        expected="a CSV file with iso3 and name, each state once",
        todo=f"correct the file that {PANEL} names",
    )


def is_panel_chosen() -> bool:
    """Whether the operator has named a panel."""
    return bool(os.environ.get(PANEL))


def codes(cow_states: pd.DataFrame) -> pd.DataFrame:
    """Spells of states under Correlates of War numbers, cut where a number changes its state.

    The list was closed at the end of 2016 (`version`): a spell that lasts to its last day goes on.
    """
    last = cow_states["end_date"].max()
    names = load_map(GEO)
    names = names[names["kind"] == "state"]
    bound = names.assign(ccode=pd.to_numeric(names["name"]))
    both = cow_states.merge(bound, on="ccode", suffixes=("", "_map"))
    start = both[["start_date", "start_date_map"]].max(axis=1)
    # The map's end is exclusive, a spell's last day inclusive.
    until = both["end_date_map"] - pd.Timedelta(days=1)
    end = both["end_date"].where(both["end_date"] <= until, until)
    frame = pd.DataFrame(
        {
            "cow_code": both["ccode"],
            "start_date": start,
            "end_date": end.where(end != last),
            "iso3": both["iso3"],
        }
    )
    return frame[start <= end]


def states(cow_states: pd.DataFrame, spells: pd.DataFrame) -> pd.DataFrame:
    """One row per state, with the name of its latest spell."""
    named = spells.merge(
        cow_states[["ccode", "state_name"]].drop_duplicates("ccode", keep="last"),
        left_on="cow_code",
        right_on="ccode",
    ).sort_values(["iso3", "start_date"])
    grouped = named.groupby("iso3", sort=True)
    chosen = panel().set_index("iso3")["name"]
    last = grouped.last()
    unknown = sorted(set(chosen.index) - set(last.index))
    # The bundled list may be longer than what a source holds; one that somebody names may not.
    if unknown and is_panel_chosen():
        raise _panel_fault(Path(os.environ.get(PANEL, "panel.csv")), f"no states: {unknown}")
    open_ended = named["end_date"].isna().groupby(named["iso3"]).any()
    return pd.DataFrame(
        {
            "iso3": last.index,
            "name": chosen.reindex(last.index).fillna(last["state_name"]).to_numpy(),
            "cow_code": last["cow_code"].to_numpy(),
            "start_date": grouped["start_date"].min().to_numpy(),
            "end_date": grouped["end_date"].max().where(~open_ended).to_numpy(),
            "is_panel": last.index.isin(chosen.index),
        }
    )


def groups(memberships: pd.DataFrame, definition: Definition) -> pd.DataFrame:
    """Clubs by accession, and the groups of the question."""
    clubs = memberships.loc[
        memberships["status"] == "member",
        ["group_id", "iso3", "start_date", "end_date", "source_url"],
    ]
    own = [
        {"group_id": group, "iso3": iso3}
        for q in definition.questions
        for group, members in ((q.bloc, q.bloc_members), ("principals", q.principals))
        for iso3 in members
    ]
    fixed = (
        pd.DataFrame(own)
        .drop_duplicates()
        .assign(
            start_date=pd.Timestamp(definition.first_year, 1, 1), end_date=pd.NaT, source_url=None
        )
    )
    fixed["source_url"] = fixed["source_url"].astype("str")
    fixed["end_date"] = fixed["end_date"].astype("datetime64[s]")
    fixed["start_date"] = fixed["start_date"].astype("datetime64[s]")
    return pd.concat([clubs, fixed], ignore_index=True)


def mid_year(years: pd.Series) -> pd.Series:
    """1 July of each year: the day on which yearly figures belong to a state."""
    january = (years.astype("int64").to_numpy() - 1970).astype("datetime64[Y]")
    july = january.astype("datetime64[M]") + np.timedelta64(6, "M")
    return pd.Series(july.astype("datetime64[s]"), index=years.index)


def cow_to_iso3(code: pd.Series, when: pd.Series, source: str, table: str) -> pd.Series:
    """Map Correlates of War numbers on given days to states; empty where it is no state."""
    # A long column repeats few numbers: text is made once for each.
    place, numbers = pd.factorize(code.astype("int64"))
    text = pd.Categorical.from_codes(place, pd.Index(numbers).astype("str"))
    names = pd.Series(text, index=code.index)
    return map_names(source, table, names, load_map(GEO), when)["iso3"]


def existence(spells: pd.DataFrame, years: tuple[int, ...], iso3: tuple[str, ...]) -> np.ndarray:
    """Whether each state existed on 1 July of each year: bool array (years, states)."""
    out = np.zeros((len(years), len(iso3)), dtype=bool)
    days = pd.to_datetime([f"{y}-07-01" for y in years])
    place = {s: k for k, s in enumerate(iso3)}
    for row in spells.itertuples(index=False):
        if row.iso3 in place:
            open_ended = pd.isna(row.end_date)
            inside = (days >= row.start_date) & (open_ended | (days <= row.end_date))
            out[inside, place[row.iso3]] = True
    return out


def economy(gdp: pd.DataFrame, population: pd.DataFrame) -> pd.DataFrame:
    """Output and population of every state of the World Bank's list, by year."""
    both = gdp[["country_code", "year", "gdp_usd"]].merge(
        population[["country_code", "year", "population_persons"]],
        on=["country_code", "year"],
        how="outer",
    )
    mapped = map_names("worldbank", "core", both["country_code"], load_map(SOURCES / "worldbank"))
    both["iso3"] = mapped["iso3"]
    known = both["gdp_usd"].notna() | both["population_persons"].notna()
    return both.loc[
        (mapped["kind"] == "state") & known, ["iso3", "year", "gdp_usd", "population_persons"]
    ]
