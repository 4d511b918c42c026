"""What the use cases need from outside, in the core's words. Adapters implement these; nothing here knows a vendor."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from fixloop_bot.application.jobs import Job
from fixloop_bot.application.views import ThreadRefs, ThreadView
from fixloop_bot.domain.baselines import Baseline
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.mutes import Mute
from fixloop_bot.domain.plans import ProbedCheck, Step
from fixloop_bot.domain.runs import Run
from fixloop_bot.domain.samples import Sample
from fixloop_bot.domain.signals import Signal


class Clock(Protocol):
    """Time, injected so that tests need none."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    async def sleep(self, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One answered time series: points are (epoch seconds, value), gaps left out."""

    scope: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One log record, newest first in answers. ``message`` is data from outside."""

    id: str
    at: float
    status: str
    service: str
    message: str


class MonitorState(Protocol):
    """A monitor group's state by API: ``OK``, ``Alert``, ``Warn``, ``No Data`` or Datadog's other words."""

    @property
    def state(self) -> str: ...
    @property
    def name(self) -> str: ...


class Telemetry(Protocol):
    """Datadog, read by API. Every method raises TelemetryUnavailable with one sentence."""

    async def query(self, query: str, *, start: float, end: float) -> Sequence[Series]:
        """Points of a metric query between two epoch seconds."""
        ...

    async def error_logs(self, query: str, *, start: float, end: float, limit: int = 20) -> Sequence[LogLine]: ...

    async def count_logs(self, query: str, *, start: float, end: float) -> int:
        """How many log records match between two epoch seconds."""
        ...

    async def monitor_state(self, monitor_id: str, *, group: str = "") -> MonitorState: ...

    def seconds_between_queries(self) -> float:
        """How long a caller that polls should wait, so that the shared query budget lasts (rate-limit headers)."""
        ...


class DeepLinks(Protocol):
    """Addresses in Datadog's pages. Times are epoch seconds; pure functions of their arguments."""

    def monitor(self, monitor_id: str, *, group: str, start: float, end: float) -> str: ...
    def metric(self, query: str, *, start: float, end: float) -> str: ...
    def logs(self, query: str, *, start: float, end: float) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanBrief:
    """What the planner may know: state and telemetry, secrets masked; all text in it is data, never instructions.

    ``metrics`` are (name, query, points of the last hour); ``operations`` one line for each OpenAPI operation;
    ``baselines`` the requests whose answers are known from healthy times; ``complaints`` what was wrong with the last
    answer, in sentences.
    """

    incident: Incident
    service: Service | None
    metrics: tuple[tuple[str, str, tuple[tuple[float, float], ...]], ...] = ()
    logs: tuple[LogLine, ...] = ()
    operations: tuple[str, ...] = ()
    baselines: tuple[str, ...] = ()
    hint: str = ""
    complaints: tuple[str, ...] = ()
    last_answer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDraft:
    """What the model wrote, parsed but not yet vetted. ``raw`` is its text, to be quoted in a re-ask."""

    steps: tuple[Step, ...]
    raw: str
    model: str


class UnusableAnswer(Exception):  # noqa: N818 - it is an answer, and the planner's caller re-asks
    """The model answered, but not with a plan. ``complaints`` are sentences for the re-ask; ``raw`` its text."""

    def __init__(self, complaints: Sequence[str], *, raw: str) -> None:
        self.complaints = tuple(complaints)
        self.raw = raw
        super().__init__("; ".join(self.complaints))


class Planner(Protocol):
    """Writes one plan draft. Raises UnusableAnswer (re-ask may help) or PlannerUnavailable (it will not)."""

    @property
    def available(self) -> bool: ...

    @property
    def model(self) -> str: ...

    async def draft(self, brief: PlanBrief) -> PlanDraft: ...


class Prober(Protocol):
    """Sends one probe through the gate and returns its sample; never raises for what the target does."""

    async def sample(self, service: Service, check: ProbedCheck, *, number: int, fresh: bool) -> Sample:
        """The check's ``number``-th sample, from 1: inputs, replicas and name servers take turns by it."""
        ...

    async def fetch_document(self, service: Service, url: str) -> bytes:
        """A document of the service (its OpenAPI file) through the same gate; raises BadInput with a sentence."""
        ...

    def halt(self, reason: str) -> None:
        """The kill switch: end what is under way, and send nothing more, until ``release``. Harmless when repeated."""
        ...

    def release(self) -> None: ...


class Store(Protocol):
    """The truth. Every method raises StoreUnavailable; ``save_*`` raise Conflict when somebody else wrote first."""

    async def ping(self) -> None: ...

    async def remember_signal(self, signal: Signal) -> bool:
        """Durably store a signal; False if this very notification was stored before."""
        ...

    async def unread_signal(self, signal_id: str) -> Signal | None: ...
    async def wait_for_signal(self, *, seconds: float) -> None:
        """Return as soon as a signal has come in, or after so many seconds."""
        ...

    async def unread_signals(self) -> Sequence[str]:
        """Ids of what is in the inbox, in the order of arrival."""
        ...

    async def signal_done(self, signal_id: str) -> None: ...
    async def park_signal(self, signal_id: str) -> None:
        """Put a signal that cannot be taken aside, where nobody tries it again."""
        ...

    async def keep_recovery(self, signal: Signal) -> None:
        """Remember for an hour a recovery of something unknown: its alert may still be on the way."""
        ...

    async def early_recovery(self, identity: str) -> Signal | None: ...

    async def mute_of(self, service: str) -> Mute | None: ...
    async def hold_signal(self, service: str, signal: Signal, *, begins: bool) -> bool:
        """Put a muted service's signal aside until the mute ends; False where the service is not muted."""
        ...

    async def held_since(self, service: str, identity: str) -> float | None:
        """When a trouble that is put aside, and still fires, was last told of."""
        ...

    async def waited(self, identity: str) -> tuple[int, Mute] | None:
        """How many signals of a trouble a mute had held back that has just ended, and that mute."""
        ...

    async def next_incident_number(self) -> int: ...
    async def incident(self, incident_id: str) -> Incident | None: ...
    async def incident_of_identity(self, identity: str) -> str | None: ...
    async def open_incident_of(self, service_key: str) -> str | None: ...
    async def incident_of_thread(self, channel: str, ts: str) -> str | None: ...
    async def open_incidents(self) -> Sequence[str]: ...
    async def latest_incidents(self, limit: int) -> Sequence[str]: ...

    async def create_incident(self, incident: Incident, *, jobs: Sequence[Job] = ()) -> Incident | None:
        """Store a new incident, its indexes and jobs at once; None if its service already has an open one."""
        ...

    async def save_incident(self, incident: Incident, *, jobs: Sequence[Job] = (), run: Run | None = None) -> Incident:
        """Compare-and-set on ``revision``, with jobs and a new run in the same write; raises Conflict."""
        ...

    async def run(self, run_id: str) -> Run | None: ...
    async def claim_run(self, run_id: str) -> Run | None: ...
    async def save_run(self, run: Run, *, show: bool = True) -> None:
        """Save unless a later attempt has taken the run over (Conflict); ``show`` marks its thread as out of date."""
        ...

    async def add_samples(self, run: Run, step_id: str, samples: Sequence[Sample]) -> None: ...
    async def samples(self, run_id: str, step_id: str, *, newest: int = 0) -> Sequence[Sample]:
        """A step's samples in order: all of them, or the ``newest`` so many."""
        ...

    async def stop_run(self, run_id: str, by: str) -> None: ...
    async def stopped_by(self, run_id: str) -> str | None: ...

    async def take_place(self, service: str, *, per_second: float, per_hour: int, requests: int = 1) -> float | None:
        """Book a sample of so many requests in a service's rate; returns the seconds to wait for it.

        None, and nothing booked, where the hour's total is spent. Shared by all incidents and processes.
        """
        ...

    async def halt(self, by: str) -> None:
        """The kill switch for all traffic of all processes, until ``resume``. It does not expire."""
        ...

    async def resume(self) -> bool:
        """Lift it; False if nothing was halted."""
        ...

    async def halted_by(self) -> str | None: ...
    async def halted_since(self) -> float | None:
        """Epoch seconds; None where nothing is halted, or where an operator who set the key left no time."""
        ...

    async def save_baseline(self, baseline: Baseline) -> None: ...
    async def baseline(self, service: str) -> Baseline | None: ...

    async def enter_thread(self, incident_id: str) -> str | None:
        """Become a thread's only writer, for some seconds; None if somebody is, who learns that there is more."""
        ...

    async def hold_thread(self, incident_id: str, token: str) -> None:
        """Stay its writer for some more seconds."""
        ...

    async def thread_is_clean(self, incident_id: str) -> None: ...
    async def leave_thread(self, incident_id: str, token: str) -> bool: ...
    async def postpone_thread(self, incident_id: str, token: str, *, seconds: float) -> None:
        """Stop writing although there is more to show; nobody writes for so long, then the sweep brings somebody."""
        ...

    async def dirty_threads(self) -> Sequence[str]: ...
    async def thread_refs(self, incident_id: str) -> ThreadRefs: ...
    async def save_thread_refs(self, incident_id: str, refs: ThreadRefs, token: str) -> None: ...

    async def waiting_jobs(self) -> Sequence[Job]: ...
    async def accept(self, job: Job, *, seconds: float) -> bool:
        """Put a job into the outbox; False if one of its key was accepted within so many seconds."""
        ...

    async def jobs_taken(self, keys: Sequence[str]) -> None: ...

    async def note_tick(self, incident_id: str, name: str, *, pressed_at: float) -> None:
        """A tick has come, pressed at so many epoch seconds; forgotten in half a minute, should its job be lost."""
        ...

    async def ticks_to_do(self, incident_id: str) -> Mapping[str, float]:
        """The ticks that have come and are not done: when each was pressed, by name."""
        ...

    async def tick_done(self, incident_id: str, name: str) -> None: ...

    async def once(self, name: str, *, seconds: float) -> bool:
        """True for the first caller of this name within so many seconds, in any process."""
        ...

    async def count(self, name: str, *, seconds: float) -> int:
        """How often this was called with this name, this time included; forgotten after so many quiet seconds."""
        ...

    async def note_change(self, what: str, mark: str) -> None:
        """Something of Slack's that processes remember has changed (``application.directory``)."""
        ...

    async def lead(self, what: str, who: str, *, seconds: float) -> bool:
        """Whether ``who`` alone does ``what`` for the next seconds, in any process; the leader stays it by asking."""
        ...


class Board(Protocol):
    """Shows an incident's cards. Raises SlackRefused, or SlackBusy with the seconds to wait."""

    async def publish(
        self, view: ThreadView, refs: ThreadRefs, save: Callable[[ThreadRefs], Awaitable[None]]
    ) -> ThreadRefs:
        """Bring every card up to date; ``save`` is called before and after each post: a kill posts nothing twice."""
        ...

    async def whisper(
        self, *, channel: str, user: str, text: str, thread_ts: str | None = None, response_url: str | None = None
    ) -> None:
        """A line that only one person sees."""
        ...

    def describe(self, view: ThreadView, address: str) -> str:
        """An incident in a few lines, for a list; it leads to its thread where ``address`` is not empty."""
        ...

    async def answer(self, response_url: str, text: str) -> None:
        """The answer to a command, for the person who gave it."""
        ...
