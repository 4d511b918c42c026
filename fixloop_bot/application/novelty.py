"""What in a thread is news, and how soon a card that is none may be drawn again.

A verdict or another state is shown at once. Figures that count on are drawn soon at first, so that the thread is alive,
and then ever more seldom: all incidents share Slack's fifty updates a minute, and who looks at a card for a minute
wants to know that it goes on, not each sample.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from itertools import takewhile

from fixloop_bot.application.occasions import SIGNAL
from fixloop_bot.application.pictures import spread_of
from fixloop_bot.application.views import PartRef, ThreadView
from fixloop_bot.domain.acts import MACHINES
from fixloop_bot.domain.incidents import Incident, State
from fixloop_bot.domain.runs import Run, RunKind, StepVerdict

FEW_SIGNALS = 3
"""The first signals that join an incident are news; after them it is a crowd, and a crowd is figures."""
BETWEEN_NEWS_S = 2.0
"""What happens at once, such as two monitors that recover, is drawn once; to who clicked it is shown sooner."""
AFTER_CLICKS_S = (0.0, 1.0, BETWEEN_NEWS_S)
"""Who ticks off a list of steps sees the first two at once. Many clicks within seconds would take the whole workspace's
minute, so that the others are shown together: thirty of them in ten seconds cost eight updates."""
CALM_AFTER_S = 6.0
"""A card that was not drawn for so long shows the next click at once again."""
ROOT, PLAN, RESULTS, RESOLUTION = "root", "plan", "results", "resolution"
_NOTHING = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Novelty:
    """Digests of what is news to each of the cards; and of the alerts and the signal's picture, which change the root
    without being news. ``counting`` is the root without the end of a confirm run whose bug it has told."""

    root: str
    plan: str
    results: str
    alerts: str
    picture: str
    counting: str

    @classmethod
    def of(cls, view: ThreadView) -> Novelty:
        incident = view.incident
        still = replace(incident, active_run=None, soak_run=None, wanted_run=None, wanted_by="")
        runs = tuple(_told(run) for run in (view.confirm, view.shown, view.soak))
        # The root says that it is broken; which other steps fail, too, is told in the results.
        broken = tuple(bool(told) for told in runs)
        ended = tuple(line for line in incident.runs if line.finished_at is not None)
        return cls(
            root=_digest((_state(incident), _alarm(incident), incident.runs, broken, view.filed)),
            plan=_digest(_state(still)),
            results=_digest((incident.state, ended, runs, *_spread(view))) if _has_results(view) else _NOTHING,
            alerts=_digest(incident.signals),
            picture=_signal(view),
            counting=_digest((_counting(incident), broken, view.filed)),
        )

    def mark(self, part: str) -> str:
        """What is written down with a card, to be compared with later."""
        return f"{self._news(part)}.{self.alerts}.{self.picture}.{self.counting}"

    def is_news_to(self, ref: PartRef) -> bool:
        """Whether the card shows another state than it should. One drawn by an older FixLoop does."""
        news = self._news(ref.part)
        return news != _NOTHING and ref.news.partition(".")[0] != news

    def has_alerts_for(self, ref: PartRef) -> bool:
        return ref.part == ROOT and _beside(ref, 1) != self.alerts

    def has_picture_for(self, ref: PartRef) -> bool:
        return ref.part == ROOT and _beside(ref, 2) != self.picture

    def has_counted_for(self, ref: PartRef) -> bool:
        """Whether all that the root lacks is that a confirm run has ended, whose bug it tells already."""
        return ref.part == ROOT and _beside(ref, 3) == self.counting

    def _news(self, part: str) -> str:
        return {PLAN: self.plan, RESULTS: self.results}.get(part, self.root)


def _beside(ref: PartRef, place: int) -> str:
    """One of the digests that a card was drawn with; empty for a card of an older FixLoop."""
    pieces = ref.news.split(".")
    return pieces[place] if place < len(pieces) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """Seconds between two drawings without news: ``first_s``, each time ``growth`` times as many, up to ``most_s``."""

    first_s: float
    growth: float
    most_s: float

    def gap_s(self, repeats: int) -> float:
        return min(self.most_s, self.first_s * self.growth ** min(repeats, 30))


FIGURES = Rhythm(first_s=4.0, growth=15.0, most_s=60.0)
"""After four seconds, so that it is seen to work and how long it takes, then every minute: a window of a minute, the
usual one, costs one update. A step that fails is told at once."""
FIGURES_OF_THE_KNOWN = Rhythm(first_s=60.0, growth=2.0, most_s=180.0)
"""A confirm run that has seen the bug has told what everybody waited for."""
FIGURES_ELSEWHERE = Rhythm(first_s=90.0, growth=2.0, most_s=360.0)
"""Who waits for a run looks at its results; the other cards need only say, now and then, that it goes on."""
FIGURES_OF_A_WATCH = Rhythm(first_s=120.0, growth=2.0, most_s=600.0)
ALERTS = Rhythm(first_s=2.5, growth=1.5, most_s=20.0)
PICTURES = Rhythm(first_s=5.0, growth=1.0, most_s=5.0)
"""A picture explains what the words beside it say: news of these seconds brings it along."""
SETTLES_S = 4.5
"""Of several monitors that recover one after the other, and of a confirm run's end and its picture, the last is drawn,
for nobody has to act on the first; counted from the first, so that it is never told later than this."""
REPORT_WITHIN_S = 5.0
"""The last card waits so long for the report that it links to; the root says at once that it is over."""


def gap_s(view: ThreadView, novelty: Novelty, ref: PartRef, *, clicked: bool) -> float:
    """The seconds after its last drawing from which this card may be drawn again."""
    if novelty.is_news_to(ref):
        if clicked:
            return AFTER_CLICKS_S[min(ref.hurried, len(AFTER_CLICKS_S) - 1)]
        return max(BETWEEN_NEWS_S, _ended_at(view) + SETTLES_S - ref.shown_at if novelty.has_counted_for(ref) else 0.0)
    if novelty.has_alerts_for(ref):
        return max(ALERTS.gap_s(ref.repeats), _recovered_at(view) + SETTLES_S - ref.shown_at)
    if novelty.has_picture_for(ref):
        return PICTURES.gap_s(0)
    if (begun := _begun(view, ref)) is not None:
        return begun + FIGURES.first_s - ref.shown_at
    return _rhythm(view, ref.part).gap_s(ref.repeats)


def hurried(ref: PartRef, *, now: float, calm: bool) -> int:
    """How many drawings of news have followed each other closely, once the card is drawn again; figures don't count."""
    if ref.ts is None or not 0 <= now - ref.shown_at < CALM_AFTER_S:
        return 0
    return ref.hurried if calm else ref.hurried + 1


def _ended_at(view: ThreadView) -> float:
    return max((line.finished_at or 0.0 for line in view.incident.runs), default=0.0)


def _recovered_at(view: ThreadView) -> float:
    """When the first of those monitors recovered that are newest, while others fire; long ago where none is."""
    newest_first = sorted(view.incident.signals, key=lambda line: -line.last_at)
    recovered = list(takewhile(lambda line: not line.firing, newest_first))
    return recovered[-1].last_at if recovered and len(recovered) < len(newest_first) else -SETTLES_S


def stale_since(view: ThreadView, ref: PartRef) -> float:
    """The epoch seconds since when a card that is there lacks the newest alert: who has lacked it longest is next."""
    return max([ref.shown_at, *(line.last_at for line in view.incident.signals)])


def posted_from(view: ThreadView, part: str) -> float:
    """The epoch seconds from which a card that is not there yet may be posted; 0 for now."""
    incident = view.incident
    awaits = part == RESOLUTION and incident.resolved_at is not None and incident.merged_into is None
    if not awaits or view.filed.version > incident.reopened:
        return 0.0
    return (incident.resolved_at or 0.0) + REPORT_WITHIN_S


def _rhythm(view: ThreadView, part: str) -> Rhythm:
    if view.soak is not None and view.soak.finished_at is None:
        return FIGURES_OF_A_WATCH
    if part != RESULTS:
        return FIGURES_ELSEWHERE
    known = view.shown is not None and view.shown.kind is RunKind.CONFIRM and view.shown.reproduced
    return FIGURES_OF_THE_KNOWN if known else FIGURES


def _begun(view: ThreadView, ref: PartRef) -> float | None:
    """When the run began that the results don't show yet: drawn at once, all they could say is that it waits."""
    run = view.shown
    fresh = run is not None and run.finished_at is None and ref.part == RESULTS and 0 < ref.shown_at <= run.started_at
    return run.started_at if run is not None and fresh else None


def _state(incident: Incident) -> object:
    """All that is kept of the incident, but what an alert or the passing of time alone changes."""
    quiet = replace(incident, revision=0, signals=(), absorbed=(), timeline=(), plan=None, runs=())
    plan = incident.plan.hash if incident.plan is not None else ""
    return quiet, plan


def _counting(incident: Incident) -> object:
    """The incident as it was before its confirm run ended, if that run has reproduced the bug."""
    line = incident.runs[-1] if incident.runs else None
    before = replace(incident, state=State.REPRODUCED, verdict=None, verdict_reason="")
    ended = line is not None and line.kind is RunKind.CONFIRM and line.reproduced and incident.active_run is None
    if line is not None and ended:
        going = replace(line, finished_at=None, verdict=None, reproduced=False, reason="")
        before = replace(before, active_run=line.id, runs=(*incident.runs[:-1], going))
    return _state(before), _alarm(before), before.runs


def _alarm(incident: Incident) -> object:
    """What only the root shows: whether anything fires, the first signals, and how often people had a word in it."""
    firing = any(line.firing for line in incident.signals)
    said = sum(entry.who not in MACHINES for entry in incident.timeline)
    return firing, min(len(incident.signals), FEW_SIGNALS), said


def _told(run: Run | None) -> object:
    """What is news of a run under way: the steps that have failed, and that another worker goes on with it.

    How it ended is told by the incident. That a step has passed is told with the figures: one after the other they
    would be most of an incident's calls.
    """
    if run is None:
        return None
    failed = tuple(step.step_id for step in run.steps if step.verdict is StepVerdict.FAILED)
    return (run.taken_over_at, failed) if run.taken_over_at is not None else failed


def _signal(view: ThreadView) -> str:
    """The picture of the signal, which comes after the news that it explains."""
    picture = view.album.picture(SIGNAL)
    return picture.file_id if picture is not None else ""


def _spread(view: ThreadView) -> tuple[str, ...]:
    """The picture of before and now, once it is there."""
    picture = spread_of(view.album, view.shown)
    return (picture.file_id,) if picture is not None else ()


def _has_results(view: ThreadView) -> bool:
    """A run that has just begun has nothing to tell yet but that it waits."""
    run = view.shown
    return run is None or run.finished_at is not None or bool(_told(run))


def _digest(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:12]
