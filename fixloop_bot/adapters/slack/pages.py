"""The messages that one answer takes: a stream where Slack allows it, else a message that is updated.

A stream only grows, so ``Page.sent`` says how far it reaches. As soon as that is not certain any more (Slack refused,
or did not answer), the page is no stream for us: its message is updated with the whole text, which can be repeated
without losing or doubling a word.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from fixloop_bot.adapters.slack.blocks.answer import (
    is_whole,
    mark,
    page_blocks,
    page_fallback,
    writing_row,
)
from fixloop_bot.adapters.slack.blocks.card import Block
from fixloop_bot.adapters.slack.earlier import earlier_pages
from fixloop_bot.adapters.slack.markdown import SafeText, closing, whole
from fixloop_bot.adapters.slack.stage import Stage
from fixloop_bot.application.copilot.speech import Place
from fixloop_bot.domain.errors import SlackBusy, SlackRefused

log = logging.getLogger(__name__)

ROTATE_S = 240.0
"""A stream dies after about five minutes, active or not."""
PLAIN_LENGTH = 3700
"""With closing marks below the 3,900 characters that chat.update surely takes."""
LONGEST_WAIT_FOR_STREAM_S = 3.0
"""Where Slack asks to wait longer before a stream may begin, a plain message is there sooner."""
LOOK_BACK_S = 3600.0
Tail = Callable[[bool], Sequence[Block]]
"""The blocks below a finished answer, with Slack's own thumbs or with two buttons."""


@dataclass(slots=True, kw_only=True)
class Page:
    """One message: the text from ``begins`` to ``ends``, or to wherever the answer is."""

    number: int
    begins: int = 0
    ends: int | None = None
    ts: str = ""
    streaming: bool = False
    rich: bool = False
    since: float = 0.0
    sent: int = 0
    shown: bytes = b""


class Pages:
    """Brings an answer's messages up to date. Raises SlackBusy (call again later) and SlackRefused (no use)."""

    def __init__(self, stage: Stage, place: Place, answer_id: str, script: SafeText) -> None:
        self._stage = stage
        self._place = place
        self._id = answer_id
        self._script = script
        self._page = Page(number=0)
        self._spares: dict[int, str] = {}
        self._mine: set[str] = set()
        self._all_said = False
        self.look = False
        self.whole = False
        self.posted = False

    @property
    def streaming(self) -> bool:
        return self._page.streaming

    async def find_earlier(self) -> None:
        """After a crash, or a post whose answer was lost: go on in what is in the thread already."""
        found = await earlier_pages(self._stage.api, self._place, self._id, since=self._stage.clock.now() - LOOK_BACK_S)
        self.look = False
        for number, message in found.items():
            self.whole = self.whole or is_whole(message.get("blocks") or [], self._id)
            if message["ts"] not in self._mine:
                self._spares[number] = str(message["ts"])
        if not self._page.ts:
            self._take(self._page, self._spares.pop(self._page.number, ""))

    async def show(self, status: str) -> bool:
        """Show what there is; ``status`` is a line for it where Slack shows none. True where a message changed."""
        if self.look:
            await self.find_earlier()
        if self.whole or not (self._script.text or status):
            return False
        if self._page.streaming:
            return await self._append()
        if not self._page.ts and not status and self._may_stream():
            return await self._start()
        return await self._draw([self._row(status)])

    async def finish(self, tail: Tail) -> None:
        """The whole text, and what stands below it."""
        if self.look:
            await self.find_earlier()
        if self.whole:
            return
        if self._page.streaming:
            await self._stop(tail)
        await self._draw_tail(tail)
        self.whole = True
        await self._remove_spares()

    # Streams

    def _may_stream(self) -> bool:
        return bool(self._place.team and self._place.user) and self._stage.abilities.has(self._stream_name)

    @property
    def _stream_name(self) -> str:
        return f"streaming in {self._place.channel}"

    async def _start(self) -> bool:
        page, script = self._page, self._script
        text, end = self._text(page, close=False), len(script.text)
        row = writing_row(self._id, block_id=mark(self._id, page.number))
        chunks: list[dict[str, Any]] = [{"type": "blocks", "blocks": [row]}, {"type": "markdown_text", "text": text}]
        place = self._place
        try:
            answer = await self._stage.api.call(
                "chat.startStream",
                channel=place.channel,
                thread_ts=place.thread_ts,
                recipient_team_id=place.team,
                recipient_user_id=place.user,
                chunks=chunks,
            )
        except SlackRefused as refusal:
            self._stage.abilities.lost(self._stream_name, refusal)
            return await self._draw([self._row("")])
        except SlackBusy as busy:
            self.look = not busy.undone
            if busy.undone and busy.retry_after > LONGEST_WAIT_FOR_STREAM_S:
                return await self._draw([self._row("")])
            raise
        self._take(page, str(answer["ts"]))
        page.streaming = page.rich = self.posted = True
        page.since, page.sent = self._stage.clock.now(), end
        return True

    async def _append(self) -> bool:
        page = self._page
        if len(self._script.text) <= page.sent:
            return False
        if self._stage.clock.now() - page.since >= ROTATE_S:
            await self._turn()
            return await self._start()
        new = self._script.text[page.sent :]
        try:
            await self._stage.api.call("chat.appendStream", channel=self._place.channel, ts=page.ts, markdown_text=new)
        except SlackRefused as refusal:
            log.info("the stream of %s ended early: %s", self._id, refusal)
            page.streaming = False
            return await self._draw([self._row("")])
        except SlackBusy as busy:
            page.streaming = busy.undone  # an append that may have happened must not be repeated
            raise
        page.sent += len(new)
        return True

    async def _turn(self) -> None:
        """End a stream before it dies; the next message goes on where it ends."""
        page = self._page
        fence = closing(self._script.text[: page.sent])
        more = {"markdown_text": fence} if fence else {}
        try:
            await self._stage.api.call("chat.stopStream", channel=self._place.channel, ts=page.ts, **more)
        except SlackRefused as refusal:
            log.info("a stream had ended already: %s", refusal)
        page.streaming, page.ends = False, page.sent
        try:
            await self._put(page, [])
        except (SlackRefused, SlackBusy) as error:
            log.info("a finished page keeps its Stop button: %s", error)
        self._next(page.ends)

    async def _stop(self, tail: Tail) -> None:
        """End the stream with all that is left; where that cannot be known to have worked, an update says it again."""
        page, script = self._page, self._script
        rest = script.text[page.sent :]
        more = {"markdown_text": rest} if rest else {}
        try:
            await self._stage.api.call(
                "chat.stopStream", channel=self._place.channel, ts=page.ts, blocks=list(tail(self._thumbs)), **more
            )
            self._all_said = True
        except SlackRefused as refusal:
            log.info("a stream could not be ended with its last words: %s", refusal)
        except SlackBusy as busy:
            if busy.undone:
                raise
        page.streaming = False

    # Messages that are updated

    @property
    def _thumbs(self) -> bool:
        return self._stage.abilities.has("feedback_buttons")

    async def _draw_tail(self, tail: Tail) -> None:
        try:
            await self._draw(tail(self._thumbs))
        except SlackRefused as refusal:
            if self._all_said:
                log.info("a finished answer keeps its Stop button: %s", refusal)
                return
            if refusal.error != "invalid_blocks" or not self._thumbs:
                raise
            self._stage.abilities.lost("feedback_buttons", refusal)
            await self._draw(tail(False))

    async def _draw(self, after: Sequence[Block]) -> bool:
        """Bring the last page up to date; what has no room on it goes on below."""
        while not self._page.rich and len(self._script.text) - self._page.begins > PLAIN_LENGTH:
            page = self._page
            page.ends = page.begins + whole(self._script.text[page.begins :], PLAIN_LENGTH)
            await self._put(page, [])
            self._next(page.ends)
        return await self._put(self._page, after)

    async def _put(self, page: Page, after: Sequence[Block]) -> bool:
        text = self._text(page)
        blocks = page_blocks(self._id, page.number, text, rich=page.rich, after=after)
        digest = orjson.dumps(blocks)
        if page.shown == digest:
            return False
        message: dict[str, Any] = {"channel": self._place.channel, "text": page_fallback(text, after), "blocks": blocks}
        try:
            if page.ts:
                await self._update(page, message)
            else:
                await self._post(page, message)
        except SlackBusy as busy:
            self.look = self.look or (not page.ts and not busy.undone)
            raise
        page.shown = digest
        return True

    async def _post(self, page: Page, message: dict[str, Any]) -> None:
        answer = await self._stage.api.call(
            "chat.postMessage", thread_ts=self._place.thread_ts, unfurl_links=False, unfurl_media=False, **message
        )
        self._take(page, str(answer["ts"]))
        self.posted = True

    async def _update(self, page: Page, message: dict[str, Any]) -> None:
        try:
            await self._stage.api.call("chat.update", ts=page.ts, **message)
        except SlackRefused as refusal:
            if refusal.error != "streaming_state_conflict":
                raise
            # A stream whose end we could not see, or that a killed process has left open.
            await self._stage.api.call("chat.stopStream", channel=self._place.channel, ts=page.ts)
            await self._stage.api.call("chat.update", ts=page.ts, **message)

    def _row(self, status: str) -> Block:
        return writing_row(self._id, block_id=f"writing:{self._page.number}", status=status)

    def _take(self, page: Page, ts: str) -> None:
        page.ts = ts
        self._mine.add(ts)

    def _text(self, page: Page, *, close: bool = True) -> str:
        """The page's own text: a code block that began on the page before goes on, one that is open is closed."""
        reopened = "```\n" if closing(self._script.text[: page.begins]) else ""
        text = reopened + self._script.text[page.begins : page.ends]
        return text + closing(text) if close else text

    def _next(self, begins: int) -> None:
        number = self._page.number + 1
        self._page = Page(number=number, begins=begins, sent=begins)
        self._take(self._page, self._spares.pop(number, ""))

    async def _remove_spares(self) -> None:
        """Pages of an earlier attempt that this answer, being shorter, does not need."""
        for ts in self._spares.values():
            try:
                await self._stage.api.call("chat.delete", channel=self._place.channel, ts=ts)
            except (SlackRefused, SlackBusy) as error:
                log.info("a page of an earlier attempt stays: %s", error)
