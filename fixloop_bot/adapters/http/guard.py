"""The gate's last metres: connections to addresses that the catalog declares, and to nothing else.

``domain.addresses`` decides whether a request may be sent; here its host name is resolved once, **every** address of
the answer is judged, and one of those very addresses is dialled, to be spoken to with the original Host and SNI. It is
judged once more right before the connect, also where a host written as an address passes no resolver.
"""

from __future__ import annotations

import asyncio
import errno
import re
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address

from fixloop_bot.adapters.http.switch import KillSwitch
from fixloop_bot.domain.catalog import Origin, Service
from fixloop_bot.domain.networks import forbidden_address, is_loopback_host

CONNECT_S = 3.0
TOTAL_S = 10.0
RESOLVE_S = 3.0
REMEMBER_S = 5.0  # so that fresh connections do not measure the name server, yet follow a fail-over by DNS
_ADDRESS_AND_PORT = re.compile(r"(?:\[([0-9a-f:.]+)\]|([0-9.]+))(?::([1-9][0-9]{0,4}))?")
_NO_ROUTE = frozenset({errno.ENETUNREACH, errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL})

AddressInfo = tuple[int, int, int, str, tuple[object, ...]]
Resolve = Callable[[str], Awaitable[Sequence[str]]]
OpenSocket = Callable[[AddressInfo], socket.socket]


class ForbiddenAddress(OSError):  # noqa: N818 - as errors.GateRefused
    """An address outside the policy; ``strerror`` says why."""


class NameNotFound(OSError):  # noqa: N818 - a fault of that name
    """Our resolver has no answer, or none in time."""


class NotConnected(OSError):  # noqa: N818 - as above
    """No connection could be made; ``errno`` says why."""


class ConnectTimeout(TimeoutError):  # noqa: N818 - as above
    """No connection could be made in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """A connected non-blocking TCP socket, and who it leads to.

    ``address`` is the address that was dialled, with its port (``10.20.0.4:8080``); a replica as the catalog writes it.
    """

    socket: socket.socket
    address: str


@dataclass(frozen=True, slots=True)
class Policy:
    """The addresses that one service's names may resolve to. Connections are never shared between policies."""

    networks: tuple[str, ...]
    base_is_loopback: bool

    @classmethod
    def of(cls, service: Service) -> Policy:
        return _policy(service.allow.networks, service.base_url)

    def check(self, address: str) -> None:
        """Raise ForbiddenAddress if this address must not be dialled."""
        reason = forbidden_address(address, self.networks, self.base_is_loopback)
        if reason is not None:
            raise ForbiddenAddress(errno.EACCES, reason)


@lru_cache(maxsize=1024)
def _policy(networks: tuple[str, ...], base_url: str | None) -> Policy:
    loopback = base_url is not None and is_loopback_host(Origin.of(base_url).host)
    return Policy(networks=networks, base_is_loopback=loopback)


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


@dataclass(slots=True)
class _Question:
    """A name that is being asked for. It belongs to nobody: whoever asked first may leave, and the others wait on."""

    task: asyncio.Task[tuple[str, ...]]
    waiting: int = 0


class CheckedResolver:
    """Resolves names for one policy, and refuses a whole answer if any address in it is outside that.

    An answer is remembered for ``remember_s``. Who asks for a name while it is being asked for shares the answer.
    """

    def __init__(
        self, policy: Policy, resolve: Resolve, *, remember_s: float = REMEMBER_S, patience_s: float = RESOLVE_S
    ) -> None:
        self._policy = policy
        self._resolve = resolve
        self._remember_s = remember_s
        self._patience_s = patience_s
        self._known: dict[str, tuple[float, tuple[str, ...]]] = {}
        self._asking: dict[str, _Question] = {}

    async def addresses(self, host: str) -> tuple[str, ...]:
        """Every address of a name (of an address: itself); raises ForbiddenAddress or NameNotFound."""
        until, addresses = self._known.get(host, (0.0, ()))
        if until > time.monotonic():
            return addresses
        question = self._asking.get(host)
        if question is None:
            task = asyncio.get_running_loop().create_task(self._checked(host), name=f"resolve {host}")
            question = self._asking[host] = _Question(task)
        question.waiting += 1
        try:
            addresses = await asyncio.shield(question.task)
        finally:
            question.waiting -= 1
            if question is self._asking.get(host) and (question.task.done() or not question.waiting):
                del self._asking[host]
                question.task.cancel()  # unless it is done, nobody waits for it
        self._known[host] = (time.monotonic() + self._remember_s, addresses)
        return addresses

    async def _checked(self, host: str) -> tuple[str, ...]:
        addresses = (host,) if is_address(host) else await self._answer(host)
        for address in addresses:
            self._policy.check(address)
        return tuple(addresses)

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


class Guard:
    """Dials for every kind of check: the only place where a connection to a service is made."""

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
        self.switch = KillSwitch()
        self._resolvers: dict[Policy, CheckedResolver] = {}
        self._turns: dict[tuple[Policy, str], int] = {}
        self._sharing: set[str] = set()
        self._contexts: dict[tuple[str, ...], ssl.SSLContext] = {}
        self.total_s = total_s

    async def connect(self, service: Service, host: str, port: int, *, replica: str | None = None) -> Connected:
        """A TCP connection to one address of the name, or to ``replica`` (``10.20.0.4:8080``) in its place.

        The name is resolved once and every address of the answer judged; turns go round them. Another address is not
        tried when one fails: a dead replica must be seen. (It is where no packet could leave, for want of IPv6 here;
        and of a loopback name, whose addresses are one machine.) Raises ForbiddenAddress, NameNotFound, NotConnected,
        ConnectTimeout, or Halted while the kill switch is on.
        """
        self.switch.check()
        policy = Policy.of(service)
        if replica is not None:
            address, port = split_address(replica, port)
            return Connected(socket=await self._dial(policy, address, port), address=replica)
        addresses = await self._resolver(policy).addresses(host)
        first = self._turn(policy, host, len(addresses))
        same_machine = is_loopback_host(host)
        if len(addresses) > 1:
            self._sharing.update(joined(address, port) for address in addresses)
        for address in (*addresses[first:], *addresses[:first])[:-1]:
            try:
                return Connected(socket=await self._dial(policy, address, port), address=joined(address, port))
            except NotConnected as error:
                if error.errno not in _NO_ROUTE and not (same_machine and error.errno == errno.ECONNREFUSED):
                    raise
        last = addresses[first - 1]
        return Connected(socket=await self._dial(policy, last, port), address=joined(last, port))

    def shares_its_name(self, address: str) -> bool:
        """Whether a dialled address stands beside others of the same name."""
        return address in self._sharing

    def tls(self, *protocols: str) -> ssl.SSLContext:
        """A client's context with the system's trust (``SSL_CERT_FILE`` honoured); ``protocols`` are ALPN names."""
        if protocols not in self._contexts:
            context = ssl.create_default_context() if self._tls is None else _with_trust_of(self._tls)
            if protocols:
                context.set_alpn_protocols(list(protocols))
            self._contexts[protocols] = context
        return self._contexts[protocols]

    def _resolver(self, policy: Policy) -> CheckedResolver:
        if policy not in self._resolvers:
            self._resolvers[policy] = CheckedResolver(policy, self._resolve, remember_s=self._remember_s)
        return self._resolvers[policy]

    def _turn(self, policy: Policy, host: str, places: int) -> int:
        turn = self._turns[policy, host] = self._turns.get((policy, host), -1) + 1
        return place_of(turn, places)

    async def _dial(self, policy: Policy, address: str, port: int) -> socket.socket:
        policy.check(address)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        end: tuple[object, ...] = (address, port, 0, 0) if family == socket.AF_INET6 else (address, port)
        try:
            opened = self._open_socket((family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", end))
        except OSError as error:
            raise NotConnected(error.errno, error.strerror) from error
        try:
            async with asyncio.timeout(CONNECT_S) as patience:
                await asyncio.get_running_loop().sock_connect(opened, end)
        except OSError as error:
            opened.close()
            if patience.expired():
                raise ConnectTimeout(f"no connection in {CONNECT_S:g} s") from None
            raise NotConnected(error.errno, error.strerror) from error
        except BaseException:
            opened.close()
            raise
        return opened


def _with_trust_of(given: ssl.SSLContext) -> ssl.SSLContext:
    """A new context that trusts the same authorities: each set of ALPN names needs its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authorities = given.get_ca_certs(binary_form=True)
    if authorities:
        context.load_verify_locations(cadata=b"".join(authorities))
    return context


def place_of(turn: int, places: int) -> int:
    """Whose turn it is, each once a round; every round starts one later, lest two alternating callers never change."""
    return (turn + turn // places) % places


def split_address(text: str, port: int) -> tuple[str, int]:
    """``10.20.0.4:8080`` or ``[fd00::4]:8080`` as address and port; the given port where the text has none."""
    found = _ADDRESS_AND_PORT.fullmatch(text)
    if found is None:
        raise ForbiddenAddress(errno.EACCES, f"{text} is not an address with a port")
    return found[1] or found[2], int(found[3] or port)


def joined(address: str, port: int) -> str:
    """An address with its port, as people write it."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def is_address(host: str) -> bool:
    """Whether a host is written as an address, and so needs no name server."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
