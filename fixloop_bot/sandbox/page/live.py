"""What all open pages share: it hears of every change, and tells each page what concerns its person."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from fixloop_bot.sandbox.page.deck import Deck
from fixloop_bot.sandbox.page.line import Key, Line
from fixloop_bot.sandbox.page.picture import Picture
from fixloop_bot.sandbox.page.plays import Plays
from fixloop_bot.sandbox.slack import Change
from fixloop_bot.sandbox.world import World

Json = dict[str, Any]
LOOK_EVERY_S = 0.5
TALK = frozenset({"message_posted", "message_updated", "message_deleted", "reaction_added", "reaction_removed"})
TALKING = frozenset({"status_set", "prompts_set", "title_set"})


class Live:
    """Open it with ``listen`` and close what that returns."""

    def __init__(self, world: World, plays: Plays) -> None:
        self.world = world
        self.picture = Picture(world.slack)
        self.deck = Deck(world)
        self.plays = plays
        self._lines: set[Line] = set()
        self._somebody = asyncio.Event()

    def listen(self) -> Callable[[], None]:
        self.deck.follow_faults(lambda: self._all("faults"))
        self.plays.on_change = lambda: self._all("play")
        return self.world.slack.on_change(self._hear)

    def join(self, line: Line) -> None:
        """A page has opened, or has changed hands: it gets everything."""
        self.deck.look()
        self._lines.add(line)
        self._somebody.set()
        line.row_seen = 0
        line.touch("snapshot")

    def leave(self, line: Line) -> None:
        self._lines.discard(line)
        if not self._lines:
            self._somebody.clear()

    async def look_around(self) -> None:
        """What Datadog holds is looked at twice a second, and only while somebody looks at the page."""
        while True:
            await self._somebody.wait()
            for part in self.deck.look():
                self._all(part)
            await asyncio.sleep(LOOK_EVERY_S)

    def draw(self, line: Line, key: Key) -> Json | None:
        """The present state of what a key names, as this line's person sees it."""
        match key:
            case ("snapshot",):
                return {"kind": "snapshot", **self.picture.snapshot(line.user), "deck": self._whole_deck(line)}
            case ("message", channel, ts):
                message = self.picture.found(channel, ts, line.user)
                gone = {"kind": "gone", "channel": channel, "ts": ts}
                return gone if message is None else {"kind": "message", "message": message}
            case ("assistant", channel, ts):
                return {"kind": "assistant", **self.picture.assistant(channel, ts)}
            case ("views",):
                return {"kind": "views", "views": self.picture.views(line.user)}
            case ("home",):
                return {"kind": "home", "home": self.picture.home(line.user)}
            case ("channels",):
                return {"kind": "channels", "channels": self.picture.channels(line.user)}
            case (part,):
                return {"kind": "deck", part: self._part(line, part)}
        return None

    def _whole_deck(self, line: Line) -> Json:
        parts = ("faults", "monitors", "incidents", "play", "scenarios", "log")
        return {**{part: self._part(line, part) for part in parts}, "charts": self.deck.charts(whole=True)}

    def _part(self, line: Line, part: str) -> Any:
        match part:
            case "log":
                rows = self.deck.journal.after(line.row_seen)
                line.row_seen = rows[-1]["n"] if rows else line.row_seen
                return rows
            case "charts":
                return self.deck.charts(whole=False)
            case "play":
                return self.plays.shown()
            case "scenarios":
                return self.plays.listing()
            case "faults":
                return self.deck.faults()
            case "monitors":
                return self.deck.monitors()
            case _:
                return self.deck.incidents()

    def _all(self, *key: str) -> None:
        for line in self._lines:
            line.touch(*key)

    def _hear(self, change: Change) -> None:
        if change.kind == "status_set":
            self.picture.hear_status(change.channel or "", change.ts or "", change.payload.get("loading_messages"))
        elif change.kind in TALK:
            self.deck.hear(change.channel or "", change.payload.get("message") or {})
        for line in self._lines:
            self._pass_on(line, change)

    def _pass_on(self, line: Line, change: Change) -> None:
        channel, ts = change.channel or "", change.ts or ""
        mine = change.user == line.user
        if change.kind in TALK or (change.kind == "ephemeral_posted" and mine):
            self._message(line, channel, ts, change)
        elif change.kind in TALKING and self.picture.sees(line.user, channel):
            line.touch("assistant", channel, ts)
        elif change.kind.startswith("view_") and mine:
            line.touch("views")
        elif change.kind == "home_published" and mine:
            line.touch("home")
        elif change.kind == "warning_shown" and mine:
            line.tell({"kind": "warning", "text": str(change.payload.get("text", ""))})
        elif change.kind.startswith(("member_", "pin_", "bookmark_", "canvas_")):
            line.touch("channels")

    def _message(self, line: Line, channel: str, ts: str, change: Change) -> None:
        if not self.picture.sees(line.user, channel):
            return
        if change.kind == "message_posted":
            line.touch("channels")  # a direct conversation begins with its first message
        line.touch("message", channel, ts)
        thread_ts = change.payload.get("message", {}).get("thread_ts")
        if thread_ts and thread_ts != ts:
            line.touch("message", channel, str(thread_ts))  # its count of replies
        line.touch("incidents")
