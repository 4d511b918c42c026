"""Buttons and checkboxes."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from typing import Any
from uuid import uuid4

import orjson
from slack_bolt.async_app import AsyncAck, AsyncApp

from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.blocks.answer import (
    DISLIKED,
    FEEDBACK,
    LIKED,
    LONGEST_REASON,
    OFFER,
    PROMPT,
    REASON,
    STOP,
    reason_modal,
)
from fixloop_bot.adapters.slack.blocks.plan import read_checklist_id
from fixloop_bot.application.wishes import Wish
from fixloop_bot.domain.errors import FixLoopError
from fixloop_bot.entrypoints.slack.counter import Counter
from fixloop_bot.entrypoints.slack.questions import prompted

log = logging.getLogger(__name__)

_STEP = re.compile(r"(?P<step>s\d{1,3}):(?P<version>\d{1,6})")
_TS = re.compile(r"\d{1,12}(\.\d{1,9})?")
BUTTONS = ("validate", "confirm", "new_plan", "stop", "reopen", "acknowledge", "report")
"""Those that make a wish at once; ``modals.py`` has those that ask for more first."""


def register(app: AsyncApp, api: SlackApi, counter: Counter) -> None:
    async def pressed(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        await counter.take(button_wish(body))

    async def ticked(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        wish = tick_wish(body)
        if wish is not None:
            await counter.take(wish)

    for name in BUTTONS:
        app.action(name)(pressed)
    app.action("tick")(ticked)
    _register_answers(app, api, counter)


def _register_answers(app: AsyncApp, api: SlackApi, counter: Counter) -> None:
    """What can be pressed on the copilot's messages."""

    async def stopped(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        await counter.take(stop_wish(body))

    async def offered(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        await counter.take(offer_wish(body))

    async def prompt_pressed(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        asked = prompted(body)
        if asked is not None:
            incident = await counter.incident_of(asked.channel, asked.thread_ts)
            await counter.ask(asked, incident=incident or "")

    async def judged(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        wish = feedback_wish(body)
        if wish.what == DISLIKED:
            await _ask_why(api, body, wish)
        await counter.take(wish)

    async def explained(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        wish = reason_wish(body)
        if wish is not None:
            await counter.take(wish)

    app.action(STOP)(stopped)
    app.action(re.compile(f"^{OFFER}"))(offered)
    app.action(re.compile(f"^{PROMPT}"))(prompt_pressed)
    for name in (FEEDBACK, LIKED, DISLIKED):
        app.action(name)(judged)
    app.view(REASON)(explained)


def button_wish(body: dict[str, Any]) -> Wish:
    """A pressed button: its action id says what, its value which incident."""
    action = body["actions"][0]
    return Wish(**common(body, action), what=str(action["action_id"]), incident=str(action.get("value", "")))


def tick_wish(body: dict[str, Any]) -> Wish | None:
    """A click on the checklist: what is selected now, and what its screen had shown; None for a foreign block."""
    action = body["actions"][0]
    screen = read_checklist_id(str(action.get("block_id", "")))
    if screen is None:
        return None
    incident, version, shown = screen
    chosen = tuple(str(option.get("value", "")) for option in action.get("selected_options") or ())
    return Wish(
        **common(body, action),
        what="tick",
        incident=incident,
        block_id=str(action["block_id"]),
        plan_version=version,
        shown=shown,
        chosen=chosen,
    )


def stop_wish(body: dict[str, Any]) -> Wish:
    """Stop on an answer that is being written; ``chosen`` is the answer."""
    action = body["actions"][0]
    return Wish(**common(body, action), what="stop_answer", chosen=(str(action.get("value", "")),))


def offer_wish(body: dict[str, Any]) -> Wish:
    """Something that the copilot proposed: ``offer:run_step:0`` with the value ``INC-42:s2:1``.

    ``what`` is the offer's action, ``incident`` the first part of its value, ``text`` the rest: a step, with the
    plan's version, or a hint.
    """
    action = body["actions"][0]
    what = str(action["action_id"]).removeprefix(OFFER).rpartition(":")[0]
    incident, _, rest = str(action.get("value") or "").partition(":")
    step = _STEP.fullmatch(rest)
    version = int(step["version"]) if step else 0
    return Wish(
        **common(body, action),
        what=what,
        incident=incident,
        text=step["step"] if step else rest,
        plan_version=version,
    )


def feedback_wish(body: dict[str, Any]) -> Wish:
    """👍 or 👎 by Slack's own thumbs or by plain buttons; ``chosen`` is the answer that is meant."""
    action = body["actions"][0]
    what, value = str(action["action_id"]), str(action.get("value") or "")
    if what == FEEDBACK:
        what, _, value = value.partition(":")
    what = LIKED if what == LIKED else DISLIKED
    return Wish(**common(body, action), what=what, chosen=(value,))


def reason_wish(body: dict[str, Any]) -> Wish | None:
    """Why an answer did not help, from the modal; ``text`` is the reason."""
    view = body.get("view") or {}
    try:
        about = json.loads(view.get("private_metadata") or "{}")
        said = view["state"]["values"]["reason"]["reason"]["value"]
        answer, channel, thread_ts = about["answer"], about["channel"], about["thread_ts"]
    except (ValueError, KeyError, TypeError):
        return None
    return Wish(
        id=f"reason:{view.get('id', '')}",
        what=DISLIKED,
        user=str((body.get("user") or {}).get("id", "")),
        channel=str(channel),
        thread_ts=str(thread_ts),
        text=str(said or "")[:LONGEST_REASON],
        chosen=(str(answer),),
    )


async def _ask_why(api: SlackApi, body: dict[str, Any], wish: Wish) -> None:
    """Open the modal within the three seconds of the trigger; never raises: the 👎 counts without a reason, too."""
    about = {"answer": wish.chosen[0], "channel": wish.channel, "thread_ts": wish.thread_ts}
    try:
        await api.call("views.open", trigger_id=str(body.get("trigger_id", "")), view=reason_modal(json.dumps(about)))
    except (FixLoopError, TimeoutError) as error:
        log.info("nobody is asked why an answer did not help: %s", str(error) or type(error).__name__)


def common(body: dict[str, Any], action: dict[str, Any]) -> dict[str, Any]:
    """What every click tells: who, where, and an id that is the same for a repeated delivery."""
    container, user = body.get("container") or {}, str((body.get("user") or {}).get("id", ""))
    message = body.get("message") or {}
    return {
        "id": f"{_moment(body, action)}:{user}:{action.get('action_id', '')}:{digest(action)}",
        "place": "home" if (body.get("view") or {}).get("type") == "home" else "button",
        "user": user,
        "channel": str((body.get("channel") or {}).get("id") or container.get("channel_id", "")),
        "thread_ts": str(message.get("thread_ts") or container.get("thread_ts") or message.get("ts") or ""),
        "response_url": str(body.get("response_url", "")),
        "pressed_at": _seconds(str(action.get("action_ts", ""))),
    }


def _moment(body: dict[str, Any], action: dict[str, Any]) -> str:
    """What tells one press of a button from the next: its time, else its trigger; without both it is no repetition."""
    return str(action.get("action_ts") or body.get("trigger_id") or uuid4())


def digest(what: dict[str, Any]) -> str:
    """Tells deeds of one person at one moment apart; a repeated delivery says the same."""
    return hashlib.blake2b(orjson.dumps(what, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest()


def _seconds(ts: str) -> float:
    """`1548261231.701` as epoch seconds; 0 for what is none."""
    return float(ts) if _TS.fullmatch(ts) else 0.0
