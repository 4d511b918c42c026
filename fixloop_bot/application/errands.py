"""How urgent a call to Slack is, and the port by which all processes share Slack's limits.

Slack's budgets are the workspace's: what one incident's figures take, the answer to a click in another one lacks. So
each call says what it is for. The errand is a context variable: a use case sets it once, and every call within it has
it, however deep it is made.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol


class Urgency(IntEnum):
    """Who waits for a call. Higher goes first."""

    PROGRESS = 0
    """Figures that count on: nobody misses the one that the next one replaces."""
    NEWS = 1
    """A new incident, a verdict, another state."""
    ANSWER = 2
    """Somebody has just clicked or asked, and looks at the screen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What a call is for. ``name`` is who waits for it in line, such as ``INC-42:root``; nobody who has none does.

    ``since`` is since when it has been wanted (epoch seconds); 0 for since it was first asked for. Who stands in line
    already keeps the earlier of both.
    """

    urgency: Urgency = Urgency.NEWS
    name: str = ""
    since: float = 0.0


_errand: ContextVar[Errand] = ContextVar("errand", default=Errand())  # noqa: B039 - it is frozen


def errand() -> Errand:
    """What the calls made here and now are for."""
    return _errand.get()


@contextlib.contextmanager
def on(errand: Errand) -> Iterator[None]:
    """Make all calls within for this errand."""
    token = _errand.set(errand)
    try:
        yield
    finally:
        _errand.reset(token)


SHARES = {Urgency.PROGRESS: 0.6, Urgency.NEWS: 0.92, Urgency.ANSWER: 1.0}
"""What each may use of a shared limit: of 50 updates a minute the last four are kept for whoever has just clicked.

It is few, since where news comes without end a place becomes free every second, and who clicked stands in no line.
"""
PARTS = 4
"""Figures take their share in quarters, so that a burst of them leaves no minute of silence behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """So many calls in any ``per_s`` seconds. ``method`` is what a 429 holds; ``name`` adds the channel if it counts.

    ``shared``: redraws and answers draw on it alike, so that the less urgent ones leave a reserve.
    """

    name: str
    method: str
    calls: int
    per_s: float
    shared: bool = False

    def share(self, urgency: Urgency) -> int:
        """How many of the calls this urgency may use."""
        return max(1, math.floor(self.calls * SHARES[urgency])) if self.shared else self.calls

    def parts(self, urgency: Urgency) -> int:
        """Into how many equal stretches of the window its share is divided."""
        return PARTS if self.shared and urgency is Urgency.PROGRESS else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """``booked``: the call may go out in ``wait_s`` seconds. Otherwise nothing is booked: ask again after so long."""

    wait_s: float
    booked: bool


class Paces(Protocol):
    """Slack's limits, counted over everything that shares them. Raises StoreUnavailable."""

    async def take_call(self, limit: Limit, errand: Errand, *, patience_s: float) -> Place:
        """Book a call that may go out within ``patience_s`` seconds; else the errand's name waits in line.

        In the line the more urgent comes first, and among equals who has waited longest.
        """
        ...

    async def hold_calls(self, method: str, *, seconds: float) -> None:
        """Slack asked to wait: nobody calls this method before then."""
        ...

    async def held_for(self, method: str) -> float:
        """The seconds for which a method is held; 0 where it is not."""
        ...

    async def went_out(self, limit: Limit) -> None:
        """A call of this limit was answered just now: Slack may have counted it as late as that."""
        ...

    async def too_soon(self, limit: Limit) -> float:
        """0: go out now, and whoever asks next is too soon. Else the seconds until the last one's window is over."""
        ...


class Waiting(Protocol):
    """Which threads wait with their redraws, and in which somebody has just clicked. Raises StoreUnavailable."""

    async def let_wait(self, thread: str, *, seconds: float) -> None:
        """Nobody redraws this thread for so long, but for somebody who clicks in it."""
        ...

    async def attend(self, thread: str) -> None:
        """Somebody has clicked in this thread, and looks at it for the next seconds."""
        ...

    async def still_attend(self, thread: str, *, seconds: float) -> None:
        """What somebody has just clicked for comes only in so many seconds: they wait for it, but not for ever."""
        ...

    async def standing(self, thread: str) -> tuple[bool, bool]:
        """Whether somebody has just clicked in the thread, and whether its redraws wait."""
        ...
