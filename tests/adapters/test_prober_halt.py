"""The kill switch: traffic ends at once, the samples say why, and nothing more is sent until it is released."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import pytest

from fixloop_bot.adapters.http.guard import Guard
from fixloop_bot.adapters.http.switch import Halted, KillSwitch
from fixloop_bot.domain.errors import BadInput
from fixloop_bot.domain.plans import Leg, Request, TcpCheck
from fixloop_bot.domain.samples import FaultKind, Outcome, Sample
from tests.adapters.probing import Bench, Dials, prober_with, service_at
from tests.adapters.targets import Speak, dripping, silent, speaking
from tests.adapters.test_prober_connections import OK, Server, until

Against = Callable[[Speak], Awaitable[Bench]]
WHY = "halted by U123"


def is_stopped(sample: Sample) -> bool:
    fault = sample.fault
    return (
        sample.outcome is Outcome.VOID and fault is not None and (fault.kind, fault.detail) == (FaultKind.STOPPED, WHY)
    )


@pytest.mark.parametrize(
    "speak", [silent, dripping(b"HTTP/1.1 200"), dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")]
)
@pytest.mark.parametrize("fresh", [True, False])
async def test_what_is_under_way_ends_now(against: Against, speak: Speak, fresh: bool) -> None:
    """Twenty requests wait for an answer; all come back void within a moment, and their connections are gone."""
    bench = await against(speak)
    async with asyncio.TaskGroup() as group:
        asking = [group.create_task(bench.send("/echo", fresh=fresh, number=number)) for number in range(1, 21)]
        await until(lambda: bench.prober.connections == 20)
        bench.prober.halt(WHY)
        started = time.monotonic()
        samples = [await task for task in asking]
    assert time.monotonic() - started < 0.5
    assert all(is_stopped(sample) for sample in samples)
    assert {sample.request for sample in samples} == {"GET /echo"}
    await until(lambda: bench.prober.connections == 0)


async def test_a_dial_and_a_lookup_end_too() -> None:
    """Also what has not sent anything yet."""
    asked = asyncio.Event()

    async def hanging(host: str) -> Sequence[str]:
        asked.set()
        await asyncio.Event().wait()
        return []

    bench = Bench(prober_with(Guard(resolve=hanging)), service_at(80, host="shop.example.com"))
    async with asyncio.TaskGroup() as group:
        asking = [group.create_task(bench.send("/")) for _ in range(3)]
        await asked.wait()
        bench.prober.halt(WHY)
    assert all(is_stopped(task.result()) for task in asking)


async def test_nothing_is_sent_until_release() -> None:
    """Samples, documents and checks below HTTP are refused; kept connections are closed. Repeating changes nothing."""
    server, dials = Server(OK), Dials()
    async with speaking(server) as port:
        guard = Guard(open_socket=dials)
        bench = Bench(prober_with(guard), service_at(port))
        assert (await bench.send("/", fresh=False)).outcome is Outcome.PASSED
        bench.prober.halt(WHY)
        bench.prober.halt(WHY)
        async with asyncio.timeout(1):
            await server.closed.wait()
        leg = Leg(request=Request(path="/b"), expect=())
        refused = [
            await bench.send("/", fresh=False),
            await bench.travel(leg, leg),
            await bench.prober.sample(bench.service, TcpCheck(), number=1, fresh=True),
        ]
        assert all(is_stopped(sample) for sample in refused)
        assert [sample.request for sample in refused] == ["GET /", "GET /b", "TCP"]
        with pytest.raises(BadInput, match=WHY):
            await bench.prober.fetch_document(bench.service, f"{bench.service.base_url}/openapi.json")
        with pytest.raises(Halted):
            await guard.connect(bench.service, "127.0.0.1", port)
        assert (len(server.requests), len(dials.addresses)) == (1, 1)
        bench.prober.release()
        bench.prober.release()
        assert (await bench.send("/", fresh=False)).outcome is Outcome.PASSED
        await bench.prober.aclose()


async def test_a_journey_ends_between_its_requests(against: Against) -> None:
    """The request that is stopped is the one that is shown."""
    bench = await against(silent)
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(
            bench.travel(Leg(request=Request(path="/a?b={{c}}"), expect=()), inputs=['{"c": 1}'])
        )
        await until(lambda: bench.prober.connections == 1)
        bench.prober.halt(WHY)
        sample = await asking
    assert is_stopped(sample)
    assert sample.input == 0


async def test_a_cancelled_task_is_still_cancelled(against: Against) -> None:
    """The switch takes back its own cancellation alone: who cancels a run sees it end, halted or not."""
    bench = await against(silent)
    for halted in (False, True):
        asking = asyncio.create_task(bench.send("/"), name="asking")
        await until(lambda: bench.prober.connections == 1)
        asking.cancel()
        if halted:
            bench.prober.halt(WHY)
        with pytest.raises(asyncio.CancelledError):
            await asking
        await until(lambda: bench.prober.connections == 0)


async def test_the_switch_and_a_time_limit_count_cancellations_alike() -> None:
    """Neither takes the other's for its own, and nothing is left behind in the task."""
    switch = KillSwitch()

    async def wait(seconds: float) -> None:
        async with asyncio.timeout(seconds):
            with switch.under_way():
                await asyncio.Event().wait()

    asyncio.get_running_loop().call_soon(switch.halt, WHY)
    with pytest.raises(Halted, match=WHY):
        await wait(5)
    with pytest.raises(Halted, match=WHY):
        await wait(5)
    switch.release()
    with pytest.raises(TimeoutError):
        await wait(0.01)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
