"""A signal becomes, joins or reopens an incident, whatever order and however often it comes."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.application import intake as intake_module
from fixloop_bot.application.jobs import EXECUTE_RUN, MAKE_PLAN, START_RUN
from fixloop_bot.domain.incidents import State
from fixloop_bot.domain.runs import RunKind
from fixloop_bot.domain.signals import IdentityKind, Transition
from tests.application.office import MIRA, Office, checkout, signal
from tests.fake_clock import FakeClock


async def test_an_alert_opens_an_incident_in_the_services_channel(office: Office) -> None:
    """Known by the strongest identity, with the monitor's severity, and a plan on the way."""
    await office.receive(signal())
    incident = await office.incident()
    assert (incident.service, incident.channel, incident.severity) == ("checkout", "C0CHECKOUT", "SEV2")
    assert incident.service_key == "checkout|prod"
    assert "known by its alert cycle" in incident.timeline[0].what
    assert MAKE_PLAN in office.tray.names()


async def test_without_a_catalog_entry_the_default_channel_hears_of_it(office: Office) -> None:
    """And the timeline says that nothing matched."""
    await office.receive(signal(service="refunds", tags=("service:refunds",)))
    incident = await office.incident()
    assert (incident.service, incident.label, incident.channel) == (None, "refunds", "C0DEFAULT")
    assert incident.timeline[-1].what == "No catalog entry matches."


async def test_the_same_notification_twice_counts_once(office: Office) -> None:
    """Datadog repeats what it is not sure of."""
    assert await office.intake.receive(signal())
    assert not await office.intake.receive(signal())
    await office.settle(but=(MAKE_PLAN,))
    await office.intake.take(signal().id)
    assert (await office.incident()).signals[0].seen == 1
    assert await office.store.open_incidents() == ["INC-1"]


async def test_cut_off_before_the_inbox_was_emptied_it_is_taken_again_in_vain(office: Office) -> None:
    """The incident was saved, the worker killed: the second taking changes nothing, not even the revision."""
    await office.receive(signal())
    before = await office.incident()
    await office.store._redis.delete("fixloop:seen:" + signal().id)
    await office.receive(signal())
    assert await office.incident() == before
    assert await office.store.unread_signals() == []


async def test_a_second_monitor_joins(office: Office) -> None:
    """The same service and environment: another line on the same card. Another environment: another incident."""
    await office.receive(
        signal(),
        signal(at=5, identity="cycle:2", title="Checkout is slow"),
        signal(at=6, identity="cycle:3", env="staging", tags=("service:checkout", "env:staging")),
    )
    assert [line.title for line in (await office.incident()).signals] == [
        "Checkout error rate is high",
        "Checkout is slow",
    ]
    assert (await office.incident("INC-2")).env == "staging"


async def test_a_storm_opens_one_incident(office: Office) -> None:
    """Fifty monitors of one service at once, in two processes: one incident, fifty lines, none twice."""
    twin = Office(office.store, office.clock)
    storm = [signal(at=number / 100, identity=f"cycle:{number}") for number in range(50)]
    for each in storm:
        await office.intake.receive(each)
    halves = (storm[:30], storm[20:])
    await asyncio.gather(
        *(who.intake.take(each.id) for who, half in zip((office, twin), halves, strict=True) for each in half)
    )
    assert await office.store.open_incidents() == ["INC-1"] or len(await office.store.open_incidents()) == 1
    opened = await office.incident((await office.store.open_incidents())[0])
    assert sorted(line.identity for line in opened.signals) == sorted({each.identity for each in storm})
    assert all(line.seen == 1 for line in opened.signals)


async def test_a_recovery_of_nothing_known_opens_nothing(office: Office) -> None:
    """There is nothing to prove."""
    await office.receive(signal(Transition.RECOVERED))
    assert await office.store.open_incidents() == []
    assert await office.store.unread_signals() == []


async def test_a_recovery_that_overtook_its_alert_is_remembered(office: Office) -> None:
    """The alert opens its incident, which knows that Datadog has let go of it: a validate run follows the plan."""
    await office.receive(signal(Transition.RECOVERED, at=60))
    await office.receive(signal(at=0))
    incident = await office.incident()
    assert not incident.signals[0].firing
    assert (incident.state, incident.wanted_run) == (State.OPEN, RunKind.VALIDATE)


async def test_an_unknown_transition_opens_a_thread(office: Office) -> None:
    """A needless thread costs less than a missed outage."""
    await office.receive(signal(Transition.UNKNOWN))
    assert (await office.incident()).signals[0].transition is Transition.UNKNOWN


@pytest.mark.parametrize("state", ["fresh", "reproduced"])
async def test_datadogs_recovered_starts_a_validate_run(office: Office, state: str) -> None:
    """It does not end the incident; where the plan is still being written, the run follows its confirm run."""
    if state == "fresh":
        await office.receive(signal())
    else:
        await office.broken()
    await office.fixed()
    await office.receive(signal(Transition.RECOVERED, at=300))
    assert (await office.incident()).is_open
    await office.settle()
    incident = await office.incident()
    started = [(line.kind, line.started_by) for line in incident.runs if line.kind is not RunKind.SOAK]
    assert started == [(RunKind.CONFIRM, "fixloop"), (RunKind.VALIDATE, "datadog")]
    assert incident.is_open


async def test_a_recovery_while_another_signal_fires_waits(office: Office) -> None:
    """One monitor of two is green: nothing to validate yet."""
    await office.broken()
    await office.receive(signal(at=200, identity="cycle:2"), signal(Transition.RECOVERED, at=300))
    assert START_RUN not in office.tray.names()


async def test_back_before_it_was_validated_the_wish_is_dropped(office: Office) -> None:
    """Recovered, then triggered again, all while the plan is written: no validate run of a service that is down."""
    await office.receive(signal(), signal(Transition.RECOVERED, at=10), signal(Transition.RE_TRIGGERED, at=20))
    assert (await office.incident()).wanted_run is None


async def test_retriggered_reopens_what_was_resolved(office: Office) -> None:
    """Within a day, and with a confirm run of the plan that is there."""
    await office.broken()
    await office.resolve("INC-1", by=MIRA)
    await office.receive(signal(Transition.RE_TRIGGERED, at=3600))
    incident = await office.incident()
    assert (incident.state, incident.reopened, incident.resolved_by) == (State.OPEN, 1, None)
    assert START_RUN in office.tray.names()


async def test_a_new_trigger_after_a_resolution_is_a_new_incident(office: Office) -> None:
    """So is a Re-Triggered of days later."""
    await office.broken()
    await office.resolve("INC-1", by=MIRA)
    await office.receive(signal(at=3600))
    assert await office.store.open_incidents() == ["INC-2"]
    await office.resolve("INC-2", by=MIRA)
    await office.receive(signal(Transition.RE_TRIGGERED, at=3 * 86_400))
    assert await office.store.open_incidents() == ["INC-3"]


async def test_the_new_incident_hears_of_its_own_recovery(office: Office) -> None:
    """A run of the resolved one that is closed late takes no identity away."""
    await office.receive(signal())
    await office.settle(but=(EXECUTE_RUN,))
    await office.resolve("INC-1", by=MIRA)
    await office.receive(signal(at=100, id="again"))
    await office.execution.execute("INC-1-r1")
    await office.receive(signal(Transition.RECOVERED, at=200))
    assert not (await office.incident("INC-2")).signals[0].firing


async def test_late_words_change_nothing(office: Office) -> None:
    """Of a resolved incident and of a newer state: noted, no new incident, no reopening."""
    await office.receive(signal(), signal(Transition.RECOVERED, at=60))
    await office.receive(signal(Transition.RE_TRIGGERED, at=30))
    assert not (await office.incident()).signals[0].firing
    office.clock.advance(100)
    await office.resolve("INC-1", by=MIRA)
    await office.receive(signal(Transition.RE_TRIGGERED, at=90))
    assert (await office.incident()).state is State.RESOLVED
    assert await office.store.open_incidents() == []


async def test_without_a_service_it_is_known_by_its_identity(store: RedisStore, clock: FakeClock) -> None:
    """Two alerts that name no service do not join each other."""
    office = Office(store, clock, services=())
    nameless = {"service": None, "env": None, "tags": (), "identity_kind": IdentityKind.TITLE}
    await office.receive(signal(identity="title:a", **nameless), signal(at=1, identity="title:b", **nameless))
    assert len(await office.store.open_incidents()) == 2


async def test_a_fixed_environment_in_the_catalog_is_the_services(store: RedisStore, clock: FakeClock) -> None:
    """An alert without env joins the entry that says which one it is about."""
    office = Office(store, clock, services=(checkout(match=(("service", "checkout"),)),))
    await office.receive(signal(env=None, tags=("service:checkout",)))
    assert (await office.incident()).service_key == "checkout|"


async def test_a_poisonous_signal_is_put_aside(office: Office, redis: Redis, caplog: pytest.LogCaptureFixture) -> None:
    """It fails its six tries, is logged with its id, and no longer comes back; the others go on."""
    await office.store.remember_signal(signal(id="poison"))
    await redis.hset("fixloop:inbox", "poison", b'{"v": 1, "doc": {"id": "poison"}}')
    for _ in range(intake_module.MOST_TRIES - 1):
        with pytest.raises(Exception, match="cannot be read"):
            await office.intake.take("poison")
    await office.intake.take("poison")
    assert "signal poison could not be taken and was put aside" in caplog.text
    assert await office.store.unread_signals() == []
    assert await redis.exists("fixloop:parked:poison")
    await office.receive(signal())
    assert (await office.incident()).is_open
