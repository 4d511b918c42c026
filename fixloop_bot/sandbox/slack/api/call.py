"""One call of the Web API: its arguments, however they were sent, and how methods are described."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fixloop_bot.sandbox.slack.blocks import message_problems
from fixloop_bot.sandbox.slack.core import Core
from fixloop_bot.sandbox.slack.inhabitants import BOT_USER
from fixloop_bot.sandbox.slack.records import Channel, Json, Message, NotThereError, RefusalError, User

STRUCTURED = frozenset(
    {
        "blocks",
        "attachments",
        "metadata",
        "view",
        "files",
        "chunks",
        "prompts",
        "loading_messages",
        "user_auth_blocks",
        "document_content",
        "changes",
        "criteria",
    }
)
"""Arguments that are JSON texts when a form carries them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A method of the Web API. `scopes` are alternatives: any one of them suffices."""

    handle: Callable[[Call], Json]
    per_minute: int
    scopes: tuple[str, ...] = ()
    token: str = "bot"  # noqa: S105 - the kind of token: bot, app or none


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a method's handler gets."""

    core: Core
    method: str
    arguments: Json

    def get(self, name: str) -> Any:
        """The argument, decoded if it is structured; None if absent, null or an empty form field."""
        value = self.arguments.get(name)
        if name in STRUCTURED and isinstance(value, str) and value:
            try:
                return json.loads(value)
            except ValueError:
                raise RefusalError(f"invalid_{name}_format" if name == "blocks" else f"invalid_{name}") from None
        return None if value == "" else value

    def text(self, name: str) -> str:
        """A required argument."""
        value = self.get(name)
        if value is None:
            missing = f"[ERROR] missing required field: {name}"
            raise RefusalError("invalid_arguments", response_metadata={"messages": [missing]})
        return str(value)

    def optional(self, name: str) -> str | None:
        value = self.get(name)
        return None if value is None else str(value)

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self.get(name)
        return default if value is None else str(value).lower() in ("1", "true")

    def number(self, name: str, default: int, maximum: int) -> int:
        value = self.optional(name)
        if value is None:
            return default
        if not value.isdigit() or int(value) < 1:
            raise RefusalError(f"invalid_{name}")
        return min(int(value), maximum)

    def names(self, name: str) -> list[str]:
        """A comma-separated list or an array."""
        value = self.get(name)
        if value is None:
            return []
        return [str(each) for each in value] if isinstance(value, list) else str(value).split(",")

    def channel(self, *, by_name: bool = False, argument: str = "channel") -> Channel:
        """A conversation that the bot can see; a private one without the bot does not exist for it."""
        wanted = self.text(argument)
        for channel in self.core.workspace.channels.values():
            named = by_name and channel.kind != "im" and channel.name == wanted.removeprefix("#")
            hidden = channel.kind != "public" and BOT_USER not in channel.members
            if (channel.id == wanted or named) and not hidden:
                return channel
        raise RefusalError("channel_not_found")

    def joined_channel(self, *, argument: str = "channel") -> Channel:
        channel = self.channel(argument=argument)
        if BOT_USER not in channel.members:
            raise RefusalError("not_in_channel")
        return channel

    def message(self, channel: Channel, argument: str = "ts") -> Message:
        message = channel.messages.get(self.text(argument))
        if message is None or message.deleted:
            raise RefusalError("message_not_found")
        return message

    def person(self, argument: str = "user") -> User:
        user = self.core.workspace.users.get(self.text(argument))
        if user is None:
            raise RefusalError("user_not_found")
        return user

    def blocks(self) -> list[Json] | None:
        """The `blocks` argument, or invalid_blocks with every problem."""
        blocks = self.get("blocks")
        if blocks is None:
            return None
        if not isinstance(blocks, list):
            raise RefusalError("invalid_blocks_format")
        problems = [*message_problems(blocks), *self.missing_files(blocks)]
        if problems:
            raise RefusalError("invalid_blocks", errors=problems, response_metadata={"messages": problems})
        return blocks

    def attachments(self) -> list[Json] | None:
        """The `attachments` argument; blocks inside attachments are checked like any others."""
        attachments = self.get("attachments")
        if attachments is None:
            return None
        if not isinstance(attachments, list) or not all(isinstance(each, dict) for each in attachments):
            raise RefusalError("invalid_attachments")
        problems = [problem for each in attachments for problem in message_problems(each.get("blocks", []))]
        if problems:
            raise RefusalError("invalid_blocks", errors=problems, response_metadata={"messages": problems})
        return attachments

    def missing_files(self, blocks: Any) -> list[str]:
        """A problem for each picture whose file is not there, or not processed yet."""
        return [
            f"[ERROR] invalid slack file [json-pointer:/blocks/{index}/slack_file]"
            for index, block in enumerate(blocks if isinstance(blocks, list) else ())
            if isinstance(block, dict) and isinstance(block.get("slack_file"), dict)
            if not self._has_file(block["slack_file"])
        ]

    def _has_file(self, reference: Json) -> bool:
        now = self.core.workspace.clock()
        return any(
            (file["url_private"] == reference.get("url") or file_id == reference.get("id"))
            and file["done"]
            and file.get("ready_at", 0.0) <= now
            for file_id, file in self.core.workspace.files.items()
        )


def page(items: list[Any], call: Call, *, default: int = 100, maximum: int = 1000) -> tuple[list[Any], Json]:
    """One page of a list and its `response_metadata`. Cursors are opaque to clients and are offsets here."""
    cursor = call.optional("cursor")
    if cursor is not None and not cursor.removeprefix("next:").isdigit():
        raise RefusalError("invalid_cursor")
    start = int(cursor.removeprefix("next:")) if cursor is not None else 0
    end = start + call.number("limit", default, maximum)
    following = f"next:{end}" if end < len(items) else ""
    return items[start:end], {"next_cursor": following}


def found(look_up: Callable[[], Any], error: str) -> Any:
    """Translate the workspace's NotThereError into Slack's error name."""
    try:
        return look_up()
    except NotThereError:
        raise RefusalError(error) from None
