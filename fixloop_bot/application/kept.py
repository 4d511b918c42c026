"""What the store keeps beside incidents: who was refused, who was seen in a user group, which threads were linked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """One thing that a person might not do: when (epoch seconds), who, what, to which incident, from where, and why."""

    at: float
    user: str
    what: str
    service: str
    incident: str = ""
    place: str = ""
    why: str = ""


class Kept(Protocol):
    """Every method raises StoreUnavailable."""

    async def keep_members(self, group: str, users: Collection[str]) -> None:
        """Remember for a day who was in a user group when Slack last said so."""
        ...

    async def kept_members(self, group: str) -> frozenset[str]: ...

    async def note_refusal(self, refused: Refused) -> None:
        """Add to the audit log; of many refusals the newest are kept."""
        ...

    async def refusals(self, limit: int = 100) -> Sequence[Refused]:
        """The audit log, the newest first."""
        ...

    async def link_thread(self, channel: str, ts: str, incident_id: str) -> None:
        """Let a thread belong to an incident: replies there are about it."""
        ...

    async def keep_words(self, about: str, words: Mapping[str, str]) -> None:
        """Remember for an hour what a form is about that must not travel with it."""
        ...

    async def kept_words(self, about: str) -> Mapping[str, str]: ...

    async def lock(self, name: str, *, seconds: float) -> str | None:
        """A token for whoever holds the name's lock, for so many seconds at most; None while somebody else does."""
        ...

    async def unlock(self, name: str, token: str) -> None: ...
