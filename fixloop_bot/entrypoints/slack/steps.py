"""Step details, editing a plan, and asking: what opens a modal, and so has three seconds.

A trigger lives that long, and so does an answer to a submitted modal: these listeners do their work themselves, out of
the store alone, instead of queueing it. What they show goes to Slack as all of FixLoop's calls do, counted. Nothing
raises after an ack; whoever gets no modal is told, by a wish that is kept until it is heard.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.blocks.ask import ASK, ASK_FORM, ask_form, question_line, typed_question
from fixloop_bot.adapters.slack.blocks.details import CHOOSE_STEP, DETAILS, REFRESH, details_modal, gone_modal
from fixloop_bot.adapters.slack.blocks.modal import about
from fixloop_bot.adapters.slack.blocks.step_editor import (
    ADD_STEP,
    EDIT_PLAN,
    NOTE,
    PLAN_FORM,
    START_FROM,
    STEP_FORM,
    STEP_MORE,
    plan_form,
    step_form,
    typed,
    typed_note,
)
from fixloop_bot.application import errands
from fixloop_bot.application.copilot.question import Question
from fixloop_bot.application.details import Details
from fixloop_bot.application.editing import GONE, Editing, Refused
from fixloop_bot.application.errands import Errand, Urgency
from fixloop_bot.domain.errors import FixLoopError, SlackRefused
from fixloop_bot.entrypoints.slack.actions import button_wish
from fixloop_bot.entrypoints.slack.counter import SORRY, Counter

log = logging.getLogger(__name__)

Json = dict[str, Any]

TOO_LATE = "Slack did not open it in time. Press it again."
UNOPENED = (FixLoopError, TimeoutError)


def register(app: AsyncApp, api: SlackApi, counter: Counter, details: Details, editing: Editing) -> None:
    """Attach the listeners of all three."""
    _register_details(app, api, counter, details)
    _register_list(app, api, counter, editing)
    _register_form(app, api, editing)
    _register_adding(app, api, editing)
    _register_ask(app, api, counter)


def _register_details(app: AsyncApp, api: SlackApi, counter: Counter, details: Details) -> None:
    async def wanted(ack: AsyncAck, body: Json) -> None:
        await ack()
        with _harmless("step details are not shown"):
            await _open(api, counter, body, await _of(str(_action(body).get("value", ""))))

    async def turned(ack: AsyncAck, body: Json) -> None:
        await ack()
        view, known = body["view"], about(body["view"])
        step = (_action(body).get("selected_option") or {}).get("value") or known.get("step", "")
        with _harmless("step details are not turned"):
            new = await _of(str(known.get("run", "")), str(step))
            await api.call("views.update", view_id=view["id"], hash=view.get("hash"), view=new)

    async def _of(run_id: str, step_id: str = "") -> Json:
        found = await details.of(run_id, step_id)
        return details_modal(found) if found is not None else gone_modal()

    app.action(DETAILS)(wanted)
    app.action(CHOOSE_STEP)(turned)
    app.action(REFRESH)(turned)


def _register_list(app: AsyncApp, api: SlackApi, counter: Counter, editing: Editing) -> None:
    """The list of steps."""

    async def wanted(ack: AsyncAck, body: Json) -> None:
        await ack()
        with _harmless("a plan is not edited"):
            draft = await editing.begin(str(_action(body).get("value", "")), by=_user(body))
            if isinstance(draft, Refused):
                await _tell(counter, body, draft.sentence)
            else:
                await _open(api, counter, body, plan_form(draft))

    async def rearranged(ack: AsyncAck, body: Json) -> None:
        await ack()
        with _harmless("a draft is not changed"):
            what, _, step_id = str((_action(body).get("selected_option") or {}).get("value", "")).partition(":")
            if not await counter.first(f"rearranged:{button_wish(body).id}"):  # twice up is not once up
                return
            draft = await editing.draft(str(about(body["view"]).get("draft", "")))
            step = draft.step(step_id) if draft is not None else None
            if draft is None or step is None:
                return
            if what == "edit":
                await api.call(
                    "views.push", trigger_id=_trigger(body), view=step_form(draft, step_id, editing.words(step))
                )
            else:
                new = plan_form(await editing.rearrange(draft, what, step_id))
                await api.call("views.update", view_id=body["view"]["id"], view=new)

    async def saved(ack: AsyncAck, body: Json) -> None:
        refusal = await _save(editing, body)
        if refusal:
            await ack(response_action="errors", errors={NOTE: refusal})
        else:
            await ack(response_action="clear")

    app.action(EDIT_PLAN)(wanted)
    app.action(STEP_MORE)(rearranged)
    app.view(PLAN_FORM)(saved)


def _register_form(app: AsyncApp, api: SlackApi, editing: Editing) -> None:
    """The form of one step, submitted."""

    async def typed_in(ack: AsyncAck, body: Json) -> None:
        view = body["view"]
        new, errors = await _put(editing, view)
        if new is None:
            await ack(response_action="errors", errors=_at_blocks(view, errors))
            return
        await ack()
        with _harmless("the list is not brought up to date"):
            await api.call("views.update", view_id=view.get("previous_view_id") or view["root_view_id"], view=new)

    app.view(STEP_FORM)(typed_in)


def _register_adding(app: AsyncApp, api: SlackApi, editing: Editing) -> None:
    """A new step, from a probe, an operation, or nothing."""

    async def added(ack: AsyncAck, body: Json) -> None:
        await ack()
        with _harmless("a step is not added"):
            draft = await editing.draft(str(about(body["view"]).get("draft", "")))
            if draft is None:
                return
            offered = await editing.starters(draft, described=False)
            first, step_id = editing.words(offered[0].step), editing.new_id(draft)
            opened = await api.call(
                "views.push", trigger_id=_trigger(body), view=step_form(draft, step_id, first, starters=offered)
            )
            described = await editing.starters(draft)
            if len(described) > len(offered):
                new = step_form(draft, step_id, first, starters=described)
                await api.call("views.update", view_id=opened["view"]["id"], hash=opened["view"]["hash"], view=new)

    async def begun_from(ack: AsyncAck, body: Json) -> None:
        await ack()
        with _harmless("a step is not filled in"):
            view, known = body["view"], about(body["view"])
            draft = await editing.draft(str(known.get("draft", "")))
            chosen = str((_action(body).get("selected_option") or {}).get("value", ""))
            offered = await editing.starters(draft) if draft is not None else ()
            if draft is None or not chosen.isdecimal() or int(chosen) >= len(offered):
                return
            revision = str(int(known.get("revision", 0)) + 1)
            words, step_id = editing.words(offered[int(chosen)].step), str(known.get("step", ""))
            new = step_form(draft, step_id, words, revision=revision, starters=offered, chosen=chosen)
            await api.call("views.update", view_id=view["id"], hash=view.get("hash"), view=new)

    app.action(ADD_STEP)(added)
    app.action(START_FROM)(begun_from)


def _register_ask(app: AsyncApp, api: SlackApi, counter: Counter) -> None:
    async def wanted(ack: AsyncAck, body: Json) -> None:
        await ack()
        message, container = body.get("message") or {}, body.get("container") or {}
        thread = message.get("thread_ts") or container.get("thread_ts") or message.get("ts") or ""
        place = {"incident": str(_action(body).get("value", "")), "channel": _channel(body), "thread": str(thread)}
        with _harmless("nobody is asked for a question"):
            await _open(api, counter, body, ask_form(place))

    async def asked(ack: AsyncAck, body: Json) -> None:
        await ack()
        view, place = body["view"], about(body["view"])
        text = typed_question(view)
        if not text or not place.get("channel") or not await counter.first(f"asked:{view.get('id', '')}"):
            return
        ts = f"{time.time():.6f}"
        with _harmless("a question is not shown in its thread"):
            ts = await _say(api, place, question_line(_user(body), text))
        team = str((body.get("user") or {}).get("team_id") or (body.get("team") or {}).get("id") or "")
        question = Question(
            id=f"{place['channel']}:{ts}",
            channel=str(place["channel"]),
            thread_ts=str(place["thread"]),
            ts=ts,
            user=_user(body),
            team=team,
            text=text,
        )
        await counter.ask(question, incident=str(place.get("incident", "")))

    app.action(ASK)(wanted)
    app.view(ASK_FORM)(asked)


async def _save(editing: Editing, body: Json) -> str:
    """Why the draft was not saved; empty where it was."""
    try:
        draft = await editing.draft(str(about(body["view"]).get("draft", "")))
        if draft is None:
            return GONE
        refused = await editing.save(draft, by=_user(body), note=typed_note(body["view"]))
    except FixLoopError as error:
        log.warning("an edited plan was not saved: %s", error)
        return SORRY
    return refused.sentence if refused is not None else ""


async def _put(editing: Editing, view: Json) -> tuple[Json | None, Mapping[str, str]]:
    """The list with the typed step in it, or what is wrong by field."""
    known = about(view)
    try:
        draft = await editing.draft(str(known.get("draft", "")))
        if draft is None:
            return None, {"title": GONE}
        new = await editing.put(draft, str(known.get("step", "")), typed(view))
    except FixLoopError as error:
        log.warning("a step was not taken: %s", error)
        return None, {"title": SORRY}
    return (None, new.errors) if isinstance(new, Refused) else (plan_form(new), {})


def _at_blocks(view: Json, errors: Mapping[str, str]) -> dict[str, str]:
    """Sentences below the fields that the form has; what belongs to a field that it lacks stands at the title."""
    inputs = {str(block["block_id"]).rpartition(":")[2]: str(block["block_id"]) for block in view["blocks"]}
    placed: dict[str, str] = {}
    for field, sentence in errors.items():
        block = inputs.get(field) or inputs["title"]
        placed[block] = f"{placed[block]} {sentence}" if block in placed else sentence
    return placed


async def _say(api: SlackApi, place: Mapping[str, str], text: str) -> str:
    """Post a line into the thread, ahead of cards: who asked looks at it. Returns its timestamp."""
    with errands.on(Errand(urgency=Urgency.ANSWER)):
        said = await api.call("chat.postMessage", channel=place["channel"], thread_ts=place["thread"], text=text)
    return str(said["ts"])


async def _open(api: SlackApi, counter: Counter, body: Json, view: Json) -> None:
    """Open a modal; a person who sees none, whatever the reason, is told to press again."""
    try:
        await api.call("views.open", trigger_id=_trigger(body), view=view)
    except UNOPENED as error:
        if is_open(error):
            return
        log.warning("a modal was not opened: %s", str(error) or type(error).__name__)
        await _tell(counter, body, TOO_LATE)


def is_open(error: Exception) -> bool:
    """A repeated delivery: its trigger has opened the modal already."""
    return isinstance(error, SlackRefused) and error.error == "exchanged_trigger_id"


async def _tell(counter: Counter, body: Json, sentence: str) -> None:
    wish = button_wish(body)
    await counter.take(replace(wish, id=f"{wish.id}:told", what="told", text=sentence))


@contextlib.contextmanager
def _harmless(what: str) -> Iterator[None]:
    """What fails behind an ack is logged: an exception there would erase the ack."""
    try:
        yield
    except UNOPENED as error:
        log.warning("%s: %s", what, str(error) or type(error).__name__)


def _action(body: Json) -> Json:
    return dict((body.get("actions") or [{}])[0])


def _trigger(body: Json) -> str:
    return str(body.get("trigger_id", ""))


def _user(body: Json) -> str:
    return str((body.get("user") or {}).get("id", ""))


def _channel(body: Json) -> str:
    container = body.get("container") or {}
    return str((body.get("channel") or {}).get("id") or container.get("channel_id", ""))
