"""The kill switch: ``/fixloop stop``, or a key in the store, ends all traffic of all incidents and processes.

The store says whether it is pulled; every process that sends looks there four times a second, so that traffic ends
within half a second of the pull, wherever it was pulled. It stays pulled, also over restarts, until a person lifts it.

**Without a store** a process keeps to what it knew, for ``BLIND_S``: a restart or a fail-over of the store must not
void the samples of every run. After that it stops by itself. Nobody could stop it any more, by Slack or by key, and
traffic that nobody can stop must not flow; nor is anything lost, since a run that cannot be saved proves nothing.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from fixloop_bot.application.intake import starting
from fixloop_bot.application.ledger import Change, Ledger
from fixloop_bot.application.mentions import named
from fixloop_bot.application.ports import Clock, Prober, Store
from fixloop_bot.domain.errors import StoreUnavailable
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.runs import RunKind

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.25
PATIENCE_S = 2.0
"""Real seconds for one look: a store that hangs is no answer either."""
BLIND_S = 10.0
BLIND = f"stopped by itself: the store has not answered for {BLIND_S:.0f} s, so nobody could stop the traffic"
STOPPED = "all traffic was stopped"
"""What samples say of it; the card names the person."""
A_MOMENT_S = 20.0
LIFT = "`/fixloop go` lets it flow again."
MOST_NAMED = 10


class Brake:
    """Pulls, lifts and obeys the kill switch. Its sentences are for the people who ask.

    ``ledger``: what was wanted while all was stopped is handed over when it is lifted. Who only obeys needs none.
    """

    def __init__(self, store: Store, prober: Prober, *, clock: Clock, ledger: Ledger | None = None) -> None:
        self._store = store
        self._ledger = ledger
        self._prober = prober
        self._clock = clock
        self._reason = ""
        self._answered_at = clock.now()
        self._answered_monotonic: float | None = None

    async def run(self) -> None:
        """Look for ever; every process that sends has one."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Do as the store says; without its answer, as it said last, and stop when that is too long ago."""
        monotonic = asyncio.get_running_loop().time
        if self._answered_monotonic is None:
            self._answered_monotonic = monotonic()
        try:
            async with asyncio.timeout(PATIENCE_S):
                by = await self._store.halted_by()
        except (StoreUnavailable, TimeoutError):
            # By two clocks, since that of the machine may be set back meanwhile.
            blind_s = (self._clock.now() - self._answered_at, monotonic() - self._answered_monotonic)
            if max(blind_s) > BLIND_S:
                self._obey(BLIND)
            return
        self._answered_at, self._answered_monotonic = self._clock.now(), monotonic()
        self._obey(STOPPED if by is not None else "", by=by or "fixloop")

    def _obey(self, why: str, *, by: str = "fixloop") -> None:
        if why == self._reason:
            return
        self._reason = why
        if why:
            log.warning("%s (by %s)", why, by)
            self._prober.halt(why)
        else:
            log.warning("traffic flows again")
            self._prober.release()

    async def pull(self, *, by: str) -> str:
        """Stop everything, here at once and elsewhere at the next look; what was done, and how to undo it.

        Whoever took the wish may have pulled for the same person a moment ago: that is this pull.
        """
        self._obey(STOPPED, by=by)  # here first: the store may not answer
        earlier = "" if await self._just_pulled(by) else await self._when()
        await self._store.halt(by)
        await self.look()
        if earlier:
            return f"All traffic was stopped already, {earlier}. {LIFT}"
        return " ".join(
            [
                "*All traffic is stopped.* FixLoop sends nothing more to any service, in any incident.",
                await self._going(),
                LIFT,
                "To stop one run alone: `/fixloop stop INC-42`.",
            ]
        )

    async def _just_pulled(self, by: str) -> bool:
        since = await self._store.halted_since()
        recent = since is not None and self._clock.now() - since < A_MOMENT_S
        return recent and await self._store.halted_by() == by

    async def lift(self, *, by: str) -> str:
        """Let traffic flow; what FixLoop or Datadog wanted meanwhile begins, and so does a watch that was cut off."""
        earlier = await self._when()
        if not await self._store.resume():
            begun = await self._hand_over()  # the key may have been deleted by hand
            return f"Traffic is not stopped. {begun}".rstrip()
        log.warning("the kill switch was lifted by %s", by)
        await self.look()
        pieces = [
            f"Traffic may flow again; it was stopped {earlier}.",
            await self._hand_over(),
            "What was stopped, or refused to a person meanwhile, does not start by itself: press Validate.",
        ]
        return " ".join(piece for piece in pieces if piece)

    async def _hand_over(self) -> str:
        """Start what waits for traffic, in every incident; a sentence that names it, empty where nothing waited."""
        begun: list[str] = []
        if self._ledger is None:
            return ""
        for incident_id in await self._store.open_incidents():
            found: list[RunKind] = []

            def decide(incident: Incident, found: list[RunKind] = found) -> Change | None:
                change, found[:] = _awaited(incident)
                return change

            await self._ledger.change(incident_id, decide)
            begun.extend(f"{_NAMES[kind]} of `{incident_id}`" for kind in found)
        more = len(begun) - MOST_NAMED
        names = ", ".join(begun[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
        return f"What waited begins now: {names}." if begun else ""

    async def standing(self) -> str:
        """The line that stands above everything else while all is stopped; else empty."""
        earlier = await self._when()
        return f"*All traffic is stopped*, {earlier}. {LIFT}" if earlier else ""

    async def _when(self) -> str:
        """``by @mira, 12 min ago``; empty where nothing is stopped."""
        by, since = await self._store.halted_by(), await self._store.halted_since()
        if by is None:
            return ""
        return f"by {named(by)}" if since is None else f"by {named(by)} {_ago(self._clock.now() - since)}"

    async def _going(self) -> str:
        found = [await self._store.incident(each) for each in await self._store.open_incidents()]
        stopped = [name for incident in found if incident is not None for name in _runs_of(incident)]
        if not stopped:
            return "No run was going."
        more = len(stopped) - MOST_NAMED
        names = ", ".join(stopped[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
        return f"Stopped with it: {names}. Undecided steps are inconclusive."


_NAMES = {kind: f"the {kind.value} run" for kind in RunKind} | {RunKind.SOAK: "the watch"}


def _awaited(incident: Incident) -> tuple[Change | None, list[RunKind]]:
    """What an incident waits for while all is stopped, as a job, and its kind."""
    if incident.stopped_watch() is not None and incident.wanted_run is None:
        return Change(incident=incident, jobs=(starting(incident, RunKind.SOAK, by="fixloop"),)), [RunKind.SOAK]
    kind = incident.wanted_run
    if kind is None or incident.plan is None or incident.active_run is not None or not incident.is_open:
        return None, []
    if kind is RunKind.VALIDATE and incident.run_before(incident.plan.hash) is None:
        # Nothing to compare with yet: the confirm run first, and the validate run, still wanted, follows it.
        return Change(incident=incident, jobs=(starting(incident, RunKind.CONFIRM, by="fixloop"),)), [RunKind.CONFIRM]
    free = replace(incident, wanted_run=None, wanted_by="")
    return Change(incident=free, jobs=(starting(incident, kind, by=incident.wanted_by),)), [kind]


def _runs_of(incident: Incident) -> list[str]:
    line = incident.run_line(incident.active_run or "")
    active = [f"the {line.kind.value} run of `{incident.id}`"] if line is not None else []
    return active + ([f"the watch of `{incident.id}`"] if incident.soak_run is not None else [])


def refusal(by: str) -> str:
    """Why no run may begin now."""
    return f"All traffic is stopped, by {named(by)}. {LIFT}"


def _ago(seconds: float) -> str:
    if seconds < 90:
        return f"{max(0, round(seconds))} s ago"
    return f"{seconds / 60:.0f} min ago" if seconds < 5400 else f"{seconds / 3600:.0f} h ago"
