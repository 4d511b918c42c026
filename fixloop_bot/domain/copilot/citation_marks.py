"""Citations in all the shapes in which models write them.

``[1]``, ``[1, 3]``, ``[1-3]``, ``【1†source】``, ``[^1]``, ``[e1]``, ``[evidence 1]``, ``[1](address)``, ``(1)`` at the
end of a clause. What stands in code is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_WORD = r"(?:\^|e(?:v(?:idence)?)?\.?|sources?|src|ref(?:erence)?s?\.?|beleg|quelle|preuve|fuente|fonte|bron|nr?\.?|#)"
_ONE = rf"(?:{_WORD}\s{{0,2}}[:#]?\s{{0,2}})?\d{{1,4}}(?:\s?†[^\]】,;]{{0,80}})?"
_MANY = rf"\s{{0,2}}{_ONE}(?:\s{{0,2}}(?:,|;|&|and|und|et|y|-|–|\]\[)\s{{0,2}}{_ONE}){{0,20}}\s{{0,2}}"
_MARKS = re.compile(
    rf"(?P<code>`[^`\n]{{1,400}}`|\$(?:\.\w{{1,80}}|\[(?:\d{{1,4}}|\*)\]){{1,20}})"
    rf"|\[{{1,2}}(?P<square>{_MANY})\]{{1,2}}(?:\([^)\s]{{0,400}}\))?"
    rf"|【(?P<thick>{_MANY})】"
    rf"|\((?P<round>(?:{_WORD}\s{{0,2}})?\d{{1,2}}(?:\s?,\s?\d{{1,2}}){{0,4}})\)(?=\s*(?:[.,;:!?)\[(]|$))",
    re.IGNORECASE,
)
_RANGE = re.compile(r"(\d{1,4})(?:\s?†[^\]】,;]*)?(?:\s{0,2}[-–]\s{0,2}(?:[^\d\s]{0,10}\s?)?(\d{1,4}))?")
_FOOTNOTE = re.compile(r"\s*(?:[-*•]\s+)?(?:\[\^?e?\d{1,4}\]|【\d{1,4}】)\s*[:：–-]", re.IGNORECASE)
_LIST_OF_SOURCES = re.compile(
    r"[\s#*_]*(?:sources?|references?|citations?|evidence|footnotes?|quellen|belege|références|fuentes|referencias|"
    r"fontes|referências|fonti|riferimenti|bronnen)[\s*_]*[:：]?[\s*_]*",
    re.IGNORECASE,
)
MOST_IN_A_RANGE = 12


@dataclass(frozen=True, slots=True)
class Marked:
    """A sentence, its citations taken out: ``claim`` is what it says, ``numbers`` what it cites, in order."""

    claim: str
    numbers: tuple[int, ...]


def read_marks(text: str, *, known: Callable[[int], bool]) -> Marked:
    """The claim and the citations; ``(1)`` counts as one only where such a number is ``known``."""
    numbers: list[int] = []

    def take(found: re.Match[str]) -> str:
        cited = _numbers(found, known)
        numbers.extend(cited)
        return found[0] if not cited else ""

    claim = _MARKS.sub(take, text)
    return Marked(" ".join(claim.split()), tuple(dict.fromkeys(numbers)))


def renumbered(text: str, *, known: Callable[[int], bool], shown: Callable[[int], int]) -> str:
    """The text with every citation as ``[n]``, n being what ``shown`` makes of its number."""

    def rewrite(found: re.Match[str]) -> str:
        cited = tuple(dict.fromkeys(_numbers(found, known)))
        return "".join(f"[{shown(number)}]" for number in cited) if cited else found[0]

    return _MARKS.sub(rewrite, text)


def is_footnote(text: str) -> bool:
    """A line that explains a citation, as ``[1]: run 2``: FixLoop writes these itself."""
    return _FOOTNOTE.match(text) is not None


def begins_sources(text: str) -> bool:
    """A heading above the model's own list of sources."""
    return _LIST_OF_SOURCES.fullmatch(text) is not None


def _numbers(found: re.Match[str], known: Callable[[int], bool]) -> list[int]:
    if found["code"]:
        return []
    inside = found["square"] or found["thick"] or found["round"] or ""
    cited = list(_expanded(inside))
    if found["round"] and not all(known(number) for number in cited):
        return []
    return cited


def _expanded(inside: str) -> Iterator[int]:
    for first, last in _RANGE.findall(inside):
        low, high = int(first), int(last or first)
        if low < high <= low + MOST_IN_A_RANGE:
            yield from range(low, high + 1)
        else:
            yield from dict.fromkeys((low, high))
