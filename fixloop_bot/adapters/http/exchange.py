"""One request over the wire: sent once, timed, read, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import aiohttp
from yarl import URL

from fixloop_bot import __version__
from fixloop_bot.adapters.http.bodies import read_body
from fixloop_bot.adapters.http.evidence import Veil
from fixloop_bot.adapters.http.faults import TROUBLE, fault_of
from fixloop_bot.domain.addresses import Target
from fixloop_bot.domain.catalog import Origin, Service
from fixloop_bot.domain.filling import FilledRequest, Values
from fixloop_bot.domain.plans import Request
from fixloop_bot.domain.samples import AssertionResult, Fault, Response

USER_AGENT = f"FixLoop/{__version__}"


class _Stopwatch:
    """Started by the session when the first byte goes out, read when the last one has come."""

    __slots__ = ("_sent",)

    def __init__(self) -> None:
        self._sent: float | None = None

    def start(self) -> None:
        self._sent = time.perf_counter()

    def read_ms(self) -> float | None:
        return None if self._sent is None else (time.perf_counter() - self._sent) * 1000


@dataclass(slots=True)
class Visit:
    """One request of a sample and what became of it."""

    request: Request
    line: str = ""
    curl: str = ""
    latency_ms: float | None = None
    status: int | None = None
    response: Response | None = None
    fault: Fault | None = None
    failures: tuple[AssertionResult, ...] = ()

    @property
    def passed(self) -> bool:
        return self.fault is None and not self.failures


@dataclass(slots=True)
class Trip:
    """What the requests of one sample share: values, secrets, cookies of a journey."""

    service: Service
    session: aiohttp.ClientSession
    fresh: bool
    number: int
    named: dict[str, object]
    secrets: Mapping[str, str | None]
    veil: Veil
    captured: set[str] = field(default_factory=set)
    hidden: dict[str, str] = field(default_factory=dict)
    in_headers: frozenset[str] = frozenset()
    """Names whose values later requests send in a header: a session's token is not for the card."""
    cookies: dict[Origin, dict[str, str]] = field(default_factory=dict)

    @property
    def values(self) -> Values:
        return Values(self.named, self.secrets)


async def exchange(trip: Trip, visit: Visit, filled: FilledRequest, target: Target) -> None:
    """Send and read; fills the visit's status, latency and either response or fault."""
    watch = _Stopwatch()
    try:
        async with trip.session.request(
            filled.method,
            _dialled(target),
            data=filled.body,
            headers=_headers(trip, filled, target),
            allow_redirects=False,
            trace_request_ctx=watch,
        ) as answer:
            visit.status = answer.status
            body = await read_body(answer)
            visit.latency_ms = watch.read_ms()
            visit.response = _response(answer, body, visit.latency_ms)
    except TROUBLE as error:
        visit.latency_ms = watch.read_ms()
        visit.fault = fault_of(error, answered=visit.status is not None)
    else:
        _keep_cookies(trip, target, answer)


def _dialled(target: Target) -> URL:
    """The checked parts as aiohttp's address; nothing is quoted again."""
    path, _, query = target.path.partition("?")
    scheme, _, authority = str(target.origin).partition("://")
    return URL.build(scheme=scheme, authority=authority, path=path, query_string=query, encoded=True)


def _headers(trip: Trip, filled: FilledRequest, target: Target) -> dict[str, str]:
    headers = {
        "user-agent": USER_AGENT,
        "accept": "*/*",
        "accept-encoding": "gzip, deflate",
        **dict(filled.headers),
    }
    if trip.fresh:
        headers["connection"] = "close"
    cookies = trip.cookies.get(target.origin)
    if cookies and "cookie" not in headers:
        headers["cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return headers


def _keep_cookies(trip: Trip, target: Target, answer: aiohttp.ClientResponse) -> None:
    """A journey is one visitor: what an answer sets goes along with its later requests to the same origin."""
    if "set-cookie" not in answer.headers:
        return
    kept = trip.cookies.setdefault(target.origin, {})
    for name, morsel in answer.cookies.items():
        if morsel["max-age"] == "0" or not morsel.coded_value:
            kept.pop(name, None)
        else:
            kept[name] = morsel.coded_value


def _response(answer: aiohttp.ClientResponse, body: bytes, latency_ms: float | None) -> Response:
    headers = tuple((name.lower(), value) for name, value in answer.headers.items())
    return Response(status=answer.status, headers=headers, body=body, latency_ms=latency_ms or 0.0)
