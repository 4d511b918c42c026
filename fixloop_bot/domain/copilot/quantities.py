"""Quantities in words that the evidence bears out: "most" of the lines looked at, "two" changes that are cited."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fixloop_bot.domain.copilot.spoken_figures import Grounds, folded
from fixloop_bot.domain.copilot.spoken_places import NUMBER_WORDS

_MOST = re.compile(
    r"\b(?:(?:the )?(?:vast |large )?majority|most|the bulk|meisten|la plupart|la mayoría)"
    r"(?: of| de)?\b(?! common)"
)
_LOOKED_AT = re.compile(r"\b(\d[\d,]*) of (\d[\d,]*) lines looked at\b")
_ONLY_WORD = re.compile(r"\b(?:only|solely|exclusively|nur|seulement|solo|solamente|alleen)\b")
_ONLY = re.compile(
    rf"(?:{_ONLY_WORD.pattern}|\bsole\b)(?! (?:\w+ )?(?:\d|steps?\b|schritt|changes?\b|shows?\b|after\b|about\b|one\b))"
)
_NEVER = re.compile(r"\b(?:neither|never|nie|jamais|nunca|jamás|nooit)\b")
_NOT_ONE = re.compile(
    r"\b(?:neither|nor|never|none|nobody|nothing|no|0 of|0 tries|kein\w*|nie|jamais|nunca|nadie|zero|"
    r"mean 0|prohibited|forbidden)\b|\bnot\b.{1,80}\bnot\b"
)
_COUNTED = re.compile(
    rf"\b({'|'.join(NUMBER_WORDS)}) (?:other |recent |more )?(?=(?:changes|alerts|signals|monitors|events|incidents)\b)"
)


def without_proven_quantities(claim: str, cited: Sequence[Grounds]) -> str:
    """The claim without the words of quantity that are proven: by the share of lines, by how much is cited."""
    plain = folded(claim)
    if _MOST.search(plain) is not None and cited and all(map(_is_most, cited)):
        return _MOST.sub(" ", plain)
    return claim


def counts_what_it_cites(part: str, count: int) -> str:
    """A part of a claim with "both" for the number that says how many pieces of evidence it cites."""
    found = _COUNTED.search(part)
    if found is None or NUMBER_WORDS[found[1]] != str(count):
        return part
    return f"{part[: found.start()]}both {part[found.end() :]}"


def excludes_others(claim: str, cited: Sequence[Grounds]) -> bool:
    """Whether a claim says "only" of more than a figure, and nothing cited does. Steps are counted elsewhere."""
    plain = folded(claim)
    if _NEVER.search(plain) is not None and not any(_NOT_ONE.search(each.text) for each in cited):
        return True
    return _ONLY.search(plain) is not None and not any(_ONLY_WORD.search(each.text) for each in cited)


def _is_most(grounds: Grounds) -> bool:
    found = _LOOKED_AT.search(grounds.text)
    if found is None:
        return False
    few, whole = (int(number.replace(",", "")) for number in found.groups())
    return 2 * few > whole
