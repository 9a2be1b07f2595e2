"""The comparison with other weights or another mean, from the published pillars, without a rebuild.

Belongs here: reading the pillars of a question's ties and putting them together anew. Does not
belong here: the search for weights (`indices.composite.whatif`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import numpy as np

from indices.composite.aggregate import weighted_mean
from indices.composite.whatif import nearest_weights
from indices.definition import Definition, Question, load_definition
from indices.robustness import geometric_mean
from warehouse.answers import CannotAnswer

MEANS = ("arithmetic", "geometric")


@dataclass(frozen=True)
class WhatIf:
    """A principal's ties with the focal state and the bloc's members under other weights.

    Parameters
    ----------
    states : list of str
        The focal state, then the bloc's members with all pillars known.
    pillars : list of str
    before, after : dict of str to float
        Depth of each tie, as published and as asked for.
    gap_before, gap_after : float
        Bloc mean minus focal state.
    published, weights : dict of str to float
        Of the pillars: the published ones, and those asked for, adding to one.
    flip : dict of str to float or None
        The weights nearest to `weights` (smallest sum of changes) at which the arithmetic gap is
        zero; None where none are.
    """

    states: list[str]
    pillars: list[str]
    before: dict[str, float]
    after: dict[str, float]
    gap_before: float
    gap_after: float
    published: dict[str, float]
    weights: dict[str, float]
    flip: dict[str, float] | None


def whatif(
    con: duckdb.DuckDBPyConnection,
    principal: str,
    year: int,
    weights: Mapping[str, float] | None = None,
    mean: str = "arithmetic",
    question: str | None = None,
) -> WhatIf:
    """Make a principal's ties of one year anew.

    Parameters
    ----------
    con : connection
        To the warehouse.
    principal : str
        ISO code; its own view is taken.
    year : int
    weights : mapping of str to float, optional
        Weights of some pillars, together at most 1; the others share the rest in proportion to
        their published weights.
    mean : str
        'arithmetic' or 'geometric'.
    question : str, optional
        Name of a question of the definition; by default the first that asks of the principal.

    Raises
    ------
    CannotAnswer
        If the question, principal, year or a pillar is not there, or the weights cannot be.
    """
    definition = load_definition()
    asked = _asked(definition, question, principal)
    if mean not in MEANS:
        raise CannotAnswer(f"mean {mean!r}: expected one of {MEANS}")
    pillars = [p.name for p in definition.pillars]
    states, scores = _scores(con, asked, principal, year, pillars)
    old = np.array([p.weight for p in definition.pillars])
    new = _completed(weights or {}, definition)

    def depth(w: np.ndarray, how: str) -> np.ndarray:
        return geometric_mean(scores, w) if how == "geometric" else weighted_mean(scores, w, 0.0)

    before, after = depth(old, "arithmetic"), depth(new, mean)
    # Each pillar's share in the gap: linear in the weights.
    contrast = scores[:, 1:].mean(axis=1) - scores[:, 0]
    turned = contrast if contrast @ new > 0 else -contrast
    nearest = nearest_weights(turned, new)
    return WhatIf(
        states,
        pillars,
        dict(zip(states, before.tolist(), strict=True)),
        dict(zip(states, after.tolist(), strict=True)),
        float(before[1:].mean() - before[0]),
        float(after[1:].mean() - after[0]),
        dict(zip(pillars, old.tolist(), strict=True)),
        dict(zip(pillars, new.tolist(), strict=True)),
        None if nearest is None else dict(zip(pillars, nearest.tolist(), strict=True)),
    )


def _asked(definition: Definition, name: str | None, principal: str) -> Question:
    """The question of this name, or the first, that asks of the principal."""
    for question in definition.questions:
        if name in (None, question.name) and principal in question.principals:
            return question
    known = {q.name: q.principals for q in definition.questions}
    raise CannotAnswer(f"{name or 'no question'}, {principal}: expected one of {known}")


def _scores(
    con: duckdb.DuckDBPyConnection,
    question: Question,
    principal: str,
    year: int,
    pillars: list[str],
) -> tuple[list[str], np.ndarray]:
    """The ties with all pillars known, the focal one first; shape (pillars, ties)."""
    wanted = [question.focal, *question.bloc_members]
    rows = con.execute(
        "SELECT to_iso3, pillar, score FROM out_pillars__yearly_dyads "
        "WHERE from_iso3 = ? AND year = ? AND list_contains(?, to_iso3) AND score IS NOT NULL",
        [principal, year, wanted],
    ).fetchall()
    found = {(state, pillar): score for state, pillar, score in rows}
    states = [s for s in wanted if all((s, p) in found for p in pillars)]
    if states[:1] != [question.focal] or len(states) == 1:
        raise CannotAnswer(
            f"{principal}, {year}: full ties with {states or 'nobody'}; expected {question.focal} "
            f"and a state of {question.bloc}; look at out_gap__yearly for the years there are"
        )
    return states, np.array([[found[s, p] for s in states] for p in pillars])


def _completed(weights: Mapping[str, float], definition: Definition) -> np.ndarray:
    """Weights of all pillars, those not given sharing the rest in proportion."""
    published = {p.name: p.weight for p in definition.pillars}
    unknown = sorted(set(weights) - set(published))
    if unknown:
        raise CannotAnswer(f"pillars {unknown}: expected some of {list(published)}")
    given = sum(weights.values())
    left = sum(w for p, w in published.items() if p not in weights)
    wrong = not all(np.isfinite(w) and w >= 0 for w in weights.values()) or given > 1 + 1e-9
    if wrong or (not left and abs(given - 1) > 1e-9):
        raise CannotAnswer(
            f"weights {dict(weights)} add to {given:g}; expected none below 0 and a sum of at "
            "most 1, exactly 1 where every pillar has one"
        )
    rest = max(1 - given, 0.0)
    return np.array(
        [weights.get(p, rest * w / left if left else 0.0) for p, w in published.items()]
    )
