"""What the board asks Slack's limits for: how urgently, and since when."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.board import SlackBoard
from fixloop_bot.adapters.slack.own_paces import OwnPaces
from fixloop_bot.application import errands
from fixloop_bot.application.errands import Errand, Limit, Place, Urgency
from fixloop_bot.application.views import ThreadRefs, ThreadView
from fixloop_bot.domain.errors import FiguresWait
from fixloop_bot.sandbox.slack import LocalSlack
from fixloop_bot.sandbox.slack.inhabitants import INCIDENTS
from tests.adapters.thread_states import STATES
from tests.fake_clock import FakeClock
from tests.sandbox.slack_room import BOT_TOKEN, running_slack


class NotingPaces(OwnPaces):
    """A process alone, which remembers what was asked for."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock.now)
        self.asked: list[tuple[str, Errand]] = []

    async def take_call(self, limit: Limit, errand: Errand, *, patience_s: float) -> Place:
        self.asked.append((limit.method, errand))
        return await super().take_call(limit, errand, patience_s=patience_s)


async def test_a_card_stands_in_line_since_it_is_out_of_date(clock: FakeClock) -> None:
    """A new one since its incident began, one that lacks an alert since that came, however late it asks."""
    paces = NotingPaces(clock)
    view = replace(STATES["just opened"](), root_only=True)
    view = replace(view, incident=replace(view.incident, channel=INCIDENTS))

    async def keep(refs: ThreadRefs) -> None:
        del refs

    async with (
        running_slack(clock=clock.now) as slack,
        SlackApi(token=BOT_TOKEN, base_url=slack.api_url, paces=paces, clock=clock) as api,
    ):
        board = SlackBoard(api, clock=clock, default_channel=INCIDENTS)
        refs = await board.publish(view, ThreadRefs(), keep)
        clock.advance(30)
        alerted_at = clock.now()
        clock.advance(7)
        await board.publish(alerted(view, alerted_at), refs, keep)
    name = f"{view.incident.id}:root"
    assert paces.asked == [
        ("chat.postMessage", Errand(urgency=Urgency.NEWS, name=name, since=view.incident.opened_at)),
        ("chat.update", Errand(urgency=Urgency.NEWS, name=name, since=alerted_at)),
    ]


class Clicks:
    """Somebody who changes one card, click after click; ``at_s`` is when it was redrawn."""

    def __init__(self, slack: LocalSlack, board: SlackBoard, clock: FakeClock) -> None:
        self.slack, self.board, self.clock = slack, board, clock
        self.view = replace(STATES["just opened"](), root_only=True)
        self.view = replace(self.view, incident=replace(self.view.incident, channel=INCIDENTS))
        self.refs, self.count, self.start = ThreadRefs(), 0, clock.now()

    async def click(self) -> float:
        """One more; the seconds until the card may show it, 0 where it does."""
        self.count += 1
        return await self.show()

    async def show(self) -> float:
        incident = replace(self.view.incident, severity=f"Click {self.count}")

        async def save(refs: ThreadRefs) -> None:
            self.refs = refs

        with errands.on(Errand(urgency=Urgency.ANSWER)):
            try:
                await self.board.publish(replace(self.view, incident=incident), self.refs, save)
            except FiguresWait as waits:
                return waits.retry_after
        return 0.0

    @property
    def at_s(self) -> list[float]:
        return [call.at - self.start for call in self.slack.calls_of("chat.update")]


@pytest.fixture
async def clicks(clock: FakeClock) -> AsyncIterator[Clicks]:
    async with (
        running_slack(clock=clock.now) as slack,
        SlackApi(token=BOT_TOKEN, base_url=slack.api_url, clock=clock) as api,
    ):
        one = Clicks(slack, SlackBoard(api, clock=clock, default_channel=INCIDENTS), clock)
        await one.show()
        clock.advance(60)
        one.start = clock.now()
        yield one


async def test_many_clicks_on_a_card_cost_few_updates(clicks: Clicks) -> None:
    """The first two are shown at once, the next ones together; the newest is shown in the end."""
    due = 0.0
    for _ in range(30):
        due = await clicks.click()
        clicks.clock.advance(1 / 3)
    assert 0 < due <= 2
    clicks.clock.advance(due)
    assert await clicks.show() == 0
    assert len(clicks.at_s) <= 8
    assert clicks.at_s[:2] == pytest.approx([0, 1 / 3], abs=0.01)
    assert max(later - earlier for earlier, later in itertools.pairwise(clicks.at_s)) < 2.5
    (root,) = clicks.slack.messages(INCIDENTS)[-1:]
    assert "Click 30" in str(root.blocks)


async def test_a_click_after_a_calm_while_is_shown_at_once(clicks: Clicks) -> None:
    """However many there were before; and so is the one right after it."""
    for _ in range(12):
        await clicks.click()
        clicks.clock.advance(1)
    clicks.clock.advance(6)
    assert [await clicks.click(), await clicks.click()] == [0, 0]
    assert await clicks.click() == pytest.approx(1)


def alerted(view: ThreadView, at: float) -> ThreadView:
    """Its monitor has notified again."""
    (line,) = view.incident.signals
    again = replace(line, last_at=at, seen=line.seen + 1)
    return replace(view, incident=replace(view.incident, signals=(again,)), now=at)
