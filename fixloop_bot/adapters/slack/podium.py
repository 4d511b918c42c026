"""Where the copilot speaks in Slack: a status at once, words as they come, references and buttons at the end.

Each speech has one writer, a named task that shows the newest state as fast as Slack takes it; whoever speaks never
waits for Slack, and learns of no trouble with it. The podium drains its writers when it is closed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from types import TracebackType

from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.blocks.answer import closed, failed
from fixloop_bot.adapters.slack.blocks.card import Block
from fixloop_bot.adapters.slack.blocks.text import harmless, shorten
from fixloop_bot.adapters.slack.markdown import SafeText
from fixloop_bot.adapters.slack.pages import Pages, Tail
from fixloop_bot.adapters.slack.stage import Abilities, Presence, Stage
from fixloop_bot.adapters.slack.standing import ASK_AGAIN_S, NO_ACCESS
from fixloop_bot.adapters.slack.suggestions import Suggestions
from fixloop_bot.application import errands
from fixloop_bot.application.copilot.speech import Offer, Place, Reference, Speech, Unheard
from fixloop_bot.application.errands import Errand, Urgency
from fixloop_bot.application.ports import Clock
from fixloop_bot.domain.errors import FixLoopError, SlackBusy, SlackRefused

log = logging.getLogger(__name__)

FirstTime = Callable[[str], Awaitable[bool]]
"""Whether this name is heard for the first time, in any process (``Store.once``)."""

BETWEEN_APPENDS_S = 0.5
BETWEEN_UPDATES_S = 1.2
IDLE_S = 900.0
"""How long a speech that nobody ends is waited for."""
GIVE_UP_S = 300.0
"""How long after its end FixLoop still tries to show an answer that Slack asks to wait with."""
STALE_S = 60.0
"""An answer that waited so long for Slack to come back is given anew, from what is known then."""
LONGEST_STATUS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ending:
    tail: Tail
    at: float


class SlackPodium:
    """Implements the ``Podium`` port. ``async with`` it: leaving ends the writers."""

    def __init__(self, api: SlackApi, *, clock: Clock, first_time: FirstTime) -> None:
        self._stage = Stage(api=api, clock=clock, abilities=Abilities(clock), presence=Presence(api, clock))
        self._first_time = first_time
        self._suggestions = Suggestions(api)
        self._writers: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> SlackPodium:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for writer in self._writers:
            writer.cancel()
        if self._writers:
            await asyncio.wait(self._writers)

    def speech(self, place: Place, *, answer_id: str) -> Speech:
        """An answer; the same id after a crash goes on in the messages that are there, or is already whole."""
        return SlackSpeech(self._stage, place, answer_id, first_time=self._first_time, writers=self._writers)

    async def there(self) -> bool:
        return await self._stage.presence.there()

    async def suggest(self, place: Place, prompts: Sequence[str]) -> None:
        """Up to four questions as buttons in the thread; trouble with Slack is logged, since nothing depends on it."""
        try:
            await self._suggestions.show(place, prompts)
        except (SlackBusy, SlackRefused) as error:
            log.info("no suggestions are shown: %s", error)


class SlackSpeech:
    """Implements the ``Speech`` port."""

    def __init__(
        self,
        stage: Stage,
        place: Place,
        answer_id: str,
        *,
        first_time: FirstTime,
        writers: set[asyncio.Task[None]],
    ) -> None:
        self._stage = stage
        self._place = place
        self._id = answer_id
        self._first_time = first_time
        self._writers = writers
        self._script = SafeText()
        self._pages = Pages(stage, place, answer_id, self._script)
        self._status = self._told = ""
        self._status_from = 0.0
        self._known = False
        self._ending: _Ending | None = None
        self._over = self._unheard = False
        self._news = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None

    async def doing(self, status: str) -> None:
        self._status = shorten(harmless(" ".join(status.split())), LONGEST_STATUS)
        self._wake()

    async def say(self, text: str) -> None:
        if self._ending is None:
            self._script.add(text)
            self._wake()

    async def close(self, *, references: Sequence[Reference], feedback_id: str, offers: Sequence[Offer] = ()) -> None:
        """Returns when the answer is shown, or cannot be."""

        def tail(native: bool) -> list[Block]:
            return closed(self._id, references, offers, feedback_id, native=native)

        await self._end(tail)

    async def fail(self, sentence: str) -> None:
        """Returns when the sentence is shown below what was said so far, or cannot be."""

        def tail(native: bool) -> list[Block]:
            del native
            return failed(self._id, sentence)

        await self._end(tail)

    async def _end(self, tail: Tail) -> None:
        if self._ending is None:
            self._script.end()
            self._ending = _Ending(tail=tail, at=self._stage.clock.now())
            self._wake()
        if self._writer is not None:
            await self._writer
        if self._unheard:
            raise Unheard(f"Slack was away when {self._id} was answered.")

    def _wake(self) -> None:
        self._news.set()
        if self._writer is None and not self._over:
            self._writer = asyncio.create_task(self._write(), name=f"answer {self._id}")
            self._writers.add(self._writer)
            self._writer.add_done_callback(self._writers.discard)

    async def _write(self) -> None:
        """Show the newest state, wait as long as Slack's limits ask, and again, until the end is shown."""
        try:
            while not self._over:
                async with asyncio.timeout(IDLE_S):
                    await self._news.wait()
                self._news.clear()
                await self._stage.clock.sleep(await self._attempt())
        except TimeoutError:
            log.warning("nobody has ended the answer %s", self._id)
        except Exception:
            log.exception("the answer %s cannot be shown", self._id)
        self._over = True

    async def _attempt(self) -> float:
        """One round; returns the seconds until the next one."""
        urgency = Urgency.NEWS if self._ending is None else Urgency.ANSWER
        try:
            with errands.on(Errand(urgency=urgency)):
                return await self._round()
        except SlackBusy as busy:
            return self._wait(busy.retry_after, busy, away=not busy.undone)
        except SlackRefused as refusal:
            if refusal.error in NO_ACCESS:
                return self._wait(ASK_AGAIN_S, refusal, away=True)
            log.warning("the answer %s cannot be shown: %s", self._id, refusal)
            self._over = True
            return 0.0

    def _wait(self, seconds: float, why: FixLoopError, *, away: bool) -> float:
        """The seconds until the next round; none where it is too late for another one."""
        self._news.set()
        away = away or bool(self._stage.api.standing.trouble)
        waited = self._stage.clock.now() - self._ending.at if self._ending is not None else 0.0
        late = waited > (STALE_S if away else GIVE_UP_S)
        if late and away:
            self._unheard = True
            self._stage.presence.lost()
        self._over = self._over or late
        log.log(logging.WARNING if late else logging.INFO, "the answer %s waits: %s", self._id, why)
        return 0.0 if late else seconds

    async def _round(self) -> float:
        if self._ending is None:
            return await self._go_on()
        await self._finish(self._ending)
        return 0.0

    async def _go_on(self) -> float:
        line = await self._tell_status()
        await self._find_out()
        if not await self._pages.show(line):
            return self._until_status()
        return BETWEEN_APPENDS_S if self._pages.streaming else BETWEEN_UPDATES_S

    def _until_status(self) -> float:
        """A status that Slack did not take is tried again, while words that come meanwhile wait a second at most."""
        left = self._status_from - self._stage.clock.now()
        if left <= 0 or self._status == self._told:
            return 0.0
        self._news.set()
        return min(left, 1.0)

    async def _finish(self, ending: _Ending) -> None:
        await self._find_out()
        await self._pages.finish(ending.tail)
        self._over = True
        if self._told and not self._pages.posted:  # Slack itself takes a status away when a message is posted
            await self._set_status("")

    async def _find_out(self) -> None:
        """Before the first message: is this a second attempt, whose first one has left something in the thread?"""
        if self._known or not (self._script.text or self._ending or self._line_needed):
            return
        try:
            first = await self._first_time(f"answer:{self._id}")
        except FixLoopError as error:
            log.info("whether %s was begun before is not known: %s", self._id, error)
            first = False
        self._known = True
        self._pages.look = self._pages.look or not first

    @property
    def _line_needed(self) -> bool:
        return bool(self._status) and not self._stage.abilities.has(self._status_name)

    @property
    def _status_name(self) -> str:
        return f"status in {self._place.channel}"

    async def _tell_status(self) -> str:
        """Show the status as Slack's own; where that is refused, return the line that the message shall show."""
        if not self._line_needed and self._status != self._told and self._stage.clock.now() >= self._status_from:
            await self._set_status(self._status)
        return self._status if self._line_needed and not self._pages.streaming else ""

    async def _set_status(self, status: str) -> None:
        try:
            await self._stage.api.call(
                "assistant.threads.setStatus",
                channel_id=self._place.channel,
                thread_ts=self._place.thread_ts,
                status=status,
            )
        except SlackRefused as refusal:
            self._stage.abilities.lost(self._status_name, refusal)
        except SlackBusy as busy:  # the words must not wait for it
            self._status_from = self._stage.clock.now() + busy.retry_after
            return
        self._told = status


class NullPodium:
    """Without SLACK_BOT_TOKEN nobody is answered; the log says so."""

    def speech(self, place: Place, *, answer_id: str) -> Speech:
        del place
        log.info("SLACK_BOT_TOKEN is not set, so the answer %s is shown nowhere", answer_id)
        return _Silence()

    async def there(self) -> bool:
        return True

    async def suggest(self, place: Place, prompts: Sequence[str]) -> None:
        del place, prompts


class _Silence:
    async def doing(self, status: str) -> None:
        del status

    async def say(self, text: str) -> None:
        del text

    async def close(self, *, references: Sequence[Reference], feedback_id: str, offers: Sequence[Offer] = ()) -> None:
        del references, feedback_id, offers

    async def fail(self, sentence: str) -> None:
        del sentence
