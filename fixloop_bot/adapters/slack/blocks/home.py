"""App Home: the incident feed, the worst first, and below it what has ended and the numbers of the last 30 days."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from fixloop_bot.adapters.slack.blocks.card import Block, actions, button, context, header, mrkdwn, section
from fixloop_bot.adapters.slack.blocks.feed_words import (
    facts,
    measured,
    muted_words,
    numbers_text,
    owners,
    resolved_line,
    standing,
    title,
)
from fixloop_bot.adapters.slack.blocks.text import counted, one_line
from fixloop_bot.application.feed_views import FeedItem, FeedPicture
from fixloop_bot.domain.feed import FeedRow
from fixloop_bot.domain.incidents import State

LONGEST_ADDRESS = 3000
DIVIDER = "divider"


def home_view(picture: FeedPicture) -> dict[str, Any]:
    """The whole Home. At most 100 blocks: three and a divider an incident, one for each that has ended."""
    return {"type": "home", "callback_id": "feed", "blocks": [*_top(picture), *_open(picture), *_below(picture)]}


def _top(picture: FeedPicture) -> list[Block]:
    """What comes before everything else: the answer to a click, and what keeps FixLoop from its work."""
    declare = button("Declare an incident", action_id="declare", value="home")
    said = [section(picture.note, block_id="feed:note")] if picture.note else []
    stopped = [section(f"⛔ {picture.halted}", block_id="feed:halted")] if picture.halted else []
    troubles = [
        context(f"⚠️ {one_line(trouble)}", block_id=f"feed:trouble:{number}")
        for number, trouble in enumerate(picture.troubles[:3])
    ]
    return [
        *stopped,
        *said,
        header(_headline(picture), block_id="feed:head"),
        *troubles,
        actions([declare], block_id="feed:actions"),
    ]


def _headline(picture: FeedPicture) -> str:
    if not picture.open_count:
        return "No open incident"
    nobodys = sum(_unclaimed(item.row) and not item.row.muted(picture.now) for item in picture.open)
    which = "it" if picture.open_count == 1 else "any" if nobodys == picture.open_count else f"{nobodys} of them"
    unclaimed = f", nobody is on {which}" if nobodys else ""
    return f"{counted(picture.open_count, 'open incident')}{unclaimed}"


def _open(picture: FeedPicture) -> Iterable[Block]:
    for item in picture.open:
        yield from _incident(item, picture.now)
    more = picture.open_count - len(picture.open)
    if more > 0:
        yield _divider("more")
        yield section(f"and {more:,} more open: `/fixloop list open`", block_id="feed:more")


def _incident(item: FeedItem, now: float) -> Iterable[Block]:
    row = item.row
    state = standing(row, now)
    lines = [f"*{title(row)}*", f"{state.symbol} *{state.word}*{state.rest}", measured(item, now), owners(row, now)]
    yield _divider(row.id)
    yield section("\n".join(line for line in lines if line), block_id=f"feed:{row.id}")
    yield context(facts(row, now), block_id=f"feed:{row.id}:facts")
    buttons = _buttons(item, now)
    if buttons:
        yield actions(buttons, block_id=f"feed:{row.id}:buttons")


def _buttons(item: FeedItem, now: float) -> list[Block]:
    row = item.row
    urgent = _unclaimed(row) and not row.muted(now)
    nobody_said = row.acknowledged_by is None and row.state is not State.RECOVERED  # as on its card
    found = [
        *([_button("I'm on it", "acknowledge", row, primary=urgent)] if nobody_said else []),
        *([_button("Validate", "validate", row, primary=not urgent)] if row.planned and row.busy != "validate" else []),
    ]
    if item.address and len(item.address) <= LONGEST_ADDRESS:
        found.append({**_button("Open thread", "open_thread", row), "url": item.address})
    return found


def _unclaimed(row: FeedRow) -> bool:
    """Whether somebody should take it; what has recovered only waits for its end."""
    return not row.taken and row.state is not State.RECOVERED


def _button(text: str, action_id: str, row: FeedRow, *, primary: bool = False) -> Block:
    return button(text, action_id=action_id, value=row.id, style="primary" if primary else None)


def _below(picture: FeedPicture) -> Iterable[Block]:
    if picture.mutes:
        yield _divider("mutes")
        muted = "\n".join(muted_words(mute, held, picture.now) for mute, held in picture.mutes[:10])
        more = len(picture.mutes) - 10
        rest = f"\nand {more} more: `/fixloop mute`" if more > 0 else ""
        yield section(f"*Muted*\n{muted}{rest}", block_id="feed:mutes")
    yield _divider("resolved")
    yield section("*Resolved lately*" if picture.resolved else "Nothing was resolved yet.", block_id="feed:resolved")
    for item in picture.resolved:
        yield context(resolved_line(item, picture.now), block_id=f"feed:{item.row.id}:ended")
    more = picture.resolved_count - len(picture.resolved)
    if more > 0:
        yield context(f"and {more:,} more: `/fixloop list resolved`", block_id="feed:resolved:more")
    yield _divider("numbers")
    yield section(f"*The last 30 days*\n{numbers_text(picture.numbers)}", block_id="feed:numbers")


def _divider(name: str) -> Block:
    return {"type": DIVIDER, "block_id": f"feed:{name}:{DIVIDER}"}


def lines_of(heading: str, items: Sequence[FeedItem], *, more: int, now: float) -> str:
    """Incidents in the answer to a command: a few lines for the open ones, two for the others."""
    if not items:
        return heading
    told = [_told(item, now) for item in items]
    rest = [f"and {more:,} more"] if more > 0 else []
    between = "\n\n" if any(item.row.is_open for item in items) else "\n"
    return str(mrkdwn("\n".join([f"*{heading}*", between.join([*told, *rest])]), 11_000)["text"])


def _told(item: FeedItem, now: float) -> str:
    row = item.row
    if not row.is_open:
        return resolved_line(item, now)
    state = standing(row, now)
    name = f"<{item.address}|{title(row)}>" if item.address else f"*{title(row)}*"
    lines = [name, f"{state.symbol} *{state.word}*{state.rest}", measured(item, now), owners(row, now), facts(row, now)]
    return "\n".join(line for line in lines if line)
