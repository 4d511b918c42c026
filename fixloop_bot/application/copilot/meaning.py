"""What texts mean, as vectors: for the search that finds what says the same in other words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import mul
from typing import Protocol

from fixloop_bot.domain.errors import FixLoopError

Vector = Sequence[float]
"""Of length 1, so that the product of two is the cosine of their angle: 1 is the same, 0 has nothing to do with it."""


class MeaningUnavailable(FixLoopError):  # noqa: N818 - named for what happened
    """Texts could not be turned into vectors; words alone answer."""


class Meaning(Protocol):
    """Turns texts into vectors on this machine: nothing is asked of any network.

    The same text always has the same vector. May take seconds; who stops waiting leaves the rest to go on, so that the
    same texts are there the next time. Raises MeaningUnavailable.
    """

    async def vectors(self, texts: Sequence[str]) -> Sequence[Vector]:
        """One for each text, in order; any text has one, an empty or a very long one too (its beginning counts)."""
        ...


def nearest(query: Vector, vectors: Mapping[str, Vector], *, least: float, most: int) -> list[str]:
    """Ids of the vectors that are at least so like the query, the likest first. Blocking: for a thread."""
    likeness = {each: sum(map(mul, query, vector)) for each, vector in vectors.items()}
    near = sorted((each for each, like in likeness.items() if like >= least), key=lambda each: -likeness[each])
    return near[:most]
