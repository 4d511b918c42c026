"""The one way to change an incident."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from fixloop_bot.application.ledger import Change
from fixloop_bot.domain.happenings import Happening
from fixloop_bot.domain.incidents import Incident
from tests.application.office import Office, signal


async def test_twenty_writers_at_once_lose_nothing(office: Office) -> None:
    """Each reads, decides and writes again where somebody was faster."""
    await office.receive(signal())
    before = (await office.incident()).revision

    async def note(number: int) -> None:
        await office.ledger.change(
            "INC-1",
            lambda incident: Change(incident=incident.noted(float(number), "U", Happening.NOTE, f"note {number}")),
        )

    await asyncio.gather(*(note(number) for number in range(20)))
    incident = await office.incident()
    assert incident.revision == before + 20
    assert {f"note {number}" for number in range(20)} <= {entry.what for entry in incident.timeline}


async def test_a_decision_to_do_nothing_writes_nothing(office: Office) -> None:
    """No revision, no redraw; and of an incident that is not there nobody is asked."""
    await office.receive(signal())
    before = await office.incident()
    office.tray.jobs.clear()
    assert await office.ledger.change("INC-1", lambda _: None) == before
    assert office.tray.jobs == {}

    def never(incident: Incident) -> Change:
        raise AssertionError(incident)

    assert await office.ledger.change("INC-9", never) is None


async def test_the_state_is_in_the_store_before_the_redraw_is_asked_for(office: Office) -> None:
    """Every change is followed by a redraw of its own revision."""
    await office.receive(signal())
    office.tray.jobs.clear()
    changed = await office.ledger.change("INC-1", lambda incident: Change(incident=replace(incident, title="new")))
    assert changed is not None
    assert await office.incident() == changed
    assert office.tray.names() == ["refresh_thread"]
