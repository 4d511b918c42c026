"""Many incidents at once in one channel: one summary message, and the single incidents keep to their root cards.

Six new incidents within a minute make a storm. Up to five, the root cards stand below each other on one screen of a
phone, and each is worth its notification; from the sixth on the channel scrolls, nobody reads them one by one any
more, and Slack takes only about one message a second: the question is then what they have in common. A storm is calm
when no incident has joined it for a minute. The cards below the roots are posted then, or as soon as somebody clicks.

What belongs to a storm is stored first; the summary is a projection of it, drawn like a thread under the storm's id.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from fixloop_bot.application.jobs import REFRESH_THREAD, Job, JobQueue
from fixloop_bot.application.novelty import Rhythm
from fixloop_bot.application.ports import Clock, Store
from fixloop_bot.application.views import ThreadRefs
from fixloop_bot.domain.errors import FiguresWait
from fixloop_bot.domain.incidents import Incident

LEAST = 6
WITHIN_S = 60.0
CALM_AFTER_S = 60.0
PART = "storm"
SUMMARY = Rhythm(first_s=3.0, growth=1.5, most_s=15.0)
LOOK_EVERY_S = 15.0
"""After the storm its summary follows what becomes of its incidents at this pace."""
_PREFIX = "storm:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """Incidents that began together. ``id`` is ``storm:CHANNEL@SECONDS``; times are epoch seconds."""

    id: str
    channel: str
    began_at: float
    last_at: float
    incidents: tuple[str, ...]

    @property
    def calm_at(self) -> float:
        return self.last_at + CALM_AFTER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One incident of a storm; ``ts`` is its root card's, None as long as that is not posted."""

    incident: Incident
    channel: str = ""
    ts: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StormView:
    """What the summary shows. ``shared`` are sentences of what all or most of the incidents have in common."""

    storm: Storm
    members: tuple[Member, ...]
    shared: tuple[str, ...]
    calm: bool


class StormStore(Protocol):
    """Keeps storms. Every method raises StoreUnavailable."""

    async def join_storm(self, channel: str, incident_id: str, *, new: bool) -> tuple[str, float] | None:
        """The storm that an incident belongs to, and when somebody last joined it; None for none.

        ``new`` counts it among the newest of its channel, once, which may begin a storm: with ``LEAST`` of them within
        ``WITHIN_S`` seconds.
        """
        ...

    async def storm(self, storm_id: str) -> Storm | None: ...


Save = Callable[[ThreadRefs], Awaitable[None]]


class StormBoard(Protocol):
    """Shows a storm's summary. Raises SlackRefused or SlackBusy."""

    async def publish_storm(self, view: StormView, refs: ThreadRefs, save: Save) -> ThreadRefs:
        """Bring the summary up to date; an unchanged one costs no call."""
        ...


class Storms:
    """Finds storms and keeps their summaries up to date."""

    def __init__(self, store: Store, storms: StormStore, board: StormBoard, *, queue: JobQueue, clock: Clock) -> None:
        self._store = store
        self._storms = storms
        self._board = board
        self._queue = queue
        self._clock = clock

    async def meet(self, incident: Incident, refs: ThreadRefs) -> float | None:
        """When the storm around an incident will be calm, if it is in one that is not; its summary follows."""
        root, now = refs.part("root"), self._clock.now()
        posted = root is not None and root.ts is not None
        joined = await self._storms.join_storm(incident.channel, incident.id, new=not posted and incident.is_open)
        if joined is None:
            return None
        storm_id, last_at = joined
        calm_at = last_at + CALM_AFTER_S
        # A new storm is shown at once; what becomes of its incidents in steps.
        at = 0.0 if not posted else (now // LOOK_EVERY_S + 1) * LOOK_EVERY_S
        await self._queue.hand_over([_drawing(storm_id, at)])
        if now >= calm_at:
            return None
        await self._queue.hand_over([_drawing(storm_id, calm_at + 1)])
        return calm_at

    async def show(self, storm_id: str, refs: ThreadRefs, save: Save) -> None:
        """Draw the summary; raises FiguresWait where that is not due yet."""
        storm = await self._storms.storm(storm_id)
        if storm is None:
            return
        ref, now = refs.part(PART), self._clock.now()
        if ref is not None and ref.ts is not None:
            due = ref.shown_at + SUMMARY.gap_s(ref.repeats)
            if now < due:
                raise FiguresWait("chat.update", retry_after=due - now)
        members = [member for each in storm.incidents if (member := await self._member(each)) is not None]
        incidents = [member.incident for member in members]
        view = StormView(storm=storm, members=tuple(members), shared=shared(incidents), calm=now >= storm.calm_at)
        await self._board.publish_storm(view, refs, save)

    async def _member(self, incident_id: str) -> Member | None:
        incident = await self._store.incident(incident_id)
        if incident is None:
            return None
        refs = await self._store.thread_refs(incident_id)
        root = refs.part("root")
        return Member(incident=incident, channel=refs.channel or "", ts=root.ts if root is not None else None)


def is_storm(thread: str) -> bool:
    """Whether this is a storm's id, and not an incident's."""
    return thread.startswith(_PREFIX)


def shared(incidents: Sequence[Incident]) -> tuple[str, ...]:
    """What all or nearly all have in common, in sentences; data from outside is in them as it came."""
    return tuple(
        sentence
        for sentence in (
            _common("environment", [incident.env or "" for incident in incidents]),
            _common("alert", [_kind(incident) for incident in incidents]),
            _common("severity", [incident.severity or "" for incident in incidents]),
            _common(
                "change before it", [incident.changes[0].what if incident.changes else "" for incident in incidents]
            ),
        )
        if sentence
    )


NEARLY_ALL = 0.8


def _common(what: str, values: Sequence[str]) -> str:
    counted = Counter(value for value in values if value)
    if not counted:
        return ""
    value, count = counted.most_common(1)[0]
    if count < 2 or count < NEARLY_ALL * len(values):
        return ""
    return f"{what}: {value}" if count == len(values) else f"{what}: {value} ({count} of {len(values)})"


def _kind(incident: Incident) -> str:
    """The alert's title without what names the service: the same monitor says the same of each."""
    return " ".join(incident.title.replace(incident.label, "…").split())


def _drawing(storm: str, at: float) -> Job:
    return Job(name=REFRESH_THREAD, args=(storm,), key=f"refresh:{storm}:{at:.0f}", at=at)
