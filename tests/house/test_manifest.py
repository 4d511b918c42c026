"""The manifest asks Slack for what the code uses: every command, event and scope of it, and none more."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from slack_bolt.async_app import AsyncApp

from fixloop_bot.adapters.slack.scopes import NEEDED
from fixloop_bot.application.wishes import COMMANDS
from fixloop_bot.entrypoints.slack import register
from tests.house.places import PACKAGE, TOP, sources

TEXT = (TOP / "manifest.yml").read_text()
HISTORY = {"channels:history", "groups:history"}
SCOPES_OF_METHODS: dict[str, set[str]] = {
    "apps.connections.open": set(),  # the app-level token's own
    "assistant.threads.setStatus": {"chat:write"},
    "auth.test": set(),
    "canvases.access.set": {"canvases:write"},
    "canvases.create": {"canvases:write"},
    "canvases.edit": {"canvases:write"},
    "chat.appendStream": {"chat:write"},
    "chat.delete": {"chat:write"},
    "chat.postEphemeral": {"chat:write"},
    "chat.postMessage": {"chat:write", "chat:write.public"},
    "chat.startStream": {"chat:write"},
    "chat.stopStream": {"chat:write"},
    "chat.update": {"chat:write"},
    "conversations.history": HISTORY,
    "conversations.list": {"channels:read", "groups:read"},
    "conversations.replies": HISTORY,
    "files.completeUploadExternal": {"files:write"},
    "files.getUploadURLExternal": {"files:write"},
    "usergroups.users.list": {"usergroups:read"},
    "users.info": {"users:read"},
    "views.open": set(),
    "views.publish": set(),
    "views.push": set(),
    "views.update": set(),
}
"""From the reference of Slack's Web API: what each method that FixLoop calls needs, for the channels it calls it on."""
SCOPES_OF_EVENTS: dict[str, set[str]] = {
    "app_home_opened": set(),
    "app_mention": {"app_mentions:read"},
    "message": HISTORY,
    "reaction_added": {"reactions:read"},
    "subteam_members_changed": {"usergroups:read"},
    "subteam_updated": {"usergroups:read"},
}
SUBSCRIPTIONS = {
    "app_home_opened": ["app_home_opened"],
    "app_mention": ["app_mention"],
    "message": ["message.channels", "message.groups"],
    "reaction_added": ["reaction_added"],
    "subteam_members_changed": ["subteam_members_changed"],
    "subteam_updated": ["subteam_updated"],
}
"""The names by which an event is subscribed to: messages by the kind of channel."""


class NotingApp(AsyncApp):
    """Bolt, noting which commands and events are listened to. A catch-all (a pattern) subscribes to nothing."""

    def __init__(self) -> None:
        self.commands: set[str] = set()
        self.events: set[str] = set()
        self.shortcuts: set[str] = set()
        super().__init__(name="noting", token="xoxb-never-sent", signing_secret="unused")

    def command(self, command: Any, *rest: Any, **options: Any) -> Any:
        self.commands.add(command)
        return super().command(command, *rest, **options)

    def event(self, event: Any, *rest: Any, **options: Any) -> Any:
        if isinstance(event, str):
            self.events.add(event)
        return super().event(event, *rest, **options)

    def message_shortcut(self, callback_id: Any, *rest: Any, **options: Any) -> Any:
        self.shortcuts.add(callback_id)
        return super().message_shortcut(callback_id, *rest, **options)


@pytest.fixture
def listening() -> NotingApp:
    app = NotingApp()
    register(app, api=None, counter=None, forms=None)  # type: ignore[arg-type]  # registering calls no listener
    return app


@pytest.fixture
def manifest() -> dict[str, Any]:
    document = yaml.safe_load(TEXT)
    assert isinstance(document, dict)
    return document


def methods_called() -> set[str]:
    """Every Web API method that the bot names in a call."""
    texts = [path.read_text() for path in sources(PACKAGE) if PACKAGE / "sandbox" not in path.parents]
    return {
        name for text in texts for name in re.findall(r"\.(?:call|read|_ask)\(\s*\"([a-zA-Z]+\.[a-zA-Z.]+)\"", text)
    }


def test_commands_are_those_that_are_listened_to(manifest: dict[str, Any], listening: NotingApp) -> None:
    """No command is offered that nobody answers, and none is missing."""
    assert [each["command"] for each in manifest["features"]["slash_commands"]] == sorted(listening.commands)


def test_the_usage_hint_lists_the_words(manifest: dict[str, Any]) -> None:
    """Slack's completion shows the words that the bot knows."""
    (command,) = manifest["features"]["slash_commands"]
    assert command["usage_hint"] == f"[{' | '.join(COMMANDS)}]"


def test_events_are_those_that_are_listened_to(manifest: dict[str, Any], listening: NotingApp) -> None:
    """Slack sends what a listener waits for, and no more of the workspace's talk."""
    assert manifest["settings"]["event_subscriptions"]["bot_events"] == [
        name for event in sorted(listening.events) for name in SUBSCRIPTIONS[event]
    ]


def test_shortcuts_are_those_that_are_listened_to(manifest: dict[str, Any], listening: NotingApp) -> None:
    """Every entry of a message's menu does something."""
    offered = {each["callback_id"]: each["type"] for each in manifest["features"]["shortcuts"]}
    assert offered == dict.fromkeys(listening.shortcuts, "message")


def test_commands_come_with_ids(manifest: dict[str, Any]) -> None:
    """Slack sends ``@mira`` as an id only to a command that wants its words escaped."""
    assert all(each["should_escape"] for each in manifest["features"]["slash_commands"])


def test_scopes_are_those_that_are_used(manifest: dict[str, Any], listening: NotingApp) -> None:
    """Every scope is needed by a method, an event or a command; whoever calls a new method says here what it needs."""
    called = methods_called()
    assert "chat.update" in called
    assert called <= SCOPES_OF_METHODS.keys()
    wanted = {"commands"} if listening.commands else set()
    wanted |= {scope for method in called for scope in SCOPES_OF_METHODS[method]}
    wanted |= {scope for event in listening.events for scope in SCOPES_OF_EVENTS[event]}
    assert manifest["oauth_config"] == {"scopes": {"bot": sorted(wanted)}}


def test_doctor_looks_for_the_same_scopes(manifest: dict[str, Any]) -> None:
    """What ``fixloop doctor`` calls missing is what the manifest asks for."""
    assert manifest["oauth_config"]["scopes"]["bot"] == list(NEEDED)


def test_every_address_is_the_bots_one_door(manifest: dict[str, Any]) -> None:
    """Events, clicks and commands all go to /slack/events; clicks are switched on."""
    assert set(re.findall(r"https://YOUR-HOST\S*", TEXT)) == {"https://YOUR-HOST/slack/events"}
    assert manifest["settings"]["interactivity"]["is_enabled"] is True
    assert manifest["settings"]["socket_mode_enabled"] is False
    assert "_metadata" in manifest
    assert "metadata" not in manifest


def test_socket_mode_is_a_switch_and_three_lines() -> None:
    """Following the comment (turn it on, delete the lines with YOUR-HOST) leaves a whole manifest without address."""
    lines = [line for line in TEXT.splitlines() if "YOUR-HOST" not in line]
    document = yaml.safe_load("\n".join(lines).replace("socket_mode_enabled: false", "socket_mode_enabled: true"))
    assert len([line for line in TEXT.splitlines() if "YOUR-HOST/" in line]) == 3
    assert document["settings"]["socket_mode_enabled"] is True
    assert document["settings"]["event_subscriptions"] == {
        "bot_events": [name for event in sorted(SUBSCRIPTIONS) for name in SUBSCRIPTIONS[event]]
    }
    assert document["features"]["slash_commands"][0]["command"] == "/fixloop"
