"""The store on a real server: every write atomic, every race decided once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from fixloop_bot.adapters.redis.codec import VERSIONS, Codec
from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.application.jobs import Job
from fixloop_bot.application.views import PartRef, ThreadRefs
from fixloop_bot.domain.errors import Conflict, NewerDocument, StoreUnavailable
from fixloop_bot.domain.happenings import Entry, Happening
from fixloop_bot.domain.incidents import Incident, Move, advance
from fixloop_bot.domain.plans import Plan, PlanSource
from fixloop_bot.domain.runs import Run, RunKind
from fixloop_bot.domain.samples import Outcome, Sample
from tests.application.office import STEPS, signal
from tests.conftest import endless_keys
from tests.fake_clock import START, FakeClock

JOB = Job(name="refresh_thread", args=("INC-1",), key="refresh:1")


def incident(number: int = 1, *, service_key: str = "checkout|prod", identity: str = "cycle:1") -> Incident:
    from fixloop_bot.domain.absorption import line_after

    return Incident(
        id=f"INC-{number}",
        number=number,
        service_key=service_key,
        service="checkout",
        label="checkout",
        title="Errors",
        channel="C1",
        opened_at=START,
        signals=(line_after(None, signal(identity=identity)),),
    )


def run(number: int = 1) -> Run:
    return Run(
        id=f"INC-1-r{number}",
        incident_id="INC-1",
        number=number,
        kind=RunKind.CONFIRM,
        plan=Plan(version=1, source=PlanSource.MODEL, steps=STEPS),
        step_ids=("s1",),
        service="checkout",
        started_by="fixloop",
        started_at=START,
    )


async def created(store: RedisStore, each: Incident) -> Incident:
    made = await store.create_incident(each)
    assert made is not None
    return made


async def test_an_incident_comes_back_as_it_was(store: RedisStore) -> None:
    """With the revision that the store gave it."""
    made = await created(store, incident())
    assert await store.incident("INC-1") == made
    assert made.revision == 1


async def test_of_two_writers_the_second_is_told(store: RedisStore) -> None:
    """Compare-and-set: nobody overwrites what he has not read, and the loser changes nothing."""
    made = await created(store, incident())
    await store.save_incident(replace(made, title="first"))
    with pytest.raises(Conflict, match="INC-1 was changed by somebody else"):
        await store.save_incident(replace(made, title="second"), jobs=[JOB])
    stored = await store.incident("INC-1")
    assert stored is not None
    assert stored.title == "first"
    assert await store.waiting_jobs() == []


async def test_a_service_has_one_open_incident(store: RedisStore) -> None:
    """Ten processes open one at once: one does, nine are told to join it."""
    made = await asyncio.gather(*(store.create_incident(incident(number)) for number in range(1, 11)))
    winners = [each for each in made if each is not None]
    assert len(winners) == 1
    assert await store.open_incident_of("checkout|prod") == winners[0].id
    assert await store.open_incidents() == [winners[0].id]


async def test_jobs_and_a_run_are_part_of_the_same_write(store: RedisStore) -> None:
    """Killed right after it, nothing is lost: the outbox has the job, and the run exists."""
    made = await created(store, incident())
    await store.save_incident(replace(made, active_run="INC-1-r1"), jobs=[JOB], run=run())
    assert await store.waiting_jobs() == [JOB]
    assert await store.run("INC-1-r1") == run()
    await store.jobs_taken([JOB.key])
    assert await store.waiting_jobs() == []


async def test_a_resolved_incident_frees_its_service(store: RedisStore) -> None:
    """Then the next alert opens another one; and a late write of the old one takes nothing from the new one."""
    old = await created(store, incident(1))
    old = await store.save_incident(replace(advance(old, Move.RESOLVE), resolved_at=START))
    await created(store, incident(2))
    await store.save_incident(replace(old, title="its last run was closed late"))
    assert await store.open_incident_of("checkout|prod") == "INC-2"
    assert await store.incident_of_identity("cycle:1") == "INC-2"
    assert await store.open_incidents() == ["INC-2"]


async def test_a_signal_is_stored_once(store: RedisStore) -> None:
    """A repeated delivery is recognised; what is done leaves the inbox, and what cannot be done is put aside."""
    first, second = signal(id="a"), signal(id="b")
    assert await store.remember_signal(first)
    assert not await store.remember_signal(first)
    await store.remember_signal(second)
    assert sorted(await store.unread_signals()) == ["a", "b"]
    assert await store.unread_signal("a") == first
    await store.signal_done("a")
    await store.park_signal("b")
    assert await store.unread_signals() == []
    assert not await store.remember_signal(first), "done, yet still known"


async def test_a_run_belongs_to_its_last_claimant(store: RedisStore) -> None:
    """A worker that was taken for dead, and is only slow, can write neither the run nor a sample."""
    made = await created(store, incident())
    await store.save_incident(made, run=run())
    slow = await store.claim_run("INC-1-r1")
    quick = await store.claim_run("INC-1-r1")
    assert slow is not None
    assert quick is not None
    sample = Sample(number=1, at=START, outcome=Outcome.PASSED)
    with pytest.raises(Conflict, match="taken over by another worker"):
        await store.save_run(replace(slow, reason="slow"))
    with pytest.raises(Conflict):
        await store.add_samples(slow, "s1", [sample])
    await store.add_samples(quick, "s1", [sample])
    await store.save_run(replace(quick, reason="quick"))
    stored = await store.run("INC-1-r1")
    assert stored is not None
    assert (stored.reason, stored.attempt) == ("quick", 2)
    assert await store.samples("INC-1-r1", "s1") == [sample]
    assert await store.claim_run("INC-9-r9") is None


async def test_a_change_during_the_drawing_is_not_lost(store: RedisStore) -> None:
    """Whoever draws a thread may leave only when nothing new has come; whoever finds it busy leaves word."""
    made = await created(store, incident())
    token = await store.enter_thread("INC-1")
    assert token is not None
    await store.thread_is_clean("INC-1")
    assert await store.enter_thread("INC-1") is None, "one writer at a time"
    assert await store.leave_thread("INC-1", token) is False, "the other one had something to show"
    await store.thread_is_clean("INC-1")
    await store.save_incident(made)
    assert await store.leave_thread("INC-1", token) is False, "a save came in between"
    await store.thread_is_clean("INC-1")
    assert await store.leave_thread("INC-1", token) is True
    assert await store.dirty_threads() == []
    assert await store.enter_thread("INC-1") is not None


async def test_a_killed_drawer_leaves_its_thread_marked_for_the_next(store: RedisStore, redis: Redis) -> None:
    """It took the mark and died: the job that comes in its place finds the lock, and marks the thread again."""
    await created(store, incident())
    assert await store.enter_thread("INC-1") is not None
    await store.thread_is_clean("INC-1")
    assert await store.enter_thread("INC-1") is None
    assert await store.dirty_threads() == ["INC-1"]
    assert 0 < await redis.pttl("fixloop:lock:thread:INC-1") <= 8_000, "frozen for seconds, not for a minute"


async def test_a_postponed_thread_waits_and_is_not_forgotten(store: RedisStore, redis: Redis) -> None:
    """Slack asked to wait: nobody may try before, and the mark brings somebody afterwards."""
    token = await store.enter_thread("INC-1")
    assert token is not None
    await store.thread_is_clean("INC-1")
    await store.postpone_thread("INC-1", token, seconds=20)
    assert 15_000 < await redis.pttl("fixloop:lock:thread:INC-1") <= 20_000
    assert await store.dirty_threads() == ["INC-1"]
    await store.postpone_thread("INC-1", token, seconds=0)
    assert await store.enter_thread("INC-1") is not None


async def test_a_lost_lock_is_not_taken_back(store: RedisStore, redis: Redis) -> None:
    """A drawer that slept through its lock neither holds nor frees somebody else's."""
    old = await store.enter_thread("INC-1")
    assert old is not None
    await redis.delete("fixloop:lock:thread:INC-1")
    assert await store.enter_thread("INC-1") is not None
    await store.hold_thread("INC-1", old)
    await store.postpone_thread("INC-1", old, seconds=0)
    assert await store.leave_thread("INC-1", old) is True, "it has nothing more to do"
    assert await store.enter_thread("INC-1") is None, "the other one still holds it"


async def test_one_process_leads(store: RedisStore) -> None:
    """And stays the leader by asking again."""
    assert await store.lead("watch", "a", seconds=60)
    assert not await store.lead("watch", "b", seconds=60)
    assert await store.lead("watch", "a", seconds=60)


async def test_marks_are_made_once_and_counted(store: RedisStore) -> None:
    """``once`` and ``accept`` say yes to the first caller; ``count`` counts."""
    assert [await store.once("x", seconds=60) for _ in range(2)] == [True, False]
    assert [await store.accept(JOB, seconds=60) for _ in range(2)] == [True, False]
    assert await store.waiting_jobs() == [JOB]
    assert [await store.count("x", seconds=60) for _ in range(3)] == [1, 2, 3]


async def test_who_lost_the_thread_writes_nothing_about_it(store: RedisStore) -> None:
    """A worker that was frozen while it posted comes back: what the other one wrote down stands."""
    token = await store.enter_thread("INC-1")
    mine = ThreadRefs(channel="C1", parts=(PartRef(part="root", ts="1.2"),))
    await store.save_thread_refs("INC-1", mine, token or "")
    late = ThreadRefs(channel="C1", parts=(PartRef(part="root", ts="9.9"),))
    with pytest.raises(Conflict):
        await store.save_thread_refs("INC-1", late, "another token")
    assert await store.thread_refs("INC-1") == mine


async def test_a_thread_is_found_by_its_place(store: RedisStore) -> None:
    """A click or a mention in a thread leads to its incident."""
    refs = ThreadRefs(channel="C1", parts=(PartRef(part="root", ts="1.2"),))
    token = await store.enter_thread("INC-1")
    await store.save_thread_refs("INC-1", refs, token or "")
    assert await store.thread_refs("INC-1") == refs
    assert await store.incident_of_thread("C1", "1.2") == "INC-1"
    assert await store.incident_of_thread("C1", "9.9") is None
    assert await store.thread_refs("INC-2") == ThreadRefs()


async def test_a_newer_fixloops_document_is_left_alone(store: RedisStore, redis: Redis) -> None:
    """It is refused with a sentence when read, and so never overwritten."""
    await created(store, incident())
    newer = b'{"v": 99, "doc": {"id": "INC-1"}}'
    await redis.hset("fixloop:incident:INC-1", "doc", newer)
    with pytest.raises(NewerDocument, match="update this FixLoop"):
        await store.incident("INC-1")
    assert await redis.hget("fixloop:incident:INC-1", "doc") == newer


OLD_PLAN = {
    "version": 1,
    "source": "standard plan",
    "steps": [
        {
            "id": "s1",
            "title": "A cart can be paid",
            "role": "confirmation",
            "check": {
                "kind": "http",
                "request": {"method": "POST", "path": "/checkout", "headers": [["accept", "*/*"]], "json_body": "{}"},
                "expect": ["status == 200"],
            },
        },
        {"id": "s2", "title": "Look", "role": "control", "check": {"kind": "manual", "instruction": "Look."}},
    ],
}
OLD_INCIDENT = {
    "id": "INC-1",
    "number": 1,
    "service_key": "checkout",
    "service": "checkout",
    "label": "checkout",
    "title": "Errors",
    "channel": "C1",
    "opened_at": 1.0,
    "plan": OLD_PLAN,
    "ticked": ["s1"],
}
OLD_RUN = {
    "id": "INC-1-r1",
    "incident_id": "INC-1",
    "number": 1,
    "kind": "confirm",
    "plan": OLD_PLAN,
    "step_ids": ["s1"],
    "service": "checkout",
    "started_by": "fixloop",
    "started_at": 1.0,
    "steps": [{"step_id": "s1", "phase": "done", "verdict": "failed", "samples": 12, "failed": 12}],
}
OLD_SAMPLE = {"number": 1, "at": 1.0, "outcome": "failed", "status": 503, "latency_ms": 12.5}


async def test_what_the_first_fixloop_stored_is_read(store: RedisStore, redis: Redis) -> None:
    """Documents of version 1: what they do not have is at its default, and the plan is the same plan."""

    def old(document: object) -> bytes:
        return json.dumps({"v": 1, "doc": document}).encode()

    await redis.hset("fixloop:incident:INC-1", mapping={"rev": 4, "doc": old(OLD_INCIDENT)})
    await redis.hset("fixloop:run:INC-1-r1", mapping={"attempt": 2, "doc": old(OLD_RUN)})
    await redis.rpush("fixloop:samples:INC-1-r1:s1", old(OLD_SAMPLE))
    for key in ("incident:INC-1", "run:INC-1-r1", "samples:INC-1-r1:s1"):
        await redis.expire(f"fixloop:{key}", 60)
    found, ran = await store.incident("INC-1"), await store.run("INC-1-r1")
    assert found is not None
    assert ran is not None
    assert (found.revision, found.plan) == (4, ran.plan)
    assert (ran.attempt, ran.base_url, ran.reproduced) == (2, None, True)
    assert [sample.status for sample in await store.samples("INC-1-r1", "s1")] == [503]
    await store.save_run(ran)
    await store.save_incident(found)
    assert (await store.run("INC-1-r1"), await store.incident("INC-1")) == (ran, replace(found, revision=5))


async def test_an_entry_of_before_there_were_kinds_is_a_note(store: RedisStore, redis: Redis) -> None:
    """Nothing is decided by it, whatever it says."""
    entry = {"at": 2.0, "who": "U0MIRA", "what": "resolved (proven)"}
    stored = json.dumps({"v": 3, "doc": {**OLD_INCIDENT, "timeline": [entry]}})
    await redis.hset("fixloop:incident:INC-1", mapping={"rev": 4, "doc": stored})
    await redis.expire("fixloop:incident:INC-1", 60)
    found = await store.incident("INC-1")
    assert found is not None
    assert found.timeline == (Entry(at=2.0, who="U0MIRA", kind=Happening.NOTE, what="resolved (proven)"),)


async def test_an_older_fixloop_is_told_that_it_is_too_old(store: RedisStore, redis: Redis) -> None:
    """Plans have check kinds that it does not know: it must refuse them, so they are of a version it does not read."""
    await store.save_incident(await created(store, incident()), run=run())
    await store.add_samples(run(), "s1", [Sample(number=1, at=START, outcome=Outcome.PASSED)])
    stored = {
        "incident": await redis.hget("fixloop:incident:INC-1", "doc"),
        "run": await redis.hget("fixloop:run:INC-1-r1", "doc"),
        "sample": await redis.lindex("fixloop:samples:INC-1-r1:s1", 0),
    }
    for kind, document in stored.items():
        version = VERSIONS[kind]
        before: Codec[dict[str, object]] = Codec(dict[str, object], kind=kind, version=version - 1)
        assert document is not None
        newer = f"A stored {kind} was written by a newer FixLoop .document version {version}"
        with pytest.raises(NewerDocument, match=newer):
            before.decode(document)


async def test_every_key_ends_or_has_a_reason(store: RedisStore, redis: Redis) -> None:
    """The fixture that watches over all tests does notice a key without an end."""
    await created(store, incident())
    assert await endless_keys(redis) == set()
    await redis.persist("fixloop:incident:INC-1")
    assert await endless_keys(redis) == {"fixloop:incident:INC-1"}
    await redis.delete("fixloop:incident:INC-1")


async def test_a_store_that_does_not_answer_is_named(clock: FakeClock) -> None:
    """Every method raises one error with one sentence."""
    client = Redis.from_url("redis://127.0.0.1:1/0")
    nowhere = RedisStore(client, clock=clock, retention_s=60)
    calls: list[Callable[[], object]] = [
        nowhere.ping,
        lambda: nowhere.incident("INC-1"),
        lambda: nowhere.remember_signal(signal()),
        lambda: nowhere.create_incident(incident()),
        lambda: nowhere.take_place("x", per_second=1, per_hour=1),
        lambda: nowhere.enter_thread("INC-1"),
    ]
    for call in calls:
        with pytest.raises(StoreUnavailable, match=r"The store did not answer \(\w+\)\."):
            await call()  # type: ignore[misc]
    await client.aclose()


async def test_a_cancelled_caller_ends_even_if_the_answer_came_at_once(store: RedisStore) -> None:
    """Python 3.11 loses a cancellation that meets an answer; a worker that is told to stop must stop."""

    async def for_ever() -> None:
        while True:
            await store.ping()

    for turns in range(12):
        task = asyncio.create_task(for_ever(), name=f"cancelled after {turns} turns")
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=2)
        assert done, f"it went on after {turns} turns"
