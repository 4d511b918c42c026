"""A thread is made to belong to an incident: what is asked there is answered for that incident.

Slack takes no slash command within a thread. So the thread is named by a link to one of its messages, or the bot is
mentioned in it: ``@FixLoop link INC-42``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

from fixloop_bot.application.kept import Kept
from fixloop_bot.application.ledger import Change, Ledger
from fixloop_bot.application.ports import Clock, Store
from fixloop_bot.application.signpost import Signpost
from fixloop_bot.application.whereabouts import Whereabouts
from fixloop_bot.application.wishes import Command, Wish
from fixloop_bot.domain.happenings import Entry, Happening
from fixloop_bot.domain.incidents import Incident

_ADDRESS = re.compile(
    r"https://[^\s<>|]+/archives/(?P<channel>[CDG][A-Z0-9]{2,20})/p(?P<s>\d{10})(?P<us>\d{6})[^\s<>|]*"
)
_TS = re.compile(r"\d{1,12}\.\d{1,6}")
HOW = (
    "Which incident, and which thread? `/fixloop link INC-42` and the link of a message in the thread, "
    "or in the thread itself: `@FixLoop link INC-42`."
)
WHICH_THREAD = (
    "Which thread? Put the link of a message in it behind `/fixloop link {id}`, "
    "or say in the thread itself: `@FixLoop link {id}`."
)


class Linking:
    """Lets threads belong to incidents."""

    def __init__(self, store: Store, kept: Kept, ledger: Ledger, signpost: Signpost, *, clock: Clock) -> None:
        self._store = store
        self._kept = kept
        self._ledger = ledger
        self._where = Whereabouts(store)
        self._signpost = signpost
        self._clock = clock

    def commands(self) -> Sequence[Command]:
        return (Command(word="link", deed=self._link),)

    async def _link(self, wish: Wish) -> str:
        words, place = _thread_of(wish)
        incident, name, _ = await self._where.named(words)
        if name and incident is None:
            return f"There is no incident {name}."
        if place is None or incident is None:
            return WHICH_THREAD.format(id=incident.id) if incident is not None else HOW
        channel, ts = place
        holder_id = await self._store.incident_of_thread(channel, ts)
        if holder_id == incident.id:
            return f"That thread belongs to {incident.id} already."
        if holder_id is not None and await self._is_root_of(holder_id, channel, ts):
            return f"That is {holder_id}'s own thread; it stays so. To make one of two incidents, merge them."
        await self._kept.link_thread(channel, ts, incident.id)
        await self._note(wish, incident, channel, ts)
        return f"Done: replies in that thread are about {await self._signpost.to(incident)} now."

    async def _is_root_of(self, incident_id: str, channel: str, ts: str) -> bool:
        holder = await self._store.incident(incident_id)
        return holder is not None and await self._signpost.thread(holder) == (channel, ts)

    async def _note(self, wish: Wish, incident: Incident, channel: str, ts: str) -> None:
        known, link = f"{channel}:{ts}", self._signpost.permalink(channel, ts)

        def decide(current: Incident) -> Change | None:
            if any(entry.message == known for entry in current.timeline):
                return None
            at, what = self._clock.now(), "linked a thread"
            entry = Entry(at=at, who=wish.user, kind=Happening.NOTE, what=what, message=known, link=link)
            return Change(incident=current.with_entry(entry))

        await self._ledger.change(incident.id, decide)


def _thread_of(wish: Wish) -> tuple[str, tuple[str, str] | None]:
    """The words without the address, and the thread: of the address, else where the wish was made."""
    found = _ADDRESS.search(wish.text)
    if found is None:
        here = (wish.channel, wish.thread_ts) if wish.channel and wish.thread_ts else None
        return wish.text.strip(), here
    words = f"{wish.text[: found.start()]} {wish.text[found.end() :]}".replace("<", " ").replace(">", " ").strip()
    asked = parse_qs(urlsplit(found[0].replace("&amp;", "&")).query)
    root = next(iter(asked.get("thread_ts", ())), "")
    ts = root if _TS.fullmatch(root) else f"{found['s']}.{found['us']}"
    return words, (found["channel"], ts)
