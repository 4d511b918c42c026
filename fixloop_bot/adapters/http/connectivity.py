"""Our own network is looked at before a service is blamed: a probe that met no service at all may have met no network.

FixLoop talks to some vendors anyway: Slack, Datadog, the model. While one of them accepts a connection, a connection
that a service refuses is the service's. While none does, nobody can tell, and the sample is void.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Sequence
from dataclasses import replace
from time import monotonic

from fixloop_bot.application.ports import Prober
from fixloop_bot.domain.catalog import Origin, Service
from fixloop_bot.domain.networks import is_loopback_host
from fixloop_bot.domain.plans import ProbedCheck
from fixloop_bot.domain.samples import Fault, FaultKind, Outcome, Sample

PATIENCE_S = 2.0
GOOD_FOR_S = 1.0
"""A network that was there a second ago: all faults of that second share one look. No longer, or what fails right after
the network is lost would still count against the service."""
TROUBLE_FOR_S = 5.0
"""Trouble is remembered longer: to take it for longer than it is only costs some samples."""
NEVER_REACHED = frozenset(
    {FaultKind.REFUSED, FaultKind.TIMEOUT, FaultKind.RESET, FaultKind.TLS, FaultKind.NAME_NOT_FOUND}
)
"""Faults that our own network can cause, as long as no answer had begun."""


class Connectivity:
    """Whether the world outside can be reached from here.

    ``targets`` are origins that FixLoop uses anyway; without any there is never trouble. ``tls`` verifies their
    certificates, by default with the system's authorities; ``now`` is a monotonic clock in seconds. Proxies are not
    used, as by the prober itself.
    """

    def __init__(
        self, targets: Sequence[Origin], *, tls: ssl.SSLContext | None = None, now: Callable[[], float] = monotonic
    ) -> None:
        self._targets = tuple(dict.fromkeys(targets))
        self._tls = tls
        self._now = now
        self._looking = asyncio.Lock()
        self._trouble = ""
        self._valid_until: float | None = None

    async def trouble(self) -> str:
        """What is wrong with our own network, in a sentence without a full stop; empty while one target is reached.

        Takes at most ``PATIENCE_S`` seconds; whoever asks meanwhile gets the same answer.
        """
        if not self._targets:
            return ""
        async with self._looking:
            if self._valid_until is None or self._now() >= self._valid_until:
                self._trouble = await self._look()
                self._valid_until = self._now() + (TROUBLE_FOR_S if self._trouble else GOOD_FOR_S)
            return self._trouble

    async def _look(self) -> str:
        """Try all targets side by side; the first that is reached is enough."""
        trying = [asyncio.create_task(self._why_not(target), name=f"reach {target}") for target in self._targets]
        try:
            for tried in asyncio.as_completed(trying):
                if await tried is None:
                    return ""
        finally:
            for task in trying:
                task.cancel()
            await asyncio.wait(trying)
        return _sentence(self._targets, [task.result() or "" for task in trying])

    async def _why_not(self, target: Origin) -> str | None:
        """None where a connection was made; else what is wrong with its TLS, empty where there is no connection."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                _, writer = await asyncio.open_connection(target.host, target.port, ssl=self._context(target))
        except ssl.SSLCertVerificationError as error:
            return error.verify_message or "the certificate cannot be verified"
        except ssl.SSLError as error:
            return (error.reason or "no TLS connection could be made").replace("_", " ").lower()
        except (OSError, TimeoutError):
            return ""
        with contextlib.suppress(OSError):
            writer.transport.abort()
        return None

    def _context(self, target: Origin) -> ssl.SSLContext | None:
        if target.scheme != "https":
            return None
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls


def _sentence(targets: Sequence[Origin], reasons: Sequence[str]) -> str:
    names = [str(target).partition("://")[2] for target in targets]
    for name, reason in zip(names, reasons, strict=True):
        if reason:
            return f"TLS to {name} is intercepted, or cannot be verified here: {reason}"
    if len(names) == 1:
        return f"{names[0]} cannot be reached from here either"
    first = "neither " if len(names) == 2 else "none of "
    joined = " nor " if len(names) == 2 else " and "
    return f"{first}{', '.join(names[:-1])}{joined}{names[-1]} can be reached from here"


def leaves_this_machine(service: Service) -> bool:
    """Whether the way to a service leads over a network at all."""
    return service.base_url is None or not is_loopback_host(Origin.of(service.base_url).host)


class CarefulProber:
    """A prober whose faults are the service's own: where nothing can be reached from here, the sample is void.

    Implements the ``Prober`` port around another one. A service on this machine is never excused.
    """

    def __init__(
        self, prober: Prober, connectivity: Connectivity, *, excusable: Callable[[Service], bool] = leaves_this_machine
    ) -> None:
        self._prober = prober
        self._connectivity = connectivity
        self._excusable = excusable

    async def sample(self, service: Service, check: ProbedCheck, *, number: int, fresh: bool) -> Sample:
        """The prober's sample; one that met no service is void while our own network is in trouble."""
        sample = await self._prober.sample(service, check, number=number, fresh=fresh)
        if sample.fault is None or sample.fault.kind not in NEVER_REACHED or sample.status is not None:
            return sample
        if not self._excusable(service):
            return sample
        trouble = await self._connectivity.trouble()
        if not trouble:
            return sample
        fault = Fault(kind=FaultKind.UNREACHABLE, detail=trouble)
        return replace(sample, outcome=Outcome.VOID, fault=fault, failures=())

    async def fetch_document(self, service: Service, url: str) -> bytes:
        return await self._prober.fetch_document(service, url)

    def halt(self, reason: str) -> None:
        self._prober.halt(reason)

    def release(self) -> None:
        self._prober.release()
