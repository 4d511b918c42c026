"""What the shop tells Datadog each second: counts, latencies and error logs, over HTTP as an agent would.

Completed seconds only, so that a second is never sent twice. While Datadog does not answer, up to five minutes
of payloads wait and are sent later.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

import aiohttp
import orjson

COUNT = 1
KEPT_PAYLOADS = 900
TIMEOUT_S = 5.0
_BASE = ("service:checkout", "env:prod")

Key = tuple[str, int, tuple[str, ...]]


class Telemetry:
    """Collects observations and pushes them; without a Datadog it only forgets them."""

    def __init__(
        self,
        *,
        dd_url: str | None,
        api_key: str,
        version: str = "2.14.0",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._dd_url = dd_url
        self._api_key = api_key
        self._clock = clock
        self.version = version
        self._counts: Counter[Key] = Counter()
        self._latencies: dict[Key, list[float]] = {}
        self._logs: list[dict[str, Any]] = []
        self._waiting: deque[tuple[str, bytes]] = deque(maxlen=KEPT_PAYLOADS)
        self._session: aiohttp.ClientSession | None = None
        self.served: Counter[str] = Counter()
        """Requests by who sent them, `customer` or `fixloop`, since the start."""

    async def start(self) -> None:
        if self._dd_url:
            self._session = aiohttp.ClientSession(
                headers={"DD-API-KEY": self._api_key, "Content-Type": "application/json"},
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
            )

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()

    def observe(self, *, endpoint: str, status: int, milliseconds: float, replica: str, client: str) -> None:
        """One served request. Errors are counted as 0, too: silence would look like missing data."""
        second = int(self._clock())
        self.served[client] += 1
        tags = (*_BASE, f"endpoint:{endpoint}", f"replica:{replica}", f"client:{client}")
        with_class = (*tags, f"status_class:{status // 100}xx")
        self._counts["shop.requests", second, with_class] += 1
        self._counts["shop.errors", second, tags] += status >= 500
        self._latencies.setdefault(("shop.latency", second, tags), []).append(round(milliseconds, 3))

    def count(self, metric: str, by: int = 1, tags: tuple[str, ...] = _BASE) -> None:
        """One more of something that has no request of its own."""
        self._counts[metric, int(self._clock()), tags] += by

    def judge(self, service: str, about: str, *, satisfied: bool) -> None:
        """What a customer tried, and whether it disappointed: 0 is counted too, so that silence is no success."""
        tags = (f"service:{service}", "env:prod", f"about:{about}")
        self.count("shop.customer_tries", 1, tags)
        self.count("shop.customer_disappointments", 0 if satisfied else 1, tags)

    def log(self, status: str, message: str, *, replica: str, trace_id: str, **attributes: Any) -> None:
        self._logs.append(
            {
                "ddsource": "python",
                "ddtags": f"env:prod,version:{self.version},replica:{replica}",
                "hostname": replica,
                "service": "checkout",
                "status": status,
                "message": message,
                "timestamp": int(self._clock() * 1000),
                "dd": {"trace_id": trace_id},
                **attributes,
            }
        )

    def announce_release(self, version: str, author: str) -> None:
        """Tell Datadog of a deploy as a change event, and call the shop by its new version from now on."""
        event = _change(version, self.version, author)
        self.version = version
        self._waiting.append(("/api/v2/events", orjson.dumps({"data": {"type": "event", "attributes": event}})))

    async def run(self, every_s: float) -> None:
        """Push until cancelled."""
        while True:
            await asyncio.sleep(every_s)
            await self.flush()

    async def flush(self) -> None:
        """Send every completed second and all logs; what cannot be sent waits."""
        self._waiting.extend(self._take(int(self._clock())))
        while self._waiting and self._session is not None:
            path, body = self._waiting[0]
            if not await self._post(self._session, path, body):
                return
            self._waiting.popleft()

    def _take(self, before: int) -> list[tuple[str, bytes]]:
        counts = [key for key in self._counts if key[1] < before]
        latencies = [key for key in self._latencies if key[1] < before]
        series = [_series(key, self._counts.pop(key)) for key in counts]
        points = [_distribution(key, self._latencies.pop(key)) for key in latencies]
        logs, self._logs = self._logs, []
        payloads = (
            ("/api/v2/series", {"series": series} if series else None),
            ("/api/v1/distribution_points", {"series": points} if points else None),
            *(("/api/v2/logs", logs[at : at + 500]) for at in range(0, len(logs), 500)),
        )
        return [(path, orjson.dumps(payload)) for path, payload in payloads if payload]

    async def _post(self, session: aiohttp.ClientSession, path: str, body: bytes) -> bool:
        """True if it need not be sent again: accepted, or refused for good."""
        try:
            async with session.post(f"{self._dd_url}{path}", data=body) as response:
                return response.status < 500
        except (aiohttp.ClientError, TimeoutError):
            return False


def _change(version: str, before: str, author: str) -> dict[str, Any]:
    return {
        "title": f"checkout {version} deployed",
        "message": f"checkout {before} → {version} by {author}",
        "category": "change",
        "tags": [*_BASE, f"version:{version}"],
        "attributes": {
            "author": {"name": author, "type": "user"},
            "changed_resource": {"name": "checkout", "type": "configuration"},
            "impacted_resources": [{"name": "checkout", "type": "service"}],
            "new_value": {"version": version},
            "prev_value": {"version": before},
        },
    }


def _series(key: Key, value: int) -> dict[str, Any]:
    metric, second, tags = key
    return {
        "metric": metric,
        "type": COUNT,
        "interval": 1,
        "points": [{"timestamp": second, "value": value}],
        "tags": list(tags),
        "resources": [{"type": "host", "name": _host(tags)}],
    }


def _distribution(key: Key, values: list[float]) -> dict[str, Any]:
    metric, second, tags = key
    return {"metric": metric, "points": [[second, values]], "tags": list(tags), "host": _host(tags)}


def _host(tags: tuple[str, ...]) -> str:
    return next((tag[8:] for tag in tags if tag.startswith("replica:")), "shop")
