"""Inputs and replicas take turns, and no pair of them is left out."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.domain.turns import input_turn, replica_turn


@given(inputs=st.integers(1, 30), replicas=st.integers(1, 12))
def test_every_pair_occurs_once_in_as_many_samples_as_there_are_pairs(inputs: int, replicas: int) -> None:
    pairs = Counter(
        (input_turn(number, inputs), replica_turn(number, inputs=inputs, replicas=replicas))
        for number in range(1, inputs * replicas + 1)
    )
    assert len(pairs) == inputs * replicas
    assert set(pairs.values()) == {1}


@given(inputs=st.integers(1, 30), replicas=st.integers(1, 12), start=st.integers(0, 500))
def test_each_comes_at_its_turn(inputs: int, replicas: int, start: int) -> None:
    """Any so many samples in a row ask every input; replicas are asked evenly, none of them twice as often."""
    numbers = range(start + 1, start + 1 + inputs)
    assert {input_turn(number, inputs) for number in numbers} == set(range(inputs))
    round_ = range(start + 1, start + 1 + 4 * replicas * inputs)
    asked = Counter(replica_turn(number, inputs=inputs, replicas=replicas) for number in round_)
    assert max(asked.values()) - min(asked.values()) <= 2


def test_without_inputs_or_replicas_there_is_one_turn() -> None:
    assert (input_turn(7, 0), replica_turn(7, inputs=0, replicas=0)) == (0, 0)
