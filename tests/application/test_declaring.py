"""An incident without an alert: opened once, told apart from telemetry, and tested like any other."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.application.wishes import Wish
from fixloop_bot.domain.incidents import State
from fixloop_bot.domain.runs import RunKind
from fixloop_bot.domain.signals import IdentityKind, Transition
from tests.application.office import JONAS, MIRA, Office, checkout, signal
from tests.fake_clock import START, FakeClock


async def declare(office: Office, *, user: str = MIRA, id: str = "1", **fields: str) -> str:  # noqa: A002
    """Submit the form; what the person is told."""
    given = {"service": "checkout", "what": "payments fail", "severity": "SEV2", **fields}
    wish = Wish(
        id=f"form:V{id}", what="declare", user=user, channel="C0TALK", fields=tuple(given.items()), place="modal"
    )
    before = len(office.wall.whispers)
    await office.desk.answer(wish.job().args[0])
    return " ".join(text for _, text in office.wall.whispers[before:])


async def test_it_opens_an_incident_whose_plan_and_confirm_run_follow(office: Office) -> None:
    """As for an alert; who declared it stands in the timeline, and no monitor does."""
    office.shop.broken["/checkout"] = 1.0
    assert await declare(office) == "INC-1 is open. Its thread comes in <#C0CHECKOUT>."
    await office.settle()
    incident = await office.incident()
    assert (incident.declared_by, incident.severity, incident.service) == (MIRA, "SEV2", "checkout")
    assert (incident.state, incident.runs[0].kind) == (State.REPRODUCED, RunKind.CONFIRM)
    (line,) = incident.signals
    assert (line.identity_kind, line.value, line.monitor_id) == (IdentityKind.DECLARED, None, None)
    entry = incident.timeline[0]
    assert (entry.who, entry.what, entry.place) == (MIRA, "declared: payments fail", "modal")


async def test_one_form_opens_one_incident(office: Office) -> None:
    """However often it is delivered, and by however many workers at once."""
    await asyncio.gather(*(declare(office) for _ in range(4)))
    assert len(await office.store.open_incidents()) == 1
    told = await declare(office)
    assert told.startswith("You have opened ")


async def test_a_service_with_an_open_incident_gets_no_second_one(office: Office) -> None:
    """The person is told where it is."""
    await office.receive(signal())
    await office.settle()
    told = await declare(office, user=JONAS)
    assert told.startswith("checkout has an open incident already: <https://slack.test/archives/C0CHECKOUT/")
    assert await office.store.open_incidents() == ["INC-1"]


async def test_a_service_that_the_catalog_does_not_know(office: Office) -> None:
    """Goes to the default channel, and is told apart by its name in any case."""
    await declare(office, other="Web  Shop")
    incident = await office.incident()
    assert (incident.service, incident.label, incident.channel) == (None, "Web Shop", "C0DEFAULT")
    assert "No catalog entry matches." in [entry.what for entry in incident.timeline]
    assert "already" in await declare(office, id="2", other="web shop")


async def test_a_typed_name_that_the_catalog_knows_is_that_service(office: Office) -> None:
    """Whatever was chosen above it."""
    await declare(office, service="", other="checkout")
    assert (await office.incident()).service == "checkout"


@pytest.mark.parametrize("fields", [{"what": " "}, {"service": ""}])
async def test_without_a_service_or_words_there_is_no_incident(office: Office, fields: dict[str, str]) -> None:
    """The form asks for both; whoever comes round it is told."""
    assert "needs a service" in await declare(office, **fields)
    assert await office.store.open_incidents() == []


async def test_what_is_typed_is_masked_and_short(office: Office) -> None:
    """A key pasted in a hurry is nowhere; a severity that nobody offered is the usual one."""
    key = "ghp_" + "a1B2c3D4e5" * 4
    await declare(office, what=f"fails with {key} " + "and so on " * 60, severity="P0; DROP")
    incident = await office.incident()
    assert key not in repr(incident)
    assert len(incident.title) <= 300
    assert incident.severity == "SEV3"


async def test_a_later_alert_joins_it(office: Office) -> None:
    """Also where the catalog names no environment and the alert does."""
    await declare(office)
    await office.receive(signal(at=5))
    assert await office.store.open_incidents() == ["INC-1"]
    assert len((await office.incident()).signals) == 2


async def test_an_alert_of_an_environment_joins_what_was_declared_without(store: RedisStore, clock: FakeClock) -> None:
    """People say "checkout"; monitors say "checkout in prod"."""
    office = Office(store, clock, services=(checkout(match=(("service", "checkout"),)),))
    await declare(office)
    await office.receive(signal(at=5))
    assert await store.open_incidents() == ["INC-1"]


async def test_datadogs_recovery_still_starts_the_proof(office: Office) -> None:
    """What a person has declared never recovers by itself, and must not keep the monitor's word from counting."""
    office.shop.broken["/checkout"] = 1.0
    await declare(office)
    await office.receive(signal(at=5))
    await office.settle()
    await office.fixed()
    await office.receive(signal(Transition.RECOVERED, at=600))
    await office.settle()
    kinds = [line.kind for line in (await office.incident()).runs]
    assert RunKind.VALIDATE in kinds


async def test_the_command_alone_is_enough(office: Office) -> None:
    """Where Slack opens no form: the words say it all, or it is said which are missing."""
    say: dict[str, Any] = {"response_url": "https://slack.test/1", "place": "command"}
    (told,) = await office.wish("command", text="declare checkout", **say)
    assert told.startswith("Say which service")
    (told,) = await office.wish("command", text="declare checkout payments fail", **say)
    assert told.startswith("INC-1 is open")
    incident = await office.incident()
    assert incident.timeline[0].place == "command"
    assert incident.opened_at == START
