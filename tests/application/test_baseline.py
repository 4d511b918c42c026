"""The baseline: learned from what passes while a service is healthy, and from nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import pytest

from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.application.baseline import IDLE_S, Baseliner
from fixloop_bot.domain.baselines import SETTLED, STRANGE_UNTIL_LEARNED, Baseline, learned
from fixloop_bot.domain.catalog import Allow, Catalog, Origin, Probe, Service
from fixloop_bot.domain.errors import StoreUnavailable
from fixloop_bot.domain.openapi.described import wants_before, with_shapes
from fixloop_bot.domain.plans import GrpcCheck, HttpCheck, ProbedCheck, Request, Role, Step
from fixloop_bot.domain.samples import Outcome, Sample
from fixloop_bot.domain.shapes import merged, shape_of
from tests.application.office import Office, checkout, signal
from tests.fake_clock import START, FakeClock

PAY = Probe(
    name="a cart can be paid",
    request=Request(method="POST", path="/checkout", json_body='{"items": []}'),
    expect=("status == 200", "p95 < 400 ms", "schema openapi", "shape as before"),
    inputs=('{"sku": "A1"}', '{"sku": "A2"}'),
)
LIST = Probe(name="the catalog is there", request=Request(path="/catalog"), expect=("status == 200",))
HEALTH = Probe(name="the rpc side is up", check=GrpcCheck(), expect=GrpcCheck().expect)


def learning(**changes: object) -> Service:
    return checkout(**{"baseline_every_s": 60.0, "probes": (PAY, LIST, HEALTH), **changes})


@dataclass
class Pupil:
    """A service that answers from memory; ``failing`` are its broken paths, ``meanwhile`` happens at each sample."""

    clock: FakeClock
    failing: set[str] = field(default_factory=set)
    asked: list[tuple[str, int]] = field(default_factory=list)
    checks: list[HttpCheck] = field(default_factory=list)
    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def sample(self, service: Service, check: ProbedCheck, *, number: int, fresh: bool) -> Sample:
        del service, fresh
        assert isinstance(check, HttpCheck)
        self.asked.append((check.request.path, number))
        self.checks.append(check)
        if self.meanwhile is not None:
            await self.meanwhile()
        fails = check.request.path in self.failing
        return Sample(
            number=number,
            at=self.clock.now(),
            outcome=Outcome.FAILED if fails else Outcome.PASSED,
            status=503 if fails else 200,
            latency_ms=80.0 + number,
            digest=f"{number:016x}",
            shape=shape_of({"error": "down"} if fails else {"total": 19.99, "lines": [{"sku": "A1"}]}),
        )

    async def fetch_document(self, service: Service, url: str) -> bytes:
        raise AssertionError((service, url))

    def halt(self, reason: str) -> None:
        raise AssertionError(reason)

    def release(self) -> None:
        raise AssertionError


@pytest.fixture
def office(store: RedisStore, clock: FakeClock) -> Office:
    return Office(store, clock, services=(learning(), checkout(name="quiet", match=())))


@pytest.fixture
def pupil(clock: FakeClock) -> Pupil:
    return Pupil(clock)


def baseliner(office: Office, pupil: Pupil, *, name: str = "me", catalog: Catalog | None = None) -> Baseliner:
    return Baseliner(office.store, pupil, catalog=catalog or office.catalog, clock=office.clock, name=name)


async def rounds(office: Office, learner: Baseliner, many: int = 1, *, apart_s: float = 60.0) -> None:
    async with office.clock.flowing():
        for _ in range(many):
            await learner.round()
            office.clock.advance(apart_s)


async def known(office: Office) -> Baseline:
    baseline = await office.store.baseline("checkout")
    assert baseline is not None
    return baseline


async def test_a_healthy_service_is_learned_probe_by_probe(office: Office, pupil: Pupil) -> None:
    """Statuses, shape, latency and how many bodies differ; inputs take turns. Only services that ask for it."""
    await rounds(office, baseliner(office, pupil), 3)
    baseline = await known(office)
    assert [probe.line for probe in baseline.probes] == ["POST /checkout", "GET /catalog"]
    paid = baseline.probes[0]
    assert (paid.samples, paid.statuses) == (3, (("200", 3),))
    assert paid.shape == '{"lines":[{"sku":"text"}],"total":"number"}'
    assert len(paid.digests) == len(paid.latencies_ms) == 3
    assert [band.quantile for band in paid.latency] == [0.5, 0.95]
    assert START <= baseline.since < baseline.until
    numbers = [number for path, number in pupil.asked if path == "/checkout"]
    assert [(number - numbers[0]) % 20 for number in numbers] == [0, 1, 2]
    assert await office.store.baseline("quiet") is None


async def test_what_was_learned_becomes_the_shape_as_before(office: Office, pupil: Pupil) -> None:
    """The first incident's plan finds it, also in another process."""
    await rounds(office, baseliner(office, pupil))
    step = Step(id="s1", title="Pay", role=Role.CONFIRMATION, check=HttpCheck(request=PAY.request, expect=PAY.expect))
    (made,) = with_shapes([step], await office.store.baseline("checkout"))
    assert isinstance(made.check, HttpCheck)
    assert not any(map(wants_before, made.check.expect))


async def test_nothing_is_asked_that_one_answer_cannot_tell(office: Office, pupil: Pupil) -> None:
    """Slow answers of a healthy service belong to its baseline; references have nothing to refer to yet."""
    await rounds(office, baseliner(office, pupil))
    assert pupil.checks[0].expect == ("status == 200",)
    assert pupil.checks[0].inputs == PAY.inputs


async def test_a_round_waits_for_its_time_also_after_a_restart(office: Office, pupil: Pupil) -> None:
    await rounds(office, baseliner(office, pupil), 5, apart_s=10)
    assert len(pupil.asked) == 2
    await rounds(office, baseliner(office, pupil), 1, apart_s=0)
    assert len(pupil.asked) == 2
    await rounds(office, baseliner(office, pupil), 2, apart_s=15)
    assert len(pupil.asked) == 4


async def test_what_fails_teaches_nothing(office: Office, pupil: Pupil) -> None:
    """Neither its status nor its shape; the other probes go on."""
    pupil.failing.add("/checkout")
    learner = baseliner(office, pupil)
    await rounds(office, learner)
    assert [probe.line for probe in (await known(office)).probes] == ["GET /catalog"]
    pupil.failing = {"/checkout", "/catalog"}
    before = await known(office)
    await rounds(office, learner)
    assert len(pupil.asked) == 4
    assert await known(office) == before


async def test_an_incident_ends_the_learning(office: Office, pupil: Pupil) -> None:
    await office.receive(signal())
    await rounds(office, baseliner(office, pupil))
    assert pupil.asked == []
    assert await office.store.baseline("checkout") is None


async def test_another_services_incident_does_not(office: Office, pupil: Pupil) -> None:
    await office.receive(signal(service="payments", tags=("service:payments",)))
    assert await office.store.open_incidents() == ["INC-1"]
    await rounds(office, baseliner(office, pupil))
    assert len(pupil.asked) == 2


async def test_a_round_in_which_an_incident_began_is_forgotten(office: Office, pupil: Pupil) -> None:
    """The trouble is older than its alert."""

    async def trouble() -> None:
        if len(pupil.asked) == 2:
            await office.intake.receive(signal())
            await office.inbox.take_all()

    pupil.meanwhile = trouble
    await rounds(office, baseliner(office, pupil))
    assert len(pupil.asked) == 2
    assert await office.store.open_incidents() == ["INC-1"]
    assert await office.store.baseline("checkout") is None


async def test_a_halted_fixloop_sends_nothing(office: Office, pupil: Pupil) -> None:
    """From one sample to the next."""
    learner = baseliner(office, pupil)

    async def halt() -> None:
        await office.store.halt("mira")

    pupil.meanwhile = halt
    await rounds(office, learner, 2)
    assert len(pupil.asked) == 1
    assert await office.store.baseline("checkout") is None
    pupil.meanwhile = None
    await office.store.resume()
    await rounds(office, learner)
    assert len(pupil.asked) == 3


async def test_an_hours_budget_that_is_spent_is_respected(office: Office, pupil: Pupil) -> None:
    """Incidents need it more."""
    allow = Allow(origins=(Origin.of("https://checkout.example.com"),), methods=("GET", "POST"), requests_per_hour=3)
    catalog = Catalog(services=(learning(allow=allow),))
    await rounds(office, baseliner(office, pupil, catalog=catalog), 3)
    assert len(pupil.asked) == 3


async def test_one_process_learns_for_all(office: Office, pupil: Pupil) -> None:
    async with office.clock.flowing():
        tasks = [
            asyncio.create_task(baseliner(office, pupil, name=name).run(), name=name) for name in ("one", "another")
        ]
        while len(pupil.asked) < 6:
            await asyncio.sleep(0.001)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    paths = [path for path, _ in pupil.asked]
    assert paths == ["/checkout", "/catalog"] * (len(paths) // 2)


async def test_a_store_that_fails_pauses_the_learning(
    office: Office, pupil: Pupil, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on when the store is back."""
    learner, began = baseliner(office, pupil), office.clock.now()
    leads = office.store.lead
    failed: list[str] = []

    async def lead(what: str, who: str, *, seconds: float) -> bool:
        if not failed:
            failed.append(what)
            raise StoreUnavailable("The store did not answer.")
        return await leads(what, who, seconds=seconds)

    monkeypatch.setattr(office.store, "lead", lead)
    async with office.clock.flowing():
        task = asyncio.create_task(learner.run(), name="learner")
        while not pupil.asked:
            await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.wait({task})
    assert failed == ["baseline"]
    assert office.clock.now() - began >= IDLE_S


def test_figures_follow_the_last_samples_and_a_shape_only_widens() -> None:
    """200 latencies, 50 bodies; a void sample teaches as little as a failed one."""

    def sample(number: int, outcome: Outcome = Outcome.PASSED) -> Sample:
        document = {"id": 1} if number % 2 else {"id": "a", "note": None}
        return Sample(
            number=number,
            at=START,
            outcome=outcome,
            status=200,
            latency_ms=float(number),
            digest=str(number % 60),
            shape=shape_of(document),
        )

    probe = learned(None, "GET /", [sample(number) for number in range(300)])
    assert (probe.samples, len(probe.latencies_ms), probe.latencies_ms[-1]) == (300, 200, 299.0)
    assert len(probe.digests) == 50
    assert probe.digests[-1] == str(299 % 60)
    assert probe.shape == '{"id":"number|text","note?":"null"}'
    assert learned(probe, "GET /", [sample(7, Outcome.VOID), sample(8, Outcome.FAILED)]) == probe


def test_another_shape_waits_until_it_was_a_change_and_no_bug() -> None:
    """A bug is older than its alert: what it does to the answers must not become what is normal."""
    good, odd = shape_of({"total": 1.5}), shape_of({"total_cents": 150})

    def sample(shape: str) -> Sample:
        return Sample(number=1, at=0, outcome=Outcome.PASSED, status=200, latency_ms=5, shape=shape)

    known = learned(None, "POST /checkout", [sample(good)] * SETTLED)
    kept = learned(known, "POST /checkout", [sample(odd)] * 5 + [sample(good)])
    assert (kept.shape, kept.samples, kept.strange) == (good, SETTLED + 1, 5)
    changed = learned(replace(kept, strange=STRANGE_UNTIL_LEARNED), "POST /checkout", [sample(odd)])
    assert changed.shape == merged([good, odd])
    assert changed.strange == 0
