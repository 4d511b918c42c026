"""The doctor's looks at the catalog's services: their secrets, and whether their hosts are reached through the gate."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from fixloop_bot.adapters.clock import SystemClock
from fixloop_bot.adapters.http.prober import HttpProber
from fixloop_bot.bootstrap import Settings, open_prober, read_catalog, secret_of
from fixloop_bot.domain.catalog import Catalog, Origin, Service
from fixloop_bot.domain.errors import BadInput
from fixloop_bot.domain.plans import HttpCheck, Request
from fixloop_bot.domain.samples import FaultKind
from fixloop_bot.entrypoints.finding import Finding, State

CURES = {
    FaultKind.REFUSED: "start the service, or correct the port",
    FaultKind.RESET: "look at the service's own log, or correct the scheme",
    FaultKind.TIMEOUT: "check the firewall and the proxy between here and there",
    FaultKind.TLS: "renew its certificate, or name its authority's file in SSL_CERT_FILE",
    FaultKind.PROTOCOL: "correct the scheme or the port: no HTTP is spoken there",
    FaultKind.NAME_NOT_FOUND: "correct the name, or this machine's name server",
    FaultKind.UNREACHABLE: "check this machine's network",
    FaultKind.GATE: "add the network that the name leads to, to allow.networks",
}


async def look_at_services(settings: Settings) -> Sequence[Finding]:
    """Every service of the catalog, side by side."""
    try:
        catalog = read_catalog(settings)
    except BadInput:
        catalog = Catalog()  # its own line says why
    async with open_prober(SystemClock()) as prober:
        found = await asyncio.gather(*(_service(prober, service) for service in catalog.services))
    return [finding for each in found for finding in each]


async def _service(prober: HttpProber, service: Service) -> Sequence[Finding]:
    """Whether one request to each of its hosts gets through the gate and is answered, with whatever status."""
    part = f"service {service.name}"
    unset = [
        Finding(
            part=part, state=State.BROKEN, seen=f"${{{name}}} has no value", cure=f"set {reference.partition(':')[2]}"
        )
        for name, reference in service.secrets
        if secret_of(reference) is None
    ]
    method = next((each for each in ("GET", "HEAD") if each in service.allow.methods), None)
    if service.base_url is None or method is None:
        seen = "no base_url" if service.base_url is None else "neither GET nor HEAD is allowed: not tried"
        return [*unset, Finding(part=part, state=State.OFF, seen=seen)]
    own = Origin.of(service.base_url)
    others = [f"{origin}/" for origin in service.allow.origins if origin != own]
    looks = [_reached(prober, service, part, method, path) for path in ("/", *others)]
    return [*unset, *await asyncio.gather(*looks)]


async def _reached(prober: HttpProber, service: Service, part: str, method: str, path: str) -> Finding:
    """``path`` is the base_url's own root, or the address of another host that the catalog allows."""
    where = service.base_url if path == "/" else path.rstrip("/")
    check = HttpCheck(request=Request(method=method, path=path), expect=())
    sample = await prober.sample(service, check, number=1, fresh=True)
    if sample.status is None:
        why = sample.fault.sentence() if sample.fault is not None else "no answer"
        kind = sample.fault.kind if sample.fault is not None else None
        cure = CURES.get(kind, "check its address and allow.networks") if kind else "check its address"
        return Finding(part=part, state=State.BROKEN, seen=f"{where}: {why}", cure=cure)
    return Finding(part=part, state=State.OK, seen=f"{where} is in reach (answered {sample.status})")
