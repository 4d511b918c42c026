"""The wishes around plans, runs and verdicts, each with the use case that fulfils it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from fixloop_bot.application.brake import Brake
from fixloop_bot.application.checklist import Checklist, Screen
from fixloop_bot.application.copilot.answering import Copilot
from fixloop_bot.application.mentions import who
from fixloop_bot.application.planning import Planning
from fixloop_bot.application.ports import Board, Clock
from fixloop_bot.application.resolution import Resolution
from fixloop_bot.application.signpost import Signpost
from fixloop_bot.application.threads import Threads
from fixloop_bot.application.validation import Started, Validation
from fixloop_bot.application.whereabouts import Whereabouts
from fixloop_bot.application.wishes import INCIDENT_NAME, Command, Deed, Wish
from fixloop_bot.domain.closing import Ending
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.moments import span
from fixloop_bot.domain.runs import RunKind

MOST_LISTED = 20


class Deeds:
    """What responders do with an incident's plan, runs and end."""

    def __init__(
        self,
        where: Whereabouts,
        board: Board,
        threads: Threads,
        *,
        validation: Validation,
        planning: Planning,
        checklist: Checklist,
        resolution: Resolution,
        brake: Brake,
        copilot: Copilot,
        signpost: Signpost,
        clock: Clock,
    ) -> None:
        self._where = where
        self._board = board
        self._threads = threads
        self._validation = validation
        self._planning = planning
        self._checklist = checklist
        self._resolution = resolution
        self._brake = brake
        self._copilot = copilot
        self._signpost = signpost
        self._clock = clock

    def deeds(self) -> Mapping[str, Deed]:
        return {
            "validate": self._validate,
            "new_plan": self._new_plan,
            "stop": self._stop,
            "resolve": self._resolve,
            "reopen": self._reopen,
            "confirm": self._confirm,
            "tick": self._tick,
            "run_step": self._run_step,
            "stop_answer": self._stop_answer,
            "withdraw_question": self._stop_answer,
            "answer_liked": self._judge_answer,
            "answer_disliked": self._judge_answer,
            "mention": self._mention,
            "told": _told,
        }

    def commands(self) -> Sequence[Command]:
        return (
            Command(word="status", deed=self._status_here),
            Command(
                word="validate",
                deed=self._validate,
                on_incident=True,
                done="{id} is being validated; its thread shows the run.",
            ),
            Command(
                word="plan",
                deed=self._new_plan,
                on_incident=True,
                done="A new plan for {id} is being written; its thread shows it.",
            ),
            Command(word="stop", deed=self._command_stop),
            Command(word="go", deed=self._go),
            Command(word="resolve", deed=self._command_resolve, on_incident=True, done="{id} is resolved."),
            Command(word="reopen", deed=self._reopen, on_incident=True, even_resolved=True, done="{id} is open again."),
        )

    async def _validate(self, wish: Wish) -> str:
        started = await self._validation.start(wish.incident, RunKind.VALIDATE, by=wish.user)
        return self._why_not(started)

    async def _confirm(self, wish: Wish) -> str:
        started = await self._validation.start(wish.incident, RunKind.CONFIRM, by=wish.user)
        return self._why_not(started)

    def _why_not(self, started: Started) -> str:
        if started.by is None or started.since is None:
            return started.refusal
        seconds = self._clock.now() - started.since
        ago = f"{span(seconds)} ago" if seconds >= 1 else "just now"
        going, _, then = started.refusal.partition(". ")
        return f"{going.rstrip('.')}. {who(started.by)} started it {ago}. {then}".rstrip()

    async def _new_plan(self, wish: Wish) -> str:
        refusal = await self._planning.ask(wish.incident, by=wish.user, hint=wish.text)
        return refusal.sentence if refusal is not None else ""

    async def _stop(self, wish: Wish) -> str:
        stopped = await self._validation.stop(wish.incident, by=wish.user)
        return "" if stopped else "No run is going."

    async def _command_stop(self, wish: Wish) -> str:
        one = INCIDENT_NAME.match(wish.text)
        if one is None:
            return await self._brake.pull(by=wish.user)
        incident, name, _ = await self._where.named(f"INC-{one[1]}")
        if incident is None:
            return f"There is no incident {name}."
        stopped = await self._validation.stop(incident.id, by=wish.user)
        return f"The run of {incident.id} is being stopped." if stopped else "No run is going."

    async def _go(self, wish: Wish) -> str:
        return await self._brake.lift(by=wish.user)

    async def _resolve(self, wish: Wish) -> str:
        return await self._resolution.resolve(wish.incident, by=wish.user, ending=_ending(wish))

    async def _command_resolve(self, wish: Wish) -> str:
        """``resolve INC-42 rolled back 2.14.0``, or ``resolve INC-42 override: we switch it off``."""
        if not wish.text:
            how = f"`/fixloop resolve {wish.incident} rolled back 2.14.0`"
            incident, _, _ = await self._where.named(wish.incident)
            why_not = await self._resolution.why_not(incident) if incident is not None else ""
            if incident is not None and not incident.is_open:
                return await self._resolve(wish)  # which says by whom it was resolved already
            return why_not or f"What fixed it? Say it in a few words: {how}."
        return await self._resolve(wish)

    async def _reopen(self, wish: Wish) -> str:
        return await self._resolution.reopen(wish.incident, by=wish.user)

    async def _tick(self, wish: Wish) -> str:
        screen = Screen(block_id=wish.block_id, plan_version=wish.plan_version, shown=wish.shown)
        return await self._checklist.select(wish.incident, user=wish.user, screen=screen, chosen=wish.chosen)

    async def _run_step(self, wish: Wish) -> str:
        started = await self._validation.look_again(
            wish.incident, wish.text, plan_version=wish.plan_version, by=wish.user
        )
        return self._why_not(started)

    async def _stop_answer(self, wish: Wish) -> str:
        await self._copilot.stop(wish.chosen[0], by=wish.user)
        return ""

    async def _judge_answer(self, wish: Wish) -> str:
        good = wish.what == "answer_liked"
        kept = await self._copilot.judge(wish.chosen[0], user=wish.user, good=good, reason=wish.text)
        return "" if kept else "That answer is not kept any more, so what you think of it is not, either."

    # How things stand

    async def _mention(self, wish: Wish) -> str:
        return await self._status(await self._where.here(wish))

    async def _status_here(self, wish: Wish) -> str:
        incident, name, _ = await self._where.named(wish.text)
        if name:
            return await self._status([incident]) if incident is not None else f"There is no incident {name}."
        return await self._status(await self._where.here(wish) or await self._where.open_ones())

    async def _status(self, incidents: Sequence[Incident]) -> str:
        standing = await self._brake.standing()
        views = [await self._threads.view(incident.id) for incident in incidents[:MOST_LISTED]]
        shown = [view for view in views if view is not None]
        lines = [self._board.describe(view, await self._signpost.address(view.incident)) for view in shown]
        if len(incidents) > MOST_LISTED:
            lines.append(f"and {len(incidents) - MOST_LISTED} more")
        told = "\n\n".join(lines or ["No open incident."])
        return f"{standing}\n{told}" if standing else told


_OVERRIDE = re.compile(r"override\b[\s:,–-]*", re.IGNORECASE)


def _ending(wish: Wish) -> Ending:
    """What the form's fields say, or a command's words."""
    if wish.fields:
        return Ending(
            fixed_by=wish.field("fixed_by"), fixer=wish.field("fixer") or None, override=wish.field("override")
        )
    override = _OVERRIDE.match(wish.text)
    return Ending(override=wish.text[override.end() :]) if override is not None else Ending(fixed_by=wish.text)


async def _told(wish: Wish) -> str:
    """What an entrypoint has to say to the person, in the one way in which people are answered."""
    return wish.text
