"""What a request may carry, beside its address and headers: a body, a websocket's text, a secret."""

from __future__ import annotations

from dataclasses import replace

from fixloop_bot.domain.addresses import WRITES, filler, home, locate
from fixloop_bot.domain.catalog import Origin, Service
from fixloop_bot.domain.errors import GateRefused
from fixloop_bot.domain.filling import secrets_of
from fixloop_bot.domain.plans import Request, WebsocketCheck


def check_body(request: Request) -> None:
    """Raise GateRefused for a body that a server may not read.

    Many servers ignore what follows a GET, and take it for the connection's next request.
    """
    if request.method not in WRITES and (request.body is not None or request.json_body is not None):
        raise GateRefused(f"A {request.method} may not have a body: some servers read it as a second request.")


def check_message(service: Service, check: WebsocketCheck, where: str | None = None) -> None:
    """Raise GateRefused for a websocket's text unless it may be sent; ``where`` is the filled path, if it is filled.

    A text can change something, so its path stands under ``allow.writes``, or a probe of the team's own sends it.
    """
    if check.send is None or _is_of_a_probe(service, check):
        return
    writing = replace(service, allow=replace(service.allow, methods=("POST",)))
    try:
        locate(writing, method="POST", where=filler(check.path) if where is None else where)
    except GateRefused:
        raise GateRefused(
            f"The catalog does not call a message to {check.path[:200]} safe to repeat (allow.writes), "
            "and none of its probes sends it."
        ) from None


def _is_of_a_probe(service: Service, check: WebsocketCheck) -> bool:
    """Whether path and text are a probe's, and what fills them too."""
    known = [probe.check for probe in service.probes if isinstance(probe.check, WebsocketCheck)]
    return any(
        (each.path, each.send) == (check.path, check.send) and set(check.inputs) <= set(each.inputs) for each in known
    )


def check_secrets(service: Service, request: Request, origin: Origin) -> None:
    """Raise GateRefused if a secret would leave base_url's own origin, unless a probe of the team's sends it there."""
    own = home(service)
    if origin == own:
        return
    for name in sorted(secrets_of(request)):
        if not any(name in secrets_of(each) and origin == _written_origin(service, each) for each in _known(service)):
            raise GateRefused(f"The secret ${{{name[:40]}}} is for {own} and may not go to {origin}.")


def check_written_secrets(service: Service, request: Request) -> None:
    """The same for a request that is not filled yet, as far as its address says where it goes; raises GateRefused."""
    origin = _written_origin(service, request)
    if origin is not None:
        check_secrets(service, request, origin)


def _known(service: Service) -> list[Request]:
    """What the team's own probes send."""
    return [
        replace(probe.request, body=probe.check.send) if isinstance(probe.check, WebsocketCheck) else probe.request
        for probe in service.probes
    ]


def _written_origin(service: Service, request: Request) -> Origin | None:
    """Where an address leads that is not filled yet; None where only its values say so, or it leads nowhere."""
    try:
        return locate(service, method=request.method, where=filler(request.path)).origin
    except GateRefused:
        return None
