"""A TCP connection, with and without a banner."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixloop_bot.adapters.http.guard import Guard
from fixloop_bot.adapters.http.switch import Halted
from fixloop_bot.adapters.http.wire import look
from fixloop_bot.domain.errors import GateRefused
from fixloop_bot.domain.plans import TcpCheck
from fixloop_bot.domain.samples import FaultKind
from tests.adapters.probing import Names
from tests.adapters.targets import free_port, silent, speaking
from tests.adapters.wire_bench import HOST, WireBench, service_at, trickling


async def test_a_connection_is_enough_where_nothing_is_expected_of_the_banner() -> None:
    """A silent server that accepts passes at once; latency is the time to connect."""
    async with speaking(silent) as port:
        bench = WireBench(service_at(port))
        seen = await bench.look(TcpCheck(target=f"{HOST}:{port}", expect=("latency < 2 s",)))
    assert seen.line == f"TCP {HOST}:{port}"
    assert (seen.response.status, seen.response.body) == (0, b"")
    assert 0 < seen.response.latency_ms < 2_000
    assert seen.response.address == f"127.0.0.1:{port}"


async def test_a_banner_is_read_to_the_end_of_its_line() -> None:
    """The greeting of a server is the body, also when it comes in pieces."""
    check = TcpCheck(expect=('body contains "220 mail ready"',))
    async with speaking(trickling(b"220 mail", b" ready\r\n")) as port:
        assert await WireBench(service_at(port)).passes(check)
    async with speaking(trickling(b"421 too busy\r\n")) as port:
        assert not await WireBench(service_at(port)).passes(check)


async def test_a_server_without_a_banner_fails_who_expects_one() -> None:
    """A server that hangs up without a word has an empty banner."""
    async with speaking(trickling()) as port:
        assert not await WireBench(service_at(port)).passes(TcpCheck(expect=("body exists", 'body contains "220"')))


async def test_a_silent_server_is_waited_for_no_longer_than_two_seconds() -> None:
    """What does not greet in time has an empty banner; that is an answer, not a fault."""
    async with speaking(silent) as port:
        seen = await WireBench(service_at(port)).look(TcpCheck(expect=("size > 0",)))
    assert seen.response.body == b""


async def test_a_refused_port_is_the_services_fault() -> None:
    """Nobody listens."""
    kind = await WireBench(service_at(free_port())).fault(TcpCheck())
    assert kind is FaultKind.REFUSED
    assert not kind.ours


async def test_a_name_without_an_address_is_ours() -> None:
    """We could not look, so the sample is void."""
    bench = WireBench(service_at(1), names=Names([]))
    kind = await bench.fault(TcpCheck())
    assert kind is FaultKind.NAME_NOT_FOUND
    assert kind.ours


async def test_what_the_catalog_does_not_allow_is_refused() -> None:
    """Another port, and the catalog's own name on a metadata address."""
    bench = WireBench(service_at(5432))
    with pytest.raises(GateRefused, match=r"does not allow checkout\.example\.com:22"):
        await bench.look(TcpCheck(target=f"{HOST}:22"))
    bench.names = Names(["169.254.169.254"])
    assert await bench.fault(TcpCheck()) is FaultKind.GATE


async def test_the_kill_switch_ends_a_probe_that_waits() -> None:
    """Halted while it waits for a banner, a probe ends at once; the next one is not sent."""
    guard = Guard(resolve=Names(["127.0.0.1"]))
    connected = asyncio.Event()

    async def waiting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        await silent(reader, writer)

    async with speaking(waiting) as port:
        check, service = TcpCheck(expect=("size > 0",)), service_at(port)

        async def probe() -> None:
            await look(guard, service, check, number=1, fresh=True, named={}, secrets={})

        async with asyncio.TaskGroup() as group:
            probing = group.create_task(halted(probe()), name="probe")
            await connected.wait()
            guard.switch.halt("stopped by mira")
        assert probing.result()
        assert await halted(probe())


async def halted(probe: object) -> bool:
    assert asyncio.iscoroutine(probe)
    try:
        await probe
    except Halted:
        return True
    return False


@given(st.lists(st.binary(max_size=40), max_size=3))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_banner_is_an_answer(parts: list[bytes]) -> None:
    """Whatever a server says first is a body to be judged."""

    async def whole() -> bytes:
        async with speaking(trickling(*parts)) as port:
            seen = await WireBench(service_at(port)).look(TcpCheck(expect=("size > 0",)))
            return seen.response.body

    assert b"".join(parts).startswith(asyncio.run(whole()))
