"""People of the local Slack use a bot: a real Bolt app behind HTTP, driven by signed requests."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from slack_bolt.app.async_app import AsyncApp

from fixloop_bot.sandbox.slack import LocalSlack, NotThereError
from fixloop_bot.sandbox.slack.inhabitants import INCIDENTS, JONAS, MIRA
from tests.sandbox.slack_room import (
    Clock,
    checklist,
    client_of,
    running_slack,
    until,
)

Json = dict[str, Any]


async def test_a_click_reaches_the_listener_with_everything(slack: LocalSlack, app: AsyncApp) -> None:
    """block_actions carries user, channel, message, value, trigger, state and a working response_url."""
    heard: list[Json] = []

    @app.action("validate")
    async def validate(ack: Any, body: Json, respond: Any) -> None:
        await ack()
        heard.append(body)
        await respond(text="started", response_type="in_channel", replace_original=False)

    posted = await client_of(slack).chat_postMessage(channel=INCIDENTS, text="plan", blocks=checklist("a"))
    answer = await slack.people.click("mira", "#incidents", posted["ts"], "validate")

    assert (answer.outcome, answer.status) == ("ok", 200)
    await until(lambda: len(slack.messages("incidents")) == 2)
    body = heard[0]
    assert (body["user"]["id"], body["channel"]["id"], body["type"]) == (MIRA, INCIDENTS, "block_actions")
    assert (body["actions"][0]["value"], body["actions"][0]["block_id"]) == ("INC-42", "keys")
    assert body["message"]["blocks"][1]["elements"][0]["action_id"] == "validate"
    assert body["container"]["message_ts"] == posted["ts"]
    assert body["state"]["values"]["a"]["steps"]["selected_options"] == []
    assert slack.messages("incidents")[1].text == "started"


async def test_nobody_can_click_what_is_not_there(slack: LocalSlack, app: AsyncApp) -> None:
    """A missing element, a wrong value and a deleted message are errors of the test, not silent."""
    client = client_of(slack)
    posted = await client.chat_postMessage(channel=INCIDENTS, text="plan", blocks=checklist("a"))
    with pytest.raises(NotThereError, match="there is: a/steps, keys/validate"):
        await slack.people.click("mira", "incidents", posted["ts"], "resolve")
    with pytest.raises(NotThereError):
        await slack.people.click("mira", "incidents", posted["ts"], "validate", value="INC-1")
    with pytest.raises(NotThereError):
        await slack.people.tick("mira", "incidents", posted["ts"], "a", ["3"])
    await client.chat_delete(channel=INCIDENTS, ts=posted["ts"])
    with pytest.raises(NotThereError):
        await slack.people.click("mira", "incidents", posted["ts"], "validate")


async def test_ticks_belong_to_the_client_until_the_block_id_changes(slack: LocalSlack, app: AsyncApp) -> None:
    """An update under the same block_id keeps what people ticked; a new block_id takes its initial_options."""
    selections: list[list[str]] = []

    @app.action("steps")
    async def steps(ack: Any, action: Json) -> None:
        await ack()
        selections.append([each["value"] for each in action["selected_options"]])

    client, people = client_of(slack), slack.people
    ts = (await client.chat_postMessage(channel=INCIDENTS, text="plan", blocks=checklist("r1", "1")))["ts"]
    await people.tick("mira", "incidents", ts, "r1", ["2", "1"])
    await people.tick("mira", "incidents", ts, "r1", ["2"])
    await until(lambda: len(selections) == 2)
    assert selections == [["1", "2"], ["2"]]

    await client.chat_update(channel=INCIDENTS, ts=ts, text="plan", blocks=checklist("r1", "1"))
    assert people.ticked("mira", "incidents", ts) == {"r1": ["2"]}
    assert people.ticked("jonas", "incidents", ts) == {"r1": ["1"]}

    await client.chat_update(channel=INCIDENTS, ts=ts, text="plan", blocks=checklist("r1", "1", "2"))
    assert people.ticked("jonas", "incidents", ts) == {"r1": ["1"]}

    await client.chat_update(channel=INCIDENTS, ts=ts, text="plan", blocks=checklist("r2", "1", "2"))
    assert people.ticked("mira", "incidents", ts) == {"r2": ["1", "2"]}


async def test_a_command_is_answered_as_slack_shows_it(slack: LocalSlack, app: AsyncApp) -> None:
    """The acknowledgement's text becomes an ephemeral message; a silent bot is an operation_timeout."""

    @app.command("/fixloop")
    async def status(ack: Any, command: Json) -> None:
        if command["text"] != "sleep":
            await ack(f"{command['text']} of {command['channel_id']}")

    answer = await slack.people.command("mira", "#incidents", "/fixloop status")
    assert answer.ok
    assert [message.text for message in slack.ephemerals("mira")] == [f"status of {INCIDENTS}"]
    slack.delivery.ack_seconds = 0.1
    changes = slack.changes()
    assert (await slack.people.command("mira", "#incidents", "/fixloop sleep")).outcome == "operation_timeout"
    warning = await anext(changes)
    assert warning.payload["text"] == "/fixloop failed with the error operation_timeout"


async def test_a_response_url_works_five_times_in_thirty_minutes() -> None:
    """Replacing the original counts like any use; the sixth is refused, and so is a late one."""
    clock = Clock()
    async with running_slack(clock=clock) as slack:
        posted = await client_of(slack).chat_postMessage(channel=INCIDENTS, text="plan")
        message = slack.message("incidents", posted["ts"])
        urls = [slack.core.response_urls.make(MIRA, INCIDENTS, message) for _ in range(2)]
        async with aiohttp.ClientSession() as session:

            async def use(url: str, body: Json) -> str:
                async with session.post(url, json=body) as response:
                    return "ok" if response.status == 200 else str((await response.json())["error"])

            assert await use(urls[0], {"replace_original": True, "text": "replaced"}) == "ok"
            assert message.text == "replaced"
            assert [await use(urls[0], {"text": "again"}) for _ in range(5)] == ["ok"] * 4 + ["used_url"]
            clock.now += 1801
            assert await use(urls[1], {"text": "late"}) == "expired_url"
        assert len(slack.ephemerals("mira")) == 4


async def test_menus_radio_buttons_and_feedback_say_what_was_chosen(slack: LocalSlack, app: AsyncApp) -> None:
    """Each kind of element reports its choice in the field that Slack uses for it."""
    chosen: dict[str, Any] = {}

    @app.action({"type": "block_actions", "block_id": "all"})
    async def hear(ack: Any, action: Json) -> None:
        await ack()
        chosen[action["action_id"]] = action

    plain = [{"text": {"type": "plain_text", "text": value}, "value": value} for value in ("a", "b")]
    thumbs = {
        f"{side}_button": {"text": {"type": "plain_text", "text": side}, "value": side}
        for side in ("positive", "negative")
    }
    elements: list[Json] = [
        {"type": "overflow", "action_id": "more", "options": plain},
        {"type": "static_select", "action_id": "menu", "options": plain},
        {"type": "radio_buttons", "action_id": "radio", "options": plain, "initial_option": plain[0]},
        {"type": "users_select", "action_id": "who"},
    ]
    feedback: Json = {"type": "feedback_buttons", "action_id": "thumbs", **thumbs}
    blocks: list[Json] = [
        {"type": "actions", "block_id": "all", "elements": elements},
        {"type": "context_actions", "block_id": "below", "elements": [feedback]},
    ]
    app.action("thumbs")(hear)
    ts = (await client_of(slack).chat_postMessage(channel=INCIDENTS, text="x", blocks=blocks))["ts"]
    people = slack.people
    for action_id, value in (("more", "b"), ("menu", "b"), ("radio", "b"), ("who", MIRA)):
        assert (await people.select("jonas", "incidents", ts, action_id, value)).ok
    assert (await people.click("jonas", "incidents", ts, "thumbs", value="negative")).ok
    await until(lambda: len(chosen) == 5)
    assert [chosen[name]["selected_option"]["value"] for name in ("more", "menu", "radio")] == ["b", "b", "b"]
    assert (chosen["who"]["selected_user"], chosen["thumbs"]["value"]) == (MIRA, "negative")


async def test_an_ephemeral_message_is_clicked_and_replaced_by_its_reader(slack: LocalSlack, app: AsyncApp) -> None:
    """Only its reader can click it; replacing it through the response_url is no event for the bot."""

    @app.action("validate")
    async def validate(ack: Any, respond: Any) -> None:
        await ack()
        await respond(text="done", replace_original=True)

    client = client_of(slack)
    shown = await client.chat_postEphemeral(channel=INCIDENTS, user=MIRA, text="sure?", blocks=checklist("a"))
    with pytest.raises(NotThereError, match="visible to"):
        await slack.people.click("jonas", "incidents", shown["message_ts"], "validate")
    assert (await slack.people.click("mira", "incidents", shown["message_ts"], "validate")).ok
    await until(lambda: slack.ephemerals("mira")[0].text == "done")
    await slack.settled()
    assert [each.kind for each in slack.deliveries] == ["interactive"]


async def test_a_public_message_keeps_its_edits_in_order(slack: LocalSlack) -> None:
    """A person's edit is marked with who did it, and mentions in it are resolved."""
    said = slack.people.message("mira", "incidents", "hm")
    slack.people.edit("mira", "incidents", said.ts, "@jonas, look")
    message = slack.message("incidents", said.ts)
    assert message.text == f"<@{JONAS}>, look"
    assert message.content["edited"]["user"] == MIRA
    with pytest.raises(NotThereError, match="did not write"):
        slack.people.edit("jonas", "incidents", said.ts, "mine")
