"""Replicas one by one, and what a sample says of whom it asked and what came back."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from aiohttp import web

from fixloop_bot.adapters.http.guard import Guard
from fixloop_bot.domain.catalog import Origin
from fixloop_bot.domain.plans import Leg, Request, TcpCheck
from fixloop_bot.domain.samples import FaultKind, Outcome
from fixloop_bot.domain.shapes import shape_of
from tests.adapters.probing import Bench, Dials, Names, Switchboard, prober_with, service_at
from tests.adapters.targets import client_tls, free_port, serving


class Replica:
    """One of several servers behind a name; remembers by which name it was asked."""

    def __init__(self) -> None:
        self.hosts: list[str] = []
        self.paths: list[str] = []

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.Response:
        self.hosts.append(request.host)
        self.paths.append(request.path_qs)
        return web.json_response({"id": 7, "name": "shop"})


@pytest.fixture
async def three() -> AsyncIterator[tuple[Bench, list[Replica]]]:
    """Three replicas that the catalog lists; the name itself leads nowhere."""
    async with AsyncExitStack() as stack:
        replicas = [Replica() for _ in range(3)]
        ports = [await stack.enter_async_context(serving(replica.app())) for replica in replicas]
        prober = prober_with(Guard(resolve=Names([])))
        stack.push_async_callback(prober.aclose)
        service = service_at(80, host="shop.example.com", networks=("127.0.0.1/32",))
        yield Bench(prober, replace(service, replicas=tuple(f"127.0.0.1:{port}" for port in ports))), replicas


async def test_fresh_samples_go_round_the_replicas(three: tuple[Bench, list[Replica]]) -> None:
    """Each is asked as often, by the service's own name, and named in the sample."""
    bench, replicas = three
    samples = [await bench.send("/", "status == 200", number=number) for number in range(1, 10)]
    assert {sample.outcome for sample in samples} == {Outcome.PASSED}
    assert [replica.hosts for replica in replicas] == [["shop.example.com"] * 3] * 3
    assert Counter(sample.replica for sample in samples) == dict.fromkeys(bench.service.replicas, 3)


@pytest.mark.parametrize("numbers", [range(1, 24, 2), range(1, 37, 3)])
async def test_every_replica_has_its_turn_whatever_numbers_are_fresh(
    three: tuple[Bench, list[Replica]], numbers: range
) -> None:
    """Also where only every second or third sample has a fresh connection, and with every input."""
    bench, _ = three
    inputs = ['{"n": 0}', '{"n": 1}', '{"n": 2}']
    request = Request(path="/{{n}}")
    check = bench.check(request, inputs=inputs)
    samples = [await bench.prober.sample(bench.service, check, number=number, fresh=True) for number in numbers]
    assert {sample.replica for sample in samples} == set(bench.service.replicas)
    assert (
        len({(sample.replica, sample.request) for sample in samples}) >= len({sample.request for sample in samples}) * 3
    )


async def test_a_dead_replica_fails_its_own_samples(three: tuple[Bench, list[Replica]]) -> None:
    """One of three refuses: a third of the samples fail, and no other replica stands in."""
    bench, _ = three
    dead = f"127.0.0.1:{free_port()}"
    service = replace(bench.service, replicas=(*bench.service.replicas[:2], dead))
    check = bench.check("/")
    samples = [await bench.prober.sample(service, check, number=number, fresh=True) for number in range(1, 10)]
    failed = [sample for sample in samples if sample.outcome is Outcome.FAILED]
    assert len(failed) == 3
    assert {sample.fault.kind for sample in failed if sample.fault} == {FaultKind.REFUSED}


async def test_a_replica_outside_the_networks_is_not_dialled(three: tuple[Bench, list[Replica]]) -> None:
    """The catalog cannot list its way around its own networks."""
    bench, _ = three
    dials = Dials()
    for replica in ("169.254.169.254:80", "10.0.0.1:80", "shop.example.com:80"):
        lone = replace(bench, prober=prober_with(Guard(open_socket=dials)))
        lone.service = replace(bench.service, replicas=(replica,))
        sample = await lone.send("/")
        assert sample.outcome is Outcome.VOID
        assert sample.fault is not None
        assert sample.fault.kind is FaultKind.GATE
    assert dials.addresses == []


async def test_replicas_stand_for_the_services_own_origin_alone(three: tuple[Bench, list[Replica]]) -> None:
    """A journey's request to another allowed host goes to that host."""
    bench, replicas = three
    other = Replica()
    async with serving(other.app()) as port:
        elsewhere = f"http://127.0.0.1:{port}"
        allow = replace(bench.service.allow, origins=(*bench.service.allow.origins, Origin.of(elsewhere)))
        bench.service = replace(bench.service, allow=allow)
        sample = await bench.send(f"{elsewhere}/login", "status == 200")
    assert sample.outcome is Outcome.PASSED
    assert (other.paths, sum(len(replica.paths) for replica in replicas)) == (["/login"], 0)
    assert sample.replica is None


async def test_a_journey_stays_with_one_replica(three: tuple[Bench, list[Replica]]) -> None:
    """What it was given there may be known there alone."""
    bench, replicas = three
    check = bench.journey(Leg(request=Request(path="/a"), expect=()), Leg(request=Request(path="/b"), expect=()))
    for number in (1, 2, 3):
        sample = await bench.prober.sample(bench.service, check, number=number, fresh=True)
        assert sample.outcome is Outcome.PASSED
    assert [replica.paths for replica in replicas] == [["/a", "/b"]] * 3


async def test_certificates_are_checked_for_the_services_name() -> None:
    """A replica is dialled by its address and trusted by the name of the service."""
    replica = Replica()
    async with serving(replica.app(), tls=True) as port:
        for name, outcome in (("shop", Outcome.PASSED), ("cart", Outcome.FAILED)):
            prober = prober_with(Guard(tls=client_tls()))
            service = service_at(443, scheme="https", host=f"{name}.example.com", networks=("127.0.0.1/32",))
            sample = await Bench(prober, replace(service, replicas=(f"127.0.0.1:{port}",))).send("/", "status == 200")
            assert sample.outcome is outcome
            await prober.aclose()
    assert replica.hosts == ["shop.example.com"]


async def test_the_addresses_of_a_name_are_named() -> None:
    """Without listed replicas, turns go round the addresses of the name; a lone address is no replica."""
    replica = Replica()
    async with serving(replica.app()) as port:
        for addresses in (["10.0.0.1", "10.0.0.2"], ["10.0.0.1"]):
            dials = Switchboard(dict.fromkeys(addresses, port))
            prober = prober_with(Guard(resolve=Names(addresses), open_socket=dials))
            bench = Bench(prober, service_at(80, host="shop.example.com", networks=("10.0.0.0/29",)))
            seen = {(await bench.send("/", number=number)).replica for number in range(1, 7)}
            assert seen == ({f"{address}:80" for address in addresses} if len(addresses) > 1 else {None})
            await prober.aclose()


async def test_checks_below_http_ask_replicas_too(three: tuple[Bench, list[Replica]]) -> None:
    """A TCP check of the service's own address goes round them."""
    bench, _ = three
    samples = [await bench.prober.sample(bench.service, TcpCheck(), number=n, fresh=True) for n in range(1, 4)]
    assert {sample.replica for sample in samples} == set(bench.service.replicas)
    assert {(sample.outcome, sample.status) for sample in samples} == {(Outcome.PASSED, None)}
    failing = await bench.prober.sample(
        bench.service, TcpCheck(expect=("latency < 0.000001 ms",)), number=4, fresh=True
    )
    assert failing.outcome is Outcome.FAILED
    assert failing.request == "TCP shop.example.com:80"


async def test_a_sample_tells_its_input_digest_and_shape(three: tuple[Bench, list[Replica]]) -> None:
    """The input's place, the start of the body's SHA-256, and the shape of JSON for the first twenty."""
    bench, _ = three
    body = json.dumps({"id": 7, "name": "shop"}).encode()
    inputs = ['{"n": 0}', '{"n": 1}']
    for number in (1, 2, 20, 21):
        sample = await bench.send(Request(path="/{{n}}"), inputs=inputs, number=number)
        assert (sample.input, sample.digest) == ((number - 1) % 2, hashlib.sha256(body).hexdigest()[:16])
        assert sample.shape == (shape_of(json.loads(body)) if number <= 20 else "")
    assert (await bench.send("/")).input is None
    refused = await replace(bench, service=service_at(free_port())).send("/")
    assert (refused.digest, refused.shape, refused.replica) == ("", "", None)
