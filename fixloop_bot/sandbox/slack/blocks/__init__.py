"""What Slack checks before it accepts blocks: shapes, limits, and what must be unique.

The limits are Slack's own (docs.slack.dev, reference/block-kit). `alert` is left out of messages on purpose,
since Slack's sources disagree on it and a bot should not rely on it.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from fixloop_bot.sandbox.slack.blocks.layout import HOME_BLOCKS, MESSAGE_BLOCKS, MODAL_BLOCKS
from fixloop_bot.sandbox.slack.blocks.objects import plain_text
from fixloop_bot.sandbox.slack.blocks.shape import Report, anything, boolean, problem, record, string

__all__ = ["message_problems", "view_problems"]

MARKDOWN_TOTAL = 12_000

_VIEW_OPTIONS = {
    "private_metadata": string(3000, 0),
    "callback_id": string(255, 0),
    "external_id": string(255, 0),
    "title": plain_text(24),
    "submit": plain_text(24),
    "close": plain_text(24),
    "clear_on_close": boolean,
    "notify_on_close": boolean,
    "submit_disabled": boolean,
}
_MODAL = record({"type": anything, "title": plain_text(24), "blocks": MODAL_BLOCKS}, _VIEW_OPTIONS)
_HOME = record({"type": anything, "blocks": HOME_BLOCKS}, _VIEW_OPTIONS)


def message_problems(blocks: Any) -> list[str]:
    """What Slack would answer in `response_metadata.messages`; empty when the blocks are fine."""
    problems, report = _collector()
    MESSAGE_BLOCKS(blocks, "/blocks", report)
    if not problems:
        _unique_ids(blocks, "/blocks", report)
        _totals(blocks, report)
    return problems


def view_problems(view: Any) -> list[str]:
    """The same for a modal or a Home tab, with pointers below /view."""
    problems, report = _collector()
    kind = view.get("type") if isinstance(view, dict) else None
    if kind not in ("modal", "home"):
        report("/view/type", f"unsupported type: {kind}")
        return problems
    (_MODAL if kind == "modal" else _HOME)(view, "/view", report)
    if not problems:
        _unique_ids(view["blocks"], "/view/blocks", report)
        has_input = any(block["type"] == "input" for block in view["blocks"])
        if kind == "modal" and has_input and "submit" not in view:
            report("/view", "missing required field: submit (a view with an input block needs it)")
    return problems


def _collector() -> tuple[list[str], Report]:
    problems: list[str] = []

    def report(pointer: str, message: str) -> None:
        problems.append(problem(pointer, message))

    return problems, report


def _unique_ids(blocks: list[dict[str, Any]], pointer: str, report: Report) -> None:
    seen = Counter(block["block_id"] for block in blocks if "block_id" in block)
    for index, block in enumerate(blocks):
        block_id = block.get("block_id")
        if block_id is not None and seen[block_id] > 1:
            report(f"{pointer}/{index}/block_id", f"`block_id` {block_id} already exists")
        actions = Counter(element["action_id"] for element in block.get("elements", []) if "action_id" in element)
        for action_id, times in actions.items():
            if times > 1:
                report(f"{pointer}/{index}/elements", f"`action_id` {action_id} already exists in this block")


def _totals(blocks: list[dict[str, Any]], report: Report) -> None:
    if sum(len(block["text"]) for block in blocks if block["type"] == "markdown") > MARKDOWN_TOTAL:
        report("/blocks", f"markdown blocks must together be less than {MARKDOWN_TOTAL + 1} characters")
    if sum(block["type"] == "table" for block in blocks) > 1:
        report("/blocks", "only one table allowed")
