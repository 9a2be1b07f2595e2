"""The registry itself: complete, in one vocabulary, and translated without loss."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from factories import tiny_frame

import schemas
from schemas import CAVEATS, REGISTRY, Field, Table
from schemas.generate import arrow_schema, comment_sql, create_table_sql, data_dictionary

TABLES = [pytest.param(t, id=t.name) for t in REGISTRY.values()]

# "Tables every consumer may rely on" of DESIGN.md: key, then the columns beside it.
CONTRACT = {
    "core_geo__states": ("iso3", "name cow_code start_date end_date is_panel"),
    "core_geo__groups": ("group_id iso3 start_date", "end_date"),
    "core_un__roll_calls": (
        "roll_call_id",
        "body date session session_label resolution title yes no abstain absent",
    ),
    "core_un__votes": ("roll_call_id iso3", "vote"),
    "core_un__session_dyads": (
        "from_iso3 to_iso3 session",
        "n_joint agreement identical_share s_score kappa pi",
    ),
    "core_un__yearly_dyads": (
        "from_iso3 to_iso3 year",
        "n_joint agreement identical_share s_score kappa pi ideal_point_distance",
    ),
    "core_arms__deliveries": (
        "delivery_id",
        "supplier_iso3 recipient_iso3 order_year delivery_year designation category "
        "number_delivered tiv_millions status is_local_production is_estimate",
    ),
    "core_arms__yearly_dyads": ("supplier_iso3 recipient_iso3 year", "tiv_millions"),
    "core_trade__reported_flows": (
        "exporter_iso3 importer_iso3 year reporter source",
        "value_usd valuation",
    ),
    "core_trade__yearly_flows": (
        "exporter_iso3 importer_iso3 year",
        "value_usd method mirror_ratio adjustment_usd",
    ),
    "core_treaties__commitments": (
        "commitment_id",
        "from_iso3 to_iso3 instrument kind start_date end_date has_defense has_offense "
        "has_neutrality has_nonaggression has_consultation source_url",
    ),
    "core_treaties__yearly_dyads": (
        "from_iso3 to_iso3 year",
        "partnership_tier economic_agreements joint_igos troops_hosted",
    ),
    "out_indicators__yearly_dyads": (
        "from_iso3 to_iso3 year indicator",
        "pillar value score status",
    ),
    "out_pillars__yearly_dyads": ("from_iso3 to_iso3 year pillar", "score coverage"),
    "out_depth__yearly_dyads": (
        "from_iso3 to_iso3 year",
        "depth depth_lo90 depth_hi90 depth_status costly_depth declared_depth mutual_depth "
        "perception_gap perception_gap_directional coverage",
    ),
    "out_gap__yearly": (
        "question principal_iso3 view measure year",
        "focal_iso3 bloc focal_depth bloc_depth gap gap_lo90 gap_hi90 p_bloc_deeper "
        "gap_trade_weighted gap_pooled gap_best best_iso3",
    ),
    "meta_release": (
        "release",
        "built_at code_version method_version definition_sha256 mode",
    ),
    "meta_sources": (
        "source",
        "title vintage retrieved_at url licence citation sha256 rows",
    ),
    "meta_fields": ("table_name field", "type unit description"),
}
# The closed code lists DESIGN.md spells out.
CODES = {
    ("core_un__roll_calls", "body"): {"GA", "SC"},
    ("core_un__votes", "vote"): {"Y", "N", "A", "X"},
    ("core_trade__reported_flows", "valuation"): {"FOB", "CIF"},
    ("out_indicators__yearly_dyads", "status"): {"observed", "carried", "imputed", "missing"},
    ("out_depth__yearly_dyads", "depth_status"): {"full", "partial"},
    ("out_gap__yearly", "view"): {"principal", "partner", "mutual"},
    ("out_gap__yearly", "measure"): {"depth", "costly", "declared"},
    ("meta_release", "mode"): {"starter", "live"},
}
UNIT_SUFFIXES = {
    "_usd": "US dollars",
    "_tiv_millions": "million SIPRI trend-indicator values",
    "_millions": "million",
    "_pct": "%",
    "_persons": "persons",
    "_share": "share",
    "_depth": "points",
}
# Raw tables keep the source's own spelling of these.
SPELLED_BY_SOURCE = {"date", "session", "vote"}


@pytest.mark.parametrize("name", CONTRACT)
def test_tables_consumers_rely_on_keep_their_names_keys_and_columns(name: str) -> None:
    key, beside = CONTRACT[name]
    table = REGISTRY[name]
    assert set(table.key) == set(key.split())
    assert set(beside.split()) <= set(table.columns) - set(table.key)
    assert table.in_warehouse


@pytest.mark.parametrize(("table", "field"), CODES)
def test_code_lists_consumers_rely_on(table: str, field: str) -> None:
    assert set(REGISTRY[table][field].allowed) == CODES[table, field]


@pytest.mark.parametrize("table", TABLES)
def test_table_and_fields_are_described_in_phrases(table: Table) -> None:
    described = {table.name: table.description} | {f.name: f.description for f in table.fields}
    bad = [n for n, text in described.items() if len(text.split()) < 2 or not text.endswith(".")]
    assert not bad
    assert len(table.description.split()) > 4


@pytest.mark.parametrize("table", TABLES)
def test_names_follow_the_naming_page(table: Table) -> None:
    assert re.fullmatch(r"(raw|core|out|meta)_[a-z0-9_]+?(__[a-z0-9_]+)?", table.name)
    assert "__" in table.name or table.layer == "meta"
    assert all(re.fullmatch("[a-z][a-z0-9_]*", c) for c in table.columns)
    for f in table.fields:
        assert f.name.startswith(("is_", "has_")) == (f.type == "bool"), f.name
        if f.name.endswith("iso3") and table.layer != "raw":  # raw keeps the source's codes
            assert f.pattern == "[A-Z]{3}", f.name
        assert f.type == "date" or not f.name.endswith(("_date", "_at")), f.name
    if "dyads" in table.name:
        assert sum(c.endswith("_iso3") for c in table.key) == 2


@pytest.mark.parametrize("table", TABLES)
def test_a_unit_in_the_name_is_the_unit_of_the_field(table: Table) -> None:
    for f in table.fields:
        for suffix, unit in UNIT_SUFFIXES.items():
            if f.name.endswith(suffix) and f.type in ("int", "float"):
                assert unit in f.unit, f.name
        assert not f.unit or f.type in ("int", "float"), f"{f.name}: a unit needs a number"


@pytest.mark.parametrize("table", TABLES)
def test_every_table_of_figures_names_known_sources_and_caveats(table: Table) -> None:
    named = {s for t in REGISTRY.values() if t.layer == "raw" for s in t.sources}
    assert bool(table.sources) == (table.layer != "meta")
    assert set(table.sources) <= named, "a source no raw table comes from"
    assert set(table.caveats) <= set(CAVEATS)
    assert len(set(table.sources)) == len(table.sources)


@pytest.mark.parametrize("table", TABLES)
def test_rules_of_a_field_fit_its_type(table: Table) -> None:
    for f in table.fields:
        assert f.type == "string" or not (f.allowed or f.pattern), f.name
        assert f.type in ("int", "float") or (f.minimum is None and f.maximum is None), f.name
        assert f.minimum is None or f.maximum is None or f.minimum <= f.maximum, f.name


def test_a_field_name_has_one_type_and_unit_everywhere() -> None:
    seen: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for table in REGISTRY.values():
        for f in table.fields:
            if not (table.layer == "raw" and f.name in SPELLED_BY_SOURCE):
                seen[f.name].add((f.type, f.unit))
    assert {name: found for name, found in seen.items() if len(found) > 1} == {}


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


@pytest.mark.parametrize("table", TABLES)
def test_duckdb_and_arrow_agree_with_the_registry(
    table: Table, con: duckdb.DuckDBPyConnection
) -> None:
    types = {
        "string": ("VARCHAR", "string"),
        "int": ("BIGINT", "int64"),
        "float": ("DOUBLE", "double"),
        "bool": ("BOOLEAN", "bool"),
        "date": ("DATE", "date32[day]"),
    }
    con.execute(create_table_sql(table))
    for statement in comment_sql(table):
        con.execute(statement)
    columns = con.execute(
        "SELECT column_name, data_type, is_nullable, comment FROM duckdb_columns() "
        "WHERE table_name = ? ORDER BY column_index",
        [table.name],
    ).fetchall()
    assert columns == [
        (
            f.name,
            types[f.type][0],
            f.nullable,
            f"{f.description} [{f.unit}]" if f.unit else f.description,
        )
        for f in table.fields
    ]
    comment = "SELECT comment FROM duckdb_tables() WHERE table_name = ?"
    assert con.execute(comment, [table.name]).fetchall() == [(table.description,)]
    schema = arrow_schema(table)
    assert [str(t) for t in schema.types] == [types[f.type][1] for f in table.fields]
    rows = tiny_frame(table).astype(object).to_dict("records")
    made = pa.Table.from_pylist(rows, schema=schema)
    con.register("made", made)
    con.execute(f"INSERT INTO {table.name} SELECT * FROM made")
    assert con.execute(f"SELECT count(*) FROM {table.name}").fetchall() == [(len(rows),)]


def test_null_is_refused_by_the_generated_ddl() -> None:
    table = REGISTRY["core_un__votes"]
    with duckdb.connect() as con:
        con.execute(create_table_sql(table))
        with pytest.raises(duckdb.ConstraintException, match="vote"):
            con.execute("INSERT INTO core_un__votes VALUES ('GA-1', 'IRN', NULL)")


def test_arrow_schema_carries_description_and_unit() -> None:
    field = arrow_schema(REGISTRY["core_trade__yearly_flows"]).field("value_usd")
    assert field.metadata[b"unit"] == b"US dollars"
    assert field.metadata[b"description"].startswith(b"Best estimate")
    assert not field.nullable


def test_dictionary_shows_every_table_field_and_caveat() -> None:
    page = data_dictionary(list(REGISTRY.values()), dict(CAVEATS))
    sections = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", page, flags=re.M | re.S))
    assert set(sections) == {"Caveats", *REGISTRY}
    for table in REGISTRY.values():
        rows = re.findall(r"^\| (\w+) \| ", sections[table.name], flags=re.M)
        assert rows == ["field", *table.columns]
    for name in CAVEATS:
        assert f"- **{name}**: " in sections["Caveats"]


def test_meta_fields_lists_each_column_once() -> None:
    made = schemas.generate.meta_fields(list(REGISTRY.values()))
    assert len(made) == sum(len(t.fields) for t in REGISTRY.values())
    vote = made[(made["table_name"] == "core_un__votes") & (made["field"] == "iso3")].iloc[0]
    assert vote[["type", "is_key", "is_nullable", "redistribution"]].tolist() == [
        "VARCHAR",
        True,
        False,
        "full",
    ]
    schemas.validate(
        schemas.conform(made.replace({"unit": {"": pd.NA}}), REGISTRY["meta_fields"]),
        REGISTRY["meta_fields"],
    )


_K = Field("k", "string", "A key.")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fields": (_K, _K)}, "named twice"),
        ({"key": ()}, "none given"),
        ({"key": ("z",)}, "'z'"),
        ({"fields": (Field("k", "string", "A key.", nullable=True),)}, "may not be nullable"),
        ({"caveats": ("rumour",)}, "rumour"),
        ({"name": "stage_x__y"}, "starts with"),
    ],
)
def test_a_senseless_definition_is_refused(change: dict[str, object], message: str) -> None:
    good: dict[str, object] = {
        "name": "core_x__y",
        "description": "A table.",
        "key": ("k",),
        "fields": (_K,),
    }
    Table(**good)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=message):
        Table(**(good | change))  # type: ignore[arg-type]


def test_an_unknown_name_is_answered_with_near_ones() -> None:
    with pytest.raises(KeyError, match=r"core_un__votes.*") as error:
        schemas.table("core_un__ballots")
    assert "core_trade__yearly_flows" not in str(error.value)
    with pytest.raises(KeyError, match="it has"):
        schemas.table("core_un__votes")["ballot"]
