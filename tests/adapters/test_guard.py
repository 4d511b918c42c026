"""The gate's last metres: what is dialled, and what is read."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pytest

from fixloop_bot.adapters.http.guard import (
    AddressInfo,
    CheckedResolver,
    ForbiddenAddress,
    Guard,
    NameNotFound,
    NotConnected,
    Policy,
    ask_system,
    open_plain_socket,
)
from fixloop_bot.adapters.http.reading import Reply
from fixloop_bot.adapters.http.transport import Transport
from fixloop_bot.domain.catalog import Allow, Origin, Service
from tests.adapters.probing import Dials, Names, Switchboard
from tests.adapters.targets import Shop, client_tls, free_port, resetting, serving, speaking


def service_at(url: str, *networks: str) -> Service:
    return Service(name="shop", base_url=url, allow=Allow(origins=(Origin.of(url),), networks=networks))


@pytest.fixture
async def shop() -> AsyncIterator[tuple[Shop, int]]:
    shop = Shop()
    async with serving(shop.app()) as port:
        yield shop, port


async def get(transport: Transport, service: Service, url: str, *, fresh: bool = True) -> int | None:
    origin = Origin.of(url)
    host = str(origin).partition("://")[2]
    path = url.removeprefix(str(origin))
    reply = Reply()
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    await transport.send(service, transport.route(service, origin), request, reply, fresh=fresh)
    return reply.status


# ── dialling ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_resolved_address_is_dialled_with_the_original_host(shop: tuple[Shop, int]) -> None:
    """A name is resolved once; that very address is dialled and the server sees the name in Host."""
    target, port = shop
    dials, names = Dials(), Names(["127.0.0.1"])
    transport = Transport(Guard(resolve=names, open_socket=dials))
    service = service_at(f"http://shop.example.com:{port}", "127.0.0.1/32")
    assert await get(transport, service, f"http://shop.example.com:{port}/items/A1") == 200
    assert (dials.addresses, names.asked) == (["127.0.0.1"], 1)
    assert target.requests[0].host == f"shop.example.com:{port}"
    await transport.aclose()


async def test_the_certificate_is_checked_for_the_original_name() -> None:
    """SNI and trust follow the name, not the address that was dialled."""
    async with serving(Shop().app(), tls=True) as port:
        transport = Transport(Guard(resolve=Names(["127.0.0.1"]), tls=client_tls()))
        right, wrong = (service_at(f"https://{name}.example.com:{port}", "127.0.0.0/8") for name in ("shop", "cart"))
        assert await get(transport, right, f"{right.base_url}/items/A1") == 200
        with pytest.raises(ssl.SSLCertVerificationError):
            await get(transport, wrong, f"{wrong.base_url}/items/A1")
        await transport.aclose()


@pytest.mark.parametrize("bad", ["169.254.169.254", "10.0.0.1", "127.0.0.2", "::ffff:169.254.169.254", "fe80::1%lo"])
async def test_one_forbidden_address_in_an_answer_refuses_all(shop: tuple[Shop, int], bad: str) -> None:
    """Every address is judged, not only the first: otherwise a second try could reach the other one."""
    _, port = shop
    dials = Dials()
    transport = Transport(Guard(resolve=Names(["127.0.0.1", bad]), open_socket=dials))
    service = service_at(f"http://shop.example.com:{port}", "127.0.0.1/32")
    with pytest.raises(ForbiddenAddress):
        await get(transport, service, f"http://shop.example.com:{port}/")
    assert dials.addresses == []
    await transport.aclose()


async def test_rebinding_is_refused_at_the_second_answer(shop: tuple[Shop, int]) -> None:
    """A name that turns to another address between two samples is refused then, without a dial."""
    _, port = shop
    dials, names = Dials(), Names(["127.0.0.1"], ["169.254.169.254"])
    transport = Transport(Guard(resolve=names, open_socket=dials, remember_s=0.0))
    service = service_at(f"http://shop.example.com:{port}", "127.0.0.1/32")
    assert await get(transport, service, f"http://shop.example.com:{port}/items/A1") == 200
    with pytest.raises(ForbiddenAddress):
        await get(transport, service, f"http://shop.example.com:{port}/items/A1")
    assert (dials.addresses, names.asked) == (["127.0.0.1"], 2)
    await transport.aclose()


@pytest.mark.parametrize("url", ["http://169.254.169.254/", "http://[fd00:ec2::254]/", "http://10.0.0.1/"])
async def test_an_address_in_the_url_meets_the_last_line(url: str) -> None:
    """A host written as an address passes no resolver; it is refused before a socket is made."""
    dials, names = Dials(), Names(["127.0.0.1"])
    transport = Transport(Guard(resolve=names, open_socket=dials))
    with pytest.raises(ForbiddenAddress):
        await get(transport, service_at(url), url)
    assert (dials.addresses, names.asked) == ([], 0)
    await transport.aclose()


async def test_loopback_is_dialled_only_from_a_loopback_base_url(shop: tuple[Shop, int]) -> None:
    """Without declared networks, 127.0.0.1 is reachable for a base_url there, and for no other."""
    _, port = shop
    transport = Transport(Guard(resolve=Names(["127.0.0.1"])))
    here, public = service_at(f"http://127.0.0.1:{port}"), service_at(f"http://shop.example.com:{port}")
    assert await get(transport, here, f"{here.base_url}/items/A1") == 200
    with pytest.raises(ForbiddenAddress):
        await get(transport, public, f"{public.base_url}/items/A1")
    await transport.aclose()


async def test_connections_are_not_shared_between_policies(shop: tuple[Shop, int]) -> None:
    """A connection that one service may hold open is of no use to another service with narrower networks."""
    _, port = shop
    transport, url = Transport(Guard(resolve=Names(["127.0.0.1"]))), f"http://shop.example.com:{port}/items/A1"
    wide = service_at(url, "127.0.0.0/8")
    narrow = replace(wide, allow=replace(wide.allow, networks=("10.0.0.0/8",)))
    assert await get(transport, wide, url, fresh=False) == 200
    with pytest.raises(ForbiddenAddress):
        await get(transport, narrow, url, fresh=False)
    await transport.aclose()


async def test_fresh_samples_dial_every_time_and_pooled_ones_once(shop: tuple[Shop, int]) -> None:
    """``fresh`` means a new connection for every request; otherwise one is kept."""
    target, port = shop
    dials = Dials()
    transport, service = Transport(Guard(open_socket=dials)), service_at(f"http://127.0.0.1:{port}")
    for fresh, expected in ((False, 1), (True, 4)):
        for _ in range(3):
            await get(transport, service, f"{service.base_url}/items/A1", fresh=fresh)
        assert len(dials.addresses) == expected
    assert len(set(target.peers)) == 4
    await transport.aclose()


async def test_a_lost_connection_is_not_retried() -> None:
    """Clients like to send a GET again; one sample is one request."""
    met: list[int] = []

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        met.append(1)
        await resetting(reader, writer)

    async with speaking(speak) as port:
        transport, service = Transport(Guard()), service_at(f"http://127.0.0.1:{port}")
        for fresh in (True, False):
            with pytest.raises(ConnectionError):
                await get(transport, service, f"http://127.0.0.1:{port}/", fresh=fresh)
        await transport.aclose()
    assert len(met) == 2


async def test_proxies_from_the_environment_are_ignored(
    shop: tuple[Shop, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTP_PROXY would carry a checked request to an unchecked address."""
    _, port = shop
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    transport, service = Transport(Guard()), service_at(f"http://127.0.0.1:{port}")
    assert await get(transport, service, f"{service.base_url}/items/A1") == 200
    await transport.aclose()


async def test_a_name_without_an_answer_is_told_apart() -> None:
    """No address, an error of the resolver and a resolver that hangs are one thing: the name was not found here."""

    async def broken(host: str) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    policy = Policy(networks=(), base_is_loopback=False)

    async def hanging(host: str) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    for resolve in (Names([]), broken, hanging):
        with pytest.raises(NameNotFound, match=r"shop\.example\.com"):
            await CheckedResolver(policy, resolve, patience_s=0.05).addresses("shop.example.com")


async def test_the_system_resolver_knows_localhost() -> None:
    """The default resolver asks the operating system."""
    assert set(await ask_system("localhost")) & {"127.0.0.1", "::1"}


async def test_who_asks_for_a_name_meanwhile_shares_the_answer() -> None:
    """Twenty samples at once are one question; an answer is remembered, a refusal is not."""
    asked, answered = 0, asyncio.Event()

    async def slow(host: str) -> Sequence[str]:
        nonlocal asked
        asked += 1
        await answered.wait()
        return ["127.0.0.1"] if asked == 1 else ["169.254.169.254"]

    resolver = CheckedResolver(Policy(networks=("127.0.0.1/32",), base_is_loopback=False), slow, remember_s=0.0)
    async with asyncio.TaskGroup() as group:
        asking = [group.create_task(resolver.addresses("shop.example.com")) for _ in range(20)]
        group.create_task(_set(answered))
    assert ({task.result() for task in asking}, asked) == ({("127.0.0.1",)}, 1)
    with pytest.raises(ForbiddenAddress):
        await resolver.addresses("shop.example.com")
    assert asked == 2


async def test_who_asked_first_may_leave() -> None:
    """A run that is stopped takes the answer from nobody; once all have left, nothing is asked for any more."""
    asked, answered, given_up = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(host: str) -> Sequence[str]:
        asked.set()
        try:
            await answered.wait()
        except asyncio.CancelledError:
            given_up.set()
            raise
        return ["127.0.0.1"]

    resolver = CheckedResolver(Policy(networks=("127.0.0.1/32",), base_is_loopback=False), slow, remember_s=0.0)
    async with asyncio.TaskGroup() as group:
        first, *others = [group.create_task(resolver.addresses("shop.example.com")) for _ in range(4)]
        await asked.wait()
        first.cancel()
        await asyncio.wait([first])
        answered.set()
    assert first.cancelled()
    assert [task.result() for task in others] == [("127.0.0.1",)] * 3
    asked.clear()
    answered.clear()
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        leaving = [group.create_task(resolver.addresses("shop.example.com")) for _ in range(2)]
        await asked.wait()
        assert not given_up.is_set()
        for task in leaving:
            task.cancel()
        await given_up.wait()


async def _set(event: asyncio.Event) -> None:
    event.set()


@contextmanager
def listening() -> Iterator[int]:
    """A port that takes connections and does nothing with them."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


NETWORK = ("10.0.0.0/29",)


async def test_turns_go_round_the_addresses_of_a_name() -> None:
    """One address a dial, each in its turn, whole rounds; the name is asked for once."""
    names = Names(["10.0.0.1", "10.0.0.2", "10.0.0.3"])
    with listening() as port:
        dials = Switchboard(dict.fromkeys(names.answers[0], port))
        guard = Guard(resolve=names, open_socket=dials)
        for _ in range(6):
            connected = await guard.connect(service_at("http://shop.example.com", *NETWORK), "shop.example.com", 80)
            assert connected.address == f"{dials.addresses[-1]}:80"
            assert guard.shares_its_name(connected.address)
            connected.socket.close()
    assert sorted(dials.addresses[:3]) == sorted(dials.addresses[3:]) == names.answers[0]
    assert names.asked == 1


async def test_a_dead_address_is_seen() -> None:
    """Where one of two addresses is dead, every second dial says so: another one does not stand in for it."""
    refused: list[int | None] = []
    with listening() as port:
        dials = Switchboard({"10.0.0.1": port, "10.0.0.2": free_port()})
        guard = Guard(resolve=Names(["10.0.0.1", "10.0.0.2"]), open_socket=dials)
        for _ in range(10):
            try:
                connected = await guard.connect(service_at("http://shop.example.com", *NETWORK), "shop.example.com", 80)
            except NotConnected as error:
                refused.append(error.errno)
            else:
                connected.socket.close()
    assert refused == [errno.ECONNREFUSED] * 5


async def test_an_address_that_no_packet_can_leave_for_is_passed_over() -> None:
    """A name with an IPv6 address is reached over IPv4 where we have no IPv6; that hides nothing of the service."""

    def open_ip4_alone(address: AddressInfo) -> socket.socket:
        if address[0] == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        return open_plain_socket(address)

    guard = Guard(resolve=Names(["::1", "127.0.0.1"]), open_socket=open_ip4_alone)
    with listening() as port:
        service = service_at(f"http://shop.example.com:{port}", "127.0.0.0/8", "::1/128")
        for _ in range(4):
            connected = await guard.connect(service, "shop.example.com", port)
            assert connected.address == f"127.0.0.1:{port}"
            connected.socket.close()


async def test_localhost_is_one_machine() -> None:
    """A server that listens on one of the loopback addresses is reached by the loopback name, whichever is first."""
    with listening() as port:
        dials = Switchboard({"127.0.0.2": free_port(), "127.0.0.1": port})
        guard = Guard(resolve=Names(["127.0.0.2", "127.0.0.1"]), open_socket=dials)
        service = service_at(f"http://localhost:{port}")
        for _ in range(4):
            (await guard.connect(service, "localhost", port)).socket.close()
        dials.ports = dict.fromkeys(dials.ports, free_port())
        with pytest.raises(NotConnected):
            await guard.connect(service, "localhost", port)


@pytest.mark.parametrize("replica", ["127.0.0.2:80", "169.254.169.254:80", "shop.example.com:80", "127.0.0.1:0", ""])
async def test_a_replica_meets_the_same_policy(replica: str) -> None:
    """What the catalog lists as a replica is an address inside its networks, or is not dialled."""
    dials = Dials()
    guard = Guard(open_socket=dials)
    with pytest.raises(ForbiddenAddress):
        await guard.connect(
            service_at("http://shop.example.com", "127.0.0.1/32"), "shop.example.com", 80, replica=replica
        )
    assert dials.addresses == []


async def test_a_replica_is_dialled_in_the_place_of_the_name() -> None:
    """The name is not asked for; the replica's own port counts, the origin's where it names none."""
    names = Names([])
    guard = Guard(resolve=names)
    with listening() as port:
        service = service_at("http://shop.example.com", "127.0.0.1/32")
        for replica, own in ((f"127.0.0.1:{port}", 80), ("127.0.0.1", port)):
            connected = await guard.connect(service, "shop.example.com", own, replica=replica)
            assert (connected.address, connected.socket.getpeername()) == (replica, ("127.0.0.1", port))
            connected.socket.close()
    assert names.asked == 0


async def test_contexts_differ_by_what_is_spoken_and_trust_alike() -> None:
    """ALPN belongs to a context, so each set of protocols has its own; the given trust is in all of them."""
    guard = Guard(tls=client_tls())
    assert guard.tls("h2") is guard.tls("h2") is not guard.tls("http/1.1")
    trusted = [context.get_ca_certs(binary_form=True) for context in (guard.tls(), guard.tls("h2"))]
    assert trusted[0] == trusted[1] == client_tls().get_ca_certs(binary_form=True) != []
    assert guard.tls("h2").verify_mode is ssl.CERT_REQUIRED
    assert guard.tls("h2").check_hostname
