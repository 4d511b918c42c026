"""What a person does with the elements of a message or a Home tab: click, tick, select."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fixloop_bot.sandbox.slack import payloads
from fixloop_bot.sandbox.slack.core import Core
from fixloop_bot.sandbox.slack.delivery import Answer
from fixloop_bot.sandbox.slack.elements import PLURAL, STATE_FIELDS, Placed, find, find_stateful
from fixloop_bot.sandbox.slack.records import Change, Channel, Json, Message, NotThereError, User
from fixloop_bot.sandbox.slack.response_urls import original_of
from fixloop_bot.sandbox.slack.screen import message_surface
from fixloop_bot.sandbox.slack.views import View


class Hands:
    """Each action raises NotThereError when the element is not on the person's screen."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def click(
        self,
        user: str,
        channel: str,
        ts: str,
        action_id: str,
        block_id: str | None = None,
        value: str | None = None,
    ) -> Answer:
        """Press a button; returns what the bot answered within three seconds."""
        who, where, message = self._looking_at(user, channel, ts)
        placed = find(message.blocks, action_id, block_id, value)
        return await self._act(who, where, message, placed, value, None)

    async def tick(
        self,
        user: str,
        channel: str,
        ts: str,
        block_id: str,
        selected_values: Sequence[str],
        action_id: str | None = None,
    ) -> Answer:
        """Leave exactly these checkboxes of a block ticked; the bot receives the whole selection."""
        who, where, message = self._looking_at(user, channel, ts)
        placed = find_stateful(message.blocks, block_id, action_id)
        # Slack keeps the order of the options, whatever the order of the ticks.
        unknown = set(selected_values) - {option["value"] for option in placed.options}
        if unknown:
            raise NotThereError(f"block {block_id} offers no {', '.join(sorted(unknown))}")
        chosen = [option for option in placed.options if option["value"] in selected_values]
        state = self._core.workspace.screen.set(message_surface(where.id, ts), who.id, placed, chosen)
        return await self._act(who, where, message, placed, None, state)

    async def select(
        self, user: str, channel: str, ts: str, action_id: str, value: str, block_id: str | None = None
    ) -> Answer:
        """Choose from an overflow menu, a select menu, radio buttons or a picker."""
        who, where, message = self._looking_at(user, channel, ts)
        placed = find(message.blocks, action_id, block_id)
        if placed.type == "overflow":
            placed.option(value)
            return await self._act(who, where, message, placed, value, None)
        state = self._core.workspace.screen.set(
            message_surface(where.id, ts), who.id, placed, chosen_value(placed, value)
        )
        return await self._act(who, where, message, placed, value, state)

    async def click_view(
        self, user: str, view_id: str, action_id: str, block_id: str | None = None, value: str | None = None
    ) -> Answer:
        """Use an element of an open modal or of one's Home tab."""
        who = self._core.workspace.user(user)
        view = self._view(who, view_id)
        placed = find(view.content["blocks"], action_id, block_id)
        state = None
        if value is not None and placed.type in STATE_FIELDS:
            chosen = chosen_value(placed, value)
            state = self._core.workspace.screen.set(view.id, who.id, placed, chosen)
        act = payloads.action(self._core, placed, value, state)
        return await self._send(payloads.view_action(self._core, who, view, act))

    def ticked(self, user: str, channel: str, ts: str) -> dict[str, list[str]]:
        """block_id → values of the boxes that this person sees ticked."""
        who, where, message = self._looking_at(user, channel, ts)
        screen = self._core.workspace.screen
        return screen.ticked(message_surface(where.id, ts), who.id, message.blocks)

    async def _act(
        self,
        user: User,
        channel: Channel,
        message: Message,
        placed: Placed,
        value: str | None,
        state: Json | None,
    ) -> Answer:
        act = payloads.action(self._core, placed, value, state)
        url = self._core.response_urls.make(user.id, channel.id, message)
        payload = payloads.message_action(self._core, user, channel, message, act, response_url=url)
        return await self._send(payload)

    async def _send(self, payload: Json) -> Answer:
        if not self._core.app.is_interactive:
            return self._warned(Answer(outcome="no_destination"), payload["user"]["id"], "The app")
        return self._warned(await self._core.delivery.interaction(payload), payload["user"]["id"], "The app")

    def _warned(self, answer: Answer, user: str, what: str) -> Answer:
        """Show the person the warning that Slack shows when an app does not answer in time or at all."""
        if not answer.ok:
            error = "operation_timeout" if answer.outcome == "operation_timeout" else "dispatch_failed"
            shown = {"text": f"{what} failed with the error {error}", "error": error}
            self._core.changes.publish(Change(kind="warning_shown", user=user, payload=shown))
        return answer

    def _looking_at(self, user: str, channel: str, ts: str) -> tuple[User, Channel, Message]:
        who, where = self._core.workspace.user(user), self._core.workspace.channel(channel)
        message = original_of(self._core.workspace, where.id, ts)
        if who.id not in where.members and where.kind != "public":
            raise NotThereError(f"{who.name} is not in {where.name}")
        if message.visible_to not in (None, who.id):
            raise NotThereError(f"that message is visible to {message.visible_to} only")
        return who, where, message

    def _view(self, user: User, view_id: str) -> View:
        home = self._core.views.homes.get(user.id)
        view = home if home is not None and home.id == view_id else self._core.views.opened(view_id)
        if view.user != user.id:
            raise NotThereError(f"view {view_id} is open for {view.user}, not for {user.name}")
        return view


def chosen_value(placed: Placed, value: Any) -> Any:
    """A value in the form in which this element's state holds it."""
    field = STATE_FIELDS[placed.type][0] if placed.type in STATE_FIELDS else ""
    if not field:
        raise NotThereError(f"{placed.type} {placed.action_id} has nothing to choose")
    several = [value] if isinstance(value, str) or not isinstance(value, Sequence) else list(value)
    if field in PLURAL:
        return [placed.option(each) for each in several] if placed.options else several
    return placed.option(str(value)) if field == "selected_option" and placed.options else value
