"""Steps read from Datadog, and what real traffic says."""

from __future__ import annotations

import pytest

from fixloop_bot.application import evidence
from fixloop_bot.application.ports import Series
from fixloop_bot.application.readings import ReadingStep
from fixloop_bot.domain.plans import MetricCheck, Role, Step
from fixloop_bot.domain.runs import RunKind, StepProgress, StepVerdict
from fixloop_bot.domain.signals import Comparator, Measure
from tests.application.office import ERROR_RATE, FEW_ERRORS, MONITOR, Datadog, checkout
from tests.fake_clock import START, FakeClock

MEASURE = Measure(query=ERROR_RATE, comparator=Comparator.ABOVE, limit=0.01)


async def read(
    clock: FakeClock, datadog: Datadog, step: Step = FEW_ERRORS, kind: RunKind = RunKind.VALIDATE, *, earlier: int = 0
) -> StepProgress:
    reading = ReadingStep(
        step,
        kind=kind,
        started_at=clock.now(),
        opened_at=START - 600,
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
