"""What happened in an incident, entry by entry: a kind for whoever decides, and words for people.

Nothing is ever decided by the words: people call themselves and their alerts what they like, and a sentence may be
put better tomorrow.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Happening(StrEnum):
    """What an entry tells of, and what its ``about`` names, where it names anything."""

    NOTE = "note"
    """Words that nothing is decided by; those that people have said themselves are never anything else."""
    DECLARED = "declared"
    SIGNAL = "signal"
    PLAN = "plan"
    CHECKLIST = "checklist"
    HELD_BACK = "run held back"
    """A run that could not begin. ``about``: who has stopped all traffic, as the store names them."""
    RUN_STARTED = "run started"
    RUN_ENDED = "run ended"
    """``about``: the run's id."""
    ROLE = "role"
    MUTE = "mute"
    """Begun or ended."""
    MERGED = "merged"
    TOOK_OVER = "took over"
    """``about``: the incident that was merged into this one."""
    OVERRIDE = "override"
    """It is resolved although a step fails."""
    RESOLVED = "resolved"
    """``about``: the verdict that it was resolved with, as people read it."""
    REOPENED = "reopened"
    """By a person."""
    REMINDED = "reminded"
    """``about``: the reminder's name."""


class Undone(StrEnum):
    """What was taken back when an incident fell back."""

    PROOF = "proof"
    RESOLUTION = "resolution"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the timeline: when (epoch seconds), who (a Slack user id, ``datadog`` or ``fixloop``), what.

    ``about`` is what the kind says; ``undid`` is what the incident lost by it. ``place`` says from where:
    ``button``, ``command``, ``modal``, ``home``, ``shortcut`` or ``reaction``; empty for machines. Where a message of
    Slack's stands behind it, ``message`` is its ``CHANNEL:TS`` and ``link`` its address.
    """

    at: float
    who: str
    kind: Happening = Happening.NOTE
    what: str
    about: str = ""
    undid: Undone | None = None
    place: str = ""
    message: str = ""
    link: str = ""
