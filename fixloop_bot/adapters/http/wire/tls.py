"""A TLS handshake, and what the certificate says."""

from __future__ import annotations

import ssl
import time
from typing import cast

from fixloop_bot.adapters.http.guard import Guard
from fixloop_bot.adapters.http.wire.seen import Seen, document
from fixloop_bot.adapters.http.wire.streams import opened
from fixloop_bot.domain.addresses import locate_wire
from fixloop_bot.domain.catalog import Origin, Service
from fixloop_bot.domain.plans import TlsCheck

DAY_S = 86_400
_Name = tuple[tuple[tuple[str, str], ...], ...]


async def look_at_tls(guard: Guard, service: Service, check: TlsCheck, replica: str | None) -> Seen:
    """Latency is the handshake's. An untrusted, foreign or expired certificate raises SSLCertVerificationError."""
    origin = locate_wire(service, check.target, tls=True)
    async with opened(guard, service, origin, tls=guard.tls(), replica=replica) as stream:
        secured = stream.tls
        assert secured is not None, "a connection with a TLS context has TLS"  # noqa: S101 - for the reader
        seen = _certificate(origin, secured, time.time())
        response = document(seen, latency_ms=stream.handshake_ms, address=stream.address)
    return Seen(line=f"TLS {authority(origin)}", response=response)


def _certificate(origin: Origin, secured: ssl.SSLObject, now: float) -> dict[str, object]:
    """``days_left`` may have a fraction; it is counted by the clock that the handshake itself believed."""
    certificate = cast("dict[str, object]", secured.getpeercert() or {})
    ends = str(certificate.get("notAfter", ""))
    until = ssl.cert_time_to_seconds(ends) if ends else now
    cipher = secured.cipher()
    return {
        "host": origin.host,
        "version": secured.version(),
        "cipher": cipher[0] if cipher else None,
        "subject": _written(cast("_Name", certificate.get("subject", ()))),
        "issuer": _written(cast("_Name", certificate.get("issuer", ()))),
        "names": [name for _, name in cast("tuple[tuple[str, str], ...]", certificate.get("subjectAltName", ()))],
        "not_after": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(until)),
        "days_left": round((until - now) / DAY_S, 3),
    }


def _written(name: _Name) -> str:
    """``organizationName=Example, commonName=checkout.example.com``."""
    return ", ".join(f"{key}={value}" for part in name for key, value in part)


def authority(origin: Origin) -> str:
    """``checkout.example.com:443``."""
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    return f"{host}:{origin.port}"
