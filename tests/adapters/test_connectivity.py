"""Our own network is looked at before a service is blamed."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field, replace

import pytest
import trustme

from fixloop_bot.adapters.http import connectivity
from fixloop_bot.adapters.http.connectivity import (
    GOOD_FOR_S,
    NEVER_REACHED,
    TROUBLE_FOR_S,
    CarefulProber,
    Connectivity,
    leaves_this_machine,
)
from fixloop_bot.application.ports import Prober
from fixloop_bot.domain.catalog import Origin, Service
from fixloop_bot.domain.plans import HttpCheck, ProbedCheck, Request
from fixloop_bot.domain.samples import AssertionResult, Fault, FaultKind, Outcome, Sample

AUTHORITY, STRANGER = trustme.CA(), trustme.CA()
CHECK = HttpCheck(request=Request(path="/"), expect=())
SERVICE = Service(name="checkout", base_url="https://checkout.example.com")
NOW = 1_700_000_000.0


@dataclass
class Vendor:
    """A listener on loopback that counts who came."""

    port: int = 0
    came: int = 0

    async def welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.came += 1
        try:
            await reader.read()
        except (ssl.SSLError, ConnectionError):
            pass  # whoever looks in leaves without a farewell
        finally:
            writer.close()

    def origin(self, scheme: str = "http", host: str = "127.0.0.1") -> Origin:
        return Origin(scheme=scheme, host=host, port=self.port)


@asynccontextmanager
async def vendor(authority: trustme.CA | None = None, *, name: str = "127.0.0.1") -> AsyncIterator[Vendor]:
    listener, tls = Vendor(), None
    if authority is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(tls)
    server = await asyncio.start_server(listener.welcome, "127.0.0.1", 0, ssl=tls)
    listener.port = server.sockets[0].getsockname()[1]
    async with server:
        yield listener


def nobody(scheme: str = "http") -> Origin:
    """An origin on a port where nobody listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        return Origin(scheme=scheme, host="127.0.0.1", port=free.getsockname()[1])


@pytest.fixture
def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


async def test_one_that_is_reached_is_enough(trusting: ssl.SSLContext) -> None:
    """Then a service that cannot be reached is to blame."""
    async with vendor() as plain, vendor(AUTHORITY) as secure:
        assert await Connectivity([nobody(), plain.origin()]).trouble() == ""
        assert await Connectivity([nobody("https"), secure.origin("https")], tls=trusting).trouble() == ""
        assert plain.came == 1
    assert await Connectivity([]).trouble() == "", "who talks to nobody has nothing to compare with"


async def test_where_none_is_reached_the_sentence_names_them() -> None:
    """One, two, or more."""
    names = [nobody() for _ in range(3)]
    one, two, three = (f"127.0.0.1:{name.port}" for name in names)
    assert await Connectivity(names[:1]).trouble() == f"{one} cannot be reached from here either"
    assert await Connectivity(names[:2]).trouble() == f"neither {one} nor {two} can be reached from here"
    assert await Connectivity(names).trouble() == f"none of {one}, {two} and {three} can be reached from here"
    usual = Origin.of("https://slack.com/api/")
    assert connectivity._sentence([usual], [""]) == "slack.com cannot be reached from here either"


@pytest.mark.parametrize(
    ("authority", "name", "reason"),
    [(STRANGER, "127.0.0.1", "unable to get local issuer certificate"), (AUTHORITY, "10.0.0.1", "IP address mismatch")],
    ids=["unknown issuer", "another name"],
)
async def test_tls_that_is_not_the_vendors_is_trouble(
    trusting: ssl.SSLContext, authority: trustme.CA, name: str, reason: str
) -> None:
    """A proxy that breaks TLS open answers for everybody: what it says of a service is not the service's."""
    async with vendor(authority, name=name) as proxy:
        trouble = await Connectivity([nobody(), proxy.origin("https")], tls=trusting).trouble()
    assert trouble.startswith(f"TLS to 127.0.0.1:{proxy.port} is intercepted, or cannot be verified here: {reason}")


async def test_a_listener_without_tls_is_no_vendor(trusting: ssl.SSLContext) -> None:
    """A captive portal accepts any connection; the handshake tells."""

    async def mumble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.0 302 Found\r\nLocation: http://login/\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(mumble, "127.0.0.1", 0)
    async with server:
        target = Origin(scheme="https", host="127.0.0.1", port=server.sockets[0].getsockname()[1])
        assert "is intercepted" in await Connectivity([target], tls=trusting).trouble()


async def test_silence_ends_within_the_patience(trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handshake that nobody answers is no connection; one that is quick does not wait for one that is silent."""
    monkeypatch.setattr(connectivity, "PATIENCE_S", 0.4)
    loop = asyncio.get_running_loop()
    async with vendor() as silent, vendor(AUTHORITY) as quick:
        began = loop.time()
        assert "cannot be reached" in await Connectivity([silent.origin("https")], tls=trusting).trouble()
        assert 0.3 < loop.time() - began < 2
        both = [silent.origin("https"), quick.origin("https")]
        monkeypatch.setattr(connectivity, "PATIENCE_S", 30)
        assert await Connectivity(both, tls=trusting).trouble() == ""
        assert loop.time() - began < 5


async def test_looks_are_shared_and_remembered() -> None:
    """A hundred at once look once; a good answer holds for a second, trouble for five."""
    now = [100.0]
    async with vendor() as target:
        own = Connectivity([target.origin()], now=lambda: now[0])
        assert await asyncio.gather(*(own.trouble() for _ in range(100))) == [""] * 100
        assert target.came == 1
        now[0] += GOOD_FOR_S
        await own.trouble()
        assert target.came == 2
    now[0] += GOOD_FOR_S
    assert await own.trouble()
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", target.port)
    async with server:
        now[0] += TROUBLE_FOR_S - 0.1
        assert await own.trouble(), "still remembered"
        now[0] += 0.1
        assert await own.trouble() == ""


@dataclass
class Scripted:
    """A prober that has met what a test says."""

    met: Sample
    told: list[str] = field(default_factory=list)

    async def sample(self, service: Service, check: ProbedCheck, *, number: int, fresh: bool) -> Sample:
        del service, check, fresh
        return replace(self.met, number=number)

    async def fetch_document(self, service: Service, url: str) -> bytes:
        return f"{service.name} {url}".encode()

    def halt(self, reason: str) -> None:
        self.told.append(reason)

    def release(self) -> None:
        self.told.append("released")


def met(kind: FaultKind, *, status: int | None = None) -> Sample:
    outcome = Outcome.VOID if kind.ours else Outcome.FAILED
    failure = AssertionResult(source="status == 200", held=False)
    return Sample(
        number=1, at=NOW, outcome=outcome, status=status, fault=Fault(kind=kind), failures=(failure,), request="GET /"
    )


async def sampled(
    sample: Sample, *targets: Origin, service: Service = SERVICE, excusable: Callable[[Service], bool] | None = None
) -> Sample:
    careful: Prober = CarefulProber(Scripted(sample), Connectivity(targets), excusable=excusable or leaves_this_machine)
    return await careful.sample(service, CHECK, number=7, fresh=True)


@pytest.mark.parametrize("kind", sorted(NEVER_REACHED))
async def test_without_a_network_a_service_is_not_blamed(kind: FaultKind) -> None:
    """The sample is void and says what could not be reached; with a network it stands as it was."""
    target = nobody()
    sample = await sampled(met(kind), target)
    assert (sample.outcome, sample.number, sample.failures, sample.request) == (Outcome.VOID, 7, (), "GET /")
    assert sample.reason() == f"no network from here: 127.0.0.1:{target.port} cannot be reached from here either"
    async with vendor() as reached:
        assert await sampled(met(kind), nobody(), reached.origin()) == replace(met(kind), number=7)


@pytest.mark.parametrize("kind", sorted(set(FaultKind) - NEVER_REACHED))
async def test_other_faults_are_not_looked_into(kind: FaultKind) -> None:
    """An answer that was cut off has come from somewhere; a refusal of the gate was never sent."""
    assert await sampled(met(kind), nobody()) == replace(met(kind), number=7)


async def test_an_answer_stands_whatever_the_network_does() -> None:
    """A body that stops half-way began; and a good answer needs no excuse."""
    late = met(FaultKind.TIMEOUT, status=200)
    assert await sampled(late, nobody()) == replace(late, number=7)
    passed = Sample(number=1, at=NOW, outcome=Outcome.PASSED, status=200)
    assert await sampled(passed, nobody()) == replace(passed, number=7)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:1", "http://a.localhost"])
async def test_a_service_on_this_machine_is_never_excused(url: str) -> None:
    """No network is needed to reach it; unless somebody knows better."""
    local = Service(name="shop", base_url=url)
    refused = met(FaultKind.REFUSED)
    assert (await sampled(refused, nobody(), service=local)).outcome is Outcome.FAILED
    away = await sampled(refused, nobody(), service=local, excusable=lambda _: True)
    assert away.outcome is Outcome.VOID


async def test_everything_else_is_passed_on() -> None:
    """Documents and the kill switch are the prober's own."""
    inner = Scripted(met(FaultKind.REFUSED))
    careful = CarefulProber(inner, Connectivity([]))
    assert await careful.fetch_document(SERVICE, "/openapi.json") == b"checkout /openapi.json"
    careful.halt("why")
    careful.release()
    assert inner.told == ["why", "released"]
