"""``/fixloop ask …``: a question from anywhere is answered in the incident's thread, with a line who asked what."""

from __future__ import annotations

from collections.abc import Sequence

from fixloop_bot.application.copilot.question import Question
from fixloop_bot.application.directory import Directory, name_of
from fixloop_bot.application.jobs import JobQueue
from fixloop_bot.application.ports import Clock, Store
from fixloop_bot.application.signpost import Signpost
from fixloop_bot.application.wishes import Command, Wish

LONGEST = 2000
REPEATED_WITHIN_S = 90_000.0


class Asking:
    """Hands questions to the copilot."""

    def __init__(
        self, store: Store, queue: JobQueue, directory: Directory, signpost: Signpost, *, clock: Clock
    ) -> None:
        self._store = store
        self._queue = queue
        self._directory = directory
        self._signpost = signpost
        self._clock = clock

    def commands(self) -> Sequence[Command]:
        return (Command(word="ask", deed=self._ask, on_incident=True),)

    async def _ask(self, wish: Wish) -> str:
        words = wish.text.strip()[:LONGEST]
        if not words:
            return f"Ask what? For example `/fixloop ask {wish.incident} is it safe to resume traffic?`"
        incident = await self._store.incident(wish.incident)
        channel, root = await self._signpost.thread(incident) if incident is not None else ("", "")
        if incident is None or not root:
            return f"{wish.incident} has no thread yet. Try again in a moment."
        question = Question(
            id=f"{channel}:{wish.id}",
            channel=channel,
            thread_ts=root,
            ts=f"{self._clock.now():.6f}",
            user=wish.user,
            team=wish.team,
            text=words,
            incident=incident.id,
            asked_by=await name_of(self._directory, wish.user, otherwise="Somebody"),
        )
        job = question.job()
        if await self._store.accept(job, seconds=REPEATED_WITHIN_S):
            await self._queue.hand_over([job])
        return f"The answer comes in {await self._signpost.to(incident)}'s thread."
