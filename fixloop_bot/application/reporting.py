"""The report of an incident: made once for each resolution, filed in Slack, told to Datadog; again on demand."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace

from fixloop_bot.application import jobs, mentions
from fixloop_bot.application.directory import Directory
from fixloop_bot.application.filing import Filing
from fixloop_bot.application.jobs import Job, JobQueue
from fixloop_bot.application.kept import Kept, Refused
from fixloop_bot.application.occasions import occasion_of
from fixloop_bot.application.papers import Announcer, Filed, Filings, Papers, Writer
from fixloop_bot.application.permissions import NEEDS_RESPONDER
from fixloop_bot.application.pictures import Albums
from fixloop_bot.application.ports import Clock, Store
from fixloop_bot.application.wishes import Command, Deed, Wish
from fixloop_bot.domain.acts import Act
from fixloop_bot.domain.catalog import Catalog
from fixloop_bot.domain.errors import Conflict, SlackBusy, SlackRefused, TelemetryUnavailable
from fixloop_bot.domain.incidents import Incident, State
from fixloop_bot.domain.report import Case, Report, report_of
from fixloop_bot.domain.runs import Run, RunKind

log = logging.getLogger(__name__)

LOCK_S = 60.0
"""Longer than the model and Slack take for a report; what a killed process held is free after that."""
LOOK_AGAIN_S = 1.0
PICTURE_WITHIN_S = 3.5
"""How long the report waits for the incident's last picture, drawn at its end. Its card waits a little longer."""
ZONE_WITHIN_S = 5.0
"""How long it waits for where its reader's clocks are."""
CARD_SHOWS_S = 20.0
"""How long after the card has named a file FixLoop looks whether Slack shows it there."""
AUDITED = 1_000
"""Refusals that are looked through: the audit log keeps no more."""
NOT_SHOWN = "Slack has no thread of this incident yet, so there is nowhere to put its report."


def due(before: Incident | None, after: Incident) -> tuple[Job, ...]:
    """The job that reports a resolution; none for any other change. What was merged is told by what took it over."""
    ended = after.state is State.RESOLVED and (before is None or before.state is not State.RESOLVED)
    if not ended or after.merged_into is not None:
        return ()
    version = str(after.reopened + 1)
    return (Job(name=jobs.MAKE_REPORT, args=(after.id, version), key=f"report:{after.id}:{version}"),)


class Reporting:
    """Makes reports. ``make`` is the job's handler, and harmless when it is called twice."""

    def __init__(
        self,
        store: Store,
        kept: Kept,
        filings: Filings,
        albums: Albums,
        queue: JobQueue,
        *,
        papers: Papers,
        announcer: Announcer,
        writer: Writer,
        directory: Directory,
        catalog: Catalog,
        clock: Clock,
    ) -> None:
        self._store = store
        self._kept = kept
        self._filings = filings
        self._albums = albums
        self._queue = queue
        self._filing = Filing(papers, filings, clock=clock)
        self._announcer = announcer
        self._writer = writer
        self._directory = directory
        self._catalog = catalog
        self._clock = clock

    async def make(self, incident_id: str, version: str) -> None:
        """File the report of a resolution, unless that is done or the incident is open again.

        Raises StoreUnavailable, SlackBusy, and Conflict while another process writes it; it may be called again.
        """
        async with self._alone(incident_id, patience_s=2 * LOCK_S):
            incident = await self._store.incident(incident_id)
            if incident is None or incident.state is not State.RESOLVED or incident.reopened + 1 != int(version):
                return
            filed = await self._filings.filed(incident_id)
            if filed.version < int(version):
                await self._last_picture(incident)
                filed = await self._file(incident, filed) or filed
            elif filed.loose:
                await self._fasten(incident, filed)
            await self._tell(incident, filed)

    def deeds(self) -> Mapping[str, Deed]:
        return {"report": self._wish}

    def commands(self) -> Sequence[Command]:
        return (Command(word="report", deed=self._wish, on_incident=True, even_resolved=True),)

    async def _wish(self, wish: Wish) -> str:
        return await self.report(wish.incident, by=wish.user)

    async def report(self, incident_id: str, *, by: str) -> str:
        """Where the report is, for somebody who asks; of an open incident, one of how it stands now.

        Raises StoreUnavailable and SlackBusy.
        """
        incident = await self._store.incident(incident_id)
        if incident is None:
            return f"There is no incident {incident_id}."
        if incident.merged_into is not None:
            return f"{incident_id} was merged into {incident.merged_into}: its report is that one's."
        try:
            async with self._alone(incident_id):
                filed = await self._filings.filed(incident_id)
                if incident.is_open or filed.version < incident.reopened + 1:
                    log.info("%s asks for the report of %s", by, incident_id)
                    written = await self._file(incident, filed, reader=by)
                    if written is None:
                        return NOT_SHOWN
                    filed = written
        except Conflict as written_elsewhere:
            return f"{written_elsewhere} Ask again in a moment."
        so_far = " so far" if incident.is_open else f", version {filed.version}"
        return f"The report of {incident_id}{so_far}: {_where(filed)}."

    @contextlib.asynccontextmanager
    async def _alone(self, incident_id: str, *, patience_s: float = 0.0) -> AsyncIterator[None]:
        """Nobody else writes this report meanwhile, in whichever process: two would make two canvases of it.

        Raises Conflict after ``patience_s`` seconds.
        """
        name, until = f"report:{incident_id}", self._clock.now() + patience_s
        while (token := await self._kept.lock(name, seconds=LOCK_S)) is None:
            if self._clock.now() >= until:
                raise Conflict(f"The report of {incident_id} is being written.")
            await self._clock.sleep(LOOK_AGAIN_S)
        try:
            yield
        finally:
            await self._kept.unlock(name, token)

    async def _file(self, incident: Incident, filed: Filed, *, reader: str = "") -> Filed | None:
        """Write and file the report; None where there is no thread to put it in, or Slack refuses all ways."""
        refs = await self._store.thread_refs(incident.id)
        root = refs.part("root")
        if refs.channel is None or root is None or root.ts is None:
            return None
        report = await self._written(incident, reader=reader)
        digest = hashlib.sha256(repr(report).encode()).hexdigest()[:16]
        if digest == filed.digest:
            return filed
        try:
            filed = await self._filing.put(report, filed, refs)
        except SlackRefused as refusal:
            log.warning("the report of %s is not filed: %s", incident.id, refusal)
            return None
        version = report.version if incident.state is State.RESOLVED else filed.version
        filed = replace(filed, version=version, digest=digest, made_at=self._clock.now())
        await self._filings.keep_filed(incident.id, filed)
        if filed.loose:
            await self._look_later(incident)
        return filed

    async def _last_picture(self, incident: Incident) -> None:
        """Wait until it is there, where there were pictures before."""
        until, last = (incident.resolved_at or 0.0) + PICTURE_WITHIN_S, occasion_of(incident)
        while self._clock.now() < until:
            drawn = (await self._albums.album(incident.id)).drawn_for
            if not drawn or last in drawn:
                return
            await self._clock.sleep(LOOK_AGAIN_S / 4)

    async def _fasten(self, incident: Incident, filed: Filed) -> None:
        """See that a file stands in the thread: on the card that names it, else in a message of its own."""
        refs = await self._store.thread_refs(incident.id)
        if await self._filing.stands(filed, refs):
            filed = replace(filed, loose=False)
        elif self._filing.awaits_card(filed, refs):
            await self._look_later(incident)
            return
        else:
            log.info("the report of %s gets a message of its own: no card shows its file", incident.id)
            try:
                filed = await self._filing.in_message(await self._written(incident), filed, refs)
            except SlackRefused as refusal:
                log.warning("the report of %s may be a file that nobody may open: %s", incident.id, refusal)
                return
        await self._filings.keep_filed(incident.id, filed)

    async def _look_later(self, incident: Incident) -> None:
        at, version = self._clock.now() + CARD_SHOWS_S, str(incident.reopened + 1)
        key = f"report:{incident.id}:{version}:{at:.0f}"
        await self._queue.hand_over([Job(name=jobs.MAKE_REPORT, args=(incident.id, version), key=key, at=at)])

    async def _written(self, incident: Incident, *, reader: str = "") -> Report:
        """The report for the eyes of whoever ended the incident; of an open one, of ``reader``."""
        report = replace(await self._plain(incident), zone=await self._zone(incident.resolved_by or reader))
        told = await self._writer.summary(incident.id)
        return replace(report, summary=(told,), summary_by=self._writer.model) if told else report

    async def _zone(self, user: str) -> str:
        """Where somebody's clocks are, by the name that Slack has for it; empty where it does not say."""
        try:
            async with asyncio.timeout(ZONE_WITHIN_S):
                return (await self._directory.person(user)).zone if user else ""
        except (SlackRefused, SlackBusy, TimeoutError) as error:
            log.info("the report's times are in UTC: %s", str(error) or "Slack is slow")
            return ""

    async def _plain(self, incident: Incident) -> Report:
        """The report as code puts it together, from state alone."""
        case, album = await self._case(incident), await self._albums.album(incident.id)
        pictures = [(each.file_id, each.alt) for each in album.pictures]
        return report_of(case, version=incident.reopened + 1, pictures=pictures)

    async def _case(self, incident: Incident) -> Case:
        after = await self._newest(incident, RunKind.VALIDATE)
        plan = after.plan.hash if after is not None else incident.plan.hash if incident.plan is not None else ""
        earlier = incident.run_before(plan, number=after.number if after is not None else None)
        before = await self._store.run(earlier.id) if earlier is not None else None
        return Case(
            incident=incident,
            service=self._catalog.service(incident.service or ""),
            before=before or await self._newest(incident, RunKind.CONFIRM),
            after=after,
            soak=await self._newest(incident, RunKind.SOAK),
            refusals=await self._refusals(incident),
            now=self._clock.now(),
        )

    async def _refusals(self, incident: Incident) -> tuple[Act, ...]:
        """What people might not do to it; what they named by its service counts while the incident was open."""
        until = incident.resolved_at if incident.resolved_at is not None else self._clock.now()
        known = {incident.id, *incident.merged}

        def concerns(refused: Refused) -> bool:
            named = not refused.incident and refused.service == incident.service
            return refused.incident in known or (named and incident.opened_at <= refused.at <= until)

        return tuple(_refusal(each) for each in await self._kept.refusals(AUDITED) if concerns(each))

    async def _newest(self, incident: Incident, kind: RunKind) -> Run | None:
        ended = [each for each in incident.runs if each.kind is kind and each.finished_at is not None]
        lines = [each for each in ended if not each.partial]
        return await self._store.run(lines[-1].id) if lines else None

    async def _tell(self, incident: Incident, filed: Filed) -> None:
        """Post an event on the service, once for each resolution; a Datadog that is away goes without."""
        version = incident.reopened + 1
        if not self._announcer.available or filed.told >= version:
            return
        await self._filings.keep_filed(incident.id, replace(filed, told=version))  # rather never than twice
        report = await self._plain(incident)
        try:
            service = incident.service or incident.label
            await self._announcer.announce(report, service=service, env=incident.env, link=filed.url)
        except TelemetryUnavailable as error:
            log.warning("Datadog is not told of the end of %s: %s", incident.id, error)


def _refusal(refused: Refused) -> Act:
    what = f"was refused to {NEEDS_RESPONDER.get(refused.what, 'do that for')} {refused.service}"
    return Act(at=refused.at, who=refused.user, what=what, place=refused.place)


def _where(filed: Filed) -> str:
    if filed.loose:
        return "it is a file on the resolution card"
    return mentions.link(filed.url, "open it") if filed.url else "it is a file in the incident's thread"
