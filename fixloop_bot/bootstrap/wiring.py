"""One process, wired: settings → adapters → use cases."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from fixloop_bot.adapters.redis.queue import DocketQueue
from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.application import jobs
from fixloop_bot.application.attention import attending
from fixloop_bot.application.baseline import Baseliner
from fixloop_bot.application.brake import Brake
from fixloop_bot.application.checklist import Checklist
from fixloop_bot.application.copilot.answering import Copilot
from fixloop_bot.application.copilot.question import ANSWER_QUESTION
from fixloop_bot.application.deeds import Deeds
from fixloop_bot.application.desk import Desk
from fixloop_bot.application.inbox import Inbox
from fixloop_bot.application.intake import Intake
from fixloop_bot.application.ports import Board, Clock
from fixloop_bot.application.reporting import Reporting
from fixloop_bot.application.sweep import Sweep
from fixloop_bot.application.watch import Watch
from fixloop_bot.application.whereabouts import Whereabouts
from fixloop_bot.bootstrap.feeds import FeedMeans, Feeds, build_feeds, crier_of, front_of
from fixloop_bot.bootstrap.flow import Flow, build_flow
from fixloop_bot.bootstrap.gallery import build_charts, build_reporting
from fixloop_bot.bootstrap.means import Means, open_means
from fixloop_bot.bootstrap.ownership import Ownership, build_ownership, outside
from fixloop_bot.bootstrap.speaking import build_copilot, copilot_parts, prepare_copilot
from fixloop_bot.bootstrap.steps import Steps, build_steps
from fixloop_bot.config import Settings
from fixloop_bot.domain.catalog import Catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """All use cases of one process, wired. ``handlers`` maps job names to what a worker performs; ``prepare`` is what
    it does aside at its start."""

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
    prepare: Callable[[], Coroutine[Any, Any, None]]
    handlers: Mapping[str, Callable[..., Awaitable[None]]]


@asynccontextmanager
async def house(settings: Settings) -> AsyncIterator[House]:
    """Open everything that a process needs, and close it again. Raises FixLoopError with one sentence."""
    async with open_means(settings) as means:
        yield _wired(means)


def _wired(by: Means) -> House:
    """The use cases on their adapters; long because it is where they all meet."""
    store, catalog, clock = by.store, by.catalog, by.clock
    me = f"{socket.gethostname()}#{os.getpid()}"
    flow = build_flow(by)
    gathering, talker = copilot_parts(by, links=flow.links, threads=flow.threads)
    copilot = build_copilot(by, gathering, talker)
    charts = build_charts(by.gallery, store, by.queue, by.telemetry, catalog, clock)
    reporting = build_reporting(by.gallery, store, by.queue, gathering, talker, catalog, clock)
    ownership = build_ownership(
        outside(by.slack, by.directory),
        store,
        flow.ledger,
        by.queue,
        catalog=catalog,
        clock=clock,
        default_channel=by.settings.default_channel or "",
    )
    feeds = _feeds(by, flow, ownership, me)
    steps = build_steps(
        store, flow.ledger, flow.planning, catalog=catalog, clock=clock, allowed=ownership.permissions.to_edit
    )
    desk = _desk(by, _deeds(by, flow, ownership, copilot), ownership, reporting, feeds)
    return House(
        settings=by.settings,
        catalog=catalog,
        clock=clock,
        store=store,
        queue=by.queue,
        board=by.board,
        slack=by.slack,
        intake=flow.intake,
        desk=desk,
        inbox=Inbox(store, flow.intake, clock=clock),
        sweep=Sweep(store, by.queue, clock=clock),
        watch=Watch(store, flow.intake, telemetry=by.telemetry, catalog=catalog, clock=clock, name=me),
        brake=flow.brake,
        baseliner=Baseliner(store, by.prober, catalog=catalog, clock=clock, name=me),
        steps=steps,
        ownership=ownership,
        feeds=feeds,
        prepare=partial(prepare_copilot, by),
        handlers={
            **_run_handlers(flow),
            jobs.ANSWER_WISH: attending(desk.answer, store),
            ANSWER_QUESTION: copilot.answer,
            jobs.DRAW_CHARTS: charts.draw,
            jobs.MAKE_REPORT: reporting.make,
            jobs.REMIND: feeds.reminders.say,
            **ownership.handlers,
        },
    )


def _run_handlers(flow: Flow) -> Mapping[str, Callable[..., Awaitable[None]]]:
    return {
        jobs.MAKE_PLAN: flow.planning.make,
        jobs.START_RUN: flow.validation.start_when_free,
        jobs.EXECUTE_RUN: flow.execution.execute,
        jobs.REFRESH_THREAD: flow.threads.refresh,
    }


def _desk(by: Means, deeds: Deeds, ownership: Ownership, reporting: Reporting, feeds: Feeds) -> Desk:
    return Desk(
        by.store,
        by.board,
        ownership.permissions,
        {**deeds.deeds(), **ownership.deeds, **reporting.deeds(), **feeds.deeds()},
        (*deeds.commands(), *ownership.commands, *reporting.commands(), *feeds.commands()),
        home=feeds.feed.tell,
    )


def _deeds(by: Means, flow: Flow, ownership: Ownership, copilot: Copilot) -> Deeds:
    return Deeds(
        Whereabouts(by.store),
        by.board,
        flow.threads,
        validation=flow.validation,
        planning=flow.planning,
        checklist=Checklist(flow.ledger, clock=by.clock),
        resolution=ownership.resolution,
        brake=flow.brake,
        copilot=copilot,
        signpost=ownership.signpost,
        clock=by.clock,
    )


def _feeds(by: Means, flow: Flow, ownership: Ownership, me: str) -> Feeds:
    means = FeedMeans(
        store=by.store,
        queue=by.queue,
        ledger=flow.ledger,
        front=front_of(by.slack),
        crier=crier_of(by.slack),
        telemetry=by.telemetry,
        model=by.model,
        downtimes=by.downtimes,
        directory=ownership.directory,
        brake=flow.brake,
        catalog=by.catalog,
        clock=by.clock,
        name=me,
    )
    return build_feeds(means)
