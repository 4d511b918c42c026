"""The symptom: what the alert's words say is wrong, to be compared with the words of a probe or an operation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fixloop_bot.domain.incidents import SignalLine

LONGEST_TEXT = 2_000

_WORD = re.compile(r"[a-z0-9]{3,}")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ENDING = re.compile(r"(?:ments?|ings?|ies|es|ed|s|y)$")
_LATENCY = re.compile(r"latenc|slow|\bp[579]\d|durations?|response.?time|time.?outs?|timed out", re.IGNORECASE)
_SAYS_NOTHING = frozenset(
    {
        *("the", "for", "and", "too", "are", "has", "with", "over", "under", "above", "below", "high", "low", "last"),
        *("rate", "error", "errors", "alert", "monitor", "warn", "warning", "critical", "triggered", "prod", "env"),
        *("production", "service", "services", "api", "http", "https", "percent", "minutes", "min", "fail", "failing"),
        *("fails", "failed", "failure", "failures", "down", "can", "get", "post", "this", "that", "from", "sum", "avg"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """The stems of the words that the signals use, and whether they are about slowness."""

    stems: frozenset[str] = frozenset()
    about_latency: bool = False
    about: str = ""
    """The main signal's title."""

    @classmethod
    def of(cls, signals: Sequence[SignalLine]) -> Symptom:
        titles = " ".join(signal.title for signal in signals)[:LONGEST_TEXT]
        queries = " ".join(signal.measure.query for signal in signals if signal.measure)[:LONGEST_TEXT]
        return cls(
            stems=_stems(titles),
            about_latency=bool(_LATENCY.search(f"{titles} {queries}")),
            about=signals[0].title if signals else "",
        )

    def shared(self, text: str) -> int:
        """How many of the symptom's words the text uses too."""
        return len(self.stems & _stems(text[:LONGEST_TEXT]))


def _stems(text: str) -> frozenset[str]:
    """Words without their endings, ``payments`` as ``pay``; camel case taken apart."""
    words = _WORD.findall(_CAMEL.sub(" ", text).lower())
    return frozenset(_stem(word) for word in words if word not in _SAYS_NOTHING)


def _stem(word: str) -> str:
    cut = _ENDING.sub("", word)
    return cut if len(cut) >= 3 else word
