"""The HTTP surface: Slack, Datadog, health and metrics. It stores and queues; the work is the workers'."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import orjson
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp

from fixloop_bot.adapters.datadog.webhook import parse_signal
from fixloop_bot.application.intake import Intake
from fixloop_bot.application.ports import Clock, Store
from fixloop_bot.domain.errors import StoreUnavailable, UnreadableSignal
from fixloop_bot.entrypoints.meters import Meters

log = logging.getLogger(__name__)

LARGEST_BODY = 256 * 1024
BODY_WITHIN_S = 10.0
"""A body that takes longer is not waited for: each holds a connection."""
SIGNED_WITHIN_S = 300.0
_NO_BODY = {
    400: "The body cannot be read.",
    408: "The body did not come in time.",
    413: f"The body is over {LARGEST_BODY // 1024} KiB.",
}
ANSWER_WITHIN_S = 0.9
"""Datadog waits 15 s, but a webhook that is not stored within a second is better sent again than waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What the web process needs. ``slack`` is None in Socket Mode, and where Slack is not connected.

    ``slack_trouble`` asks why Slack does not take our token: in Slack's word, empty while it does.
    """

    intake: Intake
    store: Store
    clock: Clock
    meters: Meters
    slack: AsyncApp | None
    webhook_secret: str | None
    signing_secret: str = ""
    slack_trouble: Callable[[], Awaitable[str]] | None = None


def create_app(doors: Doors) -> web.Application:
    """The aiohttp application."""
    routes = _Routes(doors)
    app = web.Application(client_max_size=LARGEST_BODY)
    app.router.add_post("/slack/events", routes.slack)
    app.router.add_post("/datadog/webhook", routes.datadog)
    app.router.add_get("/healthz", routes.healthz)
    app.router.add_get("/readyz", routes.readyz)
    app.router.add_get("/metrics", routes.metrics)
    return app


class _Routes:
    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    async def datadog(self, request: web.Request) -> web.Response:
        """Take a webhook: 2xx once the signal is stored durably, and never before."""
        began = time.perf_counter()
        status, sentence = await self._take(request)
        self._doors.meters.webhook(status, time.perf_counter() - began)
        return _sentence(status, sentence)

    async def _take(self, request: web.Request) -> tuple[int, str]:
        if not self._welcome(request):
            return 401, "The X-FixLoop-Secret header is missing or wrong."
        status, body = await _body(request)
        if status:
            return status, _NO_BODY[status]
        try:
            content_type = request.headers.get("Content-Type", "")
            signal = parse_signal(body, content_type=content_type, received_at=self._doors.clock.now())
        except UnreadableSignal as error:
            log.warning("a webhook could not be read: %s", error)
            return 400, str(error)
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                fresh = await self._doors.intake.receive(signal)
        except (StoreUnavailable, TimeoutError) as error:
            log.error("a webhook could not be stored: %s", str(error) or "too slow")  # noqa: TRY400 - a sentence
            return 503, "The store does not answer. Send it again."
        return 202, "Stored." if fresh else "Stored before."

    def _welcome(self, request: web.Request) -> bool:
        secret = self._doors.webhook_secret
        if secret is None:
            return True
        given = request.headers.get("X-FixLoop-Secret", "")
        return hmac.compare_digest(given.encode(errors="surrogateescape"), secret.encode())

    async def slack(self, request: web.Request) -> web.StreamResponse:
        """Events, interactions and commands, in HTTP mode."""
        if self._doors.slack is None:
            return _sentence(404, "Slack speaks to this FixLoop by Socket Mode, or not at all.")
        status, body = await _body(request)
        if status:
            return _sentence(status, _NO_BODY[status])
        # Before Bolt: it parses a body before it verifies it, and answers 500 to what it cannot parse or compare.
        if not self._signed(request, body):
            return _sentence(401, "The request is not signed by Slack.")
        try:
            bolt_request = await to_bolt_request(request)
        except (LookupError, ValueError, RecursionError, AttributeError):
            return _sentence(400, "The body cannot be read.")
        answer = await self._doors.slack.async_dispatch(bolt_request)
        return await to_aiohttp_response(answer)

    def _signed(self, request: web.Request, body: bytes) -> bool:
        stamp, given = (request.headers.get(f"X-Slack-{name}", "") for name in ("Request-Timestamp", "Signature"))
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
            return False
        if abs(self._doors.clock.now() - int(stamp)) > SIGNED_WITHIN_S:
            return False
        secret = self._doors.signing_secret
        signed = hmac.new(secret.encode(), b"v0:%b:%b" % (stamp.encode(), body), hashlib.sha256).hexdigest()
        return bool(secret) and hmac.compare_digest(f"v0={signed}".encode(), given.encode(errors="surrogateescape"))

    async def healthz(self, _: web.Request) -> web.Response:
        """Whether this process lives."""
        return web.json_response({"status": "ok"})

    async def readyz(self, _: web.Request) -> web.Response:
        """Whether a webhook would be stored now; a Slack that does not take our token is named, and no reason to say
        no: alerts are kept, tested, and shown when it does."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await self._doors.store.ping()
        except (StoreUnavailable, TimeoutError):
            return _sentence(503, "The store does not answer.")
        trouble = await self._slack_trouble()
        return web.json_response({"status": "ready", **({"slack": trouble} if trouble else {})})

    async def _slack_trouble(self) -> str:
        if self._doors.slack_trouble is None:
            return ""
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                return await self._doors.slack_trouble()
        except TimeoutError:
            return "silent"

    async def metrics(self, _: web.Request) -> web.Response:
        """Prometheus text."""
        body, content_type = self._doors.meters.text()
        return web.Response(body=body, headers={"Content-Type": content_type})


async def _body(request: web.Request) -> tuple[int, bytes]:
    """The body, or the status that says why there is none."""
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            return 0, await request.read()
    except web.HTTPRequestEntityTooLarge:
        return 413, b""
    except TimeoutError:
        return 408, b""
    except (web.RequestPayloadError, ConnectionError):
        return 400, b""


def _sentence(status: int, sentence: str) -> web.Response:
    body = {"ok": status < 400, "message": sentence}
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json")
