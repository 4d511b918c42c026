"""Sends probes through the gate and says what came back, in the core's words. Nothing is sent twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import orjson

from fixloop_bot.adapters.http.evidence import Veil, curl, excerpt, replica
from fixloop_bot.adapters.http.exchange import Trip, Visit, exchange
from fixloop_bot.adapters.http.faults import fault_of
from fixloop_bot.adapters.http.guard import Guard
from fixloop_bot.application.ports import Clock
from fixloop_bot.domain import assertions, expect
from fixloop_bot.domain.addresses import Target, home, locate
from fixloop_bot.domain.captures import parse_capture
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.errors import BadInput
from fixloop_bot.domain.filling import FilledRequest, Unfilled, as_text, fill_request, uses_secret
from fixloop_bot.domain.headers import HARMLESS, VARIABLE, check_header, check_header_value
from fixloop_bot.domain.plans import HttpCheck, JourneyCheck, Leg, Request
from fixloop_bot.domain.samples import AssertionResult, Fault, FaultKind, Outcome, Response, Sample

SHOWN_SAMPLES = 2  # of a step that passes, the first two are kept with excerpt and curl line
LONGEST_REFUSED = 200  # characters of a request that was not sent
STATUS = expect.Subject.STATUS.value

Secrets = Callable[[str], str | None]
SchemaOf = Callable[[Service, Request], str | None]


def no_schema(service: Service, request: Request) -> str | None:
    """Without an OpenAPI document there is no response schema."""
    return None


class HttpProber:
    """The ``Prober`` port over aiohttp. Open it in a running loop; ``aclose`` ends every connection.

    ``secrets`` reads a catalog reference such as ``env:CHECKOUT_TOKEN``; ``schema_of`` knows the response schema
    that the service's OpenAPI document promises for a request.
    """

    def __init__(self, *, guard: Guard, clock: Clock, secrets: Secrets, schema_of: SchemaOf = no_schema) -> None:
        self._guard = guard
        self._clock = clock
        self._secrets = secrets
        self._schema_of = schema_of

    async def aclose(self) -> None:
        await self._guard.aclose()

    async def sample(self, service: Service, check: HttpCheck | JourneyCheck, *, number: int, fresh: bool) -> Sample:
        """Send the check once, as the ``number``-th sample; never raises for what the target does.

        Inputs rotate by ``number``. ``latency_ms`` is first byte sent to last byte read, connecting left out; for
        a journey the sum of its requests.
        """
        at = self._clock.now()
        legs = (Leg(request=check.request, expect=check.expect),) if isinstance(check, HttpCheck) else check.legs
        trip = self._trip(service, number, fresh)
        trip.in_headers = _named_in_headers(legs)
        visits: list[Visit] = []
        try:
            trip.named.update(_inputs(check.inputs, number))
        except Unfilled as error:
            visits.append(_refused(trip, legs[0].request, error))
            return _sample(trip, visits, at)
        for leg in legs:
            visits.append(await self._visit(trip, leg))
            if not visits[-1].passed:
                break
        return _sample(trip, visits, at)

    async def fetch_document(self, service: Service, url: str) -> bytes:
        """A document of the service, at most 1 MB, through the same gate; raises BadInput with one sentence."""
        trip = self._trip(service, 1, fresh=False)
        visit = Visit(request=Request(path=url))
        target = locate(service, method="GET", where=url)
        await exchange(trip, visit, FilledRequest(method="GET", where=url, headers=(), body=None), target)
        if visit.fault is not None:
            raise BadInput(f"{url} could not be read: {visit.fault.sentence()}.")
        if visit.response is None or visit.response.status != 200:
            raise BadInput(f"{url} answered {visit.status}, not 200.")
        return visit.response.body

    def _trip(self, service: Service, number: int, fresh: bool) -> Trip:
        secrets = {name: self._secrets(reference) for name, reference in service.secrets}
        session = self._guard.session(service, fresh=fresh)
        return Trip(service, session, fresh, number, {}, secrets, Veil(secrets))

    async def _visit(self, trip: Trip, leg: Leg) -> Visit:
        """One request: fill, gate, send, judge. What is wrong with the request is found before it is sent."""
        visit = Visit(request=leg.request)
        try:
            for _, expression in leg.capture:
                parse_capture(expression)
            lines = [expect.parse(line) for line in leg.expect]
            filled, target = _admitted(trip, leg.request)
            visit.line = trip.veil.cover(f"{filled.method} {_shown_path(trip.service, target)}")
            await exchange(trip, visit, filled, target)
            if visit.response is not None:
                self._judge(trip, visit, leg, lines, visit.response)
        except BadInput as error:
            return _refused(trip, leg.request, error)
        if trip.number <= SHOWN_SAMPLES or not visit.passed:
            visit.curl = curl(filled, target, trip.veil)
        return visit

    def _judge(self, trip: Trip, visit: Visit, leg: Leg, lines: Sequence[expect.Assertion], response: Response) -> None:
        """Hold the step's own lines, then what always holds, then read what the journey needs."""
        schema = self._schema_of(trip.service, leg.request)
        own = assertions.hold_all(lines, response, values=trip.named, response_schema=schema, secrets=trip.veil.values)
        found = assertions.implicit(lines, response, method=leg.request.method, secrets=trip.veil.values)
        results = (*own, *_quantiles(lines, response), *found)
        if _credentials_refused(leg.request, response, results):
            visit.fault = Fault(kind=FaultKind.CREDENTIALS, detail=f"answered {response.status}")
        else:
            visit.failures = tuple(result for result in results if not result.held) or _capture(trip, leg, response)


def _refused(trip: Trip, request: Request, error: BadInput) -> Visit:
    """A request that was not sent, shown as it was written: one short line, whatever is in it."""
    line = " ".join(trip.veil.shown(request.line(), LONGEST_REFUSED).split())
    return Visit(request=request, line=line, fault=fault_of(error))


def _admitted(trip: Trip, request: Request) -> tuple[FilledRequest, Target]:
    """The filled request and where it goes; raises BadInput. Headers are judged as written and as filled."""
    for name, value in request.headers:
        check_header(trip.service, name, value, captured=trip.captured)
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


def _shown_path(service: Service, target: Target) -> str:
    """The path alone on the service's own origin, the whole address elsewhere."""
    return target.path if target.origin == home(service) else target.url


def _credentials_refused(request: Request, response: Response, results: Sequence[AssertionResult]) -> bool:
    """401 and 407, and 403 to a request that carried a secret, are about us, unless the step wants exactly that."""
    if response.status not in (401, 407) and not (response.status == 403 and uses_secret(request)):
        return False
    return any(not result.held and result.subject == STATUS for result in results)


def _named_in_headers(legs: Sequence[Leg]) -> frozenset[str]:
    values = (value for leg in legs for name, value in leg.request.headers if name.lower() not in HARMLESS)
    return frozenset(name for value in values for name in VARIABLE.findall(value))


def _capture(trip: Trip, leg: Leg, response: Response) -> tuple[AssertionResult, ...]:
    """Read what later requests need; a value that is not there fails the sample: the service did not give it."""
    for name, expression in leg.capture:
        value = assertions.captured(expression, response)
        if value is None:
            source = f"capture {name}: {expression}"
            return (AssertionResult(source=source, subject=expression, held=False, expected=f"a value for {name}"),)
        trip.named[name] = value
        trip.captured.add(name)
        if name in trip.in_headers:
            trip.hidden[name] = as_text(value)
            trip.veil = Veil({**trip.secrets, **trip.hidden})
    return ()


def _sample(trip: Trip, visits: Sequence[Visit], at: float) -> Sample:
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


def _outcome(visit: Visit) -> Outcome:
    if visit.passed:
        return Outcome.PASSED
    return Outcome.VOID if visit.fault is not None and visit.fault.kind.ours else Outcome.FAILED
