"""Fusion is by places alone: agreement wins, nothing is lost or invented, and the same rankings give the same order."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.domain.copilot.fusion import K, fused

RANKING = st.lists(st.sampled_from([f"INC-{number}" for number in range(12)]), unique=True)


def score(each: str, *rankings: list[str]) -> float:
    """The paper's formula, written down a second time."""
    return sum(1 / (K + ranking.index(each) + 1) for ranking in rankings if each in ranking)


def test_agreement_outweighs_one_first_place() -> None:
    """Second for both is better than first for one and unknown to the other."""
    assert fused(["INC-1", "INC-2"], ["INC-3", "INC-2"]) == ["INC-2", "INC-1", "INC-3"]


def test_a_first_place_outweighs_agreement_far_down() -> None:
    """One first place is worth 1/61: twice the 61st is more, twice the 63rd is less."""
    lists = [[f"{side}{place}" for place in range(1, 63)] for side in ("a", "b")]
    high = [[*each[:60], "both", *each[60:]] for each in lists]
    assert fused(*high)[0] == "both"
    low = [[*each, "both"] for each in lists]
    assert fused(*low)[:3] == ["a1", "b1", "both"]


def test_without_any_ranking_there_is_nothing() -> None:
    assert fused() == []
    assert fused([], []) == []


@given(RANKING)
def test_one_ranking_alone_keeps_its_order(ranking: list[str]) -> None:
    """Whether the other says nothing, or the same."""
    assert fused(ranking) == ranking
    assert fused(ranking, []) == ranking
    assert fused([], ranking) == ranking
    assert fused(ranking, ranking) == ranking


@given(RANKING, RANKING)
def test_nothing_is_lost_and_nothing_invented(one: list[str], other: list[str]) -> None:
    """Every id once."""
    both = fused(one, other)
    assert set(both) == {*one, *other}
    assert len(both) == len(set(both))


@given(RANKING, RANKING)
def test_the_order_is_the_formulas(one: list[str], other: list[str]) -> None:
    """No id stands before one with a higher score."""
    scores = [score(each, one, other) for each in fused(one, other)]
    assert all(before >= after - 1e-12 for before, after in pairwise(scores))


@given(RANKING, RANKING, RANKING)
def test_the_rankings_order_decides_ties_only(one: list[str], other: list[str], third: list[str]) -> None:
    """Scores do not depend on which ranking is named first."""
    ahead = {each: score(each, one, other, third) for each in (*one, *other, *third)}
    forth, back = fused(one, other, third), fused(third, other, one)
    for first, second in ((each, later) for at, each in enumerate(forth) for later in forth[at + 1 :]):
        tied = abs(ahead[first] - ahead[second]) < 1e-12
        assert tied or back.index(first) < back.index(second)


@given(RANKING, RANKING, st.sampled_from(["INC-x", "INC-0"]))
def test_first_for_both_stays_first(one: list[str], other: list[str], best: str) -> None:
    tails = [[each for each in ranking if each != best] for ranking in (one, other)]
    assert fused(*([best, *tail] for tail in tails))[0] == best


@given(RANKING, RANKING)
def test_what_is_ahead_for_both_is_ahead(one: list[str], other: list[str]) -> None:
    """Whoever beats another in both rankings beats it in the end."""
    both = fused(one, other)
    shared = [each for each in one if each in other]
    for at, better in enumerate(shared):
        for worse in shared[at + 1 :]:
            if other.index(better) < other.index(worse):
                assert both.index(better) < both.index(worse)


@given(RANKING, st.lists(st.sampled_from(["INC-1", "INC-2", "INC-3"])))
def test_an_id_named_twice_counts_once(one: list[str], stuttered: list[str]) -> None:
    """Where it stands first, so that saying a thing often does not lift it."""
    assert fused(one, stuttered) == fused(one, list(dict.fromkeys(stuttered)))
