"""When an incident's pictures are drawn: rarely, each time for an *occasion*, which is derived from its state.

========== ===================================================================================================
opened:N   a minute after the incident was opened, or reopened for the Nth time
run:N      a confirm or validate run has ended
after:N    some time after a validate run that found all well, but proved nothing: telemetry lags, and a picture
           that still shows the trouble would only confuse. A proof needs none: its traffic was inside the limit
resolved:N it was resolved, having been reopened N times
========== ===================================================================================================
"""

from __future__ import annotations

from fixloop_bot.application import jobs
from fixloop_bot.application.jobs import Job
from fixloop_bot.domain.incidents import Incident, RunLine, State
from fixloop_bot.domain.runs import RecoveryVerdict, RunKind

SIGNAL, SPREAD = "signal", "spread"
"""The names of pictures: of the signal, and of before and now."""
FIRST_AFTER_S = 60.0
"""How long an incident's first picture waits: before that there is little to see, and its confirm run may end."""
MAY_VALIDATE_S = 2.0
"""How long a confirm run's picture waits: whoever validates at once gets the picture of the verdict instead."""
CATCH_UP_S = 100.0
"""How long after a run that found all well the signal should show it, too."""


def occasion_of(incident: Incident) -> str:
    """What the newest picture should be about."""
    if incident.state is State.RESOLVED:
        return f"resolved:{incident.reopened}"
    line = last_run(incident)
    return f"run:{line.number}" if line is not None else f"opened:{incident.reopened}"


def last_run(incident: Incident) -> RunLine | None:
    """The last confirm or validate run that has ended since the incident is open."""
    ended = [
        line
        for line in incident.runs
        if line.kind is not RunKind.SOAK
        and line.finished_at is not None
        and not line.partial
        and line.number >= incident.evidence_from
    ]
    return ended[-1] if ended else None


def due(before: Incident | None, after: Incident) -> tuple[Job, ...]:
    """The job that draws what a change of the incident is an occasion for; none where it is none."""
    occasion = occasion_of(after)
    if (before is not None and occasion_of(before) == occasion) or after.merged_into is not None:
        return ()
    if occasion.startswith("opened"):
        at = max(after.opened_at, after.planning_since or 0.0) + FIRST_AFTER_S
        return (drawing(after, occasion, at=at),)
    line = last_run(after)
    if after.is_open and line is not None and _well_but_unproven(line) and line.finished_at is not None:
        later = occasion.replace("run:", "after:")
        return (drawing(after, occasion), drawing(after, later, at=line.finished_at + CATCH_UP_S))
    if after.is_open and line is not None and line.kind is RunKind.CONFIRM:
        return (drawing(after, occasion, at=(line.finished_at or 0.0) + MAY_VALIDATE_S),)
    return (drawing(after, occasion),)


def _well_but_unproven(line: RunLine) -> bool:
    return line.verdict is RecoveryVerdict.UNPROVEN


def shows_the_end(incident: Incident, picture_of: str) -> bool:
    """Whether the picture that was drawn for an occasion is of the proof that the incident was resolved with."""
    line = last_run(incident)
    proven = line is not None and line.verdict is RecoveryVerdict.PROVEN
    return incident.state is State.RESOLVED and proven and line is not None and picture_of == f"run:{line.number}"


def stands(incident: Incident, occasion: str) -> bool:
    """Whether an occasion is still the newest one."""
    return occasion_of(incident) == occasion.replace("after:", "run:")


def drawing(incident: Incident, occasion: str, *, at: float = 0.0) -> Job:
    return Job(name=jobs.DRAW_CHARTS, args=(incident.id, occasion), key=f"charts:{incident.id}:{occasion}", at=at)


def names_for(incident: Incident, occasion: str) -> tuple[str, ...]:
    """Which pictures an occasion asks for."""
    line = last_run(incident) if occasion.startswith("run:") else None
    if line is None or line.kind is not RunKind.VALIDATE:
        return (SIGNAL,)
    return (SPREAD,) if _well_but_unproven(line) else (SIGNAL, SPREAD)
