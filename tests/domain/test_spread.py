"""Before and after, as a picture: every try is in it, and the sentence says the same."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.domain.plans import Role
from fixloop_bot.domain.runs import Run, RunKind, StepPhase, StepProgress, StepVerdict
from fixloop_bot.domain.samples import Outcome, Sample
from fixloop_bot.domain.spread import FEW_BINS, MOST_BINS, spread_alt_text, spread_chart, telling_step
from tests.adapters.thread_states import ALERT, PLAN

RUN = Run(
    id="r2",
    incident_id="INC-42",
    number=2,
    kind=RunKind.VALIDATE,
    plan=PLAN,
    step_ids=("s1", "s2", "s4"),
    service="checkout",
    started_at=ALERT,
    started_by="U0MIRA0001",
)


def tries(count: int, *, failed: int = 0, ms: float | None = 80.0, void: int = 0) -> list[Sample]:
    outcomes = [Outcome.FAILED] * failed + [Outcome.PASSED] * (count - failed) + [Outcome.VOID] * void
    return [Sample(number=number, at=ALERT, outcome=each, latency_ms=ms) for number, each in enumerate(outcomes, 1)]


def run(**verdicts: StepVerdict) -> Run:
    steps = tuple(
        StepProgress(step_id=name, phase=StepPhase.DONE, verdict=verdict, samples=20)
        for name, verdict in verdicts.items()
    )
    return replace(RUN, steps=steps)


def test_the_sentence_has_the_figures_of_both_runs() -> None:
    before = tries(20, failed=7, ms=912.0)
    chart = spread_chart(RUN, PLAN.steps[0], before, tries(105))
    assert chart is not None
    assert spread_alt_text(chart) == (
        "Step 1, tries by how long they took. Before the fix: 7 of 20 failed, p95 912 ms. "
        "Now: 0 of 105 failed, p95 80 ms."
    )


def test_few_tries_have_no_percentile() -> None:
    """What is said of two tries is how long the slower one took."""
    chart = spread_chart(RUN, PLAN.steps[0], tries(2, failed=2, ms=6.9), tries(13))
    assert chart is not None
    assert "Before the fix: 2 of 2 failed, slowest 6.9 ms. Now: 0 of 13 failed, slowest 80 ms." in spread_alt_text(
        chart
    )
    assert len(chart.edges) - 1 == FEW_BINS


def test_too_few_tries_make_no_picture() -> None:
    """Nor do tries without a time: refused connections have none."""
    assert spread_chart(RUN, PLAN.steps[0], tries(20), tries(2)) is None
    assert spread_chart(RUN, PLAN.steps[0], tries(1), tries(50)) is not None
    assert spread_chart(RUN, PLAN.steps[0], tries(50, ms=None), tries(50)) is None


SAMPLES = st.lists(
    st.builds(
        Sample,
        number=st.just(1),
        at=st.just(ALERT),
        outcome=st.sampled_from(Outcome),
        latency_ms=st.one_of(st.none(), st.floats(min_value=0, max_value=1e7), st.just(float("inf"))),
    ),
    max_size=80,
)


@given(SAMPLES, SAMPLES)
def test_every_try_is_counted_once(before: list[Sample], now: list[Sample]) -> None:
    """In the figures all that are not void, in the bars all that have a time."""
    chart = spread_chart(RUN, PLAN.steps[0], before, now)
    if chart is None:
        return
    assert len(chart.edges) - 1 in (FEW_BINS, MOST_BINS)
    assert list(chart.edges) == sorted(chart.edges)
    for side, samples in ((chart.before, before), (chart.now, now)):
        told = [sample for sample in samples if sample.outcome is not Outcome.VOID]
        assert side.samples == len(told)
        assert side.failures == sum(sample.outcome is Outcome.FAILED for sample in told)
        timed = [sample for sample in told if sample.latency_ms is not None]
        assert sum(side.passed) + sum(side.failed) == len(timed)


def test_what_still_fails_is_shown_before_what_is_mended() -> None:
    """The worst news first; a control that never failed says least."""
    passed, failed = StepVerdict.PASSED, StepVerdict.FAILED
    before = run(s1=failed, s2=failed, s4=passed)
    for now, step in (
        (run(s1=passed, s2=failed, s4=passed), "s2"),
        (run(s1=passed, s2=passed, s4=passed), "s1"),
        (run(s4=passed), "s4"),
    ):
        found = telling_step(now, before)
        assert found is not None
        assert found.id == step
    assert telling_step(run(), before) is None
    assert PLAN.steps[3].role is Role.CONTROL
