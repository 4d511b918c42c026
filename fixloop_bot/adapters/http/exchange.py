"""One request over the wire: sent once, timed, read, and what came of it."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from fixloop_bot.adapters.http.evidence import Veil
from fixloop_bot.adapters.http.faults import TROUBLE, fault_of
from fixloop_bot.adapters.http.prepared import Ready
from fixloop_bot.adapters.http.reading import Reply
from fixloop_bot.adapters.http.transport import Transport
from fixloop_bot.domain.addresses import Target
from fixloop_bot.domain.catalog import Origin, Service
from fixloop_bot.domain.samples import AssertionResult, Fault, Response

# RFC 6265 (4.1.1): what an answer sets is sent back only if it cannot be read as anything but a cookie.
_COOKIE = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+=[\x20-\x3a\x3c-\x7e]*")
_EXPIRED = re.compile(r"(?i)(?:^|;)\s*max-age\s*=\s*(?:-\d+|0+)\s*(?:;|$)")


@dataclass(slots=True)
class Visit:
    """One request of a sample and what became of it."""

    line: str = ""
    curl: str = ""
    latency_ms: float | None = None
    lag_ms: float = 0.0
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
    transport: Transport
    fresh: bool
    number: int
    replica: str | None
    """The address, of those that the catalog lists, which the service's own origin is asked at."""
    secrets: Mapping[str, str | None]
    veil: Veil
    in_headers: frozenset[str] = frozenset()
    """Names whose values later requests send in a header, or that are called a credential: not for the card."""
    keeps_cookies: bool = False
    """Whether later requests follow, which go with what an answer sets."""
    input: int | None = None
    """The place of the input that was taken, from 0."""
    named: dict[str, object] = field(default_factory=dict)
    captured: set[str] = field(default_factory=set)
    hidden: dict[str, str] = field(default_factory=dict)
    cookies: dict[Origin, dict[str, str]] = field(default_factory=dict)


async def exchange(trip: Trip, visit: Visit, ready: Ready) -> None:
    """Send and read; fills the visit's status, latency and either response or fault."""
    reply = Reply()
    replica = trip.replica if ready.at_home else None
    route = ready.routes.get(replica)
    if route is None:
        route = ready.routes[replica] = trip.transport.route(trip.service, ready.target.origin, replica)
    head_only = ready.filled.method == "HEAD"
    try:
        await trip.transport.send(
            trip.service, route, _request(trip, ready), reply, fresh=trip.fresh, bodiless=head_only
        )
    except TROUBLE as error:
        visit.fault = fault_of(error, answered=reply.status is not None)
    visit.status = reply.status
    visit.lag_ms = reply.lag_ms
    visit.latency_ms = _latency(reply)
    if visit.fault is None:
        visit.response = _response(reply, visit.latency_ms)
        if trip.keeps_cookies:
            _keep_cookies(trip, ready.target, reply)


def _request(trip: Trip, ready: Ready) -> bytes:
    head = ready.head
    if trip.fresh:
        head += b"connection: close\r\n"
    cookies = trip.cookies.get(ready.target.origin) if trip.cookies else None
    if cookies and not any(name == "cookie" for name, _ in ready.filled.headers):
        value = "; ".join(f"{name}={value}" for name, value in cookies.items())
        head += f"cookie: {value}\r\n".encode("ascii")
    return head + b"\r\n" + (ready.filled.body or b"")


def _latency(reply: Reply) -> float | None:
    """First byte sent to last byte read, in ms; on trouble until now, and None if nothing was sent."""
    if reply.sent is None:
        return None
    return ((reply.received or time.perf_counter()) - reply.sent) * 1000


def _keep_cookies(trip: Trip, target: Target, reply: Reply) -> None:
    """A journey is one visitor: what an answer sets goes along with its later requests to the same origin."""
    given = [value for name, value in reply.headers if name == "set-cookie"]
    if not given:
        return
    kept = trip.cookies.setdefault(target.origin, {})
    for line in given:
        cookie, _, attributes = line.partition(";")
        name, _, value = (part.strip() for part in cookie.partition("="))
        if not _COOKIE.fullmatch(f"{name}={value}"):
            continue
        if value in ("", '""') or _EXPIRED.search(attributes):
            kept.pop(name, None)
        else:
            kept[name] = value


def _response(reply: Reply, latency_ms: float | None) -> Response:
    return Response(
        status=reply.status or 0,
        headers=reply.headers,
        body=reply.body,
        latency_ms=latency_ms or 0.0,
        lag_ms=reply.lag_ms,
        address=reply.address,
    )
