"""What the feed shows: one picture for everybody, and a line on top of it for the one who has just clicked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from fixloop_bot.application.views import ThreadRefs
from fixloop_bot.domain.feed import FeedRow
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.mutes import HeldBack, Mute
from fixloop_bot.domain.numbers import Numbers

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedItem:
    """A row, with what is kept elsewhere: its thread's address and its metric's last hour, empty where not known."""

    row: FeedRow
    address: str = ""
    points: Points = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPicture:
    """All that the feed shows. ``open_count`` and ``resolved_count`` count those that are not shown as well.

    ``halted`` is the sentence of the kill switch, ``troubles`` what keeps FixLoop from its work, ``note`` the answer to
    the reader's last click.
    """

    now: float
    open: tuple[FeedItem, ...] = ()
    open_count: int = 0
    resolved: tuple[FeedItem, ...] = ()
    resolved_count: int = 0
    numbers: Numbers = field(default_factory=Numbers)
    halted: str = ""
    troubles: tuple[str, ...] = ()
    mutes: tuple[tuple[Mute, HeldBack], ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeRef:
    """What one person's Home shows: Slack's ``hash`` of it, the digest that was ``shown`` last, and when.

    ``note`` stands on top until ``note_until``.
    """

    hash: str = ""
    shown: str = ""
    shown_at: float = 0.0
    note: str = ""
    note_until: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A picture as Slack takes it; ``digest`` changes exactly when what a person sees changes."""

    view: Mapping[str, object]
    digest: str


class Front(Protocol):
    """Shows the feed. Raises SlackRefused (``hash_conflict`` where somebody else has shown something since)."""

    def draw(self, picture: FeedPicture) -> Drawing: ...

    async def show(self, user: str, drawing: Drawing, *, known: str = "") -> str:
        """Show it to one person; ``known`` is the hash that it replaces, empty for whatever is there. Its new hash."""
        ...

    def address(self, refs: ThreadRefs) -> str:
        """Where an incident's thread opens; empty where it has none."""
        ...

    def lines(self, title: str, items: Sequence[FeedItem], *, more: int, now: float) -> str:
        """Incidents as the answer to a command, a line or two each."""
        ...


class FeedStore(Protocol):
    """The feed's part of the store. Every method raises StoreUnavailable."""

    async def incident(self, incident_id: str) -> Incident | None: ...
    async def open_incidents(self) -> Sequence[str]: ...
    async def incidents_since(self, at: float) -> Sequence[str]: ...
    async def refs_of(self, incident_ids: Sequence[str]) -> Sequence[ThreadRefs]: ...
    async def halted_by(self) -> str | None: ...
    async def lead(self, what: str, who: str, *, seconds: float) -> bool: ...
    async def once(self, name: str, *, seconds: float) -> bool: ...

    async def feed_news(self) -> Sequence[str]: ...
    async def put_feed_row(self, row: FeedRow) -> bool: ...
    async def drop_feed_rows(self, incident_ids: Sequence[str]) -> None: ...
    async def feed_changes(self) -> int: ...
    async def feed_rows(self) -> Sequence[FeedRow]: ...
    async def feed_row(self, incident_id: str) -> FeedRow | None: ...

    async def note_viewer(self, user: str, at: float) -> None: ...
    async def viewers(self, *, since: float) -> Mapping[str, float]: ...
    async def forget_viewer(self, user: str) -> None: ...
    async def home_ref(self, user: str) -> HomeRef: ...
    async def save_home_ref(self, user: str, ref: HomeRef) -> None: ...

    async def save_curve(self, incident_id: str, points: Sequence[tuple[float, float]]) -> None: ...
    async def curves(self, incident_ids: Sequence[str]) -> Mapping[str, Points]: ...

    async def mutes(self) -> Sequence[Mute]: ...
    async def held_back(self, service: str) -> HeldBack: ...
