"""A checked answer, its numbers, and the rules that it was checked by."""

from __future__ import annotations

from dataclasses import dataclass

from fixloop_bot.domain.copilot.dossier import Evidence
from fixloop_bot.domain.redaction import Detector, mask


class Numbering:
    """Citations as the reader sees them: numbered from 1 in the order in which they appear."""

    def __init__(self) -> None:
        self._shown: list[Evidence] = []

    def number(self, evidence: Evidence) -> int:
        for index, each in enumerate(self._shown, start=1):
            if each.key == evidence.key:
                return index
        self._shown.append(evidence)
        return len(self._shown)

    @property
    def shown(self) -> tuple[Evidence, ...]:
        return tuple(self._shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A sentence that was not said, and why."""

    sentence: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A checked answer. ``cited`` is in the order of its numbers: ``[1]`` is the first."""

    text: str
    cited: tuple[Evidence, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    not_verified: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseRules:
    """The rules of one answer.

    ``proven`` is the verdict in code; ``guarded`` says that recovery was asked about, so that a bare yes is a claim.
    ``instructions`` are never quoted; ``secrets`` are masked by value, and what ``detect`` finds besides.
    """

    proven: bool = False
    guarded: bool = False
    instructions: str = ""
    secrets: tuple[str, ...] = ()
    detect: Detector | None = None

    def masked(self, text: str) -> str:
        """Text as it may be posted."""
        return mask(text, self.secrets, detect=self.detect)
