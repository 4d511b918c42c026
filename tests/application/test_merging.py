"""Two incidents are one: the first ends as merged, the second has its troubles, once, whatever comes between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.adapters.slack.blocks.signals import signals_text, title
from fixloop_bot.application.intake import Intake
from fixloop_bot.application.jobs import EXECUTE_RUN
from fixloop_bot.application.ledger import Change, Ledger
from fixloop_bot.application.merging import LOCK, TAKE_OVER, Merging
from fixloop_bot.application.signpost import Signpost
from fixloop_bot.domain.errors import StoreUnavailable
from fixloop_bot.domain.feed import row_of
from fixloop_bot.domain.incidents import Incident, State
from fixloop_bot.domain.runs import RecoveryVerdict
from fixloop_bot.domain.setbacks import setback
from fixloop_bot.domain.signals import Transition
from tests.application.office import JONAS, MIRA, Office, Town, checkout, signal
from tests.fake_clock import START, FakeClock


@pytest.fixture
async def two(store: RedisStore, clock: FakeClock) -> Office:
    """INC-1 of checkout and INC-2 of cart, both open, with plans and confirm runs."""
    office = Office(store, clock, services=(checkout(), checkout(name="cart", match=(("service", "cart"),))))
    office.shop.broken["/checkout"] = 1.0
    await office.receive(signal(), signal(at=1, identity="c2", service="cart", tags=("service:cart",)))
    await office.settle(but=(TAKE_OVER,))
    return office


async def merge(office: Office, source: str, target: str, *, user: str = MIRA) -> list[str]:
    return await office.wish("merge", user=user, incident=source, fields=(("target", target),), place="modal")


async def test_the_merged_one_ends_and_the_other_has_its_troubles(two: Office) -> None:
    """Each says so in its timeline, with who."""
    (told,) = await merge(two, "INC-2", "INC-1")
    assert told == "INC-2 is merged into <https://slack.test/archives/C0CHECKOUT/p10001|INC-1>."
    await two.settle()
    source, target = await two.incident("INC-2"), await two.incident()
    assert (source.state, source.merged_into, source.resolved_by) == (State.RESOLVED, "INC-1", MIRA)
    assert target.merged == ("INC-2",)
    assert [line.identity for line in target.signals] == ["cycle:1", "c2"]
    assert (source.timeline[-1].what, source.timeline[-1].place) == ("merged into INC-1", "modal")
    assert target.timeline[-1].what.startswith("took over INC-2 (cart: ")
    assert await two.store.open_incidents() == ["INC-1"]


async def test_a_firing_trouble_reopens_a_proven_one(two: Office) -> None:
    """No proof covers a trouble that it has not seen: the verdict is taken back, and the plan runs again."""
    two.shop.broken.clear()
    two.datadog.value, two.datadog.monitor = 0.0, "OK"
    await two.receive(signal(Transition.RECOVERED, at=30))
    await two.settle(but=(EXECUTE_RUN,))
    await two.settle()
    proven = await two.incident()
    assert (proven.state, proven.verdict) == (State.RECOVERED, RecoveryVerdict.PROVEN)
    await merge(two, "INC-2", "INC-1")
    await two.settle(but=(EXECUTE_RUN,))
    after = await two.incident()
    assert (after.state, after.verdict, after.reopened) == (State.OPEN, None, 1)
    assert after.active_run is not None
    back = setback(after)
    assert back is not None
    assert back.why == "INC-2 was merged into it"


async def test_the_one_that_takes_over_keeps_its_title(two: Office) -> None:
    """A declaration never recovers: it must not lead the card of an incident that a monitor has opened."""
    await two.receive(signal(Transition.RECOVERED, at=30))
    await two.settle()
    own = row_of(await two.incident()).title
    await two.wish("declare", place="modal", fields=(("other", "mail"), ("what", "Mails are late")))
    await two.settle()
    declared = next(each for each in await two.store.open_incidents() if each not in ("INC-1", "INC-2"))
    for other in (declared, "INC-2"):
        await merge(two, other, "INC-1")
        await two.settle()
    grown = await two.incident()
    assert (title(grown).split(" · ")[1], row_of(grown).title) == (own, own)
    assert "Mails are late" in signals_text(grown)
    await two.receive(signal(Transition.RE_TRIGGERED, at=90, identity="c2", service="cart", tags=("service:cart",)))
    await two.settle()
    assert row_of(await two.incident()).title == own


async def test_its_runs_stop(two: Office) -> None:
    """What was being tested is tested in the other one."""
    await two.wish("validate", incident="INC-2")
    run = (await two.incident("INC-2")).active_run
    assert run is not None
    await merge(two, "INC-2", "INC-1")
    assert await two.store.stopped_by(run) == MIRA
    await two.settle()
    assert (await two.incident("INC-2")).state is State.RESOLVED


@pytest.mark.parametrize("taken", [False, True], ids=["between the two writes", "afterwards"])
async def test_later_alerts_of_it_go_to_the_other_one(two: Office, taken: bool) -> None:
    """Whether or not the second write has come by then."""
    await merge(two, "INC-2", "INC-1")
    if taken:
        await two.settle()
    await two.receive(signal(Transition.RE_TRIGGERED, at=90, identity="c2", service="cart", tags=("service:cart",)))
    await two.settle()
    assert await two.store.open_incidents() == ["INC-1"]
    line = next(line for line in (await two.incident()).signals if line.identity == "c2")
    assert line.transition is Transition.RE_TRIGGERED
    assert (await two.incident("INC-2")).state is State.RESOLVED


class MergesFirst(Ledger):
    """Somebody merges in the very moment in which a signal has found its incident, and not yet entered it."""

    def __init__(self, office: Office) -> None:
        super().__init__(office.store, office.tray)
        self._office: Office | None = office

    async def change(self, incident_id: str, decide: Callable[[Incident], Change | None]) -> Incident | None:
        office, self._office = self._office, None
        if office is not None:
            await merge(office, "INC-2", "INC-1")
        return await super().change(incident_id, decide)


async def test_a_signal_that_meets_the_merge_follows_it(two: Office) -> None:
    """The merged one stays ended: a Re-Triggered would have opened it again, half merged."""
    late = signal(Transition.RE_TRIGGERED, at=90, identity="c2", service="cart", tags=("service:cart",))
    intake = Intake(two.store, MergesFirst(two), catalog=two.catalog, clock=two.clock, default_channel="C0DEFAULT")
    await intake.receive(late)
    await intake.take(late.id)
    await two.settle()
    assert (await two.incident("INC-2")).state is State.RESOLVED
    line = next(line for line in (await two.incident()).signals if line.identity == "c2")
    assert line.transition is Transition.RE_TRIGGERED


async def test_twice_is_once(two: Office) -> None:
    """The click, the job, and both again."""
    await merge(two, "INC-2", "INC-1")
    await two.settle()
    before = await two.incident()
    assert await merge(two, "INC-2", "INC-1") == []
    await two.handlers[TAKE_OVER]("INC-2", "INC-1", MIRA)
    assert await two.incident() == before


@pytest.mark.parametrize(
    ("source", "target", "says"),
    [
        ("INC-1", "INC-1", "cannot be merged into itself"),
        ("INC-1", "INC-9", "There is no incident INC-9."),
        ("INC-9", "INC-1", "There is no incident INC-9."),
        ("INC-1", "", "Merge it into which"),
    ],
)
async def test_what_cannot_be_merged(two: Office, source: str, target: str, says: str) -> None:
    """Changes nothing, and says why."""
    before = await two.incident()
    (told,) = await merge(two, source, target)
    assert says in told
    assert await two.incident() == before


async def test_resolved_ones_are_not_merged(two: Office) -> None:
    """Neither of the two."""
    await two.resolve("INC-2")
    assert "resolved" in (await merge(two, "INC-2", "INC-1"))[0]
    assert "resolved" in (await merge(two, "INC-1", "INC-2"))[0]
    assert (await two.incident()).is_open


async def test_two_who_merge_into_each_other_leave_one_open(two: Office) -> None:
    """In the same moment; the loser is told."""
    async with two.clock.flowing():
        await asyncio.gather(merge(two, "INC-1", "INC-2"), merge(two, "INC-2", "INC-1", user=JONAS))
    await two.settle()
    assert len(await two.store.open_incidents()) == 1


async def test_a_merge_whose_process_was_killed_is_done_by_the_next(two: Office) -> None:
    """The lock that it left behind ends by itself; nobody is told to try again for it."""
    left = await two.store.lock(LOCK, seconds=60)
    assert left is not None
    async with two.clock.flowing():
        merging = asyncio.create_task(merge(two, "INC-2", "INC-1"))
        began = two.clock.now()
        while two.clock.now() < began + 2:
            await asyncio.sleep(0)
        await two.store.unlock(LOCK, left)
        (told,) = await merging
    assert told.startswith("INC-2 is merged into")


async def test_a_merged_one_is_not_reopened(two: Office) -> None:
    """There is no thread to go on with here."""
    await merge(two, "INC-2", "INC-1")
    await two.settle()
    assert await two.wish("reopen", incident="INC-2") == ["INC-2 was merged into INC-1: go on there."]


async def test_a_chain_ends_at_the_last(store: RedisStore, clock: FakeClock) -> None:
    """A target that was merged on meanwhile hands the troubles on."""
    names = ("checkout", "cart", "docs")
    office = Office(store, clock, services=tuple(checkout(name=name, match=(("service", name),)) for name in names))
    await office.receive(
        *(signal(at=at, identity=f"c{at}", service=name, tags=(f"service:{name}",)) for at, name in enumerate(names))
    )
    await office.settle(but=(EXECUTE_RUN,))
    await merge(office, "INC-3", "INC-2")
    await merge(office, "INC-2", "INC-1")
    await office.settle()
    identities = {line.identity for line in (await office.incident()).signals}
    assert identities >= {"c0", "c1", "c2"}
    await office.receive(signal(Transition.RE_TRIGGERED, at=90, identity="c2", service="docs", tags=("service:docs",)))
    assert await office.store.open_incidents() == ["INC-1"]


async def test_a_trouble_that_arrives_in_a_resolved_incident_opens_it_again(two: Office) -> None:
    """Somebody resolves the target between the two writes: they have not seen what still fires there."""
    await merge(two, "INC-2", "INC-1")
    await two.resolve("INC-1", by=JONAS)
    await two.settle(but=(EXECUTE_RUN,))
    after = await two.incident()
    assert (after.state, after.reopened) == (State.OPEN, 1)
    assert [line.identity for line in after.signals if line.firing] == ["cycle:1", "c2"]
    assert await two.store.open_incidents() == ["INC-1"]


async def test_what_has_recovered_reopens_no_resolved_incident(two: Office) -> None:
    """It is only noted where it went."""
    await two.receive(signal(Transition.RECOVERED, at=30, identity="c2", service="cart", tags=("service:cart",)))
    await two.settle()
    await merge(two, "INC-2", "INC-1")
    await two.resolve("INC-1", by=JONAS)
    await two.settle()
    after = await two.incident()
    assert (after.state, after.merged) == (State.RESOLVED, ("INC-2",))


class MovesOn(Ledger):
    """The target is itself merged, in the moment in which its new troubles are on the way to it."""

    def __init__(self, office: Office) -> None:
        super().__init__(office.store, office.tray)
        self._office: Office | None = office

    async def change(self, incident_id: str, decide: Callable[[Incident], Change | None]) -> Incident | None:
        office, self._office = self._office, None
        if office is not None:
            await merge(office, "INC-2", "INC-1")
            await office.settle(but=(EXECUTE_RUN,))
        return await super().change(incident_id, decide)


async def test_troubles_follow_a_target_that_is_merged_while_they_come(store: RedisStore, clock: FakeClock) -> None:
    """The last one of the chain has them all, and shows them."""
    names = ("checkout", "cart", "docs")
    office = Office(store, clock, services=tuple(checkout(name=name, match=(("service", name),)) for name in names))
    await office.receive(
        *(signal(at=at, identity=f"c{at}", service=name, tags=(f"service:{name}",)) for at, name in enumerate(names))
    )
    await office.settle(but=(EXECUTE_RUN,))
    await merge(office, "INC-3", "INC-2")
    job = next(job for job in office.tray.jobs.values() if job.name == TAKE_OVER)
    del office.tray.jobs[job.key]
    late = Merging(store, store, MovesOn(office), Signpost(store, permalink=Town.permalink), clock=clock)
    await late.take_over(*job.args)
    await office.settle(but=(EXECUTE_RUN,))
    assert {line.identity for line in (await office.incident()).signals} == {"c0", "c1", "c2"}


async def test_a_merge_that_is_done_again_stops_the_run_that_it_had_not_stopped(
    two: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process was killed between the write and the stop; the job comes again."""
    await two.wish("validate", incident="INC-2")
    run = (await two.incident("INC-2")).active_run
    assert run is not None
    with monkeypatch.context() as killed:
        killed.setattr(two.store, "stop_run", _killed)
        with pytest.raises(StoreUnavailable):
            await merge(two, "INC-2", "INC-1")
    assert await merge(two, "INC-2", "INC-1") == []
    assert await two.store.stopped_by(run) == MIRA


async def _killed(*_: object) -> None:
    raise StoreUnavailable("The store did not answer.")


async def test_the_newer_word_of_a_trouble_counts_that_both_have_seen(two: Office) -> None:
    """A monitor without cycles fired again after INC-1 was resolved, and opened INC-3; INC-1 was reopened by hand."""
    two.shop.broken.clear()
    two.datadog.value, two.datadog.monitor = 0.0, "OK"
    await two.receive(signal(Transition.RECOVERED, at=30))
    await two.settle()
    await two.resolve("INC-1")
    now = two.clock.now() - START
    await two.receive(signal(at=now + 60))
    await two.settle()
    (opened,) = {*await two.store.open_incidents()} - {"INC-2"}
    assert [line.identity for line in (await two.incident(opened)).signals] == ["cycle:1"]
    await two.wish("reopen", incident="INC-1")
    await merge(two, opened, "INC-1")
    await two.settle(but=(EXECUTE_RUN,))
    (line,) = (await two.incident()).signals
    assert (line.transition, line.last_at, line.merged, line.seen) == (Transition.TRIGGERED, START + now + 60, False, 3)
