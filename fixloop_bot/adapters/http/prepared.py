"""A check made ready once: parsed, filled, vetted and written out, for the hundreds of samples that send the very same.

What is kept was vetted as a whole, for this very text, service and secrets: another secret makes everything anew, and
so does a value that a journey captures.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from fixloop_bot import __version__
from fixloop_bot.adapters.http.evidence import Veil
from fixloop_bot.adapters.http.transport import Route
from fixloop_bot.domain.addresses import WRITES, Target, home, locate
from fixloop_bot.domain.captures import parse_capture
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.expectations import assertions, expect
from fixloop_bot.domain.expectations.claim import Assertion
from fixloop_bot.domain.filling import FilledRequest, Unfilled, Values, fill_request
from fixloop_bot.domain.headers import HARMLESS, VARIABLE, check_header, check_header_value
from fixloop_bot.domain.outgoing import check_body, check_secrets
from fixloop_bot.domain.plans import HttpCheck, JourneyCheck, Leg, ProbedCheck, Request

ALWAYS = {"user-agent": f"FixLoop/{__version__}", "accept": "*/*", "accept-encoding": "gzip, deflate"}
# What a captured value is likely called that nobody should see; an author is no authorization.
_CREDENTIAL = re.compile(r"(?i)token|session|secret|passw|key|auth(?!or(?!i))|jwt|cookie|credential|csrf|bearer")
MOST_CHECKS = 64
MOST_READY = 256  # requests of one check


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A request as it goes out. It holds secrets, ``line`` excepted: ``METHOD path`` with their names.

    ``head`` lacks the empty line at its end, and what differs between samples. ``at_home``: to its own origin.
    """

    filled: FilledRequest
    target: Target
    line: str
    head: bytes
    at_home: bool
    routes: dict[str | None, Route] = field(default_factory=dict, compare=False)
    """The transport's own ways there, by replica: found once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """A leg's lines, with a glance for each that has one (``assertions.glance``), and what they want of any answer."""

    all: tuple[Assertion, ...]
    wants: assertions.Wants
    glanced: tuple[tuple[Assertion, assertions.Glance | None], ...]
    costly: tuple[Assertion, ...]
    """Those without a glance."""

    @classmethod
    def of(cls, sources: Sequence[str]) -> Lines:
        """Raises ExpectError."""
        parsed = tuple(expect.parse(line) for line in sources)
        glanced = tuple((line, assertions.glance(line)) for line in parsed)
        costly = tuple(line for line, glance in glanced if glance is None)
        return cls(all=parsed, wants=assertions.Wants(parsed), glanced=glanced, costly=costly)


class Prepared:
    """What all samples of one check share, as long as the service's secrets have these values."""

    def __init__(self, service: Service, check: ProbedCheck, secrets: Mapping[str, str | None]) -> None:
        self.service = service
        self.check = check
        self.legs = _legs(check)
        self.in_headers = _named_in_headers(self.legs) | _credentials(self.legs)
        self.secrets = secrets
        self.veil = Veil(secrets)
        self._lines: dict[int, Lines] = {}
        self._ready: dict[tuple[int, int | None], Ready] = {}
        self._inputs: dict[int, Mapping[str, object]] = {}

    def lines(self, place: int) -> Lines:
        """The parsed lines of a leg; raises ExpectError, also for what it captures."""
        if place not in self._lines:
            leg = self.legs[place]
            for _, expression in leg.capture:
                parse_capture(expression)
            self._lines[place] = Lines.of(leg.expect)
        return self._lines[place]

    def input(self, inputs: Sequence[str], place: int) -> Mapping[str, object]:
        """An input's names and values; raises Unfilled."""
        if place not in self._inputs:
            self._inputs[place] = _parsed(inputs[place])
        return self._inputs[place]

    def ready(self, place: int, chosen: int | None, named: Mapping[str, object], captured: set[str]) -> Ready:
        """A leg's request; raises BadInput. It is kept as long as all its values come from the input ``chosen``."""
        key = (place, chosen)
        if not captured and key in self._ready:
            return self._ready[key]
        made = self._made(self.legs[place].request, named, captured)
        if not captured and len(self._ready) < MOST_READY:
            self._ready[key] = made
        return made

    def _made(self, request: Request, named: Mapping[str, object], captured: set[str]) -> Ready:
        """Headers are judged as written and as filled, secrets by where they turn out to go."""
        check_body(request)
        for name, value in request.headers:
            check_header(self.service, name, value, captured=captured)
        filled = fill_request(request, Values(named, self.secrets))
        for name, value in filled.headers:
            check_header_value(name, value)
        target = locate(self.service, method=filled.method, where=filled.where)
        check_secrets(self.service, request, target.origin)
        return written(self.service, filled, target, self.veil)


class PreparedChecks:
    """The checks that were sent last. A check is known by being the same object, which is what a step keeps."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[int, int], Prepared] = OrderedDict()

    def of(self, service: Service, check: ProbedCheck, secrets: Mapping[str, str | None]) -> Prepared:
        key = (id(service), id(check))  # both are held by what is found, so that nothing else can have their place
        found = self._known.get(key)
        if found is None or found.secrets != secrets:
            found = self._known[key] = Prepared(service, check, secrets)
            if len(self._known) > MOST_CHECKS:
                self._known.popitem(last=False)
        return found


def written(service: Service, filled: FilledRequest, target: Target, veil: Veil) -> Ready:
    """The bytes of a vetted request: no line of it can end early."""
    headers = {"host": str(target.origin).partition("://")[2], **ALWAYS, **dict(filled.headers)}
    if filled.body is not None or filled.method in WRITES:
        headers["content-length"] = str(len(filled.body or b""))
    head = [f"{filled.method} {target.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    at_home = target.origin == home(service)
    return Ready(
        filled=filled,
        target=target,
        line=veil.cover(f"{filled.method} {target.path if at_home else target.url}"),
        head="".join(f"{line}\r\n" for line in head).encode("ascii"),
        at_home=at_home,
    )


def _legs(check: ProbedCheck) -> tuple[Leg, ...]:
    if isinstance(check, HttpCheck):
        return (Leg(request=check.request, expect=check.expect),)
    return check.legs if isinstance(check, JourneyCheck) else ()


def _parsed(text: str) -> Mapping[str, object]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise Unfilled("an input is not a JSON object")
    return found


def _named_in_headers(legs: Sequence[Leg]) -> frozenset[str]:
    values = (value for leg in legs for name, value in leg.request.headers if name.lower() not in HARMLESS)
    return frozenset(name for value in values for name in VARIABLE.findall(value))


def _credentials(legs: Sequence[Leg]) -> frozenset[str]:
    """Captured values that go out in an address or a body and, by their name or place, are for nobody to see."""
    texts = (text for leg in legs for text in (leg.request.path, leg.request.json_body, leg.request.body) if text)
    sent = {name for text in texts for name in VARIABLE.findall(text)}
    captures = (capture for leg in legs for capture in leg.capture)
    return frozenset(name for name, source in captures if name in sent and _CREDENTIAL.search(f"{name} {source}"))
