"""What is wrong with a definition is said in the words of its author."""

from __future__ import annotations

from pathlib import Path

import pytest

from indices.definition import (
    DEFINITION,
    QUESTIONS,
    DefinitionError,
    definition_text,
    load_definition,
    parse_definition,
)

TEXT = DEFINITION.read_text(encoding="utf-8")


def test_the_definition_is_four_equal_pillars_and_versioned_by_its_bytes() -> None:
    made = load_definition()
    assert [(p.name, p.weight) for p in made.pillars] == [
        (name, 0.25) for name in ("trade", "arms", "treaties", "voting")
    ]
    assert made.sha256 != parse_definition((TEXT + "\n").encode()).sha256
    assert {i.kind for i in made.indicators} == {"costly", "declared"}
    (question,) = [q for q in made.questions if q.name == "iran_gulf"]
    assert question.focal == "IRN"
    assert set(question.bloc_members) == {"SAU", "ARE", "QAT", "KWT", "BHR", "OMN"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("lo = 0.1\nhi = 10\n", "lo = 10\nhi = 0.1\n", "trade_intensity.*goalposts 10 and 0.1"),
        ("lo = 0.1\nhi = 10\n", "lo = 0\nhi = 10\n", "trade_intensity.*no logarithm"),
        ("lo = 0.1\nhi = 10\n", 'lo = "low"\nhi = 10\n', "trade_intensity.*lo is 'low'"),
        ("weight = 0.35", "weight = 0.30", r"pillar trade.*0\.9"),
        ("weight = 0.35", "weight = -0.35", r"trade_intensity.*-0\.35"),
        ("weight = 0.35", 'weight = "much"', "trade_intensity.*'much'"),
        ('name = "arms"\nweight = 0.25', 'name = "arms"\nweight = 0.35', r"pillars weigh 1\.1"),
        ("cap_score = 50", "cap_scor = 50", "trade_intensity.*cap_scor"),
        ('required = "security', 'requird = "security', "pillar treaties.*requird"),
        ('required = "security_commitment"', 'required = "vote_kappa"', "treaties.*vote_kappa"),
        ('name = "arms_volume"', 'name = "trade_share"', "indicator named twice: trade_share"),
        ('name = "voting"', 'name = "arms"', "pillar named twice: arms"),
        ('normalise = "z_score"', 'normalise = "z"', "variant z_score: normalise is 'z'"),
        ('normalise = "z_score"', "", "variant z_score: changes nothing"),
        ('normalise = "z_score"', 'normalise = "z_score"\ntrade = "recorded_usd"', "exactly one"),
        ('without_pillar = "arms"', 'without_pillar = "arm"', "without_pillar is 'arm'"),
        ('name = "z_score"', 'name = "percentile"', "variant named twice: percentile"),
        ('transform = "log"\nlo = 0.1', 'transform = "sqrt"\nlo = 0.1', "transform is 'sqrt'"),
        ('kind = "declared"', 'kind = "cheap"', "kind is 'cheap'"),
        ('applies = "principals"', 'applies = "some"', "partnership_tier.*applies is 'some'"),
        ("[ladder]", "[steps]", "entry 'ladder' is missing"),
        ("first_year = 1950", "", "entry 'first_year' is missing"),
        ("[ladder]", "[ladder", "not valid TOML"),
    ],
)
def test_a_contradiction_is_named(old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(DefinitionError, match=message):
        parse_definition(TEXT.replace(old, new, 1).encode())


def test_the_file_is_named_with_its_fault(tmp_path: Path) -> None:
    wrong = tmp_path / "mine.toml"
    wrong.write_text(TEXT.replace("weight = 0.35", "weight = 0.30", 1), encoding="utf-8")
    with pytest.raises(DefinitionError, match=r"mine\.toml: pillar trade"):
        load_definition(wrong)


MORE = """
[[question]]
name = "india_rivals"
label = "India against Pakistan"
focal = "IND"
bloc = "india_rivals"
bloc_members = ["PAK"]
principals = ["USA"]
"""


def test_questions_may_be_asked_besides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = load_definition()
    path = tmp_path / "questions.toml"
    path.write_text(MORE)
    monkeypatch.setenv(QUESTIONS, str(path))
    asked = load_definition()
    assert [q.name for q in asked.questions] == ["iran_gulf", "india_rivals"]
    assert asked.pillars == before.pillars
    assert asked.sha256 != before.sha256
    assert parse_definition(definition_text()).sha256 == asked.sha256
    monkeypatch.delenv(QUESTIONS)
    assert load_definition() == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('version = "2"\n' + MORE, r"entries \['version'\]"),
        ("[[question\n", "QUESTIONS"),
        (MORE + MORE, "question named twice: india_rivals"),
        (MORE.replace('focal = "IND"\n', ""), "'focal' is missing"),
    ],
)
def test_wrong_questions_are_named(
    text: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "questions.toml"
    path.write_text(text)
    monkeypatch.setenv(QUESTIONS, str(path))
    with pytest.raises(DefinitionError, match=words):
        load_definition()
