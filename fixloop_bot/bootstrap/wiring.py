"""One process, wired: settings → adapters → use cases."""

from __future__ import annotations

import os
import random
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from redis.asyncio import Redis

from fixloop_bot.adapters.clock import SystemClock
from fixloop_bot.adapters.datadog.client import DatadogTelemetry, NullTelemetry
from fixloop_bot.adapters.datadog.links import DatadogLinks
from fixloop_bot.adapters.kingfisher import Kingfisher
from fixloop_bot.adapters.minimax.client import MiniMaxClient
from fixloop_bot.adapters.minimax.planner import MiniMaxPlanner, NullPlanner
from fixloop_bot.adapters.minimax.talk import MiniMaxTalker, NullTalker
from fixloop_bot.adapters.redis.queue import DocketQueue
from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.adapters.redis.talks import Talks
from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.board import NullBoard, SlackBoard
from fixloop_bot.adapters.slack.podium import NullPodium, SlackPodium
from fixloop_bot.adapters.slack.storm_board import NullStormBoard, SlackStormBoard
from fixloop_bot.application import jobs
from fixloop_bot.application.attention import attending
from fixloop_bot.application.baseline import Baseliner
from fixloop_bot.application.brake import Brake
from fixloop_bot.application.checklist import Checklist
from fixloop_bot.application.copilot.answering import Copilot
from fixloop_bot.application.copilot.gathering import Gathering
from fixloop_bot.application.copilot.question import ANSWER_QUESTION
from fixloop_bot.application.copilot.speech import Podium, Talker
from fixloop_bot.application.copilot.turns import Turns
from fixloop_bot.application.deeds import Deeds
from fixloop_bot.application.desk import Desk
from fixloop_bot.application.execution import Execution
from fixloop_bot.application.inbox import Inbox
from fixloop_bot.application.intake import Intake
from fixloop_bot.application.ledger import Ledger
from fixloop_bot.application.mute_ports import Downtimes
from fixloop_bot.application.planning import Planning
from fixloop_bot.application.ports import Board, Clock, DeepLinks, Planner, Prober
from fixloop_bot.application.storms import StormBoard, Storms
from fixloop_bot.application.sweep import Sweep
from fixloop_bot.application.threads import Threads
from fixloop_bot.application.validation import Validation
from fixloop_bot.application.watch import Watch
from fixloop_bot.application.whereabouts import Whereabouts
from fixloop_bot.bootstrap.feeds import FeedMeans, Feeds, build_feeds, crier_of, front_of
from fixloop_bot.bootstrap.gallery import FOLLOW_UPS, Gallery, build_charts, build_reporting, open_gallery
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
from fixloop_bot.bootstrap.ownership import Ownership, build_ownership, outside
from fixloop_bot.bootstrap.steps import Steps, build_steps
from fixloop_bot.config import Settings, secret_of
from fixloop_bot.domain.catalog import Catalog, Service

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
    steps: Steps
    ownership: Ownership
    feeds: Feeds
    handlers: Mapping[str, Callable[..., Awaitable[None]]]


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
    board: Board
    podium: Podium
    telemetry: DatadogTelemetry | NullTelemetry
    model: MiniMaxClient | None
    planner: Planner
    prober: Prober
    downtimes: Downtimes
    gallery: Gallery


@asynccontextmanager
async def house(settings: Settings) -> AsyncIterator[House]:
    """Open everything that a process needs, and close it again. Raises FixLoopError with one sentence."""
    catalog, clock = read_catalog(settings), SystemClock()
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(store_url(settings))
        client = store_client(url)
        stack.push_async_callback(client.aclose)
        store = RedisStore(client, clock=clock, retention_s=settings.retention_days * DAY_S, shared_time=True)
        await store.ping()
        slack = await stack.enter_async_context(open_slack(settings, store))
        model = await stack.enter_async_context(open_model(settings, clock))
        means = Means(
            settings=settings,
            catalog=catalog,
            clock=clock,
            client=client,
            store=store,
            queue=await stack.enter_async_context(DocketQueue(url, store=store)),
            slack=slack,
            board=_board(slack, settings, clock),
            podium=await open_podium(stack, slack, store, clock),
            telemetry=stack.enter_context(open_telemetry(settings)) or NullTelemetry(),
            model=model,
            planner=MiniMaxPlanner(model, settings.minimax_model, secrets=secret_of) if model else NullPlanner(),
            prober=await stack.enter_async_context(open_careful_prober(settings, clock)),
            downtimes=stack.enter_context(open_downtimes(settings)),
            gallery=stack.enter_context(open_gallery(client, slack, settings, clock)),
        )
        yield _wired(means)


def _board(slack: SlackApi | None, settings: Settings, clock: Clock) -> Board:
    if slack is None:
        return NullBoard()
    return SlackBoard(slack, clock=clock, default_channel=settings.default_channel or "")


def _storm_board(by: Means) -> StormBoard:
    if by.slack is None:
        return NullStormBoard()
    return SlackStormBoard(by.slack, clock=by.clock, default_channel=by.settings.default_channel or "")


def _wired(by: Means) -> House:
    """The use cases on their adapters; long because it is the one place that knows them all."""
    settings, catalog, clock, store = by.settings, by.catalog, by.clock, by.store
    telemetry, prober = by.telemetry, by.prober
    me = f"{socket.gethostname()}#{os.getpid()}"
    ledger, links = Ledger(store, by.queue, follow_ups=FOLLOW_UPS), DatadogLinks(settings.dd_site)
    intake = Intake(store, ledger, catalog=catalog, clock=clock, default_channel=settings.default_channel or "")
    planning = Planning(
        store,
        ledger,
        planner=by.planner,
        telemetry=telemetry,
        prober=prober,
        catalog=catalog,
        clock=clock,
        changes=telemetry,
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
    storms = Storms(store, store, _storm_board(by), queue=by.queue, clock=clock)
    threads = Threads(
        store,
        by.board,
        links,
        catalog=catalog,
        clock=clock,
        waiting=store,
        queue=by.queue,
        storms=storms,
        albums=by.gallery.albums,
        filings=by.gallery.filings,
    )
    brake = Brake(store, prober, clock=clock, ledger=ledger)
    gathering, talker = copilot_parts(by, links=links, threads=threads)
    copilot = build_copilot(by, gathering, talker)
    charts = build_charts(by.gallery, store, by.queue, telemetry, catalog, clock)
    reporting = build_reporting(by.gallery, store, gathering, talker, catalog, clock)
    ownership = build_ownership(
        outside(by.slack, clock),
        store,
        ledger,
        by.queue,
        catalog=catalog,
        clock=clock,
        default_channel=settings.default_channel or "",
    )
    deeds = Deeds(
        Whereabouts(store),
        by.board,
        threads,
        validation=validation,
        planning=planning,
        checklist=Checklist(ledger, clock=clock),
        resolution=ownership.resolution,
        brake=brake,
        copilot=copilot,
        clock=clock,
    )
    feeds = build_feeds(
        FeedMeans(
            store=store,
            queue=by.queue,
            ledger=ledger,
            front=front_of(by.slack),
            crier=crier_of(by.slack),
            telemetry=telemetry,
            model=by.model,
            downtimes=by.downtimes,
            directory=ownership.directory,
            brake=brake,
            catalog=catalog,
            clock=clock,
            name=me,
        )
    )
    desk = Desk(
        store,
        by.board,
        ownership.permissions,
        {**deeds.deeds(), **ownership.deeds, **reporting.deeds(), **feeds.deeds()},
        (*deeds.commands(), *ownership.commands, *reporting.commands(), *feeds.commands()),
        home=feeds.feed.tell,
    )
    return House(
        settings=settings,
        catalog=catalog,
        clock=clock,
        store=store,
        queue=by.queue,
        board=by.board,
        slack=by.slack,
        intake=intake,
        desk=desk,
        inbox=Inbox(store, intake, clock=clock),
        sweep=Sweep(store, by.queue, clock=clock),
        watch=Watch(store, intake, telemetry=telemetry, catalog=catalog, clock=clock, name=me),
        brake=brake,
        baseliner=Baseliner(store, prober, catalog=catalog, clock=clock, name=me),
        steps=build_steps(store, ledger, planning, catalog=catalog, clock=clock, allowed=ownership.permissions.to_edit),
        ownership=ownership,
        feeds=feeds,
        handlers={
            jobs.MAKE_PLAN: planning.make,
            jobs.START_RUN: validation.start_when_free,
            jobs.EXECUTE_RUN: execution.execute,
            jobs.REFRESH_THREAD: threads.refresh,
            jobs.ANSWER_WISH: attending(desk.answer, store),
            ANSWER_QUESTION: copilot.answer,
            jobs.DRAW_CHARTS: charts.draw,
            jobs.MAKE_REPORT: reporting.make,
            jobs.REMIND: feeds.reminders.say,
            **ownership.handlers,
        },
    )


async def open_podium(stack: AsyncExitStack, slack: SlackApi | None, store: RedisStore, clock: Clock) -> Podium:
    """Where the copilot's answers appear; nowhere without Slack."""
    if slack is None:
        return NullPodium()

    async def first_time(name: str) -> bool:
        return await store.once(name, seconds=DAY_S)

    return await stack.enter_async_context(SlackPodium(slack, clock=clock, first_time=first_time))


def copilot_parts(by: Means, *, links: DeepLinks, threads: Threads) -> tuple[Gathering, Talker]:
    """State and telemetry to read, and a model to talk with.

    The detector's rules are loaded with the first question, in a thread, and not by who never asks one.
    """
    detect = Kingfisher(by.settings.data_dir / "kingfisher")
    gathering = Gathering(
        by.store,
        by.telemetry,
        by.prober,
        links,
        view=threads.view,
        changes=by.telemetry,
        permalink=by.slack.permalink if by.slack is not None else _no_address,
        secrets=_secrets_of,
        detect=detect,
    )
    talker: Talker = NullTalker()
    if by.model is not None:
        services = by.catalog.services
        known = lambda: [value for service in services for value in _secrets_of(service)]  # noqa: E731
        talker = MiniMaxTalker(by.model, by.settings.minimax_model, known, detect=detect)
    return gathering, talker


def build_copilot(by: Means, gathering: Gathering, talker: Talker) -> Copilot:
    """What answers questions, and a place in the thread to speak."""
    talks = Talks(by.client, clock=by.clock, retention_s=by.settings.retention_days * DAY_S)
    turns = Turns(talks, clock=by.clock, token=lambda: secrets.token_hex(8))
    return Copilot(by.store, talks, gathering, talker=talker, podium=by.podium, turns=turns, clock=by.clock)


def _no_address(channel: str, ts: str) -> str:
    del channel, ts
    return ""


def _secrets_of(service: Service) -> tuple[str, ...]:
    """The values of a service's secrets, read now and kept nowhere: they are masked wherever they turn up."""
    return tuple(value for _, reference in service.secrets if (value := secret_of(reference)))
