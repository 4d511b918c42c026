"""The catalog: every service that can break, and what FixLoop may do to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from fixloop_bot.domain.decision import ProofSettings
from fixloop_bot.domain.plans import Request, WireCheck
from fixloop_bot.domain.signals import Comparator, Measure, Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Slo:
    """What the team tolerates: a failure rate in 0…1 and a 95th percentile of latency in milliseconds."""

    error_rate: float | None = None
    p95_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Scheme, lower-case host and port: where a request may go."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Origin:
        """The origin of an http(s) URL; raises ValueError where it has none."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is not an http or https address")
        return cls(
            scheme=parts.scheme,
            host=parts.hostname.lower(),
            port=parts.port or (443 if parts.scheme == "https" else 80),
        )

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = 443 if self.scheme == "https" else 80
        return f"{self.scheme}://{host}" if self.port == usual else f"{self.scheme}://{host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allow:
    """What a check may touch; nothing else is reachable.

    ``origins`` holds the base_url's own and those of ``hosts`` (a host without a port stands for the base_url's
    scheme and its usual port). ``networks`` are CIDR texts that the names may resolve to; empty means public
    addresses, and loopback only if base_url is loopback. ``writes`` are path prefixes where POST/PUT/PATCH/DELETE are
    safe to repeat. ``requests_per_hour`` caps the service over all incidents and processes. ``name_servers`` are the
    addresses (``10.0.0.2`` or ``10.0.0.2:5353``) that a dns check may ask.
    """

    origins: tuple[Origin, ...] = ()
    networks: tuple[str, ...] = ()
    methods: tuple[str, ...] = ("GET", "HEAD")
    writes: tuple[str, ...] = ()
    requests_per_plan: int = 3000
    requests_per_hour: int = 30_000
    name_servers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """When nobody is reminded: minutes after midnight in the IANA ``zone``; ``ends`` may lie before ``begins``."""

    begins: int
    ends: int
    zone: str = "UTC"


_ROOT = Request(path="/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A known-good check that the team already trusts: ``check`` where it is set, else ``request``.

    A websocket check's path and headers stand in ``request`` too, and every check's own lines in ``expect``.
    """

    name: str
    request: Request = _ROOT
    expect: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    check: WireCheck | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One entry of the catalog. ``secrets`` maps a variable to where its value is kept: ``env:NAME``.

    ``responders`` are user groups and people who may validate and resolve; empty: everybody in the channel. In
    ``quiet_hours`` nobody is reminded.

    ``replicas`` are addresses (``10.20.0.4:8080``) behind base_url's host; they are asked one by one, with its Host and
    SNI. ``baseline_every_s`` is the pause between two rounds of the probes while the service is healthy; None: never.
    """

    name: str
    channel: str | None = None
    match: tuple[tuple[str, str], ...] = ()
    base_url: str | None = None
    openapi: str | None = None
    slo: Slo = Slo()
    proof: ProofSettings = field(default_factory=ProofSettings)
    metrics: tuple[tuple[str, str], ...] = ()
    logs: str | None = None
    watch: bool = False
    allow: Allow = Allow()
    secrets: tuple[tuple[str, str], ...] = ()
    probes: tuple[Probe, ...] = ()
    runbook: str | None = None
    responders: tuple[str, ...] = ()
    quiet_hours: QuietHours | None = None
    soak_s: float = 600.0
    replicas: tuple[str, ...] = ()
    baseline_every_s: float | None = None

    def metric(self, name: str) -> str | None:
        return dict(self.metrics).get(name)

    def measure(self, name: str) -> Measure | None:
        """The named metric with its SLO as the limit, if it has both."""
        query = self.metric(name)
        limit = {"error_rate": self.slo.error_rate, "p95_ms": self.slo.p95_ms}.get(name)
        if query is None or limit is None:
            return None
        return Measure(query=query, comparator=Comparator.ABOVE, limit=limit)

    def matches(self, facts: Mapping[str, set[str]]) -> int:
        """How many keys of ``match`` the signal's facts satisfy; 0 unless all do."""
        wanted = self.match or (("service", self.name),)
        hit = all(value.lower() in facts.get(key.lower(), set()) for key, value in wanted)
        return len(wanted) if hit else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """All services, in the order of the file."""

    services: tuple[Service, ...] = ()

    def service(self, name: str) -> Service | None:
        return next((service for service in self.services if service.name == name), None)

    def match(self, signal: Signal) -> Service | None:
        """The entry that a signal belongs to: the most specific match wins, the first in the file on a tie."""
        facts = signal.facts()
        best = max(self.services, key=lambda service: service.matches(facts), default=None)
        return best if best is not None and best.matches(facts) else None
