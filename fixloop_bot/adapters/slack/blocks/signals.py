"""What Datadog has said: the title of the card, and one line a signal with its value against its limit."""

from __future__ import annotations

from fixloop_bot.adapters.slack.blocks.text import clock, link, one_line, shorten
from fixloop_bot.domain.figures import Unit, reading, unit_of
from fixloop_bot.domain.incidents import Incident, SignalLine
from fixloop_bot.domain.runs import RecoveryVerdict
from fixloop_bot.domain.signals import Transition

SIGNALS_SHOWN = 5
TITLE_LENGTH = 145
LINE_LENGTH = 560
"""Five lines, and the one that counts the rest, fit into a section."""


def title(incident: Incident) -> str:
    """``checkout (prod) · Error rate is high · 31 % (limit 1 %)``, as plain text; without figures if none were sent."""
    return shorten(whole_title(incident), TITLE_LENGTH)


def whole_title(incident: Incident) -> str:
    line = incident.main_signal()
    label = f"{incident.label} ({incident.env})" if incident.env else incident.label
    if line is None:
        return f"{label} · {incident.title}"
    over = not line.firing or incident.verdict is RecoveryVerdict.PROVEN
    was = "was " if over else ""  # the alert's own value, of a time before the recovery
    measured = f" · {was}{measured_words(line)}" if line.value is not None else ""
    return f"{label} · {line.title}{measured}"


def measured_words(line: SignalLine) -> str:
    """The value against its limit; says which of the two the alert did not bring."""
    measure = line.measure
    unit = unit_of(measure.query, measure.limit) if measure is not None else Unit.NONE
    if line.value is None:
        return f"no value sent (limit {reading(measure.limit, unit)})" if measure is not None else ""
    if measure is None:
        return reading(line.value, unit)
    return f"{reading(line.value, unit)} (limit {reading(measure.limit, unit)})"


def signals_text(incident: Incident) -> str:
    """One line a signal, those that fire first; a single one does not repeat the card's title."""
    ordered = sorted(incident.signals, key=lambda line: not line.firing)
    told = len(ordered) == 1 and len(whole_title(incident)) <= TITLE_LENGTH
    lines = [_line(line, told=told) for line in ordered[:SIGNALS_SHOWN]]
    hidden = ordered[SIGNALS_SHOWN:]
    if hidden:
        firing = sum(line.firing for line in hidden)
        lines.append(f"• and {len(hidden)} more, {firing} of them firing")
    return "\n".join(lines) or "No signal from Datadog."


def _line(line: SignalLine, *, told: bool) -> str:
    """``told``: the card's title has said what it is, and its value where there is one."""
    said = [_transition(line), "" if told and line.value is not None else measured_words(line)]
    rest = "".join(f" · {words}" for words in said if words)
    name = ("No alert" if line.declared else "Alert") if told else shorten(line.title, 200)
    linked = link(line.link, name, most=LINE_LENGTH - len(rest)) if line.link else one_line(name)
    return f"• {linked}{rest}"


def _transition(line: SignalLine) -> str:
    if line.transition is Transition.UNKNOWN:
        return f"did not say whether it fires or has recovered, {clock(line.last_at)}"
    return f"{line.standing}{',' if line.declared else ''} {clock(line.last_at)}"
