"""What the local workspace consists of: people, channels, messages, and the changes that happen to them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
Clock = Callable[[], float]

EDITS_KEPT = 200
"""How many earlier states of one message are remembered; older ones are forgotten first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person or a bot. `bot_id` is set for bots only."""

    id: str
    name: str
    real_name: str
    bot_id: str | None = None
    app_id: str | None = None
    timezone: str = "Europe/Berlin"

    @property
    def is_bot(self) -> bool:
        return self.bot_id is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserGroup:
    """A group that can be mentioned as `<!subteam^ID>`."""

    id: str
    handle: str
    name: str
    users: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Message:
    """One message in its present state, with the states it had before.

    `content` is the message in Slack's own JSON, without what depends on its thread; `revisions` holds the
    earlier contents, oldest first. `metadata` is kept apart because Slack shows it only when asked.
    """

    channel: str
    ts: str
    content: Json
    metadata: Json | None = None
    visible_to: str | None = None
    deleted: bool = False
    streaming_since: float | None = None
    stream_ended: bool = False
    revisions: deque[Json] = field(default_factory=lambda: deque(maxlen=EDITS_KEPT))

    @property
    def thread_ts(self) -> str | None:
        root = self.content.get("thread_ts")
        return root if isinstance(root, str) else None

    @property
    def is_reply(self) -> bool:
        return self.thread_ts is not None and self.thread_ts != self.ts

    @property
    def author(self) -> str:
        return str(self.content.get("user", ""))

    @property
    def text(self) -> str:
        return str(self.content.get("text") or "")

    @property
    def blocks(self) -> list[Json]:
        blocks = self.content.get("blocks") or []
        return list(blocks)

    @property
    def states(self) -> list[Json]:
        """Every state that is still known, oldest first, the present one last."""
        return [*self.revisions, self.content]


@dataclass(slots=True, kw_only=True)
class Channel:
    """A public or private channel, or a direct conversation (`kind` is public, private or im)."""

    id: str
    name: str
    kind: str = "public"
    archived: bool = False
    members: set[str] = field(default_factory=set)
    messages: dict[str, Message] = field(default_factory=dict)
    replies: dict[str, list[Message]] = field(default_factory=dict)
    """Root ts → its replies, oldest first, deleted ones included."""
    pins: list[str] = field(default_factory=list)
    bookmarks: list[Json] = field(default_factory=list)
    reactions: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    @property
    def event_type(self) -> str:
        """The name events use: channel, group or im."""
        return {"public": "channel", "private": "group", "im": "im"}[self.kind]


@dataclass(slots=True, kw_only=True)
class Canvas:
    """A document: its sections by id, in order; `access`: user or channel id → read, write or owner."""

    id: str
    title: str
    channel: str | None = None
    of_channel: bool = False
    sections: dict[str, str] = field(default_factory=dict)
    access: dict[str, str] = field(default_factory=dict)

    @property
    def markdown(self) -> str:
        return "\n\n".join(self.sections.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that a person looking at the workspace could notice.

    `kind` is one of message_posted, message_updated, message_deleted, ephemeral_posted, reaction_added,
    reaction_removed, status_set, prompts_set, title_set, member_joined, home_opened, home_published,
    view_opened, view_pushed, view_updated, view_closed, file_shared, pin_added, pin_removed, bookmark_added,
    bookmark_changed, bookmark_removed, canvas_created, canvas_edited, canvas_deleted,
    warning_shown (what Slack says when the app does not answer).
    """

    kind: str
    channel: str | None = None
    ts: str | None = None
    user: str | None = None
    payload: Json = field(default_factory=dict)


class RefusalError(Exception):
    """Slack answers `ok: false` with this error name and these further fields."""

    def __init__(self, error: str, **fields: Any) -> None:
        super().__init__(error)
        self.error = error
        self.fields = fields

    def body(self) -> Json:
        return {"ok": False, "error": self.error, **self.fields}


class NotThereError(LookupError):
    """A person tried to use something that is not on their screen."""
