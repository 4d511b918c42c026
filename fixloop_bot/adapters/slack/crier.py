"""Reminders in Slack: a reply in the incident's thread, to the people it is for, with the button they need."""

from __future__ import annotations

import logging

from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.blocks.card import Block, actions, button, mrkdwn
from fixloop_bot.adapters.slack.blocks.signals import title
from fixloop_bot.adapters.slack.blocks.text import one_line
from fixloop_bot.adapters.slack.earlier import thread
from fixloop_bot.application import mentions
from fixloop_bot.application.copilot.speech import Place
from fixloop_bot.application.reminders import Reminder
from fixloop_bot.application.views import ThreadRefs
from fixloop_bot.domain.errors import SlackBusy
from fixloop_bot.domain.moments import span
from fixloop_bot.domain.reminders import Topic
from fixloop_bot.domain.runs import RunKind

log = logging.getLogger(__name__)

NOT_SHOWN_YET_S = 15.0
CLOCKS_DIFFER_S = 60.0


class SlackCrier:
    """Implements the ``Crier`` port."""

    def __init__(self, api: SlackApi) -> None:
        self._api = api

    async def remind(self, reminder: Reminder, refs: ThreadRefs, *, perhaps_said: bool) -> None:
        root = refs.part("root")
        if refs.channel is None or root is None or root.ts is None:  # its card comes first
            raise SlackBusy("chat.postMessage", retry_after=NOT_SHOWN_YET_S, undone=True)
        text, blocks = words(reminder), reminder_blocks(reminder)
        place = Place(channel=refs.channel, thread_ts=root.ts, user="")
        if perhaps_said and await self._is_there(place, str(blocks[0]["block_id"]), since=reminder.since):
            return
        await self._api.call(
            "chat.postMessage",
            channel=refs.channel,
            thread_ts=root.ts,
            reply_broadcast=reminder.topic is Topic.UNACKNOWLEDGED,
            text=text,
            blocks=blocks,
            unfurl_links=False,
            unfurl_media=False,
        )

    async def _is_there(self, place: Place, block_id: str, *, since: float) -> bool:
        """Looked for from the time on of which it reminds: what was said before that cannot be it, however much it is.

        Where even so there is more than can be read, or nothing can, it counts as not said: twice is better than never.
        """
        replies = await thread(self._api, place, since=since - CLOCKS_DIFFER_S)
        return any(block.get("block_id") == block_id for reply in replies for block in reply.get("blocks") or [])


class NullCrier:
    """Without SLACK_BOT_TOKEN the log is reminded."""

    async def remind(self, reminder: Reminder, refs: ThreadRefs, *, perhaps_said: bool) -> None:
        del refs, perhaps_said
        log.info("SLACK_BOT_TOKEN is not set, so nobody is reminded: %s", words(reminder))


def reminder_blocks(reminder: Reminder) -> list[Block]:
    """The words, and the one button that ends the matter."""
    incident, part = reminder.incident, f"reminder:{reminder.incident.id}:{reminder.name}"
    label, action = ("I'm on it", "acknowledge") if reminder.topic is Topic.UNACKNOWLEDGED else ("Validate", "validate")
    press = button(label, action_id=action, value=incident.id, style="primary")
    said: Block = {"type": "section", "block_id": part, "text": mrkdwn(words(reminder))}
    return [said, actions([press], block_id=f"{part}:buttons")]


def words(reminder: Reminder) -> str:
    """One idea a line, what is broken first: this may be the first thing that somebody reads of it."""
    incident, to = reminder.incident, " ".join(map(mentions.responder, reminder.to))
    what = f"*{incident.id}* · {one_line(title(incident), 200)}"
    waited = span(reminder.now - reminder.since)
    if reminder.topic is Topic.UNACKNOWLEDGED:
        said = f"Nobody is on it, for {waited} now."
    elif any(line.kind is RunKind.VALIDATE for line in incident.runs):
        said = f"It still fails, and was not validated again for {waited}. Press Validate when the fix is in."
    else:
        said = f"It was reproduced {waited} ago, and not validated since. Press Validate when the fix is in."
    return "\n".join(line for line in (what, f"{to} {said}".strip()) if line)
