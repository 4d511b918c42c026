"""What a thread shows, gathered from the store: the thread is a projection of this, rendered whole."""

from __future__ import annotations

from dataclasses import dataclass

from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.runs import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Addresses that the card offers; None where there is nothing to open."""

    metric: str | None = None
    monitor: str | None = None
    logs: str | None = None
    runbook: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadView:
    """Everything that the cards of one incident show.

    ``confirm`` is the last confirm run of the current plan (running or finished), ``shown`` the run that the results card is
    about (the running one, else the last finished confirm or validate run), ``soak`` the watch after a proof. ``by_hand`` says
    why a built-in way is in use where an integration is missing ("Datadog keys are not set").
    """

    incident: Incident
    service: Service | None
    links: Links = Links()
    confirm: Run | None = None
    shown: Run | None = None
    soak: Run | None = None
    traffic_note: str = ""
    now: float
