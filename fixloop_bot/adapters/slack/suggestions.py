"""Questions that fit the incident's state, as buttons in its thread: one message, updated in place.

``assistant.threads.setSuggestedPrompts`` is for the assistant's own container; in a channel's thread it shows nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.blocks.answer import askable, prompt_blocks, prompts_mark
from fixloop_bot.adapters.slack.earlier import thread
from fixloop_bot.application.copilot.speech import Place
from fixloop_bot.domain.errors import SlackRefused

MOST_REMEMBERED = 1000
_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})


class Suggestions:
    """Remembers what it has shown; after a restart it looks for its message in the thread once."""

    def __init__(self, api: SlackApi) -> None:
        self._api = api
        self._shown: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {}

    async def show(self, place: Place, prompts: Sequence[str]) -> None:
        """Raises SlackBusy or SlackRefused. No prompts: nothing is shown anew."""
        key, wanted = (place.channel, place.thread_ts), askable(prompts)
        ts, shown = self._shown.get(key, ("", ()))
        if not wanted or wanted == shown:
            return
        blocks = prompt_blocks(place.thread_ts, wanted)
        text = "You can ask: " + " · ".join(button["text"]["text"] for button in blocks[1]["elements"])
        ts = ts or await self._find(place)
        message = {"channel": place.channel, "text": text.replace("&", "&amp;").replace("<", "&lt;"), "blocks": blocks}
        if ts:
            try:
                await self._api.call("chat.update", ts=ts, **message)
            except SlackRefused as refusal:
                if refusal.error not in _GONE:
                    raise
                ts = ""
        if not ts:
            answer = await self._api.call("chat.postMessage", thread_ts=place.thread_ts, **message)
            ts = str(answer["ts"])
        while len(self._shown) >= MOST_REMEMBERED:
            self._shown.pop(next(iter(self._shown)))
        self._shown[key] = (ts, wanted)

    async def _find(self, place: Place) -> str:
        mark = prompts_mark(place.thread_ts)
        for message in await thread(self._api, place):
            if any(block.get("block_id") == mark for block in message.get("blocks") or []):
                return str(message["ts"])
        return ""
