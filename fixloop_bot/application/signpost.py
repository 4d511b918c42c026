"""Where an incident's thread is, as a link that people can follow."""

from __future__ import annotations

from collections.abc import Callable

from fixloop_bot.application import mentions
from fixloop_bot.application.ports import Store
from fixloop_bot.domain.incidents import Incident

Permalink = Callable[[str, str], str]
"""A message's address by channel and ts; empty where it is not known."""


class Signpost:
    """Points at threads and messages."""

    def __init__(self, store: Store, *, permalink: Permalink) -> None:
        self._store = store
        self.permalink = permalink

    async def thread(self, incident: Incident) -> tuple[str, str]:
        """The thread's channel and root; both may still be empty while the card is being posted."""
        refs = await self._store.thread_refs(incident.id)
        root = refs.part("root")
        return refs.channel or "", (root.ts if root is not None else None) or ""

    async def address(self, incident: Incident) -> str:
        """The thread's address; empty where Slack has not said it, or where the card is still being posted."""
        channel, ts = await self.thread(incident)
        return self.permalink(channel, ts) if channel and ts else ""

    async def to(self, incident: Incident) -> str:
        """``<https://…|INC-42>``, or its name and channel where Slack has not said its address."""
        channel, ts = await self.thread(incident)
        url = self.permalink(channel, ts) if channel and ts else ""
        if url:
            return mentions.link(url, incident.id)
        return f"`{incident.id}` in {mentions.channel(channel)}" if channel else f"`{incident.id}`"
