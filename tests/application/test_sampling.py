"""One step, sampled until it is decided: its schedule, its places, what it must not be fooled by, its take-over."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import replace

import pytest

from fixloop_bot.application.sampling import VOIDS_TO_GIVE_UP, Background
from fixloop_bot.domain.catalog import Allow
from fixloop_bot.domain.decision import ProofSettings
from fixloop_bot.domain.plans import (
    DnsCheck,
    GrpcCheck,
    HttpCheck,
    JourneyCheck,
    Leg,
    ProbedCheck,
    Request,
    Role,
    Step,
    TcpCheck,
    TlsCheck,
    WebsocketCheck,
)
from fixloop_bot.domain.runs import RunKind, StepPhase, StepProgress, StepVerdict
from fixloop_bot.domain.samples import Outcome, Sample
from tests.application.office import LISTED, QUICK, checkout
from tests.application.sampled import Bench, Places, changed, failed, passed, void
from tests.fake_clock import START, FakeClock

PASSED, FAILED, INCONCLUSIVE = StepVerdict.PASSED, StepVerdict.FAILED, StepVerdict.INCONCLUSIVE
SKUS = tuple(f'{{"sku": "A{place}"}}' for place in range(6))
BODY = '{"id": 7, "name": "Tea", "price": 4.5, "stock": 12, "description": "leaves"}'


@pytest.fixture
def bench(clock: FakeClock) -> Bench:
    return Bench(clock)


def step(check: ProbedCheck) -> Step:
    return Step(id="s1", title="It answers", role=Role.CONTROL, check=check)


def http(*lines: str, inputs: tuple[str, ...] = ()) -> Step:
    path = "/products/{{sku}}" if inputs else "/products"
    return step(HttpCheck(request=Request(path=path), expect=lines or ("status == 200",), inputs=inputs))


JOURNEY = step(JourneyCheck(legs=tuple(Leg(request=Request(path=path), expect=()) for path in ("/a", "/b", "/c"))))


# --- what is sampled, and when ---


@pytest.mark.parametrize(
    "check", [TlsCheck(), DnsCheck(), TcpCheck(), GrpcCheck(), WebsocketCheck(path="/live"), JOURNEY.check]
)
async def test_every_probed_check_is_sampled(bench: Bench, check: ProbedCheck) -> None:
    """Over the whole window, and its latency line is a test of its own."""
    bench.step = step(check if isinstance(check, JourneyCheck) else replace(check, expect=("p75 < 400",)))
    assert (await bench.run()).verdict is PASSED
    assert bench.rule.sent[-1][0] - bench.rule.sent[0][0] > 7
    if not isinstance(check, JourneyCheck):
        slow = await bench.run(lambda sample: failed(sample, "p75 < 400"))
        assert (slow.verdict, slow.claim.startswith("too slow > ")) == (FAILED, True)


async def test_broken_is_said_at_once_and_recovered_only_after_the_window(bench: Bench) -> None:
    began = bench.clock.now()
    broken = await bench.run(failed)
    assert (broken.verdict, bench.clock.now() - began < 5) == (FAILED, True)
    assert broken.reason == "status was 503, expected 200 (1 of 1 failed)"
    began = bench.clock.now()
    works = await bench.run()
    assert (works.verdict, bench.clock.now() - began > 8) == (PASSED, True)
    assert 10 <= works.covered_s < 11


async def test_a_window_is_as_long_as_the_incidents_own_period(bench: Bench) -> None:
    """A signal that flapped every 40 s is watched for 40 s; a fault that comes every 40 s is met in it."""
    assert (await bench.run(background=Background(period_s=40.0))).covered_s >= 40
    flapping = lambda sample: failed(sample) if (sample.at - START) % 40 > 30 else sample  # noqa: E731
    assert (await bench.run(flapping, background=Background(period_s=40.0))).verdict is not PASSED


async def test_samples_take_their_place_in_the_services_rate(bench: Bench) -> None:
    """With the catalog's rate and total, and as many requests as a journey has."""
    bench.step = JOURNEY
    bench.service = checkout(allow=replace(bench.service.allow, requests_per_hour=500))
    await bench.run()
    assert {tuple(asked.items()) for asked in bench.places.asked} == {
        (("service", "checkout"), ("per_second", QUICK.per_second), ("per_hour", 500), ("requests", 3))
    }
    assert len(bench.places.asked) == len(bench.rule.sent)


async def test_a_spent_hour_ends_the_step_without_a_verdict(bench: Bench) -> None:
    """It says whose total that is; what is under way is still counted."""
    bench.places = Places(spent_after=5)
    bench.service = checkout(allow=Allow(requests_per_hour=5000))
    progress = await bench.run()
    assert (progress.verdict, progress.samples) == (INCONCLUSIVE, 5)
    assert progress.reason == "the catalog's 5,000 requests an hour for this service are spent"
    bench.places = Places(spent_after=2)
    assert (await bench.run(failed)).verdict is FAILED


async def test_a_spent_plan_ends_the_step_without_a_verdict(bench: Bench) -> None:
    bench.requests = 4
    progress = await bench.run()
    assert (progress.verdict, progress.reason) == (INCONCLUSIVE, "the request budget of the plan is spent")


async def test_a_crowded_service_stretches_the_window(bench: Bench) -> None:
    """Each sample waits for its place: they stay spread, the card counts the time that it really takes."""
    quiet = await bench.run()
    bench.places = Places(wait=lambda: 3.0)
    sampler = bench.sampler()
    began = bench.clock.now()
    async with bench.clock.flowing():
        running = asyncio.create_task(sampler.run(), name="sampler")
        while len(bench.rule.sent) < 4:
            await asyncio.sleep(0.001)
        left, so_far = sampler.progress().window_left_s, bench.clock.now() - began
        await asyncio.wait_for(running, timeout=30)
    crowded = sampler.progress()
    took = bench.clock.now() - began
    assert (quiet.verdict, crowded.verdict) == (PASSED, PASSED)
    assert crowded.covered_s == pytest.approx(took, abs=4)
    assert took > 2 * quiet.covered_s
    assert left == pytest.approx(took - so_far, rel=0.35), "time left follows"


async def test_after_a_stall_nothing_is_caught_up_in_a_burst(bench: Bench) -> None:
    """One sample waits 20 s for its place; those after it keep their slots' width, at random times."""
    waits = iter([0.0] * 4 + [20.0])
    bench.places = Places(wait=lambda: next(waits, 0.0))
    await bench.run()
    times = [at for at, _, _ in bench.rule.sent]
    gaps = [after - before for before, after in itertools.pairwise(times)]
    width = 10 / len(times)
    assert max(gaps) > 19
    after = [at for at in times if at > times[3] + 19]
    assert len([at for at in after if at < after[0] + 3 * width]) <= 5
    assert len({round(gap, 3) for gap in gaps}) > len(gaps) // 2


async def test_samples_are_mostly_fresh_and_every_combination_occurs(bench: Bench) -> None:
    """Six inputs: each is asked on fresh and on kept connections."""
    bench.step = http(inputs=SKUS)
    bench.service = checkout(proof=replace(QUICK, unacceptable=0.05, window_s=60.0, max_samples=600))
    await bench.run()
    seen = [(sample.input, sample.fresh_connection) for sample in bench.samples]
    assert len(set(seen)) == 12
    assert sum(fresh for _, fresh in seen) >= len(seen) / 2


# --- what is told ---


async def test_the_claim_names_what_it_rests_on(bench: Bench) -> None:
    """Replicas and inputs that answered, and the latency with its band."""
    bench.step = http(inputs=SKUS)
    progress = await bench.run(
        lambda sample: changed(sample, replica=f"pod-{sample.number % 3}", shape='{"id":"number"}')
    )
    assert (progress.inputs, progress.replicas) == (6, 3)
    assert progress.claim.endswith(" s, 3 replicas, 6 inputs, 0 failures")
    assert [band.quantile for band in progress.latency] == [0.5, 0.95]
    assert progress.shapes == ('{"id":"number"}',)


async def test_one_bad_replica_is_named(bench: Bench) -> None:
    """Where it alone fails; failures that are spread evenly name nobody."""

    def one_in_four(sample: Sample) -> Sample:
        sample = changed(sample, replica=f"pod-{sample.number % 4}")
        return failed(sample) if sample.replica == "pod-3" else sample

    bench.service = checkout(proof=ProofSettings())
    progress = await bench.run(one_in_four)
    assert progress.verdict is FAILED
    assert progress.reason.endswith("; both failures came from replica pod-3")
    spread = await bench.run(lambda sample: failed(changed(sample, replica=f"pod-{sample.number % 2}")))
    assert "replica" not in spread.reason


# --- not fooled ---


def same(sample: Sample) -> Sample:
    return changed(sample, digest="d1", excerpt=BODY)


async def test_one_answer_to_all_inputs_is_inconclusive(bench: Bench) -> None:
    """Also when the run before had the same: a broken service is no witness of what is normal."""
    bench.step = http(inputs=SKUS)
    progress = await bench.run(same)
    assert (progress.verdict, progress.reason) == (
        INCONCLUSIVE,
        "6 different inputs brought the same answer: it may come from a cache",
    )
    assert progress.claim == ""
    assert (await bench.run(same, background=Background(before=progress))).verdict is INCONCLUSIVE
    varied = await bench.run(lambda sample: changed(sample, digest=f"d{sample.input}", excerpt=BODY))
    assert varied.verdict is PASSED


async def test_an_input_that_always_fails_keeps_its_step_from_passing(bench: Bench) -> None:
    """One product of many is few failures on average, and all of them for whoever wants that product."""
    bench.step = http(inputs=tuple(f'{{"sku": "A{number}"}}' for number in range(5)))
    bench.service = checkout(proof=replace(QUICK, tolerated=0.2, unacceptable=0.5, confidence=0.999, max_samples=600))
    other = lambda sample: changed(sample, digest=f"d{sample.number}")  # noqa: E731
    one = await bench.run(lambda sample: failed(sample) if sample.input == 3 else other(sample))
    assert one.verdict is INCONCLUSIVE
    assert one.reason.startswith("input 4 failed every time it was asked (")


def every(count: int, then: Callable[[Sample], Sample]) -> Callable[[Sample], Sample]:
    return lambda sample: then(sample) if sample.number % count == 0 else sample


@pytest.mark.parametrize("kind", list(RunKind))
async def test_too_many_voids_are_inconclusive_in_every_run(bench: Bench, kind: RunKind) -> None:
    """One in eight is over 5 %, although nothing failed."""
    bench.kind = kind
    progress = await bench.run(every(8, void))
    assert progress.verdict is INCONCLUSIVE
    assert "probes could not look: no network from here" in progress.reason
    assert (await bench.run()).verdict is PASSED


async def test_a_step_that_only_gets_voids_is_given_up(bench: Bench) -> None:
    progress = await bench.run(void)
    assert (progress.verdict, progress.void, progress.samples) == (INCONCLUSIVE, VOIDS_TO_GIVE_UP, 0)
    assert progress.reason == "could not look: no network from here"


@pytest.mark.parametrize("line", ["p75 < 400 ms", "latency < 400"])
async def test_our_own_slowness_is_no_verdict_about_latency(bench: Bench, line: str) -> None:
    """The loop ran 60 ms late, over a tenth of the limit: neither too slow nor fast enough."""
    bench.step = http("status == 200", line)
    for kind in RunKind:
        bench.kind = kind
        slow = await bench.run(lambda sample: failed(sample, line, lag_ms=60.0))
        fast = await bench.run(lambda sample: changed(sample, lag_ms=60.0))
        for progress in (slow, fast):
            assert progress.verdict is INCONCLUSIVE
            assert "FixLoop itself was slow (its loop ran 60 ms late, the limit is 400 ms)" in progress.reason
        assert (await bench.run(lambda sample: changed(sample, lag_ms=39.0))).verdict is PASSED


async def test_lag_is_no_excuse_for_an_error(bench: Bench) -> None:
    """Only what is about latency alone is void; and a rare lag does no harm."""
    bench.step = http("status == 200", "latency < 400")
    assert (await bench.run(lambda sample: failed(sample, lag_ms=500.0))).verdict is FAILED
    assert (await bench.run(lambda sample: failed(sample, "latency < 400"))).verdict is FAILED
    bench.service = checkout(proof=replace(QUICK, unacceptable=0.05, max_samples=600))
    slow = lambda sample: failed(sample, "latency < 400", lag_ms=500.0)  # noqa: E731
    assert (await bench.run(every(30, slow))).verdict is PASSED
    assert (await bench.run(every(10, slow))).verdict is INCONCLUSIVE
    assert (await bench.run(every(10, lambda sample: changed(sample, lag_ms=500.0)))).verdict is PASSED


# --- the watch ---


def after(seconds: float, then: Callable[[Sample], Sample], began: float) -> Callable[[Sample], Sample]:
    return lambda sample: then(sample) if sample.at >= began + seconds else sample


async def test_a_watch_says_when_the_trouble_began(bench: Bench) -> None:
    """After a long good time; at once, and not at the end of the watch."""
    bench.kind, bench.service = (
        RunKind.SOAK,
        checkout(soak_s=600.0, proof=replace(QUICK, unacceptable=0.05, max_samples=600)),
    )
    began = bench.clock.now()
    progress = await bench.run(after(400, failed, began))
    assert progress.verdict is FAILED
    # 1,700,000,000 is 22:13:20 UTC; the trouble begins 400 s later.
    assert progress.reason == "status was 503, expected 200 (4 of the last 4 samples failed, since 22:20 UTC)"
    assert bench.clock.now() - began < 420
    assert progress.samples > 190


async def test_a_watch_notices_what_becomes_too_slow(bench: Bench) -> None:
    bench.kind, bench.step = RunKind.SOAK, http("p95 < 400")
    bench.service = checkout(soak_s=300.0)
    progress = await bench.run(after(150, lambda sample: failed(sample, "p95 < 400"), bench.clock.now()))
    assert progress.verdict is FAILED
    assert "of the last" in progress.reason
    assert "samples were too slow, since 22:15 UTC" in progress.reason


async def test_a_watch_that_is_undecided_at_its_end_goes_on(bench: Bench) -> None:
    """Five failures far apart in 120 samples: neither broken nor fine, so it looks on, and ends when it knows."""
    bench.kind = RunKind.SOAK
    bench.service = checkout(soak_s=240.0, proof=replace(QUICK, unacceptable=0.2, confidence=0.99, max_samples=240))
    clean = await bench.run()
    assert (clean.verdict, clean.samples) == (PASSED, 120)
    rare = await bench.run(lambda sample: failed(sample) if sample.number in (20, 45, 70, 95, 118) else sample)
    assert rare.verdict is PASSED
    assert 120 <= rare.samples < 240


async def test_a_watch_notes_a_latency_that_creeps_up(bench: Bench) -> None:
    """Without a latency line it decides nothing; our own lag is not taken for it."""
    bench.kind, bench.service = RunKind.SOAK, checkout(soak_s=200.0)

    def leaking(lag_ms: float) -> Callable[[Sample], Sample]:
        began = bench.clock.now()
        return lambda sample: changed(sample, latency_ms=20 + (sample.at - began) / 2, lag_ms=lag_ms)

    leak = await bench.run(leaking(0.0))
    assert (leak.verdict, leak.note.startswith("It gets slower: ")) == (PASSED, True)
    assert (await bench.run(leaking(60.0))).note == ""
    assert (await bench.run()).note == ""


# --- taken over ---


def stands(progress: StepProgress) -> StepProgress:
    """Without what only a running worker has."""
    return replace(progress, phase=StepPhase.WAITING, leaning="", covered_s=0.0, window_left_s=0.0, latency=(), note="")


@pytest.mark.parametrize("kind", list(RunKind))
async def test_a_worker_that_takes_over_stands_where_the_other_stood(bench: Bench, kind: RunKind) -> None:
    """Counts, replicas, inputs, voids, lag, answers and the watch are rebuilt from the stored samples."""
    bench.kind, bench.step = kind, http("status == 200", "p75 < 400", inputs=SKUS)

    def mixed(sample: Sample) -> Sample:
        sample = same(changed(sample, replica=f"pod-{sample.number % 2}", lag_ms=50.0 * (sample.number % 9 == 0)))
        return void(sample) if sample.number == 3 else failed(sample, "p75 < 400") if sample.number == 5 else sample

    whole = await bench.run(mixed)
    samples = bench.samples
    cut = len(samples) // 2
    resumed = bench.sampler(mixed, earlier=samples[:cut])
    for sample in samples[cut:]:
        resumed._count(sample)
    resumed._slots.done = len(samples)
    resumed._decide()
    assert stands(resumed.progress()) == stands(whole)


async def test_a_worker_that_takes_over_goes_on_with_the_numbers_and_the_pattern(bench: Bench) -> None:
    """Samples that were under way when the other was killed leave a gap, and no number is given twice."""
    bench.step = http(inputs=SKUS)
    await bench.run()
    whole = {sample.number: sample.fresh_connection for sample in bench.samples}
    earlier = [sample for sample in bench.samples if sample.number in (1, 2, 4, 7)]
    progress = await bench.run(earlier=earlier, chance=2)
    numbers = [number for _, number, _ in bench.rule.sent]
    assert numbers == list(range(8, 8 + len(numbers)))
    assert progress.samples == len(numbers) + 4
    assert {number: fresh for _, number, fresh in bench.rule.sent if number in whole}.items() <= whole.items()


async def test_a_run_that_was_stretched_stays_so_when_it_is_taken_over(bench: Bench) -> None:
    """The window that the card shows is the time that it took, also for the worker that has left."""
    earlier = [
        Sample(number=number, at=START + 9.0 * number, outcome=Outcome.PASSED, status=200) for number in range(1, 6)
    ]
    progress = await bench.run(passed, earlier=earlier)
    assert progress.covered_s > 36 + 5


async def test_a_step_that_is_given_up_sends_no_more(bench: Bench) -> None:
    """Also one that waits for its place."""
    bench.places, bench.step = Places(wait=lambda: 500.0), LISTED
    sampler = bench.sampler()
    async with bench.clock.flowing():
        running = asyncio.create_task(sampler.run(), name="sampler")
        while not bench.places.asked:
            await asyncio.sleep(0.001)
        sampler.give_up("stopped")
        await asyncio.wait_for(running, timeout=10)
    assert bench.rule.sent == []
    assert sampler.progress().reason == "stopped"
