"""What was changed before an incident is kept with it when its plan is written; without Datadog nothing is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from fixloop_bot.application import evidence
from fixloop_bot.application.copilot.readings import ChangeEvent
from fixloop_bot.domain.errors import TelemetryUnavailable
from fixloop_bot.domain.incidents import Incident
from tests.adapters.thread_states import ALERT, OPENED
from tests.application.office import Office, checkout


@dataclass
class Events:
    """Change events in any order."""

    found: list[ChangeEvent] = field(default_factory=list)
    asked: list[tuple[str, float, float]] = field(default_factory=list)
    trouble: Exception | None = None

    async def changes(self, query: str, *, start: float, end: float, limit: int = 20) -> Sequence[ChangeEvent]:
        del limit
        self.asked.append((query, start, end))
        if self.trouble is not None:
            raise self.trouble
        return self.found


def event(minutes: float, title: str) -> ChangeEvent:
    return ChangeEvent(id=title, at=ALERT + 60 * minutes, title=title, link="https://app.datadoghq.com/event/1")


async def test_the_newest_changes_before_the_start_are_kept() -> None:
    """Newest first, three of them, secrets masked; what came after it changed nothing before it."""
    events = Events([event(-90, "flag on"), event(2, "rollback"), event(-7, "deploy\n2.14.0"), event(-400, "old")])
    events.found += [event(-20, "password=hunter2hunter2 rotated"), event(-60, "scaled")]
    found = await evidence.changes_before(events, OPENED, checkout())
    assert [change.what.split()[0] for change in found] == ["deploy", "password=‹secret›", "scaled"]
    assert found[0].what == "deploy 2.14.0"
    assert events.asked == [("service:checkout env:prod", ALERT - 6 * 3600, ALERT)]


async def test_without_a_catalog_entry_the_label_is_looked_for() -> None:
    events = Events()
    await evidence.changes_before(events, replace(OPENED, service=None, label="billing"), None)
    assert events.asked[0][0] == "service:billing"


async def test_a_datadog_that_does_not_answer_costs_the_plan_nothing() -> None:
    """Neither a refusal nor silence is an error; nobody waits long for what only explains."""
    assert await evidence.changes_before(None, OPENED, None) == ()
    assert await evidence.changes_before(Events(trouble=TelemetryUnavailable("no")), OPENED, None) == ()
    assert await evidence.changes_before(Events(trouble=TimeoutError()), OPENED, None) == ()


async def test_they_stand_in_the_incident_when_its_plan_does(office: Office) -> None:
    """One more write beside the plan's, and none where nothing was changed."""
    events = Events()
    office.planning._changes = events
    incident: Incident = await office.broken()
    assert incident.changes == ()
    events.found = [replace(event(0, "deploy checkout 2.14.0"), at=incident.opened_at - 420)]
    await office.planning.ask("INC-1", by="U0MIRA")
    await office.settle()
    (change,) = (await office.incident()).changes
    assert (change.what, change.at) == ("deploy checkout 2.14.0", incident.opened_at - 420)
