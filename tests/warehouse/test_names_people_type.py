"""Forgiving spelling: what is meant is found, what is not is suggested."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from warehouse.answers import CannotAnswer
from warehouse.names import party, plain, state


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """The few tables that names are found in."""
    with duckdb.connect() as made:
        made.execute(
            """
            CREATE TABLE core_geo__states AS SELECT * FROM (VALUES ('IRN', 'Iran'), ('IRQ', 'Iraq'),
                ('TUR', 'Türkiye'), ('KOR', 'South Korea'), ('PRK', 'North Korea'),
                ('GBR', 'United Kingdom'), ('USA', 'United States'), ('NOR', 'Norway'),
                ('SAU', 'Saudi Arabia')) s(iso3, name);
            CREATE TABLE core_geo__state_years AS SELECT iso3, 2020 AS year FROM core_geo__states
                WHERE iso3 <> 'NOR';
            CREATE TABLE core_geo__groups AS SELECT * FROM (VALUES ('gulf', 'SAU'),
                ('arab_league', 'IRQ')) g(group_id, iso3);
            """
        )
        yield made


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("IRN", "IRN"),
        ("iran", "IRN"),
        ("Turkiye", "TUR"),
        ("turkey", "TUR"),
        ("The United States", "USA"),
        ("u.s.", "USA"),
        ("saudi", "SAU"),
        ("SOUTH-KOREA", "KOR"),
        ("dprk", "PRK"),
    ],
)
def test_a_state_is_found(con: duckdb.DuckDBPyConnection, text: str, code: str) -> None:
    assert state(con, text).code == party(con, text).code == code
    assert not party(con, text).is_group


@pytest.mark.parametrize("text", ["gulf", "Gulf", "arab league", "Arab_League", "the Gulf states"])
def test_a_group_is_found_where_groups_are_meant(con: duckdb.DuckDBPyConnection, text: str) -> None:
    assert party(con, text).is_group
    with pytest.raises(CannotAnswer):
        state(con, text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("iren", "did you mean Iran"),
        ("golf", "gulf [(]group[)]"),
        ("united", "United Kingdom .*United States"),
        ("Norway", "outside this build, which covers 8 states"),
        ("qqqq", "expected a state's name or ISO code, or a group"),
        ("", "not known"),
    ],
)
def test_what_is_not_found_is_suggested(
    con: duckdb.DuckDBPyConnection, text: str, message: str
) -> None:
    with pytest.raises(CannotAnswer, match=message):
        party(con, text)


def test_plain_letters() -> None:
    assert plain("The Côte-d’Ivoire") == "cotedivoire"
    assert plain("the") == "the"
