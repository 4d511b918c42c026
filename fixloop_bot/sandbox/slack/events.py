"""Events API: which changes of the workspace the bot hears about, and in which words.

The bot hears what happens in conversations it is a member of. A mention arrives twice, as `message` and as
`app_mention`; the bot's own posts come back to it with its `bot_id`, its edits as `message_changed`.
"""

from __future__ import annotations

from collections.abc import Callable

from fixloop_bot.sandbox.slack.app import App
from fixloop_bot.sandbox.slack.delivery import Delivery
from fixloop_bot.sandbox.slack.inhabitants import BOT_USER
from fixloop_bot.sandbox.slack.records import Change, Channel, Json
from fixloop_bot.sandbox.slack.workspace import APP_ID, TEAM_ID, Workspace


class Events:
    """Listens to the workspace and hands events to the delivery."""

    def __init__(self, workspace: Workspace, app: App, delivery: Delivery) -> None:
        self._workspace = workspace
        self._app = app
        self._delivery = delivery
        self._tellers: dict[str, Callable[[Change, Channel], None]] = {
            "message_posted": self._posted,
            "message_updated": self._edited,
            "message_deleted": self._deleted,
            "reaction_added": self._reacted,
            "reaction_removed": self._reacted,
            "member_joined": self._joined,
        }

    def hear(self, change: Change) -> None:
        """A listener for the workspace's changes."""
        if change.payload.get("message", {}).get("is_ephemeral"):
            return
        if change.kind == "home_opened":
            self._home(change)
        elif change.kind == "file_shared":
            self._emit("file_shared", {"type": "file_shared", **change.payload, "event_ts": self._workspace.ids.ts()})
        elif change.kind in self._tellers and change.channel is not None:
            channel = self._workspace.channels[change.channel]
            if BOT_USER in channel.members:
                self._tellers[change.kind](change, channel)

    def _posted(self, change: Change, channel: Channel) -> None:
        message = change.payload["message"]
        context = {"channel": channel.id, "event_ts": message["ts"]}
        self._emit(_subscription(channel), {**message, **context, "channel_type": channel.event_type})
        by_bot = message.get("user") == BOT_USER
        if f"<@{BOT_USER}>" in message.get("text", "") and not by_bot and channel.kind != "im":
            mention = {name: value for name, value in message.items() if name != "subtype"}
            self._emit("app_mention", {**mention, **context, "type": "app_mention"})

    def _edited(self, change: Change, channel: Channel) -> None:
        message = change.payload["message"]
        self._emit(
            _subscription(channel),
            {
                "type": "message",
                "subtype": "message_changed",
                "message": message,
                "previous_message": change.payload["previous"],
                **self._hidden(channel),
            },
        )

    def _deleted(self, change: Change, channel: Channel) -> None:
        self._emit(
            _subscription(channel),
            {
                "type": "message",
                "subtype": "message_deleted",
                "deleted_ts": change.ts,
                "previous_message": change.payload["previous"],
                **self._hidden(channel),
            },
        )

    def _reacted(self, change: Change, channel: Channel) -> None:
        self._emit(
            change.kind,
            {
                "type": change.kind,
                "user": change.user,
                "reaction": change.payload["reaction"],
                "item": {"type": "message", "channel": channel.id, "ts": change.ts},
                "item_user": change.payload["message"].get("user"),
                "event_ts": self._workspace.ids.ts(),
            },
        )

    def _joined(self, change: Change, channel: Channel) -> None:
        self._emit(
            "member_joined_channel",
            {
                "type": "member_joined_channel",
                "user": change.user,
                "channel": channel.id,
                "channel_type": channel.id[0],
                "team": TEAM_ID,
                "event_ts": self._workspace.ids.ts(),
            },
        )

    def _home(self, change: Change) -> None:
        event = {
            "type": "app_home_opened",
            "user": change.user,
            "channel": change.channel,
            "tab": "home",
            "event_ts": self._workspace.ids.ts(),
        }
        if "view" in change.payload:
            event["view"] = change.payload["view"]
        self._emit("app_home_opened", event)

    def _hidden(self, channel: Channel) -> Json:
        ts = self._workspace.ids.ts()
        return {
            "channel": channel.id,
            "hidden": True,
            "ts": ts,
            "event_ts": ts,
            "channel_type": channel.event_type,
        }

    def _emit(self, subscription: str, event: Json) -> None:
        if not self._app.hears(subscription):
            return
        self._delivery.event(
            {
                "token": self._app.verification_token,
                "team_id": TEAM_ID,
                "context_team_id": TEAM_ID,
                "context_enterprise_id": None,
                "api_app_id": APP_ID,
                "event": event,
                "type": "event_callback",
                "event_id": self._workspace.ids.make("Ev"),
                "event_time": int(self._workspace.clock()),
                "authorizations": [
                    {
                        "enterprise_id": None,
                        "team_id": TEAM_ID,
                        "user_id": BOT_USER,
                        "is_bot": True,
                        "is_enterprise_install": False,
                    }
                ],
                "is_ext_shared_channel": False,
                "event_context": self._workspace.ids.make("4-"),
            }
        )


def _subscription(channel: Channel) -> str:
    return {"public": "message.channels", "private": "message.groups", "im": "message.im"}[channel.kind]
