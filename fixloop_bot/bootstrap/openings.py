"""Opening and closing what a process needs: the catalog, the store, Slack, Datadog, the model, the gate."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from fixloop_bot.adapters.catalog_file import load_catalog
from fixloop_bot.adapters.datadog import install
from fixloop_bot.adapters.datadog.client import DatadogTelemetry
from fixloop_bot.adapters.datadog.downtimes import DatadogDowntimes, NullDowntimes
from fixloop_bot.adapters.datadog.links import DatadogLinks
from fixloop_bot.adapters.http.connectivity import CarefulProber, Connectivity
from fixloop_bot.adapters.http.guard import Guard
from fixloop_bot.adapters.http.prober import HttpProber
from fixloop_bot.adapters.minimax.client import MiniMaxClient
from fixloop_bot.adapters.redis.server import EmbeddedValkey
from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.application.errands import Paces
from fixloop_bot.application.ports import Clock
from fixloop_bot.config import Settings, SettingsError, secret_of
from fixloop_bot.domain.catalog import Catalog, Origin

STORE_TIMEOUT_S = 5.0
STORE_CONNECTIONS = 64
"""A burst waits a moment for its turn; a pool that raises instead would look like a store that is away."""


def read_catalog(settings: Settings) -> Catalog:
    """The catalog file; an empty catalog where there is none and none was named. Raises BadInput with each mistake."""
    if settings.catalog_named and not settings.catalog.exists():
        raise SettingsError(f"FIXLOOP_CATALOG names {settings.catalog}, and there is no such file")
    return load_catalog(settings.catalog) if settings.catalog.exists() else Catalog()


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


def store_client(url: str) -> Redis:
    """A connection pool to the store, whose calls never hang."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=STORE_CONNECTIONS,
        timeout=STORE_TIMEOUT_S,
        socket_timeout=STORE_TIMEOUT_S,
        socket_connect_timeout=STORE_TIMEOUT_S,
        health_check_interval=15,
        retry=Retry(NoBackoff(), 1),
    )
    return Redis.from_pool(pool)


@asynccontextmanager
async def open_slack(settings: Settings, paces: Paces | None = None) -> AsyncIterator[SlackApi | None]:
    """Slack's Web API with the bot's token, or None without one. Its limits are shared by all who use these paces."""
    if settings.slack_bot_token is None:
        yield None
        return
    async with SlackApi(token=settings.slack_bot_token, base_url=settings.slack_api_url, paces=paces) as api:
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
    telemetry = DatadogTelemetry(
        api_key=settings.dd_api_key,
        app_key=settings.dd_app_key,
        host=settings.dd_api_url,
        event_link=DatadogLinks(settings.dd_site).event,
    )
    try:
        yield telemetry
    finally:
        telemetry.close()


@contextmanager
def open_downtimes(settings: Settings) -> Iterator[DatadogDowntimes | NullDowntimes]:
    """Datadog's downtimes; refused without both keys."""
    if settings.dd_api_key is None or settings.dd_app_key is None:
        yield NullDowntimes()
        return
    downtimes = DatadogDowntimes(api_key=settings.dd_api_key, app_key=settings.dd_app_key, host=settings.dd_api_url)
    try:
        yield downtimes
    finally:
        downtimes.close()


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


async def install_webhook(settings: Settings, *, url: str, written: install.Written, name: str) -> str:
    """Create or update the webhook in Datadog; returns a sentence of what was done, and keeps in ``written`` how far
    it is."""
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
        written=written,
    )
