"""``serve``, ``web`` and ``worker``: named tasks in a task group, drained on SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator

from aiohttp import web

from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.bootstrap import House, Settings, SettingsError, house
from fixloop_bot.domain.errors import FixLoopError, SlackBusy, SlackRefused
from fixloop_bot.entrypoints.meters import Meters
from fixloop_bot.entrypoints.slack.app import create_slack_app, socket_mode
from fixloop_bot.entrypoints.web import Doors, create_app

log = logging.getLogger(__name__)

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


async def run(settings: Settings, *, as_web: bool, as_worker: bool) -> None:
    """Run one process until SIGTERM or SIGINT. Raises FixLoopError with one sentence if it cannot start."""
    _check(settings, as_web=as_web)
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with house(settings) as built, contextlib.AsyncExitStack() as stack:
        if as_web:
            await stack.enter_async_context(_serving(built))
        if as_worker:
            await stack.enter_async_context(_working(built))
        roles = " and ".join(role for role, on in (("web", as_web), ("worker", as_worker)) if on)
        # What is loaded by now stays: were it looked through with each full collection, clicks would wait for that.
        gc.collect()
        gc.freeze()
        log.info("fixloop is ready: %s%s, %s", roles, _where(settings) if as_web else "", _described(built))
        await stop.wait()
        log.info("fixloop is stopping")


def _where(settings: Settings) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f" on http://{host}:{settings.port}"


def _described(built: House) -> str:
    number = len(built.catalog.services)
    return f"{number} {'service' if number == 1 else 'services'} in the catalog"


def _check(settings: Settings, *, as_web: bool) -> None:
    if as_web and settings.slack_bot_token and not settings.socket_mode and not settings.slack_signing_secret:
        raise SettingsError("SLACK_SIGNING_SECRET must be set, or SLACK_APP_TOKEN for Socket Mode")
    if as_web and settings.host not in LOOPBACK and settings.webhook_secret is None:
        raise SettingsError("FIXLOOP_WEBHOOK_SECRET must be set where HOST is not loopback")
    if settings.slack_bot_token and not settings.default_channel:
        log.warning("FIXLOOP_DEFAULT_CHANNEL is not set: alerts of services without a catalog entry are not shown")


@contextlib.asynccontextmanager
async def _serving(built: House) -> AsyncIterator[None]:
    """The HTTP server, and Slack's socket in Socket Mode."""
    settings = built.settings
    slack = create_slack_app(built) if built.slack is not None else None
    doors = Doors(
        intake=built.intake,
        store=built.store,
        clock=built.clock,
        meters=Meters(),
        slack=None if settings.socket_mode else slack,
        webhook_secret=settings.webhook_secret,
        signing_secret=settings.slack_signing_secret or "",
        slack_trouble=built.slack.trouble if built.slack is not None else None,
    )
    runner = web.AppRunner(create_app(doors), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port)
        try:
            await site.start()
        except OSError as error:
            raise FixLoopError(_not_here(settings, error)) from error
        async with contextlib.AsyncExitStack() as stack:
            if built.slack is not None:
                await stack.enter_async_context(_greeting(built.slack))
            if slack is not None and settings.slack_app_token is not None:
                await stack.enter_async_context(socket_mode(slack, settings.slack_app_token))
            yield
    finally:
        await runner.cleanup()


def _not_here(settings: Settings, error: OSError) -> str:
    """Why it cannot listen, and what to change; asyncio's own sentence repeats the address."""
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"HOST {settings.host} is no address of this machine: set HOST to one, such as 127.0.0.1 or 0.0.0.0."
    if error.errno == errno.EADDRINUSE:
        return f"PORT {settings.port} on {settings.host} is in use: set PORT to another, or end who listens there."
    return f"PORT {settings.port} on {settings.host} cannot be used: {os.strerror(error.errno or 0)}."


@contextlib.asynccontextmanager
async def _greeting(slack: SlackApi) -> AsyncIterator[None]:
    """Ask Slack who we are, aside: the first click must not wait for that answer; citations link by it."""

    async def greet() -> None:
        with contextlib.suppress(SlackBusy, SlackRefused):
            await slack.identity()

    greeting = asyncio.create_task(greet(), name="greeting")
    try:
        yield
    finally:
        greeting.cancel()
        await asyncio.wait({greeting})


@contextlib.asynccontextmanager
async def _working(built: House) -> AsyncIterator[None]:
    """The inbox, the jobs and all loops that look by themselves; the brake looks first, so that a halt outlives us."""
    await built.brake.look()
    async with asyncio.TaskGroup() as group, contextlib.AsyncExitStack() as stack:
        if built.slack is not None:
            await stack.enter_async_context(_greeting(built.slack))
        tasks = [
            group.create_task(built.prepare(), name="preparing"),
            group.create_task(built.queue.work(built.handlers), name="worker"),
            group.create_task(built.inbox.run(), name="inbox"),
            group.create_task(built.sweep.run(), name="sweep"),
            group.create_task(built.watch.run(), name="watch"),
            group.create_task(built.brake.run(), name="brake"),
            group.create_task(built.baseliner.run(), name="baseline"),
            group.create_task(built.feeds.feed.run(), name="feed"),
            group.create_task(built.feeds.curves.run(), name="curves"),
            group.create_task(built.feeds.reminders.run(), name="reminders"),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
