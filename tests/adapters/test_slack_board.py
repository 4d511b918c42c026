"""What the board asks Slack's limits for: how urgently, and since when."""

from __future__ import annotations

from dataclasses import replace

from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.board import SlackBoard
from fixloop_bot.adapters.slack.own_paces import OwnPaces
from fixloop_bot.application.errands import Errand, Limit, Place, Urgency
from fixloop_bot.application.views import ThreadRefs, ThreadView
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


def alerted(view: ThreadView, at: float) -> ThreadView:
    """Its monitor has notified again."""
    (line,) = view.incident.signals
    again = replace(line, last_at=at, seen=line.seen + 1)
    return replace(view, incident=replace(view.incident, signals=(again,)), now=at)
