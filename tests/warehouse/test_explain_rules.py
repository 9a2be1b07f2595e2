"""The rules of a tree that figures seldom meet: what is missing, what is too little."""

from __future__ import annotations

import pytest

from indices.definition import load_definition
from warehouse.explain import _tree

DEFINITION = load_definition()
TRADE = DEFINITION.pillars[0]
# A value in the middle of every scale.
VALUES = {i.name: (i.lo + i.hi) / 2 for i in DEFINITION.indicators}


def tree(**values: float | None):
    """The tree of a tie, with some of its values changed."""
    known = VALUES | values
    found = {k: (v, "missing" if v is None else "observed", None) for k, v in known.items()}
    return _tree(DEFINITION, found, {})


def test_a_pillar_needs_half_its_weight() -> None:
    pillars, depth = tree(trade_intensity=None)  # 0.65 is known
    assert pillars[0].score is not None
    assert depth is not None
    pillars, depth = tree(trade_share=None)  # 0.35 is known
    assert pillars[0].score is None
    assert pillars[0].points == 0
    assert depth == pytest.approx(sum(p.points for p in pillars[1:]))


def test_treaties_need_the_obligation_and_nothing_else() -> None:
    others = [i.name for p in DEFINITION.pillars for i in p.indicators if p.name == "treaties"]
    others.remove("security_commitment")
    assert tree(**dict.fromkeys(others))[0][2].score == pytest.approx(50)
    assert tree(security_commitment=None)[0][2].score is None


def test_two_pillars_make_no_depth() -> None:
    pillars, depth = tree(vote_kappa=None, security_commitment=None)
    assert depth is None
    assert {p.points for p in pillars} == {None}
    assert sum(p.score is not None for p in pillars) == 2


def test_what_does_not_apply_is_neither_known_nor_missing() -> None:
    known = {k: (v, "observed", None) for k, v in VALUES.items() if k != "partnership_tier"}
    pillars, _ = _tree(DEFINITION, known, {})
    assert pillars[2].coverage == 1
    (tier,) = [i for i in pillars[2].indicators if i.name == "partnership_tier"]
    assert (tier.status, tier.weight_used) == ("does not apply", 0)


@pytest.mark.parametrize(("share", "is_capped"), [(0.99, True), (1.0, False), (None, False)])
def test_a_small_share_of_trade_holds_intensity_down(share: float | None, is_capped: bool) -> None:
    pillars, _ = tree(trade_share=share, trade_intensity=10.0)
    (intensity,) = [i for i in pillars[0].indicators if i.name == "trade_intensity"]
    assert intensity.is_capped == is_capped
    assert intensity.score == (50 if is_capped else 100)


def test_values_beyond_the_goalposts_score_the_ends() -> None:
    pillars, _ = tree(arms_volume=0.0, trade_share=1000.0)
    scores = {i.name: i.score for p in pillars for i in p.indicators}
    assert (scores["arms_volume"], scores["trade_share"]) == (0, 100)
