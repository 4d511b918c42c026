"""Two rankings of the same things become one, by the places that each thing has in them.

Reciprocal rank fusion (Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank
Learning Methods", SIGIR 2009): a thing's score is the sum of 1 / (k + place) over the rankings that name it, places
counted from 1, k = 60. Scores of words and of meaning have no common scale; places have.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum

K = 60
"""The constant of the paper: it keeps one first place from outweighing agreement further down."""


def fused(*rankings: Sequence[str]) -> list[str]:
    """Ids of all rankings, the best first; of two with the same score, the one that an earlier ranking names earlier.

    Each ranking stands in its own order, best first; an id named twice in one counts where it stands first.
    """
    places: dict[str, list[int]] = {}
    for ranking in rankings:
        for place, each in enumerate(dict.fromkeys(ranking), start=1):
            places.setdefault(each, []).append(place)
    return sorted(places, key=lambda each: -fsum(1 / (K + place) for place in places[each]))
