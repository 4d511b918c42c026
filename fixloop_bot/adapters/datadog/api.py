"""One door to Datadog's API: in threads, with a deadline, a capped retry, and failures as one sentence.

The library is imported at the first call (0.3 s, 20 MiB). Its own retry stays off: it repeats POSTs and sleeps as
long as ``X-RateLimit-Reset`` says, up to an hour. Its models are used for what is sent only; answers are read as plain
JSON, since turning 100 series into models takes seconds of processor time.
"""

from __future__ import annotations

import asyncio
import json
import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any, TypeVar

import orjson

from fixloop_bot.adapters.datadog.large import in_pieces
from fixloop_bot.adapters.datadog.leavable import LeavableThreads
from fixloop_bot.adapters.datadog.refusals import Refusal, Unreached, refused, unreached
from fixloop_bot.domain.errors import TelemetryUnavailable

T = TypeVar("T")

DEADLINE_S = 10.0
MORE_TRIES = 2
RETRYING_S = 5.0  # no further try begins later than this after the first
THREADS = 4
NO_CONTENT = 204
MOST_BYTES = 8 * 2**20
"""Reading more JSON at once would hold up the event loop, in whatever thread it is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A 2xx answer: its JSON, None where there is none to send (204), and its headers."""

    document: Any
    headers: Mapping[str, str]


class DatadogApi:
    """Calls to one Datadog with one pair of keys. ``host`` is the API's address, such as https://api.datadoghq.eu."""

    def __init__(self, *, api_key: str, app_key: str, host: str, deadline_s: float = DEADLINE_S) -> None:
        self._keys = {"apiKeyAuth": api_key, "appKeyAuth": app_key}
        self.host = host.rstrip("/")
        self.deadline_s = deadline_s
        self._threads = LeavableThreads(THREADS, name="datadog")
        self._lock = threading.Lock()
        self._client: Any = None

    async def call(self, what: str, request: Callable[[Any], Any], *, more_tries: int = MORE_TRIES) -> Answer:
        """Make ``request`` (it gets the library's ApiClient) and return its answer.

        ``what`` completes the sentence "Datadog refused …". Raises TelemetryUnavailable; a Refusal with its status
        where Datadog answered.
        """
        try:
            async with asyncio.timeout(self.deadline_s):
                return await self._tried(what, request, more_tries)
        except TimeoutError:
            raise TelemetryUnavailable(f"Datadog did not answer within {self.deadline_s:g} s.") from None

    async def read(self, reading: Callable[[], T]) -> T:
        """Run ``reading``, which turns an answer into other words, off the event loop: answers may be large."""
        return await self._threads.run(reading)

    async def _tried(self, what: str, request: Callable[[Any], Any], more_tries: int) -> Answer:
        began = monotonic()
        for number in range(more_tries + 1):
            try:
                return await self._threads.run(lambda: self._once(what, request))
            except TelemetryUnavailable as failure:
                pause = _pause(failure, number)
                if pause is None or number == more_tries or monotonic() - began + pause > RETRYING_S:
                    raise
                await asyncio.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _once(self, what: str, request: Callable[[Any], Any]) -> Answer:
        """One request, in a thread of the pool."""
        from datadog_api_client.exceptions import ApiException, OpenApiException
        from urllib3.exceptions import HTTPError

        for name, key in zip(("DD_API_KEY", "DD_APP_KEY"), self._keys.values(), strict=True):
            if not key:
                raise TelemetryUnavailable(f"{name} is not set, so Datadog was not asked for {what}.")
        try:
            response = request(self._connected())
            body = _body(response, what)
            document = _json(body) if response.status != NO_CONTENT else None
        except ApiException as error:
            raise refused(error, what=what, secrets=tuple(self._keys.values())) from None
        except (HTTPError, OSError) as error:
            raise unreached(error, host=self.host, deadline_s=self.deadline_s) from None
        except UnicodeDecodeError:
            raise TelemetryUnavailable(f"Datadog's answer about {what} is not text.") from None
        except OpenApiException as error:  # the library refused to send it
            raise TelemetryUnavailable(f"Datadog cannot be asked for {what} ({type(error).__name__}).") from None
        except (ValueError, RecursionError):
            raise TelemetryUnavailable(f"Datadog's answer about {what} is not JSON.") from None
        return Answer(document=document, headers=dict(response.headers))

    def _connected(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _connect(self) -> Any:
        from datadog_api_client import ApiClient, Configuration
        from urllib3.util import Retry

        return ApiClient(
            Configuration(  # type: ignore[no-untyped-call]
                host=self.host,
                api_key=dict(self._keys),
                check_return_type=False,
                preload_content=False,
                enable_retry=False,
                retry_policy=Retry(total=False),
                request_timeout=self.deadline_s,
            )
        )

    def close(self) -> None:
        """Let go of the connections; requests under way end by their deadline, or with the process."""
        if self._client is not None:
            self._client.rest_client.pool_manager.clear()


def _body(response: Any, what: str) -> bytes:
    """The whole body; raises TelemetryUnavailable where it is larger than MOST_BYTES."""
    body: bytes = response.read(MOST_BYTES + 1, decode_content=True)
    if len(body) > MOST_BYTES:
        response.close()
        raise TelemetryUnavailable(f"Datadog's answer about {what} is larger than {MOST_BYTES >> 20} MiB.")
    response.release_conn()
    return body


def _json(body: bytes) -> Any:
    """The fast reader first; it refuses half characters in texts, which Datadog's logs may hold."""
    document = in_pieces(body)
    if document is not None:
        return document
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return json.loads(body)


def _pause(failure: TelemetryUnavailable, number: int) -> float | None:
    """Seconds to wait before another try; None where one would not help."""
    jitter = random.uniform(0.1, 0.3) * 2.0**number
    if isinstance(failure, Refusal):
        if failure.status == 429:
            return jitter if failure.reset_s is None else failure.reset_s + jitter
        return jitter if failure.status >= 500 else None
    return jitter if isinstance(failure, Unreached) else None
