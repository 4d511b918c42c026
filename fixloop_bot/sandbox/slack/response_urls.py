"""response_url: five answers within thirty minutes to an interaction or a command, without a token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fixloop_bot.sandbox.slack.blocks import message_problems
from fixloop_bot.sandbox.slack.inhabitants import BOT_ID, BOT_USER
from fixloop_bot.sandbox.slack.records import Json, Message, NotThereError, RefusalError
from fixloop_bot.sandbox.slack.workspace import APP_ID, Workspace

USES = 5
SECONDS = 30 * 60


@dataclass(slots=True, kw_only=True)
class ResponseUrl:
    user: str
    channel: str
    original: Message | None
    expires: float
    uses: int = 0


class ResponseUrls:
    """All response URLs that were handed out."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._urls: dict[str, ResponseUrl] = {}
        self.base_url = ""

    def make(self, user: str, channel: str, original: Message | None = None) -> str:
        key = self._workspace.ids.make("")
        expires = self._workspace.clock() + SECONDS
        self._urls[key] = ResponseUrl(user=user, channel=channel, original=original, expires=expires)
        return f"{self.base_url}/response/{key}"

    def use(self, key: str, body: Any) -> None:
        """Perform one answer. RefusalError carries used_url, expired_url, no_text, invalid_blocks or
        invalid_payload.
        """
        url = self._urls.get(key)
        if url is None or self._workspace.clock() > url.expires:
            raise RefusalError("expired_url")
        if url.uses >= USES:
            raise RefusalError("used_url")
        if not isinstance(body, dict):
            raise RefusalError("invalid_payload")
        url.uses += 1
        self.answer(body, user=url.user, channel=url.channel, original=url.original)

    def answer(self, body: Json, *, user: str, channel: str, original: Message | None) -> None:
        """What a response_url's body, or a command's answer, asks for."""
        if body.get("delete_original") and original is not None:
            self._workspace.delete(original)
            return
        content = _content(body)
        if body.get("replace_original") and original is not None:
            self._workspace.update(original, {"blocks": None, **content})
            return
        where = self._workspace.channel(channel)
        content |= {"user": BOT_USER, "bot_id": BOT_ID, "app_id": APP_ID}
        if isinstance(body.get("thread_ts"), str):
            content["thread_ts"] = body["thread_ts"]
        if body.get("response_type") == "in_channel":
            self._workspace.post(where, content)
        else:
            self._workspace.whisper(where, user, content)


def _content(body: Json) -> Json:
    blocks = body.get("blocks")
    if blocks and message_problems(blocks):
        raise RefusalError("invalid_blocks", response_metadata={"messages": message_problems(blocks)})
    if not body.get("text") and not blocks:
        raise RefusalError("no_text")
    return {"text": body.get("text", ""), **({"blocks": blocks} if blocks else {})}


def original_of(workspace: Workspace, channel: str, ts: str) -> Message:
    """A stored message or an ephemeral one."""
    for message in workspace.ephemerals:
        if (message.channel, message.ts) == (channel, ts) and not message.deleted:
            return message
    try:
        return workspace.message(channel, ts)
    except NotThereError:
        raise NotThereError(f"there is no message {ts} in {channel} to click on") from None
