"""Pictures and reports, wired."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from redis.asyncio import Redis

from fixloop_bot.adapters.charts.painter import ProcessPainter
from fixloop_bot.adapters.datadog.client import DatadogTelemetry, NullTelemetry
from fixloop_bot.adapters.datadog.events import DatadogEvents, NullEvents
from fixloop_bot.adapters.redis.albums import Albums
from fixloop_bot.adapters.redis.filings import Filings
from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.canvas import NullPapers, SlackPapers
from fixloop_bot.adapters.slack.files import NullFiles, SlackFiles
from fixloop_bot.application import occasions, reporting
from fixloop_bot.application.charts import Charts
from fixloop_bot.application.copilot.gathering import Gathering
from fixloop_bot.application.copilot.speech import Talker
from fixloop_bot.application.copilot.summary import SummaryWriter
from fixloop_bot.application.directory import Directory
from fixloop_bot.application.jobs import JobQueue
from fixloop_bot.application.papers import Announcer, Papers
from fixloop_bot.application.pictures import Files, Painter
from fixloop_bot.application.ports import Clock
from fixloop_bot.application.reporting import Reporting
from fixloop_bot.config import Settings
from fixloop_bot.domain.catalog import Catalog

DAY_S = 86_400.0
FOLLOW_UPS = (occasions.due, reporting.due)
"""What any change of an incident may be an occasion for: the ledger's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gallery:
    """Where pictures and reports are remembered, and what they are made with."""

    albums: Albums
    filings: Filings
    painter: Painter
    files: Files
    papers: Papers
    directory: Directory
    announcer: Announcer


@contextmanager
def open_gallery(
    client: Redis, slack: SlackApi | None, directory: Directory, settings: Settings, clock: Clock
) -> Iterator[Gallery]:
    """Slack's files and canvases where there is Slack; Datadog's events where there is a key."""
    retention_s = settings.retention_days * DAY_S
    files = SlackFiles(slack, clock=clock) if slack is not None else None
    with _open_announcer(settings) as announcer:
        yield Gallery(
            albums=Albums(client, clock=clock, retention_s=retention_s),
            filings=Filings(client, clock=clock, retention_s=retention_s),
            painter=ProcessPainter(settings.data_dir / "charts"),
            files=files or NullFiles(),
            papers=SlackPapers(slack, files, directory, clock=clock) if slack and files else NullPapers(),
            directory=directory,
            announcer=announcer,
        )


@contextmanager
def _open_announcer(settings: Settings) -> Iterator[Announcer]:
    """An event needs no application key."""
    if settings.dd_api_key is None:
        yield NullEvents()
        return
    app_key = settings.dd_app_key or "not needed"
    events = DatadogEvents(api_key=settings.dd_api_key, app_key=app_key, host=settings.dd_api_url)
    try:
        yield events
    finally:
        events.close()


def build_charts(
    gallery: Gallery,
    store: RedisStore,
    queue: JobQueue,
    telemetry: DatadogTelemetry | NullTelemetry,
    catalog: Catalog,
    clock: Clock,
) -> Charts:
    return Charts(
        store,
        gallery.albums,
        queue,
        telemetry=telemetry,
        changes=telemetry,
        painter=gallery.painter,
        files=gallery.files,
        catalog=catalog,
        clock=clock,
    )


def build_reporting(
    gallery: Gallery,
    store: RedisStore,
    queue: JobQueue,
    gathering: Gathering,
    talker: Talker,
    catalog: Catalog,
    clock: Clock,
) -> Reporting:
    return Reporting(
        store,
        store,
        gallery.filings,
        gallery.albums,
        queue,
        papers=gallery.papers,
        announcer=gallery.announcer,
        writer=SummaryWriter(gathering, talker),
        directory=gallery.directory,
        catalog=catalog,
        clock=clock,
    )
