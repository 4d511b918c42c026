"""Who people are and who is in a user group, as Slack says; remembered for minutes."""

from __future__ import annotations

import contextlib
from typing import Any, TypeVar

from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.application.directory import Changes, Person, group_key
from fixloop_bot.application.ports import Clock
from fixloop_bot.domain.errors import SlackRefused, StoreUnavailable

PERSON_S = 3_600.0
MEMBERS_S = 120.0
"""Whoever is taken out of the group on call loses their rights after so long, and whoever joins waits so long, where
Slack does not tell of it: its event says so at once."""
MOST_REMEMBERED = 2_000

T = TypeVar("T")


class SlackDirectory:
    """Implements the ``Directory`` port. What Slack refuses is not remembered: a scope may be added meanwhile."""

    def __init__(self, api: SlackApi, *, clock: Clock, changes: Changes | None = None) -> None:
        self._api = api
        self._clock = clock
        self._changes = changes
        self._people: dict[str, tuple[float, Person]] = {}
        self._groups: dict[str, tuple[float, tuple[str, frozenset[str]]]] = {}

    async def person(self, user: str) -> Person:
        known = self._known(self._people, user, PERSON_S)
        if known is None:
            answer = await self._api.call("users.info", user=user)
            known = _person(user, answer.get("user"))
            self._keep(self._people, user, known)
        return known

    async def members(self, group: str) -> frozenset[str]:
        known = self._known(self._groups, group, MEMBERS_S)
        change = await self._last_change(group, otherwise=known[0] if known is not None else "")
        if known is None or known[0] != change:
            answer = await self._api.call("usergroups.users.list", usergroup=group)
            known = (change, frozenset(str(each) for each in answer.get("users") or ()))
            self._keep(self._groups, group, known)
        return known[1]

    async def _last_change(self, group: str, *, otherwise: str) -> str:
        """The mark of the group's last change; where the store does not say, nothing has changed."""
        with contextlib.suppress(StoreUnavailable):
            return await self._changes.last_change(group_key(group)) if self._changes is not None else ""
        return otherwise

    def _known(self, kept: dict[str, tuple[float, T]], key: str, seconds: float) -> T | None:
        at, value = kept.get(key, (float("-inf"), None))
        return value if self._clock.now() - at < seconds else None

    def _keep(self, kept: dict[str, tuple[float, T]], key: str, value: T) -> None:
        if len(kept) >= MOST_REMEMBERED:
            kept.pop(next(iter(kept)))
        kept[key] = (self._clock.now(), value)


class NullDirectory:
    """Without SLACK_BOT_TOKEN nobody is known, and nobody can click."""

    async def person(self, user: str) -> Person:
        return Person(id=user, name=user)

    async def members(self, group: str) -> frozenset[str]:
        raise SlackRefused("not_authed", method="usergroups.users.list")


def _person(user: str, described: Any) -> Person:
    said = described if isinstance(described, dict) else {}
    profile = said.get("profile")
    profile = profile if isinstance(profile, dict) else {}
    names = (profile.get("display_name"), profile.get("real_name"), said.get("real_name"), said.get("name"))
    return Person(id=user, name=str(next((each for each in names if each), user)), zone=str(said.get("tz") or ""))
