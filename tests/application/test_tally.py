"""What samples add up to, and the words for it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from fixloop_bot.application import findings
from fixloop_bot.application.tally import Tally
from fixloop_bot.domain.decision import ProofSettings
from fixloop_bot.domain.expectations import expect
from fixloop_bot.domain.runs import RunKind
from fixloop_bot.domain.samples import Fault, FaultKind, Outcome, Sample
from tests.application.sampled import changed, failed, void


def sample(number: int = 1, **changes: object) -> Sample:
    known = {"number": number, "at": float(number), "outcome": Outcome.PASSED, "status": 200, "latency_ms": 20.0}
    return Sample(**{**known, **changes})  # type: ignore[arg-type]


def tally(
    samples: Sequence[Sample], *lines: str, kind: RunKind = RunKind.VALIDATE, settings: ProofSettings | None = None
) -> Tally:
    made = Tally(
        settings=settings or ProofSettings(),
        lines=[expect.parse(line) for line in lines],
        kind=kind,
        soak_samples=300,
    )
    for each in samples:
        made.add(each)
    return made


def test_a_void_sample_is_no_evidence_and_its_reason_no_failures_reason() -> None:
    """Whatever is more frequent: the words under a failed step are about the service."""
    made = tally([void(sample(number)) for number in range(9)] + [failed(sample())])
    assert (made.judged, made.failed, made.void) == (1, 1, 9)
    assert findings.failure(made) == "status was 503, expected 200 (1 of 1 failed)"
    assert findings.could_not_look(made) == "could not look: no network from here"


def test_a_fault_says_nothing_about_latency() -> None:
    refused = sample(outcome=Outcome.FAILED, fault=Fault(kind=FaultKind.REFUSED), status=None, latency_ms=None)
    made = tally([refused] * 3 + [sample()], "p95 < 400")
    assert (made.main.failures, made.lateness.slow["p95 < 400"].samples) == (3, 1)
    assert made.statuses == {"connection refused": 3, "200": 1}


def test_what_is_only_too_slow_is_no_error() -> None:
    made = tally([failed(sample(), "p95 < 400")] * 2, "p95 < 400")
    assert (made.failed, made.leading.failures, made.counts) == (0, 2, (2, 2))


def test_a_slow_sample_during_our_own_lag_is_left_out_of_the_latency_test_only() -> None:
    """For the line whose limit the lag could matter to; the answer itself counts."""
    late = failed(sample(lag_ms=60.0), "p95 < 400")
    made = tally([late, sample(lag_ms=30.0), sample()], "p95 < 400", "p99 < 900")
    assert (made.judged, made.void) == (3, 0)
    assert {source: test.samples for source, test in made.lateness.slow.items()} == {"p95 < 400": 2, "p99 < 900": 3}
    assert made.own_slowness == "FixLoop itself was slow (its loop ran 60 ms late, the limit is 400 ms)"


def test_a_process_that_was_frozen_blames_nobody_for_the_time() -> None:
    """A paused machine meets its own time-outs when it wakes; a refusal is one whatever the lag."""
    gone = sample(outcome=Outcome.FAILED, fault=Fault(kind=FaultKind.TIMEOUT), status=None, latency_ms=None)
    made = tally([changed(gone, lag_ms=14_994.0)])
    assert (made.void, made.judged) == (1, 0)
    assert findings.could_not_look(made) == "could not look: FixLoop itself was slow (its loop ran 15 s late)"
    assert tally([changed(gone, lag_ms=20.0)]).failed == 1
    refused = changed(gone, fault=Fault(kind=FaultKind.REFUSED), lag_ms=14_994.0)
    assert tally([refused]).failed == 1


def test_what_was_fast_enough_in_spite_of_our_lag_was_fast_enough() -> None:
    """Lag only adds; but an instrument that lags most of the time measures nothing."""
    now_and_then = tally([sample(lag_ms=60.0), sample(), sample()], "p95 < 400")
    assert (now_and_then.lateness.slow["p95 < 400"].samples, now_and_then.own_slowness) == (3, "")
    assert (
        "its loop ran 60 ms late"
        in tally([sample(lag_ms=60.0), sample(lag_ms=60.0), sample()], "p95 < 400").own_slowness
    )


def test_a_plain_latency_line_that_lag_explains_makes_the_sample_void() -> None:
    """And not where another line failed, or one whose limit the lag does not reach."""
    late = failed(sample(lag_ms=60.0), "latency < 400")
    assert (tally([late], "latency < 400").void, tally([late], "latency < 400").judged) == (1, 0)
    both = changed(late, failures=(*late.failures, *failed(sample()).failures))
    assert tally([both], "latency < 400").failed == 1
    assert tally([changed(late, lag_ms=39.0)], "latency < 400").failed == 1


@pytest.mark.parametrize(
    ("failing", "told"),
    [
        (["a", "a"], "both failures came from replica a"),
        (["a"] * 7, "all 7 failures came from replica a"),
        (["a"] * 6 + ["b"], "6 of 7 failures came from replica a"),
        (["a"] * 3 + ["b"] * 3, ""),
        (["a"], ""),
        ([None] * 4, ""),
    ],
)
def test_a_replica_that_stands_out_is_named(failing: list[str | None], told: str) -> None:
    others = [sample(replica=name) for name in "abcd" * 8]
    assert findings.one_replica(tally([failed(sample(replica=name)) for name in failing] + others)) == told


def test_a_replica_that_answers_nearly_all_does_not_stand_out() -> None:
    """It would bring most failures by mere share."""
    others = [sample(replica="a")] * 20 + [sample(replica="b")] * 2
    assert findings.one_replica(tally([failed(sample(replica="a"))] * 4 + others)) == ""


def test_a_step_that_passes_has_its_odd_replica_noted() -> None:
    """It decides nothing, and somebody should know."""
    others = [sample(replica=name) for name in "abcd" * 40]
    assert findings.note(tally([failed(sample(replica="c"))] * 2 + others)) == "Both failures came from replica c."
    assert findings.note(tally(others)) == ""


def test_a_soak_spends_half_of_alpha_on_each_of_its_two_tests() -> None:
    assert tally([], kind=RunKind.SOAK).main.settings.alpha == 0.025
    assert tally([], kind=RunKind.VALIDATE).main.settings.alpha == 0.05


def test_a_long_soak_shows_all_its_samples() -> None:
    """Also when its sequential test has closed at the cap; the watch goes on after it."""
    made = tally([sample(number) for number in range(700)], kind=RunKind.SOAK)
    assert made.counts == (700, 0)
    for number in range(700, 706):
        made.add(failed(sample(number)))
    assert made.broken
    assert findings.failure(made).startswith(
        "status was 503, expected 200 (4 of the last 4 samples failed, since 00:11"
    )
