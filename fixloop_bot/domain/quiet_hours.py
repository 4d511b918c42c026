"""Whether it is a service's quiet hours: pure arithmetic on minutes after midnight. Zones are somebody else's."""

from __future__ import annotations

from fixloop_bot.domain.catalog import QuietHours

LOUD = "SEV1"
"""What is an outage reminds at any hour: quiet hours are for what can wait until morning."""


def is_quiet(hours: QuietHours | None, minute: int, *, severity: str | None) -> bool:
    """Whether nobody is to be reminded at ``minute`` (0…1439, in the zone of ``hours``).

    From ``begins`` on, and no longer at ``ends``; over midnight where ``ends`` is the lesser one.
    """
    if hours is None or severity == LOUD:
        return False
    if hours.begins <= hours.ends:
        return hours.begins <= minute < hours.ends
    return minute >= hours.begins or minute < hours.ends
