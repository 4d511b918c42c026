"""What people ask for, by button or command. Each wish comes as a job, and may come twice: the use cases behind it are
idempotent, and a wish that was accepted once is not queued again."""

from __future__ import annotations

import difflib
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass

import orjson

from fixloop_bot.application.brake import Brake
from fixloop_bot.application.checklist import Checklist, Screen
from fixloop_bot.application.copilot.answering import Copilot
from fixloop_bot.application.jobs import ANSWER_WISH, Job
from fixloop_bot.application.planning import Planning
from fixloop_bot.application.ports import Board, Clock, Store
from fixloop_bot.application.resolution import Resolution, who
from fixloop_bot.application.threads import Threads
from fixloop_bot.application.validation import Started, Validation
from fixloop_bot.domain.errors import NewerDocument, SlackRefused
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.runs import RunKind

log = logging.getLogger(__name__)

COMMANDS = {
    "status": "what is broken, and whether it is proven",
    "list": "all open incidents",
    "validate": "run the plan now (`validate INC-42`, or in the incident's channel)",
    "plan": "write a new plan, with a hint if you like (`plan test the refund path`)",
    "stop": "the kill switch: end all traffic of all incidents at once (`stop INC-42`: only that run)",
    "go": "let traffic flow again after `stop`",
    "resolve": "end the incident",
    "reopen": "take a resolution back (`reopen INC-42`)",
    "help": "this list",
}
MOST_LISTED = 20
_INCIDENT = re.compile(r"(?:inc[-_ ]?)?#?(\d{1,9})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One click or command, translated out of Slack's words.

    ``what`` is an action or ``command``; ``incident`` an id or empty; ``text`` a command's words. ``block_id`` …
    ``chosen`` are of a tick on the checklist. ``id`` is the same for a repeated delivery.
    """

    id: str
    what: str
    user: str
    channel: str
    incident: str = ""
    thread_ts: str = ""
    response_url: str = ""
    text: str = ""
    block_id: str = ""
    plan_version: int = 0
    shown: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()

    def job(self) -> Job:
        return Job(name=ANSWER_WISH, args=(orjson.dumps(asdict(self)).decode(),), key=f"wish:{self.id}")

    @classmethod
    def read(cls, document: str) -> Wish:
        raw = orjson.loads(document)
        return cls(**{**raw, "shown": tuple(raw["shown"]), "chosen": tuple(raw["chosen"])})


class Desk:
    """Fulfils wishes, and says in one line to the person alone why one was not."""

    def __init__(
        self,
        store: Store,
        board: Board,
        threads: Threads,
        *,
        validation: Validation,
        planning: Planning,
        checklist: Checklist,
        resolution: Resolution,
        brake: Brake,
        copilot: Copilot,
        clock: Clock,
    ) -> None:
        self._store = store
        self._board = board
        self._threads = threads
        self._validation = validation
        self._planning = planning
        self._checklist = checklist
        self._resolution = resolution
        self._brake = brake
        self._copilot = copilot
        self._clock = clock

    async def answer(self, document: str) -> None:
        """The job: do what a wish asks for."""
        wish = Wish.read(document)
        doing: dict[str, Callable[[Wish], Awaitable[str]]] = {
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
            "command": self._command,
            "mention": self._mention,
        }
        todo = doing.get(wish.what)
        try:
            sentence = await todo(wish) if todo is not None else ""
        except NewerDocument as newer:
            sentence = str(newer)
        if sentence:
            await self._say(wish, sentence)

    async def _say(self, wish: Wish, sentence: str) -> None:
        try:
            if wish.what == "command":
                await self._board.answer(wish.response_url, sentence)
            else:
                await self._board.whisper(
                    channel=wish.channel,
                    user=wish.user,
                    text=sentence,
                    thread_ts=wish.thread_ts or None,
                    response_url=wish.response_url or None,
                )
        except SlackRefused as refusal:
            log.warning("an answer could not be shown: %s", refusal)

    async def _validate(self, wish: Wish) -> str:
        started = await self._validation.start(wish.incident, RunKind.VALIDATE, by=wish.user)
        return self._why_not(started)

    async def _confirm(self, wish: Wish) -> str:
        started = await self._validation.start(wish.incident, RunKind.CONFIRM, by=wish.user)
        return self._why_not(started)

    def _why_not(self, started: Started) -> str:
        if started.by is None or started.since is None:
            return started.refusal
        ago = max(0, round(self._clock.now() - started.since))
        return f"{started.refusal} {who(started.by)} started it {ago} s ago."

    async def _new_plan(self, wish: Wish) -> str:
        refusal = await self._planning.ask(wish.incident, by=wish.user, hint=wish.text)
        return refusal.sentence if refusal is not None else ""

    async def _stop(self, wish: Wish) -> str:
        stopped = await self._validation.stop(wish.incident, by=wish.user)
        return "" if stopped else "No run is going."

    async def _resolve(self, wish: Wish) -> str:
        return await self._resolution.resolve(wish.incident, by=wish.user)

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

    async def _mention(self, wish: Wish) -> str:
        return await self._status(await self._here(wish))

    # Commands

    async def _command(self, wish: Wish) -> str:
        word, _, rest = wish.text.strip().partition(" ")
        word = word.lower() or "status"
        if word.startswith("inc-"):
            word, rest = "status", word
        name = rest.strip().upper()[:40]
        if word == "status" and name.startswith("INC-"):
            incident = await self._store.incident(name)
            return await self._status([incident]) if incident is not None else f"There is no incident {name}."
        if word in ("status", "list"):
            found = await self._here(wish) if word == "status" else ()
            return await self._status(found or await self._open_ones())
        if word == "stop":
            return await self._command_stop(rest.strip(), wish)
        if word in ("go", "resume"):
            return await self._brake.lift(by=wish.user)
        if word in ("validate", "plan", "resolve", "reopen"):
            return await self._command_on_incident(word, rest.strip(), wish)
        if word == "help":
            return help_text()
        near = difflib.get_close_matches(word, COMMANDS, n=1, cutoff=0.5)
        meant = f" Did you mean `/fixloop {near[0]}`?" if near else ""
        return f"I don't know that word.{meant}\n{help_text()}"

    async def _command_stop(self, rest: str, wish: Wish) -> str:
        one = _INCIDENT.match(rest)
        if one is None:
            return await self._brake.pull(by=wish.user)
        return await self._command_on_incident("stop", f"INC-{one[1]}", wish)

    async def _command_on_incident(self, word: str, rest: str, wish: Wish) -> str:
        named, _, more = rest.partition(" ")
        explicit = await self._store.incident(named.upper()) if named.upper().startswith("INC-") else None
        if named.upper().startswith("INC-") and explicit is None:
            return f"There is no incident {named.upper()[:40]}."
        chosen = [explicit] if explicit is not None else [*await self._here(wish)]
        if len(chosen) != 1:
            return self._which(word, chosen)
        asked = Wish(
            id=wish.id,
            what={"plan": "new_plan"}.get(word, word),
            user=wish.user,
            channel=wish.channel,
            incident=chosen[0].id,
            text=(more if explicit is not None else rest) if word == "plan" else "",
        )
        doing = {
            "validate": self._validate,
            "new_plan": self._new_plan,
            "stop": self._stop,
            "resolve": self._resolve,
            "reopen": self._reopen,
        }
        return await doing[asked.what](asked) or f"Done: {word} {chosen[0].id}."

    def _which(self, word: str, several: Sequence[Incident]) -> str:
        if not several:
            return f"No incident is open here. Name one: `/fixloop {word} INC-42`."
        names = ", ".join(f"`{incident.id}` ({incident.label})" for incident in several)
        return f"Which one? {names}. For example `/fixloop {word} {several[0].id}`."

    async def _here(self, wish: Wish) -> tuple[Incident, ...]:
        """The incident of the thread, else the open ones of the channel."""
        if wish.thread_ts:
            incident_id = await self._store.incident_of_thread(wish.channel, wish.thread_ts)
            incident = await self._store.incident(incident_id) if incident_id is not None else None
            if incident is not None:
                return (incident,)
        here = []
        for incident in await self._open_ones():
            refs = await self._store.thread_refs(incident.id)
            if wish.channel in (refs.channel, incident.channel):
                here.append(incident)
        return tuple(here)

    async def _open_ones(self) -> tuple[Incident, ...]:
        found = [await self._store.incident(each) for each in await self._store.open_incidents()]
        return tuple(incident for incident in found if incident is not None)

    async def _status(self, incidents: Sequence[Incident]) -> str:
        standing = await self._brake.standing()
        views = [await self._threads.view(incident.id) for incident in incidents[:MOST_LISTED]]
        lines = [self._board.describe(view) for view in views if view is not None]
        if len(incidents) > MOST_LISTED:
            lines.append(f"and {len(incidents) - MOST_LISTED} more")
        return "\n".join([*([standing] if standing else []), *(lines or ["No open incident."])])


def stops_everything(wish: Wish) -> bool:
    """Whether a wish is the kill switch: ``stop`` that names no incident, since who is in a hurry names nothing."""
    word, _, rest = wish.text.strip().partition(" ")
    return wish.what == "command" and word.lower() == "stop" and _INCIDENT.match(rest.strip()) is None


def help_text() -> str:
    return "\n".join(f"`/fixloop {word}`  {meaning}" for word, meaning in COMMANDS.items())
