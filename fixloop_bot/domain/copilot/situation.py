"""An incident as it stands when a question is answered, and a line of an answer."""

from __future__ import annotations

from dataclasses import dataclass

from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.copilot.dossier import Dossier
from fixloop_bot.domain.incidents import Incident, State
from fixloop_bot.domain.runs import RecoveryVerdict, Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """An incident as it stands: its newest runs, and the dossier that was made of everything.

    ``before`` is the run before the fix, ``shown`` the one that the results card shows, ``soak`` the watch.
    """

    incident: Incident
    service: Service | None
    before: Run | None
    shown: Run | None
    soak: Run | None
    now: float
    dossier: Dossier

    @property
    def proven(self) -> bool:
        """Whether the verdict in code says that production has recovered, and nothing has taken it back."""
        held = self.incident.state in (State.RECOVERED, State.RESOLVED)
        return held and self.incident.verdict is RecoveryVerdict.PROVEN


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a brief, with the keys of the evidence that it stands on."""

    text: str
    keys: tuple[str, ...] = ()
