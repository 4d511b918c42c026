"""What a thread shows, gathered from the store: the thread is a projection of this, rendered whole."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fixloop_bot.application.papers import Filed
from fixloop_bot.application.pictures import Album
from fixloop_bot.domain.baselines import Baseline
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.runs import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Addresses that the card offers; None where there is nothing to open."""

    metric: str | None = None
    monitor: str | None = None
    logs: str | None = None
    runbook: str | None = None


_NO_ALBUM, _NOT_FILED = Album(), Filed()


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadView:
    """Everything that the cards of one incident show.

    ``confirm`` is the last confirm run of the current plan (running or finished), ``shown`` the run that the results
    card is about (the running one, else the last confirm or validate run), ``soak`` the watch after a proof.
    ``baseline`` is what was learned of the service while it was healthy. ``root_only``: so many incidents have just
    opened here that the others' root cards go first. ``album`` holds its pictures, ``filed`` where its report is.
    """

    incident: Incident
    service: Service | None
    links: Links = Links()
    confirm: Run | None = None
    shown: Run | None = None
    soak: Run | None = None
    baseline: Baseline | None = None
    root_only: bool = False
    album: Album = _NO_ALBUM
    filed: Filed = _NOT_FILED
    now: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRef:
    """Where one card of a thread is. ``intent_at`` was saved before posting: with no ``ts`` the post may have gone out.

    ``shown`` is a digest of what was last sent, so that an unchanged card costs no call; ``news`` one of what stood in
    the thread then (``application.novelty``), ``shown_at`` when, ``repeats`` how often nothing but figures changed
    since that was new, ``hurried`` how many drawings of news have followed each other closely.
    """

    part: str
    ts: str | None = None
    intent_at: float | None = None
    shown: str = ""
    news: str = ""
    shown_at: float = 0.0
    repeats: int = 0
    hurried: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadRefs:
    """Where an incident's cards are. ``channel`` is the id that Slack answered with; ``trouble`` what it refused.

    ``belongs`` is the channel that the thread should be in, where Slack does not let it; ``before`` the address of the
    root card that it has left behind there.
    """

    channel: str | None = None
    parts: tuple[PartRef, ...] = ()
    trouble: str = ""
    belongs: str = ""
    before: str = ""

    def part(self, name: str) -> PartRef | None:
        return next((ref for ref in self.parts if ref.part == name), None)

    def with_part(self, ref: PartRef) -> ThreadRefs:
        return replace(self, parts=(*(each for each in self.parts if each.part != ref.part), ref))
