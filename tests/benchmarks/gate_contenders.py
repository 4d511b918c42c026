"""Who is offered the corpus: FixLoop's prober, two libraries against forged requests, and two plain clients.

Each gets the same sealed network. FixLoop is given the catalog; ``ssrfguard`` its hosts, ports and networks, which is
the strictest that it can be told; ``microsoft-antissrf`` its networks, for it has no list of hosts.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp

from fixloop_bot.adapters.catalog_file import parse_catalog
from fixloop_bot.adapters.clock import SystemClock
from fixloop_bot.adapters.http.guard import AddressInfo, Guard, open_plain_socket
from fixloop_bot.adapters.http.prober import HttpProber
from fixloop_bot.domain.catalog import Catalog, Service
from fixloop_bot.domain.plans import (
    DnsCheck,
    GrpcCheck,
    HttpCheck,
    ProbedCheck,
    Request,
    TcpCheck,
    TlsCheck,
    WebsocketCheck,
)
from fixloop_bot.domain.samples import Outcome, Sample
from tests.benchmarks.bypass_corpus import (
    DECLARED,
    ELSEWHERE,
    HOME,
    NETWORK,
    PRIVATE,
    PUBLIC,
    PUBLIC_TOO,
    STAGING_PORT,
    Attempt,
    catalog,
    zone,
)
from tests.benchmarks.sealed_network import SealedNetwork, serve

AT_HOME = frozenset({(PUBLIC, 80), (PUBLIC_TOO, 80), (PRIVATE, STAGING_PORT)})
"""Where the catalog's own, honest names live."""
REPEATS = {"rebinding": 3}
"""A name that turns needs to be asked again."""
ODD_BUT_HONEST = "/a%20b?q=%C3%A9%2B1 /a;v=1/b@2:3 /caf%C3%A9 /x?next=/y/../z&u=http://x.example/ /~a/.well-known/b"
Send = Callable[[str, str], Awaitable[int]]
"""Method and address; the status of the answer."""


def _answer(head: bytes) -> bytes:
    """The shop: /moved/<status>/<number> redirects to that place of ELSEWHERE, everything else is fine."""
    path = head.split(b" ", 2)[1].decode("latin-1")
    parts = path.split("/")
    if len(parts) == 4 and parts[1] == "moved" and parts[3].isdecimal():
        head_of = f"HTTP/1.1 {parts[2]} Moved\r\nLocation: {ELSEWHERE[int(parts[3])]}\r\nContent-Length: 0\r\n"
        return f"{head_of}Connection: close\r\n\r\n".encode()
    kind = "Content-Type: application/json\r\nContent-Length: 12\r\nConnection: close\r\n\r\n"
    return f'HTTP/1.1 200 OK\r\n{kind}{{"ok": true}}'.encode()


@asynccontextmanager
async def network() -> AsyncIterator[SealedNetwork]:
    """The sealed network with the shop in it; for asyncio's own loop."""
    server = await serve(_answer)
    port = server.sockets[0].getsockname()[1]
    sealed = SealedNetwork(zone(), homes=dict.fromkeys(AT_HOME, port))
    try:
        with sealed.sealed():
            yield sealed
    finally:
        server.close()


class Ours:
    """The real prober behind the real gate. A name's answer is never remembered, so that rebinding has its chance."""

    def __init__(self, sealed: SealedNetwork) -> None:
        self.catalog: Catalog = parse_catalog(catalog())
        self._sealed = sealed
        self.opened: list[str] = []
        self._guard = Guard(resolve=sealed.resolve, open_socket=self._open, remember_s=0.0)
        self._prober = HttpProber(guard=self._guard, clock=SystemClock(), secrets=lambda _: None)

    def _open(self, address: AddressInfo) -> Any:
        self.opened.append(str(address[4][0]))
        return open_plain_socket(address)

    @property
    def shop(self) -> Service:
        return self.catalog.services[0]

    async def aclose(self) -> None:
        await self._prober.aclose()

    async def offer(self, attempt: Attempt, check: ProbedCheck) -> tuple[list[Sample], list[tuple[str, int]]]:
        """The attempt's samples and every place that was dialled for them."""
        self._sealed.forget()
        self.opened.clear()
        times = range(1, REPEATS.get(attempt.family, 1) + 1)
        found = [await self._prober.sample(self.shop, check, number=each, fresh=each % 2 == 1) for each in times]
        return found, [*self._sealed.dials, *((address, 80) for address in self.opened if address not in self._dialled)]

    @property
    def _dialled(self) -> set[str]:
        return {address for address, _ in self._sealed.dials}

    async def accepts(self, service: Service, request: Request) -> bool:
        self._sealed.forget()
        check = HttpCheck(request=request, expect=("status == 200",))
        sample = await self._prober.sample(service, check, number=1, fresh=True)
        return sample.outcome is Outcome.PASSED and set(self._sealed.dials) <= AT_HOME

    async def reads_openapi(self, service: Service) -> bool:
        return service.openapi is None or bool(await self._prober.fetch_document(service, service.openapi))


def checks_of(attempt: Attempt) -> Iterator[tuple[str, ProbedCheck]]:
    """The attempt as each kind of check that could carry it, by form."""
    request = Request(method=attempt.method, path=attempt.url, headers=attempt.headers)
    yield "address", HttpCheck(request=request, expect=("status == 200",))
    if attempt.method != "GET":
        return
    opened = ("status == 101",)
    yield "websocket", WebsocketCheck(path=attempt.url, headers=attempt.headers, expect=opened)
    if attempt.headers:
        return
    link = (json.dumps({"link": attempt.url}),)
    yield "input", HttpCheck(request=Request(path="{{link}}"), expect=("status == 200",), inputs=link)
    yield "websocket input", WebsocketCheck(path="{{link}}", inputs=link, expect=opened)
    yield from _by_target(attempt)


def _by_target(attempt: Attempt) -> Iterator[tuple[str, ProbedCheck]]:
    """The host of an address as the target of checks below HTTP, as it is written there."""
    scheme, mark, rest = attempt.url.partition("://")
    target = rest.split("/")[0]
    if scheme != "http" or not mark or target in ("", HOME, f"{HOME}:80"):
        return
    yield "tcp target", TcpCheck(target=target)
    yield "tls target", TlsCheck(target=target)
    yield "grpc target", GrpcCheck(target=target)
    if attempt.family not in DECLARED:  # to ask after a declared name is right, whatever the answer
        yield "dns name", DnsCheck(name=target)
    yield "name server", DnsCheck(servers=(target,))


def good_requests(service: Service) -> Iterable[Request]:
    """All that the catalog itself says may be asked: base_url, hosts, probes, and odd but honest addresses."""
    assert service.base_url is not None
    yield Request(path="/")
    yield Request(path=service.base_url + "/")
    hostile = (".names.example.com", ".rebinding.example.com")
    for origin in service.allow.origins:
        if not origin.host.endswith(hostile):
            yield Request(path=f"{origin}/")
    yield from (probe.request for probe in service.probes)
    yield from (Request(path=path) for path in ODD_BUT_HONEST.split())


def absolute(service: Service, request: Request) -> str:
    return request.path if request.path.startswith("http") else f"{service.base_url}{request.path}"


# ── rivals ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _bare_aiohttp(stack: AsyncExitStack) -> Send:
    resolver = aiohttp.ThreadedResolver()
    connector = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, force_close=True)
    session = await stack.enter_async_context(
        aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=3))
    )

    async def send(method: str, url: str) -> int:
        async with session.request(method, url) as answer:
            return answer.status

    return send


async def _bare_httpx(stack: AsyncExitStack) -> Send:
    import httpx

    client = await stack.enter_async_context(httpx.AsyncClient(follow_redirects=True, trust_env=False, timeout=3))

    async def send(method: str, url: str) -> int:
        return (await client.request(method, url)).status_code

    return send


async def _ssrfguard(stack: AsyncExitStack) -> Send:
    from ssrfguard import Policy
    from ssrfguard.httpx import AsyncClient

    allowed = {origin.host for service in parse_catalog(catalog()).services for origin in service.allow.origins}
    policy = Policy(
        allowed_hosts=frozenset(allowed),
        allowed_ports=frozenset({80, STAGING_PORT}),
        allowed_networks=(NETWORK,),  # type: ignore[arg-type]  # texts are read as networks
    )
    client = await stack.enter_async_context(
        AsyncClient(policy=policy, follow_redirects=True, trust_env=False, timeout=3)
    )

    async def send(method: str, url: str) -> int:
        return (await client.request(method, url)).status_code

    return send


async def _antissrf(stack: AsyncExitStack) -> Send:
    from AntiSSRF import AntiSSRFPolicy, PolicyConfigOptions  # type: ignore[import-untyped]

    policy = AntiSSRFPolicy(PolicyConfigOptions.EXTERNAL_ONLY_LATEST)
    policy.allow_plain_text_http = True
    policy.add_allowed_addresses([NETWORK])
    session = policy.get_antissrf_session()
    session.trust_env = False
    stack.callback(session.close)

    async def send(method: str, url: str) -> int:
        answer = await asyncio.to_thread(session.request, method, url, timeout=3)
        return int(answer.status_code)

    return send


RIVALS: dict[str, Callable[[AsyncExitStack], Awaitable[Send]]] = {
    "ssrfguard": _ssrfguard,
    "microsoft-antissrf": _antissrf,
    "bare aiohttp": _bare_aiohttp,
    "bare httpx": _bare_httpx,
}
