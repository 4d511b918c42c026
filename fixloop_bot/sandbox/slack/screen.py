"""What people have ticked and typed: Slack's clients keep this themselves, and it does not follow the bot.

The rule that surprises bot authors: while a `block_id` stays on a message, its state is the client's. A new
`initial_options` in an update under the same `block_id` is ignored; a new `block_id` starts afresh.
"""

from __future__ import annotations

from typing import Any

from fixloop_bot.sandbox.slack.elements import PLURAL, STATE_FIELDS, Placed, interactive
from fixloop_bot.sandbox.slack.records import Json

Key = tuple[str, str]
"""(block_id, action_id)"""


class Screen:
    """Input state per surface (a message's "channel:ts", or a view's id), block and person."""

    def __init__(self) -> None:
        self._first: dict[str, dict[Key, Json]] = {}
        self._touched: dict[tuple[str, str], dict[Key, Json]] = {}

    def show(self, surface: str, blocks: list[Json]) -> None:
        """The surface now has these blocks; what stays keeps its first state, what is gone is forgotten."""
        before = self._first.get(surface, {})
        now: dict[Key, Json] = {}
        for placed in interactive(blocks):
            key, state = (placed.block_id, placed.action_id), placed.first_state()
            if state is not None:
                kept = before.get(key)
                now[key] = kept if kept is not None and kept["type"] == placed.type else state
        self._first[surface] = now
        for (name, _), touched in self._touched.items():
            if name == surface:
                for key in [key for key in touched if key not in now]:
                    del touched[key]

    def set(self, surface: str, user: str, placed: Placed, value: Any) -> Json:
        """A person changes an element; returns its new state."""
        state: Json = {"type": placed.type, STATE_FIELDS[placed.type][0]: value}
        self._touched.setdefault((surface, user), {})[(placed.block_id, placed.action_id)] = state
        return state

    def values(self, surface: str, user: str, blocks: list[Json]) -> Json:
        """`state.values` as this person's client sends it."""
        mine = {**self._first.get(surface, {}), **self._touched.get((surface, user), {})}
        values: Json = {}
        for placed in interactive(blocks):
            state = mine.get((placed.block_id, placed.action_id))
            if state is not None:
                values.setdefault(placed.block_id, {})[placed.action_id] = self._offered(placed, state)
        return values

    def ticked(self, surface: str, user: str, blocks: list[Json]) -> dict[str, list[str]]:
        """block_id → values of the ticked options, as this person sees them."""
        ticked: dict[str, list[str]] = {}
        for block_id, elements in self.values(surface, user, blocks).items():
            for state in elements.values():
                if "selected_options" in state:
                    ticked.setdefault(block_id, []).extend(each["value"] for each in state["selected_options"])
        return ticked

    def forget(self, surface: str) -> None:
        self._first.pop(surface, None)
        for key in [key for key in self._touched if key[0] == surface]:
            del self._touched[key]

    @staticmethod
    def _offered(placed: Placed, state: Json) -> Json:
        field = STATE_FIELDS[placed.type][0]
        if field not in PLURAL or not placed.options:
            return state
        offered = {option["value"]: option for option in placed.options}
        kept = [offered[each["value"]] for each in state[field] if each["value"] in offered]
        return {**state, field: kept}


def message_surface(channel: str, ts: str) -> str:
    return f"{channel}:{ts}"
