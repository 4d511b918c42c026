"""The storm's summary: everything in one message, whatever the incidents are called, and one message only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.blocks.storm import MOST_LINES, storm_card
from fixloop_bot.adapters.slack.storm_board import SlackStormBoard
from fixloop_bot.application.storms import PART, Member, Storm, StormView
from fixloop_bot.application.views import ThreadRefs
from fixloop_bot.domain.incidents import Incident, State
from fixloop_bot.sandbox.slack import LocalSlack
from fixloop_bot.sandbox.slack.inhabitants import ARCHIVED, BOT_USER, INCIDENTS
from tests.adapters.slack_checks import model_problems
from tests.application.test_storms import incident
from tests.fake_clock import START, FakeClock
from tests.sandbox.slack_room import BOT_TOKEN, running_slack


def seen(*incidents: Incident, calm: bool = False, channel: str = INCIDENTS) -> StormView:
    ids = tuple(each.id for each in incidents)
    storm = Storm(id=f"storm:{channel}@{START:.0f}", channel=channel, began_at=START, last_at=START + 90, incidents=ids)
    members = tuple(Member(incident=each, channel=INCIDENTS, ts=f"{each.number}.0001") for each in incidents)
    return StormView(storm=storm, members=members, shared=("environment: prod",), calm=calm)


def address(channel: str, ts: str) -> str:
    return f"https://team.slack.com/archives/{channel}/p{ts.replace('.', '')}"


def words(view: StormView) -> str:
    return "\n".join(str(block.get("text", block.get("elements"))) for block in storm_card(view, address).blocks)


def test_it_says_how_many_where_it_began_and_what_they_share() -> None:
    view = seen(*(incident(number) for number in range(1, 8)))
    said = words(view)
    assert "Storm: 7 incidents in 1 min" in said
    assert "7 open" in said
    assert "in 7 services" in said
    assert "The oldest: INC-1 service-1" in said
    assert "environment: prod" in said
    assert "<https://team.slack.com/archives/C0INCIDENT/p10001|INC-1>" in said


def test_the_worst_comes_first_and_nobody_is_left_out_silently() -> None:
    """What is reproduced stands above what is only open; beyond what fits the rest is counted."""
    many = [incident(number) for number in range(1, 61)]
    many[50] = replace(many[50], state=State.REPRODUCED)
    said = words(seen(*many))
    assert said.index("INC-51>") < said.index("INC-2>")
    assert f"… and {60 - MOST_LINES} more" in said
    resolved = [replace(each, state=State.RESOLVED) for each in many[:6]]
    assert "6 resolved" in words(seen(*resolved, calm=True))
    assert "Storm is over" in words(seen(*resolved, calm=True))


@given(
    labels=st.lists(st.text(max_size=300), min_size=1, max_size=60),
    severity=st.none() | st.text(max_size=100),
    calm=st.booleans(),
)
def test_any_storm_fits_slacks_limits(labels: list[str], severity: str | None, calm: bool) -> None:
    """Names from outside mention nobody, break no link, and push nothing over a limit."""
    view = seen(*(incident(n, label=label, severity=severity) for n, label in enumerate(labels, start=1)), calm=calm)
    card = storm_card(replace(view, shared=tuple(labels[:4])), address)
    assert list(model_problems(card.blocks)) == []
    assert len(card.text) <= 4000
    ids = [block["block_id"] for block in card.blocks]
    assert len(ids) == len(set(ids))
    assert "<!channel" not in str(card.blocks)
    assert "<@" not in str(card.blocks)


@pytest.fixture
async def slack(clock: FakeClock) -> AsyncIterator[LocalSlack]:
    async with running_slack(clock=clock.now, enforcement="strict") as local, clock.flowing():
        yield local


@pytest.mark.parametrize("channel", [INCIDENTS, ARCHIVED])
async def test_it_is_one_message_that_is_updated(slack: LocalSlack, clock: FakeClock, channel: str) -> None:
    """In its channel, or in the default one with a word about where it belongs."""
    kept = ThreadRefs()

    async def save(new: ThreadRefs) -> None:
        nonlocal kept
        kept = new

    async with SlackApi(token=BOT_TOKEN, base_url=slack.api_url, clock=clock) as api:
        board = SlackStormBoard(api, clock=clock, default_channel=INCIDENTS)
        for count in (6, 7, 7):
            view = seen(*(incident(number) for number in range(1, count + 1)), channel=channel)
            await board.publish_storm(view, kept, save)
    (message,) = [each for each in slack.messages(INCIDENTS) if each.author == BOT_USER]
    assert "7 incidents" in message.text
    assert ("This belongs in" in str(message.blocks)) == (channel == ARCHIVED)
    assert slack.call_counts["chat.update"] == 1, "an unchanged summary costs no call"
    ref = kept.part(PART)
    assert ref is not None
    assert (ref.ts, kept.part("root")) == (message.ts, None)
