"""Before and after in words: only what the samples can show, and what it means for a step of this role."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.comparison import Comparison, compare, never_reproduced
from fixloop_bot.domain.latency import UNBOUNDED_MS, bands
from fixloop_bot.domain.plans import Check, HttpCheck, MetricCheck, Plan, PlanSource, Request, Role, Step
from fixloop_bot.domain.runs import LatencyBand, Run, RunKind, StepPhase, StepProgress, StepVerdict
from fixloop_bot.domain.samples import AssertionResult, Fault, FaultKind, Outcome, Sample
from fixloop_bot.domain.shapes import shape_of

PASSED, FAILED = StepVerdict.PASSED, StepVerdict.FAILED
HTTP = HttpCheck(request=Request(path="/cart/{{sku}}"), expect=("status == 200",), inputs=('{"sku": "A1"}',))
METRIC = MetricCheck(query="avg:x{*}", healthy_when="<", limit=1)


def step(role: Role = Role.CONFIRMATION, check: Check = HTTP, *, id: str = "s1") -> Step:  # noqa: A002
    return Step(id=id, title="A cart can be paid", role=role, check=check)


def seen(verdict: StepVerdict | None, **changes: object) -> StepProgress:
    known: dict[str, object] = {"samples": 105, "covered_s": 60.0, "inputs": 1, "replicas": 1}
    return StepProgress(step_id="s1", phase=StepPhase.DONE, verdict=verdict, **{**known, **changes})  # type: ignore[arg-type]


def band(ms: float, low: float, high: float) -> LatencyBand:
    return LatencyBand(quantile=0.95, ms=ms, low_ms=low, high_ms=high)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ((("200", 13), ("503", 7)), (("200", 105),), "before 200 × 13 and 503 × 7, now 200 × 105"),
        ((("200", 20),), (("200", 105),), "200 every time, before and now"),
        ((("no answer in time", 4),), (("200", 1050),), "before no answer in time × 4, now 200 × 1,050"),
        ((), (("200", 105),), "now 200 × 105"),
        ((("503", 4),), (), ""),
        (
            (("200", 9), ("500", 3), ("502", 2), ("503", 1), ("504", 1)),
            (("200", 9), ("500", 1)),
            "before 200 × 9, 500 × 3, 502 × 2 and others × 2, now 200 × 9 and 500 × 1",
        ),
    ],
)
def test_the_mix_of_statuses_is_told(
    before: tuple[tuple[str, int], ...], after: tuple[tuple[str, int], ...], told: str
) -> None:
    assert compare(step(), seen(FAILED, statuses=before), seen(PASSED, statuses=after)).statuses == told


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        (band(912, 430, 1800), band(212, 180, 260), "p95 was 912 ms (430–1,800 ms), now 212 ms (180–260 ms): faster"),
        (band(212, 180, 260), band(912, 430, 1800), "p95 was 212 ms (180–260 ms), now 912 ms (430–1,800 ms): slower"),
        (
            band(300, 240, 900),
            band(212, 180, 260),
            "p95 was 300 ms (240–900 ms), now 212 ms (180–260 ms): no certain difference",
        ),
        (
            band(912, 430, UNBOUNDED_MS),
            band(212, 0, 260),
            "",
        ),
        (
            band(212, 180, UNBOUNDED_MS),
            band(912, 430, UNBOUNDED_MS),
            "",
        ),
    ],
)
def test_latency_is_called_faster_or_slower_only_where_the_bands_are_disjoint(
    was: LatencyBand, now: LatencyBand, told: str
) -> None:
    assert compare(step(), seen(PASSED, latency=(was,)), seen(PASSED, latency=(now,))).latency == told


def test_the_quantile_that_tells_them_apart_is_told() -> None:
    """A dozen samples bound no 95th percentile from above, and what is bounded on one side is left out."""
    before, after = bands([900.0 + n for n in range(30)]), bands([200.0 + n for n in range(30)])
    told = compare(step(), seen(PASSED, latency=after), seen(PASSED, latency=before)).latency
    assert told.startswith("p50 was 214 ms (")
    assert told.endswith(": slower")


@pytest.mark.parametrize(
    ("limit", "now", "change"),
    [
        ("p95 < 400 ms", band(45, 44, 47), ""),
        ("p95 < 400 ms", band(80, 70, 90), "slower"),
        ("status == 200", band(8, 7, 9), "slower"),
        ("status == 200", band(7, 6.8, 9), ""),
        ("p95 < 400 ms", band(3, 2, 4), "faster"),
    ],
)
def test_slower_is_only_what_matters(limit: str, now: LatencyBand, change: str) -> None:
    """A tenth of the step's own limit, or 1.3 times where it sets none; certain is not enough."""
    check = HttpCheck(request=Request(path="/"), expect=("status == 200", limit))
    held = compare(step(check=check), seen(PASSED, latency=(band(6, 5, 6.5),)), seen(PASSED, latency=(now,)))
    assert held.change == change
    assert held.latency.endswith(f": {change or 'hardly a difference'}")


def test_a_speed_that_errors_had_hidden_is_not_called_mended() -> None:
    """It failed by its status: how fast it was nobody knows, and the errors' own speed is no yardstick."""
    check = HttpCheck(request=Request(path="/"), expect=("status == 200", "p95 < 400 ms"))
    wrong = AssertionResult(source="status == 200", held=False, seen="503", expected="200", subject="status")
    error = Sample(number=1, at=0.0, outcome=Outcome.FAILED, status=503, failures=(wrong,))
    before = seen(FAILED, samples=9, failed=9, failures=(error,), latency=(band(3, 2, 4),))
    held = compare(step(check=check), before, seen(PASSED, p95_ms=6.0, latency=(band(6, 5, 7),)))
    assert held.meaning == "It answered 503 before, so its speed was unknown; now p95 6 ms."
    assert held.latency == ""
    few = compare(step(check=check), replace(before, samples=90), seen(PASSED, p95_ms=6.0))
    assert few.meaning == "The bug was there and is gone."


def test_failures_that_answer_at_once_are_no_yardstick() -> None:
    was, now = band(5, 4, 6), band(212, 180, 260)
    told = compare(step(), seen(FAILED, latency=(was,), failed=105), seen(PASSED, latency=(now,))).latency
    assert told.endswith(": slower; most answers before were failures")


def test_without_a_before_only_what_is_now_is_told() -> None:
    now = seen(PASSED, latency=bands([84.0]), statuses=(("200", 1),), shapes=(shape_of({"a": 1}),))
    assert compare(step(), None, now) == Comparison(
        step_id="s1",
        statuses="now 200 × 1",
        meaning="It passes now; before the fix it was not decided, so there is nothing to compare with.",
    )
    assert compare(step(), None, seen(None)) == Comparison(step_id="s1")


def test_the_shapes_of_the_answers_are_compared() -> None:
    before = seen(FAILED, shapes=(shape_of({"id": 1, "total": 2}), shape_of({"id": 1, "total": None})))
    after = seen(PASSED, shapes=(shape_of({"id": 1, "total": "2"}),))
    assert compare(step(), before, after).shape == ("$.total was null or a number, is text",)
    assert compare(step(), before, replace(after, shapes=("{",))).shape == ()


@pytest.mark.parametrize(
    ("role", "before", "after", "told"),
    [
        (Role.CONFIRMATION, FAILED, PASSED, "The bug was there and is gone."),
        (Role.CONFIRMATION, FAILED, FAILED, "The bug is still there."),
        (Role.CONFIRMATION, PASSED, FAILED, "It did not fail before and fails now"),
        (Role.CONFIRMATION, PASSED, PASSED, "Never reproduced here: none of 105 samples failed"),
        (Role.CONTROL, PASSED, PASSED, "Unchanged: it works, as before."),
        (Role.CONTROL, PASSED, FAILED, "Something that worked before is broken now: the fix may have broken it."),
        (Role.CONTROL, FAILED, PASSED, "It was broken too, and works again."),
        (Role.CONTROL, FAILED, FAILED, "It was broken before and still is."),
        (Role.CONTROL, StepVerdict.INCONCLUSIVE, FAILED, "It fails now; before the fix it was not decided"),
        (Role.CONTROL, None, PASSED, "It passes now; before the fix it was not decided"),
        (Role.CONTROL, PASSED, StepVerdict.INCONCLUSIVE, "It could not be decided now"),
        (Role.CONTROL, PASSED, StepVerdict.SKIPPED, ""),
    ],
)
def test_what_a_change_means_depends_on_the_role(
    role: Role, before: StepVerdict | None, after: StepVerdict, told: str
) -> None:
    meaning = compare(step(role), seen(before), seen(after)).meaning
    assert meaning.startswith(told)
    assert bool(meaning) == bool(told)


def test_another_failure_than_before_is_told() -> None:
    """A half-fix, or a fix that broke something: it must not read as if nothing had changed."""

    def failing(sample: Sample) -> StepProgress:
        return seen(FAILED, failures=(sample,))

    status = AssertionResult(source="status == 200", held=False, seen="503", expected="200")
    total = AssertionResult(source="json $.total == 2", held=False, seen="3", expected="2", subject="$.total")
    by_status = failing(Sample(number=1, at=0, outcome=Outcome.FAILED, failures=(status,)))
    by_total = failing(Sample(number=1, at=0, outcome=Outcome.FAILED, failures=(total,)))
    by_other_total = failing(Sample(number=1, at=0, outcome=Outcome.FAILED, failures=(replace(total, seen="4"),)))
    by_fault = failing(Sample(number=1, at=0, outcome=Outcome.FAILED, fault=Fault(kind=FaultKind.RESET)))
    other = "It still fails, in another way than before."
    assert compare(step(), by_status, by_total).meaning == other
    assert compare(step(), by_status, by_fault).meaning == other
    assert compare(step(), by_total, by_other_total).meaning == "The bug is still there."


def test_a_reading_that_held_before_proves_nothing() -> None:
    assert compare(step(check=METRIC), seen(PASSED), seen(PASSED)).meaning == (
        "It held before the fix, too, so it proves nothing."
    )


def run(*progress: StepProgress, steps: tuple[Step, ...] = (step(),)) -> Run:
    return Run(
        id="INC-1-r1",
        incident_id="INC-1",
        number=1,
        kind=RunKind.CONFIRM,
        plan=Plan(version=1, source=PlanSource.MODEL, steps=steps),
        step_ids=tuple(each.id for each in steps),
        service="checkout",
        started_by="U0MIRA",
        started_at=0,
        steps=progress,
    )


def test_never_reproduced_says_what_was_ruled_out_and_what_would_reproduce_it() -> None:
    """1 − 0.05^(1/105) is 2.81 %."""
    assert never_reproduced(run(seen(PASSED)), Service(name="checkout")) == (
        "Never reproduced: none of 105 samples failed, and a fault in more than 2.81 % of such requests would have "
        "been seen with 95 % certainty. What would reproduce it: a new plan with the request that failed, if somebody "
        "knows it; other inputs than the one that was sent, best those of a request that failed; the replicas' "
        "addresses in the catalog, in case only one of them is bad; a window longer than 60 s, in case it comes and "
        "goes."
    )


def test_what_was_varied_already_is_not_asked_for() -> None:
    varied = step(check=replace(HTTP, inputs=('{"sku": "A1"}', '{"sku": "A2"}')))
    told = never_reproduced(run(seen(PASSED, inputs=2), steps=(varied,)), Service(name="x", replicas=("10.0.0.1:80",)))
    assert "inputs" not in told
    assert "replicas" not in told
    assert "replicas" not in never_reproduced(run(seen(PASSED, replicas=3)), Service(name="x"))
    assert "replicas" not in never_reproduced(run(seen(PASSED)), None)


def test_the_least_sampled_step_bounds_what_was_ruled_out() -> None:
    """And single failures are not kept quiet. Controls are not where the bug is looked for."""
    steps = (step(), step(id="s2"), step(Role.CONTROL, id="s3"))
    progress = (seen(PASSED), replace(seen(PASSED, samples=59), step_id="s2"), replace(seen(PASSED), step_id="s3"))
    assert "none of 59 samples of each step failed" in never_reproduced(run(*progress, steps=steps), None)
    single = replace(progress[0], failed=1)
    assert "1 of 164 samples failed, too few to call it broken" in never_reproduced(
        run(single, *progress[1:], steps=steps), None
    )


def test_nothing_is_claimed_where_the_bug_was_seen_or_nothing_was_looked_at() -> None:
    assert never_reproduced(run(seen(FAILED)), None) == ""
    assert never_reproduced(run(seen(StepVerdict.INCONCLUSIVE)), None) == ""
    assert never_reproduced(run(seen(PASSED), steps=(step(check=METRIC),)), None) == ""
    assert never_reproduced(run(), None) == ""


any_progress = st.builds(
    seen,
    st.sampled_from((None, *StepVerdict)),
    samples=st.integers(0, 600),
    failed=st.integers(0, 600),
    statuses=st.lists(st.tuples(st.text(max_size=5), st.integers(1, 600)), max_size=6).map(tuple),
    latency=st.lists(st.floats(0, 1e6), max_size=5).map(bands),
    shapes=st.lists(st.sampled_from(("", "{", '"text"', '{"a":"number"}', "no shape")), max_size=3).map(tuple),
)


@given(any_progress, any_progress, st.sampled_from(Role))
def test_any_two_progresses_compare(before: StepProgress, after: StepProgress, role: Role) -> None:
    compared = compare(step(role), before, after)
    assert bool(compared.meaning) == (after.verdict not in (None, StepVerdict.SKIPPED))
