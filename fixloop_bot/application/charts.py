"""The pictures of an incident: from what they are drawn, and that none is uploaded twice.

A picture explains what the cards say already, so nothing waits for it, and where it cannot be had it is just not there.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fixloop_bot.application.copilot.readings import Changes
from fixloop_bot.application.evidence import measure_of, merged, with_reading
from fixloop_bot.application.jobs import JobQueue
from fixloop_bot.application.ledger import redraw
from fixloop_bot.application.occasions import (
    FIRST_AFTER_S,
    SIGNAL,
    SPREAD,
    drawing,
    last_run,
    names_for,
    shows_the_end,
    stands,
)
from fixloop_bot.application.pictures import Album, Albums, Files, Painter, PaintingFailed, Picture
from fixloop_bot.application.ports import Clock, Store, Telemetry
from fixloop_bot.domain.catalog import Catalog, Service
from fixloop_bot.domain.chart import BEFORE_S, Moment, SignalChart, alt_text, chart_name, signal_chart
from fixloop_bot.domain.errors import SlackRefused, StoreUnavailable, TelemetryUnavailable
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.report import is_headline
from fixloop_bot.domain.runs import RecoveryVerdict, Run, RunKind
from fixloop_bot.domain.spread import SpreadChart, spread_alt_text, spread_chart, telling_step

log = logging.getLogger(__name__)

MOST_CALLS = 6
"""What pictures may cost in calls to Slack between two verdicts; a verdict's own are always drawn."""
CALLS_OF_ONE = 2
CROWD = 10
"""With more incidents open than this everybody looks at the channel: Slack's calls are for words then."""
VERDICT_NEAR_S = 90.0
"""A validate run younger than this is soon decided, and its verdict has a picture of its own."""
WAITED_FOR_S = 600.0
"""A plan that has been in the making for longer is no reason to wait."""
OCCASIONS_KEPT = 8
FRESH_S = 120.0
"""An incident that is resolved sooner than this after its proof keeps the proof's picture."""
STALE_S = 1_800.0
"""At the end of a long incident its picture is drawn once more."""
SHOWN_AGAIN_S = 30.0
"""Slack may still be working on a new file when the card names it; so the card is looked at again."""
CHANGES_LIMIT, CHANGES_TIMEOUT_S = 20, 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A picture that is wanted."""

    name: str
    chart: SignalChart | SpreadChart

    @property
    def alt(self) -> str:
        return alt_text(self.chart) if isinstance(self.chart, SignalChart) else spread_alt_text(self.chart)

    @property
    def digest(self) -> str:
        return hashlib.sha256(repr(self.chart).encode()).hexdigest()[:16]


class Charts:
    """Draws and uploads. ``draw`` is the job's handler, and harmless when it is called twice."""

    def __init__(
        self,
        store: Store,
        albums: Albums,
        queue: JobQueue,
        *,
        telemetry: Telemetry,
        changes: Changes,
        painter: Painter,
        files: Files,
        catalog: Catalog,
        clock: Clock,
    ) -> None:
        self._store = store
        self._albums = albums
        self._queue = queue
        self._telemetry = telemetry
        self._changes = changes
        self._painter = painter
        self._files = files
        self._catalog = catalog
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()

    async def draw(self, incident_id: str, occasion: str) -> None:
        """Draw what the occasion asks for, unless it is done, over, or would cost too much.

        Raises StoreUnavailable and SlackBusy, after which it may be called again.
        """
        if not self._files.available:
            return
        async with self._one_at_a_time:
            incident = await self._store.incident(incident_id)
            if incident is None or not stands(incident, occasion):
                return
            if self._run_is_near(incident):
                await self._try_later(incident, occasion)
                return
            album = _of_this_cycle(await self._albums.album(incident_id), incident)
            if occasion in album.drawn_for:
                return
            if self._is_drawn(incident, album) or not await self._worth_it(incident, album):
                await self._albums.keep_album(incident_id, _done(album, occasion))  # the report waits for no other
                return
            try:
                await self._draw(incident, album, occasion)
            except SlackRefused as refusal:
                log.info("%s goes without a new picture: %s", incident_id, refusal)
            except PaintingFailed as failure:
                log.warning("%s goes without a new picture: %s", incident_id, failure)

    def _run_is_near(self, incident: Incident) -> bool:
        """Whether a run's end, which is an occasion of its own, is to be expected within moments."""
        now, line = self._clock.now(), incident.run_line(incident.active_run or "")
        if line is not None:
            just_begun = line.kind is RunKind.VALIDATE and now - line.started_at < VERDICT_NEAR_S
            return line.kind is RunKind.CONFIRM or just_begun
        planning = incident.is_open and incident.planning_since is not None and not incident.runs
        return planning and now - incident.opened_at < WAITED_FOR_S

    async def _try_later(self, incident: Incident, occasion: str) -> None:
        """The run may end without being an occasion, or never begin."""
        later = self._clock.now() + FIRST_AFTER_S
        job = drawing(incident, occasion, at=later)
        await self._queue.hand_over([replace(job, key=f"{job.key}:{later:.0f}")])

    async def _worth_it(self, incident: Incident, album: Album) -> bool:
        """A verdict always; else only outside of a storm, and within the pictures' part of Slack's calls."""
        last = last_run(incident)
        if incident.is_open and last is not None and last.kind is RunKind.VALIDATE:
            return True
        if incident.is_open and len(await self._store.open_incidents()) > CROWD:
            return False
        signal = album.picture(SIGNAL)
        stale = signal is not None and self._clock.now() - signal.drawn_at > STALE_S
        return stale or album.calls + CALLS_OF_ONE <= MOST_CALLS

    def _is_drawn(self, incident: Incident, album: Album) -> bool:
        """Whether nothing that is worth two calls has happened between the proof's picture and the end."""
        signal = album.picture(SIGNAL)
        told = signal is not None and shows_the_end(incident, signal.occasion)
        return signal is not None and told and self._clock.now() - signal.drawn_at < FRESH_S

    async def _draw(self, incident: Incident, album: Album, occasion: str) -> None:
        album = await self._completed(incident.id, album, occasion)
        done = {each.name for each in album.pictures if each.occasion == occasion}
        shown = {(each.name, each.digest) for each in album.pictures}
        wanted = [each for each in await self._wanted(incident, occasion) if each.name not in done]
        for each in wanted:
            if (each.name, each.digest) not in shown:
                album = await self._put(incident.id, album, occasion, each)
        if album.uploading:
            titled = [(each.file_id, _title(incident, each.name)) for each in album.uploading]
            complete = await self._files.complete(titled)
            new = album.uploading if complete else ()
            album = replace(album.with_pictures(*new), calls=album.calls + 1)
        if not wanted and not done:
            return
        await self._albums.keep_album(incident.id, _done(album, occasion))
        await self._look_again(incident)

    async def _completed(self, incident_id: str, album: Album, occasion: str) -> Album:
        """With what a killed worker had uploaded for the same occasion; what is of another one is forgotten."""
        begun = [each for each in album.uploading if each.occasion == occasion]
        if not begun:
            return replace(album, uploading=())
        complete = await self._files.complete([(each.file_id, each.name) for each in begun])
        album = album.with_pictures(*(begun if complete else ()))
        album = replace(album, calls=album.calls + 1)
        await self._albums.keep_album(incident_id, album)
        return album

    async def _put(self, incident_id: str, album: Album, occasion: str, drawing: Drawing) -> Album:
        chart = drawing.chart
        png = await (self._painter.signal(chart) if isinstance(chart, SignalChart) else self._painter.spread(chart))
        file_id = await self._files.put(png, name=f"{incident_id}-{drawing.name}.png", alt=drawing.alt)
        picture = Picture(
            name=drawing.name,
            occasion=occasion,
            digest=drawing.digest,
            file_id=file_id,
            alt=drawing.alt,
            drawn_at=self._clock.now(),
        )
        album = replace(album, uploading=(*album.uploading, picture), calls=album.calls + 1)
        await self._albums.keep_album(incident_id, album)
        return album

    async def _look_again(self, incident: Incident) -> None:
        try:
            await self._queue.hand_over([redraw(incident, at=self._clock.now() + SHOWN_AGAIN_S)])
        except StoreUnavailable as error:
            log.info("the card of %s is not looked at again: %s", incident.id, error)

    async def _wanted(self, incident: Incident, occasion: str) -> list[Drawing]:
        names, service = names_for(incident, occasion), self._catalog.service(incident.service or "")
        signal = await self.signal(incident, service) if SIGNAL in names else None
        spread = await self.spread(incident) if SPREAD in names else None
        found = [Drawing(name=SIGNAL, chart=signal)] if signal is not None and signal.points else []
        return [*found, *([Drawing(name=SPREAD, chart=spread)] if spread is not None else [])]

    async def signal(self, incident: Incident, service: Service | None) -> SignalChart | None:
        """The signal around the incident, read now; None without telemetry, or where nothing is measured."""
        measure, now = measure_of(incident, service), self._clock.now()
        if measure is None:
            return None
        start, end = incident.opened_at - BEFORE_S, incident.resolved_at or now
        try:
            series = await self._telemetry.query(measure.query, start=start, end=end)
        except TelemetryUnavailable as error:
            log.info("%s goes without a new picture: %s", incident.id, error)
            return None
        points = with_reading(merged(series), await self._proof_of(incident), measure)
        changes = await self._moments(incident, service, start=start, end=end)
        name = chart_name(measure.query, measure.limit, service.metrics if service is not None else ())
        return signal_chart(incident, measure, points, name=name, changes=changes, now=now)

    async def _proof_of(self, incident: Incident) -> Run | None:
        line = last_run(incident)
        return await self._store.run(line.id) if line is not None and line.verdict is RecoveryVerdict.PROVEN else None

    async def _moments(
        self, incident: Incident, service: Service | None, *, start: float, end: float
    ) -> Sequence[Moment]:
        """What was changed: as Datadog tells it now, else as it was known when the plan was written."""
        match = service.match if service is not None else ()
        where = " ".join(f"{key}:{value}" for key, value in match) or f"service:{incident.service or incident.label}"
        try:
            async with asyncio.timeout(CHANGES_TIMEOUT_S):
                found = await self._changes.changes(where, start=start, end=end, limit=CHANGES_LIMIT)
        except (TelemetryUnavailable, TimeoutError):
            return [Moment(at=each.at, title=each.what) for each in incident.changes]
        return [Moment(at=each.at, title=each.title) for each in found if not is_headline(each.title)]

    async def spread(self, incident: Incident) -> SpreadChart | None:
        """One step before the fix and in the last validate run; None without both."""
        line = last_run(incident)
        if line is None or line.kind is not RunKind.VALIDATE:
            return None
        earlier = incident.run_before(line.plan_hash, number=line.number)
        run = await self._store.run(line.id)
        before = await self._store.run(earlier.id) if earlier is not None else None
        step = telling_step(run, before) if run is not None and before is not None else None
        if run is None or before is None or step is None:
            return None
        return spread_chart(run, step, *[await self._store.samples(each.id, step.id) for each in (before, run)])


def _done(album: Album, occasion: str) -> Album:
    return replace(album, drawn_for=(*album.drawn_for, occasion)[-OCCASIONS_KEPT:])


def _of_this_cycle(album: Album, incident: Incident) -> Album:
    """Each time an incident is reopened, what pictures may cost is counted anew."""
    return album if album.cycle == incident.reopened else replace(album, calls=0, cycle=incident.reopened)


def _title(incident: Incident, name: str) -> str:
    return f"{incident.id}, {'before and now' if name == SPREAD else 'the signal'}"
