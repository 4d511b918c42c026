"""Merging: one incident is ended, another one takes its troubles over.

The first write says where the troubles go and asks, in the same write, for the job of the second one; so a process that
is killed between the two leaves nothing half merged. Whoever merges holds a lock: two people who merge the same two
incidents into each other end up with one of them.
"""

from __future__ import annotations

from collections.abc import Mapping

from fixloop_bot.application.intake import starting
from fixloop_bot.application.jobs import Job
from fixloop_bot.application.kept import Kept
from fixloop_bot.application.ledger import Change, Ledger
from fixloop_bot.application.ports import Clock, Store
from fixloop_bot.application.signpost import Signpost
from fixloop_bot.application.wishes import Deed, Wish
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.merging import merged_away, taken_over
from fixloop_bot.domain.runs import RunKind

TAKE_OVER = "take_over"
LOCK, LOCK_S = "merging", 10.0
LOOK_AGAIN_S = 0.5
LONGEST_CHAIN = 20


class Merging:
    """Merges incidents."""

    def __init__(self, store: Store, kept: Kept, ledger: Ledger, signpost: Signpost, *, clock: Clock) -> None:
        self._store = store
        self._kept = kept
        self._ledger = ledger
        self._signpost = signpost
        self._clock = clock

    def deeds(self) -> Mapping[str, Deed]:
        return {"merge": self._merge}

    async def _merge(self, wish: Wish) -> str:
        token = await self._locked()
        if token is None:
            return "Somebody is merging incidents right now. Try again in a moment."
        try:
            sentence, running = await self._move_away(wish, wish.field("target"))
        finally:
            await self._kept.unlock(LOCK, token)
        for run_id in running:
            await self._store.stop_run(run_id, wish.user)
        return sentence

    async def _locked(self) -> str | None:
        """The lock, also where the process that held it was killed: perhaps it was this very wish's, before."""
        until = self._clock.now() + LOCK_S + LOOK_AGAIN_S
        while (token := await self._kept.lock(LOCK, seconds=LOCK_S)) is None and self._clock.now() < until:
            await self._clock.sleep(LOOK_AGAIN_S)
        return token

    async def _move_away(self, wish: Wish, target_id: str) -> tuple[str, list[str]]:
        """Under the lock: the sentence for the person, and the runs to stop."""
        target = await self._store.incident(target_id) if target_id else None
        if target is None:
            return f"There is no incident {target_id}." if target_id else "Merge it into which incident?", []
        if target_id == wish.incident:
            return f"{target_id} cannot be merged into itself.", []
        told, running = [f"There is no incident {wish.incident}."], list[str]()

        def decide(incident: Incident) -> Change | None:
            running[:] = []
            told[0] = _why_not(incident, target)
            if told[0] in ("", _DONE):  # done already, and perhaps cut off before its runs were stopped
                running[:] = [run for run in (incident.active_run, incident.soak_run) if run is not None]
            if told[0]:
                return None
            ended = merged_away(incident, target.id, by=wish.user, now=self._clock.now())
            return Change(incident=ended, jobs=(_taking_over(incident.id, target.id, wish.user),))

        merged = await self._ledger.change(wish.incident, decide)
        if told[0] or merged is None:
            return told[0] if told[0] != _DONE else "", running
        return f"{merged.id} is merged into {await self._signpost.to(target)}.", running

    async def take_over(self, merged_id: str, target_id: str, by: str) -> None:
        """The job: the target, or whatever it was merged into meanwhile, takes the troubles over; twice is once."""
        merged = await self._store.incident(merged_id)
        for _ in range(LONGEST_CHAIN):
            target = await self._grow(target_id, merged, by=by) if merged is not None else None
            if target is None or target.merged_into is None or target.merged_into == merged_id:
                break
            target_id = target.merged_into

    async def _grow(self, target_id: str, merged: Incident, *, by: str) -> Incident | None:
        """The target as it is afterwards; unchanged where it was merged on itself, also just now."""

        def decide(incident: Incident) -> Change | None:
            if incident.merged_into not in (None, merged.id):
                return None
            grown = taken_over(incident, merged, by=by, now=self._clock.now())
            if grown is incident:
                return None
            reopened = grown.reopened > incident.reopened and grown.plan is not None
            return Change(incident=grown, jobs=(starting(grown, RunKind.CONFIRM, by=by),) if reopened else ())

        return await self._ledger.change(target_id, decide)


_DONE = "It is merged already."


def _why_not(incident: Incident, target: Incident) -> str:
    if incident.merged_into == target.id:
        return _DONE
    if incident.merged_into is not None:
        return f"{incident.id} was merged into {incident.merged_into} already."
    if not incident.is_open:
        return f"{incident.id} is resolved: there is nothing to merge."
    if not target.is_open:
        return f"{target.id} is resolved. Reopen it first, or merge the other way round."
    return ""


def _taking_over(merged_id: str, target_id: str, by: str) -> Job:
    return Job(name=TAKE_OVER, args=(merged_id, target_id, by), key=f"take-over:{merged_id}:{target_id}")
