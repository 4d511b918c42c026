"""What a validate run is compared with, and how people get from one run to the next."""

from __future__ import annotations

import asyncio

from fixloop_bot.application.jobs import EXECUTE_RUN
from fixloop_bot.domain.catalog import Allow, Origin
from fixloop_bot.domain.incidents import State
from fixloop_bot.domain.runs import RecoveryVerdict, RunKind, StepVerdict
from fixloop_bot.domain.signals import Transition
from tests.application.office import JONAS, MIRA, Office, checkout, signal


async def test_a_validate_run_that_failed_is_a_before_too(office: Office) -> None:
    """The bug hid from the confirm run, but the same frozen plan failed before the fix: that is proof enough."""
    await office.receive(signal())
    await office.fixed()
    await office.settle()
    assert (await office.run(1)).reproduced is False
    office.shop.broken["/checkout"] = 1.0
    assert (await office.validate()).verdict is RecoveryVerdict.NOT_RECOVERED
    await office.fixed()
    assert (await office.validate()).verdict is RecoveryVerdict.PROVEN


async def test_a_proof_can_be_repeated(office: Office) -> None:
    """Pressing Validate once more on a service that stayed well does not turn proven into unproven."""
    await office.broken()
    await office.fixed()
    assert (await office.validate()).verdict is RecoveryVerdict.PROVEN
    assert (await office.validate()).verdict is RecoveryVerdict.PROVEN


async def test_after_a_regression_the_watch_is_the_before(office: Office) -> None:
    """The watch saw the plan fail again: the next fix is proven against that, and not against the first outage."""
    await office.broken()
    await office.fixed()
    await office.validate(but=(EXECUTE_RUN,))
    await office.execution_of_next()
    office.shop.broken["/checkout"] = 1.0
    await office.settle()
    incident = await office.incident()
    assert (incident.state, incident.verdict) == (State.REPRODUCED, None)
    watch = next(line for line in incident.runs if line.kind is RunKind.SOAK)
    before = incident.run_before(watch.plan_hash)
    assert before is not None
    assert before.id == watch.id
    await office.fixed()
    assert (await office.validate()).verdict is RecoveryVerdict.PROVEN


async def test_at_another_address_nothing_is_proven(office: Office) -> None:
    """The catalog names another address after the confirm run: that the plan passes there mends nothing here."""
    await office.broken()
    assert (await office.run(1)).base_url == checkout().base_url
    await office.fixed()
    moved = Office(office.store, office.clock, services=(checkout(base_url="https://elsewhere.test"),))
    await moved.fixed()
    incident = await moved.validate()
    assert (incident.state, incident.verdict) == (State.REPRODUCED, RecoveryVerdict.UNPROVEN)
    assert (await moved.run(2)).base_url == "https://elsewhere.test"
    assert incident.verdict_reason == (
        "Everything passes, but the service's address was changed after the confirm run."
    )
    assert (await office.validate()).verdict is RecoveryVerdict.PROVEN
    assert [(await office.run(number)).base_url for number in (3, 4)] == [checkout().base_url] * 2


async def test_what_failed_before_the_last_recovery_proves_nothing_now(office: Office) -> None:
    """Re-Triggered, but the plan no longer fails: what it saw in the first outage is no evidence of this one."""
    await office.broken()
    await office.fixed()
    await office.validate()
    await office.receive(signal(Transition.RE_TRIGGERED, at=office.clock.now()))
    await office.settle()
    incident = await office.incident()
    assert (incident.state, incident.reopened) == (State.OPEN, 1)
    assert (await office.validate()).verdict is RecoveryVerdict.UNPROVEN


async def test_a_confirm_run_is_not_cut_short_before_a_request_has_seen_the_bug(office: Office) -> None:
    """The alert's own metric fails at once: by that alone no fix could ever be proven, so the requests go on."""
    await office.receive(signal())
    await office.settle(but=(EXECUTE_RUN,))
    confirming = asyncio.create_task(office.execution_of_next(), name="confirm")
    async with asyncio.timeout(20):
        while not (run := await office.run(1)).reproduced:
            await asyncio.sleep(0)
    assert not run.finished
    assert not run.seen_by_request
    await office.validation.start("INC-1", RunKind.VALIDATE, by=JONAS)
    office.shop.broken["/checkout"] = 1.0
    await confirming
    assert (await office.run(1)).seen_by_request
    await office.fixed()
    await office.settle()
    assert (await office.incident()).verdict is RecoveryVerdict.PROVEN


async def test_validate_cuts_a_confirm_run_short_once_the_bug_is_seen(office: Office) -> None:
    """Nobody waits out the window of controls at 3 a.m.: the wish is kept, the run ends early, the next one follows."""
    office.shop.broken["/checkout"] = 1.0
    await office.receive(signal())
    await office.settle(but=(EXECUTE_RUN,))
    confirming = asyncio.create_task(office.execution_of_next(), name="confirm")
    async with asyncio.timeout(20):
        while not (run := await office.run(1)).reproduced:
            await asyncio.sleep(0)
    assert not run.finished
    wish = await office.validation.start("INC-1", RunKind.VALIDATE, by=JONAS)
    assert wish.refusal == "A confirm run is going already. The validate run follows by itself."
    await confirming
    run = await office.run(1)
    control = run.progress("s2")
    assert control is not None
    assert control.verdict is StepVerdict.INCONCLUSIVE
    assert "asked to validate" in control.reason
    assert run.reproduced
    assert run.stopped_by is None
    await office.fixed()
    await office.settle()
    incident = await office.incident()
    assert [(line.kind, line.started_by) for line in incident.runs[:2]] == [
        (RunKind.CONFIRM, "fixloop"),
        (RunKind.VALIDATE, JONAS),
    ]
    assert incident.verdict is RecoveryVerdict.PROVEN


async def test_a_bug_that_hid_can_be_looked_for_again(office: Office) -> None:
    """One button, the same plan: reproduced now, so that a fix can be proven."""
    await office.receive(signal())
    await office.fixed()
    await office.settle()
    office.shop.broken["/checkout"] = 1.0
    assert await office.wish("confirm", user=MIRA, incident="INC-1") == []
    await office.settle()
    incident = await office.incident()
    assert (incident.state, [line.kind for line in incident.runs]) == (State.REPRODUCED, [RunKind.CONFIRM] * 2)


async def test_a_plan_sends_no_more_than_its_budget(office: Office) -> None:
    """What is undecided when the catalog's requests_per_plan are spent is inconclusive, and says why."""
    few = Allow(
        origins=(Origin.of("https://checkout.example.com"),),
        methods=("GET", "HEAD", "POST"),
        writes=("/checkout",),
        requests_per_plan=30,
    )
    tight = Office(office.store, office.clock, services=(checkout(allow=few),))
    await tight.receive(signal())
    await tight.fixed()
    await tight.settle()
    run = await tight.run(1)
    sent = sum(step.samples + step.void for step in run.steps if step.step_id in ("s1", "s2"))
    assert sent <= 30


async def test_what_looks_like_a_secret_in_an_alert_is_kept_nowhere(office: Office) -> None:
    """Not in the incident, so not in Slack and not with the model."""
    token = "xoxb-" + "1234567890-" * 2 + "abcdefGHIJKL"
    await office.receive(signal(title=f"Login fails with {token}", message=f"Authorization: Bearer {token}"))
    await office.settle()
    incident = await office.incident()
    assert token not in str(incident)
    assert token not in str(office.author.briefs)


async def test_a_signal_without_a_value_gets_the_metrics(office: Office) -> None:
    """So that the card can hold it to its limit."""
    office.datadog.value = 0.31
    await office.receive(signal(value=None))
    await office.settle()
    incident = await office.incident()
    assert incident.signals[0].value == 0.31
