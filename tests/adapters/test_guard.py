"""The gate's last metres: what is dialled, and what is read."""

from __future__ import annotations

import asyncio
import gzip
import socket
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import aiohttp
import pytest

from fixloop_bot.adapters.http.bodies import LARGEST_BODY, BodyTooLarge, BrokenEncoding, read_body
from fixloop_bot.adapters.http.guard import (
    CheckedResolver,
    ForbiddenAddress,
    Guard,
    LostConnection,
    NameNotFound,
    Policy,
    ask_system,
)
from fixloop_bot.domain.catalog import Allow, Origin, Service
from tests.adapters.probing import Dials, Names
from tests.adapters.targets import BOMB, Shop, answering, client_tls, resetting, serving, speaking


def service_at(url: str, *networks: str) -> Service:
    return Service(name="shop", base_url=url, allow=Allow(origins=(Origin.of(url),), networks=networks))


@pytest.fixture
async def shop() -> AsyncIterator[tuple[Shop, int]]:
    shop = Shop()
    async with serving(shop.app()) as port:
        yield shop, port


async def get(guard: Guard, service: Service, url: str, *, fresh: bool = True) -> int:
    async with guard.session(service, fresh=fresh).get(url) as answer:
        return answer.status


# ── dialling ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_resolved_address_is_dialled_with_the_original_host(shop: tuple[Shop, int]) -> None:
    """A name is resolved once; that very address is dialled and the server sees the name in Host."""
    target, port = shop
    dials, names = Dials(), Names(["127.0.0.1"])
    guard = Guard(resolve=names, open_socket=dials)
    service = service_at(f"http://shop.example.com:{port}", "127.0.0.1/32")
    assert await get(guard, service, f"http://shop.example.com:{port}/items/A1") == 200
    assert (dials.addresses, names.asked) == (["127.0.0.1"], 1)
    assert target.requests[0].host == f"shop.example.com:{port}"
    await guard.aclose()


async def test_the_certificate_is_checked_for_the_original_name() -> None:
    """SNI and trust follow the name, not the address that was dialled."""
    async with serving(Shop().app(), tls=True) as port:
        guard = Guard(resolve=Names(["127.0.0.1"]), tls=client_tls())
        right, wrong = (service_at(f"https://{name}.example.com:{port}", "127.0.0.0/8") for name in ("shop", "cart"))
        assert await get(guard, right, f"{right.base_url}/items/A1") == 200
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await get(guard, wrong, f"{wrong.base_url}/items/A1")
        await guard.aclose()


@pytest.mark.parametrize("bad", ["169.254.169.254", "10.0.0.1", "127.0.0.2", "::ffff:169.254.169.254", "fe80::1%lo"])
async def test_one_forbidden_address_in_an_answer_refuses_all(shop: tuple[Shop, int], bad: str) -> None:
    """Every address is judged, not only the first: otherwise a second try could reach the other one."""
    _, port = shop
    dials = Dials()
    guard = Guard(resolve=Names(["127.0.0.1", bad]), open_socket=dials)
    service = service_at(f"http://shop.example.com:{port}", "127.0.0.1/32")
    with pytest.raises(aiohttp.ClientConnectorDNSError) as refused:
        await get(guard, service, f"http://shop.example.com:{port}/")
    assert isinstance(refused.value.os_error, ForbiddenAddress)
    assert dials.addresses == []
    await guard.aclose()


async def test_rebinding_is_refused_at_the_second_answer(shop: tuple[Shop, int]) -> None:
    """A name that turns to another address between two samples is refused then, without a dial."""
    _, port = shop
    dials, names = Dials(), Names(["127.0.0.1"], ["169.254.169.254"])
    guard = Guard(resolve=names, open_socket=dials, remember_s=0.0)
    service = service_at(f"http://shop.example.com:{port}", "127.0.0.1/32")
    assert await get(guard, service, f"http://shop.example.com:{port}/items/A1") == 200
    with pytest.raises(aiohttp.ClientConnectorDNSError):
        await get(guard, service, f"http://shop.example.com:{port}/items/A1")
    assert (dials.addresses, names.asked) == (["127.0.0.1"], 2)
    await guard.aclose()


@pytest.mark.parametrize("url", ["http://169.254.169.254/", "http://[fd00:ec2::254]/", "http://10.0.0.1/"])
async def test_an_address_in_the_url_meets_the_last_line(url: str) -> None:
    """A host written as an address passes no resolver; the socket factory refuses it before the connect."""
    dials, names = Dials(), Names(["127.0.0.1"])
    guard = Guard(resolve=names, open_socket=dials)
    with pytest.raises(aiohttp.ClientConnectorError) as refused:
        await get(guard, service_at(url), url)
    assert isinstance(refused.value.os_error, ForbiddenAddress)
    assert (dials.addresses, names.asked) == ([], 0)
    await guard.aclose()


async def test_loopback_is_dialled_only_from_a_loopback_base_url(shop: tuple[Shop, int]) -> None:
    """Without declared networks, 127.0.0.1 is reachable for a base_url there, and for no other."""
    _, port = shop
    guard = Guard(resolve=Names(["127.0.0.1"]))
    here, public = service_at(f"http://127.0.0.1:{port}"), service_at(f"http://shop.example.com:{port}")
    assert await get(guard, here, f"{here.base_url}/items/A1") == 200
    with pytest.raises(aiohttp.ClientConnectorDNSError):
        await get(guard, public, f"{public.base_url}/items/A1")
    await guard.aclose()


async def test_connections_are_not_shared_between_policies(shop: tuple[Shop, int]) -> None:
    """A connection that one service may hold open is of no use to another service with narrower networks."""
    _, port = shop
    guard, url = Guard(resolve=Names(["127.0.0.1"])), f"http://shop.example.com:{port}/items/A1"
    wide = service_at(url, "127.0.0.0/8")
    narrow = replace(wide, allow=replace(wide.allow, networks=("10.0.0.0/8",)))
    assert await get(guard, wide, url, fresh=False) == 200
    with pytest.raises(aiohttp.ClientConnectorDNSError):
        await get(guard, narrow, url, fresh=False)
    await guard.aclose()


async def test_fresh_sessions_dial_every_time_and_pooled_ones_once(shop: tuple[Shop, int]) -> None:
    """``fresh`` means a new connection for every request; otherwise one is kept."""
    target, port = shop
    dials = Dials()
    guard, service = Guard(open_socket=dials), service_at(f"http://127.0.0.1:{port}")
    for fresh, expected in ((False, 1), (True, 4)):
        for _ in range(3):
            await get(guard, service, f"{service.base_url}/items/A1", fresh=fresh)
        assert len(dials.addresses) == expected
    assert len(set(target.peers)) == 4
    await guard.aclose()


async def test_a_lost_connection_is_not_retried() -> None:
    """aiohttp would send a GET again; one sample is one request."""
    met: list[int] = []

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        met.append(1)
        await resetting(reader, writer)

    async with speaking(speak) as port:
        guard, service = Guard(), service_at(f"http://127.0.0.1:{port}")
        for fresh in (True, False):
            with pytest.raises(LostConnection):
                await get(guard, service, f"http://127.0.0.1:{port}/", fresh=fresh)
        await guard.aclose()
    assert len(met) == 2


async def test_proxies_from_the_environment_are_ignored(
    shop: tuple[Shop, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTP_PROXY would carry a checked request to an unchecked address."""
    _, port = shop
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    guard, service = Guard(), service_at(f"http://127.0.0.1:{port}")
    assert await get(guard, service, f"{service.base_url}/items/A1") == 200
    await guard.aclose()


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
            await CheckedResolver(policy, resolve, patience_s=0.05).resolve("shop.example.com")


async def test_the_system_resolver_knows_localhost() -> None:
    """The default resolver asks the operating system."""
    assert set(await ask_system("localhost")) & {"127.0.0.1", "::1"}


# ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def body_of(raw: bytes) -> bytes:
    """What the guard reads from a server that sends these bytes."""
    async with speaking(answering(raw)) as port:
        guard = Guard()
        service = service_at(f"http://127.0.0.1:{port}")
        try:
            session = guard.session(service, fresh=True)
            async with session.get(f"http://127.0.0.1:{port}/") as answer:
                return await read_body(answer)
        finally:
            await guard.aclose()


def answer(body: bytes, encoding: str = "") -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
    return (head + (f"Content-Encoding: {encoding}\r\n" if encoding else "") + "\r\n").encode() + body


RAW_DEFLATE = zlib.compressobj(wbits=-zlib.MAX_WBITS)


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("", b"hello"),
        ("identity", b"hello"),
        ("gzip", gzip.compress(b"hello")),
        ("X-GZIP", gzip.compress(b"hello")),
        ("deflate", zlib.compress(b"hello")),
        ("deflate", RAW_DEFLATE.compress(b"hello") + RAW_DEFLATE.flush()),
        ("br", b"hello"),
    ],
    ids=["plain", "identity", "gzip", "x-gzip", "deflate", "raw deflate", "unknown"],
)
async def test_bodies_are_decoded(encoding: str, packed: bytes) -> None:
    """gzip and both kinds of deflate are decoded; an encoding that was not asked for stays as it came."""
    assert await body_of(answer(packed, encoding)) == b"hello"


async def test_an_empty_body_is_empty_whatever_its_encoding() -> None:
    """No bytes are no broken gzip."""
    assert await body_of(answer(b"", "gzip")) == b""


@pytest.mark.parametrize("raw", [answer(b"x" * (LARGEST_BODY + 1)), answer(BOMB, "gzip")])
async def test_a_body_over_the_cap_is_not_held(raw: bytes) -> None:
    """One megabyte, decoded: a bomb of 30 KB that bursts to 30 MB is stopped like a plain large body."""
    with pytest.raises(BodyTooLarge):
        await body_of(raw)


async def test_a_bomb_does_not_burst_in_memory() -> None:
    """Decoding stops at the cap, and not after 30 MB: what is held stays near one megabyte."""
    raw = answer(BOMB, "gzip")
    tracemalloc.start()
    try:
        with pytest.raises(BodyTooLarge):
            await body_of(raw)
        assert tracemalloc.get_traced_memory()[1] < 6_000_000
    finally:
        tracemalloc.stop()


async def test_a_body_of_exactly_the_cap_is_read() -> None:
    """The cap is a limit, not a fault by one."""
    assert len(await body_of(answer(b"x" * LARGEST_BODY))) == LARGEST_BODY
    assert len(await body_of(answer(gzip.compress(b"x" * LARGEST_BODY), "gzip"))) == LARGEST_BODY


async def test_broken_and_cut_encodings_are_told_apart() -> None:
    """Bytes that are no gzip are a broken encoding; gzip that ends too early is a truncated body."""
    with pytest.raises(BrokenEncoding):
        await body_of(answer(b"this is not gzip", "gzip"))
    with pytest.raises(aiohttp.ClientPayloadError):
        await body_of(answer(gzip.compress(b"hello" * 100)[:-12], "gzip"))
