"""The only composition root: settings → adapters → use cases. Import does nothing; ``house()`` builds everything."""

from __future__ import annotations

import asyncio
import os
import random
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from fixloop_bot import __version__
from fixloop_bot.adapters.catalog_file import load_catalog
from fixloop_bot.adapters.clock import SystemClock
from fixloop_bot.adapters.datadog import install
from fixloop_bot.adapters.datadog.client import DatadogTelemetry, NullTelemetry
from fixloop_bot.adapters.datadog.links import DatadogLinks
from fixloop_bot.adapters.http.connectivity import CarefulProber, Connectivity
from fixloop_bot.adapters.http.guard import Guard
from fixloop_bot.adapters.http.prober import HttpProber
from fixloop_bot.adapters.minimax.client import MiniMaxClient
from fixloop_bot.adapters.minimax.planner import MiniMaxPlanner, NullPlanner
from fixloop_bot.adapters.redis.queue import DocketQueue
from fixloop_bot.adapters.redis.server import EmbeddedValkey
from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.board import NullBoard, SlackBoard
from fixloop_bot.application import jobs
from fixloop_bot.application.baseline import Baseliner
from fixloop_bot.application.brake import Brake
from fixloop_bot.application.checklist import Checklist
from fixloop_bot.application.desk import Desk
from fixloop_bot.application.execution import Execution
from fixloop_bot.application.inbox import Inbox
from fixloop_bot.application.intake import Intake
from fixloop_bot.application.ledger import Ledger
from fixloop_bot.application.planning import Planning
from fixloop_bot.application.ports import Board, Clock, Planner, Prober, Telemetry
from fixloop_bot.application.proposals import Proposals
from fixloop_bot.application.proving import Proving
from fixloop_bot.application.replaying import Replaying
from fixloop_bot.application.resolution import Resolution
from fixloop_bot.application.sweep import Sweep
from fixloop_bot.application.threads import Threads
from fixloop_bot.application.validation import Validation
from fixloop_bot.application.watch import Watch
from fixloop_bot.config import Settings, SettingsError, secret_of
from fixloop_bot.domain.catalog import Catalog, Origin

__all__ = [
    "Bench",
    "House",
    "Settings",
    "SettingsError",
    "bench",
    "house",
    "install_webhook",
    "open_app_connections",
    "open_model",
    "open_prober",
    "open_slack",
    "open_telemetry",
    "read_catalog",
    "secret_of",
    "store_url",
]

STORE_TIMEOUT_S = 5.0
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """All use cases of one process, wired. ``handlers`` maps job names to what a worker performs."""

    settings: Settings
    catalog: Catalog
    clock: Clock
    store: RedisStore
    queue: DocketQueue
    board: Board
    slack: SlackApi | None
    intake: Intake
    desk: Desk
    inbox: Inbox
    sweep: Sweep
    watch: Watch
    brake: Brake
    baseliner: Baseliner
    handlers: Mapping[str, Callable[..., Awaitable[None]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What the commands outside Slack work with."""

    clock: Clock
    store: RedisStore
    proposals: Proposals
    proving: Proving
    replaying: Replaying


def read_catalog(settings: Settings) -> Catalog:
    """The catalog file; an empty catalog where there is none and none was named. Raises BadInput with each mistake."""
    if settings.catalog_named and not settings.catalog.exists():
        raise SettingsError(f"FIXLOOP_CATALOG names {settings.catalog}, and there is no such file")
    return load_catalog(settings.catalog) if settings.catalog.exists() else Catalog()


@asynccontextmanager
async def house(settings: Settings) -> AsyncIterator[House]:
    """Open everything that a process needs, and close it again. Raises FixLoopError with one sentence."""
    catalog = read_catalog(settings)
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(store_url(settings))
        client = _client(url)
        stack.push_async_callback(client.aclose)
        store = RedisStore(client, clock=clock, retention_s=settings.retention_days * DAY_S, shared_time=True)
        await store.ping()
        queue = await stack.enter_async_context(DocketQueue(url, store=store))
        slack = await stack.enter_async_context(open_slack(settings))
        board: Board = (
            SlackBoard(slack, clock=clock, default_channel=settings.default_channel or "")
            if slack is not None
            else NullBoard()
        )
        telemetry = stack.enter_context(open_telemetry(settings)) or NullTelemetry()
        model = await stack.enter_async_context(open_model(settings, clock))
        planner = (
            MiniMaxPlanner(model, settings.minimax_model, secrets=secret_of) if model is not None else NullPlanner()
        )
        prober = await stack.enter_async_context(open_careful_prober(settings, clock))
        yield _wire(settings, catalog, clock, store, queue, board, slack, telemetry, planner, prober)


@asynccontextmanager
async def bench(settings: Settings, catalog: Catalog, *, with_model: bool = False) -> AsyncIterator[Bench]:
    """Open what proves, plans and replays without an incident: the house's store, gate and telemetry, and no Slack."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(store_url(settings))
        client = _client(url)
        stack.push_async_callback(client.aclose)
        store = RedisStore(client, clock=clock, retention_s=settings.retention_days * DAY_S, shared_time=True)
        await store.ping()
        telemetry = stack.enter_context(open_telemetry(settings))
        model = await stack.enter_async_context(open_model(settings, clock)) if with_model else None
        planner = MiniMaxPlanner(model, settings.minimax_model, secrets=secret_of) if model else NullPlanner()
        prober = await stack.enter_async_context(open_careful_prober(settings, clock))
        asked = telemetry or NullTelemetry()
        proposals = Proposals(store, planner=planner, telemetry=asked, prober=prober, catalog=catalog, clock=clock)
        proving = Proving(
            store,
            prober=prober,
            telemetry=telemetry,
            without_keys=NullTelemetry(),
            clock=clock,
            chance=random.Random(),
            product=__version__,
        )
        replaying = Replaying(store, prober=prober, clock=clock)
        yield Bench(clock=clock, store=store, proposals=proposals, proving=proving, replaying=replaying)


@asynccontextmanager
async def store_url(settings: Settings) -> AsyncIterator[str]:
    """The address of REDIS_URL's store, or of the built-in one, which runs for so long."""
    if settings.redis_url is not None:
        yield settings.redis_url
        return
    server = EmbeddedValkey(settings.data_dir)
    try:
        await server.start()
        keeping = asyncio.create_task(server.keep(), name="store-keeper")
        try:
            yield server.url
        finally:
            keeping.cancel()
            await asyncio.wait({keeping})
    finally:
        await server.stop()


@asynccontextmanager
async def open_slack(settings: Settings) -> AsyncIterator[SlackApi | None]:
    """Slack's Web API with the bot's token, or None without one."""
    if settings.slack_bot_token is None:
        yield None
        return
    async with SlackApi(token=settings.slack_bot_token, base_url=settings.slack_api_url) as api:
        yield api


async def open_app_connections(settings: Settings, app_token: str) -> None:
    """Ask for a Socket Mode address, and leave it; raises SlackRefused or SlackBusy."""
    async with SlackApi(token=app_token, base_url=settings.slack_api_url) as api:
        await api.call("apps.connections.open", app_token=app_token)


@contextmanager
def open_telemetry(settings: Settings) -> Iterator[DatadogTelemetry | None]:
    """Datadog's API, or None without both keys."""
    if settings.dd_api_key is None or settings.dd_app_key is None:
        yield None
        return
    telemetry = DatadogTelemetry(api_key=settings.dd_api_key, app_key=settings.dd_app_key, host=settings.dd_api_url)
    try:
        yield telemetry
    finally:
        telemetry.close()


@asynccontextmanager
async def open_model(settings: Settings, clock: Clock) -> AsyncIterator[MiniMaxClient | None]:
    """The model's client, or None without a key."""
    if settings.minimax_api_key is None:
        yield None
        return
    client = MiniMaxClient(base_url=settings.minimax_base_url, api_key=settings.minimax_api_key, clock=clock)
    try:
        yield client
    finally:
        await client.aclose()


@asynccontextmanager
async def open_prober(clock: Clock) -> AsyncIterator[HttpProber]:
    """What sends requests to services, through the gate."""
    prober = HttpProber(guard=Guard(), clock=clock, secrets=secret_of)
    try:
        yield prober
    finally:
        await prober.aclose()


@asynccontextmanager
async def open_careful_prober(settings: Settings, clock: Clock) -> AsyncIterator[CarefulProber]:
    """A prober that looks at our own network before it blames a service: is anybody reached whom we talk to anyway?"""
    used = (
        settings.slack_api_url if settings.slack_bot_token else None,
        settings.dd_api_url if settings.dd_api_key and settings.dd_app_key else None,
        settings.minimax_base_url if settings.minimax_api_key else None,
    )
    async with open_prober(clock) as prober:
        yield CarefulProber(prober, Connectivity([Origin.of(url) for url in used if url is not None]))


def _wire(
    settings: Settings,
    catalog: Catalog,
    clock: Clock,
    store: RedisStore,
    queue: DocketQueue,
    board: Board,
    slack: SlackApi | None,
    telemetry: Telemetry,
    planner: Planner,
    prober: Prober,
) -> House:
    """The use cases on their adapters; long because it is the one place that knows them all."""
    ledger = Ledger(store, queue)
    channel = settings.default_channel or ""
    intake = Intake(store, ledger, catalog=catalog, clock=clock, default_channel=channel)
    planning = Planning(
        store, ledger, planner=planner, telemetry=telemetry, prober=prober, catalog=catalog, clock=clock
    )
    validation = Validation(store, ledger, catalog=catalog, clock=clock)
    execution = Execution(
        store,
        ledger,
        validation,
        prober=prober,
        telemetry=telemetry,
        catalog=catalog,
        clock=clock,
        chance=random.Random(),
    )
    links = DatadogLinks(settings.dd_site)
    threads = Threads(store, board, links, catalog=catalog, clock=clock)
    brake = Brake(store, prober, clock=clock)
    desk = Desk(
        store,
        board,
        threads,
        validation=validation,
        planning=planning,
        checklist=Checklist(ledger, clock=clock),
        resolution=Resolution(store, ledger, clock=clock),
        brake=brake,
        clock=clock,
    )
    me = f"{socket.gethostname()}#{os.getpid()}"
    return House(
        settings=settings,
        catalog=catalog,
        clock=clock,
        store=store,
        queue=queue,
        board=board,
        slack=slack,
        intake=intake,
        desk=desk,
        inbox=Inbox(store, intake, clock=clock),
        sweep=Sweep(store, queue, clock=clock),
        watch=Watch(store, intake, telemetry=telemetry, catalog=catalog, clock=clock, name=me),
        brake=brake,
        baseliner=Baseliner(store, prober, catalog=catalog, clock=clock, name=me),
        handlers={
            jobs.MAKE_PLAN: planning.make,
            jobs.START_RUN: validation.start_when_free,
            jobs.EXECUTE_RUN: execution.execute,
            jobs.REFRESH_THREAD: threads.refresh,
            jobs.ANSWER_WISH: desk.answer,
        },
    )


def _client(url: str) -> Redis:
    return Redis.from_url(
        url,
        socket_timeout=STORE_TIMEOUT_S,
        socket_connect_timeout=STORE_TIMEOUT_S,
        health_check_interval=15,
        retry=Retry(NoBackoff(), 1),
    )


async def install_webhook(settings: Settings, *, url: str, name: str) -> str:
    """Create or update the webhook in Datadog; returns a sentence of what was done."""
    if settings.dd_api_key is None or settings.dd_app_key is None:
        raise SettingsError("DD_API_KEY and DD_APP_KEY must be set to install the webhook")
    if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", url):
        raise SettingsError(f"--url must be where Datadog reaches this FixLoop, https://…/datadog/webhook, not {url!r}")
    return await install.install_webhook(
        api_key=settings.dd_api_key,
        app_key=settings.dd_app_key,
        host=settings.dd_api_url,
        url=url,
        secret=settings.webhook_secret or "",
        name=name,
    )
