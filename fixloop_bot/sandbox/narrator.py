"""Prints the thread as it changes: a new message whole, of a changed one the lines that are new."""

from __future__ import annotations

import re
from collections.abc import Callable

from fixloop_bot.sandbox.slack import Change, LocalSlack, Message
from fixloop_bot.sandbox.slack.mrkdwn import clean
from fixloop_bot.sandbox.slack.terminal import DIM, WIDTH, render_message, voice_of

RAIL = "  │ "
_FIGURES = re.compile(r"[\d.,]+")


class Narrator:
    """Follows one workspace from the moment it is made until ``close``."""

    def __init__(self, slack: LocalSlack, say: Callable[[str], None], *, colour: bool) -> None:
        self._slack = slack
        self._say = say
        self._voice = voice_of(slack.core.workspace, colour=colour)
        self._shown: dict[str, set[str]] = {}
        self.close = slack.on_change(self._hear)

    def stage(self, words: str) -> None:
        """What happens outside Slack."""
        self._say(f"\n{self._voice.paint('━━', DIM)} {words}\n")

    def thread(self, channel: str, ts: str) -> str:
        """The whole thread as it stands."""
        messages = self._slack.thread(channel, ts)
        return "\n\n".join(self._text(message, rail=bool(index)) for index, message in enumerate(messages))

    def _text(self, message: Message, *, rail: bool) -> str:
        width = WIDTH - (len(RAIL) if rail else 0)
        text = render_message(self._slack.core.workspace.shown(message), self._voice, width=width)
        edge = self._voice.paint(RAIL, DIM) if rail else ""
        return "\n".join(f"{edge}{line}".rstrip() for line in text.split("\n"))

    def _hear(self, change: Change) -> None:
        if change.kind == "status_set" and change.payload["status"]:
            self._say(f"{RAIL}{self._voice.paint('FixLoop ' + clean(change.payload['status']), DIM)}")
            return
        if change.kind not in ("message_posted", "message_updated", "ephemeral_posted"):
            return
        if change.channel is None or change.ts is None:
            return
        if change.kind == "ephemeral_posted":
            whispered = [message for message in self._slack.ephemerals(change.user or "") if message.ts == change.ts]
            for message in whispered:
                self._say(self._text(message, rail=True))
            return
        message = self._slack.message(change.channel, change.ts)
        lines = self._text(message, rail=message.is_reply).split("\n")
        if change.kind == "message_updated" and message.content.get("streaming_state") == "in_progress":
            lines = lines[:-1]  # its last line is still being written, and is printed when the next one begins
        is_new = change.ts not in self._shown
        seen = self._shown.setdefault(change.ts, set())
        fresh = [line for line in lines[1:] if line.strip() and _shape(line) not in seen]
        seen.update(map(_shape, lines))
        if is_new and "streaming_state" in message.content:
            seen.difference_update(map(_shape, lines[-1:]))
            self._say("\n".join(lines[:-1]))
        elif is_new:
            self._say("\n".join(lines) + "\n")
        elif fresh:
            self._say("\n".join(fresh))


def _shape(line: str) -> str:
    """A line without its figures: one that only counts up is not news."""
    return _FIGURES.sub("0", line) if "⏳" in line or "→" in line or "…" in line else line
