"""A plan, its steps and their checks: frozen before the fix, and the same by hash after it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property
from typing import Literal

STEPS_IN_A_PLAN = 5


class Role(StrEnum):
    """What a step is for."""

    CONFIRMATION = "confirmation"
    """Fails while the bug lives."""
    CONTROL = "control"
    """Passes before and after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An HTTP request to the service.

    ``path`` begins with ``/`` and is joined to the service's ``base_url``; an absolute URL is possible where the
    catalog allows its host. ``json_body`` is JSON *text*, so that a plan stays hashable. ``{{name}}`` is filled from
    the step's inputs or a journey's captures, ``${NAME}`` from the service's secrets, at the last moment.
    """

    method: str = "GET"
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    json_body: str | None = None
    body: str | None = None

    def line(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCheck:
    """One request, sampled many times; every line of ``expect`` must hold (grammar: ``domain.expectations.expect``).

    ``inputs`` are JSON objects as text, used in turn to fill ``{{name}}`` in the request and in ``expect``.
    """

    kind: Literal["http"] = "http"
    request: Request
    expect: tuple[str, ...]
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One request of a journey. ``capture`` maps a name to what is read of the answer: ``json $.id``, ``header x``."""

    request: Request
    expect: tuple[str, ...]
    capture: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyCheck:
    """Requests in order that pass captured values on; one journey is one sample."""

    kind: Literal["journey"] = "journey"
    legs: tuple[Leg, ...]
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricCheck:
    """A Datadog query held against a limit, or against ``times_before`` × its own mean in the hour before the incident.

    ``healthy_when`` is the comparison that holds when all is well, for instance ``<`` 0.01.
    """

    kind: Literal["metric"] = "metric"
    query: str
    healthy_when: Literal["<", "<=", ">", ">="]
    limit: float | None = None
    times_before: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorCheck:
    """A monitor's (group's) state by API must be OK."""

    kind: Literal["monitor"] = "monitor"
    monitor_id: str
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogsCheck:
    """An error signature: how often a Datadog log search matches, in records a minute.

    Held against ``per_minute``, or against ``times_before`` × its own rate in the hour before the incident.
    """

    kind: Literal["logs"] = "logs"
    query: str
    per_minute: float | None = None
    times_before: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualCheck:
    """Something that only a person can see."""

    kind: Literal["manual"] = "manual"
    instruction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsCheck:
    """A TLS handshake: an untrusted, foreign or expired certificate fails it.

    ``target`` is ``host`` or ``host:port`` of the catalog, empty for base_url's own. ``expect`` speaks about the JSON
    document ``{"host", "version", "cipher", "subject", "issuer", "names", "not_after", "days_left"}``.
    """

    kind: Literal["tls"] = "tls"
    target: str = ""
    expect: tuple[str, ...] = ("json $.days_left >= 7",)


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsCheck:
    """A name's answer, asked of each name server in turn.

    ``name`` is one of the catalog's hosts, empty for base_url's own; ``servers`` are addresses that the catalog lists
    as ``allow.name_servers``, empty for all of those, or for the system's own where it lists none. ``expect`` speaks
    about ``{"name", "record", "server", "rcode", "answers", "ttl"}``: answers are sorted texts, names without a dot at
    the end, and ``ttl`` (seconds) is null where there is no answer.
    """

    kind: Literal["dns"] = "dns"
    name: str = ""
    record: Literal["A", "AAAA", "CNAME", "MX", "NS", "SRV", "TXT"] = "A"
    servers: tuple[str, ...] = ()
    expect: tuple[str, ...] = ("json $.answers length >= 1",)


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpCheck:
    """A TCP connection to ``host:port`` of the catalog; ``expect`` speaks about the banner, if the server sends one.

    With ``expect`` about anything but latency, the probe waits up to 2 s for the first bytes.
    """

    kind: Literal["tcp"] = "tcp"
    target: str = ""
    expect: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GrpcCheck:
    """``grpc.health.v1.Health/Check`` for ``service`` (empty: the server as a whole).

    ``expect`` speaks about ``{"status": "SERVING", "grpc_status": 0, "message": ""}``.
    """

    kind: Literal["grpc"] = "grpc"
    target: str = ""
    service: str = ""
    expect: tuple[str, ...] = ('json $.status == "SERVING"',)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebsocketCheck:
    """A handshake on ``path``; then, where ``send`` is set, that text is sent and one message awaited.

    ``expect`` speaks about the message as a body, with status 101. ``headers`` obey the rules of ``Request``. Where
    nothing is sent, a message is awaited only if a line looks at one.
    """

    kind: Literal["websocket"] = "websocket"
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    send: str | None = None
    awaits_message: bool = True
    expect: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()


WireCheck = TlsCheck | DnsCheck | TcpCheck | GrpcCheck | WebsocketCheck
"""Checks below or beside HTTP."""
ProbedCheck = HttpCheck | JourneyCheck | WireCheck
"""Checks that are sampled many times through the gate, and decided sequentially."""
ReadCheck = MetricCheck | MonitorCheck | LogsCheck
"""Checks that are read from telemetry."""
Check = ProbedCheck | ReadCheck | ManualCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofOverride:
    """What a step tightens of its service's proof settings; loosening is refused."""

    unacceptable: float | None = None
    confidence: float | None = None
    window_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the checklist. ``id`` is ``s1`` … ``s10`` and is unique in its plan."""

    id: str
    title: str
    why: str = ""
    role: Role
    check: Check
    proof: ProofOverride = ProofOverride()

    @property
    def manual(self) -> bool:
        return isinstance(self.check, ManualCheck)

    @property
    def repeated(self) -> bool:
        """Whether the step is decided from many samples (and not from telemetry or by hand)."""
        return isinstance(self.check, ProbedCheck)


class PlanSource(StrEnum):
    """Who wrote the plan."""

    MODEL = "model"
    STANDARD = "standard plan"
    PERSON = "person"


@dataclass(frozen=True)
class Plan:
    """A versioned proposal. ``note`` is the line under its title, ``seconds`` how long it took to write."""

    version: int
    source: PlanSource
    steps: tuple[Step, ...]
    author: str = ""
    note: str = ""
    made_at: float = 0.0
    seconds: float = 0.0

    @cached_property
    def hash(self) -> str:
        """SHA-256 over the steps alone: what is asked, not who asked or when. 64 hex digits."""
        return plan_hash(self.steps)

    def step(self, step_id: str) -> Step | None:
        return next((step for step in self.steps if step.id == step_id), None)


def plan_hash(steps: tuple[Step, ...]) -> str:
    """The identity of a frozen plan; any edit of any step changes it."""
    canonical = json.dumps([asdict(step) for step in steps], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
