"""Sends probes through the gate and says what came back, in the core's words. Nothing is sent twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import aiohttp
import orjson
from yarl import URL

from fixloop_bot import __version__
from fixloop_bot.adapters.http.evidence import Veil, curl, excerpt, replica
from fixloop_bot.adapters.http.faults import fault_of, is_trouble
from fixloop_bot.adapters.http.guard import Guard, read_body
from fixloop_bot.application.ports import Clock
from fixloop_bot.domain import assertions, expect
from fixloop_bot.domain.addresses import Target, locate
from fixloop_bot.domain.captures import parse_capture
from fixloop_bot.domain.catalog import Origin, Service
from fixloop_bot.domain.errors import BadInput
from fixloop_bot.domain.filling import FilledRequest, Unfilled, Values, fill_request, uses_secret
from fixloop_bot.domain.headers import check_header, check_header_value
from fixloop_bot.domain.plans import HttpCheck, JourneyCheck, Leg, Request
from fixloop_bot.domain.samples import AssertionResult, Fault, FaultKind, Outcome, Response, Sample

SHOWN_SAMPLES = 2  # of a step that passes, the first two are kept with excerpt and curl line
STATUS = expect.Subject.STATUS.value
USER_AGENT = f"FixLoop/{__version__}"

Secrets = Callable[[str], str | None]
SchemaOf = Callable[[Service, Request], str | None]


def no_schema(service: Service, request: Request) -> str | None:
    """Without an OpenAPI document there is no response schema."""
    return None


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
class _Visit:
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
class _Trip:
    """What the requests of one sample share: values, secrets, cookies of a journey."""

    service: Service
    session: aiohttp.ClientSession
    fresh: bool
    number: int
    named: dict[str, object]
    secrets: Mapping[str, str | None]
    veil: Veil
    cookies: dict[Origin, dict[str, str]] = field(default_factory=dict)

    @property
    def values(self) -> Values:
        return Values(self.named, self.secrets)


class HttpProber:
    """The ``Prober`` port over aiohttp. Open it in a running loop; ``aclose`` ends every connection.

    ``secrets`` reads a catalog reference such as ``env:CHECKOUT_TOKEN``; ``schema_of`` knows the response
    schema that the service's OpenAPI document promises for a request.
    """

    def __init__(self, *, guard: Guard, clock: Clock, secrets: Secrets, schema_of: SchemaOf = no_schema) -> None:
        self._guard = guard
        self._clock = clock
        self._secrets = secrets
        self._schema_of = schema_of

    async def aclose(self) -> None:
        await self._guard.aclose()

    async def sample(self, service: Service, check: HttpCheck | JourneyCheck, *, number: int, fresh: bool) -> Sample:
        """Send the check once, as the ``number``-th sample (inputs rotate by it); never raises for what the
        target does.

        ``latency_ms`` is first byte sent to last byte read, the sum of its requests for a journey, connecting
        left out.
        """
        at = self._clock.now()
        legs = (Leg(request=check.request, expect=check.expect),) if isinstance(check, HttpCheck) else check.legs
        trip = self._trip(service, number, fresh)
        visits: list[_Visit] = []
        try:
            trip.named.update(_inputs(check.inputs, number))
        except Unfilled as error:
            visits.append(_Visit(request=legs[0].request, line=legs[0].request.line(), fault=fault_of(error)))
            return _sample(trip, visits, at)
        for leg in legs:
            visits.append(await self._visit(trip, leg))
            if not visits[-1].passed:
                break
        return _sample(trip, visits, at)

    async def fetch_document(self, service: Service, url: str) -> bytes:
        """A document of the service, at most 1 MB, by GET through the same gate; raises BadInput with one
        sentence.
        """
        trip = self._trip(service, 1, fresh=False)
        visit = _Visit(request=Request(path=url))
        target = locate(service, method="GET", where=url)
        await self._exchange(trip, visit, FilledRequest(method="GET", where=url, headers=(), body=None), target)
        if visit.fault is not None:
            raise BadInput(f"{url} could not be read: {visit.fault.sentence()}.")
        if visit.response is None or visit.response.status != 200:
            raise BadInput(f"{url} answered {visit.status}, not 200.")
        return visit.response.body

    def _trip(self, service: Service, number: int, fresh: bool) -> _Trip:
        secrets = {name: self._secrets(reference) for name, reference in service.secrets}
        session = self._guard.session(service, fresh=fresh)
        return _Trip(service, session, fresh, number, {}, secrets, Veil(secrets))

    async def _visit(self, trip: _Trip, leg: Leg) -> _Visit:
        """One request: fill, gate, send, judge. What is wrong with the request itself is found before
        anything is sent.
        """
        visit = _Visit(request=leg.request, line=leg.request.line())
        try:
            for _, expression in leg.capture:
                parse_capture(expression)
            lines = [expect.parse(line) for line in leg.expect]
            filled, target = _admitted(trip, leg.request)
            visit.line = trip.veil.cover(f"{filled.method} {_shown_path(trip.service, target)}")
            await self._exchange(trip, visit, filled, target)
            if visit.response is not None:
                self._judge(trip, visit, leg, lines, visit.response)
        except BadInput as error:
            visit.fault = fault_of(error)
            return visit
        if trip.number <= SHOWN_SAMPLES or not visit.passed:
            visit.curl = curl(filled, target, trip.veil)
        return visit

    async def _exchange(self, trip: _Trip, visit: _Visit, filled: FilledRequest, target: Target) -> None:
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
        except Exception as error:
            if not is_trouble(error):
                raise
            visit.latency_ms = watch.read_ms()
            visit.fault = fault_of(error, answered=visit.status is not None)
        else:
            _keep_cookies(trip, target, answer)

    def _judge(
        self, trip: _Trip, visit: _Visit, leg: Leg, lines: Sequence[expect.Assertion], response: Response
    ) -> None:
        """Hold the step's own lines, then what always holds, then read what the journey needs."""
        schema = self._schema_of(trip.service, leg.request)
        own = assertions.hold_all(lines, response, values=trip.named, response_schema=schema, secrets=trip.veil.values)
        found = assertions.implicit(lines, response, method=leg.request.method, secrets=trip.veil.values)
        results = (*own, *_quantiles(lines, response), *found)
        if _credentials_refused(leg.request, response, results):
            visit.fault = Fault(kind=FaultKind.CREDENTIALS, detail=f"answered {response.status}")
        else:
            visit.failures = tuple(result for result in results if not result.held) or _capture(trip, leg, response)


def _admitted(trip: _Trip, request: Request) -> tuple[FilledRequest, Target]:
    """The filled request and where it goes; raises BadInput. Headers are judged as written and again as
    filled.
    """
    for name, value in request.headers:
        check_header(trip.service, name, value)
    filled = fill_request(request, trip.values)
    for name, value in filled.headers:
        check_header_value(name, value)
    return filled, locate(trip.service, method=filled.method, where=filled.where)


def _quantiles(lines: Sequence[expect.Assertion], response: Response) -> Iterator[AssertionResult]:
    """``p95 < 400 ms`` as a claim on this one answer; the step's decision knows how many may miss it."""
    return (assertions.hold(line, response) for line in lines if line.quantile is not None)


def _inputs(inputs: Sequence[str], number: int) -> dict[str, object]:
    """The input whose turn it is, as names and values; raises Unfilled."""
    if not inputs:
        return {}
    text = inputs[(number - 1) % len(inputs)]
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise Unfilled("an input is not a JSON object")
    return found


def _dialled(target: Target) -> URL:
    """The checked parts as aiohttp's address; nothing is parsed or quoted again."""
    path, _, query = target.path.partition("?")
    origin = target.origin
    return URL.build(
        scheme=origin.scheme, host=origin.host, port=origin.port, path=path, query_string=query, encoded=True
    )


def _shown_path(service: Service, target: Target) -> str:
    """The path alone on the service's own origin, the whole address elsewhere."""
    return target.path if service.base_url and Origin.of(service.base_url) == target.origin else target.url


def _headers(trip: _Trip, filled: FilledRequest, target: Target) -> dict[str, str]:
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


def _keep_cookies(trip: _Trip, target: Target, answer: aiohttp.ClientResponse) -> None:
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


def _credentials_refused(request: Request, response: Response, results: Sequence[AssertionResult]) -> bool:
    """401 and 407, and 403 to a request that carried a secret, are about us, unless the step wants exactly that."""
    if response.status not in (401, 407) and not (response.status == 403 and uses_secret(request)):
        return False
    return any(not result.held and result.subject == STATUS for result in results)


def _capture(trip: _Trip, leg: Leg, response: Response) -> tuple[AssertionResult, ...]:
    """Read what later requests need; a value that is not there fails the sample, for the service did not give
    it.
    """
    for name, expression in leg.capture:
        value = assertions.captured(expression, response)
        if value is None:
            source = f"capture {name}: {expression}"
            return (AssertionResult(source=source, subject=expression, held=False, expected=f"a value for {name}"),)
        trip.named[name] = value
    return ()


def _sample(trip: _Trip, visits: Sequence[_Visit], at: float) -> Sample:
    """The last visit decides: a sample stops at the first request that did not pass."""
    last, veil = visits[-1], trip.veil
    latencies = [visit.latency_ms for visit in visits if visit.latency_ms is not None]
    shown = trip.number <= SHOWN_SAMPLES or not last.passed
    return Sample(
        number=trip.number,
        at=at,
        outcome=_outcome(last),
        request=last.line,
        status=last.status,
        latency_ms=round(sum(latencies), 3) if latencies else None,
        fault=veil.fault(last.fault) if last.fault is not None else None,
        failures=tuple(veil.result(result) for result in last.failures),
        fresh_connection=trip.fresh,
        replica=replica(last.response, veil) if last.response is not None else None,
        excerpt=excerpt(last.response, veil) if shown and last.response is not None else "",
        curl=last.curl,
    )


def _outcome(visit: _Visit) -> Outcome:
    if visit.passed:
        return Outcome.PASSED
    return Outcome.VOID if visit.fault is not None and visit.fault.kind.ours else Outcome.FAILED
