"""The adapters of one process, opened and closed again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from redis.asyncio import Redis

from fixloop_bot.adapters.clock import SystemClock
from fixloop_bot.adapters.datadog.client import DatadogTelemetry, NullTelemetry
from fixloop_bot.adapters.meaning.embedder import open_meaning
from fixloop_bot.adapters.minimax.client import MiniMaxClient
from fixloop_bot.adapters.minimax.planner import MiniMaxPlanner, NullPlanner
from fixloop_bot.adapters.redis.queue import DocketQueue
from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.board import NullBoard, SlackBoard
from fixloop_bot.adapters.slack.directory import NullDirectory, SlackDirectory
from fixloop_bot.adapters.slack.podium import NullPodium, SlackPodium
from fixloop_bot.adapters.slack.storm_board import NullStormBoard, SlackStormBoard
from fixloop_bot.application.copilot.meaning import Meaning
from fixloop_bot.application.copilot.speech import Podium
from fixloop_bot.application.directory import Directory
from fixloop_bot.application.mute_ports import Downtimes
from fixloop_bot.application.ports import Board, Clock, Planner, Prober
from fixloop_bot.application.storms import StormBoard
from fixloop_bot.bootstrap.gallery import DAY_S, Gallery, open_gallery
from fixloop_bot.bootstrap.openings import (
    open_careful_prober,
    open_downtimes,
    open_model,
    open_slack,
    open_telemetry,
    read_catalog,
    store_client,
    store_url,
)
from fixloop_bot.config import Settings, secret_of
from fixloop_bot.domain.catalog import Catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """The adapters of one process, opened."""

    settings: Settings
    catalog: Catalog
    clock: Clock
    client: Redis
    store: RedisStore
    queue: DocketQueue
    slack: SlackApi | None
    directory: Directory
    board: Board
    storm_board: StormBoard
    podium: Podium
    telemetry: DatadogTelemetry | NullTelemetry
    model: MiniMaxClient | None
    planner: Planner
    meaning: Meaning | None
    prober: Prober
    downtimes: Downtimes
    gallery: Gallery


@asynccontextmanager
async def open_means(settings: Settings) -> AsyncIterator[Means]:
    """Open everything that a process needs. Raises FixLoopError with one sentence."""
    catalog, clock = read_catalog(settings), SystemClock()
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(store_url(settings))
        client = store_client(url)
        stack.push_async_callback(client.aclose)
        store = RedisStore(client, clock=clock, retention_s=settings.retention_days * DAY_S, shared_time=True)
        await store.ping()
        slack = await stack.enter_async_context(open_slack(settings, store))
        model = await stack.enter_async_context(open_model(settings, clock))
        directory = SlackDirectory(slack, clock=clock, changes=store) if slack is not None else NullDirectory()
        channel = settings.default_channel or ""
        yield Means(
            settings=settings,
            catalog=catalog,
            clock=clock,
            client=client,
            store=store,
            queue=await stack.enter_async_context(DocketQueue(url, store=store)),
            slack=slack,
            directory=directory,
            board=SlackBoard(slack, clock=clock, default_channel=channel) if slack else NullBoard(),
            storm_board=SlackStormBoard(slack, clock=clock, default_channel=channel) if slack else NullStormBoard(),
            podium=await _open_podium(stack, slack, store, clock),
            telemetry=stack.enter_context(open_telemetry(settings)) or NullTelemetry(),
            model=model,
            planner=MiniMaxPlanner(model, settings.minimax_model, secrets=secret_of) if model else NullPlanner(),
            meaning=await stack.enter_async_context(open_meaning()),
            prober=await stack.enter_async_context(open_careful_prober(settings, clock)),
            downtimes=stack.enter_context(open_downtimes(settings)),
            gallery=stack.enter_context(open_gallery(client, slack, directory, settings, clock)),
        )


async def _open_podium(stack: AsyncExitStack, slack: SlackApi | None, store: RedisStore, clock: Clock) -> Podium:
    """Where the copilot's answers appear; nowhere without Slack."""
    if slack is None:
        return NullPodium()

    async def first_time(name: str) -> bool:
        return await store.once(name, seconds=DAY_S)

    return await stack.enter_async_context(SlackPodium(slack, clock=clock, first_time=first_time))
