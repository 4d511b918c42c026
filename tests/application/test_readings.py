"""Steps read from Datadog, and what real traffic says."""

from __future__ import annotations

import pytest

from fixloop_bot.application import evidence
from fixloop_bot.application.ports import Series
from fixloop_bot.application.readings import RECENT_S, ReadingStep
from fixloop_bot.domain.plans import LogsCheck, MetricCheck, Role, Step
from fixloop_bot.domain.runs import RunKind, StepProgress, StepVerdict
from fixloop_bot.domain.signals import Comparator, Measure
from tests.application.office import ERROR_RATE, FEW_ERRORS, MONITOR, Datadog, checkout
from tests.fake_clock import START, FakeClock

OPENED = START - 600
MEASURE = Measure(query=ERROR_RATE, comparator=Comparator.ABOVE, limit=0.01)


def logs(*, per_minute: float | None = None, times_before: float | None = None) -> Step:
    check = LogsCheck(query="service:checkout status:error", per_minute=per_minute, times_before=times_before)
    return Step(id="s3", title="The error is rare again", role=Role.CONFIRMATION, check=check)


def records(per_minute: float, start: float, end: float) -> list[float]:
    """Times of log records, evenly between two epoch seconds."""
    count = round(per_minute * (end - start) / 60)
    return [start + (number + 0.5) * (end - start) / count for number in range(count)]


async def read(
    clock: FakeClock, datadog: Datadog, step: Step = FEW_ERRORS, kind: RunKind = RunKind.VALIDATE, *, earlier: int = 0
) -> StepProgress:
    reading = ReadingStep(
        step,
        kind=kind,
        started_at=clock.now(),
        opened_at=OPENED,
        window_s=60,
        telemetry=datadog,
        clock=clock,
        earlier=earlier,
    )
    async with clock.flowing():
        await reading.run()
    return reading.progress()


async def test_a_bad_metric_before_the_fix_is_the_bug_seen_at_once(clock: FakeClock) -> None:
    """One reading is enough, and it names value and limit."""
    progress = await read(clock, Datadog(value=0.3), kind=RunKind.CONFIRM)
    assert (progress.verdict, progress.samples) == (StepVerdict.FAILED, 1)
    assert progress.reason == "the metric was 0.3, expected < 0.01"
    assert clock.now() == START


async def test_a_good_metric_is_believed_after_the_window(clock: FakeClock) -> None:
    """And not before."""
    progress = await read(clock, Datadog(value=0.0))
    assert progress.verdict is StepVerdict.PASSED
    assert clock.now() - START >= 60


async def test_a_metric_that_stays_bad_fails(clock: FakeClock) -> None:
    """It had its time to get well."""
    assert (await read(clock, Datadog(value=0.3))).verdict is StepVerdict.FAILED


@pytest.mark.parametrize("datadog", [Datadog(down=True), Datadog(value=None)], ids=["down", "no data"])
async def test_what_cannot_be_measured_is_skipped_and_says_so(clock: FakeClock, datadog: Datadog) -> None:
    """It neither passes nor fails."""
    progress = await read(clock, datadog)
    assert progress.verdict is StepVerdict.SKIPPED
    assert "not measured" in progress.reason


async def test_a_monitor_that_still_alerts_is_reported_not_waited_for(clock: FakeClock) -> None:
    """It averages over the past; one that is OK passes."""
    late = await read(clock, Datadog(monitor="Alert"), MONITOR)
    assert (late.verdict, "reported, not waited for" in late.reason) == (StepVerdict.SKIPPED, True)
    assert (await read(clock, Datadog(monitor="OK"), MONITOR)).verdict is StepVerdict.PASSED


async def test_a_limit_may_come_from_the_hour_before(clock: FakeClock) -> None:
    """Three times what it was."""
    check = MetricCheck(query=ERROR_RATE, healthy_when="<", times_before=3.0)
    step = Step(id="s3", title="As before", role=Role.CONTROL, check=check)
    assert (await read(clock, Datadog(value=0.2), step)).verdict is StepVerdict.PASSED


async def test_a_reading_that_is_taken_over_counts_on(clock: FakeClock) -> None:
    """No number is used twice; the samples that count are its own."""
    progress = await read(clock, Datadog(value=0.3), kind=RunKind.CONFIRM, earlier=7)
    assert progress.failures[0].number == 8
    assert progress.samples == 1


async def test_logged_errors_before_the_fix_are_the_bug_seen_at_once(clock: FakeClock) -> None:
    """Counted over the last two minutes; the sentence names rate, limit and where the limit comes from."""
    before = records(1, OPENED - 3600, OPENED - RECENT_S)
    datadog = Datadog(logged=[*before, *records(12, START - RECENT_S, START)])
    progress = await read(clock, datadog, logs(times_before=2), RunKind.CONFIRM)
    assert (progress.verdict, progress.samples, progress.value) == (StepVerdict.FAILED, 1, 12.0)
    assert progress.reason == "the log rate was 12 records a minute, expected <= 2 (2 × the hour before)"
    assert clock.now() == START


async def test_what_was_logged_before_the_run_is_not_held_against_the_fix(clock: FakeClock) -> None:
    """Records count from the run's beginning, and silence is believed only after the window."""
    datadog = Datadog(logged=records(60, START - 600, START - 1))
    progress = await read(clock, datadog, logs(per_minute=2))
    assert (progress.verdict, progress.value) == (StepVerdict.PASSED, 0.0)
    assert clock.now() - START >= 60


async def test_errors_that_are_still_logged_after_the_fix_fail(clock: FakeClock) -> None:
    """They had a window more to end."""
    datadog = Datadog(logged=records(12, START, START + 600))
    progress = await read(clock, datadog, logs(per_minute=2))
    assert progress.verdict is StepVerdict.FAILED
    assert progress.reason.endswith("records a minute, expected <= 2")
    assert clock.now() - START >= 120


async def test_errors_that_end_within_the_next_window_pass(clock: FakeClock) -> None:
    """A log pipeline lags, as metrics do."""
    datadog = Datadog(logged=records(30, START, START + 20))
    progress = await read(clock, datadog, logs(per_minute=2))
    assert progress.verdict is StepVerdict.PASSED
    assert 60 < clock.now() - START <= 125


@pytest.mark.parametrize(("found", "verdict"), [(1, StepVerdict.PASSED), (3, StepVerdict.FAILED)])
async def test_after_a_silent_hour_one_stray_record_is_no_failure(
    clock: FakeClock, found: int, verdict: StepVerdict
) -> None:
    """A limit from the hour before is at least one a minute: three in two minutes are over it, one is not."""
    datadog = Datadog(logged=records(found / 2, START - RECENT_S, START))
    progress = await read(clock, datadog, logs(times_before=3), RunKind.CONFIRM)
    assert progress.verdict is verdict
    if verdict is StepVerdict.FAILED:
        reason = "the log rate was 1.5 records a minute, expected <= 1 (there were 0 a minute in the hour before)"
        assert progress.reason == reason


async def test_none_at_all_may_be_asked_for(clock: FakeClock) -> None:
    """``per_minute: 0`` means none."""
    progress = await read(clock, Datadog(logged=[START - 5]), logs(per_minute=0), RunKind.CONFIRM)
    assert progress.reason == "the log rate was 0.5 records a minute, expected <= 0"
    assert (await read(clock, Datadog(), logs(per_minute=0))).verdict is StepVerdict.PASSED


async def test_logs_that_cannot_be_counted_neither_pass_nor_fail(clock: FakeClock) -> None:
    """It says why; and the hour before is asked for once."""
    progress = await read(clock, Datadog(down=True), logs(per_minute=2))
    assert progress.verdict is StepVerdict.SKIPPED
    assert progress.reason == "not measured: Datadog could not be asked: Datadog did not answer"
    datadog = Datadog()
    await read(clock, datadog, logs(times_before=2))
    assert len(datadog.asked) == progress.samples + progress.void + 1


async def test_real_traffic_is_measured_or_said_not_to_be() -> None:
    """A value with its limit, or why there is none; it never raises."""
    good = await evidence.traffic_since(Datadog(value=0.0), MEASURE, start=START, end=START + 60)
    assert (good.value, good.limit, good.breached) == (0.0, 0.01, False)
    assert (await evidence.traffic_since(Datadog(value=0.5), MEASURE, start=START, end=START + 60)).breached
    down = await evidence.traffic_since(Datadog(down=True), MEASURE, start=START, end=START + 60)
    assert (down.value, down.why_not) == (None, "Datadog did not answer")
    empty = await evidence.traffic_since(Datadog(value=None), MEASURE, start=START, end=START + 60)
    assert empty.why_not == "no data since the run began"
    assert (await evidence.traffic_since(Datadog(), None, start=START, end=START + 60)).why_not


def test_groups_are_merged_into_one_series() -> None:
    """Their mean at each time, in order of time."""
    series = (Series(scope="a", points=((2, 4.0), (1, 1.0))), Series(scope="b", points=((2, 6.0),)))
    assert evidence.merged(series) == ((1, 1.0), (2, 5.0))
    assert evidence.mean(()) is None


async def test_logs_need_a_query_and_a_datadog() -> None:
    """Without either there are none."""
    assert await evidence.last_errors(Datadog(), None, now=START) == ()
    assert await evidence.last_errors(Datadog(down=True), checkout(), now=START) == ()
    assert len(await evidence.last_errors(Datadog(), checkout(), now=START)) == 1


@pytest.mark.parametrize("state", ["No Data", "Unknown", "Skipped"])
async def test_a_monitor_that_could_not_look_says_nothing(clock: FakeClock, state: str) -> None:
    """Before the fix it is no bug seen, after it nothing that passes."""
    for kind in (RunKind.CONFIRM, RunKind.VALIDATE):
        progress = await read(clock, Datadog(monitor=state), MONITOR, kind)
        assert progress.verdict is StepVerdict.SKIPPED
        assert f"the monitor says {state}" in progress.reason
