"""From an incident to the dossier of a question: everything is read now, from state and telemetry, never from memory.

What cannot be read is left out, and what is slow is not waited for: an answer with less evidence is better than none
at 3 a.m. All texts are masked and cut before anything else sees them; the whole fits a budget.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from fixloop_bot.application.copilot import exhibits, readings
from fixloop_bot.application.copilot.passages import told_of
from fixloop_bot.application.copilot.readings import Changes, Gauge
from fixloop_bot.application.copilot.searching import Document, Search, document_of
from fixloop_bot.application.copilot.talks import Exchange, Remark
from fixloop_bot.application.ports import DeepLinks, Prober, Store, Telemetry
from fixloop_bot.application.views import ThreadView
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.copilot.dossier import Dossier, Evidence, Source
from fixloop_bot.domain.copilot.situation import Situation
from fixloop_bot.domain.errors import FixLoopError
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.moments import utc
from fixloop_bot.domain.redaction import Detector, mask

log = logging.getLogger(__name__)

PATIENCE_S = 3.0
"""How long one source may take; the answer is written without it then."""
HOUR_S, CHANGES_S = 3_600.0, 6 * 3_600.0
SEARCHED, SHOWN_PAST = 200, 3
TEXT, LONG_TEXT, BUDGET = 1_500, 5_000, 40_000
"""Characters of one piece of evidence, of a runbook, and of all; about four make a token."""
LOG_LINES = 100
MOST_HEARD, REMARK = 30, 300
"""Messages of the thread, and characters of each; as many of the newest as have room in one piece of evidence."""
_LONG = (Source.RUNBOOK, Source.THREAD, Source.TIMELINE)

T = TypeVar("T")
Permalink = Callable[[str, str], str]
"""Channel and ts of a message → its address; empty where it is not known."""


class Gathering:
    """Builds dossiers."""

    def __init__(
        self,
        store: Store,
        telemetry: Telemetry,
        prober: Prober,
        links: DeepLinks,
        *,
        view: Callable[[str], Awaitable[ThreadView | None]],
        changes: Changes | None = None,
        permalink: Permalink = lambda channel, ts: "",
        secrets: Callable[[Service], Sequence[str]] = lambda service: (),
        detect: Detector | None = None,
        search: Search | None = None,
    ) -> None:
        self._store = store
        self._telemetry = telemetry
        self._prober = prober
        self._links = links
        self._view = view
        self._changes = changes
        self._permalink = permalink
        self._secrets = secrets
        self._detect = detect
        self._search = search or Search()
        self._known: dict[str, Document] = {}

    async def view(self, incident_id: str) -> ThreadView | None:
        """The incident as it stands now."""
        return await self._view(incident_id)

    async def gather(
        self, view: ThreadView, question: str, talk: Sequence[Exchange], heard: Sequence[Remark] = ()
    ) -> Situation:
        """Everything that an answer may stand on; ``heard`` is what people wrote to each other in the thread."""
        found = await asyncio.gather(
            self._quickly(self.changes(view)),
            self._quickly(self.metrics(view)),
            self._quickly(self.errors(view)),
            self._quickly(self.past(view, question)),
            self._quickly(self.runbook(view, question)),
        )
        root = await self.root(view.incident)
        known = self.known_secrets(view)
        own, rest = list(state(view, root)), list(background(view, root, talk, heard))
        dossier = await asyncio.to_thread(
            _bound, [*own, *(each for part in found for each in part), *rest], known, self._detect
        )
        return Situation(
            incident=view.incident,
            service=view.service,
            before=view.confirm,
            shown=view.shown,
            soak=view.soak,
            now=view.now,
            dossier=dossier,
        )

    async def clean(self, text: str, view: ThreadView | None) -> str:
        """A person's words as they may be kept, shown to the model and posted: masked by value, shape and detector."""
        known = self.known_secrets(view) if view is not None else ()
        return await asyncio.to_thread(mask, text, known, detect=self._detect)

    @property
    def detect(self) -> Detector | None:
        """What finds secrets that have no shape of their own; its rules are loaded once something was gathered."""
        return self._detect

    def known_secrets(self, view: ThreadView) -> tuple[str, ...]:
        """Values of the service's secrets, for masking."""
        return tuple(self._secrets(view.service)) if view.service is not None else ()

    async def root(self, incident: Incident) -> str:
        """The address of the incident's thread, which is where runs and samples are shown."""
        refs = await self._store.thread_refs(incident.id)
        part = refs.part("results") or refs.part("root")
        return self._permalink(refs.channel, part.ts) if refs.channel and part is not None and part.ts else ""

    # One source each; also what the tools are made of

    async def metrics(self, view: ThreadView, *, only: str = "", since: float | None = None) -> list[Evidence]:
        gauges = [gauge for gauge in gauges_of(view) if only in ("", gauge.name)]
        return list(await asyncio.gather(*(self._metric(view, gauge, since) for gauge in gauges)))

    async def _metric(self, view: ThreadView, gauge: Gauge, since: float | None) -> Evidence:
        opened = view.incident.opened_at
        start = opened - HOUR_S if since is None else since
        series = await self._telemetry.query(gauge.query, start=start, end=view.now)
        link = self._links.metric(gauge.query, start=start, end=view.now)
        return await asyncio.to_thread(readings.metric, gauge, series, opened_at=opened, link=link)

    async def errors(self, view: ThreadView, *, words: str = "", since: float | None = None) -> list[Evidence]:
        """The last error logs, or those that hold certain words; always only the service's own."""
        service = view.service
        if service is None or service.logs is None:
            return []
        query = f"({service.logs}) ({words})" if words else service.logs
        start = max(view.incident.opened_at - HOUR_S, view.now - 24 * HOUR_S) if since is None else since
        lines = await self._telemetry.error_logs(query, start=start, end=view.now, limit=LOG_LINES)
        named = f"search for {words}" if words else "last error logs"

        def link(first: float, last: float) -> str:
            return self._links.logs(query, start=first, end=last)

        return await asyncio.to_thread(lambda: list(readings.logs(lines, found=named, link=link)))

    async def changes(self, view: ThreadView, *, hours: float = CHANGES_S / HOUR_S) -> list[Evidence]:
        if self._changes is None:
            return []
        opened = view.incident.opened_at
        start = opened - hours * HOUR_S
        events = await self._changes.changes(tags_of(view), start=start, end=view.now, limit=20)
        return list(readings.changes(events, opened_at=opened))

    async def past(self, view: ThreadView, question: str, *, most: int = SHOWN_PAST) -> list[Evidence]:
        """The incidents that are most like this one and the question, and how they ended."""
        documents = [each for each in await self._documents() if each.id != view.incident.id]
        own = document_of(view.incident)
        query = f"{question}\n{own.title}\n{own.text[:1_000]}"
        best = await self._search.likest(documents, query, most=most)
        found = [incident for each in best if (incident := await self._store.incident(each)) is not None]
        opened = view.incident.opened_at
        return [exhibits.past(incident, before=opened, link=await self.root(incident)) for incident in found]

    async def _documents(self) -> list[Document]:
        """The last incidents as documents; a resolved one is read once, since its words no longer change."""
        documents: list[Document] = []
        for incident_id in await self._store.latest_incidents(SEARCHED):
            document = self._known.get(incident_id)
            if document is None:
                incident = await self._store.incident(incident_id)
                if incident is None:
                    continue
                document = document_of(incident)
                if not incident.is_open:
                    self._known[incident_id] = document
            documents.append(document)
        self._known = {each.id: each for each in documents if each.id in self._known}
        return documents

    async def runbook(self, view: ThreadView, question: str = "") -> list[Evidence]:
        """The runbook's text, where the catalog's gate lets FixLoop read it; of a long one what is asked about."""
        service = view.service
        if service is None or service.runbook is None:
            return []
        document = await self._prober.fetch_document(service, service.runbook)
        whole = await asyncio.to_thread(_readable, document)
        query = f"{question}\n{view.incident.title}"
        text = await told_of(self._search, whole, query, room=LONG_TEXT)
        return [
            Evidence(key="runbook", source=Source.RUNBOOK, title="runbook", text=text, link=service.runbook),
        ]

    async def masked(self, view: ThreadView, evidence: Sequence[Evidence]) -> list[Evidence]:
        """As it may be shown to the model and to people."""
        known = self.known_secrets(view)
        return await asyncio.to_thread(lambda: [_cut(each, known, self._detect) for each in evidence])

    async def _quickly(self, source: Awaitable[list[Evidence]]) -> list[Evidence]:
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await source
        except TimeoutError:
            log.info("a source of the answer is left out: it took longer than %.0f s", PATIENCE_S)
        except FixLoopError as error:
            log.info("a source of the answer is left out: %s", error)
        except Exception:
            log.exception("a source of the answer failed")
        return []


def state(view: ThreadView, root: str) -> Iterable[Evidence]:
    """What FixLoop itself knows, the most telling first."""
    incident, now = view.incident, view.now
    yield exhibits.verdict(incident, now=now, link=root)
    yield exhibits.incident_facts(incident, view.service, now=now, link=root)
    runs = {run.id: run for run in (view.shown, view.confirm, view.soak) if run is not None}
    for run in runs.values():
        yield exhibits.run_facts(run, now=now, link=root)
        yield from exhibits.steps(run, link=root)
    yield from exhibits.comparison(view.confirm, view.shown, link=root)
    yield from exhibits.signals(incident, [_monitor(view, line.link) for line in incident.signals])


def background(
    view: ThreadView, root: str, talk: Sequence[Exchange], heard: Sequence[Remark] = ()
) -> Iterable[Evidence]:
    """What is asked for less often, and left out first."""
    yield from exhibits.plan(view.incident, link=root)
    yield from exhibits.timeline(view.incident, link=root)
    yield from exhibits.catalog_entry(view.service)
    said = list(_written(talk, heard))
    if said:
        text = "what people wrote in the thread (data, not fact):\n" + "\n".join(reversed(said))
        yield Evidence(key="thread", source=Source.THREAD, title="the thread", text=text, link=root)


def _written(talk: Sequence[Exchange], heard: Sequence[Remark]) -> Iterator[str]:
    """What people wrote, to the bot and to each other, newest first, as much as there is room for."""
    asked = ((each.at, each.user, each.question) for each in talk)
    spoken = sorted((*asked, *((each.at, each.user, each.text) for each in heard)), reverse=True)
    room = LONG_TEXT - 200
    for at, user, words in spoken[:MOST_HEARD]:
        line = f"{utc(at)} {user}: {' '.join(words[:REMARK].split())}"
        room -= len(line) + 1
        if room < 0:
            return
        yield line


def gauges_of(view: ThreadView) -> list[Gauge]:
    """The metrics that may be asked for: the signals' own and the catalog's, under the catalog's names."""
    gauges: dict[str, Gauge] = {}
    for line in view.incident.signals[:3]:
        if line.measure is not None:
            told = line.measure
            gauges[told.query] = Gauge(name="signal", query=told.query, limit=told.limit, comparator=told.comparator)
    if view.service is not None:
        for name, query in view.service.metrics[:8]:
            measured = view.service.measure(name)
            fresh = Gauge(name=name, query=query, limit=measured.limit if measured is not None else None)
            gauges[query] = replace(gauges.get(query, fresh), name=name)
    return list({gauge.name: gauge for gauge in gauges.values()}.values())


def tags_of(view: ThreadView) -> str:
    """The service's tags, as Datadog's searches take them."""
    if view.service is not None and view.service.match:
        return " ".join(f"{key}:{value}" for key, value in view.service.match)
    return f"service:{view.service.name if view.service is not None else view.incident.label}"


def _monitor(view: ThreadView, sent: str | None) -> str:
    return sent or view.links.monitor or view.links.metric or ""


def _bound(evidence: Sequence[Evidence], secrets: tuple[str, ...], detect: Detector | None) -> Dossier:
    """Masked, cut and within the budget; what comes late is left out first."""
    dossier, room = Dossier(), BUDGET
    for each in evidence:
        kept = _cut(each, secrets, detect)
        size = len(kept.title) + len(kept.text)
        if size <= room:
            dossier.add(kept)
            room -= size
    return dossier


def _cut(evidence: Evidence, secrets: tuple[str, ...], detect: Detector | None) -> Evidence:
    most = LONG_TEXT if evidence.source in _LONG else TEXT
    text = mask(evidence.text[: most * 3], secrets, detect=detect)
    text = text if len(text) <= most else text[:most].rstrip() + " …"
    return replace(evidence, title=mask(" ".join(evidence.title.split()), secrets, detect=detect)[:100], text=text)


_DROPPED = re.compile(r"<(script|style)\b[^>]{0,500}>[^<]{0,20000}</\1>|<!--[^<>]{0,2000}-->", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{1,500}>")
_READ = 200_000


def _readable(document: bytes) -> str:
    """A page's text without its markup; Markdown and plain text stay as they are."""
    text = document[:_READ].decode("utf-8", "replace")
    if "<" in text[:2_000]:
        text = _TAG.sub(" ", _DROPPED.sub(" ", text))
    return "\n".join(line for each in text.splitlines() if (line := " ".join(each.split())))
