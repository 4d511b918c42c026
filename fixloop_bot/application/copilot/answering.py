"""The copilot: a question in an incident's thread gets an answer that one can act on.

State first, then the model, then the check: the verdict is said by code, the model explains, and nothing that it says
reaches a person before it was held against the evidence. Without a model, or with one that says nothing that stands
up, the built-in brief answers with the same citations.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace

from fixloop_bot.application.copilot import prompt
from fixloop_bot.application.copilot.conversation import Conversation, Limits
from fixloop_bot.application.copilot.gathering import Gathering
from fixloop_bot.application.copilot.question import Question
from fixloop_bot.application.copilot.speech import Offer, Place, Podium, Speech, Talker, Unheard
from fixloop_bot.application.copilot.talks import Exchange, Feedback, Record, Remark, Talks
from fixloop_bot.application.copilot.telling import Telling
from fixloop_bot.application.copilot.tools import Toolbox, offer_of_step
from fixloop_bot.application.copilot.turns import Busy, Turns
from fixloop_bot.application.ports import Clock, Store
from fixloop_bot.application.views import ThreadView
from fixloop_bot.domain.calm_text import calm
from fixloop_bot.domain.copilot import briefing
from fixloop_bot.domain.copilot.prompts import prompts
from fixloop_bot.domain.copilot.questions import Topic, asks_to_stop, goes_on, step_to_run, topics_of
from fixloop_bot.domain.copilot.replies import HouseRules
from fixloop_bot.domain.copilot.situation import Line, Situation
from fixloop_bot.domain.errors import StoreUnavailable

log = logging.getLogger(__name__)

STOP_LOOK_S = 1.0
ANSWERED_WITHIN_S = 600.0
"""While Slack is away a question waits; nobody waits for the answer to one that is older than this."""
LOOK_AGAIN_S = 5.0
FOLLOWS_S = 600.0
"""A reply that is not addressed to the bot goes on with its last answer to the same person within so long."""
STOPPED = "Stopped, as somebody asked."
KEPT_QUESTION, KEPT_ANSWER, KEPT_REMARK = 2_000, 4_000, 300
_INCIDENT = re.compile(r"\binc[-_ ]?(\d{1,9})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """An answer as it was given."""

    telling: Telling
    model: str
    offers: tuple[Offer, ...] = ()


class Copilot:
    """Answers questions. ``answer`` is the job's handler, and harmless when it is called twice."""

    def __init__(
        self,
        store: Store,
        talks: Talks,
        gathering: Gathering,
        *,
        talker: Talker,
        podium: Podium,
        turns: Turns,
        clock: Clock,
        limits: Limits | None = None,
    ) -> None:
        self._store = store
        self._talks = talks
        self._gathering = gathering
        self._talker = talker
        self._podium = podium
        self._turns = turns
        self._clock = clock
        self._limits = limits or Limits()

    async def answer(self, document: str) -> None:
        """The job: wait for the thread's turn, answer, and remember it."""
        question = Question.read(document)
        thread = f"{question.channel}:{question.thread_ts}"
        if question.edited:
            await self._amend(question, thread)
            return
        if await self._talks.answer_stopped_by(question.id) is not None:
            return
        if asks_to_stop(question.text) and (under_way := await self._talks.under_way(thread)):
            await self.stop(under_way, by=question.user)
            return
        if not await self._is_meant(question, thread):
            await self._overhear(question, thread)
            return
        await self._until_heard(question, thread, asked_at=_seconds(question.ts) or self._clock.now())

    async def _until_heard(self, question: Question, thread: str, *, asked_at: float) -> None:
        """Answer it. While Slack is away it waits, and is answered from what is known when Slack is back."""
        while True:
            if await self._podium.there():
                with contextlib.suppress(Unheard):
                    await self._in_turn(question, thread, asked_at=asked_at)
                    return
            if self._clock.now() - asked_at > ANSWERED_WITHIN_S:
                log.warning("The question %s is dropped: Slack was away for ten minutes after it.", question.id)
                return
            await self._clock.sleep(LOOK_AGAIN_S)
            if await self._talks.answer_stopped_by(question.id) is not None:
                return

    async def _in_turn(self, question: Question, thread: str, *, asked_at: float) -> None:
        """Answer it when the thread's turn comes; raises Unheard."""
        place = Place(channel=question.channel, thread_ts=question.thread_ts, user=question.user, team=question.team)
        speech = self._podium.speech(place, answer_id=question.id)

        async def tell(ahead: int) -> None:
            await speech.doing(f"busy, {ahead} ahead of you…")

        try:
            async with self._turns.turn(thread, question.id, asked_at=asked_at, tell=tell) as mine:
                if mine:
                    await self._answer(question, thread, place, speech)
        except Busy as busy:
            await speech.fail(f"Busy: {busy.ahead} questions are ahead of yours. Ask again in a minute.")
            await self._turns.decline(thread, question.id)

    async def stop(self, answer_id: str, *, by: str) -> None:
        """End an answer that is being given, in whichever process; or one that has not begun."""
        await self._talks.stop_answer(answer_id, by)

    async def judge(self, answer_id: str, *, user: str, good: bool, reason: str = "") -> bool:
        """Keep 👍 or 👎, with its reason, beside the answer; False if there is no such answer (any more)."""
        record = await self._talks.record(answer_id)
        view = await self._gathering.view(record.incident) if record is not None else None
        clean = await self._gathering.clean(reason[:KEPT_QUESTION], view)
        known = Feedback(user=user, good=good, at=self._clock.now(), reason=clean)
        return await self._talks.add_feedback(answer_id, known)

    async def suggest(self, incident_id: str, place: Place) -> None:
        """Show the questions that fit an incident's state."""
        incident = await self._store.incident(incident_id)
        if incident is not None:
            await self._podium.suggest(place, prompts(incident))

    async def _is_meant(self, question: Question, thread: str) -> bool:
        """Whether the bot was spoken to: by name, by a question, or by whom it had just answered, and who goes on."""
        if question.addressed:
            return True
        if not goes_on(question.text):
            return False
        talk = await self._talks.conversation(thread)
        return bool(talk) and talk[-1].user == question.user and self._clock.now() - talk[-1].at < FOLLOWS_S

    async def _overhear(self, question: Question, thread: str) -> None:
        """What people write to each other in an incident's thread may be cited; it is never answered."""
        if not question.incident or not question.text.strip():
            return
        view = await self._gathering.view(question.incident)
        clean = await self._gathering.clean(question.text[:KEPT_REMARK], view)
        at = _seconds(question.ts) or self._clock.now()
        await self._talks.overhear(thread, Remark(id=question.id, at=at, user=question.user, text=clean))

    async def _amend(self, question: Question, thread: str) -> None:
        view = await self._gathering.view(question.incident) if question.incident else None
        await self._talks.amend(thread, question.id, await self._gathering.clean(question.text[:KEPT_REMARK], view))

    async def _answer(self, question: Question, thread: str, place: Place, speech: Speech) -> None:
        began = self._clock.now()
        try:
            await speech.doing("reading the incident…")
            incident_id, why_not = await self._incident_of(question)
            talk = await self._talks.conversation(thread)
            view = await self._gathering.view(incident_id) if incident_id else None
            if view is None:
                await speech.fail(why_not or f"There is no incident {incident_id}.")
                return
            question = replace(question, text=await self._gathering.clean(question.text, view))
            if question.asked_by:
                await speech.say(_quoted(question))
            heard = await self._talks.remarks(thread)
            situation = await self._gathering.gather(view, question.text, talk, heard)
            given = await self._give(question, view, situation, talk, speech)
            references = given.telling.references()
            await speech.close(references=references, feedback_id=question.id, offers=given.offers)
            await self._remember(question, thread, given, incident=situation.incident.id, began=began)
            await self._podium.suggest(place, prompts(situation.incident))
        except StoreUnavailable as error:
            await speech.fail(str(error))
        except Unheard:
            raise
        except Exception:
            log.exception("the question %s could not be answered", question.id)
            await speech.fail("FixLoop could not answer this, and its log says why. The cards above show the state.")

    async def _incident_of(self, question: Question) -> tuple[str, str]:
        """The incident that is meant, or why it is not known which."""
        named = _INCIDENT.search(question.text)
        if question.incident:
            return question.incident, ""
        if named is not None:
            return f"INC-{int(named[1])}", ""
        here = []
        for each in await self._store.open_incidents():
            incident = await self._store.incident(each)
            refs = await self._store.thread_refs(each)
            if incident is not None and question.channel in (incident.channel, refs.channel):
                here.append(each)
        if len(here) == 1:
            return here[0], ""
        if not here:
            return "", "No incident is open in this channel. Name one, for example INC-42."
        return "", f"Which incident? {', '.join(here[:10])} are open here. Name one, or ask in its thread."

    async def _give(
        self, question: Question, view: ThreadView, situation: Situation, talk: Sequence[Exchange], speech: Speech
    ) -> _Given:
        topics = topics_of(question.text)
        house = HouseRules(
            proven=situation.proven,
            guarded=Topic.SAFE in topics,
            instructions=prompt.RULES,
            secrets=self._gathering.known_secrets(view),
            detect=self._gathering.detect,
        )
        telling = Telling(speech, situation, house)
        step = step_to_run(question.text)
        offer = offer_of_step(view, step) if step is not None else None
        if topics == (Topic.RUN_STEP,):
            lines = briefing.answer(question.text, situation) if offer is not None else (_no_such_step(step),)
            await telling.lines(lines)
            return _Given(telling=telling, model="", offers=(offer,) if offer is not None else ())
        if Topic.SAFE in topics:
            await telling.lines((briefing.verdict(situation),))
        toolbox = Toolbox(self._gathering, self._store, view, situation.dossier)
        model = await self._by_model(question, situation, talk, toolbox, telling, speech)
        offers = (*((offer,) if offer is not None else ()), *toolbox.offers)
        return _Given(telling=telling, model=model, offers=tuple(dict.fromkeys(offers)))

    async def _by_model(
        self,
        question: Question,
        situation: Situation,
        talk: Sequence[Exchange],
        toolbox: Toolbox,
        telling: Telling,
        speech: Speech,
    ) -> str:
        """The model's words where there is one; the built-in brief where nothing of them may be said."""
        if not self._talker.available:
            await self._built_in(question, situation, telling, "The model is not available, so this is from state.")
            return ""
        await speech.doing("thinking…")
        messages = prompt.messages(situation.dossier, talk, question.text)
        conversation = Conversation(self._talker, toolbox, telling, speech, limits=self._limits)
        note = await self._until_stopped(question.id, lambda: conversation.hold(messages))
        if telling.verified or note == STOPPED:
            await telling.lines((Line(f"_{note}_"),) if note else ())
            return self._talker.model
        doubted = telling.not_verified > 0
        await self._built_in(question, situation, telling, f"{note or _nothing_of(telling)} So this is from state.")
        return self._talker.model if doubted else ""

    async def _built_in(self, question: Question, situation: Situation, telling: Telling, why: str) -> None:
        said = {briefing.verdict(situation)} if Topic.SAFE in topics_of(question.text) else set()
        lines = [line for line in briefing.answer(question.text, situation) if line not in said]
        await telling.lines((*lines, Line(f"_{why}_")))

    async def _until_stopped(self, answer_id: str, hold: Callable[[], Coroutine[None, None, str]]) -> str:
        """What the conversation says about its end; whoever presses Stop ends it earlier."""
        talking = asyncio.create_task(hold(), name=f"conversation {answer_id}")
        watching = asyncio.create_task(self._stopped(answer_id), name=f"stop of {answer_id}")
        try:
            await asyncio.wait({talking, watching}, return_when=asyncio.FIRST_COMPLETED)
            return talking.result() if talking.done() else STOPPED
        finally:
            talking.cancel()
            watching.cancel()
            await asyncio.wait({talking, watching})

    async def _stopped(self, answer_id: str) -> None:
        while True:
            await self._clock.sleep(STOP_LOOK_S)
            with contextlib.suppress(StoreUnavailable):
                if await self._talks.answer_stopped_by(answer_id) is not None:
                    return

    async def _remember(self, question: Question, thread: str, given: _Given, *, incident: str, began: float) -> None:
        """Keep question and answer, masked; an answer that was given is not taken back by a store that is down."""
        now = self._clock.now()
        exchange = Exchange(
            id=question.id,
            at=now,
            user=question.user,
            question=question.text[:KEPT_QUESTION],
            answer=given.telling.text()[:KEPT_ANSWER],
        )
        record = Record(
            id=question.id,
            incident=incident,
            exchange=exchange,
            model=given.model,
            left_out=given.telling.left_out,
            not_verified=given.telling.not_verified,
            seconds=now - began,
        )
        try:
            await self._talks.keep(thread, record)
        except StoreUnavailable as error:
            log.warning("the answer %s is not remembered: %s", question.id, error)


def _quoted(question: Question) -> str:
    """What was asked elsewhere, for the others in the thread."""
    return f"> {calm(question.asked_by)} asks: {calm(' '.join(question.text.split()))}\n\n"


def _nothing_of(telling: Telling) -> str:
    """Why none of the model's words is an answer."""
    if not telling.heard:
        return "The model said nothing."
    if telling.not_verified > 0:
        return "Nothing of that is verified."
    return "Nothing that the model said stands in the evidence."


def _no_such_step(step: int | None) -> Line:
    return Line(f"The plan has no step {step} that FixLoop could run.", ("plan",))


def _seconds(ts: str) -> float:
    try:
        return float(ts)
    except ValueError:
        return 0.0
