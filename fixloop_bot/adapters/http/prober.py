"""Sends probes through the gate and says what came back, in the core's words. Nothing is sent twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from fixloop_bot.adapters.http.evidence import curl, excerpt, named_replica
from fixloop_bot.adapters.http.exchange import Trip, Visit, exchange
from fixloop_bot.adapters.http.faults import fault_of
from fixloop_bot.adapters.http.guard import Guard, place_of
from fixloop_bot.adapters.http.judging import failing, judged, shape
from fixloop_bot.adapters.http.prepared import Lines, Prepared, PreparedChecks, written
from fixloop_bot.adapters.http.switch import Halted
from fixloop_bot.adapters.http.transport import Transport
from fixloop_bot.adapters.http.wire import ProbeFault, described, look
from fixloop_bot.application.ports import Clock
from fixloop_bot.domain.across import fingerprint
from fixloop_bot.domain.addresses import home, locate, locate_wire
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.errors import BadInput
from fixloop_bot.domain.filling import FilledRequest, Unfilled
from fixloop_bot.domain.not_fooled.wire import implicit_wire
from fixloop_bot.domain.plans import (
    DnsCheck,
    GrpcCheck,
    HttpCheck,
    JourneyCheck,
    ProbedCheck,
    Request,
    TcpCheck,
    TlsCheck,
    WebsocketCheck,
    WireCheck,
)
from fixloop_bot.domain.samples import Outcome, Response, Sample

SHOWN_SAMPLES = 2  # of a step that passes, the first two are kept with excerpt and curl line
SHAPED_SAMPLES = 20  # of any step, the first ones keep the shape of their JSON
LONGEST_REFUSED = 200  # characters of a request that was not sent

Secrets = Callable[[str], str | None]
SchemaOf = Callable[[Service, Request], str | None]


def no_schema(service: Service, request: Request) -> str | None:
    """Without an OpenAPI document there is no response schema."""
    return None


class HttpProber:
    """The ``Prober`` port. Open it in a running loop; ``aclose`` ends every connection.

    ``secrets`` reads a catalog reference such as ``env:CHECKOUT_TOKEN``; ``schema_of`` knows the response schema
    that the service's OpenAPI document promises for a request.
    """

    def __init__(self, *, guard: Guard, clock: Clock, secrets: Secrets, schema_of: SchemaOf = no_schema) -> None:
        self._guard = guard
        self._transport = Transport(guard)
        self._clock = clock
        self._secrets = secrets
        self._schema_of = schema_of
        self._checks = PreparedChecks()
        self._turns: dict[tuple[str, ...], int] = {}

    async def aclose(self) -> None:
        await self._transport.aclose()

    def halt(self, reason: str) -> None:
        """The kill switch: what is under way ends now, its samples void; nothing more is sent until ``release``."""
        self._guard.switch.halt(reason)
        self._transport.drop()

    def release(self) -> None:
        self._guard.switch.release()

    @property
    def connections(self) -> int:
        """How many are open, kept ones included."""
        return self._transport.connections

    async def sample(self, service: Service, check: ProbedCheck, *, number: int, fresh: bool) -> Sample:
        """Send the check once, as the ``number``-th sample; never raises for what the target does.

        Inputs rotate by ``number``. ``latency_ms`` is first byte sent to last byte read, connecting left out; for
        a journey the sum of its requests.
        """
        at = self._clock.now()
        prepared = self._checks.of(service, check, self._values(service))
        trip = self._trip(prepared, number, fresh)
        visits: list[Visit] = []
        try:
            with self._guard.switch.under_way():
                if isinstance(check, HttpCheck | JourneyCheck):
                    await self._travel(trip, prepared, check.inputs, visits)
                else:
                    visits.append(await self._look(trip, prepared, check))
        except Halted as halted:
            line = visits[-1].line if visits else ""
            visits.append(Visit(line=line or _written(trip, check), fault=fault_of(halted)))
        last = visits[-1].response
        seen = await shape(last) if last is not None and number <= SHAPED_SAMPLES else ""
        return self._sample(trip, check, visits, at, seen)

    async def fetch_document(self, service: Service, url: str) -> bytes:
        """A document of the service, at most 1 MB, through the same gate; raises BadInput with one sentence."""
        prepared = Prepared(service, HttpCheck(request=Request(path=url), expect=()), self._values(service))
        trip, visit = self._trip(prepared, 1, fresh=False), Visit()
        target = locate(service, method="GET", where=url)
        filled = FilledRequest(method="GET", where=url, headers=(), body=None)
        try:
            with self._guard.switch.under_way():
                await exchange(trip, visit, written(service, filled, target, trip.veil))
        except Halted as halted:
            visit.fault = fault_of(halted)
        if visit.fault is not None:
            raise BadInput(f"{url} could not be read: {visit.fault.sentence()}.")
        if visit.response is None or visit.response.status != 200:
            raise BadInput(f"{url} answered {visit.status}, not 200.")
        return visit.response.body

    def _values(self, service: Service) -> dict[str, str | None]:
        return {name: self._secrets(reference) for name, reference in service.secrets}

    def _trip(self, prepared: Prepared, number: int, fresh: bool) -> Trip:
        service = prepared.service
        return Trip(
            service=service,
            transport=self._transport,
            fresh=fresh,
            number=number,
            replica=self._next_replica(service.replicas) if fresh and service.replicas else None,
            secrets=prepared.secrets,
            veil=prepared.veil,
            in_headers=prepared.in_headers,
            keeps_cookies=len(prepared.legs) > 1,
        )

    def _next_replica(self, replicas: tuple[str, ...]) -> str:
        """Whose turn it is of the addresses that the catalog lists."""
        turn = self._turns[replicas] = self._turns.get(replicas, -1) + 1
        return replicas[place_of(turn, len(replicas))]

    async def _travel(self, trip: Trip, prepared: Prepared, inputs: Sequence[str], visits: list[Visit]) -> None:
        try:
            _take_input(trip, prepared, inputs)
        except Unfilled as error:
            visits.append(_refused(trip, prepared.legs[0].request, error))
            return
        for place in range(len(prepared.legs)):
            visits.append(await self._visit(trip, prepared, place))
            if not visits[-1].passed:
                return

    async def _visit(self, trip: Trip, prepared: Prepared, place: int) -> Visit:
        """One request: fill, gate, send, judge. What is wrong with the request is found before it is sent."""
        visit, leg = Visit(), prepared.legs[place]
        try:
            lines = prepared.lines(place)
            ready = prepared.ready(place, trip.input, trip.named, trip.captured)
            # A value that this journey was given may be hidden by now, other than when the line was written.
            visit.line = trip.veil.cover(ready.line) if trip.hidden else ready.line
            await exchange(trip, visit, ready)
            if visit.response is not None:
                await judged(trip, visit, leg, lines, visit.response, self._schema_of(trip.service, leg.request))
        except BadInput as error:
            return _refused(trip, leg.request, error)
        if trip.number <= SHOWN_SAMPLES or not visit.passed:
            visit.curl = curl(ready.filled, ready.target, trip.veil)
        return visit

    async def _look(self, trip: Trip, prepared: Prepared, check: WireCheck) -> Visit:
        """A check below or beside HTTP: its own lines are held, and that there was an answer worth the name."""
        visit = Visit(line=trip.veil.cover(described(check)))
        lag, started = self._transport.lag, time.perf_counter()
        lag.begin()
        try:
            _take_input(trip, prepared, check.inputs if isinstance(check, WebsocketCheck) else ())
            lines = Lines.of(check.expect)
            seen = await look(
                self._guard,
                trip.service,
                check,
                number=trip.number,
                fresh=trip.fresh,
                named=trip.named,
                secrets=trip.secrets,
                replica=trip.replica if _is_at_home(trip.service, check) else None,
            )
        except ProbeFault as error:
            visit.fault = error.fault
        except BadInput as error:
            visit.fault = fault_of(error)
        else:
            visit.line, visit.response = trip.veil.cover(seen.line), seen.response
            visit.status, visit.latency_ms = seen.response.status or None, seen.response.latency_ms
            implied = implicit_wire(check, lines.all, seen.response, secrets=trip.veil.values)
            visit.failures = (*await failing(trip, lines, seen.response), *implied)
        finally:
            visit.lag_ms = lag.end(started)
        return visit

    def _sample(self, trip: Trip, check: ProbedCheck, visits: Sequence[Visit], at: float, seen: str) -> Sample:
        """The last visit decides: a sample stops at the first request that did not pass."""
        last, veil = visits[-1], trip.veil
        response = last.response
        shown = trip.number <= SHOWN_SAMPLES or not last.passed
        return Sample(
            number=trip.number,
            at=at,
            outcome=_outcome(last),
            request=last.line,
            status=last.status,
            latency_ms=_latency(visits),
            fault=veil.fault(last.fault) if last.fault is not None else None,
            failures=tuple([veil.result(result) for result in last.failures]) if last.failures else (),
            fresh_connection=trip.fresh,
            replica=self._who(trip, check, response) if response is not None else None,
            excerpt=excerpt(response, veil) if shown and response is not None else "",
            curl=last.curl,
            input=trip.input,
            digest=fingerprint(response) if response is not None else "",
            shape=veil.cover(seen),  # keys of an answer may be secrets
            lag_ms=round(max([visit.lag_ms for visit in visits]), 3),
        )

    def _who(self, trip: Trip, check: ProbedCheck, response: Response) -> str | None:
        """What the answer calls itself; else the address, where the name stands for several."""
        address = response.address
        several = (
            address in trip.service.replicas or self._guard.shares_its_name(address) or isinstance(check, DnsCheck)
        )
        return named_replica(response, trip.veil) or (address if several and address else None)


def _refused(trip: Trip, request: Request, error: BadInput) -> Visit:
    """A request that was not sent, shown as it was written: one short line, whatever is in it."""
    return Visit(line=_unsent(trip, request.line()), fault=fault_of(error))


def _written(trip: Trip, check: ProbedCheck) -> str:
    """The (first) request of a check as it was written."""
    match check:
        case HttpCheck():
            return _unsent(trip, check.request.line())
        case JourneyCheck():
            return _unsent(trip, check.legs[0].request.line())
        case _:
            return _unsent(trip, described(check))


def _unsent(trip: Trip, line: str) -> str:
    return " ".join(trip.veil.shown(line, LONGEST_REFUSED).split())


def _take_input(trip: Trip, prepared: Prepared, inputs: Sequence[str]) -> None:
    """The input whose turn it is becomes the trip's names and values; raises Unfilled."""
    if inputs:
        trip.input = (trip.number - 1) % len(inputs)
        trip.named.update(prepared.input(inputs, trip.input))


def _is_at_home(service: Service, check: WireCheck) -> bool:
    """Whether a check asks the service's own origin, so that a replica may stand for it; raises GateRefused."""
    match check:
        case TlsCheck() | TcpCheck() | GrpcCheck():
            return locate_wire(service, check.target, tls=isinstance(check, TlsCheck)) == home(service)
        case WebsocketCheck():
            return check.path.startswith("/")
        case _:
            return False


def _latency(visits: Sequence[Visit]) -> float | None:
    latencies = [visit.latency_ms for visit in visits if visit.latency_ms is not None]
    return round(sum(latencies), 3) if latencies else None


def _outcome(visit: Visit) -> Outcome:
    if visit.passed:
        return Outcome.PASSED
    return Outcome.VOID if visit.fault is not None and visit.fault.kind.ours else Outcome.FAILED
