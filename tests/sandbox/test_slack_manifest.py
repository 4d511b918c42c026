"""The local Slack grants what the app's manifest asks for, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from slack_bolt.app.async_app import AsyncApp

from fixloop_bot.sandbox.slack import LocalSlack, NotThereError
from fixloop_bot.sandbox.slack.inhabitants import GENERAL, INCIDENTS, MIRA, PRIVATE
from fixloop_bot.sandbox.slack.manifest import ManifestError, read_manifest
from tests.sandbox.slack_room import bolt_app, client_of, listening, modal, refused, running_slack, until

Json = dict[str, Any]
HOME = {"type": "home", "blocks": [{"type": "divider"}]}


def written(
    folder: Path,
    *,
    scopes: list[str],
    events: list[str] | None = None,
    home: Json | None = None,
    interactive: bool = True,
) -> Path:
    """A manifest with one command and two shortcuts."""
    path = folder / "manifest.yml"
    shortcuts = [
        {"name": "Declare", "type": "global", "callback_id": "declare", "description": "d"},
        {"name": "Add to timeline", "type": "message", "callback_id": "timeline", "description": "d"},
    ]
    command = {"command": "/fixloop", "description": "d", "usage_hint": "[help]", "should_escape": True}
    features: Json = {"slash_commands": [command]}
    features |= {"shortcuts": shortcuts} if interactive else {}
    features |= {"app_home": home} if home else {}
    document = {
        "display_information": {"name": "FixLoop"},
        "features": features,
        "oauth_config": {"scopes": {"bot": scopes}},
        "settings": {
            "event_subscriptions": {"bot_events": events or []},
            "interactivity": {"is_enabled": interactive},
        },
    }
    path.write_text(json.dumps(document))
    return path


async def test_what_the_manifest_does_not_grant_is_refused(tmp_path: Path) -> None:
    """A method outside its scopes is missing_scope with what would be needed; so is a kind of channel."""
    manifest = written(tmp_path, scopes=["chat:write", "commands", "channels:read"])
    async with running_slack(manifest=manifest) as slack:
        client = client_of(slack)
        posted = await client.chat_postMessage(channel=INCIDENTS, text="hello")
        assert posted.headers["x-oauth-scopes"] == "channels:read,chat:write,commands"
        assert await refused(client.users_info(user=MIRA)) == "missing_scope"
        assert await refused(client.canvases_create(title="Report")) == "missing_scope"
        assert await refused(client.chat_postMessage(channel=GENERAL, text="hello")) == "not_in_channel"
        assert await refused(client.conversations_list(types="private_channel")) == "missing_scope"
        slack.channel(PRIVATE).members.add(slack.user("fixloop").id)
        assert await refused(client.conversations_info(channel=PRIVATE)) == "missing_scope"
        assert (await client.conversations_info(channel=INCIDENTS))["channel"]["name"] == "incidents"


async def test_only_the_manifests_shortcuts_and_commands_are_in_the_menus(tmp_path: Path) -> None:
    """A message shortcut is no global one; an unknown command is no command."""
    heard: list[str] = []
    async with running_slack(manifest=written(tmp_path, scopes=["commands"])) as slack:
        app = bolt_app(slack)

        @app.shortcut("declare")
        async def declared(ack: Any, body: Json) -> None:
            await ack()
            heard.append(body["type"])

        @app.shortcut("timeline")
        async def added(ack: Any, body: Json) -> None:
            await ack()
            heard.append(f"{body['type']} {body['message']['text']}")

        async with listening(slack, app):
            said = slack.people.message("mira", INCIDENTS, "rolled back 2.14.1")
            await slack.people.shortcut("mira", "declare")
            await slack.people.shortcut("mira", "timeline", INCIDENTS, said.ts)
            assert heard == ["shortcut", "message_action rolled back 2.14.1"]
            with pytest.raises(NotThereError, match="no global shortcut"):
                await slack.people.shortcut("mira", "timeline")
            with pytest.raises(NotThereError, match="not a valid command"):
                await slack.people.command("mira", INCIDENTS, "/other")


async def test_names_in_a_command_arrive_as_ids(tmp_path: Path) -> None:
    """should_escape: people, groups, channels and addresses; a name that nobody has stays as it was typed."""
    heard: list[str] = []
    async with running_slack(manifest=written(tmp_path, scopes=["commands"])) as slack:
        app = bolt_app(slack)

        @app.command("/fixloop")
        async def typed(ack: Any, command: Json) -> None:
            heard.append(command["text"])
            await ack()

        async with listening(slack, app):
            words = "who lead @mira, @on-call in #incidents, not @nobody: a < b, see https://a.example/x?y=1&z=2"
            await slack.people.command("mira", INCIDENTS, f"/fixloop {words}")
    assert heard == [
        "who lead <@U0MIRA0001|mira>, <!subteam^S0ONCALL01|@on-call> in <#C0INCIDENT|incidents>, not @nobody: "
        "a &lt; b, see <https://a.example/x?y=1&amp;z=2>"
    ]


async def test_home_and_direct_messages_are_as_the_manifest_says(tmp_path: Path) -> None:
    """Without a Home tab views.publish is not_enabled; without a Messages tab nothing can be sent to a person."""
    closed = written(tmp_path, scopes=["chat:write", "commands"], home={"messages_tab_enabled": False})
    async with running_slack(manifest=closed) as slack:
        client = client_of(slack)
        assert await refused(client.views_publish(user_id=MIRA, view=HOME)) == "not_enabled"
        assert await refused(client.chat_postMessage(channel=MIRA, text="hi")) == "messages_tab_disabled"
        with pytest.raises(NotThereError, match="no Home tab"):
            slack.people.open_home("mira")
    open_ = {"home_tab_enabled": True, "messages_tab_enabled": True, "messages_tab_read_only_enabled": True}
    async with running_slack(manifest=written(tmp_path, scopes=["chat:write", "commands"], home=open_)) as slack:
        client = client_of(slack)
        await client.views_publish(user_id=MIRA, view=HOME)
        await client.chat_postMessage(channel=MIRA, text="hi")
        with pytest.raises(NotThereError, match="turned off"):
            slack.people.direct("mira", "hello")


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"scopes": ["commands"], "events": ["reaction_added"]}, "reaction_added needs the scope reactions:read"),
        ({"scopes": ["chat:write"]}, "need the scope commands"),
    ],
)
def test_a_manifest_that_slack_would_not_take_says_why(tmp_path: Path, changed: Json, sentence: str) -> None:
    """An event or a command without its scope, before anything starts."""
    with pytest.raises(ManifestError, match=sentence):
        read_manifest(written(tmp_path, **changed))


def test_text_that_is_no_manifest_is_refused(tmp_path: Path) -> None:
    """A list, and YAML that does not parse, are ManifestErrors as well."""
    for text in ("- a list", "{"):
        (tmp_path / "manifest.yml").write_text(text)
        with pytest.raises(ManifestError):
            read_manifest(tmp_path / "manifest.yml")


async def test_without_interactivity_no_click_arrives(tmp_path: Path) -> None:
    """Slack tells the person, and the app hears nothing."""
    manifest = written(tmp_path, scopes=["chat:write", "commands"], interactive=False)
    async with running_slack(manifest=manifest) as slack:
        warnings: list[str] = []
        slack.on_change(lambda change: warnings.append(change.kind))
        button = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}
        blocks = [{"type": "actions", "elements": [button]}]
        posted = await client_of(slack).chat_postMessage(channel=INCIDENTS, text="x", blocks=blocks)
        answer = await slack.people.click("mira", INCIDENTS, posted["ts"], "go")
        assert (answer.outcome, warnings[-1]) == ("no_destination", "warning_shown")


async def test_a_modal_opened_from_home_begins_its_own_stack(slack: LocalSlack, app: AsyncApp) -> None:
    """response_action clear closes the modals and leaves the Home tab."""

    @app.action("more")
    async def opened(ack: Any, body: Json, client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal())

    @app.view("edit")
    async def submitted(ack: Any) -> None:
        await ack(response_action="clear")

    button = {"type": "button", "action_id": "more", "text": {"type": "plain_text", "text": "More"}}
    home = {"type": "home", "blocks": [{"type": "actions", "elements": [button]}]}
    published = (await client_of(slack).views_publish(user_id=MIRA, view=home))["view"]["id"]
    await slack.people.click_view("mira", published, "more")
    await until(lambda: slack.open_views("mira"))
    (view,) = slack.open_views("mira")
    assert (view.previous, view.root) == (None, view.id)
    await slack.people.submit_view("mira", view.id, {"reason": "x"})
    shown = slack.home("mira")
    assert slack.open_views("mira") == []
    assert shown is not None
    assert shown.open


async def test_an_answer_that_slack_cannot_use_leaves_the_modal(slack: LocalSlack, app: AsyncApp) -> None:
    """Errors under a block that is no input, an unknown action and a broken view are all told to the person."""
    answers: list[Json] = [
        {"response_action": "errors", "errors": {"nowhere": "say more"}},
        {"response_action": "dance"},
        {"response_action": "update", "view": {"type": "modal"}},
    ]
    warnings: list[str] = []
    slack.on_change(lambda change: warnings.append(change.payload["error"]) if change.kind == "warning_shown" else None)

    @app.view("edit")
    async def submitted(ack: Any) -> None:
        await ack(**answers.pop(0))

    trigger = slack.core.views.trigger(MIRA)
    view = (await client_of(slack).views_open(trigger_id=trigger, view=modal()))["view"]["id"]
    for _ in range(3):
        await slack.people.submit_view("mira", view, {"reason": "x"})
    assert warnings == ["invalid_errors", "invalid_response_action", "invalid_arguments"]
    assert [each.id for each in slack.open_views("mira")] == [view]
