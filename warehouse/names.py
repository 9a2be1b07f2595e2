"""From what a person types to states and groups.

Belongs here: forgiving spelling, and what was probably meant. Does not belong here: how a source
spells a state (`pipelines/sources/<source>/names.csv`).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from warehouse.answers import CannotAnswer

if TYPE_CHECKING:
    import duckdb

# What people say that is neither the name in the tables nor the beginning of one.
_SAYINGS = {
    "america": "USA",
    "us": "USA",
    "unitedstatesofamerica": "USA",
    "uk": "GBR",
    "britain": "GBR",
    "greatbritain": "GBR",
    "england": "GBR",
    "uae": "ARE",
    "emirates": "ARE",
    "ksa": "SAU",
    "prc": "CHN",
    "persia": "IRN",
    "turkey": "TUR",
    "korea": "KOR",
    "dprk": "PRK",
    "burma": "MMR",
    "russianfederation": "RUS",
    "ussr": "RUS",
    "sovietunion": "RUS",
    "vietnam": "VNM",
}
_GROUP_SAYINGS = {"gulfstates": "gulf", "gulfcooperationcouncil": "gcc"}


@dataclass(frozen=True)
class Party:
    """A state, or a group of states.

    Parameters
    ----------
    code : str
        ISO code of the state, or name of the group in ``core_geo__groups``.
    label : str
    is_group : bool
    """

    code: str
    label: str
    is_group: bool


def plain(text: str) -> str:
    """The letters and digits of a name, small, without accents and a leading article."""
    split = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(c if c.isalnum() else " " for c in split if not unicodedata.combining(c))
    words = kept.split()
    return "".join(words[1:] if words[:1] == ["the"] and len(words) > 1 else words)


def party(con: duckdb.DuckDBPyConnection, text: str) -> Party:
    """Find the state or group that a text means.

    Parameters
    ----------
    con : connection
        To the warehouse.
    text : str
        Name, ISO code, group, or the beginning of a name that only one has.

    Raises
    ------
    CannotAnswer
        If nothing or several are meant; the message names what is near.
    """
    groups = [
        g
        for (g,) in con.execute(
            "SELECT DISTINCT group_id FROM core_geo__groups ORDER BY 1"
        ).fetchall()
    ]
    wanted = plain(text)
    by_group = {plain(g): g for g in groups}
    group = by_group.get(wanted) or _GROUP_SAYINGS.get(wanted)
    if group is not None and group in groups:
        return Party(group, group, is_group=True)
    return _state(con, text, by_group)


def state(con: duckdb.DuckDBPyConnection, text: str) -> Party:
    """Find the state that a text means; as `party`, without groups."""
    groups = con.execute("SELECT DISTINCT group_id FROM core_geo__groups").fetchall()
    if plain(text) in {plain(g) for (g,) in groups}:
        raise CannotAnswer(f"{text!r} is a group of states; expected one state")
    return _state(con, text, {})


def _state(con: duckdb.DuckDBPyConnection, text: str, by_group: dict[str, str]) -> Party:
    rows = con.execute(
        "SELECT s.iso3, s.name, s.iso3 IN (SELECT iso3 FROM core_geo__state_years) "
        "FROM core_geo__states s ORDER BY s.iso3"
    ).fetchall()
    names = {iso3: name for iso3, name, _ in rows}
    covered = {iso3 for iso3, _, is_covered in rows if is_covered}
    wanted = plain(text)
    codes = {iso3.casefold(): iso3 for iso3 in names}
    spelled = {plain(name): iso3 for iso3, name in names.items()} | {
        k: v for k, v in _SAYINGS.items() if v in names
    }
    hit = codes.get(wanted) or spelled.get(wanted)
    if hit is None and len(wanted) > 2:
        begun = sorted({v for k, v in spelled.items() if k.startswith(wanted) and v in covered})
        if len(begun) == 1:
            hit = begun[0]
        elif begun:
            shown = ", ".join(f"{names[c]} ({c})" for c in begun)
            raise CannotAnswer(f"{text!r} may be {shown}; say which")
    if hit is None:
        pool = {k: f"{names[v]} ({v})" for k, v in spelled.items() if v in covered}
        pool |= {c: f"{names[v]} ({v})" for c, v in codes.items() if v in covered}
        pool |= {k: f"{g} (group)" for k, g in by_group.items()}
        near = dict.fromkeys(pool[k] for k in get_close_matches(wanted, pool, n=4, cutoff=0.6))
        hint = (
            f"did you mean {', '.join(near)}?"
            if near
            else ("expected a state's name or ISO code" + (", or a group" if by_group else ""))
        )
        raise CannotAnswer(f"{text!r} is not known; {hint}")
    if hit not in covered:
        raise CannotAnswer(
            f"{names[hit]} ({hit}) is outside this build, which covers {len(covered)} states; "
            '`query "SELECT DISTINCT iso3 FROM core_geo__state_years"` lists them'
        )
    return Party(hit, names[hit], is_group=False)
