"""What is said of one answer: lines of the built-in way and the model's checked words, with one numbering for both."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

from fixloop_bot.application.copilot.speech import Reference, Speech
from fixloop_bot.domain.calm_text import calm
from fixloop_bot.domain.copilot.citations import Checker
from fixloop_bot.domain.copilot.replies import HouseRules, Numbering
from fixloop_bot.domain.copilot.sentences import Unit
from fixloop_bot.domain.copilot.situation import Line, Situation

MOST_HEARD = 20_000
"""Characters of a model's words that are looked at in one answer; one that never ends is not heard out."""
AT_ONCE = 1_000
"""Characters that are checked without a break for others: a whole answer may come in one piece."""


class Telling:
    """Says things in order, and remembers what was said."""

    def __init__(self, speech: Speech, situation: Situation, house: HouseRules) -> None:
        self._speech = speech
        self._situation = situation
        self._house = house
        self._numbering = Numbering()
        self._checker = self._new_checker()
        self._said: list[str] = []
        self._heard = 0
        self._begun = False
        self.left_out = 0
        self.not_verified = 0
        self.verified = 0
        """How many of the model's sentences were said without a reservation."""

    def _new_checker(self) -> Checker:
        return Checker(self._situation.dossier, house=self._house, numbering=self._numbering)

    async def lines(self, lines: Sequence[Line]) -> None:
        """A paragraph of our own."""
        written = "\n".join(self._written(line) for line in lines)
        if written:
            await self._say(("\n\n" if self._said else "") + written)

    def _written(self, line: Line) -> str:
        dossier = self._situation.dossier
        evidence = [each for key in dict.fromkeys(line.keys) if (each := dossier.of(key)) is not None]
        marks = "".join(f"[{self._numbering.number(each)}]" for each in evidence)
        text = calm(self._house.masked(" ".join(line.text.split())), links=dossier.links())
        return f"{text} {marks}".rstrip()

    async def hear(self, words: str) -> None:
        """The model's words; what is complete and stands up to the evidence is said."""
        room = max(0, MOST_HEARD - self._heard)
        self._heard += len(words)
        for start in range(0, min(room, len(words)), AT_ONCE):
            for unit in self._checker.cut(words[start : min(start + AT_ONCE, room)]):
                await self._by_model(await _in_thread(self._checker.say, unit))
            await asyncio.sleep(0)

    @property
    def heard(self) -> bool:
        """Whether the model has said anything at all."""
        return self._heard > 0

    @property
    def enough(self) -> bool:
        """Whether the model has talked for longer than anybody reads."""
        return self._heard >= MOST_HEARD

    async def end_of_turn(self) -> None:
        """What was not complete yet; the next turn begins a new paragraph."""
        await self._by_model(await _in_thread(self._checker.close))
        self.left_out += len(self._checker.left_out)
        self.not_verified += self._checker.not_verified
        self.verified += self._checker.verified
        self._checker, self._begun = self._new_checker(), False

    async def _by_model(self, said: str) -> None:
        if not said:
            return
        begins = not self._begun
        self._begun = True
        await self._say(("\n\n" if begins and self._said else "") + said)

    async def _say(self, text: str) -> None:
        self._said.append(text)
        await self._speech.say(text)

    def text(self) -> str:
        return "".join(self._said).strip()

    def references(self) -> tuple[Reference, ...]:
        """The list below the answer: as many as were cited."""
        return tuple(self._references())

    def _references(self) -> Iterable[Reference]:
        for number, evidence in enumerate(self._numbering.shown, start=1):
            title = calm(self._house.masked(evidence.title))
            yield Reference(number=number, title=title, link=evidence.link)


async def _in_thread(work: Callable[..., str], *arguments: Unit) -> str:
    """Judge a sentence while others go on: against evidence that somebody made for it, that takes long.

    Who is stopped meanwhile waits for it, since what is said then is said by the same checker.
    """
    working = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait({working})
        raise
