"""The mouth of a growing answer: what is said at once, what is held back, and the spaces between."""

from __future__ import annotations

from dataclasses import dataclass

from fixloop_bot.adapters.minimax.captures import Written

LONGEST_SPACE = 200
OPENING = 4_000
"""Characters of what is held back by which it is judged."""


@dataclass(slots=True)
class Code:
    """Whether a place of a text is inside of code: between single backticks on one line, or in a fence."""

    inline: bool = False
    fence: bool = False

    @property
    def inside(self) -> bool:
        return self.inline or self.fence

    def new_line(self) -> None:
        self.inline = False

    def ticks(self, count: int) -> None:
        if count >= 3 and not self.inline:
            self.fence = not self.fence
        elif not self.fence:
            self.inline = not self.inline


class Voice:
    """Collects words until they are taken. Space at either end is never said, and a gap leaves one at least.

    ``opening`` is how what is held back begins.
    """

    def __init__(self) -> None:
        self.calls: list[Written] = []
        self.holding = False
        self.spoke = False
        self.opening = ""
        self._held: list[str | Written | None] = []
        self._ready: list[str] = []
        self._space = ""
        self._gap = False

    def say(self, text: str) -> None:
        if not text:
            return
        if self.holding:
            self._held.append(text)
            self.opening = self.opening if len(self.opening) >= OPENING else (self.opening + text).lstrip()[:OPENING]
        else:
            self._speak(text)

    def gap(self) -> None:
        """Something between two words was left out."""
        if self.holding:
            self._held.append(None)
        else:
            self._gap = True

    def call(self, written: Written) -> None:
        if self.holding:
            self._held.append(written)
        else:
            self.calls.append(written)
        self.gap()

    def hold(self) -> None:
        self.holding = True

    def let_go(self) -> None:
        """What was held back are words, and its calls are calls."""
        held, self._held, self.opening, self.holding = self._held, [], "", False
        for piece in held:
            if isinstance(piece, str):
                self._speak(piece)
            elif piece is None:
                self._gap = True
            else:
                self.calls.append(piece)

    def drop(self) -> str:
        """What was held back was thinking: its text."""
        dropped = "".join(piece for piece in self._held if isinstance(piece, str))
        self._held, self.opening, self.holding = [], "", False
        return dropped

    def take(self) -> str:
        ready, self._ready = "".join(self._ready), []
        return ready

    def _speak(self, text: str) -> None:
        body = text.strip()
        if not body:
            self._space = (self._space + text)[:LONGEST_SPACE]
            return
        space = self._space + text[: len(text) - len(text.lstrip())]
        self._ready.append(self._between(space[:LONGEST_SPACE]) + body)
        self._space = text[len(text.rstrip()) :][:LONGEST_SPACE]
        self._gap, self.spoke = False, True

    def _between(self, space: str) -> str:
        if not self.spoke:
            return ""
        return space if not self._gap else "\n" * min(2, space.count("\n")) or " "
