"""A sentence in the parts that say one thing each, and which step and run, before or after the fix, each is about.

``Step 1 failed in 13 of 20 tries in run 1 and in 4 of 20 in run 2`` is two parts: step 1 of run 1, and step 1 of run
2. What a part does not name it takes from the part before it, but for the run where it says "now" or "before".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from fixloop_bot.domain.copilot.spoken_figures import Figures, Grounds, figures_in, folded
from fixloop_bot.domain.copilot.spoken_places import plainly

PLACE = re.compile(
    r"\b(?:steps?|schritt\w*|étapes?|pasos?|passos?|passi|stap\w*|runs?|(?:\w{3,20})?l[aä]uf\w*|samples?)\s*#?\d+"
    r"(?:(?:\s*,\s*(?:and |und |et |y |e |en )?|\s*(?:&|and|und|et|y|e|en)\s*)\d+"
    r"(?!\s*(?:/|%|of|von|sur|de|ms|s|min)))*"
)
_JOINTS = re.compile(r"\s*,\s*(?:and|und|et|y|e|en)?\s*|\s+(?:and|und|et|y|e|en)\s+")
_DIVIDER = re.compile(
    r"[;\n()。、，；]|:(?!\d)|,(?!\d)|\.\s|\s[-–—]\s|"
    r"\b(?:and|but|while|whereas|und|aber|während|et|mais|y|pero|e|ma|mas|en|maar|up from|down from)\b"
)
_AGAINST = re.compile(r"\b(?:versus|vs)\b")
_BEFORE_FIX = re.compile(
    r"\b(?:before|prior to|vor|avant|antes d\w*|prima d\w*|voor) (?:\w+ ){0,2}"
    r"(?:fix\w*|korrektur|behebung|correctif|correction|arreglo|correção|correzione)\b|修正前|修复前|수정 전"
)
_AFTER_FIX = re.compile(
    r"\b(?:after|since|nach|après|despu[eé]s d\w*|depois d\w*|dopo|na) (?:\w+ ){0,2}"
    r"(?:fix\w*|korrektur|behebung|correctif|correction|arreglo|correção|correzione)\b|修正後|修复后|수정 후"
)
_NOW = re.compile(
    r"\b(?:now|currently|still|jetzt|aktuell|derzeit|noch|weiterhin|maintenant|actuellement|encore|toujours|ahora|"
    r"todavía|aún|agora|ainda|adesso|ora|ancora|nu|nog|steeds)\b|今|現在|现在|仍|지금|현재"
)
BEFORE, AFTER = "before the fix", "after the fix"
"""As the headline of a step's evidence says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One part, in one case. ``places`` are its own and what it takes over; ``phase`` is BEFORE, AFTER or empty."""

    text: str
    figures: Figures
    places: frozenset[tuple[str, int]]
    phase: str = ""

    def fits(self, grounds: Grounds) -> bool:
        """Whether the evidence is about what this part is about; what names no step or run may be about anything."""
        for kind in ("step", "run"):
            wanted = {place for place in self.places if place[0] == kind}
            there = {place for place in grounds.places if place[0] == kind}
            if wanted and there and wanted.isdisjoint(there):
                return False
        other = {BEFORE: AFTER, AFTER: BEFORE}.get(self.phase)
        return other is None or other not in grounds.text or self.phase in grounds.text


def segments(claim: str, cited: Sequence[Grounds]) -> tuple[Segment, ...]:
    """The parts of a claim. "Now" is after the fix where anything cited is."""
    return _cut(claim, any(AFTER in each.text for each in cited))


@lru_cache(maxsize=256)
def _cut(claim: str, fixed: bool) -> tuple[Segment, ...]:
    plain = PLACE.sub(lambda found: _JOINTS.sub("&", found[0]), folded(plainly(claim)))
    plain = _AGAINST.sub("; versus", plain)
    found: list[Segment] = []
    steps: frozenset[tuple[str, int]] = frozenset()
    runs: frozenset[tuple[str, int]] = frozenset()
    for text in filter(None, map(str.strip, _DIVIDER.split(plain))):
        figures = figures_in(text)
        own = frozenset(figures.places)
        phase = _phase(text, fixed=fixed)
        if not phase and found and not any(place[0] == "run" for place in own) and _only_opens(found[-1]):
            phase = found[-1].phase
        steps = frozenset(place for place in own if place[0] == "step") or steps
        runs = frozenset(place for place in own if place[0] == "run") or (frozenset() if phase else runs)
        found.append(Segment(text=text, figures=figures, places=own | steps | runs, phase=phase))
    return tuple(found)


def _only_opens(part: Segment) -> bool:
    """``After the fix, …``: a time that is said of what follows."""
    return not (part.figures.numbers or part.figures.pairs or part.figures.names)


def _phase(text: str, *, fixed: bool) -> str:
    if _BEFORE_FIX.search(text) is not None:
        return BEFORE
    return AFTER if _AFTER_FIX.search(text) is not None or (fixed and _NOW.search(text) is not None) else ""
