"""What the board does when Slack refuses, against the local Slack over HTTP: an engineer sees something, and why."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.blocks import Card
from fixloop_bot.adapters.slack.board import SlackBoard
from fixloop_bot.adapters.slack.refusals import milder
from fixloop_bot.adapters.slack.standing import ASK_AGAIN_S
from fixloop_bot.application import errands
from fixloop_bot.application.errands import Errand, Urgency
from fixloop_bot.application.novelty import BETWEEN_NEWS_S
from fixloop_bot.application.views import ThreadRefs, ThreadView
from fixloop_bot.domain.errors import FiguresWait, SlackBusy, SlackRefused
from fixloop_bot.sandbox.slack import LocalSlack, Message
from fixloop_bot.sandbox.slack.inhabitants import ARCHIVED, BOT_USER, GENERAL, INCIDENTS, MIRA, PRIVATE
from fixloop_bot.sandbox.slack.workspace import TEAM_DOMAIN
from tests.adapters import thread_states
from tests.fake_clock import FakeClock
from tests.sandbox.slack_room import BOT_TOKEN, running_slack


class Wall:
    """A board in the local Slack, and what it has written down."""

    def __init__(self, slack: LocalSlack, api: SlackApi, clock: FakeClock) -> None:
        self.slack, self.api, self.clock = slack, api, clock
        self.board = SlackBoard(api, clock=clock, default_channel="#incidents")
        self.refs = ThreadRefs()

    async def show(self, view: ThreadView) -> None:
        """Some seconds after the last drawing, so that news is drawn."""
        self.clock.advance(BETWEEN_NEWS_S)
        self.refs = await self.board.publish(view, self.refs, self.save)

    async def save(self, refs: ThreadRefs) -> None:
        self.refs = refs

    def said(self, channel: str = INCIDENTS) -> list[Message]:
        return [message for message in self.slack.messages(channel) if message.author == BOT_USER]

    def refuse(self, method: str, error: str, times: int = 1) -> None:
        self.slack.faults.add(method, "refuse", error=error, times=times)


@pytest.fixture
async def wall(clock: FakeClock) -> AsyncIterator[Wall]:
    async with (
        running_slack(clock=clock.now, enforcement="strict") as slack,
        SlackApi(token=BOT_TOKEN, base_url=slack.api_url, clock=clock) as api,
        clock.flowing(),
    ):
        await api.identity()
        yield Wall(slack, api, clock)


def opened(channel: str = INCIDENTS, **changes: Any) -> ThreadView:
    incident = replace(thread_states.OPENED, channel=channel, **changes)
    return replace(thread_states.view(incident, now=thread_states.minutes(1)))


async def test_a_card_whose_blocks_are_refused_goes_out_as_text(wall: Wall, caplog: pytest.LogCaptureFixture) -> None:
    """Better without buttons than not at all; with the next change its blocks are tried again."""
    wall.refuse("chat.postMessage", "invalid_blocks")
    await wall.show(opened())
    (root,) = wall.said()
    assert root.blocks == []
    assert "Error rate of checkout is high" in root.text
    assert wall.refs.trouble.startswith("invalid_blocks")
    assert "goes out as text alone" in caplog.text
    await wall.show(opened(severity="Worse"))
    (root,) = wall.said()
    assert "Worse" in str(root.blocks)
    assert wall.refs.trouble == ""


async def test_the_refused_block_is_named_in_the_log(wall: Wall, caplog: pytest.LogCaptureFixture) -> None:
    """Slack's own pointer, with the block's type and id, and in what is kept of the thread."""
    await wall.show(opened())
    detail = "[ERROR] must be more than 0 characters [json-pointer:/blocks/1/text]"
    original = wall.api.call

    async def refusing(method: str, **arguments: Any) -> dict[str, Any]:
        if method == "chat.update" and arguments["blocks"]:
            raise SlackRefused("invalid_blocks", method=method, detail=detail)
        return await original(method, **arguments)

    wall.api.call = refusing  # type: ignore[method-assign]
    await wall.show(opened(severity="Worse"))
    assert "1, a section with the id root:INC-42:status" in caplog.text
    assert "root:INC-42:status" in wall.refs.trouble


def test_a_text_that_is_too_long_gets_milder_step_by_step() -> None:
    """First the text alone gets shorter, then the blocks go, then nothing is left to try."""
    refusal = SlackRefused("msg_too_long", method="chat.update")
    card = Card(part="root", text="word " * 700, blocks=({"type": "divider", "block_id": "a"},))
    shorter = milder(card, refusal)
    assert shorter is not None
    assert (len(shorter.text) <= 2000, shorter.blocks) == (True, card.blocks)
    bare = milder(shorter, refusal)
    assert bare is not None
    assert (bare.text, bare.blocks) == (shorter.text, ())
    assert milder(bare, refusal) is None
    assert milder(card, SlackRefused("ratelimited", method="chat.update")) is None


@pytest.mark.parametrize(
    ("channel", "why"),
    [
        (ARCHIVED, "is archived"),
        (PRIVATE, "is not there, or is private"),
        ("C0NOWHERE1", "is not there, or is private"),
    ],
)
async def test_a_thread_that_fits_nowhere_opens_in_the_default_channel(wall: Wall, channel: str, why: str) -> None:
    """With a word about where it belongs, which stays when the card is updated."""
    await wall.show(opened(channel))
    await wall.show(opened(channel, severity="Worse"))
    (root,) = wall.said()
    assert f"This belongs in <#{channel}>, which {why}" in str(root.blocks)
    assert "This belongs in" in root.text
    assert (wall.refs.channel, wall.refs.belongs) == (INCIDENTS, channel)


async def test_a_channel_archived_in_the_middle_of_it(wall: Wall) -> None:
    """The thread goes on in the default channel, whole, with the way back to what was said before."""
    view = replace(thread_states.STATES["reproduced"]())
    view = replace(view, incident=replace(view.incident, channel=GENERAL))
    await wall.show(view)
    before = wall.said(GENERAL)[0]
    wall.slack.core.workspace.channels[GENERAL].archived = True
    wall.clock.advance(60)
    worse = replace(view, incident=replace(view.incident, severity="Worse"))
    await wall.show(worse)
    root, *_ = wall.said()
    link = f"https://{TEAM_DOMAIN}.slack.com/archives/{GENERAL}/p{before.ts.replace('.', '')}"
    assert f"<{link}|the thread> in <#{GENERAL}>, which is archived" in str(root.blocks)
    assert [message.is_reply for message in wall.said()] == [False, True, True]
    count = len(wall.slack.calls)
    await wall.show(worse)
    assert len(wall.slack.calls) == count, "and there it stays"


async def test_where_the_default_channel_is_lost_too_it_is_said_once(wall: Wall) -> None:
    """There is nowhere to go: the refusal goes up, and nothing is tried in a circle."""
    await wall.show(opened())
    wall.slack.core.workspace.channels[INCIDENTS].archived = True
    count = len(wall.slack.calls)
    with pytest.raises(SlackRefused, match="is_archived"):
        await wall.show(opened(severity="Worse"))
    assert len(wall.slack.calls) - count <= 2


async def test_a_revoked_token_is_said_once_and_works_again_by_itself(
    wall: Wall, caplog: pytest.LogCaptureFixture
) -> None:
    """One clear line, one call in half a minute, nothing lost; and a line when it is over."""
    wall.slack.core.app.revoked = True
    for _ in range(20):
        with pytest.raises(SlackBusy):
            await wall.show(opened())
        wall.clock.advance(1)
    assert wall.slack.call_counts["chat.postMessage"] == 1
    assert wall.api.standing.trouble == "token_revoked"
    assert caplog.text.count("Slack does not take SLACK_BOT_TOKEN any more (token_revoked)") == 1
    wall.slack.core.app.revoked = False
    wall.clock.advance(ASK_AGAIN_S)
    await wall.show(opened())
    assert len(wall.said()) == 1
    assert caplog.text.count("Slack takes SLACK_BOT_TOKEN again") == 1
    assert wall.api.standing.trouble == ""


async def test_a_429_holds_the_method_and_loses_nothing(wall: Wall) -> None:
    """The next call goes out after Slack's time, and not before."""
    await wall.show(opened())
    wall.slack.faults.add("chat.update", "ratelimited", seconds=20)
    with pytest.raises(SlackBusy):
        await wall.show(opened(severity="Worse"))
    limited = wall.slack.calls_of("chat.update")[-1].at
    with pytest.raises(SlackBusy):
        await wall.show(opened(severity="Worse"))
    wall.clock.advance(20)
    await wall.show(opened(severity="Worst"))
    _, second = wall.slack.calls_of("chat.update")
    assert second.at - limited >= 20
    assert "Worst" in str(wall.said()[0].blocks)


async def test_figures_are_drawn_ever_more_seldom(wall: Wall) -> None:
    """A run that counts for a minute costs the results card an update or two; its verdict is shown at once."""
    view = thread_states.STATES["validating"]()
    assert view.shown is not None
    view = replace(view, shown=replace(view.shown, started_at=wall.clock.now()))
    wall.clock.advance(1)
    await wall.show(view)
    posted = wall.slack.call_counts.copy()
    assert view.shown is not None
    for count in range(30):
        steps = tuple(replace(step, samples=step.samples + count + 1) for step in view.shown.steps)
        run = replace(view.shown, steps=steps)
        with contextlib.suppress(FiguresWait):
            await wall.show(replace(view, shown=run, confirm=run))
    counted = wall.slack.call_counts["chat.update"] - posted["chat.update"]
    assert 1 <= counted <= 2
    await wall.show(thread_states.STATES["proven and watching"]())
    assert "Recovery proven" in str(wall.said()[0].blocks)
    assert wall.slack.call_counts["chat.update"] > posted["chat.update"] + counted


async def test_the_budget_that_figures_leave_is_for_who_clicked(wall: Wall) -> None:
    """However many incidents there are: an answer finds a place in Slack's minute."""
    views = [opened(id=f"INC-{number}", number=number) for number in range(60)]
    refs: dict[str, ThreadRefs] = {}

    async def show(view: ThreadView) -> bool:
        name = view.incident.id

        async def save(new: ThreadRefs) -> None:
            refs[name] = new

        try:
            refs[name] = await wall.board.publish(view, refs.get(name, ThreadRefs()), save)
        except SlackBusy:
            return False
        return True

    for view in views:
        assert await show(view), "in turn, each post waits for its second"
    worse = [replace(view, incident=replace(view.incident, severity="Worse")) for view in views]
    wall.clock.advance(BETWEEN_NEWS_S)
    assert sum([await show(view) for view in worse]) == 46
    assert not await show(worse[-1])
    with errands.on(Errand(urgency=Urgency.ANSWER)):
        assert await show(worse[-1])
    answers = [call.status for call in wall.slack.calls]
    assert set(answers) == {200}


async def test_a_post_that_failed_outright_is_sent_again_at_once(wall: Wall) -> None:
    """Slack said that it failed: it is looked for once, and the first card is not half a minute late."""
    wall.slack.faults.add("chat.postMessage", "server_error", times=1)
    view = thread_states.STATES["reproducing"]()
    with pytest.raises(SlackBusy):
        await wall.show(view)
    assert wall.said() == []
    await wall.show(view)
    assert len([message for message in wall.said() if not message.is_reply]) == 1


async def test_a_post_without_an_answer_is_waited_for(wall: Wall) -> None:
    """It may still take effect: a second root card would be worse than a late one."""
    wall.slack.faults.add("chat.postMessage", "drop", times=1)
    view = thread_states.STATES["reproducing"]()
    with pytest.raises(SlackBusy):
        await wall.show(view)
    with pytest.raises(SlackBusy) as waits:
        await wall.show(view)
    assert 20 < waits.value.retry_after <= 30
    assert wall.said() == []


async def test_a_lost_reply_is_found_in_a_long_thread(wall: Wall) -> None:
    """Slack reads a thread from its beginning: a card is looked for from when it was announced, past 250 replies."""
    view = thread_states.STATES["reproducing"]()
    await wall.show(replace(view, root_only=True))
    (root,) = wall.said()
    for number in range(250):
        wall.slack.people.message("jonas", "incidents", f"line {number}", thread_ts=root.ts)
    wall.clock.advance(600)
    wall.slack.faults.add("chat.postMessage", "lose_answer", times=1)
    with pytest.raises(SlackBusy):
        await wall.show(view)
    await wall.show(view)
    cards = [message.blocks[0]["block_id"] for message in wall.said() if message.blocks]
    assert len(cards) == len(set(cards)) > 1


async def test_who_is_not_in_the_channel_is_told_directly(wall: Wall) -> None:
    """A form can be sent by somebody who has left: the answer is not lost."""
    wall.refuse("chat.postEphemeral", "user_not_in_channel")
    await wall.board.whisper(channel=INCIDENTS, user=MIRA, text="INC-4 is open.")
    assert "INC-4 is open." in [call.arguments.get("text") for call in wall.slack.calls_of("chat.postMessage")]


async def test_an_answer_that_has_no_budget_goes_to_its_own_address(wall: Wall) -> None:
    """Slack takes a hundred whispers a minute; whoever clicks then is answered by the address of the click."""
    wall.slack.faults.add("chat.postEphemeral", "ratelimited", seconds=30)
    answered: list[tuple[str, str]] = []

    async def respond(url: str, text: str) -> None:
        answered.append((url, text))

    wall.api.respond = respond  # type: ignore[method-assign]
    await wall.board.whisper(channel=INCIDENTS, user=MIRA, text="A run is going already.", response_url="https://x/1")
    assert answered == [("https://x/1", "A run is going already.")]
    with pytest.raises(SlackBusy):
        await wall.board.whisper(channel=INCIDENTS, user=MIRA, text="A run is going already.")
