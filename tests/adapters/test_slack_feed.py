"""The feed and reminders through the Web API, against the local Slack over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.crier import CLOCKS_DIFFER_S, SlackCrier
from fixloop_bot.adapters.slack.home import SlackFront
from fixloop_bot.application.reminders import Reminder
from fixloop_bot.application.views import PartRef, ThreadRefs
from fixloop_bot.domain.errors import SlackBusy, SlackRefused
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.reminders import Topic
from fixloop_bot.sandbox.slack import LocalSlack, Message
from fixloop_bot.sandbox.slack.inhabitants import BOT_USER, INCIDENTS, MIRA
from tests.adapters.feed_states import FULL, NIGHT, picture
from tests.adapters.thread_states import ALERT, minutes
from tests.sandbox.slack_room import BOT_TOKEN, running_slack

INCIDENT = Incident(
    id="INC-1",
    number=1,
    service_key="x",
    service="cart",
    channel=INCIDENTS,
    opened_at=ALERT,
    label="cart",
    title="Slow",
)
NOBODY = Reminder(
    incident=INCIDENT, topic=Topic.UNACKNOWLEDGED, name="unacknowledged:0", to=(MIRA,), since=ALERT, now=minutes(5)
)


@dataclass
class Room:
    slack: LocalSlack
    api: SlackApi
    refs: ThreadRefs

    def said(self) -> list[Message]:
        """The bot's messages but the root card."""
        messages = self.slack.thread(INCIDENTS, self.refs.parts[0].ts or "")
        return [each for each in messages if each.author == BOT_USER][1:]


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    async with (
        running_slack(enforcement="strict") as slack,
        SlackApi(token=BOT_TOKEN, base_url=slack.api_url) as api,
    ):
        await api.identity()
        root = await api.call("chat.postMessage", channel=INCIDENTS, text="cart · Slow")
        refs = ThreadRefs(channel=INCIDENTS, parts=(PartRef(part="root", ts=str(root["ts"])),))
        yield Room(slack, api, refs)


async def test_a_home_is_published_and_replaced_by_its_hash(room: Room) -> None:
    """Who has not seen the last publication is refused, and may take whatever is there."""
    front = SlackFront(room.api)
    first = await front.show(MIRA, front.draw(picture(*NIGHT)))
    second = await front.show(MIRA, front.draw(FULL), known=first)
    assert second not in ("", first)
    with pytest.raises(SlackRefused, match="hash_conflict"):
        await front.show(MIRA, front.draw(picture()), known=first)
    await front.show(MIRA, front.draw(picture()))
    home = room.slack.core.views.homes[MIRA]
    assert home.content["blocks"][0]["text"]["text"] == "No open incident"


async def test_a_thread_opens_at_its_root_card(room: Room) -> None:
    """And there is no address as long as there is no card."""
    front = SlackFront(room.api)
    ts = (room.refs.parts[0].ts or "").replace(".", "")
    assert front.address(room.refs).endswith(f"/archives/{INCIDENTS}/p{ts}")
    assert front.address(ThreadRefs()) == ""


async def test_nobody_on_it_is_said_in_the_thread_and_in_the_channel(room: Room) -> None:
    """This once; later words stay in the thread."""
    crier = SlackCrier(room.api)
    await crier.remind(NOBODY, room.refs, perhaps_said=False)
    (said,) = room.said()
    assert said.text == f"*INC-1* · cart · Slow\n<@{MIRA}> Nobody is on it, for 5 min now."
    assert said.content["subtype"] == "thread_broadcast"
    assert room.slack.calls_of("conversations.replies") == [], "what is said for the first time needs no looking"
    late = Reminder(
        incident=INCIDENT, topic=Topic.UNVALIDATED, name="unvalidated:0", to=(MIRA,), since=ALERT, now=minutes(31)
    )
    await crier.remind(late, room.refs, perhaps_said=False)
    assert "subtype" not in room.said()[-1].content


async def test_what_was_perhaps_said_is_looked_for_first(room: Room) -> None:
    """Once it is there it is not said again; where it is not, it is."""
    crier = SlackCrier(room.api)
    for _ in range(3):
        await crier.remind(NOBODY, room.refs, perhaps_said=True)
    assert len(room.said()) == 1


async def test_in_a_long_thread_it_is_found_as_well(room: Room) -> None:
    """Behind more replies than Slack gives at once, and not among those from before what it reminds of."""
    root = room.refs.parts[0].ts or ""
    crier = SlackCrier(room.api)
    long_before = [room.slack.people.message(MIRA, INCIDENTS, f"before {number}", root) for number in range(1_100)]
    late = replace(NOBODY, since=float(long_before[-1].ts) + CLOCKS_DIFFER_S)
    for number in range(250):
        room.slack.people.message(MIRA, INCIDENTS, f"meanwhile {number}", root)
    for _ in range(2):
        await crier.remind(late, room.refs, perhaps_said=True)
    assert len(room.said()) == 1
    assert room.slack.call_counts["conversations.replies"] == 4, "two pages each, of what is new"


async def test_who_may_not_read_the_thread_reminds_all_the_same() -> None:
    """Twice is better than never."""
    async with (
        running_slack(scopes=["chat:write"]) as slack,
        SlackApi(token=BOT_TOKEN, base_url=slack.api_url) as api,
    ):
        root = await api.call("chat.postMessage", channel=INCIDENTS, text="cart · Slow")
        refs = ThreadRefs(channel=INCIDENTS, parts=(PartRef(part="root", ts=str(root["ts"])),))
        await SlackCrier(api).remind(NOBODY, refs, perhaps_said=True)
        assert len(slack.thread(INCIDENTS, str(root["ts"]))) == 2


async def test_a_reminder_waits_for_the_root_card(room: Room) -> None:
    """There is no thread to say it in yet."""
    with pytest.raises(SlackBusy):
        await SlackCrier(room.api).remind(NOBODY, ThreadRefs(channel=INCIDENTS), perhaps_said=False)
