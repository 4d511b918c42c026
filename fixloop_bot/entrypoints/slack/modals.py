"""Forms: the buttons and menus that open them, and what comes back when they are submitted."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from fixloop_bot.adapters.slack.blocks.forms import FORM, declare_errors
from fixloop_bot.adapters.slack.blocks.modal import about
from fixloop_bot.application.wishes import Wish
from fixloop_bot.entrypoints.slack.actions import button_wish, common
from fixloop_bot.entrypoints.slack.counter import Counter
from fixloop_bot.entrypoints.slack.forms import NAMES, Forms

LONGEST_FIELD = 3000
MORE = "more"
OPENERS = ("declare", "resolve")
"""Buttons that open a form instead of making a wish."""


def register(app: AsyncApp, counter: Counter, forms: Forms) -> None:
    async def pressed(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        await forms.open(button_wish(body), trigger_id=trigger(body))

    async def chosen(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        wish = menu_wish(body)
        if wish is not None:
            await forms.open(wish, trigger_id=trigger(body))

    async def submitted(ack: AsyncAck, body: dict[str, Any]) -> None:
        wish = submitted_wish(body)
        errors = declare_errors(dict(wish.fields)) if wish is not None and wish.what == "declare" else {}
        if errors:
            await ack(response_action="errors", errors=errors)
            return
        await ack()
        if wish is not None:
            await counter.take(wish)

    for name in OPENERS:
        app.action(name)(pressed)
    app.action(MORE)(chosen)
    app.view(re.compile(f"^{FORM}"))(submitted)


def menu_wish(body: dict[str, Any]) -> Wish | None:
    """A choice of the menu on the root card: its value is ``what:INC-42``; None for one that opens no form."""
    action = body["actions"][0]
    what, _, incident = str((action.get("selected_option") or {}).get("value", "")).partition(":")
    return Wish(**common(body, action), what=what, incident=incident) if what in NAMES else None


def submitted_wish(body: dict[str, Any]) -> Wish | None:
    """A submitted form: its callback id says what, its metadata about what; None where it cannot be read.

    The id is the view's, so that one form makes one wish, however often its submission is delivered.
    """
    view, user = body.get("view") or {}, body.get("user") or {}
    what, known = str(view.get("callback_id", "")).removeprefix(FORM), about(view)
    fields = fields_of(view)
    if not view.get("id") or not user.get("id"):
        return None
    if known.get("ts"):
        fields["ts"] = str(known["ts"])
    wish = Wish(
        id=f"form:{view['id']}",
        what=what,
        user=str(user["id"]),
        channel=str(known.get("channel", "")),
        thread_ts=str(known.get("thread_ts", "")),
        incident=str(known.get("incident") or fields.get("incident", "")),
        fields=tuple(fields.items()),
        place="home" if known.get("home") else "modal",
    )
    return replace(wish, what="command", text=f"mute {wish.incident} {fields.get('time')}") if what == "mute" else wish


def fields_of(view: dict[str, Any]) -> dict[str, str]:
    """What was typed and chosen, by the input's block id; empty fields are left out."""
    values = (view.get("state") or {}).get("values") or {}
    found = {str(block): _value(state) for block, elements in values.items() for state in elements.values()}
    return {block: value[:LONGEST_FIELD] for block, value in found.items() if value}


def _value(state: dict[str, Any]) -> str:
    option = state.get("selected_option") or {}
    return str(state.get("value") or option.get("value") or state.get("selected_user") or "")


def trigger(body: dict[str, Any]) -> str:
    return str(body.get("trigger_id", ""))
