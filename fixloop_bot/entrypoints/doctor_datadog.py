"""The doctor's looks at Datadog: its keys, and the way that an alert takes from a monitor to this FixLoop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import aiohttp

from fixloop_bot.adapters.clock import SystemClock
from fixloop_bot.adapters.datadog.api import DatadogApi
from fixloop_bot.adapters.datadog.checkup import (
    InstalledWebhook,
    api_key_counts,
    installed_webhook,
    monitors_that_mention,
)
from fixloop_bot.adapters.datadog.install import NAME
from fixloop_bot.adapters.datadog.refusals import Refusal
from fixloop_bot.adapters.datadog.template import SECRET_HEADER
from fixloop_bot.bootstrap import Settings, open_telemetry
from fixloop_bot.domain.errors import FixLoopError
from fixloop_bot.entrypoints.finding import Finding, State

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
KNOCK_S = 5.0
WRONG = "not-the-secret"
INSTALL = "fixloop datadog install --url https://YOUR-HOST/datadog/webhook"
PLACE = "/datadog/webhook"


async def look_at_keys(settings: Settings) -> Sequence[Finding]:
    """Both keys, by a query; where it is refused, which of them is wrong."""
    with open_telemetry(settings) as telemetry:
        if telemetry is None:
            return [_keyless(settings)]
        now = SystemClock().now()
        try:
            await telemetry.query("avg:system.load.1{*}", start=now - 300, end=now)
        except FixLoopError as error:
            return [Finding(part="datadog", state=State.BROKEN, seen=str(error), cure=await _cure(settings, error))]
    return [Finding(part="datadog", state=State.OK, seen=f"{settings.dd_api_url} answers queries with both keys")]


def _keyless(settings: Settings) -> Finding:
    if settings.dd_api_key is None and settings.dd_app_key is None:
        seen = "DD_API_KEY and DD_APP_KEY are not set: real traffic is not measured"
        return Finding(part="datadog", state=State.OFF, seen=seen, cure="set both")
    missing = "DD_API_KEY" if settings.dd_api_key is None else "DD_APP_KEY"
    return Finding(part="datadog", state=State.BROKEN, seen=f"{missing} is not set", cure="queries need both keys")


async def _cure(settings: Settings, error: FixLoopError) -> str:
    if not isinstance(error, Refusal):
        return "check DD_SITE (or DD_API_URL), and the way out"
    if error.status not in (401, 403):
        return "try again in a minute"
    async with _opened(settings) as api:
        try:
            counts = await api_key_counts(api)
        except FixLoopError:
            return "copy both keys again"
    if counts:
        return "DD_API_KEY counts: copy DD_APP_KEY again, and let it read metrics, logs, events and monitors"
    return f"{settings.dd_site} does not know DD_API_KEY: copy it again, or set DD_SITE to your own site"


async def look_at_webhook(settings: Settings) -> Sequence[Finding]:
    """From Datadog's webhook through its address to the process there, which has to know the secret.

    Datadog is not made to send anything: what it would post to is asked with an empty body, which is refused unread.
    """
    secret = _secret(settings)
    if settings.dd_api_key is None or settings.dd_app_key is None:
        return [secret]
    try:
        async with _opened(settings) as api:
            installed = await installed_webhook(api, NAME)
            mentioned, monitors = await monitors_that_mention(api, NAME) if installed is not None else (0, 0)
    except FixLoopError:
        return [secret]  # Datadog's own line says why it cannot be asked
    if installed is None:
        seen = f"Datadog has no webhook named {NAME}: no alert reaches FixLoop by one"
        return [secret, Finding(part="webhook", state=State.OFF, seen=seen, cure=INSTALL)]
    way = [await _knocked(settings, installed.url), *_contents(settings, installed)]
    return [secret, *way, _watched(mentioned, monitors)]


def _contents(settings: Settings, installed: InstalledWebhook) -> Iterator[Finding]:
    """What is wrong with what Datadog would send."""
    again = f"fixloop datadog install --url {installed.url}"
    if settings.webhook_secret is not None and not installed.sends_secret:
        yield _broken(f"Datadog's webhook sends no {SECRET_HEADER}: every alert is refused", again)
    if not installed.is_current:
        seen = "Datadog's webhook has a payload of its own: what it leaves out, a thread cannot show"
        yield Finding(part="webhook", state=State.OK, seen=seen, cure=f"for everything: {again}")


def _watched(mentioned: int, monitors: int) -> Finding:
    if mentioned:
        return Finding(part="monitors", state=State.OK, seen=f"{mentioned} of {monitors} name @webhook-{NAME}")
    seen, cure = f"none of {monitors} names @webhook-{NAME}", f"add @webhook-{NAME} to a monitor's message"
    return Finding(part="monitors", state=State.OFF, seen=seen, cure=cure)


def _secret(settings: Settings) -> Finding:
    if settings.webhook_secret is not None:
        return Finding(part="webhook", state=State.OK, seen="FIXLOOP_WEBHOOK_SECRET is set")
    cure = f"set FIXLOOP_WEBHOOK_SECRET, then run: {INSTALL}"
    if settings.host in LOOPBACK:
        seen = "FIXLOOP_WEBHOOK_SECRET is not set: whoever reaches this machine may post alerts"
        return Finding(part="webhook", state=State.OFF, seen=seen, cure=cure)
    return _broken(f"FIXLOOP_WEBHOOK_SECRET must be set where HOST is {settings.host}", cure)


async def _knocked(settings: Settings, url: str) -> Finding:
    """Whether a FixLoop with this very secret listens where Datadog posts."""
    timeout = aiohttp.ClientTimeout(total=KNOCK_S)
    try:
        async with aiohttp.ClientSession(timeout=timeout, trust_env=True) as session:
            status, said = await _knock(session, url, settings.webhook_secret)
            open_to_all = settings.webhook_secret is not None and (await _knock(session, url, WRONG))[0] != 401
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        return _broken(f"{url}, where Datadog posts, does not answer from here ({_why(error)})", _reach(url))
    if status == 401:
        again = f"fixloop datadog install --url {url}"
        cure = f"give that process this FIXLOOP_WEBHOOK_SECRET and start it again, or run: {again}"
        return _broken(f"{url} is answered, and this FIXLOOP_WEBHOOK_SECRET is refused there", cure)
    if status != 400 or "empty" not in said:
        cure = f"install it again with the address of FixLoop's {PLACE}"
        return _broken(f"{url} is answered with {status}, and not by FixLoop", cure)
    if open_to_all:
        cure = "set FIXLOOP_WEBHOOK_SECRET for that process, too"
        return _broken(f"{url} takes any secret: whoever finds it may post alerts", cure)
    knows = " and knows the secret" if settings.webhook_secret is not None else ""
    return Finding(part="webhook", state=State.OK, seen=f"Datadog posts to {url}, where FixLoop answers{knows}")


async def _knock(session: aiohttp.ClientSession, url: str, secret: str | None) -> tuple[int, str]:
    """The status and the words of the answer to an empty body."""
    headers = {"Content-Type": "application/json", **({SECRET_HEADER: secret} if secret is not None else {})}
    async with session.post(url, data=b"", headers=headers, allow_redirects=False) as answer:
        return answer.status, (await answer.content.read(1000)).decode(errors="replace")


def _why(error: Exception) -> str:
    match error:
        case TimeoutError():
            return f"no answer within {KNOCK_S:g} s"
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
            return "its certificate is not trusted"
        case aiohttp.ClientConnectorDNSError():
            return "the name is unknown"
        case aiohttp.ClientConnectorError():
            return "the connection was refused"
        case _:
            return type(error).__name__


def _reach(url: str) -> str:
    if (urlsplit(url).hostname or "") in LOOPBACK:
        return "start it (fixloop serve); and Datadog cannot reach a loopback address: install a public one"
    return "start it (fixloop serve), and check the name, the proxy and the certificate before it"


def _broken(seen: str, cure: str) -> Finding:
    return Finding(part="webhook", state=State.BROKEN, seen=seen, cure=cure)


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[DatadogApi]:
    """Datadog's API with both keys."""
    api = DatadogApi(api_key=settings.dd_api_key or "", app_key=settings.dd_app_key or "", host=settings.dd_api_url)
    try:
        yield api
    finally:
        await asyncio.to_thread(api.close)
