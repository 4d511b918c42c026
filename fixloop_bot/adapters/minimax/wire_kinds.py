"""The kinds of steps that not every service can have: offered to the model, with an example, where it can."""

from __future__ import annotations

from collections.abc import Iterator

from fixloop_bot.domain.catalog import Origin, Service

MOST_TARGETS = 6


def wire_kinds(service: Service | None) -> Iterator[str]:
    """A line for each kind that this service allows, with its fields; what its ``expect`` may look at stands behind."""
    own = _own(service)
    if service is None:
        return
    if service.logs is not None:
        yield f"logs: query (such as {service.logs}), and times_before (2: twice the hour before) or per_minute"
    if own is None:
        return
    others = [origin for origin in service.allow.origins if origin != own]
    if own.scheme == "https" or any(origin.scheme == "https" for origin in others):
        yield "tls: target, or none for the service itself; expect json $.days_left >= 7"
    if service.allow.name_servers:
        yield 'dns: target (a host), record (A, …), expect json $.answers contains "10.0.0.4"'
    if others:
        targets = ", ".join(f"{origin.host}:{origin.port}" for origin in others[:MOST_TARGETS])
        yield f'tcp: target ({targets}), and expect, such as body contains "220", where it greets'
        yield "grpc: target, service; its health check must say SERVING"
    yield 'websocket: path, send, expect about the message that comes back: body == "pong"'


def _own(service: Service | None) -> Origin | None:
    try:
        return Origin.of(service.base_url) if service is not None and service.base_url is not None else None
    except ValueError:
        return None
