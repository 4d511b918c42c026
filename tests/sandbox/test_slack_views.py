"""Modals and the Home tab of the local Slack, opened by a real Bolt app."""

from __future__ import annotations

from typing import Any

import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError

from fixloop_bot.sandbox.slack import LocalSlack, NotThereError
from fixloop_bot.sandbox.slack.inhabitants import MIRA
from tests.sandbox.slack_room import (
    Clock,
    client_of,
    modal,
    running_slack,
    until,
)

Json = dict[str, Any]


async def test_a_modal_lives_from_trigger_to_submission(slack: LocalSlack, app: AsyncApp) -> None:
    """A shortcut's trigger opens a view; errors stay on it; an accepted submission closes it."""
    reasons: list[str] = []

    @app.shortcut("new_plan")
    async def open_modal(ack: Any, body: Json, client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal())

    @app.view("edit")
    async def submitted(ack: Any, view: Json) -> None:
        reason = view["state"]["values"]["why"]["reason"]["value"]
        reasons.append(reason)
        await (ack() if reason == "flaky" else ack(response_action="errors", errors={"why": "say more"}))

    assert (await slack.people.shortcut("mira", "new_plan")).ok
    await until(lambda: slack.open_views("mira"))
    view = slack.open_views("mira")[0]
    with pytest.raises(NotThereError, match="required and empty"):
        await slack.people.submit_view("mira", view.id, {})
    await slack.people.submit_view("mira", view.id, {"reason": "hm"})
    assert slack.open_views("mira")[0].errors == {"why": "say more"}
    await slack.people.submit_view("mira", view.id, {"why": "flaky"})
    assert (slack.open_views("mira"), reasons) == ([], ["hm", "flaky"])


async def test_triggers_work_once_and_for_three_seconds() -> None:
    """invalid_trigger_id, exchanged_trigger_id and expired_trigger_id, as Slack names them."""
    clock = Clock()
    async with running_slack(clock=clock) as slack:
        client, trigger = client_of(slack), slack.core.views.trigger

        async def refused(trigger_id: str) -> str:
            with pytest.raises(SlackApiError) as caught:
                await client.views_open(trigger_id=trigger_id, view=modal())
            return str(caught.value.response["error"])

        used, late = trigger(MIRA), trigger(MIRA)
        await client.views_open(trigger_id=used, view=modal())
        assert await refused(used) == "exchanged_trigger_id"
        assert await refused("1.2.3") == "invalid_trigger_id"
        clock.now += 3.1
        assert await refused(late) == "expired_trigger_id"


async def test_home_is_published_with_a_hash_against_races(slack: LocalSlack) -> None:
    """A stale hash is a hash_conflict, the current one replaces the Home tab."""
    client = client_of(slack)
    home = {"type": "home", "blocks": [{"type": "divider"}]}
    first = await client.views_publish(user_id=MIRA, view=home)
    await client.views_publish(user_id=MIRA, view=home, hash=first["view"]["hash"])
    with pytest.raises(SlackApiError, match="hash_conflict"):
        await client.views_publish(user_id=MIRA, view=home, hash=first["view"]["hash"])
    published = slack.home("mira")
    assert published is not None
    assert published.user == MIRA


async def test_views_stack_and_are_closed_as_the_app_says(slack: LocalSlack, app: AsyncApp) -> None:
    """push stacks a view, update replaces it, clear closes all; a closed view is told only when wanted."""
    answers = ["push", "update", "clear"]
    closed: list[str] = []

    @app.view("edit")
    async def submitted(ack: Any) -> None:
        action = answers.pop(0)
        await (ack(response_action=action) if action == "clear" else ack(response_action=action, view=modal()))

    @app.view_closed("edit")
    async def told(ack: Any, view: Json) -> None:
        await ack()
        closed.append(view["id"])

    client = client_of(slack)
    first = (await client.views_open(trigger_id=slack.core.views.trigger(MIRA), view=modal()))["view"]["id"]
    await slack.people.submit_view("mira", first, {"reason": "one"})
    top = slack.open_views("mira")[-1]
    assert (top.previous, len(slack.open_views("mira"))) == (first, 2)
    before = top.hash
    await slack.people.submit_view("mira", top.id, {"reason": "two"})
    assert slack.open_views("mira")[-1].hash != before
    await slack.people.submit_view("mira", top.id, {"reason": "three"})
    assert slack.open_views("mira") == []

    loud = modal(notify_on_close=True)
    view = (await client.views_open(trigger_id=slack.core.views.trigger(MIRA), view=loud))["view"]["id"]
    assert await slack.people.close_view("mira", view) is not None
    assert closed == [view]


async def test_a_view_is_updated_by_id_and_hash(slack: LocalSlack) -> None:
    """views.update refuses an unknown view and a stale hash; what was typed stays while the block stays."""
    client = client_of(slack)
    view = (await client.views_open(trigger_id=slack.core.views.trigger(MIRA), view=modal()))["view"]
    updated = await client.views_update(view_id=view["id"], hash=view["hash"], view=modal())
    assert updated["view"]["hash"] != view["hash"]
    with pytest.raises(SlackApiError, match="hash_conflict"):
        await client.views_update(view_id=view["id"], hash=view["hash"], view=modal())
    with pytest.raises(SlackApiError, match="not_found"):
        await client.views_update(view_id="V0NOTHING", view=modal())


async def test_three_views_are_a_full_stack(slack: LocalSlack) -> None:
    """A fourth view is refused with push_limit_reached."""
    client, trigger = client_of(slack), slack.core.views.trigger
    top = (await client.views_open(trigger_id=trigger(MIRA), view=modal()))["view"]["id"]
    for _ in range(2):
        pushed = await client.views_push(trigger_id=trigger(MIRA, view=top), view=modal())
        top = pushed["view"]["id"]
    with pytest.raises(SlackApiError, match="push_limit_reached"):
        await client.views_push(trigger_id=trigger(MIRA, view=top), view=modal())
