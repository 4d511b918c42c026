"""Who people are, and what they have said, as the local Slack tells it over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.directory import MEMBERS_S, NullDirectory, SlackDirectory
from fixloop_bot.adapters.slack.messages import NullMessages, SlackMessages, plain_words
from fixloop_bot.domain.errors import SlackBusy, SlackRefused
from fixloop_bot.sandbox.slack import LocalSlack
from fixloop_bot.sandbox.slack.inhabitants import INCIDENTS, JONAS, MIRA, ON_CALL
from tests.fake_clock import FakeClock
from tests.sandbox.slack_room import BOT_TOKEN, running_slack


@asynccontextmanager
async def looking(**options: object) -> AsyncIterator[tuple[LocalSlack, SlackDirectory, FakeClock]]:
    clock = FakeClock()
    async with running_slack(**options) as slack, SlackApi(token=BOT_TOKEN, base_url=slack.api_url) as api:
        yield slack, SlackDirectory(api, clock=clock), clock


def asked(slack: LocalSlack, method: str) -> int:
    return sum(call.method == method for call in slack.calls)


async def test_a_person_has_a_name_and_a_zone() -> None:
    """Asked once in an hour."""
    async with looking() as (slack, directory, clock):
        person = await directory.person(JONAS)
        assert (person.id, person.name, person.zone) == (JONAS, "jonas", "America/New_York")
        await directory.person(JONAS)
        assert asked(slack, "users.info") == 1
        clock.advance(3_601)
        await directory.person(JONAS)
        assert asked(slack, "users.info") == 2


async def test_a_groups_members_are_known_for_minutes() -> None:
    """Whoever leaves it has left two minutes later."""
    async with looking() as (slack, directory, clock):
        assert await directory.members(ON_CALL) == {MIRA}
        groups = slack.core.workspace.groups
        groups[ON_CALL] = replace(groups[ON_CALL], users=(JONAS,))
        assert await directory.members(ON_CALL) == {MIRA}
        clock.advance(MEMBERS_S + 1)
        assert await directory.members(ON_CALL) == {JONAS}
        assert asked(slack, "usergroups.users.list") == 2


async def test_what_slack_refuses_is_asked_again() -> None:
    """A scope may be added, or a Slack that is busy be back, at any time."""
    async with looking(scopes=["chat:write"]) as (slack, directory, _):
        for _ in range(2):
            with pytest.raises(SlackRefused, match="missing_scope"):
                await directory.members(ON_CALL)
        assert asked(slack, "usergroups.users.list") == 2
    async with looking() as (slack, directory, _):
        slack.faults.add("usergroups.users.list", "server_error")
        with pytest.raises(SlackBusy):
            await directory.members(ON_CALL)
        assert await directory.members(ON_CALL) == {MIRA}


async def test_without_slack_nobody_is_known() -> None:
    """And nobody is let through for it."""
    assert (await NullDirectory().person(MIRA)).name == MIRA
    with pytest.raises(SlackRefused):
        await NullDirectory().members(ON_CALL)
    assert await NullMessages().message("C1", "1.0") is None


async def test_roots_and_replies_are_read() -> None:
    """With the thread that they belong to; one that is gone is nothing."""
    async with running_slack() as slack, SlackApi(token=BOT_TOKEN, base_url=slack.api_url) as api:
        root = slack.people.message("mira", "incidents", "checkout is down")
        reply = slack.people.message("jonas", "incidents", "since the deploy", thread_ts=root.ts)
        messages = SlackMessages(api)
        found = await messages.message(INCIDENTS, root.ts)
        assert found is not None
        assert (found.author, found.thread_ts, found.text) == (MIRA, root.ts, "checkout is down")
        found = await messages.message(INCIDENTS, reply.ts)
        assert found is not None
        assert (found.author, found.thread_ts, found.text) == (JONAS, root.ts, "since the deploy")
        assert await messages.message(INCIDENTS, "1.000001") is None
        with pytest.raises(SlackRefused):
            await messages.message("C0NOWHERE", root.ts)


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("<@U0MIRA0001> look at <https://a.example.com/x?a=1&amp;b=2|this>", "@U0MIRA0001 look at this"),
        ("&lt;b&gt; &amp;amp; <!here>", "<b> &amp; here"),
        ("<https://a.example.com>", "https://a.example.com"),
        ("a &lt; b &gt; c", "a < b > c"),
    ],
)
def test_markup_is_read_as_people_see_it(markup: str, words: str) -> None:
    """No token of Slack's is left in what is kept."""
    assert plain_words(markup) == words


@given(markup=st.text(alphabet="<>|&;!@#ltgamp:/x ", max_size=80))
def test_no_markup_breaks_the_reader(markup: str) -> None:
    """Nothing is raised, and nothing grows."""
    assert len(plain_words(markup)) <= len(markup)
