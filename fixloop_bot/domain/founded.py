"""Whether what a sentence says stands in the evidence: its quotes, its figures, and how a step ended."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fixloop_bot.domain import claims
from fixloop_bot.domain.spoken_figures import Grounds, figures_in, missing

_QUOTES = re.compile(
    r"`([^`\n]{2,300})`|\"([^\"\n]{2,300})\"|“([^”\n]{2,300})”|„([^“”\n]{2,300})[“”]|"
    r"«\s?([^»\n]{2,300}?)\s?»"
)
_HEADLINE = re.compile(r"\bstep \d+ \([a-z]+\) of run \d+ \([a-z]+\): (passed|failed|inconclusive|skipped|not decided)")


def unfounded(claim: str, cited: Sequence[Grounds]) -> str:
    """The first quote or figure of a sentence that stands in none of the evidence."""
    for quote in quoted(claim):
        if not any(each.quotes(quote) for each in cited):
            return f"“{quote[:60]}”"
    return missing(figures_in(_QUOTES.sub(" ", claim)), tuple(cited))


def quoted(claim: str) -> list[str]:
    return [next(filter(None, groups)) for groups in _QUOTES.findall(claim)]


def wrong_step_verdict(claim: str, cited: Sequence[Grounds]) -> str:
    """A step that is said to pass or fail must be said so by evidence about that step; empty where it is."""
    said = claims.step_verdicts(claim)
    places = [place for place in figures_in(claim).places if place[0] == "step"] if said else []
    if not places:
        return ""
    known = {verdict for each in cited if any(place in each.places for place in places) for verdict in _verdicts(each)}
    return next((f"that a step {verdict}" for verdict in sorted(said) if verdict not in known), "")


def _verdicts(grounds: Grounds) -> frozenset[str]:
    """What evidence about a step says of its verdict: its own headline, else any of its words."""
    headline = _HEADLINE.search(grounds.text)
    return frozenset({headline[1]}) if headline is not None else claims.step_verdicts(grounds.text)
