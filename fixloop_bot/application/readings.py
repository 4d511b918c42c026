"""Steps that are read from Datadog: a metric against its limit, a monitor's state, how often an error is logged.

They are read again and again until the window is over. A metric or log rate that is bad in a confirm run is the bug,
seen, at once; in a validate run it may take the whole window to get well. A monitor that still averages over the past
is reported, not waited for. Nothing passes before the window is over: that no error is logged *yet* may be the log
pipeline's delay.
"""

from __future__ import annotations

from dataclasses import dataclass

from fixloop_bot.application.evidence import HOUR_S, log_rate, mean, merged, since
from fixloop_bot.application.ports import Clock, Telemetry
from fixloop_bot.domain.errors import TelemetryUnavailable
from fixloop_bot.domain.plans import LogsCheck, MetricCheck, MonitorCheck, Step
from fixloop_bot.domain.runs import RunKind, StepPhase, StepProgress, StepVerdict
from fixloop_bot.domain.samples import AssertionResult, Fault, FaultKind, Outcome, Sample
from fixloop_bot.domain.signals import Comparator

RECENT_S = 120.0
"""A confirm run judges the last two minutes: what the service does now, and not what it did before it broke."""
SOONEST_S = 2.0
JUDGED_STATES = frozenset({"OK", "Alert", "Warn"})
"""What a monitor says of the service; No Data, Skipped and Unknown only say that it could not look."""
STRAY_PER_MINUTE = 1.0
"""A limit taken from the hour before is never lower than this: after a silent hour, one stray record is no failure."""
SHORTEST_RATE_S = 30.0


@dataclass(slots=True)
class _State:
    number: int = 0
    verdict: StepVerdict | None = None
    reason: str = ""
    failed: int = 0
    void: int = 0
    value: float | None = None
    last: Sample | None = None


class ReadingStep:
    """Reads one metric, monitor or logs step until it is decided. Same surface as ``StepSampler``."""

    def __init__(
        self,
        step: Step,
        *,
        kind: RunKind,
        started_at: float,
        opened_at: float,
        window_s: float,
        telemetry: Telemetry,
        clock: Clock,
        earlier: int = 0,
        failed_before: bool = False,
    ) -> None:
        """``earlier`` readings were stored by another worker: the next one's number follows theirs.

        ``failed_before``: the run that this one is compared with saw the step fail.
        """
        self.step = step
        self._kind = kind
        self._started_at = started_at
        self._opened_at = opened_at
        self._window_s = window_s
        self._telemetry = telemetry
        self._clock = clock
        self._state = _State(number=earlier)
        self._earlier = earlier
        self._failed_before = failed_before
        self._unsaved: list[Sample] = []
        self._began: float | None = None
        self._rate_before: float | None = None

    async def run(self) -> None:
        """Read until decided; never raises for what Datadog answers."""
        self._began = self._clock.now()
        end = self._began + self._window_s
        while self._state.verdict is None:
            sample = await self._read()
            self._count(sample)
            self._decide(sample, over=self._clock.now() >= end, late=self._clock.now() >= end + self._window_s)
            if self._state.verdict is None:
                pause = max(SOONEST_S, self._telemetry.seconds_between_queries())
                await self._clock.sleep(min(pause, max(SOONEST_S, end - self._clock.now())))

    def _count(self, sample: Sample) -> None:
        state = self._state
        state.number, state.last = sample.number, sample
        state.value = sample.value if sample.value is not None else state.value
        state.failed += sample.outcome is Outcome.FAILED
        state.void += sample.outcome is Outcome.VOID
        self._unsaved.append(sample)

    def _decide(self, sample: Sample, *, over: bool, late: bool) -> None:
        confirm = self._kind is RunKind.CONFIRM
        if sample.outcome is Outcome.FAILED and confirm:
            self._settle(StepVerdict.FAILED, sample.reason())
        elif not over:
            return
        elif sample.outcome is Outcome.PASSED:
            self._settle(StepVerdict.PASSED, "")
        elif sample.outcome is Outcome.VOID and self._failed_before and not late:
            return  # data lags, too
        elif sample.outcome is Outcome.VOID:
            # What was seen to fail has to be seen to pass; what was never measured is only said.
            verdict = StepVerdict.INCONCLUSIVE if self._failed_before else StepVerdict.SKIPPED
            self._settle(verdict, f"not measured: {sample.reason()}")
        elif isinstance(self.step.check, MonitorCheck):
            self._settle(StepVerdict.SKIPPED, f"reported, not waited for: {sample.reason()}")
        elif late:  # a metric lags: what is still bad after one window may be well within the next
            self._settle(StepVerdict.FAILED, sample.reason())

    def _settle(self, verdict: StepVerdict, reason: str) -> None:
        self._state.verdict, self._state.reason = verdict, reason

    async def _read(self) -> Sample:
        number, now = self._state.number + 1, self._clock.now()
        try:
            check = self.step.check
            if isinstance(check, MetricCheck):
                return await self._read_metric(check, number, now)
            if isinstance(check, LogsCheck):
                return await self._read_logs(check, number, now)
            assert isinstance(check, MonitorCheck)  # noqa: S101 - ReadingStep is only made for these three
            return await self._read_monitor(check, number, now)
        except TelemetryUnavailable as error:
            fault = Fault(kind=FaultKind.TELEMETRY, detail=str(error).rstrip("."))
            return Sample(number=number, at=now, outcome=Outcome.VOID, fault=fault)

    async def _read_metric(self, check: MetricCheck, number: int, now: float) -> Sample:
        start = self._look_from(now)
        value = mean(since(merged(await self._telemetry.query(check.query, start=start, end=now)), start))
        limit = check.limit if check.limit is not None else await self._limit_from_before(check)
        if value is None or limit is None:
            fault = Fault(
                kind=FaultKind.TELEMETRY, detail="the query has no data" if value is None else "no hour before"
            )
            return Sample(number=number, at=now, outcome=Outcome.VOID, fault=fault, request=check.query)
        healthy = Comparator(check.healthy_when).breached(value, limit)  # the comparison that holds when all is well
        failure = AssertionResult(
            source=check.query,
            subject="the metric",
            held=healthy,
            seen=f"{value:.4g}",
            expected=f"{check.healthy_when} {limit:.4g}",
        )
        return _measured(number, now, value, failure)

    def _look_from(self, now: float) -> float:
        if self._kind is RunKind.CONFIRM:
            return max(self._opened_at, now) - RECENT_S
        return max(self._started_at, now - self._window_s)

    async def _limit_from_before(self, check: MetricCheck) -> float | None:
        if check.times_before is None:
            return None
        before = mean(
            merged(
                await self._telemetry.query(check.query, start=self._opened_at - HOUR_S, end=self._opened_at - RECENT_S)
            )
        )
        return None if before is None else before * check.times_before

    async def _read_logs(self, check: LogsCheck, number: int, now: float) -> Sample:
        least_s = min(SHORTEST_RATE_S, self._window_s)
        rate = await log_rate(self._telemetry, check.query, start=self._look_from(now), end=now, least_s=least_s)
        limit, source = await self._log_limit(check)
        healthy = rate <= limit
        failure = AssertionResult(
            source=check.query,
            subject="the log rate",
            held=healthy,
            seen=f"{rate:.3g} records a minute",
            expected=f"<= {limit:.3g}{source}",
        )
        return _measured(number, now, rate, failure)

    async def _log_limit(self, check: LogsCheck) -> tuple[float, str]:
        """Records a minute that are still healthy, and where that comes from, in words."""
        if check.times_before is None:
            return check.per_minute or 0.0, ""
        if self._rate_before is None:
            start, end = self._opened_at - HOUR_S, self._opened_at - RECENT_S
            self._rate_before = await log_rate(self._telemetry, check.query, start=start, end=end)
        limit = check.times_before * self._rate_before
        if limit < STRAY_PER_MINUTE:
            return STRAY_PER_MINUTE, f" (there were {self._rate_before:.2g} a minute in the hour before)"
        return limit, f" ({check.times_before:g} × the hour before)"

    async def _read_monitor(self, check: MonitorCheck, number: int, now: float) -> Sample:
        state = await self._telemetry.monitor_state(check.monitor_id, group=check.group)
        if state.state not in JUDGED_STATES:
            fault = Fault(kind=FaultKind.TELEMETRY, detail=f"the monitor says {state.state}")
            return Sample(
                number=number, at=now, outcome=Outcome.VOID, fault=fault, request=f"monitor {check.monitor_id}"
            )
        healthy = state.state == "OK"
        failure = AssertionResult(
            source="monitor", subject="the monitor", held=healthy, seen=state.state, expected="OK"
        )
        return Sample(
            number=number,
            at=now,
            outcome=Outcome.PASSED if healthy else Outcome.FAILED,
            request=f"monitor {check.monitor_id}",
            failures=() if healthy else (failure,),
        )

    def take_unsaved(self) -> list[Sample]:
        taken, self._unsaved = self._unsaved, []
        return taken

    def give_up(self, reason: str) -> None:
        if self._state.verdict is None:
            self._settle(StepVerdict.INCONCLUSIVE, reason)

    def progress(self) -> StepProgress:
        state = self._state
        waiting = StepPhase.WAITING if self._began is None else StepPhase.RUNNING
        left = 0.0 if self._began is None else max(0.0, self._began + self._window_s - self._clock.now())
        examples = (state.last,) if state.last is not None else ()
        outcome = state.last.outcome if state.last is not None else None
        return StepProgress(
            step_id=self.step.id,
            phase=StepPhase.DONE if state.verdict is not None else waiting,
            verdict=state.verdict,
            reason=state.reason,
            samples=state.number - self._earlier - state.void,
            failed=state.failed,
            void=state.void,
            window_left_s=0.0 if state.verdict is not None else left,
            value=state.value,
            failures=examples if outcome is Outcome.FAILED else (),
            passes=examples if outcome is Outcome.PASSED else (),
            voids=examples if outcome is Outcome.VOID else (),
        )


def _measured(number: int, now: float, value: float, result: AssertionResult) -> Sample:
    """A value that was read, held against its limit."""
    return Sample(
        number=number,
        at=now,
        outcome=Outcome.PASSED if result.held else Outcome.FAILED,
        value=value,
        request=result.source,
        failures=() if result.held else (result,),
    )
