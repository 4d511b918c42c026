"""Who people are, as the workspace knows them: a port."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from fixloop_bot.domain.errors import SlackBusy, SlackRefused
from fixloop_bot.domain.said import said

LONGEST_NAME = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody of the workspace. ``zone`` is an IANA name such as ``Europe/Berlin``; empty where it is not known."""

    id: str
    name: str
    zone: str = ""


class Changes(Protocol):
    """What Slack has said to have changed lately, for all processes. Raises StoreUnavailable."""

    async def note_change(self, what: str, mark: str) -> None:
        """``mark`` is another one for each change, such as an event's id."""
        ...

    async def last_change(self, what: str) -> str:
        """The mark of the last change; empty where nothing has changed for some minutes."""
        ...


def group_key(group: str) -> str:
    """What a user group's changes are noted under."""
    return f"group:{group}"


class Directory(Protocol):
    """Looks people up. Raises SlackRefused or SlackBusy."""

    async def person(self, user: str) -> Person: ...

    async def members(self, group: str) -> frozenset[str]:
        """The users of a user group, as they were within the last minutes, or after its last known change."""
        ...


async def name_of(directory: Directory, user: str, *, otherwise: str = "") -> str:
    """What people call somebody; ``otherwise``, or the bare id, where Slack does not say."""
    try:
        return said((await directory.person(user)).name, most=LONGEST_NAME) or otherwise or user
    except (SlackRefused, SlackBusy):
        return otherwise or user
