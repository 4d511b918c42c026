"""From Slack to the bot: signed HTTP requests or Socket Mode envelopes, with Slack's deadline and retries.

Signature: `v0=` + HMAC-SHA256(signing secret, "v0:{timestamp}:{raw body}"), hexadecimal. An interaction or
command is sent once; an event is sent again at once, after one minute and after five, with the reason in a
header.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections import deque
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp

from fixloop_bot.sandbox.slack.app import App
from fixloop_bot.sandbox.slack.background import Background
from fixloop_bot.sandbox.slack.limits import EVENTS_PER_HOUR, Window
from fixloop_bot.sandbox.slack.records import Clock, Json
from fixloop_bot.sandbox.slack.socket_mode import SocketMode

RETRY_DELAYS = (0.0, 60.0, 300.0)
DELIVERIES_KEPT = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the bot answered.

    `outcome` is ok, operation_timeout (no answer within the deadline), connection_failed, http_error, or
    no_destination. `body` is decoded JSON, else text, else None.
    """

    outcome: str
    status: int | None = None
    body: Any = None
    seconds: float = 0.0
    retry_wanted: bool = True

    @property
    def ok(self) -> bool:
        return self.outcome == "ok"

    @property
    def retry_reason(self) -> str:
        return {"operation_timeout": "http_timeout", "http_error": "http_error"}.get(self.outcome, "connection_failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """One attempt to deliver: kind is events_api, interactive, slash_commands or url_verification."""

    kind: str
    payload: Json
    answer: Answer
    retry: int = 0


class Delivery:
    """Sends payloads to the bot by whichever way it is connected: Socket Mode if a socket is or was open."""

    def __init__(self, app: App, clock: Clock, background: Background, socket: SocketMode) -> None:
        self._app = app
        self._clock = clock
        self._background = background
        self._session: aiohttp.ClientSession | None = None
        self._hourly = Window(EVENTS_PER_HOUR, 3600.0)
        self._told = 0
        self.socket = socket
        self.events_url: str | None = None
        self.ack_seconds = 3.0
        self.retry_scale = 1.0
        self.repeat_events = 0
        self.log: deque[Delivered] = deque(maxlen=DELIVERIES_KEPT)

    async def open(self) -> None:
        self._session = aiohttp.ClientSession(auto_decompress=True)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def interaction(self, payload: Json) -> Answer:
        """A click, a submission, a shortcut: form-encoded `payload=…`."""
        return await self._once("interactive", payload, urlencode({"payload": json.dumps(payload)}))

    async def command(self, fields: Json) -> Answer:
        return await self._once("slash_commands", fields, urlencode(fields))

    def event(self, callback: Json) -> None:
        """Deliver an event_callback in the background, `repeat_events` times more than needed."""
        if self._hourly.wait(self._clock()) > 0:
            self._tell_once_a_minute(callback)
            return
        for copy in range(1 + self.repeat_events):
            name = f"slack event {callback['event_id']} copy {copy}"
            self._background.start(name, self._with_retries(callback))

    def _tell_once_a_minute(self, lost: Json) -> None:
        """Events beyond 30,000 an hour are lost; Slack says so with one app_rate_limited a minute."""
        minute = int(self._clock()) // 60 * 60
        if minute > self._told:
            self._told = minute
            fields = {name: lost[name] for name in ("token", "team_id", "api_app_id")}
            notice = {**fields, "type": "app_rate_limited", "minute_rate_limited": minute}
            self._background.start(f"slack app_rate_limited {minute}", self._with_retries(notice))

    async def verify_url(self, challenge: str) -> bool:
        """The handshake when an Events URL is configured: the bot must answer with the challenge."""
        payload = {"token": self._app.verification_token, "challenge": challenge, "type": "url_verification"}
        answer = await self._post(json.dumps(payload), "application/json", {})
        self.log.append(Delivered(kind="url_verification", payload=payload, answer=answer))
        echoed = answer.body.get("challenge") if isinstance(answer.body, dict) else answer.body
        return answer.ok and echoed == challenge

    def sign(self, body: str, timestamp: int) -> dict[str, str]:
        base = f"v0:{timestamp}:{body}".encode()
        digest = hmac.new(self._app.signing_secret.encode(), base, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": str(timestamp), "X-Slack-Signature": f"v0={digest}"}

    async def _with_retries(self, callback: Json) -> None:
        reason = ""
        for attempt in range(1 + len(RETRY_DELAYS)):
            if attempt:
                await asyncio.sleep(RETRY_DELAYS[attempt - 1] * self.retry_scale)
            answer = await self._send_event(callback, attempt, reason)
            self.log.append(Delivered(kind="events_api", payload=callback, answer=answer, retry=attempt))
            if answer.ok or not answer.retry_wanted or answer.outcome == "no_destination":
                return
            reason = answer.retry_reason

    async def _send_event(self, callback: Json, attempt: int, reason: str) -> Answer:
        if self._by_socket:
            return await self._by_envelope("events_api", callback, {"retry_attempt": attempt, "retry_reason": reason})
        retry = {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": reason} if attempt else {}
        return await self._post(json.dumps(callback), "application/json", retry)

    async def _once(self, kind: str, payload: Json, body: str) -> Answer:
        if self._by_socket:
            answer = await self._by_envelope(kind, payload, {})
        else:
            answer = await self._post(body, "application/x-www-form-urlencoded", {})
        self.log.append(Delivered(kind=kind, payload=payload, answer=answer))
        return answer

    @property
    def _by_socket(self) -> bool:
        return self.socket.in_use

    async def _by_envelope(self, kind: str, payload: Json, more: Json) -> Answer:
        started = self._clock()
        try:
            async with asyncio.timeout(self.ack_seconds):
                body = await self.socket.send(kind, payload, more)
        except TimeoutError:
            return Answer(outcome="operation_timeout", seconds=self._clock() - started)
        except ConnectionError:
            return Answer(outcome="connection_failed", seconds=self._clock() - started)
        return Answer(outcome="ok", status=200, body=body, seconds=self._clock() - started)

    async def _post(self, body: str, content_type: str, more: dict[str, str]) -> Answer:
        if self.events_url is None or self._session is None:
            return Answer(outcome="no_destination")
        headers = {
            **self.sign(body, int(self._clock())),
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            **more,
        }
        started = self._clock()
        try:
            async with asyncio.timeout(self.ack_seconds):
                return await self._exchange(body, headers, started)
        except TimeoutError:
            return Answer(outcome="operation_timeout", seconds=self._clock() - started)
        except (aiohttp.ClientError, OSError):
            return Answer(outcome="connection_failed", seconds=self._clock() - started)

    async def _exchange(self, body: str, headers: dict[str, str], started: float) -> Answer:
        if self._session is None or self.events_url is None:
            return Answer(outcome="no_destination")
        async with self._session.post(
            self.events_url, data=body.encode(), headers=headers, allow_redirects=False
        ) as response:
            raw = await response.read()
            return Answer(
                outcome="ok" if 200 <= response.status < 300 else "http_error",
                status=response.status,
                body=_decoded(raw),
                seconds=self._clock() - started,
                retry_wanted=response.headers.get("X-Slack-No-Retry") != "1",
            )


def _decoded(raw: bytes) -> Any:
    if not raw:
        return None
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode(errors="replace")
