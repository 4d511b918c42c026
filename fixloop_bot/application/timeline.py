"""Messages that people put into an incident's timeline, by the shortcut or with 📌.

What is there stays there: taking the 📌 off again takes nothing back, since somebody may have acted on it. A message
enters once, however often and by however many it is pinned. Its words are data: masked, cut, and never an instruction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from fixloop_bot.application.directory import Directory, name_of
from fixloop_bot.application.kept import Kept
from fixloop_bot.application.ledger import Change, Ledger
from fixloop_bot.application.ports import Clock, Store
from fixloop_bot.application.signpost import Signpost
from fixloop_bot.application.wishes import Deed, Wish
from fixloop_bot.domain.errors import SlackRefused
from fixloop_bot.domain.happenings import Entry, Happening
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.said import said


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What somebody said in Slack, as plain words. ``thread_ts`` is the thread's root, or the message's own ts."""

    channel: str
    ts: str
    thread_ts: str
    author: str
    text: str


class Messages(Protocol):
    """Reads single messages. Raises SlackRefused or SlackBusy."""

    async def message(self, channel: str, ts: str) -> Message | None: ...


class Timeline:
    """Adds messages to timelines."""

    def __init__(
        self,
        store: Store,
        kept: Kept,
        ledger: Ledger,
        messages: Messages,
        directory: Directory,
        signpost: Signpost,
        *,
        clock: Clock,
    ) -> None:
        self._store = store
        self._kept = kept
        self._ledger = ledger
        self._messages = messages
        self._directory = directory
        self._signpost = signpost
        self._clock = clock

    def deeds(self) -> Mapping[str, Deed]:
        return {"add_to_timeline": self._by_shortcut, "pin": self._by_reaction}

    async def _by_shortcut(self, wish: Wish) -> str:
        """The incident is the thread's, or the one that was chosen. A shortcut brings the message's words along, also
        from channels that FixLoop is not in; those of a form wait in the store."""
        incident_id = wish.incident or await self._store.incident_of_thread(wish.channel, wish.thread_ts)
        if incident_id is None:
            return "That message is in no incident's thread."
        ts = wish.field("ts")
        words = dict(wish.fields) if wish.field("text") else await self._kept.kept_words(f"{wish.channel}:{ts}")
        told = Message(
            channel=wish.channel,
            ts=ts,
            thread_ts=wish.thread_ts,
            author=words.get("author", ""),
            text=words.get("text", ""),
        )
        try:
            message = told if told.text else await self._messages.message(wish.channel, told.ts)
        except SlackRefused as refusal:
            return _unseen(refusal)
        return await self._add(wish, incident_id, message) if message is not None else "That message is gone."

    async def _by_reaction(self, wish: Wish) -> str:
        """Only in an incident's thread; elsewhere people pin what they like, and nobody is spoken to."""
        ts = wish.field("ts")
        try:
            message = await self._messages.message(wish.channel, ts)
        except SlackRefused as refusal:
            return _unseen(refusal)
        if message is None:
            return ""
        incident_id = await self._store.incident_of_thread(wish.channel, message.thread_ts)
        if incident_id is not None:
            await self._add(wish, incident_id, message)
        return ""

    async def _add(self, wish: Wish, incident_id: str, message: Message) -> str:
        text, known = said(message.text), f"{message.channel}:{message.ts}"
        if not text or not message.ts:
            return "That message has no words that could be kept."
        what = f"{await name_of(self._directory, message.author, otherwise='Somebody')} said: {text}"
        link = self._signpost.permalink(message.channel, message.ts)
        told = [f"There is no incident {incident_id}."]

        def decide(incident: Incident) -> Change | None:
            if any(entry.message == known for entry in incident.timeline):
                told[0] = f"That message is in {incident.id}'s timeline already."
                return None
            told[0] = f"Added to {incident.id}'s timeline."
            entry = Entry(at=self._clock.now(), who=wish.user, kind=Happening.NOTE, what=what, message=known, link=link)
            return Change(incident=incident.with_entry(entry))

        await self._ledger.change(incident_id, decide)
        return told[0]


def _unseen(refusal: SlackRefused) -> str:
    return f"Slack does not show FixLoop that message ({refusal.why}), so it is not in the timeline."
