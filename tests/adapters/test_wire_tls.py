"""A certificate is looked at as a browser would, and what prevents a handshake is told apart."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from fixloop_bot.adapters.http.guard import Guard
from fixloop_bot.adapters.http.wire import ProbeFault, look
from fixloop_bot.domain.errors import GateRefused
from fixloop_bot.domain.plans import TlsCheck
from fixloop_bot.domain.samples import FaultKind
from fixloop_bot.domain.vetting.wire import DOCUMENTS
from tests.adapters.probing import Dials, Names
from tests.adapters.targets import answering, free_port, resetting, silent, speaking
from tests.adapters.wire_bench import HOST, WireBench, secured, service_at

AUTHORITY = trustme.CA()
DAY = timedelta(days=1)


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def server_context(authority: trustme.CA, *names: str, days: float = 90) -> ssl.SSLContext:
    now = datetime.now(UTC)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, not_before=now - 400 * DAY, not_after=now + days * DAY).configure_cert(context)
    return context


def bench(port: int) -> WireBench:
    return WireBench(service_at(port, scheme="https"), trusting(AUTHORITY))


async def test_a_good_certificate_is_described() -> None:
    """Names, issuer, version and the days that are left stand in the document."""
    async with secured(silent, server_context(AUTHORITY, HOST, "www.example.com", days=89.5)) as port:
        seen = await bench(port).look(TlsCheck())
        document = await bench(port).document(TlsCheck(target=HOST))
    assert seen.line == f"TLS {HOST}:{port}"
    assert seen.response.status == 0
    assert 0 < seen.response.latency_ms < 5_000
    assert seen.response.address == f"127.0.0.1:{port}"
    assert tuple(document) == DOCUMENTS["tls"]
    assert document["host"] == HOST
    assert document["names"] == [HOST, "www.example.com"]
    assert document["version"] == "TLSv1.3"
    assert "trustme" in document["issuer"]
    assert 89.4 < document["days_left"] <= 89.5
    assert document["not_after"].endswith("Z")


async def test_the_days_left_decide() -> None:
    """A certificate that ends in five days fails the default expectation and passes a milder one."""
    async with secured(silent, server_context(AUTHORITY, HOST, days=5)) as port:
        assert not await bench(port).passes(TlsCheck())
        assert await bench(port).passes(TlsCheck(expect=("json $.days_left >= 4.9", "latency < 5 s")))
        assert await bench(port).passes(TlsCheck(expect=()))


@pytest.mark.parametrize(
    ("authority", "name", "days", "reason"),
    [
        (AUTHORITY, "other.example.com", 90, "Hostname mismatch"),
        (AUTHORITY, HOST, -1, "expired"),
        (trustme.CA(), HOST, 90, "unable to get local issuer"),
    ],
)
async def test_a_certificate_that_nobody_should_trust_is_the_services_fault(
    authority: trustme.CA, name: str, days: float, reason: str
) -> None:
    """A foreign, an expired and an untrusted certificate fail the step, each with its reason."""
    async with secured(silent, server_context(authority, name, days=days)) as port:
        with pytest.raises(ProbeFault) as caught:
            await bench(port).look(TlsCheck(expect=()))
    assert caught.value.fault.kind is FaultKind.TLS
    assert not caught.value.fault.kind.ours
    assert reason in caught.value.fault.detail


async def test_what_is_no_handshake_is_told_apart() -> None:
    """Plain HTTP, a reset, silence and a closed port are four different faults, all of them the service's."""
    async with speaking(answering(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        impatient = bench(port)
        impatient.total_s = 0.3
        assert await impatient.fault(TlsCheck()) is FaultKind.TIMEOUT
    async with speaking(blurt_http) as port:
        assert await bench(port).fault(TlsCheck()) is FaultKind.PROTOCOL
    async with speaking(reset_at_once) as port:
        assert await bench(port).fault(TlsCheck()) is FaultKind.RESET
    assert await bench(free_port()).fault(TlsCheck()) is FaultKind.REFUSED


async def blurt_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    writer.close()


async def reset_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    reader.feed_data(b"\r\n\r\n")
    await resetting(reader, writer)


@pytest.mark.parametrize(
    "target", ["evil.example.com", "checkout.example.com:1", "169.254.169.254", "Checkout.example.com", "a@b", "a/b"]
)
async def test_another_host_is_refused_without_a_dial(target: str) -> None:
    """Only the catalog's own hosts and ports are dialled."""
    dials = Dials()
    guard = Guard(resolve=Names(["127.0.0.1"]), open_socket=dials)
    with pytest.raises(GateRefused):
        await look(
            guard, service_at(443, scheme="https"), TlsCheck(target=target), number=1, fresh=True, named={}, secrets={}
        )
    assert dials.addresses == []


@pytest.mark.parametrize("address", ["169.254.169.254", "fd00:ec2::254", "10.9.9.9", "::ffff:169.254.169.254"])
async def test_a_name_that_leads_elsewhere_is_refused_without_a_dial(address: str) -> None:
    """Rebinding: the catalog's own name, with the address of something else."""
    rebound = bench(443)
    rebound.names = Names(["127.0.0.1", address])
    assert await rebound.fault(TlsCheck()) is FaultKind.GATE
