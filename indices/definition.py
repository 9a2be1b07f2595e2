"""The index as data: reads and checks `definition.toml`.

Belongs here: the shape of the definition and the errors a wrong one gives. Does not belong here:
any number of the index, or any arithmetic with it.
"""

from __future__ import annotations

import hashlib
import os
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DEFINITION = Path(__file__).with_name("definition.toml")
# Variable that names a file of further questions, in the form of those in definition.toml.
QUESTIONS = "ALLIANCE_DEPTH_QUESTIONS"
TRANSFORMS = ("linear", "log1p", "log")
KINDS = ("costly", "declared")
APPLIES = ("all", "principals")
VARIANTS = {
    "normalise": ("percentile", "z_score"),
    "aggregate": ("geometric",),
    "trade": ("recorded_usd",),
}


class DefinitionError(ValueError):
    """The definition of the index contradicts itself; the message names the entry."""


@dataclass(frozen=True)
class Indicator:
    """One indicator: how its value becomes a score, and what it weighs in its pillar."""

    name: str
    pillar: str
    label: str
    unit: str
    transform: str
    lo: float
    hi: float
    weight: float
    kind: str
    directional: bool
    applies: str = "all"
    cap_below_share: float | None = None
    cap_score: float | None = None
    is_scale: bool = False


@dataclass(frozen=True)
class Pillar:
    """One pillar: its weight in the index and its indicators."""

    name: str
    weight: float
    indicators: tuple[Indicator, ...]
    required: str | None = None


@dataclass(frozen=True)
class Question:
    """A comparison: the ties of principals with a focal state against those with a bloc."""

    name: str
    label: str
    focal: str
    bloc: str
    bloc_members: tuple[str, ...]
    principals: tuple[str, ...]


@dataclass(frozen=True)
class Variant:
    """Another way to make the index, set beside it; exactly one of the optional entries is given.

    Parameters
    ----------
    name, label : str
        Key in the tables, and plain words.
    normalise : str
        'percentile' or 'z_score' in place of goalposts.
    aggregate : str
        'geometric' in place of the arithmetic mean of the pillars.
    trade : str
        'recorded_usd' in place of the best estimate.
    relabelled_from : list of str
        States from whose exports unrecorded oil is taken off.
    without_pillar, without_source : str
        What is left out.
    """

    name: str
    label: str
    normalise: str | None = None
    aggregate: str | None = None
    trade: str | None = None
    relabelled_from: list[str] | None = None
    without_pillar: str | None = None
    without_source: str | None = None


@dataclass(frozen=True)
class Definition:
    """The whole index."""

    version: str
    first_year: int
    pillars: tuple[Pillar, ...]
    ladder: dict[str, float]
    tiers: dict[str, float]
    rules: dict[str, float]
    uncertainty: dict[str, float]
    arms_windows: tuple[int, ...]
    questions: tuple[Question, ...]
    variants: tuple[Variant, ...]
    sha256: str

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """All indicators in order of their pillars."""
        return tuple(i for p in self.pillars for i in p.indicators)

    def __hash__(self) -> int:
        return hash(self.sha256)


def _number(value: object, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DefinitionError(f"{what} is {value!r}, expected a number")
    return float(value)


def _positive(weight: object, where: str) -> float:
    number = _number(weight, f"{where}: weight")
    if not number > 0:
        raise DefinitionError(f"{where}: weight is {weight}, expected a number above 0")
    return number


def _indicator(pillar: str, raw: dict[str, Any]) -> Indicator:
    where = f"indicator {raw.get('name', '(unnamed)')} of pillar {pillar}"
    try:
        made = Indicator(pillar=pillar, **raw)
    except TypeError as error:
        raise DefinitionError(f"{where}: {error}") from None
    if not _number(made.weight, f"{where}: weight") >= 0:
        raise DefinitionError(f"{where}: weight is {made.weight}, expected a number of at least 0")
    for field, known in (("transform", TRANSFORMS), ("kind", KINDS), ("applies", APPLIES)):
        if getattr(made, field) not in known:
            found = getattr(made, field)
            raise DefinitionError(f"{where}: {field} is {found!r}, expected one of {known}")
    for post in ("lo", "hi"):
        _number(getattr(made, post), f"{where}: goalpost {post}")
    if not made.lo < made.hi:
        raise DefinitionError(f"{where}: goalposts {made.lo} and {made.hi}, expected lo below hi")
    if made.transform == "log" and made.lo <= 0:
        raise DefinitionError(f"{where}: lower goalpost {made.lo} has no logarithm")
    return made


def _pillar(raw: dict[str, Any]) -> Pillar:
    name = raw["name"]
    unknown = sorted(set(raw) - {"name", "weight", "required", "indicator"})
    if unknown:
        raise DefinitionError(f"pillar {name}: unknown entries {unknown}")
    indicators = tuple(_indicator(name, i) for i in raw["indicator"])
    total = sum(i.weight for i in indicators)
    if abs(total - 1) > 1e-9:
        raise DefinitionError(f"pillar {name}: its indicators weigh {total} together, expected 1")
    required = raw.get("required")
    if required is not None and required not in [i.name for i in indicators]:
        raise DefinitionError(f"pillar {name}: required indicator {required!r} is not one of its")
    return Pillar(name, _positive(raw["weight"], f"pillar {name}"), indicators, required)


def _variant(raw: dict[str, Any]) -> Variant:
    where = f"variant {raw.get('name', '(unnamed)')}"
    try:
        made = Variant(**raw)
    except TypeError as error:
        raise DefinitionError(f"{where}: {error}") from None
    given = sorted(set(raw) - {"name", "label"})
    if len(given) != 1:
        raise DefinitionError(f"{where}: changes {given or 'nothing'}, expected exactly one thing")
    for field, choices in VARIANTS.items():
        _one_of(made, field, choices)
    return made


def _one_of(variant: Variant, field: str, choices: tuple[str, ...]) -> None:
    found = getattr(variant, field)
    if found not in (None, *choices):
        raise DefinitionError(
            f"variant {variant.name}: {field} is {found!r}, expected one of {choices}"
        )


def parse_definition(text: bytes) -> Definition:
    """Read a definition from the bytes of a TOML file.

    Raises
    ------
    DefinitionError
        If a weight is not positive, weights do not add to one, goalposts are reversed, a name
        stands twice, or an entry is missing or unknown.
    """
    try:
        raw = tomllib.loads(text.decode())
        pillars = tuple(_pillar(p) for p in raw["pillar"])
        questions = tuple(
            Question(
                q["name"],
                q["label"],
                q["focal"],
                q["bloc"],
                tuple(q["bloc_members"]),
                tuple(q["principals"]),
            )
            for q in raw["question"]
        )
        made = Definition(
            version=raw["version"],
            first_year=raw["first_year"],
            pillars=pillars,
            ladder={k: float(v) for k, v in raw["ladder"].items()},
            tiers={k: float(v) for k, v in raw["tiers"].items()},
            rules=raw["rules"],
            uncertainty={k: v for k, v in raw["uncertainty"].items() if k != "arms_windows"},
            arms_windows=tuple(raw["uncertainty"]["arms_windows"]),
            questions=questions,
            variants=tuple(_variant(v) for v in raw.get("variant", [])),
            sha256=hashlib.sha256(text).hexdigest(),
        )
    except tomllib.TOMLDecodeError as error:
        raise DefinitionError(f"not valid TOML: {error}") from None
    except KeyError as error:
        raise DefinitionError(f"entry {error} is missing") from None
    for what, names in (
        ("pillar", [p.name for p in pillars]),
        ("indicator", [i.name for i in made.indicators]),
        ("question", [q.name for q in questions]),
        ("variant", [v.name for v in made.variants]),
    ):
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise DefinitionError(f"{what} named twice: {', '.join(twice)}")
    for variant in made.variants:
        _one_of(variant, "without_pillar", tuple(p.name for p in pillars))
    total = sum(p.weight for p in pillars)
    if abs(total - 1) > 1e-9:
        raise DefinitionError(f"the pillars weigh {total} together, expected 1")
    return made


def definition_text(path: Path = DEFINITION) -> bytes:
    """Return the definition in force: the file, and the questions asked besides.

    Raises
    ------
    DefinitionError
        If the file named by `QUESTIONS` cannot be read or holds anything but questions.
    """
    besides = os.environ.get(QUESTIONS, "")
    if not besides or path != DEFINITION:
        return path.read_bytes()
    try:
        asked = Path(besides).read_bytes()
        others = sorted(set(tomllib.loads(asked.decode())) - {"question"})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DefinitionError(f"{QUESTIONS}={besides}: {error}") from None
    if others:
        raise DefinitionError(
            f"{besides}: entries {others}, expected [[question]] alone; the method of the index is "
            f"in {DEFINITION.name}"
        )
    return path.read_bytes() + b"\n" + asked


def load_definition(path: Path = DEFINITION) -> Definition:
    """Return the definition of the index, by default the one in force (see `definition_text`)."""
    try:
        return _parsed(definition_text(path))
    except DefinitionError as error:
        raise DefinitionError(f"{path}: {error}") from None


@cache
def _parsed(text: bytes) -> Definition:
    return parse_definition(text)
