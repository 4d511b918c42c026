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


class Directory(Protocol):
    """Looks people up. Raises SlackRefused or SlackBusy."""

    async def person(self, user: str) -> Person: ...

    async def members(self, group: str) -> frozenset[str]:
        """The users of a user group, as they were within the last minutes."""
        ...


async def name_of(directory: Directory, user: str, *, otherwise: str = "") -> str:
    """What people call somebody; ``otherwise``, or the bare id, where Slack does not say."""
    try:
        return said((await directory.person(user)).name, most=LONGEST_NAME) or otherwise or user
    except (SlackRefused, SlackBusy):
        return otherwise or user
