"""An answer's message while it is written and afterwards, and what can be pressed on it.

The first block's id is ``answer:{answer}:{page}``: by it an answer is found again after a crash. A message that holds
``answer_end:{answer}`` is whole.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from fixloop_bot.adapters.slack.blocks.card import (
    SECTION_LENGTH,
    Block,
    actions,
    button,
    context,
    fallback,
    mrkdwn,
    plain,
    section,
)
from fixloop_bot.adapters.slack.blocks.text import cut, link, one_line, plain_line
from fixloop_bot.adapters.slack.markdown import as_mrkdwn, closing, whole
from fixloop_bot.application.copilot.speech import Offer, Reference

STOP, FEEDBACK, LIKED, DISLIKED = "answer_stop", "answer_feedback", "answer_liked", "answer_disliked"
REASON = "answer_reason"
OFFER, PROMPT = "offer:", "prompt:"
MOST_OFFERS, MOST_PROMPTS = 5, 4
LONGEST_REASON = 2000
LONGEST_VALUE = 2000
_CONTEXT_ELEMENTS = 10
_MARK = re.compile(r"answer:(.+):(\d{1,3})")


def mark(answer_id: str, page: int) -> str:
    return f"answer:{_key(answer_id)}:{page}"


def end_mark(answer_id: str) -> str:
    return f"answer_end:{_key(answer_id)}"


def page_of(blocks: Sequence[Block], answer_id: str) -> int | None:
    """Which page of this answer a message is, or None. One with nothing but an end is the only page."""
    for block in blocks:
        found = _MARK.fullmatch(str(block.get("block_id", "")))
        if found and found[1] == _key(answer_id):
            return int(found[2])
    return 0 if is_whole(blocks, answer_id) else None


def is_whole(blocks: Sequence[Block], answer_id: str) -> bool:
    return any(block.get("block_id") == end_mark(answer_id) for block in blocks)


def _key(answer_id: str) -> str:
    """An id that fits into a block's, whatever its length."""
    return answer_id if len(answer_id) <= 160 else hashlib.sha256(answer_id.encode()).hexdigest()


def writing_row(answer_id: str, *, block_id: str, status: str = "") -> Block:
    """What goes on, and the button that ends it."""
    row = section(f"_{one_line(status, 150) or 'Writing…'}_", block_id=block_id)
    row["accessory"] = button("Stop", action_id=STOP, value=answer_id)
    return row


def page_blocks(answer_id: str, page: int, text: str, *, rich: bool, after: Sequence[Block]) -> list[Block]:
    """A page of the answer. ``rich`` pages were streamed, and keep Slack's own rendering of Markdown."""
    first = mark(answer_id, page)
    if not text:
        return _marked(after, first)
    if rich:
        return [{"type": "markdown", "block_id": first, "text": text}, *after]
    pieces = _pieces(text)
    ids = [first, *(f"{first}:{number}" for number in range(1, len(pieces)))]
    sections = [section(as_mrkdwn(piece), block_id=block_id) for piece, block_id in zip(pieces, ids, strict=True)]
    return [*sections, *after]


def _marked(blocks: Sequence[Block], first: str) -> list[Block]:
    """A message without words yet: its row is what it is found by; one that has ended has the id of its end."""
    if blocks and blocks[0]["type"] == "section":
        return [{**blocks[0], "block_id": first}, *blocks[1:]]
    return list(blocks)


def _pieces(text: str) -> list[str]:
    """The text in parts that fit into a section each; a code block that is cut goes on in the next one."""
    room = SECTION_LENGTH - 100
    pieces: list[str] = []
    rest = text
    while rest:
        end = whole(rest, room)
        piece, rest = rest[:end], rest[end:]
        fence = closing(piece)
        pieces.append(piece.rstrip() + fence if fence else piece.rstrip() or " ")
        rest = f"```\n{rest}" if fence and rest.strip() else rest.strip("\n")
    return pieces


def page_fallback(text: str, after: Sequence[Block] = ()) -> str:
    """The text for notifications and screen readers, within what chat.update takes.

    An answer without words yet has those that stand below it: what goes on, or why there is none.
    """
    return fallback(as_mrkdwn(text) or next(filter(None, map(_said, after)), "…"))


def _said(block: Block) -> str:
    texts = [block.get("text"), *block.get("elements", ())]
    return " ".join(str(each["text"]) for each in texts if isinstance(each, dict) and each.get("type") == "mrkdwn")


def closed(
    answer_id: str, references: Sequence[Reference], offers: Sequence[Offer], feedback_id: str, *, native: bool
) -> list[Block]:
    """What stands below a finished answer. ``native``: Slack's own thumbs."""
    blocks: list[Block] = []
    if references:
        blocks.append(_references(answer_id, references))
    pressable = [offer for offer in offers if 0 < len(offer.value) <= LONGEST_VALUE][:MOST_OFFERS]
    if pressable:
        buttons = [_offer(offer, number) for number, offer in enumerate(pressable)]
        blocks.append(actions(buttons, block_id=f"offers:{_key(answer_id)}"))
    return [*blocks, _feedback(answer_id, feedback_id[:LONGEST_VALUE] or answer_id, native=native)]


def failed(answer_id: str, sentence: str) -> list[Block]:
    """What stands below an answer that could not be finished."""
    return [context(f"⚠️ {one_line(sentence)}", block_id=end_mark(answer_id))]


def _references(answer_id: str, references: Sequence[Reference]) -> Block:
    named = [link(each.link, f"[{each.number}] {each.title}") for each in references]
    lines = [""]
    for each in named:
        longer = f"{lines[-1]} · {each}" if lines[-1] else each
        if len(longer) <= SECTION_LENGTH - 100:
            lines[-1] = longer
        else:
            lines.append(cut(each, SECTION_LENGTH - 100))
    elements = [mrkdwn(line) for line in lines[:_CONTEXT_ELEMENTS]]
    return {"type": "context", "block_id": f"references:{_key(answer_id)}", "elements": elements}


def _offer(offer: Offer, number: int) -> Block:
    """The number keeps action ids apart where the same action is offered twice."""
    return button(
        plain_line(offer.label) or offer.action, action_id=f"{OFFER}{offer.action}:{number}", value=offer.value
    )


def _feedback(answer_id: str, feedback_id: str, *, native: bool) -> Block:
    block_id = end_mark(answer_id)
    if not native:
        thumbs = (("👍", LIKED), ("👎", DISLIKED))
        return actions([button(face, action_id=each, value=feedback_id) for face, each in thumbs], block_id=block_id)
    sides = {
        f"{side}_button": {
            "text": plain(face, 75),
            "value": f"{action_id}:{feedback_id}"[:LONGEST_VALUE],
            "accessibility_label": label,
        }
        for side, face, action_id, label in (
            ("positive", "👍", LIKED, "This answer helped"),
            ("negative", "👎", DISLIKED, "This answer did not help"),
        )
    }
    element = {"type": "feedback_buttons", "action_id": FEEDBACK, **sides}
    return {"type": "context_actions", "block_id": block_id, "elements": [element]}


def reason_modal(metadata: str) -> Block:
    """Asks what was wrong with an answer."""
    field = {
        "type": "plain_text_input",
        "action_id": "reason",
        "multiline": True,
        "max_length": LONGEST_REASON,
        "placeholder": plain("Wrong, not enough, too long, not what was asked…", 150),
    }
    return {
        "type": "modal",
        "callback_id": REASON,
        "private_metadata": metadata,
        "title": plain("What was wrong?", 24),
        "submit": plain("Send", 24),
        "close": plain("Skip", 24),
        "blocks": [{"type": "input", "block_id": "reason", "label": plain("Reason", 100), "element": field}],
    }


def askable(prompts: Sequence[str]) -> tuple[str, ...]:
    """The questions that can stand on buttons: at most four, none of them empty."""
    seen = [prompt.strip()[:LONGEST_VALUE] for prompt in prompts if plain_line(prompt)]
    return tuple(seen[:MOST_PROMPTS])


def prompt_blocks(thread_ts: str, prompts: Sequence[str]) -> list[Block]:
    """Questions that can be asked by a click; each button carries its question."""
    buttons = [
        button(prompt, action_id=f"{PROMPT}{number}", value=prompt) for number, prompt in enumerate(askable(prompts))
    ]
    line = context("Ask, in a reply or with a click:", block_id=prompts_mark(thread_ts))
    return [line, actions(buttons, block_id="prompts")]


def prompts_mark(thread_ts: str) -> str:
    return f"prompts:{thread_ts}"
