"""The summary of a storm: how many incidents, what they share, and the way into each thread, the worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from fixloop_bot.adapters.slack.blocks.card import SECTION_LENGTH, Block, Card, context, fallback, header, section
from fixloop_bot.adapters.slack.blocks.text import clock, counted, day_and_clock, link, one_line
from fixloop_bot.application.storms import PART, Member, StormView
from fixloop_bot.domain.incidents import Incident, State
from fixloop_bot.domain.moments import span

Address = Callable[[str, str], str]
"""The address of a message by channel and timestamp; empty where it is not known."""

MOST_LINES = 20
"""How many threads are named one by one; the others are only counted. Nobody reads more on a phone."""
LONGEST_NAME = 80
_WORST_FIRST = (State.REPRODUCED, State.OPEN, State.RECOVERED, State.RESOLVED)
_WORDS = {
    State.REPRODUCED: "reproduced",
    State.OPEN: "open",
    State.RECOVERED: "recovered, under watch",
    State.RESOLVED: "resolved",
}


def storm_card(view: StormView, address: Address) -> Card:
    """One message for the channel, updated in place."""
    name = view.storm.id
    title, counts, oldest = _title(view), _counts(view), _oldest(view)
    what = "\n".join(f"• {one_line(each, 300)}" for each in view.shared)
    what = f"What they have in common:\n{what}" if what else "Their alerts have nothing in common."
    lines = _lines(view, address)
    blocks: list[Block] = [
        header(title, block_id=f"{name}:head"),
        section(f"{counts}\n{oldest}", block_id=f"{name}:counts"),
        section(what, block_id=f"{name}:shared"),
        section(lines, block_id=f"{name}:threads"),
        context(_word(view), block_id=f"{name}:word"),
    ]
    return Card(part=PART, text=fallback(title, counts, oldest, what, _word(view)), blocks=tuple(blocks))


def _title(view: StormView) -> str:
    """How many began in what time; the word says whether it goes on."""
    number = counted(len(view.members), "incident")
    within = span(max(1.0, view.storm.last_at - view.storm.began_at))
    return f"Storm is over: {number} began within {within}" if view.calm else f"Storm: {number} in {within}"


def _counts(view: StormView) -> str:
    states = Counter(member.incident.state for member in view.members)
    said = " · ".join(f"{states[state]:,} {_WORDS[state]}" for state in _WORST_FIRST if states[state])
    labels = Counter(member.incident.label for member in view.members)
    return f"*{said or 'none'}*\nin {counted(len(labels), 'service')}"


def _oldest(view: StormView) -> str:
    """Where it began is where to look first."""
    if not view.members:
        return "No incident of it is kept any more."
    first = min((member.incident for member in view.members), key=lambda each: (each.opened_at, each.number))
    since = day_and_clock(first.opened_at, view.storm.last_at)
    return f"The oldest: {first.id} {one_line(first.label, LONGEST_NAME)}, since {since}"


def _lines(view: StormView, address: Address) -> str:
    """A line for each thread. Those that do not fit are counted, so that nothing is silently left out."""
    ordered = sorted(view.members, key=lambda member: _badness(member.incident))
    lines = [_line(member, address) for member in ordered[:MOST_LINES]]
    while lines and len("\n".join(lines)) > SECTION_LENGTH - 80:
        lines.pop()
    left = len(ordered) - len(lines)
    return "\n".join([*lines, *([f"… and {left:,} more: `/fixloop list`"] if left else [])]) or "–"


def _line(member: Member, address: Address) -> str:
    incident = member.incident
    url = address(member.channel, member.ts) if member.ts else ""
    name = link(url, incident.id) if url else incident.id
    severity = f" · {one_line(incident.severity, 20)}" if incident.severity else ""
    verdict = incident.verdict.value if incident.verdict is not None else _WORDS[incident.state]
    return f"• {name} {one_line(incident.label, LONGEST_NAME)}{severity} · {verdict}"


def _badness(incident: Incident) -> tuple[int, str, float, int]:
    return _WORST_FIRST.index(incident.state), incident.severity or "~", incident.opened_at, incident.number


def _word(view: StormView) -> str:
    if view.calm:
        return f"The last one began at {clock(view.storm.last_at)}. Each goes on in its own thread."
    return "Plans and results follow when it calms down, or when you press a button in a thread."
