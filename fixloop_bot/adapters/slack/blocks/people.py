"""Who is on an incident, what they say of it, and the facts that people have set."""

from __future__ import annotations

from fixloop_bot.adapters.slack.blocks.text import clock, day_and_clock, link, one_line, person, shorten
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.moments import apart, span

NOTE_LENGTH = 300
CHANGE_LENGTH = 80
NAMES_SHOWN = 5


def facts_line(incident: Incident, now: float) -> str:
    """``INC-42 · SEV2 · since 02:58``. How long it lasts is said once that no longer changes."""
    severity = one_line(incident.severity or "severity not set", 40)
    lasted = f" ({span(incident.resolved_at - incident.opened_at)})" if incident.resolved_at is not None else ""
    again = {0: "", 1: " · reopened once"}.get(incident.reopened, f" · reopened {incident.reopened} times")
    declared = f" · declared by {person(incident.declared_by)}" if incident.declared_by else ""
    return f"{incident.id} · {severity} · since {day_and_clock(incident.opened_at, now)}{lasted}{again}{declared}"


def people_line(incident: Incident) -> str:
    """``Lead: nobody``, or who leads and since when they are on it, and who fixes; nothing once it is over."""
    if not incident.is_open:
        return ""
    lead, on_it = incident.lead, incident.acknowledged_by
    since = f" since {clock(incident.acknowledged_at)}" if incident.acknowledged_at is not None else ""
    pieces = [f"Lead: {person(lead)}{since if on_it and on_it == lead else ''}"]
    pieces += [f"On it: {person(on_it)}{since}"] if on_it and on_it != lead else []
    pieces += [f"Fixer: {person(incident.fixer)}"] if incident.fixer else []
    return " · ".join(pieces)


def note_line(incident: Incident, now: float) -> str:
    """A responder's own words, with who said so and when; empty where nobody has."""
    note = incident.note
    if note is None or not note.text.strip():
        return ""
    return f"Note: {one_line(note.text, NOTE_LENGTH)} ({person(note.by)}, {day_and_clock(note.at, now)})"


def change_line(incident: Incident) -> str:
    """``Changed before it: deploy checkout 2.14.0, 02:51 (7 min before)``: the newest one; empty without any."""
    if not incident.changes:
        return ""
    newest = incident.changes[0]
    what = shorten(" ".join(newest.what.split()), CHANGE_LENGTH) or "a change"
    linked = link(newest.link, what) if newest.link else one_line(what)
    return f"Changed before it: {linked}, {clock(newest.at)} ({apart(newest.at, incident.opened_at)})"


def standing_lines(incident: Incident, now: float) -> tuple[str, ...]:
    """What people have said and set beside the incident's course: a note, a mute, a merge."""
    lines = [note_line(incident, now)]
    if incident.merged:
        names = [one_line(each, 20) for each in incident.merged[:NAMES_SHOWN]]
        hidden = len(incident.merged) - len(names)
        lines.append(f"Merged into this: {', '.join(names)}{f' and {hidden} more' if hidden else ''}")
    if incident.muted_until is not None and incident.muted_until > now and incident.is_open:
        lines.append(f"Muted until {day_and_clock(incident.muted_until, now)}: nobody is reminded.")
    return tuple(line for line in lines if line)
