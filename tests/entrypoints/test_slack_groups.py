"""Who is taken out of a user group has lost their rights with the next click, in whichever process."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from slack_bolt.request.async_request import AsyncBoltRequest

from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.board import NullBoard
from fixloop_bot.adapters.slack.directory import SlackDirectory
from fixloop_bot.domain.errors import StoreUnavailable
from fixloop_bot.entrypoints.slack import groups
from fixloop_bot.entrypoints.slack.counter import Counter
from fixloop_bot.sandbox.slack import LocalSlack
from fixloop_bot.sandbox.slack.inhabitants import JONAS, MIRA, ON_CALL
from tests.entrypoints.test_slack_counter import NoWorker
from tests.fake_clock import FakeClock
from tests.sandbox.slack_room import BOT_TOKEN, bolt_app, running_slack

MEMBERS: dict[str, Any] = {"type": "subteam_members_changed", "subteam_id": ON_CALL, "removed_users": [MIRA]}
UPDATED: dict[str, Any] = {"type": "subteam_updated", "subteam": {"id": ON_CALL, "users": [JONAS]}}


def told(event: dict[str, Any], event_id: str = "Ev1") -> dict[str, Any]:
    return {"type": "event_callback", "team_id": "T1", "event_id": event_id, "event": event}


def moved(slack: LocalSlack, *users: str) -> None:
    known = slack.core.workspace.groups
    known[ON_CALL] = replace(known[ON_CALL], users=users)


@pytest.mark.parametrize("event", [MEMBERS, UPDATED])
async def test_a_change_is_known_with_the_next_question(
    store: RedisStore, clock: FakeClock, event: dict[str, Any]
) -> None:
    """Once for each change, however often it is told; without one nothing is asked twice."""
    async with running_slack() as slack, SlackApi(token=BOT_TOKEN, base_url=slack.api_url) as api:
        app = bolt_app(slack)
        groups.register(app, Counter(store, NoWorker(), NullBoard()))
        directories = [SlackDirectory(api, clock=clock, changes=store) for _ in range(2)]
        assert [await each.members(ON_CALL) for each in directories * 2] == [{MIRA}] * 4
        moved(slack, JONAS)
        for event_id in ("Ev1", "Ev1", "Ev2"):
            request = AsyncBoltRequest(mode="socket_mode", body=told(event, event_id))
            assert (await app.async_dispatch(request)).status == 200
            async with asyncio.timeout(5):
                while await store.last_change(f"group:{ON_CALL}") != event_id:
                    await asyncio.sleep(0.005)
            assert [await each.members(ON_CALL) for each in directories * 2] == [{JONAS}] * 4
        assert slack.call_counts["usergroups.users.list"] == 2 * 3


@pytest.mark.parametrize(
    ("body", "group"),
    [
        (told(MEMBERS), (ON_CALL, "Ev1")),
        (told(UPDATED), (ON_CALL, "Ev1")),
        ({"event": {"subteam_id": ON_CALL, "event_ts": "7.1"}}, (ON_CALL, "7.1")),
        ({"event": {"subteam": "S1"}, "event_id": "Ev1"}, ("", "Ev1")),
        ({}, ("", "")),
    ],
)
def test_which_group_has_changed(body: dict[str, Any], group: tuple[str, str]) -> None:
    """Both events tell; what is broken tells of nothing."""
    assert groups.changed_group(body) == group


async def test_a_store_that_is_away_changes_nobodys_rights(clock: FakeClock) -> None:
    """What is remembered counts for its minutes, as without the event."""

    class Away:
        gone = False

        async def note_change(self, what: str, mark: str) -> None: ...

        async def last_change(self, what: str) -> str:
            if self.gone:
                raise StoreUnavailable(f"no {what}")
            return "Ev1"

    async with running_slack() as slack, SlackApi(token=BOT_TOKEN, base_url=slack.api_url) as api:
        changes = Away()
        directory = SlackDirectory(api, clock=clock, changes=changes)
        await directory.members(ON_CALL)
        changes.gone = True
        assert await directory.members(ON_CALL) == {MIRA}
        assert slack.call_counts["usergroups.users.list"] == 1
