"""How an incident ended, in its people's words: what fixed it, why in spite of a failing step, into what it went."""

from __future__ import annotations

from fixloop_bot.adapters.slack.blocks.text import one_line, person
from fixloop_bot.domain.incidents import Incident


def ended_by(incident: Incident) -> str:
    """``fixed by @Mira: rolled back 2.14.0``, with who resolved it where that is somebody else; or just the latter."""
    by = person(incident.resolved_by)
    if not incident.fixed_by:
        return f"by {by}"
    fixer = incident.fixer or incident.resolved_by
    resolver = "" if fixer == incident.resolved_by else f" · resolved by {by}"
    return f"fixed by {person(fixer)}: {one_line(incident.fixed_by, 300)}{resolver}"


def override_line(incident: Incident) -> str:
    """Why it was resolved although a step failed; empty where none did."""
    if not incident.override_reason:
        return ""
    return f"Resolved although a step failed. The reason: {one_line(incident.override_reason, 300)}"


def merged_line(incident: Incident) -> str:
    """Where its troubles are told now."""
    return f"*Merged into {one_line(incident.merged_into or '', 20)}.* Its alerts go there now: go on there."
