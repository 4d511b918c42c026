"""The questions that are offered below an answer."""

from __future__ import annotations

from fixloop_bot.domain.incidents import Incident, State

MOST_PROMPTS = 4


def prompts(incident: Incident) -> tuple[str, ...]:
    """At most four questions that fit the incident's state."""
    if incident.state is State.RESOLVED:
        return ("What caused this?", "What was tried?", "What proved the recovery?")
    if incident.state is State.RECOVERED:
        return ("What proves the recovery?", "Is it safe to resume traffic?", "What changed before it?")
    if incident.active_run is not None:
        return ("Which step fails and why?", "Did anything deploy before it?", "What did we do last time?")
    if incident.verdict is not None or incident.state is State.REPRODUCED:
        return (
            "Which step fails and why?",
            "Did anything deploy before it?",
            "What did we do last time?",
            "Is it safe to resume traffic?",
        )
    return ("What is known so far?", "Did anything deploy before it?", "What did we do last time?")
