"""A run: one execution of a frozen plan, before the fix (``confirm``), after it (``validate``) or watching (``soak``).

What a run has found is derived from samples by ``StepProgress``; nothing starts out as passed (rule of proof 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fixloop_bot.domain.plans import Plan, Step
from fixloop_bot.domain.samples import Sample


class RunKind(StrEnum):
    """Why the plan is executed."""

    CONFIRM = "confirm"
    VALIDATE = "validate"
    SOAK = "soak"


class StepVerdict(StrEnum):
    """What a step's samples say. Derived, never initialised."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    SKIPPED = "skipped"


class RecoveryVerdict(StrEnum):
    """What a validate run says about the incident, in the four words that people see in Slack."""

    PROVEN = "proven"
    UNPROVEN = "unproven"
    NOT_RECOVERED = "not recovered"
    INCONCLUSIVE = "inconclusive"


class StepPhase(StrEnum):
    """Where a step stands while its run goes on."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyBand:
    """A quantile (in 0…1) of a step's latencies, with the always-valid interval that holds it (milliseconds)."""

    quantile: float
    ms: float
    low_ms: float
    high_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StepProgress:
    """What one step of a run has seen so far; small, so that it is saved every second.

    ``samples`` counts those that are not void. ``window_left_s`` is how long the window still has to run if nothing
    fails. ``passes`` and ``failures`` are the shown examples (first few); the full list is kept beside the run.

    ``inputs`` and ``replicas`` count the different ones that answered; ``latency`` holds the bands of p50 and p95 once
    the step is decided; ``shapes`` the JSON shapes that were seen (``domain.shapes``); ``note`` what a person should
    know although it decides nothing, such as a latency that creeps up.
    """

    step_id: str
    phase: StepPhase = StepPhase.WAITING
    verdict: StepVerdict | None = None
    reason: str = ""
    samples: int = 0
    failed: int = 0
    void: int = 0
    leaning: str = ""
    window_left_s: float = 0.0
    covered_s: float = 0.0
    statuses: tuple[tuple[str, int], ...] = ()
    p95_ms: float | None = None
    value: float | None = None
    claim: str = ""
    failures: tuple[Sample, ...] = ()
    passes: tuple[Sample, ...] = ()
    voids: tuple[Sample, ...] = ()
    by: str | None = None
    at: float | None = None
    inputs: int = 0
    replicas: int = 0
    latency: tuple[LatencyBand, ...] = ()
    shapes: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficReading:
    """The signal's own metric for the time since the run began: what real traffic says.

    ``value`` is None where nothing could be measured; ``why_not`` then says so in a few words. ``silent`` means that
    Datadog was asked and has no data that covers the run: then nothing is known of real traffic.
    """

    query: str = ""
    value: float | None = None
    limit: float | None = None
    breached: bool = False
    silent: bool = False
    why_not: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution. ``attempt`` counts take-overs: a worker that lost its run may no longer write to it.

    ``base_url`` is the service's address when the run was started; None where it has none, or in a run from before
    addresses were kept.
    """

    id: str
    incident_id: str
    number: int
    kind: RunKind
    plan: Plan
    step_ids: tuple[str, ...]
    service: str | None
    started_by: str
    started_at: float
    attempt: int = 0
    taken_over_at: float | None = None
    finished_at: float | None = None
    steps: tuple[StepProgress, ...] = ()
    verdict: RecoveryVerdict | None = None
    reason: str = ""
    traffic: TrafficReading | None = None
    stopped_by: str | None = None
    base_url: str | None = None
    period_s: float = 0.0
    """How far apart the signal's own breaches began when the run started: a window has to be as long."""

    @property
    def finished(self) -> bool:
        return self.finished_at is not None

    def progress(self, step_id: str) -> StepProgress | None:
        return next((step for step in self.steps if step.step_id == step_id), None)

    def chosen_steps(self) -> tuple[Step, ...]:
        """The steps that this run executes, in the plan's order."""
        return tuple(step for step in self.plan.steps if step.id in self.step_ids)

    @property
    def decided(self) -> int:
        return sum(step.phase is StepPhase.DONE for step in self.steps)

    @property
    def reproduced(self) -> bool:
        """Whether any step failed: in a confirm run that is the bug, seen."""
        return any(step.verdict is StepVerdict.FAILED for step in self.steps)

    @property
    def seen_by_request(self) -> bool:
        """Whether one of the failed steps sends requests: where only telemetry failed, no later run can be a proof."""
        failed = {step.step_id for step in self.steps if step.verdict is StepVerdict.FAILED}
        return any(step.repeated and step.id in failed for step in self.plan.steps)
