"""Who may start a run, and what follows from how it ended."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.application.jobs import EXECUTE_RUN, START_RUN
from fixloop_bot.application.ledger import Change
from fixloop_bot.application.validation import RUNS_KEPT
from fixloop_bot.domain.incidents import Incident, State
from fixloop_bot.domain.runs import RecoveryVerdict, RunKind
from fixloop_bot.domain.samples import Fault, FaultKind
from fixloop_bot.domain.signals import Transition
from tests.application.office import JONAS, MIRA, Office, checkout, signal
from tests.fake_clock import FakeClock


async def test_two_clicks_at_once_start_one_run(office: Office) -> None:
    """The other person learns who started it, and when."""
    await office.broken()
    both = await asyncio.gather(*(office.validation.start("INC-1", RunKind.VALIDATE, by=who) for who in (MIRA, JONAS)))
    started = [each for each in both if each.run_id is not None]
    refused = [each for each in both if each.run_id is None]
    assert (len(started), len(refused)) == (1, 1)
    assert refused[0].refusal == "A validate run is going already."
    assert refused[0].by in (MIRA, JONAS)
    assert refused[0].since == office.clock.now()
    assert [line.number for line in (await office.incident()).runs] == [1, 2]


async def test_what_cannot_be_run_is_refused_in_a_sentence(office: Office) -> None:
    """No incident, no plan, nothing ticked, resolved."""
    assert (await office.validation.start("INC-9", RunKind.VALIDATE, by=MIRA)).refusal == "There is no incident INC-9."
    await office.receive(signal())
    assert "still being written" in (await office.validation.start("INC-1", RunKind.VALIDATE, by=MIRA)).refusal
    await office.settle()
    await office.ledger.change("INC-1", lambda incident: Change(incident=replace(incident, ticked=("s5",))))
    assert "Tick at least one" in (await office.validation.start("INC-1", RunKind.VALIDATE, by=MIRA)).refusal
    await office.resolve("INC-1", by=MIRA)
    assert "is resolved" in (await office.validation.start("INC-1", RunKind.VALIDATE, by=MIRA)).refusal


async def test_recovered_during_the_confirm_run_queues_a_validate_run(office: Office) -> None:
    """Once, and only behind a confirm run: a validate run that goes already is enough."""
    await office.receive(signal())
    await office.settle(but=(EXECUTE_RUN,))
    await office.receive(signal(Transition.RECOVERED, at=60))
    await office.settle(but=(EXECUTE_RUN,))
    assert (await office.incident()).wanted_run is RunKind.VALIDATE
    await office.settle()
    kinds = [line.kind for line in (await office.incident()).runs]
    assert kinds[:2] == [RunKind.CONFIRM, RunKind.VALIDATE]
    assert kinds.count(RunKind.VALIDATE) == 1
    assert (await office.incident()).wanted_run is None


async def test_a_run_that_is_closed_twice_counts_once(office: Office) -> None:
    """Taken over between its last save and its closing: one verdict, one line."""
    await office.broken()
    await office.fixed()
    incident = await office.validate(but=(EXECUTE_RUN,))
    await office.settle()
    incident = await office.incident()
    run = await office.run(2)
    await office.validation.close(run)
    await office.execution.execute(run.id)
    assert (await office.incident()).timeline == incident.timeline
    assert (await office.incident()).runs == incident.runs


async def test_a_proof_is_followed_by_a_watch(office: Office) -> None:
    """It holds: the incident stays recovered, and people resolve it."""
    await office.broken()
    await office.fixed()
    incident = await office.validate()
    assert (incident.state, incident.verdict, incident.soak_held) == (State.RECOVERED, RecoveryVerdict.PROVEN, True)
    assert [line.kind for line in incident.runs] == [RunKind.CONFIRM, RunKind.VALIDATE, RunKind.SOAK]
    assert (incident.soak_run, incident.active_run) == (None, None)


async def test_a_confirm_run_that_reproduces_ends_an_older_verdict(office: Office) -> None:
    """Unproven was said of a time before the trouble was seen; another look at one step is no such run."""
    await office.receive(signal())
    await office.settle()
    office.datadog.value, office.datadog.monitor = 0.0, "OK"
    await office.validation.start("INC-1", RunKind.CONFIRM, by=MIRA)
    await office.settle()
    await office.validate()
    await office.ledger.change(
        "INC-1", lambda now: Change(incident=replace(now, verdict=RecoveryVerdict.UNPROVEN, verdict_reason="Nothing."))
    )
    office.shop.broken["/checkout"] = 1.0
    await office.validation.look_again("INC-1", "s1", plan_version=1, by=MIRA)
    await office.settle()
    assert (await office.incident()).verdict is RecoveryVerdict.UNPROVEN
    await office.validation.start("INC-1", RunKind.CONFIRM, by=MIRA)
    await office.settle()
    incident = await office.incident()
    assert (incident.state, incident.verdict, incident.verdict_reason) == (State.REPRODUCED, None, "")


async def test_a_new_plan_has_no_verdict_of_the_old_ones(office: Office) -> None:
    """Unless the incident is recovered: that proof stands."""
    await office.broken()
    await office.validate()
    assert (await office.incident()).verdict is RecoveryVerdict.NOT_RECOVERED
    await office.planning.ask("INC-1", by=MIRA)
    await office.settle(but=(START_RUN, EXECUTE_RUN))
    assert (await office.incident()).verdict is None
    await office.fixed()
    await office.settle()
    await office.ledger.change(
        "INC-1", lambda now: Change(incident=replace(now, state=State.RECOVERED, verdict=RecoveryVerdict.PROVEN))
    )
    await office.planning.ask("INC-1", by=MIRA)
    await office.settle(but=(START_RUN, EXECUTE_RUN))
    assert (await office.incident()).verdict is RecoveryVerdict.PROVEN


async def test_a_watch_that_could_not_look_was_not_quiet(office: Office) -> None:
    """The network is gone: no failure is seen, and nothing else either."""
    await office.broken()
    await office.fixed()
    await office.validate(settle=False)
    await office.execution_of_next()
    office.shop.fault = Fault(kind=FaultKind.UNREACHABLE)
    await office.settle()
    incident = await office.incident()
    assert (incident.state, incident.verdict, incident.soak_held) == (State.RECOVERED, RecoveryVerdict.PROVEN, False)
    assert incident.timeline[-1].what.startswith("watch: ended before its time: ")


async def test_a_watch_without_a_step_was_not_quiet(office: Office) -> None:
    """A plan whose proof rests on telemetry has nothing to send."""
    await office.broken()
    await office.fixed()
    await office.validate(settle=False)
    await office.execution_of_next()
    run = await office.run(3)
    await office.validation.close(replace(run, steps=(), finished_at=office.clock.now()))
    incident = await office.incident()
    assert (incident.soak_held, incident.timeline[-1].what) == (False, "watch: no step of this plan can be watched")


async def test_a_stopped_watch_goes_on_with_the_time_it_had_left(store: RedisStore, clock: FakeClock) -> None:
    """``/fixloop go`` resumes it, for at least a minute; the proof stays as it was."""
    office = Office(store, clock, services=(checkout(soak_s=300.0),))
    await office.broken()
    await office.fixed()
    await office.validate(settle=False)
    await office.execution_of_next()
    began = office.clock.now()
    await office.brake.pull(by=MIRA)
    await office.settle()
    incident = await office.incident()
    assert (incident.soak_held, incident.soak_run, incident.runs[-1].stopped) == (False, None, True)
    assert incident.soak_until is not None
    assert "the watch of `INC-1`" in await office.brake.lift(by=JONAS)
    await office.settle(but=(EXECUTE_RUN,))
    incident = await office.incident()
    assert incident.soak_run == "INC-1-r4"
    assert incident.soak_until is not None
    assert began + 300 <= incident.soak_until < began + 400
    await office.settle()
    took = (await office.run(4)).finished_at
    assert took is not None
    assert took <= incident.soak_until + 30
    assert (await office.incident()).soak_held


async def test_what_was_wanted_while_all_was_stopped_begins_with_go(office: Office) -> None:
    """The incident opened meanwhile: its confirm run follows, and the validate run that Datadog asked for behind it."""
    office.shop.broken["/checkout"] = 1.0
    await office.brake.pull(by=MIRA)
    await office.receive(signal())
    await office.settle()
    incident = await office.incident()
    assert (incident.runs, incident.wanted_run, incident.waits_for_go()) == ((), RunKind.CONFIRM, MIRA)
    await office.receive(signal(Transition.RECOVERED, at=60))
    await office.settle()
    assert (await office.incident()).wanted_run is RunKind.VALIDATE
    assert "the confirm run of `INC-1`" in await office.brake.lift(by=JONAS)
    await office.settle()
    incident = await office.incident()
    assert [line.kind for line in incident.runs[:2]] == [RunKind.CONFIRM, RunKind.VALIDATE]
    assert (incident.wanted_run, incident.waits_for_go()) == (None, None)


async def test_a_watch_that_fails_takes_the_proof_back(office: Office) -> None:
    """The incident reopens as reproduced, and no verdict stands."""
    await office.broken()
    await office.fixed()
    await office.validate(settle=False)
    await office.execution_of_next()
    assert (await office.incident()).verdict is RecoveryVerdict.PROVEN
    office.shop.broken["/checkout"] = 1.0
    await office.settle()
    incident = await office.incident()
    assert (incident.state, incident.verdict, incident.reopened) == (State.REPRODUCED, None, 1)
    assert "the proof is taken back" in incident.timeline[-1].what


async def test_a_new_run_replaces_the_watch(office: Office) -> None:
    """The old watch ends by itself, sends nothing more, and says nothing about the incident."""
    await office.broken()
    await office.fixed()
    await office.validate(settle=False)
    await office.execution_of_next()
    assert (await office.incident()).soak_run == "INC-1-r3"
    await office.validate(by=JONAS, but=(EXECUTE_RUN,))
    sent = len(office.shop.requests)
    async with office.clock.flowing():
        await office.execution.execute("INC-1-r3")
    assert len(office.shop.requests) - sent < 20
    assert (await office.run(3)).stopped_by == "fixloop"
    incident = await office.incident()
    assert (incident.active_run, incident.soak_held) == ("INC-1-r4", False)


async def test_resolving_stops_what_runs(office: Office) -> None:
    """The run ends without a verdict of its own, and leaves the incident resolved."""
    await office.broken()
    await office.validate(settle=False)
    await office.resolve("INC-1", by=JONAS)
    await office.settle()
    incident = await office.incident()
    assert (incident.state, incident.active_run) == (State.RESOLVED, None)
    assert incident.runs[-1].stopped
    assert (await office.run(2)).verdict is RecoveryVerdict.INCONCLUSIVE


async def test_a_stopped_run_is_inconclusive(office: Office) -> None:
    """And names who stopped it."""
    await office.broken()
    await office.fixed()
    await office.validate(settle=False)
    assert await office.validation.stop("INC-1", by=JONAS)
    await office.settle()
    run = await office.run(2)
    assert run.verdict is RecoveryVerdict.INCONCLUSIVE
    assert (run.reason, run.stopped_by) == ("Stopped before it was decided.", JONAS)
    assert not await office.validation.stop("INC-1", by=JONAS)


async def test_a_thousand_runs_do_not_make_it_grow_without_end(office: Office) -> None:
    """The confirm run of the plan is never dropped, and no number is used twice."""
    incident = await office.broken()
    confirm = incident.runs[0]

    def many(now: Incident) -> Change:
        lines = tuple(
            replace(confirm, id=f"INC-1-r{number}", number=number, kind=RunKind.VALIDATE) for number in range(2, 400)
        )
        return Change(incident=replace(now, runs=(confirm, *lines[-(RUNS_KEPT - 1) :])))

    await office.ledger.change("INC-1", many)
    started = await office.validation.start("INC-1", RunKind.VALIDATE, by=MIRA)
    runs = (await office.incident()).runs
    assert started.run_id == "INC-1-r400"
    assert (len(runs), runs[0], runs[-1].number) == (RUNS_KEPT, confirm, 400)


async def test_no_run_follows_by_itself_in_what_was_resolved(office: Office) -> None:
    """Its confirm run is still ending: the sentence must not promise another one, and none is wanted."""
    await office.receive(signal())
    await office.settle(but=(EXECUTE_RUN,))
    assert (await office.incident()).active_run is not None
    await office.resolve()
    before = await office.incident()
    started = await office.validation.start("INC-1", RunKind.VALIDATE, by=MIRA)
    assert started.refusal == "INC-1 is resolved. Reopen it to run its plan again."
    assert await office.incident() == before
