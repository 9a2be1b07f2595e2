"""Parser of DESTA's list of treaties, and what follows from it: members of what is in force.

Belongs here: reading the list, and the rules by which its rows add up to membership. Does not
belong here: mapping codes to states, or counting agreements of a pair and year.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

import schemas
from pipelines.sources.reading import (
    SourceError,
    read_delimited,
    require_columns,
    require_file,
    require_unique,
    to_integer,
    to_number,
)

_SOURCE = "desta"
_FIRST_LINE = 2
_NA = ("NA", "")
_TREATY = ["number", "base_treaty", "name", "entry_type", "year", "entryforceyear", "typememb"]
LIST_COLUMNS = [*_TREATY, "c1", "mc1"]
_NEGOTIATION = "negotiation"
_BLOCS = (3, 4)
_ALONE, _IN_BLOC = 0, 1
_NEW, _OLD, _COUNTERPART, _LEAVES = 1, 2, 3, 1


def parse_treaties(path: Path) -> pd.DataFrame:
    """Read the list, one row per treaty row and member.

    Parameters
    ----------
    path : Path
        ``desta_list_of_treaties_02_03.csv`` or an older list, in either of the two forms in which
        DESTA has published it: `,` with UTF-8 and blanks, or `;` with latin-1 and NA.

    Returns
    -------
    DataFrame
        Table ``raw_desta__members``.

    Raises
    ------
    SourceError
        If the file is not such a table, a value is no number, a row has no member or no year, or
        a treaty stands twice.
    """
    sep, encoding = _form(path)
    table = read_delimited(_SOURCE, path, LIST_COLUMNS, encoding=encoding, sep=sep)
    slots = [c for c in table.columns if re.fullmatch(r"c\d+", c)]
    lacking = [f"m{c}" for c in slots if f"m{c}" not in table.columns]
    if lacking:
        raise SourceError(
            _SOURCE,
            path,
            line=1,
            found=f"the columns {slots[0]} to {slots[-1]}",
            expected=f"also their roles {lacking}",
            todo="check that this is the whole list of treaties, not the list of dyads",
        )
    require_unique(_SOURCE, path, table, ["number"], _FIRST_LINE)
    treaties = pd.DataFrame(
        {
            "number": table["number"],
            "base_treaty": to_integer(
                _SOURCE, path, table["base_treaty"], "base_treaty", _FIRST_LINE
            ),
            "name": table["name"],
            "entry_type": table["entry_type"],
            "year": _number(path, table["year"]),
            "entry_force_year": _number(path, table["entryforceyear"]),
            "member_type": to_integer(_SOURCE, path, table["typememb"], "typememb", _FIRST_LINE),
        }
    )
    undated = treaties["year"].isna() & (treaties["entry_type"] != _NEGOTIATION)
    empty = table[slots].isin(_NA).all(axis=1)
    for wrong, found, expected in (
        (undated, "no year", f"a year in every row that is no {_NEGOTIATION}"),
        (empty, "no member", "at least one member"),
    ):
        if wrong.any():
            raise SourceError(
                _SOURCE,
                path,
                line=_FIRST_LINE + int(wrong.to_numpy().argmax()),
                found=found,
                expected=expected,
                todo="look at the line; if the upstream is wrong, add a correction for it",
            )
    members = treaties.merge(_members(path, table, slots), left_index=True, right_on="at")
    return schemas.conform(members.drop(columns="at"), schemas.table("raw_desta__members"))


def _form(path: Path) -> tuple[str, str]:
    """Separator and encoding of a list of treaties; `SourceError` if it is another table."""
    start = require_file(_SOURCE, path, "DESTA's list of treaties as CSV")
    header = start.partition(b"\n")[0]
    sep = ";" if header.count(b";") > header.count(b",") else ","
    # Latin-1 reads any bytes, so it can be told from UTF-8 only by the separator it came with.
    encoding = "latin-1" if sep == ";" else "utf-8-sig"
    names = header.decode("latin-1").removeprefix("\xef\xbb\xbf").split(sep)
    require_columns(_SOURCE, path, [n.strip().strip('"') for n in names], LIST_COLUMNS)
    return sep, encoding


def _number(path: Path, text: pd.Series) -> pd.Series:
    return to_number(_SOURCE, path, text, str(text.name), _FIRST_LINE, blank=_NA)


def _members(path: Path, table: pd.DataFrame, slots: list[str]) -> pd.DataFrame:
    """Every member of every row: row number `at`, slot, ISO numeric code and role.

    A role in a slot without a member says nothing.
    """
    values = {
        name: pd.concat([_number(path, table[f"{prefix}{c}"]) for c in slots], ignore_index=True)
        for name, prefix in (("member_iso_numeric", ""), ("member_class", "m"))
    }
    at = np.tile(np.arange(len(table)), len(slots))
    slot = np.repeat([int(c[1:]) for c in slots], len(table))
    found = pd.DataFrame({"at": at, "slot": slot, **values}).dropna(subset="member_iso_numeric")
    twice = found.duplicated(["at", "member_iso_numeric", "member_class"])
    if twice.any():
        row = found[twice].iloc[0]
        raise SourceError(
            _SOURCE,
            path,
            line=_FIRST_LINE + int(row["at"]),
            found=f"member {row['member_iso_numeric']:.0f} twice in one role",
            expected="each member once (or once for each bloc it belongs to)",
            todo="look at the line; if the upstream is wrong, add a correction for it",
        )
    return found


def agreements_in_force(members: pd.DataFrame) -> pd.DataFrame:
    """Work out who was a member of which agreement in force, and from when to when.

    The rows of one agreement are joined under its base treaty (an amendment's own number leads
    back to it). A member joins with the base treaty, with an amendment that names it, or by an
    accession that names it as new; it leaves by a withdrawal that names it as leaving. An agreement
    starts with the entry into force of its base treaty (or amendment), and one without such a year
    is not in force; an accession or withdrawal without it counts from its own year. Nothing enters
    into force before it is signed.

    Parameters
    ----------
    members : DataFrame
        Table ``raw_desta__members``.

    Returns
    -------
    DataFrame
        ``base_treaty``, ``member_iso_numeric``, ``start_year``, ``end_year`` (year of the
        withdrawal; null without one) and ``side``: in an agreement between blocs, or of a bloc and
        a third party, 1 or 2; null where every member is bound to every other. One row per spell.
    """
    rows = members[members["entry_type"] != _NEGOTIATION].reset_index(drop=True)
    rows = rows.assign(base_treaty=_root(rows), year=rows["year"].astype("float64"))
    effective = rows[["year", "entry_force_year"]].astype("float64").max(axis=1)
    rows["effective"] = effective.where(rows["entry_force_year"].notna())
    is_text = ~rows["entry_type"].isin(["accession", "withdrawal"])
    begun = rows[is_text].groupby("base_treaty")["effective"].min()
    rows["begun"] = rows["base_treaty"].map(begun)
    # A panel's extract may lack the base treaty; then nothing is known against the accession.
    bases = rows.loc[rows["entry_type"] == "base_treaty", "base_treaty"]
    unknown = ~rows["base_treaty"].isin(bases)
    rows["side"] = _side(rows, is_text)
    joins, leaves = _changes(rows)
    event_year = rows["effective"].where(is_text, rows["effective"].fillna(rows["year"]))
    event_year = event_year.where(is_text | unknown | (event_year >= rows["begun"]), rows["begun"])
    events = rows.assign(event_year=event_year, is_join=joins)[joins | leaves]
    return _spells(events.dropna(subset="event_year"))


def agreement_dyads(in_force: pd.DataFrame) -> pd.DataFrame:
    """Pair the members of each agreement that are bound to each other.

    Parameters
    ----------
    in_force : DataFrame
        What `agreements_in_force` returned.

    Returns
    -------
    DataFrame
        ``base_treaty``, ``a_iso_numeric`` < ``b_iso_numeric``, ``start_year``, ``end_year``; pairs
        of one bloc, and pairs that were never members at one time, have no row.
    """
    pairs = in_force.merge(in_force, on="base_treaty", suffixes=("_a", "_b"))
    pairs = pairs[pairs["member_iso_numeric_a"] < pairs["member_iso_numeric_b"]]
    start = pairs[["start_year_a", "start_year_b"]].max(axis=1)
    end = pairs[["end_year_a", "end_year_b"]].astype("Float64").min(axis=1).astype("Int64")
    same_bloc = (pairs["side_a"] == pairs["side_b"]).fillna(False).astype(bool)
    bound = ~same_bloc & ~(start >= end).fillna(False).astype(bool)
    out = pd.DataFrame(
        {
            "base_treaty": pairs["base_treaty"],
            "a_iso_numeric": pairs["member_iso_numeric_a"],
            "b_iso_numeric": pairs["member_iso_numeric_b"],
            "start_year": start,
            "end_year": end,
        }
    )[bound]
    return out.sort_values(list(out.columns[:4])).reset_index(drop=True)


def _root(rows: pd.DataFrame) -> pd.Series:
    """Base treaty at the end of the chain: an amendment may be the base of a later row."""
    treaties = rows.drop_duplicates("number")
    leads = treaties[treaties["number"].str.fullmatch(r"\d+")]
    step = dict(zip(leads["number"].astype("int64"), leads["base_treaty"], strict=True))
    root = rows["base_treaty"]
    for _ in range(len(step)):
        further = root.map(step).fillna(root).astype("int64")
        if (further == root).all():
            break
        root = further
    return root


def _side(rows: pd.DataFrame, is_text: pd.Series) -> pd.Series:
    """Side of each row's member in an agreement of blocs, null in any other.

    In the texts the roles are the sides. An accession brings a member to one bloc: the side that
    does not hold the counterpart it names, else the larger.
    """
    texts = rows[is_text & rows["member_type"].isin(_BLOCS)]
    role = _roles(texts)
    sizes = texts.assign(role=role).groupby(["base_treaty", "role"]).size().sort_values()
    largest = sizes.reset_index().drop_duplicates("base_treaty", keep="last")
    bloc = texts["base_treaty"].map(largest.set_index("base_treaty")["role"]).astype("Float64")
    # All in role 0 are no blocs (the African free trade area), and neither are members of whom
    # nothing is known; one bloc alone is an extract's rest.
    role, bloc = role.fillna(bloc).fillna(_ALONE), bloc.fillna(_ALONE)
    known = texts.assign(side=np.where(role == bloc, 1, 2))
    has_blocs = (role != _ALONE).groupby(texts["base_treaty"]).transform("any")
    known = known[has_blocs].drop_duplicates(["base_treaty", "member_iso_numeric"])
    key = ["base_treaty", "member_iso_numeric"]
    side = rows[key].merge(known[[*key, "side"]], on=key, how="left")["side"]
    side = side.set_axis(rows.index).astype("Int64")
    facing = (
        side.where(rows["member_class"] == _COUNTERPART).groupby(rows["number"]).transform("max")
    )
    newcomer = (3 - facing).fillna(1).where(rows["base_treaty"].isin(known["base_treaty"]))
    return side.fillna(newcomer.astype("Int64"))


def _roles(texts: pd.DataFrame) -> pd.Series:
    """Role of each member in texts of blocs, as coded.

    Where a text gives nobody a role (EC Ghana in version 02.03), its bloc are the members whom
    another text shows as one bloc: the one that shows most of them.
    """
    role = texts["member_class"].astype("Float64")
    unknown = role.isna().groupby(texts["number"]).transform("all")
    blocs = texts[~unknown & (role != _ALONE).fillna(False)]
    for _, text in texts[unknown].groupby("number"):
        here = blocs[blocs["member_iso_numeric"].isin(text["member_iso_numeric"])]
        together = here.groupby(["number", "member_class"])["member_iso_numeric"].agg(set)
        bloc: set[int] = max(together, key=len, default=set())
        if len(bloc) > 1:
            in_bloc = text["member_iso_numeric"].isin(bloc)
            role[text.index] = np.where(in_bloc, _IN_BLOC, _ALONE).astype("float64")
    return role


def _changes(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Which rows make their member join, and which make it leave."""
    kind, role = rows["entry_type"], rows["member_class"]
    accession = kind == "accession"
    named = (role == _NEW).fillna(False)
    # An accession to a bloc's agreement has no role 1: its newcomers stand in role 2.
    has_new = named.groupby(rows["number"]).transform("any")
    newcomer = named.where(has_new, (role == _OLD).fillna(False))
    leaves = (kind == "withdrawal") & (role == _LEAVES).fillna(False)
    joins = (accession & newcomer) | ~kind.isin(["accession", "withdrawal"])
    return joins.astype(bool), leaves.astype(bool)


def _spells(events: pd.DataFrame) -> pd.DataFrame:
    """Turn joining and leaving into spells: who is in cannot join, who is out cannot leave.

    In one year joining comes first: Bulgaria left CEFTA in the year its new text, which still
    names Bulgaria, came into force.
    """
    key = ["base_treaty", "member_iso_numeric"]
    order = [True, True, True, False]
    events = events.sort_values([*key, "event_year", "is_join"], ascending=order, kind="stable")
    was_in = events.groupby(key)["is_join"].shift(fill_value=False)
    changes = events[events["is_join"] != was_in]
    end = changes.groupby(key)["event_year"].shift(-1)
    spells = pd.DataFrame(
        {
            "base_treaty": changes["base_treaty"],
            "member_iso_numeric": changes["member_iso_numeric"],
            "start_year": changes["event_year"].astype("int64"),
            "end_year": end.astype("Int64"),
            "side": changes["side"],
        }
    )[changes["is_join"]]
    return spells.sort_values([*key, "start_year"]).reset_index(drop=True)
