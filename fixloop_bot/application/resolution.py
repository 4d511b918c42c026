"""People end an incident, and take the end back."""

from __future__ import annotations

from dataclasses import replace

from fixloop_bot.application.ledger import Change, Ledger
from fixloop_bot.application.ports import Clock, Store
from fixloop_bot.domain.incidents import Incident, Move, State, advance


class Resolution:
    """Resolves and reopens. Both return a sentence where there is nothing to do, else nothing."""

    def __init__(self, store: Store, ledger: Ledger, *, clock: Clock) -> None:
        self._store = store
        self._ledger = ledger
        self._clock = clock

    async def resolve(self, incident_id: str, *, by: str) -> str:
        """End the incident with whatever verdict it has; the card keeps saying which. Running checks are stopped."""
        sentence = [f"There is no incident {incident_id}."]
        running: list[str] = []

        def decide(incident: Incident) -> Change | None:
            running[:] = [run for run in (incident.active_run, incident.soak_run) if run is not None]
            if not incident.is_open:
                sentence[0] = f"{incident.id} was resolved already, by {who(incident.resolved_by)}."
                return None
            sentence[0] = ""
            now = self._clock.now()
            ended = replace(
                advance(incident, Move.RESOLVE),
                resolved_at=now,
                resolved_by=by,
                wanted_run=None,
                planning_since=None,
            )
            verdict = incident.verdict.value if incident.verdict is not None else "not validated"
            return Change(incident=ended.noted(now, by, f"resolved ({verdict})"))

        await self._ledger.change(incident_id, decide)
        if not sentence[0]:
            for run_id in running:
                await self._store.stop_run(run_id, by)
        return sentence[0]

    async def reopen(self, incident_id: str, *, by: str) -> str:
        """Take a resolution back."""
        sentence = [f"There is no incident {incident_id}."]

        def decide(incident: Incident) -> Change | None:
            if incident.state is not State.RESOLVED:
                sentence[0] = f"{incident.id} is open already."
                return None
            sentence[0] = ""
            opened = advance(incident, Move.REOPEN)
            return Change(incident=opened.noted(self._clock.now(), by, "reopened"))

        await self._ledger.change(incident_id, decide)
        return sentence[0]


def who(user: str | None) -> str:
    """A person as Slack shows them, a machine by its name."""
    if user is None:
        return "nobody"
    return f"<@{user}>" if user[:1] in ("U", "W") else {"datadog": "Datadog"}.get(user, "FixLoop")
