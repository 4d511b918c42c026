"""A sample: what came back from one probe, or the fault that prevented it.

*Failed* and *could not look* are two different things (rule of proof 1): a fault of the service is evidence against
it; a fault of our own (no network here, gate refusal, budget spent, credentials refused) makes the sample void.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What a sample says about the step's claim."""

    PASSED = "passed"
    FAILED = "failed"
    VOID = "void"


class FaultKind(StrEnum):
    """Why a probe brought no usable answer. The value is what a person reads."""

    REFUSED = "connection refused"
    RESET = "connection closed before the answer"
    TIMEOUT = "no answer in time"
    TLS = "certificate not trusted"
    TRUNCATED = "answer cut off"
    TOO_LARGE = "answer over 1 MB"
    PROTOCOL = "not an HTTP answer"
    NAME_NOT_FOUND = "host name not found"
    UNREACHABLE = "no network from here"
    GATE = "not allowed by the catalog"
    BUDGET = "request budget spent"
    CREDENTIALS = "credentials refused"
    TELEMETRY = "Datadog could not be asked"
    STOPPED = "stopped"
    UNFILLED = "a value for the request is missing"

    @property
    def ours(self) -> bool:
        """Whether the fault says nothing about the service, so that the sample is void."""
        return self in _OURS


_OURS = frozenset(
    {
        FaultKind.NAME_NOT_FOUND,
        FaultKind.UNREACHABLE,
        FaultKind.GATE,
        FaultKind.BUDGET,
        FaultKind.CREDENTIALS,
        FaultKind.TELEMETRY,
        FaultKind.STOPPED,
        FaultKind.UNFILLED,
        FaultKind.TOO_LARGE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What prevented an answer, with a sentence of detail that is safe to show."""

    kind: FaultKind
    detail: str = ""

    def sentence(self) -> str:
        return f"{self.kind.value}: {self.detail}" if self.detail else self.kind.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An HTTP answer as received. ``body`` is decoded bytes, at most 1 MB; headers are lower-case names, in order."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    truncated: bool = False
    latency_ms: float = 0.0
    lag_ms: float = 0.0
    """How much of the latency may be FixLoop's own slowness: the longest that its event loop was late meanwhile."""
    address: str = ""
    """The address that answered."""

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever its case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key == wanted), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionResult:
    """One assertion held against one answer: what was expected, what was seen, both short and masked."""

    source: str
    held: bool
    seen: str = ""
    expected: str = ""
    subject: str = ""

    def sentence(self) -> str:
        """``$.total was 19.98, expected 19.99``."""
        return f"{self.subject or self.source} was {self.seen or 'nothing'}, expected {self.expected}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One probe's result, small enough to keep 90 days.

    ``number`` counts from 1 within a step of a run; ``at`` is epoch seconds; ``latency_ms`` is first byte sent to
    last byte read. ``request`` is ``METHOD path`` with secrets as variables; ``excerpt`` is the start of the body,
    masked, and only kept for the samples that a person may want to read.

    ``input`` is the place (from 0) of the step's input that was sent. ``digest`` is the start of the body's SHA-256 (16
    hex digits), ``shape`` its JSON shape as ``domain.shapes`` writes it, for the first samples of a step. ``lag_ms`` is
    how late FixLoop's own event loop ran meanwhile. ``replica`` is what the answer calls itself, else its address.
    """

    number: int
    at: float
    outcome: Outcome
    request: str = ""
    status: int | None = None
    latency_ms: float | None = None
    value: float | None = None
    fault: Fault | None = None
    failures: tuple[AssertionResult, ...] = ()
    fresh_connection: bool = False
    replica: str | None = None
    excerpt: str = ""
    curl: str = ""
    input: int | None = None
    digest: str = ""
    shape: str = ""
    lag_ms: float = 0.0

    def reason(self) -> str:
        """Why it failed or is void, in a few words; empty if it passed."""
        if self.fault is not None:
            return self.fault.sentence()
        return self.failures[0].sentence() if self.failures else ""
