"""The thread is a projection of the store: whatever happens while it is drawn, in the end it shows the newest state."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from fixloop_bot.application import threads as threads_module
from fixloop_bot.application.attention import attending
from fixloop_bot.application.errands import Urgency, errand
from fixloop_bot.application.jobs import REFRESH_THREAD
from fixloop_bot.application.ledger import Change
from fixloop_bot.domain.errors import FiguresWait, SlackBusy, SlackRefused
from tests.application.office import Office, signal


async def titled(office: Office, title: str) -> None:
    await office.ledger.change("INC-1", lambda incident: Change(incident=replace(incident, title=title)))


async def test_a_change_during_the_drawing_is_drawn_too(office: Office) -> None:
    """By whoever comes next, a moment later; the other one's job returns at once."""
    await office.receive(signal())

    async def meanwhile() -> None:
        await titled(office, "newest")
        await office.threads.refresh("INC-1")

    office.wall.meanwhile = meanwhile
    await office.threads.refresh("INC-1")
    assert await office.store.dirty_threads() == ["INC-1"], "no worker waits for the next drawing"
    office.clock.advance(threads_module.BETWEEN_UPDATES_S)
    await office.settle(but=("make_plan",))
    assert office.wall.drawn[-1].incident.title == "newest"
    assert await office.store.dirty_threads() == []


async def test_what_changes_meanwhile_is_shown_at_once_to_who_clicked(office: Office) -> None:
    await office.receive(signal())
    await office.store.attend("INC-1")
    office.wall.meanwhile = lambda: titled(office, "newest")
    await office.threads.refresh("INC-1")
    assert office.wall.drawn[-1].incident.title == "newest"


async def test_a_click_during_the_drawing_is_shown_at_once(office: Office) -> None:
    """Who clicks leaves the drawing to the one under way, which began when nobody had clicked."""
    await office.receive(signal())
    seen = []

    async def meanwhile() -> None:
        await office.store.attend("INC-1")
        await titled(office, "newest")
        await office.threads.refresh("INC-1")
        office.wall.meanwhile = note

    async def note() -> None:
        seen.append(errand().urgency)

    office.wall.meanwhile = meanwhile
    await office.threads.refresh("INC-1")
    assert office.wall.drawn[-1].incident.title == "newest"
    assert seen == [Urgency.ANSWER]
    assert await office.store.dirty_threads() == []


async def busy(office: Office, *, seconds: float = 7.0) -> None:
    """An incident whose first drawing found that Slack asks to wait."""
    await office.receive(signal())
    office.tray.jobs.clear()
    office.wall.troubles = [SlackBusy("chat.update", retry_after=seconds)]
    await office.threads.refresh("INC-1")


async def test_where_slack_asks_to_wait_a_job_comes_back(office: Office) -> None:
    """No worker is held for it, nobody hammers Slack meanwhile, and the card is drawn in the end."""
    await busy(office)
    (back,) = office.tray.jobs.values()
    assert (back.name, back.at) == (REFRESH_THREAD, office.clock.now() + 7)
    await office.threads.refresh("INC-1")
    assert len(office.wall.drawn) == 1, "not before the time is over"
    assert await office.store.dirty_threads() == ["INC-1"], "the sweep would come, too"
    office.clock.advance(7)
    await office.settle(but=("make_plan",))
    assert len(office.wall.drawn) == 2
    assert await office.store.dirty_threads() == []


async def test_whoever_clicks_does_not_wait_with_the_others(office: Office) -> None:
    """Slack's reserve is for them: their thread is drawn at once, and its calls are answers."""
    await busy(office)
    seen = []

    async def meanwhile() -> None:
        seen.append(errand().urgency)

    office.wall.meanwhile = meanwhile
    await office.store.attend("INC-1")
    await office.threads.refresh("INC-1")
    assert seen == [Urgency.ANSWER]
    assert await office.store.dirty_threads() == []


async def test_whoever_clicked_still_goes_first_when_slack_takes_calls_again(office: Office, redis: Redis) -> None:
    """Slack's pause is longer than anybody looks at a thread that has answered, and this one has not."""
    await office.receive(signal())
    await office.store.attend("INC-1")
    office.wall.troubles = [SlackBusy("chat.update", retry_after=45)]
    await office.threads.refresh("INC-1")
    assert await redis.ttl("fixloop:clicked:INC-1") > 45
    office.clock.advance(45)
    seen = []

    async def meanwhile() -> None:
        seen.append(errand().urgency)

    office.wall.meanwhile = meanwhile
    await office.threads.refresh("INC-1")
    assert seen == [Urgency.ANSWER]


async def test_a_click_is_not_urgent_for_ever(office: Office, redis: Redis) -> None:
    """While Slack is away, for instance: minutes later nobody waits for that card any more; nor where none clicked."""
    await office.receive(signal())
    await office.store.still_attend("INC-1", seconds=45)
    assert await office.store.standing("INC-1") == (False, False)
    await office.store.attend("INC-1")
    office.clock.advance(100)
    await office.store.still_attend("INC-1", seconds=45)
    assert await redis.ttl("fixloop:clicked:INC-1") <= 20


async def test_a_wish_attends_to_its_incident(office: Office) -> None:
    """What the wish's handler calls are answers, too; a wish that names no incident attends to none."""
    seen = []

    async def handler(document: str) -> None:
        seen.append((document, errand().urgency))

    answer = attending(handler, office.store)
    documents = ['{"incident": "INC-1"}', '{"incident": ""}', "not a wish", "[]"]
    for document in documents:
        await answer(document)
    assert seen == [(document, Urgency.ANSWER) for document in documents]
    assert errand().urgency is Urgency.NEWS
    assert await office.store.standing("INC-1") == (True, False)
    assert await office.store.standing("INC-2") == (False, False)


async def test_figures_that_wait_hold_up_no_news(office: Office) -> None:
    """The thread is left clean and free; a job comes when the figures may be shown."""
    await office.receive(signal())
    office.tray.jobs.clear()
    office.wall.troubles = [FiguresWait("chat.update", retry_after=9)]
    await office.threads.refresh("INC-1")
    assert [job.at for job in office.tray.jobs.values()] == [office.clock.now() + 9]
    assert await office.store.dirty_threads() == []
    await titled(office, "newest")
    await office.threads.refresh("INC-1")
    assert office.wall.drawn[-1].incident.title == "newest"


async def test_what_slack_refuses_is_not_asked_again(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    """The state stands; the log has Slack's own word."""
    await office.receive(signal())
    office.wall.troubles = [SlackRefused("channel_not_found", method="chat.postMessage")]
    await office.threads.refresh("INC-1")
    assert "channel_not_found" in caplog.text
    assert await office.store.dirty_threads() == []


async def test_a_card_that_cannot_be_drawn_stops_nothing(
    office: Office, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault of ours is logged, tried again every half minute, and not in a circle."""
    await office.receive(signal())
    office.wall.troubles = [ZeroDivisionError("a bug")]
    await office.threads.refresh("INC-1")
    assert "INC-1 could not be drawn" in caplog.text
    assert await redis.pttl("fixloop:waits:INC-1") > threads_module.AFTER_A_FAULT_S * 900
    assert await office.store.dirty_threads() == ["INC-1"]


async def test_a_drawer_that_is_stopped_leaves_the_thread_free(office: Office) -> None:
    """On SIGTERM the next process goes on at once."""
    await office.receive(signal())
    drawing, never = asyncio.Event(), asyncio.Event()

    async def meanwhile() -> None:
        drawing.set()
        await never.wait()

    office.wall.meanwhile = meanwhile
    task = asyncio.create_task(office.threads.refresh("INC-1"), name="drawing")
    await drawing.wait()
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    assert await office.store.dirty_threads() == ["INC-1"]
    assert await office.store.enter_thread("INC-1") is not None


async def test_a_slow_slack_does_not_cost_the_lock(office: Office, redis: Redis) -> None:
    """It is held as long as the drawing lasts."""
    await office.receive(signal())

    async def meanwhile() -> None:
        await redis.pexpire("fixloop:lock:thread:INC-1", 100)
        while await redis.pttl("fixloop:lock:thread:INC-1") < 1_000:
            office.clock.advance(threads_module.HOLD_EVERY_S)
            await asyncio.sleep(0.005)

    office.wall.meanwhile = meanwhile
    await asyncio.wait_for(office.threads.refresh("INC-1"), 5)
    assert len(office.wall.drawn) == 1


async def test_links_point_at_the_incidents_hours(office: Office) -> None:
    """Monitor, Metric Explorer, logs; and they do not change at every drawing."""
    await office.receive(signal())
    first = await office.threads.view("INC-1")
    office.clock.advance(30)
    second = await office.threads.view("INC-1")
    assert first is not None
    assert second is not None
    assert first.links == second.links
    assert first.links.monitor is not None
    assert "4711" in first.links.monitor
    assert first.links.metric is not None
    assert first.links.logs is not None
    assert await office.threads.view("INC-9") is None
