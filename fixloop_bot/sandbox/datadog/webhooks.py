"""The webhooks integration: named targets, and deliveries that are retried as Datadog retries them."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp

from .journal import Journal
from .notification import default_payload, fill

TIMEOUT_S = 15.0
RETRY_DELAYS_S = (1.0, 2.0, 4.0, 8.0, 16.0)
MAX_UNDER_WAY = 200


class WebhookError(ValueError):
    """The definition is not a webhook; the message is one sentence for the caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One target. `payload` and `custom_headers` are JSON texts with `$VARIABLES`."""

    name: str
    url: str
    payload: str
    custom_headers: str | None = None
    encode_as: str = "json"

    def as_json(self) -> dict[str, Any]:
        return {
            "encode_as": self.encode_as,
            "url": self.url,
            "custom_headers": self.custom_headers,
            "name": self.name,
            "payload": self.payload,
        }


@dataclass(slots=True)
class DeliveryMood:
    """How the network treats deliveries: tests switch on what the real one does now and then.

    `duplicates` extra copies follow each delivery; `late_s` seconds pass before the first attempt.
    """

    duplicates: int = 0
    late_s: float = 0.0
    retry_delays_s: tuple[float, ...] = RETRY_DELAYS_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A rendered request; kept so that it can be sent again."""

    webhook: str
    url: str
    body: bytes
    headers: Mapping[str, str] = field(repr=False)
    transition: str


def read_webhook(body: Mapping[str, Any], existing: Webhook | None = None) -> Webhook:
    """A target from the API's JSON; what an update leaves out stays. Raises WebhookError."""
    before = existing.as_json() if existing else {"payload": default_payload(), "encode_as": "json"}
    merged = {**before, **{key: value for key, value in body.items() if value is not None}}
    name, url = merged.get("name"), merged.get("url")
    if not name or not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise WebhookError("Invalid webhook: name and an http(s) url are required")
    if merged["encode_as"] not in ("json", "form"):
        raise WebhookError("Invalid webhook: encode_as must be json or form")
    for key in ("payload", "custom_headers"):
        if merged.get(key) is not None and not isinstance(merged[key], str):
            raise WebhookError(f"Invalid webhook: {key} must be a JSON string")
    return Webhook(
        name=str(name),
        url=url,
        payload=merged["payload"] or default_payload(),
        custom_headers=merged.get("custom_headers"),
        encode_as=merged["encode_as"],
    )


def render(webhook: Webhook, values: Mapping[str, str], transition: str) -> Delivery:
    """The request for one notification. A payload that is not JSON is sent as the customer wrote it."""
    body = fill(webhook.payload, values, in_json=True)
    headers = {"Content-Type": "application/json", "User-Agent": "Datadog/Webhooks"}
    if webhook.encode_as == "form":
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode(_form(body))
    headers.update(_headers(webhook.custom_headers, values))
    url = fill(webhook.url, values, in_json=False)
    return Delivery(webhook=webhook.name, url=url, body=body.encode(), headers=headers, transition=transition)


def _form(body: str) -> dict[str, str]:
    try:
        fields = json.loads(body)
    except ValueError:
        return {"payload": body}
    if not isinstance(fields, dict):
        return {"payload": body}
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in fields.items()}


def _headers(custom: str | None, values: Mapping[str, str]) -> dict[str, str]:
    try:
        found = json.loads(fill(custom or "{}", values, in_json=True))
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


class Deliveries:
    """Sends requests in named tasks and retries 5xx and lost connections; a 4xx is final."""

    def __init__(self, journal: Journal, clock: Callable[[], float] = time.monotonic) -> None:
        self.mood = DeliveryMood()
        self._journal = journal
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        self._numbered = 0

    @property
    def under_way(self) -> int:
        return len(self._tasks)

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def send(self, delivery: Delivery) -> None:
        """Begin a delivery and as many copies as the mood says; beyond 200 under way it is only noted."""
        for copy in range(1 + self.mood.duplicates):
            if self._session is None or len(self._tasks) >= MAX_UNDER_WAY:
                self._note(delivery, None, 0.0, attempt=0, error="not sent: too many deliveries under way")
                return
            self._numbered += 1
            task = asyncio.create_task(
                self._deliver(self._session, delivery), name=f"datadog-webhook-{self._numbered}-{copy}"
            )
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _deliver(self, session: aiohttp.ClientSession, delivery: Delivery) -> None:
        await asyncio.sleep(self.mood.late_s)
        delays = iter(self.mood.retry_delays_s)
        attempt = 1
        while await self._attempt(session, delivery, attempt):
            delay = next(delays, None)
            if delay is None:
                return
            await asyncio.sleep(delay)
            attempt += 1

    async def _attempt(self, session: aiohttp.ClientSession, delivery: Delivery, attempt: int) -> bool:
        """True if it is worth trying again."""
        began = self._clock()
        try:
            async with session.post(
                delivery.url, data=delivery.body, headers=delivery.headers, allow_redirects=False
            ) as response:
                await response.read()
                status = response.status
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            self._note(delivery, None, self._clock() - began, attempt=attempt, error=type(error).__name__)
            return not isinstance(error, (aiohttp.InvalidURL, ValueError))
        self._note(delivery, status, self._clock() - began, attempt=attempt)
        return status >= 500

    def _note(self, delivery: Delivery, status: int | None, seconds: float, **details: Any) -> None:
        self._journal.note(
            "webhook",
            f"{delivery.webhook}: {delivery.transition}",
            status,
            seconds,
            transition=delivery.transition,
            webhook=delivery.webhook,
            **details,
        )
