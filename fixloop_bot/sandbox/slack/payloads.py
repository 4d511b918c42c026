"""What Slack sends when somebody clicks, submits, or calls a shortcut."""

from __future__ import annotations

from typing import Any

from fixloop_bot.sandbox.slack.core import Core
from fixloop_bot.sandbox.slack.elements import STATE_FIELDS, Placed
from fixloop_bot.sandbox.slack.records import Channel, Json, Message, User
from fixloop_bot.sandbox.slack.screen import message_surface
from fixloop_bot.sandbox.slack.views import View
from fixloop_bot.sandbox.slack.workspace import APP_ID, TEAM_DOMAIN, TEAM_ID


def common(core: Core, kind: str, user: User) -> Json:
    """The fields that every interaction has."""
    return {
        "type": kind,
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": TEAM_ID},
        "api_app_id": APP_ID,
        "token": core.app.verification_token,
        "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def action(core: Core, placed: Placed, value: str | None, state: Json | None) -> Json:
    """One entry of `actions`."""
    element = placed.element
    done: Json = {
        "type": placed.type,
        "action_id": placed.action_id,
        "block_id": placed.block_id,
        "action_ts": core.workspace.ids.ts(),
    }
    if placed.type == "feedback_buttons":
        sides = (element["positive_button"], element["negative_button"])
        pressed = next((side for side in sides if side["value"] == value), sides[0])
        return done | {"text": pressed["text"], "value": pressed["value"]}
    if placed.type == "overflow":
        return done | {"selected_option": placed.option(value if value is not None else "")}
    if state is not None:
        field = STATE_FIELDS[placed.type][0]
        done[field] = state[field]
    fields = ("text", "value", "url", "style", "placeholder", "confirm")
    return done | {name: element[name] for name in fields if name in element}


def message_action(core: Core, user: User, channel: Channel, message: Message, act: Json, *, response_url: str) -> Json:
    """block_actions of an element in a message."""
    surface = message_surface(channel.id, message.ts)
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": message.visible_to is not None,
    }
    if message.thread_ts is not None:
        container["thread_ts"] = message.thread_ts
    return {
        **common(core, "block_actions", user),
        "container": container,
        "trigger_id": core.views.trigger(user.id, channel=channel.id),
        "channel": named(channel),
        "message": core.workspace.shown(message),
        "state": {"values": core.workspace.screen.values(surface, user.id, message.blocks)},
        "response_url": response_url,
        "actions": [act],
    }


def view_action(core: Core, user: User, view: View, act: Json) -> Json:
    """block_actions of an element in a modal or on the Home tab."""
    shown = core.views.shown(view)
    return {
        **common(core, "block_actions", user),
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": core.views.trigger(user.id, view=view.id, channel=view.channel),
        "view": shown,
        "state": shown["state"],
        "actions": [act],
    }


def view_submission(core: Core, user: User, view: View) -> Json:
    return {
        **common(core, "view_submission", user),
        "trigger_id": core.views.trigger(user.id, view=view.id, channel=view.channel),
        "view": core.views.shown(view),
        "response_urls": [],
    }


def view_closed(core: Core, user: User, view: View, *, is_cleared: bool) -> Json:
    return {**common(core, "view_closed", user), "view": core.views.shown(view), "is_cleared": is_cleared}


def shortcut(core: Core, user: User, callback_id: str) -> Json:
    return {
        **common(core, "shortcut", user),
        "callback_id": callback_id,
        "trigger_id": core.views.trigger(user.id),
        "action_ts": core.workspace.ids.ts(),
    }


def message_shortcut(core: Core, user: User, callback_id: str, channel: Channel, message: Message) -> Json:
    return {
        **common(core, "message_action", user),
        "callback_id": callback_id,
        "trigger_id": core.views.trigger(user.id, channel=channel.id),
        "action_ts": core.workspace.ids.ts(),
        "message_ts": message.ts,
        "channel": named(channel),
        "message": core.workspace.shown(message),
        "response_url": core.response_urls.make(user.id, channel.id, message),
    }


def command(core: Core, user: User, channel: Channel, name: str, text: str) -> Json:
    """The form fields of a slash command."""
    return {
        "token": core.app.verification_token,
        "team_id": TEAM_ID,
        "team_domain": TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": named(channel)["name"],
        "user_id": user.id,
        "user_name": user.name,
        "command": name,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": core.response_urls.make(user.id, channel.id),
        "trigger_id": core.views.trigger(user.id, channel=channel.id),
    }


def named(channel: Channel) -> Json:
    names = {"public": channel.name, "private": "privategroup", "im": "directmessage"}
    return {"id": channel.id, "name": names[channel.kind]}


def spoken_blocks(core: Core, text: str) -> list[Json]:
    """What a person types becomes rich text, with mentions as their own elements."""
    pieces: list[Any] = []
    rest = text
    while rest:
        before, mention, after = rest.partition("<@")
        if before:
            pieces.append({"type": "text", "text": before})
        user_id, _, rest = after.partition(">")
        if mention:
            pieces.append({"type": "user", "user_id": user_id})
    section = {"type": "rich_text_section", "elements": pieces}
    return [{"type": "rich_text", "block_id": core.workspace.ids.make("b"), "elements": [section]}]
