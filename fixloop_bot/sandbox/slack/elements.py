"""Finding interactive elements inside blocks, and what state each kind of element holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fixloop_bot.sandbox.slack.records import Json, NotThereError

STATE_FIELDS: dict[str, tuple[str, str]] = {
    "checkboxes": ("selected_options", "initial_options"),
    "radio_buttons": ("selected_option", "initial_option"),
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "multi_static_select": ("selected_options", "initial_options"),
    "users_select": ("selected_user", "initial_user"),
    "multi_users_select": ("selected_users", "initial_users"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "plain_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "rich_text_input": ("rich_text_value", "initial_value"),
}
"""Element type → (the field of its state, the field of its first value)."""

PLURAL = frozenset({"selected_options", "selected_users", "selected_channels", "selected_conversations"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """An element and the block it stands in."""

    block: Json
    element: Json

    @property
    def block_id(self) -> str:
        return str(self.block.get("block_id", ""))

    @property
    def action_id(self) -> str:
        return str(self.element.get("action_id", ""))

    @property
    def type(self) -> str:
        return str(self.element["type"])

    @property
    def options(self) -> list[Json]:
        groups = self.element.get("option_groups") or []
        return [
            *(self.element.get("options") or []),
            *(each for group in groups for each in group["options"]),
        ]

    def option(self, value: str) -> Json:
        for option in self.options:
            if option["value"] == value:
                return option
        raise NotThereError(f"{self.type} {self.action_id} offers no option with the value {value!r}")

    def first_state(self) -> Json | None:
        """The state before anybody touches it; None for elements without state, such as buttons."""
        if self.type not in STATE_FIELDS:
            return None
        field, initial = STATE_FIELDS[self.type]
        return {"type": self.type, field: self.element.get(initial, [] if field in PLURAL else None)}


def interactive(blocks: list[Json]) -> Iterator[Placed]:
    """Every element with an action_id, in reading order."""
    for block in blocks:
        for element in _elements(block):
            yield Placed(block=block, element=element)


def _elements(node: Any) -> Iterator[Json]:
    if isinstance(node, dict):
        if "action_id" in node and "type" in node:
            yield node
        else:
            for child in node.values():
                yield from _elements(child)
    elif isinstance(node, list):
        for child in node:
            yield from _elements(child)


def find(blocks: list[Json], action_id: str, block_id: str | None = None, value: str | None = None) -> Placed:
    """The element that a person would hit, or NotThereError with what is there instead."""
    everything = list(interactive(blocks))
    for placed in everything:
        right_block = block_id is None or placed.block_id == block_id
        if placed.action_id == action_id and right_block and _offers(placed, value):
            return placed
    there = ", ".join(f"{placed.block_id}/{placed.action_id}" for placed in everything) or "nothing to click"
    raise NotThereError(f"no element {action_id!r} (block {block_id}, value {value!r}) here; there is: {there}")


def find_stateful(blocks: list[Json], block_id: str, action_id: str | None = None) -> Placed:
    """The element with a state in this block."""
    for placed in interactive(blocks):
        fits = action_id is None or placed.action_id == action_id
        if placed.block_id == block_id and fits and placed.type in STATE_FIELDS:
            return placed
    raise NotThereError(f"no element that keeps a state in block {block_id!r}")


def _offers(placed: Placed, value: str | None) -> bool:
    if value is None:
        return True
    if placed.type == "feedback_buttons":
        return value in {placed.element[side]["value"] for side in ("positive_button", "negative_button")}
    if placed.options:
        return any(option["value"] == value for option in placed.options)
    return bool(placed.element.get("value") == value)
