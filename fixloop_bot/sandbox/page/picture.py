"""What one person sees of the workspace, as JSON for the page. Nothing here changes anything."""

from __future__ import annotations

from typing import Any

from fixloop_bot.sandbox.slack import LocalSlack, Message
from fixloop_bot.sandbox.slack.inhabitants import BOT_USER
from fixloop_bot.sandbox.slack.records import Channel, User
from fixloop_bot.sandbox.slack.response_urls import original_of
from fixloop_bot.sandbox.slack.screen import message_surface
from fixloop_bot.sandbox.slack.workspace import TEAM_DOMAIN

Json = dict[str, Any]
MESSAGES_SHOWN = 600
"""The newest of each conversation; enough for an afternoon."""


class Picture:
    """The workspace with the eyes of any of its people."""

    def __init__(self, slack: LocalSlack) -> None:
        self._slack = slack
        self._workspace = slack.core.workspace
        self._loading: dict[tuple[str, str], list[str]] = {}

    def people(self) -> list[Json]:
        return [_person(user) for user in self._workspace.users.values()]

    def anybody(self, who: str) -> str:
        """This person if there is one by that id, else the first one of the workspace."""
        people = [user.id for user in self._workspace.users.values() if not user.is_bot]
        return who if who in people else people[0]

    def sees(self, user: str, channel_id: str) -> bool:
        channel = self._workspace.channels.get(channel_id)
        return channel is not None and _sees(user, channel)

    def snapshot(self, user: str) -> Json:
        """Everything that the left and the middle show."""
        channels = [each for each in self._workspace.channels.values() if _sees(user, each)]
        newest = [message for channel in channels for message in list(channel.messages.values())[-MESSAGES_SHOWN:]]
        app = self._slack.core.app
        return {
            "me": user,
            "bot": BOT_USER,
            "domain": TEAM_DOMAIN,
            "people": self.people(),
            "groups": [
                {"id": each.id, "handle": each.handle, "name": each.name} for each in self._workspace.groups.values()
            ],
            "channels": self.channels(user),
            "messages": [self.message(each, user) for each in newest if not each.deleted],
            "whispers": [self.message(each, user) for each in self._slack.ephemerals(user)],
            "assistant": [self.assistant(*key) for key in {*self._workspace.statuses, *self._workspace.threads}],
            "views": self.views(user),
            "home": self.home(user),
            "offers": {
                "commands": _commands(app),
                "shortcuts": [
                    {"id": each.callback_id, "name": each.name, "kind": each.kind}
                    for each in (app.manifest.shortcuts if app.manifest is not None else ())
                ],
                "home": app.has_home,
                "messages": app.hears_people,
            },
        }

    def channels(self, user: str) -> list[Json]:
        return [_channel(each, user) for each in self._workspace.channels.values() if _sees(user, each)]

    def message(self, message: Message, user: str) -> Json:
        """The message as the API shows it, with what this person has ticked on it."""
        shown = {**self._workspace.shown(message), "channel": message.channel}
        values = self._workspace.screen.values(message_surface(message.channel, message.ts), user, message.blocks)
        return {**shown, "values": values} if values else shown

    def found(self, channel: str, ts: str, user: str) -> Json | None:
        """The message now, ephemeral or not; None where it is gone."""
        try:
            message = original_of(self._workspace, channel, ts)
        except LookupError:
            return None
        if message.visible_to not in (None, user) or not self.sees(user, channel):
            return None
        return self.message(message, user)

    def assistant(self, channel: str, ts: str) -> Json:
        """What the assistant says that it is doing in a thread, and what one could ask it."""
        thread = self._workspace.threads.get((channel, ts), {})
        status = self._workspace.status(channel, ts)
        loading = self._loading.get((channel, ts), []) if status else []
        return {"channel": channel, "ts": ts, "status": status, "loading": loading, **thread}

    def hear_status(self, channel: str, ts: str, loading: Any) -> None:
        """What Slack turns over beside a status (`loading_messages`); the next status takes its place."""
        self._loading.pop((channel, ts), None)
        if isinstance(loading, list) and loading:
            self._loading[(channel, ts)] = [str(each) for each in loading]

    def views(self, user: str) -> list[Json]:
        """The open modals, the topmost last."""
        shown = self._slack.core.views.shown
        return [{**shown(view), "errors": view.errors} for view in self._slack.open_views(user)]

    def home(self, user: str) -> Json | None:
        view = self._slack.home(user)
        return None if view is None else self._slack.core.views.shown(view)


def _person(user: User) -> Json:
    return {"id": user.id, "name": user.name, "real_name": user.real_name, "is_bot": user.is_bot, "tz": user.timezone}


def _sees(user: str, channel: Channel) -> bool:
    return channel.kind == "public" or user in channel.members


def _channel(channel: Channel, user: str) -> Json:
    return {
        "id": channel.id,
        "name": channel.name,
        "kind": channel.kind,
        "archived": channel.archived,
        "members": sorted(channel.members),
        "joined": user in channel.members,
        "pins": list(channel.pins),
        "bookmarks": list(channel.bookmarks),
    }


def _commands(app: Any) -> list[Json]:
    if app.manifest is not None:
        return [
            {"name": each.name, "description": each.description, "hint": each.usage_hint}
            for each in app.manifest.commands
        ]
    return [{"name": name, "description": "", "hint": ""} for name in sorted(app.commands or ("/fixloop",))]
