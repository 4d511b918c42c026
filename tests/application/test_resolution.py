"""Ending an incident: with what fixed it; while a step fails only with a reason, which is kept."""

from __future__ import annotations

import asyncio

import pytest

from fixloop_bot.application.jobs import EXECUTE_RUN
from fixloop_bot.application.mentions import who
from fixloop_bot.domain.errors import StoreUnavailable
from fixloop_bot.domain.incidents import State
from fixloop_bot.domain.runs import RecoveryVerdict, RunKind
from tests.application.office import JONAS, MIRA, Office, signal

SAY = {"response_url": "https://slack.test/1", "place": "command"}


async def resolve(office: Office, **fields: str) -> list[str]:
    return await office.wish("resolve", incident="INC-1", fields=tuple(fields.items()), place="modal")


async def test_what_fixed_it_and_who_did_are_kept(office: Office) -> None:
    """On the incident and in its timeline, with the place."""
    await office.broken()
    await office.fixed()
    await office.validate()
    assert await resolve(office, fixed_by="rolled back\n2.14.0", fixer=JONAS) == []
    incident = await office.incident()
    assert (incident.fixed_by, incident.fixer, incident.resolved_by) == ("rolled back 2.14.0", JONAS, MIRA)
    assert incident.override_reason == ""
    last = incident.timeline[-2:]
    assert [(each.what, each.place) for each in last] == [
        ("what fixed it: rolled back 2.14.0", "modal"),
        ("resolved (proven)", "modal"),
    ]


async def test_a_failing_step_is_named(office: Office) -> None:
    """After a confirm run that has seen it, and after a validate run that still does; nothing is changed."""
    await office.broken()
    (told,) = await resolve(office, fixed_by="I think it is over")
    assert "step 1 (A cart can be paid) failed" in told
    await office.validate()
    assert (await office.incident()).verdict is RecoveryVerdict.NOT_RECOVERED
    (told,) = await resolve(office, fixed_by="I think it is over", override="  ")
    assert "step 1 (A cart can be paid) failed" in told
    assert (await office.incident()).state is not State.RESOLVED


async def test_a_reason_overrides_and_is_kept(office: Office) -> None:
    """With who gave it; taken back with the resolution."""
    await office.broken()
    assert await resolve(office, override="the shop closes", fixed_by="") == []
    incident = await office.incident()
    assert (incident.state, incident.override_reason) == (State.RESOLVED, "the shop closes")
    assert (incident.timeline[-2].who, incident.timeline[-2].what) == (
        MIRA,
        "resolved although a step fails, because: the shop closes",
    )
    await office.resolution.reopen("INC-1", by=MIRA)
    assert (await office.incident()).override_reason == ""


async def test_the_core_decides_on_the_newest_state(office: Office) -> None:
    """A form that was opened while all was well does not end what has failed since."""
    await office.broken()
    await office.fixed()
    await office.validate()
    office.shop.broken["/checkout"] = 1.0
    await office.validate()
    (told,) = await resolve(office, fixed_by="rolled back")
    assert "is not recovered" in told
    assert (await office.incident()).is_open


async def test_what_was_never_looked_at_may_end(office: Office) -> None:
    """The verdict stays on record; no reason is asked for, and one that is given is what fixed it."""
    await office.receive(signal())
    (told,) = await office.wish("command", text="resolve INC-1 override: false alarm", **SAY)
    assert told == "INC-1 is resolved."
    incident = await office.incident()
    assert (incident.override_reason, incident.fixed_by) == ("", "false alarm")
    assert incident.timeline[-1].what == "resolved (not validated)"


@pytest.mark.parametrize("words", ["override: it is a demo", "Override it is a demo", "override - it is a demo"])
async def test_by_command_without_a_form(office: Office, words: str) -> None:
    """``resolve INC-1 rolled back`` is refused with the step; with the reason it is done."""
    await office.broken()
    (told,) = await office.wish("command", text="resolve INC-1 rolled back", **SAY)
    assert "step 1 (A cart can be paid)" in told
    assert "override: the reason" in told
    (told,) = await office.wish("command", text=f"resolve INC-1 {words}", **SAY)
    assert told == "INC-1 is resolved."
    assert (await office.incident()).override_reason == "it is a demo"


async def test_a_command_without_words_says_what_is_missing(office: Office) -> None:
    """Where no form could be opened."""
    await office.receive(signal())
    (told,) = await office.wish("command", text="resolve INC-1", **SAY)
    assert told.startswith("What fixed it?")
    await office.settle()
    await office.broken()
    assert (await office.incident()).is_open


async def test_secrets_in_a_reason_are_masked(office: Office) -> None:
    """The report goes to many."""
    await office.broken()
    key = "ghp_" + "a1B2c3D4e5" * 4
    await resolve(office, override=f"token {key} was revoked")
    assert key not in repr(await office.incident())


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        (None, "nobody"),
        ("U0MIRA", "<@U0MIRA>"),
        ("datadog", "Datadog"),
        ("U1> <!channel>", "FixLoop"),
        ("W", "FixLoop"),
    ],
)
def test_only_what_is_a_persons_id_is_a_mention(stored: str | None, shown: str) -> None:
    """Whatever a form says that it chose: nothing else is put between brackets."""
    assert who(stored) == shown


async def test_a_resolution_that_is_done_again_stops_the_run_and_says_nothing_else(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process was killed between the write and the stop; the job comes again, and its person is no stranger."""
    await office.receive(signal())
    await office.settle()
    await office.validate(settle=False)
    run = (await office.incident()).active_run
    assert run is not None
    with monkeypatch.context() as killed:
        killed.setattr(office.store, "stop_run", _killed)
        with pytest.raises(StoreUnavailable):
            await resolve(office, override="the shop is shut")
    assert await resolve(office, override="the shop is shut") == []
    assert await office.store.stopped_by(run) == MIRA
    (told,) = await resolve(office, fixed_by="I have restarted it")
    assert told == f"INC-1 was resolved already, by <@{MIRA}>."


async def _killed(*_: object) -> None:
    raise StoreUnavailable("The store did not answer.")


async def test_a_run_that_the_resolution_ends_takes_nothing_from_the_proof(office: Office) -> None:
    """Who validates once more and resolves meanwhile has the proof that stood, and its figures on the cards."""
    await office.broken()
    await office.fixed()
    await office.validate()
    await office.validation.start("INC-1", RunKind.VALIDATE, by=MIRA)
    again = (await office.incident()).active_run
    assert await resolve(office, fixed_by="rolled back") == []
    await office.settle()
    incident, view = await office.incident(), await office.threads.view("INC-1")
    assert again is not None
    line, proof = incident.run_line(again), incident.proof()
    assert line is not None
    assert line.stopped
    assert proof is not None
    assert view is not None
    assert view.shown is not None
    assert (view.shown.id, view.shown.verdict) == (proof.id, RecoveryVerdict.PROVEN)


@pytest.mark.parametrize("override", ["", "the shop closes"])
async def test_what_a_run_sees_fail_is_no_longer_proven(office: Office, override: str) -> None:
    """A proof stands, and a second validate run has just seen a step fail: it ends with a reason only, and unproven."""
    await office.broken()
    await office.fixed()
    await office.validate(but=(EXECUTE_RUN,))
    office.shop.broken["/checkout"] = 1.0
    await office.validation.start("INC-1", RunKind.VALIDATE, by=MIRA)
    going = (await office.incident()).active_run
    assert going is not None
    failing = asyncio.create_task(office.execution.execute(going), name="failing")
    async with asyncio.timeout(20), office.clock.flowing():
        while not (run := await office.store.run(going)) or not run.reproduced:
            await asyncio.sleep(0)
    assert not run.finished
    told = await resolve(office, fixed_by="rolled back", override=override)
    async with asyncio.timeout(20), office.clock.flowing():
        await failing
    incident = await office.incident()
    assert incident.is_open == (not override)
    assert incident.verdict is RecoveryVerdict.NOT_RECOVERED
    assert ("step 1 (A cart can be paid) failed" in "".join(told)) == (not override)
