"""The workspace: who is in it, what was said, and the only functions that change either.

Every change is published; events for the bot, the terminal and the page are made from what is published here.
"""

from __future__ import annotations

from typing import Any, Literal

from fixloop_bot.sandbox.slack.changes import Changes
from fixloop_bot.sandbox.slack.ids import Ids
from fixloop_bot.sandbox.slack.records import (
    Canvas,
    Change,
    Channel,
    Clock,
    Json,
    Message,
    NotThereError,
    User,
    UserGroup,
)
from fixloop_bot.sandbox.slack.screen import Screen, message_surface

TEAM_ID = "T0SANDBOX1"
TEAM_DOMAIN = "sandbox"
APP_ID = "A0FIXLOOP1"
CanvasPlan = Literal["paid", "free", "none"]
"""What the workspace pays for: canvases of their own, only tabs of a channel, or no canvases at all."""
STATUS_SECONDS = 120
"""An assistant status disappears by itself after two minutes."""


class Workspace:
    """One Slack workspace in memory."""

    def __init__(self, clock: Clock, ids: Ids, changes: Changes) -> None:
        self.clock = clock
        self.ids = ids
        self.changes = changes
        self.screen = Screen()
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.groups: dict[str, UserGroup] = {}
        self.files: dict[str, Json] = {}
        self.file_contents: dict[str, bytes] = {}
        self.canvases: dict[str, Canvas] = {}
        self.canvas_plan: CanvasPlan = "paid"
        self.file_seconds = 0.0
        """How long an uploaded file cannot be shown in an image block; on a busy day Slack takes a second or more."""
        self.ephemerals: list[Message] = []
        self.statuses: dict[tuple[str, str], tuple[str, float]] = {}
        self.threads: dict[tuple[str, str], Json] = {}

    def user(self, who: str) -> User:
        """By id or by name (`mira`, `@mira`)."""
        name = who.removeprefix("@").lower()
        for user in self.users.values():
            if who == user.id or name == user.name:
                return user
        raise NotThereError(f"nobody is called {who!r} here")

    def channel(self, where: str) -> Channel:
        """By id or by name (`incidents`, `#incidents`)."""
        name = where.removeprefix("#")
        for channel in self.channels.values():
            if where == channel.id or (name == channel.name and channel.kind != "im"):
                return channel
        raise NotThereError(f"there is no channel {where!r}")

    def direct(self, user: str, bot: str) -> Channel:
        """The conversation of a person with the bot, opened when needed."""
        for channel in self.channels.values():
            if channel.kind == "im" and channel.members == {user, bot}:
                return channel
        opened = Channel(id=self.ids.make("D"), name=user, kind="im", members={user, bot})
        self.channels[opened.id] = opened
        return opened

    def message(self, channel: str, ts: str) -> Message:
        message = self.channel(channel).messages.get(ts)
        if message is None or message.deleted:
            raise NotThereError(f"there is no message {ts} in {channel}")
        return message

    def post(self, channel: Channel, content: Json, *, metadata: Json | None = None) -> Message:
        """Say something; `content` is completed with type, ts, team and generated block ids."""
        ts = self.ids.ts()
        message = Message(channel=channel.id, ts=ts, content=self._completed(content, ts), metadata=metadata)
        channel.messages[ts] = message
        if message.is_reply:
            channel.replies.setdefault(str(message.thread_ts), []).append(message)
        self.screen.show(message_surface(channel.id, ts), message.blocks)
        self._end_status(channel.id, message)
        self._publish("message_posted", message)
        return message

    def whisper(self, channel: Channel, user: str, content: Json) -> Message:
        """An ephemeral message, seen by one person and never part of the history."""
        ts = self.ids.ts()
        completed = {**self._completed(content, ts), "is_ephemeral": True}
        message = Message(channel=channel.id, ts=ts, content=completed, visible_to=user)
        self.ephemerals.append(message)
        self.screen.show(message_surface(channel.id, ts), message.blocks)
        self._publish("ephemeral_posted", message)
        return message

    def update(self, message: Message, changed: Json, *, edited_by: str | None = None) -> Message:
        """Replace fields of a message; a field given as None is removed."""
        before = message.content
        content = {**before, **changed}
        if edited_by is not None:
            content["edited"] = {"user": edited_by, "ts": self.ids.ts()}
        content = {name: value for name, value in content.items() if value is not None}
        message.revisions.append(before)
        message.content = self._completed(content, message.ts)
        self.screen.show(message_surface(message.channel, message.ts), message.blocks)
        self._publish("message_updated", message, previous=before)
        return message

    def delete(self, message: Message) -> None:
        message.deleted = True
        self.screen.forget(message_surface(message.channel, message.ts))
        self._publish("message_deleted", message, previous=message.content)

    def join(self, channel: Channel, user: str) -> bool:
        """True if the user was not yet a member."""
        if user in channel.members:
            return False
        channel.members.add(user)
        self.changes.publish(Change(kind="member_joined", channel=channel.id, user=user))
        return True

    def thread(self, channel: Channel, ts: str) -> list[Message]:
        """The root and its replies, oldest first, without what was deleted."""
        root = [channel.messages[ts]] if ts in channel.messages else []
        return [message for message in [*root, *channel.replies.get(ts, [])] if not message.deleted]

    def shown(self, message: Message) -> Json:
        """The message as the API shows it: with what its thread and its readers added."""
        channel = self.channels[message.channel]
        shown = dict(message.content)
        reactions = channel.reactions.get(message.ts)
        if reactions:
            shown["reactions"] = [
                {"name": name, "users": users, "count": len(users)} for name, users in reactions.items()
            ]
        replies = [each for each in channel.replies.get(message.ts, []) if not each.deleted]
        if replies and not message.deleted:
            writers = list(dict.fromkeys(reply.author for reply in replies))
            shown |= {
                "thread_ts": message.ts,
                "reply_count": len(replies),
                "reply_users": writers,
                "reply_users_count": len(writers),
                "latest_reply": replies[-1].ts,
                "is_locked": False,
                "subscribed": True,
            }
        elif message.is_reply:
            root = channel.messages.get(message.thread_ts or "")
            shown["parent_user_id"] = root.author if root is not None else ""
        return shown

    def react(self, message: Message, user: str, name: str, *, add: bool) -> bool:
        """False if there is nothing to change."""
        reactions = self.channels[message.channel].reactions.setdefault(message.ts, {})
        users = reactions.setdefault(name, [])
        if (user in users) == add:
            return False
        if add:
            users.append(user)
        else:
            users.remove(user)
        if not users:
            del reactions[name]
        kind = "reaction_added" if add else "reaction_removed"
        self._publish(kind, message, user=user, reaction=name)
        return True

    def status(self, channel: str, thread_ts: str) -> str:
        """What the assistant says it is doing; empty when nothing, or when older than two minutes."""
        text, since = self.statuses.get((channel, thread_ts), ("", 0.0))
        return text if self.clock() - since < STATUS_SECONDS else ""

    def permalink(self, message: Message) -> str:
        link = f"https://{TEAM_DOMAIN}.slack.com/archives/{message.channel}/p{message.ts.replace('.', '')}"
        return f"{link}?thread_ts={message.thread_ts}&cid={message.channel}" if message.is_reply else link

    def _completed(self, content: Json, ts: str) -> Json:
        completed = {"type": "message", **content, "ts": ts, "team": TEAM_ID}
        if completed.get("blocks"):
            completed["blocks"] = self.with_ids(completed["blocks"])
        return completed

    def with_ids(self, blocks: list[Json]) -> list[Json]:
        """Slack invents a block_id and an action_id where the app gave none."""
        return [{**self._named(block), "block_id": block.get("block_id") or self.ids.make("b")} for block in blocks]

    def _named(self, block: Json) -> Json:
        named: Json = dict(block)
        if isinstance(block.get("accessory"), dict):
            named["accessory"] = self._with_action_id(block["accessory"])
        if block.get("type") in ("actions", "context_actions"):
            named["elements"] = [self._with_action_id(element) for element in block["elements"]]
        if isinstance(block.get("element"), dict):
            named["element"] = self._with_action_id(block["element"])
        return named

    def _with_action_id(self, element: Json) -> Json:
        if element.get("type") == "image" or element.get("action_id"):
            return element
        return {**element, "action_id": self.ids.make("a")}

    def _end_status(self, channel: str, message: Message) -> None:
        key = (channel, message.thread_ts or "")
        if message.content.get("bot_id") and self.statuses.pop(key, None) is not None:
            change = Change(kind="status_set", channel=channel, ts=key[1], payload={"status": ""})
            self.changes.publish(change)

    def _publish(self, kind: str, message: Message, *, user: str | None = None, **payload: Any) -> None:
        change = Change(
            kind=kind,
            channel=message.channel,
            ts=message.ts,
            user=user or message.visible_to or message.author,
            payload={"message": self.shown(message), **payload},
        )
        self.changes.publish(change)
