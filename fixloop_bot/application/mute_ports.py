"""What muting needs from outside, in the core's words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from fixloop_bot.domain.mutes import HeldBack, Mute


class Calendar(Protocol):
    """Times of day where people are. A zone that nobody knows is UTC."""

    def minute_of_day(self, at: float, zone: str) -> int:
        """Minutes after midnight, 0…1439."""
        ...

    def next_time(self, after: float, minute: int, zone: str) -> float:
        """Epoch seconds of the next such minute of a day; a time that the clock skips is the one that follows."""
        ...


class Downtimes(Protocol):
    """Datadog's own mutes. Raises TelemetryUnavailable with one sentence."""

    async def create(self, tags: Sequence[tuple[str, str]], *, until: float, message: str) -> str:
        """Silence every monitor of these tags; returns the downtime's id."""
        ...

    async def cancel(self, downtime: str) -> None: ...


class MuteStore(Protocol):
    """The mutes' part of the store. Every method raises StoreUnavailable."""

    async def change_mute(self, known: Mute | None, mute: Mute) -> bool: ...
    async def mutes(self) -> Sequence[Mute]: ...
    async def mute_of(self, service: str) -> Mute | None: ...
    async def held_back(self, service: str) -> HeldBack: ...
    async def end_mute(self, mute: Mute) -> int | None: ...
    async def feed_changed(self) -> None: ...


class MuteWords(Protocol):
    """How mutes are written in Slack."""

    def moment(self, at: float, now: float) -> str: ...
    def name(self, text: str) -> str: ...
    def mutes(self, mutes: Sequence[tuple[Mute, HeldBack]], now: float) -> str: ...
