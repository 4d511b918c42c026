"""An alert becomes one incident, and the incident one thread."""

from __future__ import annotations

import asyncio

from fixloop_bot.application.jobs import MAKE_PLAN
from fixloop_bot.domain.errors import SlackBusy
from fixloop_bot.domain.signals import Transition
from tests.application.office import Office, signal


async def test_the_same_notification_delivered_twice_opens_one_thread(office: Office) -> None:
    """The same notification delivered twice opens one thread."""
    await asyncio.gather(*(office.intake.receive(signal()) for _ in range(2)))
    await office.settle()
    assert await office.store.open_incidents() == ["INC-1"]
    assert {view.incident.id for view in office.wall.drawn} == {"INC-1"}


async def test_a_second_monitor_of_the_same_service_joins_the_thread(office: Office) -> None:
    """A second monitor of the same service and environment joins the open incident as another signal."""
    await office.receive(signal(), signal(at=5, identity="cycle:2", title="Checkout is slow"))
    assert [line.title for line in (await office.incident()).signals] == [
        "Checkout error rate is high",
        "Checkout is slow",
    ]


async def test_late_words_corrupt_nothing(office: Office) -> None:
    """A notification that comes late leaves a note, and what is newer stands."""
    await office.receive(signal(), signal(Transition.RECOVERED, at=60), signal(Transition.RENOTIFY, at=30))
    assert not (await office.incident()).signals[0].firing


async def test_a_signal_is_safe_before_it_is_answered(office: Office) -> None:
    """What was answered 2xx is taken, even if the process is killed right after its answer."""
    await office.intake.receive(signal())
    office.tray.jobs.clear()  # whatever the process had in its hands is gone
    await office.settle(but=(MAKE_PLAN,))
    assert (await office.incident()).is_open


async def test_state_is_saved_before_slack_speaks(office: Office) -> None:
    """Slack is down: the incident, its plan and its run go on, and the thread catches up later."""
    office.wall.troubles = [SlackBusy("chat.postMessage", retry_after=5) for _ in range(3)]
    incident = await office.broken()
    assert incident.runs[0].reproduced
    assert await office.store.dirty_threads() == ["INC-1"]
    office.wall.troubles.clear()
    await office.store._redis.delete("fixloop:lock:thread:INC-1")
    await office.sweep.once()
    await office.settle()
    assert office.wall.drawn[-1].incident == await office.incident()
