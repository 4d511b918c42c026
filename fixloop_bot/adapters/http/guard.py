"""The gate's last metres: sessions that can only dial addresses which the catalog declares.

``domain.addresses`` decides whether a request may be sent; here its host name is resolved once, **every**
address of the answer is judged, and those very addresses are dialled with the original Host and SNI. The
socket factory is the last line: it sees the address before the connect, also that of a host written as an
address, which passes no resolver.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import SimpleNamespace

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from fixloop_bot.domain.catalog import Origin, Service
from fixloop_bot.domain.networks import forbidden_address, is_loopback_host

CONNECT_S = 3.0
TOTAL_S = 10.0
RESOLVE_S = 3.0
REMEMBER_S = 5.0  # so that fresh connections do not measure the name server, yet follow a fail-over by DNS
KEEP_ALIVE_S = 4.0  # under the 5 s after which common servers close, so that a reused one is alive

AddressInfo = tuple[int, int, int, str, tuple[object, ...]]
Resolve = Callable[[str], Awaitable[Sequence[str]]]
OpenSocket = Callable[[AddressInfo], socket.socket]


class ForbiddenAddress(OSError):  # noqa: N818 - as errors.GateRefused
    """An address outside the policy. An OSError: that is what aiohttp passes on from resolver and socket."""


class NameNotFound(OSError):  # noqa: N818 - a fault of that name
    """Our resolver has no answer, or none in time."""


class LostConnection(aiohttp.ClientError):
    """The server closed the connection before it answered. Not an OSError: aiohttp would silently send again."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The addresses that one service's names may resolve to. Sessions are never shared between policies."""

    networks: tuple[str, ...]
    base_is_loopback: bool

    @classmethod
    def of(cls, service: Service) -> Policy:
        return cls(networks=service.allow.networks, base_is_loopback=_is_loopback_url(service.base_url))

    def check(self, address: str) -> None:
        """Raise ForbiddenAddress if this address must not be dialled."""
        reason = forbidden_address(address, self.networks, self.base_is_loopback)
        if reason is not None:
            raise ForbiddenAddress(errno.EACCES, reason)


@lru_cache(maxsize=1024)
def _is_loopback_url(base_url: str | None) -> bool:
    return base_url is not None and is_loopback_host(Origin.of(base_url).host)


async def ask_system(host: str) -> Sequence[str]:
    """The addresses of a name by the system's resolver; raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def open_plain_socket(address: AddressInfo) -> socket.socket:
    """A non-blocking TCP socket of the address's family."""
    plain = socket.socket(address[0], socket.SOCK_STREAM)
    plain.setblocking(False)
    return plain


class CheckedResolver(AbstractResolver):
    """Resolves a name and refuses the whole answer if any address in it is outside the policy."""

    def __init__(self, policy: Policy, resolve: Resolve, *, patience_s: float = RESOLVE_S) -> None:
        self._policy = policy
        self._resolve = resolve
        self._patience_s = patience_s

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        addresses = await self._answer(host)
        for address in addresses:
            self._policy.check(address)
        return [_resolved(host, address, port) for address in addresses]

    async def _answer(self, host: str) -> Sequence[str]:
        try:
            async with asyncio.timeout(self._patience_s):
                addresses = await self._resolve(host)
        except TimeoutError:
            raise NameNotFound(f"no answer for {host} from the name server in {self._patience_s:g} s") from None
        except OSError:
            raise NameNotFound(f"{host} has no address here") from None
        if not addresses:
            raise NameNotFound(f"{host} has no address here")
        return addresses

    async def close(self) -> None:
        """Nothing is kept open."""


def _resolved(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(
        hostname=host,
        host=address,
        port=port,
        family=family,
        proto=socket.IPPROTO_TCP,
        flags=socket.AI_NUMERICHOST,
    )


class Guard:
    """Keeps two sessions for each policy: one pools connections, one opens a new one for every request."""

    def __init__(
        self,
        *,
        resolve: Resolve = ask_system,
        open_socket: OpenSocket = open_plain_socket,
        tls: ssl.SSLContext | None = None,
        remember_s: float = REMEMBER_S,
        total_s: float = TOTAL_S,
    ) -> None:
        self._resolve = resolve
        self._open_socket = open_socket
        self._tls = tls
        self._remember_s = remember_s
        self._timeout = aiohttp.ClientTimeout(total=total_s, sock_connect=CONNECT_S)
        self._sessions: dict[tuple[Policy, bool], aiohttp.ClientSession] = {}

    def session(self, service: Service, *, fresh: bool) -> aiohttp.ClientSession:
        """The session of a service's policy, opened on first use; needs a running loop."""
        key = (Policy.of(service), fresh)
        if key not in self._sessions:
            self._sessions[key] = self._open(*key)
        return self._sessions[key]

    async def aclose(self) -> None:
        """Close every connection."""
        sessions, self._sessions = list(self._sessions.values()), {}
        for session in sessions:
            await session.close()

    def _open(self, policy: Policy, fresh: bool) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=self._connector(policy, fresh),
            timeout=self._timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[_stopwatch()],
            middlewares=(_send_once,),
            trust_env=False,
            auto_decompress=False,
        )

    def _connector(self, policy: Policy, fresh: bool) -> aiohttp.TCPConnector:
        def checked_socket(address: AddressInfo) -> socket.socket:
            policy.check(str(address[4][0]))
            return self._open_socket(address)

        return aiohttp.TCPConnector(
            resolver=CheckedResolver(policy, self._resolve),
            socket_factory=checked_socket,
            ttl_dns_cache=self._remember_s,  # type: ignore[arg-type]  # any number of seconds works
            force_close=fresh,
            limit=0,  # the run's own budget limits concurrency; waiting in a queue here would be our lag
            ssl=self._tls if self._tls is not None else True,
            keepalive_timeout=aiohttp.helpers.sentinel if fresh else KEEP_ALIVE_S,
        )


def _stopwatch() -> aiohttp.TraceConfig:
    """Notes on the request's trace context when its first byte goes out, connecting left out."""
    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(_note_sent)
    return trace


async def _note_sent(
    session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestHeadersSentParams
) -> None:
    if context.trace_request_ctx is not None:
        context.trace_request_ctx.start()


async def _send_once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from repeating an idempotent request after a lost connection: a retry hides the fault."""
    try:
        return await send(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise LostConnection(str(error)) from error
