"""People of the local Slack use a bot: a real Bolt app behind HTTP, driven by signed requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier

from fixloop_bot.sandbox.slack import LocalSlack, NotThereError
from fixloop_bot.sandbox.slack.inhabitants import BOT_ID, BOT_USER, INCIDENTS, MIRA
from tests.sandbox.slack_room import SECRET, Clock, bolt_app, client_of, listening, running_slack, serving, until

Json = dict[str, Any]


def option(value: str) -> Json:
    return {"text": {"type": "mrkdwn", "text": f"step {value}"}, "value": value}


def checklist(block_id: str, *ticked: str) -> list[Json]:
    boxes: Json = {"type": "checkboxes", "action_id": "steps", "options": [option("1"), option("2")]}
    if ticked:
        boxes["initial_options"] = [option(value) for value in ticked]
    label = {"type": "plain_text", "text": "Validate"}
    button = {"type": "button", "action_id": "validate", "text": label, "value": "INC-42"}
    return [
        {"type": "actions", "block_id": block_id, "elements": [boxes]},
        {"type": "actions", "block_id": "keys", "elements": [button]},
    ]


def modal(**more: Any) -> Json:
    label = {"type": "plain_text", "text": "Why"}
    field = {"type": "plain_text_input", "action_id": "reason"}
    return {
        "type": "modal",
        "callback_id": "edit",
        "title": label,
        "submit": label,
        "blocks": [{"type": "input", "block_id": "why", "label": label, "element": field}],
        **more,
    }


@pytest.fixture
async def slack() -> AsyncIterator[LocalSlack]:
    async with running_slack() as local:
        local.delivery.retry_scale = 0.0
        yield local


@pytest.fixture
async def app(slack: LocalSlack) -> AsyncIterator[AsyncApp]:
    bolt = bolt_app(slack)
    async with listening(slack, bolt):
        yield bolt
        await slack.settled()


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


async def test_a_mention_arrives_twice_and_own_messages_come_back(slack: LocalSlack, app: AsyncApp) -> None:
    """One @mention is an app_mention and a message; the bot's posts and edits are delivered with its bot_id."""
    said = slack.people.message("mira", "incidents", "@fixloop is it safe?")
    client = client_of(slack)
    posted = await client.chat_postMessage(channel=INCIDENTS, text="no", thread_ts=said.ts)
    await client.chat_update(channel=INCIDENTS, ts=posted["ts"], text="not yet")
    await slack.settled()

    events = [each.payload for each in slack.deliveries if each.retry == 0]
    kinds = [(each["event"]["type"], each["event"].get("subtype")) for each in events]
    expected = [("message", None), ("app_mention", None), ("message", None), ("message", "message_changed")]
    assert sorted(kinds, key=str) == sorted(expected, key=str)
    assert len({each["event_id"] for each in events}) == 4
    mention = next(each["event"] for each in events if each["event"]["type"] == "app_mention")
    assert (mention["text"], mention["ts"]) == (f"<@{BOT_USER}> is it safe?", said.ts)
    own = [each["event"] for each in events if each["event"].get("bot_id") == BOT_ID]
    assert [each["thread_ts"] for each in own] == [said.ts]
    changed = next(each["event"] for each in events if each["event"].get("subtype") == "message_changed")
    assert (changed["message"]["text"], changed["previous_message"]["text"]) == ("not yet", "no")


async def test_only_subscribed_events_of_its_channels_are_delivered() -> None:
    """bot_events of the manifest decide, and so does membership."""
    async with running_slack(bot_events=["app_mention"]) as slack:
        slack.people.message("mira", "incidents", "hello")
        slack.people.message("mira", "general", "@fixloop hello")
        slack.people.message("mira", "incidents", "@fixloop hello")
        await slack.settled()
        assert [each.payload["event"]["type"] for each in slack.deliveries] == ["app_mention"]


async def test_edits_deletions_reactions_and_home_are_events(slack: LocalSlack, app: AsyncApp) -> None:
    """Each thing a person does has its event."""
    people = slack.people
    said = people.message("mira", "incidents", "rolled back")
    people.edit("mira", "incidents", said.ts, "rolled back 2.14.0")
    people.reaction("jonas", "incidents", said.ts, ":tada:")
    people.reaction("jonas", "incidents", said.ts, "tada", add=False)
    people.delete("mira", "incidents", said.ts)
    people.join("fixloop", "general")
    people.direct("mira", "hi")
    people.open_home("mira")
    await slack.settled()
    events = [each.payload["event"] for each in slack.deliveries if each.retry == 0]
    kinds = {f"{each['type']}/{each.get('subtype') or each.get('channel_type', '')}" for each in events}
    assert kinds == {
        "message/channel",
        "message/message_changed",
        "message/message_deleted",
        "message/im",
        "reaction_added/",
        "reaction_removed/",
        "member_joined_channel/C",
        "app_home_opened/",
    }


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
    assert (await slack.people.command("mira", "#incidents", "/fixloop sleep")).outcome == "operation_timeout"


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


async def test_unacknowledged_events_are_sent_again_three_times(slack: LocalSlack) -> None:
    """Retries carry number and reason and the same event_id, and are signed like the first attempt."""
    seen: list[tuple[str | None, str | None, bool]] = []
    verifier = SignatureVerifier(SECRET)

    async def broken(request: web.Request) -> web.Response:
        valid = verifier.is_valid_request(await request.read(), dict(request.headers))
        headers = request.headers
        seen.append((headers.get("X-Slack-Retry-Num"), headers.get("X-Slack-Retry-Reason"), valid))
        return web.Response(status=500)

    application = web.Application()
    application.router.add_post("/slack/events", broken)
    async with serving(slack, application):
        slack.people.message("mira", "incidents", "hello")
        await slack.settled()
    error = "http_error"
    assert seen == [(None, None, True), ("1", error, True), ("2", error, True), ("3", error, True)]
    assert len({each.payload["event_id"] for each in slack.deliveries}) == 1


async def test_repeated_deliveries_can_be_ordered(slack: LocalSlack, app: AsyncApp) -> None:
    """repeat_events sends each event again although it was acknowledged."""
    ids: list[str] = []

    @app.event("message")
    async def hear(body: Json) -> None:
        ids.append(body["event_id"])

    slack.delivery.repeat_events = 2
    slack.people.message("mira", "incidents", "hello")
    await slack.settled()
    await until(lambda: len(ids) == 3)
    assert len(set(ids)) == 1


async def test_the_url_handshake(slack: LocalSlack, app: AsyncApp) -> None:
    """url_verification succeeds with an app that echoes the challenge, and fails without one."""
    assert await slack.verify_url()
    slack.events_url = None
    assert not await slack.verify_url()


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


async def test_changes_can_be_followed(slack: LocalSlack) -> None:
    """A follower sees what happened since it began to follow, in order."""
    client, changes = client_of(slack), slack.changes()
    posted = await client.chat_postMessage(channel=INCIDENTS, text="one")
    await client.chat_update(channel=INCIDENTS, ts=posted["ts"], text="two")
    slack.people.reaction("mira", "incidents", posted["ts"], "eyes")
    async with asyncio.timeout(2):
        kinds = [(await anext(changes)).kind for _ in range(3)]
    assert kinds == ["message_posted", "message_updated", "reaction_added"]


async def test_the_control_surface_acts_for_people(slack: LocalSlack, app: AsyncApp) -> None:
    """POST /_sandbox/ACTION does what the Python API does; a foreign host name and a form are refused."""

    @app.command("/fixloop")
    async def status(ack: Any) -> None:
        await ack()

    async with aiohttp.ClientSession(base_url=slack.admin_url) as session:
        message = {"user": "mira", "channel": "#incidents", "text": "hello"}
        async with session.post("/_sandbox/message", json=message) as response:
            ts = (await response.json())["result"]["ts"]
        command = {"user": "mira", "channel": "#incidents", "text": "/fixloop status"}
        async with session.post("/_sandbox/command", json=command) as response:
            assert (await response.json())["result"]["outcome"] == "ok"
        async with session.get("/_sandbox/thread", params={"channel": INCIDENTS, "ts": ts}) as response:
            assert [each["text"] for each in (await response.json())["messages"]] == ["hello"]
        async with session.get("/_sandbox/changes") as response:
            slack.people.message("jonas", "incidents", "hi")
            line = b""
            while not line.startswith(b"data:"):
                line = await response.content.readline()
            assert b"message_posted" in line
        async with session.post("/_sandbox/message", data=message) as response:
            assert response.status == 415
        async with session.get("/_sandbox/state", headers={"Host": "evil.example"}) as response:
            assert response.status == 403
        async with session.post("/_sandbox/faults", json={"method": "*", "kind": "refuse"}) as response:
            assert response.status == 200
    with pytest.raises(SlackApiError, match="internal_error"):
        await client_of(slack).auth_test()


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
