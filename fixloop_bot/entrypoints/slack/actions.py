"""Buttons and checkboxes."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from fixloop_bot.adapters.slack.blocks.plan import read_checklist_id
from fixloop_bot.application.desk import Wish
from fixloop_bot.entrypoints.slack.counter import Counter

BUTTONS = ("validate", "confirm", "new_plan", "stop", "resolve", "reopen")


def register(app: AsyncApp, counter: Counter) -> None:
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


def button_wish(body: dict[str, Any]) -> Wish:
    """A pressed button: its action id says what, its value which incident."""
    action = body["actions"][0]
    return Wish(**_common(body, action), what=str(action["action_id"]), incident=str(action.get("value", "")))


def tick_wish(body: dict[str, Any]) -> Wish | None:
    """A click on the checklist: what is selected now, and what its screen had shown; None for a foreign block."""
    action = body["actions"][0]
    screen = read_checklist_id(str(action.get("block_id", "")))
    if screen is None:
        return None
    incident, version, shown = screen
    chosen = tuple(str(option.get("value", "")) for option in action.get("selected_options") or ())
    return Wish(
        **_common(body, action),
        what="tick",
        incident=incident,
        block_id=str(action["block_id"]),
        plan_version=version,
        shown=shown,
        chosen=chosen,
    )


def _common(body: dict[str, Any], action: dict[str, Any]) -> dict[str, Any]:
    container, user = body.get("container") or {}, str((body.get("user") or {}).get("id", ""))
    message = body.get("message") or {}
    return {
        "id": f"{action.get('action_ts', '')}:{user}:{action.get('action_id', '')}",
        "user": user,
        "channel": str((body.get("channel") or {}).get("id") or container.get("channel_id", "")),
        "thread_ts": str(message.get("thread_ts") or container.get("thread_ts") or message.get("ts") or ""),
        "response_url": str(body.get("response_url", "")),
    }
