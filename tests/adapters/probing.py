"""A bench for probes: a prober with its service, a scripted name server, a socket factory that remembers."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fixloop_bot.adapters.http.guard import AddressInfo, Guard, open_plain_socket
from fixloop_bot.adapters.http.prober import HttpProber
from fixloop_bot.domain.catalog import Allow, Origin, Service
from fixloop_bot.domain.plans import HttpCheck, JourneyCheck, Leg, Request
from fixloop_bot.domain.samples import Sample
from tests.adapters.targets import Shop

TOKEN = "s3cr3t/t0ken+value"
VAULT = {"env:TOKEN": TOKEN}
NOW = 1_700_000_000.0


class FixedClock:
    def now(self) -> float:
        return NOW

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("a probe does not sleep")


@dataclass
class Bench:
    """A prober, and the service of a base_url."""

    prober: HttpProber
    service: Service
    shop: Shop = field(default_factory=Shop)
    number: int = 1

    async def send(
        self, request: Request | str, *expect: str, inputs: Sequence[str] = (), fresh: bool = True, number: int = 1
    ) -> Sample:
        check = self.check(request, *expect, inputs=inputs)
        return await self.prober.sample(self.service, check, number=number, fresh=fresh)

    def check(self, request: Request | str, *expect: str, inputs: Sequence[str] = ()) -> HttpCheck:
        request = Request(path=request) if isinstance(request, str) else request
        return HttpCheck(request=request, expect=expect, inputs=tuple(inputs))

    def journey(self, *legs: Leg) -> JourneyCheck:
        return JourneyCheck(legs=legs)

    async def travel(self, *legs: Leg, inputs: Sequence[str] = ()) -> Sample:
        return await self.prober.sample(
            self.service, JourneyCheck(legs=legs, inputs=tuple(inputs)), number=1, fresh=False
        )


def prober_with(guard: Guard) -> HttpProber:
    return HttpProber(guard=guard, clock=FixedClock(), secrets=VAULT.get)


def service_at(port: int, *, scheme: str = "http", host: str = "127.0.0.1", networks: tuple[str, ...] = ()) -> Service:
    url = f"{scheme}://{host}:{port}"
    methods = ("GET", "HEAD", "POST", "PUT", "OPTIONS")
    allow = Allow(origins=(Origin.of(url),), networks=networks, methods=methods, writes=("/echo", "/carts"))
    return Service(name="shop", base_url=url, allow=allow, secrets=(("TOKEN", "env:TOKEN"), ("UNSET", "env:UNSET")))


class Dials:
    """Opens real sockets and remembers every address that it was asked for."""

    def __init__(self) -> None:
        self.addresses: list[str] = []

    def __call__(self, address: AddressInfo) -> socket.socket:
        self.addresses.append(str(address[4][0]))
        return open_plain_socket(address)


class Switchboard:
    """Leads each address to a loopback port of its own, as if it were another machine, and remembers the dials."""

    def __init__(self, ports: Mapping[str, int]) -> None:
        self.ports = ports
        self.addresses: list[str] = []

    def __call__(self, address: AddressInfo) -> socket.socket:
        self.addresses.append(str(address[4][0]))
        led = _Led(("127.0.0.1", self.ports[self.addresses[-1]]))
        led.setblocking(False)
        return led


class _Led(socket.socket):
    def __init__(self, end: tuple[str, int]) -> None:
        super().__init__(socket.AF_INET, socket.SOCK_STREAM)
        self._end = end

    def connect(self, address: object) -> None:
        super().connect(self._end)


class Names:
    """A name server whose answers are scripted, one a question; the last one stays."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, host: str) -> Sequence[str]:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
