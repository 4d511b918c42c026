"""What a probe below HTTP has seen, or the fault that prevented it."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

from fixloop_bot.domain.samples import Fault, FaultKind, Response

_JSON = (("content-type", "application/json"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """``line`` is what a person reads ("TLS checkout.example.com:443"); it may hold what a websocket's path was filled
    with, so that secrets in it have yet to be covered."""

    line: str
    response: Response


class ProbeFault(Exception):  # noqa: N818 - said of what was probed
    """No usable answer; ``fault`` says whose."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(fault.sentence())


def prevented(kind: FaultKind, detail: str = "") -> ProbeFault:
    return ProbeFault(Fault(kind=kind, detail=detail))


class Stopwatch:
    """Milliseconds since it was made, to three places."""

    def __init__(self) -> None:
        self._started = time.perf_counter()

    def read_ms(self) -> float:
        return round((time.perf_counter() - self._started) * 1000, 3)


def document(seen: dict[str, object], *, latency_ms: float, address: str) -> Response:
    """A response whose body is this JSON document; status 0, since nobody spoke HTTP."""
    body = json.dumps(seen, separators=(",", ":")).encode()
    return Response(status=0, headers=_JSON, body=body, latency_ms=latency_ms, address=address)
