"""The documents say what the code does: nothing undocumented, nothing stale."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from indices.definition import load_definition
from pipelines.cli import app
from pipelines.sources.catalogue import sources
from schemas import REGISTRY
from warehouse.views import VIEWS

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_data_dictionary_is_that_of_the_registry(generate: ModuleType) -> None:
    assert (ROOT / "docs" / "DATA_DICTIONARY.md").read_text() == generate.dictionary(), (
        "run: python docs/generate.py"
    )


@pytest.mark.parametrize("name", [v.name for v in VIEWS])
def test_the_readme_names_every_view(name: str) -> None:
    assert f"`{name}`" in README


def test_the_methodology_describes_every_indicator_and_rung() -> None:
    text = (ROOT / "docs" / "METHODOLOGY.md").read_text()
    definition = load_definition()
    missing = [i.name for i in definition.indicators if i.name not in text]
    missing += [k for k in definition.ladder if k not in text and k.replace("_", " ") not in text]
    assert not missing
    assert definition.version in text


@pytest.mark.parametrize("document", ["README.md", "docs/METHODOLOGY.md", "docs/CURATED.md"])
def test_every_table_a_document_names_exists(document: str) -> None:
    named = set(
        re.findall(r"\b(?:raw|core|out|meta)_[a-z_]+__[a-z_]+", (ROOT / document).read_text())
    )
    assert named <= set(REGISTRY), named - set(REGISTRY)


def test_every_file_the_readme_links_exists() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert not [link for link in links if not (ROOT / link).exists()]


def test_every_source_of_a_table_is_in_the_catalogue_with_its_terms() -> None:
    used = {s for t in REGISTRY.values() for s in t.sources}
    assert used <= set(sources()), used - set(sources())
    assert all(s.licence and s.citation and s.vintage for s in sources().values())


def test_every_command_has_a_help_text() -> None:
    assert all(c.callback.__doc__ for c in app.registered_commands if c.callback)
